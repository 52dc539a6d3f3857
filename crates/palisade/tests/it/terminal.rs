//! The prompt, and programs that use the terminal.

use std::fs;
use std::time::Duration;

use crate::house::House;
use crate::screen::Screen;

/// A caution to ask about, and a screen that asks.
fn asked(house: &House, arguments: &[&str]) -> Screen {
    let _ = fs::create_dir(house.work().join("build"));
    let mut all = vec!["run"];
    all.extend(arguments);
    all.extend(["--", "rm", "-rf", "build"]);
    Screen::palisade(house, &all)
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

#[test]
fn the_question_says_all_and_once_is_once() {
    let house = House::new();
    let mut screen = asked(&house, &[]);
    let shown = screen.expect("d deny");
    for part in [
        "may this run?",
        "rm -rf build",
        "/work",
        "delete",
        "delete/tree",
        "until:",
        "o once",
        "a always (30 days)",
    ] {
        assert!(shown.contains(part), "`{part}` in:\n{shown}");
    }
    answer(&mut screen, "o\r");
    let (status, rest) = screen.end();
    assert_eq!(status.code(), Some(0), "{rest}");
    assert!(gone(&house));
    assert_eq!(house.run(&["run", "--", "rm", "-rf", "build"]).code, Some(126));
}

#[test]
fn no_is_no() {
    let house = House::new();
    for keys in ["d\r", "n\r", "\x04"] {
        let mut screen = asked(&house, &[]);
        answer(&mut screen, keys);
        let (status, rest) = screen.end();
        assert_eq!(status.code(), Some(126), "{rest}");
        assert!(!gone(&house));
    }
    let log =
        fs::read_to_string(house.palisade().join("profiles/default/logs/approval.log")).unwrap();
    assert!(log.contains("denied"), "{log}");
}

#[test]
fn anything_else_is_asked_again() {
    let house = House::new();
    let mut screen = asked(&house, &[]);
    answer(&mut screen, "yes\r");
    screen.expect("please answer");
    // Without a session there is no such answer.
    screen.type_in("s\r");
    screen.expect("please answer");
    screen.type_in("d\r");
    assert_eq!(screen.end().0.code(), Some(126));
}

#[test]
fn the_time_runs_out() {
    let house = House::with("tools: {terminal: {approval: {timeout_s: 1}}}\n");
    let screen = asked(&house, &[]);
    let (status, rest) = screen.end();
    assert_eq!(status.code(), Some(126));
    assert!(rest.contains("no answer, so no"), "{rest}");
    assert!(!gone(&house));
}

#[test]
fn keys_pressed_before_the_question_do_not_answer_it() {
    let house = House::with("tools: {terminal: {approval: {timeout_s: 3}}}\n");
    let mut screen = asked(&house, &[]);
    screen.type_in("o\ro\ra\r");
    screen.expect("may this run?");
    screen.type_in("o\r");
    let (status, rest) = screen.end();
    assert_eq!(status.code(), Some(126), "{rest}");
    assert!(!gone(&house));
}

#[test]
fn a_session_answer_lasts_for_the_session() {
    let house = House::new();
    let mut screen = asked(&house, &["--session", "one"]);
    answer(&mut screen, "s\r");
    assert_eq!(screen.end().0.code(), Some(0));
    assert_eq!(house.run(&["run", "--session", "one", "--", "rm", "-rf", "build"]).code, Some(0));
    assert_eq!(house.run(&["run", "--session", "two", "--", "rm", "-rf", "build"]).code, Some(126));
    assert_eq!(house.run(&["run", "--session", "one", "--", "rm", "-rf", "other"]).code, Some(126));
}

#[test]
fn always_is_saved_as_it_was_shown() {
    let house =
        House::with("# my file\ntools:\n  terminal:\n    approval:\n      allowlist: [] # empty\n");
    let mut screen = asked(&house, &[]);
    let shown = screen.expect("d deny");
    let line = shown.lines().find_map(|line| line.trim().strip_prefix("a saves")).unwrap().trim();
    answer(&mut screen, "a\r");
    assert_eq!(screen.end().0.code(), Some(0));
    let text = fs::read_to_string(house.config()).unwrap();
    assert_eq!(
        text,
        format!(
            "# my file\ntools:\n  terminal:\n    approval:\n      allowlist:  # empty\n        - {line}\n"
        )
    );
    assert_eq!(house.run(&["run", "--", "rm", "-rf", "build"]).code, Some(0));
    fs::create_dir(house.work().join("build")).unwrap();
    let why = house.run(&["why", "--", "rm -rf build"]);
    assert!(why.out.contains("config.yaml:6)"), "{}", why.out);
}

#[test]
fn hidden_letters_are_shown() {
    let house = House::new();
    let mut screen = Screen::palisade(&house, &["run", "--", "rm", "-rf", "b\u{202e}\x1b[2Ku"]);
    let shown = screen.expect("d deny");
    assert!(shown.contains("\\u{202e}") && shown.contains("\\u{1b}"), "{shown}");
    assert!(!shown.contains('\u{202e}') && !shown.contains("\x1b[2K"), "{shown}");
    answer(&mut screen, "d\r");
    assert_eq!(screen.end().0.code(), Some(126));
}

#[test]
fn an_interrupted_question_runs_nothing() {
    let house = House::new();
    let mut screen = asked(&house, &[]);
    answer(&mut screen, "\x03");
    let (status, rest) = screen.end();
    assert!(!status.success(), "{rest}");
    assert!(!gone(&house));
}

#[test]
fn the_terminal_can_be_left_out() {
    let house = House::new();
    let (status, rest) = asked(&house, &["--surface", "unattended"]).end();
    assert_eq!(status.code(), Some(126));
    assert!(!rest.contains("may this run?"), "{rest}");
}

#[test]
fn a_shell_sees_a_job_like_any_other() {
    let house = House::new();
    let mut shell = Screen::shell(&house);
    // The child reads the terminal.
    shell.type_in("palisade run -- cat\r");
    shell.type_in("typed\r");
    shell.expect("typed\ntyped\n");
    // Ctrl-Z stops both; the shell has the terminal again.
    shell.type_in("\x1a");
    shell.expect("Stopped");
    shell.expect("READY> ");
    shell.type_in("echo shell $((40 + 2))\r");
    shell.expect("shell 42\n");
    // And on in the foreground.
    shell.type_in("fg\r");
    shell.expect("palisade");
    shell.type_in("again\r");
    shell.expect("again\nagain\n");
    // Ctrl-C ends the child, and the shell sees that.
    shell.type_in("\x03");
    shell.expect("READY> ");
    shell.type_in("echo code $?\r");
    shell.expect("code 130\n");
    // A pipe on either side.
    shell.type_in("echo through | palisade run -- cat | tr a-z A-Z\r");
    shell.expect("THROUGH\n");
    shell.expect("READY> ");
    shell.type_in("exit\r");
    shell.end();
}

#[test]
fn a_job_in_the_background_does_not_take_the_terminal() {
    let house = House::new();
    let mut shell = Screen::shell(&house);
    shell.type_in("palisade run -- sleep 1 &\r");
    shell.expect("READY> ");
    shell.type_in("echo mine $((1 + 1)); wait; echo end $?\r");
    shell.expect("mine 2\n");
    shell.expect("end 0\n");
    shell.type_in("exit\r");
    shell.end();
}

#[test]
fn the_window_is_the_childs() {
    let house = House::new();
    let mut shell = Screen::shell(&house);
    shell.type_in("stty cols 99 rows 33; palisade run -- stty size\r");
    shell.expect("33 99\n");
    // What a child does to the terminal stays, as it would without us.
    shell.type_in("palisade run -c 'sh -c \"sleep 0.1; exit 3\" & wait $!'; echo code $?\r");
    shell.expect("code 3\n");
    shell.type_in("exit\r");
    shell.end();
}
