//! One entry of the allowlist: read from YAML, written as one line of it.

use std::fmt::{self, Write};

use palisade_core::ports::Seconds;
use palisade_core::{Grant, GrantScope, Lifetime};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::moment;

/// What was approved for longer than a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A glob over one simple command, written by hand.
    Glob(String),
    /// One rule for one command in one directory.
    Rule(RuleEntry),
}

/// `{rule: .., program: .., arguments: [..], in: .., until: ..}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleEntry {
    /// The rule that asked.
    pub rule: String,
    /// The program, as it would be executed.
    pub program: String,
    /// All its arguments.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// The directory.
    #[serde(rename = "in")]
    pub directory: String,
    /// Until when; for ever where a person left it out.
    #[serde(default, deserialize_with = "until")]
    pub until: Option<Seconds>,
}

fn until<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Seconds>, D::Error> {
    let text = String::deserialize(from)?;
    match moment::parse(&text) {
        Some(at) => Ok(Some(at)),
        None => Err(D::Error::custom(
            "expected a date or a moment in UTC, as `2026-12-22` or `2026-12-22T07:40:00Z`",
        )),
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Entry;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a command glob or `{rule, program, arguments, in, until}`")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Entry, E> {
                // Its first word is the command.
                match text.split_whitespace().next().unwrap_or_default().trim_matches('*') {
                    "" => Err(E::custom(
                        "a command glob must name a command; this one would cover all of them",
                    )),
                    _ => Ok(Entry::Glob(text.to_owned())),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
                RuleEntry::deserialize(MapAccessDeserializer::new(map)).map(Entry::Rule)
            }
        }
        from.deserialize_any(Reader)
    }
}

impl Entry {
    /// The grant that it stands for.
    pub fn grant(&self) -> Grant {
        match self {
            Self::Glob(pattern) => Grant {
                scope: GrantScope::CommandGlob(pattern.clone()),
                lifetime: Lifetime::Until(None),
            },
            Self::Rule(entry) => Grant {
                scope: GrantScope::Rule {
                    rule: entry.rule.clone(),
                    program: entry.program.clone(),
                    arguments: entry.arguments.clone(),
                    directory: entry.directory.clone(),
                },
                lifetime: Lifetime::Until(entry.until),
            },
        }
    }
}

/// The grant as one line of YAML, which is what a person is shown and what is
/// saved. Every character that YAML, a terminal or an eye could take for
/// something else is escaped, so a command can add nothing but its own text.
pub fn line(grant: &Grant) -> String {
    match &grant.scope {
        GrantScope::CommandGlob(pattern) => quoted(pattern),
        GrantScope::Rule { rule, program, arguments, directory } => {
            let arguments: Vec<String> =
                arguments.iter().map(|argument| quoted(argument)).collect();
            let mut line = format!(
                "{{rule: {}, program: {}, arguments: [{}], in: {}",
                quoted(rule),
                quoted(program),
                arguments.join(", "),
                quoted(directory),
            );
            if let Lifetime::Until(Some(end)) = grant.lifetime {
                // Writing into a string does not fail.
                let _ = write!(line, ", until: \"{}\"", moment::format(end));
            }
            line.push('}');
            line
        }
    }
}

/// A YAML double-quoted scalar on one line.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        let code = letter as u32;
        // Writing into a string does not fail.
        let _ = match letter {
            '"' | '\\' => write!(out, "\\{letter}"),
            '\n' => write!(out, "\\n"),
            '\t' => write!(out, "\\t"),
            ' '..='~' => write!(out, "{letter}"),
            _ if letter.is_alphanumeric() => write!(out, "{letter}"),
            _ if code <= 0xFF => write!(out, "\\x{code:02x}"),
            _ if code <= 0xFFFF => write!(out, "\\u{code:04x}"),
            _ => write!(out, "\\U{code:08x}"),
        };
    }
    out.push('"');
    out
}
