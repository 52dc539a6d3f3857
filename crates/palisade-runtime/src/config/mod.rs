//! What a profile's `config.yaml` says. Every key is listed here and nowhere
//! else; what does not parse stops the action.

mod agents;
mod allowlist;
mod calls;
mod credentials;
pub mod edit;
mod fault;
mod fetch;
mod read;
mod start;
mod tree;

use std::collections::BTreeMap;

use palisade_core::Unrecognised;
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

pub use agents::Agent;
pub use allowlist::{Entry, RuleEntry, line, quoted};
pub use calls::{LimitKeys, MOST_IN_TIME, Plain, Rule, StanceKey, UnknownTool, calls};
pub use credentials::{Credential, Source};
pub use fault::place;
pub use fetch::{Fetch, FetchLimits};
pub use read::{Loaded, load, parse};
pub use start::{FIRST_MACHINE, FIRST_PROFILE};

/// A profile's posture.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The directory tree that the agent works in; the current directory
    /// where it does not say.
    #[serde(deserialize_with = "absolute")]
    pub workspace: Option<String>,
    /// What tools may do.
    pub tools: Tools,
    /// MCP servers to put behind the gateway.
    pub mcp: Mcp,
    /// Agents that are confined as a whole: what each needs beside the
    /// built-in table.
    pub agents: BTreeMap<String, Agent>,
    /// What may be spent; reserved.
    pub budget: Budget,
    /// How the journal is written.
    pub journal: Journal,
}

/// `tools`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tools {
    /// Commands.
    pub terminal: Terminal,
    /// Pages.
    pub fetch: Fetch,
    /// Tools that nobody may call, by name.
    pub deny: Vec<String>,
    /// What happens to tools of which nothing is known.
    pub unknown: UnknownTool,
    /// Lists that the conditions of `rules` may name.
    pub lists: BTreeMap<String, Vec<Spanned<Plain>>>,
    /// Rules over the arguments of calls.
    pub rules: Vec<Rule>,
    /// What text from outside makes of a session.
    pub taint: Tainted,
}

/// `tools.taint`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tainted {
    /// When text from outside makes a question of what leaves or stays.
    pub policy: TaintPolicy,
    /// Hosts that may always be connected to: `a.example`, `*.a.example`.
    pub named: Vec<String>,
    /// Hosts whose pages may be got by a plain address.
    pub pages: Vec<String>,
}

impl Default for Tainted {
    fn default() -> Self {
        let pages = palisade_guards::taint::PAGES.iter().map(|host| (*host).to_owned()).collect();
        Self { policy: TaintPolicy::default(), named: Vec::new(), pages }
    }
}

/// `tools.taint.policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaintPolicy {
    /// Where nobody can be asked; where somebody can, only together with
    /// private data.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Off,
}

/// `tools.terminal`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Terminal {
    /// Whether commands run in the OS sandbox.
    #[serde(deserialize_with = "truth")]
    pub sandbox: bool,
    /// Whether that sandbox reaches the network.
    #[serde(deserialize_with = "truth")]
    pub allow_network: bool,
    /// Which domains it reaches, if not all.
    pub allow_domains: Vec<String>,
    /// Which private origins, each `host:port`, it reaches beside them.
    pub allow_private: Vec<String>,
    /// Variables that a command gets beside the fixed few: from the
    /// profile's `.env` or else from the caller's environment.
    pub env: Vec<String>,
    /// What confined commands use without having it.
    pub credentials: Vec<Credential>,
    /// Whether a client's shell commands become ones of `palisade run`.
    pub rewrite: Rewrite,
    /// Questions and answers.
    pub approval: Approval,
    /// What one command may use.
    pub limits: Limits,
}

/// `tools.terminal.rewrite`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rewrite {
    /// Where the sandbox is on.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never; then a command that needs the sandbox is a question.
    Off,
}

/// `tools.terminal.approval`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Approval {
    /// What was approved for longer than a session.
    pub allowlist: Vec<Entry>,
    /// How long a question waits before it counts as a no.
    #[serde(deserialize_with = "wait")]
    pub timeout_s: u32,
    /// What it means that a command was not understood.
    pub unrecognised: UnrecognisedKey,
    /// When a question without a terminal goes to the queue.
    pub queue: QueueKey,
    /// Whether a desktop message tells of a question there.
    #[serde(deserialize_with = "truth")]
    pub notify: bool,
    /// How long a question that nobody waits for any more can be answered,
    /// and how long such an answer holds.
    #[serde(deserialize_with = "parked")]
    pub parked_s: u32,
}

impl Default for Approval {
    fn default() -> Self {
        Self {
            allowlist: Vec::new(),
            timeout_s: 60,
            unrecognised: UnrecognisedKey::default(),
            queue: QueueKey::default(),
            notify: false,
            parked_s: 600,
        }
    }
}

/// `tools.terminal.approval.unrecognised`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnrecognisedKey {
    /// A question, unless a sandbox is enforced.
    #[default]
    AllowWhenConfined,
    /// A question always.
    Ask,
    /// No question.
    Allow,
}

impl From<UnrecognisedKey> for Unrecognised {
    fn from(key: UnrecognisedKey) -> Self {
        match key {
            UnrecognisedKey::AllowWhenConfined => Self::AllowWhenConfined,
            UnrecognisedKey::Ask => Self::Ask,
            UnrecognisedKey::Allow => Self::Allow,
        }
    }
}

/// `tools.terminal.approval.queue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QueueKey {
    /// Where somebody would see it; else it is denied at once.
    #[default]
    Auto,
    /// Always; it waits whether or not somebody looks.
    Always,
    /// Never.
    Never,
}

/// `tools.terminal.limits`; what is not set is not limited.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Memory in MiB.
    pub memory_mb: Option<u64>,
    /// Processors, also parts of one.
    #[serde(deserialize_with = "positive")]
    pub cpus: Option<f64>,
    /// Processes at a time.
    pub pids: Option<u64>,
    /// Seconds of time.
    pub wall_s: Option<u64>,
    /// Output in KiB.
    pub output_kb: Option<u64>,
}

/// `mcp`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mcp {
    /// The servers by name.
    pub servers: BTreeMap<String, Server>,
    /// What happens to tools that a server offers for the first time.
    pub first_use: FirstUse,
    /// Whether a server may have the client's model write for it.
    pub sampling: Sampling,
    /// The longest message in KiB.
    #[serde(deserialize_with = "message")]
    pub message_kb: Option<u64>,
}

/// `mcp.first_use`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FirstUse {
    /// All that a server offers when it is first started is approved.
    #[default]
    Approve,
    /// Nothing is; `palisade mcp pins approve` approves it.
    Hide,
}

/// `mcp.sampling`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sampling {
    /// Such requests are refused.
    #[default]
    Deny,
    /// The client gets them, and asks or not as it likes.
    Allow,
}

/// `mcp.servers.<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// The program.
    pub command: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// Its variables; `env:NAME` takes a value from the profile's `.env` or
    /// the caller's environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Whether the server itself runs in the OS sandbox.
    #[serde(default, deserialize_with = "truth")]
    pub sandbox: bool,
    /// The only tools of it that are offered, by glob; all where it is empty.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Tools of it that are not offered, by glob.
    #[serde(default)]
    pub deny: Vec<String>,
    /// Whether text of its results goes into an envelope.
    #[serde(default = "yes", deserialize_with = "truth")]
    pub envelope: bool,
}

/// `budget`: for what comes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// US dollars a day over all models. Nothing here meters models yet, and
    /// `palisade doctor` says so where it is set.
    #[serde(deserialize_with = "positive")]
    pub daily_usd: Option<f64>,
}

/// `journal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Journal {
    /// Which records must survive power loss before the effect.
    pub sync: Sync,
}

/// `journal.sync`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sync {
    /// Those of actions that are not safe, and every approval.
    #[default]
    Caution,
    /// All of them.
    Always,
}

/// Settings of this machine for all profiles: `$PALISADE_HOME/config.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Machine {
    /// The profile used where none is named.
    pub profile: Option<String>,
}

/// Without quotes: a text is no truth, whatever it says.
fn truth<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    struct Reader;
    impl serde::de::Visitor<'_> for Reader {
        type Value = bool;

        fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            out.write_str("`true` or `false`")
        }

        fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
            Ok(value)
        }

        fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<bool, E> {
            Err(E::custom("expected `true` or `false`, without quotes"))
        }
    }
    from.deserialize_any(Reader)
}

fn absolute<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Option::<String>::deserialize(from)? {
        Some(path) if !path.starts_with('/') => {
            Err(serde::de::Error::custom("expected an absolute path"))
        }
        path => Ok(path),
    }
}

fn wait<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    match u32::deserialize(from)? {
        seconds @ 1..=86_400 => Ok(seconds),
        _ => Err(serde::de::Error::custom("expected a number of seconds from 1 to 86400")),
    }
}

const fn yes() -> bool {
    true
}

fn message<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    match Option::<u64>::deserialize(from)? {
        Some(kib) if !(64..=1_048_576).contains(&kib) => {
            Err(serde::de::Error::custom("expected a number of KiB from 64 to 1048576"))
        }
        kib => Ok(kib),
    }
}

fn parked<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    match u32::deserialize(from)? {
        seconds @ 0..=86_400 => Ok(seconds),
        _ => Err(serde::de::Error::custom("expected a number of seconds from 0 to 86400")),
    }
}

fn positive<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    match Option::<f64>::deserialize(from)? {
        Some(number) if !number.is_finite() || number <= 0.0 => {
            Err(serde::de::Error::custom("expected a number above 0"))
        }
        number => Ok(number),
    }
}
