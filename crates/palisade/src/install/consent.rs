//! Changes are shown, and a person says yes.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use palisade_guards::content::reveal;
use palisade_runtime::Home;
use palisade_runtime::approvals::governed;
use similar::{ChangeTag, TextDiff};

use super::plan::Change;
use crate::actor;
use crate::prompt;
use crate::show::{Failure, Paint, Style};

/// How many lines stand around a change.
const AROUND: usize = 3;

/// Refuses where an agent runs this: what governs it is not its to change.
///
/// # Errors
/// With the agent's name, or with what makes this process look like one of an
/// agent's.
pub fn by_a_person(home: &Home, verb: &str) -> Result<(), Failure> {
    own_home()?;
    not_by_an_agent(home, verb)
}

/// The same, whatever home it is about.
///
/// # Errors
/// As above.
pub fn not_by_an_agent(home: &Home, verb: &str) -> Result<(), Failure> {
    match agent() {
        None => not_governed(home),
        Some(agent) => Err(Failure::Usage(format!(
            "{agent} runs this, and an agent may not {verb} what governs it: run it from your own shell"
        ))),
    }
}

/// Refuses to write into another user's home, as `sudo` would have it: what is
/// made there would be root's, and its user's client and Palisade could not use
/// it.
fn own_home() -> Result<(), Failure> {
    let home = std::env::var_os("HOME").unwrap_or_default();
    let owner = fs::metadata(&home).map(|found| std::os::unix::fs::MetadataExt::uid(&found));
    match owner {
        Ok(owner) if owner != nix::unistd::geteuid().as_raw() => Err(Failure::Usage(format!(
            "{} belongs to another user: run this as that user, without sudo",
            shown(Path::new(&home))
        ))),
        _ => Ok(()),
    }
}

/// At a terminal, a person must sit at it. Without one (an image that is being
/// built, a script that sets a machine up) it is enough that no agent runs that
/// could have started this.
fn not_governed(home: &Home) -> Result<(), Failure> {
    if cfg!(not(target_os = "linux")) {
        // Nothing tells processes apart there but the marks of the agents.
        return Ok(());
    }
    if prompt::terminal().is_some() {
        return Ok(governed::is_person(home)?);
    }
    if let Some(running) = governed::running(home) {
        return Err(Failure::Usage(format!(
            "an agent, or a command of `palisade run`, runs at this moment ({}), and without a terminal nobody can \
             tell whether it does this: run it at a terminal, or once that has ended",
            reveal(&running)
        )));
    }
    match governed::is_governed(home, std::process::id())? {
        None => Ok(()),
        Some(why) => Err(Failure::Usage(format!(
            "{why}, and an agent may not change what governs it: run it from your own shell"
        ))),
    }
}

/// The agent above this process, where there is one.
fn agent() -> Option<String> {
    // What agents set for the commands that they run.
    const MARKS: &[(&str, &str)] = &[
        ("CLAUDECODE", "Claude Code"),
        ("CODEX_SANDBOX", "Codex"),
        ("CODEX_THREAD_ID", "Codex"),
        ("GEMINI_CLI", "Gemini CLI"),
        ("QWEN_CODE", "Qwen Code"),
        ("OPENCODE", "OpenCode"),
        ("CURSOR_AGENT", "Cursor"),
        ("GOOSE_TERMINAL", "goose"),
    ];
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if let Some((_, agent)) = MARKS.iter().find(|(name, _)| set(name)) {
        return Some((*agent).to_owned());
    }
    // And what cannot be unset: the processes above. A name is cut to 15 bytes.
    let names: Vec<&str> = super::clients::ALL.iter().map(|client| client.program).collect();
    let above = actor::here(None).processes;
    above.into_iter().skip(1).find_map(|(pid, name)| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut words = line.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        let base = |word: &str| {
            let name = word.rsplit('/').next().unwrap_or(word);
            name.trim_end_matches(".js").trim_end_matches(".exe").to_owned()
        };
        let first = words.next().map(|word| base(&word)).unwrap_or_default();
        let second = words.next().map(|word| base(&word)).unwrap_or_default();
        let runs = ["node", "bun", "deno"].contains(&first.as_str());
        let is = |agent: &&&str| name == **agent || first == **agent || (runs && second == **agent);
        names.iter().find(is).map(|agent| format!("`{agent}` (process {pid})"))
    })
}

/// A change as a unified diff, with everything invisible made visible.
pub fn diff(change: &Change, paint: Paint) -> String {
    let shown = reveal(&change.path.to_string_lossy());
    let name = |bytes: &Option<Vec<u8>>| match bytes {
        Some(_) => shown.clone(),
        None => "/dev/null".to_owned(),
    };
    let mut out = format!("--- {}\n+++ {}\n", name(&change.before), name(&change.after));
    if change.real != change.path {
        out.push_str(&format!("    (a link to {})\n", reveal(&change.real.to_string_lossy())));
    }
    let text = |bytes: &Option<Vec<u8>>| {
        String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned()
    };
    let (before, after) = (text(&change.before), text(&change.after));
    match laid_out(&before).zip(laid_out(&after)) {
        Some((before, after)) => {
            out.push_str("    (one line of JSON, laid out here to be read)\n");
            out.push_str(&lines(&before, &after, paint));
        }
        None => out.push_str(&lines(&before, &after, paint)),
    }
    out
}

/// A long line of JSON that is all there is, with a line for each of its parts.
fn laid_out(text: &str) -> Option<String> {
    const LONG: usize = 100;
    let text = text.trim();
    if text.contains('\n') || text.len() < LONG && text != "{}" && !text.is_empty() {
        return None;
    }
    if text.is_empty() {
        return Some(String::new());
    }
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    serde_json::to_string_pretty(&value).ok()
}

/// What changed between two texts.
pub fn lines(before: &str, after: &str, paint: Paint) -> String {
    let mut out = String::new();
    let diff = TextDiff::from_lines(before, after);
    for hunk in diff.unified_diff().context_radius(AROUND).iter_hunks() {
        out.push_str(&format!("{}\n", paint.text(Style::Dim, &hunk.header().to_string())));
        for change in hunk.iter_changes() {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ("-", Some(Style::Red)),
                ChangeTag::Insert => ("+", Some(Style::Green)),
                ChangeTag::Equal => (" ", None),
            };
            let value = change.value();
            let line = format!("{sign}{}", visible(value.strip_suffix('\n').unwrap_or(value)));
            let line = style.map_or(line.clone(), |style| paint.text(style, &line));
            out.push_str(&line);
            out.push('\n');
            if change.missing_newline() {
                out.push_str("\\ No newline at end of file\n");
            }
        }
    }
    out
}

/// A line with indentation as it is and all else visible.
fn visible(line: &str) -> String {
    let rest = line.trim_start_matches(['\t', ' ']);
    let indent = line.get(..line.len() - rest.len()).unwrap_or("");
    format!("{indent}{}", reveal(rest))
}

/// Asks at the terminal.
///
/// # Errors
/// Where nobody can be asked.
pub fn ask(question: &str) -> Result<bool, Failure> {
    let Some(tty) = prompt::terminal() else {
        return Err(Failure::Usage(
            "nobody can be asked here: add `--yes`, or `--dry-run` to write nothing".into(),
        ));
    };
    answer(&tty, question).map_err(Failure::from)
}

fn answer(mut tty: &fs::File, question: &str) -> io::Result<bool> {
    // What was typed before is no answer to what is only asked now.
    nix::sys::termios::tcflush(tty, nix::sys::termios::FlushArg::TCIFLUSH)?;
    write!(tty, "palisade: {question} [y/N] ")?;
    tty.flush()?;
    let mut line = String::new();
    BufReader::new(tty).read_line(&mut line)?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// A path for a message.
pub fn shown(path: &Path) -> String {
    format!("`{}`", reveal(&path.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_json_is_laid_out() {
        let long = format!("{{\"a\":\"{}\",\"hooks\":[1]}}", "x".repeat(120));
        assert_eq!(laid_out(&long).unwrap().lines().count(), 6);
        assert_eq!(laid_out(""), Some(String::new()));
        assert_eq!(laid_out("{}").as_deref(), Some("{}"));
        for plain in ["{\"a\": 1}", "{\n\"a\": 1}\n", &"not json ".repeat(20)] {
            assert_eq!(laid_out(plain), None);
        }
    }
}
