//! What the core needs from the outside, as narrow traits.

use crate::permit::{Confinement, Permit};
use crate::{Actor, Answer, Decision, FileFacts, FileFault, FileShown, FileUse, FileWork};

/// Seconds since 1970-01-01T00:00:00Z.
pub type Seconds = i64;

/// A record's place in the journal, from 0.
pub type Sequence = u64;

/// What is about to happen, written before it may. Every text in it was
/// redacted by the caller.
#[derive(Debug)]
pub struct Intent<'a> {
    /// Who asks.
    pub actor: &'a Actor,
    /// Under which profile.
    pub profile: &'a str,
    /// The kind of action (`run`, `tool`, ...).
    pub kind: &'a str,
    /// The action in words, redacted.
    pub body: &'a str,
    /// The directory it happens in, redacted.
    pub cwd: &'a str,
    /// A digest of the exact action before redaction.
    pub digest: [u8; 32],
    /// `allow`, `ask` or `deny`.
    pub verdict: &'a str,
    /// `safe`, `caution` or `dangerous`.
    pub severity: &'a str,
    /// The rules found, worst first.
    pub rules: &'a [&'a str],
    /// What let a caution pass (`once`, `session`, `always`, `allowlist`), or
    /// why it did not (`denied`).
    pub grant: Option<&'a str>,
    /// What confinement is asked for.
    pub confinement: Confinement,
    /// A digest of the policy in force.
    pub policy: [u8; 32],
    /// Whether the record must survive power loss before this returns.
    pub synced: bool,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// The exit code, where a process ended by itself.
    pub exit: Option<i32>,
    /// The signal, where one ended it.
    pub signal: Option<i32>,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// What confinement was really enforced, in words; empty is none.
    pub confinement: String,
    /// Why it failed before it began, redacted; empty where it did not.
    pub failure: String,
    /// How many bytes of output there were, where counted.
    pub bytes: Option<u64>,
    /// How many files changed, where counted.
    pub files: Option<u64>,
    /// The beginning of the output, redacted; the journal keeps at most 400
    /// characters of it.
    pub excerpt: String,
}

/// What kind of thing happened beside an action. All of them survive power
/// loss before the call returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A person answered a question.
    Approval,
    /// A grant was made, changed or taken back.
    Grant,
    /// A secret was set, read out or removed.
    Secret,
    /// Configuration or policy changed.
    Configuration,
}

impl EventKind {
    /// The word used in records.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Grant => "grant",
            Self::Secret => "secret",
            Self::Configuration => "configuration",
        }
    }
}

/// Something that a person or program changed, beside the actions.
#[derive(Debug)]
pub struct Event<'a> {
    /// Who did it.
    pub actor: &'a Actor,
    /// Under which profile.
    pub profile: &'a str,
    /// What kind of thing it was.
    pub kind: EventKind,
    /// In words, redacted.
    pub body: &'a str,
}

/// Why the journal did not take a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalError {
    /// What failed, in words for a person.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// The record of intents and outcomes.
pub trait Journal {
    /// Writes an intent (or a refusal) and says where it stands.
    ///
    /// # Errors
    /// Whatever kept the record from being written; the effect must not happen.
    fn intent(&mut self, intent: &Intent<'_>) -> Result<Sequence, JournalError>;

    /// Writes what became of the intent at `sequence`.
    ///
    /// # Errors
    /// Whatever kept the record from being written.
    fn outcome(&mut self, sequence: Sequence, outcome: &Outcome) -> Result<(), JournalError>;

    /// Writes an approval, or a change of grants, secrets or configuration,
    /// synced; write it before the change takes hold.
    ///
    /// # Errors
    /// Whatever kept the record from being written; the change must not happen.
    fn event(&mut self, event: &Event<'_>) -> Result<Sequence, JournalError>;
}

/// Somebody who can answer.
pub trait Ask {
    /// What is recorded before the question is put, where others may see it
    /// before it is answered.
    fn announced(&mut self, _: &Decision) -> Option<String> {
        None
    }

    /// Puts the question and waits for the answer; a timeout is `Deny`.
    fn ask(&mut self, decision: &Decision) -> Answer;
}

/// The time of day.
pub trait Clock {
    /// Now.
    fn now(&self) -> Seconds;
}

/// Somebody who opens files and directories without changing anything: the
/// handle that a verdict is about.
pub trait FileTools {
    /// Opens what `path` leads to, for `how`. A path may be absolute, relative
    /// to `cwd` or begin with `~`.
    ///
    /// # Errors
    /// Why there is no handle; then the text of the path is judged alone.
    fn open(
        &self,
        path: &str,
        cwd: &str,
        how: FileUse,
    ) -> Result<Box<dyn OpenFile + '_>, FileFault>;

    /// The path as text, made absolute: what is judged where nothing could be
    /// opened.
    fn absolute(&self, path: &str, cwd: &str) -> String;
}

/// A file that is open and not yet used.
pub trait OpenFile {
    /// What is known of it.
    fn facts(&self) -> &FileFacts;

    /// Does what `permit` allows with this very handle; a permit for another
    /// file or another use is refused.
    ///
    /// # Errors
    /// Why nothing was done.
    fn carry_out(self: Box<Self>, permit: Permit, work: &FileWork) -> Result<FileShown, FileFault>;
}
