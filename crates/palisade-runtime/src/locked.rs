//! Whether what a project installs is as its repository holds it.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use palisade_shell::{Install, decides_install};
use sha2::{Digest, Sha256};

use crate::calls::hex;
use crate::session::Session;

/// How long an index of git may be that is looked through.
const INDEX: u64 = 16 * 1024 * 1024;
/// How many directories of a project are looked into, and how deep.
const DIRECTORIES: usize = 4096;
const DEEP: usize = 8;
/// Directories that hold no parts of a project but what was made or fetched.
const MADE: &[&str] = &["build", "coverage", "dist", "node_modules", "out", "target", "venv"];

/// Whether a lock file and all that decides with it what is installed (the
/// manifests of the project and of its parts, the settings of the package
/// manager) lie in the workspace, are kept by git as they stand, and neither
/// any of them nor the repository was changed in the session. Where that
/// cannot be told, they are not.
pub(crate) fn is_locked(install: &Install, workspace: &Path, session: &Session) -> bool {
    let directory = Path::new(&install.directory);
    if !directory.starts_with(workspace) || crate::facts::real(&install.directory).is_some() {
        return false;
    }
    let Some(root) = repository(directory).filter(|root| root.join(".git").is_dir()) else {
        return false;
    };
    let Some(index) = index(root) else { return false };
    let Some(entries) = entries(&index) else { return false };
    // What the session has changed there nobody else has agreed to.
    if is_changed(root, ".git/index", session)
        && root.to_str().and_then(|root| session.kept.get(root)) != Some(&digest(&entries))
    {
        return false;
    }
    let there = |name: &Path| fs::symlink_metadata(name).is_ok();
    let Some(mut files) = parts(install, directory) else { return false };
    let above = directory.ancestors().take_while(|at| at.starts_with(workspace));
    let settings = above.flat_map(|at| install.settings.iter().map(|name| at.join(name)));
    files.extend(settings.filter(|path| there(path)));
    let locks: Vec<PathBuf> = install.locks.iter().map(|name| directory.join(name)).collect();
    let locks: Vec<PathBuf> = locks.into_iter().filter(|path| there(path)).collect();
    if locks.is_empty() {
        return false;
    }
    files.extend(locks);
    files.extend(install.manifests.iter().map(|name| directory.join(name)));
    let untouched =
        |path: &PathBuf| path.to_str().is_some_and(|path| session.labels(path).is_none());
    if !files.iter().all(untouched) {
        return false;
    }
    files.iter().all(|file| {
        let name = file.strip_prefix(root).ok().and_then(Path::to_str);
        let about = fs::symlink_metadata(file).ok().filter(Metadata::is_file);
        match (name.and_then(|name| entries.get(name.as_bytes())), about) {
            (Some(entry), Some(about)) => kept_as_is(entry, &about),
            _ => false,
        }
    })
}

/// Of a repository that `file`, an index that is about to be changed, names and
/// that the session has not changed before: its root, and which contents it
/// keeps of the files that decide what is installed.
pub(crate) fn kept_before(file: &str, session: &Session) -> Option<(String, String)> {
    let root = repository(Path::new(file.strip_suffix("/.git/index")?))?;
    if is_changed(root, ".git/index", session) {
        return None;
    }
    let index = index(root)?;
    Some((root.to_str()?.to_owned(), digest(&entries(&index)?)))
}

/// The index of a repository.
fn index(root: &Path) -> Option<Vec<u8>> {
    let index = root.join(".git/index");
    let about = fs::metadata(&index).ok()?;
    (about.is_file() && about.len() <= INDEX).then(|| fs::read(&index).ok())?
}

/// One word for the contents that an index keeps of all the files that decide
/// what is installed.
fn digest(entries: &Entries<'_>) -> String {
    let mut digest = Sha256::new();
    let decide = |name: &[u8]| std::str::from_utf8(name).is_ok_and(decides_install);
    for (name, entry) in entries.iter().filter(|(name, _)| decide(name)) {
        // The hash of the content, the flags, and the name with its end.
        for part in [entry.get(40..).unwrap_or(entry), name, b"\0"] {
            digest.update(part);
        }
    }
    hex(&digest.finalize())
}

/// The root of the repository that a directory is in.
pub(crate) fn repository(directory: &Path) -> Option<&Path> {
    directory.ancestors().find(|at| at.join(".git").exists())
}

/// Whether the session has changed that file of the repository at `root`: git
/// itself finds the repository from wherever in it a command is given.
fn is_changed(root: &Path, file: &str, session: &Session) -> bool {
    let git = root.join(".git");
    let within = |path: &str| {
        let place = path.strip_suffix(file).and_then(|path| path.strip_suffix('/'));
        place.is_some_and(|place| Path::new(place).starts_with(root)) || Path::new(path) == git
    };
    session.files.keys().any(|path| within(path))
}

/// Whether the session has said anew where the repository that is worked with
/// in `directory` is pushed to.
pub(crate) fn is_redirected(directory: &Path, session: &Session) -> bool {
    session.files.keys().any(|path| path.ends_with("/.gitconfig"))
        || repository(directory).is_some_and(|root| is_changed(root, ".git/config", session))
}

/// The manifests and settings below a directory; `None` where there is more
/// than is looked at.
fn parts(install: &Install, directory: &Path) -> Option<Vec<PathBuf>> {
    let (mut files, mut ahead) = (Vec::new(), vec![(directory.to_owned(), 0)]);
    let mut looked = 0;
    while let Some((at, depth)) = ahead.pop() {
        looked += 1;
        if looked > DIRECTORIES {
            return None;
        }
        let entries = fs::read_dir(&at).ok()?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if install.manifests.iter().chain(install.settings).any(|known| *known == name) {
                files.push(entry.path());
            } else if depth < DEEP
                && !name.starts_with('.')
                && !MADE.contains(&name)
                && entry.file_type().is_ok_and(|kind| kind.is_dir())
            {
                ahead.push((entry.path(), depth + 1));
            }
        }
    }
    Some(files)
}

type Entries<'a> = BTreeMap<&'a [u8], &'a [u8]>;

/// The names of all that a repository holds; none where that is not known.
pub(crate) fn held(root: &Path) -> HashSet<Vec<u8>> {
    let index = index(root).unwrap_or_default();
    let names = entries(&index).unwrap_or_default();
    names.into_keys().map(<[u8]>::to_vec).collect()
}

/// The entries of an index by name: what stands before the name in each
/// (gitformat-index, version 2).
fn entries(index: &[u8]) -> Option<Entries<'_>> {
    if index.get(..8) != Some(b"DIRC\0\0\0\x02") {
        return None;
    }
    let count = number(index, 8)?;
    let (mut entries, mut at) = (Entries::new(), 12);
    for _ in 0..count {
        let rest = index.get(at + FIXED..)?;
        let length = rest.iter().position(|byte| *byte == 0)?;
        entries.insert(rest.get(..length)?, index.get(at..at + FIXED)?);
        // Ended by one to eight bytes, so that each begins at a multiple of 8.
        at += (FIXED + length + 8) / 8 * 8;
    }
    Some(entries)
}

/// Times and numbers, the hash, and the flags before the name.
const FIXED: usize = 40 + 20 + 2;

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// Whether an entry has the very times, size and number of the file, which is
/// how git itself sees that nothing was changed.
fn kept_as_is(entry: &[u8], about: &Metadata) -> bool {
    let flags = entry.get(60).copied().unwrap_or(0xff);
    // Neither taken for unchanged unseen nor in conflict.
    flags & 0xf0 == 0 && same(about, |field| number(entry, 4 * field))
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
            family: "npm",
            directory: root.to_str().unwrap().to_owned(),
            locks: &["npm-shrinkwrap.json", "package-lock.json"],
            manifests: &["package.json"],
            settings: &[".npmrc"],
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
        session.files.insert(format!("{}/a/.git/index", root.display()), Labels::WRITTEN);
        assert!(!is_locked(&install, &root, &session), "the session has committed");
        let git = format!("{}/a/.git/index", root.display());
        assert_eq!(kept_before(&git, &session), None, "it is changed already");
        let before = kept_before(&git, &Session::default()).unwrap();
        session.kept.extend([before]);
        assert!(is_locked(&install, &root, &session), "it has committed something else");
        session.kept.values_mut().for_each(|kept| kept.push('0'));
        assert!(!is_locked(&install, &root, &session), "it has committed other contents");
        session.kept.clear();
        assert!(!is_redirected(&root, &session));
        session.files.clear();
        session.files.insert(format!("{}/.git/config", root.display()), Labels::WRITTEN);
        assert!(is_redirected(&root.join("a"), &session));
        assert!(is_locked(&install, &root, &session));
        session.files.clear();
        fs::write(root.join(".npmrc"), "registry=http://a.example").unwrap();
        assert!(!is_locked(&install, &root, &session), "settings that are not kept");
        fs::remove_file(root.join(".npmrc")).unwrap();
        fs::create_dir_all(root.join("packages/a")).unwrap();
        fs::write(root.join("packages/a/package.json"), "{}").unwrap();
        assert!(!is_locked(&install, &root, &session), "a part that is not kept");
        fs::remove_file(root.join("packages/a/package.json")).unwrap();
        fs::create_dir_all(root.join("node_modules/a")).unwrap();
        fs::write(root.join("node_modules/a/package.json"), "{}").unwrap();
        assert!(is_locked(&install, &root, &session), "what was installed");
        fs::write(&manifest, "{ }").unwrap();
        assert!(!is_locked(&install, &root, &session), "it was changed");
        fs::remove_file(&manifest).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", &manifest).unwrap();
        assert!(!is_locked(&install, &root, &session), "it is a link");
    }
}
