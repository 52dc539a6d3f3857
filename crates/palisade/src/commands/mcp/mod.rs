//! `palisade mcp`: servers behind the gate.

mod pins;
mod wrap;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::{env, thread};

use clap::{Args, Subcommand};
use nix::sys::signal::{SigSet, Signal};
use palisade_core::Actor;
use palisade_guards::content::Redactor;
use palisade_journal::FileJournal;
use palisade_mcp::pins::Store;
use palisade_mcp::{Gate, Sink};
use palisade_runtime::{SessionId, environment};

use crate::servers::{HangUp, Hangable, hangable};
use crate::show::{self, Failure};
use crate::wire_up::{Disk, House, System};
use crate::{actor, jobs, wire_up};

/// Put MCP servers behind the gate
///
/// Every call of a tool is judged by the profile's rules, results are cleaned,
/// and definitions that change after they were approved are hidden.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  palisade mcp wrap -- npx -y some-server\n  palisade mcp pins")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Wrap(wrap::Arguments),
    Pins(pins::Arguments),
}

pub fn run(arguments: Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    match arguments.what {
        What::Wrap(arguments) => wrap::run(arguments, profile),
        What::Pins(arguments) => pins::run(&arguments, profile),
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
        let journal = Mutex::new(house.journal()?);
        let redactor = house.profile.redactor()?;
        let actor = Actor { client: Some(client.to_owned()), ..actor::here(Some(&session)) };
        Ok(Self { house, actor, journal, redactor, cwd: wire_up::cwd()?, own_session })
    }

    /// Does something with a gate and the store of pins.
    fn with<T>(&self, act: impl FnOnce(&Gate<'_>, &Store<'_>) -> T) -> T {
        let keeper = self.house.keeper();
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
            elsewhere: None,
            lot: &lot,
        };
        let done = act(&gate, &store);
        if self.own_session {
            keeper.forget();
        }
        done
    }

    /// The environment of a server: the fixed few, and its own block.
    fn environment(&self, block: &BTreeMap<String, String>) -> Result<Vec<(OsString, OsString)>, Failure> {
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
    let signals = SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP]);
    signals.thread_block().map_err(io::Error::from)?;
    let on_signal = hang_up.clone();
    thread::spawn(move || {
        if signals.wait().is_ok() {
            on_signal.now();
        }
        // A second one ends us as it would have.
        let _ = signals.thread_unblock();
    });
    Ok((input, hang_up))
}

/// Where the client reads: standard output, one message at a time.
struct Out {
    lines: Mutex<io::Stdout>,
    hang_up: HangUp,
}

impl Out {
    fn new(hang_up: HangUp) -> Arc<dyn Sink> {
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
    SessionId::parse(name).map(|_| ()).ok().filter(|()| name.len() <= 64 && !name.contains("__")).ok_or_else(|| {
        Failure::Usage(format!("`{}` is no name for a server: use up to 64 of `A-Z a-z 0-9 - _`", name.escape_debug()))
    })
}
