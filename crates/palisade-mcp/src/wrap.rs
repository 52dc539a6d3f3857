//! One server, passed through but for policy.
//!
//! Lines go through as they came, to the byte, where nothing in them must be
//! changed. Changed are: results and texts that hold secrets or could deceive,
//! lists of tools, and the client's capabilities where the profile does not
//! let the server have them.

use std::io::{self, BufRead};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use palisade_guards::call::Value;
use palisade_runtime::config::Sampling;

use crate::front::{Call, Front, Sink, locked};
use crate::gate::Gate;
use crate::lines::{self, Line};
use crate::message::{self, Kind, code};
use crate::offer::Offer;
use crate::pins::Store;
use crate::served::{Served, named};
use crate::upstream::{Reply, Said, Spec, Start, Upstream};

/// Calls that may be in flight at once.
pub const MOST_CALLS: usize = 256;
/// The longest message, where the profile does not say.
pub const LONGEST: usize = 16 << 20;
/// How long a server has to end by itself.
pub const GRACE: Duration = Duration::from_secs(2);
/// How many lines that are no message are told of.
const MOST_NOISE: usize = 20;

/// The client's side: what it sends, where it reads, who hears what a person
/// should know.
pub struct Client<'a> {
    /// What the client sends.
    pub input: &'a mut (dyn BufRead + Send),
    /// Where it reads.
    pub sink: Arc<dyn Sink>,
    /// Says something to the person.
    pub tell: &'a (dyn Fn(&str) + Sync),
    /// Ends the reading of `input`.
    pub hang_up: &'a (dyn Fn() + Sync),
}

/// The longest message of a profile.
pub fn longest(gate: &Gate<'_>) -> usize {
    let kib = gate.profile.config.mcp.message_kb;
    kib.and_then(|kib| usize::try_from(kib << 10).ok()).unwrap_or(LONGEST)
}

/// Passes the server on to the client until one of them ends, and says how
/// the server ended.
///
/// # Errors
/// Where the server could not be started.
pub fn run(
    gate: &Gate<'_>,
    store: &Store<'_>,
    spec: &Spec,
    start: &dyn Start,
    client: Client<'_>,
) -> io::Result<String> {
    let (upstream, output) = Upstream::new(start.start(spec)?);
    let offer = Offer::new(gate, store, spec);
    let front = Front::default();
    let served = Served {
        name: &spec.name,
        gate,
        offer: &offer,
        upstream: &upstream,
        tell: client.tell,
        envelope: spec.envelope,
    };
    let proxy = Proxy {
        served: &served,
        front: &front,
        sink: client.sink,
        sampling: gate.profile.config.mcp.sampling,
        theirs: Mutex::new(Vec::new()),
        noise: Mutex::new(0),
        last_page: Mutex::new(true),
    };
    let longest = longest(gate);
    thread::scope(|scope| {
        let proxy = &proxy;
        let listener = scope.spawn(move || {
            if let Some(output) = output {
                proxy.served.upstream.listen(output, longest, &mut |said| proxy.heard(said));
            }
            // Without its server the connection means nothing any more.
            proxy.front.close();
            (client.hang_up)();
        });
        loop {
            match lines::read(client.input, longest) {
                Ok(Line::Text(line)) if line.trim().is_empty() => {}
                Ok(Line::Text(line)) => proxy.line(line, scope),
                Ok(Line::NotText) => proxy.refuse(code::PARSE, "a message is UTF-8"),
                Ok(Line::TooLong { length, .. }) => {
                    proxy
                        .refuse(code::INVALID, &format!("a message of {length} bytes is too long"));
                }
                Ok(Line::End) | Err(_) => break,
            }
        }
        upstream.close();
        // A server that ends by itself may still answer what it was asked.
        let ended = upstream.end(GRACE);
        front.close();
        // Its panic, if any, has no result to lose.
        let _ = listener.join();
        Ok(ended)
    })
}

struct Proxy<'a> {
    served: &'a Served<'a>,
    front: &'a Front,
    sink: Arc<dyn Sink>,
    sampling: Sampling,
    /// Requests of the server that the client has not answered.
    theirs: Mutex<Vec<String>>,
    noise: Mutex<usize>,
    /// Whether the client's last page of tools was the last one.
    last_page: Mutex<bool>,
}

/// The line as it came, unless it holds what some reader takes for the end of
/// one: a server that reads lines so would find calls within it that nobody
/// judged. Between tokens such a letter is dropped, in a text it is escaped.
fn one_line(line: String, message: &Value) -> String {
    const ENDS: [char; 8] =
        ['\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{85}', '\u{2028}', '\u{2029}'];
    if !line.contains(ENDS) {
        return line;
    }
    let mut safe = String::with_capacity(line.len());
    for letter in message.to_json().chars() {
        if ENDS.contains(&letter) {
            safe.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            safe.push(letter);
        }
    }
    safe
}

impl<'a> Proxy<'a> {
    fn refuse(&self, code: i64, text: &str) {
        self.sink.send(&message::error("null", code, text).to_json());
    }

    /// A line of the client.
    fn line<'s>(&'s self, line: String, scope: &'s thread::Scope<'s, '_>) {
        match Value::from_json(&line) {
            // Every message of a batch is judged and answered by itself.
            Ok(Value::List(messages)) => {
                if messages.is_empty() || messages.len() > MOST_CALLS {
                    return self.refuse(code::INVALID, "a batch holds between 1 and 256 messages");
                }
                for message in messages {
                    self.message(one_line(message.to_json(), &message), message, scope);
                }
            }
            Ok(message) => self.message(one_line(line, &message), message, scope),
            Err(error) => self.refuse(code::PARSE, &error.to_string()),
        }
    }

    fn message<'s>(&'s self, line: String, message: Value, scope: &'s thread::Scope<'s, '_>) {
        match message::kind(&message) {
            Ok(Kind::Request { id, method }) => self.request(&id, &method, line, message, scope),
            Ok(Kind::Notification { method }) => self.notification(&method, &line, &message),
            Ok(Kind::Response { id }) => {
                if self.front.answered(&id, message) {
                    return;
                }
                let mut theirs = locked(&self.theirs);
                if let Some(at) = theirs.iter().position(|known| *known == id) {
                    theirs.remove(at);
                    drop(theirs);
                    self.served.upstream.send(&line);
                }
            }
            Err(why) => {
                let id = message::refused_id(&message);
                self.sink.send(&message::error(&id, code::INVALID, why).to_json());
            }
        }
    }

    fn request<'s>(
        &'s self,
        id: &str,
        method: &str,
        line: String,
        mut message: Value,
        scope: &'s thread::Scope<'s, '_>,
    ) {
        let call = Call::of(id, &message, Arc::clone(&self.sink));
        if self.front.is_in_use(id)
            || self.served.upstream.is_waited_for(id)
            || id.starts_with("\"palisade-")
        {
            return self.refuse(code::INVALID, "this id is in use");
        }
        match method {
            "tools/call" => {}
            method if is_like(method, "tools/call") => {
                return call.fail(code::METHOD, "there is no such method");
            }
            "initialize" => {
                self.front.initialized(&message);
                let line =
                    if self.without_sampling(&mut message) { message.to_json() } else { line };
                return self.pass(&call, method, &line);
            }
            "tools/list" => {
                let first = message::params(&message)
                    .get("cursor")
                    .is_none_or(|cursor| *cursor == Value::Null);
                *locked(&self.last_page) = first;
                return self.pass(&call, method, &line);
            }
            _ => return self.pass(&call, method, &line),
        }
        let (tool, arguments) = match named(&message) {
            Ok(named) => named,
            Err(why) => return call.fail(code::PARAMS, why),
        };
        if let Err(why) = self.front.begin(Arc::clone(&call), MOST_CALLS) {
            return call.fail(code::INVALID, why);
        }
        let id = id.to_owned();
        scope.spawn(move || {
            self.served.call(self.front, &call, &tool, arguments, &id, &line);
            self.front.end(&call);
        });
    }

    fn pass(&self, call: &Call, method: &str, line: &str) {
        if !self.served.upstream.pass(&call.id, method, line) {
            call.fail(code::GONE, &format!("the server `{}` has ended", self.served.name));
        }
    }

    /// Takes the capability out that the profile does not let the server have.
    fn without_sampling(&self, initialize: &mut Value) -> bool {
        self.sampling == Sampling::Deny
            && initialize
                .get_mut("params")
                .and_then(|params| params.get_mut("capabilities"))
                .is_some_and(|capabilities| capabilities.take("sampling").is_some())
    }

    fn notification(&self, method: &str, line: &str, message: &Value) {
        // A careless server would do it and answer nobody.
        if is_like(method, "tools/call") {
            return self.refuse(code::INVALID, "a call has an `id`");
        }
        if method == "notifications/cancelled"
            && let Some(id) = message::params(message).get("requestId")
        {
            let id = id.to_json();
            let call = self.front.call(&id);
            if let Some(call) = &call {
                call.cancel();
            }
            // A call that waits for a person is not known to the server, and a
            // client may cancel what is done already.
            let waited = self.served.upstream.cancel(&id);
            if call.is_some() && !waited {
                return;
            }
        }
        self.served.upstream.send(line);
    }

    /// Something that the server says.
    fn heard(&self, said: Said) {
        match said {
            Said::Response { method, id, reply } => self.response(&method, &id, reply),
            Said::Request { id, method, line, message } => {
                if method == "sampling/createMessage" && self.sampling == Sampling::Deny {
                    let text =
                        "the profile does not let servers use the client's model (`mcp.sampling`)";
                    self.served.upstream.send(&message::error(&id, code::REFUSED, text).to_json());
                    return;
                }
                let mut theirs = locked(&self.theirs);
                if theirs.len() < MOST_CALLS
                    && !theirs.contains(&id)
                    && !id.starts_with("\"palisade-")
                {
                    theirs.push(id);
                    drop(theirs);
                    self.sink.send(&self.served.said(line, message));
                } else {
                    drop(theirs);
                    let text = "too many requests are open, or this id is in use";
                    self.served.upstream.send(&message::error(&id, code::INVALID, text).to_json());
                }
            }
            Said::Notification { method, line, message } => {
                if method == "notifications/tools/list_changed" {
                    self.served.offer.changed();
                }
                self.sink.send(&self.served.said(line, message));
            }
            Said::Noise(what) => {
                let mut noise = locked(&self.noise);
                *noise += 1;
                if *noise <= MOST_NOISE {
                    (self.served.tell)(&format!(
                        "the server `{}` wrote {what}; it is dropped",
                        self.served.name
                    ));
                }
            }
        }
    }

    fn response(&self, method: &str, id: &str, reply: Reply) {
        let (line, mut response) = match reply {
            Reply::Message(line, response) => (line, response),
            Reply::TooLong(length) => {
                let text = format!(
                    "a response of {length} bytes is larger than `mcp.message_kb` lets through"
                );
                return self.sink.send(&message::error(id, code::GONE, &text).to_json());
            }
            Reply::Gone => {
                let text = format!("the server `{}` has ended", self.served.name);
                return self.sink.send(&message::error(id, code::GONE, &text).to_json());
            }
            Reply::Cancelled => return,
        };
        if method == "tools/list" && response.get("result").is_some() {
            return self.tools(id, line, response);
        }
        let mut changed =
            self.served.cleaned(&mut response, &format!("{} ({method})", self.served.name), false);
        if method == "initialize"
            && let Some(Value::Text(text)) =
                response.get_mut("result").and_then(|result| result.get_mut("instructions"))
        {
            // Instructions are for the model by design; what could deceive a
            // person who reads them is still written out.
            let found =
                palisade_guards::content::clean(text, palisade_guards::content::scan::Kind::Text);
            if !found.findings.is_empty() {
                (self.served.tell)(&format!(
                    "the instructions of the server `{}` look hostile; they are left out",
                    self.served.name
                ));
                *text = String::new();
                changed = true;
            } else if let std::borrow::Cow::Owned(new) = found.text {
                *text = new;
                changed = true;
            }
        }
        self.sink.send(&if changed { response.to_json() } else { line });
    }

    fn tools(&self, id: &str, line: String, mut response: Value) {
        let first = *locked(&self.last_page);
        let result = response.get("result");
        let tools =
            result.and_then(|result| result.get("tools")).and_then(Value::as_list).unwrap_or(&[]);
        let last = result
            .and_then(|result| result.get("nextCursor"))
            .is_none_or(|next| *next == Value::Null);
        match self.served.page(tools, first, last) {
            Ok(shown) if shown == tools => self.sink.send(&line),
            Ok(shown) => {
                if let Some(result) = response.get_mut("result") {
                    result.set("tools", shown.into());
                }
                self.sink.send(&response.to_json());
            }
            Err(why) => self.sink.send(&message::error(id, code::INTERNAL, &why).to_json()),
        }
    }
}

/// Whether a method is another spelling of `known`, which a careless server
/// may take for it.
pub fn is_like(method: &str, known: &str) -> bool {
    let plain: String = method.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let known: String = known.chars().filter(|letter| letter.is_alphanumeric()).collect();
    plain.to_lowercase() == known.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reader_of_lines_finds_two() {
        let hidden = "{\"method\":\"ping\",\"params\":{\"x\":\r{\"method\":\"tools/call\"}\r}}";
        let text = "{\"a\":\"b\u{2028}c\u{85}\"}";
        for line in [hidden, text] {
            let message = Value::from_json(line).unwrap();
            let sent = one_line(line.to_owned(), &message);
            assert!(!sent.contains(['\r', '\u{2028}', '\u{85}']), "{sent}");
            assert_eq!(Value::from_json(&sent).unwrap(), message);
        }
        let plain = "{\"a\": 1}";
        assert_eq!(one_line(plain.to_owned(), &Value::from_json(plain).unwrap()), plain);
    }
}
