//! Records: one JSON object a line, in exactly the bytes that are hashed.
//!
//! ```text
//! {"v":1,"seq":7,"time":"2026-11-22T09:30:00.123Z","kind":"intent", ... ,"chain":"<32 hex>"}
//! ```
//!
//! `v`, `seq`, `time` and `kind` come first and `chain` last, always. `chain`
//! is the beginning of a SHA-256 over the chain value of the record before and
//! this line up to `,"chain"`: it tells a whole record from a torn one and
//! finds the first altered record where no signature reaches yet. The leaf of
//! the Merkle tree is the line without its newline.
//!
//! Kinds: `intent` (what was asked and decided), `outcome` (what became of the
//! intent `of`), `event` (approvals, grants, secrets, configuration) and `note`
//! (what the journal says of itself: `repaired`, `lost`, `pruned`). A reader
//! shows kinds and fields that it does not know as they stand.

use crate::error::{Error, Result};
use crate::time::Time;
use data_encoding::HEXLOWER;
use palisade_core::ports;
use palisade_core::{Actor, Confinement};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The version this library writes.
pub const VERSION: u32 = 1;
/// No record is longer, newline aside: C2SP entry bundles count in 16 bits.
pub const MAX_RECORD: usize = 65_535;
/// Output excerpts are cut to so many characters.
pub const MAX_EXCERPT: usize = 400;
/// The action in words is cut to so many characters; its digest covers all.
pub const MAX_BODY: usize = 5_000;
const MAX_TEXT: usize = 1_000;
const MAX_LIST: usize = 24;
const MAX_WORD: usize = 64;

/// The value that links a record to the one before.
pub type Chain = [u8; 16];

const CHAIN_KEY: &[u8] = b",\"chain\":\"";
const CHAIN_TAIL: usize = 32 + 2;

/// A record as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The format version.
    pub version: u32,
    /// Its place, from 0.
    pub seq: u64,
    /// When it was written.
    pub time: Time,
    /// What it says.
    pub entry: Entry,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// What was asked and decided, written before it happens.
    Intent(Intent),
    /// What became of it.
    Outcome(Outcome),
    /// An approval, or a change of grants, secrets or configuration.
    Event(Event),
    /// What the journal says of itself.
    Note(Note),
    /// A kind of a later version, by its name.
    Unknown(String),
}

/// Who asked, grouped by how sure we are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Who {
    /// Read from the kernel.
    #[serde(default)]
    pub kernel: Kernel,
    /// Said by the caller; nothing checked it.
    #[serde(default)]
    pub claimed: Claimed,
    /// Proved with a key.
    #[serde(default, skip_serializing_if = "Keyed::is_empty")]
    pub keyed: Keyed,
}

/// What the kernel says of the actor.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Kernel {
    /// The local user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// Processes from the recorder upward, with their program names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<(u32, String)>,
}

/// What the actor says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Claimed {
    /// The client program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The agent within it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The subagent within that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subagent: Option<String>,
    /// The session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
}

/// What a key proves of the actor.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Keyed {
    /// A paired device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// A pinned peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
}

impl Keyed {
    const fn is_empty(&self) -> bool {
        self.device.is_none() && self.peer.is_none()
    }
}

/// An intent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Intent {
    /// Who asked.
    pub actor: Who,
    /// Under which profile.
    pub profile: String,
    /// The kind of action (`run`, `tool`, ...).
    pub action: String,
    /// The action in words, redacted.
    pub body: String,
    /// The directory, redacted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cwd: String,
    /// SHA-256 of the exact action, hex.
    pub digest: String,
    /// `allow`, `ask` or `deny`.
    pub verdict: String,
    /// `safe`, `caution` or `dangerous`.
    pub severity: String,
    /// The rules found, worst first.
    pub rules: Vec<String>,
    /// What let a caution pass, or why it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// What confinement was asked for: `none` or `required`.
    pub confinement: String,
    /// SHA-256 of the policy in force, hex.
    pub policy: String,
    /// Whether it was synced to disk before the effect.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synced: bool,
}

/// An outcome.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// The intent's place.
    pub of: u64,
    /// The exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// The signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// What confinement was really enforced; empty is none.
    #[serde(default)]
    pub confinement: String,
    /// Why it failed before it began.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub failure: String,
    /// Bytes of output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Files changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// The beginning of the output, redacted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub excerpt: String,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Event {
    /// `approval`, `grant`, `secret` or `configuration`.
    pub what: String,
    /// Who did it.
    pub actor: Who,
    /// Under which profile.
    pub profile: String,
    /// In words, redacted.
    pub body: String,
}

/// What the journal says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Note {
    /// `repaired`, `lost`, `altered` or `pruned`.
    pub what: String,
    /// The first record concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// The record after the last one concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
    /// How many bytes were concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// In words.
    pub body: String,
}

impl From<&ports::Intent<'_>> for Intent {
    fn from(intent: &ports::Intent<'_>) -> Self {
        Self {
            actor: Who::from(intent.actor),
            profile: cut(intent.profile, MAX_WORD),
            action: cut(intent.kind, MAX_WORD),
            body: cut(intent.body, MAX_BODY),
            cwd: cut(intent.cwd, MAX_TEXT),
            digest: HEXLOWER.encode(&intent.digest),
            verdict: cut(intent.verdict, MAX_WORD),
            severity: cut(intent.severity, MAX_WORD),
            rules: intent.rules.iter().take(MAX_LIST).map(|rule| cut(rule, MAX_WORD)).collect(),
            grant: intent.grant.map(|grant| cut(grant, MAX_WORD)),
            confinement: match intent.confinement {
                Confinement::None => "none".into(),
                Confinement::Required => "required".into(),
            },
            policy: HEXLOWER.encode(&intent.policy),
            synced: intent.synced,
        }
    }
}

impl From<&Actor> for Who {
    fn from(actor: &Actor) -> Self {
        let word = |text: &Option<String>| text.as_deref().map(|text| cut(text, MAX_WORD));
        Self {
            kernel: Kernel {
                uid: actor.uid,
                processes: actor
                    .processes
                    .iter()
                    .take(MAX_LIST)
                    .map(|(pid, name)| (*pid, cut(name, MAX_WORD)))
                    .collect(),
            },
            claimed: Claimed {
                client: word(&actor.client),
                agent: word(&actor.agent),
                subagent: word(&actor.subagent),
                session: word(&actor.session),
            },
            keyed: Keyed::default(),
        }
    }
}

impl Outcome {
    /// The outcome of the intent at `of`.
    pub fn new(of: u64, outcome: &ports::Outcome) -> Self {
        Self {
            of,
            exit: outcome.exit,
            signal: outcome.signal,
            millis: outcome.millis,
            confinement: cut(&outcome.confinement, MAX_TEXT),
            failure: cut(&outcome.failure, MAX_TEXT),
            bytes: outcome.bytes,
            files: outcome.files,
            excerpt: cut(&outcome.excerpt, MAX_EXCERPT),
        }
    }
}

impl From<&ports::Event<'_>> for Event {
    fn from(event: &ports::Event<'_>) -> Self {
        Self {
            what: event.kind.word().to_owned(),
            actor: Who::from(event.actor),
            profile: cut(event.profile, MAX_WORD),
            body: cut(event.body, MAX_BODY),
        }
    }
}

/// The first `most` characters, with a mark where something was cut.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => {
            let (head, rest) = text.split_at_checked(at).unwrap_or((text, ""));
            format!("{head}[+{} bytes]", rest.len())
        }
    }
}

/// The bytes of a record, without newline, and its chain value.
///
/// # Errors
/// Where the record would be longer than [`MAX_RECORD`].
pub fn encode(seq: u64, time: Time, entry: &Entry, before: &Chain) -> Result<(Vec<u8>, Chain)> {
    let mut line = Vec::with_capacity(1024);
    let kind = entry.kind();
    line.extend_from_slice(
        format!("{{\"v\":{VERSION},\"seq\":{seq},\"time\":\"{time}\",\"kind\":\"{kind}\"")
            .as_bytes(),
    );
    let opening = line.len();
    let written = match entry {
        Entry::Intent(intent) => serde_json::to_writer(&mut line, intent),
        Entry::Outcome(outcome) => serde_json::to_writer(&mut line, outcome),
        Entry::Event(event) => serde_json::to_writer(&mut line, event),
        Entry::Note(note) => serde_json::to_writer(&mut line, note),
        Entry::Unknown(kind) => {
            return Err(Error::Unfit(format!("a record of kind `{kind}` cannot be written")));
        }
    };
    written.map_err(|error| Error::Unfit(format!("the record does not become JSON: {error}")))?;
    // The fields follow the head in the same object.
    if let Some(brace) = line.get_mut(opening) {
        *brace = b',';
    }
    line.pop();
    let chain = link(before, &line);
    line.extend_from_slice(CHAIN_KEY);
    line.extend_from_slice(HEXLOWER.encode(&chain).as_bytes());
    line.extend_from_slice(b"\"}");
    if line.len() > MAX_RECORD {
        return Err(Error::Unfit(format!(
            "the record has {} bytes, the journal takes {MAX_RECORD}",
            line.len()
        )));
    }
    Ok((line, chain))
}

/// The chain value of a line whose text up to `,"chain"` is `head`.
fn link(before: &Chain, head: &[u8]) -> Chain {
    let digest = Sha256::new().chain_update(before).chain_update(head).finalize();
    digest.first_chunk().copied().unwrap_or_default()
}

/// The chain value a line states.
pub fn chain_of(line: &[u8]) -> Option<Chain> {
    let (head, tail) = line.split_at_checked(line.len().checked_sub(CHAIN_TAIL)?)?;
    let hex = tail.strip_suffix(b"\"}")?;
    if !head.ends_with(CHAIN_KEY) {
        return None;
    }
    let mut chain = Chain::default();
    (HEXLOWER.decode_mut(hex, &mut chain) == Ok(chain.len())).then_some(chain)
}

/// Whether a line is whole and follows a record with this chain value.
pub fn follows(line: &[u8], before: &Chain) -> bool {
    let head = line.len().checked_sub(CHAIN_TAIL + CHAIN_KEY.len()).and_then(|at| line.get(..at));
    head.is_some_and(|head| chain_of(line) == Some(link(before, head)))
}

/// The place a line states, read from its fixed beginning.
pub fn seq_of(line: &[u8]) -> Option<u64> {
    let digits = line.strip_prefix(b"{\"v\":")?;
    let comma = digits.iter().take(4).position(|byte| !byte.is_ascii_digit())?;
    let digits = digits.get(comma..)?.strip_prefix(b",\"seq\":")?;
    let end = digits.iter().take(21).position(|byte| !byte.is_ascii_digit())?;
    let (digits, rest) = digits.split_at_checked(end)?;
    let canonical = digits.len() == 1 || !digits.starts_with(b"0");
    if !canonical || !rest.starts_with(b",") {
        return None;
    }
    digits
        .iter()
        .try_fold(0_u64, |n, digit| n.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
}

/// Reads a record.
///
/// # Errors
/// Where the line is not a record of any version.
pub fn decode(line: &[u8]) -> Result<Record> {
    #[derive(Deserialize)]
    struct Head {
        v: u32,
        seq: u64,
        time: Time,
        kind: String,
    }
    let wrong =
        |error: serde_json::Error| Error::damaged(format!("a line is not a record: {error}"));
    let head: Head = serde_json::from_slice(line).map_err(wrong)?;
    let entry = match head.kind.as_str() {
        "intent" => Entry::Intent(serde_json::from_slice(line).map_err(wrong)?),
        "outcome" => Entry::Outcome(serde_json::from_slice(line).map_err(wrong)?),
        "event" => Entry::Event(serde_json::from_slice(line).map_err(wrong)?),
        "note" => Entry::Note(serde_json::from_slice(line).map_err(wrong)?),
        _ => Entry::Unknown(head.kind),
    };
    Ok(Record { version: head.v, seq: head.seq, time: head.time, entry })
}

impl Entry {
    /// The kind's name.
    pub fn kind(&self) -> &str {
        match self {
            Self::Intent(_) => "intent",
            Self::Outcome(_) => "outcome",
            Self::Event(_) => "event",
            Self::Note(_) => "note",
            Self::Unknown(kind) => kind,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent() -> Entry {
        let actor = Actor {
            uid: Some(1000),
            processes: vec![(12, "palisade".into()), (7, "bash".into())],
            client: Some("claude".into()),
            session: Some("s1".into()),
            ..Actor::default()
        };
        Entry::Intent(Intent::from(&ports::Intent {
            actor: &actor,
            profile: "default",
            kind: "run",
            body: "rm -rf \"build\"\n\u{1b}[31m",
            cwd: "/w",
            digest: [1; 32],
            verdict: "allow",
            severity: "caution",
            rules: &["files/delete"],
            grant: Some("once"),
            confinement: Confinement::Required,
            policy: [2; 32],
            synced: true,
        }))
    }

    #[test]
    fn a_record_survives_the_round_trip_on_one_line() {
        let before = [3; 16];
        let entry = intent();
        let (line, chain) =
            encode(41, Time::from_millis(1_700_000_000_123), &entry, &before).unwrap();
        assert!(!line.contains(&b'\n'));
        assert_eq!(seq_of(&line), Some(41));
        assert_eq!(chain_of(&line), Some(chain));
        assert!(follows(&line, &before) && !follows(&line, &[4; 16]));
        let read = decode(&line).unwrap();
        assert_eq!(
            read,
            Record { version: 1, seq: 41, time: Time::from_millis(1_700_000_000_123), entry }
        );
    }

    #[test]
    fn the_largest_record_fits() {
        let long = "\u{1}".repeat(100_000);
        let actor = Actor {
            processes: vec![(1, long.clone()); 100],
            client: Some(long.clone()),
            agent: Some(long.clone()),
            subagent: Some(long.clone()),
            session: Some(long.clone()),
            ..Actor::default()
        };
        let rules = vec![long.as_str(); 100];
        let biggest = ports::Intent {
            actor: &actor,
            profile: &long,
            kind: &long,
            body: &long,
            cwd: &long,
            digest: [1; 32],
            verdict: "allow",
            severity: "caution",
            rules: &rules,
            grant: Some(&long),
            confinement: Confinement::Required,
            policy: [2; 32],
            synced: true,
        };
        let entry = Entry::Intent(Intent::from(&biggest));
        let (line, _) = encode(u64::MAX, Time::from_millis(0), &entry, &[0; 16]).unwrap();
        assert!(line.len() > MAX_RECORD / 2);
    }

    #[test]
    fn unknown_kinds_and_fields_are_read() {
        let line = br#"{"v":2,"seq":5,"time":"2026-01-01T00:00:00.000Z","kind":"dream","of":9}"#;
        assert_eq!(decode(line).unwrap().entry, Entry::Unknown("dream".into()));
        let line = br#"{"v":2,"seq":5,"time":"2026-01-01T00:00:00.000Z","kind":"outcome","of":9,"millis":3,"mood":"calm"}"#;
        assert!(matches!(
            decode(line).unwrap().entry,
            Entry::Outcome(Outcome { of: 9, millis: 3, .. })
        ));
    }
}
