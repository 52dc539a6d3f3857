//! Brace expansion, recognised while a word is read.
//!
//! Each `{` opens a frame. A `}` closes the innermost one: with commas in it
//! the parts since the `{` become [`Part::Braces`], a text like `1..5` becomes
//! [`Part::Sequence`], and anything else stays the text it is. Frames that are
//! never closed stay text too.

use super::cursor::Parser;
use super::tree::{Part, Word};
use super::words::join;

/// How many items one sequence may have.
const MOST: i64 = 1000;

/// A word that is being read.
pub(super) struct Draft {
    pub(super) parts: Vec<Part>,
    /// Whether bare neighbours may have to be joined in the end.
    pub(super) ragged: bool,
    frames: Vec<Frame>,
}

struct Frame {
    /// The part that is the `{`.
    first: usize,
    /// Where it stands.
    open: usize,
    /// The parts that are commas, with their positions.
    commas: Vec<(usize, usize)>,
}

impl Draft {
    pub(super) fn new(parts: Vec<Part>) -> Self {
        let ragged = !parts.is_empty();
        Self { parts, ragged, frames: Vec::new() }
    }

    /// Whether this brace or comma means something here.
    pub(super) fn cares(&self, byte: u8) -> bool {
        byte == b'{' || !self.frames.is_empty()
    }

    pub(super) fn finish(self) -> Vec<Part> {
        if self.ragged && self.parts.len() > 1 { join_bare(self.parts) } else { self.parts }
    }
}

impl Parser<'_> {
    /// Reads the brace or comma `byte` here; the text before it is in `draft`.
    pub(super) fn brace(&mut self, draft: &mut Draft, byte: u8) {
        let here = self.pos;
        self.pos += 1;
        match byte {
            b'{' => {
                // Each open frame may become a level of the tree.
                if draft.frames.len() as u64 >= u64::from(self.nesting()) {
                    let span = self.span(here);
                    self.overrun("nested too deep", span);
                    return;
                }
                draft.frames.push(Frame {
                    first: draft.parts.len(),
                    open: here,
                    commas: Vec::new(),
                });
                self.push(&mut draft.parts, Part::Bare("{".into()));
            }
            b',' => {
                let comma = (draft.parts.len(), here);
                if let Some(frame) = draft.frames.last_mut() {
                    frame.commas.push(comma);
                }
                self.push(&mut draft.parts, Part::Bare(",".into()));
            }
            _ => {
                let Some(frame) = draft.frames.pop() else { return };
                if !frame.commas.is_empty() {
                    let words = self.alternatives(&mut draft.parts, &frame, here);
                    self.push(&mut draft.parts, Part::Braces(words));
                } else if let Some(items) = sequence_in(&draft.parts, frame.first) {
                    draft.parts.truncate(frame.first);
                    self.pay(u32::try_from(items.len()).unwrap_or(u32::MAX));
                    self.push(&mut draft.parts, Part::Sequence(items));
                } else {
                    self.push(&mut draft.parts, Part::Bare("}".into()));
                }
            }
        }
    }

    /// Takes the parts since the `{` of `frame` apart at its commas.
    fn alternatives(&mut self, parts: &mut Vec<Part>, frame: &Frame, close: usize) -> Vec<Word> {
        let inner = parts.split_off(frame.first.min(parts.len()));
        let mut words = Vec::with_capacity(frame.commas.len() + 1);
        let mut from = frame.open + 1;
        let mut word = Vec::new();
        let mut commas = frame.commas.iter().peekable();
        for (i, part) in inner.into_iter().enumerate().skip(1) {
            if let Some(&&(_, comma)) = commas.peek().filter(|(index, _)| *index == frame.first + i)
            {
                commas.next();
                words.push(Word {
                    parts: join_bare(std::mem::take(&mut word)),
                    span: self.span_of(from, comma),
                });
                from = comma + 1;
            } else {
                word.push(part);
            }
        }
        words.push(Word { parts: join_bare(word), span: self.span_of(from, close) });
        self.pay(u32::try_from(words.len()).unwrap_or(u32::MAX));
        words
    }
}

fn join_bare(parts: Vec<Part>) -> Vec<Part> {
    if parts.len() > 1 { join(parts) } else { parts }
}

/// The items of a sequence, where the only part after the `{` at `first` is one.
fn sequence_in(parts: &[Part], first: usize) -> Option<Vec<Box<str>>> {
    match parts.get(first + 1..)? {
        [Part::Bare(text)] => sequence(text),
        _ => None,
    }
}

/// The items of `a..b` or `a..b..step`; none where there are too many.
fn sequence(text: &str) -> Option<Vec<Box<str>>> {
    let mut fields = text.split("..");
    let (first, last, step) = (fields.next()?, fields.next()?, fields.next());
    if fields.next().is_some() {
        return None;
    }
    let step = match step {
        Some(step) => step.parse::<i64>().ok()?.unsigned_abs().max(1),
        None => 1,
    };
    if let (Ok(from), Ok(to)) = (first.parse::<i64>(), last.parse::<i64>()) {
        let padded = |text: &str| {
            let digits = text.trim_start_matches(['-', '+']);
            digits.len() > 1 && digits.starts_with('0')
        };
        let width = if padded(first) || padded(last) { first.len().max(last.len()) } else { 0 };
        return Some(count(from, to, step).map(|item| format!("{item:0width$}").into()).collect());
    }
    let letter = |text: &str| match text.as_bytes() {
        [byte] if byte.is_ascii_alphabetic() => Some(i64::from(*byte)),
        _ => None,
    };
    let items = count(letter(first)?, letter(last)?, step);
    // A backslash between `Z` and `a` quotes nothing and goes.
    Some(
        items
            .map(|item| {
                u8::try_from(item)
                    .map_or("".into(), |b| char::from(b).to_string().replace('\\', "").into())
            })
            .collect(),
    )
}

/// The numbers from `from` to `to`; none where there are too many.
fn count(from: i64, to: i64, step: u64) -> impl Iterator<Item = i64> {
    let many = from.abs_diff(to) / step;
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    let step = if to < from { -step } else { step };
    let many = i64::try_from(many).unwrap_or(MOST);
    let many = if many >= MOST { 0 } else { many + 1 };
    (0..many).map(move |i| from.saturating_add(step.saturating_mul(i)))
}

#[cfg(test)]
mod tests {
    use super::sequence;

    #[test]
    fn sequences_as_in_bash() {
        for (text, expected) in [
            ("1..3", "1 2 3"),
            ("3..1", "3 2 1"),
            ("01..3", "01 02 03"),
            ("-1..01", "-1 00 01"),
            ("1..10..4", "1 5 9"),
            ("1..3..-1", "1 2 3"),
            ("1..2..0", "1 2"),
            ("a..e..2", "a c e"),
            ("c..a", "c b a"),
            ("Y..b", "Y Z [  ] ^ _ ` a b"),
            ("5..5", "5"),
            ("1..100000", ""),
        ] {
            assert_eq!(
                sequence(text).map(|items| items.join(" ")).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        for text in
            ["", "..", "1..", "1..a", "a..1", "1..2..", "1..2..x", "1...3", "ab..c", "1..2..3..4"]
        {
            assert_eq!(sequence(text), None, "{text}");
        }
    }
}
