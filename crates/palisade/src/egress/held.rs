//! Credentials of a run: what is configured, which of it a run can use, and
//! the values, which only the proxy's own process reads.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use palisade_net::proxy::credential::usable;
use palisade_net::proxy::{Allowlist, Credential, Credentials, Terms};
use palisade_runtime::config::{Credential as Configured, Source, is_variable};
use palisade_runtime::{Profile, credentials};
use serde::{Deserialize, Serialize};

/// Credentials without their values: what the proxy's process is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    each: Vec<Configured>,
    /// The profile's `.env`.
    dotenv: Option<PathBuf>,
    /// What else the command has in its environment, where a value must not be.
    beside: Vec<(String, String)>,
}

/// What the sandbox gets in the place of the values.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Phantoms {
    /// Variables and what they hold.
    pub variables: Vec<(String, String)>,
    /// The authorities to trust, in PEM; empty where there are no credentials.
    pub certificates: String,
}

impl Held {
    /// Those of a profile.
    pub fn of(profile: &Profile) -> Self {
        Self {
            each: profile.config.tools.terminal.credentials.clone(),
            dotenv: Some(profile.dotenv_file()),
            beside: Vec::new(),
        }
    }

    /// One of the caller's variables, as `NAME@HOST[,HOST..]`.
    ///
    /// # Errors
    /// Where it is not written so.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let wrong = || {
            format!(
                "`{}`: write it as `NAME@HOST`, like `GITHUB_TOKEN@api.github.com`",
                text.escape_debug()
            )
        };
        let (name, hosts) = text.split_once('@').ok_or_else(wrong)?;
        if !is_variable(name) || hosts.is_empty() {
            return Err(wrong());
        }
        self.each.retain(|one| one.env != name);
        self.each.push(Configured {
            env: name.into(),
            from: None,
            hosts: hosts.split(',').map(str::to_owned).collect(),
            headers: Vec::new(),
            only: Vec::new(),
        });
        self.understood().map(drop)
    }

    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.each.is_empty()
    }

    /// The variables that hold no value inside, whatever happens.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.each.iter().map(|one| one.env.as_str())
    }

    /// Where each may be put in.
    ///
    /// # Errors
    /// The first that cannot be meant, in words.
    pub fn understood(&self) -> Result<Vec<Terms>, String> {
        let mut names = BTreeSet::new();
        if let Some(twice) = self.each.iter().find(|one| !names.insert(&one.env)) {
            return Err(format!(
                "`{}` stands there twice: name all of its hosts in one entry",
                twice.env
            ));
        }
        if let Some(taken) = self.each.iter().find(|one| palisade_sandbox::is_taken(&one.env)) {
            return Err(format!(
                "`{}` is a variable that commands or the sandbox go by, so it cannot hold a credential",
                taken.env
            ));
        }
        let terms = |one: &Configured| {
            Terms::parse(&one.hosts, &one.headers, &one.only)
                .map_err(|why| format!("`{}`: {why}", one.env))
        };
        self.each.iter().map(terms).collect()
    }

    /// Those that have a host which may be reached, for a command that has
    /// these variables beside.
    ///
    /// # Errors
    /// Where one cannot be meant.
    pub fn within(
        &self,
        allowed: &Allowlist,
        beside: &[(OsString, OsString)],
    ) -> Result<Self, String> {
        let all = self.each.iter().zip(self.understood()?);
        let reached =
            all.filter(|(_, terms)| terms.hosts().iter().any(|host| allowed.covers(host)));
        let each: Vec<Configured> = reached.map(|(one, _)| one.clone()).collect();
        let text = |text: &OsStr| text.to_string_lossy().into_owned();
        let beside = beside.iter().filter(|_| !each.is_empty());
        let beside = beside.map(|(name, value)| (text(name), text(value))).collect();
        Ok(Self { each, dotenv: self.dotenv.clone(), beside })
    }

    /// The file of one that lies where the command could read it itself.
    pub fn exposed(&self, open: &[PathBuf], hidden: &[PathBuf]) -> Option<String> {
        self.each.iter().find_map(|one| lies_open(one, open, hidden))
    }

    /// Why this value would be inside all the same, in another variable.
    fn is_beside(&self, name: &str, value: &str) -> Result<(), String> {
        match self.beside.iter().find(|(_, held)| held.contains(value)) {
            None => Ok(()),
            Some((other, _)) => Err(format!(
                "the value of the credential `{name}` would be inside all the same, in the variable `{other}`"
            )),
        }
    }

    fn places(&self) -> credentials::Places<'_, impl Fn(&str) -> Option<OsString>> {
        credentials::Places {
            dotenv: self.dotenv.as_deref(),
            caller: |name: &str| env::var_os(name),
        }
    }

    /// Reads the values, for the proxy that puts them in.
    ///
    /// # Errors
    /// The first that cannot be used, in words without any value.
    pub fn read(&self) -> Result<Credentials, String> {
        let places = self.places();
        let mut each = Vec::new();
        for (one, terms) in self.each.iter().zip(self.understood()?) {
            let value = places.value(&one.source());
            let value = value.map_err(|why| format!("the credential `{}`: {why}", one.env))?;
            let credential = Credential::new(&one.env, terms, value.clone())?;
            self.is_beside(&one.env, &value)?;
            each.push(credential);
        }
        Credentials::new(each)
    }

    /// The first host of each that none of these lists has, where there is one.
    ///
    /// # Errors
    /// Where a credential cannot be meant.
    pub fn unlisted(&self, lists: &[Allowlist]) -> Result<Vec<String>, String> {
        let first = |terms: Terms| {
            let mut hosts = terms.hosts().iter();
            hosts.find(|host| !lists.iter().any(|list| list.covers(host))).map(ToString::to_string)
        };
        Ok(self.understood()?.into_iter().filter_map(first).collect())
    }

    /// What `doctor` says of each: whether its value can be read, and by the
    /// command as well, which has these variables beside and this directory;
    /// and which of its hosts none of these lists has.
    ///
    /// # Errors
    /// Where one cannot be meant.
    pub fn looked_at(
        &self,
        lists: &[Allowlist],
        beside: &[(OsString, OsString)],
        workspace: &Path,
    ) -> Result<Vec<Result<String, String>>, String> {
        let beside = beside.iter().filter(|(name, _)| self.variables().all(|held| name != held));
        let text = |text: &OsStr| text.to_string_lossy().into_owned();
        let beside = beside.map(|(name, value)| (text(name), text(value))).collect();
        let within = Self { beside, ..self.clone() };
        let places = self.places();
        let look = |(one, terms): (&Configured, Terms)| {
            let source = one.source();
            let read = places.value(&source).and_then(|value| {
                usable(&value)
                    .map_err(|why| format!("the value at `{source}` cannot be used: {why}"))?;
                Ok(value)
            });
            let value = read.map_err(|why| format!("`{}`: {why}", one.env))?;
            within.is_beside(&one.env, &value)?;
            if let Some(why) = lies_open(one, &[workspace.to_path_buf()], &[]) {
                return Err(why);
            }
            let unlisted =
                terms.hosts().iter().find(|host| !lists.iter().any(|list| list.covers(host)));
            match unlisted {
                None => Ok(format!("`{}` can be read, for {}", one.env, one.hosts.join(", "))),
                Some(host) => Err(format!(
                    "`{}`: no list lets a command reach {host}; add it to `tools.terminal.allow_domains`",
                    one.env
                )),
            }
        };
        Ok(self.each.iter().zip(self.understood()?).map(look).collect())
    }
}

/// That the file of this one lies where the command can read it itself.
fn lies_open(one: &Configured, open: &[PathBuf], hidden: &[PathBuf]) -> Option<String> {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let is_in = |file: &Path, all: &[PathBuf]| all.iter().any(|path| file.starts_with(real(path)));
    let Source::File(path) = one.source() else { return None };
    let file = real(&credentials::file(&path, |name| env::var_os(name)));
    (is_in(&file, open) && !is_in(&file, hidden)).then(|| {
        format!(
            "the file of the credential `{}`, `{}`, lies where the command can read it",
            one.env,
            file.display()
        )
    })
}
