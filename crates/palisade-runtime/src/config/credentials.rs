//! `tools.terminal.credentials`: what confined commands use without having it.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// `tools.terminal.credentials[]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// The variable that holds the phantom inside, and names the credential.
    #[serde(deserialize_with = "variable")]
    pub env: String,
    /// Where the value is; without it, in the variable of the same name.
    #[serde(default)]
    pub from: Option<Source>,
    /// The hosts that get it.
    pub hosts: Vec<String>,
    /// The headers that may carry it; those that usually do where it is empty.
    #[serde(default)]
    pub headers: Vec<String>,
    /// What may be asked for with it, as `GET /repos/**`; anything where it is
    /// empty.
    #[serde(default)]
    pub only: Vec<String>,
}

/// Where a value is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A variable of the profile's `.env`, or else of the caller.
    Env(String),
    /// A file that belongs to its owner alone; `~/` is the home directory.
    File(String),
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(out, "env:{name}"),
            Self::File(path) => write!(out, "file:{path}"),
        }
    }
}

impl Credential {
    /// Where its value is.
    pub fn source(&self) -> Source {
        self.from.clone().unwrap_or_else(|| Source::Env(self.env.clone()))
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let source = match text.split_once(':') {
            Some(("env", name)) if is_variable(name) => Some(Self::Env(name.into())),
            Some(("file", path)) if path.starts_with('/') || path.starts_with("~/") => {
                Some(Self::File(path.into()))
            }
            _ => None,
        };
        source.ok_or_else(|| {
            de::Error::custom(
                "expected `env:NAME`, or `file:` and a path that begins with `/` or `~/`",
            )
        })
    }
}

fn variable<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let name = String::deserialize(from)?;
    match is_variable(&name) {
        true => Ok(name),
        false => Err(de::Error::custom("expected a variable's name: letters, digits and `_`")),
    }
}

fn is_variable(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.bytes().all(plain)
}
