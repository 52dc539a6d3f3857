//! The judge: findings, posture and grants in; a decision out.

use crate::permit::{Confinement, Obligations};
use crate::ports::Seconds;
use crate::{Action, Contained, Finding, RuleId, Severity, Surface};

/// What happens now. Ordered: the strictest wins by `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[must_use]
pub enum Verdict {
    /// It may happen.
    Allow,
    /// A person decides.
    Ask,
    /// It may not.
    Deny,
}

impl Verdict {
    /// The word used in JSON, specs and messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

/// What a person said to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// This one time.
    Once,
    /// Until the session ends.
    Session,
    /// Until the grant expires; it is saved in the profile.
    Always,
    /// No. Also what a timeout, an end of input or an error means.
    Deny,
}

/// How long a grant lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lifetime {
    /// With the session.
    Session,
    /// Until a moment; `None` is for ever (only by a person's own edit).
    Until(Option<Seconds>),
}

/// What a grant covers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GrantScope {
    /// One rule, one program with exactly these arguments, in one directory.
    Rule {
        /// The rule that asked.
        rule: String,
        /// The inner program.
        program: String,
        /// All its arguments, in order.
        arguments: Vec<String>,
        /// The directory it was approved in.
        directory: String,
    },
    /// A glob over one simple command, written by hand in the profile. Never
    /// covers a compound line.
    CommandGlob(String),
}

/// What a person approved.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Grant {
    /// For what.
    pub scope: GrantScope,
    /// For how long.
    pub lifetime: Lifetime,
}

impl Grant {
    /// Whether this grant is in force at `now` and covers `finding` of an
    /// action whose whole input was `simple` (`None` for compound input).
    pub fn covers(&self, finding: &Finding, simple: Option<&str>, now: Seconds) -> bool {
        if let Lifetime::Until(Some(end)) = self.lifetime
            && now >= end
        {
            return false;
        }
        if finding.severity == Severity::Dangerous
            || finding.subject.as_ref().is_some_and(|subject| subject.every_time)
        {
            return false;
        }
        match &self.scope {
            GrantScope::Rule { rule, program, arguments, directory } => {
                finding.rule == rule
                    && finding.subject.as_ref().is_some_and(|subject| {
                        subject.ungrantable.is_none()
                            && subject.program == *program
                            && subject.arguments == *arguments
                            && subject.directory == *directory
                    })
            }
            GrantScope::CommandGlob(pattern) => {
                simple.is_some_and(|text| glob(pattern.as_bytes(), text.as_bytes()))
            }
        }
    }
}

/// `*` is any run of bytes, `?` one byte; all else itself. Linear backtracking.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match (pattern.get(p), text.get(t)) {
            (Some(b'*'), _) => {
                star = Some((p, t));
                p += 1;
            }
            (Some(b'?'), Some(_)) => {
                p += 1;
                t += 1;
            }
            (Some(a), Some(b)) if a == b => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    t = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or(&[]).iter().all(|byte| *byte == b'*')
}

/// What the profile says of commands that were not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Unrecognised {
    /// A question, unless a sandbox is enforced.
    #[default]
    AllowWhenConfined,
    /// A question always.
    Ask,
    /// No question.
    Allow,
}

/// The circumstances an action is judged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Posture {
    /// Whether somebody can be asked.
    pub surface: Surface,
    /// Whether a sandbox will be enforced, and refused if it cannot be.
    pub confined: bool,
    /// Whether that sandbox reaches the network.
    pub network: bool,
    /// The profile's word on what was not understood.
    pub unrecognised: Unrecognised,
}

/// Verdict, findings and obligations; the only source of a permit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Decision {
    action: Action,
    findings: Vec<Finding>,
    severity: Severity,
    verdict: Verdict,
    outstanding: Vec<usize>,
    grant: Option<GrantUse>,
    obligations: Obligations,
}

/// Why a caution did not stop the action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrantUse {
    /// A person answered just now.
    Answered(Answer),
    /// A session grant covered it.
    Session,
    /// A saved grant of the profile covered it.
    Profile,
}

impl GrantUse {
    /// The word used in records.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Answered(Answer::Once) => "once",
            Self::Answered(Answer::Session) | Self::Session => "session",
            Self::Answered(Answer::Always) => "always",
            Self::Answered(Answer::Deny) => "denied",
            Self::Profile => "allowlist",
        }
    }
}

impl Decision {
    /// What was judged.
    pub const fn action(&self) -> &Action {
        &self.action
    }

    /// Everything found, worst first.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The findings that a person has to answer for.
    pub fn outstanding(&self) -> impl Iterator<Item = &Finding> {
        self.outstanding.iter().filter_map(|at| self.findings.get(*at))
    }

    /// What the action is.
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// What happens now.
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The rules found, without repeats, worst first.
    pub fn rules(&self) -> Vec<RuleId> {
        let mut rules: Vec<RuleId> = Vec::new();
        for finding in &self.findings {
            if !rules.contains(&finding.rule) {
                rules.push(finding.rule);
            }
        }
        rules
    }

    /// What let a caution pass, if anything did.
    pub const fn grant(&self) -> Option<GrantUse> {
        self.grant
    }

    /// What comes with the permission.
    pub const fn obligations(&self) -> &Obligations {
        &self.obligations
    }

    /// The decision after a person's answer. Only a question can be answered:
    /// `Allow` and `Deny` stay what they are.
    pub fn answered(mut self, answer: Answer) -> Self {
        if self.verdict == Verdict::Ask {
            self.grant = Some(GrantUse::Answered(answer));
            self.verdict = match answer {
                Answer::Once | Answer::Session | Answer::Always => Verdict::Allow,
                Answer::Deny => Verdict::Deny,
            };
            if self.verdict == Verdict::Allow {
                self.outstanding.clear();
            }
        }
        self
    }

    pub(crate) fn into_parts(self) -> (Action, Obligations) {
        (self.action, self.obligations)
    }
}

/// Judges `action` by what the guards found. Pure: the same arguments give the
/// same decision.
///
/// `simple` is the input's text where it is one simple command, which is all
/// that a hand-written command glob may cover. A dangerous finding denies
/// whatever the grants say; among cautions every single one must be covered.
pub fn judge(
    action: Action,
    mut findings: Vec<Finding>,
    posture: Posture,
    grants: &[Grant],
    simple: Option<&str>,
    now: Seconds,
) -> Decision {
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.span.cmp(&b.span)));
    let severity = findings.first().map_or(Severity::Safe, |finding| finding.severity);
    let mut grant = None;
    let mut outstanding = Vec::new();
    for (at, finding) in findings.iter().enumerate() {
        match finding.severity {
            Severity::Safe => {}
            Severity::Dangerous => outstanding.push(at),
            Severity::Caution => {
                if moot(finding, posture) {
                    continue;
                }
                match grants.iter().find(|grant| grant.covers(finding, simple, now)) {
                    Some(Grant { lifetime: Lifetime::Session, .. }) => {
                        grant.get_or_insert(GrantUse::Session);
                    }
                    Some(Grant { lifetime: Lifetime::Until(_), .. }) => {
                        grant = Some(GrantUse::Profile);
                    }
                    None => outstanding.push(at),
                }
            }
        }
    }
    let verdict = if severity == Severity::Dangerous {
        Verdict::Deny
    } else if outstanding.is_empty() {
        Verdict::Allow
    } else {
        match posture.surface {
            Surface::Interactive => Verdict::Ask,
            Surface::Unattended => Verdict::Deny,
        }
    };
    let obligations = Obligations {
        confinement: if posture.confined { Confinement::Required } else { Confinement::None },
        synced: severity > Severity::Safe,
    };
    Decision { action, findings, severity, verdict, outstanding, grant, obligations }
}

fn moot(finding: &Finding, posture: Posture) -> bool {
    match finding.contained {
        Contained::No => false,
        Contained::Yes => posture.confined,
        Contained::WithoutNetwork => posture.confined && !posture.network,
        Contained::Unrecognised => match posture.unrecognised {
            Unrecognised::Allow => true,
            Unrecognised::AllowWhenConfined => posture.confined,
            Unrecognised::Ask => false,
        },
    }
}
