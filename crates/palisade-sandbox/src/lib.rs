//! Confines processes.
#![deny(unsafe_code)]

mod backend;
mod check;
mod engine;
mod error;
mod explain;
mod git;
mod inside;
mod landlock;
mod launcher;
mod limits;
mod native;
mod plan;
mod policy;
mod probe;
mod protect;
mod report;
mod sandbox;
mod seccomp;
mod session;
#[allow(unsafe_code, reason = "the one module of the project with unsafe code")]
mod sys;
mod system;
mod watch;
mod wire;

pub use backend::{arguments as bubblewrap_arguments, bubblewrap};
pub use explain::explain;
pub use error::{SandboxError, Step};
pub use inside::{Command, is_inside};
pub use launcher::{Heard, Launcher, Running, Session, launcher_main, own_streams};
pub use limits::Breach;
pub use plan::{Mount, Plan, Stage};
pub use policy::{Backend, Limit, Limits, Minimum, Network, Policy, Report, Tty};
pub use probe::{Probe, Works};
pub use protect::{Inventory, table as protected_names};
pub use report::{Enforced, Finished, Gap, Refusal, Status};
pub use sandbox::Sandbox;
