//! Redaction speed, on code and on text full of tokens.
#![allow(clippy::unwrap_used)]

use divan::Bencher;
use divan::counter::BytesCount;
use palisade_guards::content::{Redactor, Secret};
use std::path::Path;

fn main() {
    divan::main();
}

/// The source of this workspace.
fn code() -> String {
    let mut text = String::new();
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    text
}

fn tokens() -> String {
    "export KEY=sk-proj-Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z token=ghp_Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4zAb3d \
     postgres://app:S3cretPassw0rd@db/app Authorization: Bearer Ab3dEf6hIj9kLm2nOp5q\n"
        .repeat(20_000)
}

#[divan::bench]
fn on_code(bencher: Bencher) {
    let (text, redactor) = (code(), Redactor::new(&[]));
    bencher.counter(BytesCount::of_str(&text)).bench(|| redactor.redact(&text).len());
}

#[divan::bench]
fn on_code_with_known_values(bencher: Bencher) {
    let known = Secret { name: "DB".into(), value: "correct horse battery staple".into() };
    let (text, redactor) = (code(), Redactor::new(&[known]));
    bencher.counter(BytesCount::of_str(&text)).bench(|| redactor.redact(&text).len());
}

#[divan::bench]
fn on_tokens(bencher: Bencher) {
    let (text, redactor) = (tokens(), Redactor::new(&[]));
    bencher.counter(BytesCount::of_str(&text)).bench(|| redactor.redact(&text).len());
}

#[divan::bench]
fn streaming(bencher: Bencher) {
    let (text, redactor) = (code(), Redactor::new(&[]));
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let mut stream = redactor.stream();
        let mut rest = text.as_str();
        let mut length = 0;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(8192.min(rest.len())));
            length += stream.push(piece).len();
            rest = after;
        }
        length + stream.finish().len()
    });
}

#[divan::bench]
fn one_command(bencher: Bencher) {
    let redactor = Redactor::new(&[]);
    bencher.bench(|| redactor.redact("git commit -m 'fix the parser' && cargo test").len());
}
