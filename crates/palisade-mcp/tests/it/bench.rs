//! Many calls: nothing is lost, doubled or kept.

use std::collections::BTreeSet;

use palisade_guards::call::Value;

use crate::house::{House, Scripted, call};

const TOOLS: &str = r#"[{"name":"show","inputSchema":{"type":"object"}}]"#;

#[test]
fn many_calls_at_once_are_answered_once_each() {
    let house = House::with("");
    let (heard, intents) = house.wrap(&Scripted::echo(TOOLS), |client| {
        client.initialize("{}");
        for round in 0..20 {
            for at in 0..32 {
                client.send(&call(1 + round * 32 + at, "show", &format!("{{\"n\":{at}}}")));
            }
            let mut left: BTreeSet<u32> = (0..32).map(|at| 1 + round * 32 + at).collect();
            while !left.is_empty() {
                let line = client.until(|line| line.contains("\"result\""));
                assert!(!line.contains("isError"), "{line}");
                let value = Value::from_json(&line).unwrap();
                let id: u32 = value.get("id").unwrap().to_json().parse().unwrap();
                assert!(left.remove(&id), "{id} twice");
            }
        }
    });
    assert_eq!(heard.iter().filter(|line| line.contains("tools/call")).count(), 640);
    assert_eq!(intents.iter().filter(|line| line.starts_with("tool allow")).count(), 640);
}
