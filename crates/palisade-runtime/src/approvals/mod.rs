//! The approval queue: questions of processes that have no terminal, and the
//! answers that people give from another one.
//!
//! ```text
//! $PALISADE_HOME/approvals/            0700
//!   ID.DIGEST.UNTIL/                   one request
//!     request.json                     what is asked; never changed
//!     bell                             a pipe that whoever waits holds open
//!     answer.json                      linked into place: the first one wins
//!     spent                            linked into place: claimed once
//!   watchers/                          a pipe for everybody who looks on
//!   governed/                          processes that may not answer
//! ```
//!
//! A request is written and synced under a name that nobody looks at, then
//! renamed: it is there whole or not at all, and before anybody is shown it.
//! An answer and a claim are files that are synced and then given their name
//! by `link`, which fails where the name exists: whoever comes second is told.
//! So what a process leaves behind when it is killed is a request without an
//! answer, an answer without a claim, or a claim without an effect; never two
//! effects for one answer.
//!
//! Whoever waits holds the bell open, so the kernel knows whether somebody
//! does. A request that nobody waits for any more is *parked*: it can still be
//! answered, and the answer waits for the same action to be asked again.
//!
//! **Known gaps.** Without a sandbox, a program of the agent that runs as the
//! same user can write these files, as it can write the profile. A network
//! file system without pipes cannot hold the queue.

mod bell;
mod clock;
pub mod governed;
mod processes;
mod queue;
mod record;
mod store;
mod subject;

pub use clock::Moment;
pub use processes::{Process, look};
pub use queue::{Ended, Notify, Queue, Seen};
pub use record::{AnswerRecord, Asker, Request, Said};
pub use store::{Broken, Claim, Entry, Store, Watcher};
pub use subject::{Cause, FileDigest, Risk, Saved, Subject};
