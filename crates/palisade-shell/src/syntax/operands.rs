//! Text inside expansions that is read by rules of its own: operands of
//! `${..}`, subscripts, arithmetic, and the inside of patterns.

use super::cursor::{OPERAND, Parser};
use super::tree::{Part, Word};
use super::words::{Inside, join};

/// What ends an operand; nothing but `Limit` ends inside quotes or brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// `}`
    Brace,
    /// `/` or `}`; a first slash may be `literal`
    Slash { literal: bool },
    /// `:` or `}`, in a substring
    Colon,
    /// `]`
    Bracket,
    /// `|` or `)`
    Alternative,
    /// `)`
    Group,
    /// `;`, in the head of an arithmetic `for`
    Semicolon,
    /// The end of what may be read, in arithmetic.
    Limit,
}

impl End {
    /// Single quotes stand for themselves and double quotes go.
    const fn arithmetic(self) -> bool {
        matches!(self, Self::Semicolon | Self::Limit)
    }
}

impl Parser<'_> {
    /// Reads an operand and leaves what ends it.
    pub(super) fn operand(&mut self, end: End) -> Word {
        let from = self.pos;
        self.pay(1);
        let mut parts = Vec::new();
        let mut run = from;
        // Brackets, or for a substring the `?` that wait for their `:`.
        let mut depth = 0_u32;
        let mut questions = 0_u32;
        loop {
            self.pos = self.scan(self.pos, OPERAND);
            let byte = self.byte();
            let plain = match byte {
                0 => {
                    if self.done() {
                        break;
                    }
                    true
                }
                b'}' if matches!(end, End::Brace | End::Slash { .. } | End::Colon) => break,
                b'/' if self.pos > from && end == (End::Slash { literal: true }) => break,
                b'/' if end == (End::Slash { literal: false }) => break,
                b':' if end == End::Colon && depth == 0 => {
                    if questions == 0 {
                        break;
                    }
                    questions -= 1;
                    true
                }
                b'?' if end == End::Colon => {
                    questions += 1;
                    true
                }
                b';' if end == End::Semicolon && depth == 0 => break,
                b'|' if end == End::Alternative && depth == 0 => break,
                b')' if depth == 0 && matches!(end, End::Alternative | End::Group) => break,
                b']' if depth == 0 && end == End::Bracket => break,
                b')' if end != End::Bracket => {
                    depth = depth.saturating_sub(1);
                    true
                }
                b']' if end == End::Bracket => {
                    depth -= 1;
                    true
                }
                b'(' if end == End::Alternative && self.operator_before(run) => false,
                b'(' if end != End::Bracket => {
                    depth += 1;
                    true
                }
                b'[' if end == End::Bracket => {
                    depth += 1;
                    true
                }
                b'$' => !self.expands(self.pos, !end.arithmetic()),
                b'<' | b'>' => {
                    end.arithmetic()
                        || end == End::Bracket
                        || self.at(self.joined(self.pos + 1)) != b'('
                }
                b'\'' => end.arithmetic(),
                b'\\' | b'`' | b'"' => false,
                _ => true,
            };
            if plain {
                self.pos += 1;
                continue;
            }
            self.flush(&mut parts, run, self.pos - usize::from(byte == b'('));
            self.operand_part(&mut parts, end);
            run = self.pos;
        }
        self.flush(&mut parts, run, self.pos);
        if parts.len() > 1 {
            parts = join(parts);
        }
        Word { parts, span: self.span(from) }
    }

    fn operator_before(&self, run: usize) -> bool {
        self.pos > run && matches!(self.at(self.pos - 1), b'@' | b'!' | b'?' | b'*' | b'+')
    }

    fn operand_part(&mut self, parts: &mut Vec<Part>, end: End) {
        let open = self.pos;
        let part = match self.byte() {
            b'\\' if self.continued(open) => {
                self.pos += 2;
                return;
            }
            b'\\' => {
                let width = self.width(open + 1);
                self.pos = open + 1 + width;
                Part::Quoted(if width == 0 { "\\" } else { self.slice(open + 1, self.pos) }.into())
            }
            b'\'' => self.single(open + 1),
            b'"' if end.arithmetic() => {
                self.pos += 1;
                return;
            }
            b'"' => Part::Double(self.double(open)),
            b'`' => self.backquote(end.arithmetic()),
            b'$' => return self.dollar(parts, end.arithmetic().then_some(Inside::Double)),
            b'(' => return self.group(parts, true),
            _ => self.process_substitution(),
        };
        self.push(parts, part);
    }

    /// Reads the operand of `${x:-..}` where that stands in quoted text: there
    /// single quotes stand for themselves.
    pub(super) fn quoted_operand(&mut self, inside: Inside) -> Word {
        let from = self.pos;
        self.pay(1);
        let mut parts = Vec::new();
        self.quoted(
            &mut parts,
            match inside {
                Inside::Double | Inside::Operand => Inside::Operand,
                Inside::HereDocument { .. } | Inside::HereDocumentOperand => {
                    Inside::HereDocumentOperand
                }
            },
        );
        Word { parts, span: self.span(from) }
    }

    /// Reads `[..]` from its bracket on; nothing where it is not closed.
    pub(super) fn subscript(&mut self) -> Option<Word> {
        let open = self.pos;
        if !self.enter(open) {
            return None;
        }
        self.pos += 1;
        let word = self.operand(End::Bracket);
        self.leave();
        if !self.eat(b']') {
            let span = self.span_of(open, open + 1);
            self.fail("unterminated '['", span);
        }
        Some(word)
    }
}
