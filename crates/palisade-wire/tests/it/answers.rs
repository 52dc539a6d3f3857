//! The exact form of every answer.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use palisade_wire::{Event, Json, Use, clients};

use crate::recorded::payloads;

fn said() -> String {
    let mut text = String::new();
    for client in clients::CLIENTS {
        writeln!(text, "# {}", client.title).unwrap();
        let calls = payloads(client);
        let calls = calls.iter().map(|line| client.read(None, line.as_bytes()).unwrap().call);
        let calls: Vec<_> = calls.collect();
        let shell = |one: &Use| matches!(one, Use::Shell { .. });
        let call = calls.iter().find(|call| call.uses.iter().all(shell)).unwrap();
        for event in [Event::Before, Event::Permission, Event::After] {
            writeln!(text, "deny {event:?}: {}", client.deny(event, "it's no", Some(call)))
                .unwrap();
        }
        writeln!(text, "deny unread: {}", client.deny(Event::Before, "no", None)).unwrap();
        writeln!(text, "ask: {:?}", client.ask("sure?")).unwrap();
        let lines = vec!["echo 'x'".to_owned(); call.uses.len()];
        let rewritten = client.with_lines(call, &lines).and_then(|new| client.rewrite(new));
        writeln!(text, "rewrite: {rewritten:?}").unwrap();
        let output = calls_with_output(client);
        writeln!(text, "withhold: {}", client.withhold(&output, "no", Some(call))).unwrap();
        let mut changed = output.clone();
        client.texts(&mut changed, &mut |own, text| {
            if own {
                *text = format!("<{text}>");
            }
        });
        writeln!(text, "replace: {:?}", client.replace(changed)).unwrap();
    }
    text
}

fn calls_with_output(client: &palisade_wire::Client) -> Json {
    let mut all = payloads(client).into_iter();
    all.find_map(|line| client.read(None, line.as_bytes()).unwrap().output).unwrap_or_default()
}

fn golden() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/answers.txt")
}

#[test]
fn answers_have_the_form_that_clients_take() {
    let old = fs::read_to_string(golden()).unwrap_or_default();
    let new = said();
    for (old, new) in old.lines().zip(new.lines()) {
        assert_eq!(old, new);
    }
    assert_eq!(old.lines().count(), new.lines().count());
}

/// `cargo test -p palisade-wire -- --ignored` writes the golden file anew.
#[test]
#[ignore = "writes the golden file"]
fn write_the_golden_file() {
    fs::write(golden(), said()).unwrap();
}
