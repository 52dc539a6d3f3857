//! One server behind the gate: its calls judged, its results cleaned, its
//! definitions held to what was approved.

use std::sync::Arc;
use std::time::{Duration, Instant};

use palisade_core::ports::Outcome;
use palisade_guards::Taint;
use palisade_guards::call::{Standing, Value};
use palisade_guards::content::Redactor;
use palisade_runtime::{Done, Error, ToolRequest};

use crate::clean::{Cleaner, Seen};
use crate::front::{Call, Front};
use crate::gate::{Gate, refusal};
use crate::message::{self, code};
use crate::offer::Offer;
use crate::upstream::{Reply, Upstream};

/// How long a server has for a page of its list of tools.
const LIST: Duration = Duration::from_secs(30);
/// A list has at most so many pages.
const PAGES: usize = 256;

/// A server that is running, and what is known of it.
pub struct Served<'a> {
    /// What it is called.
    pub name: &'a str,
    /// What judges and records.
    pub gate: &'a Gate<'a>,
    /// Its tools.
    pub offer: &'a Offer<'a>,
    /// Its process.
    pub upstream: &'a Upstream,
    /// Who hears what a person should know.
    pub tell: &'a (dyn Fn(&str) + Sync),
    /// Whether text of its results goes into an envelope.
    pub envelope: bool,
}

impl<'a> Served<'a> {
    fn cleaner(&self) -> Cleaner<'a> {
        let redactor: &'a Redactor = self.gate.redactor;
        Cleaner { redactor, lot: self.gate.lot, envelope: self.envelope }
    }

    /// Judges a call and, if it may be, has the server do it. `line` is what
    /// the server gets, under the id `as_id`; the client gets the answer.
    pub fn call(
        &self,
        front: &Front,
        call: &Arc<Call>,
        tool: &str,
        arguments: Value,
        as_id: &str,
        line: &str,
    ) {
        let standing = match self.standing(tool) {
            Ok(standing) => standing,
            Err(why) => return call.fail(code::GONE, &why),
        };
        let request = ToolRequest {
            server: Some(self.name.to_owned()),
            tool: tool.to_owned(),
            arguments: Ok(arguments),
            cwd: self.gate.cwd.clone(),
            standing,
        };
        let mut answer = None;
        let done = self.gate.tool(front, call, request, |permit| {
            let began = Instant::now();
            let (_, _, _) = permit.spend();
            if call.is_cancelled() {
                return Outcome {
                    failure: "the client had cancelled it".into(),
                    ..Outcome::default()
                };
            }
            let reply = self.upstream.request(as_id, line).recv().unwrap_or(Reply::Gone);
            let mut outcome = Outcome {
                millis: began.elapsed().as_millis().try_into().unwrap_or(u64::MAX),
                ..Outcome::default()
            };
            answer = Some(self.answer(call, tool, reply, &mut outcome));
            outcome
        });
        match done {
            Ok(Done::Ran { unrecorded, .. }) => {
                if let Some(error) = unrecorded {
                    (self.tell)(&format!(
                        "how a call ended is not in the journal: {}",
                        error.message
                    ));
                }
                match answer {
                    Some(line) => call.respond(&line),
                    None => call.fail(code::INTERNAL, "the call did not happen"),
                }
            }
            Ok(Done::Refused(decision)) => {
                call.answer(message::failed_call(&refusal(&decision, self.gate.redactor, call)));
            }
            Err(error) => call.answer(message::failed_call(&unjudged(&error, self.tell))),
        }
    }

    /// The response for the client, from what the server said.
    fn answer(&self, call: &Call, tool: &str, reply: Reply, outcome: &mut Outcome) -> String {
        let fail = |outcome: &mut Outcome, text: String| {
            outcome.failure = text.clone();
            message::error(&call.id, code::GONE, &text).to_json()
        };
        match reply {
            Reply::Message(line, mut response) => {
                outcome.bytes = Some(line.len() as u64);
                let origin = format!("{}/{tool}", self.name);
                let changed = self.cleaned(&mut response, &origin, true);
                if response.get("error").is_some() {
                    outcome.failure = "the server answered with an error".into();
                }
                if changed || !has_id(&response, &call.id) {
                    response.set("id", message::id_value(&call.id));
                    response.to_json()
                } else {
                    line
                }
            }
            Reply::TooLong(length) => fail(
                outcome,
                format!(
                    "the result of {length} bytes is larger than the profile lets through (`mcp.message_kb`)"
                ),
            ),
            Reply::Gone => fail(outcome, format!("the server `{}` has ended", self.name)),
            Reply::Cancelled => fail(outcome, "cancelled".to_owned()),
        }
    }

    /// Cleans a response of any request, and remembers that the model has seen
    /// text of this server; says whether anything was changed.
    pub fn cleaned(&self, response: &mut Value, origin: &str, call: bool) -> bool {
        let cleaner = self.cleaner();
        let mut seen = Seen::default();
        if let Some(result) = response.get_mut("result") {
            seen = cleaner.result(result, origin);
        }
        if let Some(error) = response.get_mut("error") {
            // The model reads the errors of its calls, the client all others.
            if call {
                seen = cleaner.error(error, origin);
            } else {
                cleaner.strings(error, &mut seen);
            }
        }
        if seen.text || !seen.rules.is_empty() {
            self.saw(origin);
        }
        if !seen.rules.is_empty() {
            (self.tell)(&format!(
                "text of {origin} looks like it tries to instruct the model: {}",
                seen.rules.join(", ")
            ));
        }
        seen.changed
    }

    fn saw(&self, origin: &str) {
        let origin = format!("the tool {origin}");
        let known = self.gate.at(|at| at.session.taint.untrusted().any(|known| known == origin));
        if matches!(known, Ok(true)) {
            return;
        }
        let mut taint = Taint::default();
        taint.saw_untrusted(&origin);
        if let Err(error) = self.gate.keeper.saw(&taint) {
            (self.tell)(&format!("what the model has seen is not remembered: {error}"));
        }
    }

    /// A line that the server says by itself, cleaned where it must be.
    pub fn said(&self, line: String, mut message: Value) -> String {
        let cleaner = self.cleaner();
        if cleaner.is_harmless(&line) && !line.contains("\\u") {
            return line;
        }
        let mut seen = Seen::default();
        if let Some(params) = message.get_mut("params") {
            cleaner.strings(params, &mut seen);
        }
        if seen.changed { message.to_json() } else { line }
    }

    /// How a tool stands, after its server's list was read if need be.
    fn standing(&self, tool: &str) -> Result<Standing, String> {
        if let Some(standing) = self.offer.standing(tool) {
            return Ok(standing);
        }
        self.list()?;
        Ok(self.offer.standing(tool).unwrap_or(Standing::Unknown))
    }

    /// Reads all of the server's list of tools.
    ///
    /// # Errors
    /// In words, where the server gives none.
    pub fn list(&self) -> Result<(), String> {
        let mut cursor: Option<Value> = None;
        for page in 0..PAGES {
            let id = format!("\"palisade-list-{:016x}\"", (self.gate.lot)());
            let params =
                cursor.take().map_or(Vec::new(), |cursor| vec![("cursor".to_owned(), cursor)]);
            let line = message::request(&id, "tools/list", Value::Map(params)).to_json();
            let reply = self.upstream.request(&id, &line).recv_timeout(LIST);
            let Ok(Reply::Message(_, response)) = reply else {
                self.upstream.cancel(&id);
                return Err(format!("the server `{}` does not list its tools", self.name));
            };
            let Some(result) = response.get("result") else {
                return Err(format!("the server `{}` does not list its tools", self.name));
            };
            let next = result.get("nextCursor").filter(|next| **next != Value::Null).cloned();
            let tools = result.get("tools").and_then(Value::as_list).unwrap_or(&[]);
            self.page(tools, page == 0, next.is_none())?;
            match next {
                Some(next) => cursor = Some(next),
                None => return Ok(()),
            }
        }
        Err(format!("the list of tools of the server `{}` has no end", self.name))
    }

    /// Takes one page of the list, and gives what is shown of it.
    ///
    /// # Errors
    /// In words, where the pins cannot be read or written.
    pub fn page(
        &self,
        tools: &[Value],
        from_start: bool,
        last: bool,
    ) -> Result<Vec<Value>, String> {
        match self.offer.page(tools, from_start, last) {
            Ok((shown, notes)) => {
                notes.iter().for_each(|note| (self.tell)(note));
                Ok(shown)
            }
            Err(error) => Err(unjudged(&error, self.tell)),
        }
    }
}

fn has_id(response: &Value, id: &str) -> bool {
    response.get("id").is_some_and(|found| found.to_json() == id)
}

/// What the model hears where something could not be judged or recorded; a
/// person hears why.
pub fn unjudged(error: &Error, tell: &dyn Fn(&str)) -> String {
    tell(&format!("error: {error}"));
    if let Some(help) = error.help().filter(|help| !help.is_empty()) {
        tell(&format!("help: {help}"));
    }
    "Palisade could not judge or record this, so it did not happen; the user's terminal says why"
        .to_owned()
}

/// Name and arguments of a `tools/call`.
///
/// # Errors
/// In words, where they are not what they must be.
pub fn named(request: &Value) -> Result<(String, Value), &'static str> {
    let params = message::params(request);
    if message::doubtful(params, &["name", "arguments", "task", "_meta"]) {
        return Err("a key stands there in another case");
    }
    let Some(Value::Text(name)) = params.get("name") else {
        return Err("`params.name` is no text");
    };
    let arguments = match params.get("arguments") {
        None | Some(Value::Null) => Value::Map(Vec::new()),
        Some(arguments @ Value::Map(_)) => arguments.clone(),
        Some(_) => return Err("`params.arguments` is no map"),
    };
    Ok((name.clone(), arguments))
}
