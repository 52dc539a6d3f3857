//! Who remembers approvals and what files carry, beyond one process.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use palisade_core::Grant;
use palisade_core::ports::Seconds;
use palisade_guards::Taint;
use palisade_guards::call::Counts;
use palisade_shell::Labels;

use crate::config::{self, Config, Loaded, edit};
use crate::home::has_one_name;
use crate::locked::kept_before;
use crate::ports::Files;
use crate::session::{self, Session};
use crate::{Error, Profile, SessionId, private_dir};

/// Writes what outlives a command: session memory and the allowlist. Every
/// change is made under a lock to what is there at that moment, so that two
/// processes that change something at once lose nothing.
pub struct Keeper<'a> {
    profile: &'a Profile,
    session: Option<SessionId>,
    files: &'a (dyn Files + Sync),
}

impl<'a> Keeper<'a> {
    /// A keeper for a profile and, where one is named, a session.
    pub fn new(
        profile: &'a Profile,
        session: Option<SessionId>,
        files: &'a (dyn Files + Sync),
    ) -> Self {
        Self { profile, session, files }
    }

    /// The session's memory as it is now; empty where no session is named.
    ///
    /// # Errors
    /// Where it cannot be read, or does not hold what was written there.
    pub fn session(&self) -> Result<Session, Error> {
        match self.session_file() {
            Some(path) => read_session(&path),
            None => Ok(Session::default()),
        }
    }

    /// Adds what files carry after a command, and what its output shows, to
    /// the session.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn remember(&self, files: &BTreeMap<String, Labels>, shown: &Taint) -> Result<(), Error> {
        if files.is_empty() && shown.is_none() {
            return Ok(());
        }
        self.change_session(|session| {
            for path in files.keys() {
                if let Some((root, contents)) = kept_before(path, session) {
                    session.kept.entry(root).or_insert(contents);
                }
            }
            session.remember(files);
            session.taint.join(shown);
        })
    }

    /// Adds what the model has seen to the session.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn saw(&self, taint: &Taint) -> Result<(), Error> {
        if taint.is_none() {
            return Ok(());
        }
        self.change_session(|session| session.taint.join(taint))
    }

    /// Counts one more call for each of `keys`, and says how often they were
    /// counted before. Two processes that count at once count twice.
    ///
    /// # Errors
    /// Where it cannot be written, or no session is named to count in.
    pub fn count(&self, keys: &[String], now: Seconds) -> Result<Counts, Error> {
        let mut before = Counts::new();
        if keys.is_empty() {
            return Ok(before);
        }
        if self.session.is_none() {
            return Err(Error::Name("a rule with a limit needs a session to count in".into()));
        }
        self.change_session(|session| {
            for key in keys {
                let count = session.counts.entry(key.clone()).or_default();
                before.insert(key.clone(), count.used(now));
                count.add(now);
            }
        })?;
        Ok(before)
    }

    /// The session has ended: what was remembered for it alone is not needed
    /// any more. What cannot be removed harms nobody.
    pub fn forget(&self) {
        if let Some(path) = self.session_file() {
            let _ = fs::remove_file(path);
        }
    }

    /// Keeps grants until the session ends.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn for_session(&self, grants: &[Grant]) -> Result<(), Error> {
        self.change_session(|session| {
            for grant in grants {
                if !session.grants.contains(grant) {
                    session.grants.push(grant.clone());
                }
            }
        })
    }

    /// Adds grants to the profile's allowlist; one for the same thing is
    /// replaced.
    ///
    /// # Errors
    /// Where they cannot be written, or there is no place in the file where
    /// they would mean exactly that.
    pub fn always(&self, grants: &[Grant]) -> Result<(), Error> {
        self.change_config(|path, mut text| {
            for grant in grants {
                let loaded: Config = config::parse(path, &text)?;
                let same = |entry: &config::Entry| entry.grant().scope == grant.scope;
                let old = loaded.tools.terminal.approval.allowlist.iter().position(same);
                if let Some(at) = old {
                    text = edit::remove(&text, at).ok_or_else(|| by_hand(path, grant))?;
                }
                text =
                    edit::add(&text, &config::line(grant)).ok_or_else(|| by_hand(path, grant))?;
            }
            Ok(text)
        })
    }

    /// Takes the entry of the allowlist that stands for `grant` back.
    ///
    /// # Errors
    /// Where it is not there, or cannot be taken out.
    pub fn revoke(&self, grant: &Grant) -> Result<(), Error> {
        self.change_config(|path, text| {
            let loaded: Config = config::parse(path, &text)?;
            let entries = &loaded.tools.terminal.approval.allowlist;
            let at = entries.iter().position(|entry| entry.grant() == *grant);
            let at = at.ok_or_else(|| Error::Name("that grant is not there any more".into()))?;
            edit::remove(&text, at).ok_or_else(|| {
                Error::Name(format!("this entry must be removed by hand from `{}`", path.display()))
            })
        })
    }

    fn change_config(
        &self,
        change: impl FnOnce(&Path, String) -> Result<String, Error>,
    ) -> Result<(), Error> {
        let path = self.profile.config_file();
        let _lock = lock(&self.profile.directory)?;
        let Loaded { text, .. }: Loaded<Config> = config::load(&path)?;
        let text = change(&path, text)?;
        // A person may keep the file elsewhere and link to it: then the link
        // stays and the file that it leads to is replaced.
        let target = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        self.replace(&target, text.as_bytes())
    }

    fn change_session(&self, change: impl FnOnce(&mut Session)) -> Result<(), Error> {
        let Some(path) = self.session_file() else { return Ok(()) };
        let directory = path.parent().unwrap_or(&self.profile.directory);
        private_dir(directory)?;
        let _lock = lock(directory)?;
        let before = read_session(&path)?;
        let mut after = before.clone();
        change(&mut after);
        if after == before {
            return Ok(());
        }
        self.replace(&path, session::write(&after).as_bytes())
    }

    fn session_file(&self) -> Option<PathBuf> {
        let id = self.session.as_ref()?.as_str();
        Some(self.profile.directory.join("sessions").join(format!("{id}.memory.json")))
    }

    fn replace(&self, path: &Path, content: &[u8]) -> Result<(), Error> {
        let wrong = |source| Error::File { what: "write", path: path.to_owned(), source };
        self.files.replace(path, content).map_err(wrong)
    }
}

fn read_session(path: &Path) -> Result<Session, Error> {
    let read = File::open(path).and_then(|mut file| {
        let found = file.metadata()?;
        let mut text = String::new();
        file.read_to_string(&mut text).map(|_| (text, found))
    });
    match read {
        // Grants of the session stand in it: nobody else may have a way to it.
        Ok((text, found)) => has_one_name(path, &found).and_then(|()| {
            session::read(&text).ok_or_else(|| {
                Error::Home(format!(
                    "the session's memory `{}` is damaged: remove it to begin anew",
                    path.display()
                ))
            })
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Session::default()),
        Err(source) => Err(Error::File { what: "read", path: path.to_owned(), source }),
    }
}

/// Waits for the lock of a directory and holds it until the file is dropped.
fn lock(directory: &Path) -> Result<File, Error> {
    private_dir(directory)?;
    let path = directory.join(".lock");
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let locked = options.open(&path).and_then(|file| file.lock().map(|()| file));
    locked.map_err(|source| Error::File { what: "lock", path, source })
}

fn by_hand(path: &Path, grant: &Grant) -> Error {
    Error::Name(format!(
        "there is no safe place for it in `{}`: add it by hand to `tools.terminal.approval.allowlist`: {}",
        path.display(),
        config::line(grant)
    ))
}
