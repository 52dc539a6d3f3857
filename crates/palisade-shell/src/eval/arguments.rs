//! An argument list read by a program's option grammar.

use super::value::Field;
use crate::programs::{Condition, Name, OptionSpec, Program, Role, Style};
use crate::text::matches;

/// Arguments, taken apart.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    /// Options found with their values, in order.
    pub options: Vec<(&'static OptionSpec, Option<Field>)>,
    /// The second values of options that take two.
    pub seconds: Vec<(Role, Field)>,
    /// Options that the entry does not list.
    pub unknown: Vec<Field>,
    /// All other words.
    pub operands: Vec<Field>,
    /// Where the operands begin in the argument list, for wrappers and
    /// subcommands.
    pub first_operand: usize,
    /// Where the command of an option that takes all further words begins.
    pub command: Option<usize>,
}

impl Arguments {
    /// Whether one of these spellings was given.
    pub fn has(&self, names: &[&str]) -> bool {
        self.options
            .iter()
            .any(|(option, _)| option.names.iter().any(|name| names.contains(&name.get())))
            || self.unknown.iter().any(|field| {
                field
                    .literal()
                    .is_some_and(|text| names.contains(&text.split('=').next().unwrap_or(text)))
            })
    }

    fn has_any(&self, names: &[Name]) -> bool {
        names.iter().any(|name| self.has(&[name.get()]))
    }

    /// The values of these options.
    pub fn values<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a Field> {
        self.options
            .iter()
            .filter(|(option, _)| option.names.iter().any(|name| names.contains(&name.get())))
            .filter_map(|(_, value)| value.as_ref())
    }

    /// The last value of these options.
    pub fn value<'a>(&'a self, names: &'a [&str]) -> Option<&'a Field> {
        self.values(names).last()
    }

    pub fn holds(&self, condition: &Condition) -> bool {
        let fits =
            |field: &Field, globs: &[Name]| globs.iter().any(|glob| field_matches(field, glob));
        match condition {
            Condition::Has(names) => self.has_any(names),
            Condition::Lacks(names) => !self.has_any(names),
            Condition::Operand(globs) => self.operands.iter().any(|field| fits(field, globs)),
            Condition::First(globs) => {
                self.operands.first().is_some_and(|field| fits(field, globs))
            }
            Condition::Value(names, globs) => self
                .options
                .iter()
                .filter(|(option, _)| {
                    option
                        .names
                        .iter()
                        .any(|name| names.iter().any(|known| known.get() == name.get()))
                })
                .filter_map(|(_, value)| value.as_ref())
                .any(|field| fits(field, globs)),
            Condition::AtLeast(count) => self.operands.len() >= usize::from(*count),
            Condition::AtMost(count) => self.operands.len() <= usize::from(*count),
        }
    }
}

/// Whether a field is, as far as known, what a glob of the table means.
pub(super) fn field_matches(field: &Field, glob: &str) -> bool {
    match field.literal() {
        Some(text) => matches(glob, text),
        None => field.text.must_match(glob),
    }
}

fn find(program: &'static Program, name: &str) -> Option<&'static OptionSpec> {
    program.options.items().iter().find(|option| option.names.iter().any(|known| *known == name))
}

/// A long option by an unambiguous prefix, as getopt takes it. Where several
/// fit, one that takes a value wins: the strict reading.
fn find_long(program: &'static Program, name: &str) -> Option<&'static OptionSpec> {
    find(program, name).or_else(|| {
        if name.len() < 4 {
            return None;
        }
        let mut fitting = program
            .options
            .items()
            .iter()
            .filter(|option| option.names.iter().any(|known| known.starts_with(name)));
        let first = fitting.next()?;
        let weight = |option: &OptionSpec| match option.value {
            None => 0,
            Some(Role::Data) => 1,
            Some(_) => 2,
        };
        Some(
            fitting.fold(
                first,
                |best, option| if weight(option) > weight(best) { option } else { best },
            ),
        )
    })
}

/// Reads `fields` (without the program's name). Reading stops at the first
/// operand where `stop` says so.
pub(super) fn read(program: &'static Program, fields: &[Field], stop: bool) -> Arguments {
    let mut out = Arguments { first_operand: fields.len(), ..Arguments::default() };
    let mut at = 0;
    let mut ended = program.style == Style::Plain;
    let stop = stop || program.style == Style::Posix;
    while let Some(field) = fields.get(at) {
        if let Some((OptionSpec { value: Some(Role::Command), .. }, Some(_))) = out.options.last()
            && out.command.is_none()
        {
            // The option's value is a command's first word; the rest is its.
            out.command = Some(at.saturating_sub(1));
            return out;
        }
        at += 1;
        let known = field.text.known_prefix();
        let whole = field.literal();
        let first = out.operands.is_empty();
        if !ended && whole == Some("--") {
            ended = true;
            if stop {
                out.first_operand = out.first_operand.min(at);
            }
            continue;
        }
        let dashed = known.len() > 1 && known.starts_with('-')
            || known.len() > 1
                && known.starts_with('+')
                && (find(program, known).is_some() || find(program, "+").is_some());
        let bundle = program.style == Style::Bundle
            && first
            && at == 1
            && !dashed
            && whole.is_some_and(|text| text.bytes().all(|b| b.is_ascii_alphanumeric()))
            && !program.options.is_empty();
        if ended || !(dashed || bundle || program.style == Style::KeyValue) {
            if out.operands.is_empty() {
                out.first_operand = out.first_operand.min(at - 1);
            }
            out.operands.push(field.clone());
            if stop {
                out.operands.extend(fields.get(at..).unwrap_or(&[]).iter().cloned());
                break;
            }
            continue;
        }
        let raw = field.text.raw();
        match program.style {
            Style::KeyValue => match raw.split_once('=') {
                Some((key, value)) if find(program, key).is_some() => {
                    if let Some(option) = find(program, key) {
                        out.options.push((option, Some(field.with(value))));
                    }
                }
                _ => out.operands.push(field.clone()),
            },
            Style::SingleDash => {
                let exact = find(program, raw).or_else(|| {
                    raw.strip_prefix("--").and_then(|rest| {
                        program.options.items().iter().find(|option| {
                            option.names.iter().any(|name| name.strip_prefix('-') == Some(rest))
                        })
                    })
                });
                if let Some(option) = exact {
                    let value = take_value(option, None, fields, &mut at, field);
                    out.options.push((option, value));
                    continue;
                }
                // `-javaagent:x`
                if let Some((name, value)) = raw.split_once(':')
                    && let Some(option) = find(program, name)
                    && option.value.is_some()
                {
                    out.options.push((option, Some(field.with(value))));
                    continue;
                }
                if let Some((name, value)) = raw.split_once('=')
                    && let Some(option) = find(program, name)
                        .or_else(|| name.strip_prefix('-').and_then(|short| find(program, short)))
                {
                    out.options.push((option, Some(field.with(value))));
                    continue;
                }
                // `-Dname=value`, `-cp:..`: the longest listed spelling that
                // begins the word and takes a value.
                let attached = program
                    .options
                    .items()
                    .iter()
                    .filter(|option| option.value.is_some())
                    .flat_map(|option| option.names.iter().map(move |name| (option, name.get())))
                    .filter(|(_, name)| name.len() == 2 && raw.starts_with(name))
                    .max_by_key(|(_, name)| name.len());
                match attached {
                    Some((option, name)) => {
                        let value = raw.get(name.len()..).unwrap_or("");
                        out.options.push((option, Some(field.with(value))));
                    }
                    None => out.unknown.push(field.clone()),
                }
            }
            _ if raw.starts_with("--") => {
                let (name, value) = match raw.split_once('=') {
                    Some((name, value)) => (name, Some(field.with(value))),
                    None => (raw, None),
                };
                match find_long(program, name) {
                    Some(option) => {
                        let value = take_value(option, value, fields, &mut at, field);
                        out.options.push((option, value));
                        if let (Some(role), Some(next)) = (option.then, fields.get(at)) {
                            out.seconds.push((role, next.clone()));
                            at += 1;
                        }
                    }
                    None => out.unknown.push(field.clone()),
                }
            }
            _ => {
                // An entry may list a whole word with one dash (`-exec`).
                let (name, attached) = match raw.split_once('=') {
                    Some((name, value)) => (name, Some(value)),
                    None => (raw, None),
                };
                if name.len() > 2
                    && let Some(option) = find(program, name)
                {
                    let value = attached.map(|value| field.with(value));
                    let value = take_value(option, value, fields, &mut at, field);
                    out.options.push((option, value));
                    continue;
                }
                if let Some(rest) = raw.strip_prefix('+')
                    && let Some(option) = find(program, "+")
                {
                    out.options.push((option, Some(field.with(rest))));
                    continue;
                }
                let sign = if raw.starts_with('+') { '+' } else { '-' };
                let letters = if bundle { raw } else { raw.get(1..).unwrap_or("") };
                let mut position = 0;
                for letter in letters.chars() {
                    position += letter.len_utf8();
                    let mut name = String::with_capacity(5);
                    name.push(sign);
                    name.push(letter);
                    match find(program, &name) {
                        Some(option) if option.value.is_some() && bundle => {
                            // A bundle's values follow it, one word each.
                            let value = take_value(option, None, fields, &mut at, field);
                            out.options.push((option, value));
                        }
                        Some(option) if option.value.is_some() => {
                            let rest = letters.get(position..).unwrap_or("");
                            let value = (!rest.is_empty()).then(|| field.with(rest));
                            let value = take_value(option, value, fields, &mut at, field);
                            out.options.push((option, value));
                            break;
                        }
                        Some(option) => out.options.push((option, None)),
                        None => {
                            out.unknown.push(field.with(name));
                            // What follows may be its value.
                            if !letter.is_ascii_alphanumeric() {
                                break;
                            }
                        }
                    }
                }
            }
        }
    }
    if let Some((OptionSpec { value: Some(Role::Command), .. }, Some(_))) = out.options.last()
        && out.command.is_none()
    {
        out.command = Some(at.saturating_sub(1));
    }
    out
}

fn take_value(
    option: &OptionSpec,
    attached: Option<Field>,
    fields: &[Field],
    at: &mut usize,
    _: &Field,
) -> Option<Field> {
    option.value?;
    if attached.is_some() || option.optional {
        return attached;
    }
    let value = fields.get(*at).cloned();
    if value.is_some() {
        *at += 1;
    }
    value
}
