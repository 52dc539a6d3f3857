//! Empty networks made ahead of time: making one takes longer than any other
//! step of a start. Each is used once.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use crate::sys::{self, Errno, ForkFlags};

/// Networks that wait, at most.
const MOST: usize = 4;

/// Empty networks that wait for a sandbox.
#[derive(Default)]
pub struct Networks {
    /// The network of this process; none where it cannot leave it.
    home: Option<OwnedFd>,
    waiting: Vec<OwnedFd>,
}

/// This process stands in a spare network until this is dropped.
pub struct Visit<'a>(&'a OwnedFd);

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        if sys::enter_network(self.0.as_fd()).is_err() {
            // The next sandbox would share this one's network: better no launcher than that.
            sys::exit_now(125);
        }
    }
}

impl Networks {
    /// Makes them ahead, where this process may: an ordinary user's could leave
    /// the host's network, but never come back to it.
    pub fn ahead() -> Self {
        let home = sys::open_path(Path::new("/proc/self/ns/net"), libc::O_RDONLY, 0);
        Self { home: home.ok().filter(|_| sys::own_ids().0 == 0), waiting: Vec::new() }
    }

    /// Whether more should be made.
    pub fn short(&self) -> bool {
        self.home.is_some() && self.waiting.len() < MOST
    }

    /// Makes one, in a moment when nobody waits.
    pub fn make_one(&mut self) {
        let Some(home) = self.home.as_ref().filter(|_| self.waiting.len() < MOST) else { return };
        let made = (|| -> Result<OwnedFd, Errno> {
            sys::leave_for_new(ForkFlags::NETWORK)?;
            let _back = Visit(home);
            sys::loopback_up()?;
            sys::open_path(Path::new("/proc/self/ns/net"), libc::O_RDONLY, 0)
        })();
        match made {
            Ok(network) => self.waiting.push(network),
            // It would fail again.
            Err(_) => self.home = None,
        }
    }

    /// Steps into one that waits; whatever is cloned during the visit has it.
    pub fn enter_spare(&mut self) -> Option<Visit<'_>> {
        let spare = self.waiting.pop()?;
        let home = self.home.as_ref()?;
        sys::enter_network(spare.as_fd()).ok()?;
        Some(Visit(home))
    }
}
