//! What `$` and backquotes begin, but for `${..}`.

use std::rc::Rc;

use super::cursor::{DIGIT, NAME, Parser, is};
use super::operands::End;
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
                self.push(parts, Part::Parameter(Box::new(parameter)));
            }
        }
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

    /// Reads an arithmetic expansion whose expression ends at `limit`, before
    /// `))`.
    fn arithmetic_part(&mut self, open: usize, from: usize, limit: usize) -> Part {
        self.pos = from;
        let expression = self.arithmetic(open, limit);
        // `limit` is a parenthesis, and the other one follows.
        self.pos = self.joined(limit + 1) + 1;
        Part::Arithmetic(Box::new(expression))
    }

    fn bracket_arithmetic(&mut self, open: usize, bracket: usize) -> Part {
        let Some(limit) = self.matching(bracket, b'[', b']') else {
            let span = self.span_of(open, bracket + 1);
            self.fail("unterminated '$['", span);
            return Part::Bare(Box::default());
        };
        self.pos = bracket + 1;
        let expression = self.arithmetic(open, limit);
        self.pos = limit + 1;
        Part::Arithmetic(Box::new(expression))
    }

    /// Reads an arithmetic expression up to `limit`.
    pub(super) fn arithmetic(&mut self, open: usize, limit: usize) -> super::tree::Word {
        if !self.enter(open) {
            return super::tree::Word::default();
        }
        let expression = self.within(limit, |parser| parser.operand(End::Limit));
        self.leave();
        expression
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

    /// Whether the second of two parentheses, at `second`, begins arithmetic:
    /// whether its partner is followed by another closing one at once.
    pub(super) fn double_parenthesis(&mut self, second: usize) -> Parentheses {
        match self.matching(second, b'(', b')') {
            None => Parentheses::Unterminated,
            Some(close) if self.at(self.joined(close + 1)) == b')' => {
                Parentheses::Arithmetic(close)
            }
            Some(_) => Parentheses::Nested,
        }
    }

    /// Looks ahead for the partner of the bracket at `open`, as bash does to
    /// decide what `((` is before it parses: brackets are counted wherever they
    /// stand, also inside `${..}` and `$(..)`, but for quoted text.
    pub(super) fn matching(&mut self, open: usize, opening: u8, closing: u8) -> Option<usize> {
        let mut depth = 1_u32;
        let mut pos = open + 1;
        let mut brace = false;
        let mut doubtful = false;
        let found = loop {
            let byte = self.at(pos);
            match byte {
                0 if pos >= self.end => break None,
                b'\\' => pos += 1,
                b'\'' => match self.find(pos + 1, b'\'') {
                    Some(close) => pos = close,
                    None => break None,
                },
                b'"' | b'`' => match self.quote_end(pos, byte) {
                    Some(close) => pos = close,
                    None => break None,
                },
                b'{' if self.at(pos - 1) == b'$' => brace = true,
                b'}' => brace = false,
                _ if byte == opening => {
                    doubtful |= brace;
                    depth += 1;
                }
                _ if byte == closing => {
                    doubtful |= brace;
                    depth -= 1;
                    if depth == 0 {
                        break Some(pos);
                    }
                }
                _ => {}
            }
            pos += 1;
        };
        self.charge_lookahead(open, pos);
        if doubtful {
            // Other shells do not count brackets inside `${..}`.
            self.note_zsh(open, pos.min(self.end));
        }
        found
    }

    /// The quote that closes the double quote or backquote at `open`, over the
    /// substitutions in it.
    fn quote_end(&self, open: usize, quote: u8) -> Option<usize> {
        let mut expected = vec![quote];
        let mut pos = open + 1;
        loop {
            let byte = self.at(pos);
            let innermost = expected.last().copied()?;
            match byte {
                0 if pos >= self.end => return None,
                _ if byte == innermost => {
                    expected.pop();
                    if expected.is_empty() {
                        return Some(pos);
                    }
                }
                b'\\' => pos += 1,
                _ if innermost == b'`' => {}
                b'`' | b'"' => expected.push(byte),
                b'\'' if innermost != b'"' => pos = self.find(pos + 1, b'\'')?,
                b'(' if innermost == b')' || self.at(pos - 1) == b'$' => expected.push(b')'),
                b'{' if self.at(pos - 1) == b'$' => expected.push(b'}'),
                _ => {}
            }
            pos += 1;
        }
    }

    /// Pays for looking at `from..to` before it is read. Nested constructs look
    /// at the same text again and again; this is what keeps that linear.
    pub(super) fn charge_lookahead(&mut self, from: usize, to: usize) {
        match self.lookahead.checked_sub(to.min(self.end).saturating_sub(from)) {
            Some(left) => self.lookahead = left,
            None => {
                let span = self.span_of(from, from + 1);
                self.overrun("too much is nested", span);
            }
        }
    }
}

/// What two opening parentheses are.
pub(super) enum Parentheses {
    /// Arithmetic; its expression ends here.
    Arithmetic(usize),
    /// Two constructs.
    Nested,
    Unterminated,
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
