use std::ffi::OsStr;
use std::io::{self, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, thread};

use clap::Args;
use palisade_core::ports::FileTools;
use palisade_mcp::http::{PATH, Service, listen};
use palisade_mcp::wrap::{Client, longest};
use palisade_mcp::{Front, Gate, Terminal, Tools, serve};
use palisade_runtime::ports::{Files, Web};
use palisade_runtime::{environment, private_dir};

use super::{Desk, Out, client_input, lot, on_signal};
use crate::captured::Apart;
use crate::show::{self, Failure};
use crate::web::Online;
use crate::wire_up::Disk;

/// Options of the server of our own tools.
#[derive(Debug, Args)]
pub struct Serving {
    /// The session that calls are counted and remembered in.
    #[arg(long, env = "PALISADE_SESSION", value_name = "ID")]
    session: Option<String>,
    /// Serve over HTTP on this port of loopback instead of stdio; 0 is any.
    /// The token that clients must send lies in Palisade's home.
    #[arg(long, value_name = "PORT")]
    http: Option<u16>,
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
    let web = || -> io::Result<Box<dyn Web>> { Ok(Box::new(Online::new(&fetch)?)) };
    let kit = Kit { files: &files, terminal: &terminal, web: &web };
    let Some(port) = arguments.http else {
        let (input, hang_up) = client_input()?;
        let mut input = BufReader::with_capacity(64 * 1024, input);
        desk.with(|gate, _| {
            let tools = kit.tools(gate);
            let mut client = Client {
                input: &mut input,
                sink: Out::sink(hang_up.clone()),
                tell: &tell,
                hang_up: &|| hang_up.now(),
            };
            let longest = longest(gate);
            thread::scope(|scope| {
                serve(&tools, &mut client, longest, scope);
                tools.front.close();
            });
        });
        return Ok(ExitCode::SUCCESS);
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let address = listener.local_addr()?;
    let file = desk.house.profile.directory.join("mcp").join("http.token");
    let token = token(&file)?;
    show::note(&format!(
        "listening on http://{address}{PATH}; clients send `Authorization: Bearer` with what stands in {}",
        file.display()
    ));
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    on_signal(move || {
        stopped.store(true, Ordering::Release);
        // Wakes whoever waits for a connection.
        let _ = TcpStream::connect(address);
    })?;
    desk.with(|gate, _| {
        let service = Service {
            token,
            open: &|| Arc::new(kit.tools(gate)),
            lot: &lot,
            longest: longest(gate),
        };
        listen(&listener, &service, &|| !stop.load(Ordering::Acquire))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// What the tools are made of, beside a gate.
struct Kit<'a> {
    files: &'a (dyn FileTools + Sync),
    terminal: &'a dyn Terminal,
    web: &'a palisade_mcp::Web<'a>,
}

impl Kit<'_> {
    fn tools<'s>(&'s self, gate: &'s Gate<'s>) -> Tools<'s> {
        Tools {
            gate,
            front: Front::default(),
            files: self.files,
            terminal: self.terminal,
            web: Some(self.web),
            tell: &tell,
        }
    }
}

fn tell(text: &str) {
    show::note(text);
}

/// The token of this profile, made on first use.
fn token(file: &Path) -> Result<String, Failure> {
    if let Ok(token) = std::fs::read_to_string(file)
        && token.len() == 64
    {
        return Ok(token);
    }
    if let Some(directory) = file.parent() {
        private_dir(directory)?;
    }
    let token: String = (0..4).map(|_| format!("{:016x}", lot())).collect();
    Disk.replace(file, token.as_bytes())?;
    Ok(token)
}
