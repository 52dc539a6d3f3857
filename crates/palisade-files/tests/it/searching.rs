//! Searches as ripgrep makes them, within bounds, and without secrets.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use palisade_core::{FileWork, Search};
use palisade_files::Limits;

use crate::room::Room;

fn wanted(pattern: &str) -> Search {
    Search { pattern: pattern.into(), ..Search::default() }
}

#[test]
fn matches_with_their_lines() {
    let room = Room::new();
    room.put("project/src/a.rs", "one\ntwo Needle\nthree\n");
    room.put("project/src/b.txt", "needle\r\n");
    room.put("project/target/c.rs", "needle\n");
    room.put("project/.hidden/d.rs", "needle\n");
    room.put("project/.gitignore", "target/\n");
    let run = |search: Search| room.tool(".", &FileWork::Search(search)).unwrap().text;
    assert_eq!(run(wanted("needle")), "src/b.txt:1:needle\n");
    let any = Search { ignore_case: true, ..wanted("needle") };
    assert_eq!(run(any.clone()), "src/a.rs:2:two Needle\nsrc/b.txt:1:needle\n");
    let rust = Search { globs: vec!["*.rs".into()], ..any.clone() };
    assert_eq!(run(rust), "src/a.rs:2:two Needle\n");
    let all = Search { all: true, ..wanted("needle") };
    assert_eq!(run(all), ".hidden/d.rs:1:needle\nsrc/b.txt:1:needle\ntarget/c.rs:1:needle\n");
    let around = Search { context: 1, globs: vec!["!*.txt".into()], ..any };
    assert_eq!(run(around), "src/a.rs-1-one\nsrc/a.rs:2:two Needle\nsrc/a.rs-3-three\n");
    let plain = Search { literal: true, ..wanted("e(d") };
    assert_eq!(run(plain), "");
    let one = room.tool("src/b.txt", &FileWork::Search(wanted("needle"))).unwrap();
    assert_eq!(one.sources.len(), 1);
    for bad in ["", "(", "a{100000}{100000}", "a\nb", &"x".repeat(20_000)] {
        assert!(room.search(".", bad).is_err(), "{bad}");
    }
    let glob = Search { globs: vec!["[".into()], ..wanted("x") };
    assert!(room.tool(".", &FileWork::Search(glob)).is_err());
}

#[test]
fn secrets_are_left_out_and_counted() {
    let room = Room::new();
    room.put(".ssh/id_rsa", "needle\n");
    room.put(".aws/credentials", "needle\n");
    room.put(".palisade/profiles/default/.env", "needle\n");
    room.put(".netrc", "needle\n");
    room.put("project/.env", "needle\n");
    room.put("project/key.pem", "needle\n");
    room.put("project/a.txt", "needle\n");
    symlink(room.home.join(".netrc"), room.at("link.txt")).unwrap();
    symlink(room.home.join(".ssh"), room.at("linked")).unwrap();
    let search = Search { all: true, ..wanted("needle") };
    let shown = room.tool("~", &FileWork::Search(search)).unwrap();
    assert_eq!(shown.text, "project/a.txt:1:needle\n");
    assert!(shown.notes.iter().any(|note| note.starts_with("left out: 6 ")), "{shown:?}");
    assert_eq!(room.search("~/.ssh", "needle"), Err("deny: secret/ssh-key".into()));
    assert_eq!(room.search(".env", "needle"), Err("ask: secret/env-file".into()));
    assert_eq!(room.search("/etc", "root"), Err("deny: file/system-place".into()));
}

#[test]
fn a_search_ends() {
    let room = Room::small(Limits { matches: 10, shown: 1000, ..Limits::default() });
    room.put("project/a", "word\n".repeat(1000));
    let shown = room.search(".", "word").unwrap();
    assert!(shown.more && shown.text.lines().count() == 10);
    room.put("project/b", format!("{}\n", "long".repeat(10_000)));
    let shown = room.search("b", "long").unwrap();
    assert!(shown.text.len() < 600 && shown.text.ends_with(" ..\n"), "{}", shown.text.len());
    let none = Room::small(Limits { search_time: Duration::ZERO, ..Limits::default() });
    none.put("project/a", "word\n");
    let shown = none.search(".", "word").unwrap();
    assert!(shown.more && shown.text.is_empty() && shown.notes[0].contains("ended after"));
}

#[cfg(target_os = "linux")]
#[test]
fn ignore_files_that_are_pipes_do_not_stop_it() {
    let room = Room::new();
    for name in [".gitignore", ".ignore", ".rgignore"] {
        rustix::fs::mknodat(
            rustix::fs::CWD,
            room.at(name),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
    }
    room.put("project/a", "word\n");
    assert_eq!(room.search(".", "word").unwrap().text, "a:1:word\n");
}

#[test]
fn a_line_without_end_costs_no_memory() {
    let room = Room::new();
    room.put("project/line", "x".repeat(20 << 20));
    room.put("project/z", "xx\n");
    let shown = room.search(".", "xx").unwrap();
    assert_eq!(shown.text, "z:1:xx\n");
    assert!(shown.notes.iter().any(|note| note.contains("could not be read")), "{shown:?}");
    let _ = fs::remove_file(room.at("line"));
}
