//! What is known of files before a command is judged.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};

use palisade_core::{Command, Contained, Finding, Severity, Span};
use palisade_guards::content::Redactor;
use palisade_guards::{Places, rules, telling};
use palisade_shell::{Analysis, Effect, EffectKind, FileFact, Labels, Text};

use crate::locked::{is_locked, is_redirected};
use crate::outputs::{unmissed, unmissed_by_name};
use crate::patterns::Lookup;
use crate::session::Session;

/// How many paths are looked at, how many scripts are read, how much of each.
const PATHS: usize = 16 * 1024;
const LINKS: usize = 40;
const SCRIPTS: usize = 8;
/// How many files that may be sent are looked into.
const SENT: usize = 32;
const SCRIPT: u64 = 256 * 1024;
/// How much of a file with names in it.
const LIST: u64 = 16 * 1024;

/// The text that spans and records of a command refer to.
pub fn text(command: &Command) -> String {
    match command {
        Command::Shell(line) => line.clone(),
        Command::Argv(arguments) => {
            let quoted: Vec<String> = arguments.iter().map(|argument| quoted(argument)).collect();
            quoted.join(" ")
        }
    }
}

fn quoted(argument: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,@%+".contains(&byte);
    if !argument.is_empty() && argument.bytes().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', "'\\''"))
}

/// The finding where the judging itself failed: a question, like every text
/// that could not be read.
pub fn failed(text: &str) -> Finding {
    let rule = &rules::COMMAND_UNREADABLE;
    Finding {
        rule: rule.id,
        severity: Severity::Caution,
        why: "Palisade failed while it read this command, so nothing is known of it".into(),
        instead: rule.instead,
        span: Span::new(0, text.len().try_into().unwrap_or(u32::MAX)),
        text: text.to_owned(),
        subject: None,
        contained: Contained::No,
    }
}

/// The text without secrets, bounded: what records may hold.
pub fn redacted(text: &str, redactor: &Redactor) -> String {
    const LONGEST: usize = 4096;
    let text = redactor.redact(text);
    match text.char_indices().nth(LONGEST) {
        None => text.into_owned(),
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or("")),
    }
}

/// What is known of the files that the command names: what they carry from
/// earlier commands of the session, where symlinks lead, and the content of
/// scripts that it would run. Files of which nothing is known are left out.
pub fn files(
    analysis: &Analysis,
    places: &Places,
    session: &Session,
) -> BTreeMap<String, FileFact> {
    let mut facts = BTreeMap::new();
    for path in named(analysis) {
        let real = real(&path);
        let labels = session
            .labels(&path)
            .and(real.as_deref().map_or_else(Default::default, |real| session.labels(real)));
        if !labels.is_none() || real.is_some() {
            if let Some(real) = &real
                && !labels.is_none()
            {
                let fact: &mut FileFact = facts.entry(real.clone()).or_default();
                fact.labels = fact.labels.and(labels);
            }
            facts.insert(path, FileFact { labels, real, ..FileFact::default() });
        }
    }
    // What earlier commands fetched may be a file that a build obeys.
    let fetched = Labels::DOWNLOADED.and(Labels::DECODED);
    for (path, labels) in session.files.iter().filter(|_| analysis.runs_project) {
        if !labels.of(fetched).is_none() {
            let fact = facts.entry(path.clone()).or_default();
            fact.labels = fact.labels.and(*labels);
        }
    }
    for path in analysis.wanted.iter().take(SCRIPTS) {
        if let Some(content) = text_of(Path::new(path), SCRIPT).filter(|text| !text.contains('\0'))
        {
            facts.entry(path.clone()).or_default().content = Some(content);
        }
    }
    // What is protected is not taken up into what is shown and recorded.
    let open = |path: &str| telling(path, places).is_none();
    for path in analysis.lists.iter().take(SCRIPTS) {
        if open(path)
            && real(path).is_none_or(|real| open(&real))
            && let Some(content) = text_of(Path::new(path), LIST)
        {
            facts.entry(path.clone()).or_default().content.get_or_insert(content);
        }
    }
    for effect in analysis.effects.iter().take(PATHS) {
        let EffectKind::Delete { path, recursive: true } = &effect.kind else { continue };
        let why = match path.literal() {
            Some(path) => unmissed(Path::new(path), Path::new(&places.workspace)),
            None => unmissed_by_name(path, Path::new(&places.workspace)),
        };
        if let Some(why) = why {
            facts.entry(path.to_string()).or_default().unmissed = Some(why);
        }
    }
    for place in &analysis.pushes {
        if is_redirected(Path::new(place), session) {
            facts.entry(place.clone()).or_default().redirected = true;
        }
    }
    for install in &analysis.installs {
        if is_locked(install, Path::new(&places.workspace), session) {
            facts.entry(install.directory.clone()).or_default().locked.push(install.family);
        }
    }
    let mut lookup = Lookup::new(places, session);
    for pattern in patterns(analysis) {
        if let Some((mut fact, labelled)) = lookup.look(pattern) {
            if is_environment(analysis, pattern) {
                // But through a link they would be others.
                fact.matches.retain(|one| one.entry != one.real);
            }
            for (path, labels) in labelled {
                let fact = facts.entry(path).or_default();
                fact.labels = fact.labels.and(labels);
            }
            facts.insert(pattern.to_string(), fact);
        }
    }
    facts
}

/// What the files hold that a line reads which talks to other machines, as far
/// as they are looked at: it may be what is sent.
pub fn sent(analysis: &Analysis) -> Vec<Text> {
    if !analysis.goes_out() {
        return Vec::new();
    }
    let read: BTreeSet<&str> = analysis
        .effects
        .iter()
        .filter_map(|effect| match &effect.kind {
            EffectKind::Read { path } => path.literal(),
            _ => None,
        })
        .collect();
    let contents =
        read.into_iter().take(SENT).filter_map(|path| beginning(Path::new(path), SCRIPT));
    contents.map(|content| Text::new(String::from_utf8_lossy(&content))).collect()
}

/// The patterns that the analysis names, each once; those of which only names
/// are listed are no matter.
fn patterns(analysis: &Analysis) -> BTreeSet<&Text> {
    let paths = analysis.effects.iter().filter_map(|effect| match &effect.kind {
        EffectKind::List { .. } => None,
        kind => kind.path(),
    });
    let patterns = paths.filter(|path| {
        path.known_prefix().starts_with('/') && path.has_pattern() && !path.has_unknown()
    });
    patterns.collect()
}

/// Whether that pattern is only what `python -m venv` makes: its own files, in
/// the place of those that it made before.
fn is_environment(analysis: &Analysis, pattern: &Text) -> bool {
    let at = |index: u32| analysis.commands.get(index as usize);
    let makes = |effect: &Effect| {
        let command =
            effect.command.and_then(at).filter(|one| one.program.literal() == Some("venv"));
        let parent = command.and_then(|one| one.parent).and_then(at);
        parent.is_some_and(|python| {
            let words: Vec<_> = python.arguments.iter().map(Text::literal).collect();
            words.windows(2).any(|pair| pair == [Some("-m"), Some("venv")])
        })
    };
    let mut named = analysis.effects.iter().filter(|one| one.kind.path() == Some(pattern));
    named.all(|one| matches!(one.kind, EffectKind::Write { .. }) && makes(one))
}

/// What of a path is certain: all of it, or the directory above a pattern.
fn literal_part(path: &Text) -> &str {
    path.literal().unwrap_or_else(|| {
        let known = path.known_prefix();
        known.rsplit_once('/').map_or("", |(directory, _)| directory)
    })
}

/// The absolute paths that the analysis names, each once.
fn named(analysis: &Analysis) -> BTreeSet<String> {
    let mut paths: BTreeSet<String> =
        analysis.wanted.iter().chain(&analysis.spelled).cloned().collect();
    for effect in &analysis.effects {
        if let Some(path) = effect.kind.path().map(literal_part)
            && path.starts_with('/')
            && (paths.len() < PATHS || paths.contains(path))
        {
            paths.insert(path.to_owned());
        }
    }
    paths
}

/// Where `path` really is, if not where its letters say: links followed as
/// the kernel does, `..` going up from where a link leads. The part of it that
/// does not exist yet, or behind a link to nothing, is kept as it is.
pub fn real(path: &str) -> Option<String> {
    let (mut at, mut by_name) = (PathBuf::from("/"), PathBuf::from("/"));
    let parts = |path: &Path| -> Vec<OsString> {
        path.iter().rev().filter(|part| *part != "/").map(OsString::from).collect()
    };
    if ["/dev/std", "/dev/fd", "/dev/tty"].iter().any(|start| path.starts_with(start))
        && !path.contains("..")
    {
        return None;
    }
    let mut ahead = parts(Path::new(path));
    for part in ahead.iter().rev() {
        step(&mut by_name, part);
    }
    let mut links = 0;
    while let Some(part) = ahead.pop() {
        step(&mut at, &part);
        // Those of a process are no text, but for where it stands.
        let followed = !at.starts_with("/proc") || at.ends_with("cwd") || at.ends_with("root");
        if part == ".." || !followed {
            continue;
        }
        let Ok(target) = fs::read_link(&at) else { continue };
        links += 1;
        if links > LINKS {
            return None;
        }
        if target.is_absolute() {
            at = PathBuf::from("/");
        } else {
            at.pop();
        }
        ahead.extend(parts(&target));
    }
    (at != by_name).then(|| at.to_str().map(str::to_owned))?
}

fn step(at: &mut PathBuf, part: &OsStr) {
    if part == ".." {
        at.pop();
    } else if part != "." {
        at.push(part);
    }
}

/// A regular file that is no longer than `most`, as text.
fn text_of(path: &Path, most: u64) -> Option<String> {
    // A longer one stays unknown rather than half known.
    let content = beginning(path, most + 1).filter(|content| content.len() as u64 <= most)?;
    Some(String::from_utf8_lossy(&content).into_owned())
}

/// What a regular file begins with.
fn beginning(path: &Path, most: u64) -> Option<Vec<u8>> {
    let mut options = OpenOptions::new();
    options.read(true);
    // A pipe in the place of a script must not keep the judge waiting.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    let file = options.open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut content = Vec::new();
    file.take(most).read_to_end(&mut content).ok()?;
    Some(content)
}
