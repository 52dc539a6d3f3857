//! Secrets taken out of text, and nothing else.
//!
//! [`Redactor`] replaces the value of a secret by `[redacted:<kind>]` and
//! leaves the text around it as it is: field names, quotes, the scheme of an
//! `Authorization` header, the user and host of a URL, the first and last line
//! of a key. What it knows:
//!
//! - tokens with a maker's mark: OpenAI and Anthropic (`sk-`), GitHub (`ghp_`,
//!   `gho_`, `ghu_`, `ghs_`, `ghr_`, `github_pat_`), Slack (`xox?-`, `xapp-`),
//!   Google (`AIza`), AWS key ids (`AKIA`, `ASIA`), GitLab (`glpat-` and its
//!   kin), npm, Hugging Face, Telegram bots, Stripe, PyPI, DigitalOcean,
//!   Shopify, age;
//! - JSON web tokens, private keys in PEM, passwords in URLs, the value of
//!   `Authorization`;
//! - every value of [`Secret`] it was given, also in base64 (at any of the
//!   three offsets), base64url, hex, percent-encoding and JSON escapes.
//!
//! One pass finds the few places where a secret could begin (a vectorised
//! search for the marks), and a look at each decides. The decision depends on
//! the text alone and not on how it arrives, so [`Stream`] gives for any
//! pieces what [`Redactor::redact`] gives for the whole.
//!
//! Ordinary text stays: digests, `sha512-` integrity values, UUIDs, base64
//! without a mark, placeholders (`${TOKEN}`, `<password>`, `sk-xxxx`) and the
//! makers' own documentation examples.
//!
//! **Known gaps.** Secrets without a mark that nobody named (random passwords,
//! AWS secret keys, session cookies) pass. So do marked tokens that are split
//! over lines, spelled backwards, encrypted or encoded; a person's own words;
//! known values shorter than [`SHORTEST`] bytes, which would redact half of
//! any text; values in two encodings at once. A PEM key without its end line
//! is redacted up to the first character that no key holds.

mod families;
mod filter;
mod known;

use families::{Family, Look, Swallow, searcher};
pub(super) use known::{Known, forms};
use std::borrow::Cow;

/// Known values below so many bytes are not looked for.
pub const SHORTEST: usize = 6;
/// How far back a look may go.
const BACK: usize = 32;
/// A private key is redacted for at most so many bytes.
const LONGEST_KEY: usize = 64 * 1024;

/// A value that must never be shown, and the name to show in its place.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its name, as in the profile's `.env`.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Takes secrets out of text.
#[derive(Debug)]
pub struct Redactor {
    known: Option<Known>,
}

/// A secret in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where it stands, in bytes.
    pub range: std::ops::Range<usize>,
    /// Its kind, or its name where it is a known one.
    pub name: String,
}

/// Where in the text we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// In ordinary text.
    #[default]
    Text,
    /// In a token whose beginning is already redacted.
    Token(Swallow),
    /// In a private key, so many bytes in.
    Key(usize),
}

impl Redactor {
    /// A redactor that also knows these values.
    pub fn new(known: &[Secret]) -> Self {
        Self { known: Known::new(known) }
    }

    /// The text without its secrets; borrowed where there were none.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut pass = Pass::at(State::Text, 0);
        pass.run(self, text, 0, true);
        if pass.changed { Cow::Owned(pass.out) } else { Cow::Borrowed(text) }
    }

    /// Where the secrets in the text stand, and what would be shown instead of
    /// each.
    pub fn find(&self, text: &str) -> Vec<Place> {
        let mut pass = Pass { places: Some(Vec::new()), ..Pass::at(State::Text, 0) };
        pass.run(self, text, 0, true);
        pass.places.unwrap_or_default()
    }

    /// The same for text that arrives in pieces.
    pub fn stream(&self) -> Stream<'_> {
        Stream { redactor: self, buffer: String::new(), done: 0, state: State::Text }
    }

    /// Where the end of `text` may be the beginning of a mark or a value.
    fn unfinished(&self, text: &str, from: usize) -> usize {
        let family = searcher().unfinished(text.as_bytes(), from);
        let known =
            self.known.as_ref().map_or(text.len(), |known| known.unfinished(text.as_bytes(), from));
        family.min(known)
    }
}

enum Candidate {
    Family(usize, Family),
    /// From, to, and the index of the name.
    Known(usize, usize, usize),
}

/// What each search found ahead, so that no stretch is searched twice.
#[derive(Default)]
struct Ahead {
    family: Found<(usize, Family)>,
    known: Found<(usize, usize, usize)>,
}

/// The result of a search: not made yet, or what it found.
type Found<T> = Option<Option<T>>;

impl Ahead {
    /// The next place at or after `from` where a secret could begin.
    fn next(&mut self, redactor: &Redactor, text: &str, from: usize) -> Option<Candidate> {
        if self.family.is_none_or(|found| found.is_some_and(|(at, _)| at < from)) {
            self.family = Some(searcher().find(text.as_bytes(), from));
        }
        if self.known.is_none_or(|found| found.is_some_and(|(at, ..)| at < from)) {
            self.known =
                Some(redactor.known.as_ref().and_then(|known| known.find(text.as_bytes(), from)));
        }
        match (self.family.flatten(), self.known.flatten()) {
            (Some((at, family)), None) => Some(Candidate::Family(at, family)),
            (Some((at, family)), Some((start, ..))) if at < start => {
                Some(Candidate::Family(at, family))
            }
            (_, Some((start, end, name))) => Some(Candidate::Known(start, end, name)),
            (None, None) => None,
        }
    }
}

/// One walk over a text.
struct Pass {
    state: State,
    out: String,
    /// Everything before this is in `out`.
    kept: usize,
    changed: bool,
    /// The secrets, where somebody asked for them.
    places: Option<Vec<Place>>,
}

impl Pass {
    fn at(state: State, kept: usize) -> Self {
        Self { state, out: String::new(), kept, changed: false, places: None }
    }

    /// What was found last goes on to here.
    fn extend(&mut self, to: usize) {
        if let Some(last) = self.places.as_mut().and_then(|places| places.last_mut()) {
            last.range.end = to;
        }
    }

    /// Walks from `at` as far as can be decided, and says how far that is.
    fn run(&mut self, redactor: &Redactor, text: &str, mut at: usize, end: bool) -> usize {
        let bytes = text.as_bytes();
        self.kept = at;
        let mut ahead = Ahead::default();
        let limit = if end { bytes.len() } else { redactor.unfinished(text, at) };
        loop {
            match self.state {
                State::Token(swallow) => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let run = rest.iter().take_while(|byte| swallow.takes(**byte)).count();
                    at += run;
                    self.kept = at;
                    self.extend(at);
                    if at == bytes.len() {
                        return at;
                    }
                    self.state = State::Text;
                }
                State::Key(so_far) => {
                    let (inside, over) = key_body(bytes.get(at..).unwrap_or_default(), end);
                    let inside = inside.min(LONGEST_KEY.saturating_sub(so_far));
                    at += inside;
                    self.kept = at;
                    self.extend(at);
                    if !over && so_far + inside < LONGEST_KEY {
                        self.state = State::Key(so_far + inside);
                        return at;
                    }
                    self.state = State::Text;
                }
                State::Text => {}
            }
            let found = ahead.next(redactor, text, at);
            let (value_from, resume, name, state) = match found {
                Some(Candidate::Known(start, end, name)) if start < limit => (
                    start,
                    end,
                    redactor.known.as_ref().map_or("secret", |known| known.name(name)),
                    State::Text,
                ),
                Some(Candidate::Family(start, family)) if start < limit => {
                    match family.look(bytes, start, end) {
                        Look::Nothing => {
                            at = start + 1;
                            continue;
                        }
                        Look::More => {
                            self.keep(text, start);
                            return start;
                        }
                        Look::Secret { from, to, then } => {
                            (from, to, family.name(), then.map_or(State::Text, State::Token))
                        }
                        Look::Key { from } => (from, from, family.name(), State::Key(0)),
                    }
                }
                _ => {
                    let stop = limit.max(at);
                    self.keep(text, stop);
                    return stop;
                }
            };
            self.keep(text, value_from);
            if let Some(places) = self.places.as_mut() {
                places.push(Place { range: value_from..resume, name: name.to_owned() });
            }
            if self.places.is_none() {
                self.out.push_str("[redacted:");
                self.out.push_str(name);
                self.out.push(']');
            }
            self.changed = true;
            self.kept = resume;
            self.state = state;
            at = resume;
        }
    }

    /// Takes the text up to `to` over as it is, unless only places are asked for.
    fn keep(&mut self, text: &str, to: usize) {
        if self.places.is_none()
            && let Some(part) = text.get(self.kept..to)
        {
            self.out.push_str(part);
            self.kept = to;
        }
    }
}

/// How many bytes belong to a private key's body, and whether its end is seen.
fn key_body(bytes: &[u8], end: bool) -> (usize, bool) {
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'-' => {
                let rest = bytes.get(at..).unwrap_or_default();
                let mark = b"-----END";
                if rest.starts_with(mark) {
                    return (at, true);
                }
                if !end && rest.len() < mark.len() && mark.starts_with(rest) {
                    return (at, false);
                }
            }
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'+'
            | b'/'
            | b'='
            | b'\\'
            | b'"'
            | b'\''
            | b','
            | b':'
            | b'.'
            | b'#'
            | b'*'
            | b'|'
            | b'>'
            | b' '
            | b'\t'
            | b'\r'
            | b'\n' => {}
            _ => return (at, true),
        }
        at += 1;
    }
    (at, end)
}

/// Text on its way, in pieces.
#[derive(Debug)]
pub struct Stream<'r> {
    redactor: &'r Redactor,
    /// The end of what was given out, for looking back, and what is held.
    buffer: String,
    done: usize,
    state: State,
}

impl Stream<'_> {
    /// Takes the next piece and gives out what is decided. What could be the
    /// beginning of a secret is held until more text says whether it is.
    pub fn push(&mut self, piece: &str) -> String {
        self.buffer.push_str(piece);
        self.walk(false)
    }

    /// Gives out the rest.
    pub fn finish(mut self) -> String {
        self.walk(true)
    }

    fn walk(&mut self, end: bool) -> String {
        let mut pass = Pass::at(self.state, self.done);
        self.done = pass.run(self.redactor, &self.buffer, self.done, end);
        self.state = pass.state;
        let useless = self.buffer.floor_char_boundary(self.done.saturating_sub(BACK));
        self.buffer.drain(..useless);
        self.done -= useless;
        pass.out
    }
}

#[cfg(test)]
mod tests;
