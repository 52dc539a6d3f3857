//! Palisade's own directory: where everything lies, and that it is private.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};

use crate::Error;

/// Palisade's own directory, `$PALISADE_HOME` or `~/.palisade`.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
}

/// The name of a profile: small letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileName(String);

/// The name of a session: letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionId(String);

impl Home {
    /// Finds it by the environment.
    ///
    /// # Errors
    /// Where neither variable says, or one is not an absolute path.
    pub fn locate(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let given = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let root = match (given("PALISADE_HOME"), given("HOME")) {
            (Some(home), _) => home,
            (None, Some(home)) => home.join(".palisade"),
            (None, None) => {
                return Err(Error::Home("neither `PALISADE_HOME` nor `HOME` is set".into()));
            }
        };
        if !root.is_absolute() {
            let shown = root.display();
            return Err(Error::Home(format!("Palisade's home `{shown}` is not an absolute path")));
        }
        Ok(Self { root })
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where it really is, if it exists and symlinks lead elsewhere.
    pub fn real(&self) -> PathBuf {
        fs::canonicalize(&self.root).unwrap_or_else(|_| self.root.clone())
    }

    /// The settings for all profiles.
    pub fn machine_config(&self) -> PathBuf {
        self.root.join("config.yaml")
    }

    /// The directory of one profile.
    pub fn profile(&self, name: &ProfileName) -> PathBuf {
        self.profiles().join(&name.0)
    }

    /// The directory of all profiles.
    pub fn profiles(&self) -> PathBuf {
        self.root.join("profiles")
    }

    /// The directory of the journal.
    pub fn journal(&self) -> PathBuf {
        self.root.join("journal")
    }

    /// The journal's private key, beside the journal and not in it.
    pub fn journal_key(&self) -> PathBuf {
        self.root.join("keys").join("journal.key")
    }

    /// The directory of the approval queue.
    pub fn approvals(&self) -> PathBuf {
        self.root.join("approvals")
    }

    /// Makes the directory if need be.
    ///
    /// # Errors
    /// Where it cannot be made, or others could change what lies in it.
    pub fn prepare(&self) -> Result<(), Error> {
        private_dir(&self.root)?;
        self.check()
    }

    /// Refuses a home that somebody else owns or can write: whoever can write
    /// there decides what is allowed.
    ///
    /// # Errors
    /// With what is wrong and the command that mends it.
    pub fn check(&self) -> Result<(), Error> {
        match fs::metadata(&self.root) {
            Ok(found) => owned_by_us(&self.root, &found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(Error::File { what: "look at", path: self.root.clone(), source }),
        }
    }
}

/// Refuses a file of ours that has a second name: a sandbox that hides the home
/// does not hide what the other name shows, and whoever writes there writes
/// here.
///
/// # Errors
/// Which file, and what mends it.
#[cfg(unix)]
pub(crate) fn has_one_name(file: &Path, found: &fs::Metadata) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt;
    // What nobody may write, as in a store that shares equal files, is safe.
    let writable = found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o222 != 0;
    if !found.is_file() || found.nlink() < 2 || !writable {
        return Ok(());
    }
    let shown = file.display();
    Err(Error::Home(format!(
        "`{shown}` has another name somewhere (a hard link), through which it could be changed unseen: \
         look for it with `find / -samefile {shown}`, then run `cp -p {shown} {shown}.new` and \
         `mv {shown}.new {shown}`"
    )))
}

#[cfg(not(unix))]
pub(crate) fn has_one_name(_: &Path, _: &fs::Metadata) -> Result<(), Error> {
    Ok(())
}

#[cfg(unix)]
fn owned_by_us(root: &Path, found: &fs::Metadata) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt;
    let shown = root.display();
    if !found.is_dir() {
        return Err(Error::Home(format!("Palisade's home `{shown}` is not a directory")));
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(Error::Home(format!("Palisade's home `{shown}` belongs to another user")));
    }
    if found.mode() & 0o022 != 0 {
        return Err(Error::Home(format!(
            "others can write Palisade's home `{shown}`: run `chmod 700 {shown}` first"
        )));
    }
    Ok(())
}

#[cfg(not(unix))]
fn owned_by_us(_: &Path, _: &fs::Metadata) -> Result<(), Error> {
    Ok(())
}

/// Makes a directory and those above it, 0700 where they are new.
///
/// # Errors
/// What the system said.
pub fn private_dir(path: &Path) -> Result<(), Error> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| Error::File {
        what: "make",
        path: path.to_owned(),
        source,
    })
}

impl ProfileName {
    /// Reads a name.
    ///
    /// # Errors
    /// Where it is empty, too long or holds anything but `a-z 0-9 - _`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fits = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
        };
        if text.is_empty() || text.len() > 64 || !text.bytes().all(fits) {
            return Err(Error::Name(format!(
                "`{}` is no profile name: use up to 64 of `a-z 0-9 - _`",
                text.escape_debug()
            )));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SessionId {
    /// Reads a name.
    ///
    /// # Errors
    /// Where it is empty, too long or holds anything but `A-Z a-z 0-9 - _`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if text.is_empty() || text.len() > 128 || !text.bytes().all(fits) {
            return Err(Error::Name(format!(
                "`{}` is no session id: use up to 128 of `A-Z a-z 0-9 - _`",
                text.escape_debug()
            )));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
