//! Patterns, quote-like operators and interpolation.

use super::tokens::Token;
use crate::programs::Language;

/// Whether a slash after this token begins a pattern rather than divides.
pub(super) fn begins_pattern(before: Option<&Token>) -> bool {
    match before {
        None => true,
        Some(Token::Name(name)) => matches!(
            name.as_str(),
            "return"
                | "if"
                | "unless"
                | "and"
                | "or"
                | "not"
                | "when"
                | "split"
                | "grep"
                | "print"
                | "puts"
                | "while"
                | "until"
                | "case"
                | "typeof"
                | "in"
                | "x"
        ),
        Some(Token::Text(..)) => false,
        Some(Token::Mark(mark)) => !matches!(mark, ')' | ']' | '}'),
    }
}

pub(super) fn closing(mark: char) -> char {
    match mark {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        '<' => '>',
        other => other,
    }
}

/// The text from `from` to the mark's end, and where it ends.
pub(super) fn pattern(letters: &[char], from: usize, mark: char) -> (String, usize) {
    let close = closing(mark);
    let mut depth = 0;
    let mut text = String::new();
    let mut at = from;
    while let Some(&letter) = letters.get(at) {
        at += 1;
        match letter {
            '\\' => {
                text.push(letter);
                text.extend(letters.get(at));
                at += 1;
                continue;
            }
            _ if letter == close && depth == 0 => break,
            _ if letter == close => depth -= 1,
            _ if letter == mark => depth += 1,
            _ => {}
        }
        text.push(letter);
    }
    (text, at)
}

/// A Lua text in long brackets.
pub(super) fn long_text(letters: &[char], from: usize) -> (String, usize) {
    let mut at = from;
    let mut text = String::new();
    while let Some(&letter) = letters.get(at) {
        if letter == ']' && letters.get(at + 1) == Some(&']') {
            return (text, at + 2);
        }
        text.push(letter);
        at += 1;
    }
    (text, at)
}

/// Where a pattern operator's first mark is, how many parts it has and whether
/// it replaces.
pub(super) fn pattern_like(letters: &[char], at: usize) -> Option<(usize, u8, bool)> {
    let (open, parts, replaces) = match (letters.get(at)?, letters.get(at + 1)?) {
        ('s', _) => (at + 1, 2, true),
        ('m', _) => (at + 1, 1, false),
        ('y', _) => (at + 1, 2, false),
        ('t', 'r') => (at + 2, 2, false),
        _ => return None,
    };
    let mark = letters.get(open)?;
    (mark.is_ascii_punctuation() && !matches!(mark, ',' | ';' | '=' | ')' | '_' | '.' | '('))
        .then_some((open, parts, replaces))
}

pub(super) fn quote_like(
    language: Language,
    letters: &[char],
    at: usize,
) -> Option<(&'static str, char, usize)> {
    let starts = |word: &str| -> Option<(char, usize)> {
        let mut position = at;
        for expected in word.chars() {
            if letters.get(position) != Some(&expected) {
                return None;
            }
            position += 1;
        }
        let mut open = *letters.get(position)?;
        if open == ' ' {
            position += 1;
            open = *letters.get(position)?;
        }
        (!open.is_alphanumeric()
            && !open.is_whitespace()
            && !matches!(open, ',' | ';' | '=' | ')' | '_' | '.'))
        .then_some((open, position + 1))
    };
    let kinds: &[&'static str] = match language {
        Language::Perl => &["qx", "qq", "qw", "q"],
        Language::Ruby => &["%x", "%w", "%q", "%Q"],
        _ => return None,
    };
    kinds.iter().find_map(|kind| starts(kind).map(|(open, start)| (*kind, open, start)))
}
