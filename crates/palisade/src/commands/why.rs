use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use palisade_core::{Contained, Finding, Grant, Posture, Severity, Verdict};
use palisade_guards::content::reveal;
use palisade_runtime::config::edit::line_of;
use palisade_runtime::{Circumstances, Judged, Request, judge_command, words};
use palisade_shell::Effect;

use super::check::{AsIf, Line};
use crate::show::{self, Failure, Paint, Style, printed, wrapped};
use crate::wire_up::{self, House};

/// Explain what a command would do and which rules speak to it
///
/// Shows what was understood, nested commands decoded; then each finding with
/// its rule, its reason, and the line of policy that decided. The exit code is
/// that of `check`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  palisade why -- 'echo cm0gLXJmIC8= | base64 -d | sh'")]
pub struct Arguments {
    #[command(flatten)]
    what: Line,
    #[command(flatten)]
    judged: AsIf,
}

pub fn run(arguments: Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    let house = House::open(profile, arguments.judged.session.as_deref())?;
    let session = house.keeper().session()?;
    let grants = house.grants(&session);
    let mut at = house.circumstances(arguments.judged.surface(), &grants, &session);
    arguments.judged.apply(&mut at);
    let request = Request { command: arguments.what.command("why")?, cwd: wire_up::cwd()? };
    let judged = judge_command(request, &at);
    let paint = Paint::on(&io::stdout());
    printed(|out| {
        understood(out, &judged, paint)?;
        found(out, &judged, &at, paint)
    })?;
    Ok(show::code(judged.decision.verdict()))
}

/// The tree of commands, each with its effects below it.
fn understood(out: &mut dyn Write, judged: &Judged, paint: Paint) -> io::Result<()> {
    writeln!(out, "{}", paint.text(Style::Bold, &reveal(&judged.text)))?;
    branch(out, judged, None, "", paint)
}

fn branch(
    out: &mut dyn Write,
    judged: &Judged,
    parent: Option<u32>,
    indent: &str,
    paint: Paint,
) -> io::Result<()> {
    let Judged { analysis, .. } = judged;
    let effects: Vec<&Effect> =
        analysis.effects.iter().filter(|effect| effect.command == parent).collect();
    let commands: Vec<u32> = (0..)
        .zip(&analysis.commands)
        // An outer command stands before its inner ones, so this ends.
        .filter(|(at, command)| command.parent == parent && Some(*at) > parent)
        .map(|(at, _)| at)
        .collect();
    let mut left = effects.len() + commands.len();
    let mut leaf = |out: &mut dyn Write, text: &str| {
        left -= 1;
        let (tee, bar) = if left == 0 { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let (head, tail) = (format!("{indent}{tee}"), format!("{indent}{bar}"));
        wrapped(out, text, &head, &tail).map(|()| tail)
    };
    for effect in effects {
        let mut text = reveal(&words::effect(&effect.kind));
        let labels: Vec<&str> = effect.labels.words().collect();
        if !labels.is_empty() {
            text.push_str(&format!(" ({})", labels.join(", ")));
        }
        leaf(out, &paint.text(Style::Dim, &text))?;
    }
    for at in commands {
        let Some(command) = analysis.commands.get(at as usize) else { continue };
        let mut text = command.program.to_string();
        for argument in &command.arguments {
            text.push(' ');
            text.push_str(&argument.to_string());
        }
        let mut text = reveal(&text);
        if !command.via.is_empty() {
            text.push_str(&format!("  [{}]", command.via));
        }
        if command.deferred {
            text.push_str("  [runs later]");
        }
        let below = leaf(out, &text)?;
        branch(out, judged, Some(at), &below, paint)?;
    }
    Ok(())
}

/// The verdict, and each finding with what decided about it.
fn found(
    out: &mut dyn Write,
    judged: &Judged,
    at: &Circumstances<'_>,
    paint: Paint,
) -> io::Result<()> {
    let decision = &judged.decision;
    let simple = judged.analysis.simple.then_some(judged.text.as_str());
    let verdict = decision.verdict();
    writeln!(
        out,
        "\n{} ({})",
        paint.text(show::style(verdict), verdict.word()),
        decision.severity().word()
    )?;
    for finding in decision.findings() {
        let Finding { rule, severity, why, instead, span, text, .. } = finding;
        let style = match severity {
            Severity::Safe => Style::Green,
            Severity::Caution => Style::Yellow,
            Severity::Dangerous => Style::Red,
        };
        writeln!(out, "\n  {} {}", paint.text(style, rule), severity.word())?;
        let mut line = |name: &str, text: &str| {
            let head = format!("    {} ", paint.text(Style::Dim, &format!("{name:<8}")));
            wrapped(out, text, &head, "             ")
        };
        line("why", &reveal(why))?;
        if !text.is_empty() {
            line("at", &format!("{}..{} `{}`", span.from, span.to, reveal(text)))?;
        }
        if !instead.is_empty() {
            line("instead", instead)?;
        }
        line("decided", &decided(finding, verdict, simple, at))?;
    }
    Ok(())
}

/// The line of policy that decided about a finding.
fn decided(
    finding: &Finding,
    verdict: Verdict,
    simple: Option<&str>,
    at: &Circumstances<'_>,
) -> String {
    match finding.severity {
        Severity::Safe => return "built in: safe is allowed".into(),
        Severity::Dangerous => {
            return "built in: dangerous is always denied, whatever was approved".into();
        }
        Severity::Caution => {}
    }
    let key = |keys: &[&str], value: &str| {
        let name = keys.join(".");
        match line_of(&at.profile.text, keys, None) {
            Some(line) => {
                format!("`{name}: {value}` ({}:{line})", at.profile.config_file().display())
            }
            None => format!("`{name}: {value}` (the default)"),
        }
    };
    let Posture { confined, .. } = at.posture;
    let contained = match finding.contained {
        Contained::No => None,
        Contained::Yes | Contained::WithoutNetwork if confined => {
            Some("the sandbox makes it harmless".to_owned())
        }
        Contained::Yes | Contained::WithoutNetwork => None,
        Contained::Unrecognised => {
            let value = match at.posture.unrecognised {
                palisade_core::Unrecognised::AllowWhenConfined => "allow-when-confined",
                palisade_core::Unrecognised::Ask => "ask",
                palisade_core::Unrecognised::Allow => "allow",
            };
            Some(key(&["tools", "terminal", "approval", "unrecognised"], value))
        }
    };
    let covers = |grant: &&Grant| grant.covers(finding, simple, at.now);
    if let Some(grant) = at.grants.iter().find(covers) {
        return granted(grant, at);
    }
    contained.unwrap_or_else(|| match verdict {
        Verdict::Allow => "approved".into(),
        Verdict::Ask => "built in: a caution asks where a person can answer".into(),
        Verdict::Deny => "built in: a caution is denied where nobody can answer".into(),
    })
}

fn granted(grant: &Grant, at: &Circumstances<'_>) -> String {
    let index = at.profile.grants().iter().position(|known| known == grant);
    let keys = ["tools", "terminal", "approval", "allowlist"];
    match index.and_then(|index| line_of(&at.profile.text, &keys, Some(index))) {
        Some(line) => format!("approved ({}:{line})", at.profile.config_file().display()),
        None => "approved for this session".into(),
    }
}
