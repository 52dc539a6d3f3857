//! Consoles of frameworks that run code which they are given: `manage.py shell
//! -c CODE`, `artisan tinker --execute CODE`, `rails runner CODE`. They stand in
//! the project, so that only the words say what they are.

use super::super::Eval;
use super::super::value::Field;
use crate::programs::{self, Language, Program};

/// A console, by the script that it belongs to.
struct Console {
    script: &'static str,
    commands: &'static [&'static str],
    /// Options whose value is code; without any, code is the next word.
    options: &'static [&'static str],
    /// Whether what comes in is run.
    input: bool,
    language: Language,
}

const CONSOLES: &[Console] = &[
    Console {
        script: "manage.py",
        commands: &["shell", "shell_plus"],
        options: &["-c", "--command"],
        input: true,
        language: Language::Python,
    },
    Console {
        script: "django-admin",
        commands: &["shell"],
        options: &["-c", "--command"],
        input: true,
        language: Language::Python,
    },
    Console {
        script: "flask",
        commands: &["shell"],
        options: &["-c"],
        input: true,
        language: Language::Python,
    },
    Console {
        script: "artisan",
        commands: &["tinker"],
        options: &["--execute"],
        input: true,
        language: Language::Php,
    },
    Console {
        script: "rails",
        commands: &["runner", "r"],
        options: &[],
        input: false,
        language: Language::Ruby,
    },
    Console {
        script: "rails",
        commands: &["console", "c"],
        options: &["-e"],
        input: true,
        language: Language::Ruby,
    },
];

/// Reads the code that a console is given in the words or the input of a
/// command.
pub(in super::super) fn given_code(eval: &mut Eval<'_>, fields: &[Field]) {
    let words: Vec<&str> = fields.iter().map(|field| field.literal().unwrap_or_default()).collect();
    let base = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let found = words.iter().take(3).enumerate().find_map(|(at, word)| {
        let script = base(word);
        let rest = words.get(at + 1..)?;
        let place = rest.iter().position(|word| !word.starts_with('-'))?;
        let command = rest.get(place)?;
        let console = CONSOLES
            .iter()
            .find(|console| console.script == script && console.commands.contains(command))?;
        Some((console, at + 1 + place + 1))
    });
    let Some((console, from)) = found else { return };
    let mut given = false;
    let mut at = from;
    while let Some(field) = fields.get(at) {
        at += 1;
        let word = field.text.raw();
        let (name, attached) = match word.split_once('=') {
            Some((name, value)) => (name, Some(field.with(value))),
            None => (word, None),
        };
        let code = if console.options.contains(&name) {
            attached.or_else(|| fields.get(at).cloned())
        } else if console.options.is_empty() && !word.starts_with('-') {
            at = fields.len();
            let is_file = word.ends_with(".rb") || word == "-";
            Some(field.clone()).filter(|_| !is_file)
        } else {
            None
        };
        if let Some(code) = code {
            given = true;
            let (text, labels, span) = (code.text.clone(), code.labels, code.span);
            let _ = eval.code(console.language, &text, labels, "console", span);
        }
    }
    if console.input && !given && !eval.stdin.is_nothing() {
        let span = fields.first().map(|field| field.span).unwrap_or_default();
        let _ = eval.input_code(console.language, span);
    }
}

/// The program that a file in a project is a copy of, by its place and name:
/// `.venv/bin/python`, `node_modules/.bin/tsx`, `bin/rails`.
pub(in super::super) fn installed(path: &str) -> Option<&'static Program> {
    let mut parts = path.rsplit('/');
    let (name, directory, above) = (parts.next()?, parts.next()?, parts.next().unwrap_or(""));
    let program = programs::lookup(name)?;
    let environment = matches!(above, ".venv" | "venv" | "env" | "vendor" | "virtualenv");
    let installs = directory == ".bin" || directory == "bin" && environment;
    let any = matches!(directory, "bin" | "Scripts") && program.interpreter;
    (installs || any).then_some(program)
}
