//! Tests of the whole crate from outside.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod bash;
mod golden;
mod parser;
mod sexpr;
mod soup;
mod tables;
mod visit;
