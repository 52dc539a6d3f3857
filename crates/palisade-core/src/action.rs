//! What is asked, and by whom.

/// Where an answer could come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Surface {
    /// A person can be asked.
    #[default]
    Interactive,
    /// Nobody can: a gateway, a schedule, no terminal.
    Unattended,
}

/// A command in the form it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// One line or script for a shell.
    Shell(String),
    /// A program and its arguments, executed without a shell.
    Argv(Vec<String>),
}

/// What a file or directory is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileUse {
    /// Show its content.
    Read,
    /// Make it, or replace all of its content.
    Write,
    /// Replace a part of its content.
    Edit,
    /// Show what a directory holds.
    List,
    /// Show where text stands in the files below it.
    Search,
}

impl FileUse {
    /// The word used in records.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Edit => "edit",
            Self::List => "list",
            Self::Search => "search",
        }
    }

    /// Whether something is changed.
    pub const fn changes(self) -> bool {
        match self {
            Self::Write | Self::Edit => true,
            Self::Read | Self::List | Self::Search => false,
        }
    }
}

/// Which file it is, whatever its name: two names of one file share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object {
    /// The device it lies on (`st_dev`).
    pub device: u64,
    /// Its number there (`st_ino`).
    pub inode: u64,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Run a command in a directory.
    Run {
        /// What to run.
        command: Command,
        /// The directory it starts in, absolute.
        cwd: String,
    },
    /// Use a file or directory through a handle that is already open.
    File {
        /// For what.
        how: FileUse,
        /// The path as it was asked for, made absolute.
        path: String,
        /// Where the handle really is, free of links.
        real: String,
        /// What the handle is of; `None` for a file that is yet to be made.
        object: Option<Object>,
        /// The directory the caller works in, absolute.
        cwd: String,
    },
    /// Fetch a page or file over HTTP.
    Fetch {
        /// The address, as parsed and written out again.
        url: String,
        /// The directory the caller works in, absolute.
        cwd: String,
    },
    /// Use a named tool with arguments, given as the exact bytes received.
    Tool {
        /// The tool, as its owner names it.
        name: String,
        /// Its arguments in the outside's own format.
        arguments: String,
        /// The directory the caller works in, absolute.
        cwd: String,
    },
}

impl Action {
    /// The kind of action as one word, for records.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Run { .. } => "run",
            Self::File { how, .. } => how.word(),
            Self::Fetch { .. } => "fetch",
            Self::Tool { .. } => "tool",
        }
    }

    /// The directory that it happens in.
    pub fn cwd(&self) -> &str {
        match self {
            Self::Run { cwd, .. }
            | Self::File { cwd, .. }
            | Self::Fetch { cwd, .. }
            | Self::Tool { cwd, .. } => cwd,
        }
    }
}

/// How sure we are that an actor is who the record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// Read from the kernel (uid, pid, peer credentials).
    Kernel,
    /// Verified with a key.
    Key,
    /// Said by the caller; nothing checked it.
    Claimed,
}

/// Who asks, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actor {
    /// Local user id, from the kernel.
    pub uid: Option<u32>,
    /// Process ids from this process upward, with their program names, from
    /// the kernel.
    pub processes: Vec<(u32, String)>,
    /// The client program (`claude`, `codex`, ...), claimed.
    pub client: Option<String>,
    /// The agent within the client, claimed.
    pub agent: Option<String>,
    /// The subagent within the agent, claimed.
    pub subagent: Option<String>,
    /// The session, claimed.
    pub session: Option<String>,
}
