//! Gemini CLI. An `ask` hangs a headless run, so it is never said.

use palisade_core::FileUse::{Edit, List, Read, Search, Write};

use crate::call::{Call, Event};
use crate::client::{Client, Fields, Support, Tested, plain, ways};
use crate::json::Json;
use crate::shape::Shape::{self, FetchProse, File, Files, Internal, Shell, Subagent, WebSearch};

pub(super) static CLIENT: Client = Client {
    name: "gemini",
    title: "Gemini CLI",
    tested: Tested::Run("0.61.0"),
    support: Support { rewrite: true, replace: true, types_unseen: false },
    tools: TOOLS,
    events: &[("BeforeTool", Event::Before), ("AfterTool", Event::After)],
    fields: &[Fields {
        event: "hook_event_name",
        tool: "tool_name",
        arguments: "tool_input",
        output: "tool_response",
        stamp: "timestamp",
        session: "session_id",
        cwd: "cwd",
        mcp: ("mcp_context.server_name", "mcp_context.tool_name"),
        ..Fields::NONE
    }],
    mcp: |name| name.strip_prefix("mcp_").map(|rest| ways(rest, "_")).unwrap_or_default(),
    deny,
    ask: None,
    rewrite: Some(|arguments| {
        let specific =
            Json::object([("hookEventName", "BeforeTool".into()), ("tool_input", arguments)]);
        Json::object([("decision", "allow".into()), ("hookSpecificOutput", specific)])
    }),
    replace: Some(|output| {
        // What the model gets; the rest is for the screen.
        let shown = output.at("llmContent").cloned().unwrap_or(output);
        said("deny", &plain(shown, TEXTS))
    }),
    texts: TEXTS,
};

const TEXTS: &[&str] = &["llmContent", "text", "returnDisplay", "output"];

const TOOLS: &[(&str, Shape)] = &[
    ("run_shell_command", Shell("command", "dir_path")),
    ("read_file", File(Read, "file_path", "")),
    ("read_many_files", Files(Read, "include", "")),
    ("write_file", File(Write, "file_path", "content")),
    ("replace", File(Edit, "file_path", "new_string")),
    ("list_directory", Files(List, "dir_path", "")),
    ("glob", Files(List, "dir_path", "")),
    ("grep_search", Files(Search, "dir_path", "")),
    ("search_file_content", Files(Search, "dir_path", "")),
    ("web_fetch", FetchProse("prompt")),
    ("google_web_search", WebSearch),
    ("read_mcp_resource", Shape::Untrusted),
    ("invoke_agent", Subagent),
    ("activate_skill", Internal),
    ("ask_user", Internal),
    ("complete_task", Internal),
    ("enter_plan_mode", Internal),
    ("exit_plan_mode", Internal),
    ("get_internal_docs", Internal),
    ("list_background_processes", Internal),
    ("list_mcp_resources", Internal),
    ("read_background_output", Internal),
    ("tracker_add_dependency", Internal),
    ("tracker_create_task", Internal),
    ("tracker_get_task", Internal),
    ("tracker_list_tasks", Internal),
    ("tracker_update_task", Internal),
    ("tracker_visualize", Internal),
    ("update_topic", Internal),
    ("write_todos", Internal),
];

fn said(decision: &str, reason: &str) -> Json {
    let reason = if reason.is_empty() { "(no output)" } else { reason };
    Json::object([("decision", decision.into()), ("reason", reason.into())])
}

fn deny(event: Event, reason: &str, call: Option<&Call>) -> Json {
    let _ = (event, call);
    said("deny", reason)
}
