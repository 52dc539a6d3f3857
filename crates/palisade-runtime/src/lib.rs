//! The pipeline: facts, verdict, answer, permit, effect, record.
//!
//! Surfaces hand in a [`Request`] and the [`Circumstances`]; effects and the
//! journal are reached through ports. Nothing here starts a process or opens
//! a connection.

#[cfg(unix)]
pub mod approvals;
pub mod calls;
mod carried;
pub mod config;
pub mod credentials;
pub mod environment;
mod error;
mod facts;
mod fetch;
mod files;
pub mod grants;
mod home;
mod keeper;
mod locked;
pub mod moment;
mod outputs;
mod patterns;
mod pipeline;
pub mod ports;
mod profile;
mod session;
mod tool;
mod trees;
mod unpacked;
pub mod words;

pub use error::{Error, Fault};
pub use fetch::judge_fetch;
pub use files::{FileDone, FileRequest, judge_file, use_file};
pub use home::{Home, ProfileName, SessionId, private_dir};
pub use keeper::Keeper;
pub use pipeline::{
    Admitted, Circumstances, Done, Judged, Ports, Request, admit, carry_out, hand_over,
    judge_command,
};
pub use profile::Profile;
pub use session::{Count, Session};
pub use tool::{ToolRequest, judge_tool};
