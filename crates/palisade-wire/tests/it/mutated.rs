//! A hostile call of each client, spoilt in a hundred thousand ways: what the
//! client would run, as a JSON reader that is not ours reads it, is what is
//! judged, or nothing is understood at all.
//!
//! `PALISADE_MUTATIONS` sets how many there are for each client.

use std::collections::BTreeMap;
use std::thread;

use crate::chance::Chance;
use palisade_wire::{Client, Event, Payload, Use, clients};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

const HOSTILE: &str = "rm -rf / && echo \"done\"";

/// What the client calls its shell, and where its tool and its line stand.
struct Form {
    client: &'static str,
    payload: String,
    tool: &'static str,
    line: &'static str,
    event: &'static str,
}

fn forms() -> Vec<Form> {
    let line = serde_json::to_string(HOSTILE).unwrap();
    let bare = |tool: &str, event: &str| {
        format!(
            r#"{{"session_id":"s1","cwd":"/w","hook_event_name":"{event}","permission_mode":"default","tool_name":"{tool}","tool_input":{{"command":{line},"description":"x","timeout":5}},"tool_use_id":"t1","timestamp":"5"}}"#
        )
    };
    let form = |client, payload, tool, line, event| Form { client, payload, tool, line, event };
    let (name, input) = ("/tool_name", "/tool_input/command");
    let event = "/hook_event_name";
    let inner = serde_json::to_string(&format!("{{\"command\":{line}}}")).unwrap();
    vec![
        form("claude", bare("Bash", "PreToolUse"), name, input, event),
        form("codex", bare("Bash", "PreToolUse"), name, input, event),
        form("qwen", bare("run_shell_command", "PreToolUse"), name, input, event),
        form("gemini", bare("run_shell_command", "BeforeTool"), name, input, event),
        form("cursor", bare("Shell", "preToolUse"), name, input, event),
        form("pi", bare("bash", "tool_call"), name, input, event),
        form(
            "copilot",
            format!(
                r#"{{"sessionId":"s","timestamp":5,"cwd":"/w","toolName":"bash","toolArgs":{{"command":{line}}}}}"#
            ),
            "/toolName",
            "/toolArgs/command",
            "/none",
        ),
        form(
            "copilot",
            format!(
                r#"{{"sessionId":"s","timestamp":5,"cwd":"/w","toolName":"bash","toolArgs":{inner}}}"#
            ),
            "/toolName",
            "/none",
            "/none",
        ),
        form(
            "opencode",
            format!(
                r#"{{"event":"before","tool":"bash","args":{{"command":{line}}},"callID":"c","sessionID":"s","cwd":"/w"}}"#
            ),
            "/tool",
            "/args/command",
            "/event",
        ),
        form(
            "cline",
            format!(
                r#"{{"hookName":"tool_call","sessionContext":{{"rootSessionId":"s"}},"workspaceInfo":{{"rootPath":"/w"}},"agent_id":"a","parent_agent_id":null,"tool_call":{{"id":"1","name":"run_commands","input":{{"commands":["ls",{line}]}}}}}}"#
            ),
            "/tool_call/name",
            "/tool_call/input/commands/1",
            "/hookName",
        ),
        form(
            "goose",
            format!(
                r#"{{"event":"PreToolUse","session_id":"s","working_dir":"/w","tool_call_id":"1","tool_name":"developer__shell","tool_input":{{"command":{line}}}}}"#
            ),
            name,
            input,
            "/event",
        ),
    ]
}

const PIECES: &[&str] = &[
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\\",
    "\\u0000",
    "\\ud800",
    "\\udc00",
    "\\u0022",
    "null",
    "true",
    "1e999",
    "-0",
    "NaN",
    "\u{0}",
    "\u{feff}",
    "\u{200b}",
    "\u{202e}",
    "\n",
    " ",
    "//",
    "/**/",
    "'",
    "\"tool_name\":\"TodoWrite\",",
    "\"tool\":\"todowrite\",",
    "\"toolName\":\"report_intent\",",
    "\"hook_event_name\":\"PostToolUse\",",
    "\"event\":\"after\",",
    "\"command\":\"ls\",",
    "\"commands\":[],",
    "\"command\":null,",
    "\"tool_input\":{},",
    "\"toolArgs\":{},",
    "\"args\":{},",
    "\"tool_response\":\"x\",",
    "\"cwd\":5,",
    "TodoWrite",
    "update_plan",
    "mcp__a__b",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
];

fn mutated(payload: &str, chance: &mut Chance) -> Vec<u8> {
    let mut bytes = payload.as_bytes().to_vec();
    for _ in 0..=chance.below(3) {
        if bytes.is_empty() {
            bytes.push(b' ');
        }
        let at = chance.below(bytes.len());
        let run = |chance: &mut Chance, most| (at + 1 + chance.below(most)).min(bytes.len());
        match chance.below(7) {
            0 => bytes[at] ^= 1 << chance.below(8),
            1 => bytes[at] = u8::try_from(chance.below(256)).unwrap(),
            2 => {
                let end = run(chance, 8);
                drop(bytes.drain(at..end));
            }
            3 => {
                // Mostly where a piece can stand, so that more is understood.
                let marks: Vec<usize> =
                    (0..bytes.len()).filter(|at| b"{,".contains(&bytes[*at])).collect();
                let at = match marks.get(chance.below(marks.len())) {
                    Some(mark) if chance.below(4) > 0 => mark + 1,
                    _ => at,
                };
                drop(bytes.splice(at..at, PIECES[chance.below(PIECES.len())].bytes()));
            }
            4 => bytes.truncate(at + 1),
            5 => {
                let end = run(chance, 40);
                let piece = bytes[at..end].to_vec();
                let to = chance.below(bytes.len());
                drop(bytes.splice(to..to, piece));
            }
            _ => {
                // Another kind of letter for a quoted word, the same to JSON.
                let letter = bytes[at];
                if letter.is_ascii_alphabetic() {
                    drop(bytes.splice(at..=at, format!("\\u{letter:04x}").into_bytes()));
                }
            }
        }
    }
    bytes
}

/// JSON in which no key stands twice.
struct Once;

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Once)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Self;
    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Self, A::Error> {
        while from.next_element::<Self>()?.is_some() {}
        Ok(self)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Self, A::Error> {
        let mut keys = BTreeMap::new();
        while let Some(key) = from.next_key::<String>()? {
            if keys.insert(key, ()).is_some() {
                let _ = from.next_value::<IgnoredAny>()?;
                return Err(serde::de::Error::custom("twice"));
            }
            from.next_value::<Self>()?;
        }
        Ok(self)
    }
}

/// A part that only names things the judge allows unseen.
fn is_harmless(uses: &[Use]) -> bool {
    uses.iter().all(|one| matches!(one, Use::Internal | Use::Subagent | Use::WebSearch))
}

/// What is wrong with what was understood of these bytes.
fn wrong(client: &Client, form: &Form, bytes: &[u8], read: Option<&Payload>) -> Option<String> {
    let payload = read?;
    let harmless = is_harmless(&payload.call.uses);
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        // Half of a surrogate pair is no JSON for the other reader.
        let half = bytes.windows(3).any(|three| three.eq_ignore_ascii_case(b"\\ud"));
        return (harmless || !half || payload.event == Event::After)
            .then(|| "no JSON was understood".to_owned());
    };
    if serde_json::from_slice::<Once>(bytes).is_err() {
        return Some("a key that stands twice was understood".into());
    }
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let tool = text(form.tool)?;
    let said = text(form.event).and_then(|name| client.event(name));
    if said.is_none_or(|event| event == Event::Before) && payload.event != Event::Before {
        // Copilot's payloads say by their output alone that it was used.
        let output = form.event == "/none" && value.get("toolResult").is_some();
        if !output {
            return Some("it was taken for another event".into());
        }
    }
    let known = client.tools.iter().any(|(name, _)| *name == tool);
    if harmless && !known {
        return Some(format!("the tool `{tool}` was taken for a harmless one"));
    }
    let original = serde_json::from_str::<Value>(&form.payload).unwrap();
    if original.pointer(form.tool).and_then(Value::as_str) != Some(tool) {
        return None;
    }
    let Some(line) = text(form.line) else {
        return harmless.then(|| "a shell without its line was taken for harmless".into());
    };
    let judged = payload
        .call
        .uses
        .iter()
        .any(|one| matches!(one, Use::Shell { command, .. } if command == line));
    (!judged).then(|| format!("`{line}` would run, and was not judged"))
}

fn read(client: &Client, bytes: &[u8]) -> Option<Payload> {
    client.read(Some(Event::Before), bytes).ok()
}

#[test]
fn what_the_client_would_run_is_what_is_judged() {
    let rounds: usize = std::env::var("PALISADE_MUTATIONS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000);
    let each = |form: &Form| {
        let client = clients::client(form.client).unwrap();
        assert_eq!(wrong(client, form, form.payload.as_bytes(), None), None);
        let first = read(client, form.payload.as_bytes());
        assert!(first.is_some(), "{}", form.client);
        assert_eq!(wrong(client, form, form.payload.as_bytes(), first.as_ref()), None);
        let mut chance = Chance(2_026);
        let mut understood = 0;
        for round in 0..rounds {
            let bytes = mutated(&form.payload, &mut chance);
            let payload = read(client, &bytes);
            if let Some(why) = wrong(client, form, &bytes, payload.as_ref()) {
                panic!("{}, {round}: {why}: {}", form.client, String::from_utf8_lossy(&bytes));
            }
            if let Some(payload) = payload {
                understood += 1;
                let _ = client.deny(payload.event, "no", Some(&payload.call));
            }
        }
        // Neither all nor nothing: both ways were tried.
        let share = understood * 100 / rounds;
        assert!((5..80).contains(&share), "{}: {share} of 100 were understood", form.client);
    };
    let forms = forms();
    let (one, two) = forms.split_at(forms.len() / 2);
    thread::scope(|scope| {
        scope.spawn(|| one.iter().for_each(each));
        two.iter().for_each(each);
    });
}

/// The judge of the test above finds what it is there to find.
#[test]
fn a_reader_that_is_wrong_would_be_found() {
    for form in forms() {
        let client = clients::client(form.client).unwrap();
        let found = |bytes: &[u8], payload: &Payload| wrong(client, &form, bytes, Some(payload));
        let good = form.payload.as_bytes();
        let payload = read(client, good).unwrap();
        let mut harmless = payload.clone();
        harmless.call.uses = vec![Use::Internal];
        assert!(found(good, &harmless).is_some(), "{}", form.client);
        if form.line != "/none" {
            let mut other = payload.clone();
            other.call.uses = vec![Use::Shell { command: "ls".into(), cwd: None }];
            assert!(found(good, &other).is_some(), "{}", form.client);
        }
        let mut after = payload.clone();
        after.event = Event::After;
        assert!(found(good, &after).is_some(), "{}", form.client);
        assert!(found(&good[..good.len() - 1], &payload).is_some(), "{}", form.client);
        let key = form.payload.replacen('{', "{\"cwd\":\"/w\",\"cwd\":\"/w\",", 1);
        assert!(found(key.as_bytes(), &payload).is_some(), "{}", form.client);
    }
}
