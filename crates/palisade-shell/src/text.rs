//! Text that is known only in part.

use std::fmt;

/// Stands for any text, also none.
pub(crate) const ANY: char = '\u{F0000}';
/// An active `*`: any text without a slash.
pub(crate) const STAR: char = '\u{F0001}';
/// An active `?` or `[..]`: any one character but a slash.
pub(crate) const ONE: char = '\u{F0002}';
/// Letters of a name that a program has chosen: unknown like [`ANY`], but none
/// of them is a sign of the shell, a blank or a slash.
pub(crate) const NAME: char = '\u{F0004}';

/// How long a text may get that is put together, in bytes: past it nothing of it
/// is known. Twice a text is twice as long, and a line may say so forty times.
pub(crate) const LONGEST: usize = 64 * 1024;

/// A string some of whose parts may be unknown or patterns.
///
/// Four code points of the last private plane mark the unknown parts; where
/// the input itself holds one of them it is taken for the unknown it marks,
/// which only makes it less known.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text(String);

const fn is_mark(letter: char) -> bool {
    matches!(letter, ANY | STAR | ONE | NAME)
}

impl Text {
    /// Text that is known entirely, but for marks in it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Text of which nothing is known.
    pub fn unknown() -> Self {
        Self(ANY.to_string())
    }

    /// The text, where all of it is known.
    pub fn literal(&self) -> Option<&str> {
        (!self.marked()).then_some(self.0.as_str())
    }

    /// The text under which a file is kept: all of it is known, but for letters
    /// that a program chose, which are the same wherever it stands.
    pub(crate) fn named(&self) -> Option<&str> {
        (!self.marked() || !self.0.contains([ANY, STAR, ONE])).then_some(self.0.as_str())
    }

    /// The known text before the first unknown part.
    pub fn known_prefix(&self) -> &str {
        self.0.split(is_mark).next().unwrap_or("")
    }

    /// The known text after the last unknown part.
    pub fn known_suffix(&self) -> &str {
        self.0.rsplit(is_mark).next().unwrap_or("")
    }

    /// Whether nothing at all is known of it.
    pub fn is_unknown(&self) -> bool {
        !self.0.is_empty() && self.0.chars().all(|letter| letter == ANY || letter == NAME)
    }

    /// Whether it holds a part that is not known (patterns aside).
    pub fn has_unknown(&self) -> bool {
        self.0.contains([ANY, NAME])
    }

    /// Whether an unknown part may be more than letters of a name: code in which
    /// there is one may do anything.
    pub(crate) fn may_hold_code(&self) -> bool {
        self.0.contains(ANY)
    }

    /// Whether it holds an active pattern.
    pub fn has_pattern(&self) -> bool {
        self.0.contains([STAR, ONE])
    }

    /// The parts between slashes, patterns as they are.
    pub fn components(&self) -> impl Iterator<Item = Self> {
        self.0.split('/').filter(|part| !part.is_empty()).map(Self::from)
    }

    /// Whether it begins with a letter that a pattern stands for: which does
    /// not stand for the dot of a hidden file.
    pub fn begins_open(&self) -> bool {
        self.0.starts_with([STAR, ONE])
    }

    /// Whether it is empty, for certain.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn marked(&self) -> bool {
        // Marks are four bytes that begin with 0xF3 0xB0 0x80; most text has no
        // such byte at all.
        self.0.as_bytes().contains(&0xF3) && self.0.contains(is_mark)
    }

    /// The text with its marks, for the evaluator.
    pub(crate) fn raw(&self) -> &str {
        &self.0
    }

    /// Appends; a text that gets longer than is followed is unknown from then on.
    pub fn push(&mut self, text: &str) {
        if self.0.len().saturating_add(text.len()) > LONGEST {
            self.0.clear();
            self.0.push(ANY);
        } else {
            self.0.push_str(text);
        }
    }

    /// What the parts come to, one behind the other, within [`LONGEST`].
    pub(crate) fn joined<'t>(parts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut whole = Self::default();
        for part in parts {
            if whole.0.len().saturating_add(part.len()) > LONGEST {
                return Self::unknown();
            }
            whole.0.push_str(part);
        }
        whole
    }

    /// Whether some text that this may be also matches `pattern`, in which `*`
    /// is any text (slashes included) and `?` one character.
    pub fn may_match(&self, pattern: &str) -> bool {
        if let Some(text) = self.literal() {
            return matches(pattern, text);
        }
        let left: Vec<char> = self.0.chars().collect();
        let right: Vec<char> = pattern
            .chars()
            .map(|letter| match letter {
                '*' => ANY,
                '?' => ONE,
                other => other,
            })
            .collect();
        intersect(&left, &right)
    }

    /// Whether every text that this may be matches `pattern`: certain where
    /// it is literal, else only by its known ends.
    pub fn must_match(&self, pattern: &str) -> bool {
        match self.literal() {
            Some(text) => matches(pattern, text),
            None => match (pattern.split_once('*'), pattern.matches('*').count()) {
                (Some((start, "")), 1) => {
                    self.known_prefix().starts_with(start) && !start.contains('?')
                }
                (Some(("", end)), 1) => self.known_suffix().ends_with(end) && !end.contains('?'),
                (Some((start, end)), 1) => {
                    self.known_prefix().starts_with(start)
                        && self.known_suffix().ends_with(end)
                        && !start.contains('?')
                        && !end.contains('?')
                }
                _ => pattern == "*",
            },
        }
    }
}

/// `*` any text, `?` one character, all else itself.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match (pattern.get(p), text.get(t)) {
            (Some(b'*'), _) => {
                star = Some((p, t));
                p += 1;
            }
            (Some(b'?'), Some(_)) => {
                p += 1;
                t += 1;
            }
            (Some(a), Some(b)) if a == b => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    t = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or(&[]).iter().all(|byte| *byte == b'*')
}

/// A text with every `from` become `to`; none where that is longer than is
/// followed.
pub(crate) fn replaced(text: &str, from: &str, to: &str) -> Option<String> {
    let found = text.matches(from).count();
    let longer = found.saturating_mul(to.len().saturating_sub(from.len()));
    (text.len().saturating_add(longer) <= LONGEST).then(|| text.replace(from, to))
}

/// Whether two patterns have a text in common, by reachable pairs of
/// positions. Cost is the product of the lengths; past a bound the answer is
/// yes.
fn intersect(left: &[char], right: &[char]) -> bool {
    const BOUND: usize = 1 << 20;
    if left.len().saturating_mul(right.len()) > BOUND {
        return true;
    }
    let width = right.len() + 1;
    let mut reachable = vec![false; (left.len() + 1) * width];
    let mut todo = vec![(0usize, 0usize)];
    let run = |letter: Option<&char>| matches!(letter, Some(&(ANY | STAR | NAME)));
    while let Some((l, r)) = todo.pop() {
        let Some(seen) = reachable.get_mut(l * width + r) else { continue };
        if *seen {
            continue;
        }
        *seen = true;
        if l == left.len() && r == right.len() {
            return true;
        }
        let (a, b) = (left.get(l), right.get(r));
        if run(a) {
            todo.push((l + 1, r));
        }
        if run(b) {
            todo.push((l, r + 1));
        }
        if let (Some(&a), Some(&b)) = (a, b) {
            let slash = a == '/' || b == '/';
            let narrow = |letter| letter == STAR || letter == ONE;
            let fits = if is_mark(a) || is_mark(b) {
                !(slash && (narrow(a) || narrow(b)))
            } else {
                a == b
            };
            if fits {
                let a_stays = run(Some(&a));
                let b_stays = run(Some(&b));
                match (a_stays, b_stays) {
                    (true, false) => todo.push((l, r + 1)),
                    (false, true) => todo.push((l + 1, r)),
                    (true, true) => {}
                    (false, false) => todo.push((l + 1, r + 1)),
                }
            }
        }
    }
    false
}

impl fmt::Display for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = None;
        for letter in self.0.chars() {
            if letter == NAME && before.replace(letter) == Some(NAME) {
                continue;
            }
            before = Some(letter);
            match letter {
                ANY | NAME => out.write_str("…")?,
                STAR => out.write_str("*")?,
                ONE => out.write_str("?")?,
                other => fmt::Write::write_char(out, other)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{self}`")
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_meet() {
        let glob = Text::new(format!("/home/u/.ss{ONE}/id_{STAR}"));
        assert!(glob.may_match("/home/*/.ssh/id_*"));
        assert!(!glob.may_match("/etc/*"));
        assert!(Text::unknown().may_match("/etc/shadow"));
        assert!(!Text::new(format!("{STAR}")).may_match("a/b"));
        assert!(Text::from("/etc/shadow").may_match("/etc/*"));
    }

    #[test]
    fn doubling_ends_in_the_unknown() {
        let mut text = Text::from("x");
        for _ in 0..40 {
            let twice = text.clone();
            text.push(twice.raw());
        }
        assert!(text.has_unknown());
        assert!(text.raw().len() <= LONGEST);
        let half = "x".repeat(LONGEST / 2);
        assert!(Text::joined([half.as_str(), half.as_str()]).literal().is_some());
        assert!(Text::joined([half.as_str(), half.as_str(), "x"]).is_unknown());
        assert_eq!(replaced(&half, "x", "xxx"), None);
        assert_eq!(replaced("abab", "b", "c").as_deref(), Some("acac"));
    }

    #[test]
    fn known_ends_decide() {
        let text = Text::new(format!("/etc/{ANY}"));
        assert!(text.must_match("/etc/*"));
        assert!(!text.must_match("/etc/a*"));
        assert_eq!(text.literal(), None);
        assert_eq!(text.to_string(), "/etc/…");
    }
}
