//! What only the launcher can do for a child: control groups, and presenting
//! the user's files as the unprivileged user's where root started it.

use std::collections::hash_map::Entry;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use super::{Engine, Live, Prepared};
use crate::error::Step;
use crate::inside::message;
use crate::limits::{Group, Groups, Holding};
use crate::native::{self, Failure};
use crate::plan::{Mount, Plan, Stage, UNPRIVILEGED};
use crate::policy::Limit;
use crate::report::Gap;
use crate::sys::{self, Child, Errno, ForkFlags};

impl Engine {
    pub(super) fn group(
        &mut self,
        plan: &Plan,
        gaps: &mut Vec<Gap>,
    ) -> Result<Option<Group>, Failure> {
        plan.check_fault(Step::Limits)?;
        let limits = &plan.limits;
        if limits.memory.is_none() && limits.pids.is_none() && limits.cpus.is_none() {
            return Ok(None);
        }
        let groups = self.groups.get_or_insert_with(|| {
            let groups = Groups::find();
            groups.sweep();
            groups
        });
        let mut holding = groups.holding();
        let group = match groups.make(limits) {
            Ok(group) => group,
            Err(_) => {
                holding = Holding::default();
                Group::default()
            }
        };
        let required = |limit: Option<Limit>| limit.is_some_and(|limit| limit.required);
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
        if limits.pids.is_some()
            && !holding.pids
            && (plan.stage == Stage::Bare || sys::own_ids().0 == 0)
        {
            if required(limits.pids) {
                return Err(Failure::about(Step::Limits, Errno(libc::EOPNOTSUPP), "pids"));
            }
            gaps.push(Gap::PidsUnbounded);
        }
        Ok(Some(group))
    }

    /// What only the launcher can do: present the user's files, which root
    /// owns, as the unprivileged user's.
    pub(super) fn prepare(
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
            let Mount::Bind { own: true, .. } = mount else { continue };
            let Some(path) = mount.shown() else { continue };
            match self.prepare_one(mount, path) {
                Ok(tree) => prepared.push((index, tree)),
                // This file system cannot show its files as somebody else's.
                Err(Errno(libc::EINVAL | libc::EPERM | libc::EOPNOTSUPP | libc::ENOSYS))
                    if !plan.strict =>
                {
                    gaps.push(Gap::HostRoot);
                    return Ok((Vec::new(), None));
                }
                Err(error) => {
                    return Err(Failure::about(Step::Source, error, &path.to_string_lossy()));
                }
            }
        }
        Ok((prepared, Some((UNPRIVILEGED, UNPRIVILEGED))))
    }

    fn prepare_one(&mut self, mount: &Mount, path: &Path) -> Result<OwnedFd, Errno> {
        let source = sys::open_exact(path)?;
        let (_, _, _, uid, gid) = sys::status(source.as_fd())?;
        let users = match self.users.entry((uid, gid)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(room) => {
                let (users, helper) = user_namespace(uid, gid)?;
                self.helpers.push(helper);
                room.insert(users)
            }
        };
        native::open_source(mount, path, Some(users.as_fd()))
    }
}

/// Writes what only the outside may write about a child, then lets it go on.
pub(super) fn let_go(
    live: &Live,
    outer: Option<(u32, u32)>,
    moved: bool,
    wait: bool,
) -> Result<(), Failure> {
    if let Some((uid, gid)) = outer {
        let (inner_uid, inner_gid) = live.plan.inner;
        write_maps(live.pid, &format!("{inner_uid} {uid} 1"), &format!("{inner_gid} {gid} 1"))
            .map_err(|error| Failure::of(Step::Identity, error))?;
    }
    if let Some(group) = live.group.as_ref().filter(|_| moved) {
        group.add(live.pid).map_err(|error| Failure::of(Step::Limits, error))?;
    }
    if wait {
        sys::send(live.control.as_fd(), message::GO, &[], &[])
            .map_err(|error| Failure::of(Step::Message, error))?;
    }
    Ok(())
}

fn write_maps(pid: i32, users: &str, groups: &str) -> Result<(), Errno> {
    sys::write_text(Path::new(&format!("/proc/{pid}/uid_map")), users)?;
    sys::write_text(Path::new(&format!("/proc/{pid}/gid_map")), groups)
}

/// A user namespace in which files of (`uid`, `gid`) belong to the
/// unprivileged id, and the process that held it meanwhile: only an idmapped
/// mount uses it.
fn user_namespace(uid: u32, gid: u32) -> Result<(OwnedFd, OwnedFd), Errno> {
    let (ours, theirs) = sys::pipe()?;
    match sys::clone_with(ForkFlags::USER)? {
        Child::Here => {
            drop(theirs);
            let _ = sys::read(ours.as_fd(), &mut [0]);
            sys::exit_now(0)
        }
        Child::Started(pid, pidfd) => {
            let made = write_maps(
                pid,
                &format!("{uid} {UNPRIVILEGED} 1"),
                &format!("{gid} {UNPRIVILEGED} 1"),
            )
            .and_then(|()| {
                sys::open_path(Path::new(&format!("/proc/{pid}/ns/user")), libc::O_RDONLY, 0)
            });
            // It ends when the pipe closes; nobody waits for that.
            drop((ours, theirs));
            made.map(|users| (users, pidfd))
        }
    }
}
