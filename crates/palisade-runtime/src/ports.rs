//! What the pipeline needs beside the ports of the core.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use palisade_core::Permit;
use palisade_core::ports::Outcome;

/// What a command gets beside what the permit says.
#[derive(Debug, Clone, Default)]
pub struct Launch {
    /// All of its environment.
    pub environment: Vec<(OsString, OsString)>,
}

impl Launch {
    /// The names of its variables, for whoever is asked.
    pub fn names(&self) -> Vec<String> {
        self.environment.iter().map(|(name, _)| name.to_string_lossy().into_owned()).collect()
    }
}

/// Somebody who starts processes.
pub trait Process {
    /// Starts what `permit` allows, as confined as it demands, and waits for
    /// the end. What could not be started is an outcome with a failure.
    fn run(&mut self, permit: Permit, launch: &Launch) -> Outcome;
}

/// Somebody who writes Palisade's own files.
pub trait Files {
    /// Puts `content` in the place of what is at `path`, all or nothing,
    /// readable and writable by the owner alone.
    ///
    /// # Errors
    /// What the system said; then the old content is still there.
    fn replace(&self, path: &Path, content: &[u8]) -> io::Result<()>;
}
