//! Text from outside, searched for instructions to whoever reads it.
//!
//! One pass over the text finds the words and marks of the phrases in
//! `phrases/`; another finds what has the shape of something that has to be
//! read in another way: encodings, escapes, letters apart or out of order,
//! digits for letters, simple ciphers, letters that cannot be seen, text that a
//! page hides. Each of those is read, at most [`DEEPEST`] within each other and
//! at most six times as much text as there is, and searched again.
//!
//! A phrase counts by how sure it is, less where it is quoted or spoken of,
//! more where it was hidden; what counts little by itself can count together
//! with what stands near.
//!
//! **Known gaps.** A request in plain words (`send the report to Bob`) reads
//! the same whoever wrote it: no search of this kind finds it. Wordings that
//! are not in the tables, languages that are not, ciphers with a key, text in
//! pictures and text that only a style sheet hides are not found either. A hit
//! is a note and never a verdict.

mod blocks;
mod chopped;
mod cipher;
pub(super) mod decode;
#[cfg(test)]
mod disguise;
mod drawn;
mod hidden;
mod layout;
mod links;
mod matching;
mod mended;
mod oddities;
mod outline;
mod phrases;
mod radix;
mod reading;
mod runs;
mod shape;
mod tokens;
mod views;
mod weigh;
mod words;

use crate::content::hygiene::is_colour;
use crate::content::invisible::{self, Unseen};
use crate::content::{Redactor, reveal};
use crate::rules::{self, Rule};
use matching::Matcher;
use palisade_core::Span;
use std::rc::Rc;
use views::Meter;

/// So many readings within each other.
pub const DEEPEST: usize = 3;

/// Every rule that [`examine`] can raise, those of phrases and marks first.
pub static RULES: &[&Rule] = &[
    &rules::CONTENT_ADDRESSED_TO_AI,
    &rules::CONTENT_BANNER,
    &rules::CONTENT_CONCEALMENT,
    &rules::CONTENT_CREDENTIAL_REQUEST,
    &rules::CONTENT_EXFILTRATION,
    &rules::CONTENT_FAKE_ENVELOPE,
    &rules::CONTENT_OVERRIDE,
    &rules::CONTENT_PERSONA,
    &rules::CONTENT_PROMPT_EXTRACTION,
    &rules::CONTENT_ROLE_MARKER,
    &rules::CONTENT_TOOL_BAIT,
    &rules::CONTENT_HIDDEN_TEXT,
    &rules::CONTENT_INVISIBLE_TEXT,
    &rules::CONTENT_DIRECTION,
    &rules::CONTENT_TERMINAL_ESCAPE,
    &rules::CONTENT_SECRET,
];

/// How a text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Prose, Markdown, the result of a tool: anything else.
    #[default]
    Text,
    /// HTML as it came, with its tags.
    Html,
    /// Source code and configuration.
    Code,
    /// What a program wrote to a terminal, where colour is ordinary.
    Terminal,
}

/// Something found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The rule's id, as `content/override`.
    pub rule: &'static str,
    /// Where, in bytes of the text as it came. Of encoded text the span is
    /// that of the encoding.
    pub span: Span,
    /// What was read there, where that is not what is written there; shown
    /// through [`reveal`](super::reveal), and of bounded length.
    pub decoded: Option<String>,
    /// By which steps it was read, outermost first: `base64`, `rot13`,
    /// `comment`; empty for text that stands there as it is.
    pub steps: Vec<&'static str>,
    /// How sure, from 100 on.
    pub score: u16,
}

/// Something that may be a hit.
#[derive(Debug, Clone)]
struct Found {
    rule: &'static Rule,
    from: usize,
    to: usize,
    score: u16,
    /// Whether the words before it speak of it.
    mentioned: bool,
    /// Whether it is words and not a mark.
    phrase: bool,
    /// What was read: a part of a text.
    read: Option<(Rc<String>, usize, usize)>,
    steps: Steps,
    /// What it counts where it stands.
    weight: u32,
}

impl Found {
    const fn new(rule: &'static Rule, score: u16, from: usize, to: usize) -> Self {
        Self {
            rule,
            from,
            to,
            score,
            mentioned: false,
            phrase: false,
            read: None,
            steps: Steps { all: [""; DEEPEST], count: 0 },
            weight: 0,
        }
    }
}

/// The steps by which something was read, outermost last.
#[derive(Debug, Clone, Copy)]
struct Steps {
    all: [&'static str; DEEPEST],
    count: usize,
}

impl Steps {
    const fn add(&mut self, step: &'static str) {
        if let Some((slot, _)) = self.all.split_at_mut(self.count).1.split_first_mut() {
            *slot = step;
            self.count += 1;
        }
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = &'static str> {
        self.all.iter().take(self.count).copied()
    }
}

/// Searches `text`. Hits are sorted by place, at most a few hundred; they never
/// block anything by themselves.
pub fn scan(text: &str, kind: Kind) -> Vec<Hit> {
    let printable = is_printable(text.as_bytes());
    let mut meter = Meter::for_text(text);
    let (found, opens) = look(text, printable, &mut meter, &mut Matcher::default());
    let regions = hidden::regions(text, &opens);
    let mut hits = if found.is_empty() && regions.is_empty() {
        Vec::new()
    } else {
        weigh::hits(text, kind, found, &regions)
    };
    if meter.is_spent() {
        hits.push(Hit {
            rule: rules::CONTENT_HIDDEN_TEXT.id,
            span: weigh::span(0, text.len()),
            decoded: None,
            steps: vec!["not all was read"],
            score: 100,
        });
    }
    if !printable {
        hits.extend(unseen(text, kind));
        hits.sort_by_key(|hit| (hit.span.from, hit.span.to, hit.rule));
    }
    hits
}

/// Whether there are no other bytes than those of printed ASCII, line ends and
/// tabs.
fn is_printable(bytes: &[u8]) -> bool {
    let other = |byte: u8| u8::from(!matches!(byte, b' '..=b'~' | b'\n' | b'\t'));
    // Without a way out in between, many are looked at together.
    bytes.chunks(1024).all(|part| part.iter().fold(0, |all, byte| all | other(*byte)) == 0)
}

/// As [`scan`], and the secrets in the text, which are named and not shown.
pub fn examine(text: &str, kind: Kind, redactor: &Redactor) -> Vec<Hit> {
    let mut hits = scan(text, kind);
    hits.extend(redactor.find(text).into_iter().take(MOST_SECRETS).map(|place| Hit {
        rule: rules::CONTENT_SECRET.id,
        span: weigh::span(place.range.start, place.range.end),
        decoded: Some(place.name),
        steps: Vec::new(),
        score: 100,
    }));
    hits.sort_by_key(|hit| (hit.span.from, hit.span.to, hit.rule));
    hits
}

/// So many secrets of one text are reported.
const MOST_SECRETS: usize = 500;

/// Searches a text and the other ways to read it, and says where in the text
/// tags may be.
fn look(
    text: &str,
    printable: bool,
    meter: &mut Meter,
    matcher: &mut Matcher,
) -> (Vec<Found>, Vec<usize>) {
    let mut pass = pass(text, DEEPEST, matcher);
    let mut found = std::mem::take(&mut pass.found);
    let mut shapes = shape::shapes(text, &pass.outline);
    if !printable {
        shapes.controls = shape::controls(text.as_bytes());
    }
    read_otherwise(text, &pass, &shapes, DEEPEST, meter, matcher, &mut found);
    (found, pass.opens)
}

fn pass(text: &str, depth: usize, matcher: &mut Matcher) -> phrases::Pass {
    let mut pass = phrases::pass(text, depth > 0, matcher);
    for (from, to, score) in links::carriers(text, &pass.links) {
        pass.found.push(Found::new(&rules::CONTENT_EXFILTRATION, score, from, to));
    }
    pass
}

/// Searches the other ways to read a text, of which `pass` is what was seen.
fn read_otherwise(
    text: &str,
    pass: &phrases::Pass,
    shapes: &shape::Shapes,
    depth: usize,
    meter: &mut Meter,
    matcher: &mut Matcher,
    found: &mut Vec<Found>,
) {
    if depth == 0 {
        return;
    }
    // Readings within a reading come after all of its kind, so that none of
    // them takes what is left for those.
    let mut encoding = Vec::new();
    views::views(text, shapes, &pass.ciphered, &pass.near, meter, &mut |mut view| {
        let deeper = if view.encodes { depth - 1 } else { 0 };
        let read = Rc::new(std::mem::take(&mut view.text));
        if view.undivided {
            let inner = phrases::undivided(&read, matcher);
            found.extend(inner.into_iter().map(|one| outside(one, &view, &read)));
        }
        let mut pass = self::pass(&read, deeper, matcher);
        let mut inner = std::mem::take(&mut pass.found);
        view.keep(&mut inner);
        found.extend(inner.into_iter().map(|one| outside(one, &view, &read)));
        let more = !pass.outline.is_empty() || !pass.ciphered.is_empty() || !read.is_ascii();
        if deeper > 0 && more {
            encoding.push((view, read, pass));
        }
    });
    for (view, read, pass) in encoding {
        let mut inner = Vec::new();
        let shapes = shape::shapes(&read, &pass.outline);
        read_otherwise(&read, &pass, &shapes, depth - 1, meter, matcher, &mut inner);
        view.keep(&mut inner);
        found.extend(inner.into_iter().map(|one| outside(one, &view, &read)));
    }
}

impl views::View {
    /// Keeps of what was found in a reading what is none by chance: words near
    /// each other are in every order.
    fn keep(&self, inner: &mut Vec<Found>) {
        if self.step == layout::ORDER {
            inner.retain(|one| {
                let known = is_known_turned(one.rule, one.score);
                known && one.phrase && one.to - one.from <= 40
            });
        }
    }
}

/// Whether a phrase of a rule, and so sure, counts where its words stand in
/// another order.
fn is_known_turned(rule: &Rule, score: u16) -> bool {
    let rules =
        [&rules::CONTENT_OVERRIDE, &rules::CONTENT_PROMPT_EXTRACTION, &rules::CONTENT_CONCEALMENT];
    score >= 120 && rules.iter().any(|one| one.id == rule.id)
}

/// What was found in a reading, as it stands in the text that was read.
fn outside(mut one: Found, view: &views::View, read: &Rc<String>) -> Found {
    if one.read.is_none() {
        one.read = Some((Rc::clone(read), one.from, one.to));
    }
    (one.from, one.to) = view.origin(one.from, one.to);
    one.steps.add(view.step);
    one
}

/// Letters that cannot be seen and do more than stand there.
fn unseen(text: &str, kind: Kind) -> Vec<Hit> {
    let mut hits = Vec::new();
    for run in invisible::runs(text) {
        let part = text.get(run.from..run.to).unwrap_or_default();
        let rule = match run.sort {
            Unseen::Tag if run.count >= 2 => &rules::CONTENT_INVISIBLE_TEXT,
            Unseen::Selector if run.count >= 3 => &rules::CONTENT_INVISIBLE_TEXT,
            Unseen::Blank if run.count >= 8 => &rules::CONTENT_INVISIBLE_TEXT,
            Unseen::Direction if part.contains(['\u{202d}', '\u{202e}']) => {
                &rules::CONTENT_DIRECTION
            }
            Unseen::Escape if acts(text.get(run.from..).unwrap_or_default(), kind) => {
                &rules::CONTENT_TERMINAL_ESCAPE
            }
            _ => continue,
        };
        let said = views::said(part, run.sort)
            .map(|said| reveal(&said.chars().take(200).collect::<String>()));
        hits.push(Hit {
            rule: rule.id,
            span: weigh::span(run.from, run.to),
            decoded: said,
            steps: Vec::new(),
            score: 100,
        });
        if hits.len() >= 100 {
            break;
        }
    }
    hits
}

/// Whether an escape sequence does more than colour text. In the output of a
/// program, moving and erasing are ordinary too.
fn acts(rest: &str, kind: Kind) -> bool {
    if is_colour(rest) {
        return false;
    }
    let ordinary = rest.strip_prefix("\u{1b}[").is_some_and(|rest| {
        let last = rest.bytes().find(|byte| matches!(byte, b'@'..=b'~'));
        matches!(last, Some(b'A'..=b'K' | b'h' | b'l')) && !rest.starts_with('8')
    });
    !(kind == Kind::Terminal && ordinary)
}

#[cfg(test)]
mod slow;
#[cfg(test)]
mod tests;
