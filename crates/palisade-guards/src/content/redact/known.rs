//! The values of a profile's secrets, in the encodings they travel in.

use super::{SHORTEST, Secret};
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Known values, ready to be found.
#[derive(Debug)]
pub struct Known {
    finder: AhoCorasick,
    patterns: Vec<String>,
    /// Which name belongs to which pattern.
    owners: Vec<usize>,
    names: Vec<String>,
    longest: usize,
}

impl Known {
    /// `None` where there is nothing to find.
    pub fn new(secrets: &[Secret]) -> Option<Self> {
        Self::in_forms(secrets, SHORTEST, false, forms)
    }

    /// The values of at least `shortest` bytes, in the forms that `forms`
    /// gives; `None` where there is nothing to find.
    pub fn in_forms(
        secrets: &[Secret],
        shortest: usize,
        any_case: bool,
        forms: impl Fn(&str) -> Vec<String>,
    ) -> Option<Self> {
        let mut seen = BTreeSet::new();
        let mut patterns = Vec::new();
        let mut owners = Vec::new();
        let mut names = Vec::new();
        for secret in secrets.iter().filter(|secret| secret.value.len() >= shortest) {
            let mut forms = forms(&secret.value);
            forms.retain(|form| form.len() >= shortest && seen.insert(form.clone()));
            owners.extend(forms.iter().map(|_| names.len()));
            patterns.append(&mut forms);
            names.push(plain(&secret.name));
        }
        let longest = patterns.iter().map(String::len).max()?;
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(any_case)
            .build(&patterns)
            .ok()?;
        Some(Self { finder, patterns, owners, names, longest })
    }

    /// From, to, and the index of the name of the next value.
    pub fn find(&self, text: &[u8], from: usize) -> Option<(usize, usize, usize)> {
        let found =
            self.finder.find(aho_corasick::Input::new(text).range(from.min(text.len())..))?;
        let owner = self.owners.get(found.pattern().as_usize())?;
        Some((found.start(), found.end(), *owner))
    }

    /// Where the end of the text may be the beginning of a value.
    pub fn unfinished(&self, bytes: &[u8], from: usize) -> usize {
        let first = bytes.len().saturating_sub(self.longest - 1).max(from);
        (first..bytes.len())
            .find(|at| {
                let tail = bytes.get(*at..).unwrap_or_default();
                self.patterns.iter().any(|pattern| {
                    pattern.len() > tail.len() && pattern.as_bytes().starts_with(tail)
                })
            })
            .unwrap_or(bytes.len())
    }

    /// The name at an index.
    pub fn name(&self, index: usize) -> &str {
        self.names.get(index).map_or("secret", String::as_str)
    }
}

/// A name that can stand between brackets.
fn plain(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if !name.is_empty() && name.len() <= 64 && name.chars().all(fits) {
        name.to_owned()
    } else {
        "secret".into()
    }
}

/// The forms a value takes on its way.
pub fn forms(value: &str) -> Vec<String> {
    let bytes = value.as_bytes();
    let mut forms = vec![value.to_owned(), value.trim().to_owned()];
    forms.push(escaped(value));
    let mut percent = String::new();
    let mut hex = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) {
            percent.push(char::from(*byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(percent, "%{byte:02X}");
        }
        let _ = write!(hex, "{byte:02x}");
    }
    forms.push(percent.clone());
    forms.push(percent.to_ascii_lowercase());
    forms.push(hex.to_ascii_uppercase());
    forms.push(hex);
    for offset in 0..3 {
        let standard = base64_within(bytes, offset);
        forms.push(standard.replace('+', "-").replace('/', "_"));
        forms.push(standard);
    }
    forms
}

fn escaped(value: &str) -> String {
    let mut text = String::new();
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c => text.push(c),
        }
    }
    text
}

/// The base64 characters that `bytes` alone determine when so many other bytes
/// stand before them (modulo three) and any behind.
fn base64_within(bytes: &[u8], before: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let first_bit = before * 8;
    let bits = first_bit + bytes.len() * 8;
    let bit = |at: usize| -> u8 {
        let within = at - first_bit;
        bytes.get(within / 8).map_or(0, |byte| byte >> (7 - within % 8) & 1)
    };
    (first_bit.div_ceil(6)..bits / 6)
        .filter_map(|group| {
            let index = (0..6).fold(0, |index, offset| index << 1 | bit(group * 6 + offset));
            LETTERS.get(usize::from(index)).copied().map(char::from)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_at_every_offset() {
        assert_eq!(base64_within(b"Many hands", 0), "TWFueSBoYW5kc");
        // "x" and "xy" before it: eE1hbnkgaGFuZHM=, eHlNYW55IGhhbmRz
        assert_eq!(base64_within(b"Many hands", 1), "1hbnkgaGFuZH");
        assert_eq!(base64_within(b"Many hands", 2), "NYW55IGhhbmRz");
    }
}
