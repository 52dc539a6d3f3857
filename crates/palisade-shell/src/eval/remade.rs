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
