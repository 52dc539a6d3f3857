//! Encodings in groups, lines and other pieces, put together and undone.

use super::decode;
use super::oddities::Odd;
use super::radix;
use super::runs::undone;
use super::views::{Patched, View, Views, windows};

/// What words with digits and signs in them may say.
pub fn odd(text: &str, odd: &Odd, views: &mut Views<'_>) {
    for (from, to) in &odd.groups {
        groups(text, *from, *to, views);
    }
    for span in &odd.dense {
        let run = text.get(span.0..span.1).unwrap_or_default();
        let starts = std::iter::once(0)
            .chain(run.match_indices([':', '"', '\'', '(', '`', '=']).map(|(at, _)| at + 1))
            .take(4);
        for start in starts {
            let part = run.get(start..).unwrap_or_default();
            let part = part.trim_end_matches(['"', '`']);
            if part.len() >= 15
                && let Some(read) = radix::base85(part)
            {
                views.add(View::block(read, "base85", (span.0 + start, span.1)));
                break;
            }
        }
    }
    for (from, to) in windows(&odd.quoted, text) {
        views.add(quoted(text, from, to));
    }
    for span in &odd.lines {
        if let Some(read) = radix::uu(text.get(span.0..span.1).unwrap_or_default()) {
            views.add(View::block(read, "uuencode", *span));
        }
    }
    for (from, to) in windows(&odd.utf7, text) {
        views.add(utf7(text, from, to));
    }
    for span in &odd.places {
        let row = text.get(span.0..span.1).unwrap_or_default();
        let read: String = row
            .split_inclusive(|letter: char| !letter.is_ascii_digit())
            .flat_map(|piece| {
                let number = piece.trim_end_matches(|letter: char| !letter.is_ascii_digit());
                let letter = number
                    .parse::<u32>()
                    .ok()
                    .and_then(|at| char::from_digit(at + 9, 36).or(char::from_u32(at + 96)));
                let space = !piece.ends_with('-') && piece.len() > number.len();
                letter.into_iter().chain(space.then_some(' '))
            })
            .collect();
        views.add(View::block(read, "places in the alphabet", *span));
    }
}

/// A word of base64 or of hex, and where it stands.
type Word<'t> = (usize, &'t str);

/// What an encoding in groups says, of which some groups are in a range.
fn groups(text: &str, from: usize, to: usize, views: &mut Views<'_>) {
    const AROUND: usize = 400;
    // Dates and versions stand in rows too; in an encoding some groups are of
    // letters and digits both.
    let is_mixed = |word: &&[u8]| {
        word.iter().any(u8::is_ascii_digit) && word.iter().any(u8::is_ascii_alphabetic)
    };
    let near = text.as_bytes().get(from.saturating_sub(40)..to.saturating_add(40).min(text.len()));
    let words = near.unwrap_or_default().split(|byte| !byte.is_ascii_alphanumeric());
    if words.filter(is_mixed).take(2).count() < 2 {
        return;
    }
    let start = text.floor_char_boundary(from.saturating_sub(AROUND));
    let end = text.ceil_char_boundary(to.saturating_add(AROUND).min(text.len()));
    let part = text.get(start..end).unwrap_or_default();
    let is_letter =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '=' | '_');
    let mut words: Vec<Word<'_>> = Vec::new();
    for piece in part.split(|letter: char| !is_letter(letter)) {
        if !piece.is_empty() {
            words.push((piece.as_ptr() as usize - part.as_ptr() as usize, piece));
        }
    }
    let gap = |one: &Word<'_>, next: &Word<'_>| part.get(one.0 + one.1.len()..next.0);
    let mut at = 0;
    while at + 2 < words.len() {
        let row = words.get(at..).unwrap_or_default();
        let [first, second, ..] = row else { break };
        let divider = gap(first, second).filter(|gap| gap.len() <= 3);
        // All of a length but the last, with the same between them.
        let equal = row
            .windows(2)
            .take_while(|pair| {
                let [one, next] = pair else { return false };
                one.1.len() == first.1.len()
                    && next.1.len() <= one.1.len()
                    && gap(one, next) == divider
            })
            .count()
            + 1;
        if divider.is_some() && equal >= 4 && first.1.len() >= 2 {
            let joined = row.get(..equal).unwrap_or_default();
            if let Some((from, read, step)) = undone_from(joined, 6) {
                let to = joined.last().map_or(from, |(at, word)| at + word.len());
                views.add(View::block(read, step, (start + from, start + to)));
                return;
            }
            at += equal - 1;
        } else {
            at += 1;
        }
    }
    // Of any lengths, with spaces between them.
    let inside: Vec<Word<'_>> = words
        .iter()
        .copied()
        .filter(|(at, word)| start + at + 40 >= from && start + at + word.len() <= to + 40)
        .collect();
    let odd = |word: &str| {
        word.bytes().any(|byte| byte.is_ascii_digit())
            || word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
    };
    let count = inside.iter().filter(|(_, word)| odd(word)).count();
    if inside.len() < 5 || count * 2 < inside.len() {
        return;
    }
    if let Some((from, read, step)) = undone_from(&inside, 12) {
        views.add(View::block(read, step, (start + from, to)));
    }
}

/// What words say when they are put together, from one of the first on, and
/// without one of the last.
fn undone_from(words: &[Word<'_>], tries: usize) -> Option<(usize, String, &'static str)> {
    for skip in 0..tries.min(words.len().saturating_sub(2)) {
        let rest = words.get(skip..)?;
        // What begins as no text is none however it ends.
        let mut start = String::new();
        for (_, word) in rest {
            start.push_str(word);
            if start.len() >= 24 {
                break;
            }
        }
        start.truncate(start.floor_char_boundary(24));
        if undone(&start).is_none() {
            continue;
        }
        for cut in 0..tries.min(rest.len().saturating_sub(2)) {
            let joined: String =
                rest.get(..rest.len() - cut)?.iter().map(|(_, word)| *word).collect();
            if joined.len() < 16 {
                break;
            }
            if let Some((read, step)) = undone(&joined) {
                return Some((rest.first()?.0, read, step));
            }
        }
    }
    None
}

/// Quoted-printable (RFC 2045).
fn quoted(text: &str, from: usize, to: usize) -> View {
    let source = text.get(..to).unwrap_or_default();
    let bytes = source.as_bytes();
    let mut patched = Patched::of(source, from);
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        let next = bytes.get(at + 1).copied().unwrap_or(0);
        if *byte != b'=' {
            at += 1;
            continue;
        }
        let digits = source.get(at + 1..at + 3).and_then(|two| u8::from_str_radix(two, 16).ok());
        if let Some(letter) = digits.filter(u8::is_ascii) {
            patched.replace(at, at + 3, char::from(letter).encode_utf8(&mut [0; 4]));
            at += 3;
        } else if matches!(next, b'\n' | b'\r') {
            let length = if bytes.get(at + 2) == Some(&b'\n') && next == b'\r' { 3 } else { 2 };
            patched.replace(at, at + length, "");
            at += length;
        } else {
            at += 1;
        }
    }
    patched.view("quoted-printable")
}

fn utf7(text: &str, from: usize, to: usize) -> View {
    let source = text.get(..to).unwrap_or_default();
    let mut patched = Patched::of(source, from);
    let mut at = from;
    while let Some(plus) = source.get(at..).and_then(|rest| rest.find('+')).map(|found| at + found)
    {
        let rest = source.as_bytes().get(plus..).unwrap_or_default();
        match radix::utf7(rest) {
            Some((read, length)) => {
                patched.replace(plus, plus + length, &read);
                at = plus + length;
            }
            None => at = plus + 1,
        }
    }
    patched.view("utf-7")
}

/// The numbers of a dump of bytes, whose rows stand apart, in one row.
pub fn dump(text: &str, rows: &[(usize, usize)], views: &mut Views<'_>) {
    let mut rest = rows;
    while let [first, after @ ..] = rest {
        let mut last = *first;
        let mut all = pairs(text, last);
        let count = after
            .iter()
            .take_while(|next| {
                let near = next.0 - last.1 <= 90;
                if near {
                    last = **next;
                    all.push_str(&pairs(text, last));
                }
                near
            })
            .count();
        if count > 0
            && let Some(read) = decode::hex(&all)
        {
            views.add(View::block(read, "dump", (first.0, last.1)));
        }
        rest = after.get(count..).unwrap_or_default();
    }
}

/// The words of two hex digits in a row.
fn pairs(text: &str, (from, to): (usize, usize)) -> String {
    text.get(from..to)
        .unwrap_or_default()
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| word.len() == 2)
        .collect()
}
