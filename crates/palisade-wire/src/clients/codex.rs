//! Codex CLI. An `allow` without other arguments and an `ask` are errors that
//! let the call run, so neither is ever said.

use palisade_core::FileUse::Read;

use crate::call::{Call, Event};
use crate::client::{Client, Fields, Support, Tested, double_underscores, plain};
use crate::json::Json;
use crate::shape::Shape::{self, File, Internal, Patch, Shell, Subagent, WebSearch, WriteStdin};

use super::claude;

pub(super) static CLIENT: Client = Client {
    name: "codex",
    title: "Codex CLI",
    tested: Tested::Run("0.169.0"),
    support: Support { rewrite: true, replace: true, types_unseen: true },
    tools: TOOLS,
    events: claude::EVENTS,
    fields: &[Fields { ..claude::FIELDS }],
    mcp: double_underscores,
    deny,
    ask: None,
    rewrite: Some(claude::rewrite),
    replace: Some(replace),
    texts: TEXTS,
};

const TEXTS: &[&str] = &["text", "structuredContent", "output"];

const TOOLS: &[(&str, Shape)] = &[
    ("Bash", Shell("command", "")),
    ("exec_command", Shell("cmd", "workdir")),
    ("shell_command", Shell("command", "workdir")),
    ("apply_patch", Patch(&["command", "input", "patch"])),
    ("write_stdin", WriteStdin("chars")),
    ("view_image", File(Read, "path", "")),
    ("web_search", WebSearch),
    ("spawn_agent", Subagent),
    ("multi_agent_v1spawn_agent", Subagent),
    ("multi_agent_v1__spawn_agent", Subagent),
    ("multi_agent_v1.spawn_agent", Subagent),
    ("read_mcp_resource", Shape::Untrusted),
    ("close_agent", Internal),
    ("create_goal", Internal),
    ("get_goal", Internal),
    ("interrupt_agent", Internal),
    ("list_agents", Internal),
    ("list_mcp_resource_templates", Internal),
    ("list_mcp_resources", Internal),
    ("request_user_input", Internal),
    ("resume_agent", Internal),
    ("send_input", Internal),
    ("update_goal", Internal),
    ("update_plan", Internal),
    ("wait_agent", Internal),
];

fn deny(event: Event, reason: &str, call: Option<&Call>) -> Json {
    match event {
        Event::Before | Event::Permission => claude::deny(event, reason, call),
        Event::After => replace(reason.into()),
    }
}

pub(super) fn replace(output: Json) -> Json {
    let mut text = plain(output, TEXTS);
    if text.is_empty() {
        text.push_str("(no output)");
    }
    Json::object([("decision", "block".into()), ("reason", text.into())])
}
