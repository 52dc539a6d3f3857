//! The words of a part of a text where they count for a phrase, found as they
//! stand: as [`Reading`](super::reading::Reading) would read them, without its
//! being written.

use super::blocks::{Block, Sorts, Walker, walk_quickly};
use super::mended::nearly;
use super::phrases::{Known, mask_of};
use super::reading::{is_contraction, is_odd};
use super::words::{Word, Words};
use crate::content::invisible::reading as read_as;

/// A word that counts, or several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// First byte in the text.
    pub from: usize,
    /// One past the last byte in the text.
    pub to: usize,
    /// Where it begins, in letters as they are read. Between two words there is
    /// one letter, and another where a sentence ends.
    pub at: usize,
    /// Where it ends, in letters as they are read.
    pub end: usize,
    /// Which classes it is of, as a number.
    pub class: usize,
    /// How many sentences ended before it.
    pub stops: usize,
}

/// The classes of what is known by its form, as numbers: the tables begin with
/// them.
pub const ADDRESS: usize = 0;
pub const URL: usize = 1;
pub const SNAKE: usize = 2;

/// What is read letter by letter.
pub enum Piece {
    /// A word: what it is, if it is of ASCII and short enough; its range; and
    /// its length as it is read.
    Word(Option<Word>, usize, usize, usize),
    /// The end of a sentence.
    Stop,
}

/// Reads the letters at a place up to a gap, and says where that is. Most of
/// text need not be read so: only words with an apostrophe, or with letters
/// that are not ASCII.
pub fn letterwise(text: &str, from: usize, mut each: impl FnMut(Piece)) -> usize {
    struct Open {
        word: Option<Word>,
        from: usize,
        to: usize,
        length: usize,
    }
    let bytes = text.as_bytes();
    let mut open: Option<Open> = None;
    let mut at = from;
    while let Some(byte) = bytes.get(at).copied() {
        let place = at;
        let letter = |letter: char, to: usize, open: &mut Option<Open>| {
            let word = open.get_or_insert_with(|| Open {
                word: Some(Word::default()),
                from: place,
                to,
                length: 0,
            });
            word.to = to;
            word.length += letter.len_utf8();
            let fits =
                letter.is_ascii() && word.word.as_mut().is_some_and(|word| word.push(letter as u8));
            if !fits {
                word.word = None;
            }
        };
        if byte.is_ascii_alphanumeric() {
            at += 1;
            letter(char::from(byte), at, &mut open);
            continue;
        }
        if byte.is_ascii() {
            match byte {
                odd if is_odd(odd) => {}
                b'\''
                    if open.is_some()
                        && is_contraction(bytes.get(at + 1..).unwrap_or_default()) => {}
                _ => break,
            }
            at += 1;
            continue;
        }
        let Some(odd) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
        at += odd.len_utf8();
        let mut part = |part: char| match part {
            'a'..='z' | '0'..='9' => letter(part, at, &mut open),
            '.' | '!' | '?' | '\u{3002}' | '\u{964}' | '\u{61f}' => {
                if let Some(open) = open.take() {
                    each(Piece::Word(open.word, open.from, open.to, open.length));
                }
                each(Piece::Stop);
            }
            '\'' if open.is_some() => {}
            part if part.is_alphanumeric() => letter(part, at, &mut open),
            _ => {
                if let Some(open) = open.take() {
                    each(Piece::Word(open.word, open.from, open.to, open.length));
                }
            }
        };
        match read_as(odd) {
            Some("") => {}
            Some(read) => read.chars().for_each(&mut part),
            None => part(odd),
        }
    }
    if let Some(open) = open.take() {
        each(Piece::Word(open.word, open.from, open.to, open.length));
    }
    at
}

/// The word between two places, if it may be one that is known: as it stands, or
/// as it should be where it is misspelt.
#[inline(always)]
fn known_at(words: &Words<u16>, bytes: &[u8], from: usize, to: usize) -> Option<Word> {
    let length = to.checked_sub(from)?;
    let word = if words.may_be(bytes, from, length) { Word::plain(bytes, from, to) } else { None };
    // Only of shorter words all letters are looked at there.
    if length <= 8 && word.is_some() || word.is_some_and(|word| !words.get(&word).is_empty()) {
        return word;
    }
    let right = nearly(bytes.get(from..to)?)?;
    Word::plain(right.as_bytes(), 0, right.len())
}

/// What is known of a word.
fn known_as(words: &Words<u16>, word: &Word) -> impl Iterator<Item = &'static Known> {
    words.get(word).iter().filter_map(|number| Known::by_number(*number))
}

/// The classes of what stands around a word, read as far as somebody asks.
pub struct Around<'t> {
    words: &'t Words<u16>,
    bytes: &'t [u8],
    behind: Side,
    before: Side,
}

/// The class of what is known by its form, if the sign of one stands at a place.
fn form_at(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'@' => Some(ADDRESS),
        b':' if bytes.get(at..at + 3) == Some(b"://") => Some(URL),
        b'_' => Some(SNAKE),
        _ => None,
    }
}

/// What stands on one side of a word.
struct Side {
    /// Where what is not read yet begins, or ends.
    at: usize,
    /// How many letters are between that and the word.
    far: usize,
    /// Whether there is no more.
    ended: bool,
    /// How far each word or form begins from it, and the classes of all up to
    /// there.
    seen: Vec<(usize, u128)>,
}

impl Side {
    const fn at(at: usize) -> Self {
        Self { at, far: 1, ended: false, seen: Vec::new() }
    }

    fn within(&self, letters: usize) -> u128 {
        let last = self.seen.iter().rev().find(|(far, _)| *far <= letters);
        last.map_or(0, |(_, classes)| *classes)
    }

    /// Adds a word of so many letters.
    fn add(&mut self, classes: u128, letters: usize) {
        let before = self.seen.last().map_or(0, |(_, classes)| *classes);
        self.seen.push((self.far, before | classes));
        self.far += letters + 1;
    }

    /// Adds what is known by its form.
    fn add_form(&mut self, class: usize) {
        let before = self.seen.last().map_or(0, |(_, classes)| *classes);
        self.seen.push((self.far, before | mask_of(class)));
    }

    /// There is something that is read in other ways: it may be anything.
    fn end_with_anything(&mut self) {
        self.add(!0, 0);
        self.ended = true;
    }
}

impl<'t> Around<'t> {
    /// Of the word between two places.
    pub const fn of(words: &'t Words<u16>, bytes: &'t [u8], from: usize, to: usize) -> Self {
        Self { words, bytes, behind: Side::at(to), before: Side::at(from) }
    }

    /// The classes of which something may begin within so many letters behind.
    pub fn behind(&mut self, letters: usize) -> u128 {
        while self.behind.far <= letters && !self.behind.ended {
            self.read_behind();
        }
        self.behind.within(letters)
    }

    /// The classes of which something may end within so many letters before.
    pub fn before(&mut self, letters: usize) -> u128 {
        while self.before.far <= letters && !self.before.ended {
            self.read_before();
        }
        self.before.within(letters)
    }

    /// Reads on to the end of the next word.
    fn read_behind(&mut self) {
        let side = &mut self.behind;
        loop {
            let at = side.at;
            match self.bytes.get(at) {
                None => side.ended = true,
                Some(byte) if is_odd(*byte) => side.end_with_anything(),
                Some(b'\\') if matches!(self.bytes.get(at + 1), Some(b'n' | b't' | b'r')) => {
                    side.at += 2;
                    continue;
                }
                Some(byte) if !byte.is_ascii_alphanumeric() => {
                    side.at += 1;
                    if let Some(class) = form_at(self.bytes, at) {
                        side.add_form(class);
                    }
                    continue;
                }
                Some(_) => {
                    let rest = self.bytes.get(at..).unwrap_or_default();
                    let length =
                        rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
                    let (mut end, mut length) = (at + length, length);
                    let word = if self.bytes.get(end) == Some(&b'\'') {
                        Word::at(self.bytes, at).map(|(word, last)| {
                            (end, length) = (last, word.length());
                            word
                        })
                    } else {
                        known_at(self.words, self.bytes, at, end)
                    };
                    let classes = word.map_or(0, |word| {
                        known_as(self.words, &word).fold(0, |all, known| all | known.begins_mask)
                    });
                    side.add(classes, length);
                    side.at = end;
                }
            }
            return;
        }
    }

    /// Reads back to the beginning of the next word.
    fn read_before(&mut self) {
        let side = &mut self.before;
        let letter = |byte: &u8| byte.is_ascii_alphanumeric();
        let bytes = self.bytes;
        loop {
            let end = side.at;
            let Some(byte) = end.checked_sub(1).and_then(|at| bytes.get(at)) else {
                side.ended = true;
                return;
            };
            if is_odd(*byte) {
                side.end_with_anything();
                return;
            }
            if !letter(byte) {
                side.at -= 1;
                if let Some(class) = form_at(bytes, side.at) {
                    side.add_form(class);
                }
                continue;
            }
            let before = bytes.get(..end).unwrap_or_default();
            let length =
                before.iter().rev().take_while(|byte| letter(byte) || **byte == b'\'').count();
            let mut from = end - length;
            let whole = bytes.get(from..end).unwrap_or_default();
            let escaped = from.checked_sub(1).and_then(|at| bytes.get(at)) == Some(&b'\\');
            let mut classes = 0;
            let mut add = |from: usize| {
                let word = if bytes.get(from..end).is_some_and(|word| word.contains(&b'\'')) {
                    Word::at(bytes, from).map(|(word, _)| word)
                } else {
                    known_at(self.words, bytes, from, end)
                };
                if let Some(word) = word {
                    classes |=
                        known_as(self.words, &word).fold(0, |all, known| all | known.ends_mask);
                }
            };
            if escaped {
                add(from + 1);
            }
            // What stands after the last apostrophe, and with what is before it.
            let mut apostrophes = 0;
            for part in whole.split(|byte| *byte == b'\'') {
                add(from);
                from += part.len() + 1;
                apostrophes += 1;
            }
            side.add(classes, length.saturating_sub(apostrophes - 1 + usize::from(escaped)));
            side.at = end - length;
            return;
        }
    }
}

/// A word before the one that is read.
struct Recent {
    id: u16,
    from: usize,
    at: usize,
    end: usize,
}

/// What is kept between parts of a text, so that it need not be made anew.
#[derive(Default)]
pub struct Tokens {
    pub events: Vec<Event>,
    recent: Vec<Recent>,
    /// Where the last word ended, as it is read.
    end: usize,
    stops: usize,
}

/// So many letters lie between two parts of a text.
const APART: usize = 1 << 16;

impl Tokens {
    /// Begins another part of a text, far from those before.
    pub fn begin(&mut self) {
        self.events.clear();
        self.recent.clear();
        self.end += APART;
    }

    /// Where what is read next stands, and how many sentences ended before.
    pub const fn place(&self) -> (usize, usize) {
        (self.end, self.stops)
    }

    /// Says where what was read elsewhere ended.
    pub const fn end(&mut self, end: usize, stops: usize) {
        (self.end, self.stops) = (end, stops);
    }

    /// Puts an event where it belongs; most belong at the end.
    pub fn push(&mut self, event: Event) {
        let mut at = self.events.len();
        while at > 0
            && self
                .events
                .get(at - 1)
                .is_some_and(|before| (before.at, before.end) > (event.at, event.end))
        {
            at -= 1;
        }
        self.events.insert(at, event);
    }

    /// Reads a part of a text.
    #[inline(never)]
    pub fn read(&mut self, words: &Words<u16>, text: &str, from: usize, to: usize) {
        self.begin();
        let mut line = Line {
            tokens: self,
            words,
            text,
            bytes: text.as_bytes(),
            base: from,
            done: from,
            any: false,
            newlines: 0,
            stop: false,
        };
        walk_quickly(text.as_bytes().get(from..to).unwrap_or_default(), &mut line);
        line.gap(to);
    }
}

/// A part of a text while it is read.
struct Line<'t> {
    tokens: &'t mut Tokens,
    words: &'t Words<u16>,
    text: &'t str,
    bytes: &'t [u8],
    base: usize,
    /// All before is read.
    done: usize,
    /// Whether there was a word.
    any: bool,
    newlines: usize,
    /// Whether a sentence ended since the last word.
    stop: bool,
}

impl Walker for Line<'_> {
    #[inline(always)]
    fn block(&mut self, block: &Block) -> Sorts {
        let words = block.letters | block.digits | block.odd;
        Sorts { words, second: block.odd, third: 0, single: 0 }
    }

    fn byte(&mut self, _: usize) {}

    #[inline(always)]
    fn word(&mut self, from: usize, to: usize, odd: bool, _: bool) {
        let (mut from, to) = (self.base + from, self.base + to);
        if from < self.done {
            return;
        }
        self.gap(from);
        // A line's end as strings in code write it.
        if self.is(from.wrapping_sub(1), b'\\')
            && matches!(self.bytes.get(from), Some(b'n' | b't' | b'r'))
        {
            from += 1;
            self.done = from;
            if from == to {
                return;
            }
        }
        if odd || self.is(to, b'\'') {
            self.slowly(from);
            return;
        }
        self.done = to;
        let word = known_at(self.words, self.bytes, from, to);
        self.add(word, from, to, to - from);
    }
}

impl Line<'_> {
    fn is(&self, at: usize, byte: u8) -> bool {
        self.bytes.get(at) == Some(&byte)
    }

    fn slowly(&mut self, from: usize) {
        self.done = letterwise(self.text, from, |piece| match piece {
            Piece::Word(word, from, to, length) => self.add(word, from, to, length),
            Piece::Stop => self.stop = true,
        });
    }

    /// Looks at what stands between two words.
    #[inline(always)]
    fn gap(&mut self, to: usize) {
        let from = std::mem::replace(&mut self.done, to);
        if to != from + 1 || !self.is(from, b' ') {
            self.look_at_gap(from, to);
        }
    }

    fn look_at_gap(&mut self, from: usize, to: usize) {
        let alphanumeric = |at: Option<usize>| {
            at.and_then(|at| self.bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric)
        };
        for at in from..to {
            let (class, next) = match self.bytes.get(at) {
                Some(b'\n') => {
                    self.newlines += 1;
                    self.stop |= self.newlines == 2;
                    continue;
                }
                Some(b'.' | b'!' | b'?') => {
                    self.stop |= !alphanumeric(Some(at + 1));
                    continue;
                }
                Some(b'@') if alphanumeric(at.checked_sub(1)) && alphanumeric(Some(at + 1)) => {
                    (ADDRESS, at + 1)
                }
                Some(b':') if self.bytes.get(at..at + 3) == Some(b"://") => (URL, at + 3),
                Some(b'_') if alphanumeric(at.checked_sub(1)) && alphanumeric(Some(at + 1)) => {
                    (SNAKE, at + 1)
                }
                _ => continue,
            };
            let letter = self.text.get(next..).and_then(|rest| rest.chars().next());
            let place = self.tokens.end + usize::from(self.stop && self.any);
            self.tokens.push(Event {
                from: next,
                to: next + letter.map_or(0, char::len_utf8),
                at: place,
                end: place + 1,
                class,
                stops: self.tokens.stops + usize::from(self.stop && self.any),
            });
        }
    }

    fn add(&mut self, word: Option<Word>, from: usize, to: usize, length: usize) {
        let tokens = &mut *self.tokens;
        let stop = usize::from(self.stop && self.any);
        let at = tokens.end + stop + usize::from(self.any);
        let end = at + length;
        tokens.end = end;
        tokens.stops += stop;
        (self.any, self.stop, self.newlines) = (true, false, 0);
        let Some(word) = word else { return };
        for id in self.words.get(&word).iter().copied() {
            let Some(known) = Known::by_number(id) else { continue };
            let stops = tokens.stops;
            if let Some(class) = known.class() {
                tokens.push(Event { from, to, at, end, class, stops });
            }
            let last = tokens.recent.last().filter(|last| last.end + 1 == at);
            let ends = last.map(|last| known.ends_after(last.id)).unwrap_or_default();
            for end_of in ends {
                let (mut from, mut at) = (from, at);
                let mut recent = tokens.recent.iter().rev();
                let follows = end_of.before().iter().all(|id| {
                    recent.next().is_some_and(|word| {
                        let joins = word.id == *id && word.end + 1 == at;
                        (from, at) = (word.from, word.at);
                        joins
                    })
                });
                if follows {
                    tokens.push(Event { from, to, at, end, class: end_of.class(), stops });
                }
            }
            tokens.recent.push(Recent { id, from, at, end });
        }
    }
}
