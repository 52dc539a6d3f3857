//! Arithmetic, and how it is told from commands in two subshells.

use super::cursor::Parser;
use super::operands::End;
use super::tree::{Part, Word};

impl Parser<'_> {
    /// Reads an arithmetic expansion whose expression ends at `limit`, before
    /// `))`.
    pub(super) fn arithmetic_part(&mut self, open: usize, from: usize, limit: usize) -> Part {
        self.pos = from;
        let expression = self.arithmetic(open, limit);
        // `limit` is a parenthesis, and the other one follows.
        self.pos = self.joined(limit + 1) + 1;
        Part::Arithmetic(Box::new(expression))
    }

    pub(super) fn bracket_arithmetic(&mut self, open: usize, bracket: usize) -> Part {
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
    pub(super) fn arithmetic(&mut self, open: usize, limit: usize) -> Word {
        if !self.enter(open) {
            return Word::default();
        }
        let expression = self.within(limit, |parser| parser.operand(End::Limit));
        self.leave();
        expression
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

/// Whether an expression between `((` and `))` looks like commands. For a shell
/// without `((`, as `sh` often is, it stands in two subshells.
pub(super) fn reads_as_command(expression: &Word) -> bool {
    // What was read last: nothing, an operator, or an operand, and whether a
    // blank stands behind it.
    let (mut operand, mut blank) = (false, false);
    for part in &expression.parts {
        let Part::Bare(text) = part else {
            if operand && blank || matches!(part, Part::Quoted(_)) {
                return true;
            }
            (operand, blank) = (true, false);
            continue;
        };
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                ' ' | '\t' | '\n' => blank = true,
                'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '#' | '@' => {
                    if operand && blank {
                        return true;
                    }
                    (operand, blank) = (true, false);
                }
                // `rm -r` and `rm /x` are differences and quotients as well, but
                // nobody sets their blanks that way.
                '/' if !operand => return true,
                '-' | '/' if blank && operand => {
                    let next = letters.peek().copied().unwrap_or(' ');
                    if next.is_ascii_alphabetic() || letter == '/' && "./$*".contains(next) {
                        return true;
                    }
                    (operand, blank) = (false, false);
                }
                ')' | ']' => (operand, blank) = (true, false),
                '(' | '[' | '+' | '-' | '*' | '/' | '%' | '<' | '>' | '=' | '!' | '&' | '|'
                | '^' | '~' | '?' | ':' | ',' => (operand, blank) = (false, false),
                _ => return true,
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::reads_as_command;
    use crate::syntax::tree::CommandKind;
    use crate::syntax::{Budget, parse};

    #[test]
    fn commands_in_double_parentheses() {
        let reads = |text: &str| {
            let script = parse(text, &mut Budget::default()).script;
            match &script.items[0].first.stages[0].command.kind {
                CommandKind::Arithmetic(expression) => reads_as_command(expression),
                other => panic!("{text}: {other:?}"),
            }
        };
        for text in [
            "((rm -rf /))",
            "(( rm x ))",
            "((sh /x))",
            "((. x))",
            "((/bin/x))",
            "((a; b))",
            "((eval 'x'))",
            "((eval $x))",
            "((a $(b)))",
            "((cat x | sh y))",
            "(( rm -f ))",
            "((rm /*))",
            "((rm ./x))",
        ] {
            assert!(reads(text), "{text}");
        }
        for text in [
            "((i++))",
            "(( i += 1 ))",
            "((x > 5 && y <= 3))",
            "(( $x - 1 ))",
            "((a-b))",
            "((a - b / c))",
            "((a[1] = b ? 2 : 3))",
            "(( ${#x} > 0 ))",
            "((16#ff))",
            "((!x))",
            "(( -x ))",
            "(($(a)+1))",
            "(( x = -1 ))",
            "(( (a) * (b) ))",
            "((i % 2 == 0))",
            "((a, b))",
            "((i--))",
            "((--i))",
            "((a -1))",
        ] {
            assert!(!reads(text), "{text}");
        }
    }
}
