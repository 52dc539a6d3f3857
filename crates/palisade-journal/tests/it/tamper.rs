//! Ten thousand ways to falsify a journal: each is found, and found where it
//! was done. `JOURNAL_MUTATIONS=100000` tries more.

use crate::{Place, finish, intend_as};
use palisade_journal::layout::{Layout, header};
use palisade_journal::note::{Note, VerifierKey};
use palisade_journal::record::{chain_of, decode, encode};
use palisade_journal::verify::Condition;
use palisade_journal::{FileJournal, Known, Options, verify};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const RECORDS: u64 = 420;
const EARLIER: u64 = 330;

/// A journal, its files, and what is known of it from elsewhere.
struct Original {
    place: Place,
    files: BTreeMap<PathBuf, Vec<u8>>,
    /// All files as they were when there were [`EARLIER`] records.
    earlier: BTreeMap<PathBuf, Vec<u8>>,
    /// Another journal of as many records with another key.
    forged: BTreeMap<PathBuf, Vec<u8>>,
    known: Known,
}

/// What a falsification should be found as.
struct Expected {
    condition: Condition,
    place: Where,
}

enum Where {
    Record(u64),
    Between(u64, u64),
    File(String),
    Anywhere,
}

fn options() -> Options {
    Options { segment_bytes: 16_000, checkpoint_every: 50, ..Options::default() }
}

fn write_to(journal: &mut FileJournal, upto: u64, word: &str) {
    loop {
        let severity = ["safe", "caution", "dangerous"][usize::from(journal.notices().len() > 3)];
        let at = intend_as(journal, &format!("{word} {}", "b".repeat(40)), severity, "s1");
        finish(journal, at);
        if at + 2 >= upto {
            break;
        }
    }
}

fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else if !["lock", "synced"].iter().any(|name| entry.file_name() == *name) {
            found.insert(entry.path(), fs::read(entry.path()).unwrap());
        }
    }
    found
}

impl Original {
    fn new() -> Self {
        let place = Place::new();
        let mut journal = place.open_with(options());
        write_to(&mut journal, EARLIER, "make");
        journal.close().unwrap();
        let earlier = files(&place.dir());
        let mut journal = place.open_with(options());
        write_to(&mut journal, RECORDS, "make");
        journal.close().unwrap();
        let other = Place::new();
        let mut journal = other.open_with(options());
        write_to(&mut journal, RECORDS, "fake");
        journal.close().unwrap();
        let moved = |(path, bytes): (PathBuf, Vec<u8>)| {
            (place.dir().join(path.strip_prefix(other.dir()).unwrap()), bytes)
        };
        let forged = files(&other.dir()).into_iter().map(moved).collect();
        let files = files(&place.dir());
        let key = fs::read_to_string(place.dir().join("key.pub")).unwrap();
        let head = Note::parse(&fs::read(place.dir().join("checkpoint")).unwrap()).unwrap();
        let known = Known {
            key: Some(VerifierKey::parse(key.trim_end()).unwrap()),
            heads: vec![head],
            witnesses: Vec::new(),
        };
        Self { place, files, earlier, forged, known }
    }

    /// Puts everything back as it was.
    fn restore(&self) {
        for path in
            files(&self.place.dir()).into_keys().filter(|path| !self.files.contains_key(path))
        {
            fs::remove_file(path).unwrap();
        }
        for (path, bytes) in &self.files {
            if fs::read(path).ok().as_ref() != Some(bytes) {
                put(path, bytes);
            }
        }
    }

    fn become_(&self, files: &BTreeMap<PathBuf, Vec<u8>>) {
        for path in self.files.keys().filter(|path| !files.contains_key(*path)) {
            fs::remove_file(path).unwrap();
        }
        for (path, bytes) in files {
            put(path, bytes);
        }
    }

    fn segments(&self) -> Vec<(u64, PathBuf)> {
        let layout = Layout::new(&self.place.dir());
        layout.segments().unwrap().into_iter().map(|first| (first, layout.segment(first))).collect()
    }

    fn under(&self, name: &str) -> Vec<(String, PathBuf)> {
        let dir = self.place.dir();
        let name_of =
            |path: &PathBuf| path.strip_prefix(&dir).unwrap().to_str().unwrap().to_owned();
        let all = self.files.keys().map(|path| (name_of(path), path.clone()));
        all.filter(|(path, _)| path.starts_with(name)).collect()
    }
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// Falsifies the journal in one way of kind `kind` and says what is expected.
fn falsify(original: &Original, kind: u64, random: &mut Random) -> (String, Expected) {
    use Condition::{Altered, Truncated};
    let segments = original.segments();
    let which = random.below(segments.len() as u64) as usize;
    let (first, path) = segments[which].clone();
    let bytes = original.files[&path].clone();
    let mut rows = lines(&bytes);
    let count = rows.len() as u64 - 1;
    let row = random.below(count);
    let (at, index) = (first + row, row as usize + 1);
    let last = RECORDS - 1;
    let record = |condition, seq| Expected { condition, place: Where::Record(seq) };
    let file = |name: &str| Expected { condition: Altered, place: Where::File(name.to_owned()) };
    match kind {
        // A flipped bit in a segment; twice as often as anything else.
        0 | 1 => {
            let place = random.below(bytes.len() as u64) as usize;
            let mut flipped = bytes.clone();
            flipped[place] ^= 1 << random.below(8);
            put(&path, &flipped);
            let before = bytes[..place].iter().filter(|byte| **byte == b'\n').count() as u64;
            let seq = first + before.saturating_sub(1);
            let end = place + 1 == bytes.len() && seq == last;
            (
                format!("bit of byte {place} of {path:?}"),
                record(if end { Truncated } else { Altered }, seq),
            )
        }
        2 => {
            rows.remove(index);
            put(&path, &rows.concat());
            (format!("{at} deleted"), record(if at == last { Truncated } else { Altered }, at))
        }
        3 => {
            // Forged as well as anybody without the key can: right place, right links.
            let before = chain_of(rows[index - 1].strip_suffix(b"\n").unwrap()).unwrap();
            let genuine = decode(rows[index].strip_suffix(b"\n").unwrap()).unwrap();
            let mut entry = genuine.entry.clone();
            if let palisade_journal::record::Entry::Intent(intent) = &mut entry {
                intent.body = "nothing to see".into();
            } else if let palisade_journal::record::Entry::Outcome(outcome) = &mut entry {
                outcome.millis += 1;
            }
            let (mut line, _) = encode(at, genuine.time, &entry, &before).unwrap();
            line.push(b'\n');
            if random.below(2) == 0 {
                rows.insert(index, line);
            } else {
                rows[index] = line;
            }
            put(&path, &rows.concat());
            (format!("{at} forged"), record(Altered, at))
        }
        4 => {
            let other = random.below(count) as usize + 1;
            if other == index {
                return falsify(original, 2, random);
            }
            rows.swap(index, other);
            put(&path, &rows.concat());
            (
                format!("{index} and {other} swapped in {path:?}"),
                record(Altered, first + index.min(other) as u64 - 1),
            )
        }
        5 => {
            rows.insert(index + 1, rows[index].clone());
            put(&path, &rows.concat());
            (format!("{at} repeated"), record(Altered, at + 1))
        }
        6 => {
            // Cut at a record, or within one, and everything behind removed.
            let within = random.below(rows[index].len() as u64) as usize;
            let kept = [rows[..index].concat(), rows[index][..within].to_vec()].concat();
            put(&path, &kept);
            for (_, later) in &segments[which + 1..] {
                fs::remove_file(later).unwrap();
            }
            (format!("cut {within} bytes into {at}"), record(Truncated, at))
        }
        7 => {
            original.become_(&original.earlier);
            ("set back to an earlier day".into(), record(Truncated, EARLIER))
        }
        8 => {
            original.become_(&original.forged);
            if random.below(2) == 0 {
                put(
                    &original.place.dir().join("key.pub"),
                    &original.files[&original.place.dir().join("key.pub")],
                );
            }
            (
                "rebuilt with another key".into(),
                Expected { condition: Altered, place: Where::Anywhere },
            )
        }
        9 => {
            // Rebuilt from `at` on: records, links, segments and tiles; only
            // the signed heads cannot be.
            rebuild(original, at);
            let upper = if at < 256 { 300 } else { RECORDS };
            let lower = if at < 300 { 0 } else { 256 };
            (
                format!("rebuilt from {at} on"),
                Expected { condition: Altered, place: Where::Between(lower.min(at), upper) },
            )
        }
        10 => {
            let (other_first, other) = &segments[(which + 1) % segments.len()];
            if random.below(2) == 0 {
                put(other, &bytes);
                (format!("{other_first} replayed as {first}"), record(Altered, *other_first))
            } else {
                let late = original.place.dir().join(format!("log/{RECORDS:020}.ndjson"));
                put(&late, &bytes);
                (format!("{first} replayed at the end"), record(Altered, RECORDS))
            }
        }
        11 | 12 => {
            let tiles = [original.under("tile/"), original.under("edge/")].concat();
            let (name, path) = &tiles[random.below(tiles.len() as u64) as usize];
            let mut tile = original.files[path].clone();
            match random.below(4) {
                0 => fs::remove_file(path).unwrap(),
                1 => put(path, &tile[..tile.len() - 32]),
                _ => {
                    let place = random.below(tile.len() as u64) as usize;
                    tile[place] ^= 1 << random.below(8);
                    put(path, &tile);
                }
            }
            // Partial tiles of earlier heads may be gone; others may not.
            let needed = path.exists() || !name.contains(".p/") || name == "tile/1/000.p/1";
            if !needed {
                original.restore();
                return falsify(original, 11, random);
            }
            (format!("{name} edited"), file(name))
        }
        13 => {
            // The index is the names.
            match random.below(3) {
                0 => {
                    fs::remove_file(&path).unwrap();
                    let condition = if which + 1 == segments.len() { Truncated } else { Altered };
                    (format!("{path:?} removed"), record(condition, first))
                }
                1 => {
                    fs::rename(&path, path.with_file_name(format!("{:020}.ndjson", first + 1)))
                        .unwrap();
                    (format!("{path:?} renamed"), record(Altered, first))
                }
                _ => {
                    put(&path.with_file_name("notes.txt"), b"hello");
                    ("a strange file".into(), file("log/notes.txt"))
                }
            }
        }
        14 => {
            let names = ["checkpoint", "key.pub", "history/00000000000000000300"];
            let name = names[random.below(3) as usize];
            let path = original.place.dir().join(name);
            let mut text = original.files[&path].clone();
            let place = random.below(text.len() as u64) as usize;
            text[place] ^= 1 << random.below(8);
            put(&path, &text);
            (format!("byte {place} of {name}"), file(name))
        }
        _ => {
            // The head of another size, or none.
            let head = original.place.dir().join("checkpoint");
            if random.below(2) == 0 {
                fs::remove_file(head).unwrap();
                ("no head".into(), file("checkpoint"))
            } else {
                let kept = original.place.dir().join("history/00000000000000000300");
                let later = original.place.dir().join("checkpoint");
                put(&kept, &original.files[&later]);
                ("a head in the wrong place".into(), file("history/00000000000000000300"))
            }
        }
    }
}

/// The edge of the journal of [`RECORDS`].
fn edge_name() -> String {
    format!("edge/{:020}", RECORDS / 256 * 256)
}

/// Writes everything from record `from` on anew, as well as can be without
/// the key.
fn rebuild(original: &Original, from: u64) {
    use palisade_journal::record::Entry;
    use palisade_journal::tree::{TILE, Tree, leaf};
    let mut chain = [0; 16];
    let mut leaves = Vec::new();
    for (first, path) in original.segments() {
        let mut rows = lines(&original.files[&path]);
        rows[0] = header(first, &chain).into_bytes();
        for row in &mut rows[1..] {
            let seq = leaves.len() as u64;
            let record = decode(row.strip_suffix(b"\n").unwrap()).unwrap();
            let mut entry = record.entry;
            if seq == from {
                match &mut entry {
                    Entry::Intent(intent) => intent.body = "innocent".into(),
                    Entry::Outcome(outcome) => outcome.exit = Some(9),
                    _ => {}
                }
            }
            let (mut line, next) = encode(seq, record.time, &entry, &chain).unwrap();
            chain = next;
            leaves.push(leaf(&line));
            line.push(b'\n');
            *row = line;
        }
        put(&path, &rows.concat());
    }
    let tree = Tree::new(leaves, 1);
    let edge = original.place.dir().join(edge_name());
    put(&edge, tree.tile(0, 1, RECORDS as usize - TILE).unwrap().as_flattened());
    for (name, path) in original.under("tile/") {
        let (level, index, width) = palisade_journal::layout::parse_tile_path(&name[5..]).unwrap();
        assert!(width <= TILE);
        put(&path, tree.tile(level, index, width).unwrap().as_flattened());
    }
}

#[test]
fn every_falsification_is_found_where_it_was_done() {
    let tries: u64 =
        std::env::var("JOURNAL_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || try_to_falsify(tries.div_ceil(2), 0x2545_f491_4f6c_dd1d << half));
        }
    });
}

fn try_to_falsify(tries: u64, seed: u64) {
    let original = Original::new();
    let report = verify(&original.place.dir(), &original.known).unwrap();
    assert_eq!(
        (report.condition(), report.records),
        (Condition::Intact, RECORDS),
        "{:?}",
        report.findings
    );
    let mut random = Random(seed);
    let mut kinds = BTreeMap::new();
    for number in 0..tries {
        let kind = number % 16;
        let (what, expected) = falsify(&original, kind, &mut random);
        let report = verify(&original.place.dir(), &original.known).unwrap();
        let worst = report.worst().unwrap_or_else(|| panic!("{number}: not found: {what}"));
        let right = match &expected.place {
            Where::Record(seq) => worst.place == verify::Place::Record(*seq),
            Where::Between(from, to) => {
                matches!(worst.place, verify::Place::Record(seq) if (*from..*to).contains(&seq))
            }
            Where::File(name) => worst.place == verify::Place::File(name.clone()),
            Where::Anywhere => true,
        };
        assert!(
            right && worst.condition == expected.condition,
            "{number}: {what}: {worst:?} of {:?}",
            report.findings,
        );
        *kinds.entry(kind).or_insert(0) += 1;
        original.restore();
    }
    assert_eq!(kinds.len(), 16);
    let report = verify(&original.place.dir(), &original.known).unwrap();
    assert_eq!(report.condition(), Condition::Intact, "{:?}", report.findings);
}

#[test]
fn a_second_history_signed_with_the_same_key_is_a_fork() {
    let original = Original::new();
    // The key went back to an earlier day with the journal and signed on.
    original.become_(&original.earlier);
    fs::remove_file(original.place.key().with_extension("key.signed")).unwrap();
    let mut journal = original.place.open_with(options());
    write_to(&mut journal, RECORDS + 30, "other");
    journal.close().unwrap();
    let alone = Known { heads: Vec::new(), ..original.known.clone() };
    assert_eq!(verify(&original.place.dir(), &alone).unwrap().condition(), Condition::Intact);
    let report = verify(&original.place.dir(), &original.known).unwrap();
    assert_eq!(report.condition(), Condition::Forked);
    assert_eq!(report.worst().unwrap().place, verify::Place::Record(RECORDS - 1));
    assert_eq!(report.condition().exit_code(), 4);
}

#[test]
fn a_flipped_bit_in_an_unsigned_tail_is_found_too() {
    let place = Place::new();
    let mut journal = place.open_with(options());
    write_to(&mut journal, 40, "make");
    journal.checkpoint().unwrap();
    write_to(&mut journal, 60, "make");
    let copy = files(&place.dir());
    let path = place.dir().join("log/00000000000000000000.ndjson");
    let whole = copy[&path].clone();
    let report = verify(&place.dir(), &Known::default()).unwrap();
    assert_eq!((report.condition(), report.signed, report.records), (Condition::Unsigned, 40, 60));
    assert_eq!(report.worst().unwrap().place, verify::Place::Record(40));
    let mut random = Random(77);
    for _ in 0..500 {
        let mut bytes = whole.clone();
        let at = random.below(bytes.len() as u64 - 1) as usize;
        bytes[at] ^= 1 << random.below(8);
        fs::write(&path, &bytes).unwrap();
        let before = whole[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
        let report = verify(&place.dir(), &Known::default()).unwrap();
        assert_eq!(report.condition(), Condition::Altered);
        assert_eq!(report.worst().unwrap().place, verify::Place::Record(before.saturating_sub(1)));
    }
    fs::write(&path, &whole).unwrap();
    journal.close().unwrap();
    assert_eq!(place.verdict(), "intact 60");
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}
