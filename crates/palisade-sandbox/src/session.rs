//! A session: one set of mounts and one network for many commands, each in a
//! process namespace of its own that ends with it.

use std::convert::Infallible;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use crate::error::Step;
use crate::inside::{Command, message};
use crate::native::{self, Failure};
use crate::plan::Plan;
use crate::sys::{self, Child, Errno, ForkFlags};

/// Waits for commands and starts a process 1 for each. This process keeps the
/// power to mount within its own namespaces; commands cannot see it, being in
/// process namespaces below its own.
pub fn serve(plan: &Plan, control: OwnedFd) -> Result<Infallible, Failure> {
    sys::set_process_name(c"palisade-zygote");
    let failed = |error: Errno| Failure::of(Step::Namespaces, error);
    sys::not_dumpable().map_err(failed)?;
    let signals = sys::block_signals(&[libc::SIGCHLD]).map_err(failed)?;
    sys::send(control.as_fd(), message::READY, &[0], &[])
        .map_err(|error| Failure::of(Step::Message, error))?;
    loop {
        let mut set =
            [sys::Poll::readable(control.as_fd()), sys::Poll::readable(signals.descriptor())];
        sys::poll(&mut set, -1).map_err(failed)?;
        let [asked, ended] = set;
        if ended.ready {
            while signals.next().is_some() {}
            while sys::wait_any().is_some() {}
        }
        if !asked.ready {
            continue;
        }
        match sys::receive(control.as_fd()) {
            Ok(Some((message::START, body, fds))) => {
                let command = Command::from_bytes(&body);
                let stdio = <[OwnedFd; 3]>::try_from(fds).ok();
                let given =
                    command.zip(stdio).ok_or(Failure::of(Step::Message, Errno(libc::EBADMSG)))?;
                start(plan, &control, given)?;
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => sys::exit_now(0),
        }
    }
}

fn start(plan: &Plan, control: &OwnedFd, given: (Command, [OwnedFd; 3])) -> Result<(), Failure> {
    let (ours, theirs) = sys::pair().map_err(|error| Failure::of(Step::Message, error))?;
    match sys::clone_with(ForkFlags::COMMAND)
        .map_err(|error| Failure::of(Step::Namespaces, error))?
    {
        Child::Here => {
            drop(ours);
            let Err(failure) = become_command(plan, &theirs, given);
            let _ = sys::send(theirs.as_fd(), message::FAILED, &failure.to_bytes(), &[]);
            sys::exit_now(125)
        }
        Child::Started(pid, pidfd) => {
            let fds = [ours.as_fd(), pidfd.as_fd()];
            sys::send(control.as_fd(), message::CHILD, &pid.to_le_bytes(), &fds)
                .map_err(|error| Failure::of(Step::Message, error))
        }
    }
}

fn become_command(
    plan: &Plan,
    control: &OwnedFd,
    given: (Command, [OwnedFd; 3]),
) -> Result<Infallible, Failure> {
    let mut keep = vec![control.as_fd()];
    keep.extend(given.1.iter().map(AsFd::as_fd));
    sys::close_from(3, &keep).map_err(|error| Failure::of(Step::Descriptors, error))?;
    sys::death_signal().map_err(|error| Failure::of(Step::Identity, error))?;
    native::mount_proc(Path::new("/proc")).map_err(|error| Failure::of(Step::Proc, error))?;
    let control = control.try_clone().map_err(|error| Failure::of(Step::Message, error.into()))?;
    native::finish(plan, control, Some(given))
}
