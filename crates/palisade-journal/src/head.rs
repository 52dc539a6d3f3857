//! The signed head as it lies on disk, and whether a journal can go on from it.
//!
//! A head that cannot be read, is not there or is not ours is never made again
//! from the records: whoever may write to the directory, and cannot sign, could
//! then have any records signed by taking the head away. A person decides, and
//! `set-aside` keeps what there is.

use crate::error::{Error, Result};
use crate::layout::{self, Layout};
use crate::note::{Checkpoint, Note, SignerKey};
use crate::secret_file::{open_existing, read_small, write_over, write_secret};
use crate::tree::Hash;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The bytes of the head; `None` where there is none.
pub(crate) fn bytes(layout: &Layout) -> Result<Option<Vec<u8>>> {
    let path = layout.checkpoint();
    match read_small(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound => Ok(None),
            io::ErrorKind::FileTooLarge => {
                Err(Error::damaged("its head (`checkpoint`) is larger than any head"))
            }
            io::ErrorKind::InvalidInput => {
                Err(Error::damaged("its head (`checkpoint`) is no regular file"))
            }
            _ if path.is_symlink() => {
                Err(Error::damaged("its head (`checkpoint`) is a link, and none of ours is"))
            }
            _ => Err(Error::io("read", &path)(error)),
        },
    }
}

/// How many records the head says are signed, whoever signed it; `None` where
/// it says nothing, which is told where it must be trusted.
pub(crate) fn stated(layout: &Layout) -> Result<Option<u64>> {
    match bytes(layout) {
        Ok(bytes) => {
            let head = |bytes: Vec<u8>| Checkpoint::parse(&Note::parse(&bytes).ok()?).ok();
            Ok(bytes.and_then(head).map(|head| head.size))
        }
        Err(Error::Damaged { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The head, where `signer` signed it.
pub(crate) fn trusted(bytes: Option<&[u8]>, signer: &SignerKey) -> Result<Checkpoint> {
    let bytes = bytes.ok_or_else(|| Error::damaged("its signed head (`checkpoint`) is missing"))?;
    let read = Note::parse(bytes).and_then(|note| Ok((Checkpoint::parse(&note)?, note)));
    let (head, note) = read.map_err(|error| {
        Error::damaged(format!("its head (`checkpoint`) is not whole: {error}"))
    })?;
    if !signer.has_signed(&note) || head.origin != signer.public().name() {
        return Err(Error::damaged("its head (`checkpoint`) is not signed by this machine's key"));
    }
    Ok(head)
}

/// The private key.
pub(crate) fn key(path: &Path) -> Result<SignerKey> {
    let mut text = String::new();
    match open_existing(path, false).and_then(|mut file| file.read_to_string(&mut text)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Error::Missing(format!("there is no key at `{}` yet", path.display())));
        }
        Err(error) => return Err(Error::io("read", path)(error)),
    }
    let seed = data_encoding::BASE64.decode(text.trim_end().as_bytes()).ok();
    let seed = seed.and_then(|seed| <[u8; 32]>::try_from(seed).ok());
    SignerKey::journal(
        &seed.ok_or_else(|| Error::damaged(format!("`{}` is not a key", path.display())))?,
    )
}

/// Where the size of the head that was signed last is noted: beside the private
/// key, out of the directory in which an older head could be put back together
/// with its tree.
fn beside(key: &Path) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    name.push(".signed");
    name.into()
}

/// The head that was signed last, as far as it is known beside the key.
pub(crate) struct Last {
    /// How many records it covers.
    pub size: u64,
    /// Their root; earlier versions noted none.
    pub root: Option<Hash>,
}

/// The last head of this journal that is known beside the key.
pub(crate) fn signed_last(key: &Path, origin: &str) -> Option<Last> {
    let text = String::from_utf8(read_small(&beside(key)).ok()?).ok()?;
    let (name, said) = text.trim_end().split_once(' ')?;
    let (size, root) = said.split_once(' ').unwrap_or((said, ""));
    let root = data_encoding::BASE64.decode(root.as_bytes()).ok();
    let root = root.and_then(|root| Hash::try_from(root).ok());
    (name == origin).then_some(Last { size: size.parse().ok()?, root })
}

/// Notes that a head of so many records was signed. Where that cannot be
/// written, what is known is older, and the head itself stands.
pub(crate) fn note_signed(key: &Path, origin: &str, size: u64, root: &Hash) {
    // Of one length, so that it is written over in its place.
    let text = format!("{origin} {size:020} {}\n", data_encoding::BASE64.encode(root));
    let _ = write_over(&beside(key), text.len(), text.as_bytes());
}

/// Whether the next record can be written and signed: a quick look at the ends,
/// where `verify` reads everything. Changes no evidence.
///
/// # Errors
/// What keeps a record from being written or signed.
pub fn health(dir: &Path, key_at: &Path) -> Result<()> {
    let layout = Layout::new(dir);
    let probe = dir.join(".probe");
    let written = write_secret(&probe, &[0; 4096]);
    let _ = fs::remove_file(&probe);
    written?;
    let last = layout.segments()?.pop();
    let next = match last {
        None => None,
        Some(first) => {
            let path = layout.segment(first);
            let mut file = open_existing(&path, false).map_err(Error::io("open", &path))?;
            let len = file.metadata().map_err(Error::io("read", &path))?.len();
            layout::end(&mut file, &path, first, len)?.map(|end| end.next)
        }
    };
    let head = match key(key_at) {
        // The first signature makes the key.
        Err(Error::Missing(_)) if stated(&layout)?.unwrap_or(0) == 0 => return Ok(()),
        Err(Error::Missing(_)) => {
            return Err(Error::damaged(format!(
                "it is signed, and the key at `{}` is gone",
                key_at.display()
            )));
        }
        Err(error) => return Err(error),
        Ok(signer) => trusted(bytes(&layout)?.as_deref(), &signer)?,
    };
    let there = next.unwrap_or(0);
    if there < head.size {
        return Err(Error::damaged(format!(
            "records {there} to {} are signed and missing",
            head.size - 1
        )));
    }
    let last = signed_last(key_at, &head.origin).map_or(0, |last| last.size);
    if last > head.size {
        return Err(Error::damaged(format!(
            "its head (`checkpoint`) covers {} records, and one of {last} was signed before: an older one was put back",
            head.size
        )));
    }
    match layout::edge(&layout, head.size, &head.root) {
        Some(_) => Ok(()),
        None => Err(Error::damaged("the tree under its signed head does not add up")),
    }
}
