//! MCP servers as processes: started apart, read without waiting for ever,
//! ended with all that they started.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use palisade_mcp::{Running, Spec, Start};

/// How often it is looked whether a process has ended.
const LOOK: Duration = Duration::from_millis(10);
/// How long a process has between being asked to end and being ended.
const ASKED: Duration = Duration::from_millis(500);

/// Reads a stream until it ends or somebody hangs up.
pub struct Hangable {
    from: File,
    wake: PipeReader,
}

/// Ends the reading of a [`Hangable`].
#[derive(Clone)]
pub struct HangUp(Arc<PipeWriter>);

impl HangUp {
    /// Ends it: reads give the end of the stream from now on.
    pub fn now(&self) {
        // A full pipe has woken the reader already.
        let _ = (&*self.0).write(b"x");
    }
}

/// A stream that can be hung up.
pub fn hangable(from: OwnedFd) -> io::Result<(Hangable, HangUp)> {
    let (wake, hang_up) = io::pipe()?;
    Ok((Hangable { from: from.into(), wake }, HangUp(Arc::new(hang_up))))
}

impl Read for Hangable {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = [
                PollFd::new(self.from.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.wake.as_fd(), PollFlags::POLLIN),
            ];
            match poll(&mut ready, PollTimeout::NONE) {
                Ok(_) => {}
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let [stream, wake] = &ready;
            if wake.any() == Some(true) {
                return Ok(0);
            }
            if stream.any() == Some(true) {
                return self.from.read(into);
            }
        }
    }
}

/// Starts servers as processes of ours.
pub struct Processes;

impl Start for Processes {
    fn start(&self, spec: &Spec) -> io::Result<Box<dyn Running>> {
        let mut words = spec.command.iter();
        let program =
            words.next().ok_or_else(|| io::Error::other("there is no program to start"))?;
        let mut command =
            if spec.sandbox { confined(spec, program)? } else { Command::new(program) };
        command
            .args(words)
            .env_clear()
            .envs(spec.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn()?;
        let output =
            child.stdout.take().ok_or_else(|| io::Error::other("the server has no output"))?;
        let (output, hang_up) = hangable(output.into())?;
        Ok(Box::new(Server { child, output: Some(output), hang_up }))
    }
}

/// The same program, started by our own `sandbox` command.
#[cfg(target_os = "linux")]
fn confined(spec: &Spec, program: &str) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["sandbox", "--report", "changes"]);
    for (name, _) in &spec.environment {
        if let Some(name) = name.to_str() {
            command.args(["--env", name]);
        }
    }
    command.arg("--").arg(program);
    Ok(command)
}

#[cfg(not(target_os = "linux"))]
fn confined(_: &Spec, _: &str) -> io::Result<Command> {
    Err(io::Error::other("this build has no sandbox"))
}

struct Server {
    child: Child,
    output: Option<Hangable>,
    hang_up: HangUp,
}

impl Server {
    fn group(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Whether it has ended; it is not reaped by that, so its number is still
    /// its own and its group can be ended safely.
    fn has_ended(&self) -> bool {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        !matches!(
            waitid(Id::Pid(self.group()), flags),
            Ok(WaitStatus::StillAlive) | Err(Errno::EINTR)
        )
    }

    fn ends_within(&self, longest: Duration) -> bool {
        let end = Instant::now() + longest;
        loop {
            if self.has_ended() {
                return true;
            }
            if Instant::now() >= end {
                return false;
            }
            thread::sleep(LOOK);
        }
    }
}

impl Running for Server {
    fn input(&mut self) -> Option<Box<dyn Write + Send>> {
        self.child.stdin.take().map(|input| Box::new(input) as Box<dyn Write + Send>)
    }

    fn output(&mut self) -> Option<Box<dyn Read + Send>> {
        self.output.take().map(|output| Box::new(output) as Box<dyn Read + Send>)
    }

    fn end(&mut self, grace: Duration) -> String {
        if !self.ends_within(grace) {
            let _ = killpg(self.group(), Signal::SIGTERM);
            self.ends_within(ASKED);
        }
        // Whatever it started and left behind ends with it.
        let _ = killpg(self.group(), Signal::SIGKILL);
        let ended = self.child.wait();
        self.hang_up.now();
        match ended {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.end(Duration::ZERO);
        }
    }
}
