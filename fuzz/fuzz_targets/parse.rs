//! Any bytes parse, quickly and without a panic, and the tree holds together.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/palisade-shell/tests/it/visit.rs"]
mod visit;

fuzz_target!(|bytes: &[u8]| visit::check(&String::from_utf8_lossy(bytes)));
