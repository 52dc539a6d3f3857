//! The command as its users meet it: on the command line and on a terminal.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod check;
mod configuration;
mod help;
mod house;
mod log;
mod run;
#[cfg(target_os = "linux")]
mod sandbox;
mod scan;
mod screen;
mod sessions;
mod terminal;
