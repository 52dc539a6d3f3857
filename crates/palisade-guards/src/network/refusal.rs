//! Why an address is not fetched.

use std::borrow::Cow;

use palisade_core::{Contained, Finding, RuleId, Severity, Span};

use crate::rules::Rule;

/// An address, a redirect or an answer that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The rule's id.
    pub rule: RuleId,
    /// Why, in words for a person.
    pub why: Cow<'static, str>,
    /// The address or destination that broke it.
    pub text: String,
    /// What to do instead.
    pub instead: &'static str,
}

impl Refusal {
    pub(super) fn new(rule: &'static Rule, why: Cow<'static, str>, text: &str) -> Self {
        Self { rule: rule.id, why, text: text.to_owned(), instead: rule.instead }
    }

    /// The same about an opened origin that a page from outside led to.
    pub(super) fn led_to_from_outside(self) -> Self {
        let why = format!("{}, and a redirect from another origin does not open it", self.why);
        Self { why: why.into(), instead: "Fetch that address itself.", ..self }
    }

    /// The refusal as a guard's finding about an input of that many bytes.
    pub fn finding(self, input: usize) -> Finding {
        Finding {
            rule: self.rule,
            severity: Severity::Dangerous,
            why: self.why,
            instead: self.instead,
            span: Span::new(0, u32::try_from(input).unwrap_or(u32::MAX)),
            text: self.text,
            subject: None,
            contained: Contained::No,
        }
    }
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "refused by {}: {}", self.rule, self.why)
    }
}
