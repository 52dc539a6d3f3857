//! JSON-RPC 2.0, as MCP uses it.

use palisade_guards::call::Value;

/// Error codes of JSON-RPC, and ours.
pub mod code {
    /// The line is no JSON.
    pub const PARSE: i64 = -32700;
    /// It is JSON and no message.
    pub const INVALID: i64 = -32600;
    /// There is no such method.
    pub const METHOD: i64 = -32601;
    /// Its parameters are not what they must be.
    pub const PARAMS: i64 = -32602;
    /// Something failed on this side.
    pub const INTERNAL: i64 = -32603;
    /// The server that was to answer is gone.
    pub const GONE: i64 = -32000;
    /// Policy does not let it through.
    pub const REFUSED: i64 = -32001;
}

/// What a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Something is asked, and answered under this id.
    Request {
        /// The id, as JSON text.
        id: String,
        /// What is asked.
        method: String,
    },
    /// Something is said.
    Notification {
        /// What.
        method: String,
    },
    /// The answer to the request of this id.
    Response {
        /// The id, as JSON text.
        id: String,
    },
}

/// Says what a message is.
///
/// # Errors
/// Why it is none, in words, where it breaks the rules of JSON-RPC.
pub fn kind(message: &Value) -> Result<Kind, &'static str> {
    let Value::Map(_) = message else { return Err("a message is a JSON object") };
    if doubtful(message, &["jsonrpc", "id", "method", "params", "result", "error"]) {
        return Err("a key stands there in another case");
    }
    if message.get("jsonrpc").and_then(Value::as_text) != Some("2.0") {
        return Err("`jsonrpc` is not \"2.0\"");
    }
    let id = match message.get("id") {
        None => None,
        Some(id @ Value::Text(text)) if text.len() <= 256 => Some(id.to_json()),
        Some(Value::Number(number)) if number.text().len() <= 32 => Some(number.text().to_owned()),
        Some(Value::Null) if message.get("error").is_some() => Some("null".to_owned()),
        Some(_) => return Err("`id` is neither a short text nor a number"),
    };
    let answers = message.get("result").is_some() || message.get("error").is_some();
    match (message.get("method"), id, answers) {
        (Some(_), _, true) => Err("it is a request and a response at once"),
        (Some(Value::Text(method)), Some(id), false) => {
            Ok(Kind::Request { id, method: method.clone() })
        }
        (Some(Value::Text(method)), None, false) => {
            Ok(Kind::Notification { method: method.clone() })
        }
        (Some(_), _, false) => Err("`method` is no text"),
        (None, Some(id), true) => Ok(Kind::Response { id }),
        (None, None, true) => Err("a response has no `id`"),
        (None, _, false) => Err("it has neither `method` nor `result` nor `error`"),
    }
}

/// The id, as JSON text, to refuse a message under that is none: its own, so
/// that whoever waits for an answer gets one; `null` where it has none, or is
/// an answer itself.
pub fn refused_id(message: &Value) -> String {
    let answers = message.get("result").is_some() || message.get("error").is_some();
    match message.get("id").filter(|_| !answers) {
        Some(id @ Value::Text(text)) if text.len() <= 256 => id.to_json(),
        Some(Value::Number(number)) if number.text().len() <= 32 => number.text().to_owned(),
        _ => "null".to_owned(),
    }
}

/// Whether one of the keys stands there in another case. Some readers of JSON
/// take it for the same key, so that what is judged as `tools/list` would be
/// done as the `Method` that stands beside it.
pub fn doubtful(message: &Value, keys: &[&str]) -> bool {
    let Value::Map(entries) = message else { return false };
    let plain = |key: &str| -> String {
        key.chars()
            .map(|letter| if letter == '\u{17f}' { 's' } else { letter })
            .collect::<String>()
            .to_lowercase()
    };
    entries
        .iter()
        .any(|(key, _)| !keys.contains(&key.as_str()) && keys.contains(&plain(key).as_str()))
}

/// A response; `id` is JSON text.
pub fn result(id: &str, result: Value) -> Value {
    Value::map([("jsonrpc", "2.0".into()), ("id", id_value(id)), ("result", result)])
}

/// A response that says what went wrong.
pub fn error(id: &str, code: i64, message: &str) -> Value {
    let error = Value::map([("code", code.into()), ("message", message.into())]);
    Value::map([("jsonrpc", "2.0".into()), ("id", id_value(id)), ("error", error)])
}

/// A request of ours.
pub fn request(id: &str, method: &str, params: Value) -> Value {
    Value::map([
        ("jsonrpc", "2.0".into()),
        ("id", id_value(id)),
        ("method", method.into()),
        ("params", params),
    ])
}

/// A notification of ours.
pub fn notification(method: &str, params: Value) -> Value {
    Value::map([("jsonrpc", "2.0".into()), ("method", method.into()), ("params", params)])
}

/// The value of an id that is kept as JSON text.
pub fn id_value(id: &str) -> Value {
    Value::from_json(id).unwrap_or(Value::Null)
}

/// The `params` of a message; an empty map where there are none.
pub fn params(message: &Value) -> &Value {
    const NOTHING: &Value = &Value::Map(Vec::new());
    message.get("params").unwrap_or(NOTHING)
}

/// The result of a call that was refused or failed, as the model reads it.
pub fn failed_call(text: &str) -> Value {
    let content = Value::map([("type", "text".into()), ("text", text.into())]);
    Value::map([("content", vec![content].into()), ("isError", true.into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_apart() {
        let of = |text: &str| kind(&Value::from_json(text).unwrap());
        assert_eq!(
            of(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#),
            Ok(Kind::Request { id: "1".into(), method: "ping".into() })
        );
        assert_eq!(
            of(r#"{"jsonrpc":"2.0","id":"1","result":{}}"#),
            Ok(Kind::Response { id: "\"1\"".into() })
        );
        assert_eq!(
            of(r#"{"jsonrpc":"2.0","method":"x"}"#),
            Ok(Kind::Notification { method: "x".into() })
        );
        assert!(of(r#"{"jsonrpc":"2.0","id":null,"error":{}}"#).is_ok());
        for text in [
            "1",
            "[]",
            "{}",
            r#"{"id":1,"method":"ping"}"#,
            r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":1}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","Method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"x","param\u017f":{}}"#,
            r#"{"jsonrpc":"2.0","result":{}}"#,
        ] {
            assert!(of(text).is_err(), "{text}");
        }
        let id = |text: &str| refused_id(&Value::from_json(text).unwrap());
        assert_eq!(id(r#"{"id":7,"method":"ping"}"#), "7");
        assert_eq!(id(r#"{"jsonrpc":"2.0","id":"a","method":1}"#), "\"a\"");
        for text in ["[]", r#"{"id":{}}"#, r#"{"id":1,"result":{}}"#, r#"{"id":null}"#] {
            assert_eq!(id(text), "null", "{text}");
        }
    }
}
