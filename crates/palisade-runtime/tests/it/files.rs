//! File tools from the request to the record.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use palisade_core::fakes::{Answering, MemoryJournal};
use palisade_core::{Actor, Answer, FileUse, FileWork, Surface, Verdict};
use palisade_files::Files;
use palisade_guards::Places;
use palisade_runtime::ports::Files as OwnFiles;
use palisade_runtime::{
    Circumstances, FileDone, FileRequest, Home, Keeper, Ports, Profile, Session, SessionId,
    judge_file, use_file,
};
use tempfile::TempDir;

/// Palisade's own files, written plainly.
struct Plain;

impl OwnFiles for Plain {
    fn replace(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        fs::write(path, content)
    }
}

struct House {
    _directory: TempDir,
    root: PathBuf,
    profile: Profile,
    places: Places,
    journal: MemoryJournal,
}

impl House {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(directory.path()).unwrap();
        fs::create_dir_all(root.join("project")).unwrap();
        let own = root.join(".palisade");
        let home =
            Home::locate(|name| (name == "PALISADE_HOME").then(|| own.clone().into())).unwrap();
        let profile = Profile::open(&home, None).unwrap();
        profile.prepare(&home, &Plain).unwrap();
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let places = Places {
            home: text(root.clone()),
            cwd: text(root.join("project")),
            workspace: text(root.join("project")),
            palisade_home: text(own),
            programs: Vec::new(),
            settings: Vec::new(),
        };
        Self { _directory: directory, root, profile, places, journal: MemoryJournal::default() }
    }

    fn keeper(&self) -> Keeper<'_> {
        Keeper::new(&self.profile, Some(SessionId::parse("s").unwrap()), &Plain)
    }

    fn session(&self) -> Session {
        self.keeper().session().unwrap()
    }

    fn use_file(&mut self, path: &str, work: FileWork, answer: Answer) -> FileDone {
        let (session, mut journal) = (self.session(), std::mem::take(&mut self.journal));
        let at = self.at(&session);
        let mut ports = Ports {
            actor: &Actor::default(),
            ask: &mut Answering(answer),
            journal: &mut journal,
            keeper: &self.keeper(),
        };
        let request = FileRequest { path: path.into(), cwd: self.places.cwd.clone(), work };
        let files = Files::new(self.places.clone());
        let done = use_file(&request, &files, &at, &mut ports).unwrap();
        self.journal = journal;
        done
    }

    fn at<'a>(&'a self, session: &'a Session) -> Circumstances<'a> {
        Circumstances {
            profile: &self.profile,
            posture: self.profile.posture(Surface::Interactive),
            grants: &session.grants,
            places: &self.places,
            session,
            now: 0,
        }
    }
}

fn read() -> FileWork {
    FileWork::Read { from: 1, lines: None, numbered: false }
}

fn shown(done: FileDone) -> Result<String, String> {
    match done {
        FileDone::Refused(decision) => Err(decision.rules().join(" ")),
        FileDone::Tried { result, .. } => {
            result.map(|shown| shown.text).map_err(|fault| fault.message)
        }
    }
}

#[test]
fn what_is_done_is_recorded_and_what_is_seen_is_remembered() {
    let mut house = House::new();
    fs::write(house.root.join("project/a.txt"), "a\n").unwrap();
    fs::write(house.root.join("project/.env"), "A=1\n").unwrap();
    fs::write(house.root.join("page.html"), "page\n").unwrap();
    fs::create_dir(house.root.join(".ssh")).unwrap();
    fs::write(house.root.join(".ssh/id_rsa"), "key\n").unwrap();

    assert_eq!(shown(house.use_file("a.txt", read(), Answer::Deny)), Ok("a\n".into()));
    assert!(house.session().taint.is_none());
    assert_eq!(shown(house.use_file("../page.html", read(), Answer::Deny)), Ok("page\n".into()));
    let from: Vec<String> = house.session().taint.untrusted().map(str::to_owned).collect();
    assert_eq!(from, [format!("the file {}", house.root.join("page.html").display())]);

    let refused = house.use_file(".env", read(), Answer::Deny);
    assert_eq!(shown(refused), Err("secret/env-file".into()));
    assert_eq!(house.session().taint.private().len(), 0);
    assert_eq!(shown(house.use_file(".env", read(), Answer::Session)), Ok("A=1\n".into()));
    assert_eq!(house.session().taint.private().len(), 1);
    // Once answered for the session, it is not asked again.
    assert_eq!(shown(house.use_file(".env", read(), Answer::Deny)), Ok("A=1\n".into()));

    let refused = house.use_file("../.ssh/id_rsa", read(), Answer::Once);
    assert_eq!(shown(refused), Err("secret/ssh-key".into()));
    let missing = house.use_file("../.ssh/id_none", read(), Answer::Once);
    assert_eq!(shown(missing), Err("secret/ssh-key".into()));
    let missing = house.use_file("none.txt", read(), Answer::Once);
    assert!(shown(missing).unwrap_err().contains("does not exist"));

    let write = FileWork::Write { content: "new\n".into(), parents: false };
    shown(house.use_file("b.sh", write, Answer::Deny)).unwrap();
    let written = house.session().labels(house.root.join("project/b.sh").to_str().unwrap());
    assert!(written.has(palisade_shell::Labels::WRITTEN));
    assert!(house.journal.intents.iter().any(|intent| intent.starts_with("write allow write ")));
    let kept = house.journal.outcomes.iter().filter(|(_, outcome)| outcome.failure.is_empty());
    assert_eq!(kept.count(), 5);
}

#[test]
fn nothing_happens_that_is_not_recorded() {
    let mut house = House::new();
    house.journal.full = true;
    let (session, mut journal) = (house.session(), std::mem::take(&mut house.journal));
    let at = house.at(&session);
    let mut ports = Ports {
        actor: &Actor::default(),
        ask: &mut Answering(Answer::Once),
        journal: &mut journal,
        keeper: &house.keeper(),
    };
    let work = FileWork::Write { content: "x".into(), parents: false };
    let request = FileRequest { path: "a".into(), cwd: house.places.cwd.clone(), work };
    let files = Files::new(house.places.clone());
    assert!(use_file(&request, &files, &at, &mut ports).is_err());
    assert!(!house.root.join("project/a").exists());
}

#[test]
fn a_clients_own_tool_is_judged_alone() {
    let house = House::new();
    let session = Session::default();
    let mut at = house.at(&session);
    let files = Files::new(house.places.clone());
    let verdict = |how, path: &str, at: &Circumstances<'_>| {
        judge_file(how, (path, None), &house.places.cwd, &files, at).decision.verdict()
    };
    assert_eq!(verdict(FileUse::Write, "new.rs", &at), Verdict::Allow);
    assert_eq!(verdict(FileUse::Write, "/srv/none/x", &at), Verdict::Ask);
    assert_eq!(verdict(FileUse::Read, "~/.ssh/none", &at), Verdict::Deny);
    assert_eq!(verdict(FileUse::Read, "/proc/self/root/etc/shadow", &at), Verdict::Deny);
    // The sandbox is around commands, not around a client's tools.
    at.posture.confined = true;
    assert_eq!(verdict(FileUse::Write, "/srv/none/x", &at), Verdict::Ask);
    at.posture.surface = Surface::Unattended;
    assert_eq!(verdict(FileUse::Write, "/srv/none/x", &at), Verdict::Deny);
}
