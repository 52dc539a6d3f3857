//! IPv4 addresses inside of IPv6 ones: whoever translates sends to the inner
//! one, so that is the one to be judged.

use core::net::{Ipv4Addr, Ipv6Addr};

use super::Class;
use super::address::v4;

/// The prefix of a translator from IPv6 to IPv4 (RFC 6052).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nat64 {
    prefix: u128,
    length: u32,
}

/// The lengths that RFC 6052 knows.
const LENGTHS: [u32; 6] = [32, 40, 48, 56, 64, 96];

impl Nat64 {
    /// The prefix `address/length`; `None` where RFC 6052 does not know that
    /// length, or bits are set behind the prefix or in the octet that has to
    /// be zero.
    pub fn new(address: Ipv6Addr, length: u32) -> Option<Self> {
        let prefix = address.to_bits();
        let rest = u128::MAX.checked_shr(length)?;
        let fits = LENGTHS.contains(&length) && prefix & rest == 0 && (prefix >> 56) & 0xff == 0;
        fits.then_some(Self { prefix, length })
    }

    /// The inner address, where `bits` is of this translator.
    fn inner(self, bits: u128) -> Option<Ipv4Addr> {
        let rest = u128::MAX.checked_shr(self.length)?;
        (bits & !rest == self.prefix).then(|| rfc6052(bits, self.length))
    }
}

/// The inner address of `bits` behind a prefix of `length`: RFC 6052, 2.2.
/// Bits 64 to 71 are skipped.
fn rfc6052(bits: u128, length: u32) -> Ipv4Addr {
    let inner = if length >= 96 {
        bits
    } else {
        // Without the skipped octet, 120 bits are left.
        let joined = ((bits >> 64) << 56) | (bits & ((1 << 56) - 1));
        joined >> 88u32.saturating_sub(length)
    };
    Ipv4Addr::from_bits((inner & u128::from(u32::MAX)) as u32)
}

/// What the address is by an IPv4 address inside of it; `None` where there is
/// none that would decide.
pub(super) fn class(bits: u128, nat64: &[Nat64]) -> Option<Class> {
    if let Some(inner) = nat64.iter().find_map(|prefix| prefix.inner(bits)) {
        return Some(v4(inner));
    }
    let low = || v4(Ipv4Addr::from_bits((bits & u128::from(u32::MAX)) as u32));
    if bits >> 120 == 0 {
        match bits >> 32 {
            // ::a.b.c.d, compatible (RFC 4291, deprecated); `::` and `::1` are not.
            0 if bits > 1 => return Some(closed(low(), Class::Reserved)),
            // ::ffff:a.b.c.d, mapped (RFC 4291).
            0xffff => return Some(low()),
            // ::ffff:0:a.b.c.d, translated (SIIT, RFC 2765).
            0xffff_0000 => return Some(closed(low(), Class::Reserved)),
            // 64:ff9b::a.b.c.d, the well-known translator (RFC 6052).
            0x0064_ff9b_0000_0000_0000_0000 => return Some(low()),
            _ => {}
        }
        // 64:ff9b:1::/48, translators of this network (RFC 8215): the length of
        // the prefix is not known, so that every one is tried for the worst.
        if bits >> 80 == 0x0064_ff9b_0001 {
            let worst = LENGTHS
                .iter()
                .filter(|length| **length >= 48)
                .any(|length| v4(rfc6052(bits, *length)) == Class::Metadata);
            return Some(if worst { Class::Metadata } else { Class::Translated });
        }
    }
    let octets = |from: u32| v4(Ipv4Addr::from_bits((bits >> (96 - from) & 0xffff_ffff) as u32));
    // 2002:a.b.c.d::/48, 6to4 (RFC 3056).
    if bits >> 112 == 0x2002 && octets(16) != Class::Public {
        return Some(octets(16));
    }
    // 2001:0:server::client, Teredo (RFC 4380); the client is written inverted.
    if bits >> 96 == 0x2001_0000 {
        let client = v4(Ipv4Addr::from_bits(!(bits as u32)));
        return Some(closed(client, closed(octets(32), Class::Translated)));
    }
    // prefix:0:5efe:a.b.c.d or prefix:200:5efe:a.b.c.d, ISATAP (RFC 5214), in
    // any prefix and with either of the two bits that say whose number it is.
    if (bits >> 32) & 0xfcff_ffff == 0x0000_5efe && low() != Class::Public {
        return Some(low());
    }
    None
}

/// The class of an inner address; a public one inside of a form that nobody
/// routes is `otherwise`.
const fn closed(inner: Class, otherwise: Class) -> Class {
    match inner {
        Class::Public => otherwise,
        Class::Loopback
        | Class::Private
        | Class::Shared
        | Class::LinkLocal
        | Class::Benchmarking
        | Class::Documentation
        | Class::Multicast
        | Class::Unspecified
        | Class::Reserved
        | Class::Translated
        | Class::Metadata => inner,
    }
}

#[cfg(test)]
mod tests {
    use super::super::classify;
    use super::*;

    fn class(text: &str) -> Class {
        classify(text.parse().unwrap(), &[])
    }

    #[test]
    fn every_form_is_seen_through() {
        for text in [
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "::ffff:0:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::a9fe:a9fe",
            "64:ff9b:1:a9fe:a9:fe00::",
            "64:ff9b:1:fa9:fe:a9fe::",
            "2002:a9fe:a9fe::1",
            "2001:0:0808:0808:0:0:5601:5601",
            "2001:0:a9fe:a9fe:0:0:f7f7:f7f7",
            "2606:4700::5efe:a9fe:a9fe",
            "2606:4700::200:5efe:a9fe:a9fe",
            "2606:4700::300:5efe:169.254.169.254",
            "fe80::5efe:169.254.169.254",
        ] {
            assert_eq!(class(text), Class::Metadata, "{text}");
        }
    }

    #[test]
    fn what_is_public_inside_stays_public_where_somebody_routes_it() {
        for text in
            ["::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2606:4700::5efe:808:808"]
        {
            assert_eq!(class(text), Class::Public, "{text}");
        }
        for text in
            ["::8.8.8.8", "::ffff:0:8.8.8.8", "64:ff9b:1::808:808", "2001:0:808:808::f7f7:f7f7"]
        {
            assert_ne!(class(text), Class::Public, "{text}");
        }
    }

    /// The examples of RFC 6052, 2.4: 192.0.2.33 behind each length.
    #[test]
    fn the_examples_of_rfc_6052_hold() {
        for (length, prefix, whole) in [
            (32, "2001:db8::", "2001:db8:c000:221::"),
            (40, "2001:db8:100::", "2001:db8:1c0:2:21::"),
            (48, "2001:db8:122::", "2001:db8:122:c000:2:2100::"),
            (56, "2001:db8:122:300::", "2001:db8:122:3c0:0:221::"),
            (64, "2001:db8:122:344::", "2001:db8:122:344:c0:2:2100::"),
            (96, "2001:db8:122:344::", "2001:db8:122:344::192.0.2.33"),
        ] {
            let nat64 = Nat64::new(prefix.parse().unwrap(), length).unwrap();
            let whole: Ipv6Addr = whole.parse().unwrap();
            assert_eq!(
                nat64.inner(whole.to_bits()),
                Some(Ipv4Addr::new(192, 0, 2, 33)),
                "/{length}"
            );
        }
        assert_eq!(Nat64::new("2001:db8::1".parse().unwrap(), 96), None);
        assert_eq!(Nat64::new("2001:db8::".parse().unwrap(), 33), None);
        assert_eq!(Nat64::new("::".parse().unwrap(), 0), None);
    }

    #[test]
    fn a_configured_translator_is_seen_through() {
        let nat64 = [Nat64::new("2001:67c:2960:6464::".parse().unwrap(), 96).unwrap()];
        let at = |text: &str| classify(text.parse().unwrap(), &nat64);
        assert_eq!(at("2001:67c:2960:6464::10.0.0.1"), Class::Private);
        assert_eq!(at("2001:67c:2960:6464::169.254.169.254"), Class::Metadata);
        assert_eq!(at("2001:67c:2960:6464::8.8.8.8"), Class::Public);
    }
}
