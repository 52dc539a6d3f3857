//! The one who asks: puts the question into the queue and waits.

use std::time::{Duration, Instant};

use palisade_core::ports::Ask;
use palisade_core::{Answer, Decision};

use super::bell::Bell;
use super::clock::Moment;
use super::record::{AnswerRecord, Asker};
use super::store::{Claim, Entry, Store};
use super::subject::Subject;
use crate::Error;
use crate::config::{Approval, QueueKey};

/// Bells may be missed, so it is looked this often at least.
const LOOK: Duration = Duration::from_millis(250);

/// Somebody who can tell a person that there is a request.
pub trait Notify {
    /// Whether a message would reach a screen.
    fn can(&self) -> bool;
    /// Sends one. An error only means that nobody was told.
    fn tell(&self, subject: &Subject, id: &str);
}

/// How a request would be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Somebody looks at the queue.
    Watched,
    /// A message would come up on the desktop.
    Notified,
    /// The profile says to wait in any case.
    Parked,
    /// The same was answered before, and the answer not yet used.
    Answered,
}

/// How a question ended.
#[derive(Debug)]
pub enum Ended {
    /// A person answered.
    Answered {
        /// Which request.
        id: String,
        /// What was said, and by whom.
        record: Box<AnswerRecord>,
    },
    /// Nobody could have seen it, so it was not put.
    Unseen,
    /// Nobody was there, so nobody was waited for. It can be answered, as one
    /// that is late.
    Parked {
        /// Which request.
        id: String,
    },
    /// Nobody answered in time. It can still be answered: then the same
    /// action, asked again, is answered at once.
    Late {
        /// Which request.
        id: String,
    },
    /// Whoever asked gave up.
    Stopped {
        /// Which request.
        id: String,
    },
    /// What is executed is not any more what was asked about.
    Changed {
        /// Which request.
        id: String,
    },
    /// The queue could not be used.
    Failed(Error),
}

/// One question to whoever looks at the queue. It implements [`Ask`], so the
/// pipeline uses it as it uses a terminal.
pub struct Queue<'a> {
    store: Store,
    subject: Subject,
    digest: [u8; 32],
    asker: Asker,
    key: QueueKey,
    wait: Duration,
    parked: Duration,
    notify: Option<&'a dyn Notify>,
    go_on: Box<dyn FnMut() -> bool + 'a>,
    plan: Option<Plan>,
    ended: Option<Ended>,
}

/// What will be done to get an answer.
enum Plan {
    /// It was answered before.
    Claim(Box<Entry>),
    /// It was asked before, and nobody waits for it any more.
    Adopt(Box<Entry>),
    /// It is asked anew, under this name.
    Put(String),
}

impl<'a> Queue<'a> {
    /// A question about `subject`, by the profile's rules.
    pub fn new(store: Store, subject: Subject, asker: Asker, rules: &Approval) -> Self {
        let digest = subject.digest();
        Self {
            store,
            subject,
            digest,
            asker,
            key: rules.queue,
            wait: Duration::from_secs(rules.timeout_s.into()),
            parked: Duration::from_secs(rules.parked_s.into()),
            notify: None,
            go_on: Box::new(|| true),
            plan: None,
            ended: None,
        }
    }

    /// Also tells a desktop.
    #[must_use]
    pub fn notifying(mut self, notify: &'a dyn Notify) -> Self {
        self.notify = Some(notify);
        self
    }

    /// Waits no longer than this.
    #[must_use]
    pub fn within(mut self, longest: Duration) -> Self {
        self.wait = longest;
        self
    }

    /// Gives up as soon as this says no. It is called at least four times a
    /// second while the question waits.
    #[must_use]
    pub fn while_true(mut self, go_on: impl FnMut() -> bool + 'a) -> Self {
        self.go_on = Box::new(go_on);
        self
    }

    /// How the question would be seen; `None` where it must be denied at once.
    /// Costs a few system calls and writes nothing.
    pub fn seen(&self) -> Option<Seen> {
        if self.key == QueueKey::Never {
            return None;
        }
        let now = Moment::now();
        let lease = |entry: &Entry| entry.answer.is_some() && entry.is_alive(&now);
        let answered = self.store.same(&self.digest).iter().any(lease);
        if answered { Some(Seen::Answered) } else { self.visible() }
    }

    /// How a new request would be seen.
    fn visible(&self) -> Option<Seen> {
        if self.store.is_watched() {
            Some(Seen::Watched)
        } else if self.notify.is_some_and(Notify::can) {
            Some(Seen::Notified)
        } else {
            (self.key == QueueKey::Always).then_some(Seen::Parked)
        }
    }

    /// Leaves the question for somebody who looks later, and waits for nobody:
    /// which request it is. `None` where the profile wants no queue, or it
    /// cannot be used.
    pub fn park(&self) -> Option<String> {
        if self.key == QueueKey::Never || self.parked.is_zero() {
            return None;
        }
        let now = Moment::now();
        let known = self.store.same(&self.digest).into_iter().find(|entry| entry.is_open(&now));
        if let Some(entry) = known {
            return Some(entry.request.id);
        }
        if self.store.is_crowded() {
            return None;
        }
        let (id, spans) = (Store::id(), (Duration::ZERO, self.parked));
        let put = self.store.put(&id, self.subject.clone(), self.asker.clone(), spans);
        // The bell is let go with it: nobody waits.
        put.ok().map(|_| id)
    }

    /// How it ended, once asked.
    pub const fn ended(&self) -> Option<&Ended> {
        self.ended.as_ref()
    }

    /// The request that can still be answered, for the same action done again.
    pub fn left(&self) -> Option<&str> {
        match &self.ended {
            Some(Ended::Parked { id } | Ended::Late { id }) => Some(id),
            _ => None,
        }
    }

    /// The person's word to the model, where there is one.
    pub fn word(&self) -> Option<&str> {
        match &self.ended {
            Some(Ended::Answered { record, .. }) => record.word.as_deref(),
            _ => None,
        }
    }

    /// Asks and waits: for surfaces that have no decision to ask about.
    pub fn put(&mut self) -> Answer {
        let plan = self.plan.take().unwrap_or_else(|| self.plan());
        let ended = self.carried_out(plan).unwrap_or_else(Ended::Failed);
        let answer = match &ended {
            Ended::Answered { record, .. } => record.answer.into(),
            _ => Answer::Deny,
        };
        self.ended = Some(ended);
        // An answer that this subject does not take is no answer.
        if self.subject.takes(answer) { answer } else { Answer::Deny }
    }

    fn plan(&self) -> Plan {
        let now = Moment::now();
        let mut adopted = None;
        for entry in self.store.same(&self.digest) {
            if entry.answer.is_some() && entry.is_alive(&now) {
                return Plan::Claim(Box::new(entry));
            }
            // It must not run out while we wait.
            let lasts = entry.request.expires.since(&now) >= self.wait;
            if entry.is_open(&now) && !entry.is_waited_for && lasts {
                adopted = Some(entry);
            }
        }
        match adopted {
            Some(entry) => Plan::Adopt(Box::new(entry)),
            None => Plan::Put(Store::id()),
        }
    }

    fn carried_out(&mut self, plan: Plan) -> Result<Ended, Error> {
        let end = Instant::now() + self.wait;
        if let Plan::Claim(entry) = &plan
            && let Claim::Taken(record) = self.store.claim(entry)?
        {
            return Ok(self.taken(entry, record));
        }
        if self.visible().is_none() {
            return Ok(self.park().map_or(Ended::Unseen, |id| Ended::Parked { id }));
        }
        if let Plan::Adopt(entry) = &plan
            && let Some(bell) = self.store.adopt(entry)
        {
            self.tell(&entry.request.id);
            if let Some(ended) = self.waited(entry, bell, end)? {
                return Ok(ended);
            }
        }
        let id = match plan {
            Plan::Put(id) => id,
            Plan::Claim(_) | Plan::Adopt(_) => Store::id(),
        };
        let spans = (end.saturating_duration_since(Instant::now()), self.parked);
        let (entry, bell) = self.store.put(&id, self.subject.clone(), self.asker.clone(), spans)?;
        self.tell(&id);
        Ok(self.waited(&entry, bell, end)?.unwrap_or(Ended::Late { id }))
    }

    fn tell(&self, id: &str) {
        if let Some(notify) = self.notify
            && notify.can()
        {
            notify.tell(&self.subject, id);
        }
    }

    /// Waits for the answer; `None` where somebody else took it.
    fn waited(&mut self, entry: &Entry, bell: Bell, end: Instant) -> Result<Option<Ended>, Error> {
        let id = || entry.request.id.clone();
        let mut bell = Some(bell);
        loop {
            match self.store.claim(entry)? {
                Claim::Taken(record) => return Ok(Some(self.taken(entry, record))),
                Claim::Gone => return Ok(None),
                Claim::NotAnswered => {}
            }
            // Looked once more after the bell was let go: an answer that came
            // until then was given to somebody who waits.
            let Some(ringing) = &bell else { return Ok(Some(Ended::Late { id: id() })) };
            if !(self.go_on)() {
                return Ok(Some(Ended::Stopped { id: id() }));
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bell = None;
            } else {
                ringing.wait(left.min(LOOK));
                ringing.clear();
            }
        }
    }

    fn taken(&self, entry: &Entry, record: AnswerRecord) -> Ended {
        let id = entry.request.id.clone();
        if Answer::from(record.answer) != Answer::Deny && !self.subject.is_unchanged() {
            return Ended::Changed { id };
        }
        Ended::Answered { id, record: Box::new(record) }
    }
}

impl Ask for Queue<'_> {
    fn announced(&mut self, _: &Decision) -> Option<String> {
        // Where nobody would see it, nothing is asked.
        self.seen()?;
        let plan = self.plan.insert(Self::plan(self));
        Some(match plan {
            Plan::Claim(entry) => format!("claimed {}", entry.request.id),
            Plan::Adopt(entry) => format!("asked again {}", entry.request.id),
            Plan::Put(id) => format!("asked {id}"),
        })
    }

    fn ask(&mut self, _: &Decision) -> Answer {
        self.put()
    }
}
