//! Every name of an object counts.

use std::fs;
use std::os::unix::fs::symlink;

use palisade_core::FileUse;
use palisade_files::Files;
use palisade_guards::Places;

use crate::room::Room;

#[test]
fn a_hard_link_to_a_secret_is_that_secret() {
    let room = Room::new();
    for (secret, rule) in [
        (".ssh/work", "secret/ssh-key"),
        (".aws/credentials", "secret/cloud"),
        (".gnupg/private-keys-v1.d/x.key", "secret/keyring"),
        (".netrc", "secret/token"),
        (".palisade/profiles/default/.env", "governor/home"),
        (".palisade/keys/journal.key", "governor/home"),
        (".mozilla/firefox/p.default/logins.json", "secret/keyring"),
    ] {
        let path = room.put(secret, "secret\n");
        let link = room.at("notes.txt");
        let _ = fs::remove_file(&link);
        fs::hard_link(&path, &link).unwrap();
        // A fresh look, as each call has one.
        let fresh = Room::again(&room.places);
        assert_eq!(fresh.rules("notes.txt", FileUse::Read), [rule], "{secret}");
        assert_eq!(fresh.search(".", "secret").unwrap().text, "", "{secret}");
        assert!(fresh.write("notes.txt", "x").is_err(), "{secret}");
        assert!(fresh.edit("notes.txt", "secret", "x").is_err(), "{secret}");
        assert_eq!(fs::read_to_string(path).unwrap(), "secret\n");
    }
    // An ordinary one, as package managers make them, is nothing to ask about.
    let store = room.put(".cache/store/a.js", "a\n");
    fs::hard_link(store, room.at("a.js")).unwrap();
    assert_eq!(room.rules("a.js", FileUse::Read), Vec::<&str>::new());
}

#[test]
fn so_is_one_to_a_secret_of_the_project() {
    for (secret, rule) in [(".env", "secret/env-file"), ("deploy/id_rsa", "secret/ssh-key")] {
        let room = Room::new();
        let path = room.put(&format!("project/{secret}"), "secret\n");
        fs::hard_link(path, room.at("notes.txt")).unwrap();
        let rules = room.rules("notes.txt", FileUse::Read);
        assert_eq!(rules, room.rules(secret, FileUse::Read), "{secret}");
        assert_eq!(rules, [rule], "{secret}");
    }
}

#[test]
fn places_may_be_links() {
    let room = Room::new();
    // The keys lie elsewhere, and their directory is a link.
    room.put("vault/keys/plain", "key");
    symlink(room.home.join("vault/keys"), room.home.join(".ssh")).unwrap();
    assert_eq!(room.rules("../vault/keys/plain", FileUse::Read), ["secret/ssh-key"]);
    // So does the configuration.
    room.put("dotfiles/palisade.yaml", "a: 1");
    fs::create_dir_all(room.home.join(".palisade/profiles/default")).unwrap();
    let link = room.home.join(".palisade/profiles/default/config.yaml");
    symlink(room.home.join("dotfiles/palisade.yaml"), link).unwrap();
    let again = Room::again(&room.places);
    assert_eq!(again.rules("../dotfiles/palisade.yaml", FileUse::Read), ["governor/home"]);
    assert_eq!(again.rules("../dotfiles/palisade.yaml", FileUse::Write), ["governor/home"]);
    assert_eq!(again.search("../dotfiles", "a").unwrap().text, "");
}

#[test]
fn the_workspace_and_the_home_may_be_reached_through_links() {
    let room = Room::new();
    fs::create_dir_all(room.home.join("disk/work")).unwrap();
    room.put(".ssh/id", "key");
    let outer = room.home.parent().unwrap();
    symlink(&room.home, outer.join("alias")).unwrap();
    let alias = outer.join("alias");
    let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let places = Places {
        home: text(&alias),
        cwd: text(&alias.join("project")),
        workspace: text(&alias.join("project")),
        palisade_home: text(&alias.join(".palisade")),
        programs: Vec::new(),
        settings: Vec::new(),
    };
    let through = Room::again(&places);
    through.put("project/a", "a\n");
    let facts = through.facts("a", FileUse::Read);
    assert_eq!(facts.placed, text(&alias.join("project/a")));
    assert_eq!(facts.real, text(&room.home.join("project/a")));
    // By its true path as well.
    let by_truth = text(&room.home.join(".ssh/id"));
    assert_eq!(through.rules(&by_truth, FileUse::Read), ["secret/ssh-key"]);
    assert!(through.write("b", "b").is_ok());
}

#[test]
fn both_ways_of_resolving_say_the_same() {
    let room = Room::new();
    let by_hand = Files::new(room.places.clone()).by_hand();
    room.put("project/a/b/c.txt", "x");
    symlink("a/b", room.at("short")).unwrap();
    symlink(room.at("a"), room.at("absolute")).unwrap();
    symlink("short/../../a/b/c.txt", room.at("winding")).unwrap();
    symlink("self", room.at("self")).unwrap();
    symlink("nothing", room.at("dangling")).unwrap();
    for path in [
        "a",
        "a/",
        "a/b/c.txt",
        "short/c.txt",
        "absolute/b/c.txt",
        "winding",
        "self",
        "dangling",
        "a/b/c.txt/",
        "a/b/c.txt/x",
        "short/",
        "short/..",
        "..",
        "/",
        "missing",
        "missing/x",
        ".",
        "~",
        "/proc/self/status",
        "short//c.txt",
        "./a/./b/../b/c.txt",
    ] {
        use palisade_core::ports::FileTools;
        for how in [FileUse::Read, FileUse::Write] {
            let see = |files: &Files| {
                files
                    .open(path, &room.places.cwd, how)
                    .map(|open| open.facts().clone())
                    .map_err(|fault| fault.message)
            };
            let (kernel, hand) = (see(&room.files), see(&by_hand));
            if path.starts_with("/proc") {
                assert!(kernel.is_ok() == hand.is_ok(), "{path}");
            } else {
                assert_eq!(kernel, hand, "{path} {how:?}");
            }
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_bind_mount_has_the_names_of_its_source() {
    use rustix::mount::{UnmountFlags, mount_bind, unmount};
    let room = Room::new();
    room.put(".ssh/keys/deploy", "key\n");
    room.put(".netrc", "password\n");
    room.put("project/tree/empty", "");
    room.put("project/file", "");
    let (tree, file) = (room.at("tree"), room.at("file"));
    if mount_bind(room.home.join(".ssh/keys"), &tree).is_err() {
        eprintln!("skipped: a_bind_mount_has_the_names_of_its_source needs the right to mount");
        return;
    }
    let second = mount_bind(room.home.join(".netrc"), &file);
    let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        assert_eq!(room.rules("tree/deploy", FileUse::Read), ["secret/ssh-key"]);
        assert_eq!(room.rules("tree/new", FileUse::Write), ["file/secret-replaced"]);
        assert_eq!(room.rules("tree", FileUse::Search), ["secret/ssh-key"]);
        assert_eq!(room.rules("file", FileUse::Read), ["secret/token"]);
        let shown = room.search(".", "key|password").unwrap();
        assert_eq!(shown.text, "");
        assert!(shown.notes.iter().any(|note| note.starts_with("left out: ")), "{shown:?}");
    }));
    let _ = unmount(&tree, UnmountFlags::DETACH);
    if second.is_ok() {
        let _ = unmount(&file, UnmountFlags::DETACH);
    }
    seen.unwrap();
}
