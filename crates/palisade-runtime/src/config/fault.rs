//! What is wrong with a configuration file, in words: where, which key, what
//! stands there, and what should.

use std::ops::Range;
use std::path::Path;

use palisade_guards::content::reveal;

use super::tree::{self, Node, Shape};
use crate::Fault;

/// What the reader of YAML says, in words for the person who wrote it.
pub(super) fn fault(path: &Path, text: &str, error: &serde_saphyr::Error) -> Fault {
    use serde_saphyr::Error as Yaml;
    let error = error.without_snippet();
    let at = error.location().map(|at| (at.line(), at.column()));
    let there = at.and_then(|at| There::find(text, at));
    let (message, help) = match error {
        Yaml::SerdeUnknownField { field, expected, .. } => {
            (format!("unknown key `{}`", field.escape_debug()), suggestion(field, expected))
        }
        Yaml::SerdeUnknownVariant { variant, expected, .. } => {
            // No word is nearer than another to what was meant, and one of
            // them may be the opposite: `on` is not `off`.
            let message = format!("unknown value `{}`", variant.escape_debug());
            (message, Some(format!("it is one of: {}", expected.join(", "))))
        }
        Yaml::SerdeMissingField { field, .. } => (format!("the key `{field}` is missing"), None),
        Yaml::DuplicateMappingKey { key: Some(key), .. } => {
            (format!("the key `{}` stands here twice", key.escape_debug()), None)
        }
        Yaml::Unexpected { expected, .. } => {
            let empty = there.as_ref().is_some_and(|there| there.is_empty(text));
            let (expected, form) = match *expected {
                "mapping start" => {
                    ("keys and values", "`key: value`, one a line, further to the right")
                }
                "sequence start" => ("a list", "`[a, b]`, or `- a`, one a line"),
                "string scalar" => ("one value", "one word, or a text in quotes"),
                other => (other, ""),
            };
            let help = match (empty, form.is_empty()) {
                (true, _) if expected == "a list" => {
                    Some("an empty list is written `[]` or left out".to_owned())
                }
                (true, _) => Some("an empty section is written `{}` or left out".to_owned()),
                (false, true) => None,
                (false, false) => Some(format!("write {form}")),
            };
            (format!("expected {expected}"), help)
        }
        Yaml::InvalidScalar { ty, .. } => {
            let expected = match *ty {
                "bool" | "boolean" => "`true` or `false`",
                "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "a whole number, 0 or more",
                "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number",
                "f32" | "f64" | "floating point" => "a number",
                other => other,
            };
            (format!("expected {expected}"), None)
        }
        Yaml::SerdeInvalidType { expected, .. } | Yaml::SerdeInvalidValue { expected, .. } => {
            (format!("expected {expected}"), None)
        }
        other => (first_line(&other.to_string()), None),
    };
    let about_a_value = message.starts_with("expected ") || message.starts_with("unknown value");
    let message = match there.filter(|_| about_a_value) {
        Some(there) => there.say(text, &message),
        None => message,
    };
    Fault { path: path.to_owned(), at, message, help }
}

/// The place is said once, in front.
fn first_line(message: &str) -> String {
    let message = message.lines().next().unwrap_or("");
    let end = [" at line ", ": line "].iter().filter_map(|mark| message.rfind(mark)).min();
    message.get(..end.unwrap_or(message.len())).unwrap_or(message).to_owned()
}

/// Line and column of an item of the list under these keys, both from 1.
pub fn place(text: &str, keys: &[&str], item: usize) -> Option<(u64, u64)> {
    let mut node = &tree::read(text)?;
    for key in keys {
        let Shape::Map { entries, .. } = &node.shape else { return None };
        node = &entries.iter().find(|entry| entry.key == *key)?.value;
    }
    let Shape::List { items, .. } = &node.shape else { return None };
    let before = text.get(..items.get(item)?.bytes.start)?;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    let line = before.matches('\n').count() + 1;
    Some((line.try_into().ok()?, column.try_into().ok()?))
}

/// Which key a place belongs to, and what stands there.
struct There {
    /// `tools.terminal.sandbox`.
    key: String,
    value: Range<usize>,
}

impl There {
    fn find(text: &str, (line, column): (u64, u64)) -> Option<Self> {
        let lines = text.split_inclusive('\n');
        let line = usize::try_from(line).ok()?.checked_sub(1)?;
        let begin: usize = lines.clone().take(line).map(str::len).sum();
        let row = lines.clone().nth(line).unwrap_or_default();
        let column = usize::try_from(column).ok()?.checked_sub(1)?;
        let within: usize = row.chars().take(column).map(char::len_utf8).sum();
        let place = begin + within;
        match tree::read(text) {
            Some(root) => {
                let mut there = Self { key: String::new(), value: root.bytes.clone() };
                there.descend(&root, place);
                (!there.key.is_empty()).then_some(there)
            }
            // What cannot be read to its end still has the key on this line.
            None => {
                let key = row.get(..within)?.trim_end().strip_suffix(':')?;
                let key = key.rsplit([' ', '\t', '{', ',']).next().filter(|key| !key.is_empty())?;
                let value = place..begin + row.trim_end().len();
                Some(Self { key: key.to_owned(), value })
            }
        }
    }

    fn descend(&mut self, node: &Node, place: usize) {
        let within = |bytes: &Range<usize>| bytes.start <= place && place <= bytes.end;
        match &node.shape {
            Shape::Map { entries, .. } => {
                let inner = entries.iter().rfind(|entry| {
                    within(&(entry.key_bytes.start..entry.value.bytes.end.max(entry.key_bytes.end)))
                });
                if let Some(entry) = inner {
                    let dot = if self.key.is_empty() { "" } else { "." };
                    self.key.push_str(&format!("{dot}{}", entry.key.escape_debug()));
                    self.value = entry.value.bytes.clone();
                    self.descend(&entry.value, place);
                }
            }
            Shape::List { items, .. } => {
                if let Some(item) = items.iter().rfind(|item| within(&item.bytes)) {
                    self.value = item.bytes.clone();
                    self.descend(item, place);
                }
            }
            Shape::Leaf => {}
        }
    }

    fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.value.clone()).unwrap_or_default()
    }

    fn is_empty(&self, text: &str) -> bool {
        matches!(self.text(text).trim(), "" | "~" | "null")
    }

    /// `` `key` is `value`: message ``; what is long is not said again.
    fn say(&self, text: &str, message: &str) -> String {
        const SHOWN: usize = 40;
        let value = self.text(text).trim();
        let short = !value.is_empty() && !value.contains('\n') && value.len() <= SHOWN;
        match short && message.starts_with("expected ") {
            true => format!("`{}` is `{}`: {message}", self.key, reveal(value)),
            false => format!("`{}`: {message}", self.key),
        }
    }
}

fn suggestion(key: &str, known: &[&str]) -> Option<String> {
    let near = known
        .iter()
        .map(|name| (distance(key, name), name))
        .min()
        .filter(|(distance, name)| *distance <= name.len().max(3) / 3 + 1);
    match near {
        Some((_, name)) => Some(format!("did you mean `{name}`?")),
        None if known.is_empty() => None,
        None => Some(format!("here are known: {}", known.join(", "))),
    }
}

/// How many letters must be put in, taken out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, letter) in a.chars().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (slot, other) in row.iter_mut().skip(1).zip(&b) {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = *slot;
            left = changed.min(*slot + 1).min(left + 1);
            *slot = left;
        }
    }
    row.last().copied().unwrap_or(0)
}
