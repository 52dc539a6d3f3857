//! Counts how often the words of `phrases/words.toml` stand in a million words
//! of ordinary text, for `phrases/common.toml`. Each argument is one kind of
//! text, a file or a directory; of each word the highest of the counts is given,
//! so that no kind of text is slow.
//!
//! `cargo run --release -p palisade-guards --example counted -- DIR..`
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

fn main() {
    let words = concat!(env!("CARGO_MANIFEST_DIR"), "/phrases/words.toml");
    let classes: BTreeMap<String, BTreeMap<String, toml::Value>> =
        toml::from_str(&std::fs::read_to_string(words).unwrap()).unwrap();
    let mut terms: BTreeMap<String, f64> = BTreeMap::new();
    for (language, words) in classes.values().flatten() {
        for word in words.as_str().filter(|_| language != "form").unwrap_or("").split_whitespace() {
            terms.extend(word.split('_').chain([word]).map(|part| (part.to_owned(), 0.0)));
        }
    }
    let longest = terms.keys().map(|term| term.split('_').count()).max().unwrap_or(0);
    for kind in std::env::args().skip(1) {
        let mut text = String::new();
        read(Path::new(&kind), &mut text);
        let text = text.to_lowercase().replace('\'', "");
        let words: Vec<&str> = text
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for length in 1..=longest {
            for row in words.windows(length).map(|row| row.join("_")) {
                if terms.contains_key(&row) {
                    *counts.entry(row).or_default() += 1;
                }
            }
        }
        let million = 1e6 / words.len().max(1) as f64;
        for (row, count) in counts {
            if let Some(most) = terms.get_mut(&row) {
                *most = most.max(f64::from(count) * million);
            }
        }
    }
    for (term, count) in terms.iter().filter(|(_, count)| count.round() > 60.0) {
        println!("{term} = {count:.0}");
    }
}

fn read(path: &Path, text: &mut String) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap().flatten() {
            read(&entry.path(), text);
        }
    } else if let Ok(bytes) = std::fs::read(path) {
        text.push_str(&String::from_utf8_lossy(&bytes));
        text.push('\n');
    }
}
