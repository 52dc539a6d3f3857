//! What the handle and the verdict cost beside the work itself.
//!
//! `cargo bench -p palisade-files`
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::PathBuf;

use divan::Bencher;
use grep_regex::RegexMatcher;
use grep_searcher::{Searcher, SearcherBuilder, Sink, SinkMatch};
use ignore::WalkBuilder;
use palisade_core::fakes::MemoryJournal;
use palisade_core::ports::{FileTools, Intent};
use palisade_core::{
    Action, Actor, Confinement, FileUse, FileWork, Permit, Posture, Search, judge,
};
use palisade_files::{Files, Limits};
use palisade_guards::{Places, file};
use tempfile::TempDir;

fn main() {
    divan::main();
}

/// A project of 2 000 files in 100 directories, 10 MB.
fn project() -> (TempDir, PathBuf, Files, Places) {
    let directory = tempfile::tempdir().unwrap();
    let home = fs::canonicalize(directory.path()).unwrap();
    let project = home.join("project");
    let text = "let value = compute(input, 42); // an ordinary line of code\n".repeat(85);
    for folder in 0..100 {
        let folder = project.join(format!("src/{folder}"));
        fs::create_dir_all(&folder).unwrap();
        for file in 0..20 {
            fs::write(folder.join(format!("{file}.rs")), &text).unwrap();
        }
    }
    fs::write(project.join("needle.rs"), format!("{text}a needle here\n")).unwrap();
    let name = |path: &PathBuf| path.to_str().unwrap().to_owned();
    let places = Places {
        home: name(&home),
        cwd: name(&project),
        workspace: name(&project),
        palisade_home: format!("{}/.palisade", home.display()),
        programs: Vec::new(),
        settings: Vec::new(),
    };
    let files = Files::new(places.clone()).limits(Limits::default());
    (directory, project, files, places)
}

fn tool(files: &Files, places: &Places, path: &str, work: &FileWork) -> usize {
    let how = work.how();
    let open = files.open(path, &places.cwd, how).unwrap();
    let facts = open.facts();
    let action = Action::File {
        how,
        path: facts.path.clone(),
        real: facts.real.clone(),
        object: facts.object,
        cwd: places.cwd.clone(),
    };
    let found = file::findings(how, facts, places);
    let decision = judge(action, found, Posture::default(), &[], None, 0);
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
    let permit = Permit::issue(decision, &intent, &mut MemoryJournal::default()).unwrap();
    open.carry_out(permit, work).unwrap().text.len()
}

/// The verdict alone, from facts.
#[divan::bench]
fn judge_a_file(bencher: Bencher<'_, '_>) {
    let (_directory, _, files, places) = project();
    let facts = files.open("needle.rs", &places.cwd, FileUse::Read).unwrap().facts().clone();
    bencher.bench(|| file::findings(FileUse::Read, &facts, &places));
}

#[divan::bench]
fn open_and_see(bencher: Bencher<'_, '_>) {
    let (_directory, _, files, places) = project();
    bencher.bench(|| files.open("needle.rs", &places.cwd, FileUse::Read).unwrap().facts().links);
}

#[divan::bench]
fn read_a_file(bencher: Bencher<'_, '_>) {
    let (_directory, _, files, places) = project();
    let work = FileWork::Read { from: 1, lines: None, numbered: true };
    bencher.bench(|| tool(&files, &places, "needle.rs", &work));
}

#[divan::bench]
fn read_a_file_by_the_standard_library(bencher: Bencher<'_, '_>) {
    let (_directory, project, ..) = project();
    let path = project.join("needle.rs");
    bencher.bench(|| fs::read_to_string(&path).unwrap().len());
}

#[divan::bench]
fn write_a_file(bencher: Bencher<'_, '_>) {
    let (_directory, _, files, places) = project();
    let work = FileWork::Write { content: "new\n".repeat(1000), parents: false };
    bencher.bench(|| tool(&files, &places, "needle.rs", &work));
}

#[divan::bench]
fn search_a_project(bencher: Bencher<'_, '_>) {
    let (_directory, _, files, places) = project();
    let work = FileWork::Search(Search { pattern: "needle".into(), ..Search::default() });
    bencher.bench(|| tool(&files, &places, ".", &work));
}

/// The same by ripgrep's libraries alone, on one thread.
#[divan::bench]
fn search_a_project_by_ripgrep(bencher: Bencher<'_, '_>) {
    struct Count(usize);
    impl Sink for Count {
        type Error = std::io::Error;
        fn matched(&mut self, _: &Searcher, _: &SinkMatch<'_>) -> Result<bool, Self::Error> {
            self.0 += 1;
            Ok(true)
        }
    }
    let (_directory, project, ..) = project();
    bencher.bench(|| {
        let matcher = RegexMatcher::new_line_matcher("needle").unwrap();
        let mut searcher = SearcherBuilder::new().line_number(true).build();
        let mut count = Count(0);
        for entry in WalkBuilder::new(&project).build().flatten() {
            if entry.file_type().is_some_and(|kind| kind.is_file()) {
                searcher.search_path(&matcher, entry.path(), &mut count).unwrap();
            }
        }
        count.0
    });
}
