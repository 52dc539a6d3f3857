//! Streamable HTTP, for clients that do not start us themselves.
//!
//! Only loopback is listened on, and that alone is no authority: a page in a
//! browser reaches it, too. So each request carries a token, names a host of
//! loopback, and comes from no other origin. An answer is a stream of events
//! on the connection of its request, which then ends; a stream of the
//! server's own is not offered.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use palisade_guards::call::Value;

use crate::dispatch::{Handler, VERSIONS, take};
use crate::front::{Sink, locked};
use crate::message;

/// The only path.
pub const PATH: &str = "/mcp";
/// The head of a request has at most so many bytes and lines.
const HEAD: usize = 16 * 1024;
const HEADERS: usize = 64;
/// So many connections and sessions at once.
const CONNECTIONS: usize = 64;
const SESSIONS: usize = 64;
/// A client that sends nothing for so long is hung up on.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a refused client may still send.
const LINGER: Duration = Duration::from_millis(500);

/// What is served, and to whom.
pub struct Service<'a> {
    /// Who may: the value of `Authorization: Bearer`.
    pub token: String,
    /// Makes what answers one session.
    pub open: &'a (dyn Fn() -> Arc<dyn Handler + 'a> + Sync),
    /// Draws the names of sessions by lot.
    pub lot: &'a (dyn Fn() -> u64 + Sync),
    /// The longest message.
    pub longest: usize,
}

struct Server<'s, 'a> {
    service: &'s Service<'a>,
    port: u16,
    sessions: Mutex<BTreeMap<String, Arc<dyn Handler + 'a>>>,
    connections: AtomicUsize,
}

/// Serves until the listener fails or `going` says no, which is looked at
/// after each connection.
///
/// # Errors
/// Where the listener is not one of loopback, or fails.
pub fn listen(
    listener: &TcpListener,
    service: &Service<'_>,
    going: &dyn Fn() -> bool,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        return Err(io::Error::other("only loopback is listened on"));
    }
    let server = Server {
        service,
        port: address.port(),
        sessions: Mutex::default(),
        connections: AtomicUsize::new(0),
    };
    thread::scope(|scope| {
        let server = &server;
        let ended = loop {
            match listener.accept() {
                Ok((stream, peer)) if going() && peer.ip().is_loopback() => {
                    if server.connections.fetch_add(1, Ordering::AcqRel) >= CONNECTIONS {
                        server.connections.fetch_sub(1, Ordering::AcqRel);
                        continue;
                    }
                    scope.spawn(move || {
                        // A connection that breaks is its client's affair.
                        let _ = server.connection(stream);
                        server.connections.fetch_sub(1, Ordering::AcqRel);
                    });
                }
                Ok(_) if going() => {}
                Ok(_) => break Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        for session in locked(&server.sessions).values() {
            session.front().close();
        }
        ended
    })
}

/// A request whose head was read.
struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// The one header of this name; `Err` where there are several.
    fn header(&self, name: &str) -> Result<Option<&str>, ()> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some((_, value)), None) => Ok(Some(value)),
            (Some(_), Some(_)) => Err(()),
        }
    }
}

/// Why a request gets no other answer than a status.
struct Status(u16, &'static str);

impl<'a> Server<'_, 'a> {
    fn connection(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let request = match read(&mut stream, self.service.longest) {
            Ok(request) => request,
            Err(Failed::Status(status)) => return self.refuse(&mut stream, &status),
            Err(Failed::Gone(error)) => return Err(error),
        };
        if let Err(status) = self.admitted(&request) {
            return self.refuse(&mut stream, &status);
        }
        match request.method.as_str() {
            "POST" => self.post(stream, &request),
            "DELETE" => match self.session(&request) {
                Ok((name, handler)) => {
                    handler.front().close();
                    locked(&self.sessions).remove(&name);
                    head(&mut stream, "200 OK", &[("Content-Length", "0")])
                }
                Err(status) => self.refuse(&mut stream, &status),
            },
            _ => self.refuse(&mut stream, &Status(405, "only POST and DELETE")),
        }
    }

    /// Whether a request may be looked at: its host and origin are of
    /// loopback, and its token is ours.
    fn admitted(&self, request: &Request) -> Result<(), Status> {
        let host = request.header("host").map_err(|()| Status(400, "two hosts"))?;
        if !host.is_some_and(|host| self.is_ours(host)) {
            return Err(Status(403, "this host is not served"));
        }
        let origin = request.header("origin").map_err(|()| Status(400, "two origins"))?;
        if let Some(origin) = origin
            && !origin.strip_prefix("http://").is_some_and(|host| self.is_ours(host))
        {
            return Err(Status(403, "this origin is not served"));
        }
        let token = request.header("authorization").map_err(|()| Status(400, "two tokens"))?;
        let given = token.and_then(|token| token.strip_prefix("Bearer ")).unwrap_or("");
        if !same(given.as_bytes(), self.service.token.as_bytes()) {
            return Err(Status(401, "a token is wanted"));
        }
        if request.path != PATH {
            return Err(Status(404, "there is nothing here"));
        }
        let version =
            request.header("mcp-protocol-version").map_err(|()| Status(400, "two versions"))?;
        match version {
            Some(version) if !VERSIONS.contains(&version) => {
                Err(Status(400, "this version is not spoken"))
            }
            _ => Ok(()),
        }
    }

    fn is_ours(&self, host: &str) -> bool {
        let Some((name, port)) = host.rsplit_once(':') else { return false };
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let loopback = name == "localhost"
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        loopback && port.parse() == Ok(self.port)
    }

    fn session(&self, request: &Request) -> Result<(String, Arc<dyn Handler + 'a>), Status> {
        let name = request.header("mcp-session-id").map_err(|()| Status(400, "two sessions"))?;
        let name = name.ok_or(Status(400, "a session is wanted: begin with `initialize`"))?;
        let known = locked(&self.sessions).get(name).cloned();
        known
            .map(|handler| (name.to_owned(), handler))
            .ok_or(Status(404, "there is no such session"))
    }

    fn post(&self, mut stream: TcpStream, request: &Request) -> io::Result<()> {
        let json = request.header("content-type").ok().flatten();
        let is_json =
            |kind: &str| kind.split(';').next().unwrap_or("").trim() == "application/json";
        if json.is_none_or(|kind| !is_json(kind)) {
            return self.refuse(&mut stream, &Status(415, "a message is application/json"));
        }
        let Ok(text) = std::str::from_utf8(&request.body) else {
            return self.refuse(&mut stream, &Status(400, "a message is UTF-8"));
        };
        let message = Value::from_json(text).unwrap_or(Value::Null);
        let kind = message::kind(&message);
        if matches!(&kind, Ok(message::Kind::Request { method, .. }) if method == "initialize") {
            return self.begin(stream, text);
        }
        let (_, handler) = match self.session(request) {
            Ok(session) => session,
            Err(status) => return self.refuse(&mut stream, &status),
        };
        if matches!(kind, Ok(message::Kind::Notification { .. } | message::Kind::Response { .. })) {
            let sink: Arc<dyn Sink> = Arc::new(Collected::default());
            thread::scope(|scope| take(&*handler, text, &sink, scope));
            return head(&mut stream, "202 Accepted", &[("Content-Length", "0")]);
        }
        head(
            &mut stream,
            "200 OK",
            &[("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")],
        )?;
        let sink: Arc<dyn Sink> = Arc::new(Events(Mutex::new(stream)));
        // Ends when all that the message asked for is answered.
        thread::scope(|scope| take(&*handler, text, &sink, scope));
        Ok(())
    }

    fn begin(&self, mut stream: TcpStream, text: &str) -> io::Result<()> {
        let handler = (self.service.open)();
        let name = format!("{:016x}{:016x}", (self.service.lot)(), (self.service.lot)());
        let collected = Arc::new(Collected::default());
        let sink: Arc<dyn Sink> = Arc::clone(&collected) as Arc<dyn Sink>;
        thread::scope(|scope| take(&*handler, text, &sink, scope));
        let body = locked(&collected.0).join("\n");
        let mut sessions = locked(&self.sessions);
        if sessions.len() >= SESSIONS {
            drop(sessions);
            return self.refuse(&mut stream, &Status(503, "too many sessions are open"));
        }
        sessions.insert(name.clone(), handler);
        drop(sessions);
        let length = body.len().to_string();
        head(
            &mut stream,
            "200 OK",
            &[
                ("Content-Type", "application/json"),
                ("Mcp-Session-Id", &name),
                ("Content-Length", &length),
            ],
        )?;
        stream.write_all(body.as_bytes())
    }

    fn refuse(&self, stream: &mut TcpStream, Status(code, why): &Status) -> io::Result<()> {
        let length = why.len().to_string();
        let wanted = if *code == 401 { "Bearer" } else { "" };
        let mut headers = vec![("Content-Type", "text/plain"), ("Content-Length", length.as_str())];
        if !wanted.is_empty() {
            headers.push(("WWW-Authenticate", wanted));
        }
        head(stream, &format!("{code} Refused"), &headers)?;
        stream.write_all(why.as_bytes())?;
        // What is still on its way would otherwise take the answer with it.
        stream.shutdown(Shutdown::Write)?;
        stream.set_read_timeout(Some(LINGER))?;
        let mut rest = [0; 8192];
        for _ in 0..32 {
            if !matches!(stream.read(&mut rest), Ok(1..)) {
                break;
            }
        }
        Ok(())
    }
}

/// Whether two texts are the same, in a time that does not tell where they
/// differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && !b.is_empty() && a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

fn head(stream: &mut TcpStream, status: &str, headers: &[(&str, &str)]) -> io::Result<()> {
    let mut text = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes())
}

#[derive(Default)]
struct Collected(Mutex<Vec<String>>);

impl Sink for Collected {
    fn send(&self, line: &str) {
        locked(&self.0).push(line.to_owned());
    }
}

struct Events(Mutex<TcpStream>);

impl Sink for Events {
    fn send(&self, line: &str) {
        let event = format!("event: message\ndata: {line}\n\n");
        // A client that is gone gets nothing; what was asked is done all the
        // same, as the protocol says.
        let _ = locked(&self.0).write_all(event.as_bytes());
    }
}

enum Failed {
    Status(Status),
    Gone(io::Error),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

/// Reads one request. Bodies have a length that is said in front; anything
/// that two readers could take differently is refused.
fn read(stream: &mut TcpStream, longest: usize) -> Result<Request, Failed> {
    let bad = |why| Failed::Status(Status(400, why));
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    let (mut request, length, from) = loop {
        let got = stream.read(&mut buffer)?;
        if got == 0 {
            return Err(Failed::Gone(io::ErrorKind::UnexpectedEof.into()));
        }
        bytes.extend_from_slice(buffer.get(..got).unwrap_or(&[]));
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        match parsed.parse(&bytes) {
            Ok(httparse::Status::Complete(from)) => {
                let mut request = Request {
                    method: parsed.method.unwrap_or("").to_owned(),
                    path: parsed.path.unwrap_or("").to_owned(),
                    headers: Vec::new(),
                    body: Vec::new(),
                };
                for header in parsed.headers.iter() {
                    let value = std::str::from_utf8(header.value)
                        .map_err(|_| bad("a header is no text"))?;
                    request
                        .headers
                        .push((header.name.to_ascii_lowercase(), value.trim().to_owned()));
                }
                if request.header("transfer-encoding") != Ok(None) {
                    return Err(Failed::Status(Status(411, "a body has a `Content-Length`")));
                }
                let length = match request.header("content-length") {
                    Ok(None) => 0,
                    Ok(Some(length)) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
                        length.parse::<usize>().map_err(|_| bad("the length is no number"))?
                    }
                    _ => return Err(bad("the length is no number")),
                };
                break (request, length, from);
            }
            Ok(httparse::Status::Partial) if bytes.len() < HEAD => {}
            Ok(httparse::Status::Partial) => {
                return Err(Failed::Status(Status(431, "the head is too long")));
            }
            Err(_) => return Err(bad("this is no HTTP")),
        }
    };
    if length > longest {
        return Err(Failed::Status(Status(413, "the message is too long")));
    }
    if request
        .header("expect")
        .ok()
        .flatten()
        .is_some_and(|expect| expect.eq_ignore_ascii_case("100-continue"))
    {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    request.body = bytes.split_off(from);
    while request.body.len() < length {
        let got = stream.read(&mut buffer)?;
        if got == 0 {
            return Err(Failed::Gone(io::ErrorKind::UnexpectedEof.into()));
        }
        request.body.extend_from_slice(buffer.get(..got).unwrap_or(&[]));
    }
    request.body.truncate(length);
    Ok(request)
}
