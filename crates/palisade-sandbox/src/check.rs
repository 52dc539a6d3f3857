//! After a run: what mounts could not protect is looked at, put aside, and
//! told. Nothing is destroyed: a refused file keeps its content under a name
//! that nothing runs.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use crate::git;
use crate::protect::{Identity, Inventory, Kind, identify, read_small, scan};
use crate::sys;

/// What a refused file is called afterwards.
pub const SUFFIX: &str = ".palisade-refused";

/// Compares the workspace with what stood in it before, puts aside what
/// appeared and would be run, and says so.
pub fn after(inventory: &Inventory) -> Vec<String> {
    let mut check = Check { inventory, told: Vec::new(), cleaned: HashSet::new() };
    let (found, _) = scan(&inventory.workspace);
    for one in found {
        let known = inventory.known.contains_key(&one.identity);
        match one.kind {
            Kind::Named(why) if !known => check.put_aside(&one.path, why),
            Kind::RepositoryLink if !known => check.link(&one.path),
            Kind::Repository => check.repository(&one.path, one.identity, 0),
            Kind::Named(_) | Kind::RepositoryLink => {}
        }
    }
    check.contents();
    check.told
}

struct Check<'a> {
    inventory: &'a Inventory,
    told: Vec<String>,
    cleaned: HashSet<Identity>,
}

impl Check<'_> {
    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.inventory.workspace).unwrap_or(path).display().to_string()
    }

    fn known(&self, path: &Path) -> bool {
        identify(path).is_some_and(|(identity, _)| self.inventory.known.contains_key(&identity))
    }

    /// Where no mount held protected files: as they were before.
    fn contents(&mut self) {
        for (path, before) in &self.inventory.contents {
            let now = read_small(path);
            if now.as_ref() == Some(before) {
                continue;
            }
            let shown = self.shown(path);
            let aside = if now.is_some() || identify(path).is_some() {
                set_aside(path).map(drop)
            } else {
                Ok(())
            };
            match aside.and_then(|()| write_new(path, before)) {
                Ok(()) => self.told.push(format!("`{shown}` was changed during the run and has its old content again")),
                Err(error) => self.told.push(format!(
                    "`{shown}` was changed during the run and could not be put right ({error}); look at it before you \
                     go on"
                )),
            }
        }
        for dir in &self.inventory.directories {
            let Ok(open) =
                sys::open_path(dir, libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW, 0)
            else {
                continue;
            };
            for entry in sys::directory_entries(open.as_fd()).unwrap_or_default() {
                let path = dir.join(&entry.name);
                let ours = entry.name.to_string_lossy().contains(SUFFIX);
                let before = self.inventory.contents.contains_key(&path)
                    || self.inventory.directories.contains(&path);
                if !ours && !before {
                    self.put_aside(&path, "it stands in a protected directory");
                }
            }
        }
    }

    fn put_aside(&mut self, path: &Path, why: &str) {
        let shown = self.shown(path);
        match set_aside(path) {
            Ok(name) => self.told.push(format!(
                "`{shown}` appeared during the run and was renamed to `{}`: {why}",
                name.to_string_lossy()
            )),
            Err(error) => self.told.push(format!(
                "`{shown}` appeared during the run and could not be put aside ({error}): {why}; look at it before you \
                 go on"
            )),
        }
    }

    /// A file that says where the repository is.
    fn link(&mut self, path: &Path) {
        let text = text_of(path).unwrap_or_default();
        let target = text
            .trim()
            .strip_prefix("gitdir:")
            .map(|target| path.parent().unwrap_or(path).join(target.trim()));
        let target = target.and_then(|target| std::fs::canonicalize(target).ok());
        match target.and_then(|target| identify(&target).map(|(identity, _)| (target, identity))) {
            Some((target, identity)) if target.starts_with(&self.inventory.workspace) => {
                self.repository(&target, identity, 0);
            }
            _ => self.put_aside(path, "it points git to a repository elsewhere"),
        }
    }

    fn repository(&mut self, path: &Path, identity: Identity, depth: u8) {
        if depth > 8 || !self.cleaned.insert(identity) {
            return;
        }
        for part in git::UNUSUAL {
            let part = path.join(part);
            if identify(&part).is_some() && !self.known(&part) && !self.worktree_part(&part, path) {
                self.put_aside(&part, "it points git to another configuration");
            }
        }
        let config = path.join("config");
        if let Some((_, link)) = identify(&config)
            && !self.known(&config)
        {
            if link {
                self.put_aside(&config, "it is a link to another configuration");
            } else {
                self.configuration(&config);
            }
        }
        let hooks = path.join("hooks");
        if let Some((_, link)) = identify(&hooks)
            && !self.known(&hooks)
        {
            if link {
                self.put_aside(&hooks, "it is a link to programs that git would run");
            } else {
                self.hooks(&hooks);
            }
        }
        for inner in git::inner_repositories(path) {
            if let Some((identity, false)) = identify(&inner) {
                self.repository(&inner, identity, depth + 1);
            }
        }
    }

    /// `commondir` of a worktree that git itself made: it leads to the
    /// repository that it stands in.
    fn worktree_part(&self, part: &Path, path: &Path) -> bool {
        let owner = path.parent().filter(|dir| dir.ends_with("worktrees")).and_then(Path::parent);
        part.ends_with("commondir")
            && owner.is_some()
            && text_of(part).is_some_and(|text| {
                std::fs::canonicalize(path.join(text.trim())).ok().as_deref() == owner
            })
    }

    fn hooks(&mut self, hooks: &Path) {
        let Ok(dir) =
            sys::open_path(hooks, libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW, 0)
        else {
            return;
        };
        for entry in sys::directory_entries(dir.as_fd()).unwrap_or_default() {
            let name = entry.name.to_string_lossy();
            if !name.ends_with(".sample") && !name.contains(SUFFIX) {
                self.put_aside(&hooks.join(&entry.name), "git would run it");
            }
        }
    }

    fn configuration(&mut self, config: &Path) {
        let Some(text) = text_of(config) else {
            self.put_aside(config, "it cannot be read as a configuration");
            return;
        };
        let Some(clean) = git::without_programs(&text) else { return };
        let shown = self.shown(config);
        let kept =
            set_aside(config).and_then(|name| write_new(config, clean.as_bytes()).map(|()| name));
        match kept {
            Ok(name) => self.told.push(format!(
                "`{shown}` appeared during the run with settings that run programs; they were taken out, and the \
                 whole of it is kept in `{}`",
                name.to_string_lossy()
            )),
            Err(error) => self.told.push(format!(
                "`{shown}` appeared during the run with settings that run programs, and could not be cleaned \
                 ({error}); look at it before you use git there"
            )),
        }
    }
}

fn text_of(path: &Path) -> Option<String> {
    String::from_utf8(read_small(path)?).ok()
}

/// Renames within its directory, to a name that nothing runs.
fn set_aside(path: &Path) -> Result<OsString, sys::Errno> {
    let missing = sys::Errno(libc::ENOENT);
    let (parent, name) = (path.parent().ok_or(missing)?, path.file_name().ok_or(missing)?);
    let dir = sys::open_exact(parent)?;
    for attempt in 0..1000 {
        let mut aside = name.to_os_string();
        aside.push(SUFFIX);
        if attempt > 0 {
            aside.push(format!("-{attempt}"));
        }
        match sys::rename_at(dir.as_fd(), Path::new(name), Path::new(&aside)) {
            Err(sys::Errno(libc::EEXIST)) => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(aside),
        }
    }
    Err(sys::Errno(libc::EEXIST))
}

/// Writes a new file with the owner of the directory it stands in.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), sys::Errno> {
    let missing = sys::Errno(libc::ENOENT);
    let dir = sys::open_exact(path.parent().ok_or(missing)?)?;
    let (_, _, _, uid, gid) = sys::status(dir.as_fd())?;
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW;
    let file =
        sys::open_at(dir.as_fd(), &PathBuf::from(path.file_name().ok_or(missing)?), flags, 0o644)?;
    let mut file = std::fs::File::from(file);
    file.write_all(bytes)?;
    let _ = std::os::unix::fs::fchown(&file, Some(uid), Some(gid));
    Ok(())
}
