//! Agents that can be confined as a whole, and what each of them needs.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::Config;
use crate::Fault;

/// What an agent needs to work inside a sandbox of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Agent {
    /// Names of programs by which it is recognised.
    pub programs: Vec<String>,
    /// Hosts that it may reach.
    pub allow_domains: Vec<String>,
    /// Private origins, each `host:port`, that it may reach.
    pub allow_private: Vec<String>,
    /// Files and directories that it sees read-only.
    pub read: Vec<String>,
    /// Files and directories that it may write.
    pub write: Vec<String>,
    /// Files that are copied into its own home where the original is newer.
    pub copy: Vec<String>,
    /// Variables it gets from the caller; `X_*` is all that begin so.
    pub env: Vec<String>,
    /// Variables it gets where the caller has none of that name.
    pub set: BTreeMap<String, String>,
    /// Words one of which must stand in its arguments, or `note` is said.
    pub unless: Vec<String>,
    /// What a person is told at the start.
    pub note: String,
}

const KNOWN: &str = include_str!("agents.yaml");

impl Agent {
    /// The agents that are known, each with what a profile adds to it.
    ///
    /// # Errors
    /// Never for a table that passes this file's tests.
    pub fn all(config: &Config) -> Result<BTreeMap<String, Self>, Fault> {
        let mut agents: BTreeMap<String, Self> = super::parse(Path::new("agents.yaml"), KNOWN)?;
        for (name, more) in &config.agents {
            agents.entry(name.clone()).or_default().add(more);
        }
        Ok(agents)
    }

    fn add(&mut self, more: &Self) {
        let lists = [
            (&mut self.programs, &more.programs),
            (&mut self.allow_domains, &more.allow_domains),
            (&mut self.allow_private, &more.allow_private),
            (&mut self.read, &more.read),
            (&mut self.write, &more.write),
            (&mut self.copy, &more.copy),
            (&mut self.env, &more.env),
            (&mut self.unless, &more.unless),
        ];
        for (list, more) in lists {
            list.extend(more.iter().cloned());
        }
        self.set.extend(more.set.clone());
        if !more.note.is_empty() {
            self.note.clone_from(&more.note);
        }
    }

    /// Whether a caller's variable is one that it gets.
    pub fn wants(&self, variable: &str) -> bool {
        self.env.iter().any(|wanted| match wanted.strip_suffix('*') {
            Some(head) => !head.is_empty() && variable.starts_with(head),
            None => variable == wanted,
        })
    }

    /// Whether a program of this name is it.
    pub fn is_called(&self, program: &str) -> bool {
        let name = program.rsplit('/').next().unwrap_or(program);
        self.programs.iter().any(|known| known == name)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_a_profile_adds_to_it() {
        let plain = Agent::all(&Config::default()).unwrap();
        for (name, agent) in &plain {
            assert!(!agent.programs.is_empty() && !agent.allow_domains.is_empty(), "{name}");
            assert!(agent.write.is_empty(), "{name}: nothing of the host's is written by default");
            let paths = agent.read.iter().chain(&agent.copy);
            assert!(paths.into_iter().all(|path| path.starts_with("~/.")), "{name}");
        }
        let text =
            "agents: {claude: {allow_domains: [a.example], env: [MINE]}, mine: {programs: [m]}}";
        let config: Config = super::super::parse(Path::new("x"), text).unwrap();
        let more = Agent::all(&config).unwrap();
        assert_eq!(more.len(), plain.len() + 1);
        let claude = more.get("claude").unwrap();
        assert!(claude.allow_domains.contains(&"a.example".to_owned()));
        assert!(claude.allow_domains.contains(&"api.anthropic.com".to_owned()));
        assert!(claude.wants("MINE") && claude.wants("ANTHROPIC_API_KEY"));
        assert!(!claude.wants("AWS_SECRET_ACCESS_KEY") && !claude.wants("ANTHROPIC"));
        assert!(claude.is_called("/usr/local/bin/claude") && !claude.is_called("claude-x"));
    }
}
