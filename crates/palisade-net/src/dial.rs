//! From a judged destination to an open connection.
//!
//! [`Dialler::dial`] takes a [`Destination`], which only the address guard
//! makes. A name is resolved once; the guard judges all answers at once
//! ([`Destination::vetted`]); the connection goes to one of the vetted
//! addresses, is compared with it once it stands, and the name is never
//! looked at again. A literal address takes the same way. Proxies that the
//! environment names are not looked at.
//!
//! The outside is two traits: [`Resolve`] for names and [`Connect`] for
//! addresses. [`Dialler::system`] has those of the system; tests and
//! `palisade fetch --check --batch` have scripted ones.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use palisade_guards::network::{Destination, Host, Reach, Refusal};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// A future of a trait of this module.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Somebody who knows the addresses of names.
pub trait Resolve: Send + Sync {
    /// All addresses of `name`, A and AAAA, in the order to try them.
    fn resolve<'a>(&'a self, name: &'a str) -> Later<'a, io::Result<Vec<IpAddr>>>;
}

/// Somebody who connects to addresses.
pub trait Connect: Send + Sync {
    /// A connection to exactly `address`.
    fn connect(&self, address: SocketAddr) -> Later<'_, io::Result<Connection>>;
}

/// Bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An open connection and whom it reaches.
pub struct Connection {
    /// The bytes.
    pub stream: Box<dyn Stream>,
    /// The other end, as the system says.
    pub peer: SocketAddr,
}

impl fmt::Debug for Connection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Connection").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// Why there is no connection.
#[derive(Debug)]
pub enum DialError {
    /// The address guard refused it.
    Refused(Refusal),
    /// The name could not be resolved.
    Resolve {
        /// The name.
        name: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// No vetted address took the connection.
    Connect {
        /// Host and port.
        destination: String,
        /// What the last one said.
        source: io::Error,
    },
    /// The connection reached another address than the vetted one.
    Strayed {
        /// Where it should have gone.
        vetted: SocketAddr,
        /// Where it went.
        reached: SocketAddr,
    },
    /// It took longer than it may.
    TooSlow {
        /// Host and port.
        destination: String,
    },
}

impl fmt::Display for DialError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(out),
            Self::Resolve { name, source } => write!(out, "`{name}` cannot be resolved: {source}"),
            Self::Connect { destination, source } => {
                write!(out, "cannot connect to `{destination}`: {source}")
            }
            Self::Strayed { vetted, reached } => {
                write!(out, "the connection to {vetted} reached {reached}")
            }
            Self::TooSlow { destination } => {
                write!(out, "`{destination}` did not answer in time")
            }
        }
    }
}

impl std::error::Error for DialError {}

/// Who opens connections, and how far. Cheap to clone; all clones share the
/// resolver and the connector.
#[derive(Clone)]
pub struct Dialler {
    reach: Arc<Reach>,
    resolve: Arc<dyn Resolve>,
    connect: Arc<dyn Connect>,
    time: Duration,
}

impl fmt::Debug for Dialler {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Dialler").field("reach", &self.reach).finish_non_exhaustive()
    }
}

/// How long all of one dial may take: lookup and every attempt.
pub const TIME: Duration = Duration::from_secs(10);

/// How long one address is waited for before the next one is tried beside it
/// (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(250);

/// How many addresses of one name are tried.
const ATTEMPTS: usize = 8;

impl Dialler {
    /// A dialler that resolves and connects as the system does.
    pub fn system(reach: Reach) -> Self {
        Self::new(reach, Arc::new(System), Arc::new(Tcp))
    }

    /// A dialler with a resolver and a connector of one's own.
    pub fn new(reach: Reach, resolve: Arc<dyn Resolve>, connect: Arc<dyn Connect>) -> Self {
        Self { reach: Arc::new(reach), resolve, connect, time: TIME }
    }

    /// The same with another limit of time.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// How far it reaches.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Resolves, has all answers judged, and connects to one of them.
    ///
    /// # Errors
    /// Why there is no connection; see [`DialError`].
    pub async fn dial(&self, to: &Destination) -> Result<Connection, DialError> {
        let end = Instant::now() + self.time;
        let too_slow = || DialError::TooSlow { destination: to.to_string() };
        let vetted = timeout_at(end, self.vetted(to)).await.map_err(|_| too_slow())??;
        let attempts = self.attempts(to, &vetted);
        timeout_at(end, attempts).await.map_err(|_| too_slow())?
    }

    /// The addresses that may be dialled, in the order to try them.
    async fn vetted(&self, to: &Destination) -> Result<Vec<SocketAddr>, DialError> {
        let answers = match to.host() {
            Host::Literal(address) => vec![*address],
            Host::Name(name) => self
                .resolve
                .resolve(name)
                .await
                .map_err(|source| DialError::Resolve { name: name.clone(), source })?,
        };
        let vetted = to.vetted(&answers, &self.reach).map_err(DialError::Refused)?;
        Ok(interleaved(&vetted).map(|address| SocketAddr::new(address, to.port())).collect())
    }

    /// Tries the addresses one after another, each with a head start before
    /// the next one; the first connection that stands wins.
    async fn attempts(
        &self,
        to: &Destination,
        vetted: &[SocketAddr],
    ) -> Result<Connection, DialError> {
        let (report, mut reports) = mpsc::channel(ATTEMPTS);
        let mut running = Running(Vec::new());
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        let mut waiting: VecDeque<SocketAddr> = vetted.iter().take(ATTEMPTS).copied().collect();
        let mut open = 0usize;
        loop {
            if let Some(address) = waiting.pop_front() {
                let (connect, report) = (Arc::clone(&self.connect), report.clone());
                running.0.push(tokio::spawn(async move {
                    let made = connect.connect(address).await;
                    // Nobody waits for it any more once another one has won.
                    let _ = report.send((address, made)).await;
                }));
                open += 1;
            }
            let head_start = Instant::now() + HEAD_START;
            while open > 0 {
                let reported = if waiting.is_empty() {
                    reports.recv().await
                } else {
                    match timeout_at(head_start, reports.recv()).await {
                        Ok(reported) => reported,
                        Err(_) => break,
                    }
                };
                open -= 1;
                match reported {
                    Some((vetted, Ok(made))) if made.peer == vetted => return Ok(made),
                    Some((vetted, Ok(made))) => {
                        return Err(DialError::Strayed { vetted, reached: made.peer });
                    }
                    Some((_, Err(error))) => last = error,
                    None => {}
                }
                if !waiting.is_empty() {
                    break;
                }
            }
            if open == 0 && waiting.is_empty() {
                return Err(DialError::Connect { destination: to.to_string(), source: last });
            }
        }
    }
}

/// Attempts that end when nobody waits for them any more.
struct Running(Vec<tokio::task::JoinHandle<()>>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// The first address's family and the other one in turn (RFC 8305).
fn interleaved(addresses: &[IpAddr]) -> impl Iterator<Item = IpAddr> + use<> {
    let six = addresses.first().is_some_and(IpAddr::is_ipv6);
    let (first, second): (Vec<IpAddr>, Vec<IpAddr>) =
        addresses.iter().partition(|address| address.is_ipv6() == six);
    let longer = first.len().max(second.len());
    (0..longer).flat_map(move |at| [first.get(at).copied(), second.get(at).copied()]).flatten()
}

/// The system's resolver.
#[derive(Debug, Clone, Copy)]
pub struct System;

impl Resolve for System {
    fn resolve<'a>(&'a self, name: &'a str) -> Later<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Connections over TCP.
#[derive(Debug, Clone, Copy)]
pub struct Tcp;

impl Connect for Tcp {
    fn connect(&self, address: SocketAddr) -> Later<'_, io::Result<Connection>> {
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let peer = stream.peer_addr()?;
            Ok(Connection { stream: Box::new(stream), peer })
        })
    }
}

/// What one lookup comes to; `None` where it fails.
type Lookup = Option<Vec<IpAddr>>;

/// Answers from a script: for each name the answers of one lookup after
/// another, the last of which is repeated.
#[derive(Debug, Default)]
pub struct Scripted {
    answers: Mutex<BTreeMap<String, VecDeque<Lookup>>>,
    otherwise: Option<IpAddr>,
}

impl Scripted {
    /// A script; `otherwise` is the answer for names that are not in it, which
    /// have no address where it is `None`.
    pub fn new(otherwise: Option<IpAddr>) -> Self {
        Self { otherwise, ..Self::default() }
    }

    /// Adds what one lookup of `name` (as the guard writes it: in lower case,
    /// in ASCII) answers, after those already added.
    pub fn then(&self, name: &str, answers: Vec<IpAddr>) {
        self.add(name, Some(answers));
    }

    /// The same for a lookup that fails.
    pub fn then_fails(&self, name: &str) {
        self.add(name, None);
    }

    fn add(&self, name: &str, lookup: Lookup) {
        let mut script = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        script.entry(name.to_owned()).or_default().push_back(lookup);
    }

    fn next(&self, name: &str) -> Lookup {
        let mut script = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        match script.get_mut(name) {
            Some(lookups) if lookups.len() > 1 => lookups.pop_front().unwrap_or_default(),
            Some(lookups) => lookups.front().cloned().unwrap_or_default(),
            None => Some(self.otherwise.into_iter().collect()),
        }
    }
}

impl Resolve for Scripted {
    fn resolve<'a>(&'a self, name: &'a str) -> Later<'a, io::Result<Vec<IpAddr>>> {
        let answers = self.next(name);
        Box::pin(async move { answers.ok_or_else(|| io::ErrorKind::NotFound.into()) })
    }
}
