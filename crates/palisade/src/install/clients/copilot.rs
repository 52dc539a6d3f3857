//! GitHub Copilot CLI: every JSON file in its `hooks` directory is read.

use crate::install::splice::Data;
use crate::install::{Client, Entries, Event, Nest, Place, Scope, WAIT, What, failed};

pub static CLIENT: Client = Client {
    name: "copilot",
    title: "GitHub Copilot CLI",
    program: "copilot",
    packages: &["@github/copilot"],
    seen: Some("1.0.102"),
    oldest: Some(("1.0.80", "it was reported to run a call whose hook failed")),
    files: |around, scope| {
        let path = match scope {
            Scope::User => around.or_home("COPILOT_HOME", ".copilot").join("hooks/palisade.json"),
            Scope::Project => around.project.join(".github/hooks/palisade.json"),
        };
        vec![Place { path, what: What::Entries(&ENTRIES) }]
    },
    limits: &[
        "a hook that runs out of time lets the call through, and there is no setting for it; Palisade answers well before that",
        "`disableAllHooks` in its settings switches every hook off",
        "`copilot -p` was seen not to call the hooks of a project, only those of its user",
    ],
};

static ENTRIES: Entries = Entries {
    client: "copilot",
    events: &[
        Event {
            name: "preToolUse",
            before: true,
            fallback: Some(concat!(
                r#"{"permissionDecision":"deny","permissionDecisionReason":""#,
                failed!(),
                r#""}"#
            )),
        },
        Event {
            name: "postToolUse",
            before: false,
            fallback: Some(
                r#"{"modifiedResult":{"resultType":"failure","textResultForLlm":"Palisade could not look at the output of this call, so it is withheld."}}"#,
            ),
        },
        Event {
            name: "permissionRequest",
            before: true,
            fallback: Some(concat!(r#"{"behavior":"deny","message":""#, failed!(), r#""}"#)),
        },
    ],
    nest: Nest::Flat,
    key: "bash",
    handler: |_, command| {
        Data::object([
            ("type", Data::text("command")),
            ("bash", command),
            ("timeoutSec", Data::Number(WAIT)),
        ])
    },
    head: Some(("version", 1)),
    switches: &[(&["disableAllHooks"], "true")],
};
