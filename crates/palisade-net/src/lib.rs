//! The network, behind the address guard.
//!
//! [`dial`] is the only place of Palisade that opens a connection to a host
//! that somebody named. It resolves, has every answer judged, and connects to
//! a judged address and to nothing else. [`Client`] fetches pages over it,
//! with limits on everything that a server could make endless; [`follow`] is
//! its way from redirect to redirect; [`extract`] makes readable text of a
//! page.

mod client;
mod decode;
pub mod dial;
mod error;
pub mod extract;
mod follow;
mod media;
pub mod proxy;

pub use client::{Client, Failed, Limits, Page, trusting};
pub use error::FetchError;
pub use follow::{Answer, Exchange, Step, follow};
