use std::process::ExitCode;

use clap::Args;

use crate::show::Failure;

/// Explain what a command would do and which rules speak to it
#[derive(Debug, Args)]
pub struct Arguments {
    /// The command line.
    #[arg(value_name = "CMD", required = true, last = true)]
    command: Vec<String>,
}

pub fn run(arguments: &Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    let _ = (arguments, profile);
    Ok(ExitCode::SUCCESS)
}
