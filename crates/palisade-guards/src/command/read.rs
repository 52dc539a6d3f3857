//! What may be read: everything but secrets.

use palisade_shell::{Code, Effect, EffectKind, Labels};

use super::report::{Report, Scene};
use super::{Guard, Look};
use crate::path::{Mark, Region, Seen, Sought, see, sought};
use crate::rules::{self, Rule};

pub(super) static GUARD: Guard = Guard {
    name: "read",
    manual: "Stops the content of secrets from getting out: private keys, credentials, tokens, keyrings, password \
             hashes, the environment of processes, memory. Asks about files that may hold secrets (`.env`, histories, \
             `*.key`) where their content would be shown. Names and attributes may always be listed, and a program \
             that uses a key of its own (ssh with `-i`) is not reading it out.",
    gaps: "Files are known by their names and places. A secret under an innocent name is not seen, nor is one that a \
           program reads without being told to by its words.",
    look: Look::Effects(look),
};

fn look(effect: &Effect, scene: &Scene<'_>, report: &mut Report<'_>) {
    match &effect.kind {
        // A script is read as well: what is wrong in it is shown.
        EffectKind::Read { path } | EffectKind::Execute { code: Code::File(path), .. } => {
            let mut seen = see(path, scene.places);
            match sought(path, scene.places) {
                Some(Sought::Marked(mark)) => seen.mark = seen.mark.or(Some(mark)),
                Some(Sought::Everything) => seen.region = Region::Home,
                None => {}
            }
            let script = matches!(effect.kind, EffectKind::Execute { .. });
            if script
                && !matches!(
                    seen.mark,
                    Some(Mark::SshKey | Mark::SystemSecret | Mark::Cloud | Mark::Token)
                )
            {
                return;
            }
            if let Some(rule) = rule(&seen, effect, scene) {
                report.raise_at(rule, effect, "reads", path);
            }
        }
        EffectKind::DumpEnvironment => report.raise(&rules::ENV_DUMP, effect),
        _ => {}
    }
}

fn rule(seen: &Seen, effect: &Effect, scene: &Scene<'_>) -> Option<&'static Rule> {
    if seen.vague {
        return Some(&rules::SECRET_PATTERN);
    }
    match seen.mark {
        Some(Mark::PrivateKey | Mark::PossibleKey | Mark::EnvFile) if !scene.discloses(effect) => {
            None
        }
        Some(mark) if mark_rule(mark).is_some() => mark_rule(mark),
        _ => match seen.region {
            Region::Disk => scene.copies(effect).then_some(&rules::DEVICE_READ),
            // What was copied or written from such a file holds the same.
            _ if effect.labels.has(Labels::SECRET.and(Labels::WRITTEN)) && seen.mark.is_none() => {
                scene.discloses(effect).then_some(&rules::SECRET_ENV_FILE)
            }
            // A directory is read only by what takes in all below it.
            Region::Root | Region::Home if !seen.everything => {
                scene.copies(effect).then_some(&rules::SECRET_HOME)
            }
            _ => None,
        },
    }
}

/// What the line prints of a `.env` by a way on which no command shows it: an
/// array that was filled, a loop that was given the file.
pub(super) fn printed(scene: &Scene<'_>, report: &mut Report<'_>) {
    if !scene.analysis.printed.has(Labels::SECRET) || report.has_group("secret/") {
        return;
    }
    let read = scene.analysis.effects.iter().find_map(|effect| match &effect.kind {
        EffectKind::Read { path } if effect.labels.has(Labels::SECRET) => {
            let marked = see(path, scene.places).mark == Some(Mark::EnvFile);
            marked.then_some((effect, path))
        }
        // What was packed with all that lies beside it.
        EffectKind::List { path } if effect.labels.has(Labels::SECRET) => Some((effect, path)),
        _ => None,
    });
    if let Some((effect, path)) = read {
        report.raise_at(&rules::SECRET_ENV_FILE, effect, "prints", path);
    }
}

/// The rule that is broken where the content of such a file gets out.
pub(crate) const fn mark_rule(mark: Mark) -> Option<&'static Rule> {
    match mark {
        Mark::SshKey => Some(&rules::SECRET_SSH_KEY),
        Mark::Cloud => Some(&rules::SECRET_CLOUD),
        Mark::Token => Some(&rules::SECRET_TOKEN),
        Mark::Keyring => Some(&rules::SECRET_KEYRING),
        Mark::SystemSecret => Some(&rules::SECRET_SYSTEM),
        Mark::Memory => Some(&rules::SECRET_MEMORY),
        Mark::Environment => Some(&rules::ENV_DUMP),
        Mark::Governor => Some(&rules::GOVERNOR_HOME),
        Mark::History => Some(&rules::SECRET_HISTORY),
        Mark::ContainerSocket => Some(&rules::CONTAINER_ENGINE_SOCKET),
        Mark::PrivateKey => Some(&rules::SECRET_PRIVATE_KEY),
        Mark::PossibleKey => Some(&rules::SECRET_POSSIBLE_KEY),
        Mark::EnvFile => Some(&rules::SECRET_ENV_FILE),
        Mark::ShellStartup
        | Mark::Login
        | Mark::Preload
        | Mark::Service
        | Mark::Schedule
        | Mark::Hook
        | Mark::ToolConfig
        | Mark::AgentSettings
        | Mark::GovernorProgram
        | Mark::PathProgram
        | Mark::PackageCache => None,
    }
}
