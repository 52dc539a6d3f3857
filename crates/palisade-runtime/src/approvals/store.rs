//! The queue on disk: requests, answers, claims, and who looks on.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use palisade_core::Answer;

use super::bell::{self, Bell};
use super::clock::Moment;
use super::record::{AnswerRecord, Asker, Request};
use super::subject::Subject;
use crate::calls::hex;
use crate::{Error, Home, private_dir};

/// So many requests at a time, and no more.
pub const MOST: usize = 20_000;
/// With so many alive in the queue, none is added that nobody would see.
const CROWD: usize = 200;
/// The largest request: nobody reads more before answering.
const LARGEST: u64 = 1 << 20;
/// How long answered requests can still be looked at.
const KEPT_S: i64 = 3600;
/// Letters of an id: none looks like another.
const LETTERS: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";

/// The queue of one home.
#[derive(Debug, Clone)]
pub struct Store {
    directory: PathBuf,
}

/// A request and what has become of it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What is asked.
    pub request: Request,
    /// What was said, if anything.
    pub answer: Option<AnswerRecord>,
    /// Whether that was claimed.
    pub is_spent: bool,
    /// Whether somebody waits for it at this moment.
    pub is_waited_for: bool,
    bytes: Vec<u8>,
    place: PathBuf,
}

/// A request that cannot be read, or is not one of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its name.
    pub id: String,
    /// What is wrong with it.
    pub why: String,
}

/// An attempt to take an answer.
#[derive(Debug)]
pub enum Claim {
    /// It is ours, and nobody else's.
    Taken(AnswerRecord),
    /// There is none yet.
    NotAnswered,
    /// Somebody else has it, or its time is over.
    Gone,
}

/// Somebody who is shown requests as they come, until dropped.
#[derive(Debug)]
pub struct Watcher {
    bell: Bell,
    path: PathBuf,
}

/// What stands in the name of a request's directory.
struct Name {
    id: String,
    digest: String,
    until: i64,
}

impl Store {
    /// The queue in `home`.
    pub fn new(home: &Home) -> Self {
        Self { directory: home.approvals() }
    }

    /// A name for a new request.
    pub(super) fn id() -> String {
        let mut number = RandomState::new().build_hasher().finish();
        let mut id = String::new();
        for _ in 0..6 {
            let at = (number % LETTERS.len() as u64) as usize;
            number /= LETTERS.len() as u64;
            id.push(char::from(LETTERS.get(at).copied().unwrap_or(b'2')));
        }
        id
    }

    /// Writes a request, wakes whoever looks on, and holds its bell. It is on
    /// the disk when this returns, and nobody sees it before.
    ///
    /// # Errors
    /// Where it cannot be written, or there are too many.
    pub fn put(
        &self,
        id: &str,
        subject: Subject,
        asker: Asker,
        (wait, parked): (Duration, Duration),
    ) -> Result<(Entry, Bell), Error> {
        self.prepare()?;
        // Now and then is enough: a few more than the bound do no harm.
        if id.ends_with(['2', '3']) {
            self.make_room()?;
        }
        let created = Moment::now();
        let request = Request::new(id.to_owned(), subject, asker, created, (wait, parked));
        // Strings and numbers under string keys always have a JSON form.
        let bytes = serde_json::to_vec(&request).unwrap_or_default();
        if bytes.len() as u64 > LARGEST {
            return Err(wrong("this is too long to be shown to anybody"));
        }
        let until = request.expires.after(parked).seconds().saturating_add(KEPT_S);
        let digest = request.digest.get(..16).unwrap_or_default();
        let place = self.directory.join(format!("{id}.{digest}.{until:x}"));
        let draft = self.directory.join(format!(".new-{id}-{}", std::process::id()));
        let made = draw(&draft, &bytes).and_then(|bell| {
            fs::rename(&draft, &place)?;
            sync(&self.directory)?;
            Ok(bell)
        });
        let bell = made.map_err(|source| {
            let _ = fs::remove_dir_all(&draft);
            let _ = fs::remove_dir_all(&place);
            file("write", &place)(source)
        })?;
        self.ring();
        let entry =
            Entry { request, answer: None, is_spent: false, is_waited_for: true, bytes, place };
        Ok((entry, bell))
    }

    /// All requests, oldest first; those that cannot be read stand last.
    ///
    /// # Errors
    /// Where the directory cannot be read.
    pub fn list(&self) -> Result<(Vec<Entry>, Vec<Broken>), Error> {
        let (mut entries, mut broken) = (Vec::new(), Vec::new());
        for (name, place) in self.places()? {
            match open(&name.id, place) {
                Ok(Some(entry)) => entries.push(entry),
                Ok(None) => {}
                Err(why) => broken.push(Broken { id: name.id, why }),
            }
        }
        entries.sort_by(|a, b| {
            let key = |entry: &Entry| (entry.request.created.wall_ms, entry.request.id.clone());
            key(a).cmp(&key(b))
        });
        Ok((entries, broken))
    }

    /// The request whose id is, or begins with, `id`.
    ///
    /// # Errors
    /// Where there is none or more than one, or it cannot be read.
    pub fn find(&self, id: &str) -> Result<Entry, Error> {
        let id = id.trim().to_lowercase();
        let mut found = Vec::new();
        for (name, place) in self.places()? {
            if !id.is_empty() && name.id.starts_with(&id) {
                found.push((name, place));
            }
        }
        let shown = id.escape_debug();
        let none = || {
            Error::Name(format!(
                "there is no request `{shown}`: `palisade approvals list` shows them"
            ))
        };
        match (found.pop(), found.is_empty()) {
            (None, _) => Err(none()),
            (Some(_), false) => {
                Err(Error::Name(format!("more than one request begins with `{shown}`")))
            }
            (Some((name, place)), true) => match open(&name.id, place) {
                Ok(entry) => entry.ok_or_else(none),
                Err(why) => Err(wrong(&format!("request `{}` cannot be used: {why}", name.id))),
            },
        }
    }

    /// The requests for exactly the subject of this digest, as far as they can be
    /// read. No other request is opened.
    pub fn same(&self, digest: &[u8; 32]) -> Vec<Entry> {
        let digest = hex(digest);
        let begins = digest.get(..16).unwrap_or_default();
        let places = self.places().unwrap_or_default().into_iter();
        let alike = places.filter(|(name, _)| name.digest == begins);
        let entries = alike.filter_map(|(name, place)| open(&name.id, place).ok().flatten());
        entries.filter(|entry| entry.request.digest == digest).collect()
    }

    /// Answers a request exactly as it was read into `entry` and shown: where
    /// it was changed since, the answer does not count. Only the first answer
    /// counts; it is on the disk when this returns. Whoever calls this has
    /// made sure that a person answers, and has it in the journal.
    ///
    /// # Errors
    /// Where it was answered before, is over, does not take this answer, or
    /// the answer cannot be written.
    pub fn answer(
        &self,
        entry: &Entry,
        (answer, word): (Answer, Option<&str>),
        by: Asker,
        keep: Duration,
    ) -> Result<(), Error> {
        let now = Moment::now();
        let id = &entry.request.id;
        if entry.request.is_expired(&now) {
            return Err(wrong(&format!("request `{id}` is too old to be answered")));
        }
        if !entry.request.subject.takes(answer) {
            let why = entry.request.subject.only_once.as_deref();
            let why = why.unwrap_or("it belongs to no session");
            return Err(wrong(&format!("request `{id}` does not take that answer: {why}")));
        }
        let record = AnswerRecord::new(&entry.bytes, (answer, word), by, now, keep);
        let bytes = serde_json::to_vec(&record).unwrap_or_default();
        let draft = entry.place.join(format!(".answer-{}-{}", std::process::id(), Self::id()));
        let target = entry.place.join(ANSWER);
        let linked = write_new(&draft, &bytes).and_then(|()| fs::hard_link(&draft, &target));
        let _ = fs::remove_file(&draft);
        match linked {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(wrong(&format!("request `{id}` was answered before")));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(wrong(&format!("request `{id}` is not there any more")));
            }
            Err(source) => return Err(file("write", &target)(source)),
        }
        sync(&entry.place).map_err(file("sync", &entry.place))?;
        bell::ring(&entry.place.join(BELL));
        self.ring();
        Ok(())
    }

    /// Whether a request, as it was read into `entry`, still has no answer.
    pub fn is_unanswered(&self, entry: &Entry) -> bool {
        entry.place.is_dir() && fs::symlink_metadata(entry.place.join(ANSWER)).is_err()
    }

    /// Whether somebody waits at this moment for the request in `entry`.
    pub fn is_waited_for(&self, entry: &Entry) -> bool {
        bell::is_held(&entry.place.join(BELL))
    }

    /// Takes the answer to a request, once among everybody who tries.
    ///
    /// # Errors
    /// Where the answer is damaged, or the claim cannot be written.
    pub fn claim(&self, entry: &Entry) -> Result<Claim, Error> {
        let id = &entry.request.id;
        let answer = match read(&entry.place.join(ANSWER)) {
            Ok(bytes) => AnswerRecord::read(&entry.bytes, &bytes)
                .map_err(|why| wrong(&format!("request `{id}`: {why}")))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let there = entry.place.is_dir();
                return Ok(if there { Claim::NotAnswered } else { Claim::Gone });
            }
            Err(source) => return Err(file("read", &entry.place)(source)),
        };
        if answer.is_over(&Moment::now()) {
            return Ok(Claim::Gone);
        }
        let path = entry.place.join(SPENT);
        match write_new(&path, std::process::id().to_string().as_bytes()) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(Claim::Gone),
            Err(source) => return Err(file("write", &path)(source)),
        }
        sync(&entry.place).map_err(file("sync", &entry.place))?;
        Ok(Claim::Taken(answer))
    }

    /// Holds the bell of a request that nobody waits for, and wakes whoever
    /// looks on.
    pub(super) fn adopt(&self, entry: &Entry) -> Option<Bell> {
        let bell = Bell::hold(&entry.place.join(BELL)).ok()?;
        self.ring();
        Some(bell)
    }

    /// Looks on: from now until this is dropped, requests are seen.
    ///
    /// # Errors
    /// Where that cannot be written down.
    pub fn watch(&self) -> Result<Watcher, Error> {
        self.prepare()?;
        let directory = self.watchers();
        private_dir(&directory)?;
        let name = format!("{}-{}", std::process::id(), Self::id());
        let (draft, path) = (directory.join(format!(".{name}")), directory.join(name));
        // Under its final name it is held from the first moment.
        let bell = Bell::make(&draft).and_then(|bell| fs::rename(&draft, &path).map(|()| bell));
        Ok(Watcher { bell: bell.map_err(file("make", &path))?, path })
    }

    /// Whether anybody looks on who is not stopped.
    pub fn is_watched(&self) -> bool {
        self.each_watcher(bell::is_held) > 0
    }

    fn ring(&self) {
        self.each_watcher(bell::ring);
    }

    /// Tries every watcher and forgets those that are gone.
    fn each_watcher(&self, is_there: impl Fn(&Path) -> bool) -> usize {
        let mut awake = 0;
        for entry in fs::read_dir(self.watchers()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            let path = entry.path();
            if is_there(&path) {
                let pid = name.split('-').next().and_then(|pid| pid.parse().ok());
                let process = pid.and_then(super::processes::look);
                awake += usize::from(process.is_none_or(|process| !process.is_stopped()));
            } else {
                let _ = fs::remove_file(&path);
            }
        }
        awake
    }

    fn watchers(&self) -> PathBuf {
        self.directory.join("watchers")
    }

    fn prepare(&self) -> Result<(), Error> {
        private_dir(&self.directory)?;
        let found =
            fs::symlink_metadata(&self.directory).map_err(file("look at", &self.directory))?;
        if found.is_dir() && found.mode() & 0o077 == 0 && is_ours(&found) {
            return Ok(());
        }
        let shown = self.directory.display();
        Err(Error::Home(format!("`{shown}` is not a private directory of yours: remove it")))
    }

    /// The requests by their names alone.
    fn places(&self) -> Result<Vec<(Name, PathBuf)>, Error> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(file("read", &self.directory)(source)),
        };
        let named =
            |entry: fs::DirEntry| Some((Name::read(entry.file_name().to_str()?)?, entry.path()));
        Ok(entries.flatten().filter_map(named).collect())
    }

    /// Removes what is over, and sees that there is room for one more.
    fn make_room(&self) -> Result<(), Error> {
        let places = self.places()?;
        let now = Moment::now().seconds();
        let crowded = places.len() > MOST / 2;
        let mut left = 0;
        for (name, place) in places {
            let is_over = name.until <= now || crowded && was_spent(&place);
            if is_over {
                remove(&self.directory, &place);
            } else {
                left += 1;
            }
        }
        if left >= MOST {
            return Err(wrong("there are too many requests already"));
        }
        Ok(())
    }

    /// Whether so much is left in the queue already that nobody will read
    /// through it: an agent that asks without end is not to bury what matters.
    pub(super) fn is_crowded(&self) -> bool {
        let now = Moment::now().seconds();
        let alive = |places: Vec<(Name, PathBuf)>| {
            places.iter().filter(|(name, _)| name.until > now.saturating_add(KEPT_S)).count()
        };
        self.places().map_or(true, |places| alive(places) >= CROWD)
    }

    /// Removes what is over, what was left half made, and who has gone.
    ///
    /// # Errors
    /// Where the directory cannot be read.
    pub fn sweep(&self) -> Result<(), Error> {
        self.make_room().or_else(|error| match error {
            Error::Approval { .. } => Ok(()),
            other => Err(other),
        })?;
        self.each_watcher(bell::is_held);
        for entry in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let draft = entry
                .file_name()
                .to_str()
                .is_some_and(|name| name.starts_with(".new-") || name.starts_with(".gone-"));
            let age = entry.metadata().and_then(|found| found.modified()).ok();
            let age = age.and_then(|made| made.elapsed().ok()).unwrap_or_default();
            if draft && age > Duration::from_secs(600) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(())
    }
}

impl Entry {
    /// Whether it can still be answered.
    pub fn is_open(&self, now: &Moment) -> bool {
        self.answer.is_none() && !self.request.is_expired(now)
    }

    /// Whether it waits for an answer, or an answer for it.
    pub fn is_alive(&self, now: &Moment) -> bool {
        match &self.answer {
            None => !self.request.is_expired(now),
            Some(answer) => !self.is_spent && !answer.is_over(now),
        }
    }
}

impl Watcher {
    /// Waits until something new may be there, or the time is up.
    pub fn wait(&self, longest: Duration) {
        self.bell.wait(longest);
        self.bell.clear();
    }

    /// For waiting on this and something else.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Name {
    fn read(name: &str) -> Option<Self> {
        let mut parts = name.split('.');
        let (id, digest, until) = (parts.next()?, parts.next()?, parts.next()?);
        let is_id = id.len() == 6 && id.bytes().all(|byte| LETTERS.contains(&byte));
        if !is_id || digest.len() != 16 || parts.next().is_some() {
            return None;
        }
        let until = i64::from_str_radix(until, 16).ok()?;
        Some(Self { id: id.to_owned(), digest: digest.to_owned(), until })
    }
}

const REQUEST: &str = "request.json";
const ANSWER: &str = "answer.json";
const SPENT: &str = "spent";
const BELL: &str = "bell";

/// Reads a request; `None` where it is not there any more.
fn open(id: &str, place: PathBuf) -> Result<Option<Entry>, String> {
    let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let bytes = match read(&place.join(REQUEST)) {
        Ok(bytes) => bytes,
        Err(error) if gone(&error) && !place.exists() => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let request = Request::read(id, &bytes)?;
    let answer = match read(&place.join(ANSWER)) {
        Ok(answer) => Some(AnswerRecord::read(&bytes, &answer)?),
        Err(error) if gone(&error) => None,
        Err(error) => return Err(error.to_string()),
    };
    let is_spent = fs::symlink_metadata(place.join(SPENT)).is_ok();
    let is_waited_for = answer.is_none() && bell::is_held(&place.join(BELL));
    Ok(Some(Entry { request, answer, is_spent, is_waited_for, bytes, place }))
}

/// Everything of a request, synced, in a directory of another name.
fn draw(draft: &Path, bytes: &[u8]) -> io::Result<Bell> {
    fs::DirBuilder::new().mode(0o700).create(draft)?;
    let bell = Bell::make(&draft.join(BELL))?;
    write_new(&draft.join(REQUEST), bytes)?;
    sync(draft)?;
    Ok(bell)
}

/// A file that did not exist, whole and on the disk.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// A small file that only we can have written.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let flags = nix::fcntl::OFlag::O_NOFOLLOW | nix::fcntl::OFlag::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() || !is_ours(&found) || found.mode() & 0o022 != 0 {
        return Err(io::Error::other("somebody else could have written it"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it is too large"));
    }
    Ok(bytes)
}

fn is_ours(found: &fs::Metadata) -> bool {
    found.uid() == rustix::process::geteuid().as_raw()
}

/// Whether an answer was used a while ago: whoever used it has synced that.
fn was_spent(place: &Path) -> bool {
    let spent = fs::symlink_metadata(place.join(SPENT)).and_then(|found| found.modified());
    spent.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > Duration::from_secs(60)))
}

/// Takes a request away: gone at once, then emptied.
fn remove(directory: &Path, place: &Path) {
    let name = place.file_name().and_then(|name| name.to_str()).unwrap_or("x");
    let gone = directory.join(format!(".gone-{name}-{}", std::process::id()));
    if fs::rename(place, &gone).is_ok() {
        let _ = fs::remove_dir_all(&gone);
    }
}

fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { what, path, source }
}

fn wrong(message: &str) -> Error {
    Error::Approval { message: message.to_owned() }
}
