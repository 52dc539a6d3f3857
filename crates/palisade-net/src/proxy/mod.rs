//! The egress proxy: the one way out of a confined process.
//!
//! It speaks HTTP/1.1 (CONNECT and absolute addresses) and SOCKS5 on one
//! listener. A host must stand in the [`Allowlist`] before its name is even
//! looked up; then it goes the way of every connection of Palisade
//! ([`Dialler`]): resolved once, every answer judged, and only a judged
//! address dialled. In a tunnel the TLS greeting must ask for the host that
//! was allowed. Each connection is written into a [`Ledger`] before it is
//! made. For the hosts of [`credential`]s the proxy is the end of the tunnel.
//!
//! Known gaps: what goes through any other tunnel is not seen, so a host that
//! is allowed is trusted with everything that can be sent to it; a host on a
//! shared front (a CDN) may be a way to others behind the same front, by the
//! `Host` inside the encryption or by an encrypted greeting (ECH), which
//! cannot be told from one that only pretends to be; a greeting without a name
//! is let through.

mod allow;
mod body;
pub mod credential;
mod head;
mod hello;
mod http;
mod inside;
mod ledger;
mod relay;
mod socks;
mod target;

use std::io;
use std::net::TcpListener;
use std::rc::Rc;
use std::time::{Duration, Instant};

use palisade_guards::network::Destination;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout;

use crate::dial::{Connection, DialError, Dialler};

pub use allow::Allowlist;
pub use credential::{Credential, Credentials, Terms};
#[doc(hidden)]
pub use hello::example as greeting_example;
pub use ledger::{Entry, Ledger, Passed, Refused, Used};
pub use target::Target;

use ledger::Pace;
use relay::{Bounds, Cut, Meters, Opening};

/// The rules of the proxy itself; the address guard's come beside them.
pub mod rules {
    /// The host is not listed.
    pub const UNLISTED: &str = "egress/unlisted";
    /// The TLS greeting asks for another name.
    pub const OTHER_NAME: &str = "egress/other-name";
    /// The request can be read in more than one way.
    pub const MALFORMED: &str = "egress/malformed";
    /// A credential, or what stands for it, is not for this.
    pub const CREDENTIAL: &str = "egress/credential";
    /// The program does not trust this run's certificate.
    pub const DISTRUSTED: &str = "egress/distrusted";
    /// It could not be written down.
    pub const UNRECORDED: &str = "egress/unrecorded";
}

/// How much the proxy lets happen.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once; more wait in the listener's queue.
    pub connections: usize,
    /// Time for a whole request head.
    pub head: Duration,
    /// Time without a byte in either direction.
    pub idle: Duration,
    /// The same once one side has said all it had to say.
    pub half: Duration,
    /// Time of one connection.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            head: Duration::from_secs(20),
            idle: Duration::from_secs(15 * 60),
            half: Duration::from_secs(2 * 60),
            total: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// Who serves and by which rules.
pub struct Proxy<L> {
    /// What may be reached.
    pub allowed: Allowlist,
    /// What is put into requests, and where.
    pub credentials: Credentials,
    /// Who connects.
    pub dialler: Dialler,
    /// Who keeps the records.
    pub ledger: L,
    /// How much.
    pub limits: Limits,
    /// What a refusal says.
    pub advice: Advice,
}

/// How a person allows what was refused: words with `{host}` in them, empty
/// where nothing can be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Advice {
    /// A host that is not listed.
    pub listed: String,
    /// A private origin.
    pub opened: String,
}

/// A listener and what it is for.
#[derive(Debug)]
pub enum Door {
    /// Requests that name where they want to go.
    Proxy(TcpListener),
    /// Every connection goes to this one origin, which a person opened.
    Forward(TcpListener, Target),
}

/// Everything that one connection needs.
struct Shared<L> {
    proxy: Proxy<L>,
    pace: Pace,
    room: Semaphore,
    over: watch::Receiver<bool>,
}

/// A connection that stands, and its record.
struct Opened {
    connection: Connection,
    entry: Entry,
    begun: Instant,
}

/// Serves on a runtime of its own until `wait`, which runs in a thread of its
/// own, comes back.
///
/// # Errors
/// Where the runtime cannot be made or a listener cannot be served.
pub fn serve_until<L: Ledger + 'static>(
    proxy: Proxy<L>,
    doors: Vec<Door>,
    wait: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (over, hears) = watch::channel(false);
    std::thread::Builder::new().spawn(move || {
        wait();
        drop(over);
    })?;
    let served = runtime.block_on(serve(proxy, doors, hears));
    // A lookup that the system does not answer keeps nobody waiting.
    runtime.shutdown_background();
    served
}

/// Serves until `over` says so or its sender is gone, then ends every
/// connection and completes its record. To be run on a runtime with one
/// thread.
///
/// # Errors
/// Where a listener cannot be served at all.
pub async fn serve<L: Ledger + 'static>(
    proxy: Proxy<L>,
    doors: Vec<Door>,
    over: watch::Receiver<bool>,
) -> io::Result<()> {
    let room = Semaphore::new(proxy.limits.connections);
    let shared = Rc::new(Shared { proxy, pace: Pace::new(), room, over: over.clone() });
    let mut accepting = Vec::new();
    for door in doors {
        let (listener, to) = match door {
            Door::Proxy(listener) => (listener, None),
            Door::Forward(listener, target) => (listener, Some(target)),
        };
        listener.set_nonblocking(true)?;
        accepting.push((tokio::net::TcpListener::from_std(listener)?, to));
    }
    let local = LocalSet::new();
    for (listener, to) in accepting {
        local.spawn_local(accept(Rc::clone(&shared), listener, to));
    }
    let mut over = over;
    local
        .run_until(async move {
            let _ = over.wait_for(|over| *over).await;
        })
        .await;
    // Every connection hears of the end by itself and completes its record.
    let _ = timeout(Duration::from_secs(2), local).await;
    Ok(())
}

async fn accept<L: Ledger + 'static>(
    shared: Rc<Shared<L>>,
    listener: tokio::net::TcpListener,
    to: Option<Target>,
) {
    let mut open = JoinSet::new();
    let mut over = shared.over.clone();
    loop {
        while open.try_join_next().is_some() {}
        let taken = async {
            let Ok(place) = shared.room.acquire().await else { return None };
            place.forget();
            match listener.accept().await {
                Ok((client, _)) => Some(client),
                Err(_) => {
                    shared.room.add_permits(1);
                    // No descriptors left, most likely: others must end first.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    None
                }
            }
        };
        let taken = tokio::select! {
            taken = taken => taken,
            _ = over.wait_for(|over| *over) => break,
        };
        let Some(client) = taken else { continue };
        let (shared, to) = (Rc::clone(&shared), to.clone());
        open.spawn_local(async move {
            let _ = client.set_nodelay(true);
            one(&shared, client, to).await;
            shared.room.add_permits(1);
        });
    }
    drop(listener);
    while open.join_next().await.is_some() {}
}

/// One client's connection.
async fn one<L: Ledger>(shared: &Shared<L>, client: TcpStream, to: Option<Target>) {
    if let Some(target) = to {
        if let Ok(opened) = shared.open(&target).await {
            shared.tunnel(client, opened, &target, Vec::new()).await;
        }
        return;
    }
    let mut over = shared.over.clone();
    let mut first = [0];
    let seen = tokio::select! {
        seen = timeout(shared.proxy.limits.head, client.peek(&mut first)) => seen,
        _ = over.wait_for(|over| *over) => return,
    };
    match seen {
        Ok(Ok(1..)) if first == [socks::VERSION] => shared.socks(client).await,
        // A request begins with a letter; anything else speaks another protocol.
        Ok(Ok(1..)) if first.iter().all(|byte| *byte < b' ' && !b"\r\n".contains(byte)) => {}
        Ok(Ok(1..)) => http::serve(shared, client).await,
        _ => {}
    }
}

impl<L: Ledger> Shared<L> {
    /// Judges a target, writes it down, and connects.
    async fn open(&self, target: &Target) -> Result<Opened, NotOpened> {
        self.pace.wait().await;
        let shown = target.to_string();
        let reach = self.proxy.dialler.reach();
        let destination = Destination::new(&target.host.to_string(), target.port, reach);
        let destination = destination.map_err(|refusal| self.refuse_address(&shown, &refusal))?;
        if !self.proxy.allowed.covers(target) {
            let host = match target.port {
                80 | 443 => target.host.to_string(),
                _ => shown.clone(),
            };
            let refused = Refused {
                why: format!("{shown} is not among the hosts that may be reached from here"),
                rule: rules::UNLISTED.into(),
                allow: self.proxy.advice.listed.replace("{host}", &host),
                target: shown,
            };
            return Err(self.refuse(refused));
        }
        let entry = self.proxy.ledger.opening(&shown).map_err(|why| {
            let target = shown.clone();
            NotOpened::Refused(Refused {
                target,
                rule: rules::UNRECORDED.into(),
                why,
                allow: String::new(),
            })
        })?;
        let begun = Instant::now();
        let mut over = self.over.clone();
        let dialled = tokio::select! {
            dialled = self.proxy.dialler.dial(&destination) => dialled,
            _ = over.wait_for(|over| *over) => Err(DialError::TooSlow { destination: shown.clone() }),
        };
        dialled.map(|connection| Opened { connection, entry, begun }).map_err(|error| {
            let passed = Passed { failure: error.to_string(), ..ended(begun, &Meters::default()) };
            self.proxy.ledger.closed(entry, &passed);
            match error {
                DialError::Refused(refusal) => self.refuse_address(&shown, &refusal),
                error => NotOpened::Unreachable(format!("{error}")),
            }
        })
    }

    fn refuse_address(
        &self,
        target: &str,
        refusal: &palisade_guards::network::Refusal,
    ) -> NotOpened {
        // What is never opened is not advised either.
        let metadata = refusal.rule.ends_with("metadata") || refusal.rule.ends_with("malformed");
        let allow = match metadata {
            true => String::new(),
            false => self.proxy.advice.opened.replace("{host}", target),
        };
        let why = refusal.why.clone().into_owned();
        self.refuse(Refused { target: target.into(), rule: refusal.rule.into(), why, allow })
    }

    fn refuse(&self, refused: Refused) -> NotOpened {
        self.proxy.ledger.refused(&refused);
        NotOpened::Refused(refused)
    }

    fn bounds(&self) -> Bounds {
        let Limits { idle, half, total, .. } = self.proxy.limits;
        Bounds { idle, half, total }
    }

    /// Moves bytes until the end, and completes the record.
    async fn tunnel(
        &self,
        mut client: TcpStream,
        mut opened: Opened,
        target: &Target,
        first: Vec<u8>,
    ) {
        if let Some(ends) = self.proxy.credentials.ends(target) {
            return inside::serve(self, client, opened, target, first, ends).await;
        }
        let meters = Meters::default();
        let name = match &target.host {
            url::Host::Domain(name) => Some(name.as_str()),
            url::Host::Ipv4(_) | url::Host::Ipv6(_) => None,
        };
        let stream = &mut opened.connection.stream;
        let opening = Opening { first, name };
        let over = self.over.clone();
        let end = relay::tunnel(&mut client, stream, opening, &meters, self.bounds(), over).await;
        self.finished(opened.entry, opened.begun, &meters, target, &end);
        if let Err(Cut::OtherName(_) | Cut::Unreadable) = end {
            relay::alert(&mut client).await;
        }
    }

    /// Completes a connection's record, and says what was refused in it.
    fn finished(
        &self,
        entry: Entry,
        begun: Instant,
        meters: &Meters,
        target: &Target,
        end: &Result<(), Cut>,
    ) {
        let failure = end.as_ref().err().map(Cut::words).unwrap_or_default();
        self.proxy.ledger.closed(entry, &Passed { failure, ..ended(begun, meters) });
        let Err(cut) = end else { return };
        let rule = match cut {
            Cut::OtherName(_) | Cut::Unreadable => rules::OTHER_NAME,
            Cut::Plain => rules::CREDENTIAL,
            Cut::Distrusted => rules::DISTRUSTED,
            Cut::Broken(_) | Cut::Idle | Cut::Total | Cut::Shutdown => return,
        };
        self.proxy.ledger.refused(&Refused {
            target: target.to_string(),
            rule: rule.into(),
            why: cut.words(),
            allow: String::new(),
        });
    }

    async fn socks(&self, mut client: TcpStream) {
        let asked = timeout(self.proxy.limits.head, socks::asked(&mut client)).await;
        let target = match asked {
            Ok(Ok(target)) => target,
            Ok(Err(Some(reply))) => {
                self.pace.wait().await;
                self.proxy.ledger.refused(&Refused {
                    target: String::new(),
                    rule: rules::MALFORMED.into(),
                    why: "the SOCKS request names no host or asks for something else than CONNECT"
                        .into(),
                    allow: String::new(),
                });
                let _ = socks::reply(&mut client, reply).await;
                return;
            }
            Ok(Err(None)) | Err(_) => return,
        };
        let reply = match self.open(&target).await {
            Ok(opened) => {
                if socks::reply(&mut client, socks::Reply::Connected).await.is_ok() {
                    return self.tunnel(client, opened, &target, Vec::new()).await;
                } else {
                    self.proxy
                        .ledger
                        .closed(opened.entry, &ended(opened.begun, &Meters::default()));
                }
                return;
            }
            Err(NotOpened::Refused(refused)) if refused.rule == rules::UNRECORDED => {
                socks::Reply::Failed
            }
            Err(NotOpened::Refused(_)) => socks::Reply::Forbidden,
            Err(NotOpened::Unreachable(_)) => socks::Reply::Unreachable,
        };
        let _ = socks::reply(&mut client, reply).await;
    }
}

/// Why there is no connection.
enum NotOpened {
    Refused(Refused),
    Unreachable(String),
}

fn ended(begun: Instant, meters: &Meters) -> Passed {
    Passed {
        up: meters.up.get(),
        down: meters.down.get(),
        millis: begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX),
        failure: String::new(),
    }
}
