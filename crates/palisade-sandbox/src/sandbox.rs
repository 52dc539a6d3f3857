//! A policy made ready to run commands: resolved, worked out, matched with a
//! backend.

use std::ffi::OsString;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::backend;
use crate::check;
use crate::engine::Engine;
use crate::error::{SandboxError, Step};
use crate::inside::{Command, is_inside};
use crate::launcher::{Launcher, Running, run_in};
use crate::plan::{Mount, Plan, Stage};
use crate::policy::{Backend, Minimum, Network, PROXY_PORT, Policy};
use crate::protect::Inventory;
use crate::report::{Enforced, Finished, Gap};
use crate::sys::Access;
use crate::system;

/// A policy made ready to run commands.
#[derive(Debug)]
pub struct Sandbox {
    policy: Policy,
    plan: Plan,
    inventory: Inventory,
    /// A directory for temporary files to remove afterwards.
    scratch: Option<std::path::PathBuf>,
    gaps: Vec<Gap>,
}

impl Sandbox {
    /// Works a policy out.
    ///
    /// # Errors
    /// A policy that cannot be meant, one that this machine cannot give, or
    /// any at all where this process is inside a sandbox already.
    pub fn new(policy: Policy) -> Result<Self, SandboxError> {
        if is_inside() {
            return Err(SandboxError::Inside { why: "another cannot be made here".into() });
        }
        let mut policy = policy.resolve()?;
        let stage = match policy.backend {
            Backend::Native | Backend::Best => Stage::Native,
            Backend::Bubblewrap => Stage::Bubblewrap,
            Backend::Landlock => Stage::Bare,
        };
        if stage == Stage::Bare && policy.minimum != Minimum::Partial {
            return Err(SandboxError::Unsupported {
                why: "Landlock alone is less than what is asked for (`--minimum`)".into(),
                help: "accept it with `--minimum partial`, or use another backend".into(),
            });
        }
        if stage == Stage::Bare && (policy.network == Network::Proxy || policy.own_home.is_some()) {
            return Err(SandboxError::Unsupported {
                why: "Landlock alone has neither a network of its own to lead out of nor a home of its own".into(),
                help: "use another backend, or do without `--allow-domain`".into(),
            });
        }
        if stage == Stage::Bubblewrap && backend::bubblewrap().is_none() {
            return Err(SandboxError::Unsupported {
                why: "`bwrap` is not installed".into(),
                help: "sudo apt install bubblewrap".into(),
            });
        }
        let mut inventory = Inventory::of(&policy.workspace);
        if stage == Stage::Bare {
            inventory.remember_contents();
        }
        let mut gaps = Vec::new();
        if !inventory.complete {
            if policy.minimum == Minimum::Everything {
                return Err(SandboxError::Unsupported {
                    why: Gap::WorkspaceUnseen.words().into(),
                    help: "use a smaller workspace, or accept it with `--minimum full`".into(),
                });
            }
            gaps.push(Gap::WorkspaceUnseen);
        }
        let scratch = if stage == Stage::Bare { Some(bare_scratch(&mut policy)?) } else { None };
        complete_environment(&mut policy, scratch.as_deref());
        let mut plan = Plan::of(&policy, &inventory);
        plan.stage = stage;
        if let Some(scratch) = &scratch {
            plan.mounts.push(Mount::Bind {
                path: scratch.clone(),
                access: Access::ReadWrite,
                optional: false,
                own: true,
                device: false,
                source: None,
            });
            plan.writable.push(scratch.clone());
        }
        let plan = plan.sealed();
        Ok(Self { policy, plan, inventory, scratch, gaps })
    }

    /// The policy, resolved.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What is mounted where.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// For tests: the same with a step that fails.
    #[doc(hidden)]
    pub fn with_fault(mut self, step: Step, errno: i32) -> Self {
        self.plan.fault = Some((step as u8, errno));
        self.plan = self.plan.clone().sealed();
        self
    }

    /// A program with its arguments, in a directory.
    pub fn command(
        &self,
        arguments: impl IntoIterator<Item = OsString>,
        directory: &Path,
    ) -> Command {
        let pair = |(name, value): &(OsString, OsString)| {
            [name.as_bytes(), b"=", value.as_bytes()].concat()
        };
        Command {
            arguments: arguments.into_iter().map(OsStringExt::into_vec).collect(),
            environment: self.policy.environment.iter().map(pair).collect(),
            directory: directory.as_os_str().as_bytes().to_vec(),
        }
    }

    /// Runs one command from a program that has one thread and does nothing
    /// else meanwhile.
    ///
    /// # Errors
    /// A step that failed: nothing was executed.
    pub fn run_here(
        &mut self,
        command: &Command,
        stdio: [BorrowedFd<'_>; 3],
        mut way_out: Option<&mut dyn FnMut(OwnedFd)>,
    ) -> Result<Finished, SandboxError> {
        let attempt = run_in(
            Engine::new()?,
            &self.plan,
            command,
            stdio,
            way_out.as_mut().map(|f| &mut **f as _),
        );
        let finished = match attempt {
            Err(SandboxError::Setup {
                step: Step::Namespaces | Step::Identity | Step::Proc | Step::Private,
                ..
            }) if self.falls_back() => run_in(Engine::new()?, &self.plan, command, stdio, way_out),
            other => other,
        };
        finished.map(|finished| self.conclude(finished))
    }

    /// Whether there is a next backend that the policy accepts; takes it.
    fn falls_back(&mut self) -> bool {
        let next = match self.plan.stage {
            Stage::Native if backend::bubblewrap().is_some() => Stage::Bubblewrap,
            _ => return false,
        };
        let chosen = self.policy.backend == Backend::Best && self.plan.fault.is_none();
        if chosen {
            self.plan.stage = next;
            self.plan = self.plan.clone().sealed();
        }
        chosen
    }

    /// Starts one command through a launcher; `warm` uses a sandbox that waits
    /// for one.
    ///
    /// # Errors
    /// Where the launcher is gone.
    pub fn start(
        &self,
        launcher: &Launcher,
        command: &Command,
        stdio: [BorrowedFd<'_>; 3],
        warm: bool,
    ) -> Result<Running, SandboxError> {
        launcher.run(&self.plan, command, stdio, warm)
    }

    /// Looks at the workspace after a run, puts right what must be, and
    /// completes the report.
    pub fn conclude(&self, mut finished: Finished) -> Finished {
        finished.undone = check::after(&self.inventory);
        let mut gaps = finished.enforced.gaps().to_vec();
        gaps.extend(&self.gaps);
        finished.enforced = Enforced::from_gaps(gaps);
        finished
    }

    /// What was enforced, in words for a record.
    pub fn record(&self, finished: &Finished) -> String {
        let backend = match self.plan.stage {
            Stage::Native => "native",
            Stage::Bubblewrap => "bubblewrap",
            Stage::Bare => "landlock",
        };
        let network = match self.policy.network {
            Network::None => "no network",
            Network::Host => "the host's network",
            Network::Proxy => "network through the proxy only",
        };
        format!("{backend}, {network}, enforced {}", finished.enforced)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(scratch) = &self.scratch {
            let _ = std::fs::remove_dir_all(scratch);
        }
    }
}

fn bare_scratch(policy: &mut Policy) -> Result<std::path::PathBuf, SandboxError> {
    let scratch = backend::private_scratch().map_err(|error| {
        SandboxError::setup(Step::Scratch, error.raw_os_error().unwrap_or(0), "/tmp")
    })?;
    policy.set("TMPDIR", scratch.clone());
    Ok(scratch)
}

/// What every command needs to find its way.
fn complete_environment(policy: &mut Policy, scratch: Option<&Path>) {
    let missing =
        |policy: &Policy, name: &str| !policy.environment.iter().any(|(other, _)| other == name);
    if missing(policy, "PATH") {
        policy.set("PATH", "/usr/local/bin:/usr/bin:/bin");
    }
    policy.set("HOME", policy.home.clone());
    policy.set("USER", policy.user.clone());
    policy.set("LOGNAME", policy.user.clone());
    policy.set("TMPDIR", scratch.unwrap_or(Path::new("/tmp")));
    policy.set("WORKSPACE", policy.workspace.clone());
    policy.set("PALISADE_SANDBOX", "1");
    if policy.network == Network::Proxy {
        let address = format!("http://127.0.0.1:{PROXY_PORT}");
        for name in
            ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"]
        {
            policy.set(name, address.clone());
        }
        // Node looks at them only when told to.
        policy.set("NODE_USE_ENV_PROXY", "1");
        policy.set("NO_PROXY", "localhost,127.0.0.1,::1");
        policy.set("no_proxy", "localhost,127.0.0.1,::1");
    }
    if !policy.certificates.is_empty() {
        for name in system::CERTIFICATE_VARIABLES {
            policy.set(*name, system::CERTIFICATES);
        }
    }
}
