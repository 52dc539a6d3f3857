use std::io;
use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::show::Failure;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  palisade completions bash > ~/.local/share/bash-completion/completions/palisade"
)]
pub struct Arguments {
    /// Which shell.
    shell: Shell,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut crate::Line::command(), "palisade", &mut text);
    crate::show::printed(|out| io::Write::write_all(out, &text))?;
    Ok(ExitCode::SUCCESS)
}
