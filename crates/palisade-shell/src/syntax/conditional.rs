//! `[[ .. ]]`

use super::cursor::{META, Parser, is};
use super::tree::{CommandKind, Part, Test, Word};
use super::words::{GROUPS, REGEX};

impl Parser<'_> {
    /// Reads `[[ .. ]]` from after its opening on.
    pub(super) fn conditional(&mut self, open: usize) -> CommandKind {
        let mut tests = Vec::new();
        self.newlines();
        self.tests(&mut tests, open);
        self.blanks();
        if self.closes_conditional() {
            self.pos = self.joined(self.pos + 1) + 1;
        } else {
            let span = self.span_of(open, open + 2);
            self.unclosed("unterminated '[['", span);
        }
        CommandKind::Conditional(tests)
    }

    /// Reads tests with what joins them, up to `]]` or `)`.
    fn tests(&mut self, tests: &mut Vec<Test>, open: usize) {
        if !self.enter(open) {
            return;
        }
        loop {
            self.term(tests);
            self.newlines();
            let pair = (self.byte(), self.at(self.joined(self.pos + 1)));
            if !matches!(pair, (b'&', b'&') | (b'|', b'|')) {
                break;
            }
            self.pos = self.joined(self.pos + 1) + 1;
            self.newlines();
        }
        self.leave();
    }

    fn term(&mut self, tests: &mut Vec<Test>) {
        while self.byte() == b'!' && is(self.at(self.joined(self.pos + 1)), META) {
            self.pos += 1;
            self.newlines();
        }
        if self.byte() == b'(' {
            let open = self.pos;
            self.pos += 1;
            self.newlines();
            self.tests(tests, open);
            if !self.eat(b')') {
                let span = self.span_of(open, open + 1);
                self.unclosed("unterminated '('", span);
            }
            return;
        }
        self.pay(1);
        let test = self.test();
        tests.push(test);
    }

    fn test(&mut self) -> Test {
        let first = self.condition_word(0);
        if let Some(operator) = unary(&first) {
            self.blanks();
            let operand = self.condition_word(0);
            return Test { operator, operands: vec![operand] };
        }
        self.blanks();
        let Some(operator) = self.binary() else {
            // Only what ends or joins tests may follow a word alone.
            let next = (self.byte(), self.at(self.joined(self.pos + 1)));
            if !self.closes_conditional()
                && !matches!(next, (b')', _) | (b'&', b'&') | (b'|', b'|'))
                && !self.done()
            {
                self.unexpected();
            }
            return Test { operator: Box::default(), operands: vec![first] };
        };
        self.blanks();
        let second = self.condition_word(match &*operator {
            "=~" => REGEX,
            "==" | "=" | "!=" => GROUPS,
            _ => 0,
        });
        Test { operator, operands: vec![first, second] }
    }

    fn condition_word(&mut self, style: u8) -> Word {
        let from = self.pos;
        if self.closes_conditional() {
            self.unexpected();
        }
        let word = self.word_after(from, Vec::new(), style);
        if word.parts.is_empty() && !self.stopped() && !self.done() {
            self.unexpected();
        }
        word
    }

    fn closes_conditional(&self) -> bool {
        let second = self.joined(self.pos + 1);
        self.byte() == b']' && self.at(second) == b']' && is(self.at(self.joined(second + 1)), META)
    }

    /// Takes a binary operator.
    fn binary(&mut self) -> Option<Box<str>> {
        let from = self.pos;
        if matches!(self.byte(), b'<' | b'>') {
            self.pos += 1;
            return Some(self.slice(from, self.pos).into());
        }
        let end = self.scan(from, META);
        // A line end that is removed may follow it at once.
        let text = self.slice(from, end);
        let text =
            if self.at(end) == b'\n' { text.strip_suffix('\\').unwrap_or(text) } else { text };
        let known = matches!(
            text,
            "=" | "=="
                | "!="
                | "=~"
                | "-eq"
                | "-ne"
                | "-lt"
                | "-le"
                | "-gt"
                | "-ge"
                | "-nt"
                | "-ot"
                | "-ef"
        );
        known.then(|| {
            self.pos = from + text.len();
            text.into()
        })
    }
}

/// The operator that a word is, where it is one that takes one operand.
fn unary(word: &Word) -> Option<Box<str>> {
    match word.parts.as_slice() {
        [Part::Bare(text)] => match text.as_bytes() {
            [b'-', letter] if b"abcdefghknoprstuvwxzGLNORS".contains(letter) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}
