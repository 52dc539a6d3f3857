#![allow(clippy::string_slice)]

use super::*;
use proptest::prelude::*;

fn base64(bytes: &[u8], url: bool) -> String {
    let letters: Vec<char> = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        .chars()
        .chain(if url { "-_" } else { "+/" }.chars())
        .collect();
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        (0..=chunk.len()).for_each(|at| out.push(letters[(bits >> (18 - 6 * at) & 63) as usize]));
        if !url {
            (chunk.len()..3).for_each(|_| out.push('='));
        }
    }
    out
}

fn each(text: &str, form: impl Fn(u8) -> String) -> String {
    text.bytes().map(form).collect()
}

/// Encodings by name, each of any text.
fn encodings() -> Vec<(&'static str, fn(&str) -> String)> {
    vec![
        ("plain", |text| text.to_owned()),
        ("base64", |text| base64(text.as_bytes(), false)),
        ("base64 at 1", |text| base64(format!("x{text}y").as_bytes(), false)),
        ("base64 at 2", |text| base64(format!("xy{text}").as_bytes(), false)),
        ("base64url", |text| base64(text.as_bytes(), true)),
        ("hex", |text| each(text, |byte| format!("{byte:02x}"))),
        ("HEX", |text| each(text, |byte| format!("{byte:02X}"))),
        ("percent", |text| each(text, |byte| format!("%{byte:02x}"))),
        ("percent of some", |text| {
            each(text, |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
        }),
        ("\\u", |text| text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()),
        ("\\x", |text| each(text, |byte| format!("\\x{byte:02x}"))),
        ("json", |text| text.replace('\\', "\\\\").replace('"', "\\\"")),
        ("entities", |text| text.chars().map(|letter| format!("&#{};", letter as u32)).collect()),
        ("hex entities", |text| {
            text.chars().map(|letter| format!("&#x{:x};", letter as u32)).collect()
        }),
        ("reversed", |text| text.chars().rev().collect()),
        ("rot13", |text| String::from_utf8(rot13(text.as_bytes())).unwrap()),
    ]
}

/// Ways to take a value apart.
fn divisions() -> Vec<(&'static str, fn(&str) -> String)> {
    fn parts(text: &str) -> Vec<String> {
        text.as_bytes().chunks(4).map(|part| String::from_utf8_lossy(part).into_owned()).collect()
    }
    vec![
        ("dots", |text| parts(text).join(".")),
        ("dashes between all", |text| {
            text.chars().map(|letter| letter.to_string()).collect::<Vec<_>>().join("-")
        }),
        ("path", |text| format!("https://h.example/{}/x", parts(text).join("/"))),
        ("query", |text| {
            let query: Vec<String> =
                parts(text).iter().enumerate().map(|(at, part)| format!("p{at}={part}")).collect();
            format!("https://h.example/a?{}", query.join("&"))
        }),
        ("json", |text| {
            let fields: Vec<String> = parts(text)
                .iter()
                .enumerate()
                .map(|(at, part)| format!("\"k{at}\": \"{part}\""))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }),
        ("lines", |text| parts(text).join("\r\n")),
    ]
}

fn search(value: &str) -> Outgoing {
    Outgoing::new(&[
        Secret { name: "OTHER".into(), value: "another-value-9".into() },
        Secret { name: "KEY".into(), value: value.into() },
    ])
}

const VALUES: [&str; 5] = [
    "sk-proj-Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z",
    "c0rrect \"horse\"/battery+staple",
    "tr0ub4dor",
    "$&%!7q~P^w(2)",
    "AKIA4XQ7ZT2MB9KD",
];

#[test]
fn every_dress_and_every_two_of_them() {
    let mut missed = Vec::new();
    for value in VALUES {
        let search = search(value);
        for (outer, wrap) in encodings() {
            for (inner, dress) in encodings() {
                let text = format!("https://h.example/p?d={}&x=1", wrap(&dress(value)));
                if search.find(text.as_bytes()).is_none_or(|leak| leak.name != "KEY") {
                    missed.push(format!("{value}: {outer} of {inner}: {text}"));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{}: {:#?}", missed.len(), &missed[..missed.len().min(20)]);
}

#[test]
fn divided_values_are_found() {
    let mut missed = Vec::new();
    for value in VALUES.iter().filter(|value| bare(value).len() >= 8) {
        let search = search(value);
        for (name, divide) in divisions() {
            for (inner, dress) in encodings().into_iter().filter(|(name, _)| {
                ["plain", "base64", "base64url", "hex", "HEX", "reversed", "rot13"].contains(name)
            }) {
                // A part may not hold what divides the parts.
                let dressed: String =
                    if inner == "plain" { bare(value) } else { dress(&bare(value)) };
                let search = if inner == "plain" { &search } else { &self::search(&bare(value)) };
                let text = divide(&dressed);
                if search.find(text.as_bytes()).is_none() {
                    missed.push(format!("{value}: {name} of {inner}: {text}"));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{}: {:#?}", missed.len(), &missed[..missed.len().min(20)]);
}

#[test]
fn a_value_over_several_parts() {
    let search = search(VALUES[0]);
    let (one, other) = VALUES[0].split_at(20);
    assert!(search.find(one.as_bytes()).is_none());
    assert!(search.find_in_parts(&[one.as_bytes(), other.as_bytes()]).is_some());
    assert!(search.find_in_parts(&[b"GET", b"https://h.example"]).is_none());
}

#[test]
fn ordinary_requests_pass() {
    let known: Vec<Secret> = VALUES
        .iter()
        .chain(&["changeme1", "correcthorse", "p4ss", "letmein2"])
        .map(|value| Secret { name: "KEY".into(), value: (*value).into() })
        .collect();
    let search = Outgoing::new(&known);
    for text in [
        "https://docs.rs/regex/1.13.1/regex/struct.Regex.html#method.find_iter",
        "https://api.example/v1/items?cursor=eyJpZCI6MTIzNDU2Nzg5MH0%3D&limit=100&sort=-created_at",
        "{\"model\": \"x\", \"messages\": [{\"role\": \"user\", \"content\": \"hello \\u00e9 world\"}]}",
        "https://s3.example/b/o?X-Amz-Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
        "",
    ] {
        assert_eq!(search.find(text.as_bytes()), None, "{text}");
    }
    assert_eq!(Outgoing::new(&[]).find(b"anything"), None);
}

#[test]
fn hostile_text_ends() {
    let search = search(VALUES[0]);
    for piece in ["A", "%41", "\\", "&#", "\"", "?a=b&", "QUFB", "\\u0041", "=", "61"] {
        assert_eq!(search.find(piece.repeat(60_000 / piece.len()).as_bytes()), None, "{piece}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn random_values_in_random_dress(
        value in "[!-~]{0,3}[A-Za-z0-9]{9,24}[!-~]{0,8}",
        before in "[ -~]{0,20}",
        after in "[ -~]{0,20}",
        outer in 0..16_usize,
        inner in 0..16_usize,
    ) {
        let encodings = encodings();
        let dressed = encodings[outer].1(&encodings[inner].1(&value));
        // What stands before must not be taken for a part of an escape or of
        // the run.
        let text = format!("{before} {dressed} {after}");
        let found = search(&value).find(text.as_bytes());
        prop_assert!(found.is_some(), "{} of {}: {}", encodings[outer].0, encodings[inner].0, text);
    }

    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = search(VALUES[1]).find(&bytes);
    }
}
