//! The proxy's own process, and the records it keeps.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::rc::Rc;

use palisade_core::ports::{Intent, Journal, Outcome};
use palisade_core::{Actor, Confinement};
use palisade_guards::content::Redactor;
use palisade_guards::network::Reach;
use palisade_journal::FileJournal;
use palisade_net::dial::Dialler;
use palisade_net::proxy::{
    Advice, Credentials, Door, Entry, Ledger, Limits, Passed, Proxy, Refused, Used, serve_until,
};
use palisade_runtime::Profile;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use sha2::{Digest, Sha256};

use super::{ARGUMENT, Out, Phantoms, Ready, Settings};
use crate::actor;
use crate::show::Failure;
use crate::wire_up::{self, House};

/// To be called first in `main`: becomes the proxy of a run if the program was
/// started as one.
pub fn serve_if_asked() -> Option<ExitCode> {
    let asked = std::env::args_os().nth(1).as_deref() == Some(OsStr::new(ARGUMENT));
    asked.then(|| match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

fn serve() -> io::Result<()> {
    let control = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let settings = line(&control)?;
    let settings: Settings = serde_json::from_slice(&settings)?;
    let say = |ready: &Ready| -> io::Result<()> {
        let text = serde_json::to_string(ready)?;
        writeln!(&control, "{text}")
    };
    let records = match &settings.record {
        None => Records::none(),
        Some(at) => match Records::open(at.profile.as_deref(), at.session.as_deref()) {
            Ok(records) => records,
            Err(error) => return say(&Ready::No(error.to_string())),
        },
    };
    if !settings.held.is_none() {
        // No other process of this user looks into it, and no core is dumped.
        nix::sys::prctl::set_dumpable(false)?;
    }
    let made = settings.held.read().and_then(|credentials| {
        let proxy = proxy(&settings.out, records.clone(), settings.advice.clone())?;
        Ok(Proxy { credentials, ..proxy })
    });
    let proxy = match made {
        Ok(proxy) => proxy,
        Err(why) => return say(&Ready::No(why)),
    };
    let variable = |(name, phantom): (&str, &str)| (name.to_owned(), phantom.to_owned());
    say(&Ready::Yes(Phantoms {
        variables: proxy.credentials.phantoms().map(variable).collect(),
        certificates: proxy.credentials.certificates().to_owned(),
    }))?;
    let Some(listener) = handed_over(&control)? else { return Ok(()) };
    let mut doors = vec![Door::Proxy(listener)];
    for port in &settings.forwards {
        match (handed_over(&control)?, settings.out.behind(*port)) {
            (Some(listener), Some(target)) => doors.push(Door::Forward(listener, target)),
            _ => return Ok(()),
        }
    }
    let mut watched = control.try_clone()?;
    // The other end closes when the run is over, or is gone.
    serve_until(proxy, doors, move || while matches!(watched.read(&mut [0; 16]), Ok(1..)) {})?;
    for line in records.close() {
        writeln!(&control, "{}", serde_json::to_string(&line)?)?;
    }
    Ok(())
}

/// One line, without taking anything of what comes behind it.
fn line(mut control: &UnixStream) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut byte = [0];
    while control.read(&mut byte)? == 1 && byte != *b"\n" && line.len() < 1 << 20 {
        line.extend_from_slice(&byte);
    }
    Ok(line)
}

/// The next listener that is handed over; none where the run is over before.
fn handed_over(control: &UnixStream) -> io::Result<Option<TcpListener>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let flags = RecvFlags::CMSG_CLOEXEC;
    recvmsg(control, &mut [IoSliceMut::new(&mut byte)], &mut ancillary, flags)?;
    let fds = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => Some(fds),
        _ => None,
    });
    Ok(fds.flatten().next().map(TcpListener::from))
}

/// A proxy for what may be reached.
///
/// # Errors
/// The entry that is none, in words.
pub fn proxy(
    out: &Out,
    records: Records,
    [listed, opened]: [String; 2],
) -> Result<Proxy<Records>, String> {
    let mut reach = Reach::default();
    for origin in &out.private {
        reach.open(origin).map_err(|wrong| wrong.message)?;
    }
    Ok(Proxy {
        allowed: out.allowlist()?,
        credentials: Credentials::default(),
        dialler: Dialler::system(reach),
        ledger: records,
        limits: Limits::default(),
        advice: Advice { listed, opened },
    })
}

/// The journal as the proxy's ledger, and a tally of what was refused.
#[derive(Clone)]
pub struct Records(Rc<RefCell<Kept>>);

#[derive(Default)]
struct Kept {
    journal: Option<Book>,
    refused: BTreeMap<String, u64>,
    passed_over: u64,
}

struct Book {
    journal: FileJournal,
    actor: Actor,
    profile: String,
    policy: [u8; 32],
    cwd: String,
    /// What takes secrets out of paths; made when the first is recorded.
    redactor: OnceCell<Redactor>,
    house: Profile,
}

/// Different refusals that are told at the end.
const MOST_TOLD: usize = 20;

impl Records {
    /// Only the tally.
    pub fn none() -> Self {
        Self(Rc::default())
    }

    /// In the journal of a profile.
    ///
    /// # Errors
    /// Where the profile or the journal cannot be opened.
    pub fn open(profile: Option<&str>, session: Option<&str>) -> Result<Self, Failure> {
        let house = House::open(profile, session)?;
        house.prepare()?;
        let book = Book {
            journal: house.journal()?,
            actor: actor::here(session),
            profile: house.profile.name.as_str().to_owned(),
            policy: house.profile.digest,
            cwd: wire_up::cwd()?,
            redactor: OnceCell::new(),
            house: house.profile,
        };
        Ok(Self(Rc::new(RefCell::new(Kept { journal: Some(book), ..Kept::default() }))))
    }

    /// Signs the journal to its end, and says what was refused.
    pub fn close(self) -> Vec<String> {
        let mut kept = self.0.take();
        if let Some(book) = kept.journal.take() {
            // An unsigned end is signed by whoever opens it next.
            let _ = book.journal.close();
        }
        let count = |(line, count): (&String, &u64)| match count {
            1 => line.clone(),
            count => format!("{line} ({count} times)"),
        };
        let mut lines: Vec<String> = kept.refused.iter().map(count).collect();
        if kept.passed_over > 0 {
            lines.push(format!("{} more connections were refused", kept.passed_over));
        }
        lines
    }
}

impl Book {
    fn write(&mut self, kind: &str, target: &str, rules: &[&str]) -> Result<Entry, String> {
        let denied = !rules.is_empty();
        let intent = Intent {
            actor: &self.actor,
            profile: &self.profile,
            kind,
            body: target,
            cwd: &self.cwd,
            digest: Sha256::digest(target).into(),
            verdict: if denied { "deny" } else { "allow" },
            severity: if denied { "dangerous" } else { "safe" },
            rules,
            grant: None,
            confinement: Confinement::Required,
            policy: self.policy,
            synced: false,
        };
        let written = self.journal.intent(&intent);
        written.map_err(|error| format!("the journal took no record: {}", error.message))
    }
}

impl Ledger for Records {
    fn opening(&self, target: &str) -> Result<Entry, String> {
        match &mut self.0.borrow_mut().journal {
            Some(book) => book.write("connect", target, &[]),
            None => Ok(0),
        }
    }

    fn closed(&self, entry: Entry, passed: &Passed) {
        let Some(book) = &mut self.0.borrow_mut().journal else { return };
        let outcome = Outcome {
            millis: passed.millis,
            bytes: Some(passed.up.saturating_add(passed.down)),
            excerpt: format!("{} bytes up, {} bytes down", passed.up, passed.down),
            failure: passed.failure.clone(),
            ..Outcome::default()
        };
        // The intent stands; that it has no outcome says that this failed.
        let _ = book.journal.outcome(entry, &outcome);
    }

    fn using(&self, used: &Used<'_>) -> Result<Entry, String> {
        let Some(book) = &mut self.0.borrow_mut().journal else { return Ok(0) };
        if book.redactor.get().is_none() {
            let redactor = book.house.redactor().map_err(|error| error.to_string())?;
            let _ = book.redactor.set(redactor);
        }
        let text = used.to_string();
        let shown = book.redactor.get().map(|redactor| redactor.redact(&text).into_owned());
        book.write("credential", &shown.unwrap_or_default(), &[])
    }

    fn answered(&self, entry: Entry, status: Option<u16>, millis: u64) {
        let Some(book) = &mut self.0.borrow_mut().journal else { return };
        let outcome = Outcome {
            millis,
            excerpt: status.map(|status| format!("status {status}")).unwrap_or_default(),
            failure: if status.is_none() { "there was no answer".into() } else { String::new() },
            ..Outcome::default()
        };
        let _ = book.journal.outcome(entry, &outcome);
    }

    fn refused(&self, refused: &Refused) {
        let mut kept = self.0.borrow_mut();
        if let Some(book) = &mut kept.journal {
            let _ = book.write("connect", &refused.target, &[&refused.rule]);
        }
        let mut line = refused.to_string();
        if !refused.allow.is_empty() {
            line.push_str("; ");
            line.push_str(&refused.allow);
        }
        if kept.refused.contains_key(&line) || kept.refused.len() < MOST_TOLD {
            *kept.refused.entry(line).or_default() += 1;
        } else {
            kept.passed_over += 1;
        }
    }
}
