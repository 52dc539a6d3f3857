//! Cline CLI: one program for each event, found by its name.

use crate::install::{Client, Place, Program, Scope, What, failed};

pub static CLIENT: Client = Client {
    name: "cline",
    title: "Cline",
    program: "cline",
    packages: &[
        "cline",
        "@cline/cli-linux-x64",
        "@cline/cli-linux-arm64",
        "@cline/cli-darwin-arm64",
        "@cline/cli-darwin-x64",
    ],
    seen: Some("3.0.65"),
    oldest: None,
    files: |around, scope| {
        let directory = match scope {
            Scope::User => around.or_home("CLINE_DIR", ".cline").join("hooks"),
            Scope::Project => around.project.join(".clinerules/hooks"),
        };
        vec![
            Place {
                path: directory.join("PreToolUse"),
                what: What::Own { make: before, executable: true },
            },
            Place {
                path: directory.join("PostToolUse"),
                what: What::Own { make: after, executable: true },
            },
        ]
    },
    limits: &[
        "a hook that runs out of time, or is killed together with its shell, lets the call through: there is no setting for it; Palisade answers well before that",
        "a hook cannot replace an output: secrets and injected text in outputs are not taken out",
        "`--hooks-dir` makes it look for hooks elsewhere",
    ],
};

fn before(program: &Program) -> String {
    script(program, "PreToolUse", concat!(r#"{"cancel":true,"errorMessage":""#, failed!(), r#""}"#))
}

fn after(program: &Program) -> String {
    script(program, "PostToolUse", "{}")
}

fn script(program: &Program, event: &str, fallback: &str) -> String {
    format!(
        "#!/bin/sh\n# Hands every tool call to Palisade. Made by `palisade install cline`.\n\
         {} || printf '%s' '{fallback}'\n",
        program.hook("cline", event)
    )
}
