//! Cursor, by its documentation; never run here. It may load the hooks of
//! Claude Code as well, so one call can come twice.

use palisade_core::FileUse::{Edit, List, Read, Search, Write};

use crate::call::{Call, Event};
use crate::client::{Client, Fields, Support, Tested, double_underscores};
use crate::json::Json;
use crate::shape::Shape::{self, Fetch, File, Files, Internal, Shell, Subagent, WebSearch};

pub(super) static CLIENT: Client = Client {
    name: "cursor",
    title: "Cursor",
    tested: Tested::Documented,
    support: Support { rewrite: false, replace: false, types_unseen: false },
    tools: TOOLS,
    events: &[
        ("preToolUse", Event::Before),
        ("beforeShellExecution", Event::Before),
        ("beforeMCPExecution", Event::Before),
        ("beforeReadFile", Event::Before),
        ("postToolUse", Event::After),
        ("afterShellExecution", Event::After),
        ("afterMCPExecution", Event::After),
        ("afterFileEdit", Event::After),
    ],
    fields: &[
        Fields {
            tool: "tool_name",
            arguments: "tool_input",
            output: "tool_output",
            id: "tool_use_id",
            ..NAMED
        },
        // Events of one tool name the event and the argument only.
        Fields { tool: "hook_event_name", arguments: ".", output: "output", ..NAMED },
    ],
    mcp: |name| {
        let mut all = double_underscores(name);
        all.extend(name.strip_prefix("MCP:").map(|tool| ("", tool)));
        all
    },
    deny,
    ask: None,
    rewrite: None,
    replace: None,
    texts: &["output", "text"],
};

const NAMED: Fields =
    Fields { event: "hook_event_name", session: "conversation_id", cwd: "cwd", ..Fields::NONE };

const TOOLS: &[(&str, Shape)] = &[
    ("Shell", Shell("command", "working_directory")),
    ("beforeShellExecution", Shell("command", "cwd")),
    ("afterShellExecution", Shell("command", "cwd")),
    ("beforeReadFile", File(Read, "file_path", "")),
    ("afterFileEdit", File(Edit, "file_path", "")),
    ("Read", File(Read, "file_path", "")),
    ("Write", File(Write, "file_path", "content")),
    ("Edit", File(Edit, "file_path", "")),
    ("Delete", File(Write, "file_path", "")),
    ("LS", Files(List, "path", "")),
    ("Glob", Files(List, "path", "")),
    ("Grep", Files(Search, "path", "")),
    ("WebFetch", Fetch("url")),
    ("WebSearch", WebSearch),
    ("Task", Subagent),
    ("TodoWrite", Internal),
];

fn deny(event: Event, reason: &str, call: Option<&Call>) -> Json {
    let _ = (event, call);
    Json::object([
        ("permission", "deny".into()),
        ("user_message", reason.into()),
        ("agent_message", reason.into()),
    ])
}
