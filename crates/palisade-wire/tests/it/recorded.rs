//! Recorded payloads of each client against one golden file.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use palisade_wire::{Client, Payload, Tested, Use, clients};

fn place(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(below)
}

/// The recorded payloads of a client, one a line.
pub fn payloads(client: &Client) -> Vec<String> {
    let path = place("payloads").join(format!("{}.ndjson", client.name));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    text.lines().map(str::to_owned).collect()
}

fn shown(used: &Use) -> String {
    match used {
        Use::Shell { command, cwd } => format!("shell {command:?} in {cwd:?}"),
        Use::File { how, path, content } => {
            format!("{} {path} {}", how.word(), content.as_deref().map_or(0, str::len))
        }
        other => format!("{other:?}"),
    }
}

fn seen() -> String {
    let mut text = String::new();
    for client in clients::CLIENTS {
        let how = match client.tested {
            Tested::Run(version) => format!("seen on {version}"),
            Tested::Documented => "by its documentation".to_owned(),
        };
        writeln!(text, "# {}, {how}", client.title).unwrap();
        for line in payloads(client) {
            let Payload { event, call, output } = client.read(None, line.as_bytes()).unwrap();
            let uses: Vec<String> = call.uses.iter().map(shown).collect();
            writeln!(
                text,
                "{event:?} {} id={} session={} subagent={} cwd={} mode={} output={} -> {}",
                call.tool,
                call.id.is_some(),
                call.session.is_some(),
                call.subagent.as_deref().unwrap_or("-"),
                call.cwd.as_deref().unwrap_or("-"),
                call.mode.as_deref().unwrap_or("-"),
                output.is_some(),
                uses.join("; ")
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn recorded_payloads_mean_what_they_meant() {
    let golden = fs::read_to_string(place("golden/payloads.txt")).unwrap_or_default();
    let seen = seen();
    for (at, (old, new)) in golden.lines().zip(seen.lines()).enumerate() {
        assert_eq!(old, new, "line {} of golden/payloads.txt", at + 1);
    }
    assert_eq!(golden.lines().count(), seen.lines().count());
}

/// `cargo test -p palisade-wire -- --ignored` writes the golden file anew.
#[test]
#[ignore = "writes the golden file"]
fn write_the_golden_file() {
    fs::write(place("golden/payloads.txt"), seen()).unwrap();
}
