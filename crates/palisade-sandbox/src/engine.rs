//! Starts sandboxes and sees them through. Lives in a process with one
//! thread: the launcher, or a command-line program that does nothing else.

use std::collections::{HashMap, VecDeque};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::rc::Rc;

use crate::error::Step;
use crate::backend;
use crate::inside::{self, Command, message};
use crate::limits::{Breach, Group, Groups, sampled_memory};
use crate::native::{self, Failure, Handed};
use crate::plan::{Mount, Plan, Stage, UNPRIVILEGED};
use crate::policy::Network;
use crate::report::{Gap, Refusal};
use crate::sys::{self, Child, Errno, ForkFlags, Poll};
use crate::watch;
use crate::wire::Writer;

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
    /// Keeps its mounts until the caller has its answer: letting go of them
    /// takes longer than many a command.
    mounts: Option<OwnedFd>,
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
            mounts: None,
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
        let Some(plan) = self.plans.iter().find(|plan| Some(plan.key) == key).cloned() else { return };
        match kind {
            request::RUN => {
                let command = input.bytes().and_then(|bytes| Command::from_bytes(&bytes));
                let warm = input.flag().unwrap_or(false);
                let Ok([reply, input, output, error]) = <[OwnedFd; 4]>::try_from(fds) else { return };
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
    pub fn run(&mut self, plan: Rc<Plan>, command: Command, stdio: [OwnedFd; 3], reply: OwnedFd, warm: bool) {
        if warm {
            let waiting = self
                .live
                .iter_mut()
                .find(|live| matches!(live.kind, Kind::Waiting { .. }) && live.ready && !live.dead && live.plan.key == plan.key);
            if let Some(live) = waiting {
                let fds: Vec<BorrowedFd<'_>> = stdio.iter().map(AsFd::as_fd).collect();
                if sys::send(live.control.as_fd(), message::START, &command.to_bytes(), &fds).is_ok() {
                    live.kind = Kind::Once;
                    live.deadline = plan.limits.wall.map(|wall| sys::monotonic_millis() + wall);
                    live.reply = Some(reply);
                    return;
                }
                live.dead = true;
            }
        }
        if let Err((failure, Some(reply))) = self.start(&plan, Some((command, stdio)), false, Some(reply)) {
            let _ = sys::send(reply.as_fd(), request::FAILED, &failure.to_bytes(), &[]);
        }
    }

    /// Builds what is missing of the sandboxes to keep ready.
    pub fn refill(&mut self) {
        let plans = self.warm.clone();
        for (plan, wanted) in plans {
            let have = self
                .live
                .iter()
                .filter(|live| matches!(live.kind, Kind::Waiting { .. }) && live.plan.key == plan.key)
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
        let waiting = self.live.iter().filter(|live| matches!(live.kind, Kind::Waiting { .. })).count();
        let wanted: usize = self.warm.iter().map(|(_, count)| count).sum();
        waiting < wanted.min(WAITING)
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
        if plan.network != Network::Host {
            flags = flags.and(ForkFlags::NETWORK);
        }
        let (pid, pidfd) = match sys::clone_with(flags).map_err(|error| Failure::of(Step::Namespaces, error))? {
            Child::Here => {
                let mut keep: Vec<BorrowedFd<'_>> = vec![theirs.as_fd()];
                keep.extend(prepared.iter().map(|(_, tree)| tree.as_fd()));
                keep.extend(doors.iter().map(AsFd::as_fd));
                keep.extend(command.iter().flat_map(|(_, stdio)| stdio.iter().map(AsFd::as_fd)));
                if sys::close_from(3, &keep).is_err() {
                    sys::exit_now(125);
                }
                let handed = Handed { control: theirs, prepared, doors, become_outer: outer, wait, command, session };
                native::live(plan, handed)
            }
            Child::Started(pid, pidfd) => (pid, pidfd),
        };
        drop((theirs, prepared, doors, command));
        let live = Live { group, gaps, ..Live::new(plan, pid, pidfd, ours) };
        let mut live = live;
        live.mounts = sys::open_path(Path::new(&format!("/proc/{pid}/ns/mnt")), libc::O_RDONLY, 0).ok();
        if let Err(failure) = let_go(&live, outer, moved, wait) {
            let _ = sys::kill_pidfd(live.pidfd.as_fd(), libc::SIGKILL);
            let _ = sys::wait_pidfd(live.pidfd.as_fd(), true);
            self.leaving.extend(live.group);
            return Err(failure);
        }
        Ok(live)
    }

    fn group(&mut self, plan: &Plan, gaps: &mut Vec<Gap>) -> Result<Option<Group>, Failure> {
        plan.check_fault(Step::Limits)?;
        let limits = &plan.limits;
        if limits.memory.is_none() && limits.pids.is_none() && limits.cpus.is_none() {
            return Ok(None);
        }
        let groups = self.groups.get_or_insert_with(Groups::find);
        let mut holding = groups.holding();
        let group = match groups.make(limits) {
            Ok(group) => group,
            Err(_) => {
                holding = crate::limits::Holding::default();
                Group::default()
            }
        };
        let required = |limit: Option<crate::policy::Limit>| limit.is_some_and(|limit| limit.required);
        if limits.cpus.is_some() && !holding.cpus {
            if required(limits.cpus) {
                return Err(Failure::about(Step::Limits, Errno(libc::EOPNOTSUPP), "cpus"));
            }
            gaps.push(Gap::CpuUnbounded);
        }
        if limits.memory.is_some() && !holding.memory {
            if required(limits.memory) {
                return Err(Failure::about(Step::Limits, Errno(libc::EOPNOTSUPP), "memory"));
            }
            gaps.push(Gap::MemorySampled);
        }
        if limits.pids.is_some() && !holding.pids && (plan.stage == Stage::Bare || sys::own_ids().0 == 0) {
            if required(limits.pids) {
                return Err(Failure::about(Step::Limits, Errno(libc::EOPNOTSUPP), "pids"));
            }
            gaps.push(Gap::PidsUnbounded);
        }
        Ok(Some(group))
    }

    /// What only the launcher can do: present the user's files, which root
    /// owns, as the unprivileged user's.
    fn prepare(
        &mut self,
        plan: &Plan,
        gaps: &mut Vec<Gap>,
    ) -> Result<Prepared, Failure> {
        if sys::own_ids().0 != 0 {
            return Ok((Vec::new(), None));
        }
        plan.check_fault(Step::Source)?;
        let mut prepared = Vec::new();
        for (index, mount) in plan.mounts.iter().enumerate() {
            let Mount::Bind { path, own: true, .. } = mount else { continue };
            match self.prepare_one(mount, path) {
                Ok(tree) => prepared.push((index, tree)),
                // This file system cannot show its files as somebody else's.
                Err(Errno(libc::EINVAL | libc::EPERM | libc::EOPNOTSUPP | libc::ENOSYS)) if plan.root_accepted => {
                    gaps.push(Gap::HostRoot);
                    return Ok((Vec::new(), None));
                }
                Err(error) => return Err(Failure::about(Step::Source, error, &path.to_string_lossy())),
            }
        }
        Ok((prepared, Some((UNPRIVILEGED, UNPRIVILEGED))))
    }

    fn prepare_one(&mut self, mount: &Mount, path: &Path) -> Result<OwnedFd, Errno> {
        let source = sys::open_exact(path)?;
        let (_, _, _, uid, gid) = sys::status(source.as_fd())?;
        let users = match self.users.entry((uid, gid)) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(room) => room.insert(user_namespace(uid, gid)?),
        };
        native::open_source(mount, path, Some(users.as_fd()))
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
    let (ours, theirs) = sys::pair().map_err(|error| Failure::of(Step::Message, error))?;
    let _ = sys::receive_timeout(ours.as_fd(), 5);
    let started = sys::clone_with(ForkFlags::default()).map_err(|error| Failure::of(Step::Namespaces, error))?;
    let (pid, pidfd) = match started {
        Child::Here => backend::live(plan, &theirs),
        Child::Started(pid, pidfd) => (pid, pidfd),
    };
    drop(theirs);
    if plan.stage == Stage::Bare {
        gaps.extend([Gap::NoNamespaces, Gap::ProtectedAfterwards]);
    } else if sys::own_ids().0 == 0 {
        gaps.push(Gap::HostRoot);
    }
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

/// Writes what only the outside may write about a child, then lets it go on.
fn let_go(live: &Live, outer: Option<(u32, u32)>, moved: bool, wait: bool) -> Result<(), Failure> {
    if let Some((uid, gid)) = outer {
        let (inner_uid, inner_gid) = live.plan.inner;
        write_maps(live.pid, &format!("{inner_uid} {uid} 1"), &format!("{inner_gid} {gid} 1"))
            .map_err(|error| Failure::of(Step::Identity, error))?;
    }
    if let Some(group) = live.group.as_ref().filter(|_| moved) {
        group.add(live.pid).map_err(|error| Failure::of(Step::Limits, error))?;
    }
    if wait {
        sys::send(live.control.as_fd(), message::GO, &[], &[]).map_err(|error| Failure::of(Step::Message, error))?;
    }
    Ok(())
}

fn write_maps(pid: i32, users: &str, groups: &str) -> Result<(), Errno> {
    sys::write_text(Path::new(&format!("/proc/{pid}/uid_map")), users)?;
    sys::write_text(Path::new(&format!("/proc/{pid}/gid_map")), groups)
}

/// A user namespace in which files of (`uid`, `gid`) belong to the
/// unprivileged id: only an idmapped mount uses it, no process stays in it.
fn user_namespace(uid: u32, gid: u32) -> Result<OwnedFd, Errno> {
    let (ours, theirs) = sys::pipe()?;
    match sys::clone_with(ForkFlags::USER)? {
        Child::Here => {
            drop(theirs);
            let _ = sys::read(ours.as_fd(), &mut [0]);
            sys::exit_now(0)
        }
        Child::Started(pid, pidfd) => {
            let made = write_maps(pid, &format!("{uid} {UNPRIVILEGED} 1"), &format!("{gid} {UNPRIVILEGED} 1"))
                .and_then(|()| sys::open_path(Path::new(&format!("/proc/{pid}/ns/user")), libc::O_RDONLY, 0));
            // It ends when the pipe closes, and is reaped when something else is.
            drop((ours, theirs, pidfd));
            made
        }
    }
}

// Seeing them through.

impl Engine {
    /// What to wait for, in the order that `turn` expects.
    fn interest(&self) -> Vec<Poll> {
        let mut set = Vec::with_capacity(self.live.len() * 4);
        for live in &self.live {
            set.push(if live.deaf { Poll::nothing() } else { Poll::readable(live.control.as_fd()) });
            set.push(Poll::readable(live.pidfd.as_fd()));
            set.push(live.listener.as_ref().map_or_else(Poll::nothing, |fd| Poll::readable(fd.as_fd())));
            set.push(live.reply.as_ref().map_or_else(Poll::nothing, |fd| Poll::readable(fd.as_fd())));
        }
        set
    }

    /// Waits until something happens (also on one of `also`) and deals with
    /// what concerns sandboxes. Answers which of `also` are ready.
    pub fn turn(&mut self, also: &[BorrowedFd<'_>]) -> Vec<bool> {
        let mut set = self.interest();
        set.extend(also.iter().map(|fd| Poll::readable(*fd)));
        if sys::poll(&mut set, self.patience()).is_err() {
            return vec![false; also.len()];
        }
        let quiet = !set.iter().any(|one| one.ready);
        let (mine, others) = set.split_at(self.live.len() * 4);
        let ready: Vec<bool> = others.iter().map(|one| one.ready).collect();
        let mine: Vec<([bool; 4], bool)> = mine
            .chunks_exact(4)
            .map(|four| match four {
                [a, b, c, d] => ([a.ready, b.ready, c.ready, d.ready], c.over),
                _ => ([false; 4], false),
            })
            .collect();
        let mut children = Vec::new();
        for (live, ([control, ended, asked, caller], nobody_asks)) in self.live.iter_mut().zip(mine) {
            if nobody_asks {
                live.listener = None;
            } else if asked {
                hear(live);
            }
            if control {
                children.extend(listen(live));
            }
            if caller {
                obey(live);
            }
            if ended {
                bury(live);
            }
        }
        self.live.extend(children);
        self.look_at_clocks();
        self.clear_away();
        if quiet {
            // Nobody waits for us just now: the moment to build ahead.
            self.refill();
        }
        ready
    }

    fn patience(&self) -> i32 {
        if self.short() {
            return 1;
        }
        if self.live.is_empty() && self.leaving.is_empty() {
            return -1;
        }
        let needs_looking = |live: &Live| {
            live.deadline.is_some()
                || live.gaps.contains(&Gap::MemorySampled)
                || matches!(live.kind, Kind::Waiting { .. } | Kind::Session { .. })
        };
        if self.live.iter().any(needs_looking) || !self.leaving.is_empty() { TICK } else { -1 }
    }

    fn look_at_clocks(&mut self) {
        let now = sys::monotonic_millis();
        for live in self.live.iter_mut().filter(|live| !live.dead) {
            if live.deadline.is_some_and(|deadline| now >= deadline) {
                live.breach = Some(Breach::Wall);
                let _ = sys::kill_pidfd(live.pidfd.as_fd(), libc::SIGKILL);
                live.deadline = None;
            }
            if live.gaps.contains(&Gap::MemorySampled)
                && live.breach.is_none()
                && live.plan.limits.memory.is_some_and(|limit| sampled_memory(live.pid) > limit.value)
            {
                live.breach = Some(Breach::Memory);
                let _ = sys::kill_pidfd(live.pidfd.as_fd(), libc::SIGKILL);
            }
            let idle = match live.kind {
                Kind::Waiting { since } | Kind::Session { since } => now.saturating_sub(since) > IDLE,
                Kind::Once => false,
            };
            if idle {
                let _ = sys::kill_pidfd(live.pidfd.as_fd(), libc::SIGKILL);
            }
        }
    }

    fn clear_away(&mut self) {
        let mut rest = Vec::with_capacity(self.live.len());
        for mut live in std::mem::take(&mut self.live) {
            if !live.dead {
                rest.push(live);
                continue;
            }
            if live.breach.is_none() {
                live.breach = live.group.as_ref().and_then(Group::breach);
            }
            if let Some(reply) = live.reply.take() {
                finish(&live, reply.as_fd());
            }
            self.leaving.extend(live.group.take());
        }
        self.live = rest;
        self.leaving.retain_mut(|group| !group.remove());
    }
}

/// Tells the caller how it ended.
fn finish(live: &Live, reply: BorrowedFd<'_>) {
    if let Some(failure) = &live.failure {
        let _ = sys::send(reply, request::FAILED, &failure.to_bytes(), &[]);
        return;
    }
    let status = match (live.status, live.breach) {
        (Some(status), _) => status,
        (None, Some(_)) => libc::SIGKILL,
        (None, None) => {
            let failure = Failure::of(Step::Ended, Errno(0));
            let _ = sys::send(reply, request::FAILED, &failure.to_bytes(), &[]);
            return;
        }
    };
    let mut out = Writer::default();
    out.number(status as u64).byte(live.breach.map_or(0, |breach| breach as u8));
    out.list(&live.gaps, |out, gap| {
        out.byte(*gap as u8);
    });
    out.list(&live.refusals, |out, refusal| {
        refusal.write(out);
    });
    let _ = sys::send(reply, request::DONE, &out.0, &[]);
}

/// Something from the inside.
fn listen(live: &mut Live) -> Option<Live> {
    let (kind, body, fds) = match sys::receive(live.control.as_fd()) {
        Ok(Some(message)) => message,
        // It closed its end or fell silent half-way: whatever is in there must not go on.
        Ok(None) | Err(_) => {
            live.deaf = true;
            if live.status.is_none() && live.failure.is_none() {
                let _ = sys::kill_pidfd(live.pidfd.as_fd(), libc::SIGKILL);
            }
            return None;
        }
    };
    match kind {
        message::READY => {
            let missing = body.first().copied().unwrap_or(0);
            if missing & inside::MISSING_LANDLOCK != 0 {
                live.gaps.push(Gap::NoLandlock);
            }
            if missing & inside::MISSING_REPORT != 0 {
                live.gaps.push(Gap::NoReport);
            }
            live.listener = fds.into_iter().next();
            if let Some(listener) = &live.listener {
                sys::notification_quick(listener.as_fd());
            }
            live.ready = true;
            if let (Kind::Session { .. }, Some(reply)) = (&live.kind, &live.reply) {
                let _ = sys::send(reply.as_fd(), request::OPENED, &[], &[]);
            }
        }
        message::LISTENER => {
            if let (Some(reply), [listener]) = (&live.reply, fds.as_slice()) {
                let _ = sys::send(reply.as_fd(), request::LISTENER, &[], &[listener.as_fd()]);
            }
        }
        message::ENDED => {
            live.deaf = true;
            live.status = <[u8; 4]>::try_from(body.as_slice()).ok().map(i32::from_le_bytes);
        }
        message::FAILED => live.failure = Some(Failure::from_bytes(&body)),
        message::CHILD => return adopt(live, &body, fds),
        _ => {}
    }
    None
}

/// The process 1 of one command of a session, and our line to it.
fn adopt(session: &mut Live, body: &[u8], fds: Vec<OwnedFd>) -> Option<Live> {
    let reply = session.asked.pop_front();
    let [control, pidfd] = <[OwnedFd; 2]>::try_from(fds).ok()?;
    let _ = sys::receive_timeout(control.as_fd(), 5);
    // The number is the one inside; memory is counted with the session.
    let pid = <[u8; 4]>::try_from(body).map_or(0, i32::from_le_bytes);
    Some(Live {
        foreign: true,
        reply,
        deadline: session.plan.limits.wall.map(|wall| sys::monotonic_millis() + wall),
        gaps: session.gaps.iter().copied().filter(|gap| *gap != Gap::MemorySampled).collect(),
        ..Live::new(&session.plan, pid, pidfd, control)
    })
}

/// Something from the caller: a signal to pass on, or that it has gone.
fn obey(live: &mut Live) {
    let Some(reply) = &live.reply else { return };
    match sys::receive(reply.as_fd()) {
        Ok(Some((message::SIGNAL, body, _))) => {
            let _ = sys::send(live.control.as_fd(), message::SIGNAL, &body, &[]);
        }
        Ok(Some((request::RUN, body, fds))) if matches!(live.kind, Kind::Session { .. }) => {
            live.kind = Kind::Session { since: sys::monotonic_millis() };
            let Ok([reply, input, output, error]) = <[OwnedFd; 4]>::try_from(fds) else { return };
            let stdio = [input.as_fd(), output.as_fd(), error.as_fd()];
            if sys::send(live.control.as_fd(), message::START, &body, &stdio).is_ok() {
                live.asked.push_back(reply);
            }
        }
        Ok(Some(_)) => {}
        Ok(None) | Err(_) => {
            live.reply = None;
            let _ = sys::kill_pidfd(live.pidfd.as_fd(), libc::SIGKILL);
        }
    }
}

/// A call that waits for an answer.
fn hear(live: &mut Live) {
    let Some(listener) = &live.listener else { return };
    if !watch::answer(listener.as_fd(), &live.plan, &mut live.refusals) {
        live.listener = None;
    }
}

/// The last process is gone.
fn bury(live: &mut Live) {
    // What it said last may still be unread.
    while live.status.is_none() && live.failure.is_none() {
        let mut set = [Poll::readable(live.control.as_fd())];
        if sys::poll(&mut set, 0).is_err() || !set.iter().any(|one| one.ready) {
            break;
        }
        match sys::receive(live.control.as_fd()) {
            Ok(Some((message::ENDED, body, _))) => {
                live.status = <[u8; 4]>::try_from(body.as_slice()).ok().map(i32::from_le_bytes);
            }
            Ok(Some((message::FAILED, body, _))) => live.failure = Some(Failure::from_bytes(&body)),
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => break,
        }
    }
    if !live.foreign {
        let _ = sys::wait_pidfd(live.pidfd.as_fd(), false);
    }
    live.dead = true;
}
