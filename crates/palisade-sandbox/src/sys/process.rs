//! Processes, their identity, their signals and what they inherit.

use std::ffi::{CString, c_char, c_void};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::io::{Errno, Result, check, owned};

/// The two sides of a clone.
#[derive(Debug)]
pub enum Child {
    /// This is the new process.
    Here,
    /// This is the caller; the child as a number and as a descriptor.
    Started(i32, OwnedFd),
}

/// Which namespaces a clone makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ForkFlags(pub u64);

impl ForkFlags {
    /// A user namespace.
    pub const USER: Self = Self(libc::CLONE_NEWUSER as u64);
    /// Mounts, processes, System V IPC, host name and cgroup view.
    pub const WORLD: Self = Self(
        (libc::CLONE_NEWNS
            | libc::CLONE_NEWPID
            | libc::CLONE_NEWIPC
            | libc::CLONE_NEWUTS
            | libc::CLONE_NEWCGROUP) as u64,
    );
    /// Mounts and processes only, for one command of a session.
    pub const COMMAND: Self = Self((libc::CLONE_NEWNS | libc::CLONE_NEWPID) as u64);
    /// An empty network.
    pub const NETWORK: Self = Self(libc::CLONE_NEWNET as u64);
    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Clones this process (which must have one thread) into new namespaces.
pub fn clone_with(flags: ForkFlags) -> Result<Child> {
    let mut pidfd: libc::c_int = -1;
    // SAFETY: a zeroed `clone_args` is valid, it is a structure of integers.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = flags.0 | libc::CLONE_PIDFD as u64;
    args.pidfd = (&raw mut pidfd) as u64;
    args.exit_signal = libc::SIGCHLD as u64;
    // SAFETY: without CLONE_VM the child gets its own copy of this address space and of this stack, as with fork; the
    // caller has one thread (see `thread_free_fork`), so no lock is held by a thread that does not exist in the child.
    let answer = check(unsafe {
        libc::syscall(libc::SYS_clone3, &raw const args, std::mem::size_of::<libc::clone_args>())
    })?;
    if answer == 0 {
        return Ok(Child::Here);
    }
    Ok(Child::Started(answer as i32, owned(libc::c_long::from(pidfd))?))
}

/// Whether a plain fork of this process is sound: it has exactly one thread.
pub fn thread_free_fork() -> bool {
    count_threads() == Some(1)
}

/// How many threads this process has.
pub fn count_threads() -> Option<usize> {
    let status = super::io::read_text(std::path::Path::new("/proc/self/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Threads:"))?.trim().parse().ok()
}

/// What a program is started with.
#[derive(Debug)]
pub struct Exec {
    candidates: Vec<CString>,
    arguments: Vec<CString>,
    environment: Vec<CString>,
    directory: CString,
}

impl Exec {
    /// `candidates` are tried in order until one can be executed.
    pub fn new(
        candidates: &[Vec<u8>],
        arguments: &[Vec<u8>],
        environment: &[Vec<u8>],
        directory: &[u8],
    ) -> Result<Self> {
        let text = |bytes: &[u8]| CString::new(bytes).map_err(|_| Errno(libc::EINVAL));
        let all = |list: &[Vec<u8>]| list.iter().map(|one| text(one)).collect::<Result<Vec<_>>>();
        Ok(Self {
            candidates: all(candidates)?,
            arguments: all(arguments)?,
            environment: all(environment)?,
            directory: text(directory)?,
        })
    }
}

struct Start<'a> {
    exec: &'a Exec,
    arguments: Vec<*const c_char>,
    environment: Vec<*const c_char>,
    stdio: [libc::c_int; 3],
    group: bool,
    failed: (u8, i32),
}

fn pointers(list: &[CString]) -> Vec<*const c_char> {
    list.iter().map(|one| one.as_ptr()).chain([std::ptr::null()]).collect()
}

/// Starts a program the way `vfork` does: the child borrows this address space
/// until it has executed, so nothing is copied. Answers its process id, or the
/// stage that failed (0 directory, 1 descriptors, 2 execution) and why.
pub fn exec_vfork(
    exec: &Exec,
    stdio: [BorrowedFd<'_>; 3],
    group: bool,
) -> std::result::Result<i32, (u8, Errno)> {
    let mut start = Start {
        exec,
        arguments: pointers(&exec.arguments),
        environment: pointers(&exec.environment),
        stdio: stdio.map(|fd| fd.as_raw_fd()),
        group,
        failed: (0, 0),
    };
    const STACK: usize = 64 * 1024;
    let mut stack = vec![0_u128; STACK / 16];
    // SAFETY: the pointer stays one past the end of a live allocation; the stack grows down from there.
    let top = unsafe { stack.as_mut_ptr().add(stack.len()) };
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: `in_child` runs on its own stack while this thread is suspended (CLONE_VFORK), so `start` and `stack`
    // outlive its use of them and nobody else touches them meanwhile; it ends by executing or by `_exit`.
    let pid = unsafe { libc::clone(in_child, top.cast(), flags, (&raw mut start).cast()) };
    if pid < 0 {
        return Err((2, Errno::last()));
    }
    if start.failed.1 != 0 {
        let mut status = 0;
        // SAFETY: `status` is ours to write; the child has ended and must be reaped.
        unsafe { libc::waitpid(pid, &raw mut status, 0) };
        return Err((start.failed.0, Errno(start.failed.1)));
    }
    Ok(pid)
}

extern "C" fn in_child(argument: *mut c_void) -> libc::c_int {
    // SAFETY: the argument is the `Start` that `exec_vfork` keeps alive and does not touch while it is suspended.
    let start = unsafe { &mut *argument.cast::<Start<'_>>() };
    // SAFETY: only async-signal-safe system calls on live arguments; every pointer array ends with a null pointer
    // and points to strings that `start.exec` owns.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
        // Rust programs ignore it, and an ignored signal stays ignored across an execution.
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        if start.group {
            libc::setpgid(0, 0);
        }
        if libc::chdir(start.exec.directory.as_ptr()) != 0 {
            start.failed = (0, Errno::last().0);
            libc::_exit(126);
        }
        // First out of the way of 0-2, then into place, which also clears close-on-exec.
        let mut moved = [-1; 3];
        for (slot, fd) in moved.iter_mut().zip(start.stdio) {
            *slot = libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3);
        }
        for (target, fd) in moved.into_iter().enumerate() {
            if fd < 0 || libc::dup2(fd, target as libc::c_int) < 0 {
                start.failed = (1, Errno::last().0);
                libc::_exit(126);
            }
        }
        let mut worst = libc::ENOENT;
        for candidate in &start.exec.candidates {
            libc::execve(candidate.as_ptr(), start.arguments.as_ptr(), start.environment.as_ptr());
            let error = Errno::last().0;
            if error != libc::ENOENT && error != libc::ENOTDIR {
                worst = error;
            }
        }
        start.failed = (2, worst);
        libc::_exit(126)
    }
}

/// Executes in this very process; returns only on failure.
pub fn exec_now(exec: &Exec) -> Errno {
    let (arguments, environment) = (pointers(&exec.arguments), pointers(&exec.environment));
    let mut error = Errno(libc::ENOENT);
    for candidate in &exec.candidates {
        // SAFETY: both arrays end with a null pointer and point to strings that `exec` owns.
        unsafe { libc::execve(candidate.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
        error = Errno::last();
    }
    error
}

/// Ends this process without running anything else.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: ends the process; takes an integer.
    unsafe { libc::_exit(code) }
}

/// Signals that arrive as data instead of interrupting.
#[derive(Debug)]
pub struct Signals(OwnedFd);

impl Signals {
    /// The descriptor to poll.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&self.0)
    }

    /// The next signal, if one is waiting, and whether the kernel itself sent
    /// it (as for a key pressed on a terminal).
    pub fn next(&self) -> Option<(i32, bool)> {
        // SAFETY: a zeroed `signalfd_siginfo` is valid, it is a structure of integers.
        let mut info: libc::signalfd_siginfo = unsafe { std::mem::zeroed() };
        let size = std::mem::size_of::<libc::signalfd_siginfo>();
        // SAFETY: `info` is live and `size` is its size.
        let count = unsafe { libc::read(self.0.as_raw_fd(), (&raw mut info).cast(), size) };
        (count == size as isize)
            .then_some((info.ssi_signo as i32, info.ssi_code == libc::SI_KERNEL))
    }
}

/// Blocks these signals and makes them readable.
pub fn block_signals(list: &[i32]) -> Result<Signals> {
    // SAFETY: the set is initialised by `sigemptyset` before use; `sigprocmask` and `signalfd` read it during the call.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in list {
            libc::sigaddset(&raw mut set, *signal);
        }
        check(libc::c_long::from(libc::sigprocmask(
            libc::SIG_SETMASK,
            &raw const set,
            std::ptr::null_mut(),
        )))?;
        let fd = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        Ok(Signals(owned(libc::c_long::from(fd))?))
    }
}

/// Sends a signal to a process.
pub fn kill(pid: i32, signal: i32) -> Result<()> {
    // SAFETY: plain integers.
    check(libc::c_long::from(unsafe { libc::kill(pid, signal) })).map(drop)
}

/// Sends a signal to exactly the process behind a descriptor.
pub fn kill_pidfd(pidfd: BorrowedFd<'_>, signal: i32) -> Result<()> {
    let nothing = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: plain integers and a null pointer, which the call allows.
    check(unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, nothing, 0)
    })
    .map(drop)
}

/// Reaps any one child that has ended: (process, wait status).
pub fn wait_any() -> Option<(i32, i32)> {
    let mut status = 0;
    // SAFETY: `status` is ours to write.
    let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
    (pid > 0).then_some((pid, status))
}

/// Whether this process has a child that has not been reaped; reaps those that
/// have ended.
pub fn has_children() -> bool {
    loop {
        let mut status = 0;
        // SAFETY: `status` is ours to write.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
        if pid <= 0 {
            return pid == 0;
        }
    }
}

/// Waits until a child has ended, and reaps it.
pub fn wait_one() {
    let mut status = 0;
    // SAFETY: `status` is ours to write.
    unsafe { libc::waitpid(-1, &raw mut status, 0) };
}

/// Leaves this process's namespaces of these kinds for new ones.
pub fn leave_for_new(flags: ForkFlags) -> Result<()> {
    // SAFETY: plain integer; no descriptor table or memory is shared with anybody.
    check(libc::c_long::from(unsafe { libc::unshare(flags.0 as libc::c_int) })).map(drop)
}

/// Enters the network behind a descriptor.
pub fn enter_network(network: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: plain integers.
    check(libc::c_long::from(unsafe { libc::setns(network.as_raw_fd(), libc::CLONE_NEWNET) }))
        .map(drop)
}

/// Reaps the child behind a descriptor; waits for its end where `block`.
pub fn wait_pidfd(pidfd: BorrowedFd<'_>, block: bool) -> Result<bool> {
    // SAFETY: a zeroed `siginfo_t` is valid plain data.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let flags = libc::WEXITED | if block { 0 } else { libc::WNOHANG };
    loop {
        // SAFETY: `info` is ours to write; the rest are integers.
        let answer = unsafe {
            libc::waitid(libc::P_PIDFD, pidfd.as_raw_fd() as libc::id_t, &raw mut info, flags)
        };
        match check(libc::c_long::from(answer)) {
            Err(Errno(libc::EINTR)) => {}
            Err(error) => return Err(error),
            // SAFETY: `waitid` filled (or left zeroed) the structure of which `si_pid` is part.
            Ok(_) => return Ok(unsafe { info.si_pid() } != 0),
        }
    }
}

/// The real user and group ids of this process.
pub fn own_ids() -> (u32, u32) {
    // SAFETY: these calls take nothing and cannot fail.
    unsafe { (libc::geteuid(), libc::getegid()) }
}

/// Becomes this user and group for good, without supplementary groups where
/// that is allowed.
pub fn become_identity(uid: u32, gid: u32, drop_groups: bool) -> Result<()> {
    // SAFETY: integers, and a null list of length zero.
    unsafe {
        if drop_groups {
            check(libc::syscall(libc::SYS_setgroups, 0, std::ptr::null::<libc::gid_t>()))?;
        }
        check(libc::syscall(libc::SYS_setresgid, gid, gid, gid))?;
        check(libc::syscall(libc::SYS_setresuid, uid, uid, uid)).map(drop)
    }
}

/// Be killed when the parent ends.
pub fn death_signal() -> Result<()> {
    // SAFETY: plain integers.
    check(libc::c_long::from(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) }))
        .map(drop)
}

/// Nobody may look into this process, not even with the same user id.
pub fn not_dumpable() -> Result<()> {
    // SAFETY: plain integers.
    check(libc::c_long::from(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) })).map(drop)
}

/// What `ps` shows.
pub fn set_process_name(name: &std::ffi::CStr) {
    // SAFETY: the pointer is a live NUL-terminated string; the call copies at most 16 bytes of it.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

/// Leaves the terminal and the process group of the caller.
pub fn new_session() -> Result<()> {
    // SAFETY: takes nothing.
    check(libc::c_long::from(unsafe { libc::setsid() })).map(drop)
}

/// Closes every descriptor from `first` on, except those in `keep`.
pub fn close_from(first: u32, keep: &[BorrowedFd<'_>]) -> Result<()> {
    let mut kept: Vec<u32> =
        keep.iter().map(|fd| fd.as_raw_fd() as u32).filter(|fd| *fd >= first).collect();
    kept.sort_unstable();
    let mut from = first;
    for fd in kept.into_iter().chain([u32::MAX]) {
        if fd > from {
            let last = if fd == u32::MAX { u32::MAX } else { fd - 1 };
            // SAFETY: integers. The caller holds no other descriptor it still uses: this runs right after a clone,
            // where everything not in `keep` belongs to the parent's copy.
            check(unsafe { libc::syscall(libc::SYS_close_range, from, last, 0) })?;
        }
        from = fd.saturating_add(1);
    }
    Ok(())
}

/// Lets a descriptor stay open across an execution.
pub fn clear_close_on_exec(fd: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: plain integers.
    check(libc::c_long::from(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, 0) })).map(drop)
}

/// Names this host within its own namespace.
pub fn set_hostname(name: &str) -> Result<()> {
    // SAFETY: the pointer and length are those of a live string.
    check(libc::c_long::from(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) }))
        .map(drop)
}

/// Switches the loopback interface of this network namespace on.
pub fn loopback_up() -> Result<()> {
    // SAFETY: plain integers.
    let socket = owned(libc::c_long::from(unsafe {
        libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0)
    }))?;
    // SAFETY: a zeroed `ifreq` is valid plain data.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (slot, byte) in request.ifr_name.iter_mut().zip(b"lo\0") {
        *slot = *byte as c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: `request` is a live `ifreq`, which is what SIOCSIFFLAGS reads.
    check(libc::c_long::from(unsafe {
        libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw mut request)
    }))
    .map(drop)
}

/// Milliseconds since some fixed moment.
pub fn monotonic_millis() -> u64 {
    // SAFETY: a zeroed `timespec` is valid and ours to write.
    let mut now: libc::timespec = unsafe { std::mem::zeroed() };
    // SAFETY: `now` is live.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
}

/// Takes over a descriptor that this process was started with.
pub fn inherited(number: i32) -> Result<OwnedFd> {
    // SAFETY: plain integers; asks whether the descriptor is open.
    check(libc::c_long::from(unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) }))?;
    // SAFETY: the caller was started with this descriptor for exactly this purpose and takes it once.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Descriptors 0 to 2 of this process.
pub fn standard_streams() -> [BorrowedFd<'static>; 3] {
    // SAFETY: std keeps 0-2 open for the life of the process (it opens /dev/null where one was closed at the start).
    unsafe { [BorrowedFd::borrow_raw(0), BorrowedFd::borrow_raw(1), BorrowedFd::borrow_raw(2)] }
}

/// Orphans of this process's descendants become its children.
pub fn adopt_orphans() -> Result<()> {
    // SAFETY: plain integers.
    check(libc::c_long::from(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) })).map(drop)
}
