//! Long runs without a space: encodings, or words run together.

use super::decode;
use super::phrases::is_joined;
use super::radix;
use super::shape;
use super::views::{View, Views};
use miniz_oxide::inflate;

/// Whether a long run is a path or a name of several words, of which no part can
/// be an encoding and none is words run together. Most long runs are.
pub fn is_ordinary(run: &[u8]) -> bool {
    // What a part between signs has: letters and digits, whether there is a
    // digit, and whether there is what no hex digit is.
    let (mut length, mut digit, mut beyond_hex) = (0, false, false);
    let (mut lower, mut upper, mut any_beyond_hex) = (false, false, false);
    for byte in run.iter().chain(b"/") {
        match byte {
            b'0'..=b'9' => digit = true,
            b'a'..=b'z' | b'A'..=b'Z' => {
                lower |= byte.is_ascii_lowercase();
                upper |= byte.is_ascii_uppercase();
                beyond_hex |= byte | 0x20 > b'f';
            }
            sign => {
                if length >= shape::LONG && (upper || digit || !beyond_hex) {
                    return false;
                }
                any_beyond_hex |= beyond_hex;
                (length, digit, beyond_hex) = (0, false, false);
                if *sign == b'=' {
                    // A value may be an encoding where its name is none.
                    any_beyond_hex = false;
                }
                continue;
            }
        }
        length += 1;
    }
    let one_case = lower != upper;
    one_case && any_beyond_hex && !is_joined(std::str::from_utf8(run).unwrap_or_default())
}

/// What long runs say.
pub fn runs(text: &str, all: &[(usize, usize)], views: &mut Views<'_>) {
    let mut rest = all;
    while let Some(((from, first_to), after)) = rest.split_first() {
        rest = after;
        // An encoding that is broken into lines.
        let mut to = *first_to;
        let mut longest = first_to - from;
        while let Some(((next, end), after)) = rest.split_first()
            && (to - from >= 40 || end - next == longest)
            && *next - to <= 8
            && text
                .get(to..*next)
                .is_some_and(|gap| gap.bytes().all(|byte| byte.is_ascii_whitespace()))
        {
            to = *end;
            longest = longest.max(end - next);
            rest = after;
        }
        let (from, mut span) = (*from, (*from, to));
        let run = text.get(from..to).unwrap_or_default();
        if run.len() < 512 && is_joined(run) {
            let divided = divided(run);
            let mut view = View::block(divided, "run together", span);
            view.undivided = true;
            views.add(view);
        }
        // Names in small letters are no encoding, and most long runs are those.
        if run.bytes().all(|byte| !byte.is_ascii_digit() && !byte.is_ascii_uppercase())
            && run.bytes().any(|byte| matches!(byte, b'g'..=b'z'))
            && to == *first_to
        {
            continue;
        }
        // The last line is shorter, and may be no long run.
        span.1 = if to > *first_to { last_line(text, to) } else { to };
        let longer = text.get(from..span.1).unwrap_or_default();
        let done = (span.1 > to && decoded(longer, span, views)) || decoded(run, (from, to), views);
        if !done && to > *first_to {
            // They were not one run after all: each by itself.
            decoded(text.get(from..*first_to).unwrap_or_default(), (from, *first_to), views);
            for (next, end) in
                all.iter().filter(|(next, end)| *next >= *first_to && *end <= to).take(1000)
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

/// Where a line that goes on with an encoding ends, after the lines to `to`.
fn last_line(text: &str, to: usize) -> usize {
    let rest = text.get(to..).unwrap_or_default();
    let gap = rest.len() - rest.trim_start_matches(['\n', '\r', ' ', '\t']).len();
    let gap = if rest.get(..gap).is_some_and(|gap| gap.contains('\n')) { gap } else { 0 };
    let more = rest
        .bytes()
        .skip(gap)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
        .count();
    let ends = rest.get(gap + more..).is_none_or(|rest| !rest.starts_with([',', '.', ':', '(']));
    if gap > 0 && gap <= 4 && more > 0 && ends { to + gap + more } else { to }
}

/// Whether a run is an encoding; what it says is added.
fn decoded(run: &str, span: (usize, usize), views: &mut Views<'_>) -> bool {
    match undone(run) {
        Some((read, step)) => {
            views.add(View::block(read, step, span));
            true
        }
        None => false,
    }
}

/// So much of a run is looked at: more than of any is decoded.
const LONGEST: usize = 1 << 20;

/// What a run of letters and digits says, and by which encoding.
pub fn undone(run: &str) -> Option<(String, &'static str)> {
    // No more of it is decoded.
    let run = run.get(..run.floor_char_boundary(LONGEST)).unwrap_or_default();
    let (mut lower, mut upper, mut digits, mut hex, mut binary) = (false, false, 0, true, true);
    for byte in run.bytes() {
        lower |= byte.is_ascii_lowercase();
        upper |= byte.is_ascii_uppercase();
        digits += usize::from(byte.is_ascii_digit());
        hex &=
            byte.is_ascii_hexdigit() || matches!(byte, b'=' | b'-' | b'_' | b'\n' | b' ' | b'\r');
        binary &= matches!(byte, b'0' | b'1');
    }
    if binary
        && run.len() >= 35
        && let Some(read) = radix::bits(run)
    {
        return Some((read, "bits"));
    }
    let apart = !lower && !upper && run.contains(['-', '_', '+', '/']);
    if apart && let Some(read) = decode::numbers(run).into_iter().max_by_key(|read| read.is_ascii())
    {
        return Some((read, "numbers"));
    }
    if hex && let Some(read) = decode::hex(run) {
        return Some((read, "hex"));
    }
    if run.starts_with("0x") {
        let read = decode::hex(&run.replace("0x", ""));
        if let Some(read) = read {
            return Some((read, "hex"));
        }
    }
    if lower && upper {
        if let Some(read) = decode::base64(run) {
            return Some((read, "base64"));
        }
        if let Some(read) = inflated(run) {
            return Some((read, "base64, compressed"));
        }
        // Names of two cases are frequent, and have hardly any digits.
        if digits > 0 && run.len() >= 24 {
            return turned(run);
        }
        return None;
    }
    if (lower || upper) && run.len() >= 16 {
        let letters = run.trim_end_matches('=');
        if digits > 0 || letters.len() % 8 != 1 {
            let read = if upper || (digits > 0 && digits < run.len() / 2) {
                decode::base32(run)
            } else {
                None
            };
            return read.map(|read| (read, "base32"));
        }
    }
    None
}

/// What base64 says that was compressed before: gzip (RFC 1952) or zlib (RFC
/// 1950), of which the first bytes are known.
fn inflated(run: &str) -> Option<String> {
    /// So many bytes of it are read: a little may stand for very much.
    const MOST: usize = 256 * 1024;
    let gzip = run.starts_with("H4sI");
    if !gzip && !["eJ", "eN", "eA", "eF"].iter().any(|start| run.starts_with(start)) {
        return None;
    }
    let bytes = decode::base64_bytes(run.bytes().take(MOST))?;
    let read = if gzip {
        inflate::decompress_to_vec_with_limit(behind_header(&bytes)?, MOST)
    } else {
        inflate::decompress_to_vec_zlib_with_limit(&bytes, MOST)
    };
    // What was read before the limit, or before a fault, counts too.
    decode::text(read.unwrap_or_else(|failed| failed.output)).filter(|read| read.len() >= 8)
}

/// What follows the header of gzip.
fn behind_header(bytes: &[u8]) -> Option<&[u8]> {
    let flags = *bytes.get(3)?;
    let mut rest = bytes.get(10..)?;
    if flags & 4 != 0 {
        let length = usize::from(*rest.first()?) | usize::from(*rest.get(1)?) << 8;
        rest = rest.get(2 + length..)?;
    }
    for named in [8, 16] {
        if flags & named != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & 2 != 0 { rest.get(2..) } else { Some(rest) }
}

/// Base64 that was written in another way again, and what is like base64.
fn turned(run: &str) -> Option<(String, &'static str)> {
    let printed = |letters: &mut dyn Iterator<Item = u8>| {
        decode::base64_bytes(letters.take(24)).is_some_and(|bytes| {
            bytes.len() >= 12
                && bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t'))
        })
    };
    let bare = run.trim_matches('=');
    if printed(&mut bare.bytes().rev()) {
        let back: String = bare.chars().rev().collect();
        return decode::base64(&back).map(|read| (read, "base64 reversed"));
    }
    let rotated = |byte: u8| match byte {
        b'a'..=b'z' => b'a' + (byte - b'a' + 13) % 26,
        b'A'..=b'Z' => b'A' + (byte - b'A' + 13) % 26,
        other => other,
    };
    if printed(&mut run.bytes().map(rotated)) {
        let back: String = run.bytes().map(|byte| char::from(rotated(byte))).collect();
        return decode::base64(&back).map(|read| (read, "rot13 of base64"));
    }
    radix::base58(run).map(|read| (read, "base58"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_names_are_ordinary_and_encodings_are_not() {
        for run in [
            "path=/api/v1/items/57833",
            "some_long_name_of_a_thing",
            "usr/share/common-licenses",
            "MAXIMUM_BUFFER_SIZE",
            "internationalisation",
        ] {
            assert!(is_ordinary(run.as_bytes()), "{run}");
        }
        for run in [
            "69676e6f726520616c6c",
            "value=69676e6f72-6520616c6c",
            "SWdub3JlIGFsbCBwcmV2",
            "jftw433smuqgc3dmebyh",
            "JFTWOOTSMUQGWYLLMEBY",
            "x/jftw433smuqgc3dmebyh",
            "0110100101100111011011100110111101110010",
            "ignorepreviousinstructions",
            "x=ignore_previousinstructions",
            "73-103-110-111-114-101",
        ] {
            assert!(!is_ordinary(run.as_bytes()), "{run}");
        }
    }
}
