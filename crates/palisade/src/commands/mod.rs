//! One file for each subcommand.

mod approvals;
mod batch;
mod check;
mod completions;
mod doctor;
mod fetch;
mod grants;
pub mod hook;
mod init;
mod install;
mod log;
#[cfg(unix)]
mod mcp;
mod profile;
#[cfg(target_os = "linux")]
mod proxy;
mod run;
#[cfg(target_os = "linux")]
mod sandbox;
mod scan;
mod uninstall;
mod why;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Subcommand;
use palisade_runtime::{Error, Home, ProfileName};

use crate::show::{self, Failure};

/// What Palisade can be asked to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Run(run::Arguments),
    Check(check::Arguments),
    Why(why::Arguments),
    Fetch(fetch::Arguments),
    Scan(scan::Arguments),
    #[cfg(target_os = "linux")]
    Sandbox(sandbox::Arguments),
    #[cfg(target_os = "linux")]
    Proxy(proxy::Arguments),
    Approvals(approvals::Arguments),
    Grants(grants::Arguments),
    Profile(profile::Arguments),
    Init(init::Arguments),
    Hook(hook::Arguments),
    Install(install::Arguments),
    Uninstall(uninstall::Arguments),
    Log(log::Arguments),
    #[cfg(unix)]
    Mcp(mcp::Arguments),
    Doctor(doctor::Arguments),
    Completions(completions::Arguments),
}

/// After a line that was not understood: what is meant most often where a
/// program was given to a command that wants `--` before it.
pub fn hint(mut line: impl Iterator<Item = OsString>) {
    // The profile may be named before the command.
    let is_it = line.by_ref().take(4).any(|word| word == "sandbox");
    if is_it && !line.any(|word| word == "--") {
        show::note("help: a program stands after `--`: `palisade sandbox -- PROGRAM ARG..`");
    }
}

/// A profile that is named must be there, whatever a command makes of it.
fn is_there(profile: Option<&str>) -> Result<(), Failure> {
    let Some(name) = profile.filter(|name| *name != "default") else { return Ok(()) };
    let parsed = ProfileName::parse(name)?;
    if Home::locate(|name| std::env::var_os(name))?.profile(&parsed).is_dir() {
        return Ok(());
    }
    Err(Error::Name(format!(
        "there is no profile `{name}`: `palisade profile new {name}` makes one"
    ))
    .into())
}

/// Does it.
pub fn run(command: Command, profile: Option<&str>) -> Result<ExitCode, Failure> {
    is_there(profile)?;
    match command {
        Command::Run(arguments) => run::run(arguments, profile),
        Command::Check(arguments) => check::run(arguments, profile),
        Command::Why(arguments) => why::run(arguments, profile),
        Command::Fetch(arguments) => fetch::run(arguments, profile),
        Command::Scan(arguments) => scan::run(arguments),
        #[cfg(target_os = "linux")]
        Command::Sandbox(arguments) => sandbox::run(arguments, profile),
        #[cfg(target_os = "linux")]
        Command::Proxy(arguments) => proxy::run(arguments, profile),
        Command::Approvals(arguments) => approvals::run(arguments),
        Command::Grants(arguments) => grants::run(&arguments, profile),
        Command::Profile(arguments) => profile::run(&arguments, profile),
        Command::Init(arguments) => init::run(&arguments, profile),
        Command::Hook(arguments) => hook::run(arguments, profile),
        Command::Install(arguments) => install::run(&arguments, profile),
        Command::Uninstall(arguments) => uninstall::run(&arguments),
        Command::Log(arguments) => log::run(arguments, profile),
        #[cfg(unix)]
        Command::Mcp(arguments) => mcp::run(arguments, profile),
        Command::Doctor(arguments) => doctor::run(&arguments, profile),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}
