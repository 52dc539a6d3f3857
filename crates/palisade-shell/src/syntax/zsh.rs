//! What only zsh reads as code. All of it is noted, so that it is never taken
//! for harmless.

use super::cursor::{META, NAME, Parser, is};
use super::operands::End;
use super::tree::{Part, Word};
use super::words::{COMMAND, GROUPS};

impl Parser<'_> {
    /// A word that begins with `=`: `=name` is a command's path, `=(..)` a file
    /// with a command's output.
    pub(super) fn equals_word(&mut self, parts: &mut Vec<Part>, style: u8) {
        let next = self.at(self.pos + 1);
        if next == b'(' && style & (COMMAND | GROUPS) != 0 {
            let from = self.pos;
            let part = self.process_substitution();
            self.note_zsh(from, self.pos);
            self.push(parts, part);
        } else if style & GROUPS != 0 && (is(next, NAME) || matches!(next, b'/' | b'.')) {
            self.note_zsh(self.pos, self.scan(self.pos, META));
        }
    }

    /// Reads `(..)` in a word: the alternatives of `@(..)` where `extglob` says
    /// that an operator stands before it, or else a group that only zsh knows.
    pub(super) fn group(&mut self, parts: &mut Vec<Part>, extglob: bool) {
        let open = self.pos;
        if !self.enter(open) {
            return;
        }
        self.pos += 1;
        let mut words = Vec::new();
        loop {
            let word = self.operand(End::Alternative);
            words.push(word);
            if !self.eat(b'|') {
                break;
            }
        }
        self.leave();
        if !self.eat(b')') {
            let span = self.span_of(open, open + 1);
            self.fail("unterminated '('", span);
        }
        let code = runs_code(self.slice(open + 1, self.pos.saturating_sub(1)));
        if extglob && !code {
            let operator = char::from(self.at(open - 1));
            self.push(parts, Part::Extglob(operator, words));
            return;
        }
        let from = open - usize::from(extglob);
        self.note_zsh(from, self.pos);
        let inner = words.into_iter().flat_map(|word| word.parts).collect();
        self.zsh_part(parts, from, inner);
    }

    /// Reads `(..)` in the regular expression after `=~`.
    pub(super) fn regex_group(&mut self, parts: &mut Vec<Part>) {
        let open = self.pos;
        self.pos += 1;
        let inner = self.operand(End::Group);
        if !self.eat(b')') {
            let span = self.span_of(open, open + 1);
            self.fail("unterminated '('", span);
        }
        self.push(parts, Part::Bare("(".into()));
        parts.extend(inner.parts);
        self.push(parts, Part::Bare(")".into()));
    }

    /// `alias -g` makes a name a macro anywhere on later lines.
    pub(super) fn global_alias(&mut self, words: &[Word]) {
        let [command, operands @ ..] = words else { return };
        if !is_bare(command, |name| name == "alias") {
            return;
        }
        for word in operands {
            if is_bare(word, |text| text.starts_with('-') && text.contains(['g', 's'])) {
                let (from, to) = (word.span.from as usize, word.span.to as usize);
                self.note_zsh(from, to);
            }
        }
    }
}

fn is_bare(word: &Word, test: impl Fn(&str) -> bool) -> bool {
    matches!(word.parts.as_slice(), [Part::Bare(text)] if test(text))
}

/// Whether the inside of a glob qualifier runs code: `e:..:` and `+name`, after
/// any other qualifiers, or anything behind `#q`.
fn runs_code(inner: &str) -> bool {
    if inner.starts_with("#q") {
        return true;
    }
    let first = inner.trim_start_matches(|c: char| {
        c.is_ascii_alphanumeric() && c != 'e' || "./@=%*^-,:[]#".contains(c)
    });
    let mut letters = first.chars();
    match (letters.next(), letters.next()) {
        (Some('+'), Some(next)) => next.is_ascii_alphabetic() || next == '_',
        (Some('e'), Some(next)) => {
            let pair = match next {
                '[' => ']',
                '{' => '}',
                '(' => ')',
                '<' => '>',
                other => other,
            };
            next.is_ascii_punctuation() && letters.any(|letter| letter == pair)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::runs_code;

    #[test]
    fn qualifiers_that_run_code() {
        for inner in ["e:'rm x':", "e{rm}", ".e'ls'", "+cmd", "#qe:ls:", "/e[ls]", "Ne_x_"] {
            assert!(runs_code(inner), "{inner}");
        }
        for inner in [".", "N", "e", "jpg|png", "exe", "a-e", "+", "*.te|b"] {
            assert!(!runs_code(inner), "{inner}");
        }
    }
}
