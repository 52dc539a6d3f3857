//! Which hosts a command reaches: those in its words, and those that its words
//! need not name.

use super::Eval;
use super::value::Field;
use crate::programs::Program;
use crate::span::Span;
use crate::text::Text;

/// What addresses of other machines begin with.
const NETWORK: &[&str] = &[
    "http://",
    "https://",
    "ftp://",
    "ftps://",
    "sftp://",
    "rtmp://",
    "rtsp://",
    "oci://",
    "postgres://",
    "postgresql://",
    "mysql://",
    "redis://",
    "rediss://",
    "mongodb://",
    "mongodb+srv://",
    "ws://",
    "wss://",
    "ldap://",
    "tftp://",
    "gopher://",
    "smtp://",
    "telnet://",
    "docker://",
    "svn://",
    "svn+ssh://",
];

/// Variables that name a proxy.
const PROXIES: &[&str] =
    &["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

impl Eval<'_> {
    /// Notes that the current command talks to hosts, where its entry says so.
    pub(super) fn online(&mut self, program: &Program, span: Span) {
        if !program.online {
            return;
        }
        self.talks();
        // By way of whom, where the line itself says so.
        for name in PROXIES {
            if self.state.variables.contains_key(*name)
                && let Some((host, labels)) = self.variable(name)
                && !host.is_empty()
            {
                self.connect(&host, false, labels, span);
            }
        }
    }

    /// Notes that the current command may talk to hosts.
    pub(super) fn talks(&mut self) {
        let current = self.node.and_then(|at| self.out.commands.get_mut(at as usize));
        if let Some(command) = current {
            command.online = true;
        }
    }
}

/// Whether a word is the address of something on another machine.
pub(super) fn addressed(word: &str) -> bool {
    NETWORK.iter().any(|scheme| word.starts_with(scheme))
}

/// Where images come from that name no registry.
pub(super) const HUB: &str = "docker.io";

/// The registry that an image comes from or goes to: what stands before its
/// first slash, where that looks like a host (distribution's reference
/// grammar), else Docker's own. Images in other places than registries have
/// none (containers-transports(5)).
pub(super) fn registry(field: &Field) -> Option<Text> {
    const ELSEWHERE: &[&str] = &[
        "containers-storage:",
        "dir:",
        "docker-archive:",
        "docker-daemon:",
        "oci-archive:",
        "oci:",
        "ostree:",
        "sif:",
        "tarball:",
    ];
    let raw = field.text.raw();
    let scheme = ["docker://", "oci://", "registry://"];
    let named = scheme.iter().find_map(|scheme| raw.strip_prefix(scheme));
    if named.is_none() && ELSEWHERE.iter().any(|scheme| raw.starts_with(scheme)) {
        return None;
    }
    let name = named.unwrap_or(raw);
    if name.starts_with(['/', '.']) {
        return None;
    }
    let host = match name.split_once('/') {
        Some((first, _))
            if first.contains(['.', ':', crate::text::ANY]) || first == "localhost" =>
        {
            first
        }
        None if Text::new(name).has_unknown() => name,
        _ => HUB,
    };
    Some(Text::new(host))
}

/// `host:path` as scp takes it: a colon before any slash.
pub(super) fn remote(text: &Text) -> bool {
    let raw = text.raw();
    if raw.contains("://") {
        return true;
    }
    match raw.find(':') {
        Some(colon) => {
            raw.find('/').is_none_or(|slash| colon < slash)
                && colon >= 1
                && raw.as_bytes().get(colon + 1) != Some(&b'\\')
        }
        None => false,
    }
}
