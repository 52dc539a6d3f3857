//! Where the clients act: a directory of its own for each run, without a
//! network where the sandbox works, and nothing left behind.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use super::act::{Hook, Outcome, Stage, Task};
use crate::install::{Around, Client};
use crate::show::Failure;

/// A stage of a run that was killed goes after this time.
const OLD: Duration = Duration::from_secs(3600);

/// Where clients act.
#[derive(Debug)]
pub struct Theatre {
    directory: PathBuf,
    palisade: PathBuf,
    path: OsString,
    home: PathBuf,
    sandboxed: bool,
    count: u32,
}

/// A run that is over.
#[derive(Debug)]
pub struct Played {
    /// What was seen.
    pub outcome: Outcome,
    /// The client's version.
    pub version: Option<String>,
    /// There was no network but loopback.
    pub alone: bool,
}

/// The file in which the inside leaves what it saw.
pub fn outcome(stage: &Path) -> PathBuf {
    stage.join("outcome.json")
}

impl Theatre {
    /// Makes the place. It is below no temporary or cache directory: clients
    /// and guards take what is there lightly.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn open(around: &Around, palisade: PathBuf, bare: bool) -> Result<Self, Failure> {
        let directory = around.or_home("XDG_STATE_HOME", ".local/state").join("palisade-live");
        fs::create_dir_all(&directory)?;
        let directory = fs::canonicalize(directory)?;
        for entry in fs::read_dir(&directory)?.flatten() {
            let age = entry.metadata().and_then(|found| found.modified());
            let age = age.ok().and_then(|time| SystemTime::now().duration_since(time).ok());
            if age.is_some_and(|age| age > OLD) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(Self {
            directory,
            palisade,
            path: env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()),
            home: around.home.clone(),
            sandboxed: !bare,
            count: 0,
        })
    }

    /// One run.
    pub fn play(&mut self, client: &Client, program: &Path, hook: Hook, seconds: u64) -> Played {
        let failed = |why: String| Played {
            outcome: Outcome { failure: Some(why), ..Outcome::default() },
            version: None,
            alone: false,
        };
        self.count += 1;
        let name = format!("{}-{}-{}", client.name, std::process::id(), self.count);
        let stage = self.directory.join(name);
        let task = Task {
            client: client.name.into(),
            program: program.to_owned(),
            palisade: self.palisade.clone(),
            stage: stage.clone(),
            hook,
            seconds,
        };
        let played = match self.act(&task) {
            Ok(played) => played,
            Err(error) => failed(error.to_string()),
        };
        sweep(&Stage(&stage).home());
        let _ = fs::remove_dir_all(&stage);
        // The last one takes the light out.
        let _ = fs::remove_dir(&self.directory);
        played
    }

    fn act(&mut self, task: &Task) -> io::Result<Played> {
        if self.sandboxed {
            self.set(task)?;
            match self.confined(task) {
                Ok(()) => {
                    let outcome = seen(task);
                    if outcome.turns > 0 {
                        return Ok(Played {
                            version: outcome.version.clone(),
                            outcome,
                            alone: true,
                        });
                    }
                    // Perhaps it is the sandbox that it cannot live in.
                }
                Err(_) => self.sandboxed = false,
            }
            sweep(&Stage(&task.stage).home());
            fs::remove_dir_all(&task.stage)?;
        }
        self.set(task)?;
        self.unconfined(task)?;
        let outcome = seen(task);
        Ok(Played { version: outcome.version.clone(), outcome, alone: false })
    }

    fn set(&self, task: &Task) -> io::Result<()> {
        Stage(&task.stage).set()?;
        fs::write(task.stage.join("task.json"), serde_json::to_string(task)?)
    }

    /// The inside's command line.
    fn words(task: &Task) -> io::Result<Vec<OsString>> {
        Ok(vec![
            env::current_exe()?.into(),
            "doctor".into(),
            "--live".into(),
            "--act".into(),
            task.stage.join("task.json").into(),
        ])
    }

    fn variables(&self, task: &Task) -> Vec<(OsString, OsString)> {
        let home = Stage(&task.stage).home();
        let mut variables: Vec<(OsString, OsString)> = vec![
            ("HOME".into(), home.clone().into()),
            ("TMPDIR".into(), home.join("tmp").into()),
            ("PATH".into(), self.path.clone()),
        ];
        for (name, value) in [
            ("LANG", "C.UTF-8"),
            ("TERM", "dumb"),
            ("SHELL", "/bin/sh"),
            ("USER", "user"),
            ("NO_PROXY", "127.0.0.1,localhost"),
            ("no_proxy", "127.0.0.1,localhost"),
            // OpenCode fetches packages first, and waits long for a network.
            ("npm_config_registry", "http://127.0.0.1:9"),
            ("npm_config_fetch_retries", "0"),
        ] {
            variables.push((name.into(), value.into()));
        }
        variables
    }

    /// Without a sandbox: proxies that lead nowhere, for whoever heeds them.
    fn unconfined(&self, task: &Task) -> io::Result<()> {
        let mut words = Self::words(task)?.into_iter();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).env_clear().envs(self.variables(task));
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"] {
            command.env(name, "http://127.0.0.1:9");
        }
        command.current_dir(&task.stage).stdin(Stdio::null()).stdout(Stdio::null());
        command.status().map(drop)
    }

    /// In a network that has nothing but loopback, and among processes that
    /// end with it.
    #[cfg(target_os = "linux")]
    fn confined(&self, task: &Task) -> Result<(), String> {
        use palisade_sandbox::{Limits, Policy, Report, Sandbox, is_inside, own_streams};
        if is_inside() {
            return Err("a sandbox is not made inside another".into());
        }
        let stage = Stage(&task.stage);
        let mut policy = Policy::of(stage.project(), &self.home);
        policy.write = vec![task.stage.clone()];
        policy.read = self.readable(task);
        policy.environment = self.variables(task);
        policy.limits = Limits::none();
        policy.limits.wall = Some((task.seconds + 60) * 1000);
        policy.report = Report::Nothing;
        let words = Self::words(task).map_err(|error| error.to_string())?;
        let mut sandbox = Sandbox::new(policy).map_err(|error| error.to_string())?;
        let command = sandbox.command(words, &stage.project());
        let finished = sandbox.run_here(&command, own_streams(), None);
        finished.map(drop).map_err(|error| error.to_string())
    }

    #[cfg(not(target_os = "linux"))]
    fn confined(&self, _: &Task) -> Result<(), String> {
        Err("there is no sandbox for this here".into())
    }

    /// What a client is made of, wherever it was installed.
    fn readable(&self, task: &Task) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = Vec::new();
        let mut programs = vec![task.program.clone(), task.palisade.clone()];
        programs.extend(env::current_exe());
        programs.extend(env::split_paths(&self.path).map(|place| place.join("node")));
        for program in programs {
            let Ok(real) = fs::canonicalize(&program) else { continue };
            for path in [&program, &real] {
                // An npm package needs its neighbours; others their directory.
                let modules = path.ancestors().filter(|above| above.ends_with("node_modules"));
                let above = modules.last().or_else(|| path.parent());
                found.extend(above.map(Path::to_owned));
            }
        }
        let system = ["/usr", "/bin", "/lib", "/lib64", "/etc"];
        found.retain(|path| {
            path.parent().is_some()
                && !self.home.starts_with(path)
                && !system.iter().any(|place| path.starts_with(place))
        });
        found.sort();
        found.dedup();
        found
    }
}

fn seen(task: &Task) -> Outcome {
    let text = fs::read_to_string(outcome(&task.stage)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_else(|_| Outcome {
        failure: Some("the run ended before it could say what it saw".into()),
        ..Outcome::default()
    })
}

/// Ends what a client left running: whatever has this home in its environment.
fn sweep(home: &Path) {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        let mark = [b"HOME=", home.as_os_str().as_bytes()].concat();
        for _ in 0..3 {
            let mut any = false;
            for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
                let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok())
                else {
                    continue;
                };
                let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
                if environment.split(|byte| *byte == 0).any(|one| one == mark) {
                    any = true;
                    let pid = nix::unistd::Pid::from_raw(pid);
                    let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
                }
            }
            if !any {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = home;
}
