//! Bodies that run any number of times.

use super::Eval;
use super::value::Stream;
use crate::syntax::tree::Script;

impl Eval<'_> {
    /// A body that runs any number of times. Twice is enough to carry what
    /// the first time set into the second.
    pub(super) fn repeat(&mut self, body: &Script) -> Stream {
        let before = self.fork();
        let known = self.out.commands.len();
        let mut printed = self.script(body);
        let changed = self.state.variables != before.variables
            || self.state.cwd != before.cwd
            || self.state.functions.len() != before.functions.len()
            || self.state.files != before.files;
        if changed && self.out.commands.len().saturating_sub(known) < 512 {
            self.state.join(before);
            let effects = self.out.effects.len();
            let commands = self.out.commands.len();
            printed.then(self.script(body));
            self.forget_repeats(known, commands, effects);
        } else {
            self.state.join(before);
        }
        printed
    }

    /// Drops the second pass over a loop's body where it found the same as
    /// the first.
    fn forget_repeats(&mut self, first: usize, second: usize, effects: usize) {
        let same = {
            let (a, b) = (self.out.commands.get(first..second), self.out.commands.get(second..));
            match (a, b) {
                (Some(a), Some(b)) => {
                    a.len() == b.len()
                        && a.iter().zip(b).all(|(a, b)| {
                            a.program == b.program
                                && a.arguments == b.arguments
                                && a.directory == b.directory
                        })
                }
                _ => false,
            }
        };
        if same {
            self.out.commands.truncate(second);
            self.out.effects.truncate(effects);
        }
    }
}
