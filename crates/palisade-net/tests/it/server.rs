//! Servers on the loopback interface that say exactly what a test wants, and
//! a client that takes them for hosts of the internet.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use palisade_core::fakes::MemoryJournal;
use palisade_core::ports::Intent;
use palisade_core::{Action, Actor, Confinement, Permit, Posture, judge};
use palisade_guards::network::Reach;
use palisade_net::dial::{Connect, Connection, Dialler, Later, Scripted};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A public address that stands for the server of the test.
pub const PUBLIC: &str = "93.184.215.14";

/// What a server does with one request, whose first line is given.
pub type Behaviour = Arc<dyn Fn(&str) -> Saying + Send + Sync>;

/// An answer, as bytes.
pub struct Saying {
    /// Said once.
    pub head: Vec<u8>,
    /// Said again and again after it, until the other end has gone.
    pub again: Vec<u8>,
    /// Whether the connection stays open and silent after that.
    pub silent: bool,
}

impl From<String> for Saying {
    fn from(text: String) -> Self {
        Self { head: text.into_bytes(), again: Vec::new(), silent: false }
    }
}

/// `200 OK` with a body.
pub fn ok(media: &str, body: &[u8]) -> Saying {
    packed(media, "identity", body)
}

pub fn packed(media: &str, packing: &str, body: &[u8]) -> Saying {
    let length = body.len();
    let mut saying = Saying::from(format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {media}\r\ncontent-encoding: {packing}\r\ncontent-length: {length}\r\n\r\n"
    ));
    saying.head.extend_from_slice(body);
    saying
}

pub fn redirect(location: &str) -> Saying {
    format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n").into()
}

/// A server, and the first lines of the requests that it got.
pub struct Server {
    pub address: SocketAddr,
    pub requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub async fn new(behaviour: impl Fn(&str) -> Saying + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let (seen, behaviour): (_, Behaviour) = (Arc::clone(&requests), Arc::new(behaviour));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&behaviour), Arc::clone(&seen)));
            }
        });
        Self { address, requests }
    }

    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// A dialler for which the public address leads here.
    pub fn dialler(&self, script: Scripted, reach: Reach) -> (Dialler, Arc<Mutex<Vec<IpAddr>>>) {
        let dialled: Arc<Mutex<Vec<IpAddr>>> = Arc::default();
        let connect = Leading { to: self.address, dialled: Arc::clone(&dialled) };
        (Dialler::new(reach, Arc::new(script), Arc::new(connect)), dialled)
    }
}

/// Reads a request to its end, writes down all of it, and answers.
pub async fn answer<S>(mut stream: S, behaviour: Behaviour, seen: Arc<Mutex<Vec<String>>>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut request = Vec::new();
    let mut byte = [0; 1];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte).await {
            Ok(1) => request.push(byte[0]),
            _ => return,
        }
    }
    let request = String::from_utf8(request).unwrap();
    seen.lock().unwrap().push(request.clone());
    let saying = behaviour(request.lines().next().unwrap_or(""));
    if stream.write_all(&saying.head).await.is_err() {
        return;
    }
    while !saying.again.is_empty() {
        if stream.write_all(&saying.again).await.is_err() {
            return;
        }
    }
    if saying.silent {
        std::future::pending::<()>().await;
    }
    let _ = stream.shutdown().await;
}

/// A connector for which every address that may be dialled leads to one
/// server. Whatever is dialled that is not public is written down too.
struct Leading {
    to: SocketAddr,
    dialled: Arc<Mutex<Vec<IpAddr>>>,
}

impl Connect for Leading {
    fn connect(&self, address: SocketAddr) -> Later<'_, io::Result<Connection>> {
        self.dialled.lock().unwrap().push(address.ip());
        Box::pin(async move {
            let stream = TcpStream::connect(self.to).await?;
            Ok(Connection { stream: Box::new(stream), peer: address })
        })
    }
}

/// A permit to fetch `url`, as the pipeline makes one.
pub fn permit(url: &str) -> Permit {
    let action = Action::Fetch { url: url.to_owned(), cwd: "/".to_owned() };
    let decision = judge(action, Vec::new(), Posture::default(), &[], None, 0);
    let actor = Actor::default();
    let intent = Intent {
        actor: &actor,
        profile: "default",
        kind: "fetch",
        body: url,
        cwd: "/",
        digest: [0; 32],
        verdict: "allow",
        severity: "safe",
        rules: &[],
        grant: None,
        confinement: Confinement::None,
        policy: [0; 32],
        synced: false,
    };
    Permit::issue(decision, &intent, &mut MemoryJournal::default()).unwrap()
}
