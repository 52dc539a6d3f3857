//! What was not understood, or was made to be misread.

use palisade_shell::{Effect, EffectKind};

use super::report::{Report, Scene};
use super::{Guard, Look};
use crate::rules;

pub(super) static GUARD: Guard = Guard {
    name: "unread",
    manual: "Asks about programs and options that are not known, about text that is no valid shell text or longer than \
             what is read, about letters that deceive the eye, and about what only zsh would run.",
    gaps: "None of these is evidence of harm, so none of them refuses.",
    look: Look::Effects(look),
};

fn look(effect: &Effect, scene: &Scene<'_>, report: &mut Report<'_>) {
    let rule = match &effect.kind {
        // `{{command}}` of written examples: no program is called so.
        EffectKind::UnrecognisedProgram if placeholder(scene.program(effect)) => return,
        EffectKind::UnrecognisedProgram | EffectKind::UnrecognisedOption => {
            &rules::COMMAND_UNRECOGNISED
        }
        EffectKind::Deceptive { .. } => &rules::COMMAND_DECEPTIVE,
        EffectKind::ZshOnly => &rules::COMMAND_ZSH_ONLY,
        EffectKind::Unreadable { over_budget: false, .. } => &rules::COMMAND_UNREADABLE,
        EffectKind::Unreadable { over_budget: true, .. } => &rules::COMMAND_OVER_LIMIT,
        _ => return,
    };
    report.raise(rule, effect);
}

fn placeholder(name: &str) -> bool {
    name.starts_with("{{") || name.ends_with("}}")
}
