//! Payloads as real clients sent them, and what must never be understood.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod answers;
// One generator for all; the crate it lies in needs this one.
#[path = "../../../palisade-testkit/src/chance.rs"]
mod chance;
mod malformed;
mod mutated;
mod operands;
mod recorded;
