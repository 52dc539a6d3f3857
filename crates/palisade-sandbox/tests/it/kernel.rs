//! Kernel surface: calls that must not get through.

use crate::house::{House, backends};

/// Each is tried by the small attack program, which exits 0 where it succeeds.
const REFUSED: &[&str] = &[
    "unshare-user",
    "clone-user",
    "clone3-user",
    "setns",
    "io-uring",
    "bpf",
    "perf",
    "keyctl",
    "add-key",
    "userfaultfd",
    "ptrace-parent",
    "process-vm-readv",
    "mount",
    "pivot",
    "chroot",
    "open-tree",
    "fsopen",
    "socket-unix",
    "socket-vsock",
    "socket-alg",
    "socket-netlink",
    "socket-packet",
    "socket-raw",
    "socketpair-datagram",
    "personality",
    "int80",
    "x32",
    "core-pattern",
    "init-memory",
    "open-by-handle",
    "fanotify",
    "inherited-9",
    "kill-init",
    "sethostname",
    "unix-sendto",
];

#[test]
fn calls_that_lead_out_are_refused() {
    for backend in backends("calls_that_lead_out_are_refused") {
        let house = House::new();
        for attack in REFUSED {
            let said = house.with(&["--backend", backend], &format!("\"$PROBE\" {attack}"));
            assert_ne!(said.code, 0, "{backend}: {attack} got through");
            assert_ne!(said.code, 99, "{backend}: {attack} is not known to the attack program");
            assert_ne!(said.code, 127, "{backend}: the attack program was not found: {}", said.err);
        }
    }
}

#[test]
fn ordinary_calls_go_on() {
    for backend in backends("ordinary_calls_go_on") {
        let house = House::new();
        for work in ["socketpair-stream", "threads", "fork", "pty", "loopback", "shared-memory"] {
            let said = house.with(&["--backend", backend], &format!("\"$PROBE\" {work}"));
            assert_eq!(said.code, 0, "{backend}: {work}: {}", said.err);
        }
    }
}

#[test]
fn nothing_is_left_to_lose() {
    for backend in backends("nothing_is_left_to_lose") {
        let said = House::new().with(&["--backend", backend], "cat /proc/self/status; env");
        for line in [
            "NoNewPrivs:\t1",
            "Seccomp:\t2",
            "CapEff:\t0000000000000000",
            "CapBnd:\t0000000000000000",
            "CapAmb:\t0000000000000000",
        ] {
            assert!(said.out.contains(line), "{backend}: {line}");
        }
        assert!(!said.out.contains("PLANTED"), "{backend}: a secret of the caller's environment");
        assert!(!said.out.contains("Uid:\t0"), "{backend}");
    }
}
