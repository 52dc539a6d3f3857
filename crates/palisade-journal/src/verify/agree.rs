//! Whether heads, tiles and records speak of one tree, and where they part.

use super::report::*;
use super::scan::*;
use super::{look_for_witnesses, signed_head, threads};
use crate::error::{Error, Result};
use crate::layout::{Layout, edge_first, edge_leaves, parse_tile_path, tile_hashes, tile_path};
use crate::note::Checkpoint;
use crate::secret_file::read_small;
use crate::tree::{Hash, TILE, Tree, shifted};
use std::fs;
use std::io::{self};
use std::path::Path;

/// Compares the records with the signed head; says whether every signed record
/// there is is as it was.
pub(super) fn check_head(layout: &Layout, scans: &[Scan], report: &mut Report) -> Result<bool> {
    let Some((head, _)) = report.head.clone() else {
        if report.records > report.first
            && !report.findings.iter().any(|f| f.condition == Condition::Altered)
        {
            report.add(Condition::Unsigned, Place::Record(report.first), "no record is signed");
        }
        return Ok(false);
    };
    let altered = report.findings.iter().any(|finding| {
        finding.condition == Condition::Altered && matches!(finding.place, Place::Record(_))
    });
    if head.size > report.records {
        if !altered {
            let last = head.size - 1;
            let what = format!("it and the following ones up to {last} are signed and missing");
            report.add(Condition::Truncated, Place::Record(report.records), what);
        }
        locate(layout, scans, &head, report)?;
        return Ok(false);
    }
    if report.tree.root_at(head.size) != Some(head.root) {
        if !locate(layout, scans, &head, report)? && !altered {
            let what = "the records do not lead to the signed root";
            report.altered(Place::Record(report.first), what);
        }
        return Ok(false);
    }
    if head.size < report.records {
        report.add(
            Condition::Unsigned,
            Place::Record(head.size),
            format!("it and the following ones up to {} are not signed yet", report.records - 1),
        );
    }
    Ok(!altered)
}

/// Finds the first record that is not as it was, and says whether there is
/// one: by the links, by the tiles, or else by the kept heads.
pub(super) fn locate(
    layout: &Layout,
    scans: &[Scan],
    head: &Checkpoint,
    report: &mut Report,
) -> Result<bool> {
    let firsts: Vec<u64> = scans.iter().map(|scan| scan.first).collect();
    let again =
        in_parallel(&firsts, firsts.last().copied().unwrap_or(0), |first| scan(layout, *first, 0));
    let unlinked = again.into_iter().find_map(|scan| scan.bad);
    let found = unlinked.is_some();
    if let Some((seq, what)) = unlinked {
        report.altered(Place::Record(seq), what);
    }
    let from_tiles = leaves_in_tiles(layout, head.size);
    let pairs = report.tree.leaves().iter().zip(&from_tiles);
    let different = pairs.take_while(|(here, there)| here == there).count() as u64;
    let differs = different < report.records.min(from_tiles.len() as u64);
    if Tree::new(from_tiles, threads()).root_at(head.size) == Some(head.root) {
        // The tiles are the signed ones.
        if differs {
            let what = "it is not the one whose hash is signed";
            report.altered(Place::Record(different), what);
        }
        return Ok(found || differs);
    }
    if found {
        return Ok(true);
    }
    // Records, links and tiles agree on something that was never signed.
    let mut good = 0;
    let mut wrong = (head.size <= report.records).then_some(head.size);
    for size in kept_sizes(layout)? {
        let kept = read_small(&layout.kept(size)).ok();
        let kept = kept.and_then(|bytes| signed_head(&bytes, report.key.as_ref()).ok());
        match kept.and_then(|(head, _)| Some((report.tree.root_at(head.size)?, head.root))) {
            Some((here, signed)) if here == signed => good = good.max(size),
            Some(_) => wrong = Some(wrong.map_or(size, |wrong| wrong.min(size))),
            None => {}
        }
    }
    if let Some(wrong) = wrong {
        let at = if differs { different.max(good) } else { good };
        let last = wrong.saturating_sub(1);
        let what = format!("it, or one of the following up to {last}, is not as it was signed");
        report.altered(Place::Record(at), what);
    }
    Ok(wrong.is_some())
}

/// The leaves of up to `size` records as far as the tiles have them.
pub(super) fn leaves_in_tiles(layout: &Layout, size: u64) -> Vec<Hash> {
    let mut leaves = Vec::new();
    while (leaves.len() as u64) < size {
        let tile_end = (leaves.len() as u64 / TILE as u64 + 1) * TILE as u64;
        if !fill(layout, &mut leaves, size.min(tile_end)) {
            break;
        }
    }
    leaves
}

pub(super) fn kept_sizes(layout: &Layout) -> Result<Vec<u64>> {
    let history = layout.history();
    let entries = match fs::read_dir(&history) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("read", &history)(error)),
    };
    let mut sizes = Vec::new();
    for entry in entries {
        let name = entry.map_err(Error::io("read", &history))?.file_name();
        sizes.extend(
            name.to_str().filter(|name| name.len() == 20).and_then(|name| name.parse::<u64>().ok()),
        );
    }
    sizes.sort_unstable();
    Ok(sizes)
}

/// Compares kept heads and those from elsewhere with the tree.
pub(super) fn check_heads(layout: &Layout, known: &Known, report: &mut Report) -> Result<()> {
    let history = layout.history();
    if let Ok(entries) = fs::read_dir(&history) {
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let place = format!("history/{name}");
            if is_temporary(&name) {
                continue;
            }
            let bytes = match read_small(&entry.path()) {
                Ok(bytes) => bytes,
                Err(error) => {
                    report.altered(Place::File(place), format!("it cannot be read: {error}"));
                    continue;
                }
            };
            match signed_head(&bytes, report.key.as_ref()) {
                Err(what) => report.altered(Place::File(place), what),
                Ok((head, _)) if format!("{:020}", head.size) != name => {
                    report.altered(
                        Place::File(place),
                        format!("it is the head of {} records", head.size),
                    );
                }
                Ok((head, note)) => {
                    look_for_witnesses(&note, &head, &place, &known.witnesses, report);
                    compare(&head, Place::File(place), report);
                }
            }
        }
    }
    for note in &known.heads {
        let not_ours = |what: String| {
            Error::Note(format!("the given checkpoint is not one of this journal: {what}"))
        };
        let (head, note) =
            signed_head(note.to_string().as_bytes(), report.key.as_ref()).map_err(not_ours)?;
        look_for_witnesses(&note, &head, "the given checkpoint", &known.witnesses, report);
        compare(&head, Place::Record(head.size.saturating_sub(1)), report);
    }
    Ok(())
}

/// One head against the tree.
pub(super) fn compare(head: &Checkpoint, place: Place, report: &mut Report) {
    match report.tree.root_at(head.size) {
        Some(root) if root == head.root => {}
        Some(_) => {
            // Where records are altered, every later head disagrees.
            if report.findings.iter().all(|finding| finding.condition != Condition::Altered) {
                report.add(
                    Condition::Forked,
                    place,
                    format!("another history of {} records is signed with the same key", head.size),
                );
            }
        }
        None => report.add(
            Condition::Truncated,
            Place::Record(report.records),
            format!("a signed head knows {} records", head.size),
        ),
    }
}

/// Compares every tile there is with the tree, and looks for every tile that
/// the signed head needs.
pub(super) fn check_tiles(layout: &Layout, report: &mut Report) -> Result<()> {
    // Before the tiles: where a writer makes a full one of it meanwhile, that is seen below.
    let edge = check_edges(layout, report)?;
    let mut found = Vec::new();
    let mut strange = Vec::new();
    let root = layout.dir.join("tile");
    walk(&root, "", 0, &mut found, &mut strange)?;
    for name in strange {
        report.altered(Place::File(format!("tile/{name}")), "it is no tile");
    }
    let tree = &report.tree;
    let signed = report.signed;
    let wrong = in_parallel(&found, signed, |name| {
        let (level, index, width) = parse_tile_path(name)?;
        let bytes = read_small(&root.join(name)).ok().and_then(|bytes| tile_hashes(&bytes));
        let place = || Place::File(format!("tile/{name}"));
        let Some(hashes) = bytes.filter(|hashes| hashes.len() == width) else {
            return Some((place(), format!("it does not hold {width} hashes")));
        };
        // What lies beyond the signed head was written before a crash.
        let known = shifted(signed, 8 * level).saturating_sub(index.saturating_mul(TILE as u64));
        let count = usize::try_from(known).unwrap_or(TILE).min(width);
        let right =
            tree.tile(level, index, count).is_some_and(|expected| hashes.starts_with(expected));
        (count > 0 && !right).then(|| (place(), "it is not the tile of these records".to_owned()))
    });
    let wrong: Vec<_> = wrong.into_iter().flatten().collect();
    for (place, what) in wrong {
        report.altered(place, what);
    }
    found.sort_unstable();
    let there = |level, index, width| {
        let path = tile_path(level, index, width);
        path.strip_prefix("tile/")
            .is_some_and(|name| found.binary_search_by(|probe| probe.as_str().cmp(name)).is_ok())
    };
    let mut missing = Vec::new();
    for level in 0..8 {
        let count = shifted(signed, 8 * level);
        let (full, width) = (count / TILE as u64, (count % TILE as u64) as usize);
        missing.extend(
            (0..full)
                .filter(|index| !there(level, *index, TILE))
                .map(|index| tile_path(level, index, TILE)),
        );
        if width == 0 || there(level, full, width) || there(level, full, TILE) {
            continue;
        }
        match level {
            0 if edge => {}
            0 => missing.push(format!("edge/{:020}", full * TILE as u64)),
            _ => missing.push(tile_path(level, full, width)),
        }
    }
    for path in missing {
        report.altered(Place::File(path), "it is missing");
    }
    Ok(())
}

/// Compares every edge with the tree, and says whether there is the one that
/// the signed head needs.
fn check_edges(layout: &Layout, report: &mut Report) -> Result<bool> {
    let edges = layout.edges();
    let entries = match fs::read_dir(&edges) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Error::io("read", &edges)(error)),
    };
    let mut complete = false;
    for entry in entries {
        let name = entry.map_err(Error::io("read", &edges))?.file_name();
        let name = name.to_string_lossy();
        let place = || Place::File(format!("edge/{name}"));
        let Some(first) = edge_first(&name) else {
            if !is_temporary(&name) {
                report.altered(place(), "it is no edge");
            }
            continue;
        };
        // What lies beyond the signed head was written before a crash.
        let known = report.signed.saturating_sub(first).min(TILE as u64) as usize;
        let hashes = edge_leaves(layout, first).unwrap_or_default();
        let right = match report.tree.tile(0, first / TILE as u64, known) {
            Some(expected) => hashes.starts_with(expected),
            None => known == 0,
        };
        if !right {
            report.altered(place(), "it does not hold the hashes of these records");
        }
        complete |= known < TILE && first / TILE as u64 == report.signed / TILE as u64;
    }
    Ok(complete)
}

/// All files below, by their path; `strange` are those that are no tiles.
pub(super) fn walk(
    dir: &Path,
    prefix: &str,
    depth: usize,
    found: &mut Vec<String>,
    strange: &mut Vec<String>,
) -> Result<()> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io("read", dir)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(Error::io("read", dir))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        let kind = entry.file_type().map_err(Error::io("read", &entry.path()))?;
        if kind.is_dir() && depth < 12 {
            walk(&entry.path(), &path, depth + 1, found, strange)?;
        } else if kind.is_file() && parse_tile_path(&path).is_some() {
            found.push(path);
        } else if !is_temporary(&name) {
            strange.push(path);
        }
    }
    Ok(())
}
