//! Every step of the setup fails once in every way, and nothing ever runs
//! unconfined because of it.

use palisade_sandbox::{Sandbox, SandboxError, Status, Step};

use crate::house::{House, launcher, native, through};

/// The steps that a native start takes. The rest are about other moments.
const STEPS: &[Step] = &[
    Step::Namespaces,
    Step::Identity,
    Step::Private,
    Step::Source,
    Step::Root,
    Step::Attach,
    Step::Devices,
    Step::Proc,
    Step::Scratch,
    Step::Pivot,
    Step::Network,
    Step::Limits,
    Step::Capabilities,
    Step::Privileges,
    Step::Landlock,
    Step::Seccomp,
];

#[test]
fn a_step_that_fails_is_told_and_nothing_runs() {
    if !native("a_step_that_fails_is_told_and_nothing_runs") {
        return;
    }
    let launcher = launcher();
    for step in STEPS {
        for errno in [libc::ENOSYS, libc::EPERM, libc::ENOSPC, libc::EMFILE] {
            let house = House::new();
            let sandbox = Sandbox::new(house.policy()).unwrap().with_fault(*step, errno);
            match through(&launcher, &sandbox, "echo ran > ran", false) {
                Err(error @ SandboxError::Setup { step: told, errno: why, .. }) => {
                    assert_eq!((told, why), (*step, errno), "{error}");
                    assert!(!error.help().is_empty() && error.to_string().contains(step.words()));
                }
                other => panic!("{step:?} failed with {errno}, and the answer was {other:?}"),
            }
            assert!(!house.has("ran"), "{step:?} failed with {errno}, and the command ran");
        }
    }
    // The launcher is none the worse for it.
    let house = House::new();
    let sandbox = Sandbox::new(house.policy()).unwrap();
    assert_eq!(through(&launcher, &sandbox, "true", false).unwrap().0.status, Status::Exit(0));
}

#[test]
fn a_program_that_is_not_there_is_told() {
    if !native("a_program_that_is_not_there_is_told") {
        return;
    }
    let said = std::process::Command::new(crate::house::CONFINE)
        .args(["--", "no-such-program"])
        .current_dir(House::new().project())
        .output();
    // The directory is gone with its house, or the program is not found: in both cases words, not a panic.
    if let Ok(said) = said {
        assert_eq!(said.status.code(), Some(125));
    }
}
