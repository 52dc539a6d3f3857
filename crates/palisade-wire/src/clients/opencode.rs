//! OpenCode, through a plugin that hands every call over. The plugin blocks
//! where anything but an answer comes back.

use palisade_core::FileUse::{Edit, List, Read, Search, Write};

use crate::call::{Call, Event};
use crate::client::{Client, Fields, Support, Tested};
use crate::json::Json;
use crate::shape::Shape::{self, Fetch, File, Files, Internal, Patch, Shell, Subagent, WebSearch};

pub(super) static CLIENT: Client = Client {
    name: "opencode",
    title: "OpenCode",
    tested: Tested::Run("1.18.33"),
    support: Support { rewrite: true, replace: true, types_unseen: false },
    tools: TOOLS,
    events: BRIDGED,
    fields: BRIDGE,
    // `server_tool`: where the server's name ends cannot be told.
    mcp: |_| Vec::new(),
    deny: bridged_deny,
    ask: None,
    rewrite: Some(bridged_rewrite),
    replace: Some(bridged_replace),
    texts: BRIDGED_TEXTS,
};

/// The events of the bridges to clients without hook programs.
pub(super) const BRIDGED: &[(&str, Event)] = &[
    ("tool_call", Event::Before),
    ("tool_result", Event::After),
    ("tool.execute.before", Event::Before),
    ("tool.execute.after", Event::After),
];

/// What the bridges send.
pub(super) const BRIDGE: &[Fields] = &[
    Fields {
        event: "event",
        tool: "tool",
        arguments: "args",
        output: "output",
        id: "callID",
        session: "sessionID",
        cwd: "cwd",
        attended: "attended",
        ..Fields::NONE
    },
    Fields {
        event: "hook_event_name",
        tool: "tool_name",
        arguments: "tool_input",
        output: "tool_result",
        id: "tool_call_id",
        session: "session_id",
        cwd: "cwd",
        attended: "has_ui",
        ..Fields::NONE
    },
];

pub(super) const BRIDGED_TEXTS: &[&str] = &["text", "output", "content", "structuredContent"];

const TOOLS: &[(&str, Shape)] = &[
    ("bash", Shell("command", "workdir")),
    ("read", File(Read, "filePath", "")),
    ("write", File(Write, "filePath", "content")),
    ("edit", File(Edit, "filePath", "newString")),
    ("multiedit", File(Edit, "filePath", "")),
    ("patch", Patch(&["patchText", "patch", "input"])),
    ("apply_patch", Patch(&["patchText", "patch", "input"])),
    ("list", Files(List, "path", "")),
    ("glob", Files(List, "path", "")),
    ("grep", Files(Search, "path", "")),
    ("codesearch", WebSearch),
    ("lsp", Files(Read, "filePath", "")),
    ("webfetch", Fetch("url")),
    ("websearch", WebSearch),
    ("task", Subagent),
    ("invalid", Internal),
    ("plan_enter", Internal),
    ("plan_exit", Internal),
    ("question", Internal),
    ("skill", Internal),
    ("todoread", Internal),
    ("todowrite", Internal),
];

pub(super) fn bridged_deny(event: Event, reason: &str, call: Option<&Call>) -> Json {
    let _ = call;
    let word = match event {
        Event::Before | Event::Permission => "deny",
        Event::After => "block",
    };
    Json::object([("decision", word.into()), ("reason", reason.into())])
}

pub(super) fn bridged_rewrite(arguments: Json) -> Json {
    Json::object([("decision", "allow".into()), ("input", arguments)])
}

/// `reason` is what older bridges show; `output` has the shape that came.
pub(super) fn bridged_replace(output: Json) -> Json {
    let text = crate::client::plain(output.clone(), BRIDGED_TEXTS);
    Json::object([("decision", "block".into()), ("reason", text.into()), ("output", output)])
}
