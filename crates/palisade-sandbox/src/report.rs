//! The truth about a run: what was enforced, what was refused, how it ended.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::limits::Breach;
use crate::wire::{Reader, Writer};

/// Something that was not enforced as fully as it could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Gap {
    /// This kernel has no Landlock.
    NoLandlock = 1,
    /// Refused calls cannot be told.
    NoReport = 2,
    /// The host's root id is used inside.
    HostRoot = 3,
    /// Memory is looked at now and then.
    MemorySampled = 4,
    /// Processor time is not bounded.
    CpuUnbounded = 5,
    /// The number of processes is not bounded.
    PidsUnbounded = 6,
    /// No namespaces at all.
    NoNamespaces = 7,
    /// Protected files are only checked afterwards.
    ProtectedAfterwards = 8,
    /// Part of the workspace was too large to look through.
    WorkspaceUnseen = 9,
}

impl Gap {
    /// Every gap.
    pub const ALL: [Self; 9] = [
        Self::NoLandlock,
        Self::NoReport,
        Self::HostRoot,
        Self::MemorySampled,
        Self::CpuUnbounded,
        Self::PidsUnbounded,
        Self::NoNamespaces,
        Self::ProtectedAfterwards,
        Self::WorkspaceUnseen,
    ];

    /// For a person.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoLandlock => {
                "this kernel has no Landlock, so the mounts are the only lock on files"
            }
            Self::NoReport => "refused calls are not reported",
            Self::HostRoot => {
                "the workspace's file system cannot map owners, so the host's root id is used inside, without \
                 capabilities and with /proc and the system read-only"
            }
            Self::MemorySampled => {
                "memory is measured twenty times a second instead of bounded by the kernel (no control group may be \
                 made here)"
            }
            Self::CpuUnbounded => {
                "processor time is not bounded (no control group may be made here)"
            }
            Self::PidsUnbounded => {
                "the number of processes is not bounded (no control group may be made here)"
            }
            Self::NoNamespaces => {
                "no namespaces: other processes are visible, and files are hidden only by Landlock"
            }
            Self::ProtectedAfterwards => {
                "protected files in the workspace are checked after the run, not locked"
            }
            Self::WorkspaceUnseen => "the workspace is too large to look for every protected file",
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|gap| *gap as u8 == number)
    }
}

/// How much of a policy is in force. Nothing at all is an error, never a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enforced {
    /// All of it.
    Fully,
    /// All but this.
    Partly(Vec<Gap>),
}

impl Enforced {
    pub(crate) fn from_gaps(mut gaps: Vec<Gap>) -> Self {
        gaps.sort_by_key(|gap| *gap as u8);
        gaps.dedup();
        if gaps.is_empty() { Self::Fully } else { Self::Partly(gaps) }
    }

    /// What is missing.
    pub fn gaps(&self) -> &[Gap] {
        match self {
            Self::Fully => &[],
            Self::Partly(gaps) => gaps,
        }
    }
}

impl fmt::Display for Enforced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fully => f.write_str("fully"),
            Self::Partly(gaps) => {
                f.write_str("partly: ")?;
                for (index, gap) in gaps.iter().enumerate() {
                    write!(f, "{}{}", if index == 0 { "" } else { "; " }, gap.words())?;
                }
                Ok(())
            }
        }
    }
}

/// What was attempted and refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Changing a file or directory.
    Write(PathBuf),
    /// Reading a file that exists outside.
    Read(PathBuf),
    /// Reaching an address.
    Connect(String),
    /// A socket of a family that leads out.
    Socket(String),
    /// A system call, by what it is for.
    Call(String),
}

impl Refusal {
    /// For a person, with what to do about it.
    pub fn words(&self, home: &Path) -> String {
        let tilde = |path: &Path| match path.strip_prefix(home) {
            Ok(rest) if home != Path::new("/") => format!("~/{}", rest.display()),
            _ => path.display().to_string(),
        };
        match self {
            Self::Write(path) => format!(
                "write to `{}` refused by the sandbox: outside the workspace, or protected; to allow it, \
                 use `--write`",
                tilde(path)
            ),
            Self::Read(path) => format!(
                "read of `{}` refused by the sandbox: not visible inside; to allow it, use `--read`",
                tilde(path)
            ),
            Self::Connect(address) => format!(
                "connection to {address} refused by the sandbox: no network leads there from inside; to allow a \
                 host, use `--allow-domain`; to share the host's network, `--net`"
            ),
            Self::Socket(family) => format!("{family} refused by the sandbox: it leads out of it"),
            Self::Call(what) => format!("{what} refused by the sandbox"),
        }
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        match self {
            Self::Write(path) => out.byte(1).path(path),
            Self::Read(path) => out.byte(2).path(path),
            Self::Connect(text) => out.byte(3).bytes(text.as_bytes()),
            Self::Socket(text) => out.byte(4).bytes(text.as_bytes()),
            Self::Call(text) => out.byte(5).bytes(text.as_bytes()),
        };
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Option<Self> {
        Some(match input.byte()? {
            1 => Self::Write(input.path()?),
            2 => Self::Read(input.path()?),
            3 => Self::Connect(input.text()?),
            4 => Self::Socket(input.text()?),
            5 => Self::Call(input.text()?),
            _ => return None,
        })
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// By itself, with this code.
    Exit(i32),
    /// By a signal.
    Signal(i32),
}

impl Status {
    pub(crate) fn from_wait(status: i32) -> Self {
        let signal = status & 0x7f;
        if signal == 0 { Self::Exit((status >> 8) & 0xff) } else { Self::Signal(signal) }
    }

    /// As a shell shows it.
    pub const fn code(self) -> i32 {
        match self {
            Self::Exit(code) => code,
            Self::Signal(signal) => 128 + signal,
        }
    }
}

/// A run that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// How it ended.
    pub status: Status,
    /// The bound that was reached, if one was.
    pub breach: Option<Breach>,
    /// What was really in force.
    pub enforced: Enforced,
    /// What was attempted and refused.
    pub refusals: Vec<Refusal>,
    /// What the check afterwards put right, in words.
    pub undone: Vec<String>,
}

impl Finished {
    /// A run that was ended because it went too far.
    pub(crate) const fn cut_short(breach: Breach) -> Self {
        Self {
            status: Status::Signal(libc::SIGKILL),
            breach: Some(breach),
            enforced: Enforced::Fully,
            refusals: Vec::new(),
            undone: Vec::new(),
        }
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let input = &mut Reader(bytes);
        let status = Status::from_wait(input.number()? as i32);
        let breach = Breach::from_number(input.byte()?);
        let gaps = input.list(|input| input.byte().and_then(Gap::from_number))?;
        let refusals = input.list(Refusal::read)?;
        Some(Self {
            status,
            breach,
            enforced: Enforced::from_gaps(gaps),
            refusals,
            undone: Vec::new(),
        })
    }
}
