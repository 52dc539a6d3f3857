//! MCP behind Palisade.
//!
//! [`wrap`] passes one server through but for policy, [`gateway`] puts the
//! servers of a profile behind one connection. Processes, terminals and the
//! approval queue are reached through ports; threads, one for each call that
//! is in flight, are all the concurrency there is.

mod clean;
mod dispatch;
mod front;
mod gate;
pub mod gateway;
pub mod http;
mod lines;
mod message;
mod offer;
pub mod pins;
mod served;
mod tools;
mod upstream;
pub mod wrap;

pub use dispatch::{Handler, serve};
pub use front::{Call, Front, Sink};
pub use gate::{Books, Elsewhere, Gate, Waits, refusal};
pub use tools::{Captured, Question, Terminal, Tools, Web};
pub use upstream::{Running, Spec, Start};
