//! The pipeline as calls of MCP go through it: judged, asked, permitted,
//! recorded.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use palisade_core::ports::{
    Ask, Clock, Event, EventKind, FileTools, Intent, Journal, JournalError, Outcome, Sequence,
};
use palisade_core::{
    Actor, Answer, Decision, FileWork, GrantUse, Permit, Severity, Surface, Verdict,
};
use palisade_guards::Places;
use palisade_guards::call::Value;
use palisade_guards::content::{Redactor, reveal};
use palisade_runtime::approvals::Queue;
use palisade_runtime::{
    Circumstances, Done, Error, FileDone, FileRequest, Judged, Keeper, Ports, Profile, ToolRequest,
    carry_out, grants, judge_file, judge_tool,
};

use crate::front::{Call, Front, Ticker, locked};
use crate::tools::Question;

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

/// Whoever is asked there, and what was left unanswered.
pub trait Waits: Ask {
    /// The request that can still be answered, for the same call made again.
    fn left(&self) -> Option<&str>;
}

impl Waits for Queue<'_> {
    fn left(&self) -> Option<&str> {
        Queue::left(self)
    }
}

/// Somebody beside the client who can be asked: the approval queue.
pub trait Elsewhere: Sync {
    /// Whoever can be asked about `judged`, to wait only while `going` says
    /// so; `None` where there is nobody at all.
    fn ask<'s>(
        &'s self,
        judged: &Judged,
        at: &Circumstances<'_>,
        going: &'s dyn Fn() -> bool,
    ) -> Option<Box<dyn Waits + 's>>;

    /// Puts a question that an agent asks by itself, and gives the answer with
    /// the person's word; `None` where nobody would see it.
    fn question(
        &self,
        question: &Question<'_>,
        going: &dyn Fn() -> bool,
    ) -> Option<(Answer, String)>;
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
    fn alone<T>(
        &self,
        mut act: impl FnMut(&mut dyn Journal) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
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
            let elsewhere = self.elsewhere.filter(|_| judged.decision.verdict() == Verdict::Ask);
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

impl Gate<'_> {
    /// Has the file tools do something, through `tool`.
    ///
    /// # Errors
    /// Where it could not be recorded; then nothing is shown.
    pub fn file(
        &self,
        front: &Front,
        call: &Arc<Call>,
        request: &FileRequest,
        files: &dyn FileTools,
        tool: impl FnOnce(
            &FileRequest,
            &dyn FileTools,
            &Circumstances<'_>,
            &mut Ports<'_>,
        ) -> Result<FileDone, Error>,
    ) -> Result<FileDone, Error> {
        self.at(|at| {
            let going = || !call.is_cancelled() && !front.is_closed();
            let how = request.work.how();
            // Only what changes files is worth the question of another.
            let elsewhere = self.elsewhere.and_then(|elsewhere| {
                let mut judged = judge_file(
                    how,
                    (&request.path, request.work.content()),
                    &request.cwd,
                    files,
                    at,
                );
                if judged.decision.verdict() != Verdict::Ask {
                    return None;
                }
                judged.text = words(request);
                elsewhere.ask(&judged, at, &going)
            });
            let mut ask = Asked { gate: self, front, call, elsewhere, text: words(request) };
            let mut ports = Ports {
                actor: self.actor,
                ask: &mut ask,
                journal: &mut Shared(self.journal),
                keeper: self.keeper,
            };
            tool(request, files, at, &mut ports)
        })?
    }

    /// Puts a question that an agent asks by itself; `None` where nobody could
    /// be asked. With the answer, the person's word.
    pub fn question(
        &self,
        front: &Front,
        call: &Arc<Call>,
        question: &Question<'_>,
    ) -> (Option<Answer>, String) {
        let going = || !call.is_cancelled() && !front.is_closed();
        if front.can_elicit() {
            let text = self
                .redactor
                .redact(&question.text())
                .lines()
                .map(reveal)
                .collect::<Vec<_>>()
                .join("\n");
            let form = Form {
                message: format!("The agent asks for your approval:\n{text}"),
                choices: vec!["deny", "approve"],
            };
            match form.put(front, call, question.wait) {
                Some(Some("approve")) => return (Some(Answer::Once), String::new()),
                Some(_) => return (Some(Answer::Deny), String::new()),
                None => {}
            }
        }
        match self.elsewhere.and_then(|elsewhere| elsewhere.question(question, &going)) {
            Some((answer, word)) => (Some(answer), word),
            None => (None, String::new()),
        }
    }
}

/// What the file tools are asked, in words for a person.
fn words(request: &FileRequest) -> String {
    let head = format!("{} {}", request.work.how().word(), request.path);
    match &request.work {
        FileWork::Write { content, .. } => format!("{head} with:\n{content}"),
        FileWork::Edit { old, new, all } => {
            let which = if *all { "every" } else { "the one" };
            format!("{head}, {which} place of:\n{old}\nbecomes:\n{new}")
        }
        FileWork::Search(search) => format!("{head} for {}", search.pattern),
        FileWork::Read { .. } | FileWork::List => head,
    }
}

/// A form at the client: one choice of a few.
struct Form {
    message: String,
    choices: Vec<&'static str>,
}

impl Form {
    /// The choice; `None` where nobody saw the form, and no choice where they
    /// declined.
    fn put(&self, front: &Front, call: &Arc<Call>, wait: Duration) -> Option<Option<&'static str>> {
        let choices: Vec<Value> = self.choices.iter().map(|choice| Value::from(*choice)).collect();
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
        let params =
            Value::map([("message", self.message.as_str().into()), ("requestedSchema", schema)]);
        let response = front.ask(call, "elicitation/create", params, wait, &|| true)?;
        let result = response.get("result")?;
        match result.get("action").and_then(Value::as_text) {
            Some("accept") => {}
            Some("decline") => return Some(None),
            // Closed, or there is nobody to see it.
            _ => return None,
        }
        let word = result.get("content").and_then(|content| content.get("answer"));
        let word = word.and_then(Value::as_text).unwrap_or("");
        Some(self.choices.iter().find(|choice| **choice == word).copied())
    }
}

/// Puts the question: at the client where it has forms, else elsewhere.
struct Asked<'a, 'g> {
    gate: &'a Gate<'g>,
    front: &'a Front,
    call: &'a Arc<Call>,
    elsewhere: Option<Box<dyn Waits + 'a>>,
    text: String,
}

impl Ask for Asked<'_, '_> {
    fn announced(&mut self, decision: &Decision) -> Option<String> {
        match &mut self.elsewhere {
            Some(elsewhere) if !self.front.can_elicit() => elsewhere.announced(decision),
            Some(_) | None => None,
        }
    }

    fn ask(&mut self, decision: &Decision) -> Answer {
        let _ticker = Ticker::start(self.call, "waiting for approval");
        if self.front.can_elicit()
            && let Some(answer) = self.form(decision)
        {
            return answer;
        }
        match &mut self.elsewhere {
            Some(elsewhere) => {
                let answer = elsewhere.ask(decision);
                if let Some(id) = elsewhere.left() {
                    self.call.leave(id);
                }
                answer
            }
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
            message.push_str(&format!(
                "{}: {}\n",
                finding.rule,
                reveal(&self.gate.redactor.redact(&finding.why))
            ));
        }
        let mut choices = vec!["deny", "once"];
        if grants::ungrantable(decision).is_none() {
            choices.extend(["session", "always (30 days)"]);
        }
        let wait =
            Duration::from_secs(self.gate.profile.config.tools.terminal.approval.timeout_s.into());
        let choice = Form { message, choices }.put(self.front, self.call, wait)?;
        Some(match choice {
            Some("once") => Answer::Once,
            Some("session") => Answer::Session,
            Some("always (30 days)") => Answer::Always,
            Some(_) | None => Answer::Deny,
        })
    }
}

/// Why a call was refused, for the model: the rules, the reasons, what to do
/// instead, and the request that was left in the queue for it.
pub fn refusal(decision: &Decision, redactor: &Redactor, call: &Call) -> String {
    let mut text = String::new();
    for finding in decision.outstanding() {
        text.push_str(&format!(
            "refused by {}: {}\n",
            finding.rule,
            reveal(&redactor.redact(&finding.why))
        ));
        if !finding.instead.is_empty() {
            text.push_str(&format!("instead: {}\n", finding.instead));
        }
    }
    if let Some(id) = call.left() {
        text.push_str(&format!(
            "nobody answered; it is left as request {id}: once a person allows it (`palisade approvals allow {id}`), the \
             same call passes once\n"
        ));
    } else if decision.severity() < Severity::Dangerous
        && decision.grant() == Some(GrantUse::Answered(Answer::Deny))
    {
        text.push_str("a person was asked and said no, or nobody could be asked\n");
    }
    text.truncate(text.trim_end().len());
    if text.is_empty() { "refused".to_owned() } else { text }
}
