//! Qwen Code. It takes a refusal, but neither other arguments nor other
//! output.

use palisade_core::FileUse::{Edit, List, Read, Search, Write};

use crate::client::{Client, Fields, Support, Tested, double_underscores};
use crate::shape::Shape::{
    self, Another, Fetch, File, Files, Internal, Notebook, Shell, Subagent, WebSearch,
};

use super::claude;

pub(super) static CLIENT: Client = Client {
    name: "qwen",
    title: "Qwen Code",
    tested: Tested::Run("0.24.4"),
    support: Support { rewrite: false, replace: false, types_unseen: false },
    tools: TOOLS,
    events: claude::EVENTS,
    fields: &[Fields { stamp: "timestamp", ..claude::FIELDS }],
    mcp: double_underscores,
    deny: claude::deny,
    ask: None,
    rewrite: None,
    replace: None,
    texts: &["llmContent", "text", "output", "structuredContent"],
};

/// What acts later, or in ways not known here, is in no table and stays a
/// question: `cron_create`, `loop_wakeup`, `exec`, `workflow`, `save_memory`,
/// `artifact`, the `omni_` tools and the like.
const TOOLS: &[(&str, Shape)] = &[
    ("run_shell_command", Shell("command", "directory")),
    ("monitor", Shell("command", "directory")),
    ("read_file", File(Read, "file_path", "")),
    ("read_many_files", Files(Read, "paths", "")),
    ("write_file", File(Write, "file_path", "content")),
    ("edit", File(Edit, "file_path", "new_string")),
    ("notebook_edit", Notebook("notebook_path")),
    ("list_directory", Files(List, "path", "")),
    ("glob", Files(List, "path", "")),
    ("grep_search", Files(Search, "path", "")),
    ("lsp", Files(Read, "filePath", "")),
    ("web_fetch", Fetch("url")),
    ("web_search", WebSearch),
    ("agent", Subagent),
    ("task", Subagent),
    ("create_sub_session", Subagent),
    ("read_mcp_resource", Shape::Untrusted),
    ("tool_call", Another("name", "arguments")),
    ("ask_user_question", Internal),
    ("cron_delete", Internal),
    ("cron_list", Internal),
    ("enter_plan_mode", Internal),
    ("enter_worktree", Internal),
    ("exit_plan_mode", Internal),
    ("exit_worktree", Internal),
    ("get_goal", Internal),
    ("list_agents", Internal),
    ("propose_goal", Internal),
    ("report_findings", Internal),
    ("request_shutdown", Internal),
    ("send_message", Internal),
    ("skill", Internal),
    ("structured_output", Internal),
    ("task_create", Internal),
    ("task_list", Internal),
    ("task_stop", Internal),
    ("task_update", Internal),
    ("team_create", Internal),
    ("team_delete", Internal),
    ("team_plan_approval", Internal),
    ("todo_write", Internal),
    ("tool_search", Internal),
    ("update_goal", Internal),
];
