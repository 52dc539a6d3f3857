//! What a search that goes into depth may find.

use palisade_shell::Text;

use super::{Mark, Region, see_text};
use crate::Places;

/// What is known of the files that a search below a whole home or the root
/// finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sought {
    /// A protected file is among them, by the pattern's own letters.
    Marked(Mark),
    /// Whatever there is.
    Everything,
}

/// Names of secrets that say what they are wherever they lie below a home.
const SAMPLES: &[(&str, Mark)] = &[
    ("id_rsa", Mark::SshKey),
    ("id_ed25519", Mark::SshKey),
    ("id_ecdsa", Mark::SshKey),
    ("id_dsa", Mark::SshKey),
    ("credentials", Mark::Cloud),
    (".netrc", Mark::Token),
    (".npmrc", Mark::Token),
    (".pypirc", Mark::Token),
    (".pgpass", Mark::Token),
    (".git-credentials", Mark::Token),
    ("secring.gpg", Mark::Keyring),
    ("gshadow", Mark::SystemSecret),
    ("shadow", Mark::SystemSecret),
    (".bash_history", Mark::History),
    (".zsh_history", Mark::History),
    ("privkey.pem", Mark::PrivateKey),
    ("server.key", Mark::PossibleKey),
    (".env", Mark::EnvFile),
];

/// What `path` is as the result of a search: `HOME/…/NAME`, where the part in
/// the middle is not known.
pub(crate) fn sought(path: &Text, places: &Places) -> Option<Sought> {
    let directory = path.known_prefix().strip_suffix('/')?;
    let directory = if directory.is_empty() { "/" } else { directory };
    let written = path.to_string();
    let (above, name) = written.rsplit_once('/')?;
    let found = above.trim_end_matches('…').trim_end_matches('/');
    let whole = found == directory.trim_end_matches('/') && above.ends_with('…');
    if !whole || name.contains('…') || name.is_empty() {
        return None;
    }
    if !matches!(see_text(directory, places).region, Region::Root | Region::Home) {
        return None;
    }
    if name.chars().all(|letter| matches!(letter, '*' | '?')) {
        return Some(Sought::Everything);
    }
    let name = name.to_lowercase();
    let sample = SAMPLES.iter().find(|(sample, _)| palisade_shell::matches(&name, sample));
    sample.map(|(_, mark)| Sought::Marked(*mark))
}

/// The mark of a protected name that the last component of a path takes in by
/// a pattern, wherever a search finds it: `…/.env*`, `…/id_*`.
pub(super) fn searched_name(path: &Text) -> Option<Mark> {
    /// Letters of its own without which a pattern takes in too much to say.
    const LETTERS: usize = 2;
    const NAMES: &[&str] = &[
        ".env",
        ".env.local",
        ".env.production",
        "id_rsa",
        "id_ed25519",
        ".netrc",
        ".pgpass",
        ".git-credentials",
        ".pypirc",
        "server.key",
        "a.p12",
        "a.pfx",
        "a.kdbx",
    ];
    let written = path.to_string();
    let name = written.rsplit('/').next()?;
    let letters = name.chars().filter(|letter| letter.is_alphanumeric()).count()
        + usize::from(name.starts_with('.'));
    if letters < LETTERS || name.contains('…') {
        return None;
    }
    let found = NAMES.iter().find(|one| palisade_shell::matches(name, one));
    found.and_then(|one| super::names::named(one))
}

/// What there is to say of a file beyond where it lies, as a word that is the
/// same for files that are judged alike; `None` where there is nothing.
pub fn telling(path: &str, places: &Places) -> Option<String> {
    let seen = see_text(path, places);
    let held = super::holds(&Text::from(path), places);
    if seen.mark.is_none() && held.is_none() {
        return None;
    }
    Some(format!("{:?} {:?} {:?}", seen.mark, held.map(|held| held.mark), seen.region))
}

/// Whether a file that a walk through a tree comes by is one of secrets. What
/// a repository holds under the name of a key is a sample for its tests.
pub fn is_secret_below(path: &str, held: bool) -> bool {
    match super::carried::mark_anywhere(&Text::from(path)) {
        Some(Mark::EnvFile) => true,
        Some(mark) => mark.is_secret() && !held,
        None => false,
    }
}

/// Whether a file holds settings of which only some are secret.
pub fn is_env_file(path: &str) -> bool {
    super::carried::mark_anywhere(&Text::from(path)) == Some(Mark::EnvFile)
}
