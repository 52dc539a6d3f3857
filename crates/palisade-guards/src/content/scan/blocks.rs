//! Bytes by what they are, 64 at once: a bit for each byte of a block.
//!
//! A walk over these bits goes from one edge of a word to the next. A loop over
//! the bytes has to guess where each word ends, and most of its time is that
//! of wrong guesses.

// What a byte is, as a number of three bits.
const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const ODD: u8 = 3;
const SIGN: u8 = 4;
const PLUS: u8 = 5;
const LEET: u8 = 6;
const DOT: u8 = 7;
/// Beside what it is: a walk stops here.
const STOPS: u8 = 8;

static CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let class = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => DIGIT,
            0..=8 | 0x0E..=0x1F | 0x7F.. => ODD,
            b'=' => SIGN | STOPS,
            b'/' | b'-' | b'_' => SIGN,
            b'+' => PLUS | STOPS,
            b'@' | b'$' => LEET | STOPS,
            b'.' => DOT,
            b'<' | b'[' | b']' | b'"' | b'\'' | b'*' | b'#' | b'!' | b'`' => STOPS,
            b'%' | b'\\' | b'&' => STOPS,
            _ => 0,
        };
        #[expect(clippy::indexing_slicing, reason = "within a constant, over its own length")]
        {
            table[byte] = class;
        }
        byte += 1;
    }
    table
};

/// At most 64 bytes. The lowest bit is that of the first byte.
#[derive(Clone, Copy, Default)]
pub struct Block {
    /// ASCII letters.
    pub letters: u64,
    /// ASCII digits.
    pub digits: u64,
    /// Controls other than space, and all that is not ASCII.
    pub odd: u64,
    /// `+`, `/`, `=`, `-`, `_`.
    pub signs: u64,
    /// `@` and `$`, which stand for letters.
    pub leet: u64,
    /// Full stops.
    pub dots: u64,
    /// What marks, links, escapes and joins begin with, other than words; the
    /// apostrophe, and what stands for letters.
    pub stops: u64,
}

impl Block {
    #[inline(always)]
    fn of(bytes: &[u8; 64]) -> Self {
        let (mut low, mut middle, mut high, mut stops) = (0, 0, 0, 0);
        let (eights, _) = bytes.as_chunks::<8>();
        for eight in eights.iter().rev() {
            let mut classes = 0_u64;
            for byte in eight.iter().rev() {
                classes =
                    classes << 8 | u64::from(CLASSES.get(usize::from(*byte)).copied().unwrap_or(0));
            }
            // One bit of each of eight bytes, moved together by a product.
            let bits = |nth: u8| {
                ((classes >> nth) & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080) >> 56
            };
            low = low << 8 | bits(0);
            middle = middle << 8 | bits(1);
            high = high << 8 | bits(2);
            stops = stops << 8 | bits(3);
        }
        Self {
            letters: low & !middle & !high,
            digits: !low & middle & !high,
            odd: low & middle & !high,
            signs: !middle & high,
            leet: !low & middle & high,
            dots: low & middle & high,
            stops,
        }
    }
}

/// Where a walk stops.
pub enum Stop {
    /// At the end of a word: its range, and whether all of it is of the first
    /// sort.
    Word(usize, usize, bool),
    /// At a byte of its own.
    Byte(usize),
}

/// Walks over some ranges of `bytes`, as [`walk`] does. Places are those
/// of `bytes`.
pub fn walk_ranges(
    bytes: &[u8],
    ranges: &[(usize, usize)],
    sorts: impl Fn(&Block) -> (u64, u64, u64),
    mut stop: impl FnMut(Stop),
) {
    for (from, to) in ranges {
        let part = bytes.get(*from..*to).unwrap_or_default();
        walk(part, &sorts, |place| {
            stop(match place {
                Stop::Word(first, last, plain) => Stop::Word(from + first, from + last, plain),
                Stop::Byte(at) => Stop::Byte(from + at),
            });
        });
    }
}

/// Walks over `bytes` and stops at the end of every word and at every other
/// byte that counts, in their order. `sorts` says of a block which bytes are
/// letters of words, which of those are not of the first sort, and which bytes
/// count by themselves.
fn walk(bytes: &[u8], sorts: impl Fn(&Block) -> (u64, u64, u64), mut stop: impl FnMut(Stop)) {
    let mut inside = false;
    // Whether the part of a word in earlier blocks is not of the first sort.
    let mut mixed = false;
    let mut start = 0;
    let mut base = 0;
    let (blocks, rest) = bytes.as_chunks::<64>();
    // Beyond the end nothing counts.
    let mut last = [b' '; 64];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    for block in blocks.iter().chain(std::iter::once(&last)) {
        let (word, second, single) = sorts(&Block::of(block));
        let mut edges = word ^ (word << 1 | u64::from(inside));
        let mut stops = edges | single;
        while stops != 0 {
            let nth = stops.trailing_zeros();
            let bit = stops & stops.wrapping_neg();
            stops ^= bit;
            let at = base + nth as usize;
            if edges & bit != 0 {
                edges ^= bit;
                if inside {
                    let within = if start >= base { !0 << (start - base) } else { !0 };
                    let other = second & within & (bit - 1) != 0 || mixed;
                    stop(Stop::Word(start, at, !other));
                } else {
                    start = at;
                }
                inside = !inside;
                mixed = false;
            }
            if single & bit != 0 {
                stop(Stop::Byte(at));
            }
        }
        if inside {
            let within = if start >= base { !0 << (start - base) } else { !0 };
            mixed |= second & within != 0;
        }
        base += 64;
    }
    // The last block is never full: a word ends in it.
}

/// Which bytes of a block count for what.
#[derive(Clone, Copy)]
pub struct Sorts {
    /// Letters of words.
    pub words: u64,
    /// Which of them make a word one of the second sort.
    pub second: u64,
    /// Which of them make a word one of the third sort.
    pub third: u64,
    /// Bytes that count by themselves.
    pub single: u64,
}

/// What a quick walk calls for.
pub trait Walker {
    fn block(&mut self, block: &Block) -> Sorts;
    /// A word: its range, and whether it is of the second and of the third sort.
    fn word(&mut self, from: usize, to: usize, second: bool, third: bool);
    /// A byte that counts by itself.
    fn byte(&mut self, at: usize);
}

/// Walks over `bytes` as [`walk_ranges`] does, and calls for the words of a
/// block before its single bytes: without a choice between the two it is
/// quicker.
#[inline(always)]
pub fn walk_quickly(bytes: &[u8], walker: &mut impl Walker) {
    // The word that began in an earlier block: where, and of which sorts.
    let mut open: Option<(usize, bool, bool)> = None;
    let mut base = 0;
    let (blocks, rest) = bytes.as_chunks::<64>();
    let mut last = [b' '; 64];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    for block in blocks.iter().chain(std::iter::once(&last)) {
        let Sorts { words, second, third, mut single } = walker.block(&Block::of(block));
        let shifted = words << 1 | u64::from(open.is_some());
        let mut starts = words & !shifted;
        let mut ends = !words & shifted;
        if let Some((from, is_second, is_third)) = open {
            let within = ends.wrapping_sub(1) & !ends;
            let sorts = (is_second || second & within != 0, is_third || third & within != 0);
            if ends == 0 {
                open = Some((from, sorts.0, sorts.1));
            } else {
                walker.word(from, base + ends.trailing_zeros() as usize, sorts.0, sorts.1);
                ends &= ends - 1;
                open = None;
            }
        }
        while ends != 0 {
            let (first, last) = (starts.trailing_zeros(), ends.trailing_zeros());
            let within = (1_u64 << last).wrapping_sub(1 << first);
            walker.word(
                base + first as usize,
                base + last as usize,
                second & within != 0,
                third & within != 0,
            );
            starts &= starts - 1;
            ends &= ends - 1;
        }
        if starts != 0 {
            let within = !0 << starts.trailing_zeros();
            let from = base + starts.trailing_zeros() as usize;
            open = Some((from, second & within != 0, third & within != 0));
        }
        while single != 0 {
            walker.byte(base + single.trailing_zeros() as usize);
            single &= single - 1;
        }
        base += 64;
    }
    // The last block is never full: a word ends in it.
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Seen {
        words: Vec<(usize, usize, bool)>,
        bytes: Vec<usize>,
    }

    impl Walker for Seen {
        fn block(&mut self, block: &Block) -> Sorts {
            Sorts {
                words: block.letters | block.digits,
                second: block.digits,
                third: block.letters,
                single: block.stops,
            }
        }

        fn word(&mut self, from: usize, to: usize, second: bool, third: bool) {
            assert!(second || third);
            self.words.push((from, to, !second));
        }

        fn byte(&mut self, at: usize) {
            self.bytes.push(at);
        }
    }

    #[test]
    fn words_are_those_of_a_plain_loop() {
        let mut state = 7_u32;
        for length in 0..400_usize {
            let bytes: Vec<u8> = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    *b"abcdefghijklmnopqrstuvwxyzABC019 .+/_@<\xe9"
                        .get((state >> 16) as usize % if length % 3 == 0 { 27 } else { 40 })
                        .unwrap_or(&b' ')
                })
                .collect();
            let mut expected = Vec::new();
            let mut at = 0;
            while at < bytes.len() {
                let word = bytes[at..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
                if word > 0 {
                    let plain = bytes[at..at + word].iter().all(u8::is_ascii_alphabetic);
                    expected.push((at, at + word, plain));
                    at += word;
                } else {
                    if b"+@<".contains(&bytes[at]) {
                        expected.push((at, at, false));
                    }
                    at += 1;
                }
            }
            let mut found = Vec::new();
            walk(
                &bytes,
                |block| (block.letters | block.digits, block.digits, block.stops),
                |stop| match stop {
                    Stop::Word(from, to, plain) => found.push((from, to, plain)),
                    Stop::Byte(at) => found.push((at, at, false)),
                },
            );
            assert_eq!(found, expected, "{bytes:?}");
            let mut seen = Seen::default();
            walk_quickly(&bytes, &mut seen);
            let (words, bytes): (Vec<_>, Vec<_>) =
                expected.into_iter().partition(|(from, to, _)| from < to);
            assert_eq!(seen.words, words);
            assert_eq!(seen.bytes, bytes.into_iter().map(|(at, ..)| at).collect::<Vec<_>>());
        }
    }

    #[test]
    fn every_byte_is_of_one_sort() {
        for byte in 0..=255_u8 {
            let block = Block::of(&[byte; 64]);
            let all = |bits: u64| {
                assert!(bits == 0 || bits == !0);
                bits != 0
            };
            assert_eq!(all(block.letters), byte.is_ascii_alphabetic());
            assert_eq!(all(block.digits), byte.is_ascii_digit());
            assert_eq!(all(block.signs), b"+/=-_".contains(&byte));
            assert_eq!(all(block.leet), b"@$".contains(&byte));
            assert_eq!(all(block.dots), byte == b'.');
            let odd = byte >= 0x80 || byte.is_ascii_control() && !b"\t\n\x0b\x0c\r".contains(&byte);
            assert_eq!(all(block.odd), odd);
            assert_eq!(all(block.stops), b"<[]\"'=*#!`%\\&+@$".contains(&byte));
        }
    }
}
