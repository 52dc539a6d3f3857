//! What was decided and done, by whom, provably.
//!
//! # What it is
//! Every decision is a record, written before its effect; every effect leaves
//! another one. Records are lines of JSON ([`record`]) in segment files
//! ([`layout`]), appended by many processes at once ([`writer`]), hashed into
//! one Merkle tree ([`tree`]) whose root is signed ([`note`]), so that anybody
//! with the public key can check a copy offline ([`verify`]).
//!
//! # What it promises
//! - No effect without its intent in the kernel's hands first, and on the disk
//!   first where the intent asks for it. An intent without an outcome is
//!   visible: `unknown`.
//! - The exact stored bytes are hashed; nothing is serialised again to verify.
//! - An altered, inserted, deleted, swapped or repeated record before the last
//!   signed head is found and named.
//! - Nothing is removed without a command, and removal leaves the hashes.
//!
//! # Known gaps
//! - Who can write to the journal's directory *and* read the private key can
//!   write a new history from any point on. Only a head kept elsewhere (a
//!   witness, a copy of `checkpoint`) shows it. Governed processes can do
//!   neither, as long as the directory is not visible in their sandbox; an
//!   unconfined process of the same user can do both.
//! - Records after the last signed head are linked, not signed: at most
//!   [`Options::checkpoint_every`], and until the writer ends.
//! - Bodies are redacted by the caller; the journal writes what it is given.
//! - The clock is the machine's; order is by place, not by time.
//! - After `fdatasync` fails once, the system may report later success for
//!   data that it dropped; the first failure is told, and denies the effect.
//! - Bodies are not encrypted at rest.
//! - On network file systems without `flock` and atomic rename nothing of this
//!   is promised.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice))]

pub mod error;
pub mod export;
mod head;
pub mod keep;
pub mod layout;
pub mod note;
pub mod projection;
pub mod read;
pub mod record;
mod secret_file;
mod synced;
mod time;
pub mod tree;
pub mod verify;
pub mod view;
pub mod writer;

pub use error::{Error, Result};
pub use head::health;
pub use secret_file::{private_directory, write_secret};
pub use time::Time;
pub use verify::{Known, verify};
pub use writer::{FileJournal, Options};
