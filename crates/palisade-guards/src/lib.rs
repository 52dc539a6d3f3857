//! Every guard: an action's effects in, findings out.
//!
//! What a command would do is known from [`palisade_shell::analyse`]; the
//! guards here say how bad that is. They are pure: no IO, no clock, no
//! environment, no panic.

pub mod call;
pub mod command;
pub mod content;
pub mod file;
pub mod network;
mod path;
mod places;
pub mod rules;
pub mod taint;
pub mod typed;

pub use path::{classify, is_env_file, is_secret_below, telling};
pub use places::Places;
pub use taint::{Exposure, Taint};
