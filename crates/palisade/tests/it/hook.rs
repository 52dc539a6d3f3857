//! `hook`: the real program, driven as each client drives it.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::house::{House, binary};
use crate::screen::Screen;

const CLIENTS: &[&str] =
    &["claude", "codex", "gemini", "copilot", "opencode", "pi", "cline", "qwen", "cursor", "goose"];

struct Heard {
    code: Option<i32>,
    out: String,
    err: String,
}

fn command(house: &House, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments);
    house.prepare(&mut command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn heard(mut command: Command, input: &[u8]) -> Heard {
    let mut child = command.spawn().unwrap();
    // It may have answered before it has read all.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Heard {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn hook(house: &House, client: &str, event: &str, payload: &Value) -> Heard {
    let line = ["hook", "--client", client, "--event", event];
    heard(command(house, &line), payload.to_string().as_bytes())
}

/// A shell call as that client tells it.
fn shell(house: &House, client: &str, id: &str, line: &str) -> Value {
    let cwd = house.work().display().to_string();
    let bare = |tool: &str| {
        json!({"hook_event_name": "PreToolUse", "session_id": "s1", "cwd": cwd, "tool_name": tool,
               "tool_input": {"command": line}, "tool_use_id": id})
    };
    match client {
        "claude" | "codex" => bare("Bash"),
        "qwen" => bare("run_shell_command"),
        "gemini" => {
            json!({"hook_event_name": "BeforeTool", "session_id": "s1", "cwd": cwd, "timestamp": id,
                           "tool_name": "run_shell_command", "tool_input": {"command": line}})
        }
        "copilot" => json!({"sessionId": "s1", "timestamp": 5, "cwd": cwd, "toolName": "bash",
                            "toolArgs": json!({"command": line}).to_string()}),
        "opencode" => {
            json!({"event": "before", "tool": "bash", "args": {"command": line}, "callID": id,
                             "sessionID": "s1", "cwd": cwd})
        }
        "pi" => {
            json!({"hook_event_name": "tool_call", "tool_name": "bash", "tool_input": {"command": line},
                       "tool_call_id": id, "cwd": cwd, "has_ui": false})
        }
        "cline" => json!({"hookName": "tool_call", "sessionContext": {"rootSessionId": "s1"},
                          "workspaceInfo": {"rootPath": cwd}, "agent_id": "a", "parent_agent_id": null,
                          "tool_call": {"id": id, "name": "run_commands", "input": {"commands": [line]}}}),
        "cursor" => {
            json!({"hook_event_name": "preToolUse", "conversation_id": "s1", "cwd": cwd, "tool_use_id": id,
                           "tool_name": "Shell", "tool_input": {"command": line}})
        }
        "goose" => {
            json!({"event": "PreToolUse", "session_id": "s1", "working_dir": cwd, "tool_call_id": id,
                          "tool_name": "developer__shell", "tool_input": {"command": line}})
        }
        other => panic!("{other}"),
    }
}

/// Why it was refused, in the form that this client takes for a refusal.
fn refusal(client: &str, heard: &Heard) -> String {
    assert_eq!((heard.code, heard.err.as_str()), (Some(0), ""), "{client}: {}", heard.out);
    let said: Value = serde_json::from_str(&heard.out)
        .unwrap_or_else(|error| panic!("{client}: {error}: {:?}", heard.out));
    let text = |pointer: &str| said.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let (word, why) = match client {
        "claude" | "codex" | "qwen" => (
            text("/hookSpecificOutput/permissionDecision"),
            text("/hookSpecificOutput/permissionDecisionReason"),
        ),
        "gemini" | "opencode" | "pi" => (text("/decision"), text("/reason")),
        "goose" => (text("/decision").map(|word| word.replace("block", "deny")), text("/reason")),
        "copilot" => (text("/permissionDecision"), text("/permissionDecisionReason")),
        "cursor" => (text("/permission"), text("/agent_message")),
        "cline" if said["cancel"] == json!(true) => (Some("deny".into()), text("/errorMessage")),
        "cline" => {
            let line = text("/overrideInput/commands/0").unwrap();
            assert!(line.ends_with("' >&2; exit 1"), "{line}");
            (Some("deny".into()), Some(line))
        }
        other => panic!("{other}"),
    };
    assert_eq!(word.as_deref(), Some("deny"), "{client}: {}", heard.out);
    why.unwrap()
}

fn allowed(client: &str, heard: &Heard) {
    assert_eq!((heard.code, heard.out.as_str(), heard.err.as_str()), (Some(0), "", ""), "{client}");
}

fn event(client: &str) -> &'static str {
    match client {
        "claude" | "codex" | "qwen" | "goose" => "PreToolUse",
        "gemini" => "BeforeTool",
        "copilot" | "cursor" => "preToolUse",
        "opencode" => "before",
        _ => "tool_call",
    }
}

fn log(house: &House) -> String {
    let said = house.run(&["log", "tail", "-n", "200"]);
    said.out
}

#[test]
fn what_may_happen_is_answered_by_nothing_and_all_else_in_the_clients_form() {
    for client in CLIENTS {
        let house = House::new();
        let say = |id: &str, line: &str| {
            hook(&house, client, event(client), &shell(&house, client, id, line))
        };
        allowed(client, &say("1", "ls -l | head"));
        let why = refusal(client, &say("2", "rm -rf /"));
        assert!(why.contains("delete/root") && why.contains("Instead:"), "{client}: {why}");
        let why = refusal(client, &say("3", "git push --force"));
        assert!(why.contains("vcs/") && why.contains("palisade approvals"), "{client}: {why}");
        let ours = house.palisade().parent().unwrap().display().to_string();
        assert!(!why.contains(&ours), "{why}");
        let log = log(&house);
        assert!(log.contains(&format!("[{client}] run ls -l")), "{log}");
        assert!(log.contains("delete/root") && !log.contains("approval"), "{log}");
    }
}

#[test]
fn whatever_goes_wrong_is_a_refusal() {
    for client in CLIENTS {
        let house = House::new();
        let good = shell(&house, client, "1", "ls").to_string();
        let line = ["hook", "--client", client, "--event", event(client)];
        let broken: &[&[u8]] = &[
            b"",
            b"{",
            b"null",
            b"[]",
            b"{}",
            b"\xff\xfe",
            &good.as_bytes()[..good.len() - 1],
            &[b'['; 100_000],
        ];
        for input in broken {
            refusal(client, &heard(command(&house, &line), input));
        }
        refusal(client, &heard(command(&house, &line), &vec![b' '; (16 << 20) + 2]));
        let lines: &[&[&str]] = &[
            &["hook", "--client", client, "--event", "NoSuchEvent"],
            &["hook", "--client", client, "--nonsense"],
            &["hook", "--client", client, "--timeout", "never"],
            &["hook", "--client", client, "--event"],
            &["--profile", "nobody", "hook", "--client", client],
            &["--profile", "../..", "hook", "--client", client],
        ];
        for line in lines {
            refusal(client, &heard(command(&house, line), good.as_bytes()));
        }
        let mut homeless = command(&house, &line);
        homeless.env_remove("HOME").env_remove("PALISADE_HOME");
        refusal(client, &heard(homeless, good.as_bytes()));
        house.configure("tools: {termnal: 1}\n");
        let why = refusal(client, &heard(command(&house, &line), good.as_bytes()));
        assert!(why.contains("palisade doctor"), "{why}");
    }
}

#[test]
fn a_line_without_a_client_is_refused_for_all_of_them() {
    let house = House::new();
    for line in [&["hook"][..], &["hook", "--client", "nobody"], &["hook", "--client"]] {
        let heard = heard(command(&house, line), b"{}");
        for client in ["claude", "gemini", "copilot", "cursor"] {
            refusal(client, &heard);
        }
    }
    let help = heard(command(&house, &["hook", "--help"]), b"");
    assert!(help.out.contains("Example:") && help.code == Some(0), "{}", help.out);
}

#[test]
fn a_client_that_never_ends_its_input_is_refused_in_time() {
    let house = House::new();
    for client in CLIENTS {
        let mut child =
            command(&house, &["hook", "--client", client, "--timeout", "0.05"]).spawn().unwrap();
        // The input stays open until it has ended by itself.
        let input = child.stdin.take();
        let status = child.wait().unwrap();
        drop(input);
        let mut heard = Heard { code: status.code(), out: String::new(), err: String::new() };
        std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut heard.out).unwrap();
        refusal(client, &heard);
    }
}

#[test]
fn a_refusal_that_cannot_be_said_is_no_silence() {
    let house = House::new();
    for (client, place) in [("claude", ">&-"), ("codex", ">/dev/full"), ("gemini", ">/dev/null")] {
        let say = |line: &str| {
            let script =
                format!("exec \"$0\" hook --client {client} --event {} {place}", event(client));
            let mut command = Command::new("sh");
            command.arg("-c").arg(script).arg(binary());
            house.prepare(&mut command);
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            heard(command, shell(&house, client, line, line).to_string().as_bytes())
        };
        let said = say("rm -rf /");
        assert_eq!((said.code, said.err.as_str()), (Some(2), ""), "{client} {place}");
        allowed(client, &say("ls"));
    }
}

#[test]
fn a_home_that_cannot_be_written_refuses() {
    let house = House::new();
    fs::write(house.palisade(), "a file, not a directory").unwrap();
    let heard = hook(&house, "claude", "PreToolUse", &shell(&house, "claude", "1", "ls"));
    refusal("claude", &heard);
}

#[test]
fn the_end_of_a_call_is_recorded_for_its_intent() {
    let house = House::new();
    let mut call = shell(&house, "claude", "t1", "ls");
    allowed("claude", &hook(&house, "claude", "PreToolUse", &call));
    call["hook_event_name"] = json!("PostToolUse");
    call["tool_response"] = json!({"stdout": "a.txt", "stderr": ""});
    allowed("claude", &hook(&house, "claude", "PostToolUse", &call));
    let log = log(&house);
    assert!(log.contains("of #0: ok"), "{log}");
    // Told again, it is not recorded again.
    allowed("claude", &hook(&house, "claude", "PostToolUse", &call));
    assert_eq!(self::log(&house).matches("of #0").count(), 1);
}

#[test]
fn a_call_told_twice_is_answered_twice_and_recorded_once() {
    let house = House::new();
    for (line, id) in [("ls", "t1"), ("rm -rf /", "t2")] {
        let call = shell(&house, "claude", id, line);
        let once = hook(&house, "claude", "PreToolUse", &call).out;
        assert_eq!(hook(&house, "claude", "PreToolUse", &call).out, once);
    }
    let log = log(&house);
    assert_eq!((log.matches("run ls").count(), log.matches("run rm").count()), (1, 1), "{log}");
    // The same name for another call is another call.
    refusal(
        "claude",
        &hook(&house, "claude", "PreToolUse", &shell(&house, "claude", "t1", "rm -rf /")),
    );
}

#[test]
fn calls_at_once_are_each_recorded() {
    let house = House::new();
    allowed("claude", &hook(&house, "claude", "PreToolUse", &shell(&house, "claude", "t", "ls")));
    let children: Vec<_> = (0..8)
        .map(|at| {
            let call =
                shell(&house, "claude", &format!("p{}", at / 2), &format!("echo {}", at / 2));
            let mut child = command(&house, &["hook", "--client", "claude"]).spawn().unwrap();
            child.stdin.take().unwrap().write_all(call.to_string().as_bytes()).unwrap();
            child
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stdout.is_empty());
    }
    let log = log(&house);
    for at in 0..4 {
        assert_eq!(log.matches(&format!("run echo {at}")).count(), 1, "{log}");
    }
}

#[test]
fn a_copy_of_a_secret_is_one_for_the_file_tools_as_well() {
    let house = House::new();
    let work = house.work();
    fs::write(work.join(".env"), "TOKEN=abcdefgh12345678\n").unwrap();
    let read = |name: &str| {
        let payload = json!({"hook_event_name": "PreToolUse", "session_id": "s1", "cwd": work, "tool_name": "Read",
                             "tool_input": {"file_path": work.join(name)}, "tool_use_id": name});
        hook(&house, "claude", "PreToolUse", &payload).out
    };
    fs::write(work.join("notes.txt"), "x").unwrap();
    for (id, line, copy) in [
        ("c1", "cp .env one.txt", "one.txt"),
        ("c2", "cp .env a.txt && mv a.txt two.txt", "two.txt"),
    ] {
        assert_eq!(
            hook(&house, "claude", "PreToolUse", &shell(&house, "claude", id, line)).out,
            ""
        );
        fs::write(work.join(copy), "TOKEN=abcdefgh12345678\n").unwrap();
        assert!(read(copy).contains("deny"), "{line}");
    }
    assert_eq!(read("notes.txt"), "");
}

#[test]
fn secrets_are_taken_out_and_text_from_outside_is_put_into_an_envelope() {
    let secret = ["ghp_", "0123456789abcdefghijklmnopqrstuvwxyz"].concat();
    let after = |house: &House, client: &str, tool: &str, input: Value, output: Value| {
        let payload = json!({"hook_event_name": "PostToolUse", "session_id": "s", "cwd": house.work(),
                             "tool_name": tool, "tool_input": input, "tool_response": output, "tool_use_id": "t"});
        hook(house, client, "PostToolUse", &payload)
    };
    let house = House::new();
    let heard = after(
        &house,
        "claude",
        "Bash",
        json!({"command": "cat notes"}),
        json!({"stdout": format!("a {secret} b"), "stderr": "", "interrupted": false}),
    );
    let said: Value = serde_json::from_str(&heard.out).unwrap();
    assert_eq!(
        said["hookSpecificOutput"]["updatedToolOutput"],
        json!({"stdout": "a [redacted:github-token] b", "stderr": "", "interrupted": false})
    );
    let heard = after(&house, "codex", "Bash", json!({"command": "cat notes"}), json!(secret));
    assert_eq!(
        serde_json::from_str::<Value>(&heard.out).unwrap(),
        json!({"decision": "block", "reason": "[redacted:github-token]"})
    );
    let page = json!({"url": "https://page.example/", "prompt": "x"});
    let heard = after(&house, "claude", "WebFetch", page, json!({"result": "hello", "code": 200}));
    let said: Value = serde_json::from_str(&heard.out).unwrap();
    let text = said["hookSpecificOutput"]["updatedToolOutput"]["result"].as_str().unwrap();
    assert!(
        text.starts_with("[external page from page.example") && text.contains("hello"),
        "{text}"
    );
    let heard = after(
        &house,
        "claude",
        "mcp__docs__search",
        json!({}),
        json!([{"type": "text", "text": "hi"}]),
    );
    let said: Value = serde_json::from_str(&heard.out).unwrap();
    let text = said["hookSpecificOutput"]["updatedToolOutput"][0]["text"].as_str().unwrap();
    assert!(text.contains("the tool docs/search") && text.contains("UNTRUSTED"), "{text}");
    // What is said of it later is judged in a session that has read it.
    let memory = house.palisade().join("profiles/default/sessions/claude-s.memory.json");
    let memory = fs::read_to_string(memory).unwrap();
    assert!(memory.contains("page.example") && memory.contains("docs/search"), "{memory}");
    allowed(
        "claude",
        &after(&house, "claude", "Bash", json!({"command": "ls"}), json!({"stdout": "x"})),
    );
}

#[test]
fn what_a_subagent_of_opencode_has_read_is_told_to_its_parent() {
    let house = House::new();
    let call = |event: &str, session: &str, tool: &str, args: Value, output: Value| {
        let payload = json!({"event": event, "tool": tool, "args": args, "callID": format!("{event}{session}"),
                             "sessionID": session, "cwd": house.work(), "output": output});
        hook(&house, "opencode", event, &payload)
    };
    let page = json!({"url": "https://page.example/"});
    call("after", "ses_child", "webfetch", page, json!("hello"));
    let result =
        "<task id=\"ses_child\" state=\"completed\">\n<task_result>done</task_result></task>";
    allowed(
        "opencode",
        &call("after", "ses_parent", "task", json!({"prompt": "x"}), json!(result)),
    );
    let memory = "profiles/default/sessions/opencode-ses_parent.memory.json";
    let memory = fs::read_to_string(house.palisade().join(memory)).unwrap();
    assert!(memory.contains("page.example"), "{memory}");
}

#[test]
fn output_that_cannot_be_looked_at_is_withheld_in_its_own_shape() {
    let house = House::with("tools: {broken");
    let payload = json!({"hook_event_name": "PostToolUse", "session_id": "s", "cwd": house.work(),
                         "tool_name": "Read", "tool_input": {"file_path": "a"}, "tool_use_id": "t",
                         "tool_response": {"type": "text", "file": {"filePath": "a", "content": "x", "numLines": 1}}});
    let heard = hook(&house, "claude", "PostToolUse", &payload);
    let said: Value = serde_json::from_str(&heard.out).unwrap();
    let output = &said["hookSpecificOutput"]["updatedToolOutput"];
    assert!(output["file"]["content"].as_str().unwrap().starts_with("Palisade refuses"), "{said}");
    assert_eq!((&output["type"], &output["file"]["numLines"]), (&json!("text"), &json!(1)));
}

#[test]
fn files_and_addresses_are_judged_as_what_they_are() {
    let house = House::new();
    let ask = |tool: &str, input: Value| {
        let payload = json!({"hook_event_name": "PreToolUse", "session_id": "s", "cwd": house.work(),
                             "tool_name": tool, "tool_input": input, "tool_use_id": input.to_string()});
        hook(&house, "claude", "PreToolUse", &payload)
    };
    std::os::unix::fs::symlink("/etc/passwd", house.work().join("innocent")).unwrap();
    let home = house.palisade().parent().unwrap().to_owned();
    for (tool, input) in [
        ("Read", json!({"file_path": "~/.ssh/id_rsa"})),
        ("Read", json!({"file_path": "../home/.ssh/id_rsa"})),
        ("Write", json!({"file_path": "/etc/passwd", "content": "x"})),
        ("Edit", json!({"file_path": "innocent", "old_string": "a", "new_string": "b"})),
        ("NotebookEdit", json!({"notebook_path": "/etc/cron.d/x", "new_source": "x"})),
        ("Read", json!({"file_path": home.join(".palisade/profiles/default/.env")})),
        ("WebFetch", json!({"url": "http://169.254.169.254/latest", "prompt": "x"})),
        ("WebFetch", json!({"url": "file:///etc/passwd", "prompt": "x"})),
        ("Frobnicate", json!({})),
        ("mcp__a__b", json!({})),
    ] {
        refusal("claude", &ask(tool, input));
    }
    for (tool, input) in [
        ("Read", json!({"file_path": "src/main.rs"})),
        ("Write", json!({"file_path": "src/new.rs", "content": "x"})),
        ("Glob", json!({"pattern": "**/*.rs"})),
        ("TodoWrite", json!({"todos": []})),
        ("WebFetch", json!({"url": "https://docs.example/x", "prompt": "x"})),
    ] {
        allowed(tool, &ask(tool, input));
    }
    let patch = "*** Begin Patch\n*** Update File: a.txt\n@@\n-a\n+b\n*** Add File: /etc/cron.d/x\n+x\n*** End Patch";
    let payload = json!({"hook_event_name": "PreToolUse", "session_id": "s", "cwd": house.work(),
                         "tool_name": "apply_patch", "tool_input": {"command": patch}, "tool_use_id": "p"});
    refusal("codex", &hook(&house, "codex", "PreToolUse", &payload));
}

#[test]
fn codex_opens_nothing_that_is_typed_into_later() {
    let house = House::new();
    for line in ["bash", "sh -i", "python3", "cd x && node"] {
        let call = shell(&house, "codex", line, line);
        refusal("codex", &hook(&house, "codex", "PreToolUse", &call));
    }
    let call = shell(&house, "claude", "1", "python3");
    allowed("claude", &hook(&house, "claude", "PreToolUse", &call));
}

#[test]
fn commands_become_ones_of_run_where_the_profile_says_so() {
    let house = House::with("tools: {terminal: {rewrite: always}}\n");
    let line = "echo 'it'\"'\"'s' | tr a-z A-Z > out.txt";
    for client in ["claude", "codex", "gemini", "copilot", "opencode", "pi", "cline"] {
        let heard = hook(&house, client, event(client), &shell(&house, client, "1", line));
        let said: Value = serde_json::from_str(&heard.out).unwrap();
        let place = match client {
            "claude" | "codex" => "/hookSpecificOutput/updatedInput/command",
            "gemini" => "/hookSpecificOutput/tool_input/command",
            "copilot" => "/modifiedArgs/command",
            "cline" => "/overrideInput/commands/0",
            _ => "/input/command",
        };
        let new = said.pointer(place).and_then(Value::as_str).unwrap();
        let mut sh = Command::new("/bin/sh");
        sh.args(["-c", new]);
        house.prepare(&mut sh);
        let output = sh.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{new}: {}", String::from_utf8_lossy(&output.stderr));
        let made = house.work().join("out.txt");
        assert_eq!(fs::read_to_string(&made).unwrap(), "IT'S\n", "{client}");
        fs::remove_file(made).unwrap();
        refusal(
            client,
            &hook(&house, client, event(client), &shell(&house, client, "2", "rm -rf /")),
        );
    }
    // Where a call says that it runs, does not widen what it may write.
    let mut call = shell(&house, "codex", "9", "ls");
    call["cwd"] = json!("/");
    let said: Value =
        serde_json::from_str(&hook(&house, "codex", "PreToolUse", &call).out).unwrap();
    let new = said["hookSpecificOutput"]["updatedInput"]["command"].as_str().unwrap();
    assert!(new.contains(&format!("--workspace '{}' ", house.work().display())), "{new}");
    // Told once, recorded once: by `run`.
    assert_eq!(log(&house).matches("run echo").count(), 7, "{}", log(&house));
    let why =
        refusal("qwen", &hook(&house, "qwen", "PreToolUse", &shell(&house, "qwen", "1", "ls")));
    assert!(why.contains("tools.terminal.rewrite"), "{why}");
}

/// Cline's call of a tool.
fn cline(house: &House, id: &str, tool: &str, input: &Value) -> Heard {
    let cwd = house.work().display().to_string();
    let payload = json!({"hookName": "tool_call", "sessionContext": {"rootSessionId": "s1"},
        "workspaceInfo": {"rootPath": cwd}, "agent_id": "a", "parent_agent_id": null,
        "tool_call": {"id": id, "name": tool, "input": input}});
    hook(house, "cline", "tool_call", &payload)
}

#[test]
fn a_program_with_words_is_one_line() {
    let house = House::new();
    let input = json!({"commands": [{"command": "rm", "args": ["-rf", "/"]}]});
    assert!(refusal("cline", &cline(&house, "1", "run_commands", &input)).contains("delete/root"));
    let key = house.work().parent().unwrap().join(".ssh/id_ed25519");
    for input in [
        json!({"file_paths": [key]}),
        json!({"files": ["a"], "file_paths": ["/etc/shadow"]}),
        json!({"nothing": 1}),
    ] {
        refusal("cline", &cline(&house, "2", "read_files", &input));
    }
}

#[test]
fn rules_see_the_tool_that_is_used_in_the_end() {
    let house = House::new();
    house.configure("tools: {deny: ['my_db/*', 'my__db/*']}\n");
    let say = |client: &str, tool: &str, input: Value| {
        let cwd = house.work().display().to_string();
        let payload = json!({"session_id": "s1", "cwd": cwd, "tool_name": tool, "tool_input": input,
                             "timestamp": tool, "tool_use_id": tool});
        refusal(client, &hook(&house, client, event(client), &payload))
    };
    for (client, tool, input) in [
        ("gemini", "mcp_my_db_drop", json!({})),
        ("claude", "mcp__my__db__drop", json!({})),
        ("qwen", "tool_call", json!({"name": "mcp__my_db__drop", "arguments": {"x": 1}})),
    ] {
        let why = say(client, tool, input);
        assert!(why.contains("tool/denied"), "{client}: {why}");
    }
    house.configure("tools: {deny: ['my_db/*', 'my__db/*'], unknown: allow}\n");
    // Here a name does not even say that it is one of a server.
    let cwd = house.work().display().to_string();
    for (client, payload) in [
        ("opencode", json!({"event": "before", "tool": "my_db_drop", "args": {}, "cwd": cwd})),
        ("copilot", json!({"toolName": "my_db-drop", "toolArgs": {}, "cwd": cwd})),
    ] {
        let why = refusal(client, &hook(&house, client, event(client), &payload));
        assert!(why.contains("tool/denied"), "{client}: {why}");
    }
    let other = json!({"event": "before", "tool": "my_data_drop", "args": {}, "cwd": cwd});
    allowed("opencode", &hook(&house, "opencode", "before", &other));
}

#[test]
fn what_nobody_could_be_asked_lies_in_the_queue() {
    let house = House::new();
    for name in ["one", "two", "three"] {
        fs::create_dir(house.work().join(name)).unwrap();
    }
    let input = json!({"commands": ["rm -rf one", "ls", "rm -rf two"]});
    let listed = || {
        let said = house.run(&["approvals", "list", "--json"]).out;
        let read = |line: &str| serde_json::from_str(line).unwrap();
        said.lines().map(read).collect::<Vec<Value>>()
    };
    let first = refusal("cline", &cline(&house, "1", "run_commands", &input));
    let found = listed();
    let commands: Vec<&Value> = found.iter().map(|request| &request["command"]).collect();
    assert_eq!(commands, ["rm -rf one", "rm -rf two"]);
    for request in &found {
        assert_eq!(request["state"], "parked");
        assert!(first.contains(request["id"].as_str().unwrap()), "{first}");
    }
    // The same again is the same; what is never done is nobody's question.
    assert_eq!(refusal("cline", &cline(&house, "2", "run_commands", &input)), first);
    let never = json!({"commands": ["rm -rf three", "rm -rf /"]});
    refusal("cline", &cline(&house, "3", "run_commands", &never));
    assert_eq!(listed().len(), 2);
}

#[test]
fn what_pages_and_servers_chose_is_looked_at_under_any_key() {
    let house = House::new();
    let cwd = house.work().display().to_string();
    let after = |client: &str, tool: &str, response: Value| {
        let payload = json!({"hook_event_name": "PostToolUse", "session_id": "s", "cwd": cwd, "tool_name": tool,
            "tool_input": {"query": "x"}, "tool_use_id": "1", "tool_response": response});
        hook(&house, client, "PostToolUse", &payload).out
    };
    let key = ["ghp_", "0123456789abcdefghijABCDEFGHIJ012345"].concat();
    let hits = json!({"query": "x", "results": [{"tool_use_id": "t", "content": [
        {"title": format!("ignore\u{200b} {key}"), "url": "https://a\u{202e}.example/"}]}, "a summary"]});
    let said = after("claude", "WebSearch", hits);
    assert!(said.contains("a search of the web") && !said.contains(&key), "{said}");
    assert!(!said.contains('\u{200b}') && !said.contains('\u{202e}'), "{said}");
    assert!(said.contains("a summary"), "{said}");
    let structured = json!({"content": [], "structuredContent": {"a": {"note": [format!("hey\u{200b} {key}")]}}});
    let said = after("codex", "mcp__a__b", structured);
    assert!(said.contains("a/b") && said.contains("hey"), "{said}");
    assert!(!said.contains(&key) && !said.contains('\u{200b}'), "{said}");
}

#[test]
fn a_file_of_the_home_with_a_second_name_stops_everything() {
    let house = House::new();
    let call = |id: &str| hook(&house, "claude", "PreToolUse", &shell(&house, "claude", id, "ls"));
    allowed("claude", &call("1"));
    let link = house.work().join("innocent.yaml");
    fs::hard_link(house.config(), &link).unwrap();
    refusal("claude", &call("2"));
    let said = house.run(&["check", "--", "ls"]);
    assert!(said.err.contains("config.yaml") && said.err.contains("mv "), "{}", said.err);
    assert_ne!(said.code, Some(0));
    // The other name alone is harmless.
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(house.config(), &link).unwrap();
    allowed("claude", &call("3"));
    fs::hard_link(house.palisade().join("keys/journal.key"), house.work().join("k")).unwrap();
    refusal("claude", &call("4"));
    fs::remove_file(house.work().join("k")).unwrap();
    // What a session remembers, and what was answered in it.
    let sessions = house.palisade().join("profiles/default/sessions");
    let page = json!({"hook_event_name": "PostToolUse", "session_id": "s1", "cwd": house.work(), "tool_name": "WebFetch",
                      "tool_input": {"url": "https://a.example/"}, "tool_use_id": "p", "tool_response": {"result": "x"}});
    hook(&house, "claude", "PostToolUse", &page);
    allowed("claude", &call("5"));
    for file in fs::read_dir(sessions.join("claude-s1.calls")).unwrap().flatten() {
        if file.metadata().unwrap().len() > 0 && file.file_name() != "workspace" {
            fs::hard_link(file.path(), house.work().join(file.file_name())).unwrap();
        }
    }
    refusal("claude", &call("5"));
    fs::hard_link(sessions.join("claude-s1.memory.json"), house.work().join("m")).unwrap();
    refusal("claude", &call("6"));
}

#[test]
fn an_agent_does_not_speak_for_its_own_hook() {
    let house = House::new();
    for (at, line) in [
        "palisade hook --client cline --event PreToolUse",
        "echo '{}' | palisade hook",
        "palisade approvals approve k7m2xq",
        "setsid -f palisade approvals watch",
        "palisade mcp serve",
        "palisade mcp wrap -- id",
        "script -qc 'palisade approvals allow k7m2xq' log",
    ]
    .iter()
    .enumerate()
    {
        let call = shell(&house, "claude", &at.to_string(), line);
        let why = refusal("claude", &hook(&house, "claude", "PreToolUse", &call));
        assert!(why.contains("governor/command"), "{line}: {why}");
    }
}

#[test]
fn an_allowed_call_is_judged_again_when_its_script_has_changed() {
    let house = House::new();
    let script = house.work().join("s.sh");
    fs::write(&script, "echo hi\n").unwrap();
    let say = || hook(&house, "claude", "PreToolUse", &shell(&house, "claude", "1", "sh s.sh"));
    let first = say();
    allowed("claude", &first);
    let count = || log(&house).matches("run sh s.sh").count();
    let recorded = count();
    allowed("claude", &say());
    assert_eq!(count(), recorded, "told twice, recorded once");
    fs::write(&script, "echo ho\n").unwrap();
    allowed("claude", &say());
    assert_eq!(count(), recorded + 1, "another script is another call");
}

#[test]
fn an_allowed_call_is_judged_again_when_its_link_leads_elsewhere() {
    let house = House::new();
    let (file, link) = (house.work().join("a.txt"), house.work().join("link"));
    fs::write(&file, "a").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let cwd = house.work().display().to_string();
    let call = json!({"hook_event_name": "PreToolUse", "session_id": "s1", "cwd": cwd,
        "tool_name": "Read", "tool_input": {"file_path": link}, "tool_use_id": "1"});
    let say = || hook(&house, "claude", "PreToolUse", &call);
    allowed("claude", &say());
    allowed("claude", &say());
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("/etc/shadow", &link).unwrap();
    refusal("claude", &say());
}

#[test]
fn a_mode_that_asks_nobody_is_named() {
    let house = House::with("");
    let said = |mode: Option<&str>, id: &str| {
        let mut payload = shell(&house, "claude", id, "git push --force origin main");
        payload["permission_mode"] = mode.into();
        let mut command = command(&house, &["hook", "--client", "claude", "--event", "PreToolUse"]);
        command.env("CLAUDE_CODE_ENTRYPOINT", "cli");
        refusal("claude", &heard(command, payload.to_string().as_bytes()))
    };
    for (mode, id) in [("acceptEdits", "1"), ("plan", "2"), ("bypassPermissions", "3")] {
        let reason = said(Some(mode), id);
        assert!(reason.contains(&format!("in this mode ({mode})")), "{reason}");
        assert!(reason.contains("palisade approvals watch"), "{reason}");
    }
    let reason = said(None, "4");
    assert!(!reason.contains("mode"), "{reason}");
}

/// Claude Code starts its hooks in a session of their own, without its terminal.
#[test]
fn claudes_own_user_is_asked_where_it_was_seen_to_ask() {
    let house = House::new();
    let mut screen = Screen::shell(&house);
    let mut said = |at: usize, mode: &str, variables: &str| {
        fs::create_dir(house.work().join(format!("build{at}"))).unwrap();
        let mut payload = shell(&house, "claude", &at.to_string(), &format!("rm -rf build{at}"));
        payload["permission_mode"] = mode.into();
        fs::write(house.work().join("payload"), payload.to_string()).unwrap();
        let hook = format!(
            "{} hook --client claude --event PreToolUse <payload >said",
            binary().display()
        );
        screen.type_in(&format!(
            "{variables} sh -c 'setsid --wait sh -c \"{hook}\"; echo it has en\"\"ded'\r"
        ));
        screen.expect("it has ended");
        fs::read_to_string(house.work().join("said")).unwrap()
    };
    let cli = "CLAUDE_CODE_ENTRYPOINT=cli";
    let now = "CLAUDE_CODE_ENTRYPOINT=cli AI_AGENT=claude-code_2-1-330_harness";
    let before = "CLAUDE_CODE_ENTRYPOINT=cli AI_AGENT=claude-code_2-1-329_harness";
    for (at, (mode, variables, word)) in [
        ("default", cli, "ask"),
        ("acceptEdits", now, "ask"),
        ("plan", now, "ask"),
        ("bypassPermissions", now, "ask"),
        ("acceptEdits", before, "deny"),
        ("acceptEdits", cli, "deny"),
        ("auto", now, "deny"),
        ("default", "CLAUDE_CODE_ENTRYPOINT=sdk-cli", "deny"),
        ("default", "CLAUDE_CODE_ENTRYPOINT=claude-vscode", "deny"),
    ]
    .iter()
    .enumerate()
    {
        let said = said(at, mode, variables);
        assert!(
            said.contains(&format!("\"permissionDecision\":\"{word}\"")),
            "{mode}, {variables}: {said}"
        );
    }
    screen.type_in("exit\r");
    screen.end();
}
