//! A terminal with the command, or a shell, on it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::openpty;

use crate::house::{House, binary};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Screen {
    keyboard: File,
    seen: String,
    child: Child,
}

impl Screen {
    /// The command on a terminal.
    pub fn palisade(house: &House, arguments: &[&str]) -> Self {
        let mut all = vec![binary().to_str().unwrap()];
        all.extend(arguments);
        Self::of(house, &all)
    }

    /// An interactive shell on a terminal, which does job control.
    pub fn shell(house: &House) -> Self {
        let mut screen = Self::of(house, &["bash", "--norc", "--noprofile", "--noediting", "-i"]);
        screen.expect("READY> ");
        screen.type_in(&format!("alias palisade={}\r", binary().display()));
        screen.expect("READY> ");
        screen
    }

    fn of(house: &House, words: &[&str]) -> Self {
        let pair = openpty(None, None).unwrap();
        let slave = File::from(pair.slave);
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).args(words);
        house.prepare(&mut command);
        command.env("PS1", "READY> ").env("NO_COLOR", "1");
        command.stdin(slave.try_clone().unwrap()).stdout(slave.try_clone().unwrap()).stderr(slave);
        let child = command.spawn().unwrap();
        Self { keyboard: File::from(pair.master), seen: String::new(), child }
    }

    pub fn type_in(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until `text` is seen, and forgets all up to its end.
    #[track_caller]
    pub fn expect(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let plain = self.seen.replace('\r', "");
            if let Some(at) = plain.find(text) {
                let (until, rest) = plain.split_at(at + text.len());
                let until = until.to_owned();
                self.seen = rest.to_owned();
                return until;
            }
            assert!(Instant::now() < end, "no `{text}` in:\n{}", self.seen);
            assert!(self.more(), "the end came before `{text}`:\n{}", self.seen);
        }
    }

    /// Reads what there is; `false` at the end.
    fn more(&mut self) -> bool {
        let mut ready = [PollFd::new(self.keyboard.as_fd(), PollFlags::POLLIN)];
        if poll(&mut ready, PollTimeout::from(100u8)).unwrap() == 0 {
            return true;
        }
        let mut bytes = [0; 4096];
        match self.keyboard.read(&mut bytes) {
            Ok(0) | Err(_) => false,
            Ok(length) => {
                self.seen.push_str(&String::from_utf8_lossy(&bytes[..length]));
                true
            }
        }
    }

    /// Waits for the end, and gives all that was not looked at.
    pub fn end(mut self) -> (ExitStatus, String) {
        while self.more() {}
        (self.child.wait().unwrap(), self.seen.replace('\r', ""))
    }
}
