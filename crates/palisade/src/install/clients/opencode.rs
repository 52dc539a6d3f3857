//! OpenCode: no hook programs, so a plugin that asks ours.

use crate::install::{Client, Place, Program, Scope, What};

pub static CLIENT: Client = Client {
    name: "opencode",
    title: "OpenCode",
    program: "opencode",
    packages: &["opencode-ai"],
    seen: Some("1.18.33"),
    oldest: None,
    files: |around, scope| {
        let directory = match scope {
            Scope::User => around.or_home("XDG_CONFIG_HOME", ".config").join("opencode"),
            Scope::Project => around.project.join(".opencode"),
        };
        vec![Place {
            path: directory.join("plugin/palisade.js"),
            what: What::Own { make: plugin, executable: false },
        }]
    },
    limits: &[
        "a plugin cannot ask in OpenCode's own dialogue: questions go to Palisade's queue (`palisade approvals`)",
        "OpenCode 2 wants plugins of another shape and does not load this one: `palisade doctor --live opencode` tells",
        "with OPENCODE_PURE it loads no plugins",
    ],
};

fn plugin(program: &Program) -> String {
    program.script(include_str!("../templates/opencode.js"))
}
