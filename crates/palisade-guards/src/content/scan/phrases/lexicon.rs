//! The words of phrases, of all languages, looked for in text as it reads.
//!
//! They are in order in a table that is made when this is built. An automaton
//! over them would have to be made by every process anew, and that takes longer
//! than most texts.

use super::*;

/// Where a text stands in [`TEXTS`], and how long it is.
pub type Place = (u32, u16);

pub fn text_at((from, length): Place) -> &'static str {
    let from = from as usize;
    TEXTS.get(from..from + usize::from(length)).unwrap_or_default()
}

/// A word, or several.
pub struct Term {
    pub place: Place,
    /// Its classes, as a number.
    pub class: u16,
    /// Those of them by which it is looked for in all of a text; [`u16::MAX`] if
    /// it is not.
    pub sign: u16,
    /// Whether it must stand apart from other letters.
    pub apart: bool,
    /// The number of the longest other that it begins with; [`u16::MAX`] if there
    /// is none.
    pub shorter: u16,
}

impl Term {
    pub fn text(&self) -> &'static str {
        text_at(self.place)
    }

    #[cfg(test)]
    pub fn mask(&self) -> u128 {
        mask_of(usize::from(self.class))
    }
}

/// Terms in the order of their texts.
pub struct Terms {
    all: &'static [Term],
    /// A bit for each of their beginnings, by its hash.
    begun: Box<[u64; 1 << 10]>,
}

pub static ALL_TERMS: LazyLock<Terms> = LazyLock::new(|| Terms::of(TERMS));

/// As they stand in letters that are not divided.
pub static UNDIVIDED_TERMS: LazyLock<Terms> = LazyLock::new(|| Terms::of(UNDIVIDED));

/// A beginning is as long as one of these, the longest that is not longer than
/// the term.
const BEGINNINGS: [usize; 5] = [1, 2, 3, 4, 6];

impl Terms {
    fn of(all: &'static [Term]) -> Self {
        let mut begun = Box::new([0; 1 << 10]);
        for term in all {
            let text = term.text().as_bytes();
            let longest = BEGINNINGS.iter().rev().find_map(|length| text.get(..*length));
            let (at, bit) = bit(longest.unwrap_or_default());
            if let Some(bits) = begun.get_mut(at) {
                *bits |= bit;
            }
        }
        Self { all, begun }
    }

    /// Whether a term may begin some letters.
    #[inline(always)]
    fn may_begin(&self, rest: &[u8]) -> bool {
        BEGINNINGS.iter().any(|length| {
            let bit = rest.get(..*length).map(bit);
            bit.is_some_and(|(at, bit)| self.begun.get(at).is_some_and(|bits| bits & bit != 0))
        })
    }

    /// Calls `each` for every term that stands somewhere in a text, and for where.
    pub fn each(&self, bytes: &[u8], mut each: impl FnMut(&'static Term, usize, usize)) {
        for from in 0..bytes.len() {
            let rest = bytes.get(from..).unwrap_or_default();
            // No term begins within a letter.
            let within = rest.first().is_some_and(|byte| byte & 0xC0 == 0x80);
            if within || !self.may_begin(rest) {
                continue;
            }
            // What the rest begins with is, or begins, the last term before it.
            let behind = self.all.partition_point(|term| term.text().as_bytes() <= rest);
            let mut next = behind.checked_sub(1);
            while let Some(term) = next.and_then(|nth| self.all.get(nth)) {
                let text = term.text().as_bytes();
                if rest.starts_with(text) {
                    each(term, from, from + text.len());
                }
                next = (term.shorter != u16::MAX).then_some(usize::from(term.shorter));
            }
        }
    }
}

/// Where the bit of a beginning is.
#[inline(always)]
fn bit(beginning: &[u8]) -> (usize, u64) {
    let letters =
        beginning.iter().fold(beginning.len() as u64, |all, byte| all << 8 | u64::from(*byte));
    let hash = letters.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48;
    ((hash >> 6) as usize, 1 << (hash & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_is_found_where_it_stands() {
        for (terms, all) in [(TERMS, &*ALL_TERMS), (UNDIVIDED, &*UNDIVIDED_TERMS)] {
            for (nth, term) in terms.iter().enumerate() {
                let text = term.text();
                let written = format!("x{text}y");
                let mut found = Vec::new();
                all.each(written.as_bytes(), |term, from, to| {
                    found.push((term.text(), from, to));
                });
                assert!(found.contains(&(text, 1, 1 + text.len())), "{text}");
                if nth % 40 == 0 {
                    let stands = |term: &Term, at| {
                        written.get(at..).is_some_and(|rest| rest.starts_with(term.text()))
                    };
                    let plain = |term| (0..written.len()).filter(|at| stands(term, *at)).count();
                    assert_eq!(found.len(), terms.iter().map(plain).sum::<usize>(), "{text}");
                }
            }
        }
    }
}
