//! `palisade mcp`: servers behind the gate.

mod gateway;
mod pins;
mod serve;
mod wrap;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::{env, thread};

use clap::{Args, Subcommand};
use palisade_core::{Actor, Answer};
use palisade_guards::content::Redactor;
use palisade_journal::FileJournal;
use palisade_mcp::pins::Store;
use palisade_mcp::{Elsewhere, Gate, Question, Sink, Waits};
use palisade_runtime::approvals::{Queue, Risk, Subject, governed};
use palisade_runtime::{Circumstances, Judged, SessionId, environment};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::desktop::Desktop;
use crate::servers::{HangUp, Hangable, hangable};
use crate::show::{self, Failure};
use crate::wire_up::{Disk, House, System};
use crate::{actor, jobs, wire_up};

/// Put MCP servers behind the gate
///
/// Every call of a tool is judged by the profile's rules, results are cleaned,
/// and definitions that change after they were approved are hidden.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  palisade mcp                                    Palisade's own tools, over stdio\n  palisade mcp wrap -- npx -y some-server         any server behind the gate\n  palisade mcp gateway                            all servers of the profile\n  palisade mcp pins"
)]
pub struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    serve: serve::Serving,
}

#[derive(Debug, Subcommand)]
enum What {
    Wrap(wrap::Arguments),
    Gateway(gateway::Arguments),
    Pins(pins::Arguments),
}

pub fn run(arguments: Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    match arguments.what {
        None => serve::run(arguments.serve, profile),
        Some(What::Wrap(arguments)) => wrap::run(arguments, profile),
        Some(What::Gateway(arguments)) => gateway::run(arguments, profile),
        Some(What::Pins(arguments)) => pins::run(&arguments, profile),
    }
}

/// All that lives as long as the connection: what a gate borrows.
struct Desk {
    house: House,
    actor: Actor,
    journal: Mutex<FileJournal>,
    redactor: Redactor,
    cwd: String,
    /// Whether the session is ours alone and ends with us.
    own_session: bool,
}

impl Desk {
    /// Opens the profile and the journal; a session of our own where none is
    /// named.
    fn open(profile: Option<&str>, session: Option<String>, client: &str) -> Result<Self, Failure> {
        jobs::close_inherited();
        let own_session = session.is_none();
        let session = session.unwrap_or_else(|| format!("mcp-{:016x}", lot()));
        let house = House::open(profile, Some(&session))?;
        house.prepare()?;
        // Whoever started us is an agent's client, and what we start is its
        // doing: neither may answer a question.
        governed::register(&house.home, std::process::id())?;
        // A person who tries it out by hand is no client.
        if !io::stdin().is_terminal() {
            governed::register_served(&house.home)?;
        }
        let journal = Mutex::new(house.journal()?);
        let redactor = house.profile.redactor()?;
        let actor = Actor { client: Some(client.to_owned()), ..actor::here(Some(&session)) };
        Ok(Self { house, actor, journal, redactor, cwd: wire_up::cwd()?, own_session })
    }

    /// Does something with a gate and the store of pins.
    fn with<T>(&self, act: impl FnOnce(&Gate<'_>, &Store<'_>) -> T) -> T {
        let keeper = self.house.keeper();
        let elsewhere = Line {
            house: &self.house,
            actor: &self.actor,
            desktop: Desktop(self.house.profile.config.tools.terminal.approval.notify),
        };
        let store = Store::new(&self.house.profile.directory, &Disk);
        let gate = Gate {
            profile: &self.house.profile,
            places: &self.house.places,
            keeper: &keeper,
            actor: &self.actor,
            journal: &self.journal,
            clock: &System,
            redactor: &self.redactor,
            cwd: self.cwd.clone(),
            elsewhere: Some(&elsewhere),
            lot: &lot,
        };
        let done = act(&gate, &store);
        if self.own_session {
            keeper.forget();
        }
        done
    }

    /// The environment of a server: the fixed few, and its own block.
    fn environment(
        &self,
        block: &BTreeMap<String, String>,
    ) -> Result<Vec<(OsString, OsString)>, Failure> {
        let mut scoped = environment::scoped(env::vars_os(), &[], &[], OsStr::new(&self.cwd));
        let secrets = self.house.profile.dotenv()?;
        for (name, value) in block {
            let value: OsString = match value.strip_prefix("env:") {
                None => value.into(),
                Some(from) => secrets
                    .iter()
                    .find(|(known, _)| known == from)
                    .map(|(_, value)| value.into())
                    .or_else(|| env::var_os(from))
                    .ok_or_else(|| {
                        Failure::Usage(format!("the server wants the variable `{from}`, which is neither in the profile's `.env` nor in the environment"))
                    })?,
            };
            scoped.retain(|(known, _)| known != name.as_str());
            scoped.push((name.into(), value));
        }
        Ok(scoped)
    }
}

/// The approval queue, as calls of MCP use it.
struct Line<'a> {
    house: &'a House,
    actor: &'a Actor,
    desktop: Desktop,
}

impl Line<'_> {
    fn queue<'s>(&'s self, subject: Subject, going: &'s dyn Fn() -> bool) -> Queue<'s> {
        let rules = &self.house.profile.config.tools.terminal.approval;
        let queue = Queue::new(self.house.approvals(), subject, self.actor.into(), rules);
        queue.notifying(&self.desktop).while_true(going)
    }
}

impl Elsewhere for Line<'_> {
    fn ask<'s>(
        &'s self,
        judged: &Judged,
        at: &Circumstances<'_>,
        going: &'s dyn Fn() -> bool,
    ) -> Option<Box<dyn Waits + 's>> {
        let subject = Subject::of(judged, at, self.actor, &[]);
        // Where nobody would see it, it is left there for later.
        Some(Box::new(self.queue(subject, going)))
    }

    fn question(
        &self,
        question: &Question<'_>,
        going: &dyn Fn() -> bool,
    ) -> Option<(Answer, String)> {
        let subject = Subject {
            kind: "approval".into(),
            text: format!("{}\n{}", question.action, question.details),
            cwd: self.house.places.cwd.clone(),
            profile: self.house.profile.name.as_str().to_owned(),
            session: self.actor.session.clone(),
            severity: "caution".into(),
            risk: Some(match question.risk {
                "low" => Risk::Low,
                "medium" => Risk::Medium,
                "high" => Risk::High,
                _ => Risk::Critical,
            }),
            only_once: Some("it is a question of the agent, not an action".into()),
            uid: self.actor.uid,
            client: self.actor.client.clone(),
            ..Subject::default()
        };
        let mut queue = self.queue(subject, going).within(question.wait);
        queue.seen()?;
        let answer = queue.put();
        Some((answer, queue.word().unwrap_or("").to_owned()))
    }
}

/// 64 bits by lot.
fn lot() -> u64 {
    // Without the system's lot an envelope's number could be guessed.
    getrandom::u64().unwrap_or_else(|error| {
        show::note(&format!("error: the system gives no random numbers: {error}"));
        std::process::abort()
    })
}

/// What the client sends, and what ends the reading of it: also a signal that
/// would end us, so that servers are ended in order.
fn client_input() -> Result<(Hangable, HangUp), Failure> {
    let (input, hang_up) = hangable(io::stdin().as_fd().try_clone_to_owned()?)?;
    let signalled = hang_up.clone();
    on_signal(move || signalled.now())?;
    Ok((input, hang_up))
}

/// Does something when a signal would end us; a second one does.
fn on_signal(act: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    thread::spawn(move || {
        let mut came = signals.forever();
        if came.next().is_some() {
            act();
        }
        // Who sends a second one does not want to wait.
        if let Some(signal) = came.next() {
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// Where the client reads: standard output, one message at a time.
struct Out {
    lines: Mutex<io::Stdout>,
    hang_up: HangUp,
}

impl Out {
    fn sink(hang_up: HangUp) -> Arc<dyn Sink> {
        Arc::new(Self { lines: Mutex::new(io::stdout()), hang_up })
    }
}

impl Sink for Out {
    fn send(&self, line: &str) {
        use io::Write;
        let lines = self.lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        let mut out = lines.lock();
        if out.write_all(&bytes).and_then(|()| out.flush()).is_err() {
            self.hang_up.now();
        }
    }
}

/// Checks a name that stands in rules, files and the names of tools.
fn server_name(name: &str) -> Result<(), Failure> {
    SessionId::parse(name)
        .map(|_| ())
        .ok()
        .filter(|()| name.len() <= 64 && !name.contains("__"))
        .ok_or_else(|| {
            Failure::Usage(format!(
                "`{}` is no name for a server: use up to 64 of `A-Z a-z 0-9 - _`",
                name.escape_debug()
            ))
        })
}
