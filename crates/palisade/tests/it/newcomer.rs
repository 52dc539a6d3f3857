//! What people try first, and what they are told then.

use std::fs;

use crate::house::{House, Said};

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
fn a_line_of_a_batch_of_addresses_is_named_too() {
    let house = House::with("");
    let said = house.run_with(
        &["fetch", "--check", "--batch"],
        b"{\"url\": \"https://a.example\"}\nnonsense\n{\"url\": []}\n",
    );
    let lines: Vec<&str> = said.out.lines().collect();
    assert!(lines[1].contains("\"line\":2") && lines[1].contains("at column"), "{}", lines[1]);
    assert!(lines[2].contains("\"line\":3") && lines[2].contains("empty list"), "{}", lines[2]);
}

#[test]
fn what_is_named_must_be_there() {
    let house = House::with("");
    for line in [
        &["run", "--workspace", "/nonexistent/x", "--", "true"][..],
        &["-p", "nosuch", "scan", "Cargo.toml"],
        &["-p", "nosuch", "check", "ls"],
    ] {
        let said = house.run(line);
        assert_eq!(said.code, Some(2), "{line:?}: {}", said.err);
        assert!(said.err.contains("not there") || said.err.contains("no profile"), "{}", said.err);
    }
    let said = house.command(&["run", "--", "true"]).env("PALISADE_SESSION", "").output().unwrap();
    assert!(said.status.success(), "a session of no name is none: {said:?}");
}

#[test]
fn limits_without_the_sandbox_are_told() {
    let house = House::with("tools: {terminal: {limits: {wall_s: 1}}}\n");
    let said = house.run(&["doctor"]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert!(said.out.contains("holds in the sandbox only"), "{}", said.out);
}

#[test]
fn a_line_of_the_secrets_that_is_none_is_told() {
    let house = House::with("");
    fs::write(house.config().with_file_name(".env"), "# one\nA=1\n\nBAD LINE\nexport B=2\n=x\n")
        .unwrap();
    let said = house.run(&["doctor"]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert!(said.out.contains("line 4 of") && said.out.contains("line 6 of"), "{}", said.out);
    assert_eq!(said.out.matches("is no `NAME=value`").count(), 2, "{}", said.out);
}

/// Not by what this user could hold: with a limit under which nothing starts.
#[cfg(target_os = "linux")]
#[test]
fn a_sandbox_in_which_nothing_runs_is_told() {
    if !crate::sandbox::works("a_sandbox_in_which_nothing_runs_is_told") {
        return;
    }
    let sandbox = "tools: {terminal: {sandbox: true, limits: {output_kb: 1}}}\nworkspace: ";
    let house = House::with(&format!("{sandbox}/\n"));
    let said = house.run(&["doctor"]);
    assert!(said.out.contains("on, and every command is refused"), "{}", said.out);
    house.configure(&format!("{sandbox}{}\n", house.work().display()));
    let said = house.run(&["doctor"]);
    assert!(!said.out.contains("every command is refused"), "{}", said.out);
}

#[cfg(target_os = "linux")]
#[test]
fn a_person_who_starts_an_agent_is_not_asked_whether_it_is_one() {
    use std::os::unix::fs::PermissionsExt;
    let house = House::with("");
    let program = house.work().join("claude");
    fs::write(&program, "#!/bin/sh\necho it started\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", house.work().display());
    let mut screen = crate::screen::Screen::shell(&house);
    screen.type_in(&format!("PATH={path} palisade run -- claude\r"));
    screen.expect("runs unconfined");
    screen.expect("it started");
    // Not where it is another's doing.
    let binary = crate::house::binary().display().to_string();
    for line in [
        &["run", "--surface", "unattended", "--", "claude"][..],
        &["run", "-c", "claude"],
        // Whatever `run` started is no person.
        &["run", "--", "sh", "-c", &format!("{binary} run -- claude")],
        &["run", "--", "claude", "-p", "$(cat .env)", ";", "rm", "-rf", "/"],
    ] {
        let said = Said::from(house.command(line).env("PATH", &path).output().unwrap());
        assert_eq!(said.code, Some(126), "{line:?}: {}", said.err);
        assert!(!said.err.contains("runs unconfined"), "it does not run: {}", said.err);
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
