//! The inside of a connection to a credential's host: the proxy is the end of
//! its TLS, and every request on it is judged and sent anew.
//!
//! One connection of the client is one connection to the host. The host must
//! prove itself as to any client of this system; where it cannot, no request
//! reaches it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, Cursor};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1 as to_host;
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1 as to_client;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use super::credential::Ends;
use super::credential::answer::{Searched, is_plain};
use super::credential::request::{self, PutIn, Wrong};
use super::ledger::{Ledger, Refused, Used};
use super::relay::{self, Cut, Meters, Opening};
use super::target::Target;
use super::{Opened, Shared, rules};
use crate::dial::Stream;

/// Fields that the head of a message may have, and its bytes.
const FIELDS: usize = 128;
const HEAD: usize = 64 * 1024;

/// The first byte of TLS.
const HANDSHAKE: u8 = 22;

type Answer = Response<Either<Searched, Full<Bytes>>>;
type Begun = tokio::io::Join<
    tokio::io::Chain<Cursor<Vec<u8>>, tokio::net::tcp::OwnedReadHalf>,
    tokio::net::tcp::OwnedWriteHalf,
>;
type Client = server::TlsStream<Begun>;
type Host = client::TlsStream<Metered>;
type Driver = to_host::Connection<TokioIo<Host>, Incoming>;

/// Serves one connection, and completes its record.
pub async fn serve<L: Ledger>(
    shared: &Shared<L>,
    client: TcpStream,
    opened: Opened,
    target: &Target,
    first: Vec<u8>,
    ends: Ends,
) {
    let meters = Arc::new(Meters::default());
    let Opened { connection, entry, begun } = opened;
    let host = Metered { stream: connection.stream, meters: Arc::clone(&meters) };
    let work = connected(shared, client, host, target, first, ends);
    let half = Cell::new(false);
    let end = relay::bounded(work, &meters, &half, shared.bounds(), shared.over.clone()).await;
    shared.finished(entry, begun, &meters, target, &end);
}

async fn connected<L: Ledger>(
    shared: &Shared<L>,
    mut client: TcpStream,
    host: Metered,
    target: &Target,
    first: Vec<u8>,
    ends: Ends,
) -> Result<(), Cut> {
    let name = target.host.to_string();
    let first = match relay::greeted(&mut client, Opening { first, name: Some(&name) }).await {
        Ok(first) => first,
        Err(cut @ (Cut::OtherName(_) | Cut::Unreadable)) => {
            relay::alert(&mut client).await;
            return Err(cut);
        }
        Err(cut) => return Err(cut),
    };
    match first.first() {
        None => return Ok(()),
        Some(&HANDSHAKE) => {}
        Some(_) => return Err(Cut::Plain),
    }
    let (read, write) = client.into_split();
    let begun = tokio::io::join(Cursor::new(first).chain(read), write);
    let limit = shared.proxy.limits.head;
    let client = timeout(limit, TlsAcceptor::from(ends.client).accept(begun)).await;
    let client = match client {
        Ok(Ok(client)) => client,
        Ok(Err(error)) => return Err(not_greeted(&error)),
        Err(_) => return Err(Cut::Broken("the client's TLS took too long".into())),
    };
    let (host, driver) = match timeout(limit, proven(host, &name, ends.host)).await {
        Ok(Ok((sender, driver))) => (Ok(sender), Some(driver)),
        Ok(Err(why)) => (Err(why), None),
        Err(_) => (Err("its TLS took too long".to_owned()), None),
    };
    let inside = Inside {
        shared,
        target,
        host: RefCell::new(host.map(Some)),
        answers: Cell::new(0),
        sockets: Cell::new(None),
    };
    exchange(&inside, client, driver).await
}

/// A client that does not trust the certificate says so by an alert.
fn not_greeted(error: &io::Error) -> Cut {
    use rustls::AlertDescription::{
        BadCertificate, CertificateUnknown, DecryptError, UnknownCA, UnsupportedCertificate,
    };
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::AlertReceived(
            BadCertificate | CertificateUnknown | DecryptError | UnknownCA | UnsupportedCertificate,
        )) => Cut::Distrusted,
        _ => Cut::Broken(format!("the client's TLS: {error}")),
    }
}

/// The host, having proven who it is.
async fn proven(
    host: Metered,
    name: &str,
    trust: Arc<rustls::ClientConfig>,
) -> Result<(to_host::SendRequest<Incoming>, Driver), String> {
    let server = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
    let stream = TlsConnector::from(trust).connect(server, host).await;
    let stream = stream.map_err(|error| format!("no encrypted connection: {error}"))?;
    let made = to_host::Builder::new()
        .max_buf_size(HEAD)
        .max_headers(FIELDS)
        .preserve_header_case(true)
        .handshake(TokioIo::new(stream))
        .await;
    made.map_err(|error| error.to_string())
}

/// Serves requests until one side has had enough.
async fn exchange<L: Ledger>(
    inside: &Inside<'_, L>,
    client: Client,
    driver: Option<Driver>,
) -> Result<(), Cut> {
    let service = service_fn(|request| inside.answer(request));
    let serving = to_client::Builder::new()
        .max_buf_size(HEAD)
        .max_headers(FIELDS)
        .preserve_header_case(true)
        .serve_connection(TokioIo::new(client), service)
        .with_upgrades();
    let mut serving = pin!(serving);
    let mut driving = pin!(async move {
        match driver {
            // Its error is what the request or the body ends with.
            Some(driver) => drop(driver.with_upgrades().await),
            None => std::future::pending().await,
        }
    });
    let mut open = true;
    let served = loop {
        tokio::select! {
            served = &mut serving => break served,
            () = &mut driving, if open => {
                open = false;
                // What it has said still goes on; then nobody answers.
                serving.as_mut().graceful_shutdown();
            }
        }
    };
    let Some((client, host)) = inside.sockets.take() else {
        return served.map_err(|error| Cut::Broken(format!("the client: {error}")));
    };
    let sockets = async {
        let broken = |error: hyper::Error| Cut::Broken(format!("the web socket: {error}"));
        let (client, host) = tokio::try_join!(client, host).map_err(broken)?;
        let (mut client, mut host) = (TokioIo::new(client), TokioIo::new(host));
        let copied = tokio::io::copy_bidirectional(&mut client, &mut host).await;
        copied.map(drop).map_err(|error| Cut::Broken(format!("the web socket: {}", error.kind())))
    };
    let mut sockets = pin!(sockets);
    loop {
        tokio::select! {
            done = &mut sockets => return done,
            () = &mut driving, if open => open = false,
        }
    }
}

/// One connection's requests.
struct Inside<'a, L> {
    shared: &'a Shared<L>,
    target: &'a Target,
    /// Who sends requests, while none is under way; or why nobody does.
    host: RefCell<Result<Option<to_host::SendRequest<Incoming>>, String>>,
    /// How many were answered by the host.
    answers: Cell<u64>,
    /// Both sides of a web socket.
    sockets: Cell<Option<(OnUpgrade, OnUpgrade)>>,
}

/// The host ended between two requests: the client must see the same, and
/// not an answer.
#[derive(Debug)]
struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the host ended the connection")
    }
}

impl std::error::Error for Gone {}

impl<L: Ledger> Inside<'_, L> {
    async fn answer(&self, mut request: Request<Incoming>) -> Result<Answer, Gone> {
        let client = hyper::upgrade::on(&mut request);
        let (mut head, body) = request.into_parts();
        let put = match request::ready(&self.shared.proxy.credentials, self.target, &mut head) {
            Ok(put) => put,
            Err(wrong) => {
                drained(body).await;
                return Ok(self.refuse(wrong).await);
            }
        };
        let entry = match self.recorded(&put, &head).await {
            Ok(entry) => entry,
            Err(answer) => {
                drained(body).await;
                return Ok(answer);
            }
        };
        let begun = Instant::now();
        let answered = self.sent(Request::from_parts(head, body)).await;
        let millis = begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        if let Some(entry) = entry {
            let status = answered.as_ref().ok().map(|answer| answer.status().as_u16());
            self.shared.proxy.ledger.answered(entry, status, millis);
        }
        match answered {
            Ok(answer) => Ok(self.passed_on(answer, put, client)),
            Err(Unsent::Gone) => Err(Gone),
            Err(Unsent::Why(why)) => {
                let words = format!("Palisade: {} did not answer: {why}", self.target);
                Ok(said(StatusCode::BAD_GATEWAY, "", words))
            }
        }
    }

    /// Writes the use of a credential down, before it is used.
    async fn recorded(
        &self,
        put: &PutIn,
        head: &hyper::http::request::Parts,
    ) -> Result<Option<u64>, Answer> {
        if put.names.is_empty() {
            return Ok(None);
        }
        self.shared.pace.wait().await;
        let used = Used {
            names: &put.names,
            target: self.target,
            method: head.method.as_str(),
            path: head.uri.path(),
        };
        self.shared.proxy.ledger.using(&used).map(Some).map_err(|why| {
            let words = format!("Palisade: refused by {}: {why}", rules::UNRECORDED);
            said(StatusCode::FORBIDDEN, rules::UNRECORDED, words)
        })
    }

    async fn sent(&self, request: Request<Incoming>) -> Result<Response<Incoming>, Unsent> {
        let sender = match &mut *self.host.borrow_mut() {
            Ok(sender) => sender.take(),
            Err(why) => return Err(Unsent::Why(why.clone())),
        };
        let Some(mut sender) = sender else { return Err(Unsent::Gone) };
        let answered = match sender.ready().await {
            Ok(()) => sender.send_request(request).await,
            Err(error) => Err(error),
        };
        match answered {
            Ok(answer) => {
                self.answers.set(self.answers.get().saturating_add(1));
                *self.host.borrow_mut() = Ok(Some(sender));
                Ok(answer)
            }
            Err(_) if self.answers.get() > 0 => Err(Unsent::Gone),
            Err(error) => Err(Unsent::Why(error.to_string())),
        }
    }

    /// What the host says, without the values, and without what is between
    /// neighbours.
    fn passed_on(&self, mut answer: Response<Incoming>, put: PutIn, client: OnUpgrade) -> Answer {
        let switched = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
        if switched && !put.upgrade {
            let words = "Palisade: the host changes to a protocol that nobody asked for";
            return said(StatusCode::BAD_GATEWAY, "", words.into());
        }
        if switched {
            self.sockets.set(Some((client, hyper::upgrade::on(&mut answer))));
        }
        let (mut head, body) = answer.into_parts();
        head.extensions.remove::<hyper::ext::ReasonPhrase>();
        if head.headers.contains_key(header::TRANSFER_ENCODING) {
            head.headers.remove(header::CONTENT_LENGTH);
        }
        let named = request::named(&head.headers);
        request::take_away(&mut head.headers, &named);
        if switched {
            head.headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            head.headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        put.forms.leave(&mut head.headers);
        let forms = if is_plain(&head.headers) { put.forms } else { Default::default() };
        Response::from_parts(head, Either::Left(Searched::new(body, forms)))
    }

    async fn refuse(&self, wrong: Wrong) -> Answer {
        self.shared.pace.wait().await;
        let (status, rule, why) = match wrong {
            Wrong::Malformed(why) => (StatusCode::BAD_REQUEST, rules::MALFORMED, why.to_owned()),
            Wrong::Credential(why) => (StatusCode::FORBIDDEN, rules::CREDENTIAL, why),
        };
        let refused = Refused {
            target: self.target.to_string(),
            rule: rule.into(),
            why,
            allow: String::new(),
        };
        self.shared.proxy.ledger.refused(&refused);
        said(status, rule, format!("Palisade: {refused}"))
    }
}

/// Why there is no answer.
enum Unsent {
    /// The host ended after it had answered others.
    Gone,
    Why(String),
}

/// Reads what a client sends with a request that goes nowhere, so that it
/// hears why: bytes that nobody read would make a reset of it.
async fn drained(mut body: Incoming) {
    const MOST: usize = 1 << 20;
    let all = async {
        let mut left = MOST;
        while let Some(Ok(frame)) = body.frame().await {
            let count = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(count) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    let _ = timeout(Duration::from_millis(500), all).await;
}

/// An answer of the proxy's own, after which the connection ends.
fn said(status: StatusCode, rule: &'static str, words: String) -> Answer {
    let mut answer = Response::new(Either::Right(Full::from(format!("{words}\n"))));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    if !rule.is_empty() {
        headers.insert("palisade-rule", HeaderValue::from_static(rule));
    }
    answer
}

/// A host's bytes, counted.
struct Metered {
    stream: Box<dyn Stream>,
    meters: Arc<Meters>,
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.meters.down.add(buffer.filled().len().saturating_sub(before));
        read
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = written {
            self.meters.up.add(count);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
