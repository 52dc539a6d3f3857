//! What people try first, and what they are told then.

use std::fs;

use crate::house::House;

#[test]
fn an_address_without_a_scheme_is_given_one() {
    let house = House::with("");
    for (typed, given) in [
        ("example.com", "https://example.com"),
        ("docs.a.example/x?q=1", "https://docs.a.example/x?q=1"),
        ("a.example:8443/x", "https://a.example:8443/x"),
    ] {
        for arguments in [&["fetch", typed][..], &["fetch", "--check", typed]] {
            let said = house.run(arguments);
            assert_eq!(said.code, Some(2), "{}", said.err);
            assert!(said.err.contains(&format!("`palisade fetch {given}`")), "{}", said.err);
        }
    }
    for other in ["file:///etc/passwd", "10.0.0.1", "javascript:alert(1)", "a b.c"] {
        assert_eq!(house.run(&["fetch", "--check", other]).code, Some(4), "{other}");
    }
}

#[test]
fn a_line_of_a_batch_that_is_none_is_named() {
    let house = House::with("");
    let said = house.run_with(
        &["check", "--batch"],
        b"{\"cmd\": \"ls\"}\n{\"cmd\": 1}\nnonsense\n{\"cmd\": \"ls\", \"cwd\": \"here\"}\n",
    );
    let lines: Vec<serde_json::Value> =
        said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["verdict"], "allow");
    for (at, what) in [(2, "expected a string at column 9"), (3, "at column"), (4, "not absolute")]
    {
        let line = &lines[at - 1];
        assert_eq!(line["line"], at, "{line}");
        let error = line["error"].as_str().unwrap();
        assert!(error.contains(what) && !error.contains("line 1"), "{line}");
    }
}

#[test]
fn what_matches_no_record_is_said() {
    let house = House::with("");
    assert_eq!(house.run(&["run", "--", "true"]).code, Some(0));
    let said = house.run(&["log", "list", "--rule", "delet"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""));
    assert!(said.err.contains("no record") && said.err.contains("`delet`"), "{}", said.err);
    let said = house.run(&["log", "list", "--rule", "delete"]);
    assert!(said.err.contains("no record") && !said.err.contains("help"), "{}", said.err);
    let said = house.run(&["log", "list", "--session", "s9", "--json"]);
    assert!(said.out.is_empty() && said.err.contains("palisade log sessions"), "{}", said.err);
    assert_eq!(house.run(&["log", "list"]).err, "");
}

#[test]
fn opposite_options_are_a_slip() {
    let house = House::with("");
    for order in [["--sandbox", "--no-sandbox"], ["--no-sandbox", "--sandbox"]] {
        let said = house.run(&["run", order[0], order[1], "--", "touch", "ran"]);
        assert_eq!(said.code, Some(2), "{}", said.err);
        assert!(said.err.contains("cannot be used with"), "{}", said.err);
    }
    assert!(!house.work().join("ran").exists());
}

#[test]
fn a_file_that_is_no_program_is_not_asked_about() {
    let house = House::with("");
    fs::write(house.work().join("Makefile"), "all:\n").unwrap();
    let said = house.run(&["run", "--", "./Makefile"]);
    assert_eq!(said.code, Some(126));
    assert!(said.err.contains("`./Makefile` is not executable"), "{}", said.err);
    assert!(said.err.contains("chmod +x ./Makefile"), "{}", said.err);
    let said = house.run(&["run", "--", "./"]);
    assert_eq!(said.code, Some(126));
    assert!(said.err.contains("`./` is a directory"), "{}", said.err);
}

#[test]
fn a_server_that_the_profile_lacks_is_named() {
    let house = House::with("mcp:\n  servers:\n    files: {command: fs}\n    git: {command: g}\n");
    let said = house.run(&["mcp", "wrap", "--name", "nosuch"]);
    assert_eq!(said.code, Some(2));
    assert!(
        said.err.contains("no server `nosuch`") && said.err.contains("files, git"),
        "{}",
        said.err
    );
}

#[test]
fn a_binary_is_summed_up() {
    let house = House::with("");
    let escapes: Vec<u8> =
        (0..200_u32).flat_map(|at| [0xff, 0xfe, 0x1b, b'[', b'8', b'm', at as u8, b'\n']).collect();
    fs::write(house.work().join("x.bin"), escapes).unwrap();
    let said = house.run(&["scan", "x.bin"]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(said.out.lines().count() < 40, "{}", said.out);
    assert!(said.out.contains(" more, which `--json` lists"), "{}", said.out);
    assert!(said.err.contains("hardly text"), "{}", said.err);
    let all = house.run(&["scan", "--json", "x.bin"]);
    let all: serde_json::Value = serde_json::from_str(&all.out).unwrap();
    assert!(all["findings"].as_array().unwrap().len() >= 100);
}
