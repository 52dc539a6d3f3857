//! Appending: many processes at once, one short lock, no record lost.
//!
//! An append takes the lock (`flock` on `lock`), looks where the last segment
//! ends, writes one line with one `write`, and lets go. Nothing is read before
//! the first record, no key is made or used before the first signature, and
//! signing happens every [`Options::checkpoint_every`] records and when the
//! writer is closed or dropped.
//!
//! **Durability.** Every record is in the kernel's hands before the call
//! returns, so it survives `kill -9`. A synced record is on the disk as well;
//! writers that wait at the same time share one `fdatasync`.
//!
//! **After a crash** the next writer finds what the last one left: a line
//! without its newline is completed where its chain value shows that it is
//! whole, and cut off where not; a `repaired` note says so. Records that a
//! signed head covers but the disk lost are never written a second time: the
//! tree goes on behind them, and a `lost` note says which they were.

use crate::error::{Error, Result};
use crate::head;
use crate::layout::{self, End, Found, Layout};
use crate::note::{Checkpoint, Note, SignerKey, VerifierKey};
use crate::projection::Projections;
use crate::record::{self, Chain, Entry};
use crate::secret_file::{
    create_new, open_existing, private_directory, sync_directory, write_over, write_secret,
    write_state,
};
use crate::synced;
use crate::time::Time;
use crate::tree::{self, Edge, Hash};
use palisade_core::ports::{self, JournalError, Sequence};
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a journal is written.
#[derive(Debug, Clone)]
pub struct Options {
    /// Sync every record, not only those that must survive power loss.
    pub sync_all: bool,
    /// Begin a new segment when the last one would grow beyond so many bytes.
    pub segment_bytes: u64,
    /// Sign at least every so many records.
    pub checkpoint_every: u64,
    /// Palisade's home, where `profiles/<name>/logs` get their projections.
    pub home: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { sync_all: false, segment_bytes: 8 << 20, checkpoint_every: 256, home: None }
    }
}

/// A journal on disk, open for appending. One for each thread that appends.
#[derive(Debug)]
pub struct FileJournal {
    layout: Layout,
    key: PathBuf,
    options: Options,
    lock: Arc<File>,
    synced: Option<File>,
    tail: Option<Tail>,
    proof: Option<Proof>,
    /// How many records are known to be signed.
    signed: u64,
    /// Leaves of this writer's records that are not known to be signed.
    mine: VecDeque<(u64, Hash)>,
    projections: Option<Projections>,
    notices: Vec<String>,
    unsigned: bool,
    /// What was found wrong under the head, which no record tells yet.
    untold: Option<record::Note>,
}

/// The segment that is appended to.
#[derive(Debug)]
struct Tail {
    file: File,
    path: PathBuf,
    first: u64,
    len: u64,
    next: u64,
    chain: Chain,
}

/// What is needed to sign.
#[derive(Debug)]
struct Proof {
    signer: SignerKey,
    /// The checkpoint file as last read or written.
    bytes: Vec<u8>,
    edge: Edge,
}

/// Holds the lock until dropped.
struct Locked(Arc<File>);

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing the file would do the same; there is nobody to tell.
        let _ = self.0.unlock();
    }
}

impl FileJournal {
    /// Opens the journal in `dir`, which is made where it does not exist. The
    /// private key is at `key`, outside `dir`, and is made with the first
    /// signature.
    ///
    /// # Errors
    /// Where the directory cannot be made or the lock cannot be opened.
    pub fn open(dir: &Path, key: &Path, options: Options) -> Result<Self> {
        let lock = open_lock(dir)?;
        let projections = options.home.as_deref().map(Projections::new);
        Ok(Self {
            layout: Layout::new(dir),
            key: key.to_owned(),
            options,
            lock: Arc::new(lock),
            synced: None,
            tail: None,
            proof: None,
            signed: 0,
            mine: VecDeque::new(),
            projections,
            notices: Vec::new(),
            unsigned: false,
            untold: None,
        })
    }

    /// Appends a record, synced where asked, and says where it stands.
    ///
    /// # Errors
    /// Whatever kept the record from being written as asked; no part of it is
    /// then in the journal, or it is and the next append tells.
    pub fn append(&mut self, entry: &Entry, synced: bool) -> Result<u64> {
        let locked = self.locked()?;
        let seq = self.write(entry)?;
        if seq.saturating_add(1).saturating_sub(self.signed) >= self.options.checkpoint_every {
            self.sign()?;
        }
        drop(locked);
        if synced || self.options.sync_all {
            self.sync()?;
        }
        Ok(seq)
    }

    /// Signs what is not signed yet, by whomever it was written, and writes the
    /// tiles of that head, with which others can prove what it covers.
    ///
    /// # Errors
    /// Where the key, the tiles or the last signed head cannot be read,
    /// trusted or written; the records themselves stand.
    pub fn checkpoint(&mut self) -> Result<()> {
        let _locked = self.locked()?;
        self.attach()?;
        self.sign()?;
        match &self.proof {
            Some(proof) => layout::write_partials(&self.layout, &proof.edge, 0),
            None => Ok(()),
        }
    }

    /// Signs what this writer left unsigned. Dropping does the same and tells
    /// nobody of a failure.
    ///
    /// # Errors
    /// As [`checkpoint`](Self::checkpoint).
    pub fn close(mut self) -> Result<()> {
        self.sign_to_end()
    }

    /// What was repaired or lost, in words for a person; each is told once.
    pub fn notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }

    /// The public key of this journal, where it has signed before.
    ///
    /// # Errors
    /// Where the private key cannot be read.
    pub fn public_key(key: &Path) -> Result<VerifierKey> {
        head::key(key).map(|signer| signer.public().clone())
    }

    /// The same without letting go of it: what was found is in
    /// [`notices`](Self::notices) then.
    ///
    /// # Errors
    /// As [`checkpoint`](Self::checkpoint).
    pub fn sign_to_end(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.unsigned) {
            return Ok(());
        }
        let _locked = self.locked()?;
        self.attach()?;
        self.sign()
    }

    /// Takes the lock. Where the journal was set aside meanwhile, what is now
    /// in its place is opened, and nothing remembered of the old one is used.
    fn locked(&mut self) -> Result<Locked> {
        loop {
            self.lock.lock().map_err(Error::io("lock", &self.layout.dir))?;
            let locked = Locked(Arc::clone(&self.lock));
            let path = self.layout.dir.join("lock");
            if same_file(&self.lock, &path).map_err(Error::io("open", &path))? {
                return Ok(locked);
            }
            drop(locked);
            self.lock = Arc::new(open_lock(&self.layout.dir)?);
            (self.synced, self.tail, self.proof) = (None, None, None);
            self.signed = 0;
            self.mine.clear();
            self.notices.push("the journal was set aside; this is a new one".into());
        }
    }

    /// Writes one record. The lock is held.
    fn write(&mut self, entry: &Entry) -> Result<u64> {
        self.attach()?;
        self.put(entry)
    }

    /// Writes one record at the end that is known.
    fn put(&mut self, entry: &Entry) -> Result<u64> {
        let tail = self.tail.as_ref().ok_or_else(|| Error::damaged("no segment is open"))?;
        let (mut line, chain) = record::encode(tail.next, Time::now(), entry, &tail.chain)?;
        let leaf = tree::leaf(&line);
        line.push(b'\n');
        if tail.next > tail.first
            && tail.len.saturating_add(line.len() as u64) > self.options.segment_bytes
        {
            self.rotate()?;
        }
        let tail = self.tail.as_mut().ok_or_else(|| Error::damaged("no segment is open"))?;
        if let Err(error) = tail.file.write_all(&line) {
            // Nobody may take a part of a record for a record.
            let _ = tail.file.set_len(tail.len);
            return Err(Error::io("write to", &tail.path)(error));
        }
        let seq = tail.next;
        tail.len += line.len() as u64;
        tail.next += 1;
        tail.chain = chain;
        self.mine.push_back((seq, leaf));
        self.unsigned = true;
        Ok(seq)
    }

    /// Finds the end of the journal: nothing to do where this writer was the
    /// last one to append.
    fn attach(&mut self) -> Result<()> {
        if let Some(tail) = &mut self.tail {
            let now = tail.file.metadata().map_err(Error::io("read", &tail.path))?;
            if !now.permissions().readonly() && now.len() == tail.len && linked(&now) {
                return Ok(());
            }
            if now.len() < tail.len || !linked(&now) {
                return Err(Error::damaged(format!(
                    "`{}` shrank or went away under this process",
                    tail.path.display()
                )));
            }
            let path = tail.path.clone();
            if let Some(end) = layout::end(&mut tail.file, &path, tail.first, now.len())?
                && !now.permissions().readonly()
            {
                return self.settle(end, now.len());
            }
            self.tail = None;
        }
        self.find()?;
        self.catch_up()
    }

    /// Opens the last segment, or makes the first.
    fn find(&mut self) -> Result<()> {
        let mut segments = self.layout.segments()?;
        while let Some(first) = segments.pop() {
            let path = self.layout.segment(first);
            let mut file = match open_existing(&path, true) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    open_existing(&path, false)
                }
                other => other,
            }
            .map_err(Error::io("open", &path))?;
            let now = file.metadata().map_err(Error::io("read", &path))?;
            let Some(end) = layout::end(&mut file, &path, first, now.len())? else {
                // A crash between making this segment and its first line.
                self.notices.push(format!(
                    "removed `{}`, which a crash left without its first line",
                    path.display()
                ));
                fs::remove_file(&path).map_err(Error::io("remove", &path))?;
                continue;
            };
            let sealed = now.permissions().readonly();
            self.tail =
                Some(Tail { file, path, first, len: now.len(), next: end.next, chain: end.chain });
            return if sealed { self.rotate() } else { self.settle(end, now.len()) };
        }
        self.tail = Some(self.begin(0, Chain::default())?);
        Ok(())
    }

    /// Takes over an end that was found, repaired where it is torn.
    fn settle(&mut self, end: End, len: u64) -> Result<()> {
        let Some(tail) = &mut self.tail else { return Ok(()) };
        (tail.next, tail.chain, tail.len) = (end.next, end.chain, end.whole);
        if end.unterminated {
            tail.file.write_all(b"\n").map_err(Error::io("write to", &tail.path))?;
            tail.len += 1;
        } else if end.whole < len {
            let torn = len - end.whole;
            let signed = head::stated(&self.layout)?.filter(|size| *size > end.next);
            if signed.is_some() {
                // Not before it is known that the tree can go on without it.
                self.proof()?;
            }
            let Some(tail) = &self.tail else { return Ok(()) };
            tail.file.set_len(end.whole).map_err(Error::io("write to", &tail.path))?;
            if let Some(size) = signed {
                return self.go_on_behind(size, Some(torn));
            }
            let body = "a crash left part of a record; it was never acknowledged";
            self.notices.push(format!("{body}: {torn} bytes removed before record {}", end.next));
            let note = record::Note {
                what: "repaired".into(),
                from: Some(end.next),
                bytes: Some(torn),
                body: body.into(),
                ..Default::default()
            };
            self.put(&Entry::Note(note))?;
        }
        Ok(())
    }

    /// Compares the end with the last signed head.
    fn catch_up(&mut self) -> Result<()> {
        // A damaged head is told where it matters: when it must be trusted.
        let Some(size) = head::stated(&self.layout)? else { return Ok(()) };
        self.signed = self.signed.max(size);
        match &self.tail {
            Some(tail) if tail.next < size => self.go_on_behind(size, None),
            _ => Ok(()),
        }
    }

    /// The disk lost records that are signed, of the first of them all but
    /// `torn` bytes. Their hashes remain, so the tree can go on behind them; if
    /// not even those do, `proof` refuses.
    fn go_on_behind(&mut self, size: u64, torn: Option<u64>) -> Result<()> {
        let Some(next) = self.tail.as_ref().map(|tail| tail.next) else { return Ok(()) };
        self.proof()?;
        self.rotate_to(size)?;
        let body = "a signed head covers these records, and the disk has lost them";
        self.notices.push(format!("records {next} to {} are lost: {body}", size - 1));
        let note = record::Note {
            what: "lost".into(),
            from: Some(next),
            to: Some(size),
            bytes: torn,
            body: body.into(),
        };
        self.put(&Entry::Note(note))?;
        Ok(())
    }

    fn rotate(&mut self) -> Result<()> {
        let next = self.tail.as_ref().map_or(0, |tail| tail.next);
        self.rotate_to(next)
    }

    /// Closes the last segment for ever and begins another with record `first`.
    fn rotate_to(&mut self, first: u64) -> Result<()> {
        let Some(tail) = &self.tail else { return Ok(()) };
        let chain = tail.chain;
        tail.file.sync_data().map_err(Error::io("sync", &tail.path))?;
        // Read-only tells the other writers to look for the next one.
        let mut mode = tail.file.metadata().map_err(Error::io("read", &tail.path))?.permissions();
        mode.set_readonly(true);
        tail.file.set_permissions(mode).map_err(Error::io("seal", &tail.path))?;
        self.tail = Some(self.begin(first, chain)?);
        Ok(())
    }

    fn begin(&self, first: u64, chain: Chain) -> Result<Tail> {
        let path = self.layout.segment(first);
        let log = self.layout.log();
        private_directory(&log)?;
        let header = layout::header(first, &chain);
        // With its first line or not at all, as far as a kill can tell.
        write_state(&path, header.as_bytes())?;
        let file = open_existing(&path, true).map_err(Error::io("open", &path))?;
        sync_directory(&log)?;
        sync_directory(&self.layout.dir)?;
        Ok(Tail { file, path, first, len: header.len() as u64, next: first, chain })
    }

    /// Waits until everything written so far is on the disk; one of the
    /// writers that wait does it for all.
    fn sync(&mut self) -> Result<()> {
        let Some(tail) = &self.tail else { return Ok(()) };
        let path = self.layout.dir.join("synced");
        let file = match self.synced.take() {
            Some(file) => file,
            None => File::options()
                .read(true)
                .write(true)
                .open(&path)
                .or_else(|_| {
                    create_new(&path)
                        .and_then(|_| File::options().read(true).write(true).open(&path))
                })
                .or_else(|_| File::options().read(true).write(true).open(&path))
                .map_err(Error::io("open", &path))?,
        };
        file.lock().map_err(Error::io("lock", &path))?;
        let done = synced::share(&file, &tail.file, tail.first, tail.len);
        let unlocked = file.unlock();
        self.synced = Some(file);
        done.and(unlocked).map_err(Error::io("sync", &tail.path))
    }

    /// Signs everything up to the end. The lock is held.
    fn sign(&mut self) -> Result<()> {
        self.proof()?;
        if let Some(note) = self.untold.take() {
            self.notices.push(format!("record {}: {}", note.from.unwrap_or(0), note.body));
            self.put(&Entry::Note(note))?;
        }
        let Some(next) = self.tail.as_ref().map(|tail| tail.next) else { return Ok(()) };
        let Some(proof) = &mut self.proof else { return Ok(()) };
        let size = proof.edge.size();
        if size < next {
            let leaves = gather(&self.layout, &self.mine, size, next)?;
            let mut edge = proof.edge.clone();
            let full: Vec<_> = leaves.into_iter().flat_map(|leaf| edge.push(leaf)).collect();
            layout::write_tree(&self.layout, size, &full, &edge)?;
            let origin = proof.signer.public().name().to_owned();
            let mut note = Checkpoint { origin, size: next, root: edge.root() }.note();
            proof.signer.sign(&mut note, 0);
            let bytes = note.to_string().into_bytes();
            if next / 256 > size / 256 {
                // Kept: with it, damage is placed between two heads.
                private_directory(&self.layout.history())?;
                write_state(&self.layout.kept(next), &bytes)?;
            }
            write_over(&self.layout.checkpoint(), proof.bytes.len(), &bytes)?;
            head::note_signed(&self.key, proof.signer.public().name(), next, &edge.root());
            (proof.bytes, proof.edge) = (bytes, edge);
        }
        self.signed = proof.edge.size();
        self.mine.clear();
        Ok(())
    }

    /// What is wrong under a head with this edge, though it is signed.
    ///
    /// The tree is written down before its head, so a crash can leave a head
    /// that is older than the tree, and the records behind it are as good as
    /// their links. What is known beside the key was signed: records that do not
    /// lead to that root again are told for ever.
    fn wrong_under(
        &self,
        head: &Checkpoint,
        found: Option<&Found>,
        edge: &Edge,
    ) -> Option<record::Note> {
        let told = |what: &str, to: Option<u64>, body: &str| {
            let (what, body) = (what.into(), body.into());
            Some(record::Note { what, from: Some(head.size), to, bytes: None, body })
        };
        let last = head::signed_last(&self.key, &head.origin).filter(|last| last.size > head.size);
        if let Some(last) = &last {
            let leaves = layout::leaves(&self.layout, head.size, last.size).unwrap_or_default();
            let mut grown = edge.clone();
            leaves.into_iter().for_each(|leaf| drop(grown.push(leaf)));
            if grown.size() != last.size || last.root != Some(grown.root()) {
                return told(
                    "altered",
                    Some(last.size),
                    "an older signed head was put back, and the records behind it are not those that were signed; \
                     from here on they are signed as they stood",
                );
            }
        }
        match found {
            _ if last.is_some() => {}
            Some(found) if found.older => {}
            Some(found) if !found.mended => return None,
            _ => {
                return told(
                    "repaired",
                    None,
                    "hashes of the tree were missing or changed, and were made again from what leads to the signed head",
                );
            }
        }
        told(
            "repaired",
            None,
            "the signed head was not the last one: a crash before that was written, or an older head was put back; \
             the records from here on are signed as they stood",
        )
    }

    /// Makes sure that `self.proof` is that of the checkpoint on disk, whose
    /// signature and tiles are checked where another writer made them.
    fn proof(&mut self) -> Result<()> {
        let bytes = head::bytes(&self.layout)?;
        if let (Some(proof), Some(bytes)) = (&self.proof, &bytes)
            && proof.bytes == *bytes
        {
            return Ok(());
        }
        let signer = match head::key(&self.key) {
            Ok(signer) => signer,
            Err(Error::Missing(_)) => return self.first_proof(bytes.as_deref()),
            Err(error) => return Err(error),
        };
        let head = head::trusted(bytes.as_deref(), &signer)?;
        let bytes = bytes.unwrap_or_default();
        let found = layout::edge(&self.layout, head.size, &head.root);
        let edge = match &found {
            Some(found) => found.edge.clone(),
            None => self.rebuild(&head)?,
        };
        self.untold = self.wrong_under(&head, found.as_ref(), &edge);
        if !found.is_some_and(|found| found.settled) {
            layout::remove_unsigned_tiles(&self.layout, &edge)?;
        }
        self.proof = Some(Proof { signer, bytes, edge });
        Ok(())
    }

    /// Makes the key. The empty tree is signed with it before the key is in
    /// place: wherever there is a key, there was a head.
    fn first_proof(&mut self, bytes: Option<&[u8]>) -> Result<()> {
        let unused = bytes.is_none_or(|bytes| {
            Note::parse(bytes)
                .and_then(|note| Checkpoint::parse(&note))
                .is_ok_and(|head| head.size == 0)
        });
        if !unused {
            return Err(Error::damaged(format!(
                "it is signed, and the key at `{}` is gone",
                self.key.display()
            )));
        }
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| {
            Error::io("make a key at", &self.key)(io::Error::other(error.to_string()))
        })?;
        let signer = SignerKey::journal(&seed)?;
        let origin = signer.public().name().to_owned();
        let mut note = Checkpoint { origin, size: 0, root: tree::empty() }.note();
        signer.sign(&mut note, 0);
        let bytes = note.to_string().into_bytes();
        write_secret(&self.layout.checkpoint(), &bytes)?;
        write_secret(&self.layout.public_key(), format!("{}\n", signer.public()).as_bytes())?;
        if let Some(parent) = self.key.parent() {
            private_directory(parent)?;
        }
        let text = data_encoding::BASE64.encode(&seed);
        write_secret(&self.key, format!("{text}\n").as_bytes())?;
        self.proof = Some(Proof { signer, bytes, edge: Edge::default() });
        Ok(())
    }

    /// Makes the tiles again from the records, where the signed root agrees.
    fn rebuild(&self, head: &Checkpoint) -> Result<Edge> {
        let broken = || Error::damaged("the tree under its signed head does not add up");
        let leaves = layout::leaves(&self.layout, 0, head.size).map_err(|_| broken())?;
        let mut edge = Edge::default();
        let full: Vec<_> = leaves.into_iter().flat_map(|leaf| edge.push(leaf)).collect();
        if edge.root() != head.root {
            return Err(broken());
        }
        layout::write_tree(&self.layout, 0, &full, &edge)?;
        Ok(edge)
    }
}

impl Drop for FileJournal {
    fn drop(&mut self) {
        // `close` is for those who want to know.
        let _ = self.sign_to_end();
    }
}

impl ports::Journal for FileJournal {
    fn intent(
        &mut self,
        intent: &ports::Intent<'_>,
    ) -> std::result::Result<Sequence, JournalError> {
        // What may happen and is not safe must survive power loss first.
        let synced = intent.synced || (intent.verdict == "allow" && intent.severity != "safe");
        let mut record = record::Intent::from(intent);
        record.synced = synced || self.options.sync_all;
        let entry = Entry::Intent(record);
        let seq = self.append(&entry, synced)?;
        if let (Some(projections), Entry::Intent(record)) = (&mut self.projections, &entry) {
            projections.intent(seq, record);
        }
        Ok(seq)
    }

    fn outcome(
        &mut self,
        sequence: Sequence,
        outcome: &ports::Outcome,
    ) -> std::result::Result<(), JournalError> {
        let record = record::Outcome::new(sequence, outcome);
        let entry = Entry::Outcome(record);
        self.append(&entry, false)?;
        if let (Some(projections), Entry::Outcome(record)) = (&mut self.projections, &entry) {
            projections.outcome(record);
        }
        Ok(())
    }

    fn event(&mut self, event: &ports::Event<'_>) -> std::result::Result<Sequence, JournalError> {
        Ok(self.append(&Entry::Event(record::Event::from(event)), true)?)
    }
}

/// The leaves of `from..to`: this writer's as it wrote them, the others' as
/// they stand in the file. A writer never signs a changed form of what it
/// wrote itself.
fn gather(layout: &Layout, mine: &VecDeque<(u64, Hash)>, from: u64, to: u64) -> Result<Vec<Hash>> {
    let recent: Vec<_> = mine.iter().filter(|(seq, _)| (from..to).contains(seq)).collect();
    if recent.len() as u64 == to.saturating_sub(from) {
        return Ok(recent.into_iter().map(|(_, leaf)| *leaf).collect());
    }
    let leaves = layout::leaves(layout, from, to)?;
    for (seq, leaf) in recent {
        let stands = usize::try_from(seq - from).ok().and_then(|at| leaves.get(at));
        if stands != Some(leaf) {
            return Err(Error::damaged(format!("record {seq} is not what this process wrote")));
        }
    }
    Ok(leaves)
}

fn open_lock(dir: &Path) -> Result<File> {
    let path = dir.join("lock");
    match open_or_create(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            private_directory(dir)?;
            open_or_create(&path)
        }
        other => other,
    }
    .map_err(Error::io("open", &path))
}

/// Whether the open file is the one at this path.
fn same_file(file: &File, path: &Path) -> io::Result<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let there = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            other => other?,
        };
        let here = file.metadata()?;
        Ok((here.dev(), here.ino()) == (there.dev(), there.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = (file, path);
        Ok(true)
    }
}

fn open_or_create(path: &Path) -> io::Result<File> {
    match open_existing(path, true) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match create_new(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => open_existing(path, true),
            other => other,
        },
        other => other,
    }
}

/// Whether the file still has a name.
fn linked(metadata: &fs::Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        metadata.nlink() > 0
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        true
    }
}
