//! Words: unquoted text, quotes, and where a word ends.

use super::ansi;
use super::braces::Draft;
use super::cursor::{DIGIT, DOUBLE, NAME, Parser, STOP, is};
use super::tree::{Part, Word};

/// Braces expand in the word.
pub(super) const BRACES: u8 = 1;
/// The word stands in command position: `name ()` defines a function.
pub(super) const COMMAND: u8 = 2;
/// The word may be a pattern that ends in a zsh group, as in `*(.)`.
pub(super) const GROUPS: u8 = 4;
/// The word is the right side of `=~`: parentheses and `|` belong to it.
pub(super) const REGEX: u8 = 8;

/// What quoted text is inside of; it differs in what a backslash escapes and
/// in what ends it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    /// `".."`
    Double,
    /// The operand of `"${x:-..}"`.
    Operand,
    /// A here-document; with `<<-`, tabs at line starts go.
    HereDocument { strip: bool },
    /// The operand of `${x:-..}` in a here-document.
    HereDocumentOperand,
}

impl Inside {
    const fn operand(self) -> bool {
        matches!(self, Self::Operand | Self::HereDocumentOperand)
    }
}

impl Parser<'_> {
    /// Reads a word. Where none stands, it has no parts.
    pub(super) fn word(&mut self, style: u8) -> Word {
        let from = self.pos;
        // Most words have one part; room for four is what a first push makes.
        let mut parts = Vec::with_capacity(1);
        if self.byte() == b'=' {
            self.equals_word(&mut parts, style);
        }
        self.word_after(from, parts, style)
    }

    /// Reads on in a word of which `parts` were read since `from`.
    pub(super) fn word_after(&mut self, from: usize, parts: Vec<Part>, style: u8) -> Word {
        self.pay(1);
        let mut draft = Draft::new(parts);
        let mut run = self.pos;
        loop {
            self.pos = self.scan(self.pos, STOP);
            let plain = match self.byte() {
                0 => {
                    if self.done() {
                        break;
                    }
                    true
                }
                b'$' => !self.expands(self.pos, true),
                b'{' | b'}' | b',' => style & BRACES == 0 || !draft.cares(self.byte()),
                b'(' | b'|' | b'<' | b'>' => {
                    if !self.belongs(run, style) {
                        break;
                    }
                    self.byte() == b'|'
                }
                b' ' | b'\t' | b'\n' | b';' | b'&' | b')' => break,
                _ => false,
            };
            if plain {
                self.pos += 1;
                continue;
            }
            let operator = self.byte() == b'(' && style & REGEX == 0 && self.extglob_operator(run);
            self.flush(&mut draft.parts, run, self.pos - usize::from(operator));
            self.special(&mut draft, run, style);
            run = self.pos;
        }
        self.flush(&mut draft.parts, run, self.pos);
        Word { parts: draft.finish(), span: self.span(from) }
    }

    /// Reads one part of a word that is not plain text.
    fn special(&mut self, draft: &mut Draft, run: usize, style: u8) {
        let open = self.pos;
        match self.byte() {
            b'\\' => self.escape(draft),
            b'\'' => {
                let part = self.single(open + 1);
                self.push(&mut draft.parts, part);
            }
            b'"' => {
                let inner = self.double(open);
                self.push(&mut draft.parts, Part::Double(inner));
            }
            b'$' => self.dollar(&mut draft.parts, None),
            b'`' => {
                let part = self.backquote(false);
                self.push(&mut draft.parts, part);
            }
            b'<' | b'>' => {
                let part = self.process_substitution();
                self.push(&mut draft.parts, part);
            }
            b'(' if style & REGEX != 0 => self.regex_group(&mut draft.parts),
            b'(' => self.group(&mut draft.parts, self.extglob_operator(run)),
            byte => self.brace(draft, byte),
        }
        if matches!(draft.parts.last(), Some(Part::Bare(_))) {
            draft.ragged = true;
        }
    }

    /// Whether the operator character at the current position is part of the
    /// word whose plain text began at `run`.
    fn belongs(&mut self, run: usize, style: u8) -> bool {
        match self.byte() {
            b'<' | b'>' => self.at(self.joined(self.pos + 1)) == b'(',
            b'|' => style & REGEX != 0,
            _ if style & REGEX != 0 => true,
            _ => {
                let operator = self.extglob_operator(run);
                // `name()` defines a function; only an argument may be `@()`.
                let function = self.empty_parentheses(self.pos)
                    && (style & COMMAND != 0 || style & GROUPS != 0 && !operator);
                !function && (operator || style & GROUPS != 0)
            }
        }
    }

    /// Whether the character before the `(` here makes it `@(..)` and the like.
    fn extglob_operator(&self, run: usize) -> bool {
        self.pos > run
            && matches!(self.at(self.pos.wrapping_sub(1)), b'@' | b'!' | b'?' | b'*' | b'+')
    }

    /// Whether `(` at `pos` is followed by `)` with blanks between at most.
    pub(super) fn empty_parentheses(&self, pos: usize) -> bool {
        let mut next = self.joined(pos + 1);
        while matches!(self.at(next), b' ' | b'\t') {
            next = self.joined(next + 1);
        }
        self.at(next) == b')'
    }

    fn escape(&mut self, draft: &mut Draft) {
        if self.continued(self.pos) {
            self.pos += 2;
            draft.ragged = true;
            return;
        }
        let from = self.pos + 1;
        let width = self.width(from);
        // A backslash that ends the input stands for itself.
        let text = if width == 0 { "\\" } else { self.slice(from, from + width) };
        self.pos = from + width;
        self.push(&mut draft.parts, Part::Quoted(text.into()));
    }

    /// Reads `'..'`, the opening quote of which stands before `from`.
    pub(super) fn single(&mut self, from: usize) -> Part {
        let Some(close) = self.find(from, b'\'') else {
            let span = self.span_of(from - 1, from);
            self.fail("unterminated single quote", span);
            return Part::Quoted(Box::default());
        };
        self.pos = close + 1;
        Part::Quoted(self.slice(from, close).into())
    }

    /// Reads `$'..'` from after its opening quote on.
    pub(super) fn ansi(&mut self, from: usize) -> Part {
        let mut close = from;
        loop {
            match self.at(close) {
                b'\\' => close += 2,
                b'\'' => break,
                0 if close >= self.end => {
                    let span = self.span_of(from.saturating_sub(2), from);
                    self.fail("unterminated single quote", span);
                    return Part::Quoted(Box::default());
                }
                _ => close += 1,
            }
        }
        self.pos = close + 1;
        Part::Quoted(ansi::decode(self.slice(from, close)))
    }

    /// Reads `".."` from its opening quote on.
    pub(super) fn double(&mut self, open: usize) -> Vec<Part> {
        let mut parts = Vec::new();
        self.pos = open + 1;
        self.quoted(&mut parts, Inside::Double);
        if !self.eat(b'"') {
            let span = self.span_of(open, open + 1);
            self.fail("unterminated double quote", span);
        }
        parts
    }

    /// Reads quoted text with its expansions up to what ends it.
    pub(super) fn quoted(&mut self, parts: &mut Vec<Part>, inside: Inside) {
        let mut run = self.pos;
        let first = parts.len();
        // Up to here a single quote in an operand hides braces and quotes.
        let mut hidden = 0;
        loop {
            self.pos = self.scan(self.pos, DOUBLE);
            let open = self.pos;
            match self.byte() {
                0 if self.done() => break,
                b'"' if inside == Inside::Double => break,
                b'}' if inside.operand() && open >= hidden => break,
                b'"' if inside.operand() && open >= hidden => {
                    self.flush_quoted(parts, run);
                    let inner = self.double(open);
                    self.push(parts, Part::Double(inner));
                    run = self.pos;
                }
                b'\'' if inside == Inside::Operand && open >= hidden => {
                    hidden = self.hiding_quote();
                    self.pos += 1;
                }
                b'\\' => {
                    let next = self.at(open + 1);
                    if next == b'\n' {
                        self.flush_quoted(parts, run);
                        self.pos += 2;
                        run = self.pos;
                    } else if escapes(next, inside) {
                        self.flush_quoted(parts, run);
                        run = open + 1;
                        self.pos += 2;
                    } else {
                        self.pos += 1;
                    }
                }
                b'$' if self.expands(open, inside == Inside::Operand) => {
                    self.flush_quoted(parts, run);
                    self.dollar(parts, Some(inside));
                    run = self.pos;
                }
                b'`' => {
                    self.flush_quoted(parts, run);
                    let part = self.backquote(matches!(inside, Inside::Double | Inside::Operand));
                    self.push(parts, part);
                    run = self.pos;
                }
                b'\n' if inside == (Inside::HereDocument { strip: true }) => {
                    self.pos += 1;
                    self.flush_quoted(parts, run);
                    while self.byte() == b'\t' {
                        self.pos += 1;
                    }
                    run = self.pos;
                }
                _ => self.pos += 1,
            }
        }
        self.flush_quoted(parts, run);
        if parts.len() > first + 1 {
            *parts = join(std::mem::take(parts));
        }
    }

    /// In `"${x:-'..'}"` bash pairs single quotes to find the closing brace,
    /// although they stand for themselves and expansions between them are made.
    fn hiding_quote(&mut self) -> usize {
        let open = self.pos;
        let Some(close) = self.find(open + 1, b'\'') else {
            let span = self.span_of(open, open + 1);
            self.fail("unterminated single quote", span);
            return open;
        };
        // Other shells do not pair them: there the text ends elsewhere.
        if self.slice(open, close).contains(['}', '"']) {
            self.note_zsh(open, close + 1);
        }
        close + 1
    }

    /// Whether the `$` at `pos` begins an expansion; `quotes` says whether
    /// `$'` and `$"` count.
    pub(super) fn expands(&self, pos: usize, quotes: bool) -> bool {
        match self.at(self.joined(pos + 1)) {
            b'{' | b'(' | b'[' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' => true,
            b'\'' | b'"' => quotes,
            byte => is(byte, NAME | DIGIT),
        }
    }

    /// Adds the plain text from `run` to `to` as a bare part.
    #[inline]
    pub(super) fn flush(&mut self, parts: &mut Vec<Part>, run: usize, to: usize) {
        if run < to {
            let text = self.slice(run, to).into();
            self.push(parts, Part::Bare(text));
        }
    }

    fn flush_quoted(&mut self, parts: &mut Vec<Part>, run: usize) {
        if run < self.pos {
            let text = self.slice(run, self.pos).into();
            self.push(parts, Part::Quoted(text));
        }
    }

    /// Pays for a part and adds it.
    #[inline]
    pub(super) fn push(&mut self, parts: &mut Vec<Part>, part: Part) {
        self.pay(1);
        parts.push(part);
    }
}

const fn escapes(byte: u8, inside: Inside) -> bool {
    match byte {
        b'$' | b'`' | b'\\' => true,
        b'"' => !matches!(inside, Inside::HereDocument { .. }),
        b'}' => inside.operand(),
        _ => false,
    }
}

/// Makes one part of neighbours that are text of the same kind.
pub(super) fn join(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
    let mut text = String::new();
    let mut parts = parts.into_iter().peekable();
    while let Some(part) = parts.next() {
        let piece = match (&part, parts.peek()) {
            (Part::Bare(piece), next)
                if !text.is_empty() || matches!(next, Some(Part::Bare(_))) =>
            {
                piece
            }
            (Part::Quoted(piece), next)
                if !text.is_empty() || matches!(next, Some(Part::Quoted(_))) =>
            {
                piece
            }
            _ => {
                joined.push(part);
                continue;
            }
        };
        text.push_str(piece);
        let goes_on = matches!(
            (&part, parts.peek()),
            (Part::Bare(_), Some(Part::Bare(_))) | (Part::Quoted(_), Some(Part::Quoted(_)))
        );
        if !goes_on {
            let whole = std::mem::take(&mut text).into_boxed_str();
            joined.push(if matches!(part, Part::Bare(_)) {
                Part::Bare(whole)
            } else {
                Part::Quoted(whole)
            });
        }
    }
    joined
}
