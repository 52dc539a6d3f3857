//! Where in a text something may have a shape that [`shape`](super::shape)
//! knows: found 64 bytes at once, so that the rest is not looked at again.
//!
//! What is left out here is lost, so each test takes in more than the shape
//! itself: what it says is where to look.

use super::blocks::Block;
use super::shape;

/// Collects ranges while a text is walked over.
#[derive(Default)]
pub struct Outline {
    ranges: Vec<(usize, usize)>,
    /// The first byte of the next block.
    base: usize,
    before: Bits,
}

/// What is known of a block, for the next one.
#[derive(Default, Clone, Copy)]
struct Bits {
    wide: u64,
    letters: u64,
    digits: u64,
    signs: u64,
    lone: u64,
    two: u64,
    four: u64,
    eight: u64,
    alone: u32,
    /// Digits that begin a number, in this block and the one before.
    numbers: [u32; 2],
    /// Dots and signs, in this block and the one before.
    dots: [u32; 2],
}

/// The bits of a block moved by some places, those of the block before moved
/// in.
const fn moved(bits: u64, before: u64, by: u32) -> u64 {
    bits << by | before >> (64 - by)
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
        // Ends of single letters.
        let ends =
            !wide & moved(lone, before.lone, 1) & !moved(wide, before.wide, 2);
        // Letters with a sign between each two.
        let named = letters | digits;
        let turns = named
            & moved(signs, before.signs, 1)
            & moved(named, before.letters | before.digits, 2)
            & moved(signs, before.signs, 3)
            & moved(named, before.letters | before.digits, 4);
        let alone = ends.count_ones() + if turns != 0 { 8 } else { 0 };
        let numbers = (digits & !moved(digits, before.digits, 1)).count_ones();
        let marks = (dots | signs).count_ones();
        let [last, earlier] = before.numbers;
        let [last_dots, earlier_dots] = before.dots;
        let far = numbers + last + earlier >= shape::NUMBERS as u32
            || marks + last_dots + earlier_dots >= shape::DOTS as u32;
        if sixteen != 0 || alone + before.alone >= shape::SPACED as u32 || far {
            let back = if far { 128 } else { 64 };
            // What follows may still belong to it.
            self.mark(self.base.saturating_sub(back), self.base + 128);
        }
        self.before = Bits {
            wide,
            letters,
            digits,
            signs,
            lone,
            two,
            four,
            eight,
            alone,
            numbers: [numbers, last],
            dots: [marks, last_dots],
        };
        self.base += 64;
    }

    /// Takes a range in.
    pub fn mark(&mut self, from: usize, to: usize) {
        match self.ranges.last_mut() {
            Some(last) if last.1 >= from && last.0 <= from => last.1 = last.1.max(to),
            _ => self.ranges.push((from, to)),
        }
    }

    /// Takes a sign in that may join two strings, begin a number or stand for a
    /// letter.
    pub fn sign(&mut self, bytes: &[u8], at: usize) {
        let byte = bytes.get(at).copied().unwrap_or(0);
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        if byte == b'+' {
            if before == Some(&b'U') {
                self.mark(at, at + 64);
            } else if shape::is_join(bytes, at) {
                self.mark(at, at + 1);
            }
            return;
        }
        let wide = |byte: &&u8| shape::is_wide(**byte);
        let (first, last) = bytes.split_at_checked(at).unwrap_or_default();
        let from = at - first.iter().rev().take(shape::LONG).take_while(wide).count();
        let to = at + last.iter().take(shape::LONG).take_while(wide).count();
        if shape::is_digits_for_letters(bytes.get(from..to).unwrap_or_default()) {
            self.mark(from, to);
        }
    }

    /// The ranges in their order, none of which ends within a run of letters.
    pub fn ranges(mut self, bytes: &[u8]) -> Vec<(usize, usize)> {
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
