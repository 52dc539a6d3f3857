//! Palisade's own commands: an agent may ask, never decide.

use palisade_shell::{Invocation, Text};

use super::report::Report;
use super::{Guard, Look};
use crate::path::base;
use crate::rules;

pub(super) static GUARD: Guard = Guard {
    name: "governor",
    manual: "Stops every use of Palisade that would approve, grant, install, uninstall, pair, change policy or stop it, \
             and every use that is not known to be harmless. Looking is free: check, why, log, doctor (but not `--live`, which starts \
             programs), audit, scan, fetch, and help. Its files and its program are protected by the path guards.",
    gaps: "A process number does not say whose process it is.",
    look: Look::Commands(look),
};

fn look(at: u32, command: &Invocation, report: &mut Report<'_>) {
    let Some(program) = command.program.literal().map(base) else { return };
    let verb =
        || command.arguments.iter().filter_map(Text::literal).find(|word| !word.starts_with('-'));
    match program {
        "palisade" | "palisade.exe" if !harmless(&command.arguments) => {
            report.raise_command(&rules::GOVERNOR_COMMAND, at, command);
        }
        "pkill" | "killall" | "skill" | "killall5" | "taskkill" => {
            let named = |word: &Text| word.literal().is_some_and(|text| text.contains("palisade"));
            if command.arguments.iter().any(named) {
                report.raise_command(&rules::GOVERNOR_STOP, at, command);
            }
        }
        "systemctl" | "launchctl" | "service" | "rc-service"
            if command
                .arguments
                .iter()
                .any(|word| word.literal().is_some_and(|text| text.contains("palisade")))
                && !matches!(
                    verb(),
                    Some("status" | "list" | "print" | "show" | "is-active" | "cat")
                ) =>
        {
            report.raise_command(&rules::GOVERNOR_STOP, at, command);
        }
        // Its number may come from a look for its name.
        "kill" if looks_for_it(report.commands()) => {
            report.raise_command(&rules::GOVERNOR_STOP, at, command);
        }
        // Whatever the copy or link is called.
        _ if answers(&command.arguments)
            || command.interpreter && handed_on(&command.arguments) =>
        {
            report.raise_command(&rules::GOVERNOR_COMMAND, at, command);
        }
        _ => {}
    }
}

/// Whether the commands of a line search for processes of Palisade by name.
fn looks_for_it(commands: &[Invocation]) -> bool {
    let is = |command: &Invocation, names: &[&str]| {
        command.program.literal().is_some_and(|program| names.contains(&base(program)))
    };
    let lists = commands.iter().any(|command| is(command, &["ps", "lsof", "ss", "netstat"]));
    commands.iter().any(|command| {
        (lists || is(command, &["pgrep", "pidof", "fuser", "systemctl"]))
            && command
                .arguments
                .iter()
                .any(|word| word.literal().is_some_and(|text| text.contains("palisade")))
    })
}

/// Whether these are the words that answer a question, or stand for a client.
fn answers(arguments: &[Text]) -> bool {
    let mut words = arguments.iter().map(Text::literal);
    let first = words.find(|word| word.is_none_or(|text| !text.starts_with('-'))).flatten();
    match first {
        Some("approvals") => {
            matches!(words.next().flatten(), Some("allow" | "approve" | "deny" | "watch"))
        }
        Some("hook") => words.next().flatten() == Some("--client"),
        _ => false,
    }
}

/// Whether these words start something, in a way that is not seen through, with
/// the words of an answer.
fn handed_on(arguments: &[Text]) -> bool {
    let words: Vec<&str> = arguments.iter().map(|word| word.literal().unwrap_or("")).collect();
    words.windows(2).any(|pair| {
        matches!(pair, ["approvals", "allow" | "approve" | "deny" | "watch"] | ["hook", "--client"])
    })
}

/// Whether a use of Palisade only looks. What is not known is not harmless, and
/// neither is another profile, which may be a looser one.
fn harmless(arguments: &[Text]) -> bool {
    const LOOKING: &[&str] =
        &["check", "why", "audit", "scan", "fetch", "help", "run", "exec", "selftest", "demo"];
    const LISTING: &[&str] = &["list", "ls", "show", "status", "verify", "pending"];
    // All else of `log` changes the journal: setting it aside, pruning,
    // rebuilding, signing.
    const READING: &[&str] = &["tail", "show", "list", "export", "verify", "sessions"];
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let Some(text) = word.literal() else { return false };
        match text {
            "--help" | "-h" | "--version" | "-V" => return true,
            "--json" | "-q" | "--quiet" => {}
            "approvals" | "grants" | "devices" | "profile" | "daemon" | "sandbox" => {
                return match words.next().map(Text::literal) {
                    None => true,
                    Some(next) => next.is_some_and(|next| {
                        LISTING.contains(&next) || next == "--help" || next == "-h"
                    }),
                };
            }
            // It looks; but `--live` starts programs by their names, which an
            // agent may have put on the search path.
            "doctor" => {
                return words.all(|word| {
                    word.literal().is_some_and(|text| matches!(text, "--json" | "--help" | "-h"))
                });
            }
            // A server or gateway started by the agent would run any program
            // outside of what is judged here, and pins are a person's word.
            "mcp" => {
                let rest: Option<Vec<&str>> = words.map(Text::literal).collect();
                return rest.is_some_and(|rest| {
                    matches!(rest.as_slice(), ["pins"] | ["pins", "--json"])
                        || rest
                            .iter()
                            .take_while(|word| **word != "--")
                            .any(|word| *word == "--help")
                });
            }
            "log" => {
                // An option may stand before the verb, so every word is looked
                // at up to the first that is none.
                let verb =
                    words.find(|word| word.literal().is_none_or(|text| !text.starts_with('-')));
                return verb
                    .is_none_or(|verb| verb.literal().is_some_and(|verb| READING.contains(&verb)));
            }
            other => return LOOKING.contains(&other),
        }
    }
    true
}
