//! The two ways to an engine: in this process, or in a small process of its
//! own that was started from the same executable.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Mutex;

use crate::engine::{Engine, request};
use crate::error::{SandboxError, Step};
use crate::inside::{self, Command, message};
use crate::limits::Breach;
use crate::native::Failure;
use crate::plan::Plan;
use crate::policy::Tty;
use crate::report::Finished;
use crate::sys;
use crate::wire::Writer;

/// The private first argument that makes a program a launcher.
pub const LAUNCHER_ARGUMENT: &str = "--palisade-sandbox-launcher";

impl From<Failure> for SandboxError {
    fn from(failure: Failure) -> Self {
        Self::setup(failure.step, failure.errno, failure.about)
    }
}

fn talk(error: sys::Errno) -> SandboxError {
    SandboxError::setup(Step::Message, error.0, "")
}

/// To be called first in `main`, before a thread, a logger or an async
/// runtime exists: becomes a launcher, and never returns, if the program was
/// started as one.
pub fn launcher_main() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() == Some(OsStr::new(LAUNCHER_ARGUMENT)) {
        let code = serve();
        sys::exit_now(code);
    }
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() == Some(OsStr::new(inside::INSIDE_ARGUMENT)) {
        let number = arguments.next().and_then(|number| number.to_str()?.parse().ok());
        inside::enter(number.unwrap_or(-1));
    }
}

/// A launcher's life: messages come on standard input.
fn serve() -> i32 {
    let Ok(line) = sys::inherited(0) else { return 125 };
    // Nothing of the caller's stays open or in use here.
    if sys::close_from(3, &[]).is_err() || std::env::set_current_dir("/").is_err() {
        return 125;
    }
    let Ok(mut engine) = Engine::ahead() else { return 125 };
    sys::set_process_name(c"palisade-launch");
    let _ = sys::death_signal();
    loop {
        let ready = engine.turn(&[line.as_fd()]);
        if ready.first() == Some(&true) {
            match sys::receive(line.as_fd()) {
                Ok(Some((kind, body, fds))) => engine.take(kind, &body, fds),
                // The program that started us is gone; process 1 of each sandbox goes with us.
                Ok(None) | Err(_) => {
                    engine.finish();
                    return 0;
                }
            }
        }
    }
}

/// A process that owns sandboxes, so that the program with threads and async
/// never forks into one.
#[derive(Debug)]
pub struct Launcher {
    line: Mutex<Line>,
    child: Child,
}

/// The way to a launcher, and which plans it has: it keeps as many as this,
/// and lets the oldest go.
#[derive(Debug)]
struct Line {
    fd: OwnedFd,
    plans: VecDeque<u64>,
}

/// Plans that a launcher remembers.
pub const PLANS: usize = 64;

impl Launcher {
    /// Starts one from this program's own executable, whose `main` must call
    /// [`launcher_main`] first.
    ///
    /// # Errors
    /// Whatever keeps a process from being started.
    pub fn start() -> Result<Self, SandboxError> {
        Self::start_from(Path::new("/proc/self/exe"))
    }

    /// Starts one from another executable whose `main` calls [`launcher_main`]
    /// first.
    ///
    /// # Errors
    /// Whatever keeps a process from being started.
    pub fn start_from(executable: &Path) -> Result<Self, SandboxError> {
        let (ours, theirs) = sys::pair().map_err(talk)?;
        let child = std::process::Command::new(executable)
            .arg(LAUNCHER_ARGUMENT)
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .env_clear()
            .spawn()
            .map_err(|error| {
                SandboxError::setup(Step::Backend, error.raw_os_error().unwrap_or(0), "launcher")
            })?;
        let line = Line { fd: ours, plans: VecDeque::new() };
        Ok(Self { line: Mutex::new(line), child })
    }

    /// Sends a request about a plan, and the plan itself where the launcher
    /// does not have it.
    fn send(
        &self,
        kind: u8,
        plan: &Plan,
        rest: &Writer,
        fds: &[BorrowedFd<'_>],
    ) -> Result<(), SandboxError> {
        let mut line = self.line.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !line.plans.contains(&plan.key) {
            if line.plans.len() >= PLANS {
                line.plans.pop_front();
            }
            line.plans.push_back(plan.key);
            sys::send(line.fd.as_fd(), request::PLAN, &plan.to_bytes(), &[]).map_err(talk)?;
        }
        let mut body = Writer::default();
        body.number(plan.key);
        body.0.extend_from_slice(&rest.0);
        sys::send(line.fd.as_fd(), kind, &body.0, fds).map_err(talk)
    }

    /// The launcher's process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Starts a command in a sandbox of this plan; `warm` uses one that waits.
    ///
    /// # Errors
    /// Where the launcher is gone.
    pub fn run(
        &self,
        plan: &Plan,
        command: &Command,
        stdio: [BorrowedFd<'_>; 3],
        warm: bool,
    ) -> Result<Running, SandboxError> {
        let (ours, theirs) = sys::pair().map_err(talk)?;
        let [input, output, error] = stdio;
        let mut body = Writer::default();
        body.bytes(&command.to_bytes()).flag(warm);
        self.send(request::RUN, plan, &body, &[theirs.as_fd(), input, output, error])?;
        Ok(Running { line: ours })
    }

    /// Keeps `count` sandboxes of this plan ready (0: none any more).
    ///
    /// # Errors
    /// Where the launcher is gone.
    pub fn keep_ready(&self, plan: &Plan, count: usize) -> Result<(), SandboxError> {
        let mut body = Writer::default();
        body.number(count as u64);
        self.send(request::WARM, plan, &body, &[])
    }

    /// Opens a session: one set of mounts for many commands.
    ///
    /// # Errors
    /// A step of building it that failed.
    pub fn open(&self, plan: &Plan) -> Result<Session, SandboxError> {
        let (ours, theirs) = sys::pair().map_err(talk)?;
        self.send(request::OPEN, plan, &Writer::default(), &[theirs.as_fd()])?;
        drop(theirs);
        match sys::receive(ours.as_fd()).map_err(talk)? {
            Some((request::OPENED, _, _)) => Ok(Session { line: ours }),
            Some((request::FAILED, body, _)) => Err(Failure::from_bytes(&body).into()),
            _ => Err(SandboxError::setup(Step::Ended, 0, "")),
        }
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        // It ends when the line closes, which lets it clear away behind itself.
        if let Ok((ours, _)) = sys::pair() {
            let line = self.line.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
            line.fd = ours;
        } else {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Many commands in one set of mounts. It ends when this is dropped.
#[derive(Debug)]
pub struct Session {
    line: OwnedFd,
}

impl Session {
    /// Starts a command in it.
    ///
    /// # Errors
    /// Where the session is gone.
    pub fn run(
        &self,
        command: &Command,
        stdio: [BorrowedFd<'_>; 3],
    ) -> Result<Running, SandboxError> {
        let (ours, theirs) = sys::pair().map_err(talk)?;
        let [input, output, error] = stdio;
        sys::send(
            self.line.as_fd(),
            request::RUN,
            &command.to_bytes(),
            &[theirs.as_fd(), input, output, error],
        )
        .map_err(talk)?;
        Ok(Running { line: ours })
    }
}

/// A command that runs. Dropping it ends the command and all it started.
#[derive(Debug)]
pub struct Running {
    line: OwnedFd,
}

/// What can be heard from a running command.
#[derive(Debug)]
pub enum Heard {
    /// The listener on the sandbox's loopback that is its only way out.
    Listener(OwnedFd),
    /// It is over.
    Over(Finished),
}

impl Running {
    /// Passes a signal on to the command.
    pub fn signal(&self, signal: i32) {
        let number = u8::try_from(signal).unwrap_or(0);
        let _ = sys::send(self.line.as_fd(), message::SIGNAL, &[number], &[]);
    }

    /// Waits for the next thing to be said.
    ///
    /// # Errors
    /// A step of the setup that failed: nothing was executed.
    pub fn hear(&self) -> Result<Heard, SandboxError> {
        loop {
            match sys::receive(self.line.as_fd()).map_err(talk)? {
                Some((request::LISTENER, _, fds)) => {
                    if let Some(listener) = fds.into_iter().next() {
                        return Ok(Heard::Listener(listener));
                    }
                }
                Some((request::DONE, body, _)) => {
                    let finished = Finished::from_bytes(&body);
                    return finished.map(Heard::Over).ok_or(talk(sys::Errno(libc::EBADMSG)));
                }
                Some((request::FAILED, body, _)) => return Err(Failure::from_bytes(&body).into()),
                Some(_) => {}
                None => return Err(SandboxError::setup(Step::Ended, 0, "")),
            }
        }
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// A step of the setup that failed: nothing was executed.
    pub fn wait(self) -> Result<Finished, SandboxError> {
        loop {
            if let Heard::Over(finished) = self.hear()? {
                return Ok(finished);
            }
        }
    }
}

impl AsFd for Running {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.line.as_fd()
    }
}

/// Signals that a one-shot run passes on to its command.
const PASSED_ON: [i32; 8] = [
    libc::SIGINT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGQUIT,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGWINCH,
    libc::SIGALRM,
];

/// Runs one command in this very process's engine. `way_out` gets the listener
/// where the plan has one.
pub fn run_in(
    mut engine: Engine,
    plan: &Plan,
    command: &Command,
    stdio: [BorrowedFd<'_>; 3],
    mut way_out: Option<&mut dyn FnMut(OwnedFd)>,
) -> Result<Finished, SandboxError> {
    let signals = sys::block_signals(&PASSED_ON).map_err(talk)?;
    let (ours, theirs) = sys::pair().map_err(talk)?;
    let [input, output, error] = stdio;
    let own = |fd: BorrowedFd<'_>| fd.try_clone_to_owned().map_err(|error| talk(error.into()));
    let (mut relay, output, error) = match plan.limits.output {
        None => (None, own(output)?, own(error)?),
        Some(most) => {
            let (from_output, to_output) = sys::pipe().map_err(talk)?;
            let (from_error, to_error) = sys::pipe().map_err(talk)?;
            let pipes = vec![(from_output, own(output)?), (from_error, own(error)?)];
            (Some(Relay { pipes, left: most }), to_output, to_error)
        }
    };
    engine.run(
        std::rc::Rc::new(plan.clone()),
        command.clone(),
        [own(input)?, output, error],
        theirs,
        false,
    );
    let running = Running { line: ours };
    loop {
        let mut answered = [sys::Poll::readable(running.as_fd())];
        sys::poll(&mut answered, 0).map_err(talk)?;
        if answered.iter().any(|one| one.ready) {
            match running.hear()? {
                Heard::Over(mut finished) => {
                    if relay.as_mut().is_some_and(|relay| !relay.drain()) {
                        finished.breach = Some(Breach::Output);
                    }
                    return Ok(finished);
                }
                Heard::Listener(listener) => {
                    if let Some(way_out) = way_out.as_mut() {
                        way_out(listener);
                    }
                }
            }
            continue;
        }
        let mut also = vec![running.as_fd(), signals.descriptor()];
        also.extend(
            relay.iter().flat_map(|relay| relay.pipes.iter().map(|(from, _)| from.as_fd())),
        );
        let ready = engine.turn(&also);
        if ready.get(1) == Some(&true) {
            while let Some((signal, from_terminal)) = signals.next() {
                // On a shared terminal, a key pressed reaches the command by itself.
                if !(from_terminal && plan.tty == Tty::Shared) {
                    running.signal(signal);
                }
            }
        }
        if let Some(relay) = &mut relay
            && !relay.pass_on(ready.get(2..).unwrap_or_default())
        {
            // Dropping the line ends everything inside; wait until it has.
            drop(running);
            while !engine.idle() {
                engine.turn(&[]);
            }
            return Ok(Finished::cut_short(Breach::Output));
        }
    }
}

/// Passes output on, up to a bound.
struct Relay {
    /// From the command, to where it goes.
    pipes: Vec<(OwnedFd, OwnedFd)>,
    left: u64,
}

impl Relay {
    /// Passes on what is there; false once the bound is reached.
    fn pass_on(&mut self, ready: &[bool]) -> bool {
        let mut over = Vec::new();
        for (index, (from, to)) in self.pipes.iter().enumerate() {
            if ready.get(index) != Some(&true) {
                continue;
            }
            let mut buffer = [0_u8; 16_384];
            let count = sys::read(from.as_fd(), &mut buffer).unwrap_or(0);
            let passed = count.min(usize::try_from(self.left).unwrap_or(usize::MAX));
            // Nobody reading it any more is no reason to stop the command.
            let _ = sys::write_all(to.as_fd(), buffer.get(..passed).unwrap_or_default());
            self.left -= passed as u64;
            if passed < count {
                return false;
            }
            if count == 0 {
                over.push(index);
            }
        }
        for index in over.into_iter().rev() {
            self.pipes.remove(index);
        }
        true
    }

    /// Passes on what the command left behind.
    fn drain(&mut self) -> bool {
        while !self.pipes.is_empty() {
            let mut set: Vec<sys::Poll> =
                self.pipes.iter().map(|(from, _)| sys::Poll::readable(from.as_fd())).collect();
            if sys::poll(&mut set, 0).is_err() || !set.iter().any(|one| one.ready) {
                break;
            }
            let ready: Vec<bool> = set.iter().map(|one| one.ready).collect();
            if !self.pass_on(&ready) {
                return false;
            }
        }
        true
    }
}

/// The standard streams of this process.
pub fn own_streams() -> [BorrowedFd<'static>; 3] {
    sys::standard_streams()
}
