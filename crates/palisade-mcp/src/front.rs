//! The client's side of a connection: calls in flight, questions to whoever
//! sits at the client, progress.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use palisade_guards::call::Value;

use crate::message;

/// How often a client that waits hears that we still work.
pub const TICK: Duration = Duration::from_secs(5);

/// Where messages to the client go.
pub trait Sink: Send + Sync {
    /// Sends one message, on one line. A client that is gone is no error here:
    /// its connection ends elsewhere.
    fn send(&self, line: &str);
}

/// One call of a client that is being worked on.
pub struct Call {
    /// Its id, as JSON text.
    pub id: String,
    /// Where answers and questions about it go.
    pub sink: Arc<dyn Sink>,
    /// The token that progress is reported under, where the client gave one.
    token: Option<Value>,
    progress: AtomicU64,
    cancelled: AtomicBool,
    answered: AtomicBool,
    /// The request in the approval queue that nobody answered.
    left: OnceLock<String>,
}

impl Call {
    /// A call of the message `request`.
    pub fn of(id: &str, request: &Value, sink: Arc<dyn Sink>) -> Arc<Self> {
        let meta = message::params(request).get("_meta");
        let token = meta.and_then(|meta| meta.get("progressToken")).cloned();
        Arc::new(Self {
            id: id.to_owned(),
            sink,
            token: token.filter(|token| matches!(token, Value::Text(_) | Value::Number(_))),
            progress: AtomicU64::new(0),
            cancelled: AtomicBool::new(false),
            answered: AtomicBool::new(false),
            left: OnceLock::new(),
        })
    }

    /// A question about it was left in the queue as this request.
    pub fn leave(&self, request: &str) {
        // The first one is what the refusal is about.
        let _ = self.left.set(request.to_owned());
    }

    /// The request that was left in the queue for it.
    pub fn left(&self) -> Option<&str> {
        self.left.get().map(String::as_str)
    }

    /// Whether the client does not wait any more.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// The client does not wait any more.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// Sends the result, unless the client does not want it any more.
    pub fn answer(&self, result: Value) {
        self.respond(&message::result(&self.id, result).to_json());
    }

    /// Sends an error.
    pub fn fail(&self, code: i64, text: &str) {
        self.respond(&message::error(&self.id, code, text).to_json());
    }

    /// Sends a whole response.
    pub fn respond(&self, line: &str) {
        // From now on its id is free: the client may use it as soon as it has
        // read this.
        self.answered.store(true, Ordering::Release);
        if !self.is_cancelled() {
            self.sink.send(line);
        }
    }

    fn is_answered(&self) -> bool {
        self.answered.load(Ordering::Acquire)
    }

    /// Tells a client that asked for it that the call is still worked on.
    pub fn progress(&self, words: &str) {
        let Some(token) = &self.token else { return };
        let step = i64::try_from(self.progress.fetch_add(1, Ordering::Relaxed)).unwrap_or(0) + 1;
        let params = Value::map([
            ("progressToken", token.clone()),
            ("progress", step.into()),
            ("message", words.into()),
        ]);
        if !self.is_cancelled() && !self.is_answered() {
            self.sink.send(&message::notification("notifications/progress", params).to_json());
        }
    }
}

/// Says `words` every few seconds until it is dropped.
pub struct Ticker(Arc<(Mutex<bool>, Condvar)>, Option<thread::JoinHandle<()>>);

impl Ticker {
    /// For a client that asked for progress of `call`.
    pub fn start(call: &Arc<Call>, words: &'static str) -> Self {
        call.progress(words);
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let thread = call.token.is_some().then(|| {
            let (call, stop) = (Arc::clone(call), Arc::clone(&stop));
            thread::spawn(move || {
                let (stopped, wake) = &*stop;
                let mut done = locked(stopped);
                while !*done {
                    let (next, timeout) =
                        wake.wait_timeout(done, TICK).unwrap_or_else(PoisonError::into_inner);
                    done = next;
                    if timeout.timed_out() && !*done {
                        call.progress(words);
                    }
                }
            })
        });
        Self(stop, thread)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        let (stopped, wake) = &*self.0;
        *locked(stopped) = true;
        wake.notify_all();
        if let Some(thread) = self.1.take() {
            // It holds nothing that could be broken by its panic.
            let _ = thread.join();
        }
    }
}

/// A lock that is taken even where its holder panicked: what it guards here is
/// changed in single steps.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the client said at the beginning, and what is in flight.
#[derive(Default)]
pub struct Front {
    capabilities: Mutex<Option<Value>>,
    calls: Mutex<BTreeMap<String, Arc<Call>>>,
    asked: Mutex<BTreeMap<String, Sender<Value>>>,
    serial: AtomicU64,
    closed: AtomicBool,
}

impl Front {
    /// Remembers what the client can do, from its `initialize`.
    pub fn initialized(&self, request: &Value) {
        *locked(&self.capabilities) = message::params(request).get("capabilities").cloned();
    }

    /// Whether somebody at the client can be asked by a form.
    pub fn can_elicit(&self) -> bool {
        let capabilities = locked(&self.capabilities);
        let Some(Value::Map(modes)) =
            capabilities.as_ref().and_then(|known| known.get("elicitation"))
        else {
            return false;
        };
        // An empty map is what older clients say.
        modes.is_empty() || modes.iter().any(|(mode, _)| mode == "form")
    }

    /// The connection has ended: nobody waits for anything.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        locked(&self.asked).clear();
    }

    /// Whether it has.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Takes a call in; `None` where its id is in use or too many are there.
    pub fn begin(&self, call: Arc<Call>, most: usize) -> Result<(), &'static str> {
        let mut calls = locked(&self.calls);
        if calls.get(&call.id).is_some_and(|known| !known.is_answered()) {
            return Err("this id is in use");
        }
        if calls.len() >= most {
            return Err("too many calls are in flight");
        }
        calls.insert(call.id.clone(), call);
        Ok(())
    }

    /// A call is done.
    pub fn end(&self, call: &Arc<Call>) {
        let mut calls = locked(&self.calls);
        if calls.get(&call.id).is_some_and(|known| Arc::ptr_eq(known, call)) {
            calls.remove(&call.id);
        }
    }

    /// Whether a call of this id waits for its answer.
    pub fn is_in_use(&self, id: &str) -> bool {
        locked(&self.calls).get(id).is_some_and(|call| !call.is_answered())
    }

    /// Which call this is.
    pub fn call(&self, id: &str) -> Option<Arc<Call>> {
        locked(&self.calls).get(id).cloned()
    }

    /// How many calls are in flight.
    pub fn in_flight(&self) -> usize {
        locked(&self.calls).len()
    }

    /// A name for a request of ours that no other has.
    pub fn fresh_id(&self) -> String {
        format!("\"palisade-{}\"", self.serial.fetch_add(1, Ordering::Relaxed))
    }

    /// Asks the client something about `call`, and waits for the answer while
    /// `going` says so; `None` where there is none.
    pub fn ask(
        &self,
        call: &Arc<Call>,
        method: &str,
        params: Value,
        longest: Duration,
        going: &dyn Fn() -> bool,
    ) -> Option<Value> {
        let id = self.fresh_id();
        let (sender, receiver): (Sender<Value>, Receiver<Value>) = channel();
        locked(&self.asked).insert(id.clone(), sender);
        call.sink.send(&message::request(&id, method, params).to_json());
        let end = Instant::now() + longest;
        let answer = loop {
            let rest = end.saturating_duration_since(Instant::now());
            if rest.is_zero() || !going() || call.is_cancelled() || self.is_closed() {
                break None;
            }
            match receiver.recv_timeout(rest.min(Duration::from_millis(250))) {
                Ok(answer) => break Some(answer),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break None,
            }
        };
        locked(&self.asked).remove(&id);
        if answer.is_none() {
            let params = Value::map([
                ("requestId", message::id_value(&id)),
                ("reason", "nobody waits for the answer any more".into()),
            ]);
            call.sink.send(&message::notification("notifications/cancelled", params).to_json());
        }
        answer
    }

    /// Takes the answer to a question of ours; says whether it was one.
    pub fn answered(&self, id: &str, response: Value) -> bool {
        match locked(&self.asked).remove(id) {
            // Whoever asked may have given up.
            Some(sender) => {
                let _ = sender.send(response);
                true
            }
            None => id.starts_with("\"palisade-"),
        }
    }
}
