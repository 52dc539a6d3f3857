//! `approval.log` and `runs.jsonl`: two files that people and scripts like to
//! look at, made from the journal and good for nothing as evidence.
//!
//! Both roll at about [`KEEP`] lines, are written without ceremony (a failure
//! to write them stops nothing) and can be made again with [`rebuild`].

use crate::error::{Error, Result};
use crate::read;
use crate::record::{Entry, Intent, Outcome, Record};
use crate::secret_file::{create_new, open_existing, private_directory, write_state};
use crate::time::Time;
use crate::view::visible;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How many lines are kept when a file rolls.
pub const KEEP: usize = 1000;
/// A file rolls beyond this size; a line is at most about 500 bytes.
const ROLL: u64 = 512 * 1024;
/// The action is previewed with so many characters.
const PREVIEW: usize = 160;
const MAX_PENDING: usize = 1024;

/// Writes the projections of one home as records are written.
#[derive(Debug)]
pub struct Projections {
    home: PathBuf,
    pending: BTreeMap<u64, Intent>,
}

impl Projections {
    /// For the profiles under `home`.
    pub fn new(home: &Path) -> Self {
        Self { home: home.to_owned(), pending: BTreeMap::new() }
    }

    /// Notes an intent.
    pub fn intent(&mut self, seq: u64, intent: &Intent) {
        if let Some(line) = approval_line(Time::now(), seq, intent) {
            self.add(&intent.profile, "approval.log", &line);
        }
        if intent.verdict == "deny" {
            if let Some(line) = run_line(Time::now(), seq, intent, None) {
                self.add(&intent.profile, "runs.jsonl", &line);
            }
        } else {
            self.pending.insert(seq, intent.clone());
            if self.pending.len() > MAX_PENDING {
                self.pending.pop_first();
            }
        }
    }

    /// Notes what became of it.
    pub fn outcome(&mut self, outcome: &Outcome) {
        if let Some(intent) = self.pending.remove(&outcome.of)
            && let Some(line) = run_line(Time::now(), outcome.of, &intent, Some(outcome))
        {
            self.add(&intent.profile, "runs.jsonl", &line);
        }
    }

    fn add(&self, profile: &str, name: &str, line: &str) {
        if !is_plain(profile) {
            return;
        }
        // A projection can be made again; the record is what counts.
        let _ = append(&self.home.join("profiles").join(profile).join("logs"), name, line);
    }
}

/// Makes both files of every profile again from the journal at `journal`.
///
/// # Errors
/// Where the journal cannot be read or a file cannot be written.
pub fn rebuild(journal: &Path, home: &Path) -> Result<()> {
    let mut approvals: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut runs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut pending: BTreeMap<u64, Intent> = BTreeMap::new();
    for record in read::records(journal)? {
        let Record { seq, time, entry, .. } = record?;
        match entry {
            Entry::Intent(intent) if is_plain(&intent.profile) => {
                let profile = intent.profile.clone();
                runs.entry(profile.clone()).or_default();
                approvals
                    .entry(profile.clone())
                    .or_default()
                    .extend(approval_line(time, seq, &intent));
                if intent.verdict == "deny" {
                    runs.entry(profile).or_default().extend(run_line(time, seq, &intent, None));
                } else {
                    pending.insert(seq, intent);
                }
            }
            Entry::Outcome(outcome) => {
                if let Some(intent) = pending.remove(&outcome.of) {
                    let line = run_line(time, outcome.of, &intent, Some(&outcome));
                    runs.entry(intent.profile).or_default().extend(line);
                }
            }
            Entry::Intent(_) | Entry::Event(_) | Entry::Note(_) | Entry::Unknown(_) => {}
        }
    }
    for (name, all) in [("approval.log", approvals), ("runs.jsonl", runs)] {
        for (profile, lines) in all {
            let logs = home.join("profiles").join(profile).join("logs");
            private_directory(&logs)?;
            let from = lines.len().saturating_sub(KEEP);
            let text: String =
                lines.iter().skip(from).flat_map(|line| [line.as_str(), "\n"]).collect();
            write_state(&logs.join(name), text.as_bytes())?;
        }
    }
    Ok(())
}

/// Whether a profile's name can be a directory of its own.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// A line of the approval log: only for what was not simply safe.
fn approval_line(time: Time, seq: u64, intent: &Intent) -> Option<String> {
    let simple = intent.severity == "safe" && intent.verdict == "allow" && intent.grant.is_none();
    (!simple).then(|| {
        let rule = intent.rules.first().map_or("-", String::as_str);
        let reason = intent.grant.as_deref().unwrap_or("-");
        let session = intent.actor.claimed.session.as_deref().unwrap_or("-");
        format!(
            "{time} #{seq} {} {} rule={} reason={} session={} {}: {}",
            visible(&intent.verdict),
            visible(&intent.severity),
            visible(rule),
            visible(reason),
            visible(session),
            visible(&intent.action),
            preview(&intent.body),
        )
    })
}

#[derive(Serialize)]
struct Run<'a> {
    time: Time,
    seq: u64,
    kind: &'a str,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<i32>,
    millis: u64,
    backend: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    preview: String,
}

fn run_line(time: Time, seq: u64, intent: &Intent, outcome: Option<&Outcome>) -> Option<String> {
    let run = Run {
        time,
        seq,
        kind: &intent.action,
        outcome: word(outcome),
        exit: outcome.and_then(|outcome| outcome.exit),
        signal: outcome.and_then(|outcome| outcome.signal),
        millis: outcome.map_or(0, |outcome| outcome.millis),
        backend: outcome.map_or("", |outcome| &outcome.confinement),
        session: intent.actor.claimed.session.as_deref(),
        preview: preview(&intent.body),
    };
    serde_json::to_string(&run).ok()
}

/// What became of an intent in one word.
pub(crate) fn word(outcome: Option<&Outcome>) -> &'static str {
    match outcome {
        None => "refused",
        Some(outcome) if !outcome.failure.is_empty() => "error",
        Some(outcome) if outcome.signal.is_some() => "signal",
        Some(outcome) if outcome.exit.unwrap_or(0) != 0 => "failed",
        Some(_) => "ok",
    }
}

fn preview(body: &str) -> String {
    let short: String = body.chars().take(PREVIEW).collect();
    let more = if short.len() < body.len() { "..." } else { "" };
    format!("{}{more}", visible(&short))
}

fn append(logs: &Path, name: &str, line: &str) -> Result<()> {
    let path = logs.join(name);
    let opened = match open_existing(&path, true) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            private_directory(logs)?;
            create_new(&path)
        }
        other => other,
    };
    let mut file = opened.map_err(Error::io("open", &path))?;
    file.write_all(format!("{line}\n").as_bytes()).map_err(Error::io("write to", &path))?;
    let len = file.metadata().map_err(Error::io("read", &path))?.len();
    if len > ROLL {
        let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        let count = text.lines().count();
        let kept: String = text.split_inclusive('\n').skip(count.saturating_sub(KEEP)).collect();
        write_state(&path, kept.as_bytes())?;
    }
    Ok(())
}
