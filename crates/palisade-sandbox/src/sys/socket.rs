//! Messages with descriptors between processes that trust each other's code.

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::io::{Errno, Result, check, owned, read, write_all};

/// More than this in one message is a mistake.
const MOST: usize = 8 << 20;
/// Descriptors in one message.
const DESCRIPTORS: usize = 16;
const SPACE: usize = 128;

/// A message: its kind, its bytes, its descriptors.
pub type Message = (u8, Vec<u8>, Vec<OwnedFd>);

/// Two connected ends.
pub fn pair() -> Result<(OwnedFd, OwnedFd)> {
    let mut fds = [0; 2];
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC;
    // SAFETY: the array has room for the two descriptors that the call writes.
    check(libc::c_long::from(unsafe {
        libc::socketpair(libc::AF_UNIX, kind, 0, fds.as_mut_ptr())
    }))?;
    Ok((owned(libc::c_long::from(fds[0]))?, owned(libc::c_long::from(fds[1]))?))
}

/// Give up on a silent other side after this long (0: never).
pub fn receive_timeout(socket: BorrowedFd<'_>, seconds: u32) -> Result<()> {
    let time = libc::timeval { tv_sec: libc::time_t::from(seconds), tv_usec: 0 };
    // SAFETY: `time` is live and its size is passed.
    check(libc::c_long::from(unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVTIMEO,
            (&raw const time).cast(),
            std::mem::size_of::<libc::timeval>() as libc::socklen_t,
        )
    }))
    .map(drop)
}

#[repr(C, align(8))]
struct Ancillary([u8; SPACE]);

/// Sends one message: a kind, bytes, and descriptors.
pub fn send(socket: BorrowedFd<'_>, kind: u8, body: &[u8], fds: &[BorrowedFd<'_>]) -> Result<()> {
    if body.len() > MOST || fds.len() > DESCRIPTORS {
        return Err(Errno(libc::EMSGSIZE));
    }
    let mut message = Vec::with_capacity(body.len() + 8);
    message.extend_from_slice(&(body.len() as u32).to_ne_bytes());
    message.extend_from_slice(&[kind, fds.len() as u8, 0, 0]);
    message.extend_from_slice(body);
    let mut part = libc::iovec { iov_base: message.as_mut_ptr().cast(), iov_len: message.len() };
    let mut space = Ancillary([0; SPACE]);
    // SAFETY: a zeroed `msghdr` is valid plain data.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    let numbers: Vec<i32> = fds.iter().map(AsRawFd::as_raw_fd).collect();
    if !numbers.is_empty() {
        let size = std::mem::size_of_val(numbers.as_slice()) as libc::c_uint;
        header.msg_control = space.0.as_mut_ptr().cast();
        // SAFETY: CMSG_SPACE and CMSG_LEN only compute; 16 descriptors need 80 bytes of the 128; the first header
        // lies within `space`, and CMSG_DATA leaves room for `size` bytes after it.
        unsafe {
            header.msg_controllen = libc::CMSG_SPACE(size) as _;
            let first = libc::CMSG_FIRSTHDR(&raw const header);
            (*first).cmsg_level = libc::SOL_SOCKET;
            (*first).cmsg_type = libc::SCM_RIGHTS;
            (*first).cmsg_len = libc::CMSG_LEN(size) as _;
            std::ptr::copy_nonoverlapping(
                numbers.as_ptr().cast::<u8>(),
                libc::CMSG_DATA(first),
                size as usize,
            );
        }
    }
    let sent = loop {
        // SAFETY: `header` points to `part` and `space`, which live and are not moved during the call.
        let answer =
            unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const header, libc::MSG_NOSIGNAL) };
        match check(answer as libc::c_long) {
            Err(Errno(libc::EINTR)) => {}
            other => break other? as usize,
        }
    };
    write_all(socket, message.get(sent..).unwrap_or_default())
}

/// Receives one message; `None` where the other side has closed.
pub fn receive(socket: BorrowedFd<'_>) -> Result<Option<Message>> {
    let mut head = [0_u8; 8];
    let mut part = libc::iovec { iov_base: head.as_mut_ptr().cast(), iov_len: head.len() };
    let mut space = Ancillary([0; SPACE]);
    // SAFETY: a zeroed `msghdr` is valid plain data.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = space.0.as_mut_ptr().cast();
    header.msg_controllen = SPACE as _;
    let count = loop {
        // SAFETY: `header` points to `part` and `space`, which live and are not moved during the call.
        let answer =
            unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, libc::MSG_CMSG_CLOEXEC) };
        match check(answer as libc::c_long) {
            Err(Errno(libc::EINTR)) => {}
            other => break other? as usize,
        }
    };
    if count == 0 {
        return Ok(None);
    }
    let mut fds = Vec::new();
    // SAFETY: the kernel filled `space` with well-formed headers up to `msg_controllen`; the CMSG macros walk only
    // those, and each descriptor in SCM_RIGHTS is new and ours.
    unsafe {
        let mut next = libc::CMSG_FIRSTHDR(&raw const header);
        while !next.is_null() {
            if (*next).cmsg_level == libc::SOL_SOCKET && (*next).cmsg_type == libc::SCM_RIGHTS {
                let bytes = (*next).cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                let data = libc::CMSG_DATA(next).cast::<libc::c_int>();
                for index in 0..bytes / std::mem::size_of::<libc::c_int>() {
                    fds.push(OwnedFd::from_raw_fd(data.add(index).read_unaligned()));
                }
            }
            next = libc::CMSG_NXTHDR(&raw const header, next);
        }
    }
    read_exact(socket, &mut head, count)?;
    let [a, b, c, d, kind, descriptors, ..] = head;
    let length = u32::from_ne_bytes([a, b, c, d]) as usize;
    if length > MOST || usize::from(descriptors) != fds.len() {
        return Err(Errno(libc::EBADMSG));
    }
    let mut body = vec![0; length];
    read_exact(socket, &mut body, 0)?;
    Ok(Some((kind, body, fds)))
}

fn read_exact(socket: BorrowedFd<'_>, buffer: &mut [u8], mut have: usize) -> Result<()> {
    while let Some(rest) = buffer.get_mut(have..).filter(|rest| !rest.is_empty()) {
        match read(socket, rest)? {
            0 => return Err(Errno(libc::EPIPE)),
            count => have += count,
        }
    }
    Ok(())
}
