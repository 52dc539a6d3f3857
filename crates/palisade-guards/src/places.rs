//! What paths mean here.

/// The places that paths are judged against. All are absolute, without a
/// slash at the end; an empty one is not known and matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The home directory of the user.
    pub home: String,
    /// Where the command starts.
    pub cwd: String,
    /// The directory tree that the agent works in.
    pub workspace: String,
    /// Where Palisade keeps what it must keep.
    pub palisade_home: String,
    /// Where Palisade's own programs lie.
    pub programs: Vec<String>,
    /// Directories of settings that the environment puts elsewhere, each with
    /// the place below the home that it stands for: `/srv/c` is `.claude`.
    pub settings: Vec<(String, String)>,
}
