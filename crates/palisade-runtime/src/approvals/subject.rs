//! What is asked, exactly: the digest of all of this is what an answer is for.

use std::fs::{self, File};
use std::io::{self, Read};

use palisade_core::{Action, Actor, Answer, Command, Grant, GrantScope, Lifetime};
use palisade_shell::{Code, EffectKind};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::calls::hex;
use crate::{Circumstances, Judged, grants, words};

/// How many files are looked at, and how much of each.
const FILES: usize = 16;
const FILE: u64 = 8 << 20;

/// One exact action under one exact policy, with what a person must know of
/// it. Whatever differs in it, an answer does not count.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The kind of action, as in records (`run`, `read`, `tool`, ...).
    pub kind: String,
    /// The action in words, as it was judged.
    pub text: String,
    /// The action part by part, as it will be done.
    pub exact: Vec<String>,
    /// The commands within, decoded; empty where there is only the one.
    pub runs: Vec<String>,
    /// What it does, in words.
    pub effects: Vec<String>,
    /// The directory it happens in.
    pub cwd: String,
    /// Names of the variables it gets, in order.
    pub environment: Vec<String>,
    /// Files that it executes, and what is in them.
    pub files: Vec<FileDigest>,
    /// The profile.
    pub profile: String,
    /// A digest of what the profile means for the judgement, in hexadecimal.
    pub policy: String,
    /// The session, where one is named.
    pub session: Option<String>,
    /// Whether it will be confined, and whether that reaches the network.
    pub confined: bool,
    /// Whether the sandbox reaches the network.
    pub network: bool,
    /// `safe`, `caution` or `dangerous`.
    pub severity: String,
    /// What the agent says of the risk, where it asks by itself.
    pub risk: Option<Risk>,
    /// Why it is asked.
    pub causes: Vec<Cause>,
    /// What "session" and "always" grant; empty where only "once" is possible.
    pub saves: Vec<Saved>,
    /// Why only "once" is possible, if so.
    pub only_once: Option<String>,
    /// The user it is done as.
    pub uid: Option<u32>,
    /// The client, agent and subagent, as far as they say.
    pub client: Option<String>,
    /// The agent within the client, claimed.
    pub agent: Option<String>,
    /// The subagent within the agent, claimed.
    pub subagent: Option<String>,
}

/// One rule's reason to ask.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// Which rule.
    pub rule: String,
    /// Why, in words.
    pub why: String,
    /// What to do instead; empty where there is nothing better.
    pub instead: String,
    /// The text that the rule saw.
    pub text: String,
}

/// What a longer answer grants: this rule, this program with exactly these
/// arguments, in this directory.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// The rule that asked.
    pub rule: String,
    /// The inner program.
    pub program: String,
    /// All its arguments.
    pub arguments: Vec<String>,
    /// The directory.
    pub directory: String,
}

/// A file that is executed, and its content at that time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileDigest {
    /// Its path, absolute.
    pub path: String,
    /// SHA-256 of its content in hexadecimal; of a larger file its identity,
    /// size and time of change.
    pub digest: String,
}

/// How risky an agent says that something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Easily undone.
    Low,
    /// Undone with some work.
    Medium,
    /// Hard to undo.
    High,
    /// Not to be undone.
    Critical,
}

impl Risk {
    /// The word used in requests.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl Subject {
    /// What a judged action is, under these circumstances. `environment` are
    /// the names of the variables that it gets.
    pub fn of(
        judged: &Judged,
        at: &Circumstances<'_>,
        actor: &Actor,
        environment: &[String],
    ) -> Self {
        let decision = &judged.decision;
        let mut environment = environment.to_vec();
        environment.sort();
        environment.dedup();
        let saves = grants::proposed(decision, Answer::Session, at.now).unwrap_or_default();
        let only_once = saves
            .is_empty()
            .then(|| grants::ungrantable(decision).unwrap_or("it cannot be granted").to_owned());
        Self {
            kind: decision.action().kind().to_owned(),
            text: judged.text.clone(),
            exact: exact(decision.action()),
            runs: runs(judged),
            effects: effects(judged),
            cwd: decision.action().cwd().to_owned(),
            environment,
            files: files(judged),
            profile: at.profile.name.as_str().to_owned(),
            policy: at.profile.policy_name(),
            session: actor.session.clone(),
            confined: at.posture.confined,
            network: at.posture.network,
            severity: decision.severity().word().to_owned(),
            risk: None,
            causes: decision.outstanding().map(Cause::of).collect(),
            saves: saves.into_iter().filter_map(Saved::of).collect(),
            only_once,
            uid: actor.uid,
            client: actor.client.clone(),
            agent: actor.agent.clone(),
            subagent: actor.subagent.clone(),
        }
    }

    /// What makes a judged action this one and no other, in words: its kind, its
    /// parts, and what is in the files that it executes.
    pub fn exactly(judged: &Judged) -> Vec<String> {
        let action = judged.decision.action();
        let mut all = vec![action.kind().to_owned()];
        all.extend(exact(action));
        all.extend(files(judged).into_iter().flat_map(|file| [file.path, file.digest]));
        all
    }

    /// SHA-256 over all of it.
    pub fn digest(&self) -> [u8; 32] {
        // A struct's fields stand in one order, so its JSON is one text; it
        // has no value without a JSON form.
        let text = serde_json::to_vec(self).unwrap_or_default();
        let mut hash = Sha256::new();
        hash.update(b"palisade approval 1\n");
        hash.update(&text);
        hash.finalize().into()
    }

    /// The grants that a longer answer makes.
    pub fn grants(&self, lifetime: Lifetime) -> Vec<Grant> {
        self.saves.iter().map(|saved| Grant { scope: saved.scope(), lifetime }).collect()
    }

    /// Whether "always" is an answer to this.
    pub const fn is_grantable(&self) -> bool {
        self.only_once.is_none() && !self.saves.is_empty()
    }

    /// Whether `answer` is an answer to this: where nothing can be granted,
    /// only "once" is, and "session" needs a session.
    pub const fn takes(&self, answer: Answer) -> bool {
        match answer {
            Answer::Once | Answer::Deny => true,
            Answer::Session => self.is_grantable() && self.session.is_some(),
            Answer::Always => self.is_grantable(),
        }
    }

    /// Whether only the policy is another one.
    pub fn is_under_other_policy(&self, other: &Self) -> bool {
        let policy = &other.policy;
        *policy != self.policy && Self { policy: policy.clone(), ..self.clone() } == *other
    }

    /// Whether the files that it executes are still what they were.
    pub fn is_unchanged(&self) -> bool {
        self.files.iter().all(|file| content(&file.path) == file.digest)
    }
}

impl Cause {
    fn of(finding: &palisade_core::Finding) -> Self {
        Self {
            rule: finding.rule.to_owned(),
            why: finding.why.clone().into_owned(),
            instead: finding.instead.to_owned(),
            text: finding.text.clone(),
        }
    }
}

impl Saved {
    fn of(grant: Grant) -> Option<Self> {
        match grant.scope {
            GrantScope::Rule { rule, program, arguments, directory } => {
                Some(Self { rule, program, arguments, directory })
            }
            GrantScope::CommandGlob(_) => None,
        }
    }

    fn scope(&self) -> GrantScope {
        let Self { rule, program, arguments, directory } = self.clone();
        GrantScope::Rule { rule, program, arguments, directory }
    }
}

fn exact(action: &Action) -> Vec<String> {
    let parts = |kind: &str, rest: &[&str]| {
        std::iter::once(kind).chain(rest.iter().copied()).map(str::to_owned).collect()
    };
    match action {
        Action::Run { command: Command::Shell(line), .. } => parts("shell", &[line]),
        Action::Run { command: Command::Argv(words), .. } => {
            std::iter::once("argv".to_owned()).chain(words.iter().cloned()).collect()
        }
        Action::File { how, path, real, object, .. } => {
            let object = object.map_or_else(
                || "new".to_owned(),
                |object| format!("{}:{}", object.device, object.inode),
            );
            parts(how.word(), &[path, real, &object])
        }
        Action::Fetch { url, .. } => parts("fetch", &[url]),
        Action::Tool { name, arguments, .. } => parts("tool", &[name, arguments]),
        // What is new to us is still told apart from everything else.
        other => parts(other.kind(), &[&format!("{other:?}")]),
    }
}

/// The commands within, where they say more than the line itself.
fn runs(judged: &Judged) -> Vec<String> {
    let commands = &judged.analysis.commands;
    let words = |command: &palisade_shell::Invocation| {
        let mut words = vec![command.program.to_string()];
        words.extend(command.arguments.iter().map(ToString::to_string));
        words.join(" ")
    };
    let all = commands.iter().map(words);
    all.filter(|words| commands.len() > 1 || *words != judged.text).collect()
}

fn effects(judged: &Judged) -> Vec<String> {
    let mut lines = Vec::new();
    for effect in &judged.analysis.effects {
        // A hazard is the name of a rule, which is shown with its reason.
        if matches!(effect.kind, EffectKind::Hazard(_)) {
            continue;
        }
        let words = words::effect(&effect.kind);
        if !lines.contains(&words) {
            lines.push(words);
        }
    }
    lines
}

fn files(judged: &Judged) -> Vec<FileDigest> {
    let mut found: Vec<FileDigest> = Vec::new();
    let named = judged.analysis.effects.iter().filter_map(|effect| match &effect.kind {
        EffectKind::Execute { code: Code::File(path), .. }
        | EffectKind::Program { path }
        | EffectKind::Load { path } => path.literal(),
        _ => None,
    });
    let named = named.chain(judged.analysis.wanted.iter().map(String::as_str));
    for path in named.filter(|path| path.starts_with('/')) {
        if found.len() < FILES && found.iter().all(|known| known.path != path) {
            let digest = content(path);
            found.push(FileDigest { path: path.to_owned(), digest });
        }
    }
    found
}

/// What is in a file; empty where it is none, or not to be read.
fn content(path: &str) -> String {
    read(path).unwrap_or_default()
}

fn read(path: &str) -> io::Result<String> {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    // A pipe in the place of a script must not keep anybody waiting.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file: File = fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let known = file.metadata()?;
    if !known.is_file() {
        return Ok("no file".into());
    }
    if known.len() > FILE {
        let (device, inode, size) = (known.dev(), known.ino(), known.len());
        let time = (known.mtime(), known.mtime_nsec(), known.ctime(), known.ctime_nsec());
        return Ok(format!("{device}:{inode}:{size}:{time:?}"));
    }
    let mut bytes = Vec::new();
    file.take(FILE + 1).read_to_end(&mut bytes)?;
    Ok(hex(&Sha256::digest(&bytes)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn subject(text: &str) -> Subject {
        Subject {
            kind: "run".into(),
            text: text.into(),
            exact: vec!["shell".into(), text.into()],
            cwd: "/w".into(),
            profile: "default".into(),
            severity: "caution".into(),
            saves: vec![Saved { rule: "delete/tree".into(), ..Saved::default() }],
            session: Some("s".into()),
            ..Subject::default()
        }
    }

    #[test]
    fn whatever_differs_gives_another_digest() {
        let one = subject("rm -rf build");
        let others: [fn(&mut Subject); 12] = [
            |other| other.kind = "tool".into(),
            |other| other.exact = vec!["argv".into(), "rm -rf build".into()],
            |other| other.exact = vec!["shell".into(), "rm -rf".into(), "build".into()],
            |other| other.cwd = "/v".into(),
            |other| other.environment = vec!["TOKEN".into()],
            |other| other.policy = "00".into(),
            |other| other.profile = "loose".into(),
            |other| other.session = None,
            |other| other.confined = true,
            |other| other.runs = vec!["rm".into()],
            |other| other.files = vec![FileDigest::default()],
            |other| other.uid = Some(1),
        ];
        assert_eq!(one.digest(), subject("rm -rf build").digest());
        for change in others {
            let mut other = one.clone();
            change(&mut other);
            assert_ne!(one.digest(), other.digest(), "{other:?}");
        }
    }

    #[test]
    fn a_script_that_changed_is_not_what_was_asked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.sh");
        fs::write(&path, "echo 1").unwrap();
        let path = path.to_str().unwrap().to_owned();
        let digest = content(&path);
        let subject = Subject {
            files: vec![FileDigest { path: path.clone(), digest }],
            ..Subject::default()
        };
        assert!(subject.is_unchanged());
        fs::write(&path, "echo 2").unwrap();
        assert!(!subject.is_unchanged());
        fs::remove_file(&path).unwrap();
        assert!(!subject.is_unchanged());
    }

    #[test]
    fn only_once_is_only_once() {
        let mut once = subject("x");
        assert!(once.takes(Answer::Always) && once.takes(Answer::Session));
        once.session = None;
        assert!(once.takes(Answer::Always) && !once.takes(Answer::Session));
        once.only_once = Some("a shell".into());
        assert!(!once.takes(Answer::Always) && once.takes(Answer::Once));
    }
}
