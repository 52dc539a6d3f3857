//! Claude Code: hooks in `settings.json`, `onFailure` since 2.1.295.

use crate::install::splice::Data;
use crate::install::{
    BEFORE_A_QUESTION, BEFORE_A_TOOL, Client, Entries, Event, Nest, Place, Scope, WAIT, What,
};

pub static CLIENT: Client = Client {
    name: "claude",
    title: "Claude Code",
    program: "claude",
    packages: &["@anthropic-ai/claude-code"],
    seen: Some("2.1.330"),
    oldest: Some((
        "2.1.295",
        "it does not know `onFailure`: a hook that runs out of time lets the call through",
    )),
    files: |around, scope| {
        let path = match scope {
            Scope::User => around.or_home("CLAUDE_CONFIG_DIR", ".claude").join("settings.json"),
            // Not the shared file: the path of the program is this machine's.
            Scope::Project => around.project.join(".claude/settings.local.json"),
        };
        vec![Place { path, what: What::Entries(&ENTRIES) }]
    },
    limits: &[
        "`claude --bare`, `disableAllHooks` in any of its settings, and managed settings that allow only managed hooks switch every hook off",
        "files named with `@` in a prompt are read without a hook",
    ],
};

static ENTRIES: Entries = Entries {
    client: "claude",
    events: &[
        BEFORE_A_TOOL,
        Event { name: "PostToolUse", before: false, fallback: None },
        BEFORE_A_QUESTION,
    ],
    nest: Nest::Groups(Some("*")),
    key: "command",
    handler: |event, command| {
        let mut handler = vec![
            ("type", Data::text("command")),
            ("command", command),
            ("timeout", Data::Number(WAIT)),
        ];
        if event.before {
            handler.push(("onFailure", Data::text("block")));
        }
        Data::object(handler)
    },
    head: None,
    switches: &[(&["disableAllHooks"], "true")],
};
