//! A throw-away home with a project and secrets in it, and a way to run things
//! in the sandbox there.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use palisade_sandbox::{Finished, Launcher, Policy, Sandbox, SandboxError};

pub const CONFINE: &str = env!("CARGO_BIN_EXE_palisade-confine");

pub struct House {
    pub root: PathBuf,
}

pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl House {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("palisade-it-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        // Not below /tmp: that is a private directory inside, where everything may be written.
        let root = Path::new("/var/tmp").join(name);
        std::fs::create_dir_all(root.join("home/.ssh")).unwrap();
        std::fs::create_dir_all(root.join("home/project")).unwrap();
        std::fs::create_dir_all(root.join("outside")).unwrap();
        std::fs::write(root.join("home/.ssh/id_rsa"), "PLANTED").unwrap();
        std::fs::write(root.join("outside/secret"), "PLANTED").unwrap();
        Self { root: std::fs::canonicalize(root).unwrap() }
    }

    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    pub fn project(&self) -> PathBuf {
        self.root.join("home/project")
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.project().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn has(&self, path: &str) -> bool {
        std::fs::symlink_metadata(self.project().join(path)).is_ok()
    }

    pub fn repository(&self, path: &str) {
        for dir in ["hooks", "objects", "refs/heads", "info"] {
            std::fs::create_dir_all(self.project().join(path).join(".git").join(dir)).unwrap();
        }
        self.write(&format!("{path}/.git/HEAD"), "ref: refs/heads/main\n");
        self.write(
            &format!("{path}/.git/config"),
            "[core]\n\trepositoryformatversion = 0\n\tbare = false\n",
        );
    }

    /// Runs a script in the sandbox as a process, with more options.
    pub fn with(&self, options: &[&str], script: &str) -> Said {
        let outside = self.root.join("outside");
        let output = Command::new(CONFINE)
            .args([
                "--workspace",
                self.project().to_str().unwrap(),
                "--env",
                "OUTSIDE",
                "--env",
                "PROBE",
            ])
            .args(if script.contains("PROBE") { vec!["--read", attack()] } else { Vec::new() })
            .args(options)
            .args(["--", "/bin/sh", "-c", script])
            .current_dir(self.project())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.home())
            .env("OUTSIDE", outside)
            .env("PROBE", attack())
            .env("AWS_SECRET_ACCESS_KEY", "PLANTED")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The same with nothing special.
    pub fn run(&self, script: &str) -> Said {
        self.with(&[], script)
    }

    pub fn policy(&self) -> Policy {
        Policy::of(self.project(), self.home())
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// The attack program, compiled once.
pub fn attack() -> &'static str {
    static BUILT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    BUILT.get_or_init(|| {
        let out =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("attack-{}", std::process::id()));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attack.c");
        let cc = Command::new("cc")
            .args(["-w", "-pthread", "-o"])
            .arg(&out)
            .arg(source)
            .arg("-lrt")
            .status();
        assert!(cc.is_ok_and(|status| status.success()), "the attack program needs a C compiler");
        out.to_str().unwrap().to_owned()
    })
}

pub fn launcher() -> Launcher {
    Launcher::start_from(Path::new(CONFINE)).unwrap()
}

/// Runs a script through a launcher; standard output comes back.
pub fn through(
    launcher: &Launcher,
    sandbox: &Sandbox,
    script: &str,
    warm: bool,
) -> Result<(Finished, String), SandboxError> {
    let null = std::fs::File::open("/dev/null").unwrap();
    let (mut from, to) = std::io::pipe().unwrap();
    let words = ["/bin/sh".into(), "-c".into(), script.into()];
    let command = sandbox.command(words, &sandbox.policy().workspace);
    let running =
        sandbox.start(launcher, &command, [null.as_fd(), to.as_fd(), to.as_fd()], warm)?;
    drop(to);
    let finished = running.wait()?;
    let mut out = String::new();
    std::io::Read::read_to_string(&mut from, &mut out).unwrap();
    Ok((sandbox.conclude(finished), out))
}

/// Whether the native sandbox works here; says so by name where not.
pub fn native(test: &str) -> bool {
    let house = House::new();
    let said = house.run("true");
    if said.code == 125 {
        eprintln!("SKIPPED {test}: {}", said.err.trim());
    }
    said.code != 125
}

/// The backends that work here.
pub fn backends(test: &str) -> Vec<&'static str> {
    ["native", "bubblewrap"]
        .into_iter()
        .filter(|backend| {
            let said = House::new().with(&["--backend", backend], "true");
            if said.code == 125 {
                eprintln!("SKIPPED {test} with {backend}: {}", said.err.trim());
            }
            said.code == 0
        })
        .collect()
}
