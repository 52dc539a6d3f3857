//! The record of what was done, from the command line.

use std::fs;

use crate::house::House;

fn lived() -> House {
    let house = House::new();
    assert_eq!(house.run(&["run", "--session", "s1", "--", "true"]).code, Some(0));
    assert_eq!(house.run(&["run", "--session", "s1", "--", "false"]).code, Some(1));
    assert_eq!(house.run(&["run", "--session", "s1", "-c", "mkfs.ext4 /dev/sda"]).code, Some(126));
    house
}

#[test]
fn what_ran_and_what_was_refused_is_told_and_verifies() {
    let house = lived();
    let said = house.run(&["log", "verify"]);
    assert_eq!(said.code, Some(0), "{}", said.out);
    assert!(said.out.starts_with("intact: 5 records, all signed\nchecked with palisade/journal/"));
    let said = house.run(&["log", "session", "s1"]);
    assert!(said.out.contains("run true\n            exit 0,"), "{}", said.out);
    assert!(said.out.contains("run mkfs.ext4 /dev/sda") && said.out.contains("refused"));
    let said = house.run(&["log", "list", "--verdict", "deny", "--json"]);
    assert_eq!(said.out.lines().count(), 1);
    assert!(said.out.contains("\"severity\":\"dangerous\""), "{}", said.out);
    assert_eq!(house.run(&["log", "tail", "-n", "2"]).out.lines().count(), 2);
    assert_eq!(house.run(&["log", "sessions"]).out.lines().count(), 1);
    assert!(house.run(&["log", "show", "0"]).out.contains("\"kind\": \"intent\""));
    assert_eq!(house.run(&["log", "show", "99"]).code, Some(1));
    assert_eq!(house.run(&["log", "export", "--format", "ocsf"]).out.lines().count(), 5);
    let logs = house.palisade().join("profiles/default/logs");
    assert!(fs::read_to_string(logs.join("approval.log")).unwrap().contains("deny dangerous"));
    assert_eq!(fs::read_to_string(logs.join("runs.jsonl")).unwrap().lines().count(), 3);
}

#[test]
fn a_copy_is_verified_without_configuration() {
    let house = lived();
    let head = house.run(&["log", "checkpoint"]).out;
    let (kept, journal) = (house.work().join("kept"), house.palisade().join("journal"));
    fs::write(&kept, &head).unwrap();
    let copy = house.work().join("copy");
    fs::rename(&journal, &copy).unwrap();
    house.configure("this is: [not a configuration\n");
    let (copy_name, kept) = (copy.to_str().unwrap(), kept.to_str().unwrap());
    let verify = |more: &[&str]| {
        let mut arguments = vec!["log", "verify", "--journal", copy_name];
        arguments.extend(more);
        house.run(&arguments)
    };
    let said = verify(&["--since", kept]);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert!(verify(&["--proof", "2"]).out.starts_with("c2sp.org/tlog-proof@v1\nindex 2\n"));
    let segment = copy.join("log/00000000000000000000.ndjson");
    let text = fs::read_to_string(&segment).unwrap();
    fs::write(&segment, text.replace("mkfs.ext4", "cat -ext4")).unwrap();
    let said = verify(&[]);
    assert_eq!(said.code, Some(3), "{}", said.out);
    assert!(said.out.starts_with("altered: record 4: "), "{}", said.out);
    let fewer: String = text.split_inclusive('\n').take(3).collect();
    fs::write(&segment, fewer).unwrap();
    let said = verify(&["--json"]);
    assert_eq!(said.code, Some(2), "{}", said.out);
    assert!(said.out.contains("\"first_bad\":\"record 2\""), "{}", said.out);
}

#[test]
fn secrets_do_not_reach_the_record() {
    let house = House::new();
    let token = "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8";
    house.run(&["run", "--", "echo", token]);
    fs::write(house.palisade().join("profiles/default/.env"), "DB=correct-horse-battery\n")
        .unwrap();
    house.run(&["run", "--", "echo", "correct-horse-battery"]);
    let text = house.run(&["log", "list", "--json"]).out;
    assert!(text.contains("echo [redacted:github-token]"), "{text}");
    assert!(text.contains("echo [redacted:DB]"), "{text}");
    assert!(!text.contains(token) && !text.contains("correct-horse"), "{text}");
}

#[test]
fn nothing_runs_where_nothing_can_be_recorded() {
    let house = House::new();
    assert_eq!(house.run(&["run", "--", "true"]).code, Some(0));
    let journal = house.palisade().join("journal");
    fs::rename(&journal, house.work().join("away")).unwrap();
    fs::write(&journal, "a file in its place").unwrap();
    let said = house.run(&["run", "--", "touch", "made"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains("cannot"), "{}", said.err);
    assert!(!house.work().join("made").exists());
}

#[test]
fn a_damaged_head_is_told_with_its_way_out() {
    let house = lived();
    assert!(house.run(&["doctor"]).out.contains("can be written and signed"));
    let said = house.run(&["log", "set-aside"]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert!(said.err.contains("is intact"), "{}", said.err);
    fs::write(house.palisade().join("journal/checkpoint"), "half a he").unwrap();
    let said = house.run(&["run", "--", "true"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    for part in ["is not signed to its end", "`checkpoint`", "palisade log set-aside"] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    let said = house.run(&["doctor"]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert!(said.out.contains("palisade log set-aside"), "{}", said.out);
    let said = house.run(&["log", "checkpoint"]);
    assert!(said.err.contains("palisade log set-aside"), "{}", said.err);
    assert_eq!(house.run(&["log", "set-aside"]).code, Some(0));
    let said = house.run(&["run", "--", "true"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(house.run(&["log", "verify"]).code, Some(0));
}

#[test]
fn an_older_head_put_back_is_told_once_and_recorded() {
    let house = lived();
    let path = house.palisade().join("journal/checkpoint");
    let older = fs::read(&path).unwrap();
    assert_eq!(house.run(&["run", "--", "true"]).code, Some(0));
    fs::write(&path, older).unwrap();
    let said = house.run(&["run", "--", "true"]);
    assert!(said.err.contains("an older head was put back"), "{}", said.err);
    assert_eq!(house.run(&["run", "--", "true"]).err, "");
    assert!(house.run(&["log", "tail"]).out.contains("an older head was put back"));
    // Nothing was changed, and it stays to be seen.
    let said = house.run(&["log", "verify"]);
    assert!(said.code == Some(0) && said.out.contains("an older head was put back"), "{said:?}");
    assert!(house.run(&["doctor"]).out.contains("says what was mended"));
}

#[test]
fn what_is_no_journal_is_not_called_intact() {
    let house = House::new();
    let empty = house.work().join("empty");
    fs::create_dir(&empty).unwrap();
    for place in ["/etc", empty.to_str().unwrap()] {
        let said = house.run(&["log", "verify", "--journal", place]);
        assert_eq!(said.code, Some(1), "{}", said.out);
        assert!(said.err.contains("there is no journal in"), "{}", said.err);
    }
}
