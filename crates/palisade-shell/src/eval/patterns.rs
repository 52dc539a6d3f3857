//! Patterns of the parameter operators on known text.

use super::value::Field;
use crate::text::{ANY, Text};

/// A pattern word as a glob of `*` and `?`; none where it is not known.
pub(super) fn glob_of(field: &Field) -> Option<Vec<Glob>> {
    let mut pattern = Vec::new();
    for letter in field.text.raw().chars() {
        pattern.push(match letter {
            ANY => return None,
            crate::text::STAR => Glob::Run,
            crate::text::ONE => Glob::One,
            other => Glob::Letter(other),
        });
    }
    Some(pattern)
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Glob {
    Run,
    One,
    Letter(char),
}

fn glob_matches(pattern: &[Glob], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match (pattern.get(p), text.get(t)) {
            (Some(Glob::Run), _) => {
                star = Some((p, t));
                p += 1;
            }
            (Some(Glob::One), Some(_)) => {
                p += 1;
                t += 1;
            }
            (Some(Glob::Letter(a)), Some(b)) if a == b => {
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
    pattern.get(p..).unwrap_or(&[]).iter().all(|one| *one == Glob::Run)
}

/// How much text the pattern operators work on; beyond it they give nothing.
pub(super) const MAX_PATTERN_TEXT: usize = 2048;

pub(super) fn remove(text: &str, pattern: &[Glob], suffix: bool, longest: bool) -> String {
    let letters: Vec<char> = text.chars().take(MAX_PATTERN_TEXT).collect();
    let count = letters.len();
    let cuts: Vec<usize> =
        if suffix == longest { (0..=count).collect() } else { (0..=count).rev().collect() };
    for cut in cuts {
        let (part, rest) = if suffix {
            (letters.get(cut..), letters.get(..cut))
        } else {
            (letters.get(..cut), letters.get(cut..))
        };
        if let (Some(part), Some(rest)) = (part, rest)
            && glob_matches(pattern, part)
        {
            return rest.iter().collect();
        }
    }
    text.to_owned()
}

/// `#` and `%` on text known in part, where its known end decides: a literal
/// suffix or prefix, `%.*`, `##*/`.
pub(super) fn remove_known(text: &Text, pattern: &[Glob], suffix: bool, longest: bool) -> Text {
    let raw = text.raw();
    // A name below the working directory stays one without its end.
    if suffix
        && raw.strip_prefix("./").is_some_and(|rest| rest.chars().eq([ANY]))
        && !pattern.contains(&Glob::Letter('/'))
    {
        return text.clone();
    }
    let letters: Option<String> = pattern
        .iter()
        .map(|one| match one {
            Glob::Letter(letter) => Some(*letter),
            _ => None,
        })
        .collect();
    if let Some(known) = letters {
        let cut = if suffix {
            raw.strip_suffix(known.as_str())
        } else {
            raw.strip_prefix(known.as_str())
        };
        return cut.map_or_else(Text::unknown, Text::new);
    }
    match pattern {
        [Glob::Letter(mark), Glob::Run] if suffix && !longest => {
            let known = text.known_suffix();
            match known.rfind(*mark) {
                Some(at) => Text::new(raw.get(..raw.len() - known.len() + at).unwrap_or(raw)),
                None => Text::unknown(),
            }
        }
        [Glob::Run, Glob::Letter(mark)] if !suffix && longest => {
            let known = text.known_suffix();
            match known.rfind(*mark) {
                Some(at) => Text::new(known.get(at + mark.len_utf8()..).unwrap_or("")),
                None => match raw.rfind(*mark) {
                    Some(at) if !raw.get(at..).unwrap_or("").contains(ANY) => {
                        Text::new(raw.get(at + mark.len_utf8()..).unwrap_or(""))
                    }
                    _ => Text::unknown(),
                },
            }
        }
        _ => Text::unknown(),
    }
}

pub(super) fn substitute(
    text: &str,
    pattern: &[Glob],
    by: &str,
    all: bool,
    anchor: Option<char>,
) -> String {
    if pattern.is_empty() && anchor.is_none() {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().take(MAX_PATTERN_TEXT).collect();
    let count = letters.len();
    let fixed = (!pattern.contains(&Glob::Run)).then_some(pattern.len());
    let longest_at = |at: usize| -> Option<usize> {
        let ends: Vec<usize> = match fixed {
            Some(length) => vec![at + length],
            None => (at..=count).rev().collect(),
        };
        ends.into_iter()
            .find(|end| letters.get(at..*end).is_some_and(|part| glob_matches(pattern, part)))
    };
    let mut out = String::new();
    let mut at = 0;
    match anchor {
        Some('#') => {
            if let Some(end) = longest_at(0) {
                out.push_str(by);
                at = end;
            }
        }
        Some(_) => {
            if let Some(start) = (0..=count)
                .find(|start| letters.get(*start..).is_some_and(|part| glob_matches(pattern, part)))
            {
                out.extend(letters.get(..start).unwrap_or(&[]));
                out.push_str(by);
                return out;
            }
        }
        None => {
            while at < count {
                match longest_at(at).filter(|end| *end > at) {
                    Some(end) => {
                        out.push_str(by);
                        at = end;
                        if !all {
                            break;
                        }
                    }
                    None => {
                        out.extend(letters.get(at));
                        at += 1;
                    }
                }
            }
        }
    }
    out.extend(letters.get(at..).unwrap_or(&[]));
    out
}
