//! What the patterns of a command take in on disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use palisade_guards::{Places, telling};
use palisade_shell::{FileFact, Labels, Match, Text};

use crate::facts::real;
use crate::session::Session;

/// How many entries of directories are looked at for one command.
pub(crate) const ENTRIES: usize = 64 * 1024;
/// How many files that are judged alike are kept.
const ALIKE: usize = 8;

/// Looks up patterns, with one allowance for all of them.
pub(crate) struct Lookup<'a> {
    places: &'a Places,
    session: &'a Session,
    left: usize,
}

impl<'a> Lookup<'a> {
    /// With the whole allowance.
    pub(crate) const fn new(places: &'a Places, session: &'a Session) -> Self {
        Self { places, session, left: ENTRIES }
    }

    /// What is to be known of a pattern, and of files that it takes in. `None`
    /// where the pattern says it all.
    pub(crate) fn look(&mut self, pattern: &Text) -> Option<(FileFact, Vec<(String, Labels)>)> {
        let parts: Vec<Text> = pattern.components().collect();
        let mut found = Vec::new();
        let mut beyond = false;
        let mut todo = vec![(PathBuf::from("/"), 0)];
        while let Some((at, index)) = todo.pop() {
            let Some(part) = parts.get(index) else {
                found.push(at);
                continue;
            };
            if let Some(name) = part.literal() {
                let next = at.join(name);
                // Behind a pattern, what does not exist is not meant.
                let behind = parts.iter().take(index).any(|part| part.literal().is_none());
                if !behind || fs::symlink_metadata(&next).is_ok() {
                    todo.push((next, index + 1));
                }
                continue;
            }
            let Ok(entries) = fs::read_dir(&at) else { continue };
            for entry in entries.flatten() {
                if self.left == 0 {
                    beyond = true;
                    break;
                }
                self.left -= 1;
                let name = entry.file_name();
                let Some(name) = name.to_str() else { continue };
                if name.starts_with('.') && part.begins_open() || !part.may_match(name) {
                    continue;
                }
                todo.push((at.join(name), index + 1));
            }
        }
        let (matches, labelled) = self.chosen(&found);
        let fact = FileFact { matches, beyond, ..FileFact::default() };
        (fact.beyond || !fact.matches.is_empty()).then_some((fact, labelled))
    }

    /// Those of which more is to be said, a few of each kind.
    fn chosen(&self, found: &[PathBuf]) -> (Vec<Match>, Vec<(String, Labels)>) {
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        let mut directories: BTreeMap<&Path, Option<String>> = BTreeMap::new();
        let (mut matches, mut labelled) = (Vec::new(), Vec::new());
        for path in found {
            let (Some(text), Some(above), Some(name)) =
                (path.to_str(), path.parent(), path.file_name().and_then(|name| name.to_str()))
            else {
                continue;
            };
            let directory = directories
                .entry(above)
                .or_insert_with(|| above.to_str().and_then(real))
                .clone()
                .unwrap_or_else(|| above.to_string_lossy().into_owned());
            let entry = format!("{}/{name}", directory.trim_end_matches('/'));
            let link = fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink());
            let target = link.then(|| real(&entry)).flatten();
            let moved = target.is_some() || entry != text;
            let target = target.unwrap_or_else(|| entry.clone());
            let labels = self.session.labels(&target);
            let told = telling(&target, self.places).or_else(|| telling(&entry, self.places));
            let kind = match told {
                Some(told) => told,
                None if moved => format!("elsewhere {}", self.inside(&target)),
                None if !labels.is_none() => format!("{labels:?}"),
                None => continue,
            };
            let count = kinds.entry(kind).or_default();
            *count += 1;
            if *count > ALIKE {
                continue;
            }
            if !labels.is_none() {
                labelled.push((target.clone(), labels));
            }
            matches.push(Match { entry, real: target });
        }
        (matches, labelled)
    }

    /// Where a link leads, roughly: two directories deep.
    fn inside(&self, path: &str) -> String {
        if path.starts_with(&self.places.workspace) {
            return "workspace".to_owned();
        }
        path.split('/').take(4).collect::<Vec<_>>().join("/")
    }
}
