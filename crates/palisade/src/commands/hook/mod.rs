//! `palisade hook`: what an agent's client calls before and after each use of
//! a tool.
//!
//! Whatever happens here ends as an answer: a refusal in the client's own form
//! where anything goes wrong, and nothing at all where the call may happen.
//! Only [`speak`] writes to standard output, once.

mod after;
mod before;
mod native;
mod session;
mod speak;
mod uses;
mod words;

use std::ffi::OsString;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use palisade_guards::content::reveal;
use palisade_wire::{Client, Event, Payload, clients};

use crate::show::Failure;
use crate::wire_up::House;

/// Answer an agent's client about a tool that it is about to use, or has used
///
/// The payload comes on standard input. No output means that it may be used.
/// A refusal is JSON in the client's own form. The exit code is 0, or 2 where
/// a refusal cannot be written to standard output.
///
/// Whoever starts it is registered as an agent until it ends, so that neither
/// it nor what it starts can answer questions: not, where a person tries it
/// out, the shell that they type into, but a script or an editor that runs it.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  echo '{\"hook_event_name\":\"PreToolUse\",\"tool_name\":\"Bash\",\"tool_input\":{\"command\":\"rm -rf /\"}}' | palisade hook --client claude --event PreToolUse"
)]
pub struct Arguments {
    /// Whose payload it is: claude, codex, gemini, copilot, opencode, pi,
    /// cline, qwen, cursor or goose.
    #[arg(long, value_name = "CLIENT")]
    client: String,
    /// The event as the client spells it, or before, permission, after. A
    /// payload that names its event itself is taken at its word.
    #[arg(long, value_name = "EVENT")]
    event: Option<String>,
    /// How many seconds the client waits; the answer comes before.
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    timeout: String,
}

/// What the command line says. It is read by hand, so that a line which cannot
/// be read is refused in the form of the client that it names.
#[derive(Debug, Default)]
struct Asked {
    client: Option<&'static Client>,
    event: Option<String>,
    timeout: Option<String>,
    profile: Option<String>,
    wrong: Option<String>,
}

/// Takes over where the command is `hook`, unless it is asked for help.
pub fn intercept(arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    let words: Vec<String> =
        arguments.skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        match word.as_str() {
            "-p" | "--profile" => at += 2,
            "hook" => break,
            other if other.starts_with("--profile=") || other.starts_with("-p") => at += 1,
            _ => return None,
        }
    }
    words.get(at)?;
    if words.iter().any(|word| word == "--help" || word == "-h") {
        return None;
    }
    answer(asked(&words));
    Some(ExitCode::SUCCESS)
}

/// Where clap has read the line.
pub fn run(arguments: Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    let known = clients::client(&arguments.client);
    answer(Asked {
        client: known,
        event: arguments.event,
        timeout: Some(arguments.timeout),
        profile: profile.map(str::to_owned),
        wrong: known.is_none().then(|| no_client(Some(&arguments.client))),
    });
    Ok(ExitCode::SUCCESS)
}

fn asked(words: &[String]) -> Asked {
    let mut asked = Asked::default();
    let mut wrong = |what: &str| {
        asked.wrong.get_or_insert_with(|| what.to_owned());
    };
    let mut rest = words.iter();
    let (mut client, mut named) = (None, false);
    while let Some(word) = rest.next() {
        let (name, inline) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        if name == "hook" && !named {
            named = true;
            continue;
        }
        let into = match name {
            "--client" => &mut client,
            "--event" => &mut asked.event,
            "--timeout" => &mut asked.timeout,
            "-p" | "--profile" => &mut asked.profile,
            _ => {
                wrong("the hook's line has a word that is not known");
                continue;
            }
        };
        match inline.or_else(|| rest.next().cloned()) {
            Some(value) if into.is_none() => *into = Some(value),
            Some(_) => wrong("the hook's line says something twice"),
            None => wrong("the hook's line ends too early"),
        }
    }
    asked.client = client.as_deref().and_then(clients::client);
    if asked.client.is_none() {
        asked.wrong.get_or_insert_with(|| no_client(client.as_deref()));
    }
    asked
}

fn no_client(named: Option<&str>) -> String {
    let names: Vec<&str> = clients::CLIENTS.iter().map(|client| client.name).collect();
    let known = names.join(", ");
    match named {
        None => format!("the hook's line names no client with `--client`; those known are {known}"),
        Some(name) => format!(
            "the hook's line names the client `{}`, which is not known; those known are {known}",
            reveal(name)
        ),
    }
}

/// What to say.
pub(super) enum Said {
    /// Nothing: the call may happen, the output may be shown.
    Nothing,
    /// This.
    Line(String),
}

/// One call of the hook.
pub(super) struct Hook {
    pub(super) client: &'static Client,
    pub(super) profile: Option<String>,
    /// When there must have been an answer.
    pub(super) end: Instant,
}

/// A client waits so long where nobody said otherwise.
const WAITS: f64 = 60.0;

/// So much memory is enough for any judgement. Whoever finds a payload that
/// needs more ends this process alone, and the shell around it refuses; where
/// the whole machine runs out, the kernel could take that shell as well.
#[cfg(target_os = "linux")]
const MEMORY: u64 = 2 << 30;

fn answer(asked: Asked) {
    let begun = Instant::now();
    #[cfg(target_os = "linux")]
    let _ = nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_AS, MEMORY, MEMORY);
    // A panic is a refusal, and standard error stays empty.
    std::panic::set_hook(Box::new(|_| {}));
    let event = match (asked.client, asked.event.as_deref()) {
        (Some(client), Some(name)) => client.event(name).map(Some),
        _ => Some(None),
    };
    speak::about(asked.client, event.flatten().unwrap_or(Event::Before));
    let timeout = match asked.timeout.as_deref().map(str::parse::<f64>) {
        None => Some(WAITS),
        Some(Ok(seconds)) if seconds.is_finite() && (0.01..=86_400.0).contains(&seconds) => {
            Some(seconds)
        }
        Some(_) => None,
    };
    let waits = timeout.unwrap_or(WAITS);
    // A tenth of the time, but at most five seconds, is left for the answer to
    // arrive.
    let end = begun + Duration::from_secs_f64(waits - (waits / 10.0).min(5.0));
    if !speak::watch(end) {
        return speak::refuse("Palisade could not watch its own time");
    }
    let (Some(client), None, Some(event), Some(_)) = (asked.client, &asked.wrong, event, timeout)
    else {
        let wrong = asked.wrong.as_deref().unwrap_or("the hook's line is not understood");
        return speak::refuse(wrong);
    };
    let hook = Hook { client, profile: asked.profile, end };
    match catch_unwind(AssertUnwindSafe(|| hook.answer(event))) {
        Ok(Ok(Said::Nothing)) => speak::nothing(),
        Ok(Ok(Said::Line(line))) => speak::say(&line),
        Ok(Err(why)) => speak::refuse(&why),
        Err(_) => speak::refuse("Palisade failed while it looked at this"),
    }
}

impl Hook {
    /// # Errors
    /// Why there is no answer but a refusal, in words without a path of ours.
    fn answer(&self, event: Option<Event>) -> Result<Said, String> {
        let mut bytes = Vec::new();
        let bound = palisade_wire::LARGEST as u64 + 1;
        std::io::stdin().lock().take(bound).read_to_end(&mut bytes).map_err(|_| {
            "Palisade refused this: what the client sent could not be read".to_owned()
        })?;
        let payload = self.client.read(event, &bytes).map_err(|error| {
            format!("Palisade refused this: what the client sent is not understood: {error}")
        })?;
        drop(bytes);
        speak::about(Some(self.client), payload.event);
        let Payload { event, call, output } = payload;
        speak::of(&call, output.as_ref());
        let house = House::open(self.profile.as_deref(), None).map_err(|error| unusable(&error))?;
        let opened = session::Opened::of(self, house, &call).map_err(|error| unusable(&error))?;
        match event {
            Event::Before => before::answer(self, &opened, &call),
            Event::Permission => before::permission(self, &opened, &call),
            Event::After => after::answer(self, &opened, &call, output),
        }
        .map_err(|error| unusable(&error))
    }
}

/// What cannot be used, without saying where it lies: the person finds out
/// with `palisade doctor`.
fn unusable(error: &Failure) -> String {
    use palisade_runtime::Error;
    let what = match error {
        Failure::Runtime(Error::Config(_)) => "its configuration is broken",
        Failure::Runtime(Error::Journal(_)) => "its journal takes no record, or cannot be signed",
        Failure::Runtime(Error::Home(_) | Error::File { .. }) => "its own files cannot be used",
        Failure::Runtime(Error::Approval { .. }) => "its approval queue cannot be used",
        Failure::Runtime(Error::Name(_)) => {
            "its profile is not there, or a name in the hook's line is none"
        }
        Failure::Runtime(Error::NotAPerson { .. }) | Failure::Usage(_) | Failure::Other(_) => {
            "it could not do its work"
        }
    };
    // Of these the help says no path.
    let help = match error {
        Failure::Runtime(error @ (Error::Journal(_) | Error::File { .. })) => error.help(),
        _ => None,
    };
    let help = help.map(|help| format!(" ({help})")).unwrap_or_default();
    format!(
        "Palisade refuses everything because {what}{help}; ask the person to run `palisade doctor`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Asked {
        asked(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_line_is_read_or_refused_in_the_clients_form() {
        let good = read("-p work hook --client=codex --event PreToolUse --timeout 30");
        let wrong = read("hook --client clod").wrong.unwrap_or_default();
        assert!(wrong.contains("`clod`") && wrong.contains("claude"), "{wrong}");
        assert_eq!(good.client.map(|client| client.name), Some("codex"));
        assert_eq!((good.profile.as_deref(), good.wrong), (Some("work"), None));
        for bad in [
            "hook --client codex --evnt x",
            "hook --client codex --event",
            "hook --client codex --client codex",
            "hook --client codex hook",
        ] {
            let asked = read(bad);
            assert!(asked.wrong.is_some() && asked.client.is_some(), "{bad}");
        }
        assert!(read("hook --client other").wrong.is_some());
    }
}
