//! Files as a tool uses them: what is asked, what is known of an open one,
//! and what came of it.

use crate::{FileUse, Object};

/// What kind of thing an open handle is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FileKind {
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link itself.
    Link,
    /// A pipe with a name.
    Fifo,
    /// A socket.
    Socket,
    /// A device of characters: a terminal, `/dev/null`.
    CharacterDevice,
    /// A disk.
    BlockDevice,
    /// A file that is yet to be made.
    New,
    /// Nothing was opened.
    #[default]
    Unknown,
}

impl FileKind {
    /// The kind in words, with its article.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Regular => "a file",
            Self::Directory => "a directory",
            Self::Link => "a symbolic link",
            Self::Fifo => "a named pipe",
            Self::Socket => "a socket",
            Self::CharacterDevice | Self::BlockDevice => "a device",
            Self::New => "a new file",
            Self::Unknown => "not known",
        }
    }
}

/// What is known of a file from its open handle. A guard judges every name in
/// it; the worst one decides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileFacts {
    /// The path as it was asked for, made absolute, `.` and `..` taken out of
    /// the text.
    pub path: String,
    /// Where the handle really is, free of links, as the kernel says.
    pub real: String,
    /// `real` in the words of the places it is judged against: where the
    /// workspace or the home is reached through a link, this path goes through
    /// that link.
    pub placed: String,
    /// Other names of the same object: through another mount, or a protected
    /// file that is the same one by a hard link.
    pub also: Vec<String>,
    /// Whether there may be names that were not compared, because a bound was
    /// met.
    pub incomplete: bool,
    /// What the handle is of; `None` for a file that is yet to be made.
    pub object: Option<Object>,
    /// What kind of thing it is.
    pub kind: FileKind,
    /// How many names the object has (`st_nlink`).
    pub links: u64,
    /// Whether what is to be written into it are settings that name no program
    /// and no source of code.
    pub plain: bool,
}

impl FileFacts {
    /// What is known of a path that could not be opened: its text.
    pub fn of_text(path: impl Into<String>) -> Self {
        let path = path.into();
        Self { real: path.clone(), placed: path.clone(), path, ..Self::default() }
    }

    /// Every name, each once; where it lies is the first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let rest = [self.real.as_str(), self.path.as_str()];
        let also = self.also.iter().map(String::as_str);
        let first = self.placed.as_str();
        std::iter::once(first)
            .chain(rest.into_iter().chain(also).filter(move |name| *name != first))
    }
}

/// What a tool is asked to do with a file or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileWork {
    /// Show lines.
    Read {
        /// The first line, from 1; 0 is the first too.
        from: u64,
        /// At most so many lines; `None` is as many as are shown at once.
        lines: Option<u64>,
        /// Whether each line begins with its number.
        numbered: bool,
    },
    /// Make the file, or replace all of its content.
    Write {
        /// The new content.
        content: String,
        /// Whether missing directories are made.
        parents: bool,
    },
    /// Replace a part that matches exactly.
    Edit {
        /// The text that must be there.
        old: String,
        /// What comes in its place.
        new: String,
        /// Whether every occurrence is replaced; else there must be just one.
        all: bool,
    },
    /// Show what a directory holds.
    List,
    /// Show where a pattern matches in the files below.
    Search(Search),
}

/// What is searched for, and in which files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// A regular expression, as ripgrep reads it.
    pub pattern: String,
    /// Whether the pattern is plain text.
    pub literal: bool,
    /// Whether capitals do not matter.
    pub ignore_case: bool,
    /// Only files whose path matches one of these globs; `!glob` leaves out.
    pub globs: Vec<String>,
    /// Whether hidden files and those that `.gitignore` names are searched.
    pub all: bool,
    /// Lines of context before and after each match.
    pub context: usize,
    /// At most so many matching lines; `None` is the tool's own bound, which
    /// is the most in any case.
    pub most: Option<usize>,
}

impl FileWork {
    /// All that the file would hold, where this says so.
    pub fn content(&self) -> Option<&str> {
        match self {
            Self::Write { content, .. } => Some(content),
            Self::Read { .. } | Self::Edit { .. } | Self::List | Self::Search(_) => None,
        }
    }

    /// What the file is used for.
    pub const fn how(&self) -> FileUse {
        match self {
            Self::Read { .. } => FileUse::Read,
            Self::Write { .. } => FileUse::Write,
            Self::Edit { .. } => FileUse::Edit,
            Self::List => FileUse::List,
            Self::Search(_) => FileUse::Search,
        }
    }
}

/// A file whose content is shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileSource {
    /// As [`FileFacts::placed`].
    pub placed: String,
    /// As [`FileFacts::real`].
    pub real: String,
}

/// What a tool has to show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileShown {
    /// The text for whoever asked.
    pub text: String,
    /// What they should know beside it: what was left out, what the change
    /// means. One sentence a line; empty where there is nothing.
    pub notes: Vec<String>,
    /// The files whose content stands in `text`.
    pub sources: Vec<FileSource>,
    /// How many files were changed.
    pub changed: u64,
    /// Whether something was left out.
    pub more: bool,
}

/// Why a tool could not do its work. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFault {
    /// What went wrong, in lower case without a full stop.
    pub message: String,
    /// What to do instead; empty where there is nothing to say.
    pub help: String,
}

impl FileFault {
    /// A fault with nothing to advise.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: String::new() }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

impl std::fmt::Display for FileFault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.message)?;
        if self.help.is_empty() { Ok(()) } else { write!(out, " ({})", self.help) }
    }
}

impl std::error::Error for FileFault {}
