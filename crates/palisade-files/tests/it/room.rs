//! A home with a workspace for one test, and the way from a request to its
//! effect as the runtime goes it.

use std::fs;
use std::path::{Path, PathBuf};

use palisade_core::fakes::MemoryJournal;
use palisade_core::ports::{FileTools, Intent};
use palisade_core::{
    Action, Actor, Confinement, FileFacts, FileShown, FileUse, FileWork, Permit, Posture, Search,
    Verdict, judge,
};
use palisade_files::{Files, Limits};
use palisade_guards::{Places, file};
use tempfile::TempDir;

/// A home directory with `project` in it.
pub struct Room {
    _directory: Option<TempDir>,
    pub home: PathBuf,
    pub files: Files,
    pub places: Places,
}

impl Room {
    pub fn new() -> Self {
        Self::with(|files| files)
    }

    pub fn with(change: impl FnOnce(Files) -> Files) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(directory.path()).unwrap().join("u");
        fs::create_dir_all(home.join("project")).unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let places = Places {
            home: text(&home),
            cwd: text(&home.join("project")),
            workspace: text(&home.join("project")),
            palisade_home: text(&home.join(".palisade")),
            programs: Vec::new(),
            settings: Vec::new(),
        };
        let files = change(Files::new(places.clone()));
        Self { _directory: Some(directory), home, files, places }
    }

    /// The tools of a later call, or with other names for places that are
    /// there.
    pub fn again(places: &Places) -> Self {
        let files = Files::new(places.clone());
        let home = PathBuf::from(&places.home);
        Self { _directory: None, home, files, places: places.clone() }
    }

    pub fn small(limits: Limits) -> Self {
        Self::with(|files| files.limits(limits))
    }

    /// A path in the project.
    pub fn at(&self, path: &str) -> PathBuf {
        self.home.join("project").join(path)
    }

    /// Makes a file below the home.
    pub fn put(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub fn facts(&self, path: &str, how: FileUse) -> FileFacts {
        self.files.open(path, &self.places.cwd, how).unwrap().facts().clone()
    }

    /// The rules that using `path` breaks.
    pub fn rules(&self, path: &str, how: FileUse) -> Vec<&'static str> {
        let facts = self.facts(path, how);
        file::findings(how, &facts, &self.places).iter().map(|finding| finding.rule).collect()
    }

    /// Opens, judges and does.
    pub fn tool(&self, path: &str, work: &FileWork) -> Result<FileShown, String> {
        carry_out(&self.files, &self.places, path, work)
    }

    pub fn read(&self, path: &str) -> Result<String, String> {
        let work = FileWork::Read { from: 1, lines: None, numbered: false };
        self.tool(path, &work).map(|shown| shown.text)
    }

    pub fn write(&self, path: &str, content: &str) -> Result<FileShown, String> {
        self.tool(path, &FileWork::Write { content: content.into(), parents: false })
    }

    pub fn edit(&self, path: &str, old: &str, new: &str) -> Result<FileShown, String> {
        self.tool(path, &FileWork::Edit { old: old.into(), new: new.into(), all: false })
    }

    pub fn search(&self, path: &str, pattern: &str) -> Result<FileShown, String> {
        let search = Search { pattern: pattern.into(), ..Search::default() };
        self.tool(path, &FileWork::Search(search))
    }
}

/// From a path to an effect, refused with `deny: rule` or `ask: rule`.
pub fn carry_out(
    files: &Files,
    places: &Places,
    path: &str,
    work: &FileWork,
) -> Result<FileShown, String> {
    let how = work.how();
    let open = files.open(path, &places.cwd, how).map_err(|fault| fault.to_string())?;
    let permit = permit(how, open.facts(), places)?;
    open.carry_out(permit, work).map_err(|fault| fault.to_string())
}

/// The permit for what was opened.
pub fn permit(how: FileUse, facts: &FileFacts, places: &Places) -> Result<Permit, String> {
    let action = Action::File {
        how,
        path: facts.path.clone(),
        real: facts.real.clone(),
        object: facts.object,
        cwd: places.cwd.clone(),
    };
    let found = file::findings_where_each_is_judged(how, facts, places);
    let decision = judge(action, found, Posture::default(), &[], None, 0);
    if decision.verdict() != Verdict::Allow {
        return Err(format!("{}: {}", decision.verdict().word(), decision.rules().join(" ")));
    }
    let intent = Intent {
        actor: &Actor::default(),
        profile: "default",
        kind: how.word(),
        body: "",
        cwd: "",
        digest: [0; 32],
        verdict: "allow",
        severity: "safe",
        rules: &[],
        grant: None,
        confinement: Confinement::None,
        policy: [0; 32],
        synced: false,
    };
    Ok(Permit::issue(decision, &intent, &mut MemoryJournal::default()).unwrap())
}
