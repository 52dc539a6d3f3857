//! Where a connection is to go: one spelling for each host.

use std::fmt;

use url::Host;

/// A host and a port, in the one spelling that is judged, dialled and
/// recorded: lower case, IDNA in ASCII, no dot at the end, numeric spellings
/// of addresses read as browsers read them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The host.
    pub host: Host,
    /// The port.
    pub port: u16,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Target {
    /// Reads `host:port`, or `host` alone where a port is given to fall back
    /// on.
    pub fn parse(authority: &str, fallback: Option<u16>) -> Option<Self> {
        let (host, port) = split(authority)?;
        let port = match port {
            Some(port) => number(port)?,
            None => fallback?,
        };
        Some(Self { host: host_of(host)?, port })
    }
}

/// The host's text and the port's, where there is one.
pub(super) fn split(authority: &str) -> Option<(&str, Option<&str>)> {
    if authority.starts_with('[') {
        let (address, rest) = authority.split_once(']')?;
        let host = authority.get(..=address.len())?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None if rest.is_empty() => Some((host, None)),
            None => None,
        };
    }
    match authority.split_once(':') {
        Some((host, port)) => Some((host, Some(port))),
        None => Some((authority, None)),
    }
}

/// A port other than 0, in digits and nothing else.
pub(super) fn number(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.len() <= 5 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0)
}

/// A host in its one spelling; `None` for anything that two programs could
/// read as two hosts (escapes, NUL, blanks, empty or overlong labels).
pub fn host_of(text: &str) -> Option<Host> {
    if let Some(literal) = text.strip_prefix('[') {
        let address = literal.strip_suffix(']')?.parse().ok()?;
        return Some(Host::Ipv6(address));
    }
    let odd = |c: char| {
        c.is_control() || c.is_whitespace() || "%/\\@#?:<>^|[]`{}\"'*$&!()+,;=~".contains(c)
    };
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.is_empty() || text.contains(odd) {
        return None;
    }
    match Host::parse(text).ok()? {
        Host::Domain(name) => {
            let fits = |label: &str| {
                (1..=63).contains(&label.len())
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
            };
            let whole = name.len() <= 253 && name.split('.').all(fits);
            whole.then_some(Host::Domain(name))
        }
        address => Some(address),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_one_host() {
        for (text, shown) in [
            ("Example.COM:443", "example.com:443"),
            ("example.com.:443", "example.com:443"),
            ("bücher.example:80", "xn--bcher-kva.example:80"),
            ("XN--BCHER-KVA.example:80", "xn--bcher-kva.example:80"),
            ("ｅｘａｍｐｌｅ.com:1", "example.com:1"),
            ("0x7f.1:80", "127.0.0.1:80"),
            ("2130706433:80", "127.0.0.1:80"),
            ("[::FFFF:127.0.0.1]:80", "[::ffff:7f00:1]:80"),
            ("a_b.example:80", "a_b.example:80"),
        ] {
            assert_eq!(Target::parse(text, None).unwrap().to_string(), shown, "{text}");
        }
        assert_eq!(Target::parse("a.example", Some(80)).unwrap().port, 80);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_none() {
        for text in [
            "",
            ":80",
            "a.example",
            "a.example:",
            "a.example:0",
            "a.example:65536",
            "a.example:+80",
            "a.example:080000",
            "a.example:80:80",
            "evil\0.allowed.example:80",
            "a b.example:80",
            "evil.example%00.allowed.example:80",
            "ex%61mple.com:80",
            "user@a.example:80",
            "a..example:80",
            "a.example..:80",
            ".a.example:80",
            "a.example/:80",
            "a\\b.example:80",
            "[::1:80",
            "[::1]80",
            "[::1%25eth0]:80",
            "::1:80",
            "1.2.3.4.5:80",
            "0x.example.0x100:80",
            "*.example:80",
            "a.example\r\nX: y:80",
            "256.256.256.256:80",
        ] {
            assert_eq!(Target::parse(text, None), None, "{text:?}");
        }
        let long = format!("{}.example:80", "a".repeat(64));
        assert_eq!(Target::parse(&long, None), None);
    }
}
