//! Lines of a file, shown within bounds.

use std::fs::File;
use std::io::{BufRead, BufReader};

use palisade_core::{FileFault, FileShown};
use palisade_guards::content::reveal;

use crate::fault::io_fault;
use crate::ground::Limits;
use crate::lines::{BOM, cut, must_be_text, not_utf8};

/// So many bytes of one line are shown.
const LINE: usize = 16 * 1024;

/// Which lines, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) from: u64,
    pub(crate) lines: Option<u64>,
    pub(crate) numbered: bool,
}

/// One line as it is read.
struct Line {
    /// Its beginning, with its end where it is not cut.
    bytes: Vec<u8>,
    /// How long it is.
    length: u64,
}

pub(crate) fn show(
    file: File,
    size: u64,
    path: &str,
    wanted: Wanted,
    limits: &Limits,
) -> Result<FileShown, FileFault> {
    let mut reader = BufReader::with_capacity(64 * 1024, file);
    let wrong = |error| io_fault("read", path, &error);
    let begin = reader.fill_buf().map_err(wrong)?;
    must_be_text(begin.get(..8192).unwrap_or(begin), "read", path, size)?;
    if begin.is_empty() {
        return Ok(FileShown { notes: vec!["the file is empty".into()], ..FileShown::default() });
    }
    let from = wanted.from.max(1);
    let mut passed = 0;
    for number in 1..from {
        let line = next(&mut reader, 0).map_err(wrong)?;
        passed += line.length;
        if line.length == 0 {
            let count = number - 1;
            return Err(FileFault::new(format!("`{}` has {count} lines only", reveal(path))));
        }
        if passed > limits.passed {
            return Err(FileFault::new(format!(
                "line {from} of `{}` is more than {} bytes away",
                reveal(path),
                limits.passed
            ))
            .help("search for what is wanted"));
        }
    }
    collect(&mut reader, from, size, path, wanted, limits)
}

fn collect(
    reader: &mut impl BufRead,
    from: u64,
    size: u64,
    path: &str,
    wanted: Wanted,
    limits: &Limits,
) -> Result<FileShown, FileFault> {
    let most = wanted.lines.unwrap_or(limits.lines).min(limits.lines);
    let mut shown = FileShown::default();
    let mut lines: Vec<String> = Vec::new();
    let (mut bytes, mut number) = (0, from);
    loop {
        let line = next(reader, LINE).map_err(|error| io_fault("read", path, &error))?;
        if line.length == 0 {
            break;
        }
        if number - from == most || bytes + line.bytes.len() > limits.shown && !lines.is_empty() {
            shown.more = true;
            break;
        }
        must_be_text(&line.bytes, "read", path, size)?;
        let whole = line.bytes.len() as u64 == line.length;
        let mut text = match std::str::from_utf8(&line.bytes) {
            Ok(text) => text.to_owned(),
            // Cut within a letter.
            Err(error) if !whole && error.error_len().is_none() => {
                String::from_utf8_lossy(line.bytes.get(..error.valid_up_to()).unwrap_or(b""))
                    .into_owned()
            }
            Err(error) => {
                let byte = line.bytes.get(error.valid_up_to()).copied();
                return Err(not_utf8("read", path, number, byte));
            }
        };
        if !whole {
            shown.notes.push(format!("line {number} has {} bytes and is cut", line.length));
            text.push('\n');
        }
        bytes += text.len();
        lines.push(text);
        number += 1;
    }
    if lines.is_empty() {
        let count = from - 1;
        return Err(FileFault::new(format!("`{}` has {count} lines only", reveal(path))));
    }
    if from == 1
        && let Some(first) = lines.first_mut()
        && let Some(rest) = first.strip_prefix(BOM)
    {
        *first = rest.to_owned();
        shown.notes.push("the file begins with a byte order mark, which an edit keeps".into());
    }
    let windows = lines.iter().all(|line| line.ends_with("\r\n") || !line.ends_with('\n'))
        && lines.iter().any(|line| line.ends_with("\r\n"));
    if windows {
        shown.notes.push("its lines end with CRLF, which an edit keeps".into());
    }
    for (number, line) in (from..).zip(&lines) {
        if wanted.numbered {
            shown.text.push_str(&format!("{number:>6}\t"));
        }
        match line.strip_suffix("\r\n").filter(|_| windows) {
            Some(line) => {
                shown.text.push_str(line);
                shown.text.push('\n');
            }
            None => shown.text.push_str(line),
        }
    }
    if shown.more {
        let last = from + lines.len() as u64 - 1;
        shown.notes.push(format!("lines {from} to {last} are shown of a file of {size} bytes"));
    } else if !shown.text.ends_with('\n') {
        shown.notes.push("the last line has no line feed at its end".into());
    }
    shown.text.truncate(cut(&shown.text, limits.shown.saturating_mul(2)).len());
    Ok(shown)
}

/// The next line with its end, of which the first `keep` bytes are kept. Empty
/// at the end of the file.
fn next(reader: &mut impl BufRead, keep: usize) -> std::io::Result<Line> {
    let mut line = Line { bytes: Vec::new(), length: 0 };
    loop {
        let chunk = match reader.fill_buf() {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if chunk.is_empty() {
            return Ok(line);
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(chunk.len(), |at| at + 1);
        let room = keep.saturating_sub(line.bytes.len()).min(used);
        line.bytes.extend_from_slice(chunk.get(..room).unwrap_or(b""));
        line.length += used as u64;
        reader.consume(used);
        // One line without end is not gone through for ever.
        if end.is_some() || line.length > ENDLESS {
            return Ok(line);
        }
    }
}

/// A line longer than this counts as several.
const ENDLESS: u64 = 64 << 20;
