//! What a session that has read text from outside may still do unasked with
//! tools, as `command/taint.rs` says it of commands.

use palisade_core::{FileFacts, Finding, Span, Subject};
use palisade_shell::Text;

use super::Exposure;
use crate::Places;
use crate::path::{Note, Region, note_at, see};
use crate::rules::{self, Rule};

/// The question that writing a file is, where it lies outside the workspace
/// and will stay.
pub fn of_file(facts: &FileFacts, places: &Places, exposure: &Exposure<'_>) -> Option<Finding> {
    // What later sessions begin with is a question in any of these.
    let remembered = note_at(&facts.real, places) == Some(Note::Memory);
    if !(exposure.table || remembered) || !exposure.is_untrusted() {
        return None;
    }
    let outside = matches!(
        see(&Text::from(facts.real.as_str()), places).region,
        Region::Visible | Region::Hidden | Region::Elsewhere | Region::Local
    );
    let subject = subject("file:write", &facts.real, &places.cwd);
    outside.then(|| exposed(&rules::TAINT_DURABLE_WRITE, &facts.path, subject, exposure))
}

/// The question that a request is: where the address carries more than the
/// name of a page to a host that nobody named, or anything at all once private
/// data was read.
pub fn of_fetch(
    url: &str,
    host: &str,
    carried: usize,
    cwd: &str,
    exposure: &Exposure<'_>,
) -> Option<Finding> {
    if let Some(why) = exposure.leak(url) {
        return Some(leaked(why, "", cwd));
    }
    if !exposure.is_untrusted() {
        return None;
    }
    let subject = subject("fetch", url, cwd);
    if exposure.is_private() {
        return Some(every_time(exposed(&rules::TAINT_PRIVATE_EGRESS, url, subject, exposure)));
    }
    (exposure.table && carried > 0 && !exposure.names(host))
        .then(|| exposed(&rules::TAINT_EGRESS, url, towards(host), exposure))
}

/// What a grant of a connection is for: the host, wherever and however it is
/// connected to. A person who gives one has named the host.
pub(crate) fn towards(host: &str) -> Subject {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    subject("connect", &host, "/")
}

/// The question that the call of a server's tool is, once private data was
/// read: nobody knows where the server sends it.
pub fn of_call(name: &str, text: &str, cwd: &str, exposure: &Exposure<'_>) -> Option<Finding> {
    if let Some(why) = exposure.leak(text) {
        return Some(leaked(why, name, cwd));
    }
    if !exposure.is_untrusted() || !exposure.is_private() {
        return None;
    }
    let subject = subject(name, "", cwd);
    Some(every_time(exposed(&rules::TAINT_PRIVATE_EGRESS, text, subject, exposure)))
}

fn subject(program: &str, argument: &str, cwd: &str) -> Subject {
    Subject {
        program: program.to_owned(),
        arguments: vec![argument.to_owned()],
        directory: cwd.to_owned(),
        ungrantable: None,
        every_time: false,
    }
}

fn exposed(rule: &'static Rule, text: &str, subject: Subject, exposure: &Exposure<'_>) -> Finding {
    Finding {
        rule: rule.id,
        severity: rule.severity,
        why: exposure.because(rule).into(),
        instead: rule.instead,
        span: Span::new(0, text.len().try_into().unwrap_or(u32::MAX)),
        text: text.to_owned(),
        subject: Some(subject),
        // Tools work outside the sandbox.
        contained: palisade_core::Contained::No,
    }
}

/// A known secret would leave. Its text is not shown: it holds the secret.
fn leaked(why: String, text: &str, cwd: &str) -> Finding {
    let rule = &rules::SECRET_OUTGOING;
    let subject = subject("send", "", cwd);
    let finding = exposed(rule, text, subject, &Exposure::none());
    Finding { why: why.into(), ..finding }
}

/// No grant covers it.
pub(crate) fn every_time(mut finding: Finding) -> Finding {
    if let Some(subject) = &mut finding.subject {
        subject.ungrantable = Some("private data could leave with it");
        subject.every_time = true;
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::super::Taint;
    use super::*;

    fn rule(found: Option<Finding>) -> Option<&'static str> {
        found.map(|finding| finding.rule)
    }

    #[test]
    fn tools_are_as_strict_as_commands() {
        let named = ["docs.example".to_owned()];
        let mut taint = Taint::default();
        let places = Places {
            home: "/home/u".into(),
            cwd: "/home/u/p".into(),
            workspace: "/home/u/p".into(),
            ..Places::default()
        };
        let long = format!("https://b.example/?q={}", "x".repeat(100));
        let look = |taint: &Taint, table| {
            let exposure = Exposure { taint, named: &named, pages: &[], table, known: None };
            let file = |path: &str| {
                rule(of_file(&FileFacts::of_text(path.to_owned()), &places, &exposure))
            };
            let fetch = |url: &str, host, carried| {
                rule(of_fetch(url, host, carried, "/home/u/p", &exposure))
            };
            [
                file("/home/u/notes.txt"),
                file("/home/u/p/notes.txt"),
                file("/home/u/.claude/projects/-home-u-p/memory/MEMORY.md"),
                fetch("https://b.example/a", "b.example", 0),
                fetch(&long, "b.example", 103),
                fetch("https://docs.example/", "docs.example", 103),
                rule(of_call("docs/search", "docs/search {}", "/home/u/p", &exposure)),
            ]
        };
        assert_eq!(look(&taint, true), [None; 7]);
        taint.saw_untrusted("a page");
        let remembered = Some("taint/durable-write");
        assert_eq!(look(&taint, false), [None, None, remembered, None, None, None, None]);
        let (write, egress) = (Some("taint/durable-write"), Some("taint/egress"));
        assert_eq!(look(&taint, true), [write, None, write, None, egress, None, None]);
        taint.saw_private(".env");
        let private = Some("taint/private-egress");
        assert_eq!(look(&taint, false), [None, None, write, private, private, private, private]);
    }
}
