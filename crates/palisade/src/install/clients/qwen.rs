//! Qwen Code: a relative of Gemini CLI with Claude's events.

use crate::install::splice::Data;
use crate::install::{
    BEFORE_A_QUESTION, BEFORE_A_TOOL, Client, Entries, Event, Nest, Place, Scope, WAIT, What,
};

pub static CLIENT: Client = Client {
    name: "qwen",
    title: "Qwen Code",
    program: "qwen",
    packages: &["@qwen-code/qwen-code"],
    seen: Some("0.24.4"),
    oldest: None,
    files: |around, scope| {
        let path = match scope {
            Scope::User => around.or_home("QWEN_HOME", ".qwen").join("settings.json"),
            Scope::Project => around.project.join(".qwen/settings.json"),
        };
        vec![Place { path, what: What::Entries(&ENTRIES) }]
    },
    limits: &[
        "a hook that runs out of time, or is killed together with its shell, lets the call through: there is no setting for it; Palisade answers well before that",
        "a hook cannot change a call or replace its output: secrets and injected text in outputs are not taken out",
        "`disableAllHooks` switches every hook off",
    ],
};

static ENTRIES: Entries = Entries {
    client: "qwen",
    events: &[
        BEFORE_A_TOOL,
        Event { name: "PostToolUse", before: false, fallback: None },
        BEFORE_A_QUESTION,
    ],
    nest: Nest::Groups(Some("*")),
    key: "command",
    handler: |_, command| {
        Data::object([
            ("type", Data::text("command")),
            ("name", Data::text("palisade")),
            ("command", command),
            ("timeout", Data::Number(WAIT * 1000)),
        ])
    },
    head: None,
    switches: &[(&["disableAllHooks"], "true"), (&["hooksConfig", "enabled"], "false")],
};
