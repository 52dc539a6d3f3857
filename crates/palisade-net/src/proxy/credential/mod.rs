//! Credentials that never enter the sandbox.
//!
//! A confined program is given a [phantom](phantom::phantom): a token of the
//! same look that is worth nothing. Where a request for one of the
//! credential's hosts carries the phantom in one of its fields, the proxy puts
//! the value in its place; anywhere else the phantom is a refusal. For these
//! hosts, and for no others, the proxy is the end of the TLS connection
//! ([`authority`]), reads each request anew ([`request`]), and takes the value
//! out of what the host answers ([`answer`]).
//!
//! Known gaps: what the host does with a credential while the program runs is
//! between the two of them; an answer that says the value in another form
//! (packed though nobody asked for it, escaped, in pieces) says it; a phantom
//! in a body, in base64 elsewhere than in `Basic`, or in a tunnel to another
//! host is not seen, and worth nothing.
//! Whoever guesses a whole value sees it replaced or refused; how fast the
//! search goes over megabytes may say which two of its letters are rarest.

pub mod answer;
mod authority;
pub mod only;
pub mod phantom;
pub mod request;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use hyper::header::HeaderName;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ServerConfig};

use super::head::is_between_neighbours;
use super::target::Target;
use only::Only;

/// Fields that carry credentials, where a credential does not name its own.
pub const FIELDS: [&str; 5] =
    ["authorization", "x-api-key", "api-key", "x-goog-api-key", "private-token"];

/// The shortest value that is a credential. Less could stand anywhere by
/// chance, and its phantom would be no secret.
const SHORTEST: usize = 8;
/// The longest one.
const LONGEST: usize = 16 * 1024;

/// Where a credential may be put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    hosts: Vec<Target>,
    fields: Vec<HeaderName>,
    only: Vec<Only>,
}

impl Terms {
    /// Reads hosts (`a.example`, `a.example:8443`; the port is 443 where none
    /// is named), fields ([`FIELDS`] where there are none), and what may be
    /// asked for (`GET /repos/**`; anything where there is nothing).
    ///
    /// # Errors
    /// The first of them that is none, in words.
    pub fn parse(hosts: &[String], fields: &[String], only: &[String]) -> Result<Self, String> {
        let host = |text: &String| match Target::parse(text, Some(443)) {
            Some(target @ Target { host: url::Host::Domain(_), .. }) => Ok(target),
            Some(_) => Err(format!(
                "`{}` is an address: a credential goes to a host with a name, which its certificate proves",
                text.escape_debug()
            )),
            None => Err(format!(
                "`{}` is no host: write it as `a.example` or `a.example:8443`; each one is named",
                text.escape_debug()
            )),
        };
        if hosts.is_empty() {
            return Err("a credential needs a host that it is for".into());
        }
        let usual = FIELDS.map(str::to_owned);
        let fields = if fields.is_empty() { usual.as_slice() } else { fields };
        let field = |text: &String| {
            let name = HeaderName::from_bytes(text.as_bytes())
                .map_err(|_| format!("`{}` is no header's name", text.escape_debug()))?;
            match is_between_neighbours(name.as_str())
                || ["host", "content-length"].contains(&name.as_str())
            {
                true => Err(format!("the header `{name}` cannot carry a credential")),
                false => Ok(name),
            }
        };
        Ok(Self {
            hosts: hosts.iter().map(host).collect::<Result<_, _>>()?,
            fields: fields.iter().map(field).collect::<Result<_, _>>()?,
            only: only.iter().map(|text| Only::parse(text)).collect::<Result<_, _>>()?,
        })
    }

    /// The hosts.
    pub fn hosts(&self) -> &[Target] {
        &self.hosts
    }
}

/// Why a text cannot be the value of a credential; the words do not have it.
///
/// # Errors
/// What is wrong with it.
pub fn usable(value: &str) -> Result<(), &'static str> {
    match value {
        "" => Err("it is empty"),
        _ if value.contains(['\n', '\r']) => Err("it has more than one line"),
        _ if !value.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err("it has characters that no header can carry")
        }
        _ if value.len() < SHORTEST => Err("it is shorter than 8 characters"),
        _ if value.len() > LONGEST => Err("it is longer than 16 KiB"),
        _ => Ok(()),
    }
}

/// A credential and its phantom.
pub struct Credential {
    name: String,
    terms: Terms,
    value: String,
    phantom: String,
}

/// Without the value.
impl fmt::Debug for Credential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Credential")
            .field("name", &self.name)
            .field("terms", &self.terms)
            .finish_non_exhaustive()
    }
}

impl Credential {
    /// A credential of this name, with a phantom of its own.
    ///
    /// # Errors
    /// Where the value cannot be one, or the system has no randomness.
    pub fn new(name: impl Into<String>, terms: Terms, value: String) -> Result<Self, String> {
        let name = name.into();
        usable(&value).map_err(|why| format!("the value of `{name}` cannot be used: {why}"))?;
        let phantom = phantom::phantom(&value)
            .map_err(|why| format!("no phantom can be made for `{name}`: {why}"))?;
        Ok(Self { name, terms, value, phantom })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the confined program is given in its place.
    pub fn phantom(&self) -> &str {
        &self.phantom
    }

    /// Whether `text` has the value in it.
    pub fn is_in(&self, text: &[u8]) -> bool {
        memchr::memmem::find(text, self.value.as_bytes()).is_some()
    }
}

/// All credentials of one proxy.
#[derive(Default)]
pub struct Credentials {
    each: Vec<Credential>,
    ends: BTreeMap<String, Arc<ServerConfig>>,
    hosts: Option<Arc<ClientConfig>>,
    certificates: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Credentials").field("each", &self.each).finish_non_exhaustive()
    }
}

/// What it takes to be the end of a connection and to make the next one.
#[derive(Clone)]
pub(super) struct Ends {
    pub client: Arc<ServerConfig>,
    pub host: Arc<ClientConfig>,
}

impl Credentials {
    /// Credentials whose hosts prove themselves by what the system trusts.
    ///
    /// # Errors
    /// Where no certificates can be made, in words.
    pub fn new(each: Vec<Credential>) -> Result<Self, String> {
        if each.is_empty() {
            return Ok(Self::default());
        }
        let system = rustls_native_certs::load_native_certs().certs;
        if system.is_empty() {
            return Err("this system names no authorities, so no host could prove itself; \
                        `SSL_CERT_FILE` can name a list"
                .into());
        }
        Self::trusting(each, system)
    }

    /// The same, where hosts prove themselves by these authorities.
    ///
    /// # Errors
    /// Where no certificates can be made, in words.
    pub fn trusting(
        each: Vec<Credential>,
        roots: Vec<CertificateDer<'static>>,
    ) -> Result<Self, String> {
        let all = each.iter().flat_map(|credential| &credential.terms.hosts);
        let mut names: Vec<String> = all.map(|target| target.host.to_string()).collect();
        names.sort();
        names.dedup();
        let made = authority::certify(&names)?;
        let trusted = roots.iter().chain([&made.authority]);
        let certificates = trusted.map(|certificate| authority::pem(certificate)).collect();
        let hosts = Some(crate::client::trusting(roots));
        Ok(Self { each, ends: made.ends, hosts, certificates })
    }

    /// Name and phantom of each.
    pub fn phantoms(&self) -> impl Iterator<Item = (&str, &str)> {
        self.each.iter().map(|one| (one.name.as_str(), one.phantom.as_str()))
    }

    /// Each of them.
    pub fn each(&self) -> &[Credential] {
        &self.each
    }

    /// Which authorities a confined program must trust, in PEM: those that
    /// hosts prove themselves by, and the one of this proxy.
    pub fn certificates(&self) -> &str {
        &self.certificates
    }

    /// The ends of a connection to `target`, where a credential is for it.
    pub(super) fn ends(&self, target: &Target) -> Option<Ends> {
        let covered = self.each.iter().any(|one| one.terms.hosts.contains(target));
        let client = self.ends.get(&target.host.to_string()).filter(|_| covered)?;
        Some(Ends { client: Arc::clone(client), host: Arc::clone(self.hosts.as_ref()?) })
    }

    /// The credential whose phantom or value stands in the head of a request
    /// that goes in the clear or to the proxy itself.
    pub(super) fn stray(&self, head: &[u8]) -> Option<&str> {
        if self.each.is_empty() {
            return None;
        }
        let opened = request::opened(head);
        let basics: Vec<u8> = head
            .split(|byte| *byte == b'\n')
            .filter_map(|line| {
                let colon = line.iter().position(|byte| *byte == b':')?;
                request::basic(line.get(colon + 1..)?.trim_ascii())
            })
            .flatten()
            .collect();
        let found = self.each.iter().find(|one| {
            [head, &opened, &basics].iter().any(|text| one.is_in(text) || one.stands_in(text))
        });
        found.map(|one| one.name.as_str())
    }
}

impl Credential {
    /// Whether `text` has the phantom in it.
    fn stands_in(&self, text: &[u8]) -> bool {
        memchr::memmem::find(text, self.phantom.as_bytes()).is_some()
    }
}
