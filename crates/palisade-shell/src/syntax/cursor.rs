//! The parser's position in the input: bytes, spans, budgets, blanks.

use super::heredocs::Heredocs;
use super::tree::Script;
use super::{Budget, Parsed, Problem};
use crate::span::Span;

/// Ends a word when unquoted.
pub(super) const META: u8 = 1;
/// Stops the scan over plain bytes of an unquoted word.
pub(super) const STOP: u8 = 2;
/// May stand in a variable's name.
pub(super) const NAME: u8 = 4;
/// Stops the scan over plain bytes of double-quoted text.
pub(super) const DOUBLE: u8 = 8;
/// Stops the scan over plain bytes of an operand (`${x:-..}`, subscripts).
pub(super) const OPERAND: u8 = 16;
/// A decimal digit.
pub(super) const DIGIT: u8 = 32;

/// What each byte is. NUL is listed everywhere because [`Parser::at`] answers
/// it at the end of the input.
static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0_u8; 256];
    table = mark(table, b"\0 \t\n;&|()<>", META | STOP);
    table = mark(table, b"\\'\"`${},", STOP);
    table = mark(table, b"\0\"\\$`}'\n", DOUBLE);
    table = mark(table, b"\0\"\\$`'}/:?|()[];<>", OPERAND);
    table = mark(table, b"0123456789", DIGIT | NAME);
    table = mark(table, b"abcdefghijklmnopqrstuvwxyz", NAME);
    mark(table, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_", NAME)
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated at compile time; a byte indexes 256 entries"
)]
const fn mark(mut table: [u8; 256], bytes: &[u8], bits: u8) -> [u8; 256] {
    let mut i = 0;
    while i < bytes.len() {
        table[bytes[i] as usize] |= bits;
        i += 1;
    }
    table
}

/// Whether `byte` is in one of the classes `bits`.
#[expect(clippy::indexing_slicing, reason = "a byte indexes 256 entries")]
#[inline]
pub(super) fn is(byte: u8, bits: u8) -> bool {
    CLASSES[byte as usize] & bits != 0
}

/// Reads one text from its beginning to its end, once.
///
/// There is no error type inside: the first problem is kept, and a fatal one
/// also moves the end of the input to the current position, so that every loop
/// ends and hands back what it has. That is how the tree keeps what came before
/// a problem.
pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) pos: usize,
    /// One past the last byte that may be read now.
    pub(super) end: usize,
    /// Commands, words and parts that may still be made.
    nodes: u32,
    /// How many more constructs may be opened.
    nesting: u32,
    /// Bytes that may still be read ahead to tell `((` from `( (`.
    pub(super) lookahead: usize,
    stopped: bool,
    problem: Option<Problem>,
    zsh: Vec<Span>,
    pub(super) heredocs: Heredocs,
    /// How many `$(`, `<(` are open; a here-document may end before their `)`.
    pub(super) substitutions: u32,
    /// Inside a copy of a backquote's text: the span that everything gets.
    whole: Option<Span>,
    /// The line on which `line_pos` stands.
    line: u32,
    line_pos: usize,
    #[cfg(test)]
    pub(super) steps: std::cell::Cell<u64>,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str, budget: &Budget) -> Self {
        Self {
            text,
            pos: 0,
            end: text.len(),
            nodes: budget.nodes,
            nesting: budget.nesting,
            lookahead: text.len().saturating_mul(4).saturating_add(1024),
            stopped: false,
            problem: None,
            zsh: Vec::new(),
            heredocs: Heredocs::default(),
            substitutions: 0,
            whole: None,
            line: 0,
            line_pos: 0,
            #[cfg(test)]
            steps: std::cell::Cell::new(0),
        }
    }

    /// A parser for `copy`, the text of a backquote without its escapes, that
    /// goes on with the budgets of this one.
    pub(super) fn inner<'c>(&mut self, copy: &'c str, whole: Span) -> Parser<'c> {
        let line = self.line_at(whole.from as usize);
        let mut inner = Parser::new(copy, &Budget { nodes: self.nodes, nesting: self.nesting });
        inner.lookahead = self.lookahead;
        inner.whole = Some(self.whole.unwrap_or(whole));
        inner.line = line;
        inner
    }

    /// Takes back what an [`inner`](Self::inner) parser used and found.
    pub(super) fn absorb(&mut self, inner: Parser<'_>) {
        self.nodes = inner.nodes;
        self.lookahead = inner.lookahead;
        self.zsh.extend(inner.zsh);
        #[cfg(test)]
        self.steps.set(self.steps.get() + inner.steps.get());
        if let Some(problem) = inner.problem {
            self.keep(problem);
        }
        if inner.stopped {
            self.stop();
        }
    }

    pub(super) fn finish(self, script: Script, budget: &mut Budget) -> Parsed {
        budget.nodes = self.nodes;
        Parsed { script, problem: self.problem, zsh: self.zsh }
    }

    // Bytes.

    /// The byte at `pos`; NUL past the end.
    #[inline]
    pub(super) fn at(&self, pos: usize) -> u8 {
        #[cfg(test)]
        self.steps.set(self.steps.get() + 1);
        if pos < self.end { self.text.as_bytes().get(pos).copied().unwrap_or(0) } else { 0 }
    }

    /// The current byte; NUL at the end.
    #[inline]
    pub(super) fn byte(&self) -> u8 {
        self.at(self.pos)
    }

    #[inline]
    pub(super) const fn done(&self) -> bool {
        self.pos >= self.end
    }

    pub(super) const fn stopped(&self) -> bool {
        self.stopped
    }

    /// The text of `from..to`.
    #[inline]
    pub(super) fn slice(&self, from: usize, to: usize) -> &'t str {
        self.text.get(from..to).unwrap_or("")
    }

    /// How many bytes the character at `pos` has; 0 at the end.
    pub(super) fn width(&self, pos: usize) -> usize {
        let rest = self.slice(pos, self.end);
        rest.chars().next().map_or(0, char::len_utf8)
    }

    /// Whether `pos` holds a backslash before a newline, which bash removes.
    #[inline]
    pub(super) fn continued(&self, pos: usize) -> bool {
        self.at(pos) == b'\\' && self.at(pos + 1) == b'\n'
    }

    /// The first position from `pos` on that is no removed line end.
    #[inline]
    pub(super) fn joined(&self, mut pos: usize) -> usize {
        while self.continued(pos) {
            pos += 2;
        }
        pos
    }

    /// The first position from `pos` on whose byte is in one of the classes.
    #[inline]
    pub(super) fn scan(&self, mut pos: usize, bits: u8) -> usize {
        while !is(self.at(pos), bits) {
            pos += 1;
        }
        pos
    }

    /// The first position from `pos` on that holds `byte`.
    pub(super) fn find(&self, pos: usize, byte: u8) -> Option<usize> {
        let rest = self.text.as_bytes().get(pos..self.end)?;
        let found = rest.iter().position(|&b| b == byte);
        #[cfg(test)]
        self.steps.set(self.steps.get() + found.unwrap_or(rest.len()) as u64);
        found.map(|i| pos + i)
    }

    /// Takes `byte` if it comes next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = !self.done() && self.byte() == byte;
        if found {
            self.pos += 1;
        }
        found
    }

    /// Goes on inside `..limit` only, as if the input ended there.
    pub(super) fn within<T>(&mut self, limit: usize, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.end;
        self.end = limit.min(outer);
        let read = read(self);
        if !self.stopped {
            self.end = outer;
        }
        read
    }

    // Blanks.

    /// Skips spaces, tabs, removed line ends and a comment: what may stand
    /// before any token.
    pub(super) fn blanks(&mut self) {
        loop {
            match self.byte() {
                b' ' | b'\t' => self.pos += 1,
                b'\\' if self.at(self.pos + 1) == b'\n' => self.pos += 2,
                b'#' => {
                    self.pos = self.find(self.pos, b'\n').unwrap_or(self.end);
                    return;
                }
                _ => return,
            }
        }
    }

    /// Skips blanks and newlines; here-document bodies follow the newlines.
    pub(super) fn newlines(&mut self) {
        loop {
            self.blanks();
            if self.byte() != b'\n' {
                return;
            }
            self.pos += 1;
            self.read_bodies();
        }
    }

    // Positions.

    /// The span from `from` to the current position.
    pub(super) fn span(&self, from: usize) -> Span {
        self.span_of(from, self.pos)
    }

    pub(super) fn span_of(&self, from: usize, to: usize) -> Span {
        self.whole.unwrap_or_else(|| Span::new(from as u32, to as u32))
    }

    /// The line of `pos`. Positions are asked for in rising order.
    pub(super) fn line_at(&mut self, pos: usize) -> u32 {
        if let Some(passed) = self.text.as_bytes().get(self.line_pos..pos) {
            let newlines = passed.iter().filter(|&&b| b == b'\n').count();
            self.line = self.line.saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX));
            self.line_pos = pos;
        }
        self.line
    }

    // Problems and budgets.

    /// Keeps a problem and stops reading.
    pub(super) fn fail(&mut self, message: &'static str, span: Span) {
        self.keep(Problem { over_budget: false, message, span });
        self.stop();
    }

    /// Keeps a problem but reads on: bash refuses it only when it runs.
    pub(super) fn complain(&mut self, message: &'static str, span: Span) {
        self.keep(Problem { over_budget: false, message, span });
    }

    /// Keeps a spent budget and stops reading.
    pub(super) fn overrun(&mut self, message: &'static str, span: Span) {
        // A budget weighs more than a syntax problem found before it.
        if self.problem.as_ref().is_none_or(|kept| !kept.over_budget) && !self.stopped {
            self.problem = Some(Problem { over_budget: true, message, span });
        }
        self.stop();
    }

    fn keep(&mut self, problem: Problem) {
        if self.problem.is_none() {
            self.problem = Some(problem);
        }
    }

    fn stop(&mut self) {
        self.stopped = true;
        self.end = self.pos;
    }

    /// Notes a construct of zsh.
    pub(super) fn note_zsh(&mut self, from: usize, to: usize) {
        let span = self.span_of(from, to);
        if self.zsh.last() != Some(&span) {
            self.zsh.push(span);
        }
    }

    /// Pays for one command, word or part.
    #[inline]
    pub(super) fn pay(&mut self, nodes: u32) {
        match self.nodes.checked_sub(nodes) {
            Some(left) => self.nodes = left,
            None => {
                self.nodes = 0;
                let span = self.span(self.pos);
                self.overrun("too many commands, words and parts", span);
            }
        }
    }

    /// Opens a construct at `from`; false where it would nest too deep.
    pub(super) fn enter(&mut self, from: usize) -> bool {
        if self.nesting == 0 {
            let span = self.span(from);
            self.overrun("nested too deep", span);
            return false;
        }
        self.nesting -= 1;
        true
    }

    pub(super) const fn leave(&mut self) {
        self.nesting += 1;
    }

    /// How many more constructs may be opened.
    pub(super) const fn nesting(&self) -> u32 {
        self.nesting
    }
}
