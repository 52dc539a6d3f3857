//! What the kernel says of an open handle.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use palisade_core::{FileKind, Object};
use rustix::fs::{AtFlags, FileType, Stat};
use rustix::io::Errno;

/// One look at an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Status {
    pub(crate) object: Object,
    pub(crate) kind: FileKind,
    pub(crate) links: u64,
    pub(crate) size: u64,
    /// Permission bits.
    pub(crate) mode: u32,
    pub(crate) owner: (u32, u32),
    /// When the content changed, to the nanosecond where kept.
    pub(crate) changed: (i64, i64),
    /// The mount that the handle goes through, where the kernel says so.
    pub(crate) mount: Option<u64>,
}

impl Status {
    /// Of an open handle.
    pub(crate) fn of(fd: impl AsFd) -> Result<Self, Errno> {
        Self::look(fd.as_fd(), Path::new(""))
    }

    /// Of a name in a directory, without following a link.
    pub(crate) fn at(directory: impl AsFd, name: &Path) -> Result<Self, Errno> {
        Self::look(directory.as_fd(), name)
    }

    /// Whether it is the same object with the same content as far as times
    /// and size tell.
    pub(crate) fn is_unchanged(&self, since: &Self) -> bool {
        self.object == since.object && self.size == since.size && self.changed == since.changed
    }

    #[cfg(target_os = "linux")]
    fn look(fd: BorrowedFd<'_>, name: &Path) -> Result<Self, Errno> {
        use rustix::fs::{StatxFlags, makedev, statx};
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
        match statx(fd, name, flags, StatxFlags::BASIC_STATS | StatxFlags::MNT_ID) {
            Ok(found) => Ok(Self {
                object: Object {
                    device: makedev(found.stx_dev_major, found.stx_dev_minor),
                    inode: found.stx_ino,
                },
                kind: kind(FileType::from_raw_mode(u32::from(found.stx_mode))),
                links: found.stx_nlink.into(),
                size: found.stx_size,
                mode: u32::from(found.stx_mode) & 0o7777,
                owner: (found.stx_uid, found.stx_gid),
                changed: (found.stx_mtime.tv_sec, found.stx_mtime.tv_nsec.into()),
                mount: (found.stx_mask & StatxFlags::MNT_ID.bits() != 0)
                    .then_some(found.stx_mnt_id),
            }),
            Err(Errno::NOSYS | Errno::PERM) => Self::plainly(fd, name),
            Err(error) => Err(error),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn look(fd: BorrowedFd<'_>, name: &Path) -> Result<Self, Errno> {
        Self::plainly(fd, name)
    }

    fn plainly(fd: BorrowedFd<'_>, name: &Path) -> Result<Self, Errno> {
        let found = if name.as_os_str().is_empty() {
            rustix::fs::fstat(fd)?
        } else {
            rustix::fs::statat(fd, name, AtFlags::SYMLINK_NOFOLLOW)?
        };
        Ok(Self::from(&found))
    }
}

impl From<&Stat> for Status {
    // The width and sign of these numbers differ between systems.
    #[allow(clippy::unnecessary_cast, clippy::cast_sign_loss, clippy::useless_conversion)]
    fn from(found: &Stat) -> Self {
        Self {
            object: Object { device: found.st_dev as u64, inode: found.st_ino as u64 },
            kind: kind(FileType::from_raw_mode(found.st_mode as _)),
            links: found.st_nlink as u64,
            size: u64::try_from(found.st_size).unwrap_or(0),
            mode: found.st_mode as u32 & 0o7777,
            owner: (found.st_uid as u32, found.st_gid as u32),
            changed: (found.st_mtime as i64, found.st_mtime_nsec as i64),
            mount: None,
        }
    }
}

pub(crate) const fn kind(of: FileType) -> FileKind {
    match of {
        FileType::RegularFile => FileKind::Regular,
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::Link,
        FileType::Fifo => FileKind::Fifo,
        FileType::Socket => FileKind::Socket,
        FileType::CharacterDevice => FileKind::CharacterDevice,
        FileType::BlockDevice => FileKind::BlockDevice,
        FileType::Unknown => FileKind::Unknown,
    }
}
