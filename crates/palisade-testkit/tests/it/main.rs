//! What must never drift.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod argv;
mod leaks;
mod metamorphic;
mod rules;
mod soup;
mod specs;
mod tidy;
