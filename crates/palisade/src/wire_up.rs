//! The one place where surfaces and effects meet.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use palisade_core::ports::{Clock, Seconds};
use palisade_core::{Grant, Surface};
use palisade_guards::Places;
use palisade_journal::{FileJournal, Options, write_secret};
use palisade_runtime::approvals;
use palisade_runtime::config::Sync;
use palisade_runtime::ports::Files;
use palisade_runtime::{Circumstances, Error, Fault, Home, Keeper, Profile, Session, SessionId};

use crate::show::Failure;

/// Palisade's files, opened: what every command that judges needs.
pub struct House {
    /// Where they lie.
    pub home: Home,
    /// The profile in force.
    pub profile: Profile,
    /// What paths mean.
    pub places: Places,
    session: Option<SessionId>,
}

impl House {
    /// Reads the profile and says what paths mean. Writes nothing.
    pub fn open(profile: Option<&str>, session: Option<&str>) -> Result<Self, Failure> {
        let home = Home::locate(|name| env::var_os(name))?;
        let profile = Profile::open(&home, profile)?;
        understood(&profile)?;
        let session = session.map(SessionId::parse).transpose()?;
        let places = places(&home, &profile)?;
        Ok(Self { home, profile, places, session })
    }

    /// Makes the files that are missing.
    pub fn prepare(&self) -> Result<(), Error> {
        self.profile.prepare(&self.home, &Disk)
    }

    /// Who remembers.
    pub fn keeper(&self) -> Keeper<'_> {
        Keeper::new(&self.profile, self.session.clone(), &Disk)
    }

    /// Whether a session was named.
    pub fn has_session(&self) -> bool {
        self.session.is_some()
    }

    /// The approval queue.
    pub fn approvals(&self) -> approvals::Store {
        approvals::Store::new(&self.home)
    }

    /// The journal, opened.
    pub fn journal(&self) -> Result<FileJournal, Failure> {
        let options = Options {
            sync_all: self.profile.config.journal.sync == Sync::Always,
            home: Some(self.home.root().to_owned()),
            ..Options::default()
        };
        let opened = FileJournal::open(&self.home.journal(), &self.home.journal_key(), options);
        opened.map_err(|error| Error::Journal(error.into()).into())
    }

    /// The file tools: what they open is judged, and used through the same
    /// handle.
    #[cfg(unix)]
    #[allow(dead_code, reason = "the surfaces that use it come with their own changes")]
    pub fn files(&self) -> palisade_files::Files {
        palisade_files::Files::new(self.places.clone())
    }

    /// The circumstances of a command now.
    pub fn circumstances<'a>(
        &'a self,
        surface: Surface,
        grants: &'a [Grant],
        session: &'a Session,
    ) -> Circumstances<'a> {
        Circumstances {
            profile: &self.profile,
            posture: self.profile.posture(surface),
            grants,
            places: &self.places,
            session,
            now: System.now(),
        }
    }

    /// What people approved: in the profile, and in the session.
    pub fn grants(&self, session: &Session) -> Vec<Grant> {
        let mut grants = session.grants.clone();
        grants.extend(self.profile.grants());
        grants
    }
}

/// What only the network's own words can say of a profile: whether its lists of
/// hosts are lists of hosts.
///
/// # Errors
/// The first entry that is none.
pub fn understood(profile: &Profile) -> Result<(), Error> {
    #[cfg(target_os = "linux")]
    {
        use palisade_runtime::config::place;

        use crate::egress::Out;
        let config = &profile.config;
        let terminal = &config.tools.terminal;
        let own = (vec!["tools", "terminal"], &terminal.allow_domains, &terminal.allow_private);
        let agents = config.agents.iter().map(|(name, agent)| {
            (vec!["agents", name.as_str()], &agent.allow_domains, &agent.allow_private)
        });
        crate::egress::Held::of(profile).understood().map_err(|why| Fault {
            path: profile.config_file(),
            at: None,
            message: format!("`tools.terminal.credentials`: {why}"),
            help: None,
        })?;
        for (keys, domains, private) in std::iter::once(own).chain(agents) {
            let domain = |one: &String| Out { domains: vec![one.clone()], private: Vec::new() };
            let origin = |one: &String| Out { domains: Vec::new(), private: vec![one.clone()] };
            let domains = domains.iter().map(domain).enumerate();
            let private = private.iter().map(origin).enumerate();
            let all = domains.map(|one| ("allow_domains", one));
            for (key, (item, out)) in all.chain(private.map(|one| ("allow_private", one))) {
                let keys: Vec<&str> = keys.iter().copied().chain([key]).collect();
                out.allowlist().map_err(|why| Fault {
                    path: profile.config_file(),
                    at: place(&profile.text, &keys, item),
                    message: format!("`{}`: {why}", keys.join(".")),
                    help: None,
                })?;
            }
        }
    }
    Ok(())
}

/// The machine's clock.
pub struct System;

impl Clock for System {
    fn now(&self) -> Seconds {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.ok().and_then(|since| since.as_secs().try_into().ok()).unwrap_or(0)
    }
}

/// The directory that the command starts in, as text.
pub fn cwd() -> Result<String, Failure> {
    let cwd = env::current_dir()
        .map_err(|error| Failure::Other(format!("cannot tell the current directory: {error}")))?;
    text(cwd).ok_or_else(|| Failure::Other("the current directory's name is not UTF-8".into()))
}

fn text(path: PathBuf) -> Option<String> {
    path.into_os_string().into_string().ok()
}

fn places(home: &Home, profile: &Profile) -> Result<Places, Failure> {
    let user = env::var("HOME").unwrap_or_default().trim_end_matches('/').to_owned();
    let cwd = cwd()?;
    let workspace = profile.config.workspace.clone().unwrap_or_else(|| cwd.clone());
    let mut programs: Vec<String> = env::current_exe().ok().into_iter().filter_map(text).collect();
    programs.dedup();
    Ok(Places {
        home: user,
        cwd,
        workspace: workspace.trim_end_matches('/').to_owned(),
        palisade_home: text(home.real()).unwrap_or_default(),
        programs,
        settings: settings(|name| env::var(name).ok()),
    })
}

/// Where the environment puts the settings of agents, each with the place
/// below the home that it stands for.
pub fn settings(variable: impl Fn(&str) -> Option<String>) -> Vec<(String, String)> {
    const MOVED: [(&str, &str, &str); 8] = [
        ("CLAUDE_CONFIG_DIR", "", ".claude"),
        ("CODEX_HOME", "", ".codex"),
        ("QWEN_HOME", "", ".qwen"),
        ("COPILOT_HOME", "", ".copilot"),
        ("PI_CODING_AGENT_DIR", "", ".pi/agent"),
        ("CLINE_DIR", "", ".cline"),
        ("XDG_CONFIG_HOME", "", ".config"),
        ("GEMINI_CLI_HOME", "/.gemini", ".gemini"),
    ];
    let moved = MOVED.iter().filter_map(|(name, below, usual)| {
        let at = variable(name)?;
        let at = at.trim_end_matches('/');
        (at.len() > 1 && at.starts_with('/')).then(|| (format!("{at}{below}"), (*usual).to_owned()))
    });
    moved.collect()
}

/// Palisade's own files on disk.
pub struct Disk;

impl Files for Disk {
    fn replace(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        write_secret(path, content).map_err(|error| match error {
            // What the system said is told with what to do about it.
            palisade_journal::Error::Io { source, .. } => source,
            other => io::Error::other(other),
        })
    }
}
