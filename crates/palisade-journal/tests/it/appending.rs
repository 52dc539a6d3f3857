//! One writer, many writers, full disks.

use crate::{Place, finish, intend, intend_as, verdict};
use palisade_core::ports::{Event, EventKind, Journal};
use palisade_core::{Actor, Confinement};
use palisade_journal::record::{Entry, Note};
use palisade_journal::{FileJournal, Known, Options, read, verify};
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[test]
fn a_journal_begins_private_goes_on_and_verifies() {
    let place = Place::new();
    let mut journal = place.open();
    assert!(!place.key().exists());
    let intent = intend(&mut journal, "ls");
    assert!(!place.key().exists(), "no key before the first signature");
    finish(&mut journal, intent);
    journal.close().unwrap();
    assert_eq!(place.verdict(), "intact 2");
    let mut journal = place.open();
    assert_eq!(intend(&mut journal, "pwd"), 2);
    drop(journal);
    assert_eq!(place.verdict(), "intact 3");
    for (path, mode) in [
        (place.key(), 0o600),
        (place.dir(), 0o700),
        (place.dir().join("log"), 0o700),
        (place.dir().join("log/00000000000000000000.ndjson"), 0o600),
        (place.dir().join("checkpoint"), 0o600),
    ] {
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, mode, "{path:?}");
    }
}

#[test]
fn the_tree_goes_on_over_segments_checkpoints_and_writers() {
    let place = Place::new();
    let options = || Options { segment_bytes: 20_000, checkpoint_every: 100, ..Options::default() };
    let mut writers: Vec<_> = (0..3).map(|_| place.open_with(options())).collect();
    for i in 0..1500_usize {
        assert_eq!(intend(&mut writers[i % 3], &format!("echo {i}")), i as u64);
        if i % 97 == 0 {
            assert!(!place.verdict().starts_with("altered"), "{}", place.verdict());
        }
    }
    drop(writers);
    assert_eq!(place.verdict(), "intact 1500");
    let bodies: Vec<_> = read::records(&place.dir()).unwrap().map(|r| r.unwrap().seq).collect();
    assert_eq!(bodies, (0..1500).collect::<Vec<_>>());
    assert!(fs::read_dir(place.dir().join("log")).unwrap().count() > 10);
    assert!(place.dir().join("tile/0/004").exists() && place.dir().join("tile/1/000.p/5").exists());
    assert!(place.dir().join("history").read_dir().unwrap().count() == 5);
    let edges = || -> Vec<_> {
        let edges = place.dir().join("edge").read_dir().unwrap();
        edges.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(edges(), ["00000000000000001280"]);
    // Others need the partial tiles of a head that they are given.
    assert!(!place.dir().join("tile/0/005.p").exists());
    place.open().checkpoint().unwrap();
    assert!(place.dir().join("tile/0/005.p/220").exists());
    for i in 1500..1540 {
        intend(&mut place.open(), &format!("echo {i}"));
    }
    assert!(place.dir().join("tile/0/005").exists() && !place.dir().join("tile/0/005.p").exists());
    assert_eq!(edges(), ["00000000000000001536"]);
    assert_eq!(place.verdict(), "intact 1540");
}

#[test]
fn a_journal_without_an_edge_of_its_own_goes_on() {
    // As it was written before there was one: a partial tile for the head.
    for records in [1, 20, 255, 256, 257, 300] {
        let place = Place::new();
        let mut journal = place.open();
        for i in 0..records {
            intend(&mut journal, &format!("{i}"));
        }
        journal.checkpoint().unwrap();
        drop(journal);
        let _ = fs::remove_dir_all(place.dir().join("edge"));
        assert_eq!(place.verdict(), format!("intact {records}"));
        intend(&mut place.open(), "next");
        assert_eq!(place.verdict(), format!("intact {}", records + 1));
        assert!(records == 255 || place.dir().join("edge").exists());
    }
}

#[test]
fn a_crash_between_edge_tiles_and_head_is_no_damage() {
    // The head is written last: whatever came before it may be there already,
    // and what it takes the place of may be gone or not.
    for (before, with_gone) in [(250, true), (250, false), (40, true)] {
        let place = Place::new();
        let options = Options { checkpoint_every: 1 << 20, ..Options::default() };
        let mut journal = place.open_with(options);
        for i in 0..before {
            intend(&mut journal, &format!("{i}"));
        }
        journal.checkpoint().unwrap();
        let older = snapshot(&place.dir());
        for i in before..before + 20 {
            intend(&mut journal, &format!("{i}"));
        }
        drop(journal);
        for (path, bytes) in older {
            if path.ends_with("checkpoint") || with_gone && !path.exists() {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, &bytes).unwrap();
            }
        }
        let _ = fs::remove_dir_all(place.dir().join("history"));
        assert!(place.verdict().starts_with("unsigned"), "{}", place.verdict());
        let mut journal = place.open();
        intend(&mut journal, "next");
        journal.checkpoint().unwrap();
        // Who puts an older head back leaves the same, so it is told and recorded.
        let told = journal.notices().join("\n");
        assert!(told.contains("an older head was put back"), "{told}");
        drop(journal);
        assert_eq!(place.verdict(), format!("intact {}", before + 22));
        intend(&mut place.open(), "and so on");
        assert_eq!(place.verdict(), format!("intact {}", before + 23));
    }
}

#[test]
fn an_older_head_with_its_tree_is_told() {
    let place = Place::new();
    intend(&mut place.open(), "one");
    let older = snapshot(&place.dir());
    intend(&mut place.open(), "two");
    let records = |path: &Path| path.extension().is_some_and(|end| end == "ndjson");
    for (path, bytes) in older.iter().filter(|(path, _)| !records(path)) {
        fs::write(path, bytes).unwrap();
    }
    let health = || palisade_journal::health(&place.dir(), &place.key());
    assert!(health().unwrap_err().to_string().contains("an older one was put back"));
    let mut journal = place.open();
    intend(&mut journal, "three");
    journal.checkpoint().unwrap();
    let told = journal.notices().join("\n");
    assert!(told.contains("an older head was put back"), "{told}");
    drop(journal);
    // Once: from here on it is the last one.
    health().unwrap();
    let mut journal = place.open();
    intend(&mut journal, "four");
    journal.checkpoint().unwrap();
    assert_eq!(journal.notices(), Vec::<String>::new());
    drop(journal);
    assert_eq!(place.verdict(), "intact 5");
}

#[test]
fn records_changed_behind_an_older_head_stay_damage() {
    // The head alone is put back, the head and its tree, or everything.
    for back in [&["checkpoint"][..], &["checkpoint", "edge"], &["checkpoint", "edge", "log"]] {
        let place = Place::new();
        intend(&mut place.open(), "one");
        let older = snapshot(&place.dir());
        intend(&mut place.open(), "two");
        let spare = Place::new();
        for (path, bytes) in &older {
            let there = spare.dir().join(path.strip_prefix(place.dir()).unwrap());
            fs::create_dir_all(there.parent().unwrap()).unwrap();
            fs::write(there, bytes).unwrap();
        }
        // What another key's owner would have had recorded there.
        intend(
            &mut spare.open_with(Options { checkpoint_every: 99, ..Options::default() }),
            "other",
        );
        let log = PathBuf::from("log/00000000000000000000.ndjson");
        fs::copy(spare.dir().join(&log), place.dir().join(&log)).unwrap();
        for (path, bytes) in &older {
            let name = path.strip_prefix(place.dir()).unwrap();
            if back.iter().any(|one| name.starts_with(one)) {
                fs::write(path, bytes).unwrap();
            }
        }
        let mut journal = place.open();
        intend(&mut journal, "next");
        journal.checkpoint().unwrap();
        let told = journal.notices().join("\n");
        assert!(told.contains("are not those that were signed"), "{told}");
        drop(journal);
        for _ in 0..2 {
            let verdict = place.verdict();
            assert!(verdict.starts_with("altered at record 1: it"), "{back:?} {verdict}");
            intend(&mut place.open(), "and so on");
        }
    }
}

#[test]
fn a_tree_that_was_made_again_is_told_and_stays_told() {
    for cut in [true, false] {
        let place = Place::new();
        intend(&mut place.open(), "one");
        intend(&mut place.open(), "two");
        let edge = place.dir().join("edge/00000000000000000000");
        if cut {
            fs::write(&edge, [7; 32]).unwrap();
        } else {
            fs::remove_file(&edge).unwrap();
        }
        assert!(place.verdict().starts_with("altered"));
        let mut journal = place.open();
        intend(&mut journal, "three");
        journal.checkpoint().unwrap();
        assert_eq!(journal.notices().len(), 1);
        drop(journal);
        intend(&mut place.open(), "four");
        let report = verify(&place.dir(), &Known::default()).unwrap();
        assert_eq!(report.worst(), None);
        let [(3, what)] = report.repairs.as_slice() else { panic!("{:?}", report.repairs) };
        assert!(what.contains("made again"), "{what}");
    }
}

/// All files, and what is in them.
fn snapshot(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(snapshot(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found
}

#[test]
fn eight_threads_lose_and_repeat_nothing() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let place = &place;
            scope.spawn(move || {
                let mut journal = place.open_with(Options { segment_bytes: 30_000, ..Options::default() });
                for i in 0..150 {
                    let severity = if i % 50 == 0 { "caution" } else { "safe" };
                    let at = intend_as(&mut journal, &format!("{thread}/{i}"), severity, "s");
                    let (record, _) = read::one(&place.dir(), at).unwrap();
                    assert!(matches!(record.entry, Entry::Intent(intent) if intent.body == format!("{thread}/{i}")));
                }
            });
        }
    });
    assert_eq!(place.verdict(), "intact 1200");
    // Each thread's records are in its order.
    let mut next = [0; 8];
    for record in read::records(&place.dir()).unwrap() {
        let Entry::Intent(intent) = record.unwrap().entry else { panic!() };
        let (thread, i) = intent.body.split_once('/').unwrap();
        let thread: usize = thread.parse().unwrap();
        assert_eq!(i, next[thread].to_string());
        next[thread] += 1;
    }
}

#[test]
fn what_is_signed_and_torn_is_lost_and_its_place_is_not_taken() {
    for cut in [1, 2, 20, 200] {
        let place = Place::new();
        for i in 0..6 {
            intend(&mut place.open(), &format!("{i}"));
        }
        let path = place.dir().join("log/00000000000000000000.ndjson");
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - cut]).unwrap();
        // Only the newline is gone: the record is whole.
        let whole = cut == 1;
        if !whole {
            assert!(place.verdict().starts_with("truncated"), "{}", place.verdict());
            let health = palisade_journal::health(&place.dir(), &place.key());
            assert!(health.unwrap_err().to_string().contains("signed and missing"));
        }
        let mut journal = place.open();
        let at = intend(&mut journal, "next");
        let told = journal.notices().join("\n");
        drop(journal);
        if whole {
            assert_eq!((at, told.as_str()), (6, ""));
            continue;
        }
        assert!(told.starts_with("records 5 to 5 are lost"), "{told}");
        assert_eq!(at, 7, "6 is the note");
        let verdict = place.verdict();
        assert!(verdict.starts_with("truncated at record 5: it"), "{verdict}");
    }
}

#[test]
fn a_head_that_is_no_head_is_damage_with_a_way_out() {
    let garbled: [fn(&Path); 7] = [
        |path| {
            let elsewhere = path.with_file_name("history");
            fs::rename(path, &elsewhere).unwrap();
            std::os::unix::fs::symlink(elsewhere, path).unwrap();
        },
        |path| fs::write(path, "").unwrap(),
        |path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        },
        |path| fs::write(path, vec![b'x'; 3 << 20]).unwrap(),
        |path| fs::remove_file(path).unwrap(),
        |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        },
        |path| {
            let other = Place::new();
            intend(&mut other.open(), "elsewhere");
            fs::copy(other.dir().join("checkpoint"), path).unwrap();
        },
    ];
    for (at, garble) in garbled.iter().enumerate() {
        let place = Place::new();
        intend(&mut place.open(), "first");
        assert!(palisade_journal::health(&place.dir(), &place.key()).is_ok());
        garble(&place.dir().join("checkpoint"));
        let mut journal = place.open();
        intend(&mut journal, "records are still written");
        for error in [
            journal.checkpoint().unwrap_err(),
            palisade_journal::health(&place.dir(), &place.key()).unwrap_err(),
        ] {
            assert!(error.to_string().contains("head (`checkpoint`)"), "{at}: {error}");
            assert!(error.help().contains("palisade log set-aside"), "{at}: {}", error.help());
        }
        assert!(!place.verdict().starts_with("intact"), "{at}");
    }
}

#[test]
fn torn_tails_are_repaired_told_and_hide_nothing() {
    let whole = Place::new();
    let mut journal = whole.open();
    intend(&mut journal, "first");
    intend(&mut journal, "second");
    std::mem::forget(journal);
    let path = whole.dir().join("log/00000000000000000000.ndjson");
    let bytes = fs::read(&path).unwrap();
    let last_line = bytes[..bytes.len() - 1].iter().rposition(|b| *b == b'\n').unwrap() + 1;
    for cut in last_line..=bytes.len() {
        fs::write(&path, &bytes[..cut]).unwrap();
        let mut journal = whole.open();
        let at = intend(&mut journal, "third");
        let told = journal.notices();
        journal.close().unwrap();
        // With or without its newline the whole record stays.
        let expected = match cut {
            cut if cut == bytes.len() || cut == bytes.len() - 1 => (2, 0),
            cut if cut == last_line => (1, 0),
            _ => (2, 1),
        };
        assert_eq!((at, told.len()), expected, "cut at {cut}: {told:?}");
        assert!(whole.verdict().starts_with("intact"), "cut at {cut}: {}", whole.verdict());
        for dir in ["tile", "edge", "log", "history"] {
            let _ = fs::remove_dir_all(whole.dir().join(dir));
        }
        fs::create_dir(whole.dir().join("log")).unwrap();
        fs::remove_file(whole.dir().join("checkpoint")).unwrap();
        fs::remove_file(whole.dir().join("key.pub")).unwrap();
        fs::remove_file(whole.key()).unwrap();
    }
}

#[test]
fn a_segment_without_its_first_line_is_begun_again() {
    let place = Place::new();
    let mut journal = place.open();
    intend(&mut journal, "first");
    drop(journal);
    let old = place.dir().join("log/00000000000000000000.ndjson");
    fs::set_permissions(&old, fs::Permissions::from_mode(0o400)).unwrap();
    for (next, torn) in [(1, ""), (2, "{\"palisade-jour")] {
        let path = place.dir().join(format!("log/{next:020}.ndjson"));
        fs::write(path, torn).unwrap();
        assert!(place.verdict().starts_with("unsigned"), "{}", place.verdict());
        let mut journal = place.open();
        assert_eq!(intend(&mut journal, "next"), next);
        assert_eq!(journal.notices().len(), 1);
        journal.close().unwrap();
        assert_eq!(place.verdict(), format!("intact {}", next + 1));
        let sealed = place.dir().join(format!("log/{next:020}.ndjson"));
        fs::set_permissions(sealed, fs::Permissions::from_mode(0o400)).unwrap();
    }
}

#[test]
fn signed_records_that_the_disk_lost_are_never_written_again() {
    let place = Place::new();
    let mut journal = place.open();
    for i in 0..20 {
        intend(&mut journal, &format!("{i}"));
    }
    drop(journal);
    let path = place.dir().join("log/00000000000000000000.ndjson");
    let text = fs::read_to_string(&path).unwrap();
    let kept: String = text.split_inclusive('\n').take(16).collect();
    fs::write(&path, kept).unwrap();
    assert_eq!(
        place.verdict(),
        "truncated at record 15: it and the following ones up to 19 are signed and missing"
    );
    let mut journal = place.open();
    assert_eq!(intend(&mut journal, "goes on"), 21);
    assert_eq!(journal.notices().len(), 1);
    drop(journal);
    assert_eq!(intend(&mut place.open(), "and on"), 22);
    assert_eq!(
        place.verdict(),
        "truncated at record 15: it and the following ones up to 19 are missing: lost, as a later record says"
    );
    // Without the hashes as well, nothing can go on.
    let path = place.dir().join("log/00000000000000000020.ndjson");
    fs::write(
        &path,
        fs::read_to_string(&path).unwrap().split_inclusive('\n').take(2).collect::<String>(),
    )
    .unwrap();
    fs::remove_dir_all(place.dir().join("edge")).unwrap();
    let mut journal = place.open();
    let error = journal.append(&Entry::Note(Note::default()), false).unwrap_err();
    assert!(error.to_string().contains("does not add up"), "{error}");
}

#[test]
fn tiles_that_a_crash_emptied_are_made_again() {
    let place = Place::new();
    let mut journal = place.open();
    for i in 0..300 {
        intend(&mut journal, &format!("{i}"));
    }
    drop(journal);
    fs::write(place.dir().join("edge/00000000000000000256"), "").unwrap();
    fs::remove_file(place.dir().join("tile/0/000")).unwrap();
    assert!(place.verdict().starts_with("altered"));
    intend(&mut place.open(), "next");
    // With a note that says so.
    assert_eq!(place.verdict(), "intact 302");
}

#[test]
fn a_writer_signs_only_what_it_wrote_and_what_was_signed() {
    let place = Place::new();
    let mut journal = place.open();
    intend(&mut journal, "first");
    journal.checkpoint().unwrap();
    intend(&mut journal, "transfer one coin");
    let path = place.dir().join("log/00000000000000000000.ndjson");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("one coin", "ten coin")).unwrap();
    journal.close().unwrap();
    assert_eq!(
        place.verdict(),
        "altered at record 1: it is not as it was written, or does not follow the record before"
    );

    // A head that is not ours, or none where there was one, is not built upon.
    for forged in [
        None,
        Some(
            "palisade/journal/x\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u{2014} a AAAAAA==\n",
        ),
    ] {
        let place = Place::new();
        intend(&mut place.open(), "first");
        match forged {
            None => fs::remove_file(place.dir().join("checkpoint")).unwrap(),
            Some(text) => fs::write(place.dir().join("checkpoint"), text).unwrap(),
        }
        let mut journal = place.open();
        intend(&mut journal, "second");
        assert!(journal.close().is_err());
    }
}

#[test]
fn events_and_cautions_are_synced() {
    let place = Place::new();
    let mut journal = place.open();
    intend(&mut journal, "ls");
    assert!(!place.dir().join("synced").exists());
    let actor = Actor::default();
    journal
        .event(&Event {
            actor: &actor,
            profile: "default",
            kind: EventKind::Grant,
            body: "always: rm build",
        })
        .unwrap();
    assert_eq!(fs::read(place.dir().join("synced")).unwrap().len(), 32);
    let before = fs::read(place.dir().join("synced")).unwrap();
    intend_as(&mut journal, "rm x", "caution", "s");
    assert_ne!(fs::read(place.dir().join("synced")).unwrap(), before);
    let Entry::Intent(intent) = read::one(&place.dir(), 2).unwrap().0.entry else { panic!() };
    assert!(intent.synced);
    assert_eq!(intent.confinement, "none");
    let _ = Confinement::None;
}

#[test]
fn a_disk_without_room_and_a_directory_without_rights_refuse() {
    // A file size limit stands for a full disk; its signal is ignored.
    let place = Place::new();
    let program = std::env::current_exe().unwrap();
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" --exact appending::until_it_fails --nocapture --include-ignored";
    let run = Command::new("sh")
        .args(["-c", script])
        .arg(program)
        .env("JOURNAL_PLACE", place.root.path())
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8(run.stdout).unwrap();
    let written: u64 =
        said.lines().filter_map(|l| l.strip_prefix("wrote ")).next_back().unwrap().parse().unwrap();
    assert!(
        said.contains("refused: cannot write to") && said.contains("free some space"),
        "{said}"
    );
    assert_eq!(read::records(&place.dir()).unwrap().count() as u64, written + 1);
    let report = verify(&place.dir(), &Known::default()).unwrap();
    assert!(report.findings.iter().all(|f| f.what.contains("signed")), "{:?}", report.findings);
    intend(&mut place.open(), "there is room again");
    assert!(place.verdict().starts_with("intact"), "{}", place.verdict());
}

#[test]
#[ignore = "run by another test, under a limit"]
fn until_it_fails() {
    let Some(root) = std::env::var_os("JOURNAL_PLACE") else { return };
    let root = std::path::PathBuf::from(root);
    let mut journal =
        FileJournal::open(&root.join("journal"), &root.join("key"), Options::default()).unwrap();
    loop {
        match journal.append(&Entry::Note(Note { body: "x".repeat(300), ..Note::default() }), false)
        {
            Ok(at) => println!("wrote {at}"),
            Err(error) => {
                println!("refused: {error}; {}", error.help());
                std::io::stdout().flush().unwrap();
                // As a kill would: no signature over what was written.
                std::process::exit(0);
            }
        }
    }
}

#[test]
fn links_in_place_of_files_are_not_followed() {
    let place = Place::new();
    intend(&mut place.open(), "first");
    let elsewhere = place.root.path().join("elsewhere");
    let path = place.dir().join("log/00000000000000000000.ndjson");
    fs::rename(&path, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    let mut journal = place.open();
    assert!(journal.append(&Entry::Note(Note::default()), false).is_err());
    assert!(verdict(&place.dir(), &Known::default()).contains("cannot be opened"));
}

#[test]
fn what_has_a_second_name_is_not_written_through_it() {
    let place = Place::new();
    intend(&mut place.open(), "first");
    let other = place.root.path().join("other");
    // The head is replaced, so that the other name keeps the old one.
    fs::hard_link(place.dir().join("checkpoint"), &other).unwrap();
    let old = fs::read(&other).unwrap();
    intend(&mut place.open(), "second");
    assert_eq!(place.verdict(), "intact 2");
    assert_eq!(fs::read(&other).unwrap(), old);
    fs::remove_file(&other).unwrap();
    // A segment cannot be.
    fs::hard_link(place.dir().join("log/00000000000000000000.ndjson"), &other).unwrap();
    let mut journal = place.open();
    let error = journal.append(&Entry::Note(Note::default()), false).unwrap_err();
    assert!(error.to_string().contains("another name"), "{error}");
    drop(journal);
    fs::remove_file(&other).unwrap();
    intend(&mut place.open(), "third");
    assert_eq!(place.verdict(), "intact 3");
}

#[test]
fn a_hostile_umask_changes_nothing() {
    let place = Place::new();
    let program = std::env::current_exe().unwrap();
    for umask in ["0000", "0777"] {
        let root = place.root.path().join(umask);
        fs::create_dir(&root).unwrap();
        let script = format!(
            "umask {umask}; exec \"$0\" --exact appending::once_somewhere --nocapture --include-ignored"
        );
        let run = Command::new("sh")
            .args(["-c", &script])
            .arg(&program)
            .env("JOURNAL_PLACE", &root)
            .output()
            .unwrap();
        assert!(run.status.success(), "{run:?}");
        let mut checked = 0;
        let mut stack = vec![root.clone()];
        while let Some(dir) = stack.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let entry = entry.unwrap();
                let mode = entry.metadata().unwrap().mode() & 0o777;
                let expected = if entry.metadata().unwrap().is_dir() { 0o700 } else { 0o600 };
                assert_eq!(mode, expected, "{:?}", entry.path());
                checked += 1;
                if entry.metadata().unwrap().is_dir() {
                    stack.push(entry.path());
                }
            }
        }
        assert!(checked > 8);
    }
}

#[test]
#[ignore = "run by another test, under a umask"]
fn once_somewhere() {
    let Some(root) = std::env::var_os("JOURNAL_PLACE") else { return };
    let root = std::path::PathBuf::from(root);
    let mut journal =
        FileJournal::open(&root.join("a/journal"), &root.join("b/keys/key"), Options::default())
            .unwrap();
    intend_as(&mut journal, "rm x", "caution", "s");
    journal.close().unwrap();
}
