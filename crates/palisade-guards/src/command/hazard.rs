//! Hazards that the program table names, and other rights.

use palisade_shell::{Effect, EffectKind};

use super::report::{Report, Scene};
use super::{Guard, Look};
use crate::rules;

pub(super) static GUARD: Guard = Guard {
    name: "hazard",
    manual: "Applies the rule that the program table names for a use of a program: deleting in a cloud, publishing, \
             forced pushes, formatting, other users' rights, and all else that is known of a program rather than of \
             files. The rule gives the severity and the reason.",
    gaps: "Uses of programs that the table does not list.",
    look: Look::Effects(look),
};

fn look(effect: &Effect, _: &Scene<'_>, report: &mut Report<'_>) {
    match &effect.kind {
        // A hazard without a rule would be a mistake that a test finds; until
        // then it is at least a question.
        EffectKind::Hazard(name) => {
            report.raise(rules::rule(name).unwrap_or(&rules::COMMAND_UNRECOGNISED), effect)
        }
        EffectKind::Escalate => report.raise(&rules::PRIVILEGE_SUDO, effect),
        EffectKind::ForkBomb => report.raise(&rules::COMMAND_FORK_BOMB, effect),
        _ => {}
    }
}
