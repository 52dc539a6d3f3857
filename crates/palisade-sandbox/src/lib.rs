//! Confines processes: one policy, several backends, and the truth about what
//! was enforced.
//!
//! A [`Policy`] says what a command may read, write, reach and use. A
//! [`Sandbox`] is a policy worked out for this machine; it runs commands here
//! ([`Sandbox::run_here`], for a program with one thread) or through a
//! [`Launcher`], a small process of its own that also keeps sandboxes ready
//! and holds sessions. What comes back ([`Finished`]) says how the command
//! ended, what was refused, and what was really enforced ([`Enforced`]).
//!
//! On Linux a sandbox is made of namespaces, mounts by descriptor, Landlock
//! and seccomp; where only `bwrap` may make namespaces, it makes them and the
//! rest stays ours; where nobody may, Landlock and seccomp remain, and the
//! record says so. For macOS the same policy becomes a Seatbelt profile
//! ([`seatbelt`]).
//!
//! A program that uses a launcher or `bwrap` calls [`launcher_main`] first in
//! `main`: the launcher is the same executable, started again.
#![deny(unsafe_code)]

mod error;
mod names;
mod policy;
pub mod seatbelt;

#[cfg(target_os = "linux")]
mod backend;
#[cfg(target_os = "linux")]
mod check;
#[cfg(target_os = "linux")]
mod engine;
#[cfg(target_os = "linux")]
mod explain;
#[cfg(target_os = "linux")]
mod git;
#[cfg(target_os = "linux")]
mod inside;
#[cfg(target_os = "linux")]
mod landlock;
#[cfg(target_os = "linux")]
mod launcher;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod native;
#[cfg(target_os = "linux")]
mod plan;
#[cfg(target_os = "linux")]
mod probe;
#[cfg(target_os = "linux")]
mod protect;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod sandbox;
#[cfg(target_os = "linux")]
mod seccomp;
#[cfg(target_os = "linux")]
mod session;
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the one module of the project with unsafe code")]
mod sys;
#[cfg(target_os = "linux")]
mod system;
#[cfg(target_os = "linux")]
mod watch;
#[cfg(target_os = "linux")]
mod wire;

pub use error::{SandboxError, Step};
pub use names::table as protected_names;
pub use policy::{
    Backend, Limit, Limits, Minimum, Network, PROXY_PORT, Policy, Report, Tty, is_taken,
};

#[cfg(target_os = "linux")]
pub use self::{
    backend::{arguments as bubblewrap_arguments, bubblewrap},
    explain::explain,
    inside::{Command, is_inside},
    launcher::{Heard, Launcher, Running, Session, launcher_main, own_streams},
    limits::Breach,
    plan::{Mount, Plan, Stage},
    probe::{Probe, Works},
    protect::Inventory,
    report::{Enforced, Finished, Gap, Refusal, Status},
    sandbox::Sandbox,
};
