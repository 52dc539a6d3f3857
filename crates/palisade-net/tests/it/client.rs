//! Pages, and servers that mean no good.

use std::io::Write as _;
use std::time::Duration;

use palisade_guards::network::Reach;
use palisade_net::dial::Scripted;
use palisade_net::{Client, Failed, FetchError, Limits, Page, trusting};

use crate::server::{PUBLIC, Saying, Server, ok, packed, permit, redirect};

fn limits() -> Limits {
    Limits {
        wire: 1 << 20,
        unpacked: 4 << 20,
        time: Duration::from_secs(20),
        idle: Duration::from_secs(10),
        ..Limits::default()
    }
}

/// Every name is public, and is this server.
async fn get(server: &Server, url: &str) -> Result<Page, Failed> {
    let script = Scripted::new(Some(PUBLIC.parse().unwrap()));
    let (dialler, _) = server.dialler(script, Reach::default());
    Client::new(dialler, limits()).get(permit(url)).await
}

async fn error(behaviour: impl Fn(&str) -> Saying + Send + Sync + 'static) -> FetchError {
    let server = Server::new(behaviour).await;
    get(&server, "http://a.example/").await.unwrap_err().error
}

#[tokio::test]
async fn a_page_comes_with_its_way() {
    let server = Server::new(|line| match line {
        "GET /a?x=1 HTTP/1.1" => redirect("/b#c"),
        "GET /b HTTP/1.1" => ok("text/html; charset=utf-8", b"<p>caf\xc3\xa9"),
        _ => redirect("/wrong"),
    })
    .await;
    let page = get(&server, "http://a.example/a?x=1#y").await.unwrap();
    assert_eq!((page.status, page.url.as_str()), (200, "http://a.example/b"));
    assert_eq!((page.media.as_str(), page.text.as_str()), ("text/html", "<p>caf\u{e9}"));
    assert_eq!(page.origin, "http://a.example");
    let steps: Vec<_> = page.steps.iter().map(|step| (step.url.as_str(), step.status)).collect();
    assert_eq!(steps, [("http://a.example/a?x=1", Some(302)), ("http://a.example/b", None)]);
    let first = server.requests().remove(0);
    assert!(first.contains("\r\nhost: a.example\r\n"), "{first}");
    assert!(!first.to_lowercase().contains("cookie") && !first.contains("authorization"));
}

#[tokio::test]
async fn errors_of_the_server_are_pages_too() {
    let server = Server::new(|_| {
        "HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\ngone".to_owned().into()
    })
    .await;
    let page = get(&server, "http://a.example/").await.unwrap();
    assert_eq!((page.status, page.text.as_str()), (404, "gone"));
    let server =
        Server::new(|_| "HTTP/1.1 302 Found\r\ncontent-length: 2\r\n\r\nok".to_owned().into())
            .await;
    assert_eq!(get(&server, "http://a.example/").await.unwrap().status, 302);
}

#[tokio::test]
async fn every_hop_is_judged_and_resolved_anew() {
    for (location, rule) in [
        ("http://127.0.0.1/", "fetch/private-address"),
        ("//[::ffff:169.254.169.254]/", "fetch/metadata"),
        ("http://2130706433/", "fetch/private-address"),
        ("http://localhost/", "fetch/local-name"),
        ("http://rebound.example/", "fetch/private-address"),
        ("http://a.example/again", "fetch/private-address"),
        ("http://nothing.example/", "fetch/unresolved"),
        ("file:///etc/passwd", "fetch/scheme"),
        ("http://user@b.example/", "fetch/userinfo"),
        ("http://b.example:6379/", "fetch/port"),
        ("\\\\127.0.0.1\\", "fetch/malformed"),
        ("///b.example/", "fetch/malformed"),
    ] {
        let place = location.to_owned();
        let server = Server::new(move |_| redirect(&place)).await;
        let script = Scripted::new(Some(PUBLIC.parse().unwrap()));
        script.then("rebound.example", vec!["10.0.0.1".parse().unwrap()]);
        script.then("nothing.example", Vec::new());
        script.then("a.example", vec![PUBLIC.parse().unwrap()]);
        script.then("a.example", vec!["127.0.0.1".parse().unwrap()]);
        let (dialler, dialled) = server.dialler(script, Reach::default());
        let failed =
            Client::new(dialler, limits()).get(permit("http://a.example/")).await.unwrap_err();
        let found = failed.error.refusal().map(|refusal| refusal.rule);
        assert_eq!(found, Some(rule), "{location}: {}", failed.error);
        assert_eq!(failed.steps.len(), 1);
        assert_eq!(dialled.lock().unwrap().len(), 1, "{location}");
        assert_eq!(server.requests().len(), 1, "{location}");
    }
}

#[tokio::test]
async fn loops_end() {
    let server = Server::new(|_| redirect("/")).await;
    let failed = get(&server, "http://a.example/").await.unwrap_err();
    assert_eq!(failed.error.refusal().map(|refusal| refusal.rule), Some("fetch/redirects"));
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn a_redirect_says_one_thing() {
    let two = error(|_| {
        "HTTP/1.1 302 Found\r\nlocation: /a\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n"
            .to_owned()
            .into()
    });
    assert!(matches!(two.await, FetchError::Http(_)));
}

#[tokio::test]
async fn nothing_is_endless() {
    let chunk = || format!("10000\r\n{}\r\n", "a".repeat(0x10000)).into_bytes();
    let body = error(move |_| Saying {
        head: b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
        again: chunk(),
        silent: false,
    });
    assert!(matches!(body.await, FetchError::TooLarge(_)));
    let unframed = error(|_| Saying {
        head: b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
        again: vec![b'a'; 65536],
        silent: false,
    });
    assert!(matches!(unframed.await, FetchError::TooLarge(_)));
    let said =
        error(|_| "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nx".to_owned().into());
    assert!(matches!(said.await, FetchError::TooLarge(_)));
    let headers = error(|_| Saying {
        head: b"HTTP/1.1 200 OK\r\n".to_vec(),
        again: b"a: b\r\n".repeat(100),
        silent: false,
    });
    assert!(matches!(headers.await, FetchError::Http(_)));
    let header = error(|_| Saying {
        head: b"HTTP/1.1 200 OK\r\na: ".to_vec(),
        again: vec![b'a'; 4096],
        silent: false,
    });
    assert!(matches!(header.await, FetchError::Http(_)));
}

#[tokio::test]
async fn silence_and_drops_end_it() {
    let brief =
        Limits { time: Duration::from_millis(400), idle: Duration::from_millis(100), ..limits() };
    for head in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"] {
        let server = Server::new(move |_| Saying {
            head: head.as_bytes().to_vec(),
            again: Vec::new(),
            silent: true,
        })
        .await;
        let script = Scripted::new(Some(PUBLIC.parse().unwrap()));
        let (dialler, _) = server.dialler(script, Reach::default());
        let failed =
            Client::new(dialler, brief).get(permit("http://a.example/")).await.unwrap_err();
        assert!(matches!(failed.error, FetchError::Silent(_)), "{head:?}: {}", failed.error);
    }
    // Information without end: something always comes, but never an answer.
    let server = Server::new(|_| Saying {
        head: Vec::new(),
        again: b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(),
        silent: true,
    })
    .await;
    let script = Scripted::new(Some(PUBLIC.parse().unwrap()));
    let (dialler, _) = server.dialler(script, Reach::default());
    let failed = Client::new(dialler, brief).get(permit("http://a.example/")).await.unwrap_err();
    assert!(
        matches!(failed.error, FetchError::Silent(_) | FetchError::TooSlow(_)),
        "{}",
        failed.error
    );
    let cut = error(|_| "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc".to_owned().into());
    assert!(matches!(cut.await, FetchError::Http(_)));
    let other = error(|_| "SSH-2.0-OpenSSH_9.9\r\n".to_owned().into());
    assert!(matches!(other.await, FetchError::Http(_)));
}

#[tokio::test]
async fn bombs_and_what_is_no_text_are_left() {
    let bomb = error(|_| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(&vec![b' '; 64 << 20]).unwrap();
        packed("text/html", "gzip", &out.finish().unwrap())
    });
    assert!(matches!(bomb.await, FetchError::Bomb(_) | FetchError::UnpacksTooLarge(_)));
    let twice = error(|_| packed("text/html", "gzip, br", b"x"));
    assert!(matches!(twice.await, FetchError::Packing(_)));
    let picture = error(|_| ok("image/png", b"\x89PNG"));
    assert!(matches!(picture.await, FetchError::NotText(_)));
    let program = error(|_| ok("application/octet-stream", b"\x7fELF\0\0"));
    assert!(matches!(program.await, FetchError::NotText(_)));
    let liar = error(|_| ok("text/plain", b"\x7fELF\0\0"));
    assert!(matches!(liar.await, FetchError::NotText(_)));
    let server = Server::new(|_| ok("application/octet-stream", b"text")).await;
    assert_eq!(get(&server, "http://a.example/").await.unwrap().text, "text");
}

#[tokio::test]
async fn certificates_are_for_the_name_that_was_asked_for() {
    use std::sync::{Arc, Mutex};
    let made = rcgen::generate_simple_self_signed(vec!["a.example".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let behaviour: crate::server::Behaviour = Arc::new(|line| match line {
            "GET /down HTTP/1.1" => redirect("http://a.example/"),
            _ => ok("text/plain", b"secret"),
        });
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            crate::server::answer(stream, Arc::clone(&behaviour), Arc::default()).await;
        }
    });
    let server = Server { address, requests: Arc::new(Mutex::default()) };
    let client = |roots: Vec<_>| {
        let script = Scripted::new(Some(PUBLIC.parse().unwrap()));
        let (dialler, _) = server.dialler(script, Reach::default());
        Client::with_tls(dialler, limits(), trusting(roots))
    };
    let trusted = client(vec![made.cert.der().clone()]);
    assert_eq!(trusted.get(permit("https://a.example/")).await.unwrap().text, "secret");
    let failed = trusted.get(permit("https://b.example/")).await.unwrap_err();
    assert!(matches!(failed.error, FetchError::Tls { .. }), "{}", failed.error);
    let failed = trusted.get(permit("https://a.example/down")).await.unwrap_err();
    assert_eq!(failed.error.refusal().map(|refusal| refusal.rule), Some("fetch/downgrade"));
    let failed = client(Vec::new()).get(permit("https://a.example/")).await.unwrap_err();
    assert!(matches!(failed.error, FetchError::Tls { .. }), "{}", failed.error);
}
