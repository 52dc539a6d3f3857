//! The way out of a confined command: what may be reached, and the process
//! that serves it from outside.
//!
//! The proxy is this very executable, started again before the sandbox is
//! made, so that the process that makes sandboxes keeps its one thread. It
//! gets the sandbox's listeners over a socket, and ends when that closes: with
//! the run, however the run ends.

mod held;
mod serve;

use std::io::{self, BufRead, BufReader, IoSlice, Write};
use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use palisade_net::proxy::{Allowlist, Target};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde::{Deserialize, Serialize};

pub use held::{Held, Phantoms};
pub use serve::{Records, proxy, serve_if_asked};

/// The private first argument that makes a program the proxy of a run.
const ARGUMENT: &str = "--palisade-egress-proxy";

/// How a person allows a host by the command line.
pub const BY_OPTION: [&str; 2] = [
    "To allow it: start with `--allow-domain {host}`.",
    "To allow it: start with `--allow-private {host}`.",
];

/// The same where a profile can do so too.
pub const BY_PROFILE: [&str; 2] = [
    "To allow it: start with `--allow-domain {host}`, or add `{host}` to `tools.terminal.allow_domains` in the profile.",
    "To allow it: start with `--allow-private {host}`, or add `{host}` to `tools.terminal.allow_private` in the profile.",
];

/// What may be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Out {
    /// Hosts of the internet.
    pub domains: Vec<String>,
    /// Private origins, each `host:port`.
    pub private: Vec<String>,
}

/// All that the proxy's process is told.
#[derive(Debug, Serialize, Deserialize)]
pub struct Settings {
    /// What may be reached.
    pub out: Out,
    /// What is put into requests.
    pub held: Held,
    /// Ports of the sandbox's loopback whose listeners come after the first.
    pub forwards: Vec<u16>,
    /// The profile in whose journal connections are recorded; none are where
    /// it is missing.
    pub record: Option<Recorded>,
    /// How a refused host could be allowed, and a private origin.
    pub advice: [String; 2],
}

/// Where connections are recorded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recorded {
    /// The profile.
    pub profile: Option<String>,
    /// The session.
    pub session: Option<String>,
}

/// What the proxy answers before it serves.
#[derive(Debug, Serialize, Deserialize)]
enum Ready {
    /// It will; the sandbox gets these.
    Yes(Phantoms),
    /// It cannot, and why.
    No(String),
}

impl Out {
    /// Whether anything may be reached at all.
    pub fn is_none(&self) -> bool {
        self.domains.is_empty() && self.private.is_empty()
    }

    /// The list that the proxy goes by.
    ///
    /// # Errors
    /// The first entry that is none, in words.
    pub fn allowlist(&self) -> Result<Allowlist, String> {
        let mut list = Allowlist::parse(&self.domains)?;
        for target in self.private()? {
            list.add(&target);
        }
        Ok(list)
    }

    fn private(&self) -> Result<Vec<Target>, String> {
        let read = |origin: &String| {
            Target::parse(origin, None).ok_or(format!(
                "`{}` is no `host:port`, like `localhost:3000`",
                origin.escape_debug()
            ))
        };
        self.private.iter().map(read).collect()
    }

    /// The ports that confined programs know as their own loopback's: a
    /// service there is reached without a proxy.
    pub fn forwards(&self) -> Vec<u16> {
        let targets = self.private().unwrap_or_default();
        let loopback = targets.iter().filter(|target| is_loopback(target));
        let mut ports: Vec<u16> = loopback.map(|target| target.port).collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// Where a forwarded port leads.
    fn behind(&self, port: u16) -> Option<Target> {
        self.private().ok()?.into_iter().find(|target| target.port == port && is_loopback(target))
    }
}

fn is_loopback(target: &Target) -> bool {
    let host = target.host.to_string();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A proxy that serves one run.
pub struct Egress {
    /// What the sandbox gets in the place of credentials.
    pub phantoms: Phantoms,
    control: UnixStream,
    child: Child,
}

impl Egress {
    /// Starts it.
    ///
    /// # Errors
    /// Why it cannot serve, in words.
    pub fn start(settings: &Settings) -> Result<Self, String> {
        let failed = |error: io::Error| format!("the proxy cannot be started: {error}");
        let (mut control, theirs) = UnixStream::pair().map_err(failed)?;
        let mut command = Command::new("/proc/self/exe");
        command
            .arg(ARGUMENT)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Keys pressed at the terminal are the command's business.
            .process_group(0);
        let child = command.spawn().map_err(failed)?;
        // It keeps the other end that the child inherited.
        drop(command);
        let mut line = serde_json::to_string(settings).map_err(|error| failed(error.into()))?;
        line.push('\n');
        control.write_all(line.as_bytes()).map_err(failed)?;
        control.set_read_timeout(Some(Duration::from_secs(20))).map_err(failed)?;
        let mut answer = String::new();
        BufReader::new(&control).read_line(&mut answer).map_err(failed)?;
        match serde_json::from_str(&answer) {
            Ok(Ready::Yes(phantoms)) => Ok(Self { phantoms, control, child }),
            Ok(Ready::No(why)) => Err(why),
            Err(_) => Err("the proxy ended before it could serve".into()),
        }
    }

    /// Hands it the next listener.
    pub fn hand_over(&self, listener: &OwnedFd) -> io::Result<()> {
        let fds = [listener.as_fd()];
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        ancillary.push(SendAncillaryMessage::ScmRights(&fds));
        sendmsg(&self.control, &[IoSlice::new(b"L")], &mut ancillary, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// Ends it, and answers what it refused, in words.
    pub fn finish(mut self) -> Vec<String> {
        let _ = self.control.shutdown(std::net::Shutdown::Write);
        let lines = BufReader::new(&self.control).lines().map_while(Result::ok);
        let said: Vec<String> = lines.filter_map(|line| serde_json::from_str(&line).ok()).collect();
        let _ = self.child.kill();
        let _ = self.child.wait();
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_of_the_hosts_loopback_are_forwarded_and_no_others() {
        let private =
            ["localhost:3000", "127.0.0.1:8080", "[::1]:8080", "10.0.0.1:9000", "nas.lan:1"];
        let out =
            Out { domains: vec!["a.example".into()], private: private.map(str::to_owned).into() };
        assert_eq!(out.forwards(), [3000, 8080]);
        let target = out.behind(3000).map(|target| target.to_string());
        assert_eq!(target.as_deref(), Some("localhost:3000"));
        assert!(out.allowlist().is_ok() && !out.is_none() && Out::default().is_none());
        for wrong in ["localhost", "http://localhost:1", "*:80", ""] {
            let out = Out { private: vec![wrong.into()], ..Out::default() };
            assert!(out.allowlist().is_err(), "{wrong}");
        }
    }
}
