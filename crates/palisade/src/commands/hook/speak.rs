//! The one place that writes to standard output, once, and the clock that
//! does so where nothing else did in time.

use std::io::{self, Write};
use std::process;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use palisade_wire::{Call, Client, Event, Json};

/// Whether the answer is decided.
static SAID: AtomicBool = AtomicBool::new(false);

/// In whose form to refuse, and what.
static ABOUT: Mutex<About> =
    Mutex::new(About { client: None, event: Event::Before, call: None, output: None });

struct About {
    client: Option<&'static Client>,
    event: Event,
    call: Option<Call>,
    output: Option<Json>,
}

/// From now on a refusal is one of this event.
pub(super) fn about(client: Option<&'static Client>, event: Event) {
    if let Ok(mut about) = ABOUT.lock() {
        (about.client, about.event) = (client, event);
    }
}

/// From now on a refusal is one of this call, and of what it gave.
pub(super) fn of(call: &Call, output: Option<&Json>) {
    if let Ok(mut about) = ABOUT.lock() {
        (about.call, about.output) = (Some(call.clone()), output.cloned());
    }
}

/// The form of a refusal now.
fn refusal(reason: &str) -> String {
    let Ok(about) = ABOUT.lock() else { return everybodys(reason) };
    let call = about.call.as_ref();
    match (about.client, about.event, &about.output) {
        (Some(client), Event::After, Some(output)) => client.withhold(output, reason, call),
        (Some(client), event, _) => client.deny(event, reason, call),
        (None, ..) => everybodys(reason),
    }
}

/// All that clients look at, where it is not known which one listens.
fn everybodys(reason: &str) -> String {
    serde_json::json!({
        "decision": "deny",
        "reason": reason,
        "permission": "deny",
        "agent_message": reason,
        "permissionDecision": "deny",
        "permissionDecisionReason": reason,
        "cancel": true,
        "errorMessage": reason,
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "deny",
            "permissionDecisionReason": reason,
        },
    })
    .to_string()
}

/// Refuses, unless something was said already.
pub(super) fn refuse(reason: &str) {
    say(&refusal(reason));
}

/// Says nothing, which allows.
pub(super) fn nothing() {
    SAID.store(true, Ordering::SeqCst);
}

/// Says this, unless something was said already. Silence would allow: where it
/// cannot be said, the exit code says it to those clients that look at it.
pub(super) fn say(line: &str) {
    if !SAID.swap(true, Ordering::SeqCst) {
        let mut out = io::stdout().lock();
        let said = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
        if said.is_err() || is_nowhere() {
            process::exit(UNHEARD);
        }
    }
}

/// Most clients take this for a refusal, whatever was printed.
const UNHEARD: i32 = 2;

/// Whether what is printed is thrown away, as where this process was started
/// with its output closed.
#[cfg(unix)]
fn is_nowhere() -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;
    let null = std::fs::metadata("/dev/null").map(|null| null.rdev());
    let out = io::stdout().as_fd().try_clone_to_owned().map(std::fs::File::from);
    let out = out.and_then(|out| out.metadata()).map(|out| out.rdev());
    matches!((null, out), (Ok(null), Ok(out)) if out == null && null != 0)
}

#[cfg(not(unix))]
fn is_nowhere() -> bool {
    false
}

/// Refuses and ends this process at `end`, unless there was an answer before.
/// Answers whether the clock runs.
pub(super) fn watch(end: Instant) -> bool {
    let clock = move || {
        while let Some(left) =
            end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
        {
            thread::sleep(left);
        }
        if !SAID.load(Ordering::SeqCst) {
            refuse("Palisade had no answer in time");
            process::exit(0);
        }
    };
    thread::Builder::new().stack_size(64 * 1024).spawn(clock).is_ok()
}
