//! What in a text has the shape of something that has to be read another way:
//! one walk over its bytes.

use super::blocks::{Stop, walk_ranges};
use super::oddities::{Odd, Rows};
use super::runs;

/// What a walk found. All places are half-open ranges of bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Shapes {
    /// Long runs without a space that may be encodings, or words run together.
    pub runs: Vec<(usize, usize)>,
    /// Letters each apart from the next.
    pub spaced: Vec<(usize, usize)>,
    /// Words in which digits stand for letters.
    pub digits: Vec<(usize, usize)>,
    /// Words whose inner letters are out of order.
    pub scrambled: Vec<(usize, usize)>,
    /// Numbers in a row, which may be letters.
    pub numbers: Vec<(usize, usize)>,
    /// Dots and dashes.
    pub dots: Vec<(usize, usize)>,
    /// Escapes: `%41`, `\x41`, `\u0041`, `&#65;`, `&lt;`.
    pub escapes: Vec<(usize, usize)>,
    /// Tags that stand within words.
    pub tags: Vec<(usize, usize)>,
    /// Plus signs that join strings.
    pub joins: Vec<(usize, usize)>,
    /// Parts of encodings.
    pub odd: Odd,
    /// Sequences of a terminal, and steps back, within words.
    pub controls: Vec<(usize, usize)>,
}

/// A run of so many bytes may be an encoding.
pub const LONG: usize = 16;
/// So many letters apart from each other are no list.
pub const SPACED: usize = 8;
/// So many numbers may be letters.
pub const NUMBERS: usize = 6;
/// So many dots and dashes may be letters.
pub const DOTS: usize = 24;

const LOWER: u8 = 1;
const UPPER: u8 = 2;
const DIGIT: u8 = 4;
const SIGN: u8 = 8;
/// Signs that stand for letters: `@`, `$`.
const LEET: u8 = 16;

static CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::indexing_slicing, reason = "within a constant, over its own length")]
        {
            table[byte] = match byte as u8 {
                b'a'..=b'z' => LOWER,
                b'A'..=b'Z' => UPPER,
                b'0'..=b'9' => DIGIT,
                b'+' | b'/' | b'=' | b'-' | b'_' => SIGN,
                b'@' | b'$' => LEET,
                _ => 0,
            };
        }
        byte += 1;
    }
    table
};

fn class(byte: u8) -> u8 {
    CLASS.get(usize::from(byte)).copied().unwrap_or(0)
}

/// Whether a byte belongs to the words that are walked over here.
pub fn is_wide(byte: u8) -> bool {
    class(byte) != 0
}

/// A row of things of one kind, not far from each other.
#[derive(Default, Clone, Copy)]
pub struct Row {
    from: usize,
    to: usize,
    count: usize,
}

impl Row {
    /// Adds one; one that is too far off begins a new row, and the old one is
    /// given out.
    pub fn add(&mut self, from: usize, to: usize, count: usize, farthest: usize) -> Option<Self> {
        if self.count > 0 && from - self.to <= farthest {
            self.to = to;
            self.count += count;
            return None;
        }
        Some(std::mem::replace(self, Self { from, to, count }))
    }

    /// Whether something is in it.
    pub const fn is_open(&self) -> bool {
        self.count > 0
    }

    pub fn close(self, least: usize, into: &mut Vec<(usize, usize)>) {
        if self.count >= least {
            into.push((self.from, self.to));
        }
    }
}

/// Walks over the ranges of a text that its [`outline`](super::outline) gives.
pub fn shapes(text: &str, ranges: &[(usize, usize)]) -> Shapes {
    let bytes = text.as_bytes();
    let mut found = Shapes::default();
    let (mut tags, mut joins) = (Row::default(), Row::default());
    let (mut spaced, mut digits, mut scrambled, mut numbers, mut dots, mut escapes) = (
        Row::default(),
        Row::default(),
        Row::default(),
        Row::default(),
        Row::default(),
        Row::default(),
    );
    let mut binary = false;
    let mut odd = Rows::default();
    walk_ranges(
        bytes,
        ranges,
        |block| {
            let other = block.digits | block.signs | block.leet;
            (block.letters | other, other, block.stops | block.dots)
        },
        |stop| match stop {
            Stop::Byte(at) => {
                let byte = bytes.get(at).copied().unwrap_or(0);
                match byte {
                    b'%' | b'\\' | b'&' if is_escape(bytes.get(at..).unwrap_or_default()) => {
                        if let Some(row) = escapes.add(at, at + 1, 1, 64) {
                            row.close(2, &mut found.escapes);
                        }
                    }
                    b'<' => {
                        if bytes.get(at + 1) == Some(&b'~') {
                            let rest = bytes.get(at..).unwrap_or_default();
                            let end = rest.iter().take(64 * 1024).position(|byte| *byte == b'>');
                            found.odd.dense.extend(end.map(|end| (at, at + end + 1)));
                        }
                        if is_within_word(bytes, at)
                            && let Some(row) = tags.add(at, at + 1, 1, 64)
                        {
                            row.close(1, &mut found.tags);
                        }
                    }
                    b'.' => {
                        if let Some(row) = dots.add(at, at + 1, 1, 3) {
                            row.close(DOTS, &mut found.dots);
                        }
                    }
                    _ => {}
                }
            }
            // Nearly all words are letters only and short.
            Stop::Word(from, at, true) if at - from > 1 && at - from < LONG => {
                if spaced.count > 0 {
                    std::mem::take(&mut spaced).close(SPACED, &mut found.spaced);
                }
                let word = bytes.get(from..at).unwrap_or_default();
                if (5..=13).contains(&word.len())
                    && is_scrambled(word)
                    && let Some(row) = scrambled.add(from, at, 1, 80)
                {
                    row.close(2, &mut found.scrambled);
                }
            }
            Stop::Word(from, at, _) => {
                let word = bytes.get(from..at).unwrap_or_default();
                let byte = word.first().copied().unwrap_or(0);
                let length = word.len();
                let all = word.iter().fold(0, |all, byte| all | class(*byte));
                if length > 1 && (all & DIGIT != 0 || (all & SIGN != 0 && all != SIGN)) {
                    odd.word(bytes, from, at, &mut found.odd);
                }
                match length {
                    1 if all & (LOWER | UPPER | DIGIT | LEET) != 0 => {
                        if let Some(row) = spaced.add(from, at, 1, 8) {
                            row.close(SPACED, &mut found.spaced);
                        }
                    }
                    1 if byte == b'+' && is_join(bytes, from) => {
                        if let Some(row) = joins.add(from, at, 1, 64) {
                            row.close(1, &mut found.joins);
                        }
                    }
                    1..=5 if all == SIGN && byte != b'+' && byte != b'=' => {
                        if let Some(row) = dots.add(from, at, length, 3) {
                            row.close(DOTS, &mut found.dots);
                        }
                    }
                    LONG.. if !runs::is_ordinary(word) => found.runs.push((from, at)),
                    _ => {}
                }
                if length > 1 && (all & SIGN != 0) && is_alternating(word) {
                    if let Some(row) = spaced.add(from, at, length / 2 + 1, 8) {
                        row.close(SPACED, &mut found.spaced);
                    }
                } else if length > 1 && spaced.count > 0 {
                    // A word ends a row of letters.
                    std::mem::take(&mut spaced).close(SPACED, &mut found.spaced);
                }
                if is_number(word, all) {
                    // Binary numbers are a row of their own.
                    let bits = matches!(length, 7..=10);
                    let called = from.checked_sub(1).and_then(|at| bytes.get(at)) == Some(&b'(');
                    let farthest = if bits != binary {
                        0
                    } else if called {
                        8
                    } else {
                        3
                    };
                    binary = bits;
                    if let Some(row) = numbers.add(from, at, 1, farthest) {
                        row.close(NUMBERS, &mut found.numbers);
                    }
                } else if (3..LONG).contains(&length)
                    && all & (DIGIT | LEET) != 0
                    && all & (LOWER | UPPER) != 0
                    && is_digits_for_letters(word)
                    && let Some(row) = digits.add(from, at, 1, 60)
                {
                    row.close(1, &mut found.digits);
                }
                if all & !(LOWER | UPPER) == 0
                    && (5..=13).contains(&length)
                    && is_scrambled(word)
                    && let Some(row) = scrambled.add(from, at, 1, 80)
                {
                    row.close(2, &mut found.scrambled);
                }
            }
        },
    );
    spaced.close(SPACED, &mut found.spaced);
    digits.close(1, &mut found.digits);
    scrambled.close(2, &mut found.scrambled);
    numbers.close(NUMBERS, &mut found.numbers);
    dots.close(DOTS, &mut found.dots);
    escapes.close(2, &mut found.escapes);
    tags.close(1, &mut found.tags);
    joins.close(1, &mut found.joins);
    odd.close(&mut found.odd);
    if !found.odd.leet.is_empty() {
        found.digits.append(&mut found.odd.leet);
        found.digits.sort_unstable();
    }
    found
}

/// Where a text that is not all printed has sequences of a terminal, or steps
/// back, after a letter.
pub fn controls(bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut row = Row::default();
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(byte, 8 | 0x1B)
            && at.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_graphic)
            && let Some(row) = row.add(at, at + 1, 1, 64)
        {
            row.close(2, &mut found);
        }
    }
    row.close(2, &mut found);
    found
}

/// Whether an escape begins here.
pub fn is_escape(bytes: &[u8]) -> bool {
    let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    match (bytes.first(), bytes.get(1)) {
        (Some(b'%'), Some(b'u')) => hex(2) && hex(3) && hex(4) && hex(5),
        (Some(b'%'), _) => hex(1) && hex(2),
        (Some(b'\\'), Some(b'x')) => hex(2),
        (Some(b'\\'), Some(b'u' | b'U')) => hex(2) || bytes.get(2) == Some(&b'{'),
        (Some(b'\\'), Some(digit)) => digit.is_ascii_digit(),
        (Some(b'&'), Some(b'#')) => true,
        (Some(b'&'), Some(letter)) if letter.is_ascii_alphabetic() => {
            bytes.iter().take(32).any(|byte| *byte == b';')
        }
        _ => false,
    }
}

/// Whether the tag at `at` stands between two letters.
pub fn is_within_word(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| bytes.get(at));
    if !before.is_some_and(u8::is_ascii_alphabetic) {
        return false;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter()
        .take(80)
        .position(|byte| *byte == b'>')
        .and_then(|end| rest.get(end + 1))
        .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'<')
}

/// Whether the plus sign at `at` joins two strings.
pub fn is_join(bytes: &[u8], at: usize) -> bool {
    let quote = |byte: &u8| matches!(byte, b'"' | b'\'' | b'`');
    let before =
        bytes.get(..at).unwrap_or_default().iter().rev().take(4).find(|byte| **byte != b' ');
    let after = bytes.get(at + 1..).unwrap_or_default().iter().take(4).find(|byte| **byte != b' ');
    before.is_some_and(quote) && after.is_some_and(quote)
}

/// Whether every second byte is the same sign: `i-g-n-o-r-e`.
fn is_alternating(word: &[u8]) -> bool {
    let Some(sign) = word.get(1).copied().filter(|sign| class(*sign) == SIGN) else { return false };
    word.len() >= 5
        && word.iter().enumerate().take(64).all(|(at, byte)| {
            *byte == sign || (at % 2 == 0 && class(*byte) & (LOWER | UPPER | DIGIT) != 0)
        })
}

/// As [`is_number`] says of a word of which nothing is known.
pub fn may_be_number(word: &[u8]) -> bool {
    word.len() <= 10 && is_number(word, word.iter().fold(0, |all, byte| all | class(*byte)))
}

/// Whether a word is the number of a letter: hex, decimal, binary, `U+0041`.
fn is_number(word: &[u8], all: u8) -> bool {
    let prefixes: [&[u8]; 4] = [b"0x", b"U+", b"0o", b"0b"];
    let rest = prefixes.iter().find_map(|prefix| word.strip_prefix(*prefix)).unwrap_or(word);
    match rest.len() {
        2 => rest.iter().all(u8::is_ascii_hexdigit) && rest.iter().any(u8::is_ascii_digit),
        3 | 4 if all & !DIGIT == 0 => true,
        4 => rest.len() < word.len() && rest.iter().all(u8::is_ascii_hexdigit),
        3 if rest.len() < word.len() => rest.iter().all(u8::is_ascii_digit),
        7 | 8 => rest.iter().all(|byte| matches!(byte, b'0' | b'1')),
        _ => false,
    }
}

/// Words that attacks cannot do without.
const NEEDED: [&str; 31] = [
    "ignore",
    "ignoring",
    "previous",
    "instruction",
    "instructions",
    "disregard",
    "system",
    "prompt",
    "override",
    "reveal",
    "above",
    "forget",
    "guidelines",
    "bypass",
    "everything",
    "following",
    "before",
    "restrictions",
    "directions",
    "unrestricted",
    "password",
    "passwords",
    "attacker",
    "repeat",
    "mention",
    "hidden",
    "bypass",
    "anything",
    "earlier",
    "without",
    "conversation",
];

/// By first and last letter, the lengths of the needed words: a bit for each up
/// to 31.
static ENDS: [u32; 1 << 10] = {
    let mut table = [0; 1 << 10];
    let mut at = 0;
    while at < NEEDED.len() {
        #[expect(clippy::indexing_slicing, reason = "within a constant, over its own length")]
        {
            let word = NEEDED[at].as_bytes();
            let (first, last) = (word[0], word[word.len() - 1]);
            table[(first & 31) as usize * 32 + (last & 31) as usize] |= 1 << word.len();
        }
        at += 1;
    }
    table
};

/// The letters of a word, whatever their order, as a number.
const fn letters_of(word: &[u8]) -> u32 {
    let (mut sum, mut rest) = (0, word);
    while let [letter, more @ ..] = rest {
        let letter = (*letter | 0x20) as u32;
        sum += letter * letter;
        rest = more;
    }
    sum
}

/// The letters of each needed word.
static SUMS: [u32; NEEDED.len()] = {
    let mut sums = [0; NEEDED.len()];
    let mut at = 0;
    while at < NEEDED.len() {
        #[expect(clippy::indexing_slicing, reason = "within a constant, over its own length")]
        {
            sums[at] = letters_of(NEEDED[at].as_bytes());
        }
        at += 1;
    }
    sums
};

/// Whether a word of letters begins and ends as a needed word of its length.
#[inline(always)]
pub fn may_be_scrambled(first: u8, last: u8, length: usize) -> bool {
    let ends = usize::from(first & 31) * 32 + usize::from(last & 31);
    ENDS.get(ends).is_some_and(|lengths| lengths >> (length & 31) & 1 == 1)
}

/// The needed word whose inner letters these are, in another order.
pub fn unscrambled(word: &str) -> Option<&'static str> {
    let bytes = word.as_bytes();
    if !may_be_scrambled(*bytes.first()?, *bytes.last()?, bytes.len()) {
        return None;
    }
    // Most words that come here are needed ones themselves, or of other letters.
    let own = letters_of(bytes);
    if !SUMS.contains(&own) || NEEDED.iter().any(|needed| needed.eq_ignore_ascii_case(word)) {
        return None;
    }
    let sorted = |word: &str| {
        let mut letters: Vec<u8> = word.bytes().map(|byte| byte.to_ascii_lowercase()).collect();
        letters.sort_unstable();
        letters
    };
    let ends = |word: &str| {
        (
            word.bytes().next().map(|byte| byte.to_ascii_lowercase()),
            word.bytes().next_back().map(|byte| byte.to_ascii_lowercase()),
        )
    };
    NEEDED.iter().copied().find(|needed| {
        needed.len() == word.len() && ends(needed) == ends(word) && sorted(needed) == sorted(word)
    })
}

/// Words that are needed when digits stand for their letters.
const MORE: [&str; 2] = ["rules", "secret"];

/// Whether digits or signs stand for letters of a needed word.
pub fn is_digits_for_letters(word: &[u8]) -> bool {
    if !(5..LONG).contains(&word.len()) || !word.iter().any(u8::is_ascii_alphabetic) {
        return false;
    }
    let leet = |byte: u8, one: char| {
        let letter = super::decode::leet(char::from(byte.to_ascii_lowercase()), one);
        u8::try_from(letter).unwrap_or(0)
    };
    let ends = word.first().zip(word.last());
    ['i', 'l'].into_iter().any(|one| {
        // Most begin and end as none does.
        let may_be = |(first, last): (&u8, &u8)| {
            let (first, last) = (leet(*first, one), leet(*last, one));
            may_be_scrambled(first, last, word.len())
                || MORE.iter().any(|more| more.len() == word.len())
        };
        if !ends.is_some_and(may_be) {
            return false;
        }
        let mut read = [0_u8; LONG];
        for (to, from) in read.iter_mut().zip(word) {
            *to = leet(*from, one);
        }
        let read = read.get(..word.len()).unwrap_or_default();
        let known = |needed: &&str| needed.as_bytes() == read;
        NEEDED.iter().any(known) || MORE.iter().any(known)
    })
}

/// Whether the inner letters of a needed word are out of order.
pub fn is_scrambled(word: &[u8]) -> bool {
    let (Some(first), Some(last)) = (word.first(), word.last()) else { return false };
    may_be_scrambled(*first, *last, word.len())
        && std::str::from_utf8(word).is_ok_and(|word| unscrambled(word).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_seen() {
        let spans = |text: &str| shapes(text, &[(0, text.len())]);
        assert_eq!(spans("plain text with words, and 2 numbers: 10 and 20."), Shapes::default());
        assert_eq!(spans("x SWdub3JlIGFsbCBwcmV2 y").runs, [(2, 22)]);
        assert_eq!(spans("say i g n o r e  a l l now").spaced, [(4, 22)]);
        assert_eq!(spans("i.g.n.o.r.e.m.e").spaced, [(0, 15)]);
        assert_eq!(spans("i-g-n-o-r-e a-l-l").spaced, [(0, 17)]);
        assert_eq!(spans("1gn0r3 pr3v10us").digits, [(0, 15)]);
        assert_eq!(spans("69 67 6e 6f 72 65").numbers, [(0, 17)]);
        assert_eq!(spans("105, 103, 110, 111, 114, 101").numbers, [(0, 28)]);
        assert_eq!(spans("ignroe the prevoius").scrambled, [(0, 19)]);
        assert_eq!(spans("%69%67 &#65; &lt; \\x41 \\u0041 100% a&b").escapes, [(0, 24)]);
        assert_eq!(spans("ig<b></b>nore").tags, [(2, 3)]);
        assert_eq!(spans("\"a\" + 'b'").joins, [(4, 5)]);
    }
}
