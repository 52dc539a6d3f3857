//! Which definitions of a server's tools were approved.
//!
//! A definition is what a model is shown of a tool: name, description, schemas
//! and annotations. A server that changes one after it was approved could
//! change what the model does with it (CVE-2025-54136), so a changed
//! definition is hidden and its tool is not called until a person approves it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use palisade_guards::call::Value;
use palisade_runtime::ports::Files;
use palisade_runtime::{Error, private_dir};
use sha2::{Digest, Sha256};

/// The parts of a tool that a model or client acts on.
const PARTS: [&str; 6] =
    ["name", "title", "description", "inputSchema", "outputSchema", "annotations"];

/// What is known of one server's tools.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pins {
    /// How the server is started, for people.
    pub command: String,
    /// The approved definitions, by the tool's name.
    pub approved: BTreeMap<String, Value>,
    /// Definitions that wait for a person.
    pub pending: BTreeMap<String, Value>,
}

/// How the definition that a server gives now stands to the approved one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// It is the approved one.
    Approved,
    /// It is another.
    Changed,
    /// None was approved.
    New,
}

/// The definition of a tool: the parts that count, canonical.
pub fn definition(tool: &Value) -> Value {
    let part = |name: &&str| tool.get(name).map(|value| ((*name).to_owned(), value.clone()));
    Value::Map(PARTS.iter().filter_map(part).collect())
}

/// A digest of a definition.
pub fn digest(definition: &Value) -> [u8; 32] {
    Sha256::digest(definition.to_canonical_json()).into()
}

impl Pins {
    /// How `tool`, as the server gives it now, stands.
    pub fn stand(&self, name: &str, tool: &Value) -> Stand {
        match self.approved.get(name) {
            None => Stand::New,
            Some(approved) if digest(approved) == digest(&definition(tool)) => Stand::Approved,
            Some(_) => Stand::Changed,
        }
    }

    /// Approves what waits, of all tools or of the named ones.
    pub fn approve(&mut self, names: &[String]) -> Vec<String> {
        let wanted = |name: &String| names.is_empty() || names.contains(name);
        let taken: Vec<String> = self.pending.keys().filter(|name| wanted(name)).cloned().collect();
        for name in &taken {
            if let Some(definition) = self.pending.remove(name) {
                self.approved.insert(name.clone(), definition);
            }
        }
        taken
    }

    /// What is known, for programs.
    pub fn summary(&self, server: &str) -> Value {
        let names = |tools: &BTreeMap<String, Value>| -> Value {
            tools.keys().map(|name| Value::from(name.as_str())).collect::<Vec<_>>().into()
        };
        Value::map([
            ("server", server.into()),
            ("command", self.command.as_str().into()),
            ("approved", names(&self.approved)),
            ("pending", names(&self.pending)),
        ])
    }

    fn to_value(&self) -> Value {
        let map = |tools: &BTreeMap<String, Value>| {
            Value::Map(tools.iter().map(|(name, tool)| (name.clone(), tool.clone())).collect())
        };
        Value::map([
            ("version", 1.into()),
            ("command", self.command.as_str().into()),
            ("approved", map(&self.approved)),
            ("pending", map(&self.pending)),
        ])
    }

    fn from_value(value: &Value) -> Option<Self> {
        let map = |name: &str| match value.get(name) {
            Some(Value::Map(tools)) => Some(tools.iter().cloned().collect()),
            _ => None,
        };
        (value.get("version")? == &Value::from(1)).then_some(())?;
        Some(Self {
            command: value.get("command")?.as_text()?.to_owned(),
            approved: map("approved")?,
            pending: map("pending")?,
        })
    }
}

/// A few letters that tell one command from another.
pub fn command_digest(command: &[String]) -> String {
    let digest = Sha256::digest(command.join("\0"));
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Where the pins of a profile lie: one file for each server.
pub struct Store<'a> {
    directory: PathBuf,
    files: &'a (dyn Files + Sync),
}

impl<'a> Store<'a> {
    /// The store of the profile in `profile`.
    pub fn new(profile: &Path, files: &'a (dyn Files + Sync)) -> Self {
        Self { directory: profile.join("mcp"), files }
    }

    /// The pins of `server`; `None` where it was never seen.
    ///
    /// # Errors
    /// Where they cannot be read: that is not the same as none.
    pub fn load(&self, server: &str) -> Result<Option<Pins>, Error> {
        let path = self.path(server);
        match fs::read_to_string(&path) {
            Ok(text) => {
                let pins = Value::from_json(&text).ok().as_ref().and_then(Pins::from_value);
                pins.map(Some).ok_or_else(|| {
                    Error::Home(format!(
                        "the pins of an MCP server in `{}` are damaged: remove the file to approve the server anew",
                        path.display()
                    ))
                })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::File { what: "read", path, source }),
        }
    }

    /// Keeps the pins of `server`.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn save(&self, server: &str, pins: &Pins) -> Result<(), Error> {
        private_dir(&self.directory)?;
        let path = self.path(server);
        let text = pins.to_value().to_json();
        self.files.replace(&path, text.as_bytes()).map_err(|source| Error::File {
            what: "write",
            path,
            source,
        })
    }

    /// The servers that have pins.
    ///
    /// # Errors
    /// Where the directory cannot be read.
    pub fn servers(&self) -> Result<Vec<String>, Error> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => {
                return Err(Error::File { what: "read", path: self.directory.clone(), source });
            }
        };
        let name =
            |path: PathBuf| Some(path.file_name()?.to_str()?.strip_suffix(".json")?.to_owned());
        let mut servers: Vec<String> =
            entries.flatten().filter_map(|entry| name(entry.path())).collect();
        servers.sort();
        Ok(servers)
    }

    /// Forgets `server`.
    ///
    /// # Errors
    /// Where its pins cannot be removed.
    pub fn forget(&self, server: &str) -> Result<(), Error> {
        let path = self.path(server);
        fs::remove_file(&path).map_err(|source| Error::File { what: "remove", path, source })
    }

    fn path(&self, server: &str) -> PathBuf {
        self.directory.join(format!("{server}.json"))
    }
}

/// What differs between two definitions, one line for each place.
pub fn difference(before: &Value, after: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    differ("", before, after, &mut lines);
    lines
}

fn differ(place: &str, before: &Value, after: &Value, lines: &mut Vec<String>) {
    if before == after {
        return;
    }
    let (Value::Map(old), Value::Map(new)) = (before, after) else {
        lines.push(format!("- {place}: {}", before.to_json()));
        lines.push(format!("+ {place}: {}", after.to_json()));
        return;
    };
    let inner =
        |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
    for (key, value) in old {
        match after.get(key) {
            Some(other) => differ(&inner(key), value, other, lines),
            None => lines.push(format!("- {}: {}", inner(key), value.to_json())),
        }
    }
    for (key, value) in new.iter().filter(|(key, _)| before.get(key).is_none()) {
        lines.push(format!("+ {}: {}", inner(key), value.to_json()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_model_reads_is_pinned() {
        let tool = |text: &str| Value::from_json(text).unwrap();
        let one = tool(
            r#"{"name":"a","description":"d","inputSchema":{"type":"object","x":1},"_meta":{"n":1}}"#,
        );
        let same = tool(
            r#"{"inputSchema":{"x":1,"type":"object"},"description":"d","name":"a","_meta":{"n":2}}"#,
        );
        let other =
            tool(r#"{"name":"a","description":"d!","inputSchema":{"type":"object","y":2}}"#);
        let mut pins = Pins::default();
        assert_eq!(pins.stand("a", &one), Stand::New);
        pins.pending.insert("a".into(), definition(&one));
        assert_eq!(pins.approve(&["b".into()]), Vec::<String>::new());
        assert_eq!(pins.approve(&[]), ["a"]);
        assert_eq!(pins.stand("a", &same), Stand::Approved);
        assert_eq!(pins.stand("a", &other), Stand::Changed);
        assert_eq!(Pins::from_value(&pins.to_value()), Some(pins));
        assert_eq!(
            difference(&definition(&one), &definition(&other)),
            [
                "- description: \"d\"",
                "+ description: \"d!\"",
                "- inputSchema.x: 1",
                "+ inputSchema.y: 2"
            ]
        );
    }
}
