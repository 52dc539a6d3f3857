//! Readings of words that stand in another order or one to a line, and of
//! letters in another style.

use super::decode;
use super::views::{View, Views};
use crate::content::invisible::reading;

/// Readings of the places where the words of a phrase stand near each other and
/// are no phrase as they stand.
pub fn near(text: &str, places: &[(usize, usize)], views: &mut Views<'_>) {
    for span in places {
        if !views.fits(span.0, span.1) {
            break;
        }
        let part = text.get(span.0..span.1).unwrap_or_default();
        if let Some(view) = column(part, span.0) {
            views.add(view);
        }
        if is_backwards(part) {
            let words: Vec<&str> = part.split_whitespace().rev().collect();
            views.add(View::block(words.join(" "), ORDER, *span));
        }
    }
}

/// How a reading of words from the last to the first is called.
pub const ORDER: &str = "order reversed";

/// Words that an order ends with, when it is read as it should be.
static LAST: Few<14> = Few::of([
    "instructions",
    "directions",
    "guidelines",
    "prompt",
    "rules",
    "restrictions",
    "before",
    "above",
    "word",
    "passwords",
    "system",
    "attacker",
    "ai",
    "password",
]);

/// Words that an order begins with.
static FIRST: Few<14> = Few::of([
    "ignore",
    "disregard",
    "forget",
    "override",
    "bypass",
    "reveal",
    "show",
    "print",
    "repeat",
    "stop",
    "following",
    "output",
    "tell",
    "send",
]);

/// A few words, and by the first letter of each which of them begin with it.
struct Few<const N: usize> {
    words: [&'static str; N],
    by_letter: [u32; 32],
}

impl<const N: usize> Few<N> {
    const fn of(words: [&'static str; N]) -> Self {
        let mut by_letter = [0; 32];
        let mut at = 0;
        while at < N {
            #[expect(clippy::indexing_slicing, reason = "within a constant, over its own length")]
            {
                by_letter[(words[at].as_bytes()[0] & 31) as usize] |= 1 << at;
            }
            at += 1;
        }
        Self { words, by_letter }
    }

    fn has(&self, word: &[u8]) -> bool {
        let letter = word.first().map_or(0, |letter| usize::from(letter & 31));
        let mut bits = self.by_letter.get(letter).copied().unwrap_or(0);
        while bits != 0 {
            let one = self.words.get(bits.trailing_zeros() as usize);
            if one.is_some_and(|one| one.as_bytes().eq_ignore_ascii_case(word)) {
                return true;
            }
            bits &= bits - 1;
        }
        false
    }
}

/// Whether shortly before a word that an order begins with there is one that
/// ends it.
fn is_backwards(part: &str) -> bool {
    let mut since = usize::MAX;
    let words = part.as_bytes().split(|byte| !byte.is_ascii_alphabetic());
    for word in words.filter(|word| !word.is_empty()) {
        if since <= 8 && FIRST.has(word) {
            return true;
        }
        since = if LAST.has(word) { 0 } else { since.saturating_add(1) };
    }
    false
}

/// Words that stand one to a line, or in the cells of a table, as a sentence.
fn column(part: &str, from: usize) -> Option<View> {
    let is_word = |word: &&str| word.bytes().any(|byte| byte.is_ascii_alphabetic() || byte >= 0x80);
    // The first and the last line may be of what stands around.
    let most = |lines: usize| lines * 3 / 2 + 12;
    let all = 1 + part.bytes().filter(|byte| *byte == b'\n').count();
    let (mut count, mut words) = (0, 0);
    for line in part.lines() {
        let here = line.split_whitespace().filter(is_word).count();
        count += usize::from(here > 0);
        words += here;
        if words > most(all) {
            return None;
        }
    }
    if count < 5 || words > most(count) {
        return None;
    }
    // Between those two there is hardly more than one word to a line.
    let inner = part.split_once('\n').and_then(|(_, rest)| rest.rsplit_once('\n'));
    let (mut lines, mut within) = (0, 0);
    for line in inner.map_or("", |(inner, _)| inner).lines() {
        let here = line.split_whitespace().filter(is_word).count();
        lines += usize::from(here > 0);
        within += here;
    }
    if within > lines * 3 / 2 + 2 {
        return None;
    }
    let mut text = String::new();
    let mut points = Vec::new();
    for word in part.split_whitespace().filter(is_word) {
        let bare = word.trim_end_matches(['.', ',', ';', ':']);
        text.push(' ');
        points.push((text.len(), from + (word.as_ptr() as usize - part.as_ptr() as usize)));
        text.push_str(bare);
    }
    Some(View::at_points(text, "one to a line", points))
}

/// Letters of other styles, spaces of other widths, signs that look like the
/// dots and dashes of Morse code, and letters without width where spaces would
/// be.
pub fn styles(text: &str, views: &mut Views<'_>) {
    let mut styled = 0;
    let mut dots = 0;
    let mut blanks = 0;
    let mut before = ' ';
    for letter in text.chars() {
        if letter.is_ascii() {
            before = letter;
            continue;
        }
        styled += usize::from(is_styled(letter));
        dots += usize::from(as_morse(letter).is_some());
        blanks += usize::from(reading(letter) == Some("") && reading(before) != Some(""));
        before = letter;
    }
    if styled >= 8 {
        let mut points = Vec::new();
        let mut read = String::with_capacity(text.len());
        for (at, letter) in text.char_indices() {
            points.push((read.len(), at));
            match reading(letter).filter(|_| is_styled(letter)) {
                Some(letters) => read.push_str(letters),
                None => read.push(letter),
            }
        }
        let mut view = View::at_points(read, "styled letters", points);
        view.encodes = true;
        views.add(view);
    }
    if dots >= 24 {
        let mut at = 0;
        for part in text.split_inclusive(|letter: char| {
            as_morse(letter).is_none() && !matches!(letter, ' ' | '/' | '|' | '.' | '-')
        }) {
            let row: String =
                part.chars().map(|letter| as_morse(letter).unwrap_or(letter)).collect();
            let row = row.trim_end_matches(|letter: char| letter.is_alphanumeric());
            if row.len() >= 24
                && let Some(read) = decode::morse(row.trim())
            {
                views.add(View::block(read, "morse", (at, at + part.len())));
            }
            at += part.len();
        }
    }
    if blanks >= 3 {
        let mut points = Vec::new();
        let mut read = String::with_capacity(text.len());
        for (at, letter) in text.char_indices() {
            points.push((read.len(), at));
            let blank = !letter.is_ascii() && reading(letter) == Some("");
            read.push(if blank { ' ' } else { letter });
        }
        views.add(View::at_points(read, "no width for spaces", points));
    }
}

/// Whether a letter is an ASCII letter in another style, or a space of another
/// width.
fn is_styled(letter: char) -> bool {
    matches!(u32::from(letter),
        0x1D400..=0x1D7FF | 0xFF10..=0xFF19 | 0xFF21..=0xFF3A | 0xFF41..=0xFF5A
        | 0x2460..=0x24FF | 0x1F100..=0x1F1FF | 0x2000..=0x200A | 0x2070..=0x209C
        | 0x1D00..=0x1D7F | 0xA0 | 0x3000)
}

const fn as_morse(letter: char) -> Option<char> {
    match letter {
        '·' | '•' | '∙' | '⋅' | '․' | '●' => Some('.'),
        '–' | '—' | '−' | '‐' | '‑' | '―' | '▬' => Some('-'),
        _ => None,
    }
}
