//! Builds a sandbox out of namespaces and mounts. Runs in the cloned child.

use std::collections::HashSet;
use std::convert::Infallible;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use crate::error::Step;
use crate::inside::{self, Command, message};
use crate::plan::{Mount, Plan};
use crate::policy::{Network, PROXY_PORT, Tty};
use crate::sys::{self, Access, BindAttributes, Errno};
use crate::wire::Writer;

/// A step that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which.
    pub step: Step,
    /// How.
    pub errno: i32,
    /// With what.
    pub about: String,
}

impl Failure {
    /// Without a name.
    pub fn of(step: Step, errno: Errno) -> Self {
        Self { step, errno: errno.0, about: String::new() }
    }

    /// With the path or name concerned.
    pub fn about(step: Step, errno: Errno, about: &str) -> Self {
        Self { step, errno: errno.0, about: about.into() }
    }

    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.byte(self.step as u8).number(self.errno as u64).bytes(self.about.as_bytes());
        out.0
    }

    /// Back from bytes.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let input = &mut crate::wire::Reader(bytes);
        let read = (|| Some((input.byte()?, input.number()?, input.text()?)))();
        let (step, errno, about) = read.unwrap_or_default();
        Self { step: Step::from_number(step), errno: errno as i32, about }
    }
}

impl Plan {
    /// For tests: fails here if this is the step that must.
    pub(crate) fn check_fault(&self, step: Step) -> Result<(), Failure> {
        match self.fault {
            Some((at, errno)) if at == step as u8 => Err(Failure::of(step, Errno(errno))),
            _ => Ok(()),
        }
    }
}

/// What the launcher hands to the child it cloned.
#[derive(Debug)]
pub struct Handed {
    /// The line to the launcher.
    pub control: OwnedFd,
    /// Trees that only the launcher could prepare, by their place in the plan.
    pub prepared: Vec<(usize, OwnedFd)>,
    /// Files by which the child puts itself into its control groups.
    pub doors: Vec<OwnedFd>,
    /// Become this id on the host (started by root), else keep one's own.
    pub become_outer: Option<(u32, u32)>,
    /// This process was cloned into an empty network already.
    pub network_made: bool,
    /// Wait for a word before the setup goes on.
    pub wait: bool,
    /// The command, where it is known already.
    pub command: Option<(Command, [OwnedFd; 3])>,
    /// Serve many commands, each in a process namespace of its own.
    pub session: bool,
}

/// The child's whole life.
pub fn live(plan: &Plan, handed: Handed) -> ! {
    let control = match handed.control.try_clone() {
        Ok(control) => control,
        Err(_) => sys::exit_now(125),
    };
    let Err(failure) = build_and_serve(plan, handed);
    let _ = sys::send(control.as_fd(), message::FAILED, &failure.to_bytes(), &[]);
    sys::exit_now(125)
}

fn build_and_serve(plan: &Plan, handed: Handed) -> Result<Infallible, Failure> {
    let Handed { control, prepared, doors, become_outer, network_made, wait, command, session } =
        handed;
    for door in doors {
        sys::write_all(door.as_fd(), b"0").map_err(|error| Failure::of(Step::Limits, error))?;
    }
    map_own_identity(plan, become_outer)?;
    plan.check_fault(Step::Private)?;
    sys::make_private().map_err(|error| Failure::of(Step::Private, error))?;
    // Needs no identity yet, so the launcher can write ours meanwhile.
    let trees = open_sources(plan, prepared)?;
    identity(plan, become_outer, wait, control.as_fd())?;
    sys::death_signal().map_err(|error| Failure::of(Step::Identity, error))?;
    if plan.tty == Tty::Detached {
        sys::new_session().map_err(|error| Failure::of(Step::Descriptors, error))?;
    }
    plan.check_fault(Step::Network)?;
    if plan.network != Network::Host && !network_made {
        sys::loopback_up().map_err(|error| Failure::of(Step::Network, error))?;
    }
    let _ = sys::set_hostname(crate::system::HOSTNAME);
    build(plan, &trees)?;
    drop(trees);
    offer_way_out(plan, control.as_fd())?;
    if session {
        return crate::session::serve(plan, control);
    }
    finish(plan, control, command)
}

/// Makes the listener that stands for the way out, and those of the forwarded
/// ports, and hands them to the outside in this order. The sockets belong to
/// this network; whoever holds them may serve them.
pub fn offer_way_out(plan: &Plan, control: BorrowedFd<'_>) -> Result<(), Failure> {
    if plan.network != Network::Proxy {
        return Ok(());
    }
    for port in std::iter::once(&PROXY_PORT).chain(&plan.forwards) {
        let listener = inside::listener(*port)
            .map_err(|error| Failure::about(Step::Network, error.into(), &port.to_string()))?;
        sys::send(control, message::LISTENER, &[], &[listener.as_fd()])
            .map_err(|error| Failure::of(Step::Message, error))?;
    }
    Ok(())
}

/// The locks and process 1, for a child that is in its place.
pub fn finish(
    plan: &Plan,
    control: OwnedFd,
    command: Option<(Command, [OwnedFd; 3])>,
) -> Result<Infallible, Failure> {
    sys::set_process_name(c"palisade-init");
    let (listener, missing) = inside::lock(plan)?;
    let fds: Vec<BorrowedFd<'_>> = listener.iter().map(AsFd::as_fd).collect();
    sys::send(control.as_fd(), message::READY, &[missing], &fds)
        .map_err(|error| Failure::of(Step::Message, error))?;
    drop(listener);
    inside::serve(control.as_fd(), command)
}

fn map_own_identity(plan: &Plan, outer: Option<(u32, u32)>) -> Result<(), Failure> {
    plan.check_fault(Step::Identity)?;
    let failed = |error: Errno| Failure::of(Step::Identity, error);
    if outer.is_none() {
        let (uid, gid) = host_ids();
        sys::write_text(Path::new("/proc/self/setgroups"), "deny").map_err(failed)?;
        sys::write_text(Path::new("/proc/self/uid_map"), &format!("{} {uid} 1", plan.inner.0))
            .map_err(failed)?;
        sys::write_text(Path::new("/proc/self/gid_map"), &format!("{} {gid} 1", plan.inner.1))
            .map_err(failed)?;
    }
    Ok(())
}

fn identity(
    plan: &Plan,
    outer: Option<(u32, u32)>,
    wait: bool,
    control: BorrowedFd<'_>,
) -> Result<(), Failure> {
    let failed = |error: Errno| Failure::of(Step::Identity, error);
    if wait {
        match sys::receive(control) {
            Ok(Some((message::GO, _, _))) => {}
            Ok(_) => sys::exit_now(125),
            Err(error) => return Err(failed(error)),
        }
    }
    if outer.is_some() {
        sys::become_identity(plan.inner.0, plan.inner.1, true).map_err(failed)?;
    }
    Ok(())
}

/// The ids of the process before it entered a namespace where they mean
/// nothing yet: remembered by the launcher, which is this process's image.
fn host_ids() -> (u32, u32) {
    *HOST_IDS.get_or_init(sys::own_ids)
}

/// Set by the launcher before its first clone.
pub static HOST_IDS: std::sync::OnceLock<(u32, u32)> = std::sync::OnceLock::new();

fn build(plan: &Plan, trees: &[(usize, OwnedFd)]) -> Result<(), Failure> {
    plan.check_fault(Step::Root)?;
    let base = sys::tmp_mount_fallback();
    let failed = |error: Errno| Failure::of(Step::Root, error);
    sys::mount_new(
        "tmpfs",
        base,
        libc::MS_NOSUID | libc::MS_NODEV,
        "mode=755,size=16m,nr_inodes=8k",
    )
    .map_err(failed)?;
    std::env::set_current_dir(base).map_err(|error| failed(error.into()))?;
    let root =
        sys::open_path(Path::new("."), libc::O_PATH | libc::O_DIRECTORY, 0).map_err(failed)?;

    let mut place = Place {
        root: &root,
        made: HashSet::new(),
        closed: Vec::new(),
        moved: Vec::new(),
        links: Vec::new(),
    };
    for (index, mount) in plan.mounts.iter().enumerate() {
        let tree = trees.iter().find(|(at, _)| *at == index).map(|(_, tree)| tree);
        put(plan, &mut place, mount, tree)?;
    }

    plan.check_fault(Step::Pivot)?;
    let failed = |error: Errno| Failure::of(Step::Pivot, error);
    let read_only =
        BindAttributes { access: Access::ReadOnly, devices: false, execute: true, idmap: None };
    sys::change_mount(root.as_fd(), &read_only, false).map_err(failed)?;
    sys::pivot_here().map_err(failed)?;
    sys::detach_here().map_err(failed)
}

/// Every part of the host as a detached tree with its attributes set, before
/// anything is hung anywhere.
fn open_sources(
    plan: &Plan,
    prepared: Vec<(usize, OwnedFd)>,
) -> Result<Vec<(usize, OwnedFd)>, Failure> {
    plan.check_fault(Step::Source)?;
    let mut trees = prepared;
    for (index, mount) in plan.mounts.iter().enumerate() {
        let Mount::Bind { optional, .. } = mount else { continue };
        let Some(path) = mount.shown() else { continue };
        if trees.iter().any(|(at, _)| *at == index) {
            continue;
        }
        match open_source(mount, path, None) {
            Ok(tree) => trees.push((index, tree)),
            Err(_) if *optional => {}
            Err(error) => return Err(Failure::about(Step::Source, error, &path.to_string_lossy())),
        }
    }
    Ok(trees)
}

/// One part of the host as a detached tree.
pub fn open_source(
    mount: &Mount,
    path: &Path,
    idmap: Option<BorrowedFd<'_>>,
) -> Result<OwnedFd, Errno> {
    let Mount::Bind { access, device, .. } = mount else { return Err(Errno(libc::EINVAL)) };
    let source = sys::open_exact(path)?;
    let tree = sys::clone_tree(source.as_fd())?;
    let wanted = BindAttributes { access: *access, devices: *device, execute: !device, idmap };
    sys::change_mount(tree.as_fd(), &wanted, true)?;
    Ok(tree)
}

/// The root under construction.
struct Place<'a> {
    root: &'a OwnedFd,
    /// Directories that were made.
    made: HashSet<PathBuf>,
    /// Parts of the host: nothing is ever created below them.
    closed: Vec<PathBuf>,
    /// The one exception: parts of the host that are the sandbox's own and
    /// hold places to hang others into.
    moved: Vec<PathBuf>,
    /// Links: nothing is ever created through them, they could lead to the host.
    links: Vec<PathBuf>,
}

impl Place<'_> {
    fn inside(path: &Path) -> &Path {
        path.strip_prefix("/").unwrap_or(path)
    }

    /// Makes the directories down to `path`, in the sandbox's own tree only.
    fn directories(&mut self, path: &Path) -> Result<(), Errno> {
        if self.made.contains(path) || self.moved.iter().any(|moved| path == moved) {
            return Ok(());
        }
        if self.is_within_moved(path) {
            let (parent, name) = self.parent_within(path)?;
            return match sys::mkdir_at(parent.as_fd(), name, 0o700) {
                Ok(()) | Err(Errno(libc::EEXIST)) => Ok(()),
                Err(error) => Err(error),
            };
        }
        if self.closed.iter().any(|closed| path.starts_with(closed)) {
            return Ok(());
        }
        if self.links.iter().any(|link| path.starts_with(link)) {
            return Err(Errno(libc::ELOOP));
        }
        if let Some(parent) = path.parent() {
            self.directories(parent)?;
        }
        let inner = Self::inside(path);
        if !inner.as_os_str().is_empty() {
            match sys::mkdir_at(self.root.as_fd(), inner, 0o755) {
                Ok(()) | Err(Errno(libc::EEXIST)) => {}
                Err(error) => return Err(error),
            }
        }
        self.made.insert(path.to_path_buf());
        Ok(())
    }

    /// Below a part of the host that is the sandbox's own, and below no other.
    fn is_within_moved(&self, path: &Path) -> bool {
        self.moved.iter().any(|moved| path.starts_with(moved))
            && !self.closed.iter().any(|closed| path.starts_with(closed))
    }

    /// The parent of a place in such a part, made where it is missing. Whoever
    /// wrote there before may have put links: none is followed.
    fn parent_within<'p>(&mut self, path: &'p Path) -> Result<(OwnedFd, &'p Path), Errno> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Errno(libc::EINVAL));
        };
        self.directories(parent)?;
        let flags = libc::O_PATH | libc::O_DIRECTORY;
        let parent = sys::open_below(self.root.as_fd(), Self::inside(parent), flags)?;
        Ok((parent, Path::new(name)))
    }

    fn file(&mut self, path: &Path, bytes: &[u8]) -> Result<(), Errno> {
        if self.is_within_moved(path) {
            let (parent, name) = self.parent_within(path)?;
            let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW;
            return match sys::open_at(parent.as_fd(), name, flags, 0o600) {
                Ok(_) | Err(Errno(libc::EEXIST)) => Ok(()),
                Err(error) => Err(error),
            };
        }
        if self.closed.iter().any(|closed| path.starts_with(closed)) {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.directories(parent)?;
        }
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_NOFOLLOW;
        let file = sys::open_at(self.root.as_fd(), Self::inside(path), flags, 0o644)?;
        if bytes.is_empty() { Ok(()) } else { sys::write_all(file.as_fd(), bytes) }
    }

    fn attach(&self, tree: BorrowedFd<'_>, path: &Path) -> Result<(), Errno> {
        sys::attach_exact(tree, self.root.as_fd(), Self::inside(path))
    }
}

fn put(
    plan: &Plan,
    place: &mut Place<'_>,
    mount: &Mount,
    tree: Option<&OwnedFd>,
) -> Result<(), Failure> {
    let (step, path) = match mount {
        Mount::Directory(path) | Mount::File(path, _) | Mount::Link(path, _) => (Step::Root, path),
        Mount::Bind { path, .. } | Mount::Hide(path) => (Step::Attach, path),
        Mount::Memory(path, _) | Mount::Alias(path, _) => (Step::Scratch, path),
        Mount::Terminals(path) => (Step::Devices, path),
        Mount::Proc(path) => (Step::Proc, path),
    };
    plan.check_fault(step)?;
    put_one(place, mount, tree)
        .map_err(|error| Failure::about(step, error, &path.to_string_lossy()))
}

fn put_one(place: &mut Place<'_>, mount: &Mount, tree: Option<&OwnedFd>) -> Result<(), Errno> {
    const PLAIN: libc::c_ulong = libc::MS_NOSUID | libc::MS_NODEV;
    match mount {
        Mount::Directory(path) => place.directories(path),
        Mount::File(path, bytes) => place.file(path, bytes),
        Mount::Link(path, target) => {
            if let Some(parent) = path.parent() {
                place.directories(parent)?;
            }
            place.links.push(path.clone());
            sys::symlink_at(target, place.root.as_fd(), Place::inside(path))
        }
        Mount::Bind { path, .. } => {
            let Some(tree) = tree else { return Ok(()) };
            if sys::is_directory(tree.as_fd()) {
                place.directories(path)?;
            } else {
                place.file(path, &[])?;
            }
            place.attach(tree.as_fd(), path)?;
            if mount.is_moved() {
                place.moved.push(path.clone());
            } else {
                place.closed.push(path.clone());
            }
            Ok(())
        }
        Mount::Hide(path) => {
            place.directories(Path::new("/.nothing"))?;
            alias(place, Path::new("/.nothing"), path, Access::ReadOnly)
        }
        Mount::Memory(path, bytes) => {
            place.directories(path)?;
            let size = format!("mode=1777,size={bytes},nr_inodes=256k");
            let flags = PLAIN | if path.ends_with("shm") { libc::MS_NOEXEC } else { 0 };
            sys::mount_new("tmpfs", Place::inside(path), flags, &size)
        }
        Mount::Alias(path, of) => {
            place.directories(path)?;
            alias(place, of, path, Access::ReadWrite)
        }
        Mount::Terminals(path) => {
            place.directories(path)?;
            let flags = libc::MS_NOSUID | libc::MS_NOEXEC;
            sys::mount_new(
                "devpts",
                Place::inside(path),
                flags,
                "newinstance,ptmxmode=0666,mode=620,max=64",
            )
        }
        Mount::Proc(path) => {
            place.directories(path)?;
            mount_proc(Place::inside(path))
        }
    }
}

/// The processes of this namespace, read-only: no setting of the kernel can be
/// changed through it, whoever owns them.
pub fn mount_proc(path: &Path) -> Result<(), Errno> {
    let flags = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC | libc::MS_RDONLY;
    sys::mount_new("proc", path, flags, "")
}

fn alias(place: &Place<'_>, from: &Path, to: &Path, access: Access) -> Result<(), Errno> {
    let source =
        sys::open_at(place.root.as_fd(), Place::inside(from), libc::O_PATH | libc::O_NOFOLLOW, 0)?;
    let tree = sys::clone_tree(source.as_fd())?;
    sys::change_mount(
        tree.as_fd(),
        &BindAttributes { access, devices: false, execute: true, idmap: None },
        false,
    )?;
    place.attach(tree.as_fd(), to)
}
