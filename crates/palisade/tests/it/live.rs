//! The proof with clients, here with one made for it: a shell script that
//! speaks to the model and calls the hook as the real one does.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::house::{House, Said};

/// Claude Code in thirty lines: asks the model, hands each command to the hook
/// of its settings, runs what is not refused, and says what came out. `$OBEYS`
/// and the like are set by a test in the text.
const CLIENT: &str = r#"#!/bin/bash
[ "$1" = --version ] && { echo "2.1.999 (Claude Code)"; exit 0; }
host=${ANTHROPIC_BASE_URL#http://}
messages='{"role":"user","content":"go"}'
hook=$(sed -n 's/.*"command": "\(.*PreToolUse.*\)",$/\1/p' "$HOME/.claude/settings.json" 2>/dev/null)
hook=$(printf '%s' "$hook" | sed 's/\\"/"/g')
[ -n "$CALLS" ] && hook=
for turn in 1 2 3; do
    body='{"model":"m","messages":['$messages'],"tools":[{"name":"Bash","input_schema":{"properties":{"command":{"type":"string"}}}}]}'
    exec 3<>"/dev/tcp/${host%:*}/${host#*:}"
    printf 'POST /v1/messages HTTP/1.1\r\ncontent-length: %s\r\n\r\n%s' "${#body}" "$body" >&3
    reply=
    while IFS= read -r line <&3; do line=${line%$'\r'}; [ -z "$line" ] && break
        case $line in content-length:*) length=${line#*: };; esac; done
    reply=$(head -c "$length" <&3)
    exec 3>&-
    command=$(printf '%s' "$reply" | sed -n 's/.*"command":"\([^"]*\)".*/\1/p')
    [ -z "$command" ] && break
    said=
    [ -n "$hook" ] && said=$(printf '{"tool_name":"Bash","tool_input":{"command":"%s"}}' "$command" | sh -c "$hook")
    if [ -z "$said" ] || [ -n "$DEAF" ]; then eval "$command"; said=done; else said=refused; fi
    messages="$messages,"'{"role":"assistant","content":[]},{"role":"user","content":[{"type":"tool_result","content":"'$said'"}]}'
done
"#;

/// A hook that refuses deletions.
const HOOK: &str = r#"#!/bin/sh
case $(cat) in *"rm -r"*) echo '{"no":1}' ;; esac
"#;

fn program(house: &House, name: &str, text: &str) -> PathBuf {
    let path = house.work().join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn prove(house: &House, client: &str, hook: &str) -> serde_json::Value {
    program(house, "claude", client);
    let hook = program(house, "palisade", hook);
    let mut command = house.command(&[
        "doctor",
        "--live",
        "claude",
        "--json",
        "--bare",
        "--seconds",
        "20",
        "--hook",
    ]);
    command.arg(&hook);
    command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", house.work().display()));
    let said = Said::from(command.output().unwrap());
    let left = house.palisade().parent().unwrap().join(".local/state/palisade-live");
    assert!(!left.exists(), "something was left behind");
    let value: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let fine = value["verdict"] == "proved" || value["verdict"] == "missing";
    assert_eq!(said.code, Some(i32::from(!fine)), "{}", said.err);
    value
}

#[test]
fn what_a_client_does_is_what_is_said() {
    let house = House::new();
    let proof = prove(&house, CLIENT, HOOK);
    assert_eq!(
        (&proof["verdict"], &proof["on_crash"]),
        (&"proved".into(), &"stops".into()),
        "{proof}"
    );
    assert_eq!(proof["version"], "2.1.999");

    let skips = CLIENT.replace("[ -n \"$CALLS\" ] && hook=", "hook=");
    assert_eq!(prove(&house, &skips, HOOK)["verdict"], "skipped");

    let deaf = CLIENT.replace("[ -n \"$DEAF\" ]", "true");
    let proof = prove(&house, &deaf, HOOK);
    assert_eq!(
        (&proof["verdict"], &proof["on_crash"]),
        (&"open".into(), &"runs".into()),
        "{proof}"
    );

    let all = "#!/bin/sh\ncat >/dev/null; echo '{}'\n";
    assert_eq!(prove(&house, CLIENT, all)["verdict"], "blocked");

    // One that never deletes proves nothing about the hook.
    let shy =
        CLIENT.replace("eval \"$command\"", "case $command in rm*) ;; *) eval \"$command\";; esac");
    let proof = prove(&house, &shy, "#!/bin/sh\nexit 0\n");
    assert_eq!(proof["verdict"], "untried", "{proof}");

    let silent = prove(&house, "#!/bin/sh\nexit 0\n", HOOK);
    assert!(silent["words"].as_str().unwrap().contains("before it asked the model"), "{silent}");
}

#[test]
fn a_client_that_is_not_there_is_reported_as_such() {
    let house = House::new();
    let said = house.run(&["doctor", "--live", "codex", "--json"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("\"missing\""), "{}", said.out);
    assert_eq!(house.run(&["doctor", "codex"]).code, Some(2));
    assert_eq!(house.run(&["doctor", "--live", "clawd"]).code, Some(2));
}

#[test]
fn doctor_has_a_line_for_each_client() {
    let house = House::new();
    let line = |client: &str| {
        let said = house.run(&["doctor", "--json"]);
        let line = said.out.lines().find(|line| line.contains(&format!("\"{client}\"")));
        line.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
    };
    assert_eq!(line("codex"), None);
    for client in ["codex", "claude"] {
        assert_eq!(house.run(&["install", client, "--yes", "--force-path"]).code, Some(0));
    }
    assert_eq!(line("claude").unwrap()["state"], "ok");
    let codex = line("codex").unwrap();
    assert_eq!(codex["state"], "wrong");
    assert!(codex["words"].as_str().unwrap().contains("does not trust"), "{codex}");

    let home = house.palisade().parent().unwrap().to_owned();
    let settings = home.join(".claude/settings.json");
    let text = fs::read_to_string(&settings).unwrap();
    for (from, to, words) in [
        (
            "{\n  \"hooks\"",
            "{\n  \"disableAllHooks\": true,\n  \"hooks\"",
            "switches every hook off",
        ),
        ("\"timeout\": 600", "\"timeout\": 1", "is not as this palisade writes it"),
        ("{", "{{", "mend it by hand"),
        ("palisade hook", "palisade-gone hook", "which is not there"),
        ("\"PermissionRequest\": ", "\"PermissionRequested\": ", "no entry for PermissionRequest"),
    ] {
        assert!(text.contains(from), "{text}");
        fs::write(&settings, text.replace(from, to)).unwrap();
        let claude = line("claude").unwrap();
        assert_eq!(claude["state"], "wrong", "{claude}");
        assert!(claude["words"].as_str().unwrap().contains(words), "{claude}");
        let mends = claude["words"].as_str().unwrap().contains("mends it");
        assert_eq!(mends, !words.contains("every hook") && !words.contains("by hand"), "{claude}");
    }
    fs::write(&settings, text).unwrap();
    let local = house.work().join(".claude/settings.local.json");
    fs::create_dir_all(local.parent().unwrap()).unwrap();
    fs::write(&local, "{\"disableAllHooks\": true}").unwrap();
    let claude = line("claude").unwrap();
    assert_eq!(claude["state"], "wrong", "{claude}");
    assert!(claude["words"].as_str().unwrap().contains("settings.local.json"), "{claude}");
}
