//! In how many texts of each family of attacks something is found.
//!
//! `cargo run -p palisade-guards --example families -- [-v] [FILE]`
#![allow(clippy::unwrap_used)]

use palisade_guards::content::{Kind, reveal, scan};
use std::collections::BTreeMap;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let verbose = arguments.iter().any(|argument| argument == "-v");
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/families.toml").to_owned();
    let file = arguments.iter().find(|argument| *argument != "-v").unwrap_or(&default);
    let families: BTreeMap<String, Vec<String>> =
        toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let (mut all, mut found) = (0, 0);
    for (name, texts) in families {
        let missed: Vec<&String> = texts
            .iter()
            .filter(|text| {
                scan(&format!("Some notes on it. {text}\nMore notes."), Kind::Text).is_empty()
            })
            .collect();
        println!("{:>3}/{} {name}", texts.len() - missed.len(), texts.len());
        missed.iter().filter(|_| verbose).for_each(|text| println!("        {}", reveal(text)));
        all += texts.len();
        found += texts.len() - missed.len();
    }
    println!("{found} of {all} found ({:.1} %)", 100.0 * found as f64 / all as f64);
}
