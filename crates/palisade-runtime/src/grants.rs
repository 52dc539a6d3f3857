//! What an answer grants: the narrowest thing that covers the question.

use palisade_core::ports::Seconds;
use palisade_core::{Answer, Decision, Finding, Grant, GrantScope, Lifetime};

/// How long an `Always` lasts: 30 days.
pub const ALWAYS_LASTS: Seconds = 30 * 86_400;

/// The grants that `answer` to the question of `decision` makes: one for each
/// outstanding finding, for its rule, its program with exactly its arguments,
/// and its directory. `None` where one of them cannot be granted.
pub fn proposed(decision: &Decision, answer: Answer, now: Seconds) -> Option<Vec<Grant>> {
    let lifetime = match answer {
        Answer::Session => Lifetime::Session,
        Answer::Always => Lifetime::Until(Some(now.saturating_add(ALWAYS_LASTS))),
        Answer::Once | Answer::Deny => return Some(Vec::new()),
    };
    let mut grants: Vec<Grant> = Vec::new();
    for finding in decision.outstanding() {
        let grant = Grant { scope: scope(finding)?, lifetime };
        if !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    Some(grants)
}

/// Why nothing longer than "once" can be granted to `decision`, if so.
pub fn ungrantable(decision: &Decision) -> Option<&'static str> {
    decision.outstanding().find_map(|finding| match &finding.subject {
        None => Some("it is about the line as a whole, not about one command in it"),
        Some(subject) => subject.ungrantable,
    })
}

fn scope(finding: &Finding) -> Option<GrantScope> {
    let subject = finding.subject.as_ref().filter(|subject| subject.ungrantable.is_none())?;
    Some(GrantScope::Rule {
        rule: finding.rule.to_owned(),
        program: subject.program.clone(),
        arguments: subject.arguments.clone(),
        directory: subject.directory.clone(),
    })
}

/// The answer as one word, for records.
pub const fn word(answer: Answer) -> &'static str {
    match answer {
        Answer::Once => "once",
        Answer::Session => "session",
        Answer::Always => "always",
        Answer::Deny => "denied",
    }
}
