//! Witnesses, pruning, setting aside.

use crate::{Place, finish, intend, verdict};
use palisade_journal::layout::Layout;
use palisade_journal::note::{Note, SignerKey, VerifierKey};
use palisade_journal::verify::Condition;
use palisade_journal::{Known, Options, Time, keep, read, tree, verify};
use std::fs;

fn small() -> Options {
    Options { segment_bytes: 20_000, ..Options::default() }
}

fn filled(records: u64) -> Place {
    let place = Place::new();
    let mut journal = place.open_with(small());
    for i in 0..records {
        intend(&mut journal, &format!("echo {i}"));
    }
    journal.close().unwrap();
    place
}

#[test]
fn a_witness_vouches_and_its_word_is_checked() {
    let place = filled(300);
    let witness = SignerKey::witness("witness.example/phone", &[5; 32]).unwrap();
    let mut head = Note::parse(&fs::read(place.dir().join("checkpoint")).unwrap()).unwrap();
    assert!(keep::add_cosignature(&place.dir(), &head, witness.public()).is_err());
    witness.sign(&mut head, 1_800_000_000);
    keep::add_cosignature(&place.dir(), &head, witness.public()).unwrap();
    let mut journal = place.open_with(small());
    intend(&mut journal, "later");
    journal.close().unwrap();
    let known = Known { witnesses: vec![witness.public().clone()], ..Known::default() };
    let report = verify(&place.dir(), &known).unwrap();
    assert_eq!(report.condition(), Condition::Intact);
    assert_eq!((report.cosigned[0].size, report.cosigned[0].time), (300, 1_800_000_000));
    // A cosignature that was tampered with is not merely ignored.
    let path = Layout::new(&place.dir()).kept(300);
    let text = fs::read_to_string(&path).unwrap();
    let (rest, line) = text.trim_end().rsplit_once('\n').unwrap();
    let (name, data) = line.rsplit_once(' ').unwrap();
    let swapped = if data.ends_with("A==") { "Q==" } else { "A==" };
    let edited = format!("{rest}\n{name} {}{swapped}\n", &data[..data.len() - 3]);
    fs::write(&path, edited).unwrap();
    assert_eq!(verify(&place.dir(), &known).unwrap().condition(), Condition::Altered);
    // The head of another journal is not kept.
    let other = filled(3);
    let mut foreign = Note::parse(&fs::read(other.dir().join("checkpoint")).unwrap()).unwrap();
    witness.sign(&mut foreign, 1);
    assert!(keep::add_cosignature(&place.dir(), &foreign, witness.public()).is_err());
}

#[test]
fn pruning_keeps_the_hashes_and_says_so() {
    let place = filled(700);
    let before = read::one(&place.dir(), 400).unwrap().0.time;
    let early = fs::read(place.dir().join("history/00000000000000000256")).unwrap();
    let later = Time::from_millis(before.millis() + 1);
    let gone = keep::prune(&place.dir(), &place.key(), later).unwrap();
    assert!(gone > 100, "{gone}");
    assert_eq!(place.verdict(), "intact 701");
    let report = verify(&place.dir(), &Known::default()).unwrap();
    assert_eq!(report.first, gone);
    // Heads from before the pruning still agree, and proofs can still be made.
    let known = Known { heads: vec![Note::parse(&early).unwrap()], ..Known::default() };
    assert_eq!(verdict(&place.dir(), &known), "intact 701");
    assert!(report.proof(3).unwrap().starts_with("c2sp.org/tlog-proof@v1\nindex 3\n"));
    assert!(read::one(&place.dir(), 3).unwrap_err().to_string().contains("pruned"));
    // And it goes on, and can be pruned again.
    let mut journal = place.open_with(small());
    for i in 0..300 {
        intend(&mut journal, &format!("more {i}"));
    }
    journal.close().unwrap();
    // What no note covers is missing.
    let layout = Layout::new(&place.dir());
    let first = layout.segment(layout.segments().unwrap()[0]);
    let bytes = fs::read(&first).unwrap();
    fs::remove_file(&first).unwrap();
    assert!(place.verdict().starts_with("altered at record 0"), "{}", place.verdict());
    fs::write(&first, bytes).unwrap();
    assert!(keep::prune(&place.dir(), &place.key(), Time::now()).unwrap() > 100);
    assert!(place.verdict().starts_with("intact 1002"), "{}", place.verdict());
}

#[test]
fn what_is_damaged_is_not_pruned_and_can_be_set_aside() {
    let place = filled(300);
    let path = place.dir().join("log/00000000000000000000.ndjson");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("echo 7\"", "echo 8\"")).unwrap();
    let error = keep::prune(&place.dir(), &place.key(), Time::now()).unwrap_err();
    assert!(error.to_string().contains("record 7"), "{error}");
    let mut at_work = place.open();
    let aside = keep::set_aside(&place.dir(), &place.key()).unwrap();
    assert!(verdict(&aside, &Known::default()).starts_with("altered at record 7"));
    let mut journal = place.open();
    let at = intend(&mut journal, "a new beginning");
    finish(&mut journal, at);
    journal.close().unwrap();
    assert_eq!(place.verdict(), "intact 2");
    // Who was at work goes on in the new one.
    assert_eq!(intend(&mut at_work, "still here"), 2);
    assert_eq!(at_work.notices().len(), 1);
    at_work.close().unwrap();
    assert_eq!(place.verdict(), "intact 3");
    assert!(verdict(&aside, &Known::default()).starts_with("altered at record 7"));
}

#[test]
fn what_is_no_regular_file_keeps_nobody_waiting() {
    let place = filled(3);
    for name in ["log/00000000000000000003.ndjson", "history/00000000000000000003", "tile/0/001"] {
        let path = place.dir().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert!(place.verdict().starts_with("altered"), "{name}: {}", place.verdict());
        fs::remove_file(&path).unwrap();
    }
    assert_eq!(place.verdict(), "intact 3");
}

#[test]
fn a_proof_convinces_without_the_journal() {
    let place = filled(300);
    let report = verify(&place.dir(), &Known::default()).unwrap();
    let proof = report.proof(123).unwrap();
    let (line, key) = (
        read::one(&place.dir(), 123).unwrap().1,
        fs::read_to_string(place.dir().join("key.pub")).unwrap(),
    );
    let (path, note) = proof.split_once("\n\n").unwrap();
    let note = Note::parse(note.as_bytes()).unwrap();
    let key = VerifierKey::parse(key.trim_end()).unwrap();
    assert_eq!(key.check(&note), palisade_journal::note::Signed::By(None));
    let head = palisade_journal::note::Checkpoint::parse(&note).unwrap();
    let hashes: Vec<tree::Hash> = path
        .lines()
        .skip(2)
        .map(|line| data_encoding::BASE64.decode(line.as_bytes()).unwrap().try_into().unwrap())
        .collect();
    assert!(tree::proves(&tree::leaf(&line), 123, head.size, &hashes, &head.root));
    assert!(!tree::proves(&tree::leaf(b"another"), 123, head.size, &hashes, &head.root));
    assert!(report.proof(300).is_err());
}
