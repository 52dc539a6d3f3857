//! Commands judged as the specs describe them, without the outside.

use std::net::IpAddr;

use palisade_core::{Action, Command, Decision, Posture, Surface, judge};
use palisade_guards::network::{Host, Reach, Refusal, Target};
use palisade_guards::rules::About;
use palisade_guards::{Exposure, Places, Taint, command};
use palisade_shell::{Context, analyse};

/// Where and how a command of a spec is judged.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The working directory.
    pub cwd: String,
    /// Surface and confinement.
    pub posture: Posture,
    /// What the session has seen before.
    pub taint: Taint,
}

impl Default for Setting {
    fn default() -> Self {
        Self { cwd: WORKSPACE.to_owned(), posture: Posture::default(), taint: Taint::default() }
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
        About::Session => after(text, setting),
        About::Url => fetched(text, setting),
        About::File | About::Content | About::Call => {
            unreachable!("no rule is about {about:?} yet")
        }
    }
}

/// The decision on `what was seen: command`, where what was seen is `nothing`,
/// `untrusted`, `private` or both.
fn after(text: &str, setting: &Setting) -> Decision {
    let (seen, command) = text.split_once(": ").unwrap_or(("nothing", text));
    let mut setting = setting.clone();
    for label in seen.split(' ') {
        match label {
            "untrusted" => setting.taint.saw_untrusted("https://page.example"),
            "private" => setting.taint.saw_private("~/.env"),
            other => assert_eq!(other, "nothing", "an unknown label in {text:?}"),
        }
    }
    judged(command, &setting)
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
    let exposure = Exposure { taint: &setting.taint, named: [&named(), &[]], table: true };
    let findings = command::findings(text, &analysis, &places, &exposure);
    let simple = analysis.simple.then_some(text);
    let action = Action::Run { command: Command::Shell(text.to_owned()), cwd: setting.cwd.clone() };
    judge(action, findings, setting.posture, &[], simple, 0)
}

/// The decision on a chain of addresses, as a client would come to it:
/// `URL -> answer, answer => URL`. A name without answers resolves to a public
/// address, and `none` is no answer. `opened: host:port, ..;` before the first
/// opens origins, `fake-ip: prefix;` and `nat64: prefix;` say those.
pub fn fetched(text: &str, setting: &Setting) -> Decision {
    let findings = chain(text).err().map(|refusal| refusal.finding(text.len()));
    let action = Action::Fetch { url: text.to_owned(), cwd: setting.cwd.clone() };
    judge(action, findings.into_iter().collect(), setting.posture, &[], None, 0)
}

#[expect(clippy::expect_used, clippy::panic, reason = "a spec that says nothing stops the tests")]
fn chain(text: &str) -> Result<(), Refusal> {
    const PUBLIC: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(93, 184, 215, 14));
    let mut reach = Reach::default();
    let mut hops = text;
    while let Some((entry, rest)) = hops.split_once("; ") {
        let (key, value) = entry.split_once(": ").expect("a setting is `key: value;`");
        for value in value.split(", ") {
            match key {
                "opened" => reach.open(value),
                "fake-ip" => reach.fake_ip(value),
                "nat64" => reach.nat64(value),
                _ => panic!("`{key}` is no setting of an address"),
            }
            .unwrap_or_else(|wrong| panic!("{}", wrong.message));
        }
        hops = rest;
    }
    let mut before: Option<Target> = None;
    for (count, hop) in hops.split(" => ").enumerate() {
        let (url, answers) = hop.split_once(" -> ").unwrap_or((hop, ""));
        let target = match &before {
            None => Target::parse(url, &reach)?,
            Some(before) => before.hop(url, count, &reach)?.target,
        };
        let answers = match (target.destination().host(), answers) {
            (Host::Literal(address), _) => vec![*address],
            (Host::Name(_), "") => vec![PUBLIC],
            (Host::Name(_), "none") => Vec::new(),
            (Host::Name(_), answers) => answers
                .split(", ")
                .map(|one| one.parse().expect("an answer is an address"))
                .collect(),
        };
        target.destination().vetted(&answers, &reach)?;
        before = Some(target);
    }
    Ok(())
}
