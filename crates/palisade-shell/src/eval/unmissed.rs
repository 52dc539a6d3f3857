//! Trees that nobody misses, and whether the line puts something in their place
//! before it deletes them.

use std::collections::BTreeSet;

use super::Eval;
use crate::effect::{Effect, EffectKind, Unmissed};

impl Eval<'_> {
    /// Those that the caller knows of and that hold nothing of the line wherever
    /// it deletes them. Where none was there, one may come until something runs
    /// that the line only starts, and another one is meant where a directory
    /// above is gone before (`rmdir a; cd a; rm -r b`).
    pub(super) fn unmissed(&self) -> BTreeSet<String> {
        let known =
            self.context.files.iter().filter_map(|(path, fact)| Some((path, fact.unmissed?)));
        let left = known.filter(|(tree, why)| {
            // Trees of a name, which a search finds: nothing of the line may
            // come to have it.
            if !tree.starts_with('/') || tree.contains('…') {
                return !self
                    .out
                    .effects
                    .iter()
                    .any(|effect| matches!(effect.kind, EffectKind::Write { .. }));
            }
            let mut deletions = self.out.effects.iter().enumerate().filter(|(_, effect)| {
                matches!(&effect.kind, EffectKind::Delete { path, .. }
                    if path.literal() == Some(tree.as_str()))
            });
            deletions.all(|(at, effect)| {
                let before = self.before(at, effect);
                let mut earlier = self.out.effects.iter().take(before);
                !earlier.any(|effect| {
                    puts_into(effect, tree) || *why == Unmissed::NoTree && is_above(effect, tree)
                }) && (*why == Unmissed::Remade || before == at)
            })
        });
        left.map(|(tree, _)| tree.clone()).collect()
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

/// Whether something comes to lie there, as far as can be told.
fn puts_into(effect: &Effect, tree: &str) -> bool {
    let EffectKind::Write { path, .. } = &effect.kind else { return false };
    path.has_unknown()
        || path.known_prefix().starts_with(tree)
        || tree.starts_with(path.known_prefix()) && path.has_pattern()
}

/// Whether something becomes of a directory above.
fn is_above(effect: &Effect, tree: &str) -> bool {
    let path = match &effect.kind {
        EffectKind::Delete { path, .. }
        | EffectKind::Write { path, .. }
        | EffectKind::Mode { path, .. }
        | EffectKind::Owner { path, .. } => path,
        _ => return false,
    };
    let below = tree.strip_prefix(path.known_prefix());
    below.is_some_and(|rest| path.literal().is_none() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use crate::effect::{Context, FileFact, Unmissed};

    /// Whether `dist` may be deleted by a line.
    fn may_go(line: &str, why: Unmissed) -> bool {
        let fact = FileFact { unmissed: Some(why), ..FileFact::default() };
        let context = Context {
            cwd: "/w".into(),
            home: "/home/u".into(),
            files: [("/w/dist".to_owned(), fact)].into(),
            ..Context::default()
        };
        super::super::analyse(line, &context).unmissed.contains("/w/dist")
    }

    #[test]
    fn what_the_line_makes_later_is_not_deleted() {
        for line in [
            "rm -rf dist",
            "rm -rf dist && mkdir dist",
            "rm -rf dist && mkdir -p dist/a && cp -r src dist/ 2>&1 | tail -3",
            "rm -rf dist; npm run build | tee dist/log",
        ] {
            assert!(may_go(line, Unmissed::Remade), "{line}");
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
            assert!(!may_go(line, Unmissed::Remade), "{line}");
        }
    }

    #[test]
    fn where_there_was_none_there_may_be_one_later() {
        for line in
            ["rm -rf dist", "cd . && rm -rf dist && mkdir dist", "[ -d dist ] && rm -r dist"]
        {
            assert!(may_go(line, Unmissed::NoTree), "{line}");
        }
        for line in [
            "rm -rf dist &",
            "(sleep 60; rm -rf dist) &",
            "setsid -f sh -c 'sleep 60; rm -rf dist'",
            "trap 'rm -rf dist' EXIT",
            "echo 'rm -rf dist' | at now",
            "mv src dist; rm -rf dist",
            "git mv src dist; rm -rf dist",
            "cp -al src dist && rm -rf src dist",
            "rmdir /w; cd /w; rm -rf dist",
            "mv /w /v; cd /w; rm -rf dist",
            "chmod 0 /w; cd /w; rm -rf dist",
            "rm -rf $x; cd /w; rm -rf dist",
        ] {
            assert!(!may_go(line, Unmissed::NoTree), "{line}");
        }
    }
}
