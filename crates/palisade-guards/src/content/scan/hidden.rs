//! Text in a page that a person who looks at the page does not see.

use crate::content::styles::{Element, Sheet};

/// A stretch of a page that is not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// First byte of what it holds.
    pub from: usize,
    /// One past the last byte.
    pub to: usize,
    /// How it is hidden.
    pub how: &'static str,
    /// Whether nobody hides text in this way for a good reason.
    pub odd: bool,
}

/// An element is followed for at most so many bytes.
const LONGEST: usize = 64 * 1024;
/// A tag ends within so many bytes.
const LONGEST_TAG: usize = 8 * 1024;

/// The stretches of `text` that a browser does not show: comments, elements
/// that their own attributes hide, and the attributes that hold text. `opens`
/// are the places of each `<` that may open or close an element.
pub fn regions(text: &str, opens: &[usize]) -> Vec<Region> {
    let mut found = Vec::new();
    let mut at = 0;
    let sheet = sheet(text, opens);
    let mut all = opens.iter().copied();
    while let Some(open) = all.find(|open| *open >= at) {
        let rest = text.get(open..).unwrap_or_default();
        if rest.starts_with("<!--") {
            let to = find(text, open + 4, "-->").unwrap_or(text.len());
            found.push(Region { from: open + 4, to, how: "comment", odd: false });
            at = to;
            continue;
        }
        if !rest.as_bytes().get(1).is_some_and(u8::is_ascii_alphabetic) {
            at = open + 1;
            continue;
        }
        let Some(length) = tag_length(rest) else {
            at = open + 1;
            continue;
        };
        let tag = rest.get(..length).unwrap_or_default();
        let name_length = tag
            .bytes()
            .skip(1)
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            .count();
        let name = tag.get(1..=name_length).unwrap_or_default().to_ascii_lowercase();
        at = open + length;
        if matches!(name.as_str(), "template" | "noscript" | "desc" | "metadata")
            || (name == "dialog" && length <= name_length + 2)
        {
            let to = element_end(text, opens, at, &name);
            found.push(Region { from: at, to, how: "not shown", odd: false });
            at = to;
            continue;
        }
        // Of most tags there is nothing else to know.
        if length <= name_length + 2 && sheet.is_empty() {
            continue;
        }
        let attributes = attributes(tag, name_length + 1);
        for (key, from, to) in &attributes {
            if matches!(
                key.as_str(),
                "alt" | "title" | "aria-label" | "aria-description" | "placeholder" | "summary"
            ) || key.starts_with("data-")
                || (key == "content" && name == "meta")
                || (key == "value" && name == "input")
            {
                found.push(Region {
                    from: open + from,
                    to: open + to,
                    how: "attribute",
                    odd: false,
                });
            }
        }
        let pairs: Vec<(&str, &str)> = attributes
            .iter()
            .map(|(key, from, to)| (key.as_str(), tag.get(*from..*to).unwrap_or_default()))
            .collect();
        let how = hides(&name, &pairs, &sheet);
        if let Some((how, odd)) = how
            && !VOID.contains(&name.as_str())
        {
            let to = element_end(text, opens, at, &name);
            found.push(Region { from: at, to, how, odd });
            at = to;
        }
    }
    found.sort_by_key(|region| region.from);
    found
}

/// The rules of the sheets in a page.
fn sheet(text: &str, opens: &[usize]) -> Sheet {
    let mut sheet = Sheet::default();
    let mut at = 0;
    let mut all = opens.iter().copied();
    while let Some(open) = all.find(|open| *open >= at) {
        at = open + 1;
        let rest = text.get(at..).unwrap_or_default();
        let is_style = rest.get(..5).is_some_and(|name| name.eq_ignore_ascii_case("style"))
            && rest
                .as_bytes()
                .get(5)
                .is_some_and(|byte| *byte == b'>' || byte.is_ascii_whitespace());
        if is_style && let Some(start) = tag_length(text.get(open..).unwrap_or_default()) {
            let end = find(text, open + start, "</").unwrap_or(text.len());
            sheet.read(text.get(open + start..end).unwrap_or_default());
            at = end.max(at);
        }
    }
    sheet
}

/// The style of an element, that of its attributes of presentation before it.
fn presentation(attributes: &[(&str, &str)]) -> String {
    let mut style = String::new();
    for (key, value) in attributes {
        let named = ["opacity", "fill-opacity", "font-size", "display", "visibility"];
        if named.iter().any(|name| key.eq_ignore_ascii_case(name)) {
            style.push_str(key);
            style.push(':');
            style.push_str(value);
            style.push(';');
        }
    }
    let own = attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case("style"));
    own.into_iter().for_each(|(_, own)| style.push_str(own));
    style
}

const VOID: [&str; 10] =
    ["area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source"];

fn find(text: &str, from: usize, what: &str) -> Option<usize> {
    text.get(from..).and_then(|rest| rest.find(what)).map(|found| from + found)
}

/// The length of the tag at the beginning of `rest`, to its `>`.
fn tag_length(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in rest.bytes().enumerate().take(LONGEST_TAG) {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') if at > 0 && rest.as_bytes().get(at - 1) == Some(&b'=') => {
                quote = Some(byte);
            }
            (Some(open), byte) if byte == open => quote = None,
            _ => {}
        }
    }
    None
}

/// The attributes of a tag: name, and where the value stands.
fn attributes(tag: &str, from: usize) -> Vec<(String, usize, usize)> {
    let bytes = tag.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(b'>');
    let mut found = Vec::new();
    let mut at = from;
    while at < bytes.len() && found.len() < 64 {
        if !byte(at).is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        let name_from = at;
        while byte(at).is_ascii_alphanumeric() || matches!(byte(at), b'-' | b':' | b'_') {
            at += 1;
        }
        let name = tag.get(name_from..at).unwrap_or_default().to_ascii_lowercase();
        let after_name = at;
        while byte(at).is_ascii_whitespace() {
            at += 1;
        }
        if byte(at) != b'=' {
            at = after_name;
            found.push((name, at, at));
            continue;
        }
        at += 1;
        while byte(at).is_ascii_whitespace() {
            at += 1;
        }
        let quote = Some(byte(at)).filter(|quote| matches!(quote, b'"' | b'\''));
        at += usize::from(quote.is_some());
        let value_from = at;
        while at < bytes.len()
            && match quote {
                Some(quote) => byte(at) != quote,
                None => !byte(at).is_ascii_whitespace() && byte(at) != b'>',
            }
        {
            at += 1;
        }
        found.push((name, value_from, at.min(bytes.len())));
        at += 1;
    }
    found
}

/// How the attributes of an element, and the rules of the page's sheets, hide
/// it, and whether that is odd.
fn hides(name: &str, attributes: &[(&str, &str)], sheet: &Sheet) -> Option<(&'static str, bool)> {
    let value = |wanted: &str| {
        attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted)).map(|(_, value)| *value)
    };
    if name == "dialog" && value("open").is_none() {
        return Some(("dialog", false));
    }
    if value("hidden").is_some() {
        return Some(("hidden", false));
    }
    if value("aria-hidden").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Some(("aria-hidden", false));
    }
    let style = presentation(attributes);
    let element = Element {
        tag: name,
        id: value("id").unwrap_or_default(),
        classes: value("class").unwrap_or_default(),
        attributes,
    };
    sheet.hiding(&element, &style).map(|hiding| (hiding.how, hiding.odd))
}

/// Where the element whose tag ends at `from` ends.
fn element_end(text: &str, opens: &[usize], from: usize, name: &str) -> usize {
    let limit = text.floor_char_boundary((from + LONGEST).min(text.len()));
    let within = text.get(from..limit).unwrap_or_default();
    let mut depth = 0_usize;
    let first = opens.partition_point(|open| *open < from);
    for open in opens.iter().skip(first).take_while(|open| **open < limit).map(|open| open - from) {
        let rest = within.get(open + 1..).unwrap_or_default();
        let (closes, rest) = match rest.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let same = rest.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name))
            && !rest.as_bytes().get(name.len()).is_some_and(u8::is_ascii_alphanumeric);
        if same && closes {
            match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return from + open,
            }
        } else if same {
            depth += 1;
        }
    }
    limit
}

/// Whether what a region holds reads as sentences do, its tags left out.
pub fn is_prose(text: &str) -> bool {
    let mut within_tag = false;
    let (mut letters, mut words) = (0, 0);
    let mut in_word = false;
    for letter in text.chars().take(4096) {
        match letter {
            '<' => within_tag = true,
            '>' => within_tag = false,
            _ if within_tag => {}
            letter if letter.is_alphabetic() => {
                letters += 1;
                words += usize::from(!in_word);
                in_word = true;
            }
            _ => in_word = false,
        }
    }
    (words >= 6 && letters >= 25)
        || text.chars().filter(|letter| super::reading::runs_on(*letter)).count() >= 12
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opens(text: &str) -> Vec<usize> {
        let pass = crate::content::scan::phrases::pass(text, true, &mut Default::default());
        assert!(pass.opens.iter().all(|at| text.as_bytes()[*at] == b'<'));
        pass.opens
    }

    #[test]
    fn what_a_browser_does_not_show() {
        let one = |text: &str| {
            let found = regions(text, &opens(text));
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            (text.get(found[0].from..found[0].to).unwrap().to_owned(), found[0].how, found[0].odd)
        };
        assert_eq!(one("a<!-- x -->b"), (" x ".into(), "comment", false));
        assert_eq!(
            one("<p style='opacity: 0'>x <b>y</b></p>z"),
            ("x <b>y</b>".into(), "opacity", true)
        );
        assert_eq!(
            one("<div style=\"font-size:0px\">x<div>y</div></div>z"),
            ("x<div>y</div>".into(), "font size", true)
        );
        assert_eq!(
            one("<span style=\"color:white;background:#FFF\">x</span>"),
            ("x".into(), "colour", true)
        );
        assert_eq!(one("<span hidden>x</span>"), ("x".into(), "hidden", false));
        assert_eq!(one("<img alt='x y' src=z>"), ("x y".into(), "attribute", false));
        assert_eq!(one("<DIV STYLE='Display : None !important'>x"), ("x".into(), "display", false));
        for plain in [
            "<p style='opacity:.9;font-size:12px'>x</p>",
            "a < b > c",
            "<p>",
            "<3",
            "<a href='x'>y</a>",
            "<",
        ] {
            assert_eq!(regions(plain, &opens(plain)), [], "{plain}");
        }
    }
}
