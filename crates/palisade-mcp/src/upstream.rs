//! A server's side of a connection: its process, what it is asked, what it
//! says by itself.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use palisade_guards::call::Value;

use crate::front::locked;
use crate::lines::{self, Line};
use crate::message::{self, Kind};

/// How a server is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// What it is called: in rules, records and the names of a gateway.
    pub name: String,
    /// What its pins are kept under; the name, or more where nobody named it.
    pub pins: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Its whole environment.
    pub environment: Vec<(std::ffi::OsString, std::ffi::OsString)>,
    /// Whether it runs in the sandbox.
    pub sandbox: bool,
    /// The only tools that are offered, by glob; all where it is empty.
    pub allow: Vec<String>,
    /// Tools that are not offered, by glob.
    pub deny: Vec<String>,
    /// Whether text of its results goes into an envelope.
    pub envelope: bool,
}

/// A server's process.
pub trait Running: Send {
    /// What it reads; once.
    fn input(&mut self) -> Option<Box<dyn Write + Send>>;
    /// What it writes; once. Reading ends when [`Running::end`] is called.
    fn output(&mut self) -> Option<Box<dyn Read + Send>>;
    /// Ends it and all that it started, if it has not ended by itself within
    /// `grace`, and says how it ended.
    fn end(&mut self, grace: Duration) -> String;
}

/// Somebody who starts servers.
pub trait Start: Sync {
    /// Starts one, with its input and output connected.
    ///
    /// # Errors
    /// What the system said.
    fn start(&self, spec: &Spec) -> io::Result<Box<dyn Running>>;
}

/// What came back for a request.
#[derive(Debug)]
pub enum Reply {
    /// A response: the line, and what it says.
    Message(String, Value),
    /// It was longer than the bound.
    TooLong(usize),
    /// The server is gone.
    Gone,
    /// The client does not wait any more.
    Cancelled,
}

/// So many bytes and lines may wait for a server that does not read.
const MOST_QUEUED: usize = 64 << 20;
const MOST_LINES: usize = 4096;

/// Writes what is sent to it, one message at a time, until nothing more is
/// sent or the server is gone.
fn writer(mut input: Box<dyn Write + Send>, queued: Arc<AtomicUsize>) -> SyncSender<Vec<u8>> {
    let (sender, lines) = sync_channel::<Vec<u8>>(MOST_LINES);
    thread::spawn(move || {
        for line in lines {
            let written = input.write_all(&line).and_then(|()| input.flush());
            queued.fetch_sub(line.len(), Ordering::AcqRel);
            if written.is_err() {
                return;
            }
        }
    });
    sender
}

enum Waiting {
    /// A thread waits.
    Thread(Sender<Reply>),
    /// The response goes on to the client; the method says what it is of.
    Pass(String),
}

/// What is said by a server that nobody waits for by a thread.
pub enum Said {
    /// A response to be passed on, and the method that it answers.
    Response {
        /// The method.
        method: String,
        /// The id, as JSON text.
        id: String,
        /// What came.
        reply: Reply,
    },
    /// A request of the server's own.
    Request {
        /// The id, as JSON text.
        id: String,
        /// The method.
        method: String,
        /// The line.
        line: String,
        /// What it says.
        message: Value,
    },
    /// A notification.
    Notification {
        /// The method.
        method: String,
        /// The line.
        line: String,
        /// What it says.
        message: Value,
    },
    /// Something that is no message; in words.
    Noise(String),
}

/// A server that was started.
pub struct Upstream {
    input: Mutex<Option<SyncSender<Vec<u8>>>>,
    /// How many bytes wait to be read by the server.
    queued: Arc<AtomicUsize>,
    waiting: Mutex<Option<BTreeMap<String, Waiting>>>,
    process: Mutex<Box<dyn Running>>,
}

impl Upstream {
    /// Takes a started process; its output is read by [`Upstream::listen`].
    pub fn new(mut process: Box<dyn Running>) -> (Self, Option<Box<dyn Read + Send>>) {
        let (input, output) = (process.input(), process.output());
        let queued = Arc::new(AtomicUsize::new(0));
        let input = input.map(|input| writer(input, Arc::clone(&queued)));
        let upstream = Self {
            input: Mutex::new(input),
            queued,
            waiting: Mutex::new(Some(BTreeMap::new())),
            process: Mutex::new(process),
        };
        (upstream, output)
    }

    /// Sends a line; says whether the server could still take it. A server
    /// that does not read keeps nobody waiting.
    pub fn send(&self, line: &str) -> bool {
        let mut input = locked(&self.input);
        let Some(sender) = input.as_ref() else { return false };
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        let length = bytes.len();
        if self.queued.fetch_add(length, Ordering::AcqRel) > MOST_QUEUED {
            self.queued.fetch_sub(length, Ordering::AcqRel);
            return false;
        }
        match sender.try_send(bytes) {
            Ok(()) => true,
            Err(error) => {
                self.queued.fetch_sub(length, Ordering::AcqRel);
                if matches!(error, TrySendError::Disconnected(_)) {
                    *input = None;
                }
                false
            }
        }
    }

    /// Sends a request that a thread waits for.
    pub fn request(&self, id: &str, line: &str) -> Receiver<Reply> {
        let (sender, receiver) = channel();
        if self.wait(id, Waiting::Thread(sender.clone())) && !self.send(line) {
            self.forget(id);
            let _ = sender.send(Reply::Gone);
        }
        receiver
    }

    /// Sends a request whose response goes on to the client; says whether it
    /// could be sent.
    pub fn pass(&self, id: &str, method: &str, line: &str) -> bool {
        self.wait(id, Waiting::Pass(method.to_owned()))
            && (self.send(line) || {
                self.forget(id);
                false
            })
    }

    /// Whether a response of this id is waited for.
    pub fn is_waited_for(&self, id: &str) -> bool {
        locked(&self.waiting).as_ref().is_some_and(|waiting| waiting.contains_key(id))
    }

    /// Nobody waits for this response any more; says whether somebody did.
    pub fn cancel(&self, id: &str) -> bool {
        match self.forget(id) {
            Some(Waiting::Thread(sender)) => {
                // Whoever waited may be gone.
                let _ = sender.send(Reply::Cancelled);
                true
            }
            Some(Waiting::Pass(_)) => true,
            None => false,
        }
    }

    /// No more is sent; the server may end.
    pub fn close(&self) {
        *locked(&self.input) = None;
    }

    /// Ends the server; says how it ended.
    pub fn end(&self, grace: Duration) -> String {
        self.close();
        locked(&self.process).end(grace)
    }

    fn wait(&self, id: &str, waiting: Waiting) -> bool {
        match locked(&self.waiting).as_mut() {
            Some(known) => {
                known.insert(id.to_owned(), waiting);
                true
            }
            None => {
                if let Waiting::Thread(sender) = waiting {
                    let _ = sender.send(Reply::Gone);
                }
                false
            }
        }
    }

    fn forget(&self, id: &str) -> Option<Waiting> {
        locked(&self.waiting).as_mut()?.remove(id)
    }

    /// Reads what the server says until it ends. `heard` gets what no thread
    /// waits for.
    pub fn listen(
        &self,
        output: Box<dyn Read + Send>,
        longest: usize,
        heard: &mut dyn FnMut(Said),
    ) {
        let mut output = BufReader::with_capacity(64 * 1024, output);
        loop {
            match lines::read(&mut output, longest) {
                Ok(Line::Text(line)) if line.trim().is_empty() => {}
                Ok(Line::Text(line)) => match Value::from_json(&line) {
                    Ok(Value::List(messages)) => {
                        for message in messages {
                            self.hear(message.to_json(), message, heard);
                        }
                    }
                    Ok(message) => self.hear(line, message, heard),
                    Err(error) => self.broken(&line, &error.to_string(), heard),
                },
                Ok(Line::NotText) => heard(Said::Noise("a line that is no UTF-8".into())),
                Ok(Line::TooLong { head, length }) => self.too_long(&head, length, heard),
                Ok(Line::End) | Err(_) => break,
            }
        }
        let waiting = locked(&self.waiting).take().unwrap_or_default();
        for (id, waiting) in waiting {
            match waiting {
                Waiting::Thread(sender) => {
                    let _ = sender.send(Reply::Gone);
                }
                Waiting::Pass(method) => heard(Said::Response { method, id, reply: Reply::Gone }),
            }
        }
    }

    fn hear(&self, line: String, message: Value, heard: &mut dyn FnMut(Said)) {
        match message::kind(&message) {
            Ok(Kind::Response { id }) => self.deliver(&id, Reply::Message(line, message), heard),
            Ok(Kind::Request { id, method }) => heard(Said::Request { id, method, line, message }),
            Ok(Kind::Notification { method }) => {
                heard(Said::Notification { method, line, message })
            }
            Err(why) => self.broken(&line, why, heard),
        }
    }

    fn deliver(&self, id: &str, reply: Reply, heard: &mut dyn FnMut(Said)) {
        match self.forget(id) {
            Some(Waiting::Thread(sender)) => {
                let _ = sender.send(reply);
            }
            Some(Waiting::Pass(method)) => {
                heard(Said::Response { method, id: id.to_owned(), reply })
            }
            None => heard(Said::Noise("a response that nobody waits for".into())),
        }
    }

    /// A response that cannot be read must not leave its caller waiting.
    fn broken(&self, line: &str, why: &str, heard: &mut dyn FnMut(Said)) {
        match self.whose(line) {
            Some(id) => {
                let error = message::error(
                    &id,
                    message::code::INTERNAL,
                    "the server's response cannot be read",
                );
                self.deliver(&id, Reply::Message(error.to_json(), error), heard);
            }
            None => heard(Said::Noise(format!("a line that is no message: {why}"))),
        }
    }

    fn too_long(&self, head: &str, length: usize, heard: &mut dyn FnMut(Said)) {
        if let Some(id) = self.whose(head) {
            return self.deliver(&id, Reply::TooLong(length), heard);
        }
        // It may answer anything that is waited for, so all of it is answered.
        let ids: Vec<String> =
            locked(&self.waiting).iter().flat_map(|waiting| waiting.keys().cloned()).collect();
        heard(Said::Noise(format!("a message of {length} bytes, which is too long")));
        for id in ids {
            self.deliver(&id, Reply::TooLong(length), heard);
        }
    }

    /// Which request the beginning of a broken or long response is of, as far
    /// as that can be seen: the first `"id":` of it, where it is waited for.
    fn whose(&self, head: &str) -> Option<String> {
        let (_, rest) = head.split_once("\"id\"")?;
        let rest = rest.trim_start().strip_prefix(':')?.trim_start();
        let end = match rest.strip_prefix('"') {
            Some(inner) => inner.find('"')? + 2,
            None => rest.find(|letter: char| !letter.is_ascii_digit() && letter != '-')?,
        };
        let id = rest.get(..end)?;
        self.is_waited_for(id).then(|| id.to_owned())
    }
}
