//! Other ways in which a text, or a part of it, can be read.

use super::cipher::Cipher;
use super::decode;
use super::shape::Shapes;
use super::{chopped, drawn, layout, mended, runs};
use crate::content::invisible::{self, Unseen};
use std::collections::BTreeMap;

/// How much may be read in other ways, all in all.
#[derive(Debug)]
pub struct Meter {
    left: usize,
    spent: bool,
}

impl Meter {
    /// Six times as much as there is, and some more for short texts.
    pub fn for_text(text: &str) -> Self {
        Self { left: text.len().saturating_mul(6).saturating_add(64 * 1024), spent: false }
    }

    /// Takes so many bytes off, if there are as many left.
    pub fn take(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes);
        self.spent |= left.is_none();
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }

    /// Whether something was not read because there was nothing left.
    pub const fn is_spent(&self) -> bool {
        self.spent
    }
}

/// A text read in another way.
pub struct View {
    /// What it says.
    pub text: String,
    /// How it was read.
    pub step: &'static str,
    /// Whether its words may run together.
    pub undivided: bool,
    /// Whether something else may be encoded in it.
    pub encodes: bool,
    place: Place,
}

/// Where a view comes from.
enum Place {
    /// All of it from this range.
    Block(usize, usize),
    /// From this place on, byte by byte.
    From(usize),
    /// From these places on, byte by byte: a place in the view, one in the
    /// text.
    Points(Vec<(usize, usize)>),
}

impl View {
    pub fn block(text: String, step: &'static str, (from, to): (usize, usize)) -> Self {
        Self { text, step, undivided: false, encodes: true, place: Place::Block(from, to) }
    }

    /// A view of as many bytes as there are from `from` on.
    const fn even(text: String, step: &'static str, from: usize) -> Self {
        let place = Place::From(from);
        Self { text, step, undivided: false, encodes: false, place }
    }

    /// A view that comes from places on, byte by byte: each of the view, and of
    /// the text.
    pub const fn at_points(text: String, step: &'static str, points: Vec<(usize, usize)>) -> Self {
        let place = Place::Points(points);
        Self { text, step, undivided: false, encodes: false, place }
    }

    /// Where a range of the view lies in the text.
    pub fn origin(&self, from: usize, to: usize) -> (usize, usize) {
        match &self.place {
            Place::Block(from, to) => (*from, *to),
            Place::From(start) => (start + from, start + to),
            Place::Points(points) => {
                let at = |place: usize| {
                    let next = points.partition_point(|(view, _)| *view <= place);
                    let (view, text) = next
                        .checked_sub(1)
                        .and_then(|at| points.get(at))
                        .copied()
                        .unwrap_or((0, 0));
                    let end = points.get(next).map_or(usize::MAX, |(_, text)| *text);
                    (text + (place - view)).min(end.max(text))
                };
                let last = to.checked_sub(1).map_or(0, at);
                let start = at(from);
                // The last letter of a view may have come of several.
                let next = points.partition_point(|(view, _)| *view < to);
                let end = match points.get(next) {
                    Some((view, text)) if *view == to => (*text).max(last + 1),
                    _ => last + 1,
                };
                (start, end.max(start))
            }
        }
    }
}

/// Gives views out, as far as the meter goes.
pub struct Views<'m> {
    each: &'m mut dyn FnMut(View),
    meter: &'m mut Meter,
}

impl Views<'_> {
    /// Whether a reading of a range may still be searched, so that none is made
    /// that is not. It may be shorter than what it is made of.
    pub const fn fits(&mut self, from: usize, to: usize) -> bool {
        let fits = self.meter.left >= to.saturating_sub(from) / 4;
        self.meter.spent |= !fits;
        fits
    }

    pub fn add(&mut self, view: View) {
        if !view.text.trim().is_empty() && self.meter.take(view.text.len()) {
            (self.each)(view);
        }
    }
}

/// Calls `each` for the other ways to read `text`.
pub fn views(
    text: &str,
    shapes: &Shapes,
    ciphered: &[(Cipher, usize)],
    near: &[(usize, usize)],
    meter: &mut Meter,
    each: &mut dyn FnMut(View),
) {
    let mut views = Views { each, meter };
    runs::runs(text, &shapes.runs, &mut views);
    chopped::odd(text, &shapes.odd, &mut views);
    chopped::dump(text, &shapes.numbers, &mut views);
    for (from, to) in &shapes.numbers {
        let row = text.get(*from..*to).unwrap_or_default();
        for read in decode::numbers(row) {
            views.add(View::block(read, "numbers", (*from, *to)));
        }
    }
    for span in &shapes.dots {
        if let Some(read) = decode::morse(text.get(span.0..span.1).unwrap_or_default().trim()) {
            views.add(View::block(read, "morse", *span));
        }
    }
    for (from, to) in &shapes.spaced {
        closed_up(text, *from, *to, &mut views);
    }
    for (from, to) in windows(&shapes.digits, text) {
        if !views.fits(from, to) {
            break;
        }
        let has_one = text.get(from..to).is_some_and(|part| part.contains(['1', '|']));
        for one in ['i', 'l'].into_iter().take(1 + usize::from(has_one)) {
            views.add(unleet(text, from, to, one));
        }
    }
    for (from, to) in windows(&shapes.scrambled, text) {
        if !views.fits(from, to) {
            break;
        }
        views.add(mended::spelt(text, from, to, "scrambled"));
    }
    for (from, to) in windows(&shapes.escapes, text) {
        if !views.fits(from, to) {
            break;
        }
        views.add(unescaped(text, from, to));
    }
    for (from, to) in windows(&shapes.tags, text) {
        if !views.fits(from, to) {
            break;
        }
        views.add(untagged(text, from, to));
    }
    for (from, to) in windows(&shapes.joins, text) {
        if !views.fits(from, to) {
            break;
        }
        views.add(unjoined(text, from, to));
    }
    for (from, to) in windows(&shapes.controls, text) {
        if !views.fits(from, to) {
            break;
        }
        views.add(mended::shown(text, from, to));
    }
    drawn::drawn(text, &mut views);
    drawn::spelling(text, &mut views);
    ciphers(text, ciphered, &mut views);
    layout::near(text, near, &mut views);
    if !text.is_ascii() {
        unseen(text, &mut views);
        if views.fits(0, text.len()) {
            layout::styles(text, &mut views);
        }
    }
}

/// Letters that stand apart, closed up; other gaps divide the words.
fn closed_up(text: &str, from: usize, to: usize, views: &mut Views<'_>) {
    let part = text.get(from..to).unwrap_or_default();
    let letters: Vec<(usize, char)> = part
        .char_indices()
        .filter(|(_, letter)| letter.is_alphanumeric() || matches!(letter, '@' | '$' | '+' | '='))
        .collect();
    // Rows of numbers and signs are frequent, and say nothing.
    if letters.iter().filter(|(_, letter)| letter.is_alphabetic()).count() * 3 < letters.len() {
        return;
    }
    let gaps: Vec<&str> = letters
        .windows(2)
        .filter_map(|pair| {
            let [(at, letter), (next, _)] = pair else { return None };
            part.get(at + letter.len_utf8()..*next)
        })
        .collect();
    // What divides letters is most frequent.
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    gaps.iter().for_each(|gap| *counts.entry(gap).or_default() += 1);
    let usual = counts.iter().max_by_key(|(_, count)| **count).map_or("", |(gap, _)| *gap);
    let mut read = String::new();
    let mut points = Vec::new();
    for (nth, (at, letter)) in letters.iter().enumerate() {
        let gap = nth.checked_sub(1).and_then(|before| gaps.get(before)).copied().unwrap_or(usual);
        let divides = gap != usual
            && (gap.len() > usual.len() || (gap.contains([' ', '\n']) && !usual.is_empty()));
        if divides {
            points.push((read.len(), from + at));
            read.push(' ');
        }
        points.push((read.len(), from + at));
        read.push(*letter);
    }
    views.add(View {
        text: read,
        step: "letters apart",
        undivided: true,
        encodes: true,
        place: Place::Points(points),
    });
}

/// Ranges with the words around them, those that meet made one.
pub fn windows(ranges: &[(usize, usize)], text: &str) -> Vec<(usize, usize)> {
    const AROUND: usize = 120;
    let mut out: Vec<(usize, usize)> = Vec::new();
    for (from, to) in ranges {
        let from = text.floor_char_boundary(from.saturating_sub(AROUND));
        let to = text.ceil_char_boundary((to + AROUND).min(text.len()));
        match out.last_mut() {
            Some(last) if last.1 >= from => last.1 = to.max(last.1),
            _ => out.push((from, to)),
        }
    }
    out
}

/// A view in which every letter stands for one letter.
fn letterwise(part: &str, from: usize, step: &'static str, each: impl Fn(char) -> char) -> View {
    let mut points = vec![(0, from)];
    let mut text = String::with_capacity(part.len());
    for (at, letter) in part.char_indices() {
        let read = each(letter);
        text.push(read);
        if read.len_utf8() != letter.len_utf8() {
            points.push((text.len(), from + at + letter.len_utf8()));
        }
    }
    View { text, step, undivided: false, encodes: false, place: Place::Points(points) }
}

/// Text with pieces of it replaced or left out.
pub struct Patched<'t> {
    source: &'t str,
    text: String,
    points: Vec<(usize, usize)>,
    kept: usize,
}

impl<'t> Patched<'t> {
    pub fn of(source: &'t str, from: usize) -> Self {
        Self { source, text: String::new(), points: vec![(0, from)], kept: from }
    }

    pub fn replace(&mut self, from: usize, to: usize, by: &str) {
        self.text.push_str(self.source.get(self.kept..from).unwrap_or_default());
        self.points.push((self.text.len(), from));
        self.text.push_str(by);
        self.points.push((self.text.len(), to));
        self.kept = to;
    }

    pub fn view(mut self, step: &'static str) -> View {
        if self.points.len() == 1 {
            // Nothing was replaced: it says what the text says.
            return View::at_points(String::new(), step, Vec::new());
        }
        self.text.push_str(self.source.get(self.kept..).unwrap_or_default());
        let encodes = matches!(step, "escapes" | "quoted-printable" | "utf-7" | "as shown");
        View { text: self.text, step, undivided: false, encodes, place: Place::Points(self.points) }
    }
}

/// Digits and signs as the letters they are written for.
fn unleet(text: &str, from: usize, to: usize, one: char) -> View {
    /// Letters that are written by several signs.
    const SIGNS: [(&str, &str); 12] = [
        ("|\\|", "n"),
        ("/\\/", "n"),
        ("\\/", "v"),
        ("|_|", "u"),
        ("|-|", "h"),
        ("/\\", "a"),
        ("|)", "d"),
        ("|<", "k"),
        ("|>", "p"),
        ("()", "o"),
        ("|3", "b"),
        ("|2", "r"),
    ];
    let source = text.get(..to).unwrap_or_default();
    let mut patched = Patched::of(source, from);
    let mut at = from;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(letter) = rest.chars().next() else { break };
        if letter.is_ascii_alphabetic() || letter == ' ' {
            at += 1;
            continue;
        }
        let after = rest.chars().nth(1);
        let goes_on = after.is_some_and(|after| !after.is_whitespace());
        let before = source.get(..at).and_then(|start| start.chars().next_back());
        if let Some((sign, read)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            patched.replace(at, at + sign.len(), read);
            at += sign.len();
            continue;
        }
        let read = match letter {
            '!' | '|' if !goes_on => letter,
            '+' if !goes_on && before.is_none_or(|before| !before.is_alphanumeric()) => letter,
            '(' if goes_on && at > from => 'c',
            other => decode::leet(other, one),
        };
        if read != letter {
            patched.replace(at, at + 1, read.encode_utf8(&mut [0; 4]));
        }
        at += letter.len_utf8();
    }
    patched.view("leet")
}

fn unescaped(text: &str, from: usize, to: usize) -> View {
    let bytes = text.as_bytes().get(..to).unwrap_or_default();
    let mut patched = Patched::of(text.get(..to).unwrap_or_default(), from);
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'%' | b'\\' | b'&')
            && let Some((letter, length)) = decode::escape(bytes.get(at..).unwrap_or_default())
        {
            patched.replace(at, at + length, letter.encode_utf8(&mut [0; 4]));
            at += length;
        } else {
            at += 1;
        }
    }
    patched.view("escapes")
}

fn untagged(text: &str, from: usize, to: usize) -> View {
    let text = text.get(..to).unwrap_or_default();
    let mut patched = Patched::of(text, from);
    let mut at = from;
    while let Some(open) = text.get(at..).and_then(|rest| rest.find('<')).map(|found| at + found) {
        let rest = text.get(open..).unwrap_or_default();
        let is_tag = rest
            .as_bytes()
            .get(1)
            .is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'/' | b'!'));
        let end = rest.bytes().take(400).position(|byte| byte == b'>');
        match end.filter(|_| is_tag) {
            Some(end) => {
                patched.replace(open, open + end + 1, "");
                at = open + end + 1;
            }
            None => at = open + 1,
        }
    }
    patched.view("tags within words")
}

fn unjoined(text: &str, from: usize, to: usize) -> View {
    let text = text.get(..to).unwrap_or_default();
    let mut patched = Patched::of(text, from);
    let is_quote = |letter: char| matches!(letter, '"' | '\'' | '`');
    let mut at = from;
    while let Some(plus) = text.get(at..).and_then(|rest| rest.find('+')).map(|found| at + found) {
        at = plus + 1;
        let before = text.get(patched.kept..plus).unwrap_or_default().trim_end();
        let after = text.get(at..).unwrap_or_default();
        let opened = after.trim_start();
        if before.ends_with(is_quote) && opened.starts_with(is_quote) {
            let from = patched.kept + before.len() - 1;
            let to = at + (after.len() - opened.len()) + 1;
            patched.replace(from, to, "");
            at = to;
        }
    }
    patched.view("joined strings")
}

fn ciphers(text: &str, ciphered: &[(Cipher, usize)], views: &mut Views<'_>) {
    let mut kinds: Vec<Cipher> = ciphered.iter().map(|(cipher, _)| *cipher).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let mut places: Vec<(usize, usize)> = ciphered
            .iter()
            .filter(|(cipher, _)| *cipher == kind)
            .map(|(_, at)| (*at, *at))
            .collect();
        if kind == Cipher::Broken {
            // Most beginnings of words are words by themselves.
            places.retain(|(at, _)| mended::is_broken(text, *at));
        }
        places.sort_unstable();
        for (from, to) in windows(&places, text) {
            if !views.fits(from, to) {
                break;
            }
            let part = text.get(from..to).unwrap_or_default();
            match kind {
                Cipher::Misspelt => views.add(mended::spelt(text, from, to, kind.step())),
                Cipher::Broken => views.add(mended::whole(text, from, to)),
                Cipher::Reversed => {
                    views.add(View::block(kind.read(part), kind.step(), (from, to)));
                    let words = part
                        .split_inclusive(char::is_whitespace)
                        .map(|piece| {
                            let word = piece.trim_end();
                            let rest = piece.get(word.len()..).unwrap_or_default();
                            word.chars().rev().chain(rest.chars()).collect::<String>()
                        })
                        .collect();
                    views.add(View::even(words, "words reversed", from));
                }
                Cipher::ShiftedReversed | Cipher::PigLatin => {
                    views.add(View::block(kind.read(part), kind.step(), (from, to)));
                }
                Cipher::Shifted(_)
                | Cipher::Mirrored
                | Cipher::Printed
                | Cipher::KeysRight
                | Cipher::KeysLeft => views.add(View::even(kind.read(part), kind.step(), from)),
            }
        }
    }
}

/// What letters that cannot be seen say, and text that is shown backwards.
fn unseen(text: &str, views: &mut Views<'_>) {
    for run in invisible::runs(text) {
        let span = (run.from, run.to);
        let part = text.get(run.from..run.to).unwrap_or_default();
        let step = match run.sort {
            Unseen::Tag => "tags",
            Unseen::Selector => "selectors",
            Unseen::Blank => "no width",
            Unseen::Direction => "direction",
            Unseen::Control | Unseen::Escape => continue,
        };
        if run.sort == Unseen::Direction {
            if part.contains(['\u{202e}', '\u{2067}']) {
                let rest = text.get(run.to..).unwrap_or_default();
                // Only so much is shown, so no more is searched.
                let rest = rest.get(..rest.floor_char_boundary(4096)).unwrap_or_default();
                let end = rest.find(['\u{202c}', '\u{2069}', '\n']).unwrap_or(rest.len());
                let shown = rest.get(..end).unwrap_or_default().chars().rev().collect();
                views.add(View::block(shown, step, (run.from, run.to + end)));
            }
        } else if let Some(read) = said(part, run.sort) {
            views.add(View::block(read, step, span));
        }
    }
    let turned = text
        .chars()
        .filter(|letter| !letter.is_ascii() && decode::turned(*letter).is_some())
        .count();
    if turned >= 4 {
        let read =
            text.chars().rev().map(|letter| decode::turned(letter).unwrap_or(letter)).collect();
        views.add(View::block(read, "turned letters", (0, text.len())));
        views.add(letterwise(text, 0, "turned letters", |letter| {
            decode::turned(letter).unwrap_or(letter)
        }));
    }
}

/// What a run of letters that cannot be seen says.
pub fn said(run: &str, sort: Unseen) -> Option<String> {
    match sort {
        Unseen::Tag | Unseen::Selector => {
            let spelled = invisible::spelled(run);
            (!spelled.is_empty()).then_some(spelled)
        }
        _ => decode::bits(run),
    }
}
