//! What a server offers, and what of it a client is shown.

use std::collections::BTreeMap;
use std::sync::Mutex;

use palisade_core::ports::EventKind;
use palisade_guards::call::{Glob, Standing, Value};
use palisade_guards::content::scan::Kind;
use palisade_guards::content::{clean, reveal};
use palisade_runtime::Error;
use palisade_runtime::config::FirstUse;

use crate::front::locked;
use crate::gate::Gate;
use crate::pins::{Pins, Stand, Store, definition};
use crate::upstream::Spec;

/// A tool's name may have so many letters.
const LONGEST_NAME: usize = 128;
/// A server may have so many tools.
const MOST_TOOLS: usize = 4096;

/// The tools of one server.
pub struct Offer<'a> {
    gate: &'a Gate<'a>,
    store: &'a Store<'a>,
    name: String,
    pins: String,
    command: String,
    allow: Vec<Glob>,
    deny: Vec<Glob>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What the server gave in its last list.
    known: BTreeMap<String, Known>,
    /// Whether that list is all of it, and nothing has changed since.
    complete: bool,
    /// Whether a list is being read that is the first one ever.
    first: bool,
    /// Whether a list is being read.
    begun: bool,
}

struct Known {
    stand: Stand,
    destructive: bool,
    shown: Value,
}

impl<'a> Offer<'a> {
    /// Of the server `spec`, with its pins in `store`.
    pub fn new(gate: &'a Gate<'a>, store: &'a Store<'a>, spec: &Spec) -> Self {
        Self {
            gate,
            store,
            name: spec.name.clone(),
            pins: spec.pins.clone(),
            command: spec.command.join(" "),
            allow: spec.allow.iter().map(|glob| Glob::new(glob)).collect(),
            deny: spec.deny.iter().map(|glob| Glob::new(glob)).collect(),
            state: Mutex::new(State::default()),
        }
    }

    /// Whether the settings leave a tool to this server's clients.
    fn is_offered(&self, tool: &str) -> bool {
        (self.allow.is_empty() || self.allow.iter().any(|glob| glob.matches(tool)))
            && !self.deny.iter().any(|glob| glob.matches_any_case(tool))
            && !self.gate.profile.calls.denies(Some(&self.name), tool)
    }

    /// How a tool stands; `None` where the whole list must be read first.
    pub fn standing(&self, tool: &str) -> Option<Standing> {
        if !self.is_offered(tool) {
            return Some(Standing::Denied);
        }
        let state = locked(&self.state);
        if !state.complete {
            return None;
        }
        Some(match state.known.get(tool) {
            None => Standing::Unknown,
            Some(Known { stand: Stand::Approved, destructive, .. }) => {
                if *destructive {
                    Standing::Destructive
                } else {
                    Standing::Known
                }
            }
            Some(Known { stand: Stand::Changed | Stand::New, .. }) => Standing::Changed,
        })
    }

    /// The server says that its list has changed.
    pub fn changed(&self) {
        let mut state = locked(&self.state);
        state.complete = false;
        state.begun = false;
    }

    /// Takes one page of the server's list, and gives what a client is shown
    /// of it, with what is to be told to a person.
    ///
    /// # Errors
    /// Where the pins cannot be read or written: then nothing may be shown.
    pub fn page(
        &self,
        tools: &[Value],
        from_start: bool,
        last: bool,
    ) -> Result<(Vec<Value>, Vec<String>), Error> {
        let mut state = locked(&self.state);
        let stored = self.store.load(&self.pins)?;
        if from_start || !state.begun {
            *state = State { begun: true, first: stored.is_none(), ..State::default() };
        }
        let mut pins =
            stored.unwrap_or_else(|| Pins { command: self.command.clone(), ..Pins::default() });
        let before = pins.clone();
        let mut notes = Vec::new();
        let mut shown = Vec::new();
        let mut approved = Vec::new();
        for tool in tools {
            let Some(name) = tool.get("name").and_then(Value::as_text) else {
                notes.push("a tool without a name is hidden".to_owned());
                continue;
            };
            if state.known.len() >= MOST_TOOLS || state.known.contains_key(name) || !is_name(name) {
                notes.push(format!(
                    "the tool `{}` is hidden: its name cannot be used",
                    reveal(name)
                ));
                continue;
            }
            if !self.is_offered(name) {
                continue;
            }
            let mut stand = pins.stand(name, tool);
            let suspicious = suspicious(tool);
            let on_first_use = self.gate.profile.config.mcp.first_use == FirstUse::Approve;
            if stand == Stand::New && state.first && on_first_use && suspicious.is_empty() {
                pins.approved.insert(name.to_owned(), definition(tool));
                approved.push(name.to_owned());
                stand = Stand::Approved;
            }
            match stand {
                Stand::Approved => {
                    pins.pending.remove(name);
                }
                Stand::New | Stand::Changed => {
                    pins.pending.insert(name.to_owned(), definition(tool));
                    let why = match (stand, suspicious.is_empty()) {
                        (_, false) => format!(
                            "looks like it tries to instruct the model ({})",
                            suspicious.join(", ")
                        ),
                        (Stand::Changed, true) => "is not the one that was approved".to_owned(),
                        _ => "was not approved yet".to_owned(),
                    };
                    notes.push(format!(
                        "the tool `{}/{}` is hidden: its definition {why}; look at `palisade mcp pins`",
                        self.name,
                        reveal(name)
                    ));
                }
            }
            let destructive = tool
                .get("annotations")
                .and_then(|notes| notes.get("destructiveHint"))
                .and_then(Value::as_bool)
                .unwrap_or(false);
            let mut visible = tool.clone();
            written_out(&mut visible);
            if stand == Stand::Approved {
                shown.push(visible.clone());
            }
            state.known.insert(name.to_owned(), Known { stand, destructive, shown: visible });
        }
        if pins != before || state.first {
            if !approved.is_empty() {
                let body = format!(
                    "mcp server {}: approved at first use: {}",
                    self.name,
                    approved.join(", ")
                );
                self.gate.event(EventKind::Grant, &body)?;
            }
            self.store.save(&self.pins, &pins)?;
        }
        if last {
            state.complete = true;
            state.begun = false;
            state.first = false;
        }
        Ok((shown, notes))
    }

    /// What a client is shown before the server was started: what `pins` say.
    pub fn approved(&self, pins: &Pins) -> Vec<Value> {
        let offered = pins.approved.iter().filter(|(name, _)| self.is_offered(name));
        offered
            .map(|(_, definition)| {
                let mut visible = definition.clone();
                written_out(&mut visible);
                visible
            })
            .collect()
    }

    /// All tools that a client is shown.
    pub fn shown(&self) -> Vec<Value> {
        let state = locked(&self.state);
        let approved = state.known.values().filter(|known| known.stand == Stand::Approved);
        approved.map(|known| known.shown.clone()).collect()
    }
}

/// A name that can be shown, written into rules and called.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().count() <= LONGEST_NAME
        && reveal(name) == name
        && !name.contains(char::is_whitespace)
}

/// What the scanner finds in any text of a definition.
fn suspicious(tool: &Value) -> Vec<&'static str> {
    let mut rules = Vec::new();
    visit(&definition(tool), &mut |text| {
        for hit in clean(text, Kind::Text).findings {
            if !rules.contains(&hit.rule) {
                rules.push(hit.rule);
            }
        }
    });
    rules
}

fn visit(value: &Value, see: &mut dyn FnMut(&str)) {
    match value {
        Value::Text(text) => see(text),
        Value::List(values) => values.iter().for_each(|value| visit(value, see)),
        Value::Map(entries) => {
            for (key, value) in entries {
                see(key);
                visit(value, see);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn written_out(value: &mut Value) {
    match value {
        Value::Text(text) => {
            if let std::borrow::Cow::Owned(new) = clean(text, Kind::Text).text {
                *text = new;
            }
        }
        Value::List(values) => values.iter_mut().for_each(written_out),
        Value::Map(entries) => entries.iter_mut().for_each(|(_, value)| written_out(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
