//! Assignments and arrays.

use super::cursor::{DIGIT, META, NAME, Parser, is};
use super::tree::{AssignedValue, Assignment, Part, Word};
use super::words::{BRACES, COMMAND, GROUPS};

impl Parser<'_> {
    /// Reads an assignment, if one stands here. `name[..]` without `=` is the
    /// beginning of a word.
    pub(super) fn assignment(&mut self) -> Start {
        let from = self.pos;
        if !is(self.byte(), NAME) || is(self.byte(), DIGIT) {
            return Start::Neither;
        }
        let mut end = from;
        while is(self.at(end), NAME) {
            end += 1;
        }
        if !matches!(self.at(end), b'=' | b'+' | b'[' | b'\\') {
            return Start::Neither;
        }
        let name = self.name();
        self.pos = self.joined(self.pos);
        let mut subscript = None;
        if self.byte() == b'[' {
            let open = self.pos;
            subscript = self.subscript();
            self.pos = self.joined(self.pos);
            if !self.assigns() {
                let mut parts = vec![Part::Bare(self.slice(from, open + 1).into())];
                parts.extend(subscript.into_iter().flat_map(|word| word.parts));
                parts.push(Part::Bare("]".into()));
                return Start::Word(self.word_after(from, parts, BRACES | COMMAND));
            }
        } else if !self.assigns() {
            self.pos = from;
            return Start::Neither;
        }
        let append = self.byte() == b'+';
        self.pos = self.joined(self.pos + usize::from(append)) + 1;
        self.pay(1);
        let value = self.assigned_value();
        Start::Assignment(Assignment { name, subscript, append, value, span: self.span(from) })
    }

    /// Whether `=` or `+=` stands here.
    fn assigns(&self) -> bool {
        match self.byte() {
            b'=' => true,
            b'+' => self.at(self.joined(self.pos + 1)) == b'=',
            _ => false,
        }
    }

    fn assigned_value(&mut self) -> AssignedValue {
        self.pos = self.joined(self.pos);
        if self.byte() != b'(' {
            let from = self.pos;
            return AssignedValue::Scalar(self.word_after(from, Vec::new(), 0));
        }
        let mut array = self.array();
        if !self.done() && !is(self.byte(), META) {
            let from = self.pos;
            let more = self.word(0);
            self.complain("text after an array", self.span(from));
            array.push((None, more));
        }
        AssignedValue::Array(array)
    }

    /// Reads `( .. )`, the value of an array.
    fn array(&mut self) -> Vec<(Option<Word>, Word)> {
        let open = self.pos;
        let mut items = Vec::new();
        if !self.enter(open) {
            return items;
        }
        self.pos += 1;
        loop {
            self.newlines();
            if self.eat(b')') {
                break;
            }
            if self.done() || is(self.byte(), META) && !self.substitution_here() {
                let span = self.span_of(open, open + 1);
                self.unclosed("unterminated '('", span);
                break;
            }
            let item = self.array_item();
            items.push(item);
        }
        self.leave();
        items
    }

    pub(super) fn substitution_here(&self) -> bool {
        matches!(self.byte(), b'<' | b'>') && self.at(self.joined(self.pos + 1)) == b'('
    }

    fn array_item(&mut self) -> (Option<Word>, Word) {
        let from = self.pos;
        if self.byte() != b'[' {
            return (None, self.word(BRACES | GROUPS));
        }
        let subscript = self.subscript();
        self.pos = self.joined(self.pos);
        if self.assigns() {
            let append = self.byte() == b'+';
            self.pos = self.joined(self.pos + usize::from(append)) + 1;
            let value = self.pos;
            return (subscript, self.word_after(value, Vec::new(), 0));
        }
        let mut parts = vec![Part::Bare("[".into())];
        parts.extend(subscript.into_iter().flat_map(|word| word.parts));
        parts.push(Part::Bare("]".into()));
        (None, self.word_after(from, parts, BRACES | GROUPS))
    }

    /// Reads an operand of a declaration builtin: there `name=(..)` is an array.
    pub(super) fn declared(&mut self) -> Word {
        let from = self.pos;
        let mut end = from;
        while is(self.at(end), NAME) {
            end += 1;
        }
        end += usize::from(self.at(end) == b'+');
        if is(self.byte(), NAME) && self.at(end) == b'=' && self.at(end + 1) == b'(' {
            self.pos = end + 1;
            let mut parts = Vec::with_capacity(2);
            self.flush(&mut parts, from, end + 1);
            let array = self.array();
            self.push(&mut parts, Part::Array(array));
            return self.word_after(from, parts, BRACES);
        }
        self.word(BRACES | GROUPS)
    }
}

/// What stands where an assignment may.
pub(super) enum Start {
    Assignment(Assignment),
    /// A word that began like one.
    Word(Word),
    Neither,
}

/// Whether bash reads `name=(..)` as an array among the command's operands.
pub(super) fn is_declaration(word: &Word) -> bool {
    let [Part::Bare(name)] = word.parts.as_slice() else { return false };
    matches!(
        &**name,
        "alias"
            | "declare"
            | "eval"
            | "export"
            | "float"
            | "integer"
            | "let"
            | "local"
            | "readonly"
            | "typeset"
    )
}
