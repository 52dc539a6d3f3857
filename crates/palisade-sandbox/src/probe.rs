//! What works on this machine, why the rest does not, and one command that
//! would mend it.

use std::fmt;
use std::path::Path;

use crate::backend;
use crate::engine::Engine;
use crate::inside::Command;
use crate::limits::{Groups, Holding};
use crate::plan::{Plan, Stage};
use crate::policy::{Limits, Network, Policy, Report, Tty};
use crate::protect::Inventory;
use crate::report::Gap;
use crate::sys;

/// Whether something works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Works {
    /// All of it.
    Yes,
    /// All but this.
    Partly(Vec<Gap>),
    /// Not here.
    No {
        /// Why.
        why: String,
        /// One command that would mend it, or what to do.
        mend: String,
    },
}

/// What works on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Palisade's own sandbox.
    pub native: Works,
    /// The system's `bwrap`.
    pub bubblewrap: Works,
    /// Landlock and seccomp alone.
    pub landlock: Works,
    /// The version of Landlock (0: none).
    pub landlock_abi: u32,
    /// How bounds are held.
    pub holding: Holding,
    /// This very process runs inside one.
    pub inside: bool,
}

impl Probe {
    /// Tries each backend for real, with `/bin/true`.
    pub fn here() -> Self {
        let abi = sys::landlock_abi();
        let landlock = if abi == 0 {
            Works::No {
                why: "this kernel has no Landlock, or it is not switched on".into(),
                mend: "add `landlock` to the `lsm=` list of the kernel command line (kernel 5.13 or newer)".into(),
            }
        } else {
            attempt(Stage::Bare)
        };
        Self {
            native: attempt(Stage::Native),
            bubblewrap: attempt(Stage::Bubblewrap),
            landlock,
            landlock_abi: abi,
            holding: Groups::find().holding(),
            inside: crate::inside::is_inside(),
        }
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.inside {
            writeln!(
                f,
                "this is the inside of a sandbox: it stays in force, and another cannot be made here"
            )?;
        }
        for (name, works) in [
            ("native", &self.native),
            ("bubblewrap", &self.bubblewrap),
            ("landlock", &self.landlock),
        ] {
            match works {
                Works::Yes => writeln!(f, "{name:<12}works")?,
                Works::Partly(gaps) => {
                    writeln!(f, "{name:<12}works, partly:")?;
                    for gap in gaps {
                        writeln!(f, "{:<12}  - {}", "", gap.words())?;
                    }
                }
                Works::No { why, mend } => {
                    writeln!(f, "{name:<12}does not work: {why}")?;
                    writeln!(f, "{:<12}  mend: {mend}", "")?;
                }
            }
        }
        writeln!(f, "{:<12}version {}", "Landlock", self.landlock_abi)?;
        let held =
            |by_group: bool, other: &'static str| if by_group { "control group" } else { other };
        writeln!(
            f,
            "{:<12}{}",
            "memory",
            held(self.holding.memory, "measured twenty times a second")
        )?;
        let by_user = if sys::own_ids().0 == 0 {
            "not bounded"
        } else {
            "resource limit of the user namespace"
        };
        writeln!(f, "{:<12}{}", "processes", held(self.holding.pids, by_user))?;
        writeln!(f, "{:<12}{}", "processors", held(self.holding.cpus, "not bounded"))
    }
}

fn attempt(stage: Stage) -> Works {
    if stage == Stage::Bubblewrap && backend::bubblewrap().is_none() {
        return Works::No {
            why: "`bwrap` is not installed".into(),
            mend:
                "sudo apt install bubblewrap (Debian, Ubuntu); dnf, pacman and apk call it the same"
                    .into(),
        };
    }
    match try_one(stage) {
        Ok(gaps) if gaps.is_empty() => Works::Yes,
        Ok(gaps) => Works::Partly(gaps),
        Err(failure) => {
            let (why, mend) = diagnose(stage, &failure.to_string(), &|path| {
                std::fs::read_to_string(path).ok().map(|text| text.trim().to_string())
            });
            Works::No { why, mend }
        }
    }
}

fn try_one(stage: Stage) -> Result<Vec<Gap>, crate::error::SandboxError> {
    let scratch = backend::private_scratch().map_err(|error| {
        crate::error::SandboxError::setup(
            crate::error::Step::Scratch,
            error.raw_os_error().unwrap_or(0),
            "",
        )
    })?;
    let mut policy = Policy::of(&scratch, "/nonexistent/home");
    policy.limits = Limits::none();
    policy.report = Report::Nothing;
    policy.tty = Tty::Detached;
    policy.network = Network::None;
    let mut plan = Plan::of(&policy, &Inventory::default());
    plan.stage = stage;
    let command = Command {
        arguments: vec![b"/bin/true".to_vec()],
        environment: vec![b"PATH=/usr/bin:/bin".to_vec()],
        directory: b"/".to_vec(),
    };
    let finished = Engine::new().map_err(Into::into).and_then(|engine| {
        crate::launcher::run_in(engine, &plan, &command, crate::launcher::own_streams(), None)
    });
    let _ = std::fs::remove_dir_all(&scratch);
    let finished = finished?;
    if finished.status != crate::report::Status::Exit(0) {
        return Err(crate::error::SandboxError::setup(crate::error::Step::Execute, 0, "/bin/true"));
    }
    Ok(finished.enforced.gaps().to_vec())
}

/// Why it failed and what would mend it, from what the kernel says about
/// itself.
fn diagnose(stage: Stage, error: &str, read: &dyn Fn(&str) -> Option<String>) -> (String, String) {
    let is = |path: &str, value: &str| read(path).as_deref() == Some(value);
    if is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1") {
        let mend = if stage == Stage::Native {
            "sudo apt install bubblewrap (AppArmor lets it make user namespaces), or sudo sysctl \
             kernel.apparmor_restrict_unprivileged_userns=0"
        } else {
            "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
        };
        return (
            "AppArmor keeps ordinary programs from making user namespaces".into(),
            mend.into(),
        );
    }
    if is("/proc/sys/kernel/unprivileged_userns_clone", "0") {
        return (
            "this kernel keeps ordinary users from making user namespaces".into(),
            "sudo sysctl kernel.unprivileged_userns_clone=1".into(),
        );
    }
    if is("/proc/sys/user/max_user_namespaces", "0") {
        return (
            "no user namespaces are allowed".into(),
            "sudo sysctl user.max_user_namespaces=15000".into(),
        );
    }
    if error.contains("/proc") {
        return (
            format!("{error} (the container that this runs in covers parts of /proc)"),
            "start the container with `--security-opt systempaths=unconfined`".into(),
        );
    }
    if Path::new("/.dockerenv").exists() || Path::new("/run/.containerenv").exists() {
        return (
            format!("{error} (a container's filter may forbid it)"),
            "start the container with `--security-opt seccomp=unconfined --security-opt systempaths=unconfined`".into(),
        );
    }
    (error.into(), "look at `dmesg` for a refusal by a security module".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_known_cause_has_a_command() {
        for (path, value, word) in [
            ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "bubblewrap"),
            ("/proc/sys/kernel/unprivileged_userns_clone", "0", "unprivileged_userns_clone=1"),
            ("/proc/sys/user/max_user_namespaces", "0", "max_user_namespaces=15000"),
        ] {
            let read = |asked: &str| (asked == path).then(|| value.to_string());
            let (_, mend) = diagnose(Stage::Native, "x", &read);
            assert!(mend.contains(word), "{mend}");
        }
    }
}
