//! What may be deleted: single files of the workspace.

use palisade_shell::{Effect, EffectKind, Text};

use super::report::{Report, Scene};
use super::{Guard, Look};
use crate::path::{Mark, Region, Seen, holds, see};
use crate::rules::{self, Rule};

pub(super) static GUARD: Guard = Guard {
    name: "delete",
    manual: "Stops the deletion of the root, of homes, of the workspace and what is above it, of what the system needs, \
             of keys and of Palisade's own files, also by patterns that take in all of them. Asks about every tree, and \
             about files outside the workspace. Single files of the workspace, temporary files (but no trees of /var/tmp) and caches may go, \
             and so may a directory of the workspace that a build makes again and git keeps nothing of, or that is not there. \
             Moving a file away counts as deleting it there, but moving a tree of the workspace does not.",
    gaps: "A target that is not known before the command runs is a question, never a refusal. What a program deletes \
           by itself is judged by that program's entry.",
    look: Look::Effects(look),
};

fn look(effect: &Effect, scene: &Scene<'_>, report: &mut Report<'_>) {
    let EffectKind::Delete { path, recursive } = &effect.kind else { return };
    let moved = scene.program(effect) == "mv";
    let seen = see(path, scene.places);
    let by_place = || {
        let kept = seen.region == Region::Temporary && *recursive && !moved && is_kept(path);
        if kept { Some(&rules::DELETE_TREE_OUTSIDE) } else { by_region(&seen, *recursive, moved) }
    };
    let unmissed = |rule: &&Rule| {
        rule.id == rules::DELETE_TREE.id && scene.analysis.unmissed.contains(&path.to_string())
    };
    if let Some(rule) = by_mark(&seen, *recursive).or_else(by_place).filter(|rule| !unmissed(rule))
    {
        report.raise_at(rule, effect, "deletes", path);
    }
    // A tree takes along what lies below. Of the workspace and what is above
    // it, and of homes, the place says what is to be said.
    if !matches!(seen.region, Region::Root | Region::Home | Region::Above)
        && let Some(held) = holds(path, scene.places)
        && let Some(rule) = super::write::by_mark(held.mark, palisade_shell::Writing::Replace)
    {
        report.raise_at(rule, effect, "deletes", path);
    }
}

/// Whether it lies where temporary files outlast a restart of the machine
/// (`/var/tmp` of the Filesystem Hierarchy Standard): people keep things there.
fn is_kept(path: &Text) -> bool {
    const KEPT: [&str; 2] = ["/var/tmp/", "/private/var/tmp/"];
    KEPT.iter().any(|place| path.known_prefix().starts_with(place))
}

fn by_mark(seen: &Seen, recursive: bool) -> Option<&'static Rule> {
    match seen.mark? {
        Mark::SshKey | Mark::Keyring | Mark::Cloud => Some(&rules::DELETE_SECRET),
        Mark::SystemSecret | Mark::Login
            if seen.region == Region::Vital || seen.region == Region::System =>
        {
            Some(&rules::DELETE_SYSTEM)
        }
        Mark::ShellStartup if seen.region == Region::Hidden => {
            Some(&rules::PERSISTENCE_SHELL_STARTUP_LOST)
        }
        Mark::AgentSettings => Some(&rules::AGENT_SETTINGS),
        Mark::Governor => Some(&rules::GOVERNOR_HOME),
        Mark::GovernorProgram => Some(&rules::GOVERNOR_PROGRAM),
        Mark::Hook if !recursive => None,
        Mark::SystemSecret
        | Mark::Login
        | Mark::ShellStartup
        | Mark::Hook
        | Mark::PrivateKey
        | Mark::PossibleKey
        | Mark::Token
        | Mark::Memory
        | Mark::Environment
        | Mark::EnvFile
        | Mark::History
        | Mark::Preload
        | Mark::Service
        | Mark::Schedule
        | Mark::ToolConfig
        | Mark::ContainerSocket
        | Mark::PathProgram
        | Mark::PackageCache => None,
    }
}

fn by_region(seen: &Seen, recursive: bool, moved: bool) -> Option<&'static Rule> {
    let whole = recursive || seen.everything || moved;
    match seen.region {
        Region::Root => Some(&rules::DELETE_ROOT),
        Region::Home if whole => Some(&rules::DELETE_HOME),
        Region::Vital => Some(&rules::DELETE_SYSTEM),
        Region::Disk | Region::Device => Some(&rules::DELETE_SYSTEM),
        // `rm *` here is ordinary; so is moving all of it into a new directory.
        Region::Above if seen.everything && moved => None,
        Region::Above if seen.everything => recursive.then_some(&rules::DELETE_TREE),
        Region::Above if whole => Some(&rules::DELETE_PARENT),
        Region::Workspace => (recursive && !moved).then_some(&rules::DELETE_TREE),
        Region::Project if !recursive || moved => None,
        Region::Temporary | Region::Cache | Region::Harmless | Region::Container => None,
        Region::Home
        | Region::Above
        | Region::Visible
        | Region::Hidden
        | Region::System
        | Region::Local
        | Region::Elsewhere
        | Region::Project
        | Region::Unknown => Some(if recursive && !moved {
            &rules::DELETE_TREE_OUTSIDE
        } else {
            &rules::DELETE_OUTSIDE
        }),
    }
}
