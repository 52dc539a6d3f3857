//! Messages for people: errors, refusals, colours.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use palisade_core::Verdict;
use palisade_runtime::Error;

/// Exit code: a usage or configuration error.
pub const USAGE: u8 = 2;

/// Why a command could not do its work.
#[derive(Debug)]
pub enum Failure {
    /// From the runtime.
    Runtime(Error),
    /// The person asked for something that makes no sense.
    Usage(String),
    /// Something else failed.
    Other(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Runtime(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Other(error.to_string())
    }
}

/// Says what went wrong, and gives the exit code for it: 2 where usage or
/// configuration is at fault, else 1.
pub fn failure(failure: &Failure) -> ExitCode {
    let (message, help, code) = match failure {
        Failure::Runtime(error) => {
            (error.to_string(), error.help(), if error.is_configuration() { USAGE } else { 1 })
        }
        Failure::Usage(message) => (message.clone(), None, USAGE),
        Failure::Other(message) => (message.clone(), None, 1),
    };
    note(&format!("error: {message}"));
    if let Some(help) = help.filter(|help| !help.is_empty()) {
        note(&format!("help: {help}"));
    }
    ExitCode::from(code)
}

/// One line on standard error. Nobody reading it is no reason to fail.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "palisade: {text}");
}

/// A way to set text off from the rest.
#[derive(Debug, Clone, Copy)]
pub enum Style {
    /// Refused.
    Red,
    /// Asked.
    Yellow,
    /// Allowed.
    Green,
    /// Less important.
    Dim,
    /// More important.
    Bold,
}

/// Whether and how to colour.
#[derive(Debug, Clone, Copy)]
pub struct Paint(bool);

impl Paint {
    /// Colours where `stream` is a terminal and nobody said `NO_COLOR`.
    pub fn on(stream: &impl IsTerminal) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self(!set("NO_COLOR") && !dumb && stream.is_terminal())
    }

    /// The text in that style.
    pub fn text(self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Red => "1;31",
            Style::Yellow => "1;33",
            Style::Green => "1;32",
            Style::Dim => "2",
            Style::Bold => "1",
        };
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// The style of a verdict.
pub const fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Allow => Style::Green,
        Verdict::Ask => Style::Yellow,
        Verdict::Deny => Style::Red,
    }
}
