//! Commands in the sandbox: options, the policy they make, and the port that
//! the pipeline sees.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use palisade_core::ports::Outcome;
use palisade_core::{Action, Command, Confinement, Permit, Posture};
use palisade_runtime::config::Terminal;
use palisade_runtime::ports::{Launch, Process};
use palisade_sandbox::{
    Limit, Limits, Network, Policy, Report, Sandbox, SandboxError, Status, Tty, is_inside,
};

use crate::agent::Whole;
use crate::egress::{self, Egress, Held, Out, Recorded, Settings};
use crate::jobs::{self, Direct};
use crate::show::{self, Failure};

/// Exit code: the sandbox could not be made, so nothing ran.
pub const NOT_MADE: u8 = 125;

/// Options that widen or narrow a sandbox.
#[derive(Debug, Clone, Default, Args)]
pub struct Widen {
    /// Share the host's network, all of it.
    #[arg(long, conflicts_with_all = ["allow_domain", "allow_private"])]
    pub net: bool,
    /// A host that may be reached through the proxy, and nothing else:
    /// a.example (ports 80 and 443), a.example:8443, *.a.example, or * for
    /// every public host.
    #[arg(long, value_name = "DOMAIN")]
    pub allow_domain: Vec<String>,
    /// A private origin that may be reached too, as localhost:3000.
    #[arg(long, value_name = "HOST:PORT")]
    pub allow_private: Vec<String>,
    /// A file or directory that may also be written.
    #[arg(long, value_name = "PATH")]
    pub write: Vec<PathBuf>,
    /// A file or directory that may also be read.
    #[arg(long, value_name = "PATH")]
    pub read: Vec<PathBuf>,
    /// A bound: memory=1g, pids=256, cpus=1.5, wall=10m, output=1m, tmp=512m.
    #[arg(long, value_name = "WHAT=VALUE", value_parser = limit)]
    pub limit: Vec<(Bound, u64)>,
}

/// What a bound is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    Memory,
    Pids,
    Cpus,
    Wall,
    Output,
    Scratch,
}

impl Widen {
    /// Whether anything was asked for that an outer sandbox might not allow.
    pub fn asks(&self) -> bool {
        self.net
            || !self.allow_domain.is_empty()
            || !self.allow_private.is_empty()
            || !self.write.is_empty()
            || !self.read.is_empty()
            || !self.limit.is_empty()
    }

    /// Puts them into a policy, and what may be reached into `out`.
    pub fn apply(&self, policy: &mut Policy, out: &mut Out) {
        out.domains.extend(self.allow_domain.iter().cloned());
        out.private.extend(self.allow_private.iter().cloned());
        if self.net {
            *out = Out::default();
            policy.network = Network::Host;
        } else if !out.is_none() {
            policy.network = Network::Proxy;
            policy.forwards = out.forwards();
        }
        policy.write.extend(self.write.iter().cloned());
        policy.read.extend(self.read.iter().cloned());
        let limits = &mut policy.limits;
        for (bound, value) in &self.limit {
            // What a person asks for must be enforced.
            let limit = Some(Limit::required(*value));
            match bound {
                Bound::Memory => limits.memory = limit,
                Bound::Pids => limits.pids = limit,
                Bound::Cpus => limits.cpus = limit,
                Bound::Wall => limits.wall = Some(*value),
                Bound::Output => limits.output = Some(*value),
                Bound::Scratch => limits.scratch = *value,
            }
        }
    }
}

/// `memory=1g` and its like.
fn limit(text: &str) -> Result<(Bound, u64), String> {
    let (name, value) =
        text.split_once('=').ok_or("write it as WHAT=VALUE, for example memory=1g")?;
    let number = |value: &str| {
        value
            .parse::<f64>()
            .ok()
            .filter(|number| *number > 0.0)
            .ok_or(format!("`{value}` is no positive number"))
    };
    let scaled = |units: &[(&str, f64)]| -> Result<u64, String> {
        let found = units.iter().find_map(|(unit, scale)| Some((value.strip_suffix(unit)?, scale)));
        let (digits, scale) = found.unwrap_or((value, &1.0));
        Ok((number(digits)? * scale) as u64)
    };
    const BYTES: &[(&str, f64)] = &[
        ("k", 1024.0),
        ("K", 1024.0),
        ("m", 1_048_576.0),
        ("M", 1_048_576.0),
        ("g", 1_073_741_824.0),
        ("G", 1_073_741_824.0),
    ];
    Ok(match name {
        "memory" => (Bound::Memory, scaled(BYTES)?),
        "output" => (Bound::Output, scaled(BYTES)?),
        "tmp" => (Bound::Scratch, scaled(BYTES)?),
        "pids" => (Bound::Pids, number(value)? as u64),
        "cpus" => (Bound::Cpus, (number(value)? * 1000.0) as u64),
        "wall" => {
            let millis =
                scaled(&[("ms", 1.0), ("s", 1000.0), ("m", 60_000.0), ("h", 3_600_000.0)])?;
            let bare = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            (Bound::Wall, if bare { millis.saturating_mul(1000) } else { millis })
        }
        _ => return Err(format!("`{name}` is none of memory, pids, cpus, wall, output, tmp")),
    })
}

/// Options of `run` about the sandbox.
#[derive(Debug, Clone, Default, Args)]
pub struct Flags {
    /// Run it in the sandbox, whatever the profile says.
    #[arg(long)]
    sandbox: bool,
    /// Run it without, whatever the profile says.
    #[arg(long, conflicts_with = "sandbox")]
    no_sandbox: bool,
    /// Confine a whole agent: a home of its own, its models through the proxy,
    /// and nothing of Palisade's in reach.
    #[arg(long, value_name = "NAME", conflicts_with = "no_sandbox")]
    pub agent: Option<String>,
    #[command(flatten)]
    widen: Widen,
}

impl Flags {
    /// What they make of the profile's posture.
    pub fn posture(&self, posture: &mut Posture) -> Result<(), Failure> {
        if is_inside() {
            if self.no_sandbox || self.agent.is_some() || self.widen.asks() {
                return Err(Failure::Usage(
                    "this is the inside of a sandbox: nothing can be loosened here; ask for it outside".into(),
                ));
            }
            // The sandbox that this process is in goes on confining what it starts.
            posture.confined = false;
            return Ok(());
        }
        if self.sandbox || self.agent.is_some() {
            posture.confined = true;
        }
        if self.no_sandbox {
            posture.confined = false;
        }
        if !posture.confined && self.widen.asks() {
            return Err(Failure::Usage(
                "`--net`, `--allow-domain`, `--allow-private`, `--write`, `--read` and `--limit` are about the \
                 sandbox: add `--sandbox`"
                    .into(),
            ));
        }
        posture.network |= self.widen.net
            || !self.widen.allow_domain.is_empty()
            || !self.widen.allow_private.is_empty();
        Ok(())
    }
}

/// Starts processes: in the sandbox where the permit demands it.
pub struct Confined<'a> {
    /// The options.
    pub flags: &'a Flags,
    /// What the profile says.
    pub terminal: &'a Terminal,
    /// The directory that is worked in.
    pub workspace: PathBuf,
    /// Palisade's own files.
    pub house: PathBuf,
    /// The agent that is confined as a whole, if it is one.
    pub agent: Option<&'a Whole>,
    /// What the proxy puts into requests.
    pub held: Held,
    /// Where connections are recorded.
    pub record: Recorded,
}

impl Process for Confined<'_> {
    fn run(&mut self, permit: Permit, launch: &Launch) -> Outcome {
        if permit.obligations().confinement == Confinement::None {
            return Direct.run(permit, launch);
        }
        let (action, _, _) = permit.spend();
        let Action::Run { command, cwd } = action else {
            return Outcome { failure: "this action is no command".into(), ..Outcome::default() };
        };
        let words: Vec<OsString> = match command {
            Command::Shell(line) => vec![jobs::shell(), "-c".into(), line.into()],
            Command::Argv(words) => words.into_iter().map(Into::into).collect(),
        };
        let mut policy = policy(&self.workspace, &self.house);
        policy.environment = launch.environment.clone();
        policy.limits = limits(self.terminal);
        let mut out = Out {
            domains: self.terminal.allow_domains.clone(),
            private: self.terminal.allow_private.clone(),
        };
        if let Some(whole) = self.agent {
            let program = words.first().and_then(|word| word.to_str()).unwrap_or_default();
            out.domains.extend(whole.agent.allow_domains.iter().cloned());
            out.private.extend(whole.agent.allow_private.iter().cloned());
            if let Err(error) = whole.prepare(&mut policy, program) {
                let failure = error.to_string();
                return Outcome { exit: Some(NOT_MADE.into()), failure, ..Outcome::default() };
            }
        }
        if self.terminal.allow_network && out.is_none() {
            policy.network = Network::Host;
        }
        self.flags.widen.apply(&mut policy, &mut out);
        downloads(&mut policy);
        let settings = Settings {
            held: self.held.clone(),
            forwards: policy.forwards.clone(),
            out,
            record: Some(self.record.clone()),
            advice: egress::BY_PROFILE.map(str::to_owned),
        };
        let begun = Instant::now();
        match run(policy, words, Some(Path::new(&cwd)), settings) {
            Ok((status, record)) => {
                let (exit, signal) = match status {
                    Status::Exit(code) => (Some(code), None),
                    Status::Signal(signal) => (None, Some(signal)),
                };
                let millis = begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
                Outcome { exit, signal, millis, confinement: record, ..Outcome::default() }
            }
            Err(error) => Outcome {
                exit: Some(NOT_MADE.into()),
                failure: format!("{error}\nhelp: {}", error.help()),
                ..Outcome::default()
            },
        }
    }
}

/// The strictest policy of a directory, for the person who runs this.
pub fn policy(workspace: &Path, house: &Path) -> Policy {
    let home = env::var_os("HOME")
        .filter(|home| !home.is_empty())
        .unwrap_or_else(|| "/nonexistent".into());
    let mut policy = Policy::of(workspace, home);
    policy.hidden.push(house.to_path_buf());
    policy.hidden.extend(env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from));
    let user = env::var("USER").ok().filter(|name| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    });
    policy.user = user.filter(|name| name != "root").unwrap_or_else(|| "user".into());
    policy.tty = if io::stdin().is_terminal() { Tty::Shared } else { Tty::Detached };
    policy.report = Report::Everything;
    policy
}

/// Where tools put what they download, each with the variable that moves it:
/// below the home, and below its private `.cache`. Tools that use `.cache` by
/// themselves (pip, uv, yarn 1, the Go compiler) need none.
const DOWNLOADS: &[(&str, &str, &str)] = &[
    ("npm_config_cache", ".npm", "npm"),
    ("CARGO_HOME", ".cargo", "cargo"),
    ("GOMODCACHE", "go", "go-mod"),
    ("GRADLE_USER_HOME", ".gradle", "gradle"),
    ("NUGET_PACKAGES", ".nuget", "nuget"),
    ("YARN_GLOBAL_FOLDER", ".yarn", "yarn"),
];

/// Points package managers to the sandbox's own `~/.cache`, since the rest of
/// the home is empty and read-only and they fail there. It is private to one
/// run: what a package puts there is in no other run's way. A directory that
/// was opened to the sandbox, and a variable that it already has, stay in use.
pub fn downloads(policy: &mut Policy) {
    let opened = |place: &Path| {
        let mut all = policy.read.iter().chain(&policy.write);
        // Programs alone are no place for downloads.
        all.any(|path| place.starts_with(path) || path.starts_with(place) && !path.ends_with("bin"))
    };
    let cache = policy.home.join(".cache");
    // An agent's own home is writable.
    if policy.own_home.is_some() || opened(&cache) {
        return;
    }
    let missing: Vec<_> = DOWNLOADS
        .iter()
        .filter(|(name, usual, _)| {
            !opened(&policy.home.join(usual))
                && policy.environment.iter().all(|(known, _)| known != name)
        })
        .collect();
    for (name, _, below) in missing {
        policy.set(*name, cache.join(below));
    }
}

fn limits(terminal: &Terminal) -> Limits {
    let limits = &terminal.limits;
    Limits {
        memory: limits.memory_mb.map(|mib| Limit::required(mib << 20)),
        pids: limits.pids.map(Limit::required),
        cpus: limits.cpus.map(|cpus| Limit::required((cpus * 1000.0) as u64)),
        wall: limits.wall_s.map(|seconds| seconds.saturating_mul(1000)),
        output: limits.output_kb.map(|kib| kib << 10),
        ..Limits::none()
    }
}

/// Confines a program that does nothing as commands of a profile are confined.
///
/// # Errors
/// Why they are refused.
pub fn tried(terminal: &Terminal, workspace: &Path, house: &Path) -> Result<(), SandboxError> {
    let mut policy = policy(workspace, house);
    policy.limits = limits(terminal);
    policy.tty = Tty::Detached;
    let mut sandbox = Sandbox::new(policy)?;
    let command = sandbox.command(vec!["true".into()], workspace);
    sandbox.run_here(&command, palisade_sandbox::own_streams(), None).map(|_| ())
}

/// Runs a command under a policy, says on standard error what was refused, and
/// answers how it ended with what was in force. Where the policy has a way
/// out, a proxy with these settings serves it.
pub fn run(
    policy: Policy,
    words: Vec<OsString>,
    cwd: Option<&Path>,
    settings: Settings,
) -> Result<(Status, String), SandboxError> {
    let (sandbox, egress) = proxied(policy, settings)?;
    let mut sandbox = Sandbox::new(sandbox)?;
    let directory = cwd.map_or_else(|| sandbox.policy().workspace.clone(), Path::to_path_buf);
    let command = sandbox.command(words, &directory);
    // Where it cannot be handed over, nobody answers inside.
    let mut hand_over = |listener| {
        if let Some(egress) = &egress {
            let _ = egress.hand_over(&listener);
        }
    };
    let streams = palisade_sandbox::own_streams();
    let finished = sandbox.run_here(&command, streams, Some(&mut hand_over));
    for line in egress.map(Egress::finish).unwrap_or_default() {
        show::note(&palisade_guards::content::reveal(&line));
    }
    let finished = finished?;
    for refusal in &finished.refusals {
        show::note(&palisade_guards::content::reveal(&refusal.words(&sandbox.policy().home)));
    }
    for line in &finished.undone {
        show::note(&palisade_guards::content::reveal(line));
    }
    if let Some(breach) = finished.breach {
        show::note(&breach.words(&sandbox.policy().limits));
    }
    Ok((finished.status, sandbox.record(&finished)))
}

/// The policy with what the proxy gives it, where it has a proxy, and without
/// the values of credentials in any case.
fn proxied(
    mut policy: Policy,
    settings: Settings,
) -> Result<(Policy, Option<Egress>), SandboxError> {
    let failed = |why: String, help: &str| SandboxError::Policy { why, help: help.into() };
    let wrong =
        |why| failed(why, "mend the entry under `tools.terminal.credentials`, or take it out");
    policy.environment.retain(|(name, _)| settings.held.variables().all(|held| name != held));
    if policy.network != Network::Proxy {
        return Ok((policy, None));
    }
    let allowed = settings.out.allowlist().map_err(|why| failed(why, "mend the list"))?;
    let held = settings.held.within(&allowed, &policy.environment).map_err(wrong)?;
    let open = [&policy.read, &policy.write].into_iter().flatten().chain([&policy.workspace]);
    let open: Vec<PathBuf> = open.cloned().collect();
    if let Some(why) = held.exposed(&open, &policy.hidden) {
        return Err(failed(why, "keep it outside the directories that commands work in"));
    }
    let egress = Egress::start(&Settings { held, ..settings }).map_err(|why| {
        failed(why, "without its proxy the command would have no network: mend this, or leave the domains out")
    })?;
    for (name, phantom) in &egress.phantoms.variables {
        policy.set(name, phantom);
    }
    policy.certificates.clone_from(&egress.phantoms.certificates);
    Ok((policy, Some(egress)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_managers_are_pointed_to_the_cache_unless_theirs_is_open() {
        let get = |policy: &Policy, name: &str| {
            let found = policy.environment.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.to_string_lossy().into_owned())
        };
        let mut policy = Policy::of("/w", "/h");
        policy.read.extend(["/h/.cargo/registry".into(), "/h/.gradle/bin".into()]);
        policy.set("GOMODCACHE", "/w/mod");
        downloads(&mut policy);
        assert_eq!(get(&policy, "npm_config_cache").as_deref(), Some("/h/.cache/npm"));
        assert_eq!(get(&policy, "CARGO_HOME"), None);
        assert_eq!(get(&policy, "GRADLE_USER_HOME").as_deref(), Some("/h/.cache/gradle"));
        assert_eq!(get(&policy, "GOMODCACHE").as_deref(), Some("/w/mod"));
        let mut policy = Policy::of("/w", "/h");
        policy.own_home = Some("/own".into());
        downloads(&mut policy);
        assert_eq!(policy.environment, []);
    }

    #[test]
    fn bounds_are_read_with_their_units() {
        for (text, bound, value) in [
            ("memory=1g", Bound::Memory, 1 << 30),
            ("memory=512M", Bound::Memory, 512 << 20),
            ("pids=64", Bound::Pids, 64),
            ("cpus=1.5", Bound::Cpus, 1500),
            ("wall=10", Bound::Wall, 10_000),
            ("wall=2m", Bound::Wall, 120_000),
            ("output=100k", Bound::Output, 102_400),
        ] {
            assert_eq!(limit(text), Ok((bound, value)), "{text}");
        }
        for text in ["memory", "memory=", "memory=-1", "memory=x", "files=3", "pids=0"] {
            assert!(limit(text).is_err(), "{text}");
        }
    }
}
