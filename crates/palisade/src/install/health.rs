//! One line for each client that is on this machine: whether it is under
//! Palisade, and whether that holds, as far as files tell.

use super::found::{self, Found};
use super::state::{self, State};
use super::trust::{self, Trust};
use super::{Around, Client, Program, Scope, clients};

/// How well a client is governed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Everything stands as it should.
    Good,
    /// Not governed, or not all of it is known.
    Note,
    /// It looks governed and is not.
    Bad,
}

/// The lines, in the order of the clients.
pub fn look(around: &Around, program: &Program) -> Vec<(&'static Client, Health, String)> {
    let line = |client: &'static Client| Some((client, one(client, around, program)?));
    let lines = clients::ALL.iter().copied().filter_map(line);
    lines.map(|(client, (health, words))| (client, health, words)).collect()
}

fn one(client: &'static Client, around: &Around, program: &Program) -> Option<(Health, String)> {
    let found = found::look(client, around);
    let states: Vec<(Scope, State)> = [Scope::User, Scope::Project]
        .into_iter()
        // In the home directory both are one place.
        .filter(|scope| *scope == Scope::User || around.project != around.home)
        .map(|scope| (scope, state::look(client, around, scope, program)))
        .filter(|(_, state)| *state != State::Absent)
        .collect();
    let version = match &found {
        Some(Found { version: Some(version), .. }) => format!("version {version}, "),
        Some(Found { program: Some(_), .. }) => "version unknown, ".into(),
        Some(Found { program: None, .. }) => "not on the search path, ".into(),
        None if states.is_empty() => return None,
        None => "not found here, ".into(),
    };
    if states.is_empty() {
        return Some((
            Health::Note,
            format!("{version}not under Palisade: `palisade install {}`", client.name),
        ));
    }
    let mut health = Health::Good;
    let mut words = Vec::new();
    for (scope, state) in states {
        match state {
            State::Absent => {}
            State::Right => words.push(match scope {
                Scope::User => "under Palisade".to_owned(),
                Scope::Project => "under Palisade in this project".to_owned(),
            }),
            State::Unreadable(wrong) => {
                health = Health::Bad;
                words.extend(wrong);
                continue;
            }
            State::Wrong(wrong) => {
                health = Health::Bad;
                words.extend(wrong);
                words.push(format!("`palisade install {}` mends it", client.name));
                continue;
            }
        }
        if client.name == "codex" {
            match trust::look(client, around, scope) {
                Ok(Trust::Full) => words.push("trusted by it".into()),
                Ok(Trust::Missing(events)) => {
                    health = Health::Bad;
                    words.push(format!(
                        "but Codex skips what it does not trust ({}): `palisade install codex --trust`",
                        events.join(", ")
                    ));
                }
                Ok(Trust::Off) => {
                    health = Health::Bad;
                    words.push("but `features.hooks = false` switches every hook off".into());
                }
                Err(why) => {
                    health = Health::Bad;
                    words.push(format!("but its trust cannot be told: {why}"));
                }
            }
        }
    }
    let off = state::switched_off(client, around);
    if !off.is_empty() {
        health = Health::Bad;
        words.extend(off);
    }
    let old = found.and_then(|found| found.version).zip(client.oldest);
    if let Some((version, (oldest, otherwise))) = old
        && found::is_older(&version, oldest)
    {
        health = health.max_with(Health::Note);
        words.push(format!("older than {oldest}: {otherwise}"));
    }
    if client.seen.is_none() {
        health = health.max_with(Health::Note);
        words.push("by its documentation, not seen at work".into());
    }
    Some((health, format!("{version}{}", words.join("; "))))
}

impl Health {
    fn max_with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Bad, _) | (_, Self::Bad) => Self::Bad,
            (Self::Note, _) | (_, Self::Note) => Self::Note,
            (Self::Good, Self::Good) => Self::Good,
        }
    }
}
