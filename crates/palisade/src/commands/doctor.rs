use std::env;
use std::fs;
use std::path::Path;
#[cfg(target_os = "linux")]
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use palisade_core::Severity;
use palisade_guards::content::reveal;
use palisade_guards::rules::rule;
#[cfg(target_os = "linux")]
use palisade_journal::verify::Condition;
use palisade_journal::{FileJournal, Known, verify};
use palisade_runtime::config::Agent;
use palisade_runtime::config::{Entry, Limits};
use palisade_runtime::{Home, Profile};
use serde_json::json;

#[cfg(target_os = "linux")]
use crate::confine;
use crate::install::health::{self, Health};
use crate::install::{Around, Program, clients};
use crate::jobs;
use crate::live;
use crate::prompt;
use crate::show::{Failure, Paint, Style, printed};
use crate::wire_up;

/// Say whether Palisade is healthy here
///
/// Exit code: 0, or 1 where something is wrong. Nothing is changed.
///
/// `--live` starts the real clients, each in a directory of its own that goes
/// afterwards, against a scripted model on loopback: no account, no network.
/// It says whether a command that must be stopped was stopped, whether an
/// ordinary one ran, and what the client does when the hook crashes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  palisade doctor\n  palisade doctor --live\n  palisade doctor --live claude codex --json"
)]
pub struct Arguments {
    /// Prove with the real clients that the hooks hold.
    #[arg(long)]
    live: bool,
    /// The clients to prove (default: all that are found).
    #[arg(value_name = "CLIENT", value_parser = clients::names(), requires = "live")]
    clients: Vec<String>,
    #[command(flatten)]
    proof: live::Options,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// One thing looked at.
struct Finding {
    what: &'static str,
    state: State,
    words: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    Note,
    Bad,
}

pub fn run(arguments: &Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    if arguments.live {
        return live::run(&arguments.clients, &arguments.proof, arguments.json);
    }
    let findings = look(profile);
    let paint = Paint::on(&std::io::stdout());
    printed(|out| {
        for Finding { what, state, words } in &findings {
            let (word, style) = match state {
                State::Good => ("ok", Style::Green),
                State::Note => ("note", Style::Yellow),
                State::Bad => ("wrong", Style::Red),
            };
            if arguments.json {
                writeln!(out, "{}", json!({"check": what, "state": word, "words": words}))?;
            } else {
                writeln!(out, "{} {what:<14} {words}", paint.text(style, &format!("{word:<5}")))?;
            }
        }
        Ok(())
    })?;
    let bad = findings.iter().any(|finding| finding.state == State::Bad);
    Ok(ExitCode::from(u8::from(bad)))
}

fn look(profile: Option<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |what, state, words: String| findings.push(Finding { what, state, words });
    let home = match Home::locate(|name| env::var_os(name)) {
        Ok(home) => home,
        Err(error) => {
            say("home", State::Bad, error.to_string());
            return findings;
        }
    };
    match home.check() {
        Err(error) => say("home", State::Bad, error.to_string()),
        Ok(()) if !home.root().exists() && !can_be_made(home.root()) => {
            let words = format!(
                "{} is not there and cannot be made, so everything is refused: make the directory above it \
                 writable, or name another with PALISADE_HOME",
                home.root().display()
            );
            say("home", State::Bad, words);
        }
        Ok(()) if !home.root().exists() => {
            say(
                "home",
                State::Note,
                format!("{} is not there yet: `palisade init` makes it", home.root().display()),
            );
        }
        Ok(()) => {
            say("home", State::Good, format!("nobody else can write {}", home.root().display()))
        }
    }
    let mut readable = true;
    let opened = Profile::open(&home, profile);
    match opened.and_then(|profile| wire_up::understood(&profile).map(|()| profile)) {
        Err(error) => {
            readable = false;
            let help = error.help().filter(|help| !help.is_empty());
            let help = help.map(|help| format!(" ({help})")).unwrap_or_default();
            say("configuration", State::Bad, format!("{error}{help}"));
        }
        Ok(profile) => {
            say(
                "configuration",
                State::Good,
                format!("profile `{}` parses", profile.name.as_str()),
            );
            if profile.config.budget.daily_usd.is_some() {
                say(
                    "budget",
                    State::Note,
                    "nothing holds to `budget.daily_usd` in this version: set limits at the provider"
                        .into(),
                );
            }
            let terminal = &profile.config.tools.terminal;
            for (what, words) in meaningless(&profile) {
                say(what, State::Bad, words);
            }
            if let Some(workspace) = &profile.config.workspace
                && !Path::new(workspace).is_dir()
            {
                let words =
                    format!("`workspace`: the directory `{}` is not there", reveal(workspace));
                say("workspace", State::Bad, words);
            }
            let (state, words) = sandbox(&profile, &home);
            say("sandbox", state, words);
            if !terminal.sandbox && terminal.limits != Limits::default() {
                let words = "`tools.terminal.limits` holds in the sandbox only, which is off: commands are not limited";
                say("limits", State::Bad, words.into());
            }
            #[cfg(target_os = "linux")]
            for (state, words) in credentials(&profile) {
                say("credentials", state, words);
            }
            if private(&profile.dotenv_file()) == Some(false) {
                say(
                    "secrets",
                    State::Bad,
                    "others can read the profile's .env: run `chmod 600` on it".into(),
                );
            }
            for line in profile.unread_secrets() {
                let words = format!(
                    "line {line} of the profile's .env is no `NAME=value`, so nothing of it is given to commands or \
                     kept out of records"
                );
                say("secrets", State::Bad, words);
            }
        }
    }
    // Opened only where it exists, since opening makes it, and as the
    // configuration says.
    if !readable {
        say("journal", State::Note, "not looked at: the configuration says how".into());
    } else if home.journal().exists() {
        match palisade_journal::health(&home.journal(), &home.journal_key()) {
            Ok(()) => {
                let (state, words) = verified(&home.journal(), &home.journal_key());
                say("journal", state, words);
            }
            Err(error) => say("journal", State::Bad, format!("{error} ({})", error.help())),
        }
    } else if home.journal_key().exists() {
        let words = format!(
            "{} is gone, though its key is here: somebody took the record away; put it back, or run a command \
             and then `palisade log set-aside`",
            home.journal().display()
        );
        say("journal", State::Bad, words);
    } else {
        say("journal", State::Note, "empty: nothing has been run yet".into());
    }
    say("shell", State::Good, format!("{} runs `-c` lines", jobs::shell().display()));
    match prompt::terminal() {
        Some(_) => say("terminal", State::Good, "questions can be asked here".into()),
        None => {
            say("terminal", State::Note, "nobody can be asked here: cautions are refused".into())
        }
    }
    let around = Around::here();
    if let Ok(around) = around
        && let Ok(program) = Program::here(&around, true)
    {
        for (client, health, words) in health::look(&around, &program) {
            let state = match health {
                Health::Good => State::Good,
                Health::Note => State::Note,
                Health::Bad => State::Bad,
            };
            say(client.name, state, words);
        }
    }
    findings
}

/// What parses and still does nothing of what was meant.
fn meaningless(profile: &Profile) -> Vec<(&'static str, String)> {
    let tools = &profile.config.tools;
    let mut found = Vec::new();
    for entry in &tools.terminal.approval.allowlist {
        let Entry::Rule(entry) = entry else { continue };
        let shown = reveal(&entry.rule);
        let why = match rule(&entry.rule) {
            None => format!("the allowlist names the rule `{shown}`, and there is none"),
            Some(rule) if rule.severity == Severity::Dangerous => {
                format!("the allowlist names `{shown}`, which nothing can allow")
            }
            Some(_) if !entry.directory.starts_with('/') => format!(
                "the allowlist has `in: {}` for `{shown}`, which is no absolute path",
                reveal(&entry.directory)
            ),
            Some(_) => continue,
        };
        let words = format!("{why}: the entry allows nothing (`palisade grants list`)");
        found.push(("allowlist", words));
    }
    for name in &tools.terminal.env {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || !name.bytes().all(plain) {
            let words = format!("`tools.terminal.env`: `{}` is no variable's name", reveal(name));
            found.push(("variables", words));
        }
    }
    for host in tools.taint.named.iter().chain(&tools.taint.pages) {
        if host.contains(['/', ':', ' ']) {
            let words = format!(
                "`tools.taint`: `{}` is no host: write `a.example` or `*.a.example`",
                reveal(host)
            );
            found.push(("taint", words));
        }
    }
    found
}

/// Whether each credential can be read and used; never what it is.
#[cfg(target_os = "linux")]
fn credentials(profile: &Profile) -> Vec<(State, String)> {
    use crate::egress::{Held, Out};
    use palisade_runtime::environment;
    let held = Held::of(profile);
    if held.is_none() {
        return Vec::new();
    }
    let terminal = &profile.config.tools.terminal;
    let agents = Agent::all(&profile.config).unwrap_or_default();
    let agents = agents.values().map(|agent| (&agent.allow_domains, &agent.allow_private));
    let own = (&terminal.allow_domains, &terminal.allow_private);
    let lists: Vec<_> = std::iter::once(own)
        .chain(agents)
        .filter_map(|(domains, private)| {
            Out { domains: domains.clone(), private: private.clone() }.allowlist().ok()
        })
        .collect();
    let here = env::current_dir().unwrap_or_default();
    let secrets = profile.secrets().unwrap_or_default();
    let beside = environment::scoped(env::vars_os(), &terminal.env, &secrets, here.as_os_str());
    let workspace = profile.config.workspace.as_ref().map_or(here, PathBuf::from);
    let mut found: Vec<(State, String)> = match held.looked_at(&lists, &beside, &workspace) {
        Err(why) => vec![(State::Bad, why)],
        Ok(each) => each
            .into_iter()
            .map(|one| match one {
                Ok(words) => (State::Good, words),
                Err(why) => (State::Bad, why),
            })
            .collect(),
    };
    if !terminal.sandbox {
        let words = "they are used in the sandbox only, which is off; `palisade run --sandbox` and `--agent` use them";
        found.push((State::Note, words.into()));
    }
    found
}

/// Whether commands are confined: tried with the limits that they get, since
/// only that shows what this user and this kernel can hold.
fn sandbox(profile: &Profile, home: &Home) -> (State, String) {
    let terminal = &profile.config.tools.terminal;
    if !terminal.sandbox {
        return (State::Note, "off: commands run with all rights of your account".into());
    }
    #[cfg(target_os = "linux")]
    if !palisade_sandbox::is_inside() {
        let here = std::env::current_dir().unwrap_or_default();
        let workspace = profile.config.workspace.as_ref().map_or(here, PathBuf::from);
        if let Err(error) = confine::tried(terminal, &workspace, &home.real()) {
            return (
                State::Bad,
                format!("on, and every command is refused: {error} ({})", error.help()),
            );
        }
    }
    (State::Good, "on".into())
}

/// Whether a journal of ours that can be written is as it was.
fn verified(dir: &Path, key: &Path) -> (State, String) {
    let known = Known { key: FileJournal::public_key(key).ok(), ..Known::default() };
    let report = match verify(dir, &known) {
        Ok(report) => report,
        Err(error) => return (State::Bad, error.to_string()),
    };
    match report.worst().filter(|worst| worst.condition > Condition::Unsigned) {
        Some(worst) => {
            let (word, what) = (worst.condition.word(), reveal(&worst.what));
            let words = format!(
                "{word}: {}: {what}; `palisade log verify` says all of it, and `palisade log set-aside` keeps this \
                 journal as evidence and begins a new one",
                worst.place
            );
            (State::Bad, words)
        }
        None => {
            let words = format!("{} can be written and signed", dir.display());
            match report.repairs.as_slice() {
                [] => (State::Good, words),
                [.., (seq, _)] => (
                    State::Note,
                    format!("{words}; record {seq} says what was mended: `palisade log verify`"),
                ),
            }
        }
    }
}

/// Whether a directory that is not there could be made.
fn can_be_made(path: &Path) -> bool {
    let above = path.ancestors().skip(1).find(|above| above.exists());
    #[cfg(unix)]
    return above
        .is_some_and(|above| nix::unistd::access(above, nix::unistd::AccessFlags::W_OK).is_ok());
    #[cfg(not(unix))]
    above.is_some()
}

/// Whether a file is readable by its owner alone; `None` where there is none.
fn private(path: &Path) -> Option<bool> {
    let found = fs::metadata(path).ok()?;
    #[cfg(unix)]
    return Some(std::os::unix::fs::MetadataExt::mode(&found) & 0o077 == 0);
    #[cfg(not(unix))]
    Some(found.is_file())
}
