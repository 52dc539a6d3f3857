//! What was installed where, and the bytes from before: in Palisade's own
//! directory, under `install/`.
//!
//! `manifest.json` has a record for each file. `kept/` has the contents, each
//! under its digest. The record is written before the file is: a process that
//! is killed between the two leaves a record of what did not happen, which is
//! told by the digest.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use palisade_journal::write_secret;
use palisade_runtime::{Home, private_dir};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::plan::Change;
use super::{Client, Scope};
use crate::show::Failure;

const VERSION: u32 = 1;

/// The name in the record for what Codex wrote itself.
pub const TRUST: &str = "codex trust";

/// The records, locked against other installations.
#[derive(Debug)]
pub struct Kept {
    directory: PathBuf,
    list: List,
    _lock: File,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    version: u32,
    files: Vec<Record>,
}

/// One file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The client's name.
    pub client: String,
    /// `user` or `project`.
    pub scope: String,
    /// The path as the client says it.
    pub path: PathBuf,
    /// The file itself, behind links.
    pub real: PathBuf,
    /// The digest of its bytes without us; none where there was no file.
    pub before: Option<String>,
    /// The digest of its bytes with us.
    pub after: String,
    /// What was made in it to hold our entries.
    pub made: Vec<String>,
    /// Directories that were made for it.
    pub directories: Vec<PathBuf>,
}

impl Kept {
    /// Reads the records, and holds the lock until it is dropped.
    ///
    /// # Errors
    /// Where Palisade's directory or the records are not in order.
    pub fn open(home: &Home) -> Result<Self, Failure> {
        home.prepare()?;
        let directory = home.root().join("install");
        private_dir(&directory.join("kept"))?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let lock = options.open(directory.join(".lock"))?;
        lock.lock()?;
        let list = read(&directory)?;
        Ok(Self { directory, list, _lock: lock })
    }

    /// The records there are, without a lock and without making anything.
    ///
    /// # Errors
    /// Where they are not in order.
    pub fn look(home: &Home) -> Result<Vec<Record>, Failure> {
        Ok(read(&home.root().join("install"))?.files)
    }

    /// The record of a file.
    pub fn of(&self, real: &Path, client: &str) -> Option<&Record> {
        self.list.files.iter().find(|record| record.real == real && record.client == client)
    }

    /// Keeps the bytes from before and writes down what is about to happen.
    /// `base` is the file without us.
    ///
    /// # Errors
    /// Where it cannot be written; then nothing must be changed.
    pub fn note(
        &mut self,
        client: &Client,
        scope: Scope,
        change: &Change,
        base: Option<&[u8]>,
    ) -> Result<(), Failure> {
        let Some(after) = change.after.as_deref() else { return Ok(()) };
        let old = self.of(&change.real, client.name).cloned();
        for bytes in [base, change.before.as_deref(), Some(after)].into_iter().flatten() {
            self.keep(bytes)?;
        }
        let mut made = old.as_ref().map_or_else(Vec::new, |old| old.made.clone());
        made.extend(
            change.made.iter().filter(|path| !made.contains(path)).cloned().collect::<Vec<_>>(),
        );
        let record = Record {
            client: client.name.into(),
            scope: scope.name().into(),
            path: change.path.clone(),
            real: change.real.clone(),
            before: base.map(digest),
            after: digest(after),
            made,
            directories: old.map_or_else(Vec::new, |old| old.directories),
        };
        self.put(record)
    }

    /// Writes down what Codex wrote itself when it was told to trust our hooks.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn note_trust(
        &mut self,
        path: &Path,
        real: PathBuf,
        before: Option<Vec<u8>>,
        after: Option<Vec<u8>>,
    ) -> Result<(), Failure> {
        let Some(after) = after else { return Ok(()) };
        let old = self.of(&real, TRUST).cloned();
        for bytes in [before.as_deref(), Some(&after)].into_iter().flatten() {
            self.keep(bytes)?;
        }
        // Trusted a second time, with nothing changed between: the first state
        // is the one to go back to.
        let now = before.as_deref().map(digest);
        let before = match old {
            Some(old) if Some(&old.after) == now.as_ref() => old.before,
            _ => now,
        };
        self.put(Record {
            client: TRUST.into(),
            scope: "user".into(),
            path: path.to_owned(),
            real,
            before,
            after: digest(&after),
            made: Vec::new(),
            directories: Vec::new(),
        })
    }

    /// Writes a record in the place of the one for the same file.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn put(&mut self, record: Record) -> Result<(), Failure> {
        self.list.files.retain(|old| old.real != record.real || old.client != record.client);
        self.list.files.push(record);
        self.save()
    }

    /// Adds directories that were made for a file.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn note_directories(
        &mut self,
        client: &Client,
        real: &Path,
        made: Vec<PathBuf>,
    ) -> Result<(), Failure> {
        let mine = |record: &&mut Record| record.real == real && record.client == client.name;
        if let Some(record) = self.list.files.iter_mut().find(mine)
            && !made.is_empty()
        {
            record.directories.extend(made);
            return self.save();
        }
        Ok(())
    }

    /// Takes the record of a file out. The bytes stay.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn forget(&mut self, record: &Record) -> Result<(), Failure> {
        self.list.files.retain(|one| one != record);
        self.save()
    }

    /// Kept bytes, where they are still what they were.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let bytes = fs::read(self.file(name)).ok()?;
        (digest(&bytes) == name).then_some(bytes)
    }

    /// Keeps bytes, and answers the file that has them.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn keep(&self, bytes: &[u8]) -> Result<PathBuf, Failure> {
        let name = digest(bytes);
        let file = self.file(&name);
        if self.bytes(&name).is_none() {
            write_secret(&file, bytes).map_err(|error| Failure::Other(error.to_string()))?;
        }
        Ok(file)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.join("kept").join(name)
    }

    fn save(&mut self) -> Result<(), Failure> {
        self.list.version = VERSION;
        let text = serde_json::to_string_pretty(&self.list)
            .map_err(|error| Failure::Other(error.to_string()))?;
        write_secret(&self.directory.join("manifest.json"), format!("{text}\n").as_bytes())
            .map_err(|error| Failure::Other(error.to_string()))
    }
}

fn read(directory: &Path) -> Result<List, Failure> {
    let path = directory.join("manifest.json");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(List::default()),
        Err(error) => return Err(Failure::Other(format!("`{}`: {error}", path.display()))),
    };
    let list: Result<List, _> = serde_json::from_str(&text);
    match list {
        Ok(list) if list.version <= VERSION => Ok(list),
        Ok(list) => Err(Failure::Other(format!(
            "`{}` was written by a newer Palisade (version {})",
            path.display(),
            list.version
        ))),
        Err(error) => Err(Failure::Other(format!("`{}` is damaged: {error}", path.display()))),
    }
}

/// The name under which bytes are kept.
pub fn digest(bytes: &[u8]) -> String {
    let mut name = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // A string takes everything that is written to it.
        let _ = std::fmt::Write::write_fmt(&mut name, format_args!("{byte:02x}"));
    }
    name
}
