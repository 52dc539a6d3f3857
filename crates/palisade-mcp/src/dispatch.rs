//! Messages of a client, each to whom it is for: what a server of ours and
//! the gateway have in common.

use std::sync::Arc;
use std::thread;

use palisade_guards::call::Value;

use crate::front::{Call, Front, Sink};
use crate::lines::{self, Line};
use crate::message::{self, Kind, code};
use crate::wrap::{Client, MOST_CALLS, is_like};

/// The protocol versions that we speak, newest first.
pub const VERSIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// Whoever answers a client.
pub trait Handler: Send + Sync {
    /// The client's side.
    fn front(&self) -> &Front;
    /// What we can do, and who we are, beside the protocol's version.
    fn hello(&self) -> Value;
    /// Answers a request, in a thread of its own.
    fn request(&self, call: &Arc<Call>, method: &str, message: &Value);
    /// Hears that the client does not wait for `id` any more.
    fn cancelled(&self, id: &str);
    /// Hears another notification.
    fn notification(&self, method: &str, message: &Value);
    /// Takes the answer to a request that is not one of the front.
    fn response(&self, id: &str, message: Value);
}

/// Hands every message of the client on until it ends.
pub fn serve<'s>(
    handler: &'s dyn Handler,
    client: &mut Client<'_>,
    longest: usize,
    scope: &'s thread::Scope<'s, '_>,
) {
    let refuse = |code, text: &str| client.sink.send(&message::error("null", code, text).to_json());
    loop {
        match lines::read(client.input, longest) {
            Ok(Line::Text(line)) if line.trim().is_empty() => {}
            Ok(Line::Text(line)) => take(handler, &line, &client.sink, scope),
            Ok(Line::NotText) => refuse(code::PARSE, "a message is UTF-8"),
            Ok(Line::TooLong { length, .. }) => {
                refuse(code::INVALID, &format!("a message of {length} bytes is too long"));
            }
            Ok(Line::End) | Err(_) => return,
        }
    }
}

/// Hands one message on.
pub fn take<'s>(
    handler: &'s dyn Handler,
    text: &str,
    sink: &Arc<dyn Sink>,
    scope: &'s thread::Scope<'s, '_>,
) {
    let refuse = |code, text: &str| sink.send(&message::error("null", code, text).to_json());
    match Value::from_json(text) {
        Ok(Value::List(messages)) if messages.is_empty() || messages.len() > MOST_CALLS => {
            refuse(code::INVALID, "a batch holds between 1 and 256 messages");
        }
        Ok(Value::List(messages)) => {
            messages.into_iter().for_each(|message| one(handler, message, sink, scope));
        }
        Ok(message) => one(handler, message, sink, scope),
        Err(error) => refuse(code::PARSE, &error.to_string()),
    }
}

fn one<'s>(
    handler: &'s dyn Handler,
    message: Value,
    sink: &Arc<dyn Sink>,
    scope: &'s thread::Scope<'s, '_>,
) {
    let front = handler.front();
    // An id that is in use is that of another call, which is not answered so.
    let refuse = |text: &str| sink.send(&message::error("null", code::INVALID, text).to_json());
    match message::kind(&message) {
        Ok(Kind::Request { id, method }) => {
            let call = Call::of(&id, &message, Arc::clone(sink));
            if id.starts_with("\"palisade-") {
                return refuse("this id is ours");
            }
            match method.as_str() {
                "initialize" => {
                    front.initialized(&message);
                    call.answer(initialized(handler.hello(), &message));
                }
                "ping" => call.answer(Value::Map(Vec::new())),
                "tools/call" | "tools/list" | "logging/setLevel" => {
                    if let Err(why) = front.begin(Arc::clone(&call), MOST_CALLS) {
                        return refuse(why);
                    }
                    scope.spawn(move || {
                        handler.request(&call, &method, &message);
                        front.end(&call);
                    });
                }
                _ => call.fail(code::METHOD, "there is no such method"),
            }
        }
        Ok(Kind::Notification { method }) => {
            let id = message::params(&message).get("requestId");
            match id.filter(|_| method == "notifications/cancelled") {
                Some(id) => {
                    let id = id.to_json();
                    if let Some(call) = front.call(&id) {
                        call.cancel();
                        handler.cancelled(&id);
                    }
                }
                None if is_like(&method, "tools/call") => {}
                None => handler.notification(&method, &message),
            }
        }
        Ok(Kind::Response { id }) => {
            let response = message.clone();
            if !front.answered(&id, message) {
                handler.response(&id, response);
            }
        }
        Err(why) => {
            let id = message::refused_id(&message);
            sink.send(&message::error(&id, code::INVALID, why).to_json());
        }
    }
}

fn initialized(hello: Value, request: &Value) -> Value {
    let asked = message::params(request).get("protocolVersion").and_then(Value::as_text);
    let version = asked.filter(|asked| VERSIONS.contains(asked)).unwrap_or(VERSIONS[0]);
    let mut result = Value::map([("protocolVersion", version.into())]);
    if let Value::Map(entries) = hello {
        entries.into_iter().for_each(|(key, value)| result.set(&key, value));
    }
    result
}
