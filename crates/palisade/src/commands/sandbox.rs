use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use palisade_runtime::Home;
use palisade_sandbox::{
    Backend, Minimum, Probe, Report, Sandbox, SandboxError, Status, explain, is_inside,
};

use crate::confine::{self, NOT_MADE, Widen};
use crate::egress::{self, Held, Out, Recorded, Settings};
use crate::jobs;
use crate::show::{self, Failure};

/// Run a command in the sandbox alone, without judging it
///
/// Only the workspace can be written, only the system and the workspace can
/// be read, and there is no network. The exit code is the command's own; 125
/// says that the sandbox could not be made and nothing ran.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  palisade sandbox -- make test\n  palisade sandbox --workspace ~/project --net -- npm ci\n  palisade sandbox --allow-domain registry.npmjs.org -- npm ci\n  palisade sandbox --allow-domain api.github.com --credential GITHUB_TOKEN@api.github.com -- gh api user\n  palisade sandbox --explain\n  palisade sandbox probe"
)]
pub struct Arguments {
    /// `probe` says what works on this machine, and what would mend the rest.
    #[arg(value_enum)]
    what: Option<What>,
    /// The directory that may be written (default: the current one).
    #[arg(long, value_name = "DIRECTORY")]
    workspace: Option<PathBuf>,
    #[command(flatten)]
    widen: Widen,
    /// A variable of the caller that the command gets beside the ordinary few.
    #[arg(long, value_name = "NAME")]
    env: Vec<String>,
    /// A variable of the caller whose value only the proxy has, and puts into
    /// requests to these hosts: GITHUB_TOKEN@api.github.com,github.com.
    #[arg(long, value_name = "NAME@HOST")]
    credential: Vec<String>,
    /// Which mechanism to use.
    #[arg(long, value_enum, default_value = "best")]
    backend: Mechanism,
    /// The least that is accepted; less is a refusal.
    #[arg(long, value_enum, default_value = "full")]
    minimum: Least,
    /// Say what is refused: everything, only changes, or nothing (fastest).
    #[arg(long, value_enum, default_value = "everything")]
    report: Told,
    /// Record connections in the profile's journal.
    #[arg(long, hide = true)]
    record: bool,
    /// Print what would be enforced, and the bubblewrap command with the same
    /// mounts, instead of running anything.
    #[arg(long)]
    explain: bool,
    /// The program and its arguments.
    #[arg(value_name = "PROGRAM", last = true)]
    program: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    Probe,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mechanism {
    Best,
    Native,
    Bubblewrap,
    Landlock,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Least {
    Everything,
    Full,
    Partial,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Told {
    Everything,
    Changes,
    Nothing,
}

pub fn run(arguments: Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    if let Some(What::Probe) = arguments.what {
        show::printed(|out| write!(out, "{}", Probe::here()))?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.program.is_empty() && !arguments.explain {
        return Err(Failure::Usage(
            "there is no program to run: `palisade sandbox -- PROGRAM`".into(),
        ));
    }
    if is_inside() {
        return Err(Failure::Usage(
            "this is the inside of a sandbox, which stays in force: start the program as it is, or ask for another \
             sandbox outside"
                .into(),
        ));
    }
    let house = Home::locate(|name| env::var_os(name))?;
    let workspace = match arguments.workspace {
        Some(workspace) => workspace,
        None => env::current_dir()?,
    };
    let mut policy = confine::policy(&workspace, house.root());
    policy.inherit(env::vars_os(), &arguments.env);
    policy.backend = match arguments.backend {
        Mechanism::Best => Backend::Best,
        Mechanism::Native => Backend::Native,
        Mechanism::Bubblewrap => Backend::Bubblewrap,
        Mechanism::Landlock => Backend::Landlock,
    };
    policy.minimum = match arguments.minimum {
        Least::Everything => Minimum::Everything,
        Least::Full => Minimum::Full,
        Least::Partial => Minimum::Partial,
    };
    policy.report = match arguments.report {
        Told::Everything => Report::Everything,
        Told::Changes => Report::Changes,
        Told::Nothing => Report::Nothing,
    };
    let mut held = Held::default();
    for text in &arguments.credential {
        held.add(text).map_err(Failure::Usage)?;
    }
    let mut out = Out::default();
    arguments.widen.apply(&mut policy, &mut out);
    if !held.is_none() {
        let allowed = out.allowlist().map_err(Failure::Usage)?;
        if let Some(host) = held.unlisted(&[allowed]).map_err(Failure::Usage)?.first() {
            return Err(Failure::Usage(format!(
                "a credential is for {host}, which may not be reached: add `--allow-domain`, or `--allow-private` for \
                 a private origin"
            )));
        }
    }
    confine::downloads(&mut policy);
    let settings = Settings {
        held,
        forwards: policy.forwards.clone(),
        out,
        // A person's own tool neither judges nor records; a surface of ours that uses it does.
        record: arguments
            .record
            .then(|| Recorded { profile: profile.map(str::to_owned), session: None }),
        advice: egress::BY_OPTION.map(str::to_owned),
    };
    if arguments.explain {
        return match Sandbox::new(policy) {
            Ok(sandbox) => {
                show::printed(|out| out.write_all(explain(&sandbox).as_bytes()))?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => Ok(not_made(&error)),
        };
    }
    let cwd = env::current_dir().ok().filter(|cwd| {
        std::fs::canonicalize(&workspace).is_ok_and(|workspace| cwd.starts_with(workspace))
    });
    match confine::run(policy, arguments.program, cwd.as_deref(), settings) {
        Ok((Status::Signal(signal), _)) => Ok(jobs::end_by(signal)),
        Ok((Status::Exit(code), _)) => Ok(ExitCode::from(u8::try_from(code).unwrap_or(255))),
        Err(error) => Ok(not_made(&error)),
    }
}

fn not_made(error: &SandboxError) -> ExitCode {
    show::note(&format!("error: {error}"));
    show::note(&format!("help: {}", error.help()));
    ExitCode::from(NOT_MADE)
}
