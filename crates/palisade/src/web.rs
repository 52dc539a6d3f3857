//! The web as the runtime sees it: the client of `palisade-net`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use palisade_core::Permit;
use palisade_core::ports::Outcome;
use palisade_guards::network::{Reach, Target};
use palisade_guards::rules;
use palisade_net::dial::{Connect, Connection, DialError, Dialler, Later, Scripted};
use palisade_net::{Answer, Client, Exchange, FetchError, Limits, extract, follow};
use palisade_runtime::config;
use palisade_runtime::ports::{Fetched, Hop, Page, Web};
use tokio::runtime::{Builder, Runtime};

/// Fetches over the system's network.
pub struct Online {
    runtime: Runtime,
    client: Client,
}

impl Online {
    /// Within the reach and the limits of a profile.
    pub fn new(fetch: &config::Fetch) -> io::Result<Self> {
        let time = |seconds: u32| Duration::from_secs(seconds.into());
        let size = u64::from(fetch.limits.body_kb) * 1024;
        let limits = Limits {
            wire: size,
            unpacked: size,
            time: time(fetch.limits.time_s),
            idle: time(fetch.limits.idle_s),
            ..Limits::default()
        };
        let dialler = Dialler::system(fetch.reach());
        Ok(Self { runtime: runtime()?, client: Client::new(dialler, limits) })
    }

    /// Ends without waiting for a lookup that the system is still at.
    pub fn close(self) {
        self.runtime.shutdown_background();
    }
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

impl Web for Online {
    fn fetch(&mut self, permit: Permit, readable: bool) -> (Outcome, Fetched) {
        let begun = Instant::now();
        // What takes pages apart is not ours, and pages are made to break it.
        let seen = catch_unwind(AssertUnwindSafe(|| {
            self.runtime.block_on(self.client.get(permit)).map(|page| {
                let bytes = page.bytes;
                (shown(page, readable), bytes)
            })
        }));
        let mut outcome = Outcome {
            millis: begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX),
            ..Outcome::default()
        };
        let fetched = match seen {
            Ok(Ok((page, bytes))) => {
                outcome.exit = Some(0);
                outcome.bytes = Some(bytes);
                Fetched::Page(Box::new(page))
            }
            Err(_) => {
                let why = "the page could not be read: Palisade failed at it".to_owned();
                outcome.failure.clone_from(&why);
                Fetched::Failed { why, help: None }
            }
            Ok(Err(failed)) => {
                outcome.failure = failed.error.to_string();
                match failed.error.refusal() {
                    Some(refusal) => Fetched::Refused(refusal.clone()),
                    None => {
                        Fetched::Failed { why: failed.error.to_string(), help: failed.error.help() }
                    }
                }
            }
        };
        (outcome, fetched)
    }
}

fn shown(page: palisade_net::Page, readable: bool) -> Page {
    let html = page.is_html();
    let hops = page.steps.iter().map(|step| Hop {
        url: step.url.clone(),
        dialled: step.dialled.to_string(),
        status: step.status,
    });
    let hops = hops.collect();
    let (title, hidden, text) = if html && readable {
        let made = extract::readable(&page.text, &page.url);
        (made.title, made.hidden, made.text)
    } else {
        (None, 0, page.text)
    };
    Page {
        status: page.status,
        url: page.url,
        origin: page.origin,
        hops,
        media: page.media,
        bytes: page.bytes,
        html: html && !readable,
        title,
        hidden,
        text,
    }
}

/// What a script of answers and redirects comes to, without a connection: the
/// dialler and the way from hop to hop are those of a real fetch, only the
/// resolver, the connector and the server are not.
pub struct Rehearsal {
    runtime: Runtime,
}

/// How a rehearsal ended.
pub struct Rehearsed {
    /// The rule that refused; `None` where all of it may be fetched.
    pub rule: Option<&'static str>,
    /// Every address that would have been dialled, in order.
    pub dialled: Vec<String>,
}

/// What names that are not in a script resolve to: some public address.
const SOMEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 215, 14));

impl Rehearsal {
    /// A stage for any number of scripts.
    pub fn new() -> io::Result<Self> {
        Ok(Self { runtime: runtime()? })
    }

    /// An empty script.
    pub fn script() -> Scripted {
        Scripted::new(Some(SOMEWHERE))
    }

    /// What fetching `first` comes to if the servers redirect to `locations`
    /// one after another.
    pub fn play(
        &self,
        first: Target,
        locations: impl Iterator<Item = String> + Send,
        script: Scripted,
        reach: Reach,
    ) -> Rehearsed {
        let nowhere = Arc::new(Nowhere::default());
        let dialler = Dialler::new(reach, Arc::new(script), Arc::clone(&nowhere) as Arc<_>);
        let mut server = Redirecting { locations };
        let mut steps = Vec::new();
        let way = follow(first, &dialler, &mut server, &mut steps);
        let rule = match self.runtime.block_on(way) {
            Ok(_) => None,
            Err(error) => Some(rule(&error)),
        };
        let dialled = nowhere.dialled.lock().unwrap_or_else(PoisonError::into_inner);
        Rehearsed { rule, dialled: dialled.iter().map(ToString::to_string).collect() }
    }
}

/// The rule behind an error; a name without an answer, where it is none's.
fn rule(error: &FetchError) -> &'static str {
    match error {
        FetchError::Dial(DialError::Resolve { .. }) => rules::FETCH_UNRESOLVED.id,
        other => other.refusal().map_or(rules::FETCH_MALFORMED.id, |refusal| refusal.rule),
    }
}

/// A connector that remembers and reaches nobody.
#[derive(Default)]
struct Nowhere {
    dialled: Mutex<Vec<IpAddr>>,
}

impl Connect for Nowhere {
    fn connect(&self, address: SocketAddr) -> Later<'_, io::Result<Connection>> {
        self.dialled.lock().unwrap_or_else(PoisonError::into_inner).push(address.ip());
        Box::pin(
            async move { Ok(Connection { stream: Box::new(tokio::io::empty()), peer: address }) },
        )
    }
}

/// A server that redirects.
struct Redirecting<L> {
    locations: L,
}

impl<L: Iterator<Item = String> + Send> Exchange for Redirecting<L> {
    type Output = ();

    async fn ask(&mut self, _: &Target, _: Connection) -> Result<Answer<()>, FetchError> {
        Ok(match self.locations.next() {
            Some(location) => Answer::Redirect { status: 302, location },
            None => Answer::Final(()),
        })
    }
}
