//! The clients, one file for each: its files, its entries, and what it cannot
//! enforce. Where a client was run, [`Client::seen`] names the version.

mod claude;
mod cline;
mod codex;
mod copilot;
mod cursor;
mod gemini;
mod goose;
mod opencode;
mod pi;
mod qwen;

use super::Client;

/// All of them, in the order in which they are shown.
pub static ALL: [&Client; 10] = [
    &claude::CLIENT,
    &codex::CLIENT,
    &gemini::CLIENT,
    &copilot::CLIENT,
    &opencode::CLIENT,
    &pi::CLIENT,
    &cline::CLIENT,
    &qwen::CLIENT,
    &cursor::CLIENT,
    &goose::CLIENT,
];

/// The client of that name.
pub fn named(name: &str) -> Option<&'static Client> {
    ALL.iter().copied().find(|client| client.name == name)
}

/// Their names.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|client| client.name).collect()
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use palisade_core::{FileFacts, FileUse};
    use palisade_guards::{Places, file};

    use super::ALL;
    use crate::install::{Around, Scope};
    use crate::wire_up::settings;

    /// Whatever is installed is protected, wherever it was put.
    #[test]
    fn what_is_written_is_known_as_settings() {
        let (home, project) = (Path::new("/home/u"), Path::new("/home/u/project"));
        let usual = Around::of(home, project);
        let mut moved = usual.clone();
        for name in [
            "CLAUDE_CONFIG_DIR",
            "CODEX_HOME",
            "QWEN_HOME",
            "COPILOT_HOME",
            "PI_CODING_AGENT_DIR",
            "CLINE_DIR",
            "XDG_CONFIG_HOME",
            "GEMINI_CLI_HOME",
        ] {
            moved.variables.insert(name.into(), PathBuf::from(format!("/srv/agents/{name}")));
        }
        for around in [usual, moved] {
            let variable = |name: &str| Some(around.variable(name)?.to_str()?.to_owned());
            let places = Places {
                home: "/home/u".into(),
                cwd: "/home/u/project".into(),
                workspace: "/home/u/project".into(),
                palisade_home: "/home/u/.palisade".into(),
                settings: settings(variable),
                ..Places::default()
            };
            let each = ALL.iter().flat_map(|client| {
                [Scope::User, Scope::Project]
                    .into_iter()
                    .flat_map(|scope| (client.files)(&around, scope))
            });
            for place in each {
                let facts = FileFacts::of_text(place.path.to_string_lossy());
                let found = file::findings(FileUse::Write, &facts, &places);
                let known = found.iter().any(|finding| finding.rule == "agent/settings");
                assert!(known, "{} is not protected", place.path.display());
            }
        }
    }
}
