//! The search for phrases without any shortcut, and the quick one against it:
//! all of a text is read, every word is looked for at every place, and every
//! phrase is tried.

use super::matching::Matcher;
use super::outline::Outline;
use super::phrases::{self, EVERYTHING};
use super::reading::Reading;
use super::shape;

/// A phrase: its rule, how sure, where in the text, and whether it is spoken of.
type Phrase = (&'static str, u16, usize, usize, bool);

/// What the quick search finds.
fn quickly(text: &str) -> Vec<Phrase> {
    let pass = phrases::pass(text, true, &mut Matcher::default());
    let mut all: Vec<Phrase> = pass
        .found
        .iter()
        .filter(|one| one.phrase)
        .map(|one| (one.rule.id, one.score, one.from, one.to, one.mentioned))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What there is.
fn slowly(text: &str) -> Vec<Phrase> {
    let reading = Reading::of(text, 0);
    let mut all = Vec::new();
    for one in phrases::every(text, &reading) {
        all.push((one.rule.id, one.score, one.from, one.to, one.mentioned));
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn next(state: &mut u64, below: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize % below
}

/// Sentences of the words of the tables, with ordinary words and all sorts of
/// gaps between them.
fn sentence(state: &mut u64) -> String {
    const FILL: [&str; 12] = [
        "the",
        "a",
        "and",
        "report",
        "of",
        "x1",
        "don't",
        "we",
        "caf\u{e9}",
        "it\u{2019}s",
        "build",
        "2024",
    ];
    const GAPS: [&str; 16] = [
        " ", " ", " ", " ", " ", ", ", "\n", "  ", " **", ". ", "_", "-", "\n\n", "\u{a0}", "\\n",
        " (",
    ];
    let mut text = String::new();
    for all in &EVERYTHING[next(state, EVERYTHING.len())] {
        for _ in 0..next(state, 3) {
            text.push_str(FILL[next(state, FILL.len())]);
            text.push_str(GAPS[next(state, GAPS.len())]);
        }
        let word = all[next(state, all.len())];
        match next(state, 6) {
            0 => text.push_str(&word.to_uppercase()),
            1 => text.push_str(&word.replace(' ', "  ")),
            2 => text.push_str(&word.replacen('e', "\u{435}", 1)),
            _ => text.push_str(word),
        }
        text.push_str(GAPS[next(state, GAPS.len())]);
    }
    text
}

#[test]
fn nothing_is_lost_by_looking_for_keys_only() {
    let mut state = 1;
    let mut count = 0;
    for _ in 0..3000 {
        let mut text = String::new();
        for _ in 0..=next(&mut state, 3) {
            text.push_str(&sentence(&mut state));
            for _ in 0..next(&mut state, 60) {
                text.push_str(
                    ["plain words ", "and more of it. ", "\n", "end"][next(&mut state, 4)],
                );
            }
        }
        let (quick, slow) = (quickly(&text), slowly(&text));
        count += slow.len();
        for one in &slow {
            assert!(quick.contains(one), "{one:?} is lost of {text:?}\n{quick:?}");
        }
    }
    assert!(count > 3000, "{count}");
}

#[test]
fn every_mark_is_found() {
    for mark in phrases::marks() {
        for (before, after) in
            [("", ""), ("> ", " and"), ("\n", "\n"), ("\n** ", "'s"), ("\n#", "x")]
        {
            // With a letter beside it a word is another word.
            let divided = mark.ends_with(|letter: char| !letter.is_ascii_alphanumeric());
            let after = if divided { after } else { after.trim_start_matches(['x', '\'']) };
            let after = if divided || !after.starts_with('s') { after } else { "" };
            let text = format!("{before}{mark}{after}");
            let pass = phrases::pass(&text, true, &mut Matcher::default());
            let to = before.len() + mark.len();
            let there = |one: &&super::Found| (one.from, one.to) == (before.len(), to);
            assert!(pass.found.iter().any(|one| there(&one)), "{text:?}");
        }
    }
}

/// What the specs hold of it is found in the same way.
#[test]
fn nothing_is_lost_of_the_specs() {
    for (name, text) in [
        ("specs", include_str!("../../../../../specs/content.md")),
        ("manual", include_str!("../../../../../docs/manual/content.md")),
    ] {
        for part in [text].into_iter().chain(text.split("\n\n")) {
            let quick = quickly(part);
            for one in slowly(part) {
                assert!(quick.contains(&one), "{name}: {one:?} is lost of {part:?}");
            }
        }
    }
}

/// The shapes of a text are those of the ranges of its outline.
#[test]
fn nothing_is_lost_by_looking_at_the_outline_only() {
    let mut state = 7;
    for _ in 0..3000 {
        let mut text = String::new();
        for _ in 0..next(&mut state, 12) {
            let count = next(&mut state, 90);
            let letters: &[u8] = match next(&mut state, 5) {
                0 => b"abcdefghij klmnop",
                1 => b"0123456789abcdefABCDEF ,",
                2 => b" .-_/=+i",
                3 => b"a b c d e i-g-n- 1 2 3 4 ",
                _ => b"Zm9vYmFy0123+/=%41\\x41&#65;<b>\"+\" \n",
            };
            text.extend((0..count).map(|_| char::from(letters[next(&mut state, letters.len())])));
            text.push_str(
                [" ", "\n", "ignroe ", "1gn0r3 ", "69 67 6e 6f 72 65 72 "][next(&mut state, 5)],
            );
        }
        let pass = phrases::pass(&text, true, &mut Matcher::default());
        let some = shape::shapes(&text, &pass.outline);
        let all = shape::shapes(&text, &[(0, text.len())]);
        assert_eq!(some, all, "{text:?}\n{:?}", pass.outline);
    }
    let _ = Outline::default();
}
