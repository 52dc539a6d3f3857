//! Processes: seen, signalled, ended.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crate::house::{House, backends, launcher, native};

#[test]
fn other_processes_do_not_exist_inside() {
    for backend in backends("other_processes_do_not_exist_inside") {
        let said = House::new().with(&["--backend", backend], "ls -d /proc/[0-9]* | wc -l");
        let count: u32 = said.out.trim().parse().unwrap();
        assert!(count < 8, "{backend}: {count} processes are visible");
    }
}

#[test]
fn exit_codes_and_signals_arrive() {
    for backend in backends("exit_codes_and_signals_arrive") {
        let house = House::new();
        let run = |script: &str| house.with(&["--backend", backend], script).code;
        assert_eq!(run("exit 37"), 37);
        assert_eq!(run("kill -TERM $$"), 128 + 15);
        assert_eq!(run("yes | head -1 > /dev/null; true"), 0);
        assert_eq!(run("sleep 5 & kill $!; wait $!; [ $? -eq 143 ]"), 0);
    }
}

#[test]
fn nothing_outlives_the_command() {
    for backend in backends("nothing_outlives_the_command") {
        let house = House::new();
        let script = "(setsid sh -c 'sleep 0.5; echo alive > late' > /dev/null 2>&1 &); exit 0";
        assert_eq!(house.with(&["--backend", backend], script).code, 0);
        let end = Instant::now() + Duration::from_millis(900);
        while Instant::now() < end {
            assert!(!house.has("late"), "{backend}: a daemon wrote after the command had ended");
            std::thread::yield_now();
        }
    }
}

#[test]
fn dropping_a_run_ends_it() {
    if !native("dropping_a_run_ends_it") {
        return;
    }
    let (house, launcher) = (House::new(), launcher());
    let sandbox = palisade_sandbox::Sandbox::new(house.policy()).unwrap();
    let null = std::fs::File::open("/dev/null").unwrap();
    let (mut from, to) = std::io::pipe().unwrap();
    let words = ["/bin/sh".into(), "-c".into(), "echo started; sleep 100".into()];
    let command = sandbox.command(words, &house.project());
    let running = sandbox
        .start(&launcher, &command, [null.as_fd(), to.as_fd(), null.as_fd()], false)
        .unwrap();
    drop(to);
    let mut first = [0; 8];
    std::io::Read::read_exact(&mut from, &mut first).unwrap();
    drop(running);
    // The end of the last process inside is the end of the pipe.
    assert_eq!(std::io::Read::read(&mut from, &mut first).unwrap(), 0);
}
