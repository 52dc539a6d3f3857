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
use palisade_core::{Action, Answer, Decision, Finding};
use palisade_guards::content::reveal;
use palisade_runtime::{Judged, config, grants, words};
use palisade_shell::{Effect, EffectKind};

use crate::show::{Paint, Style};

/// Keys pressed in the first moment were meant for something else.
const NOT_YET: Duration = Duration::from_millis(300);

/// A terminal to ask on, and what the person needs to know.
pub struct Prompt {
    tty: File,
    known: Vec<(&'static str, String)>,
    has_session: bool,
    wait: Duration,
    now: Seconds,
}

/// The terminal, where there is one and it is ours to read: not in the
/// background, where reading would stop us.
pub fn terminal() -> Option<File> {
    let tty = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
    (tcgetpgrp(&tty) == Ok(getpgrp())).then_some(tty)
}

impl Prompt {
    /// A question about `judged`, to be answered within `wait`.
    pub fn new(
        tty: File,
        judged: &Judged,
        has_session: bool,
        wait: Duration,
        now: Seconds,
    ) -> Self {
        Self { tty, known: known(judged), has_session, wait, now }
    }
}

impl Ask for Prompt {
    fn ask(&mut self, decision: &Decision) -> Answer {
        // An error of the terminal is no answer, and no answer is a no.
        self.put(decision).unwrap_or(Answer::Deny)
    }
}

/// What the command is and does, in lines for a person.
fn known(judged: &Judged) -> Vec<(&'static str, String)> {
    let what = match judged.decision.action() {
        Action::Fetch { .. } => "address",
        _ => "command",
    };
    let mut lines = vec![(what, reveal(&judged.text))];
    for command in &judged.analysis.commands {
        let mut words = vec![command.program.to_string()];
        words.extend(command.arguments.iter().map(ToString::to_string));
        let words = reveal(&words.join(" "));
        if judged.analysis.commands.len() > 1 || words != reveal(&judged.text) {
            lines.push(("runs", words));
        }
    }
    if let Action::Run { cwd, .. } = judged.decision.action() {
        lines.push(("in", reveal(cwd)));
    }
    // A hazard is the name of a rule, which is shown with its reason.
    let named = |effect: &&Effect| !matches!(effect.kind, EffectKind::Hazard(_));
    for effect in judged.analysis.effects.iter().filter(named) {
        let words = reveal(&words::effect(&effect.kind));
        if !lines.contains(&("effect", words.clone())) {
            lines.push(("effect", words));
        }
    }
    lines
}

impl Prompt {
    fn put(&self, decision: &Decision) -> io::Result<Answer> {
        let proposed = grants::proposed(decision, Answer::Always, self.now);
        (&self.tty).write_all(self.question(decision, proposed.as_deref()).as_bytes())?;
        let lines = Lines::of(&self.tty)?;
        let end = Instant::now() + self.wait;
        thread::sleep(NOT_YET);
        tcflush(&self.tty, FlushArg::TCIFLUSH)?;
        let answer = self.answer(decision, end);
        drop(lines);
        answer
    }

    fn question(&self, decision: &Decision, proposed: Option<&[palisade_core::Grant]>) -> String {
        let paint = Paint::on(&self.tty);
        let mut text = format!("\n{}\n", paint.text(Style::Yellow, "palisade: may this run?"));
        let mut line = |name: &str, what: &str| {
            text.push_str(&format!("  {} {what}\n", paint.text(Style::Dim, &format!("{name:<8}"))));
        };
        for (name, what) in &self.known {
            line(name, what);
        }
        for Finding { rule, why, instead, text, .. } in decision.outstanding() {
            line("because", &format!("{}: {}", paint.text(Style::Bold, rule), reveal(why)));
            if !text.is_empty() && self.known.iter().all(|(_, known)| *known != reveal(text)) {
                line("", &format!("at `{}`", reveal(text)));
            }
            if !instead.is_empty() {
                line("", &format!("instead: {instead}"));
            }
        }
        match (proposed, grants::ungrantable(decision)) {
            (Some(grants), _) => {
                for grant in grants {
                    line("a saves", &reveal(&config::line(grant)));
                }
            }
            (None, why) => {
                line("", &format!("only once: {}", why.unwrap_or("it cannot be granted")))
            }
        }
        text.push_str(&format!("  {}\n", self.choices(proposed.is_some())));
        text
    }

    fn choices(&self, grantable: bool) -> String {
        let mut choices = vec!["o once"];
        if grantable && self.has_session {
            choices.push("s this session");
        }
        if grantable {
            choices.push("a always (30 days)");
        }
        choices.push("d deny");
        choices.join("   ")
    }

    /// Reads lines until one of them is an answer or the time is up, counting
    /// down in front of what is typed.
    fn answer(&self, decision: &Decision, end: Instant) -> io::Result<Answer> {
        let grantable = grants::ungrantable(decision).is_none();
        let draws = std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        let mut typed = [0; 256];
        (&self.tty).write_all(left(end).as_bytes())?;
        loop {
            let rest = end.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                (&self.tty).write_all(b"\npalisade: no answer, so no\n")?;
                return Ok(Answer::Deny);
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
                return Ok(Answer::Deny);
            }
            let word =
                String::from_utf8_lossy(typed.get(..length).unwrap_or(&[])).trim().to_lowercase();
            match word.as_str() {
                "o" | "once" => return Ok(Answer::Once),
                "s" | "session" if grantable && self.has_session => return Ok(Answer::Session),
                "a" | "always" if grantable => return Ok(Answer::Always),
                "d" | "deny" | "n" | "no" => return Ok(Answer::Deny),
                _ => {
                    let again =
                        format!("  please answer {}\n{}", self.choices(grantable), left(end));
                    (&self.tty).write_all(again.as_bytes())?;
                }
            }
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
