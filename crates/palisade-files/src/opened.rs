//! A file that is open and judged by its handle; the effect spends the permit.

use std::os::fd::AsFd;
use std::path::PathBuf;

use palisade_core::ports::OpenFile;
use palisade_core::{
    Action, FileFacts, FileFault, FileKind, FileShown, FileSource, FileUse, FileWork, Permit,
};
use palisade_guards::content::reveal;

use crate::ground::Files;
use crate::protected::Known;
use crate::resolve::{self, Located};
use crate::status::Status;
use crate::{edit, fault::fault, list, read, replace, search};

/// What a path leads to.
#[derive(Debug)]
pub(crate) enum Target {
    /// Something that is there.
    There {
        /// It.
        located: Located,
        /// As it was when it was opened.
        status: Status,
        /// Its directory and its name there; only where it may be replaced.
        parent: Option<(Located, PathBuf)>,
    },
    /// Nothing yet.
    Missing {
        /// The deepest directory that is there.
        directory: Located,
        /// The directories to be made, and last the file.
        names: Vec<PathBuf>,
    },
}

impl Target {
    pub(crate) fn real(&self) -> PathBuf {
        match self {
            Self::There { located, .. } => located.real.clone(),
            Self::Missing { directory, names } => {
                let mut real = directory.real.clone();
                real.extend(names);
                real
            }
        }
    }
}

/// An open file.
pub(crate) struct Opened<'a> {
    pub(crate) files: &'a Files,
    pub(crate) how: FileUse,
    pub(crate) facts: FileFacts,
    pub(crate) target: Target,
    pub(crate) known: Known,
}

impl OpenFile for Opened<'_> {
    fn facts(&self) -> &FileFacts {
        &self.facts
    }

    fn carry_out(self: Box<Self>, permit: Permit, work: &FileWork) -> Result<FileShown, FileFault> {
        let opened = *self;
        let (action, _, _) = permit.spend();
        let Action::File { how, real, object, .. } = action else {
            return Err(FileFault::new("the permit is not for a file"));
        };
        let same = how == opened.how
            && how == work.how()
            && real == opened.facts.real
            && object == opened.facts.object;
        if !same {
            return Err(FileFault::new("the permit is for another file or another use of it"));
        }
        opened.work(work)
    }
}

impl Opened<'_> {
    fn work(self, work: &FileWork) -> Result<FileShown, FileFault> {
        let limits = self.files.bounds();
        match work {
            FileWork::Read { from, lines, numbered } => {
                let (file, size) = self.readable("read")?;
                let wanted = read::Wanted { from: *from, lines: *lines, numbered: *numbered };
                let shown = read::show(file, size, &self.facts.path, wanted, limits)?;
                Ok(FileShown { sources: vec![self.source()], ..shown })
            }
            FileWork::Write { content, parents } => replace::write(self, content, *parents),
            FileWork::Edit { old, new, all } => edit::edit(self, old, new, *all),
            FileWork::List => {
                self.must_be(FileKind::Directory, "list")?;
                list::show(self.handle()?, &self.facts.path, limits)
            }
            FileWork::Search(wanted) => search::search(&self, wanted),
        }
    }

    pub(crate) fn source(&self) -> FileSource {
        FileSource { placed: self.facts.placed.clone(), real: self.facts.real.clone() }
    }

    /// The handle of something that is there.
    pub(crate) fn handle(&self) -> Result<&Located, FileFault> {
        match &self.target {
            Target::There { located, .. } => Ok(located),
            Target::Missing { .. } => {
                Err(fault("open", &self.facts.path, rustix::io::Errno::NOENT))
            }
        }
    }

    /// The content of a regular file, opened through the handle.
    pub(crate) fn readable(&self, doing: &str) -> Result<(std::fs::File, u64), FileFault> {
        self.must_be(FileKind::Regular, doing)?;
        let wrong = |error| fault(doing, &self.facts.path, error);
        let located = self.handle()?;
        let fd = resolve::reopen(located.fd.as_fd(), located.only_named).map_err(wrong)?;
        let status = Status::of(&fd).map_err(wrong)?;
        if Some(status.object) != self.facts.object {
            return Err(wrong(rustix::io::Errno::AGAIN));
        }
        Ok((std::fs::File::from(fd), status.size))
    }

    pub(crate) fn must_be(&self, kind: FileKind, doing: &str) -> Result<(), FileFault> {
        if self.facts.kind == kind {
            return Ok(());
        }
        let shown = reveal(&self.facts.path);
        let what = self.facts.kind.word();
        let wrong = FileFault::new(format!("cannot {doing} `{shown}`: it is {what}"));
        Err(match self.facts.kind {
            FileKind::Directory => wrong.help("list it, or name a file in it"),
            FileKind::Regular => wrong.help("name its directory"),
            _ => wrong,
        })
    }
}
