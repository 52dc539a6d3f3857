//! What a session remembers between two commands: what files carry, and what
//! was approved until it ends.

use std::collections::BTreeMap;

use palisade_core::ports::Seconds;
use palisade_core::{Grant, GrantScope, Lifetime};
use palisade_guards::Taint;
use palisade_guards::call::Limit;
use palisade_shell::Labels;
use serde::{Deserialize, Serialize};

use crate::config::MOST_IN_TIME;

/// Bounds of one session; past one, files are folded into their directory.
const MOST_FILES: usize = 4096;
const MOST_BYTES: usize = 192 * 1024;
const MOST_GRANTS: usize = 256;

/// The memory of a session, as it was when it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// What files and directories carry, by absolute path.
    pub files: BTreeMap<String, Labels>,
    /// What was approved until the session ends.
    pub grants: Vec<Grant>,
    /// What the model has seen.
    pub taint: Taint,
    /// How often the calls of limited rules were made, by the rule's key.
    pub counts: BTreeMap<String, Count>,
    /// Which contents the repositories that it changed kept before, of the files
    /// that decide what is installed, by their root.
    pub kept: BTreeMap<String, String>,
}

/// How often calls were made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// In the whole session.
    pub total: u64,
    /// When, as far as a limit over a time can look back.
    pub recent: Vec<Seconds>,
}

impl Count {
    /// What was counted before `now`. A moment that lies ahead, after the
    /// clock was set back, counts as well.
    pub fn used(&self, now: Seconds) -> Limit {
        let within = |seconds| {
            let since = now.saturating_sub(seconds);
            self.recent.iter().filter(|moment| **moment > since).count() as u64
        };
        Limit {
            per_session: Some(self.total),
            per_minute: Some(within(60)),
            per_hour: Some(within(3600)),
        }
    }

    /// Counts one more.
    pub fn add(&mut self, now: Seconds) {
        self.total = self.total.saturating_add(1);
        self.recent.push(now);
        let since = now.saturating_sub(3600);
        self.recent.retain(|moment| *moment > since);
        let over = self.recent.len().saturating_sub(MOST_IN_TIME as usize);
        self.recent.drain(..over);
    }
}

impl Session {
    /// What the file at `path` carries: its own labels, and those of the
    /// directories that it lies in.
    pub fn labels(&self, path: &str) -> Labels {
        if self.files.is_empty() {
            return Labels::NONE;
        }
        let mut labels = self.files.get(path).copied().unwrap_or_default();
        let mut end = path.len();
        while let Some(at) = path.get(..end).and_then(|head| head.rfind('/')) {
            let directory = if at == 0 { "/" } else { path.get(..at).unwrap_or("/") };
            if let Some(more) = self.files.get(directory) {
                labels = labels.and(*more);
            }
            end = at;
        }
        labels
    }

    /// Adds what files carry after a command. Labels are never taken away by
    /// a limit: where there are too many files, those of the fullest
    /// directory become one entry for all of it.
    pub fn remember(&mut self, files: &BTreeMap<String, Labels>) {
        for (path, labels) in files {
            if !labels.is_none() && path.starts_with('/') {
                let known = self.files.entry(path.clone()).or_default();
                *known = known.and(*labels);
            }
        }
        let size = |files: &BTreeMap<String, Labels>| -> usize {
            files.keys().map(|path| path.len() + 8).sum()
        };
        while self.files.len() > MOST_FILES || size(&self.files) > MOST_BYTES {
            if !self.fold() {
                break;
            }
        }
    }

    /// Makes one entry of the files of the fullest directory, or of the
    /// deepest one where all are equally full.
    fn fold(&mut self) -> bool {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for path in self.files.keys() {
            if let Some(parent) = parent(path) {
                *counts.entry(parent).or_default() += 1;
            }
        }
        let fullest = counts.into_iter().max_by_key(|(parent, count)| (*count, parent.len()));
        let Some((directory, _)) = fullest else { return false };
        let directory = directory.to_owned();
        let mut labels = Labels::NONE;
        self.files.retain(|path, own| {
            let below = parent(path) == Some(&directory);
            if below {
                labels = labels.and(*own);
            }
            !below
        });
        let known = self.files.entry(directory).or_default();
        *known = known.and(labels);
        true
    }
}

fn parent(path: &str) -> Option<&str> {
    match path.rfind('/')? {
        0 if path.len() == 1 => None,
        0 => Some("/"),
        at => path.get(..at),
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    files: BTreeMap<String, u8>,
    grants: Vec<StoredGrant>,
    #[serde(default)]
    untrusted: Vec<String>,
    #[serde(default)]
    private: Vec<String>,
    counts: BTreeMap<String, Count>,
    #[serde(default)]
    kept: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct StoredGrant {
    rule: String,
    program: String,
    arguments: Vec<String>,
    directory: String,
}

/// The text of a session's file.
pub(crate) fn write(session: &Session) -> String {
    let stored = Stored {
        version: 1,
        files: session.files.iter().map(|(path, labels)| (path.clone(), labels.bits())).collect(),
        grants: session.grants.iter().rev().take(MOST_GRANTS).rev().filter_map(stored).collect(),
        untrusted: session.taint.untrusted().map(str::to_owned).collect(),
        private: session.taint.private().map(str::to_owned).collect(),
        counts: session.counts.clone(),
        kept: session.kept.clone(),
    };
    // Strings and numbers under string keys always have a JSON form.
    serde_json::to_string(&stored).unwrap_or_default()
}

/// Reads it back; `None` where it is something else.
pub(crate) fn read(text: &str) -> Option<Session> {
    let stored: Stored =
        serde_json::from_str(text).ok().filter(|stored: &Stored| stored.version == 1)?;
    let mut taint = Taint::default();
    stored.untrusted.iter().for_each(|origin| taint.saw_untrusted(origin));
    stored.private.iter().for_each(|origin| taint.saw_private(origin));
    Some(Session {
        taint,
        counts: stored.counts,
        kept: stored.kept,
        files: stored
            .files
            .into_iter()
            .map(|(path, bits)| (path, Labels::from_bits(bits)))
            .collect(),
        grants: stored.grants.into_iter().map(grant).collect(),
    })
}

fn stored(grant: &Grant) -> Option<StoredGrant> {
    match grant.scope.clone() {
        GrantScope::Rule { rule, program, arguments, directory } => {
            Some(StoredGrant { rule, program, arguments, directory })
        }
        GrantScope::CommandGlob(_) => None,
    }
}

fn grant(stored: StoredGrant) -> Grant {
    let StoredGrant { rule, program, arguments, directory } = stored;
    Grant {
        scope: GrantScope::Rule { rule, program, arguments, directory },
        lifetime: Lifetime::Session,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(paths: &[(&str, Labels)]) -> BTreeMap<String, Labels> {
        paths.iter().map(|(path, labels)| ((*path).to_owned(), *labels)).collect()
    }

    #[test]
    fn a_directory_speaks_for_what_lies_in_it() {
        let mut session = Session::default();
        session.remember(&files(&[("/w/repo", Labels::DOWNLOADED), ("/w/key", Labels::SECRET)]));
        assert_eq!(session.labels("/w/repo/install.sh"), Labels::DOWNLOADED);
        assert_eq!(session.labels("/w/key"), Labels::SECRET);
        assert_eq!(session.labels("/w/repository"), Labels::NONE);
        assert_eq!(read(&write(&session)), Some(session));
    }

    #[test]
    fn past_the_bound_no_label_is_lost() {
        let mut session = Session::default();
        let many: Vec<String> =
            (0..MOST_FILES + 10).map(|at| format!("/w/d{}/f{at}", at % 7)).collect();
        let many: BTreeMap<String, Labels> =
            many.into_iter().map(|path| (path, Labels::WRITTEN)).collect();
        session.remember(&files(&[("/w/d3/evil", Labels::DOWNLOADED)]));
        session.remember(&many);
        assert!(session.files.len() <= MOST_FILES);
        assert!(session.labels("/w/d3/evil").has(Labels::DOWNLOADED));
        assert!(many.keys().all(|path| session.labels(path).has(Labels::WRITTEN)));
    }
}
