//! Pages over HTTP, one request at a time.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use palisade_core::{Action, Permit};
use palisade_guards::network::{Host, Target};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

use crate::dial::{Connection, Dialler, Stream};
use crate::error::brief;
use crate::follow::{Answer, Exchange, Step, follow};
use crate::{FetchError, decode, media};

/// What one fetch may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body on the wire.
    pub wire: u64,
    /// Bytes of a body once it is unpacked.
    pub unpacked: u64,
    /// How many times its size a body may unpack to.
    pub ratio: u64,
    /// Time for all of it, redirects and lookups included.
    pub time: Duration,
    /// Time in which nothing comes.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wire: 10 << 20,
            unpacked: 10 << 20,
            ratio: 200,
            time: Duration::from_secs(30),
            idle: Duration::from_secs(10),
        }
    }
}

/// Bytes that the head of an answer may have, and how many lines.
const HEAD: usize = 64 * 1024;
const LINES: usize = 128;

/// A page, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The status of the last answer.
    pub status: u16,
    /// The address that it is from, after all redirects.
    pub url: String,
    /// The origin of that address.
    pub origin: String,
    /// Every request on the way, the last one included.
    pub steps: Vec<Step>,
    /// The type, without parameters; empty where the server did not say.
    pub media: String,
    /// Bytes of the body on the wire.
    pub bytes: u64,
    /// The body.
    pub text: String,
}

impl Page {
    /// Whether the text is one with tags.
    pub fn is_html(&self) -> bool {
        media::page(&self.media)
    }
}

/// A fetch that brought no page.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub error: FetchError,
    /// Every request on the way whose connection stood.
    pub steps: Vec<Step>,
}

/// Somebody who fetches pages. Sends no cookies and no credentials, follows
/// no proxy of the environment, and keeps nothing.
#[derive(Debug, Clone)]
pub struct Client {
    dialler: Dialler,
    limits: Limits,
    tls: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl Client {
    /// A client that trusts the certificates that the system trusts.
    pub fn new(dialler: Dialler, limits: Limits) -> Self {
        Self { dialler, limits, tls: Arc::default() }
    }

    /// A client that trusts as `tls` says.
    pub fn with_tls(dialler: Dialler, limits: Limits, tls: Arc<ClientConfig>) -> Self {
        Self { dialler, limits, tls: Arc::new(OnceLock::from(tls)) }
    }

    /// Fetches what `permit` allows, which is spent by it.
    ///
    /// # Errors
    /// Why there is no page, and how far it came.
    pub async fn get(&self, permit: Permit) -> Result<Page, Failed> {
        let mut steps = Vec::new();
        match self.way(permit, &mut steps).await {
            Ok((target, page)) => {
                Ok(Page { url: target.url().to_owned(), origin: target.origin(), steps, ..page })
            }
            Err(error) => Err(Failed { error, steps }),
        }
    }

    async fn way(
        &self,
        permit: Permit,
        steps: &mut Vec<Step>,
    ) -> Result<(Target, Page), FetchError> {
        let (Action::Fetch { url, .. }, _, _) = permit.spend() else {
            return Err(FetchError::NotAFetch);
        };
        let first = Target::parse(&url, self.dialler.reach()).map_err(FetchError::Refused)?;
        let end = Instant::now() + self.limits.time;
        let mut http = Http { client: self };
        let way = follow(first, &self.dialler, &mut http, steps);
        timeout_at(end, way).await.map_err(|_| FetchError::TooSlow(self.limits.time))?
    }

    fn tls(&self) -> Arc<ClientConfig> {
        Arc::clone(self.tls.get_or_init(|| {
            let mut roots = RootCertStore::empty();
            // Without any root no certificate is trusted, which says so itself.
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            config(roots)
        }))
    }
}

/// How to trust the certificates `roots` and no others.
pub fn trusting(roots: impl IntoIterator<Item = CertificateDer<'static>>) -> Arc<ClientConfig> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots);
    config(store)
}

fn config(roots: RootCertStore) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    #[expect(clippy::expect_used, reason = "ring knows the versions that rustls calls safe")]
    let builder =
        builder.with_safe_default_protocol_versions().expect("ring speaks TLS 1.2 and 1.3");
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

/// One request over one connection.
struct Http<'a> {
    client: &'a Client,
}

impl Exchange for Http<'_> {
    type Output = Page;

    async fn ask(
        &mut self,
        target: &Target,
        connection: Connection,
    ) -> Result<Answer<Page>, FetchError> {
        let limits = &self.client.limits;
        let stream = self.secured(target, connection.stream).await?;
        let made = hyper::client::conn::http1::Builder::new()
            .max_buf_size(HEAD)
            .max_headers(LINES)
            .handshake::<_, Empty<Bytes>>(TokioIo::new(stream));
        let (mut sender, driver) = made.await.map_err(wrong)?;
        let _driver = Driver(tokio::spawn(async move {
            // Its error is what the request or the body ends with.
            let _ = driver.await;
        }));
        let asked = timeout(limits.idle, sender.send_request(request(target)?));
        let answer = asked.await.map_err(|_| FetchError::Silent(limits.idle))?.map_err(wrong)?;
        if let Some(location) = location(&answer)? {
            return Ok(Answer::Redirect { status: answer.status().as_u16(), location });
        }
        page(answer, limits).await.map(Answer::Final)
    }
}

impl Http<'_> {
    async fn secured(
        &self,
        target: &Target,
        stream: Box<dyn Stream>,
    ) -> Result<Box<dyn Stream>, FetchError> {
        if !target.is_secure() {
            return Ok(stream);
        }
        let host = target.destination().host();
        let failed = |why: String| FetchError::Tls { host: host.to_string(), why };
        let name = match host {
            Host::Name(name) => {
                ServerName::try_from(name.clone()).map_err(|error| failed(error.to_string()))?
            }
            Host::Literal(address) => ServerName::IpAddress((*address).into()),
        };
        let connector = TlsConnector::from(self.client.tls());
        let idle = self.client.limits.idle;
        let secured = timeout(idle, connector.connect(name, stream));
        let secured = secured.await.map_err(|_| FetchError::Silent(idle))?;
        Ok(Box::new(secured.map_err(|error| failed(error.to_string()))?))
    }
}

/// The task that moves the bytes; it ends with the request.
struct Driver(tokio::task::JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn wrong(error: hyper::Error) -> FetchError {
    use std::error::Error as _;
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    FetchError::Http(brief(&format!("{error}{cause}")))
}

fn request(target: &Target) -> Result<Request<Empty<Bytes>>, FetchError> {
    Request::get(target.path_and_query())
        .header(header::HOST, target.authority())
        .header(header::USER_AGENT, concat!("palisade/", env!("CARGO_PKG_VERSION")))
        .header(
            header::ACCEPT,
            "text/markdown, text/html;q=0.9, text/plain;q=0.9, application/json;q=0.9, */*;q=0.5",
        )
        .header(header::ACCEPT_ENCODING, decode::PACKINGS)
        .header(header::CONNECTION, "close")
        .body(Empty::new())
        .map_err(|error| FetchError::Http(error.to_string()))
}

/// Where an answer redirects to. What says two things says nothing.
fn location(answer: &Response<Incoming>) -> Result<Option<String>, FetchError> {
    let redirects = matches!(
        answer.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let mut places = answer.headers().get_all(header::LOCATION).iter();
    match (redirects, places.next(), places.next()) {
        (false, ..) | (true, None, _) => Ok(None),
        (true, Some(_), Some(_)) => {
            Err(FetchError::Http("it redirects to several addresses at once".into()))
        }
        (true, Some(place), None) => match str::from_utf8(place.as_bytes()) {
            Ok(place) => Ok(Some(place.to_owned())),
            Err(_) => Err(FetchError::Http("it redirects to an address that is not UTF-8".into())),
        },
    }
}

/// The value of a header; empty where there is none.
fn value(headers: &HeaderMap, name: HeaderName) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or("").to_owned()
}

async fn page(answer: Response<Incoming>, limits: &Limits) -> Result<Page, FetchError> {
    let status = answer.status().as_u16();
    let content_type = value(answer.headers(), header::CONTENT_TYPE);
    let packing = value(answer.headers(), header::CONTENT_ENCODING);
    let essence = media::essence(&content_type);
    let body = answer.into_body();
    // What cannot be shown is not fetched in the first place.
    if media::text(&essence) == Some(false) && !body.is_end_stream() {
        return Err(FetchError::NotText(brief(&essence)));
    }
    let body = wire(body, limits).await?;
    let bytes = body.len() as u64;
    let text = decode::text(decode::unpacked(body, &packing, limits)?, &content_type)?;
    Ok(Page {
        status,
        url: String::new(),
        origin: String::new(),
        steps: Vec::new(),
        media: essence,
        bytes,
        text,
    })
}

/// All of a body, as it is on the wire.
async fn wire(mut body: Incoming, limits: &Limits) -> Result<Vec<u8>, FetchError> {
    if body.size_hint().lower() > limits.wire {
        return Err(FetchError::TooLarge(limits.wire));
    }
    let mut bytes = Vec::new();
    loop {
        let frame = timeout(limits.idle, body.frame()).await;
        match frame.map_err(|_| FetchError::Silent(limits.idle))? {
            None => return Ok(bytes),
            Some(frame) => {
                let Ok(data) = frame.map_err(wrong)?.into_data() else { continue };
                if (bytes.len() + data.len()) as u64 > limits.wire {
                    return Err(FetchError::TooLarge(limits.wire));
                }
                bytes.extend_from_slice(&data);
            }
        }
    }
}
