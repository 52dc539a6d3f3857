//! The file tools on real file systems.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod durable;
mod kinds;
mod names;
mod room;
mod searching;
mod swap;
mod tools;
