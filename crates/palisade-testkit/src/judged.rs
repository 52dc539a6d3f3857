//! Commands judged as the specs describe them, without the outside.

use palisade_core::{
    Action, Command, Decision, FileFacts, FileKind, FileUse, Posture, Surface, judge,
};
use palisade_guards::rules::About;
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
        About::Call => crate::called::judged(text, setting),
        About::File => file(text, setting),
        // Each kind gets its judge with its first rule.
        About::Url | About::Content | About::Session => {
            unreachable!("no rule is about {about:?} yet")
        }
    }
}

/// The decision on the command `text`.
pub fn judged(text: &str, setting: &Setting) -> Decision {
    let context = Context {
        cwd: setting.cwd.clone(),
        home: HOME.to_owned(),
        classify: palisade_guards::classify(),
        ..Context::default()
    };
    let places = places(setting);
    let analysis = analyse(text, &context);
    let findings = command::findings(text, &analysis, &places);
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
    }
}

/// The decision on a file: `read ~/.ssh/id_rsa`. After the path may stand
/// ` -> /where/it/is`, ` = /another/name`, `(new)` and `(incomplete)`.
fn file(text: &str, setting: &Setting) -> Decision {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let how = match word {
        "read" => FileUse::Read,
        "write" => FileUse::Write,
        "edit" => FileUse::Edit,
        "list" => FileUse::List,
        "search" => FileUse::Search,
        other => unreachable!("`{other}` is no use of a file: {text}"),
    };
    let (rest, new) = flagged(rest, " (new)");
    let (rest, incomplete) = flagged(rest, " (incomplete)");
    let mut names = rest.split(" = ");
    let first = names.next().unwrap_or("");
    let (path, real) = first.split_once(" -> ").unwrap_or((first, first));
    let absolute = |path: &str| match path.strip_prefix("~/") {
        Some(below) => format!("{HOME}/{below}"),
        None if path == "~" => HOME.to_owned(),
        None if path.starts_with('/') => path.to_owned(),
        None => format!("{}/{path}", setting.cwd),
    };
    let facts = FileFacts {
        path: absolute(path),
        also: names.map(absolute).collect(),
        kind: if new { FileKind::New } else { FileKind::Regular },
        incomplete,
        ..FileFacts::of_text(absolute(real))
    };
    let findings = palisade_guards::file::findings(how, &facts, &places(setting));
    let action = Action::File {
        how,
        path: facts.path.clone(),
        real: facts.real.clone(),
        object: None,
        cwd: setting.cwd.clone(),
    };
    // A tool runs outside the sandbox, whatever the profile says.
    let posture = Posture { confined: false, ..setting.posture };
    judge(action, findings, posture, &[], None, 0)
}

fn flagged<'a>(text: &'a str, flag: &str) -> (&'a str, bool) {
    text.strip_suffix(flag).map_or((text, false), |rest| (rest, true))
}
