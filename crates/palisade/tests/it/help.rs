//! Every command says what it does, with an example that is true.

use crate::house::House;

const COMMANDS: &[&str] = &[
    "run",
    "approvals",
    "sandbox",
    "proxy",
    "check",
    "why",
    "fetch",
    "scan",
    "grants",
    "profile",
    "init",
    "install",
    "uninstall",
    "doctor",
    "completions",
    "log",
    "mcp",
];

#[test]
fn every_help_has_an_example() {
    let house = House::new();
    for command in COMMANDS {
        let said = house.run(&[command, "--help"]);
        assert_eq!(said.code, Some(0), "{command}");
        assert!(said.out.contains("Example"), "{command}:\n{}", said.out);
    }
    assert!(house.run(&["--version"]).out.starts_with("palisade "));
    assert_eq!(house.run(&[]).code, Some(2));
    assert_eq!(house.run(&["chekc"]).code, Some(2));
}

#[test]
fn a_fresh_machine_is_healthy() {
    let house = House::new();
    assert_eq!(house.run(&["doctor"]).code, Some(0));
    assert_eq!(house.run(&["init"]).code, Some(0));
    assert_eq!(house.run(&["run", "--", "true"]).code, Some(0));
    let said = house.run(&["doctor", "--json"]);
    assert_eq!(said.code, Some(0), "{}", said.out);
    house.configure("x: 1\n");
    assert_eq!(house.run(&["doctor"]).code, Some(1));
}

#[test]
fn profiles_are_made_and_named() {
    let house = House::new();
    assert_eq!(house.run(&["profile", "new", "quiet"]).code, Some(0));
    assert_eq!(house.run(&["profile", "new", "quiet"]).code, Some(2));
    assert_eq!(house.run(&["profile", "list"]).out, "quiet\n");
    assert_eq!(house.run(&["-p", "quiet", "check", "--", "ls"]).code, Some(0));
    assert_eq!(house.run(&["-p", "other", "check", "--", "ls"]).code, Some(2));
    assert_eq!(house.run(&["-p", "../x", "check", "--", "ls"]).code, Some(2));
    assert!(house.run(&["-p", "quiet", "profile", "show"]).out.contains("unrecognised"));
}
