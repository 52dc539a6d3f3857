//! What is dialled, and what never is.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use palisade_guards::network::{Destination, Reach};
use palisade_net::dial::{Connect, Connection, DialError, Dialler, Later, Scripted};
use tokio::net::TcpListener;

/// A connector that only remembers, and answers as its rule says.
struct Remembering {
    dialled: Mutex<Vec<SocketAddr>>,
    answer: fn(SocketAddr) -> Answer,
}

enum Answer {
    Open,
    Closed,
    Silent,
    Elsewhere,
}

impl Remembering {
    fn new(answer: fn(SocketAddr) -> Answer) -> Arc<Self> {
        Arc::new(Self { dialled: Mutex::default(), answer })
    }

    fn dialled(&self) -> Vec<String> {
        self.dialled.lock().unwrap().iter().map(ToString::to_string).collect()
    }
}

impl Connect for Remembering {
    fn connect(&self, address: SocketAddr) -> Later<'_, io::Result<Connection>> {
        self.dialled.lock().unwrap().push(address);
        Box::pin(async move {
            let peer = match (self.answer)(address) {
                Answer::Open => address,
                Answer::Elsewhere => "127.0.0.1:1".parse().unwrap(),
                Answer::Closed => return Err(io::ErrorKind::ConnectionRefused.into()),
                Answer::Silent => std::future::pending().await,
            };
            Ok(Connection { stream: Box::new(tokio::io::duplex(1).0), peer })
        })
    }
}

fn script(lookups: &[&[&str]]) -> Arc<Scripted> {
    let script = Scripted::new(None);
    for answers in lookups {
        script.then("a.example", answers.iter().map(|one| one.parse().unwrap()).collect());
    }
    Arc::new(script)
}

async fn dialled(
    lookups: &[&[&str]],
    answer: fn(SocketAddr) -> Answer,
) -> (Result<Connection, DialError>, Vec<String>) {
    let connect = Remembering::new(answer);
    let dialler = Dialler::new(Reach::default(), script(lookups), connect.clone());
    let to = Destination::new("a.example", 443, dialler.reach()).unwrap();
    (dialler.dial(&to).await, connect.dialled())
}

#[tokio::test]
async fn one_bad_answer_refuses_the_name() {
    for answers in [
        &["93.184.215.14", "10.0.0.1"][..],
        &["10.0.0.1", "93.184.215.14"],
        &["2606:4700::1111", "::ffff:127.0.0.1"],
        &["169.254.169.254"],
        &[],
    ] {
        let (made, dialled) = dialled(&[answers], |_| Answer::Open).await;
        assert!(matches!(made, Err(DialError::Refused(_))), "{answers:?}: {made:?}");
        assert!(dialled.is_empty(), "{dialled:?}");
    }
}

#[tokio::test]
async fn a_name_is_resolved_once_a_dial() {
    let connect = Remembering::new(|_| Answer::Open);
    let dialler = Dialler::new(
        Reach::default(),
        script(&[&["93.184.215.14"], &["127.0.0.1"]]),
        connect.clone(),
    );
    let to = Destination::new("a.example", 443, dialler.reach()).unwrap();
    assert!(dialler.dial(&to).await.is_ok());
    assert!(matches!(dialler.dial(&to).await, Err(DialError::Refused(_))));
    assert_eq!(connect.dialled(), ["93.184.215.14:443"]);
}

#[tokio::test(start_paused = true)]
async fn addresses_are_tried_in_turn_and_never_others() {
    let answers: &[&str] = &["2606:4700::1", "2606:4700::2", "93.184.215.14"];
    let (made, tried) = dialled(&[answers], |address| match address.ip() {
        IpAddr::V6(_) => Answer::Silent,
        IpAddr::V4(_) => Answer::Open,
    })
    .await;
    assert_eq!(made.unwrap().peer.to_string(), "93.184.215.14:443");
    assert_eq!(tried, ["[2606:4700::1]:443", "93.184.215.14:443"]);

    let (made, tried) = dialled(&[answers], |_| Answer::Closed).await;
    assert!(matches!(made, Err(DialError::Connect { .. })), "{made:?}");
    assert_eq!(tried.len(), 3);

    let (made, _) = dialled(&[answers], |_| Answer::Silent).await;
    assert!(matches!(made, Err(DialError::TooSlow { .. })), "{made:?}");
}

#[tokio::test]
async fn a_connection_that_strays_is_dropped() {
    let (made, _) = dialled(&[&["93.184.215.14"]], |_| Answer::Elsewhere).await;
    assert!(matches!(made, Err(DialError::Strayed { .. })), "{made:?}");
}

#[tokio::test]
async fn a_loopback_server_is_reached_only_where_it_was_opened() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    let closed = Dialler::system(Reach::default());
    assert!(Destination::new("127.0.0.1", port, closed.reach()).is_err());
    let mut reach = Reach::default();
    reach.open(&format!("127.0.0.1:{port}")).unwrap();
    let opened = Dialler::system(reach).within(Duration::from_secs(5));
    let to = Destination::new("127.0.0.1", port, opened.reach()).unwrap();
    assert_eq!(opened.dial(&to).await.unwrap().peer, server.local_addr().unwrap());
}
