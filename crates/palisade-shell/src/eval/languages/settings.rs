//! Files of settings with commands among other values: `package.json`,
//! `tox.ini`, a justfile, a Taskfile. Which value is a command each program
//! knows for itself; here every value is read as one, and what is no command
//! says nothing that a guard looks for.

use super::super::Eval;
use crate::effect::Labels;
use crate::programs::Language;
use crate::span::Span;
use crate::text::Text;

/// How many values are read as commands.
const MAX_VALUES: usize = 512;

pub(super) fn run(eval: &mut Eval<'_>, text: &str, labels: Labels, span: Span) {
    let mut values = 0;
    let mut run = |value: &str| {
        let value = value.trim().trim_start_matches(['@', '-', '+']).trim_start();
        // A word alone does no harm but as a program by its path.
        let told = value.contains([' ', '\t']) || value.starts_with(['/', '.']);
        if told && values < MAX_VALUES {
            values += 1;
            let _ = eval.code(Language::Shell, &Text::new(value), labels, "settings", span);
        }
    };
    for line in text.replace("\\\n", " ").lines() {
        let line = line.trim();
        let strings = quoted(line);
        if strings.is_empty() {
            run(value_of(line));
            continue;
        }
        for string in &strings {
            run(string);
        }
        // `["rm", "-rf", "/"]`: the words of one command.
        if strings.len() > 1 && line.contains('[') {
            run(&strings.join(" "));
        }
        if !line.starts_with(['"', '{', '[']) {
            run(value_of(line));
        }
    }
}

/// What stands behind `key:`, `key =` or the dash of a list.
fn value_of(line: &str) -> &str {
    let line = line.strip_prefix("- ").unwrap_or(line);
    let key = line
        .find([':', '='])
        .filter(|at| {
            line.get(..*at).is_some_and(|key| {
                key.trim_end().bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.\"'".contains(&b))
            })
        })
        .filter(|at| {
            line.get(at + 1..).is_some_and(|rest| rest.starts_with([' ', '\t', '"', '\'']))
        });
    match key {
        Some(at) => line.get(at + 1..).unwrap_or("").trim_start_matches([' ', '\t', '|', '>']),
        None => line,
    }
}

/// The strings in double quotes, with their escapes undone.
fn quoted(line: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter != '"' {
            continue;
        }
        let mut string = String::new();
        loop {
            match letters.next() {
                None => return all,
                Some('"') => break,
                Some('\\') => string.push(match letters.next() {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some('u') => letters
                        .by_ref()
                        .take(4)
                        .try_fold(0, |code, digit| Some(code * 16 + digit.to_digit(16)?))
                        .and_then(char::from_u32)
                        .unwrap_or('\u{fffd}'),
                    Some(other) => other,
                    None => return all,
                }),
                Some(other) => string.push(other),
            }
        }
        all.push(string);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_strings() {
        assert_eq!(value_of("commands = pytest -q"), "pytest -q");
        assert_eq!(value_of("- cmd: rm -rf x"), "rm -rf x");
        assert_eq!(value_of("rm -rf https://x"), "rm -rf https://x");
        assert_eq!(quoted(r#"{"a": "b \"c\" \u0041"}"#), ["a", "b \"c\" A"]);
    }
}
