use std::process::ExitCode;

use clap::Args;

use crate::show::{Failure, printed};
use crate::wire_up::House;

/// Make Palisade's home and the profile's configuration, if they are missing
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  palisade init")]
pub struct Arguments {}

pub fn run(_: &Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    let house = House::open(profile, None)?;
    house.prepare()?;
    printed(|out| {
        writeln!(out, "home     {}", house.home.root().display())?;
        writeln!(out, "profile  {}", house.profile.config_file().display())
    })?;
    Ok(ExitCode::SUCCESS)
}
