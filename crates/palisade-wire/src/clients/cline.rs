//! Cline CLI. A refusal cancels the whole run and the model is not told why,
//! so a refused shell call becomes one that says why and fails.

use palisade_core::FileUse::{Edit, Read, Search};

use crate::call::{Call, Event, Use};
use crate::client::{Client, Fields, Support, Tested, ways};
use crate::json::Json;
use crate::shape::Shape::{self, Fetches, File, Files, Internal, Shells, Subagent, WebSearch};

pub(super) static CLIENT: Client = Client {
    name: "cline",
    title: "Cline CLI",
    tested: Tested::Run("3.0.65"),
    support: Support { rewrite: true, replace: false, types_unseen: false },
    tools: TOOLS,
    events: &[
        ("tool_call", Event::Before),
        ("tool_result", Event::After),
        ("PreToolUse", Event::Before),
        ("PostToolUse", Event::After),
    ],
    fields: &[
        Fields { tool: "tool_call.name", arguments: "tool_call.input", id: "tool_call.id", ..ROOT },
        Fields {
            tool: "tool_result.name",
            arguments: "tool_result.input",
            output: "tool_result.output",
            id: "tool_result.id",
            ..ROOT
        },
    ],
    mcp: |name| ways(name, "__"),
    deny,
    ask: None,
    rewrite: Some(rewrite),
    replace: None,
    texts: &["result", "error", "text"],
};

const ROOT: Fields = Fields {
    event: "hookName",
    session: "sessionContext.rootSessionId",
    subagent: "agent_id",
    parent: "parent_agent_id",
    cwd: "workspaceInfo.rootPath",
    ..Fields::NONE
};

const TOOLS: &[(&str, Shape)] = &[
    ("run_commands", Shells("commands")),
    ("execute_command", Shape::Shell("command", "")),
    ("read_files", Files(Read, "files", "path")),
    ("read_file", File(Read, "path", "")),
    ("editor", File(Edit, "path", "new_text")),
    ("write_to_file", File(palisade_core::FileUse::Write, "path", "content")),
    ("replace_in_file", File(Edit, "path", "")),
    ("apply_patch", Shape::Patch(&["input", "patch", "diff"])),
    // It searches where the agent works; its queries are patterns.
    ("search_codebase", Files(Search, "path", "")),
    ("fetch_web_content", Fetches("requests", "url")),
    ("web_search", WebSearch),
    ("spawn_agent", Subagent),
    ("team_spawn_teammate", Subagent),
    ("team_run_task", Subagent),
    ("ask_question", Internal),
    ("attempt_completion", Internal),
    ("skills", Internal),
    ("submit_and_exit", Internal),
    ("team_attach_outcome_fragment", Internal),
    ("team_await_runs", Internal),
    ("team_broadcast", Internal),
    ("team_cancel_run", Internal),
    ("team_cleanup", Internal),
    ("team_create_outcome", Internal),
    ("team_finalize_outcome", Internal),
    ("team_list_outcomes", Internal),
    ("team_list_runs", Internal),
    ("team_mission_log", Internal),
    ("team_read_mailbox", Internal),
    ("team_review_outcome_fragment", Internal),
    ("team_send_message", Internal),
    ("team_shutdown_teammate", Internal),
    ("team_status", Internal),
    ("team_task", Internal),
];

fn rewrite(arguments: Json) -> Json {
    Json::object([("cancel", Json::Bool(false)), ("overrideInput", arguments)])
}

fn deny(event: Event, reason: &str, call: Option<&Call>) -> Json {
    let cancel = || Json::object([("cancel", Json::Bool(true)), ("errorMessage", reason.into())]);
    let Some(call) = call.filter(|_| event != Event::After) else { return cancel() };
    let shell =
        !call.uses.is_empty() && call.uses.iter().all(|one| matches!(one, Use::Shell { .. }));
    if !shell {
        return cancel();
    }
    // In single quotes nothing means anything to a shell but their end.
    let line = format!("printf '%s\\n' '{}' >&2; exit 1", reason.replace('\'', "'\\''"));
    let lines = vec![line; call.uses.len()];
    CLIENT.with_lines(call, &lines).map_or_else(cancel, rewrite)
}
