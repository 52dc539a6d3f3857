//! Any bytes through parser, evaluator and guards: no panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_testkit::judged::{Setting, judged};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let _ = judged(&text, &Setting::default());
});
