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

use crate::error::{Error, Result};
use crate::layout::{Layout, header_chain, parse_tile_path, segment_first, tile_hashes, tile_path};
use crate::note::{Checkpoint, KeyType, Note, Signed, VerifierKey};
use crate::record::{Chain, Entry, chain_of, decode, follows, seq_of};
use crate::secret_file::{open_existing, read_small};
use crate::tree::{Hash, TILE, Tree, empty, leaf, shifted};
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What verification has to go by.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The journal's public key, from elsewhere.
    pub key: Option<VerifierKey>,
    /// Signed heads from elsewhere (a copy, a witness, an earlier run).
    pub heads: Vec<Note>,
    /// Witnesses whose cosignatures are looked for.
    pub witnesses: Vec<VerifierKey>,
}

/// What verification found, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// Everything is signed and as it was written.
    Intact,
    /// The records after the last signed head are not proved.
    Unsigned,
    /// Records are missing at the end, or the disk lost them.
    Truncated,
    /// Two signed histories exist.
    Forked,
    /// Something is not as it was written.
    Altered,
}

impl Condition {
    /// The exit code of `palisade log verify`.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Intact => 0,
            Self::Truncated => 2,
            Self::Altered => 3,
            Self::Forked => 4,
            Self::Unsigned => 5,
        }
    }

    /// One word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Unsigned => "unsigned",
            Self::Truncated => "truncated",
            Self::Forked => "forked",
            Self::Altered => "altered",
        }
    }
}

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// At this record; it is the first one concerned.
    Record(u64),
    /// In this file of the journal's directory.
    File(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(seq) => write!(f, "record {seq}"),
            Self::File(name) => write!(f, "file `{name}`"),
        }
    }
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing it is.
    pub condition: Condition,
    /// Where it is.
    pub place: Place,
    /// In words.
    pub what: String,
}

/// A cosignature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// The witness.
    pub witness: String,
    /// When it signed, in seconds since 1970, as it says.
    pub time: u64,
    /// How many records it vouches for.
    pub size: u64,
}

/// The result of a verification.
#[derive(Debug, Default)]
pub struct Report {
    /// Everything found.
    pub findings: Vec<Finding>,
    /// The first record that is there; earlier ones were pruned.
    pub first: u64,
    /// How many records the journal has had, as far as it shows.
    pub records: u64,
    /// How many of them the signed head covers.
    pub signed: u64,
    /// The key that was used.
    pub key: Option<VerifierKey>,
    /// Whether that key was found beside the log only.
    pub key_from_log: bool,
    /// Which witnesses vouch for which heads.
    pub cosigned: Vec<Cosigned>,
    tree: Tree,
    head: Option<(Checkpoint, Note)>,
}

impl Report {
    /// The worst that was found.
    pub fn condition(&self) -> Condition {
        self.findings.iter().map(|finding| finding.condition).max().unwrap_or(Condition::Intact)
    }

    /// The finding to name: the worst kind's first record, or else its first
    /// file.
    pub fn worst(&self) -> Option<&Finding> {
        let worst = self.condition();
        let of_kind = self.findings.iter().filter(|finding| finding.condition == worst);
        of_kind.min_by_key(|finding| match finding.place {
            Place::Record(seq) => (0, seq),
            Place::File(_) => (1, 0),
        })
    }

    /// A proof that record `seq` is in the journal, in the C2SP `tlog-proof`
    /// format: whoever has it and the public key needs nothing else.
    ///
    /// # Errors
    /// Where no signed head covers the record, or the signed records are not
    /// intact.
    pub fn proof(&self, seq: u64) -> Result<String> {
        let Some((head, note)) = &self.head else {
            return Err(Error::Missing("nothing is signed, so nothing can be proved".into()));
        };
        if seq >= head.size {
            return Err(Error::Missing(format!(
                "record {seq} is not covered by the signed head of {} records",
                head.size
            )));
        }
        if self.tree.root_at(head.size) != Some(head.root) {
            return Err(Error::damaged(
                "its records do not lead to the signed root, so none of them can be proved",
            ));
        }
        let path = self
            .tree
            .inclusion(seq, head.size)
            .ok_or_else(|| Error::Missing(format!("there is no record {seq}")))?;
        let mut text = format!("c2sp.org/tlog-proof@v1\nindex {seq}\n");
        for hash in path {
            text.push_str(&data_encoding::BASE64.encode(&hash));
            text.push('\n');
        }
        Ok(format!("{text}\n{note}"))
    }

    fn add(&mut self, condition: Condition, place: Place, what: impl Into<String>) {
        self.findings.push(Finding { condition, place, what: what.into() });
    }

    fn altered(&mut self, place: Place, what: impl Into<String>) {
        self.add(Condition::Altered, place, what);
    }
}

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
    match signed_head(&bytes, report.key.as_ref()) {
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

/// What one segment holds.
#[derive(Debug, Default)]
struct Scan {
    first: u64,
    opened: bool,
    header: Option<Chain>,
    leaves: Vec<Hash>,
    /// The chain value of the last record.
    last: Chain,
    /// The first thing wrong with the lines themselves.
    bad: Option<(u64, String)>,
    /// Bytes after the last newline.
    torn: u64,
    notes: Vec<(u64, u64, bool)>,
}

impl Scan {
    /// Whether there is not even one whole line.
    fn is_cut(&self) -> bool {
        self.opened && self.torn < 96 && self.leaves.is_empty()
    }

    fn end(&self) -> u64 {
        self.first.saturating_add(self.leaves.len() as u64)
    }
}

fn scan_all(layout: &Layout, signed: u64, report: &mut Report) -> Result<Vec<Scan>> {
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
fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".tmp")
}

fn in_parallel<T: Sync, R: Send>(
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
const LONGEST: usize = 1 << 17;

/// Reads a segment: the leaf of every line, and the links between the records
/// from `linked` on.
fn scan(layout: &Layout, first: u64, linked: u64) -> Scan {
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
    fn lines(&mut self, bytes: &[u8], linked: u64) -> usize {
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

    fn line(&mut self, line: &[u8], linked: u64) {
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
        // Notes are few, and say which records may rightly be missing.
        let beginning = line.get(..96).unwrap_or(line);
        if memchr::memmem::find(beginning, b"\"kind\":\"note\"").is_some()
            && let Ok(record) = decode(line)
            && let Entry::Note(note) = record.entry
            && let (Some(from), Some(to)) = (note.from, note.to)
        {
            match note.what.as_str() {
                "pruned" => self.notes.push((from, to, true)),
                "lost" => self.notes.push((from, to, false)),
                _ => {}
            }
        }
        self.leaves.push(leaf(line));
    }
}

/// All leaves in order; those of pruned and lost records from the tiles.
fn assemble(layout: &Layout, scans: &[Scan], report: &mut Report) -> Vec<Hash> {
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
        let told = |pruned: bool| {
            scans
                .iter()
                .flat_map(|scan| &scan.notes)
                .any(|(from, to, kind)| *kind == pruned && *from <= end && *to >= scan.first)
        };
        if scan.first < end {
            report.altered(Place::Record(scan.first), "a second segment claims it");
            continue;
        }
        let missing = scan.first > end;
        if missing {
            let gap = || format!("it and the following ones up to {} are missing", scan.first - 1);
            if index == 0 && told(true) {
                // Pruned, and a record says so.
            } else if index > 0 && told(false) {
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

/// Adds leaves from the tiles up to record `to`.
fn fill(layout: &Layout, leaves: &mut Vec<Hash>, to: u64) -> bool {
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

fn widest_tile(layout: &Layout, index: u64) -> Option<Vec<Hash>> {
    if let Ok(bytes) = read_small(&layout.tile(0, index, TILE)) {
        return tile_hashes(&bytes).filter(|hashes| hashes.len() == TILE);
    }
    let partials = layout.dir.join(format!("{}.p", tile_path(0, index, TILE)));
    let widths = fs::read_dir(partials)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<usize>().ok());
    let width = widths.filter(|width| *width < TILE).max()?;
    tile_hashes(&read_small(&layout.tile(0, index, width)).ok()?)
        .filter(|hashes| hashes.len() == width)
}

/// Compares the records with the signed head; says whether every signed record
/// there is is as it was.
fn check_head(layout: &Layout, scans: &[Scan], report: &mut Report) -> Result<bool> {
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
fn locate(layout: &Layout, scans: &[Scan], head: &Checkpoint, report: &mut Report) -> Result<bool> {
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
fn leaves_in_tiles(layout: &Layout, size: u64) -> Vec<Hash> {
    let mut leaves = Vec::new();
    while (leaves.len() as u64) < size {
        let tile_end = (leaves.len() as u64 / TILE as u64 + 1) * TILE as u64;
        if !fill(layout, &mut leaves, size.min(tile_end)) {
            break;
        }
    }
    leaves
}

fn kept_sizes(layout: &Layout) -> Result<Vec<u64>> {
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
fn check_heads(layout: &Layout, known: &Known, report: &mut Report) -> Result<()> {
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
fn compare(head: &Checkpoint, place: Place, report: &mut Report) {
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
fn check_tiles(layout: &Layout, report: &mut Report) -> Result<()> {
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
        if width > 0 && !there(level, full, width) && !there(level, full, TILE) {
            missing.push(tile_path(level, full, width));
        }
    }
    for path in missing {
        report.altered(Place::File(path), "it is missing");
    }
    Ok(())
}

/// All files below, by their path; `strange` are those that are no tiles.
fn walk(
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
