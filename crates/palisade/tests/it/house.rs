//! A home, a workspace, and the command started in them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Directories of one test.
pub struct House {
    root: TempDir,
}

impl House {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for name in ["home", "work"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        Self { root }
    }

    /// The same with a configuration.
    pub fn with(config: &str) -> Self {
        let house = Self::new();
        house.configure(config);
        house
    }

    pub fn configure(&self, config: &str) {
        let file = self.config();
        let mut builder = fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(file.parent().unwrap()).unwrap();
        fs::write(file, config).unwrap();
    }

    /// Palisade's own directory.
    pub fn palisade(&self) -> PathBuf {
        self.root.path().join("home/.palisade")
    }

    pub fn config(&self) -> PathBuf {
        self.palisade().join("profiles/default/config.yaml")
    }

    pub fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// The command with an environment of its own, outside any terminal.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("setsid");
        command.arg("--wait").arg(binary()).args(arguments);
        self.prepare(&mut command);
        command.stdin(Stdio::null());
        command
    }

    pub fn prepare(&self, command: &mut Command) {
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.root.path().join("home"))
            .env("TERM", "xterm")
            .current_dir(self.work());
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        Said::from(self.command(arguments).output().unwrap())
    }

    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> Said {
        let mut command = self.command(arguments);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Said::from(child.wait_with_output().unwrap())
    }
}

/// The command under test.
pub fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_palisade"))
}

/// What it said and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
