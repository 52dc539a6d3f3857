//! Addresses to fetch, judged.

use std::panic::{AssertUnwindSafe, catch_unwind};

use palisade_core::{Action, Contained, Finding, Severity, Span, judge};
use palisade_guards::network::Target;
use palisade_guards::rules;
use palisade_shell::Analysis;

use crate::pipeline::{Circumstances, Judged};

/// Judges all of an address that can be judged without a connection. What its
/// name resolves to, and where it redirects to, is judged by whoever spends
/// the permit, before anything is dialled.
pub fn judge_fetch(url: &str, cwd: &str, at: &Circumstances<'_>) -> Judged {
    let reach = at.profile.config.tools.fetch.reach();
    // Whoever judges and fails has not allowed anything.
    let seen = catch_unwind(AssertUnwindSafe(|| Target::parse(url, &reach)));
    let (url, findings) = match seen {
        Ok(Ok(target)) => (target.url().to_owned(), Vec::new()),
        Ok(Err(refusal)) => (url.to_owned(), vec![refusal.finding(url.len())]),
        Err(_) => (url.to_owned(), vec![failed(url)]),
    };
    let action = Action::Fetch { url: url.clone(), cwd: cwd.to_owned() };
    let decision = judge(action, findings, at.posture, at.grants, None, at.now);
    Judged { decision, analysis: Analysis::default(), text: url }
}

/// The finding where the judging itself failed.
fn failed(url: &str) -> Finding {
    let rule = &rules::FETCH_MALFORMED;
    Finding {
        rule: rule.id,
        severity: Severity::Dangerous,
        why: "Palisade failed while it read this address, so nothing is known of it".into(),
        instead: rule.instead,
        span: Span::new(0, url.len().try_into().unwrap_or(u32::MAX)),
        text: url.to_owned(),
        subject: None,
        contained: Contained::No,
    }
}
