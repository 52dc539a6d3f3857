//! What goes wrong, in words for the person in front of it.

use std::fmt;

/// A step of building a sandbox. Any of them failing means that nothing runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "each is described by `Step::words`")]
pub enum Step {
    Message = 0,
    Namespaces,
    Identity,
    Private,
    Source,
    Root,
    Attach,
    Devices,
    Proc,
    Scratch,
    Pivot,
    Network,
    Limits,
    Capabilities,
    Privileges,
    Landlock,
    Seccomp,
    Descriptors,
    Directory,
    Execute,
    Backend,
    Ended,
}

impl Step {
    /// Every step, in the order of a start.
    pub const ALL: [Self; 22] = [
        Self::Message,
        Self::Namespaces,
        Self::Identity,
        Self::Private,
        Self::Source,
        Self::Root,
        Self::Attach,
        Self::Devices,
        Self::Proc,
        Self::Scratch,
        Self::Pivot,
        Self::Network,
        Self::Limits,
        Self::Capabilities,
        Self::Privileges,
        Self::Landlock,
        Self::Seccomp,
        Self::Descriptors,
        Self::Directory,
        Self::Execute,
        Self::Backend,
        Self::Ended,
    ];

    /// What was being done.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Message => "could not talk to the sandbox",
            Self::Namespaces => "could not make the sandbox's namespaces",
            Self::Identity => "could not take on the sandbox's user id",
            Self::Private => "could not separate the sandbox's mounts from the host's",
            Self::Source => "could not open a path for the sandbox",
            Self::Root => "could not make the sandbox's root directory",
            Self::Attach => "could not mount a path into the sandbox",
            Self::Devices => "could not make the sandbox's /dev",
            Self::Proc => "could not mount the sandbox's /proc",
            Self::Scratch => "could not make the sandbox's temporary directories",
            Self::Pivot => "could not leave the host's root directory",
            Self::Network => "could not set up the sandbox's network",
            Self::Limits => "could not enforce the sandbox's limits",
            Self::Capabilities => "could not drop capabilities",
            Self::Privileges => "could not forbid new privileges",
            Self::Landlock => "could not put Landlock in force",
            Self::Seccomp => "could not install the system call filter",
            Self::Descriptors => "could not pass the standard streams",
            Self::Directory => "could not enter the working directory",
            Self::Execute => "could not execute the command",
            Self::Backend => "could not start the sandbox's backend",
            Self::Ended => "the sandbox ended before the command did",
        }
    }

    /// What a person can do about it.
    const fn help(self) -> &'static str {
        match self {
            Self::Execute => {
                "check that the program exists inside: a program below your home directory needs `--read DIRECTORY`"
            }
            Self::Directory => {
                "choose a directory inside the workspace, or allow it with `--read DIRECTORY`"
            }
            Self::Source => {
                "check that the path still exists and that no part of it is a symbolic link"
            }
            Self::Limits => {
                "run `palisade sandbox probe` to see which limits this machine can enforce"
            }
            _ => "run `palisade sandbox probe` to see what this machine allows",
        }
    }

    pub(crate) fn from_number(number: u8) -> Self {
        Self::ALL.into_iter().find(|step| *step as u8 == number).unwrap_or(Self::Message)
    }
}

/// Why there is no sandboxed run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SandboxError {
    /// The policy itself cannot be meant.
    Policy {
        /// What is wrong with it.
        why: String,
        /// What to do.
        help: String,
    },
    /// This machine cannot give what the policy demands.
    Unsupported {
        /// What is missing.
        why: String,
        /// One command, or what to do.
        help: String,
    },
    /// A step failed. Nothing was executed.
    Setup {
        /// Which.
        step: Step,
        /// The operating system's error number.
        errno: i32,
        /// The path or name concerned, where there is one.
        about: String,
    },
    /// The request would loosen the sandbox that it was made in.
    Inside {
        /// What was asked.
        why: String,
    },
}

impl SandboxError {
    pub(crate) fn setup(step: Step, errno: i32, about: impl Into<String>) -> Self {
        Self::Setup { step, errno, about: about.into() }
    }

    /// What to do about it, apart from the message.
    pub fn help(&self) -> &str {
        match self {
            Self::Policy { help, .. } | Self::Unsupported { help, .. } => help,
            Self::Setup { step, .. } => step.help(),
            Self::Inside { .. } => "ask for it outside the sandbox, in your own shell",
        }
    }
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy { why, .. } | Self::Unsupported { why, .. } => f.write_str(why),
            Self::Setup { step, errno, about } => {
                f.write_str(step.words())?;
                if !about.is_empty() {
                    write!(f, " (`{about}`)")?;
                }
                if *errno != 0 {
                    let text = std::io::Error::from_raw_os_error(*errno).to_string();
                    write!(
                        f,
                        ": {}",
                        text.split(" (os error").next().unwrap_or(&text).to_lowercase()
                    )?;
                }
                Ok(())
            }
            Self::Inside { why } => write!(f, "already inside a sandbox: {why}"),
        }
    }
}

impl std::error::Error for SandboxError {}
