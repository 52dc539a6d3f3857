//! The backends that are not ours: the system's `bwrap`, and none at all.

use std::ffi::OsString;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::inside;
use crate::plan::{Mount, Plan, Stage};
use crate::policy::{Network, Tty};
use crate::sys::{self, Access, Errno};
use crate::system;

/// Where the program stands inside, so that `bwrap` can start its inner half.
const WITHIN: &str = "/.palisade-inside";

/// Where `bwrap` is looked for: never in PATH, which the caller may have set.
const PLACES: [&str; 3] =
    ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/run/current-system/sw/bin/bwrap"];

/// The system's `bwrap`.
pub fn bubblewrap() -> Option<&'static Path> {
    PLACES.iter().map(Path::new).find(|path| path.exists())
}

/// The life of a forked child that becomes `bwrap`, or the inside itself.
pub fn live(plan: &Plan, control: &OwnedFd) -> ! {
    let Err(error) = go(plan, control);
    let failure = crate::native::Failure::about(crate::error::Step::Backend, error, "bwrap");
    let _ = sys::send(control.as_fd(), inside::message::FAILED, &failure.to_bytes(), &[]);
    sys::exit_now(125)
}

fn go(plan: &Plan, control: &OwnedFd) -> Result<std::convert::Infallible, Errno> {
    sys::close_from(3, &[control.as_fd()])?;
    // Until the launcher has put this process where it is counted.
    match sys::receive(control.as_fd())? {
        Some((inside::message::GO, _, _)) => {}
        _ => sys::exit_now(125),
    }
    if plan.stage == Stage::Bare {
        sys::death_signal()?;
        sys::adopt_orphans()?;
        if plan.tty == Tty::Detached {
            sys::new_session()?;
        }
        inside::enter(control.as_raw_fd())
    }
    let bwrap = bubblewrap().ok_or(Errno(libc::ENOENT))?;
    let mut files = Vec::new();
    let mut arguments = arguments(plan, &mut |bytes| {
        let file = sys::memfd(c"palisade-file", bytes)?;
        sys::clear_close_on_exec(file.as_fd())?;
        files.push(file);
        Ok(files.last().map_or(-1, AsRawFd::as_raw_fd).to_string())
    })?;
    let own = std::fs::canonicalize("/proc/self/exe")?;
    let end = arguments.len() - 2;
    arguments.splice(end..end, ["--ro-bind".into(), own.into_os_string(), WITHIN.into()]);
    arguments.extend(["--".into(), WITHIN.into(), inside::INSIDE_ARGUMENT.into()]);
    arguments.push(control.as_raw_fd().to_string().into());
    sys::clear_close_on_exec(control.as_fd())?;
    let words = |list: &[OsString]| -> Vec<Vec<u8>> {
        list.iter().map(|word| word.as_bytes().to_vec()).collect()
    };
    let program = bwrap.as_os_str().as_bytes().to_vec();
    let mut line = vec![program.clone()];
    line.extend(words(&arguments));
    Err(sys::exec_now(&sys::Exec::new(&[program], &line, &[], b"/")?))
}

/// The plan as arguments of `bwrap`; the last two make the root read-only.
/// `file` takes the content of a small file and answers the number of a
/// descriptor with it.
pub fn arguments(
    plan: &Plan,
    file: &mut dyn FnMut(&[u8]) -> Result<String, Errno>,
) -> Result<Vec<OsString>, Errno> {
    let mut out: Vec<OsString> = Vec::new();
    let mut add = |words: &[&dyn AsRef<std::ffi::OsStr>]| {
        out.extend(words.iter().map(|word| word.as_ref().to_os_string()))
    };
    add(&[
        &"--unshare-user",
        &"--unshare-pid",
        &"--unshare-ipc",
        &"--unshare-uts",
        &"--unshare-cgroup-try",
    ]);
    if plan.network != Network::Host {
        add(&[&"--unshare-net"]);
    }
    add(&[&"--uid", &plan.inner.0.to_string(), &"--gid", &plan.inner.1.to_string()]);
    add(&[
        &"--hostname",
        &system::HOSTNAME,
        &"--die-with-parent",
        &"--as-pid-1",
        &"--clearenv",
        &"--cap-drop",
        &"ALL",
    ]);
    if plan.tty == Tty::Detached {
        add(&[&"--new-session"]);
    }
    let mut devices = false;
    for mount in &plan.mounts {
        match mount {
            Mount::Bind { device: true, .. } | Mount::Terminals(_) => {}
            Mount::Directory(path) if path == Path::new("/dev") => {
                devices = true;
                add(&[&"--dev", &"/dev"]);
            }
            Mount::Link(path, _) if devices && path.starts_with("/dev") => {}
            Mount::Directory(path) => add(&[&"--dir", path]),
            Mount::Link(path, target) => add(&[&"--symlink", target, path]),
            Mount::File(path, bytes) => {
                let number = file(bytes)?;
                add(&[&"--perms", &"0644", &"--ro-bind-data", &number, path]);
            }
            Mount::Bind { path, access, optional, source, .. } => {
                let word = match (access, optional) {
                    (Access::ReadOnly, false) => "--ro-bind",
                    (Access::ReadOnly, true) => "--ro-bind-try",
                    (Access::ReadWrite, false) => "--bind",
                    (Access::ReadWrite, true) => "--bind-try",
                };
                add(&[&word, source.as_ref().unwrap_or(path), path]);
            }
            Mount::Hide(path) => add(&[&"--tmpfs", path, &"--remount-ro", path]),
            Mount::Memory(path, bytes) => {
                add(&[&"--size", &bytes.to_string(), &"--perms", &"1777", &"--tmpfs", path])
            }
            Mount::Alias(path, _) => {
                add(&[&"--size", &plan.limits.scratch.to_string(), &"--tmpfs", path])
            }
            Mount::Proc(path) => add(&[&"--proc", path, &"--remount-ro", path]),
        }
    }
    add(&[&"--chdir", &plan.workspace, &"--remount-ro", &"/"]);
    Ok(out)
}

/// A private directory for temporary files, for where there is no mount to
/// make one.
pub fn private_scratch() -> std::io::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let mut last = std::io::ErrorKind::AlreadyExists.into();
    for attempt in 0..100_u32 {
        let now = sys::monotonic_millis();
        let path =
            std::env::temp_dir().join(format!("palisade-{}-{now}-{attempt}", std::process::id()));
        match std::fs::DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) => last = error,
        }
    }
    Err(last)
}
