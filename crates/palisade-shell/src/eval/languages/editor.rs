//! ex commands of vi and its kin, and debuggers' command languages.

use super::super::Eval;
use super::super::lower::opaque;
use super::super::value::{Field, Stream};
use crate::effect::{EffectKind, Labels, Writing};
use crate::programs::Language;
use crate::span::Span;
use crate::text::Text;

pub(super) fn run(eval: &mut Eval<'_>, code: &str, labels: Labels, span: Span) {
    for line in code.lines() {
        commands(eval, line, labels, span);
    }
}

/// Commands parted by bars; a shell command goes on to the end of the line.
fn commands(eval: &mut Eval<'_>, line: &str, labels: Labels, span: Span) {
    let mut rest = line;
    for _ in 0..64 {
        let word = bare(rest);
        if word.starts_with('!')
            || word
                .split_once('!')
                .is_some_and(|(name, _)| matches!(name.trim_end(), "w" | "write" | "r" | "read"))
        {
            break;
        }
        // Patterns and replacements may hold bars of their own.
        let skipped = match delimited(word) {
            Some((true, body)) => {
                command(eval, body, labels, span);
                return;
            }
            Some((false, body)) => rest.len() - body.len(),
            None => 0,
        };
        let mut quote = None;
        let cut =
            rest.char_indices().skip_while(|(at, _)| *at < skipped).find(|(_, letter)| {
                match (quote, *letter) {
                    (Some(open), letter) => {
                        if letter == open {
                            quote = None;
                        }
                        false
                    }
                    (None, '"' | '\'') => {
                        quote = Some(*letter);
                        false
                    }
                    (None, letter) => letter == '|',
                }
            });
        let Some((at, _)) = cut else { break };
        command(eval, rest.get(..at).unwrap_or("").trim(), labels, span);
        rest = rest.get(at + 1..).unwrap_or("");
    }
    command(eval, rest.trim(), labels, span);
}

/// A command without its range.
fn bare(text: &str) -> &str {
    text.trim_start_matches([':', ' ', '%', '$', '+']).trim_start_matches(|letter: char| {
        letter.is_ascii_digit() || letter == ',' || letter == '.'
    })
}

/// Behind the delimited parts of `s/../../` and `g/../`; `true` where what
/// follows is a command of its own.
fn delimited(text: &str) -> Option<(bool, &str)> {
    let global = text.starts_with(['g', 'v']);
    let body = text.strip_prefix(['s', 'g', 'v'])?;
    let body = if global { body.trim_start_matches('!') } else { body };
    let mark = body.chars().next().filter(char::is_ascii_punctuation)?;
    let mut left = if global { 2 } else { 3 };
    let mut escaped = false;
    for (at, letter) in body.char_indices() {
        if escaped {
            escaped = false;
        } else if letter == '\\' {
            escaped = true;
        } else if letter == mark {
            left -= 1;
            if left == 0 {
                return Some((global, body.get(at + mark.len_utf8()..).unwrap_or("")));
            }
        }
    }
    Some((false, ""))
}

/// Runs what an editor hands its text to.
fn filter(eval: &mut Eval<'_>, code: &str, labels: Labels, span: Span) {
    let outer = std::mem::take(&mut eval.stdin);
    let _ = eval.code(Language::Shell, &Text::new(code), labels, "editor !", span);
    eval.stdin = outer;
}

fn command(eval: &mut Eval<'_>, text: &str, labels: Labels, span: Span) {
    let text = text.trim_start_matches([':', ' ', '%', '$', '+']);
    let text = text.trim_start_matches(|letter: char| {
        letter.is_ascii_digit() || letter == ',' || letter == '.'
    });
    if let Some(code) = text.strip_prefix('!') {
        let _ = eval.code(Language::Shell, &Text::new(code), labels, "editor !", span);
        return;
    }
    let cut = text.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(text.len());
    let (word, rest) = text.split_at(cut);
    let rest = rest.trim_start_matches('!').trim();
    match word {
        "" | "q" | "quit" | "qa" | "wq" | "x" | "wqa" | "qall" | "xa" | "set" | "se"
        | "setlocal" | "syntax" | "s" | "g" | "v" | "d" | "m" | "t" | "norm" | "normal" | "noh"
        | "y" | "p" | "u" | "undo" | "filetype" | "colorscheme" | "echo" | "new" | "tabnew"
        | "sort" | "retab" | "join" | "j" | "sp" | "vs" | "split" | "vsplit" | "bd" | "bn"
        | "bp" | "help" | "h" | "let" | "redraw" | "sleep" | "silent" | "sil" => {
            if word == "set" || word == "se" {
                for key in [
                    "shell=",
                    "sh=",
                    "keywordprg=",
                    "makeprg=",
                    "grepprg=",
                    "equalprg=",
                    "formatprg=",
                ] {
                    if let Some(at) = rest.find(key) {
                        let value = rest.get(at + key.len()..).unwrap_or("").to_owned();
                        let _ = eval.code(
                            Language::Shell,
                            &Text::new(value),
                            labels,
                            "editor setting",
                            span,
                        );
                    }
                }
            }
            if matches!(word, "g" | "v") && (rest.contains("!") && rest.contains("/!")) {
                opaque(eval, Language::Ex, labels, span);
            }
            if matches!(word, "silent" | "sil") {
                command(eval, rest, labels, span);
            }
            if matches!(word, "echo" | "let")
                && ["system(", "job_start(", "delete(", "writefile(", "readfile(", "rename("]
                    .iter()
                    .any(|function| rest.contains(function))
            {
                call(eval, rest, labels, span);
            }
            if matches!(word, "norm" | "normal") && rest.contains('!') {
                opaque(eval, Language::Ex, labels, span);
            }
        }
        "exe" | "exec" | "execute" => {
            let quoted: Vec<&str> = rest.split(['\'', '"']).skip(1).step_by(2).collect();
            if quoted.is_empty() || rest.contains('.') {
                opaque(eval, Language::Ex, labels, span);
            } else {
                command(eval, &quoted.join(" "), labels, span);
            }
        }
        "pu" | "put" if rest.contains("system(") => call(eval, rest, labels, span),
        "call" | "cal" | "eval" => call(eval, rest, labels, span),
        "w" | "write" | "sav" | "saveas" | "wn" | "up" | "update" => {
            if let Some(code) = rest.strip_prefix('!') {
                filter(eval, code, labels, span);
            } else if !rest.is_empty() {
                let file = rest.trim_start_matches(">>").trim();
                let path = eval.resolve(&Text::new(file));
                eval.store(&path, Writing::Replace, &Stream::default(), span);
            }
        }
        "r" | "read" | "e" | "edit" | "tabe" | "view" | "n" => {
            if let Some(code) = rest.strip_prefix('!') {
                let _ = eval.code(Language::Shell, &Text::new(code), labels, "editor !", span);
            } else if !rest.is_empty() {
                let _ = eval.read_operand(&Field::new(rest, span));
            }
        }
        "py" | "python" | "py3" | "python3" | "pyx" => {
            let _ = eval.code(Language::Python, &Text::new(rest), labels, "editor python", span);
        }
        "lua" => {
            let _ = eval.code(Language::Lua, &Text::new(rest), labels, "editor lua", span);
        }
        "perl" => {
            let _ = eval.code(Language::Perl, &Text::new(rest), labels, "editor perl", span);
        }
        "ruby" => {
            let _ = eval.code(Language::Ruby, &Text::new(rest), labels, "editor ruby", span);
        }
        "so" | "source" | "ru" | "runtime" => {
            let path = eval.resolve(&Text::new(rest));
            eval.emit(EffectKind::Load { path }, labels, span);
        }
        "term" | "terminal" | "shell" | "sh" => {
            let code = if rest.is_empty() { "sh" } else { rest };
            let _ = eval.code(Language::Shell, &Text::new(code), labels, "editor terminal", span);
            if rest.is_empty() {
                opaque(eval, Language::Shell, labels, span);
            }
        }
        "make" | "grep" => opaque(eval, Language::Ex, labels, span),
        _ => opaque(eval, Language::Ex, labels, span),
    }
}

fn call(eval: &mut Eval<'_>, rest: &str, labels: Labels, span: Span) {
    let quoted: Vec<&str> = rest.split(['\'', '"']).skip(1).step_by(2).collect();
    let resolved = |eval: &Eval<'_>, name: &&str| eval.resolve(&Text::new(*name));
    if rest.contains("delete(")
        && let Some(name) = quoted.first()
    {
        let path = resolved(eval, name);
        let recursive = quoted.get(1) == Some(&"rf");
        eval.emit(EffectKind::Delete { path, recursive }, labels, span);
    }
    if rest.contains("writefile(")
        && let Some(name) = quoted.iter().rev().find(|text| !matches!(**text, "a" | "b" | "s"))
    {
        let path = resolved(eval, name);
        eval.store(&path, Writing::Replace, &Stream::default(), span);
    }
    if rest.contains("readfile(")
        && let Some(name) = quoted.first()
    {
        let _ = eval.read_operand(&Field::new(*name, span));
    }
    if rest.contains("rename(")
        && let [from, to, ..] = quoted.as_slice()
    {
        let path = resolved(eval, from);
        let stream = eval.read(&path, span);
        eval.emit(EffectKind::Delete { path, recursive: false }, labels, span);
        let path = resolved(eval, to);
        eval.store(&path, Writing::Replace, &stream, span);
    }
    if rest.contains("system(")
        || rest.contains("job_start(")
        || rest.contains("termopen(")
        || rest.contains("jobstart(")
    {
        match quoted.first() {
            Some(code) => {
                let _ =
                    eval.code(Language::Shell, &Text::new(*code), labels, "editor system()", span);
            }
            None => opaque(eval, Language::Shell, labels, span),
        }
    } else if rest.contains("libcall") || rest.contains("execute(") {
        opaque(eval, Language::Ex, labels, span);
    }
}

/// gdb, lldb: `!cmd`, `shell cmd`, `pipe`, `python ..`, `source`, and inspection.
pub(super) fn debugger(eval: &mut Eval<'_>, code: &str, labels: Labels, span: Span) {
    for line in code.lines() {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        if let Some(code) = line.strip_prefix('!') {
            let _ = eval.code(Language::Shell, &Text::new(code), labels, "debugger !", span);
            continue;
        }
        match word {
            // ftp and sftp: a file goes out.
            "put" | "mput" | "send" | "reput" | "append" => {
                for file in rest.split_whitespace().filter(|word| !word.starts_with('-')).take(8) {
                    let stream = eval.read_operand(&Field::new(file, span));
                    eval.connect(&Text::unknown(), true, stream.labels, span);
                }
            }
            "shell" | "platform" => {
                let code = rest.strip_prefix("shell").unwrap_or(rest).trim();
                let _ = eval.code(
                    Language::Shell,
                    &Text::new(if code.is_empty() { "sh" } else { code }),
                    labels,
                    "debugger shell",
                    span,
                );
            }
            // The program that is debugged, with these words.
            "run" | "r" | "start" | "starti" if !rest.is_empty() => {
                let mut fields = vec![Field::new(word, span)];
                fields.extend(rest.split_whitespace().map(|word| Field::new(word, span)));
                eval.enter(&Text::from(word), &fields, true, |_| ());
            }
            "make" | "pipe" | "|" => opaque(eval, Language::Shell, labels, span),
            "python" | "py" | "python-interactive" | "pi" | "script" => {
                let _ =
                    eval.code(Language::Python, &Text::new(rest), labels, "debugger python", span);
            }
            "source" => {
                let path = eval.resolve(&Text::new(rest));
                eval.emit(EffectKind::Load { path }, labels, span);
            }
            "call" | "print" | "p" | "expr" | "expression" | "compile" if rest.contains('(') => {
                opaque(eval, Language::Debugger, labels, span)
            }
            _ => {}
        }
    }
}
