//! Where in a text a mark may be: a few letters of each, looked for in 64 places
//! at once. A search for all marks as they are written has to look at every place
//! where the beginning of one stands, and some are as short as `4:`.

use super::families::LONGEST_MARK;
use std::ops::Range;

/// So many places are looked at together.
const PLACES: usize = 64;
/// So many bytes are looked at from each place on.
const DEEP: usize = 6;

/// The next places at or after `from` at which a mark may begin. What is behind
/// the end of it was not looked at, and nothing begins before it.
pub fn next(text: &[u8], from: usize) -> Option<Range<usize>> {
    // What is looked for may be the end of a mark, and before it.
    let mut at = from.saturating_sub(LONGEST_MARK);
    while let Some(part) = text.get(at..).and_then(<[u8]>::first_chunk::<{ PLACES + DEEP }>) {
        if may_hold(part) {
            return Some(at.saturating_sub(LONGEST_MARK)..at + PLACES);
        }
        at += PLACES;
    }
    // Of the end of a text all is looked at.
    (from < text.len()).then(|| at.saturating_sub(LONGEST_MARK)..text.len())
}

/// Whether at one of 64 places stands what is rare in a mark. There is no way
/// out of the loop, so that many places are looked at together.
#[expect(clippy::indexing_slicing, reason = "within the length of the array")]
fn may_hold(part: &[u8; PLACES + DEEP]) -> bool {
    let mut any = false;
    for at in 0..PLACES {
        any |=
            begins(part[at], part[at + 1], part[at + 2], part[at + 3], part[at + 4], part[at + 5]);
    }
    any
}

/// Whether some bytes are part of a mark, of each that part that is rarest in
/// ordinary text.
#[inline(always)]
const fn begins(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) -> bool {
    // `ghp_` and its kin; `github_pat_`, `dckr_pat_`, `shpat_` and `glpat-`.
    (a == b'g') & (b == b'h') & (d == b'_')
        | (a == b'a') & (b == b't') & ((c == b'_') | (c == b'-'))
        // `glrt-`, `gldt-`, `glptt-`
        | (a == b'g') & (b == b'l') & ((d == b't') & (e == b'-') | (e == b't') & (f == b'-'))
        // `npm_`, `hf_`, `dop_v1_`, and `sk_live_`
        | (c == b'_')
            & ((a == b'p') & (b == b'm') | (a == b'h') & (b == b'f') | (a == b'v') & (b == b'1'))
        | (a == b'k') & (b == b'_') & (c == b'l')
        // `pypi-AgE`, `AGE-SECRET-KEY-1`, `xapp-1-`, `ya29.`
        | (a == b'-') & (b == b'A') & (c == b'g')
        | (a == b'E') & (b == b'-') & (c == b'S')
        | (a == b'p') & (b == b'-') & (c == b'1')
        | (a == b'a') & (b == b'2') & (c == b'9')
        // `sk-`, `xoxb-`, `AIza`, `AKIA` and `ASIA`, `eyJ`
        | (a == b's') & (b == b'k') & (c == b'-')
        | (a == b'x') & (b == b'o') & (c == b'x')
        | (a == b'A') & (b == b'I') & (c == b'z')
        | (a == b'A') & ((b == b'K') | (b == b'S')) & (c == b'I') & (d == b'A')
        | (a == b'e') & (b == b'y') & (c == b'J')
        // `-----BEGIN`, `://`, and `uthorization` in small letters and capitals
        | (a == b'-') & (b == b'B') & (c == b'E')
        | (a == b':') & (b == b'/') & (c == b'/')
        | (a | 0x20 == b'o') & (b | 0x20 == b'r') & (c | 0x20 == b'i') & (d | 0x20 == b'z')
        // `12345678:`, before what may be a token.
        | a.is_ascii_digit()
            & b.is_ascii_digit()
            & c.is_ascii_digit()
            & d.is_ascii_digit()
            & (e == b':')
            & (f > b' ')
}

#[cfg(test)]
mod tests {
    use super::super::families::texts;
    use super::*;

    #[test]
    fn no_mark_is_passed_over() {
        for mark in texts().map(|mark| if mark.len() == 2 { "12345674:A" } else { mark }) {
            assert!(mark.len() <= LONGEST_MARK);
            for before in 0..200 {
                let text = format!("{}{mark}{}", "-".repeat(before), "x".repeat(before % 90));
                let mut from = 0;
                let found = std::iter::from_fn(|| {
                    let range = next(text.as_bytes(), from)?;
                    from = range.end;
                    Some(range)
                });
                let start = before + if mark.ends_with(":A") { 7 } else { 0 };
                assert!(found.into_iter().any(|range| range.contains(&start)), "{text}");
            }
        }
    }

    #[test]
    fn ordinary_text_holds_none() {
        let line = "2026-11-17 12:53:49 INFO worker[8005]: request handled, status=200 \
                    path=/api/v1/items and the rest of what is written there.\n";
        let text = line.repeat(20);
        // But for the end.
        assert!(next(text.as_bytes(), 0).is_some_and(|range| range.start > text.len() - 100));
    }
}
