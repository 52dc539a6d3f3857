//! What else a pattern takes in by the shell's options: hidden files, names in
//! other letters, and directories at any depth.

use super::Eval;
use super::value::Field;
use crate::syntax::tree::{Part, Word};
use crate::text::{ANY, ONE, STAR, Text};

/// Options of patterns, as far as one has been seen to be set. They are never
/// taken back: that only sees more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Globbing {
    /// A wildcard takes in the dot of a hidden file.
    pub dots: bool,
    /// Capitals and small letters are the same.
    pub caseless: bool,
}

impl Globbing {
    pub fn join(&mut self, other: Self) {
        self.dots |= other.dots;
        self.caseless |= other.caseless;
    }
}

/// How many parts of a path are tried with and without a dot.
const MOST_OPEN: usize = 3;

impl Eval<'_> {
    /// Notes an option that is set, by its name in bash or zsh: `dotglob`,
    /// `GLOB_DOTS`, `no_case_glob`.
    pub(super) fn note_option(&mut self, name: &Field) {
        let Some(name) = name.literal() else {
            self.state.globbing = Globbing { dots: true, caseless: true };
            return;
        };
        let name: String =
            name.chars().filter(|letter| *letter != '_').flat_map(char::to_lowercase).collect();
        self.state.globbing.join(Globbing {
            dots: name.contains("dotglob") || name.contains("globdots"),
            caseless: name.contains("caseglob"),
        });
    }

    /// `shopt -s dotglob`, `setopt globdots`, `set -o globdots`.
    pub(super) fn note_options(&mut self, fields: &[Field]) {
        for field in fields.iter().skip(1) {
            if !field.text.raw().starts_with(['-', '+']) {
                self.note_option(field);
            }
        }
    }

    fn globbing(&self) -> Globbing {
        let mut globbing = self.state.globbing;
        // A list of what patterns do not take in lets them take in the rest.
        globbing.dots |= self.state.variables.contains_key("GLOBIGNORE");
        if self.state.variables.contains_key("BASHOPTS") {
            globbing = Globbing { dots: true, caseless: true };
        }
        globbing
    }

    /// The other patterns that a word stands for in this shell.
    pub(super) fn variants(&self, field: &Field, hidden: bool) -> Vec<Field> {
        let raw = field.text.raw();
        if !field.text.has_pattern() {
            return Vec::new();
        }
        let mut globbing = self.globbing();
        globbing.dots |= hidden;
        let mut made: Vec<String> = Vec::new();
        if globbing.dots {
            dotted(raw, &mut made);
        }
        if globbing.caseless {
            let mut small: Vec<String> = made.iter().map(|text| lowered(text)).collect();
            small.push(lowered(raw));
            made.extend(small);
        }
        self.deep(raw, &mut made);
        made.retain(|text| text != raw);
        made.into_iter().map(|text| field.with(text)).collect()
    }

    /// `**` through a whole home, as a search through it finds things.
    fn deep(&self, raw: &str, made: &mut Vec<String>) {
        const DEEP: &str = "\u{F0001}\u{F0001}";
        let mut at = 0;
        for part in raw.split('/') {
            if part.trim_start_matches(STAR).is_empty() && part.starts_with(DEEP) {
                let above = raw.get(..at).unwrap_or("");
                let above = if above.is_empty() { "." } else { above };
                let root = self.resolve(&Text::from(above));
                if !self.is_whole(&root) {
                    return;
                }
                let last = raw.rsplit('/').find(|part| !part.is_empty()).unwrap_or("");
                let last = if last.starts_with(DEEP) { "\u{F0001}" } else { last };
                made.push(format!("{}/{ANY}/{last}", root.raw().trim_end_matches('/')));
                return;
            }
            at += part.len() + 1;
        }
    }

    /// Whether a directory is a whole home, or the root.
    pub(super) fn is_whole(&self, directory: &Text) -> bool {
        let home = &self.context.home;
        directory.literal().is_some_and(|at| {
            matches!(at, "/" | "/home" | "/root" | "/Users") || !home.is_empty() && at == home
        })
    }
}

/// The pattern with a dot before the wildcards that parts of it begin with, in
/// each combination.
fn dotted(raw: &str, made: &mut Vec<String>) {
    let parts: Vec<&str> = raw.split('/').collect();
    let open: Vec<usize> = (0..parts.len())
        .filter(|at| parts.get(*at).is_some_and(|part| part.starts_with([STAR, ONE])))
        .collect();
    if open.is_empty() {
        return;
    }
    let all = (1_usize << open.len().min(MOST_OPEN)) - 1;
    for chosen in 1..=all {
        let spelled = parts.iter().enumerate().map(|(at, part)| {
            let place = open.iter().position(|one| *one == at);
            // Beyond the first few, each as written and all with a dot.
            let dot = place.is_some_and(|place| match place < MOST_OPEN {
                true => chosen & (1 << place) != 0,
                false => chosen == all,
            });
            let rest = if dot { part.strip_prefix(ONE).unwrap_or(part) } else { part };
            if dot { format!(".{rest}") } else { rest.to_owned() }
        });
        made.push(spelled.collect::<Vec<_>>().join("/"));
    }
}

/// The parts that are patterns in small letters.
fn lowered(raw: &str) -> String {
    let parts = raw
        .split('/')
        .map(|part| if part.contains([STAR, ONE]) { part.to_lowercase() } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("/")
}

/// Whether a word has an extended pattern that may begin with a dot.
pub(super) fn names_hidden(word: &Word) -> bool {
    word.parts.iter().any(|part| match part {
        Part::Extglob('!', _) => false,
        Part::Extglob(_, words) => words.iter().any(|word| match word.parts.first() {
            None => false,
            Some(Part::Bare(text) | Part::Quoted(text)) => text.starts_with('.'),
            Some(_) => true,
        }),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_tried_in_each_place() {
        let mut made = Vec::new();
        dotted(&format!("a/{STAR}/{ONE}b"), &mut made);
        assert_eq!(
            made,
            [format!("a/.{STAR}/{ONE}b"), format!("a/{STAR}/.b"), format!("a/.{STAR}/.b")]
        );
    }
}
