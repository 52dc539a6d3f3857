//! Guards over what a command would do.
//!
//! [`GUARDS`] is the one table of what is in force. A guard looks at one
//! effect at a time (or at one command) and names the rules that it breaks.

mod connect;
mod delete;
mod environment;
mod execute;
mod governor;
mod hazard;
mod mode;
pub(crate) mod read;
mod report;
mod taint;
mod unread;
pub(crate) mod write;

use palisade_core::Finding;
use palisade_shell::{Analysis, Effect, Invocation};

use crate::{Exposure, Places};
use report::{Report, Scene};

pub use taint::shown;

/// One guard.
pub struct Guard {
    /// Its name, which is also its file's.
    pub name: &'static str,
    /// What it stops and what it lets through, for the manual.
    pub manual: &'static str,
    /// What is known to get past it.
    pub gaps: &'static str,
    look: Look,
}

/// What a guard looks at.
enum Look {
    Effects(fn(&Effect, &Scene<'_>, &mut Report<'_>)),
    Commands(fn(u32, &Invocation, &mut Report<'_>)),
}

/// Every guard over commands that is in force.
pub static GUARDS: &[&Guard] = &[
    &governor::GUARD,
    &read::GUARD,
    &write::GUARD,
    &delete::GUARD,
    &mode::GUARD,
    &execute::GUARD,
    &connect::GUARD,
    &environment::GUARD,
    &hazard::GUARD,
    &unread::GUARD,
    &taint::GUARD,
];

/// What the guards find in `analysis`, which was made of `text`, in a session
/// that was exposed to `exposure`.
pub fn findings(
    text: &str,
    analysis: &Analysis,
    places: &Places,
    exposure: &Exposure<'_>,
) -> Vec<Finding> {
    let scene = Scene { analysis, places, exposure };
    let mut report = Report::new(text, analysis);
    for guard in GUARDS {
        match guard.look {
            Look::Effects(look) => {
                analysis.effects.iter().for_each(|effect| look(effect, &scene, &mut report))
            }
            Look::Commands(look) => {
                (0..)
                    .zip(&analysis.commands)
                    .for_each(|(at, command)| look(at, command, &mut report));
            }
        }
    }
    read::printed(&scene, &mut report);
    taint::leaving(&scene, &mut report);
    report.findings()
}
