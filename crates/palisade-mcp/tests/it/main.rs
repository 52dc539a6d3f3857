//! The protocol as clients and servers meet it, in one process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bench;
mod gateway;
mod house;
mod mutated;
mod wrap;
