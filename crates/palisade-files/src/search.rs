//! Where a pattern matches, by ripgrep's libraries.
//!
//! The walk only names files. Each one is opened below the handle of the
//! directory that was judged, without following a link, and judged by that
//! handle before a byte of it is read. What would be a question or a refusal
//! is left out and counted.

use std::collections::BTreeSet;
use std::io::Read;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Instant;

use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{
    BinaryDetection, Searcher, SearcherBuilder, Sink, SinkContext, SinkError, SinkMatch,
};
use ignore::WalkBuilder;
use ignore::overrides::OverrideBuilder;
use palisade_core::{FileFault, FileKind, FileShown, FileSource, Search};
use palisade_guards::content::reveal;
use palisade_guards::file::{is_closed, searchable};

use crate::ground::{Files, Limits};
use crate::lines::cut;
use crate::mounts::Mounts;
use crate::opened::Opened;
use crate::resolve;
use crate::status::Status;

/// Bytes of one line that are shown.
const LINE: usize = 500;
/// Bytes of a pattern, and of what is compiled from it.
const PATTERN: usize = 16 * 1024;
const COMPILED: usize = 10 << 20;
/// Bytes that a searcher may keep of one file: one line, and its context.
const HEAP: usize = 8 << 20;
/// Lines of context.
const CONTEXT: usize = 20;

pub(crate) fn search(opened: &Opened<'_>, wanted: &Search) -> Result<FileShown, FileFault> {
    let matcher = matcher(wanted)?;
    let limits = opened.files.bounds();
    let mut found = Found {
        shown: FileShown::default(),
        sources: BTreeSet::new(),
        left: wanted.most.unwrap_or(limits.matches).min(limits.matches),
        room: limits.shown,
        until: Instant::now() + limits.search_time,
        denied: 0,
        unread: 0,
        late: false,
    };
    let context = wanted.context.min(CONTEXT);
    let mut searcher = SearcherBuilder::new()
        .line_number(true)
        .before_context(context)
        .after_context(context)
        .binary_detection(BinaryDetection::quit(0))
        .heap_limit(Some(HEAP))
        .build();
    match opened.facts.kind {
        FileKind::Regular => {
            let (file, _) = opened.readable("search")?;
            let name = opened.facts.path.clone();
            one(&mut searcher, &matcher, file, &name, opened.source(), limits, &mut found);
        }
        FileKind::Directory => tree(opened, wanted, &mut searcher, &matcher, &mut found)?,
        _ => opened.must_be(FileKind::Directory, "search")?,
    }
    Ok(found.end(limits))
}

fn matcher(wanted: &Search) -> Result<RegexMatcher, FileFault> {
    if wanted.pattern.is_empty() {
        return Err(FileFault::new("the pattern is empty"));
    }
    if wanted.pattern.len() > PATTERN {
        return Err(FileFault::new(format!("the pattern has more than {PATTERN} bytes")));
    }
    RegexMatcherBuilder::new()
        .fixed_strings(wanted.literal)
        .case_insensitive(wanted.ignore_case)
        .line_terminator(Some(b'\n'))
        .size_limit(COMPILED)
        .dfa_size_limit(COMPILED)
        .build(&wanted.pattern)
        .map_err(|error| {
            let wrong = FileFault::new(format!("the pattern is not one: {error}"));
            if wanted.pattern.contains('\n') || wanted.pattern.contains("\\n") {
                wrong.help("a search looks at one line at a time")
            } else {
                wrong
            }
        })
}

/// What was found so far, and what is left of the bounds.
struct Found {
    shown: FileShown,
    sources: BTreeSet<FileSource>,
    left: usize,
    room: usize,
    until: Instant,
    denied: u64,
    unread: u64,
    late: bool,
}

impl Found {
    fn is_full(&mut self) -> bool {
        self.late = self.late || Instant::now() >= self.until;
        self.late || self.left == 0 || self.room == 0
    }

    fn end(mut self, limits: &Limits) -> FileShown {
        let mut note = |text: String| self.shown.notes.push(text);
        if self.late {
            let seconds = limits.search_time.as_secs_f32();
            note(format!("the search ended after {seconds} seconds, not at its end"));
        } else if self.left == 0 || self.room == 0 {
            note("there may be more matches than are shown".into());
        }
        if self.denied > 0 {
            let count = self.denied;
            note(format!("left out: {count} files or directories that may not be shown unasked"));
        }
        if self.unread > 0 {
            note(format!("left out: {} files that could not be read", self.unread));
        }
        if self.shown.text.is_empty() {
            note("nothing was found".into());
        }
        self.shown.more = self.late || self.left == 0 || self.room == 0;
        self.shown.sources = self.sources.into_iter().collect();
        self.shown
    }
}

fn tree(
    opened: &Opened<'_>,
    wanted: &Search,
    searcher: &mut Searcher,
    matcher: &RegexMatcher,
    found: &mut Found,
) -> Result<(), FileFault> {
    let (files, limits) = (opened.files, opened.files.bounds());
    let located = opened.handle()?;
    let root = located.real.clone();
    let mounts = Mounts::now();
    let passed = Arc::new(Passed::default());
    let names = walk(files, &root, wanted, &passed)?;
    while !found.is_full() {
        let left = found.until.saturating_duration_since(Instant::now());
        let entry = match names.recv_timeout(left) {
            Ok(entry) => entry,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let Ok(relative) = entry.path().strip_prefix(&root) else { continue };
        let kind = entry.file_type();
        // Links are not followed; pipes and devices hold no text.
        if relative.as_os_str().is_empty() || !kind.is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(fd) = resolve::beneath(located.fd.as_fd(), relative, files.way()) else {
            found.unread += 1;
            continue;
        };
        let Ok(status) = Status::of(&fd) else { continue };
        if status.kind != FileKind::Regular {
            continue;
        }
        let facts = files.facts_below(&root.join(relative), &status, &mounts, &opened.known);
        if !searchable(&facts, files.places()) {
            found.denied += 1;
            continue;
        }
        let source = FileSource { placed: facts.placed, real: facts.real };
        let name = reveal(&relative.to_string_lossy());
        let file = std::fs::File::from(fd);
        one(searcher, matcher, file, &name, source, limits, found);
    }
    found.denied += passed.closed.load(Ordering::Relaxed);
    found.unread += passed.unread.load(Ordering::Relaxed);
    Ok(())
}

/// The names below a directory, as ripgrep would walk them. The walk reads
/// ignore files by their paths, which somebody could exchange for a pipe at the
/// worst moment; so it goes on beside us, and nobody waits for it longer than
/// for the search.
fn walk(
    files: &Files,
    root: &Path,
    wanted: &Search,
    passed: &Arc<Passed>,
) -> Result<Receiver<ignore::DirEntry>, FileFault> {
    let mut globs = OverrideBuilder::new(root);
    for glob in wanted.globs.iter().take(64) {
        globs
            .add(glob)
            .map_err(|error| FileFault::new(format!("the glob `{}`: {error}", reveal(glob))))?;
    }
    let globs = globs.build().map_err(|error| FileFault::new(error.to_string()))?;
    let places = files.places().clone();
    let by_filter = Arc::clone(passed);
    let walk = WalkBuilder::new(root)
        .standard_filters(!wanted.all && has_plain_ignore_files(root))
        .require_git(false)
        .follow_links(false)
        .current_dir(root)
        .overrides(globs)
        .sort_by_file_name(|a, b| a.cmp(b))
        .filter_entry(move |entry| {
            if entry.depth() == 0 || !entry.file_type().is_some_and(|kind| kind.is_dir()) {
                return true;
            }
            if is_closed(&entry.path().to_string_lossy(), &places) {
                by_filter.closed.fetch_add(1, Ordering::Relaxed);
                return false;
            }
            if !has_plain_ignore_files(entry.path()) {
                by_filter.unread.fetch_add(1, Ordering::Relaxed);
                return false;
            }
            entry.file_name() != ".git"
        })
        .build();
    let (send, receive) = sync_channel(256);
    let by_walk = Arc::clone(passed);
    thread::spawn(move || {
        for entry in walk {
            match entry {
                Ok(entry) => {
                    if send.send(entry).is_err() {
                        return;
                    }
                }
                Err(_) => _ = by_walk.unread.fetch_add(1, Ordering::Relaxed),
            }
        }
    });
    Ok(receive)
}

/// What the walk passed by.
#[derive(Debug, Default)]
struct Passed {
    closed: AtomicU64,
    unread: AtomicU64,
}

/// Whether the files in a directory that say what is ignored are files: a
/// walk would wait for whoever writes to a pipe of that name.
fn has_plain_ignore_files(directory: &Path) -> bool {
    [".gitignore", ".ignore", ".git/info/exclude"].iter().all(|name| {
        std::fs::metadata(directory.join(name))
            .map_or(true, |found| found.is_file() || found.is_dir())
    })
}

fn one(
    searcher: &mut Searcher,
    matcher: &RegexMatcher,
    file: std::fs::File,
    name: &str,
    source: FileSource,
    limits: &Limits,
    found: &mut Found,
) {
    let before = found.left;
    let until = found.until;
    let reader = Bounded { file: file.take(limits.searched), until };
    let sink = Lines { name, found };
    let result = searcher.search_reader(matcher, reader, sink);
    if found.left < before {
        found.sources.insert(source);
    }
    if result.is_err() {
        found.unread += 1;
    }
}

/// A file up to its bound, and no longer than there is time.
struct Bounded {
    file: std::io::Take<std::fs::File>,
    until: Instant,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if Instant::now() >= self.until {
            return Ok(0);
        }
        self.file.read(buffer)
    }
}

/// Takes the lines of one file.
struct Lines<'a> {
    name: &'a str,
    found: &'a mut Found,
}

impl Lines<'_> {
    fn line(&mut self, number: Option<u64>, between: char, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_end_matches(['\n', '\r']);
        let kept = cut(text, LINE);
        let more = if kept.len() < text.len() { " .." } else { "" };
        let number = number.unwrap_or(0);
        let line = format!("{}{between}{number}{between}{kept}{more}\n", self.name);
        if line.len() > self.found.room {
            self.found.room = 0;
            return false;
        }
        self.found.room -= line.len();
        self.found.shown.text.push_str(&line);
        true
    }
}

impl Sink for Lines<'_> {
    type Error = Stopped;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> Result<bool, Stopped> {
        if self.found.is_full() || !self.line(found.line_number(), ':', found.bytes()) {
            return Ok(false);
        }
        self.found.left -= 1;
        Ok(self.found.left > 0)
    }

    fn context(&mut self, _: &Searcher, found: &SinkContext<'_>) -> Result<bool, Stopped> {
        Ok(self.line(found.line_number(), '-', found.bytes()))
    }
}

/// A file that could not be searched to its end.
#[derive(Debug)]
struct Stopped;

impl SinkError for Stopped {
    fn error_message<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}
