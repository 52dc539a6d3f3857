//! What is written down, and how fast.

use std::cell::RefCell;
use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::target::Target;

/// A record's place with whoever keeps them.
pub type Entry = u64;

/// What became of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Passed {
    /// Bytes to the host.
    pub up: u64,
    /// Bytes from it.
    pub down: u64,
    /// How long it lasted, in milliseconds.
    pub millis: u64,
    /// Why it ended otherwise than by itself; empty where it did not.
    pub failure: String,
}

/// A connection that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where it was to go; empty where even that could not be read.
    pub target: String,
    /// The rule.
    pub rule: String,
    /// Why, in words.
    pub why: String,
    /// How it could be allowed; empty where it cannot.
    pub allow: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = if self.target.is_empty() { "" } else { " to " };
        write!(out, "connection{to}{} refused by {}: {}", self.target, self.rule, self.why)
    }
}

/// A request that a credential is put into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used<'a> {
    /// Names of the credentials.
    pub names: &'a [String],
    /// The host that gets them.
    pub target: &'a Target,
    /// What is asked for.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
}

impl fmt::Display for Used<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { names, target, method, path } = self;
        write!(out, "{method} https://{target}{path} with {}", names.join(", "))
    }
}

/// Who keeps the records: one for each connection, written before it is made,
/// and completed when it ends.
pub trait Ledger {
    /// A connection is about to be made.
    ///
    /// # Errors
    /// Why it could not be written down, in words; then it is not made.
    fn opening(&self, target: &str) -> Result<Entry, String>;

    /// It is over.
    fn closed(&self, entry: Entry, passed: &Passed);

    /// A credential is about to be put into a request.
    ///
    /// # Errors
    /// Why it could not be written down, in words; then it is not sent.
    fn using(&self, used: &Used<'_>) -> Result<Entry, String>;

    /// What became of it: the status of the answer, where there is one.
    fn answered(&self, entry: Entry, status: Option<u16>, millis: u64);

    /// One was refused.
    fn refused(&self, refused: &Refused);
}

/// How many connections may be made at once, and how many a second after
/// that: whoever wants more waits, so that records stay few and complete.
const AT_ONCE: f64 = 1024.0;
const PER_SECOND: f64 = 50.0;

/// Makes the hasty wait.
#[derive(Debug)]
pub struct Pace(RefCell<(f64, Instant)>);

impl Pace {
    pub fn new() -> Self {
        Self(RefCell::new((AT_ONCE, Instant::now())))
    }

    /// Waits until one more may be recorded.
    pub async fn wait(&self) {
        let wait = {
            let mut state = self.0.borrow_mut();
            let (left, since) = *state;
            let now = Instant::now();
            let left = AT_ONCE.min(left + (now - since).as_secs_f64() * PER_SECOND) - 1.0;
            *state = (left, now);
            -left / PER_SECOND
        };
        if wait > 0.0 {
            sleep(Duration::from_secs_f64(wait)).await;
        }
    }
}
