//! Messages on the desktop.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use palisade_guards::content::reveal;
use palisade_runtime::approvals::{Notify, Subject};

/// The program that shows a message; never looked up in `PATH`, which the
/// caller may have set.
const PROGRAMS: [&str; 3] = [
    "/usr/bin/notify-send",
    "/usr/local/bin/notify-send",
    "/run/current-system/sw/bin/notify-send",
];
/// How much of a command a message shows; all of it is in the queue.
const SHOWN: usize = 200;

/// The desktop of whoever is logged in, if the profile wants it used.
pub struct Desktop(pub bool);

impl Notify for Desktop {
    fn can(&self) -> bool {
        self.0 && program().is_some() && has_bus()
    }

    fn tell(&self, subject: &Subject, id: &str) {
        let Some(program) = program() else { return };
        let mut text: String = reveal(&subject.text).chars().take(SHOWN).collect();
        for (sign, name) in [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")] {
            text = text.replace(sign, name);
        }
        let text = format!("{text}\npalisade approvals allow {id}");
        let mut command = Command::new(program);
        command.args(["--app-name=Palisade", "--urgency=critical", "--"]);
        command.args(["Palisade: may this run?", &text]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Ok(mut child) = command.spawn() {
            thread::spawn(move || child.wait());
        }
    }
}

fn program() -> Option<&'static Path> {
    PROGRAMS.iter().map(Path::new).find(|path| path.exists())
}

/// Whether there is a session bus, which is how a message gets to a screen.
fn has_bus() -> bool {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    set("DBUS_SESSION_BUS_ADDRESS").is_some()
        || set("XDG_RUNTIME_DIR").is_some_and(|path| PathBuf::from(path).join("bus").exists())
}
