//! Outside formats to our words and back.
//!
//! [`clients`] holds one file for each agent client whose hooks are
//! understood: its table of tools, what its payloads look like, and the form
//! of its answers. Everything that comes in is read by [`Json::parse`], which
//! has bounds and refuses what two readers could read in two ways, and becomes
//! one [`Call`]. Nothing here decides.

mod call;
mod client;
pub mod clients;
mod json;
mod patch;
mod shape;

pub use call::{Call, Event, Malformed, Payload, Use};
pub use client::{Client, Support, Tested};
pub use json::{Json, LARGEST};
pub use shape::Shape;
