//! What a start costs, in one interleaved run, so that the machine's mood hits
//! every variant alike. Ratios matter, not the absolutes.
//!
//! `cargo bench -p palisade-sandbox`, or with a number of rounds after `--`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command as Plain, Stdio};
use std::time::Instant;

use palisade_sandbox::{
    Launcher, Limits, Policy, Report, Sandbox, bubblewrap, bubblewrap_arguments,
};

const CONFINE: &str = env!("CARGO_BIN_EXE_palisade-confine");

/// A name and what is measured under it.
type Variant<'a> = (&'a str, Box<dyn FnMut() + 'a>);

fn main() {
    let rounds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(300);
    let base = std::env::temp_dir().join(format!("palisade-bench-{}", std::process::id()));
    let workspace = base.join("home/project");
    std::fs::create_dir_all(&workspace).unwrap();
    std::env::set_current_dir(&workspace).unwrap();
    start(&base, rounds);
    std::env::set_current_dir("/").unwrap();
    std::fs::remove_dir_all(&base).unwrap();
}

fn start(base: &Path, rounds: usize) {
    let policy = |limits: Limits, report: Report| {
        let mut policy = Policy::of(base.join("home/project"), base.join("home"));
        policy.limits = limits;
        policy.report = report;
        policy
    };
    // `bwrap` has no limits and tells nothing: the equal policy has none and does not either.
    let equal = Sandbox::new(policy(Limits::none(), Report::Nothing)).unwrap();
    let full = Sandbox::new(policy(Limits::ordinary(), Report::Changes)).unwrap();
    let launcher = Launcher::start_from(Path::new(CONFINE)).unwrap();
    let null = File::options().read(true).write(true).open("/dev/null").unwrap();
    let stdio = || [null.as_fd(), null.as_fd(), null.as_fd()];
    let words = |sandbox: &Sandbox| sandbox.command(["/bin/true".into()], Path::new("/"));
    let (command, full_command) = (words(&equal), words(&full));
    launcher.keep_ready(equal.plan(), 4).unwrap();
    let session = launcher.open(equal.plan()).unwrap();
    let bwrap = bubblewrap().map(|program| (program, bwrap_line(base, &equal)));

    let mut variants: Vec<Variant<'_>> = vec![
        ("plain spawn", Box::new(|| plain(Path::new("/bin/true"), &[]))),
        (
            "native cold, plan known",
            Box::new(|| {
                launcher.run(equal.plan(), &command, stdio(), false).unwrap().wait().unwrap();
            }),
        ),
        (
            "native cold, planned and checked each time",
            Box::new(|| {
                let sandbox = Sandbox::new(policy(Limits::none(), Report::Nothing)).unwrap();
                let finished =
                    sandbox.start(&launcher, &command, stdio(), false).unwrap().wait().unwrap();
                sandbox.conclude(finished);
            }),
        ),
        (
            "native cold, with limits and reports",
            Box::new(|| {
                launcher.run(full.plan(), &full_command, stdio(), false).unwrap().wait().unwrap();
            }),
        ),
        (
            "native one-shot from the pool",
            Box::new(|| {
                launcher.run(equal.plan(), &command, stdio(), true).unwrap().wait().unwrap();
            }),
        ),
        (
            "session command",
            Box::new(|| {
                session.run(&command, stdio()).unwrap().wait().unwrap();
            }),
        ),
        (
            "native as a process",
            Box::new(|| {
                let words = ["--no-limits", "--no-report", "--", "/bin/true"];
                plain(Path::new(CONFINE), &words.map(OsString::from));
            }),
        ),
    ];
    if let Some((program, line)) = &bwrap {
        variants.insert(1, ("bubblewrap, equal policy", Box::new(|| plain(program, line))));
    }

    let mut times: Vec<Vec<u128>> = vec![Vec::new(); variants.len()];
    for round in 0..rounds + 5 {
        for (index, (_, run)) in variants.iter_mut().enumerate() {
            let begun = Instant::now();
            run();
            if round >= 5 {
                times[index].push(begun.elapsed().as_micros());
            }
            // The pool refills, and what ended is cleared away, outside the measure.
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
    }
    let middle = |times: &mut Vec<u128>| {
        times.sort_unstable();
        (times[times.len() / 10], times[times.len() / 2])
    };
    let results: Vec<_> = times.iter_mut().map(middle).collect();
    let (plain_p50, bwrap_p50) = (results[0].1, if bwrap.is_some() { results[1].1 } else { 0 });
    println!("{rounds} rounds, interleaved; microseconds");
    println!("{:<46}{:>8}{:>8}{:>9}{:>9}", "", "p10", "p50", "x plain", "x bwrap");
    for ((name, _), (p10, p50)) in variants.iter().zip(&results) {
        let ratio = |base: u128| {
            if base == 0 { "-".into() } else { format!("{:.2}", *p50 as f64 / base as f64) }
        };
        println!("{name:<46}{p10:>8}{p50:>8}{:>9}{:>9}", ratio(plain_p50), ratio(bwrap_p50));
    }
    drop(variants);

    large_parent(&launcher, &equal, &null, rounds);
    concurrent(&launcher, &equal, &null);
}

/// A caller with much memory must not pay for it.
fn large_parent(launcher: &Launcher, sandbox: &Sandbox, null: &File, rounds: usize) {
    let command = sandbox.command(["/bin/true".into()], Path::new("/"));
    let measure = || {
        let mut times: Vec<u128> = (0..rounds.min(200))
            .map(|_| {
                let begun = Instant::now();
                let stdio = [null.as_fd(), null.as_fd(), null.as_fd()];
                launcher.run(sandbox.plan(), &command, stdio, false).unwrap().wait().unwrap();
                begun.elapsed().as_micros()
            })
            .collect();
        times.sort_unstable();
        times[times.len() / 2]
    };
    let small = measure();
    let mut ballast = vec![0_u8; 512 << 20];
    ballast.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
    let large = measure();
    drop(ballast);
    println!(
        "native cold from a small caller {small} us, from one with 512 MB {large} us: x {:.2}",
        large as f64 / small as f64
    );
}

fn concurrent(launcher: &Launcher, sandbox: &Sandbox, null: &File) {
    let command = sandbox.command(["/bin/true".into()], Path::new("/"));
    let begun = Instant::now();
    let running: Vec<_> = (0..100)
        .map(|_| {
            launcher
                .run(sandbox.plan(), &command, [null.as_fd(), null.as_fd(), null.as_fd()], false)
                .unwrap()
        })
        .collect();
    let fine = running
        .into_iter()
        .filter(|_| true)
        .map(palisade_sandbox::Running::wait)
        .filter(Result::is_ok)
        .count();
    println!("100 at once: {fine} ended well, {} ms together", begun.elapsed().as_millis());
}

fn plain(program: &Path, arguments: &[OsString]) {
    let status = Plain::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .status()
        .unwrap();
    assert!(status.success());
}

/// The same mounts as arguments of `bwrap`; small files come from disk, which
/// costs it less than a descriptor each.
fn bwrap_line(base: &Path, sandbox: &Sandbox) -> Vec<OsString> {
    let mut count = 0;
    let mut words = bubblewrap_arguments(sandbox.plan(), &mut |bytes| {
        let path = base.join(format!("file-{count}"));
        count += 1;
        std::fs::write(&path, bytes).unwrap();
        Ok(path.to_string_lossy().into_owned())
    })
    .unwrap();
    for word in &mut words {
        if word == "--ro-bind-data" {
            *word = "--ro-bind".into();
        }
    }
    while let Some(at) = words.iter().position(|word| word == "--perms") {
        if words[at + 1] != "0644" {
            words[at] = "--perms ".into();
            continue;
        }
        words.drain(at..at + 2);
    }
    for word in &mut words {
        if word == "--perms " {
            *word = "--perms".into();
        }
    }
    words.extend(["--".into(), "/bin/true".into()]);
    words
}
