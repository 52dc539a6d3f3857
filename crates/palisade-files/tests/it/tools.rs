//! What the tools do to ordinary files.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use palisade_core::ports::FileTools;
use palisade_core::{FileUse, FileWork};
use palisade_files::Limits;

use crate::room::{Room, permit};

#[test]
fn lines_are_shown_within_bounds() {
    let room = Room::new();
    let text: String = (1..=5000).map(|at| format!("line {at}\n")).collect();
    room.put("project/a.txt", &text);
    let read = |from, lines, numbered| {
        room.tool("a.txt", &FileWork::Read { from, lines, numbered })
            .map(|shown| (shown.text, shown.more))
    };
    assert_eq!(read(3, Some(2), false), Ok(("line 3\nline 4\n".into(), true)));
    assert_eq!(read(5000, None, true), Ok(("  5000\tline 5000\n".into(), false)));
    let (all, more) = read(0, None, false).unwrap();
    assert!(more && all.lines().count() == 2000 && all.ends_with("line 2000\n"));
    assert_eq!(read(5001, None, false).unwrap_err().matches("5000 lines only").count(), 1);
    room.put("project/one", "a".repeat(1 << 20));
    let shown =
        room.tool("one", &FileWork::Read { from: 1, lines: None, numbered: false }).unwrap();
    assert!(shown.text.len() < 20_000 && shown.notes[0].contains("1048576 bytes and is cut"));
    room.put("project/letters", "\u{e9}".repeat(20_000));
    assert!(room.read("letters").unwrap().starts_with('\u{e9}'));
    room.put("project/none", "");
    assert_eq!(room.read("none"), Ok(String::new()));
    room.put("project/end", "a\nb");
    assert_eq!(room.read("end"), Ok("a\nb".into()));
}

#[test]
fn endings_and_marks_are_kept() {
    let room = Room::new();
    let path = room.put("project/dos.txt", "\u{feff}one\r\ntwo\r\nthree\r\n");
    assert_eq!(room.read("dos.txt"), Ok("one\ntwo\nthree\n".into()));
    room.edit("dos.txt", "one\ntwo\n", "1\n2\n2b\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "\u{feff}1\r\n2\r\n2b\r\nthree\r\n");
    room.edit("dos.txt", "three", "3\n4").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "\u{feff}1\r\n2\r\n2b\r\n3\r\n4\r\n");
    room.write("dos.txt", "new\nlines\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "\u{feff}new\r\nlines\r\n");
    let path = room.put("project/mixed.txt", "a\r\nb\nc\r\n");
    assert_eq!(room.read("mixed.txt"), Ok("a\r\nb\nc\r\n".into()));
    room.edit("mixed.txt", "b", "B").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "a\r\nB\nc\r\n");
}

#[test]
fn an_edit_matches_exactly_or_says_what_is_near() {
    let room = Room::new();
    let path = room.put("project/a.rs", "fn a() {\n    work(1);\n}\nfn b() {\n    work(1);\n}\n");
    let several = room.edit("a.rs", "work(1)", "work(2)").unwrap_err();
    assert!(several.contains("2 times (lines 2, 5)"), "{several}");
    let near = room.edit("a.rs", "fn a() {\n  work(1);\n}", "").unwrap_err();
    assert!(
        near.contains("but for white space") && near.contains("     2\t    work(1);"),
        "{near}"
    );
    let near = room.edit("a.rs", "work(3);", "").unwrap_err();
    assert!(near.contains("closest") && near.contains("work(1);"), "{near}");
    assert!(room.edit("a.rs", "", "x").is_err() && room.edit("a.rs", "fn", "fn").is_err());
    let all = FileWork::Edit { old: "work(1)".into(), new: "work(2)".into(), all: true };
    assert!(room.tool("a.rs", &all).unwrap().text.contains("2 places"));
    assert_eq!(fs::read_to_string(path).unwrap().matches("work(2)").count(), 2);
}

#[test]
fn mode_owner_and_attributes_are_kept() {
    let room = Room::new();
    let path = room.put("project/run.sh", "#!/bin/sh\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o4750)).unwrap();
    #[cfg(target_os = "linux")]
    let attributes = {
        use rustix::fs::{XattrFlags, setxattr};
        setxattr(&path, "user.note", b"kept", XattrFlags::empty()).is_ok()
    };
    let before = fs::metadata(&path).unwrap();
    room.write("run.sh", "#!/bin/sh\necho\n").unwrap();
    let after = fs::metadata(&path).unwrap();
    // The rights of the owner do not pass to another content.
    assert_eq!(after.mode() & 0o7777, 0o750);
    assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
    assert_ne!(after.ino(), before.ino());
    #[cfg(target_os = "linux")]
    if attributes {
        let mut value = [0u8; 16];
        let length = rustix::fs::getxattr(&path, "user.note", &mut value[..]).unwrap();
        assert_eq!(&value[..length], b"kept");
    } else {
        eprintln!("skipped: no attributes of the user on this file system");
    }
}

#[test]
fn new_files_and_directories() {
    let room = Room::new();
    room.write("new.txt", "a\n").unwrap();
    assert_eq!(fs::read_to_string(room.at("new.txt")).unwrap(), "a\n");
    let missing = room.write("a/b/c.txt", "x").unwrap_err();
    assert!(missing.contains("does not exist"), "{missing}");
    let deep = FileWork::Write { content: "x".into(), parents: true };
    room.tool("a/b/c.txt", &deep).unwrap();
    assert_eq!(fs::read_to_string(room.at("a/b/c.txt")).unwrap(), "x");
    // What is private from its first moment is so for others too.
    room.write(".env", "A=1\n").unwrap();
    assert_eq!(fs::metadata(room.at(".env")).unwrap().mode() & 0o777, 0o600);
    for odd in ["x/", "x/.", "x/..", "", "~bob/x", "a\0b", "missing/../x"] {
        assert!(room.write(odd, "x").is_err(), "{odd:?}");
    }
    assert_eq!(room.write("new.txt/x", "x").unwrap_err().matches("not a directory").count(), 1);
    let left: Vec<_> =
        fs::read_dir(room.at(".")).unwrap().flatten().map(|one| one.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains(".tmp")), "{left:?}");
}

#[test]
fn links_lead_to_what_is_judged() {
    let room = Room::new();
    let real = room.put("project/real/a.txt", "old\n");
    symlink("real/a.txt", room.at("link.txt")).unwrap();
    room.write("link.txt", "new\n").unwrap();
    assert_eq!(fs::read_to_string(real).unwrap(), "new\n");
    assert!(room.at("link.txt").is_symlink());
    symlink("nowhere", room.at("dangling")).unwrap();
    let fault = room.write("dangling", "x").unwrap_err();
    assert!(fault.contains("leads nowhere"), "{fault}");
    assert!(!room.at("nowhere").exists());
    symlink("loop", room.at("loop")).unwrap();
    assert!(room.read("loop").unwrap_err().contains("loop of links"));
    room.put(".ssh/id_rsa", "key");
    symlink(room.home.join(".ssh"), room.at("docs")).unwrap();
    assert_eq!(room.read("docs/id_rsa"), Err("deny: secret/ssh-key".into()));
    assert_eq!(room.write("docs/new", "x"), Err("deny: file/secret-replaced".into()));
    symlink(room.home.join(".bashrc"), room.at("settings")).unwrap();
    assert!(room.write("settings", "x").unwrap_err().contains("leads nowhere"));
    room.put(".bashrc", "");
    assert_eq!(room.write("settings", "x"), Err("deny: persistence/shell-startup-lost".into()));
    assert_eq!(room.edit("settings", "a", "b"), Err("ask: persistence/shell-startup".into()));
}

#[test]
fn a_hard_link_is_broken_and_said_so() {
    let room = Room::new();
    let first = room.put("project/first", "old\n");
    fs::hard_link(&first, room.at("second")).unwrap();
    let shown = room.write("second", "new\n").unwrap();
    assert!(shown.notes.iter().any(|note| note.contains("2 names")), "{shown:?}");
    assert_eq!(fs::read_to_string(first).unwrap(), "old\n");
}

#[test]
fn a_permit_is_for_one_object_and_one_use() {
    let room = Room::new();
    room.put("project/a", "a\n");
    room.put("project/b", "b\n");
    let open = |path, how| room.files.open(path, &room.places.cwd, how).unwrap();
    let (a, b) = (open("a", FileUse::Read), open("b", FileUse::Read));
    let read = FileWork::Read { from: 1, lines: None, numbered: false };
    let for_b = permit(FileUse::Read, b.facts(), &room.places).unwrap();
    assert!(a.carry_out(for_b, &read).unwrap_err().message.contains("another file"));
    let a = open("a", FileUse::Read);
    let to_list = permit(FileUse::List, a.facts(), &room.places).unwrap();
    assert!(a.carry_out(to_list, &read).is_err());
    let a = open("a", FileUse::Read);
    let fits = permit(FileUse::Read, a.facts(), &room.places).unwrap();
    let write = FileWork::Write { content: "x".into(), parents: false };
    assert!(a.carry_out(fits, &write).is_err());
    // Replaced between verdict and effect: the permit was for the old one.
    let a = open("a", FileUse::Write);
    let fits = permit(FileUse::Write, a.facts(), &room.places).unwrap();
    fs::rename(room.at("b"), room.at("a")).unwrap();
    let fault = a.carry_out(fits, &write).unwrap_err();
    assert!(fault.message.contains("changed meanwhile"), "{fault}");
    assert_eq!(fs::read_to_string(room.at("a")).unwrap(), "b\n");
}

#[test]
fn a_root_is_not_left() {
    let room = Room::with(|files| files);
    room.put("outside.txt", "x");
    room.put("project/in.txt", "in\n");
    symlink("../outside.txt", room.at("out")).unwrap();
    let files = palisade_files::Files::new(room.places.clone()).beneath(&room.at(".")).unwrap();
    let open = |path: &str| {
        files.open(path, &room.places.cwd, FileUse::Read).map(|open| open.facts().real.clone())
    };
    assert!(open("in.txt").is_ok());
    for path in ["out", "../outside.txt", "/etc/hosts", "~"] {
        assert!(open(path).unwrap_err().message.contains("leads out"), "{path}");
    }
}

#[test]
fn directories_are_listed() {
    let room = Room::small(Limits { entries: 3, ..Limits::default() });
    room.put("project/b.txt", "12345");
    room.put("project/a/x", "");
    symlink("b.txt", room.at("c")).unwrap();
    let shown = room.tool(".", &FileWork::List).unwrap();
    assert_eq!(
        shown.text,
        "dir               -  a/\nfile              5  b.txt\nlink              -  c -> b.txt\n"
    );
    room.put("project/d\n\u{1b}[2K", "");
    let shown = room.tool(".", &FileWork::List).unwrap();
    assert!(shown.more && shown.notes[0].starts_with("3 of 4"), "{shown:?}");
    let odd = Room::new();
    odd.put("project/d\n\u{1b}[2K", "");
    assert!(odd.tool(".", &FileWork::List).unwrap().text.contains("d\\n\\u{1b}[2K"));
    assert!(odd.tool("..", &FileWork::List).is_ok());
}
