//! Refusals in words for a model: which rule, why, and what to do instead.

use palisade_core::Decision;
use palisade_guards::content::reveal;

/// So many findings are named.
const MOST: usize = 3;
/// A refusal is no longer than this, in characters.
const LONGEST: usize = 900;

/// Why `decisions`, which are of what is never done, keep a call from
/// happening.
pub(super) fn refusal(decisions: &[&Decision]) -> String {
    let end =
        "This is never done for an agent. The person can do it outside, if it is really wanted.";
    sentence("Palisade refused this.", decisions, end)
}

/// Why a person is asked.
pub(super) fn question(decisions: &[&Decision]) -> String {
    sentence("Palisade asks before this is done.", decisions, "")
}

/// After a person, or the time, said no.
pub(super) fn declined(decisions: &[&Decision], end: &str) -> String {
    sentence("Palisade refused this.", decisions, end)
}

/// Nobody was there to be asked, and these requests lie in the queue.
pub(super) fn left_for_later(ids: &[String]) -> String {
    let (what, one) = if ids.len() == 1 { ("request", "it") } else { ("requests", "all of them") };
    format!(
        "A person may allow it, but nobody was there to be asked: it is left as {what} {}. Go on with something else, \
         or tell the person to look at `palisade approvals`; once they have allowed {one}, exactly this passes, once.",
        ids.join(", ")
    )
}

fn sentence(begin: &str, decisions: &[&Decision], end: &str) -> String {
    let mut text = begin.to_owned();
    let mut named: Vec<&str> = Vec::new();
    let worst = decisions.iter().map(|decision| decision.severity()).max().unwrap_or_default();
    let findings = decisions.iter().flat_map(|decision| decision.outstanding());
    for finding in findings.filter(|finding| finding.severity == worst) {
        if named.len() == MOST || named.contains(&finding.rule) {
            continue;
        }
        named.push(finding.rule);
        let why = reveal(&finding.why);
        let stop = if why.ends_with('.') { "" } else { "." };
        text.push_str(&format!(" Rule {}: {why}{stop}", finding.rule));
        if !finding.instead.is_empty() {
            text.push_str(&format!(" Instead: {}", finding.instead));
        }
    }
    let mut text: String = text.chars().take(LONGEST).collect();
    if !end.is_empty() {
        text.push(' ');
        text.push_str(end);
    }
    text
}
