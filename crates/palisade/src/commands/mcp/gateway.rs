use std::io::BufReader;
use std::process::ExitCode;

use clap::Args;
use palisade_mcp::wrap::Client;
use palisade_mcp::{Spec, gateway};

use super::wrap::command;
use super::{Desk, Out, client_input, server_name};
use crate::servers::Processes;
use crate::show::{self, Failure};

/// All MCP servers of the profile behind one connection
///
/// The servers stand in the profile under `mcp.servers`; a tool is called
/// `server__tool`. A server is started when it is first needed.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  palisade mcp gateway")]
pub struct Arguments {
    /// The session that calls are counted and remembered in.
    #[arg(long, env = "PALISADE_SESSION", value_name = "ID")]
    session: Option<String>,
}

pub fn run(arguments: Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    let desk = Desk::open(profile, arguments.session, "mcp")?;
    let servers = &desk.house.profile.config.mcp.servers;
    if servers.is_empty() {
        return Err(Failure::Usage(format!(
            "the profile has no MCP servers: name them under `mcp.servers` in {}",
            desk.house.profile.config_file().display()
        )));
    }
    let mut specs = Vec::new();
    for (name, server) in servers {
        server_name(name)?;
        specs.push(Spec {
            name: name.clone(),
            pins: name.clone(),
            command: command(server),
            environment: desk.environment(&server.env)?,
            sandbox: server.sandbox,
            allow: server.allow.clone(),
            deny: server.deny.clone(),
            envelope: server.envelope,
        });
    }
    let (input, hang_up) = client_input()?;
    let mut input = BufReader::with_capacity(64 * 1024, input);
    desk.with(|gate, store| {
        let client = Client {
            input: &mut input,
            sink: Out::sink(hang_up.clone()),
            tell: &|text: &str| show::note(text),
            hang_up: &|| hang_up.now(),
        };
        gateway::run(gate, store, &specs, &Processes, client);
    });
    Ok(ExitCode::SUCCESS)
}
