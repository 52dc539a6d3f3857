//! What is no ordinary file.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;

use palisade_core::{FileUse, FileWork};

use crate::room::Room;

#[test]
fn pipes_sockets_devices_and_directories_are_named_and_left_alone() {
    let room = Room::new();
    #[cfg(target_os = "linux")]
    rustix::fs::mknodat(
        rustix::fs::CWD,
        room.at("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let _socket = UnixListener::bind(room.at("socket")).unwrap();
    fs::create_dir(room.at("directory")).unwrap();
    for (path, word) in [
        #[cfg(target_os = "linux")]
        ("pipe", "a named pipe"),
        ("socket", "a socket"),
        ("directory", "a directory"),
        ("/dev/null", "a device"),
        ("/dev/zero", "a device"),
        ("/dev/tty", "a device"),
    ] {
        let fault = room.read(path).unwrap_err();
        assert!(fault.contains(word), "{path}: {fault}");
        let fault = room.write(path, "x").unwrap_err();
        assert!(fault.contains(word), "{path}: {fault}");
        let fault = room.edit(path, "a", "b").unwrap_err();
        assert!(fault.contains(word), "{path}: {fault}");
        if word != "a directory" {
            let fault = room.tool(path, &FileWork::List).unwrap_err();
            assert!(fault.contains(word), "{path}: {fault}");
            let fault = room.search(path, "x").unwrap_err();
            assert!(fault.contains(word), "{path}: {fault}");
        }
    }
    room.put("project/plain", "x");
    assert!(room.tool("plain", &FileWork::List).unwrap_err().contains("it is a file"));
    // A search passes them by.
    assert_eq!(room.search(".", "x").unwrap().text, "plain:1:x\n");
}

#[test]
fn what_is_no_text_is_said_so() {
    let room = Room::new();
    room.put("project/binary", b"\x7fELF\x02\0\0");
    room.put("project/latin", b"first\nna\xefve\n");
    room.put("project/wide", b"\xff\xfea\0b\0");
    room.put("project/late", [b"a\n".repeat(5000), b"\0\n".to_vec()].concat());
    assert!(room.read("binary").unwrap_err().contains("a binary file of 7 bytes"));
    let fault = room.read("latin").unwrap_err();
    assert!(fault.contains("line 2 is not UTF-8 text, with the byte 0xef"), "{fault}");
    assert!(room.read("wide").unwrap_err().contains("UTF-16"));
    let late = FileWork::Read { from: 4999, lines: None, numbered: false };
    assert!(room.tool("late", &late).unwrap_err().contains("binary"));
    assert!(room.edit("latin", "first", "x").unwrap_err().contains("line 2 is not UTF-8"));
    assert!(room.edit("binary", "ELF", "x").unwrap_err().contains("binary"));
    // It may be replaced whole all the same.
    room.write("binary", "text\n").unwrap();
    assert_eq!(room.read("binary"), Ok("text\n".into()));
}

#[test]
fn names_that_are_not_utf8() {
    let room = Room::new();
    let name = std::ffi::OsStr::from_bytes(b"na\xefve.txt");
    if fs::write(room.at(".").join(name), "found\n").is_err() {
        eprintln!("skipped: this file system wants UTF-8 names");
        return;
    }
    let shown = room.tool(".", &FileWork::List).unwrap();
    assert!(shown.text.contains("ve.txt"));
    assert_eq!(room.search(".", "found").unwrap().text.lines().count(), 1);
}

#[test]
fn a_huge_file_of_nothing() {
    let room = Room::new();
    let file = fs::File::create(room.at("huge")).unwrap();
    if file.set_len(5 << 30).is_err() {
        eprintln!("skipped: no sparse files here");
        return;
    }
    assert!(room.read("huge").unwrap_err().contains("a binary file of 5368709120 bytes"));
    assert!(room.edit("huge", "a", "b").unwrap_err().contains("binary"));
    assert_eq!(room.search(".", "a").unwrap().text, "");
    let fault = room.tool("huge", &FileWork::Read { from: 9, lines: None, numbered: false });
    assert!(fault.is_err());
}

#[test]
fn a_huge_file_of_text_is_not_edited_or_read_to_its_end() {
    use palisade_files::Limits;
    let room =
        Room::small(Limits { passed: 4096, edited: 4096, searched: 4096, ..Limits::default() });
    room.put("project/long", "word\n".repeat(10_000));
    assert!(room.edit("long", "word", "b").unwrap_err().contains("more than the 4096"));
    let far = FileWork::Read { from: 5000, lines: None, numbered: false };
    assert!(room.tool("long", &far).unwrap_err().contains("bytes away"));
    assert_eq!(room.search("long", "word").unwrap().text.lines().count(), 500);
    room.put("project/more", format!("{}needle\n", "word\n".repeat(10_000)));
    assert_eq!(room.search("more", "needle").unwrap().text, "");
}

#[test]
fn descriptors_and_processes_are_no_way_around() {
    let room = Room::new();
    let secret = room.put(".ssh/id_rsa", "key");
    let open = fs::File::open(&secret).unwrap();
    let number = std::os::fd::AsRawFd::as_raw_fd(&open);
    let process = std::process::id();
    let paths = [
        format!("/proc/self/fd/{number}"),
        format!("/proc/{process}/fd/{number}"),
        format!("/proc/thread-self/fd/{number}"),
        format!("/dev/fd/{number}"),
        format!("/proc/self/root{}", secret.display()),
        format!("/proc/{process}/root{}", secret.display()),
        format!("/proc/self/cwd/../../../../..{}", secret.display()),
    ];
    for path in &paths {
        for work in [
            FileWork::Read { from: 1, lines: None, numbered: false },
            FileWork::Write { content: "x".into(), parents: true },
            FileWork::Search(palisade_core::Search { pattern: "key".into(), ..Default::default() }),
        ] {
            assert!(room.tool(path, &work).is_err(), "{path}");
        }
    }
    #[cfg(target_os = "linux")]
    for path in &paths {
        use palisade_core::ports::FileTools;
        let fault = room.files.open(path, "/", FileUse::Read).map(|_| ()).unwrap_err();
        assert!(fault.message.contains("a link of /proc"), "{path}: {fault}");
    }
    assert_eq!(fs::read_to_string(secret).unwrap(), "key");
}
