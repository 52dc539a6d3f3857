//! Bytes in both directions, counted, until both have ended or a bound is
//! reached.

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::hello::{self, Greeting};
use crate::dial::Stream;

/// Bytes moved at a time.
const PIECE: usize = 32 * 1024;
/// How long a greeting that has begun may take.
const GREETING: Duration = Duration::from_secs(10);

/// Counts bytes.
#[derive(Debug, Default)]
pub struct Meter(AtomicU64);

impl Meter {
    pub fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Bytes in each direction.
#[derive(Debug, Default)]
pub struct Meters {
    pub up: Meter,
    pub down: Meter,
}

/// Bounds on one connection.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Without a byte in either direction.
    pub idle: Duration,
    /// The same once one direction has ended.
    pub half: Duration,
    /// Altogether.
    pub total: Duration,
}

/// Why a connection ended otherwise than by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cut {
    /// One side broke off.
    Broken(String),
    /// Nothing moved for too long.
    Idle,
    /// It lasted too long.
    Total,
    /// The proxy ends.
    Shutdown,
    /// The greeting asks for another name than the one that was allowed.
    OtherName(String),
    /// The greeting cannot be read.
    Unreadable,
    /// It speaks no TLS where a credential is put in.
    Plain,
    /// The client does not trust the certificate that it was shown.
    Distrusted,
}

impl Cut {
    pub fn words(&self) -> String {
        match self {
            Self::Broken(how) => how.clone(),
            Self::Idle => "nothing moved for too long".into(),
            Self::Total => "it lasted too long".into(),
            Self::Shutdown => "the proxy ended".into(),
            Self::OtherName(name) => format!("its TLS greeting asks for `{}`", name.escape_debug()),
            Self::Unreadable => "its TLS greeting cannot be read".into(),
            Self::Plain => "a credential goes to this host, which takes TLS, and this is none".into(),
            Self::Distrusted => "the program does not trust the certificate of this run: it goes by a list of its own, \
                                 or by one certificate alone; the list that has it is named by `SSL_CERT_FILE`"
                .into(),
        }
    }
}

/// Runs `work`, which moves bytes that `meters` counts, within the bounds.
pub async fn bounded<T>(
    work: impl Future<Output = Result<T, Cut>>,
    meters: &Meters,
    half: &Cell<bool>,
    bounds: Bounds,
    mut over: watch::Receiver<bool>,
) -> Result<T, Cut> {
    let quiet = async {
        let mut seen = (0, Instant::now());
        loop {
            let wait = if half.get() { bounds.half } else { bounds.idle };
            sleep((wait / 8).max(Duration::from_millis(5))).await;
            let moved = meters.up.get().wrapping_add(meters.down.get());
            if moved != seen.0 {
                seen = (moved, Instant::now());
            } else if seen.1.elapsed() >= wait {
                return;
            }
        }
    };
    tokio::select! {
        done = work => done,
        () = quiet => Err(Cut::Idle),
        () = sleep(bounds.total) => Err(Cut::Total),
        _ = over.wait_for(|over| *over) => Err(Cut::Shutdown),
    }
}

/// Which name a greeting may ask for, and what was read from the client
/// already.
pub struct Opening<'a> {
    pub first: Vec<u8>,
    pub name: Option<&'a str>,
}

/// Moves bytes both ways. What the client sends first is looked at: a TLS
/// greeting must ask for the name that was allowed, where it asks for one.
pub async fn tunnel(
    client: &mut TcpStream,
    upstream: &mut Box<dyn Stream>,
    opening: Opening<'_>,
    meters: &Meters,
    bounds: Bounds,
    over: watch::Receiver<bool>,
) -> Result<(), Cut> {
    let half = Cell::new(false);
    let (mut from_client, mut to_client) = client.split();
    let (mut from_upstream, mut to_upstream) = tokio::io::split(upstream);
    let up = async {
        let first = greeted(&mut from_client, opening).await?;
        to_upstream.write_all(&first).await.map_err(broken("upstream"))?;
        meters.up.add(first.len());
        pump(&mut from_client, &mut to_upstream, &meters.up, ["the client", "upstream"]).await?;
        half.set(true);
        Ok(())
    };
    let down = async {
        pump(&mut from_upstream, &mut to_client, &meters.down, ["upstream", "the client"]).await?;
        half.set(true);
        Ok(())
    };
    let both = async { tokio::try_join!(up, down).map(drop) };
    bounded(both, meters, &half, bounds, over).await
}

fn broken(who: &'static str) -> impl Fn(io::Error) -> Cut {
    move |error| Cut::Broken(format!("{who} broke off: {}", error.kind()))
}

async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    meter: &Meter,
    [reads, writes]: [&'static str; 2],
) -> Result<(), Cut> {
    let mut piece = vec![0; PIECE];
    loop {
        let count = from.read(&mut piece).await.map_err(broken(reads))?;
        if count == 0 {
            // The other direction goes on.
            let _ = to.shutdown().await;
            return Ok(());
        }
        to.write_all(piece.get(..count).unwrap_or_default()).await.map_err(broken(writes))?;
        meter.add(count);
    }
}

/// Reads what the client sends first, up to the end of its greeting.
pub async fn greeted(
    from: &mut (impl AsyncRead + Unpin),
    opening: Opening<'_>,
) -> Result<Vec<u8>, Cut> {
    let Opening { mut first, name } = opening;
    let Some(allowed) = name else { return Ok(first) };
    if first.is_empty() {
        // Whoever waits for the server to speak first may wait.
        from.read_buf(&mut first).await.map_err(broken("the client"))?;
    }
    let begun = Instant::now();
    loop {
        match hello::greeting(&first) {
            Greeting::Other | Greeting::Hello(None) => return Ok(first),
            Greeting::Hello(Some(asked)) => {
                let same = matches!(super::target::host_of(&asked), Some(url::Host::Domain(asked)) if asked == allowed);
                return if same { Ok(first) } else { Err(Cut::OtherName(asked)) };
            }
            Greeting::Malformed => return Err(Cut::Unreadable),
            Greeting::Unfinished if first.is_empty() => return Ok(first),
            Greeting::Unfinished => {}
        }
        let left = GREETING.saturating_sub(begun.elapsed());
        match timeout(left, from.read_buf(&mut first)).await {
            Ok(Ok(1..)) => {}
            _ => return Err(Cut::Unreadable),
        }
    }
}

/// Says in TLS that this name is not served here (RFC 6066 3), since the
/// client understands nothing else any more.
pub async fn alert(client: &mut TcpStream) {
    const UNRECOGNISED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];
    if client.write_all(&UNRECOGNISED_NAME).await.is_ok() {
        let _ = client.shutdown().await;
    }
}
