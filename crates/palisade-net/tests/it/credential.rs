//! Credentials put in by the proxy, between real clients and TLS servers on
//! loopback, with scripted names.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use palisade_net::proxy::{Credential, Credentials, Limits, Terms};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned};

use crate::proxy::{HERE, Running, server, sockets};

const VALUE: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
const OTHER: &str = "sk-ant-api03-0123456789abcdefghijABCDEFGHIJ";

type Inner = StreamOwned<ServerConnection, TcpStream>;
type Secured = StreamOwned<ClientConnection, TcpStream>;

/// A TLS server for `a.test` and `b.test` on one port, and what it was sent.
struct Host {
    port: u16,
    root: CertificateDer<'static>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Host {
    fn new(each: impl Fn(&mut Inner, &str) -> bool + Send + Sync + 'static) -> Self {
        let names = vec!["a.test".to_owned(), "b.test".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let root = made.cert.der().clone();
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![root.clone()], key)
                .unwrap();
        let config = Arc::new(config);
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = heard.clone();
        let port = server(move |stream| {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            while let Some(head) = head(&mut stream) {
                seen.lock().unwrap().push(head.clone());
                if !each(&mut stream, &head) {
                    break;
                }
            }
            stream.conn.send_close_notify();
            let _ = stream.flush();
        });
        Self { port, root, heard }
    }

    /// Says back what it was sent.
    fn mirror() -> Self {
        Self::new(|stream, head| {
            let length = field(head, "content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
            let mut body = vec![0; length];
            let _ = stream.read_exact(&mut body);
            let said = format!("{head}{}", String::from_utf8_lossy(&body));
            let echo = field(head, "authorization").unwrap_or_default();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nX-Echo: {echo}\r\nContent-Length: {}\r\n\r\n{said}",
                said.len()
            );
            stream.flush().is_ok()
        })
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    fn name(&self, host: &str) -> String {
        format!("{host}:{}", self.port)
    }

    /// A proxy that holds one credential for `a.test`, and another for nobody
    /// here.
    fn proxy(&self, only: &[&str]) -> (Running, Held) {
        let only: Vec<String> = only.iter().map(|text| (*text).to_owned()).collect();
        let terms = Terms::parse(&[self.name("a.test")], &[], &only).unwrap();
        let elsewhere =
            Terms::parse(&["c.test".to_owned()], &["X-Api-Key".to_owned()], &[]).unwrap();
        let each = vec![
            Credential::new("GITHUB_TOKEN", terms, VALUE.into()).unwrap(),
            Credential::new("OTHER_KEY", elsewhere, OTHER.into()).unwrap(),
        ];
        let credentials = Credentials::trusting(each, vec![self.root.clone()]).unwrap();
        let phantoms: Vec<String> = credentials.phantoms().map(|(_, one)| one.to_owned()).collect();
        let held = Held {
            phantom: phantoms[0].clone(),
            other: phantoms[1].clone(),
            certificates: credentials.certificates().to_owned(),
        };
        let names = [self.name("a.test"), self.name("b.test")];
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let proxy = Running::holding(&names, &names, Limits::default(), credentials);
        for name in ["a.test", "b.test"] {
            proxy.names.then(name, vec![HERE]);
        }
        (proxy, held)
    }
}

/// What the confined side has.
struct Held {
    phantom: String,
    other: String,
    certificates: String,
}

impl Held {
    fn trust(&self, roots: &[CertificateDer<'static>], alpn: &[&str]) -> Arc<ClientConfig> {
        let mut store = rustls::RootCertStore::empty();
        store.add_parsable_certificates(roots.iter().cloned());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(store)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|one| one.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    /// A TLS connection through the proxy to `target`, asking for `name`.
    fn tls(&self, proxy: &Running, target: &str, name: &str) -> Secured {
        let all: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(self.certificates.as_bytes())
                .collect::<Result<_, _>>()
                .unwrap();
        secured(proxy.tunnel(target), self.trust(&all, &["h2", "http/1.1"]), name)
    }
}

fn secured(stream: TcpStream, config: Arc<ClientConfig>, name: &str) -> Secured {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    StreamOwned::new(ClientConnection::new(config, name).unwrap(), stream)
}

/// A head, empty line included; `None` where none comes.
fn head(stream: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    String::from_utf8(head).ok()
}

fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// One answer: head and body.
fn answer(stream: &mut impl Read) -> (String, String) {
    let head = head(stream).unwrap_or_default();
    let length = field(&head, "content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (head, String::from_utf8_lossy(&body).into_owned())
}

fn asked(stream: &mut Secured, request: &str) -> (String, String) {
    stream.write_all(request.as_bytes()).unwrap();
    answer(stream)
}

#[test]
fn the_value_reaches_its_host_and_never_comes_back() {
    let host = Host::mirror();
    let (mut proxy, held) = host.proxy(&[]);
    let name = host.name("a.test");
    let mut tls = held.tls(&proxy, &name, "a.test");
    let phantom = &held.phantom;
    assert_ne!(phantom, VALUE);
    let (head, body) = asked(
        &mut tls,
        &format!(
            "GET /user?x=1 HTTP/1.1\r\nHost: {name}\r\nAUTHORIZATION:   Bearer {phantom}\r\nAccept-Encoding: gzip\r\n\
             Proxy-X: 1\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\nTE: trailers\r\n\r\n"
        ),
    );
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}{body}");
    let seen = host.heard().pop().unwrap();
    assert_eq!(field(&seen, "authorization"), Some(format!("Bearer {VALUE}").as_str()), "{seen}");
    assert_eq!(field(&seen, "accept-encoding"), Some("identity"));
    for gone in ["proxy-x", "x-mine", "te"] {
        assert_eq!(field(&seen, gone), None, "{seen}");
    }
    // The host says it back in a field and in the body.
    assert_eq!(field(&head, "x-echo"), Some(format!("Bearer {phantom}").as_str()));
    assert!(!head.contains(VALUE) && !body.contains(VALUE) && body.contains(phantom), "{body}");

    // On the same connection, as `git` and `npm` send it.
    let basic = |text: String| format!("Basic {}", STANDARD.encode(text));
    let request = format!(
        "GET / HTTP/1.1\r\nHost: A.Test.:{}\r\nauthorization: {}\r\n\r\n",
        host.port,
        basic(format!("me:{phantom}"))
    );
    let (head, body) = asked(&mut tls, &request);
    let seen = host.heard().pop().unwrap();
    assert_eq!(field(&seen, "authorization"), Some(basic(format!("me:{VALUE}")).as_str()));
    assert_eq!(field(&seen, "host"), Some(name.as_str()));
    assert_eq!(field(&head, "x-echo"), Some(basic(format!("me:{phantom}")).as_str()));
    assert!(!body.contains(&STANDARD.encode(format!("me:{VALUE}"))), "{body}");

    // However base64 is written, the host's echo says nothing.
    let bare = STANDARD.encode(format!("meme:{phantom}")).trim_end_matches('=').to_owned();
    let request = format!("GET / HTTP/1.1\r\nHost: {name}\r\nAuthorization: bASIC  {bare}\r\n\r\n");
    let (head, body) = asked(&mut tls, &request);
    let whole = STANDARD.encode(format!("meme:{VALUE}"));
    assert_eq!(
        field(&host.heard().pop().unwrap(), "authorization"),
        Some(format!("Basic {whole}").as_str())
    );
    assert!(
        !head.contains(whole.trim_end_matches('=')) && !body.contains(whole.trim_end_matches('=')),
        "{body}"
    );

    // Without the phantom nothing is put in.
    let (_, body) = asked(
        &mut tls,
        &format!("GET /anon HTTP/1.1\r\nHost: {name}\r\nAccept-Encoding: br\r\n\r\n"),
    );
    assert!(body.contains("br") && !body.to_lowercase().contains("authorization"), "{body}");
    drop(tls);
    proxy.end();
    let book = proxy.book.lines();
    assert!(
        proxy.book.has(&format!("using GET https://{name}/user with GITHUB_TOKEN")),
        "{book:?}"
    );
    assert!(proxy.book.has("Some(200)"), "{book:?}");
    assert_eq!(book.iter().filter(|line| line.starts_with("using")).count(), 3, "{book:?}");
    assert!(!book.iter().any(|line| line.contains(VALUE) || line.contains("x=1")), "{book:?}");
}

#[test]
fn socks_leads_to_the_same() {
    let host = Host::mirror();
    let (proxy, held) = host.proxy(&[]);
    let mut client = proxy.client();
    let request = [&[5, 1, 0, 5, 1, 0, 3, 6][..], b"A.test", &host.port.to_be_bytes()];
    client.write_all(&request.concat()).unwrap();
    client.read_exact(&mut [0; 12]).unwrap();
    let all: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(held.certificates.as_bytes()).map(Result::unwrap).collect();
    let mut tls = secured(client, held.trust(&all, &[]), "a.test");
    let name = host.name("a.test");
    let (_, body) = asked(
        &mut tls,
        &format!("GET / HTTP/1.1\r\nHost: {name}\r\nX-Api-Key: {}\r\n\r\n", held.phantom),
    );
    assert!(host.heard()[0].contains(VALUE) && !body.contains(VALUE), "{body}");

    // A refusal is heard, however much was sent.
    let mut tls = secured(proxy.tunnel(&name), held.trust(&all, &[]), "a.test");
    let body = "x".repeat(300 << 10);
    let (head, body) = asked(
        &mut tls,
        &format!(
            "POST /{} HTTP/1.1\r\nHost: {name}\r\nContent-Length: {}\r\n\r\n{body}",
            held.phantom,
            body.len()
        ),
    );
    assert!(head.starts_with("HTTP/1.1 403") && body.contains("egress/credential"), "{head}");
}

#[test]
fn anywhere_else_the_phantom_is_refused_or_stays_a_phantom() {
    let host = Host::mirror();
    let (mut proxy, held) = host.proxy(&[]);
    let (name, port) = (host.name("a.test"), host.port);
    let Held { phantom, other, .. } = &held;
    let escaped = phantom.replace('_', "%5F");
    let basic = STANDARD.encode(format!("x:{other}"));
    for (why, request) in [
        ("address", format!("GET /?t={phantom} HTTP/1.1\r\nHost: {name}\r\n\r\n")),
        ("address", format!("GET /?t={escaped} HTTP/1.1\r\nHost: {name}\r\n\r\n")),
        ("address", format!("GET /?t={VALUE} HTTP/1.1\r\nHost: {name}\r\n\r\n")),
        ("cookie", format!("GET / HTTP/1.1\r\nHost: {name}\r\nCookie: t={phantom}\r\n\r\n")),
        ("cookie", format!("GET / HTTP/1.1\r\nHost: {name}\r\nCookie: t={VALUE}\r\n\r\n")),
        ("another's", format!("GET / HTTP/1.1\r\nHost: {name}\r\nX-Api-Key: {other}\r\n\r\n")),
        (
            "another's",
            format!("GET / HTTP/1.1\r\nHost: {name}\r\nAuthorization: Basic {basic}\r\n\r\n"),
        ),
        (
            "twice",
            format!(
                "GET / HTTP/1.1\r\nHost: {name}\r\nAuthorization: x\r\nauthorization: {phantom}\r\n\r\n"
            ),
        ),
        (
            "host",
            format!("GET / HTTP/1.1\r\nHost: b.test:{port}\r\nAuthorization: {phantom}\r\n\r\n"),
        ),
        (
            "host",
            format!(
                "GET / HTTP/1.1\r\nHost: {name}\r\nHost: b.test\r\nAuthorization: {phantom}\r\n\r\n"
            ),
        ),
        ("host", format!("GET / HTTP/1.1\r\nAuthorization: {phantom}\r\n\r\n")),
        (
            "address",
            format!(
                "GET https://b.test:{port}/ HTTP/1.1\r\nHost: {name}\r\nAuthorization: {phantom}\r\n\r\n"
            ),
        ),
        (
            "address",
            format!(
                "GET http://{name}/ HTTP/1.1\r\nHost: {name}\r\nAuthorization: {phantom}\r\n\r\n"
            ),
        ),
        (
            "named",
            format!(
                "GET / HTTP/1.1\r\nHost: {name}\r\nConnection: authorization\r\nAuthorization: {phantom}\r\n\r\n"
            ),
        ),
        ("method", format!("TRACE / HTTP/1.1\r\nHost: {name}\r\nAuthorization: {phantom}\r\n\r\n")),
        ("name", format!("GET / HTTP/1.1\r\nHost: {name}\r\nAuthorization : {phantom}\r\n\r\n")),
        (
            "folded",
            format!(
                "GET / HTTP/1.1\r\nHost: {name}\r\nAuthorization: Bearer\r\n {phantom}\r\n\r\n"
            ),
        ),
        (
            "lengths",
            format!(
                "POST / HTTP/1.1\r\nHost: {name}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"
            ),
        ),
        ("http/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
    ] {
        let mut tls = held.tls(&proxy, &name, "a.test");
        tls.write_all(request.as_bytes()).unwrap();
        let said = head(&mut tls).unwrap_or_default();
        assert!(
            said.is_empty() || said.starts_with("HTTP/1.1 40"),
            "{why}: {request}\n{said}\n{:?}",
            host.heard()
        );
        assert!(host.heard().is_empty(), "{why}: {:?}", host.heard());
    }
    assert!(
        proxy.book.has("the credential `GITHUB_TOKEN` is not for this: it stands in the address")
    );

    // An absolute address on the same host is the same host.
    let mut tls = held.tls(&proxy, &name, "a.test");
    asked(
        &mut tls,
        &format!(
            "GET https://{name}/abs HTTP/1.1\r\nHost: {name}\r\nAuthorization: {phantom}\r\n\r\n"
        ),
    );
    let seen = host.heard().pop().unwrap();
    assert!(seen.starts_with("GET /abs HTTP/1.1") && seen.contains(VALUE), "{seen}");

    // In a body it is not seen, and worth nothing.
    let body = format!("token={phantom}");
    let length = body.len();
    asked(
        &mut tls,
        &format!("POST / HTTP/1.1\r\nHost: {name}\r\nContent-Length: {length}\r\n\r\n{body}"),
    );
    assert!(!host.heard().pop().unwrap().contains(VALUE));

    // Another host sees the phantom at most: its tunnel is its own.
    let b = host.name("b.test");
    let trust = held.trust(std::slice::from_ref(&host.root), &[]);
    let mut tls = secured(proxy.tunnel(&b), trust, "b.test");
    asked(&mut tls, &format!("GET / HTTP/1.1\r\nHost: {b}\r\nAuthorization: {phantom}\r\n\r\n"));
    let seen = host.heard().pop().unwrap();
    assert!(seen.contains(phantom.as_str()) && !seen.contains(VALUE), "{seen}");
    drop(tls);

    // In the clear, and to the proxy itself.
    for request in [
        format!("GET http://{b}/ HTTP/1.1\r\nHost: {b}\r\nAuthorization: {phantom}\r\n\r\n"),
        format!("GET http://{b}/{escaped} HTTP/1.1\r\nHost: {b}\r\n\r\n"),
        format!("GET http://{b}/ HTTP/1.1\r\nHost: {b}\r\nAuthorization: Basic {basic}\r\n\r\n"),
        format!("CONNECT {b} HTTP/1.1\r\nProxy-Authorization: Bearer {phantom}\r\n\r\n"),
    ] {
        let said = proxy.say(request.as_bytes());
        assert!(said.starts_with("HTTP/1.1 403 Refused by Palisade (egress/credential)"), "{said}");
    }
    proxy.end();
    assert!(
        !proxy
            .book
            .lines()
            .iter()
            .any(|line| line.contains(VALUE) || line.contains(phantom.as_str()))
    );
}

#[test]
fn whoever_asks_for_another_name_or_trusts_nobody_gets_no_further() {
    let host = Host::mirror();
    let (mut proxy, held) = host.proxy(&[]);
    let name = host.name("a.test");
    // Another name in the greeting.
    let mut tls = held.tls(&proxy, &name, "b.test");
    assert!(tls.write_all(b"GET / HTTP/1.1\r\n\r\n").is_err());
    // Somebody who knows only the host's real certificate.
    let real = held.trust(std::slice::from_ref(&host.root), &[]);
    let mut tls = secured(proxy.tunnel(&name), real, "a.test");
    assert!(tls.write_all(b"GET / HTTP/1.1\r\n\r\n").is_err());
    drop(tls);
    // Nobody who speaks HTTP/2 alone.
    let all: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(held.certificates.as_bytes()).map(Result::unwrap).collect();
    let mut tls = secured(proxy.tunnel(&name), held.trust(&all, &["h2"]), "a.test");
    assert!(tls.write_all(b"GET / HTTP/1.1\r\n\r\n").is_err());
    // No TLS at all.
    let mut plain = proxy.tunnel(&name);
    write!(plain, "GET / HTTP/1.1\r\nHost: {name}\r\nAuthorization: {}\r\n\r\n", held.phantom)
        .unwrap();
    let mut said = String::new();
    let _ = plain.read_to_string(&mut said);
    assert_eq!(said, "");
    // The authority of the run proves the credential's hosts and no others.
    let ours = all.last().unwrap().clone();
    let mut tls = secured(proxy.tunnel(&host.name("b.test")), held.trust(&[ours], &[]), "b.test");
    assert!(tls.write_all(b"GET / HTTP/1.1\r\n\r\n").is_err());
    drop(tls);
    proxy.end();
    assert!(host.heard().is_empty());
    for words in ["egress/other-name", "egress/distrusted", "this is none"] {
        assert!(proxy.book.has(words), "{words}: {:?}", proxy.book.lines());
    }
    assert!(!held.certificates.contains("PRIVATE"));
}

#[test]
fn a_host_that_cannot_prove_itself_is_sent_nothing() {
    let host = Host::mirror();
    let stranger = rcgen::generate_simple_self_signed(vec!["a.test".to_owned()]).unwrap();
    let terms = Terms::parse(&[host.name("a.test")], &[], &[]).unwrap();
    let each = vec![Credential::new("T", terms, VALUE.into()).unwrap()];
    let credentials = Credentials::trusting(each, vec![stranger.cert.der().clone()]).unwrap();
    let held = Held {
        phantom: credentials.phantoms().next().unwrap().1.to_owned(),
        other: String::new(),
        certificates: credentials.certificates().to_owned(),
    };
    let name = host.name("a.test");
    let proxy = Running::holding(&[&name], &[&name], Limits::default(), credentials);
    proxy.names.then("a.test", vec![HERE]);
    let mut tls = held.tls(&proxy, &name, "a.test");
    let (head, body) = asked(
        &mut tls,
        &format!("GET / HTTP/1.1\r\nHost: {name}\r\nAuthorization: {}\r\n\r\n", held.phantom),
    );
    assert!(head.starts_with("HTTP/1.1 502") && body.contains("no encrypted connection"), "{body}");
    assert!(host.heard().is_empty());
}

#[test]
fn only_what_the_credential_is_for_may_be_asked_with_it() {
    let host = Host::mirror();
    let (proxy, held) = host.proxy(&["GET /repos/**"]);
    let name = host.name("a.test");
    let phantom = &held.phantom;
    let say = |line: &str, more: &str| {
        let mut tls = held.tls(&proxy, &name, "a.test");
        let request =
            format!("{line} HTTP/1.1\r\nHost: {name}\r\nAuthorization: {phantom}\r\n{more}\r\n");
        asked(&mut tls, &request).0
    };
    assert!(say("GET /repos/a/b", "").starts_with("HTTP/1.1 200"));
    for line in ["POST /repos/a", "GET /user", "GET /repos/../user", "GET /repos/%2e%2e/user"] {
        assert!(say(line, "").starts_with("HTTP/1.1 403"), "{line}");
    }
    for field in [
        "X-HTTP-Method-Override: DELETE",
        "X-Original-URL: /user",
        "x-rewrite-url: /user",
        "X_Rewrite_URL: /user",
        "X-Forwarded-Uri: /user",
        "Destination: /user",
    ] {
        let said = say("GET /repos/a", &format!("{field}\r\n"));
        assert!(said.starts_with("HTTP/1.1 403"), "{field}");
    }
    assert!(say("GET /repos/a?%5Fmethod=DELETE", "").starts_with("HTTP/1.1 403"));
    assert!(say("GET /unwritable", "").starts_with("HTTP/1.1 403"));
    assert_eq!(host.heard().len(), 1);
}

#[test]
fn what_cannot_be_written_down_is_not_sent() {
    let host = Host::mirror();
    let (proxy, held) = host.proxy(&[]);
    let name = host.name("a.test");
    let mut tls = held.tls(&proxy, &name, "a.test");
    let (head, _) = asked(
        &mut tls,
        &format!(
            "GET /unwritable HTTP/1.1\r\nHost: {name}\r\nAuthorization: {}\r\n\r\n",
            held.phantom
        ),
    );
    assert!(head.contains("egress/unrecorded"), "{head}");
    assert!(host.heard().is_empty());
}

#[test]
fn requests_one_behind_the_other_are_each_judged() {
    let host = Host::mirror();
    let (proxy, held) = host.proxy(&[]);
    let name = host.name("a.test");
    let phantom = &held.phantom;
    let mut tls = held.tls(&proxy, &name, "a.test");
    let one = format!("GET /1 HTTP/1.1\r\nHost: {name}\r\nAuthorization: {phantom}\r\n\r\n");
    let two = format!("GET /2 HTTP/1.1\r\nHost: {name}\r\n\r\n");
    let evil = format!("GET /3 HTTP/1.1\r\nHost: evil.test\r\nAuthorization: {phantom}\r\n\r\n");
    tls.write_all(format!("{one}{two}{evil}{one}").as_bytes()).unwrap();
    assert!(answer(&mut tls).1.starts_with("GET /1"));
    assert!(answer(&mut tls).1.starts_with("GET /2"));
    assert!(answer(&mut tls).0.starts_with("HTTP/1.1 400"));
    assert_eq!(head(&mut tls), None);
    let heard = host.heard();
    assert_eq!(heard.len(), 2);
    assert!(heard[0].contains(VALUE) && !heard[1].contains(VALUE));
}

/// Pieces of a chunked body, and how long they were together.
fn chunks(stream: &mut impl Read) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let mut line = Vec::new();
        let mut byte = [0];
        while !line.ends_with(b"\r\n") {
            stream.read_exact(&mut byte).unwrap();
            line.push(byte[0]);
        }
        let size = usize::from_str_radix(std::str::from_utf8(&line).unwrap().trim(), 16).unwrap();
        let mut piece = vec![0; size + 2];
        stream.read_exact(&mut piece).unwrap();
        if size == 0 {
            return whole;
        }
        whole.extend_from_slice(&piece[..size]);
    }
}

#[test]
fn megabytes_go_both_ways_in_pieces() {
    let host = Host::new(|stream, _| {
        let body = chunks(stream);
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        // The value stands across the border of two pieces, and at the end.
        let text = format!("{}|{VALUE}|{}{VALUE}", body.len(), "x".repeat(3 << 20));
        for piece in text.as_bytes().chunks(20_011) {
            let _ = write!(stream, "{:x}\r\n", piece.len());
            let _ = stream.write_all(piece);
            let _ = write!(stream, "\r\n");
        }
        let _ = write!(stream, "0\r\n\r\n");
        stream.flush().is_ok()
    });
    let (proxy, held) = host.proxy(&[]);
    let name = host.name("a.test");
    let mut tls = held.tls(&proxy, &name, "a.test");
    write!(
        tls,
        "POST / HTTP/1.1\r\nHost: {name}\r\nAuthorization: {}\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
        held.phantom
    )
    .unwrap();
    assert!(head(&mut tls).unwrap().starts_with("HTTP/1.1 100"));
    let piece = vec![b'p'; 64 << 10];
    for _ in 0..64 {
        write!(tls, "{:x}\r\n", piece.len()).unwrap();
        tls.write_all(&piece).unwrap();
        write!(tls, "\r\n").unwrap();
    }
    write!(tls, "0\r\n\r\n").unwrap();
    let head = head(&mut tls).unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let body = String::from_utf8(chunks(&mut tls)).unwrap();
    let phantom = &held.phantom;
    assert!(body.starts_with(&format!("{}|{phantom}|x", 4 << 20)));
    assert!(body.ends_with(phantom.as_str()) && !body.contains(VALUE));
}

#[test]
fn events_come_as_they_are_said() {
    let host = Host::new(|stream, _| {
        let _ =
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
        let _ = stream.flush();
        // The next one only after the client has the first.
        head(stream).is_some()
    });
    let (proxy, held) = host.proxy(&[]);
    let name = host.name("a.test");
    let mut tls = held.tls(&proxy, &name, "a.test");
    write!(tls, "GET / HTTP/1.1\r\nHost: {name}\r\nAuthorization: {}\r\n\r\n", held.phantom)
        .unwrap();
    let answered = head(&mut tls).unwrap();
    assert!(answered.contains("text/event-stream"), "{answered}");
    let mut said = Vec::new();
    while !said.ends_with(b"data: 1\n\n") {
        let mut byte = [0];
        tls.read_exact(&mut byte).unwrap();
        said.push(byte[0]);
    }
}

#[test]
fn a_web_socket_goes_through_after_its_head() {
    let host = Host::new(|stream, head| {
        assert_eq!(field(head, "upgrade"), Some("websocket"));
        let _ = write!(
            stream,
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"
        );
        let mut piece = [0; 100];
        while let Ok(count @ 1..) = stream.read(&mut piece) {
            if stream.write_all(&piece[..count]).and_then(|()| stream.flush()).is_err() {
                break;
            }
        }
        false
    });
    let (mut proxy, held) = host.proxy(&[]);
    let name = host.name("a.test");
    let mut tls = held.tls(&proxy, &name, "a.test");
    write!(
        tls,
        "GET /socket HTTP/1.1\r\nHost: {name}\r\nAuthorization: Bearer {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        held.phantom
    )
    .unwrap();
    let answered = head(&mut tls).unwrap();
    assert!(answered.starts_with("HTTP/1.1 101") && answered.contains("x\r\n"), "{answered}");
    for word in [b"hello", b"again"] {
        tls.write_all(word).unwrap();
        let mut said = [0; 5];
        tls.read_exact(&mut said).unwrap();
        assert_eq!(&said, word);
    }
    assert!(host.heard()[0].contains(VALUE));
    drop(tls);
    proxy.end();
    assert!(proxy.book.has("Some(101)"), "{:?}", proxy.book.lines());
}

#[test]
fn a_host_that_ends_between_requests_is_seen_to_end() {
    let host = Host::new(|stream, _| {
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        let _ = stream.flush();
        false
    });
    let (proxy, held) = host.proxy(&[]);
    let name = host.name("a.test");
    let mut tls = held.tls(&proxy, &name, "a.test");
    let request =
        format!("GET / HTTP/1.1\r\nHost: {name}\r\nAuthorization: {}\r\n\r\n", held.phantom);
    assert!(asked(&mut tls, &request).0.starts_with("HTTP/1.1 200"));
    // An end, not an answer that nobody gave.
    let _ = tls.write_all(request.as_bytes());
    assert_eq!(head(&mut tls), None);
    drop(proxy);
}

#[test]
fn two_hundred_at_once_leave_no_descriptor_behind() {
    let host = Host::mirror();
    let (mut proxy, held) = host.proxy(&[]);
    let name = host.name("a.test");
    let mut all: Vec<Secured> = (0..200).map(|_| held.tls(&proxy, &name, "a.test")).collect();
    for (at, tls) in all.iter_mut().enumerate() {
        write!(
            tls,
            "GET /{at} HTTP/1.1\r\nHost: {name}\r\nAuthorization: {}\r\n\r\n",
            held.phantom
        )
        .unwrap();
    }
    for (at, tls) in all.iter_mut().enumerate() {
        let (_, body) = answer(tls);
        assert!(body.starts_with(&format!("GET /{at} HTTP")), "{body}");
    }
    drop(all);
    proxy.end();
    let ports = BTreeSet::from([host.port, proxy.port]);
    for _ in 0..5000 {
        if sockets(&ports) == 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(sockets(&ports), 0);
    let used = proxy.book.lines().iter().filter(|line| line.starts_with("using")).count();
    assert_eq!(used, 200);
}

#[test]
fn terms_that_cannot_be_meant_are_errors() {
    let parse = |host: &str, field: &str, only: &str| {
        let list = |text: &str| if text.is_empty() { vec![] } else { vec![text.to_owned()] };
        Terms::parse(&list(host), &list(field), &list(only))
    };
    assert!(parse("Bücher.example.", "X-Key", "GET /x").is_ok());
    for host in [
        "",
        "*.a.example",
        "*",
        "https://a.example",
        "1.2.3.4",
        "[::1]:443",
        "a.example:*",
        "0x7f.1",
    ] {
        assert!(parse(host, "", "").is_err(), "{host}");
    }
    for field in ["Host", "Connection", "Proxy-Authorization", "a b", "Content-Length", "TE"] {
        assert!(parse("a.example", field, "").is_err(), "{field}");
    }
    let terms = || parse("a.example", "", "").unwrap();
    for value in ["", "sh0rt", "two\nlines here", "with blank here", "ümlaut-token", "tab\there..."]
    {
        let error = Credential::new("T", terms(), value.into()).unwrap_err();
        assert!(value.is_empty() || !error.contains(value), "{error}");
    }
    let shown = format!("{:?}", Credential::new("T", terms(), VALUE.into()).unwrap());
    assert!(!shown.contains(VALUE), "{shown}");
    // Nothing configured, nothing made.
    assert_eq!(Credentials::new(Vec::new()).unwrap().certificates(), "");
}
