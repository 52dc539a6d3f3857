//! What can go wrong, in words for a person.

use palisade_core::ports::JournalError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The result of a journal operation.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong.
#[derive(Debug)]
pub enum Error {
    /// The system refused something.
    Io {
        /// What was tried (`read`, `write to`, ...).
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What is on disk is not what was written.
    Damaged {
        /// Where and how.
        what: String,
    },
    /// Text that should be a key, a note or a checkpoint is not.
    Note(String),
    /// A record that no journal can hold.
    Unfit(String),
    /// There is nothing at this place.
    Missing(String),
}

impl Error {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }

    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }

    /// What to do about it, where something can be said.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::FileTooLarge => {
                    "free some space on the disk where the journal lies; until then nothing may happen"
                }
                io::ErrorKind::NotFound => {
                    "the first command that Palisade judges makes the journal; if one was there, it was taken away"
                }
                io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                    "make the journal's directory writable for this user; until then nothing may happen"
                }
                _ => "make the journal's directory usable; until then nothing may happen",
            },
            Self::Damaged { .. } => {
                "`palisade log verify` says what is wrong; `palisade log set-aside` keeps this journal as evidence and begins a new one"
            }
            Self::Note(_) => "give the text exactly as the journal wrote it",
            Self::Unfit(_) => "make the action smaller",
            Self::Missing(_) => "look with `palisade log list`",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { doing, path, source } => {
                write!(f, "cannot {doing} `{}`: {source}", path.display())
            }
            Self::Damaged { what } => write!(f, "the journal is damaged: {what}"),
            Self::Note(what) | Self::Unfit(what) | Self::Missing(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<Error> for JournalError {
    fn from(error: Error) -> Self {
        Self { message: error.to_string(), help: error.help().to_owned() }
    }
}
