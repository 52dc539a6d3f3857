//! Which of the lines that come in `grep` lets through, where its pattern is
//! plain enough to say.

use super::super::value::Field;
use crate::text::Text;

/// The lines without those that are certainly held back.
pub(super) fn sifted(program: &str, words: &[Field], lines: Text) -> Text {
    if !matches!(program, "grep" | "egrep" | "fgrep") {
        return lines;
    }
    let Some(sieve) = Sieve::of(words) else { return lines };
    let kept = lines.raw().split_inclusive(['\n', '\0']).filter(|line| {
        let line = Text::from(line.trim_end_matches(['\n', '\0']));
        line.literal().is_none_or(|line| sieve.lets_through(line))
    });
    Text::new(kept.collect::<String>())
}

/// Whether `grep` with these words shows nothing but the names before the `=` of
/// a file of settings: `grep -o '^[A-Z_]*=' .env`. Without the `=`, a line that
/// goes on a value shows its first capitals; with digits or small letters it
/// could show much of it.
pub(crate) fn shows_names<'a>(words: impl IntoIterator<Item = Option<&'a str>>) -> bool {
    const NAMES: &[&str] = &[
        "^[A-Z_]*",
        "^[A-Z_]+",
        "^[A-Z_]*=",
        "^[A-Z_]+=",
        "^[A-Z0-9_]*=",
        "^[A-Z0-9_]+=",
        "^[A-Z_0-9]*=",
        "^[A-Z_0-9]+=",
        "^[A-Z][A-Z0-9_]*=",
        "^[A-Z_][A-Z0-9_]*=",
    ];
    let mut matched = false;
    let mut words = words.into_iter();
    while let Some(Some(word)) = words.next() {
        match word.strip_prefix('-') {
            Some(letters) if !letters.is_empty() => {
                if !letters.bytes().all(|letter| b"oEh".contains(&letter)) {
                    return false;
                }
                matched |= letters.contains('o');
            }
            _ => {
                let files = words.all(|word| word.is_some_and(|word| !word.starts_with('-')));
                return matched && NAMES.contains(&word) && files;
            }
        }
    }
    false
}

/// A pattern of plain letters, or several of which one must fit.
struct Sieve {
    any: Vec<Plain>,
    inverted: bool,
    caseless: bool,
}

struct Plain {
    letters: String,
    /// Whether a letter of any kind stands before them.
    open: bool,
    first: bool,
    last: bool,
}

impl Sieve {
    fn of(words: &[Field]) -> Option<Self> {
        let (mut inverted, mut caseless, mut pattern) = (false, false, None);
        let mut at = words.iter();
        while let Some(word) = at.next() {
            match word.literal()? {
                "-e" => pattern = Some(at.next()?.literal()?),
                "--" => {}
                bundle if bundle.len() > 1 && bundle.starts_with('-') => {
                    if !bundle.bytes().skip(1).all(|letter| b"viEFnha".contains(&letter)) {
                        return None;
                    }
                    inverted |= bundle.contains('v');
                    caseless |= bundle.contains('i');
                }
                text if pattern.is_none() => pattern = Some(text),
                _ => return None,
            }
        }
        let pattern = pattern?.replace("\\|", "|");
        let pattern = pattern.trim_start_matches('(').trim_end_matches(')');
        let pattern = if caseless { pattern.to_lowercase() } else { pattern.to_owned() };
        let any: Option<Vec<Plain>> = pattern.split('|').map(Plain::of).collect();
        Some(Self { any: any?, inverted, caseless })
    }

    /// Whether a line may come through. As a path may be spelled in another
    /// way than it is known, only what is in every spelling holds it back.
    fn lets_through(&self, line: &str) -> bool {
        let line = if self.caseless { line.to_lowercase() } else { line.to_owned() };
        if self.inverted {
            let certain = match line.strip_prefix("./") {
                Some(rest) => rest,
                None => line.rsplit('/').next().unwrap_or(&line),
            };
            return !self.any.iter().any(|one| one.surely_fits(certain));
        }
        self.any.iter().any(|one| one.may_fit(&line))
    }
}

impl Plain {
    fn of(pattern: &str) -> Option<Self> {
        let (first, rest) = match pattern.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, pattern),
        };
        let (last, rest) = match rest.strip_suffix('$') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let letters = rest.replace("\\.", "\u{1}");
        let plain = |letter: char| letter.is_alphanumeric() || "_-/,: \u{1}".contains(letter);
        // A dot as such fits any letter.
        let open = letters.starts_with('.');
        let rest = letters.trim_start_matches('.');
        if rest.is_empty() || !rest.chars().all(plain) || letters.starts_with("..") {
            return None;
        }
        Some(Self { letters: rest.replace('\u{1}', "."), open, first, last })
    }

    fn may_fit(&self, line: &str) -> bool {
        self.first
            || if self.last { line.ends_with(&self.letters) } else { line.contains(&self.letters) }
    }

    fn surely_fits(&self, line: &str) -> bool {
        let dotted = format!(".{}", self.letters);
        let letters = if self.open { &dotted } else { &self.letters };
        !self.first && if self.last { line.ends_with(letters) } else { line.contains(letters) }
    }
}
