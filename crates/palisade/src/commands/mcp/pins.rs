use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use palisade_core::ports::{Event, EventKind, Journal};
use palisade_guards::call::Value;
use palisade_guards::content::reveal;
use palisade_mcp::pins::{Pins, Store, difference};
use palisade_runtime::Error;
use palisade_runtime::approvals::governed;

use crate::actor;
use crate::install::consent;
use crate::show::{self, Failure};
use crate::wire_up::{Disk, House};

/// Show and approve the definitions of servers' tools
///
/// What a server offers at its first start is approved. A tool whose
/// definition changes, or that is new, is hidden until it is approved here.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  palisade mcp pins\n  palisade mcp pins approve github create_issue"
)]
pub struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// Print one JSON object a server.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Approve what waits, of all tools of a server or of the named ones
    ///
    /// What is new is shown first, and a person at a terminal says yes.
    ///
    /// Example: palisade mcp pins approve github create_issue
    Approve {
        /// The server, as `palisade mcp pins` names it.
        server: String,
        /// Its tools; all that wait where none is named.
        tools: Vec<String>,
    },
    /// Forget a server, so that its next start counts as its first
    ///
    /// Example: palisade mcp pins forget github
    Forget {
        /// The server, as `palisade mcp pins` names it.
        server: String,
    },
}

pub fn run(arguments: &Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    let house = House::open(profile, None)?;
    let store = Store::new(&house.profile.directory, &Disk);
    match &arguments.what {
        None => list(&store, arguments.json),
        Some(What::Approve { server, tools }) => approve(&house, &store, server, tools),
        Some(What::Forget { server }) => {
            governed::is_person(&house.home)?;
            let known = store.load(server)?.ok_or_else(|| unknown(server))?;
            record(
                &house,
                &format!(
                    "mcp server {server}: forgotten with {} approved tools",
                    known.approved.len()
                ),
            )?;
            store.forget(server)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn unknown(server: &str) -> Failure {
    Failure::Usage(format!(
        "no server `{}` has pins: `palisade mcp pins` lists them",
        reveal(server)
    ))
}

fn list(store: &Store<'_>, json: bool) -> Result<ExitCode, Failure> {
    let mut servers: Vec<(String, Pins)> = Vec::new();
    for name in store.servers()? {
        if let Some(pins) = store.load(&name)? {
            servers.push((name, pins));
        }
    }
    show::printed(|out| {
        for (name, pins) in &servers {
            if json {
                writeln!(out, "{}", pins.summary(name).to_json())?;
                continue;
            }
            writeln!(out, "{name}  ({})", reveal(&pins.command))?;
            writeln!(out, "  {} tools approved", pins.approved.len())?;
            for other in shadowed(name, pins, &servers) {
                writeln!(out, "  {other}")?;
            }
            for tool in pins.pending.keys() {
                waiting(out, pins, tool)?;
            }
        }
        if servers.is_empty() && !json {
            writeln!(out, "no MCP server was started through Palisade yet")?;
        }
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A tool whose definition waits, and what is new about it.
fn waiting(out: &mut dyn Write, pins: &Pins, tool: &str) -> io::Result<()> {
    let Some(definition) = pins.pending.get(tool) else { return Ok(()) };
    let name = reveal(tool);
    match pins.approved.get(tool) {
        Some(approved) => {
            writeln!(out, "  {name}: changed since it was approved, and hidden")?;
            for line in difference(approved, definition) {
                writeln!(out, "    {}", reveal(&line))?;
            }
        }
        None => {
            writeln!(out, "  {name}: new, and hidden")?;
            // Part by part, so that a long description can be read.
            for line in difference(&Value::Map(Vec::new()), definition) {
                writeln!(out, "    {}", reveal(&line))?;
            }
        }
    }
    Ok(())
}

/// Tools of this server that another one has as well: a model may take one
/// for the other.
fn shadowed(name: &str, pins: &Pins, servers: &[(String, Pins)]) -> Vec<String> {
    let others =
        servers.iter().filter(|(other, known)| other != name && known.command != pins.command);
    let mut lines = Vec::new();
    for (other, known) in others {
        for tool in pins.approved.keys().filter(|tool| known.approved.contains_key(*tool)) {
            lines
                .push(format!("{}: the server {other} has a tool of this name, too", reveal(tool)));
        }
    }
    lines
}

fn approve(
    house: &House,
    store: &Store<'_>,
    server: &str,
    tools: &[String],
) -> Result<ExitCode, Failure> {
    governed::is_person(&house.home)?;
    let mut pins = store.load(server)?.ok_or_else(|| unknown(server))?;
    if let Some(tool) = tools.iter().find(|tool| !pins.pending.contains_key(*tool)) {
        return Err(Failure::Usage(format!(
            "no definition of `{}` waits for approval",
            reveal(tool)
        )));
    }
    let shown: Vec<String> = match tools {
        [] => pins.pending.keys().cloned().collect(),
        named => named.to_vec(),
    };
    if shown.is_empty() {
        show::note("nothing waits for approval");
        return Ok(ExitCode::SUCCESS);
    }
    show::printed(|out| {
        writeln!(out, "{}  ({})", reveal(server), reveal(&pins.command))?;
        shown.iter().try_for_each(|tool| waiting(out, &pins, tool))
    })?;
    let what = match shown.as_slice() {
        [_] => "this tool as shown".to_owned(),
        more => format!("these {} tools as shown", more.len()),
    };
    if !consent::ask(&format!("approve {what}?"))? {
        show::note("nothing was approved");
        return Ok(ExitCode::FAILURE);
    }
    // Once more: it was decided about what was shown, and nothing else.
    governed::is_person(&house.home)?;
    if store.load(server)?.as_ref() != Some(&pins) {
        return Err(Failure::Other(
            "the server changed its definitions meanwhile: nothing was approved; look again".into(),
        ));
    }
    let taken = pins.approve(&shown);
    record(house, &format!("mcp server {server}: approved {}", taken.join(", ")))?;
    store.save(server, &pins)?;
    show::printed(|out| {
        for tool in &taken {
            writeln!(out, "approved {}", reveal(tool))?;
        }
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Written before it takes hold.
fn record(house: &House, body: &str) -> Result<(), Failure> {
    house.prepare()?;
    let mut journal = house.journal()?;
    let actor = actor::here(None);
    let event =
        Event { actor: &actor, profile: house.profile.name.as_str(), kind: EventKind::Grant, body };
    journal.event(&event).map_err(Error::Journal)?;
    journal.close().map_err(|error| Failure::Other(error.to_string()))
}
