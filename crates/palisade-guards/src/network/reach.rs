//! What a person opened: the one place where private addresses become
//! reachable.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Url;

use super::address::{Class, classify};
use super::embedded::Nat64;
use super::target::Host;

/// How far fetches reach beyond public addresses. The default is: no farther.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    opened: Vec<(Host, u16)>,
    fake_ip: Vec<Prefix>,
    nat64: Vec<Nat64>,
}

/// An entry that does not say what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongEntry {
    /// What is wrong with it, in words, with the entry in backticks.
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Prefix {
    address: IpAddr,
    length: u32,
}

impl Prefix {
    fn read(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let length: u32 = length.parse().ok()?;
        let (first, whole) = widened(address);
        // What is set behind the prefix is a slip of somebody's pen.
        let rest = if length == 0 {
            u128::MAX
        } else {
            u128::MAX.checked_shr(length + 128 - whole).unwrap_or(0)
        };
        (length <= whole && first & rest == 0).then_some(Self { address, length })
    }

    fn holds(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                same(own.to_bits().into(), other.to_bits().into(), 32, self.length)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                same(own.to_bits(), other.to_bits(), 128, self.length)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Whether all of `other` lies in it.
    fn covers(self, other: Self) -> bool {
        self.length <= other.length && self.holds(other.address)
    }
}

const fn widened(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (address.to_bits() as u128, 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

fn same(a: u128, b: u128, whole: u32, length: u32) -> bool {
    (a ^ b).checked_shr(whole.saturating_sub(length)).unwrap_or(0) == 0
}

/// Where proxies with made-up answers take those from: Clash, Surge, sing-box,
/// mihomo and their kin.
const MADE_UP: [Prefix; 3] = [
    Prefix { address: IpAddr::V4(Ipv4Addr::new(198, 18, 0, 0)), length: 15 },
    Prefix { address: IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), length: 18 },
    Prefix { address: IpAddr::V6(Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0)), length: 48 },
];

impl Reach {
    /// Opens one origin, written as `host:port`, where it is private.
    ///
    /// # Errors
    /// Where the text is something else.
    pub fn open(&mut self, origin: &str) -> Result<(), WrongEntry> {
        let wrong = || WrongEntry {
            message: format!("`{origin}` is no `host:port`, like `localhost:3000` or `[::1]:8080`"),
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        let (_, port) = origin.rsplit_once(':').ok_or_else(wrong)?;
        let port: u16 = port.parse().map_err(|_| wrong())?;
        if port == 0 || !origin.bytes().all(plain) {
            return Err(wrong());
        }
        let url = Url::parse(&format!("http://{origin}/")).map_err(|_| wrong())?;
        let host = url.host().and_then(|host| Host::of(&host)).ok_or_else(wrong)?;
        if let Host::Literal(address) = host
            && classify(address, &self.nat64) == Class::Metadata
        {
            return Err(WrongEntry {
                message: format!("`{origin}` is a metadata service, which is never opened"),
            });
        }
        self.opened.push((host, port));
        Ok(())
    }

    /// Takes answers for names in `prefix` for public ones: a proxy of this
    /// machine makes them up and resolves the name itself. An address written
    /// in a URL is never taken so.
    ///
    /// # Errors
    /// Where it is no prefix, or not of a range that such proxies use.
    pub fn fake_ip(&mut self, prefix: &str) -> Result<(), WrongEntry> {
        let read = Prefix::read(prefix).ok_or_else(|| WrongEntry {
            message: format!("`{prefix}` is no prefix, like `198.18.0.0/15`"),
        })?;
        if !MADE_UP.iter().any(|range| range.covers(read)) {
            return Err(WrongEntry {
                message: format!(
                    "`{prefix}` is not within 198.18.0.0/15, fc00::/18 or 2001:2::/48"
                ),
            });
        }
        self.fake_ip.push(read);
        Ok(())
    }

    /// Sees through the translator from IPv6 to IPv4 at `prefix`.
    ///
    /// # Errors
    /// Where it is no prefix of RFC 6052.
    pub fn nat64(&mut self, prefix: &str) -> Result<(), WrongEntry> {
        let read = Prefix::read(prefix).and_then(|prefix| match prefix.address {
            IpAddr::V6(address) => Nat64::new(address, prefix.length),
            IpAddr::V4(_) => None,
        });
        let read = read.ok_or_else(|| WrongEntry {
            message: format!(
                "`{prefix}` is no prefix of a translator: IPv6 with /32, /40, /48, /56, /64 or /96"
            ),
        })?;
        self.nat64.push(read);
        Ok(())
    }

    /// What kind of place an address leads to, seen with this reach.
    pub fn class(&self, address: IpAddr) -> Class {
        classify(address, &self.nat64)
    }

    pub(super) fn opens(&self, host: &Host, port: u16) -> bool {
        self.opened.iter().any(|(known, at)| *at == port && known == host)
    }

    /// Whether an answer for a name is one that a proxy made up.
    pub(super) fn made_up(&self, answer: IpAddr) -> bool {
        self.fake_ip.iter().any(|prefix| prefix.holds(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_say_exactly_what_they_mean() {
        let mut reach = Reach::default();
        for origin in
            ["localhost:3000", "127.0.0.1:80", "[::1]:8080", "NAS.lan:443", "a_b.example:1"]
        {
            assert_eq!(reach.open(origin), Ok(()), "{origin}");
        }
        for origin in [
            "localhost",
            "http://localhost:1",
            "localhost:0",
            "localhost:99999",
            "a b:1",
            "u@h:1",
            "h/x:1",
            "*:80",
            "",
            ":1",
            "169.254.169.254:80",
            "[::ffff:169.254.169.254]:80",
            "h:80#",
            "h:+1",
        ] {
            assert!(reach.open(origin).is_err(), "{origin}");
        }
        for prefix in ["198.18.0.0/16", "198.18.0.0/15", "198.19.1.0/24", "fc00::/18"] {
            assert_eq!(reach.fake_ip(prefix), Ok(()), "{prefix}");
        }
        for prefix in [
            "198.18.0.1/16",
            "10.0.0.0/8",
            "0.0.0.0/0",
            "::/0",
            "198.16.0.0/14",
            "198.18.0.0",
            "198.18.0.0/33",
            "fc00::/7",
        ] {
            assert!(reach.fake_ip(prefix).is_err(), "{prefix}");
        }
        for prefix in ["2001:db8::/96", "64:ff9b:1::/96", "2001:db8::/32"] {
            assert_eq!(reach.nat64(prefix), Ok(()), "{prefix}");
        }
        for prefix in ["10.0.0.0/8", "2001:db8::1/96", "2001:db8::/65", "x"] {
            assert!(reach.nat64(prefix).is_err(), "{prefix}");
        }
    }
}
