//! Commands that are run apart from any terminal, with what they write kept.

use std::ffi::OsString;
use std::io::{self, PipeReader, Read};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use palisade_core::ports::Outcome;
use palisade_core::{Action, Confinement, Permit};
use palisade_mcp::{Captured, Terminal};
use palisade_runtime::config;

use crate::jobs;

/// How often it is looked whether somebody still waits.
const LOOK: u16 = 100;
/// How long a command has between being asked to end and being ended.
const ASKED: Duration = Duration::from_millis(500);
/// How long what a command left behind may still write after its end.
const LINGERS: Duration = Duration::from_millis(200);
/// Exit code of `palisade sandbox`: nothing ran.
const NOT_MADE: i32 = 125;

/// Runs commands in a group of their own, without input.
pub struct Apart<'a> {
    /// All of their environment.
    pub environment: Vec<(OsString, OsString)>,
    /// What the profile says.
    pub terminal: &'a config::Terminal,
    /// The directory that is worked in.
    pub workspace: String,
    /// The profile's name, in whose journal connections are recorded.
    pub profile: String,
}

impl Terminal for Apart<'_> {
    fn run(
        &self,
        permit: Permit,
        longest: Duration,
        most: usize,
        going: &dyn Fn() -> bool,
    ) -> (Outcome, Captured) {
        let (action, obligations, _) = permit.spend();
        let Action::Run { command, cwd } = action else {
            return (failed("this action is no command"), Captured::default());
        };
        let words: Vec<OsString> = match command {
            palisade_core::Command::Shell(line) => vec![jobs::shell(), "-c".into(), line.into()],
            palisade_core::Command::Argv(words) => words.into_iter().map(Into::into).collect(),
        };
        let confined = obligations.confinement == Confinement::Required;
        let mut child = match self.command(&words, confined) {
            Ok(child) => child,
            Err(error) => return (failed(&error.to_string()), Captured::default()),
        };
        child.current_dir(cwd).env_clear().envs(self.environment.iter().cloned());
        let begun = Instant::now();
        match attended(child, longest, most, going) {
            Ok((status, captured)) => {
                let mut outcome = Outcome {
                    exit: status.code(),
                    signal: status.signal(),
                    millis: begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX),
                    bytes: Some(captured.output.len() as u64 + captured.left_out),
                    ..Outcome::default()
                };
                if confined {
                    outcome.confinement = "sandbox".into();
                    if outcome.exit == Some(NOT_MADE) {
                        let said = String::from_utf8_lossy(&captured.output);
                        outcome.failure = format!("the sandbox could not be made: {said}");
                    }
                }
                (outcome, captured)
            }
            Err(error) => (failed(&error.to_string()), Captured::default()),
        }
    }
}

fn failed(why: &str) -> Outcome {
    Outcome { failure: why.to_owned(), ..Outcome::default() }
}

impl Apart<'_> {
    fn command(&self, words: &[OsString], confined: bool) -> io::Result<Command> {
        let (program, rest) =
            words.split_first().ok_or_else(|| io::Error::other("there is no program to run"))?;
        if !confined {
            let mut command = Command::new(program);
            command.args(rest);
            return Ok(command);
        }
        if !cfg!(target_os = "linux") {
            return Err(io::Error::other("this build has no sandbox"));
        }
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["sandbox", "--report", "nothing", "--workspace", &self.workspace]);
        let (domains, private) = (&self.terminal.allow_domains, &self.terminal.allow_private);
        for domain in domains {
            command.args(["--allow-domain", domain]);
        }
        for origin in private {
            command.args(["--allow-private", origin]);
        }
        if !domains.is_empty() || !private.is_empty() {
            command.args(["--record", "--profile", &self.profile]);
        } else if self.terminal.allow_network {
            command.arg("--net");
        }
        let limits = &self.terminal.limits;
        let mut limit = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                command.args(["--limit", &format!("{name}={value}")]);
            }
        };
        limit("memory", limits.memory_mb.map(|mib| format!("{mib}m")));
        limit("pids", limits.pids.map(|pids| pids.to_string()));
        limit("cpus", limits.cpus.map(|cpus| cpus.to_string()));
        for (name, _) in &self.environment {
            if let Some(name) = name.to_str() {
                command.args(["--env", name]);
            }
        }
        command.arg("--").arg(program).args(rest);
        Ok(command)
    }
}

/// Runs it to its end, or to the end of patience.
fn attended(
    mut command: Command,
    longest: Duration,
    most: usize,
    going: &dyn Fn() -> bool,
) -> io::Result<(std::process::ExitStatus, Captured)> {
    let (mut from, to) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(to.try_clone()?).stderr(to).process_group(0);
    let mut child = command.spawn()?;
    // Our ends of the pipe would keep it open.
    drop(command);
    let mut kept = Kept::new(most);
    let end = Instant::now() + longest;
    let mut timed_out = false;
    let mut open = true;
    let mut ended: Option<Instant> = None;
    loop {
        if open {
            open = kept.take(&mut from, LOOK)?;
        } else {
            std::thread::sleep(Duration::from_millis(5));
        }
        if ended.is_none() && has_ended(&child) {
            ended = Some(Instant::now());
        }
        // What runs on in the background keeps nobody waiting.
        if ended.is_some_and(|ended| !open || ended.elapsed() > LINGERS) {
            break;
        }
        timed_out = Instant::now() >= end;
        if timed_out || !going() {
            stop(&child, &mut kept, &mut from);
            break;
        }
    }
    // All that it started ends with it: nobody else would.
    let _ = killpg(group(&child), Signal::SIGKILL);
    let status = child.wait()?;
    Ok((status, kept.captured(timed_out)))
}

fn group(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

fn has_ended(child: &Child) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    !matches!(waitid(Id::Pid(group(child)), flags), Ok(WaitStatus::StillAlive) | Err(Errno::EINTR))
}

fn stop(child: &Child, kept: &mut Kept, from: &mut PipeReader) {
    let _ = killpg(group(child), Signal::SIGTERM);
    let end = Instant::now() + ASKED;
    while !has_ended(child) && Instant::now() < end {
        // What it says at its end is kept, too.
        if !kept.take(from, 20).unwrap_or(false) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The beginning and the end of an output.
struct Kept {
    half: usize,
    head: Vec<u8>,
    tail: std::collections::VecDeque<u8>,
    left_out: u64,
}

impl Kept {
    fn new(most: usize) -> Self {
        Self {
            half: most.max(2) / 2,
            head: Vec::new(),
            tail: std::collections::VecDeque::new(),
            left_out: 0,
        }
    }

    /// Takes what is there within `millis`; says whether more may come.
    fn take(&mut self, from: &mut PipeReader, millis: u16) -> io::Result<bool> {
        let mut ready = [PollFd::new(from.as_fd(), PollFlags::POLLIN)];
        match poll(&mut ready, PollTimeout::from(millis)) {
            Ok(0) | Err(Errno::EINTR) => return Ok(true),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let mut buffer = [0; 16 * 1024];
        let length = from.read(&mut buffer)?;
        let bytes = buffer.get(..length).unwrap_or(&[]);
        let room = self.half.saturating_sub(self.head.len()).min(bytes.len());
        let (first, rest) = bytes.split_at(room);
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(self.half);
        self.tail.drain(..over);
        self.left_out += over as u64;
        Ok(length > 0)
    }

    fn captured(mut self, timed_out: bool) -> Captured {
        if self.left_out > 0 {
            self.head.extend_from_slice(b"\n[...]\n");
        }
        self.head.extend(self.tail);
        Captured { output: self.head, left_out: self.left_out, timed_out }
    }
}
