//! The sandbox as its users meet it. Skipped by name where this kernel has
//! none.

use std::process::{Command, Stdio};

use crate::house::House;

/// Whether there is a sandbox here; where not, the test says that it was
/// skipped.
pub fn works(test: &str) -> bool {
    let said = House::new().run(&["sandbox", "--", "true"]);
    if said.code == Some(125) {
        eprintln!("SKIPPED {test}: {}", said.err.trim());
    }
    said.code != Some(125)
}

#[test]
fn alone_it_confines_and_passes_the_exit_code_on() {
    if !works("alone_it_confines_and_passes_the_exit_code_on") {
        return;
    }
    let house = House::new();
    assert_eq!(house.run(&["sandbox", "--", "sh", "-c", "echo x > new; exit 7"]).code, Some(7));
    assert!(house.work().join("new").exists());
    assert_eq!(house.run(&["init"]).code, Some(0));
    let said = house.run(&[
        "sandbox",
        "--",
        "sh",
        "-c",
        "ls ~/.palisade; echo x > ~/planted; cat ~/.palisade/config.yaml",
    ]);
    assert!(said.code != Some(0) && said.out.is_empty(), "{}", said.out);
    assert!(!house.palisade().parent().unwrap().join("planted").exists());
    let said = house.run(&["sandbox", "--", "no-such-program"]);
    assert_eq!(said.code, Some(125));
    assert!(said.err.contains("help:"), "{}", said.err);
}

/// A loop of a shell around it ends with Ctrl-C only where it sees the signal.
#[test]
fn it_ends_by_the_signal_that_ended_the_command() {
    use std::os::unix::process::ExitStatusExt;
    if !works("it_ends_by_the_signal_that_ended_the_command") {
        return;
    }
    let house = House::new();
    for verb in [&["sandbox"][..], &["run", "--sandbox"]] {
        for (name, number) in [("INT", 2), ("TERM", 15), ("USR1", 10)] {
            let mut direct = Command::new(crate::house::binary());
            house.prepare(&mut direct);
            direct.args(verb).args(["--", "sh", "-c", &format!("kill -{name} $$")]);
            direct.stdin(Stdio::null()).stderr(Stdio::null());
            assert_eq!(direct.status().unwrap().signal(), Some(number), "{verb:?} {name}");
        }
    }
}

#[test]
fn run_confines_where_it_is_told_to_and_the_journal_knows() {
    if !works("run_confines_where_it_is_told_to_and_the_journal_knows") {
        return;
    }
    let house = House::with("tools: {terminal: {sandbox: true}}\n");
    assert_eq!(house.run(&["run", "-c", "touch inside; exit 3"]).code, Some(3));
    assert!(house.work().join("inside").exists());
    let said = house.run(&["run", "-c", "test -e /.palisade-sandbox"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(
        house.run(&["run", "--no-sandbox", "-c", "test -e /.palisade-sandbox"]).code,
        Some(1)
    );
    let mut records = String::new();
    for entry in std::fs::read_dir(house.palisade().join("journal/log")).unwrap().flatten() {
        records.push_str(&std::fs::read_to_string(entry.path()).unwrap());
    }
    assert!(records.contains("native, no network, enforced"), "{records}");
    assert_eq!(House::new().run(&["run", "--net", "--", "true"]).code, Some(2));
}

#[test]
fn nothing_is_loosened_from_inside() {
    if !works("nothing_is_loosened_from_inside") {
        return;
    }
    let house = House::new();
    let binary = env!("CARGO_BIN_EXE_palisade");
    let inner = |rest: &str| {
        let line = format!("'{binary}' {rest}");
        house.run(&["sandbox", "--read", binary, "--", "sh", "-c", &line])
    };
    for attempt in [
        "sandbox --net -- true",
        "sandbox -- true",
        "run --no-sandbox -- true",
        "run --net -- true",
    ] {
        let said = inner(attempt);
        assert_ne!(said.code, Some(0), "{attempt}");
    }
    assert_eq!(inner("sandbox probe").code, Some(0));
}

#[test]
fn it_explains_itself() {
    let house = House::new();
    let said = house.run(&["sandbox", "--explain", "--limit", "memory=2g"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    for words in ["workspace", "2048 MiB (required)", "bwrap --unshare-user"] {
        assert!(said.out.contains(words), "{words}\n{}", said.out);
    }
    assert_eq!(house.run(&["sandbox", "probe"]).code, Some(0));
    assert_eq!(house.run(&["sandbox", "--limit", "memory=x", "--", "true"]).code, Some(2));
    assert_eq!(house.run(&["sandbox"]).code, Some(2));
}

#[test]
fn package_managers_have_a_cache_that_goes() {
    if !works("package_managers_have_a_cache_that_goes") {
        return;
    }
    let house = House::new();
    let line = "mkdir -p \"$npm_config_cache\" && echo x > \"$npm_config_cache/x\" && echo \"$CARGO_HOME\"";
    for begin in [&["run", "--sandbox", "-c"][..], &["sandbox", "--", "sh", "-c"]] {
        let said = house.run(&[begin, &[line]].concat());
        assert_eq!(said.code, Some(0), "{}", said.err);
        assert!(said.out.trim_end().ends_with("/.cache/cargo"), "{}", said.out);
    }
    assert!(!house.palisade().parent().unwrap().join(".cache").exists());
    let said = house.run(&["run", "-c", "echo \"[$npm_config_cache]\""]);
    assert_eq!(said.out, "[]\n", "unconfined commands are left alone");
}
