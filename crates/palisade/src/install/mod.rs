//! Putting Palisade under an agent that people already have: which clients
//! there are, what each needs where, and how it is taken out again.
//!
//! A client is data ([`Client`]): its files, the entries in them, what it
//! cannot enforce. What is written is worked out first ([`plan`]), shown, and
//! then written whole or not at all ([`write`]), with the bytes from before
//! kept ([`kept`]).

pub mod clients;
pub mod consent;
pub mod found;
pub mod health;
pub mod jsonc;
pub mod kept;
pub mod plan;
pub mod program;
pub mod splice;
pub mod state;
pub mod trust;
pub mod write;

use std::collections::HashMap;
use std::env;
use std::path::{Path, PathBuf};

pub use program::Program;
use splice::Data;

use crate::show::Failure;

/// An agent client that can be put under Palisade.
#[derive(Debug)]
pub struct Client {
    /// Its name on our command line.
    pub name: &'static str,
    /// Its own name.
    pub title: &'static str,
    /// Its program.
    pub program: &'static str,
    /// What its packages are called, to find its version.
    pub packages: &'static [&'static str],
    /// The version whose contract was seen at work; none where only its
    /// documentation was read.
    pub seen: Option<&'static str>,
    /// The first version that does what the entry says, and what older ones do.
    pub oldest: Option<(&'static str, &'static str)>,
    /// What must be there, and where.
    pub files: fn(&Around, Scope) -> Vec<Place>,
    /// What this client cannot enforce, each in one sentence.
    pub limits: &'static [&'static str],
}

/// For whom it is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// All projects of this user.
    User,
    /// The project in the current directory.
    Project,
}

impl Scope {
    /// Its name in the record.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
        }
    }
}

/// A file that a client needs.
#[derive(Debug)]
pub struct Place {
    /// Where the client looks for it.
    pub path: PathBuf,
    /// What must be in it.
    pub what: What,
}

/// What must be in a file.
#[derive(Debug)]
pub enum What {
    /// Entries among those of others.
    Entries(&'static Entries),
    /// A file of our own.
    Own {
        /// Its content.
        make: fn(&Program) -> String,
        /// Whether it is a program.
        executable: bool,
    },
}

/// Entries in a JSON file of hooks.
#[derive(Debug)]
pub struct Entries {
    /// The client's name, for the command line of the hook.
    pub client: &'static str,
    /// The events that are answered.
    pub events: &'static [Event],
    /// How an entry is nested.
    pub nest: Nest,
    /// The key of the command line.
    pub key: &'static str,
    /// The entry for an event and its command line.
    pub handler: fn(&Event, Data) -> Data,
    /// A member that a new file must have.
    pub head: Option<(&'static str, u64)>,
    /// Settings that turn all hooks off: path, and the value that does.
    pub switches: &'static [(&'static [&'static str], &'static str)],
}

/// How an entry is nested below its event.
#[derive(Debug, Clone, Copy)]
pub enum Nest {
    /// The list holds the entries themselves.
    Flat,
    /// The list holds groups, each with a matcher and entries.
    Groups(Option<&'static str>),
}

/// An event that a client calls a hook for.
#[derive(Debug)]
pub struct Event {
    /// The client's name for it.
    pub name: &'static str,
    /// Whether the call can still be stopped.
    pub before: bool,
    /// What a shell answers in place of a hook that failed.
    pub fallback: Option<&'static str>,
}

/// How many seconds a client waits for the hook, which answers before.
pub const WAIT: u64 = 600;

/// What the model is told where the hook failed. It stands in single quotes.
macro_rules! failed {
    () => {
        "Palisade could not judge this call, so it is refused. Ask the user to run: palisade doctor"
    };
}
pub(crate) use failed;

/// Before a tool runs, in the form that Claude Code began and others took over.
const BEFORE_A_TOOL: Event = Event {
    name: "PreToolUse",
    before: true,
    fallback: Some(concat!(
        r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":""#,
        failed!(),
        r#""}}"#
    )),
};

/// Before such a client asks whoever uses it.
const BEFORE_A_QUESTION: Event = Event {
    name: "PermissionRequest",
    before: true,
    fallback: Some(concat!(
        r#"{"hookSpecificOutput":{"hookEventName":"PermissionRequest","decision":{"behavior":"deny","message":""#,
        failed!(),
        r#""}}}"#
    )),
};

impl Entries {
    /// The command line of the hook for an event.
    pub fn command(&self, event: &Event, program: &Program) -> String {
        let hook = program.hook(self.client, event.name);
        match event.fallback {
            // A hook that crashes or is gone must not count as a yes, whatever
            // the client makes of exit codes.
            Some(fallback) => format!("{hook} || printf '%s' '{fallback}'"),
            None => hook,
        }
    }

    /// The element of the event's list.
    pub fn element(&self, event: &Event, program: &Program) -> Data {
        let handler = (self.handler)(event, Data::text(self.command(event, program)));
        match self.nest {
            Nest::Flat => handler,
            Nest::Groups(None) => Data::object([("hooks", Data::List(vec![handler]))]),
            Nest::Groups(Some(matcher)) => Data::object([
                ("matcher", Data::text(matcher)),
                ("hooks", Data::List(vec![handler])),
            ]),
        }
    }

    /// Whether a command line is one of ours, from whatever installation.
    pub fn is_ours(&self, command: &str) -> bool {
        let verb = format!(" hook --client {} --event ", self.client);
        command.split_once(verb.as_str()).is_some_and(|(program, _)| {
            let program = program.trim_end_matches(['\'', '"']);
            let name = program.rsplit('/').next().unwrap_or(program);
            name.trim_start_matches(['\'', '"']).starts_with("palisade")
        })
    }
}

/// The circumstances of an installation.
#[derive(Debug, Clone)]
pub struct Around {
    /// The user's home directory.
    pub home: PathBuf,
    /// The project.
    pub project: PathBuf,
    variables: HashMap<String, PathBuf>,
}

impl Around {
    /// Those of this process.
    ///
    /// # Errors
    /// Where the home or the current directory is unknown.
    pub fn here() -> Result<Self, Failure> {
        let home = env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        let home = home.ok_or_else(|| Failure::Usage("`HOME` is not set".into()))?;
        let project = env::current_dir()?;
        let variables = env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, PathBuf::from(value))))
            .collect();
        Ok(Self { home, project, variables })
    }

    /// Those of a home and a project, without variables.
    pub fn of(home: &Path, project: &Path) -> Self {
        Self { home: home.to_owned(), project: project.to_owned(), variables: HashMap::new() }
    }

    /// The path in a variable, where it is absolute.
    pub fn variable(&self, name: &str) -> Option<&Path> {
        self.variables.get(name).map(PathBuf::as_path).filter(|path| path.is_absolute())
    }

    /// The directory that `variable` names, or else `~/rest`.
    pub fn or_home(&self, variable: &str, rest: &str) -> PathBuf {
        self.variable(variable).map_or_else(|| self.home.join(rest), Path::to_owned)
    }

    /// The search path.
    pub fn search(&self) -> Vec<PathBuf> {
        self.variables.get("PATH").map(|path| env::split_paths(path).collect()).unwrap_or_default()
    }
}
