//! SQL statements, and the escapes that database clients have.

use super::super::Eval;
use super::super::value::{Field, Stream};
use crate::effect::{EffectKind, Labels, Writing};
use crate::programs::Language;
use crate::span::Span;
use crate::text::Text;

pub(super) fn run(eval: &mut Eval<'_>, code: &str, labels: Labels, span: Span) {
    for statement in split(code) {
        let trimmed = statement.trim();
        if trimmed.is_empty() {
            continue;
        }
        if trimmed.starts_with('\\') || trimmed.starts_with('.') {
            escape(eval, trimmed, labels, span);
            continue;
        }
        let upper = trimmed.to_ascii_uppercase();
        let words: Vec<&str> = upper.split_whitespace().collect();
        match words.as_slice() {
            ["DROP", "INDEX" | "VIEW" | "TRIGGER" | "FUNCTION" | "PROCEDURE", ..] => {}
            ["DROP", ..] => eval.hazard("database/drop", span),
            ["TRUNCATE", ..] => eval.hazard("database/truncate", span),
            ["DELETE", rest @ ..] if !rest.contains(&"WHERE") => {
                eval.hazard("database/delete-all", span);
            }
            ["UPDATE", rest @ ..] if !rest.contains(&"WHERE") => {
                eval.hazard("database/update-all", span);
            }
            ["ALTER", "TABLE", rest @ ..] if rest.contains(&"DROP") => {
                eval.hazard("database/drop", span)
            }
            ["COPY", ..] if upper.contains(" PROGRAM ") => {
                if let Some(program) = quoted_after(trimmed, "PROGRAM") {
                    let _ = eval.code(
                        Language::Shell,
                        &Text::new(program),
                        labels,
                        "COPY PROGRAM",
                        span,
                    );
                }
            }
            ["COPY", ..] => {
                if let Some(file) = quoted_after(trimmed, " TO ") {
                    let path = eval.resolve(&Text::new(file));
                    eval.store(&path, Writing::Replace, &Stream::default(), span);
                } else if let Some(file) = quoted_after(trimmed, " FROM ") {
                    let _ = eval.read_operand(&Field::new(file, span));
                }
            }
            ["GRANT" | "REVOKE", ..] => eval.hazard("database/grant", span),
            ["SYSTEM", ..] => {
                let code = trimmed.get("system".len()..).unwrap_or("");
                let _ =
                    eval.code(Language::Shell, &Text::new(code), labels, "database client", span);
            }
            ["ATTACH", ..] => {
                if let Some(file) = quoted_after(trimmed, "ATTACH") {
                    let path = eval.resolve(&Text::new(file));
                    let _ = eval.read(&path, span);
                    eval.emit(EffectKind::Write { path, how: Writing::Edit }, labels, span);
                }
            }
            ["LOAD", "DATA" | "XML", ..] => {
                if let Some(file) = quoted_after(trimmed, "INFILE") {
                    let _ = eval.read_operand(&Field::new(file, span));
                }
            }
            ["SHUTDOWN", ..] => eval.hazard("database/drop", span),
            _ => {}
        }
        if upper.contains("INTO OUTFILE") || upper.contains("INTO DUMPFILE") {
            let file =
                quoted_after(trimmed, "OUTFILE").or_else(|| quoted_after(trimmed, "DUMPFILE"));
            if let Some(file) = file {
                let path = eval.resolve(&Text::new(file));
                eval.store(&path, Writing::Replace, &Stream::default(), span);
            }
        }
        for call in [
            "LOAD_FILE(",
            "PG_READ_FILE(",
            "READFILE(",
            "PG_READ_BINARY_FILE(",
            "LO_IMPORT(",
            // DuckDB's readers of files.
            "READ_TEXT(",
            "READ_BLOB(",
            "READ_CSV(",
            "READ_CSV_AUTO(",
            "READ_JSON(",
            "READ_JSON_AUTO(",
            "SNIFF_CSV(",
        ] {
            if let Some(file) = quoted_after(trimmed, call) {
                let _ = eval.read_operand(&Field::new(file, span));
            }
        }
        // DuckDB takes the name of a file for a table.
        for quote in ["FROM '", "FROM \""] {
            let found = upper.find(quote).and_then(|at| trimmed.get(at + quote.len()..));
            if let Some(file) = found.and_then(|rest| rest.split(['\'', '"']).next())
                && file.contains(['.', '/'])
            {
                let _ = eval.read_operand(&Field::new(file, span));
            }
        }
        if let Some(file) = quoted_after(trimmed, "WRITEFILE(") {
            let path = eval.resolve(&Text::new(file));
            eval.store(&path, Writing::Replace, &Stream::default(), span);
        }
        // psql: `select .. \g |command`
        if let Some((_, code)) = trimmed.split_once("\\g").or_else(|| trimmed.split_once("\\gx"))
            && let Some(code) = code.trim_start_matches('x').trim_start().strip_prefix('|')
        {
            pipe(eval, code, labels, span);
        }
        if upper.contains("EDIT(") && trimmed.matches('\'').count() >= 4 {
            let code = trimmed.rsplit('\'').nth(1).unwrap_or("");
            let _ = eval.code(Language::Shell, &Text::new(code), labels, "database client", span);
        }
        if upper.contains("XP_CMDSHELL") {
            match quoted_after(trimmed, "XP_CMDSHELL") {
                Some(code) => {
                    let _ =
                        eval.code(Language::Shell, &Text::new(code), labels, "xp_cmdshell", span);
                }
                None => super::super::lower::opaque(eval, Language::Shell, labels, span),
            }
        }
        if upper.contains("LOAD_EXTENSION(")
            || upper.contains("CREATE FUNCTION") && upper.contains("SONAME")
        {
            super::super::lower::opaque(eval, Language::Other, labels, span);
        }
        if upper.contains("FLUSHALL") || upper.contains("FLUSHDB") {
            eval.hazard("database/flush", span);
        }
        let lower = trimmed.to_ascii_lowercase();
        if lower.contains(".dropdatabase(") || lower.contains(".drop(") {
            eval.hazard("database/drop", span);
        }
        if lower.contains(".deletemany({})") || lower.contains(".remove({})") {
            eval.hazard("database/delete-all", span);
        }
    }
}

/// A command that is given the client's output.
fn pipe(eval: &mut Eval<'_>, code: &str, labels: Labels, span: Span) {
    let outer = std::mem::take(&mut eval.stdin);
    let _ = eval.code(Language::Shell, &Text::new(code), labels, "database client", span);
    eval.stdin = outer;
}

/// Client commands: psql's `\! cmd`, `\o |cmd`, sqlite's `.shell cmd`.
fn escape(eval: &mut Eval<'_>, text: &str, labels: Labels, span: Span) {
    let body = text.get(1..).unwrap_or("");
    let (word, rest) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
    let rest = rest.trim();
    let rest = rest
        .strip_prefix(['"', '\''])
        .and_then(|inner| inner.split(['"', '\'']).next())
        .unwrap_or(rest);
    if let Some(code) = body.strip_prefix('!') {
        let code = if code.trim().is_empty() { "sh" } else { code };
        let _ = eval.code(Language::Shell, &Text::new(code), labels, "database client", span);
        return;
    }
    match word {
        "shell" | "system" => {
            let _ = eval.code(Language::Shell, &Text::new(rest), labels, "database client", span);
        }
        "o" | "out" | "output" | "once" | "g" | "gx" | "w" | "write" | "tee" | "log" | "pipe" => {
            if let Some(code) = rest.strip_prefix('|') {
                pipe(eval, code, labels, span);
            } else if !rest.is_empty() {
                let path = eval.resolve(&Text::new(rest));
                eval.store(&path, Writing::Replace, &Stream::default(), span);
            }
        }
        "i" | "ir" | "include" | "read" | "source" | "import" => {
            if let Some(code) = rest.strip_prefix('|').or(rest.strip_prefix('!')) {
                let _ =
                    eval.code(Language::Shell, &Text::new(code), labels, "database client", span);
            } else if let Some(file) = rest.split_whitespace().next() {
                let file = Field::new(file, span);
                if word == "import" {
                    let _ = eval.read_operand(&file);
                } else {
                    let _ = eval.script_file(Language::Sql, &file, &[]);
                }
            }
        }
        "copy" => {
            let upper = rest.to_ascii_uppercase();
            if upper.contains("PROGRAM")
                && let Some(code) = quoted_after(rest, "PROGRAM")
            {
                let _ =
                    eval.code(Language::Shell, &Text::new(code), labels, "\\copy program", span);
            } else {
                // `\copy table from file` reads here, `to file` writes here.
                let mut words = rest.split_whitespace();
                while let Some(word) = words.next() {
                    let file = match word.to_ascii_lowercase().as_str() {
                        "from" | "to" => words.next().unwrap_or("").trim_matches(['\'', '"']),
                        _ => continue,
                    };
                    if file.is_empty() || matches!(file, "stdin" | "stdout" | "pstdin" | "pstdout")
                    {
                        continue;
                    }
                    if word.eq_ignore_ascii_case("from") {
                        let _ = eval.read_operand(&Field::new(file, span));
                    } else {
                        let path = eval.resolve(&Text::new(file));
                        eval.store(&path, Writing::Replace, &Stream::default(), span);
                    }
                }
            }
        }
        // sqlite's: files that are read into or made from the database.
        "archive" | "ar" | "restore" | "open" => {
            for word in rest.split_whitespace().filter(|word| !word.starts_with('-')) {
                let _ = eval.read_operand(&Field::new(word, span));
            }
        }
        "backup" | "save" | "clone" => {
            if let Some(file) = rest.split_whitespace().last() {
                let path = eval.resolve(&Text::new(file));
                eval.store(&path, Writing::Replace, &Stream::default(), span);
            }
        }
        "load" => {
            let path = eval.resolve(&Text::new(rest.split_whitespace().next().unwrap_or(rest)));
            eval.emit(EffectKind::Load { path }, labels, span);
        }
        _ => {}
    }
}

/// The first quoted text after a word, letter case aside.
fn quoted_after(text: &str, word: &str) -> Option<String> {
    let at = text.to_ascii_uppercase().find(&word.to_ascii_uppercase())?;
    let rest = text.get(at + word.len()..)?;
    let start = rest.find(['\'', '"'])?;
    let mark = rest.get(start..=start)?;
    let rest = rest.get(start + 1..)?;
    let end = rest.find(mark)?;
    rest.get(..end).map(str::to_owned)
}

/// Statements: parted by `;` and, before client escapes, by lines; quotes and
/// comments are stepped over.
fn split(code: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut now = String::new();
    let letters: Vec<char> = code.chars().collect();
    let mut at = 0;
    let mut quote: Option<char> = None;
    while let Some(&letter) = letters.get(at) {
        at += 1;
        match (quote, letter) {
            (Some(end), _) if letter == end => {
                quote = None;
                now.push(letter);
            }
            (Some(_), _) => now.push(letter),
            (None, '\'' | '"') => {
                quote = Some(letter);
                now.push(letter);
            }
            (None, '-') if letters.get(at) == Some(&'-') => {
                while letters.get(at).is_some_and(|letter| *letter != '\n') {
                    at += 1;
                }
            }
            (None, '/') if letters.get(at) == Some(&'*') => {
                while at < letters.len()
                    && !(letters.get(at) == Some(&'*') && letters.get(at + 1) == Some(&'/'))
                {
                    at += 1;
                }
                at += 2;
                now.push(' ');
            }
            (None, ';') => out.push(std::mem::take(&mut now)),
            (None, '\n') if now.trim_start().starts_with(['\\', '.']) => {
                out.push(std::mem::take(&mut now))
            }
            _ => now.push(letter),
        }
    }
    out.push(now);
    out
}
