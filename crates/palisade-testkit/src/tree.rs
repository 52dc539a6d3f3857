//! The repository as files.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// The files below a directory of the repository with one of these endings,
/// sorted, as paths from the root.
pub fn files(below: &str, endings: &[&str]) -> Vec<PathBuf> {
    let root = root();
    let mut found = Vec::new();
    walk(&root.join(below), &mut found);
    let mut found: Vec<PathBuf> = found
        .into_iter()
        .filter(|path| {
            let name = path.to_string_lossy();
            endings.iter().any(|ending| name.ends_with(ending))
        })
        .filter_map(|path| path.strip_prefix(&root).ok().map(Path::to_owned))
        .collect();
    found.sort();
    found
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if hidden || entry.file_name() == "target" {
            continue;
        }
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

/// The text of a file, by its path from the root; empty where it cannot be
/// read.
pub fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}
