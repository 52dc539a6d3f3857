//! SQL statements, and the commands that database clients have beside them.

mod client;

use super::super::Eval;
use super::super::reaches::addressed;
use super::super::value::{Field, Stream};
use crate::effect::{EffectKind, Labels, Writing};
use crate::programs::Language;
use crate::span::Span;
use crate::text::Text;

/// Calls that read the file that is their first argument.
const READERS: &[&str] = &[
    "LOAD_FILE(",
    "PG_READ_FILE(",
    "READFILE(",
    "PG_READ_BINARY_FILE(",
    "LO_IMPORT(",
    // DuckDB's.
    "READ_TEXT(",
    "READ_BLOB(",
    "READ_CSV(",
    "READ_CSV_AUTO(",
    "READ_JSON(",
    "READ_JSON_AUTO(",
    "READ_NDJSON(",
    "READ_PARQUET(",
    "SNIFF_CSV(",
    // ClickHouse's.
    "FROM FILE(",
];

/// Calls that write the file that is an argument.
const WRITERS: &[&str] = &["WRITEFILE(", "LO_EXPORT(", "PG_FILE_WRITE("];

/// What SQL does; what it prints may carry what it read.
pub(super) fn run(eval: &mut Eval<'_>, code: &str, labels: Labels, span: Span) -> Labels {
    let outer = eval.state.cwd.clone();
    let from = eval.out.effects.len();
    for statement in split(code) {
        let trimmed = statement.trim();
        if trimmed.is_empty() || client::command(eval, trimmed, labels, span) {
            continue;
        }
        let read = reads(eval, trimmed, span);
        // What an earlier statement has read may lie in a table.
        let labels = labels.and(read).and(read_since(eval, from));
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
                    write(eval, &file, labels, span);
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
                let file = quoted_after(trimmed, "ATTACH");
                // Another server rather than a file.
                let server = ["HOST=", "MYSQL:", "POSTGRES:", "MD:", "://"];
                if let Some(place) = file.as_ref().filter(|file| {
                    server.iter().any(|mark| file.to_ascii_uppercase().contains(mark))
                }) {
                    client::connect(eval, place, labels, span);
                } else if let Some(file) = file {
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
            ["VACUUM", ..] => {
                if let Some(file) = quoted_after(trimmed, " INTO ") {
                    write(eval, &file, labels, span);
                }
            }
            ["EXPORT", "DATABASE", ..] => {
                if let Some(directory) = quoted_after(trimmed, "DATABASE") {
                    write(eval, &directory, labels, span);
                }
            }
            // An extension by its file; those by name are the vendor's.
            ["LOAD", name] if name.contains(['/', '\'', '.']) => {
                super::super::lower::opaque(eval, Language::Other, labels, span);
            }
            ["FORCE", "INSTALL", _, "FROM", ..] | ["INSTALL", _, "FROM", ..] => {
                super::super::lower::opaque(eval, Language::Other, labels, span);
            }
            ["INSTALL", name] if name.contains(['/', '\'']) => {
                super::super::lower::opaque(eval, Language::Other, labels, span);
            }
            ["SHUTDOWN", ..] => eval.hazard("database/drop", span),
            _ => {}
        }
        if upper.contains("INTO OUTFILE") || upper.contains("INTO DUMPFILE") {
            let file =
                quoted_after(trimmed, "OUTFILE").or_else(|| quoted_after(trimmed, "DUMPFILE"));
            if let Some(file) = file {
                write(eval, &file, labels, span);
            }
        }
        for call in WRITERS {
            if let Some(file) = quoted_after(trimmed, call) {
                write(eval, &file, labels, span);
            }
        }
        if let Some(place) =
            quoted_after(trimmed, "DBLINK(").or_else(|| quoted_after(trimmed, "DBLINK_CONNECT("))
        {
            client::connect(eval, &place, labels, span);
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
    eval.state.cwd = outer;
    read_since(eval, from)
}

/// What private data the code has read so far.
fn read_since(eval: &Eval<'_>, from: usize) -> Labels {
    let reads = eval.out.effects.iter().skip(from).filter(|effect| {
        effect.command == eval.node && matches!(effect.kind, EffectKind::Read { .. })
    });
    reads.fold(Labels::NONE, |all, effect| all.and(effect.labels.of(Labels::PRIVATE)))
}

/// Reads the files that a statement names as such.
fn reads(eval: &mut Eval<'_>, statement: &str, span: Span) -> Labels {
    let mut labels = Labels::NONE;
    for call in READERS {
        if let Some(file) = quoted_after(statement, call) {
            labels = labels.and(eval.read_operand(&Field::new(file, span)).labels);
        }
    }
    // DuckDB takes the name of a file for a table.
    let upper = statement.to_ascii_uppercase();
    for quote in ["FROM '", "FROM \"", "JOIN '"] {
        let found = upper.find(quote).and_then(|at| statement.get(at + quote.len()..));
        if let Some(file) = found.and_then(|rest| rest.split(['\'', '"']).next())
            && file.contains(['.', '/'])
        {
            labels = labels.and(eval.read_operand(&Field::new(file, span)).labels);
        }
    }
    labels
}

/// Writes a file, or sends to a place, that carries what was read.
fn write(eval: &mut Eval<'_>, file: &str, labels: Labels, span: Span) {
    if addressed(file) || file.contains("://") {
        eval.connect(&Text::new(file), true, labels, span);
        return;
    }
    let path = eval.resolve(&Text::new(file));
    eval.store(&path, Writing::Replace, &Stream::unknown(labels), span);
}

/// The first quoted text after a word, letter case aside.
fn quoted_after(text: &str, word: &str) -> Option<String> {
    let at = text.to_ascii_uppercase().find(&word.to_ascii_uppercase())?;
    let rest = text.get(at + word.len()..)?;
    // PostgreSQL's `$$..$$` and `$x$..$x$`.
    if let Some(tagged) = rest.trim_start().strip_prefix('$')
        && let Some((tag, body)) = tagged.split_once('$')
    {
        return body.split(&format!("${tag}$")).next().map(str::to_owned);
    }
    let start = rest.find(['\'', '"'])?;
    let mark = rest.get(start..=start)?;
    let rest = rest.get(start + 1..)?;
    let end = rest.find(mark)?;
    rest.get(..end).map(str::to_owned)
}

/// Statements: parted by `;`, and commands of clients, which take all of their
/// line; quotes and comments are stepped over.
fn split(code: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut now = String::new();
    let letters: Vec<char> = code.chars().collect();
    let mut at = 0;
    let mut quote: Option<char> = None;
    while let Some(&letter) = letters.get(at) {
        at += 1;
        let commanded = quote.is_none() && client::begins(&now);
        match (quote, letter) {
            _ if commanded && letter != '\n' => now.push(letter),
            (None, '\n') if commanded => out.push(std::mem::take(&mut now)),
            // psql takes them in the middle of a statement as well.
            (None, '\\')
                if letters.get(at).is_some_and(|next| next.is_alphabetic() || *next == '!') =>
            {
                out.push(std::mem::replace(&mut now, "\\".to_owned()));
            }
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
            // What MySQL runs all the same.
            (None, '/') if letters.get(at) == Some(&'*') && letters.get(at + 1) == Some(&'!') => {
                at += 2;
                while letters.get(at).is_some_and(char::is_ascii_digit) {
                    at += 1;
                }
                now.push(' ');
            }
            (None, '*') if letters.get(at) == Some(&'/') => at += 1,
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
            _ => now.push(letter),
        }
    }
    out.push(now);
    out
}
