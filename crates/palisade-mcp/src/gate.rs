//! The pipeline as calls of MCP go through it: judged, asked, permitted,
//! recorded.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use palisade_core::ports::{
    Ask, Clock, Event, EventKind, Intent, Journal, JournalError, Outcome, Sequence,
};
use palisade_core::{Actor, Answer, Decision, GrantUse, Permit, Severity, Surface};
use palisade_guards::Places;
use palisade_guards::call::Value;
use palisade_guards::content::{Redactor, reveal};
use palisade_runtime::{
    Circumstances, Done, Error, Judged, Keeper, Ports, Profile, ToolRequest, carry_out, grants, judge_tool,
};

use crate::front::{Call, Front, Ticker, locked};

/// A journal that calls in several threads share, one record at a time.
pub trait Books: Sync {
    /// Does something with it, alone.
    fn with(&self, act: &mut dyn FnMut(&mut dyn Journal));
}

impl<J: Journal + Send> Books for Mutex<J> {
    fn with(&self, act: &mut dyn FnMut(&mut dyn Journal)) {
        act(&mut *locked(self));
    }
}

/// Somebody beside the client who can be asked: the approval queue.
pub trait Elsewhere: Sync {
    /// Whoever can be asked about `judged`, to wait only while `going` says
    /// so; `None` where nobody would see the question.
    fn ask<'s>(
        &'s self,
        judged: &Judged,
        at: &Circumstances<'_>,
        going: &'s dyn Fn() -> bool,
    ) -> Option<Box<dyn Ask + 's>>;
}

/// All that a call is judged by and recorded with.
pub struct Gate<'a> {
    /// The profile in force.
    pub profile: &'a Profile,
    /// What paths mean.
    pub places: &'a Places,
    /// Who remembers.
    pub keeper: &'a Keeper<'a>,
    /// Who asks, as far as is known.
    pub actor: &'a Actor,
    /// Who records.
    pub journal: &'a dyn Books,
    /// The time.
    pub clock: &'a (dyn Clock + Sync),
    /// Takes secrets out of what is shown.
    pub redactor: &'a Redactor,
    /// The directory that is worked in.
    pub cwd: String,
    /// Somebody beside the client who can be asked.
    pub elsewhere: Option<&'a dyn Elsewhere>,
    /// Draws 64 bits by lot.
    pub lot: &'a (dyn Fn() -> u64 + Sync),
}

struct Shared<'a>(&'a dyn Books);

impl Shared<'_> {
    fn alone<T>(&self, mut act: impl FnMut(&mut dyn Journal) -> Result<T, JournalError>) -> Result<T, JournalError> {
        let mut done = None;
        self.0.with(&mut |journal| done = Some(act(journal)));
        done.unwrap_or_else(|| {
            Err(JournalError { message: "the journal did not answer".into(), help: String::new() })
        })
    }
}

impl Journal for Shared<'_> {
    fn intent(&mut self, intent: &Intent<'_>) -> Result<Sequence, JournalError> {
        self.alone(|journal| journal.intent(intent))
    }

    fn outcome(&mut self, sequence: Sequence, outcome: &Outcome) -> Result<(), JournalError> {
        self.alone(|journal| journal.outcome(sequence, outcome))
    }

    fn event(&mut self, event: &Event<'_>) -> Result<Sequence, JournalError> {
        self.alone(|journal| journal.event(event))
    }
}

impl Gate<'_> {
    /// Judges a call of a tool, and has it asked about, permitted, done and
    /// recorded.
    ///
    /// # Errors
    /// Where it could not be counted or recorded; then nothing happened.
    pub fn tool(
        &self,
        front: &Front,
        call: &Arc<Call>,
        request: ToolRequest,
        effect: impl FnOnce(Permit) -> Outcome,
    ) -> Result<Done, Error> {
        let keeper = self.keeper;
        self.carry(front, call, |at| judge_tool(request, at, Some(keeper)), effect)
    }

    /// The same for anything that `judge` judges.
    ///
    /// # Errors
    /// Where it could not be judged or recorded; then nothing happened.
    pub fn carry(
        &self,
        front: &Front,
        call: &Arc<Call>,
        judge: impl FnOnce(&Circumstances<'_>) -> Result<Judged, Error>,
        effect: impl FnOnce(Permit) -> Outcome,
    ) -> Result<Done, Error> {
        self.at(|at| {
            let judged = judge(at)?;
            let going = || !call.is_cancelled() && !front.is_closed();
            let elsewhere =
                self.elsewhere.filter(|_| judged.decision.verdict() == palisade_core::Verdict::Ask);
            let elsewhere = elsewhere.and_then(|elsewhere| elsewhere.ask(&judged, at, &going));
            let mut ask = Asked { gate: self, front, call, elsewhere, text: judged.text.clone() };
            let mut ports = Ports {
                actor: self.actor,
                ask: &mut ask,
                journal: &mut Shared(self.journal),
                keeper: self.keeper,
            };
            carry_out(judged, at, &mut ports, effect)
        })?
    }

    /// Does something under the circumstances of this moment.
    ///
    /// # Errors
    /// Where the session's memory cannot be read.
    pub fn at<T>(&self, act: impl FnOnce(&Circumstances<'_>) -> T) -> Result<T, Error> {
        let session = self.keeper.session()?;
        let mut grants = session.grants.clone();
        grants.extend(self.profile.grants());
        Ok(act(&Circumstances {
            profile: self.profile,
            posture: self.profile.posture(Surface::Interactive),
            grants: &grants,
            places: self.places,
            session: &session,
            now: self.clock.now(),
        }))
    }

    /// Records that something about servers or approvals changed.
    ///
    /// # Errors
    /// Where the journal took no record; then the change must not happen.
    pub fn event(&self, kind: EventKind, body: &str) -> Result<(), Error> {
        let body = self.redactor.redact(body);
        let event =
            Event { actor: self.actor, profile: self.profile.name.as_str(), kind, body: &body };
        Shared(self.journal).event(&event).map(|_| ()).map_err(Error::Journal)
    }
}

/// Puts the question: at the client where it has forms, else elsewhere.
struct Asked<'a, 'g> {
    gate: &'a Gate<'g>,
    front: &'a Front,
    call: &'a Arc<Call>,
    elsewhere: Option<Box<dyn Ask + 'a>>,
    text: String,
}

impl Ask for Asked<'_, '_> {
    fn ask(&mut self, decision: &Decision) -> Answer {
        let _ticker = Ticker::start(self.call, "waiting for approval");
        if self.front.can_elicit()
            && let Some(answer) = self.form(decision)
        {
            return answer;
        }
        match &mut self.elsewhere {
            Some(elsewhere) => elsewhere.ask(decision),
            None => Answer::Deny,
        }
    }
}

impl Asked<'_, '_> {
    /// The answer of the form; `None` where nobody gave one.
    fn form(&self, decision: &Decision) -> Option<Answer> {
        let text = self.gate.redactor.redact(&self.text);
        let mut message = format!("Palisade: may this happen?\n{}\n", reveal(&text));
        for finding in decision.outstanding() {
            message.push_str(&format!("{}: {}\n", finding.rule, reveal(&self.gate.redactor.redact(&finding.why))));
        }
        let mut choices: Vec<Value> = vec!["deny".into(), "once".into()];
        if grants::ungrantable(decision).is_none() {
            choices.extend(["session".into(), "always (30 days)".into()]);
        }
        let answer = Value::map([
            ("type", "string".into()),
            ("title", "Answer".into()),
            ("enum", choices.into()),
        ]);
        let schema = Value::map([
            ("type", "object".into()),
            ("properties", Value::map([("answer", answer)])),
            ("required", vec!["answer".into()].into()),
        ]);
        let params = Value::map([("message", message.into()), ("requestedSchema", schema)]);
        let wait = self.gate.profile.config.tools.terminal.approval.timeout_s;
        let response = self.front.ask(
            self.call,
            "elicitation/create",
            params,
            Duration::from_secs(wait.into()),
            &|| true,
        )?;
        let result = response.get("result")?;
        match result.get("action").and_then(Value::as_text) {
            Some("accept") => {}
            Some("decline") => return Some(Answer::Deny),
            // Closed, or there is nobody to see it.
            _ => return None,
        }
        let word = result.get("content").and_then(|content| content.get("answer"));
        Some(match word.and_then(Value::as_text) {
            Some("once") => Answer::Once,
            Some("session") => Answer::Session,
            Some("always (30 days)") => Answer::Always,
            _ => Answer::Deny,
        })
    }
}

/// Why something was refused, for the model: the rules, the reasons and what
/// to do instead.
pub fn refusal(decision: &Decision, redactor: &Redactor) -> String {
    let mut text = String::new();
    for finding in decision.outstanding() {
        text.push_str(&format!("refused by {}: {}\n", finding.rule, reveal(&redactor.redact(&finding.why))));
        if !finding.instead.is_empty() {
            text.push_str(&format!("instead: {}\n", finding.instead));
        }
    }
    if decision.severity() < Severity::Dangerous
        && decision.grant() == Some(GrantUse::Answered(Answer::Deny))
    {
        text.push_str("a person was asked and said no, or nobody could be asked in time\n");
    }
    text.truncate(text.trim_end().len());
    if text.is_empty() { "refused".to_owned() } else { text }
}
