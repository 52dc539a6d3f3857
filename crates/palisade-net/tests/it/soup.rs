//! Addresses, redirects and answers thrown together at random: nothing private
//! is ever dialled. What is private is said here a second time, by another
//! account than the guard's table.

use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use palisade_guards::network::{Reach, Target};
use palisade_net::dial::{Connect, Connection, Dialler, Later, Scripted};
use palisade_net::{Answer, Exchange, FetchError, follow};

/// A small generator, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }

    fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.roll(all.len())]
    }

    fn bits(&mut self) -> u32 {
        (self.roll(1 << 16) << 16 | self.roll(1 << 16)) as u32
    }
}

/// Addresses that matter, and some that do not.
fn four(dice: &mut Dice) -> Ipv4Addr {
    let random = dice.bits();
    let low = random & 0xffff;
    Ipv4Addr::from_bits(match dice.roll(14) {
        0 => 0x7f00_0000 | random & 0xff_ffff,
        1 => 0x0a00_0000 | random & 0xff_ffff,
        2 => 0xa9fe_0000 | low,
        3 => 0xa9fe_a9fe,
        4 => 0xc0a8_0000 | low,
        5 => 0xac10_0000 | random & 0xf_ffff,
        6 => 0x6440_0000 | random & 0x3f_ffff,
        7 => random & 0xff_ffff,
        8 => 0xa83f_8110,
        9 => 0x6464_64c8,
        10 => 0xc612_0000 | random & 0x1_ffff,
        11 => 0xe000_0000 | random & 0x1fff_ffff,
        _ => random,
    })
}

fn six(dice: &mut Dice) -> Ipv6Addr {
    let inner = u128::from(four(dice).to_bits());
    let random = u128::from(dice.bits()) << 64 | u128::from(dice.bits());
    let shifted = |prefix: u128, at: u32| prefix | inner << at;
    Ipv6Addr::from_bits(match dice.roll(16) {
        0 => inner,
        1 => 0xffff << 32 | inner,
        2 => 0xffff_0000 << 32 | inner,
        3 => 0x64_ff9b << 96 | inner,
        4 => 0x64_ff9b_0001 << 80 | inner,
        5 => shifted(0x2002 << 112, 80),
        6 => 0x2001_0000 << 96 | (!inner & 0xffff_ffff) | random & 0xffff_ffff << 64,
        7 => 0x2600_1f00 << 96 | 0x5efe << 32 | inner,
        8 => 0x2600_1f00 << 96 | 0x0200_5efe << 32 | inner,
        9 => 0xfe80 << 112 | random,
        10 => 0xfc00 << 112 | random,
        11 => 0xfd00_0ec2 << 96 | 0x254,
        12 => 0xff02 << 112 | random,
        13 => 1,
        14 => 0x2a00 << 112 | random,
        _ => random << 32 | random,
    })
}

fn address(dice: &mut Dice) -> IpAddr {
    if dice.roll(2) == 0 { four(dice).into() } else { six(dice).into() }
}

/// An address, spelled in one of the many ways.
fn literal(dice: &mut Dice) -> String {
    if dice.roll(3) == 0 {
        let address = six(dice);
        return match dice.roll(3) {
            0 => format!("[{address}]"),
            1 => format!("[{}]", address.segments().map(|part| format!("{part:04X}")).join(":")),
            _ => format!("[{address}%25eth0]"),
        };
    }
    let address = four(dice);
    let bits = address.to_bits();
    let [a, b, c, d] = address.octets();
    match dice.roll(12) {
        0 => bits.to_string(),
        1 => format!("0x{bits:x}"),
        2 => format!("0{bits:o}"),
        3 => format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        4 => format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        5 => format!("{a}.{}", bits & 0xff_ffff),
        6 => format!("{a}.{b}.{}", bits & 0xffff),
        7 => format!("{address}."),
        8 => address.to_string().replace('.', "\u{3002}"),
        9 => address.to_string().chars().map(wide).collect(),
        10 => address.to_string().bytes().fold(String::new(), |mut out, byte| {
            write!(out, "%{byte:02x}").unwrap();
            out
        }),
        _ => address.to_string(),
    }
}

fn wide(letter: char) -> char {
    letter.to_digit(10).and_then(|digit| char::from_u32(0xff10 + digit)).unwrap_or(letter)
}

const ORDINARY: [&str; 4] = ["a.example", "b.example", "c.example", "opened.example"];

const NAMES: &[&str] = &[
    "a.example",
    "B.Example",
    "c.example.",
    "b\u{fc}cher.example",
    "localhost",
    "x.localhost",
    "metadata.google.internal",
    "printer.local",
    "db",
    "loc\u{ad}alhost",
    "a..example",
    "opened.example",
];

fn url(dice: &mut Dice) -> String {
    // Most of what is odd is refused at once, so that only some of it is odd.
    if dice.roll(4) > 0 {
        let scheme = dice.one_of(&["http://", "https://", "https://", "//", "/", ""]);
        let odd = dice.roll(6) == 0;
        let host = if odd { literal(dice) } else { (*dice.one_of(&ORDINARY)).to_owned() };
        return format!("{scheme}{host}{}/x", dice.one_of(&["", "", ":3000"]));
    }
    let scheme = dice.one_of(&[
        "http://",
        "https://",
        "http:",
        "HTTP://",
        "//",
        "/",
        "",
        "http:/",
        "https:\\\\",
        "file://",
        "http:///",
        "\t http://",
    ]);
    let user = dice.one_of(&[
        "",
        "",
        "",
        "",
        "u@",
        "u:p@",
        "@",
        "a.example@",
        "a.example#@",
        "a.example\\@",
    ]);
    let host = if dice.roll(2) == 0 { literal(dice) } else { (*dice.one_of(NAMES)).to_owned() };
    let port =
        dice.one_of(&["", "", "", ":80", ":443", ":3000", ":6379", ":", ":0", ":65536", ":80:80"]);
    let rest = dice.one_of(&[
        "",
        "/",
        "/x?y=http://127.0.0.1/",
        "?@a.example/",
        "#@a.example/",
        "/../..",
        "\\x",
        "/\r\nX: y",
        "/%0d%0a",
    ]);
    format!("{scheme}{user}{host}{port}{rest}")
}

/// What may never be dialled, in the words of the RFCs.
fn private(address: IpAddr) -> bool {
    let four = |address: Ipv4Addr| {
        let [a, b, c, d] = address.octets();
        address.is_private()
            || address.is_loopback()
            || address.is_link_local()
            || address.is_multicast()
            || address.is_documentation()
            || address.is_broadcast()
            || a == 0
            || a >= 240
            || (a == 100 && (64..128).contains(&b))
            || (a == 198 && (b == 18 || b == 19))
            || (a == 192 && b == 0 && c == 0)
            || [a, b, c, d] == [168, 63, 129, 16]
    };
    match address {
        IpAddr::V4(address) => four(address),
        IpAddr::V6(address) => {
            let parts = address.segments();
            let inner = |high: u16, low: u16| {
                four(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
            };
            let [a, b, c, d, e, f, g, h] = parts;
            let embedded = match parts {
                [0, 0, 0, 0, 0, 0 | 0xffff, ..]
                | [0, 0, 0, 0, 0xffff, 0, ..]
                | [0x64, 0xff9b, 0, 0, 0, 0, ..] => inner(g, h),
                [0x2002, ..] => inner(b, c),
                [0x2001, 0, ..] => inner(!g, !h) || inner(c, d),
                _ if e & 0xfcff == 0 && f == 0x5efe => inner(g, h),
                _ => a & 0xe000 != 0x2000,
            };
            embedded
                || address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || (a == 0x2001 && b == 0xdb8)
        }
    }
}

#[derive(Default)]
struct Remembering(Mutex<Vec<SocketAddr>>);

impl Connect for Remembering {
    fn connect(&self, address: SocketAddr) -> Later<'_, io::Result<Connection>> {
        self.0.lock().unwrap().push(address);
        Box::pin(
            async move { Ok(Connection { stream: Box::new(tokio::io::empty()), peer: address }) },
        )
    }
}

struct Redirecting(Vec<String>);

impl Exchange for Redirecting {
    type Output = ();

    async fn ask(&mut self, _: &Target, _: Connection) -> Result<Answer<()>, FetchError> {
        Ok(match self.0.pop() {
            Some(location) => Answer::Redirect { status: 302, location },
            None => Answer::Final(()),
        })
    }
}

fn throw(count: usize, seed: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut dice = Dice(seed);
    let mut reach = Reach::default();
    reach.open("opened.example:3000").unwrap();
    reach.fake_ip("198.18.0.0/15").unwrap();
    let (mut dialled, mut hops) = (0usize, 0usize);
    for round in 0..count {
        let first = url(&mut dice);
        let Ok(target) = Target::parse(&first, &reach) else { continue };
        let script = Scripted::new(None);
        for name in
            ["a.example", "b.example", "c.example", "xn--bcher-kva.example", "opened.example"]
        {
            for _ in 0..1 + dice.roll(3) {
                let public = dice.roll(2) == 0;
                let answers = (0..dice.roll(4)).map(|_| match public {
                    true => "93.184.215.14".parse().unwrap(),
                    false => address(&mut dice),
                });
                script.then(name, answers.collect());
            }
        }
        let locations: Vec<String> = (0..dice.roll(8)).map(|_| url(&mut dice)).collect();
        let shown = format!("round {round}: {first} then {locations:?}, {script:?}");
        let connect = Arc::new(Remembering::default());
        let dialler = Dialler::new(reach.clone(), Arc::new(script), Arc::clone(&connect) as Arc<_>);
        let mut steps = Vec::new();
        let _ = runtime.block_on(follow(target, &dialler, &mut Redirecting(locations), &mut steps));
        let reached = connect.0.lock().unwrap();
        for address in reached.iter().filter(|address| private(address.ip())) {
            let origin = |host: &str| {
                steps.iter().any(|step| step.dialled == address.ip() && step.url.contains(host))
            };
            // The one opened origin may be private, but it is never metadata;
            // names may have made-up answers.
            let made_up = matches!(address.ip(), IpAddr::V4(ip) if ip.octets()[0] == 198)
                && origin(".example");
            let opened = origin("opened.example:3000")
                && address.ip() != IpAddr::from([169, 254, 169, 254])
                && address.ip() != IpAddr::from([168, 63, 129, 16]);
            assert!(made_up || opened, "{address} was dialled in {shown}");
        }
        dialled += reached.len();
        hops += steps.len().saturating_sub(1);
    }
    // The soup has to be worth tasting.
    assert!(dialled > count / 50 && hops > count / 500, "{dialled} dialled, {hops} hops");
    println!("{count} combinations, {dialled} dialled, {hops} redirects followed");
}

#[test]
fn nothing_private_is_dialled() {
    throw(20_000, 0x9e37_79b9_7f4a_7c15);
}

#[test]
#[ignore = "a million combinations take a while: cargo test -p palisade-net -- --ignored --nocapture"]
fn nothing_private_is_dialled_in_a_million() {
    throw(1_000_000, 0x2545_f491_4f6c_dd1d);
}
