//! What making readable text of a page costs, on ordinary pages and on those
//! built to be slow: `cargo bench -p palisade-net --bench extract`.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use palisade_net::extract::readable;

fn main() {
    divan::main();
}

/// Half a megabyte of ordinary page.
fn ordinary() -> String {
    let section = "<h2>A heading</h2><p>Some text with <a href='/x/y'>a link</a> and <code>code</code>, \
        which goes on for a line or two as text does.</p><ul class='list'><li>one<li>two</ul>\
        <pre><code class='language-rust'>fn main() {}\n</code></pre>";
    format!("<title>T</title><nav><a href=/>Home</a></nav><main>{}</main>", section.repeat(1800))
}

#[divan::bench(sample_count = 20)]
fn page(bencher: Bencher) {
    let html = ordinary();
    bencher
        .counter(BytesCount::of_str(&html))
        .bench(|| readable(black_box(&html), "https://a.example/"));
}

const HOSTILE: &[&str] = &[
    "<div>",
    "<div><p>",
    "<b>",
    "<a href=x>",
    "<table><tr><td>",
    "<ul><li>",
    "</div>",
    "<font><p>",
    "<blockquote>",
    "<p style='display:none'>",
    "&amp;",
    "<x a=b ",
    "<li>a",
    "<td>b",
    "<b>a<i>b</b>c</i>",
    "<a href=x>y",
    "<table><tr><td>a",
];

#[divan::bench(args = HOSTILE, sample_count = 5, sample_size = 1)]
fn hostile(bencher: Bencher, piece: &str) {
    let html = piece.repeat((1 << 20) / piece.len());
    bencher
        .counter(BytesCount::of_str(&html))
        .bench(|| readable(black_box(&html), "https://a.example/"));
}
