//! What the shell would know at a point of the input.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::globbing::Globbing;
use super::value::{Stream, Value, Variable};
use crate::effect::Labels;
use crate::syntax::tree::Command;
use crate::text::Text;

/// A file as the line left it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct File {
    pub labels: Labels,
    pub content: Option<Text>,
    /// Where a symlink or mount made in the line leads.
    pub link: Option<Text>,
    /// Which program of the system, or file of secrets, it is a copy of.
    pub copy_of: Option<Text>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub variables: BTreeMap<Box<str>, Variable>,
    /// Bodies by name; several where branches differ.
    pub functions: BTreeMap<Box<str>, Vec<Rc<Command>>>,
    /// Functions that may not be what their name means here: defined on one
    /// way only, or outside of the shell that runs now.
    pub doubtful: BTreeSet<Box<str>>,
    /// Variables with the integer attribute: what is assigned is evaluated.
    pub integers: BTreeSet<Box<str>>,
    /// Variables that keep what they hold: an assignment to one fails.
    pub readonly: BTreeSet<Box<str>>,
    /// Variables that programs are given.
    pub exported: BTreeSet<Box<str>>,
    /// Alias texts with the line each was defined on.
    pub aliases: BTreeMap<Box<str>, (String, u32)>,
    /// Where it may be.
    pub cwd: Vec<Text>,
    pub stack: Vec<Vec<Text>>,
    pub positional: Vec<Value>,
    pub zero: Option<Value>,
    pub descriptors: BTreeMap<u32, Stream>,
    /// What file or process each descriptor beyond the usual writes to.
    pub outputs: BTreeMap<u32, Text>,
    pub files: BTreeMap<String, File>,
    /// What file the standard output goes to after `exec > file`.
    pub exec_output: Option<Text>,
    /// `set -x`, which makes `PS4` code.
    pub xtrace: bool,
    /// What patterns take in.
    pub globbing: Globbing,
    /// What variables carry that the line does not set: a file of secrets was
    /// sourced, and which ones are in it is not known.
    pub sourced: Labels,
}

impl State {
    /// How much there is to copy and to compare.
    pub fn size(&self) -> usize {
        self.variables.len() + self.files.len() + self.functions.len() + self.aliases.len()
    }

    /// Takes up what may have happened on another way.
    pub fn join(&mut self, other: Self) {
        for (name, ours) in &mut self.variables {
            // Set on this way alone: without a value on the other.
            if let Variable::Scalar(value) = ours
                && !other.variables.contains_key(name)
            {
                value.join(&Value::new(Text::default(), Labels::NONE));
            }
        }
        for (name, theirs) in other.variables {
            match self.variables.get_mut(&name) {
                Some(ours) if *ours == theirs => {}
                Some(ours) => ours.join(&theirs),
                None => {
                    // Unset here, so of unknown value; keep both.
                    let mut value = theirs;
                    if let Variable::Scalar(scalar) = &mut value {
                        scalar.join(&Value::new(Text::unknown(), Labels::NONE));
                    }
                    self.variables.insert(name, value);
                }
            }
        }
        if !self.functions.is_empty() || !other.functions.is_empty() {
            for name in self.functions.keys().filter(|name| !other.functions.contains_key(*name)) {
                self.doubtful.insert(name.clone());
            }
            for name in other.functions.keys().filter(|name| !self.functions.contains_key(*name)) {
                self.doubtful.insert(name.clone());
            }
            self.doubtful.extend(other.doubtful);
        }
        for (name, bodies) in other.functions {
            let ours = self.functions.entry(name).or_default();
            for body in bodies {
                if !ours.iter().any(|known| Rc::ptr_eq(known, &body)) {
                    ours.push(body);
                }
            }
        }
        self.exported.extend(other.exported);
        self.integers.extend(other.integers);
        self.readonly.extend(other.readonly);
        for (name, alias) in other.aliases {
            self.aliases.entry(name).or_insert(alias);
        }
        for place in other.cwd {
            if !self.cwd.contains(&place) {
                if self.cwd.len() >= super::value::MAX_ALTERNATIVES {
                    self.cwd = vec![Text::unknown()];
                    break;
                }
                self.cwd.push(place);
            }
        }
        for (fd, stream) in other.descriptors {
            let ours = self.descriptors.entry(fd).or_default();
            ours.labels = ours.labels.and(stream.labels);
            ours.network |= stream.network;
            if ours.text != stream.text {
                ours.text = None;
            }
        }
        for (fd, path) in other.outputs {
            self.outputs.entry(fd).or_insert(path);
        }
        for (path, file) in other.files {
            match self.files.get_mut(&path) {
                Some(ours) => {
                    ours.labels = ours.labels.and(file.labels);
                    if ours.content != file.content {
                        ours.content = None;
                    }
                    ours.link = ours.link.take().or(file.link);
                    ours.copy_of = ours.copy_of.take().or(file.copy_of);
                }
                None => {
                    self.files.insert(path, file);
                }
            }
        }
        if self.positional != other.positional {
            let labels = other.positional.iter().fold(Labels::NONE, |all, one| all.and(one.labels));
            let longest = self.positional.len().max(other.positional.len());
            self.positional = vec![Value::new(Text::unknown(), labels); longest];
        }
        self.exec_output = self.exec_output.take().or(other.exec_output);
        self.xtrace |= other.xtrace;
        self.sourced = self.sourced.and(other.sourced);
        self.globbing.join(other.globbing);
    }
}
