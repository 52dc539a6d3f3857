//! A scripted model on loopback: it has a client run two commands and is done.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::dialect::{self, Dialect, Sent};

/// A request larger than this is not read.
const MOST: u64 = 64 << 20;
/// How long a connection may say nothing.
const SILENCE: Duration = Duration::from_secs(120);

/// The server, for as long as the process lives.
#[derive(Debug)]
pub struct Model {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

/// What the model was shown.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// How many requests offered tools.
    pub turns: usize,
    /// What the client said about each call, in order, in the longest
    /// conversation.
    pub results: Vec<String>,
    /// Why a call could not be made.
    pub trouble: Option<String>,
}

impl Model {
    /// Starts serving: one command a turn.
    ///
    /// # Errors
    /// Where loopback cannot be listened on.
    pub fn start(commands: Vec<String>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (commands, shared) = (Arc::new(commands), Arc::clone(&seen));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (commands, seen) = (Arc::clone(&commands), Arc::clone(&shared));
                thread::spawn(move || {
                    // A client that goes away ends its connection.
                    let _ = serve(stream, &commands, &seen);
                });
            }
        });
        Ok(Self { address, seen })
    }

    /// Its address, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was shown until now.
    pub fn seen(&self) -> Seen {
        self.seen.lock().map_or_else(|_| Seen::default(), |seen| seen.clone())
    }
}

struct Request {
    method: String,
    path: String,
    body: Vec<u8>,
    encoded: bool,
}

fn serve(stream: TcpStream, commands: &[String], seen: &Mutex<Seen>) -> io::Result<()> {
    stream.set_read_timeout(Some(SILENCE))?;
    let mut out = stream.try_clone()?;
    let mut input = BufReader::new(stream);
    while let Some(request) = read(&mut input)? {
        if !answer(&mut out, &request, commands, seen)? {
            break;
        }
    }
    Ok(())
}

/// One request; none at the end.
fn read(input: &mut impl BufRead) -> io::Result<Option<Request>> {
    let first = line(input)?;
    let mut words = first.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let path = target.split('?').next().unwrap_or("").to_owned();
    let method = method.to_owned();
    let (mut length, mut chunked, mut encoded) = (0, false, false);
    loop {
        let header = line(input)?;
        let Some((name, value)) = header.split_once(':') else { break };
        let value = value.trim().to_ascii_lowercase();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "transfer-encoding" => chunked = value.contains("chunked"),
            "content-encoding" => encoded = value != "identity",
            _ => {}
        }
    }
    let mut body = Vec::new();
    if chunked {
        loop {
            let size = line(input)?;
            let size = size.split(';').next().unwrap_or("").trim();
            let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
            if size + body.len() as u64 > MOST {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            input.by_ref().take(size).read_to_end(&mut body)?;
            line(input)?;
            if size == 0 {
                break;
            }
        }
    } else {
        input.by_ref().take(length.min(MOST)).read_to_end(&mut body)?;
    }
    Ok(Some(Request { method, path, body, encoded }))
}

fn line(input: &mut impl BufRead) -> io::Result<String> {
    let mut bytes = Vec::new();
    input.by_ref().take(1 << 16).read_until(b'\n', &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

/// Answers, and says whether the connection goes on.
fn answer(
    out: &mut TcpStream,
    request: &Request,
    commands: &[String],
    seen: &Mutex<Seen>,
) -> io::Result<bool> {
    let path = request.path.as_str();
    let dialect = (request.method == "POST").then(|| Dialect::of(path)).flatten();
    let Some(dialect) = dialect else {
        let body = if path.contains("models") { dialect::models() } else { dialect::other(path) };
        return plain(out, &body, request.method == "HEAD", 200).map(|()| true);
    };
    let body: Option<Value> = serde_json::from_slice(&request.body).ok();
    let Some(body) = body.filter(Value::is_object) else {
        if let Ok(mut seen) = seen.lock() {
            let why = if request.encoded { "a compressed request" } else { "no JSON" };
            seen.trouble = Some(format!("the client sent {why}"));
        }
        return plain(out, &json!({"error": {"message": "not understood"}}), false, 415)
            .map(|()| true);
    };
    let reply = dialect::reply(dialect, &body, commands);
    if let Ok(mut seen) = seen.lock() {
        seen.turns += usize::from(reply.turn.is_some());
        let results = dialect::results(dialect, &body);
        if results.len() > seen.results.len() {
            seen.results = results;
        }
        seen.trouble = reply.trouble.clone().or(seen.trouble.take());
    }
    match dialect::written(dialect, &body, &reply, path) {
        Sent::Whole(body) => plain(out, &body, false, 200).map(|()| true),
        Sent::Stream(events) => {
            write!(
                out,
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\nconnection: close\r\n\r\n"
            )?;
            for (name, data) in events {
                if let Some(name) = name {
                    writeln!(out, "event: {name}")?;
                }
                match data {
                    Some(data) => write!(out, "data: {data}\n\n")?,
                    None => write!(out, "data: [DONE]\n\n")?,
                }
            }
            out.flush()?;
            let _ = out.shutdown(std::net::Shutdown::Both);
            Ok(false)
        }
    }
}

fn plain(out: &mut TcpStream, body: &Value, head: bool, status: u16) -> io::Result<()> {
    let text = body.to_string();
    write!(
        out,
        "HTTP/1.1 {status} {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
        if status == 200 { "OK" } else { "Unsupported" },
        text.len(),
        if head { "" } else { &text }
    )?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(model: &Model, path: &str, body: &str, chunked: bool) -> String {
        let mut stream = TcpStream::connect(model.address).unwrap();
        if chunked {
            write!(stream, "POST {path} HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).unwrap();
        } else {
            write!(stream, "POST {path} HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len())
                .unwrap();
        }
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn four_dialects_are_spoken() {
        let tool = |inner: Value| inner;
        let cases = [
            (
                "/v1/messages",
                json!({"model": "m", "messages": [{"role": "user", "content": "x"}],
                       "tools": [tool(json!({"name": "Bash", "input_schema": {"properties": {"command": {"type": "string"}}}}))]}),
            ),
            (
                "/v1/chat/completions",
                json!({"model": "m", "messages": [{"role": "user", "content": "x"}],
                       "tools": [{"type": "function", "function": {"name": "bash", "parameters": {"properties": {"command": {"type": "string"}}}}}]}),
            ),
            (
                "/v1/responses",
                json!({"model": "m", "input": [{"role": "user", "content": "x"}],
                       "tools": [{"type": "function", "name": "exec_command", "parameters": {"properties": {"cmd": {"type": "string"}}}}]}),
            ),
            (
                "/v1beta/models/gemini-2.5-pro:generateContent",
                json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}],
                       "tools": [{"functionDeclarations": [{"name": "run_shell_command", "parametersJsonSchema": {"properties": {"command": {"type": "string"}}}}]}]}),
            ),
        ];
        for (path, body) in cases {
            let model = Model::start(vec!["echo one".into(), "echo two".into()]).unwrap();
            for chunked in [false, true] {
                let text = ask(&model, path, &body.to_string(), chunked);
                assert!(text.contains("echo one") && !text.contains("echo two"), "{path}: {text}");
            }
            let mut streamed = body.clone();
            streamed["stream"] = true.into();
            let path = path.replace("generateContent", "streamGenerateContent");
            let text = ask(&model, &path, &streamed.to_string(), false);
            assert!(text.contains("event-stream") && text.contains("echo one"), "{path}: {text}");
            assert_eq!(model.seen().turns, 3);
            // Nothing is run where no tools are offered.
            let mut bare = body;
            bare["tools"] = json!([]);
            assert!(!ask(&model, &path, &bare.to_string(), false).contains("echo"));
            assert_eq!(model.seen().turns, 3);
        }
    }

    #[test]
    fn what_is_no_request_ends_the_connection_and_nothing_else() {
        let model = Model::start(vec!["x".into()]).unwrap();
        for text in [
            "",
            "\r\n",
            "GET\r\n\r\n",
            "POST /v1/messages HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        ] {
            let mut stream = TcpStream::connect(model.address).unwrap();
            stream.write_all(text.as_bytes()).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut out = String::new();
            let _ = stream.read_to_string(&mut out);
        }
        assert!(ask(&model, "/v1/messages", "[1]", false).contains("415"));
        assert_eq!(model.seen().trouble.as_deref(), Some("the client sent no JSON"));
        assert!(ask(&model, "/v1/x", "", false).contains("200 OK"));
    }
}
