//! Which objects are protected files, whatever they are called.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ffi::OsString;
use std::fs::{self, DirEntry};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use palisade_core::{FileFacts, Object};
use palisade_guards::Places;
use palisade_guards::file::{self, Protected};

/// How many entries are looked at in one place, and how deep.
const ENTRIES: usize = 4096;
const DEPTH: usize = 6;
/// The same where only a part of what lies there is protected.
const PARTLY_DEPTH: usize = 3;

/// What is known of protected places; looked up when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct Known {
    links: OnceLock<Vec<(PathBuf, PathBuf)>>,
    objects: OnceLock<Objects>,
}

#[derive(Debug, Default)]
struct Objects {
    names: HashMap<Object, String>,
    /// Whether some place was too large.
    incomplete: bool,
}

impl Known {
    /// Where protected places really are, where links lead there: the real
    /// path and the one in the tables.
    pub(crate) fn links(&self, places: &Places) -> &[(PathBuf, PathBuf)] {
        self.links.get_or_init(|| links(places))
    }

    /// The protected file that `object` is, and whether some could not be
    /// compared.
    pub(crate) fn name(&self, object: Object, places: &Places) -> (Option<&str>, bool) {
        let known = self.objects.get_or_init(|| objects(places));
        (known.names.get(&object).map(String::as_str), known.incomplete)
    }
}

fn links(places: &Places) -> Vec<(PathBuf, PathBuf)> {
    let mut found = Vec::new();
    let mut add = |path: PathBuf| {
        if let Ok(real) = fs::canonicalize(&path)
            && real != path
        {
            found.push((real, path));
        }
    };
    // Most of them are not there; one look at the home says which.
    let home = Path::new(&places.home);
    let there: HashSet<OsString> = names(home).collect();
    for Protected { path, .. } in file::protected(places) {
        let path = PathBuf::from(path);
        let first = path.strip_prefix(home).ok().and_then(|rest| rest.iter().next());
        if first.is_none_or(|first| there.contains(first)) {
            add(path);
        }
    }
    // A person may keep a profile's files elsewhere and link to them.
    let home = Path::new(&places.palisade_home);
    if !places.palisade_home.is_empty() {
        add(home.join("config.yaml"));
        for profile in entries(&home.join("profiles")) {
            entries(&profile.path()).for_each(|entry| add(entry.path()));
        }
    }
    found
}

/// Every name in a directory.
fn names(directory: &Path) -> impl Iterator<Item = OsString> {
    fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.file_name())
}

fn entries(directory: &Path) -> impl Iterator<Item = DirEntry> {
    fs::read_dir(directory).into_iter().flatten().flatten().take(ENTRIES)
}

fn objects(places: &Places) -> Objects {
    let mut known = Objects::default();
    for Protected { path, partly } in file::protected(places) {
        let mut left = ENTRIES;
        let mut ahead = VecDeque::from([(PathBuf::from(&path), 0)]);
        // The upper levels come first.
        while let Some((at, depth)) = ahead.pop_front() {
            // Links in the tables' own places were followed above; one on the
            // way down leads to what is judged by its own name.
            let found = if depth == 0 { fs::metadata(&at) } else { fs::symlink_metadata(&at) };
            let Ok(found) = found else { continue };
            if found.is_file() && found.nlink() > 1 {
                let object = Object { device: found.dev(), inode: found.ino() };
                known.names.entry(object).or_insert_with(|| at.to_string_lossy().into_owned());
            }
            if !found.is_dir() {
                continue;
            }
            if depth == if partly { PARTLY_DEPTH } else { DEPTH } {
                known.incomplete |= !partly;
                continue;
            }
            for entry in fs::read_dir(&at).into_iter().flatten().flatten() {
                if left == 0 {
                    known.incomplete |= !partly;
                    break;
                }
                left -= 1;
                ahead.push_back((entry.path(), depth + 1));
            }
        }
    }
    project(places, &mut known);
    known
}

/// The upper levels of the project have secrets of their own (`.env`, keys).
/// More than that is no business of a comparison that must stay quick, and a
/// large project makes nothing doubtful: stores of packages link their files.
fn project(places: &Places, known: &mut Objects) {
    let mut left = ENTRIES;
    let mut ahead = VecDeque::from([(PathBuf::from(&places.workspace), 0)]);
    while let Some((at, depth)) = ahead.pop_front() {
        for entry in fs::read_dir(&at).into_iter().flatten().flatten() {
            if left == 0 {
                return;
            }
            left -= 1;
            let Ok(found) = entry.metadata() else { continue };
            let path = entry.path();
            if found.is_dir() {
                let name = entry.file_name();
                if depth < PARTLY_DEPTH
                    && name != "node_modules"
                    && name != ".git"
                    && name != "target"
                {
                    ahead.push_back((path, depth + 1));
                }
            } else if found.is_file() && found.nlink() > 1 {
                let text = path.to_string_lossy();
                if file::is_private(&FileFacts::of_text(text.as_ref()), places) {
                    let object = Object { device: found.dev(), inode: found.ino() };
                    known.names.entry(object).or_insert_with(|| text.into_owned());
                }
            }
        }
    }
}
