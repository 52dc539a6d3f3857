//! Reading records back, while others may be writing.

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::record::{Record, decode, seq_of};
use crate::secret_file::open_existing;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Longer lines are no records; reading stops there and says so.
const MAX_LINE: u64 = 1 << 20;

/// All records that the journal at `dir` holds, in order.
///
/// # Errors
/// Where the segments cannot be listed.
pub fn records(dir: &Path) -> Result<Records> {
    records_from(dir, 0)
}

/// The records from `seq` on.
///
/// # Errors
/// Where the segments cannot be listed.
pub fn records_from(dir: &Path, seq: u64) -> Result<Records> {
    Ok(Records(lines_from(dir, seq)?))
}

/// The stored lines from record `seq` on, without newline, byte for byte.
///
/// # Errors
/// Where the segments cannot be listed.
pub fn lines_from(dir: &Path, seq: u64) -> Result<Lines> {
    let layout = Layout::new(dir);
    let mut segments = layout.segments()?;
    let start = segments.partition_point(|first| *first <= seq).saturating_sub(1);
    segments.drain(..start.min(segments.len()));
    segments.reverse();
    Ok(Lines { layout, segments, open: None, from: seq })
}

/// The last `count` records.
///
/// # Errors
/// Where a segment cannot be read or holds something else.
pub fn last(dir: &Path, count: usize) -> Result<Vec<Record>> {
    let segments = Layout::new(dir).segments()?;
    let mut found: std::collections::VecDeque<Record> = std::collections::VecDeque::new();
    // Back one segment at a time until there are enough.
    for first in segments.iter().rev() {
        found.clear();
        for record in records_from(dir, *first)? {
            found.push_back(record?);
            if found.len() > count {
                found.pop_front();
            }
        }
        if found.len() >= count {
            break;
        }
    }
    Ok(found.into())
}

/// The record at `seq`.
///
/// # Errors
/// Where there is none, or it cannot be read.
pub fn one(dir: &Path, seq: u64) -> Result<(Record, Vec<u8>)> {
    if let Some(line) = lines_from(dir, seq)?.next().transpose()?
        && seq_of(&line) == Some(seq)
    {
        return Ok((decode(&line)?, line));
    }
    let first = Layout::new(dir).segments()?.first().copied().unwrap_or(0);
    Err(Error::Missing(if seq < first {
        format!("record {seq} was pruned; the journal begins with record {first}")
    } else {
        format!("there is no record {seq}")
    }))
}

/// Stored lines, one after the other.
#[derive(Debug)]
pub struct Lines {
    layout: Layout,
    /// The segments to come, last one first.
    segments: Vec<u64>,
    open: Option<BufReader<File>>,
    from: u64,
}

impl Lines {
    fn step(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            let Some(reader) = &mut self.open else {
                let Some(first) = self.segments.pop() else { return Ok(None) };
                let path = self.layout.segment(first);
                let file = open_existing(&path, false).map_err(Error::io("read", &path))?;
                let mut reader = BufReader::with_capacity(1 << 16, file);
                read_line(&mut reader)?;
                self.open = Some(reader);
                continue;
            };
            match read_line(reader)? {
                None => self.open = None,
                Some(line) => match seq_of(&line) {
                    Some(seq) if seq < self.from => {}
                    _ => return Ok(Some(line)),
                },
            }
        }
    }
}

/// A whole line; a beginning without its end is left to its writer.
fn read_line(reader: &mut BufReader<File>) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    reader
        .by_ref()
        .take(MAX_LINE)
        .read_until(b'\n', &mut line)
        .map_err(|error| Error::damaged(format!("a segment cannot be read: {error}")))?;
    if line.len() as u64 >= MAX_LINE {
        return Err(Error::damaged("a line is longer than any record"));
    }
    Ok((line.pop() == Some(b'\n')).then_some(line))
}

impl Iterator for Lines {
    type Item = Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            // One error, then the end.
            self.segments.clear();
            self.open = None;
        }
        step.transpose()
    }
}

/// Records, one after the other.
#[derive(Debug)]
pub struct Records(Lines);

impl Iterator for Records {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|line| line.and_then(|line| decode(&line)))
    }
}
