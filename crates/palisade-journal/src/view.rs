//! Records for people: filters, one-line forms, and the story of a session.

use crate::projection::word;
use crate::record::{Entry, Intent, Outcome, Record, Who};
use crate::time::Time;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Which records are wanted; what is not set matches everything.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Exactly this profile.
    pub profile: Option<String>,
    /// A part of a client, agent, subagent, program, device or peer name, or
    /// a user id.
    pub actor: Option<String>,
    /// Exactly this verdict.
    pub verdict: Option<String>,
    /// A rule, or the beginning of rules up to a `/`.
    pub rule: Option<String>,
    /// Exactly this session.
    pub session: Option<String>,
    /// At this moment or later.
    pub since: Option<Time>,
}

impl Filter {
    /// Whether a record passes. Outcomes pass with the intents they belong to,
    /// so `wanted` keeps the places of those.
    pub fn passes(&self, record: &Record, wanted: &mut std::collections::BTreeSet<u64>) -> bool {
        if self.since.is_some_and(|since| record.time < since) {
            return false;
        }
        match &record.entry {
            Entry::Intent(intent) => {
                let passes = is(self.profile.as_deref(), &intent.profile)
                    && is(self.verdict.as_deref(), &intent.verdict)
                    && self
                        .rule
                        .as_deref()
                        .is_none_or(|rule| intent.rules.iter().any(|found| under(found, rule)))
                    && self.by(&intent.actor);
                if passes {
                    wanted.insert(record.seq);
                }
                passes
            }
            Entry::Outcome(outcome) => wanted.contains(&outcome.of) || self.matches_everything(),
            Entry::Event(event) => {
                is(self.profile.as_deref(), &event.profile)
                    && self.verdict.is_none()
                    && self.rule.is_none()
                    && self.by(&event.actor)
            }
            Entry::Note(_) | Entry::Unknown(_) => self.matches_everything(),
        }
    }

    const fn matches_everything(&self) -> bool {
        self.profile.is_none()
            && self.actor.is_none()
            && self.verdict.is_none()
            && self.rule.is_none()
            && self.session.is_none()
    }

    fn by(&self, who: &Who) -> bool {
        let session = self.session.is_none() || who.claimed.session == self.session;
        session
            && self.actor.as_deref().is_none_or(|wanted| {
                let named = [
                    &who.claimed.client,
                    &who.claimed.agent,
                    &who.claimed.subagent,
                    &who.keyed.device,
                    &who.keyed.peer,
                ];
                named.into_iter().flatten().any(|name| name.contains(wanted))
                    || who.kernel.uid.is_some_and(|uid| wanted.parse() == Ok(uid))
                    || who.kernel.processes.iter().any(|(_, name)| name.contains(wanted))
            })
    }
}

fn is(wanted: Option<&str>, there: &str) -> bool {
    wanted.is_none_or(|wanted| wanted == there)
}

fn under(rule: &str, wanted: &str) -> bool {
    rule.strip_prefix(wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || wanted.ends_with('/'))
}

/// One line for a record.
pub fn line(record: &Record) -> String {
    let Record { seq, time, entry, .. } = record;
    let body = match entry {
        Entry::Intent(intent) => format!(
            "{:<5} {:<9} {}{} {}{}",
            visible(&intent.verdict),
            visible(&intent.severity),
            by(&intent.actor),
            visible(&intent.action),
            visible(&intent.body),
            why(intent),
        ),
        Entry::Outcome(outcome) => format!("  of #{}: {}", outcome.of, result(Some(outcome))),
        Entry::Event(event) => {
            format!("{} {}{}", visible(&event.what), by(&event.actor), visible(&event.body))
        }
        Entry::Note(note) => {
            let mut text = format!("journal {}: {}", visible(&note.what), visible(&note.body));
            if let (Some(from), Some(to)) = (note.from, note.to) {
                let _ = write!(text, " ({from} to {})", to.saturating_sub(1));
            }
            text
        }
        Entry::Unknown(kind) => format!("a record of the unknown kind `{}`", visible(kind)),
    };
    format!("#{seq:<6} {time} {body}")
}

fn by(who: &Who) -> String {
    let names = [&who.claimed.client, &who.claimed.agent, &who.claimed.subagent];
    let names: Vec<_> = names.into_iter().flatten().map(|name| visible(name)).collect();
    if names.is_empty() { String::new() } else { format!("[{}] ", names.join("/")) }
}

fn why(intent: &Intent) -> String {
    let mut text = String::new();
    if !intent.rules.is_empty() {
        let _ = write!(text, "  <- {}", visible(&intent.rules.join(", ")));
    }
    if let Some(grant) = &intent.grant {
        let _ = write!(text, " ({})", visible(grant));
    }
    text
}

fn result(outcome: Option<&Outcome>) -> String {
    let Some(outcome) = outcome else { return "unknown".into() };
    let mut text = match (outcome.exit, outcome.signal) {
        (_, Some(signal)) => format!("signal {signal}"),
        (Some(code), None) => format!("exit {code}"),
        (None, None) => word(Some(outcome)).to_owned(),
    };
    let _ = write!(text, ", {} ms", outcome.millis);
    if let Some(bytes) = outcome.bytes {
        let _ = write!(text, ", {bytes} bytes");
    }
    if let Some(files) = outcome.files {
        let _ = write!(text, ", {files} files");
    }
    if !outcome.confinement.is_empty() {
        let _ = write!(text, ", confined: {}", visible(&outcome.confinement));
    }
    if !outcome.failure.is_empty() {
        let _ = write!(text, ", {}", visible(&outcome.failure));
    }
    text
}

/// A session in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id; empty for what was done outside any session.
    pub id: String,
    /// The client, where claimed.
    pub client: String,
    /// The first and the last record's time.
    pub between: (Time, Time),
    /// How many actions were asked for.
    pub actions: usize,
    /// How many of them were refused.
    pub refused: usize,
}

/// The sessions among `records`, in the order of their beginning.
pub fn sessions<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<Session> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut list: Vec<Session> = Vec::new();
    for record in records {
        let Entry::Intent(intent) = &record.entry else { continue };
        let id = intent.actor.claimed.session.clone().unwrap_or_default();
        let place = *places.entry(id.clone()).or_insert(list.len());
        if place == list.len() {
            let client = intent.actor.claimed.client.clone().unwrap_or_default();
            let between = (record.time, record.time);
            list.push(Session { id, client, between, actions: 0, refused: 0 });
        }
        if let Some(session) = list.get_mut(place) {
            session.between.0 = session.between.0.min(record.time);
            session.between.1 = session.between.1.max(record.time);
            session.actions += 1;
            session.refused += usize::from(intent.verdict == "deny");
        }
    }
    list
}

/// What happened in a session, a line or two for each action: what was asked,
/// what was decided and why, and what became of it. `unknown` is an intent
/// without an outcome: still running, told elsewhere, or lost in a crash.
pub fn story(records: &[Record], session: &str) -> String {
    let outcomes: BTreeMap<u64, &Outcome> = records
        .iter()
        .filter_map(|record| match &record.entry {
            Entry::Outcome(outcome) => Some((outcome.of, outcome)),
            _ => None,
        })
        .collect();
    let mut text = String::new();
    let mut place = String::new();
    for record in records {
        let time = record.time.to_string();
        let clock = time.get(11..19).unwrap_or_default();
        match &record.entry {
            Entry::Intent(intent)
                if intent.actor.claimed.session.as_deref().unwrap_or_default() == session =>
            {
                let day = time.get(..10).unwrap_or_default();
                let here = format!(
                    "{day}  {}  profile {}",
                    visible(&intent.cwd),
                    visible(&intent.profile)
                );
                if here != place {
                    let _ = writeln!(text, "{here}");
                    place = here;
                }
                let became = match intent.verdict.as_str() {
                    "allow" => result(outcomes.get(&record.seq).copied()),
                    "deny" => "refused".into(),
                    _ => "not answered".into(),
                };
                let _ = writeln!(
                    text,
                    "  {clock}  {}{} {}\n            {became}{}",
                    by(&intent.actor),
                    visible(&intent.action),
                    visible(&intent.body),
                    why(intent),
                );
            }
            Entry::Event(event) if event.actor.claimed.session.as_deref() == Some(session) => {
                let _ =
                    writeln!(text, "  {clock}  {}: {}", visible(&event.what), visible(&event.body));
            }
            _ => {}
        }
    }
    text
}

/// Text with everything that a terminal would act on, or that a reader would
/// not see, written out: controls, bidirectional and zero-width characters.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            c if c.is_control() || is_unseen(c) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_or_hides_is_written_out() {
        assert_eq!(
            visible("a\u{1b}[31mb\u{202e}c\u{200b}d\n\u{e0041}é"),
            "a\\u{1b}[31mb\\u{202e}c\\u{200b}d\\n\\u{e0041}é"
        );
    }

    #[test]
    fn rules_match_whole_or_by_their_area() {
        assert!(
            under("files/delete", "files")
                && under("files/delete", "files/delete")
                && under("files/delete", "files/")
        );
        assert!(!under("files/delete", "file") && !under("files/deleted", "files/delete"));
    }
}
