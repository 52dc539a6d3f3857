//! awk: `system()`, pipes to and from commands, files written and read,
//! `ENVIRON`, loaded extensions.

use super::super::Eval;
use super::super::value::{Field, Stream};
use crate::effect::{Code, EffectKind, Labels, Writing};
use crate::programs::Language;
use crate::span::Span;
use crate::text::{ANY, Text};

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Mark(char),
    Line,
}

pub(super) fn run(eval: &mut Eval<'_>, code: &str, labels: Labels, span: Span) -> Stream {
    if code.contains(ANY) {
        eval.emit(
            EffectKind::Execute { language: Language::Awk, code: Code::Opaque },
            labels,
            span,
        );
    }
    let (tokens, doubtful) = tokens(code);
    if doubtful {
        eval.emit(
            EffectKind::Execute { language: Language::Awk, code: Code::Opaque },
            labels,
            span,
        );
    }
    let variables = variables(&tokens);
    let variables = &variables;
    let mut printed: Option<String> = None;
    let mut begins = false;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            Token::Word(word)
                if word == "system" && tokens.get(at + 1) == Some(&Token::Mark('(')) =>
            {
                run_expression(eval, variables, &tokens, at + 2, labels, span);
            }
            Token::Word(word) if word == "ENVIRON" => {
                // One variable by its name is not all of them.
                let named = tokens.get(at + 1) == Some(&Token::Mark('['))
                    && matches!(tokens.get(at + 2), Some(Token::Text(_)));
                if !named {
                    eval.emit(EffectKind::DumpEnvironment, Labels::ENVIRONMENT, span);
                }
            }
            Token::Word(word) if word == "BEGIN" => begins = true,
            Token::Word(word) if word == "print" || word == "printf" => {
                let mut end = at + 1;
                let mut parts = Vec::new();
                let mut depth = 0_i32;
                while let Some(next) = tokens.get(end) {
                    match next {
                        Token::Mark('(') => depth += 1,
                        Token::Mark(')') => depth -= 1,
                        Token::Mark('|' | '>') if depth <= 0 => break,
                        Token::Mark(';' | '}') | Token::Line => break,
                        _ => {}
                    }
                    parts.push(next.clone());
                    end += 1;
                }
                // `print` alone prints the line that was read.
                let literal: Option<String> = if parts.is_empty() {
                    eval.stdin
                        .text
                        .as_ref()
                        .and_then(Text::literal)
                        .map(|text| text.trim_end_matches('\n').to_owned())
                } else if word == "printf" {
                    formatted(&parts)
                } else {
                    None
                };
                let whole = parts.is_empty() || word == "printf";
                let literal: Option<String> = if whole {
                    literal
                } else {
                    parts
                        .iter()
                        .filter(|part| !matches!(part, Token::Mark('(' | ')')))
                        .map(|part| match part {
                            Token::Text(text) => Some(text.clone()),
                            Token::Mark(',') => Some(" ".to_owned()),
                            _ => None,
                        })
                        .collect()
                };
                match tokens.get(end) {
                    Some(Token::Mark('|')) => {
                        let target = tokens.get(end + 1);
                        let next =
                            if target == Some(&Token::Mark('&')) { end + 2 } else { end + 1 };
                        let outer = eval.stdin.clone();
                        let input = match &literal {
                            Some(text) => Stream::known(format!("{text}\n")),
                            None => Stream { text: None, ..outer.clone() },
                        };
                        eval.stdin = input;
                        run_expression(eval, variables, &tokens, next, labels, span);
                        eval.stdin = outer;
                    }
                    Some(Token::Mark('>')) => {
                        let append = tokens.get(end + 1) == Some(&Token::Mark('>'));
                        let next = if append { end + 2 } else { end + 1 };
                        let file = expression(eval, variables, &tokens, next);
                        if !file.is_empty() && !file.starts_with(ANY) {
                            let path = eval.resolve(&Text::new(file));
                            let stream = match &literal {
                                Some(text) => Stream::known(format!("{text}\n")),
                                None => Stream::unknown(eval.stdin.labels),
                            };
                            let how = if append { Writing::Append } else { Writing::Replace };
                            eval.store(&path, how, &stream, span);
                        }
                    }
                    _ => {
                        if begins && let Some(text) = literal {
                            let line = if word == "printf" { text } else { format!("{text}\n") };
                            printed.get_or_insert_default().push_str(&line);
                        } else {
                            printed = None;
                            begins = false;
                        }
                    }
                }
                at = end;
                continue;
            }
            // `"cmd" | getline` and `getline < "file"`
            Token::Word(word) if word == "getline" => {
                if tokens.get(at.wrapping_sub(1)) == Some(&Token::Mark('|'))
                    || at >= 2 && tokens.get(at - 1) == Some(&Token::Mark('&'))
                {
                    let mut start = at - 1;
                    while start > 0
                        && !matches!(
                            tokens.get(start - 1),
                            Some(Token::Mark('{' | ';' | '}' | '(') | Token::Line) | None
                        )
                    {
                        start -= 1;
                    }
                    run_expression(eval, variables, &tokens, start, labels, span);
                }
                let mut ahead = at + 1;
                if matches!(tokens.get(ahead), Some(Token::Word(_))) {
                    ahead += 1;
                }
                if tokens.get(ahead) == Some(&Token::Mark('<')) {
                    let file = match tokens.get(ahead + 1) {
                        Some(Token::Mark('(')) => expression(eval, variables, &tokens, ahead + 2),
                        Some(_) => expression(
                            eval,
                            variables,
                            tokens.get(..ahead + 2).unwrap_or(&[]),
                            ahead + 1,
                        ),
                        None => String::new(),
                    };
                    if !file.is_empty() && !file.starts_with(ANY) {
                        let _ = eval.read_operand(&Field::new(file, span));
                    } else if !eval.stdin.is_nothing() {
                        // A name out of what comes in.
                        let input = eval.stdin.clone();
                        eval.read_names(input.text.as_ref(), labels, span);
                    }
                }
            }
            // `ARGV[1] = "file"` reads that file.
            Token::Word(word) if word == "ARGV" => {
                let equals = tokens
                    .iter()
                    .skip(at)
                    .position(|token| *token == Token::Mark('='))
                    .filter(|far| *far <= 4);
                if let Some(far) = equals {
                    let file = expression(eval, variables, &tokens, at + far + 1);
                    if !file.is_empty() && !file.starts_with(ANY) {
                        let _ = eval.read_operand(&Field::new(file, span));
                    }
                }
            }
            // A function by a name made at run time.
            Token::Mark('@') if tokens.get(at + 2) == Some(&Token::Mark('(')) => {
                eval.emit(
                    EffectKind::Execute { language: Language::Awk, code: Code::Opaque },
                    labels,
                    span,
                );
            }
            Token::Mark('@') => {
                if let Some(Token::Word(word)) = tokens.get(at + 1)
                    && (word == "load" || word == "include")
                {
                    let path = match tokens.get(at + 2) {
                        Some(Token::Text(text)) => eval.resolve(&Text::new(text.as_str())),
                        _ => Text::unknown(),
                    };
                    eval.emit(EffectKind::Load { path }, labels, span);
                }
            }
            Token::Text(text) if text.starts_with("/inet/") => {
                eval.connect(&Text::new(text.as_str()), true, labels, span);
                let runs = tokens
                    .iter()
                    .any(|token| matches!(token, Token::Word(word) if word == "getline"));
                if runs && tokens.contains(&Token::Mark('|')) {
                    eval.emit(EffectKind::RemoteShell, labels, span);
                }
            }
            _ => {}
        }
        at += 1;
    }
    Stream { text: printed.map(Text::new), labels, ..Stream::default() }
}

/// The names that hold one literal all along.
fn variables(tokens: &[Token]) -> Vec<(&str, Option<String>)> {
    let mut out: Vec<(&str, Option<String>)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Word(name) = token else { continue };
        if tokens.get(at + 1) != Some(&Token::Mark('='))
            || tokens.get(at + 2) == Some(&Token::Mark('='))
            || out.len() > 64
        {
            continue;
        }
        let parts: Vec<&Token> = tokens
            .iter()
            .skip(at + 2)
            .take_while(|token| !matches!(token, Token::Mark(';' | '}' | ')') | Token::Line))
            .collect();
        let value: Option<String> = parts
            .iter()
            .map(|part| match part {
                Token::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        match out.iter_mut().find(|(known, _)| known == name) {
            Some((_, before)) if *before == value => {}
            Some((_, before)) => *before = None,
            None => out.push((name, value)),
        }
    }
    out
}

/// What `printf` with literal arguments prints.
fn formatted(parts: &[Token]) -> Option<String> {
    let mut words: Vec<String> = vec![String::new()];
    for part in parts {
        match part {
            Token::Mark('(' | ')') => {}
            Token::Mark(',') => words.push(String::new()),
            Token::Text(text) => words.last_mut()?.push_str(text),
            _ => return None,
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (format, arguments) = words.split_first()?;
    super::super::decode::printf(format, arguments)
}

/// The text that an expression of strings and known names makes; all else is
/// unknown.
fn expression(
    eval: &Eval<'_>,
    variables: &[(&str, Option<String>)],
    tokens: &[Token],
    from: usize,
) -> String {
    let mut text = String::new();
    let mut depth = 0;
    let mut at = from;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            Token::Text(part) => text.push_str(part),
            Token::Mark('(') => depth += 1,
            Token::Mark(')') if depth > 0 => depth -= 1,
            Token::Mark(')' | ';' | '}' | '|' | '{') | Token::Line => break,
            Token::Mark(' ') => {}
            Token::Word(name)
                if name == "ENVIRON"
                    && tokens.get(at + 1) == Some(&Token::Text("HOME".to_owned())) =>
            {
                text.push_str(&eval.context.home);
                at += 3;
            }
            Token::Mark('$') if matches!(tokens.get(at), Some(Token::Word(field)) if field == "0") =>
            {
                at += 1;
                match eval.stdin.text.as_ref().and_then(Text::literal) {
                    Some(line) => text.push_str(line.trim_end_matches('\n')),
                    None => text.push(ANY),
                }
            }
            Token::Word(name) => match variables.iter().find(|(known, _)| known == name) {
                Some((_, Some(value))) => text.push_str(value),
                _ => text.push(ANY),
            },
            _ => {
                if !text.ends_with(ANY) {
                    text.push(ANY);
                }
            }
        }
    }
    text
}

/// A command given as an expression.
fn run_expression(
    eval: &mut Eval<'_>,
    variables: &[(&str, Option<String>)],
    tokens: &[Token],
    from: usize,
    labels: Labels,
    span: Span,
) {
    let text = expression(eval, variables, tokens, from);
    if text.contains(ANY) {
        let input = eval.stdin.labels;
        eval.emit(
            EffectKind::Execute { language: Language::Shell, code: Code::Opaque },
            labels.and(input),
            span,
        );
    }
    if !text.is_empty() {
        let _ = eval.code(Language::Shell, &Text::new(text), labels, "awk system()", span);
    }
}

/// The tokens, and whether a slash could be read in two ways that differ.
fn tokens(code: &str) -> (Vec<Token>, bool) {
    let mut doubtful = false;
    let letters: Vec<char> = code.chars().collect();
    let mut out: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        match letter {
            '#' => {
                while letters.get(at).is_some_and(|letter| *letter != '\n') {
                    at += 1;
                }
            }
            '"' => {
                at += 1;
                let mut text = String::new();
                while let Some(&letter) = letters.get(at) {
                    at += 1;
                    if letter == '"' {
                        break;
                    }
                    text.push(letter);
                    if letter == '\\'
                        && let Some(&next) = letters.get(at)
                    {
                        text.push(next);
                        at += 1;
                    }
                }
                out.push(Token::Text(
                    super::super::decode::escapes(&text).replace("\\\"", "\"").replace("\\/", "/"),
                ));
            }
            '/' if begins_pattern(out.last()) => {
                at += 1;
                while let Some(&letter) = letters.get(at) {
                    at += 1;
                    match letter {
                        '\\' => at += 1,
                        '/' | '\n' => break,
                        _ => {}
                    }
                }
                out.push(Token::Word("/regex/".to_owned()));
            }
            '/' if out.last() == Some(&Token::Mark(')'))
                && letters.get(at + 1..).is_some_and(|rest| {
                    rest.iter()
                        .take_while(|letter| !matches!(letter, '/' | '\n'))
                        .any(|letter| *letter == '"')
                }) =>
            {
                doubtful = true;
                at += 1;
            }
            '\n' => {
                out.push(Token::Line);
                at += 1;
            }
            _ if letter.is_ascii_alphanumeric() || letter == '_' => {
                let mut word = String::new();
                while let Some(&letter) = letters.get(at) {
                    if !(letter.is_ascii_alphanumeric() || letter == '_') {
                        break;
                    }
                    word.push(letter);
                    at += 1;
                }
                out.push(Token::Word(word));
            }
            _ if letter.is_whitespace() => at += 1,
            _ => {
                // `||` is an operator, not two pipes.
                if letter == '|' && letters.get(at + 1) == Some(&'|') {
                    at += 2;
                    out.push(Token::Word("||".to_owned()));
                } else {
                    out.push(Token::Mark(letter));
                    at += 1;
                }
            }
        }
    }
    (out, doubtful)
}

/// Whether a slash after this token begins a pattern rather than divides.
fn begins_pattern(before: Option<&Token>) -> bool {
    match before {
        Some(Token::Word(word)) => {
            matches!(
                word.as_str(),
                "print" | "printf" | "return" | "in" | "else" | "do" | "case" | "||"
            )
        }
        Some(Token::Text(_) | Token::Mark(')' | ']')) => false,
        _ => true,
    }
}
