//! Redirections.

use super::cursor::{DIGIT, META, NAME, Parser, is};
use super::heredocs::Pending;
use super::tree::{Descriptor, Part, Redirect, RedirectOperator, Word};
use super::words::BRACES;

impl Parser<'_> {
    /// Reads the redirections that stand here.
    pub(super) fn redirects(&mut self) -> Vec<Redirect> {
        let mut redirects = Vec::new();
        loop {
            self.blanks();
            match self.redirect() {
                Some((redirect, _)) => redirects.push(redirect),
                None => return redirects,
            }
        }
    }

    /// Reads the redirection that stands here, if one does. The flag says that
    /// its target is one for zsh only, in `>! word`, and another word for bash.
    pub(super) fn redirect(&mut self) -> Option<(Redirect, bool)> {
        let from = self.pos;
        let (fd, operator) = match self.byte() {
            b'<' | b'>' | b'&' => (Descriptor::Default, from),
            b'{' => self.variable_descriptor()?,
            byte if is(byte, DIGIT) => self.numbered_descriptor()?,
            _ => return None,
        };
        let second = self.joined(operator + 1);
        match (self.at(operator), self.at(second)) {
            (b'&', b'>') | (b'<' | b'>', _) => {}
            _ => return None,
        }
        if self.at(operator) != b'&' && self.at(second) == b'(' {
            return None;
        }
        self.pos = operator;
        self.pay(1);
        let operator = self.redirect_operator();
        if operator == RedirectOperator::HereDocument {
            return Some((self.here_document(from, fd), false));
        }
        let forced =
            matches!(operator, RedirectOperator::Write | RedirectOperator::Append) && self.forced();
        let apart = forced && matches!(self.byte(), b' ' | b'\t');
        self.blanks();
        let duplicates = matches!(
            operator,
            RedirectOperator::DuplicateInput | RedirectOperator::DuplicateOutput
        );
        if self.variable_descriptor().is_some()
            || !duplicates && self.numbered_descriptor().is_some()
        {
            self.unexpected();
        }
        let target = match operator {
            RedirectOperator::HereString => self.word(0),
            _ if duplicates && self.byte() == b'-' => self.closing(),
            _ => self.word(BRACES),
        };
        if target.parts.is_empty() {
            let span = self.span(from);
            self.fail("redirection without a target", span);
        }
        let operator = match operator {
            RedirectOperator::DuplicateOutput
                if fd == Descriptor::Default && names_file(&target) =>
            {
                RedirectOperator::WriteBoth
            }
            RedirectOperator::Write if forced => RedirectOperator::Clobber,
            operator => operator,
        };
        Some((Redirect { fd, operator, target, span: self.span(from) }, apart))
    }

    /// The `-` of `>&-` is a token: what follows without a blank is not part of
    /// it.
    fn closing(&mut self) -> Word {
        let from = self.pos;
        self.pos += 1;
        Word { parts: vec![Part::Bare("-".into())], span: self.span(from) }
    }

    fn numbered_descriptor(&self) -> Option<(Descriptor, usize)> {
        let mut number = 0_u32;
        let mut pos = self.pos;
        while is(self.at(pos), DIGIT) {
            number = number.saturating_mul(10).saturating_add(u32::from(self.at(pos) - b'0'));
            pos = self.joined(pos + 1);
        }
        let redirects = pos > self.pos && matches!(self.at(pos), b'<' | b'>');
        redirects.then_some((Descriptor::Number(number), pos))
    }

    fn variable_descriptor(&self) -> Option<(Descriptor, usize)> {
        if self.byte() != b'{' {
            return None;
        }
        let from = self.pos + 1;
        let mut pos = from;
        while is(self.at(pos), NAME) {
            pos += 1;
        }
        // `{name[sub]}>` is allowed as well.
        if self.at(pos) == b'[' {
            while !matches!(self.at(pos), b']' | b'}') && !is(self.at(pos), META) {
                pos += 1;
            }
            pos += usize::from(self.at(pos) == b']');
        }
        if pos == from || is(self.at(from), DIGIT) || self.at(pos) != b'}' {
            return None;
        }
        let name = || Descriptor::Variable(self.slice(from, pos).into());
        matches!(self.at(pos + 1), b'<' | b'>').then(|| (name(), pos + 1))
    }

    /// Reads the operator, of which the first character stands here.
    fn redirect_operator(&mut self) -> RedirectOperator {
        let first = self.byte();
        self.pos = self.joined(self.pos + 1);
        let second = self.byte();
        let (operator, more) = match (first, second) {
            (b'<', b'<') => {
                let third = self.joined(self.pos + 1);
                if self.at(third) == b'<' {
                    self.pos = third;
                    (RedirectOperator::HereString, true)
                } else {
                    (RedirectOperator::HereDocument, true)
                }
            }
            (b'<', b'&') => (RedirectOperator::DuplicateInput, true),
            (b'<', b'>') => (RedirectOperator::ReadWrite, true),
            (b'<', _) => (RedirectOperator::Read, false),
            (b'>', b'>') => (RedirectOperator::Append, true),
            (b'>', b'|') => (RedirectOperator::Clobber, true),
            (b'>', b'&') => (RedirectOperator::DuplicateOutput, true),
            (b'>', _) => (RedirectOperator::Write, false),
            _ => {
                let third = self.joined(self.pos + 1);
                if self.at(third) == b'>' {
                    self.pos = third;
                    (RedirectOperator::AppendBoth, true)
                } else {
                    (RedirectOperator::WriteBoth, true)
                }
            }
        };
        self.pos += usize::from(more);
        operator
    }

    /// Takes the `!` of zsh's `>!`. For bash it begins the file's name; the zsh
    /// reading is the one that writes over a file that is named in full.
    fn forced(&mut self) -> bool {
        let mut next = self.joined(self.pos + 1);
        while matches!(self.at(next), b' ' | b'\t') {
            next = self.joined(next + 1);
        }
        let forced = self.byte() == b'!' && !is(self.at(next), META);
        if forced {
            self.note_zsh(self.pos - 1, self.pos + 1);
            self.pos += 1;
        }
        forced
    }

    fn here_document(&mut self, from: usize, fd: Descriptor) -> Redirect {
        self.pos = self.joined(self.pos);
        let strip = self.eat(b'-');
        self.blanks();
        let start = self.pos;
        let word = self.word(0);
        let span = self.span(from);
        if self.pos == start {
            self.fail("here-document without a delimiter", span);
        }
        let (delimiter, quoted) = match plain(&word.parts) {
            Some(plain) => plain,
            None => unquote(self.slice(start, self.pos)),
        };
        self.heredocs.pending.push(Pending::new(delimiter, quoted, strip, span));
        Redirect {
            fd,
            operator: RedirectOperator::HereDocument,
            target: Word { parts: Vec::new(), span },
            span,
        }
    }
}

/// Whether `>&word` writes to a file: it does unless the word is a descriptor
/// or may become one.
fn names_file(target: &Word) -> bool {
    match target.parts.first() {
        Some(Part::Bare(text)) => {
            let number = text.strip_suffix('-').unwrap_or(text);
            target.parts.len() > 1 || !number.bytes().all(|byte| byte.is_ascii_digit())
        }
        Some(Part::Quoted(_)) => true,
        _ => false,
    }
}

/// The text of a word without expansions, and whether any of it was quoted.
pub(super) fn plain(parts: &[Part]) -> Option<(String, bool)> {
    let mut text = String::new();
    let mut quoted = false;
    for part in parts {
        match part {
            Part::Bare(piece) => text.push_str(piece),
            Part::Quoted(piece) => {
                quoted = true;
                text.push_str(piece);
            }
            Part::Double(inner) => {
                quoted = true;
                match inner.as_slice() {
                    [] => {}
                    [Part::Quoted(piece)] => text.push_str(piece),
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
    Some((text, quoted))
}

/// The same for a delimiter that looks like an expansion, which it is not.
fn unquote(raw: &str) -> (String, bool) {
    let mut text = String::with_capacity(raw.len());
    let mut quote = None;
    let mut letters = raw.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', None) => match letters.next() {
                Some('\n') | None => {}
                Some(next) => text.push(next),
            },
            ('\'' | '"', None) => quote = Some(letter),
            (_, Some(open)) if open == letter => quote = None,
            _ => text.push(letter),
        }
    }
    let quoted = raw.contains(['\'', '"', '\\']);
    (text, quoted)
}
