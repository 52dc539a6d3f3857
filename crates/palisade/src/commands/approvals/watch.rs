//! A terminal on which requests appear as they come.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use palisade_runtime::Home;
use palisade_runtime::approvals::{Entry, Moment, Store};

use super::answer::{give, person};
use super::{brief, left};
use crate::prompt::{self, Heard, Prompt, Question};
use crate::show::{Failure, note};

/// Bells may be missed, so it is looked this often at least.
const LOOK: Duration = Duration::from_secs(1);

pub fn run(home: &Home, store: &Store) -> Result<ExitCode, Failure> {
    person(home)?;
    let watcher = store.watch()?;
    let mut later = BTreeMap::new();
    let mut said = None;
    loop {
        let now = Moment::now();
        let (entries, _) = store.list()?;
        let open: Vec<&Entry> = entries.iter().filter(|entry| entry.is_open(&now)).collect();
        later.retain(|id, left: &mut Left| {
            let entry = open.iter().find(|entry| entry.request.id == *id);
            entry.is_some_and(|entry| left.stays(entry, &now))
        });
        let waiting = open.len() - later.len();
        let new = open.iter().filter(|entry| !later.contains_key(&entry.request.id));
        // Those that somebody waits for come first, and who waits least before
        // the others.
        let next = new.min_by_key(|entry| (!entry.is_waited_for, left(entry, &now)));
        let Some(entry) = next else {
            if said.replace(later.len()) != Some(later.len()) {
                note(&match later.len() {
                    0 => "watching for requests; Ctrl-C ends it".to_owned(),
                    left => format!("watching for requests, {left} left for later; Ctrl-C ends it"),
                });
            }
            watcher.wait(LOOK);
            // A terminal that is gone, or in other hands, shows nothing.
            if prompt::terminal().is_none() {
                return Ok(ExitCode::SUCCESS);
            }
            continue;
        };
        said = None;
        if !asked(home, store, (entry, &entries), waiting, &mut later)? {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// A request that was left for later.
struct Left {
    when: Moment,
    /// Whether somebody waited for it when it was looked at last.
    waited_for: bool,
}

impl Left {
    fn new(waited_for: bool) -> Self {
        Self { when: Moment::now(), waited_for }
    }

    /// Whether it stays out of sight: until it is asked again.
    fn stays(&mut self, entry: &Entry, now: &Moment) -> bool {
        let first_until = &entry.request.waits_until;
        let another = first_until.is_over(now) && !first_until.is_over(&self.when);
        let again = entry.is_waited_for && (another || !self.waited_for);
        self.waited_for = entry.is_waited_for;
        !again
    }
}

/// Puts one request; whether to go on.
fn asked(
    home: &Home,
    store: &Store,
    (entry, others): (&Entry, &[Entry]),
    waiting: usize,
    later: &mut BTreeMap<String, Left>,
) -> Result<bool, Failure> {
    let tty = person(home)?;
    let now = Moment::now();
    let id = entry.request.id.clone();
    let mut more = vec![("request", id.clone())];
    more.extend(brief(entry, others, &now));
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
                later.insert(id, Left::new(entry.is_waited_for));
            }
        }
        Heard::Later => {
            later.insert(id, Left::new(entry.is_waited_for));
        }
        Heard::Moot => note(&format!("request {id} was answered elsewhere")),
        Heard::Nothing => note(&format!("request {id} is too old now")),
        Heard::End => return Ok(false),
    }
    Ok(true)
}
