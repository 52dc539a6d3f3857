//! A profile, a scripted server and a client that reads what comes back.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, BufRead, BufReader, PipeWriter, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use palisade_core::Actor;
use palisade_core::fakes::{MemoryJournal, Stopped};
use palisade_guards::Places;
use palisade_guards::call::Value;
use palisade_mcp::pins::Store;
use palisade_mcp::wrap::{self, Client};
use palisade_mcp::{Gate, Running, Sink, Spec, Start, gateway};
use palisade_runtime::ports::Files;
use palisade_runtime::{Home, Keeper, Profile, SessionId};

/// What is drawn by lot here.
static LOT: AtomicU64 = AtomicU64::new(7);

pub struct Plain;

impl Files for Plain {
    fn replace(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        // As the port says: whoever reads meanwhile gets all of the old or all
        // of the new.
        let lot = LOT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let beside = path.with_extension(format!("new-{lot}"));
        fs::write(&beside, content)?;
        fs::rename(beside, path)
    }
}

/// A home with one profile.
pub struct House {
    pub home: tempfile::TempDir,
}

impl House {
    pub fn with(config: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("profiles/default");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("config.yaml"), config).unwrap();
        Self { home }
    }

    fn profile(&self) -> Profile {
        let root = self.home.path().as_os_str().to_owned();
        let home = Home::locate(|name| (name == "PALISADE_HOME").then(|| root.clone())).unwrap();
        Profile::open(&home, None).unwrap()
    }

    /// Does something with a gate and the store of pins.
    fn gate<T>(&self, act: impl FnOnce(&Gate<'_>, &Store<'_>) -> T) -> (T, Vec<String>) {
        let profile = self.profile();
        let places = Places { workspace: "/w".into(), cwd: "/w".into(), ..Places::default() };
        let keeper = Keeper::new(&profile, Some(SessionId::parse("s").unwrap()), &Plain);
        let redactor = profile.redactor().unwrap();
        let journal = Mutex::new(MemoryJournal::default());
        let actor = Actor::default();
        let gate = Gate {
            profile: &profile,
            places: &places,
            keeper: &keeper,
            actor: &actor,
            journal: &journal,
            clock: &Stopped(1000),
            redactor: &redactor,
            cwd: "/w".into(),
            elsewhere: None,
            lot: &|| LOT.fetch_add(1, Ordering::Relaxed),
        };
        let store = Store::new(&profile.directory, &Plain);
        let done = act(&gate, &store);
        (done, journal.into_inner().unwrap().intents)
    }

    /// Wraps a server and drives it; gives what the server heard and what was
    /// recorded.
    pub fn wrap(
        &self,
        server: &Scripted,
        drive: impl FnOnce(&mut Driver) + Send,
    ) -> (Vec<String>, Vec<String>) {
        let spec = spec("srv");
        let (heard, intents) = self.gate(|gate, store| {
            connected(drive, |client| {
                wrap::run(gate, store, &spec, server, client).unwrap();
            });
            server.heard()
        });
        (heard, intents)
    }

    /// Puts servers behind a gateway and drives it.
    pub fn gateway(
        &self,
        servers: &Scripted,
        names: &[&str],
        drive: impl FnOnce(&mut Driver) + Send,
    ) -> (Vec<String>, Vec<String>) {
        let specs: Vec<Spec> = names.iter().map(|name| spec(name)).collect();
        let (heard, intents) = self.gate(|gate, store| {
            connected(drive, |client| gateway::run(gate, store, &specs, servers, client));
            servers.heard()
        });
        (heard, intents)
    }
}

pub fn spec(name: &str) -> Spec {
    Spec {
        name: name.into(),
        pins: name.into(),
        command: vec![name.into()],
        environment: Vec::new(),
        sandbox: false,
        allow: Vec::new(),
        deny: vec!["hidden_*".into()],
        envelope: true,
    }
}

fn connected(drive: impl FnOnce(&mut Driver) + Send, run: impl FnOnce(Client<'_>)) {
    let (input, output) = io::pipe().unwrap();
    let lines = Arc::new(Lines::default());
    let mut driver = Driver { to: Some(output), lines: Arc::clone(&lines) };
    let mut input = BufReader::new(input);
    thread::scope(|scope| {
        scope.spawn(move || {
            drive(&mut driver);
            drop(driver);
        });
        let told = Mutex::new(Vec::new());
        run(Client {
            input: &mut input,
            sink: lines,
            tell: &|text: &str| told.lock().unwrap().push(text.to_owned()),
            // The driver ends its side by itself.
            hang_up: &|| {},
        });
    });
}

/// What was sent to the client.
#[derive(Default)]
pub struct Lines {
    waiting: Mutex<VecDeque<String>>,
    came: Condvar,
}

impl Sink for Lines {
    fn send(&self, line: &str) {
        self.waiting.lock().unwrap().push_back(line.to_owned());
        self.came.notify_all();
    }
}

/// A client.
pub struct Driver {
    to: Option<PipeWriter>,
    lines: Arc<Lines>,
}

impl Driver {
    pub fn send(&mut self, line: &str) {
        self.bytes(format!("{line}\n").as_bytes());
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.to.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// The next line of the client that `wanted` wants; others stay.
    pub fn until(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let mut waiting = self.lines.waiting.lock().unwrap();
        loop {
            if let Some(at) = waiting.iter().position(|line| wanted(line)) {
                return waiting.remove(at).unwrap();
            }
            let known = waiting.len();
            let (next, timeout) =
                self.lines.came.wait_timeout(waiting, Duration::from_secs(20)).unwrap();
            waiting = next;
            assert!(!timeout.timed_out() || waiting.len() > known, "nothing came: {waiting:?}");
        }
    }

    /// What came and nobody wanted is not looked at again; says how much.
    pub fn forget(&mut self) -> usize {
        self.lines.waiting.lock().unwrap().drain(..).count()
    }

    /// The answer to the request of this id.
    pub fn answer(&mut self, id: &str) -> String {
        self.until(|line| {
            let value = Value::from_json(line).unwrap();
            value.get("method").is_none()
                && value.get("id").is_some_and(|found| found.to_json() == id)
        })
    }

    /// Calls a tool and gives the answer.
    pub fn call(&mut self, id: u32, tool: &str, arguments: &str) -> String {
        self.send(&call(id, tool, arguments));
        self.answer(&id.to_string())
    }

    pub fn initialize(&mut self, capabilities: &str) -> String {
        self.send(&format!(
            r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"2025-06-18","capabilities":{capabilities},"clientInfo":{{"name":"t","version":"1"}}}}}}"#
        ));
        let answer = self.answer("0");
        self.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        answer
    }
}

pub fn call(id: u32, tool: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
    )
}

/// How a scripted server answers a line: lines to write, or `None` to end.
type Script = dyn Fn(&str, &Value) -> Option<Vec<String>> + Send + Sync;

/// Servers that answer by a function.
pub struct Scripted {
    script: Arc<Script>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    pub fn new(
        script: impl Fn(&str, &Value) -> Option<Vec<String>> + Send + Sync + 'static,
    ) -> Self {
        Self { script: Arc::new(script), heard: Arc::default() }
    }

    /// One with the tools of `list` (a JSON array) that echoes its arguments.
    pub fn echo(list: &'static str) -> Self {
        Self::new(move |line, message| Some(echo(list, line, message)))
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// What an ordinary server answers.
pub fn echo(list: &str, line: &str, message: &Value) -> Vec<String> {
    let Some(id) = message.get("id").map(Value::to_json) else { return Vec::new() };
    let result = match message.get("method").and_then(Value::as_text) {
        Some("initialize") => {
            r#"{"protocolVersion":"2025-06-18", "capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}"#.to_owned()
        }
        Some("tools/list") => format!("{{\"tools\":{list}}}"),
        Some("tools/call") => {
            let text = Value::from(line).to_json();
            format!(r#"{{"content":[{{"type":"text","text":{text}}}]}}"#)
        }
        Some(_) => return vec![format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32601,"message":"no"}}}}"#)],
        None => return Vec::new(),
    };
    vec![format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)]
}

impl Start for Scripted {
    fn start(&self, spec: &Spec) -> io::Result<Box<dyn Running>> {
        let (from_us, to_server) = io::pipe()?;
        let (from_server, mut to_us) = io::pipe()?;
        let (script, heard) = (Arc::clone(&self.script), Arc::clone(&self.heard));
        let name = spec.name.clone();
        let thread = thread::spawn(move || {
            for line in BufReader::new(from_us).lines() {
                let Ok(line) = line else { return };
                heard.lock().unwrap().push(format!("{name}: {line}"));
                let message = Value::from_json(&line).unwrap_or(Value::Null);
                let Some(answers) = script(&line, &message) else { return };
                for answer in answers {
                    if to_us.write_all(format!("{answer}\n").as_bytes()).is_err() {
                        return;
                    }
                }
            }
        });
        Ok(Box::new(Thread {
            input: Some(to_server),
            output: Some(from_server),
            thread: Some(thread),
        }))
    }
}

struct Thread {
    input: Option<PipeWriter>,
    output: Option<io::PipeReader>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Running for Thread {
    fn input(&mut self) -> Option<Box<dyn Write + Send>> {
        self.input.take().map(|input| Box::new(input) as Box<dyn Write + Send>)
    }

    fn output(&mut self) -> Option<Box<dyn Read + Send>> {
        self.output.take().map(|output| Box::new(output) as Box<dyn Read + Send>)
    }

    fn end(&mut self, _: Duration) -> String {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        "exit status: 0".into()
    }
}
