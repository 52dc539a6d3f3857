//! Which hosts may be reached: what a person listed, and nothing else.

use url::Host;

use super::target::{Target, host_of, number, split};

/// The listed hosts. An empty list allows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowlist {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    ports: Ports,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    /// This one.
    One(Host),
    /// Every name that ends in this, the dot in front included.
    Below(String),
    /// Any; whether its addresses may be dialled is another question.
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ports {
    /// 80 and 443.
    Web,
    One(u16),
    All,
}

impl Allowlist {
    /// Reads entries: `a.example` (ports 80 and 443), `a.example:8443`,
    /// `a.example:*`, `*.a.example` (every name below it, not itself), an
    /// address, or `*` for every host.
    ///
    /// # Errors
    /// The first entry that is none, in words.
    pub fn parse<S: AsRef<str>>(entries: impl IntoIterator<Item = S>) -> Result<Self, String> {
        let entries = entries.into_iter().map(|entry| Entry::parse(entry.as_ref()));
        Ok(Self { entries: entries.collect::<Result<_, _>>()? })
    }

    /// Whether one of the entries covers `target`.
    pub fn covers(&self, target: &Target) -> bool {
        self.entries.iter().any(|entry| entry.covers(target))
    }

    /// Adds exactly this.
    pub fn add(&mut self, target: &Target) {
        let entry =
            Entry { hosts: Hosts::One(target.host.clone()), ports: Ports::One(target.port) };
        self.entries.push(entry);
    }
}

impl Entry {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            let shown = text.escape_debug();
            Err(format!("`{shown}` is no domain to allow: {why}"))
        };
        if text.contains("://") || text.contains('/') {
            return wrong("write the host alone, without scheme and path");
        }
        let Some((host, port)) = split(text) else { return wrong("write it as `host:port`") };
        let ports = match port {
            None => Ports::Web,
            Some("*") => Ports::All,
            Some(port) => match number(port) {
                Some(port) => Ports::One(port),
                None => return wrong("a port is a number from 1 to 65535, or `*`"),
            },
        };
        let hosts = match host.strip_prefix("*.") {
            _ if host == "*" => Hosts::Any,
            Some(below) => match host_of(below) {
                Some(Host::Domain(name)) => Hosts::Below(format!(".{name}")),
                _ => return wrong("`*.` goes before a name, as in `*.example.com`"),
            },
            None if host.contains('*') => {
                return wrong("`*` stands alone or at the beginning, as in `*.example.com`");
            }
            None => match host_of(host) {
                Some(host) => Hosts::One(host),
                None => return wrong("it is no host name"),
            },
        };
        Ok(Self { hosts, ports })
    }

    fn covers(&self, target: &Target) -> bool {
        let port = match self.ports {
            Ports::Web => [80, 443].contains(&target.port),
            Ports::One(port) => port == target.port,
            Ports::All => true,
        };
        let host = match (&self.hosts, &target.host) {
            (Hosts::Any, _) => true,
            (Hosts::One(one), host) => one == host,
            // The dot is part of it, so `evilexample.com` is not below `example.com`.
            (Hosts::Below(suffix), Host::Domain(name)) => name.ends_with(suffix.as_str()),
            (Hosts::Below(_), Host::Ipv4(_) | Host::Ipv6(_)) => false,
        };
        port && host
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn covers(entries: &[&str], target: &str) -> bool {
        Allowlist::parse(entries).unwrap().covers(&Target::parse(target, None).unwrap())
    }

    #[test]
    fn only_what_is_listed() {
        for (entry, target) in [
            ("a.example", "a.example:443"),
            ("a.example", "A.EXAMPLE.:80"),
            ("A.Example.", "a.example:443"),
            ("a.example:8443", "a.example:8443"),
            ("a.example:*", "a.example:22"),
            ("*.a.example", "x.y.a.example:443"),
            ("bücher.example", "xn--bcher-kva.example:443"),
            ("*", "anything.example:443"),
            ("93.184.216.34", "93.184.216.34:80"),
            ("[2606:4700::1111]:853", "[2606:4700::1111]:853"),
        ] {
            assert!(covers(&[entry], target), "{entry} {target}");
        }
        for (entry, target) in [
            ("a.example", "a.example:8443"),
            ("a.example", "b.a.example:443"),
            ("a.example:8443", "a.example:443"),
            ("*.a.example", "a.example:443"),
            ("*.a.example", "evila.example:443"),
            ("*.a.example", "a.example.evil.example:443"),
            ("*", "a.example:22"),
            ("*.0.0.1.example", "127.0.0.1:443"),
        ] {
            assert!(!covers(&[entry], target), "{entry} {target}");
        }
        assert!(!covers(&[], "a.example:443"));
    }

    #[test]
    fn an_entry_that_is_none_is_an_error() {
        for entry in [
            "",
            "https://a.example",
            "a.example/x",
            "a.*.example",
            "*a.example",
            "a.example:x",
            "a.example:0",
            "a b",
            "*.",
            "*.127.0.0.1",
            "a.example:443:443",
            "user@a.example",
        ] {
            assert!(Allowlist::parse([entry]).is_err(), "{entry}");
        }
    }
}
