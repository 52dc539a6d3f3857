use std::env;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use palisade_runtime::{Home, Profile, ProfileName};

use crate::install::consent;
use crate::show::{Failure, printed};
use crate::wire_up::{Disk, House};

/// List, show and make profiles
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  palisade profile new unattended\n  palisade -p unattended profile show"
)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The names of all profiles
    #[command(after_help = "Example:\n  palisade profile list")]
    List,
    /// The configuration in force
    #[command(after_help = "Example:\n  palisade -p unattended profile show")]
    Show,
    /// Make a profile with every key at its default
    #[command(after_help = "Example:\n  palisade profile new unattended")]
    New {
        /// Its name: up to 64 of `a-z 0-9 - _`.
        name: String,
    },
}

pub fn run(arguments: &Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    match &arguments.what {
        What::List => {
            let names = Profile::names(&home()?)?;
            printed(|out| names.iter().try_for_each(|name| writeln!(out, "{}", name.as_str())))?;
        }
        What::Show => {
            let Profile { directory, text, .. } = House::open(profile, None)?.profile;
            let file = directory.join("config.yaml");
            printed(|out| {
                if text.is_empty() {
                    return writeln!(
                        out,
                        "# {} is not there: every key is at its default",
                        file.display()
                    );
                }
                write!(out, "# {}\n{text}", file.display())
            })?;
        }
        What::New { name } => {
            let home = home()?;
            consent::not_by_an_agent(&home, "add to")?;
            let profile = Profile::new(&home, ProfileName::parse(name)?);
            if profile.directory.exists() {
                return Err(Failure::Usage(format!("the profile `{name}` is there already")));
            }
            profile.prepare(&home, &Disk)?;
            printed(|out| writeln!(out, "{}", profile.config_file().display()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn home() -> Result<Home, Failure> {
    let home = Home::locate(|name| env::var_os(name))?;
    home.check()?;
    Ok(home)
}
