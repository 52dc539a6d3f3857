//! Programs as data: what each program's options and operands mean.
//!
//! The entries are TOML files in `programs/`; `programs/README.md` is their
//! manual. The build turns them into the static table here, and an entry that
//! does not hold together stops the build with its file and name.

mod table;

pub use table::{
    Condition, Handler, Language, List, Name, OptionSpec, Output, Pooled, Program, Role, Style,
    Subcommands, Unknown, When,
};

#[allow(missing_docs)]
mod generated {
    use std::marker::PhantomData;

    use super::table::*;

    const fn t(at: u32, length: u16) -> Name {
        Name { at, length }
    }

    const fn l<T>(at: u32, count: u16) -> List<T> {
        List { at, count, kind: PhantomData }
    }

    include!(concat!(env!("OUT_DIR"), "/programs.rs"));
}

/// Every program of the table, by name.
pub fn all() -> impl Iterator<Item = &'static Program> {
    generated::PROGRAMS.iter()
}

/// The entry for a program or a `program subcommand`, by its exact name.
pub fn entry(name: &str) -> Option<&'static Program> {
    let at = generated::NAMES.binary_search_by(|(known, _)| known.get().cmp(name)).ok()?;
    let (_, index) = generated::NAMES.get(at)?;
    generated::PROGRAMS.get(*index as usize)
}

/// Every name in the table, sorted: programs, aliases and subcommands.
pub fn names() -> impl Iterator<Item = &'static str> {
    generated::NAMES.iter().map(|(name, _)| name.get())
}

/// Directories whose programs are what their names say.
const SYSTEM_DIRECTORIES: &[&str] = &[
    "/bin/",
    "/sbin/",
    "/usr/bin/",
    "/usr/sbin/",
    "/usr/local/bin/",
    "/usr/local/sbin/",
    "/usr/games/",
    "/snap/bin/",
    "/opt/homebrew/bin/",
    "/usr/libexec/",
    "/usr/lib/git-core/",
    "/system/bin/",
    "/lib/",
    "/lib64/",
    "/usr/lib/",
    "/usr/lib64/",
    "/lib/x86_64-linux-gnu/",
    "/lib/aarch64-linux-gnu/",
    "/usr/lib/x86_64-linux-gnu/",
    "/usr/lib/aarch64-linux-gnu/",
];

/// The table's name for a word in command position, where the word can be
/// trusted to be that program: a bare name, or a path in a system directory.
/// Windows spellings (`C:\..\BASH.EXE`) and versioned names (`python3.11`,
/// `gcc-12`) are folded. `./cat` is not `cat`.
pub fn lookup(word: &str) -> Option<&'static Program> {
    let base = base_name(word)?;
    if let Some(found) = entry(base) {
        return Some(found);
    }
    let lower = base.to_ascii_lowercase();
    let folded = [".exe", ".cmd", ".bat", ".com", ".ps1"]
        .iter()
        .find_map(|suffix| lower.strip_suffix(suffix));
    if let Some(name) = folded
        && let Some(found) = entry(name)
    {
        return Some(found);
    }
    let stem = base.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    if !stem.is_empty() && stem.len() < base.len() {
        return entry(stem).filter(|program| program.versioned);
    }
    None
}

fn base_name(word: &str) -> Option<&str> {
    // Unquoted, a Windows path loses its backslashes to the shell.
    if word.get(1..2) == Some(":")
        && !word.contains(['/', '\\'])
        && let Some(at) = word.to_ascii_lowercase().find("system32")
    {
        return word.get(at + "system32".len()..);
    }
    if let Some(cut) = word.rfind('\\')
        && word.get(1..3) == Some(":\\")
    {
        return word.get(cut + 1..);
    }
    match word.rfind('/') {
        None => Some(word),
        Some(cut) => {
            let directory = word.get(..=cut)?;
            SYSTEM_DIRECTORIES.contains(&directory).then(|| word.get(cut + 1..)).flatten()
        }
    }
}
