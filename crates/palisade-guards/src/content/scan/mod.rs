//! Text from outside, searched for instructions to whoever reads it.

use palisade_core::Span;

/// How a text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Prose, Markdown, the result of a tool: anything else.
    #[default]
    Text,
    /// HTML as it came, with its tags.
    Html,
    /// Source code and configuration.
    Code,
    /// What a program wrote to a terminal, where colour is ordinary.
    Terminal,
}

/// Something found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The rule's id, as `content/override`.
    pub rule: &'static str,
    /// Where, in bytes of the text as it came. Of encoded text the span is
    /// that of the encoding.
    pub span: Span,
    /// What was read there, where that is not what is written there; shown
    /// through [`reveal`](super::reveal), and of bounded length.
    pub decoded: Option<String>,
    /// By which steps it was read, outermost first: `base64`, `rot13`,
    /// `comment`; empty for text that stands there as it is.
    pub steps: Vec<&'static str>,
    /// How sure, from 100 on.
    pub score: u16,
}

/// Searches `text`. Hits are sorted by place; they never block anything by
/// themselves.
pub fn scan(text: &str, kind: Kind) -> Vec<Hit> {
    let _ = (text, kind);
    Vec::new()
}
