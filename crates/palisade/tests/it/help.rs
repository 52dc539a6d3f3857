//! What a command says of itself, and what a fresh machine is told.

use crate::house::House;

#[test]
fn a_line_that_is_wrong_is_a_usage_error() {
    let house = House::new();
    assert!(house.run(&["--version"]).out.starts_with("palisade "));
    assert_eq!(house.run(&[]).code, Some(2));
    assert_eq!(house.run(&["chekc"]).code, Some(2));
    for (verb, all) in [("install", "--all-found"), ("uninstall", "--all")] {
        let said = house.run(&[verb]);
        assert!(said.code == Some(2) && said.err.contains(all), "{}", said.err);
        assert_eq!(house.run(&[verb, "nobody"]).code, Some(2));
    }
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
    let said = house.run(&["doctor"]);
    assert_eq!(said.code, Some(1));
    assert_eq!(said.out.matches("unknown key `x`").count(), 1, "{}", said.out);
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
