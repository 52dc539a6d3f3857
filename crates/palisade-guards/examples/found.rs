//! Scans the files below directories and says in how many something was found:
//! the false hits where all of them are ordinary, the hits where each is an
//! attack. A file that ends in `.ndjson` is taken line by line as JSON strings
//! or `{"text": ..}`.
//!
//! `cargo run --release -p palisade-guards --example found -- [-v] DIR..`
#![allow(clippy::unwrap_used)]

use palisade_guards::content::{Kind, reveal, scan};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Default)]
struct Tally {
    texts: usize,
    hit: usize,
    bytes: usize,
    rules: BTreeMap<&'static str, usize>,
    took: std::time::Duration,
}

fn main() {
    let mut show = 0;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "-v" => show = 1,
            "-m" => show = 2,
            directory => {
                let mut tally = Tally::default();
                walk(Path::new(directory), &mut |path, text| one(path, text, show, &mut tally));
                println!(
                    "{directory}: {} of {} ({:.2} %), {:.1} MB at {:.0} MB/s, {:?}",
                    tally.hit,
                    tally.texts,
                    100.0 * tally.hit as f64 / tally.texts.max(1) as f64,
                    tally.bytes as f64 / 1e6,
                    tally.bytes as f64 / 1e6 / tally.took.as_secs_f64().max(1e-9),
                    tally.rules
                );
            }
        }
    }
}

fn one(path: &Path, text: &str, show: u8, tally: &mut Tally) {
    let kind = match path.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "htm") => Kind::Html,
        _ => Kind::Text,
    };
    let start = std::time::Instant::now();
    let hits = scan(text, kind);
    tally.took += start.elapsed();
    tally.texts += 1;
    tally.bytes += text.len();
    tally.hit += usize::from(!hits.is_empty());
    let mut rules: Vec<_> = hits.iter().map(|hit| hit.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules.into_iter().for_each(|rule| *tally.rules.entry(rule).or_default() += 1);
    if show == 2 && hits.is_empty() {
        println!(
            "MISSED {}: {}",
            path.display(),
            reveal(&text.chars().take(400).collect::<String>())
        );
    }
    for hit in hits.iter().filter(|_| show == 1) {
        let from = text.floor_char_boundary((hit.span.from as usize).saturating_sub(60));
        let to =
            text.ceil_char_boundary((hit.span.to as usize + 60).min(text.len()).min(from + 500));
        println!(
            "{}: {} {} {:?} {:?}: {}",
            path.display(),
            hit.rule,
            hit.score,
            hit.steps,
            hit.decoded,
            reveal(text.get(from..to).unwrap_or_default())
        );
    }
}

fn walk(path: &Path, each: &mut dyn FnMut(&Path, &str)) {
    if path.is_dir() {
        let mut inside: Vec<PathBuf> =
            std::fs::read_dir(path).unwrap().flatten().map(|entry| entry.path()).collect();
        inside.sort();
        inside.iter().filter(|path| !path.is_symlink()).for_each(|path| walk(path, each));
    } else if let Ok(bytes) = std::fs::read(path) {
        let text = String::from_utf8_lossy(&bytes);
        if path.extension().is_some_and(|extension| extension == "ndjson") {
            text.lines().for_each(|line| each(path, &unquoted(line)));
        } else {
            each(path, &text);
        }
    }
}

/// The JSON string of a line, of which only the escapes matter.
fn unquoted(line: &str) -> String {
    let inner =
        line.trim().trim_start_matches("{\"text\": ").trim_end_matches('}').trim_matches('"');
    let mut out = String::new();
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some('u') => {
                    let digits: String = letters.by_ref().take(4).collect();
                    out.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
                }
                Some(other) => out.push(other),
                None => {}
            },
            other => out.push(other),
        }
    }
    out
}
