//! A first journal and a first way to write files, until the crate for them
//! takes their place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use palisade_core::ports::{Event, Intent, Journal, JournalError, Outcome, Sequence};
use palisade_runtime::ports::Files;
use palisade_runtime::{Error, Home, private_dir};

/// Lines in one file.
pub struct PlainJournal(File);

impl PlainJournal {
    pub fn open(home: &Home) -> Result<Self, Error> {
        let directory = home.journal();
        private_dir(&directory)?;
        let path = directory.join("plain.jsonl");
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file =
            options.open(&path).map_err(|source| Error::File { what: "open", path, source })?;
        Ok(Self(file))
    }

    fn line(&mut self, value: &serde_json::Value) -> Result<Sequence, JournalError> {
        let wrong =
            |error: io::Error| JournalError { message: error.to_string(), help: String::new() };
        let at = self.0.metadata().map_err(wrong)?.len();
        self.0.write_all(format!("{value}\n").as_bytes()).map_err(wrong)?;
        Ok(at)
    }
}

impl Journal for PlainJournal {
    fn intent(&mut self, intent: &Intent<'_>) -> Result<Sequence, JournalError> {
        self.line(&serde_json::json!({
            "kind": intent.kind, "body": intent.body, "cwd": intent.cwd,
            "verdict": intent.verdict, "severity": intent.severity, "rules": intent.rules,
            "grant": intent.grant, "profile": intent.profile,
        }))
    }

    fn outcome(&mut self, sequence: Sequence, outcome: &Outcome) -> Result<(), JournalError> {
        self.line(&serde_json::json!({
            "of": sequence, "exit": outcome.exit, "signal": outcome.signal,
            "millis": outcome.millis, "failure": outcome.failure,
        }))
        .map(drop)
    }

    fn event(&mut self, event: &Event<'_>) -> Result<Sequence, JournalError> {
        self.line(&serde_json::json!({"event": event.kind.word(), "body": event.body}))
    }
}

/// Files by a temporary one and a rename.
pub struct Disk;

impl Files for Disk {
    fn replace(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let temporary = path.with_file_name(format!(".{}.{}", name.display(), std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        let written = file.write_all(content).and_then(|()| file.sync_all());
        written.and_then(|()| fs::rename(&temporary, path)).inspect_err(|_| {
            let _ = fs::remove_file(&temporary);
        })
    }
}
