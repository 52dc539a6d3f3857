//! Claude Code. A question of the hook is put to the user in the terminal;
//! headless it blocks.

use palisade_core::FileUse::{Edit, List, Read, Search, Write};

use crate::call::{Call, Event};
use crate::client::{Client, Fields, Support, Tested, double_underscores};
use crate::json::Json;
use crate::shape::Shape::{
    self, Fetch, File, Files, Internal, Notebook, Shell, Subagent, WebSearch,
};

pub(super) static CLIENT: Client = Client {
    name: "claude",
    title: "Claude Code",
    tested: Tested::Run("2.1.330"),
    support: Support { rewrite: true, replace: true, types_unseen: false },
    tools: TOOLS,
    events: EVENTS,
    fields: &[FIELDS],
    mcp: double_underscores,
    deny,
    ask: Some(ask),
    rewrite: Some(rewrite),
    replace: Some(replace),
    // The titles of a search's hits are whatever the pages say.
    texts: &[
        "stdout",
        "stderr",
        "content",
        "text",
        "result",
        "output",
        "results",
        "title",
        "structuredContent",
    ],
};

pub(super) const EVENTS: &[(&str, Event)] = &[
    ("PreToolUse", Event::Before),
    ("PermissionRequest", Event::Permission),
    ("PostToolUse", Event::After),
    ("PostToolUseFailure", Event::After),
];

pub(super) const FIELDS: Fields = Fields {
    event: "hook_event_name",
    tool: "tool_name",
    arguments: "tool_input",
    output: "tool_response",
    id: "tool_use_id",
    session: "session_id",
    subagent: "agent_id",
    cwd: "cwd",
    mode: "permission_mode",
    ..Fields::NONE
};

/// What acts later or elsewhere is in no table and stays a question:
/// `CronCreate`, `RemoteTrigger`, `ScheduleWakeup`, `Workflow`, `REPL`,
/// `Artifact`, `Projects`, `PublishPlugin`, `SendFeedback`, `SendUserFile`,
/// `Teleport` and the like.
const TOOLS: &[(&str, Shape)] = &[
    ("Bash", Shell("command", "")),
    ("PowerShell", Shell("command", "")),
    ("Monitor", Shape::AnyOf(&[Shell("command", ""), Fetch("ws.url")])),
    ("Read", File(Read, "file_path", "")),
    ("NotebookRead", File(Read, "notebook_path", "")),
    ("Write", File(Write, "file_path", "content")),
    ("Edit", File(Edit, "file_path", "new_string")),
    ("MultiEdit", File(Edit, "file_path", "")),
    ("NotebookEdit", Notebook("notebook_path")),
    ("Glob", Files(List, "path", "")),
    ("LS", Files(List, "path", "")),
    ("Grep", Files(Search, "path", "")),
    ("WebFetch", Fetch("url")),
    ("LSP", Files(Read, "filePath", "")),
    ("WebSearch", WebSearch),
    ("ReadMcpResourceTool", Shape::Untrusted),
    ("ReadMcpResourceDirTool", Shape::Untrusted),
    ("FetchInboxMessage", Shape::Untrusted),
    ("ReadNotifications", Shape::Untrusted),
    ("Agent", Subagent),
    ("Task", Subagent),
    ("AskUserQuestion", Internal),
    ("BashOutput", Internal),
    ("CronDelete", Internal),
    ("CronList", Internal),
    ("EndConversation", Internal),
    ("EnterPlanMode", Internal),
    ("EnterWorktree", Internal),
    ("ExitPlanMode", Internal),
    ("ExitWorktree", Internal),
    ("GetGoal", Internal),
    ("KillShell", Internal),
    ("ListAgents", Internal),
    ("ListMcpResourcesTool", Internal),
    ("PauseGoal", Internal),
    ("PushNotification", Internal),
    ("RefreshMcpTools", Internal),
    ("ReportFindings", Internal),
    ("SendMessage", Internal),
    ("SendUserMessage", Internal),
    ("SetGoal", Internal),
    ("Skill", Internal),
    ("SlashCommand", Internal),
    ("StructuredOutput", Internal),
    ("SubagentHandback", Internal),
    ("TaskCreate", Internal),
    ("TaskGet", Internal),
    ("TaskList", Internal),
    ("TaskOutput", Internal),
    ("TaskStop", Internal),
    ("TaskUpdate", Internal),
    ("TodoWrite", Internal),
    ("ToolSearch", Internal),
    ("WaitForMcpServers", Internal),
    ("WrapUp", Internal),
    ("Yield", Internal),
];

fn specific(event: &str, fields: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
    let fields = [("hookEventName", event.into())].into_iter().chain(fields);
    Json::object([("hookSpecificOutput", Json::object(fields))])
}

pub(super) fn deny(event: Event, reason: &str, call: Option<&Call>) -> Json {
    let _ = call;
    match event {
        Event::Before => specific(
            "PreToolUse",
            [("permissionDecision", "deny".into()), ("permissionDecisionReason", reason.into())],
        ),
        Event::Permission => specific(
            "PermissionRequest",
            [("decision", Json::object([("behavior", "deny".into()), ("message", reason.into())]))],
        ),
        // Output of another shape than the tool's is not taken, so this has the
        // shape of what a command gives; `decision: block` would take nothing
        // away, and would show the model our command line.
        Event::After => replace(Json::object([
            ("stdout", reason.into()),
            ("stderr", "".into()),
            ("interrupted", Json::Bool(false)),
            ("isImage", Json::Bool(false)),
        ])),
    }
}

fn ask(reason: &str) -> Json {
    specific(
        "PreToolUse",
        [("permissionDecision", "ask".into()), ("permissionDecisionReason", reason.into())],
    )
}

pub(super) fn rewrite(arguments: Json) -> Json {
    specific("PreToolUse", [("permissionDecision", "allow".into()), ("updatedInput", arguments)])
}

fn replace(output: Json) -> Json {
    specific("PostToolUse", [("updatedToolOutput", output)])
}
