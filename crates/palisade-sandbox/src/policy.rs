//! What a sandbox allows, as one value.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::SandboxError;
use crate::system;

/// The port of the way out, in the sandbox's own network.
pub const PROXY_PORT: u16 = 3128;

/// What the network looks like from inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Network {
    /// An empty network of its own, with loopback.
    #[default]
    None,
    /// The host's network, all of it.
    Host,
    /// An empty network whose one way out is a listener on its own loopback
    /// that somebody outside serves.
    Proxy,
}

/// What the command has as a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tty {
    /// No controlling terminal.
    #[default]
    Detached,
    /// The caller's, without the calls that type into it.
    Shared,
}

/// One bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limit {
    /// In the unit of its field.
    pub value: u64,
    /// Whether a machine that cannot enforce it must refuse to run.
    pub required: bool,
}

impl Limit {
    /// A bound that must be enforced.
    pub const fn required(value: u64) -> Self {
        Self { value, required: true }
    }

    /// A bound that is enforced as well as the machine can, and told.
    pub const fn wished(value: u64) -> Self {
        Self { value, required: false }
    }
}

/// How much of the machine a command may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Limits {
    /// Memory in bytes, temporary files included.
    pub memory: Option<Limit>,
    /// Processes and threads at once.
    pub pids: Option<Limit>,
    /// Processors, in thousandths.
    pub cpus: Option<Limit>,
    /// Time, in milliseconds.
    pub wall: Option<u64>,
    /// Bytes on standard output and standard error together.
    pub output: Option<u64>,
    /// Bytes in /tmp, and as many in /dev/shm.
    pub scratch: u64,
}

impl Limits {
    /// What a command gets where nobody said anything.
    pub const fn ordinary() -> Self {
        Self {
            memory: Some(Limit::wished(1 << 30)),
            pids: Some(Limit::wished(512)),
            cpus: None,
            wall: None,
            output: None,
            scratch: 256 << 20,
        }
    }

    /// No bound but the size of the temporary directories.
    pub const fn none() -> Self {
        Self { memory: None, pids: None, cpus: None, wall: None, output: None, scratch: 256 << 20 }
    }
}

/// The least a profile accepts. Less is a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Minimum {
    /// Landlock and seccomp without namespaces will do.
    Partial,
    /// Namespaces; what else this machine lacks is told.
    #[default]
    Full,
    /// Everything the policy says, held by the kernel: any gap is a refusal.
    Everything,
}

/// Which mechanism to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Backend {
    /// The strongest that works here.
    #[default]
    Best,
    /// Palisade's own, on Linux namespaces.
    Native,
    /// The system's `bwrap` for the namespaces, Palisade's own locks inside.
    Bubblewrap,
    /// Landlock and seccomp only.
    Landlock,
}

/// What is told about refused calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Report {
    /// Nothing: fastest.
    Nothing,
    /// Refused writes, connections and system calls.
    #[default]
    Changes,
    /// Those, and attempts to open files that are hidden.
    Everything,
}

/// What a sandbox allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The directory that is worked in: read and written.
    pub workspace: PathBuf,
    /// More that may be read.
    pub read: Vec<PathBuf>,
    /// More that may be written.
    pub write: Vec<PathBuf>,
    /// Never visible, even below what is allowed: where Palisade keeps its own.
    pub hidden: Vec<PathBuf>,
    /// The user's home directory; empty inside but for what is allowed.
    pub home: PathBuf,
    /// A directory of the host that is the home inside, read and written,
    /// instead of an empty one. What else is allowed below the home lies in it.
    pub own_home: Option<PathBuf>,
    /// The name that the user has inside.
    pub user: String,
    /// The network.
    pub network: Network,
    /// With [`Network::Proxy`]: ports of the sandbox's loopback that somebody
    /// outside serves too, each with a listener of its own.
    pub forwards: Vec<u16>,
    /// Certificates of authorities, in PEM, that are all
    /// that programs inside go by; where it is empty, they go by the host's.
    pub certificates: String,
    /// Bounds.
    pub limits: Limits,
    /// The whole environment of the command.
    pub environment: Vec<(OsString, OsString)>,
    /// The terminal.
    pub tty: Tty,
    /// The least that is accepted.
    pub minimum: Minimum,
    /// The mechanism.
    pub backend: Backend,
    /// What is told.
    pub report: Report,
}

/// Variables that any command may see.
const ORDINARY: [&str; 8] = ["PATH", "HOME", "USER", "SHELL", "LANG", "TERM", "TZ", "TMPDIR"];

/// Whether a command or the sandbox goes by this variable, so that it can hold
/// nothing else.
pub fn is_taken(name: &str) -> bool {
    const BEGINNINGS: [&str; 4] = ["LC_", "LD_", "DYLD_", "PALISADE_"];
    const OTHERS: [&str; 6] = ["PWD", "IFS", "ENV", "BASH_ENV", "LOGNAME", "SSL_CERT_DIR"];
    ORDINARY.contains(&name)
        || OTHERS.contains(&name)
        || system::CERTIFICATE_VARIABLES.contains(&name)
        || BEGINNINGS.iter().any(|start| name.starts_with(start))
        || name.to_ascii_lowercase().ends_with("_proxy")
}

impl Policy {
    /// The policy of a directory to work in, with everything else at its
    /// strictest.
    pub fn of(workspace: impl Into<PathBuf>, home: impl Into<PathBuf>) -> Self {
        Self {
            workspace: workspace.into(),
            read: Vec::new(),
            write: Vec::new(),
            hidden: Vec::new(),
            home: home.into(),
            own_home: None,
            user: "user".into(),
            network: Network::None,
            forwards: Vec::new(),
            certificates: String::new(),
            limits: Limits::ordinary(),
            environment: Vec::new(),
            tty: Tty::Detached,
            minimum: Minimum::Full,
            backend: Backend::Best,
            report: Report::Changes,
        }
    }

    /// Takes over from the caller's variables those that any command may see
    /// and those named in `also`.
    pub fn inherit(
        &mut self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        also: &[String],
    ) {
        for (name, value) in variables {
            let wanted = name.to_str().is_some_and(|name| {
                ORDINARY.contains(&name)
                    || name.starts_with("LC_")
                    || also.iter().any(|one| one == name)
            });
            if wanted {
                self.set(name, value);
            }
        }
    }

    /// Sets one variable of the command.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        let name = name.into();
        self.environment.retain(|(other, _)| *other != name);
        self.environment.push((name, value.into()));
    }

    /// Makes every path absolute and free of links, and refuses what cannot be
    /// meant.
    ///
    /// # Errors
    /// A path that does not exist, or one that would hand over the home
    /// directory, the root, or the place where Palisade keeps its own.
    pub fn resolve(mut self) -> Result<Self, SandboxError> {
        self.home = std::fs::canonicalize(&self.home).unwrap_or(self.home);
        self.workspace = resolved(&self.workspace, "the workspace")?;
        for path in self.read.iter_mut().chain(&mut self.write).chain(&mut self.own_home) {
            *path = resolved(path, "a path of the policy")?;
        }
        // Paths of Palisade's own that do not exist yet stay as they are: they may appear later.
        for path in &mut self.hidden {
            if let Ok(found) = std::fs::canonicalize(&*path) {
                *path = found;
            }
        }
        for path in std::iter::once(&self.workspace).chain(&self.write) {
            self.check_writable(path)?;
        }
        for path in &self.read {
            if path == Path::new("/")
                || ["/proc", "/sys", "/dev", "/run"].iter().any(|no| path.starts_with(no))
            {
                return Err(SandboxError::Policy {
                    why: format!("`{}` cannot be opened to a sandbox for reading", path.display()),
                    help: "name the directories that the command needs".into(),
                });
            }
            self.check_hidden(path)?;
        }
        self.forwards.sort_unstable();
        self.forwards.dedup();
        if let Some(port) = self.forwards.iter().find(|port| [0, PROXY_PORT].contains(port)) {
            return Err(SandboxError::Policy {
                why: format!("port {port} cannot be forwarded: it is the sandbox's way out"),
                help: "let the service listen on another port".into(),
            });
        }
        self.read.sort();
        self.read.dedup();
        self.write.sort();
        self.write.dedup();
        Ok(self)
    }

    fn check_writable(&self, path: &Path) -> Result<(), SandboxError> {
        const SYSTEM: [&str; 12] = [
            "/usr",
            "/bin",
            "/sbin",
            "/lib",
            "/lib64",
            "/etc",
            "/boot",
            "/proc",
            "/sys",
            "/dev",
            "/run",
            "/nix/store",
        ];
        let refuse = |why: String| {
            Err(SandboxError::Policy {
                why,
                help: "choose a project directory: `palisade sandbox --workspace DIRECTORY -- COMMAND`".into(),
            })
        };
        if self.home.starts_with(path) {
            return refuse(format!(
                "`{}` holds your home directory: everything in it would be writable",
                path.display()
            ));
        }
        if SYSTEM
            .iter()
            .any(|system| path.starts_with(system) || Path::new(system).starts_with(path))
        {
            return refuse(format!(
                "`{}` belongs to the system and stays read-only",
                path.display()
            ));
        }
        if ["/tmp", "/var/tmp", "/var"].iter().any(|shared| path == Path::new(shared)) {
            return refuse(format!("`{}` is shared with every other program", path.display()));
        }
        self.check_hidden(path)
    }

    fn check_hidden(&self, path: &Path) -> Result<(), SandboxError> {
        match self.hidden.iter().find(|hidden| path.starts_with(hidden)) {
            Some(hidden) => Err(SandboxError::Policy {
                why: format!(
                    "`{}` lies in `{}`, where Palisade keeps its own",
                    path.display(),
                    hidden.display()
                ),
                help: "choose a directory outside it".into(),
            }),
            None => Ok(()),
        }
    }
}

fn resolved(path: &Path, what: &str) -> Result<PathBuf, SandboxError> {
    std::fs::canonicalize(path).map_err(|error| SandboxError::Policy {
        why: format!(
            "{what}, `{}`, cannot be used: {}",
            path.display(),
            error.to_string().split(" (os").next().unwrap_or_default().to_lowercase()
        ),
        help: "check the path".into(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for path in ["/", "/usr", "/etc", "/tmp", "/proc"] {
            let policy = Policy::of(path, "/nonexistent-home");
            assert!(policy.resolve().is_err(), "{path}");
        }
        let mut policy = Policy::of(std::env::temp_dir().join(""), "/nonexistent-home");
        policy.hidden = vec![std::env::temp_dir()];
        assert!(policy.resolve().is_err());
    }

    #[test]
    fn only_ordinary_variables_come_along() {
        let mut policy = Policy::of("/x", "/h");
        let pairs = [
            ("PATH", "/bin"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("LC_ALL", "C"),
            ("MINE", "1"),
            ("LD_PRELOAD", "x"),
        ];
        policy.inherit(pairs.map(|(name, value)| (name.into(), value.into())), &["MINE".into()]);
        let names: Vec<_> =
            policy.environment.iter().filter_map(|(name, _)| name.to_str()).collect();
        assert_eq!(names, ["PATH", "LC_ALL", "MINE"]);
    }
}
