//! Text from outside as specs write it.

use palisade_core::{Action, Decision, Finding, judge};
use palisade_guards::content::{Kind, Redactor, examine};
use palisade_guards::rules::rule;

use super::Setting;

/// What is found in text from outside, in the form of a decision. In force it is
/// none: what is found is noted, and `ask` here is the exit code 3 of
/// `palisade scan`.
pub fn judged(text: &str, setting: &Setting) -> Decision {
    let kind = if text.starts_with('<') { Kind::Html } else { Kind::Text };
    let findings = examine(text, kind, &Redactor::new(&[]))
        .into_iter()
        .filter_map(|hit| {
            let rule = rule(hit.rule)?;
            Some(Finding {
                rule: rule.id,
                severity: rule.severity,
                why: rule.why.into(),
                instead: rule.instead,
                span: hit.span,
                text: hit.decoded.unwrap_or_default(),
                subject: None,
                contained: rule.contained,
            })
        })
        .collect();
    let action = Action::Fetch { url: String::new(), cwd: setting.cwd.clone() };
    judge(action, findings, setting.posture, &[], None, 0)
}
