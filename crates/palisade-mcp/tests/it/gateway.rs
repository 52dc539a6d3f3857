//! Several servers behind one connection.

use palisade_guards::call::Value;

use crate::house::{House, Scripted, echo};

const TOOLS: &str = r#"[{"name":"show","description":"Shows","inputSchema":{"type":"object"}}]"#;

#[test]
fn tools_have_their_servers_name_and_servers_start_when_needed() {
    let house = House::with("");
    let (heard, intents) = house.gateway(&Scripted::echo(TOOLS), &["a", "b"], |client| {
        assert!(client.initialize("{}").contains("\"name\":\"palisade\""));
        client.send(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
        let list = client.answer("1");
        assert!(list.contains("a__show") && list.contains("b__show"), "{list}");
        let said = client.call(2, "b__show", "{\"x\":1}");
        assert!(said.contains("external tool result from b/show"), "{said}");
        for name in ["show", "c__show", "a", "__show"] {
            assert!(client.call(3, name, "{}").contains("-32602"), "{name}");
        }
        assert!(client.call(4, "a__other", "{}").contains("tool/unknown"));
        client.send(r#"{"jsonrpc":"2.0","id":5,"method":"resources/list"}"#);
        assert!(client.answer("5").contains("-32601"));
    });
    assert_eq!(heard.iter().filter(|line| line.contains("tools/call")).count(), 1, "{heard:?}");
    assert!(heard.iter().any(|line| line.starts_with("b: ") && line.contains("\"name\":\"show\"")));
    assert_eq!(intents.iter().filter(|line| line.starts_with("tool ")).count(), 2);
    // The second time, what was approved is listed without a start.
    let (heard, _) = house.gateway(&Scripted::echo(TOOLS), &["a", "b"], |client| {
        client.initialize("{}");
        client.send(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
        assert!(client.answer("1").contains("a__show"));
    });
    assert_eq!(heard.len(), 0, "{heard:?}");
    // And what the server says by then is compared before its first call.
    let changed = r#"[{"name":"show","description":"Other","inputSchema":{"type":"object"}}]"#;
    let (heard, _) = house.gateway(&Scripted::echo(changed), &["a", "b"], |client| {
        client.initialize("{}");
        assert!(client.call(1, "a__show", "{}").contains("tool/changed"));
    });
    assert!(!heard.iter().any(|line| line.contains("tools/call")));
}

#[test]
fn questions_of_servers_reach_the_client_and_come_back() {
    let house = House::with("");
    let server = Scripted::new(|line, message| {
        let mut answers = Vec::new();
        if message.get("method").and_then(Value::as_text) == Some("tools/call") {
            answers.push(r#"{"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{"message":"m"}}"#.to_owned());
            answers.push(
                r#"{"jsonrpc":"2.0","id":2,"method":"sampling/createMessage","params":{}}"#
                    .to_owned(),
            );
        }
        answers.extend(echo(TOOLS, line, message));
        Some(answers)
    });
    let (heard, _) = house.gateway(&server, &["a"], |client| {
        client.initialize(r#"{"elicitation":{}}"#);
        client.send(&crate::house::call(1, "a__show", "{}"));
        let form = client.until(|line| line.contains("elicitation/create"));
        let id = Value::from_json(&form).unwrap().get("id").unwrap().to_json();
        client.send(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"action":"decline"}}}}"#));
        client.answer("1");
        client.call(2, "a__show", "{}");
    });
    assert!(
        heard.iter().any(|line| line.contains(r#""id":1,"result":{"action":"decline"}"#)),
        "{heard:?}"
    );
    assert!(heard.iter().any(|line| line.contains("this cannot be asked here")), "{heard:?}");
}

#[test]
fn a_server_that_ends_is_started_again_later() {
    let house = House::with("");
    let server =
        Scripted::new(
            |line, message| {
                if line.contains("crash") { None } else { Some(echo(TOOLS, line, message)) }
            },
        );
    house.gateway(&server, &["a"], |client| {
        client.initialize("{}");
        assert!(client.call(1, "a__show", r#"{"x":"crash"}"#).contains("has ended"));
        // Not in a loop: it is said that it will be started again.
        let again = client.call(2, "a__show", "{}");
        assert!(again.contains("started again") || again.contains("has ended"), "{again}");
    });
}
