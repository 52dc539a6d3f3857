//! What expressions of literals come to.

use super::Scan;
use super::tokens::Token;
use crate::eval::{Eval, decode};
use crate::programs::Language;
use crate::text::{ANY, Text, replaced};

impl Scan {
    /// A call's arguments: each a list of texts (one, or those of a list
    /// literal), or none where it is not known.
    pub(super) fn arguments(
        &mut self,
        eval: &mut Eval<'_>,
        tokens: &[Token],
        from: usize,
        closed: bool,
    ) -> Vec<Option<Vec<Text>>> {
        let mut out = Vec::new();
        let mut at = from;
        for _ in 0..16 {
            match tokens.get(at) {
                None | Some(Token::Mark(')' | ';' | '}')) => break,
                Some(Token::Mark('[' | '(')) => {
                    let end_mark =
                        if tokens.get(at) == Some(&Token::Mark('[')) { ']' } else { ')' };
                    at += 1;
                    let mut list = Vec::new();
                    let mut known = true;
                    while let Some(token) = tokens.get(at) {
                        if *token == Token::Mark(end_mark) {
                            at += 1;
                            break;
                        }
                        if *token == Token::Mark(',') {
                            at += 1;
                            continue;
                        }
                        let (value, next) = self.expression(eval, tokens, at, 0);
                        match value {
                            Some(text) => list.push(text),
                            None => {
                                known &= !list.is_empty();
                                list.push(Text::unknown());
                            }
                        }
                        at = next.max(at + 1);
                        if list.len() > 64 {
                            break;
                        }
                    }
                    out.push((known && !list.is_empty()).then_some(list));
                }
                Some(_) => {
                    let (value, next) = self.expression(eval, tokens, at, 0);
                    out.push(value.map(|text| vec![text]));
                    at = next.max(at + 1);
                }
            }
            // To the next comma of this call.
            let mut depth = 0_i32;
            let mut more = false;
            while let Some(token) = tokens.get(at) {
                match token {
                    Token::Mark('(' | '[' | '{') => depth += 1,
                    Token::Mark(')' | ']' | '}') if depth == 0 => break,
                    Token::Mark(')' | ']' | '}') => depth -= 1,
                    Token::Mark(',') if depth == 0 => {
                        more = true;
                        break;
                    }
                    Token::Mark(';') if !closed => break,
                    _ => {}
                }
                at += 1;
            }
            if !more {
                break;
            }
            at += 1;
        }
        out
    }

    /// The value of an expression of literals, known names, `+`, `.`, `/` and
    /// a few path functions; and where it ends.
    pub(super) fn expression(
        &mut self,
        eval: &mut Eval<'_>,
        tokens: &[Token],
        from: usize,
        depth: u32,
    ) -> (Option<Text>, usize) {
        if depth > 16 {
            return (None, from + 1);
        }
        let (mut value, mut at) = self.primary(eval, tokens, from, depth);
        loop {
            match tokens.get(at) {
                Some(Token::Mark('+' | '.')) => {
                    let (more, next) = self.primary(eval, tokens, at + 1, depth + 1);
                    self.made(eval, more.as_ref());
                    value = match (value, more) {
                        (Some(mut a), Some(b)) => {
                            a.push(b.raw());
                            Some(a)
                        }
                        (Some(mut a), None) => {
                            a.push(&ANY.to_string());
                            Some(a)
                        }
                        (None, Some(b)) => {
                            let mut a = Text::unknown();
                            a.push(b.raw());
                            Some(a)
                        }
                        (None, None) => None,
                    };
                    at = next.max(at + 2);
                }
                Some(Token::Mark('/')) if value.is_some() => {
                    let (more, next) = self.primary(eval, tokens, at + 1, depth + 1);
                    if let Some(a) = &mut value {
                        self.made(eval, more.as_ref());
                        a.push("/");
                        a.push(more.unwrap_or_else(Text::unknown).raw());
                    }
                    at = next.max(at + 2);
                }
                // Adjacent strings are one in Python.
                Some(Token::Text(text, false))
                    if self.language == Language::Python && value.is_some() =>
                {
                    if let Some(a) = &mut value {
                        a.push(text);
                    }
                    at += 1;
                }
                Some(Token::Name(name)) if name.starts_with('.') => {
                    let last = name.rsplit('.').next().unwrap_or("");
                    let (changed, next) = self.method(eval, tokens, at, last, value, depth + 1);
                    value = changed;
                    at = next;
                }
                Some(Token::Mark('%')) if self.language == Language::Python && value.is_some() => {
                    let inputs = match tokens.get(at + 1) {
                        Some(Token::Mark('(')) => self.arguments(eval, tokens, at + 2, true),
                        _ => vec![
                            self.primary(eval, tokens, at + 1, depth + 1).0.map(|text| vec![text]),
                        ],
                    };
                    value = value.map(|text| fill(&text, &inputs, false));
                    self.made(eval, value.as_ref());
                    at = end_of_argument(tokens, at + 1);
                }
                // A choice, an index, a comparison: some value, but not this.
                Some(Token::Mark('[' | '?' | '&' | '|' | '*' | '<' | '>')) if value.is_some() => {
                    let backwards = tokens.get(at + 1..at + 6).is_some_and(|slice| {
                        matches!(slice, [Token::Mark(':'), Token::Mark(':'), Token::Mark('-'), Token::Name(one), Token::Mark(']')] if one == "1")
                    });
                    if backwards {
                        value = value
                            .as_ref()
                            .and_then(Text::literal)
                            .map(|text| Text::new(text.chars().rev().collect::<String>()));
                        at += 6;
                        continue;
                    }
                    return (None, end_of_argument(tokens, at));
                }
                Some(Token::Name(word))
                    if value.is_some()
                        && matches!(word.as_str(), "if" | "and" | "or" | "else" | "in") =>
                {
                    return (None, end_of_argument(tokens, at));
                }
                _ => return (value, at),
            }
        }
    }

    /// What a method of a text gives, and where its call ends.
    fn method(
        &mut self,
        eval: &mut Eval<'_>,
        tokens: &[Token],
        at: usize,
        name: &str,
        value: Option<Text>,
        depth: u32,
    ) -> (Option<Text>, usize) {
        if tokens.get(at + 1) != Some(&Token::Mark('(')) {
            // A property: a path's parent, a length.
            return (None, at + 1);
        }
        let end = matching(tokens, at + 1);
        let Some(text) = value.filter(|_| depth < 16) else { return (None, end) };
        let arguments = self.arguments(eval, tokens, at + 2, true);
        let literal =
            |at: usize| arguments.get(at)?.as_ref()?.first()?.literal().map(str::to_owned);
        let changed = match name {
            "strip" | "decode" | "encode" | "rstrip" | "lstrip" | "trim" | "toString" | "split"
            | "expanduser" | "resolve" | "absolute" | "open" | "as_posix" | "chomp" | "to_s" => {
                Some(text)
            }
            "lower" | "toLowerCase" | "downcase" => {
                text.literal().map(|text| Text::new(text.to_lowercase()))
            }
            "upper" | "toUpperCase" | "upcase" => {
                text.literal().map(|text| Text::new(text.to_uppercase()))
            }
            "reverse" => {
                text.literal().map(|text| Text::new(text.chars().rev().collect::<String>()))
            }
            "replace" | "replaceAll" | "gsub" | "sub" => {
                match (text.literal(), literal(0), literal(1)) {
                    (Some(text), Some(from), Some(to)) if !from.is_empty() => {
                        Some(replaced(text, &from, &to).map_or_else(Text::unknown, Text::new))
                    }
                    _ => None,
                }
            }
            "concat" => literal(0).map(|more| Text::joined([text.raw(), more.as_str()])),
            "format" => Some(fill(&text, &arguments, true)),
            "joinpath" => {
                let mut path = text;
                for part in
                    arguments.iter().map(|part| part.as_ref().and_then(|words| words.first()))
                {
                    path.push("/");
                    path.push(part.map_or("\u{F0000}", Text::raw));
                }
                Some(path)
            }
            "join" => match arguments.first() {
                Some(Some(list)) => {
                    let parts = list.iter().enumerate();
                    Some(Text::joined(parts.flat_map(|(at, part)| {
                        [if at == 0 { "" } else { text.raw() }, part.raw()]
                    })))
                }
                _ => None,
            },
            _ => None,
        };
        self.made(eval, changed.as_ref());
        (changed, end)
    }

    /// Counts a text that was put together.
    pub(super) fn made(&self, eval: &mut Eval<'_>, text: Option<&Text>) {
        eval.spend(text.map_or(0, |text| text.raw().len()), self.span);
    }

    fn primary(
        &mut self,
        eval: &mut Eval<'_>,
        tokens: &[Token],
        at: usize,
        depth: u32,
    ) -> (Option<Text>, usize) {
        match tokens.get(at) {
            Some(Token::Text(text, false)) => (Some(Text::new(text.as_str())), at + 1),
            Some(Token::Text(_, true)) => (None, at + 1),
            Some(Token::Mark('(')) => {
                let (value, next) = self.expression(eval, tokens, at + 1, depth + 1);
                (value, if tokens.get(next) == Some(&Token::Mark(')')) { next + 1 } else { next })
            }
            Some(Token::Name(name)) => {
                let full = self.full_name(name);
                let last = full.rsplit('.').next().unwrap_or(&full);
                let called = tokens.get(at + 1) == Some(&Token::Mark('('));
                if !called {
                    let known = self
                        .variables
                        .iter()
                        .rev()
                        .find(|(known, _)| known == name)
                        .map(|(_, text)| text.clone());
                    return (known, at + 1);
                }
                let end = matching(tokens, at + 1);
                match last {
                    "expanduser" | "str" | "String" | "abspath" | "realpath" | "resolve"
                    | "expand_path" | "encode" | "expandvars" | "bytes" | "open" | "require"
                    | "strip" | "normpath" => {
                        let (value, _) = self.expression(eval, tokens, at + 2, depth + 1);
                        let value = value.map(|text| match text.raw().strip_prefix("$HOME") {
                            Some(rest) => Text::new(format!("~{rest}")),
                            None => text,
                        });
                        (value, end)
                    }
                    "home" | "homedir" | "homedir_of" => {
                        (Some(Text::new(eval.context.home.clone())), end)
                    }
                    "getenv" | "get" if matches!(tokens.get(at + 2), Some(Token::Text(text, _)) if text == "HOME") => {
                        (Some(Text::new(eval.context.home.clone())), end)
                    }
                    "join" | "Path" | "PurePath" | "PosixPath" => {
                        let parts: Vec<Option<Vec<Text>>> =
                            self.arguments(eval, tokens, at + 2, true);
                        let mut path = Text::default();
                        for part in &parts {
                            match part.as_ref().and_then(|words| words.first()) {
                                Some(text) if text.raw().starts_with('/') => path = text.clone(),
                                Some(text) => {
                                    if !path.is_empty() {
                                        path.push("/");
                                    }
                                    path.push(text.raw());
                                }
                                None => path.push("/\u{F0000}"),
                            }
                        }
                        self.made(eval, Some(&path));
                        (Some(path), end)
                    }
                    "chr" | "fromCharCode" => {
                        let mut text = String::new();
                        let mut next = at + 2;
                        while let Some(token) = tokens.get(next) {
                            match token {
                                Token::Name(number) => {
                                    match number.parse::<u32>().ok().and_then(char::from_u32) {
                                        Some(letter) => text.push(letter),
                                        None => return (None, end),
                                    }
                                }
                                Token::Mark(',') => {}
                                _ => break,
                            }
                            next += 1;
                        }
                        (Some(Text::new(text)), end)
                    }
                    "b64decode" | "atob" | "base64_decode" | "decode64" | "decode_base64" => {
                        let (value, _) = self.expression(eval, tokens, at + 2, depth + 1);
                        let decoded =
                            value.as_ref().and_then(Text::literal).and_then(decode::base64);
                        (decoded.map(Text::new), end)
                    }
                    "fromhex" | "unhexlify" | "hex2bin" => {
                        let (value, _) = self.expression(eval, tokens, at + 2, depth + 1);
                        let decoded = value.as_ref().and_then(Text::literal).and_then(decode::hex);
                        (decoded.map(Text::new), end)
                    }
                    _ => (None, end),
                }
            }
            _ => (None, at + 1),
        }
    }
}

/// Where the value begins that the method at `at` is of.
pub(super) fn receiver(tokens: &[Token], at: usize) -> usize {
    let mut start = at;
    while start > 0 && tokens.get(start - 1) == Some(&Token::Mark(')')) {
        let mut depth = 0_i32;
        while start > 0 {
            start -= 1;
            match tokens.get(start) {
                Some(Token::Mark(')')) => depth += 1,
                Some(Token::Mark('(')) => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        let Some(Token::Name(name)) = start.checked_sub(1).and_then(|before| tokens.get(before))
        else {
            break;
        };
        // A word before a parenthesis that calls nothing.
        if matches!(name.as_str(), "in" | "return" | "and" | "or" | "not" | "if" | "else" | "yield")
        {
            break;
        }
        start -= 1;
        if !name.starts_with('.') {
            break;
        }
    }
    start
}

/// Where the argument ends that `from` is in.
fn end_of_argument(tokens: &[Token], from: usize) -> usize {
    let mut depth = 0_i32;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}' | ',' | ';') if depth == 0 => return at,
            Token::Mark(')' | ']' | '}') => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// A template with its places (`%s`, `{}`) filled in order.
fn fill(template: &Text, inputs: &[Option<Vec<Text>>], braced: bool) -> Text {
    let mut inputs = inputs
        .iter()
        .map(|input| input.as_ref().and_then(|words| words.first()).map_or("\u{F0000}", Text::raw));
    let mut out = Text::default();
    let mut letters = template.raw().chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '{' if braced => {
                while letters.next_if(|inner| *inner != '}').is_some() {}
                let _ = letters.next();
                out.push(inputs.next().unwrap_or("\u{F0000}"));
            }
            '%' if !braced => {
                if letters.next_if_eq(&'%').is_some() {
                    out.push("%");
                    continue;
                }
                while letters.next_if(|inner| !inner.is_ascii_alphabetic()).is_some() {}
                let _ = letters.next();
                out.push(inputs.next().unwrap_or("\u{F0000}"));
            }
            other => out.push(other.encode_utf8(&mut [0; 4])),
        }
    }
    out
}

/// One past the parenthesis that closes the one at `open`.
pub(super) fn matching(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_i32;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}
