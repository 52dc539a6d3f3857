//! Answers the calls that the filter asks about, and keeps a word about those
//! that are refused.
//!
//! An answer never opens anything: a call is either refused here, or carried
//! out by the kernel under mounts, Landlock and namespaces as if nobody had
//! asked. What is read from the caller's memory only ever makes a message, so
//! a caller that changes it meanwhile only spoils its own message.

use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

use crate::plan::{Mount, Plan};
use crate::report::Refusal;
use crate::sys::{self, Access, Notification, Notified};

/// Words kept for one run, at most.
const MOST: usize = 32;

/// Answers one waiting call; false where no more will come.
pub fn answer(listener: BorrowedFd<'_>, plan: &Plan, refusals: &mut Vec<Refusal>) -> bool {
    let asked = match sys::notification(listener) {
        Ok(asked) => asked,
        Err(sys::Errno(libc::ENOENT | libc::EINTR)) => return true,
        Err(_) => return false,
    };
    let (verdict, refusal) = judge(&asked, plan);
    // Read before the caller could have been replaced by another process of the same number.
    let refusal = refusal.filter(|_| sys::notification_valid(listener, asked.id));
    let _ = sys::notification_answer(listener, asked.id, verdict);
    if let Some(refusal) = refusal
        && refusals.len() < MOST
        && !refusals.contains(&refusal)
    {
        refusals.push(refusal);
    }
    true
}

/// How a call that is asked about goes on. Only calls that the other locks
/// decide about may continue; whatever else is asked about is refused.
fn judge(asked: &Notification, plan: &Plan) -> (Notified, Option<Refusal>) {
    let [first, second, third, fourth, ..] = asked.arguments;
    let number = libc::c_long::from(asked.number);
    let path = |dir: Option<u64>, at: u64| path_of(asked.pid, dir, at);
    let changed = |path: Option<PathBuf>| {
        (Notified::Continue, path.and_then(|path| refused_write(plan, path)))
    };
    #[cfg(target_arch = "x86_64")]
    match number {
        libc::SYS_open => return opened(plan, path(None, first), second),
        libc::SYS_unlink | libc::SYS_rmdir => return changed(path(None, first)),
        libc::SYS_rename | libc::SYS_symlink | libc::SYS_link => {
            return changed(path(None, second));
        }
        _ => {}
    }
    match number {
        libc::SYS_openat => opened(plan, path(Some(first), second), third),
        libc::SYS_unlinkat => changed(path(Some(first), second)),
        libc::SYS_truncate => changed(path(None, first)),
        libc::SYS_renameat | libc::SYS_renameat2 | libc::SYS_linkat => {
            changed(path(Some(third), fourth))
        }
        libc::SYS_symlinkat => changed(path(Some(second), third)),
        libc::SYS_connect => (Notified::Continue, connection(asked.pid, second, third)),
        libc::SYS_socket => {
            // The C library asks a name cache this way before every look-up of a user, and does without.
            let cache = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
            let word = (second != cache as u64).then(|| Refusal::Socket("a unix socket".into()));
            (Notified::Fail(libc::EPERM), word)
        }
        _ => (Notified::Fail(libc::EPERM), Some(Refusal::Call(name(number).into()))),
    }
}

fn opened(plan: &Plan, path: Option<PathBuf>, flags: u64) -> (Notified, Option<Refusal>) {
    let changes = (libc::O_WRONLY | libc::O_RDWR | libc::O_TRUNC | libc::O_CREAT) as u64;
    let refusal = path.and_then(|path| {
        if flags & changes != 0 { refused_write(plan, path) } else { refused_read(plan, path) }
    });
    (Notified::Continue, refusal)
}

/// The path that a call names, made absolute; links are not resolved.
fn path_of(pid: i32, dir: Option<u64>, address: u64) -> Option<PathBuf> {
    let mut buffer = [0_u8; 4096];
    // Up to the end of the page first: the next one need not exist.
    let page = 4096 - (address % 4096) as usize;
    let count = sys::read_memory(pid, address, buffer.get_mut(..page)?).ok()?;
    let mut length = buffer.get(..count)?.iter().position(|&byte| byte == 0);
    if length.is_none() && count == page {
        let more =
            sys::read_memory(pid, address + page as u64, buffer.get_mut(page..)?).unwrap_or(0);
        length = buffer.get(..page + more)?.iter().position(|&byte| byte == 0);
    }
    let text = buffer.get(..length?)?;
    let path = PathBuf::from(std::ffi::OsString::from_vec(text.to_vec()));
    if path.is_absolute() {
        return Some(tidy(&path));
    }
    let base = match dir.map(|dir| dir as u32 as i32) {
        None | Some(libc::AT_FDCWD) => std::fs::read_link(format!("/proc/{pid}/cwd")).ok()?,
        Some(fd) => std::fs::read_link(format!("/proc/{pid}/fd/{fd}")).ok()?,
    };
    Some(tidy(&base.join(path)))
}

fn tidy(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

fn refused_write(plan: &Plan, path: PathBuf) -> Option<Refusal> {
    let text = path.to_string_lossy();
    // Interpreters try to keep compiled modules beside every library, and go on without.
    if text.contains("/__pycache__") || text.ends_with(".pyc") {
        return None;
    }
    let writable = plan.writable.iter().any(|writable| path.starts_with(writable));
    let protected = plan.mounts.iter().any(|mount| match mount {
        Mount::Bind { path: at, access: Access::ReadOnly, .. } => path.starts_with(at),
        // Removing or replacing a pinned directory itself.
        Mount::Bind { path: at, access: Access::ReadWrite, .. } => {
            path == *at && *at != plan.workspace
        }
        _ => false,
    });
    let device = path.starts_with("/dev");
    ((!writable || protected) && !device).then_some(Refusal::Write(path))
}

/// Names that hold secrets, in a home directory. Other names there are looked
/// for by every other program as a matter of course.
const SECRETS: [&str; 20] = [
    ".ssh",
    ".aws",
    ".gnupg",
    ".netrc",
    ".kube",
    ".docker",
    ".azure",
    ".config/gcloud",
    ".config/gh",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".password-store",
    ".mozilla",
    ".config/google-chrome",
    ".vault-token",
    ".terraform.d",
    ".cargo/credentials.toml",
    ".palisade",
    ".bash_history",
];

/// Whether or not it exists outside: a word only about what exists would tell
/// the command what does.
fn refused_read(plan: &Plan, path: PathBuf) -> Option<Refusal> {
    let visible = plan.mounts.iter().any(|mount| match mount {
        Mount::Bind { path: at, .. }
        | Mount::Memory(at, _)
        | Mount::Proc(at)
        | Mount::Alias(at, _) => path.starts_with(at) || at.starts_with(&path),
        Mount::File(at, _) | Mount::Link(at, _) => path.starts_with(at),
        Mount::Directory(at) | Mount::Terminals(at) => path == *at,
        Mount::Hide(_) => false,
    });
    if visible {
        return None;
    }
    let hidden =
        plan.mounts.iter().any(|mount| matches!(mount, Mount::Hide(at) if path.starts_with(at)));
    let word = match path.strip_prefix(&plan.home) {
        Ok(rest) => SECRETS.iter().any(|name| rest.starts_with(name)),
        // Where programs look for settings and libraries that need not be there.
        Err(_) => {
            const ORDINARY: [&str; 12] = [
                "/proc", "/sys", "/dev", "/etc", "/run", "/var", "/lib", "/lib64", "/usr", "/bin",
                "/sbin", "/boot",
            ];
            path.components().count() > 2 && !ORDINARY.iter().any(|dir| path.starts_with(dir))
        }
    };
    (word || hidden).then_some(Refusal::Read(path))
}

fn connection(pid: i32, address: u64, length: u64) -> Option<Refusal> {
    let mut bytes = [0_u8; 28];
    let wanted = usize::try_from(length).unwrap_or(0).min(bytes.len());
    let count = sys::read_memory(pid, address, bytes.get_mut(..wanted)?).ok()?;
    let bytes = bytes.get(..count)?;
    let family = i32::from(u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?));
    let port = u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?);
    let to: std::net::IpAddr = if family == libc::AF_INET {
        <[u8; 4]>::try_from(bytes.get(4..8)?).ok()?.into()
    } else if family == libc::AF_INET6 {
        <[u8; 16]>::try_from(bytes.get(8..24)?).ok()?.into()
    } else {
        return None;
    };
    (!to.is_loopback() && !to.is_unspecified()).then(|| {
        let shown = std::net::SocketAddr::new(to, port);
        Refusal::Connect(shown.to_string())
    })
}

fn name(number: libc::c_long) -> &'static str {
    match number {
        libc::SYS_clone | libc::SYS_unshare | libc::SYS_setns => "making or entering a namespace",
        libc::SYS_ptrace
        | libc::SYS_process_vm_readv
        | libc::SYS_process_vm_writev
        | libc::SYS_kcmp
        | libc::SYS_pidfd_getfd => "looking into another process",
        libc::SYS_keyctl | libc::SYS_add_key | libc::SYS_request_key => "the kernel's key store",
        libc::SYS_bpf => "loading a program into the kernel",
        libc::SYS_perf_event_open => "the kernel's performance counters",
        libc::SYS_ioctl => "typing into the terminal",
        libc::SYS_fchmod | libc::SYS_fchmodat | libc::SYS_mknodat | libc::SYS_mkdirat => {
            "a set-user-id or set-group-id bit, or a device node,"
        }
        #[cfg(target_arch = "x86_64")]
        libc::SYS_chmod | libc::SYS_mknod | libc::SYS_mkdir | libc::SYS_creat => {
            "a set-user-id or set-group-id bit, or a device node,"
        }
        libc::SYS_mount
        | libc::SYS_umount2
        | libc::SYS_pivot_root
        | libc::SYS_chroot
        | libc::SYS_open_tree
        | libc::SYS_move_mount
        | libc::SYS_fsopen
        | libc::SYS_fsmount
        | libc::SYS_mount_setattr => "a mount",
        libc::SYS_syslog => "the kernel's log",
        libc::SYS_reboot | libc::SYS_kexec_load => "restarting the machine",
        libc::SYS_init_module | libc::SYS_finit_module | libc::SYS_delete_module => {
            "a kernel module"
        }
        libc::SYS_settimeofday | libc::SYS_clock_settime | libc::SYS_clock_adjtime => {
            "setting the clock"
        }
        libc::SYS_sethostname | libc::SYS_setdomainname => "renaming the host",
        _ => "a system call that no ordinary program needs",
    }
}
