//! The values of known secrets in what is about to leave: an address, a
//! header, a body.
//!
//! [`Outgoing::find`] looks for every known value as it is, in base64 (at any
//! offset, standard or for URLs), hex in either case, percent-encoding, escapes
//! of JSON and HTML; backwards and in rot13; with separators between its
//! letters, in another case, or divided over the parameters of a query, the
//! segments of a path or the strings of a JSON body; and in any two of these
//! within each other.
//!
//! **Known gaps.** Compression and encryption; a value divided over several
//! requests, or over parameters in another order; a value taken apart by rules
//! of the sender's own (every second letter, words for letters). Values below
//! [`SHORTEST`](super::SHORTEST) bytes are not looked for, those below
//! [`WHOLE_ONLY`] bytes not backwards, in rot13 or divided. In a body of
//! more than 256 KiB one encoding is undone, and not two within each other.

use super::redact::{Known, SHORTEST, Secret, forms};
use super::scan::decode;
use std::collections::VecDeque;

/// Shorter values are looked for in one piece and the right way round only.
pub const WHOLE_ONLY: usize = 8;
/// So many decodings within each other.
const DEEPEST: usize = 2;
/// In what is longer, one encoding is undone and not two within each other.
const PAIRS: usize = 256 << 10;

/// A known value that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// The secret's name; never its value.
    pub name: String,
    /// By which steps it had to be read, outermost first: `base64`, `escapes`,
    /// `divided`; empty where it stands there in a form that one search finds.
    pub steps: Vec<&'static str>,
}

/// Known values, ready to be searched for.
#[derive(Debug)]
pub struct Outgoing {
    /// In the forms of one encoding.
    whole: Option<Known>,
    /// The same of values that may stand backwards.
    turned: Option<Known>,
    /// Letters and digits alone.
    bare: Option<Known>,
    /// No value that is looked for is shorter.
    shortest: usize,
}

/// Something to be searched, and how it came about.
struct Node {
    bytes: Vec<u8>,
    steps: Vec<&'static str>,
    depth: usize,
}

impl Outgoing {
    /// A search for these values.
    pub fn new(secrets: &[Secret]) -> Self {
        let long: Vec<Secret> =
            secrets.iter().filter(|secret| secret.value.len() >= WHOLE_ONLY).cloned().collect();
        let lengths = secrets.iter().map(|secret| secret.value.trim().len());
        Self {
            shortest: lengths.filter(|length| *length >= SHORTEST).min().unwrap_or(SHORTEST),
            whole: Known::new(secrets),
            turned: Known::in_forms(&long, SHORTEST, false, forms),
            bare: Known::in_forms(&long, WHOLE_ONLY, true, |value| {
                let mut forms: Vec<String> = forms(value).iter().map(|form| bare(form)).collect();
                // A word of letters alone stands in ordinary text too, with
                // what divides words between any two of its letters.
                forms.retain(|form| {
                    form.len() >= 12 || form.bytes().any(|byte| byte.is_ascii_digit())
                });
                forms
            }),
        }
    }

    /// Whether there is nothing to search for.
    pub fn is_empty(&self) -> bool {
        self.whole.is_none()
    }

    /// The first known value in `bytes`: a whole address, the value of a
    /// header, a body.
    pub fn find(&self, bytes: &[u8]) -> Option<Leak> {
        if self.is_empty() {
            return None;
        }
        let deepest = if bytes.len() <= PAIRS { DEEPEST } else { 1 };
        let mut queue =
            VecDeque::from([Node { bytes: bytes.to_vec(), steps: Vec::new(), depth: 0 }]);
        while let Some(node) = queue.pop_front() {
            if let Some(leak) = self.find_in(&node) {
                return Some(leak);
            }
            if node.depth == deepest {
                continue;
            }
            for (step, bytes) in readings(&node.bytes, self.shortest, bytes.len() <= PAIRS) {
                let mut steps = node.steps.clone();
                steps.push(step);
                queue.push_back(Node { bytes, steps, depth: node.depth + 1 });
            }
        }
        None
    }

    /// The same for a request of several parts (address, headers, body): each
    /// by itself, and a value that is divided over them in their order.
    pub fn find_in_parts(&self, parts: &[&[u8]]) -> Option<Leak> {
        parts.iter().find_map(|part| self.find(part)).or_else(|| {
            let mut leak = self.find(&parts.concat())?;
            leak.steps.insert(0, "divided");
            Some(leak)
        })
    }

    fn find_in(&self, node: &Node) -> Option<Leak> {
        let search = |known: &Option<Known>, bytes: &[u8], more: &[&'static str]| {
            let known = known.as_ref()?;
            let (.., owner) = known.find(bytes, 0)?;
            let steps = node.steps.iter().chain(more).copied().collect();
            Some(Leak { name: known.name(owner).to_owned(), steps })
        };
        let bytes = node.bytes.as_slice();
        let backwards: Vec<u8> = bytes.iter().rev().copied().collect();
        search(&self.whole, bytes, &[])
            .or_else(|| search(&self.turned, &backwards, &["reversed"]))
            .or_else(|| search(&self.turned, &rot13(bytes), &["rot13"]))
            .or_else(|| search(&self.turned, &rot13(&backwards), &["rot13", "reversed"]))
            .or_else(|| {
                let bare = bare_bytes(bytes);
                search(&self.bare, &bare, &["divided"])
                    .or_else(|| {
                        let backwards: Vec<u8> = bare.iter().rev().copied().collect();
                        search(&self.bare, &backwards, &["divided", "reversed"])
                    })
                    .or_else(|| search(&self.bare, &rot13(&bare), &["divided", "rot13"]))
            })
    }
}

/// The other ways to read what leaves, in which values of at least `shortest`
/// bytes could stand; with `turned` also of what stands backwards or in rot13.
fn readings(bytes: &[u8], shortest: usize, turned: bool) -> Vec<(&'static str, Vec<u8>)> {
    let mut out = Vec::new();
    for read in [parameters(bytes), strings(bytes)].into_iter().flatten() {
        out.push(("divided", read));
    }
    let mut texts = vec![(None, bytes.to_vec())];
    if turned {
        texts.push((Some("reversed"), bytes.iter().rev().copied().collect()));
        texts.push((Some("rot13"), rot13(bytes)));
    }
    for (turned, text) in texts {
        if let Some(read) = unescaped(&text) {
            out.push((turned.unwrap_or("escapes"), read));
        }
        // What came of all the runs together is searched at once. What stands
        // before a value in its run may be no part of the encoding.
        let mut base64 = [(); 4].map(|()| Vec::new());
        let mut hexes = [(); 2].map(|()| Vec::new());
        for (from, to) in runs(&text, 2 * shortest, u8::is_ascii_hexdigit) {
            let run = text.get(from..to).unwrap_or_default();
            for (skip, out) in hexes.iter_mut().enumerate() {
                out.extend(hex(run.get(skip..).unwrap_or_default()));
                out.push(0);
            }
        }
        let letter =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
        for (from, to) in runs(&text, shortest + shortest / 3, letter) {
            let run = text.get(from..to).unwrap_or_default();
            for (skip, out) in base64.iter_mut().enumerate() {
                let run = run.get(skip..).unwrap_or_default().iter().copied();
                out.extend(decode::base64_bytes(run).unwrap_or_default());
                out.push(0);
            }
        }
        let hexes = hexes.into_iter().map(|read| (turned.unwrap_or("hex"), read));
        let base64 = base64.into_iter().map(|read| (turned.unwrap_or("base64"), read));
        out.extend(hexes.chain(base64).filter(|(_, read)| read.len() > shortest));
    }
    out
}

/// Runs of at least `shortest` of these letters.
fn runs(bytes: &[u8], shortest: usize, letter: impl Fn(&u8) -> bool) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut from = 0;
    for at in 0..=bytes.len() {
        if !bytes.get(at).is_some_and(&letter) {
            if at - from >= shortest {
                found.push((from, at));
            }
            from = at + 1;
        }
    }
    found
}

fn hex(run: &[u8]) -> Vec<u8> {
    run.chunks_exact(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// Percent-encoding and the escapes of JSON, HTML and code undone; `None`
/// where there are none.
fn unescaped(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut changed = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        let rest = bytes.get(at..).unwrap_or_default();
        let short = match (byte, rest.get(1)) {
            (b'\\', Some(b'n')) => Some(b'\n'),
            (b'\\', Some(b'r')) => Some(b'\r'),
            (b'\\', Some(b't')) => Some(b'\t'),
            (b'\\', Some(sign @ (b'"' | b'\\' | b'/' | b'\''))) => Some(*sign),
            _ => None,
        };
        if let Some(short) = short {
            out.push(short);
            at += 2;
            changed = true;
        } else if byte == b'%'
            && let Some(pair) = rest.get(1..3)
            && pair.iter().all(u8::is_ascii_hexdigit)
        {
            out.extend(hex(pair));
            at += 3;
            changed = true;
        } else if matches!(byte, b'\\' | b'&')
            && let Some((letter, length)) = decode::escape(rest)
        {
            out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            at += length;
            changed = true;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    changed.then_some(out)
}

/// The values of a query or form one after the other, without their names.
fn parameters(bytes: &[u8]) -> Option<Vec<u8>> {
    let query = bytes.iter().position(|byte| *byte == b'?').map_or(0, |at| at + 1);
    let query = bytes.get(query..)?;
    let parts: Vec<&[u8]> =
        query.split(|byte| matches!(byte, b'&' | b';' | b'\n' | b'#')).collect();
    if parts.len() < 2 {
        return None;
    }
    let mut out = Vec::new();
    for part in parts {
        let value = part.iter().position(|byte| matches!(byte, b'=' | b':')).map_or(0, |at| at + 1);
        out.extend_from_slice(part.get(value..).unwrap_or_default().trim_ascii());
    }
    Some(out)
}

/// The strings of a JSON text one after the other, without those that are
/// names.
fn strings(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut count = 0;
    let mut at = 0;
    while let Some(open) =
        bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'"'))
    {
        let from = at + open + 1;
        let mut to = from;
        while bytes.get(to).is_some_and(|byte| *byte != b'"') {
            to += if bytes.get(to) == Some(&b'\\') { 2 } else { 1 };
        }
        let after = bytes.get(to + 1..).unwrap_or_default().trim_ascii_start();
        if after.first() != Some(&b':') {
            out.extend_from_slice(bytes.get(from..to.min(bytes.len())).unwrap_or_default());
            count += 1;
        }
        at = to + 1;
    }
    (count >= 2).then_some(out)
}

fn rot13(bytes: &[u8]) -> Vec<u8> {
    bytes
        .iter()
        .map(|byte| match byte {
            b'a'..=b'z' => b'a' + (byte - b'a' + 13) % 26,
            b'A'..=b'Z' => b'A' + (byte - b'A' + 13) % 26,
            other => *other,
        })
        .collect()
}

fn bare(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn bare_bytes(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(u8::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
pub(super) mod tests;
