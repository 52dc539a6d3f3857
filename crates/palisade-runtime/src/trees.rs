//! Which files of secrets lie in the trees that a command takes in, and what
//! a search would show of them.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use palisade_guards::{is_env_file, is_secret_below};
use palisade_shell::{Analysis, Context, Held, Ignored, Labels, Needle, Search, Syntax, Tree};
use regex_automata::meta::Regex;
use regex_automata::util::syntax;

use crate::facts::real;
use crate::locked::{held, repository};
use crate::session::Session;

/// How many entries of directories are looked at in one tree, and in all that
/// a command names. The upper floors of a tree come first.
const ENTRIES: usize = 64 * 1024;
const ALL_ENTRIES: usize = 4 * ENTRIES;
/// How many files are said of one tree.
const FOUND: usize = 16;
/// How many searches are answered, and of files of what length.
const SEARCHES: usize = 64;
const LOOKED_INTO: u64 = 256 * 1024;
/// How long a pattern may be, and how much its automaton may take.
const PATTERN: usize = 4096;
const AUTOMATON: usize = 1 << 20;

/// Directories in which a project's own files seldom lie: looked at last.
const BULKY: &[&str] =
    &[".git", ".venv", "node_modules", "site-packages", "target", "vendor", "venv"];

/// Endings of sources and of what is made of them: in plain sight no secrets
/// have such names, and they are most of what lies in a tree.
const SOURCES: &[&str] = &[
    "c", "cc", "class", "cpp", "css", "d", "go", "h", "hpp", "html", "java", "js", "jsx", "map",
    "md", "mjs", "o", "php", "png", "pyc", "py", "rb", "rlib", "rmeta", "rs", "rst", "scss", "svg",
    "swift", "ts", "tsx", "vue", "woff2",
];

/// Whether a name alone says that there is no secret, in a directory in plain
/// sight.
fn is_source(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(start, ending)| (!start.is_empty(), ending));
    matches!(ending, Some((true, ending)) if SOURCES.contains(&ending))
}

/// Adds to `context` what the disk says of the trees and searches that the
/// command names.
pub(crate) fn look(seen: &Analysis, session: &Session, context: &mut Context) {
    let mut all = ALL_ENTRIES;
    for tree in &seen.trees {
        if !context.trees.contains_key(tree) {
            let most = all.min(ENTRIES);
            let mut left = most;
            let mut found = found(tree, session, &mut left);
            // What was not looked at may be a secret: a limit spares nobody.
            if (left == 0 || found.len() >= FOUND) && tree.hidden {
                let unseen = format!("{}/\u{2026}/.env", tree.root.trim_end_matches('/'));
                found.extend(Some(unseen).filter(|unseen| tree.takes(unseen)));
            }
            all -= most - left;
            context.trees.insert(tree.clone(), found);
        }
    }
    for search in seen.searches.iter().take(SEARCHES) {
        if !context.searches.contains_key(search) {
            context.searches.insert(search.clone(), shows(search));
        }
    }
}

/// The files of secrets in a tree, the highest first.
fn found(tree: &Tree, session: &Session, left: &mut usize) -> Vec<String> {
    let mut root = PathBuf::from(&tree.root);
    if tree.held == Held::NotAnywhere
        && let Some(top) = repository(&root)
    {
        root = top.to_path_buf();
    }
    let mut kept = Kept::default();
    let mut found: Vec<String> = Vec::new();
    if *left == 0 {
        return found;
    }
    // What the session has put there carries that under any name.
    let private = Labels::SECRET.and(Labels::ENVIRONMENT);
    let labelled = session.files.iter().filter(|(path, labels)| {
        !labels.of(private).is_none() && Path::new(path).starts_with(&root)
    });
    for (path, _) in labelled {
        let hidden = Path::new(path).strip_prefix(&root).is_ok_and(|below| {
            below.iter().any(|part| part.to_str().is_some_and(|part| part.starts_with('.')))
        });
        if (tree.hidden || !hidden) && Path::new(path).is_file() && takes(tree, path, &mut kept) {
            found.push(path.clone());
        }
    }
    let (mut ahead, mut bulky) = (VecDeque::from([root.clone()]), VecDeque::new());
    loop {
        let bulk = ahead.is_empty();
        let Some(directory) = ahead.pop_front().or_else(|| bulky.pop_front()) else { break };
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        let hidden =
            directory.iter().any(|part| part.to_str().is_none_or(|part| part.starts_with('.')));
        for entry in entries.flatten() {
            // What packages bring is looked at as far as there is room.
            if found.len() >= FOUND || *left == 1 && bulk {
                return found;
            }
            *left -= 1;
            if *left == 0 {
                return found;
            }
            let name = entry.file_name();
            let (Some(name), Ok(kind)) = (name.to_str(), entry.file_type()) else { continue };
            if name.starts_with('.') && !tree.hidden || kind.is_file() && !hidden && is_source(name)
            {
                continue;
            }
            let path = entry.path();
            if kind.is_dir() {
                if !tree.shallow {
                    let last = bulk || BULKY.contains(&name);
                    let last = if last { &mut bulky } else { &mut ahead };
                    last.push_back(path);
                }
                continue;
            }
            let Some(path) = path.to_str() else { continue };
            let target = if kind.is_symlink() {
                // Read through the link, or named and then read through it.
                match tree.links.then(|| real(path)).flatten() {
                    Some(target) => target,
                    None => continue,
                }
            } else {
                path.to_owned()
            };
            let held = |kept: &mut Kept| kept.holds(Path::new(path));
            let secret = is_secret_below(&target, false)
                && (is_secret_below(&target, true) || !held(&mut kept));
            if secret && takes(tree, path, &mut kept) && !found.contains(&target) {
                found.push(target);
            }
        }
    }
    found
}

/// Whether a tree takes in this file, by what git says of it too.
fn takes(tree: &Tree, path: &str, kept: &mut Kept) -> bool {
    let at = Path::new(path);
    let held = match tree.held {
        Held::Either => true,
        Held::Only => kept.holds(at),
        Held::Not | Held::NotAnywhere => !kept.holds(at),
    };
    held && tree.takes(path) && !is_ignored(at, &tree.ignored)
}

/// What repositories hold, each read when it is asked for.
#[derive(Default)]
struct Kept(BTreeMap<PathBuf, HashSet<Vec<u8>>>);

impl Kept {
    fn holds(&mut self, path: &Path) -> bool {
        let Some(root) = path.parent().and_then(repository) else { return false };
        let names = self.0.entry(root.to_path_buf()).or_insert_with(|| held(root));
        let below = path.strip_prefix(root).ok().and_then(Path::to_str);
        below.is_some_and(|below| names.contains(below.as_bytes()))
    }
}

/// Whether git leaves a file out by its rules, or by these in their place.
fn is_ignored(path: &Path, rules: &Ignored) -> bool {
    if *rules == Ignored::Nothing {
        return false;
    }
    let Some(root) = path.parent().and_then(repository) else { return false };
    let mut of: Vec<(PathBuf, Gitignore)> = Vec::new();
    let mut add = |at: &Path, file: Option<PathBuf>| {
        let mut builder = GitignoreBuilder::new(at);
        match (file, rules) {
            (None, Ignored::By(text)) => {
                for line in text.lines() {
                    let _ = builder.add_line(None, line);
                }
            }
            (Some(file), _) => {
                if fs::metadata(&file)
                    .is_ok_and(|about| about.is_file() && about.len() <= LOOKED_INTO)
                {
                    let _ = builder.add(file);
                }
            }
            (None, _) => return,
        }
        of.extend(builder.build().ok().map(|rules| (at.to_path_buf(), rules)));
    };
    add(root, Some(root.join(".git/info/exclude")));
    match rules {
        Ignored::By(_) => add(root, None),
        _ => {
            let mut above: Vec<&Path> =
                path.ancestors().skip(1).take_while(|at| at.starts_with(root)).collect();
            above.reverse();
            above.into_iter().for_each(|at| add(at, Some(at.join(".gitignore"))));
        }
    }
    let mut on_the_way: Vec<&Path> =
        path.ancestors().take_while(|at| *at != root && at.starts_with(root)).collect();
    on_the_way.reverse();
    on_the_way.into_iter().any(|part| {
        let fitting = of.iter().rev().filter(|(at, _)| part.starts_with(at) && part != at);
        let mut said = fitting.map(|(_, rules)| rules.matched(part, part != path));
        said.find(|said| !matches!(said, Match::None)).is_some_and(|said| said.is_ignore())
    })
}

/// Whether a search shows anything secret of a file. Where that cannot be
/// told, it does.
fn shows(search: &Search) -> bool {
    let path = Path::new(&search.path);
    let short = |about: &fs::Metadata| about.is_file() && about.len() <= LOOKED_INTO;
    if !fs::metadata(path).is_ok_and(|about| short(&about)) {
        return true;
    }
    let (Ok(content), Some(fits)) = (fs::read(path), compiled(&search.needle)) else { return true };
    let settings = is_env_file(&search.path) && !search.needle.around;
    let mut lines = content.split(|byte| *byte == b'\n');
    lines.any(|line| {
        fits.is_match(line) && !(settings && is_harmless(&String::from_utf8_lossy(line)))
    })
}

fn compiled(needle: &Needle) -> Option<Regex> {
    if needle.patterns.iter().map(String::len).sum::<usize>() > PATTERN {
        return None;
    }
    let patterns: Vec<String> = needle
        .patterns
        .iter()
        .map(|pattern| match needle.syntax {
            Syntax::Fixed => escaped(pattern),
            Syntax::Basic => extended(pattern),
            Syntax::Extended => pattern.clone(),
        })
        .collect();
    let limits = Regex::config()
        .nfa_size_limit(Some(AUTOMATON))
        .onepass_size_limit(Some(AUTOMATON))
        .hybrid_cache_capacity(AUTOMATON);
    let written = syntax::Config::new().case_insensitive(needle.caseless).utf8(false);
    Regex::builder().configure(limits).syntax(written).build_many(&patterns).ok()
}

/// Plain text as a pattern.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, letter| {
        if letter.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(letter);
        out
    })
}

/// A basic regular expression as an extended one: there it is the backslash
/// that makes braces and bars special (POSIX, 9.3.6).
fn extended(pattern: &str) -> String {
    const TURNED: &str = "(){}|+?";
    let mut out = String::new();
    let (mut letters, mut listed) = (pattern.chars(), false);
    while let Some(letter) = letters.next() {
        match letter {
            '[' if !listed => {
                listed = true;
                out.push('[');
            }
            ']' if listed => {
                listed = false;
                out.push(']');
            }
            '\\' if !listed => match letters.next() {
                Some(next) if TURNED.contains(next) => out.push(next),
                Some(next) => out.extend(['\\', next]),
                None => out.push_str("\\\\"),
            },
            letter if !listed && TURNED.contains(letter) => out.extend(['\\', letter]),
            '*' if out.is_empty() => out.push_str("\\*"),
            letter => out.push(letter),
        }
    }
    out
}

/// Whether a line of settings says nothing secret: a comment, no value, or one
/// that is a number, a plain word, a path, or an address without a user, under
/// a name that does not speak of secrets.
fn is_harmless(line: &str) -> bool {
    const SPEAKING: &[&str] = &[
        "AUTH", "CERT", "COOKIE", "CRED", "DSN", "KEY", "PASS", "PIN", "PRIV", "PWD", "SALT",
        "SEC", "SEED", "SESSION", "SIGN", "TOK", "WEBHOOK",
    ];
    let line = line.trim().trim_start_matches("export ");
    let Some((name, value)) = line.split_once('=') else {
        return line.is_empty() || line.starts_with('#');
    };
    let value = value.trim().trim_matches(['"', '\'']);
    let name = name.to_uppercase();
    let short = value.len() <= 64;
    if value.is_empty() || matches!(value, "true" | "false" | "null" | "none") {
        return true;
    }
    if !short || SPEAKING.iter().any(|word| name.contains(word)) {
        return false;
    }
    let all =
        |more: &str| value.chars().all(|letter| letter.is_alphabetic() || more.contains(letter));
    let number = value.bytes().all(|byte| byte.is_ascii_digit() || b".:,-".contains(&byte));
    let address = value.contains("://") && !value.contains(['@', '?', '#', '$']);
    let path = value.starts_with(['/', '.']) && value.len() < 32;
    let here = value.starts_with("localhost") || value.starts_with("127.0.0.1");
    number && value.len() < 16 || all("-_. ,") && value.len() <= 32 || address || path || here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_say_nothing() {
        for line in [
            "",
            "# API_KEY: ask Ann",
            "NODE_ENV=development",
            "PORT=3000",
            "export LOG_LEVEL=\"debug\"",
            "API_URL=https://api.example.com/v1",
            "API_KEY=",
            "DATA_DIR=./data",
            "DEBUG_AUTH=false",
        ] {
            assert!(is_harmless(line), "{line}");
        }
        for line in [
            "API_KEY=abc",
            "DB_PASSWORD=postgres",
            "DATABASE_URL=postgres://me:pw@localhost/x",
            "HOOK=https://hooks.example/T0?x=1",
            "X=4f9a8b7c6d5e4f3a2b1c",
            "-----BEGIN PRIVATE KEY-----",
        ] {
            assert!(!is_harmless(line), "{line}");
        }
    }

    #[test]
    fn patterns_are_read_as_they_are_written() {
        let fits = |syntax, pattern: &str, line: &str| {
            let needle = Needle {
                patterns: vec![pattern.to_owned()],
                syntax,
                caseless: false,
                around: false,
            };
            compiled(&needle).is_some_and(|regex| regex.is_match(line))
        };
        assert!(fits(Syntax::Basic, "a\\|b", "xb") && !fits(Syntax::Basic, "a|b", "xb"));
        assert!(fits(Syntax::Basic, "f(x)", "f(x)") && fits(Syntax::Basic, "[(]", "("));
        assert!(fits(Syntax::Extended, "a|b", "xb") && fits(Syntax::Fixed, "a|b", "xa|b"));
        assert!(!fits(Syntax::Fixed, ".", "x") && fits(Syntax::Basic, "", "x"));
    }
}
