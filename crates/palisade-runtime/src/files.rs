//! File tools: opened, judged, asked, permitted, done through the very handle
//! that was judged, recorded.
//!
//! [`judge_file`] is the judging alone, for clients whose own tools read and
//! write. [`use_file`] does all of it and has something to show.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use palisade_core::ports::{FileTools, JournalError, Outcome};
use palisade_core::{
    Action, Decision, FileFacts, FileFault, FileShown, FileSource, FileUse, FileWork, Finding,
    Posture, judge,
};
use palisade_guards::{Places, Taint, file, taint};
use palisade_shell::{Analysis, Labels};

use crate::pipeline::{Circumstances, Done, Judged, Ports, carry_out};
use crate::{Error, facts};

/// What a surface asks of the file tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRequest {
    /// The path: absolute, relative to `cwd`, or beginning with `~`.
    pub path: String,
    /// Where the caller works, absolute.
    pub cwd: String,
    /// What to do.
    pub work: FileWork,
}

/// What became of a request.
#[derive(Debug)]
pub enum FileDone {
    /// It was refused; nothing happened.
    Refused(Box<Decision>),
    /// It was tried.
    Tried {
        /// What there is to show, or why nothing was done.
        result: Result<FileShown, FileFault>,
        /// Why the end is not in the journal, if so.
        unrecorded: Option<JournalError>,
    },
}

/// Judges what a client is about to do with a file by its own means: the file
/// is opened to see what it really is, and closed again. Between this verdict
/// and what the client does, the path can come to mean another file; where
/// that matters, the client uses Palisade's tools or runs in the sandbox.
///
/// `content` is what would be written, where the client says all of it.
pub fn judge_file(
    how: FileUse,
    (path, content): (&str, Option<&str>),
    cwd: &str,
    tools: &dyn FileTools,
    at: &Circumstances<'_>,
) -> Judged {
    let mut facts = match tools.open(path, cwd, how) {
        Ok(open) => open.facts().clone(),
        Err(_) => FileFacts::of_text(tools.absolute(path, cwd)),
    };
    facts.plain = content.is_some_and(|content| file::is_plain(&facts, content));
    judged(how, &facts, cwd, format!("{} {}", how.word(), facts.path), file::findings, at)
}

/// Opens, judges, asks, permits, does and records. What was shown is added to
/// what the session has seen before it is handed back.
///
/// # Errors
/// Where the journal or the session took no record; then nothing is shown.
pub fn use_file(
    request: &FileRequest,
    tools: &dyn FileTools,
    at: &Circumstances<'_>,
    ports: &mut Ports<'_>,
) -> Result<FileDone, Error> {
    let FileRequest { path, cwd, work } = request;
    let how = work.how();
    let opened = tools.open(path, cwd, how);
    let mut facts = match &opened {
        Ok(open) => open.facts().clone(),
        Err(_) => FileFacts::of_text(tools.absolute(path, cwd)),
    };
    facts.plain = work.content().is_some_and(|content| file::is_plain(&facts, content));
    let own = FileSource { placed: facts.placed.clone(), real: facts.real.clone() };
    let mut judged =
        judged(how, &facts, cwd, words(work, &facts), file::findings_where_each_is_judged, at);
    if how.changes() {
        judged.analysis.files = BTreeMap::from([(facts.real.clone(), Labels::WRITTEN)]);
    }
    let mut result = None;
    let done = carry_out(judged, at, ports, |permit| {
        let tried = match opened {
            Ok(open) => open.carry_out(permit, work),
            Err(fault) => {
                // The permit is spent on nothing.
                let _ = permit.spend();
                Err(fault)
            }
        };
        let outcome = outcome(&tried);
        result = Some(tried);
        outcome
    })?;
    match done {
        Done::Refused(decision) => Ok(FileDone::Refused(decision)),
        Done::Ran { unrecorded, .. } => {
            let result = result.unwrap_or_else(|| Err(FileFault::new("nothing was done")));
            let sources = match &result {
                Ok(shown) => shown.sources.as_slice(),
                // Where an edit does not match, what is there is shown.
                Err(_) if how == FileUse::Edit => std::slice::from_ref(&own),
                Err(_) => &[],
            };
            ports.keeper.saw(&seen(sources, cwd, at))?;
            Ok(FileDone::Tried { result, unrecorded })
        }
    }
}

/// What the session has seen once the content of `sources` is shown: private files, files from
/// outside the workspace, and files that came from the network.
fn seen(sources: &[FileSource], cwd: &str, at: &Circumstances<'_>) -> Taint {
    let places = places(cwd, at);
    let mut taint = Taint::default();
    for FileSource { placed, real } in sources {
        let facts = FileFacts { real: real.clone(), ..FileFacts::of_text(placed.as_str()) };
        let labels = at.session.labels(placed).and(at.session.labels(real));
        let secret = labels.has(Labels::SECRET) || labels.has(Labels::ENVIRONMENT);
        if secret || file::is_private(&facts, &places) {
            taint.saw_private(placed);
        }
        if labels.has(Labels::DOWNLOADED) || file::is_foreign(&facts, &places) {
            taint.saw_untrusted(&format!("the file {placed}"));
        }
    }
    taint
}

fn judged(
    how: FileUse,
    facts: &FileFacts,
    cwd: &str,
    text: String,
    look: fn(FileUse, &FileFacts, &Places) -> Vec<Finding>,
    at: &Circumstances<'_>,
) -> Judged {
    let places = places(cwd, at);
    // Whoever judges and fails has not allowed anything.
    let found = catch_unwind(AssertUnwindSafe(|| {
        let mut found = look(how, facts, &places);
        if facts.names().any(|name| holds_copy(how, name, at)) {
            found.extend(file::of_copy(how, facts, &places));
        }
        if how.changes() {
            found.extend(taint::of_file(facts, &places, &at.exposure()));
        }
        found
    }))
    .unwrap_or_else(|_| vec![facts::failed(&text)]);
    let action = Action::File {
        how,
        path: facts.path.clone(),
        real: facts.real.clone(),
        object: facts.object,
        cwd: cwd.to_owned(),
    };
    // The tools work outside the sandbox, so none makes their effects harmless.
    let posture = Posture { confined: false, ..at.posture };
    let decision = judge(action, found, posture, at.grants, None, at.now);
    Judged { decision, analysis: Analysis::default(), text }
}

/// Whether a file holds what was written of a secret, or a search goes through
/// such files.
fn holds_copy(how: FileUse, name: &str, at: &Circumstances<'_>) -> bool {
    let copied = Labels::SECRET.and(Labels::WRITTEN);
    let session = at.session;
    let below = format!("{}/", name.trim_end_matches('/'));
    session.labels(name).has(copied)
        || how == FileUse::Search
            && session
                .files
                .range(below.clone()..)
                .take_while(|(path, _)| path.starts_with(&below))
                .any(|(_, labels)| labels.has(copied))
}

fn places(cwd: &str, at: &Circumstances<'_>) -> Places {
    let mut places = Places { cwd: cwd.to_owned(), ..at.places.clone() };
    if at.profile.config.workspace.is_none() {
        places.workspace.clone_from(&places.cwd);
    }
    places
}

/// The exact action in words: what a person is asked, and what records hold
/// the digest of.
fn words(work: &FileWork, facts: &FileFacts) -> String {
    let head = format!("{} {}", work.how().word(), facts.path);
    match work {
        FileWork::Read { .. } | FileWork::List => head,
        FileWork::Write { content, .. } => format!("{head} with:\n{content}"),
        FileWork::Edit { old, new, all } => {
            let which = if *all { "every" } else { "the one" };
            format!("{head}, {which} place of:\n{old}\nbecomes:\n{new}")
        }
        FileWork::Search(search) => format!("{head} for {}", search.pattern),
    }
}

fn outcome(tried: &Result<FileShown, FileFault>) -> Outcome {
    match tried {
        Ok(shown) => Outcome {
            exit: Some(0),
            bytes: Some(shown.text.len().try_into().unwrap_or(u64::MAX)),
            files: Some(shown.changed),
            ..Outcome::default()
        },
        Err(fault) => Outcome { failure: fault.message.clone(), ..Outcome::default() },
    }
}
