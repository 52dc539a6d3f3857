//! Answers: who may give them, and what is written before they count.

use std::fs::File;
use std::process::ExitCode;
use std::time::Duration;

use palisade_core::ports::{Clock, Event, EventKind, Journal};
use palisade_core::{Answer, Lifetime};
use palisade_runtime::approvals::{Entry, Store, governed};
use palisade_runtime::{Error, Home, config, grants};

use crate::actor;
use crate::prompt::{self, Prompt, Question};
use crate::show::{Failure, note};
use crate::wire_up::{House, System};

/// How long a confirmation waits.
const WAIT: Duration = Duration::from_secs(120);
/// How long an answer can be claimed at the least: by whoever waits for it.
const KEEP: Duration = Duration::from_secs(10);

pub fn allow(home: &Home, store: &Store, id: &str, answer: Answer) -> Result<ExitCode, Failure> {
    let tty = person(home)?;
    let entry = store.find(id)?;
    let (request, subject) = (&entry.request, &entry.request.subject);
    if !store.is_unanswered(&entry) {
        return Err(Failure::Other(format!("request `{}` was answered before", request.id)));
    }
    if !subject.takes(answer) {
        let why = subject.only_once.as_deref().unwrap_or("it belongs to no session");
        return Err(Failure::Usage(format!("it can be allowed only once: {why}")));
    }
    let question = Question::about(subject, request.created.seconds());
    let words = match answer {
        Answer::Session => "Allow this until the session ends? yes or no",
        Answer::Always => "Allow this, and save the line above for 30 days? yes or no",
        Answer::Once | Answer::Deny => "Allow this once? yes or no",
    };
    if !Prompt::new(tty, question, WAIT).confirmed(words)? {
        note("nothing was answered");
        return Ok(ExitCode::FAILURE);
    }
    give(home, store, &entry, answer, None)?;
    Ok(ExitCode::SUCCESS)
}

pub fn deny(home: &Home, store: &Store, id: &str, word: Option<&str>) -> Result<ExitCode, Failure> {
    person(home)?;
    give(home, store, &store.find(id)?, Answer::Deny, word)?;
    Ok(ExitCode::SUCCESS)
}

/// The terminal of a person, or why there is none.
pub fn person(home: &Home) -> Result<File, Failure> {
    let refused = |why: &str| Failure::from(Error::NotAPerson { why: why.to_owned() });
    #[cfg(target_os = "linux")]
    if palisade_sandbox::is_inside() {
        return Err(refused("this is the inside of a sandbox"));
    }
    governed::is_person(home)?;
    prompt::terminal().ok_or_else(|| refused("there is no terminal that is read from here"))
}

/// Gives an answer: recorded first, then in force.
pub fn give(
    home: &Home,
    store: &Store,
    entry: &Entry,
    answer: Answer,
    word: Option<&str>,
) -> Result<(), Failure> {
    // Once more, since an agent may have been started meanwhile.
    governed::is_person(home)?;
    let subject = &entry.request.subject;
    let house = House::open(Some(&subject.profile), subject.session.as_deref())?;
    let rules = &house.profile.config.tools.terminal.approval;
    let is_waited_for = store.is_waited_for(entry);
    if answer != Answer::Deny && !is_waited_for && subject.policy != house.profile.policy_name() {
        return Err(Failure::Other(format!(
            "request {} was asked under other settings: the profile `{}` was changed since, so the answer would count \
             for nothing; the same command is asked again when it is tried again",
            entry.request.id, subject.profile
        )));
    }
    let redactor = house.profile.redactor()?;
    let actor = actor::here(None);
    let mut journal = house.journal()?;
    let mut record = |kind, body: &str| {
        let profile = house.profile.name.as_str();
        let body = redactor.redact(body);
        let event = Event { actor: &actor, profile, kind, body: &body };
        journal.event(&event).map(|_| ()).map_err(Error::Journal)
    };
    let id = &entry.request.id;
    let text: String = subject.text.chars().take(4096).collect();
    let word_said = word.map(|word| format!(" ({word})")).unwrap_or_default();
    record(
        EventKind::Approval,
        &format!("answer to {id}: {}{word_said}: {text}", grants::word(answer)),
    )?;
    let keep = Duration::from_secs(rules.parked_s.into()).max(KEEP);
    if let Err(error) = store.answer(entry, (answer, word), (&actor).into(), keep) {
        record(EventKind::Approval, &format!("the answer to {id} did not count: {error}"))?;
        return Err(error.into());
    }
    note(&match answer {
        Answer::Deny => format!("request {id} is denied"),
        _ if is_waited_for => format!("request {id} is allowed"),
        _ => format!("request {id} is allowed when it is asked again"),
    });
    // Whoever waits keeps what it grants; where nobody does, that is ours.
    if !is_waited_for && matches!(answer, Answer::Session | Answer::Always) {
        let lifetime = match answer {
            Answer::Always => {
                Lifetime::Until(Some(System.now().saturating_add(grants::ALWAYS_LASTS)))
            }
            _ => Lifetime::Session,
        };
        let granted = subject.grants(lifetime);
        for grant in &granted {
            record(EventKind::Grant, &config::line(grant))?;
        }
        match answer {
            Answer::Always => house.keeper().always(&granted)?,
            _ => house.keeper().for_session(&granted)?,
        }
    }
    crate::show::signed(journal);
    Ok(())
}
