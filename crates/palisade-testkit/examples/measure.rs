//! The two numbers that go with every change to a guard: *missed* (hostile,
//! and allowed) and *nagged* (harmless, and asked or denied).
//!
//! Over the specs, and over files of cases given as arguments: one JSON object
//! a line with `cmd` and `expected` (`block`, `ask` or `allow`).
//!
//! ```sh
//! cargo run --release -p palisade-testkit --example measure -- cases.jsonl
//! ```

use palisade_core::Verdict;
use palisade_testkit::judged::{Setting, judged};
use palisade_testkit::{spec, tree};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    cmd: String,
    expected: String,
}

/// What was expected, and what was found.
#[derive(Default)]
struct Count {
    hostile: usize,
    missed: usize,
    asked_only: usize,
    harmless: usize,
    nagged: usize,
}

impl Count {
    fn add(&mut self, expected: Verdict, found: Verdict) {
        match expected {
            Verdict::Deny => {
                self.hostile += 1;
                self.missed += usize::from(found == Verdict::Allow);
                self.asked_only += usize::from(found == Verdict::Ask);
            }
            Verdict::Ask => {
                self.hostile += 1;
                self.missed += usize::from(found == Verdict::Allow);
            }
            Verdict::Allow => {
                self.harmless += 1;
                self.nagged += usize::from(found != Verdict::Allow);
            }
        }
    }

    fn print(&self, name: &str) {
        let Self { hostile, missed, asked_only, harmless, nagged } = self;
        println!(
            "{name}: missed {missed} of {hostile} (and {asked_only} asked instead of denied), nagged {nagged} of {harmless}"
        );
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut specs = Count::default();
    for file in tree::files("specs", &[".md"]) {
        for one in spec::parse(&file, &tree::read(&file))?.expectations {
            let found = spec::check(&one).map_or(one.verdict, |failure| failure.found);
            specs.add(one.verdict, found);
        }
    }
    specs.print("specs");
    for path in std::env::args().skip(1) {
        let mut count = Count::default();
        for line in std::fs::read_to_string(&path)?.lines().filter(|line| !line.trim().is_empty()) {
            let case: Case = serde_json::from_str(line)?;
            let expected = match case.expected.as_str() {
                "block" | "deny" => Verdict::Deny,
                "ask" => Verdict::Ask,
                "allow" => Verdict::Allow,
                other => return Err(format!("{path}: unknown `{other}`").into()),
            };
            count.add(expected, judged(&case.cmd, &Setting::default()).verdict());
        }
        count.print(&path);
    }
    Ok(())
}
