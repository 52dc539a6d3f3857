//! What an address is, from the registries of special-purpose addresses.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::embedded::{self, Nat64};

/// What kind of place an address leads to. Whatever is not known to be public
/// is not public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Reachable for everybody, as far as the registries say.
    Public,
    /// This machine.
    Loopback,
    /// A private network (RFC 1918, RFC 4193, and the site-local addresses
    /// that went before it).
    Private,
    /// Shared between a provider and its customers (RFC 6598).
    Shared,
    /// This link alone (RFC 3927, RFC 4291).
    LinkLocal,
    /// For measurements (RFC 2544, RFC 5180); also what proxies with made-up
    /// answers use.
    Benchmarking,
    /// For documents only (RFC 5737, RFC 3849, RFC 9637).
    Documentation,
    /// Many receivers at once.
    Multicast,
    /// No address; most systems take it for this machine.
    Unspecified,
    /// Set aside by the registries, or not known to be in use.
    Reserved,
    /// Leads through a translator of which nothing is known (RFC 8215,
    /// RFC 4380).
    Translated,
    /// Gives a machine in a cloud its credentials, or steers that cloud.
    Metadata,
}

impl Class {
    /// The class in words, with its article.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Public => "a public address",
            Self::Loopback => "an address of this machine",
            Self::Private => "an address of a private network",
            Self::Shared => "an address of a provider's inner network",
            Self::LinkLocal => "an address of this link",
            Self::Benchmarking => "an address for measurements",
            Self::Documentation => "an address for documents",
            Self::Multicast => "a multicast address",
            Self::Unspecified => "no address of any machine but this",
            Self::Reserved => "a reserved address",
            Self::Translated => "an address behind a translator that is not configured",
            Self::Metadata => "a cloud's metadata service",
        }
    }

    /// Whether a person may open it for one origin. Metadata never, and
    /// nothing that is no place of its own.
    pub const fn can_be_opened(self) -> bool {
        match self {
            Self::Loopback
            | Self::Private
            | Self::Shared
            | Self::LinkLocal
            | Self::Benchmarking
            | Self::Documentation => true,
            Self::Public
            | Self::Multicast
            | Self::Unspecified
            | Self::Reserved
            | Self::Translated
            | Self::Metadata => false,
        }
    }
}

/// What kind of place `address` leads to. An IPv4 address inside of an IPv6
/// one is judged as itself; `nat64` are the translators of this network.
pub fn classify(address: IpAddr, nat64: &[Nat64]) -> Class {
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address, nat64),
    }
}

pub(super) fn v4(address: Ipv4Addr) -> Class {
    let bits = address.to_bits();
    // The last block that does not begin behind the address is the only one
    // that could hold it.
    let at = V4.partition_point(|block| block.first <= bits);
    match at.checked_sub(1).and_then(|at| V4.get(at)) {
        Some(block) if bits <= block.last => block.class,
        _ => Class::Public,
    }
}

fn v6(address: Ipv6Addr, nat64: &[Nat64]) -> Class {
    let bits = address.to_bits();
    embedded::class(bits, nat64).unwrap_or_else(|| {
        // Nearly all of what was given out, in which nothing is special.
        let head = bits >> 112;
        if (0x2003..0x3ffe).contains(&head) && head != 0x2620 {
            return Class::Public;
        }
        let at = V6.partition_point(|block| block.first <= bits);
        match at.checked_sub(1).and_then(|at| V6.get(at)) {
            Some(block) if bits <= block.last => block.class,
            // Only 2000::/3 was ever given out.
            _ if bits >> 125 == 1 => Class::Public,
            _ => Class::Reserved,
        }
    })
}

struct Block<T> {
    first: T,
    last: T,
    class: Class,
}

const fn four(a: u8, b: u8, c: u8, d: u8, length: u32, class: Class) -> Block<u32> {
    let first = u32::from_be_bytes([a, b, c, d]);
    Block { first, last: first | if length == 32 { 0 } else { u32::MAX >> length }, class }
}

const fn six(head: [u16; 4], tail: [u16; 4], length: u32, class: Class) -> Block<u128> {
    let [a, b, c, d] = head;
    let [e, f, g, h] = tail;
    let first = Ipv6Addr::new(a, b, c, d, e, f, g, h).to_bits();
    Block { first, last: first | if length == 128 { 0 } else { u128::MAX >> length }, class }
}

use Class::{
    Benchmarking, Documentation, LinkLocal, Loopback, Metadata, Multicast, Private, Reserved,
    Shared, Translated, Unspecified,
};

/// The IANA IPv4 Special-Purpose Address Registry (RFC 6890 and later), the
/// address space registry for what lies above 224.0.0.0, and the metadata
/// services of clouds. In order; a block inside another splits it.
///
/// What the registry calls globally reachable stays closed all the same, since
/// no page lies there: the anycast addresses of whichever gateway is nearest
/// (RFC 7723, RFC 8155), AS112 (RFC 7534, RFC 7535) and AMT (RFC 7450).
static V4: &[Block<u32>] = &[
    four(0, 0, 0, 0, 8, Unspecified), // RFC 791, "this network"
    four(10, 0, 0, 0, 8, Private),    // RFC 1918
    Block { first: 0x6440_0000, last: 0x6464_64C7, class: Shared }, // RFC 6598, up to ..
    four(100, 100, 100, 200, 32, Metadata), // .. Alibaba Cloud ..
    Block { first: 0x6464_64C9, last: 0x647F_FFFF, class: Shared }, // .. and after it
    four(127, 0, 0, 0, 8, Loopback),  // RFC 1122
    four(168, 63, 129, 16, 32, Metadata), // Azure WireServer, in a public block
    Block { first: 0xA9FE_0000, last: 0xA9FE_0016, class: LinkLocal }, // RFC 3927, up to ..
    four(169, 254, 0, 23, 32, Metadata), // .. Tencent Cloud ..
    Block { first: 0xA9FE_0018, last: 0xA9FE_29FF, class: LinkLocal },
    four(169, 254, 42, 0, 24, Metadata), // .. Scaleway ..
    Block { first: 0xA9FE_2B00, last: 0xA9FE_7FFF, class: LinkLocal },
    four(169, 254, 128, 0, 22, Metadata), // .. identities of Azure App Service ..
    Block { first: 0xA9FE_8400, last: 0xA9FE_A7FF, class: LinkLocal },
    // .. AWS, GCP, Azure, OCI, DigitalOcean, Hetzner, OpenStack, IBM and
    // others (169.254.169.254, with time, names and licences beside it), the
    // credentials of AWS containers (169.254.170.2, .23) ..
    four(169, 254, 168, 0, 22, Metadata),
    Block { first: 0xA9FE_AC00, last: 0xA9FE_FFFF, class: LinkLocal }, // .. and after them
    four(172, 16, 0, 0, 12, Private),                                  // RFC 1918
    Block { first: 0xC000_0000, last: 0xC000_00BF, class: Reserved },  // RFC 6890, up to ..
    four(192, 0, 0, 192, 32, Metadata),                                // .. Oracle Cloud Classic ..
    Block { first: 0xC000_00C1, last: 0xC000_00FF, class: Reserved },  // .. and after it
    four(192, 0, 2, 0, 24, Documentation),                             // RFC 5737
    four(192, 31, 196, 0, 24, Reserved),                               // RFC 7535, AS112
    four(192, 52, 193, 0, 24, Reserved),                               // RFC 7450, AMT
    four(192, 88, 99, 0, 24, Reserved),                                // RFC 7526, once 6to4 relays
    four(192, 168, 0, 0, 16, Private),                                 // RFC 1918
    four(192, 175, 48, 0, 24, Reserved),                               // RFC 7534, AS112
    four(198, 18, 0, 0, 15, Benchmarking),                             // RFC 2544
    four(198, 51, 100, 0, 24, Documentation),                          // RFC 5737
    four(203, 0, 113, 0, 24, Documentation),                           // RFC 5737
    four(224, 0, 0, 0, 4, Multicast),                                  // RFC 5771
    four(240, 0, 0, 0, 4, Reserved), // RFC 1112, and RFC 919 broadcast
];

/// The IANA IPv6 Special-Purpose Address Registry, and metadata services.
/// Outside 2000::/3 all is reserved where it is not named here.
///
/// All of 2001::/23 (RFC 2928) stays closed: gateways, AMT, AS112, and
/// ORCHIDs (RFC 4843, RFC 7343) and drone identities (RFC 9374), which are
/// names and not places.
static V6: &[Block<u128>] = &[
    six([0, 0, 0, 0], [0, 0, 0, 0], 128, Unspecified), // RFC 4291
    six([0, 0, 0, 0], [0, 0, 0, 1], 128, Loopback),    // RFC 4291
    six([0x64, 0xff9b, 1, 0], [0; 4], 48, Translated), // RFC 8215
    six([0x100, 0, 0, 0], [0; 4], 64, Reserved),       // RFC 6666, discard
    six([0x2001, 0, 0, 0], [0; 4], 32, Translated),    // RFC 4380, Teredo
    six([0x2001, 1, 0, 0], [0; 4], 32, Reserved),      // RFC 7723, 8155, 9665 anycast
    six([0x2001, 2, 0, 0], [0; 4], 48, Benchmarking),  // RFC 5180
    Block { first: 0x2001_0002_0001 << 80, last: (0x2001_0200 << 96) - 1, class: Reserved },
    six([0x2001, 0xdb8, 0, 0], [0; 4], 32, Documentation), // RFC 3849
    six([0x2620, 0x4f, 0x8000, 0], [0; 4], 48, Reserved),  // RFC 7534, AS112
    six([0x3ffe, 0, 0, 0], [0; 4], 16, Reserved),          // RFC 3701, once 6bone
    six([0x3fff, 0, 0, 0], [0; 4], 20, Documentation),     // RFC 9637
    six([0x5f00, 0, 0, 0], [0; 4], 16, Reserved),          // RFC 9602, segment routing
    // RFC 4193, with AWS (fd00:ec2::254 and ::23), Oracle (fd00:c1::a9fe:a9fe),
    // Scaleway (fd00:42::42) and Google (fd20:ce::254) in it.
    Block { first: 0xfc00 << 112, last: (0xfd00_0042 << 96) - 1, class: Private },
    six([0xfd00, 0x42, 0, 0], [0; 4], 32, Metadata),
    Block { first: 0xfd00_0043 << 96, last: (0xfd00_00c1 << 96) - 1, class: Private },
    six([0xfd00, 0xc1, 0, 0], [0; 4], 32, Metadata),
    Block { first: 0xfd00_00c2 << 96, last: (0xfd00_0ec2 << 96) - 1, class: Private },
    six([0xfd00, 0xec2, 0, 0], [0; 4], 32, Metadata),
    Block { first: 0xfd00_0ec3 << 96, last: (0xfd20_00ce << 96) - 1, class: Private },
    six([0xfd20, 0xce, 0, 0], [0; 4], 32, Metadata),
    Block { first: 0xfd20_00cf << 96, last: (0xfe00 << 112) - 1, class: Private },
    // RFC 4291, with OpenStack's metadata (fe80::a9fe:a9fe) in it.
    Block { first: 0xfe80 << 112, last: (0xfe80 << 112) + 0xa9fe_a9fd, class: LinkLocal },
    six([0xfe80, 0, 0, 0], [0, 0, 0xa9fe, 0xa9fe], 128, Metadata),
    Block { first: (0xfe80 << 112) + 0xa9fe_a9ff, last: (0xfec0 << 112) - 1, class: LinkLocal },
    six([0xfec0, 0, 0, 0], [0; 4], 10, Private), // RFC 3879, once site-local
    six([0xff00, 0, 0, 0], [0; 4], 8, Multicast), // RFC 4291
];

#[cfg(test)]
mod tests {
    use super::*;

    fn class(text: &str) -> Class {
        classify(text.parse().unwrap(), &[])
    }

    #[test]
    fn the_tables_are_in_order() {
        assert!(V4.iter().all(|block| block.first <= block.last));
        assert!(V6.iter().all(|block| block.first <= block.last));
        assert!(V4.windows(2).all(|pair| pair[0].last < pair[1].first));
        assert!(V6.windows(2).all(|pair| pair[0].last < pair[1].first));
    }

    #[test]
    fn every_block_begins_and_ends_where_the_registry_says() {
        let edges = [
            ("0.0.0.0", Unspecified),
            ("0.255.255.255", Unspecified),
            ("1.0.0.0", Class::Public),
            ("9.255.255.255", Class::Public),
            ("10.0.0.0", Private),
            ("11.0.0.0", Class::Public),
            ("100.63.255.255", Class::Public),
            ("100.64.0.0", Shared),
            ("100.100.100.199", Shared),
            ("100.100.100.200", Metadata),
            ("100.100.100.201", Shared),
            ("100.127.255.255", Shared),
            ("100.128.0.0", Class::Public),
            ("126.255.255.255", Class::Public),
            ("127.0.0.0", Loopback),
            ("127.255.255.255", Loopback),
            ("128.0.0.0", Class::Public),
            ("168.63.129.15", Class::Public),
            ("168.63.129.16", Metadata),
            ("168.63.129.17", Class::Public),
            ("169.253.255.255", Class::Public),
            ("169.254.0.0", LinkLocal),
            ("169.254.0.23", Metadata),
            ("169.254.42.42", Metadata),
            ("169.254.127.255", LinkLocal),
            ("169.254.129.4", Metadata),
            ("169.254.132.0", LinkLocal),
            ("169.254.167.255", LinkLocal),
            ("169.254.169.254", Metadata),
            ("169.254.170.2", Metadata),
            ("169.254.170.23", Metadata),
            ("169.254.171.255", Metadata),
            ("169.254.172.0", LinkLocal),
            ("169.254.255.255", LinkLocal),
            ("169.255.0.0", Class::Public),
            ("172.15.255.255", Class::Public),
            ("172.16.0.0", Private),
            ("172.31.255.255", Private),
            ("172.32.0.0", Class::Public),
            ("191.255.255.255", Class::Public),
            ("192.0.0.0", Reserved),
            ("192.0.0.192", Metadata),
            ("192.0.0.255", Reserved),
            ("192.0.1.0", Class::Public),
            ("192.0.2.0", Documentation),
            ("192.0.3.0", Class::Public),
            ("192.31.195.255", Class::Public),
            ("192.31.196.1", Reserved),
            ("192.31.197.0", Class::Public),
            ("192.52.193.1", Reserved),
            ("192.175.48.1", Reserved),
            ("192.175.49.0", Class::Public),
            ("2620:4f:8000::1", Reserved),
            ("2620:4f:8001::1", Class::Public),
            ("192.88.98.255", Class::Public),
            ("192.88.99.1", Reserved),
            ("192.88.100.0", Class::Public),
            ("192.167.255.255", Class::Public),
            ("192.168.0.0", Private),
            ("192.169.0.0", Class::Public),
            ("198.17.255.255", Class::Public),
            ("198.18.0.0", Benchmarking),
            ("198.19.255.255", Benchmarking),
            ("198.20.0.0", Class::Public),
            ("198.51.100.7", Documentation),
            ("203.0.113.7", Documentation),
            ("223.255.255.255", Class::Public),
            ("224.0.0.0", Multicast),
            ("239.255.255.255", Multicast),
            ("240.0.0.0", Reserved),
            ("255.255.255.255", Reserved),
            ("::", Unspecified),
            ("::1", Loopback),
            ("::2", Unspecified),
            ("::1:0:0:0", Reserved),
            ("100::1", Reserved),
            ("100:0:0:1::1", Reserved),
            ("200::1", Reserved),
            ("1fff:ffff::", Reserved),
            ("2000::1", Class::Public),
            ("2001:1::1", Reserved),
            ("2001:2::1", Benchmarking),
            ("2001:2:1::1", Reserved),
            ("2001:2:ffff::1", Reserved),
            ("2001:3::1", Reserved),
            ("2001:4:112::1", Reserved),
            ("2001:4:111:ffff::", Reserved),
            ("2001:4:113::", Reserved),
            ("2001:10::1", Reserved),
            ("2001:20::1", Reserved),
            ("2001:30::1", Reserved),
            ("2001:1ff:ffff::", Reserved),
            ("2001:200::1", Class::Public),
            ("2001:db7:ffff::", Class::Public),
            ("2001:db8::1", Documentation),
            ("2001:db9::", Class::Public),
            ("2003::1", Class::Public),
            ("2606:4700::1111", Class::Public),
            ("3ffe::1", Reserved),
            ("3fff:fff::1", Documentation),
            ("3fff:1000::", Class::Public),
            ("4000::1", Reserved),
            ("5f00::1", Reserved),
            ("fbff::1", Reserved),
            ("fc00::1", Private),
            ("fd00:ec2::254", Metadata),
            ("fd00:ec2::23", Metadata),
            ("fd00:ec3::", Private),
            ("fd00:42::42", Metadata),
            ("fd00:c1::a9fe:a9fe", Metadata),
            ("fd20:ce::254", Metadata),
            ("fdff::1", Private),
            ("fe00::1", Reserved),
            ("fe80::1", LinkLocal),
            ("fe80::a9fe:a9fe", Metadata),
            ("febf::1", LinkLocal),
            ("fec0::1", Private),
            ("feff::1", Private),
            ("ff02::1", Multicast),
        ];
        let wrong: Vec<_> = edges
            .iter()
            .filter(|(text, expected)| class(text) != *expected)
            .map(|(text, expected)| format!("{text}: {:?}, not {expected:?}", class(text)))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    /// A second account of IPv4, by another way, for one address in 251.
    #[test]
    fn the_table_agrees_with_the_standard_library() {
        let mut bits = 0u32;
        loop {
            let address = Ipv4Addr::from_bits(bits);
            let known = address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_broadcast()
                || address.is_documentation()
                || address.is_unspecified();
            assert!(!known || v4(address) != Class::Public, "{address}");
            match bits.checked_add(251) {
                Some(next) => bits = next,
                None => break,
            }
        }
    }
}
