//! Gemini CLI: hooks in `settings.json`, time in milliseconds.

use crate::install::splice::Data;
use crate::install::{Client, Entries, Event, Nest, Place, Scope, WAIT, What, failed};

pub static CLIENT: Client = Client {
    name: "gemini",
    title: "Gemini CLI",
    program: "gemini",
    packages: &["@google/gemini-cli"],
    seen: Some("0.61.0"),
    oldest: None,
    files: |around, scope| {
        let path = match scope {
            Scope::User => around
                .variable("GEMINI_CLI_HOME")
                .unwrap_or(&around.home)
                .join(".gemini/settings.json"),
            Scope::Project => around.project.join(".gemini/settings.json"),
        };
        vec![Place { path, what: What::Entries(&ENTRIES) }]
    },
    limits: &[
        "a hook that runs out of time, or is killed together with its shell, lets the call through: there is no setting for it; Palisade answers well before that",
        "the call of a subagent looks like one of its parent",
        "hooks of a project are ignored while Gemini does not trust the folder",
    ],
};

static ENTRIES: Entries = Entries {
    client: "gemini",
    events: &[
        Event {
            name: "BeforeTool",
            before: true,
            fallback: Some(concat!(r#"{"decision":"deny","reason":""#, failed!(), r#""}"#)),
        },
        Event {
            name: "AfterTool",
            before: false,
            fallback: Some(
                r#"{"decision":"deny","reason":"Palisade could not look at the output of this call, so it is withheld."}"#,
            ),
        },
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
    switches: &[
        (&["hooksConfig", "enabled"], "false"),
        (&["tools", "enableHooks"], "false"),
        (&["hooks", "enabled"], "false"),
    ],
};
