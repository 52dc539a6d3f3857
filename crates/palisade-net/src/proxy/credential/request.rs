//! A request for a credential's host: judged, and written anew with the value
//! in the place of the phantom.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Uri, Version};
use memchr::memmem;

use super::answer::Forms;
use super::only::Only;
use super::{Credential, Credentials};
use crate::proxy::head::is_between_neighbours;
use crate::proxy::target::{Target, split};

/// Why a request does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// It can be read in more than one way.
    Malformed(&'static str),
    /// A credential is not for this; in words.
    Credential(String),
}

/// What was put into a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PutIn {
    /// Names of the credentials.
    pub names: Vec<String>,
    /// What an answer must not say.
    pub forms: Forms,
    /// Whether the connection shall speak another protocol afterwards.
    pub upgrade: bool,
}

/// What fields end in by which frameworks are told another method or path than
/// the first line has (`X-HTTP-Method-Override`, `X-Rewrite-URL`), or storage
/// what else to read (`X-Amz-Copy-Source`).
const SWITCHES: [&str; 6] = ["-method", "-override", "-url", "-uri", "-path", "-copy-source"];

/// Whether a field or a parameter says that something else is asked for than
/// the first line says; CGI makes `X_Rewrite_URL` the same as `X-Rewrite-URL`.
fn switches(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    // WebDAV's goal of MOVE and COPY (RFC 4918 10.3).
    name == "destination"
        || name.starts_with("x-") && SWITCHES.iter().any(|end| name.ends_with(end))
}

/// Judges a request for `target` and makes it ready to be sent there.
///
/// # Errors
/// Why it is not sent.
pub fn ready(
    credentials: &Credentials,
    target: &Target,
    request: &mut Parts,
) -> Result<PutIn, Wrong> {
    if [Method::CONNECT, Method::TRACE].contains(&request.method) {
        return Err(Wrong::Malformed("the method is none for a host"));
    }
    addressed(target, request)?;
    let upgrade = kept(&mut request.headers)?;
    request.version = Version::HTTP_11;
    let mut put = PutIn { upgrade, ..put_in(credentials, target, request)? };
    if !put.names.is_empty() {
        // What is packed cannot be searched for the value.
        request.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    for one in credentials.each.iter().filter(|one| one.terms.hosts.contains(target)) {
        put.forms.add(one.value.as_bytes(), one.phantom.as_bytes());
    }
    Ok(put)
}

/// The request must be for the host that was allowed, however it says so.
fn addressed(target: &Target, request: &mut Parts) -> Result<(), Wrong> {
    let mut hosts = request.headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(Wrong::Malformed("it has no `Host`, or more than one"));
    };
    let host = host.to_str().unwrap_or_default();
    let names = |authority: &str| {
        let port = split(authority).and_then(|(_, port)| port);
        // Without a port it is that of the connection's scheme.
        Target::parse(authority, port.is_none().then_some(443))
    };
    let same = |authority: &str| names(authority).as_ref() == Some(target);
    // Some clients leave out a port that is not 443 as well.
    let bare = split(host).is_some_and(|(_, port)| port.is_none())
        && Target::parse(host, Some(target.port)).as_ref() == Some(target);
    if !same(host) && !bare {
        return Err(Wrong::Malformed("`Host` is not the host of the connection"));
    }
    let ours = HeaderValue::from_str(&match target.port {
        443 => target.host.to_string(),
        _ => target.to_string(),
    });
    request.headers.insert(header::HOST, ours.map_err(|_| Wrong::Malformed("`Host` is no host"))?);
    if let Some(authority) = request.uri.authority()
        && (request.uri.scheme_str() != Some("https") || !same(authority.as_str()))
    {
        return Err(Wrong::Malformed("the address is not on the host of the connection"));
    }
    let path = request.uri.path_and_query().map_or("", |path| path.as_str()).to_owned();
    if !path.starts_with('/') {
        return Err(Wrong::Malformed("the address has no path"));
    }
    request.uri = Uri::try_from(path).map_err(|_| Wrong::Malformed("the address has no path"))?;
    Ok(())
}

/// Takes away what ends here. Whether the client asks for a web socket, which
/// alone goes on.
fn kept(headers: &mut HeaderMap) -> Result<bool, Wrong> {
    let named = named(headers);
    if named.iter().any(|name| name == "host" || name == "authorization") {
        return Err(Wrong::Malformed("`Connection` takes away a field that the request needs"));
    }
    let socket = headers.get_all(header::UPGRADE).iter().collect::<Vec<_>>();
    let upgrade = named.iter().any(|name| name == "upgrade")
        && matches!(socket.as_slice(), [one] if one.as_bytes().eq_ignore_ascii_case(b"websocket"));
    take_away(headers, &named);
    // The length is said again as the body is read; waiting for leave to send
    // it ends here too.
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::EXPECT);
    if upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    Ok(upgrade)
}

/// The fields that `Connection` names.
pub fn named(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::CONNECTION).iter();
    values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|name| String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase())
        .collect()
}

/// Takes fields between neighbours away, and those named beside them.
pub fn take_away(headers: &mut HeaderMap, named: &[String]) {
    let gone: Vec<HeaderName> = headers
        .keys()
        .filter(|name| {
            is_between_neighbours(name.as_str()) || named.iter().any(|one| one == name.as_str())
        })
        .cloned()
        .collect();
    for name in gone {
        headers.remove(name);
    }
}

fn put_in(credentials: &Credentials, target: &Target, request: &mut Parts) -> Result<PutIn, Wrong> {
    let mut put = PutIn::default();
    let address = request.uri.to_string();
    let opened = opened(address.as_bytes());
    for one in &credentials.each {
        if [address.as_bytes(), &opened].iter().any(|text| one.stands_in(text) || one.is_in(text)) {
            return Err(one.refused(&format!("it stands in the address, which is kept and shown in many places; it may stand in {}", one.places())));
        }
    }
    let asked = Asked::of(request);
    let names: Vec<HeaderName> = request.headers.iter().map(|(name, _)| name.clone()).collect();
    for (name, value) in &mut request.headers {
        let mut plain = value.as_bytes().to_vec();
        let opened = basic(&plain);
        let mut inner = opened.clone().unwrap_or_default();
        for one in &credentials.each {
            let (outside, inside) = (one.stands_in(&plain), one.stands_in(&inner));
            let mine = one.terms.hosts.contains(target) && one.terms.fields.contains(name);
            if !mine && (outside || inside || one.is_in(&plain) || one.is_in(&inner)) {
                return Err(one.refused(&format!(
                    "it stands in the header `{name}` of a request to {target}; it may stand in {}",
                    one.places()
                )));
            }
            if !outside && !inside {
                continue;
            }
            if names.iter().filter(|other| *other == name).count() > 1 {
                return Err(one.refused(&format!("the header `{name}` stands there twice")));
            }
            if let Some(what) = asked.switched.as_ref().filter(|_| !one.terms.only.is_empty()) {
                return Err(one.refused(&format!(
                    "{what} can make another request of it than the one that its `only` looks at"
                )));
            }
            if !asked.is_covered(&one.terms.only) {
                return Err(one.refused(&format!(
                    "its `only` does not cover {} of this path on {target}",
                    asked.method
                )));
            }
            let (phantom, real) = (one.phantom.as_bytes(), one.value.as_bytes());
            if outside {
                plain = replaced(&plain, phantom, real);
            }
            inner = replaced(&inner, phantom, real);
            put.names.push(one.name.clone());
        }
        let inside = opened.filter(|opened| *opened != inner);
        if let Some(opened) = inside {
            if plain != value.as_bytes() {
                return Err(Wrong::Malformed("a field has a credential in two ways"));
            }
            // Whoever wrote it in another way of base64 gets it back in this one.
            let (written, shown) = (LENIENT.encode(&inner), LENIENT.encode(&opened));
            put.forms.add(written.as_bytes(), shown.as_bytes());
            plain = format!("Basic {written}").into_bytes();
        }
        if plain != value.as_bytes() {
            let mut anew = HeaderValue::from_bytes(&plain)
                .map_err(|_| Wrong::Malformed("a field cannot be written anew"))?;
            anew.set_sensitive(true);
            *value = anew;
        }
    }
    Ok(put)
}

/// What is asked for.
struct Asked {
    method: String,
    path: String,
    /// The field or parameter that says that another one is meant.
    switched: Option<String>,
}

impl Asked {
    fn of(request: &Parts) -> Self {
        let field = request.headers.keys().map(HeaderName::as_str).find(|name| switches(name));
        let query = opened(request.uri.query().unwrap_or_default().as_bytes());
        let query = String::from_utf8_lossy(&query).to_ascii_lowercase();
        let named = |name: &str| {
            switches(name) || name.ends_with("_method") || name.ends_with("httpmethod")
        };
        let mut names = query.split(['&', ';', '?']).filter_map(|pair| pair.split_once('='));
        let switched = match field {
            Some(name) => Some(format!("the header `{name}`")),
            None => names
                .find(|(name, _)| named(name))
                .map(|(name, _)| format!("`{}` in the query", name.escape_debug())),
        };
        Self { method: request.method.to_string(), path: request.uri.path().to_owned(), switched }
    }

    fn is_covered(&self, only: &[Only]) -> bool {
        let covers = |only: &Only| only.covers(&self.method, &self.path);
        only.is_empty() || only.iter().any(covers)
    }
}

impl Credential {
    fn refused(&self, why: &str) -> Wrong {
        Wrong::Credential(format!("the credential `{}` is not for this: {why}", self.name))
    }

    fn places(&self) -> String {
        let fields: Vec<&str> = self.terms.fields.iter().map(HeaderName::as_str).collect();
        let hosts: Vec<String> = self.terms.hosts.iter().map(ToString::to_string).collect();
        format!("`{}` for {}", fields.join("`, `"), hosts.join(", "))
    }
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// User and password of a `Basic` value (RFC 7617), where it is one.
pub fn basic(value: &[u8]) -> Option<Vec<u8>> {
    let (scheme, rest) = value.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    LENIENT.decode(rest.trim_ascii()).ok()
}

/// A text without percent-escapes, once.
pub fn opened(text: &[u8]) -> Vec<u8> {
    let mut opened = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, more)) = rest.split_first() {
        let digit = |at: usize| more.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                opened.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = more.get(2..).unwrap_or_default();
            }
            _ => {
                opened.push(*first);
                rest = more;
            }
        }
    }
    opened
}

/// Every `from` made `to`.
pub fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut done = 0;
    for at in memmem::find_iter(text, from) {
        out.extend_from_slice(text.get(done..at).unwrap_or_default());
        out.extend_from_slice(to);
        done = at + from.len();
    }
    out.extend_from_slice(text.get(done..).unwrap_or_default());
    out
}
