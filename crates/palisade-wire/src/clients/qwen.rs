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
    texts: &["llmContent", "text", "output"],
};

const TOOLS: &[(&str, Shape)] = &[
    ("run_shell_command", Shell("command", "directory")),
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
    ("tool_call", Another("name", "arguments")),
    ("ask_user_question", Internal),
    ("exit_plan_mode", Internal),
    ("get_goal", Internal),
    ("list_agents", Internal),
    ("skill", Internal),
    ("todo_write", Internal),
    ("tool_search", Internal),
    ("update_goal", Internal),
];
