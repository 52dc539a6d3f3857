//! Phrases and marks, and where a text holds them.
//!
//! One pass over all of the text finds the signs: the words of phrases that are
//! rare in prose, and the marks. Only where all the signs of some phrase stand
//! near each other is the text read word by word and compared.

use super::Found;
use super::cipher::{self, Cipher};
use super::reading::Reading;
use super::words::{Word, Words};
use crate::rules::{self, Rule};
use aho_corasick::automaton::Automaton;
use aho_corasick::dfa::DFA;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, StartKind};
use std::sync::LazyLock;

/// A phrase: words of classes in their order.
struct Phrase {
    rule: &'static Rule,
    score: u16,
    elements: &'static [Element],
    /// Which element the search starts from.
    key: usize,
}

/// One word of a phrase.
struct Element {
    /// The classes it may be of.
    mask: u128,
    /// How many letters may stand before it.
    gap: u16,
}

/// A word, or several.
struct Term {
    text: &'static str,
    mask: u128,
    /// Whether it must stand apart from other letters.
    apart: bool,
}

/// Something that is looked for as it is written.
struct Mark {
    rule: &'static Rule,
    score: u16,
    text: &'static str,
    /// Only at the beginning of a line.
    line: bool,
}

include!(concat!(env!("OUT_DIR"), "/phrases.rs"));

/// A phrase reaches at most so far.
const REACH: usize = 170;
/// The end of a sentence between two words counts as so many letters.
const STOP: usize = 12;

/// What a word at the beginning of something leads to.
struct Start {
    /// The words that have to follow.
    rest: Vec<&'static str>,
    sign: Sign,
}

/// What the search over all of the words of a text looks for.
#[derive(Clone, Copy)]
enum Sign {
    /// A word, or several, of phrases and rare in prose: its classes.
    Words(u128),
    /// A word in a cipher.
    Ciphered(Cipher),
    /// The beginning of a mark.
    Mark(&'static Mark),
}

/// What begins a link, up to the address.
const LINKS: [&str; 4] = ["](http", "=\"http", "='http", "]: http"];
/// Something that begins with a sign.
#[derive(Clone, Copy)]
enum Written {
    Mark(&'static Mark),
    Link(&'static str),
}

impl Written {
    const fn text(self) -> &'static str {
        match self {
            Self::Mark(mark) => mark.text,
            Self::Link(link) => link,
        }
    }
}

/// What is searched for, made once.
struct Tables {
    /// Marks and links that do not begin with a word, by their first byte; what
    /// may follow it, and their texts.
    signs: Vec<(Vec<u8>, Vec<Written>)>,
    starts: Words<Start>,
    /// Rare words, in text as it reads.
    read: NFA,
    /// All words, where something was found.
    terms: NFA,
    /// The same by their first word, for text that reads as plain ASCII: what
    /// has to follow it, and the classes.
    plain_terms: Words<(&'static str, u128)>,
    /// Words that attacks which are run together hold.
    joined: DFA,
    /// The phrases whose key may be of a class.
    by_key: Vec<Vec<&'static Phrase>>,
}

static TABLES: LazyLock<Option<Tables>> = LazyLock::new(|| {
    let mut starts: Vec<(Vec<u8>, Start)> = Vec::new();
    for sign in SIGNS.iter().filter(|sign| sign.text.is_ascii()) {
        let mut words = sign.text.split(' ');
        let first = words.next().unwrap_or_default().as_bytes().to_vec();
        starts.push((first, Start { rest: words.collect(), sign: Sign::Words(sign.mask) }));
    }
    for (cipher, text) in cipher::words() {
        let start = Start { rest: Vec::new(), sign: Sign::Ciphered(cipher) };
        starts.push((text.into_bytes(), start));
    }
    let mut signs: Vec<(Vec<u8>, Vec<Written>)> = vec![Default::default(); 256];
    let written =
        MARKS.iter().map(Written::Mark).chain(LINKS.iter().map(|link| Written::Link(link)));
    for one in written {
        let bytes = one.text().as_bytes();
        let word = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if let (Written::Mark(mark), 1..) = (one, word) {
            let word = bytes.get(..word).unwrap_or_default().to_vec();
            starts.push((word, Start { rest: Vec::new(), sign: Sign::Mark(mark) }));
        } else if let Some((second, all)) =
            bytes.first().and_then(|first| signs.get_mut(usize::from(*first)))
        {
            second.extend(bytes.get(1).map(u8::to_ascii_lowercase));
            all.push(one);
        }
    }
    let plain_terms = TERMS.iter().filter(|term| term.text.is_ascii()).map(|term| {
        let first = term.text.find(' ').unwrap_or(term.text.len());
        let (word, rest) = term.text.split_at(first);
        (word.as_bytes().to_vec(), (rest, term.mask))
    });
    let by_key = (0..128)
        .map(|bit| {
            PHRASES
                .iter()
                .filter(|phrase| {
                    phrase.elements.get(phrase.key).is_some_and(|key| key.mask >> bit & 1 == 1)
                })
                .collect()
        })
        .collect();
    let finder = |texts: Vec<&str>| {
        DFA::builder()
            .ascii_case_insensitive(true)
            .start_kind(StartKind::Unanchored)
            .build(texts)
            .ok()
    };
    Some(Tables {
        signs,
        starts: Words::of(starts),
        plain_terms: Words::of(plain_terms),
        read: NFA::new(SIGNS.iter().map(|sign| sign.text)).ok()?,
        terms: NFA::new(TERMS.iter().map(|term| term.text)).ok()?,
        joined: finder(vec![
            "ignor",
            "disregard",
            "forget",
            "override",
            "previous",
            "prior",
            "instruction",
            "prompt",
            "system",
            "reveal",
            "youare",
            "guideline",
            "everything",
            "following",
            "restriction",
            "told",
            "above",
            "direction",
        ])?,
        by_key,
    })
});

impl Tables {
    /// Calls `each` for every sign that begins with a word, `written` for what
    /// begins with another letter: what it is, and where.
    fn each_sign(
        &self,
        bytes: &[u8],
        mut each: impl FnMut(Sign, usize),
        mut written: impl FnMut(Written, usize),
    ) {
        self.starts.each(
            bytes,
            |from| self.look_up(bytes, from, &mut each),
            |from| {
                let byte = bytes.get(from).copied().unwrap_or(0);
                if let Some((second, all)) = self.signs.get(usize::from(byte))
                    && bytes
                        .get(from + 1)
                        .is_some_and(|next| second.contains(&next.to_ascii_lowercase()))
                {
                    all.iter()
                        .filter(|one| begins(bytes, from, one.text()))
                        .for_each(|one| written(*one, from));
                }
            },
        );
    }

    fn look_up(&self, bytes: &[u8], from: usize, each: &mut impl FnMut(Sign, usize)) {
        let Some((word, end)) = Word::at(bytes, from) else { return };
        let after = |at: usize| {
            let rest = bytes.iter().skip(at).take(6);
            let gap = rest.take_while(|byte| !byte.is_ascii_alphanumeric()).count();
            Word::at(bytes, at + gap)
        };
        // Many begin with the same word: the next is read once for all.
        let mut second = None;
        for start in self.starts.get(word.text()) {
            let [first, rest @ ..] = start.rest.as_slice() else {
                each(start.sign, from);
                continue;
            };
            let Some((word, end)) = second.get_or_insert_with(|| after(end)) else { continue };
            if word.text() != first.as_bytes() {
                continue;
            }
            let mut at = *end;
            let follow = rest.iter().all(|expected| {
                after(at).filter(|(word, _)| word.text() == expected.as_bytes()).is_some_and(
                    |(_, end)| {
                        at = end;
                        true
                    },
                )
            });
            if follow {
                each(start.sign, from);
            }
        }
    }

    /// Whether letters without spaces hold what an attack would.
    fn is_joined(&self, run: &str) -> bool {
        let mut count = 0;
        each_match(&self.joined, run.as_bytes(), |_, _| count += 1);
        count >= 2
    }
}

/// Whether a text stands at a place, in any case.
fn begins(bytes: &[u8], from: usize, text: &str) -> bool {
    bytes
        .get(from..from + text.len())
        .is_some_and(|found| found.eq_ignore_ascii_case(text.as_bytes()))
}

/// Whether letters without spaces hold what an attack would.
pub fn is_joined(run: &str) -> bool {
    TABLES.as_ref().is_some_and(|tables| tables.is_joined(run))
}

/// What one pass over a text found.
#[derive(Default)]
pub struct Pass {
    /// Phrases and marks.
    pub found: Vec<Found>,
    /// Where words stand that are written in a cipher.
    pub ciphered: Vec<(Cipher, usize)>,
    /// Where links begin: the place, and the mark that begins it.
    pub links: Vec<(usize, &'static str)>,
    /// Where the words of a phrase stand near each other, and no phrase is.
    pub near: Vec<(usize, usize)>,
}

/// Searches a text. `text` is what is there; where it is not plain ASCII,
/// `reading` is how it reads.
pub fn pass(text: &str, reading: Option<&Reading>) -> Pass {
    let mut pass = Pass::default();
    let Some(tables) = TABLES.as_ref() else { return pass };
    let bytes = text.as_bytes();
    let mut signs: Vec<(usize, u128)> = Vec::new();
    let mut links = Vec::new();
    let mut found = Vec::new();
    tables.each_sign(
        bytes,
        |sign, from| match sign {
            Sign::Words(mask) if reading.is_none() => signs.push((from, mask)),
            Sign::Words(_) => {}
            Sign::Ciphered(cipher) => pass.ciphered.push((cipher, from)),
            Sign::Mark(mark) => found.extend(marked(text, mark, from)),
        },
        |written, from| match written {
            Written::Mark(mark) => pass.found.extend(marked(text, mark, from)),
            Written::Link(link) => links.push((from, link)),
        },
    );
    pass.found.append(&mut found);
    pass.links = links;
    let read = reading.map_or(text, |reading| &reading.text);
    if reading.is_some() {
        let bytes = read.as_bytes();
        each_match(&tables.read, bytes, |index, to| {
            let Some(sign) = SIGNS.get(index) else { return };
            let from = to - sign.text.len();
            if !sign.apart || is_apart(bytes, from, to) {
                signs.push((from, sign.mask));
            }
        });
    }
    signs.sort_unstable_by_key(|(from, _)| *from);
    for (from, to) in windows(tables, &signs, read) {
        let before = pass.found.len();
        match reading {
            Some(reading) => compare(tables, reading, from, to, text, 0, &mut pass.found),
            None => {
                let part = text.get(from..to).unwrap_or_default();
                let reading = Reading::of(part, from);
                let all = reading.text.len();
                compare(tables, &reading, 0, all, part, from, &mut pass.found);
            }
        }
        if pass.found.iter().skip(before).all(|one| one.score < 100) {
            pass.near.push(match reading {
                Some(reading) => (reading.origin(from), reading.origin_end(to, text, 0)),
                None => (from, to),
            });
        }
    }
    pass
}

/// The words as they stand in letters that are not divided.
static UNDIVIDED: LazyLock<Option<NFA>> =
    LazyLock::new(|| NFA::new(TERMS.iter().map(|term| term.text.replace(' ', ""))).ok());

/// Searches letters that are not divided into words.
pub fn undivided(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let Some(finder) = UNDIVIDED.as_ref() else { return found };
    let reading = Reading::of(text, 0);
    let mut events = Vec::new();
    each_match(finder, reading.text.as_bytes(), |index, to| {
        if let Some(term) = TERMS.get(index) {
            let length = term.text.bytes().filter(|byte| *byte != b' ').count();
            events.push(Event { from: to - length, to, mask: term.mask, stops: 0 });
        }
    });
    phrases(&reading, &events, text, 0, &mut found);
    found.retain(|one| one.score >= 110);
    found
}

/// Calls `each` for every pattern that ends somewhere: its index, and where.
fn each_match(automaton: &impl Automaton, bytes: &[u8], mut each: impl FnMut(usize, usize)) {
    let Ok(mut state) = automaton.start_state(Anchored::No) else { return };
    for (at, byte) in bytes.iter().enumerate() {
        state = automaton.next_state(Anchored::No, state, *byte);
        if automaton.is_special(state) && automaton.is_match(state) {
            for nth in 0..automaton.match_len(state) {
                each(automaton.match_pattern(state, nth).as_usize(), at + 1);
            }
        }
    }
}

/// The mark, if all of it stands there and where it may.
fn marked(text: &str, mark: &Mark, from: usize) -> Option<Found> {
    let to = from + mark.text.len();
    if !begins(text.as_bytes(), from, mark.text) {
        return None;
    }
    if mark.line {
        let before = text.get(..from)?;
        let line = before.rsplit('\n').next()?;
        let opens = line
            .chars()
            .all(|letter| letter.is_whitespace() || matches!(letter, '*' | '>' | '#' | '-'));
        if !opens && !before.ends_with("\\n") {
            return None;
        }
    }
    Some(Found::new(mark.rule, mark.score, from, to))
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

/// Where all the signs of a phrase stand near each other.
fn windows(tables: &Tables, signs: &[(usize, u128)], text: &str) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    let mut first = 0;
    let mut last = 0;
    for (at, mask) in signs.iter().copied() {
        while signs.get(first).is_some_and(|(from, _)| from + REACH < at) {
            first += 1;
        }
        while signs.get(last).is_some_and(|(from, _)| *from <= at + REACH) {
            last += 1;
        }
        let near = signs.get(first..last).unwrap_or_default();
        let all = near.iter().fold(0, |all, (_, mask)| all | mask);
        let mut bits = mask;
        let mut feasible = false;
        while bits != 0 && !feasible {
            let bit = bits.trailing_zeros() as usize;
            bits &= bits - 1;
            feasible = tables.by_key.get(bit).is_some_and(|phrases| {
                phrases.iter().any(|phrase| {
                    phrase
                        .elements
                        .iter()
                        .all(|element| element.mask & EVERYWHERE != 0 || element.mask & all != 0)
                })
            });
        }
        if !feasible {
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

/// A word that was found in a reading.
#[derive(Clone, Copy)]
struct Event {
    from: usize,
    to: usize,
    mask: u128,
    /// How many sentences ended before it.
    stops: usize,
}

/// Compares a part of a reading with every phrase.
fn compare(
    tables: &Tables,
    reading: &Reading,
    from: usize,
    to: usize,
    source: &str,
    base: usize,
    found: &mut Vec<Found>,
) {
    let mut events = events(tables, reading, from, to);
    forms(reading, from, to, source, base, &mut events);
    phrases(reading, &events, source, base, found);
}

fn events(tables: &Tables, reading: &Reading, from: usize, to: usize) -> Vec<Event> {
    let bytes = reading.text.as_bytes();
    let part = bytes.get(from..to).unwrap_or_default();
    let mut events: Vec<Event> = Vec::new();
    if part.len() == bytes.len() && bytes.is_ascii() {
        // Words of ASCII are always apart here.
        tables.plain_terms.each_read(bytes, |(rest, mask), from, to| {
            let end = to + rest.len();
            let follows = bytes.get(to..end) == Some(rest.as_bytes());
            if follows && !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric) {
                events.push(Event { from, to: end, mask: *mask, stops: 0 });
            }
        });
        return events;
    }
    each_match(&tables.terms, part, |index, end| {
        let Some(term) = TERMS.get(index) else { return };
        let (start, end) = (from + end - term.text.len(), from + end);
        if term.apart && !is_apart(bytes, start, end) {
            return;
        }
        events.push(Event { from: start, to: end, mask: term.mask, stops: 0 });
    });
    events
}

/// Adds addresses and names, which are known by their form.
fn forms(
    reading: &Reading,
    from: usize,
    to: usize,
    source: &str,
    base: usize,
    events: &mut Vec<Event>,
) {
    let first = reading.origin(from).saturating_sub(base);
    let last = reading.origin(to).saturating_sub(base).min(source.len());
    let bytes = source.as_bytes();
    let alphanumeric =
        |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    for at in first..last {
        let mask = match bytes.get(at) {
            Some(b'@') if alphanumeric(at.checked_sub(1)) && alphanumeric(Some(at + 1)) => ADDRESS,
            Some(b':') if bytes.get(at..at + 3) == Some(b"://") => URL,
            Some(b'_') if alphanumeric(at.checked_sub(1)) && alphanumeric(Some(at + 1)) => SNAKE,
            _ => continue,
        };
        let place = reading.at(base + at);
        events.push(Event { from: place, to: place + 1, mask, stops: 0 });
    }
}

/// Finds the phrases among the words.
fn phrases(reading: &Reading, events: &[Event], source: &str, base: usize, found: &mut Vec<Found>) {
    let mut events = events.to_vec();
    events.sort_unstable_by_key(|event| (event.from, event.to));
    let bytes = reading.text.as_bytes();
    let mut seen = events.first().map_or(0, |event| event.from);
    let mut stops = 0;
    for event in &mut events {
        stops += bytes
            .get(seen..event.from)
            .unwrap_or_default()
            .iter()
            .filter(|byte| **byte == b'.')
            .count();
        seen = event.from.max(seen);
        event.stops = stops;
    }
    let all = events.iter().fold(0, |all, event| all | event.mask);
    let mut ends: Vec<Option<(usize, usize, usize)>> = Vec::new();
    for phrase in PHRASES {
        if phrase.elements.iter().any(|element| element.mask & all == 0) {
            continue;
        }
        ends.clear();
        ends.resize(phrase.elements.len(), None);
        let mut reported = 0;
        for event in &events {
            for (at, element) in phrase.elements.iter().enumerate().rev() {
                if element.mask & event.mask == 0 {
                    continue;
                }
                let start = match at.checked_sub(1) {
                    None => Some(event.from),
                    Some(before) => {
                        ends.get(before).copied().flatten().and_then(|(start, end, stops)| {
                            let gap = event.from.checked_sub(end)? + STOP * (event.stops - stops);
                            (gap <= usize::from(element.gap) + 1).then_some(start)
                        })
                    }
                };
                let Some(start) = start else { continue };
                if at + 1 < phrase.elements.len() {
                    if let Some(slot) = ends.get_mut(at) {
                        *slot = Some((start, event.to, event.stops));
                    }
                } else if start >= reported {
                    reported = event.to;
                    let mut one = Found::new(
                        phrase.rule,
                        phrase.score,
                        reading.origin(start),
                        reading.origin_end(event.to, source, base),
                    );
                    one.mentioned = is_mentioned(&events, start, event.stops);
                    one.phrase = true;
                    one.read = reading.text.get(start..event.to).map(str::to_owned);
                    found.push(one);
                }
            }
        }
    }
}

/// Whether words before a phrase say that it is spoken of.
fn is_mentioned(events: &[Event], start: usize, stops: usize) -> bool {
    // No word that speaks of something is longer than this.
    let first = events.partition_point(|event| event.from + 80 < start);
    let last = events.partition_point(|event| event.from < start);
    events.get(first..last).unwrap_or_default().iter().any(|event| {
        event.mask & MENTION != 0
            && event.to <= start
            && start - event.to <= 40
            && stops.saturating_sub(event.stops) == 0
    })
}
