//! Facts, verdict, answer, permit, effect, record: [`judge_command`] and
//! [`carry_out`].

use std::panic::{AssertUnwindSafe, catch_unwind};

use palisade_core::ports::{
    Ask, Event, EventKind, Intent, Journal, JournalError, Outcome, Seconds, Sequence,
};
use palisade_core::{
    Action, Actor, Answer, Command, Decision, Grant, NoPermit, Permit, Posture, RuleId, Surface,
    Verdict, judge,
};
use palisade_guards::content::Redactor;
use palisade_guards::taint::Known;
use palisade_guards::{Exposure, Places, classify, command};
use palisade_shell::{Analysis, Context, Labels, analyse, analyse_argv};
use sha2::{Digest, Sha256};

use crate::config::TaintPolicy;
use crate::keeper::Keeper;
use crate::session::Session;
use crate::{Error, Profile, carried, config, facts, grants, trees};

/// What a surface asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What to run.
    pub command: Command,
    /// Where, absolute.
    pub cwd: String,
}

/// Under which circumstances it is judged.
#[derive(Debug)]
pub struct Circumstances<'a> {
    /// The profile in force.
    pub profile: &'a Profile,
    /// Surface and confinement.
    pub posture: Posture,
    /// What people approved.
    pub grants: &'a [Grant],
    /// What paths mean; its `cwd` is taken from the request.
    pub places: &'a Places,
    /// What earlier commands of the session left.
    pub session: &'a Session,
    /// The time.
    pub now: Seconds,
}

impl Circumstances<'_> {
    /// What the session was exposed to, and whether that alone makes
    /// questions here.
    pub fn exposure(&self) -> Exposure<'_> {
        let tainted = &self.profile.config.tools.taint;
        let known: Option<&dyn Known> = Some(self.profile);
        let table = match tainted.policy {
            TaintPolicy::Off => {
                return Exposure { known, named: &tainted.named, ..Exposure::none() };
            }
            TaintPolicy::Always => true,
            TaintPolicy::Auto => self.posture.surface == Surface::Unattended,
        };
        let (named, pages) = (&tainted.named, &tainted.pages);
        Exposure { taint: &self.session.taint, named, pages, table, known }
    }
}

/// A judged request, with all that is known of it.
#[derive(Debug)]
pub struct Judged {
    /// The decision; nothing happens without it.
    pub decision: Decision,
    /// What the command would do.
    pub analysis: Analysis,
    /// The text that spans refer to.
    pub text: String,
}

/// What became of a request.
#[derive(Debug)]
pub enum Done {
    /// It was refused; nothing happened.
    Refused(Box<Decision>),
    /// It was done.
    Ran {
        /// How it ended.
        outcome: Outcome,
        /// Why the end is not in the journal, if so.
        unrecorded: Option<JournalError>,
    },
}

/// The outside as [`carry_out`] sees it.
pub struct Ports<'a> {
    /// Who asks.
    pub actor: &'a Actor,
    /// Who answers.
    pub ask: &'a mut dyn Ask,
    /// Who records.
    pub journal: &'a mut dyn Journal,
    /// Who remembers approvals and what files carry.
    pub keeper: &'a Keeper<'a>,
}

/// Gathers the facts about a request and judges it.
pub fn judge_command(request: Request, at: &Circumstances<'_>) -> Judged {
    let text = facts::text(&request.command);
    let places = places(&request, at);
    // Whoever judges and fails has not allowed anything.
    let seen = catch_unwind(AssertUnwindSafe(|| {
        let mut analysis = analysis(&request, &places, at);
        if at.profile.has_secrets() {
            analysis.data.extend(facts::sent(&analysis));
        }
        let exposure = at.exposure();
        let findings = command::findings(&text, &analysis, &places, &exposure);
        (analysis, findings)
    }));
    let (analysis, findings) =
        seen.unwrap_or_else(|_| (Analysis::default(), vec![facts::failed(&text)]));
    let simple = analysis.simple.then_some(text.as_str());
    let action = Action::Run { command: request.command, cwd: request.cwd };
    let decision = judge(action, findings, at.posture, at.grants, simple, at.now);
    Judged { decision, analysis, text }
}

/// What paths mean for a request: where the profile names no workspace, it is
/// the directory that the command starts in.
fn places(request: &Request, at: &Circumstances<'_>) -> Places {
    // Where it really starts: a link to the home is the home.
    let real = |path: &String| facts::real(path).unwrap_or_else(|| path.clone());
    let mut places = Places {
        cwd: real(&request.cwd),
        home: real(&at.places.home),
        workspace: real(&at.places.workspace),
        ..at.places.clone()
    };
    if at.profile.config.workspace.is_none() {
        places.workspace.clone_from(&places.cwd);
    }
    places
}

/// How often facts about files are gathered: a script names further files.
const LOOKS: usize = 3;

/// What the command would do: looked at once, and again where files
/// that it names say more.
fn analysis(request: &Request, places: &Places, at: &Circumstances<'_>) -> Analysis {
    let session = at.session;
    let look = |context: &Context| match &request.command {
        Command::Shell(line) => analyse(line, context),
        Command::Argv(arguments) => analyse_argv(arguments, context),
    };
    // What was read stays named: a decision is about those contents.
    let again = |context: &Context, read: Vec<String>| {
        let mut seen = look(context);
        let more = read.into_iter().filter(|path| !seen.wanted.contains(path));
        let more: Vec<String> = more.collect();
        seen.wanted.extend(more);
        seen
    };
    let mut context = Context {
        cwd: places.cwd.clone(),
        home: places.home.clone(),
        palisade_home: places.palisade_home.clone(),
        classify: classify(),
        given: at.profile.config.tools.terminal.env.clone(),
        ..Context::default()
    };
    let mut seen = look(&context);
    for _ in 0..LOOKS {
        let size =
            |context: &Context| context.files.len() + context.trees.len() + context.searches.len();
        let before = size(&context);
        for (path, fact) in facts::files(&seen, places, session) {
            context.files.entry(path).or_insert(fact);
        }
        trees::look(&seen, session, &mut context);
        if size(&context) == before {
            break;
        }
        let read = seen.wanted.into_iter().chain(seen.lists);
        let read: Vec<String> = read.filter(|path| context.files.contains_key(path)).collect();
        seen = again(&context, read);
    }
    // Which of the variables are secret is only looked up where one is used.
    if gives(&seen) {
        let given = at.profile.given();
        if given != context.given {
            context.given = given;
            let read = std::mem::take(&mut seen.wanted);
            seen = again(&context, read);
        }
    }
    let carried = carried::writes(&seen, places);
    seen.effects.extend(carried);
    seen
}

/// Whether a variable that the profile names is used.
fn gives(seen: &Analysis) -> bool {
    seen.printed.has(Labels::GIVEN)
        || seen.files.values().any(|labels| labels.has(Labels::GIVEN))
        || seen.effects.iter().any(|effect| effect.labels.has(Labels::GIVEN))
}

/// Has a judged request answered, permitted, done and recorded. The intent is
/// written before `effect`, which is called with the permit or not at all; a
/// record that cannot be written stops it.
///
/// # Errors
/// Where the journal or the session took no record; then nothing happened.
pub fn carry_out(
    judged: Judged,
    at: &Circumstances<'_>,
    ports: &mut Ports<'_>,
    effect: impl FnOnce(Permit) -> Outcome,
) -> Result<Done, Error> {
    let permit = match admit(judged, at, ports)? {
        Admitted::Refused(decision) => return Ok(Done::Refused(decision)),
        Admitted::Permitted(permit) => permit,
    };
    let sequence = permit.intent();
    let outcome = effect(permit);
    let unrecorded = ports.journal.outcome(sequence, &outcome).err();
    Ok(Done::Ran { outcome, unrecorded })
}

/// What became of a request that somebody else carries out.
#[derive(Debug)]
pub enum Admitted {
    /// It was refused, which is recorded.
    Refused(Box<Decision>),
    /// It may be done; its intent is recorded.
    Permitted(Permit),
}

/// Has a judged request answered and permitted. Whoever gets the permit owes
/// the journal the outcome.
///
/// # Errors
/// Where the journal or the session took no record; then nothing may happen.
pub fn admit(
    judged: Judged,
    at: &Circumstances<'_>,
    ports: &mut Ports<'_>,
) -> Result<Admitted, Error> {
    let Judged { decision, analysis, text } = judged;
    let redactor = at.profile.redactor()?;
    let body = facts::redacted(&text, &redactor);
    let decision = match decision.verdict() {
        Verdict::Ask => answered(decision, &body, &redactor, at, ports)?,
        Verdict::Allow | Verdict::Deny => decision,
    };
    let cwd = facts::redacted(decision.action().cwd(), &redactor);
    let rules = decision.rules();
    let intent = intent(&decision, &text, [&body, &cwd], &rules, at, ports.actor);
    if decision.verdict() != Verdict::Allow {
        ports.journal.intent(&intent).map_err(Error::Journal)?;
        return Ok(Admitted::Refused(Box::new(decision)));
    }
    // What it leaves behind is remembered before it can be used.
    ports.keeper.remember(&analysis.files, &command::shown(&analysis))?;
    match Permit::issue(decision, &intent, ports.journal) {
        Ok(permit) => Ok(Admitted::Permitted(permit)),
        Err(NoPermit::NotAllowed(decision)) => Ok(Admitted::Refused(decision)),
        Err(NoPermit::NotWritten(error)) => Err(Error::Journal(error)),
    }
}

/// Records a question that the client puts to its own user, who answers there
/// and not to us: its outcome tells whether the answer was yes.
///
/// # Errors
/// Where the journal or the session took no record; then nothing may happen.
pub fn hand_over(
    judged: &Judged,
    at: &Circumstances<'_>,
    ports: &mut Ports<'_>,
) -> Result<Sequence, Error> {
    let Judged { decision, analysis, text } = judged;
    let redactor = at.profile.redactor()?;
    let body = facts::redacted(text, &redactor);
    let cwd = facts::redacted(decision.action().cwd(), &redactor);
    let rules = decision.rules();
    ports.keeper.remember(&analysis.files, &command::shown(analysis))?;
    let intent = intent(decision, text, [&body, &cwd], &rules, at, ports.actor);
    ports.journal.intent(&intent).map_err(Error::Journal)
}

/// The record of a decision. `body` and `cwd` are redacted.
fn intent<'a>(
    decision: &Decision,
    text: &str,
    [body, cwd]: [&'a str; 2],
    rules: &'a [RuleId],
    at: &Circumstances<'a>,
    actor: &'a Actor,
) -> Intent<'a> {
    Intent {
        actor,
        profile: at.profile.name.as_str(),
        kind: decision.action().kind(),
        body,
        cwd,
        digest: Sha256::digest(text).into(),
        verdict: decision.verdict().word(),
        severity: decision.severity().word(),
        rules,
        grant: decision.grant().map(palisade_core::GrantUse::word),
        confinement: decision.obligations().confinement,
        policy: at.profile.digest,
        synced: decision.obligations().synced
            || at.profile.config.journal.sync == config::Sync::Always,
    }
}

/// Puts the question, records the answer, and keeps what was approved for
/// longer than this once.
fn answered(
    decision: Decision,
    body: &str,
    redactor: &Redactor,
    at: &Circumstances<'_>,
    ports: &mut Ports<'_>,
) -> Result<Decision, Error> {
    if let Some(asked) = ports.ask.announced(&decision) {
        let body = format!("{asked}: {body}");
        let profile = at.profile.name.as_str();
        let event = Event { actor: ports.actor, profile, kind: EventKind::Approval, body: &body };
        ports.journal.event(&event).map_err(Error::Journal)?;
    }
    let answer = ports.ask.ask(&decision);
    let wanted = grants::proposed(&decision, answer, at.now);
    let (answer, granted) = match (answer, wanted) {
        (Answer::Session | Answer::Always, None) => (Answer::Once, Vec::new()),
        (answer, granted) => (answer, granted.unwrap_or_default()),
    };
    let mut record = |kind, body: &str| {
        let profile = at.profile.name.as_str();
        ports
            .journal
            .event(&Event { actor: ports.actor, profile, kind, body })
            .map_err(Error::Journal)
    };
    record(EventKind::Approval, &format!("{}: {body}", grants::word(answer)))?;
    for grant in &granted {
        record(EventKind::Grant, &facts::redacted(&config::line(grant), redactor))?;
    }
    match answer {
        Answer::Session => ports.keeper.for_session(&granted)?,
        Answer::Always => ports.keeper.always(&granted)?,
        Answer::Once | Answer::Deny => {}
    }
    Ok(decision.answered(answer))
}
