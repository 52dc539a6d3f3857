//! Phrases and marks, and where a text holds them.
//!
//! One walk over all of the text finds the marks and, of each phrase, the words
//! that are rare in ordinary text. Only around those is the text read word by
//! word and compared.

mod foreign;
mod lexicon;
mod survey;

use super::blocks::{Block, Sorts, Walker, walk_quickly};
use super::cipher::{self, Cipher};
use super::matching::{Matcher, Phrases};
use super::outline::Outline;
use super::reading::{Reading, is_contraction, is_odd};
use super::tokens::{Around, Event, Piece, letterwise};
use super::words::{LONGEST_WORD, Letters, Sides, Word, Words};
use super::{Found, mended, shape};
use crate::rules::{self, Rule};
use aho_corasick::automaton::Automaton;
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, StartKind};
use foreign::{matched, read_foreign};
use lexicon::{Place, Term, text_at};
use std::sync::{LazyLock, OnceLock};
use survey::Survey;

/// A phrase: words of classes in their order.
pub struct Phrase {
    pub rule: &'static Rule,
    pub score: u16,
    pub elements: &'static [Element],
    /// Which element the search starts from.
    pub key: usize,
    /// How far it reaches at most to either side of its key.
    pub reach: usize,
}

/// One word of a phrase.
pub struct Element {
    /// The classes it may be of.
    pub mask: u128,
    /// How many letters may stand before it.
    pub gap: u16,
    /// How many letters its longest word has.
    pub longest: u16,
}

/// The classes that a number stands for.
pub fn mask_of(class: usize) -> u128 {
    CLASSES.get(class).copied().unwrap_or(0)
}

/// A word, or several, that phrases are looked for by: the rarest word of it is
/// looked for in all of a text.
struct Anchor {
    place: Place,
    /// Where in it that word stands.
    from: u16,
    to: u16,
    /// Its classes, as a number.
    class: u16,
}

impl Anchor {
    /// What stands before the word, the word, and what stands behind.
    fn parts(&self) -> (&'static str, &'static str, &'static str) {
        let text = text_at(self.place);
        let (from, to) = (usize::from(self.from), usize::from(self.to));
        let part = |range: Option<&'static str>| range.unwrap_or_default();
        (part(text.get(..from)), part(text.get(from..to)), part(text.get(to..)))
    }

    /// Whether all of its words may stand around its word at a place.
    #[inline(always)]
    fn may_be_at(&self, bytes: &[u8], from: usize, to: usize) -> bool {
        self.is_alone() || {
            let (before, _, behind) = self.parts();
            !differs_behind(bytes, to, behind.as_bytes())
                && !differs_before(bytes, from, before.as_bytes())
                && may_follow(bytes, to, behind)
                && may_precede(bytes, from, before)
        }
    }

    const fn is_alone(&self) -> bool {
        self.to - self.from == self.place.1
    }
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

/// What stands at most so far from a key is looked for before all around it is
/// read.
const FAR: usize = 160;
/// Words that say that a phrase is spoken of stand at most so far before it.
const MENTIONED: usize = 64;

/// What a phrase needs beside its key.
#[derive(PartialEq, Eq)]
struct Needs {
    /// Classes before it and classes behind it, each of which begins at most so
    /// many letters from it: what is nearest first.
    before: Vec<(usize, u128)>,
    behind: Vec<(usize, u128)>,
    /// Whether they may be on the other side: words in another order are read in
    /// it later.
    turned: bool,
    /// How far such a phrase reaches.
    reach: usize,
}

impl Needs {
    fn of(phrase: &Phrase) -> Self {
        let key = phrase.elements.get(phrase.key);
        let (before, from_key) = phrase.elements.split_at_checked(phrase.key).unwrap_or_default();
        let behind = from_key.get(1..).unwrap_or_default();
        // Before an element stands the gap of the one that follows it.
        let gaps = before.iter().skip(1).chain(key).map(|one| one.gap).rev();
        Self {
            before: Self::on_a_side(before.iter().rev().zip(gaps)),
            behind: Self::on_a_side(behind.iter().map(|one| (one, one.gap))),
            turned: super::is_known_turned(phrase.rule, phrase.score),
            reach: phrase.reach,
        }
    }

    /// Of elements, from the key on, and the gaps before them.
    fn on_a_side<'e>(all: impl Iterator<Item = (&'e Element, u16)>) -> Vec<(usize, u128)> {
        let mut far = 0;
        let mut needed = Vec::new();
        for (element, gap) in all {
            far += usize::from(gap) + 1;
            if far > FAR {
                break;
            }
            // A form is one letter wide, between two words.
            let form = if element.mask & (ADDRESS | URL | SNAKE) != 0 { 3 } else { 0 };
            needed.push((far + form, element.mask));
            far += usize::from(element.longest).max(form);
        }
        needed
    }

    /// Whether all of it may stand around a key, of which so many letters are
    /// not the word that was found: before it and behind it.
    fn are_there(&self, around: &mut Around<'_>, own: (usize, usize)) -> bool {
        let before = |around: &mut Around<'_>, (far, mask): &(usize, u128)| {
            around.before(far + own.0) & mask != 0
                || (self.turned && around.behind(far + own.1) & mask != 0)
        };
        let behind = |around: &mut Around<'_>, (far, mask): &(usize, u128)| {
            around.behind(far + own.1) & mask != 0
                || (self.turned && around.before(far + own.0) & mask != 0)
        };
        // What is nearest says most often that there is nothing.
        self.behind.first().is_none_or(|one| behind(around, one))
            && self.before.iter().all(|one| before(around, one))
            && self.behind.iter().skip(1).all(|one| behind(around, one))
    }
}

/// What phrases need of which a word is the key.
struct Beside {
    all: Vec<Needs>,
    /// How far such a phrase reaches at most.
    reach: usize,
}

impl Beside {
    /// The key may be one of some classes.
    fn of(keys: u128) -> Self {
        let mut all: Vec<Needs> = Vec::new();
        for phrase in PHRASES {
            if phrase.elements.get(phrase.key).is_none_or(|key| key.mask & keys == 0) {
                continue;
            }
            let one = Needs::of(phrase);
            let same = |other: &&mut Needs| {
                (&other.before, &other.behind, other.turned)
                    == (&one.before, &one.behind, one.turned)
            };
            match all.iter_mut().find(same) {
                Some(other) => other.reach = other.reach.max(one.reach),
                None => all.push(one),
            }
        }
        // Those that reach farthest first: of the others nothing is asked then.
        all.sort_by_key(|needs| std::cmp::Reverse(needs.reach));
        let reach = all.first().map_or(0, |needs| needs.reach);
        Self { all, reach }
    }
}

/// What a word that is looked for in all of a text leads to.
#[derive(Clone, Copy)]
enum Sign {
    /// The key of a phrase, by its number among the [`ANCHORS`].
    Key(u16),
    /// A word in a cipher.
    Ciphered(Cipher),
    /// The beginning of a mark, by its number.
    Mark(u16),
}

impl Sign {
    /// Between what words `word` may stand.
    fn sides(self, word: &str) -> Sides {
        let letter = |letter: Option<u8>| letter.map_or(Letters::ANY, Letters::letter);
        match self {
            Self::Key(anchor) => {
                let parts = ANCHORS.get(usize::from(anchor)).map(Anchor::parts);
                let (before, _, behind) = parts.unwrap_or_default();
                Sides {
                    before: letter(before.trim_end().bytes().next_back()),
                    behind: letter(behind.trim_start().bytes().next()),
                }
            }
            Self::Ciphered(Cipher::Broken) => {
                Sides { before: Letters::ANY, behind: mended::after_beginning(word) }
            }
            Self::Ciphered(_) => Sides::ANY,
            Self::Mark(mark) => {
                let text = MARKS.get(usize::from(mark)).map_or("", |mark| mark.text);
                Sides::written(text.as_bytes().get(word.len()..).unwrap_or_default())
            }
        }
    }
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
    /// Marks and links that do not begin with a word, by their first byte and
    /// the second in lower case.
    signs: Vec<Vec<(u8, Vec<Written>)>>,
    /// A bit for each two bytes, the second in lower case, with which one of
    /// those begins, or something else that is looked at.
    pairs: Vec<u64>,
    starts: Words<Sign>,
    /// All words of ASCII by themselves, by their number among the [`KNOWN`].
    known: Words<u16>,
    /// What keys need of some classes, by the number of those.
    beside: Vec<OnceLock<Beside>>,
    phrases: Phrases,
}

static TABLES: LazyLock<Option<Tables>> = LazyLock::new(|| {
    let mut starts: Vec<(Word, Sides, Sign)> = Vec::with_capacity(ANCHORS.len() * 2);
    // What is longer cannot be found; a test says that there is none.
    let mut start = |word: &str, sign: Sign| {
        starts.extend(Word::of(word.as_bytes()).map(|found| (found, sign.sides(word), sign)));
    };
    for (nth, anchor) in (0..).zip(ANCHORS) {
        start(anchor.parts().1, Sign::Key(nth));
    }
    cipher::words(|cipher, word| start(word, Sign::Ciphered(cipher)));
    let mut signs: Vec<Vec<(u8, Vec<Written>)>> = vec![Vec::new(); 256];
    let mut pairs = vec![0_u64; 1 << 10];
    let written = (0..).zip(MARKS).map(|(nth, mark)| (Some(nth), Written::Mark(mark)));
    for (mark, one) in written.chain(LINKS.iter().map(|link| (None, Written::Link(link)))) {
        let bytes = one.text().as_bytes();
        let word = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if let (Some(mark), 1..) = (mark, word) {
            start(one.text().get(..word)?, Sign::Mark(mark));
        } else if let Some(first) = bytes.first() {
            let second = bytes.get(1).map_or(0, u8::to_ascii_lowercase);
            let begun = signs.get_mut(usize::from(*first))?;
            match begun.iter_mut().find(|(other, _)| *other == second) {
                Some((_, all)) => all.push(one),
                None => begun.push((second, vec![one])),
            }
            let (at, bit) = pair(bytes, 0);
            *pairs.get_mut(at)? |= bit;
        }
    }
    for first in b"%\\&+@$'=<" {
        for second in (0..=u8::MAX).filter(|second| counts_before(*first, *second)) {
            let (at, bit) = pair(&[*first, second], 0);
            *pairs.get_mut(at)? |= bit;
        }
    }
    let known: Vec<_> = (0..)
        .zip(KNOWN)
        .filter_map(|(nth, known)| Some((Word::of(known.text().as_bytes())?, Sides::ANY, nth)))
        .collect();
    Some(Tables {
        signs,
        pairs,
        starts: Words::of(&starts),
        known: Words::of(&known),
        beside: CLASSES.iter().map(|_| OnceLock::new()).collect(),
        phrases: Phrases::of(PHRASES, CLASSES),
    })
});

/// Words that attacks which are run together hold.
static JOINED: LazyLock<Option<DFA>> = LazyLock::new(|| {
    DFA::builder()
        .ascii_case_insensitive(true)
        .start_kind(StartKind::Unanchored)
        .build([
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
        ])
        .ok()
});

/// What is known of a word.
pub struct Known {
    place: Place,
    class: u16,
    ends: (u16, u16),
    /// All the classes of which it is the beginning, and the end.
    pub begins_mask: u128,
    pub ends_mask: u128,
}

/// What a word is as the last of several.
pub struct End {
    /// Where the words before it stand among [`WORDS_BEFORE`], backwards.
    before: (u16, u16),
    class: u16,
}

impl Known {
    pub fn by_number(number: u16) -> Option<&'static Self> {
        KNOWN.get(usize::from(number))
    }

    fn text(&self) -> &'static str {
        text_at(self.place)
    }

    /// Of which classes it is by itself, as a number.
    pub fn class(&self) -> Option<usize> {
        (self.class != u16::MAX).then_some(usize::from(self.class))
    }

    /// What it ends, of several of which the last but one is a word.
    pub fn ends_after(&self, last: u16) -> &'static [End] {
        let (from, to) = (usize::from(self.ends.0), usize::from(self.ends.1));
        let ends = ENDS.get(from..to).unwrap_or_default();
        let from = ends.partition_point(|end| end.before().first() < Some(&last));
        let rest = ends.get(from..).unwrap_or_default();
        let count = rest.partition_point(|end| end.before().first() == Some(&last));
        rest.get(..count).unwrap_or_default()
    }
}

impl End {
    /// The words before it, backwards.
    pub fn before(&self) -> &'static [u16] {
        let (from, to) = (usize::from(self.before.0), usize::from(self.before.1));
        WORDS_BEFORE.get(from..to).unwrap_or_default()
    }

    /// Its classes, as a number.
    pub fn class(&self) -> usize {
        usize::from(self.class)
    }
}

/// Whether a byte before another is looked at for more than a mark.
const fn counts_before(byte: u8, next: u8) -> bool {
    match byte {
        b'%' => next.is_ascii_hexdigit() || matches!(next, b'u'),
        b'\\' => next.is_ascii_digit() || matches!(next, b'n' | b't' | b'r' | b'x' | b'u' | b'U'),
        b'&' => next.is_ascii_alphabetic() || next == b'#',
        b'=' => matches!(next, b'2'..=b'7' | b'\n' | b'\r'),
        b'\'' => {
            matches!(next.to_ascii_lowercase(), b't' | b's' | b'r' | b'v' | b'l' | b'd' | b'm')
        }
        b'+' | b'@' | b'$' | b'<' => true,
        _ => false,
    }
}

/// Where the bit of two bytes stands.
fn pair(bytes: &[u8], at: usize) -> (usize, u64) {
    let byte = |at: usize| usize::from(bytes.get(at).copied().unwrap_or(0).to_ascii_lowercase());
    let nth = byte(at) << 8 | byte(at + 1);
    (nth >> 6, 1 << (nth & 63))
}

impl Tables {
    /// Whether a byte, before the one behind it, is to be looked at.
    #[inline(always)]
    fn counts(&self, bytes: &[u8], at: usize) -> bool {
        let (at, bit) = pair(bytes, at);
        self.pairs.get(at).is_some_and(|bits| bits & bit != 0)
    }

    /// Calls `each` for the marks and links that stand at a place.
    fn written(&self, bytes: &[u8], from: usize, mut each: impl FnMut(Written)) {
        let first = bytes.get(from).copied().unwrap_or(0);
        let second = bytes.get(from + 1).copied().unwrap_or(0).to_ascii_lowercase();
        let third = bytes.get(from + 2).copied().unwrap_or(0).to_ascii_lowercase();
        let begun = self.signs.get(usize::from(first)).into_iter().flatten();
        for one in begun.filter(|(other, _)| *other == second).flat_map(|(_, all)| all) {
            let text = one.text();
            // Most differ here.
            let same = text.as_bytes().get(2).is_none_or(|byte| byte.to_ascii_lowercase() == third);
            if same && begins(bytes, from, text) {
                each(*one);
            }
        }
    }
}

/// Whether behind a sign two other letters stand than those of the next word:
/// most of what is looked up is told by them.
#[inline(always)]
fn differs_behind(bytes: &[u8], at: usize, words: &[u8]) -> bool {
    match (bytes.get(at..).unwrap_or_default(), words) {
        ([sign, first, second, ..], [_, one, other, ..]) => {
            divides(*sign, *first, *second, *other)
                && (first | 0x20, second | 0x20) != (*one, *other)
        }
        _ => false,
    }
}

/// The same of the word before.
#[inline(always)]
fn differs_before(bytes: &[u8], at: usize, words: &[u8]) -> bool {
    match (bytes.get(..at).unwrap_or_default(), words) {
        ([.., second, first, sign], [.., other, one, _]) => {
            divides(*sign, *first, *second, *other)
                && (first | 0x20, second | 0x20) != (*one, *other)
        }
        _ => false,
    }
}

/// Whether a sign stands between two words, with two letters of either to be
/// compared.
#[inline(always)]
const fn divides(sign: u8, first: u8, second: u8, other: u8) -> bool {
    sign.is_ascii()
        && !sign.is_ascii_alphanumeric()
        && first.is_ascii_alphanumeric()
        && second.is_ascii_alphanumeric()
        && other.is_ascii_alphanumeric()
}

/// Whether some words may follow a place, before which a word ends: what is
/// between them is looked at later.
fn may_follow(bytes: &[u8], at: usize, words: &str) -> bool {
    let mut rest = bytes.get(at..).unwrap_or_default().iter().copied().peekable();
    words.split_whitespace().all(|word| {
        while rest.next_if(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric()).is_some() {}
        may_be(word.bytes(), &mut rest)
    })
}

/// Whether some words may stand before a place where a word begins.
fn may_precede(bytes: &[u8], at: usize, words: &str) -> bool {
    let mut rest = bytes.get(..at).unwrap_or_default().iter().rev().copied().peekable();
    words.split_whitespace().rev().all(|word| {
        while rest.next_if(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric()).is_some() {}
        may_be(word.bytes().rev(), &mut rest)
    })
}

/// Whether the letters may be those of a word: they are, but for apostrophes,
/// or there is one that looks like another.
fn may_be(
    mut word: impl Iterator<Item = u8>,
    rest: &mut std::iter::Peekable<impl Iterator<Item = u8>>,
) -> bool {
    word.all(|letter| {
        while rest.next_if_eq(&b'\'').is_some() {}
        rest.peek().is_some_and(|byte| is_odd(*byte))
            || rest.next_if(|byte| byte.eq_ignore_ascii_case(&letter)).is_some()
    })
}

/// Whether a text stands at a place, in any case.
fn begins(bytes: &[u8], from: usize, text: &str) -> bool {
    bytes
        .get(from..from + text.len())
        .is_some_and(|found| found.eq_ignore_ascii_case(text.as_bytes()))
}

/// Whether letters without spaces hold what an attack would.
pub fn is_joined(run: &str) -> bool {
    // Of shorter words each stands by itself: most runs are paths and names.
    let mut letters = run.as_bytes().split(|byte| !byte.is_ascii_alphanumeric());
    if !letters.any(|word| word.len() >= 9) {
        return false;
    }
    let mut count = 0;
    each_match(JOINED.as_ref(), run.as_bytes(), |_, _| count += 1);
    count >= 2
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
    /// Where something may have a shape, if that was asked for.
    pub outline: Vec<(usize, usize)>,
    /// Each `<` that may open or close an element, if that was asked for.
    pub opens: Vec<usize>,
    /// Where the words of a phrase stand near each other, and no phrase is.
    pub near: Vec<(usize, usize)>,
}

/// Searches a text.
pub fn pass(text: &str, outlined: bool, matcher: &mut Matcher) -> Pass {
    let Some(tables) = TABLES.as_ref() else { return Pass::default() };
    let bytes = text.as_bytes();
    let mut survey = Survey {
        tables,
        text,
        bytes,
        pass: Pass::default(),
        outline: outlined.then(Outline::default),
        keys: Vec::new(),
        foreign: Vec::new(),
        done: 0,
    };
    walk_quickly(bytes, &mut survey);
    let Survey { mut pass, outline, mut keys, foreign, .. } = survey;
    pass.outline = outline.map(|outline| outline.ranges(bytes)).unwrap_or_default();
    keys.sort_unstable();
    for (from, to) in windows(&keys, text) {
        let before = pass.found.len();
        matcher.tokens.read(&tables.known, text, from, to);
        let first = keys.partition_point(|key| key.at < from);
        let within = keys.iter().skip(first).take_while(|key| key.at < to);
        let there = within.fold(0, |all, key| all | key.mask);
        let possible = matcher.find(&tables.phrases, there, &mut pass.found);
        if possible >= ENOUGH && is_short(&pass.found, before) {
            pass.near.push((from, to));
        }
    }
    for (from, to) in foreign {
        let from = text.floor_char_boundary(back(bytes, from, BEFORE, 0));
        let to = text.ceil_char_boundary(forth(bytes, to, BEHIND));
        read_foreign(tables, text.get(from..to).unwrap_or_default(), from, matcher, &mut pass);
    }
    pass
}

/// The key of a phrase.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    at: usize,
    /// Its classes.
    mask: u128,
    /// How far the phrases reach that it may be the key of.
    reach: usize,
}

/// From so many points on, a phrase is a hit by itself.
const ENOUGH: u16 = 100;

/// Whether nothing that is a hit by itself was found since.
fn is_short(found: &[Found], before: usize) -> bool {
    found.iter().skip(before).all(|one| one.score < ENOUGH)
}

/// Searches letters that are not divided into words.
pub fn undivided(text: &str, matcher: &mut Matcher) -> Vec<Found> {
    let mut found = Vec::new();
    let Some(tables) = TABLES.as_ref() else { return found };
    let reading = Reading::of(text, 0);
    let mut words = Vec::new();
    lexicon::UNDIVIDED_TERMS.each(reading.text.as_bytes(), |term, from, to| {
        words.push((from, to, usize::from(term.class)));
    });
    matched(tables, &reading, words, text, 0, matcher, &mut found);
    found.retain(|one| one.score >= 110);
    found
}

/// Calls `each` for every pattern that ends somewhere: its index, and where.
fn each_match(
    automaton: Option<&impl Automaton>,
    bytes: &[u8],
    mut each: impl FnMut(usize, usize),
) {
    let Some(automaton) = automaton else { return };
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
    let mut score = mark.score;
    if mark.line {
        let before = text.get(..from)?;
        // Who speaks next is told at the beginning of a paragraph.
        if mark.text.ends_with(':') && (before.ends_with("\n\n") || before.ends_with("\\n\\n")) {
            score += 20;
        }
        let opens = before
            .chars()
            .rev()
            .take_while(|letter| *letter != '\n')
            .all(|letter| letter.is_whitespace() || matches!(letter, '*' | '>' | '#' | '-'));
        if !opens && !before.ends_with("\\n") {
            return None;
        }
    }
    Some(Found::new(mark.rule, score, from, to))
}

/// What phrases need whose key an anchor may be.
fn beside<'t>(tables: &'t Tables, anchor: &Anchor) -> Option<&'t Beside> {
    let class = usize::from(anchor.class);
    Some(tables.beside.get(class)?.get_or_init(|| Beside::of(mask_of(class))))
}

/// How far the phrases reach whose key an anchor may be, of which all that they
/// need may be there, if there are any.
fn reach(anchor: &Anchor, beside: &Beside, around: &mut Around<'_>) -> Option<usize> {
    let (before, _, behind) = anchor.parts();
    let own = (before.len(), behind.len());
    beside.all.iter().find(|needs| needs.are_there(around, own)).map(|needs| needs.reach)
}

/// The parts of a text where phrases may be whose keys stand at some places.
#[inline(never)]
fn windows(keys: &[Key], text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut out: Vec<(usize, usize)> = Vec::new();
    let mut rest = keys.iter().peekable();
    while let Some(first) = rest.next() {
        // Where a part ends need not be known while the next key is near.
        let (mut last, mut reach) = (first.at, first.reach);
        while let Some(next) = rest.next_if(|next| next.at - last <= reach + next.reach) {
            last = next.at;
            reach = reach.max(next.reach);
        }
        let done = out.last().map_or(0, |last| last.1);
        let from = back(bytes, first.at, reach, done);
        let to = text.ceil_char_boundary(forth(bytes, last, reach));
        match out.last_mut() {
            Some(before) if before.1 >= from => before.1 = to.max(before.1),
            _ => out.push((text.floor_char_boundary(from), to)),
        }
    }
    out
}

/// So far before a place that all of a phrase is taken in, and what says that
/// it is spoken of; at a gap, and not before `done`.
fn back(bytes: &[u8], at: usize, reach: usize, done: usize) -> usize {
    let most = reach + MENTIONED;
    let mut left = most;
    let mut from = at;
    let mut gap = false;
    while from > done {
        let letter =
            bytes.get(from - 1).is_some_and(|byte| byte.is_ascii_alphanumeric() || is_odd(*byte));
        // A gap counts as one letter, however wide it is.
        left = left.saturating_sub(usize::from(letter || !gap));
        gap = !letter;
        // Nor is a word divided, but for one without an end.
        if left == 0 && (gap || from + 4 * most < at) {
            break;
        }
        from -= 1;
    }
    from
}

/// So far behind a place that all of a phrase is taken in.
fn forth(bytes: &[u8], at: usize, reach: usize) -> usize {
    let mut left = reach;
    let mut gap = false;
    let mut to = at;
    for byte in bytes.get(at..).unwrap_or_default() {
        let letter = byte.is_ascii_alphanumeric() || is_odd(*byte);
        left = left.saturating_sub(usize::from(letter || !gap));
        gap = !letter;
        if left == 0 && (gap || to > at + 4 * reach) {
            break;
        }
        to += 1;
    }
    to
}

/// All phrases of a text, found without a shortcut.
#[cfg(test)]
pub fn every(text: &str, reading: &Reading) -> Vec<Found> {
    let tables = TABLES.as_ref().expect("tables");
    let mut found = Vec::new();
    let all = reading.text.len();
    foreign::compare(tables, reading, 0, all, text, 0, &mut Matcher::default(), &mut found);
    found
}

/// The marks, as they are written.
#[cfg(test)]
pub fn marks() -> impl Iterator<Item = &'static str> {
    MARKS.iter().map(|mark| mark.text)
}

/// Of each element of a phrase the words that it may be.
#[cfg(test)]
pub type Sayable = Vec<Vec<&'static str>>;

/// The phrases, each with the words of ASCII that each of its elements may be.
#[cfg(test)]
pub static EVERYTHING: LazyLock<Vec<Sayable>> = LazyLock::new(|| {
    let words = |element: &Element| -> Vec<&'static str> {
        let of = |term: &&Term| term.mask() & element.mask != 0 && term.text().is_ascii();
        let all: Vec<_> = TERMS.iter().filter(of).map(Term::text).collect();
        if all.is_empty() { vec!["bob@a.example", "https://a.example", "some_name"] } else { all }
    };
    PHRASES.iter().map(|phrase| phrase.elements.iter().map(words).collect()).collect()
});
