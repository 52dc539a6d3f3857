//! The command as its users meet it: on the command line and on a terminal.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod approvals;
mod bridges;
mod check;
mod configuration;
#[cfg(target_os = "linux")]
mod credentials;
#[cfg(target_os = "linux")]
mod egress;
mod fetch;
mod help;
mod hook;
mod house;
mod install;
mod live;
mod log;
mod manual;
mod mcp;
mod newcomer;
#[cfg(target_os = "linux")]
mod people;
mod run;
#[cfg(target_os = "linux")]
mod sandbox;
mod scan;
mod screen;
mod sessions;
mod terminal;
