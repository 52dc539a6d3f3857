//! The words, the judge and the permit.
//!
//! *Facts in, verdict out, permit spent.* A surface turns the outside into an
//! [`Action`]; guards look at it and return [`Finding`]s; [`judge`] turns the
//! findings, the posture and the grants into a [`Decision`]; only a decision
//! makes a [`Permit`], and only after its intent was written to the
//! [`Journal`](ports::Journal). Every effect takes a permit by value.
//!
//! What is absent here is the point: no IO, no clock, no environment, no
//! serialisation, no panic.

mod action;
pub mod fakes;
mod file;
mod finding;
mod judge;
mod later;
mod permit;
pub mod ports;

pub use action::{Action, Actor, Certainty, Command, FileUse, Object, Surface};
pub use file::{FileFacts, FileFault, FileKind, FileShown, FileSource, FileWork, Search};
pub use finding::{Contained, Finding, RuleId, Severity, Span, Subject};
pub use judge::{
    Answer, Decision, Grant, GrantScope, GrantUse, Lifetime, Posture, Unrecognised, Verdict, judge,
};
pub use later::{OBEYED_LATER, Obeyed, obeyed, obeyed_within};
pub use permit::{Confinement, NoPermit, Obligations, Permit};
