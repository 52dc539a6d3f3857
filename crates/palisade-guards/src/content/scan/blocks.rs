//! Bytes by what they are, 64 at once: a bit for each byte of a block.
//!
//! A walk over these bits goes from one edge of a word to the next. A loop over
//! the bytes has to guess where each word ends, and most of its time is that
//! of wrong guesses.

const LETTER: u8 = 0;
const DIGIT: u8 = 1;
const SIGN: u8 = 2;
const LEET: u8 = 3;
const ODD: u8 = 4;
const OPENS: u8 = 5;

static CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let class = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => 1 << LETTER,
            b'0'..=b'9' => 1 << DIGIT,
            b'+' | b'/' | b'=' | b'-' | b'_' => 1 << SIGN,
            b'@' | b'$' => 1 << LEET,
            b'%' | b'\\' | b'&' | b'<' | b'.' => 1 << ODD,
            _ => 0,
        };
        let opens = match byte as u8 {
            b'<' | b'[' | b']' | b'"' | b'\'' | b'=' | b'*' | b'#' | b'!' | b'`' => 1 << OPENS,
            _ => 0,
        };
        #[expect(clippy::indexing_slicing, reason = "within a constant, over its own length")]
        {
            table[byte] = class | opens;
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
    /// `+`, `/`, `=`, `-`, `_`.
    pub signs: u64,
    /// `@` and `$`, which stand for letters.
    pub leet: u64,
    /// `%`, `\`, `&`, `<`, `.`.
    pub odd: u64,
    /// What marks and links begin with, other than words.
    pub opens: u64,
}

impl Block {
    fn of(bytes: &[u8; 64]) -> Self {
        let mut block = Self::default();
        let (eights, _) = bytes.as_chunks::<8>();
        for eight in eights.iter().rev() {
            let class = |byte: u8| CLASSES.get(usize::from(byte)).copied().unwrap_or(0);
            let classes = u64::from_le_bytes(eight.map(class));
            // One bit of each of eight bytes, moved together by a product.
            let bits = |class: u8| {
                ((classes >> class) & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080)
                    >> 56
            };
            block.letters = block.letters << 8 | bits(LETTER);
            block.digits = block.digits << 8 | bits(DIGIT);
            block.signs = block.signs << 8 | bits(SIGN);
            block.leet = block.leet << 8 | bits(LEET);
            block.odd = block.odd << 8 | bits(ODD);
            block.opens = block.opens << 8 | bits(OPENS);
        }
        block
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

/// Walks over `bytes` and stops at the end of every word and at every other
/// byte that counts, in their order. `sorts` says of a block which bytes are
/// letters of words, which of those are not of the first sort, and which bytes
/// count by themselves.
#[inline(always)]
pub fn walk(bytes: &[u8], sorts: impl Fn(&Block) -> (u64, u64, u64), mut stop: impl FnMut(Stop)) {
    let mut inside = false;
    // Whether the part of a word in earlier blocks is not of the first sort.
    let mut mixed = false;
    let mut start = 0;
    let mut base = 0;
    let (blocks, rest) = bytes.as_chunks::<64>();
    let mut last = [0; 64];
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

#[cfg(test)]
mod tests {
    use super::*;

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
                    if b"%\\&<.".contains(&bytes[at]) {
                        expected.push((at, at, false));
                    }
                    at += 1;
                }
            }
            let mut found = Vec::new();
            walk(
                &bytes,
                |block| (block.letters | block.digits, block.digits, block.odd),
                |stop| match stop {
                    Stop::Word(from, to, plain) => found.push((from, to, plain)),
                    Stop::Byte(at) => found.push((at, at, false)),
                },
            );
            assert_eq!(found, expected, "{bytes:?}");
        }
    }
}
