//! What the pipeline needs beside the ports of the core.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use palisade_core::Permit;
use palisade_core::ports::Outcome;
use palisade_guards::network::Refusal;

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

/// A page from outside, not yet enclosed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The status of the last answer.
    pub status: u16,
    /// The address that it is from, after all redirects.
    pub url: String,
    /// The origin of that address.
    pub origin: String,
    /// Every request on the way: the address, the one that was dialled, and
    /// the status of a redirect.
    pub hops: Vec<Hop>,
    /// The type, without parameters.
    pub media: String,
    /// Bytes on the wire.
    pub bytes: u64,
    /// Whether `text` is HTML.
    pub html: bool,
    /// The page's title, where its readable text was asked for.
    pub title: Option<String>,
    /// How many letters of it nobody would see, and were left out.
    pub hidden: u64,
    /// The page, or its readable text.
    pub text: String,
}

/// One request on the way to a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The address that was asked for.
    pub url: String,
    /// The address that was dialled.
    pub dialled: String,
    /// The status of a redirect; `None` for the last one.
    pub status: Option<u16>,
}

/// What a fetch came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// A page, whatever its status.
    Page(Box<Page>),
    /// The address guard refused an answer or a redirect.
    Refused(Refusal),
    /// There is no page.
    Failed {
        /// Why, in words.
        why: String,
        /// What to do about it.
        help: Option<&'static str>,
    },
}

/// Somebody who fetches pages.
pub trait Web {
    /// Fetches what `permit` allows, within the address guard at every hop;
    /// where `readable`, a page with tags becomes readable text.
    fn fetch(&mut self, permit: Permit, readable: bool) -> (Outcome, Fetched);
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
