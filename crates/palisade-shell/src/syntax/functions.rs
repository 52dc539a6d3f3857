//! Functions and coprocesses: commands with a name.

use std::rc::Rc;

use super::commands::Keyword;
use super::cursor::{NAME, Parser, is};
use super::redirects::plain;
use super::tree::{Command, CommandKind, Word};
use super::words::COMMAND;

impl Parser<'_> {
    /// Reads a function from its `function` on.
    pub(super) fn function_command(&mut self, open: usize) -> Command {
        self.blanks();
        let start = self.pos;
        let word = self.word(COMMAND);
        let name = self.literal(&word, start);
        if word.parts.is_empty() {
            let to = self.pos;
            let span = self.span_of(open, to);
            self.unclosed("function without a name", span);
        }
        self.blanks();
        if self.byte() == b'(' && self.empty_parentheses(self.pos) {
            self.pass_empty_parentheses();
        }
        self.function_body(open, name)
    }

    /// Reads a function of which `words` were read and `()` follows.
    pub(super) fn defined_function(&mut self, open: usize, words: &[Word]) -> Command {
        let name = words.first().map_or_else(Box::default, |word| self.literal(word, open));
        if words.len() > 1 {
            self.note_zsh(open, self.pos);
        }
        self.pass_empty_parentheses();
        self.function_body(open, name)
    }

    fn pass_empty_parentheses(&mut self) {
        self.pos += 1;
        self.blanks();
        self.eat(b')');
    }

    fn function_body(&mut self, open: usize, name: Box<str>) -> Command {
        self.newlines();
        if !self.enter(open) {
            return Command::nothing(self.span(open));
        }
        if self.done() {
            let span = self.span(open);
            self.fail("function without a body", span);
        } else if !self.compound_here() {
            self.note_zsh(open, self.pos);
        }
        let body = self.command();
        self.leave();
        let span = self.span_of(open, body.span.to as usize);
        let kind = CommandKind::Function { name, body: Rc::new(body) };
        Command { kind, redirects: Vec::new(), span }
    }

    /// Whether a compound command begins here.
    fn compound_here(&self) -> bool {
        self.byte() == b'('
            || matches!(
                self.keyword(),
                Some((
                    Keyword::If
                        | Keyword::While
                        | Keyword::Until
                        | Keyword::For
                        | Keyword::Select
                        | Keyword::Case
                        | Keyword::OpenBrace
                        | Keyword::Conditional,
                    _
                ))
            )
    }

    pub(super) fn coproc(&mut self, open: usize) -> Command {
        self.blanks();
        let mut name = None;
        if !self.compound_here() {
            name = self.coproc_name();
        }
        if !self.enter(open) {
            return Command::nothing(self.span(open));
        }
        let body = Box::new(self.command());
        self.leave();
        let span = self.span_of(open, body.span.to as usize);
        Command { kind: CommandKind::Coproc { name, body }, redirects: Vec::new(), span }
    }

    /// Takes the name of a coprocess: a word before a compound command.
    fn coproc_name(&mut self) -> Option<Box<str>> {
        let from = self.pos;
        let mut end = from;
        while is(self.at(end), NAME) {
            end += 1;
        }
        if end == from || !matches!(self.at(self.joined(end)), b' ' | b'\t') {
            return None;
        }
        self.pos = end;
        self.blanks();
        if self.compound_here() {
            return Some(self.slice(from, end).into());
        }
        self.pos = from;
        None
    }

    /// The text of a word that is used as a name; its source where it expands,
    /// which only zsh does.
    pub(super) fn literal(&mut self, word: &Word, from: usize) -> Box<str> {
        if let Some((text, _)) = plain(&word.parts) {
            return text.into();
        }
        let to = self.pos;
        self.note_zsh(from, to);
        self.slice(from, to).trim().into()
    }
}
