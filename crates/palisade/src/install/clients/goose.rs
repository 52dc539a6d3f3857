//! goose: a plugin of its own, by its documentation; it was not run.

use crate::install::splice::Data;
use crate::install::{Client, Entries, Event, Nest, Place, Scope, WAIT, What};

pub static CLIENT: Client = Client {
    name: "goose",
    title: "goose",
    program: "goose",
    packages: &[],
    seen: None,
    oldest: Some(("1.38", "it has no hooks")),
    files: |around, scope| {
        let above = match scope {
            Scope::User => &around.home,
            Scope::Project => &around.project,
        };
        let plugin = above.join(".agents/plugins/palisade");
        vec![
            Place {
                path: plugin.join("plugin.json"),
                what: What::Own { make: |_| MANIFEST.into(), executable: false },
            },
            Place { path: plugin.join("hooks/hooks.json"), what: What::Entries(&ENTRIES) },
        ]
    },
    limits: &[
        "this follows goose's documentation; it was not seen at work",
        "only the hook before a call can stop anything: outputs are not looked at, a call cannot be changed",
    ],
};

const MANIFEST: &str = r#"{
  "name": "palisade",
  "version": "1.0.0",
  "description": "Hands every tool call to Palisade. Made by `palisade install goose`."
}
"#;

static ENTRIES: Entries = Entries {
    client: "goose",
    events: &[
        Event { name: "PreToolUse", before: true, fallback: None },
        Event { name: "PostToolUse", before: false, fallback: None },
    ],
    // A pattern of `*` is none here, and switches the rule off.
    nest: Nest::Groups(None),
    key: "command",
    handler: |event, command| {
        let mut handler = vec![
            ("type", Data::text("command")),
            ("command", command),
            ("timeout", Data::Number(WAIT)),
        ];
        if event.before {
            handler.push(("on_failure", Data::text("block")));
        }
        Data::object(handler)
    },
    head: None,
    switches: &[],
};
