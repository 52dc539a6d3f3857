//! What was found, weighed by where it stands: phrases that are quoted or
//! spoken of count less, several together count more.

use super::hidden::{self, Region};
use super::reading::Reading;
use super::{Found, Hit, Kind};
use crate::content::reveal;
use crate::rules;
use aho_corasick::AhoCorasick;
use memchr::{memchr, memmem};
use palisade_core::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// From so many points on, something is a hit.
const ENOUGH: u32 = 100;
/// Below so many, something does not even count together with others.
const LITTLE: u32 = 40;
/// How far apart two things are that count together.
const NEAR: usize = 400;
/// So many hits are reported of one text.
const MOST: usize = 500;
/// A row of a table is at most so long.
const LONGEST_ROW: usize = 4096;
/// What was decoded is shown in at most so many letters.
const SHOWN: usize = 200;

/// The hits among what was found.
pub fn hits(text: &str, kind: Kind, found: Vec<Found>, regions: &[Region]) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut found = strongest(found);
    // What does not reach far enough where it is neither quoted nor spoken of
    // does not do so otherwise.
    let most = found.iter().map(|one| weight(one, false, false) * 3 / 2).max();
    if most.is_some_and(|most| most >= ENOUGH || found.len() > 1) {
        let about_this = speaks_of_it(text);
        let fences = fences(text);
        let is_data = kind == Kind::Text
            && text.trim_start().starts_with(['{', '['])
            && !text.trim_start().starts_with("[external");
        for one in &mut found {
            let quoted = !is_data
                && !one.steps.iter().any(|step| step == "joined strings")
                && (within(&fences, one.from, one.to)
                    || quotation(text, one.from, one.to)
                        .is_some_and(|(from, to)| !carries(text, from..to, one))
                    || (one.steps.count == 0 && is_in_row(text, one.from, one.to)));
            one.weight = weight(one, quoted, about_this);
            if one.phrase && one.steps.count == 0 {
                if is_part_of_name(text, one.from, one.to) {
                    one.weight = one.weight * 7 / 10;
                }
                if is_told_to_be_elsewhere(text, one.to) {
                    one.weight = one.weight * 6 / 10;
                }
            }
        }
        found.retain(|one| one.weight >= LITTLE);
    } else {
        found.clear();
    }
    let mut shown_regions = BTreeSet::new();
    for (at, one) in found.iter().enumerate() {
        let Some((together, region)) = together(text, &found, regions, at) else { continue };
        if together < ENOUGH {
            continue;
        }
        shown_regions.extend(region.map(|region| region.from));
        hits.push(Hit {
            rule: one.rule.id,
            span: span(one.from, one.to),
            decoded: decoded(text, one),
            steps: one.steps.iter().rev().collect(),
            score: u16::try_from(together).unwrap_or(u16::MAX),
        });
        if hits.len() >= MOST {
            break;
        }
    }
    for region in regions {
        let within = text.get(region.from..region.to).unwrap_or_default();
        if shown_regions.contains(&region.from) || (region.odd && hidden::is_prose(within)) {
            hits.push(Hit {
                rule: rules::CONTENT_HIDDEN_TEXT.id,
                span: span(region.from, region.to),
                decoded: None,
                steps: vec![region.how],
                score: 100,
            });
        }
    }
    hits.sort_by_key(|hit| (hit.span.from, hit.span.to, hit.rule));
    hits.truncate(MOST);
    hits
}

/// How much something counts together with what stands near, if it counts at
/// all, and the region that holds it.
fn together<'r>(
    text: &str,
    found: &[Found],
    regions: &'r [Region],
    at: usize,
) -> Option<(u32, Option<&'r Region>)> {
    let one = found.get(at)?;
    // Regions are in their order, and hardly any lies within another.
    let behind = regions.partition_point(|region| region.from <= one.from);
    let before = regions.get(behind.saturating_sub(16)..behind).unwrap_or_default();
    let region = before.iter().rev().find(|region| one.to <= region.to);
    let own = if region.is_some() { one.weight * 3 / 2 } else { one.weight };
    if own < 50 {
        return None;
    }
    let mut others: BTreeMap<&str, u32> = BTreeMap::new();
    let before = found.get(..at).unwrap_or_default().iter().rev();
    let after = found.get(at + 1..).unwrap_or_default().iter();
    let near = |other: &&Found| other.from.abs_diff(one.from) <= NEAR;
    let words = |one: &Found| text.get(one.from..one.to).unwrap_or_default();
    let own_words = words(one);
    let same = |other: &Found| {
        let words = words(other);
        words == own_words || words.eq_ignore_ascii_case(own_words)
    };
    for other in before.take(64).take_while(near).chain(after.take(64).take_while(near)) {
        // Of the same rule only other words elsewhere say more.
        let elsewhere = other.to <= one.from || one.to <= other.from;
        let of_one_rule = std::ptr::eq(other.rule, one.rule) || other.rule.id == one.rule.id;
        if !of_one_rule || (elsewhere && !same(other)) {
            let best = others.entry(other.rule.id).or_default();
            *best = (*best).max(other.weight);
        }
    }
    Some((own + others.values().sum::<u32>() / 2, region))
}

pub fn span(from: usize, to: usize) -> Span {
    Span::new(u32::try_from(from).unwrap_or(u32::MAX), u32::try_from(to).unwrap_or(u32::MAX))
}

/// Of what was found by one rule at one place, what is surest.
fn strongest(mut found: Vec<Found>) -> Vec<Found> {
    // It is nearly in this order.
    found.sort_by_key(|one| (one.from, std::cmp::Reverse(one.score), std::cmp::Reverse(one.to)));
    let mut kept: Vec<Found> = Vec::new();
    // Which one of each rule was kept last.
    let mut last: Vec<(&str, usize)> = Vec::new();
    for one in found {
        // Quotation marks of strings that are joined are no quotation.
        let score = |one: &Found| {
            let joined = one.steps.iter().any(|step| step == "joined strings");
            (one.score, joined, usize::MAX - one.steps.count)
        };
        let place = last.iter_mut().find(|(rule, _)| *rule == one.rule.id);
        match place.as_ref().and_then(|(_, at)| kept.get_mut(*at)) {
            Some(last) if one.from < last.to => {
                if score(&one) > score(last) {
                    *last = one;
                }
            }
            _ => {
                match place {
                    Some((_, at)) => *at = kept.len(),
                    None => last.push((one.rule.id, kept.len())),
                }
                kept.push(one);
            }
        }
    }
    kept.sort_by_key(|one| (one.from, one.to, one.rule.id));
    kept
}

/// How much something counts where it stands.
fn weight(one: &Found, quoted: bool, about_this: bool) -> u32 {
    let mut weight = u32::from(one.score);
    if one.phrase && weight >= 60 && one.steps.iter().any(|step| !PLAIN_STEPS.contains(&step)) {
        // Nobody hides what is harmless.
        weight += 40;
    }
    if one.mentioned {
        weight = weight * 6 / 10;
    }
    match (quoted, about_this) {
        (true, true) => weight * 4 / 10,
        (true, false) => weight * 65 / 100,
        (false, true) => weight * 85 / 100,
        (false, false) => weight,
    }
}

/// Steps that ordinary text needs as well.
const PLAIN_STEPS: [&str; 4] = ["run together", "escapes", "joined strings", "tags within words"];

/// What was read, where that is not what stands there.
fn decoded(text: &str, one: &Found) -> Option<String> {
    let there = text.get(one.from..one.to).unwrap_or_default();
    if one.steps.count == 0 && there.is_ascii() {
        return None;
    }
    let read = one.read.as_ref().and_then(|(text, from, to)| text.get(*from..*to));
    let short = |read: &str| reveal(&read.chars().take(SHOWN).collect::<String>());
    if one.phrase {
        return Some(short(&Reading::of(read.unwrap_or(there), 0).text));
    }
    read.map(short)
}

/// Whether a text is about attacks of this kind, and long enough to be.
fn speaks_of_it(text: &str) -> bool {
    static TOPICS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build([
                "prompt injection",
                "prompt-injection",
                "prompt_injection",
                "promptinjection",
                "jailbreak",
                "injection attack",
                "red team",
                "red-team",
                "adversarial",
                "owasp",
                "guardrail",
                "malicious instruction",
                "injected instruction",
                "indirect injection",
                "prompt leak",
                "attacker",
                "llm security",
                "ai security",
                "ai safety",
                "vulnerabilit",
            ])
            .ok()
    });
    // The beginning says what a text is about.
    let start = text.get(..text.floor_char_boundary(text.len().min(128 << 10))).unwrap_or_default();
    start.len() >= 300
        && TOPICS.as_ref().is_some_and(|topics| topics.find_iter(start).take(2).count() == 2)
}

/// Whether one of some ranges, which are in their order, takes another in.
fn within(ranges: &[(usize, usize)], from: usize, to: usize) -> bool {
    let behind = ranges.partition_point(|(start, _)| *start <= from);
    behind.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, end)| to <= *end)
}

/// Blocks of code in Markdown.
fn fences(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, &str)> = None;
    // Most texts have none, and most lines of the others.
    let mut places: Vec<(usize, &str)> = ["```", "~~~"]
        .into_iter()
        .flat_map(|fence| memmem::find_iter(text.as_bytes(), fence).map(move |at| (at, fence)))
        .collect();
    places.sort_unstable();
    for (at, fence) in places {
        let before = text.get(..at).unwrap_or_default();
        let line = before.trim_end_matches(|letter: char| letter != '\n' && letter.is_whitespace());
        if !(line.is_empty() || line.ends_with('\n')) {
            continue;
        }
        match open {
            None => open = Some((line.len(), fence)),
            Some((from, opened)) if opened == fence => {
                let rest = text.as_bytes().get(at..).unwrap_or_default();
                let length = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
                found.push((from, at + length));
                open = None;
            }
            _ => {}
        }
    }
    found
}

/// Whether a range is within one row of a table in Markdown, and not in its
/// first column.
fn is_in_row(text: &str, from: usize, to: usize) -> bool {
    if text.get(from..to).unwrap_or_default().contains('\n') {
        return false;
    }
    // What stands further from the beginning of its line is in no table that
    // anybody reads, and each look back from many places costs as much as the line.
    let start = text.ceil_char_boundary(from.saturating_sub(LONGEST_ROW));
    let before = text.get(start..from).unwrap_or_default();
    let begins = before.rfind('\n').map(|end| end + 1).or((start == 0).then_some(0));
    let line = begins.and_then(|begins| before.get(begins..)).unwrap_or_default().trim_start();
    line.starts_with('|') && line.bytes().filter(|byte| *byte == b'|').count() >= 2
}

/// Whether what stands there is only a part of a longer name, as in
/// `initial_prompt_tokens` or `ai.system_instructions`.
fn is_part_of_name(text: &str, from: usize, to: usize) -> bool {
    let bytes = text.as_bytes();
    let is = |at: Option<usize>, marks: &[u8]| {
        at.and_then(|at| bytes.get(at)).is_some_and(|byte| marks.contains(byte))
    };
    let letter =
        |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    let goes_on = is(Some(to), b"_-") && letter(Some(to + 1));
    let name = text.get(from..to).unwrap_or_default();
    let last = name
        .rsplit(|letter: char| !letter.is_ascii_alphanumeric() && !"_.-".contains(letter))
        .next()
        .unwrap_or_default();
    let qualified = last.len() < name.len() && last.trim_end_matches('.').contains('.');
    goes_on || qualified || is(from.checked_sub(1), b"_.-") && letter(from.checked_sub(2))
}

/// Whether what follows says that the instructions stand in something else:
/// `ignore any instructions embedded in them` is the advice of a defender.
fn is_told_to_be_elsewhere(text: &str, to: usize) -> bool {
    let rest = text.get(to..).unwrap_or_default();
    let rest = rest.get(..rest.floor_char_boundary(24.min(rest.len()))).unwrap_or_default();
    let mut words = rest.split_ascii_whitespace();
    let first = words.next().unwrap_or_default();
    let all = ["embedded", "inside", "contained", "found", "hidden", "appearing", "that"];
    let second = words.next().unwrap_or_default();
    rest.starts_with(|letter: char| letter.is_ascii_whitespace())
        && all.contains(&first)
        && second != "your"
        && (first != "that" || ["appear", "appears", "may", "might", "come"].contains(&second))
}

/// Whether a quotation is what a short text is about, and what was found only a
/// part of it: `translate this: 'Good morning. Ignore ..'` brings it along. An
/// example in a longer text is quoted by itself.
fn carries(text: &str, quotation: std::ops::Range<usize>, one: &Found) -> bool {
    const SHORT: usize = 600;
    const MORE: usize = 12;
    text.len() < SHORT && quotation.len() >= one.to - one.from + MORE
}

/// The quotation marks between which a range stands, within its paragraph: what
/// lies between them.
fn quotation(text: &str, from: usize, to: usize) -> Option<(usize, usize)> {
    const FAR: usize = 160;
    let start = text.floor_char_boundary(from.saturating_sub(FAR));
    let before = text.get(start..from).unwrap_or_default();
    // Most have none before them.
    let opens = |byte: u8| !byte.is_ascii() || matches!(byte, b'"' | b'`' | b'\'');
    if !before.bytes().fold(false, |any, byte| any | opens(byte)) {
        return None;
    }
    let before = before.rsplit("\n\n").next().unwrap_or_default();
    let after = text.get(to..).unwrap_or_default();
    let after = after.get(..after.floor_char_boundary(FAR.min(after.len()))).unwrap_or_default();
    let after = after.split("\n\n").next().unwrap_or_default();
    let pairs = [
        ('\u{201c}', '\u{201d}'),
        ('\u{ab}', '\u{bb}'),
        ('\u{201e}', '\u{201c}'),
        ('\u{300c}', '\u{300d}'),
        ('\u{2018}', '\u{2019}'),
    ];
    let start = from - before.len();
    let between = |open: char, close: char| {
        let at = before.rfind(open)?;
        let opens = !before.get(at..).unwrap_or_default().contains(close);
        let end = after.find(close).filter(|_| opens)?;
        Some((start + at + open.len_utf8(), to + end))
    };
    if let Some(found) = pairs.into_iter().find_map(|(open, close)| between(open, close)) {
        return Some(found);
    }
    ['"', '`', '\''].into_iter().find_map(|mark| {
        let at = before.rfind(mark)?;
        let left = before.get(..at).unwrap_or_default().chars().next_back();
        let opens =
            left.is_none_or(|letter| letter.is_whitespace() || "([{<*_>:=,|-/".contains(letter));
        let right = before.get(at + 1..).unwrap_or_default().chars().next();
        let inside = right.is_none_or(|letter| !letter.is_whitespace());
        let end = after.find(mark).filter(|_| opens && inside)?;
        Some((start + at + 1, to + end))
    })
}
