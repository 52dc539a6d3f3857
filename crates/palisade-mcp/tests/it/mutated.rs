//! Messages with something wrong in them: nothing panics, and no call that is
//! denied reaches the server.

use std::sync::atomic::{AtomicUsize, Ordering};

use palisade_guards::call::Value;

use crate::chance::Chance;
use crate::house::{House, Scripted, call};

const TOOLS: &str = r#"[{"name":"show","inputSchema":{"type":"object"}},{"name":"drop","inputSchema":{"type":"object"}}]"#;

fn mutated(line: &str, chance: &mut Chance) -> Vec<u8> {
    const PIECES: [&str; 16] = [
        "\"",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\\u0000",
        "\\ud800",
        "null",
        "\u{0}",
        "\"name\":\"drop\",",
        "\"method\":\"tools/call\",",
        "\u{feff}",
        "1e999",
        "drop",
    ];
    let mut bytes = line.as_bytes().to_vec();
    for _ in 0..=chance.below(3) {
        let at = chance.below(bytes.len());
        match chance.below(5) {
            0 => bytes[at] ^= 1 << chance.below(8),
            1 => drop(bytes.drain(at..(at + 1 + chance.below(8)).min(bytes.len()))),
            2 => drop(bytes.splice(at..at, PIECES[chance.below(PIECES.len())].bytes())),
            3 => bytes.truncate(at + 1),
            _ => {
                let piece: Vec<u8> =
                    bytes[at..(at + 1 + chance.below(20)).min(bytes.len())].to_vec();
                let to = chance.below(bytes.len());
                drop(bytes.splice(to..to, piece));
            }
        }
        if bytes.is_empty() {
            bytes.push(b' ');
        }
    }
    bytes.retain(|byte| *byte != b'\n');
    bytes
}

/// So many frames: some seconds, as long as what was answered is not searched again.
const FRAMES: usize = 100_000;

/// Also those that are caught, and end as a refusal.
static PANICS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn a_hundred_thousand_mutated_messages_never_call_what_is_denied() {
    let said = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        said(panic);
    }));
    let house = House::with(
        "tools:\n  deny: [drop]\n  rules:\n    - {tool: show, when: 'default(n, 0) > 3'}\n",
    );
    let server = Scripted::echo(TOOLS);
    let (heard, _) = house.wrap(&server, |client| {
        client.initialize("{}");
        let mut chance = Chance(7);
        let seeds = [
            call(1, "drop", "{\"a\":1}"),
            call(2, "show", "{\"n\":9}"),
            r#"{"jsonrpc":"2.0","id":3,"method":"tools/list","params":{"cursor":null}}"#.to_owned(),
            r#"[{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"drop","arguments":{}}}]"#.to_owned(),
        ];
        let mut answered = 0;
        for round in 0..FRAMES {
            let line = mutated(&seeds[round % seeds.len()], &mut chance);
            client.bytes(&line);
            client.bytes(b"\n");
            if round % 50 == 49 {
                // What was sent is answered before more is sent.
                client.send(&format!(r#"{{"jsonrpc":"2.0","id":{},"method":"ping"}}"#, 1_000_000 + round));
                client.answer(&(1_000_000 + round).to_string());
                answered += client.forget();
            }
        }
        assert!(answered > FRAMES / 2, "{answered} answers to {FRAMES} frames");
    });
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "something panicked");
    for line in &heard {
        let line = line.strip_prefix("srv: ").unwrap();
        let value = Value::from_json(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        if value.get("method").and_then(Value::as_text) == Some("tools/call") {
            let params = value.get("params").unwrap();
            let name = params.get("name").and_then(Value::as_text).unwrap();
            assert_eq!(name, "show", "{line}");
            let n = params.get("arguments").and_then(|arguments| arguments.get("n"));
            assert!(
                n.is_none_or(|n| matches!(n, Value::Null)
                    || n.to_json().parse::<f64>().is_ok_and(|n| n <= 3.0)),
                "{line}"
            );
        }
    }
}
