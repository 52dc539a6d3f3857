//! Commands judged as the specs describe them, without the outside.

mod call;
mod file;
mod text;
mod url;

use palisade_core::{Action, Command, Decision, Posture, Surface, judge};
use palisade_guards::content::Secret;
use palisade_guards::content::outgoing::Outgoing;
use palisade_guards::rules::About;
use palisade_guards::{Exposure, Places, Taint, command};
use palisade_shell::{Context, analyse};

pub use url::fetched;

/// Where and how a command of a spec is judged.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The working directory.
    pub cwd: String,
    /// Surface and confinement.
    pub posture: Posture,
    /// What the session has seen before.
    pub taint: Taint,
    /// The secret that the profile holds.
    pub known: Option<String>,
    /// Whether it hands one to commands, as `API_TOKEN`.
    pub given: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            cwd: WORKSPACE.to_owned(),
            posture: Posture::default(),
            taint: Taint::default(),
            known: None,
            given: false,
        }
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

/// The decision on what is given, which is what rules about that kind of thing look
/// at.
pub fn judged_as(about: About, given: &str, setting: &Setting) -> Decision {
    match about {
        About::Command => judged(given, setting),
        About::Session => after(given, setting),
        About::Call => call::judged(given, setting),
        About::File => file::judged(given, setting),
        About::Url => fetched(given, setting),
        About::Content => text::judged(given, setting),
    }
}

/// The decision on `what was seen: command`, where what was seen is `nothing`,
/// `untrusted`, `private` or both; `known` says that the profile holds a
/// secret, `given` that commands get one.
fn after(text: &str, setting: &Setting) -> Decision {
    let (seen, command) = text.split_once(": ").unwrap_or(("nothing", text));
    let mut setting = setting.clone();
    for label in seen.split(' ') {
        match label {
            "untrusted" => setting.taint.saw_untrusted("https://page.example"),
            "private" => setting.taint.saw_private("~/.env"),
            "known" => setting.known = Some("correct-horse-battery-42".to_owned()),
            "given" => setting.given = true,
            other => assert_eq!(other, "nothing", "an unknown label in {text:?}"),
        }
    }
    judged(command, &setting)
}

/// What finds the one secret that a profile holds.
fn known(value: &str) -> Outgoing {
    Outgoing::new(&[Secret { name: "KEY".to_owned(), value: value.to_owned() }])
}

/// The hosts that the person of the specs has named.
fn named() -> [String; 2] {
    ["named.example".to_owned(), "*.below.example".to_owned()]
}

/// The decision on the command `text`.
pub fn judged(text: &str, setting: &Setting) -> Decision {
    let context = Context {
        cwd: setting.cwd.clone(),
        home: HOME.to_owned(),
        palisade_home: format!("{HOME}/.palisade"),
        classify: palisade_guards::classify(),
        given: setting.given.then(|| "API_TOKEN".to_owned()).into_iter().collect(),
        ..Context::default()
    };
    let places = places(setting);
    let analysis = analyse(text, &context);
    let known = setting.known.as_deref().map(known);
    let exposure = Exposure {
        taint: &setting.taint,
        named: &named(),
        pages: &["docs.rs".to_owned()],
        table: true,
        known: known.as_ref().map(|known| known as _),
    };
    let findings = command::findings(text, &analysis, &places, &exposure);
    let simple = analysis.simple.then_some(text);
    let action = Action::Run { command: Command::Shell(text.to_owned()), cwd: setting.cwd.clone() };
    judge(action, findings, setting.posture, &[], simple, 0)
}

fn places(setting: &Setting) -> Places {
    Places {
        home: HOME.to_owned(),
        cwd: setting.cwd.clone(),
        workspace: WORKSPACE.to_owned(),
        palisade_home: format!("{HOME}/.palisade"),
        programs: vec![format!("{HOME}/.local/bin/palisade")],
        settings: Vec::new(),
    }
}
