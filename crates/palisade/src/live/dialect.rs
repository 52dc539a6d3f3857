//! The four ways in which clients speak to a model, as much of each as it
//! takes to have a client run a command: Anthropic Messages, OpenAI Chat,
//! OpenAI Responses, Gemini. Streamed or not.
#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value read by a key that is not there is null; those written to are objects made here"
)]

use serde_json::{Map, Value, json};

/// A way to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Messages,
    Chat,
    Responses,
    Gemini,
}

impl Dialect {
    /// By the path of a request.
    pub fn of(path: &str) -> Option<Self> {
        match path.rsplit('/').next()? {
            "messages" => Some(Self::Messages),
            "completions" => Some(Self::Chat),
            "responses" => Some(Self::Responses),
            last if last.ends_with(":generateContent") => Some(Self::Gemini),
            last if last.ends_with(":streamGenerateContent") => Some(Self::Gemini),
            _ => None,
        }
    }
}

/// What clients call the tool that runs a command, the best first.
const SHELLS: &[&str] = &[
    "Bash",
    "bash",
    "exec_command",
    "shell_command",
    "run_shell_command",
    "shell",
    "run_commands",
    "execute_command",
    "developer__shell",
    "run_terminal_cmd",
    "run_command",
];

/// What the model says next.
#[derive(Debug, Default)]
pub struct Reply {
    /// Which turn it is; none where no tools were offered.
    pub turn: Option<usize>,
    /// Why no call could be made.
    pub trouble: Option<String>,
    call: Option<(String, Value, Option<String>)>,
    text: &'static str,
}

/// What goes over the wire.
#[derive(Debug)]
pub enum Sent {
    /// One object.
    Whole(Value),
    /// Events: name and data, none being the end.
    Stream(Vec<(Option<&'static str>, Option<Value>)>),
}

struct Tool<'a> {
    name: &'a str,
    schema: &'a Value,
    space: Option<&'a str>,
}

/// The next turn of the script for the conversation in `body`: one command a
/// turn, then an end. What was said before is told by the conversation itself,
/// so that a request that is sent again does no harm.
pub fn reply(dialect: Dialect, body: &Value, commands: &[String]) -> Reply {
    let tools = tools(body);
    if tools.is_empty() {
        return Reply { text: "ok", ..Reply::default() };
    }
    let turn = turn(dialect, body);
    let Some(command) = commands.get(turn) else {
        return Reply { turn: Some(turn), text: "all done", ..Reply::default() };
    };
    let shell = SHELLS.iter().find_map(|name| tools.iter().find(|tool| tool.name == *name));
    match shell {
        Some(tool) => Reply {
            turn: Some(turn),
            call: Some((tool.name.into(), arguments(tool, command), tool.space.map(str::to_owned))),
            ..Reply::default()
        },
        None => {
            let names: Vec<&str> = tools.iter().map(|tool| tool.name).take(12).collect();
            Reply {
                turn: Some(turn),
                text: "there is no shell here",
                trouble: Some(format!("it offers no shell among its tools ({})", names.join(", "))),
                ..Reply::default()
            }
        }
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn tools(body: &Value) -> Vec<Tool<'_>> {
    let mut found = Vec::new();
    for tool in list(body, "tools") {
        for key in ["functionDeclarations", "function_declarations"] {
            for one in list(tool, key) {
                let schema = ["parametersJsonSchema", "parameters"];
                found.extend(tool_of(one, &schema, None));
            }
        }
        if tool["type"] == "namespace" {
            for one in list(tool, "tools") {
                found.extend(tool_of(one, &["parameters"], tool["name"].as_str()));
            }
        } else if tool["function"].is_object() {
            found.extend(tool_of(&tool["function"], &["parameters"], None));
        } else {
            found.extend(tool_of(tool, &["input_schema", "parameters"], None));
        }
    }
    found
}

fn tool_of<'a>(value: &'a Value, schemas: &[&str], space: Option<&'a str>) -> Option<Tool<'a>> {
    let schema = schemas.iter().map(|key| &value[*key]).find(|schema| schema.is_object());
    Some(Tool { name: value["name"].as_str()?, schema: schema.unwrap_or(&Value::Null), space })
}

/// The arguments of a shell tool, filled in as its schema wants them.
fn arguments(tool: &Tool<'_>, command: &str) -> Value {
    let properties = &tool.schema["properties"];
    let mut filled = Map::new();
    let key = ["command", "cmd", "commands"].into_iter().find(|key| properties[*key].is_object());
    let key = key.unwrap_or("command");
    let value = match (properties[key]["type"].as_str(), key) {
        (Some("array" | "ARRAY"), "command") => json!(["bash", "-lc", command]),
        (Some("array" | "ARRAY"), _) | (_, "commands") => json!([command]),
        _ => json!(command),
    };
    filled.insert(key.into(), value);
    for name in list(tool.schema, "required").iter().filter_map(Value::as_str) {
        if !filled.contains_key(name) {
            filled.insert(name.into(), filler(&properties[name]));
        }
    }
    Value::Object(filled)
}

fn filler(property: &Value) -> Value {
    if let Some(first) = property["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    match property["type"].as_str().unwrap_or("").to_ascii_lowercase().as_str() {
        "integer" | "number" => json!(1),
        "boolean" => json!(false),
        "array" => json!([]),
        "object" => json!({}),
        _ => json!("scripted"),
    }
}

/// How many turns of ours the conversation has.
fn turn(dialect: Dialect, body: &Value) -> usize {
    let said = |list: &[Value], role: &str| list.iter().filter(|one| one["role"] == role).count();
    match dialect {
        Dialect::Messages | Dialect::Chat => said(list(body, "messages"), "assistant"),
        Dialect::Gemini => said(list(body, "contents"), "model"),
        Dialect::Responses => {
            let calls = list(body, "input").iter().filter_map(|item| {
                let number = item["call_id"].as_str()?.strip_prefix("call_palisade")?;
                number.parse::<usize>().ok()
            });
            calls.max().map_or(0, |last| last + 1)
        }
    }
}

/// What the client said about each call.
pub fn results(dialect: Dialect, body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match dialect {
        Dialect::Messages | Dialect::Chat => {
            for message in list(body, "messages") {
                if message["role"] == "tool" {
                    found.push(text(&message["content"]));
                }
                for part in list(message, "content") {
                    if part["type"] == "tool_result" {
                        found.push(text(&part["content"]));
                    }
                }
            }
        }
        Dialect::Responses => {
            for item in list(body, "input") {
                if item["type"].as_str().is_some_and(|kind| kind.ends_with("_call_output")) {
                    found.push(text(&item["output"]));
                }
            }
        }
        Dialect::Gemini => {
            for content in list(body, "contents") {
                for part in list(content, "parts") {
                    if part["functionResponse"].is_object() {
                        found.push(text(&part["functionResponse"]["response"]));
                    }
                }
            }
        }
    }
    found
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let part =
                |part: &Value| part["text"].as_str().map_or_else(|| text(part), str::to_owned);
            parts.iter().map(part).collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

/// The models that there are.
pub fn models() -> Value {
    let one = |id: &str| {
        json!({"id": id, "object": "model", "type": "model", "display_name": id, "owned_by": "scripted",
               "created": 0, "created_at": "2025-01-01T00:00:00Z"})
    };
    json!({"object": "list", "has_more": false, "data": [one("scripted-model"), one("gemini-2.5-pro")]})
}

/// Anything else that a client may ask.
pub fn other(path: &str) -> Value {
    if path.ends_with("count_tokens") || path.ends_with(":countTokens") {
        return json!({"input_tokens": 10, "totalTokens": 10});
    }
    json!({})
}

/// A reply in the form of its dialect.
pub fn written(dialect: Dialect, body: &Value, reply: &Reply, path: &str) -> Sent {
    let streamed = body["stream"] == true || path.contains(":stream");
    match dialect {
        Dialect::Messages => messages(body, reply, streamed),
        Dialect::Chat => chat(body, reply, streamed),
        Dialect::Responses => responses(body, reply, streamed),
        Dialect::Gemini => gemini(reply, streamed),
    }
}

fn number(reply: &Reply) -> usize {
    reply.turn.unwrap_or(0)
}

fn model(body: &Value) -> &str {
    body["model"].as_str().unwrap_or("scripted-model")
}

fn messages(body: &Value, reply: &Reply, streamed: bool) -> Sent {
    let (block, empty, delta, stop) = match &reply.call {
        None => (
            json!({"type": "text", "text": reply.text}),
            json!({"type": "text", "text": ""}),
            json!({"type": "text_delta", "text": reply.text}),
            "end_turn",
        ),
        Some((name, arguments, _)) => {
            let id = format!("toolu_palisade{}", number(reply));
            (
                json!({"type": "tool_use", "id": id, "name": name, "input": arguments}),
                json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
                json!({"type": "input_json_delta", "partial_json": arguments.to_string()}),
                "tool_use",
            )
        }
    };
    let message = |content: Value, stop: Value| {
        json!({"id": format!("msg_{}", number(reply)), "type": "message", "role": "assistant",
               "model": model(body), "content": content, "stop_reason": stop, "stop_sequence": null,
               "usage": {"input_tokens": 10, "output_tokens": 10,
                         "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}})
    };
    if !streamed {
        return Sent::Whole(message(json!([block]), json!(stop)));
    }
    let events = [
        ("message_start", json!({"message": message(json!([]), Value::Null)})),
        ("content_block_start", json!({"index": 0, "content_block": empty})),
        ("content_block_delta", json!({"index": 0, "delta": delta})),
        ("content_block_stop", json!({"index": 0})),
        (
            "message_delta",
            json!({"delta": {"stop_reason": stop, "stop_sequence": null}, "usage": {"output_tokens": 10}}),
        ),
        ("message_stop", json!({})),
    ];
    Sent::Stream(events.into_iter().map(|(name, data)| typed(name, data)).collect())
}

/// An event that says its name in its data too.
fn typed(name: &'static str, mut data: Value) -> (Option<&'static str>, Option<Value>) {
    data["type"] = name.into();
    (Some(name), Some(data))
}

fn chat(body: &Value, reply: &Reply, streamed: bool) -> Sent {
    let id = format!("chatcmpl-{}", number(reply));
    let call = reply.call.as_ref().map(|(name, arguments, _)| {
        json!({"id": format!("call_palisade{}", number(reply)), "type": "function",
               "function": {"name": name, "arguments": arguments.to_string()}})
    });
    let stop = if call.is_some() { "tool_calls" } else { "stop" };
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20});
    if !streamed {
        let mut message = json!({"role": "assistant", "content": reply.text});
        if let Some(call) = call {
            message["tool_calls"] = json!([call]);
        }
        return Sent::Whole(json!({"id": id, "object": "chat.completion", "created": 0,
            "model": model(body), "usage": usage,
            "choices": [{"index": 0, "message": message, "finish_reason": stop}]}));
    }
    let chunk = |choices: Value| {
        json!({"id": id, "object": "chat.completion.chunk", "created": 0, "model": model(body),
               "choices": choices})
    };
    let part = |delta: Value, stop: Value| {
        chunk(json!([{"index": 0, "delta": delta, "finish_reason": stop}]))
    };
    let mut events = vec![part(json!({"role": "assistant", "content": reply.text}), Value::Null)];
    if let Some(mut call) = call {
        call["index"] = 0.into();
        events.push(part(json!({"tool_calls": [call]}), Value::Null));
    }
    events.push(part(json!({}), json!(stop)));
    let mut last = chunk(json!([]));
    last["usage"] = usage;
    events.push(last);
    let mut events: Vec<_> = events.into_iter().map(|data| (None, Some(data))).collect();
    events.push((None, None));
    Sent::Stream(events)
}

fn responses(body: &Value, reply: &Reply, streamed: bool) -> Sent {
    let turn = number(reply);
    let item = match &reply.call {
        None => json!({"type": "message", "id": format!("msg_{turn}"), "status": "completed",
                       "role": "assistant",
                       "content": [{"type": "output_text", "text": reply.text, "annotations": []}]}),
        Some((name, arguments, space)) => {
            let mut item = json!({"type": "function_call", "id": format!("fc_{turn}"), "status": "completed",
                                  "call_id": format!("call_palisade{turn}"), "name": name,
                                  "arguments": arguments.to_string()});
            if let Some(space) = space {
                item["namespace"] = json!(space);
            }
            item
        }
    };
    let response = |status: &str, output: Value, usage: Value| {
        json!({"id": format!("resp_{turn}"), "object": "response", "created_at": 0, "model": model(body),
               "status": status, "output": output, "error": null, "incomplete_details": null,
               "instructions": null, "metadata": {}, "parallel_tool_calls": true, "temperature": 1,
               "tool_choice": "auto", "tools": [], "top_p": 1, "usage": usage})
    };
    let usage = json!({"input_tokens": 10, "input_tokens_details": {"cached_tokens": 0},
                       "output_tokens": 10, "output_tokens_details": {"reasoning_tokens": 0},
                       "total_tokens": 20});
    let done = response("completed", json!([item]), usage);
    if !streamed {
        return Sent::Whole(done);
    }
    let mut begun = item.clone();
    begun["status"] = "in_progress".into();
    let at = json!({"item_id": item["id"], "output_index": 0});
    let with = |more: Value| {
        let mut data = at.clone();
        if let (Some(data), Some(more)) = (data.as_object_mut(), more.as_object()) {
            data.extend(more.clone());
        }
        data
    };
    let mut events = vec![(
        "response.created",
        json!({"response": response("in_progress", json!([]), Value::Null)}),
    )];
    match &reply.call {
        None => {
            let part = item["content"][0].clone();
            begun["content"] = json!([]);
            events.push(("response.output_item.added", json!({"output_index": 0, "item": begun})));
            events.push((
                "response.content_part.added",
                with(json!({"content_index": 0, "part": {"type": "output_text", "text": "", "annotations": []}})),
            ));
            events.push((
                "response.output_text.delta",
                with(json!({"content_index": 0, "delta": reply.text, "logprobs": []})),
            ));
            events.push((
                "response.output_text.done",
                with(json!({"content_index": 0, "text": reply.text, "logprobs": []})),
            ));
            events.push((
                "response.content_part.done",
                with(json!({"content_index": 0, "part": part})),
            ));
        }
        Some((name, _, _)) => {
            begun["arguments"] = "".into();
            events.push(("response.output_item.added", json!({"output_index": 0, "item": begun})));
            events.push((
                "response.function_call_arguments.delta",
                with(json!({"delta": item["arguments"]})),
            ));
            events.push((
                "response.function_call_arguments.done",
                with(json!({"arguments": item["arguments"], "name": name})),
            ));
        }
    }
    events.push(("response.output_item.done", json!({"output_index": 0, "item": item})));
    events.push(("response.completed", json!({"response": done})));
    let numbered = events.into_iter().enumerate().map(|(at, (name, mut data))| {
        data["sequence_number"] = at.into();
        typed(name, data)
    });
    Sent::Stream(numbered.collect())
}

fn gemini(reply: &Reply, streamed: bool) -> Sent {
    let part = match &reply.call {
        None => json!({"text": reply.text}),
        Some((name, arguments, _)) => json!({"functionCall":
            {"id": format!("palisade{}", number(reply)), "name": name, "args": arguments}}),
    };
    let whole = json!({
        "candidates": [{"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [part]}}],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 10, "totalTokenCount": 20},
        "modelVersion": "scripted", "responseId": format!("r{}", number(reply))
    });
    if streamed { Sent::Stream(vec![(None, Some(whole))]) } else { Sent::Whole(whole) }
}
