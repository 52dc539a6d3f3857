//! A terminal on which requests appear as they come.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use palisade_runtime::Home;
use palisade_runtime::approvals::{Entry, Moment, Store};

use super::answer::{give, person};
use super::brief;
use crate::prompt::{Heard, Prompt, Question};
use crate::show::{Failure, note};

/// Bells may be missed, so it is looked this often at least.
const LOOK: Duration = Duration::from_secs(1);

pub fn run(home: &Home, store: &Store) -> Result<ExitCode, Failure> {
    person(home)?;
    let watcher = store.watch()?;
    let mut later = BTreeSet::new();
    let mut said = None;
    loop {
        let now = Moment::now();
        let (entries, _) = store.list()?;
        let open: Vec<&Entry> = entries.iter().filter(|entry| entry.is_open(&now)).collect();
        later.retain(|id| open.iter().any(|entry| entry.request.id == *id));
        let waiting = open.len() - later.len();
        let mut new = open.iter().filter(|entry| !later.contains(&entry.request.id));
        // Those that somebody waits for come first.
        let next = new.clone().find(|entry| entry.is_waited_for).or_else(|| new.next());
        let Some(entry) = next else {
            if said.replace(later.len()) != Some(later.len()) {
                note(&match later.len() {
                    0 => "watching for requests; Ctrl-C ends it".to_owned(),
                    left => format!("watching for requests, {left} left for later; Ctrl-C ends it"),
                });
            }
            watcher.wait(LOOK);
            continue;
        };
        said = None;
        if !asked(home, store, entry, waiting, &mut later)? {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// Puts one request; whether to go on.
fn asked(
    home: &Home,
    store: &Store,
    entry: &Entry,
    waiting: usize,
    later: &mut BTreeSet<String>,
) -> Result<bool, Failure> {
    let tty = person(home)?;
    let now = Moment::now();
    let id = entry.request.id.clone();
    let mut more = vec![("request", id.clone())];
    more.extend(brief(entry, &now));
    if waiting > 1 {
        more.push(("", format!("{} more after this", waiting - 1)));
    }
    let question = Question::about(&entry.request.subject, entry.request.created.seconds());
    let wait = entry.request.expires.since(&now);
    let prompt = Prompt::new(tty, question.with(more), wait);
    match prompt.put(|| store.is_unanswered(entry))? {
        Heard::Answer(answer, word) => {
            let given = give(home, store, entry, answer, word.as_deref());
            if let Err(error) = given {
                note(&format!("error: {error}"));
                later.insert(id);
            }
        }
        Heard::Later => {
            later.insert(id);
        }
        Heard::Moot => note(&format!("request {id} was answered elsewhere")),
        Heard::Nothing => note(&format!("request {id} is too old now")),
        Heard::End => return Ok(false),
    }
    Ok(true)
}
