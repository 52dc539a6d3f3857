//! What the egress proxy costs: `cargo bench -p palisade-net --bench proxy`.
//! Direct and proxied in turn, in one process, over loopback.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

use palisade_guards::network::Reach;
use palisade_net::dial::Dialler;
use palisade_net::proxy::{
    Advice, Allowlist, Credentials, Door, Entry, Ledger, Limits, Passed, Proxy, Refused, Target,
    Used, serve_until,
};

/// Bytes of one transfer.
const SIZE: usize = 256 << 20;
const TRANSFERS: usize = 5;
/// Connections: fewer than the proxy lets through without waiting.
const CONNECTIONS: usize = 400;

struct Nothing;

impl Ledger for Nothing {
    fn opening(&self, _: &str) -> Result<Entry, String> {
        Ok(0)
    }

    fn closed(&self, _: Entry, _: &Passed) {}

    fn using(&self, _: &Used<'_>) -> Result<Entry, String> {
        Ok(0)
    }

    fn answered(&self, _: Entry, _: Option<u16>, _: u64) {}

    fn refused(&self, _: &Refused) {}
}

/// Sends `SIZE` bytes for an `s`, and one back for anything else.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut word = [0];
                if stream.read_exact(&mut word).is_ok() && word == *b"s" {
                    let piece = vec![7; 64 * 1024];
                    (0..SIZE / piece.len()).for_each(|_| drop(stream.write_all(&piece)));
                } else {
                    drop(stream.write_all(&word));
                }
            });
        }
    });
    port
}

fn direct(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("a server");
    stream.set_nodelay(true).expect("no delay");
    stream
}

fn proxied(proxy: u16, port: u16) -> TcpStream {
    let mut stream = direct(proxy);
    write!(stream, "CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n").expect("a proxy");
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
        head.extend_from_slice(&byte);
    }
    assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
    stream
}

/// Seconds for one transfer.
fn transfer(mut stream: TcpStream) -> f64 {
    let begun = Instant::now();
    stream.write_all(b"s").expect("a server");
    let mut piece = vec![0; 256 * 1024];
    let mut left = SIZE;
    while left > 0 {
        left -= stream.read(&mut piece).expect("bytes");
    }
    begun.elapsed().as_secs_f64()
}

/// Seconds until a byte has come back on a new connection.
fn there_and_back(open: impl Fn() -> TcpStream) -> f64 {
    let begun = Instant::now();
    let mut stream = open();
    stream.write_all(b"x").expect("a server");
    stream.read_exact(&mut [0]).expect("a byte");
    begun.elapsed().as_secs_f64()
}

fn quantile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = ((values.len() - 1) as f64 * part) as usize;
    values.get(at).copied().unwrap_or(f64::NAN)
}

fn main() {
    let port = server();
    let target = Target::parse(&format!("127.0.0.1:{port}"), None).expect("a target");
    let mut reach = Reach::default();
    reach.open(&target.to_string()).expect("an origin");
    let mut allowed = Allowlist::default();
    allowed.add(&target);
    let (dialler, limits) = (Dialler::system(reach), Limits::default());
    let (credentials, advice) = (Credentials::default(), Advice::default());
    let proxy = Proxy { allowed, credentials, dialler, ledger: Nothing, limits, advice };
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let through = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        serve_until(proxy, vec![Door::Proxy(listener)], || {
            loop {
                std::thread::park();
            }
        })
    });
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..TRANSFERS {
        times[0].push(transfer(direct(port)));
        times[1].push(transfer(proxied(through, port)));
    }
    let speeds = times.map(|times| SIZE as f64 / 1e6 / quantile(times, 0.5));
    println!(
        "transfer      direct {:7.0} MB/s   proxied {:7.0} MB/s   x {:.2}",
        speeds[0],
        speeds[1],
        speeds[1] / speeds[0]
    );
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..CONNECTIONS {
        times[0].push(there_and_back(|| direct(port)));
        times[1].push(there_and_back(|| proxied(through, port)));
    }
    for part in [0.1, 0.5, 0.99] {
        let [direct, proxied] = times.each_ref().map(|times| quantile(times.clone(), part) * 1e6);
        println!(
            "first byte p{:02.0}  direct {direct:7.0} us     proxied {proxied:7.0} us     + {:.0} us",
            part * 100.0,
            proxied - direct
        );
    }
}
