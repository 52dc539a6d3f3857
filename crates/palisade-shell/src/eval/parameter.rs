//! `$name`, `${..}` and arithmetic.

use super::Eval;
use super::arithmetic::Sum;
use super::expand::Expanded;
use super::patterns::{Glob, MAX_PATTERN_TEXT, glob_of, remove, remove_known, substitute};
use super::value::{Value, Variable};
use crate::effect::{EffectKind, Labels};
use crate::span::Span;
use crate::syntax::tree::{Parameter, ParameterName, ParameterOperator, Part, Word};
use crate::text::{ANY, ONE, Text};

impl Eval<'_> {
    /// A variable's text, one of its alternatives where it has several; none
    /// where the line does not set it.
    pub(super) fn variable(&mut self, name: &str) -> Option<(Text, Labels)> {
        match self.state.variables.get(name) {
            Some(Variable::Scalar(value)) => {
                let (count, labels) = (value.options.len(), value.labels);
                let at = self.choose(count);
                let text = match self.state.variables.get(name) {
                    Some(Variable::Scalar(value)) => value.options.get(at).cloned(),
                    _ => None,
                };
                Some((text.unwrap_or_else(Text::unknown), labels))
            }
            Some(Variable::Array(values)) => {
                let first = values.first().map(|(_, value)| value.clone());
                let value = first.unwrap_or_else(|| Value::new(Text::default(), Labels::NONE));
                let at = self.choose(value.options.len());
                Some((value.options.get(at).cloned().unwrap_or_default(), value.labels))
            }
            None => match name {
                "SHELL" | "BASH" => Some((Text::from("/bin/bash"), Labels::NONE)),
                "HOME" => Some((Text::new(self.context.home.clone()), Labels::NONE)),
                "PALISADE_HOME" if !self.context.palisade_home.is_empty() => {
                    Some((Text::new(self.context.palisade_home.clone()), Labels::NONE))
                }
                "PWD" => Some((self.directory().clone(), Labels::NONE)),
                "IFS" => Some((Text::from(" \t\n"), Labels::NONE)),
                _ => {
                    let given = self.context.given.iter().any(|given| given == name);
                    let labels = if given { Labels::GIVEN } else { self.sourced(name) };
                    (!labels.is_none()).then(|| (Text::unknown(), labels))
                }
            },
        }
    }

    /// What a variable that the line does not set carries out of a file of
    /// secrets that was sourced.
    fn sourced(&self, name: &str) -> Labels {
        const USUAL: &[&str] = &[
            "COLUMNS", "EDITOR", "EUID", "HOSTNAME", "LANG", "LINENO", "LINES", "LOGNAME",
            "OLDPWD", "OSTYPE", "PATH", "PPID", "RANDOM", "SECONDS", "SHLVL", "TERM", "TMPDIR",
            "UID", "USER",
        ];
        let named = is_name(name) && name.bytes().any(|byte| byte.is_ascii_alphabetic());
        if named && !USUAL.contains(&name) { self.state.sourced } else { Labels::NONE }
    }

    /// Sets a variable in the current state.
    pub(super) fn assign(&mut self, name: &str, text: Text, labels: Labels) {
        self.spend(text.raw().len(), Span::default());
        let text = if text.raw().len() > super::MAX_VALUE { Text::unknown() } else { text };
        if name == "PS4" && self.state.xtrace && text.raw().contains(['$', '`']) {
            self.prompt_code(&text, labels);
        }
        self.give(name, Variable::Scalar(Value::new(text, labels)));
    }

    /// Gives a variable of the current state what it holds from now on,
    /// whichever command does so.
    pub(super) fn give(&mut self, name: &str, variable: Variable) {
        let values = match &variable {
            Variable::Scalar(value) => std::slice::from_ref(value).iter().collect::<Vec<_>>(),
            Variable::Array(values) => values.iter().map(|(_, value)| value).collect(),
        };
        for value in values {
            for option in &value.options {
                self.integer_code(name, option, value.labels);
            }
        }
        let mut variable = variable;
        if self.state.readonly.contains(name)
            && let Some(before) = self.state.variables.get(name)
        {
            // It keeps what it held, where that was made in this shell.
            variable.join(before);
        }
        self.state.variables.insert(name.into(), variable);
    }

    /// Runs what is inside a text that is assigned to a variable with the
    /// integer attribute, which bash evaluates as arithmetic.
    pub(super) fn integer_code(&mut self, name: &str, text: &Text, labels: Labels) {
        const BORN: &[&str] = &[
            "RANDOM",
            "SECONDS",
            "OPTIND",
            "LINENO",
            "HISTCMD",
            "SRANDOM",
            "EPOCHSECONDS",
            "BASHPID",
        ];
        if BORN.contains(&name) || self.state.integers.contains(name) {
            self.expression_code(text, labels);
        }
    }

    pub(super) fn parameter(&mut self, parameter: &Parameter, quoted: bool) -> Expanded {
        if !parameter.zsh_flags.is_empty() {
            let span = self.span(parameter.span);
            // `(e)` evaluates the value as code; the others only change it.
            if parameter.zsh_flags.contains('e') {
                if let Some((text, labels)) = self.named(parameter) {
                    self.prompt_code(&text, labels);
                }
                self.emit(EffectKind::ZshOnly, Labels::NONE, span);
            }
            return Expanded::One(Text::unknown(), Labels::NONE);
        }
        if let Some(subscript) = &parameter.subscript {
            let whole =
                matches!(&*subscript.parts, [Part::Bare(text)] if matches!(&**text, "@" | "*"));
            if whole {
                return self.all_elements(parameter, quoted);
            }
            let _ = self.arithmetic(subscript);
        }
        if let ParameterName::Special(special @ ('@' | '*')) = parameter.name
            && !parameter.length
        {
            let mut values = self.positionals();
            match &parameter.operator {
                ParameterOperator::Plain => {}
                ParameterOperator::Substring { offset, length } => {
                    let (from, count) =
                        (self.number(offset), length.as_ref().map(|word| self.number(word)));
                    match (from, count) {
                        (Some(from), count) if count != Some(None) => {
                            let from = usize::try_from(from.saturating_sub(1)).unwrap_or(0);
                            values = values.into_iter().skip(from).collect();
                            if let Some(Some(count)) = count {
                                values.truncate(usize::try_from(count).unwrap_or(0));
                            }
                        }
                        _ => values = vec![(Text::unknown(), Labels::NONE)],
                    }
                }
                _ => {
                    let (text, labels) = join(&values);
                    let changed = self.operate(parameter, Some((text, labels)));
                    return Expanded::One(changed.0, changed.1);
                }
            }
            if special == '*' && quoted {
                let (text, labels) = join(&values);
                return Expanded::One(text, labels);
            }
            return Expanded::Many(values);
        }
        let value = self.named(parameter);
        if parameter.length {
            let text = value.as_ref().and_then(|(text, _)| {
                text.literal().map(|known| known.chars().count().to_string())
            });
            let text = match parameter.name {
                ParameterName::Special('@' | '*') if !self.positional_unknown => {
                    Some(self.state.positional.len().to_string())
                }
                _ => text,
            };
            return Expanded::One(text.map_or_else(Text::unknown, Text::new), Labels::NONE);
        }
        if let ParameterOperator::PrefixNames | ParameterOperator::Keys = parameter.operator {
            return Expanded::One(Text::unknown(), Labels::NONE);
        }
        let value = if parameter.indirect {
            match value {
                Some((name, labels)) => match name.literal().map(str::to_owned) {
                    Some(name) => {
                        self.subscript_code(&name, labels);
                        let base = name.split('[').next().unwrap_or(&name).to_owned();
                        self.variable(&base)
                    }
                    None => Some((Text::unknown(), labels)),
                },
                None => None,
            }
        } else {
            value
        };
        let (text, labels) = self.operate(parameter, value);
        Expanded::One(text, labels)
    }

    /// The key that a subscript means: a number where it is one.
    pub(super) fn key(&mut self, subscript: &Word) -> Text {
        match self.number(subscript) {
            Some(number) => Text::new(number.to_string()),
            None => self.expand_single(subscript).text,
        }
    }

    fn positionals(&mut self) -> Vec<(Text, Labels)> {
        if self.positional_unknown && self.state.positional.is_empty() {
            return vec![(Text::unknown(), Labels::NONE)];
        }
        let values = self.state.positional.clone();
        values
            .into_iter()
            .map(|value| {
                let at = self.choose(value.options.len());
                (value.options.get(at).cloned().unwrap_or_default(), value.labels)
            })
            .collect()
    }

    fn named(&mut self, parameter: &Parameter) -> Option<(Text, Labels)> {
        match &parameter.name {
            ParameterName::Variable(name) => {
                if let (Some(subscript), Some(Variable::Array(values))) =
                    (&parameter.subscript, self.state.variables.get(name))
                {
                    let values = values.clone();
                    let key = self.key(subscript);
                    let found = match key.literal() {
                        Some(key) => match key
                            .strip_prefix('-')
                            .and_then(|back| back.parse::<usize>().ok())
                        {
                            Some(back) => {
                                values.len().checked_sub(back).and_then(|at| values.get(at))
                            }
                            None => {
                                values.iter().rev().find(|(known, _)| known.literal() == Some(key))
                            }
                        },
                        None => None,
                    };
                    return match found {
                        Some((_, value)) => {
                            let at = self.choose(value.options.len());
                            Some((value.options.get(at).cloned().unwrap_or_default(), value.labels))
                        }
                        None if key.literal().is_some()
                            && values.iter().all(|(known, _)| known.literal().is_some()) =>
                        {
                            Some((Text::default(), Labels::NONE))
                        }
                        None => {
                            // Any of them: the first few stand for all.
                            let at = self.choose(values.len());
                            values.get(at).and_then(|(_, value)| {
                                value.options.first().map(|one| (one.clone(), value.labels))
                            })
                        }
                    };
                }
                self.variable(name)
            }
            ParameterName::Positional(0) => {
                self.state.zero.as_ref().and_then(|value| {
                    value.options.first().map(|text| (text.clone(), value.labels))
                })
            }
            ParameterName::Positional(at) => {
                let value = self.state.positional.get(*at as usize - 1).cloned();
                match value {
                    Some(value) => {
                        let at = self.choose(value.options.len());
                        Some((value.options.get(at).cloned().unwrap_or_default(), value.labels))
                    }
                    None if self.positional_unknown => None,
                    None => Some((Text::default(), Labels::NONE)),
                }
            }
            ParameterName::Special('@' | '*') => {
                let values = self.positionals();
                Some(join(&values))
            }
            ParameterName::Special('#') if !self.positional_unknown => {
                Some((Text::new(self.state.positional.len().to_string()), Labels::NONE))
            }
            ParameterName::Special(_) => Some((Text::unknown(), Labels::NONE)),
        }
    }

    fn all_elements(&mut self, parameter: &Parameter, quoted: bool) -> Expanded {
        let ParameterName::Variable(name) = &parameter.name else {
            return Expanded::One(Text::unknown(), Labels::NONE);
        };
        let values: Vec<(Text, Labels)> = match self.state.variables.get(name) {
            Some(Variable::Array(values)) => values
                .iter()
                .map(|(_, value)| {
                    (value.options.first().cloned().unwrap_or_default(), value.labels)
                })
                .collect(),
            Some(Variable::Scalar(value)) => {
                vec![(value.options.first().cloned().unwrap_or_default(), value.labels)]
            }
            None => vec![(Text::unknown(), Labels::NONE)],
        };
        if parameter.length {
            return Expanded::One(Text::new(values.len().to_string()), Labels::NONE);
        }
        match &parameter.operator {
            ParameterOperator::Plain => {}
            ParameterOperator::Keys => return Expanded::One(Text::unknown(), Labels::NONE),
            ParameterOperator::Substring { offset, length } => {
                let from = self.number(offset).and_then(|n| usize::try_from(n).ok());
                let count = match length {
                    Some(word) => self.number(word).and_then(|n| usize::try_from(n).ok()),
                    None => Some(usize::MAX),
                };
                return match (from, count) {
                    (Some(from), Some(count)) => {
                        Expanded::Many(values.into_iter().skip(from).take(count).collect())
                    }
                    _ => Expanded::One(Text::unknown(), Labels::NONE),
                };
            }
            _ => {
                let changed =
                    values.into_iter().map(|value| self.operate(parameter, Some(value))).collect();
                return Expanded::Many(changed);
            }
        }
        let star = parameter
            .subscript
            .as_ref()
            .is_some_and(|word| matches!(&*word.parts, [Part::Bare(text)] if &**text == "*"));
        if star && quoted {
            let (text, labels) = join(&values);
            return Expanded::One(text, labels);
        }
        Expanded::Many(values)
    }

    /// Applies the operator to a value; none is unset or not known.
    fn operate(&mut self, parameter: &Parameter, value: Option<(Text, Labels)>) -> (Text, Labels) {
        let unknown = (Text::unknown(), value.as_ref().map_or(Labels::NONE, |(_, labels)| *labels));
        match &parameter.operator {
            ParameterOperator::Plain | ParameterOperator::Keys | ParameterOperator::PrefixNames => {
                value.unwrap_or(unknown)
            }
            ParameterOperator::Default(word) | ParameterOperator::Assign(word) => {
                let word_value = self.expand_single(word);
                let chosen = match &value {
                    // It may be unset all the same, and so may a test for it.
                    Some(own)
                        if matches!(&parameter.name, ParameterName::Variable(name)
                            if &**name == "PALISADE_HOME"
                                && !self.state.variables.contains_key(name)) =>
                    {
                        if self.choose(2) == 0 {
                            (word_value.text, word_value.labels)
                        } else {
                            own.clone()
                        }
                    }
                    Some((text, _)) if !text.is_empty() && !text.is_unknown() => {
                        return value.unwrap_or(unknown);
                    }
                    // `-` keeps an empty value where `:-` does not; the tree does
                    // not tell them apart, so it may be either.
                    Some((text, labels)) if text.is_empty() => {
                        if self.choose(2) == 0 {
                            (word_value.text, word_value.labels)
                        } else {
                            (Text::default(), *labels)
                        }
                    }
                    _ => {
                        if self.choose(2) == 0 {
                            (word_value.text, word_value.labels)
                        } else {
                            unknown
                        }
                    }
                };
                if let (ParameterOperator::Assign(_), ParameterName::Variable(name)) =
                    (&parameter.operator, &parameter.name)
                {
                    self.assign(name, chosen.0.clone(), chosen.1);
                }
                chosen
            }
            ParameterOperator::Alternative(word) => {
                let word_value = self.expand_single(word);
                match &value {
                    Some((text, _)) if text.is_empty() => (Text::default(), Labels::NONE),
                    _ => (word_value.text, word_value.labels),
                }
            }
            ParameterOperator::Error(word) => {
                let _ = self.expand_single(word);
                value.unwrap_or(unknown)
            }
            ParameterOperator::Remove { suffix, longest, pattern } => {
                let pattern = self.expand_single(pattern);
                let Some((text, labels)) = value else { return unknown };
                match (text.literal(), glob_of(&pattern)) {
                    (Some(text), Some(_)) if text.len() > MAX_PATTERN_TEXT => {
                        (Text::unknown(), labels)
                    }
                    (Some(text), Some(pattern)) => {
                        self.spend(
                            text.len().saturating_mul(pattern.len().max(1)),
                            Span::default(),
                        );
                        (Text::new(remove(text, &pattern, *suffix, *longest)), labels)
                    }
                    (None, Some(pattern)) => {
                        (remove_known(&text, &pattern, *suffix, *longest), labels)
                    }
                    _ => (Text::unknown(), labels),
                }
            }
            ParameterOperator::Substitute { all, anchor, pattern, replacement } => {
                let pattern = self.expand_single(pattern);
                let replacement = self.expand_single(replacement);
                let Some((text, labels)) = value else { return unknown };
                let labels = labels.and(replacement.labels);
                match (text.literal(), glob_of(&pattern), replacement.literal()) {
                    (Some(text), Some(_), Some(_)) if text.len() > MAX_PATTERN_TEXT => {
                        (Text::unknown(), labels)
                    }
                    (Some(text), Some(pattern), Some(_))
                        if pattern.contains(&Glob::Run) && text.len() > 256 =>
                    {
                        (Text::unknown(), labels)
                    }
                    // Newer shells put what matched at an `&`.
                    (Some(_), Some(_), Some(by)) if by.contains('&') => (Text::unknown(), labels),
                    (Some(text), Some(pattern), Some(by)) => {
                        let pieces = if pattern.contains(&Glob::Run) {
                            text.len().saturating_mul(text.len())
                        } else {
                            text.len()
                        };
                        self.spend(
                            pieces.saturating_mul(pattern.len().max(1)) / 16,
                            Span::default(),
                        );
                        (Text::new(substitute(text, &pattern, by, *all, *anchor)), labels)
                    }
                    _ => (Text::unknown(), labels),
                }
            }
            ParameterOperator::Substring { offset, length } => {
                let from = self.number(offset);
                let count = length.as_ref().map(|word| self.number(word));
                let Some((text, labels)) = value else { return unknown };
                let (Some(known), Some(from)) = (text.literal(), from) else {
                    return (Text::unknown(), labels);
                };
                let letters: Vec<char> = known.chars().collect();
                let size = i64::try_from(letters.len()).unwrap_or(i64::MAX);
                let start = if from < 0 { size + from } else { from };
                let end = match count {
                    None => size,
                    Some(Some(count)) if count < 0 => size + count,
                    Some(Some(count)) => start.saturating_add(count),
                    Some(None) => return (Text::unknown(), labels),
                };
                let start = usize::try_from(start.clamp(0, size)).unwrap_or(0);
                let end = usize::try_from(end.clamp(0, size)).unwrap_or(0);
                (
                    Text::new(letters.get(start..end).unwrap_or(&[]).iter().collect::<String>()),
                    labels,
                )
            }
            ParameterOperator::Case { operator, all, pattern } => {
                let _ = self.expand_single(pattern);
                let Some((text, labels)) = value else { return unknown };
                match text.literal() {
                    Some(known) => (Text::new(recase(known, *operator, *all)), labels),
                    None => (Text::unknown(), labels),
                }
            }
            ParameterOperator::Transform(kind) => {
                let Some((text, labels)) = value else {
                    return unknown;
                };
                match kind {
                    'P' => {
                        self.prompt_code(&text, labels);
                        if text.raw().contains(['$', '`', '\\']) {
                            (Text::unknown(), labels)
                        } else {
                            (text, labels)
                        }
                    }
                    'U' | 'u' | 'L' => match text.literal() {
                        Some(known) => {
                            let operator = if *kind == 'L' { ',' } else { '^' };
                            (Text::new(recase(known, operator, *kind != 'u')), labels)
                        }
                        None => (text, labels),
                    },
                    'E' => match text.literal() {
                        Some(known) => (Text::new(super::decode::escapes(known)), labels),
                        None => (text, labels),
                    },
                    _ => (text, labels),
                }
            }
        }
    }

    /// A value that bash expands once more: prompts, `@P`, arithmetic.
    pub(super) fn prompt_code(&mut self, text: &Text, labels: Labels) {
        let raw = text.raw();
        if raw.contains("$(") || raw.contains('`') || raw.contains("${") {
            self.expand_again(raw, labels);
        } else if text.has_unknown() && !labels.is_none() {
            self.opaque_code(crate::programs::Language::Shell, labels);
        }
    }

    /// Runs what is inside an array subscript of `name[..]`, which bash
    /// evaluates as arithmetic wherever it takes a variable's name.
    pub(super) fn subscript_code(&mut self, name: &str, labels: Labels) {
        if let Some((_, subscript)) = name.split_once('[') {
            self.expression_code(&Text::new(subscript.trim_end_matches(']')), labels);
        } else if name.contains(ONE) {
            // Without quotes it is a pattern, whose letters are not kept: it
            // may name any variable.
            let scalars = self.state.variables.values().filter_map(|variable| match variable {
                Variable::Scalar(value) => Some(value),
                Variable::Array(_) => None,
            });
            let code = |text: &&Text| text.raw().contains(['$', '`']);
            let held: Vec<(Text, Labels)> = scalars
                .flat_map(|value| {
                    value.options.iter().filter(code).map(|text| (text, value.labels))
                })
                .map(|(text, labels)| (text.clone(), labels))
                .collect();
            for (text, labels) in held {
                self.spend(text.raw().len(), Span::default());
                self.prompt_code(&text, labels);
            }
        }
    }

    /// An arithmetic expression: its value, and what evaluating it runs.
    pub(super) fn arithmetic(&mut self, word: &Word) -> Text {
        let field = self.expand_text(word);
        let raw = field.text.raw().to_owned();
        self.expression_code(&field.text, field.labels);
        match self.calculate(&raw) {
            Some(number) => Text::new(number.to_string()),
            None => Text::unknown(),
        }
    }

    /// Runs what is inside an arithmetic expression.
    pub(super) fn expression_code(&mut self, text: &Text, labels: Labels) {
        let raw = text.raw().to_owned();
        // Variables hold expressions in turn, subscripts included.
        let mut name = String::new();
        for letter in raw.chars().chain([' ']) {
            if letter.is_ascii_alphanumeric() || letter == '_' {
                name.push(letter);
                continue;
            }
            if name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && let Some(Variable::Scalar(value)) = self.state.variables.get(name.as_str())
            {
                let value = value.clone();
                for option in &value.options {
                    self.prompt_code(option, value.labels);
                }
            }
            name.clear();
        }
        self.prompt_code(text, labels);
    }

    fn number(&mut self, word: &Word) -> Option<i64> {
        let text = self.arithmetic(word);
        text.literal()?.trim().parse().ok()
    }

    /// The value of an expression of integers, names and the plain operators;
    /// assignments are made.
    fn calculate(&mut self, raw: &str) -> Option<i64> {
        if raw.contains(ANY) || raw.len() > 512 {
            return None;
        }
        if let Some((name, value)) = raw.split_once('=')
            && !value.starts_with('=')
            && is_name(name.trim())
        {
            let value = self.calculate(value)?;
            self.assign(name.trim(), Text::new(value.to_string()), Labels::NONE);
            return Some(value);
        }
        let mut sum = Sum { text: raw.as_bytes(), at: 0, depth: 0, eval: self };
        let value = sum.ternary(0)?;
        sum.skip();
        (sum.at >= sum.text.len()).then_some(value)
    }
}

pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn join(values: &[(Text, Labels)]) -> (Text, Labels) {
    let mut text = Text::default();
    let mut labels = Labels::NONE;
    for (at, (one, more)) in values.iter().enumerate() {
        if at > 0 {
            text.push(" ");
        }
        text.push(one.raw());
        labels = labels.and(*more);
    }
    (text, labels)
}

fn recase(text: &str, operator: char, all: bool) -> String {
    let change = |letter: char| -> String {
        match operator {
            '^' => letter.to_uppercase().collect(),
            ',' => letter.to_lowercase().collect(),
            _ if letter.is_uppercase() => letter.to_lowercase().collect(),
            _ => letter.to_uppercase().collect(),
        }
    };
    text.chars()
        .enumerate()
        .map(|(at, letter)| if all || at == 0 { change(letter) } else { letter.to_string() })
        .collect()
}
