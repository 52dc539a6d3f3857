//! The protocol as clients and servers meet it, in one process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bench;
// One generator for all; the crate it lies in needs this one.
#[path = "../../../palisade-testkit/src/chance.rs"]
mod chance;
mod gateway;
mod house;
mod http;
mod mutated;
mod wrap;
