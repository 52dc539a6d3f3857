//! Words looked up as they stand in a text, without their being read first.

use super::blocks::{Stop, walk};
use super::reading::is_contraction;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// No word that is looked for is longer.
pub const LONGEST_WORD: usize = 24;

/// So many bits of a hash are looked at.
const HASHED: u32 = 18;

/// A hash of a fixed table's words. Nobody else can put words into it, so it
/// need not withstand chosen ones.
#[derive(Default)]
pub struct Plain(u64);

impl Hasher for Plain {
    fn write(&mut self, bytes: &[u8]) {
        let (eights, rest) = bytes.as_chunks::<8>();
        for eight in eights {
            self.write_u64(u64::from_le_bytes(*eight));
        }
        self.write_u64(rest.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)));
    }

    fn write_u64(&mut self, part: u64) {
        self.0 = (self.0.rotate_left(23) ^ part).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write_usize(&mut self, part: usize) {
        self.write_u64(part as u64);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

/// What the words of a table lead to, by word.
pub struct Words<T> {
    /// By a hash of a word's length and first letters, whether there may be
    /// something.
    seen: Vec<u64>,
    all: HashMap<Vec<u8>, Vec<T>, BuildHasherDefault<Plain>>,
}

impl<T> Words<T> {
    pub fn of(all: impl IntoIterator<Item = (Vec<u8>, T)>) -> Self {
        let mut words = Self { seen: vec![0; 1 << (HASHED - 6)], all: HashMap::default() };
        for (word, one) in all {
            let slot = slot(&word, 0, word.len());
            if let Some(bits) = words.seen.get_mut(slot >> 6) {
                *bits |= 1 << (slot & 63);
            }
            words.all.entry(word).or_default().push(one);
        }
        words
    }

    /// Whether the word of that length at a place may lead to something.
    fn may_be(&self, bytes: &[u8], from: usize, length: usize) -> bool {
        let slot = slot(bytes, from, length);
        self.seen.get(slot >> 6).is_some_and(|bits| bits >> (slot & 63) & 1 == 1)
    }

    /// What a word in lower case leads to.
    pub fn get(&self, word: &[u8]) -> &[T] {
        self.all.get(word).map_or(&[], Vec::as_slice)
    }

    /// Calls `found` for every word that may lead to something, and where it
    /// begins; `opens` for every place where a mark may begin otherwise.
    #[inline(always)]
    pub fn each(&self, bytes: &[u8], mut found: impl FnMut(usize), mut opens: impl FnMut(usize)) {
        walk(
            bytes,
            |block| (block.letters | block.digits, 0, block.opens),
            |stop| match stop {
                Stop::Byte(at) => opens(at),
                Stop::Word(from, to, _) => {
                    let length = to - from;
                    // `don't`, and a line's end as strings in code write it.
                    let contraction = bytes.get(to) == Some(&b'\'')
                        && bytes.get(to + 1).is_some_and(u8::is_ascii_alphabetic);
                    let escaped = from > 0
                        && bytes.get(from - 1) == Some(&b'\\')
                        && matches!(bytes.get(from), Some(b'n' | b't' | b'r'));
                    if length <= LONGEST_WORD
                        && (contraction || escaped || self.may_be(bytes, from, length))
                    {
                        found(from + usize::from(escaped));
                    }
                }
            },
        );
    }

    /// Calls `found` for every word of a text of lower-case ASCII words that
    /// leads to something: what, and the word's range.
    pub fn each_read(&self, bytes: &[u8], mut found: impl FnMut(&T, usize, usize)) {
        walk(
            bytes,
            |block| (block.letters | block.digits, 0, 0),
            |stop| {
                if let Stop::Word(from, to, _) = stop
                    && self.may_be(bytes, from, to - from)
                    && let Some(word) = bytes.get(from..to)
                {
                    self.get(word).iter().for_each(|one| found(one, from, to));
                }
            },
        );
    }
}

/// Which bit is that of a word, by its length and its first letters in lower
/// case.
fn slot(bytes: &[u8], from: usize, length: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let first = rest.first_chunk::<8>().copied().unwrap_or_else(|| {
        let mut first = [0; 8];
        first.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        first
    });
    let kept = if length < 8 { (1 << (8 * length)) - 1 } else { !0 };
    let letters = (u64::from_le_bytes(first) | 0x2020_2020_2020_2020) & kept;
    let mixed = (letters ^ (length as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93))
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> (64 - HASHED)) as usize
}

/// A word in lower case and without apostrophes.
pub struct Word {
    letters: [u8; LONGEST_WORD],
    length: usize,
}

impl Word {
    /// The word at a place, and its end.
    pub fn at(bytes: &[u8], from: usize) -> Option<(Self, usize)> {
        let mut word = Self { letters: [0; LONGEST_WORD], length: 0 };
        let mut at = from;
        while let Some(byte) = bytes.get(at) {
            if byte.is_ascii_alphanumeric() {
                *word.letters.get_mut(word.length)? = byte.to_ascii_lowercase();
                word.length += 1;
            } else if *byte != b'\'' || !is_contraction(bytes.get(at + 1..).unwrap_or_default()) {
                break;
            }
            at += 1;
        }
        (word.length > 0).then_some((word, at))
    }

    pub fn text(&self) -> &[u8] {
        self.letters.get(..self.length).unwrap_or_default()
    }
}
