//! The kernel's interface, as far as std has no safe door to it.
//!
//! The only module of the project with `unsafe`. Each function is one system
//! call (or one idiom) with owned descriptors and checked lengths around it;
//! policy lives elsewhere.

mod io;
mod lock;
mod mount;
mod process;
mod socket;

pub use io::*;
pub use lock::*;
pub use mount::*;
pub use process::*;
pub use socket::*;
