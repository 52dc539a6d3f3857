//! The tools, and how a path becomes an open file with everything known of it.

use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use palisade_core::ports::{FileTools, OpenFile};
use palisade_core::{FileFacts, FileFault, FileKind, FileUse};
use palisade_guards::Places;
use palisade_guards::content::reveal;
use rustix::io::Errno;

use crate::fault::fault;
use crate::mounts::Mounts;
use crate::opened::{Opened, Target};
use crate::protected::Known;
use crate::resolve::{self, Located, TRIES, Way};
use crate::status::Status;

/// How much is read, shown and written at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of text shown at once.
    pub shown: usize,
    /// Lines shown at once.
    pub lines: u64,
    /// Bytes that are gone through to find the first line asked for.
    pub passed: u64,
    /// Bytes of a file that is edited.
    pub edited: u64,
    /// Bytes of a file that is written.
    pub written: usize,
    /// Entries of a directory.
    pub entries: usize,
    /// Lines found by a search.
    pub matches: usize,
    /// Bytes of one file that a search goes through.
    pub searched: u64,
    /// How long a search takes.
    pub search_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            shown: 256 * 1024,
            lines: 2000,
            passed: 256 << 20,
            edited: 16 << 20,
            written: 16 << 20,
            entries: 2000,
            matches: 500,
            searched: 256 << 20,
            search_time: Duration::from_secs(10),
        }
    }
}

/// The file tools: see the crate's page.
#[derive(Debug)]
pub struct Files {
    places: Places,
    /// Where the places really are.
    roots: Vec<(PathBuf, PathBuf)>,
    beneath: Option<PathBuf>,
    limits: Limits,
    way: Way,
}

impl Files {
    /// Tools that open any path; what may be used is a matter of the verdict.
    /// `places` says where the home, the workspace and Palisade's files are.
    pub fn new(places: Places) -> Self {
        let roots = [&places.workspace, &places.home, &places.palisade_home];
        let roots = roots.into_iter().filter_map(|place| root(place)).collect();
        Self { places, roots, beneath: None, limits: Limits::default(), way: Way::Best }
    }

    /// The same, and nothing is opened that is really outside `root`.
    ///
    /// # Errors
    /// Where `root` is not a directory that is there.
    pub fn beneath(self, root: &Path) -> Result<Self, FileFault> {
        let shown = root.to_string_lossy();
        let found =
            resolve::locate(root, self.way).map_err(|error| fault("open", &shown, error))?;
        Ok(Self { beneath: Some(found.real), ..self })
    }

    /// The same with other limits.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The same, resolving paths by hand as where there is no openat2.
    #[must_use]
    pub fn by_hand(self) -> Self {
        Self { way: Way::ByHand, ..self }
    }

    /// The path as it goes to the kernel: absolute, `..` left to it.
    fn asked(&self, path: &str, cwd: &str) -> Result<PathBuf, FileFault> {
        if path.is_empty() {
            return Err(FileFault::new("no path was given"));
        }
        if path.len() > 4095 {
            return Err(fault(
                "open",
                &path.chars().take(80).collect::<String>(),
                Errno::NAMETOOLONG,
            ));
        }
        if path.contains('\0') {
            return Err(fault("open", path, Errno::INVAL));
        }
        if let Some(rest) = path.strip_prefix('~') {
            if !rest.is_empty() && !rest.starts_with('/') {
                let advice = "write the directory out, or `./` before a name that begins with `~`";
                return Err(FileFault::new(format!(
                    "cannot open `{}`: whose home that is is not looked up",
                    reveal(path)
                ))
                .help(advice));
            }
            if self.places.home.is_empty() {
                return Err(FileFault::new("the home directory is not known"));
            }
            return Ok(PathBuf::from(format!("{}{rest}", self.places.home)));
        }
        let joined = Path::new(cwd).join(path);
        if !joined.is_absolute() {
            return Err(FileFault::new(format!(
                "the working directory `{}` is not an absolute path",
                reveal(cwd)
            )));
        }
        Ok(joined)
    }

    fn locate(&self, path: &Path) -> Result<(Located, Status), Errno> {
        for _ in 0..TRIES {
            let located = resolve::locate(path, self.way)?;
            let status = Status::of(&located.fd)?;
            // Removed while we looked: its path means something else by now.
            if status.links > 0 {
                return Ok((located, status));
            }
        }
        Err(Errno::AGAIN)
    }

    /// The directory that an open file is in, where its real path says so.
    /// `None` where that is not true any more.
    fn parent(&self, real: &Path, status: &Status) -> Result<Option<(Located, PathBuf)>, Errno> {
        let (Some(above), Some(name)) = (real.parent(), real.file_name()) else { return Ok(None) };
        let fd = match resolve::directory(above, self.way) {
            Ok(fd) => fd,
            Err(Errno::NOENT | Errno::LOOP | Errno::NOTDIR) => return Ok(None),
            Err(error) => return Err(error),
        };
        let name = PathBuf::from(name);
        match Status::at(&fd, &name) {
            Ok(found) if found.object == status.object => {
                Ok(Some((Located { fd, real: above.to_owned(), only_named: true }, name)))
            }
            Ok(_) | Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What is to be replaced: the file with its directory.
    fn to_replace(&self, path: &Path) -> Result<(Target, Status), Errno> {
        for _ in 0..TRIES {
            let (located, status) = self.locate(path)?;
            if status.kind != FileKind::Regular {
                return Ok((Target::There { located, status, parent: None }, status));
            }
            if let Some(parent) = self.parent(&located.real, &status)? {
                return Ok((Target::There { located, status, parent: Some(parent) }, status));
            }
        }
        Err(Errno::AGAIN)
    }

    /// Where a file that is not there would be made: the deepest directory
    /// that is there, and the names below it.
    fn to_make(&self, path: &Path) -> Result<(Target, Status), Errno> {
        let mut missing: Vec<PathBuf> = Vec::new();
        let mut text = path.as_os_str().as_bytes();
        loop {
            let cut = text.iter().rposition(|byte| *byte == b'/').ok_or(Errno::NOENT)?;
            let (above, name) =
                (text.get(..cut).unwrap_or(b""), text.get(cut + 1..).unwrap_or(b""));
            match name {
                b"" if missing.is_empty() => return Err(Errno::ISDIR),
                b"" => {}
                b"." | b".." => return Err(Errno::NOENT),
                name => missing.push(PathBuf::from(std::ffi::OsStr::from_bytes(name))),
            }
            let above = if above.is_empty() { b"/".as_slice() } else { above };
            match self.locate(Path::new(std::ffi::OsStr::from_bytes(above))) {
                Ok((directory, status)) => {
                    if status.kind != FileKind::Directory {
                        return Err(Errno::NOTDIR);
                    }
                    let first = missing.last().ok_or(Errno::NOENT)?;
                    return match Status::at(&directory.fd, first) {
                        Err(Errno::NOENT) => {
                            missing.reverse();
                            Ok((Target::Missing { directory, names: missing }, status))
                        }
                        // A link that leads nowhere is not written through.
                        Ok(found) if found.kind == FileKind::Link => Err(Errno::LOOP),
                        Ok(_) => Err(Errno::AGAIN),
                        Err(error) => Err(error),
                    };
                }
                Err(Errno::NOENT) if above != b"/" => text = above,
                Err(error) => return Err(error),
            }
        }
    }

    fn target(&self, path: &Path, how: FileUse) -> Result<(Target, Status), Errno> {
        let there = if how.changes() {
            self.to_replace(path)
        } else {
            self.locate(path)
                .map(|(located, status)| (Target::There { located, status, parent: None }, status))
        };
        match there {
            Err(Errno::NOENT) if how == FileUse::Write => {
                for _ in 0..TRIES {
                    match self.to_make(path) {
                        Err(Errno::AGAIN) => {}
                        other => return other,
                    }
                }
                Err(Errno::AGAIN)
            }
            other => other,
        }
    }

    /// Everything that is known of a target.
    fn facts(
        &self,
        path: String,
        target: &Target,
        status: &Status,
        cwd: &str,
        known: &Known,
    ) -> FileFacts {
        let real = target.real();
        let names = Names { files: self, known, cwd: root(cwd) };
        let mut also = names.of(&real);
        let placed = also.remove(0);
        let (others, mut incomplete) = Mounts::now().others(&real, status.mount);
        for other in others {
            also.extend(names.of(&other));
        }
        let (object, kind) = match target {
            Target::There { .. } => (Some(status.object), status.kind),
            Target::Missing { .. } => (None, FileKind::New),
        };
        if kind == FileKind::Regular && status.links > 1 {
            let (name, unsure) = known.name(status.object, &self.places);
            also.extend(name.map(str::to_owned));
            incomplete |= unsure;
        }
        also.sort();
        also.dedup();
        let real = real.to_string_lossy().into_owned();
        also.retain(|name| *name != real && *name != placed && *name != path);
        FileFacts {
            path,
            real,
            placed,
            also,
            incomplete,
            object,
            kind,
            links: status.links,
            plain: false,
        }
    }

    /// What is known of a file that a search found, below an open directory.
    pub(crate) fn facts_below(
        &self,
        real: &Path,
        status: &Status,
        mounts: &Mounts,
        known: &Known,
    ) -> FileFacts {
        let names = Names { files: self, known, cwd: None };
        let mut also = names.of(real);
        let placed = also.remove(0);
        let (others, mut incomplete) = mounts.others(real, status.mount);
        also.extend(others.iter().flat_map(|other| names.of(other)));
        if status.links > 1 {
            let (name, unsure) = known.name(status.object, &self.places);
            also.extend(name.map(str::to_owned));
            incomplete |= unsure;
        }
        let real = real.to_string_lossy().into_owned();
        FileFacts {
            path: placed.clone(),
            real,
            placed,
            also,
            incomplete,
            object: Some(status.object),
            kind: status.kind,
            links: status.links,
            plain: false,
        }
    }

    pub(crate) const fn places(&self) -> &Places {
        &self.places
    }

    pub(crate) const fn bounds(&self) -> &Limits {
        &self.limits
    }

    pub(crate) const fn way(&self) -> Way {
        self.way
    }
}

/// A place and where it really is; both with the real one first.
fn root(place: &str) -> Option<(PathBuf, PathBuf)> {
    if place.is_empty() {
        return None;
    }
    let real = std::fs::canonicalize(place).ok()?;
    (real.components().count() > 1).then(|| (real, PathBuf::from(place)))
}

/// The names that a real path has by the links of the places.
struct Names<'a> {
    files: &'a Files,
    known: &'a Known,
    cwd: Option<(PathBuf, PathBuf)>,
}

impl Names<'_> {
    /// In the words of the closest place first, then all others.
    fn of(&self, real: &Path) -> Vec<String> {
        let roots = self.cwd.iter().chain(&self.files.roots);
        let closest = roots.clone().filter(|(at, _)| real.starts_with(at));
        let closest = closest.max_by_key(|(at, _)| at.as_os_str().len());
        let by = |(at, place): &(PathBuf, PathBuf)| {
            let rest = real.strip_prefix(at).ok()?;
            let name = if rest.as_os_str().is_empty() { place.clone() } else { place.join(rest) };
            Some(name.to_string_lossy().into_owned())
        };
        let plain = real.to_string_lossy().into_owned();
        let mut names = vec![closest.and_then(by).unwrap_or_else(|| plain.clone())];
        let links = self.known.links(&self.files.places);
        for name in roots.chain(links).filter_map(by).chain([plain]) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

impl FileTools for Files {
    fn open(
        &self,
        path: &str,
        cwd: &str,
        how: FileUse,
    ) -> Result<Box<dyn OpenFile + '_>, FileFault> {
        let asked = self.asked(path, cwd)?;
        let (target, status) = self.target(&asked, how).map_err(|error| match error {
            Errno::LOOP if how == FileUse::Write && asked.is_symlink() => FileFault::new(format!(
                "cannot write `{}`: it is a symbolic link that leads nowhere",
                reveal(path)
            ))
            .help("remove the link, or write the file that it should lead to"),
            error => fault("open", path, error),
        })?;
        if let Some(root) = &self.beneath
            && !target.real().starts_with(root)
        {
            return Err(fault("open", path, Errno::XDEV));
        }
        // Looked up anew each time: what was protected a call ago says nothing.
        let known = Known::default();
        let facts = self.facts(self.absolute(path, cwd), &target, &status, cwd, &known);
        Ok(Box::new(Opened { files: self, how, facts, target, known }))
    }

    fn absolute(&self, path: &str, cwd: &str) -> String {
        let joined = match path.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                PathBuf::from(format!("{}{rest}", self.places.home))
            }
            _ => Path::new(cwd).join(path),
        };
        let mut plain = PathBuf::from("/");
        for part in joined.components() {
            match part {
                Component::Normal(name) => plain.push(name),
                Component::ParentDir => {
                    plain.pop();
                }
                Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            }
        }
        plain.to_string_lossy().into_owned()
    }
}
