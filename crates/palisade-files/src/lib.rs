//! File tools whose verdict is about an open handle, and whose effect uses
//! that handle and never the path again.
//!
//! [`Files::open`](palisade_core::ports::FileTools::open) turns a path into an
//! open object and says what is known of it; nothing is changed, and nothing
//! that is not a plain file or a directory is opened in a way that it would
//! notice. A guard judges the facts. The effect takes the permit by value,
//! refuses one that is not for this object, and reads, lists, searches or
//! replaces through the handle.
//!
//! - Symbolic links are followed, because people use them; what counts is
//!   where they lead. Links of `/proc` to open files and processes are not.
//! - Every name of the object that can be known is a fact: where the kernel
//!   says it is, the same place through other mounts, and the protected file
//!   that a hard link leads to.
//! - A file is replaced whole: a temporary file in the same directory handle
//!   is filled, synced and exchanged with the old one, and the exchange is
//!   undone where what comes out is not the judged object.
//!
//! **Known gaps.** Whoever may write a directory can still change what lies
//! there, before and after. Hard links to secrets in places that no table
//! names are not known. On systems without openat2 the path is walked with
//! one handle for each component, which is slower and as strict. A crash
//! between the exchange and the clean-up leaves `.palisade-*.tmp` (0600)
//! behind.
#![cfg(unix)]

mod edit;
mod fault;
mod ground;
mod lines;
mod list;
mod mounts;
mod opened;
mod protected;
mod read;
mod replace;
mod resolve;
mod search;
mod status;

pub use ground::{Files, Limits};
