//! Proof that an action was judged and its intent written.

use crate::ports::{Intent, Journal, JournalError, Sequence};
use crate::{Action, Decision, Verdict};

/// How the effect must be confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Confinement {
    /// No sandbox asked for.
    #[default]
    None,
    /// A sandbox at least as strong as the profile's minimum, or no effect.
    Required,
}

/// What comes with a permission: nobody can have "allowed" without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Obligations {
    /// How the effect must be confined.
    pub confinement: Confinement,
    /// Whether the record must survive power loss before the effect.
    pub synced: bool,
}

/// Proof that this action was judged, allowed, and written down. Spent once:
/// an effect takes it by value, and it contains the judged action, so judging
/// one command and running another does not compile.
#[derive(Debug)]
#[must_use = "a permit that is not spent leaves an intent without an outcome"]
pub struct Permit {
    action: Action,
    obligations: Obligations,
    intent: Sequence,
}

impl Permit {
    /// Writes the intent of `decision`, then makes the permit.
    ///
    /// # Errors
    /// The decision back where its verdict is not `Allow`; the journal's error
    /// where the intent could not be written. In both cases nothing may happen.
    pub fn issue(
        decision: Decision,
        intent: &Intent<'_>,
        journal: &mut dyn Journal,
    ) -> Result<Self, NoPermit> {
        if decision.verdict() != Verdict::Allow {
            return Err(NoPermit::NotAllowed(Box::new(decision)));
        }
        let sequence = journal.intent(intent).map_err(NoPermit::NotWritten)?;
        let (action, obligations) = decision.into_parts();
        Ok(Self { action, obligations, intent: sequence })
    }

    /// What may be done.
    pub const fn action(&self) -> &Action {
        &self.action
    }

    /// Under which conditions.
    pub const fn obligations(&self) -> &Obligations {
        &self.obligations
    }

    /// The intent's place in the journal.
    pub const fn intent(&self) -> Sequence {
        self.intent
    }

    /// Spends the permit.
    pub fn spend(self) -> (Action, Obligations, Sequence) {
        (self.action, self.obligations, self.intent)
    }
}

/// Why there is no permit.
#[derive(Debug)]
pub enum NoPermit {
    /// The decision was not `Allow`; here it is back.
    NotAllowed(Box<Decision>),
    /// The journal could not take the intent.
    NotWritten(JournalError),
}
