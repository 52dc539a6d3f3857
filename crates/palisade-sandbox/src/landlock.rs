//! The second lock: what the mounts already refuse, Landlock refuses again.

use std::os::fd::AsFd;
use std::path::Path;

use crate::plan::{Mount, Plan, Stage};
use crate::sys::{self, Access, Errno};

const EXECUTE: u64 = 1;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const REMOVE: u64 = 1 << 4 | 1 << 5;
/// Directories, files, sockets, pipes and links; never device nodes.
const MAKE: u64 = 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 12;
const MAKE_DEVICES: u64 = 1 << 6 | 1 << 11;
const REFER: u64 = 1 << 13;
const TRUNCATE: u64 = 1 << 14;
const IOCTL_DEV: u64 = 1 << 15;

const READ: u64 = EXECUTE | READ_FILE | READ_DIR;
const WRITE: u64 = WRITE_FILE | REMOVE | MAKE | REFER | TRUNCATE;

/// Abstract sockets and signals of processes outside.
const SCOPES: u64 = 0b11;

/// Puts the plan's paths in force as Landlock rules; false where the kernel
/// has no Landlock.
pub fn enforce(plan: &Plan) -> Result<bool, Errno> {
    let abi = sys::landlock_abi();
    if abi == 0 {
        return Ok(false);
    }
    let mut handled = READ | WRITE_FILE | REMOVE | MAKE | MAKE_DEVICES;
    for (since, right) in [(2, REFER), (3, TRUNCATE), (5, IOCTL_DEV)] {
        if abi >= since {
            handled |= right;
        }
    }
    let rules = sys::Landlock::new(handled, if abi >= 6 { SCOPES } else { 0 })?;
    let allow = |path: &Path, rights: u64| -> Result<(), Errno> {
        let Ok(fd) = sys::open_path(path, libc::O_PATH, 0) else { return Ok(()) };
        // A right that only makes sense for directories is refused on a file.
        let rights = if sys::is_directory(fd.as_fd()) {
            rights
        } else {
            rights & (EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV)
        };
        rules.allow(fd.as_fd(), rights)
    };
    let own_root = plan.stage != Stage::Bare;
    if own_root {
        // There is nothing in this root but what was put there.
        allow(Path::new("/"), READ_DIR)?;
        allow(Path::new("/etc"), READ)?;
    }
    allow(Path::new("/proc"), READ_FILE | READ_DIR)?;
    allow(Path::new("/dev"), READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | IOCTL_DEV)?;
    for mount in &plan.mounts {
        match mount {
            Mount::Bind { device: true, .. } => {}
            Mount::Bind { path, access: Access::ReadOnly, .. }
                if !(below_writable(plan, path) || own_root && path.starts_with("/etc")) =>
            {
                allow(path, READ)?;
            }
            Mount::Bind { path, access: Access::ReadWrite, .. } if plan.writable.contains(path) => {
                allow(path, READ | WRITE | IOCTL_DEV)?;
            }
            Mount::Memory(path, _) | Mount::Alias(path, _) if own_root => {
                allow(path, READ | WRITE)?
            }
            // The host's own small files, instead of copies.
            Mount::File(path, _) if path.starts_with("/etc") => allow(path, READ_FILE)?,
            _ => {}
        }
    }
    rules.enforce()?;
    Ok(true)
}

/// A protected path below a writable one: the mount holds it, and a rule here
/// could only widen.
fn below_writable(plan: &Plan, path: &Path) -> bool {
    plan.writable.iter().any(|writable| path.starts_with(writable))
}
