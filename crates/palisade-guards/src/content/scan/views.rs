//! Other ways in which a text, or a part of it, can be read.

use super::decode;
use super::phrases::{Cipher, is_joined};
use super::shape::{Shapes, unscrambled};
use crate::content::invisible::{self, Unseen};

/// How much may be read in other ways, all in all.
#[derive(Debug)]
pub struct Meter {
    left: usize,
}

impl Meter {
    /// Four times as much as there is, and some more for short texts.
    pub fn for_text(text: &str) -> Self {
        Self { left: text.len().saturating_mul(4).saturating_add(64 * 1024) }
    }

    /// Takes so many bytes off, if there are as many left.
    pub fn take(&mut self, bytes: usize) -> bool {
        self.left.checked_sub(bytes).map(|left| self.left = left).is_some()
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
    /// From these places on, byte by byte: a place in the view, one in the
    /// text.
    Points(Vec<(usize, usize)>),
}

impl View {
    fn block(text: String, step: &'static str, (from, to): (usize, usize)) -> Self {
        Self { text, step, undivided: false, encodes: true, place: Place::Block(from, to) }
    }

    /// Where a range of the view lies in the text.
    pub fn origin(&self, from: usize, to: usize) -> (usize, usize) {
        match &self.place {
            Place::Block(from, to) => (*from, *to),
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
struct Views<'m> {
    each: &'m mut dyn FnMut(View),
    meter: &'m mut Meter,
}

impl Views<'_> {
    fn add(&mut self, view: View) {
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
    meter: &mut Meter,
    each: &mut dyn FnMut(View),
) {
    let mut views = Views { each, meter };
    runs(text, shapes, &mut views);
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
        for one in ['i', 'l'] {
            let part = text.get(from..to).unwrap_or_default();
            views.add(letterwise(part, from, "leet", |letter| decode::leet(letter, one)));
        }
    }
    for (from, to) in windows(&shapes.scrambled, text) {
        views.add(in_order(text, from, to));
    }
    for (from, to) in windows(&shapes.escapes, text) {
        views.add(unescaped(text, from, to));
    }
    for (from, to) in windows(&shapes.tags, text) {
        views.add(untagged(text, from, to));
    }
    for (from, to) in windows(&shapes.joins, text) {
        views.add(unjoined(text, from, to));
    }
    ciphers(text, ciphered, &mut views);
    if !text.is_ascii() {
        unseen(text, &mut views);
    }
}

/// Long runs without a space.
fn runs(text: &str, shapes: &Shapes, views: &mut Views<'_>) {
    let mut rest = shapes.runs.as_slice();
    while let Some(((from, first_to), after)) = rest.split_first() {
        rest = after;
        // An encoding that is broken into lines.
        let mut to = *first_to;
        while to - from >= 40
            && let Some(((next, end), after)) = rest.split_first()
            && *next - to <= 8
            && text
                .get(to..*next)
                .is_some_and(|gap| gap.bytes().all(|byte| byte.is_ascii_whitespace()))
        {
            to = *end;
            rest = after;
        }
        let (from, span) = (*from, (*from, to));
        let run = text.get(from..to).unwrap_or_default();
        if run.len() < 512 && is_joined(run) {
            let divided = divided(run);
            let mut view = View::block(divided, "run together", span);
            view.undivided = true;
            views.add(view);
        }
        if !decoded(run, span, views) && to > *first_to {
            // They were not one run after all: each by itself.
            decoded(text.get(from..*first_to).unwrap_or_default(), (from, *first_to), views);
            for (next, end) in
                shapes.runs.iter().filter(|(next, end)| *next >= *first_to && *end <= to).take(1000)
            {
                decoded(text.get(*next..*end).unwrap_or_default(), (*next, *end), views);
            }
        }
        // What follows a name, as in `data=..`, or part of a path.
        if run.contains(['=', '/', '-', '_']) {
            let mut at = 0;
            for piece in run.split(['=', '/', '-', '_', '+']).take(16) {
                if piece.len() >= 16 && piece.len() < run.len() {
                    decoded(piece, (from + at, from + at + piece.len()), views);
                }
                at += piece.len() + 1;
            }
            if let Some((name, value)) = run.split_once('=')
                && value.len() >= 16
                && !value.starts_with('=')
            {
                decoded(value, (from + name.len() + 1, to), views);
            }
        }
    }
}

/// Whether a run is an encoding.
fn decoded(run: &str, span: (usize, usize), views: &mut Views<'_>) -> bool {
    let is_hex = run
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'=' | b'-' | b'_' | b'\n'));
    if is_hex && let Some(read) = decode::hex(run) {
        views.add(View::block(read, "hex", span));
        return true;
    }
    let lower = run.bytes().any(|byte| byte.is_ascii_lowercase());
    let upper = run.bytes().any(|byte| byte.is_ascii_uppercase());
    if lower
        && upper
        && let Some(read) = decode::base64(run)
    {
        views.add(View::block(read, "base64", span));
        return true;
    } else if upper
        && !lower
        && run.len() >= 16
        && let Some(read) = decode::base32(run)
    {
        views.add(View::block(read, "base32", span));
        return true;
    }
    false
}

/// Words divided where a capital follows a small letter.
fn divided(run: &str) -> String {
    let mut out = String::with_capacity(run.len() + 8);
    let mut before = ' ';
    for letter in run.chars() {
        if before.is_ascii_lowercase() && letter.is_ascii_uppercase() {
            out.push(' ');
        }
        out.push(letter);
        before = letter;
    }
    out
}

/// Letters that stand apart, closed up; wider gaps divide the words.
fn closed_up(text: &str, from: usize, to: usize, views: &mut Views<'_>) {
    let part = text.get(from..to).unwrap_or_default();
    let letters: Vec<(usize, char)> = part
        .char_indices()
        .filter(|(_, letter)| letter.is_alphanumeric() || matches!(letter, '@' | '$'))
        .collect();
    let gaps: Vec<usize> =
        letters.windows(2).filter_map(|pair| Some(pair.get(1)?.0 - pair.first()?.0)).collect();
    let narrow = gaps.iter().copied().min().unwrap_or(1);
    let mut read = String::new();
    let mut points = Vec::new();
    let mut before = None;
    for (at, letter) in letters {
        let gap = before.map(|last| part.get(last..at).unwrap_or_default());
        // A gap that is wider than the others, or of another kind.
        let apart = gap.is_some_and(|gap| {
            gap.chars().count() > narrow.max(2)
                || (narrow >= 2
                    && gap.chars().skip(1).any(char::is_whitespace)
                    && gaps_by_sign(part))
        });
        if apart {
            points.push((read.len(), from + at));
            read.push(' ');
        }
        points.push((read.len(), from + at));
        read.push(letter);
        before = Some(at);
    }
    views.add(View {
        text: read,
        step: "letters apart",
        undivided: true,
        encodes: false,
        place: Place::Points(points),
    });
}

/// Whether the letters are divided by a sign, so that a space divides words.
fn gaps_by_sign(part: &str) -> bool {
    part.chars().nth(1).is_some_and(|letter| !letter.is_whitespace())
}

/// Ranges with the words around them, those that meet made one.
fn windows(ranges: &[(usize, usize)], text: &str) -> Vec<(usize, usize)> {
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

/// Scrambled words set right. Their length stays.
fn in_order(text: &str, from: usize, to: usize) -> View {
    let part = text.get(from..to).unwrap_or_default();
    let read = part
        .split_inclusive(|letter: char| !letter.is_ascii_alphabetic())
        .map(|piece| {
            let word = piece.trim_end_matches(|letter: char| !letter.is_ascii_alphabetic());
            let rest = piece.get(word.len()..).unwrap_or_default();
            format!("{}{rest}", unscrambled(word).unwrap_or(word))
        })
        .collect();
    View {
        text: read,
        step: "scrambled",
        undivided: false,
        encodes: false,
        place: Place::Points(vec![(0, from)]),
    }
}

/// Text with pieces of it replaced or left out.
struct Patched<'t> {
    source: &'t str,
    text: String,
    points: Vec<(usize, usize)>,
    kept: usize,
}

impl<'t> Patched<'t> {
    fn of(source: &'t str, from: usize) -> Self {
        Self { source, text: String::new(), points: vec![(0, from)], kept: from }
    }

    fn replace(&mut self, from: usize, to: usize, by: &str) {
        self.text.push_str(self.source.get(self.kept..from).unwrap_or_default());
        self.points.push((self.text.len(), from));
        self.text.push_str(by);
        self.points.push((self.text.len(), to));
        self.kept = to;
    }

    fn view(mut self, step: &'static str) -> View {
        self.text.push_str(self.source.get(self.kept..).unwrap_or_default());
        let encodes = step == "escapes";
        View { text: self.text, step, undivided: false, encodes, place: Place::Points(self.points) }
    }
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
        places.sort_unstable();
        for (from, to) in windows(&places, text) {
            let part = text.get(from..to).unwrap_or_default();
            let read = kind.read(part);
            match kind {
                Cipher::Reversed => {
                    views.add(View::block(read, "reversed", (from, to)));
                    let words = part
                        .split_inclusive(char::is_whitespace)
                        .map(|piece| {
                            let word = piece.trim_end();
                            let rest = piece.get(word.len()..).unwrap_or_default();
                            word.chars().rev().chain(rest.chars()).collect::<String>()
                        })
                        .collect();
                    views.add(View {
                        text: words,
                        step: "words reversed",
                        undivided: false,
                        encodes: false,
                        place: Place::Points(vec![(0, from)]),
                    });
                }
                Cipher::Shifted(by) => views.add(View {
                    text: read,
                    step: if by == 13 { "rot13" } else { "shifted letters" },
                    undivided: false,
                    encodes: false,
                    place: Place::Points(vec![(0, from)]),
                }),
                Cipher::Mirrored => views.add(View {
                    text: read,
                    step: "mirrored alphabet",
                    undivided: false,
                    encodes: false,
                    place: Place::Points(vec![(0, from)]),
                }),
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
