//! The sandbox against the real kernel: each promise is attempted to be
//! broken. What this kernel cannot do is skipped by name.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

mod faults;
mod files;
mod house;
mod kernel;
mod limits;
mod network;
mod processes;
mod warm;
