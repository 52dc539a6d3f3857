//! The pipeline: facts, verdict, answer, permit, effect, record.
//!
//! Surfaces hand in a [`Request`] and the [`Circumstances`]; effects and the
//! journal are reached through ports. Nothing here starts a process or opens
//! a connection.

#[cfg(unix)]
pub mod approvals;
pub mod config;
pub mod environment;
mod error;
mod facts;
pub mod grants;
mod home;
mod keeper;
pub mod moment;
mod pipeline;
pub mod ports;
mod profile;
mod session;
pub mod words;

pub use error::{Error, Fault};
pub use home::{Home, ProfileName, SessionId, private_dir};
pub use keeper::Keeper;
pub use pipeline::{Circumstances, Done, Judged, Ports, Request, carry_out, judge_command};
pub use profile::Profile;
pub use session::Session;
