//! The egress proxy between real clients and servers on loopback, with
//! scripted names.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use palisade_guards::network::Reach;
use palisade_net::dial::{Dialler, Scripted, Tcp};
use palisade_net::proxy::{
    Advice, Allowlist, Credentials, Door, Entry, Ledger, Limits, Passed, Proxy, Refused, Target,
    Used, greeting_example, serve,
};
use tokio::sync::watch;

pub const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Records in the order they came.
#[derive(Clone, Default)]
pub struct Book(Arc<Mutex<Vec<String>>>);

impl Book {
    fn write(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub fn has(&self, words: &str) -> bool {
        self.lines().iter().any(|line| line.contains(words))
    }
}

impl Ledger for Book {
    fn opening(&self, target: &str) -> Result<Entry, String> {
        if target.starts_with("unwritable.") {
            return Err("the disk is full".into());
        }
        self.write(format!("opening {target}"));
        Ok(self.0.lock().unwrap().len() as Entry)
    }

    fn closed(&self, entry: Entry, passed: &Passed) {
        let Passed { up, down, failure, .. } = passed;
        self.write(format!("closed {entry} up {up} down {down} {failure}"));
    }

    fn using(&self, used: &Used<'_>) -> Result<Entry, String> {
        if used.path.starts_with("/unwritable") {
            return Err("the disk is full".into());
        }
        self.write(format!("using {used}"));
        Ok(self.0.lock().unwrap().len() as Entry)
    }

    fn answered(&self, entry: Entry, status: Option<u16>, _: u64) {
        self.write(format!("answered {entry} {status:?}"));
    }

    fn refused(&self, refused: &Refused) {
        self.write(refused.to_string());
    }
}

/// A proxy on a port of loopback.
pub struct Running {
    pub port: u16,
    over: Option<watch::Sender<bool>>,
    thread: Option<JoinHandle<()>>,
    pub book: Book,
    pub names: Arc<Scripted>,
}

impl Running {
    /// Allows `allowed`, and opens each `name:port` of them so that the name
    /// may lead to loopback.
    fn new(allowed: &[&str]) -> Self {
        Self::with(allowed, allowed, Limits::default())
    }

    fn with(allowed: &[&str], opened: &[&str], limits: Limits) -> Self {
        Self::holding(allowed, opened, limits, Credentials::default())
    }

    pub fn holding(
        allowed: &[&str],
        opened: &[&str],
        limits: Limits,
        credentials: Credentials,
    ) -> Self {
        let mut reach = Reach::default();
        for origin in opened {
            let _ = reach.open(origin);
        }
        let names = Arc::new(Scripted::new(None));
        let book = Book::default();
        let proxy = Proxy {
            allowed: Allowlist::parse(allowed).unwrap(),
            credentials,
            dialler: Dialler::new(reach, names.clone(), Arc::new(Tcp)),
            ledger: book.clone(),
            limits,
            advice: Advice {
                listed: "to allow it, add `{host}` to the list".into(),
                ..Advice::default()
            },
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (over, hears) = watch::channel(false);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(serve(proxy, vec![Door::Proxy(listener)], hears)).unwrap();
        });
        Self { port, over: Some(over), thread: Some(thread), book, names }
    }

    pub fn client(&self) -> TcpStream {
        let client = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        client
    }

    /// Sends bytes and reads to the end.
    fn heard(&self, bytes: &[u8]) -> Vec<u8> {
        let mut client = self.client();
        let _ = client.write_all(bytes);
        let mut said = Vec::new();
        let _ = client.read_to_end(&mut said);
        said
    }

    /// The same with text.
    pub fn say(&self, bytes: &[u8]) -> String {
        String::from_utf8_lossy(&self.heard(bytes)).into_owned()
    }

    /// A tunnel that stands.
    pub fn tunnel(&self, to: &str) -> TcpStream {
        let mut client = self.client();
        write!(client, "CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n").unwrap();
        assert_eq!(
            until_blank(&mut client).lines().next(),
            Some("HTTP/1.1 200 Connection established")
        );
        client
    }

    pub fn end(&mut self) {
        drop(self.over.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn until_blank(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// A server that treats each connection with `each`, in a thread of its own.
pub fn server(each: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let each = Arc::new(each);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let each = each.clone();
            std::thread::spawn(move || each(stream));
        }
    });
    port
}

/// Sends back what it gets.
fn echo() -> u16 {
    server(|mut stream| {
        let mut piece = [0; 8192];
        while let Ok(count @ 1..) = stream.read(&mut piece) {
            if stream.write_all(&piece[..count]).is_err() {
                break;
            }
        }
    })
}

/// Answers one request with the head that it saw.
fn mirror() -> u16 {
    server(|mut stream| {
        let head = until_blank(&mut stream);
        let length: usize = head
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length];
        let _ = stream.read_exact(&mut body);
        let said = [head.as_bytes(), &body].concat();
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=9\r\n\r\n",
            said.len()
        );
        let _ = stream.write_all(&said);
        // A host that does not close by itself.
        let _ = stream.read(&mut [0]);
    })
}

#[test]
fn a_listed_host_is_reached_in_every_way() {
    let port = echo();
    let name = format!("a.test:{port}");
    let mut proxy = Running::new(&[&name]);
    proxy.names.then("a.test", vec![HERE]);
    let mut tunnel = proxy.tunnel(&name);
    tunnel.write_all(b"hello").unwrap();
    tunnel.shutdown(Shutdown::Write).unwrap();
    let mut said = String::new();
    tunnel.read_to_string(&mut said).unwrap();
    assert_eq!(said, "hello");

    // SOCKS5 with a name.
    let mut client = proxy.client();
    let request = [&[5, 1, 0, 5, 1, 0, 3, 6][..], b"A.test", &port.to_be_bytes(), b"early"];
    client.write_all(&request.concat()).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut said = Vec::new();
    client.read_to_end(&mut said).unwrap();
    assert_eq!(said, [&[5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], b"early"].concat());

    // What is sent together with CONNECT is not lost.
    let mut client = proxy.client();
    write!(client, "CONNECT {name} HTTP/1.1\r\n\r\nat once").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut said = String::new();
    client.read_to_string(&mut said).unwrap();
    assert_eq!(said, "HTTP/1.1 200 Connection established\r\n\r\nat once");
    proxy.end();
    assert!(proxy.book.has(&format!("opening {name}")), "{:?}", proxy.book.lines());
    assert!(proxy.book.has("up 5 down 5"), "{:?}", proxy.book.lines());
}

#[test]
fn plain_requests_are_written_anew() {
    let port = mirror();
    let name = format!("a.test:{port}");
    let proxy = Running::new(&[&name]);
    proxy.names.then("a.test", vec![HERE]);
    let said = proxy.say(
        format!(
            "POST http://{name}/x?y HTTP/1.1\r\nHost: {name}\r\nProxy-Authorization: Basic c2VjcmV0\r\n\
             Proxy-Connection: keep-alive\r\nConnection: x-mine\r\nX-Mine: 1\r\nContent-Length: 3\r\n\r\nabcGET /evil HTTP/1.1\r\nHost: other\r\n\r\n"
        )
        .as_bytes(),
    );
    let (answer, seen) = said.split_once("\r\n\r\n").unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && !answer.contains("Keep-Alive"),
        "{answer}"
    );
    assert_eq!(
        seen,
        format!(
            "POST /x?y HTTP/1.1\r\nHost: {name}\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
        )
    );
    let said = proxy.say(format!("HEAD http://{name} HTTP/1.1\r\nHost: {name}\r\n\r\n").as_bytes());
    assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("\r\n\r\n"), "{said}");
}

#[test]
fn what_is_not_listed_is_refused_in_words_and_never_looked_up() {
    let mut proxy = Running::new(&["a.example:1"]);
    for (request, status) in [
        ("CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 403 "),
        ("GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 403 "),
        ("CONNECT 93.184.216.34:22 HTTP/1.1\r\n\r\n", "HTTP/1.1 403 "),
        ("CONNECT a.example:2 HTTP/1.1\r\n\r\n", "HTTP/1.1 403 "),
    ] {
        let said = proxy.say(request.as_bytes());
        assert!(said.starts_with(status), "{said}");
        for words in ["egress/unlisted", "to allow it, add `"] {
            assert!(said.contains(words), "{said}");
        }
    }
    let said = proxy.heard(&[&[5, 1, 0, 5, 1, 0, 3, 9][..], b"evil.test", &[1, 187]].concat());
    assert_eq!(said.get(3), Some(&2));
    let said = proxy.heard(&[&[5, 1, 0, 5, 1, 0, 3, 13][..], b"x\0evil.a.test", &[0, 1]].concat());
    assert_eq!(said.get(3), Some(&2));
    assert_eq!(proxy.heard(&[5, 1, 2]), [5, 0xff]);
    assert_eq!(proxy.heard(&[5, 1, 0, 5, 3, 0, 1, 1, 1, 1, 1, 0, 80]).get(3), Some(&7));
    assert_eq!(proxy.heard(&[4, 1, 0, 80, 1, 1, 1, 1, 0]), []);
    proxy.end();
    assert!(!proxy.book.has("opening"), "{:?}", proxy.book.lines());
}

#[test]
fn names_that_lead_inward_are_refused_whatever_else_they_answer() {
    let port = echo();
    let outside: IpAddr = "93.184.216.34".parse().unwrap();
    let metadata: IpAddr = "169.254.169.254".parse().unwrap();
    let mut proxy = Running::with(&["*:*"], &[], Limits::default());
    proxy.names.then("inward.example", vec![HERE]);
    proxy.names.then("mixed.example", vec![outside, HERE]);
    proxy.names.then("meta.example", vec![metadata]);
    for host in [
        "inward.example",
        "mixed.example",
        "meta.example",
        "127.0.0.1",
        "0x7f.1",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "localhost",
        "metadata.google.internal",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "0.0.0.0",
    ] {
        let said = proxy.say(format!("CONNECT {host}:{port} HTTP/1.1\r\n\r\n").as_bytes());
        assert!(said.starts_with("HTTP/1.1 403 Refused by Palisade (fetch/"), "{host}: {said}");
        let plain = format!("GET http://{host}:{port}/ HTTP/1.0\r\n\r\n");
        assert!(proxy.say(plain.as_bytes()).starts_with("HTTP/1.1 403 "), "{host}");
    }
    proxy.end();
    assert!(!proxy.book.has("up 1"), "{:?}", proxy.book.lines());
}

#[test]
fn a_name_is_looked_up_once_for_each_connection() {
    let port = echo();
    let name = format!("turn.test:{port}");
    // The first answer is judged and dialled; the second, never asked for in
    // this connection, is refused in the next one.
    let proxy = Running::with(&[&name, "other.example:*"], &[&name], Limits::default());
    proxy.names.then("turn.test", vec![HERE]);
    proxy.names.then("turn.test", vec!["169.254.169.254".parse().unwrap()]);
    drop(proxy.tunnel(&name));
    let said = proxy.say(format!("CONNECT {name} HTTP/1.1\r\n\r\n").as_bytes());
    assert!(said.contains("fetch/metadata"), "{said}");
}

#[test]
fn a_greeting_must_ask_for_the_host_that_was_allowed() {
    let port = echo();
    let name = format!("a.test:{port}");
    let mut proxy = Running::new(&[&name]);
    proxy.names.then("a.test", vec![HERE]);
    for (asked, part) in [(Some("a.test"), 9999), (Some("A.Test"), 11), (None, 9999)] {
        let mut tunnel = proxy.tunnel(&name);
        let bytes = [greeting_example(asked, part), b"early data".to_vec()].concat();
        for piece in bytes.chunks(17) {
            tunnel.write_all(piece).unwrap();
        }
        tunnel.shutdown(Shutdown::Write).unwrap();
        let mut said = Vec::new();
        tunnel.read_to_end(&mut said).unwrap();
        assert_eq!(said, bytes, "{asked:?}");
    }
    for asked in ["evil.example", "a.test.evil.example", "b.a.test", "", "a.test\0", "127.0.0.1"] {
        let mut tunnel = proxy.tunnel(&name);
        tunnel.write_all(&greeting_example(Some(asked), 9)).unwrap();
        let mut said = Vec::new();
        tunnel.read_to_end(&mut said).unwrap();
        assert_eq!(said, [21, 3, 3, 0, 2, 2, 112], "{asked:?}");
    }
    proxy.end();
    assert!(proxy.book.has("refused by egress/other-name"), "{:?}", proxy.book.lines());
}

#[test]
fn who_waits_for_the_server_to_speak_first_may_wait() {
    let port = server(|mut stream| {
        stream.write_all(b"SSH-2.0-x\r\n").unwrap();
        let _ = stream.read(&mut [0; 64]);
    });
    let name = format!("a.test:{port}");
    let proxy = Running::new(&[&name]);
    proxy.names.then("a.test", vec![HERE]);
    let mut tunnel = proxy.tunnel(&name);
    let mut said = [0; 11];
    tunnel.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"SSH-2.0-x\r\n");
}

#[test]
fn requests_that_can_be_read_in_two_ways_are_refused() {
    let port = mirror();
    let name = format!("a.test:{port}");
    let mut proxy = Running::new(&[&name]);
    proxy.names.then("a.test", vec![HERE]);
    let host = format!("Host: {name}\r\n");
    for request in [
        format!("GET http://{name}/ HTTP/1.1\r\nHost: other.test\r\n\r\n"),
        format!("GET http://{name}/ HTTP/1.1\r\n{host}{host}\r\n"),
        format!("GET http://{name}/ HTTP/1.1\r\n\r\n"),
        format!("GET http://user@{name}/ HTTP/1.1\r\n{host}\r\n"),
        format!("GET http://{name}/ HTTP/1.1\n{host}\r\n"),
        format!("GET http://{name}/ HTTP/1.1\r\n{host}A: b\r\n c\r\n\r\n"),
        format!("GET http://{name}/ HTTP/1.1\r\n{host}A : b\r\n\r\n"),
        format!("GET http://{name}\\@evil.test/ HTTP/1.1\r\n{host}\r\n"),
        format!("GET http://{name}/#x HTTP/1.1\r\n{host}\r\n"),
        format!("GET https://{name}/ HTTP/1.1\r\n{host}\r\n"),
        format!("GET ftp://{name}/ HTTP/1.1\r\n{host}\r\n"),
        format!(
            "POST http://{name}/ HTTP/1.1\r\n{host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        format!(
            "POST http://{name}/ HTTP/1.1\r\n{host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"
        ),
        format!("POST http://{name}/ HTTP/1.1\r\n{host}Transfer-Encoding: xchunked\r\n\r\n"),
        format!("GET http://{name}/ HTTP/1.1\r\n{host}Connection: host\r\n\r\n"),
        format!("CONNECT {name} HTTP/1.1\r\nHost: other.test\r\n\r\n"),
        format!("CONNECT {name} HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"),
        "CONNECT a.test HTTP/1.1\r\n\r\n".into(),
        format!("CONNECT http://{name}/ HTTP/1.1\r\n\r\n"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
        "\r\nGET / HTTP/1.1\r\n\r\n".into(),
        "GET / HTTP/1.1\r\n\r\n".into(),
    ] {
        let said = proxy.say(request.as_bytes());
        assert!(said.starts_with("HTTP/1.1 400 "), "{request:?}: {said}");
    }
    let huge = format!("GET http://{name}/ HTTP/1.1\r\n{host}A: {}\r\n\r\n", "x".repeat(100_000));
    let said = proxy.say(huge.as_bytes());
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 431 "), "{said}");
    proxy.end();
    assert!(!proxy.book.has("opening"), "{:?}", proxy.book.lines());
}

#[test]
fn answers_that_can_be_read_in_two_ways_are_not_passed_on() {
    for answer in [
        "HTTP/1.1 200 OK\nA: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        "nonsense\r\n\r\n",
        "",
    ] {
        let port = server(move |mut stream| {
            let _ = until_blank(&mut stream);
            let _ = stream.write_all(answer.as_bytes());
        });
        let name = format!("a.test:{port}");
        let proxy = Running::new(&[&name]);
        proxy.names.then("a.test", vec![HERE]);
        let said = proxy.say(format!("GET http://{name}/ HTTP/1.0\r\n\r\n").as_bytes());
        assert!(said.starts_with("HTTP/1.1 502 "), "{answer:?}: {said}");
    }
}

#[test]
fn chunks_and_interim_answers_go_through() {
    let port = server(|mut stream| {
        let _ = until_blank(&mut stream);
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        let mut body = [0; 10];
        stream.read_exact(&mut body).unwrap();
        assert_eq!(&body, b"3\r\nabc\r\n0\r");
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nhi\r\n0\r\nT: x\r\n\r\nGET /")
            .unwrap();
        let _ = stream.read(&mut [0; 9]);
    });
    let name = format!("a.test:{port}");
    let proxy = Running::new(&[&name]);
    proxy.names.then("a.test", vec![HERE]);
    let request = format!(
        "POST http://{name}/ HTTP/1.1\r\nHost: {name}\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    );
    let said = proxy.say(request.as_bytes());
    assert_eq!(
        said,
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    );
}

#[test]
fn the_slow_and_the_silent_are_let_go() {
    let port = echo();
    let name = format!("a.test:{port}");
    let limits = Limits {
        head: Duration::from_millis(150),
        idle: Duration::from_millis(150),
        half: Duration::from_millis(150),
        ..Limits::default()
    };
    let mut proxy = Running::with(&[&name], &[&name], limits);
    proxy.names.then("a.test", vec![HERE]);
    assert!(proxy.say(b"GET http://a.test").starts_with("HTTP/1.1 408 "));
    assert_eq!(proxy.say(b""), "");
    assert_eq!(proxy.say(&[5, 9]), "");
    let mut tunnel = proxy.tunnel(&name);
    assert_eq!(tunnel.read(&mut [0]).unwrap_or(0), 0);
    proxy.end();
    assert!(proxy.book.has("nothing moved for too long"), "{:?}", proxy.book.lines());
}

#[test]
fn what_cannot_be_written_down_does_not_happen() {
    let port = echo();
    let name = format!("unwritable.test:{port}");
    let proxy = Running::new(&[&name]);
    proxy.names.then("unwritable.test", vec![HERE]);
    let said = proxy.say(format!("CONNECT {name} HTTP/1.1\r\n\r\n").as_bytes());
    assert!(said.contains("egress/unrecorded"), "{said}");
}

/// Descriptors of this process that are sockets to or from one of `ports`.
pub fn sockets(ports: &BTreeSet<u16>) -> usize {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let own: BTreeSet<String> = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .filter_map(|link| {
            Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect();
    let port =
        |text: &str| text.split_once(':').and_then(|(_, port)| u16::from_str_radix(port, 16).ok());
    table
        .lines()
        .skip(1)
        .filter(|line| {
            let parts: Vec<&str> = line.split_whitespace().collect();
            let near = [parts[1], parts[2]]
                .iter()
                .any(|end| port(end).is_some_and(|p| ports.contains(&p)));
            near && parts[3] != "0A" && own.contains(parts[9])
        })
        .count()
}

#[test]
fn hundreds_at_once_leave_nothing_behind() {
    let port = echo();
    let name = format!("a.test:{port}");
    let mut proxy = Running::new(&[&name]);
    proxy.names.then("a.test", vec![HERE]);
    let ports = BTreeSet::from([port, proxy.port]);
    assert_eq!(sockets(&ports), 0);
    let mut tunnels: Vec<TcpStream> = (0..500).map(|_| proxy.tunnel(&name)).collect();
    for (at, tunnel) in tunnels.iter_mut().enumerate() {
        write!(tunnel, "number {at:04}").unwrap();
    }
    for (at, tunnel) in tunnels.iter_mut().enumerate() {
        let mut said = [0; 11];
        tunnel.read_exact(&mut said).unwrap();
        assert_eq!(said.as_slice(), format!("number {at:04}").as_bytes());
    }
    assert!(sockets(&ports) >= 1500);
    drop(tunnels);
    proxy.end();
    // The echo's own threads may take a moment to notice.
    for _ in 0..2000 {
        if sockets(&ports) == 0 {
            break;
        }
        std::thread::yield_now();
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(sockets(&ports), 0);
    let lines = proxy.book.lines();
    assert_eq!(lines.iter().filter(|line| line.starts_with("closed")).count(), 500);
}

#[test]
fn ends_in_the_middle_are_ends() {
    let port = server(|mut stream| {
        // Sends until nobody wants it any more, or dies at a word.
        let mut word = [0];
        stream.read_exact(&mut word).unwrap();
        if word == *b"d" {
            return;
        }
        while stream.write_all(&[7; 8192]).is_ok() {}
    });
    let name = format!("a.test:{port}");
    let mut proxy = Running::new(&[&name]);
    proxy.names.then("a.test", vec![HERE]);
    // The host dies.
    let mut tunnel = proxy.tunnel(&name);
    tunnel.write_all(b"d").unwrap();
    assert_eq!(tunnel.read(&mut [0; 9]).unwrap_or(0), 0);
    // The client dies.
    let mut tunnel = proxy.tunnel(&name);
    tunnel.write_all(b"s").unwrap();
    tunnel.read_exact(&mut [0; 9]).unwrap();
    drop(tunnel);
    // The proxy ends in the middle of a transfer.
    let mut tunnel = proxy.tunnel(&name);
    tunnel.write_all(b"s").unwrap();
    tunnel.read_exact(&mut [0; 9]).unwrap();
    proxy.end();
    let mut rest = Vec::new();
    let _ = tunnel.read_to_end(&mut rest);
    assert!(proxy.book.has("the proxy ended"), "{:?}", proxy.book.lines());
    let lines = proxy.book.lines();
    assert_eq!(lines.iter().filter(|line| line.starts_with("closed")).count(), 3);
    assert!(TcpStream::connect(("127.0.0.1", proxy.port)).is_err());
}

#[test]
fn a_forward_leads_to_its_one_origin() {
    let port = echo();
    let target = Target::parse(&format!("127.0.0.1:{port}"), None).unwrap();
    let mut reach = Reach::default();
    reach.open(&target.to_string()).unwrap();
    let mut allowed = Allowlist::default();
    allowed.add(&target);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let proxy = Proxy {
        allowed,
        credentials: Credentials::default(),
        dialler: Dialler::system(reach),
        ledger: Book::default(),
        limits: Limits::default(),
        advice: Advice::default(),
    };
    let (over, hears) = watch::channel(false);
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime
            .unwrap()
            .block_on(serve(proxy, vec![Door::Forward(listener, target)], hears))
            .unwrap();
    });
    let mut client = TcpStream::connect(at).unwrap();
    client.write_all(b"CONNECT evil.test:1 HTTP/1.1\r\n\r\n").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut said = String::new();
    client.read_to_string(&mut said).unwrap();
    assert_eq!(said, "CONNECT evil.test:1 HTTP/1.1\r\n\r\n");
    drop(over);
    thread.join().unwrap();
}
