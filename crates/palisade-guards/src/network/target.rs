//! From a text to the one address that it means, or to the rule it breaks.

use core::net::IpAddr;

use url::Url;

use super::refusal::Refusal;
use super::{Class, Reach, names, ports};
use crate::rules;

/// The longest address that is read.
const LONGEST: usize = 8 * 1024;

/// A host: a name to look up, or an address that needs no lookup.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// In lower case, in ASCII, without a dot at its end.
    Name(String),
    /// Whatever way it was written in.
    Literal(IpAddr),
}

impl Host {
    pub(super) fn of(host: &url::Host<&str>) -> Option<Self> {
        Some(match host {
            url::Host::Domain(name) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                if name.is_empty() {
                    return None;
                }
                Self::Name(name.to_owned())
            }
            url::Host::Ipv4(address) => Self::Literal((*address).into()),
            url::Host::Ipv6(address) => Self::Literal((*address).into()),
        })
    }
}

impl core::fmt::Display for Host {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Name(name) => out.write_str(name),
            Self::Literal(IpAddr::V4(address)) => write!(out, "{address}"),
            Self::Literal(IpAddr::V6(address)) => write!(out, "[{address}]"),
        }
    }
}

/// A host and port that may be dialled once its addresses were judged, which
/// [`Destination::vetted`] does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    host: Host,
    port: u16,
    opened: bool,
}

impl Destination {
    /// The destination that `host` and `port` name, as in the first line of a
    /// proxied connection. The port is not judged: whoever has a list of
    /// ports does that. IPv6 literals may stand in brackets or not.
    ///
    /// # Errors
    /// The rule that the host breaks.
    pub fn new(host: &str, port: u16, reach: &Reach) -> Result<Self, Refusal> {
        readable(host)?;
        let bare = host.parse::<core::net::Ipv6Addr>().is_ok();
        let read =
            if bare { url::Host::parse(&format!("[{host}]")) } else { url::Host::parse(host) };
        let read = read.map_err(|error| malformed(error.to_string(), host))?;
        let read = match &read {
            url::Host::Domain(name) => url::Host::Domain(name.as_str()),
            url::Host::Ipv4(address) => url::Host::Ipv4(*address),
            url::Host::Ipv6(address) => url::Host::Ipv6(*address),
        };
        let host = Host::of(&read).ok_or_else(|| malformed("the host is empty".into(), host))?;
        Self::judged(host, port, reach, true)
    }

    /// Opened origins are honoured where `near`: a page of the internet
    /// cannot send a request to one.
    fn judged(host: Host, port: u16, reach: &Reach, near: bool) -> Result<Self, Refusal> {
        let opened = near && reach.opens(&host, port);
        let destination = Self { host, port, opened };
        match &destination.host {
            Host::Name(name) => match names::forbidden(name) {
                // Metadata is never opened, and nor is what is no name.
                Some((rule, why)) if !(opened && rule.id == rules::FETCH_LOCAL_NAME.id) => {
                    Err(Refusal::new(rule, why.into(), &destination.to_string()))
                }
                Some(_) | None => Ok(destination),
            },
            Host::Literal(address) => {
                destination.may_be(*address, reach)?;
                Ok(destination)
            }
        }
    }

    /// The host.
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether a person opened this origin, so that it may be private.
    pub const fn is_opened(&self) -> bool {
        self.opened
    }

    /// Judges all that the host's name resolved to (for a literal, itself):
    /// the addresses that may be dialled, and no others. One that may not is
    /// the end of all of them.
    ///
    /// # Errors
    /// The rule that an answer breaks.
    pub fn vetted(&self, answers: &[IpAddr], reach: &Reach) -> Result<Vec<IpAddr>, Refusal> {
        /// No honest name has more addresses than this.
        const MOST: usize = 64;
        let unresolved = |why: &'static str| {
            Refusal::new(&rules::FETCH_UNRESOLVED, why.into(), &self.to_string())
        };
        if answers.is_empty() {
            return Err(unresolved("this name has no address"));
        }
        if answers.len() > MOST {
            return Err(unresolved("this name has more than 64 addresses"));
        }
        let mut vetted = Vec::with_capacity(answers.len());
        for answer in answers {
            match &self.host {
                Host::Literal(literal) if literal != answer => {
                    return Err(unresolved("this address was answered with another one"));
                }
                Host::Name(_) if reach.made_up(*answer) => {}
                Host::Literal(_) | Host::Name(_) => self.may_be(*answer, reach)?,
            }
            if !vetted.contains(answer) {
                vetted.push(*answer);
            }
        }
        Ok(vetted)
    }

    fn may_be(&self, address: IpAddr, reach: &Reach) -> Result<(), Refusal> {
        let class = reach.class(address);
        if class == Class::Public || (self.opened && class.can_be_opened()) {
            return Ok(());
        }
        let rule = match class {
            Class::Metadata => &rules::FETCH_METADATA,
            Class::Public
            | Class::Loopback
            | Class::Private
            | Class::Shared
            | Class::LinkLocal
            | Class::Benchmarking
            | Class::Documentation
            | Class::Multicast
            | Class::Unspecified
            | Class::Reserved
            | Class::Translated => &rules::FETCH_PRIVATE_ADDRESS,
        };
        let why = match &self.host {
            Host::Literal(_) => format!("{address} is {}", class.words()),
            Host::Name(name) => format!("{name} resolves to {address}, which is {}", class.words()),
        };
        Err(Refusal::new(rule, why.into(), &self.to_string()))
    }
}

impl core::fmt::Display for Destination {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "{}:{}", self.host, self.port)
    }
}

/// An address that may be fetched once the addresses of its host were judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
    destination: Destination,
}

/// The next address after a redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Where it leads.
    pub target: Target,
    /// Whether it stays with the same origin; only then may credentials and
    /// cookies go along.
    pub same_origin: bool,
}

impl Target {
    /// The target that `text` names.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(text: &str, reach: &Reach) -> Result<Self, Refusal> {
        readable(text)?;
        let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
        let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        if web {
            // Programs disagree on what stands where in other spellings.
            let rest = text.get(scheme.len()..).unwrap_or("");
            if !rest.starts_with("://") || rest.get(3..).is_none_or(|rest| rest.starts_with('/')) {
                return Err(malformed("the host must stand between `//` and `/`".into(), text));
            }
            let authority = rest.get(3..).and_then(|rest| rest.split(['/', '?', '#']).next());
            if authority.is_some_and(|authority| authority.contains('@')) {
                return Err(userinfo(text));
            }
        }
        let url = Url::parse(text).map_err(|error| malformed(error.to_string(), text))?;
        Self::judged(url, reach, true)
    }

    /// Where a redirect to `location` leads, if it is the `count`th in a row.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn hop(&self, location: &str, count: usize, reach: &Reach) -> Result<Hop, Refusal> {
        if count > MOST_HOPS {
            return Err(Refusal::new(
                &rules::FETCH_REDIRECTS,
                format!("this is redirect {count} in a row, and {MOST_HOPS} are followed").into(),
                location,
            ));
        }
        readable(location)?;
        if location.starts_with("///") {
            return Err(malformed("the host must stand between `//` and `/`".into(), location));
        }
        let url =
            self.url.join(location).map_err(|error| malformed(error.to_string(), location))?;
        let target = Self::judged(url, reach, self.destination.opened)?;
        if self.is_secure() && !target.is_secure() {
            let rule = &rules::FETCH_DOWNGRADE;
            return Err(Refusal::new(rule, rule.why.into(), target.url()));
        }
        let same_origin = target.is_secure() == self.is_secure()
            && target.destination.host == self.destination.host
            && target.destination.port == self.destination.port;
        Ok(Hop { target, same_origin })
    }

    fn judged(mut url: Url, reach: &Reach, near: bool) -> Result<Self, Refusal> {
        let default = match url.scheme() {
            "http" => 80,
            "https" => 443,
            other => {
                let why = format!("`{other}:` is not fetched, only `http:` and `https:`");
                return Err(Refusal::new(&rules::FETCH_SCHEME, why.into(), url.as_str()));
            }
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(userinfo(url.as_str()));
        }
        let host = url.host().and_then(|host| Host::of(&host));
        let host = host.ok_or_else(|| malformed("the host is empty".into(), url.as_str()))?;
        let port = url.port().unwrap_or(default);
        if ports::closed(port) && !(near && reach.opens(&host, port)) {
            let why = format!("port {port} is not one of web servers");
            return Err(Refusal::new(&rules::FETCH_PORT, why.into(), url.as_str()));
        }
        let from_outside = !near && reach.opens(&host, port);
        let destination = Destination::judged(host, port, reach, near).map_err(|refusal| {
            if from_outside { refusal.led_to_from_outside() } else { refusal }
        })?;
        url.set_fragment(None);
        Ok(Self { url, destination })
    }

    /// The address, written out again, without a fragment.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The path and query, as a request names them.
    pub fn path_and_query(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }

    /// Where to connect.
    pub const fn destination(&self) -> &Destination {
        &self.destination
    }

    /// Whether it is `https`.
    pub fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Host, and port where it is not the scheme's own: the `Host` header.
    pub fn authority(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.destination.host),
            None => self.destination.host.to_string(),
        }
    }

    /// `https://host:port`, the port left out where it is the scheme's own.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.url.scheme(), self.authority())
    }
}

/// How many redirects in a row are followed.
pub const MOST_HOPS: usize = 5;

/// Whether a text can mean one thing only, to whatever reads it.
fn readable(text: &str) -> Result<(), Refusal> {
    if text.len() > LONGEST {
        let head: String = text.chars().take(200).collect();
        return Err(malformed("it is longer than 8 KiB".into(), &head));
    }
    // One look at every byte; all that is not ASCII goes the slow way.
    if text.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\') {
        return Ok(());
    }
    let invisible = |letter: char| letter.is_control() || letter.is_whitespace();
    if text.contains(invisible) {
        return Err(malformed(
            "it holds spaces or control characters; write them as `%20` and so on".into(),
            text,
        ));
    }
    let before_query = text.split(['?', '#']).next().unwrap_or(text);
    if before_query.contains('\\') {
        return Err(malformed(
            "it holds a backslash, which programs take for different things".into(),
            text,
        ));
    }
    Ok(())
}

fn malformed(why: String, text: &str) -> Refusal {
    Refusal::new(
        &rules::FETCH_MALFORMED,
        format!("this is no address that can be fetched: {why}").into(),
        text,
    )
}

fn userinfo(text: &str) -> Refusal {
    Refusal::new(&rules::FETCH_USERINFO, rules::FETCH_USERINFO.why.into(), text)
}
