//! Mounts by descriptor.

use std::ffi::CString;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use super::io::{Errno, Result, c_path, check, owned};

/// How a mount may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Never written.
    ReadOnly,
    /// Written as the file permissions say.
    ReadWrite,
}

/// What a detached tree gets before anybody can see it.
#[derive(Debug, Clone, Copy)]
pub struct BindAttributes<'a> {
    /// Read-only or not.
    pub access: Access,
    /// Whether device files in it work (only for the few device nodes).
    pub devices: bool,
    /// Whether programs in it may be executed.
    pub execute: bool,
    /// Present owners through this user namespace.
    pub idmap: Option<BorrowedFd<'a>>,
}

/// Opens `path`, every component as it is: a symbolic link anywhere in it is
/// an error, so a path that was swapped after it was resolved is not followed.
pub fn open_exact(path: &Path) -> Result<OwnedFd> {
    let text = c_path(path)?;
    // SAFETY: a zeroed `open_how` is valid, it is a structure of integers.
    let mut how: libc::open_how = unsafe { std::mem::zeroed() };
    how.flags = (libc::O_PATH | libc::O_CLOEXEC | libc::O_NOFOLLOW) as u64;
    how.resolve = libc::RESOLVE_NO_SYMLINKS | libc::RESOLVE_NO_MAGICLINKS;
    // SAFETY: `text` is NUL-terminated, `how` is a live structure and its size is passed.
    owned(unsafe {
        libc::syscall(
            libc::SYS_openat2,
            libc::AT_FDCWD,
            text.as_ptr(),
            &raw const how,
            std::mem::size_of::<libc::open_how>(),
        )
    })
}

/// Opens `path` below `dir`; a symbolic link anywhere in it is an error.
pub fn open_below(dir: BorrowedFd<'_>, path: &Path, flags: i32) -> Result<OwnedFd> {
    let text = c_path(path)?;
    // SAFETY: a zeroed `open_how` is valid, it is a structure of integers.
    let mut how: libc::open_how = unsafe { std::mem::zeroed() };
    how.flags = (flags | libc::O_CLOEXEC | libc::O_NOFOLLOW) as u64;
    how.resolve = libc::RESOLVE_NO_SYMLINKS | libc::RESOLVE_NO_MAGICLINKS | libc::RESOLVE_BENEATH;
    // SAFETY: `text` is NUL-terminated, `how` is a live structure and its size is passed.
    owned(unsafe {
        libc::syscall(
            libc::SYS_openat2,
            dir.as_raw_fd(),
            text.as_ptr(),
            &raw const how,
            std::mem::size_of::<libc::open_how>(),
        )
    })
}

/// A detached copy of the mount tree at `source`.
pub fn clone_tree(source: BorrowedFd<'_>) -> Result<OwnedFd> {
    let flags = libc::OPEN_TREE_CLONE
        | libc::OPEN_TREE_CLOEXEC
        | (libc::AT_EMPTY_PATH | libc::AT_RECURSIVE) as libc::c_uint;
    // SAFETY: the path is an empty NUL-terminated literal, the rest are integers.
    owned(unsafe { libc::syscall(libc::SYS_open_tree, source.as_raw_fd(), c"".as_ptr(), flags) })
}

/// Sets the attributes of a whole tree.
pub fn change_mount(
    tree: BorrowedFd<'_>,
    wanted: &BindAttributes<'_>,
    recursive: bool,
) -> Result<()> {
    // SAFETY: a zeroed `mount_attr` is valid, it is a structure of integers.
    let mut attributes: libc::mount_attr = unsafe { std::mem::zeroed() };
    attributes.attr_set = libc::MOUNT_ATTR_NOSUID;
    if wanted.access == Access::ReadOnly {
        attributes.attr_set |= libc::MOUNT_ATTR_RDONLY;
    }
    if !wanted.devices {
        attributes.attr_set |= libc::MOUNT_ATTR_NODEV;
    }
    if !wanted.execute {
        attributes.attr_set |= libc::MOUNT_ATTR_NOEXEC;
    }
    if let Some(users) = wanted.idmap {
        attributes.attr_set |= libc::MOUNT_ATTR_IDMAP;
        attributes.userns_fd = users.as_raw_fd() as u64;
    }
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is an empty literal, `attributes` is live and its size is passed.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attributes,
            std::mem::size_of::<libc::mount_attr>(),
        )
    })
    .map(drop)
}

/// Mounts a new file system at `target`.
pub fn mount_new(kind: &str, target: &Path, flags: libc::c_ulong, options: &str) -> Result<()> {
    let text = |text: &str| CString::new(text).map_err(|_| Errno(libc::EINVAL));
    let (kind, target, options) = (text(kind)?, c_path(target)?, text(options)?);
    // SAFETY: all pointers are NUL-terminated strings that outlive the call.
    check(libc::c_long::from(unsafe {
        libc::mount(kind.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, options.as_ptr().cast())
    }))
    .map(drop)
}

/// Cuts every mount's ties to the host's: nothing made here is seen there.
pub fn make_private() -> Result<()> {
    let flags = libc::MS_REC | libc::MS_PRIVATE;
    // SAFETY: `target` is a literal; source, type and data may be null for a propagation change.
    check(libc::c_long::from(unsafe {
        libc::mount(std::ptr::null(), c"/".as_ptr(), std::ptr::null(), flags, std::ptr::null())
    }))
    .map(drop)
}

/// Makes the current directory the root; the old root hangs over it.
pub fn pivot_here() -> Result<()> {
    // SAFETY: both arguments are NUL-terminated literals.
    check(unsafe { libc::syscall(libc::SYS_pivot_root, c".".as_ptr(), c".".as_ptr()) }).map(drop)
}

/// Lets go of the old root that hangs over the new one, and steps into it.
pub fn detach_here() -> Result<()> {
    // SAFETY: the argument is a NUL-terminated literal.
    check(libc::c_long::from(unsafe { libc::umount2(c".".as_ptr(), libc::MNT_DETACH) }))?;
    // SAFETY: the argument is a NUL-terminated literal.
    check(libc::c_long::from(unsafe { libc::chdir(c"/".as_ptr()) })).map(drop)
}

/// Hangs a detached tree on exactly `path` below `dir`: no link on the way is
/// followed, so it cannot be led elsewhere.
pub fn attach_exact(tree: BorrowedFd<'_>, dir: BorrowedFd<'_>, path: &Path) -> Result<()> {
    let target = open_below(dir, path, libc::O_PATH)?;
    // SAFETY: both paths are empty literals; the rest are integers.
    check(unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            tree.as_raw_fd(),
            c"".as_ptr(),
            target.as_raw_fd(),
            c"".as_ptr(),
            libc::MOVE_MOUNT_F_EMPTY_PATH | libc::MOVE_MOUNT_T_EMPTY_PATH,
        )
    })
    .map(drop)
}

/// What an open descriptor is: (device, inode, mode, user, group).
pub fn status(fd: BorrowedFd<'_>) -> Result<(u64, u64, u32, u32, u32)> {
    // SAFETY: a zeroed `stat` is a valid value of this plain structure of integers.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: `stat` is ours to write for the length of the call.
    check(libc::c_long::from(unsafe { libc::fstat(fd.as_raw_fd(), &raw mut stat) }))?;
    Ok((stat.st_dev as u64, stat.st_ino as u64, stat.st_mode, stat.st_uid, stat.st_gid))
}

/// Whether an open descriptor is a directory.
pub fn is_directory(fd: BorrowedFd<'_>) -> bool {
    status(fd).is_ok_and(|found| found.2 & libc::S_IFMT == libc::S_IFDIR)
}
