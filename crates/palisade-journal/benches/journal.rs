//! What a record costs to write, to sync, to write with others, to verify.
#![allow(clippy::unwrap_used)]

use divan::Bencher;
use divan::counter::ItemsCount;
use palisade_core::ports::{Intent, Journal};
use palisade_core::{Actor, Confinement};
use palisade_journal::{FileJournal, Known, Options, verify};
use std::path::Path;

fn main() {
    divan::main();
}

fn open(root: &Path) -> FileJournal {
    FileJournal::open(&root.join("journal"), &root.join("key"), Options::default()).unwrap()
}

fn append(journal: &mut FileJournal, synced: bool) {
    let actor = Actor {
        uid: Some(1000),
        processes: vec![(4711, "palisade".into()), (4242, "bash".into()), (1, "init".into())],
        client: Some("claude".into()),
        session: Some("0b7cfb7".into()),
        ..Actor::default()
    };
    let intent = Intent {
        actor: &actor,
        profile: "default",
        kind: "run",
        body: "git commit -m 'fix the parser' && cargo test --workspace",
        cwd: "/home/me/project",
        digest: [7; 32],
        verdict: "allow",
        severity: "safe",
        rules: &[],
        grant: None,
        confinement: Confinement::None,
        policy: [8; 32],
        synced,
    };
    journal.intent(&intent).unwrap();
}

#[divan::bench]
fn one_record(bencher: Bencher) {
    let root = tempfile::tempdir().unwrap();
    let mut journal = open(root.path());
    bencher.bench_local(|| append(&mut journal, false));
}

#[divan::bench]
fn one_record_synced(bencher: Bencher) {
    let root = tempfile::tempdir().unwrap();
    let mut journal = open(root.path());
    bencher.bench_local(|| append(&mut journal, true));
}

/// What a hook pays: open, one record, signed head.
#[divan::bench]
fn open_append_sign(bencher: Bencher) {
    let root = tempfile::tempdir().unwrap();
    append(&mut open(root.path()), false);
    bencher.bench_local(|| {
        let mut journal = open(root.path());
        append(&mut journal, false);
        journal.close().unwrap();
    });
}

#[divan::bench(args = [false, true])]
fn eight_writers(bencher: Bencher, synced: bool) {
    let each = if synced { 25 } else { 500 };
    bencher
        .counter(ItemsCount::new(8 * each as usize))
        .with_inputs(|| tempfile::tempdir().unwrap())
        .bench_values(|root| {
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        let mut journal = open(root.path());
                        for _ in 0..each {
                            append(&mut journal, synced);
                        }
                    });
                }
            });
            root
        });
}

#[divan::bench(sample_count = 10)]
fn verify_200_000(bencher: Bencher) {
    let root = tempfile::tempdir().unwrap();
    let mut journal = open(root.path());
    for _ in 0..200_000 {
        append(&mut journal, false);
    }
    journal.close().unwrap();
    let dir = root.path().join("journal");
    bencher.counter(ItemsCount::new(200_000_usize)).bench(|| {
        assert!(verify(&dir, &Known::default()).unwrap().findings.is_empty());
    });
}
