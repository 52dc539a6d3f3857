//! The network against servers of one's own and scripted names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod client;
mod credential;
mod dial;
mod proxy;
mod server;
mod soup;
