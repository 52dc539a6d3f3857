//! Words that are broken by something within them, and words that are misspelt,
//! set right.

use super::decode;
use super::shape::unscrambled;
use super::views::{Patched, View};
use super::words::Letters;
use crate::content::invisible;
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

/// Words of attacks that are known when they are broken or misspelt.
pub const KEYWORDS: [&str; 60] = [
    "ignore",
    "ignoring",
    "disregard",
    "disregarding",
    "forget",
    "override",
    "bypass",
    "previous",
    "previously",
    "prior",
    "above",
    "earlier",
    "instruction",
    "instructions",
    "directions",
    "directives",
    "guidelines",
    "guideline",
    "restrictions",
    "restriction",
    "unrestricted",
    "prompt",
    "prompts",
    "system",
    "hidden",
    "secret",
    "everything",
    "anything",
    "following",
    "reveal",
    "repeat",
    "display",
    "mention",
    "password",
    "passwords",
    "credentials",
    "attacker",
    "jailbreak",
    "developer",
    "pretend",
    "confidential",
    "conversation",
    "messages",
    "commands",
    "without",
    "before",
    "rules",
    "stop",
    "tell",
    "user",
    "send",
    "print",
    "output",
    "exactly",
    "verbatim",
    "assistant",
    "unlimited",
    "comply",
    "obey",
    "administrator",
];

/// Words that are written like the beginning of one of these, and are so common
/// that they are not looked at.
const COMMON: [&str; 44] = [
    "in", "an", "be", "re", "for", "over", "every", "any", "follow", "with", "out", "to", "us",
    "use", "pass", "so", "set", "st", "te", "se", "con", "mess", "command", "restrict", "instruct",
    "direct", "as", "or", "do", "pro", "dev", "dir", "com", "rest", "sec", "ver", "ex", "conf",
    "un", "pre", "ass", "rep", "develop", "display",
];

/// Beginnings of these words, after which the rest is looked for.
pub fn beginnings() -> impl Iterator<Item = String> {
    KEYWORDS
        .iter()
        .filter(|word| word.len() >= 5)
        .flat_map(|word| (2..word.len()).filter_map(|length| word.get(..length)))
        .filter(|start| !COMMON.contains(start) && !KEYWORDS.contains(start))
        .map(str::to_owned)
        .collect::<BTreeSet<_>>()
        .into_iter()
}

/// The letters that a word may go on with after its beginning.
pub fn after_beginning(start: &str) -> Letters {
    let rest = KEYWORDS.iter().filter_map(|word| word.strip_prefix(start));
    rest.filter_map(|rest| rest.bytes().next())
        .fold(Letters::NONE, |all, letter| all.or(Letters::letter(letter)))
}

/// Misspelt words, and what they should be.
static MISSPELT: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut all = HashMap::new();
    for word in KEYWORDS {
        if word.len() < 6 {
            continue;
        }
        let letters: Vec<char> = word.chars().collect();
        let made = |letters: Vec<char>| letters.into_iter().collect::<String>();
        let mut wrong = Vec::new();
        for at in 1..letters.len() {
            let mut doubled = letters.clone();
            doubled.insert(at, *letters.get(at).unwrap_or(&' '));
            wrong.push(made(doubled));
            if at + 1 < letters.len() {
                let mut dropped = letters.clone();
                dropped.remove(at);
                wrong.push(made(dropped));
                let mut swapped = letters.clone();
                swapped.swap(at, at + 1);
                wrong.push(made(swapped));
            }
        }
        let (first, rest) = word.split_at(1);
        wrong.push(format!("{first}{}", rest.replace(['a', 'e', 'i', 'o', 'u'], "")));
        for one in wrong.into_iter().filter(|one| one.len() >= 4) {
            if !KEYWORDS.contains(&one.as_str()) && !PROPER.contains(&one.as_str()) {
                all.entry(one).or_insert(word);
            }
        }
    }
    all
});

/// What is a word although it looks misspelt.
const PROPER: [&str; 6] = ["ignoring", "sends", "promt", "hiden", "rmve", "dsply"];

/// Every misspelt word.
pub fn misspelt() -> impl Iterator<Item = &'static str> {
    MISSPELT.keys().map(String::as_str)
}

/// What a word should be, where it is misspelt.
pub fn mended(word: &str) -> Option<&'static str> {
    if word.len() > 16 || word.len() < 4 {
        return None;
    }
    MISSPELT
        .get(word.to_ascii_lowercase().as_str())
        .copied()
        .or_else(|| (5..=13).contains(&word.len()).then(|| unscrambled(word)).flatten())
}

/// A shorter word may be another one with a letter changed.
const LONG: usize = 8;

/// By first and last letter, the lengths of words that may be a long word: a bit
/// for each up to 31.
#[expect(clippy::indexing_slicing, reason = "at compile time, where a panic is an error")]
static ENDS: [u32; 1 << 10] = {
    let mut all = [0; 1 << 10];
    let mut at = 0;
    while at < KEYWORDS.len() {
        let word = KEYWORDS[at].as_bytes();
        if word.len() >= LONG {
            let ends = (word[0] & 31) as usize * 32 + (word[word.len() - 1] & 31) as usize;
            all[ends] |= 0b111 << (word.len() - 1);
        }
        at += 1;
    }
    all
};

/// The long word of attacks that a word is but for one letter too many, one too
/// few, another one, or two in the other order. The first and the last letter
/// are as they should be: at its end it would be another form of the word.
#[inline(always)]
pub fn nearly(word: &[u8]) -> Option<&'static str> {
    let (first, last) = (word.first()?, word.last()?);
    let ends = usize::from(first & 31) * 32 + usize::from(last & 31);
    let may_be = word.len() < 32 && ENDS.get(ends)? >> word.len() & 1 == 1;
    if may_be { one_edit_from(word, first, last) } else { None }
}

#[inline(never)]
fn one_edit_from(word: &[u8], first: &u8, last: &u8) -> Option<&'static str> {
    KEYWORDS.into_iter().find(|right| {
        let right = right.as_bytes();
        let ends = |letter: Option<&u8>, own: &u8| letter.is_some_and(|one| *one == own | 0x20);
        right.len() >= LONG
            && right.len().abs_diff(word.len()) <= 1
            && ends(right.first(), first)
            && ends(right.last(), last)
            && is_one_edit(right, word)
    })
}

fn is_one_edit(right: &[u8], word: &[u8]) -> bool {
    let differs = |(right, word): &(&u8, &u8)| !right.eq_ignore_ascii_case(word);
    let same = right.iter().zip(word).position(|pair| differs(&pair)).unwrap_or(right.len());
    if same + 1 >= right.len() {
        return false;
    }
    let equal = |in_right: usize, in_word: usize| {
        let right = right.get(same + in_right..).unwrap_or_default();
        right.eq_ignore_ascii_case(word.get(same + in_word..).unwrap_or_default())
    };
    let letter = |of: &[u8], at: usize| of.get(at).map(u8::to_ascii_lowercase);
    match word.len().cmp(&right.len()) {
        std::cmp::Ordering::Greater => equal(0, 1),
        std::cmp::Ordering::Less => equal(1, 0),
        std::cmp::Ordering::Equal => {
            let swapped = letter(right, same) == letter(word, same + 1)
                && letter(right, same + 1) == letter(word, same);
            equal(1, 1) || (swapped && equal(2, 2))
        }
    }
}

/// A part of a text with its misspelt words set right.
pub fn spelt(text: &str, from: usize, to: usize, step: &'static str) -> View {
    let mut patched = Patched::of(text.get(..to).unwrap_or_default(), from);
    let mut at = from;
    for piece in text
        .get(from..to)
        .unwrap_or_default()
        .split_inclusive(|letter: char| !letter.is_ascii_alphabetic())
    {
        let word = piece.trim_end_matches(|letter: char| !letter.is_ascii_alphabetic());
        if let Some(right) = mended(word) {
            patched.replace(at, at + word.len(), right);
        }
        at += piece.len();
    }
    patched.view(step)
}

/// The end of the word that begins at `from` and has something within it, which
/// word it is, and what is within.
fn broken(text: &str, from: usize) -> Option<(usize, &'static str, BTreeSet<&str>)> {
    // A star is within a word or stands for a vowel of it.
    broken_by(text, from, false).or_else(|| broken_by(text, from, true))
}

fn broken_by(
    text: &str,
    from: usize,
    stars: bool,
) -> Option<(usize, &'static str, BTreeSet<&str>)> {
    let bytes = text.as_bytes();
    let rest = bytes.get(from..)?;
    let start = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let start = text.get(from..from + start)?;
    // What breaks a word ends all of its letters here, and before the rest of
    // them: most words end by themselves.
    let next = match bytes.get(from + start.len())? {
        b'*' if stars => None,
        _ => Some(*bytes.get(from + start.len() + within_word(text, from + start.len())?)?),
    };
    let is_next = |letter: Option<&u8>| {
        next.is_none_or(|next| letter.is_some_and(|letter| letter.eq_ignore_ascii_case(&next)))
    };
    KEYWORDS.iter().filter(|word| is_next(word.as_bytes().get(start.len()))).find_map(|word| {
        let begins = word.get(..start.len())?.eq_ignore_ascii_case(start);
        if !begins || word.len() == start.len() {
            return None;
        }
        let mut at = from + start.len();
        let mut within = BTreeSet::new();
        for letter in word.bytes().skip(start.len()) {
            if !bytes.get(at)?.eq_ignore_ascii_case(&letter) {
                if stars && *bytes.get(at)? == b'*' && b"aeiou".contains(&letter) {
                    at += 1;
                    continue;
                }
                let length = within_word(text, at)?;
                within.insert(text.get(at..at + length)?);
                at += length;
                if !bytes.get(at)?.eq_ignore_ascii_case(&letter) {
                    return None;
                }
            }
            at += 1;
        }
        (!bytes.get(at).is_some_and(u8::is_ascii_alphabetic)).then_some((at, *word, within))
    })
}

/// How much stands at `at` that may be within a word and is no part of it.
fn within_word(text: &str, at: usize) -> Option<usize> {
    const MOST: usize = 16;
    let mut length = 0;
    for _ in 0..MOST {
        let rest = text.get(at + length..)?;
        match one_within(rest) {
            Some(more) => length += more,
            None => break,
        }
    }
    (length > 0).then_some(length)
}

fn one_within(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let close = |what: &str, most: usize| {
        let end = rest.floor_char_boundary(most.min(rest.len()));
        rest.get(..end)?.find(what).map(|at| at + what.len())
    };
    if rest.starts_with("<!--") {
        return close("-->", 120);
    }
    if bytes.first() == Some(&b'<')
        && bytes.get(1).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'/')
    {
        return close(">", 120);
    }
    if rest.starts_with("/*") {
        return close("*/", 80);
    }
    if rest.starts_with("](") {
        return close(")", 200);
    }
    if let Some(length) = sequence(rest) {
        return Some(length);
    }
    if let Some((letter, length)) = decode::escape(bytes) {
        return (invisible::reading(letter) == Some("") || !letter.is_alphanumeric())
            .then_some(length);
    }
    let letter = rest.chars().next()?;
    (!letter.is_alphanumeric()).then_some(letter.len_utf8())
}

/// The length of a terminal's escape sequence at the beginning, as it is or
/// written out (`\x1b[31m`, `\033[0m`, `\e[0m`).
pub fn sequence(rest: &str) -> Option<usize> {
    const STARTS: [&str; 6] = ["\u{1b}", "\\x1b", "\\x1B", "\\033", "\\e", "\\u001b"];
    let start = STARTS.iter().find(|start| rest.starts_with(**start))?.len();
    let bytes = rest.as_bytes();
    match bytes.get(start)? {
        b'[' => {
            let length = bytes
                .iter()
                .skip(start + 1)
                .take(32)
                .position(|byte| matches!(byte, b'@'..=b'~'))?;
            Some(start + 1 + length + 1)
        }
        b']' => {
            let body = bytes.get(start + 1..)?;
            let length = body.iter().take(200).position(|byte| matches!(byte, 7 | 0x1B))?;
            let end = start + 1 + length + 1;
            Some(end + usize::from(bytes.get(end) == Some(&b'\\')))
        }
        _ => None,
    }
}

/// Whether a broken word begins at a place.
pub fn is_broken(text: &str, at: usize) -> bool {
    broken(text, at).is_some()
}

/// A part of a text with its broken words made whole. What broke them is left
/// out between other letters too.
pub fn whole(text: &str, from: usize, to: usize) -> View {
    let text = text.get(..to).unwrap_or_default();
    // Where one is, others may be that would not be looked at by themselves.
    let bytes = text.as_bytes();
    let is_start = |at: &usize| {
        bytes.get(*at).is_some_and(u8::is_ascii_alphabetic)
            && !at.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphabetic)
    };
    let found: Vec<_> = (from..to)
        .filter(is_start)
        .filter_map(|at| Some((at, broken(text, at)?)))
        .take(256)
        .collect();
    let within: BTreeSet<&str> = found
        .iter()
        .flat_map(|(_, (_, _, within))| within.iter().copied())
        .filter(|within| !within.trim().is_empty())
        .filter(|within| within.trim_matches(' ') == *within)
        .take(8)
        .collect();
    let mut patched = Patched::of(text, from);
    let mut at = from;
    let mut next = found.iter().peekable();
    while at < to {
        if let Some((_, (end, word, _))) = next.next_if(|(place, _)| *place == at) {
            patched.replace(at, *end, word);
            at = *end;
            continue;
        }
        while next.next_if(|(place, _)| *place < at).is_some() {}
        let between = at > 0 && bytes.get(at - 1).is_some_and(u8::is_ascii_alphabetic);
        let length = if between {
            within.iter().find(|within| {
                bytes.get(at..).is_some_and(|rest| rest.starts_with(within.as_bytes()))
            })
        } else {
            None
        }
        .map_or(0, |within| within.len());
        if length > 0 && bytes.get(at + length).is_some_and(u8::is_ascii_alphabetic) {
            patched.replace(at, at + length, "");
            at += length;
        } else {
            at += 1;
        }
    }
    patched.view("broken words")
}

/// A part of a text as a terminal shows it: sequences left out, what was
/// written over gone.
pub fn shown(text: &str, from: usize, to: usize) -> View {
    let source = text.get(..to).unwrap_or_default();
    let mut patched = Patched::of(source, from);
    let mut at = from;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(letter) = rest.chars().next() else { break };
        let after = at + letter.len_utf8();
        if let Some(length) = sequence(rest) {
            patched.replace(at, at + length, "");
            at += length;
        } else if source.as_bytes().get(after) == Some(&8) && letter != '\u{8}' {
            patched.replace(at, after + 1, "");
            at = after + 1;
        } else {
            at = after;
        }
    }
    patched.view("as shown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_words_are_whole() {
        for text in [
            "ig**no**re",
            "ign-\nore",
            "ign<b></b>ore",
            "ig no re",
            "ign\u{1b}[0m\u{1b}[31more",
            "ign\\033[0more",
            "ign\" + \"ore",
            "ig[nore](#)",
            "ign&shy;ore",
            "ign*r*",
            "ig/**/nore",
        ] {
            assert_eq!(broken(text, 0).map(|(_, word, _)| word), Some("ignore"), "{text}");
        }
        for text in ["ign", "ignition", "ign all", "ig\u{e9}"] {
            assert!(broken(text, 0).is_none(), "{text}");
        }
        let text = "say ig**no**re al**l** pr**evio**us x";
        let view = whole(text, 0, text.len());
        assert_eq!(view.text, "say ignore all** previous x");
        assert_eq!(view.origin(4, 10), (4, 14));
    }

    #[test]
    fn words_are_nearly_others() {
        for (word, right) in [
            ("instruzctions", "instructions"),
            ("INSTRUKTIONS", "instructions"),
            ("instrcutions", "instructions"),
            ("isntruction", "instruction"),
            ("prevous", "previous"),
            ("pprevious", "previous"),
            ("directlons", "directions"),
        ] {
            assert_eq!(nearly(word.as_bytes()), Some(right), "{word}");
        }
        // Itself, another form of it, another word, too short.
        for word in ["instructions", "instructional", "overrides", "developed", "construction"] {
            assert_eq!(nearly(word.as_bytes()), None, "{word}");
        }
        for word in ["previews", "conversion", "pompt", "", "\u{e9}nstructions"] {
            assert_eq!(nearly(word.as_bytes()), None, "{word}");
        }
    }

    #[test]
    fn misspelt_words_are_right() {
        let text = "Ingore prevous instrctions and psswrd";
        assert_eq!(
            spelt(text, 0, text.len(), "misspelt").text,
            "ignore previous instructions and password"
        );
        assert_eq!(shown("igx\u{8}no\u{1b}[1mre", 0, 12).text, "ignore");
    }
}
