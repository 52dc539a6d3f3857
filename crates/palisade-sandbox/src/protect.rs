//! What in a workspace must stay as it is, because something on the host runs
//! it later.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use crate::git;
use crate::names::table;
use crate::sys;

/// A file's identity: device and inode.
pub type Identity = (u64, u64);

/// Directories looked into, at most; the shallow ones come first.
const DIRECTORIES: usize = 20_000;

/// Directories not looked into: huge, and nothing of interest to the host runs
/// from within them by itself.
const PASSED_BY: &[&str] = &["node_modules", "__pycache__"];

/// Something that was found and matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where, absolute.
    pub path: PathBuf,
    /// Which file it is.
    pub identity: Identity,
    /// What it is.
    pub kind: Kind,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name of the table, with its reason.
    Named(&'static str),
    /// A directory that git takes for a repository.
    Repository,
    /// A file that points git to one.
    RepositoryLink,
}

/// What stood in a workspace before a run.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// The workspace.
    pub workspace: PathBuf,
    /// To be mounted over themselves, read-only.
    pub read_only: Vec<PathBuf>,
    /// To be mounted over themselves, so that they cannot be moved aside.
    pub pinned: Vec<PathBuf>,
    /// Everything that matters, by identity.
    pub known: HashMap<Identity, PathBuf>,
    /// Everything was looked at.
    pub complete: bool,
    /// What protected files contain, for where no mount holds them.
    pub contents: HashMap<PathBuf, Vec<u8>>,
    /// Protected directories, likewise.
    pub directories: HashSet<PathBuf>,
}

impl Inventory {
    /// Looks through a workspace.
    pub fn of(workspace: &Path) -> Self {
        let (found, complete) = scan(workspace);
        let mut inventory =
            Self { workspace: workspace.to_path_buf(), complete, ..Self::default() };
        for one in found {
            inventory.known.insert(one.identity, one.path.clone());
            match one.kind {
                // A link cannot be mounted over; what it points to is protected where it stands.
                Kind::Named(_) | Kind::RepositoryLink => inventory.keep(one.path),
                Kind::Repository => inventory.keep_repository(&one.path),
            }
        }
        inventory.read_only.sort();
        inventory.read_only.dedup();
        // What lies in something read-only is read-only already.
        let all: HashSet<PathBuf> = inventory.read_only.iter().cloned().collect();
        inventory
            .read_only
            .retain(|path| !path.ancestors().skip(1).any(|above| all.contains(above)));
        inventory.pinned.sort();
        inventory
    }

    /// Remembers what protected files contain (up to 16 MiB together).
    pub fn remember_contents(&mut self) {
        let mut waiting = self.read_only.clone();
        let mut room = 16_usize << 20;
        while let Some(path) = waiting.pop() {
            let Ok(open) = sys::open_exact(&path) else { continue };
            if !sys::is_directory(open.as_fd()) {
                match read_small(&path) {
                    Some(bytes) if bytes.len() <= room => {
                        room -= bytes.len();
                        self.contents.insert(path, bytes);
                    }
                    _ => self.complete = false,
                }
                continue;
            }
            let listed =
                sys::open_path(&path, libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW, 0);
            let entries =
                listed.and_then(|dir| sys::directory_entries(dir.as_fd())).unwrap_or_default();
            waiting.extend(
                entries.into_iter().filter(|entry| !entry.link).map(|entry| path.join(entry.name)),
            );
            self.directories.insert(path);
        }
    }

    fn keep(&mut self, path: PathBuf) {
        if let Some((identity, link)) = identify(&path) {
            self.known.insert(identity, path.clone());
            if !link {
                self.read_only.push(path);
            }
        }
    }

    fn keep_repository(&mut self, path: &Path) {
        if path != self.workspace {
            self.pinned.push(path.to_path_buf());
        }
        for part in git::PARTS {
            self.keep(path.join(part));
        }
        for place in git::programs_named_in(&path.join("config"), path, &self.workspace) {
            self.keep(place);
        }
        for inner in git::inner_repositories(path) {
            if let Some((identity, false)) = identify(&inner) {
                self.known.insert(identity, inner.clone());
                self.keep_repository(&inner);
            }
        }
    }
}

/// Which file stands at `path`, and whether it is a link.
pub fn identify(path: &Path) -> Option<(Identity, bool)> {
    let parent = sys::open_exact(path.parent()?).ok()?;
    let (device, inode, mode) = sys::name_at(parent.as_fd(), Path::new(path.file_name()?)).ok()?;
    Some(((device, inode), mode & libc::S_IFMT == libc::S_IFLNK))
}

/// Everything of interest in a tree, and whether all of it was seen.
pub fn scan(workspace: &Path) -> (Vec<Found>, bool) {
    let names: HashMap<&str, &'static str> = table().collect();
    let mut found = Vec::new();
    let Ok(root) = sys::open_path(workspace, libc::O_RDONLY | libc::O_DIRECTORY, 0) else {
        return (found, false);
    };
    let mut waiting: VecDeque<PathBuf> = VecDeque::from([PathBuf::new()]);
    let mut seen = 0;
    let mut complete = true;
    while let Some(below) = waiting.pop_front() {
        seen += 1;
        if seen > DIRECTORIES {
            return (found, false);
        }
        let opened: Result<OwnedFd, sys::Errno> = if below.as_os_str().is_empty() {
            root.try_clone().map_err(Into::into)
        } else {
            sys::open_below(root.as_fd(), &below, libc::O_RDONLY | libc::O_DIRECTORY)
        };
        let Ok(dir) = opened else {
            // A directory that even its owner cannot read hides nothing that the host would run.
            continue;
        };
        let Ok(entries) = sys::directory_entries(dir.as_fd()) else {
            complete = false;
            continue;
        };
        let mut push = |name: &Path, kind: Kind| {
            if let Ok((device, inode, _)) = sys::name_at(dir.as_fd(), name) {
                let path = if name.as_os_str().is_empty() {
                    workspace.join(&below)
                } else {
                    workspace.join(&below).join(name)
                };
                found.push(Found { path, identity: (device, inode), kind });
            }
        };
        let has = |wanted: &str, directory: bool| {
            entries
                .iter()
                .any(|entry| entry.name == wanted && (entry.directory == directory || entry.link))
        };
        if has("HEAD", false) && has("objects", true) && has("refs", true) {
            if let Ok((device, inode, _, _, _)) = sys::status(dir.as_fd()) {
                let path = workspace.join(&below);
                found.push(Found { path, identity: (device, inode), kind: Kind::Repository });
            }
            continue;
        }
        for entry in &entries {
            let name = Path::new(&entry.name);
            let text = entry.name.to_str().unwrap_or_default();
            // Some file systems do not tell case apart: neither do we.
            let lower = text.to_ascii_lowercase();
            if lower == ".git" {
                push(name, if entry.directory { Kind::Repository } else { Kind::RepositoryLink });
            } else if let Some(why) = names.get(lower.as_str()) {
                push(name, Kind::Named(why));
            } else if entry.directory && !PASSED_BY.contains(&text) {
                waiting.push_back(below.join(name));
            }
        }
    }
    (found, complete)
}

/// A file to look into, never one that could block.
fn open_small(path: &Path) -> Option<OwnedFd> {
    let dir = sys::open_exact(path.parent()?).ok()?;
    // Not blocking: it could be a pipe.
    let flags = libc::O_RDONLY | libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = sys::open_at(dir.as_fd(), Path::new(path.file_name()?), flags, 0).ok()?;
    let regular =
        sys::status(file.as_fd()).is_ok_and(|found| found.2 & libc::S_IFMT == libc::S_IFREG);
    regular.then_some(file)
}

/// The content of an ordinary file, at most 1 MiB of it; nothing on the way to
/// it is a link, and it never blocks.
pub fn read_small(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::from(open_small(path)?).take(1 << 20).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
