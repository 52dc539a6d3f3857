//! What may leave the machine: requests, but no secrets.

use palisade_shell::{Effect, EffectKind, Labels, Text};

use super::report::{Report, Scene};
use super::{Guard, Look};
use crate::network::{Destination, Reach};
use crate::rules::{self, Rule};

pub(super) static GUARD: Guard = Guard {
    name: "connect",
    manual: "Stops secrets and the environment from being sent away, shells that are wired to a connection, and \
             questions to a cloud's metadata service. Asks where files are sent to another machine. Fetching is free.",
    gaps: "Data in the address of a request, or in a name that is looked up, leaves unseen unless it is known to be \
           secret. A name that leads to the metadata service's address is not resolved here.",
    look: Look::Effects(look),
};

fn look(effect: &Effect, scene: &Scene<'_>, report: &mut Report<'_>) {
    match &effect.kind {
        EffectKind::RemoteShell => report.raise(&rules::NETWORK_REVERSE_SHELL, effect),
        EffectKind::Connect { host, sends } => {
            if let Some(rule) = of_connection(host, *sends, effect.labels) {
                report.raise(rule, effect);
            }
            let to = destination(host);
            let meant = |to: &String| here(to) || scene.exposure.names(to);
            if effect.labels.has(Labels::GIVEN) && !to.as_ref().is_some_and(meant) {
                report.raise(&rules::SECRET_VARIABLE_SENT, effect);
            }
        }
        _ => {}
    }
}

fn of_connection(host: &Text, sends: bool, labels: Labels) -> Option<&'static Rule> {
    let to = destination(host);
    // Where it is not known which part of it is the host, any may be.
    let text = host.to_string();
    let may_be = |part: &str| !part.is_empty() && is_metadata(name(part));
    let metadata = match &to {
        Some(to) => is_metadata(to),
        None => text.split(['\\', '@', '/']).any(may_be),
    };
    if metadata {
        Some(&rules::REMOTE_METADATA)
    } else if to.as_deref().is_some_and(here) {
        None
    } else if labels.has(Labels::SECRET) {
        Some(&rules::FLOW_SECRET_SENT)
    } else if labels.has(Labels::ENVIRONMENT) {
        Some(&rules::FLOW_ENVIRONMENT_SENT)
    } else {
        sends.then_some(&rules::NETWORK_UPLOAD)
    }
}

/// Whether a host is a cloud's metadata service, in any spelling.
fn is_metadata(host: &str) -> bool {
    Destination::new(host, 80, &Reach::default())
        .is_err_and(|refusal| refusal.rule == rules::FETCH_METADATA.id)
}

/// The host that is connected to, where it is known. A `?` in an address is a
/// pattern to the shell, and part of the address all the same; a part that is
/// not known may say another host, unless it stands behind the authority. Where
/// a backslash stands in that, some programs take it for a slash (WHATWG URL,
/// 4.4) and others for a part of the user's name: nobody knows who is meant.
pub(super) fn destination(host: &Text) -> Option<String> {
    let text = host.to_string();
    let authority = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    if authority.split(['/', '?', '#']).next().is_some_and(|part| part.contains('\\')) {
        return None;
    }
    if !host.has_unknown() {
        return Some(name(&text).to_owned());
    }
    let known = host.known_prefix();
    let (scheme, rest) = known.split_once("://")?;
    let end = rest.find(['/', '?', '#'])?;
    known.get(..scheme.len() + 3 + end).map(|authority| name(authority).to_owned())
}

/// Whether a name is this machine.
pub(super) fn here(name: &str) -> bool {
    matches!(name, "localhost" | "127.0.0.1" | "[::1]" | "::1" | "0.0.0.0")
        || name.ends_with(".localhost")
}

/// The host in a URL or in `user@host:port`.
fn name(text: &str) -> &str {
    let device = text.strip_prefix("/dev/tcp/").or_else(|| text.strip_prefix("/dev/udp/"));
    let rest = device.unwrap_or_else(|| text.split_once("://").map_or(text, |(_, rest)| rest));
    let rest = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let rest = rest.rsplit('@').next().unwrap_or(rest);
    if rest.starts_with('[') {
        return rest.find(']').and_then(|end| rest.get(..=end)).unwrap_or(rest);
    }
    match rest.split_once(':') {
        Some((host, port)) if !port.contains(':') => host,
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::{destination, name};
    use palisade_shell::Text;

    #[test]
    fn what_is_not_known_is_no_host() {
        let unknown = |before: &str, after: &str| {
            let mut text = Text::from(before);
            text = Text::new(format!("{text}\u{f0000}{after}"));
            destination(&text)
        };
        assert_eq!(unknown("http://localhost/", ""), Some("localhost".into()));
        assert_eq!(unknown("http://localhost", "/"), None);
        assert_eq!(unknown("http://localhost:", "/"), None);
        assert_eq!(unknown("", "http://localhost/"), None);
        assert_eq!(
            destination(&Text::new("http://a.example/\u{f0002}b=c")),
            Some("a.example".into())
        );
    }

    #[test]
    fn a_backslash_leaves_two_hosts() {
        for text in ["http://b.example\\@localhost/", "http://localhost\\@b.example/", "a\\b:22"] {
            assert_eq!(destination(&Text::from(text)), None, "{text}");
        }
        let behind = Text::from("http://a.example/x\\y?\\@b.example");
        assert_eq!(destination(&behind), Some("a.example".into()));
    }

    #[test]
    fn hosts_are_found() {
        assert_eq!(name("http://u:p@169.254.169.254:80/latest?x"), "169.254.169.254");
        assert_eq!(name("http://[::1]:80/"), "[::1]");
        assert_eq!(name("a.example:22"), "a.example");
        assert_eq!(name("me@a.example"), "a.example");
        assert_eq!(name("::1"), "::1");
        assert_eq!(name("/dev/tcp/a.example/80"), "a.example");
    }
}
