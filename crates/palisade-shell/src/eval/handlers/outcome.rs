//! What is known of a program's output beyond its labels: that it is a list of
//! names below the working directory, or text that sets up a shell.

use super::super::Eval;
use super::super::arguments;
use super::super::expand::{activate, opened};
use super::super::value::{Field, Stream};
use super::{search, sieve};
use crate::effect::{EffectKind, Labels};
use crate::text::{ANY, NAME, STAR, Text};

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
    let kept =
        input.names && passes(program, words) || printed.names && DELEGATES.contains(&program);
    printed.names = kept && (plain || printed.names) || plain && lists(program, words);
    if printed.text.is_none() && !printed.network && !printed.shell {
        let names = names_printed(program, words, printed.names);
        printed.text = names.or_else(|| names_below(eval, program, words)).or_else(|| {
            // Some of the lines that come in, and which of them is not known.
            let lines = passed(eval, program, words, input)?;
            let lines = sieve::sifted(program, words, lines);
            let lines = Some(lines).filter(|text| !text.is_unknown() && !text.is_empty())?;
            if !printed.names {
                return Some(among_others(lines));
            }
            // All of them are names below the working directory.
            (lines.raw().trim_end() != format!("./{ANY}")).then_some(lines)
        });
    }
    let entry = crate::programs::entry(program).filter(|_| !printed.network && !printed.shell);
    if let Some(entry) = entry.filter(|entry| super::trees::prints_names(entry)) {
        let arguments = arguments::read(entry, words, false);
        let found = super::trees::named(eval, entry, fields, &arguments);
        let here = printed.names;
        let nul = arguments.has(&["-z", "-0", "-Z", "--null"]);
        super::trees::more_names(eval, &mut printed, &found, here, if nul { "\0" } else { "\n" });
    }
    // Counted lines say how many there are.
    if program == "grep"
        && (matches!(
            words.first().and_then(Field::literal),
            Some("-c" | "--count" | "-q" | "-ci" | "-ic")
        ) || sieve::shows_names(words.iter().map(Field::literal)))
    {
        printed.labels = printed.labels.without(Labels::SECRET);
    }
    // Without a directory of its own it is in the one for temporary files, and
    // comes about; one of a template in a directory that is not there would not.
    let named = words.iter().filter_map(Field::literal).any(|word| matches!(word, "-t" | "-dt"));
    if plain
        && program == "mktemp"
        && words.iter().filter_map(Field::literal).filter(|word| is_template(word)).count() < 2
        && words.iter().all(|word| {
            word.literal().is_some_and(|word| {
                matches!(word, "-d" | "-q" | "-t" | "-dt" | "-qd" | "-dq" | "--directory")
                    || is_template(word) && (named || word.starts_with('/'))
            })
        })
        && eval.variable("TMPDIR").is_none()
    {
        // Each place in the line has a name of its own.
        let span = fields.first().map(|field| field.span).unwrap_or_default();
        let known = eval.fresh.iter().position(|one| *one == span);
        let number = known.unwrap_or_else(|| {
            eval.fresh.push(span);
            eval.fresh.len() - 1
        });
        // Past these it is a name that nothing is known of.
        if number < PLACES {
            let letters = NAME.to_string().repeat(1 + number);
            printed.text = Some(Text::new(format!("/tmp/tmp.{letters}\n")));
        }
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

/// So many new names of a line are told from each other.
const PLACES: usize = 64;

/// Whether the template of a temporary name says no more than how it begins.
fn is_template(word: &str) -> bool {
    let name = word.strip_prefix("/tmp/").unwrap_or(word);
    !name.starts_with(['-', '.'])
        && name.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"._-".contains(&letter))
        && (name == word || name.ends_with("XXX"))
}

/// The names that a program prints, as patterns: those that lead out of the
/// working directory, as others are known by [`Stream::names`].
fn names_printed(program: &str, words: &[Field], here: bool) -> Option<Text> {
    let mut options = words.iter().filter_map(Field::literal).filter(|word| word.starts_with('-'));
    let operands = words.iter().filter(|word| !word.text.raw().starts_with('-'));
    let mut all = Text::default();
    match program {
        "ls" | "dir"
            if !here || dotted(words) || words.iter().any(|word| word.text.has_pattern()) =>
        {
            let only = options.clone().any(|word| !word.starts_with("--") && word.contains('d'));
            if options.any(|word| !word.starts_with("--") && word.contains(['l', 'o', 'g', 'n'])) {
                return None;
            }
            if dotted(words) && !only {
                all.push(&format!("{STAR}\n.{STAR}\n"));
            }
            for operand in operands {
                all.push(operand.text.raw());
                all.push("\n");
                if !only && !operand.text.has_pattern() {
                    // Those in a directory, wherever the reader puts it before.
                    all.push(&format!("{STAR}\n"));
                }
            }
        }
        "realpath" | "readlink" | "greadlink" | "grealpath" => {
            for operand in operands {
                all.push(operand.text.raw());
                all.push("\n");
            }
            return Some(among_others(all));
        }
        "locate" | "plocate" | "mlocate" | "mdfind" => {
            for operand in operands {
                all.push(&format!("/{ANY}/{STAR}{}{STAR}\n", operand.text.raw()));
            }
            return Some(among_others(all));
        }
        "compgen" => {
            let patterns = options.clone().any(|word| word == "-G");
            let files = options
                .any(|word| matches!(word, "-f" | "-d" | "-o" | "-A") || word.starts_with("-A"));
            if !patterns && !files {
                return None;
            }
            for operand in operands {
                let mut text = operand.text.raw().to_owned();
                if patterns {
                    let plain = std::mem::take(&mut text);
                    activate(&plain, &mut text);
                    text = opened(&text);
                } else {
                    text.push(STAR);
                }
                all.push(&text);
                all.push("\n");
            }
        }
        _ => return None,
    }
    (!all.is_empty()).then_some(all)
}

/// The names that a program prints of operands out of the working directory,
/// among other things that it says of them.
fn names_below(eval: &Eval<'_>, program: &str, words: &[Field]) -> Option<Text> {
    let has = |name: &str| words.iter().any(|word| word.literal() == Some(name));
    let walks = match program {
        // A listing with more than names: those of a directory stand alone.
        "ls" | "dir" | "stat" | "file" | "wc" | "md5sum" | "sha1sum" | "sha256sum"
        | "sha512sum" | "b2sum" => false,
        "du" | "tree" | "git ls-files" => true,
        "rg" => has("--files"),
        _ => return None,
    };
    let mut all = Text::default();
    for operand in words.iter().filter(|word| !word.text.raw().starts_with('-') && leaves(word)) {
        all.push(operand.text.raw());
        all.push("\n");
        if walks {
            search::found(eval, &operand.text, &mut all);
        }
    }
    (!all.is_empty()).then(|| among_others(all))
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

/// Whether a listing has names that begin with a dot.
fn dotted(words: &[Field]) -> bool {
    words.iter().filter_map(Field::literal).any(|word| match word.strip_prefix("--") {
        Some(long) => matches!(long, "all" | "almost-all"),
        None => word.starts_with('-') && word.contains(['a', 'A']),
    })
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

/// Programs that pass parts of the lines that come in on, or lines with more
/// put to them.
fn changes(program: &str, words: &[Field]) -> bool {
    let operands = words.iter().filter(|word| !word.text.raw().starts_with('-')).count();
    match program {
        "cut" | "tr" | "column" | "fmt" | "nl" | "paste" => true,
        // `perl -pe CODE`: line by line.
        "perl" | "ruby" => {
            let bundle = words.first().and_then(Field::literal).unwrap_or("");
            bundle.starts_with('-') && bundle.contains(['p', 'n']) && operands <= 1
        }
        "sed" | "awk" | "gawk" | "mawk" => operands <= 1,
        _ => false,
    }
}

/// Lines that may be printed, among others: neither does the text begin nor
/// end with what is known.
pub(super) fn among_others(lines: Text) -> Text {
    Text::new(format!("{ANY}\n{}\n{ANY}\n", lines.raw().trim_end_matches('\n')))
}

/// The text of which a program that [`passes`] lines prints some: what comes
/// in, or a file's.
fn passed(eval: &Eval<'_>, program: &str, words: &[Field], input: &Stream) -> Option<Text> {
    if passes(program, words) || changes(program, words) {
        return input.text.clone();
    }
    let (file, rest) = words.split_last()?;
    if file.text.raw().starts_with('-') || !passes(program, rest) {
        return None;
    }
    eval.file_facts(&eval.resolve(&file.text)).1
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
