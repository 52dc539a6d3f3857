//! Who may answer: nobody that an agent started.
//!
//! A surface that serves an agent [`register`]s the agent's process. Whoever
//! wants to answer, install, grant or change policy must not descend from one.
//! What counts are facts of the kernel: the chain of parents, with the time
//! that each started; the session, its leader and its terminal; who holds the
//! other end of that terminal; the environment that each was started with.
//!
//! A process whose parent has ended is handed to process 1 or to the user's
//! service manager, so its chain no longer tells who started it. Such an
//! orphan is refused where it stands between the answerer and the leader of
//! its session, and above that where it started after an agent that still
//! runs; except a program that the desktop started in a group of its own,
//! since that is what opening a new terminal window looks like.
//!
//! In a process or user space of its own (`unshare`, `bwrap`, a container) a
//! process does not see who stands above it: there, nobody answers while an
//! agent was registered elsewhere since the machine started.
//!
//! **Known gaps.** A person's terminal multiplexer or service manager that
//! does what an agent asks (`tmux send-keys`, `systemd-run --user` with a name
//! like a desktop's). An orphan of an agent that has ended itself. A program
//! other than these that adopts orphans. All of these need a command that is
//! refused or asked about first. Outside Linux nobody can be told apart, so
//! nobody may answer but at the agent's own terminal.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::clock;
use super::processes::{Kernel, Proc, Process};
use crate::environment::GOVERNED;
use crate::{Error, Home, private_dir};

/// How far up the chain of parents is looked; a longer one is refused.
const FARTHEST: usize = 256;
/// More registrations than this are looked through for those that are over.
const MANY: usize = 64;

/// Notes that the process `pid` and all that it starts are governed.
///
/// # Errors
/// Where that cannot be written down; then nothing may be done for it.
pub fn register(home: &Home, pid: u32) -> Result<(), Error> {
    // It may have ended, or this system does not tell; then nobody may answer.
    Proc.process(pid).map_or(Ok(()), |process| note(home, &process, &boot()))
}

/// As [`register`], for the processes that this one serves as an agent's hook
/// or server: the nearest above it that is not just a shell, or the like,
/// started to run it; what lies between, since that could be the agent as well;
/// and what lies above it in the same terminal, up to the shell that a person
/// types into. Where that shell itself started this one, a person tries it out
/// by hand, and there is no client.
///
/// # Errors
/// As [`register`].
pub fn register_served(home: &Home) -> Result<(), Error> {
    let boot = boot();
    served(&Proc, std::process::id()).iter().try_for_each(|process| note(home, process, &boot))
}

fn note(home: &Home, process: &Process, boot: &str) -> Result<(), Error> {
    let directory = directory(home);
    let path = directory.join(name(process, boot));
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    private_dir(&directory)?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(&path)
        .and_then(|mut file| file.write_all(spaces().as_bytes()))
        .map_err(|source| Error::File { what: "write", path, source })?;
    let known: Vec<_> = fs::read_dir(&directory).into_iter().flatten().flatten().collect();
    if known.len() > MANY {
        for entry in known {
            // What was registered elsewhere cannot be seen to have ended, but
            // it has where the machine was started since.
            let name = entry.file_name();
            let over = name.to_str().is_none_or(|name| alive(name, boot).is_none())
                && (!is_of_this_boot(&name, boot)
                    || is_elsewhere(&entry.path(), &spaces()) != Some(true));
            if over {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
    Ok(())
}

fn served(kernel: &dyn Kernel, pid: u32) -> Vec<Process> {
    const MOST: usize = 32;
    let mut found: Vec<Process> = Vec::new();
    let mut client = None;
    let mut next = kernel.process(pid).map(|process| process.parent);
    while let Some(process) = next.filter(|pid| *pid > 1).and_then(|pid| kernel.process(pid)) {
        let line = kernel.line(process.pid);
        let below = found.last();
        // A shell without a script or command is a person's, and whatever
        // opened a terminal has others too.
        let opened = below.is_some_and(|below| {
            below.pid == below.session && below.terminal != 0 && below.session != process.session
        });
        let typed = is_shell(&line) && !is_runner(&line);
        if below.is_none() && typed && process.terminal != 0 && process.pid == process.session {
            break;
        }
        if below.is_some() && (opened || typed || adopts(&process)) || found.len() >= MOST {
            break;
        }
        let away = client.as_ref().is_some_and(|client: &Process| {
            client.terminal == 0
                || process.terminal != client.terminal
                || process.session != client.session
                || process.pid == process.session
        });
        if away {
            break;
        }
        if client.is_none() && !is_runner(&line) {
            client = Some(process.clone());
        }
        next = Some(process.parent);
        found.push(process);
    }
    found
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == 0).filter(|word| !word.is_empty())
}

fn program(line: &[u8]) -> &[u8] {
    let first = words(line).next().unwrap_or_default();
    let base = first.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    base.strip_prefix(b"-").unwrap_or(base)
}

fn is_shell(line: &[u8]) -> bool {
    const SHELLS: &[&[u8]] = &[
        b"sh", b"bash", b"rbash", b"dash", b"ash", b"zsh", b"ksh", b"mksh", b"csh", b"tcsh",
        b"fish", b"busybox", b"nu", b"elvish", b"xonsh", b"pwsh",
    ];
    SHELLS.contains(&program(line))
}

/// A shell with a command or a script, or a program that only starts another.
fn is_runner(line: &[u8]) -> bool {
    let mut rest = words(line).skip(1);
    if !is_shell(line) {
        let only: &[&[u8]] = &[b"env", b"timeout", b"nice", b"nohup", b"setsid", b"stdbuf"];
        return only.contains(&program(line));
    }
    if program(line) == b"busybox" {
        rest.next();
    }
    // These options take a word that is no script.
    let takes: &[&[u8]] = &[b"-o", b"+o", b"-O", b"+O", b"--rcfile", b"--init-file"];
    while let Some(word) = rest.next() {
        if takes.contains(&word) {
            rest.next();
            continue;
        }
        let option = word.starts_with(b"-") || word.starts_with(b"+");
        if !option || !word.starts_with(b"--") && word.contains(&b'c') {
            return true;
        }
    }
    false
}

/// Why the process `pid` descends from a governed one, if it does.
///
/// # Errors
/// Where that cannot be told; then it must count as one that does.
pub fn is_governed(home: &Home, pid: u32) -> Result<Option<String>, Error> {
    if is_blind(home) {
        return Ok(Some(BLIND.to_owned()));
    }
    let chain = chain(&Proc, pid).map_err(refused)?;
    Ok(descends(&Proc, &chain, &governed(home)))
}

/// The registered process that still runs, or why nobody can tell whether one
/// does.
pub fn running(home: &Home) -> Option<String> {
    let known = governed(home).into_iter().next();
    let named = known.map(|process| format!("process {} (`{}`)", process.pid, process.name));
    named.or_else(|| is_blind(home).then(|| BLIND.to_owned()))
}

/// Whether this process speaks for a person.
///
/// # Errors
/// Why not, in words.
pub fn is_person(home: &Home) -> Result<(), Error> {
    if std::env::var_os(GOVERNED).is_some() {
        return Err(refused(format!("`{GOVERNED}` is set, so an agent's command started this")));
    }
    if is_blind(home) {
        return Err(refused(BLIND.to_owned()));
    }
    speaks_for_a_person(&Proc, std::process::id(), &governed(home)).map_err(refused)
}

const BLIND: &str = "an agent was started in another process or user space, so from here nobody can tell who answers";

/// Whether an agent may run that cannot be seen from here: `unshare` and
/// `bwrap` make spaces in which whoever stands above this process is not
/// there, and in which `/proc` may be anything.
fn is_blind(home: &Home) -> bool {
    let own = spaces();
    if own == FIRST {
        return false;
    }
    let boot = boot();
    let known = fs::read_dir(directory(home)).into_iter().flatten().flatten();
    known
        .filter(|entry| is_of_this_boot(&entry.file_name(), &boot))
        .any(|entry| is_elsewhere(&entry.path(), &own) == Some(true))
}

/// The spaces that the machine starts with, in which all processes are seen:
/// `PROC_PID_INIT_INO` and `PROC_USER_INIT_INO` of the kernel's proc_ns.h.
const FIRST: &str = "pid:[4026531836] user:[4026531837]";

/// In which process and user space this process is.
fn spaces() -> String {
    let space = |name: &str| {
        let link = fs::read_link(format!("/proc/self/ns/{name}")).unwrap_or_default();
        link.to_string_lossy().into_owned()
    };
    format!("{} {}", space("pid"), space("user"))
}

/// Whether a registration was made in other spaces than `own`; `None` where it
/// does not say, as those of older versions.
fn is_elsewhere(registration: &Path, own: &str) -> Option<bool> {
    let made = fs::read_to_string(registration).ok().filter(|made| !made.is_empty())?;
    Some(made != own)
}

fn is_of_this_boot(name: &OsStr, boot: &str) -> bool {
    name.to_str().and_then(|name| name.split('-').next()) == Some(boot)
}

fn boot() -> String {
    clock::boot().get(..8).unwrap_or("0").to_owned()
}

fn refused(why: String) -> Error {
    Error::NotAPerson { why }
}

/// The chain from a process up to where it ends.
fn chain(kernel: &dyn Kernel, pid: u32) -> Result<Vec<Process>, String> {
    let mut chain: Vec<Process> = Vec::new();
    let mut next = pid;
    while next > 0 {
        let process = match kernel.process(next) {
            Some(process) => process,
            None if is_hidden(kernel, chain.last(), next) => {
                Process { pid: next, ..Process::default() }
            }
            None => {
                return Err(format!(
                    "this system does not tell who started process {next}, so nobody knows who answers"
                ));
            }
        };
        next = process.parent;
        // A child is never older than its parent; if so, the number was
        // given to another process while we looked.
        if chain.last().is_some_and(|child| child.start < process.start) {
            return Err("the processes above this one changed while they were looked at".into());
        }
        chain.push(process);
        if chain.len() > FARTHEST {
            return Err("there are too many processes above this one".into());
        }
    }
    Ok(chain)
}

/// Whether the parent of `child` is there but another user's, on a system that
/// hides those: were it gone, the child would have another one by now.
fn is_hidden(kernel: &dyn Kernel, child: Option<&Process>, parent: u32) -> bool {
    let again = child.and_then(|child| kernel.process(child.pid));
    again.is_some_and(|again| again.parent == parent && Some(&again) == child)
}

/// Why a chain is an agent's, if it is.
fn descends(kernel: &dyn Kernel, chain: &[Process], governed: &[Process]) -> Option<String> {
    chain.iter().find_map(|process| {
        let same = |known: &&Process| known.pid == process.pid && known.start == process.start;
        if let Some(known) = governed.iter().find(same) {
            return Some(format!(
                "process {} (`{}`) above it is an agent's",
                known.pid, known.name
            ));
        }
        kernel.is_marked(process.pid).then(|| {
            format!(
                "process {} (`{}`) was started by an agent's command",
                process.pid, process.name
            )
        })
    })
}

fn speaks_for_a_person(kernel: &dyn Kernel, pid: u32, governed: &[Process]) -> Result<(), String> {
    let chain = chain(kernel, pid)?;
    if let Some(why) = descends(kernel, &chain, governed) {
        return Err(why);
    }
    let me = chain.first().ok_or("there is no such process")?;
    if me.terminal == 0 {
        return Err("it has no terminal".into());
    }
    let leader = chain.iter().position(|process| process.pid == me.session).ok_or(
        "it does not descend from the shell or login of its terminal: whatever started it has ended",
    )?;
    let above = chain.get(leader..).unwrap_or_default();
    let user = kernel.user(me.pid).ok_or("this system does not tell whose process this is")?;
    stands(kernel, above, user, governed)?;
    // The same holds for whoever types on the other end.
    for holder in kernel.holders(me.terminal) {
        let chain = match self::chain(kernel, holder) {
            Ok(chain) => chain,
            // It has ended since it was listed, and holds nothing any more.
            Err(_) if kernel.process(holder).is_none() => continue,
            // A process above it has ended: it has other parents now.
            Err(_) => self::chain(kernel, holder)?,
        };
        if let Some(why) = descends(kernel, &chain, governed) {
            return Err(format!("its terminal is an agent's: {why}"));
        }
        stands(kernel, &chain, user, governed)?;
    }
    Ok(())
}

/// Refuses a chain whose uppermost process could be an agent's orphan.
fn stands(
    kernel: &dyn Kernel,
    chain: &[Process],
    user: u32,
    governed: &[Process],
) -> Result<(), String> {
    let mut pairs = chain.iter().zip(chain.iter().skip(1).map(Some).chain([None]));
    let orphan = pairs.find(|(process, parent)| {
        process.pid != 1
            && parent.is_some_and(adopts)
            && kernel.user(process.pid).is_none_or(|its| its == user)
            && governed.iter().any(|agent| {
                agent.start <= process.start
                    && !is_window(&kernel.group(process.pid), &kernel.group(agent.pid))
            })
    });
    match orphan {
        Some((process, _)) => Err(format!(
            "its terminal belongs to process {} (`{}`), which started after the agent and has no parent: \
             it could be the agent's",
            process.pid, process.name
        )),
        None => Ok(()),
    }
}

/// Whether a process gets orphans (one whose parent lies outside of what is
/// visible here, as `docker exec` makes them, is none): the first one, and a service manager.
fn adopts(process: &Process) -> bool {
    process.pid == 1 || process.parent <= 1 && process.name == "systemd"
}

/// Whether a process is one that the desktop or a login started, by its own
/// control group. What an agent starts stays in the agent's.
fn is_window(group: &str, agent: &str) -> bool {
    let name = group.rsplit('/').next().unwrap_or_default();
    let known = ["app-", "session-", "sshd@", "ssh@", "getty@"];
    group != agent && known.iter().any(|begin| name.starts_with(begin))
}

fn directory(home: &Home) -> PathBuf {
    home.approvals().join("governed")
}

fn name(process: &Process, boot: &str) -> String {
    format!("{boot}-{}-{}", process.pid, process.start)
}

/// The registered process of that name, if it is the one that still runs.
fn alive(name: &str, boot: &str) -> Option<Process> {
    let pid = name.split('-').nth(1)?.parse().ok()?;
    let process = Proc.process(pid)?;
    (self::name(&process, boot) == name).then_some(process)
}

fn governed(home: &Home) -> Vec<Process> {
    let known = fs::read_dir(directory(home)).into_iter().flatten().flatten();
    let boot = boot();
    known.filter_map(|entry| alive(entry.file_name().to_str()?, &boot)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of processes: pid, parent, session, terminal, start, name.
    struct Table {
        rows: Vec<Process>,
        marked: Vec<u32>,
        groups: Vec<(u32, &'static str)>,
        held: Vec<(i32, u32)>,
        lines: Vec<(u32, &'static str)>,
    }

    type Row = (u32, u32, u32, i32, u64, &'static str);

    fn table(rows: &[Row]) -> Table {
        let base = [(1, 0, 1, 0, 1, "systemd"), (900, 1, 900, 0, 50, "systemd")];
        let rows = base.iter().chain(rows).map(|(pid, parent, session, terminal, start, name)| {
            let (pid, parent, session) = (*pid, *parent, *session);
            let (terminal, start, name) = (*terminal, *start, (*name).to_owned());
            Process { pid, parent, session, terminal, start, name, state: 'S' }
        });
        Table { rows: rows.collect(), marked: vec![], groups: vec![], held: vec![], lines: vec![] }
    }

    impl Kernel for Table {
        fn process(&self, pid: u32) -> Option<Process> {
            self.rows.iter().find(|row| row.pid == pid).cloned()
        }
        fn user(&self, pid: u32) -> Option<u32> {
            // The first process and a login are another user's.
            self.process(pid)
                .map(|process| if process.name == "login" || pid == 1 { 0 } else { 1000 })
        }
        fn is_marked(&self, pid: u32) -> bool {
            self.marked.contains(&pid)
        }
        fn group(&self, pid: u32) -> String {
            let found = self.groups.iter().find(|(known, _)| *known == pid);
            found.map_or("/one.scope", |(_, group)| *group).to_owned()
        }
        fn line(&self, pid: u32) -> Vec<u8> {
            let found = self.lines.iter().find(|(known, _)| *known == pid);
            let name = || self.process(pid).map(|process| process.name).unwrap_or_default();
            found.map_or_else(name, |(_, line)| (*line).to_owned()).replace(' ', "\0").into_bytes()
        }
        fn holders(&self, terminal: i32) -> Vec<u32> {
            self.held.iter().filter(|(known, _)| *known == terminal).map(|(_, pid)| *pid).collect()
        }
    }

    /// A desktop: a terminal with two tabs, an agent (300) in the first.
    const DESKTOP: &[Row] = &[
        (100, 900, 100, 0, 100, "terminal"),
        (200, 100, 200, 34816, 110, "bash"),
        (300, 200, 200, 34816, 200, "claude"),
        (210, 100, 210, 34817, 300, "bash"),
    ];

    fn asked(more: &[Row], pid: u32) -> Result<(), String> {
        asked_in(table(&[DESKTOP, more].concat()), pid)
    }

    fn asked_in(table: Table, pid: u32) -> Result<(), String> {
        let agent = table.process(300).into_iter().collect::<Vec<_>>();
        speaks_for_a_person(&table, pid, &agent)
    }

    #[test]
    fn a_person_may_answer() {
        // From the second tab, and from the agent's own shell with it stopped.
        asked(&[(400, 210, 210, 34817, 400, "palisade")], 400).unwrap();
        asked(&[(400, 200, 200, 34816, 400, "palisade")], 400).unwrap();
        // From a console, whose login is another user's.
        let mut console = table(DESKTOP);
        let login =
            Process { pid: 500, parent: 1, start: 600, name: "login".into(), ..Process::default() };
        console.rows.push(login);
        let row = |pid, parent, start, name: &str| Process {
            pid,
            parent,
            session: 501,
            terminal: 1025,
            start,
            name: name.into(),
            state: 'S',
        };
        console.rows.extend([row(501, 500, 601, "bash"), row(502, 501, 602, "palisade")]);
        asked_in(console, 502).unwrap();
    }

    #[test]
    fn what_an_agent_starts_may_not() {
        for (name, rows) in [
            ("child", &[(400, 300, 200, 34816, 400, "palisade")][..]),
            ("no terminal", &[(400, 210, 400, 0, 400, "palisade")]),
            ("orphan", &[(400, 1, 200, 34816, 400, "palisade")]),
            ("adopted orphan", &[(400, 900, 200, 34816, 400, "palisade")]),
            (
                "script",
                &[(390, 300, 200, 34816, 390, "script"), (400, 390, 400, 34820, 400, "palisade")],
            ),
            (
                "orphaned script",
                &[(390, 1, 390, 0, 390, "script"), (400, 390, 400, 34820, 400, "palisade")],
            ),
            (
                "adopted script",
                &[(390, 900, 390, 0, 390, "script"), (400, 390, 400, 34820, 400, "palisade")],
            ),
            ("orphaned leader", &[(400, 1, 400, 34820, 400, "palisade")]),
            (
                "an own tmux",
                &[(390, 1, 390, 0, 390, "tmux"), (400, 390, 400, 34820, 400, "palisade")],
            ),
            (
                "parent of a low number",
                &[(400, 2, 400, 34820, 400, "palisade"), (2, 1, 2, 0, 390, "script")],
            ),
            (
                "younger parent",
                &[(390, 210, 390, 0, 410, "x"), (400, 390, 400, 34820, 400, "palisade")],
            ),
        ] {
            assert!(asked(rows, 400).is_err(), "{name}");
        }
    }

    #[test]
    fn other_peoples_processes_may_be_hidden() {
        // A login whose parents belong to root, which `hidepid` does not show.
        let rows = [DESKTOP, &[(400, 777, 400, 34820, 400, "bash")]].concat();
        asked_in(table(&rows), 400).unwrap();
        // Of process 1 it is known what it does, seen or not.
        let rows = [DESKTOP, &[(400, 1, 400, 34820, 400, "bash")]].concat();
        let mut hidden = table(&rows);
        hidden.rows.retain(|row| row.pid != 1);
        assert!(asked_in(hidden, 400).is_err());
        // Where nothing is known, nobody is a person.
        assert!(asked_in(table(DESKTOP), 4711).is_err());
    }

    #[test]
    fn the_marker_and_the_other_end_tell_as_well() {
        let rows = [DESKTOP, &[(400, 210, 210, 34817, 400, "palisade")]].concat();
        let mut marked = table(&rows);
        marked.marked.push(210);
        assert!(asked_in(marked, 400).is_err());
        let mut held = table(&rows);
        held.held.push((34817, 100));
        asked_in(held, 400).unwrap();
        let mut held = table(&rows);
        held.held.push((34817, 300));
        assert!(asked_in(held, 400).unwrap_err().contains("terminal is an agent's"));
    }

    fn pids(table: &Table, pid: u32) -> Vec<u32> {
        served(table, pid).iter().map(|process| process.pid).collect()
    }

    #[test]
    fn a_hook_in_a_script_serves_the_agent_above_it() {
        let rows: &[Row] = &[
            (310, 300, 200, 34816, 210, "node"),
            (320, 310, 320, 0, 220, "PreToolUse"),
            (330, 320, 320, 0, 221, "palisade"),
        ];
        let mut table = table(&[DESKTOP, rows].concat());
        table.lines.push((320, "/bin/sh /home/u/.cline/hooks/PreToolUse"));
        // Neither the shell that the person types into, nor the terminal.
        assert_eq!(pids(&table, 330), [320, 310, 300]);
        table.lines.push((200, "/bin/bash -i -o emacs"));
        assert_eq!(pids(&table, 330), [320, 310, 300]);
        // An agent that is itself a script, with nothing but its terminal above.
        table.lines.extend([(300, "sh agent.sh"), (310, "bash step.sh")]);
        assert_eq!(pids(&table, 330), [320, 310, 300]);
        let line = |text: &str| text.replace(' ', "\0").into_bytes();
        for text in ["sh x", "bash -ec ls", "busybox sh x", "zsh -f x", "env a", "-bash -c x"] {
            assert!(is_runner(&line(text)), "{text}");
        }
        for text in ["sh", "-bash", "bash -i", "bash --login", "zsh -l", "busybox sh", "node x"] {
            assert!(!is_runner(&line(text)), "{text}");
        }
    }

    #[test]
    fn what_a_person_tries_by_hand_serves_nobody() {
        let rows: &[Row] = &[(400, 210, 400, 34817, 400, "palisade")];
        let rows = [DESKTOP, rows].concat();
        assert!(pids(&table(&rows), 400).is_empty());
        // A shell that commands are piped into is an agent's.
        let rows =
            [DESKTOP, &[(320, 300, 320, 0, 220, "bash"), (330, 320, 320, 0, 221, "palisade")]]
                .concat();
        assert_eq!(pids(&table(&rows), 330), [320]);
    }

    #[test]
    fn a_new_window_is_told_from_an_orphan_by_its_group() {
        let rows =
            [DESKTOP, &[(390, 900, 390, 0, 390, "konsole"), (400, 390, 400, 34820, 400, "bash")]]
                .concat();
        let group = |name| {
            let mut table = table(&rows);
            table.groups.push((390, name));
            asked_in(table, 400)
        };
        group("/user.slice/app.slice/app-org.kde.konsole-1.scope").unwrap();
        assert!(group("/user.slice/app.slice/run-u12.service").is_err());
        assert!(group("/one.scope").is_err());
    }
}
