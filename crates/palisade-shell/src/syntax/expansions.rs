//! What `$` and backquotes begin, but for `${..}`.

use std::rc::Rc;

use super::arithmetic::Parentheses;
use super::cursor::{DIGIT, NAME, Parser, is};
use super::tree::{Parameter, ParameterName, ParameterOperator, Part, Script};
use super::words::Inside;

impl Parser<'_> {
    /// Reads the expansion that the `$` here begins, which
    /// [`expands`](Self::expands) found to be one. `inside` says in what
    /// quoted text it stands, if in any.
    pub(super) fn dollar(&mut self, parts: &mut Vec<Part>, inside: Option<Inside>) {
        let open = self.pos;
        let next = self.joined(open + 1);
        match self.at(next) {
            b'\'' => {
                let part = self.ansi(next + 1);
                self.push(parts, part);
            }
            b'"' => {
                let inner = self.double(next);
                self.push(parts, Part::Double(inner));
            }
            b'{' => {
                self.pos = next + 1;
                self.braced(parts, open, inside);
            }
            b'(' => self.dollar_parenthesis(parts, open, next),
            b'[' => {
                let part = self.bracket_arithmetic(open, next);
                self.push(parts, part);
            }
            byte => {
                let name = self.short_name(byte, next);
                let parameter = Parameter {
                    name,
                    subscript: None,
                    indirect: false,
                    length: false,
                    operator: ParameterOperator::Plain,
                    zsh_flags: Box::default(),
                    span: self.span(open),
                };
                self.push_parameter(parts, parameter);
            }
        }
    }

    /// Adds a parameter. It is large, and counts for two nodes.
    pub(super) fn push_parameter(&mut self, parts: &mut Vec<Part>, parameter: Parameter) {
        self.pay(1);
        self.push(parts, Part::Parameter(Box::new(parameter)));
    }

    fn short_name(&mut self, byte: u8, at: usize) -> ParameterName {
        self.pos = at;
        if is(byte, DIGIT) {
            self.pos += 1;
            ParameterName::Positional(u32::from(byte - b'0'))
        } else if is(byte, NAME) {
            variable(self.name())
        } else {
            self.pos += 1;
            ParameterName::Special(char::from(byte))
        }
    }

    /// Reads a variable's name; empty where none stands.
    pub(super) fn name(&mut self) -> Box<str> {
        let from = self.pos;
        if is(self.byte(), DIGIT) {
            return Box::default();
        }
        while is(self.byte(), NAME) {
            self.pos += 1;
        }
        if !self.continued(self.pos) {
            return self.slice(from, self.pos).into();
        }
        let mut name = String::from(self.slice(from, self.pos));
        while is(self.at(self.joined(self.pos)), NAME) {
            let piece = self.joined(self.pos);
            self.pos = piece;
            while is(self.byte(), NAME) {
                self.pos += 1;
            }
            name.push_str(self.slice(piece, self.pos));
        }
        name.into()
    }

    fn dollar_parenthesis(&mut self, parts: &mut Vec<Part>, open: usize, first: usize) {
        let second = self.joined(first + 1);
        if self.at(second) == b'(' {
            match self.double_parenthesis(second) {
                Parentheses::Arithmetic(limit) => {
                    let part = self.arithmetic_part(open, second + 1, limit);
                    self.push(parts, part);
                    return;
                }
                Parentheses::Unterminated => {
                    let span = self.span_of(open, second + 1);
                    self.fail("unterminated '$(('", span);
                    return;
                }
                Parentheses::Nested => {}
            }
        }
        self.pos = first + 1;
        let script = self.substitution(open);
        self.push(parts, Part::CommandSubstitution(Rc::new(script)));
    }

    /// Reads the commands of `$(..)` or `<(..)` and the parenthesis after them.
    pub(super) fn substitution(&mut self, open: usize) -> Script {
        let from = self.pos;
        let outer = std::mem::take(&mut self.heredocs);
        self.substitutions += 1;
        let mut script = self.script(open);
        self.substitutions -= 1;
        if !self.eat(b')') {
            let span = self.span_of(open, from);
            self.unclosed("unterminated command substitution", span);
        }
        let inner = std::mem::replace(&mut self.heredocs, outer);
        self.settle(&mut script, inner);
        script
    }

    /// `<(..)`, `>(..)` and zsh's `=(..)`.
    pub(super) fn process_substitution(&mut self) -> Part {
        let open = self.pos;
        let input = self.byte() != b'>';
        self.pos = self.joined(open + 1) + 1;
        let script = self.substitution(open);
        Part::ProcessSubstitution { input, script: Rc::new(script) }
    }

    /// Reads a backquoted command. Its text runs to the next bare backquote,
    /// whatever stands between; then backslashes go before `$`, backquotes and
    /// backslashes, in double quotes also before `"`, and the rest is parsed.
    pub(super) fn backquote(&mut self, double: bool) -> Part {
        let open = self.pos;
        let mut close = open + 1;
        let mut escaped = false;
        loop {
            match self.at(close) {
                b'`' => break,
                b'\\' => {
                    escaped |= unescapes(self.at(close + 1), double);
                    close += 2;
                }
                0 if close >= self.end => {
                    let span = self.span_of(open, open + 1);
                    self.fail("unterminated backquote", span);
                    return Part::CommandSubstitution(Rc::default());
                }
                _ => close += 1,
            }
        }
        let script = if escaped {
            let copy = unescape(self.slice(open + 1, close), double);
            let whole = self.span_of(open, close + 1);
            let mut inner = self.inner(&copy, whole);
            let script = inner.all(0);
            self.absorb(inner);
            script
        } else {
            let outer = std::mem::take(&mut self.heredocs);
            let substitutions = std::mem::take(&mut self.substitutions);
            self.pos = open + 1;
            let script = self.within(close, |parser| parser.all(open));
            self.substitutions = substitutions;
            self.heredocs = outer;
            script
        };
        if !self.stopped() {
            self.pos = close + 1;
        }
        Part::CommandSubstitution(Rc::new(script))
    }
}

pub(super) fn variable(name: Box<str>) -> ParameterName {
    if &*name == "_" { ParameterName::Special('_') } else { ParameterName::Variable(name) }
}

const fn unescapes(byte: u8, double: bool) -> bool {
    matches!(byte, b'$' | b'`' | b'\\') || double && byte == b'"'
}

fn unescape(text: &str, double: bool) -> String {
    let mut copy = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        copy.push_str(before);
        let escaped = after.as_bytes().first().is_some_and(|&byte| unescapes(byte, double));
        if !escaped {
            copy.push('\\');
        }
        let width = after.chars().next().map_or(0, char::len_utf8);
        let (letter, after) = after.split_at_checked(width).unwrap_or((after, ""));
        copy.push_str(letter);
        rest = after;
    }
    copy.push_str(rest);
    copy
}
