//! What a guard says about an action.

use std::borrow::Cow;

/// What an action *is*, by the worst thing found in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Severity {
    /// Everything in it was understood and nothing in it is worth a question.
    #[default]
    Safe,
    /// A person should look at it first.
    Caution,
    /// Refused always; not even asked.
    Dangerous,
}

impl Severity {
    /// The word used in JSON, specs and messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Caution => "caution",
            Self::Dangerous => "dangerous",
        }
    }
}

/// A rule's one name: the journal's entry, the policy file's key, the spec's
/// heading and the manual's anchor are this same text (`group/name`).
pub type RuleId = &'static str;

/// A half-open range of bytes in the input, `from..to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub from: u32,
    /// One past the last byte.
    pub to: u32,
}

impl Span {
    /// A span of `from..to`; a reversed one becomes empty at `from`.
    pub const fn new(from: u32, to: u32) -> Self {
        Self { from, to: if to < from { from } else { to } }
    }

    /// The text under this span, or nothing where it does not fit `input`.
    pub fn of(self, input: &str) -> &str {
        input.get(self.from as usize..self.to as usize).unwrap_or("")
    }
}

/// Whether an enforced sandbox already makes the found effect harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Contained {
    /// The effect is as harmful inside as outside (deleting the workspace).
    #[default]
    No,
    /// The sandbox refuses or confines this effect, so nobody need be asked.
    Yes,
    /// As `Yes`, provided that the sandbox has no network.
    WithoutNetwork,
    /// Nothing harmful was seen, the action was only not understood; the
    /// profile key `tools.terminal.approval.unrecognised` decides.
    Unrecognised,
}

/// The simple command that a finding is about, as it would be executed: what
/// a grant binds to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The program, as it would be executed: a wrapper where the rule is about
    /// that, with what it runs as its arguments.
    pub program: String,
    /// Its arguments, evaluated.
    pub arguments: Vec<String>,
    /// Where it would run.
    pub directory: String,
    /// Why nothing narrower than "once" or "session" can be granted, if so:
    /// shells, interpreters, wrappers and words that are not known.
    pub ungrantable: Option<&'static str>,
    /// Whether it is asked every time, whatever was approved, also by hand.
    pub every_time: bool,
}

/// One rule's word on one part of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub rule: RuleId,
    /// How bad.
    pub severity: Severity,
    /// Why, in words for a person.
    pub why: Cow<'static, str>,
    /// What to do instead; empty where there is nothing better to say.
    pub instead: &'static str,
    /// Where in the input.
    pub span: Span,
    /// The decoded command or the text that the rule saw.
    pub text: String,
    /// What a grant for this finding would bind to.
    pub subject: Option<Subject>,
    /// Whether a sandbox makes it harmless.
    pub contained: Contained,
}
