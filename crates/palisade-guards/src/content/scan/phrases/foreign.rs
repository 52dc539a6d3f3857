//! Phrases in text that is not read as ASCII: it is read as a whole, and words
//! are looked for in what was read.

use super::super::tokens;
use super::*;

/// Reads letters that are not read as ASCII, with what stands around them.
pub fn read_foreign(
    tables: &Tables,
    part: &str,
    base: usize,
    matcher: &mut Matcher,
    pass: &mut Pass,
) {
    let reading = Reading::of(part, base);
    let bytes = reading.text.as_bytes();
    let mut signs: Vec<(usize, u128)> = Vec::new();
    each_match(READ.as_ref(), bytes, |index, to| {
        let Some(sign) = SIGNS.get(index) else { return };
        let from = to - sign.text().len();
        if !sign.apart || is_apart(bytes, from, to) {
            signs.push((from, sign.mask()));
        }
    });
    signs.sort_unstable_by_key(|(from, _)| *from);
    for (from, to) in feasible(tables, &signs, &reading.text) {
        let before = pass.found.len();
        let possible = compare(tables, &reading, from, to, part, base, matcher, &mut pass.found);
        if possible >= ENOUGH && is_short(&pass.found, before) {
            pass.near.push((reading.origin(from), reading.origin_end(to, part, base)));
        }
    }
}

/// Whether no letter stands before or behind.
fn is_apart(bytes: &[u8], from: usize, to: usize) -> bool {
    let before = |back: usize| from.checked_sub(back).and_then(|at| bytes.get(at)).copied();
    let starts = before(1).is_none_or(|byte| !byte.is_ascii_alphanumeric() && byte < 0x80)
        || (matches!(before(1), Some(b'n' | b't' | b'r')) && before(2) == Some(b'\\'))
        || before(1).is_some_and(|byte| byte >= 0x80 && follows_unspaced(bytes, from));
    let ends = bytes.get(to).is_none_or(|byte| {
        !byte.is_ascii_alphanumeric() && (*byte < 0x80 || matches!(byte, 0xE3..=0xED))
    });
    starts && ends
}

/// Whether the letter before is of a script that is written without spaces.
fn follows_unspaced(bytes: &[u8], from: usize) -> bool {
    from.checked_sub(3).and_then(|at| bytes.get(at)).is_some_and(|byte| matches!(byte, 0xE3..=0xED))
}

/// A phrase reaches at most so far before its key or behind it.
const REACH: usize = if BEFORE > BEHIND { BEFORE + MENTIONED } else { BEHIND + MENTIONED };

/// The parts of a reading where all the signs of a phrase stand near each
/// other.
fn feasible(tables: &Tables, signs: &[(usize, u128)], text: &str) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    let mut first = 0;
    let mut last = 0;
    for (at, mask) in signs.iter().copied() {
        if mask & KEYS == 0 {
            continue;
        }
        while signs.get(first).is_some_and(|(from, _)| from + REACH < at) {
            first += 1;
        }
        while signs.get(last).is_some_and(|(from, _)| *from <= at + REACH) {
            last += 1;
        }
        let near = signs.get(first..last).unwrap_or_default();
        let all = near.iter().fold(EVERYWHERE, |all, (_, mask)| all | mask);
        let mut any = false;
        tables.phrases.by_key(mask & KEYS, |_, phrase| {
            any |= phrase.elements.iter().all(|element| element.mask & all != 0);
        });
        if !any {
            continue;
        }
        let from = at.saturating_sub(REACH);
        let to = (at + REACH).min(text.len());
        match out.last_mut() {
            Some(before) if before.1 >= from => before.1 = to,
            _ => out.push((from, to)),
        }
    }
    for (from, to) in &mut out {
        *from = word_start(text, *from);
        *to = word_end(text, *to);
    }
    out
}

/// A place not within a word, at or shortly before `at`.
fn word_start(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let inside = |at: usize| {
        at > 0
            && bytes.get(at - 1).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80)
    };
    let mut start = at;
    while inside(start) && start + 40 > at {
        start -= 1;
    }
    text.floor_char_boundary(start)
}

fn word_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let mut end = at;
    while end < at + 40
        && bytes.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80)
    {
        end += 1;
    }
    text.ceil_char_boundary(end.min(text.len()))
}

/// Compares a part of a reading with every phrase.
#[expect(clippy::too_many_arguments, reason = "a part, of a reading, of a part of a text")]
pub fn compare(
    tables: &Tables,
    reading: &Reading,
    from: usize,
    to: usize,
    source: &str,
    base: usize,
    matcher: &mut Matcher,
    found: &mut Vec<Found>,
) -> u16 {
    let bytes = reading.text.as_bytes();
    let part = bytes.get(from..to).unwrap_or_default();
    let mut words: Vec<(usize, usize, usize)> = Vec::new();
    each_match(ALL_TERMS.as_ref(), part, |index, end| {
        let Some(term) = TERMS.get(index) else { return };
        let (start, end) = (from + end - term.text().len(), from + end);
        if !term.apart || is_apart(bytes, start, end) {
            words.push((start, end, usize::from(term.class)));
        }
    });
    forms(reading, from, to, source, base, &mut words);
    matched(tables, reading, words, source, base, matcher, found)
}

/// Adds addresses and names, which are known by their form.
fn forms(
    reading: &Reading,
    from: usize,
    to: usize,
    source: &str,
    base: usize,
    words: &mut Vec<(usize, usize, usize)>,
) {
    let first = reading.origin(from).saturating_sub(base);
    let last = reading.origin(to).saturating_sub(base).min(source.len());
    let bytes = source.as_bytes();
    let alphanumeric =
        |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    for at in first..last {
        let class = match bytes.get(at) {
            Some(b'@') if alphanumeric(at.checked_sub(1)) && alphanumeric(Some(at + 1)) => {
                tokens::ADDRESS
            }
            Some(b':') if bytes.get(at..at + 3) == Some(b"://") => tokens::URL,
            Some(b'_') if alphanumeric(at.checked_sub(1)) && alphanumeric(Some(at + 1)) => {
                tokens::SNAKE
            }
            _ => continue,
        };
        let place = reading.at(base + at);
        words.push((place, place + 1, class));
    }
}

/// Finds the phrases among words of a reading: the range and the classes of
/// each.
pub fn matched(
    tables: &Tables,
    reading: &Reading,
    mut words: Vec<(usize, usize, usize)>,
    source: &str,
    base: usize,
    matcher: &mut Matcher,
    found: &mut Vec<Found>,
) -> u16 {
    words.sort_unstable();
    let bytes = reading.text.as_bytes();
    let mut seen = words.first().map_or(0, |(from, ..)| *from);
    matcher.tokens.begin();
    let (offset, mut stops) = matcher.tokens.place();
    for (from, to, class) in words {
        let between = bytes.get(seen..from).unwrap_or_default();
        stops += between.iter().filter(|byte| **byte == b'.').count();
        seen = from.max(seen);
        matcher.tokens.push(Event {
            from: reading.origin(from),
            to: reading.origin_end(to, source, base),
            at: offset + from,
            end: offset + to,
            class,
            stops,
        });
    }
    matcher.tokens.end(offset + bytes.len(), stops);
    matcher.find(&tables.phrases, 0, found)
}
