//! What a call does is found under whatever name it stands.

use palisade_wire::{Call, Event, Json, Use, clients};

fn call(client: &str, tool: &str, arguments: &str) -> Option<Call> {
    let line = match client {
        "cline" => format!(
            r#"{{"hookName":"tool_call","tool_call":{{"id":"1","name":"{tool}","input":{arguments}}}}}"#
        ),
        "copilot" => format!(r#"{{"toolName":"{tool}","toolArgs":{arguments}}}"#),
        "opencode" => format!(r#"{{"event":"before","tool":"{tool}","args":{arguments}}}"#),
        _ => format!(r#"{{"tool_name":"{tool}","tool_input":{arguments}}}"#),
    };
    let client = clients::client(client).unwrap();
    client.read(Some(Event::Before), line.as_bytes()).ok().map(|payload| payload.call)
}

/// The operands, in order.
fn operands(client: &str, tool: &str, arguments: &str) -> Option<Vec<String>> {
    let one = |one: Use| match one {
        Use::Shell { command, .. } => command,
        Use::File { path, .. } | Use::Notebook { path } => path,
        Use::Fetch { url } => url,
        other => format!("{other:?}"),
    };
    call(client, tool, arguments).map(|call| call.uses.into_iter().map(one).collect())
}

#[test]
fn every_operand_counts_whatever_its_name() {
    for (client, tool, arguments, found) in [
        (
            "cline",
            "run_commands",
            r#"{"commands":[{"command":"rm","args":["-rf","/a b"]}]}"#,
            &["rm -rf '/a b'"][..],
        ),
        (
            "cline",
            "run_commands",
            r#"{"commands":{"command":"rm","args":["it's",""]}}"#,
            &[r"rm 'it'\''s' ''"],
        ),
        ("cline", "run_commands", r#"{"command":"rm","args":["-rf","x"]}"#, &["rm -rf x"]),
        ("cline", "run_commands", r#"{"commands":["ls"],"cmd":"id"}"#, &["ls", "id"]),
        ("cline", "run_commands", r#"{"commands":"[\"ls\",\"id\"]"}"#, &["ls", "id"]),
        ("cline", "read_files", r#"{"file_paths":["/k"]}"#, &["/k"]),
        ("cline", "read_files", r#"{"files":["a"],"file_paths":["/k"]}"#, &["a", "/k"]),
        ("cline", "read_files", r#"{"paths":[{"filePath":"/k"},"b"]}"#, &["/k", "b"]),
        ("cline", "read_files", r#"{"files":{"path":"a","file_path":"/k"}}"#, &["a", "/k"]),
        ("cline", "read_files", r#"{"filePath":"/k"}"#, &["/k"]),
        ("claude", "Monitor", r#"{"command":"ls","ws":{"url":"http://h/"}}"#, &["ls", "http://h/"]),
        ("copilot", "edit", r#"{"path":"a","file_path":"/k"}"#, &["a", "/k"]),
        ("qwen", "lsp", r#"{"file_path":"/k"}"#, &["/k"]),
        ("qwen", "read_many_files", r#"{"include":"x","file_paths":["/k"]}"#, &["/k"]),
        ("gemini", "read_many_files", r#"{"include":["a"],"paths":["/k"]}"#, &["a", "/k"]),
        ("claude", "Grep", r#"{"pattern":"x"}"#, &["."]),
        ("claude", "Grep", r#"{"pattern":"x","file_path":"/k"}"#, &["/k"]),
        ("claude", "Grep", r#"{"path":"/","glob":"etc/shadow"}"#, &["/", "/etc/shadow"]),
        ("claude", "Grep", r#"{"pattern":"x","glob":"../../k/*"}"#, &[".", "./../../k/"]),
        ("claude", "Grep", r#"{"path":"/w","glob":".env*"}"#, &["/w", "/w/.env"]),
        ("claude", "Grep", r#"{"path":"/w","glob":"**/*env"}"#, &["/w", "/w/.env"]),
        ("claude", "Grep", r#"{"path":"/w","glob":"*.ts"}"#, &["/w"]),
        ("claude", "Grep", r#"{"path":"/w","glob":".eslintrc*"}"#, &["/w"]),
        ("claude", "Grep", r#"{"pattern":"x","glob":"/k/*.{a,b}"}"#, &[".", "/k/"]),
        ("claude", "Grep", r#"{"pattern":"x","glob":"**/*.rs"}"#, &["."]),
        ("claude", "Grep", r#"{"pattern":"x","glob":"{.env,a/*.rs}"}"#, &[".", "./.env", "./a/"]),
        ("claude", "Grep", r#"{"pattern":"x","glob":"**/.env"}"#, &[".", "./.env"]),
        (
            "claude",
            "Grep",
            r#"{"pattern":"x","glob":"{{b,c}/,/k/}x"}"#,
            &[".", "./b/x", "/k/x", "./c/x"],
        ),
        ("claude", "Grep", r#"{"pattern":"x","glob":"}{.env"}"#, &["."]),
        ("claude", "Bash", r#"{"command":["rm","-rf","~"]}"#, &["rm", "-rf", "~", "rm -rf '~'"]),
        ("gemini", "grep_search", r#"{"dir_path":"a","include":".env"}"#, &["a", "a/.env"]),
        (
            "codex",
            "apply_patch",
            r#"{"command":"*** Begin Patch\n*** Delete File: a\n*** End Patch","input":"*** Begin Patch\n*** Delete File: /k\n*** End Patch"}"#,
            &["a", "/k"],
        ),
    ] {
        assert_eq!(
            operands(client, tool, arguments).unwrap(),
            found,
            "{client} {tool} {arguments}"
        );
    }
}

#[test]
fn a_call_without_its_operand_is_not_understood() {
    for (client, tool, arguments) in [
        ("cline", "run_commands", "{}"),
        ("cline", "run_commands", r#"{"commands":[]}"#),
        ("cline", "run_commands", r#"{"commands":[{"args":["-rf"]}]}"#),
        ("cline", "run_commands", r#"{"commands":[{"command":"rm","args":"-rf /"}]}"#),
        ("cline", "run_commands", r#"{"commands":[{"command":"ls","cmd":"rm"}]}"#),
        ("cline", "read_files", r#"{"uris":["/k"]}"#),
        ("cline", "read_files", r#"{"files":[]}"#),
        ("qwen", "lsp", r#"{"uri":"/k"}"#),
        ("opencode", "lsp", "{}"),
        ("qwen", "read_many_files", "{}"),
        ("gemini", "read_many_files", "{}"),
        ("claude", "Monitor", "{}"),
        ("claude", "Read", "{}"),
    ] {
        assert_eq!(call(client, tool, arguments), None, "{client} {tool} {arguments}");
    }
}

#[test]
fn lines_go_back_whole_or_not_at_all() {
    let cline = clients::client("cline").unwrap();
    let new = |arguments: &str, lines: &[&str]| {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let call = call("cline", "run_commands", arguments).unwrap();
        cline.with_lines(&call, &lines).map(|json| json.line())
    };
    let lines = Some(r#"{"commands":["x"]}"#.to_owned());
    assert_eq!(new(r#"{"commands":[{"command":"rm","args":["a"]}]}"#, &["x"]), lines);
    assert_eq!(new(r#"{"command":"rm","args":["a"]}"#, &["x"]), lines);
    assert_eq!(new(r#"{"commands":["ls"],"cmd":"id"}"#, &["x", "y"]), None);
}

#[test]
fn the_tool_within_is_the_tool() {
    let arguments = r#"{"name":"mcp__db__drop","arguments":{"table":"x"}}"#;
    let inner = call("qwen", "tool_call", arguments).unwrap();
    assert_eq!(
        (inner.tool.as_str(), inner.arguments.line().as_str()),
        ("mcp__db__drop", r#"{"table":"x"}"#)
    );
    let deep = (0..5).fold(arguments.to_owned(), |inner, _| {
        format!(r#"{{"name":"tool_call","arguments":{inner}}}"#)
    });
    assert_eq!(call("qwen", "tool_call", &deep), None);
    assert_eq!(call("qwen", "tool_call", r#"{"name":"lsp","arguments":"{}"}"#), None);
}

#[test]
fn a_name_is_read_in_all_ways() {
    let ways = |client: &str, tool: &str| match call(client, tool, "{}").unwrap().uses.remove(0) {
        Use::Mcp { server, tool, otherwise } => {
            let all = std::iter::once((server, tool)).chain(otherwise);
            all.map(|(server, tool)| format!("{server}/{tool}")).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(ways("gemini", "mcp_my_db_drop"), ["my/db_drop", "my_db/drop"]);
    assert_eq!(ways("claude", "mcp__a__b__drop"), ["a/b__drop", "a__b/drop"]);
    assert_eq!(ways("claude", "mcp__a___b"), ["a/_b", "a_/b"]);
    assert_eq!(call("gemini", &format!("mcp_{}", "a_".repeat(40)), "{}"), None);
    let said = r#"{"tool_name":"mcp_my_db_drop","tool_input":{},
                   "mcp_context":{"server_name":"my_db","tool_name":"drop"}}"#;
    let read = clients::client("gemini").unwrap().read(Some(Event::Before), said.as_bytes());
    let exact = Use::Mcp { server: "my_db".into(), tool: "drop".into(), otherwise: Vec::new() };
    assert_eq!(read.unwrap().call.uses, [exact]);
    assert!(Json::parse(b"{}").is_ok());
}

#[test]
fn a_resource_that_is_a_file_of_this_machine_is_read() {
    let found = |client, tool, uri: &str| {
        operands(client, tool, &format!(r#"{{"server":"s","uri":"{uri}"}}"#)).unwrap()
    };
    for uri in [
        "file:///home/u/.ssh/id_rsa",
        "FILE:/home/u/.ssh/id_rsa",
        "file://localhost/home/u/.ssh/id_rsa",
        "file:///home/u/%2essh/id%5Frsa?x#y",
    ] {
        for (client, tool) in [
            ("claude", "ReadMcpResourceTool"),
            ("codex", "read_mcp_resource"),
            ("gemini", "read_mcp_resource"),
        ] {
            assert_eq!(
                found(client, tool, uri),
                ["/home/u/.ssh/id_rsa", "Untrusted"],
                "{client} {uri}"
            );
        }
    }
    for uri in ["https://a.example/x", "note://a", "files:///a", ""] {
        assert_eq!(found("claude", "ReadMcpResourceTool", uri), ["Untrusted"], "{uri}");
    }
}
