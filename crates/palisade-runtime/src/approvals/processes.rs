//! What the kernel says of processes.

use std::fs::{self, File};
use std::io::Read;

/// A process, as `/proc` has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its parent; 0 where that is not visible from here.
    pub parent: u32,
    /// Its session, which is the number of the session's leader.
    pub session: u32,
    /// The device number of its terminal; 0 where it has none.
    pub terminal: i32,
    /// When it started, in ticks since the machine did: with the number, this
    /// names it once and for all.
    pub start: u64,
    /// Its name, which it may choose.
    pub name: String,
    /// One letter: running, sleeping, stopped, ...
    pub state: char,
}

impl Process {
    /// Whether it was stopped, as with Ctrl-Z.
    pub const fn is_stopped(&self) -> bool {
        matches!(self.state, 'T' | 't')
    }
}

/// The process of a number, where there is one and this system tells.
pub fn look(pid: u32) -> Option<Process> {
    Some(Process { pid, ..parse(&text(&format!("/proc/{pid}/stat"))?)? })
}

/// A file of `/proc`, whose size is not known before it is read.
fn bytes(path: &str) -> Option<Vec<u8>> {
    const MOST: u64 = 16 << 20;
    let mut bytes = Vec::with_capacity(4096);
    // The bound keeps the size, which is told as none, from being asked for.
    File::open(path).ok()?.take(MOST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn text(path: &str) -> Option<String> {
    String::from_utf8(bytes(path)?).ok()
}

/// `pid (name) state parent group session terminal ..`, where the name may
/// hold anything.
fn parse(stat: &str) -> Option<Process> {
    let (head, tail) = stat.rsplit_once(") ")?;
    let (pid, name) = head.split_once(" (")?;
    let fields: Vec<&str> = tail.split(' ').collect();
    let field = |at: usize| fields.get(at).copied();
    Some(Process {
        pid: pid.parse().ok()?,
        name: name.to_owned(),
        state: field(0)?.chars().next()?,
        parent: field(1)?.parse().ok()?,
        session: field(3)?.parse().unwrap_or(0),
        terminal: field(4)?.parse().ok()?,
        start: field(19)?.parse().ok()?,
    })
}

/// Where the facts about processes come from.
pub(super) trait Kernel {
    /// One process.
    fn process(&self, pid: u32) -> Option<Process>;
    /// Its real user. The owner of its directory is another one where the
    /// process hides itself from debuggers.
    fn user(&self, pid: u32) -> Option<u32>;
    /// Whether it was started with the variable that marks what an agent runs.
    fn is_marked(&self, pid: u32) -> bool;
    /// The control group it is in.
    fn group(&self, pid: u32) -> String;
    /// The words that it was started with, each with a NUL after it.
    fn line(&self, pid: u32) -> Vec<u8>;
    /// The processes that hold the other end of a terminal.
    fn holders(&self, terminal: i32) -> Vec<u32>;
}

/// The running kernel.
pub(super) struct Proc;

impl Kernel for Proc {
    fn process(&self, pid: u32) -> Option<Process> {
        look(pid)
    }

    fn user(&self, pid: u32) -> Option<u32> {
        let status = text(&format!("/proc/{pid}/status"))?;
        let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
        uid.split_whitespace().next()?.parse().ok()
    }

    fn is_marked(&self, pid: u32) -> bool {
        // Another user's environment cannot be read, nor was it made by an
        // agent that runs as this user.
        let environment = bytes(&format!("/proc/{pid}/environ")).unwrap_or_default();
        let marker = format!("{}=", crate::environment::GOVERNED);
        environment.split(|byte| *byte == 0).any(|one| one.starts_with(marker.as_bytes()))
    }

    fn group(&self, pid: u32) -> String {
        let groups = text(&format!("/proc/{pid}/cgroup")).unwrap_or_default();
        let unified = groups.lines().find_map(|line| line.strip_prefix("0::"));
        unified.unwrap_or_default().to_owned()
    }

    fn line(&self, pid: u32) -> Vec<u8> {
        bytes(&format!("/proc/{pid}/cmdline")).unwrap_or_default()
    }

    fn holders(&self, terminal: i32) -> Vec<u32> {
        let Some(number) = pty(terminal) else { return Vec::new() };
        let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.filter(|pid| holds(*pid, number)).collect()
    }
}

/// The number under `/dev/pts` of a terminal's device number.
fn pty(terminal: i32) -> Option<u32> {
    let device = terminal.cast_unsigned();
    let (major, minor) = ((device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & 0xf_ff00));
    // Majors 136 to 143 are the Unix98 terminals, 256 to each at the least.
    (136..=143).contains(&major).then(|| (major - 136) * 256 + minor)
}

fn holds(pid: u32, number: u32) -> bool {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    open.into_iter().any(|entry| {
        let target = fs::read_link(entry.path()).unwrap_or_default();
        if target.file_name().is_none_or(|name| name != "ptmx") {
            return false;
        }
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { return false };
        let known = text(&format!("/proc/{pid}/fdinfo/{name}")).unwrap_or_default();
        let index = known.lines().find_map(|line| line.strip_prefix("tty-index:"));
        index.and_then(|index| index.trim().parse().ok()) == Some(number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = "12 (a) b (x) S 3 12 12 34816 12 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987 0";
        let process = parse(stat).unwrap();
        assert_eq!((process.name.as_str(), process.parent, process.start), ("a) b (x", 3, 987));
        assert_eq!((process.session, process.terminal, process.state), (12, 34816, 'S'));
        assert_eq!(pty(34816), Some(0));
        assert_eq!(pty(34816 + 7), Some(7));
        assert_eq!(pty(1025), None, "a console");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_known() {
        let process = look(std::process::id()).unwrap();
        assert_eq!(Proc.user(process.pid), Some(rustix::process::getuid().as_raw()));
        assert!(look(u32::MAX).is_none());
    }
}
