//! Which clients are on this machine, and in which version: told by files
//! alone, since a program on the search path is not run only to be looked at.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Around, Client, Scope};

/// A client on this machine.
#[derive(Debug)]
pub struct Found {
    /// Its program, where the search path has it.
    pub program: Option<PathBuf>,
    /// Its version, where files tell.
    pub version: Option<String>,
}

/// Looks for a client: its program, or the directory of its configuration.
pub fn look(client: &Client, around: &Around) -> Option<Found> {
    let program = program(client, around);
    let configured = (client.files)(around, Scope::User).iter().any(|place| {
        // `~/.client`, not the directory in it that would be ours.
        let below = place.path.strip_prefix(&around.home).ok();
        let top = below.and_then(|path| path.components().next());
        match top.map(|top| around.home.join(top)) {
            Some(top) if top.ends_with(".config") || top.ends_with(".agents") => {
                let name = if client.name == "goose" { "goose" } else { client.name };
                around.or_home("XDG_CONFIG_HOME", ".config").join(name).is_dir()
            }
            Some(top) => top.is_dir(),
            None => place.path.parent().is_some_and(Path::is_dir),
        }
    });
    if program.is_none() && !configured {
        return None;
    }
    let version = program.as_deref().and_then(|program| version(program, client.packages));
    Some(Found { program, version })
}

/// The client's program on the search path.
pub fn program(client: &Client, around: &Around) -> Option<PathBuf> {
    let search = around.search().into_iter().filter(|directory| directory.is_absolute());
    search.map(|directory| directory.join(client.program)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    let Ok(found) = fs::metadata(path) else { return false };
    #[cfg(unix)]
    let runs = std::os::unix::fs::MetadataExt::mode(&found) & 0o111 != 0;
    #[cfg(not(unix))]
    let runs = true;
    found.is_file() && runs
}

/// The version by the package that a program belongs to, or by the name of a
/// directory above it.
fn version(program: &Path, packages: &[&str]) -> Option<String> {
    let real = fs::canonicalize(program).ok()?;
    for above in real.ancestors().skip(1).take(5) {
        let Ok(text) = fs::read_to_string(above.join("package.json")) else { continue };
        let Ok(package) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
        let name = package.get("name").and_then(serde_json::Value::as_str).unwrap_or("");
        if packages.contains(&name) {
            return package.get("version")?.as_str().map(str::to_owned);
        }
    }
    let parts = real.iter().rev().take(3).filter_map(|part| part.to_str());
    parts.map(|part| part.trim_start_matches('v')).find(|part| is_version(part)).map(str::to_owned)
}

fn is_version(text: &str) -> bool {
    let numbers = text.split('.').collect::<Vec<_>>();
    numbers.len() >= 2
        && numbers.iter().all(|part| part.starts_with(|first: char| first.is_ascii_digit()))
}

/// Whether a version is older than another, by its numbers.
pub fn is_older(version: &str, than: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let digits = |part: &str| {
            part.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
        };
        text.split(['.', '-', '+']).take(3).map(digits).collect()
    };
    numbers(version) < numbers(than)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(is_older("2.1.197", "2.1.295"));
        assert!(is_older("1.9.0", "1.38"));
        assert!(!is_older("2.1.295", "2.1.295"));
        assert!(!is_older("2.1.330-beta.1", "2.1.295"));
        assert!(is_version("1.0.3") && !is_version("bin") && !is_version("3"));
    }
}
