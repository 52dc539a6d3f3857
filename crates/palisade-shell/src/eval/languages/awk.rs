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
    let tokens = tokens(code);
    let mut printed: Option<String> = None;
    let mut begins = false;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            Token::Word(word)
                if word == "system" && tokens.get(at + 1) == Some(&Token::Mark('(')) =>
            {
                run_expression(eval, &tokens, at + 2, labels, span);
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
                let literal: Option<String> = parts
                    .iter()
                    .filter(|part| !matches!(part, Token::Mark('(' | ')')))
                    .map(|part| match part {
                        Token::Text(text) => Some(text.clone()),
                        Token::Mark(',') => Some(" ".to_owned()),
                        _ => None,
                    })
                    .collect();
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
                        run_expression(eval, &tokens, next, labels, span);
                        eval.stdin = outer;
                    }
                    Some(Token::Mark('>')) => {
                        let append = tokens.get(end + 1) == Some(&Token::Mark('>'));
                        let next = if append { end + 2 } else { end + 1 };
                        if let Some(Token::Text(file)) = tokens.get(next) {
                            let path = eval.resolve(&Text::new(file.as_str()));
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
                            let line = if word == "printf" {
                                super::super::decode::escapes(&text)
                            } else {
                                format!("{text}\n")
                            };
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
                    run_expression(eval, &tokens, start, labels, span);
                }
                let mut ahead = at + 1;
                if matches!(tokens.get(ahead), Some(Token::Word(_))) {
                    ahead += 1;
                }
                if tokens.get(ahead) == Some(&Token::Mark('<'))
                    && let Some(Token::Text(file)) = tokens.get(ahead + 1)
                {
                    let _ = eval.read_operand(&Field::new(file.as_str(), span));
                }
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

/// A command given as an expression: literal strings as they are, all else
/// unknown.
fn run_expression(eval: &mut Eval<'_>, tokens: &[Token], from: usize, labels: Labels, span: Span) {
    let mut text = String::new();
    let mut depth = 0;
    for token in tokens.iter().skip(from) {
        match token {
            Token::Text(part) => text.push_str(part),
            Token::Mark('(') => depth += 1,
            Token::Mark(')') if depth > 0 => depth -= 1,
            Token::Mark(')' | ';' | '}' | '|' | '{') | Token::Line => break,
            Token::Mark(' ') => {}
            _ => {
                if !text.ends_with(ANY) {
                    text.push(ANY);
                }
            }
        }
    }
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

fn tokens(code: &str) -> Vec<Token> {
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
            '/' if !matches!(
                out.last(),
                Some(Token::Word(_) | Token::Text(_) | Token::Mark(')' | ']'))
            ) =>
            {
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
    out
}
