//! A part of a file replaced: by an exact match, or not at all.

use std::io::Read;

use palisade_core::{FileFault, FileKind, FileShown};
use palisade_guards::content::reveal;

use crate::fault::io_fault;
use crate::lines::{BOM, Endings, cut, must_be_text, not_utf8};
use crate::opened::Opened;
use crate::replace;

pub(crate) fn edit(
    opened: Opened<'_>,
    old: &str,
    new: &str,
    all: bool,
) -> Result<FileShown, FileFault> {
    opened.must_be(FileKind::Regular, "edit")?;
    let path = opened.facts.path.clone();
    if old.is_empty() {
        return Err(FileFault::new("the text to be replaced is empty")
            .help("give text that stands in the file, or write the file"));
    }
    if old == new {
        return Err(FileFault::new("the old text and the new one are the same"));
    }
    let text = content(&opened, &path)?;
    let (mark, body) = text.strip_prefix(BOM).map_or(("", text.as_str()), |body| (BOM, body));
    // A caller sees lines without their carriage returns, and writes so.
    let windows = Endings::of(body.as_bytes()) != Endings::Unix;
    let ends = |text: &str| text.replace("\r\n", "\n").replace('\n', "\r\n");
    let (old, new) = if windows && !body.contains(old) && old.contains('\n') {
        (ends(old), ends(new))
    } else if windows && Endings::of(body.as_bytes()) == Endings::Windows && !new.contains('\r') {
        (old.to_owned(), ends(new))
    } else {
        (old.to_owned(), new.to_owned())
    };
    let places: Vec<usize> = body.match_indices(&old).map(|(at, _)| at).take(MOST).collect();
    match places.len() {
        0 => return Err(near_misses(body, &old, &path)),
        1 => {}
        count if !all => {
            let lines: Vec<String> =
                places.iter().take(10).map(|at| line_of(body, *at).to_string()).collect();
            let more = if count > 10 { ", .." } else { "" };
            return Err(FileFault::new(format!(
                "the text stands in `{}` {count} times (lines {}{more})",
                reveal(&path),
                lines.join(", ")
            ))
            .help("give more of the text around the one that is meant, or replace all"));
        }
        _ => {}
    }
    let changed = format!("{mark}{}", body.replace(&old, &new));
    if changed.len() > opened.files.bounds().written {
        return Err(FileFault::new("the file would become too large to be written at once"));
    }
    let notes = replace::swap(&opened, changed.as_bytes(), true)?;
    let mut shown = replace::shown(&opened, "edited", changed.len(), notes);
    let count = places.len();
    if count > 1 {
        shown.text.push_str(&format!("{count} places were replaced\n"));
    }
    Ok(shown)
}

/// More places than this are not counted.
const MOST: usize = 100_000;

fn content(opened: &Opened<'_>, path: &str) -> Result<String, FileFault> {
    let (file, size) = opened.readable("edit")?;
    let most = opened.files.bounds().edited;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| io_fault("edit", path, &error))?;
    must_be_text(bytes.get(..8192).unwrap_or(&bytes), "edit", path, size)?;
    if bytes.len() as u64 > most {
        return Err(FileFault::new(format!(
            "cannot edit `{}`: it has {size} bytes, more than the {most} that are edited at once",
            reveal(path)
        )));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..at).unwrap_or(b"");
        let line = before.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        not_utf8("edit", path, line, error.as_bytes().get(at).copied())
    })
}

/// The line, from 1, in which a byte stands.
fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or("").matches('\n').count() + 1
}

/// Lines that are compared, and how many of them are shown.
const COMPARED: usize = 20_000;
const SHOWN: usize = 3;

/// Why nothing matches, with the lines that come closest.
fn near_misses(body: &str, old: &str, path: &str) -> FileFault {
    let lines: Vec<&str> = body.lines().take(COMPARED).collect();
    let wanted: Vec<&str> = old.lines().collect();
    let message = format!("the text does not stand in `{}`", reveal(path));
    if let Some(at) = but_for_space(&lines, &wanted) {
        let shown: Vec<String> = lines
            .iter()
            .enumerate()
            .skip(at)
            .take(wanted.len().min(10))
            .map(|(at, line)| numbered(at, line))
            .collect();
        return FileFault::new(format!(
            "{message}; but for white space, it is this:\n{}",
            shown.join("\n")
        ))
        .help("give the text exactly as it is");
    }
    // The longest line says most.
    let Some(anchor) = wanted.iter().map(|line| line.trim()).max_by_key(|line| line.len()) else {
        return FileFault::new(message);
    };
    let anchor = pairs(anchor);
    let mut scored: Vec<(u32, usize)> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| (likeness(&anchor, &pairs(line.trim())), at))
        .filter(|(score, _)| *score >= 400)
        .collect();
    scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.truncate(SHOWN);
    if scored.is_empty() {
        return FileFault::new(format!("{message}, nor does anything like it"))
            .help("read it first");
    }
    let shown: Vec<String> = scored
        .iter()
        .filter_map(|(_, at)| lines.get(*at).map(|line| numbered(*at, line)))
        .collect();
    FileFault::new(format!("{message}; the lines closest to it are:\n{}", shown.join("\n")))
        .help("give the text exactly as it is")
}

fn numbered(at: usize, line: &str) -> String {
    format!("{:>6}\t{}", at + 1, cut(line, 240))
}

/// Where `wanted` stands if white space did not count.
fn but_for_space(lines: &[&str], wanted: &[&str]) -> Option<usize> {
    let same = |a: &str, b: &str| a.split_whitespace().eq(b.split_whitespace());
    // A text of very many lines is compared line by line only.
    if wanted.len() > 500 || wanted.iter().all(|line| line.trim().is_empty()) {
        return None;
    }
    lines
        .windows(wanted.len())
        .position(|window| window.iter().zip(wanted).all(|(line, wanted)| same(line, wanted)))
}

/// The pairs of neighbouring letters, sorted.
fn pairs(line: &str) -> Vec<(char, char)> {
    let letters: Vec<char> = line.chars().take(400).flat_map(char::to_lowercase).collect();
    let mut pairs: Vec<(char, char)> =
        letters.iter().copied().zip(letters.iter().copied().skip(1)).collect();
    pairs.sort_unstable();
    pairs
}

/// How alike two lines are, in thousandths (the coefficient of Dice).
fn likeness(a: &[(char, char)], b: &[(char, char)]) -> u32 {
    if a.is_empty() || b.is_empty() {
        return 0;
    }
    let (mut left, mut right, mut both) = (a.iter().peekable(), b.iter().peekable(), 0u32);
    while let (Some(one), Some(other)) = (left.peek(), right.peek()) {
        match one.cmp(other) {
            std::cmp::Ordering::Less => _ = left.next(),
            std::cmp::Ordering::Greater => _ = right.next(),
            std::cmp::Ordering::Equal => {
                both += 1;
                left.next();
                right.next();
            }
        }
    }
    let whole = u32::try_from(a.len() + b.len()).unwrap_or(u32::MAX);
    both * 2000 / whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_named() {
        let body = "fn main() {\n    let total = sum(&values);\n    println!(\"{total}\");\n}\n";
        let fault = near_misses(body, "let total =  sum(&values);", "a.rs");
        assert!(fault.message.contains("but for white space") && fault.message.contains("2\t"));
        let fault = near_misses(body, "let total = sum(&numbers);", "a.rs");
        assert!(fault.message.contains("     2\t    let total = sum(&values);"), "{fault}");
        let fault = near_misses(body, "zzzz", "a.rs");
        assert!(fault.message.contains("nor does anything like it"), "{fault}");
    }
}
