use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;

use clap::Args;
use nix::sys::signal::{SigSet, Signal};
use palisade_net::proxy::{Door, serve_until};

use crate::egress::{self, Out, Records};
use crate::show::{self, Failure};

/// Serve the egress proxy on a port of this machine
///
/// HTTP (CONNECT and plain) and SOCKS5 on one port, for programs that are
/// told to use it. A program that is not confined may go around it; for one
/// that cannot, use `run` or `sandbox` with `--allow-domain`. It serves until
/// it is interrupted. Connections are recorded in the profile's journal.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  palisade proxy --listen 127.0.0.1:3128 --allow-domain '*.example.com'\n  palisade proxy --allow-domain '*'"
)]
pub struct Arguments {
    /// Where to listen: an address of the loopback, and a port (0: any).
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3128")]
    listen: SocketAddr,
    /// A host that may be reached: a.example (ports 80 and 443),
    /// a.example:8443, *.a.example, or * for every public host.
    #[arg(long, value_name = "DOMAIN", required_unless_present = "allow_private")]
    allow_domain: Vec<String>,
    /// A private origin that may be reached too, as localhost:3000.
    #[arg(long, value_name = "HOST:PORT")]
    allow_private: Vec<String>,
}

pub fn run(arguments: Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    if !arguments.listen.ip().is_loopback() {
        return Err(Failure::Usage(format!(
            "`{}` is no address of the loopback: whoever can reach the proxy can use it",
            arguments.listen
        )));
    }
    let out = Out { domains: arguments.allow_domain, private: arguments.allow_private };
    let records = Records::open(profile, None)?;
    let advice = egress::BY_OPTION.map(str::to_owned);
    let proxy = egress::proxy(&out, records.clone(), advice).map_err(Failure::Usage)?;
    let listener = TcpListener::bind(arguments.listen).map_err(|error| {
        Failure::Other(format!("cannot listen on `{}`: {error}", arguments.listen))
    })?;
    // Blocked before any thread exists, so that the one that waits gets them.
    let ends = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]);
    ends.thread_block().map_err(std::io::Error::from)?;
    let at = listener.local_addr()?;
    show::printed(|out| writeln!(out, "listening on {at}"))?;
    serve_until(proxy, vec![Door::Proxy(listener)], move || {
        let _ = ends.wait();
    })?;
    for line in records.close() {
        show::note(&palisade_guards::content::reveal(&line));
    }
    Ok(ExitCode::SUCCESS)
}
