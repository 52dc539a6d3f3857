//! Requests, answers and claims as they lie on disk. What is not exactly what
//! was written there is an error, and an error is never an approval.

use palisade_core::{Actor, Answer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::clock::Moment;
use super::subject::Subject;
use crate::calls::hex;

/// The form of these files.
const VERSION: u32 = 1;

/// The longest word from a person to the model, in letters.
pub const LONGEST_WORD: usize = 1000;

/// A question in the queue. Never changed once it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    version: u32,
    /// What people call it.
    pub id: String,
    /// SHA-256 of the subject, in hexadecimal.
    pub digest: String,
    /// What is asked.
    pub subject: Subject,
    /// When.
    pub created: Moment,
    /// Until when whoever asked waits.
    pub waits_until: Moment,
    /// Until when it can be answered.
    pub expires: Moment,
    /// Who asked.
    pub asker: Asker,
}

/// Who put a question or gave an answer, from the kernel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asker {
    /// The user.
    pub uid: Option<u32>,
    /// The process and those above it, with their names.
    pub processes: Vec<(u32, String)>,
}

impl From<&Actor> for Asker {
    fn from(actor: &Actor) -> Self {
        Self { uid: actor.uid, processes: actor.processes.clone() }
    }
}

/// What a person said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Said {
    /// This one time.
    Once,
    /// Until the session ends.
    Session,
    /// Saved in the profile.
    Always,
    /// No.
    Deny,
}

impl From<Answer> for Said {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Once => Self::Once,
            Answer::Session => Self::Session,
            Answer::Always => Self::Always,
            Answer::Deny => Self::Deny,
        }
    }
}

impl From<Said> for Answer {
    fn from(said: Said) -> Self {
        match said {
            Said::Once => Self::Once,
            Said::Session => Self::Session,
            Said::Always => Self::Always,
            Said::Deny => Self::Deny,
        }
    }
}

/// An answer to exactly one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerRecord {
    version: u32,
    /// SHA-256 of the request's bytes as the person was shown it.
    request: String,
    /// What was said.
    pub answer: Said,
    /// A word to the model.
    pub word: Option<String>,
    /// When.
    pub given: Moment,
    /// Until when it can be claimed.
    pub until: Moment,
    /// Who said it.
    pub by: Asker,
}

impl Request {
    pub(super) fn new(
        id: String,
        subject: Subject,
        asker: Asker,
        created: Moment,
        spans: (std::time::Duration, std::time::Duration),
    ) -> Self {
        let (wait, parked) = spans;
        let waits_until = created.after(wait);
        let expires = waits_until.after(parked);
        let digest = hex(&subject.digest());
        Self { version: VERSION, id, digest, subject, created, waits_until, expires, asker }
    }

    /// Reads the bytes of a request called `id`.
    pub(super) fn read(id: &str, bytes: &[u8]) -> Result<Self, String> {
        let request: Self = serde_json::from_slice(bytes)
            .map_err(|error| format!("it is damaged or no request: {error}"))?;
        if request.version != VERSION {
            return Err(format!("its form {} is not known here", request.version));
        }
        if request.id != id {
            return Err("it was made under another name".into());
        }
        if request.digest != hex(&request.subject.digest()) {
            return Err("what it asks is not what its digest says: it was changed".into());
        }
        Ok(request)
    }

    /// Whether it can no longer be answered. One from the future is of an age
    /// that nobody knows, so it cannot either.
    pub fn is_expired(&self, now: &Moment) -> bool {
        self.expires.is_over(now) || self.created.is_ahead_of(now)
    }
}

impl AnswerRecord {
    pub(super) fn new(
        request: &[u8],
        (answer, word): (Answer, Option<&str>),
        by: Asker,
        given: Moment,
        keep: std::time::Duration,
    ) -> Self {
        let word = word.map(|word| word.chars().take(LONGEST_WORD).collect());
        let until = given.after(keep);
        Self {
            version: VERSION,
            request: seal(request),
            answer: answer.into(),
            word,
            given,
            until,
            by,
        }
    }

    /// Reads the bytes of an answer to the request with these bytes.
    pub(super) fn read(request: &[u8], bytes: &[u8]) -> Result<Self, String> {
        let answer: Self = serde_json::from_slice(bytes)
            .map_err(|error| format!("the answer is damaged or none: {error}"))?;
        if answer.version != VERSION {
            return Err(format!("the answer's form {} is not known here", answer.version));
        }
        if answer.request != seal(request) {
            return Err("the answer is to another request".into());
        }
        Ok(answer)
    }

    /// Whether it can no longer be claimed.
    pub fn is_over(&self, now: &Moment) -> bool {
        self.until.is_over(now) || self.given.is_ahead_of(now)
    }
}

fn seal(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
