//! Before a tool is used: judged, asked about, recorded, answered.

use std::env;
use std::time::{Duration, Instant};

use nix::unistd::getppid;
use palisade_core::ports::{Ask, Journal, Outcome};
use palisade_core::{Action, Answer, Decision, Posture, Severity, Surface, Verdict, judge};
use palisade_runtime::approvals::{Asker, Ended, Queue, Subject, governed};
use palisade_runtime::calls::{Admission, Held, hex};
use palisade_runtime::config::Rewrite;
use palisade_runtime::{Admitted, Circumstances, Judged, Keeper, Ports, admit, hand_over};
use palisade_wire::{Call, Event, Use};
use sha2::{Digest, Sha256};

use super::session::Opened;
use super::uses::{self, Part};
use super::{Hook, Said, native, words};
use crate::actor;
use crate::desktop::Desktop;
use crate::show::Failure;

/// What was decided, and what is owed to the journal for it.
struct Answered {
    said: Said,
    intents: Vec<u64>,
    origins: Vec<String>,
    /// Whether the same call is answered by the same words.
    repeats: bool,
}

impl Answered {
    fn plainly(said: Said) -> Self {
        Self { said, intents: Vec::new(), origins: Vec::new(), repeats: true }
    }
}

/// Decides about a call. The same call told twice gets the same answer twice,
/// and is asked about and recorded once.
pub(super) fn answer(hook: &Hook, opened: &Opened, call: &Call) -> Result<Said, Failure> {
    governed::register_served(&opened.house.home)?;
    let mut held = opened.calls.hold(&opened.name)?;
    let twice = call.id.is_some() || call.stamp.is_some();
    let rewriting = rewriting(hook, opened, call);
    let rewrites = matches!(rewriting, Rewriting::Is);
    let native = !rewrites && native::asks(hook.client, call);
    let at = if rewrites {
        let sandbox = opened.house.profile.config.tools.terminal.sandbox;
        opened.circumstances(Surface::Interactive, sandbox)
    } else {
        let watched = native || opened.house.approvals().is_watched();
        let surface = if watched { Surface::Interactive } else { Surface::Unattended };
        opened.circumstances(surface, false)
    };
    let parts = uses::judged(hook.client, call, opened, &at, None)?;
    let digest = digest(opened, &parts);
    if let Some(before) = held.answered(&digest).filter(|_| twice) {
        let said = if before.is_empty() { Said::Nothing } else { Said::Line(before.to_owned()) };
        return Ok(said);
    }
    if matches!(rewriting, Rewriting::Cannot) {
        let said = hook.client.deny(Event::Before, CANNOT, Some(call));
        return remember(&mut held, digest, Answered::plainly(Said::Line(said)));
    }
    // Where a rule counts calls, this one is counted now that it is a new one.
    let counts = opened.house.profile.calls.rules.iter().any(|rule| rule.limit.is_some());
    let parts = match counts {
        true => uses::judged(hook.client, call, opened, &at, Some(&opened.keeper()))?,
        false => parts,
    };
    let answered = match rewrites {
        true => confined(hook, opened, call, parts, &at)?,
        false => settle(hook, opened, call, parts, &at, native)?,
    };
    remember(&mut held, digest, answered)
}

const CANNOT: &str = "Palisade refused this. Commands run only in the sandbox here, and this client cannot be made to use it. \
                      Tell the person: `tools.terminal.rewrite: off` judges its commands without the sandbox.";

/// Of all that the call says, where its paths lead now, what is in the files
/// that it executes, and the policy: if any of it changes, the call is another.
fn digest(opened: &Opened, parts: &[Part]) -> String {
    let mut all = Sha256::new();
    let mut add = |text: &str| {
        all.update((text.len() as u64).to_le_bytes());
        all.update(text);
    };
    add(&opened.digest);
    add(&hex(&opened.house.profile.digest));
    add(&opened.house.places.workspace);
    for part in parts {
        Subject::exactly(&part.judged).iter().for_each(|one| add(one));
    }
    hex(&all.finalize())
}

fn remember(held: &mut Held, digest: String, answered: Answered) -> Result<Said, Failure> {
    let Answered { said, intents, origins, repeats } = answered;
    let answer = match &said {
        Said::Nothing => Some(String::new()),
        // A changed command is not kept: there may be a secret in it, and it
        // is changed again in the same way.
        Said::Line(_) if !repeats => None,
        Said::Line(line) => Some(line.clone()),
    };
    let at = actor::millis();
    held.remember(Admission { digest, answer, intents, origins, at })?;
    Ok(said)
}

/// Where the client would ask its user: what is never done is refused there as
/// well, all else is for the user.
pub(super) fn permission(hook: &Hook, opened: &Opened, call: &Call) -> Result<Said, Failure> {
    let at = opened.circumstances(Surface::Interactive, false);
    let parts = uses::judged(hook.client, call, opened, &at, None)?;
    let denied = refused(&parts);
    if denied.is_empty() {
        return Ok(Said::Nothing);
    }
    let reason = words::refusal(&denied);
    Ok(Said::Line(hook.client.deny(Event::Permission, &reason, Some(call))))
}

enum Rewriting {
    /// The command becomes one of `palisade run`.
    Is,
    /// It stays as it is.
    IsNot,
    /// It would have to, and this client does not let it.
    Cannot,
}

fn rewriting(hook: &Hook, opened: &Opened, call: &Call) -> Rewriting {
    let terminal = &opened.house.profile.config.tools.terminal;
    let wanted = match terminal.rewrite {
        Rewrite::Auto => terminal.sandbox,
        Rewrite::Always => true,
        Rewrite::Off => false,
    };
    let shell =
        !call.uses.is_empty() && call.uses.iter().all(|one| matches!(one, Use::Shell { .. }));
    match (wanted && shell, hook.client.support.rewrite) {
        (false, _) => Rewriting::IsNot,
        (true, true) => Rewriting::Is,
        (true, false) => Rewriting::Cannot,
    }
}

/// What is never done is refused here. All else is judged again, asked about
/// and recorded by `palisade run`, so that there is one intent.
fn confined(
    hook: &Hook,
    opened: &Opened,
    call: &Call,
    parts: Vec<Part>,
    at: &Circumstances<'_>,
) -> Result<Answered, Failure> {
    if !refused(&parts).is_empty() {
        return settle(hook, opened, call, parts, at, false);
    }
    let origins = origins(&parts);
    // A rule of the profile about the tool itself is answered here as always.
    let command = |part: &Part| matches!(part.judged.decision.action(), Action::Run { .. });
    let tools = parts.into_iter().filter(|part| !command(part)).collect();
    let mut answered = settle(hook, opened, call, tools, at, false)?;
    if matches!(answered.said, Said::Line(_)) {
        return Ok(answered);
    }
    let lines = lines(opened, call)?;
    let arguments = hook.client.with_lines(call, &lines);
    let said = arguments.and_then(|arguments| hook.client.rewrite(arguments));
    let said = said.ok_or_else(|| Failure::Other("the command cannot be changed".into()))?;
    // What was recorded or asked about is not recorded or asked about again.
    answered.repeats = !answered.intents.is_empty();
    answered.said = Said::Line(said);
    answered.origins.extend(origins);
    Ok(answered)
}

/// The lines of a shell call as ones of `palisade run`, in the tree that this
/// session works in, wherever the call says that it runs.
fn lines(opened: &Opened, call: &Call) -> Result<Vec<String>, Failure> {
    let program = env::current_exe()?;
    let program = program.to_str().ok_or_else(|| Failure::Other("our name is not UTF-8".into()))?;
    let begin = format!(
        "{} --profile {} run --session {} --surface queue --workspace {}",
        quoted(program),
        opened.house.profile.name.as_str(),
        opened.id.as_str(),
        quoted(&opened.house.places.workspace),
    );
    let line = |one: &Use| match one {
        Use::Shell { command, .. } => Some(format!("{begin} -c {}", quoted(command))),
        _ => None,
    };
    Ok(call.uses.iter().filter_map(line).collect())
}

/// In single quotes nothing means anything to a shell but their end.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// From what was judged to what is said.
fn settle(
    hook: &Hook,
    opened: &Opened,
    call: &Call,
    parts: Vec<Part>,
    at: &Circumstances<'_>,
    native: bool,
) -> Result<Answered, Failure> {
    if parts.is_empty() {
        return Ok(Answered::plainly(Said::Nothing));
    }
    let keeper = opened.keeper();
    let mut journal = opened.house.journal()?;
    let settled =
        Settling { hook, opened, call, at, keeper: &keeper, native }.settle(parts, &mut journal);
    // Whatever became of it, what was recorded is signed.
    journal.close().map_err(unsigned)?;
    settled
}

/// One call on its way from what was judged to what is said.
struct Settling<'a> {
    hook: &'a Hook,
    opened: &'a Opened,
    call: &'a Call,
    at: &'a Circumstances<'a>,
    keeper: &'a Keeper<'a>,
    /// Whether the client puts questions to its own user.
    native: bool,
}

impl Settling<'_> {
    fn deny(&self, reason: &str) -> Answered {
        let line = self.hook.client.deny(Event::Before, reason, Some(self.call));
        Answered::plainly(Said::Line(line))
    }

    fn admitted(
        &self,
        judged: Judged,
        ask: &mut dyn Ask,
        journal: &mut dyn Journal,
    ) -> Result<Admitted, Failure> {
        let mut ports = Ports { actor: &self.opened.actor, ask, journal, keeper: self.keeper };
        Ok(admit(judged, self.at, &mut ports)?)
    }

    fn settle(&self, parts: Vec<Part>, journal: &mut dyn Journal) -> Result<Answered, Failure> {
        let never = |part: &Part| part.judged.decision.severity() == Severity::Dangerous;
        if parts.iter().any(never) {
            let reason = words::refusal(&refused(&parts));
            for part in parts.into_iter().filter(never) {
                // Recorded, and refused whatever the record says.
                self.admitted(part.judged, &mut Nobody, journal)?;
            }
            return Ok(self.deny(&reason));
        }
        let origins = origins(&parts);
        let asking = |part: Part| {
            let judged = surfaced(part.judged, Surface::Interactive, self.at);
            Part { judged, ..part }
        };
        let parts: Vec<Part> = parts.into_iter().map(asking).collect();
        let left = self.left_for_later(&parts);
        let mut intents = Vec::new();
        let mut native: Vec<String> = Vec::new();
        for Part { judged: question, shows } in parts {
            let asked = question.decision.verdict() == Verdict::Ask;
            if asked && self.native {
                native.push(words::question(&[&question.decision]));
                let actor = &self.opened.actor;
                let mut ports =
                    Ports { actor, ask: &mut Nobody, journal: &mut *journal, keeper: self.keeper };
                intents.push(hand_over(&question, self.at, &mut ports)?);
                self.keeper.saw(&shows)?;
                continue;
            }
            let declined = question.decision.clone();
            match self.asked(question, asked, left.as_deref(), journal)? {
                (Admitted::Permitted(permit), _) => {
                    intents.push(permit.intent());
                    self.keeper.saw(&shows)?;
                    // The client carries it out; its end comes with the event
                    // after.
                    let _ = permit.spend();
                }
                (Admitted::Refused(_), end) => {
                    let failure = "another part of the same call was refused".to_owned();
                    let outcome = Outcome { failure, ..Outcome::default() };
                    for intent in intents {
                        let written = journal.outcome(intent, &outcome);
                        written.map_err(palisade_runtime::Error::Journal)?;
                    }
                    return Ok(self.deny(&words::declined(&[&declined], &end)));
                }
            }
        }
        let said = match (native.is_empty(), self.hook.client.ask(&native.join("\n"))) {
            (false, Some(line)) => Said::Line(line),
            _ => Said::Nothing,
        };
        Ok(Answered { said, intents, origins, repeats: true })
    }

    fn desktop(&self) -> Desktop {
        Desktop(self.opened.house.profile.config.tools.terminal.approval.notify)
    }

    /// Where nobody would see one of the questions, all of them are left in
    /// the queue, and no answer that was given to one of them before is used:
    /// what is said to the model about that.
    fn left_for_later(&self, parts: &[Part]) -> Option<String> {
        if self.native {
            return None;
        }
        let desktop = self.desktop();
        let mut queues = Vec::new();
        for part in parts {
            if part.judged.decision.verdict() == Verdict::Ask {
                queues.push(queue(self.hook, self.opened, &part.judged, self.at, &desktop));
            }
        }
        let unseen: Vec<&Queue<'_>> =
            queues.iter().filter(|queue| queue.seen().is_none()).collect();
        if unseen.is_empty() {
            return None;
        }
        let left: Vec<String> = unseen.iter().filter_map(|queue| queue.park()).collect();
        let all = left.len() == unseen.len();
        Some(if all { words::left_for_later(&left) } else { UNSEEN.to_owned() })
    }

    /// Puts the question to whoever looks at the queue, if it is one and it
    /// was not `left` there; and how it ended, in words for the model.
    fn asked(
        &self,
        question: Judged,
        asked: bool,
        left: Option<&str>,
        journal: &mut dyn Journal,
    ) -> Result<(Admitted, String), Failure> {
        let desktop = self.desktop();
        let queue = |question| queue(self.hook, self.opened, question, self.at, &desktop);
        let mut queue = (asked && left.is_none()).then(|| queue(&question));
        match queue.as_mut().filter(|queue| queue.seen().is_some()) {
            Some(queue) => {
                let admitted = self.admitted(question, queue, journal)?;
                Ok((admitted, ended(queue).unwrap_or_else(|| self.unseen(None))))
            }
            // Nobody was asked, and the record says so.
            None => {
                let judged = surfaced(question, Surface::Unattended, self.at);
                let end = self.unseen(left);
                Ok((self.admitted(judged, &mut Nobody, journal)?, end))
            }
        }
    }

    /// That nobody was asked, and what the person could do about it: `left` says
    /// it where the question was left in the queue. A person who sits before the
    /// client wonders most, so they are told what keeps it from asking them.
    fn unseen(&self, left: Option<&str>) -> String {
        let mut said = left.unwrap_or(UNSEEN).to_owned();
        let mode = self.call.mode.as_deref().filter(|mode| *mode != "default");
        if let Some(mode) =
            mode.filter(|_| self.hook.client.name == "claude" && native::is_claudes_terminal())
        {
            let mode = palisade_guards::content::reveal(mode);
            said.push_str(&format!(
                " Tell them, too, that in this mode ({mode}) Claude Code asks them nothing: in its default mode they \
                 are asked here, and in any mode where `palisade approvals watch` is open in another terminal."
            ));
        }
        said
    }
}

/// The same, judged as on that surface: a caution is a question where somebody
/// could answer (also before: such an answer may wait), else a refusal.
fn surfaced(mut judged: Judged, surface: Surface, at: &Circumstances<'_>) -> Judged {
    let decision = &judged.decision;
    if decision.verdict() != Verdict::Allow && decision.severity() < Severity::Dangerous {
        let posture = Posture { surface, ..at.posture };
        let simple = judged.analysis.simple.then_some(judged.text.as_str());
        let (action, findings) = (decision.action().clone(), decision.findings().to_vec());
        judged.decision = judge(action, findings, posture, at.grants, simple, at.now);
    }
    judged
}

const UNSEEN: &str = "A person may allow it, but nobody was there to be asked. Do something else, or tell the person \
                      what you wanted to do and why: they can keep `palisade approvals watch` open in another \
                      terminal, and then you may try again.";

fn queue<'a>(
    hook: &Hook,
    opened: &'a Opened,
    judged: &Judged,
    at: &Circumstances<'_>,
    desktop: &'a Desktop,
) -> Queue<'a> {
    let subject = Subject::of(judged, at, &opened.actor, &[]);
    let rules = &opened.house.profile.config.tools.terminal.approval;
    let left = hook.end.saturating_duration_since(Instant::now());
    // A client that has gone away waits for nothing.
    let client = getppid();
    // The last tenth is for the answer itself.
    let wait = left.mul_f64(0.9).min(Duration::from_secs(rules.timeout_s.into()));
    Queue::new(opened.house.approvals(), subject, Asker::from(&opened.actor), rules)
        .notifying(desktop)
        .within(wait)
        .while_true(move || getppid() == client)
}

/// How the question ended, in words for the model; `None` where nobody saw it.
fn ended(queue: &Queue<'_>) -> Option<String> {
    Some(match (queue.ended(), queue.word()) {
        (Some(Ended::Answered { .. }), Some(word)) => {
            format!("A person said no: {}", palisade_guards::content::reveal(word))
        }
        (Some(Ended::Answered { .. }), None) => "A person said no. Do something else.".to_owned(),
        (Some(Ended::Late { .. }), _) => {
            "Nobody answered in time. It can still be answered: tell the person to look at `palisade approvals`, and \
             try exactly this again after that."
                .to_owned()
        }
        (Some(Ended::Parked { id }), _) => words::left_for_later(std::slice::from_ref(id)),
        (Some(Ended::Changed { .. }), _) => {
            "A file that it runs was changed while it was asked about.".to_owned()
        }
        (Some(Ended::Unseen | Ended::Stopped { .. } | Ended::Failed(_)) | None, _) => return None,
    })
}

pub(super) fn unsigned(error: palisade_journal::Error) -> Failure {
    palisade_runtime::Error::Journal(error.into()).into()
}

fn refused(parts: &[Part]) -> Vec<&Decision> {
    let never = |decision: &&Decision| decision.severity() == Severity::Dangerous;
    parts.iter().map(|part| &part.judged.decision).filter(never).collect()
}

/// Where what the call shows comes from, if from outside.
pub(super) fn origins(parts: &[Part]) -> Vec<String> {
    let all = parts.iter().flat_map(|part| part.shows.untrusted());
    let mut origins: Vec<String> = all.map(str::to_owned).collect();
    origins.dedup();
    origins
}

/// Nobody can be asked.
struct Nobody;

impl Ask for Nobody {
    fn ask(&mut self, _: &Decision) -> Answer {
        Answer::Deny
    }
}
