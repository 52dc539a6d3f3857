//! How guards say what they found.

use std::borrow::Cow;
use std::fmt::Write as _;

use palisade_core::{Contained, Finding, Severity, Span, Subject};
use palisade_shell::programs::{self, Output, Program};
use palisade_shell::{Analysis, Effect, EffectKind, Invocation, Text};

use crate::path::base;
use crate::rules::{self, Rule};
use crate::taint::{every_time, towards};
use crate::{Exposure, Places};

/// More findings than this are not kept apart: one that nobody can grant
/// stands for the rest, and only dangerous ones are still added.
const KEPT: usize = 256;

/// What a guard may know.
pub(super) struct Scene<'a> {
    pub(super) analysis: &'a Analysis,
    pub(super) places: &'a Places,
    pub(super) exposure: &'a Exposure<'a>,
}

impl<'a> Scene<'a> {
    /// The command that an effect belongs to.
    pub(super) fn command(&self, effect: &Effect) -> Option<&'a Invocation> {
        self.analysis.commands.get(effect.command? as usize)
    }

    /// The name of the program that an effect belongs to, without its path.
    pub(super) fn program(&self, effect: &Effect) -> &'a str {
        self.command(effect).and_then(|command| command.program.literal()).map_or("", base)
    }

    /// Whether the command takes a whole tree or disk somewhere.
    pub(super) fn copies(&self, effect: &Effect) -> bool {
        let program = self.program(effect);
        COPIERS.contains(&program) || self.discloses(effect)
    }

    /// Whether code that the line itself brings reads the file: text after an
    /// option, standard input, a script that the line writes. A file that a
    /// script of the project is given is that script's.
    fn code_discloses(&self, effect: &Effect, command: &Invocation) -> bool {
        let words: Vec<&str> = command.arguments.iter().filter_map(Text::literal).collect();
        let inline = words.iter().any(|word| {
            let letters = word.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
            matches!(*word, "--eval" | "--print" | "--execute" | "eval")
                || letters.is_some_and(|letters| {
                    letters.len() < 6 && letters.contains(['c', 'e', 'E', 'r', 'n', 'p'])
                })
        });
        let script = words.iter().find(|word| !word.starts_with('-'));
        let Some(script) = script.filter(|_| !inline) else { return true };
        let end = format!("/{}", script.trim_start_matches("./"));
        let of_line = self.analysis.effects.iter().any(|one| match &one.kind {
            EffectKind::Write { path, .. } => {
                path.literal().is_some_and(|path| path.ends_with(&end))
            }
            _ => false,
        });
        // Given as a word, whatever the script is.
        let path = effect.kind.path().and_then(Text::literal).map_or("", base);
        of_line && !words.iter().any(|word| base(word) == path)
    }

    /// Whether what the command reads comes out of it again: where it is
    /// printed, copied or sent. A program that is not known may do that.
    pub(super) fn discloses(&self, effect: &Effect) -> bool {
        let Some(command) = self.command(effect) else { return true };
        let Some(name) = command.program.literal() else { return true };
        if base(name) == "openssl" {
            let sub = command.arguments.first().and_then(Text::literal);
            return matches!(sub, Some("base64" | "enc"));
        }
        // Counted lines say how many there are.
        let first = command.arguments.first().and_then(Text::literal);
        if matches!(base(name), "grep" | "egrep" | "fgrep")
            && (matches!(first, Some("-c" | "--count" | "-q" | "-ci" | "-ic"))
                || palisade_shell::shows_names(command.arguments.iter().map(Text::literal)))
        {
            return false;
        }
        if matches!(base(name), "sed" | "gsed") && changes_in_place(command) {
            return false;
        }
        // What is added to a repository is in it for good, and goes with it.
        if base(name) == "git" {
            let adds = |word: &Text| word.literal().is_some_and(|word| KEEPERS.contains(&word));
            if command.arguments.iter().any(adds) {
                return true;
            }
        }
        let known: Option<&'static Program> = programs::lookup(name);
        if let Some(program) = known
            && INTERPRETERS.contains(&program.name.get())
        {
            return self.code_discloses(effect, command);
        }
        match known.map(|program| finer(program, command).output) {
            Some(Output::Operands | Output::Input | Output::Decoded | Output::Arguments) | None => {
                true
            }
            Some(Output::Text | Output::Nothing | Output::Download) => false,
        }
    }
}

/// Whether `sed -i` only puts text for text or deletes lines: nothing is shown
/// or written elsewhere.
fn changes_in_place(command: &Invocation) -> bool {
    let mut words = command.arguments.iter();
    let (mut in_place, mut scripts) = (false, Vec::new());
    while let Some(word) = words.next() {
        match word.literal() {
            Some("-i" | "-i.bak" | "--in-place" | "-Ei" | "-i -E" | "-ri") => in_place = true,
            Some("-E" | "-r" | "-s") => {}
            Some("-e") => scripts.extend(words.next().and_then(Text::literal)),
            Some(option) if option.starts_with('-') => return false,
            Some(script) if scripts.is_empty() => scripts.push(script),
            Some(_) => {}
            None if scripts.is_empty() => return false,
            None => {}
        }
    }
    in_place && !scripts.is_empty() && scripts.into_iter().all(is_plain_change)
}

/// `s/A/B/g` or `/A/d`.
fn is_plain_change(script: &str) -> bool {
    if let Some(rest) = script.strip_prefix('s') {
        let Some(mark) = rest.chars().next().filter(|mark| !mark.is_alphanumeric()) else {
            return false;
        };
        let parts: Vec<&str> = rest.split(mark).collect();
        return matches!(*parts, [_, _, _, flags]
            if flags.bytes().all(|flag| flag.is_ascii_digit() || b"gIi".contains(&flag)));
    }
    let deleted = script.strip_suffix('d').map(str::trim_end);
    deleted.is_some_and(|address| {
        address.bytes().all(|byte| byte.is_ascii_digit() || b",$".contains(&byte))
            || address.len() > 1
                && address.starts_with('/')
                && address.ends_with('/')
                && address.matches('/').count() == 2
    })
}

/// Interpreters of code that may print what it reads.
const INTERPRETERS: &[&str] = &["bun", "deno", "lua", "node", "perl", "php", "python", "ruby"];

/// Subcommands of git after which a file's content is in the repository, or in
/// what is made of it.
const KEEPERS: &[&str] =
    &["add", "archive", "commit", "hash-object", "merge", "stage", "tag", "update-index"];

/// The entry of the subcommand that is used, where it has one.
fn finer(program: &'static Program, command: &Invocation) -> &'static Program {
    command.arguments.iter().filter_map(Text::literal).fold(program, |entry, word| {
        programs::entry(&format!("{} {word}", entry.name.get())).unwrap_or(entry)
    })
}

/// Programs that take all of what they read somewhere else.
const COPIERS: &[&str] = &[
    "7z",
    "7za",
    "ag",
    "ack",
    "afio",
    "ar",
    "borg",
    "cp",
    "cpio",
    "dar",
    "dc3dd",
    "dcfldd",
    "dd",
    "ditto",
    "git",
    "grep",
    "egrep",
    "fgrep",
    "install",
    "mv",
    "pax",
    "rclone",
    "rdiff-backup",
    "restic",
    "rg",
    "rsync",
    "scp",
    "sftp",
    "tar",
    "bsdtar",
    "gtar",
    "zip",
    "zpaq",
];

/// Collects findings.
pub(super) struct Report<'a> {
    text: &'a str,
    analysis: &'a Analysis,
    findings: Vec<Finding>,
}

impl<'a> Report<'a> {
    pub(super) const fn new(text: &'a str, analysis: &'a Analysis) -> Self {
        Self { text, analysis, findings: Vec::new() }
    }

    /// The line as it was given.
    pub(super) const fn text(&self) -> &'a str {
        self.text
    }

    /// Whether a rule of that group was broken already.
    pub(super) fn has_group(&self, group: &str) -> bool {
        self.findings.iter().any(|finding| finding.rule.starts_with(group))
    }

    /// The commands of the line.
    pub(super) fn commands(&self) -> &'a [Invocation] {
        &self.analysis.commands
    }

    pub(super) fn findings(self) -> Vec<Finding> {
        self.findings
    }

    /// `rule` is broken by `effect` as such.
    pub(super) fn raise(&mut self, rule: &'static Rule, effect: &Effect) {
        self.add(rule, effect.command, effect.span, None);
    }

    /// `rule` is broken by what `effect` does to `path`.
    pub(super) fn raise_at(
        &mut self,
        rule: &'static Rule,
        effect: &Effect,
        does: &'static str,
        path: &Text,
    ) {
        self.add(rule, effect.command, effect.span, Some((does, path)));
    }

    /// `rule` is broken by the command at this place.
    pub(super) fn raise_command(&mut self, rule: &'static Rule, at: u32, command: &Invocation) {
        self.add(rule, Some(at), command.span, None);
    }

    /// `rule` is broken by `effect` because of what the session has read.
    pub(super) fn raise_because(
        &mut self,
        rule: &'static Rule,
        effect: &Effect,
        exposure: &Exposure<'_>,
    ) {
        self.raise_why(rule, effect, &exposure.because(rule));
    }

    /// As [`Report::raise_because`], by a connection. Where it is known where
    /// that leads to, a grant is for this place, whatever connects to it.
    pub(super) fn raise_towards(
        &mut self,
        rule: &'static Rule,
        effect: &Effect,
        to: Option<&str>,
        exposure: &Exposure<'_>,
    ) {
        let Some(host) = to else { return self.raise_because(rule, effect, exposure) };
        let before = self.findings.len();
        self.raise_at(rule, effect, "connects to", &Text::from(host));
        if self.findings.len() == before {
            // A command may lead to several places, each of which counts.
            let span = Span::new(effect.span.from, effect.span.to);
            let mut same =
                self.findings.iter().filter(|one| one.rule == rule.id && one.span == span);
            let other = same.next_back().filter(|one| one.subject != Some(towards(host)));
            self.findings.extend(other.cloned());
        }
        for finding in self.findings.iter_mut().skip(before).filter(|one| one.rule == rule.id) {
            finding.why = exposure.because(rule).into();
            finding.subject = Some(towards(host));
        }
    }

    /// `rule` is broken by `effect`, for a reason of its own.
    pub(super) fn raise_why(&mut self, rule: &'static Rule, effect: &Effect, why: &str) {
        let before = self.findings.len();
        self.raise(rule, effect);
        for finding in self.findings.iter_mut().skip(before).filter(|one| one.rule == rule.id) {
            finding.why = why.to_owned().into();
        }
    }

    /// `rule` is broken by the command at this place, for a reason of its own.
    pub(super) fn raise_command_why(
        &mut self,
        rule: &'static Rule,
        at: u32,
        command: &Invocation,
        why: &str,
    ) {
        let before = self.findings.len();
        self.raise_command(rule, at, command);
        for finding in self.findings.iter_mut().skip(before) {
            finding.why = why.to_owned().into();
        }
    }

    /// As [`Report::raise_because`], and no grant covers it.
    pub(super) fn raise_always(
        &mut self,
        rule: &'static Rule,
        effect: &Effect,
        exposure: &Exposure<'_>,
    ) {
        let before = self.findings.len();
        self.raise_because(rule, effect, exposure);
        for finding in self.findings.split_off(before.min(self.findings.len())) {
            self.findings.push(every_time(finding));
        }
    }

    fn add(
        &mut self,
        rule: &'static Rule,
        command: Option<u32>,
        span: palisade_shell::Span,
        detail: Option<(&'static str, &Text)>,
    ) {
        let span = Span::new(span.from, span.to);
        if self.findings.len() >= KEPT {
            if self.findings.len() == KEPT {
                self.push(&rules::COMMAND_OVER_LIMIT, Span::default(), String::new(), None);
            }
            if rule.severity < Severity::Dangerous || self.findings.len() > KEPT * 2 {
                return;
            }
        }
        let invocation = command.and_then(|at| self.analysis.commands.get(at as usize));
        // In a project's file not every word is a command: what is merely not
        // understood there says nothing.
        if invocation.is_some_and(|one| one.project) && rule.contained == Contained::Unrecognised {
            return;
        }
        let text = match invocation {
            Some(invocation) => decoded(invocation, detail),
            None => span.of(self.text).to_owned(),
        };
        let same =
            |known: &Finding| known.rule == rule.id && known.span == span && known.text == text;
        if self.findings.iter().rev().take(16).any(same) {
            return;
        }
        let subject = match (rule.severity, invocation, command) {
            (Severity::Caution, Some(invocation), Some(at)) => {
                Some(self.subject(at, invocation, detail))
            }
            _ => None,
        };
        self.push(rule, span, text, subject);
    }

    fn push(&mut self, rule: &'static Rule, span: Span, text: String, subject: Option<Subject>) {
        self.findings.push(Finding {
            rule: rule.id,
            severity: rule.severity,
            why: Cow::Borrowed(rule.why),
            instead: rule.instead,
            span,
            text,
            subject,
            contained: rule.contained,
        });
    }

    /// What a grant would bind to: the command with its words, and where the
    /// effect is on a file that these do not name, that file. A wrapper is bound
    /// with what it runs, and may be where that could be: `sudo ls`.
    fn subject(
        &self,
        at: u32,
        invocation: &Invocation,
        detail: Option<(&'static str, &Text)>,
    ) -> Subject {
        let inner = self.inner(at, invocation);
        let written = |word: &Text| word.literal().unwrap_or("").to_owned();
        let mut subject = Subject {
            program: written(&invocation.program),
            arguments: invocation.arguments.iter().map(written).collect(),
            directory: inner.directory.literal().unwrap_or("").to_owned(),
            ungrantable: None,
            every_time: false,
        };
        if let Some((does, path)) = detail
            && !subject.arguments.iter().any(|word| names(word, &subject.directory, path))
        {
            subject.arguments.push(format!("({does} {path})"));
        }
        let known = |word: &Text| word.literal().is_some();
        subject.ungrantable = if inner.interpreter {
            Some("a shell, interpreter or wrapper runs whatever it is given")
        } else if !known(&invocation.program)
            || !invocation.arguments.iter().all(known)
            || !known(&inner.directory)
        {
            Some("a word of it is not known before it runs")
        } else if detail.is_some_and(|(_, path)| !known(path)) {
            Some("the file is not known before it runs")
        } else {
            None
        };
        subject
    }

    /// The one command that a wrapper runs, where the wrapper has no words of
    /// its own; else the command itself.
    fn inner(&self, at: u32, invocation: &'a Invocation) -> &'a Invocation {
        if !invocation.interpreter {
            return invocation;
        }
        let mut children = self.analysis.commands.iter().filter(|child| child.parent == Some(at));
        match (children.next(), children.next()) {
            (Some(child), None)
                if invocation.arguments.split_first()
                    == Some((&child.program, child.arguments.as_slice())) =>
            {
                child
            }
            _ => invocation,
        }
    }
}

/// Whether `word`, used in `directory`, is `path` as it is written.
fn names(word: &str, directory: &str, path: &Text) -> bool {
    let Some(path) = path.literal() else { return false };
    if word.starts_with('/') {
        return word == path;
    }
    let word = word.strip_prefix("./").unwrap_or(word);
    path.strip_prefix(directory)
        .and_then(|rest| rest.strip_prefix('/'))
        .is_some_and(|rest| rest == word)
}

/// The command as it would be executed, and what it does beside its words.
fn decoded(invocation: &Invocation, detail: Option<(&'static str, &Text)>) -> String {
    let mut text = invocation.program.to_string();
    for word in &invocation.arguments {
        text.push(' ');
        push_quoted(&mut text, word);
    }
    if let Some((does, path)) = detail
        && !invocation.arguments.contains(path)
    {
        // A string takes everything that is written to it.
        let _ = write!(text, " ({does} {path})");
    }
    text
}

fn push_quoted(text: &mut String, word: &Text) {
    let from = text.len();
    let _ = write!(text, "{word}");
    let plain = text.get(from..).is_some_and(|new| {
        !new.is_empty()
            && !new.contains(|letter: char| {
                letter.is_whitespace() || "'\"\\$`;&|<>(){}#".contains(letter)
            })
    });
    if !plain {
        let new = text.split_off(from);
        text.push('\'');
        text.push_str(&new.replace('\'', "'\\''"));
        text.push('\'');
    }
}
