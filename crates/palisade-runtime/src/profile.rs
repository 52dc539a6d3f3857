//! A profile as it is used: its files read, its name known.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use palisade_core::{Grant, Posture, Surface};
use palisade_guards::call::Policy;
use palisade_guards::content::outgoing::{Leak, Outgoing};
use palisade_guards::content::{Redactor, Secret};
use palisade_guards::taint::Known;
use sha2::{Digest, Sha256};

use crate::config::{self, Config, Loaded, Machine};
use crate::home::has_one_name;
use crate::ports::Files;
use crate::{Error, Home, ProfileName, credentials, environment, private_dir};

/// A profile whose configuration was read and understood.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name.
    pub name: ProfileName,
    /// Its directory.
    pub directory: PathBuf,
    /// What its `config.yaml` says.
    pub config: Config,
    /// The text of its `config.yaml`; empty where there is none.
    pub text: String,
    /// A digest of that text, for records.
    pub digest: [u8; 32],
    /// A digest of what it means for a judgement: what an answer is bound to.
    pub policy: [u8; 32],
    /// What it says of calls of tools, understood.
    pub calls: Policy,
    /// Whether there is nothing left to be made.
    prepared: bool,
}

impl Profile {
    /// Reads the profile `named`, or the machine's, or `default`. Writes
    /// nothing.
    ///
    /// # Errors
    /// Where the home is not private, or a file does not parse.
    pub fn open(home: &Home, named: Option<&str>) -> Result<Self, Error> {
        home.check()?;
        let machine: Loaded<Machine> = config::load(&home.machine_config())?;
        let name = named.or(machine.value.profile.as_deref()).unwrap_or("default");
        let name = ProfileName::parse(name)?;
        let directory = home.profile(&name);
        if name.as_str() != "default" && !directory.is_dir() {
            return Err(Error::Name(format!(
                "there is no profile `{0}`: `palisade profile new {0}` makes one",
                name.as_str()
            )));
        }
        // Read much later, and by others: whoever has another way to them has it now.
        for kept in [directory.join(".env"), home.journal_key()] {
            if let Ok(found) = fs::metadata(&kept) {
                has_one_name(&kept, &found)?;
            }
        }
        let file = directory.join("config.yaml");
        let Loaded { value, text }: Loaded<Config> = config::load(&file)?;
        let prepared = !machine.text.is_empty() && !text.is_empty();
        let digest = digest(&text);
        let calls = config::calls(&file, &text, &value.tools)?;
        let policy = policy(&value, &calls);
        Ok(Self { name, directory, config: value, text, digest, policy, calls, prepared })
    }

    /// Makes the home, the profile's directory and the two files that say
    /// what can be set, where they are missing.
    ///
    /// # Errors
    /// What could not be made.
    pub fn prepare(&self, home: &Home, files: &dyn Files) -> Result<(), Error> {
        if self.prepared {
            return Ok(());
        }
        home.prepare()?;
        private_dir(&self.directory)?;
        first(files, &home.machine_config(), config::FIRST_MACHINE)?;
        first(files, &self.config_file(), config::FIRST_PROFILE)
    }

    /// Its `config.yaml`.
    pub fn config_file(&self) -> PathBuf {
        self.directory.join("config.yaml")
    }

    /// The profile `name`, all default, to be made by [`Profile::prepare`].
    pub fn new(home: &Home, name: ProfileName) -> Self {
        let directory = home.profile(&name);
        let digest = digest("");
        let (config, calls) = (Config::default(), Policy::default());
        let (policy, text) = (policy(&config, &calls), String::new());
        Self { name, directory, config, text, digest, policy, calls, prepared: false }
    }

    /// Its policy's digest in hexadecimal.
    pub fn policy_name(&self) -> String {
        self.policy.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The names of all profiles.
    ///
    /// # Errors
    /// Where the directory of profiles cannot be read.
    pub fn names(home: &Home) -> Result<Vec<ProfileName>, Error> {
        let path = home.profiles();
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(Error::File { what: "read", path, source }),
        };
        let mut names: Vec<String> =
            entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        Ok(names.iter().filter_map(|name| ProfileName::parse(name).ok()).collect())
    }

    /// What was approved for good, as grants.
    pub fn grants(&self) -> Vec<Grant> {
        let allowlist = &self.config.tools.terminal.approval.allowlist;
        allowlist.iter().map(config::Entry::grant).collect()
    }

    /// The posture for a command.
    pub fn posture(&self, surface: Surface) -> Posture {
        let terminal = &self.config.tools.terminal;
        Posture {
            surface,
            confined: terminal.sandbox,
            network: terminal.allow_network
                || !terminal.allow_domains.is_empty()
                || !terminal.allow_private.is_empty(),
            unrecognised: terminal.approval.unrecognised.into(),
        }
    }

    /// Whether it knows secrets: a `.env`, or credentials.
    pub fn has_secrets(&self) -> bool {
        !self.config.tools.terminal.credentials.is_empty()
            || self.dotenv_file().symlink_metadata().is_ok()
    }

    /// Its `.env`.
    pub fn dotenv_file(&self) -> PathBuf {
        self.directory.join(".env")
    }

    /// The secrets of its `.env`, read only where the configuration names a
    /// variable at all.
    ///
    /// # Errors
    /// Where the file is there and cannot be read.
    pub fn secrets(&self) -> Result<Vec<(String, String)>, Error> {
        if self.config.tools.terminal.env.is_empty() {
            return Ok(Vec::new());
        }
        self.dotenv()
    }

    /// The variables that commands get out of its `.env`. Where that cannot be
    /// read, all that they may get.
    pub fn given(&self) -> Vec<String> {
        let named = &self.config.tools.terminal.env;
        match self.secrets() {
            Ok(known) => {
                let names = known.into_iter().map(|(name, _)| name);
                names.filter(|name| named.contains(name)).collect()
            }
            Err(_) => named.clone(),
        }
    }

    /// What takes every value of its `.env` and its credentials, and whatever looks like a secret,
    /// out of a text.
    ///
    /// # Errors
    /// Where the file is there and cannot be read.
    pub fn redactor(&self) -> Result<Redactor, Error> {
        Ok(Redactor::new(&self.known()?))
    }

    /// What finds the values of its `.env` and its credentials in what is about to leave.
    ///
    /// # Errors
    /// Where the file is there and cannot be read.
    pub fn outgoing(&self) -> Result<Outgoing, Error> {
        Ok(Outgoing::new(&self.known()?))
    }

    fn known(&self) -> Result<Vec<Secret>, Error> {
        let secret = |(name, value)| Secret { name, value };
        let mut known: Vec<Secret> = self.dotenv()?.into_iter().map(secret).collect();
        let dotenv = self.dotenv_file();
        let places =
            credentials::Places { dotenv: Some(&dotenv), caller: |name: &str| env::var_os(name) };
        for credential in &self.config.tools.terminal.credentials {
            // One that cannot be read is given to nobody either.
            if let Ok(value) = places.value(&credential.source())
                && !value.is_empty()
                && known.iter().all(|secret| secret.value != value)
            {
                known.push(Secret { name: credential.env.clone(), value });
            }
        }
        Ok(known)
    }

    /// The lines of its `.env` that are no assignment, from 1: of a file that
    /// cannot be read there is none.
    pub fn unread_secrets(&self) -> Vec<usize> {
        fs::read_to_string(self.dotenv_file())
            .map_or_else(|_| Vec::new(), |text| environment::unread(&text))
    }

    /// The secrets of its `.env`.
    ///
    /// # Errors
    /// Where the file is there and cannot be read.
    pub fn dotenv(&self) -> Result<Vec<(String, String)>, Error> {
        let path = self.dotenv_file();
        match fs::read_to_string(&path) {
            Ok(text) => Ok(environment::dotenv(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(Error::File { what: "read", path, source }),
        }
    }
}

/// Read where it is first needed: most commands connect to nothing.
impl Known for Profile {
    fn leak(&self, bytes: &[u8]) -> Option<Leak> {
        // Where the file cannot be read, nothing is carried out either: the
        // records are redacted by the same values.
        self.outgoing().ok()?.find(bytes)
    }
}

fn first(files: &dyn Files, path: &Path, text: &str) -> Result<(), Error> {
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    files.replace(path, text.as_bytes()).map_err(|source| Error::File {
        what: "write",
        path: path.to_owned(),
        source,
    })
}

/// What of a configuration decides how an action is judged, done and confined.
/// Comments and the order of keys do not, nor when and where is asked, nor what
/// was approved beside: an answer to one question leaves those to others alone.
fn policy(config: &Config, calls: &Policy) -> [u8; 32] {
    let mut bare = config.clone();
    // The rules stand in `calls`, without the lines that they were read from.
    (bare.tools.lists, bare.tools.rules) = Default::default();
    bare.tools.terminal.approval = config::Approval {
        unrecognised: config.tools.terminal.approval.unrecognised,
        ..Default::default()
    };
    (bare.budget, bare.journal) = Default::default();
    // One and the same program reads and writes this, so the form is one.
    Sha256::digest(format!("{bare:?}\n{calls:?}")).into()
}

/// One that is not there yet is what will be written in its place: it stays the
/// same profile, and a question put before is the same question after it.
fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(if text.is_empty() { config::FIRST_PROFILE } else { text }).into()
}
