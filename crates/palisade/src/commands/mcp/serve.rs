use std::ffi::OsStr;
use std::io::BufReader;
use std::process::ExitCode;
use std::{env, thread};

use clap::Args;
use palisade_mcp::wrap::{Client, longest};
use palisade_mcp::{Front, Tools, serve};
use palisade_runtime::environment;

use super::{Desk, Out, client_input};
use crate::captured::Apart;
use crate::show::{self, Failure};
use crate::web::Online;

/// Options of the server of our own tools.
#[derive(Debug, Args)]
pub struct Serving {
    /// The session that calls are counted and remembered in.
    #[arg(long, env = "PALISADE_SESSION", value_name = "ID")]
    session: Option<String>,
}

pub fn run(arguments: Serving, profile: Option<&str>) -> Result<ExitCode, Failure> {
    let desk = Desk::open(profile, arguments.session, "mcp")?;
    let config = &desk.house.profile.config.tools.terminal;
    let terminal = Apart {
        environment: environment::scoped(
            env::vars_os(),
            &config.env,
            &desk.house.profile.secrets()?,
            OsStr::new(&desk.cwd),
        ),
        terminal: config,
        workspace: desk.house.places.workspace.clone(),
        profile: desk.house.profile.name.as_str().to_owned(),
    };
    let files = desk.house.files();
    let fetch = desk.house.profile.config.tools.fetch.clone();
    let (input, hang_up) = client_input()?;
    let mut input = BufReader::with_capacity(64 * 1024, input);
    desk.with(|gate, _| {
        let tools = Tools {
            gate,
            front: Front::default(),
            files: &files,
            terminal: &terminal,
            web: Some(&|| Ok(Box::new(Online::new(&fetch)?))),
            tell: &|text: &str| show::note(text),
        };
        let mut client = Client {
            input: &mut input,
            sink: Out::new(hang_up.clone()),
            tell: &|text: &str| show::note(text),
            hang_up: &|| hang_up.now(),
        };
        let longest = longest(gate);
        thread::scope(|scope| {
            serve(&tools, &mut client, longest, scope);
            tools.front.close();
        });
    });
    Ok(ExitCode::SUCCESS)
}
