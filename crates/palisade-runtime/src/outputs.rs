//! Trees that nobody misses: those that a build makes again, and none at all.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use palisade_shell::{Text, Unmissed};

use crate::facts::real;

/// How long an index of git may be that is looked through.
const INDEX: u64 = 16 * 1024 * 1024;
/// How long a list of ignored names may be.
const IGNORED: u64 = 64 * 1024;

/// What says that a directory of a certain name is an output.
enum Evidence {
    /// Its name.
    Name,
    /// One of these files beside it.
    Beside(&'static [&'static str]),
    /// This file in it.
    Within(&'static str),
    /// That git ignores it by its name.
    Ignored,
}

/// What must be in it, so that other data under that name is not taken for it.
/// An empty directory may go in any case.
enum Holding {
    /// Anything.
    Anything,
    /// At least one of these.
    One(&'static [&'static str]),
    /// Only names that end so.
    Only(&'static str),
}

use Holding::{Anything, One, Only};

const OUTPUTS: &[(&[&str], Evidence, Holding)] = &[
    (&["__pycache__"], Evidence::Name, Only(".pyc")),
    // The Cache Directory Tagging Specification.
    (&[".pytest_cache", ".mypy_cache", ".ruff_cache"], Evidence::Name, One(&["CACHEDIR.TAG"])),
    (
        &[".tox", ".nox", ".next", ".nuxt", ".turbo", ".parcel-cache", ".svelte-kit", ".angular"],
        Evidence::Name,
        Anything,
    ),
    (
        &["node_modules"],
        Evidence::Beside(&["package.json"]),
        One(&[
            ".package-lock.json",
            ".bin",
            ".modules.yaml",
            ".yarn-integrity",
            ".yarn-state.yml",
            ".cache",
        ]),
    ),
    (
        &["target"],
        Evidence::Beside(&["Cargo.toml", "pom.xml", "build.sbt"]),
        One(&["CACHEDIR.TAG", ".rustc_info.json", "classes", "maven-status", "streams"]),
    ),
    (&[".venv", "venv"], Evidence::Within("pyvenv.cfg"), Anything),
    (
        &["build", "dist", "out", "coverage", "htmlcov", ".gradle", "_build"],
        Evidence::Ignored,
        Anything,
    ),
];

/// How many entries of a directory are looked at.
const ENTRIES: usize = 4096;

/// Whether the directory holds what it says, or nothing.
fn holds(path: &Path, holding: &Holding) -> bool {
    let names = match (holding, fs::read_dir(path)) {
        (Anything, _) => return true,
        (_, Err(_)) => return false,
        (_, Ok(entries)) => {
            entries.take(ENTRIES + 1).map(|entry| entry.map(|entry| entry.file_name()))
        }
    };
    let Ok(names) = names.collect::<Result<Vec<_>, _>>() else { return false };
    let ends = |name: &std::ffi::OsString, end: &str| {
        name.to_str().is_some_and(|name| name.ends_with(end))
    };
    names.is_empty()
        || match holding {
            Anything => true,
            One(some) => some.iter().any(|one| fs::symlink_metadata(path.join(one)).is_ok()),
            Only(end) => names.len() <= ENTRIES && names.iter().all(|name| ends(name, end)),
        }
}

/// Whether nobody misses the tree at `path`, which is inside `workspace`.
/// Where that cannot be told, somebody does.
pub(crate) fn unmissed(path: &Path, workspace: &Path) -> Option<Unmissed> {
    let below = path.strip_prefix(workspace).ok()?;
    if below.as_os_str().is_empty() || path.to_str().is_none_or(|path| real(path).is_some()) {
        return None;
    }
    match fs::symlink_metadata(path) {
        // The shell may not get into a directory that is not there, and deletes
        // what has that name where it stands.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return path.parent().is_some_and(Path::is_dir).then_some(Unmissed::NoTree);
        }
        // As without `-r`.
        Ok(about) if about.is_file() => return Some(Unmissed::NoTree),
        _ => {}
    }
    let named =
        |part: &OsStr| OUTPUTS.iter().any(|(names, ..)| names.iter().any(|name| part == *name));
    let inside = path.ancestors().take_while(|at| *at != workspace);
    let output =
        inside.filter(|at| at.file_name().is_some_and(named)).any(|at| is_output(at, workspace));
    output.then_some(Unmissed::Remade)
}

/// How many entries of directories are looked through for caches.
const SEARCHED: usize = 64 * 1024;

/// Whether nobody misses any of the trees of that name which a search finds
/// (`find . -name __pycache__`): all below the directory from which on the path
/// is not known are caches.
pub(crate) fn unmissed_by_name(path: &Text, workspace: &Path) -> Option<Unmissed> {
    const CACHE: &str = "__pycache__";
    let (above, name) = path
        .known_prefix()
        .rsplit_once('/')
        .map(|(above, _)| above)
        .zip(path.known_suffix().strip_prefix('/'))?;
    let above = Path::new(above);
    let moved = path.known_prefix().contains("/../") || above.to_str().and_then(real).is_some();
    if name != CACHE || moved || !above.starts_with(workspace) {
        return None;
    }
    let (mut todo, mut left) = (vec![above.to_path_buf()], SEARCHED);
    while let Some(at) = todo.pop() {
        for entry in fs::read_dir(&at).ok()?.flatten() {
            left = left.checked_sub(1)?;
            // Links are not followed.
            let directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if entry.file_name() == CACHE {
                // Each is compared with what git keeps.
                left = left.checked_sub(SEARCHED / 256)?;
                if !directory || !is_output(&entry.path(), workspace) {
                    return None;
                }
            } else if directory {
                todo.push(entry.path());
            }
        }
    }
    Some(Unmissed::Remade)
}

/// Whether `path` is such a directory, and git keeps nothing of it.
fn is_output(path: &Path, workspace: &Path) -> bool {
    let (Some(name), Some(above)) =
        (path.file_name().and_then(|name| name.to_str()), path.parent())
    else {
        return false;
    };
    let Some((_, evidence, holding)) = OUTPUTS.iter().find(|(names, ..)| names.contains(&name))
    else {
        return false;
    };
    let inside = path != workspace && path.starts_with(workspace);
    let directory = fs::symlink_metadata(path).is_ok_and(|about| about.is_dir());
    let moved = path.to_str().is_none_or(|path| real(path).is_some());
    if !inside || !directory || moved || fs::symlink_metadata(path.join(".git")).is_ok() {
        return false;
    }
    let repository = above.ancestors().find(|at| fs::symlink_metadata(at.join(".git")).is_ok());
    if let Some(root) = repository
        && keeps(root, path) != Some(false)
    {
        return false;
    }
    if !holds(path, holding) {
        return false;
    }
    match evidence {
        Evidence::Name => true,
        Evidence::Beside(files) => files.iter().any(|file| above.join(file).is_file()),
        Evidence::Within(file) => path.join(file).is_file(),
        Evidence::Ignored => repository.is_some_and(|root| ignores(root, path, name)),
    }
}

/// Whether the repository's index has files below `path`. `None` where that is
/// not known.
fn keeps(root: &Path, path: &Path) -> Option<bool> {
    let inside = path.strip_prefix(root).ok()?.to_str()?;
    let git = root.join(".git");
    let directory = if git.is_dir() {
        git
    } else {
        let text = fs::read_to_string(&git).ok()?;
        root.join(PathBuf::from(text.strip_prefix("gitdir:")?.trim()))
    };
    let index = directory.join("index");
    match fs::metadata(&index) {
        // A repository without a commit.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Some(false),
        Err(_) => return None,
        Ok(about) if about.len() > INDEX || !about.is_file() => return None,
        Ok(_) => {}
    }
    let bytes = fs::read(&index).ok()?;
    // Version 2 holds each path in full, behind its length (gitformat-index).
    if !matches!(bytes.get(..8), Some([b'D', b'I', b'R', b'C', 0, 0, 0, 2])) {
        return None;
    }
    let begins = format!("{inside}/");
    let begins = begins.as_bytes();
    let mut windows = bytes.windows(begins.len()).enumerate();
    let kept = windows.any(|(at, window)| {
        let length = || bytes.iter().skip(at).take(4096).take_while(|byte| **byte != 0).count();
        window == begins
            && at
                .checked_sub(1)
                .and_then(|before| bytes.get(before))
                .is_none_or(|low| usize::from(*low) == length().min(0xfff) & 0xff)
    });
    // `link`: the rest is in another file, a split index.
    let split = bytes.windows(6).any(|window| window == b"link\0\0");
    (kept || !split).then_some(kept)
}

/// Whether a `.gitignore` on the way names the directory plainly.
fn ignores(root: &Path, path: &Path, name: &str) -> bool {
    let mut ignored = false;
    for at in path.ancestors().skip(1).take_while(|at| at.starts_with(root)) {
        let file = at.join(".gitignore");
        if !fs::metadata(&file).is_ok_and(|about| about.is_file() && about.len() <= IGNORED) {
            continue;
        }
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let below = path.strip_prefix(at).ok().and_then(Path::to_str).unwrap_or(name);
        for line in text.lines().map(str::trim_end) {
            if line.starts_with('!') && line.contains(name) {
                return false;
            }
            let bare = line.trim_end_matches('/');
            ignored |= match bare.strip_prefix('/') {
                Some(rooted) => rooted == below,
                None if bare.contains('/') => {
                    bare == below || bare.strip_prefix("**/").is_some_and(|bare| bare == name)
                }
                None => bare == name,
            };
        }
    }
    ignored
}
