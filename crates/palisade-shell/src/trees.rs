//! What a command takes in of a directory and all below it, as far as only the
//! disk can say.

/// A directory of which a program reads or names the files, at any depth.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tree {
    /// The directory, absolute.
    pub root: String,
    /// Patterns one of which a file's name must fit; without any, all do. With
    /// a slash a pattern is of the path below the root.
    pub only: Vec<String>,
    /// Patterns of names and paths that are left out, directories as well.
    pub but: Vec<String>,
    /// Whether names that begin with a dot are taken in.
    pub hidden: bool,
    /// Whether links are followed.
    pub links: bool,
    /// Whether no more than what lies in the directory itself is meant.
    pub shallow: bool,
    /// What of it is left out as ignored.
    pub ignored: Ignored,
    /// What of it, by what git holds.
    pub held: Held,
}

/// Which rules of `.gitignore` files leave files out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ignored {
    /// None.
    Nothing,
    /// Those on disk.
    OnDisk,
    /// These, which the line writes.
    By(String),
}

/// What is meant of a working tree, by what git holds of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Held {
    /// It does not matter.
    Either,
    /// What it holds.
    Only,
    /// What it does not hold.
    Not,
    /// What it does not hold, in all of the repository that the root lies in.
    NotAnywhere,
}

impl Tree {
    /// All that lies below `root`.
    pub fn all(root: impl Into<String>) -> Self {
        Self {
            root: root.into(),
            only: Vec::new(),
            but: Vec::new(),
            hidden: true,
            links: false,
            shallow: false,
            ignored: Ignored::Nothing,
            held: Held::Either,
        }
    }
}

/// A file of secrets that a program looks through for lines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Search {
    /// The file, absolute.
    pub path: String,
    /// Which lines are shown of it.
    pub needle: Needle,
}

/// Which lines a search shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Needle {
    /// Any of these.
    pub patterns: Vec<String>,
    /// How they are written.
    pub syntax: Syntax,
    /// Whether capitals and small letters are the same.
    pub caseless: bool,
    /// Whether more of a file is shown than the lines that fit.
    pub around: bool,
}

/// How a pattern is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Syntax {
    /// As plain text.
    Fixed,
    /// As a basic regular expression (POSIX).
    Basic,
    /// As an extended one, or one of Perl or Rust.
    Extended,
}
