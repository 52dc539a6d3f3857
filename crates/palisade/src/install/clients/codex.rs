//! OpenAI Codex: hooks in `hooks.json`, each to be trusted before it runs.

use crate::install::splice::Data;
use crate::install::{
    BEFORE_A_QUESTION, BEFORE_A_TOOL, Client, Entries, Event, Nest, Place, Scope, WAIT, What,
};

pub static CLIENT: Client = Client {
    name: "codex",
    title: "OpenAI Codex",
    program: "codex",
    packages: &["@openai/codex"],
    seen: Some("0.169.0"),
    oldest: None,
    files: |around, scope| {
        let path = match scope {
            Scope::User => around.or_home("CODEX_HOME", ".codex").join("hooks.json"),
            Scope::Project => around.project.join(".codex/hooks.json"),
        };
        vec![Place { path, what: What::Entries(&ENTRIES) }]
    },
    limits: &[
        "a hook that is not trusted is skipped without a word; any change of the entry takes the trust away, so install again after moving palisade",
        "what is typed into a running program (`write_stdin`) fires no hook: an interactive `bash`, `python` or `ssh` must be refused or confined when it starts",
        "a hook that runs out of time lets the call through; Palisade answers well before that",
        "`--dangerously-bypass-hook-trust`, managed requirements and `features.hooks = false` decide over it",
    ],
};

static ENTRIES: Entries = Entries {
    client: "codex",
    events: &[
        BEFORE_A_TOOL,
        Event {
            name: "PostToolUse",
            before: false,
            fallback: Some(
                r#"{"decision":"block","reason":"Palisade could not look at the output of this call, so it is withheld."}"#,
            ),
        },
        BEFORE_A_QUESTION,
    ],
    nest: Nest::Groups(Some(".*")),
    key: "command",
    handler: |_, command| {
        Data::object([
            ("type", Data::text("command")),
            ("command", command),
            ("timeout", Data::Number(WAIT)),
        ])
    },
    head: None,
    switches: &[],
};
