//! The same policy as a macOS Seatbelt profile: a pure function from policy to
//! text, and a small evaluator, so that what a profile lets through is tested
//! on any machine.
//!
//! In a profile the last rule that matches decides, so the order is: deny all,
//! allow what is meant, deny what must stay hidden or unchanged.

use std::fmt::Write;
use std::path::Path;

use crate::names;
use crate::policy::{Network, Policy};

/// Read by programs before their first line of code.
const SYSTEM_READ: [&str; 16] = [
    "/System",
    "/usr",
    "/bin",
    "/sbin",
    "/Library/Apple",
    "/Library/Developer",
    "/Library/Frameworks",
    "/Library/Preferences/Logging",
    "/opt/homebrew",
    "/Applications/Xcode.app",
    "/private/etc/ssl",
    "/private/etc/localtime",
    "/private/var/db/timezone",
    "/private/var/db/dyld",
    "/private/etc/protocols",
    "/private/etc/services",
];

/// Device files that programs open.
const DEVICES: [&str; 9] = [
    "/dev/null",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/stdin",
    "/dev/stdout",
    "/dev/stderr",
    "/dev/dtracehelper",
];

/// The profile of a resolved policy. `scratch` is the private directory for
/// temporary files.
pub fn profile(policy: &Policy, scratch: &Path) -> String {
    let mut out = String::from(
        "(version 1)\n\
         (deny default)\n\
         (allow process-fork)\n\
         (allow process-exec)\n\
         (allow signal (target same-sandbox))\n\
         (allow sysctl-read)\n\
         (allow mach-lookup (global-name \"com.apple.system.opendirectoryd.libinfo\"))\n\
         (allow mach-lookup (global-name \"com.apple.system.logger\"))\n\
         (allow pseudo-tty)\n\
         (allow file-read-metadata)\n\
         (allow file-read* (literal \"/\"))\n",
    );
    for path in SYSTEM_READ {
        rule(&mut out, "allow file-read*", "subpath", Path::new(path));
    }
    for path in DEVICES {
        rule(&mut out, "allow file-read* file-write*", "literal", Path::new(path));
    }
    out.push_str("(allow file-ioctl (regex #\"^/dev/(tty|pty)\"))\n(allow file-read* file-write* (subpath \"/dev/fd\"))\n");
    for path in &policy.read {
        rule(&mut out, "allow file-read*", "subpath", path);
    }
    for path in policy
        .write
        .iter()
        .map(std::path::PathBuf::as_path)
        .chain([policy.workspace.as_path(), scratch])
    {
        rule(&mut out, "allow file-read* file-write*", "subpath", path);
    }
    match policy.network {
        Network::Host => out.push_str("(allow network*)\n(allow system-socket)\n"),
        Network::None => out.push_str("(allow network* (local ip \"localhost:*\"))\n"),
        // Its own servers and the proxy: never a socket file.
        Network::Proxy => out.push_str(
            "(allow network* (local ip \"localhost:*\"))\n(allow network-outbound (remote ip \"localhost:3128\"))\n",
        ),
    }
    // From here on only denials.
    let workspace = quoted_pattern(&policy.workspace);
    for (name, _) in names::table() {
        let _ =
            writeln!(out, "(deny file-write* (regex #\"^{workspace}/(.*/)?{}(/|$)\"))", fold(name));
    }
    for part in ["hooks", "config", "config.worktree", "commondir"] {
        let _ = writeln!(
            out,
            "(deny file-write* (regex #\"^{workspace}/(.*/)?{}/(.*/)?{}(/|$)\"))",
            fold(".git"),
            fold(part)
        );
    }
    let _ =
        writeln!(out, "(deny file-write-unlink (regex #\"^{workspace}/(.*/)?{}$\"))", fold(".git"));
    for path in &policy.hidden {
        rule(&mut out, "deny file-read* file-write*", "subpath", path);
    }
    out.push_str("(deny file-write-setugid)\n(deny process-exec (with no-sandbox))\n(deny network* (remote unix-socket))\n");
    out
}

fn rule(out: &mut String, what: &str, how: &str, path: &Path) {
    let _ = writeln!(out, "({what} ({how} {}))", quoted(path));
}

/// A path as a string of the profile language: nothing in it can end the
/// string or begin a rule.
fn quoted(path: &Path) -> String {
    let mut out = String::from("\"");
    for character in path.to_string_lossy().chars() {
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            _ if character.is_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

/// A path as a regular expression that matches only itself.
fn quoted_pattern(path: &Path) -> String {
    let mut out = String::new();
    for character in path.to_string_lossy().chars() {
        if character.is_ascii_alphanumeric() || "/_-".contains(character) || !character.is_ascii() {
            out.push(character);
        } else if character == '"' {
            out.push('.');
        } else {
            let _ =
                write!(out, "[{}{character}]", if "\\]^".contains(character) { "\\" } else { "" });
        }
    }
    out
}

/// A name as a pattern without regard to case, as the file system has it.
fn fold(name: &str) -> String {
    name.chars()
        .map(|character| match character {
            'a'..='z' => format!("[{character}{}]", character.to_ascii_uppercase()),
            '.' => "[.]".into(),
            other => other.to_string(),
        })
        .collect()
}

/// What a program wants with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// Its content.
    Read,
    /// To change it.
    Write,
}

/// Whether a profile made here lets `path` be read or written: the last rule
/// that matches decides. Knows the forms that [`profile`] writes, and answers
/// no to a rule that it does not know and that would allow.
pub fn allows(profile: &str, wants: Wants, path: &str) -> bool {
    let mut allowed = false;
    for line in profile.lines() {
        let Some(rule) = line.strip_prefix('(').and_then(|line| line.strip_suffix(')')) else {
            continue;
        };
        let (verdict, rest) = rule.split_once(' ').unwrap_or((rule, ""));
        let (operations, filter) = match rest.find('(') {
            Some(at) => (rest.get(..at).unwrap_or_default(), rest.get(at..).unwrap_or_default()),
            None => (rest, ""),
        };
        let wanted: &[&str] = match wants {
            Wants::Read => &["default", "file-read*"],
            Wants::Write => &["default", "file-write*"],
        };
        if !operations.split_whitespace().any(|operation| wanted.contains(&operation)) {
            continue;
        }
        let matches =
            filter.is_empty() || filter_matches(filter, path).unwrap_or(verdict == "deny");
        if matches {
            allowed = verdict == "allow";
        }
    }
    allowed
}

/// `None` where the filter is not understood.
fn filter_matches(filter: &str, path: &str) -> Option<bool> {
    let (how, value) = filter.strip_prefix('(')?.strip_suffix(')')?.split_once(' ')?;
    if how == "regex" {
        let pattern = value.strip_prefix("#\"")?.strip_suffix('"')?;
        return Some(pattern_matches(pattern, path));
    }
    let mut text = String::new();
    let mut characters = value.strip_prefix('"')?.strip_suffix('"')?.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next()? {
                'x' => {
                    let digits: String = characters.by_ref().take(2).collect();
                    text.push(char::from(u8::from_str_radix(&digits, 16).ok()?));
                }
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
    match how {
        "literal" => Some(path == text),
        "subpath" => {
            Some(path == text || path.strip_prefix(&text).is_some_and(|rest| rest.starts_with('/')))
        }
        _ => None,
    }
}

/// The few forms of pattern that [`profile`] writes: literals, sets, `.`,
/// `(.*/)?`, `(/|$)`, `$`, anchored at the start.
fn pattern_matches(pattern: &str, path: &str) -> bool {
    fn go(pattern: &str, path: &str) -> bool {
        if pattern.is_empty() {
            return true;
        }
        if let Some(rest) = pattern.strip_prefix("(.*/)?") {
            return go(rest, path)
                || path.char_indices().any(|(at, character)| {
                    character == '/' && path.get(at + 1..).is_some_and(|path| go(rest, path))
                });
        }
        if let Some(rest) = pattern.strip_prefix("(/|$)") {
            return path.is_empty()
                || path.strip_prefix('/').is_some_and(|path| go(rest, path) || rest.is_empty());
        }
        if let Some(rest) = pattern.strip_prefix('$') {
            return path.is_empty() && rest.is_empty();
        }
        let Some(character) = path.chars().next() else { return false };
        let after = path.get(character.len_utf8()..).unwrap_or_default();
        if let Some((set, rest)) =
            pattern.strip_prefix('[').and_then(|pattern| pattern.split_once(']'))
        {
            return set.contains(character) && go(rest, after);
        }
        let mut rest = pattern.chars();
        match rest.next() {
            Some('.') => go(rest.as_str(), after),
            Some(literal) => literal == character && go(rest.as_str(), after),
            None => true,
        }
    }
    pattern.strip_prefix('^').is_some_and(|pattern| go(pattern, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        let mut policy = Policy::of("/Users/a/work", "/Users/a");
        policy.read.push("/Users/a/.cargo".into());
        policy.hidden.push("/Users/a/work/.palisade-home".into());
        policy
    }

    fn text() -> String {
        profile(&policy(), Path::new("/private/tmp/palisade-1"))
    }

    #[test]
    fn the_golden_profile() {
        let golden = include_str!("../tests/golden/seatbelt.sb");
        if golden != text() {
            // Regenerate with: PALISADE_GOLDEN=1 cargo test -p palisade-sandbox seatbelt
            if std::env::var_os("PALISADE_GOLDEN").is_some() {
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/seatbelt.sb");
                assert!(std::fs::write(path, text()).is_ok());
                return;
            }
            assert_eq!(golden, text());
        }
    }

    #[test]
    fn what_it_lets_through() {
        let text = text();
        let can = |wants, path| allows(&text, wants, path);
        for path in [
            "/Users/a/work/src/x.rs",
            "/Users/a/work/.git/index",
            "/private/tmp/palisade-1/x",
            "/dev/null",
        ] {
            assert!(can(Wants::Write, path), "{path}");
        }
        for path in ["/usr/bin/env", "/Users/a/.cargo/bin/x", "/Users/a/work/.git/hooks/pre-commit"]
        {
            assert!(can(Wants::Read, path), "{path}");
        }
        for path in [
            "/Users/a/.zshrc",
            "/Users/a/workshop/x",
            "/usr/bin/env",
            "/Users/a/.cargo/config.toml",
            "/etc/hosts",
            "/Users/a/work/.git/hooks/pre-commit",
            "/Users/a/work/.git/config",
            "/Users/a/work/.GIT/Config",
            "/Users/a/work/vendor/lib/.git/hooks/x",
            "/Users/a/work/.vscode/tasks.json",
            "/Users/a/work/.mcp.json",
            "/Users/a/work/.git/modules/x/config",
            "/Users/a/work/sub/.claude",
            "/Users/a/work/.palisade-home/key",
        ] {
            assert!(!can(Wants::Write, path), "{path}");
        }
        for path in [
            "/Users/a/.ssh/id_rsa",
            "/Users/a/.aws/credentials",
            "/Users/a/work/.palisade-home/key",
            "/private/tmp/x",
        ] {
            assert!(!can(Wants::Read, path), "{path}");
        }
    }

    #[test]
    fn a_path_cannot_end_its_string() {
        let hostile = "/Users/a/x\") (allow default) (literal \"";
        let mut policy = policy();
        policy.read.push(hostile.into());
        let text = profile(&policy, Path::new("/private/tmp/p"));
        assert!(!allows(&text, Wants::Read, "/Users/a/.ssh/id_rsa"));
        assert!(allows(&text, Wants::Read, &format!("{hostile}/y")));
        assert!(!text.lines().any(|line| line.trim() == "(allow default)"));
    }
}
