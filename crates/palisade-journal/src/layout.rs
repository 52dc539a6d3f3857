//! What lies where in a journal's directory.
//!
//! ```text
//! journal/
//!   log/00000000000000000000.ndjson   segments, named by their first record
//!   tile/0/000  tile/1/000.p/3 ...    the tree, as C2SP tlog-tiles
//!   edge/00000000000000000256         hashes of the records after the last full tile
//!   checkpoint                        the latest signed head, a C2SP note
//!   history/00000000000000000256      earlier and cosigned heads, by size
//!   key.pub                           the public key
//!   lock  synced                      for writers; no part of the evidence
//! ```
//!
//! A segment begins with a line that says which record is its first and the
//! chain value before it; then one line a record.
//!
//! The edge only grows, by 32 bytes a record, and becomes a tile when there are
//! 256 of them. A partial tile says the same of one head; it is written where a
//! person asks for a head, since others may want a proof under that one.

use crate::error::{Error, Result};
use crate::record::{Chain, MAX_RECORD, chain_of, follows, seq_of};
use crate::secret_file::{open_existing, private_directory, read_small, write_state};
use crate::tree::{Edge, FullTile, Hash, TILE, shifted};
use data_encoding::HEXLOWER;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The places in one journal directory.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The directory itself.
    pub dir: PathBuf,
}

impl Layout {
    /// The places under `dir`.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Where the segments are.
    pub fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// The segment whose first record is `first`.
    pub fn segment(&self, first: u64) -> PathBuf {
        self.log().join(format!("{first:020}.ndjson"))
    }

    /// The latest signed head.
    pub fn checkpoint(&self) -> PathBuf {
        self.dir.join("checkpoint")
    }

    /// The public key.
    pub fn public_key(&self) -> PathBuf {
        self.dir.join("key.pub")
    }

    /// Where earlier and cosigned heads are.
    pub fn history(&self) -> PathBuf {
        self.dir.join("history")
    }

    /// The kept head that covers `size` records.
    pub fn kept(&self, size: u64) -> PathBuf {
        self.history().join(format!("{size:020}"))
    }

    /// The hashes from record `first` on that are not in a full tile yet.
    pub fn edge(&self, first: u64) -> PathBuf {
        self.edges().join(format!("{first:020}"))
    }

    /// Where they are.
    pub fn edges(&self) -> PathBuf {
        self.dir.join("edge")
    }

    /// A tile of the tree.
    pub fn tile(&self, level: u32, index: u64, width: usize) -> PathBuf {
        self.dir.join(tile_path(level, index, width))
    }

    /// The first records of all segments, in order.
    ///
    /// # Errors
    /// What the system refused.
    pub fn segments(&self) -> Result<Vec<u64>> {
        let log = self.log();
        let entries = match fs::read_dir(&log) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io("read", &log)(error)),
        };
        let mut firsts = Vec::new();
        for entry in entries {
            let entry = entry.map_err(Error::io("read", &log))?;
            firsts.extend(entry.file_name().to_str().and_then(segment_first));
        }
        firsts.sort_unstable();
        Ok(firsts)
    }
}

/// The first record that a segment's file name states.
pub fn segment_first(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".ndjson")?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

/// `tile/<L>/<N>[.p/<W>]`.
pub fn tile_path(level: u32, index: u64, width: usize) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width < TILE {
        format!("tile/{level}/{path}.p/{width}")
    } else {
        format!("tile/{level}/{path}")
    }
}

/// The reverse of [`tile_path`], from the part after `tile/`.
pub fn parse_tile_path(path: &str) -> Option<(u32, u64, usize)> {
    let (level, rest) = path.split_once('/')?;
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => {
            (number, width.parse().ok().filter(|width| (1..TILE).contains(width))?)
        }
        None => (rest, TILE),
    };
    let mut index = 0_u64;
    for part in number.split('/') {
        let digits = part.strip_prefix('x').unwrap_or(part);
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    let parsed = (level.parse().ok()?, index, width);
    (tile_path(parsed.0, parsed.1, parsed.2) == format!("tile/{path}")).then_some(parsed)
}

/// The hashes in a tile's bytes.
pub fn tile_hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| hashes.to_vec())
}

/// The first record of an edge that its file name states.
pub fn edge_first(name: &str) -> Option<u64> {
    let digits = name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_digit());
    name.parse().ok().filter(|first: &u64| digits && first.is_multiple_of(TILE as u64))
}

/// The right edge of a tree as it was found.
#[derive(Debug)]
pub struct Found {
    /// The edge; its root is the one that was asked for.
    pub edge: Edge,
    /// Whether nobody began to write down a larger tree.
    pub settled: bool,
    /// Whether a larger tree was written down: by a crash before its head was
    /// written, or the head is not the last one.
    pub older: bool,
    /// Whether the edge's own file is not that of this tree, and the tiles are.
    pub mended: bool,
}

/// The right edge of the tree of `size` records with this `root`; `None` where
/// neither the edge's own file nor the tiles have it.
pub fn edge(layout: &Layout, size: u64, root: &Hash) -> Option<Found> {
    let (index, width) = (size / TILE as u64, (size % TILE as u64) as usize);
    let above = (1..8).map_while(|level| match shifted(size, 8 * level) {
        0 => None,
        count => Some(partial(layout, level, count / 256, (count % 256) as usize)),
    });
    let above = above.collect::<Option<Vec<_>>>()?;
    let with = |leaves: Vec<Hash>| {
        let lowest = if size == 0 { Vec::new() } else { vec![leaves] };
        let edge = Edge::from_tiles(size, [lowest, above.clone()].concat())?;
        (edge.root() == *root).then_some(edge)
    };
    // A tile that the tree of this size has not filled.
    let full = layout.tile(0, index, TILE).exists();
    let mut mended = false;
    if let Some(mut leaves) = edge_leaves(layout, index * TILE as u64) {
        let settled = leaves.len() == width && !full;
        let older = leaves.len() > width || full;
        leaves.truncate(width);
        if let Some(edge) = with(leaves) {
            return Some(Found { edge, settled, older, mended });
        }
        mended = true;
    }
    let edge = with(partial(layout, 0, index, width)?)?;
    Some(Found { edge, settled: false, older: full, mended })
}

/// The whole hashes in the edge's file.
pub fn edge_leaves(layout: &Layout, first: u64) -> Option<Vec<Hash>> {
    let bytes = read_small(&layout.edge(first)).ok()?;
    Some(bytes.as_chunks::<32>().0.to_vec())
}

/// Removes partial tiles that are wider than the signed tree: a crash between
/// tiles and head left them, and what they cover may since have been written
/// anew.
pub fn remove_unsigned_tiles(layout: &Layout, edge: &Edge) -> Result<()> {
    for (level, index, hashes) in edge.tiles() {
        let partials = layout.dir.join(format!("{}.p", tile_path(level, index, TILE)));
        let Ok(entries) = fs::read_dir(&partials) else { continue };
        for entry in entries.flatten() {
            let width = entry.file_name().to_str().and_then(|name| name.parse::<usize>().ok());
            if width.is_some_and(|width| width > hashes.len()) {
                fs::remove_file(entry.path()).map_err(Error::io("remove", &entry.path()))?;
            }
        }
    }
    Ok(())
}

/// The first `width` hashes of a tile, from the full tile where there is one.
fn partial(layout: &Layout, level: u32, index: u64, width: usize) -> Option<Vec<Hash>> {
    if width == 0 {
        return Some(Vec::new());
    }
    let bytes = read_small(&layout.tile(level, index, width))
        .or_else(|_| read_small(&layout.tile(level, index, TILE)))
        .ok()?;
    let mut hashes = tile_hashes(&bytes)?;
    hashes.truncate(width);
    (hashes.len() == width).then_some(hashes)
}

/// Writes down the tree of `edge`, of which that of the first `from` records
/// is written already; `full` are the tiles that became full since. Only then
/// may a head of it be signed.
///
/// The edge is changed before the partial tiles above it, so that a crash in
/// between leaves one that is not settled.
pub fn write_tree(layout: &Layout, from: u64, full: &[FullTile], edge: &Edge) -> Result<()> {
    for tile in full {
        write_tile(layout, tile.level, tile.index, &tile.hashes)?;
        let partials = layout.dir.join(format!("{}.p", tile_path(tile.level, tile.index, TILE)));
        if let Err(error) = fs::remove_dir_all(&partials)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(Error::io("remove", &partials)(error));
        }
    }
    if full.is_empty() {
        return write_edge(layout, from, edge);
    }
    forget_edges(layout, edge.size())?;
    write_edge(layout, from, edge)?;
    write_partials(layout, edge, 1)
}

/// The partial tiles of the levels from `lowest` up.
pub fn write_partials(layout: &Layout, edge: &Edge, lowest: u32) -> Result<()> {
    let tiles = edge.tiles().filter(|(level, _, hashes)| *level >= lowest && !hashes.is_empty());
    for (level, index, hashes) in tiles {
        write_tile(layout, level, index, hashes)?;
    }
    Ok(())
}

fn write_edge(layout: &Layout, from: u64, edge: &Edge) -> Result<()> {
    let Some((_, index, leaves)) = edge.tiles().next().filter(|(.., all)| !all.is_empty()) else {
        return Ok(());
    };
    let first = index * TILE as u64;
    let path = layout.edge(first);
    // What is there already is not written again, where it ends as it should.
    let known = usize::try_from(from.saturating_sub(first)).unwrap_or(TILE);
    if known > 0
        && let Some(more) = leaves.get(known..)
        && let Ok(mut file) = open_existing(&path, true)
        && file.metadata().is_ok_and(|there| there.len() == 32 * known as u64)
    {
        return file.write_all(more.as_flattened()).map_err(Error::io("write to", &path));
    }
    private_directory(&layout.edges())?;
    write_state(&path, leaves.as_flattened())
}

/// Removes the edges whose tile is full in the tree of `size` records.
fn forget_edges(layout: &Layout, size: u64) -> Result<()> {
    let Ok(entries) = fs::read_dir(layout.edges()) else { return Ok(()) };
    for entry in entries.flatten() {
        let first = entry.file_name().to_str().and_then(edge_first);
        if first.is_some_and(|first| first / (TILE as u64) < size / TILE as u64) {
            fs::remove_file(entry.path()).map_err(Error::io("remove", &entry.path()))?;
        }
    }
    Ok(())
}

fn write_tile(layout: &Layout, level: u32, index: u64, hashes: &[Hash]) -> Result<()> {
    let path = layout.tile(level, index, hashes.len());
    let bytes = hashes.as_flattened();
    // Most appends change level 0 only; a partial tile never changes.
    if fs::metadata(&path).is_ok_and(|there| there.len() == bytes.len() as u64)
        && read_small(&path).is_ok_and(|there| there == bytes)
    {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        private_directory(parent)?;
    }
    write_state(&path, bytes)
}

/// The first line of a segment, newline included.
pub fn header(first: u64, chain: &Chain) -> String {
    format!(
        "{{\"palisade-journal\":1,\"first\":{first},\"chain\":\"{}\"}}\n",
        HEXLOWER.encode(chain)
    )
}

/// The chain value that a segment's first line states, where that line is
/// exactly what a writer would have written for `first`.
pub fn header_chain(line: &[u8], first: u64) -> Option<Chain> {
    let chain = chain_of(line)?;
    let expected = header(first, &chain);
    (expected.strip_suffix('\n')?.as_bytes() == line).then_some(chain)
}

/// The end of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The place after the last whole record.
    pub next: u64,
    /// The chain value of the last whole record.
    pub chain: Chain,
    /// Bytes up to the end of the last whole record.
    pub whole: u64,
    /// Whether only the last newline is missing.
    pub unterminated: bool,
}

/// Finds the end of a segment of `len` bytes from its last two lines; `None`
/// where not even its first line is whole.
///
/// # Errors
/// Where the last whole line is not the record that belongs there.
pub fn end(file: &mut File, path: &Path, first: u64, len: u64) -> Result<Option<End>> {
    let mut window = 4096_u64;
    loop {
        let from = len.saturating_sub(window);
        let bytes = read_range(file, from, len).map_err(Error::io("read", path))?;
        if let Some(found) = end_in(&bytes, from, first) {
            return found.map_err(|what| Error::damaged(format!("{what} in `{}`", path.display())));
        }
        if from == 0 {
            return Ok(None);
        }
        if window > 4 * MAX_RECORD as u64 {
            return Err(Error::damaged(format!(
                "no line ends where one should in `{}`",
                path.display()
            )));
        }
        window *= 4;
    }
}

/// `None` where `bytes` (from offset `from` to the end) are too few to say.
fn end_in(bytes: &[u8], from: u64, first: u64) -> Option<std::result::Result<Option<End>, String>> {
    let last_newline = memchr::memrchr(b'\n', bytes)?;
    let (lines, rest) = bytes.split_at_checked(last_newline + 1)?;
    let body = lines.get(..last_newline)?;
    let whole = from + lines.len() as u64;
    let (before, last) = match memchr::memrchr(b'\n', body) {
        Some(at) => {
            let (head, last) = body.split_at_checked(at + 1)?;
            let head = head.get(..at)?;
            let start = memchr::memrchr(b'\n', head).map_or(0, |at| at + 1);
            if start == 0 && from > 0 {
                return None;
            }
            (head.get(start..), last)
        }
        None if from > 0 => return None,
        None => (None, body),
    };
    let (next, chain) = match before {
        // Only the first line is whole.
        None => match header_chain(last, first) {
            Some(chain) => (first, chain),
            None => return Some(Err("a first line that is none".into())),
        },
        Some(before) => {
            let linked = seq_of(last).zip(chain_of(before)).zip(chain_of(last));
            match linked.filter(|((_, before), _)| follows(last, before)) {
                Some(((seq, _), chain)) => (seq.saturating_add(1), chain),
                None => {
                    return Some(Err("a last record that does not follow the one before".into()));
                }
            }
        }
    };
    let unterminated = !rest.is_empty() && seq_of(rest) == Some(next) && follows(rest, &chain);
    if unterminated {
        let chain = chain_of(rest).unwrap_or_default();
        let whole = whole + rest.len() as u64;
        return Some(Ok(Some(End { next: next.saturating_add(1), chain, whole, unterminated })));
    }
    Some(Ok(Some(End { next, chain, whole, unterminated })))
}

fn read_range(file: &mut File, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let wanted = to.saturating_sub(from);
    let mut bytes = Vec::with_capacity(usize::try_from(wanted).unwrap_or_default());
    file.seek(SeekFrom::Start(from))?;
    Read::by_ref(file).take(wanted).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The leaves of the records `from..to`, read backwards from the end.
///
/// # Errors
/// Where one of them cannot be read or does not stand where it belongs.
pub fn leaves(layout: &Layout, from: u64, to: u64) -> Result<Vec<Hash>> {
    let mut found = Vec::new();
    let mut upto = to;
    for first in layout.segments()?.into_iter().rev().filter(|first| *first < to) {
        if upto <= from {
            break;
        }
        let path = layout.segment(first);
        let mut file = open_existing(&path, false).map_err(Error::io("read", &path))?;
        let len = file.metadata().map_err(Error::io("read", &path))?.len();
        // Read backwards in growing windows until the first wanted line is in.
        let wanted = from.max(first);
        let mut window = (upto - wanted).saturating_mul(1024).saturating_add(4096);
        let mut part = loop {
            let start = len.saturating_sub(window);
            let bytes = read_range(&mut file, start, len).map_err(Error::io("read", &path))?;
            if let Some(part) = leaves_in(&bytes, wanted, upto) {
                break part;
            }
            if start == 0 {
                return Err(Error::damaged(format!(
                    "record {wanted} is not where it belongs in `{}`",
                    path.display()
                )));
            }
            window = window.saturating_mul(4);
        };
        part.append(&mut found);
        found = part;
        upto = wanted;
    }
    if found.len() as u64 == to.saturating_sub(from) {
        Ok(found)
    } else {
        Err(Error::damaged(format!("records from {from} on are missing")))
    }
}

/// The leaves of `from..to` in these lines; `None` where they are not all in.
fn leaves_in(bytes: &[u8], from: u64, to: u64) -> Option<Vec<Hash>> {
    // The first is a part of a line, or the segment's first line.
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').skip(1);
    let mut expected = from;
    let mut found = Vec::new();
    for line in lines {
        let Some(line) = line.strip_suffix(b"\n") else { break };
        let Some(seq) = seq_of(line) else { continue };
        if seq == expected && seq < to {
            found.push(crate::tree::leaf(line));
            expected += 1;
        } else if seq >= from {
            break;
        }
    }
    (expected == to).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tile_paths_there_and_back() {
        for (tile, path) in [
            ((0, 0, 256), "tile/0/000"),
            ((0, 5, 17), "tile/0/005.p/17"),
            ((2, 1_234_067, 256), "tile/2/x001/x234/067"),
            ((63, 1000, 1), "tile/63/x001/000.p/1"),
        ] {
            assert_eq!(tile_path(tile.0, tile.1, tile.2), path);
            assert_eq!(parse_tile_path(&path[5..]), Some(tile));
        }
        for wrong in [
            "0/1",
            "0/0001",
            "00/001",
            "0/001.p/0",
            "0/001.p/256",
            "0/x000/001",
            "0/001.p/07",
            "0/x001",
            "0",
            "../000",
        ] {
            assert_eq!(parse_tile_path(wrong), None, "{wrong}");
        }
    }
}
