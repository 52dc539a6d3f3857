//! The program that an entry names: this one, at a place where it stays.

use std::env;
use std::fs;
use std::path::{Component, Path};

use super::{Around, WAIT};
use crate::show::Failure;

/// The absolute path of Palisade's program, as text, and by which profile it is
/// to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    path: String,
    /// A name of letters, digits, `-` and `_`; none for the machine's profile.
    profile: Option<String>,
}

impl Program {
    /// This program. Where the search path leads to it by a link, the link is
    /// taken: it outlives an update.
    ///
    /// # Errors
    /// Where it lies at a place that will not stay or that others can write,
    /// unless that is what the person wants.
    pub fn here(around: &Around, forced: bool) -> Result<Self, Failure> {
        let real = env::current_exe().map_err(|error| {
            Failure::Other(format!("cannot tell where this program is: {error}"))
        })?;
        let linked = around
            .search()
            .into_iter()
            .filter(|directory| directory.is_absolute())
            .map(|directory| directory.join("palisade"))
            .find(|path| fs::canonicalize(path).is_ok_and(|found| found == real));
        let path = linked.filter(|path| unfit(path, around).is_none()).unwrap_or(real);
        if !forced && let Some(why) = unfit(&path, around) {
            return Err(Failure::Usage(format!(
                "this program is `{}`, {why}: install it first (for example to ~/.local/bin), or say `--force-path`",
                path.display()
            )));
        }
        Self::at(&path)
    }

    /// The program at a path.
    ///
    /// # Errors
    /// Where the path cannot stand in a configuration.
    pub fn at(path: &Path) -> Result<Self, Failure> {
        let text = path.to_str().filter(|text| !text.contains(char::is_control));
        match text {
            Some(text) if path.is_absolute() => Ok(Self { path: text.to_owned(), profile: None }),
            _ => Err(Failure::Usage(format!(
                "`{}` cannot be written into a configuration",
                path.display()
            ))),
        }
    }

    /// Its path as a word of a shell.
    pub fn sh(&self) -> String {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+@".contains(letter);
        if self.path.chars().all(plain) {
            return self.path.clone();
        }
        format!("'{}'", self.path.replace('\'', "'\\''"))
    }

    /// The same program, to judge by this profile.
    #[must_use]
    pub fn judging_by(&self, profile: Option<String>) -> Self {
        Self { path: self.path.clone(), profile }
    }

    /// The line of its hook, for a shell.
    pub fn hook(&self, client: &str, event: &str) -> String {
        let program = self.sh();
        let by = self.profile.iter().map(|name| format!(" --profile {name}")).collect::<String>();
        format!("{program} hook --client {client} --event {event} --timeout {WAIT}{by}")
    }

    /// A script that starts its hook, made of a template.
    pub fn script(&self, template: &str) -> String {
        let script = template.replace("\"@PROGRAM@\"", &self.json());
        match &self.profile {
            Some(name) => {
                let waits = format!("\"--timeout\", \"{WAIT}\"");
                script.replace(&waits, &format!("{waits}, \"--profile\", \"{name}\""))
            }
            None => script,
        }
    }

    /// Its path as a string of JSON and JavaScript.
    pub fn json(&self) -> String {
        // The two that JSON may hold and an old JavaScript may not.
        let text = serde_json::Value::from(self.path.as_str()).to_string();
        text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
    }
}

/// The profile that a line or a script of ours has its hook judge by.
pub fn profile_in(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("--profile")?;
    let rest = rest.trim_start_matches(['"', ',', ' ']);
    let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && !"-_".contains(letter));
    let name = rest.get(..end.unwrap_or(rest.len())).filter(|name| !name.is_empty())?;
    Some(name.to_owned())
}

/// Why a program at this place could be gone or another one tomorrow.
fn unfit(path: &Path, around: &Around) -> Option<&'static str> {
    let mut parts = path.components().filter_map(|part| match part {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    if parts.any(|name| name == "target") {
        return Some("in a build directory");
    }
    let passing = ["/tmp", "/var/tmp", "/dev/shm", "/run", "/private/tmp", "/var/folders"];
    let temporary = env::temp_dir();
    if passing.iter().any(|place| path.starts_with(place))
        || (temporary.parent().is_some() && path.starts_with(&temporary))
    {
        return Some("in a temporary directory");
    }
    if !path.exists() {
        return Some("which is not there any more");
    }
    let project = &around.project;
    if path.starts_with(project) && !around.home.starts_with(project) {
        return Some("in the project, where an agent that works on it can replace it");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let open = |path: &Path| {
            fs::metadata(path).is_ok_and(|found| {
                found.mode() & 0o002 != 0 && !(found.is_dir() && found.mode() & 0o1000 != 0)
            })
        };
        if path.ancestors().any(open) {
            return Some("where everybody can replace it");
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_do_not_stay_are_unfit() {
        let around = Around::of(Path::new("/home/u"), Path::new("/home/u/work"));
        for (path, why) in [
            ("/home/u/src/palisade/target/debug/palisade", "build"),
            ("/tmp/x/palisade", "temporary"),
            ("/var/tmp/palisade", "temporary"),
            ("/home/u/work/bin/palisade", "not there"),
        ] {
            assert!(unfit(Path::new(path), &around).unwrap().contains(why), "{path}");
        }
        assert_eq!(unfit(Path::new("/bin/sh"), &around), None);
        let inside = Around::of(Path::new("/home/u"), Path::new("/usr/bin"));
        assert!(unfit(Path::new("/usr/bin/env"), &inside).unwrap().contains("project"));
    }

    #[test]
    fn a_path_is_one_word_whatever_it_holds() {
        let program = Program::at(Path::new("/opt/it's $HOME/palisade")).unwrap();
        assert_eq!(program.sh(), "'/opt/it'\\''s $HOME/palisade'");
        assert_eq!(program.json(), "\"/opt/it's $HOME/palisade\"");
        assert_eq!(Program::at(Path::new("/usr/bin/palisade")).unwrap().sh(), "/usr/bin/palisade");
        assert!(Program::at(Path::new("/a\nb")).is_err());
        assert!(Program::at(Path::new("bin/palisade")).is_err());
    }
}
