//! In how many disguises phrases are still found: a row for each disguise, with
//! what was missed.
//!
//! `cargo run -p palisade-guards --example recall -- [-v]`
#![allow(clippy::unwrap_used, clippy::string_slice)]

use palisade_guards::content::{Kind, reveal, scan};

#[path = "../src/content/scan/disguise/mod.rs"]
mod disguise;

fn main() {
    let verbose = std::env::args().any(|argument| argument == "-v");
    let (mut tried, mut found) = (0, 0);
    for (name, dress) in disguise::all() {
        let mut missed = Vec::new();
        for phrase in disguise::PHRASES {
            let text = format!("Shipping notes: {} end of the notes.", dress(phrase));
            if !scan(&text, Kind::Text).iter().any(|hit| !UNREAD.contains(&hit.rule)) {
                missed.push(text);
            }
        }
        let all = disguise::PHRASES.len();
        println!("{:>3}/{all} {name}", all - missed.len());
        missed.iter().filter(|_| verbose).for_each(|text| println!("        {}", reveal(text)));
        tried += all;
        found += all - missed.len();
    }
    println!("{found} of {tried} found ({:.1} %)", 100.0 * f64::from(found as u32) / tried as f64);
}

/// What says that something is there, and not what.
const UNREAD: [&str; 4] = [
    "content/invisible-text",
    "content/direction",
    "content/terminal-escape",
    "content/hidden-text",
];
