use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use palisade_core::{Answer, Command, Grant, GrantScope, Surface, Verdict};
use palisade_guards::content::reveal;
use palisade_runtime::approvals::{Subject, governed};
use palisade_runtime::ports::{Launch, Process};
use palisade_runtime::{
    Done, Ports, Request, Session, carry_out, environment, grants, judge_command,
};

use crate::actor;
use crate::asks::{self, Asks};
use crate::desktop::Desktop;
use crate::jobs;
use crate::show::{self, Failure};
use crate::wire_up::{self, House};
#[cfg(target_os = "linux")]
use crate::{
    agent::Whole,
    confine,
    egress::{Held, Recorded},
};

/// Judge a command and run it if it may be run
///
/// The exit code is the command's own; a refused command exits 126.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  palisade run -- git status\n  palisade run -c 'make test | tail'\n  palisade run --agent claude -- claude"
)]
pub struct Arguments {
    /// A line for the shell.
    #[arg(short = 'c', value_name = "LINE", conflicts_with = "program")]
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
    /// The tree that is worked in, where the profile names none; else it is
    /// the current directory.
    #[arg(long, value_name = "DIR")]
    workspace: Option<String>,
    /// A program and its arguments, run without a shell.
    #[arg(value_name = "PROGRAM", trailing_var_arg = true)]
    program: Vec<String>,
}

/// Exit code: refused.
const REFUSED: u8 = 126;
/// Exit code: there is no such program.
const NOT_THERE: u8 = 127;

pub fn run(arguments: Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    jobs::close_inherited();
    let mut arguments = arguments;
    // A variable that is set to nothing names no session.
    arguments.session = arguments.session.filter(|id| !id.is_empty());
    let mut house = House::open(profile, arguments.session.as_deref())?;
    if let Some(workspace) = arguments.workspace
        && house.profile.config.workspace.is_none()
    {
        if !workspace.starts_with('/') {
            return Err(Failure::Usage(format!("`{workspace}` is not an absolute path")));
        }
        if !Path::new(&workspace).is_dir() {
            return Err(Failure::Usage(format!(
                "`--workspace`: the directory `{}` is not there",
                reveal(&workspace)
            )));
        }
        house.places.workspace.clone_from(&workspace);
        house.profile.config.workspace = Some(workspace);
    }
    house.prepare()?;
    let command = match arguments.line {
        Some(line) => Command::Shell(line),
        None if arguments.program.is_empty() => {
            return Err(Failure::Usage(
                "there is nothing to run: `palisade run -- PROGRAM ARG..`, or `palisade run -c 'LINE'` for the shell"
                    .into(),
            ));
        }
        None => {
            if let Some(option) = misplaced(&arguments.program) {
                return Err(Failure::Usage(format!(
                    "`{option}` stands after the program: put it before, or `--` before a program that takes it itself"
                )));
            }
            Command::Argv(arguments.program)
        }
    };
    if let Some(program) = missing(&command) {
        show::note(&format!("error: there is no program called `{}`", reveal(program)));
        show::note(
            "help: a whole line, or a command of the shell's own, is given with `-c`: `palisade run -c 'LINE'`",
        );
        return Ok(ExitCode::from(NOT_THERE));
    }
    if let Some(file) = not_executable(&command) {
        let shown = reveal(file);
        if Path::new(file).is_dir() {
            show::note(&format!("error: `{shown}` is a directory, no program"));
        } else {
            show::note(&format!("error: `{shown}` is not executable"));
            show::note(&format!(
                "help: `chmod +x {shown}`, or give it to the program that reads it, as `make -f {shown}`"
            ));
        }
        return Ok(ExitCode::from(REFUSED));
    }
    let (surface, terminal) = arguments.surface.find();
    let keeper = house.keeper();
    let session = keeper.session()?;
    let mut grants = house.grants(&session);
    #[cfg(target_os = "linux")]
    grants.extend(own_agent(&command, &house, surface)?);
    let mut at = house.circumstances(surface, &grants, &session);
    #[cfg(target_os = "linux")]
    arguments.sandbox.posture(&mut at.posture)?;
    let cwd = wire_up::cwd()?;
    let mut named = house.profile.config.tools.terminal.env.clone();
    #[cfg(target_os = "linux")]
    let mut unconfined = None;
    #[cfg(target_os = "linux")]
    let whole = whole(&arguments.sandbox, &command, at.posture.confined, &house, &mut unconfined)?;
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
        agent: whole.as_ref(),
        held: Held::of(&house.profile),
        record: Recorded {
            profile: Some(house.profile.name.as_str().to_owned()),
            session: arguments.session.clone(),
        },
    };
    #[cfg(not(target_os = "linux"))]
    let mut process = jobs::Direct;
    let mut ports = Ports { actor: &actor, ask: &mut asks, journal: &mut journal, keeper: &keeper };
    let done = carry_out(judged, &at, &mut ports, |permit| {
        #[cfg(target_os = "linux")]
        if let Some(name) = &unconfined {
            show::note(&format!(
                "{name} runs unconfined; `palisade run --agent {name} -- {name}` gives it a sandbox and lets it reach \
                 its models only"
            ));
        }
        process.run(permit, &launch)
    })?;
    // The journal is signed before this process may die by the child's signal.
    crate::show::signed(journal);
    match done {
        Done::Refused(decision) => {
            asks::refusal(&decision, &asks, &at, &house);
            #[cfg(target_os = "linux")]
            if let Some(name) = &unconfined {
                show::note(&format!(
                    "`palisade run --agent {name} -- {name}` gives it a sandbox and lets it reach its models only"
                ));
            }
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

/// Options of ours that stand after a program are the program's; whoever meant
/// them for us must not believe that they are in force.
fn misplaced(program: &[String]) -> Option<&String> {
    const OURS: &[&str] = &["--sandbox", "--agent", "--surface", "--session", "--workspace"];
    let ours = |word: &&String| OURS.contains(&word.split('=').next().unwrap_or_default());
    let dashed = env::args_os().any(|word| word == "--");
    program.iter().skip(1).find(ours).filter(|_| !dashed)
}

/// The program that is not there: nothing would run, so nobody is asked.
fn missing(command: &Command) -> Option<&str> {
    let Command::Argv(words) = command else { return None };
    let program = words.first()?;
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places = env::split_paths(&path).map(|directory| directory.join(program));
    let is_there = Path::new(program).exists() || places.any(|place| place.exists());
    (!is_there).then_some(program)
}

/// The file in the place of a program that nobody may execute.
fn not_executable(command: &Command) -> Option<&str> {
    let Command::Argv(words) = command else { return None };
    let program = words.first().filter(|program| program.contains('/'))?;
    let is = std::fs::metadata(program).ok()?;
    #[cfg(unix)]
    let executable = std::os::unix::fs::MetadataExt::mode(&is) & 0o111 != 0;
    #[cfg(not(unix))]
    let executable = true;
    (!is.is_file() || !executable).then_some(program)
}

/// A person who starts an agent by this very command has said so: that it is one
/// is no question then. What else it does is.
#[cfg(target_os = "linux")]
fn own_agent(command: &Command, house: &House, surface: Surface) -> Result<Option<Grant>, Failure> {
    let Command::Argv(words) = command else { return Ok(None) };
    let program = words.first().map(String::as_str);
    if surface == Surface::Unattended
        || Whole::find(None, program, &house.profile)?.is_none()
        || governed::is_person(&house.home).is_err()
    {
        return Ok(None);
    }
    let request = Request { command: command.clone(), cwd: wire_up::cwd()? };
    let session = Session::default();
    let at = house.circumstances(surface, &[], &session);
    let decision = judge_command(request, &at).decision;
    let mut all = grants::proposed(&decision, Answer::Session, at.now).unwrap_or_default();
    all.retain(
        |grant| matches!(&grant.scope, GrantScope::Rule { rule, .. } if rule == "agent/run"),
    );
    Ok(all.pop())
}

/// The agent that is to be confined as a whole: the one that was named, or the
/// one that is started where everything is confined. Without a sandbox it is
/// none, and its name goes to `unconfined`: whoever starts it is told.
#[cfg(target_os = "linux")]
fn whole(
    flags: &confine::Flags,
    command: &Command,
    confined: bool,
    house: &House,
    unconfined: &mut Option<String>,
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
        *unconfined = Some(whole.name);
        return Ok(None);
    }
    if let Some(note) = whole.note(words) {
        show::note(note);
    }
    Ok(Some(whole))
}
