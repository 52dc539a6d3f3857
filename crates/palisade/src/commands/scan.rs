use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use nix::fcntl::OFlag;
use palisade_core::Verdict;
use palisade_guards::content::{Hit, Kind, Redactor, examine, reveal};
use palisade_guards::rules::rule;
use serde::Serialize;

use crate::show::{self, Failure, Paint, Style, note, printed};

/// Show what in a text speaks to its reader, hides, or is a secret
///
/// A finding is a note: nothing is blocked. Exit code: 0 nothing found,
/// 3 something found, 2 usage error, 1 failure.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  palisade scan --json page.html")]
pub struct Arguments {
    /// The file; `-` or nothing is standard input.
    file: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// How to read it; by default as the file's ending says.
    #[arg(long = "as", value_enum, value_name = "KIND")]
    kind: Option<KindName>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindName {
    /// Prose, Markdown, the result of a tool.
    Text,
    /// A page with its tags.
    Html,
    /// Source code and configuration.
    Code,
    /// What a program wrote to a terminal.
    Terminal,
}

impl From<KindName> for Kind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Text => Self::Text,
            KindName::Html => Self::Html,
            KindName::Code => Self::Code,
            KindName::Terminal => Self::Terminal,
        }
    }
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    verdict: &'static str,
    findings: Vec<Found>,
    bytes: u64,
    invalid_utf8: u64,
}

#[derive(Debug, Serialize)]
struct Found {
    rule: &'static str,
    severity: &'static str,
    why: &'static str,
    span: [u64; 2],
    line: u64,
    column: u64,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    decoded: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<&'static str>,
    score: u16,
}

pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let file = arguments.file.filter(|file| file != "-");
    let kind = arguments.kind.map_or_else(|| kind_of(file.as_deref()), Kind::from);
    let report = match &file {
        Some(file) => {
            let failed = |error: io::Error| Failure::Usage(format!("`{}`: {error}", reveal(file)));
            // A pipe that was handed over has a writer; a name for one may
            // wait for ever.
            let given = ["/dev/stdin", "/dev/fd/", "/proc/self/fd/"]
                .iter()
                .any(|start| file.starts_with(start));
            let waits = if given { 0 } else { OFlag::O_NONBLOCK.bits() };
            let opened =
                OpenOptions::new().read(true).custom_flags(waits).open(file).map_err(failed)?;
            let is = opened.metadata().map_err(failed)?;
            if is.is_dir() {
                return Err(Failure::Usage(format!("`{}` is a directory", reveal(file))));
            }
            if !is.is_file() && !given {
                return Err(Failure::Usage(format!(
                    "`{}` is not a regular file: give its content on standard input",
                    reveal(file)
                )));
            }
            scanned(opened, kind)?
        }
        None => scanned(io::stdin().lock(), kind)?,
    };
    let name = file.as_deref().unwrap_or("-");
    let verdict = if report.findings.is_empty() { Verdict::Allow } else { Verdict::Ask };
    printed(|out| if arguments.json { json(out, &report) } else { words(out, name, &report) })?;
    Ok(show::code(verdict))
}

/// How a file of this name is read.
fn kind_of(file: Option<&str>) -> Kind {
    let ending = file
        .and_then(|file| Path::new(file).extension())
        .and_then(|ending| ending.to_str())
        .map(str::to_ascii_lowercase);
    match ending.as_deref() {
        Some("html" | "htm" | "xhtml") => Kind::Html,
        Some(
            "c" | "cpp" | "css" | "go" | "h" | "java" | "js" | "php" | "py" | "rb" | "rs" | "sh"
            | "ts" | "toml" | "yaml" | "yml",
        ) => Kind::Code,
        Some("log" | "cast" | "typescript") => Kind::Terminal,
        _ => Kind::Text,
    }
}

/// So much is read at a time.
const PIECE: usize = 8 << 20;
/// What lies across the end of a piece is seen whole within so many bytes.
const OVERLAP: usize = 64 << 10;
/// So many findings are listed of one input.
const MOST: usize = 10_000;
/// So many of one rule are told in words, and of what is no text; the others
/// are counted.
const EACH: usize = 20;
const EACH_OF_BINARY: usize = 3;

/// Scans an input of any length, a piece at a time.
fn scanned(mut input: impl Read, kind: Kind) -> Result<Report, Failure> {
    let redactor = Redactor::new(&[]);
    let mut report = Report { verdict: "allow", findings: Vec::new(), bytes: 0, invalid_utf8: 0 };
    let mut at = Position { offset: 0, line: 1, column: 1 };
    // Room for all that it ever holds: what is not read into is not paid for, and
    // to grow would be to copy.
    let mut bytes: Vec<u8> = Vec::with_capacity(PIECE + 2 * OVERLAP + 64);
    // Where the last piece left off in `bytes`.
    let mut fresh = 0;
    let mut wide = None;
    loop {
        let read = (&mut input).take(PIECE as u64).read_to_end(&mut bytes)?;
        report.bytes += read as u64;
        let last = read < PIECE;
        let (text, invalid) = readable(&bytes, last);
        report.invalid_utf8 += invalid;
        let keep = if last {
            text.len()
        } else {
            text.floor_char_boundary(text.len().saturating_sub(OVERLAP))
        };
        if at.offset == 0 {
            wide = Wide::of(&bytes);
        }
        let mut place = at;
        let mut seen = 0;
        for hit in examine(&text, kind, &redactor) {
            let from = hit.span.from as usize;
            if from < fresh || from >= keep || report.findings.len() >= MOST {
                continue;
            }
            place.pass(text.get(seen..from).unwrap_or_default());
            seen = from;
            report.findings.push(found(&text, hit, place, &redactor));
        }
        // The mark alone does not make it UTF-16: it is read both ways.
        if let Some(wide) = wide {
            let odd = (at.offset % 2) as usize;
            let text = wide.text(bytes.get(odd..).unwrap_or_default());
            let (mut place, mut seen) = (at, 0);
            for hit in examine(&text, kind, &redactor) {
                let (from, to) = (hit.span.from as usize, hit.span.to as usize);
                place.pass(text.get(seen..from).unwrap_or_default());
                seen = from;
                let bytes_of = |end| 2 * text.get(..end).unwrap_or_default().encode_utf16().count();
                let (from, to) = (odd + bytes_of(from), odd + bytes_of(to));
                if from < fresh || from >= keep || report.findings.len() >= MOST {
                    continue;
                }
                let mut one = found(&text, hit, place, &redactor);
                one.span = [at.offset + from as u64, at.offset + to as u64];
                report.findings.push(one);
            }
        }
        if last {
            break;
        }
        if report.bytes >= 4 * PIECE as u64 && io::stderr().is_terminal() {
            note(&format!("scanned {} MB", report.bytes >> 20));
        }
        // The end of this piece begins the next, as far as it was not decided.
        let past = text.floor_char_boundary(keep.saturating_sub(OVERLAP));
        at.pass(text.get(..past).unwrap_or_default());
        fresh = keep - past;
        drop(text);
        bytes.drain(..past);
        report.invalid_utf8 -= readable(&bytes, false).1;
    }
    if !report.findings.is_empty() {
        report.verdict = "ask";
    }
    Ok(report)
}

/// The order of bytes in UTF-16, by the mark that it begins with.
#[derive(Debug, Clone, Copy)]
enum Wide {
    Little,
    Big,
}

impl Wide {
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFF, 0xFE, ..] => Some(Self::Little),
            [0xFE, 0xFF, ..] => Some(Self::Big),
            _ => None,
        }
    }

    /// What bytes say as UTF-16.
    fn text(self, bytes: &[u8]) -> String {
        let units = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok());
        let units = units.map(|pair| match self {
            Self::Little => u16::from_le_bytes(pair),
            Self::Big => u16::from_be_bytes(pair),
        });
        char::decode_utf16(units).map(|letter| letter.unwrap_or('?')).collect()
    }
}

/// A place in the input.
#[derive(Debug, Clone, Copy)]
struct Position {
    offset: u64,
    line: u64,
    column: u64,
}

impl Position {
    fn pass(&mut self, text: &str) {
        self.offset += text.len() as u64;
        self.line += text.bytes().filter(|byte| *byte == b'\n').count() as u64;
        match text.rsplit_once('\n') {
            Some((_, rest)) => self.column = 1 + rest.chars().count() as u64,
            None => self.column += text.chars().count() as u64,
        }
    }
}

/// The bytes as text, in which a byte that is no text is a `?`, so that places
/// stay; and how many such bytes there are. What the end of a piece may have
/// cut through does not count.
fn readable(bytes: &[u8], last: bool) -> (Cow<'_, str>, u64) {
    // Nearly all text is text, but for what the end cut through, and needs no
    // copy.
    let whole = match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(end) if !last && end.error_len().is_none() => {
            bytes.get(..end.valid_up_to()).and_then(|bytes| std::str::from_utf8(bytes).ok())
        }
        Err(_) => None,
    };
    if let Some(text) = whole {
        return (Cow::Borrowed(text), 0);
    }
    let mut text = String::with_capacity(bytes.len());
    let mut invalid = 0;
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        text.push_str(chunk.valid());
        let cut_through = !last && chunks.peek().is_none();
        invalid += if cut_through { 0 } else { chunk.invalid().len() as u64 };
        chunk.invalid().iter().for_each(|_| text.push('?'));
    }
    (Cow::Owned(text), invalid)
}

fn found(text: &str, hit: Hit, place: Position, redactor: &Redactor) -> Found {
    const SHOWN: usize = 200;
    let known = rule(hit.rule);
    let length = u64::from(hit.span.to - hit.span.from);
    let shown = |text: &str| -> String {
        let redacted = redactor.redact(text);
        let mut letters = redacted.chars();
        let mut out = reveal(&letters.by_ref().take(SHOWN).collect::<String>());
        if letters.next().is_some() {
            out.push_str("...");
        }
        out
    };
    let secret = hit.rule == "content/secret";
    let within = hit.span.of(text);
    let within =
        within.get(..within.floor_char_boundary(4096.min(within.len()))).unwrap_or_default();
    Found {
        rule: hit.rule,
        severity: known.map_or("caution", |rule| rule.severity.word()),
        why: known.map_or("", |rule| rule.why),
        span: [place.offset, place.offset + length],
        line: place.line,
        column: place.column,
        text: match (&hit.decoded, secret) {
            (Some(name), true) => format!("[redacted:{name}]"),
            _ => shown(within),
        },
        decoded: hit
            .decoded
            .filter(|_| !secret)
            .map(|decoded| redactor.redact(&decoded).into_owned()),
        steps: hit.steps,
        score: hit.score,
    }
}

fn json(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    serde_json::to_writer(&mut *out, report)?;
    out.write_all(b"\n")
}

fn words(out: &mut dyn Write, name: &str, report: &Report) -> io::Result<()> {
    let paint = Paint::on(&io::stdout());
    let binary = report.invalid_utf8 > report.bytes / 100;
    let each = if binary { EACH_OF_BINARY } else { EACH };
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for found in &report.findings {
        let count = told.entry(found.rule).or_default();
        *count += 1;
        if *count > each {
            continue;
        }
        let rule = paint.text(Style::Bold, found.rule);
        writeln!(out, "{}:{}:{}: {rule}: {}", reveal(name), found.line, found.column, found.text)?;
        if let Some(decoded) = &found.decoded {
            let steps =
                if found.steps.is_empty() { "reads".to_owned() } else { found.steps.join(", ") };
            writeln!(out, "    {steps}: {decoded}")?;
        } else if !found.steps.is_empty() {
            writeln!(out, "    hidden by: {}", found.steps.join(", "))?;
        }
        writeln!(out, "    {}", paint.text(Style::Dim, found.why))?;
    }
    for (rule, count) in told.into_iter().filter(|(_, count)| *count > each) {
        let rule = paint.text(Style::Bold, rule);
        writeln!(out, "{}: {rule}: {} more, which `--json` lists", reveal(name), count - each)?;
    }
    if binary {
        note("this is hardly text: much of what was found is chance");
    }
    if report.invalid_utf8 > 0 {
        note(&format!("{} bytes are not UTF-8 and were read as `?`", report.invalid_utf8));
    }
    if report.findings.is_empty() {
        writeln!(out, "nothing found in {} bytes", report.bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_through_is_read_with_the_next_piece() {
        assert_eq!(readable(b"caf\xc3\xa9", true), (Cow::Borrowed("caf\u{e9}"), 0));
        assert_eq!(readable(b"caf\xc3", false), (Cow::Borrowed("caf"), 0));
        assert_eq!(readable(b"caf\xc3", true), (Cow::Borrowed("caf?"), 1));
        assert_eq!(readable(b"a\xffb", false), (Cow::Borrowed("a?b"), 1));
        assert_eq!(readable(b"a\xffb\xc3", false).1, 1);
    }
}
