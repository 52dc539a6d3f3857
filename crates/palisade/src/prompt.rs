//! The question, put to whoever sits at the terminal.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{
    FlushArg, InputFlags, LocalFlags, SetArg, Termios, tcflush, tcgetattr, tcsetattr,
};
use nix::unistd::{getpgrp, tcgetpgrp};
use palisade_core::ports::{Ask, Seconds};
use palisade_core::{Answer, Decision, Lifetime};
use palisade_guards::content::reveal;
use palisade_runtime::approvals::{Cause, Risk, Subject};
use palisade_runtime::{config, grants};

use crate::show::{Paint, Style};

/// Keys pressed in the first moment were meant for something else.
const NOT_YET: Duration = Duration::from_millis(300);

/// What a person is asked, with all that belongs to it.
pub struct Question<'a> {
    subject: &'a Subject,
    /// What "always" would save, as it would stand in the profile.
    saves: Vec<String>,
    /// Lines beside those of the subject.
    more: Vec<(&'static str, String)>,
    /// Whether it may be left for later.
    can_wait: bool,
}

/// A terminal to ask on.
pub struct Prompt<'a> {
    tty: File,
    question: Question<'a>,
    wait: Duration,
    word: Option<String>,
}

/// What came of a question at the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// An answer, and a word to the model.
    Answer(Answer, Option<String>),
    /// Not now.
    Later,
    /// The time ran out.
    Nothing,
    /// It needs no answer any more.
    Moot,
    /// The terminal has ended.
    End,
}

/// The terminal, where there is one and it is ours to read: not in the
/// background, where reading would stop us.
pub fn terminal() -> Option<File> {
    let tty = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
    (tcgetpgrp(&tty) == Ok(getpgrp())).then_some(tty)
}

impl<'a> Question<'a> {
    /// A question about `subject`, asked at `now`.
    pub fn about(subject: &'a Subject, now: Seconds) -> Self {
        let end = Lifetime::Until(Some(now.saturating_add(grants::ALWAYS_LASTS)));
        let saves = if subject.is_grantable() { subject.grants(end) } else { Vec::new() };
        let saves = saves.iter().map(|grant| reveal(&config::line(grant))).collect();
        Self { subject, saves, more: Vec::new(), can_wait: false }
    }

    /// The same with more lines, and the choice to leave it for later.
    pub fn with(mut self, more: Vec<(&'static str, String)>) -> Self {
        self.more = more;
        self.can_wait = true;
        self
    }

    /// What "always" would save, made visible.
    pub fn saves(&self) -> &[String] {
        &self.saves
    }

    /// All of it, line by line, for a person.
    pub fn text(&self, paint: Paint) -> String {
        let mut text = String::new();
        let mut line = |name: &str, what: &str| {
            text.push_str(&format!("  {} {what}\n", paint.text(Style::Dim, &format!("{name:<8}"))));
        };
        let known = known(self.subject);
        for (name, what) in known.iter().chain(&self.more) {
            line(name, what);
        }
        for Cause { rule, why, instead, text } in &self.subject.causes {
            let rule = reveal(rule);
            line("because", &format!("{}: {}", paint.text(Style::Bold, &rule), reveal(why)));
            if !text.is_empty() && known.iter().all(|(_, known)| *known != reveal(text)) {
                line("", &format!("at `{}`", reveal(text)));
            }
            if !instead.is_empty() {
                line("", &format!("instead: {}", reveal(instead)));
            }
        }
        for saved in &self.saves {
            line("a saves", saved);
        }
        if self.saves.is_empty() {
            let why = self.subject.only_once.as_deref().unwrap_or("it cannot be granted");
            line("", &format!("only once: {}", reveal(why)));
        }
        text
    }

    fn choices(&self) -> String {
        let mut choices = vec!["o once"];
        if self.subject.takes(Answer::Session) {
            choices.push("s this session");
        }
        if self.subject.takes(Answer::Always) {
            choices.push("a always (30 days)");
        }
        choices.push("d deny (a word to the agent may follow)");
        if self.can_wait {
            choices.push("l later");
        }
        format!("{}   then Enter", choices.join("   "))
    }

    /// What a typed line means, if anything. What follows a no is a word to
    /// the model.
    fn heard(&self, typed: &str) -> Option<Heard> {
        let typed = typed.trim();
        let (key, word) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
        let answer = match (key.to_lowercase().as_str(), word) {
            ("o" | "once", "") => Answer::Once,
            ("s" | "session", "") => Answer::Session,
            ("a" | "always", "") => Answer::Always,
            ("d" | "deny" | "n" | "no", _) => Answer::Deny,
            ("l" | "later", "") if self.can_wait => return Some(Heard::Later),
            _ => return None,
        };
        let word = Some(word.trim().to_owned()).filter(|word| !word.is_empty());
        self.subject.takes(answer).then_some(Heard::Answer(answer, word))
    }
}

/// What the action is and does, in lines for a person.
fn known(subject: &Subject) -> Vec<(&'static str, String)> {
    let mut lines = vec![("command", reveal(&subject.text))];
    lines.extend(subject.runs.iter().map(|words| ("runs", reveal(words))));
    lines.push(("in", reveal(&subject.cwd)));
    lines.extend(subject.effects.iter().map(|words| ("effect", reveal(words))));
    lines.extend(subject.risk.map(|risk: Risk| ("risk", risk.word().to_owned())));
    lines
}

impl<'a> Prompt<'a> {
    /// A question on `tty`, to be answered within `wait`.
    pub fn new(tty: File, question: Question<'a>, wait: Duration) -> Self {
        Self { tty, question, wait, word: None }
    }

    /// The person's word to the model, once asked.
    pub fn word(&self) -> Option<&str> {
        self.word.as_deref()
    }

    /// Shows the question and waits for an answer, for as long as `is_open`.
    pub fn put(&self, is_open: impl Fn() -> bool) -> io::Result<Heard> {
        let choices = self.question.choices();
        self.asked(&choices, &is_open, &|typed| self.question.heard(typed))
    }

    /// Shows the question and waits for a typed `yes` to `words`.
    pub fn confirmed(&self, words: &str) -> io::Result<bool> {
        let heard =
            self.asked(words, &|| true, &|typed| match typed.trim().to_lowercase().as_str() {
                "y" | "yes" => Some(Heard::Answer(Answer::Once, None)),
                "n" | "no" => Some(Heard::Answer(Answer::Deny, None)),
                _ => None,
            })?;
        Ok(heard == Heard::Answer(Answer::Once, None))
    }

    fn asked(
        &self,
        choices: &str,
        is_open: &dyn Fn() -> bool,
        meaning: &dyn Fn(&str) -> Option<Heard>,
    ) -> io::Result<Heard> {
        let paint = Paint::on(&self.tty);
        let head = paint.text(Style::Yellow, "palisade: may this run?");
        let shown = format!("\n{head}\n{}  {choices}\n", self.question.text(paint));
        (&self.tty).write_all(shown.as_bytes())?;
        let _lines = Lines::of(&self.tty)?;
        let end = Instant::now() + self.wait;
        thread::sleep(NOT_YET);
        tcflush(&self.tty, FlushArg::TCIFLUSH)?;
        self.heard(end, choices, is_open, meaning)
    }

    /// Reads lines until one of them is an answer or the time is up, counting
    /// down in front of what is typed.
    fn heard(
        &self,
        end: Instant,
        choices: &str,
        is_open: &dyn Fn() -> bool,
        meaning: &dyn Fn(&str) -> Option<Heard>,
    ) -> io::Result<Heard> {
        let draws = std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        let mut typed = [0; 1024];
        (&self.tty).write_all(left(end).as_bytes())?;
        loop {
            let rest = end.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return Ok(Heard::Nothing);
            }
            if !is_open() {
                return Ok(Heard::Moot);
            }
            let tick = u16::try_from(rest.as_millis().min(1000)).unwrap_or(1000);
            let mut ready = [PollFd::new(self.tty.as_fd(), PollFlags::POLLIN)];
            match poll(&mut ready, PollTimeout::from(tick)) {
                Ok(0) | Err(nix::errno::Errno::EINTR) => {
                    if draws {
                        // The place of what is being typed is kept.
                        (&self.tty).write_all(format!("\x1b7\r{}\x1b8", left(end)).as_bytes())?;
                    }
                    continue;
                }
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            let length = (&self.tty).read(&mut typed)?;
            if length == 0 {
                return Ok(Heard::End);
            }
            let line = String::from_utf8_lossy(typed.get(..length).unwrap_or(&[]));
            if let Some(heard) = meaning(&line) {
                return Ok(heard);
            }
            let again = format!("  please answer {choices}\n{}", left(end));
            (&self.tty).write_all(again.as_bytes())?;
        }
    }
}

impl Ask for Prompt<'_> {
    fn ask(&mut self, _: &Decision) -> Answer {
        match self.put(|| true) {
            Ok(Heard::Answer(answer, word)) => {
                self.word = word;
                answer
            }
            Ok(Heard::Nothing) => {
                let _ = (&self.tty).write_all(b"\npalisade: no answer, so no\n");
                Answer::Deny
            }
            // An error of the terminal is no answer, and no answer is a no.
            Ok(Heard::Later | Heard::Moot | Heard::End) | Err(_) => Answer::Deny,
        }
    }
}

/// The place to answer, always equally wide.
fn left(end: Instant) -> String {
    let seconds = end.saturating_duration_since(Instant::now()).as_millis().div_ceil(1000);
    format!("  answer within {seconds:>3} s: ")
}

/// The terminal reading whole lines with their echo, whatever it did before;
/// what was typed until now is gone. It is put back as it was on drop.
struct Lines<'a>(&'a File, Termios);

impl<'a> Lines<'a> {
    fn of(tty: &'a File) -> io::Result<Self> {
        let before = tcgetattr(tty)?;
        let mut lines = before.clone();
        lines.local_flags |= LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG;
        lines.input_flags |= InputFlags::ICRNL;
        tcsetattr(tty, SetArg::TCSAFLUSH, &lines)?;
        Ok(Self(tty, before))
    }
}

impl Drop for Lines<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.0, SetArg::TCSADRAIN, &self.1);
    }
}
