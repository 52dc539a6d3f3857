//! Which variables may be set: those that carry no code.

use palisade_shell::{Effect, EffectKind, Text};

use super::connect::{destination, here};
use super::report::{Report, Scene};
use super::{Guard, Look};
use crate::path::{Region, below, see};
use crate::rules::{self, Rule};

pub(super) static GUARD: Guard = Guard {
    name: "environment",
    manual: "Asks where a variable would make programs run other code: search paths that begin where anybody may write, \
             preloaded libraries, startup files, options with code in them. A variable that names a command \
             (`PAGER`, `GIT_SSH_COMMAND`) is judged by that command. Palisade's own variables are refused.",
    gaps: "Variables of programs that are not in the table.",
    look: Look::Effects(look),
};

fn look(effect: &Effect, scene: &Scene<'_>, report: &mut Report<'_>) {
    let EffectKind::Environment { name, value } = &effect.kind else { return };
    let Some(name) = name.literal() else { return };
    if let Some(rule) = rule(name, value, scene) {
        let mut detail = Text::from(name);
        detail.push("=");
        detail.push(&value.to_string());
        report.raise_at(rule, effect, "sets", &detail);
    }
}

fn rule(name: &str, value: &Text, scene: &Scene<'_>) -> Option<&'static Rule> {
    if name.starts_with("PALISADE_") {
        return Some(&rules::GOVERNOR_ENVIRONMENT);
    }
    if value.is_empty() {
        return None;
    }
    if name == "LD_LIBRARY_PATH" && of_build(value, scene) {
        return None;
    }
    // Another directory than a `.git` of the project: its settings name programs.
    if name == "GIT_DIR" {
        return value
            .literal()
            .is_none_or(|place| !place.trim_end_matches('/').ends_with(".git"))
            .then_some(&rules::ENVIRONMENT_CODE);
    }
    if SETTINGS.contains(&name) {
        return of_anybody(value, scene).then_some(&rules::ENVIRONMENT_CODE);
    }
    if redirects(name) {
        let meant = |to: &str| here(to) || USUAL.contains(&to) || scene.exposure.names(to);
        let known = value.known_prefix();
        // A socket, or `off` and `direct`.
        let local = known.starts_with(['/', '.', 'u']) && !known.contains("://")
            || known.starts_with("unix:")
            || value.literal().is_some_and(|text| !text.contains(['.', ':']));
        let elsewhere = |one: &str| !destination(&Text::from(one)).is_some_and(|to| meant(&to));
        let all = value.to_string();
        let named = |one: &&str| one.contains(['.', ':']) || one.contains('…');
        return (!local && all.split([',', ' ', '|']).filter(named).any(elsewhere))
            .then_some(&rules::ENVIRONMENT_ELSEWHERE);
    }
    if LOADER.contains(&name) || name.starts_with("DYLD_") {
        return Some(&rules::ENVIRONMENT_LOADER);
    }
    if CODE.contains(&name) {
        return Some(&rules::ENVIRONMENT_CODE);
    }
    // `CARGO_BUILD_RUSTFLAGS`, `CARGO_TARGET_X86_64_.._RUSTFLAGS`.
    let flags = name.starts_with("CARGO_") && name.ends_with("_RUSTFLAGS");
    let name = if flags { "RUSTFLAGS" } else { name };
    if let Some((_, words)) = OPTIONS.iter().find(|(known, _)| *known == name) {
        let text = value.to_string();
        return words.iter().any(|word| text.contains(word)).then_some(&rules::ENVIRONMENT_CODE);
    }
    if name == "PATH" {
        return risky_path(value, scene).then_some(&rules::ENVIRONMENT_PATH);
    }
    None
}

const LOADER: &[&str] = &["LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "GCONV_PATH", "LD_CONFIG"];

const CODE: &[&str] = &[
    "BASH_ENV",
    "ENV",
    "ZDOTDIR",
    "PYTHONSTARTUP",
    "PYTHONHOME",
    "PERL5OPT",
    "PERL5DB",
    "RUBYOPT",
    "PYTHONBREAKPOINT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_EXEC_PATH",
    "GIT_TEMPLATE_DIR",
    "LUA_INIT",
    "PROMPT_COMMAND",
    "BASH_FUNC",
    "BASH_CMDS",
    "BASH_ALIASES",
    "MAKEFILES",
    "PYTEST_PLUGINS",
    "WGETRC",
    "CURL_HOME",
    "TERMINFO",
    "INPUTRC",
    "VIMINIT",
    "EXINIT",
    "GIMP3_PLUGINDIR",
    "R_PROFILE_USER",
    "NODE_REPL_EXTERNAL_MODULE",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "OPENSSL_CONF",
    "OPENSSL_MODULES",
];

/// Variables that name a file of settings in which programs are named.
const SETTINGS: &[&str] = &[
    "ANSIBLE_CONFIG",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "CLOUDSDK_CONFIG",
    "CONTAINERS_CONF",
    "DOCKER_CONFIG",
    "HGRCPATH",
    "KUBECONFIG",
    "NPM_CONFIG_GLOBALCONFIG",
    "NPM_CONFIG_USERCONFIG",
    "PIP_CONFIG_FILE",
    "RIPGREP_CONFIG_PATH",
    "TF_CLI_CONFIG_FILE",
    "npm_config_globalconfig",
    "npm_config_userconfig",
];

/// Hosts that such variables name without one.
const USUAL: &[&str] = &[
    "api.anthropic.com",
    "api.openai.com",
    "generativelanguage.googleapis.com",
    "huggingface.co",
    "index.crates.io",
    "proxy.golang.org",
    "pypi.org",
    "registry.npmjs.org",
    "registry.yarnpkg.com",
    "static.rust-lang.org",
];

/// Whether one of these files lies where an agent writes: not among the
/// person's own settings, nor the system's.
fn of_anybody(value: &Text, scene: &Scene<'_>) -> bool {
    value.to_string().split(':').filter(|one| !one.is_empty()).any(|one| {
        let place = match one.strip_prefix("./").unwrap_or(one) {
            one if one.starts_with(['/', '~']) => Text::from(one),
            one => Text::from(format!("{}/{one}", scene.places.cwd)),
        };
        !matches!(
            see(&place, scene.places).region,
            Region::Hidden | Region::System | Region::Vital | Region::Local | Region::Harmless
        )
    })
}

/// Whether a variable says to which host a program goes with its credentials,
/// or from which one it takes code, in the place of the usual one.
fn redirects(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "CONTAINER_HOST",
        "DOCKER_HOST",
        "GOPROXY",
        "HF_ENDPOINT",
        "KUBERNETES_MASTER",
        "OPENAI_API_BASE",
        "PIP_EXTRA_INDEX_URL",
        "PIP_INDEX_URL",
        "RUSTUP_DIST_SERVER",
        "RUSTUP_UPDATE_ROOT",
        "UV_DEFAULT_INDEX",
        "UV_INDEX",
        "UV_INDEX_URL",
        "VAULT_ADDR",
        "npm_config_registry",
        "NPM_CONFIG_REGISTRY",
        "YARN_REGISTRY",
    ];
    const BASES: &[&str] = &["ANTHROPIC_BASE_URL", "OPENAI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"];
    NAMES.contains(&name)
        || BASES.contains(&name)
        // An option that says the same as such a variable.
        || name.starts_with('-')
        || name.starts_with("AWS_ENDPOINT_URL")
        || name.starts_with("CLOUDSDK_API_ENDPOINT_OVERRIDES_")
        || name.starts_with("CARGO_REGISTRIES_") && name.ends_with("_INDEX")
}

/// Options of `rustc` by which a program or a library is run.
const RUSTC: &[&str] = &[
    "linker=/tmp",
    "linker=/var/tmp",
    "linker=.",
    "linker=/dev/shm",
    "-Zcodegen-backend",
    "-Z codegen-backend",
    "runtool",
];

/// Variables that hold options, and the options that carry code.
const OPTIONS: &[(&str, &[&str])] = &[
    (
        "NODE_OPTIONS",
        &["-r", "--require", "--import", "--loader", "--experimental-loader", "--eval"],
    ),
    (
        "JAVA_TOOL_OPTIONS",
        &["-javaagent", "-agentpath", "-agentlib", "-Xrun", "OnError", "OnOutOfMemory"],
    ),
    (
        "_JAVA_OPTIONS",
        &["-javaagent", "-agentpath", "-agentlib", "-Xrun", "OnError", "OnOutOfMemory"],
    ),
    (
        "JDK_JAVA_OPTIONS",
        &["-javaagent", "-agentpath", "-agentlib", "-Xrun", "OnError", "OnOutOfMemory"],
    ),
    ("GOFLAGS", &["-toolexec", "-exec", "-extld", "-overlay"]),
    ("MAKEFLAGS", &["--eval", "SHELL=", "-f", "-I", "-C"]),
    ("GNUMAKEFLAGS", &["--eval", "SHELL=", "-f", "-I", "-C"]),
    ("RUSTFLAGS", RUSTC),
    ("CARGO_ENCODED_RUSTFLAGS", RUSTC),
    ("RUSTDOCFLAGS", RUSTC),
    (
        "npm_config_node_options",
        &["-r", "--require", "--import", "--loader", "--experimental-loader", "--eval"],
    ),
    (
        "NPM_CONFIG_NODE_OPTIONS",
        &["-r", "--require", "--import", "--loader", "--experimental-loader", "--eval"],
    ),
    ("SPEC_OPTS", &["-r", "--require"]),
    ("LESS", &["+!", "+|", "+v", "--lesskey", "-k"]),
    (
        "TAR_OPTIONS",
        &[
            "checkpoint-action",
            "to-command",
            "compress-program",
            "-I",
            "rsh-command",
            "info-script",
        ],
    ),
];

/// Whether every entry is a directory that the project's own builds fill: the
/// libraries there belong to the programs beside them.
fn of_build(value: &Text, scene: &Scene<'_>) -> bool {
    const BUILT: &[&str] =
        &["target/debug", "target/release", "target/debug/deps", "target/release/deps"];
    value.literal().is_some_and(|places| {
        places.split(':').all(|entry| {
            let entry = if entry.starts_with('/') {
                below(&scene.places.workspace, entry).map(|rest| rest.trim_start_matches('/'))
            } else {
                Some(entry.trim_start_matches("./"))
            };
            entry.is_some_and(|entry| BUILT.contains(&entry.trim_end_matches('/')))
        })
    })
}

/// Whether the search path begins with a directory that anybody may fill.
fn risky_path(value: &Text, scene: &Scene<'_>) -> bool {
    const BINARIES: &[&str] = &[
        "node_modules/.bin",
        "venv/bin",
        ".venv/bin",
        "env/bin",
        "bin",
        "vendor/bin",
        "target/debug",
        "target/release",
    ];
    let known = value.known_prefix();
    let whole = value.literal().is_some();
    let mut entries: Vec<&str> = known.split(':').collect();
    if !whole {
        // The last one goes on into what is not known.
        entries.pop();
    }
    entries.iter().any(|entry| {
        if !entry.starts_with('/') {
            return !entry.starts_with('~') && !BINARIES.contains(&entry.trim_start_matches("./"));
        }
        if ["/tmp", "/var/tmp", "/dev/shm", "/private/tmp"]
            .iter()
            .any(|name| below(name, entry).is_some())
        {
            return true;
        }
        below(&scene.places.workspace, entry)
            .is_some_and(|rest| !BINARIES.iter().any(|place| rest.ends_with(place)))
    })
}
