//! `${..}`

use std::rc::Rc;

use super::commands::Keyword;
use super::cursor::{DIGIT, NAME, Parser, is};
use super::expansions::variable;
use super::operands::End;
use super::tree::{Parameter, ParameterName, ParameterOperator, Part, Word};
use super::words::Inside;

impl Parser<'_> {
    /// Reads `${..}` from after its brace on.
    pub(super) fn braced(&mut self, parts: &mut Vec<Part>, open: usize, inside: Option<Inside>) {
        if !self.enter(open) {
            return;
        }
        self.pos = self.joined(self.pos);
        match self.byte() {
            b' ' | b'\t' | b'\n' | b'|' => self.function_substitution(parts, open),
            _ => self.parameter(parts, open, inside),
        }
        self.leave();
    }

    fn parameter(&mut self, parts: &mut Vec<Part>, open: usize, inside: Option<Inside>) {
        let zsh_flags = self.zsh_flags(open);
        let start = self.pos;
        let (mut length, mut indirect) = (false, false);
        if self.prefixed(b'#') {
            length = true;
            self.pos += 1;
        } else if self.prefixed(b'!') {
            indirect = true;
            self.pos += 1;
        }
        let Some(name) = self.parameter_name() else {
            return self.strange(parts, open, Vec::new());
        };
        self.pos = self.joined(self.pos);
        let mut subscript = None;
        if self.byte() == b'[' && !matches!(name, ParameterName::Positional(_)) {
            subscript = self.subscript();
            self.pos = self.joined(self.pos);
        }
        let Some(mut operator) = self.operator(indirect, inside) else {
            let read = subscript.map(|word| word.parts);
            if read.is_none() {
                // What seemed a name may begin an expansion, as in `${${x}}`.
                self.pos = start;
            }
            return self.strange(parts, open, read.unwrap_or_default());
        };
        if indirect
            && operator == ParameterOperator::Plain
            && subscript.as_ref().is_some_and(is_all)
        {
            operator = ParameterOperator::Keys;
        }
        self.close_brace(open);
        let span = self.span(open);
        let parameter = Parameter { name, subscript, indirect, length, operator, zsh_flags, span };
        self.push_parameter(parts, parameter);
    }

    fn close_brace(&mut self, open: usize) {
        if !self.eat(b'}') {
            let span = self.span_of(open, open + 2);
            self.fail("unterminated '${'", span);
        }
    }

    /// Whether `mark` (`#` or `!`) stands here as a prefix, not as the name.
    fn prefixed(&self, mark: u8) -> bool {
        if self.byte() != mark {
            return false;
        }
        let next = self.joined(self.pos + 1);
        match self.at(next) {
            b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' => {
                self.at(self.joined(next + 1)) == b'}'
            }
            byte => is(byte, NAME | DIGIT),
        }
    }

    fn parameter_name(&mut self) -> Option<ParameterName> {
        let byte = self.byte();
        if is(byte, DIGIT) {
            let mut number = 0_u32;
            while is(self.byte(), DIGIT) {
                number = number.saturating_mul(10).saturating_add(u32::from(self.byte() - b'0'));
                self.pos = self.joined(self.pos + 1);
            }
            return Some(ParameterName::Positional(number));
        }
        if is(byte, NAME) {
            return Some(variable(self.name()));
        }
        if matches!(byte, b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!') {
            self.pos += 1;
            return Some(ParameterName::Special(char::from(byte)));
        }
        None
    }

    /// Reads the operator and its operands, up to the closing brace.
    fn operator(&mut self, indirect: bool, inside: Option<Inside>) -> Option<ParameterOperator> {
        let byte = self.byte();
        let next = self.joined(self.pos + 1);
        let following = self.at(next);
        if self.done() {
            // The caller finds the brace missing.
            return Some(ParameterOperator::Plain);
        }
        match byte {
            b'}' => Some(ParameterOperator::Plain),
            b':' if matches!(following, b'-' | b'=' | b'+' | b'?') => {
                self.pos = next + 1;
                Some(self.word_operator(following, inside))
            }
            b':' => {
                self.pos += 1;
                Some(self.substring())
            }
            b'-' | b'=' | b'+' | b'?' => {
                self.pos += 1;
                Some(self.word_operator(byte, inside))
            }
            b'#' | b'%' => {
                let longest = following == byte;
                self.pos = if longest { next + 1 } else { next };
                let pattern = self.operand(End::Brace);
                Some(ParameterOperator::Remove { suffix: byte == b'%', longest, pattern })
            }
            b'^' | b',' | b'~' => {
                let all = following == byte;
                self.pos = if all { next + 1 } else { next };
                let pattern = self.operand(End::Brace);
                Some(ParameterOperator::Case { operator: char::from(byte), all, pattern })
            }
            b'/' => {
                self.pos = next;
                Some(self.substitute())
            }
            b'@' | b'*' if indirect && following == b'}' => {
                self.pos = next;
                Some(ParameterOperator::PrefixNames)
            }
            b'@' if following.is_ascii_alphabetic() && self.at(self.joined(next + 1)) == b'}' => {
                self.pos = self.joined(next + 1);
                Some(ParameterOperator::Transform(char::from(following)))
            }
            _ => None,
        }
    }

    fn word_operator(&mut self, operator: u8, inside: Option<Inside>) -> ParameterOperator {
        let word = match inside {
            Some(inside) => self.quoted_operand(inside),
            None => self.operand(End::Brace),
        };
        match operator {
            b'-' => ParameterOperator::Default(word),
            b'=' => ParameterOperator::Assign(word),
            b'+' => ParameterOperator::Alternative(word),
            _ => ParameterOperator::Error(word),
        }
    }

    fn substring(&mut self) -> ParameterOperator {
        let offset = self.operand(End::Colon);
        let length = self.eat(b':').then(|| self.operand(End::Brace));
        ParameterOperator::Substring { offset, length }
    }

    fn substitute(&mut self) -> ParameterOperator {
        let all = self.eat(b'/');
        let anchor = match self.byte() {
            mark @ (b'#' | b'%') if !all => {
                self.pos += 1;
                Some(char::from(mark))
            }
            _ => None,
        };
        let pattern = self.operand(End::Slash { literal: all && self.byte() == b'/' });
        let replacement = if self.eat(b'/') { self.operand(End::Brace) } else { Word::default() };
        ParameterOperator::Substitute { all, anchor, pattern, replacement }
    }

    /// Reads the flags of zsh's `${(flags)name}`.
    fn zsh_flags(&mut self, open: usize) -> Box<str> {
        if self.byte() != b'(' {
            return Box::default();
        }
        let from = self.pos + 1;
        let Some(close) = self.find(from, b')') else {
            let span = self.span_of(open, from);
            self.fail("unterminated '${'", span);
            return Box::default();
        };
        self.pos = close + 1;
        self.note_zsh(open, close + 1);
        self.slice(from, close).into()
    }

    /// Reads `${..}` that is none in bash (it refuses it when it runs) but may
    /// be one in zsh: its text, and what is expanded inside. The parts in `read`
    /// were read already.
    fn strange(&mut self, parts: &mut Vec<Part>, open: usize, mut read: Vec<Part>) {
        let inner = self.operand(End::Brace);
        self.close_brace(open);
        self.note_zsh(open, self.pos);
        read.extend(inner.parts);
        self.zsh_part(parts, open, read);
    }

    /// Adds text that only zsh gives a meaning, with the expansions in it.
    pub(super) fn zsh_part(&mut self, parts: &mut Vec<Part>, from: usize, inner: Vec<Part>) {
        let text = self.slice(from, self.pos).into();
        self.push(parts, Part::Zsh(text));
        parts.extend(
            inner.into_iter().filter(|part| !matches!(part, Part::Bare(_) | Part::Quoted(_))),
        );
    }

    /// `${ command; }` and `${| command; }` of newer shells: a substitution in
    /// all but name. This bash refuses it when it runs.
    fn function_substitution(&mut self, parts: &mut Vec<Part>, open: usize) {
        let from = self.pos;
        self.eat(b'|');
        let outer = std::mem::take(&mut self.heredocs);
        let mut script = self.script(open);
        self.close(Keyword::CloseBrace, "unterminated '${'", open, from);
        let inner = std::mem::replace(&mut self.heredocs, outer);
        self.settle(&mut script, inner);
        self.note_zsh(open, self.pos);
        self.push(parts, Part::CommandSubstitution(Rc::new(script)));
    }
}

/// Whether a subscript is `@` or `*`.
fn is_all(subscript: &Word) -> bool {
    matches!(subscript.parts.as_slice(), [Part::Bare(text)] if matches!(&**text, "@" | "*"))
}
