//! Calls of tools that are under way, remembered between the process that
//! admitted one and the process that hears of its end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use palisade_core::ports::Sequence;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::home::has_one_name;
use crate::{Error, Profile, SessionId, private_dir};

/// So many calls of a session are remembered; then the oldest are forgotten.
const MOST: usize = 256;
/// So many calls of the same name, where a client gives none of its own.
const MOST_ALIKE: usize = 32;
/// No memory of a call is larger.
const LARGEST: u64 = 1 << 20;

/// The calls of one session.
#[derive(Debug)]
pub struct Calls {
    directory: PathBuf,
}

/// One call, held by this process alone until dropped.
#[derive(Debug)]
pub struct Held {
    file: File,
    path: PathBuf,
    known: Vec<Admission>,
}

/// What was answered to a call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Admission {
    /// A digest of all that the call says.
    pub digest: String,
    /// What was answered, as it was written; `None` where the same call must
    /// be looked at again.
    pub answer: Option<String>,
    /// The intents that were recorded for it.
    pub intents: Vec<Sequence>,
    /// Where what it shows comes from, if from outside.
    pub origins: Vec<String>,
    /// When, in milliseconds since 1970.
    pub at: u64,
}

impl Calls {
    /// The calls of a session of this profile.
    pub fn of(profile: &Profile, session: &SessionId) -> Self {
        let name = format!("{}.calls", session.as_str());
        Self { directory: profile.directory.join("sessions").join(name) }
    }

    /// The directory tree that the session works in: what the first call said.
    ///
    /// # Errors
    /// Where it cannot be read or written.
    pub fn workspace(&self, now: &str) -> Result<String, Error> {
        let path = self.directory.join("workspace");
        if let Ok(first) = fs::read_to_string(&path)
            && first.starts_with('/')
        {
            return Ok(first);
        }
        private_dir(&self.directory)?;
        let made = private(&path, true).and_then(|mut file| file.write_all(now.as_bytes()));
        match made {
            Ok(()) => Ok(now.to_owned()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let first = fs::read_to_string(&path).map_err(wrong("read", &path))?;
                // It is empty for the moment in which it is being made.
                Ok(if first.starts_with('/') { first } else { now.to_owned() })
            }
            Err(error) => Err(wrong("write", &path)(error)),
        }
    }

    /// Takes the call of this name; waits while another process holds it.
    ///
    /// # Errors
    /// Where its memory cannot be read or made.
    pub fn hold(&self, name: &str) -> Result<Held, Error> {
        let mut digest = hex(&Sha256::digest(name));
        digest.truncate(40);
        // Now and then is enough to forget.
        if digest.starts_with('0') {
            self.forget_old();
        }
        let path = self.directory.join(digest);
        let opened = private(&path, false).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                private_dir(&self.directory).map_err(io::Error::other)?;
                private(&path, false)
            }
            _ => Err(error),
        });
        let taken = opened.and_then(|file| file.lock().map(|()| file));
        let mut file = taken.map_err(wrong("use", &path))?;
        // What was answered stands in it: nobody else may have a way to it.
        has_one_name(&path, &file.metadata().map_err(wrong("look at", &path))?)?;
        let mut text = String::new();
        // What a crash left half written says nothing.
        let known = match (&mut file).take(LARGEST).read_to_string(&mut text) {
            Ok(_) => text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect(),
            Err(_) => Vec::new(),
        };
        Ok(Held { file, path, known })
    }

    /// Calls whose end nobody told of are forgotten at last.
    fn forget_old(&self) {
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        let mut all: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        if all.len() <= MOST {
            return;
        }
        all.retain(|path| path.file_name().is_some_and(|name| name != "workspace"));
        let age = |path: &PathBuf| {
            fs::metadata(path).and_then(|found| found.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
        };
        all.sort_by_cached_key(age);
        let old = all.len().saturating_sub(MOST / 2);
        for path in all.iter().take(old) {
            // Another process may have been faster.
            let _ = fs::remove_file(path);
        }
    }
}

impl Held {
    /// What was answered to a call that says exactly this.
    pub fn answered(&self, digest: &str) -> Option<&str> {
        let known = self.known.iter().find(|known| known.digest == digest)?;
        known.answer.as_deref()
    }

    /// Remembers an answer.
    ///
    /// # Errors
    /// Where it cannot be written; then the call may not happen.
    pub fn remember(&mut self, admission: Admission) -> Result<(), Error> {
        self.known.push(admission);
        let over = self.known.len().saturating_sub(MOST_ALIKE);
        self.known.drain(..over);
        self.write()
    }

    /// The oldest call of this name that may be under way, which has now
    /// ended.
    ///
    /// # Errors
    /// Where it cannot be written that it has.
    pub fn ended(&mut self) -> Result<Option<Admission>, Error> {
        if self.known.is_empty() {
            return Ok(None);
        }
        let at = self.known.iter().position(|known| !known.intents.is_empty()).unwrap_or(0);
        let admission = self.known.remove(at);
        if self.known.is_empty() {
            // Emptied first: another process may have it open.
            let emptied = self.file.set_len(0).and_then(|()| fs::remove_file(&self.path));
            emptied.map_err(wrong("remove", &self.path))?;
        } else {
            self.write()?;
        }
        Ok(Some(admission))
    }

    fn write(&mut self) -> Result<(), Error> {
        let mut text = String::new();
        for known in &self.known {
            // Strings and numbers under string keys always have a JSON form.
            text.push_str(&serde_json::to_string(known).unwrap_or_default());
            text.push('\n');
        }
        let file = &mut self.file;
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(text.as_bytes()))
            .map_err(wrong("write", &self.path))
    }
}

fn private(path: &Path, new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(!new).create_new(new).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options.open(path)
}

fn wrong<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> Error + 'a {
    move |source| Error::File { what, path: path.to_owned(), source }
}

/// Bytes as small hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
