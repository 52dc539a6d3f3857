//! Who is asked, and what is said to whoever was refused.

use std::fs::File;
use std::time::Duration;

use clap::ValueEnum;
use palisade_core::ports::{Ask, Seconds};
use palisade_core::{Action, Actor, Answer, Decision, GrantUse, Severity, Surface};
use palisade_guards::content::reveal;
use palisade_runtime::approvals::{Ended, Queue, Subject, governed};
use palisade_runtime::{Circumstances, Home, config, environment, grants};

use crate::desktop::Desktop;
use crate::prompt::{self, Prompt, Question};
use crate::show;
use crate::wire_up::House;

/// `--surface`: where to ask.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Surfaces {
    /// On the terminal, or where there is none in the queue.
    Auto,
    /// In the queue.
    Queue,
    /// Nowhere.
    Unattended,
}

impl Surfaces {
    /// The surface that is meant, and the terminal to ask on where there is
    /// one.
    pub fn find(self) -> (Surface, Option<File>) {
        match self {
            Self::Auto => (Surface::Interactive, prompt::terminal()),
            Self::Queue => (Surface::Interactive, None),
            Self::Unattended => (Surface::Unattended, None),
        }
    }
}

/// Who is asked.
pub enum Asks<'a> {
    Terminal(Prompt<'a>),
    Queue(Box<Queue<'a>>),
    /// Nobody now; but this request lies in the queue.
    Later(String),
    Nobody,
}

impl Ask for Asks<'_> {
    fn announced(&mut self, decision: &Decision) -> Option<String> {
        match self {
            Self::Terminal(prompt) => prompt.announced(decision),
            Self::Queue(queue) => queue.announced(decision),
            Self::Later(_) | Self::Nobody => None,
        }
    }

    fn ask(&mut self, decision: &Decision) -> Answer {
        match self {
            Self::Terminal(prompt) => prompt.ask(decision),
            Self::Queue(queue) => queue.ask(decision),
            Self::Later(_) | Self::Nobody => Answer::Deny,
        }
    }
}

impl<'a> Asks<'a> {
    /// Who can be asked about `subject`: the terminal, or the queue where a
    /// person would see it there. Nobody where nothing is to be asked.
    pub fn find(
        subject: Option<&'a Subject>,
        terminal: Option<File>,
        house: &House,
        actor: &Actor,
        desktop: &'a Desktop,
        now: Seconds,
    ) -> Self {
        let rules = &house.profile.config.tools.terminal.approval;
        // A terminal that an agent opened is not asked: it would answer itself.
        let terminal = terminal.filter(|_| subject.is_none() || is_a_persons(&house.home));
        match (subject, terminal) {
            (None, _) => Self::Nobody,
            (Some(subject), Some(tty)) => {
                let wait = Duration::from_secs(rules.timeout_s.into());
                Self::Terminal(Prompt::new(tty, Question::about(subject, now), wait))
            }
            (Some(subject), None) => {
                let queue = Queue::new(house.approvals(), subject.clone(), actor.into(), rules);
                let queue = queue.notifying(desktop);
                if queue.seen().is_some() {
                    return Self::Queue(Box::new(queue));
                }
                queue.park().map_or(Self::Nobody, Self::Later)
            }
        }
    }

    /// Whether there is nobody.
    pub const fn is_nobody(&self) -> bool {
        matches!(self, Self::Later(_) | Self::Nobody)
    }

    /// How the question ended, where the answer was no.
    pub fn no(&self) -> String {
        let said = |word: Option<&str>| match word {
            Some(word) => format!("the answer was no: {}", reveal(word)),
            None => "the answer was no".into(),
        };
        match self {
            Self::Later(_) | Self::Nobody => said(None),
            Self::Terminal(prompt) => said(prompt.word()),
            Self::Queue(queue) => match queue.ended() {
                Some(Ended::Parked { id }) => later(id),
                Some(Ended::Late { id }) => format!(
                    "nobody answered in time; request {id} stays open for a while: once it is allowed, the same \
                     command passes"
                ),
                Some(Ended::Unseen) => "nobody looks at the approval queue any more".into(),
                Some(Ended::Changed { .. }) => {
                    "what it would execute was changed while the question stood".into()
                }
                Some(Ended::Failed(error)) => format!("the question could not be put: {error}"),
                Some(Ended::Stopped { .. }) => "the question was taken back".into(),
                Some(Ended::Answered { .. }) | None => said(queue.word()),
            },
        }
    }
}

fn later(id: &str) -> String {
    format!(
        "nobody was there to be asked; it is left as request {id}: once it is allowed (`palisade approvals allow {id}`), \
         the same command passes once"
    )
}

/// Whether whoever types at this process's terminal is a person.
fn is_a_persons(home: &Home) -> bool {
    if !cfg!(target_os = "linux") {
        // Elsewhere processes cannot be told apart yet, only by this.
        return std::env::var_os(environment::GOVERNED).is_none();
    }
    match governed::is_person(home) {
        Ok(()) => true,
        Err(error) => {
            show::note(&format!("the terminal is not asked: {error}"));
            false
        }
    }
}

/// Says which rule refused, why, what to do instead, and how it could be
/// allowed.
pub fn refusal(decision: &Decision, asks: &Asks<'_>, at: &Circumstances<'_>, house: &House) {
    for finding in decision.outstanding() {
        show::note(&format!("refused by {}: {}", finding.rule, reveal(&finding.why)));
        if !finding.text.is_empty() {
            show::note(&format!("  at `{}`", reveal(&finding.text)));
        }
        if !finding.instead.is_empty() {
            show::note(&format!("  instead: {}", finding.instead));
        }
    }
    if decision.grant() == Some(GrantUse::Answered(Answer::Deny)) {
        show::note(&asks.no());
        return;
    }
    if decision.severity() == Severity::Dangerous {
        if matches!(decision.action(), Action::Run { .. }) {
            show::note("this is never run for an agent; run it from your own shell if you need it");
        }
        return;
    }
    if let Asks::Later(id) = asks {
        show::note(&later(id));
    }
    // Without a queue there is nothing to look at.
    let place = match asks {
        Asks::Nobody => "at a terminal",
        _ => "at a terminal or in `palisade approvals watch`",
    };
    match grants::proposed(decision, Answer::Always, at.now) {
        Some(grants) => {
            let file = house.profile.config_file();
            show::note(&format!("to allow it: answer {place}, or add to"));
            show::note(&format!("`tools.terminal.approval.allowlist` in {}:", file.display()));
            for grant in grants {
                show::note(&format!("  - {}", config::line(&grant)));
            }
        }
        None => show::note(&format!(
            "to allow it: answer {place}; it can be allowed only once at a time"
        )),
    }
}
