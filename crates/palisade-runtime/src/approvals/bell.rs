//! Pipes that wake whoever waits, and that tell whether anybody does: a pipe
//! has a reader exactly as long as a living process holds it open.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;

/// A pipe held open by this process.
#[derive(Debug)]
pub struct Bell(File);

impl Bell {
    /// Makes the pipe and holds it.
    pub fn make(path: &Path) -> io::Result<Self> {
        nix::unistd::mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR)?;
        Self::hold(path)
    }

    /// Holds a pipe that is there.
    pub fn hold(path: &Path) -> io::Result<Self> {
        // Open for both, it never ends, and opening it waits for nobody.
        let file = pipe(OpenOptions::new().read(true).write(true), path)?;
        Ok(Self(file))
    }

    /// Waits until it rings or the time is up.
    pub fn wait(&self, longest: Duration) {
        let millis = u16::try_from(longest.as_millis()).unwrap_or(u16::MAX);
        let mut ready = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        // A signal or an error only means that the caller looks earlier.
        let _ = poll(&mut ready, PollTimeout::from(millis));
    }

    /// Forgets that it rang. For a bell with one listener.
    pub fn clear(&self) {
        let mut bytes = [0; 512];
        while (&self.0).read(&mut bytes).is_ok_and(|length| length == bytes.len()) {}
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Rings; whether anybody was there to hear it.
pub fn ring(path: &Path) -> bool {
    // A full pipe has rung already.
    open(path).is_some_and(|mut pipe| {
        pipe.write(&[1]).map_or_else(|error| error.kind() == io::ErrorKind::WouldBlock, |_| true)
    })
}

/// Whether anybody would hear it.
pub fn is_held(path: &Path) -> bool {
    open(path).is_some()
}

fn open(path: &Path) -> Option<File> {
    // Without a reader this fails (ENXIO).
    pipe(OpenOptions::new().write(true), path).ok()
}

fn pipe(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = nix::fcntl::OFlag::O_NONBLOCK | nix::fcntl::OFlag::O_NOFOLLOW;
    let file = options.custom_flags(flags.bits()).open(path)?;
    if file.metadata()?.file_type().is_fifo() {
        Ok(file)
    } else {
        Err(io::Error::other("it is no pipe"))
    }
}
