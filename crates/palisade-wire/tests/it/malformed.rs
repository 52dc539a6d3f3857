//! Payloads that no client sends: none may panic, and none may be taken for
//! one that asks for nothing.

use palisade_wire::{Client, Event, Json, Use, clients};
use proptest::prelude::*;

use crate::recorded::payloads;

/// What was asked for, if anything was understood.
fn read(client: &Client, bytes: &[u8]) -> Option<Vec<Use>> {
    client.read(Some(Event::Before), bytes).ok().map(|payload| payload.call.uses)
}

fn all() -> impl Iterator<Item = (&'static Client, String)> {
    clients::CLIENTS
        .iter()
        .flat_map(|client| payloads(client).into_iter().map(move |line| (*client, line)))
}

#[test]
fn a_payload_cut_short_is_no_payload() {
    for (client, line) in all() {
        for end in 0..line.len() {
            assert_eq!(read(client, &line.as_bytes()[..end]), None, "{end}: {line}");
        }
        assert_eq!(read(client, format!("{line}{line}").as_bytes()), None);
        assert_eq!(read(client, format!("{line}x").as_bytes()), None);
    }
}

#[test]
fn bytes_that_are_no_text_are_no_payload() {
    for (client, line) in all() {
        let at = line.len() / 2;
        let mut bytes = line.into_bytes();
        bytes[at] = 0xff;
        assert_eq!(read(client, &bytes), None);
        bytes.splice(at..=at, [0xed, 0xa0, 0x80]);
        assert_eq!(read(client, &bytes), None);
    }
}

/// Calls `look` with the value after each field was put through `change`.
fn each_field(value: &Json, change: &dyn Fn(&Json) -> Option<Json>, look: &mut dyn FnMut(Json)) {
    match value {
        Json::Object(fields) => {
            for (at, (key, old)) in fields.iter().enumerate() {
                let mut with = |new: Json| {
                    let mut fields = fields.clone();
                    fields[at] = (key.clone(), new);
                    look(Json::Object(fields));
                };
                if let Some(new) = change(old) {
                    with(new);
                }
                each_field(old, change, &mut with);
            }
        }
        Json::List(values) => {
            for (at, old) in values.iter().enumerate() {
                let mut with = |new: Json| {
                    let mut values = values.clone();
                    values[at] = new;
                    look(Json::List(values));
                };
                if let Some(new) = change(old) {
                    with(new);
                }
                each_field(old, change, &mut with);
            }
        }
        _ => {}
    }
}

/// A part that only names things the judge allows unseen.
fn is_harmless(uses: &[Use]) -> bool {
    uses.iter().all(|one| matches!(one, Use::Internal | Use::Subagent | Use::WebSearch))
}

#[test]
fn other_types_never_turn_a_call_into_nothing() {
    let others: [fn(&Json) -> Json; 7] = [
        |_| Json::Null,
        |_| Json::Bool(true),
        |_| Json::Number(7.into()),
        |_| Json::List(Vec::new()),
        |_| Json::Object(Vec::new()),
        |old| Json::List(vec![old.clone()]),
        |_| Json::Text(String::new()),
    ];
    for (client, line) in all() {
        let payload = Json::parse(line.as_bytes()).unwrap();
        let before = client.read(None, line.as_bytes()).unwrap();
        if before.event != Event::Before || is_harmless(&before.call.uses) {
            continue;
        }
        for other in others {
            let change = |old: &Json| Some(other(old));
            each_field(&payload, &change, &mut |changed| {
                let line = changed.line();
                if let Some(uses) = read(client, line.as_bytes()) {
                    assert!(!uses.is_empty() && !is_harmless(&uses), "{}: {line}", client.name);
                }
            });
        }
    }
}

#[test]
fn a_key_that_stands_twice_is_refused_wherever_it_stands() {
    for (client, line) in all() {
        let payload = Json::parse(line.as_bytes()).unwrap();
        let double = |old: &Json| match old {
            Json::Object(fields) => {
                let mut fields = fields.clone();
                fields.push(fields.first()?.clone());
                Some(Json::Object(fields))
            }
            _ => None,
        };
        each_field(&payload, &double, &mut |changed| {
            assert_eq!(read(client, changed.line().as_bytes()), None);
        });
        let twice =
            line.replacen('{', "{\"tool_name\":\"TodoWrite\",\"tool_name\":\"TodoWrite\",", 1);
        assert_eq!(read(client, twice.as_bytes()), None);
    }
}

#[test]
fn depth_and_size_have_bounds() {
    for (client, line) in all() {
        let deep = |_: &Json| Some((0..100).fold(Json::Null, |inner, _| Json::List(vec![inner])));
        let payload = Json::parse(line.as_bytes()).unwrap();
        each_field(&payload, &deep, &mut |changed| {
            assert_eq!(read(client, changed.line().as_bytes()), None);
        });
    }
    let client = clients::client("claude").unwrap();
    assert_eq!(read(client, &vec![b'['; 1 << 20]), None);
    assert_eq!(read(client, "{\"a\":".repeat(1 << 18).as_bytes()), None);
}

proptest! {
    #[test]
    fn bytes_changed_by_lot_never_panic(
        which in 0usize..10_000,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let all: Vec<_> = all().collect();
        let (client, line) = &all[which % all.len()];
        let mut bytes = line.clone().into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(payload) = client.read(None, &bytes) {
            prop_assert!(!payload.call.uses.is_empty());
            let _ = client.deny(payload.event, "no", Some(&payload.call));
        }
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for client in clients::CLIENTS {
            prop_assert_eq!(read(client, &bytes), None);
        }
    }
}
