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
    /// A file that cannot be read or understood, whatever is in it.
    Unreadable(Vec<String>),
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
                    Err(broken) => wrong.push(format!(
                        "`{shown}` is no JSON, so {} does not read it: mend it by hand ({broken})",
                        client.title
                    )),
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
        (0, false) => State::Unreadable(wrong),
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
    (found, wrong)
}

/// Settings that switch every hook of a client off, wherever its entries
/// stand: each with its file, in words.
pub fn switched_off(client: &Client, around: &Around) -> Vec<String> {
    let places = [Scope::User, Scope::Project].map(|scope| (client.files)(around, scope));
    let mut seen = Vec::new();
    let mut off = Vec::new();
    for place in places.into_iter().flatten() {
        let What::Entries(entries) = place.what else { continue };
        // A client reads its shared file of a place and the one of this machine.
        let beside = ["settings.json", "settings.local.json"];
        let files = beside.map(|name| place.path.with_file_name(name));
        for file in std::iter::once(place.path).chain(files) {
            if entries.switches.is_empty() || seen.contains(&file) {
                continue;
            }
            let text = plan::read(&file).ok().and_then(|(_, bytes)| bytes);
            let root = text.and_then(|text| jsonc::parse(&String::from_utf8_lossy(&text)).ok());
            for (path, value) in entries.switches {
                let found = root.as_ref().and_then(|root| root.at(path)).map(|node| &node.kind);
                if matches!(found, Some(jsonc::Kind::Bare(word)) if word == value) {
                    off.push(format!(
                        "but `{}: {value}` in `{}` switches every hook off: take it out there",
                        path.join("."),
                        file.display()
                    ));
                }
            }
            seen.push(file);
        }
    }
    off
}

fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    return std::fs::metadata(path)
        .is_ok_and(|found| std::os::unix::fs::MetadataExt::mode(&found) & 0o111 != 0);
    #[cfg(not(unix))]
    path.is_file()
}
