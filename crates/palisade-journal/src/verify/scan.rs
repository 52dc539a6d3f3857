//! Reading segments: every record once, hashed, with its links.

use super::report::*;
use super::threads;
use crate::error::{Error, Result};
use crate::layout::{Layout, edge_leaves, header_chain, segment_first, tile_hashes, tile_path};
use crate::record::{Chain, Entry, Note, chain_of, decode, follows, seq_of};
use crate::secret_file::{open_existing, read_small};
use crate::tree::{Hash, TILE, leaf};
use std::fs;
use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What one segment holds.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) first: u64,
    pub(super) opened: bool,
    pub(super) header: Option<Chain>,
    pub(super) leaves: Vec<Hash>,
    /// The chain value of the last record.
    pub(super) last: Chain,
    /// The first thing wrong with the lines themselves.
    pub(super) bad: Option<(u64, String)>,
    /// Bytes after the last newline.
    pub(super) torn: u64,
    /// What the journal says of itself, each with its record.
    pub(super) notes: Vec<(u64, Note)>,
}

impl Scan {
    /// Whether there is not even one whole line.
    pub(super) fn is_cut(&self) -> bool {
        self.opened && self.torn < 96 && self.leaves.is_empty()
    }

    pub(super) fn end(&self) -> u64 {
        self.first.saturating_add(self.leaves.len() as u64)
    }
}

pub(super) fn scan_all(layout: &Layout, signed: u64, report: &mut Report) -> Result<Vec<Scan>> {
    let mut firsts = Vec::new();
    let log = layout.log();
    match fs::read_dir(&log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Error::io("read", &log)(error)),
        Ok(entries) => {
            for entry in entries {
                let name = entry.map_err(Error::io("read", &log))?.file_name();
                let name = name.to_string_lossy();
                match segment_first(&name) {
                    Some(first) => firsts.push(first),
                    None if is_temporary(&name) => {}
                    None => report.altered(Place::File(format!("log/{name}")), "it is no segment"),
                }
            }
        }
    }
    firsts.sort_unstable();
    let scans = in_parallel(&firsts, firsts.last().copied().unwrap_or(0), |first| {
        scan(layout, *first, signed)
    });
    Ok(scans)
}

/// Files that a crash may leave beside a state file.
pub(super) fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".tmp")
}

pub(super) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    records: u64,
    each: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    // A thread costs as much as some thousand records.
    let threads = if records < 20_000 { 1 } else { threads().min(items.len()) };
    if threads < 2 {
        return items.iter().map(each).collect();
    }
    let next = AtomicUsize::new(0);
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let work = || {
            let mut done = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                match items.get(at) {
                    Some(item) => done.push((at, each(item))),
                    None => return done,
                }
            }
        };
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        all.extend(others.into_iter().flat_map(|other| other.join().unwrap_or_default()));
        all
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Longer lines are no records.
pub(super) const LONGEST: usize = 1 << 17;

/// Reads a segment: the leaf of every line, and the links between the records
/// from `linked` on.
pub(super) fn scan(layout: &Layout, first: u64, linked: u64) -> Scan {
    let path = layout.segment(first);
    let mut scan = Scan { first, ..Scan::default() };
    let mut file = match open_existing(&path, false) {
        Ok(file) => file,
        Err(error) => {
            scan.bad = Some((first, format!("its segment cannot be opened: {error}")));
            return scan;
        }
    };
    scan.opened = true;
    let mut buffer = vec![0; 1 << 18];
    let mut filled = 0;
    loop {
        let read = match buffer.get_mut(filled..).map(|free| file.read(free)) {
            Some(Ok(0)) | None => break,
            Some(Ok(read)) => read,
            Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => continue,
            Some(Err(error)) => {
                let at = scan.end();
                scan.bad.get_or_insert((at, format!("its segment cannot be read: {error}")));
                break;
            }
        };
        filled += read;
        let bytes = buffer.get(..filled).unwrap_or_default();
        let used = scan.lines(bytes, linked);
        buffer.copy_within(used..filled, 0);
        filled -= used;
        if filled > LONGEST {
            let at = scan.end();
            scan.bad.get_or_insert((at, "a line is longer than any record".into()));
            filled = 0;
            break;
        }
    }
    scan.torn = filled as u64;
    if scan.header.is_none() {
        scan.bad = Some((first, "its segment does not begin as one".into()));
    }
    scan
}

impl Scan {
    /// Takes in all whole lines and says how many bytes they were.
    pub(super) fn lines(&mut self, bytes: &[u8], linked: u64) -> usize {
        let mut used = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            let line = bytes.get(used..end).unwrap_or_default();
            used = end + 1;
            if self.header.is_none() {
                if let Some(chain) = header_chain(line, self.first) {
                    (self.header, self.last) = (Some(chain), chain);
                    continue;
                }
                // Not the first line it should be; the rest is read as it is.
                self.header = Some(Chain::default());
                self.bad = Some((self.first, "its segment does not begin as one".into()));
                if seq_of(line).is_none() {
                    continue;
                }
            }
            self.line(line, linked);
        }
        used
    }

    pub(super) fn line(&mut self, line: &[u8], linked: u64) {
        let seq = self.end();
        if self.bad.is_none() {
            if seq_of(line) != Some(seq) {
                let what = match seq_of(line) {
                    Some(other) => format!("in its place stands record {other}"),
                    None => "in its place stands something that is no record".into(),
                };
                self.bad = Some((seq, what));
            } else if seq >= linked && !follows(line, &self.last) {
                self.bad = Some((
                    seq,
                    "it is not as it was written, or does not follow the record before".into(),
                ));
            }
        }
        if let Some(chain) = chain_of(line) {
            self.last = chain;
        }
        // Notes are few: which records may rightly be missing, and what was not
        // as it should be when a writer came.
        let beginning = line.get(..96).unwrap_or(line);
        if memchr::memmem::find(beginning, b"\"kind\":\"note\"").is_some()
            && let Ok(record) = decode(line)
            && let Entry::Note(note) = record.entry
        {
            self.notes.push((seq, note));
        }
        self.leaves.push(leaf(line));
    }
}

/// All leaves in order; those of pruned and lost records from the tiles.
pub(super) fn assemble(layout: &Layout, scans: &[Scan], report: &mut Report) -> Vec<Hash> {
    let mut leaves: Vec<Hash> = Vec::new();
    let mut chain = Chain::default();
    report.first = scans.first().map_or(0, |scan| scan.first);
    for (index, scan) in scans.iter().enumerate() {
        let end = leaves.len() as u64;
        if scan.header.is_none() && index + 1 == scans.len() && scan.first == end && scan.is_cut() {
            let what = "its segment has no first line yet, as a power loss leaves it";
            report.add(Condition::Unsigned, Place::Record(end), what);
            continue;
        }
        let told = |what: &str| {
            scans.iter().flat_map(|scan| &scan.notes).any(|(_, note)| {
                note.what == what
                    && note.from.is_some_and(|from| from <= end)
                    && note.to.is_some_and(|to| to >= scan.first)
            })
        };
        if scan.first < end {
            report.altered(Place::Record(scan.first), "a second segment claims it");
            continue;
        }
        let missing = scan.first > end;
        if missing {
            let gap = || format!("it and the following ones up to {} are missing", scan.first - 1);
            if index == 0 && told("pruned") {
                // Pruned, and a record says so.
            } else if index > 0 && told("lost") {
                report.add(
                    Condition::Truncated,
                    Place::Record(end),
                    format!("{}: lost, as a later record says", gap()),
                );
            } else {
                report.altered(Place::Record(end), gap());
            }
            if !fill(layout, &mut leaves, scan.first) {
                report.altered(
                    Place::Record(leaves.len() as u64),
                    "not even its hash is there any more",
                );
                // Nothing behind the hole can be placed in the tree.
                break;
            }
        }
        if let Some((seq, what)) = &scan.bad {
            report.altered(Place::Record(*seq), what.clone());
        } else if scan.header != Some(chain) && !(missing && index == 0) {
            report
                .altered(Place::Record(scan.first), "its segment does not continue the one before");
        }
        if scan.torn > 0 {
            let at = Place::Record(scan.end());
            if index + 1 < scans.len() {
                report.altered(at, "its segment ends within it");
            } else if scan.end() >= report.signed {
                report.add(
                    Condition::Unsigned,
                    at,
                    format!("{} bytes of an incomplete record, as a crash leaves them", scan.torn),
                );
            }
        }
        chain = scan.last;
        leaves.extend_from_slice(&scan.leaves);
    }
    leaves
}

/// What records say was not as it should be: damage that was signed over stays
/// damage, and what could be mended is told.
pub(super) fn told(scans: &[Scan], report: &mut Report) {
    for (seq, note) in scans.iter().flat_map(|scan| &scan.notes) {
        match (note.what.as_str(), note.from, note.to) {
            ("altered", Some(from), Some(to)) => {
                let last = to.saturating_sub(1);
                let what = format!(
                    "it, or one of the following up to {last}, was not as it was signed, as record {seq} says"
                );
                report.altered(Place::Record(from), what);
            }
            ("repaired", ..) => report.repairs.push((*seq, note.body.clone())),
            _ => {}
        }
    }
}

/// Adds leaves from the tiles up to record `to`.
pub(super) fn fill(layout: &Layout, leaves: &mut Vec<Hash>, to: u64) -> bool {
    while (leaves.len() as u64) < to {
        let index = leaves.len() as u64 / TILE as u64;
        let within = leaves.len() % TILE;
        let Some(hashes) = widest_tile(layout, index) else { return false };
        let wanted = usize::try_from(to - index * TILE as u64).unwrap_or(TILE).min(TILE);
        match hashes.get(within..wanted.min(hashes.len())) {
            Some(more) if !more.is_empty() => leaves.extend_from_slice(more),
            _ => return false,
        }
    }
    true
}

pub(super) fn widest_tile(layout: &Layout, index: u64) -> Option<Vec<Hash>> {
    if let Ok(bytes) = read_small(&layout.tile(0, index, TILE)) {
        return tile_hashes(&bytes).filter(|hashes| hashes.len() == TILE);
    }
    let partials = layout.dir.join(format!("{}.p", tile_path(0, index, TILE)));
    let entries = fs::read_dir(partials).into_iter().flatten();
    let widths = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let width = widths.filter(|width: &usize| *width < TILE).max();
    let partial = width.and_then(|width| {
        let bytes = read_small(&layout.tile(0, index, width)).ok()?;
        tile_hashes(&bytes).filter(|hashes| hashes.len() == width)
    });
    let edge = edge_leaves(layout, index.checked_mul(TILE as u64)?);
    partial.into_iter().chain(edge).max_by_key(Vec::len)
}
