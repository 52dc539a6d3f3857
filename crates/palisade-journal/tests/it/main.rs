//! The journal from outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod appending;
mod crash;
mod keeping;
mod reading;
mod tamper;

use palisade_core::ports::{Intent, Journal, Outcome};
use palisade_core::{Actor, Confinement};
use palisade_journal::{FileJournal, Known, Options, verify};
use std::path::{Path, PathBuf};

/// A journal in a directory that goes away with it.
struct Place {
    root: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    fn dir(&self) -> PathBuf {
        self.root.path().join("journal")
    }

    fn key(&self) -> PathBuf {
        self.root.path().join("keys/journal.key")
    }

    fn open(&self) -> FileJournal {
        self.open_with(Options::default())
    }

    fn open_with(&self, options: Options) -> FileJournal {
        FileJournal::open(&self.dir(), &self.key(), options).unwrap()
    }

    /// The word and place that verification comes to.
    fn verdict(&self) -> String {
        verdict(&self.dir(), &Known::default())
    }
}

fn verdict(dir: &Path, known: &Known) -> String {
    let report = verify(dir, known).unwrap();
    match report.worst() {
        None => format!("intact {}", report.records),
        Some(worst) => format!("{} at {}: {}", worst.condition.word(), worst.place, worst.what),
    }
}

/// An intent that is safe and says `body`.
fn intend(journal: &mut FileJournal, body: &str) -> u64 {
    intend_as(journal, body, "safe", "s1")
}

fn intend_as(journal: &mut FileJournal, body: &str, severity: &str, session: &str) -> u64 {
    let actor = Actor {
        uid: Some(1000),
        processes: vec![(std::process::id(), "it".into()), (1, "init".into())],
        client: Some("claude".into()),
        session: Some(session.into()),
        ..Actor::default()
    };
    journal
        .intent(&Intent {
            actor: &actor,
            profile: "default",
            kind: "run",
            body,
            cwd: "/work",
            digest: [7; 32],
            verdict: if severity == "dangerous" { "deny" } else { "allow" },
            severity,
            rules: if severity == "safe" { &[] } else { &["files/delete"] },
            grant: (severity == "caution").then_some("once"),
            confinement: Confinement::None,
            policy: [8; 32],
            synced: false,
        })
        .unwrap()
}

fn finish(journal: &mut FileJournal, of: u64) {
    journal.outcome(of, &Outcome { exit: Some(0), millis: 3, ..Outcome::default() }).unwrap();
}
