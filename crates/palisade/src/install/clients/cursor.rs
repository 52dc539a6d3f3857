//! Cursor: `hooks.json`, by its documentation; it was not run.

use crate::install::splice::Data;
use crate::install::{Client, Entries, Event, Nest, Place, Scope, WAIT, What};

pub static CLIENT: Client = Client {
    name: "cursor",
    title: "Cursor",
    program: "cursor-agent",
    packages: &[],
    seen: None,
    oldest: None,
    files: |around, scope| {
        let path = match scope {
            Scope::User => around.home.join(".cursor/hooks.json"),
            Scope::Project => around.project.join(".cursor/hooks.json"),
        };
        vec![Place { path, what: What::Entries(&ENTRIES) }]
    },
    limits: &[
        "this follows Cursor's documentation; it was not seen at work",
        "Cursor can also load the hooks of Claude Code, so that a call may be judged twice",
        "versions without `preToolUse` do not call it, and versions without `failClosed` run a call whose hook failed",
    ],
};

static ENTRIES: Entries = Entries {
    client: "cursor",
    events: &[
        Event { name: "preToolUse", before: true, fallback: None },
        Event { name: "postToolUse", before: false, fallback: None },
    ],
    nest: Nest::Flat,
    key: "command",
    handler: |event, command| {
        let mut handler = vec![("command", command), ("timeout", Data::Number(WAIT))];
        if event.before {
            handler.push(("failClosed", Data::Truth(true)));
        }
        Data::object(handler)
    },
    head: Some(("version", 1)),
    switches: &[],
};
