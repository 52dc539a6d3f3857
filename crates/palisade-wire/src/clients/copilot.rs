//! GitHub Copilot CLI. Its payloads name no event, unless the configuration
//! spells the event as Claude Code does: then they look like Claude Code's.

use palisade_core::FileUse::{Edit, List, Read, Search, Write};

use crate::call::{Call, Event};
use crate::client::{Client, Fields, Support, Tested, double_underscores, ways};
use crate::json::Json;
use crate::shape::Shape::{
    self, Diff, Fetch, File, Files, Internal, Patch, Shell, Subagent, WebSearch, WriteStdin,
};

pub(super) static CLIENT: Client = Client {
    name: "copilot",
    title: "GitHub Copilot CLI",
    tested: Tested::Run("1.0.102"),
    support: Support { rewrite: true, replace: true, types_unseen: false },
    tools: TOOLS,
    events: &[
        ("preToolUse", Event::Before),
        ("permissionRequest", Event::Permission),
        ("postToolUse", Event::After),
        ("PreToolUse", Event::Before),
        ("PermissionRequest", Event::Permission),
        ("PostToolUse", Event::After),
    ],
    fields: &[
        // Only the permission request names its arguments so.
        Fields { arguments: "toolInput", event: "hookName", tool: "toolName", ..ASKED },
        Fields { arguments: "toolArgs", output: "toolResult", tool: "toolName", ..ASKED },
        Fields {
            event: "hook_event_name",
            tool: "tool_name",
            arguments: "tool_input",
            output: "tool_result",
            id: "tool_use_id",
            stamp: "timestamp",
            session: "session_id",
            subagent: "agent_id",
            cwd: "cwd",
            ..Fields::NONE
        },
    ],
    mcp: |name| {
        let mut all = double_underscores(name);
        all.extend(ways(name, "/"));
        all
    },
    deny,
    ask: None,
    rewrite: Some(|arguments| {
        Json::object([("permissionDecision", "allow".into()), ("modifiedArgs", arguments)])
    }),
    replace: Some(|output| Json::object([("modifiedResult", output)])),
    texts: &["textResultForLlm"],
};

const ASKED: Fields = Fields {
    stamp: "timestamp",
    session: "sessionId",
    subagent: "agentId",
    cwd: "cwd",
    ..Fields::NONE
};

const TOOLS: &[(&str, Shape)] = &[
    ("bash", Shell("command", "")),
    ("Bash", Shell("command", "")),
    ("powershell", Shell("command", "")),
    ("view", File(Read, "path", "")),
    ("create", File(Write, "path", "file_text")),
    ("edit", Shape::AnyOf(&[File(Edit, "path", "new_str"), Diff("file_path", "diff")])),
    ("apply_patch", Patch(&["patch", "input", "command"])),
    ("str_replace_editor", File(Edit, "path", "")),
    ("glob", Files(List, "paths", "")),
    ("grep", Files(Search, "paths", "")),
    ("rg", Files(Search, "paths", "")),
    ("web_fetch", Fetch("url")),
    ("fetch", Fetch("url")),
    ("web_search", WebSearch),
    ("task", Subagent),
    ("write_bash", WriteStdin("input")),
    ("write_powershell", WriteStdin("input")),
    ("ask_user", Internal),
    ("exit_plan_mode", Internal),
    ("fetch_copilot_cli_documentation", Internal),
    ("list_agents", Internal),
    ("list_bash", Internal),
    ("list_powershell", Internal),
    ("read_agent", Internal),
    ("read_bash", Internal),
    ("read_powershell", Internal),
    ("report_intent", Internal),
    ("session_store_sql", Internal),
    ("skill", Internal),
    ("sql", Internal),
    ("stop_bash", Internal),
    ("stop_powershell", Internal),
    ("update_todo", Internal),
    ("write_agent", Internal),
];

fn deny(event: Event, reason: &str, call: Option<&Call>) -> Json {
    let _ = call;
    match event {
        Event::Before => Json::object([
            ("permissionDecision", "deny".into()),
            ("permissionDecisionReason", reason.into()),
        ]),
        Event::Permission => Json::object([
            ("behavior", "deny".into()),
            ("message", reason.into()),
            ("permissionDecision", "deny".into()),
            ("permissionDecisionReason", reason.into()),
        ]),
        Event::After => Json::object([(
            "modifiedResult",
            Json::object([("resultType", "failure".into()), ("textResultForLlm", reason.into())]),
        )]),
    }
}
