//! Putting Palisade under clients and taking it out again, on files as people
//! have them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use palisade_runtime::Home;
use palisade_runtime::approvals::governed;

use crate::house::{House, Said};
use crate::screen::Screen;

/// A client, its file of hooks, and a key under which others have a hook.
const JSON: &[(&str, &str, &str)] = &[
    ("claude", ".claude/settings.json", "PreToolUse"),
    ("codex", ".codex/hooks.json", "PreToolUse"),
    ("gemini", ".gemini/settings.json", "BeforeTool"),
    ("copilot", ".copilot/hooks/palisade.json", "preToolUse"),
    ("qwen", ".qwen/settings.json", "PreToolUse"),
    ("cursor", ".cursor/hooks.json", "preToolUse"),
    ("goose", ".agents/plugins/palisade/hooks/hooks.json", "PreToolUse"),
];

/// All clients and the files that they get.
const ALL: &[(&str, &[&str])] = &[
    ("claude", &[".claude/settings.json"]),
    ("codex", &[".codex/hooks.json"]),
    ("gemini", &[".gemini/settings.json"]),
    ("copilot", &[".copilot/hooks/palisade.json"]),
    ("opencode", &[".config/opencode/plugin/palisade.js"]),
    ("pi", &[".pi/agent/extensions/palisade.ts"]),
    ("cline", &[".cline/hooks/PreToolUse", ".cline/hooks/PostToolUse"]),
    ("qwen", &[".qwen/settings.json"]),
    ("cursor", &[".cursor/hooks.json"]),
    (
        "goose",
        &[".agents/plugins/palisade/plugin.json", ".agents/plugins/palisade/hooks/hooks.json"],
    ),
];

fn home(house: &House) -> PathBuf {
    house.palisade().parent().unwrap().to_owned()
}

fn install(house: &House, client: &str) -> Said {
    house.run(&["install", client, "--yes", "--force-path"])
}

fn put(house: &House, path: &str, content: &[u8]) -> PathBuf {
    let path = home(house).join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path
}

/// Files of people: other hooks, comments, line ends, tabs, odd order, a byte
/// order mark, no line end at the end.
fn layouts(event: &str) -> Vec<String> {
    let grouped = format!(
        "{{\n  \"model\": \"opus\",\n  \"hooks\": {{\n    \"{event}\": [\n      {{\n        \"matcher\": \"Bash\",\n        \"hooks\": [\n          {{ \"type\": \"command\", \"command\": \"~/bin/mine.sh\", \"timeout\": 5 }}\n        ]\n      }}\n    ],\n    \"Stop\": [{{\"hooks\": [{{\"type\": \"command\", \"command\": \"say done\"}}]}}]\n  }},\n  \"z\": [1, 2],\n  \"a\": {{\"b\": \"\\u00e9\"}}\n}}\n"
    );
    vec![
        grouped.clone(),
        grouped.replace('\n', "\r\n"),
        grouped.replace("  ", "\t"),
        grouped.trim_end().to_owned(),
        format!("\u{feff}{grouped}"),
        grouped
            .replace("\"model\"", "// the good one\n  \"model\"")
            .replace("[1, 2],", "[1, 2], /* two */"),
        grouped.replace("]\n  },", "],\n  },").replace("}}\n", "},}\n"),
        format!("{{\"version\":1,\"hooks\":{{\"{event}\":[]}}}}"),
        "{}".into(),
        "{\n}\n".into(),
        String::new(),
        "\n".into(),
        "{\"permissions\": {\"allow\": [\"Bash(ls:*)\"]}}".into(),
    ]
}

#[test]
fn what_was_there_comes_back_byte_for_byte() {
    for (client, path, event) in JSON {
        for text in layouts(event) {
            let house = House::new();
            let file = put(&house, path, text.as_bytes());
            let said = install(&house, client);
            assert_eq!(said.code, Some(0), "{client}: {text}\n{}", said.err);
            let with = fs::read_to_string(&file).unwrap();
            assert!(with.contains(&format!("hook --client {client} --event {event}")), "{with}");
            assert!(with.contains("mine.sh") == text.contains("mine.sh"), "{with}");

            let again = install(&house, client);
            assert!(again.out.contains("already installed"), "{client}: {}", again.out);
            assert_eq!(fs::read_to_string(&file).unwrap(), with, "the second time changes nothing");

            let said = house.run(&["uninstall", client, "--yes"]);
            assert_eq!(said.code, Some(0), "{client}: {}", said.err);
            assert_eq!(fs::read_to_string(&file).unwrap(), text, "{client}");
        }
    }
}

#[test]
fn what_was_not_there_goes_again() {
    for (client, files) in ALL {
        let house = House::new();
        let said = install(&house, client);
        assert_eq!(said.code, Some(0), "{client}: {}", said.err);
        for file in *files {
            assert!(home(&house).join(file).is_file(), "{client}: {file}");
        }
        assert!(install(&house, client).out.contains("already installed"), "{client}");
        let said = house.run(&["uninstall", client, "--yes"]);
        assert_eq!(said.code, Some(0), "{client}: {}", said.err);
        assert_eq!(tree(&home(&house)), BTreeMap::new(), "{client}");
        let said = house.run(&["uninstall", client, "--yes"]);
        assert!(said.err.contains("nothing of Palisade"), "{}", said.err);
    }
}

#[test]
fn a_dry_run_and_a_question_without_a_person_write_nothing() {
    let house = House::new();
    for (client, _) in ALL {
        let said = house.run(&["install", client, "--dry-run", "--force-path"]);
        assert_eq!(said.code, Some(0), "{}", said.err);
        assert!(said.out.contains("+++ ") && said.out.contains("cannot enforce"), "{}", said.out);
        let said = house.run(&["install", client, "--force-path"]);
        assert_eq!(said.code, Some(2), "{}", said.err);
        assert!(said.err.contains("nobody can be asked"), "{}", said.err);
    }
    assert_eq!(tree(&home(&house)), BTreeMap::new());
    assert!(!house.palisade().exists());
}

#[test]
fn a_person_is_shown_everything_and_asked() {
    let house = House::new();
    let file = put(&house, ".claude/settings.json", "{\n  \"a\": \"x\u{202e}y\"\n}\n".as_bytes());
    for (answer, written) in [("n\r", false), ("\r", false), ("y\r", true)] {
        let mut screen = Screen::palisade(&house, &["install", "claude", "--force-path"]);
        let shown = screen.expect("[y/N]");
        assert!(shown.contains("\\u{202e}") && shown.contains("onFailure"), "{shown}");
        screen.type_in(answer);
        let (_, rest) = screen.end();
        assert_eq!(fs::read_to_string(&file).unwrap().contains("palisade"), written, "{rest}");
    }
}

#[test]
fn what_somebody_changed_since_stays() {
    let house = House::new();
    let before = "{\n  \"model\": \"opus\",\n  \"hooks\": {\n    \"PreToolUse\": [\n      {\"matcher\": \"X\", \"hooks\": []}\n    ]\n  }\n}\n";
    let file = put(&house, ".claude/settings.json", before.as_bytes());
    assert_eq!(install(&house, "claude").code, Some(0));
    let with = fs::read_to_string(&file).unwrap();
    fs::write(&file, with.replace("opus", "haiku")).unwrap();
    let said = house.run(&["uninstall", "claude", "--yes"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(
        said.out.contains("Changed since") && said.out.contains("+  \"model\": \"haiku\""),
        "{}",
        said.out
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), before.replace("opus", "haiku"));
}

#[test]
fn several_installations_go_back_to_the_first() {
    let house = House::new();
    let before = "{\n  \"model\": \"opus\"\n}\n";
    let file = put(&house, ".claude/settings.json", before.as_bytes());
    assert_eq!(install(&house, "claude").code, Some(0));
    // As another version would have written it.
    let with = fs::read_to_string(&file).unwrap().replace("600", "60");
    fs::write(&file, &with).unwrap();
    assert_eq!(install(&house, "claude").code, Some(0));
    assert!(!fs::read_to_string(&file).unwrap().contains("\"timeout\": 60,"));
    assert_eq!(house.run(&["uninstall", "claude", "--yes"]).code, Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    // Without any record, what is ours is known all the same.
    assert_eq!(install(&house, "claude").code, Some(0));
    fs::remove_dir_all(house.palisade()).unwrap();
    assert_eq!(house.run(&["uninstall", "--all", "--yes"]).code, Some(0));
    assert!(!fs::read_to_string(&file).unwrap().contains("palisade"));
}

#[test]
fn modes_and_links_stay() {
    let house = House::new();
    let file = put(&house, "dotfiles/claude.json", b"{\n  \"a\": 1\n}\n");
    let link = home(&house).join(".claude/settings.json");
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    symlink(&file, &link).unwrap();
    for mode in [0o600, 0o444, 0o664] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(install(&house, "claude").code, Some(0));
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert!(fs::read_to_string(&file).unwrap().contains("palisade"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, mode);
        assert_eq!(house.run(&["uninstall", "claude", "--yes"]).code, Some(0));
        assert_eq!(fs::read_to_string(&file).unwrap(), "{\n  \"a\": 1\n}\n");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, mode);
    }
}

#[test]
fn what_cannot_be_understood_is_left_alone() {
    let cases: &[(&[u8], &str)] = &[
        (b"{\"a\": }", "line 1, column 7"),
        (b"{\"hooks\": {}, \"hooks\": {}}", "twice"),
        (b"{\"hooks\": []}", "a list where an object belongs"),
        (b"{\"hooks\": {\"PreToolUse\": {}}}", "an object where a list belongs"),
        (b"[]", "a list where an object belongs"),
        (b"{\"a\": \"\xff\"}", "line 1 is not UTF-8"),
        (b"\xff\xfe{\x00}\x00", "UTF-16"),
    ];
    for (content, words) in cases {
        let house = House::new();
        let file = put(&house, ".claude/settings.json", content);
        let said = install(&house, "claude");
        assert_eq!(said.code, Some(1), "{}", said.err);
        assert!(
            said.err.contains(words) && said.err.contains("nothing was changed"),
            "{}",
            said.err
        );
        assert_eq!(&fs::read(&file).unwrap(), content);
    }
    let house = House::new();
    let claude = home(&house).join(".claude");
    fs::create_dir_all(&claude).unwrap();
    symlink("/nonexistent/x", claude.join("settings.json")).unwrap();
    assert!(install(&house, "claude").err.contains("leads to nothing"));
    fs::create_dir_all(home(&house).join(".gemini/settings.json")).unwrap();
    assert!(install(&house, "gemini").err.contains("no ordinary file"));
    let theirs = put(&house, ".cline/hooks/PreToolUse", b"#!/bin/sh\nexit 0\n");
    assert!(install(&house, "cline").err.contains("somebody else's file"));
    assert_eq!(fs::read(&theirs).unwrap(), b"#!/bin/sh\nexit 0\n");
    assert!(!home(&house).join(".cline/hooks/PostToolUse").exists());
}

#[test]
fn one_that_fails_does_not_stop_the_others() {
    let house = House::new();
    put(&house, ".claude/settings.json", b"{");
    put(&house, ".qwen/settings.json", b"{}");
    let said = house.run(&["install", "--all-found", "--yes", "--force-path"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(
        fs::read_to_string(home(&house).join(".qwen/settings.json")).unwrap().contains("palisade")
    );
}

#[test]
fn a_program_that_will_not_stay_is_refused() {
    let house = House::new();
    let said = house.run(&["install", "claude", "--yes"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("--force-path"), "{}", said.err);
    assert!(!home(&house).join(".claude").exists());
}

#[test]
fn an_agent_is_refused() {
    let house = House::new();
    for arguments in [
        &["install", "claude", "--yes", "--force-path"][..],
        &["uninstall", "claude", "--yes"],
        &["uninstall", "--all", "--yes"],
    ] {
        let mut command = house.command(arguments);
        let said = Said::from(command.env("CLAUDECODE", "1").output().unwrap());
        assert_eq!(said.code, Some(2), "{}", said.err);
        assert!(said.err.contains("Claude Code runs this"), "{}", said.err);
    }
    // And without its mark: by the name of a process above.
    let agent = house.work().join("codex");
    fs::write(&agent, "#!/bin/sh\n\"$@\"\nexit $?\n").unwrap();
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = std::process::Command::new(&agent);
    command.arg(crate::house::binary()).args(["install", "claude", "--yes", "--force-path"]);
    house.prepare(&mut command);
    let said = Said::from(command.output().unwrap());
    assert!(said.code == Some(2) && said.err.contains("`codex`"), "{}", said.err);
}

#[test]
fn what_a_governed_process_starts_is_refused() {
    let house = House::new();
    let script = "while [ ! -e go ]; do sleep 0.02; done\n\
        install() { \"$@\" \"$PALISADE\" install claude --yes --force-path >>said 2>&1; }\n\
        install env; install env -i HOME=\"$HOME\" PATH=\"$PATH\"; install setsid\n\
        (install setsid; touch done) &\n\
        for i in $(seq 500); do [ -e done ] && break; sleep 0.02; done\n";
    let mut command = std::process::Command::new("bash");
    command.args(["-c", script]);
    house.prepare(&mut command);
    let mut agent = command.env("PALISADE", crate::house::binary()).spawn().unwrap();
    let governor = Home::locate(|name| (name == "PALISADE_HOME").then(|| house.palisade().into()));
    governed::register(&governor.unwrap(), agent.id()).unwrap();
    fs::write(house.work().join("go"), "").unwrap();
    agent.wait().unwrap();
    let said = fs::read_to_string(house.work().join("said")).unwrap();
    assert_eq!(said.matches("error: ").count(), 4, "{said}");
    assert!(!home(&house).join(".claude").exists());
    // And with nobody governed any more it is a person's again.
    assert_eq!(install(&house, "claude").code, Some(0));
}

#[test]
fn directories_of_the_clients_variables_are_used() {
    for (client, variable, file) in [
        ("claude", "CLAUDE_CONFIG_DIR", "settings.json"),
        ("codex", "CODEX_HOME", "hooks.json"),
        ("copilot", "COPILOT_HOME", "hooks/palisade.json"),
        ("opencode", "XDG_CONFIG_HOME", "opencode/plugin/palisade.js"),
        ("pi", "PI_CODING_AGENT_DIR", "extensions/palisade.ts"),
        ("qwen", "QWEN_HOME", "settings.json"),
        ("gemini", "GEMINI_CLI_HOME", ".gemini/settings.json"),
        ("cline", "CLINE_DIR", "hooks/PreToolUse"),
    ] {
        let house = House::new();
        let place = home(&house).join("else where");
        let mut command = house.command(&["install", client, "--yes", "--force-path"]);
        let said = Said::from(command.env(variable, &place).output().unwrap());
        assert_eq!(said.code, Some(0), "{client}: {}", said.err);
        assert!(place.join(file).is_file(), "{client}");
        // The record knows where, without the variable.
        assert_eq!(house.run(&["uninstall", client, "--yes"]).code, Some(0));
        assert_eq!(tree(&home(&house)), BTreeMap::new(), "{client}");
    }
}

#[test]
fn a_project_is_a_place_of_its_own() {
    for (client, file) in [
        ("claude", ".claude/settings.local.json"),
        ("codex", ".codex/hooks.json"),
        ("gemini", ".gemini/settings.json"),
        ("copilot", ".github/hooks/palisade.json"),
        ("opencode", ".opencode/plugin/palisade.js"),
        ("pi", ".pi/extensions/palisade.ts"),
        ("cline", ".clinerules/hooks/PreToolUse"),
        ("qwen", ".qwen/settings.json"),
        ("cursor", ".cursor/hooks.json"),
        ("goose", ".agents/plugins/palisade/hooks/hooks.json"),
    ] {
        let house = House::new();
        let said = house.run(&["install", client, "--project", "--yes", "--force-path"]);
        assert_eq!(said.code, Some(0), "{client}: {}", said.err);
        assert!(house.work().join(file).is_file(), "{client}");
        assert_eq!(tree(&home(&house)), BTreeMap::new(), "{client}");
        assert_eq!(house.run(&["uninstall", client, "--user", "--yes"]).code, Some(0));
        assert!(house.work().join(file).is_file(), "{client}");
        assert_eq!(house.run(&["uninstall", client, "--yes"]).code, Some(0));
        assert_eq!(tree(&house.work()), BTreeMap::new(), "{client}");
    }
}

#[test]
fn many_at_once_lose_nothing() {
    let house = House::new();
    let text = "{\n  \"a\": 1\n}\n";
    let files: Vec<_> =
        JSON.iter().map(|(_, path, _)| put(&house, path, text.as_bytes())).collect();
    let run = |verb: &'static str, forced: &'static [&'static str]| {
        let children: Vec<_> = JSON
            .iter()
            .cycle()
            .take(JSON.len() * 3)
            .map(|(client, ..)| {
                let mut arguments = vec![verb, client, "--yes"];
                arguments.extend(forced);
                house.command(&arguments).spawn().unwrap()
            })
            .collect();
        for mut child in children {
            child.wait().unwrap();
        }
    };
    run("install", &["--force-path"]);
    for ((client, ..), file) in JSON.iter().zip(&files) {
        let text = fs::read_to_string(file).unwrap();
        let once = text.matches(&format!("--client {client} --event ")).count();
        let doctor = house.run(&["install", client, "--dry-run", "--force-path"]);
        assert!(doctor.out.contains("already installed") && once > 0, "{text}");
    }
    run("uninstall", &[]);
    for file in &files {
        assert_eq!(fs::read_to_string(file).unwrap(), text);
    }
}

#[test]
fn killed_in_the_middle_leaves_the_old_or_the_new() {
    let house = House::new();
    let before = format!("{{\n  \"a\": \"{}\"\n}}\n", "x".repeat(1 << 20));
    let file = put(&house, ".claude/settings.json", before.as_bytes());
    assert_eq!(install(&house, "claude").code, Some(0));
    let with = fs::read_to_string(&file).unwrap();
    assert_eq!(house.run(&["uninstall", "claude", "--yes"]).code, Some(0));
    for step in 0..24u64 {
        let mut child = std::process::Command::new(crate::house::binary());
        child.args(["install", "claude", "--yes", "--force-path"]);
        house.prepare(&mut child);
        child.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = child.spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(step * 4));
        let _ = child.kill();
        child.wait().unwrap();
        let now = fs::read_to_string(&file).unwrap();
        assert!(now == before || now == with, "after {step}");
        assert_eq!(house.run(&["uninstall", "claude", "--yes"]).code, Some(0));
        assert_eq!(fs::read_to_string(&file).unwrap(), before, "after {step}");
    }
}

/// The files below a directory, with their contents; Palisade's own are left out.
fn tree(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with(".palisade") {
            continue;
        }
        if path.is_dir() {
            found.extend(tree(&path));
            found.insert(path, Vec::new());
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn the_profile_that_is_named_is_the_hooks() {
    let house = House::new();
    let said = house.run(&["-p", "nosuch", "install", "claude", "--yes", "--force-path"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("there is no profile `nosuch`"), "{}", said.err);
    assert!(!home(&house).join(".claude").exists());
    assert_eq!(house.run(&["profile", "new", "work"]).code, Some(0));
    for (client, file, words) in [
        ("claude", ".claude/settings.json", " --timeout 600 --profile work"),
        ("cline", ".cline/hooks/PreToolUse", " --timeout 600 --profile work"),
        ("pi", ".pi/agent/extensions/palisade.ts", "\"600\", \"--profile\", \"work\"]"),
        ("opencode", ".config/opencode/plugin/palisade.js", "\"600\", \"--profile\", \"work\"]"),
    ] {
        let said = house.run(&["-p", "work", "install", client, "--yes", "--force-path"]);
        assert_eq!(said.code, Some(0), "{}", said.err);
        let text = fs::read_to_string(home(&house).join(file)).unwrap();
        assert!(text.contains(words), "{client}: {text}");
        let doctor = house.run(&["doctor"]).out;
        let line = doctor.lines().find(|line| line.contains(&format!(" {client} "))).unwrap();
        assert!(line.contains("under Palisade") && !line.starts_with("wrong"), "{line}");
        assert_eq!(house.run(&["uninstall", client, "--yes"]).code, Some(0));
        assert!(!home(&house).join(file).exists());
    }
}
