//! The network, behind the address guard.
//!
//! [`dial`] is the only place of Palisade that opens a connection to a host
//! that somebody named. It resolves, has every answer judged, and connects to
//! a judged address and to nothing else.

pub mod dial;
pub mod proxy;
