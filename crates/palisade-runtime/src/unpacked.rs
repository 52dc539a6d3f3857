//! What an archive or a patch on disk writes, where a command unpacks or
//! applies it.
//!
//! `tar -xf x.tar` and `git apply x.patch` name no file that they write. The
//! names that somebody obeys later are looked up in them.
//!
//! **Known gaps.** Other archives than zip and tar (plain or with gzip, xz or
//! zstd), what lies behind the first megabytes, and archives that the line makes itself or
//! gets from elsewhere: by what it does to them they may be a question anyway.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use flate2::read::GzDecoder;
use lzma_rust2::XzReader;
use palisade_core::{obeyed, obeyed_within};
use ruzstd::decoding::StreamingDecoder;

/// How much of an archive is read, packed and unpacked.
const PACKED: u64 = 4 << 20;
const UNPACKED: usize = 16 << 20;
/// How much memory a decoder may ask for: what the highest presets of xz and
/// zstd need.
const MEMORY: u32 = 72 << 20;
/// How much of a patch, and of the list at the end of a zip file.
const PATCH: u64 = 1 << 20;
const LIST: u64 = 1 << 20;
/// How many names.
const NAMES: usize = 64;

/// What a program does with a file that it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unpacks {
    /// It unpacks an archive.
    Archive,
    /// It applies a patch.
    Patch,
}

/// What that program does, given its words; `None` where it only looks.
pub(crate) fn unpacks(program: &str, words: &[&str]) -> Option<Unpacks> {
    let has = |word: &str| words.contains(&word);
    let any = |some: &[&str]| some.iter().any(|word| has(word));
    match program {
        "patch" | "gpatch" if !has("--dry-run") => Some(Unpacks::Patch),
        "git"
            if has("am")
                || has("apply") && !any(&["--check", "--stat", "--numstat", "--summary"]) =>
        {
            Some(Unpacks::Patch)
        }
        "unzip" if !any(&["-l", "-t", "-p", "-v", "-Z"]) => Some(Unpacks::Archive),
        "tar" | "gtar" | "bsdtar" => Some(Unpacks::Archive),
        "pax" | "spax" if has("-r") && !any(&["-w", "-rw"]) => Some(Unpacks::Archive),
        "python" | "python3" if any(&["zipfile", "tarfile"]) && any(&["-e", "--extract"]) => {
            Some(Unpacks::Archive)
        }
        _ => None,
    }
}

/// The names in the file at `path` that somebody obeys later where they come to
/// lie, relative to `into`, where it is unpacked; few of them.
pub(crate) fn obeyed_names(path: &str, how: Unpacks, into: &str) -> BTreeSet<String> {
    let Some(mut file) = File::open(path).ok().filter(is_regular) else {
        return BTreeSet::new();
    };
    let names = match how {
        Unpacks::Patch => patched(&mut file),
        Unpacks::Archive => archived(&mut file),
    };
    let names = names.unwrap_or_default();
    names.iter().filter_map(|name| told(name).or_else(|| placed(into, name))).take(NAMES).collect()
}

/// A name that is obeyed for the directory where it is unpacked: `pre-commit`
/// in `.git/hooks`, `config.toml` in `.cargo`.
fn placed(into: &str, name: &str) -> Option<String> {
    let name = name.trim_start_matches("./");
    let (above, directory) = into.trim_end_matches('/').rsplit_once('/')?;
    let above = above.rsplit('/').next().unwrap_or_default();
    let whole = told(&format!("{above}/{directory}/{name}"))?;
    (whole.len() > name.len() && whole.ends_with(name)).then(|| name.to_owned())
}

fn is_regular(file: &File) -> bool {
    file.metadata().is_ok_and(|found| found.is_file())
}

/// A name from where somebody obeys it on: what stands before may be stripped.
fn told(name: &str) -> Option<String> {
    let parts: Vec<&str> =
        name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let at = parts.iter().position(|part| obeyed(part).is_some());
    let git = || {
        let at = parts.iter().position(|part| part.eq_ignore_ascii_case(".git"))?;
        let next = parts.get(at + 1)?;
        (*next == "hooks" || *next == "config").then_some(at)
    };
    let within = || {
        parts.windows(2).position(|pair| match pair {
            [directory, name] => obeyed_within(directory).contains(name),
            _ => false,
        })
    };
    parts.get(at.or_else(git).or_else(within)?..).map(|rest| rest.join("/"))
}

fn patched(file: &mut File) -> Option<Vec<String>> {
    let mut bytes = Vec::new();
    file.take(PATCH).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let marks = ["+++ ", "--- ", "rename to ", "copy to ", "*** ", "Index: ", "diff --git "];
    let named = text.lines().filter_map(|line| {
        let rest = marks.iter().find_map(|mark| line.strip_prefix(mark))?;
        Some(rest.split('\t').next().unwrap_or(rest).trim_matches('"').to_owned())
    });
    // `diff --git a/x b/x` has two, which have the same end.
    Some(named.map(|name| name.rsplit(" b/").next().unwrap_or(&name).to_owned()).collect())
}

fn archived(file: &mut File) -> Option<Vec<String>> {
    let mut magic = [0; 6];
    let length = file.read(&mut magic).ok()?;
    file.seek(SeekFrom::Start(0)).ok()?;
    match magic.get(..length)? {
        [b'P', b'K', 3 | 5, ..] => zipped(file),
        [0x1f, 0x8b, ..] => tarred(&mut GzDecoder::new(file.take(PACKED))),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => {
            tarred(&mut XzReader::new_mem_limit(file.take(PACKED), true, MEMORY / 1024))
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let packed = file.take(PACKED);
            let reader = StreamingDecoder::new_with_max_window_size(packed, MEMORY.into());
            tarred(&mut reader.ok()?)
        }
        _ => tarred(&mut file.take(UNPACKED as u64)),
    }
}

/// The names in a tar archive (POSIX ustar and pax, GNU's long names).
fn tarred(from: &mut dyn Read) -> Option<Vec<String>> {
    const BLOCK: usize = 512;
    let mut names = Vec::new();
    let (mut block, mut seen) = ([0; BLOCK], 0usize);
    let mut long: Option<String> = None;
    while seen < UNPACKED && from.read_exact(&mut block).is_ok() {
        seen += BLOCK;
        let text = |range: std::ops::Range<usize>| -> String {
            let field = block.get(range).unwrap_or_default();
            let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
            String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
        };
        if block.iter().all(|byte| *byte == 0) {
            break;
        }
        let size = usize::from_str_radix(text(124..136).trim(), 8).unwrap_or(0);
        let kind = block.get(156).copied().unwrap_or(0);
        let padded = size.div_ceil(BLOCK) * BLOCK;
        if matches!(kind, b'L' | b'x') && size < 64 * 1024 {
            let mut content = vec![0; padded];
            from.read_exact(&mut content).ok()?;
            seen += padded;
            content.truncate(size);
            let content = String::from_utf8_lossy(&content).into_owned();
            let path = |line: &str| line.split_once(" path=").map(|(_, path)| path.to_owned());
            long = match kind {
                b'L' => Some(content.trim_end_matches('\0').to_owned()),
                _ => content.lines().find_map(path).or(long),
            };
            continue;
        }
        let prefix = text(345..500);
        let name = text(0..100);
        let whole = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        names.push(long.take().unwrap_or(whole));
        seen = seen.saturating_add(padded);
        let skipped = std::io::copy(&mut from.take(padded as u64), &mut std::io::sink());
        if skipped.ok() != Some(padded as u64) {
            break;
        }
    }
    Some(names)
}

/// The names in the list at the end of a zip file (APPNOTE 4.3.12).
fn zipped(file: &mut File) -> Option<Vec<String>> {
    let length = file.metadata().ok()?.len();
    let from = length.saturating_sub(LIST);
    file.seek(SeekFrom::Start(from)).ok()?;
    let mut bytes = Vec::new();
    file.take(LIST).read_to_end(&mut bytes).ok()?;
    let number = |at: usize| -> Option<usize> {
        Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
    };
    let mut names = Vec::new();
    let mut at = 0;
    while let Some(step) =
        bytes.get(at..).and_then(|rest| rest.windows(4).position(|four| four == b"PK\x01\x02"))
    {
        let entry = at + step;
        let end = entry + 46 + number(entry + 28)?;
        let name = bytes.get(entry + 46..end)?;
        names.push(String::from_utf8_lossy(name).into_owned());
        at = end;
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::placed;

    #[test]
    fn a_name_is_obeyed_for_where_it_is_unpacked() {
        let at = |into: &str, name: &str| placed(into, name).is_some();
        assert!(at("/w/.git/hooks", "pre-commit"));
        assert!(at("/w/.git/hooks/", "./pre-commit"));
        assert!(at("/w/.git", "hooks/pre-commit"));
        assert!(at("/w/.cargo", "config.toml"));
        assert!(!at("/w/src", "pre-commit"));
        assert!(!at("/w/.cargo", "audit.toml"));
        assert!(!at("/", "pre-commit"));
    }
}
