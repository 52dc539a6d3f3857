//! Another thread exchanges what stands under a name while tools use it.
//!
//! `PALISADE_SWAPS=100000` sets how often each tool is tried.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use palisade_core::ports::FileTools;
use palisade_core::{FileUse, FileWork, Search};
use palisade_files::Files;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::room::{Room, permit};

const SECRET: &str = "the secret itself\n";
const PUBLIC: &str = "nothing special\n";

fn attempts() -> usize {
    std::env::var("PALISADE_SWAPS").ok().and_then(|text| text.parse().ok()).unwrap_or(400)
}

/// Exchanges `a` and `b` until told to stop; says how often.
fn exchange(a: &Path, b: &Path, stop: &Arc<AtomicBool>) -> thread::JoinHandle<usize> {
    let (a, b, stop) = (a.to_owned(), b.to_owned(), Arc::clone(stop));
    thread::spawn(move || {
        let mut count = 0;
        while !stop.load(Ordering::Relaxed) {
            count += usize::from(renameat_with(CWD, &a, CWD, &b, RenameFlags::EXCHANGE).is_ok());
        }
        count
    })
}

/// What a tool did in all attempts.
#[derive(Debug, Default)]
struct Tally {
    done: usize,
    refused: usize,
    faults: usize,
}

/// Opens, judges, waits for an exchange or not, and does.
fn attempt(room: &Room, files: &Files, path: &str, work: &FileWork, tally: &mut Tally) -> String {
    let how = work.how();
    let Ok(open) = files.open(path, &room.places.cwd, how) else {
        tally.faults += 1;
        return String::new();
    };
    let Ok(permit) = permit(how, open.facts(), &room.places) else {
        tally.refused += 1;
        return String::new();
    };
    thread::yield_now();
    match open.carry_out(permit, work) {
        Ok(shown) => {
            tally.done += 1;
            shown.text
        }
        // Near misses are shown text as well.
        Err(fault) => {
            tally.faults += 1;
            fault.to_string()
        }
    }
}

/// A project in which `name` is now an honest thing, now a link to the keys.
fn prepared(directory: bool) -> Room {
    let room = Room::new();
    room.put(".ssh/work", SECRET);
    if directory {
        room.put("project/door/work", PUBLIC);
        symlink(room.home.join(".ssh"), room.at("trap")).unwrap();
    } else {
        room.put("project/door", PUBLIC);
        symlink(room.home.join(".ssh/work"), room.at("trap")).unwrap();
    }
    room
}

fn run(directory: bool, path: &str, by_hand: bool, works: &[FileWork]) {
    let room = prepared(directory);
    let files = Files::new(room.places.clone());
    let files = if by_hand { files.by_hand() } else { files };
    let stop = Arc::new(AtomicBool::new(false));
    let swapper = exchange(&room.at("door"), &room.at("trap"), &stop);
    let mut wins = 0;
    let mut tallies = Vec::new();
    for work in works {
        let mut tally = Tally::default();
        for _ in 0..attempts() {
            let shown = attempt(&room, &files, path, work, &mut tally);
            wins += usize::from(shown.contains("secret itself"));
            if work.how().changes() {
                let keys: Vec<_> =
                    fs::read_dir(room.home.join(".ssh")).unwrap().flatten().collect();
                wins += usize::from(keys.len() != 1);
                wins += usize::from(fs::read_to_string(keys[0].path()).unwrap() != SECRET);
            }
        }
        tallies.push((work.how().word(), tally));
    }
    stop.store(true, Ordering::Relaxed);
    let swaps = swapper.join().unwrap();
    eprintln!("{swaps} swaps, {wins} wins: {tallies:?}");
    assert_eq!(wins, 0, "{tallies:?}");
    assert!(swaps > 0 && tallies.iter().any(|(_, tally)| tally.done > 0), "{tallies:?}");
}

fn reading() -> Vec<FileWork> {
    vec![FileWork::Read { from: 1, lines: None, numbered: false }]
}

fn searching() -> Vec<FileWork> {
    let search = Search { pattern: "secret|special".into(), all: true, ..Search::default() };
    vec![FileWork::Search(search)]
}

fn writing() -> Vec<FileWork> {
    vec![
        FileWork::Write { content: PUBLIC.into(), parents: true },
        FileWork::Edit { old: "the secret".into(), new: "THE SECRET".into(), all: false },
    ]
}

#[test]
fn reads_through_a_swapped_file() {
    run(false, "door", false, &reading());
}

#[test]
fn reads_through_a_swapped_directory() {
    run(true, "door/work", false, &reading());
}

#[test]
fn reads_by_hand_through_a_swapped_directory() {
    run(true, "door/work", true, &reading());
}

#[test]
fn searches_of_a_swapped_directory() {
    run(true, "door", false, &searching());
}

#[test]
fn searches_above_a_swapped_directory() {
    run(true, ".", false, &searching());
}

#[test]
fn writes_to_a_swapped_file() {
    run(false, "door", false, &writing());
}

#[test]
fn writes_into_a_swapped_directory() {
    run(true, "door/work", false, &writing());
    run(true, "door/new", false, &writing()[..1]);
}

#[test]
fn writes_by_hand_into_a_swapped_directory() {
    run(true, "door/work", true, &writing());
}

/// A hard link to the secret instead of a link by name.
#[test]
fn reads_and_writes_of_a_file_swapped_with_a_hard_link() {
    let room = Room::new();
    let secret = room.put(".ssh/work", SECRET);
    room.put("project/door", PUBLIC);
    fs::hard_link(&secret, room.at("trap")).unwrap();
    let files = Files::new(room.places.clone());
    let stop = Arc::new(AtomicBool::new(false));
    let swapper = exchange(&room.at("door"), &room.at("trap"), &stop);
    let mut tally = Tally::default();
    // Each look compares with all protected files, so there are fewer of them.
    for _ in 0..attempts() / 10 {
        for work in reading().iter().chain(&writing()) {
            let shown = attempt(&room, &files, "door", work, &mut tally);
            assert!(!shown.contains("secret itself"), "{shown}");
            assert_eq!(fs::read_to_string(&secret).unwrap(), SECRET);
        }
    }
    stop.store(true, Ordering::Relaxed);
    assert!(swapper.join().unwrap() > 0 && tally.done > 0 && tally.refused > 0, "{tally:?}");
    assert_eq!(room.rules("../.ssh/work", FileUse::Read), ["secret/ssh-key"]);
}
