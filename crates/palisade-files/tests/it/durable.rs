//! Writers that are killed, run out of room, or meet each other.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use palisade_core::FileWork;
use palisade_files::Files;

use crate::room::{Room, carry_out};

/// What this very test binary does as another process: writes for ever.
const CHILD: &str = "PALISADE_FILES_WRITER";

#[test]
fn a_killed_writer_leaves_the_old_or_the_new() {
    if let Ok(home) = std::env::var(CHILD) {
        return write_for_ever(&home);
    }
    let room = Room::new();
    let (a, b) = ("a".repeat(1 << 20), "b".repeat(1 << 20));
    room.put("project/file", &a);
    for round in 0..20 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["durable::a_killed_writer_leaves_the_old_or_the_new", "--exact"])
            .env(CHILD, &room.home)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Different moments, without a clock: so many changes are awaited.
        let mut seen = 0;
        let mut before = fs::read_to_string(room.at("file")).unwrap();
        while seen <= round % 4 {
            let now = fs::read_to_string(room.at("file")).unwrap();
            assert!(now == a || now == b, "half of a file: {} bytes", now.len());
            seen += usize::from(now.as_bytes()[0] != before.as_bytes()[0]);
            before = now;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let after = fs::read_to_string(room.at("file")).unwrap();
        assert!(after == a || after == b, "half of a file: {} bytes", after.len());
    }
}

fn write_for_ever(home: &str) {
    let places = palisade_guards::Places {
        home: home.into(),
        cwd: format!("{home}/project"),
        workspace: format!("{home}/project"),
        ..Default::default()
    };
    let files = Files::new(places.clone());
    loop {
        for letter in ["b", "a"] {
            let work = FileWork::Write { content: letter.repeat(1 << 20), parents: false };
            carry_out(&files, &places, "file", &work).unwrap();
        }
    }
}

#[test]
fn writers_at_once_lose_nothing_that_they_say_they_did() {
    let room = Arc::new(Room::new());
    room.put("project/count", "0\n");
    let done: usize = (0..4)
        .map(|_| {
            let room = Arc::clone(&room);
            thread::spawn(move || {
                let mut done = 0;
                for _ in 0..100 {
                    let Ok(now) = room.read("count") else { continue };
                    let next = now.trim().parse::<usize>().unwrap() + 1;
                    done += usize::from(room.edit("count", &now, &format!("{next}\n")).is_ok());
                }
                done
            })
        })
        .collect::<Vec<_>>()
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    assert_eq!(room.read("count").unwrap(), format!("{done}\n"));
    assert!(done > 0);
    let left: Vec<_> = fs::read_dir(room.at(".")).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn new_files_are_made_once() {
    let room = Arc::new(Room::new());
    let made: usize = (0..4)
        .map(|at| {
            let room = Arc::clone(&room);
            thread::spawn(move || {
                (0..50)
                    .filter(|n| {
                        let result = room.write(&format!("new{n}"), &format!("{at}"));
                        result.is_ok_and(|shown| shown.text.starts_with("made"))
                    })
                    .count()
            })
        })
        .collect::<Vec<_>>()
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    assert_eq!(made, 50);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_old_content() {
    use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
    let room = Room::new();
    fs::create_dir(room.at("small")).unwrap();
    let at = room.at("small");
    if mount("none", &at, "tmpfs", MountFlags::empty(), c"size=64k").is_err() {
        eprintln!("skipped: a_full_disk_leaves_the_old_content needs the right to mount");
        return;
    }
    let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        room.put("project/small/a", "old\n");
        let fault = room.write("small/a", &"x".repeat(200_000)).unwrap_err();
        assert!(fault.contains("no space left; the old content is as it was"), "{fault}");
        let fault = room.write("small/b", &"x".repeat(200_000)).unwrap_err();
        assert!(fault.contains("no space left"), "{fault}");
        assert_eq!(room.read("small/a"), Ok("old\n".into()));
        assert_eq!(fs::read_dir(&at).unwrap().count(), 1);
        // A directory is a mount of its own, and can be written to.
        room.write("small/a", "new\n").unwrap();
    }));
    let _ = unmount(&at, UnmountFlags::DETACH);
    tried.unwrap();
}

#[test]
fn what_may_not_be_written_is_not_replaced() {
    use std::os::unix::fs::PermissionsExt;
    if rustix_is_root() {
        eprintln!("skipped: what_may_not_be_written_is_not_replaced: root may write everything");
        return;
    }
    let room = Room::new();
    let path = room.put("project/a", "old\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    assert!(room.write("a", "new\n").unwrap_err().contains("permission denied"));
    assert_eq!(fs::read_to_string(path).unwrap(), "old\n");
}

fn rustix_is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}
