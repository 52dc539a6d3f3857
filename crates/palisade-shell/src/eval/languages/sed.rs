//! sed: `e` runs, `w` and `W` write, `r` and `R` read, `s///e` runs, `s///w`
//! writes.

use super::super::Eval;
use crate::effect::{Code, EffectKind, Labels, Writing};
use crate::programs::Language;
use crate::span::Span;
use crate::text::{ANY, LONGEST, Text, replaced};

use super::super::value::{Field, Stream};

pub(super) fn run(eval: &mut Eval<'_>, code: &str, labels: Labels, span: Span) {
    let letters: Vec<char> = code.chars().collect();
    let mut at = 0;
    let mut steps = 0;
    while at < letters.len() {
        steps += 1;
        if steps > 20_000 {
            super::super::lower::opaque(eval, Language::Sed, labels, span);
            return;
        }
        at = skip_address(&letters, at);
        let Some(&command) = letters.get(at) else { break };
        at += 1;
        match command {
            's' => {
                let Some(&mark) = letters.get(at) else { break };
                let (_, end) = delimited(&letters, at + 1, mark);
                let (replacement, end) = literal(&letters, end, mark);
                at = end;
                let mut flags = String::new();
                while let Some(&flag) = letters.get(at) {
                    if flag == 'w' {
                        let (file, end) = to_line_end(&letters, at + 1);
                        at = end;
                        write(eval, &file, labels, span);
                        break;
                    }
                    if !flag.is_ascii_alphanumeric() {
                        break;
                    }
                    flags.push(flag);
                    at += 1;
                }
                if flags.contains('e') {
                    // The result of the substitution is run.
                    let input = eval.stdin.clone();
                    let given = Text::new(
                        replacement
                            .replace("\\&", "\u{1}")
                            .replace('&', &ANY.to_string())
                            .replace('\u{1}', "&"),
                    );
                    if given.has_unknown() || given.raw().contains('\\') {
                        eval.emit(
                            EffectKind::Execute { language: Language::Shell, code: Code::Opaque },
                            labels.and(input.labels),
                            span,
                        );
                    }
                    let _ = eval.code(Language::Shell, &given, labels, "sed s///e", span);
                }
            }
            'y' => {
                let Some(&mark) = letters.get(at) else { break };
                let (_, end) = literal(&letters, at + 1, mark);
                let (_, end) = literal(&letters, end, mark);
                at = end;
            }
            'e' => {
                let (line, end) = to_line_end(&letters, at);
                at = end;
                let line = line.trim().to_owned();
                if line.is_empty() {
                    let input = eval.stdin.clone();
                    match input.text {
                        Some(text) if !text.is_unknown() => {
                            let _ = eval.code(Language::Shell, &text, input.labels, "sed e", span);
                        }
                        _ => eval.emit(
                            EffectKind::Execute { language: Language::Shell, code: Code::Input },
                            labels.and(input.labels),
                            span,
                        ),
                    }
                } else {
                    let _ = eval.code(Language::Shell, &Text::new(line), labels, "sed e", span);
                }
            }
            'w' | 'W' => {
                let (file, end) = to_line_end(&letters, at);
                at = end;
                write(eval, &file, labels, span);
            }
            'r' | 'R' => {
                let (file, end) = to_line_end(&letters, at);
                at = end;
                let file = file.trim();
                if !file.is_empty() && file != "/dev/stdin" {
                    let _ = eval.read_operand(&Field::new(file, span));
                }
            }
            'a' | 'i' | 'c' => {
                let (_, end) = to_line_end(&letters, at);
                at = end;
            }
            ':' | 'b' | 't' | 'T' => {
                while letters.get(at).is_some_and(|letter| !matches!(letter, ';' | '\n' | '}')) {
                    at += 1;
                }
            }
            '#' => {
                let (_, end) = to_line_end(&letters, at);
                at = end;
            }
            ANY => {
                eval.emit(
                    EffectKind::Execute { language: Language::Sed, code: Code::Opaque },
                    labels,
                    span,
                );
                return;
            }
            _ => {}
        }
    }
}

fn write(eval: &mut Eval<'_>, file: &str, labels: Labels, span: Span) {
    let file = file.trim();
    if file.is_empty() {
        return;
    }
    let path = eval.resolve(&Text::new(file));
    let stream = Stream::unknown(labels.and(eval.stdin.labels));
    eval.store(&path, Writing::Replace, &stream, span);
}

/// Addresses, `!`, blanks, braces and separators before a command.
fn skip_address(letters: &[char], mut at: usize) -> usize {
    while let Some(&letter) = letters.get(at) {
        match letter {
            ' ' | '\t' | '\n' | ';' | '{' | '}' | '!' | ',' | '$' | '~' | '+' => at += 1,
            '0'..='9' => at += 1,
            '/' => {
                let (_, end) = delimited(letters, at + 1, '/');
                at = end;
                while letters.get(at).is_some_and(|flag| matches!(flag, 'I' | 'M')) {
                    at += 1;
                }
            }
            '\\' => {
                let Some(&mark) = letters.get(at + 1) else { return at + 1 };
                let (_, end) = delimited(letters, at + 2, mark);
                at = end;
            }
            _ => break,
        }
    }
    at
}

/// Text up to an unescaped mark; brackets of a pattern are not followed, which
/// only ends it too early.
fn delimited(letters: &[char], from: usize, mark: char) -> (String, usize) {
    parted(letters, from, mark, true)
}

/// The same for a part in which brackets mean nothing.
fn literal(letters: &[char], from: usize, mark: char) -> (String, usize) {
    parted(letters, from, mark, false)
}

fn parted(letters: &[char], from: usize, mark: char, brackets: bool) -> (String, usize) {
    let mut out = String::new();
    let mut at = from;
    let mut bracket = false;
    let mut hopeless = false;
    while let Some(&letter) = letters.get(at) {
        at += 1;
        match letter {
            '\\' => {
                if let Some(&next) = letters.get(at) {
                    at += 1;
                    if next != mark {
                        out.push('\\');
                    }
                    out.push(next);
                }
            }
            '[' if brackets && !bracket && !hopeless => {
                bracket = letters.get(at..).is_some_and(|rest| {
                    rest.iter()
                        .skip(1)
                        .take(256)
                        .take_while(|letter| **letter != '\n')
                        .any(|letter| *letter == ']')
                });
                // None follows on this line, so none will for the next one.
                hopeless = !bracket;
                out.push(letter);
            }
            ']' if bracket => {
                bracket = false;
                out.push(letter);
            }
            _ if letter == mark && !bracket => return (out, at),
            _ => out.push(letter),
        }
    }
    (out, at)
}

fn to_line_end(letters: &[char], from: usize) -> (String, usize) {
    let mut at = from;
    let mut out = String::new();
    while let Some(&letter) = letters.get(at) {
        at += 1;
        if letter == '\n' {
            break;
        }
        out.push(letter);
    }
    (out, at)
}

/// The result of the plainest scripts, `s/literal/literal/[g]`, on known text.
pub(in super::super) fn result(script: &str, text: &str) -> Option<String> {
    let mut out = text.to_owned();
    for part in script.split(';') {
        let part = part.trim();
        let body = part.strip_prefix('s')?;
        let mark = body.chars().next()?;
        let letters: Vec<char> = body.chars().collect();
        let (pattern, end) = delimited(&letters, 1, mark);
        let (replacement, end) = literal(&letters, end, mark);
        let flags: String = letters.get(end..)?.iter().collect();
        if pattern.is_empty()
            || pattern.contains(['.', '*', '[', ']', '^', '$', '\\', '+', '?', '(', '|'])
            || replacement.contains(['\\', '&'])
            || !matches!(flags.as_str(), "" | "g" | "1")
        {
            return None;
        }
        out = if flags == "g" {
            replaced(&out, &pattern, &replacement)?
        } else if out.lines().count().saturating_mul(replacement.len()) > LONGEST {
            return None;
        } else {
            out.lines()
                .map(|line| line.replacen(&pattern, &replacement, 1))
                .collect::<Vec<_>>()
                .join("\n")
                + if out.ends_with('\n') { "\n" } else { "" }
        };
    }
    Some(out)
}
