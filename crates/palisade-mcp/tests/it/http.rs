//! Streamable HTTP on loopback.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use palisade_guards::call::Value;
use palisade_mcp::http::{Service, listen};
use palisade_mcp::{Call, Front, Handler};

#[derive(Default)]
struct Echo(Front);

impl Handler for Echo {
    fn front(&self) -> &Front {
        &self.0
    }
    fn hello(&self) -> Value {
        Value::map([("serverInfo", "echo".into())])
    }
    fn request(&self, call: &Arc<Call>, method: &str, _: &Value) {
        call.progress("half");
        call.answer(Value::map([("method", method.into())]));
    }
    fn cancelled(&self, _: &str) {}
    fn notification(&self, _: &str, _: &Value) {}
    fn response(&self, _: &str, _: Value) {}
}

struct End<'a>(&'a AtomicBool, u16);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.1));
    }
}

fn ask(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn post(port: u16, more: &str, body: &str) -> String {
    let length = body.len();
    ask(
        port,
        &format!(
            "POST /mcp HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{more}\r\n{body}"
        ),
    )
}

#[test]
fn only_who_has_the_token_and_comes_from_here_is_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let done = AtomicBool::new(false);
    let lot = std::sync::atomic::AtomicU64::new(1);
    let service = Service {
        token: "secret".into(),
        open: &|| Arc::new(Echo::default()),
        lot: &|| lot.fetch_add(1, Ordering::Relaxed),
        longest: 1 << 16,
    };
    thread::scope(|scope| {
        scope.spawn(|| listen(&listener, &service, &|| !done.load(Ordering::Relaxed)).unwrap());
        // Also where an assertion below fails.
        let _end = End(&done, port);
        let here = format!("Host: 127.0.0.1:{port}\r\nAuthorization: Bearer secret\r\n");
        let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{}}}"#;
        for (more, status) in [
            (String::new(), 403),
            (format!("Host: 127.0.0.1:{port}\r\n"), 401),
            (format!("Host: 127.0.0.1:{port}\r\nAuthorization: Bearer secreT\r\n"), 401),
            (format!("Host: 127.0.0.1:{port}\r\nAuthorization: Bearer \r\n"), 401),
            (format!("Host: evil.example:{port}\r\nAuthorization: Bearer secret\r\n"), 403),
            ("Host: localhost\r\nAuthorization: Bearer secret\r\n".to_owned(), 403),
            (format!("{here}Host: evil.example\r\n"), 400),
            (format!("{here}Origin: https://evil.example\r\n"), 403),
            (format!("{here}Origin: null\r\n"), 403),
            (format!("{here}Transfer-Encoding: chunked\r\n"), 411),
            (format!("{here}Content-Length: 3\r\n"), 400),
            (format!("{here}MCP-Protocol-Version: 1999-01-01\r\n"), 400),
        ] {
            let answer = post(port, &more, hello);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{more}: {answer}");
            assert!(!answer.contains("serverInfo"), "{answer}");
        }
        let answer = post(port, &format!("{here}Origin: http://localhost:{port}\r\n"), hello);
        assert!(
            answer.starts_with("HTTP/1.1 200 OK") && answer.contains("\"serverInfo\":\"echo\""),
            "{answer}"
        );
        let session = answer
            .lines()
            .find_map(|line| line.strip_prefix("Mcp-Session-Id: "))
            .unwrap()
            .to_owned();
        let list = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{"_meta":{"progressToken":7}}}"#;
        assert!(post(port, &here, list).starts_with("HTTP/1.1 400"));
        assert!(
            post(port, &format!("{here}Mcp-Session-Id: 00\r\n"), list).starts_with("HTTP/1.1 404")
        );
        let with = format!("{here}Mcp-Session-Id: {session}\r\n");
        let answer = post(port, &with, list);
        assert!(
            answer.contains("text/event-stream") && answer.contains("notifications/progress"),
            "{answer}"
        );
        assert!(answer.contains("data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\""), "{answer}");
        let said = post(port, &with, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        assert!(said.starts_with("HTTP/1.1 202"), "{said}");
        assert!(ask(port, &format!("GET /mcp HTTP/1.1\r\n{with}\r\n")).starts_with("HTTP/1.1 405"));
        assert!(
            ask(port, &format!("GET /other HTTP/1.1\r\n{with}\r\n")).starts_with("HTTP/1.1 404")
        );
        assert!(post(port, &with, &"x".repeat(70_000)).starts_with("HTTP/1.1 413"));
        assert!(post(port, &with, "garbage").contains("-32700"));
        assert!(ask(port, &format!("X{}\r\n\r\n", "y".repeat(20_000))).starts_with("HTTP/1.1 4"));
        assert!(
            ask(port, &format!("DELETE /mcp HTTP/1.1\r\n{with}\r\n")).starts_with("HTTP/1.1 200")
        );
        assert!(post(port, &with, list).starts_with("HTTP/1.1 404"));
    });
}
