//! `tools.rules`, `tools.lists`: read from YAML, compiled once, with their
//! examples held to.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use palisade_guards::call::{
    Answer, Expression, Flaw, Glob, Limit, Lists, Number, Policy, Stance, ToolRule, Unknown, Value,
};
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::{Location, Spanned};

use super::Tools;
use crate::Fault;

/// No limit over a time may be larger: so many moments are remembered.
pub const MOST_IN_TIME: u64 = 4096;

/// One entry of `tools.rules`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A glob over the tool's name, or over `server/tool`.
    pub tool: Spanned<String>,
    /// Under which condition.
    #[serde(default)]
    pub when: Option<Spanned<String>>,
    /// What then happens.
    #[serde(default)]
    pub verdict: Option<StanceKey>,
    /// Why.
    #[serde(default)]
    pub why: String,
    /// What to do instead.
    #[serde(default)]
    pub instead: String,
    /// How often it may be called.
    #[serde(default)]
    pub limit: Option<Spanned<LimitKeys>>,
    /// Arguments for which the condition holds.
    #[serde(default)]
    pub matches: Vec<Spanned<Plain>>,
    /// Arguments for which it does not.
    #[serde(default)]
    pub spares: Vec<Spanned<Plain>>,
}

/// `tools.rules[].verdict`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StanceKey {
    /// The tool is known and may be called so.
    Allow,
    /// A person decides.
    Ask,
    /// Never.
    Deny,
}

/// `tools.rules[].limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitKeys {
    /// In a session.
    #[serde(default)]
    pub per_session: Option<u64>,
    /// In any 60 seconds.
    #[serde(default)]
    pub per_minute: Option<u64>,
    /// In any 3600 seconds.
    #[serde(default)]
    pub per_hour: Option<u64>,
}

/// `tools.unknown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownTool {
    /// A person decides.
    #[default]
    Ask,
    /// It is refused.
    Deny,
    /// It is called.
    Allow,
}

/// Any plain value of YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plain(pub Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a plain value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        number(&value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        number(&value.to_string())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Plain(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut entries: Vec<(String, Value)> = Vec::new();
        while let Some((key, Plain(value))) = items.next_entry::<String, Plain>()? {
            if entries.iter().any(|(known, _)| *known == key) {
                return Err(A::Error::custom(format!("the key `{key}` stands here twice")));
            }
            entries.push((key, value));
        }
        Ok(Value::Map(entries))
    }
}

fn number<E: serde::de::Error>(text: &str) -> Result<Value, E> {
    let number = Number::parse(text).ok_or_else(|| E::custom("expected a finite number"))?;
    Ok(Value::Number(number))
}

/// What the configuration says of calls, understood. `text` is the file's, to
/// say where in it something is wrong.
///
/// # Errors
/// The first condition that cannot be read, and the first example that does
/// not hold.
pub fn calls(path: &Path, text: &str, tools: &Tools) -> Result<Policy, Fault> {
    let lists = lists(path, &tools.lists)?;
    let rules = tools.rules.iter().map(|rule| compiled(path, text, rule, &lists));
    Ok(Policy {
        rules: rules.collect::<Result<_, _>>()?,
        deny: tools.deny.iter().map(|name| Glob::new(name)).collect(),
        unknown: match tools.unknown {
            UnknownTool::Ask => Unknown::Ask,
            UnknownTool::Deny => Unknown::Deny,
            UnknownTool::Allow => Unknown::Allow,
        },
    })
}

fn lists(path: &Path, lists: &BTreeMap<String, Vec<Spanned<Plain>>>) -> Result<Lists, Fault> {
    let mut known = Lists::new();
    for (name, values) in lists {
        let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
        let begins = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
        if !begins || !name.chars().all(word) || name == "args" {
            let at = values.first().map(|value| value.defined);
            let message = format!("`{}` cannot be the name of a list", name.escape_debug());
            return Err(fault(path, at, message, Some("use letters, digits, `_` and `-`".into())));
        }
        for value in values {
            if matches!(value.value.0, Value::List(_) | Value::Map(_) | Value::Null) {
                let message = format!("the list `{name}` holds {}", value.value.0.kind());
                let help = "a list holds texts, numbers, true and false".into();
                return Err(fault(path, Some(value.defined), message, Some(help)));
            }
        }
        known.insert(name.clone(), values.iter().map(|value| value.value.0.clone()).collect());
    }
    Ok(known)
}

fn compiled(path: &Path, text: &str, rule: &Rule, lists: &Lists) -> Result<ToolRule, Fault> {
    let when = match &rule.when {
        Some(when) => {
            let read = Expression::parse(&when.value, lists);
            Some(read.map_err(|flaw| within(path, text, when, flaw))?)
        }
        None => None,
    };
    let name = &rule.tool;
    if name.value.trim().is_empty() {
        return Err(fault(
            path,
            Some(name.defined),
            "a rule must name a tool".into(),
            Some("`*` is every tool".into()),
        ));
    }
    if let Some(limit) = &rule.limit {
        let LimitKeys { per_session, per_minute, per_hour } = limit.value;
        if per_session.or(per_minute).or(per_hour).is_none() {
            let help = "as `limit: {per_session: 10}`; also `per_minute`, `per_hour`".into();
            return Err(fault(
                path,
                Some(limit.defined),
                "this limit limits nothing".into(),
                Some(help),
            ));
        }
        if per_minute.max(per_hour).is_some_and(|most| most > MOST_IN_TIME) {
            let message = format!("a limit over a time is at most {MOST_IN_TIME}");
            return Err(fault(path, Some(limit.defined), message, None));
        }
    }
    // A rule that names neither a verdict nor a limit denies.
    let stance = match rule.verdict.unwrap_or(StanceKey::Deny) {
        StanceKey::Allow if rule.limit.is_some() => {
            let help = "leave `verdict` out, or write `ask` for a question past the limit".into();
            return Err(fault(path, Some(name.defined), "a limit cannot allow".into(), Some(help)));
        }
        StanceKey::Allow => Stance::Allow,
        StanceKey::Ask => Stance::Ask,
        StanceKey::Deny => Stance::Deny,
    };
    if let Some(when) = &when {
        hold(path, when, rule)?;
    } else if let Some(example) = rule.matches.iter().chain(&rule.spares).next() {
        let message = "an example is about a condition, and this rule has none".into();
        return Err(fault(path, Some(example.defined), message, Some("add `when`".into())));
    }
    Ok(ToolRule {
        tool: Glob::new(name.value.trim()),
        when,
        stance,
        why: rule.why.clone(),
        instead: rule.instead.clone(),
        limit: rule.limit.as_ref().map(|limit| Limit {
            per_session: limit.value.per_session,
            per_minute: limit.value.per_minute,
            per_hour: limit.value.per_hour,
        }),
    })
}

fn hold(path: &Path, when: &Expression, rule: &Rule) -> Result<(), Fault> {
    let examples = rule
        .matches
        .iter()
        .map(|one| (one, Answer::Yes, "should hold for"))
        .chain(rule.spares.iter().map(|one| (one, Answer::No, "should not hold for")));
    for (example, expected, words) in examples {
        let answer = when.answer(&example.value.0);
        if answer != expected {
            let why = match answer {
                Answer::Unknown(why) => format!("it cannot be said: {why}"),
                Answer::Yes => "it does".to_owned(),
                Answer::No => "it does not".to_owned(),
            };
            let message =
                format!("`{}` {words} `{}`: {why}", when.text(), example.value.0.to_json());
            return Err(fault(path, Some(example.defined), message, None));
        }
    }
    Ok(())
}

fn fault(path: &Path, at: Option<Location>, message: String, help: Option<String>) -> Fault {
    Fault { path: path.to_owned(), at: at.map(|at| (at.line(), at.column())), message, help }
}

/// A flaw of a condition, by its place in the file where that can be told.
fn within(path: &Path, text: &str, when: &Spanned<String>, flaw: Flaw) -> Fault {
    let (line, column) = (when.defined.line(), when.defined.column());
    let first = usize::try_from(line).ok().and_then(|line| text.lines().nth(line.checked_sub(1)?));
    let from = usize::try_from(column).unwrap_or(1).saturating_sub(1);
    let letters: String = first.unwrap_or("").chars().skip(from).collect();
    let quote = usize::from(letters.starts_with(['"', '\'']));
    let plain: String = letters.chars().skip(quote).collect();
    // In a block or with escapes only the beginning is known.
    let at = match plain.starts_with(when.value.as_str()) && flaw.line == 1 {
        true => (line, column + (quote + flaw.column - 1) as u64),
        false => (line, column),
    };
    let message = match at == (line, column) && flaw.column > 1 {
        true => format!(
            "{} (line {}, column {} of the condition)",
            flaw.message, flaw.line, flaw.column
        ),
        false => flaw.message,
    };
    Fault { path: path.to_owned(), at: Some(at), message, help: flaw.help }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Config};

    fn read(text: &str) -> Result<Policy, String> {
        let path = Path::new("c.yaml");
        let config: Config = config::parse(path, text).map_err(|fault| fault.to_string())?;
        calls(path, text, &config.tools)
            .map_err(|fault| format!("{fault} | {}", fault.help.clone().unwrap_or_default()))
    }

    #[test]
    fn rules_are_read_with_their_examples() {
        let policy = read(
            "tools:\n  lists: {protected: [i-1, 42, true]}\n  deny: [drop_*]\n  unknown: deny\n  rules:\n    - tool: docker_run\n      when: cpus > 2 or memory_mb > 4096\n      why: too large\n      matches: [{cpus: 4, memory_mb: 1}, {memory_mb: 5000.5}]\n      spares: [{cpus: 1, memory_mb: 1}]\n    - {tool: \"db/*\", verdict: ask}\n    - {tool: mail, limit: {per_session: 10, per_minute: 5}}\n    - {tool: rm, when: id in protected, matches: [{id: i-1}]}\n",
        )
        .unwrap();
        assert_eq!(policy.rules.len(), 4);
        assert_eq!(policy.unknown, Unknown::Deny);
        assert_eq!(policy.rules[0].stance, Stance::Deny);
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        for (text, expected) in [
            (
                "tools:\n  rules:\n    - {tool: a, when: cpus = 2}\n",
                "c.yaml:3:28: one `=` has no meaning | equality",
            ),
            (
                "tools:\n  rules:\n    - {tool: a, when: \"x in nobody\"}\n",
                "c.yaml:3:29: no list is called `nobody` | declare",
            ),
            (
                "tools:\n  rules:\n    - tool: a\n      when: >\n        x == 1\n        or y = 2\n",
                "(line 1, column 13 of the condition)",
            ),
            (
                "tools:\n  rules:\n    - tool: a\n      when: x > 1\n      matches:\n        - {x: 1}\n",
                "c.yaml:6:11: `x > 1` should hold for `{\"x\":1}`: it does not",
            ),
            (
                "tools:\n  rules:\n    - tool: a\n      when: x > 1\n      spares: [{}]\n",
                "c.yaml:5:16: `x > 1` should not hold for `{}`: it cannot be said",
            ),
            ("tools:\n  rules:\n    - {tool: a, wen: x}\n", "unknown key `wen`"),
            ("tools:\n  rules:\n    - {tool: a, verdict: refuse}\n", "unknown value `refuse`"),
            ("tools:\n  rules:\n    - {tool: a, limit: {}}\n", "limits nothing"),
            ("tools:\n  rules:\n    - {tool: a, limit: {per_minute: 99999}}\n", "at most 4096"),
            (
                "tools:\n  rules:\n    - {tool: a, verdict: allow, limit: {per_minute: 9}}\n",
                "cannot allow",
            ),
            ("tools:\n  rules:\n    - {tool: '', verdict: ask}\n", "must name a tool"),
            ("tools:\n  rules:\n    - {verdict: ask}\n", "`tool` is missing"),
            ("tools:\n  rules:\n    - {tool: a, matches: [{}]}\n", "this rule has none"),
            ("tools:\n  lists: {a b: [x]}\n", "cannot be the name"),
            ("tools:\n  lists: {a: [[x]]}\n", "holds a list"),
        ] {
            let found = read(text).unwrap_err();
            assert!(found.contains(expected), "{text}\n{found}");
        }
    }
}
