//! Records for other systems: the stored lines as they are (NDJSON), or
//! events of the Open Cybersecurity Schema Framework (OCSF 1.6).
//!
//! A command becomes a Process Activity (1007), any other action an API
//! Activity (6003), an event an API Activity of the kind "update". An outcome
//! is an event of its own (`Terminate`, or the same activity with its status),
//! tied to its intent by `metadata.correlation_uid`. What OCSF has no place
//! for stands under `unmapped`. Notes of the journal about itself are not
//! exported this way.

use crate::record::{Entry, Intent, Outcome, Record, Who};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Turns records into OCSF events, one at a time and in order: an outcome
/// takes the class of the intent it belongs to.
#[derive(Debug, Default)]
pub struct Ocsf {
    open: BTreeMap<u64, Class>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Process,
    Api,
}

/// Intents whose outcome is awaited; older ones are taken for commands.
const MAX_OPEN: usize = 65_536;

impl Ocsf {
    /// The event for a record, where it makes one.
    pub fn event(&mut self, record: &Record) -> Option<Value> {
        match &record.entry {
            Entry::Intent(intent) => {
                let class = if intent.action == "run" { Class::Process } else { Class::Api };
                self.open.insert(record.seq, class);
                if self.open.len() > MAX_OPEN {
                    self.open.pop_first();
                }
                Some(of_intent(record, intent, class))
            }
            Entry::Outcome(outcome) => {
                let class = self.open.remove(&outcome.of).unwrap_or(Class::Process);
                Some(of_outcome(record, outcome, class))
            }
            Entry::Event(event) => {
                let mut value = base(record, Class::Api, 3, record.seq);
                let api = json!({ "operation": event.what, "service": { "name": "palisade" } });
                put(
                    &mut value,
                    [
                        ("severity_id", json!(1)),
                        ("actor", of_actor(&event.actor)),
                        ("api", api),
                        ("message", json!(event.body)),
                        ("unmapped", json!({ "profile": event.profile })),
                    ],
                );
                Some(value)
            }
            Entry::Note(_) | Entry::Unknown(_) => None,
        }
    }
}

fn of_intent(record: &Record, intent: &Intent, class: Class) -> Value {
    let activity = if class == Class::Process { 1 } else { 99 };
    let mut value = base(record, class, activity, record.seq);
    let severity = match intent.severity.as_str() {
        "safe" => 1,
        "caution" => 3,
        "dangerous" => 4,
        _ => 0,
    };
    let (action, disposition) = match intent.verdict.as_str() {
        "allow" => (1, 1),
        "deny" => (2, 2),
        _ => (99, 99),
    };
    let what = match class {
        Class::Process => {
            ("process", json!({ "cmd_line": intent.body, "working_directory": intent.cwd }))
        }
        Class::Api => (
            "api",
            json!({ "operation": intent.action, "request": { "data": { "text": intent.body } } }),
        ),
    };
    put(
        &mut value,
        [
            ("severity_id", json!(severity)),
            ("action_id", json!(action)),
            ("disposition_id", json!(disposition)),
            ("actor", of_actor(&intent.actor)),
            what,
            ("policy", json!({ "uid": intent.policy })),
            (
                "unmapped",
                json!({
                    "profile": intent.profile, "rules": intent.rules, "grant": intent.grant, "digest": intent.digest,
                    "confinement": intent.confinement, "synced": intent.synced, "cwd": intent.cwd,
                }),
            ),
        ],
    );
    value
}

fn of_outcome(record: &Record, outcome: &Outcome, class: Class) -> Value {
    let activity = if class == Class::Process { 2 } else { 99 };
    let mut value = base(record, class, activity, outcome.of);
    let good =
        outcome.failure.is_empty() && outcome.signal.is_none() && outcome.exit.unwrap_or(0) == 0;
    put(
        &mut value,
        [
            ("severity_id", json!(1)),
            ("status_id", json!(if good { 1 } else { 2 })),
            ("status_detail", json!(outcome.failure)),
            ("duration", json!(outcome.millis)),
            ("exit_code", json!(outcome.exit)),
            (
                "unmapped",
                json!({
                    "signal": outcome.signal, "bytes": outcome.bytes, "files": outcome.files,
                    "confinement": outcome.confinement, "excerpt": outcome.excerpt,
                }),
            ),
        ],
    );
    value
}

fn base(record: &Record, class: Class, activity: u64, correlation: u64) -> Value {
    let (category, class) = match class {
        Class::Process => (1, 1007),
        Class::Api => (6, 6003),
    };
    json!({
        "metadata": {
            "version": "1.6.0",
            "product": { "name": "Palisade", "vendor_name": "Palisade" },
            "sequence": record.seq,
            "uid": record.seq.to_string(),
            "correlation_uid": correlation.to_string(),
        },
        "time": record.time.millis(),
        "category_uid": category,
        "class_uid": class,
        "activity_id": activity,
        "type_uid": class * 100 + activity,
    })
}

fn of_actor(who: &Who) -> Value {
    let claimed = &who.claimed;
    let parents: Vec<_> = who
        .kernel
        .processes
        .iter()
        .map(|(pid, name)| json!({ "pid": pid, "name": name }))
        .collect();
    let agents: Vec<&str> =
        [&claimed.agent, &claimed.subagent].into_iter().flatten().map(String::as_str).collect();
    json!({
        "user": { "uid": who.kernel.uid.map(|uid| uid.to_string()) },
        "process": { "pid": who.kernel.processes.first().map(|(pid, _)| pid), "ancestry": parents },
        "app_name": claimed.client,
        "session": { "uid": claimed.session },
        "invoked_by": agents.join("/"),
    })
}

fn put<const N: usize>(value: &mut Value, fields: [(&str, Value); N]) {
    if let Value::Object(object) = value {
        object.extend(
            fields
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.to_owned(), value)),
        );
    }
}
