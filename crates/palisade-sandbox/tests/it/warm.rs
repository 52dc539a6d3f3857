//! Pools, sessions, many at once, and what is left behind.

use std::os::fd::AsFd;

use palisade_sandbox::{Running, Sandbox, Status};

use crate::house::{House, launcher, native, through};

#[test]
fn a_pool_member_is_used_once() {
    if !native("a_pool_member_is_used_once") {
        return;
    }
    let (house, launcher) = (House::new(), launcher());
    let sandbox = Sandbox::new(house.policy()).unwrap();
    launcher.keep_ready(sandbox.plan(), 2).unwrap();
    for round in 0..6 {
        let script =
            format!("ls /tmp | grep left; echo x > /tmp/left-{round}; echo $$; exit {round}");
        let (finished, out) = through(&launcher, &sandbox, &script, true).unwrap();
        assert_eq!(
            (finished.status, out.as_str()),
            (Status::Exit(round), "2\n"),
            "nothing of the one before"
        );
    }
}

#[test]
fn a_session_keeps_its_files_and_no_process() {
    if !native("a_session_keeps_its_files_and_no_process") {
        return;
    }
    let (house, launcher) = (House::new(), launcher());
    let sandbox = Sandbox::new(house.policy()).unwrap();
    let session = launcher.open(sandbox.plan()).unwrap();
    let run = |script: &str| {
        let null = std::fs::File::open("/dev/null").unwrap();
        let (mut from, to) = std::io::pipe().unwrap();
        let command =
            sandbox.command(["/bin/sh".into(), "-c".into(), script.into()], &house.project());
        let running = session.run(&command, [null.as_fd(), to.as_fd(), to.as_fd()]).unwrap();
        drop(to);
        let finished = running.wait().unwrap();
        let mut out = String::new();
        std::io::Read::read_to_string(&mut from, &mut out).unwrap();
        (finished.status, out)
    };
    assert_eq!(run("echo kept > /tmp/file; sleep 100 & exit 3"), (Status::Exit(3), String::new()));
    assert_eq!(run("cat /tmp/file; ls -d /proc/[0-9]* | wc -l").1.lines().next(), Some("kept"));
    assert_eq!(
        run("ls -d /proc/[0-9]*/ | grep -c /1/; mount -t tmpfs x /mnt 2> /dev/null || echo no").1,
        "1\nno\n"
    );
    assert!(run("cat /proc/self/status").1.contains("CapEff:\t0000000000000000"));
}

#[test]
fn a_hundred_at_once() {
    if !native("a_hundred_at_once") {
        return;
    }
    let (house, launcher) = (House::new(), launcher());
    let sandbox = Sandbox::new(house.policy()).unwrap();
    let null = std::fs::File::options().read(true).write(true).open("/dev/null").unwrap();
    let command = sandbox.command(["/bin/true".into()], &house.project());
    let running: Vec<Running> = (0..100)
        .map(|_| {
            sandbox
                .start(&launcher, &command, [null.as_fd(), null.as_fd(), null.as_fd()], false)
                .unwrap()
        })
        .collect();
    for one in running {
        assert_eq!(one.wait().unwrap().status, Status::Exit(0));
    }
}

/// A process that ran one command leaves at most its last control groups, and
/// the next one sweeps them up.
#[test]
fn one_shot_runs_leave_nothing_behind() {
    if !native("one_shot_runs_leave_nothing_behind") {
        return;
    }
    let house = House::new();
    let made = |pid: u32| groups_of(pid);
    let mut makers = Vec::new();
    for _ in 0..5 {
        let child = std::process::Command::new(crate::house::CONFINE)
            .args(["--workspace", house.project().to_str().unwrap(), "--", "/bin/true"])
            .current_dir(house.project())
            .env("HOME", house.home())
            .stdin(std::process::Stdio::null())
            .spawn();
        let mut child = child.unwrap();
        makers.push(child.id());
        assert!(child.wait().unwrap().success());
    }
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while makers.iter().any(|pid| made(*pid) > 0) {
        assert!(std::time::Instant::now() < end, "control groups stay");
        assert_eq!(house.run("true").code, 0);
    }
}

/// 1000 starts in a row; 10 000 with PALISADE_MANY=1.
#[test]
fn starts_leave_nothing_behind() {
    if !native("starts_leave_nothing_behind") {
        return;
    }
    let (house, launcher) = (House::new(), launcher());
    let sandbox = Sandbox::new(house.policy()).unwrap();
    let null = std::fs::File::options().read(true).write(true).open("/dev/null").unwrap();
    let command = sandbox.command(["/bin/true".into()], &house.project());
    let start = || {
        let running = sandbox
            .start(&launcher, &command, [null.as_fd(), null.as_fd(), null.as_fd()], false)
            .unwrap();
        assert_eq!(running.wait().unwrap().status, Status::Exit(0));
    };
    (0..20).for_each(|_| start());
    let mut before = left(&launcher);
    while before.3 > 0 {
        std::thread::yield_now();
        before = left(&launcher);
    }
    let many = if std::env::var_os("PALISADE_MANY").is_some() { 10_000 } else { 1_000 };
    (0..many).for_each(|_| start());
    // What ended last is cleared away a moment later.
    let mut after = left(&launcher);
    for _ in 0..100_000 {
        if settled(after, before) {
            break;
        }
        std::thread::yield_now();
        after = left(&launcher);
    }
    assert!(
        settled(after, before),
        "descriptors, children, mounts, control groups: {after:?}, before {before:?}"
    );
}

/// Up to four networks may have been made ahead meanwhile, a descriptor each.
fn settled(after: (usize, usize, usize, usize), before: (usize, usize, usize, usize)) -> bool {
    after.0 <= before.0 + 4 && (after.1, after.2, after.3) <= (before.1, before.2, before.3)
}

fn left(launcher: &palisade_sandbox::Launcher) -> (usize, usize, usize, usize) {
    let pid = launcher.id();
    let count = |path: String| std::fs::read_dir(path).map_or(0, Iterator::count);
    let text = |path: String| std::fs::read_to_string(path).unwrap_or_default();
    let children = text(format!("/proc/{pid}/task/{pid}/children")).split_whitespace().count();
    let mounts = text("/proc/self/mountinfo".into()).lines().count();
    (count(format!("/proc/{pid}/fd")), children, mounts, groups_of(pid))
}

fn groups_of(pid: u32) -> usize {
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    own.lines()
        .map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            let (controllers, path) =
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            std::fs::read_dir(format!("/sys/fs/cgroup/{controllers}{path}"))
                .into_iter()
                .flatten()
                .flatten()
                .filter(|entry| {
                    entry.file_name().to_string_lossy().starts_with(&format!("palisade-{pid}-"))
                })
                .count()
        })
        .sum()
}
