//! In-memory ports for tests.

use crate::ports::{Ask, Clock, Event, Intent, Journal, JournalError, Outcome, Seconds, Sequence};
use crate::{Answer, Decision};

/// A journal in memory: the kind, verdict and body of each intent, and the
/// outcomes.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    /// `kind verdict body`, in order.
    pub intents: Vec<String>,
    /// What became of which intent.
    pub outcomes: Vec<(Sequence, Outcome)>,
    /// Refuse every record, as a full disk would.
    pub full: bool,
}

impl MemoryJournal {
    fn room(&self) -> Result<(), JournalError> {
        if self.full {
            return Err(JournalError {
                message: "no space left on the device".into(),
                help: "free some space".into(),
            });
        }
        Ok(())
    }
}

impl Journal for MemoryJournal {
    fn intent(&mut self, intent: &Intent<'_>) -> Result<Sequence, JournalError> {
        self.room()?;
        let at = self.intents.len() as Sequence;
        self.intents.push(format!("{} {} {}", intent.kind, intent.verdict, intent.body));
        Ok(at)
    }

    fn outcome(&mut self, sequence: Sequence, outcome: &Outcome) -> Result<(), JournalError> {
        self.room()?;
        self.outcomes.push((sequence, outcome.clone()));
        Ok(())
    }

    fn event(&mut self, event: &Event<'_>) -> Result<Sequence, JournalError> {
        self.room()?;
        let at = self.intents.len() as Sequence;
        self.intents.push(format!("{} {}", event.kind.word(), event.body));
        Ok(at)
    }
}

/// Answers every question the same way.
#[derive(Debug)]
pub struct Answering(pub Answer);

impl Ask for Answering {
    fn ask(&mut self, _: &Decision) -> Answer {
        self.0
    }
}

/// A clock that stands still.
#[derive(Debug)]
pub struct Stopped(pub Seconds);

impl Clock for Stopped {
    fn now(&self) -> Seconds {
        self.0
    }
}
