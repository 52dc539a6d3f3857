//! Commands judged as the specs describe them, without the outside.

use palisade_core::{Action, Command, Decision, Finding, Posture, Surface, judge};
use palisade_guards::content::{Kind, Redactor, examine};
use palisade_guards::rules::{About, rule};
use palisade_guards::{Places, command};
use palisade_shell::{Context, analyse};

/// Where and how a command of a spec is judged.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The working directory.
    pub cwd: String,
    /// Surface and confinement.
    pub posture: Posture,
}

impl Default for Setting {
    fn default() -> Self {
        Self { cwd: WORKSPACE.to_owned(), posture: Posture::default() }
    }
}

/// The home directory of the specs.
pub const HOME: &str = "/home/u";
/// The workspace of the specs.
pub const WORKSPACE: &str = "/home/u/project";

/// Postures by the names that specs and the matrix use.
pub fn posture(name: &str) -> Option<Posture> {
    let surface = match name {
        "interactive" | "confined" => Surface::Interactive,
        "unattended" => Surface::Unattended,
        _ => return None,
    };
    Some(Posture { surface, confined: name == "confined", ..Posture::default() })
}

/// The decision on `text`, which is what rules about that kind of thing look
/// at.
pub fn judged_as(about: About, text: &str, setting: &Setting) -> Decision {
    match about {
        About::Command => judged(text, setting),
        // Each kind gets its judge with its first rule.
        About::Content => examined(text, setting),
        About::File | About::Url | About::Session | About::Call => {
            unreachable!("no rule is about {about:?} yet")
        }
    }
}

/// What is found in text from outside, in the form of a decision. In force it is
/// none: what is found is noted, and `ask` here is the exit code 3 of
/// `palisade scan`.
fn examined(text: &str, setting: &Setting) -> Decision {
    let kind = if text.starts_with('<') { Kind::Html } else { Kind::Text };
    let findings = examine(text, kind, &Redactor::new(&[]))
        .into_iter()
        .filter_map(|hit| {
            let rule = rule(hit.rule)?;
            Some(Finding {
                rule: rule.id,
                severity: rule.severity,
                why: rule.why.into(),
                instead: rule.instead,
                span: hit.span,
                text: hit.decoded.unwrap_or_default(),
                subject: None,
                contained: rule.contained,
            })
        })
        .collect();
    let action = Action::Fetch { url: String::new(), cwd: setting.cwd.clone() };
    judge(action, findings, setting.posture, &[], None, 0)
}

/// The decision on the command `text`.
pub fn judged(text: &str, setting: &Setting) -> Decision {
    let context = Context {
        cwd: setting.cwd.clone(),
        home: HOME.to_owned(),
        classify: palisade_guards::classify(),
        ..Context::default()
    };
    let places = Places {
        home: HOME.to_owned(),
        cwd: setting.cwd.clone(),
        workspace: WORKSPACE.to_owned(),
        palisade_home: format!("{HOME}/.palisade"),
        programs: vec![format!("{HOME}/.local/bin/palisade")],
    };
    let analysis = analyse(text, &context);
    let findings = command::findings(text, &analysis, &places);
    let simple = analysis.simple.then_some(text);
    let action = Action::Run { command: Command::Shell(text.to_owned()), cwd: setting.cwd.clone() };
    judge(action, findings, setting.posture, &[], simple, 0)
}
