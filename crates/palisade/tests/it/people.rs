//! What an agent tries in order to answer for a person, on real terminals.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use palisade_runtime::Home;
use palisade_runtime::approvals::governed;

use crate::approvals::id;
use crate::house::{House, binary};
use crate::screen::Screen;

const SOON: &str = "tools: {terminal: {approval: {queue: always, timeout_s: 1}}}\n";

/// A request in the queue, and its id.
fn asked() -> (House, String) {
    let house = House::with(SOON);
    assert_eq!(house.run(&["run", "--", "rm", "-rf", "build"]).code, Some(126));
    let id = id(&house, "parked");
    (house, id)
}

fn home(house: &House) -> Home {
    Home::locate(|name| (name == "PALISADE_HOME").then(|| house.palisade().into())).unwrap()
}

/// Whether a program is here; where not, the test says that it was skipped.
fn has(program: &str) -> bool {
    let found = ["/usr/bin", "/bin", "/usr/local/bin"]
        .iter()
        .any(|place| PathBuf::from(place).join(program).exists());
    if !found {
        println!("skipped: the attempt with `{program}`, which is not here");
    }
    found
}

/// An agent: a shell that is registered before it does what it is told, and
/// stays until `done` appears.
fn agent(house: &House, script: &str) -> String {
    let go = house.work().join("go");
    let whole = format!(
        "while [ ! -e {go} ]; do sleep 0.02; done\n{script}\n\
         for i in $(seq 500); do [ -e said/done ] && break; sleep 0.02; done\n",
        go = go.display()
    );
    fs::create_dir(house.work().join("said")).unwrap();
    let mut command = Command::new("bash");
    command.args(["-c", &whole]);
    house.prepare(&mut command);
    command.env("PALISADE", binary());
    // A terminal group of its own, as an agent that a shell started has.
    command.process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    governed::register(&home(house), child.id()).unwrap();
    fs::write(go, "").unwrap();
    child.wait().unwrap();
    let said = fs::read_to_string(house.work().join("said/out")).unwrap_or_default();
    assert!(house.work().join("said/done").exists(), "it did not come to its end: {said}");
    said
}

/// The command that answers, writing what it is told to a file.
fn answers(id: &str) -> String {
    format!("sh -c \"$PALISADE approvals allow {id} >>said/out 2>&1; touch said/done\"")
}

fn refused(name: &str, script: impl Fn(&str) -> String) {
    let (house, id) = asked();
    let said = agent(&house, &script(&answers(&id)));
    assert!(said.contains("only a person may do this"), "{name}: {said}");
    assert_eq!(self::id(&house, "parked"), id, "{name}");
}

/// A terminal whose keyboard says yes.
fn on_a_terminal(command: &str) -> String {
    format!(
        "(sleep 1; echo yes; sleep 1; echo yes) | script -qec '{}' /dev/null",
        command.replace('\'', "'\\''")
    )
}

#[test]
fn as_it_is() {
    refused("plain", |command| command.to_owned());
    refused("without the environment", |command| {
        format!("env -i PALISADE=$PALISADE HOME=$HOME PATH=$PATH {command}")
    });
    refused("in the background", |command| format!("nohup {command} &"));
    refused("in a session of its own", |command| format!("setsid {command}"));
}

#[test]
fn under_another_name() {
    let names = ["bash", "sshd", "tmux", "systemd", "login", "konsole"];
    for name in names {
        refused(&format!("called {name}"), |command| {
            let called = format!("(exec -a {name} $PALISADE");
            let whole = command.replacen("$PALISADE", &called, 1).replacen(';', "); true;", 1);
            whole.replacen("sh -c", "bash -c", 1)
        });
    }
    for (what, make) in [("copy", "cp"), ("hard link", "ln"), ("link", "ln -s")] {
        refused(what, |command| {
            // Where the file system has no hard links across, a copy does.
            let own = command.replace("$PALISADE", "./sshd");
            format!("{make} $PALISADE sshd || cp $PALISADE sshd; {own}")
        });
    }
}

#[test]
fn with_other_circumstances() {
    refused("variables", |command| {
        format!(
            "env -u PALISADE_GOVERNED LD_PRELOAD=/nowhere/x.so LD_LIBRARY_PATH=. SSH_TTY=/dev/pts/0 TERM=xterm \
             SUDO_UID=0 DISPLAY=:0 XDG_SESSION_TYPE=x11 {command}"
        )
    });
    refused("a yes on a pipe", |command| format!("yes yes | {command}"));
    refused("a yes from a file", |command| format!("echo yes > y; {command} < y"));
    refused("a yes in a heredoc", |command| format!("{command} <<'E'\nyes\nyes\nE\n"));
    refused("somebody else's terminal", |command| {
        format!(
            "for t in /dev/tty /dev/pts/* /dev/console; do {{ {command} <$t >$t; }} 2>/dev/null; done"
        )
    });
    refused("every descriptor closed", |command| format!("{command} <&- 2>&-"));
    refused("in a chain of shells", |command| {
        let last = fs_script("s0.sh", command, |_| "true".to_owned());
        let more: String =
            (1..20).map(|at| format!("echo 'sh s{}.sh' > s{at}.sh; ", at - 1)).collect();
        format!("{last}; {more} sh s19.sh")
    });
}

/// What Python does, given the words of the command in `words`.
const PYTHON: &[(&str, &str)] = &[
    ("a subprocess", "import subprocess; subprocess.run(words)"),
    (
        "a subprocess in a session of its own",
        "import subprocess; subprocess.run(words, start_new_session=True)",
    ),
    (
        "a terminal of Python's",
        "import pty; pty.spawn(words, stdin_read=lambda fd: (time.sleep(1), b'yes\\r')[1])",
    ),
    (
        "a terminal and a session",
        "pid, fd = os.forkpty()
if pid == 0: os.execv(words[0], words)
for _ in range(3):
    time.sleep(1)
    try: os.write(fd, b'yes\\r')
    except OSError: break
os.waitpid(pid, 0)",
    ),
    (
        "a daemon that outlives whoever started it, with a terminal",
        "if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
time.sleep(1)
pid, fd = os.forkpty()
if pid == 0: os.execv(words[0], words)
for _ in range(3):
    time.sleep(1)
    try: os.write(fd, b'yes\\r')
    except OSError: break
os.waitpid(pid, 0)",
    ),
    (
        "a terminal whose opener has ended",
        "pid, fd = os.forkpty()
if pid == 0:
    time.sleep(1)
    os.execv(words[0], words)
# Another process keeps the keyboard, and this one ends.
if os.fork() == 0:
    os.setsid()
    for _ in range(4):
        time.sleep(1)
        try: os.write(fd, b'yes\\r')
        except OSError: break
    os._exit(0)",
    ),
];

#[test]
fn from_python() {
    if !has("python3") {
        return;
    }
    for (what, code) in PYTHON {
        refused(what, |command| {
            let code = format!("import os, sys, time\nwords = ['/bin/sh', 'x.sh']\n{code}\n");
            fs_script("x.sh", command, |_| {
                fs_script("x.py", &code, |path| format!("python3 {path}"))
            })
        });
    }
}

#[test]
fn where_the_agent_cannot_be_seen() {
    let unshared = "unshare --user --map-root-user --pid --fork --mount-proc";
    let works = Command::new("sh").arg("-c").arg(format!("{unshared} true")).output();
    if !has("script") || !works.is_ok_and(|output| output.status.success()) {
        return println!("skipped: where_the_agent_cannot_be_seen, no namespaces can be made here");
    }
    refused("a process space of its own", |command| {
        fs_script("in.sh", &on_a_terminal(command), |path| format!("{unshared} sh {path}"))
    });
    // Nor does it take away what governs it.
    let house = House::new();
    let line =
        format!("{unshared} $PALISADE uninstall --all --yes >said/out 2>&1; touch said/done");
    let said = agent(&house, &line);
    assert!(said.contains("an agent, or a command of `palisade run`, runs"), "{said}");
}

#[test]
fn on_a_terminal_of_its_own() {
    if !has("script") {
        return;
    }
    refused("script", on_a_terminal);
    refused("script in a session of its own", |command| {
        format!(
            "setsid sh -c \"{}\"",
            on_a_terminal(command).replace('"', "\\\"").replace('$', "\\$")
        )
    });
}

#[test]
fn as_an_orphan_with_a_terminal() {
    if !has("script") {
        return;
    }
    // The first child ends at once, so the rest gets another parent.
    refused("orphan", |command| {
        fs_script("orphan.sh", &on_a_terminal(command), |path| format!("(sh {path} &)"))
    });
    refused("orphan in a session of its own", |command| {
        fs_script("orphan.sh", &on_a_terminal(command), |path| format!("setsid -f sh {path}"))
    });
}

#[test]
fn in_a_multiplexer_of_its_own() {
    if !has("tmux") {
        return;
    }
    refused("tmux", |command| {
        fs_script("in-tmux.sh", command, |path| {
            format!("env -u TMUX tmux -S $PWD/socket -f /dev/null new-session -d sh {path}")
        })
    });
}

/// A script in the working directory, and how it is started.
fn fs_script(name: &str, text: &str, start: impl Fn(&str) -> String) -> String {
    let quoted = text.replace('\'', "'\\''");
    format!("printf '%s\\n' '{quoted}' > {name}; {}", start(name))
}

#[test]
fn what_run_started_may_not_even_at_a_persons_terminal() {
    let (house, id) = asked();
    house.configure(
        "tools: {terminal: {approval: {queue: always, timeout_s: 1, unrecognised: allow}}}\n",
    );
    let script = house.work().join("x.py");
    // What the guard cannot see through.
    fs::write(
        &script,
        "import os\nwords = open('words').read().split()\nos.execv(words[0], words)\n",
    )
    .unwrap();
    let words = format!("{} approvals allow {id}", binary().display());
    fs::write(house.work().join("words"), words).unwrap();
    let mut screen = Screen::palisade(&house, &["run", "--", "env", "python3", "x.py"]);
    screen.expect("only a person may do this");
    screen.end();
    // The agent's marker alone is enough.
    let mut command = house.command(&["approvals", "deny", &id]);
    let output = command.env("PALISADE_GOVERNED", "1").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("an agent's command"));
}

#[test]
fn an_agents_own_terminal_is_not_asked() {
    if !has("script") {
        return;
    }
    let house = House::new();
    fs::create_dir(house.work().join("build")).unwrap();
    let command = "sh -c \"$PALISADE run -- rm -rf build >>said/out 2>&1; touch said/done\"";
    let said = agent(&house, &on_a_terminal(command).replace("yes", "o"));
    assert!(said.contains("the terminal is not asked") && said.contains("delete/tree"), "{said}");
    assert!(house.work().join("build").exists());
}

#[test]
fn a_person_beside_the_agent_may() {
    let (house, id) = asked();
    // An agent that runs, on a terminal of its own.
    let mut agent = Screen::shell(&house);
    agent.type_in("echo $$ > pid; echo up\r");
    agent.expect("up\n");
    let end = Instant::now() + Duration::from_secs(30);
    let pid = loop {
        match fs::read_to_string(house.work().join("pid")) {
            Ok(text) if text.ends_with('\n') => break text.trim().parse().unwrap(),
            _ => assert!(Instant::now() < end, "no agent"),
        }
    };
    governed::register(&home(&house), pid).unwrap();
    assert!(governed::is_governed(&home(&house), pid).unwrap().is_some());
    assert!(governed::is_governed(&home(&house), std::process::id()).unwrap().is_none());
    let (status, rest) = Screen::palisade(&house, &["approvals", "deny", &id]).end();
    assert_eq!(status.code(), Some(0), "{rest}");
    // And the same at the agent's terminal not.
    agent.type_in(&format!("palisade approvals deny {id}\r"));
    agent.expect("only a person may do this");
    agent.type_in("exit\r");
    agent.end();
}
