//! Starts sandboxes and sees them through.
//! thread: the launcher, or a command-line program that does nothing else.

mod networks;
mod oversee;
mod prepare;

use std::collections::{HashMap, VecDeque};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use crate::backend;
use crate::error::Step;
use crate::inside::{Command, message};
use crate::limits::{Breach, Group, Groups};
use crate::native::{self, Failure, Handed};
use crate::plan::{Plan, Stage};
use crate::policy::Network;
use crate::report::{Gap, Refusal};
use crate::sys::{self, Child, Errno, ForkFlags};

use networks::Networks;
use prepare::let_go;

/// Messages between a caller and the engine.
pub mod request {
    /// Here is a plan; requests name it by its key.
    pub const PLAN: u8 = 29;
    /// Run a command in a sandbox of this plan.
    pub const RUN: u8 = 30;
    /// Keep sandboxes of this plan ready.
    pub const WARM: u8 = 31;
    /// Open a session.
    pub const OPEN: u8 = 32;
    /// To a caller: it did not come to run.
    pub const FAILED: u8 = 40;
    /// To a caller: it is over.
    pub const DONE: u8 = 41;
    /// To a caller: the listener of the way out.
    pub const LISTENER: u8 = 42;
    /// To a caller: a session stands.
    pub const OPENED: u8 = 43;
}

/// How often bounds are looked at that nobody tells us about.
const TICK: i32 = 50;
/// Sandboxes that wait, at most, for all plans together.
const WAITING: usize = 16;
/// How long one waits before it is let go.
const IDLE: u64 = 60_000;

enum Kind {
    /// For one command.
    Once,
    /// Built, and waiting for a command.
    Waiting { since: u64 },
    /// Serves many commands; the caller's line is in `reply`.
    Session { since: u64 },
}

struct Live {
    plan: Rc<Plan>,
    kind: Kind,
    pid: i32,
    pidfd: OwnedFd,
    /// A child of a session, which reaps it.
    foreign: bool,
    control: OwnedFd,
    reply: Option<OwnedFd>,
    listener: Option<OwnedFd>,
    group: Option<Group>,
    deadline: Option<u64>,
    gaps: Vec<Gap>,
    refusals: Vec<Refusal>,
    breach: Option<Breach>,
    failure: Option<Failure>,
    status: Option<i32>,
    dead: bool,
    /// Everything is locked: a waiting one may get its command.
    ready: bool,
    /// It has closed its line to us.
    deaf: bool,
    /// The callers of a session whose commands are about to start.
    asked: VecDeque<OwnedFd>,
}

impl Live {
    fn new(plan: &Rc<Plan>, pid: i32, pidfd: OwnedFd, control: OwnedFd) -> Self {
        Self {
            plan: Rc::clone(plan),
            kind: Kind::Once,
            pid,
            pidfd,
            foreign: false,
            control,
            reply: None,
            listener: None,
            group: None,
            deadline: None,
            gaps: Vec::new(),
            refusals: Vec::new(),
            breach: None,
            failure: None,
            status: None,
            dead: false,
            ready: false,
            deaf: false,
            asked: VecDeque::new(),
        }
    }
}

/// Trees by their place in the plan, and the id on the host to become.
type Prepared = (Vec<(usize, OwnedFd)>, Option<(u32, u32)>);

/// Starts sandboxes and sees them through.
#[derive(Default)]
pub struct Engine {
    live: Vec<Live>,
    groups: Option<Groups>,
    users: HashMap<(u32, u32), OwnedFd>,
    leaving: Vec<Group>,
    /// Processes that held a user namespace while it was described.
    helpers: Vec<OwnedFd>,
    /// Networks made ahead.
    networks: Networks,
    /// Plans that callers have sent.
    plans: VecDeque<Rc<Plan>>,
    /// Plans that are kept ready, and how many of each.
    warm: Vec<(Rc<Plan>, usize)>,
}

impl Engine {
    /// One that has nothing to do yet.
    ///
    /// # Errors
    /// Where this process has more than one thread: a copy of it could hold
    /// locks for ever.
    pub fn new() -> Result<Self, Failure> {
        if !sys::thread_free_fork() {
            return Err(Failure::about(Step::Backend, Errno(libc::EDEADLK), "threads"));
        }
        native::HOST_IDS.get_or_init(sys::own_ids);
        Ok(Self::default())
    }

    /// One that makes networks ahead of time, for a process that serves others
    /// and has idle moments.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn ahead() -> Result<Self, Failure> {
        let mut engine = Self::new()?;
        engine.networks = Networks::ahead();
        Ok(engine)
    }

    /// Takes one message of a caller.
    pub fn take(&mut self, kind: u8, body: &[u8], fds: Vec<OwnedFd>) {
        let mut input = crate::wire::Reader(body);
        if kind == request::PLAN {
            if let Some(plan) = Plan::from_bytes(body) {
                if self.plans.len() >= crate::launcher::PLANS {
                    self.plans.pop_front();
                }
                self.plans.push_back(Rc::new(plan));
            }
            return;
        }
        let key = input.number();
        let Some(plan) = self.plans.iter().find(|plan| Some(plan.key) == key).cloned() else {
            return;
        };
        match kind {
            request::RUN => {
                let command = input.bytes().and_then(|bytes| Command::from_bytes(&bytes));
                let warm = input.flag().unwrap_or(false);
                let Ok([reply, input, output, error]) = <[OwnedFd; 4]>::try_from(fds) else {
                    return;
                };
                let Some(command) = command else { return };
                self.run(plan, command, [input, output, error], reply, warm);
            }
            request::WARM => {
                let count = input.number().unwrap_or(0).min(WAITING as u64) as usize;
                self.warm.retain(|(known, _)| known.key != plan.key);
                if count > 0 {
                    self.warm.push((plan, count));
                }
            }
            request::OPEN => {
                if let Ok([reply]) = <[OwnedFd; 1]>::try_from(fds) {
                    let answer = self.start(&plan, None, true, Some(reply));
                    if let Err((failure, Some(reply))) = answer {
                        let _ = sys::send(reply.as_fd(), request::FAILED, &failure.to_bytes(), &[]);
                    }
                }
            }
            _ => {}
        }
    }

    /// Runs a command, in a sandbox that waits for one where there is one.
    pub fn run(
        &mut self,
        plan: Rc<Plan>,
        command: Command,
        stdio: [OwnedFd; 3],
        reply: OwnedFd,
        warm: bool,
    ) {
        if warm {
            let waiting = self.live.iter_mut().find(|live| {
                matches!(live.kind, Kind::Waiting { .. })
                    && live.ready
                    && !live.dead
                    && live.plan.key == plan.key
            });
            if let Some(live) = waiting {
                let fds: Vec<BorrowedFd<'_>> = stdio.iter().map(AsFd::as_fd).collect();
                if sys::send(live.control.as_fd(), message::START, &command.to_bytes(), &fds)
                    .is_ok()
                {
                    live.kind = Kind::Once;
                    live.deadline = plan.limits.wall.map(|wall| sys::monotonic_millis() + wall);
                    live.reply = Some(reply);
                    return;
                }
                live.dead = true;
            }
        }
        if let Err((failure, Some(reply))) =
            self.start(&plan, Some((command, stdio)), false, Some(reply))
        {
            let _ = sys::send(reply.as_fd(), request::FAILED, &failure.to_bytes(), &[]);
        }
    }

    /// Builds what is missing of the sandboxes to keep ready.
    pub fn refill(&mut self) {
        self.networks.make_one();
        let plans = self.warm.clone();
        for (plan, wanted) in plans {
            let have = self
                .live
                .iter()
                .filter(|live| {
                    matches!(live.kind, Kind::Waiting { .. }) && live.plan.key == plan.key
                })
                .count();
            let room = WAITING.saturating_sub(
                self.live.iter().filter(|live| matches!(live.kind, Kind::Waiting { .. })).count(),
            );
            for _ in 0..wanted.saturating_sub(have).min(room) {
                if self.start(&plan, None, false, None).is_err() {
                    // It would fail again: a run will say why.
                    self.warm.retain(|(known, _)| known.key != plan.key);
                    break;
                }
            }
        }
    }

    /// Whether nothing runs here any more.
    pub fn idle(&self) -> bool {
        self.live.is_empty()
    }

    /// Whether fewer sandboxes wait than should.
    fn short(&self) -> bool {
        let waiting =
            self.live.iter().filter(|live| matches!(live.kind, Kind::Waiting { .. })).count();
        let wanted: usize = self.warm.iter().map(|(_, count)| count).sum();
        waiting < wanted.min(WAITING) || self.networks.short()
    }

    fn start(
        &mut self,
        plan: &Rc<Plan>,
        command: Option<(Command, [OwnedFd; 3])>,
        session: bool,
        reply: Option<OwnedFd>,
    ) -> Result<(), (Failure, Option<OwnedFd>)> {
        match self.launch(plan, command, session) {
            Ok(mut live) => {
                live.deadline = if reply.is_some() && !session {
                    plan.limits.wall.map(|wall| sys::monotonic_millis() + wall)
                } else {
                    None
                };
                live.kind = match (&reply, session) {
                    (_, true) => Kind::Session { since: sys::monotonic_millis() },
                    (Some(_), false) => Kind::Once,
                    (None, false) => Kind::Waiting { since: sys::monotonic_millis() },
                };
                live.reply = reply;
                self.live.push(live);
                Ok(())
            }
            Err(failure) => Err((failure, reply)),
        }
    }

    fn launch(
        &mut self,
        plan: &Rc<Plan>,
        command: Option<(Command, [OwnedFd; 3])>,
        session: bool,
    ) -> Result<Live, Failure> {
        let mut gaps = Vec::new();
        let group = self.group(plan, &mut gaps)?;
        if plan.stage != Stage::Native {
            return elsewhere(plan, command, group, gaps, session);
        }
        let (prepared, outer) = self.prepare(plan, &mut gaps)?;
        accepted(plan, &gaps)?;
        let (ours, theirs) = sys::pair().map_err(|error| Failure::of(Step::Message, error))?;
        let _ = sys::receive_timeout(ours.as_fd(), 5);
        let doors = match &group {
            Some(group) => group.doors().map_err(|error| Failure::of(Step::Limits, error))?,
            None => Vec::new(),
        };
        let moved = doors.is_empty() && group.is_some();
        let wait = outer.is_some() || moved;

        plan.check_fault(Step::Namespaces)?;
        let mut flags = ForkFlags::USER.and(ForkFlags::WORLD);
        let spare = if plan.network == Network::Host { None } else { self.networks.enter_spare() };
        if plan.network != Network::Host && spare.is_none() {
            flags = flags.and(ForkFlags::NETWORK);
        }
        let network_made = spare.is_some();
        let cloned = sys::clone_with(flags);
        let (pid, pidfd) = match cloned.map_err(|error| Failure::of(Step::Namespaces, error)) {
            Ok(Child::Here) => {
                let mut keep: Vec<BorrowedFd<'_>> = vec![theirs.as_fd()];
                keep.extend(prepared.iter().map(|(_, tree)| tree.as_fd()));
                keep.extend(doors.iter().map(AsFd::as_fd));
                keep.extend(command.iter().flat_map(|(_, stdio)| stdio.iter().map(AsFd::as_fd)));
                if sys::close_from(3, &keep).is_err() {
                    sys::exit_now(125);
                }
                let handed = Handed {
                    control: theirs,
                    prepared,
                    doors,
                    become_outer: outer,
                    wait,
                    network_made,
                    command,
                    session,
                };
                native::live(plan, handed)
            }
            Ok(Child::Started(pid, pidfd)) => {
                drop(spare);
                (pid, pidfd)
            }
            Err(failure) => return Err(failure),
        };
        drop((theirs, prepared, doors, command));
        let live = Live { group, gaps, ..Live::new(plan, pid, pidfd, ours) };
        if let Err(failure) = let_go(&live, outer, moved, wait) {
            // If it failed first, what it says is the reason, and ours only the consequence.
            let failure = match sys::receive(live.control.as_fd()) {
                Ok(Some((message::FAILED, body, _))) => Failure::from_bytes(&body),
                _ => failure,
            };
            let _ = sys::kill_pidfd(live.pidfd.as_fd(), libc::SIGKILL);
            let _ = sys::wait_pidfd(live.pidfd.as_fd(), true);
            self.leaving.extend(live.group);
            return Err(failure);
        }
        Ok(live)
    }
}

/// Where nothing less than everything is accepted, a gap is a refusal.
fn accepted(plan: &Plan, gaps: &[Gap]) -> Result<(), Failure> {
    match gaps.first() {
        Some(gap) if plan.strict => {
            Err(Failure::about(Step::Backend, Errno(libc::EOPNOTSUPP), gap.words()))
        }
        _ => Ok(()),
    }
}

/// A sandbox whose namespaces something else makes, or nobody.
fn elsewhere(
    plan: &Rc<Plan>,
    command: Option<(Command, [OwnedFd; 3])>,
    group: Option<Group>,
    mut gaps: Vec<Gap>,
    session: bool,
) -> Result<Live, Failure> {
    if session {
        return Err(Failure::about(Step::Backend, Errno(libc::EOPNOTSUPP), "session"));
    }
    if plan.stage == Stage::Bare {
        gaps.extend([Gap::NoNamespaces, Gap::ProtectedAfterwards]);
    } else if sys::own_ids().0 == 0 {
        gaps.push(Gap::HostRoot);
    }
    accepted(plan, &gaps)?;
    let (ours, theirs) = sys::pair().map_err(|error| Failure::of(Step::Message, error))?;
    let _ = sys::receive_timeout(ours.as_fd(), 5);
    let started = sys::clone_with(ForkFlags::default())
        .map_err(|error| Failure::of(Step::Namespaces, error))?;
    let (pid, pidfd) = match started {
        Child::Here => backend::live(plan, &theirs),
        Child::Started(pid, pidfd) => (pid, pidfd),
    };
    drop(theirs);
    let live = Live { group, gaps, ..Live::new(plan, pid, pidfd, ours) };
    let given = || -> Result<(), Errno> {
        if let Some(group) = &live.group {
            group.add(pid)?;
        }
        sys::send(live.control.as_fd(), message::GO, &[], &[])?;
        sys::send(live.control.as_fd(), message::PLAN, &plan.to_bytes(), &[])?;
        if let Some((command, stdio)) = &command {
            let fds: Vec<BorrowedFd<'_>> = stdio.iter().map(AsFd::as_fd).collect();
            sys::send(live.control.as_fd(), message::START, &command.to_bytes(), &fds)?;
        }
        Ok(())
    };
    if let Err(error) = given() {
        let _ = sys::kill_pidfd(live.pidfd.as_fd(), libc::SIGKILL);
        let _ = sys::wait_pidfd(live.pidfd.as_fd(), true);
        return Err(Failure::of(Step::Backend, error));
    }
    Ok(live)
}
