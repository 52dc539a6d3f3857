//! Shell text to syntax tree to abstract values to effects, in one pass over
//! one parse. No IO, no clock, no environment, no unsafe, no panic.

pub mod programs;
mod span;
pub mod syntax;

pub use span::Span;
