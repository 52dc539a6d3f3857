//! Whether what a project installs is as its repository holds it.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use palisade_shell::Install;

use crate::session::Session;

/// How long an index of git may be that is looked through.
const INDEX: u64 = 16 * 1024 * 1024;

/// Whether a lock file and the manifests beside it lie in the workspace, are
/// kept by git as they stand, and no command or tool of the session has written
/// any of them. Where that cannot be told, they are not.
pub(crate) fn is_locked(install: &Install, workspace: &Path, session: &Session) -> bool {
    let directory = Path::new(&install.directory);
    if !directory.starts_with(workspace) || crate::facts::real(&install.directory).is_some() {
        return false;
    }
    let there = |name: &&&str| fs::symlink_metadata(directory.join(name)).is_ok();
    let locks: Vec<&str> = install.locks.iter().filter(there).copied().collect();
    let manifests = install.manifests.iter().copied();
    let files: Vec<PathBuf> =
        locks.iter().copied().chain(manifests).map(|name| directory.join(name)).collect();
    let untouched =
        |path: &PathBuf| path.to_str().is_some_and(|path| session.labels(path).is_none());
    if locks.is_empty() || !files.iter().all(untouched) {
        return false;
    }
    let Some(root) = directory.ancestors().find(|at| at.join(".git").is_dir()) else {
        return false;
    };
    let index = root.join(".git/index");
    if !fs::metadata(&index).is_ok_and(|about| about.is_file() && about.len() <= INDEX) {
        return false;
    }
    let Ok(index) = fs::read(&index) else { return false };
    files.iter().all(|file| {
        let name = file.strip_prefix(root).ok().and_then(Path::to_str);
        let about = fs::symlink_metadata(file).ok().filter(Metadata::is_file);
        match (name, about) {
            (Some(name), Some(about)) => kept_as_is(&index, name, &about),
            _ => false,
        }
    })
}

/// Whether the index has an entry of that name with the very times, size and
/// number of the file, which is how git itself sees that nothing was changed
/// (gitformat-index, version 2).
fn kept_as_is(index: &[u8], name: &str, about: &Metadata) -> bool {
    /// Times and numbers, the hash, and the flags before the name.
    const FIXED: usize = 40 + 20 + 2;
    let number = |at: usize| {
        let bytes = index.get(at..at + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    if index.get(..8) != Some(b"DIRC\0\0\0\x02") {
        return false;
    }
    let Some(count) = number(8) else { return false };
    let mut at = 12;
    for _ in 0..count {
        let Some(rest) = index.get(at + FIXED..) else { return false };
        let Some(length) = rest.iter().position(|byte| *byte == 0) else { return false };
        if rest.get(..length) == Some(name.as_bytes()) {
            let flags = index.get(at + 60).copied().unwrap_or(0xff);
            // Neither taken for unchanged unseen nor in conflict.
            return flags & 0xf0 == 0 && same(about, |field| number(at + 4 * field));
        }
        // Ended by one to eight bytes, so that each begins at a multiple of 8.
        at += (FIXED + length + 8) / 8 * 8;
    }
    false
}

#[cfg(unix)]
fn same(about: &Metadata, field: impl Fn(usize) -> Option<u32>) -> bool {
    use std::os::unix::fs::MetadataExt;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "git keeps the lower 32 bits"
    )]
    let now = [
        (0, about.ctime() as u32),
        (1, about.ctime_nsec() as u32),
        (2, about.mtime() as u32),
        (3, about.mtime_nsec() as u32),
        (5, about.ino() as u32),
        (9, about.size() as u32),
    ];
    now.iter().all(|(at, value)| field(*at) == Some(*value))
}

#[cfg(not(unix))]
fn same(_: &Metadata, _: impl Fn(usize) -> Option<u32>) -> bool {
    false
}

#[cfg(all(test, unix))]
#[allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what fails here fails the test"
)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use palisade_shell::Labels;

    use super::*;

    /// An index that has the files as they are now.
    fn index(root: &Path, names: &[&str]) -> Vec<u8> {
        let mut bytes = b"DIRC\0\0\0\x02".to_vec();
        bytes.extend((names.len() as u32).to_be_bytes());
        for name in names {
            let about = fs::metadata(root.join(name)).unwrap();
            let fields = [
                about.ctime() as u32,
                about.ctime_nsec() as u32,
                about.mtime() as u32,
                about.mtime_nsec() as u32,
                about.dev() as u32,
                about.ino() as u32,
                about.mode(),
                about.uid(),
                about.gid(),
                about.size() as u32,
            ];
            fields.iter().for_each(|field| bytes.extend(field.to_be_bytes()));
            bytes.extend([7; 20]);
            bytes.extend((name.len() as u16).to_be_bytes());
            bytes.extend(name.as_bytes());
            let length = 62 + name.len();
            bytes.resize(bytes.len() + (length + 8) / 8 * 8 - length, 0);
        }
        bytes
    }

    #[test]
    fn as_the_repository_holds_it() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        fs::create_dir(root.join(".git")).unwrap();
        let (lock, manifest) = (root.join("package-lock.json"), root.join("package.json"));
        fs::write(&lock, "{}").unwrap();
        fs::write(&manifest, "{}").unwrap();
        let install = Install {
            directory: root.to_str().unwrap().to_owned(),
            locks: &["npm-shrinkwrap.json", "package-lock.json"],
            manifests: &["package.json"],
        };
        let mut session = Session::default();
        assert!(!is_locked(&install, &root, &session), "without an index");
        fs::write(root.join(".git/index"), index(&root, &["package-lock.json"])).unwrap();
        assert!(!is_locked(&install, &root, &session), "the manifest is not kept");
        let kept = index(
            &root,
            &["a", "package-lock.json", "package.json"]
                .map(|name| if name == "a" { "package.json" } else { name }),
        );
        fs::write(root.join(".git/index"), kept).unwrap();
        assert!(is_locked(&install, &root, &session));
        assert!(!is_locked(&install, &root.join("sub"), &session), "outside the workspace");
        session.files.insert(manifest.to_str().unwrap().to_owned(), Labels::WRITTEN);
        assert!(!is_locked(&install, &root, &session), "the session has written it");
        session.files.clear();
        fs::write(&manifest, "{ }").unwrap();
        assert!(!is_locked(&install, &root, &session), "it was changed");
        fs::remove_file(&manifest).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", &manifest).unwrap();
        assert!(!is_locked(&install, &root, &session), "it is a link");
    }
}
