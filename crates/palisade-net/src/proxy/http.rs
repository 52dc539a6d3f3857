//! HTTP/1.1 as a proxy speaks it: CONNECT, and requests with an absolute
//! address. One request a connection, so nothing can hide behind another.

use std::cell::Cell;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};

use super::body::{self, Source};
use super::head::{self, Framing, Head, NoHead};
use super::ledger::{Ledger, Passed, Refused};
use super::relay::{self, Cut, Meters};
use super::target::{Target, split};
use super::{NotOpened, Opened, Shared, ended, rules};

/// Answers before the answer (100, 103) that are passed on.
const MOST_INTERIM: u32 = 16;

/// Serves one client.
pub async fn serve<L: Ledger>(shared: &Shared<L>, mut client: TcpStream) {
    let mut buffer = Vec::new();
    let mut over = shared.over.clone();
    let read = tokio::select! {
        read = timeout(shared.proxy.limits.head, head::read(&mut client, &mut buffer)) => read,
        _ = over.wait_for(|over| *over) => return,
    };
    let said = match read {
        Ok(Ok(bytes)) if let Some(name) = shared.proxy.credentials.stray(&bytes) => {
            return stray(shared, client, name).await;
        }
        Ok(Ok(bytes)) => match Asked::read(&bytes) {
            Ok(Asked::Tunnel(target)) => return tunnel(shared, client, target, buffer).await,
            Ok(Asked::Plain(asked)) => return plain(shared, client, asked, buffer).await,
            Ok(Asked::Proxy) => Said::new(
                "400 This is a proxy",
                "this is Palisade's egress proxy: it serves requests that name a host",
            ),
            Err(why) => return malformed(shared, client, why).await,
        },
        Ok(Err(NoHead::Malformed(why))) => return malformed(shared, client, why).await,
        Ok(Err(NoHead::TooLong)) => {
            Said::new("431 Request head too large", "the head of the request is longer than 32 KiB")
        }
        Ok(Err(NoHead::Gone)) => return,
        Err(_) => Said::new("408 Request too slow", "the head of the request took too long"),
    };
    said.to(&mut client).await;
}

/// What a client asks for.
enum Asked {
    Tunnel(Target),
    Plain(Plain),
    /// Something for this server itself.
    Proxy,
}

/// A request to pass on.
struct Plain {
    target: Target,
    /// As it is written to the host, up to the empty line.
    head: Vec<u8>,
    framing: Framing,
    /// Whether an answer has no body whatever it says.
    bodiless: bool,
}

impl Asked {
    fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let head = Head::request(bytes)?;
        let framing = head.framing()?;
        let hosts: Vec<&[u8]> = head.all("host").collect();
        let [method, address, version] = &head.start;
        let host = match hosts.as_slice() {
            [] if version == "HTTP/1.0" || method == "CONNECT" => None,
            [host] => Some(std::str::from_utf8(host).map_err(|_| "`Host` is no host")?),
            [] => return Err("it has no `Host`"),
            _ => return Err("it has more than one `Host`"),
        };
        if method == "CONNECT" {
            if framing != Framing::Unsaid && framing != Framing::Length(0) {
                return Err("CONNECT has no body");
            }
            let target = Target::parse(address, None).ok_or("CONNECT names no `host:port`")?;
            agrees(host, &target, None)?;
            return Ok(Self::Tunnel(target));
        }
        let Some(rest) = address
            .split_at_checked(7)
            .and_then(|(scheme, rest)| scheme.eq_ignore_ascii_case("http://").then_some(rest))
        else {
            return match address.starts_with('/') || address == "*" {
                true => Ok(Self::Proxy),
                false => Err("the address is not `http://..`; other schemes go through CONNECT"),
            };
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if path.contains('#') {
            return Err("the address has a fragment");
        }
        let target = Target::parse(authority, Some(80)).ok_or("the address names no host")?;
        agrees(host, &target, Some(80))?;
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let mut out =
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", shown(&target)).into_bytes();
        for field in head.passed_on()?.into_iter().filter(|field| !field.is("host")) {
            write_field(&mut out, &field.name, &field.value);
        }
        if framing == Framing::Chunked {
            write_field(&mut out, "Transfer-Encoding", b"chunked");
        }
        out.extend_from_slice(b"Connection: close\r\n\r\n");
        Ok(Self::Plain(Plain { target, head: out, framing, bodiless: method == "HEAD" }))
    }
}

fn write_field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn shown(target: &Target) -> String {
    if target.port == 80 { target.host.to_string() } else { target.to_string() }
}

/// A `Host` field must name the same host as the address, and the same port
/// where it names one.
fn agrees(host: Option<&str>, target: &Target, fallback: Option<u16>) -> Result<(), &'static str> {
    let Some(host) = host else { return Ok(()) };
    let port = split(host).and_then(|(_, port)| port);
    let fallback = if port.is_none() { fallback.or(Some(target.port)) } else { None };
    match Target::parse(host, fallback) {
        Some(named) if named == *target => Ok(()),
        _ => Err("`Host` and the address name different hosts"),
    }
}

async fn tunnel<L: Ledger>(
    shared: &Shared<L>,
    mut client: TcpStream,
    target: Target,
    first: Vec<u8>,
) {
    match shared.open(&target).await {
        Ok(opened) => {
            let said = client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
            if said.is_ok() {
                shared.tunnel(client, opened, &target, first).await;
            } else {
                shared.proxy.ledger.closed(opened.entry, &ended(opened.begun, &Meters::default()));
            }
        }
        Err(error) => not_opened(&mut client, error).await,
    }
}

async fn plain<L: Ledger>(
    shared: &Shared<L>,
    mut client: TcpStream,
    asked: Plain,
    buffer: Vec<u8>,
) {
    let mut opened = match shared.open(&asked.target).await {
        Ok(opened) => opened,
        Err(error) => return not_opened(&mut client, error).await,
    };
    let meters = Meters::default();
    let answering = Cell::new(false);
    let done = {
        let exchange = exchange(&mut client, &mut opened, &asked, buffer, &meters, &answering);
        let half = Cell::new(false);
        relay::bounded(exchange, &meters, &half, shared.bounds(), shared.over.clone()).await
    };
    let failure = done.as_ref().err().map(Cut::words).unwrap_or_default();
    shared.proxy.ledger.closed(opened.entry, &Passed { failure, ..ended(opened.begun, &meters) });
    if let Err(cut) = done
        && !answering.get()
    {
        Said::new("502 No answer that can be passed on", &cut.words()).to(&mut client).await;
    } else {
        finish(&mut client).await;
    }
}

/// Sends the request and passes the answer on.
async fn exchange(
    client: &mut TcpStream,
    opened: &mut Opened,
    asked: &Plain,
    buffer: Vec<u8>,
    meters: &Meters,
    answering: &Cell<bool>,
) -> Result<(), Cut> {
    let broken =
        |who: &'static str| move |error: std::io::Error| Cut::Broken(format!("{who}: {error}"));
    let (mut from_client, mut to_client) = client.split();
    let (mut from_host, mut to_host) = tokio::io::split(&mut opened.connection.stream);
    let send = async {
        to_host.write_all(&asked.head).await.map_err(broken("the host"))?;
        meters.up.add(asked.head.len());
        let mut body = Source { stream: &mut from_client, buffer };
        body::pass(&mut body, &mut to_host, asked.framing, false, &meters.up)
            .await
            .map_err(broken("the request's body"))?;
        // Only the host's answer ends it now, or a client that goes away.
        let mut nothing = [0];
        loop {
            match body.stream.read(&mut nothing).await {
                Ok(0) => std::future::pending().await,
                // What a client sends behind its request goes nowhere.
                Ok(_) => {}
                Err(error) => return Err(broken("the client")(error)),
            }
        }
    };
    let receive = async {
        let mut buffer = Vec::new();
        let mut left = MOST_INTERIM;
        loop {
            let bytes = head::read(&mut from_host, &mut buffer).await.map_err(|error| {
                Cut::Broken(match error {
                    NoHead::Gone => "the host ended without an answer".into(),
                    NoHead::TooLong => "the answer's head is too long".into(),
                    NoHead::Malformed(why) => format!("the answer is malformed: {why}"),
                })
            })?;
            let malformed =
                |why: &'static str| Cut::Broken(format!("the answer is malformed: {why}"));
            let head = Head::answer(&bytes).map_err(malformed)?;
            let [_, status, reason] = &head.start;
            let interim = status.starts_with('1');
            if status == "101" {
                return Err(malformed("it changes to a protocol that nobody asked for"));
            }
            let framing = head.framing().map_err(malformed)?;
            let none = interim || asked.bodiless || status == "204" || status == "304";
            let mut out = format!("HTTP/1.1 {status} {reason}\r\n").into_bytes();
            for field in head.passed_on().map_err(malformed)? {
                write_field(&mut out, &field.name, &field.value);
            }
            if framing == Framing::Chunked && (asked.bodiless || !none) {
                write_field(&mut out, "Transfer-Encoding", b"chunked");
            }
            if !interim {
                write_field(&mut out, "Connection", b"close");
            }
            out.extend_from_slice(b"\r\n");
            answering.set(true);
            to_client.write_all(&out).await.map_err(broken("the client"))?;
            meters.down.add(out.len());
            if interim {
                left =
                    left.checked_sub(1).ok_or_else(|| malformed("it never comes to the point"))?;
                continue;
            }
            let mut body = Source { stream: &mut from_host, buffer };
            let framing = if none { Framing::Length(0) } else { framing };
            let passed = body::pass(&mut body, &mut to_client, framing, true, &meters.down).await;
            return passed.map_err(broken("the answer's body"));
        }
    };
    tokio::select! {
        done = receive => done,
        failed = send => failed,
    }
}

/// Says the end, and lets what was said arrive: bytes that nobody read would
/// make a reset of it.
async fn finish(client: &mut TcpStream) {
    let _ = client.shutdown().await;
    let mut rest = [0; 4096];
    let drain = async { while matches!(client.read(&mut rest).await, Ok(1..)) {} };
    let _ = timeout(Duration::from_millis(500), drain).await;
}

async fn malformed<L: Ledger>(shared: &Shared<L>, mut client: TcpStream, why: &'static str) {
    shared.pace.wait().await;
    shared.proxy.ledger.refused(&Refused {
        target: String::new(),
        rule: rules::MALFORMED.into(),
        why: why.into(),
        allow: String::new(),
    });
    let words = format!("refused by {}: {why}", rules::MALFORMED);
    Said::new("400 Malformed request", &words).to(&mut client).await;
}

/// What stands for a credential, in the clear.
async fn stray<L: Ledger>(shared: &Shared<L>, mut client: TcpStream, name: &str) {
    shared.pace.wait().await;
    let refused = Refused {
        target: String::new(),
        rule: rules::CREDENTIAL.into(),
        why: format!(
            "the credential `{name}` is not for this: it goes to its own hosts, and by `https://` only"
        ),
        allow: String::new(),
    };
    shared.proxy.ledger.refused(&refused);
    let said = Said {
        status: format!("403 Refused by Palisade ({})", refused.rule),
        words: format!("Palisade: {refused}"),
        rule: refused.rule,
    };
    said.to(&mut client).await;
}

async fn not_opened(client: &mut TcpStream, error: NotOpened) {
    let said = match &error {
        NotOpened::Refused(refused) => {
            let mut words = format!("Palisade: {refused}");
            if !refused.allow.is_empty() {
                words.push_str(&format!("\n{}", refused.allow));
            }
            Said {
                // Many clients show nothing else of an answer to CONNECT.
                status: format!(
                    "403 Refused by Palisade ({}): {} may not be reached from here",
                    refused.rule, refused.target
                ),
                rule: refused.rule.clone(),
                words,
            }
        }
        NotOpened::Unreachable(why) => {
            Said::new("502 Host not reached", &format!("Palisade: {why}"))
        }
    };
    said.to(client).await;
}

/// An answer of the proxy's own.
struct Said {
    status: String,
    rule: String,
    words: String,
}

impl Said {
    fn new(status: &str, words: &str) -> Self {
        Self { status: status.into(), rule: String::new(), words: words.into() }
    }

    async fn to(&self, client: &mut TcpStream) {
        let rule = if self.rule.is_empty() {
            String::new()
        } else {
            format!("Palisade-Rule: {}\r\n", self.rule)
        };
        let text = format!(
            "HTTP/1.1 {}\r\n{rule}Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}\n",
            self.status,
            self.words.len() + 1,
            self.words
        );
        if client.write_all(text.as_bytes()).await.is_ok() {
            finish(client).await;
        }
    }
}
