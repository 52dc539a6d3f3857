//! What a command would do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::programs::Language;
use crate::span::Span;
use crate::text::Text;
use crate::trees::{Search, Tree};

/// Where data came from; flows along pipes, files, variables and
/// substitutions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Labels(u8);

impl Labels {
    /// Nothing known against it.
    pub const NONE: Self = Self(0);
    /// It came from the network.
    pub const DOWNLOADED: Self = Self(1);
    /// It was decoded or decrypted, so that it could not be read before.
    pub const DECODED: Self = Self(2);
    /// It holds content of a secret file.
    pub const SECRET: Self = Self(4);
    /// It holds the environment.
    pub const ENVIRONMENT: Self = Self(8);
    /// It was written by a command of this session.
    pub const WRITTEN: Self = Self(16);
    /// It holds a secret that the person hands to commands as a variable.
    pub const GIVEN: Self = Self(64);
    /// It is what a known program prints to set up a shell. Never kept.
    pub(crate) const SETUP: Self = Self(32);
    /// It lies in a tree that the line itself fetches: a repository, an archive
    /// from the network. Never kept: nobody could look before the line ends.
    pub const FETCHED: Self = Self(128);

    /// All that must not leave unasked.
    pub(crate) const PRIVATE: Self = Self(Self::SECRET.0 | Self::ENVIRONMENT.0 | Self::GIVEN.0);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What they have in common.
    #[must_use]
    pub const fn of(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Without these.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether it has all of these.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there are none.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// As bits, for storage.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// From bits; unknown ones are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & (31 | Self::GIVEN.0))
    }

    /// Their names.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        [
            (Self::DOWNLOADED, "downloaded"),
            (Self::DECODED, "decoded"),
            (Self::SECRET, "secret"),
            (Self::ENVIRONMENT, "environment"),
            (Self::WRITTEN, "written"),
            (Self::GIVEN, "given"),
            (Self::FETCHED, "fetched"),
        ]
        .into_iter()
        .filter_map(move |(label, word)| self.has(label).then_some(word))
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.words()).finish()
    }
}

/// What is known of a file before the command runs: gathered by the caller.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileFact {
    /// What it carries from earlier commands of the session.
    pub labels: Labels,
    /// Its content, where it is a script that the line would run.
    pub content: Option<String>,
    /// Where it really is, if a symlink leads elsewhere.
    pub real: Option<String>,
    /// Whether nobody misses a tree there, and why.
    pub unmissed: Option<Unmissed>,
    /// Of a directory: the package managers of which the lock file and what
    /// it was made of are as the repository holds them ([`Analysis::installs`]).
    pub locked: Vec<&'static str>,
    /// Of a directory: whether the session has said anew where the repository
    /// there is pushed to ([`Analysis::pushes`]).
    pub redirected: bool,
    /// Of a pattern, by how it is displayed: the files on disk that it takes
    /// in and of which more is to be said than of the pattern.
    pub matches: Vec<Match>,
    /// Of a pattern: whether there were more files than are looked at.
    pub beyond: bool,
}

/// Why nobody misses a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmissed {
    /// A build makes it again.
    Remade,
    /// There is none: nothing is there, or a single file.
    NoTree,
}

/// An install that a lock file decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Install {
    /// The package manager.
    pub family: &'static str,
    /// The project's directory, absolute.
    pub directory: String,
    /// The lock files, of which there is one.
    pub locks: &'static [&'static str],
    /// The files that say what is to be installed.
    pub manifests: &'static [&'static str],
    /// The files that say from where and how, if there are any.
    pub settings: &'static [&'static str],
}

/// A file that a pattern takes in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Match {
    /// Its name, in the directory where it really is.
    pub entry: String,
    /// Where that leads, links followed.
    pub real: String,
}

/// What paths mean, as far as the flow of labels depends on it. Judging them
/// is the guards' business; these two say how data carries on.
#[derive(Debug, Clone, Copy)]
pub struct Classify {
    /// Whether a file's content is secret.
    pub secret: fn(&Text) -> bool,
    /// Whether a file is code that something runs later (a git hook, a shell
    /// rc file, a crontab), and in which language; `Other` where that is not
    /// one to read.
    pub code: fn(&Text) -> Option<Language>,
    /// Whether a file of settings (path, content) names no program and no
    /// source of code.
    pub plain: fn(&str, &str) -> bool,
}

impl Default for Classify {
    fn default() -> Self {
        Self { secret: |_| false, code: |_| None, plain: |_, _| false }
    }
}

/// The circumstances of a command.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Where it starts, absolute.
    pub cwd: String,
    /// The home directory, absolute.
    pub home: String,
    /// What `PALISADE_HOME` means, absolute; empty where it is not known.
    pub palisade_home: String,
    /// The variables that commands get of which the values are secret.
    pub given: Vec<String>,
    /// What is known of files, by absolute path.
    pub files: BTreeMap<String, FileFact>,
    /// The files of secrets in [`Analysis::trees`].
    pub trees: BTreeMap<Tree, Vec<String>>,
    /// Whether [`Analysis::searches`] show anything secret.
    pub searches: BTreeMap<Search, bool>,
    /// What paths mean.
    pub classify: Classify,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Writing {
    /// Created or replaced.
    Replace,
    /// Created or replaced by settings that name no program and no source of
    /// code ([`Classify::plain`]).
    Settings,
    /// Added to.
    Append,
    /// Changed in place.
    Edit,
    /// Its mode, owner or attributes.
    Attributes,
    /// A link to it or from it.
    Link,
}

/// Where executed code comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// Text that is known; what it does are effects of nested commands.
    Analysed,
    /// Text that is known only in part or in a language that is not analysed.
    Opaque,
    /// Whatever comes in on standard input.
    Input,
    /// A file.
    File(Text),
}

/// One thing that a command would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EffectKind {
    /// Code given to an interpreter.
    Execute {
        /// In which language.
        language: Language,
        /// From where.
        code: Code,
    },
    /// A program started by path that is not a known one (`./x`, `/tmp/x`).
    Program {
        /// Its path or name.
        path: Text,
    },
    /// A file read: its content goes somewhere.
    Read {
        /// Absolute and normalised, as far as known.
        path: Text,
    },
    /// A file or directory of which names or attributes are read.
    List {
        /// Absolute and normalised.
        path: Text,
    },
    /// A file written.
    Write {
        /// Absolute and normalised.
        path: Text,
        /// How.
        how: Writing,
    },
    /// A file deleted.
    Delete {
        /// Absolute and normalised.
        path: Text,
        /// With all below it.
        recursive: bool,
    },
    /// A mode set.
    Mode {
        /// Whose; absolute.
        path: Text,
        /// As written (`777`, `a+w`, `u+s`).
        mode: Text,
        /// With all below it.
        recursive: bool,
    },
    /// An owner or group set.
    Owner {
        /// Whose; absolute.
        path: Text,
        /// With all below it.
        recursive: bool,
    },
    /// A connection out. The effect's labels are what is sent.
    Connect {
        /// To whom: a URL or host, as far as known.
        host: Text,
        /// Whether data of ours is sent beyond the request itself.
        sends: bool,
    },
    /// A shell or program wired to a network connection.
    RemoteShell,
    /// Other privileges taken.
    Escalate,
    /// All of the environment printed or sent.
    DumpEnvironment,
    /// A variable set that changes what programs do (`PATH`, `LD_PRELOAD`).
    Environment {
        /// The variable.
        name: Text,
        /// Its value.
        value: Text,
    },
    /// A library, plugin or module loaded.
    Load {
        /// From where.
        path: Text,
    },
    /// A device written or formatted.
    Device {
        /// Which.
        path: Text,
    },
    /// A function or script that starts itself more than once.
    ForkBomb,
    /// A hazard that the program table or a handler names.
    Hazard(&'static str),
    /// A program that the table does not have.
    UnrecognisedProgram,
    /// An option that the entry does not have and that could carry code.
    UnrecognisedOption,
    /// A word in command position whose value is not known.
    UnknownWord,
    /// Letters that look like others, or cannot be seen.
    Deceptive {
        /// What they are, in words.
        what: &'static str,
    },
    /// Only zsh would run this as code.
    ZshOnly,
    /// The input could not be read to its end.
    Unreadable {
        /// Whether for a limit rather than its syntax.
        over_budget: bool,
        /// What is wrong, in words.
        message: &'static str,
    },
}

impl Analysis {
    /// Whether some of it connects to a host or may talk to one.
    pub fn goes_out(&self) -> bool {
        self.commands.iter().any(|command| command.online)
            || self.effects.iter().any(|effect| matches!(effect.kind, EffectKind::Connect { .. }))
    }
}

/// The path of a kind that is about a file or directory, borrowed as it is.
macro_rules! path_of {
    ($kind:expr) => {
        match $kind {
            Self::Execute { code: Code::File(path), .. }
            | Self::Program { path }
            | Self::Read { path }
            | Self::List { path }
            | Self::Write { path, .. }
            | Self::Delete { path, .. }
            | Self::Mode { path, .. }
            | Self::Owner { path, .. }
            | Self::Load { path }
            | Self::Device { path } => Some(path),
            Self::Execute { code: Code::Analysed | Code::Opaque | Code::Input, .. }
            | Self::Connect { .. }
            | Self::RemoteShell
            | Self::Escalate
            | Self::DumpEnvironment
            | Self::Environment { .. }
            | Self::ForkBomb
            | Self::Hazard(_)
            | Self::UnrecognisedProgram
            | Self::UnrecognisedOption
            | Self::UnknownWord
            | Self::Deceptive { .. }
            | Self::ZshOnly
            | Self::Unreadable { .. } => None,
        }
    };
}

impl EffectKind {
    /// The file or directory that it is about, if any.
    pub const fn path(&self) -> Option<&Text> {
        path_of!(self)
    }

    pub(crate) const fn path_mut(&mut self) -> Option<&mut Text> {
        path_of!(self)
    }
}

/// An effect, with what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// What.
    pub kind: EffectKind,
    /// Which command of [`Analysis::commands`]; none for the input as a whole.
    pub command: Option<u32>,
    /// What the data involved carries: for `Execute` the code, for `Connect`
    /// what is sent, for `Write` what is written.
    pub labels: Labels,
    /// Where in the outermost input.
    pub span: Span,
}

/// One simple command that would be executed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Invocation {
    /// The program, after expansion.
    pub program: Text,
    /// Its arguments, after expansion.
    pub arguments: Vec<Text>,
    /// The directory it runs in, absolute, as far as known.
    pub directory: Text,
    /// The command it is nested in.
    pub parent: Option<u32>,
    /// How it came to be nested (`sh -c`, `xargs`, `$(..)`, `wrapper`, ...).
    pub via: &'static str,
    /// Whether it runs later rather than now (a hook, a crontab, an rc file).
    pub deferred: bool,
    /// Whether it stands in a file of the project that a program obeys, among
    /// other things that are no commands.
    pub project: bool,
    /// Whether it is a shell, interpreter or wrapper.
    pub interpreter: bool,
    /// Whether it talks to hosts that its words need not name.
    pub online: bool,
    /// Where in the outermost input.
    pub span: Span,
}

/// Everything that is known of an input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analysis {
    /// The commands, outer before inner.
    pub commands: Vec<Invocation>,
    /// The effects, in the order they were found.
    pub effects: Vec<Effect>,
    /// What files carry afterwards, by absolute path; for the session.
    pub files: BTreeMap<String, Labels>,
    /// What the output carries, as far as it is followed.
    pub printed: Labels,
    /// Texts that flow between its commands beside their words, as far as they
    /// are known: through pipes, here-documents and files that it writes.
    /// Empty where nothing of it talks to other machines.
    pub data: Vec<Text>,
    /// Scripts whose content would say more, by absolute path: give them in
    /// [`Context::files`] and analyse again.
    pub wanted: Vec<String>,
    /// Files that are read for the names in them, by absolute path: their
    /// content would say more as well. What holds secrets is better not given.
    pub lists: Vec<String>,
    /// Absolute paths as they were spelled, `..` included, that a link on disk
    /// may lead elsewhere: give [`FileFact::real`] of them in
    /// [`Context::files`] under the same spelling and analyse again.
    pub spelled: Vec<String>,
    /// Trees that it takes in: say in [`Context::trees`] which files of secrets
    /// lie there and analyse again.
    pub trees: BTreeSet<Tree>,
    /// Files of secrets that it looks through: say in [`Context::searches`]
    /// whether that shows any and analyse again.
    pub searches: BTreeSet<Search>,
    /// What it installs by a lock file: say [`FileFact::locked`] of the
    /// directories and analyse again.
    pub installs: Vec<Install>,
    /// The directories from which it pushes, or into which it takes what was
    /// fetched: say [`FileFact::redirected`] of
    /// them and analyse again.
    pub pushes: Vec<String>,
    /// Whether it runs what lies in a project, so that it matters what the
    /// files there carry from earlier commands.
    pub runs_project: bool,
    /// The trees that nobody misses, by absolute path, of those that the caller
    /// knows ([`FileFact::unmissed`]). What the line itself puts there is none.
    pub unmissed: BTreeSet<String>,
    /// Whether the input is one simple command without redirections, so that
    /// a hand-written grant may cover it.
    pub simple: bool,
}
