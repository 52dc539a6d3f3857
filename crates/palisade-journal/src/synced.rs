//! One wait for the disk, shared by all writers that wait.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};

/// How far the journal is on the disk, shared by the writers in `synced`.
/// Good for one run of the system: after a power loss it is not believed.
pub(crate) fn share(mut shared: &File, file: &File, first: u64, len: u64) -> io::Result<()> {
    let boot = boot_id();
    let mut known = [0; 32];
    shared.seek(SeekFrom::Start(0))?;
    let read = shared.read(&mut known)?;
    let mine = |len: u64| {
        let mut bytes = [0; 32];
        let fields = first
            .to_be_bytes()
            .into_iter()
            .chain(len.to_be_bytes())
            .chain(boot.unwrap_or_default());
        bytes.iter_mut().zip(fields).for_each(|(byte, field)| *byte = field);
        bytes
    };
    // Big-endian, so that order of bytes is order of (segment, length).
    let covered = read == known.len()
        && boot.is_some_and(|boot| known.ends_with(&boot))
        && known.get(..16) >= mine(len).get(..16);
    if covered {
        return Ok(());
    }
    let now = file.metadata()?.len();
    file.sync_data()?;
    shared.seek(SeekFrom::Start(0))?;
    shared.write_all(&mine(now))
}

/// Which run of the system this is, where it says so.
fn boot_id() -> Option<[u8; 16]> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let hex: Vec<u8> = text.trim_end().bytes().filter(|byte| *byte != b'-').collect();
    data_encoding::HEXLOWER.decode(&hex).ok()?.try_into().ok()
}
