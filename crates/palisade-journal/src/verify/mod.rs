//! Verification: offline, on a copied directory, with nothing but a public
//! key.
//!
//! The records are read once and hashed; their root must be the one that the
//! latest signed head states. Where it is, every signed record is as it was
//! written, in its place, and nothing is missing before the head. Then the
//! tiles, the segments' first lines, the kept heads and any head known from
//! elsewhere must agree with the same tree. Where the root differs, the links
//! between records, the tiles and the kept heads say which record is the
//! first that is not as it was.
//!
//! **Known gaps.** Without a public key from elsewhere, the one beside the log
//! is used: someone who replaced the whole directory replaced that too.
//! Without a head from elsewhere (`since`, a witness), a return of the whole
//! directory to an earlier state looks like a journal that was never longer.
//! Deleted files of `history/` are not missed. Records after the last signed
//! head can be replaced as a whole by who can write to the directory: that is
//! why an unsigned tail is not called intact. A record that the writer's own
//! machine was made to write falsely is proved faithfully.

mod agree;
mod report;
mod scan;

pub use report::*;

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::note::{Checkpoint, KeyType, Note, Signed, VerifierKey};
use crate::secret_file::read_small;
use crate::tree::{Tree, empty};
use agree::*;
use scan::*;
use std::fs;
use std::io::{self};
use std::path::Path;

/// Verifies the journal in `dir`.
///
/// # Errors
/// Where the directory cannot be read, or a head from elsewhere is not of this
/// journal. What is wrong with the journal itself is in the report.
pub fn verify(dir: &Path, known: &Known) -> Result<Report> {
    let layout = Layout::new(dir);
    let listed = fs::read_dir(dir).map_err(Error::io("read", dir))?;
    drop(listed);
    let mut report = Report::default();
    find_key(&layout, known, &mut report);
    find_head(&layout, known, &mut report);
    let signed = report.signed;
    let scans = scan_all(&layout, signed, &mut report)?;
    let leaves = assemble(&layout, &scans, &mut report);
    report.records = leaves.len() as u64;
    report.tree = Tree::new(leaves, threads());
    let sound = check_head(&layout, &scans, &mut report)?;
    check_heads(&layout, known, &mut report)?;
    if sound {
        check_tiles(&layout, &mut report)?;
    }
    told(&scans, &mut report);
    Ok(report)
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get().min(8))
}

fn find_key(layout: &Layout, known: &Known, report: &mut Report) {
    let beside = match read_small(&layout.public_key()) {
        Ok(bytes) => {
            let key = std::str::from_utf8(&bytes).ok().and_then(|text| text.strip_suffix('\n'));
            let key = key
                .and_then(|line| VerifierKey::parse(line).ok())
                .filter(|key| key.kind() == KeyType::Log);
            if key.is_none() {
                report.altered(Place::File("key.pub".into()), "it is not a public key");
            }
            key
        }
        Err(_) => None,
    };
    if let (Some(known), Some(beside)) = (&known.key, &beside)
        && known != beside
    {
        report.altered(Place::File("key.pub".into()), "it is not the key that was expected");
    }
    report.key_from_log = known.key.is_none();
    report.key = known.key.clone().or(beside);
}

fn find_head(layout: &Layout, known: &Known, report: &mut Report) {
    let file = || Place::File("checkpoint".into());
    let bytes = match read_small(&layout.checkpoint()) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if report.key.is_some() || layout.public_key().exists() {
                report.altered(file(), "the signed head is missing");
            }
            return;
        }
        Err(error) => return report.altered(file(), format!("it cannot be read: {error}")),
    };
    let mut head = signed_head(&bytes, report.key.as_ref());
    if head.is_err()
        && let Ok(again) = read_small(&layout.checkpoint())
    {
        // A writer may have been in the middle of it.
        head = signed_head(&again, report.key.as_ref());
    }
    match head {
        Ok((head, note)) => {
            report.signed = head.size;
            look_for_witnesses(&note, &head, "checkpoint", &known.witnesses, report);
            report.head = Some((head, note));
        }
        // A head of no records claims nothing; a crash while the key was made
        // leaves one that no key fits.
        Err(_) if known.key.is_none() && claims_nothing(&bytes) => report.key = None,
        Err(what) => report.altered(file(), what),
    }
}

fn claims_nothing(bytes: &[u8]) -> bool {
    Note::parse(bytes)
        .and_then(|note| Checkpoint::parse(&note))
        .is_ok_and(|head| head.size == 0 && head.root == empty())
}

/// A head, where the bytes are one and the key signed it.
fn signed_head(
    bytes: &[u8],
    key: Option<&VerifierKey>,
) -> std::result::Result<(Checkpoint, Note), String> {
    let key = key.ok_or("there is no public key to check it with")?;
    let note = Note::parse(bytes).map_err(|error| error.to_string())?;
    match key.check(&note) {
        Signed::By(_) => {}
        Signed::Badly => return Err("its signature is wrong".into()),
        Signed::Absent => return Err("it is not signed with the expected key".into()),
    }
    let head = Checkpoint::parse(&note).map_err(|error| error.to_string())?;
    if head.origin != key.name() {
        return Err("it is the head of another journal".into());
    }
    Ok((head, note))
}

fn look_for_witnesses(
    note: &Note,
    head: &Checkpoint,
    name: &str,
    witnesses: &[VerifierKey],
    report: &mut Report,
) {
    for witness in witnesses {
        match witness.check(note) {
            Signed::By(time) => report.cosigned.push(Cosigned {
                witness: witness.name().to_owned(),
                time: time.unwrap_or_default(),
                size: head.size,
            }),
            Signed::Badly => {
                report.altered(
                    Place::File(name.to_owned()),
                    format!("the cosignature of `{}` is wrong", witness.name()),
                );
            }
            Signed::Absent => {}
        }
    }
}
