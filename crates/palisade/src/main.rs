//! The `palisade` command: reads the command line and hands over to one file
//! of `commands/`.

mod actor;
#[cfg(target_os = "linux")]
mod agent;
mod asks;
#[cfg(unix)]
mod captured;
mod commands;
#[cfg(target_os = "linux")]
mod confine;
mod desktop;
#[cfg(target_os = "linux")]
mod egress;
mod install;
mod jobs;
mod live;
mod prompt;
#[cfg(unix)]
mod servers;
mod show;
mod web;
mod wire_up;

use std::process::ExitCode;

use clap::Parser;

/// Judges every command of an agent before it runs.
#[derive(Debug, Parser)]
#[command(name = "palisade", version, max_term_width = 100)]
struct Line {
    /// The profile whose rules apply.
    #[arg(short, long, global = true, value_name = "NAME")]
    profile: Option<String>,
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    // First of all, while this process has one thread and nothing else: it may have been started to be a sandbox's
    // launcher.
    #[cfg(target_os = "linux")]
    palisade_sandbox::launcher_main();
    #[cfg(target_os = "linux")]
    if let Some(code) = egress::serve_if_asked() {
        return code;
    }
    // An agent's client takes an error for a yes, so `hook` ends as a refusal
    // whatever its line says.
    if let Some(code) = commands::hook::intercept(std::env::args_os()) {
        return code;
    }
    let line = match Line::try_parse() {
        Ok(line) => line,
        // Help and version go to standard output and are no error; a reader
        // that has gone away is none either.
        Err(error) => {
            let _ = error.print();
            if error.use_stderr() {
                commands::hint(std::env::args_os());
            }
            return ExitCode::from(if error.use_stderr() { show::USAGE } else { 0 });
        }
    };
    match commands::run(line.command, line.profile.as_deref()) {
        Ok(code) => code,
        Err(error) => show::failure(&error),
    }
}
