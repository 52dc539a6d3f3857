//! Messages for people: errors, refusals, colours.

use std::fmt;
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
    let (help, code) = match failure {
        Failure::Runtime(error) => (error.help(), if error.is_configuration() { USAGE } else { 1 }),
        Failure::Usage(_) => (None, USAGE),
        Failure::Other(_) => (None, 1),
    };
    note(&format!("error: {failure}"));
    if let Some(help) = help.filter(|help| !help.is_empty()) {
        note(&format!("help: {help}"));
    }
    ExitCode::from(code)
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Runtime(error) => error.fmt(out),
            Self::Usage(message) | Self::Other(message) => out.write_str(message),
        }
    }
}

/// Signs the journal to its end, and says what was found wrong with it on the
/// way. The records are written in any case.
pub fn signed(mut journal: palisade_journal::FileJournal) {
    let signed = journal.sign_to_end();
    for told in journal.notices() {
        note(&format!("warning: the journal: {told}"));
    }
    if let Err(error) = signed {
        note(&format!("warning: the journal is not signed to its end: {error}"));
        note(&format!("help: {}", error.help()));
    }
}

/// One line on standard error. Nobody reading it is no reason to fail.
pub fn note(text: &str) {
    let text = text.replace("\nhelp: ", "\npalisade: help: ");
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

/// The exit code of a verdict.
pub fn code(verdict: Verdict) -> ExitCode {
    ExitCode::from(match verdict {
        Verdict::Allow => 0,
        Verdict::Ask => 3,
        Verdict::Deny => 4,
    })
}

/// Writes to standard output.
pub fn printed(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    gone_is_fine(write(&mut out).and_then(|()| out.flush()))
}

/// A reader that has seen enough is no failure.
pub fn gone_is_fine(written: io::Result<()>) -> Result<(), Failure> {
    is_read(written).map(drop)
}

/// Whether there still is a reader.
pub fn is_read(written: io::Result<()>) -> Result<bool, Failure> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        other => Ok(other.map(|()| true)?),
    }
}

/// Writes `text` in lines as wide as the terminal, the first after `head`, the
/// others after `tail`. Off a terminal it stays one line, for other programs.
pub fn wrapped(out: &mut dyn Write, text: &str, head: &str, tail: &str) -> io::Result<()> {
    let width = terminal_size::terminal_size_of(io::stdout())
        .map_or(usize::MAX, |(width, _)| width.0.into());
    let room = width.saturating_sub(tail.chars().count()).max(20);
    let mut used = 0;
    write!(out, "{head}")?;
    for (at, word) in text.split(' ').enumerate() {
        let long = word.chars().count();
        if at > 0 && used + 1 + long > room {
            write!(out, "\n{tail}{word}")?;
            used = long;
        } else {
            let space = if at > 0 { " " } else { "" };
            write!(out, "{space}{word}")?;
            used += space.len() + long;
        }
    }
    writeln!(out)
}
