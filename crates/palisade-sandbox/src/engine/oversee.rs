//! Seeing sandboxes through: what they say, what their callers say, how they
//! end, and what is left to clear away.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::{Engine, IDLE, Kind, Live, TICK, request};
use crate::error::Step;
use crate::inside::{self, message};
use crate::limits::{Breach, Group, sampled_memory};
use crate::native::Failure;
use crate::report::Gap;
use crate::sys::{self, Errno, Poll};
use crate::watch;
use crate::wire::Writer;

impl Engine {
    /// What to wait for, in the order that `turn` expects.
    fn interest(&self) -> Vec<Poll> {
        let mut set = Vec::with_capacity(self.live.len() * 4);
        for live in &self.live {
            set.push(if live.deaf {
                Poll::nothing()
            } else {
                Poll::readable(live.control.as_fd())
            });
            set.push(Poll::readable(live.pidfd.as_fd()));
            set.push(
                live.listener.as_ref().map_or_else(Poll::nothing, |fd| Poll::readable(fd.as_fd())),
            );
            set.push(
                live.reply.as_ref().map_or_else(Poll::nothing, |fd| Poll::readable(fd.as_fd())),
            );
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
        for (live, ([control, ended, asked, caller], nobody_asks)) in self.live.iter_mut().zip(mine)
        {
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
            if live.status.is_some() {
                answer(live);
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
                && live
                    .plan
                    .limits
                    .memory
                    .is_some_and(|limit| sampled_memory(live.pid) > limit.value)
            {
                live.breach = Some(Breach::Memory);
                let _ = sys::kill_pidfd(live.pidfd.as_fd(), libc::SIGKILL);
            }
            let idle = match live.kind {
                Kind::Waiting { since } | Kind::Session { since } => {
                    now.saturating_sub(since) > IDLE
                }
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
            answer(&mut live);
            self.leaving.extend(live.group.take());
        }
        self.live = rest;
        self.leaving.retain_mut(|group| !group.remove());
        self.helpers.retain(|helper| matches!(sys::wait_pidfd(helper.as_fd(), false), Ok(false)));
    }
}

impl Engine {
    /// Ends everything and clears away behind it, for half a second at most.
    pub fn finish(&mut self) {
        self.warm.clear();
        self.networks = super::networks::Networks::default();
        for live in &self.live {
            let _ = sys::kill_pidfd(live.pidfd.as_fd(), libc::SIGKILL);
        }
        let end = sys::monotonic_millis() + 500;
        while !(self.live.is_empty() && self.leaving.is_empty()) && sys::monotonic_millis() < end {
            self.turn(&[]);
        }
    }
}

impl Drop for Engine {
    /// Nothing goes on without somebody to see it through. Groups that the
    /// kernel still counts something in are swept up by the next engine.
    fn drop(&mut self) {
        for mut live in std::mem::take(&mut self.live) {
            let _ = sys::kill_pidfd(live.pidfd.as_fd(), libc::SIGKILL);
            if let Some(group) = live.group.take() {
                // Its last process ends within microseconds; a group can only be removed after that.
                let _ = sys::wait_pidfd(live.pidfd.as_fd(), true);
                self.leaving.push(group);
            }
        }
        for mut group in std::mem::take(&mut self.leaving) {
            let _ = group.remove();
        }
    }
}

/// Tells the caller how it ended, once. Process 1 says so when nobody else is
/// left, so what remains to do then is ours alone and need not be waited for.
fn answer(live: &mut Live) {
    if let Some(reply) = live.reply.take() {
        if live.breach.is_none() {
            live.breach = live.group.as_ref().and_then(Group::breach);
        }
        finish(live, reply.as_fd());
    }
}

/// The last word about a run.
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
