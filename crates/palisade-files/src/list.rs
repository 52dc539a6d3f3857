//! What a directory holds.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use palisade_core::{FileFault, FileKind, FileShown};
use palisade_guards::content::reveal;
use rustix::fs::{Dir, Mode, OFlags, openat, readlinkat};

use crate::fault::fault;
use crate::ground::Limits;
use crate::resolve::Located;
use crate::status::Status;

/// More names than this are not even sorted.
const SORTED: usize = 100_000;

pub(crate) fn show(
    directory: &Located,
    path: &str,
    limits: &Limits,
) -> Result<FileShown, FileFault> {
    let wrong = |error| fault("list", path, error);
    let mut names: Vec<PathBuf> = Vec::new();
    let mut more = false;
    // What only names the directory is opened for its content.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let open = openat(&directory.fd, c".", flags, Mode::empty()).map_err(wrong)?;
    for entry in Dir::new(open).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." {
            continue;
        }
        if names.len() == SORTED {
            more = true;
            break;
        }
        names.push(PathBuf::from(OsStr::from_bytes(name)));
    }
    names.sort();
    let mut shown = FileShown::default();
    let count = names.len();
    for name in names.iter().take(limits.entries) {
        if shown.text.len() > limits.shown {
            break;
        }
        line(&mut shown.text, directory, name);
    }
    let listed = shown.text.lines().count();
    if more || listed < count {
        shown.more = true;
        let at_least = if more { "at least " } else { "" };
        shown.notes.push(format!("{listed} of {at_least}{count} entries are shown"));
    }
    if count == 0 {
        shown.notes.push("the directory is empty".into());
    }
    Ok(shown)
}

/// `file 1234 name`, `dir - name/`, `link - name -> target`.
fn line(text: &mut String, directory: &Located, name: &Path) {
    let shown = reveal(&name.to_string_lossy());
    let status = Status::at(&directory.fd, name).ok();
    let kind = status.map_or(FileKind::Unknown, |status| status.kind);
    let (word, size, after) = match kind {
        FileKind::Regular => {
            let size = status.map_or(0, |status| status.size);
            ("file", size.to_string(), String::new())
        }
        FileKind::Directory => ("dir", "-".into(), "/".into()),
        FileKind::Link => {
            let target = readlinkat(directory.fd.as_fd(), name, Vec::new()).unwrap_or_default();
            let target = reveal(&String::from_utf8_lossy(target.as_bytes()));
            ("link", "-".into(), format!(" -> {target}"))
        }
        FileKind::Fifo => ("pipe", "-".into(), String::new()),
        FileKind::Socket => ("socket", "-".into(), String::new()),
        FileKind::CharacterDevice | FileKind::BlockDevice => ("device", "-".into(), String::new()),
        FileKind::New | FileKind::Unknown => ("?", "-".into(), String::new()),
    };
    text.push_str(&format!("{word:<6} {size:>12}  {shown}{after}\n"));
}
