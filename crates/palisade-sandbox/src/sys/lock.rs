//! What a process gives up for good: capabilities, privileges, paths, calls.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use super::io::{Errno, Result, check, owned};

/// Sets a resource limit, both values.
pub fn set_limit(resource: u32, value: u64) -> Result<()> {
    let limit = libc::rlimit { rlim_cur: value as libc::rlim_t, rlim_max: value as libc::rlim_t };
    // SAFETY: `limit` is live; the resource is an integer that the kernel checks.
    check(libc::c_long::from(unsafe { libc::setrlimit(resource as _, &raw const limit) })).map(drop)
}

/// No program started from here on can gain privileges.
pub fn no_new_privileges() -> Result<()> {
    // SAFETY: plain integers.
    check(libc::c_long::from(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }))
        .map(drop)
}

/// Empties every capability set and locks the doors by which they come back.
pub fn clear_capabilities() -> Result<()> {
    // no-root, no-setuid-fixup, keep-caps off, no ambient raise; each with its lock.
    const SECURE: libc::c_ulong = 0b1110_1111;
    // SAFETY: plain integers; `capset` gets a live header and two live data records, as version 3 demands.
    unsafe {
        for capability in 0..64 {
            if libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 {
                match Errno::last() {
                    Errno(libc::EINVAL) => break,
                    error => return Err(error),
                }
            }
        }
        check(libc::c_long::from(libc::prctl(libc::PR_SET_SECUREBITS, SECURE, 0, 0, 0)))?;
        check(libc::c_long::from(libc::prctl(
            libc::PR_CAP_AMBIENT,
            libc::PR_CAP_AMBIENT_CLEAR_ALL,
            0,
            0,
            0,
        )))?;
        let header: [u32; 2] = [0x2008_0522, 0];
        let data = [0_u32; 6];
        check(libc::syscall(libc::SYS_capset, header.as_ptr(), data.as_ptr())).map(drop)
    }
}

/// The version of Landlock this kernel has; 0 is none.
pub fn landlock_abi() -> u32 {
    let nothing = std::ptr::null::<u8>();
    // SAFETY: a null attribute of size 0 with the VERSION flag only asks.
    let answer =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, nothing, 0_usize, 1_u32) };
    u32::try_from(answer).unwrap_or(0)
}

/// A set of paths with what may be done below them; all else is refused.
#[derive(Debug)]
pub struct Landlock {
    rules: OwnedFd,
    handled: u64,
}

impl Landlock {
    /// Starts a set that decides about `files` rights and `scopes`.
    pub fn new(files: u64, scopes: u64) -> Result<Self> {
        let attributes: [u64; 3] = [files, 0, scopes];
        // Older kernels know a shorter structure and refuse a longer one only where the rest is not zero.
        let size = if scopes == 0 { 8 } else { 24_usize };
        // SAFETY: the pointer is a live array of at least `size` bytes.
        let rules = owned(unsafe {
            libc::syscall(libc::SYS_landlock_create_ruleset, attributes.as_ptr(), size, 0_u32)
        })?;
        Ok(Self { rules, handled: files })
    }

    /// Allows `rights` at and below an open path.
    pub fn allow(&self, path: BorrowedFd<'_>, rights: u64) -> Result<()> {
        #[repr(C, packed)]
        struct Beneath {
            rights: u64,
            parent: i32,
        }
        let rule = Beneath { rights: rights & self.handled, parent: path.as_raw_fd() };
        // SAFETY: `rule` is the packed structure that rule type 1 (path beneath) reads.
        check(unsafe {
            libc::syscall(
                libc::SYS_landlock_add_rule,
                self.rules.as_raw_fd(),
                1_u32,
                &raw const rule,
                0_u32,
            )
        })
        .map(drop)
    }

    /// Puts the set in force for this process and all it starts.
    pub fn enforce(self) -> Result<()> {
        // SAFETY: plain integers.
        check(unsafe {
            libc::syscall(libc::SYS_landlock_restrict_self, self.rules.as_raw_fd(), 0_u32)
        })
        .map(drop)
    }
}

/// Installs a filter (instructions as the kernel lays them out). With
/// `listen`, answers the descriptor on which questions arrive.
pub fn seccomp(program: &[(u16, u8, u8, u32)], listen: bool) -> Result<Option<OwnedFd>> {
    let mut filter: Vec<libc::sock_filter> =
        program.iter().map(|&(code, jt, jf, k)| libc::sock_filter { code, jt, jf, k }).collect();
    let length = u16::try_from(filter.len()).map_err(|_| Errno(libc::E2BIG))?;
    let program = libc::sock_fprog { len: length, filter: filter.as_mut_ptr() };
    let install = |flags: libc::c_ulong| {
        // SAFETY: `program` points to a live filter of `length` instructions; the kernel copies and checks it.
        check(unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                flags,
                &raw const program,
            )
        })
    };
    if !listen {
        return install(0).map(|_| None);
    }
    // 8: a listener. 32: a signal does not interrupt a question that was received.
    let answer = match install(8 | 32) {
        Err(Errno(libc::EINVAL)) => install(8),
        other => other,
    };
    Ok(Some(owned(answer?)?))
}

/// A call that waits for an answer.
#[derive(Debug, Clone, Copy)]
pub struct Notification {
    /// Ties the answer to the question.
    pub id: u64,
    /// Who calls, as this process sees it.
    pub pid: i32,
    /// Which call.
    pub number: i32,
    /// Its arguments.
    pub arguments: [u64; 6],
}

/// How a waiting call goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notified {
    /// The kernel carries it out under all the other locks.
    Continue,
    /// It fails with this error.
    Fail(i32),
}

#[repr(C)]
struct RawNotification {
    id: u64,
    pid: u32,
    flags: u32,
    number: i32,
    arch: u32,
    pointer: u64,
    arguments: [u64; 6],
}

#[repr(C)]
struct RawAnswer {
    id: u64,
    value: i64,
    error: i32,
    flags: u32,
}

const RECEIVE: libc::c_ulong = 0xC050_2100;
const ANSWER: libc::c_ulong = 0xC018_2101;
const VALID: libc::c_ulong = 0x4008_2102;
const SET_FLAGS: libc::c_ulong = 0x4008_2104;

/// Takes the next waiting call.
pub fn notification(listener: BorrowedFd<'_>) -> Result<Notification> {
    // SAFETY: zero is a valid value of this structure of integers, and the kernel demands zeroes.
    let mut raw: RawNotification = unsafe { std::mem::zeroed() };
    // SAFETY: RECEIVE writes exactly this structure (its size is encoded in the number).
    check(libc::c_long::from(unsafe {
        libc::ioctl(listener.as_raw_fd(), RECEIVE as _, &raw mut raw)
    }))?;
    let pid = i32::try_from(raw.pid).unwrap_or(0);
    Ok(Notification { id: raw.id, pid, number: raw.number, arguments: raw.arguments })
}

/// Answers a waiting call.
pub fn notification_answer(listener: BorrowedFd<'_>, id: u64, answer: Notified) -> Result<()> {
    let mut raw = match answer {
        Notified::Continue => RawAnswer { id, value: 0, error: 0, flags: 1 },
        Notified::Fail(error) => RawAnswer { id, value: 0, error: -error, flags: 0 },
    };
    // SAFETY: ANSWER reads exactly this structure (its size is encoded in the number).
    check(libc::c_long::from(unsafe {
        libc::ioctl(listener.as_raw_fd(), ANSWER as _, &raw mut raw)
    }))
    .map(drop)
}

/// Asks the kernel to wake both sides on one processor, which makes questions
/// much cheaper; older kernels do without.
pub fn notification_quick(listener: BorrowedFd<'_>) {
    // SAFETY: SET_FLAGS takes the flag as its argument.
    unsafe { libc::ioctl(listener.as_raw_fd(), SET_FLAGS as _, 1_u64) };
}

/// Whether the caller still waits, so that its memory was its own when read.
pub fn notification_valid(listener: BorrowedFd<'_>, id: u64) -> bool {
    // SAFETY: VALID reads one live `u64`.
    unsafe { libc::ioctl(listener.as_raw_fd(), VALID as _, &raw const id) == 0 }
}

/// Reads memory of another process; may return less than asked.
pub fn read_memory(pid: i32, address: u64, buffer: &mut [u8]) -> Result<usize> {
    let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let remote = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: buffer.len() };
    // SAFETY: `local` is a live mutable slice; `remote` is only looked at by the kernel in the other address space.
    let count =
        unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
    check(count as libc::c_long).map(|count| count as usize)
}
