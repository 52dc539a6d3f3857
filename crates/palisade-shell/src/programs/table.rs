//! The shape of an entry, as the build writes it.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use super::generated;

/// A text of the table, as a place in one pool. The table holds no pointer, so
/// that the loader has nothing to relocate in it when a process starts.
#[derive(Clone, Copy)]
pub struct Name {
    pub(super) at: u32,
    pub(super) length: u16,
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &'static str {
        let at = self.at as usize;
        generated::TEXT.get(at..at + usize::from(self.length)).unwrap_or("")
    }
}

impl Name {
    /// The text itself.
    pub fn get(self) -> &'static str {
        let at = self.at as usize;
        generated::TEXT.get(at..at + usize::from(self.length)).unwrap_or("")
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.get() == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.get() == *other
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.get(), out)
    }
}

/// A run of entries in the pool of their kind.
pub struct List<T: 'static> {
    pub(super) at: u32,
    pub(super) count: u16,
    pub(super) kind: PhantomData<T>,
}

impl<T: Pooled> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &'static [T] {
        self.items()
    }
}

impl<T: Pooled> List<T> {
    /// The entries.
    pub fn items(&self) -> &'static [T] {
        let at = self.at as usize;
        T::pool().get(at..at + usize::from(self.count)).unwrap_or(&[])
    }
}

impl<T: Pooled + fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.items(), out)
    }
}

/// What has a pool.
pub trait Pooled: Sized + 'static {
    /// All of this kind in the table.
    fn pool() -> &'static [Self];
}

macro_rules! pooled {
    ($($kind:ty => $pool:ident),* $(,)?) => {
        $(impl Pooled for $kind {
            fn pool() -> &'static [Self] {
                generated::$pool
            }
        })*
    };
}

pooled! {
    Name => LISTED,
    Role => ROLES,
    OptionSpec => OPTIONS,
    When => WHENS,
    Condition => CONDITIONS,
    (Name, Role) => VARIABLES,
}

/// What the evaluator knows of one program or subcommand.
#[derive(Debug)]
pub struct Program {
    /// Its name; `program subcommand` for subcommands.
    pub name: Name,
    /// The code that lowers it, where the data alone does not suffice.
    pub handler: Handler,
    /// How its arguments are written.
    pub style: Style,
    /// The options it is known to have.
    pub options: List<OptionSpec>,
    /// The roles of its operands by position.
    pub operands: List<Role>,
    /// The role of all further operands.
    pub rest: Option<Role>,
    /// The role of the last operand, where it differs (`cp a b DEST`).
    pub last: Option<Role>,
    /// What an option means that is not listed.
    pub unknown: Unknown,
    /// What it writes to standard output.
    pub output: Output,
    /// Hazards that every use has.
    pub hazards: List<Name>,
    /// Hazards that some uses have.
    pub whens: List<When>,
    /// Environment variables that carry code or files for it.
    pub environment: List<(Name, Role)>,
    /// Whether its first operand selects a subcommand.
    pub subcommands: Subcommands,
    /// Subcommands without an entry of their own that do nothing of note.
    pub plain: List<Name>,
    /// Whether a trailing version (`python3.11`) names the same program.
    pub versioned: bool,
    /// Whether `./name` is this program too: wrappers that projects carry
    /// with them (`./gradlew`, `./configure`).
    pub local: bool,
    /// Whether it runs commands or code given to it, so that a lasting grant
    /// for it would be a grant for anything.
    pub interpreter: bool,
    /// Whether it talks to hosts that its words need not name, with what its
    /// words or its input say: a package manager, a resolver, a mailer.
    pub online: bool,
    /// The host that it sends what it is given to, where its words name none.
    pub reaches: Option<Name>,
    /// Whether a method of HTTP may stand before its first operand.
    pub method: bool,
    /// The role of standard input, where it is more than data.
    pub stdin: Option<Role>,
    /// Files that it runs or obeys where it finds them in a project, as
    /// patterns for the end of a path: scripts, and sources as paths.
    pub obeys: List<(Name, Role)>,
}

/// One option.
#[derive(Debug)]
pub struct OptionSpec {
    /// Its spellings, dashes included.
    pub names: List<Name>,
    /// The role of its value, if it takes one.
    pub value: Option<Role>,
    /// The role of a second value, if it takes two.
    pub then: Option<Role>,
    /// Whether the value is optional, so that it counts only when attached.
    pub optional: bool,
}

/// What a word means to a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Text; never a path, never code.
    Data,
    /// Text that may be a path; read if it looks like one.
    Path,
    /// A file whose content is read.
    Read,
    /// A file or directory whose names or attributes are read, not its content.
    List,
    /// A file or directory that is created or replaced.
    Write,
    /// A file that is added to.
    Append,
    /// A file that is changed in place: read and written.
    Edit,
    /// A file that may be read or written, whichever the program chooses.
    Convert,
    /// A file that is deleted.
    Delete,
    /// A tree that is deleted.
    DeleteTree,
    /// A file that is read and sent over the network.
    Upload,
    /// Text sent over the network; `@file` sends a file (curl `-d`).
    UploadData,
    /// `file` or `name=file`, which is read (`kubectl create --from-file`).
    ReadNamed,
    /// `name=@file` or `name=<file` sends a file (curl `-F`).
    UploadForm,
    /// A URL to fetch from or send to.
    Url,
    /// The address of the service that a client goes to with its credentials,
    /// in the place of the usual one.
    Service,
    /// A host, `host:port` or `user@host`.
    Host,
    /// `HOST:PORT:ADDRESS`: other places that are reached in the place of a
    /// host (curl `--resolve`, `--connect-to`).
    Detour,
    /// Where a server is, among other settings: `host=NAME dbname=x` of libpq,
    /// `host=tcp://..` of Docker, or an address alone.
    Endpoint,
    /// A remote of git: the name of one, or where it is.
    Remote,
    /// An image of containers: what stands before its first slash may be the
    /// registry.
    Image,
    /// `[user@]host:path` or a local path (scp, rsync).
    RemotePath,
    /// Code in a language.
    Code(Language),
    /// A file that is executed as code in a language.
    Script(Language),
    /// A single program executed, no arguments known.
    Exec,
    /// The first word of a command that takes all remaining words.
    Command,
    /// A native library, plugin or module that is loaded.
    Load,
    /// `NAME=VALUE` for the environment.
    Environment,
    /// The directory the program works in.
    Chdir,
    /// A bind of a host path into a container, `host:inside[:flags]`.
    Mount,
    /// A block or character device.
    Device,
    /// A process id or name that is signalled.
    Process,
    /// `key=value` of git's configuration.
    GitConfig,
    /// `key=value` or `key value` of ssh's configuration.
    SshConfig,
    /// A statement for a database.
    Sql,
    /// A file whose lines are names, options or commands that are followed.
    FileList,
    /// Names of files that are read, one a line; as a word, a file of these.
    Names,
    /// A variable of the shell that is given a value; its subscript is code.
    Variable,
    /// A directory in which files are made whose names are not said.
    Unpack,
    /// A pattern for the names of files that a search reads.
    Glob,
}

/// Languages that a program may be given code in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// POSIX shell and its kin.
    Shell,
    /// Python.
    Python,
    /// Perl.
    Perl,
    /// Ruby.
    Ruby,
    /// JavaScript.
    JavaScript,
    /// PHP.
    Php,
    /// Lua.
    Lua,
    /// AWK.
    Awk,
    /// sed.
    Sed,
    /// SQL, with the client's own escapes.
    Sql,
    /// vi and vim ex commands.
    Ex,
    /// make.
    Make,
    /// PowerShell and cmd.
    PowerShell,
    /// AppleScript.
    AppleScript,
    /// Tcl and expect.
    Tcl,
    /// R.
    R,
    /// gdb, lldb and other debuggers' command languages.
    Debugger,
    /// jq and other filters that cannot leave themselves.
    Jq,
    /// crontab lines.
    Cron,
    /// Settings with commands among other values (`package.json`, `tox.ini`).
    Settings,
    /// Any other language: what it does is not known.
    Other,
}

/// How arguments are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// `-abc`, `-oVALUE`, `--long`, `--long=VALUE`, unambiguous prefixes of
    /// long options, `--` ends them, options and operands in any order.
    Gnu,
    /// As `Gnu`, but the first operand ends the options.
    Posix,
    /// `-word value`; no bundles (find, java, openssl, ffmpeg, terraform).
    SingleDash,
    /// As `Gnu`, and a first word without a dash is a bundle (tar, ps, ar).
    Bundle,
    /// `key=value` operands (dd).
    KeyValue,
    /// No options at all: every word is an operand (echo, true).
    Plain,
}

/// What an option means that the entry does not list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unknown {
    /// Nothing: the entry lists all that can carry code or files.
    Harmless,
    /// It could carry code, so somebody should look.
    Ask,
}

/// What a program writes to standard output, for the flow of labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Output {
    /// Text of its own making.
    Text,
    /// The content of its read operands, or of standard input without any.
    Operands,
    /// What came in on standard input, perhaps changed.
    Input,
    /// Content from the network.
    Download,
    /// A decoding of its operands or standard input.
    Decoded,
    /// Its arguments (echo).
    Arguments,
    /// Nothing.
    Nothing,
}

/// Whether and how the first operand selects a subcommand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subcommands {
    /// There are none.
    None,
    /// An unlisted one is not understood.
    Ask,
    /// An unlisted one is like the program itself.
    Plain,
}

/// A hazard under a condition.
#[derive(Debug)]
pub struct When {
    /// All of these hold.
    pub conditions: List<Condition>,
    /// Then these hazards are there.
    pub hazards: List<Name>,
}

/// One condition on an invocation.
#[derive(Debug)]
pub enum Condition {
    /// Any of these options is present.
    Has(List<Name>),
    /// None of these options is present.
    Lacks(List<Name>),
    /// Some operand matches one of these globs.
    Operand(List<Name>),
    /// The first operand matches one of these globs.
    First(List<Name>),
    /// The value of one of these options matches one of these globs.
    Value(List<Name>, List<Name>),
    /// There are at least so many operands.
    AtLeast(u8),
    /// There are at most so many operands.
    AtMost(u8),
}

include!(concat!(env!("OUT_DIR"), "/handlers.rs"));
