//! The sandbox alone, with hardly a command line: what the tests and benches
//! of this crate run. People use `palisade sandbox`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use palisade_sandbox::{Backend, Limit, Minimum, Network, Policy, Probe, Report, Sandbox, Tty};

fn main() -> ExitCode {
    palisade_sandbox::launcher_main();
    match run() {
        Ok(code) => ExitCode::from(code),
        Err(message) => {
            eprintln!("palisade-confine: {message}");
            ExitCode::from(125)
        }
    }
}

fn run() -> Result<u8, String> {
    let mut arguments = std::env::args_os().skip(1);
    let cwd = std::env::current_dir().map_err(|error| error.to_string())?;
    let home = std::env::var_os("HOME").unwrap_or_else(|| "/nonexistent".into());
    let mut policy = Policy::of(cwd, home);
    let mut also: Vec<String> = Vec::new();
    let mut quiet = false;
    let mut explain_only = false;
    let mut command: Vec<OsString> = Vec::new();
    while let Some(word) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{} needs a value", word.display()));
        match word.to_str().unwrap_or_default() {
            "--probe" => {
                print!("{}", Probe::here());
                return Ok(0);
            }
            "--workspace" => policy.workspace = PathBuf::from(value()?),
            "--read" => policy.read.push(PathBuf::from(value()?)),
            "--write" => policy.write.push(PathBuf::from(value()?)),
            "--hide" => policy.hidden.push(PathBuf::from(value()?)),
            "--env" => also.push(value()?.to_string_lossy().into_owned()),
            "--net" => policy.network = Network::Host,
            "--own-home" => policy.own_home = Some(PathBuf::from(value()?)),
            "--tty" => policy.tty = Tty::Shared,
            "--quiet" => quiet = true,
            "--no-report" => policy.report = Report::Nothing,
            "--reads" => policy.report = Report::Everything,
            "--no-limits" => policy.limits = palisade_sandbox::Limits::none(),
            "--memory" => {
                let bytes =
                    value()?.to_str().and_then(|text| text.parse().ok()).ok_or("not a number")?;
                policy.limits.memory = Some(Limit::required(bytes));
            }
            "--minimum-everything" => policy.minimum = Minimum::Everything,
            "--explain" => explain_only = true,
            "--output" => {
                policy.limits.output = value()?.to_str().and_then(|text| text.parse().ok())
            }
            "--wall" => policy.limits.wall = value()?.to_str().and_then(|text| text.parse().ok()),
            "--backend" => match value()?.to_str() {
                Some("native") => policy.backend = Backend::Native,
                Some("bubblewrap") => policy.backend = Backend::Bubblewrap,
                Some("landlock") => {
                    policy.backend = Backend::Landlock;
                    policy.minimum = Minimum::Partial;
                }
                _ => return Err("no such backend".into()),
            },
            "--" => {
                command.extend(arguments);
                break;
            }
            _ => return Err(format!("unknown option {}", word.display())),
        }
    }
    policy.inherit(std::env::vars_os(), &also);
    let explain = |error: palisade_sandbox::SandboxError| format!("{error}\n  {}", error.help());
    let mut sandbox = Sandbox::new(policy).map_err(explain)?;
    if explain_only {
        print!("{}", palisade_sandbox::explain(&sandbox));
        return Ok(0);
    }
    let directory = sandbox.policy().workspace.clone();
    let command = sandbox.command(command, &directory);
    let finished =
        sandbox.run_here(&command, palisade_sandbox::own_streams(), None).map_err(explain)?;
    if !quiet {
        for refusal in &finished.refusals {
            eprintln!("palisade: {}", refusal.words(&sandbox.policy().home));
        }
        for line in &finished.undone {
            eprintln!("palisade: {line}");
        }
        if let Some(breach) = finished.breach {
            eprintln!("palisade: {}", breach.words(&sandbox.policy().limits));
        }
    }
    Ok(u8::try_from(finished.status.code()).unwrap_or(255))
}
