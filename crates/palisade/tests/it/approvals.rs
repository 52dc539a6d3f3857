//! The queue from both sides: a command without a terminal, and a person at
//! another one.

use std::fs;
use std::process::Child;
use std::time::{Duration, Instant};

use crate::house::{House, Said};
use crate::screen::Screen;

const COMMAND: &[&str] = &["run", "--session", "one", "--", "rm", "-rf", "build"];
/// Waits for whoever looks, or for nobody, for a while.
const ALWAYS: &str = "tools: {terminal: {approval: {queue: always, timeout_s: 60}}}\n";
/// Gives up soon; the request stays.
const SOON: &str = "tools: {terminal: {approval: {queue: always, timeout_s: 1}}}\n";

fn house(config: &str) -> House {
    let house = House::with(config);
    fs::create_dir(house.work().join("build")).unwrap();
    house
}

fn started(house: &House, arguments: &[&str]) -> Child {
    let mut command = house.command(arguments);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    command.spawn().unwrap()
}

fn ended(child: Child) -> Said {
    Said::from(child.wait_with_output().unwrap())
}

fn list(house: &House) -> Vec<serde_json::Value> {
    let said = house.run(&["approvals", "list", "--json"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The id of the first request in that state, once there is one.
pub fn id(house: &House, state: &str) -> String {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let found = list(house).into_iter().find(|request| request["state"] == state);
        if let Some(request) = found {
            return request["id"].as_str().unwrap().to_owned();
        }
        assert!(Instant::now() < end, "no request `{state}`: {:?}", list(house));
    }
}

/// Types an answer once it counts.
fn answer(screen: &mut Screen, keys: &str) {
    screen.expect("answer within");
    std::thread::sleep(Duration::from_millis(600));
    screen.type_in(keys);
}

fn gone(house: &House) -> bool {
    !house.work().join("build").exists()
}

fn records(house: &House) -> String {
    house.run(&["log", "list", "--json"]).out
}

#[test]
fn a_person_allows_from_another_terminal() {
    let house = house(ALWAYS);
    let child = started(&house, COMMAND);
    let id = id(&house, "waits");
    let shown = house.run(&["approvals", "show", &id]).out;
    for part in
        ["rm -rf build", "delete/tree", "a saves", "until:", "digest", "gets", "PATH", "waits"]
    {
        assert!(shown.contains(part), "`{part}` in:\n{shown}");
    }
    let mut person = Screen::palisade(&house, &["approvals", "allow", &id]);
    let asked = person.expect("yes or no");
    assert!(asked.contains("rm -rf build"), "{asked}");
    answer(&mut person, "yes\r");
    let (status, rest) = person.end();
    assert_eq!(status.code(), Some(0), "{rest}");
    let said = ended(child);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(gone(&house));
    // It was this once, and there is nothing left of it.
    assert!(list(&house).is_empty());
    let records = records(&house);
    for part in [format!("asked {id}"), format!("answer to {id}: once")] {
        assert!(records.contains(&part), "`{part}` in:\n{records}");
    }
    let again = house.run(&["approvals", "deny", &id]);
    assert_ne!(again.code, Some(0));
}

#[test]
fn what_nobody_saw_is_left_and_passes_once_when_it_was_allowed() {
    let house = house("{}\n");
    let said = house.run(COMMAND);
    assert_eq!(said.code, Some(126), "{}", said.err);
    let id = id(&house, "parked");
    assert!(said.err.contains(&format!("left as request {id}")), "{}", said.err);
    // Asked again, it is the same request.
    assert_eq!(house.run(COMMAND).code, Some(126));
    assert_eq!(list(&house).len(), 1);
    let mut person = Screen::palisade(&house, &["approvals", "allow", &id]);
    answer(&mut person, "yes\r");
    let (status, rest) = person.end();
    assert_eq!(status.code(), Some(0), "{rest}");
    let other = ["run", "--session", "one", "--", "rm", "-rf", "./build"];
    assert_eq!(house.run(&other).code, Some(126), "another command is another question");
    assert_eq!(house.run(COMMAND).code, Some(0));
    assert!(gone(&house));
    fs::create_dir(house.work().join("build")).unwrap();
    assert_eq!(house.run(COMMAND).code, Some(126), "an answer is used once");
}

#[test]
fn nothing_is_left_where_the_profile_wants_no_queue_or_nobody_is_to_be_asked() {
    let never = house("tools: {terminal: {approval: {queue: never}}}\n");
    assert_eq!(never.run(COMMAND).code, Some(126));
    assert!(list(&never).is_empty());
    let house = house("tools: {terminal: {approval: {parked_s: 0}}}\n");
    assert_eq!(house.run(COMMAND).code, Some(126));
    house.configure(ALWAYS);
    let line = ["run", "--surface", "unattended", "--", "rm", "-rf", "build"];
    assert_eq!(house.run(&line).code, Some(126));
    assert!(list(&house).is_empty());
}

#[test]
fn a_no_has_a_word_for_the_model() {
    let house = house(ALWAYS);
    let child = started(&house, COMMAND);
    let id = id(&house, "waits");
    let deny = ["approvals", "deny", &id, "--word", "use make \x1b[2Jclean"];
    let (status, rest) = Screen::palisade(&house, &deny).end();
    assert_eq!(status.code(), Some(0), "{rest}");
    let said = ended(child);
    assert_eq!(said.code, Some(126));
    assert!(said.err.contains("the answer was no: use make \\u{1b}[2Jclean"), "{}", said.err);
    assert!(!gone(&house));
}

#[test]
fn whoever_watches_is_asked_as_at_a_terminal() {
    let house = house("tools: {terminal: {approval: {timeout_s: 60}}}\n");
    let mut person = Screen::palisade(&house, &["approvals", "watch"]);
    person.expect("watching for requests");
    let child = started(&house, COMMAND);
    let shown = person.expect("d deny");
    for part in ["may this run?", "rm -rf build", "from", "session", "o once", "s this session"] {
        assert!(shown.contains(part), "`{part}` in:\n{shown}");
    }
    answer(&mut person, "d not this one\r");
    let said = ended(child);
    assert!(said.err.contains("the answer was no: not this one"), "{}", said.err);
    // The next one for the session, and then nobody is asked any more.
    let child = started(&house, COMMAND);
    answer(&mut person, "s\r");
    assert_eq!(ended(child).code, Some(0));
    fs::create_dir(house.work().join("build")).unwrap();
    assert_eq!(house.run(COMMAND).code, Some(0));
    // "Always" is saved as shown.
    let child = started(&house, &["run", "--", "rm", "-rf", "dist"]);
    person.expect("a saves");
    answer(&mut person, "a\r");
    assert_eq!(ended(child).code, Some(0));
    let saved = fs::read_to_string(house.config()).unwrap();
    assert!(saved.contains("arguments: [\"-rf\", \"dist\"]"), "{saved}");
    // Left for later it is still there, and asked again it is shown again.
    house.configure(
        &fs::read_to_string(house.config()).unwrap().replace("timeout_s: 60", "timeout_s: 6"),
    );
    let child = started(&house, &["run", "--", "rm", "-rf", "later"]);
    answer(&mut person, "l\r");
    person.expect("1 left for later");
    assert_eq!(ended(child).code, Some(126));
    let child = started(&house, &["run", "--", "rm", "-rf", "later"]);
    answer(&mut person, "d\r");
    assert_eq!(ended(child).code, Some(126));
    person.type_in("\x03");
    assert!(!person.end().0.success());
    assert_eq!(house.run(&["run", "--", "rm", "-rf", "other"]).code, Some(126));
    // Nobody looks, so nobody waits.
    let other = |request: &serde_json::Value| request["command"] == "rm -rf other";
    assert_eq!(list(&house).into_iter().find(other).unwrap()["state"], "parked");
}

#[test]
fn what_was_asked_too_late_passes_when_tried_again() {
    let house = house(SOON);
    let said = house.run(COMMAND);
    assert_eq!(said.code, Some(126));
    assert!(said.err.contains("nobody answered in time"), "{}", said.err);
    let id = id(&house, "parked");
    assert!(said.err.contains(&id), "{}", said.err);
    let mut person = Screen::palisade(&house, &["approvals", "allow", &id]);
    answer(&mut person, "yes\r");
    let (status, rest) = person.end();
    assert!(rest.contains("when it is asked again"), "{rest}");
    assert_eq!(status.code(), Some(0));
    // Not for another directory, another command or another sandbox.
    assert_eq!(house.run(&["run", "--session", "two", "--", "rm", "-rf", "build"]).code, Some(126));
    assert_eq!(house.run(&["run", "--session", "one", "-c", "rm -rf build"]).code, Some(126));
    assert!(!gone(&house));
    assert_eq!(house.run(COMMAND).code, Some(0));
    assert!(gone(&house));
    assert_eq!(house.run(COMMAND).code, Some(126));
}

#[test]
fn always_for_a_parked_request_is_saved_at_once() {
    let house = house(SOON);
    assert_eq!(house.run(COMMAND).code, Some(126));
    let id = id(&house, "parked");
    let mut person = Screen::palisade(&house, &["approvals", "allow", &id, "--always"]);
    person.expect("a saves");
    answer(&mut person, "yes\r");
    assert_eq!(person.end().0.code(), Some(0));
    assert!(fs::read_to_string(house.config()).unwrap().contains("delete/tree"));
    assert_eq!(house.run(COMMAND).code, Some(0));
}

#[test]
fn an_answer_outlives_what_does_not_change_the_policy() {
    let house = house(SOON);
    assert_eq!(house.run(COMMAND).code, Some(126));
    let other = ["run", "--session", "one", "--", "rm", "-rf", "dist"];
    fs::create_dir(house.work().join("dist")).unwrap();
    assert_eq!(house.run(&other).code, Some(126));
    let parked: Vec<String> =
        list(&house).iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect();
    let mut person = Screen::palisade(&house, &["approvals", "allow", &parked[0], "--always"]);
    answer(&mut person, "yes\r");
    assert_eq!(person.end().0.code(), Some(0));
    let text = fs::read_to_string(house.config()).unwrap();
    assert!(text.contains("delete/tree"), "{text}");
    house.configure(&format!("# a remark\n{text}"));
    let mut person = Screen::palisade(&house, &["approvals", "allow", &parked[1]]);
    answer(&mut person, "yes\r");
    assert_eq!(person.end().0.code(), Some(0));
    assert_eq!(house.run(&other).code, Some(0), "the other answer holds");
    // What changes the judgement makes another question of it, and says so.
    fs::create_dir(house.work().join("dist")).unwrap();
    assert_eq!(house.run(&other).code, Some(126));
    let id = id(&house, "parked");
    house.configure(&format!("workspace: /tmp\n{text}"));
    let mut person = Screen::palisade(&house, &["approvals", "allow", &id]);
    answer(&mut person, "yes\r");
    let (status, said) = person.end();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("was asked under other settings"), "{said}");
    // An answer that was given before is void then, which is told with the question.
    house.configure(&text);
    let mut person = Screen::palisade(&house, &["approvals", "allow", &id]);
    answer(&mut person, "yes\r");
    assert_eq!(person.end().0.code(), Some(0));
    house.configure(&text.replace("timeout_s: 1", "timeout_s: 1, unrecognised: ask"));
    assert_eq!(house.run(&other).code, Some(126));
    let again = self::id(&house, "parked");
    let shown = house.run(&["approvals", "show", &again]).out;
    assert!(shown.contains(&format!("allowed as request {id}")), "{shown}");
}

#[test]
fn anything_but_yes_is_no_answer() {
    let house = house(SOON);
    assert_eq!(house.run(COMMAND).code, Some(126));
    let id = id(&house, "parked");
    for keys in ["no\r", "\x04"] {
        let mut person = Screen::palisade(&house, &["approvals", "allow", &id]);
        answer(&mut person, keys);
        assert_eq!(person.end().0.code(), Some(1));
    }
    assert_eq!(self::id(&house, "parked"), id);
}

#[test]
fn nobody_looks_nobody_waits() {
    let house = house("");
    let begun = Instant::now();
    let said = house.run(COMMAND);
    assert_eq!(said.code, Some(126));
    assert!(said.err.contains("palisade approvals allow"), "{}", said.err);
    assert!(begun.elapsed() < Duration::from_secs(50), "it did not wait its 60 s");
    assert_eq!(list(&house).len(), 1);
}

#[test]
fn a_stopped_watcher_sees_nothing() {
    let house = house("");
    let mut shell = Screen::shell(&house);
    shell.type_in("palisade approvals watch\r");
    shell.expect("watching for requests");
    shell.type_in("\x1a");
    shell.expect("Stopped");
    assert_eq!(house.run(COMMAND).code, Some(126));
    assert_eq!(list(&house).len(), 1);
    shell.type_in("fg\r");
    // It goes on, and shows what was left; only then it counts as looking.
    shell.expect("answer within");
    let child = started(&house, COMMAND);
    std::thread::sleep(Duration::from_millis(600));
    shell.type_in("o\r");
    assert_eq!(ended(child).code, Some(0));
    shell.type_in("\x03");
    shell.expect("READY> ");
    shell.type_in("exit\r");
    shell.end();
}

#[test]
fn hidden_letters_are_shown_and_spoilt_requests_said() {
    let house = house(SOON);
    let hidden = ["run", "--", "rm", "-rf", "b\u{202e}\x1b[2Ju\u{200b}"];
    assert_eq!(house.run(&hidden).code, Some(126));
    let id = id(&house, "parked");
    for arguments in [
        &["approvals", "list"][..],
        &["approvals", "list", "--json"],
        &["approvals", "show", &id],
        &["approvals", "show", &id, "--json"],
    ] {
        let said = house.run(arguments);
        assert!(said.out.contains("u{202e}") && said.out.contains("u{200b}"), "{}", said.out);
        let bad = ['\u{202e}', '\u{200b}', '\x1b'];
        assert!(!said.out.contains(bad) && !said.err.contains(bad), "{}", said.out);
    }
    let places = fs::read_dir(house.palisade().join("approvals")).unwrap().flatten();
    let place = places.map(|entry| entry.path()).find(|path| path.join("request.json").exists());
    fs::write(place.unwrap().join("request.json"), "{\x1b[31m").unwrap();
    let said = house.run(&["approvals", "list"]);
    assert!(said.out.contains("cannot be used") && !said.out.contains('\x1b'), "{}", said.out);
    let (status, rest) = Screen::palisade(&house, &["approvals", "allow", &id]).end();
    assert_ne!(status.code(), Some(0), "{rest}");
    assert!(rest.contains("cannot be used"), "{rest}");
}

#[test]
fn only_at_a_terminal() {
    let house = house(SOON);
    assert_eq!(house.run(COMMAND).code, Some(126));
    let id = id(&house, "parked");
    for arguments in
        [&["approvals", "allow", &id][..], &["approvals", "deny", &id], &["approvals", "watch"]]
    {
        let said = house.run_with(arguments, b"yes\nyes\n");
        assert_eq!(said.code, Some(1), "{}", said.err);
        assert!(said.err.contains("only a person"), "{}", said.err);
    }
    assert_eq!(house.run(&["approvals", "show", "nothing"]).code, Some(2));
}
