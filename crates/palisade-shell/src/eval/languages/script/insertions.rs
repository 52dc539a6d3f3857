//! Code within texts: f"{x}", `${x}`, "#{x}", "@{[x]}", "{$x}".
//!
//! The tokens hold such code between two marks. Before anything else looks at
//! them the marks are settled: the value takes the code's place, or the unknown
//! does, and the code itself is read behind the rest.

use super::Scan;
use super::tables::{Sink, sink};
use super::tokens::{Token, tokens};
use crate::eval::Eval;
use crate::eval::lower::opaque;
use crate::programs::Language;
use crate::text::{ANY, Text};

/// Code begins, within a text.
pub(super) const OPEN: char = '\u{F0005}';
/// Code ends, within a text.
pub(super) const CLOSE: char = '\u{F0006}';
/// How deep texts within code within texts are followed.
const DEEPEST: u32 = 4;

/// The code that is put into a text of this language at `at`, and where the
/// text goes on.
pub(super) fn insertion(
    language: Language,
    letters: &[char],
    at: usize,
) -> Option<(String, usize)> {
    let (letter, next) = (*letters.get(at)?, letters.get(at + 1).copied());
    match (language, letter, next) {
        (Language::Python, '{', next) if next != Some('{') => {
            let (code, end) = braced(letters, at, 0);
            Some((unformatted(&code), end))
        }
        (Language::JavaScript, '$', Some('{')) | (Language::Ruby, '#', Some('{')) => {
            Some(braced(letters, at + 1, 0))
        }
        (Language::Php, '{', Some('$')) => Some(braced(letters, at, 0)),
        (Language::Perl | Language::Php, '$' | '@', Some(next))
            if letter == '$' || language == Language::Perl =>
        {
            if next == '{' {
                let (code, end) = braced(letters, at + 1, 0);
                return Some((block(&code), end));
            }
            (next.is_alphabetic() || next == '_').then(|| variable(letters, at))
        }
        _ => None,
    }
}

/// A text with the code in it marked.
pub(super) fn marked(language: Language, text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        if letter == '\\' {
            out.push(letter);
            out.extend(letters.get(at + 1));
            at += 2;
        } else if let Some((code, end)) = insertion(language, &letters, at) {
            mark(&mut out, &code);
            at = end;
        } else {
            out.push(letter);
            at += 1;
        }
    }
    out
}

/// Appends code between its marks.
pub(super) fn mark(out: &mut String, code: &str) {
    out.push(OPEN);
    out.push_str(code);
    out.push(CLOSE);
}

/// A text whose own parts are changed, and the code in it is not.
pub(super) fn outside(text: &str, change: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((own, more)) = rest.split_once(OPEN) {
        let (code, more) = more.split_once(CLOSE).unwrap_or((more, ""));
        out.push_str(&change(own));
        mark(&mut out, code);
        rest = more;
    }
    out.push_str(&change(rest));
    out
}

/// The blocks of code in a pattern of Perl: `@{[ .. ]}`, `${\ .. }`.
pub(super) fn blocks(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let opens =
        |at: usize| matches!(letters.get(at..at + 3), Some(['@', '{', '['] | ['$', '{', '\\']));
    let starts = (0..letters.len()).filter(|at| opens(*at)).take(16);
    starts.map(|at| block(&braced(&letters, at + 1, 0).0)).collect()
}

/// What stands between the bracket at `open` and its end, with the brackets
/// that stand in texts left out of account.
fn braced(letters: &[char], open: usize, depth: u32) -> (String, usize) {
    let end = end_of_code(letters, open, depth).or_else(|| {
        // Quotes that do not pair, as in a pattern: by brackets alone.
        let mut level = 0_i32;
        (open..letters.len()).find(|at| {
            level += match letters.get(*at) {
                Some('{' | '[') => 1,
                Some('}' | ']') => -1,
                _ => 0,
            };
            level <= 0
        })
    });
    let end = end.unwrap_or(letters.len());
    (letters.get(open + 1..end).unwrap_or(&[]).iter().collect(), end + 1)
}

/// Where the bracket closes that opens at `open`.
fn end_of_code(letters: &[char], open: usize, depth: u32) -> Option<usize> {
    if depth > DEEPEST {
        return None;
    }
    let mut level = 0_i32;
    let mut at = open;
    while let Some(&letter) = letters.get(at) {
        match letter {
            '{' | '[' => level += 1,
            '}' | ']' => {
                level -= 1;
                if level <= 0 {
                    return Some(at);
                }
            }
            '\\' => at += 1,
            '"' | '\'' | '`' => at = end_of_quote(letters, at, depth)?,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where the quote closes that opens at `open`.
fn end_of_quote(letters: &[char], open: usize, depth: u32) -> Option<usize> {
    let quote = letters.get(open)?;
    let mut at = open + 1;
    while let Some(letter) = letters.get(at) {
        match letter {
            '\\' => at += 1,
            '$' | '#' if *quote != '\'' && letters.get(at + 1) == Some(&'{') => {
                at = end_of_code(letters, at + 1, depth + 1)?;
            }
            letter if letter == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// A Python field without its `!r`, `:>10` and `=`; what had one is code whose
/// value is not what stands in the text.
fn unformatted(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    let mut level = 0_i32;
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let next = letters.get(at + 1);
        match letter {
            '(' | '[' | '{' => level += 1,
            ')' | ']' | '}' => level -= 1,
            '"' | '\'' => match end_of_quote(&letters, at, 0) {
                Some(end) => at = end,
                None => break,
            },
            ':' if level == 0 => break,
            '!' if level == 0 && next != Some(&'=') => break,
            '=' if level == 0 && next.is_none() => break,
            _ => {}
        }
        at += 1;
    }
    let own: String = letters.get(..at).unwrap_or(&letters).iter().collect();
    match letters.get(at..).unwrap_or(&[]) {
        [] | ['!', 's'] => own,
        // A form may hold fields of its own.
        form => {
            let form: String = form.iter().collect();
            format!("{own};{}", if form.contains('{') { form.as_str() } else { "" })
        }
    }
}

/// What a block in a text of Perl or PHP comes to: `${x}`, `${\ f()}`,
/// `@{[ f() ]}`.
fn block(code: &str) -> String {
    let code = code.trim();
    if code.chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
        return format!("${code}");
    }
    let listed = code.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    listed.or_else(|| code.strip_prefix('\\')).unwrap_or(code).to_owned()
}

/// A variable in a text of Perl or PHP, with what it is indexed by.
fn variable(letters: &[char], at: usize) -> (String, usize) {
    let name = |letter: &&char| letter.is_alphanumeric() || **letter == '_';
    let mut end = at + 1 + letters.iter().skip(at + 1).take_while(name).count();
    let mut index = None;
    loop {
        let open = match letters.get(end..end + 3) {
            Some(['-', '>', '[' | '{']) => end + 2,
            _ if matches!(letters.get(end), Some('[' | '{')) => end,
            _ => break,
        };
        match end_of_code(letters, open, 0) {
            Some(close) => (index, end) = (Some(close), close + 1),
            None => break,
        }
    }
    let mut code: String = letters.get(at..end).unwrap_or(&[]).iter().collect();
    if index.is_some() || letters.get(at) == Some(&'@') {
        code.push(';');
    }
    (code, end)
}

fn holds_code(token: &Token) -> bool {
    matches!(token, Token::Text(text, _) if text.contains(OPEN))
}

impl Scan {
    /// Puts the values into the texts, and the code of the texts behind all.
    pub(super) fn settle(&mut self, eval: &mut Eval<'_>, mut tokens: Vec<Token>) -> Vec<Token> {
        if tokens.iter().any(holds_code) {
            self.read_imports(&tokens);
            let mut behind = Vec::new();
            self.settle_all(eval, &mut tokens, &mut behind, 0);
            tokens.append(&mut behind);
            self.variables.clear();
            self.imports.clear();
        }
        tokens
    }

    fn settle_all(
        &mut self,
        eval: &mut Eval<'_>,
        tokens: &mut [Token],
        behind: &mut Vec<Token>,
        depth: u32,
    ) {
        let mut settled = 0;
        for at in 0..tokens.len() {
            let named = match tokens.get(at..at + 2) {
                Some([Token::Name(name), Token::Mark('=' | '+' | '.')]) => Some(name.clone()),
                _ => None,
            };
            if at < settled && named.is_none() {
                continue;
            }
            // What a name is given is settled as far as its statement goes.
            while let Some(token) = tokens.get(settled.max(at)) {
                let ends = *token == Token::Mark(';');
                let last = settled.max(at);
                settled = last + 1;
                if let Token::Text(text, runs) = token
                    && holds_code(token)
                {
                    let (text, runs) = (text.clone(), *runs);
                    let value = self.inserted(eval, &text, behind, depth);
                    if let Some(place) = tokens.get_mut(last) {
                        *place = Token::Text(value.raw().to_owned(), runs);
                    }
                }
                if ends || named.is_none() {
                    break;
                }
            }
            if let Some(name) = named {
                self.assigned(eval, tokens, at, &name);
            }
        }
    }

    /// A text with the values of what is in it.
    fn inserted(
        &mut self,
        eval: &mut Eval<'_>,
        text: &str,
        behind: &mut Vec<Token>,
        depth: u32,
    ) -> Text {
        let mut whole = Text::default();
        let mut rest = text;
        while let Some((own, more)) = rest.split_once(OPEN) {
            let (code, more) = more.split_once(CLOSE).unwrap_or((more, ""));
            rest = more;
            eval.spend(code.len(), self.span);
            whole.push(own);
            if depth > DEEPEST || eval.overrun {
                opaque(eval, self.language, self.labels, self.span);
                whole.push(&ANY.to_string());
                continue;
            }
            let mut inner = tokens(self.language, code);
            self.settle_all(eval, &mut inner, behind, depth + 1);
            let value = match self.expression(eval, &inner, 0, 0) {
                (Some(value), end) if end >= inner.len() => value,
                _ => Text::unknown(),
            };
            whole.push(value.raw());
            self.made(eval, Some(&value));
            // A name alone does nothing, unless it shows what it names.
            let plain = matches!(inner.as_slice(), [Token::Name(name)]
                | [Token::Name(name), Token::Mark(';')]
                if sink(self.language, &self.full_name(name)) != Some(Sink::Environment));
            if !plain {
                behind.push(Token::Mark(';'));
                behind.append(&mut inner);
            }
        }
        whole.push(rest);
        whole
    }
}
