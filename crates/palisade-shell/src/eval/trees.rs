//! What lies in the trees that a command takes in, as far as the caller has
//! looked.

use super::Eval;
use super::state::File;
use super::value::{Field, Stream};
use crate::effect::{EffectKind, Labels, Writing};
use crate::span::Span;
use crate::text::Text;
use crate::trees::{Ignored, Search, Tree};

/// How many files of the line there may be before copies of trees add no more.
const MOST_FILES: usize = 1024;

impl Eval<'_> {
    /// The files of secrets in a tree: those that the caller has found there,
    /// and those that the line has put there. `None` for a directory that is
    /// judged as a whole.
    pub(super) fn below(&mut self, tree: Tree) -> Vec<Text> {
        let root = Text::new(tree.root.as_str());
        if root.named().is_none() || !tree.root.starts_with('/') || self.is_whole(&root) {
            return Vec::new();
        }
        let mut found: Vec<Text> = Vec::new();
        let inside = format!("{}/", tree.root.trim_end_matches('/'));
        let written = self.state.files.iter().filter(|(path, file)| {
            file.labels.has(Labels::SECRET) && path.starts_with(&inside) && tree.takes(path)
        });
        found.extend(written.map(|(path, _)| Text::new(path.as_str())));
        if let Some(known) = self.context.trees.get(&tree) {
            found.extend(known.iter().map(|path| Text::new(path.as_str())));
        }
        self.out.trees.insert(tree);
        found
    }

    /// Puts copies of the files of secrets of a tree at the same places below
    /// another directory: as `from` itself, or in it by its name.
    pub(super) fn copy_tree(&mut self, mut tree: Tree, from: &Text, into: &str) {
        let above = |path: &str| path.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
        let root = match from.named() {
            Some(root) => root.to_owned(),
            // `dir/*`: what lies in it.
            None => above(from.known_prefix()),
        };
        root.clone_into(&mut tree.root);
        for path in self.below(tree) {
            let Some(known) = path.named() else { continue };
            let Some(below) = known.strip_prefix(root.trim_end_matches('/')) else { continue };
            let ends = known.match_indices('/').map(|(at, _)| at).chain([known.len()]);
            let mut parts = ends.filter_map(|end| known.get(..end));
            if from.named().is_none() && !parts.any(|part| from.may_match(part)) {
                continue;
            }
            let base = root.rsplit('/').next().unwrap_or("");
            self.copy_secret(&path, &format!("{into}{below}"));
            if from.named().is_some() {
                self.copy_secret(&path, &format!("{into}/{base}{below}"));
            }
        }
    }

    /// A file of the line that holds what a file of secrets does.
    pub(super) fn copy_secret(&mut self, from: &Text, to: &str) {
        if from.named() == Some(to) || self.state.files.len() >= MOST_FILES {
            return;
        }
        let before = from.named().and_then(|from| self.state.files.get(from)?.copy_of.clone());
        let labels = Labels::SECRET.and(Labels::WRITTEN);
        let copy_of = Some(before.unwrap_or_else(|| from.clone()));
        self.state.files.insert(to.to_owned(), File { labels, copy_of, ..File::default() });
    }

    /// Puts what the line has packed of secrets below another directory.
    pub(super) fn unpack(&mut self, into: &Text) {
        let Some(into) = into.named() else { return };
        for (path, root) in self.packed.clone() {
            let below = path.raw().strip_prefix(root.trim_end_matches('/')).unwrap_or("");
            let base = root.rsplit('/').next().unwrap_or("");
            self.copy_secret(&path, &format!("{into}{below}"));
            self.copy_secret(&path, &format!("{into}/{base}{below}"));
        }
    }

    /// Reads what of a tree is secret.
    pub(super) fn read_below(&mut self, tree: Tree, span: Span) -> Stream {
        let mut all = Stream::nothing();
        for path in self.below(tree) {
            all.then(self.read(&path, span));
        }
        all.text = None;
        all
    }

    /// What all of a tree carries that is packed: nobody sees it until it is
    /// printed or sent.
    pub(super) fn carried_below(&mut self, tree: Tree, span: Span) -> Labels {
        let mut labels = Labels::NONE;
        let root = tree.root.clone();
        for path in self.below(tree) {
            labels = Labels::SECRET;
            self.packed.push((path.clone(), root.clone()));
            self.emit(EffectKind::List { path }, labels, span);
        }
        labels
    }

    /// Whether a search that goes on now shows nothing secret of this file.
    pub(super) fn passes_over(&mut self, path: &Text) -> bool {
        let (Some(needle), Some(known)) = (&self.needle, path.named()) else { return false };
        let known = match self.state.files.get(known) {
            // As it was, where it was.
            Some(File { copy_of: Some(of), .. }) if of.named().is_some() => of.raw(),
            Some(_) => return false,
            None => known,
        };
        let search = Search { path: known.to_owned(), needle: needle.clone() };
        let shows = self.context.searches.get(&search).copied();
        self.out.searches.insert(search);
        shows == Some(false)
    }

    /// Notes that what git ignores was changed: by what is written, as far as
    /// that is known. To add a rule lets nothing in.
    pub(super) fn ignores(&mut self, path: &Text, how: Option<Writing>, stream: &Stream) {
        if !is_rules(path) {
            return;
        }
        let text = stream.text.as_ref().and_then(Text::literal);
        let before = self.ignored.take();
        self.ignored = match (how, text) {
            (Some(Writing::Append), Some(text)) if !text.contains('!') => match before {
                Some(Ignored::By(before)) => Some(Ignored::By(before + text)),
                before => before,
            },
            (Some(Writing::Replace), Some(text))
                if path.known_suffix().ends_with("/.gitignore") =>
            {
                Some(Ignored::By(text.to_owned()))
            }
            (Some(Writing::Attributes), _) => before,
            _ => Some(Ignored::Nothing),
        };
    }

    /// Which rules say what git ignores, after what the line has done to them.
    pub(super) fn rules_of_ignoring(&self) -> Ignored {
        self.ignored.clone().unwrap_or(Ignored::OnDisk)
    }
}

/// Whether a file says what git ignores.
fn is_rules(path: &Text) -> bool {
    let path = path.known_suffix();
    path.ends_with("/.gitignore") || path.ends_with("/info/exclude")
}

impl Tree {
    /// Whether its patterns take in this path.
    pub fn takes(&self, path: &str) -> bool {
        let root = self.root.trim_end_matches('/');
        let below = path.strip_prefix(root).unwrap_or(path).trim_start_matches('/');
        let name = below.rsplit('/').next().unwrap_or(below);
        let of_path = |pattern: &str| {
            crate::text::matches(pattern.trim_start_matches("./"), below)
                || crate::text::matches(pattern, path)
                || crate::text::matches(pattern, &format!("./{below}"))
        };
        let fits = |pattern: &String| match pattern.contains('/') {
            true => of_path(pattern),
            false => crate::text::matches(pattern, name),
        };
        let left_out = |pattern: &String| {
            fits(pattern)
                || !pattern.contains('/')
                    && below.split('/').any(|part| crate::text::matches(pattern, part))
        };
        (self.only.is_empty() || self.only.iter().any(fits)) && !self.but.iter().any(left_out)
    }
}

/// A glob of a program as a pattern of `*` and `?` that takes in no less.
pub(super) fn widened(field: &Field) -> String {
    let mut out = String::new();
    let mut letters = field.text.to_string().chars().collect::<Vec<_>>().into_iter();
    while let Some(letter) = letters.next() {
        match letter {
            '[' => {
                out.push('?');
                letters.by_ref().skip(1).find(|letter| *letter == ']');
            }
            '{' => {
                out.push('*');
                letters.by_ref().find(|letter| *letter == '}');
            }
            '…' => out.push('*'),
            '\\' => out.extend(letters.next()),
            other => out.push(other),
        }
    }
    out
}

/// A glob of what is left out, unless it takes in more than can be said.
pub(super) fn certain(field: &Field) -> Option<String> {
    let text = field.literal()?;
    (!text.contains(['[', '{', '\\'])).then(|| text.trim_end_matches('/').to_owned())
}
