//! Letters written as more than they are: drawn out (`ignooore`), or as the
//! words of the spelling alphabet (`india golf november`).

use super::mended::mended;
use super::views::{Patched, View, Views, windows};
use memchr::memmem;

/// So many equal letters in a row are in no word.
const DRAWN: usize = 3;
/// So many words of the spelling alphabet in a row spell something.
const SPELT: usize = 8;

/// The words of the spelling alphabet (ICAO), and how they are written too.
const ALPHABET: [&str; 30] = [
    "alfa", "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india",
    "juliet", "juliett", "kilo", "lima", "mike", "november", "oscar", "papa", "quebec", "romeo",
    "sierra", "tango", "uniform", "victor", "whiskey", "whisky", "xray", "x-ray", "yankee", "zulu",
];

/// Words in which letters are drawn out, as they are written otherwise.
pub fn drawn(text: &str, views: &mut Views<'_>) {
    let words = drawn_words(text);
    for (from, to) in windows(&words, text) {
        if !views.fits(from, to) {
            break;
        }
        let mut patched = Patched::of(text.get(..to).unwrap_or_default(), from);
        let place = |at: usize| words.partition_point(|(start, _)| *start < at);
        for (start, end) in words.get(place(from)..place(to)).unwrap_or_default() {
            patched.replace(*start, *end, &written(text.get(*start..*end).unwrap_or_default()));
        }
        views.add(patched.view("drawn out"));
    }
}

/// The words in which a letter stands at least three times in a row, and not
/// that letter alone: no order has a word of one letter.
fn drawn_words(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut words: Vec<(usize, usize)> = Vec::new();
    // Up to where the words have been looked at.
    let mut seen = 0;
    for (nth, part) in bytes.chunks(1024).enumerate() {
        let behind = bytes.get(nth * 1024..(nth * 1024 + part.len() + 2).min(bytes.len()));
        let here = behind.unwrap_or_default();
        if seen >= nth * 1024 + here.len() || !has_three(here) {
            continue;
        }
        for (at, three) in here.windows(DRAWN).enumerate() {
            let at = nth * 1024 + at;
            if at >= seen
                && three.iter().all(|letter| three.first() == Some(letter))
                && three.iter().all(u8::is_ascii_alphabetic)
            {
                let letters = |byte: &&u8| byte.is_ascii_alphabetic();
                let before = bytes.get(..at).unwrap_or_default().iter().rev().take_while(letters);
                let after = bytes.get(at..).unwrap_or_default().iter().take_while(letters);
                let (before, after) = (before.take(LONGEST).count(), after.take(LONGEST).count());
                seen = at + after;
                let word = bytes.get(at - before..seen).unwrap_or_default();
                let alone = word.iter().all(|letter| three.first() == Some(letter));
                if word.len() < LONGEST && !alone {
                    words.push((at - before, seen));
                }
            }
        }
    }
    words
}

/// A longer word is no word whose letters are drawn out.
const LONGEST: usize = 128;

/// Whether a letter stands three times in a row. Without a way out in between,
/// many places are looked at together.
fn has_three(bytes: &[u8]) -> bool {
    let (second, third) = (bytes.get(1..).unwrap_or_default(), bytes.get(2..).unwrap_or_default());
    bytes.iter().zip(second).zip(third).fold(0, |all, ((one, two), three)| {
        let equal = u8::from(one == two) & u8::from(two == three);
        all | equal & u8::from(one.is_ascii_alphabetic())
    }) == 1
}

/// A word without what is drawn out. Of a short word's consonants two stay
/// (`alll`); a longer one that has lost a double letter is mended.
fn written(word: &str) -> String {
    let runs = || word.as_bytes().chunk_by(|one, next| one == next);
    let drawn = runs()
        .filter(|run| run.len() >= DRAWN)
        .filter_map(|run| run.first())
        .fold(0_u128, |all, letter| all | 1 << (letter & 127));
    let shortened = |most: &dyn Fn(char) -> usize| {
        let mut out = String::with_capacity(word.len());
        for run in runs() {
            let letter = run.first().copied().unwrap_or(b' ');
            let most =
                if drawn >> (letter & 127) & 1 == 1 { most(char::from(letter)) } else { run.len() };
            out.extend(std::iter::repeat_n(char::from(letter), run.len().min(most)));
        }
        out
    };
    let one = shortened(&|_| 1);
    if one.len() > 4 {
        return mended(&one).map_or(one, str::to_owned);
    }
    shortened(&|letter| 2 - usize::from("aeiouyAEIOUY".contains(letter)))
}

/// Words of the spelling alphabet, as their first letters.
pub fn spelling(text: &str, views: &mut Views<'_>) {
    // Hardly any order does without an O.
    const AROUND: usize = 1000;
    let mut near = Vec::new();
    for part in ["scar", "SCAR"] {
        for at in memmem::find_iter(text.as_bytes(), part) {
            let before = at.checked_sub(1).and_then(|before| text.as_bytes().get(before));
            if matches!(before, Some(b'o' | b'O')) {
                near.push((at.saturating_sub(AROUND), (at + AROUND).min(text.len())));
            }
        }
    }
    near.sort_unstable();
    for (from, to) in windows(&near, text) {
        rows(text.get(..to).unwrap_or_default(), from, views);
    }
}

/// The rows of such words from a place on.
fn rows(text: &str, from: usize, views: &mut Views<'_>) {
    let mut row: Vec<(usize, usize)> = Vec::new();
    let mut at = from;
    let is_part = |letter: char| letter.is_ascii_alphabetic() || letter == '-';
    while let Some(from) = text.get(at..).and_then(|rest| rest.find(is_part)).map(|skip| at + skip)
    {
        let rest = text.get(from..).unwrap_or_default();
        let end = from + rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        at = end;
        let word = text.get(from..end).unwrap_or_default();
        let named = ALPHABET.iter().any(|name| name.eq_ignore_ascii_case(word));
        let near = row.last().is_none_or(|(_, last)| from - last <= 4);
        if !(named && near) {
            spell(text, &row, views);
            row.clear();
        }
        if named {
            row.push((from, end));
        }
    }
    spell(text, &row, views);
}

fn spell(text: &str, row: &[(usize, usize)], views: &mut Views<'_>) {
    let (Some((first, _)), Some((_, last))) = (row.first(), row.last()) else { return };
    if row.len() < SPELT || !views.fits(*first, *last) {
        return;
    }
    let gap = |pair: &[(usize, usize)]| match pair {
        [(_, end), (from, _)] => from - end,
        _ => 0,
    };
    let usual = row.windows(2).map(gap).min().unwrap_or(0);
    let (mut read, mut points) = (String::new(), Vec::new());
    for (nth, (from, end)) in row.iter().enumerate() {
        let before = nth.checked_sub(1).and_then(|before| row.get(before..=nth)).map_or(0, gap);
        if before > usual {
            points.push((read.len(), *from));
            read.push(' ');
        }
        points.push((read.len(), *from));
        read.extend(text.get(*from..*end).unwrap_or_default().chars().next());
    }
    points.push((read.len(), *last));
    let mut view = View::at_points(read, "spelling alphabet", points);
    view.undivided = true;
    views.add(view);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_out_words_are_written_as_usual() {
        for (word, right) in [
            ("ignooore", "ignore"),
            ("alll", "all"),
            ("yoooou", "you"),
            ("tellll", "tell"),
            ("preeeviiious", "previous"),
            ("IGNOOORE", "IGNORE"),
            ("passsword", "password"),
        ] {
            assert_eq!(written(word), right, "{word}");
        }
    }

    #[test]
    fn only_letters_are_drawn_out() {
        assert_eq!(drawn_words("a === 0x1000 www.a.example wwwa and 1111"), [(27, 31)]);
        assert_eq!(drawn_words("xxx aaaa xxxviii"), [(9, 16)]);
        assert_eq!(drawn_words(&format!("{}b ignooore", "a".repeat(5000))), [(5002, 5010)]);
        let far = format!("{}ignooore", " ".repeat(1022));
        assert_eq!(drawn_words(&far), [(1022, 1030)]);
    }
}
