//! Words looked up as they stand in a text, without their being read first.

use super::reading::is_contraction;

/// No word that is looked for is longer.
pub const LONGEST_WORD: usize = 24;

/// So many bits of a hash are looked at first.
const HASHED: u32 = 17;

/// A word in lower case and without apostrophes, of at most [`LONGEST_WORD`]
/// ASCII letters and digits: eight to a number, the first in the lowest byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Word {
    letters: [u64; 3],
    length: usize,
}

impl Word {
    /// The word of ASCII letters and digits between two places.
    pub fn plain(bytes: &[u8], from: usize, to: usize) -> Option<Self> {
        let length = to.checked_sub(from).filter(|length| *length <= LONGEST_WORD)?;
        let part = |nth: usize| {
            let left = length.saturating_sub(nth * 8);
            if left == 0 { 0 } else { lower(bytes, from + nth * 8) & kept(left) }
        };
        Some(Self { letters: [part(0), part(1), part(2)], length })
    }

    /// The word at a place, over apostrophes, and its end.
    pub fn at(bytes: &[u8], from: usize) -> Option<(Self, usize)> {
        let mut word = Self::default();
        let mut at = from;
        while let Some(byte) = bytes.get(at) {
            if byte.is_ascii_alphanumeric() {
                if !word.push(*byte) {
                    return None;
                }
            } else if *byte != b'\'' || !is_contraction(bytes.get(at + 1..).unwrap_or_default()) {
                break;
            }
            at += 1;
        }
        (word.length > 0).then_some((word, at))
    }

    /// Adds a letter, if there is room.
    pub fn push(&mut self, letter: u8) -> bool {
        let Some(part) = self.letters.get_mut(self.length / 8) else { return false };
        *part |= u64::from(letter | 0x20) << (8 * (self.length % 8));
        self.length += 1;
        true
    }

    /// How many letters it has.
    pub const fn length(&self) -> usize {
        self.length
    }

    pub fn of(text: &[u8]) -> Option<Self> {
        Self::plain(text, 0, text.len())
    }

    fn hash(&self) -> u64 {
        let [first, second, third] = self.letters;
        let mixed = (first ^ second.rotate_left(23) ^ third.rotate_left(47) ^ self.length as u64)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed ^ mixed >> 32
    }

    fn tag(&self) -> u32 {
        (self.hash() >> 32) as u32
    }

    /// Which bit is its, of those that are looked at first.
    fn bit(&self) -> usize {
        let [first, ..] = self.letters;
        bit_of(first, self.length)
    }
}

/// Eight bytes at a place in lower case, noughts beyond the end.
#[inline(always)]
fn lower(bytes: &[u8], from: usize) -> u64 {
    let rest = bytes.get(from..).unwrap_or_default();
    let eight = rest.first_chunk::<8>().copied().unwrap_or_else(|| {
        let mut eight = [0; 8];
        eight.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        eight
    });
    u64::from_le_bytes(eight) | 0x2020_2020_2020_2020
}

/// Which bits are those of the first bytes.
#[inline(always)]
const fn kept(bytes: usize) -> u64 {
    if bytes < 8 { (1 << (8 * bytes)) - 1 } else { !0 }
}

/// What the words of a table lead to, by word.
pub struct Words<T> {
    /// By a hash of a word's length and first letters, whether there may be
    /// something.
    seen: Vec<u64>,
    /// The words by their hash, each in the first free slot from its own on.
    slots: Vec<Slot>,
    entries: Vec<Entry>,
    /// What they lead to, that of one word in a row, and between which words.
    all: Vec<T>,
    sides: Vec<Sides>,
}

/// What may be the place of a word: as small as may be, for most of what is
/// looked up is nothing.
#[derive(Clone, Copy, Default)]
struct Slot {
    /// A part of the hash of the word.
    tag: u32,
    /// Which entry is that of the word, and one more; nothing if none is.
    entry: u32,
    /// For each group of letters before a word and each behind it, whether it
    /// may lead to something between those.
    gate: u64,
}

/// A word, and where in what all words lead to its own stands.
struct Entry {
    word: Word,
    from: u32,
    to: u32,
}

/// Letters: a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letters(u32);

impl Letters {
    /// Any, or what is no letter.
    pub const ANY: Self = Self(!0);
    /// Whatever is no letter.
    pub const NONE: Self = Self(1 << 31);

    pub const fn letter(letter: u8) -> Self {
        Self(1 << (letter & 31))
    }

    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The letter beyond a sign; any where there is something else.
    #[inline(always)]
    fn beyond(sign: Option<&u8>, letter: Option<&u8>) -> Self {
        match (sign, letter) {
            (Some(sign), Some(letter)) if letter.is_ascii_alphabetic() && divides(*sign) => {
                Self::letter(*letter)
            }
            _ => Self::ANY,
        }
    }
}

/// Whether a byte does nothing but divide two words.
#[inline(always)]
const fn divides(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\n' | b'\t' | b'!'..=b'$' | b'(' | b')' | b'+'..=b'/' | b':' | b';' | b'='..=b'@'
            | b'[' | b']'..=b'`' | b'{'..=b'~'
    )
}

/// What stands before and behind a word, with nothing but a sign between: the
/// last and the first letter of the words there.
#[derive(Debug, Clone, Copy)]
pub struct Sides {
    pub before: Letters,
    pub behind: Letters,
}

/// The lowest bit of each eight.
const EIGHTS: u64 = 0x0101_0101_0101_0101;

/// Which of eight groups some letters are of: every eighth is of one.
#[inline(always)]
const fn groups(letters: u32) -> u64 {
    let halves = letters | letters >> 16;
    (halves | halves >> 8) as u64 & 0xFF
}

impl Sides {
    pub const ANY: Self = Self { before: Letters::ANY, behind: Letters::ANY };

    /// Of what follows a word in a text that is looked for as it is written.
    pub fn written(rest: &[u8]) -> Self {
        let behind = match rest {
            [] | [_] => Letters::ANY,
            [sign, letter, ..] if letter.is_ascii_alphabetic() && divides(*sign) => {
                Letters::letter(*letter)
            }
            [sign, ..] if divides(*sign) => Letters::NONE,
            _ => Letters::ANY,
        };
        Self { before: Letters::ANY, behind }
    }

    /// Those of the word between two places.
    #[inline(always)]
    fn of(bytes: &[u8], from: usize, to: usize) -> Self {
        let before = |back: usize| from.checked_sub(back).and_then(|at| bytes.get(at));
        Self {
            before: Letters::beyond(before(1), before(2)),
            behind: Letters::beyond(bytes.get(to), bytes.get(to + 1)),
        }
    }

    /// The groups of letters that there are: a bit for each of eight before, and
    /// with it of eight behind.
    #[inline(always)]
    const fn gate(self) -> u64 {
        let (before, behind) = (groups(self.before.0), groups(self.behind.0));
        // Each bit of the one as eight, and in each eight all of the other.
        let apart = (before * EIGHTS) & 0x8040_2010_0804_0201;
        let spread = (((apart + 0x7F * EIGHTS) >> 7) & EIGHTS) * 0xFF;
        spread & (behind * EIGHTS)
    }

    const fn meets(self, other: Self) -> bool {
        self.before.0 & other.before.0 != 0 && self.behind.0 & other.behind.0 != 0
    }
}

impl<T: Copy> Words<T> {
    /// The words, between which others they count, and what they lead to. A
    /// process that reads one short text pays for this as much as for the text.
    pub fn of(all: &[(Word, Sides, T)]) -> Self {
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        // A quarter is free at the least.
        let room = (all.len() + all.len() / 3).next_power_of_two().max(2);
        let mut words = Self {
            seen: vec![0; 1 << (HASHED - 6)],
            slots: vec![Slot::default(); room],
            entries: Vec::with_capacity(all.len()),
            all: Vec::with_capacity(all.len()),
            sides: Vec::with_capacity(all.len()),
        };
        // The entry of each, and how many there are of every entry.
        let mut owners = Vec::with_capacity(all.len());
        for (word, sides, _) in all {
            let owner = words.entry(*word, sides.gate());
            if let Some(entry) = words.entries.get_mut(owner) {
                entry.to += 1;
            }
            owners.push(owner);
        }
        let mut from = 0;
        for entry in &mut words.entries {
            let count = std::mem::replace(&mut entry.to, from);
            entry.from = from;
            from += count;
        }
        let mut order = vec![0; all.len()];
        for (nth, owner) in owners.into_iter().enumerate() {
            if let Some(entry) = words.entries.get_mut(owner)
                && let Some(slot) = order.get_mut(entry.to as usize)
            {
                *slot = place(nth);
                entry.to += 1;
            }
        }
        for (_, sides, one) in order.into_iter().filter_map(|nth| all.get(nth as usize)) {
            words.sides.push(*sides);
            words.all.push(*one);
        }
        words
    }

    /// The number of a word's entry, made if there is none.
    fn entry(&mut self, word: Word, gate: u64) -> usize {
        let bit = word.bit();
        if let Some(bits) = self.seen.get_mut(bit >> 6) {
            *bits |= 1 << (bit & 63);
        }
        let last = self.slots.len() - 1;
        let mut at = word.hash() as usize & last;
        // Of two words of one tag either is looked at where one of them may be.
        let mut gate = gate;
        while let Some(slot) = self.slots.get_mut(at).filter(|slot| slot.entry != 0) {
            let owner = slot.entry as usize - 1;
            if slot.tag == word.tag() {
                gate |= slot.gate;
                slot.gate = gate;
                if self.entries.get(owner).is_some_and(|entry| entry.word == word) {
                    return owner;
                }
            }
            at = (at + 1) & last;
        }
        self.entries.push(Entry { word, from: 0, to: 0 });
        let entry = u32::try_from(self.entries.len()).unwrap_or(0);
        if let Some(free) = self.slots.get_mut(at) {
            *free = Slot { tag: word.tag(), entry, gate };
        }
        self.entries.len() - 1
    }

    /// Where what a word leads to stands that is between some letters.
    #[inline(always)]
    fn range(&self, word: &Word, gate: u64) -> std::ops::Range<usize> {
        let last = self.slots.len() - 1;
        let (hash, tag) = (word.hash(), word.tag());
        let mut at = hash as usize & last;
        // There always is a free slot.
        while let Some(slot) = self.slots.get(at).filter(|slot| slot.entry != 0) {
            if slot.tag == tag {
                let entry = self.entries.get(slot.entry as usize - 1);
                match entry.filter(|_| slot.gate & gate != 0) {
                    None => return 0..0,
                    Some(entry) if entry.word == *word => {
                        return entry.from as usize..entry.to as usize;
                    }
                    Some(_) => {}
                }
            }
            at = (at + 1) & last;
        }
        0..0
    }

    /// Whether the word of that length at a place may lead to something.
    #[inline(always)]
    pub fn may_be(&self, bytes: &[u8], from: usize, length: usize) -> bool {
        let bit = bit(bytes, from, length);
        self.seen.get(bit >> 6).is_some_and(|bits| bits >> (bit & 63) & 1 == 1)
    }

    /// What a word leads to.
    pub fn get(&self, word: &Word) -> &[T] {
        self.all.get(self.range(word, !0)).unwrap_or_default()
    }

    /// Calls `each` for what a word leads to that stands between two places, as
    /// far as the letters beside it are those of what may stand there.
    #[inline(always)]
    pub fn between(
        &self,
        word: &Word,
        bytes: &[u8],
        from: usize,
        to: usize,
        mut each: impl FnMut(&T),
    ) {
        let there = Sides::of(bytes, from, to);
        let range = self.range(word, there.gate());
        let sides = self.sides.get(range.clone()).unwrap_or_default();
        for (sides, one) in sides.iter().zip(self.all.get(range).unwrap_or_default()) {
            if sides.meets(there) {
                each(one);
            }
        }
    }
}

/// Which bit is that of a word, by its length and its first letters in lower
/// case.
#[inline(always)]
fn bit(bytes: &[u8], from: usize, length: usize) -> usize {
    bit_of(lower(bytes, from) & kept(length), length)
}

#[inline(always)]
fn bit_of(letters: u64, length: usize) -> usize {
    let mixed = (letters ^ (length as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93))
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> (64 - HASHED)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_as_they_stand() {
        let all = ["a", "dont", "instructions", "x1", "abcdefghijklmnopqrstuvwx"];
        let one = |word: &'static str| (Word::of(word.as_bytes()).unwrap(), Sides::ANY, word);
        let words = Words::of(&all.map(one));
        for text in ["A", "don't", "DONT", "InStructions", "X1", "abcdefghIJKLmnopqrstuvwx"] {
            let (word, end) = Word::at(text.as_bytes(), 0).unwrap();
            let read = text.to_ascii_lowercase().replace('\'', "");
            assert_eq!((words.get(&word), end), ([read.as_str()].as_slice(), text.len()));
            if !text.contains('\'') {
                assert_eq!(Word::plain(text.as_bytes(), 0, text.len()), Some(word));
                assert!(words.may_be(text.as_bytes(), 0, text.len()));
            }
        }
        for text in ["b", "instruction", "instructionss", "abcdefghijklmnopqrstuvwy"] {
            assert_eq!(words.get(&Word::at(text.as_bytes(), 0).unwrap().0), [""; 0]);
        }
        assert_eq!(Word::at(b"abcdefghijklmnopqrstuvwxy", 0), None);
    }

    #[test]
    fn gates_are_open_for_what_meets() {
        let letters = |bits: u32| if bits & 0x8000 == 0 { Letters::ANY } else { Letters(bits) };
        let mut state = 1_u32;
        for _ in 0..2000 {
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state >> 4
            };
            let needed = Sides { before: letters(next()), behind: letters(next()) };
            let one =
                |bits: u32| if bits & 64 == 0 { Letters::ANY } else { Letters(1 << (bits & 31)) };
            let there = Sides { before: one(next()), behind: one(next()) };
            assert!(!needed.meets(there) || needed.gate() & there.gate() != 0);
        }
        let one = |letter| Sides { before: Letters::letter(letter), behind: Letters::ANY };
        assert_eq!(one(b'a').gate() & one(b'b').gate(), 0);
    }
}
