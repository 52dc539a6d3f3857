//! Guards over programs that are talked to while they run, where the client of
//! an agent can type into them.

use std::borrow::Cow;

use palisade_core::{Finding, Span};
use palisade_shell::{Analysis, Text};

use crate::path::base;
use crate::rules::{self, Rule};

/// Text typed into a process that runs already, which no guard can read: what
/// it means depends on what the process waits for.
pub fn typed(text: &str) -> Vec<Finding> {
    // Waiting for output, and keys that only stop or end a program.
    if text.bytes().all(|byte| matches!(byte, 3 | 4 | b'\r' | b'\n')) {
        return Vec::new();
    }
    vec![finding(&rules::EXECUTE_INPUT, text)]
}

/// Programs that run what is typed into them. Shells are found by the analysis.
const CONVERSATIONAL: &[&str] = &[
    "bun", "clisp", "csi", "deno", "ed", "elixir", "erl", "ex", "expect", "fish", "gdb", "ghci",
    "gnuplot", "guile", "iex", "ipython", "ipython3", "irb", "jshell", "julia", "lldb", "lua",
    "luajit", "mysql", "nix", "node", "nodejs", "nu", "ocaml", "octave", "perl", "php", "pry",
    "psql", "pwsh", "pypy3", "python", "python2", "python3", "R", "racket", "ruby", "sbcl",
    "scala", "screen", "script", "sqlite3", "swipl", "tclsh", "tmux", "utop", "wish", "xonsh",
];

/// Programs started without anything to do, where the client can type into
/// them later and no guard sees what: of `text`, which was read as `analysis`.
pub fn conversations(text: &str, analysis: &Analysis) -> Vec<Finding> {
    let mut found = Vec::new();
    for command in &analysis.commands {
        let Some(program) = command.program.literal().map(base) else { continue };
        // `python3.12` is python.
        let plain = program.trim_end_matches(|end: char| end.is_ascii_digit() || end == '.');
        let talks = CONVERSATIONAL.contains(&program) || CONVERSATIONAL.contains(&plain);
        if talks && waits(&command.arguments) && !fed(text, command.span.from as usize) {
            let mut finding = finding(&rules::EXECUTE_SHELL, program);
            finding.span = Span::new(command.span.from, command.span.to);
            found.push(finding);
        }
    }
    found
}

/// Whether the arguments give it nothing to do, or tell it to wait after all.
fn waits(arguments: &[Text]) -> bool {
    let word = |argument: &Text| argument.literal().unwrap_or("?").to_owned();
    let words: Vec<String> = arguments.iter().map(word).collect();
    const ASKING: &[&str] = &["-V", "--version", "--help", "-h", "-v", "-version"];
    if words.iter().any(|word| ASKING.contains(&word.as_str())) {
        return false;
    }
    let stays = |word: &String| {
        matches!(word.as_str(), "-i" | "--interactive" | "-a" | "repl" | "console" | "-")
    };
    words.iter().any(stays)
        || words.iter().all(|word| {
            word.starts_with('-')
                && word.len() == 2
                && !matches!(word.as_str(), "-c" | "-e" | "-m" | "-p" | "-r" | "-f")
        })
}

/// Whether something else is written into the program's input: a pipe before
/// it, or a redirection behind it.
fn fed(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or("").trim_end();
    let piped = before.ends_with('|') && !before.ends_with("||");
    let behind = text.get(at..).unwrap_or("");
    let line = behind.lines().next().unwrap_or("");
    let code = line.split(" #").next().unwrap_or(line);
    let code = code.split([';', '|', '&']).next().unwrap_or(code);
    piped || code.contains('<')
}

fn finding(rule: &'static Rule, text: &str) -> Finding {
    Finding {
        rule: rule.id,
        severity: rule.severity,
        why: Cow::Borrowed(rule.why),
        instead: rule.instead,
        span: Span::new(0, text.len().try_into().unwrap_or(u32::MAX)),
        text: text.chars().take(400).collect(),
        subject: None,
        contained: rule.contained,
    }
}

#[cfg(test)]
mod tests {
    use palisade_shell::{Context, analyse};

    use super::*;

    #[test]
    fn what_waits_for_input_is_told_from_what_has_it() {
        let asks = |text: &str| {
            let analysis = analyse(text, &Context { cwd: "/w".into(), ..Context::default() });
            !conversations(text, &analysis).is_empty()
        };
        for text in [
            "python3",
            "python3 -i",
            "python3.12 -q",
            "cd x && node",
            "python3 # <x",
            "psql || true",
            "env X=1 irb",
            "python3 -i x.py",
            "tmux",
            "python3; cat < x",
        ] {
            assert!(asks(text), "{text}");
        }
        for text in [
            "python3 x.py",
            "python3 -c 'print(1)'",
            "echo 1 | python3",
            "python3 <<'E'\nprint(1)\nE",
            "node < x.js",
            "python3 --version",
            "psql -c 'select 1'",
            "ls",
        ] {
            assert!(!asks(text), "{text}");
        }
    }
}
