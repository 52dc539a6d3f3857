//! Where in a text something may have a shape that [`shape`](super::shape)
//! knows: found 64 bytes at once, so that the rest is not looked at again.
//!
//! What is left out here is lost, so each test takes in more than the shape
//! itself: what it says is where to look.

use super::blocks::Block;
use super::{oddities, runs, shape};

/// Collects ranges while a text is walked over.
#[derive(Default)]
pub struct Outline {
    ranges: Vec<(usize, usize)>,
    /// A place in each long run.
    runs: Vec<usize>,
    /// The first byte of the next block.
    base: usize,
    before: Bits,
    /// Words that may be numbers, in a row: where the row begins and ends, and
    /// how many they are.
    numbers: (usize, usize, usize),
    /// The same of letters by their places.
    places: (usize, usize, usize),
    /// Words that may be groups of an encoding, in a row.
    groups: (usize, usize, usize),
    /// Signs of quoted-printable, in a row.
    quoted: (usize, usize, usize),
    /// Where the last two words of letters and digits stand, the last one first.
    mixed: [Option<(usize, usize)>; 2],
    /// Where the last wide word ends that was looked at.
    wide: usize,
}

/// So many single letters in two blocks may be a row of them, some of which
/// have more than one sign after them.
const ALONE: u32 = 6;
/// Groups of an encoding stand at most so far from each other.
const GROUPS_APART: usize = 40;

/// What is known of a block, for the next one.
#[derive(Default, Clone, Copy)]
struct Bits {
    wide: u64,
    lone: u64,
    two: u64,
    four: u64,
    eight: u64,
    sixteen: u64,
    alone: u32,
    /// Dots and signs, in this block and the one before.
    dots: [u32; 2],
}

/// The bits of a block moved by some places, those of the block before moved
/// in.
#[inline(always)]
const fn moved(bits: u64, before: u64, by: u32) -> u64 {
    bits << by | before >> (64 - by)
}

/// The word with the signs in it and around it that stands at a place.
fn wide_at(bytes: &[u8], at: usize) -> (usize, usize) {
    let wide = |byte: &&u8| shape::is_wide(**byte);
    let (before, behind) = bytes.split_at_checked(at).unwrap_or_default();
    let from = at - before.iter().rev().take_while(wide).count();
    (from, at + behind.iter().take_while(wide).count())
}

const fn is_capital_hex(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'F')
}

/// Adds so much to a row, which goes on if it is near enough.
fn in_row(
    row: &mut (usize, usize, usize),
    from: usize,
    to: usize,
    count: usize,
    farthest: usize,
) -> (usize, usize, usize) {
    let (first, last, before) = *row;
    *row = if before > 0 && from <= last + farthest {
        (first, to.max(last), before + count)
    } else {
        (from, to, count)
    };
    *row
}

impl Outline {
    /// Takes the next block of the text.
    #[inline(always)]
    pub fn block(&mut self, block: &Block) {
        let before = self.before;
        let Block { letters, digits, signs, leet, dots, .. } = *block;
        let lone = letters | digits | leet;
        let wide = lone | signs;
        // Runs of 16 and more.
        let two = wide & moved(wide, before.wide, 1);
        let four = two & moved(two, before.two, 2);
        let eight = four & moved(four, before.four, 4);
        let sixteen = eight & moved(eight, before.eight, 8);
        // Ends of single letters, alone or between signs.
        let ends = !lone & moved(lone, before.lone, 1) & !moved(lone, before.lone, 2);
        let alone = ends.count_ones();
        // Dots, and signs that do not follow a letter.
        let marks = (dots | signs & !moved(lone, before.lone, 1)).count_ones();
        let [last_dots, earlier_dots] = before.dots;
        if sixteen != 0 {
            // A bit of each run is enough: a range takes all of a run in.
            let mut starts = sixteen & !moved(sixteen, before.sixteen, 1);
            while starts != 0 {
                self.runs.push(self.base + starts.trailing_zeros() as usize);
                starts &= starts - 1;
            }
        }
        if alone + before.alone >= ALONE {
            // What follows may still belong to it.
            self.mark(self.base.saturating_sub(64), self.base + 128);
        }
        if marks + last_dots + earlier_dots >= shape::DOTS as u32 {
            self.mark(self.base.saturating_sub(128), self.base + 128);
        }
        self.before =
            Bits { wide, lone, two, four, eight, sixteen, alone, dots: [marks, last_dots] };
        self.base += 64;
    }

    /// Takes a range in.
    pub fn mark(&mut self, from: usize, to: usize) {
        match self.ranges.last_mut() {
            Some(last) if last.1 >= from && last.0 <= from => last.1 = last.1.max(to),
            _ => self.ranges.push((from, to)),
        }
    }

    /// Takes in a word of letters and digits, with a digit in it.
    pub fn digits(&mut self, bytes: &[u8], from: usize, to: usize) {
        let digits_only =
            bytes.get(from..to).is_some_and(|word| word.iter().all(u8::is_ascii_digit));
        if !digits_only {
            self.mixed = [Some((from, to)), self.mixed[0]];
            self.mixed_groups();
        }
        // The word with the signs in it and around it, once.
        if from < self.wide {
            return;
        }
        let (first, last) = wide_at(bytes, from);
        self.wide = last;
        let word = bytes.get(first..last).unwrap_or_default();
        let called = first.checked_sub(1).and_then(|at| bytes.get(at)) == Some(&b'(');
        if shape::may_be_number(word) {
            self.number(first, last, if called { 10 } else { 5 });
        }
        if let Some(count) = oddities::places(word) {
            let (from, _, count) = in_row(&mut self.places, first, last, count, 3);
            if count >= oddities::PLACES {
                self.mark(from, last);
            }
        }
        if oddities::is_group(word) {
            in_row(&mut self.groups, first, last, 1, GROUPS_APART);
            self.mixed_groups();
        }
        if digits_only && word.len() == to - from {
            if word.len() == 3
                && bytes.get(..first).is_some_and(|before| before.ends_with(b"begin "))
            {
                self.mark(first, last);
            }
            return;
        }
        if oddities::may_be_dense(bytes, first, last)
            || shape::is_digits_for_letters(word)
            || (word.len() < shape::LONG && oddities::is_leet(word))
        {
            self.mark(first, last);
        }
    }

    /// Among the groups of an encoding are some of letters and digits.
    fn mixed_groups(&mut self) {
        let (from, to, count) = self.groups;
        if let [Some((last, _)), Some((_, earlier))] = self.mixed
            && count >= oddities::GROUPS
            && earlier + GROUPS_APART >= from
            && last <= to + GROUPS_APART
        {
            self.mark(from, to);
        }
    }

    /// Takes in a word that may be a number, so far from the one before at most.
    fn number(&mut self, from: usize, to: usize, farthest: usize) {
        // Between two numbers there are at most three letters, one of which may
        // be that of a word; before a number may stand `U+`.
        let (first, to, count) = in_row(&mut self.numbers, from, to, 1, farthest);
        if count >= shape::NUMBERS {
            self.mark(first.saturating_sub(2), to);
        }
    }

    /// Takes a sign in that may join two strings, begin a number or stand for a
    /// letter.
    pub fn sign(&mut self, bytes: &[u8], at: usize) {
        let byte = bytes.get(at).copied().unwrap_or(0);
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        match (byte, bytes.get(at + 1)) {
            // A number that may be of letters only.
            (b'+', Some(_)) if before == Some(&b'U') => self.number(at + 1, at + 5, 5),
            (b'+', Some(b'A')) => self.mark(at, at + 1),
            (b'=', Some(b'2'..=b'7')) if bytes.get(at + 2).is_some_and(is_capital_hex) => {
                self.quoted(bytes, at);
            }
            (b'=', Some(b'\n' | b'\r')) => self.quoted(bytes, at),
            (b'+', _) if shape::is_join(bytes, at) => self.mark(at, at + 1),
            (b'@' | b'$', _) => self.leet(bytes, at),
            _ => {}
        }
    }

    /// Takes in a sign of quoted-printable, with the word it stands in.
    fn quoted(&mut self, bytes: &[u8], at: usize) {
        // Of a long word each byte is looked at once.
        let (from, to) = if at < self.quoted.1 { (at, self.quoted.1) } else { wide_at(bytes, at) };
        let (first, to, count) = in_row(&mut self.quoted, from, to, 1, oddities::QUOTED_APART);
        if count >= oddities::QUOTED {
            self.mark(first, to);
        }
    }

    /// Takes in a sign that may stand for a letter.
    fn leet(&mut self, bytes: &[u8], at: usize) {
        // Longer words are none of these.
        let from = at.saturating_sub(shape::LONG);
        let part = bytes.get(from..bytes.len().min(at + shape::LONG)).unwrap_or_default();
        let (first, last) = wide_at(part, at - from);
        let (from, to) = (from + first, from + last);
        if shape::is_digits_for_letters(bytes.get(from..to).unwrap_or_default()) {
            self.mark(from, to);
        }
    }

    /// The ranges in their order, none of which ends within a run of letters.
    pub fn ranges(mut self, bytes: &[u8]) -> Vec<(usize, usize)> {
        for at in std::mem::take(&mut self.runs) {
            let (from, to) = wide_at(bytes, at);
            if !runs::is_ordinary(bytes.get(from..to).unwrap_or_default()) {
                self.ranges.push((from, to));
            }
        }
        self.ranges.sort_unstable();
        let mut out: Vec<(usize, usize)> = Vec::new();
        for (from, to) in self.ranges {
            let within = |at: usize| bytes.get(at).is_some_and(|byte| shape::is_wide(*byte));
            let done = out.last().map_or(0, |last| last.1);
            let mut from = from.min(bytes.len());
            while from > done && within(from - 1) {
                from -= 1;
            }
            let mut to = to.min(bytes.len());
            while to > done && within(to) {
                to += 1;
            }
            match out.last_mut() {
                Some(last) if last.1 >= from => last.1 = last.1.max(to),
                _ => out.push((from, to)),
            }
        }
        out
    }
}
