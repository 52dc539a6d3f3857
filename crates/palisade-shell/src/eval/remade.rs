//! Directories that a build makes again, and whether the line puts something in
//! one of them before it deletes it.

use std::collections::BTreeSet;

use super::Eval;
use crate::effect::{Effect, EffectKind};

impl Eval<'_> {
    /// The directories known to be made again that hold nothing of the line
    /// wherever it deletes them.
    pub(super) fn remade(&self) -> BTreeSet<String> {
        let known = self.context.files.iter().filter(|(_, fact)| fact.remade);
        let left = known.filter(|(directory, _)| {
            let mut deletions = self.out.effects.iter().enumerate().filter(|(_, effect)| {
                matches!(&effect.kind, EffectKind::Delete { path, .. }
                    if path.literal() == Some(directory.as_str()))
            });
            deletions.all(|(at, effect)| {
                let before = self.before(at, effect);
                !self.out.effects.iter().take(before).any(|effect| puts_into(effect, directory))
            })
        });
        left.map(|(at, _)| at.clone()).collect()
    }

    /// How many of the effects may have come about when that one does.
    fn before(&self, at: usize, effect: &Effect) -> usize {
        let command = effect.command.and_then(|at| self.out.commands.get(at as usize));
        // What something else starts, it may start later.
        if command.is_none_or(|one| one.parent.is_some() || one.deferred || !one.via.is_empty()) {
            return usize::MAX;
        }
        let beside = self.together.iter().filter(|range| range.contains(&at));
        beside.map(|range| range.end).fold(at, usize::max)
    }
}

/// Whether something comes to lie in the directory, as far as can be told.
fn puts_into(effect: &Effect, directory: &str) -> bool {
    let EffectKind::Write { path, .. } = &effect.kind else { return false };
    path.has_unknown()
        || path.known_prefix().starts_with(directory)
        || directory.starts_with(path.known_prefix()) && path.has_pattern()
}

#[cfg(test)]
mod tests {
    use crate::effect::{Context, FileFact};

    /// Whether `dist`, which a build makes again, may be deleted by a line.
    fn may_go(line: &str) -> bool {
        let fact = FileFact { remade: true, ..FileFact::default() };
        let context = Context {
            cwd: "/w".into(),
            home: "/home/u".into(),
            files: [("/w/dist".to_owned(), fact)].into(),
            ..Context::default()
        };
        super::super::analyse(line, &context).remade.contains("/w/dist")
    }

    #[test]
    fn what_the_line_makes_later_is_not_deleted() {
        for line in [
            "rm -rf dist",
            "rm -rf dist && mkdir dist",
            "rm -rf dist && mkdir -p dist/a && cp -r src dist/ 2>&1 | tail -3",
            "rm -rf dist; npm run build | tee dist/log",
        ] {
            assert!(may_go(line), "{line}");
        }
        for line in [
            "mv src dist && rm -rf dist",
            "rm -rf dist; mv src dist; rm -rf dist",
            "(sleep 1; rm -rf dist) & mv src dist",
            "(sleep 1; rm -rf dist) | mv src dist",
            "f(){ sleep 1; rm -rf dist; }; f & mv src dist",
            "coproc { sleep 1; rm -rf dist; }; mv src dist",
            "cat <(sleep 1; rm -rf dist) & mv src dist",
            "setsid -f sh -c 'sleep 1; rm -rf dist'; mv src dist",
            "trap 'rm -rf dist' EXIT; mv src dist",
        ] {
            assert!(!may_go(line), "{line}");
        }
    }
}
