use std::env;
use std::ffi::OsStr;
use std::process::ExitCode;

use clap::Args;
use palisade_core::ports::Ask;
use palisade_core::{Answer, Command, Decision, Surface};
use palisade_runtime::ports::Launch;
use palisade_runtime::{Done, Ports, Request, carry_out, environment, judge_command};

use crate::actor;
use crate::jobs::{self, Direct};
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
    let keeper = house.keeper();
    let session = keeper.session()?;
    let grants = house.grants(&session);
    let at = house.circumstances(Surface::Unattended, &grants, &session);
    let cwd = wire_up::cwd()?;
    let launch = Launch {
        environment: environment::scoped(
            env::vars_os(),
            &house.profile.config.tools.terminal.env,
            &house.profile.secrets()?,
            OsStr::new(&cwd),
        ),
    };
    let judged = judge_command(Request { command, cwd }, &at);
    let mut ports = Ports {
        actor: &actor::here(arguments.session.as_deref()),
        ask: &mut Nobody,
        journal: &mut house.journal()?,
        process: &mut Direct,
        keeper: &keeper,
    };
    match carry_out(judged, &launch, &at, &mut ports)? {
        Done::Refused(decision) => {
            refusal(&decision);
            Ok(ExitCode::from(REFUSED))
        }
        Done::Ran { outcome, unrecorded } => {
            if let Some(error) = unrecorded {
                show::note(&format!(
                    "warning: how the command ended is not in the journal: {}",
                    error.message
                ));
            }
            Ok(jobs::end_as(&outcome))
        }
    }
}

/// Nobody can be asked.
struct Nobody;

impl Ask for Nobody {
    fn ask(&mut self, _: &Decision) -> Answer {
        Answer::Deny
    }
}

fn refusal(decision: &Decision) {
    for finding in decision.outstanding() {
        show::note(&format!("refused by {}: {}", finding.rule, finding.why));
        if !finding.instead.is_empty() {
            show::note(&format!("instead: {}", finding.instead));
        }
    }
}
