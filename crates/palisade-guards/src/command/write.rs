//! What may be written: the workspace, temporary files, the visible home.

use palisade_shell::{Effect, EffectKind, Labels, Text, Writing};

use super::report::{Report, Scene};
use super::{Guard, Look};
use crate::path::{Mark, Region, base, holds, is_settings, is_temporary, see};
use crate::rules::{self, Rule};

pub(super) static GUARD: Guard = Guard {
    name: "write",
    manual: "Stops writes below the system's directories and to disks, and what would outlive the session: startup \
             files that are replaced, who may log in, preloaded libraries. Asks about writes outside the workspace, \
             the temporary directories and the visible part of the home directory, and about files that make \
             something run later (startup files, services, schedules, hooks, settings of tools and agents). Text from \
             the network or a decoder that would land in such a file is refused.",
    gaps: "Build files of the project (Makefile, package.json, conftest.py) also run later; they are ordinary work. \
           Ordinary files in the home directory may be overwritten.",
    look: Look::Effects(look),
};

fn look(effect: &Effect, scene: &Scene<'_>, report: &mut Report<'_>) {
    let (path, how) = match &effect.kind {
        EffectKind::Write { path, how } => (path, *how),
        EffectKind::Device { path } => return device(path, effect, scene, report),
        _ => return,
    };
    let seen = see(path, scene.places);
    let by_place = by_region(seen.region, path);
    let by_name = seen.mark.and_then(|mark| by_mark(mark, how));
    let by_name = by_name.filter(|rule| {
        let hook = rule.id == rules::PERSISTENCE_HOOK.id || is_stored(rule);
        let directory = scene.program(effect) == "mkdir";
        let plain = how == Writing::Settings && path.literal().is_some_and(is_settings);
        !(plain || hook && (directory || is_copy_beside(path, effect, scene)))
    });
    if by_name.is_some_and(runs_later)
        && (effect.labels.has(Labels::DOWNLOADED) || effect.labels.has(Labels::DECODED))
    {
        report.raise_at(&rules::FLOW_DOWNLOADED_STARTUP, effect, "writes", path);
    }
    // A mode or owner has an effect of its own, judged with its value.
    let by_place = if how == Writing::Attributes { None } else { by_place };
    // A file opened in an editor's screen is not written yet: a person does
    // that, key by key. It is a question, not a refusal.
    let by_place = match by_place {
        Some(rule) if is_refused(rule) && on_screen(effect, how, scene) => {
            Some(&rules::WRITE_OUTSIDE)
        }
        other => other,
    };
    if many(path, how, seen.region, scene) {
        report.raise_at(&rules::FILE_MASS_CHANGE, effect, "writes", path);
    }
    if over_settings(path, how, effect, scene) {
        report.raise_at(&rules::AGENT_SETTINGS, effect, "writes", path);
    }
    if how == Writing::Link
        && !matches!(seen.region, Region::Root | Region::Home | Region::Above)
        && holds(path, scene.places).is_some_and(|held| held.mark == Mark::Governor)
    {
        report.raise_at(&rules::GOVERNOR_HOME, effect, "links over", path);
    }
    for rule in by_name
        .or(by_place)
        .into_iter()
        .chain(by_place.filter(|rule| by_name.is_some() && is_refused(rule)))
    {
        report.raise_at(rule, effect, "writes", path);
    }
}

/// Whether a rule is about a place where programs or packages are kept, of
/// which the directory alone is nothing.
fn is_stored(rule: &Rule) -> bool {
    [rules::WRITE_PATH_PROGRAM.id, rules::WRITE_PACKAGE_CACHE.id].contains(&rule.id)
}

/// Whether files are written outside the workspace without saying which: all
/// that a pattern takes in, or what an archive has for the home.
fn many(path: &Text, how: Writing, region: Region, scene: &Scene<'_>) -> bool {
    let outside = matches!(region, Region::Visible | Region::Hidden | Region::Elsewhere);
    let home = region == Region::Home && scene.places.workspace != scene.places.home;
    match how {
        Writing::Replace if outside && path.has_pattern() && !path.has_unknown() => true,
        Writing::Replace | Writing::Edit => home && path.has_pattern(),
        Writing::Append | Writing::Settings | Writing::Attributes | Writing::Link => false,
    }
}

/// Whether this is the second reading of `cp .npmrc .npmrc.bak`, where the
/// target would have to be a directory and has the name of a file.
fn is_copy_beside(path: &Text, effect: &Effect, scene: &Scene<'_>) -> bool {
    let Some((above, _)) = path.literal().and_then(|path| path.rsplit_once('/')) else {
        return false;
    };
    let name = base(above);
    let words = ["bak", "backup", "old", "orig", "copy", "saved"];
    let file = words.iter().any(|word| name.ends_with(word)) || name.ends_with('~');
    matches!(scene.program(effect), "cp" | "gcp" | "mv" | "gmv") && file
}

/// Whether a directory that holds the settings of an agent is replaced or
/// filled: by its own name, or by the name of what is put into `path`.
fn over_settings(path: &Text, how: Writing, effect: &Effect, scene: &Scene<'_>) -> bool {
    // Making the directory changes nothing in it, nor does a mode, which has
    // an effect of its own.
    if how == Writing::Attributes || scene.program(effect) == "mkdir" {
        return false;
    }
    let held = |path: &Text| holds(path, scene.places).filter(|it| it.mark == Mark::AgentSettings);
    if held(path).is_some_and(|held| !held.shared || how == Writing::Link) {
        return true;
    }
    const PUT: &[&str] = &["cp", "gcp", "install", "ln", "mv", "rsync", "scp"];
    let (Some(directory), Some(command)) = (path.literal(), scene.command(effect)) else {
        return false;
    };
    PUT.contains(&scene.program(effect))
        && command.arguments.iter().filter_map(Text::literal).any(|source| {
            let name = base(source.trim_end_matches('/'));
            if name.is_empty() || matches!(name, "." | "..") || base(directory) == name {
                return false;
            }
            let inside = Text::from(format!("{}/{name}", directory.trim_end_matches('/')));
            let settings = see(&inside, scene.places).mark == Some(Mark::AgentSettings);
            settings || held(&inside).is_some_and(|held| !held.shared)
        })
}

/// Editors that open a screen and wait for a person.
const EDITORS: &[&str] =
    &["emacs", "hx", "joe", "kak", "mcedit", "micro", "nano", "nvim", "pico", "vi", "vim"];

/// Whether the effect is an editor started with nothing but files: no option,
/// no command, no input that would type for a person.
fn on_screen(effect: &Effect, how: Writing, scene: &Scene<'_>) -> bool {
    how == Writing::Edit
        && scene.analysis.simple
        && EDITORS.contains(&scene.program(effect))
        && scene.command(effect).is_some_and(|command| {
            command.via != "xargs"
                && command
                    .arguments
                    .iter()
                    .all(|word| word.literal().is_some_and(|text| !text.starts_with(['-', '+'])))
        })
}

fn is_refused(rule: &Rule) -> bool {
    rule.severity == palisade_core::Severity::Dangerous
}

/// Programs that write to a device whatever they are told. Others look at it,
/// or ask for themselves; where they erase it, the program table says so.
const OVERWRITERS: &[&str] = &[
    "blkdiscard",
    "bmaptool",
    "cat",
    "cp",
    "dc3dd",
    "dcfldd",
    "dd",
    "ddrescue",
    "dd_rescue",
    "nwipe",
    "pv",
    "scrub",
    "shred",
    "sponge",
    "tee",
    "wipe",
];

fn device(path: &Text, effect: &Effect, scene: &Scene<'_>, report: &mut Report<'_>) {
    match see(path, scene.places).region {
        Region::Disk if OVERWRITERS.contains(&scene.program(effect)) => {
            report.raise_at(&rules::DEVICE_WRITE, effect, "writes", path);
        }
        Region::Disk => report.raise_at(&rules::DISK_RAW_ACCESS, effect, "works on", path),
        Region::Device => report.raise_at(&rules::DEVICE_OTHER, effect, "writes", path),
        _ => {}
    }
}

pub(crate) fn by_region(region: Region, path: &Text) -> Option<&'static Rule> {
    // Whoever writes to the directory itself puts a file into it.
    if path.literal().is_some_and(is_temporary) {
        return None;
    }
    match region {
        Region::Vital | Region::System => Some(&rules::WRITE_SYSTEM),
        Region::Disk => Some(&rules::DEVICE_WRITE),
        Region::Device => Some(&rules::DEVICE_OTHER),
        Region::Local => Some(&rules::WRITE_LOCAL),
        Region::Hidden => Some(&rules::WRITE_SETTINGS),
        Region::Root | Region::Elsewhere => Some(&rules::WRITE_OUTSIDE),
        Region::Unknown => (!path.is_empty()).then_some(&rules::WRITE_UNKNOWN),
        Region::Home
        | Region::Above
        | Region::Workspace
        | Region::Project
        | Region::Temporary
        | Region::Cache
        | Region::Visible
        | Region::Harmless
        | Region::Container => None,
    }
}

pub(crate) fn by_mark(mark: Mark, how: Writing) -> Option<&'static Rule> {
    match mark {
        Mark::ShellStartup => Some(match how {
            Writing::Replace | Writing::Settings => &rules::PERSISTENCE_SHELL_STARTUP_LOST,
            Writing::Append | Writing::Edit | Writing::Attributes | Writing::Link => {
                &rules::PERSISTENCE_SHELL_STARTUP
            }
        }),
        Mark::Login if how != Writing::Attributes => Some(&rules::PERSISTENCE_LOGIN),
        Mark::Preload => Some(&rules::PERSISTENCE_PRELOAD),
        Mark::Service => Some(&rules::PERSISTENCE_SERVICE),
        Mark::Schedule => Some(&rules::PERSISTENCE_SCHEDULE),
        Mark::Hook => Some(&rules::PERSISTENCE_HOOK),
        Mark::ToolConfig => Some(&rules::PERSISTENCE_TOOL_CONFIG),
        Mark::AgentSettings => Some(&rules::AGENT_SETTINGS),
        Mark::Governor => Some(&rules::GOVERNOR_HOME),
        Mark::GovernorProgram => Some(&rules::GOVERNOR_PROGRAM),
        Mark::ContainerSocket => Some(&rules::CONTAINER_ENGINE_SOCKET),
        // A mode changes nothing of what is there: it was put there before.
        Mark::PathProgram if how != Writing::Attributes => Some(&rules::WRITE_PATH_PROGRAM),
        Mark::PackageCache if how != Writing::Attributes => Some(&rules::WRITE_PACKAGE_CACHE),
        Mark::Memory => Some(&rules::DEVICE_WRITE),
        Mark::SshKey
        | Mark::PrivateKey
        | Mark::PossibleKey
        | Mark::Cloud
        | Mark::Token
        | Mark::Keyring
        | Mark::SystemSecret
        | Mark::Environment
        | Mark::EnvFile
        | Mark::History
        | Mark::Login
        | Mark::PathProgram
        | Mark::PackageCache => None,
    }
}

/// Whether a rule is about a file that something runs later.
fn runs_later(rule: &Rule) -> bool {
    rule.id.starts_with("persistence/") || rule.id == rules::AGENT_SETTINGS.id
}
