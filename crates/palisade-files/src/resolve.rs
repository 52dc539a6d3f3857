//! From a path to a handle: by openat2 where there is one, else one component
//! at a time.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat, readlinkat};
use rustix::io::Errno;

/// An open object and where it is.
#[derive(Debug)]
pub(crate) struct Located {
    pub(crate) fd: OwnedFd,
    /// Free of links.
    pub(crate) real: PathBuf,
    /// Whether `fd` only names the object (`O_PATH`).
    pub(crate) only_named: bool,
}

/// How a path is resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Way {
    /// By the kernel, or by hand where it cannot.
    #[default]
    Best,
    /// By hand.
    ByHand,
}

/// How often something that changes under our eyes is looked at again.
pub(crate) const TRIES: usize = 16;

/// As many links as Linux follows.
const LINKS: usize = 40;

/// Opens what `path` (absolute) leads to without touching it.
pub(crate) fn locate(path: &Path, way: Way) -> Result<Located, Errno> {
    #[cfg(target_os = "linux")]
    if way == Way::Best {
        match by_kernel(path) {
            Err(Errno::NOSYS) => {}
            other => return other,
        }
    }
    let _ = way;
    by_hand(path)
}

/// Opens a directory for names in it; no part of `path` may be a link.
pub(crate) fn directory(path: &Path, way: Way) -> Result<OwnedFd, Errno> {
    #[cfg(target_os = "linux")]
    if way == Way::Best {
        use rustix::fs::ResolveFlags;
        let resolve = ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
        match kernel(CWD, path, OFlags::PATH | OFlags::DIRECTORY, resolve) {
            Err(Errno::NOSYS) => {}
            other => return other,
        }
    }
    let _ = way;
    let mut at = openat(CWD, c"/", STEP, Mode::empty())?;
    for part in path.components() {
        if let std::path::Component::Normal(name) = part {
            at = openat(&at, name, STEP | OFlags::NOFOLLOW, Mode::empty())?;
        }
    }
    Ok(at)
}

/// Opens a file for reading below a directory: no link on the way, and
/// nothing that would keep us waiting.
pub(crate) fn beneath(root: BorrowedFd<'_>, relative: &Path, way: Way) -> Result<OwnedFd, Errno> {
    #[cfg(target_os = "linux")]
    if way == Way::Best {
        use rustix::fs::ResolveFlags;
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
        match kernel(root, relative, READ, resolve) {
            Err(Errno::NOSYS) => {}
            other => return other,
        }
    }
    let _ = way;
    let mut parts = relative.components().peekable();
    let mut at: Option<OwnedFd> = None;
    while let Some(part) = parts.next() {
        let std::path::Component::Normal(name) = part else { return Err(Errno::XDEV) };
        let flags = if parts.peek().is_some() { STEP } else { READ };
        let from = at.as_ref().map_or(root, AsFd::as_fd);
        at = Some(openat(from, name, flags | OFlags::NOFOLLOW, Mode::empty())?);
    }
    at.ok_or(Errno::NOENT)
}

/// Opens for reading what a handle only names.
pub(crate) fn reopen(fd: BorrowedFd<'_>, only_named: bool) -> Result<OwnedFd, Errno> {
    if !only_named {
        return rustix::io::fcntl_dupfd_cloexec(fd, 0);
    }
    openat(CWD, descriptor(fd), READ, Mode::empty())
}

/// The name of a descriptor of ours in /proc.
pub(crate) fn descriptor(fd: BorrowedFd<'_>) -> PathBuf {
    use std::os::fd::AsRawFd;
    PathBuf::from(format!("/proc/self/fd/{}", fd.as_raw_fd()))
}

/// For reading: no waiting for a pipe's other end, no terminal taken over.
const READ: OFlags =
    OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// For one step on the way.
#[cfg(target_os = "linux")]
const STEP: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const STEP: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

#[cfg(target_os = "linux")]
fn by_kernel(path: &Path) -> Result<Located, Errno> {
    use rustix::fs::ResolveFlags;
    let fd = kernel(CWD, path, OFlags::PATH, ResolveFlags::NO_MAGICLINKS)?;
    // Without /proc nobody says where the handle is.
    let real = readlinkat(CWD, descriptor(fd.as_fd()), Vec::new()).map_err(|_| Errno::NOSYS)?;
    let real = PathBuf::from(OsString::from_vec(real.into_bytes()));
    if !real.is_absolute() {
        return Err(Errno::NOENT);
    }
    Ok(Located { fd, real, only_named: true })
}

#[cfg(target_os = "linux")]
fn kernel(
    from: BorrowedFd<'_>,
    path: &Path,
    flags: OFlags,
    resolve: rustix::fs::ResolveFlags,
) -> Result<OwnedFd, Errno> {
    for _ in 0..TRIES * 4 {
        match rustix::fs::openat2(from, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            // A rename on the way; the kernel could not be sure.
            Err(Errno::AGAIN | Errno::INTR) => {}
            // A filter that does not know the call says one or the other.
            Err(Errno::NOSYS | Errno::PERM) => return Err(Errno::NOSYS),
            other => return other,
        }
    }
    Err(Errno::AGAIN)
}

/// One handle for each component; a link is read and its text walked, so that
/// the path at the end is free of links.
fn by_hand(path: &Path) -> Result<Located, Errno> {
    let root = || openat(CWD, c"/", STEP, Mode::empty());
    let mut stack: Vec<(OsString, OwnedFd)> = Vec::new();
    let base = root()?;
    let mut ahead: Vec<OsString> = parts(path.as_os_str());
    let mut links = 0;
    while let Some(part) = ahead.pop() {
        let last = ahead.is_empty();
        match part.as_bytes() {
            b"" | b"." => continue,
            b".." => {
                stack.pop();
                continue;
            }
            _ => {}
        }
        let at = stack.last().map_or(base.as_fd(), |(_, fd)| fd.as_fd());
        let found = rustix::fs::statat(at, &part, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?;
        let kind = rustix::fs::FileType::from_raw_mode(found.st_mode);
        if kind.is_symlink() {
            links += 1;
            if links > LINKS {
                return Err(Errno::LOOP);
            }
            let target = readlinkat(at, &part, Vec::new())?;
            let target = OsStr::from_bytes(target.as_bytes());
            if target.is_empty() {
                return Err(Errno::NOENT);
            }
            if Path::new(target).is_absolute() {
                stack.clear();
            }
            ahead.extend(parts(target));
            continue;
        }
        let flags = match kind {
            _ if !last => STEP,
            rustix::fs::FileType::Directory => STEP,
            // Named only, where there is such a thing: a device or a pipe
            // notices nothing.
            _ => LAST,
        };
        let fd = openat(at, &part, flags | OFlags::NOFOLLOW, Mode::empty())?;
        stack.push((part, fd));
    }
    let mut real = PathBuf::from("/");
    real.extend(stack.iter().map(|(name, _)| name));
    let fd = stack.pop().map_or(base, |(_, fd)| fd);
    Ok(Located { fd, real, only_named: cfg!(target_os = "linux") })
}

#[cfg(target_os = "linux")]
const LAST: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const LAST: OFlags = READ;

/// The components, last first.
fn parts(path: &OsStr) -> Vec<OsString> {
    let mut parts: Vec<OsString> = path
        .as_bytes()
        .split(|byte| *byte == b'/')
        .map(|part| OsStr::from_bytes(part).to_owned())
        .collect();
    // What ends in a slash is a directory.
    if parts.len() > 1 && parts.last().is_some_and(|last| last.is_empty()) {
        parts.pop();
        parts.push(OsString::from("."));
    }
    parts.reverse();
    parts
}
