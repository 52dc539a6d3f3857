//! What the address guard costs: `cargo bench -p palisade-guards --bench network`.
//!
//! `parsed` is `Url::parse` alone, `judged` parses and judges; the difference
//! is what the guard adds.

use core::net::IpAddr;

use divan::{Bencher, black_box};
use palisade_guards::network::{Reach, Target, classify};

fn main() {
    divan::main();
}

const URLS: &[&str] = &[
    "https://docs.rs/url/latest/url/struct.Url.html",
    "https://en.wikipedia.org/w/index.php?title=Localhost&action=history",
    "http://2130706433/",
    "http://[::ffff:169.254.169.254]/latest/meta-data/",
    "https://b\u{fc}cher.example/",
];

#[divan::bench(args = URLS)]
fn parsed(bencher: Bencher, url: &str) {
    bencher.bench(|| url::Url::parse(black_box(url)));
}

#[divan::bench(args = URLS)]
fn judged(bencher: Bencher, url: &str) {
    let reach = Reach::default();
    bencher.bench(|| Target::parse(black_box(url), &reach));
}

const ADDRESSES: &[&str] = &["93.184.215.14", "10.0.0.1", "2606:4700::1111", "64:ff9b::a9fe:a9fe"];

#[divan::bench(args = ADDRESSES)]
fn classified(bencher: Bencher, address: &str) {
    let address: IpAddr = address.parse().unwrap_or(IpAddr::from([0, 0, 0, 0]));
    bencher.bench(|| classify(black_box(address), &[]));
}
