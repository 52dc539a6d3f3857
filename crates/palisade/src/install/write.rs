//! Writing a configuration: whole or not at all, with the mode and the owner
//! that it had, and through links to the file itself.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::plan::Change;

/// Carries out one change.
///
/// # Errors
/// In words, the file being as it was: also where somebody changed it since it
/// was read.
pub fn carry_out(change: &Change) -> Result<Vec<PathBuf>, String> {
    let now = match fs::read(&change.real) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.to_string()),
    };
    if now != change.before {
        return Err("somebody changed this file just now: nothing was written, start again".into());
    }
    match &change.after {
        None => {
            fs::remove_file(&change.real).map_err(|error| error.to_string())?;
            Ok(Vec::new())
        }
        Some(bytes) => {
            let made = directories(&change.real).map_err(|error| error.to_string())?;
            replace(&change.real, bytes, change.executable).map_err(|error| {
                for directory in made.iter().rev() {
                    let _ = fs::remove_dir(directory);
                }
                hint(&error)
            })?;
            Ok(made)
        }
    }
}

fn hint(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => format!(
            "{error}: where another program makes this file (Nix, a dotfiles manager), put the entry in there; `--dry-run` shows it"
        ),
        _ => error.to_string(),
    }
}

/// Makes the directories above a file and answers those that are new.
fn directories(path: &Path) -> io::Result<Vec<PathBuf>> {
    let above = path.parent().unwrap_or(Path::new("/"));
    let missing = above.ancestors().take_while(|directory| !directory.exists());
    let mut missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
    missing.reverse();
    for directory in &missing {
        match fs::create_dir(directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(missing)
}

/// Puts `bytes` in the place of a file.
fn replace(path: &Path, bytes: &[u8], executable: bool) -> io::Result<()> {
    let old = match fs::metadata(path) {
        Ok(found) => Some(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let above = path.parent().unwrap_or(Path::new("/"));
    let (temporary, mut file) = beside(above, old.is_some(), executable)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| old.as_ref().map_or(Ok(()), |old| as_before(&file, old)))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    File::open(above)?.sync_all()
}

/// A new file in a directory: private until it has the mode of the old one.
fn beside(above: &Path, private: bool, executable: bool) -> io::Result<(PathBuf, File)> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(
        &mut options,
        match (private, executable) {
            (true, _) => 0o600,
            (false, true) => 0o755,
            (false, false) => 0o644,
        },
    );
    for attempt in 0..64 {
        let path = above.join(format!(".palisade-{}-{attempt}.tmp", std::process::id()));
        match options.open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(unix)]
fn as_before(file: &File, old: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        fchown(file, Some(old.uid()), Some(old.gid()))?;
    }
    file.set_permissions(old.permissions())
}

#[cfg(not(unix))]
fn as_before(_: &File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}
