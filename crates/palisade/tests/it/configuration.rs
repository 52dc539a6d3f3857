//! What a configuration may say, and what two processes do to it at once.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::house::House;
use crate::screen::Screen;

#[test]
fn what_does_not_parse_stops_everything() {
    let allowlist = "tools:\n  terminal:\n    approval:\n      allowlist:\n        ";
    let cases = [
        (
            "tools:\n  terminal:\n    sandbx: true\n",
            "config.yaml:3:5: unknown key `sandbx`",
            "did you mean `sandbox`?",
        ),
        (
            "tools:\n  terminal:\n    sandbox: perhaps\n",
            "config.yaml:3:14: `tools.terminal.sandbox` is `perhaps`: expected `true` or `false`",
            "",
        ),
        (
            "tools:\n  terminal:\n    sandbox: \"true\"\n",
            "`tools.terminal.sandbox` is `\"true\"`: expected `true` or `false`, without quotes",
            "",
        ),
        (
            "tools:\n  terminal:\n    sandbox: [true]\n",
            "`tools.terminal.sandbox` is `[true]`: expected `true` or `false`",
            "",
        ),
        (
            "tools:\n  terminal:\n    limits: {memory_mb: lots}\n",
            "`tools.terminal.limits.memory_mb` is `lots`: expected a whole number, 0 or more",
            "",
        ),
        (
            "tools:\n  terminal:\n    limits: {cpus: two}\n",
            "`tools.terminal.limits.cpus` is `two`: expected a number",
            "",
        ),
        (
            "tools:\n  terminal:\n    allow_domains: a.example\n",
            "`tools.terminal.allow_domains` is `a.example`: expected a list",
            "`[a, b]`",
        ),
        (
            "tools:\n  taint:\n    policy: on\n",
            "config.yaml:3:13: `tools.taint.policy`: unknown value `on`",
            "it is one of: auto, always, off",
        ),
        (
            "tools: [1\n",
            "config.yaml:1:8: `tools` is `[1`: expected keys and values",
            "`key: value`",
        ),
        ("tools: [\n", "config.yaml:1:8: `tools` is `[`: expected keys and values", "`key: value`"),
        (
            "mcp:\n  servers:\n    a: {command: x, args: [1, {b: c}]}\n",
            "config.yaml:3:31: `mcp.servers.a.args` is `{b: c}`: expected one value",
            "",
        ),
        (
            "tools:\n  terminal:\n    allow_domains: [\"http://x y\"]\n",
            "config.yaml:3:21: `tools.terminal.allow_domains`: `http://x y` is no domain to allow",
            "",
        ),
        (
            "agents:\n  claude: {allow_private: [localhost]}\n",
            "config.yaml:2:28: `agents.claude.allow_private`: `localhost` is no `host:port`",
            "",
        ),
        ("tools: {}\ntools: {}\n", "config.yaml:2:1: the key `tools` stands here twice", ""),
        (
            "tools:\n  terminal:\n    approval: {unrecognised: alow}\n",
            "config.yaml:3:30: `tools.terminal.approval.unrecognised`: unknown value `alow`",
            "it is one of: allow-when-confined, ask, allow",
        ),
        (
            "tools:\n  terminal:\n    approval: {timeout_s: 0}\n",
            "config.yaml:3:27: `tools.terminal.approval.timeout_s` is `0`: expected a number of seconds",
            "",
        ),
        (
            "tools:\n  terminal:\n    approval: {queue: alway}\n",
            "config.yaml:3:23: `tools.terminal.approval.queue`: unknown value `alway`",
            "it is one of: auto, always, never",
        ),
        (
            "tools:\n  terminal:\n    approval: {parked_s: 86401}\n",
            "expected a number of seconds from 0 to 86400",
            "",
        ),
        (
            "tools:\n  terminal:\n    approval: {notfy: true}\n",
            "unknown key `notfy`",
            "did you mean `notify`?",
        ),
        (
            "budget:\n  daily_usd: -5\n",
            "config.yaml:2:14: `budget.daily_usd` is `-5`: expected a number above 0",
            "",
        ),
        (
            "workspace: here\n",
            "config.yaml:1:12: `workspace` is `here`: expected an absolute path",
            "",
        ),
        (
            "tools:\n  terminal:\n",
            "config.yaml:2:11: `tools.terminal`: expected keys and values",
            "`{}`",
        ),
        (
            &format!("{allowlist}- \"*\"\n"),
            "config.yaml:5:11: a command glob must name a command",
            "",
        ),
        (
            &format!("{allowlist}- \"* push\"\n"),
            "config.yaml:5:11: a command glob must name a command",
            "",
        ),
        ("tools:\n  rules:\n", "`tools.rules`: expected a list", "an empty list is written `[]`"),
        (
            &format!("{allowlist}- {{rule: a, program: b, in: /, until: soon}}\n"),
            "expected a date",
            "",
        ),
        (
            &format!("{allowlist}- {{rule: a, progam: b, in: /}}\n"),
            "config.yaml:5:21: unknown key `progam`",
            "did you mean `program`?",
        ),
    ];
    for (config, message, help) in cases {
        let house = House::with(config);
        for arguments in [&["check", "--", "ls"][..], &["run", "--", "touch", "ran"]] {
            let said = house.run(arguments);
            assert_eq!(said.code, Some(2), "{config}\n{}", said.err);
            assert!(
                said.err.contains(message) && said.err.contains(help),
                "{config}\n{}",
                said.err
            );
        }
        assert!(!house.work().join("ran").exists());
    }
    let house = House::new();
    house.configure("");
    fs::write(house.config(), b"a: 1\nb: \xff\n").unwrap();
    let said = house.run(&["check", "--", "ls"]);
    assert!(
        said.code == Some(2) && said.err.contains("config.yaml:2:1: this line is not UTF-8"),
        "{}",
        said.err
    );
}

#[test]
fn doctor_says_what_in_a_profile_means_nothing() {
    let house = House::with(
        "workspace: /nowhere/at/all\ntools:\n  terminal:\n    approval:\n      allowlist:\n      - {rule: no/such, \
         program: rm, in: /}\n      - {rule: delete/root, program: rm, in: /}\n      - {rule: delete/tree, program: rm, \
         in: rel}\n      - {rule: delete/tree, program: rm, in: /}\n    env: [\"A B\", PATH2]\n  taint: {named: \
         [\"https://x.example\", \"*.a.example\"]}\n",
    );
    let said = house.run(&["doctor"]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    for part in [
        "`no/such`, and there is none",
        "`delete/root`, which nothing can allow",
        "`in: rel` for `delete/tree`",
        "`A B` is no variable's name",
        "`https://x.example` is no host",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert_eq!(said.out.matches("wrong").count(), 6, "{}", said.out);
    assert!(said.out.contains("the directory `/nowhere/at/all` is not there"), "{}", said.out);
}

#[test]
fn first_use_makes_private_files_with_comments() {
    let house = House::new();
    assert_eq!(house.run(&["run", "--", "true"]).code, Some(0));
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&house.palisade()), 0o700);
    assert_eq!(mode(&house.config()), 0o600);
    assert!(fs::read_to_string(house.config()).unwrap().contains("# "));
    assert_eq!(house.run(&["check", "--", "ls"]).code, Some(0), "what is made also parses");
}

#[test]
fn a_home_that_others_can_write_is_refused() {
    let house = House::with("");
    fs::set_permissions(house.palisade(), fs::Permissions::from_mode(0o777)).unwrap();
    let said = house.run(&["run", "--", "true"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("chmod 700"), "{}", said.err);
}

#[test]
fn twenty_who_save_at_once_lose_nothing() {
    let house = House::with("# mine\ntools:\n  terminal:\n    sandbox: false  # kept\n");
    let mut screens: Vec<Screen> = (0..20)
        .map(|at| Screen::palisade(&house, &["run", "--", "rm", "-rf", &format!("d{at}")]))
        .collect();
    for screen in &mut screens {
        screen.expect("answer within");
    }
    // What is typed in the first moment does not count.
    std::thread::sleep(std::time::Duration::from_millis(600));
    for screen in &mut screens {
        screen.type_in("a\r");
    }
    for screen in screens {
        let (status, rest) = screen.end();
        assert_eq!(status.code(), Some(0), "{rest}");
    }
    let text = fs::read_to_string(house.config()).unwrap();
    assert!(
        text.starts_with("# mine\ntools:\n  terminal:\n    sandbox: false  # kept\n"),
        "{text}"
    );
    for at in 0..20 {
        assert!(text.contains(&format!("\"d{at}\"")), "{text}");
        assert_eq!(house.run(&["check", "--", "rm", "-rf", &format!("d{at}")]).code, Some(0));
    }
    assert_eq!(house.run(&["grants", "list"]).out.lines().count(), 20);
    assert_eq!(house.run(&["grants", "revoke", "1"]).code, Some(0));
    assert_eq!(house.run(&["grants", "list"]).out.lines().count(), 19);
}

#[test]
fn a_link_to_the_configuration_is_followed() {
    let house = House::with("");
    let elsewhere = house.work().join("dotfiles.yaml");
    fs::write(
        &elsewhere,
        "tools:\n  terminal:\n    approval:\n      allowlist: [\"git push *\"]\n",
    )
    .unwrap();
    fs::remove_file(house.config()).unwrap();
    std::os::unix::fs::symlink(&elsewhere, house.config()).unwrap();
    assert_eq!(house.run(&["grants", "revoke", "1"]).code, Some(0));
    assert!(house.config().symlink_metadata().unwrap().is_symlink());
    assert!(fs::read_to_string(&elsewhere).unwrap().contains("allowlist: []"));
}
