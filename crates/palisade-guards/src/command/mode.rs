//! Which permissions and owners may change.

use palisade_shell::{Effect, EffectKind, Text};

use super::report::{Report, Scene};
use super::{Guard, Look};
use crate::path::{Mark, Region, base, holds, see};
use crate::rules::{self, Rule};

pub(super) static GUARD: Guard = Guard {
    name: "mode",
    manual: "Stops permissions or owners from being changed for the root, for a directory of the system with all below \
             it, and shells from being made to run with their owner's rights. Asks about files that everybody may \
             write, about set-user-id, about secrets that others may read, and about changes outside the workspace and \
             the home directory.",
    gaps: "Access lists and attributes have rules of their own; the umask is not looked at.",
    look: Look::Effects(look),
};

fn look(effect: &Effect, scene: &Scene<'_>, report: &mut Report<'_>) {
    let (path, rule, does) = match &effect.kind {
        EffectKind::Mode { path, mode, recursive } => {
            (path, for_mode(path, mode, *recursive, scene), "changes the mode of")
        }
        EffectKind::Owner { path, recursive } => {
            (path, for_owner(path, *recursive, scene), "changes the owner of")
        }
        _ => return,
    };
    if let Some(rule) = rule {
        report.raise_at(rule, effect, does, path);
    }
}

fn for_mode(path: &Text, mode: &Text, recursive: bool, scene: &Scene<'_>) -> Option<&'static Rule> {
    let seen = see(path, scene.places);
    let recursive = recursive || seen.everything;
    let written = mode.literal();
    let mode = written.map_or(Rights::default(), rights);
    match (seen.mark, seen.region) {
        (Some(Mark::Governor), _) => return Some(&rules::GOVERNOR_HOME),
        (Some(Mark::GovernorProgram), _) => return Some(&rules::GOVERNOR_PROGRAM),
        (_, Region::Root) => return Some(&rules::MODE_ROOT),
        (_, Region::Vital) if recursive => return Some(&rules::MODE_ROOT),
        // The home directory, or all of them, with everything below.
        (_, Region::Home) if recursive && takes_away(written, true) => {
            return Some(&rules::MODE_OUTSIDE);
        }
        _ => {}
    }
    let held = holds(path, scene.places);
    if let Some(mark) = held.map(|held| held.mark).or(seen.mark) {
        let data = path.literal().is_some_and(|path| {
            [".json", ".jsonc", ".toml", ".js", ".ts"].iter().any(|end| path.ends_with(end))
        });
        if takes_away(written, held.is_some() || !data) {
            match mark {
                Mark::AgentSettings => return Some(&rules::AGENT_SETTINGS),
                Mark::Governor => return Some(&rules::GOVERNOR_HOME),
                _ => {}
            }
        }
    }
    if mode.set_id {
        let name = path.literal().map_or("", base);
        return Some(if RUNNERS.contains(&name) {
            &rules::MODE_SETUID_SHELL
        } else {
            &rules::MODE_SETUID
        });
    }
    if mode.others_write {
        return Some(&rules::MODE_WORLD_WRITABLE);
    }
    if seen.mark.is_some_and(secret) && mode.others_read {
        return Some(&rules::MODE_SECRET);
    }
    outside(seen.region).then_some(&rules::MODE_OUTSIDE)
}

fn for_owner(path: &Text, recursive: bool, scene: &Scene<'_>) -> Option<&'static Rule> {
    let seen = see(path, scene.places);
    match (seen.mark, seen.region) {
        (Some(Mark::Governor), _) => Some(&rules::GOVERNOR_HOME),
        (Some(Mark::GovernorProgram), _) => Some(&rules::GOVERNOR_PROGRAM),
        (_, Region::Root) => Some(&rules::OWNER_ROOT),
        (_, Region::Vital) if recursive || seen.everything => Some(&rules::OWNER_ROOT),
        (_, Region::Home) if recursive => Some(&rules::OWNER_OUTSIDE),
        (Some(mark), _) if secret(mark) => Some(&rules::OWNER_OUTSIDE),
        (_, region) => outside(region).then_some(&rules::OWNER_OUTSIDE),
    }
}

const fn secret(mark: Mark) -> bool {
    matches!(
        mark,
        Mark::SshKey
            | Mark::PrivateKey
            | Mark::Cloud
            | Mark::Token
            | Mark::Keyring
            | Mark::SystemSecret
    )
}

const fn outside(region: Region) -> bool {
    match region {
        Region::System
        | Region::Vital
        | Region::Local
        | Region::Elsewhere
        | Region::Disk
        | Region::Device
        | Region::Root => true,
        Region::Home
        | Region::Above
        | Region::Workspace
        | Region::Project
        | Region::Temporary
        | Region::Cache
        | Region::Visible
        | Region::Hidden
        | Region::Harmless
        | Region::Container
        | Region::Unknown => false,
    }
}

/// Programs that run other programs or overwrite files at will.
const RUNNERS: &[&str] = &[
    "ash", "bash", "busybox", "cp", "csh", "dash", "env", "find", "fish", "ksh", "less", "lua",
    "more", "mv", "nano", "node", "perl", "php", "python", "python2", "python3", "ruby", "sh",
    "sudo", "tar", "tcsh", "vi", "vim", "awk", "gdb", "nmap", "zsh", "docker",
];

/// Whether a mode takes from the owner what makes the file of use: reading it
/// and, where it is a directory or a program, entering or running it.
fn takes_away(mode: Option<&str>, runs: bool) -> bool {
    let Some(mode) = mode else { return true };
    if let Ok(bits) = u32::from_str_radix(mode, 8) {
        return bits & 0o400 == 0 || runs && bits & 0o100 == 0;
    }
    mode.split(',').any(|clause| {
        let Some(at) = clause.find(['+', '=', '-']) else { return false };
        let (who, what) = (clause.get(..at).unwrap_or(""), clause.get(at..).unwrap_or(""));
        let reads = what.contains('r');
        let enters = what.contains(['x', 'X']);
        (who.is_empty() || who.contains(['u', 'a']))
            && match what.get(..1) {
                Some("-") => reads || runs && enters,
                Some("=") => !what.contains('u') && (!reads || runs && !enters),
                _ => false,
            }
    })
}

/// What a mode allows, as far as it matters here.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Rights {
    set_id: bool,
    others_write: bool,
    others_read: bool,
}

fn rights(mode: &str) -> Rights {
    if let Ok(bits) = u32::from_str_radix(mode, 8) {
        // The sticky bit makes a directory for everybody safe.
        let sticky = bits & 0o1000 != 0;
        return Rights {
            set_id: bits & 0o6000 != 0,
            others_write: bits & 0o002 != 0 && !sticky,
            others_read: bits & 0o044 != 0,
        };
    }
    let mut rights = Rights::default();
    let mut sticky = false;
    for clause in mode.split(',') {
        let Some(at) = clause.find(['+', '=', '-']) else { continue };
        let (who, what) = (clause.get(..at).unwrap_or(""), clause.get(at..).unwrap_or(""));
        if what.starts_with('-') {
            continue;
        }
        let others = who.contains(['o', 'a']);
        rights.set_id |= what.contains('s') && (who.is_empty() || who.contains(['u', 'g', 'a']));
        rights.others_write |= others && what.contains('w');
        rights.others_read |= (others || who.contains('g')) && what.contains('r');
        sticky |= what.contains('t');
    }
    rights.others_write &= !sticky;
    rights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read() {
        let write = |mode| rights(mode).others_write;
        assert!(
            write("777")
                && write("0777")
                && write("666")
                && write("a+w")
                && write("o=rw")
                && write("u=rw,o+w")
        );
        assert!(
            !write("755")
                && !write("+w")
                && !write("u+w")
                && !write("o-w")
                && !write("1777")
                && !write("a+rX")
        );
        let set = |mode| rights(mode).set_id;
        assert!(set("4755") && set("u+s") && set("+s") && set("2755") && set("g+s"));
        assert!(!set("755") && !set("u-s") && !set("0755") && !set("+t"));
    }
}
