use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use palisade_mcp::Spec;
use palisade_mcp::wrap::{self, Client};
use palisade_runtime::config::Server;

use super::{Desk, Out, client_input, server_name};
use crate::servers::Processes;
use crate::show::{self, Failure};

/// Pass one MCP server through, but for policy
///
/// Put it in front of the server's command in the client's configuration.
/// The server gets the ordinary few variables and those that are named here or
/// in the profile (`mcp.servers.NAME.env`).
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  palisade mcp wrap -- npx -y @modelcontextprotocol/server-everything\n  palisade mcp wrap --name github --env GH_TOKEN=env:GITHUB_TOKEN -- github-mcp-server stdio\n  palisade mcp wrap --name github     (as `mcp.servers.github` of the profile says)"
)]
pub struct Arguments {
    /// What the server is called in rules, records and pins.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A variable for the server: `NAME=value`, or `NAME=env:OTHER` to take it
    /// from the profile's `.env` or from the environment.
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// Run the server in the OS sandbox.
    #[arg(long)]
    sandbox: bool,
    /// Leave text of results without an envelope.
    #[arg(long)]
    no_envelope: bool,
    /// The session that calls are counted and remembered in.
    #[arg(long, env = "PALISADE_SESSION", value_name = "ID")]
    session: Option<String>,
    /// The server's program and its arguments.
    #[arg(value_name = "PROGRAM", last = true)]
    program: Vec<String>,
}

pub fn run(arguments: Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    let desk = Desk::open(profile, arguments.session.clone(), "mcp")?;
    let spec = spec(&arguments, &desk)?;
    let (input, hang_up) = client_input()?;
    let mut input = BufReader::with_capacity(64 * 1024, input);
    let ended = desk.with(|gate, store| {
        let client = Client {
            input: &mut input,
            sink: Out::sink(hang_up.clone()),
            tell: &|text: &str| show::note(text),
            hang_up: &|| hang_up.now(),
        };
        wrap::run(gate, store, &spec, &Processes, client)
    });
    match ended {
        Ok(ended) if ended.ends_with(": 0") => Ok(ExitCode::SUCCESS),
        Ok(ended) => {
            show::note(&format!("the server `{}` ended: {ended}", spec.name));
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let program = spec.command.first().map_or("", String::as_str);
            Err(Failure::Other(format!("cannot start `{program}`: {error}")))
        }
    }
}

fn spec(arguments: &Arguments, desk: &Desk) -> Result<Spec, Failure> {
    let configured =
        arguments.name.as_ref().and_then(|name| desk.house.profile.config.mcp.servers.get(name));
    let command = match (arguments.program.is_empty(), configured) {
        (false, _) => arguments.program.clone(),
        (true, Some(server)) => command(server),
        (true, None) if let Some(name) = &arguments.name => {
            let known: Vec<&str> =
                desk.house.profile.config.mcp.servers.keys().map(String::as_str).collect();
            let known = match known.as_slice() {
                [] => "it has none yet".to_owned(),
                known => format!("it has {}", known.join(", ")),
            };
            return Err(Failure::Usage(format!(
                "the profile has no server `{}` in `mcp.servers` ({known}): give its command after `--`, \
                 `palisade mcp wrap --name {0} -- PROGRAM`",
                palisade_guards::content::reveal(name)
            )));
        }
        (true, None) => {
            return Err(Failure::Usage(
                "there is no server to start: `palisade mcp wrap -- PROGRAM`, or `--name` of one in the profile".into(),
            ));
        }
    };
    let (name, pins) = match &arguments.name {
        Some(name) => (name.clone(), name.clone()),
        None => named_after(&command),
    };
    server_name(&name)?;
    let mut block = configured.map_or_else(BTreeMap::new, |server| server.env.clone());
    for pair in &arguments.env {
        let (name, value) =
            pair.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
                Failure::Usage(format!("`{}` is not written NAME=VALUE", pair.escape_debug()))
            })?;
        block.insert(name.to_owned(), value.to_owned());
    }
    Ok(Spec {
        name,
        pins,
        command,
        environment: desk.environment(&block)?,
        sandbox: arguments.sandbox || configured.is_some_and(|server| server.sandbox),
        allow: configured.map_or_else(Vec::new, |server| server.allow.clone()),
        deny: configured.map_or_else(Vec::new, |server| server.deny.clone()),
        envelope: !arguments.no_envelope && configured.is_none_or(|server| server.envelope),
    })
}

/// The whole command of a configured server.
pub fn command(server: &Server) -> Vec<String> {
    std::iter::once(server.command.clone()).chain(server.args.iter().cloned()).collect()
}

/// A name for a server that has none: after the word that tells it from
/// others; and for its pins with a digest of the whole command, since two
/// servers may look alike.
fn named_after(command: &[String]) -> (String, String) {
    const STARTERS: [&str; 12] = [
        "npx", "node", "bunx", "bun", "deno", "uvx", "uv", "pipx", "python", "python3", "docker",
        "run",
    ];
    let stem = |word: &str| {
        let last = word.trim_end_matches('/').rsplit('/').next().unwrap_or(word);
        let stem = Path::new(last).file_stem().and_then(|stem| stem.to_str()).unwrap_or(last);
        let stem = stem.split('@').find(|part| !part.is_empty()).unwrap_or(stem);
        let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        stem.chars()
            .map(|letter| if fits(letter) { letter } else { '-' })
            .take(40)
            .collect::<String>()
    };
    let words = command.iter().filter(|word| !word.starts_with('-'));
    let telling = words
        .map(|word| stem(word))
        .find(|word| !word.is_empty() && !STARTERS.contains(&word.as_str()));
    let name = telling.unwrap_or_else(|| "server".to_owned());
    let digest = palisade_mcp::pins::command_digest(command);
    (name.clone(), format!("{name}-{digest}"))
}
