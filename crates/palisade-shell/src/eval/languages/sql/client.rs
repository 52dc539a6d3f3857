//! Commands of database clients: psql's `\! cmd` and `\o |cmd`, MySQL's `pager
//! cmd`, sqlite's `.shell cmd`, SQL*Plus's `host cmd`.

use super::super::super::Eval;
use super::super::super::value::{Field, Stream};
use super::{quoted_after, write};
use crate::effect::{EffectKind, Labels, Writing};
use crate::programs::Language;
use crate::span::Span;
use crate::text::Text;

/// What a command does with the rest of its line.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    /// Runs it.
    Shell,
    /// Writes there, or to a command behind a bar.
    Output,
    /// Runs the SQL in that file.
    Include,
    /// Reads that file, or the output of a command.
    Import,
    /// Copies between a file or a command and a table.
    Copy,
    /// Opens, changes or makes those databases or archives.
    Database,
    /// Loads that library.
    Load,
    /// Writes a copy there.
    Save,
    /// Moves to that directory.
    Chdir,
    /// Connects to that place.
    Connect,
    /// Sets a variable.
    Variable,
    /// Runs what a query gives.
    Unseen,
}

const COMMANDS: &[(&str, Does)] = &[
    ("archive", Does::Database),
    ("backup", Does::Save),
    ("c", Does::Connect),
    ("cd", Does::Chdir),
    ("clone", Does::Save),
    ("connect", Does::Connect),
    ("copy", Does::Copy),
    ("dump", Does::Output),
    ("g", Does::Output),
    ("gexec", Does::Unseen),
    ("gx", Does::Output),
    ("i", Does::Include),
    ("import", Does::Import),
    ("include", Does::Include),
    ("include_relative", Does::Include),
    ("ir", Does::Include),
    ("lo_export", Does::Save),
    ("lo_import", Does::Import),
    ("load", Does::Load),
    ("log", Does::Output),
    ("o", Does::Output),
    ("once", Does::Output),
    ("open", Does::Database),
    ("out", Does::Output),
    ("output", Does::Output),
    ("pipe", Does::Output),
    ("read", Does::Include),
    ("restore", Does::Database),
    ("save", Does::Save),
    ("setenv", Does::Variable),
    ("shell", Does::Shell),
    ("source", Does::Include),
    ("system", Does::Shell),
    ("tee", Does::Output),
    ("trace", Does::Output),
    ("w", Does::Output),
    ("write", Does::Output),
    // MySQL's short ones.
    ("P", Does::Shell),
    ("T", Does::Output),
    (".", Does::Include),
];

/// Commands that stand as plain words at the beginning of a line: MySQL's and
/// SQL*Plus's.
const PLAIN: &[(&str, Does)] = &[
    ("pager", Does::Shell),
    ("system", Does::Shell),
    ("host", Does::Shell),
    ("tee", Does::Output),
    ("spool", Does::Output),
    ("source", Does::Include),
];

/// Whether a line that begins so is a command rather than a statement.
pub(super) fn begins(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(['\\', '.', '!', '@']) || line.starts_with(":!!") || plain(line).is_some()
}

fn plain(line: &str) -> Option<(Does, &str)> {
    let (word, rest) = line.split_once(char::is_whitespace)?;
    let found = PLAIN.iter().find(|(name, _)| word.eq_ignore_ascii_case(name))?;
    // `system` is what databases also call schemas: `SYSTEM.x` has no blank.
    Some((found.1, rest.trim_end_matches(';')))
}

/// Whether it is a sqlite command of that name, cut short as it takes them.
fn is_short(name: &str, word: &str) -> bool {
    word.len() > 1 && name.len() > 3 && name.starts_with(word)
}

/// Does what a client's command does, if the text is one.
pub(super) fn command(eval: &mut Eval<'_>, text: &str, labels: Labels, span: Span) -> bool {
    if !begins(text) {
        return false;
    }
    if let Some(code) =
        text.strip_prefix(":!!").or(text.strip_prefix("\\!")).or(text.strip_prefix('!'))
    {
        let code = code.trim_start_matches('!');
        let code = if code.trim().is_empty() { "sh" } else { code };
        let _ = eval.code(Language::Shell, &Text::new(code), labels, "database client", span);
        return true;
    }
    if let Some(file) = text.strip_prefix('@') {
        let file = Field::new(file.trim_start_matches('@').trim(), span);
        let _ = eval.script_file(Language::Sql, &file, &[]);
        return true;
    }
    if let Some((does, rest)) = plain(text) {
        run(eval, does, "", rest.trim(), labels, span);
        return true;
    }
    let sqlite = text.starts_with('.');
    let body = text.get(1..).unwrap_or("");
    let (word, rest) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
    let rest = rest.trim();
    // psql puts the output of a command in the place of `..`.
    if !sqlite && word != "copy" {
        for code in rest.split('`').skip(1).step_by(2) {
            let _ = eval.code(Language::Shell, &Text::new(code), labels, "backquotes", span);
        }
    }
    // `\g|cmd`, `\o|cmd`
    let (word, rest) = match word.split_once('|') {
        Some((word, _)) if !word.is_empty() => (word, body.get(word.len()..).unwrap_or("")),
        _ => (word, rest),
    };
    let found: Vec<Does> = COMMANDS
        .iter()
        .filter(|(name, _)| *name == word || sqlite && is_short(name, word))
        .map(|(_, does)| *does)
        .collect();
    for does in found {
        run(eval, does, word, rest, labels, span);
    }
    true
}

/// Runs a command that is given the client's output.
fn shell(eval: &mut Eval<'_>, code: &str, labels: Labels, span: Span) {
    let outer = std::mem::take(&mut eval.stdin);
    let _ = eval.code(Language::Shell, &Text::new(code), labels, "database client", span);
    eval.stdin = outer;
}

/// A word without its quotes.
fn unquoted(rest: &str) -> &str {
    rest.strip_prefix(['"', '\'']).and_then(|inner| inner.split(['"', '\'']).next()).unwrap_or(rest)
}

fn run(eval: &mut Eval<'_>, does: Does, word: &str, rest: &str, labels: Labels, span: Span) {
    let bare = unquoted(rest);
    let first = bare.split_whitespace().next().unwrap_or("");
    match does {
        Does::Shell => {
            // sqlite takes the words apart and puts them together again.
            let whole = if rest.starts_with(['"', '\'']) && rest.len() == bare.len() + 2 {
                bare
            } else {
                rest
            };
            let _ = eval.code(Language::Shell, &Text::new(whole), labels, "database client", span);
        }
        Does::Output => {
            // `.once -e`, `\g (format=csv) |cmd`
            let place = rest.rfind(')').map_or(rest, |at| rest.get(at + 1..).unwrap_or("")).trim();
            let place = unquoted(place);
            if let Some(code) = place.strip_prefix('|').or(place.strip_prefix('!')) {
                shell(eval, code, labels, span);
            } else if !place.is_empty() && !place.starts_with('-') && word != "dump" {
                write(eval, place, labels, span);
            }
        }
        Does::Include => {
            if let Some(code) = bare.strip_prefix('|').or(bare.strip_prefix('!')) {
                shell(eval, code, labels, span);
            } else if !first.is_empty() {
                let file = Field::new(first, span);
                let _ = eval.script_file(Language::Sql, &file, &[]);
            }
        }
        Does::Import => {
            // Options of `.import` stand before the file.
            let file = rest.split_whitespace().find(|word| !word.starts_with('-')).unwrap_or("");
            let at = rest.find(file).unwrap_or(0);
            let file = unquoted(rest.get(at..).unwrap_or(rest));
            if let Some(code) = file.strip_prefix('|').or(file.strip_prefix('!')) {
                shell(eval, code, labels, span);
            } else if let Some(file) = file.split_whitespace().next() {
                let _ = eval.read_operand(&Field::new(file, span));
            }
        }
        Does::Copy => copy(eval, rest, labels, span),
        Does::Database => {
            let makes = rest
                .split_whitespace()
                .any(|word| word == "--new" || word == "--create" || word.starts_with("-c"));
            for file in rest.split_whitespace().filter(|word| !word.starts_with('-')) {
                let file = unquoted(file);
                let _ = eval.read_operand(&Field::new(file, span));
                if makes || word.starts_with("op") {
                    let path = eval.resolve(&Text::new(file));
                    eval.emit(EffectKind::Write { path, how: Writing::Edit }, labels, span);
                }
            }
        }
        Does::Load => {
            let path = eval.resolve(&Text::new(first));
            eval.emit(EffectKind::Load { path }, labels, span);
        }
        Does::Save => {
            if let Some(file) = rest.split_whitespace().last() {
                write(eval, unquoted(file), labels, span);
            }
        }
        Does::Chdir => {
            if !first.is_empty() {
                eval.state.cwd = vec![eval.resolve(&Text::new(first))];
            }
        }
        Does::Connect => connect(eval, rest, labels, span),
        Does::Variable => {
            if let Some((name, value)) = rest.split_once(char::is_whitespace) {
                eval.variable_effect(name, &Text::new(unquoted(value.trim())), labels, span);
                if matches!(name, "PAGER" | "PSQL_PAGER" | "EDITOR" | "PSQL_EDITOR" | "VISUAL") {
                    shell(eval, unquoted(value.trim()), labels, span);
                }
            }
        }
        Does::Unseen => eval.hazard("command/embedded-code", span),
    }
}

/// Connects to the host that a connection string or `DB USER HOST PORT` names.
pub(super) fn connect(eval: &mut Eval<'_>, place: &str, labels: Labels, span: Span) {
    let named = place
        .split_whitespace()
        .find_map(|pair| pair.trim_matches(['\'', '"']).rsplit_once("host=").map(|(_, host)| host));
    let words: Vec<&str> = place.split_whitespace().collect();
    let host = match (named, words.as_slice()) {
        (Some(host), _) => host,
        (None, [address]) if address.contains("://") || address.contains(':') => address,
        (None, [_, _, host, ..]) if *host != "-" => host,
        _ => return,
    };
    eval.connect(&Text::new(host), false, labels, span);
}

/// `\copy table from file` reads here, `to file` writes here.
fn copy(eval: &mut Eval<'_>, rest: &str, labels: Labels, span: Span) {
    let upper = rest.to_ascii_uppercase();
    if upper.contains("PROGRAM")
        && let Some(code) = quoted_after(rest, "PROGRAM")
    {
        shell(eval, &code, labels, span);
        return;
    }
    let mut words = rest.split_whitespace();
    while let Some(word) = words.next() {
        let file = match word.to_ascii_lowercase().as_str() {
            "from" | "to" => words.next().unwrap_or("").trim_matches(['\'', '"']),
            _ => continue,
        };
        if file.is_empty() || matches!(file, "stdin" | "stdout" | "pstdin" | "pstdout") {
            continue;
        }
        if word.eq_ignore_ascii_case("from") {
            let _ = eval.read_operand(&Field::new(file, span));
        } else {
            let path = eval.resolve(&Text::new(file));
            eval.store(&path, Writing::Replace, &Stream::unknown(labels), span);
        }
    }
}
