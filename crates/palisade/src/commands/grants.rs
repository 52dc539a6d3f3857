use std::process::ExitCode;

use clap::{Args, Subcommand};
use palisade_core::ports::{Clock, Event, EventKind, Journal};
use palisade_core::{Grant, Lifetime};
use palisade_guards::content::reveal;
use palisade_runtime::{Error, config, moment};
use serde_json::json;

use crate::actor;
use crate::install::consent;
use crate::show::{Failure, Paint, Style, printed};
use crate::wire_up::{House, System};

/// List what was approved, and take it back
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  palisade grants list\n  palisade grants revoke 2")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every grant of the profile, and of the session where one is named
    #[command(after_help = "Example:\n  palisade grants list")]
    List {
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
        /// The session whose grants are listed too.
        #[arg(long, env = "PALISADE_SESSION", value_name = "ID")]
        session: Option<String>,
    },
    /// Take one grant of the profile back
    #[command(after_help = "Example:\n  palisade grants revoke 2")]
    Revoke {
        /// Its number in the list, from 1.
        number: usize,
    },
}

pub fn run(arguments: &Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    match &arguments.what {
        What::List { json, session } => list(&House::open(profile, session.as_deref())?, *json),
        What::Revoke { number } => revoke(&House::open(profile, None)?, *number),
    }
}

fn list(house: &House, json: bool) -> Result<ExitCode, Failure> {
    let mut grants = house.profile.grants();
    grants.extend(house.keeper().session()?.grants);
    let paint = Paint::on(&std::io::stdout());
    let now = System.now();
    printed(|out| {
        for (number, grant) in (1..).zip(&grants) {
            let (line, state) = (reveal(&config::line(grant)), state(grant, now));
            if json {
                writeln!(out, "{}", json!({"number": number, "grant": line, "state": state}))?;
            } else {
                writeln!(out, "{number:>3}  {line}  {}", paint.text(Style::Dim, &state))?;
            }
        }
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn state(grant: &Grant, now: i64) -> String {
    match grant.lifetime {
        Lifetime::Session => "this session".into(),
        Lifetime::Until(None) => "for ever".into(),
        Lifetime::Until(Some(end)) if end <= now => "expired".into(),
        Lifetime::Until(Some(end)) => format!("until {}", moment::format(end)),
    }
}

fn revoke(house: &House, number: usize) -> Result<ExitCode, Failure> {
    consent::not_by_an_agent(&house.home, "change")?;
    let grants = house.profile.grants();
    let Some(grant) = number.checked_sub(1).and_then(|at| grants.get(at)) else {
        return Err(Failure::Usage(format!(
            "there is no grant {number}: `palisade grants list` shows them"
        )));
    };
    let line = config::line(grant);
    let event = Event {
        actor: &actor::here(None),
        profile: house.profile.name.as_str(),
        kind: EventKind::Grant,
        body: &format!("revoked: {line}"),
    };
    house.journal()?.event(&event).map_err(Error::Journal)?;
    house.keeper().revoke(grant)?;
    printed(|out| writeln!(out, "revoked {}", reveal(&line)))?;
    Ok(ExitCode::SUCCESS)
}
