//! Lists of `&&` and `||`: what holds where a pipeline succeeded, and where it
//! failed.

use super::Eval;
use super::state::State;
use super::value::Stream;
use crate::syntax::tree::{Item, Join};

impl Eval<'_> {
    /// The pipelines of a list behind the first, each where the one before it
    /// succeeded or failed. One that never runs is judged all the same.
    pub(super) fn and_or(&mut self, item: &Item) -> Stream {
        let mut printed = Stream::nothing();
        let mut failed = item.first.may_fail().then(|| self.fork());
        let mut succeeded = Some(self.fork());
        for (join, pipeline) in &item.rest {
            let (here, other) = match join {
                Join::And => (succeeded.take(), &mut failed),
                Join::Or => (failed.take(), &mut succeeded),
            };
            if let Some(state) = here.or_else(|| other.clone()) {
                self.state = state;
            }
            printed.then(self.pipeline(pipeline));
            self.observe();
            let skipped = other.take();
            let passed = |after: State, skipped: Option<State>| {
                let mut after = after;
                skipped.into_iter().for_each(|skipped| after.join(skipped));
                Some(after)
            };
            let after = self.fork();
            let may_fail = pipeline.may_fail();
            (succeeded, failed) = match join {
                Join::And if may_fail => (Some(after.clone()), passed(after, skipped)),
                Join::And => (Some(after), skipped),
                Join::Or => (passed(after.clone(), skipped), may_fail.then_some(after)),
            };
        }
        if let Some(state) = succeeded {
            self.state = state;
        }
        failed.into_iter().for_each(|failed| self.state.join(failed));
        printed
    }
}
