//! What an agent's client tells about one call of a tool, in our words.

use std::fmt;

use palisade_core::FileUse;

use crate::Json;

/// Why a payload is not understood; nothing in it may then happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(String);

impl Malformed {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

/// When a client calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// Before a tool is used.
    Before,
    /// Where the client would ask its user.
    Permission,
    /// After it was used, with its output.
    After,
}

/// One thing that a call would do.
#[derive(Debug, Clone, PartialEq)]
pub enum Use {
    /// Run a line in a shell.
    Shell {
        /// The line.
        command: String,
        /// Where, if not where the agent works; as it was given.
        cwd: Option<String>,
    },
    /// Use a file or directory.
    File {
        /// For what.
        how: FileUse,
        /// Its path as it was given.
        path: String,
        /// What would be written, where the call says so.
        content: Option<String>,
    },
    /// Change a notebook.
    Notebook {
        /// Its path as it was given.
        path: String,
    },
    /// Fetch a page.
    Fetch {
        /// Its address as it was given.
        url: String,
    },
    /// Search the web with the client's provider.
    WebSearch,
    /// Start a subagent, whose own calls come here as well.
    Subagent,
    /// Type into a process that runs already.
    WriteStdin {
        /// What is typed.
        text: String,
    },
    /// Use a tool of an MCP server.
    Mcp {
        /// The server, as the client names it.
        server: String,
        /// The tool, as the server names it.
        tool: String,
        /// What else the name can mean, where it does not say where the
        /// server's ends.
        otherwise: Vec<(String, String)>,
    },
    /// Show the model what somebody else wrote.
    Untrusted,
    /// A tool of the client that reaches nothing beyond the conversation.
    Internal,
    /// A tool that is in no table.
    Unknown,
}

/// One call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The tool, as the client names it; where one tool only hands a call to
    /// another, that other.
    pub tool: String,
    /// Its arguments as they came, or as that other tool gets them.
    pub arguments: Json,
    /// All that it would do.
    pub uses: Vec<Use>,
    /// The name of this call, the same before and after it.
    pub id: Option<String>,
    /// When the client made it, where it says so and gives no id.
    pub stamp: Option<String>,
    /// The session that it belongs to.
    pub session: Option<String>,
    /// The agent that makes it, where it is not the first one.
    pub subagent: Option<String>,
    /// Where the agent works, absolute.
    pub cwd: Option<String>,
    /// How the client is set to ask its user.
    pub mode: Option<String>,
    /// Whether the client says that somebody sits before it.
    pub attended: bool,
}

/// A payload that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Payload {
    /// When.
    pub event: Event,
    /// What.
    pub call: Call,
    /// What came out of it, after it.
    pub output: Option<Json>,
}
