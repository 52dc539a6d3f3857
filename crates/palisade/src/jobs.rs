//! Starts a process and stays out of its way: terminal, signals, exit code.

use std::cell::Cell;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, ExitCode};
use std::time::Instant;

use nix::errno::Errno;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, close, getpgrp, getpid, tcgetpgrp, tcsetpgrp};
use palisade_core::ports::Outcome;
use palisade_core::{Action, Command, Confinement, Permit};
use palisade_runtime::ports::{Launch, Process};

use crate::show;

/// Starts processes as they are, without a sandbox.
pub struct Direct;

impl Process for Direct {
    fn run(&mut self, permit: Permit, launch: &Launch) -> Outcome {
        let (action, obligations, _) = permit.spend();
        let failed = |failure: String| Outcome { failure, ..Outcome::default() };
        let Action::Run { command, cwd } = action else {
            return failed("this action is no command".into());
        };
        match obligations.confinement {
            Confinement::None => {}
            Confinement::Required => return failed("this build has no sandbox".into()),
        }
        let (program, arguments) = match command {
            Command::Shell(line) => (shell(), vec!["-c".to_owned(), line]),
            Command::Argv(mut words) if !words.is_empty() => {
                (OsString::from(words.remove(0)), words)
            }
            Command::Argv(_) => return failed("there is no program to run".into()),
        };
        let mut child = process::Command::new(&program);
        child.args(arguments).current_dir(cwd).env_clear().envs(launch.environment.iter().cloned());
        let begun = Instant::now();
        let millis = |begun: Instant| begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        match attend(&mut child) {
            Ok(Ended::Exit(code)) => {
                Outcome { exit: Some(code), millis: millis(begun), ..Outcome::default() }
            }
            Ok(Ended::Signal(signal)) => {
                Outcome { signal: Some(signal as i32), millis: millis(begun), ..Outcome::default() }
            }
            Err(error) => {
                let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
                let mut failure = format!("cannot start `{}`: {error}", program.display());
                if program.to_str().is_some_and(is_built_in) {
                    failure.push_str(
                        "\nhelp: it is a command of the shell itself: use `palisade run -c 'LINE'`",
                    );
                }
                Outcome { exit: Some(code), failure, ..Outcome::default() }
            }
        }
    }
}

/// Whether it is a word of shells rather than a program.
fn is_built_in(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "alias", "bg", "cd", "command", "declare", "eval", "exec", "exit", "export", "fg", "for",
        "history", "if", "jobs", "popd", "pushd", "read", "set", "shopt", "source", "time", "type",
        "ulimit", "umask", "unset", "wait", "while",
    ];
    WORDS.contains(&word)
}

/// The shell that runs lines: bash where there is one, since that is what
/// lines are read as; else sh. Never looked up in `PATH`, which the caller
/// may have set.
pub fn shell() -> OsString {
    const BASH: [&str; 5] = [
        "/bin/bash",
        "/usr/bin/bash",
        "/usr/local/bin/bash",
        "/opt/homebrew/bin/bash",
        "/run/current-system/sw/bin/bash",
    ];
    BASH.into_iter().find(|path| Path::new(path).exists()).unwrap_or("/bin/sh").into()
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    Exit(i32),
    /// By a signal.
    Signal(Signal),
}

/// How the child stands to the terminal.
enum Terminal {
    /// There is none, or we are in its background: the child gets a group of
    /// its own and no terminal.
    Apart,
    /// It is ours to give: the child gets a group of its own in the
    /// foreground.
    Given(File),
    /// The terminal's foreground belongs to whoever started us and may still
    /// be read by them, so the child stays in the group that we are in.
    Shared,
}

impl Terminal {
    /// The terminal is given on where a shell made us a job of our own, or
    /// where our input is the terminal, so that nobody else reads it now.
    fn find() -> Self {
        let Ok(tty) = OpenOptions::new().read(true).write(true).open("/dev/tty") else {
            return Self::Apart;
        };
        if tcgetpgrp(&tty) != Ok(getpgrp()) {
            return Self::Apart;
        }
        if getpgrp() == getpid() || tcgetpgrp(io::stdin()).is_ok() {
            Self::Given(tty)
        } else {
            Self::Shared
        }
    }
}

/// Starts `command` and waits for it, as a shell would wait for a job in the
/// foreground: the terminal is handed over and taken back, a stop stops us
/// too, signals to us go on to the child.
pub fn attend(command: &mut process::Command) -> io::Result<Ended> {
    let terminal = Terminal::find();
    if !matches!(terminal, Terminal::Shared) {
        command.process_group(0);
    }
    // The child inherits the mask, so it is spawned before ours is changed.
    let child = Pid::from_raw(command.spawn()?.id().cast_signed());
    let heard = heard();
    let before = heard.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let job = Job { child, terminal, heard, given: Cell::new(false), raced: Cell::new(false) };
    job.give();
    let ended = job.wait();
    job.take_back();
    before.thread_set_mask()?;
    ended
}

/// A child that is waited for.
struct Job {
    child: Pid,
    terminal: Terminal,
    heard: SigSet,
    /// Whether the child has the terminal now.
    given: Cell<bool>,
    /// Whether the child was stopped once for asking too early.
    raced: Cell<bool>,
}

/// What we listen to while a child runs. All of them are blocked and taken
/// one by one, so nothing happens behind our back. SIGTTOU is only blocked:
/// it would stop us where we take the terminal back.
fn heard() -> SigSet {
    use Signal::{
        SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1,
        SIGUSR2,
    };
    SigSet::from_iter([
        SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1,
        SIGUSR2,
    ])
}

impl Job {
    fn wait(&self) -> io::Result<Ended> {
        loop {
            // Asked first, since the child may have ended before we listened.
            match waitpid(self.child, Some(WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED)) {
                Ok(WaitStatus::Exited(_, code)) => return Ok(Ended::Exit(code)),
                Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(Ended::Signal(signal)),
                Ok(WaitStatus::Stopped(_, signal)) => {
                    self.stop_too(signal);
                    continue;
                }
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
            match self.heard.wait()? {
                Signal::SIGCHLD => {}
                Signal::SIGCONT => self.resume(),
                signal => self.pass_on(signal),
            }
        }
    }

    /// Sends a signal that we got on to the child. What the terminal sends
    /// goes to a whole group, so a child in ours has it already.
    fn pass_on(&self, signal: Signal) {
        let from_terminal = matches!(
            signal,
            Signal::SIGINT | Signal::SIGQUIT | Signal::SIGTSTP | Signal::SIGTTIN | Signal::SIGTTOU
        );
        // A child that is gone is reaped in the next round.
        let _ = match self.terminal {
            Terminal::Shared if from_terminal => Ok(()),
            Terminal::Shared => kill(self.child, signal),
            Terminal::Apart | Terminal::Given(_) => killpg(self.child, signal),
        };
    }

    /// The child stopped, so whoever waits for us must see us stop.
    fn stop_too(&self, signal: Signal) {
        // Between its start and our handing over, it may have asked the
        // terminal for something and been stopped for that.
        let asked = matches!(signal, Signal::SIGTTIN | Signal::SIGTTOU);
        if asked && self.given.get() && !self.raced.replace(true) {
            let _ = killpg(self.child, Signal::SIGCONT);
            return;
        }
        self.take_back();
        let own = SigSet::from_iter([signal]);
        let _ = match (&self.terminal, signal) {
            (Terminal::Shared, _) | (_, Signal::SIGSTOP) => kill(getpid(), signal),
            // Others may be part of the same pipeline.
            (Terminal::Given(_) | Terminal::Apart, _) => killpg(getpgrp(), signal),
        };
        // Where nobody could ever resume us, the kernel does not stop us.
        let _ = own.thread_unblock();
        let _ = own.thread_block();
        self.resume();
    }

    /// Lets the child run on, in the foreground if that is where we are.
    fn resume(&self) {
        self.give();
        let _ = match self.terminal {
            Terminal::Shared => kill(self.child, Signal::SIGCONT),
            Terminal::Given(_) | Terminal::Apart => killpg(self.child, Signal::SIGCONT),
        };
    }

    /// Gives the child the terminal, if it is ours to give.
    fn give(&self) {
        if let Terminal::Given(tty) = &self.terminal
            && tcgetpgrp(tty) == Ok(getpgrp())
        {
            self.given.set(tcsetpgrp(tty, self.child).is_ok());
        }
    }

    /// Takes the terminal back from the child, or from whatever it left in
    /// the foreground.
    fn take_back(&self) {
        if let Terminal::Given(tty) = &self.terminal
            && self.given.replace(false)
        {
            let _ = tcsetpgrp(tty, getpgrp());
        }
    }
}

/// Closes what the caller left open beyond the three standard streams, so
/// that no command inherits it. To be called before anything is opened.
pub fn close_inherited() {
    let listed = fs::read_dir("/proc/self/fd").or_else(|_| fs::read_dir("/dev/fd"));
    let open: Vec<i32> = match listed {
        Ok(entries) => {
            entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
        }
        Err(_) => (3..1024).collect(),
    };
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // The listing itself is among them and closed already.
        let _ = close(descriptor);
    }
}

/// Ends this process as the child ended: with its code, or by its signal.
pub fn end_as(outcome: &Outcome) -> ExitCode {
    if !outcome.failure.is_empty() {
        show::note(&outcome.failure);
    }
    match outcome.signal {
        Some(signal) => end_by(signal),
        None => ExitCode::from(outcome.exit.and_then(|code| code.try_into().ok()).unwrap_or(1)),
    }
}

/// Ends this process by a signal, so that whoever waits for it sees how the
/// child ended: a shell goes on with a loop after an exit code of 130, but not
/// after SIGINT.
pub fn end_by(signal: i32) -> ExitCode {
    if let Ok(signal) = Signal::try_from(signal) {
        // One core file, of the child, is enough.
        let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
        // A sandbox takes those that it passes on one by one.
        let _ = SigSet::from_iter([signal]).thread_unblock();
        let _ = kill(getpid(), signal);
    }
    ExitCode::from((128 + signal).try_into().unwrap_or(255))
}
