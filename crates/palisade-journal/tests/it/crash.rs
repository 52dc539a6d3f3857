//! `kill -9` at any moment, over concurrent writers: nothing acknowledged is
//! lost, nothing happens without its intent, and the journal verifies.
//!
//! The ordinary run kills 1 000 writers; `JOURNAL_KILLS=10000` kills more.

use crate::Place;
use palisade_core::ports::{Intent, Journal, Outcome};
use palisade_core::{Actor, Confinement};
use palisade_journal::record::Entry;
use palisade_journal::verify::Condition;
use palisade_journal::{FileJournal, Known, Options, read, verify};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Writers at once.
const WRITERS: usize = 4;
/// Rounds of writers on one journal before a fresh one begins.
const ROUNDS: usize = 25;

#[test]
fn nothing_acknowledged_is_lost_to_kill_9() {
    let kills: usize =
        std::env::var("JOURNAL_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(1000);
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ u64::from(std::process::id()));
    let mut killed = 0;
    let mut acknowledged = 0;
    let mut unknown = 0;
    while killed < kills {
        let place = Place::new();
        let mut acks: BTreeMap<u64, String> = BTreeMap::new();
        for round in 0..ROUNDS {
            let mut writers: Vec<Child> =
                (0..WRITERS).map(|writer| start(&place, round, writer)).collect();
            // Half of the rounds are killed at their beginning, half in full work.
            if round % 2 == 0 {
                wait_for_work(&place);
            }
            std::thread::sleep(Duration::from_micros(random.below(10_000)));
            for writer in &mut writers {
                writer.kill().unwrap();
            }
            for mut writer in writers {
                let mut said = String::new();
                writer.stdout.take().unwrap().read_to_string(&mut said).unwrap();
                killed += usize::from(!writer.wait().unwrap().success());
                // A line without its end was not said.
                for line in said.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
                    if let Some((at, body)) =
                        line.strip_prefix("ack ").and_then(|ack| ack.split_once(' '))
                    {
                        let twice = acks.insert(at.parse().unwrap(), body.to_owned());
                        assert_eq!(twice, None, "two records at {at}");
                    }
                }
            }
            check(&place, &acks);
        }
        acknowledged += acks.len();
        unknown += check(&place, &acks);
        // The next writer takes over whatever was left, and signs it.
        crate::intend(&mut place.open(), "the next morning");
        assert!(place.verdict().starts_with("intact"), "{}", place.verdict());
    }
    println!(
        "{killed} writers killed, {acknowledged} records acknowledged, {unknown} outcomes unknown"
    );
    assert!(acknowledged * 4 > killed, "the writers hardly wrote: {acknowledged} records");
}

/// Waits until a writer has done something, however busy the machine is.
fn wait_for_work(place: &Place) {
    let done = || std::fs::metadata(place.root.path().join("effects")).map_or(0, |file| file.len());
    let before = done();
    for _ in 0..10_000 {
        if done() > before {
            break;
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}

/// Every acknowledged record is there as acknowledged, every effect has its
/// intent; says how many intents have no outcome.
fn check(place: &Place, acks: &BTreeMap<u64, String>) -> usize {
    let report = match verify(&place.dir(), &Known::default()) {
        Ok(report) => report,
        // Killed before anything was made.
        Err(_) if acks.is_empty() => return 0,
        Err(error) => panic!("{error}"),
    };
    assert!(report.condition() <= Condition::Unsigned, "{:?}", report.findings);
    let mut found = BTreeMap::new();
    let mut open = BTreeMap::new();
    for record in read::records(&place.dir()).unwrap() {
        let record = record.unwrap();
        match record.entry {
            Entry::Intent(intent) => {
                open.insert(record.seq, ());
                found.insert(record.seq, intent.body);
            }
            Entry::Outcome(outcome) => {
                assert!(open.remove(&outcome.of).is_some(), "an outcome without its intent");
            }
            _ => {}
        }
    }
    for (at, body) in acks {
        assert_eq!(found.get(at), Some(body), "record {at} was acknowledged");
    }
    let effects = std::fs::read_to_string(place.root.path().join("effects")).unwrap_or_default();
    for effect in effects.lines() {
        let (at, name) = effect.trim_end().split_once(' ').unwrap();
        let body = found.get(&at.parse().unwrap()).expect("an effect without its intent");
        assert!(body.starts_with(&format!("{name} ")), "an effect of another intent");
    }
    open.len()
}

fn start(place: &Place, round: usize, writer: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "crash::write_until_killed",
            "--nocapture",
            "--include-ignored",
            "--test-threads=1",
        ])
        .env("JOURNAL_PLACE", place.root.path())
        .env("JOURNAL_NAME", format!("{round}.{writer}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "run, and killed, by another test"]
fn write_until_killed() {
    let (Some(root), Ok(name)) = (std::env::var_os("JOURNAL_PLACE"), std::env::var("JOURNAL_NAME"))
    else {
        return;
    };
    let root = PathBuf::from(root);
    let mut effects =
        OpenOptions::new().append(true).create(true).open(root.join("effects")).unwrap();
    let mut stdout = std::io::stdout();
    let actor = Actor::default();
    for i in 0.. {
        // Now and then a new process's state: open and close are killed too.
        let options = Options { segment_bytes: 12_000, checkpoint_every: 16, ..Options::default() };
        let mut journal =
            FileJournal::open(&root.join("journal"), &root.join("keys/journal.key"), options)
                .unwrap();
        for j in 0..7 {
            let body = format!("{name}.{i}.{j} {}", "x".repeat((i * 131 + j * 977) % 4000));
            let severity = if j == 3 && i % 4 == 0 { "caution" } else { "safe" };
            let at = journal
                .intent(&Intent {
                    actor: &actor,
                    profile: "default",
                    kind: "run",
                    body: &body,
                    cwd: "/",
                    digest: [0; 32],
                    verdict: "allow",
                    severity,
                    rules: &[],
                    grant: None,
                    confinement: Confinement::None,
                    policy: [0; 32],
                    synced: false,
                })
                .unwrap();
            stdout.write_all(format!("ack {at} {body}\n").as_bytes()).unwrap();
            stdout.flush().unwrap();
            // Of a size that no page boundary cuts, so that a kill does not.
            let effect = format!("{at} {name}.{i}.{j}");
            effects.write_all(format!("{effect:<63}\n").as_bytes()).unwrap();
            journal.outcome(at, &Outcome::default()).unwrap();
        }
        journal.close().unwrap();
    }
}

/// Marsaglia's xorshift: the moments must differ, no more.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}
