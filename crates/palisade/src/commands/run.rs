use std::env;
use std::ffi::OsStr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use palisade_core::ports::Ask;
use palisade_core::{Answer, Command, Decision, GrantUse, Severity, Surface};
use palisade_guards::content::reveal;
use palisade_runtime::ports::{Launch, Process};
use palisade_runtime::{
    Circumstances, Done, Ports, Request, carry_out, config, environment, grants, judge_command,
};

use crate::actor;
use crate::jobs;
use crate::prompt::{self, Prompt};
use crate::show::{self, Failure};
use crate::wire_up::{self, House};
#[cfg(target_os = "linux")]
use crate::{agent::Whole, confine, egress::Recorded};

/// Judge a command and run it if it may be run
///
/// The exit code is the command's own; a refused command exits 126.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  palisade run -- git status\n  palisade run -c 'make test | tail'\n  palisade run --agent claude -- claude"
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
    /// Whether to ask on the terminal. Whoever owns the terminal answers, so an
    /// agent that has one of its own is started with `unattended`.
    #[arg(long, value_enum, default_value = "auto", env = "PALISADE_SURFACE")]
    surface: RunSurface,
    #[cfg(target_os = "linux")]
    #[command(flatten)]
    sandbox: confine::Flags,
    /// A program and its arguments, run without a shell.
    #[arg(value_name = "PROGRAM", last = true)]
    program: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RunSurface {
    Auto,
    Unattended,
}

/// Exit code: refused.
const REFUSED: u8 = 126;

pub fn run(arguments: Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    jobs::close_inherited();
    let house = House::open(profile, arguments.session.as_deref())?;
    house.prepare()?;
    let command = match arguments.line {
        Some(line) => Command::Shell(line),
        None => Command::Argv(arguments.program),
    };
    let terminal = match arguments.surface {
        RunSurface::Auto => prompt::terminal(),
        RunSurface::Unattended => None,
    };
    let surface = if terminal.is_some() { Surface::Interactive } else { Surface::Unattended };
    let keeper = house.keeper();
    let session = keeper.session()?;
    let grants = house.grants(&session);
    #[cfg_attr(
        not(target_os = "linux"),
        expect(unused_mut, reason = "nothing changes it without a sandbox")
    )]
    let mut at = house.circumstances(surface, &grants, &session);
    #[cfg(target_os = "linux")]
    arguments.sandbox.posture(&mut at.posture)?;
    let cwd = wire_up::cwd()?;
    let mut named = house.profile.config.tools.terminal.env.clone();
    #[cfg(target_os = "linux")]
    let whole = whole(&arguments.sandbox, &command, at.posture.confined, &house)?;
    #[cfg(target_os = "linux")]
    named.extend(whole.iter().flat_map(Whole::variables));
    let launch = Launch {
        environment: environment::scoped(
            env::vars_os(),
            &named,
            &house.profile.secrets()?,
            OsStr::new(&cwd),
        ),
    };
    let judged = judge_command(Request { command, cwd }, &at);
    let wait = house.profile.config.tools.terminal.approval.timeout_s;
    let mut ask: Box<dyn Ask> = match terminal {
        Some(tty) => {
            let wait = Duration::from_secs(wait.into());
            Box::new(Prompt::new(tty, &judged, house.has_session(), wait, at.now))
        }
        None => Box::new(Nobody),
    };
    let mut journal = house.journal()?;
    #[cfg(target_os = "linux")]
    let mut process = confine::Confined {
        flags: &arguments.sandbox,
        terminal: &house.profile.config.tools.terminal,
        workspace: house.places.workspace.clone().into(),
        house: house.home.root().to_owned(),
        agent: whole.as_ref(),
        record: Recorded {
            profile: Some(house.profile.name.as_str().to_owned()),
            session: arguments.session.clone(),
        },
    };
    #[cfg(not(target_os = "linux"))]
    let mut process = jobs::Direct;
    let mut ports = Ports {
        actor: &actor::here(arguments.session.as_deref()),
        ask: &mut *ask,
        journal: &mut journal,
        keeper: &keeper,
    };
    let done = carry_out(judged, &at, &mut ports, |permit| process.run(permit, &launch))?;
    // The journal is signed before this process may die by the child's signal.
    if let Err(error) = journal.close() {
        show::note(&format!("warning: the journal is not signed to its end: {error}"));
    }
    match done {
        Done::Refused(decision) => {
            refusal(&decision, &at, &house);
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

/// The agent that is to be confined as a whole: the one that was named, or the
/// one that is started where everything is confined. Whoever starts one
/// without a sandbox is told how it could be.
#[cfg(target_os = "linux")]
fn whole(
    flags: &confine::Flags,
    command: &Command,
    confined: bool,
    house: &House,
) -> Result<Option<Whole>, Failure> {
    let words = match command {
        Command::Argv(words) => words.as_slice(),
        Command::Shell(_) => &[],
    };
    let named = flags.agent.as_deref();
    if named.is_some() && words.is_empty() {
        return Err(Failure::Usage(
            "`--agent` takes a program and its arguments: `palisade run --agent claude -- claude`"
                .into(),
        ));
    }
    let whole = Whole::find(named, words.first().map(String::as_str), &house.profile)?;
    let Some(whole) = whole else { return Ok(None) };
    if palisade_sandbox::is_inside() {
        return Ok(None);
    }
    if !confined {
        show::note(&format!(
            "{0} runs unconfined; `palisade run --agent {0} -- {0}` gives it a sandbox and lets it reach its models only",
            whole.name
        ));
        return Ok(None);
    }
    if let Some(note) = whole.note(words) {
        show::note(note);
    }
    Ok(Some(whole))
}

/// Nobody can be asked.
struct Nobody;

impl Ask for Nobody {
    fn ask(&mut self, _: &Decision) -> Answer {
        Answer::Deny
    }
}

/// Says which rule refused, why, what to do instead, and how it could be
/// allowed.
fn refusal(decision: &Decision, at: &Circumstances<'_>, house: &House) {
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
        show::note("the answer was no");
        return;
    }
    if decision.severity() == Severity::Dangerous {
        show::note("this is never run for an agent; run it from your own shell if you need it");
        return;
    }
    match grants::proposed(decision, Answer::Always, at.now) {
        Some(grants) => {
            let file = house.profile.config_file();
            show::note("to allow it: run it from a terminal and answer there, or add to");
            show::note(&format!("`tools.terminal.approval.allowlist` in {}:", file.display()));
            for grant in grants {
                show::note(&format!("  - {}", config::line(&grant)));
            }
        }
        None => show::note(
            "to allow it: run it from a terminal and answer there; it can be allowed only once at a time",
        ),
    }
}
