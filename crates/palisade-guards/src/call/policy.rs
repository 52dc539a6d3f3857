//! What a profile says of a call, as findings.

use std::collections::BTreeMap;

use palisade_core::{Finding, Severity, Span, Subject};

use super::evaluate::Answer;
use super::expression::Expression;
use super::glob::Glob;
use super::json::Unreadable;
use super::value::Value;
use crate::rules::{self, Rule};

/// What a rule of a profile says where it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stance {
    /// The tool is known and may be called so; other rules still apply.
    Allow,
    /// A person decides.
    Ask,
    /// Never.
    Deny,
}

/// What happens to a tool of which nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unknown {
    /// A person decides.
    #[default]
    Ask,
    /// It is refused.
    Deny,
    /// It is called.
    Allow,
}

/// How often a rule's calls may be made; attempts count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limit {
    /// In a session.
    pub per_session: Option<u64>,
    /// In any 60 seconds.
    pub per_minute: Option<u64>,
    /// In any 3600 seconds.
    pub per_hour: Option<u64>,
}

/// One rule of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolRule {
    /// The tools it is about: a glob over the tool's name, or over
    /// `server/tool` where it holds a `/`.
    pub tool: Glob,
    /// Under which condition; always where there is none.
    pub when: Option<Expression>,
    /// What then happens.
    pub stance: Stance,
    /// Why, for a person.
    pub why: String,
    /// What to do instead; may be empty.
    pub instead: String,
    /// Only past this limit.
    pub limit: Option<Limit>,
}

/// All that a profile says of calls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Its rules, in order; the strictest that holds wins.
    pub rules: Vec<ToolRule>,
    /// Tools that are never called.
    pub deny: Vec<Glob>,
    /// What happens to the others.
    pub unknown: Unknown,
}

/// How a tool stands before its arguments are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has said anything of it.
    Unknown,
    /// Its definition was approved, or its client's tools are all understood.
    Known,
    /// The same, and it says of itself that it destroys.
    Destructive,
    /// Its definition is not the one that was approved.
    Changed,
    /// The settings of its server do not offer it.
    Denied,
}

/// One call.
#[derive(Debug)]
pub struct Call<'a> {
    /// The server that has the tool, where it is one of MCP.
    pub server: Option<&'a str>,
    /// The tool, as the server or client names it.
    pub tool: &'a str,
    /// Its arguments.
    pub arguments: Result<&'a Value, &'a Unreadable>,
    /// The call in words, for findings.
    pub text: &'a str,
    /// Where.
    pub cwd: &'a str,
    /// How the tool stands.
    pub standing: Standing,
}

/// How often the calls of each limited rule were made before this one, by
/// [`ToolRule::key`].
pub type Counts = BTreeMap<String, Limit>;

impl ToolRule {
    /// Whether it is about this tool. A rule that allows names it exactly; one
    /// that refuses is not passed by another case.
    fn is_about(&self, call: &Call<'_>) -> bool {
        is_named(&self.tool, call, self.stance != Stance::Allow)
    }

    /// What its calls are counted under: another condition counts anew.
    pub fn key(&self) -> String {
        let when = self.when.as_ref().map_or("", Expression::text);
        format!("{} when {when}", self.tool.text())
    }

    fn answer(&self, call: &Call<'_>) -> Answer {
        match (&self.when, call.arguments) {
            (None, _) => Answer::Yes,
            (Some(when), Ok(arguments)) => when.answer(arguments),
            (Some(_), Err(error)) => Answer::Unknown(error.to_string()),
        }
    }

    fn reason(&self) -> String {
        match (self.why.is_empty(), self.instead.is_empty()) {
            (true, _) => format!("the profile has a rule for `{}`", self.tool.text()),
            (false, true) => self.why.clone(),
            (false, false) => format!("{}; instead: {}", self.why, self.instead),
        }
    }
}

fn is_named(glob: &Glob, call: &Call<'_>, any_case: bool) -> bool {
    let matches =
        |name: &str| if any_case { glob.matches_any_case(name) } else { glob.matches(name) };
    let whole = call.server.map(|server| format!("{server}/{}", call.tool));
    match (glob.text().contains('/'), whole) {
        (true, Some(whole)) => matches(&whole),
        // `server__tool` is how a gateway and some clients write it.
        (false, Some(whole)) => matches(call.tool) || matches(&whole.replacen('/', "__", 1)),
        (_, None) => matches(call.tool),
    }
}

impl Policy {
    /// The rules with a limit that count this call.
    pub fn counted<'p>(&'p self, call: &Call<'_>) -> Vec<&'p ToolRule> {
        let counts = |rule: &&ToolRule| {
            rule.limit.is_some() && rule.is_about(call) && rule.answer(call) != Answer::No
        };
        self.rules.iter().filter(counts).collect()
    }

    /// Whether any rule is about a tool.
    pub fn speaks_of(&self, server: Option<&str>, tool: &str) -> bool {
        let call = Call {
            server,
            tool,
            arguments: Ok(&Value::Null),
            text: "",
            cwd: "",
            standing: Standing::Known,
        };
        self.rules.iter().any(|rule| rule.is_about(&call)) || self.denies(server, tool)
    }

    /// Whether a tool is never called, whatever its arguments.
    pub fn denies(&self, server: Option<&str>, tool: &str) -> bool {
        let call = Call {
            server,
            tool,
            arguments: Ok(&Value::Null),
            text: "",
            cwd: "",
            standing: Standing::Known,
        };
        let always = |rule: &ToolRule| {
            rule.stance == Stance::Deny
                && rule.when.is_none()
                && rule.limit.is_none()
                && rule.is_about(&call)
        };
        self.deny.iter().any(|glob| is_named(glob, &call, true)) || self.rules.iter().any(always)
    }
}

/// What there is to say of a call.
pub fn findings(call: &Call<'_>, policy: &Policy, counts: &Counts) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Err(error) = call.arguments {
        found.push(finding(&rules::TOOL_UNREADABLE, call, Some(error.to_string())));
    }
    let denied = call.standing == Standing::Denied;
    if denied || policy.deny.iter().any(|glob| is_named(glob, call, true)) {
        found.push(finding(&rules::TOOL_DENIED, call, None));
    }
    let mut allowed = false;
    for rule in policy.rules.iter().filter(|rule| rule.is_about(call)) {
        let answer = rule.answer(call);
        if let Some(limit) = rule.limit {
            let used = counts.get(&rule.key()).copied().unwrap_or_default();
            if answer != Answer::No
                && let Some(what) = exceeded(limit, used)
            {
                let why = format!("{}: {what}", rule.reason());
                found.push(match rule.stance {
                    Stance::Deny | Stance::Allow => finding(&rules::TOOL_LIMIT, call, Some(why)),
                    Stance::Ask => finding(&rules::TOOL_ASK, call, Some(why)),
                });
            }
            continue;
        }
        match (rule.stance, answer) {
            (_, Answer::No) | (Stance::Allow, Answer::Unknown(_)) => {}
            (Stance::Allow, Answer::Yes) => allowed = true,
            (Stance::Ask, Answer::Yes) => {
                found.push(finding(&rules::TOOL_ASK, call, Some(rule.reason())));
            }
            (Stance::Deny, Answer::Yes) => {
                found.push(finding(&rules::TOOL_ARGUMENT, call, Some(rule.reason())));
            }
            (Stance::Ask | Stance::Deny, Answer::Unknown(why)) => {
                let when = rule.when.as_ref().map_or("", Expression::text);
                let why =
                    format!("whether `{when}` holds cannot be said: {why} ({})", rule.reason());
                found.push(finding(&rules::TOOL_UNCERTAIN, call, Some(why)));
            }
        }
    }
    if call.standing == Standing::Changed {
        found.push(finding(&rules::TOOL_CHANGED, call, None));
        return found;
    }
    match (call.standing, policy.unknown) {
        _ if allowed => {}
        (Standing::Changed | Standing::Denied, _) => {}
        (Standing::Known, _) | (Standing::Unknown, Unknown::Allow) => {}
        (Standing::Unknown, Unknown::Deny) => found.push(finding(
            &rules::TOOL_DENIED,
            call,
            Some("nothing is known of this tool, and the profile denies such tools".into()),
        )),
        (Standing::Unknown, Unknown::Ask) => found.push(finding(&rules::TOOL_UNKNOWN, call, None)),
        (Standing::Destructive, _) => found.push(finding(&rules::TOOL_DESTRUCTIVE, call, None)),
    }
    found
}

fn exceeded(limit: Limit, used: Limit) -> Option<String> {
    let past = |limit: Option<u64>, used: Option<u64>, what: &str| {
        let (limit, used) = (limit?, used.unwrap_or(0));
        (used >= limit).then(|| format!("{used} of {limit} calls {what} were made"))
    };
    past(limit.per_session, used.per_session, "of this session")
        .or_else(|| past(limit.per_minute, used.per_minute, "of this minute"))
        .or_else(|| past(limit.per_hour, used.per_hour, "of this hour"))
}

/// A finding of `rule`. What is approved for a tool that is unknown or
/// destructive is the tool; what a condition asks about is approved for
/// exactly these arguments.
fn finding(rule: &'static Rule, call: &Call<'_>, why: Option<String>) -> Finding {
    let whole_tool = rule.id == rules::TOOL_UNKNOWN.id || rule.id == rules::TOOL_DESTRUCTIVE.id;
    let arguments = match call.arguments {
        Ok(arguments) if !whole_tool => vec![arguments.to_canonical_json()],
        _ => Vec::new(),
    };
    let program = match call.server {
        Some(server) => format!("{server}/{}", call.tool),
        None => call.tool.to_owned(),
    };
    Finding {
        rule: rule.id,
        severity: rule.severity,
        why: why.map_or(rule.why.into(), Into::into),
        instead: rule.instead,
        span: Span::new(0, call.text.len().try_into().unwrap_or(u32::MAX)),
        text: call.text.to_owned(),
        subject: (rule.severity < Severity::Dangerous).then(|| Subject {
            program,
            arguments,
            directory: call.cwd.to_owned(),
            ungrantable: None,
            every_time: false,
        }),
        contained: rule.contained,
    }
}
