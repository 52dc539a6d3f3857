//! Code in other languages, read far enough to see what it starts, reads,
//! writes and connects to. None of these is a full parser: what they cannot
//! follow they call opaque, which is a caution.

mod awk;
mod cron;
mod editor;
mod make;
mod script;
mod sed;
mod settings;
mod sql;

use super::Eval;
use super::lower::opaque;
use super::value::Stream;
use crate::effect::Labels;
use crate::programs::Language;
use crate::span::Span;
use crate::text::Text;

pub(super) use sed::result as sed_result;

/// Looks at code that is known at least in part; what it prints.
pub(super) fn run(
    eval: &mut Eval<'_>,
    language: Language,
    code: &Text,
    labels: Labels,
    span: Span,
) -> Stream {
    let raw = code.raw();
    if speaks(language, raw) {
        eval.talks();
    }
    let unknown = Stream::unknown(labels);
    match language {
        Language::Shell => eval.code(Language::Shell, code, labels, "shell code", span),
        Language::Awk => awk::run(eval, raw, labels, span),
        Language::Sed => {
            sed::run(eval, raw, labels, span);
            unknown
        }
        Language::Sql => {
            let read = sql::run(eval, raw, labels, span);
            unknown.with_labels(read)
        }
        Language::Python
        | Language::Perl
        | Language::Ruby
        | Language::JavaScript
        | Language::Php
        | Language::Lua => script::run(eval, language, raw, labels, span),
        Language::Ex => {
            editor::run(eval, raw, labels, span);
            unknown
        }
        Language::Make => {
            make::run(eval, raw, labels, span);
            unknown
        }
        Language::Cron => {
            cron::run(eval, raw, labels, span);
            unknown
        }
        Language::Settings => {
            settings::run(eval, raw, labels, span);
            unknown
        }
        Language::Debugger => {
            editor::debugger(eval, raw, labels, span);
            unknown
        }
        // jq has no way out of itself but `env` and `input_filename`; yq reads
        // files by name.
        Language::Jq => {
            for (at, call) in raw.match_indices("load") {
                let rest = raw.get(at + call.len()..).unwrap_or("");
                let Some((kind, rest)) = rest.split_once('(') else { continue };
                let named = kind.trim().chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                if let Some(file) = rest.trim_start().strip_prefix('"').filter(|_| named) {
                    let file = file.split('"').next().unwrap_or(file);
                    let _ = eval.read_operand(&super::value::Field::new(file, span));
                }
            }
            if raw.contains("$ENV") && !raw.contains("$ENV.") || raw.trim() == "env" {
                eval.emit(crate::effect::EffectKind::DumpEnvironment, Labels::ENVIRONMENT, span);
            }
            unknown
        }
        // Close enough to a shell that what it shares with one is seen.
        Language::PowerShell => {
            let _ = eval.code(Language::Shell, code, labels, "powershell code", span);
            opaque(eval, language, labels, span);
            unknown
        }
        Language::Tcl => {
            for line in raw.split(['\n', ';', '[']) {
                let mut words = line.trim().splitn(2, char::is_whitespace);
                if let (Some("exec" | "spawn" | "system"), Some(code)) =
                    (words.next(), words.next())
                {
                    let code = Text::new(code.trim_end_matches(']').trim_matches(['{', '}', '"']));
                    let _ = eval.code(Language::Shell, &code, labels, "tcl exec", span);
                }
            }
            script::strings(eval, language, raw, labels, span);
            opaque(eval, language, labels, span);
            unknown
        }
        Language::AppleScript | Language::R | Language::Other => {
            script::strings(eval, language, raw, labels, span);
            opaque(eval, language, labels, span);
            unknown
        }
    }
}

/// Whether code may talk to other machines: it mentions what does, in whatever
/// way it comes to call it, or nothing is known of its language.
fn speaks(language: Language, code: &str) -> bool {
    const SPOKEN: &[&str] = &[
        "://",
        "connect",
        "curl",
        "dns",
        "fetch",
        "ftp",
        "getaddrinfo",
        "gethostby",
        "http",
        "imap",
        "inet",
        "lookup",
        "lwp",
        "mail",
        "net",
        "ping",
        "requests",
        "resolv",
        "smtp",
        "socket",
        "ssh",
        "telnet",
        "urllib",
        "webclient",
    ];
    match language {
        Language::Python
        | Language::Perl
        | Language::Ruby
        | Language::JavaScript
        | Language::Php
        | Language::Lua
        | Language::Awk
        | Language::Ex => {
            let code = code.to_ascii_lowercase();
            SPOKEN.iter().any(|spoken| code.contains(spoken))
        }
        Language::PowerShell
        | Language::AppleScript
        | Language::Tcl
        | Language::R
        | Language::Debugger
        | Language::Other => true,
        // What these start is seen as commands of its own.
        Language::Shell
        | Language::Sed
        | Language::Sql
        | Language::Make
        | Language::Jq
        | Language::Cron
        | Language::Settings => false,
    }
}

/// The language of a script by its first line; shell without one.
pub(super) fn of_shebang(text: &str) -> Language {
    let first = text.lines().next().unwrap_or("");
    let Some(line) = first.strip_prefix("#!") else { return Language::Shell };
    let program = line
        .split_whitespace()
        .map(|word| word.rsplit('/').next().unwrap_or(word))
        .find(|word| *word != "env" && !word.starts_with('-'))
        .unwrap_or("sh");
    let stem = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    match stem {
        "sh" | "bash" | "dash" | "zsh" | "ksh" | "ash" | "mksh" => Language::Shell,
        "python" | "pypy" => Language::Python,
        "perl" => Language::Perl,
        "ruby" => Language::Ruby,
        "node" | "deno" | "bun" => Language::JavaScript,
        "php" => Language::Php,
        "lua" | "luajit" => Language::Lua,
        "awk" | "gawk" | "mawk" => Language::Awk,
        "sed" => Language::Sed,
        "make" => Language::Make,
        _ => Language::Other,
    }
}
