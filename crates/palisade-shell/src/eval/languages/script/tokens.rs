//! The tokens that the six languages share.

use super::insertions::{CLOSE, OPEN, blocks, insertion, mark, marked, outside};
use super::patterns::{begins_pattern, closing, long_text, pattern, pattern_like, quote_like};
use crate::eval::decode;
use crate::programs::Language;
use crate::text::ANY;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name or a dotted chain of names (`os.path.join`, `$x`, `ENV`).
    Name(String),
    /// A string; `true` where it interpolates or runs (backquotes).
    Text(String, bool),
    Mark(char),
}

pub(super) fn tokens(language: Language, code: &str) -> Vec<Token> {
    let plain = |letter| if matches!(letter, OPEN | CLOSE) { ANY } else { letter };
    let letters: Vec<char> = code.chars().map(plain).collect();
    let mut out: Vec<Token> = Vec::new();
    let hash_comments = !matches!(language, Language::JavaScript | Language::Lua);
    let slash_comments = matches!(language, Language::JavaScript | Language::Php);
    let runs_backquotes = matches!(language, Language::Perl | Language::Ruby | Language::Php);
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let next = letters.get(at + 1).copied();
        match letter {
            '#' if hash_comments
                && !(matches!(language, Language::Perl)
                    && at > 0
                    && letters.get(at - 1) == Some(&'$'))
                // In a text that is not read as one.
                && !(language == Language::Ruby && next == Some('{')) =>
            {
                while letters.get(at).is_some_and(|letter| *letter != '\n') {
                    at += 1;
                }
            }
            '/' if slash_comments
                && next == Some('/')
                && !(at > 0 && letters.get(at - 1) == Some(&':')) =>
            {
                while letters.get(at).is_some_and(|letter| *letter != '\n') {
                    at += 1;
                }
            }
            '/' if slash_comments && next == Some('*') => {
                at += 2;
                while at < letters.len()
                    && !(letters.get(at) == Some(&'*') && letters.get(at + 1) == Some(&'/'))
                {
                    at += 1;
                }
                at += 2;
            }
            '/' if matches!(language, Language::JavaScript | Language::Perl | Language::Ruby)
                && begins_pattern(out.last()) =>
            {
                let (_, end) = pattern(&letters, at + 1, '/');
                at = end;
                out.push(Token::Mark('~'));
            }
            // `s/../../e`, `m{..}`, `y///`, `tr///`
            's' | 'm' | 'y' | 't'
                if language == Language::Perl
                    && !matches!(at.checked_sub(1).and_then(|before| letters.get(before)), Some(before) if before.is_alphanumeric() || matches!(before, '_' | '$' | '@' | '%' | '>' | ':' | '{' | '-'))
                    && pattern_like(&letters, at).is_some() =>
            {
                let (open, parts, replaces) = pattern_like(&letters, at).unwrap_or_default();
                let (first, mut end) =
                    pattern(&letters, open + 1, letters.get(open).copied().unwrap_or('/'));
                let mut second = String::new();
                if parts == 2 {
                    let mark = letters.get(open).copied().unwrap_or('/');
                    if closing(mark) != mark {
                        while letters.get(end).is_some_and(|letter| letter.is_whitespace()) {
                            end += 1;
                        }
                        (second, end) =
                            pattern(&letters, end + 1, letters.get(end).copied().unwrap_or(mark));
                    } else {
                        (second, end) = pattern(&letters, end, mark);
                    }
                }
                let start = end;
                while letters.get(end).is_some_and(|letter| letter.is_ascii_alphabetic()) {
                    end += 1;
                }
                let flags = letters.get(start..end).unwrap_or(&[]);
                out.push(Token::Mark('~'));
                for code in blocks(&first).into_iter().chain(blocks(&second)) {
                    out.push(Token::Mark(';'));
                    out.extend(tokens(language, &code));
                    out.push(Token::Mark(';'));
                }
                if replaces && flags.contains(&'e') && second.len() < letters.len() {
                    // The replacement is code; twice, what it gives is too.
                    out.push(Token::Mark(';'));
                    if flags.iter().filter(|flag| **flag == 'e').count() > 1 {
                        out.push(Token::Name("eval".to_owned()));
                        out.push(Token::Name("$_".to_owned()));
                        out.push(Token::Mark(';'));
                    }
                    out.extend(tokens(language, &second));
                    out.push(Token::Mark(';'));
                }
                at = end;
            }
            '-' if language == Language::Lua
                && next == Some('-')
                && letters.get(at + 2) == Some(&'[')
                && letters.get(at + 3) == Some(&'[') =>
            {
                let (_, end) = long_text(&letters, at + 4);
                at = end;
            }
            '[' if language == Language::Lua && next == Some('[') => {
                let (text, end) = long_text(&letters, at + 2);
                at = end;
                push_text(language, &mut out, text, false);
            }
            '-' if language == Language::Lua && next == Some('-') => {
                while letters.get(at).is_some_and(|letter| *letter != '\n') {
                    at += 1;
                }
            }
            '\'' | '"' | '`' => {
                let triple = language == Language::Python
                    && next == Some(letter)
                    && letters.get(at + 2) == Some(&letter);
                // Prefixes: f'' interpolates, r'' is raw.
                let prefix = match out.last() {
                    Some(Token::Name(name))
                        if language == Language::Python
                            && name.len() <= 2
                            && name.bytes().all(|b| b"rRbBfFuU".contains(&b))
                            && at > 0
                            && letters
                                .get(at - 1)
                                .is_some_and(|before| before.is_ascii_alphabetic()) =>
                    {
                        let name = name.to_ascii_lowercase();
                        out.pop();
                        name
                    }
                    _ => String::new(),
                };
                at += if triple { 3 } else { 1 };
                let interpolates = match language {
                    Language::Python => prefix.contains('f'),
                    Language::JavaScript => letter == '`',
                    Language::Ruby | Language::Perl | Language::Php => letter != '\'',
                    _ => false,
                };
                let mut text = String::new();
                while let Some(&inner) = letters.get(at) {
                    if triple {
                        if inner == letter
                            && letters.get(at + 1) == Some(&letter)
                            && letters.get(at + 2) == Some(&letter)
                        {
                            at += 3;
                            break;
                        }
                    } else if inner == letter {
                        at += 1;
                        break;
                    }
                    if inner == '\\'
                        && let Some(&escaped) = letters.get(at + 1)
                    {
                        text.push('\\');
                        text.push(escaped);
                        at += 2;
                        continue;
                    }
                    if interpolates {
                        if let Some((code, end)) = insertion(language, &letters, at) {
                            mark(&mut text, &code);
                            at = end;
                            continue;
                        }
                        // A brace that is written twice is one.
                        let doubled = letters.get(at + 1) == Some(&inner);
                        at += usize::from(
                            language == Language::Python && doubled && matches!(inner, '{' | '}'),
                        );
                    }
                    text.push(inner);
                    at += 1;
                }
                let plain = prefix.contains('r')
                    || letter == '\''
                        && matches!(language, Language::Perl | Language::Ruby | Language::Php);
                let text = outside(&text, |own| match plain {
                    true => own.replace("\\'", "'").replace("\\\\", "\\"),
                    false => {
                        // A backslash that is written twice escapes nothing.
                        let parts = own.split("\\\\").map(|part| {
                            decode::escapes(part)
                                .replace("\\$", "$")
                                .replace("\\@", "@")
                                .replace("\\`", "`")
                        });
                        parts.collect::<Vec<_>>().join("\\")
                    }
                });
                push_text(language, &mut out, text, letter == '`' && runs_backquotes);
            }
            // qx(..), q(..), qq(..), %x(..), %w[..]
            'q' | '%'
                if quote_like(language, &letters, at).is_some()
                    && !matches!(out.last(), Some(Token::Name(_)) if at > 0 && letters.get(at - 1).is_some_and(|before| before.is_ascii_alphanumeric() || *before == '_' || *before == '$')) =>
            {
                if let Some((kind, open, start)) = quote_like(language, &letters, at) {
                    let close = match open {
                        '(' => ')',
                        '[' => ']',
                        '{' => '}',
                        '<' => '>',
                        other => other,
                    };
                    let mut text = String::new();
                    let mut depth = 1;
                    at = start;
                    while let Some(&inner) = letters.get(at) {
                        at += 1;
                        if inner == close {
                            depth -= 1;
                            if depth == 0 {
                                break;
                            }
                        } else if inner == open {
                            depth += 1;
                        }
                        text.push(inner);
                    }
                    let runs = kind == "qx" || kind == "%x";
                    if kind == "%w" || kind == "qw" {
                        out.push(Token::Mark('['));
                        for word in text.split_whitespace() {
                            out.push(Token::Text(word.to_owned(), false));
                            out.push(Token::Mark(','));
                        }
                        out.push(Token::Mark(']'));
                    } else {
                        let text = if kind == "q" || kind == "%q" {
                            text
                        } else {
                            marked(language, &text)
                        };
                        out.push(Token::Text(text, runs));
                    }
                }
            }
            '%' if language == Language::Perl && next.is_some_and(|next| next == 'E') => {
                let word: String = letters.get(at..at + 4).unwrap_or(&[]).iter().collect();
                if word == "%ENV" {
                    out.push(Token::Name("%ENV".to_owned()));
                    at += 4;
                } else {
                    out.push(Token::Mark('%'));
                    at += 1;
                }
            }
            _ if letter.is_alphanumeric()
                || letter == '_'
                || letter == '$'
                    && matches!(
                        language,
                        Language::Perl | Language::Php | Language::JavaScript
                    ) =>
            {
                let mut word = String::new();
                while let Some(&inner) = letters.get(at) {
                    let joins = matches!(
                        language,
                        Language::Python | Language::Ruby | Language::JavaScript | Language::Lua
                    );
                    let dotted = inner == '.'
                        && joins
                        && letters
                            .get(at + 1)
                            .is_some_and(|after| after.is_alphabetic() || *after == '_')
                        && !word.starts_with(|first: char| first.is_ascii_digit());
                    let colons = inner == ':'
                        && letters.get(at + 1) == Some(&':')
                        && matches!(language, Language::Perl | Language::Ruby);
                    let optional = inner == '?'
                        && letters.get(at + 1) == Some(&'.')
                        && language == Language::JavaScript;
                    if optional {
                        at += 1;
                        continue;
                    }
                    if colons {
                        word.push_str("::");
                        at += 2;
                        continue;
                    }
                    if inner.is_alphanumeric()
                        || inner == '_'
                        || inner == '$' && word.is_empty()
                        || dotted
                    {
                        word.push(inner);
                        at += 1;
                    } else {
                        break;
                    }
                }
                if language == Language::Lua
                    && letters.get(at) == Some(&':')
                    && letters.get(at + 1).is_some_and(|after| after.is_alphabetic())
                {
                    word.push('.');
                    at += 1;
                    while let Some(&inner) = letters.get(at) {
                        if !(inner.is_alphanumeric() || inner == '_') {
                            break;
                        }
                        word.push(inner);
                        at += 1;
                    }
                }
                if word.is_empty() {
                    at += 1;
                } else {
                    out.push(Token::Name(word));
                }
            }
            // A method of what a call or a string gave: `.exec(`, `.read_text(`.
            '.' if at.checked_sub(1).and_then(|before| letters.get(before)) != Some(&'.')
                && next.is_some_and(|next| next.is_alphabetic() || next == '_')
                && !matches!(language, Language::Perl | Language::Php) =>
            {
                let mut word = String::from(".");
                at += 1;
                while let Some(&inner) = letters.get(at) {
                    if !(inner.is_alphanumeric() || inner == '_' || inner == '.') {
                        break;
                    }
                    word.push(inner);
                    at += 1;
                }
                method(language, &mut out, &word);
            }
            '-' if matches!(language, Language::Perl | Language::Php) && next == Some('>') => {
                at += 2
            }
            _ if letter.is_whitespace() => {
                if letter == '\n' && !matches!(out.last(), Some(Token::Mark(_)) | None) {
                    out.push(Token::Mark(';'));
                }
                at += 1;
            }
            ']' | ')' => {
                out.push(Token::Mark(letter));
                at += 1;
                let called =
                    letters.iter().skip(at).find(|letter| !letter.is_whitespace()) == Some(&'(');
                member(language, &mut out, called);
            }
            _ => {
                out.push(Token::Mark(letter));
                at += 1;
            }
        }
    }
    out
}

/// A text; two joined by the language's operator are one.
fn push_text(language: Language, out: &mut Vec<Token>, text: String, runs: bool) {
    let mark = match language {
        Language::Perl | Language::Php => '.',
        Language::Lua => '.',
        _ => '+',
    };
    let marks = if language == Language::Lua { 2 } else { 1 };
    let joins =
        out.len() > marks && out.iter().rev().take(marks).all(|token| *token == Token::Mark(mark));
    if joins
        && !runs
        && let Some(before) = out.len().checked_sub(marks + 1)
        && let Some(Token::Text(known, false)) = out.get_mut(before)
    {
        known.push_str(&text);
        out.truncate(before + 1);
        return;
    }
    out.push(Token::Text(text, runs));
}

/// `x["name"]`, `getattr(x, "name")`, `vars(x)["name"]`: the member by its name.
fn member(language: Language, out: &mut Vec<Token>, called: bool) {
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    match out.as_slice() {
        [
            ..,
            Token::Name(call),
            Token::Mark('('),
            Token::Name(of),
            Token::Mark(','),
            Token::Text(name, _),
            Token::Mark(')'),
        ] if matches!(call.as_str(), "getattr" | "Reflect.get") && plain(name) => {
            let joined = format!("{of}.{name}");
            out.truncate(out.len() - 6);
            out.push(Token::Name(joined));
        }
        [
            ..,
            Token::Name(call),
            Token::Mark('('),
            Token::Name(import),
            Token::Mark('('),
            Token::Text(module, _),
            Token::Mark(')'),
            Token::Mark(','),
            Token::Text(name, _),
            Token::Mark(')'),
        ] if matches!(call.as_str(), "getattr" | "Reflect.get")
            && !module.contains(OPEN)
            && matches!(
                import.rsplit('.').next(),
                Some("__import__" | "import_module" | "require")
            ) =>
        {
            let joined = format!("{}.{name}", module.trim_start_matches("node:"));
            out.truncate(out.len() - 9);
            out.push(Token::Name(joined));
        }
        // `pkgutil.resolve_name("os:system")(..)`
        [.., Token::Name(call), Token::Mark('('), Token::Text(path, _), Token::Mark(')')]
            if called
                && language == Language::Python
                && matches!(call.rsplit('.').next(), Some("resolve_name" | "locate"))
                && path.split([':', '.']).all(plain) =>
        {
            let named = path.replace(':', ".");
            out.truncate(out.len() - 4);
            out.push(Token::Name(named));
        }
        [.., Token::Mark('['), Token::Text(name, _), Token::Mark(']')] if plain(name) => {
            let runs = called || matches!(language, Language::JavaScript);
            if !runs || !matches!(language, Language::Python | Language::JavaScript | Language::Lua)
            {
                return;
            }
            let name = format!(".{name}");
            let before = out.len() - 3;
            match out.get(..before).unwrap_or(&[]) {
                [.., Token::Name(vars), Token::Mark('('), Token::Name(of), Token::Mark(')')]
                    if vars == "vars" =>
                {
                    let joined = format!("{of}{name}");
                    out.truncate(before - 4);
                    out.push(Token::Name(joined));
                }
                [.., Token::Name(of)] => {
                    let joined = format!(
                        "{}{name}",
                        of.trim_start_matches("_G.").trim_end_matches(".__dict__")
                    );
                    out.truncate(before - 1);
                    out.push(Token::Name(joined.trim_start_matches("_G.").to_owned()));
                }
                [.., Token::Mark(')')] => {
                    out.truncate(before);
                    method(language, out, &name);
                }
                _ => {}
            }
        }
        _ => {}
    }
}

/// `require('child_process').exec(..)`, `__import__('os').system(..)`,
/// `Path('x').read_text()`: the module's or path's name goes before the method.
fn method(language: Language, out: &mut Vec<Token>, word: &str) {
    if let [.., Token::Name(call), Token::Mark('('), Token::Text(text, _), Token::Mark(')')] =
        out.as_slice()
    {
        let text = text.clone();
        let word_of = if text.contains(OPEN) { "" } else { call.as_str() };
        match word_of.rsplit('.').next().unwrap_or("") {
            "require" | "__import__" | "import_module" => {
                let module = text.trim_start_matches("node:").to_owned();
                out.truncate(out.len() - 4);
                out.push(Token::Name(format!("{module}{word}")));
                return;
            }
            "Path" | "PosixPath" | "expanduser" => {
                // `Path('x').unlink()` becomes `.unlink('x'`, read as a call.
                let last = word.rsplit('.').next().unwrap_or("");
                let name = match last {
                    "read_text" | "read_bytes" => "builtin.read_text",
                    "write_text" | "write_bytes" => "builtin.write_text",
                    "unlink" | "rmdir" => "os.unlink",
                    "open" => "open",
                    _ => "",
                };
                if !name.is_empty() {
                    out.push(Token::Mark(';'));
                    out.push(Token::Name(name.to_owned()));
                    out.push(Token::Mark('('));
                    out.push(Token::Text(text, false));
                    out.push(Token::Mark(','));
                    return;
                }
            }
            _ => {}
        }
    }
    let _ = language;
    out.push(Token::Name(word.to_owned()));
}
