use std::env;
use std::ffi::OsStr;
use std::process::ExitCode;

use clap::Args;
use palisade_core::{Command, Surface, Verdict};
use palisade_runtime::approvals::{Subject, governed};
use palisade_runtime::ports::{Launch, Process};
use palisade_runtime::{Done, Ports, Request, carry_out, environment, judge_command};

use crate::actor;
use crate::asks::{self, Asks};
#[cfg(target_os = "linux")]
use crate::confine;
use crate::desktop::Desktop;
use crate::jobs;
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
    surface: asks::Surfaces,
    #[cfg(target_os = "linux")]
    #[command(flatten)]
    sandbox: confine::Flags,
    /// A program and its arguments, run without a shell.
    #[arg(value_name = "PROGRAM", last = true)]
    program: Vec<String>,
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
    let (surface, terminal) = arguments.surface.find();
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
    let asked = judged.decision.verdict() == Verdict::Ask;
    let subject = asked.then(|| Subject::of(&judged, &at, &actor, &launch.names()));
    let desktop = Desktop(house.profile.config.tools.terminal.approval.notify);
    let mut asks = Asks::find(subject.as_ref(), terminal, &house, &actor, &desktop, at.now);
    if asked && asks.is_nobody() {
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
            asks::refusal(&decision, &asks, &at, &house);
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
