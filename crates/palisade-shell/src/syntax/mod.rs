//! Shell text to syntax tree: one pass, one parse, no recovery.

pub mod tree;

use crate::span::Span;
use tree::Script;

/// The longest input that is analysed, in bytes.
pub const MAX_INPUT: usize = 64 * 1024;
/// How deep constructs may nest.
pub const MAX_NESTING: u32 = 64;
/// How many nodes (commands, words, parts) one input may have.
pub const MAX_NODES: u32 = 20_000;

/// What [`parse`] made of an input: the tree of everything read, and what
/// stopped it, if something did. After a problem the tree holds what came
/// before it, so that the worst already seen still counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What was read.
    pub script: Script,
    /// Why reading stopped early.
    pub problem: Option<Problem>,
    /// Zsh-only constructs seen (see [`tree::Part::Zsh`]), by position.
    pub zsh: Vec<Span>,
}

/// Why an input was not read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whether it is a budget rather than the syntax.
    pub over_budget: bool,
    /// What is wrong, in words.
    pub message: &'static str,
    /// Where.
    pub span: Span,
}
