//! What a session remembers between two commands: what files carry, and what
//! was approved until it ends.

use std::collections::BTreeMap;

use palisade_core::Grant;
use palisade_shell::Labels;

/// The memory of a session, as it was when it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// What files and directories carry, by absolute path.
    pub files: BTreeMap<String, Labels>,
    /// What was approved until the session ends.
    pub grants: Vec<Grant>,
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
            if let Some(more) = path.get(..at).and_then(|directory| self.files.get(directory)) {
                labels = labels.and(*more);
            }
            end = at;
        }
        labels
    }
}
