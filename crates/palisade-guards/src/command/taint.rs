//! What a session that has read text from outside may still do unasked.

use palisade_core::Contained;
use palisade_shell::{Analysis, Effect, EffectKind, Invocation, Labels, Text};

use super::connect::{destination, here};
use super::report::{Report, Scene};
use super::{Guard, Look};
use crate::path::{Region, base, see};
use crate::{Taint, rules};

pub(super) static GUARD: Guard = Guard {
    name: "taint",
    manual: "Where text from outside was read in a session, whoever wrote it may be speaking through the agent. Then \
             connections to places that no person named and writes outside the workspace are questions that show \
             where the text came from. Where private data was read as well, every connection is one, whatever was approved before. What stays inside the workspace, and hosts in \
             `tools.taint.named`, are free. `tools.taint.policy` says when this is in force.",
    gaps: "The labels are of the session, not of single values: harmless work after a page was read is asked about as \
           well. What a program sends without being told to by its words is not seen; the sandbox without network \
           stops that.",
    look: Look::Effects(look),
};

fn look(effect: &Effect, scene: &Scene<'_>, report: &mut Report<'_>) {
    let exposure = scene.exposure;
    if !exposure.is_untrusted() {
        return;
    }
    match &effect.kind {
        EffectKind::Connect { host, sends } => {
            let to = destination(host);
            if to.as_deref().is_some_and(here) {
                return;
            }
            if exposure.is_private() {
                report.raise_always(&rules::TAINT_PRIVATE_EGRESS, effect, exposure);
            } else if exposure.table
                && !to.as_deref().is_some_and(|to| exposure.names(to))
                && !(!sends && effect.labels.is_none() && is_page(host, effect, scene))
            {
                report.raise_towards(&rules::TAINT_EGRESS, effect, to.as_deref(), exposure);
            }
        }
        EffectKind::Hazard(id) if sends(id, effect, scene) => {
            if exposure.is_private() {
                report.raise_always(&rules::TAINT_PRIVATE_EGRESS, effect, exposure);
            } else if exposure.table {
                report.raise_because(&rules::TAINT_EGRESS, effect, exposure);
            }
        }
        EffectKind::Write { path, .. } if exposure.table => {
            let outside = matches!(
                see(path, scene.places).region,
                Region::Visible | Region::Hidden | Region::Elsewhere | Region::Local
            );
            if outside {
                report.raise_because(&rules::TAINT_DURABLE_WRITE, effect, exposure);
            }
        }
        _ => {}
    }
}

/// Whether a connection is made to get a page, and what is said beside its
/// address is too little to matter.
fn is_page(host: &Text, effect: &Effect, scene: &Scene<'_>) -> bool {
    const LONGEST: usize = 48;
    let beside = |command: &Invocation| {
        let words = command.arguments.iter().filter(|word| *word != host);
        words.map(|word| word.literal().map_or(LONGEST + 1, str::len)).sum::<usize>()
    };
    host.literal().is_some_and(|address| scene.exposure.is_page(address))
        && scene.command(effect).is_some_and(|command| beside(command) <= LONGEST)
}

/// Whether a command of this hazard has its effect on another machine, and
/// where that is does not stand in its words.
fn sends(id: &str, effect: &Effect, scene: &Scene<'_>) -> bool {
    let elsewhere = rules::rule(id).is_some_and(|rule| rule.contained == Contained::WithoutNetwork);
    let connects = |one: &Effect| {
        one.command == effect.command && matches!(one.kind, EffectKind::Connect { .. })
    };
    elsewhere
        && scene.command(effect).is_some_and(|command| command.online)
        && !scene.analysis.effects.iter().any(connects)
}

/// Known secrets in a line that talks to another machine. The whole line
/// counts, as it stands and as its commands get it: a value also leaves through
/// a variable, a file or a pipe that an earlier part of the line filled.
pub(super) fn leaving(scene: &Scene<'_>, report: &mut Report<'_>) {
    let exposure = scene.exposure;
    if exposure.known.is_none() {
        return;
    }
    let analysis = scene.analysis;
    let connects = analysis.effects.iter().find(|effect| match &effect.kind {
        EffectKind::Connect { host, .. } => !destination(host).is_some_and(|to| here(&to)),
        _ => false,
    });
    let talks = (0..).zip(&analysis.commands).find(|(at, command)| {
        // Where it connects to is known: that has been looked at.
        let here = analysis.effects.iter().any(|effect| {
            effect.command == Some(*at) && matches!(effect.kind, EffectKind::Connect { .. })
        });
        if here {
            return false;
        }
        command.online
    });
    if connects.is_none() && talks.is_none() {
        return;
    }
    // Written out: the `?` of an address is a pattern to the shell.
    let mut sent = report.text().to_owned();
    for command in &analysis.commands {
        for word in command.arguments.iter().chain([&command.program]) {
            sent.push('\n');
            sent.push_str(&word.to_string());
        }
    }
    for effect in &analysis.effects {
        if let EffectKind::Environment { value, .. } = &effect.kind {
            sent.push('\n');
            sent.push_str(&value.to_string());
        }
    }
    for text in &analysis.data {
        sent.push('\n');
        sent.push_str(&text.to_string());
    }
    let Some(why) = exposure.leak(&sent) else { return };
    match (connects, talks) {
        (Some(effect), _) => report.raise_why(&rules::SECRET_OUTGOING, effect, &why),
        (None, Some((at, command))) => {
            report.raise_command_why(&rules::SECRET_OUTGOING, at, command, &why);
        }
        (None, None) => {}
    }
}

/// What the model will have seen when it reads the output of a command.
pub fn shown(analysis: &Analysis) -> Taint {
    let mut taint = Taint::default();
    let printed = analysis.printed;
    let mut local = false;
    if printed.has(Labels::DOWNLOADED) {
        for effect in &analysis.effects {
            match &effect.kind {
                // What this machine serves is the person's own.
                EffectKind::Connect { host, .. } => {
                    local = destination(host).is_some_and(|to| here(&to));
                    if !local {
                        taint.saw_untrusted(&host.to_string());
                    }
                }
                EffectKind::Read { path } if effect.labels.has(Labels::DOWNLOADED) => {
                    taint.saw_untrusted(&path.to_string());
                }
                _ => {}
            }
        }
        if taint.is_none() && !local {
            let first = analysis.commands.first().and_then(|command| command.program.literal());
            taint.saw_untrusted(first.map_or("the network", base));
        }
    }
    if printed.has(Labels::SECRET) {
        for effect in analysis.effects.iter().filter(|one| one.labels.has(Labels::SECRET)) {
            if let EffectKind::Read { path } | EffectKind::List { path } = &effect.kind {
                taint.saw_private(&path.to_string());
            }
        }
    }
    if printed.has(Labels::ENVIRONMENT) || printed.has(Labels::GIVEN) {
        taint.saw_private("the environment");
    }
    taint
}

#[cfg(test)]
mod tests {
    use palisade_shell::{Context, analyse};

    use super::*;

    /// What is seen of the output of a line: from outside, and private.
    fn seen(line: &str) -> (Vec<String>, Vec<String>) {
        let context = Context {
            cwd: "/home/u/p".into(),
            home: "/home/u".into(),
            classify: crate::classify(),
            ..Context::default()
        };
        let taint = shown(&analyse(line, &context));
        let all = |origins: &mut dyn Iterator<Item = &str>| origins.map(str::to_owned).collect();
        (all(&mut taint.untrusted()), all(&mut taint.private()))
    }

    #[test]
    fn what_comes_from_outside() {
        for (line, origin) in [
            ("curl https://a.example/x", "https://a.example/x"),
            ("wget -qO- https://a.example | grep b | head", "https://a.example"),
            ("x=$(curl https://a.example); echo $x", "https://a.example"),
            ("gh issue view 7", "gh"),
            ("gh pr list --json title", "gh"),
            ("gh search issues crash", "gh"),
            ("glab mr view 3", "glab"),
            ("w3m -dump https://a.example", "https://a.example"),
        ] {
            assert_eq!(seen(line), (vec![origin.to_owned()], vec![]), "{line}");
        }
        let kept = seen("curl -o f https://a.example/; cat f").0;
        assert_eq!(kept, ["/home/u/p/f", "https://a.example/"]);
        for line in ["ls", "cat README.md", "curl -o f https://a.example/", "git log", "make"] {
            assert_eq!(seen(line), (vec![], vec![]), "{line}");
        }
        assert_eq!(seen("curl http://localhost:3000/"), (vec![], vec![]));
    }

    /// Which hosts the questions of a line are about, once a page was read.
    fn asked_about(line: &str) -> Vec<(&'static str, Option<String>)> {
        let mut taint = Taint::default();
        taint.saw_untrusted("a page");
        let exposure = crate::Exposure { taint: &taint, table: true, ..crate::Exposure::none() };
        let context =
            Context { cwd: "/home/u/p".into(), home: "/home/u".into(), ..Context::default() };
        let analysis = analyse(line, &context);
        let places =
            crate::Places { home: "/home/u".into(), cwd: "/home/u/p".into(), ..Default::default() };
        let findings = super::super::findings(line, &analysis, &places, &exposure);
        let taint = findings.iter().filter(|one| one.rule.starts_with("taint/"));
        taint
            .map(|one| {
                let subject = one.subject.as_ref().filter(|subject| subject.program == "connect");
                (one.rule, subject.and_then(|subject| subject.arguments.first().cloned()))
            })
            .collect()
    }

    #[test]
    fn a_grant_is_for_the_place_that_is_connected_to() {
        for (line, hosts) in [
            ("curl -d x https://A.example./y", vec!["a.example"]),
            ("curl -d x https://a.example https://b.example", vec!["a.example", "b.example"]),
            ("ping a.example; ping b.example", vec!["a.example", "b.example"]),
            ("curl -d x https://a.example/$(date)", vec!["a.example"]),
        ] {
            let hosts: Vec<_> =
                hosts.into_iter().map(|host| ("taint/egress", Some(host.to_owned()))).collect();
            assert_eq!(asked_about(line), hosts, "{line}");
        }
        assert_eq!(asked_about("curl -d x https://$HOST/"), [("taint/egress", None)]);
        assert_eq!(asked_about("curl http://localhost:3000/"), []);
    }

    #[test]
    fn what_is_private() {
        let env = vec!["/home/u/p/.env".to_owned()];
        assert_eq!(seen("cat .env"), (vec![], env.clone()));
        assert_eq!(seen("grep KEY .env | tail -1"), (vec![], env));
        assert_eq!(seen("printenv").1, ["the environment"]);
        assert_eq!(seen("cp .env .env.bak; ls"), (vec![], vec![]));
    }
}
