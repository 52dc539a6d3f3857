//! The servers of a profile behind one connection.
//!
//! A tool is called `server__tool`. A server is started when it is first
//! needed: for a call, or for the list where nothing is known of its tools
//! yet. Only tools go through; resources and prompts do not.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use palisade_guards::call::Value;
use palisade_runtime::config::Sampling;

use crate::dispatch::{Handler, VERSIONS, serve};
use crate::front::{Call, Front, Sink, locked};
use crate::gate::Gate;
use crate::message::{self, code};
use crate::offer::Offer;
use crate::pins::Store;
use crate::served::{Served, named};
use crate::upstream::{Reply, Said, Spec, Start, Upstream};
use crate::wrap::{Client, GRACE, MOST_CALLS, longest};

/// How long a server has to introduce itself.
const HELLO: Duration = Duration::from_secs(60);
/// A server that ended is started again no sooner.
const AGAIN: Duration = Duration::from_secs(2);

/// Serves the client with the tools of all servers until it ends.
pub fn run(
    gate: &Gate<'_>,
    store: &Store<'_>,
    specs: &[Spec],
    start: &dyn Start,
    mut client: Client<'_>,
) {
    let (listen, to_listen) = channel();
    let slots = specs.iter().map(|spec| {
        let slot = Slot {
            spec,
            offer: Offer::new(gate, store, spec),
            running: Mutex::new(State::default()),
        };
        (spec.name.as_str(), slot)
    });
    let gateway = Gateway {
        gate,
        store,
        start,
        tell: client.tell,
        sink: Arc::clone(&client.sink),
        slots: slots.collect(),
        front: Front::default(),
        routes: Mutex::new(BTreeMap::new()),
        theirs: Mutex::new(BTreeMap::new()),
        serial: AtomicU64::new(0),
        listen: Mutex::new(Some(listen)),
    };
    let longest = longest(gate);
    thread::scope(|scope| {
        let gateway = &gateway;
        scope.spawn(move || {
            // Each server that is started is listened to until it ends.
            for Listening { name, upstream, output } in to_listen {
                scope.spawn(move || {
                    upstream
                        .listen(output, longest, &mut |said| gateway.heard(&name, &upstream, said));
                    gateway.ended(&name, &upstream);
                });
            }
        });
        serve(gateway, &mut client, longest, scope);
        gateway.front.close();
        *locked(&gateway.listen) = None;
        for slot in gateway.slots.values() {
            let upstream = locked(&slot.running).upstream.take();
            if let Some(upstream) = upstream {
                upstream.end(GRACE);
            }
        }
    });
}

struct Listening {
    name: String,
    upstream: Arc<Upstream>,
    output: Box<dyn Read + Send>,
}

struct Slot<'a> {
    spec: &'a Spec,
    offer: Offer<'a>,
    running: Mutex<State>,
}

#[derive(Default)]
struct State {
    upstream: Option<Arc<Upstream>>,
    started: Option<Instant>,
}

struct Gateway<'a> {
    gate: &'a Gate<'a>,
    store: &'a Store<'a>,
    start: &'a dyn Start,
    tell: &'a (dyn Fn(&str) + Sync),
    sink: Arc<dyn Sink>,
    slots: BTreeMap<&'a str, Slot<'a>>,
    front: Front,
    /// Where calls of the client went: server and id there.
    routes: Mutex<BTreeMap<String, (Arc<Upstream>, String)>>,
    /// Requests of servers, by the id that the client knows.
    theirs: Mutex<BTreeMap<String, (Arc<Upstream>, String)>>,
    serial: AtomicU64,
    listen: Mutex<Option<Sender<Listening>>>,
}

impl Gateway<'_> {
    fn served<'s>(&'s self, slot: &'s Slot<'_>, upstream: &'s Upstream) -> Served<'s> {
        Served {
            name: &slot.spec.name,
            gate: self.gate,
            offer: &slot.offer,
            upstream,
            tell: self.tell,
            envelope: slot.spec.envelope,
        }
    }

    fn number(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    /// The server, started and introduced if need be.
    fn upstream(&self, slot: &Slot<'_>) -> Result<Arc<Upstream>, String> {
        let mut state = locked(&slot.running);
        if let Some(upstream) = &state.upstream {
            return Ok(Arc::clone(upstream));
        }
        let name = &slot.spec.name;
        if state.started.is_some_and(|started| started.elapsed() < AGAIN) {
            return Err(format!("the server `{name}` has ended; it is started again in a moment"));
        }
        state.started = Some(Instant::now());
        let process = self.start.start(slot.spec).map_err(|error| {
            (self.tell)(&format!("cannot start the server `{name}`: {error}"));
            format!("the server `{name}` could not be started")
        })?;
        let (upstream, output) = Upstream::new(process);
        let upstream = Arc::new(upstream);
        let output = output.ok_or_else(|| format!("the server `{name}` has no output"))?;
        let listening = Listening { name: name.clone(), upstream: Arc::clone(&upstream), output };
        let heard =
            locked(&self.listen).as_ref().is_some_and(|listen| listen.send(listening).is_ok());
        if !heard || !self.introduced(&upstream) {
            upstream.end(Duration::ZERO);
            return Err(format!("the server `{name}` did not introduce itself"));
        }
        state.upstream = Some(Arc::clone(&upstream));
        Ok(upstream)
    }

    fn introduced(&self, upstream: &Upstream) -> bool {
        let mut capabilities = Value::Map(Vec::new());
        if self.front.can_elicit() {
            capabilities.set("elicitation", Value::Map(Vec::new()));
        }
        if self.gate.profile.config.mcp.sampling == Sampling::Allow {
            capabilities.set("sampling", Value::Map(Vec::new()));
        }
        let params = Value::map([
            ("protocolVersion", VERSIONS[1].into()),
            ("capabilities", capabilities),
            (
                "clientInfo",
                Value::map([
                    ("name", "palisade".into()),
                    ("version", env!("CARGO_PKG_VERSION").into()),
                ]),
            ),
        ]);
        let id = self.number().to_string();
        let line = message::request(&id, "initialize", params).to_json();
        let reply = upstream.request(&id, &line).recv_timeout(HELLO);
        let welcome = matches!(reply, Ok(Reply::Message(_, ref response)) if response.get("result").is_some());
        let ready = message::notification("notifications/initialized", Value::Map(Vec::new()));
        welcome && upstream.send(&ready.to_json())
    }

    fn ended(&self, name: &str, upstream: &Arc<Upstream>) {
        let how = upstream.end(GRACE);
        if !self.front.is_closed() {
            (self.tell)(&format!("the server `{name}` ended: {how}"));
        }
        if let Some(slot) = self.slots.get(name) {
            slot.offer.changed();
            let mut state = locked(&slot.running);
            if state.upstream.as_ref().is_some_and(|known| Arc::ptr_eq(known, upstream)) {
                state.upstream = None;
            }
        }
    }

    /// What a client is shown of one server.
    fn tools(&self, slot: &Slot<'_>) -> Result<Vec<Value>, String> {
        let started = locked(&slot.running).upstream.is_some();
        if !started
            && let Ok(Some(pins)) = self.store.load(&slot.spec.pins)
            && !pins.approved.is_empty()
        {
            // What was approved is known; whether the server still says the
            // same is seen before its first call.
            return Ok(slot.offer.approved(&pins));
        }
        let upstream = self.upstream(slot)?;
        self.served(slot, &upstream).list()?;
        Ok(slot.offer.shown())
    }

    fn list(&self) -> Value {
        let found: Vec<(&str, Result<Vec<Value>, String>)> = thread::scope(|scope| {
            let asked: Vec<_> = self
                .slots
                .iter()
                .map(|(name, slot)| (*name, scope.spawn(move || self.tools(slot))))
                .collect();
            let lost = || Err("its list could not be read".to_owned());
            asked
                .into_iter()
                .map(|(name, thread)| (name, thread.join().unwrap_or_else(|_| lost())))
                .collect()
        });
        let mut all = Vec::new();
        for (name, tools) in found {
            match tools {
                Ok(tools) => all.extend(tools.into_iter().map(|mut tool| {
                    let own = tool.get("name").and_then(Value::as_text).unwrap_or("").to_owned();
                    tool.set("name", format!("{name}__{own}").into());
                    tool
                })),
                Err(why) => {
                    (self.tell)(&format!("the tools of the server `{name}` are missing: {why}"))
                }
            }
        }
        Value::map([("tools", all.into())])
    }

    fn call(&self, call: &Arc<Call>, request: &Value) {
        let (name, arguments) = match named(request) {
            Ok(named) => named,
            Err(why) => return call.fail(code::PARAMS, why),
        };
        let found =
            name.split_once("__").and_then(|(server, tool)| Some((self.slots.get(server)?, tool)));
        let Some((slot, tool)) = found else {
            return call.fail(code::PARAMS, "there is no such tool");
        };
        let upstream = match self.upstream(slot) {
            Ok(upstream) => upstream,
            Err(why) => return call.fail(code::GONE, &why),
        };
        let id = self.number().to_string();
        let mut inner = request.clone();
        inner.set("id", message::id_value(&id));
        if let Some(params) = inner.get_mut("params") {
            params.set("name", tool.into());
        }
        locked(&self.routes).insert(call.id.clone(), (Arc::clone(&upstream), id.clone()));
        self.served(slot, &upstream).call(
            &self.front,
            call,
            tool,
            arguments,
            &id,
            &inner.to_json(),
        );
        locked(&self.routes).remove(&call.id);
    }

    fn heard(&self, name: &str, upstream: &Arc<Upstream>, said: Said) {
        let Some(slot) = self.slots.get(name) else { return };
        let served = self.served(slot, upstream);
        match said {
            Said::Request { id, method, line, message } => {
                self.asked(&served, upstream, &id, &method, line, message)
            }
            Said::Notification { method, line, message } => match method.as_str() {
                "notifications/tools/list_changed" => {
                    slot.offer.changed();
                    self.sink.send(&line);
                }
                "notifications/progress" | "notifications/message" => {
                    self.sink.send(&served.said(line, message))
                }
                _ => {}
            },
            Said::Response { .. } => {}
            Said::Noise(what) => {
                (self.tell)(&format!("the server `{name}` wrote {what}; it is dropped"))
            }
        }
    }

    /// A request of a server: on to the client under an id of ours.
    fn asked(
        &self,
        served: &Served<'_>,
        upstream: &Arc<Upstream>,
        id: &str,
        method: &str,
        line: String,
        mut message: Value,
    ) {
        let sampling = self.gate.profile.config.mcp.sampling == Sampling::Allow;
        let passed = match method {
            "elicitation/create" => self.front.can_elicit(),
            "sampling/createMessage" => sampling,
            "ping" => {
                upstream.send(&message::result(id, Value::Map(Vec::new())).to_json());
                return;
            }
            _ => false,
        };
        let mut theirs = locked(&self.theirs);
        if !passed || theirs.len() >= MOST_CALLS {
            drop(theirs);
            upstream.send(&message::error(id, code::METHOD, "this cannot be asked here").to_json());
            return;
        }
        let outer = format!("\"gateway-{}\"", self.number());
        theirs.insert(outer.clone(), (Arc::clone(upstream), id.to_owned()));
        drop(theirs);
        message.set("id", message::id_value(&outer));
        let said = served.said(line, message.clone());
        let mut cleaned = Value::from_json(&said).unwrap_or(message);
        cleaned.set("id", message::id_value(&outer));
        self.sink.send(&cleaned.to_json());
    }
}

impl Handler for Gateway<'_> {
    fn front(&self) -> &Front {
        &self.front
    }

    fn hello(&self) -> Value {
        Value::map([
            ("capabilities", Value::map([("tools", Value::map([("listChanged", true.into())]))])),
            (
                "serverInfo",
                Value::map([
                    ("name", "palisade".into()),
                    ("version", env!("CARGO_PKG_VERSION").into()),
                ]),
            ),
        ])
    }

    fn request(&self, call: &Arc<Call>, method: &str, message: &Value) {
        match method {
            "tools/list" => call.answer(self.list()),
            "tools/call" => self.call(call, message),
            "logging/setLevel" => call.answer(Value::Map(Vec::new())),
            _ => call.fail(code::METHOD, "there is no such method"),
        }
    }

    fn cancelled(&self, id: &str) {
        let route = locked(&self.routes)
            .get(id)
            .map(|(upstream, inner)| (Arc::clone(upstream), inner.clone()));
        if let Some((upstream, inner)) = route
            && upstream.cancel(&inner)
        {
            let params = Value::map([("requestId", message::id_value(&inner))]);
            upstream.send(&message::notification("notifications/cancelled", params).to_json());
        }
    }

    fn notification(&self, method: &str, _: &Value) {
        // A server's roots are those of the gateway, which has none.
        let _ = method;
    }

    fn response(&self, id: &str, mut message: Value) {
        if let Some((upstream, inner)) = locked(&self.theirs).remove(id) {
            message.set("id", message::id_value(&inner));
            upstream.send(&message.to_json());
        }
    }
}
