//! What was written can be read, filtered, told and exported.

use crate::{Place, finish, intend, intend_as};
use palisade_core::Actor;
use palisade_core::ports::{Event, EventKind, Journal};
use palisade_journal::export::Ocsf;
use palisade_journal::record::Record;
use palisade_journal::view::{self, Filter};
use palisade_journal::{Options, projection, read};
use std::collections::BTreeSet;
use std::fs;

fn told(place: &Place) -> Vec<Record> {
    read::records(&place.dir()).unwrap().map(Result::unwrap).collect()
}

fn lived() -> Place {
    let place = Place::new();
    let home = place.root.path().join("home");
    let mut journal = place.open_with(Options { home: Some(home), ..Options::default() });
    let first = intend_as(&mut journal, "git status", "safe", "morning");
    finish(&mut journal, first);
    let second = intend_as(&mut journal, "rm -rf \u{1b}[2Jbuild", "caution", "morning");
    finish(&mut journal, second);
    intend_as(&mut journal, "mkfs /dev/sda", "dangerous", "evening");
    let actor = Actor::default();
    journal
        .event(&Event {
            actor: &actor,
            profile: "default",
            kind: EventKind::Secret,
            body: "set API_KEY",
        })
        .unwrap();
    journal.close().unwrap();
    place
}

#[test]
fn filters_take_outcomes_along_with_their_intents() {
    let place = lived();
    let seqs = |filter: &Filter| -> Vec<u64> {
        let mut wanted = BTreeSet::new();
        told(&place)
            .iter()
            .filter(|record| filter.passes(record, &mut wanted))
            .map(|record| record.seq)
            .collect()
    };
    assert_eq!(seqs(&Filter::default()), [0, 1, 2, 3, 4, 5]);
    assert_eq!(
        seqs(&Filter { session: Some("morning".into()), ..Filter::default() }),
        [0, 1, 2, 3]
    );
    assert_eq!(seqs(&Filter { verdict: Some("deny".into()), ..Filter::default() }), [4]);
    assert_eq!(seqs(&Filter { rule: Some("files".into()), ..Filter::default() }), [2, 3, 4]);
    assert_eq!(
        seqs(&Filter { actor: Some("claude".into()), ..Filter::default() }),
        [0, 1, 2, 3, 4]
    );
    assert_eq!(seqs(&Filter { actor: Some("1000".into()), ..Filter::default() }), [0, 1, 2, 3, 4]);
    assert_eq!(
        seqs(&Filter { profile: Some("other".into()), ..Filter::default() }),
        [] as [u64; 0]
    );
    assert_eq!(
        read::last(&place.dir(), 2).unwrap().iter().map(|r| r.seq).collect::<Vec<_>>(),
        [4, 5]
    );
}

#[test]
fn a_session_reads_as_a_story_and_nothing_in_it_acts() {
    let place = lived();
    let records = told(&place);
    let story = view::story(&records, "morning");
    assert!(story.contains("[claude] run git status\n            exit 0, 3 ms\n"), "{story}");
    assert!(story.contains("rm -rf \\u{1b}[2Jbuild") && !story.contains('\u{1b}'), "{story}");
    assert!(!story.contains("mkfs"));
    let sessions: Vec<_> =
        view::sessions(&records).into_iter().map(|s| (s.id, s.actions, s.refused)).collect();
    assert_eq!(sessions, [("morning".into(), 2, 0), ("evening".into(), 1, 1)]);
    let mut journal = place.open();
    intend_as(&mut journal, "sleep 9", "safe", "morning");
    drop(journal);
    assert!(view::story(&told(&place), "morning").contains("sleep 9\n            unknown"));
    assert!(records.iter().all(|record| !view::line(record).contains('\u{1b}')));
}

#[test]
fn projections_are_written_and_can_be_made_again() {
    let place = lived();
    let logs = place.root.path().join("home/profiles/default/logs");
    let read = |name: &str| fs::read_to_string(logs.join(name)).unwrap();
    let without_times = |text: String| -> Vec<String> {
        text.lines().map(|line| line.replace(|c: char| c.is_ascii_digit(), "0")).collect()
    };
    let before = (without_times(read("approval.log")), without_times(read("runs.jsonl")));
    assert_eq!((before.0.len(), before.1.len()), (2, 3));
    assert!(
        before.0[0]
            .contains("#0 allow caution rule=files/delete reason=once session=morning run: rm -rf"),
        "{before:?}"
    );
    fs::remove_dir_all(&logs).unwrap();
    projection::rebuild(&place.dir(), &place.root.path().join("home")).unwrap();
    let after = (without_times(read("approval.log")), without_times(read("runs.jsonl")));
    assert_eq!(before.0, after.0);
    assert_eq!(before.1.iter().collect::<BTreeSet<_>>(), after.1.iter().collect::<BTreeSet<_>>());
}

#[test]
fn projections_roll() {
    let place = Place::new();
    let home = place.root.path().join("home");
    let mut journal = place.open_with(Options { home: Some(home), ..Options::default() });
    for i in 0..4000 {
        let at = intend(&mut journal, &format!("echo {i} {}", "x".repeat(200)));
        finish(&mut journal, at);
    }
    drop(journal);
    let runs = fs::read_to_string(place.root.path().join("home/profiles/default/logs/runs.jsonl"))
        .unwrap();
    let count = runs.lines().count();
    assert!((1000..2500).contains(&count), "{count}");
    assert!(runs.contains("echo 3999 ") && !runs.contains("echo 5 "));
}

#[test]
fn ocsf_events_carry_who_what_and_verdict() {
    let place = lived();
    let mut ocsf = Ocsf::default();
    let events: Vec<_> = told(&place).iter().filter_map(|record| ocsf.event(record)).collect();
    assert_eq!(events.len(), 6);
    assert_eq!(events[0]["class_uid"], 1007);
    assert_eq!(events[0]["type_uid"], 100_701);
    assert_eq!(events[0]["process"]["cmd_line"], "git status");
    assert_eq!(events[0]["actor"]["user"]["uid"], "1000");
    assert_eq!(events[1]["activity_id"], 2);
    assert_eq!(events[1]["metadata"]["correlation_uid"], "0");
    assert_eq!(events[4]["disposition_id"], 2);
    assert_eq!(events[4]["severity_id"], 4);
    assert_eq!(events[5]["api"]["operation"], "secret");
}
