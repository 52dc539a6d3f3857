//! What a session has seen: text from outside, and private data.

use std::collections::BTreeSet;

/// More origins than this are not kept apart.
const MOST: usize = 16;

/// The labels of a session. They only grow: what a model has read it may
/// repeat at any later time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taint {
    untrusted: BTreeSet<String>,
    private: BTreeSet<String>,
}

impl Taint {
    /// Untrusted text was shown to the model; `origin` says from where, in
    /// words for a person (`https://a.example`, `the tool docs/search`).
    pub fn saw_untrusted(&mut self, origin: &str) {
        keep(&mut self.untrusted, origin);
    }

    /// Private data was shown to the model; `origin` names it.
    pub fn saw_private(&mut self, origin: &str) {
        keep(&mut self.private, origin);
    }

    /// Where untrusted text came from; empty where there was none.
    pub fn untrusted(&self) -> impl ExactSizeIterator<Item = &str> {
        self.untrusted.iter().map(String::as_str)
    }

    /// Which private data was shown; empty where none was.
    pub fn private(&self) -> impl ExactSizeIterator<Item = &str> {
        self.private.iter().map(String::as_str)
    }

    /// Whether nothing was seen at all.
    pub fn is_none(&self) -> bool {
        self.untrusted.is_empty() && self.private.is_empty()
    }

    /// Adds all that `other` has seen.
    pub fn join(&mut self, other: &Self) {
        other.untrusted.iter().for_each(|origin| self.saw_untrusted(origin));
        other.private.iter().for_each(|origin| self.saw_private(origin));
    }
}

fn keep(origins: &mut BTreeSet<String>, origin: &str) {
    const LONGEST: usize = 200;
    let shown: String = origin.chars().take(LONGEST).collect();
    if origins.len() < MOST {
        origins.insert(shown);
    } else if !origins.contains(&shown) {
        origins.insert("others".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fact_outlives_the_bound() {
        let mut taint = Taint::default();
        assert!(taint.is_none());
        (0..100).for_each(|at| taint.saw_untrusted(&format!("https://{at}.example")));
        assert_eq!(taint.untrusted().len(), MOST + 1);
        assert!(taint.untrusted().any(|origin| origin == "others"));
        let mut whole = Taint::default();
        whole.saw_private("~/.aws/credentials");
        whole.join(&taint);
        assert_eq!((whole.untrusted().len(), whole.private().len()), (MOST + 1, 1));
    }
}
