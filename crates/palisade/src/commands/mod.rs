//! One file for each subcommand.

mod check;
mod run;
mod why;

use std::process::ExitCode;

use clap::Subcommand;

use crate::show::Failure;

/// What Palisade can be asked to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Check(check::Arguments),
    Why(why::Arguments),
    Run(run::Arguments),
}

/// Does it.
pub fn run(command: Command, profile: Option<&str>) -> Result<ExitCode, Failure> {
    match command {
        Command::Check(arguments) => check::run(arguments, profile),
        Command::Why(arguments) => why::run(&arguments, profile),
        Command::Run(arguments) => run::run(arguments, profile),
    }
}
