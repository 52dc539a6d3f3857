//! What may leave the machine: requests, but no secrets.

use palisade_shell::{Effect, EffectKind, Labels, Text};

use super::report::{Report, Scene};
use super::{Guard, Look};
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
    let _ = scene;
    match &effect.kind {
        EffectKind::RemoteShell => report.raise(&rules::NETWORK_REVERSE_SHELL, effect),
        EffectKind::Connect { host, sends } => {
            if let Some(rule) = of_connection(host, *sends, effect.labels) {
                report.raise(rule, effect);
            }
        }
        _ => {}
    }
}

fn of_connection(host: &Text, sends: bool, labels: Labels) -> Option<&'static Rule> {
    let name = host.literal().map_or("", name);
    if METADATA.contains(&name) {
        Some(&rules::REMOTE_METADATA)
    } else if here(name) {
        None
    } else if labels.has(Labels::SECRET) {
        Some(&rules::FLOW_SECRET_SENT)
    } else if labels.has(Labels::ENVIRONMENT) {
        Some(&rules::FLOW_ENVIRONMENT_SENT)
    } else {
        sends.then_some(&rules::NETWORK_UPLOAD)
    }
}

const METADATA: &[&str] = &[
    "169.254.169.254",
    "169.254.170.2",
    "169.254.169.253",
    "metadata.google.internal",
    "metadata",
    "100.100.100.200",
    "[fd00:ec2::254]",
    "2852039166",
    "0xa9fea9fe",
    "0xA9FEA9FE",
    "[::ffff:169.254.169.254]",
    "metadata.azure.com",
    "0251.0376.0251.0376",
    "192.0.0.192",
    "instance-data",
];

/// Whether a name is this machine.
pub(super) fn here(name: &str) -> bool {
    matches!(name, "localhost" | "127.0.0.1" | "[::1]" | "::1" | "0.0.0.0")
        || name.ends_with(".localhost")
}

/// The host in a URL or in `user@host:port`.
pub(super) fn name(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
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
    use super::name;

    #[test]
    fn hosts_are_found() {
        assert_eq!(name("http://u:p@169.254.169.254:80/latest?x"), "169.254.169.254");
        assert_eq!(name("http://[::1]:80/"), "[::1]");
        assert_eq!(name("a.example:22"), "a.example");
        assert_eq!(name("me@a.example"), "a.example");
        assert_eq!(name("::1"), "::1");
    }
}
