//! Loops.

use super::arithmetic::Parentheses;
use super::commands::Keyword;
use super::cursor::{META, Parser, is};
use super::operands::End;
use super::tree::{Command, CommandKind, Item, Part, Pipeline, Script, Stage, Word};
use super::words::{BRACES, GROUPS};

impl Parser<'_> {
    pub(super) fn loop_command(&mut self, open: usize, until: bool) -> CommandKind {
        let to = self.pos;
        let condition = self.body(open);
        self.close(Keyword::Do, "unterminated loop", open, to);
        let body = self.body(open);
        self.close(Keyword::Done, "unterminated loop", open, to);
        CommandKind::Loop { until, condition, body }
    }

    pub(super) fn for_command(&mut self, open: usize, select: bool) -> CommandKind {
        let keyword_end = self.pos;
        self.blanks();
        if self.byte() == b'(' && !select {
            return self.arithmetic_for(open);
        }
        let start = self.pos;
        let variable = self.word(0);
        if variable.parts.is_empty() {
            let span = self.span_of(open, keyword_end);
            self.unclosed("loop without a variable", span);
        }
        let name = self.literal(&variable, start);
        let words = self.for_words(open);
        let body = self.loop_body(open, keyword_end);
        CommandKind::For { name, words, body, select }
    }

    /// Reads `in words;`, zsh's `(words)`, or nothing.
    fn for_words(&mut self, open: usize) -> Option<Vec<Word>> {
        self.blanks();
        if self.byte() == b'(' {
            return Some(self.zsh_words(open));
        }
        if self.eat(b';') {
            self.newlines();
            return None;
        }
        self.newlines();
        if !self.takes_word("in") {
            // zsh lets several variables go round together.
            while !self.done() && !self.stopped() && self.loop_body_missing() {
                self.note_zsh(open, self.pos);
                self.word(0);
                self.blanks();
                if self.takes_word("in") {
                    return Some(self.word_list());
                }
                if is(self.byte(), META) {
                    break;
                }
            }
            return None;
        }
        Some(self.word_list())
    }

    fn loop_body_missing(&self) -> bool {
        !is(self.byte(), META)
            && !matches!(self.keyword(), Some((Keyword::Do | Keyword::OpenBrace, _)))
    }

    /// Takes the bare word `expected`.
    pub(super) fn takes_word(&mut self, expected: &str) -> bool {
        let mut pos = self.joined(self.pos);
        for byte in expected.bytes() {
            if self.at(pos) != byte {
                return false;
            }
            pos = self.joined(pos + 1);
        }
        let found = is(self.at(pos), META);
        if found {
            self.pos = pos;
        }
        found
    }

    fn word_list(&mut self) -> Vec<Word> {
        let mut words = Vec::new();
        loop {
            self.blanks();
            if is(self.byte(), META) && !self.substitution_here() {
                break;
            }
            let word = self.word(BRACES | GROUPS);
            words.push(word);
        }
        if !self.eat(b';') && self.byte() != b'\n' && !self.done() {
            self.unexpected();
        }
        self.newlines();
        words
    }

    fn zsh_words(&mut self, open: usize) -> Vec<Word> {
        let from = self.pos;
        self.note_zsh(open, from + 1);
        self.pos += 1;
        let mut words = Vec::new();
        loop {
            self.newlines();
            if is(self.byte(), META) && !self.substitution_here() {
                break;
            }
            let word = self.word(BRACES | GROUPS);
            words.push(word);
        }
        if !self.eat(b')') {
            let span = self.span_of(from, from + 1);
            self.unclosed("unterminated '('", span);
        }
        self.blanks();
        self.eat(b';');
        words
    }

    /// Reads `do .. done`, `{ .. }`, or the one command of a zsh short loop.
    fn loop_body(&mut self, open: usize, to: usize) -> Script {
        self.newlines();
        match self.keyword() {
            Some((Keyword::Do, end)) => {
                self.pos = end;
                let body = self.body(open);
                self.close(Keyword::Done, "unterminated loop", open, to);
                body
            }
            Some((Keyword::OpenBrace, end)) => {
                self.pos = end;
                let body = self.body(open);
                self.close(Keyword::CloseBrace, "unterminated loop", open, to);
                body
            }
            _ if self.done() => {
                let span = self.span_of(open, to);
                self.fail("unterminated loop", span);
                Script::default()
            }
            _ => self.short_body(open),
        }
    }

    fn short_body(&mut self, open: usize) -> Script {
        let from = self.pos;
        if !self.enter(open) {
            return Script::default();
        }
        self.note_zsh(open, from);
        let line = self.line_at(from);
        let command = self.command();
        self.leave();
        let span = self.span(from);
        let first = Pipeline {
            negated: false,
            timed: false,
            stages: vec![Stage { command, stderr_too: false }],
            span,
        };
        Script { items: vec![Item { first, rest: Vec::new(), background: false, line }], span }
    }

    fn arithmetic_for(&mut self, open: usize) -> CommandKind {
        let first = self.pos;
        let second = self.joined(first + 1);
        let found = if self.at(second) == b'(' {
            self.double_parenthesis(second)
        } else {
            Parentheses::Nested
        };
        let Parentheses::Arithmetic(limit) = found else {
            let span = self.span_of(open, first + 1);
            self.fail("loop without a variable", span);
            return CommandKind::Arithmetic(Word::default());
        };
        self.pos = second + 1;
        let header = self.within(limit, |parser| {
            let mut header = [Word::default(), Word::default(), Word::default()];
            for (i, expression) in header.iter_mut().enumerate() {
                *expression = parser.operand(End::Semicolon);
                if i < 2 && !parser.eat(b';') || i == 2 && !parser.done() {
                    let span = parser.span_of(open, limit);
                    parser.fail("arithmetic 'for' needs three expressions", span);
                }
            }
            header
        });
        if !self.stopped() {
            self.pos = self.joined(limit + 1) + 1;
        }
        self.blanks();
        self.eat(b';');
        let body = self.loop_body(open, first);
        CommandKind::ArithmeticFor { header, body }
    }

    /// Whether zsh's `repeat`, which ends at `end`, is followed by a count and
    /// then by a command.
    pub(super) fn repeats(&self, end: usize) -> bool {
        matches!(self.at(end), b' ' | b'\t')
    }

    /// zsh's `repeat count body`, as a loop whose condition is `repeat count`:
    /// for bash that is a command like any other.
    pub(super) fn repeat_command(&mut self, open: usize) -> CommandKind {
        let keyword = Word { parts: vec![Part::Bare("repeat".into())], span: self.span(open) };
        self.blanks();
        let count = self.word(BRACES | GROUPS);
        let span = self.span(open);
        self.note_zsh(open, self.pos);
        let line = self.line_at(open);
        let words = vec![keyword, count];
        let command = Command {
            kind: CommandKind::Simple { assignments: Vec::new(), words },
            redirects: Vec::new(),
            span,
        };
        let first = Pipeline {
            negated: false,
            timed: false,
            stages: vec![Stage { command, stderr_too: false }],
            span,
        };
        let items = vec![Item { first, rest: Vec::new(), background: false, line }];
        let condition = Script { items, span };
        let to = self.pos;
        self.blanks();
        self.eat(b';');
        self.newlines();
        let body = if self.done() || self.byte() == b')' {
            Script::default()
        } else {
            self.loop_body(open, to)
        };
        CommandKind::Loop { until: false, condition, body }
    }
}
