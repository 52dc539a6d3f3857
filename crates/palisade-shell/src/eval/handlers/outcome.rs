//! What is known of a program's output beyond its labels: that it is a list of
//! names below the working directory, or text that sets up a shell.

use super::super::Eval;
use super::super::value::{Field, Stream};
use crate::effect::{EffectKind, Labels};
use crate::text::{ANY, Text};

/// Completes what `program` has printed. `input` says what came in.
pub(super) fn complete(
    eval: &mut Eval<'_>,
    program: &str,
    fields: &[Field],
    input: &Stream,
    mut printed: Stream,
) -> Stream {
    let words = fields.get(1..).unwrap_or(&[]);
    printed.labels = printed.labels.without(Labels::SETUP);
    let plain = printed.text.is_none() && !printed.network && !printed.shell;
    let called = fields.first().and_then(Field::literal).unwrap_or("");
    if plain && printed.labels.is_none() && sets_up(program, called, words) {
        printed.labels = Labels::SETUP;
    }
    // Directly out of the program that lists it.
    if matches!(program, "env" | "printenv" | "set") && printed.labels == Labels::ENVIRONMENT {
        printed.labels = printed.labels.and(Labels::SETUP);
    }
    printed.names = plain
        && (lists(program, words)
            || (input.names && passes(program, words))
            || (printed.names && DELEGATES.contains(&program)));
    // Without a directory of its own it is in the one for temporary files.
    if plain
        && program == "mktemp"
        && words.iter().all(|word| matches!(word.literal(), Some("-d" | "-q" | "--directory")))
        && eval.variable("TMPDIR").is_none()
    {
        printed.text = Some(Text::new(format!("/tmp/tmp.{ANY}")));
    }
    if input.labels == Labels::ENVIRONMENT.and(Labels::SETUP)
        && picks(program, words)
        && let Some(at) =
            eval.out.effects.iter().rposition(|effect| effect.kind == EffectKind::DumpEnvironment)
    {
        eval.out.effects.remove(at);
        printed.labels = printed.labels.without(Labels::ENVIRONMENT);
    }
    printed
}

/// Programs whose output is that of what they run.
const DELEGATES: &[&str] = &["git", "sudo", "timeout", "nice", "command", "env"];

/// Programs that print, for `eval`, variables and functions of their own.
fn sets_up(program: &str, called: &str, words: &[Field]) -> bool {
    if called.rsplit('/').next() == Some("ssh-agent") {
        return words.iter().all(|word| word.text.raw().starts_with('-'));
    }
    let first = words.first().and_then(Field::literal).unwrap_or("");
    match program {
        "dircolors" | "lesspipe" | "register-python-argcomplete" => true,
        "brew" => first == "shellenv",
        "pyenv" | "rbenv" | "nodenv" | "goenv" | "jenv" | "phpenv" | "plenv" | "swiftenv"
        | "starship" | "zoxide" | "atuin" => matches!(first, "init" | "virtualenv-init"),
        "direnv" => first == "hook",
        "conda" | "mamba" | "micromamba" => first.starts_with("shell"),
        "fnm" | "docker-machine" | "opam" => first == "env",
        "mise" | "rtx" => matches!(first, "activate" | "env"),
        "minikube" => matches!(first, "docker-env" | "podman-env"),
        "luarocks" => first == "path",
        "fzf" => matches!(first, "--bash" | "--zsh"),
        "thefuck" => first == "--alias",
        _ => false,
    }
}

/// Whether a word may lead out of the working directory.
fn leaves(word: &Field) -> bool {
    let raw = word.text.raw();
    raw.starts_with(['/', '~', ANY]) || raw.contains("..")
}

/// Programs that print names below the working directory and nothing else.
fn lists(program: &str, words: &[Field]) -> bool {
    let has = |names: &[&str]| {
        words.iter().any(|word| word.literal().is_some_and(|word| names.contains(&word)))
    };
    let bundle = |letter: char| {
        words
            .iter()
            .filter_map(Field::literal)
            .any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(letter))
    };
    let here = || !words.iter().any(leaves);
    match program {
        "find" => {
            let starts = words.iter().take_while(|word| {
                !word.text.raw().starts_with(['-', '(', '!']) || word.text.raw().is_empty()
            });
            !starts.into_iter().any(leaves)
                && !words.iter().any(|word| {
                    word.text.is_unknown()
                        || word.literal().is_some_and(|word| {
                            word.starts_with("-exec")
                                || word.starts_with("-ok")
                                || word.starts_with("-printf")
                                || word == "-files0-from"
                                || word == "-L"
                                || word == "-follow"
                        })
                })
        }
        "ls" | "dir" => here() && !bundle('l'),
        "git ls-files" => here(),
        "git diff" => here() && has(&["--name-only"]),
        "git grep" | "grep" | "egrep" | "fgrep" => {
            here() && (bundle('l') || has(&["--files-with-matches", "--name-only"]))
        }
        "rg" => here() && (bundle('l') || has(&["--files-with-matches", "--files"])),
        "ag" | "ack" => here() && bundle('l'),
        _ => false,
    }
}

/// Programs that pass on some of the lines that come in.
fn passes(program: &str, words: &[Field]) -> bool {
    let number =
        |word: &str| word.trim_start_matches('+').bytes().all(|letter| letter.is_ascii_digit());
    let operands = words
        .iter()
        .filter(|word| word.literal().is_none_or(|word| !word.starts_with('-') && !number(word)))
        .count();
    match program {
        "sort" | "uniq" | "shuf" | "tac" | "head" | "tail" | "cat" => operands == 0,
        "grep" | "egrep" | "fgrep" => operands == 1,
        _ => false,
    }
}

/// A search in the environment for names that say nothing of secrets.
fn picks(program: &str, words: &[Field]) -> bool {
    const SECRETS: &[&str] = &[
        "key", "tok", "sec", "pass", "pw", "cred", "auth", "api", "aws", "azure", "gcp", "google",
        "git", "priv", "cert", "sess", "cookie", "salt", "sign", "ssh", "gpg", "acc", "ent", "sk",
        "hub", "open", "login", "user", "http", "url", "uri", "dsn", "conn", "db", "sql", "mongo",
        "redis", "slack", "stripe", "webhook",
    ];
    if !matches!(program, "grep" | "egrep") {
        return false;
    }
    let mut pattern = None;
    for word in words {
        match word.literal() {
            Some("-i" | "-E" | "-w" | "-n" | "-e" | "-iE" | "-Ei" | "--color=auto" | "--color") => {
            }
            Some(text) if pattern.is_none() && !text.starts_with('-') => pattern = Some(text),
            _ => return false,
        }
    }
    let Some(pattern) = pattern else { return false };
    pattern.split('|').all(|name| {
        let name = name.trim_end_matches('\\').trim_start_matches('^').trim_end_matches('=');
        let name = name.to_ascii_lowercase();
        name.len() > 2
            && name.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'_')
            && !SECRETS.iter().any(|secret| name.contains(secret) || secret.contains(&*name))
    })
}

/// Whether the tests of a `find` leave only files of certain names, broken
/// links or what is empty, all of which hold at once.
pub(super) fn certain_files(words: &[Field], names: &[Text]) -> bool {
    let is = |name: &str| words.iter().any(|word| word.literal() == Some(name));
    if ["-o", "-or", "!", "-not", ",", "-D", "-follow", "-L"].iter().any(|name| is(name)) {
        return false;
    }
    let letters =
        |name: &Text| name.raw().chars().filter(|letter| letter.is_alphanumeric()).count();
    let links = words.windows(2).any(|pair| {
        matches!(pair.first().and_then(Field::literal), Some("-type" | "-xtype"))
            && pair.get(1).and_then(Field::literal) == Some("l")
    });
    is("-empty") || links || !names.is_empty() && names.iter().all(|name| letters(name) > 1)
}
