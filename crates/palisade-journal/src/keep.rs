//! What is done to a journal on purpose: cosigned heads are kept, old records
//! are pruned, a damaged journal is set aside.

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::note::{Checkpoint, KeyType, Note, Signed, VerifierKey};
use crate::record::{self, Entry};
use crate::secret_file::{open_existing, private_directory, sync_directory, write_secret};
use crate::time::Time;
use crate::verify::{Condition, Known, verify};
use crate::writer::{FileJournal, Options};
use std::fs;
use std::path::{Path, PathBuf};

/// Keeps a head that a witness has cosigned: its signatures join those of the
/// head of the same size.
///
/// # Errors
/// Where it is not a signed head of this journal, or no signature of `witness`
/// stands under it, or its root is not that of this journal at its size.
pub fn add_cosignature(dir: &Path, cosigned: &Note, witness: &VerifierKey) -> Result<()> {
    let layout = Layout::new(dir);
    let line =
        fs::read_to_string(layout.public_key()).map_err(Error::io("read", &layout.public_key()))?;
    let key = VerifierKey::parse(line.trim_end())?;
    let head = Checkpoint::parse(cosigned)?;
    if key.check(cosigned) != Signed::By(None) || head.origin != key.name() {
        return Err(Error::Note("the checkpoint is not signed with this journal's key".into()));
    }
    if witness.kind() != KeyType::Witness || !matches!(witness.check(cosigned), Signed::By(Some(_)))
    {
        return Err(Error::Note(format!("`{}` has not signed this checkpoint", witness.name())));
    }
    let report = verify(dir, &Known { heads: vec![cosigned.clone()], ..Known::default() })?;
    if report.condition() > Condition::Unsigned {
        return Err(Error::damaged(
            "the cosigned head and the records do not agree; `palisade log verify` says more",
        ));
    }
    let path = layout.kept(head.size);
    let mut note = cosigned.clone();
    if let Ok(there) = fs::read(&path) {
        let there = Note::parse(&there)?;
        for line in there.signatures {
            if !note.signatures.iter().any(|new| new.name == line.name && new.id == line.id) {
                note.signatures.push(line);
            }
        }
    }
    private_directory(&layout.history())?;
    write_secret(&path, note.to_string().as_bytes())
}

/// Removes whole segments whose records are all older than `before`, after
/// writing down that it does. The hashes stay, so what remains still verifies.
/// Says how many records went.
///
/// # Errors
/// Where the journal is not intact, or cannot be written.
pub fn prune(dir: &Path, key: &Path, before: Time) -> Result<u64> {
    let report = verify(dir, &Known::default())?;
    if let Some(finding) = report.worst()
        && report.condition() > Condition::Unsigned
    {
        return Err(Error::damaged(format!(
            "{}: {}; nothing is pruned",
            finding.place, finding.what
        )));
    }
    let layout = Layout::new(dir);
    let segments = layout.segments()?;
    // A segment is old where the next one's first record is old.
    let mut to = None;
    for next in segments.iter().skip(1) {
        match crate::read::one(dir, *next) {
            Ok((record, _)) if record.time < before => to = Some(*next),
            _ => break,
        }
    }
    let (Some(&first), Some(to)) = (segments.first(), to) else { return Ok(0) };
    let mut journal = FileJournal::open(dir, key, Options::default())?;
    let note = record::Note {
        what: "pruned".into(),
        from: Some(0),
        to: Some(to),
        bytes: None,
        body: format!("records before {before} removed on command; their hashes remain"),
    };
    journal.append(&Entry::Note(note), true)?;
    journal.checkpoint()?;
    // The hashes must be on the disk before the records leave it.
    sync_below(&layout.dir.join("tile"))?;
    sync_below(&layout.edges())?;
    for old in segments.iter().filter(|old| **old < to) {
        let path = layout.segment(*old);
        fs::remove_file(&path).map_err(Error::io("remove", &path))?;
    }
    sync_directory(&layout.log())?;
    Ok(to - first)
}

fn sync_below(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir).map_err(Error::io("read", dir))? {
        let path = entry.map_err(Error::io("read", dir))?.path();
        if path.is_dir() {
            sync_below(&path)?;
        } else {
            fs::File::open(&path)
                .and_then(|file| file.sync_all())
                .map_err(Error::io("sync", &path))?;
        }
    }
    sync_directory(dir)
}

/// Moves a journal that can no longer be written out of the way, as evidence,
/// with its public key; the next record begins a new one with a new key. Says
/// where it went.
///
/// # Errors
/// Where it cannot be moved.
pub fn set_aside(dir: &Path, key: &Path) -> Result<PathBuf> {
    let stamp = Time::now().millis();
    let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // Nobody is in the middle of a record while it moves.
    let lock = dir.join("lock");
    let held = open_existing(&lock, true).map_err(Error::io("open", &lock))?;
    held.lock().map_err(Error::io("lock", &lock))?;
    let aside = dir.with_file_name(format!("{name}.aside-{stamp}"));
    fs::rename(dir, &aside).map_err(Error::io("move", dir))?;
    if key.exists() {
        let mut kept = key.as_os_str().to_owned();
        kept.push(format!(".aside-{stamp}"));
        fs::rename(key, PathBuf::from(kept)).map_err(Error::io("move", key))?;
    }
    Ok(aside)
}
