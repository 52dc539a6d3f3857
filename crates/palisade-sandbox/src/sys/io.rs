//! Descriptors, small files and directories.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// What a system call answers.
pub type Result<T> = std::result::Result<T, Errno>;

/// Why a system call failed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

impl Errno {
    /// The error of the call that just failed.
    pub fn last() -> Self {
        Self(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO))
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = std::io::Error::from_raw_os_error(self.0).to_string();
        let text = text.split(" (os error").next().unwrap_or(&text);
        f.write_str(&text.to_lowercase())
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ({})", self.0)
    }
}

impl From<std::io::Error> for Errno {
    fn from(error: std::io::Error) -> Self {
        Self(error.raw_os_error().unwrap_or(libc::EIO))
    }
}

/// The result of a call that answers -1 on failure.
pub(super) fn check(answer: libc::c_long) -> Result<libc::c_long> {
    if answer < 0 { Err(Errno::last()) } else { Ok(answer) }
}

/// The descriptor a call just made.
pub(super) fn owned(answer: libc::c_long) -> Result<OwnedFd> {
    let fd = check(answer)?;
    let fd = libc::c_int::try_from(fd).map_err(|_| Errno(libc::EBADF))?;
    // SAFETY: the kernel just returned this descriptor to us; nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

pub(super) fn c_path(path: &Path) -> Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno(libc::EINVAL))
}

/// Opens `path` relative to `dir`, close-on-exec always added.
pub fn open_at(dir: BorrowedFd<'_>, path: &Path, flags: i32, mode: u32) -> Result<OwnedFd> {
    let path = c_path(path)?;
    // SAFETY: `path` is a NUL-terminated string that outlives the call; the rest are integers.
    owned(libc::c_long::from(unsafe {
        libc::openat(dir.as_raw_fd(), path.as_ptr(), flags | libc::O_CLOEXEC, mode)
    }))
}

/// Opens `path` from the current directory, close-on-exec always added.
pub fn open_path(path: &Path, flags: i32, mode: u32) -> Result<OwnedFd> {
    open_at(cwd(), path, flags, mode)
}

/// The current directory, for the `*at` calls.
pub(super) const fn cwd() -> BorrowedFd<'static> {
    // SAFETY: AT_FDCWD is not a descriptor that could be closed; every `*at` call takes it as "here".
    unsafe { BorrowedFd::borrow_raw(libc::AT_FDCWD) }
}

/// Makes a directory.
pub fn mkdir_at(dir: BorrowedFd<'_>, path: &Path, mode: u32) -> Result<()> {
    let path = c_path(path)?;
    // SAFETY: `path` is a NUL-terminated string that outlives the call.
    check(libc::c_long::from(unsafe { libc::mkdirat(dir.as_raw_fd(), path.as_ptr(), mode) }))
        .map(drop)
}

/// Makes a symbolic link.
pub fn symlink_at(target: &Path, dir: BorrowedFd<'_>, path: &Path) -> Result<()> {
    let (target, path) = (c_path(target)?, c_path(path)?);
    // SAFETY: both are NUL-terminated strings that outlive the call.
    check(libc::c_long::from(unsafe {
        libc::symlinkat(target.as_ptr(), dir.as_raw_fd(), path.as_ptr())
    }))
    .map(drop)
}

/// Renames within one directory, never over something that exists.
pub fn rename_at(dir: BorrowedFd<'_>, from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (c_path(from)?, c_path(to)?);
    // SAFETY: both are NUL-terminated strings that outlive the call.
    check(unsafe {
        libc::syscall(
            libc::SYS_renameat2,
            dir.as_raw_fd(),
            from.as_ptr(),
            dir.as_raw_fd(),
            to.as_ptr(),
            libc::RENAME_NOREPLACE,
        )
    })
    .map(drop)
}

/// What stands at `path` below `dir`, not following a link: (device, inode, mode).
pub fn name_at(dir: BorrowedFd<'_>, path: &Path) -> Result<(u64, u64, u32)> {
    let path = c_path(path)?;
    // SAFETY: a zeroed `stat` is a valid value of this plain structure of integers.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: `path` is NUL-terminated and `stat` is ours to write for the length of the call.
    check(libc::c_long::from(unsafe {
        libc::fstatat(dir.as_raw_fd(), path.as_ptr(), &raw mut stat, libc::AT_SYMLINK_NOFOLLOW)
    }))?;
    Ok((stat.st_dev as u64, stat.st_ino as u64, stat.st_mode))
}

/// Writes all of `bytes`.
pub fn write_all(fd: BorrowedFd<'_>, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        // SAFETY: the pointer and length are those of a live slice.
        let answer = unsafe { libc::write(fd.as_raw_fd(), bytes.as_ptr().cast(), bytes.len()) };
        match check(answer as libc::c_long) {
            Ok(count) => bytes = bytes.get(count as usize..).unwrap_or_default(),
            Err(Errno(libc::EINTR)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads once.
pub fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize> {
    loop {
        // SAFETY: the pointer and length are those of a live mutable slice.
        let answer =
            unsafe { libc::read(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
        match check(answer as libc::c_long) {
            Err(Errno(libc::EINTR)) => {}
            other => return other.map(|count| count as usize),
        }
    }
}

/// Writes a small kernel file (`/proc`, cgroup) in one call.
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    let fd = open_path(path, libc::O_WRONLY, 0)?;
    write_all(fd.as_fd(), text.as_bytes())
}

/// Reads a small kernel file, at most 64 KiB.
pub fn read_text(path: &Path) -> Result<String> {
    let fd = open_path(path, libc::O_RDONLY, 0)?;
    let mut out = Vec::new();
    let mut buffer = [0_u8; 4096];
    while out.len() < 65_536 {
        let count = read(fd.as_fd(), &mut buffer)?;
        if count == 0 {
            break;
        }
        out.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// A file in memory, readable from its start.
pub fn memfd(name: &CStr, bytes: &[u8]) -> Result<OwnedFd> {
    // SAFETY: `name` is a NUL-terminated string that outlives the call.
    let fd =
        owned(unsafe { libc::syscall(libc::SYS_memfd_create, name.as_ptr(), libc::MFD_CLOEXEC) })?;
    write_all(fd.as_fd(), bytes)?;
    // SAFETY: plain integers.
    check(unsafe { libc::lseek(fd.as_raw_fd(), 0, libc::SEEK_SET) } as libc::c_long)?;
    Ok(fd)
}

/// A pipe: (read end, write end).
pub fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    let mut fds = [0; 2];
    // SAFETY: the array has room for the two descriptors that the call writes.
    check(libc::c_long::from(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) }))?;
    Ok((owned(libc::c_long::from(fds[0]))?, owned(libc::c_long::from(fds[1]))?))
}

/// One descriptor to wait for.
#[derive(Debug, Clone, Copy)]
pub struct Poll {
    fd: i32,
    /// Something can be read, or the other side is gone.
    pub ready: bool,
    /// Nothing can be read, and never will again.
    pub over: bool,
}

impl Poll {
    /// Wait until `fd` can be read.
    pub fn readable(fd: BorrowedFd<'_>) -> Self {
        Self { fd: fd.as_raw_fd(), ready: false, over: false }
    }

    /// Nothing: a place that is never ready.
    pub const fn nothing() -> Self {
        Self { fd: -1, ready: false, over: false }
    }
}

/// Waits until one is ready or `millis` have passed (negative: for ever).
pub fn poll(set: &mut [Poll], millis: i32) -> Result<()> {
    let mut raw: Vec<libc::pollfd> = set
        .iter()
        .map(|one| libc::pollfd { fd: one.fd, events: libc::POLLIN, revents: 0 })
        .collect();
    // SAFETY: the pointer and length are those of a live vector of `pollfd`.
    let answer = unsafe { libc::poll(raw.as_mut_ptr(), raw.len() as libc::nfds_t, millis) };
    match check(libc::c_long::from(answer)) {
        Ok(_) => {}
        Err(Errno(libc::EINTR)) => return Ok(()),
        Err(error) => return Err(error),
    }
    for (one, raw) in set.iter_mut().zip(&raw) {
        one.ready = raw.revents != 0;
        one.over = raw.revents & libc::POLLIN == 0 && one.ready;
    }
    Ok(())
}

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: OsString,
    /// It is a directory.
    pub directory: bool,
    /// It is a symbolic link.
    pub link: bool,
}

/// The names in an open directory, `.` and `..` left out. Kinds come from the
/// directory itself where the file system tells them.
pub fn directory_entries(dir: BorrowedFd<'_>) -> Result<Vec<Entry>> {
    let mut out = Vec::new();
    let mut buffer = [0_u8; 32_768];
    loop {
        // SAFETY: the pointer and length are those of a live mutable array.
        let count = check(unsafe {
            libc::syscall(libc::SYS_getdents64, dir.as_raw_fd(), buffer.as_mut_ptr(), buffer.len())
        })? as usize;
        if count == 0 {
            return Ok(out);
        }
        let mut rest = buffer.get(..count).unwrap_or_default();
        // A record is: inode (8), offset (8), length (2), kind (1), name, NUL.
        while let (Some(&[low, high]), Some(&kind)) = (rest.get(16..18), rest.get(18)) {
            let length = usize::from(u16::from_ne_bytes([low, high]));
            let Some(name) = rest.get(19..length) else { break };
            let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
            rest = rest.get(length..).unwrap_or_default();
            if name == b"." || name == b".." {
                continue;
            }
            let name = OsString::from_vec(name.to_vec());
            let (directory, link) = if kind == libc::DT_UNKNOWN {
                let mode = name_at(dir, Path::new(&name)).map_or(0, |found| found.2);
                (mode & libc::S_IFMT == libc::S_IFDIR, mode & libc::S_IFMT == libc::S_IFLNK)
            } else {
                (kind == libc::DT_DIR, kind == libc::DT_LNK)
            };
            out.push(Entry { name, directory, link });
        }
    }
}

/// A directory that exists on every system, to hang the new root on before the
/// pivot.
pub fn tmp_mount_fallback() -> &'static Path {
    ["/tmp", "/run", "/var", "/usr"]
        .iter()
        .map(|path| Path::new(OsStr::new(*path)))
        .find(|path| path.is_dir())
        .unwrap_or(Path::new("/"))
}

/// Whether this process may write `path`, a directory or a file.
pub fn writable(path: &Path) -> bool {
    let Ok(path) = c_path(path) else { return false };
    // SAFETY: `path` is a NUL-terminated string that outlives the call.
    unsafe { libc::access(path.as_ptr(), libc::W_OK) == 0 }
}
