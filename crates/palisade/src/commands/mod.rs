//! One file for each subcommand.

mod check;
mod completions;
mod doctor;
mod grants;
mod init;
mod log;
mod profile;
mod run;
#[cfg(target_os = "linux")]
mod sandbox;
mod scan;
mod why;

use std::process::ExitCode;

use clap::Subcommand;

use crate::show::Failure;

/// What Palisade can be asked to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Run(run::Arguments),
    Check(check::Arguments),
    Why(why::Arguments),
    Scan(scan::Arguments),
    #[cfg(target_os = "linux")]
    Sandbox(sandbox::Arguments),
    Grants(grants::Arguments),
    Profile(profile::Arguments),
    Init(init::Arguments),
    Log(log::Arguments),
    Doctor(doctor::Arguments),
    Completions(completions::Arguments),
}

/// Does it.
pub fn run(command: Command, profile: Option<&str>) -> Result<ExitCode, Failure> {
    match command {
        Command::Run(arguments) => run::run(arguments, profile),
        Command::Check(arguments) => check::run(arguments, profile),
        Command::Why(arguments) => why::run(arguments, profile),
        Command::Scan(arguments) => scan::run(arguments),
        #[cfg(target_os = "linux")]
        Command::Sandbox(arguments) => sandbox::run(arguments),
        Command::Grants(arguments) => grants::run(&arguments, profile),
        Command::Profile(arguments) => profile::run(&arguments, profile),
        Command::Init(arguments) => init::run(&arguments, profile),
        Command::Log(arguments) => log::run(arguments, profile),
        Command::Doctor(arguments) => doctor::run(&arguments, profile),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}
