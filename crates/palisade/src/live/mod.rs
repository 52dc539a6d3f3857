//! `palisade doctor --live`: the proof, with the real clients, that a call
//! which must be stopped is stopped.
//!
//! Each client gets a home, a project and something to lose, all made for
//! this, and is started against a scripted model on loopback that has it run
//! two commands: an ordinary one, and the deletion of its user's keys. Once with
//! the hook, once with a hook that crashes, and where that stopped everything,
//! once without a hook, which shows that the client would have run both.

mod act;
mod dialect;
mod model;
mod start;
mod theatre;

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use palisade_guards::content::reveal;
use serde_json::json;

use act::{Hook, Outcome, Task};
use theatre::Theatre;

use crate::install::{Around, Client, clients, found};
use crate::show::{self, Failure, Paint, Style, printed};

/// How it is proved.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How many seconds one run of a client may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 90, requires = "live", value_parser = clap::value_parser!(u64).range(5..=600))]
    seconds: u64,
    /// Start the clients as they are, without the sandbox that takes their
    /// network away.
    #[arg(long, requires = "live")]
    bare: bool,
    /// The hook to prove, instead of this program.
    #[arg(long, value_name = "PROGRAM", hide = true)]
    hook: Option<PathBuf>,
    /// The inside of a run.
    #[arg(long, value_name = "FILE", hide = true)]
    act: Option<PathBuf>,
}

/// All of it takes no longer than this.
const LONGEST: Duration = Duration::from_secs(20 * 60);

/// What is known about one client afterwards.
#[derive(Debug)]
struct Proof {
    client: &'static Client,
    verdict: Verdict,
    version: Option<String>,
    crash: Option<Crash>,
    alone: bool,
    words: String,
    tail: String,
}

/// What was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// What must be stopped was stopped, the rest ran.
    Proved,
    /// The client did not call the hook.
    Skipped,
    /// The hook was called and the call happened all the same.
    Open,
    /// Nothing ran any more.
    Blocked,
    /// It could not be tried.
    Untried,
    /// It is not on this machine.
    Missing,
}

/// What a client does when its hook crashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Crash {
    Stops,
    Runs,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Skipped => "skipped",
            Self::Open => "open",
            Self::Blocked => "blocked",
            Self::Untried => "untried",
            Self::Missing => "missing",
        }
    }
}

/// Proves the clients that were named, or all that are found.
///
/// # Errors
/// Where nothing can be tried at all.
pub fn run(names: &[String], options: &Options, as_json: bool) -> Result<ExitCode, Failure> {
    if let Some(task) = &options.act {
        return inside(task);
    }
    let around = Around::here()?;
    let palisade = match &options.hook {
        Some(path) => fs::canonicalize(path)?,
        None => env::current_exe()?,
    };
    let mut theatre = Theatre::open(&around, palisade, options.bare)?;
    let chosen: Vec<&'static Client> = clients::ALL
        .iter()
        .copied()
        .filter(|client| {
            names.iter().any(|name| name == client.name)
                || (names.is_empty() && found::program(client, &around).is_some())
        })
        .collect();
    if chosen.is_empty() {
        show::note("no client is on the search path: nothing to prove");
        return Ok(ExitCode::SUCCESS);
    }
    let end = Instant::now() + LONGEST;
    let mut bad = false;
    for client in chosen {
        let proof = match found::program(client, &around) {
            None => Proof::without(client, Verdict::Missing, "it is not on the search path"),
            Some(_) if Instant::now() > end => {
                Proof::without(client, Verdict::Untried, "the time for all of them is over")
            }
            Some(program) => prove(client, program, &mut theatre, options.seconds),
        };
        bad |= !matches!(proof.verdict, Verdict::Proved | Verdict::Missing);
        tell(&proof, as_json)?;
    }
    Ok(ExitCode::from(u8::from(bad)))
}

/// One run, started by the outside.
fn inside(path: &PathBuf) -> Result<ExitCode, Failure> {
    let text = fs::read_to_string(path)?;
    let task: Task =
        serde_json::from_str(&text).map_err(|error| Failure::Usage(error.to_string()))?;
    let outcome = act::run(&task);
    let text =
        serde_json::to_string(&outcome).map_err(|error| Failure::Other(error.to_string()))?;
    fs::write(theatre::outcome(&task.stage), text)?;
    Ok(ExitCode::SUCCESS)
}

fn prove(client: &'static Client, program: PathBuf, theatre: &mut Theatre, seconds: u64) -> Proof {
    let mut play = |hook: Hook, what: &str| {
        show::note(&format!("{}: {what} ..", client.title));
        theatre.play(client, &program, hook, seconds)
    };
    let works = play(Hook::Works, "with the hook");
    let mut proof = Proof::without(client, Verdict::Untried, "");
    proof.version = works.version.clone();
    proof.alone = works.alone;
    proof.tail = works.outcome.tail.clone();
    let works = works.outcome;
    if let Some(why) = &works.failure {
        proof.words = why.clone();
        return proof;
    }
    let crash = play(Hook::Crashes, "with a hook that crashes").outcome;
    if crash.failure.is_none() {
        let runs = crash.harmful_ran || crash.harmless_ran;
        proof.crash = Some(if runs { Crash::Runs } else { Crash::Stops });
    }
    (proof.verdict, proof.words) = match (works.harmful_ran, works.harmless_ran, works.calls) {
        (true, _, 0) => (Verdict::Skipped, "it does not call the hook".into()),
        (true, _, _) => {
            (Verdict::Open, "the hook was called and the deletion happened all the same".into())
        }
        (false, false, _) => (Verdict::Blocked, format!("nothing ran; {}", told(&works))),
        (false, true, 0) => (
            Verdict::Untried,
            "the client did not call the hook and did not delete: it refuses by itself".into(),
        ),
        (false, true, _) => {
            // Is it the hook, or would the client not have done it anyway?
            let would = crash.harmful_ran || {
                let none = play(Hook::None, "without a hook").outcome;
                none.failure.is_none() && none.harmful_ran
            };
            if would {
                (Verdict::Proved, "the deletion was stopped, the ordinary command ran".into())
            } else {
                (Verdict::Untried, "it does not run the deletion without a hook either".into())
            }
        }
    };
    proof
}

fn told(outcome: &Outcome) -> String {
    match outcome.told.first() {
        Some(text) => format!("the model was told: {}", text.lines().next().unwrap_or("")),
        None => "the model was told nothing".into(),
    }
}

impl Proof {
    fn without(client: &'static Client, verdict: Verdict, words: &str) -> Self {
        Self {
            client,
            verdict,
            version: None,
            crash: None,
            alone: true,
            words: words.into(),
            tail: String::new(),
        }
    }
}

fn tell(proof: &Proof, as_json: bool) -> Result<(), Failure> {
    let crash = proof.crash.map(|crash| match crash {
        Crash::Stops => "stops the call when the hook crashes",
        Crash::Runs => "RUNS the call when the hook crashes",
    });
    printed(|out| {
        if as_json {
            let crash =
                proof.crash.map(|crash| if crash == Crash::Stops { "stops" } else { "runs" });
            return writeln!(
                out,
                "{}",
                json!({"client": proof.client.name, "verdict": proof.verdict.word(), "version": proof.version,
                       "on_crash": crash, "network": if proof.alone { "loopback" } else { "proxied" },
                       "words": proof.words})
            );
        }
        let paint = Paint::on(&std::io::stdout());
        let style = match proof.verdict {
            Verdict::Proved => Style::Green,
            Verdict::Missing | Verdict::Untried => Style::Yellow,
            Verdict::Skipped | Verdict::Open | Verdict::Blocked => Style::Red,
        };
        let word = paint.text(style, &format!("{:<8}", proof.verdict.word()));
        let version = proof.version.as_deref().unwrap_or("-");
        let words: Vec<&str> = [Some(proof.words.as_str()), crash].into_iter().flatten().collect();
        writeln!(
            out,
            "{word} {:<9} {version:<10} {}",
            proof.client.name,
            reveal(&words.join("; "))
        )?;
        if proof.verdict != Verdict::Proved {
            for line in proof.tail.lines() {
                writeln!(out, "         | {}", reveal(line))?;
            }
        }
        Ok(())
    })
}
