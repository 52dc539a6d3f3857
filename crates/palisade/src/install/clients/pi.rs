//! pi: no hook programs, so an extension that asks ours.

use crate::install::{Client, Place, Program, Scope, What};

pub static CLIENT: Client = Client {
    name: "pi",
    title: "pi",
    program: "pi",
    packages: &["@mariozechner/pi-coding-agent", "@earendil-works/pi-coding-agent"],
    seen: Some("0.73.1"),
    oldest: None,
    files: |around, scope| {
        let directory = match scope {
            Scope::User => around.or_home("PI_CODING_AGENT_DIR", ".pi/agent"),
            Scope::Project => around.project.join(".pi"),
        };
        vec![Place {
            path: directory.join("extensions/palisade.ts"),
            what: What::Own { make: extension, executable: false },
        }]
    },
    limits: &[
        "`pi --no-extensions` loads no extensions",
        "another extension that is called later can change a call that was judged",
    ],
};

fn extension(program: &Program) -> String {
    program.script(include_str!("../templates/pi.ts"))
}
