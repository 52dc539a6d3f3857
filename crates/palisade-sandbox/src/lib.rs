//! Confines processes.
#![deny(unsafe_code)]

mod check;
mod engine;
mod error;
mod git;
mod inside;
mod landlock;
mod launcher;
mod limits;
mod native;
mod plan;
mod policy;
mod protect;
mod report;
mod seccomp;
mod session;
#[allow(unsafe_code)]
mod sys;
mod system;
mod watch;
mod wire;

pub use error::{SandboxError, Step};
pub use inside::{Command, is_inside};
pub use launcher::{Heard, Launcher, Running, Session, launcher_main, own_streams, run_here};
pub use limits::Breach;
pub use plan::Plan;
pub use policy::{Backend, Limit, Limits, Minimum, Network, Policy, Report, Tty};
pub use check::after as check_afterwards;
pub use protect::{Inventory, table as protected_names};
pub use report::{Enforced, Finished, Gap, Refusal, Status};
