//! A policy, worked out for this machine: what is mounted where, in order.

use std::hash::BuildHasher;
use std::path::{Path, PathBuf};

use crate::policy::{Limit, Limits, Minimum, Network, Policy, Report, Tty};
use crate::protect::Inventory;
use crate::sys::Access;
use crate::system;
use crate::wire::{Reader, Writer};

/// The user and group id that a sandbox uses on the host when root starts it.
/// High, and outside the ranges that systems hand out.
pub const UNPRIVILEGED: u32 = 0x7041_4C31;

/// One thing in the sandbox's file tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Mount {
    /// An empty directory of the sandbox's own.
    Directory(PathBuf),
    /// A symbolic link: where, and to what.
    Link(PathBuf, PathBuf),
    /// A small file of the sandbox's own.
    File(PathBuf, Vec<u8>),
    /// A part of the host, at the same path but for a home.
    Bind {
        /// Where it is, there and here.
        path: PathBuf,
        /// Whether it may be written.
        access: Access,
        /// Leave it out where it cannot be opened.
        optional: bool,
        /// Show its owner as the sandbox's user (started by root only).
        own: bool,
        /// A device node.
        device: bool,
        /// Where it is on the host, if somewhere else than here.
        source: Option<PathBuf>,
    },
    /// Nothing, over something that must not be seen.
    Hide(PathBuf),
    /// A new file system in memory of so many bytes.
    Memory(PathBuf, u64),
    /// A directory that is another name for a part of an earlier one.
    Alias(PathBuf, PathBuf),
    /// Pseudo-terminals.
    Terminals(PathBuf),
    /// The processes inside.
    Proc(PathBuf),
}

/// Who makes the namespaces of a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// This program.
    Native,
    /// `bwrap`, which then starts this program for the locks inside.
    Bubblewrap,
    /// Nobody: Landlock and seccomp alone.
    Bare,
}

/// A sandbox to build.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Plan {
    /// The same for equal plans of this process, and for no others. See
    /// [`Plan::sealed`].
    pub key: u64,
    /// The user and group id inside.
    pub inner: (u32, u32),
    /// What is in it.
    pub mounts: Vec<Mount>,
    /// Which of it Landlock lets write.
    pub writable: Vec<PathBuf>,
    /// Bounds.
    pub limits: Limits,
    /// The network.
    pub network: Network,
    /// Ports of its loopback, beside the way out, that the outside serves.
    pub forwards: Vec<u16>,
    /// The terminal.
    pub tty: Tty,
    /// What is told.
    pub report: Report,
    /// The directory that is worked in.
    pub workspace: PathBuf,
    /// Who makes the namespaces.
    pub stage: Stage,
    /// Anything that cannot be enforced fully is a refusal.
    pub strict: bool,
    /// The user's home directory.
    pub home: PathBuf,
    /// For tests: the step that fails, and how.
    pub fault: Option<(u8, i32)>,
}

impl Mount {
    /// The path on the host that a bind shows.
    pub(crate) fn shown(&self) -> Option<&Path> {
        match self {
            Self::Bind { path, source, .. } => Some(source.as_deref().unwrap_or(path)),
            _ => None,
        }
    }

    /// Whether it is a part of the host that stands somewhere else inside, in
    /// which more may be hung.
    pub(crate) fn is_moved(&self) -> bool {
        matches!(self, Self::Bind { source: Some(_), .. })
    }
}

impl Plan {
    /// Works a resolved policy out. `inventory` says what in the workspace
    /// must stay as it is.
    pub fn of(policy: &Policy, inventory: &Inventory) -> Self {
        let own = crate::sys::own_ids();
        // Root shows as an ordinary user inside: programs do not try what only root may.
        let inner = if own.0 == 0 { (1000, 1000) } else { own };
        let mut mounts = Vec::new();
        system_trees(&mut mounts);
        etc(&mut mounts, policy, inner);
        devices(&mut mounts, policy.tty);
        mounts.push(Mount::Proc("/proc".into()));
        mounts.push(Mount::Memory("/tmp".into(), policy.limits.scratch));
        mounts.push(Mount::Memory("/dev/shm".into(), policy.limits.scratch));
        mounts.push(Mount::Directory("/var".into()));
        let in_var_tmp = |path: &PathBuf| path.starts_with("/var/tmp");
        if !policy
            .read
            .iter()
            .chain(&policy.write)
            .chain([&policy.workspace, &policy.home])
            .any(in_var_tmp)
        {
            mounts.push(Mount::Link("/var/tmp".into(), "/tmp".into()));
        }
        mounts.push(Mount::Directory("/run".into()));
        mounts.push(Mount::Directory(policy.home.clone()));
        mounts.push(Mount::File(
            system::MARKER.into(),
            policy.workspace.to_string_lossy().into_owned().into_bytes(),
        ));

        let mut given: Vec<(&PathBuf, Access)> =
            policy.read.iter().map(|path| (path, Access::ReadOnly)).collect();
        given.extend(policy.write.iter().map(|path| (path, Access::ReadWrite)));
        given.push((&policy.workspace, Access::ReadWrite));
        // A parent before what lies in it, so that the more exact word comes last and holds.
        given.sort_by_key(|(path, _)| path.components().count());
        if let Some(own) = &policy.own_home {
            mounts.push(Mount::Bind {
                path: policy.home.clone(),
                access: Access::ReadWrite,
                optional: false,
                own: true,
                device: false,
                source: Some(own.clone()),
            });
        }
        for (path, access) in &given {
            mounts.push(Mount::Bind {
                path: (*path).clone(),
                access: *access,
                optional: false,
                own: true,
                device: false,
                source: None,
            });
        }
        // A private cache, so that tools that insist on one work; gone afterwards.
        let cache = policy.home.join(".cache");
        if policy.own_home.is_none()
            && !given.iter().any(|(path, _)| path.starts_with(&cache) || cache.starts_with(path))
        {
            mounts.push(Mount::Alias(cache.clone(), "/tmp".into()));
        }
        for pin in &inventory.pinned {
            mounts.push(bind(pin, Access::ReadWrite));
        }
        for path in &inventory.read_only {
            mounts.push(bind(path, Access::ReadOnly));
        }
        for hidden in &policy.hidden {
            if given.iter().any(|(path, _)| hidden.starts_with(path)) && hidden.exists() {
                mounts.push(Mount::Hide(hidden.clone()));
            }
        }
        let mut writable: Vec<PathBuf> =
            ["/tmp", "/dev", "/proc/self"].iter().map(PathBuf::from).collect();
        writable.push(policy.workspace.clone());
        writable.extend(policy.write.iter().cloned());
        writable.push(if policy.own_home.is_some() { policy.home.clone() } else { cache });
        Self {
            key: 0,
            inner,
            mounts,
            writable,
            limits: policy.limits,
            network: policy.network,
            forwards: policy.forwards.clone(),
            tty: policy.tty,
            report: policy.report,
            workspace: policy.workspace.clone(),
            stage: Stage::Native,
            strict: policy.minimum == Minimum::Everything,
            home: policy.home.clone(),
            fault: None,
        }
        .sealed()
    }

    /// With the key that belongs to what it says: to be called after every
    /// change. Equal plans, made at different times, find the same waiting
    /// sandboxes.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        // Keyed afresh in every process, so nobody can prepare two plans with one key.
        static KEYS: std::sync::OnceLock<std::hash::RandomState> = std::sync::OnceLock::new();
        self.key = 0;
        self.key = KEYS.get_or_init(std::hash::RandomState::new).hash_one(self.to_bytes());
        self
    }

    /// As bytes, for the launcher.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.number(self.key);
        out.number(u64::from(self.inner.0)).number(u64::from(self.inner.1));
        out.list(&self.mounts, write_mount);
        out.list(&self.writable, |out, path| {
            out.path(path);
        });
        write_limits(&mut out, &self.limits);
        out.byte(self.network as u8).byte(self.tty as u8).byte(self.report as u8);
        out.path(&self.workspace).byte(self.stage as u8).flag(self.strict).path(&self.home);
        let (step, errno) = self.fault.unwrap_or((u8::MAX, 0));
        out.byte(step).number(errno as u64);
        out.list(&self.forwards, |out, port| {
            out.number(u64::from(*port));
        });
        out.0
    }

    /// Back from bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let input = &mut Reader(bytes);
        Some(Self {
            key: input.number()?,
            inner: (input.number()? as u32, input.number()? as u32),
            mounts: input.list(read_mount)?,
            writable: input.list(Reader::path)?,
            limits: read_limits(input)?,
            network: match input.byte()? {
                0 => Network::None,
                1 => Network::Host,
                2 => Network::Proxy,
                _ => return None,
            },
            tty: match input.byte()? {
                0 => Tty::Detached,
                1 => Tty::Shared,
                _ => return None,
            },
            report: match input.byte()? {
                0 => Report::Nothing,
                1 => Report::Changes,
                2 => Report::Everything,
                _ => return None,
            },
            workspace: input.path()?,
            stage: match input.byte()? {
                0 => Stage::Native,
                1 => Stage::Bubblewrap,
                2 => Stage::Bare,
                _ => return None,
            },
            strict: input.flag()?,
            home: input.path()?,
            fault: match (input.byte()?, input.number()?) {
                (u8::MAX, _) => None,
                (step, errno) => Some((step, errno as i32)),
            },
            forwards: input.list(|input| input.number()?.try_into().ok())?,
        })
    }
}

fn bind(path: &Path, access: Access) -> Mount {
    Mount::Bind {
        path: path.to_path_buf(),
        access,
        optional: false,
        own: true,
        device: false,
        source: None,
    }
}

fn system_trees(mounts: &mut Vec<Mount>) {
    for path in system::TREES.iter().map(PathBuf::from) {
        match std::fs::read_link(&path) {
            Ok(target) => mounts.push(Mount::Link(path, target)),
            Err(_) if path.is_dir() => mounts.push(Mount::Bind {
                path,
                access: Access::ReadOnly,
                optional: false,
                own: false,
                device: false,
                source: None,
            }),
            Err(_) => {}
        }
    }
}

fn etc(mounts: &mut Vec<Mount>, policy: &Policy, inner: (u32, u32)) {
    let file =
        |name: &str, text: String| Mount::File(Path::new("/etc").join(name), text.into_bytes());
    let (user, home) = (&policy.user, policy.home.display());
    let (uid, gid) = inner;
    mounts.push(Mount::Directory("/etc".into()));
    mounts.push(file(
        "passwd",
        format!(
            "root:x:0:0:root:/nonexistent:/usr/sbin/nologin\n{user}:x:{uid}:{gid}::{home}:/bin/sh\n\
             nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
        ),
    ));
    mounts.push(file("group", format!("root:x:0:\n{user}:x:{gid}:\nnogroup:x:65534:\n")));
    mounts.push(file("nsswitch.conf", system::NSSWITCH.into()));
    mounts.push(file("hosts", system::HOSTS.into()));
    mounts.push(file("hostname", format!("{}\n", system::HOSTNAME)));
    let names = if policy.network == Network::Host {
        std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default()
    } else {
        String::new()
    };
    mounts.push(file("resolv.conf", names));
    if !policy.certificates.is_empty() {
        mounts.push(Mount::File(
            system::CERTIFICATES.into(),
            policy.certificates.clone().into_bytes(),
        ));
    }
    for name in system::ETC_FILES {
        if let Ok(bytes) = std::fs::read(Path::new("/etc").join(name))
            && bytes.len() < 65_536
        {
            mounts.push(Mount::File(Path::new("/etc").join(name), bytes));
        }
    }
    for name in system::ETC_TREES {
        let path = Path::new("/etc").join(name);
        // Only what is really there: a link could lead anywhere.
        if std::fs::symlink_metadata(&path).is_ok_and(|found| !found.is_symlink())
            && std::fs::canonicalize(&path).is_ok_and(|real| real == path)
        {
            mounts.push(Mount::Bind {
                path,
                access: Access::ReadOnly,
                optional: true,
                own: false,
                device: false,
                source: None,
            });
        }
    }
}

fn devices(mounts: &mut Vec<Mount>, tty: Tty) {
    let device = |name: &str| Mount::Bind {
        path: Path::new("/dev").join(name),
        access: Access::ReadWrite,
        optional: name == "tty",
        own: false,
        device: true,
        source: None,
    };
    mounts.push(Mount::Directory("/dev".into()));
    for name in system::DEVICES {
        mounts.push(device(name));
    }
    if tty == Tty::Shared {
        mounts.push(device("tty"));
    }
    for (name, target) in system::DEVICE_LINKS {
        mounts.push(Mount::Link(Path::new("/dev").join(name), target.into()));
    }
    mounts.push(Mount::Terminals("/dev/pts".into()));
}

fn write_mount(out: &mut Writer, mount: &Mount) {
    match mount {
        Mount::Directory(path) => out.byte(0).path(path),
        Mount::Link(path, target) => out.byte(1).path(path).path(target),
        Mount::File(path, bytes) => out.byte(2).path(path).bytes(bytes),
        Mount::Bind { path, access, optional, own, device, source } => out
            .byte(3)
            .path(path)
            .flag(*access == Access::ReadWrite)
            .flag(*optional)
            .flag(*own)
            .flag(*device)
            .flag(source.is_some())
            .path(source.as_ref().unwrap_or(path)),
        Mount::Hide(path) => out.byte(4).path(path),
        Mount::Memory(path, bytes) => out.byte(5).path(path).number(*bytes),
        Mount::Alias(path, of) => out.byte(6).path(path).path(of),
        Mount::Terminals(path) => out.byte(7).path(path),
        Mount::Proc(path) => out.byte(8).path(path),
    };
}

fn read_mount(input: &mut Reader<'_>) -> Option<Mount> {
    Some(match input.byte()? {
        0 => Mount::Directory(input.path()?),
        1 => Mount::Link(input.path()?, input.path()?),
        2 => Mount::File(input.path()?, input.bytes()?),
        3 => Mount::Bind {
            path: input.path()?,
            access: if input.flag()? { Access::ReadWrite } else { Access::ReadOnly },
            optional: input.flag()?,
            own: input.flag()?,
            device: input.flag()?,
            source: {
                let elsewhere = input.flag()?;
                Some(input.path()?).filter(|_| elsewhere)
            },
        },
        4 => Mount::Hide(input.path()?),
        5 => Mount::Memory(input.path()?, input.number()?),
        6 => Mount::Alias(input.path()?, input.path()?),
        7 => Mount::Terminals(input.path()?),
        8 => Mount::Proc(input.path()?),
        _ => return None,
    })
}

fn write_limits(out: &mut Writer, limits: &Limits) {
    for limit in [limits.memory, limits.pids, limits.cpus] {
        let limit = limit.unwrap_or(Limit { value: u64::MAX, required: false });
        out.number(limit.value).flag(limit.required);
    }
    out.number(limits.wall.unwrap_or(u64::MAX))
        .number(limits.output.unwrap_or(u64::MAX))
        .number(limits.scratch);
}

fn read_limits(input: &mut Reader<'_>) -> Option<Limits> {
    let mut limit = || -> Option<Option<Limit>> {
        let limit = Limit { value: input.number()?, required: input.flag()? };
        Some((limit.value != u64::MAX).then_some(limit))
    };
    let (memory, pids, cpus) = (limit()?, limit()?, limit()?);
    let some = |value: u64| (value != u64::MAX).then_some(value);
    Some(Limits {
        memory,
        pids,
        cpus,
        wall: some(input.number()?),
        output: some(input.number()?),
        scratch: input.number()?,
    })
}
