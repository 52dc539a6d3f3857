//! The one way to write a secret or a piece of state: whole or not at all,
//! and readable by its owner only.
//!
//! A new file is made beside the target under a name that did not exist
//! (`O_EXCL`, which follows no link), its mode is set to 0600 on the open
//! handle (so the umask has no say), it is filled, synced, and renamed over
//! the target. A stale or planted temporary file is not reused, a symbolic
//! link at the target is replaced and not followed, and a reader sees the old
//! content or the new.
//!
//! **Known gaps.** Whoever can write to the target's directory can replace
//! what was written: keep that directory 0700. A crash can leave a temporary
//! file (`.name.*.tmp`, 0600) behind. On Windows the mode is the directory's.

use crate::error::{Error, Result};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Writes `bytes` to `path` as described above, and returns when they would
/// survive power loss.
///
/// # Errors
/// What the system refused; the target is then as it was.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, bytes, true)
}

/// The same without waiting for the disk: what is written can be made again.
pub(crate) fn write_state(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, bytes, false)
}

fn write(path: &Path, bytes: &[u8], synced: bool) -> Result<()> {
    let (temporary, mut file) = create_beside(path)?;
    let filled = file.write_all(bytes).and_then(|()| if synced { file.sync_all() } else { Ok(()) });
    drop(file);
    if let Err(error) = filled.and_then(|()| fs::rename(&temporary, path)) {
        let _ = fs::remove_file(&temporary);
        return Err(Error::io("write", path)(error));
    }
    if synced {
        sync_directory(parent(path))?;
    }
    Ok(())
}

/// The same for a file of one small block that is there and was of `before`
/// bytes: written over in its place, no new file is made and no disk is waited
/// for. So few bytes at the beginning of a file are written at once, as far as a
/// kill or a power loss can tell; its length is not, so where that changes the
/// file is made anew.
pub(crate) fn write_over(path: &Path, before: usize, bytes: &[u8]) -> Result<()> {
    const BLOCK: usize = 512;
    #[cfg(unix)]
    if before == bytes.len() && before <= BLOCK {
        use std::os::unix::fs::FileExt;
        let file = open_regular(path, OpenOptions::new().write(true)).ok();
        let file = file.filter(|file| is_alone(file).unwrap_or(false));
        if file.is_some_and(|file| file.write_all_at(bytes, 0).is_ok()) {
            return Ok(());
        }
    }
    write_secret(path, bytes)
}

/// Makes a new 0600 file beside `path`.
fn create_beside(path: &Path) -> Result<(PathBuf, File)> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let moment = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos());
    for _ in 0..64 {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let unique = format!(".{name}.{}-{moment:08x}-{count}.tmp", std::process::id());
        let temporary = parent(path).join(unique);
        match create_new(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::io("write beside", path)(error)),
        }
    }
    Err(Error::io("write beside", path)(io::ErrorKind::AlreadyExists.into()))
}

/// A file that did not exist before, 0600 whatever the umask says.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        options.mode(0o600);
        let file = options.open(path)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        Ok(file)
    }
    #[cfg(not(unix))]
    options.open(path)
}

/// Opens a file that is there for reading and appending; never through a
/// symbolic link in the last place, and never anything but a regular file,
/// which could keep us waiting.
///
/// What is appended to has no second name: whoever writes there writes here.
pub(crate) fn open_existing(path: &Path, append: bool) -> io::Result<File> {
    let file = open_regular(path, OpenOptions::new().read(true).append(append))?;
    if append && !is_alone(&file)? {
        return Err(io::Error::other("it has another name somewhere (a hard link)"));
    }
    Ok(file)
}

fn is_alone(file: &File) -> io::Result<bool> {
    #[cfg(unix)]
    return file.metadata().map(|there| std::os::unix::fs::MetadataExt::nlink(&there) < 2);
    #[cfg(not(unix))]
    return Ok(true);
}

fn open_regular(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

/// The bytes of a small file; more than any of ours has is an error.
pub(crate) fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    const MOST: u64 = 1 << 20;
    let file = open_existing(path, false)?;
    // One byte more than there is: then one read has it all, and one sees the end.
    let len = file.metadata()?.len().min(MOST);
    let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or_default() + 1);
    file.take(MOST).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == MOST { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// Makes a directory of mode 0700, with its parents.
///
/// # Errors
/// What the system refused, or where something else is in its place.
pub fn private_directory(path: &Path) -> Result<()> {
    if let Ok(there) = fs::symlink_metadata(path) {
        if there.is_dir() {
            return Ok(());
        }
        return Err(Error::io("make directory", path)(io::ErrorKind::NotADirectory.into()));
    }
    // One level at a time: the umask may take even the owner's rights away.
    let above = parent(path);
    if !above.exists() {
        private_directory(above)?;
    }
    let made = fs::create_dir(path);
    if let Err(error) = made
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(Error::io("make directory", path)(error));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))
            .map_err(Error::io("make directory", path))?;
    }
    Ok(())
}

pub(crate) fn sync_directory(path: &Path) -> Result<()> {
    // Directories cannot be opened for this on Windows.
    if cfg!(unix) {
        File::open(path)
            .and_then(|directory| directory.sync_all())
            .map_err(Error::io("sync", path))?;
    }
    Ok(())
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn mode_is_0600_and_content_is_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        fs::write(&path, "an older, longer and world-readable value").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        write_secret(&path, b"new").unwrap();
        assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"new".to_vec(), 0o600));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_at_the_target_is_replaced_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (victim, path) = (dir.path().join("victim"), dir.path().join("secret"));
        fs::write(&victim, "untouched").unwrap();
        symlink(&victim, &path).unwrap();
        write_secret(&path, b"new").unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"untouched");
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
        assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"new".to_vec(), 0o600));
    }

    #[test]
    fn a_planted_temporary_file_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let victim = dir.path().join("victim");
        fs::write(&victim, "untouched").unwrap();
        let planted = dir.path().join("planted");
        symlink(&victim, &planted).unwrap();
        assert_eq!(create_new(&planted).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&victim).unwrap(), b"untouched");
    }
}
