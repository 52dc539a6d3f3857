use std::env;
use std::ffi::OsStr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use palisade_core::ports::Ask;
use palisade_core::{Answer, Command, Decision, GrantUse, Severity, Surface, Verdict};
use palisade_guards::content::reveal;
use palisade_runtime::approvals::{Ended, Queue, Subject, governed};
use palisade_runtime::ports::{Launch, Process};
use palisade_runtime::{
    Circumstances, Done, Ports, Request, carry_out, config, environment, grants, judge_command,
};

use crate::actor;
#[cfg(target_os = "linux")]
use crate::confine;
use crate::desktop::Desktop;
use crate::jobs;
use crate::prompt::{self, Prompt, Question};
use crate::show::{self, Failure};
use crate::wire_up::{self, House};

/// Judge a command and run it if it may be run
///
/// The exit code is the command's own; a refused command exits 126.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  palisade run -- git status\n  palisade run -c 'make test | tail'"
)]
pub struct Arguments {
    /// A line for the shell.
    #[arg(
        short = 'c',
        value_name = "LINE",
        conflicts_with = "program",
        required_unless_present = "program"
    )]
    line: Option<String>,
    /// The session that remembers what files carry and what was approved.
    #[arg(long, env = "PALISADE_SESSION", value_name = "ID")]
    session: Option<String>,
    /// Where to ask: on the terminal, or where there is none in the queue of
    /// `palisade approvals`. Whoever owns the terminal answers, so an agent that
    /// has one of its own is started with `queue` or `unattended`.
    #[arg(long, value_enum, default_value = "auto", env = "PALISADE_SURFACE")]
    surface: RunSurface,
    #[cfg(target_os = "linux")]
    #[command(flatten)]
    sandbox: confine::Flags,
    /// The tree that is worked in, where the profile names none; else it is
    /// the current directory.
    #[arg(long, value_name = "DIR")]
    workspace: Option<String>,
    /// A program and its arguments, run without a shell.
    #[arg(value_name = "PROGRAM", last = true)]
    program: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RunSurface {
    Auto,
    Queue,
    Unattended,
}

/// Exit code: refused.
const REFUSED: u8 = 126;

pub fn run(arguments: Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    jobs::close_inherited();
    let mut house = House::open(profile, arguments.session.as_deref())?;
    if let Some(workspace) = arguments.workspace
        && house.profile.config.workspace.is_none()
    {
        if !workspace.starts_with('/') {
            return Err(Failure::Usage(format!("`{workspace}` is not an absolute path")));
        }
        house.places.workspace.clone_from(&workspace);
        house.profile.config.workspace = Some(workspace);
    }
    house.prepare()?;
    let command = match arguments.line {
        Some(line) => Command::Shell(line),
        None => Command::Argv(arguments.program),
    };
    let terminal = match arguments.surface {
        RunSurface::Auto => prompt::terminal(),
        RunSurface::Queue | RunSurface::Unattended => None,
    };
    let surface = match arguments.surface {
        RunSurface::Auto | RunSurface::Queue => Surface::Interactive,
        RunSurface::Unattended => Surface::Unattended,
    };
    let keeper = house.keeper();
    let session = keeper.session()?;
    let grants = house.grants(&session);
    let mut at = house.circumstances(surface, &grants, &session);
    #[cfg(target_os = "linux")]
    arguments.sandbox.posture(&mut at.posture)?;
    let cwd = wire_up::cwd()?;
    let launch = Launch {
        environment: environment::scoped(
            env::vars_os(),
            &house.profile.config.tools.terminal.env,
            &house.profile.secrets()?,
            OsStr::new(&cwd),
        ),
    };
    let request = Request { command, cwd };
    let mut judged = judge_command(request.clone(), &at);
    let actor = actor::here(arguments.session.as_deref());
    let rules = &house.profile.config.tools.terminal.approval;
    let desktop = Desktop(rules.notify);
    let asked = judged.decision.verdict() == Verdict::Ask;
    let subject = asked.then(|| Subject::of(&judged, &at, &actor, &launch.names()));
    let mut asks = match (&subject, terminal) {
        (None, _) => Asks::Nobody,
        (Some(subject), Some(tty)) => {
            let wait = Duration::from_secs(rules.timeout_s.into());
            Asks::Terminal(Prompt::new(tty, Question::about(subject, at.now), wait))
        }
        (Some(subject), None) => {
            let queue = Queue::new(house.approvals(), subject.clone(), (&actor).into(), rules);
            let queue = queue.notifying(&desktop);
            if queue.seen().is_some() { Asks::Queue(Box::new(queue)) } else { Asks::Nobody }
        }
    };
    if asked && matches!(asks, Asks::Nobody) {
        // Nobody would see the question, so it is judged as what it is.
        at.posture.surface = Surface::Unattended;
        judged = judge_command(request, &at);
    }
    governed::register(&house.home, std::process::id())?;
    let mut journal = house.journal()?;
    #[cfg(target_os = "linux")]
    let mut process = confine::Confined {
        flags: &arguments.sandbox,
        terminal: &house.profile.config.tools.terminal,
        workspace: house.places.workspace.clone().into(),
        house: house.home.root().to_owned(),
    };
    #[cfg(not(target_os = "linux"))]
    let mut process = jobs::Direct;
    let mut ports = Ports { actor: &actor, ask: &mut asks, journal: &mut journal, keeper: &keeper };
    let done = carry_out(judged, &at, &mut ports, |permit| process.run(permit, &launch))?;
    // The journal is signed before this process may die by the child's signal.
    if let Err(error) = journal.close() {
        show::note(&format!("warning: the journal is not signed to its end: {error}"));
    }
    match done {
        Done::Refused(decision) => {
            refusal(&decision, &asks, &at, &house);
            Ok(ExitCode::from(REFUSED))
        }
        Done::Ran { outcome, unrecorded } => {
            if let Some(error) = unrecorded {
                let why = error.message;
                show::note(&format!("warning: how the command ended is not in the journal: {why}"));
            }
            Ok(jobs::end_as(&outcome))
        }
    }
}

/// Who is asked.
enum Asks<'a> {
    Terminal(Prompt<'a>),
    Queue(Box<Queue<'a>>),
    Nobody,
}

impl Ask for Asks<'_> {
    fn announced(&mut self, decision: &Decision) -> Option<String> {
        match self {
            Self::Terminal(prompt) => prompt.announced(decision),
            Self::Queue(queue) => queue.announced(decision),
            Self::Nobody => None,
        }
    }

    fn ask(&mut self, decision: &Decision) -> Answer {
        match self {
            Self::Terminal(prompt) => prompt.ask(decision),
            Self::Queue(queue) => queue.ask(decision),
            Self::Nobody => Answer::Deny,
        }
    }
}

impl Asks<'_> {
    /// How the question ended, where the answer was no.
    fn no(&self) -> String {
        let said = |word: Option<&str>| match word {
            Some(word) => format!("the answer was no: {}", reveal(word)),
            None => "the answer was no".into(),
        };
        match self {
            Self::Nobody => said(None),
            Self::Terminal(prompt) => said(prompt.word()),
            Self::Queue(queue) => match queue.ended() {
                Some(Ended::Late { id }) => format!(
                    "nobody answered in time; request {id} stays open for a while: once it is allowed, the same \
                     command passes"
                ),
                Some(Ended::Unseen) => "nobody looks at the approval queue any more".into(),
                Some(Ended::Changed { .. }) => {
                    "what it would execute was changed while the question stood".into()
                }
                Some(Ended::Failed(error)) => format!("the question could not be put: {error}"),
                Some(Ended::Stopped { .. }) => "the question was taken back".into(),
                Some(Ended::Answered { .. }) | None => said(queue.word()),
            },
        }
    }
}

/// Says which rule refused, why, what to do instead, and how it could be
/// allowed.
fn refusal(decision: &Decision, asks: &Asks<'_>, at: &Circumstances<'_>, house: &House) {
    for finding in decision.outstanding() {
        show::note(&format!("refused by {}: {}", finding.rule, reveal(&finding.why)));
        if !finding.text.is_empty() {
            show::note(&format!("  at `{}`", reveal(&finding.text)));
        }
        if !finding.instead.is_empty() {
            show::note(&format!("  instead: {}", finding.instead));
        }
    }
    if decision.grant() == Some(GrantUse::Answered(Answer::Deny)) {
        show::note(&asks.no());
        return;
    }
    if decision.severity() == Severity::Dangerous {
        show::note("this is never run for an agent; run it from your own shell if you need it");
        return;
    }
    match grants::proposed(decision, Answer::Always, at.now) {
        Some(grants) => {
            let file = house.profile.config_file();
            show::note(
                "to allow it: answer at a terminal or in `palisade approvals watch`, or add to",
            );
            show::note(&format!("`tools.terminal.approval.allowlist` in {}:", file.display()));
            for grant in grants {
                show::note(&format!("  - {}", config::line(&grant)));
            }
        }
        None => show::note(
            "to allow it: answer at a terminal or in `palisade approvals watch`; it can be allowed only once at a time",
        ),
    }
}
