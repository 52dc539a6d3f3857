//! The command as its users meet it: on the command line and on a terminal.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod approvals;
mod check;
mod configuration;
mod fetch;
mod help;
mod house;
mod install;
mod log;
mod mcp;
#[cfg(target_os = "linux")]
mod people;
mod run;
#[cfg(target_os = "linux")]
mod sandbox;
mod screen;
mod sessions;
mod terminal;
