//! What runs inside: the locks, and process 1, which starts the command,
//! reaps, passes signals on, and lets nothing outlive it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use crate::error::Step;
use crate::landlock;
use crate::native::Failure;
use crate::plan::{Plan, Stage};
use crate::sys;
use crate::wire::{Reader, Writer};

/// Messages between a launcher and process 1 of a sandbox.
pub mod message {
    /// To an inside that something else built: this is the plan.
    pub const PLAN: u8 = 4;
    /// To the inside: go on with the setup.
    pub const GO: u8 = 1;
    /// To the inside: start this command, with these three streams.
    pub const START: u8 = 2;
    /// To the inside: pass this signal on.
    pub const SIGNAL: u8 = 3;
    /// From the inside: a step failed.
    pub const FAILED: u8 = 10;
    /// From the inside: everything is locked; a descriptor of the call filter may come with it.
    pub const READY: u8 = 11;
    /// From the inside: the command ended, with this status.
    pub const ENDED: u8 = 13;
    /// From the inside: the listener that stands for the way out.
    pub const LISTENER: u8 = 14;
    /// From a session: the process 1 of one command, and its end of the line.
    pub const CHILD: u8 = 15;
}

/// A command to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments.
    pub arguments: Vec<Vec<u8>>,
    /// Its whole environment, `NAME=value`.
    pub environment: Vec<Vec<u8>>,
    /// The directory it starts in.
    pub directory: Vec<u8>,
}

impl Command {
    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        let each = |out: &mut Writer, one: &Vec<u8>| {
            out.bytes(one);
        };
        out.list(&self.arguments, each).list(&self.environment, each).bytes(&self.directory);
        out.0
    }

    /// Back from bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let input = &mut Reader(bytes);
        Some(Self {
            arguments: input.list(Reader::bytes)?,
            environment: input.list(Reader::bytes)?,
            directory: input.bytes()?,
        })
    }

    /// Where the program could be, in the order of PATH.
    fn candidates(&self) -> Vec<Vec<u8>> {
        let program = self.arguments.first().map(Vec::as_slice).unwrap_or_default();
        if program.contains(&b'/') {
            return vec![program.to_vec()];
        }
        let path = self.environment.iter().find_map(|one| one.strip_prefix(b"PATH="));
        path.unwrap_or(b"/usr/local/bin:/usr/bin:/bin")
            .split(|&byte| byte == b':')
            .filter(|dir| !dir.is_empty())
            .map(|dir| [dir, b"/", program].concat())
            .collect()
    }
}

/// Gives up everything that is not needed to start the command. Answers the
/// descriptor on which the call filter asks, where there is one.
pub fn lock(plan: &Plan) -> Result<(Option<OwnedFd>, u8), Failure> {
    plan.check_fault(Step::Capabilities)?;
    limits(plan)?;
    sys::not_dumpable().map_err(|error| Failure::of(Step::Privileges, error))?;
    // Where `bwrap` made the namespaces, it has dropped them already.
    if plan.stage == Stage::Native || plan.stage == Stage::Bare && sys::own_ids().0 == 0 {
        sys::clear_capabilities().map_err(|error| Failure::of(Step::Capabilities, error))?;
    }
    plan.check_fault(Step::Privileges)?;
    sys::no_new_privileges().map_err(|error| Failure::of(Step::Privileges, error))?;
    plan.check_fault(Step::Landlock)?;
    let mut missing = 0;
    if !landlock::enforce(plan).map_err(|error| Failure::of(Step::Landlock, error))? {
        if plan.strict {
            return Err(Failure::of(Step::Landlock, sys::Errno(libc::EOPNOTSUPP)));
        }
        missing |= MISSING_LANDLOCK;
    }
    plan.check_fault(Step::Seccomp)?;
    let listen = plan.report != crate::policy::Report::Nothing;
    let program = crate::seccomp::program(plan, listen);
    let listener = match sys::seccomp(&program, listen) {
        Ok(listener) => listener,
        // A filter with a listener exists already (a sandbox in a sandbox), or the kernel has none.
        Err(_) if listen => {
            missing |= MISSING_REPORT;
            let program = crate::seccomp::program(plan, false);
            sys::seccomp(&program, false).map_err(|error| Failure::of(Step::Seccomp, error))?
        }
        Err(error) => return Err(Failure::of(Step::Seccomp, error)),
    };
    Ok((listener, missing))
}

/// Bit in the READY message: no Landlock in this kernel.
pub const MISSING_LANDLOCK: u8 = 1;
/// Bit in the READY message: refused calls cannot be reported.
pub const MISSING_REPORT: u8 = 2;

fn limits(plan: &Plan) -> Result<(), Failure> {
    let set = |resource: u32, value: u64| {
        sys::set_limit(resource, value).map_err(|error| Failure::of(Step::Limits, error))
    };
    // Never a core file: it would land in the workspace with everything that was in memory.
    set(libc::RLIMIT_CORE, 0)?;
    if let Some(pids) = plan.limits.pids
        && plan.stage != Stage::Bare
    {
        // Counted within this user namespace, so only the sandbox's own processes. One is process 1.
        set(libc::RLIMIT_NPROC, pids.value.saturating_add(1))?;
    }
    Ok(())
}

/// Process 1: waits for the command if it was not given, starts it, and ends
/// with it.
pub fn serve(
    control: BorrowedFd<'_>,
    given: Option<(Command, [OwnedFd; 3])>,
) -> Result<std::convert::Infallible, Failure> {
    let signals = sys::block_signals(&[libc::SIGCHLD])
        .map_err(|error| Failure::of(Step::Descriptors, error))?;
    let (command, stdio) = match given {
        Some(given) => given,
        None => wait_for_start(control)?,
    };
    let exec = sys::Exec::new(
        &command.candidates(),
        &command.arguments,
        &command.environment,
        &command.directory,
    )
    .map_err(|error| {
        Failure::about(Step::Execute, error, &String::from_utf8_lossy(&command.arguments.concat()))
    })?;
    let [input, output, error] = &stdio;
    let started = sys::exec_vfork(&exec, [input.as_fd(), output.as_fd(), error.as_fd()], false);
    let child = started.map_err(|(stage, error)| {
        let (step, about) = match stage {
            0 => (Step::Directory, &command.directory),
            1 => (Step::Descriptors, &command.directory),
            _ => (Step::Execute, command.arguments.first().unwrap_or(&command.directory)),
        };
        Failure::about(step, error, &String::from_utf8_lossy(about))
    })?;
    drop(stdio);
    loop {
        let mut set = [sys::Poll::readable(control), sys::Poll::readable(signals.descriptor())];
        sys::poll(&mut set, -1).map_err(|error| Failure::of(Step::Ended, error))?;
        let [from_launcher, from_children] = set;
        if from_children.ready {
            while signals.next().is_some() {}
            while let Some((pid, status)) = sys::wait_any() {
                if pid == child {
                    // Only then may the caller hear of it: nothing outlives the command.
                    end_the_rest();
                    let _ = sys::send(control, message::ENDED, &status.to_le_bytes(), &[]);
                    sys::exit_now(0);
                }
            }
        }
        if from_launcher.ready {
            match sys::receive(control) {
                Ok(Some((message::SIGNAL, body, _))) => {
                    if let Some(signal) = body.first() {
                        let _ = sys::kill(child, i32::from(*signal));
                    }
                }
                Ok(Some(_)) => {}
                // The launcher is gone: so is everything here.
                Ok(None) | Err(_) => {
                    end_the_rest();
                    sys::exit_now(0)
                }
            }
        }
    }
}

/// Ends whatever the command left behind. Orphans become this process's
/// children, so where it has none, nobody is left.
fn end_the_rest() {
    while sys::has_children() {
        if std::process::id() == 1 {
            // Everybody in this process namespace but ourselves.
            let _ = sys::kill(-1, libc::SIGKILL);
        } else {
            let children =
                sys::read_text(Path::new("/proc/thread-self/children")).unwrap_or_default();
            for child in children.split_whitespace().filter_map(|pid| pid.parse().ok()) {
                let _ = sys::kill(child, libc::SIGKILL);
            }
        }
        sys::wait_one();
    }
}

fn wait_for_start(control: BorrowedFd<'_>) -> Result<(Command, [OwnedFd; 3]), Failure> {
    match sys::receive(control) {
        Ok(Some((message::START, body, fds))) => {
            let command = Command::from_bytes(&body);
            let stdio = <[OwnedFd; 3]>::try_from(fds).ok();
            command.zip(stdio).ok_or(Failure::of(Step::Message, sys::Errno(libc::EBADMSG)))
        }
        Ok(None) => sys::exit_now(0),
        Ok(Some(_)) => Err(Failure::of(Step::Message, sys::Errno(libc::EBADMSG))),
        Err(error) => Err(Failure::of(Step::Message, error)),
    }
}

/// The private first argument that makes a program the inside of a sandbox
/// that something else built.
pub const INSIDE_ARGUMENT: &str = "--palisade-sandbox-inside";

/// The life of such an inside: the locks, then process 1.
pub fn enter(number: i32) -> ! {
    let Ok(control) = sys::inherited(number) else { sys::exit_now(125) };
    let plan = match sys::receive(control.as_fd()) {
        Ok(Some((message::PLAN, body, _))) => Plan::from_bytes(&body),
        _ => None,
    };
    let Some(plan) = plan else { sys::exit_now(125) };
    let Err(failure) = enter_with(&plan, &control);
    let _ = sys::send(control.as_fd(), message::FAILED, &failure.to_bytes(), &[]);
    sys::exit_now(125)
}

fn enter_with(plan: &Plan, control: &OwnedFd) -> Result<std::convert::Infallible, Failure> {
    sys::close_from(3, &[control.as_fd()])
        .map_err(|error| Failure::of(Step::Descriptors, error))?;
    crate::native::offer_way_out(plan, control.as_fd())?;
    let control = control.try_clone().map_err(|error| Failure::of(Step::Message, error.into()))?;
    crate::native::finish(plan, control, None)
}

/// Makes a listener on the sandbox's own loopback, whoever serves it.
pub fn listener(port: u16) -> std::io::Result<OwnedFd> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", port))?.into())
}

/// Whether this process runs inside a sandbox of ours.
pub fn is_inside() -> bool {
    Path::new(crate::system::MARKER).exists()
}
