//! What can go wrong before or beside a decision. A refusal is no error.

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use palisade_core::ports::JournalError;

/// An error of the runtime, in words for the person who can mend it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A configuration file does not say what it must.
    #[error(transparent)]
    Config(#[from] Fault),
    /// A name that the caller gave is not one.
    #[error("{0}")]
    Name(String),
    /// Palisade's home cannot be used as it is.
    #[error("{0}")]
    Home(String),
    /// A file could not be read or written.
    #[error("cannot {what} `{}`: {source}", path.display())]
    File {
        /// What was tried (`read`, `write`, `lock`, ...).
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A request for approval is not what it must be, or not there.
    #[error("{message}")]
    Approval {
        /// What is wrong with it.
        message: String,
    },
    /// Only a person may do this, and nothing shows that one does.
    #[error("only a person may do this: {why}")]
    NotAPerson {
        /// What speaks against it.
        why: String,
    },
    /// The journal did not take a record, so nothing happened.
    #[error("the journal took no record, so nothing was run: {}", .0.message)]
    Journal(JournalError),
}

impl Error {
    /// What to do about it, where there is something to say.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Config(fault) => fault.help.as_deref(),
            Self::Journal(error) => Some(&error.help),
            Self::NotAPerson { .. } => Some(
                "use a terminal that was open before the agent started, a console, or a login over ssh",
            ),
            Self::File { source, .. } => match source.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(
                    "no space is left on the disk where Palisade's home lies: free some; until then nothing is run",
                ),
                ErrorKind::ReadOnlyFilesystem => Some(
                    "the disk where Palisade's home lies cannot be written: `PALISADE_HOME` names another place",
                ),
                _ => None,
            },
            Self::Name(_) | Self::Home(_) | Self::Approval { .. } => None,
        }
    }

    /// Whether the person's usage or configuration is at fault, rather than
    /// the machine.
    pub const fn is_configuration(&self) -> bool {
        matches!(self, Self::Config(_) | Self::Name(_) | Self::Home(_))
    }
}

/// A place in a configuration file and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub path: PathBuf,
    /// Line and column, both from 1, where known.
    pub at: Option<(u64, u64)>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.path.display())?;
        if let Some((line, column)) = self.at {
            write!(out, ":{line}:{column}")?;
        }
        write!(out, ": {}", self.message)
    }
}
