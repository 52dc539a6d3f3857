//! What is put into a directory along with what a command names.
//!
//! `cp -r template/. .` names no file, and yet writes `./.claude/settings.json`
//! where the template has one. What such a command takes along is looked up
//! on disk, as far as anybody obeys it later, and judged like a write of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use palisade_core::{obeyed, obeyed_within};
use palisade_guards::Places;
use palisade_shell::{Analysis, Effect, EffectKind, Invocation, Labels, Text, Writing};

use crate::unpacked::{obeyed_names, unpacks};

/// How many entries are looked at for one command.
const ENTRIES: usize = 4096;
/// How many writes are added.
const MOST: usize = 64;

/// Programs that put files into a directory under the names that they have.
const PUT: &[&str] = &["cp", "gcp", "ditto", "gmv", "mv", "rsync"];

/// The writes that the commands' own effects do not name.
pub(crate) fn writes(analysis: &Analysis, places: &Places) -> Vec<Effect> {
    let mut found: Vec<Effect> = Vec::new();
    let mut known: BTreeSet<(u32, String)> = BTreeSet::new();
    let mut left = ENTRIES;
    for effect in &analysis.effects {
        let EffectKind::Write { path, how: Writing::Replace | Writing::Edit } = &effect.kind else {
            continue;
        };
        let (Some(target), Some(index)) = (path.literal(), effect.command) else { continue };
        let command = usize::try_from(index).ok().and_then(|index| analysis.commands.get(index));
        let Some(command) = command.filter(|command| puts(command) || is_code(command)) else {
            continue;
        };
        if !is_lived_in(target, places) || !Path::new(target).is_dir() {
            continue;
        }
        let sources = analysis.effects.iter().filter(|other| other.command == Some(index));
        let patterns = sources.filter_map(|other| match &other.kind {
            EffectKind::Read { path } if path.has_pattern() => Some(path),
            _ => None,
        });
        let mut names: Vec<String> = patterns.flat_map(|path| matched(path, &mut left)).collect();
        let directories = if puts(command) {
            let mut directories = Vec::new();
            for directory in emptied(command) {
                let made = !directory.is_dir();
                directories.extend(
                    made.then(|| made_of(analysis, &directory, index)).into_iter().flatten(),
                );
                directories.push(directory);
            }
            directories.retain(|directory| directory.is_dir());
            directories
        } else {
            // `shutil.copytree`, `fs.cpSync` and `cpio -p` take what is in it.
            let own = |other: &Effect| other.command == Some(index) || is_cpio(command);
            read_directories(analysis, own)
        };
        for directory in directories.iter().filter(|directory| *directory != Path::new(target)) {
            names.extend(entries(directory, &mut left));
        }
        for name in names {
            let written = format!("{}/{name}", target.trim_end_matches('/'));
            if found.len() < MOST && known.insert((index, written.clone())) {
                found.push(Effect {
                    kind: EffectKind::Write { path: Text::from(written), how: Writing::Replace },
                    command: Some(index),
                    labels: Labels::NONE,
                    span: effect.span,
                });
            }
        }
    }
    found.extend(unpacking(analysis, places));
    found
}

/// Whether somebody works in that directory: a copy of a project put aside for
/// a while is nobody's, until it is.
fn is_lived_in(directory: &str, places: &Places) -> bool {
    let at = Path::new(directory);
    let aside = ["/tmp", "/var/tmp", "/private/tmp"].iter().any(|place| at.starts_with(place));
    !aside || at.starts_with(&places.workspace) || at.starts_with(&places.home)
}

/// What comes out of archives and patches that the line reads, wherever in it.
fn unpacking(analysis: &Analysis, places: &Places) -> Vec<Effect> {
    let mut found = Vec::new();
    for (index, command) in (0..).zip(&analysis.commands) {
        let program = command.program.literal().unwrap_or_default();
        let program = program.rsplit('/').next().unwrap_or_default();
        let words: Vec<&str> = command.arguments.iter().filter_map(Text::literal).collect();
        let Some(how) = unpacks(program, &words) else { continue };
        let own = |effect: &&Effect| effect.command == Some(index);
        let into = analysis.effects.iter().filter(own).find_map(|effect| match &effect.kind {
            EffectKind::Write { path, .. } => Some(path.known_prefix().trim_end_matches('/')),
            _ => None,
        });
        // `tar` that writes nothing lists, or makes an archive.
        let here = command.directory.literal().filter(|_| !program.ends_with("tar"));
        let into = into.or(here).filter(|into| is_lived_in(into, places));
        let Some(into) = into else { continue };
        let read = analysis.effects.iter().filter_map(|effect| match &effect.kind {
            EffectKind::Read { path } => path.literal(),
            _ => None,
        });
        let files: BTreeSet<&str> = read.take(MOST).collect();
        let mut names: BTreeSet<String> =
            files.into_iter().flat_map(|file| obeyed_names(file, how, into)).collect();
        // What another `tar` of the line packs is unpacked here.
        if program.ends_with("tar") {
            let mut left = ENTRIES;
            for directory in read_directories(analysis, |other| other.command != Some(index)) {
                names.extend(entries(&directory, &mut left));
            }
        }
        for name in names {
            if found.len() < MOST {
                let path = Text::from(format!("{}/{name}", into.trim_end_matches('/')));
                let kind = EffectKind::Write { path, how: Writing::Replace };
                let (labels, span) = (Labels::NONE, command.span);
                found.push(Effect { kind, command: Some(index), labels, span });
            }
        }
    }
    found
}

fn puts(command: &Invocation) -> bool {
    let program = command.program.literal().unwrap_or_default();
    PUT.contains(&program.rsplit('/').next().unwrap_or_default())
}

/// Programs that run code which may copy whole trees, `cpio` and `pax`.
fn is_code(command: &Invocation) -> bool {
    const LANGUAGES: &[&str] =
        &["python", "node", "nodejs", "bun", "deno", "ruby", "perl", "php", "lua"];
    let program = command.program.literal().unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or_default();
    let plain = program.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    LANGUAGES.contains(&plain) || is_cpio(command)
}

fn is_cpio(command: &Invocation) -> bool {
    let program = command.program.literal().unwrap_or_default();
    match program.rsplit('/').next() {
        Some("cpio") => true,
        // `pax -rw` copies.
        Some("pax" | "spax") => {
            let words = || command.arguments.iter().filter_map(Text::literal);
            words().any(|word| is_short(word, 'r')) && words().any(|word| is_short(word, 'w'))
        }
        _ => false,
    }
}

/// The directories that are read or listed by those effects.
fn read_directories(analysis: &Analysis, own: impl Fn(&Effect) -> bool) -> Vec<PathBuf> {
    let read = analysis.effects.iter().filter(|effect| own(effect));
    let read = read.filter_map(|effect| match &effect.kind {
        EffectKind::Read { path } | EffectKind::List { path } => path.literal(),
        _ => None,
    });
    let directories: BTreeSet<PathBuf> = read.take(MOST).map(PathBuf::from).collect();
    directories.into_iter().filter(|directory| directory.is_dir()).collect()
}

/// The directories of which a command takes what is in them, rather than
/// themselves: `dir/.`, `dir/` for some, and any with `-T`.
fn emptied(command: &Invocation) -> Vec<PathBuf> {
    let program = command.program.literal().unwrap_or_default();
    let inner = program.ends_with("rsync") || program.ends_with("ditto");
    let words: Vec<&str> = command.arguments.iter().filter_map(Text::literal).collect();
    let plain = |word: &&str| *word == "--no-target-directory" || is_short(word, 'T');
    let plain = words.iter().any(plain) || program.ends_with("ditto");
    let here = Path::new(command.directory.literal().unwrap_or("/"));
    let directories = words.iter().filter(|word| {
        let slash = word.ends_with('/') && inner;
        let dot = **word == "." || **word == ".." || word.ends_with("/.") || word.ends_with("/..");
        plain && !word.starts_with('-') || slash || dot
    });
    directories.map(|word| here.join(word)).collect()
}

/// The directories that earlier commands of the line put into one that is not
/// there yet, or as that one: `mv template x && cp -r x/. .`.
fn made_of(analysis: &Analysis, directory: &Path, before: u32) -> Vec<PathBuf> {
    let directory: PathBuf =
        directory.components().filter(|part| part.as_os_str() != ".").collect();
    let into = |effect: &&Effect| match &effect.kind {
        EffectKind::Write { path, .. } => {
            path.literal().is_some_and(|path| Path::new(path).starts_with(&directory))
        }
        _ => false,
    };
    let writers: BTreeSet<u32> =
        analysis.effects.iter().filter(into).filter_map(|effect| effect.command).collect();
    let earlier = |other: &Effect| {
        other.command.is_some_and(|other| other < before && writers.contains(&other))
    };
    read_directories(analysis, earlier)
}

fn is_short(word: &str, letter: char) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.contains(letter)
}

/// The names in a directory that somebody obeys, and git's hooks and
/// configuration in it.
fn entries(directory: &Path, left: &mut usize) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if *left == 0 {
            break;
        }
        *left -= 1;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        found.extend(obeyed_in(&entry.path(), &name));
    }
    found
}

/// What there is under this name that somebody obeys, below its directory.
fn obeyed_in(path: &Path, name: &str) -> Vec<String> {
    if name.eq_ignore_ascii_case(".git") && path.is_dir() {
        let hooks = fs::read_dir(path.join("hooks")).into_iter().flatten().flatten();
        let hooks = hooks.filter_map(|hook| hook.file_name().to_str().map(str::to_owned));
        let mut found: Vec<String> = hooks
            .filter(|hook| !hook.ends_with(".sample"))
            .map(|hook| format!("{name}/hooks/{hook}"))
            .collect();
        if path.join("config").is_file() {
            found.push(format!("{name}/config"));
        }
        return found;
    }
    if obeyed(name).is_none() {
        let within = obeyed_within(name).iter().filter(|below| path.join(below).exists());
        return within.map(|below| format!("{name}/{below}")).collect();
    }
    // Of a directory, a file in it: to make the directory changes nothing.
    let first = fs::read_dir(path).into_iter().flatten().flatten().next();
    match first {
        Some(first) => vec![format!("{name}/{}", first.file_name().to_string_lossy())],
        None if path.is_dir() => Vec::new(),
        None => vec![name.to_owned()],
    }
}

/// The names that a pattern takes in, of those that somebody obeys, where only
/// its last part is one.
fn matched(pattern: &Text, left: &mut usize) -> Vec<String> {
    let parts: Vec<Text> = pattern.components().collect();
    let Some((last, above)) = parts.split_last() else { return Vec::new() };
    let Some(above) = above.iter().map(Text::literal).collect::<Option<Vec<_>>>() else {
        return Vec::new();
    };
    let directory = Path::new("/").join(above.join("/"));
    let mut found = Vec::new();
    for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
        if *left == 0 {
            break;
        }
        *left -= 1;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        if last.may_match(&name) && !(name.starts_with('.') && last.begins_open()) {
            found.extend(obeyed_in(&entry.path(), &name));
        }
    }
    found
}
