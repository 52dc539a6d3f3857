//! What verification found, and where.

use crate::error::{Error, Result};
use crate::note::{Checkpoint, Note, VerifierKey};
use crate::tree::Tree;
use std::fmt;

/// What verification has to go by.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The journal's public key, from elsewhere.
    pub key: Option<VerifierKey>,
    /// Signed heads from elsewhere (a copy, a witness, an earlier run).
    pub heads: Vec<Note>,
    /// Witnesses whose cosignatures are looked for.
    pub witnesses: Vec<VerifierKey>,
}

/// What verification found, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// Everything is signed and as it was written.
    Intact,
    /// The records after the last signed head are not proved.
    Unsigned,
    /// Records are missing at the end, or the disk lost them.
    Truncated,
    /// Two signed histories exist.
    Forked,
    /// Something is not as it was written.
    Altered,
}

impl Condition {
    /// The exit code of `palisade log verify`.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Intact => 0,
            Self::Truncated => 2,
            Self::Altered => 3,
            Self::Forked => 4,
            Self::Unsigned => 5,
        }
    }

    /// One word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Unsigned => "unsigned",
            Self::Truncated => "truncated",
            Self::Forked => "forked",
            Self::Altered => "altered",
        }
    }
}

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// At this record; it is the first one concerned.
    Record(u64),
    /// In this file of the journal's directory.
    File(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(seq) => write!(f, "record {seq}"),
            Self::File(name) => write!(f, "file `{name}`"),
        }
    }
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing it is.
    pub condition: Condition,
    /// Where it is.
    pub place: Place,
    /// In words.
    pub what: String,
}

/// A cosignature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// The witness.
    pub witness: String,
    /// When it signed, in seconds since 1970, as it says.
    pub time: u64,
    /// How many records it vouches for.
    pub size: u64,
}

/// The result of a verification.
#[derive(Debug, Default)]
pub struct Report {
    /// Everything found.
    pub findings: Vec<Finding>,
    /// The first record that is there; earlier ones were pruned.
    pub first: u64,
    /// How many records the journal has had, as far as it shows.
    pub records: u64,
    /// How many of them the signed head covers.
    pub signed: u64,
    /// The key that was used.
    pub key: Option<VerifierKey>,
    /// Whether that key was found beside the log only.
    pub key_from_log: bool,
    /// Which witnesses vouch for which heads.
    pub cosigned: Vec<Cosigned>,
    /// What writers found and mended, each with the record that says so.
    pub repairs: Vec<(u64, String)>,
    pub(super) tree: Tree,
    pub(super) head: Option<(Checkpoint, Note)>,
}

impl Report {
    /// The worst that was found.
    pub fn condition(&self) -> Condition {
        self.findings.iter().map(|finding| finding.condition).max().unwrap_or(Condition::Intact)
    }

    /// The finding to name: the worst kind's first record, or else its first
    /// file.
    pub fn worst(&self) -> Option<&Finding> {
        let worst = self.condition();
        let of_kind = self.findings.iter().filter(|finding| finding.condition == worst);
        of_kind.min_by_key(|finding| match finding.place {
            Place::Record(seq) => (0, seq),
            Place::File(_) => (1, 0),
        })
    }

    /// A proof that record `seq` is in the journal, in the C2SP `tlog-proof`
    /// format: whoever has it and the public key needs nothing else.
    ///
    /// # Errors
    /// Where no signed head covers the record, or the signed records are not
    /// intact.
    pub fn proof(&self, seq: u64) -> Result<String> {
        let Some((head, note)) = &self.head else {
            return Err(Error::Missing("nothing is signed, so nothing can be proved".into()));
        };
        if seq >= head.size {
            return Err(Error::Missing(format!(
                "record {seq} is not covered by the signed head of {} records",
                head.size
            )));
        }
        if self.tree.root_at(head.size) != Some(head.root) {
            return Err(Error::damaged(
                "its records do not lead to the signed root, so none of them can be proved",
            ));
        }
        let path = self
            .tree
            .inclusion(seq, head.size)
            .ok_or_else(|| Error::Missing(format!("there is no record {seq}")))?;
        let mut text = format!("c2sp.org/tlog-proof@v1\nindex {seq}\n");
        for hash in path {
            text.push_str(&data_encoding::BASE64.encode(&hash));
            text.push('\n');
        }
        Ok(format!("{text}\n{note}"))
    }

    pub(super) fn add(&mut self, condition: Condition, place: Place, what: impl Into<String>) {
        self.findings.push(Finding { condition, place, what: what.into() });
    }

    pub(super) fn altered(&mut self, place: Place, what: impl Into<String>) {
        self.add(Condition::Altered, place, what);
    }
}
