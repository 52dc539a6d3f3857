//! Whether a client is under Palisade, by what its files say now.

use std::path::Path;

use super::jsonc;
use super::plan;
use super::program::profile_in;
use super::{Around, Client, Entries, Program, Scope, What};

/// What the files of a client say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing of ours.
    Absent,
    /// Everything that installing would write.
    Right,
    /// Something of ours, but this is wrong with it.
    Wrong(Vec<String>),
}

/// Looks at the files of a client.
pub fn look(client: &Client, around: &Around, scope: Scope, program: &Program) -> State {
    let places = (client.files)(around, scope);
    let mut wrong = Vec::new();
    let mut right = 0;
    let count = places.len();
    for place in places {
        let shown = place.path.display().to_string();
        let bytes = match plan::read(&place.path) {
            Ok((_, Some(bytes))) => bytes,
            Ok((_, None)) => continue,
            Err(why) => {
                wrong.push(format!("`{shown}`: {why}"));
                continue;
            }
        };
        match place.what {
            What::Own { make, executable } => {
                if !plan::is_ours(&bytes, client) {
                    continue;
                }
                right += 1;
                let text = String::from_utf8_lossy(&bytes);
                if text != make(&program.judging_by(profile_in(&text))) {
                    wrong.push(format!("`{shown}` was made by or for another palisade"));
                }
                if executable && !is_executable(&place.path) {
                    wrong.push(format!("`{shown}` is no program: `chmod +x` it"));
                }
            }
            What::Entries(entries) => {
                let text = String::from_utf8_lossy(&bytes);
                match jsonc::parse(&text) {
                    Err(broken) => wrong.push(format!("`{shown}` is no JSON: {broken}")),
                    Ok(root) => {
                        let (found, mut words) = entries_in(&root, entries, program);
                        if found {
                            right += 1;
                            wrong.append(&mut words);
                        }
                    }
                }
            }
        }
    }
    match (right, wrong.is_empty()) {
        (0, true) => State::Absent,
        (all, true) if all == count => State::Right,
        (0, false) => State::Wrong(wrong),
        (_, _) => {
            if right < count {
                wrong.push("a part of it is missing".into());
            }
            State::Wrong(wrong)
        }
    }
}

/// Whether any entry of ours is there, and what is wrong with them.
fn entries_in(root: &jsonc::Node, entries: &Entries, program: &Program) -> (bool, Vec<String>) {
    let mut wrong = Vec::new();
    let mut found = false;
    let mut missing = Vec::new();
    for event in entries.events {
        let commands = plan::commands(root, entries, event.name);
        let Some(command) = commands.first() else {
            missing.push(event.name);
            continue;
        };
        found = true;
        let named = command.split(" hook --client ").next().unwrap_or("");
        let named = named.trim_matches('\'').replace("'\\''", "'");
        if !Path::new(&named).is_file() {
            wrong.push(format!("{} runs `{named}`, which is not there", event.name));
        } else if !plan::is_right(root, entries, event, &program.judging_by(profile_in(command))) {
            wrong.push(format!(
                "the entry of {} is not as this palisade writes it (another version or place of it, or an edit)",
                event.name
            ));
        }
    }
    if found && !missing.is_empty() {
        wrong.push(format!("there is no entry for {}", missing.join(", ")));
    }
    if found {
        for (path, value) in entries.switches {
            if let Some(jsonc::Kind::Bare(word)) = root.at(path).map(|node| &node.kind)
                && word == value
            {
                wrong.push(format!("`{}: {value}` switches every hook off", path.join(".")));
            }
        }
    }
    (found, wrong)
}

fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    return std::fs::metadata(path)
        .is_ok_and(|found| std::os::unix::fs::MetadataExt::mode(&found) & 0o111 != 0);
    #[cfg(not(unix))]
    path.is_file()
}
