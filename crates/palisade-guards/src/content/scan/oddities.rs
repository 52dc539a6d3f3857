//! Words with digits or signs in them that have the shape of a part of an
//! encoding. Words of letters only do not come here.

use super::shape::Row;

/// Ranges of what has such a shape.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Odd {
    /// Short words in a row with digits in them: an encoding in groups.
    pub groups: Vec<(usize, usize)>,
    /// Long runs of letters, digits and many signs: base 85.
    pub dense: Vec<(usize, usize)>,
    /// `=69` and soft line ends of quoted-printable.
    pub quoted: Vec<(usize, usize)>,
    /// The lines after `begin 644 name`.
    pub lines: Vec<(usize, usize)>,
    /// `+AGkAZw-`.
    pub utf7: Vec<(usize, usize)>,
    /// Places in the alphabet: `9-7-14`.
    pub places: Vec<(usize, usize)>,
    /// Words in which digits stand for letters, by their look only.
    pub leet: Vec<(usize, usize)>,
}

/// The rows that are not at their end yet.
#[derive(Default)]
pub struct Rows {
    groups: Row,
    quoted: Row,
    utf7: Row,
    places: Row,
    leet: Row,
    /// Up to where long runs were looked at.
    dense_to: usize,
    /// From where to where there is no end of lines that `begin 644` opens.
    endless: (usize, usize),
}

/// So many groups may be an encoding.
pub const GROUPS: usize = 2;
/// So many signs of quoted-printable are none by chance, and they stand at most
/// so far from each other.
pub const QUOTED: usize = 3;
pub const QUOTED_APART: usize = 60;
/// So many letters by their places may be words.
pub const PLACES: usize = 8;

impl Rows {
    /// Takes a word that does not consist of letters only.
    pub fn word(&mut self, bytes: &[u8], from: usize, to: usize, found: &mut Odd) {
        let word = bytes.get(from..to).unwrap_or_default();
        let (mut digits, mut small, mut capitals, mut others) = (0, 0, 0, 0);
        for byte in word.iter().take(64) {
            match byte {
                b'0'..=b'9' => digits += 1,
                b'a'..=b'z' => small += 1,
                b'A'..=b'Z' => capitals += 1,
                _ => others += 1,
            }
        }
        let letters = small + capitals;
        if digits > 0 && is_group(word) {
            add(&mut self.groups, from, to, 1, 40, GROUPS, &mut found.groups);
        }
        if others > 0 {
            self.signs(bytes, word, from, to, found);
        }
        if digits > 0 && letters > 0 && word.len() < 16 && is_leet(word) {
            add(&mut self.leet, from, to, 1, 40, 3, &mut found.leet);
        }
        if digits > 0 && letters + others > 0 && from >= self.dense_to {
            self.dense(bytes, from, to, found);
        }
        if letters == 0 && digits > 0 {
            if word.len() == 3
                && from.checked_sub(6).and_then(|at| bytes.get(at..from)) == Some(b"begin ")
            {
                let rest = bytes.get(to..).unwrap_or_default();
                let line =
                    rest.iter().take(256).position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                if line > 0
                    && let Some(end) = self.end_of_lines(bytes, to + line - 1)
                {
                    // Lines belong to what begins last before them.
                    if let Some(last) = found.lines.last_mut() {
                        last.1 = last.1.min(from);
                    }
                    found.lines.push((to + line, end));
                }
            }
            if let Some(count) = places(word)
                && (count > 1 || self.places.is_open())
            {
                add(&mut self.places, from, to, count, 3, PLACES, &mut found.places);
            }
        }
    }

    /// Where the line `end` begins, at most so far behind a place. Lines are
    /// looked at once, however many begin before them.
    fn end_of_lines(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        const LONGEST: usize = 64 * 1024;
        let (first, known) = self.endless;
        let goes_on = (first..=known).contains(&at);
        let from = if goes_on { at.max(known.saturating_sub(3)) } else { at };
        let last = (at + LONGEST).min(bytes.len());
        let end = memchr::memmem::find(bytes.get(from..last)?, b"\nend").map(|end| from + end);
        self.endless = (if goes_on { first } else { at }, end.unwrap_or(last));
        end.map(|end| end + 1)
    }

    fn signs(&mut self, bytes: &[u8], word: &[u8], from: usize, to: usize, found: &mut Odd) {
        let escapes = word
            .windows(3)
            .take(256)
            .filter(|three| matches!(three, [b'=', b'2'..=b'7', b'0'..=b'9' | b'A'..=b'F']))
            .count();
        let soft = word.len() > 1
            && word.last() == Some(&b'=')
            && matches!(bytes.get(to), Some(b'\n' | b'\r'));
        if escapes > 0 || soft {
            let count = escapes + usize::from(soft);
            add(&mut self.quoted, from, to, count, QUOTED_APART, QUOTED, &mut found.quoted);
        }
        if word.len() >= 6 && word.starts_with(b"+A") {
            add(&mut self.utf7, from, to, 1, 40, 1, &mut found.utf7);
        }
    }

    /// Looks at the whole run without a space in which a word stands, once.
    fn dense(&mut self, bytes: &[u8], from: usize, to: usize, found: &mut Odd) {
        const LONGEST: usize = 64 * 1024;
        if !may_be_dense(bytes, from, to) {
            return;
        }
        let before = bytes.get(self.dense_to..from).unwrap_or_default();
        let back =
            before.iter().rev().take(256).take_while(|byte| !byte.is_ascii_whitespace()).count();
        let rest = bytes.get(from..).unwrap_or_default();
        let ahead = rest.iter().take(LONGEST).take_while(|byte| byte.is_ascii_graphic()).count();
        self.dense_to = from + ahead;
        let run = bytes.get(from - back..from + ahead).unwrap_or_default();
        if run.len() < DENSE {
            return;
        }
        let signs = run.iter().take(64).filter(|byte| byte.is_ascii_punctuation()).count();
        if signs * 10 >= run.len().min(64) {
            found.dense.push((from - back, from + ahead));
        }
    }

    /// Ends the rows.
    pub fn close(self, found: &mut Odd) {
        self.groups.close(GROUPS, &mut found.groups);
        self.quoted.close(QUOTED, &mut found.quoted);
        self.utf7.close(1, &mut found.utf7);
        self.places.close(PLACES, &mut found.places);
        self.leet.close(3, &mut found.leet);
    }
}

/// Whether a word with a digit in it may be a group of an encoding.
pub fn is_group(word: &[u8]) -> bool {
    if !(4..16).contains(&word.len()) {
        return false;
    }
    let small = word.iter().any(u8::is_ascii_lowercase);
    let capitals = word.iter().any(u8::is_ascii_uppercase);
    (capitals && (small || word.len() == 8))
        || (matches!(word.len(), 4 | 8) && word.iter().all(u8::is_ascii_hexdigit))
}

/// How many places in the alphabet a word is, if it is nothing else.
pub fn places(word: &[u8]) -> Option<usize> {
    let each = |number: &[u8]| match number {
        [b'1'..=b'9'] | [b'1', b'0'..=b'9'] | [b'2', b'0'..=b'6'] => Some(1),
        _ => None,
    };
    word.split(|byte| *byte == b'-').map(each).sum()
}

/// A run of so many bytes may be base 85.
const DENSE: usize = 20;

/// Whether a word with a digit in it may be part of a long run with many signs.
/// There are capitals in it: a quarter of all that it is written with is such.
pub fn may_be_dense(bytes: &[u8], from: usize, to: usize) -> bool {
    let graphic = |byte: &&u8| byte.is_ascii_graphic();
    let before = bytes.get(..from).unwrap_or_default().iter().rev().take(DENSE);
    let behind = bytes.get(to..).unwrap_or_default().iter().take(DENSE);
    let first = from - before.take_while(graphic).count();
    let last = to + behind.take_while(graphic).count();
    last - first >= DENSE
        && bytes.get(first..last).is_some_and(|run| run.iter().any(u8::is_ascii_uppercase))
}

fn add(
    row: &mut Row,
    from: usize,
    to: usize,
    count: usize,
    farthest: usize,
    least: usize,
    into: &mut Vec<(usize, usize)>,
) {
    if let Some(row) = row.add(from, to, count, farthest) {
        row.close(least, into);
    }
}

/// Whether digits stand within a word as they do where they are written for
/// letters.
pub fn is_leet(word: &[u8]) -> bool {
    let last = word.iter().rposition(u8::is_ascii_alphabetic).unwrap_or(0);
    let within = word
        .iter()
        .take(last)
        .filter(|byte| matches!(byte, b'0' | b'1' | b'3' | b'4' | b'5' | b'7' | b'@' | b'$'))
        .count();
    within > 0
        && word.iter().any(|byte| matches!(byte.to_ascii_lowercase(), b'g'..=b'w' | b'y' | b'z'))
}
