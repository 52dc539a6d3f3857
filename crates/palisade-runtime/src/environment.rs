//! Which variables a command gets.

use std::ffi::{OsStr, OsString};

/// What every command gets, beside `LC_*`.
pub const ALWAYS: [&str; 9] =
    ["PATH", "HOME", "USER", "SHELL", "LANG", "TERM", "TZ", "PWD", "TMPDIR"];

/// Set for every command that is run for an agent, so that whatever it starts
/// is known by it. A command can take it away; it is one sign among others.
pub const GOVERNED: &str = "PALISADE_GOVERNED";

/// The environment of a command: the fixed few of the caller's variables,
/// those that the profile names (from its `.env` if they stand there, else
/// from the caller), `PWD` as it is, and [`GOVERNED`]. Everything else stays behind.
pub fn scoped(
    caller: impl Iterator<Item = (OsString, OsString)>,
    named: &[String],
    secrets: &[(String, String)],
    cwd: &OsStr,
) -> Vec<(OsString, OsString)> {
    let is_named = |name: &OsStr| named.iter().any(|wanted| name == wanted.as_str());
    let secret = |name: &OsStr| secrets.iter().any(|(known, _)| name == known.as_str());
    let mut scoped: Vec<(OsString, OsString)> = caller
        .filter(|(name, _)| name != "PWD")
        .filter(|(name, _)| is_always(name) || is_named(name))
        .filter(|(name, _)| !(is_named(name) && secret(name)))
        .collect();
    scoped.extend(
        secrets
            .iter()
            .filter(|(name, _)| named.contains(name))
            .map(|(name, value)| (name.into(), value.into())),
    );
    scoped.push(("PWD".into(), cwd.to_owned()));
    scoped.retain(|(name, _)| name != GOVERNED);
    scoped.push((GOVERNED.into(), "1".into()));
    scoped
}

fn is_always(name: &OsStr) -> bool {
    ALWAYS.iter().any(|known| name == *known) || name.as_encoded_bytes().starts_with(b"LC_")
}

/// Reads a `.env` file: `NAME=value`, `export NAME=value`, quotes around the
/// whole value taken off, `#` lines skipped. Nothing is expanded.
pub fn dotenv(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (name, value) in text.lines().filter_map(assignment) {
        found.retain(|(known, _)| known != name);
        found.push((name.to_owned(), value.to_owned()));
    }
    found
}

/// The lines of a `.env` file, from 1, that say something else than that.
pub fn unread(text: &str) -> Vec<usize> {
    let silent = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !silent(line) && assignment(line).is_none())
        .map(|(at, _)| at + 1)
        .collect()
}

fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let (name, value) = line.split_once('=')?;
    let (name, value) = (name.trim_end(), value.trim());
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || !name.bytes().all(fits) {
        return None;
    }
    let bare =
        ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    Some((name, bare.unwrap_or(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(scoped: &[(OsString, OsString)]) -> Vec<String> {
        let mut names: Vec<String> = scoped
            .iter()
            .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_is_inherited_that_was_not_named() {
        let caller = [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
            ("PWD", "/old"),
            ("TOKEN", "caller"),
            ("LD_PRELOAD", "/x.so"),
        ];
        let caller =
            || caller.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let secrets = dotenv("# mine\nexport TOKEN='from file'\nOTHER=2\n");
        let cwd = OsStr::new("/new");
        assert_eq!(
            names(&scoped(caller(), &[], &secrets, cwd)),
            ["LC_ALL=C", "PALISADE_GOVERNED=1", "PATH=/bin", "PWD=/new"]
        );
        let named = ["TOKEN".to_owned()];
        assert_eq!(
            names(&scoped(caller(), &named, &secrets, cwd)),
            ["LC_ALL=C", "PALISADE_GOVERNED=1", "PATH=/bin", "PWD=/new", "TOKEN=from file"]
        );
    }
}
