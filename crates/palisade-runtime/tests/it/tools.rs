//! Calls of tools through a profile on disk.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use palisade_core::{Posture, Verdict};
use palisade_guards::Places;
use palisade_guards::call::Standing;
use palisade_runtime::ports::Files;
use palisade_runtime::{
    Circumstances, Error, Home, Keeper, Profile, Session, SessionId, ToolRequest, judge_tool,
};

struct Plain;

impl Files for Plain {
    fn replace(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        fs::write(path, content)
    }
}

fn profile(text: &str) -> (tempfile::TempDir, Result<Profile, Error>) {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("profiles/default");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("config.yaml"), text).unwrap();
    let root = home.path().as_os_str().to_owned();
    let located = Home::locate(|name| (name == "PALISADE_HOME").then(|| root.clone())).unwrap();
    let opened = Profile::open(&located, None);
    (home, opened)
}

fn verdict(profile: &Profile, keeper: Option<&Keeper<'_>>, call: &str, now: i64) -> Verdict {
    let (tool, arguments) = call.split_once(' ').unwrap();
    let places = Places::default();
    let session = Session::default();
    let at = Circumstances {
        profile,
        posture: Posture::default(),
        grants: &[],
        places: &places,
        session: &session,
        now,
    };
    let request = ToolRequest::of_json(Some("srv"), tool, arguments, "/w", Standing::Known);
    judge_tool(request, &at, keeper).unwrap().decision.verdict()
}

#[test]
fn a_rule_that_does_not_hold_together_stops_the_load() {
    let (_home, opened) = profile("tools:\n  rules:\n    - {tool: x, when: a in nothing}\n");
    let error = opened.unwrap_err();
    assert!(error.is_configuration());
    assert!(error.to_string().contains("config.yaml:3:28: no list is called `nothing`"), "{error}");
}

#[test]
fn limits_are_counted_over_processes_and_time() {
    let (_home, opened) = profile(
        "tools:\n  rules:\n    - {tool: mail, limit: {per_session: 100, per_minute: 2}}\n    - {tool: pay, when: sum > 10, limit: {per_session: 1}}\n",
    );
    let profile = opened.unwrap();
    let session = || Some(SessionId::parse("s").unwrap());
    let keeper = Keeper::new(&profile, session(), &Plain);
    assert_eq!(verdict(&profile, Some(&keeper), "mail {}", 1000), Verdict::Allow);
    // Another process with the same session.
    let other = Keeper::new(&profile, session(), &Plain);
    assert_eq!(verdict(&profile, Some(&other), "mail {}", 1010), Verdict::Allow);
    assert_eq!(verdict(&profile, Some(&keeper), "mail {}", 1020), Verdict::Deny);
    // A clock that was set back does not give a new minute.
    assert_eq!(verdict(&profile, Some(&keeper), "mail {}", 10), Verdict::Deny);
    assert_eq!(verdict(&profile, Some(&keeper), "mail {}", 1200), Verdict::Allow);
    assert_eq!(verdict(&profile, Some(&keeper), "pay {\"sum\":1}", 1), Verdict::Allow);
    assert_eq!(verdict(&profile, Some(&keeper), "pay {\"sum\":11}", 1), Verdict::Allow);
    assert_eq!(verdict(&profile, Some(&keeper), "pay {\"sum\":1}", 1), Verdict::Allow);
    assert_eq!(verdict(&profile, Some(&keeper), "pay {\"sum\":\"11\"}", 1), Verdict::Deny);
    // Without a session there is nothing to count in, and that is no yes.
    let nowhere = Keeper::new(&profile, None, &Plain);
    let request = ToolRequest::of_json(None, "mail", "{}", "/w", Standing::Known);
    let places = Places::default();
    let memory = Session::default();
    let at = Circumstances {
        profile: &profile,
        posture: Posture::default(),
        grants: &[],
        places: &places,
        session: &memory,
        now: 0,
    };
    assert!(judge_tool(request, &at, Some(&nowhere)).is_err());
}

#[test]
fn calls_at_once_do_not_pass_a_limit_together() {
    let (_home, opened) =
        profile("tools:\n  rules:\n    - {tool: mail, limit: {per_session: 5}}\n");
    let profile = Arc::new(opened.unwrap());
    let threads: Vec<_> = (0..16)
        .map(|_| {
            let profile = Arc::clone(&profile);
            thread::spawn(move || {
                let keeper = Keeper::new(&profile, Some(SessionId::parse("s").unwrap()), &Plain);
                verdict(&profile, Some(&keeper), "mail {}", 1)
            })
        })
        .collect();
    let verdicts = threads.into_iter().map(|thread| thread.join().unwrap());
    assert_eq!(verdicts.filter(|verdict| *verdict == Verdict::Allow).count(), 5);
}

/// The gate that extensions of coding agents are shown with, as a profile.
#[test]
fn the_example_of_a_gate_holds() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/examples/pi-gate.yaml");
    let (_home, opened) = profile(&fs::read_to_string(example).unwrap());
    let profile = opened.unwrap();
    for (call, expected) in [
        ("docker_run {}", Verdict::Allow),
        ("docker_run {\"cpuLimit\":2,\"memoryLimit\":4096}", Verdict::Allow),
        ("docker_run {\"cpuLimit\":4}", Verdict::Deny),
        ("docker_run {\"memoryLimit\":8192}", Verdict::Deny),
        // What the `if`s of the extension let through.
        ("docker_run {\"cpuLimit\":\"64 \"}", Verdict::Ask),
        ("docker_run {\"CPULimit\":64}", Verdict::Ask),
        ("delete_instance {\"instanceId\":\"i-7\"}", Verdict::Ask),
        ("delete_instance {\"instanceId\":\"i-prod\"}", Verdict::Deny),
    ] {
        assert_eq!(verdict(&profile, None, call, 0), expected, "{call}");
    }
}
