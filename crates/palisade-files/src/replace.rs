//! A file replaced whole: the old content or the new, never half of one.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use palisade_core::{FileFault, FileKind, FileShown};
use palisade_guards::content::reveal;
use rustix::fs::{
    Access, AtFlags, CWD, FlockOperation, Gid, Mode, OFlags, RenameFlags, Uid, accessat, fchmod,
    fchown, flock, fsync, linkat, mkdirat, openat, renameat, renameat_with, unlinkat,
};
use rustix::io::Errno;

use crate::fault::{fault, io_fault};
use crate::lines::{BOM, Endings};
use crate::opened::{Opened, Target};
use crate::resolve::{Located, descriptor};
use crate::status::Status;

/// So much of the old content says how its lines end.
const LOOKED_AT: u64 = 256 * 1024;

/// Makes the file, or replaces all of it.
pub(crate) fn write(
    opened: Opened<'_>,
    content: &str,
    parents: bool,
) -> Result<FileShown, FileFault> {
    let most = opened.files.bounds().written;
    if content.len() > most {
        return Err(FileFault::new(format!(
            "the content has {} bytes, more than the {most} that are written at once",
            content.len()
        )));
    }
    match &opened.target {
        Target::There { .. } => {
            opened.must_be(FileKind::Regular, "write")?;
            let (content, mut notes) = as_before(&opened, content);
            notes.extend(swap(&opened, content.as_bytes(), false)?);
            Ok(shown(&opened, "written", content.len(), notes))
        }
        Target::Missing { directory, names } => {
            make(&opened, directory, names, content, parents)?;
            Ok(shown(&opened, "made", content.len(), Vec::new()))
        }
    }
}

pub(crate) fn shown(
    opened: &Opened<'_>,
    done: &str,
    bytes: usize,
    notes: Vec<String>,
) -> FileShown {
    let path = reveal(&opened.facts.path);
    FileShown {
        text: format!("{done}: {path} ({bytes} bytes)\n"),
        notes,
        changed: 1,
        ..FileShown::default()
    }
}

/// The content with the line endings and the mark that the old one has.
fn as_before(opened: &Opened<'_>, content: &str) -> (String, Vec<String>) {
    let mut old = Vec::new();
    if let Ok((file, _)) = opened.readable("read") {
        // What cannot be read says nothing, and the content stays as it is.
        let _ = file.take(LOOKED_AT).read_to_end(&mut old);
    }
    let mut content = content.to_owned();
    let mut notes = Vec::new();
    if Endings::of(&old) == Endings::Windows
        && !old.contains(&0)
        && !content.contains('\r')
        && content.contains('\n')
    {
        content = content.replace('\n', "\r\n");
        notes.push("its lines end with CRLF as before".into());
    }
    if old.starts_with(BOM.as_bytes()) && !content.starts_with(BOM) {
        content.insert_str(0, BOM);
        notes.push("it begins with a byte order mark as before".into());
    }
    (content, notes)
}

/// Puts `content` in the place of the judged file. `unchanged` says that it
/// must still hold what it held when it was opened.
pub(crate) fn swap(
    opened: &Opened<'_>,
    content: &[u8],
    unchanged: bool,
) -> Result<Vec<String>, FileFault> {
    let path = opened.facts.path.as_str();
    let wrong = |error| fault("write", path, error);
    let Target::There { located, status, parent: Some((directory, name)) } = &opened.target else {
        return Err(wrong(Errno::AGAIN));
    };
    match accessat(&directory.fd, name, Access::WRITE_OK, AtFlags::EACCESS) {
        // An old kernel does not say; then the directory's rights decide.
        Ok(()) | Err(Errno::NOSYS | Errno::INVAL) => {}
        Err(error) => return Err(wrong(error)),
    }
    let (file, temporary) = temporary(directory.fd.as_fd(), 0o600).map_err(|error| match error {
        Errno::ACCESS | Errno::PERM => FileFault::new(format!(
            "cannot write `{}`: its directory cannot be written, so it cannot be replaced whole",
            reveal(path)
        )),
        error => wrong(error),
    })?;
    let mut notes = Vec::new();
    let file = filled(file, content, path)
        .and_then(|file| {
            dress(&file, located, status, &mut notes);
            fsync(&file).map_err(wrong)
        })
        .and_then(|()| same_place(directory).map_err(wrong));
    let exchanged = file.and_then(|()| {
        let _turn = turn(directory.fd.as_fd()).map_err(wrong)?;
        let fits = |found: &Status| {
            found.kind == FileKind::Regular
                && if unchanged {
                    found.is_unchanged(status)
                } else {
                    found.object == status.object
                }
        };
        exchange(directory.fd.as_fd(), &temporary, name, &fits).map_err(|error| match error {
            Errno::AGAIN => {
                FileFault::new(format!("`{}` changed meanwhile; nothing was written", reveal(path)))
                    .help("read it again")
            }
            error => wrong(error),
        })
    });
    // By now this name holds the old content, or content that nobody gets.
    let _ = unlinkat(&directory.fd, &temporary, AtFlags::empty());
    exchanged?;
    sync_directory(directory.fd.as_fd());
    if status.links > 1 {
        notes.push(format!("the file had {} names; the others keep the old content", status.links));
    }
    Ok(notes)
}

/// Makes a file that was not there, and the directories above it.
fn make(
    opened: &Opened<'_>,
    above: &Located,
    names: &[PathBuf],
    content: &str,
    parents: bool,
) -> Result<(), FileFault> {
    let path = opened.facts.path.as_str();
    let wrong = |error| fault("write", path, error);
    let Some((name, directories)) = names.split_last() else { return Err(wrong(Errno::NOENT)) };
    if !directories.is_empty() && !parents {
        return Err(wrong(Errno::NOENT).help("its directory is missing too; ask for it to be made"));
    }
    same_place(above).map_err(wrong)?;
    let mut made: Option<OwnedFd> = None;
    for directory in directories {
        let at = made.as_ref().map_or(above.fd.as_fd(), AsFd::as_fd);
        match mkdirat(at, directory, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(wrong(error)),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        made = Some(openat(at, directory, flags, Mode::empty()).map_err(wrong)?);
    }
    let directory = made.as_ref().map_or(above.fd.as_fd(), AsFd::as_fd);
    // What is private from the start never had another mode.
    let private = palisade_guards::file::is_private(&opened.facts, opened.files.places());
    let (file, temporary) =
        temporary(directory, if private { 0o600 } else { 0o666 }).map_err(wrong)?;
    let moved = filled(file, content.as_bytes(), path).and_then(|file| {
        fsync(&file).map_err(wrong)?;
        place(directory, &temporary, name).map_err(|error| match error {
            Errno::EXIST => FileFault::new(format!(
                "`{}` was made by somebody else meanwhile; nothing was written",
                reveal(path)
            ))
            .help("read it first"),
            error => wrong(error),
        })
    });
    if moved.is_err() {
        let _ = unlinkat(directory, &temporary, AtFlags::empty());
    }
    moved?;
    sync_directory(directory);
    Ok(())
}

/// A new file under a name that was not there.
fn temporary(directory: BorrowedFd<'_>, mode: u32) -> Result<(File, PathBuf), Errno> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let moment = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos());
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    for _ in 0..64 {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        let name = PathBuf::from(format!(".palisade-{process}-{moment:08x}-{count}.tmp"));
        match openat(directory, &name, flags, Mode::from_raw_mode(mode)) {
            Ok(fd) => return Ok((File::from(fd), name)),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Errno::EXIST)
}

fn filled(mut file: File, content: &[u8], path: &str) -> Result<File, FileFault> {
    file.write_all(content).map_err(|error| io_fault("write", path, &error))?;
    Ok(file)
}

/// Owner, mode and attributes of the old file, as far as we may.
fn dress(file: &File, old: &Located, status: &Status, notes: &mut Vec<String>) {
    let (user, group) = status.owner;
    let is = Status::of(file).map(|new| new.owner);
    if is != Ok((user, group)) {
        let (owner, of) = (Some(Uid::from_raw(user)), Some(Gid::from_raw(group)));
        if fchown(file, owner, of).is_err() {
            let _ = fchown(file, None, of);
            notes.push("it belongs to another user or group than before".into());
        }
    }
    // A program that ran with its owner's rights does not do so with another
    // content; the kernel takes the bits away at a write, too.
    let mode = Mode::from_raw_mode(status.mode & 0o777);
    if fchmod(file, mode).is_err() {
        notes.push("it has another mode than before".into());
    }
    copy_attributes(file, old);
}

/// Access lists, security labels and attributes of the user.
#[cfg(target_os = "linux")]
fn copy_attributes(file: &File, old: &Located) {
    use rustix::fs::{XattrFlags, fsetxattr, getxattr, listxattr};
    const NAMES: usize = 64 * 1024;
    let from = descriptor(old.fd.as_fd());
    let mut names = vec![0u8; NAMES];
    let Ok(length) = listxattr(&from, names.as_mut_slice()) else { return };
    for name in names.get(..length).unwrap_or(&[]).split(|byte| *byte == 0) {
        let copied = name.starts_with(b"user.")
            || name == b"system.posix_acl_access"
            || name == b"security.selinux";
        if !copied {
            continue;
        }
        let mut value = vec![0u8; NAMES];
        if let Ok(length) = getxattr(&from, name, value.as_mut_slice()) {
            let value = value.get(..length).unwrap_or(&[]);
            let _ = fsetxattr(file, name, value, XattrFlags::empty());
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn copy_attributes(_: &File, _: &Located) {}

/// Whether the directory still is where it was judged to be.
fn same_place(directory: &Located) -> Result<(), Errno> {
    use std::os::unix::ffi::OsStrExt;
    // Where nobody says so, the handle alone must do.
    match rustix::fs::readlinkat(CWD, descriptor(directory.fd.as_fd()), Vec::new()) {
        Ok(now) if now.as_bytes() != directory.real.as_os_str().as_bytes() => Err(Errno::AGAIN),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// How often, and with what pause, a writer asks whether it is its turn.
const ASKED: u32 = 500;
const PAUSE: Duration = Duration::from_millis(4);

/// The turn to exchange names in a directory, until it is dropped. An
/// exchange that is taken back shows its content for a moment; a second
/// writer who took that content for the old one would lose its own. Others
/// than us replace no file in this way, so a lock among us (flock(2)) does.
fn turn(directory: BorrowedFd<'_>) -> Result<Option<OwnedFd>, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    // What cannot be read cannot be locked either.
    let Ok(lock) = openat(directory, c".", flags, Mode::empty()) else { return Ok(None) };
    for _ in 0..ASKED {
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Some(lock)),
            Err(Errno::WOULDBLOCK) => std::thread::sleep(PAUSE),
            Err(Errno::INTR) => {}
            // A file system without locks.
            Err(_) => return Ok(None),
        }
    }
    Err(Errno::NOLCK)
}

/// Exchanges two names, and takes it back where what comes out does not fit.
/// Afterwards `temporary` holds what nobody needs.
fn exchange(
    directory: BorrowedFd<'_>,
    temporary: &Path,
    name: &Path,
    fits: &dyn Fn(&Status) -> bool,
) -> Result<(), Errno> {
    // What is seen to be another is never shown in its place.
    match Status::at(directory, name) {
        Ok(found) if fits(&found) => {}
        Ok(_) | Err(Errno::NOENT) => return Err(Errno::AGAIN),
        Err(error) => return Err(error),
    }
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        let change = || renameat_with(directory, temporary, directory, name, RenameFlags::EXCHANGE);
        match change() {
            Ok(()) => {
                if Status::at(directory, temporary).is_ok_and(|out| fits(&out)) {
                    return Ok(());
                }
                change()?;
                return Err(Errno::AGAIN);
            }
            Err(Errno::NOENT) => return Err(Errno::AGAIN),
            // A file system that cannot.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            Err(error) => return Err(error),
        }
    }
    renameat(directory, temporary, directory, name)
}

/// Gives the temporary file its name, if nobody has it.
fn place(directory: BorrowedFd<'_>, temporary: &Path, name: &Path) -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    match renameat_with(directory, temporary, directory, name, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
        other => return other,
    }
    linkat(directory, temporary, directory, name, AtFlags::empty())?;
    let _ = unlinkat(directory, temporary, AtFlags::empty());
    Ok(())
}

/// So that the new name survives power loss, where the directory can be read.
fn sync_directory(directory: BorrowedFd<'_>) {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    if let Ok(open) = openat(directory, c".", flags, Mode::empty()) {
        let _ = fsync(&open);
    }
}
