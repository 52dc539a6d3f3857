//! goose, by its documentation; never run here.

use palisade_core::FileUse::{Edit, Read};

use crate::call::{Call, Event};
use crate::client::{Client, Fields, Support, Tested, ways};
use crate::json::Json;
use crate::shape::Shape::{self, Fetch, File, Internal, Shell, Subagent};

pub(super) static CLIENT: Client = Client {
    name: "goose",
    title: "goose",
    tested: Tested::Documented,
    support: Support { rewrite: false, replace: false, types_unseen: false },
    tools: TOOLS,
    events: &[("PreToolUse", Event::Before), ("PostToolUse", Event::After)],
    fields: &[Fields {
        event: "event",
        tool: "tool_name",
        arguments: "tool_input",
        output: "tool_output",
        id: "tool_call_id",
        session: "session_id",
        cwd: "working_dir",
        ..Fields::NONE
    }],
    mcp: |name| ways(name, "__"),
    deny,
    ask: None,
    rewrite: None,
    replace: None,
    texts: &["output", "text"],
};

const TOOLS: &[(&str, Shape)] = &[
    ("developer__shell", Shell("command", "")),
    ("developer__text_editor", File(Edit, "path", "file_text")),
    ("developer__image_processor", File(Read, "path", "")),
    ("developer__screen_capture", Internal),
    ("computercontroller__web_scrape", Fetch("url")),
    ("subagent__execute_task", Subagent),
    ("todo__todo_write", Internal),
];

fn deny(event: Event, reason: &str, call: Option<&Call>) -> Json {
    let _ = (event, call);
    Json::object([("decision", "block".into()), ("reason", reason.into())])
}
