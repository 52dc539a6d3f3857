//! Addresses to fetch, judged.

use std::panic::{AssertUnwindSafe, catch_unwind};

use palisade_core::{Action, Contained, Finding, Posture, Severity, Span, judge};
use palisade_guards::network::Target;
use palisade_guards::{rules, taint};
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
        Ok(Ok(target)) => {
            let (url, host) = (target.url(), target.destination().host().to_string());
            let found = taint::of_fetch(url, &host, carried(&target), cwd, &at.exposure());
            (url.to_owned(), found.into_iter().collect())
        }
        Ok(Err(refusal)) => (url.to_owned(), vec![refusal.finding(url.len())]),
        Err(_) => (url.to_owned(), vec![failed(url)]),
    };
    let action = Action::Fetch { url: url.clone(), cwd: cwd.to_owned() };
    // A fetch is done outside the sandbox, so none makes it harmless.
    let posture = Posture { confined: false, ..at.posture };
    let decision = judge(action, findings, posture, at.grants, None, at.now);
    Judged { decision, analysis: Analysis::default(), text: url }
}

/// How many bytes an address carries beyond what names a page: all of its
/// query, and a path past the length that pages have.
fn carried(target: &Target) -> usize {
    const LONGEST_NAME: usize = 128;
    let whole = target.path_and_query();
    let (path, query) = whole.split_once('?').unwrap_or((&whole, ""));
    query.len() + path.len().saturating_sub(LONGEST_NAME)
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
