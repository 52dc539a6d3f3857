//! Settings of tools by what they say: which keys name no program and no
//! source, so that a file of nothing else changes nothing that runs.
//!
//! The files themselves are marked by name ([`super::names`]). Read here is
//! only what can be read without doubt: one key and one plain value a line.
//! Whatever else stands in the text makes it no plain file.

/// A file by its last components, and the keys in it that are plain: with the
/// section before them, `*` for whatever follows.
type Row = (&'static [&'static str], Form, &'static [&'static str]);

/// How keys and values are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `key = value` below `[section]`.
    Sections,
    /// `key=value`.
    Lines,
    /// `key: value`; what is further in belongs to the key above.
    Outline,
}

const ROWS: &[Row] = &[
    (
        &[".cargo/config.toml", ".cargo/config"],
        Form::Sections,
        &[
            "alias.*",
            "build.incremental",
            "build.jobs",
            "build.target",
            "build.target-dir",
            "future-incompat-report.*",
            "net.git-fetch-with-cli",
            "net.offline",
            "net.retry",
            "profile.*",
            "term.*",
        ],
    ),
    (
        &["uv.toml"],
        Form::Sections,
        &[
            "compile-bytecode",
            "concurrent-*",
            "exclude-newer",
            "link-mode",
            "native-tls",
            "offline",
            "prerelease",
            "preview",
            "python-downloads",
            "python-preference",
            "required-version",
            "resolution",
        ],
    ),
    (
        &["bunfig.toml"],
        Form::Sections,
        &[
            "install.dev",
            "install.exact",
            "install.frozenLockfile",
            "install.lockfile.*",
            "install.optional",
            "install.peer",
            "install.production",
            "jsx*",
            "logLevel",
            "smol",
            "telemetry",
            "test.coverage*",
            "test.root",
            "test.timeout",
        ],
    ),
    (
        &["pip.conf"],
        Form::Sections,
        &[
            "global.disable-pip-version-check",
            "global.no-cache-dir",
            "global.progress-bar",
            "global.quiet",
            "global.require-virtualenv",
            "global.retries",
            "global.timeout",
        ],
    ),
    (
        &[".npmrc"],
        Form::Lines,
        &[
            "audit",
            "audit-level",
            "auto-install-peers",
            "color",
            "engine-strict",
            "fund",
            "hoist",
            "legacy-peer-deps",
            "link-workspace-packages",
            "loglevel",
            "node-linker",
            "package-lock",
            "prefer-dedupe",
            "prefer-frozen-lockfile",
            "prefer-offline",
            "prefer-workspace-packages",
            "progress",
            "resolution-mode",
            "save-exact",
            "save-prefix",
            "save-workspace-protocol",
            "shamefully-hoist",
            "strict-peer-dependencies",
            "strict-peer-deps",
            "update-notifier",
        ],
    ),
    (
        &[".yarnrc.yml"],
        Form::Outline,
        &[
            "compressionLevel",
            "defaultSemverRangePrefix",
            "enableGlobalCache",
            "enableTelemetry",
            "nmHoistingLimits",
            "nmMode",
            "nodeLinker",
            "pnpMode",
            "preferInteractive",
            "supportedArchitectures",
        ],
    ),
];

/// A larger file is not read.
const MOST: usize = 16 << 10;

/// Whether `path` is one of the files whose content is read here.
pub(crate) fn is_settings(path: &str) -> bool {
    row(path).is_some()
}

/// Whether the file of that name with that content names no program, no code
/// and no source of code.
pub(crate) fn is_plain(path: &str, content: &str) -> bool {
    let Some((_, form, keys)) = row(path) else { return false };
    let clear = |letter: char| {
        let control = letter.is_control() && !matches!(letter, '\n' | '\r' | '\t');
        !control && !matches!(letter, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
    };
    if content.len() > MOST || !content.chars().all(clear) {
        return false;
    }
    let mut section = String::new();
    content.split(['\n', '\r']).all(|line| {
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') || *form == Form::Lines && text.starts_with(';')
        {
            return true;
        }
        if let Some(name) = text.strip_prefix('[') {
            let name = name.strip_suffix(']').filter(|name| is_key(name));
            section = name.map(|name| format!("{name}.")).unwrap_or_default();
            return *form == Form::Sections && name.is_some();
        }
        let known = |key: &str| keys.iter().any(|plain| palisade_shell::matches(plain, key));
        if *form == Form::Outline && line.starts_with([' ', '\t', '-']) {
            // A list or a part of the key above, which was looked at.
            let inner = text.strip_prefix("- ").unwrap_or(text);
            let value = inner.split_once(": ").map_or(inner, |(_, value)| value);
            return is_value(value.trim_end_matches(':'));
        }
        let sign = if *form == Form::Outline { ':' } else { '=' };
        let Some((key, value)) = text.split_once(sign) else { return false };
        let key = key.trim();
        is_key(key) && known(&format!("{section}{key}")) && is_value(value.trim())
    })
}

fn row(path: &str) -> Option<&'static Row> {
    let ends = |name: &&str| {
        path.strip_suffix(*name).is_some_and(|above| above.is_empty() || above.ends_with('/'))
    };
    ROWS.iter().find(|(names, ..)| names.iter().any(&ends))
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// A value of one line that leads nowhere: not to another place on disk, not to
/// an address, and with nothing that is replaced when it is read.
fn is_value(value: &str) -> bool {
    let bare = value.trim_start_matches(['"', '\'', '[', ' ']);
    !bare.starts_with(['/', '~', '|', '>', '&', '*', '!', '@'])
        && !value.contains(['\\', '{', '}', '$', '`'])
        && ["..", "://", "\"\"\"", "'''", "--config"].iter().all(|part| !value.contains(part))
        && value.matches('[').count() == value.matches(']').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_surely_plain_is_plain() {
        let cargo = |text: &str| is_plain("/w/crates/a/.cargo/config.toml", text);
        assert!(cargo("# faster\n[build]\njobs = 4\ntarget-dir = \"out\"\n\n[net]\r\nretry = 2\n"));
        assert!(cargo("[alias]\nxtask = \"run --package xtask --\"\n"));
        for text in [
            "[build]\nrustc-wrapper = \"x\"\n",
            "build.rustc-wrapper = \"x\"\n",
            "build = { rustc-wrapper = \"x\" }\n",
            "[build]\njobs = 1\n\"rustc\" = \"x\"\n",
            "[build]\ntarget-dir = \"/usr/bin\"\n",
            "[build]\ntarget-dir = \"../../bin\"\n",
            "[target.x86_64-unknown-linux-gnu]\nlinker = \"x\"\n",
            "[alias]\nb = \"\"\"\n[build]\n",
            "[alias]\nb = [\"run\", \"--config\", \"x\"]\n",
            "[alias]\nb = [\n\"run\"]\n",
            "[build]\njobs = 1\rrustc = 1\n",
            "[profile.dev]\ndebug = 1\n[source.crates-io]\nreplace-with = \"x\"\n",
            "junk",
        ] {
            assert!(!cargo(text), "{text}");
        }
        assert!(is_plain("/w/.npmrc", "; ours\nsave-exact=true\nfund = false\n"));
        assert!(!is_plain("/w/.npmrc", "save-exact=true\rregistry=https://x.example/\n"));
        assert!(!is_plain("/w/.npmrc", "save-exact=true\nscript-shell=x\n"));
        assert!(!is_plain("/w/.npmrc", "[a]\nsave-exact=true\n"));
        let yarn = |text: &str| is_plain("/w/.yarnrc.yml", text);
        assert!(yarn("nodeLinker: node-modules\nsupportedArchitectures:\n  os:\n    - linux\n"));
        assert!(!yarn("nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn.cjs\n"));
        assert!(!yarn("nodeLinker: node-modules\n\u{2028}yarnPath: x\n"));
        assert!(!yarn("\"yarnPath\": x\n"));
        assert!(!is_plain("/w/other.toml", "") && is_settings("/w/uv.toml"));
    }
}
