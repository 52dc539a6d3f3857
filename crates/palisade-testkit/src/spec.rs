//! Specs: Markdown that runs.
//!
//! A heading that is a rule's id opens that rule's section. In blocks fenced
//! as `spec`, a line is an expected verdict and a command:
//!
//! ```text
//! cwd: /                         for the rest of the block
//! posture: confined              for the rest of the block
//! about: file                    what the lines are, for the rest of the block
//! deny  rm -rf /
//! ask[delete/tree]  rm -rf build
//! allow  json "cat <<X\nhi\nX"   a command of several lines
//! ```
//!
//! In a rule's section, what is asked or denied must be so by that rule, and
//! what is allowed must not raise it, unless a line names another rule. What
//! the lines of a section are (commands, addresses, paths, text) is what its
//! rule is about.

use std::fmt;
use std::path::{Path, PathBuf};

use palisade_core::Verdict;

use palisade_guards::rules::About;

use crate::judged::{Setting, judged_as, posture};

/// One expectation.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// The file, from the root of the repository.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The verdict that is expected.
    pub verdict: Verdict,
    /// The rule that the section or the line is about.
    pub rule: Option<String>,
    /// What the line is, where the block says so; else the rule does.
    pub about: Option<About>,
    /// The command.
    pub command: String,
    /// Where and how it is judged.
    pub setting: Setting,
}

/// An expectation that does not hold.
pub struct Failure {
    /// What was expected.
    pub expectation: Expectation,
    /// What was found.
    pub found: Verdict,
    /// By which rules.
    pub rules: Vec<&'static str>,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Expectation { file, line, verdict, rule, command, .. } = &self.expectation;
        write!(out, "{}:{line}: {}", file.display(), verdict.word())?;
        if let Some(rule) = rule {
            write!(out, "[{rule}]")?;
        }
        write!(out, " {command:?}: found {} {:?}", self.found.word(), self.rules)
    }
}

/// A file of specs.
#[derive(Debug, Default)]
pub struct Spec {
    /// The headings, in order.
    pub headings: Vec<String>,
    /// The expectations, in order.
    pub expectations: Vec<Expectation>,
}

/// Reads a file of specs.
///
/// # Errors
/// The line that cannot be read, in words.
pub fn parse(file: &Path, text: &str) -> Result<Spec, String> {
    let mut spec = Spec::default();
    let mut section = None;
    let mut setting: Option<Setting> = None;
    let mut about = None;
    for (number, line) in (1..).zip(text.lines()) {
        let stop = |what: &str| Err(format!("{}:{number}: {what}: {line}", file.display()));
        let Some(within) = setting.as_mut() else {
            if line.trim() == "```spec" {
                about = None;
                setting = Some(Setting::default());
            } else if let Some(heading) = line.strip_prefix('#') {
                let heading = heading.trim_start_matches('#').trim().to_owned();
                section = rule_id(&heading).then(|| heading.clone());
                spec.headings.push(heading);
            }
            continue;
        };
        if line.trim() == "```" {
            setting = None;
        } else if let Some(cwd) = line.strip_prefix("cwd:") {
            within.cwd = cwd.trim().to_owned();
        } else if let Some(name) = line.strip_prefix("posture:") {
            match posture(name.trim()) {
                Some(posture) => within.posture = posture,
                None => return stop("an unknown posture"),
            }
        } else if let Some(name) = line.strip_prefix("about:") {
            about = match name.trim() {
                "command" => Some(About::Command),
                "file" => Some(About::File),
                "url" => Some(About::Url),
                "content" => Some(About::Content),
                "session" => Some(About::Session),
                "call" => Some(About::Call),
                _ => return stop("about something unknown"),
            };
        } else if !line.trim().is_empty() {
            let Some((verdict, rule, command)) = expectation(line) else {
                return stop("not `verdict  command`");
            };
            spec.expectations.push(Expectation {
                file: file.to_owned(),
                line: number,
                verdict,
                rule: rule.or_else(|| section.clone()),
                about,
                command,
                setting: within.clone(),
            });
        }
    }
    if setting.is_some() {
        return Err(format!("{}: a block is not closed", file.display()));
    }
    Ok(spec)
}

/// Whether a heading is a rule's id rather than prose.
pub fn rule_id(heading: &str) -> bool {
    heading.split_once('/').is_some_and(|(group, name)| {
        !group.is_empty()
            && !name.is_empty()
            && heading.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-/".contains(&byte)
            })
    })
}

fn expectation(line: &str) -> Option<(Verdict, Option<String>, String)> {
    let (head, command) = line.split_once(char::is_whitespace)?;
    let (word, rule) = match head.split_once('[') {
        Some((word, rule)) => (word, Some(rule.strip_suffix(']')?.to_owned())),
        None => (head, None),
    };
    let verdict = match word {
        "allow" => Verdict::Allow,
        "ask" => Verdict::Ask,
        "deny" => Verdict::Deny,
        _ => return None,
    };
    let command = command.trim_start();
    let command = match command.strip_prefix("json ") {
        Some(quoted) if quoted.starts_with('"') => unescape(quoted)?,
        _ => command.to_owned(),
    };
    (!command.is_empty()).then_some((verdict, rule, command))
}

/// A JSON string's text.
fn unescape(quoted: &str) -> Option<String> {
    let mut text = String::new();
    let mut letters = quoted.strip_prefix('"')?.strip_suffix('"')?.chars();
    while let Some(letter) = letters.next() {
        text.push(match letter {
            '"' => return None,
            '\\' => match letters.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'u' => {
                    let digits: String = letters.by_ref().take(4).collect();
                    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
                }
                other @ ('"' | '\\' | '/') => other,
                _ => return None,
            },
            other => other,
        });
    }
    Some(text)
}

/// Checks one expectation.
pub fn check(expectation: &Expectation) -> Option<Failure> {
    let by_rule = || {
        let rule = expectation.rule.as_deref().and_then(palisade_guards::rules::rule)?;
        Some(rule.about)
    };
    let about = expectation.about.or_else(by_rule).unwrap_or(About::Command);
    let decision = judged_as(about, &expectation.command, &expectation.setting);
    let (found, rules) = (decision.verdict(), decision.rules());
    let raised = |rule: &String| rules.contains(&rule.as_str());
    let rule_holds = match (&expectation.rule, expectation.verdict) {
        (None, _) => true,
        // A safe rule may be raised and still allow.
        (Some(rule), Verdict::Allow) => {
            !raised(rule)
                || palisade_guards::rules::rule(rule)
                    .is_some_and(|rule| rule.severity == palisade_core::Severity::Safe)
                || expectation.setting.posture.confined
        }
        (Some(rule), Verdict::Ask | Verdict::Deny) => raised(rule),
    };
    (found != expectation.verdict || !rule_holds).then(|| Failure {
        expectation: expectation.clone(),
        found,
        rules,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        assert_eq!(expectation("deny  rm -rf /"), Some((Verdict::Deny, None, "rm -rf /".into())));
        assert_eq!(
            expectation("ask[a/b] json \"x\\ny \\\"z\\\"\""),
            Some((Verdict::Ask, Some("a/b".into()), "x\ny \"z\"".into()))
        );
        assert_eq!(expectation("maybe x"), None);
        assert_eq!(expectation("allow"), None);
    }

    #[test]
    fn sections_give_the_rule() {
        let text = "# delete/root\nWhy.\n```spec\ncwd: /\ndeny x\nallow[a/b] y\n```\n# Prose\n```spec\nask z\n```\n";
        let spec = parse(Path::new("x.md"), text).unwrap();
        let rules: Vec<_> = spec.expectations.iter().map(|one| one.rule.as_deref()).collect();
        assert_eq!(rules, [Some("delete/root"), Some("a/b"), None]);
        assert_eq!(spec.expectations[0].setting.cwd, "/");
        assert_eq!(spec.expectations[2].line, 10);
        assert!(parse(Path::new("x.md"), "```spec\nhm\n```").is_err());
    }
}
