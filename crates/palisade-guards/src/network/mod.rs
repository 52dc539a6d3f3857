//! The address guard: which addresses may be fetched, and which of them may
//! be dialled.
//!
//! [`Target::parse`] reads an address once and judges all that can be said of
//! it without a connection; [`Target::hop`] does that for a redirect. What a
//! name resolves to is judged by [`Destination::vetted`], all answers at
//! once, and only what that returns may be dialled. A person's exceptions are
//! a [`Reach`]; the classes of addresses stand in one table of
//! [`classify`].
//!
//! Known gaps: names are judged by what they resolve to here, so that a proxy
//! which resolves them again (a `fake_ip` one) leads wherever it likes; a
//! public address may belong to the user's own machines; a public server may
//! fetch something private for whoever asks it.

mod address;
mod embedded;
mod names;
mod ports;
mod reach;
mod refusal;
mod target;

pub use address::{Class, classify};
pub use embedded::Nat64;
pub use reach::{Reach, WrongEntry};
pub use refusal::Refusal;
pub use target::{Destination, Hop, Host, MOST_HOPS, Target};
