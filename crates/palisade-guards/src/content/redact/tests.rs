#![allow(clippy::string_slice)]

use super::*;
use proptest::prelude::*;
use std::fmt::Write as _;

fn plain() -> Redactor {
    Redactor::new(&[])
}

fn redact(text: &str) -> String {
    plain().redact(text).into_owned()
}

/// Letters drawn by lot, the same in every run.
struct Lot(u64);

impl Lot {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }

    fn from(&mut self, letters: &str, count: u64) -> String {
        let letters: Vec<char> = letters.chars().collect();
        (0..count).map(|_| letters[self.below(letters.len() as u64) as usize]).collect()
    }
}

const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const URL64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &str = "0123456789abcdef";
const DIGITS: &str = "0123456789";

/// A token of each family, and the part of it that must not remain.
fn token(lot: &mut Lot, family: u64) -> (String, String) {
    let whole = |token: String| (token.clone(), token);
    match family {
        0 => whole(format!("sk-{}", lot.from(ALNUM, 48))),
        1 => whole(format!("sk-proj-{}", lot.from(URL64, 60))),
        2 => whole(format!("sk-ant-api03-{}", lot.from(URL64, 95))),
        3 => whole(format!("sk-{}", lot.from(HEX, 32))),
        4 => whole(format!("ghp_{}", lot.from(ALNUM, 36))),
        5 => whole(format!("gho_{}", lot.from(ALNUM, 36))),
        6 => whole(format!("github_pat_{}_{}", lot.from(ALNUM, 22), lot.from(ALNUM, 59))),
        7 => whole(format!(
            "xoxb-{}-{}-{}",
            lot.from(DIGITS, 12),
            lot.from(DIGITS, 12),
            lot.from(ALNUM, 24)
        )),
        8 => whole(format!(
            "xoxp-{}-{}-{}",
            lot.from(DIGITS, 11),
            lot.from(DIGITS, 11),
            lot.from(HEX, 32)
        )),
        9 => whole(format!("AIza{}", lot.from(URL64, 35))),
        10 => whole(format!("AKIA{}", lot.from(UPPER, 16))),
        11 => whole(format!("ASIA{}", lot.from(UPPER, 16))),
        12 => whole(format!("glpat-{}", lot.from(URL64, 20))),
        13 => whole(format!("npm_{}", lot.from(ALNUM, 36))),
        14 => whole(format!("hf_{}", lot.from(&ALNUM[..52], 34))),
        15 => {
            let value = lot.from(URL64, 35);
            (format!("{}:{value}", lot.from("123456789", 10)), value)
        }
        16 => whole(format!(
            "eyJ{}.eyJ{}.{}",
            lot.from(ALNUM, 33),
            lot.from(URL64, 80),
            lot.from(URL64, 43)
        )),
        17 => {
            let body = lot.from(ALNUM, 64);
            (
                format!(
                    "-----BEGIN RSA PRIVATE KEY-----\n{body}\n{body}\n-----END RSA PRIVATE KEY-----"
                ),
                body,
            )
        }
        18 => {
            let value = lot.from(ALNUM, 14);
            (format!("postgres://app:{value}@db.internal:5432/app"), value)
        }
        19 => {
            let value = lot.from(URL64, 32);
            (format!("Authorization: Bearer {value}"), value)
        }
        _ => {
            let value = lot.from(ALNUM, 27) + "=";
            (format!("authorization: Basic {value}"), value)
        }
    }
}

#[test]
fn core_families_are_found_wherever_they_stand() {
    let mut lot = Lot(0x1234_5678_9abc_def1);
    let around = [
        ("", ""),
        ("export KEY=", "\n"),
        ("{\"token\": \"", "\"}"),
        ("{\\\"out\\\":\\\"line\\n", "\\n\\\"}"),
        ("(", ")"),
        ("the key is ", ", keep it"),
        ("https://x.example/?k=", "&b=1"),
        ("k%3D", "%26"),
        ("\u{1b}[31m", "\u{1b}[0m"),
        ("<td>", "</td>"),
        ("é", " é"),
        ("key: '", "'"),
        ("--token=", " --x"),
        ("`", "`"),
        ("\t", "\r\n"),
    ];
    let redactor = plain();
    let (mut tried, mut missed) = (0, Vec::new());
    for round in 0..4200 {
        let family = round % 21;
        let (token, secret) = token(&mut lot, family);
        let (before, after) = around[lot.below(around.len() as u64) as usize];
        let text = format!("{before}{token}{after}");
        let redacted = redactor.redact(&text);
        tried += 1;
        assert_eq!(redactor.redact(&redacted), redacted, "what is redacted stays so");
        if redacted.contains(&secret) || !redacted.starts_with(before) || !redacted.ends_with(after)
        {
            missed.push((text.clone(), redacted.into_owned()));
        }
    }
    assert!(
        missed.len() * 200 <= tried,
        "{} of {tried}: {:#?}",
        missed.len(),
        &missed[..missed.len().min(5)]
    );
}

#[test]
fn structure_stays() {
    for (text, expected) in [
        ("https://bob:hunter22@host/x", "https://bob:[redacted:url-password]@host/x"),
        ("redis://:s3cr3tpw@host:6379", "redis://:[redacted:url-password]@host:6379"),
        ("https://u:p%40ss@w0rd@host/", "https://u:[redacted:url-password]@host/"),
        (
            "\"Authorization\": \"Bearer abcdef123456\",",
            "\"Authorization\": \"Bearer [redacted:authorization]\",",
        ),
        (
            "curl -H 'Authorization: token 0123456789abcdef'",
            "curl -H 'Authorization: token [redacted:authorization]'",
        ),
        (
            "{\\\"authorization\\\":\\\"Basic dXNlcjpwYXNzd29yZA==\\\"}",
            "{\\\"authorization\\\":\\\"Basic [redacted:authorization]\\\"}",
        ),
        (
            "k: |\n  -----BEGIN PRIVATE KEY-----\n  MIIEvQIBADANBgkqhkiG9w0BAQ\n  -----END PRIVATE KEY-----\nnext",
            "k: |\n  -----BEGIN PRIVATE KEY-----[redacted:private-key]-----END PRIVATE KEY-----\nnext",
        ),
        (
            "\"-----BEGIN EC PRIVATE KEY-----\\nMHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49\\n-----END EC PRIVATE KEY-----\\n\"",
            "\"-----BEGIN EC PRIVATE KEY-----[redacted:private-key]-----END EC PRIVATE KEY-----\\n\"",
        ),
        (
            "bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1/send",
            "bot123456789:[redacted:telegram-token]/send",
        ),
    ] {
        assert_eq!(redact(text), expected);
    }
}

#[test]
fn places_are_those_that_are_redacted() {
    let mut lot = Lot(0x9e37_79b9);
    let redactor = Redactor::new(&[Secret { name: "A".into(), value: "known-value-1".into() }]);
    for round in 0..420 {
        let (token, _) = token(&mut lot, round % 21);
        let text = format!("é {token} known-value-1\n{token}");
        let mut again = String::new();
        let mut kept = 0;
        for place in redactor.find(&text) {
            again.push_str(&text[kept..place.range.start]);
            again.push_str(&format!("[redacted:{}]", place.name));
            kept = place.range.end;
        }
        again.push_str(&text[kept..]);
        assert_eq!(again, redactor.redact(&text));
    }
}

#[test]
fn samples_of_documentation_are_no_secrets() {
    for text in [
        "postgres://user:password@localhost/db",
        "https://user:pass@host/",
        "mysql://root:s3cret@db:3306/x",
        "https://abc:xyz@example.com",
        "https://a:b@xn--g6w251d/?abc",
        "http://bob:Tr0ub4dor@www.example.org:8080/x",
        "redis://default:changeme@redis:6379",
        "amqp://guest:12345@mq",
        "https://user:${PASS}@host https://user:<pass>@host https://user:****@host",
        "https://user:xxxx@host",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
        "\"eyJ2IjoiMSIsInMiOjEsImMiOi...\"",
        "AKIAEXAMPLE123456789",
    ] {
        assert_eq!(redact(text), text);
    }
    for text in [
        "postgres://user:kX9vQ2mLwz@localhost/db",
        "https://bob:Tr0ub4dor@example.company.test/",
        "https://bob:Tr0ub4dor@notexample.com/",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkxIiwibmFtZSI6IkpvaG4gRG9lIn0.c2lnbmF0dXJlLW9mLWl0",
    ] {
        assert_ne!(redact(text), text);
    }
}

#[test]
fn ordinary_text_is_left_alone() {
    for text in [
        "\"integrity\": \"sha512-Zs6hI1dBFMLZiN0KGyTh6SRyAIza1YsXOAKIAdRuvpVmF2kpDU0AAxJ0kNEWpVWTzJLwuBVAlGtpkyyL7ySRzw==\"",
        "d41d8cd98f00b204e9800998ecf8427e e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "class=\"sk-fading-circle sk-circle-fade-dot-animation-slow\" task-sk-1234567890",
        "risk-1234567890abcdefghijklmnop desk-abcdef0123456789abcdef01",
        "let url = format!(\"postgres://{user}:{password}@{host}\"); // postgres://user:password@localhost",
        "https://${USER}:${PASS}@host http://<user>:<pass>@host mysql://root:root@127.0.0.1",
        "headers[\"Authorization\"] = \"Bearer \" + token; Authorization: Bearer ${TOKEN} 'Authorization': f'Bearer {token}'",
        "Authorization: Bearer <token>, Authorization: Bearer YOUR_API_KEY, the Authorization: header",
        "authorization=AuthorizationService.create(config), authorization: AuthorizationPolicyBuilder",
        "if text.contains(\"-----BEGIN PRIVATE KEY-----\") { return Err(\"a key\"); }",
        "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYD\n-----END CERTIFICATE-----",
        "AKIAIOSFODNN7EXAMPLE ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx sk-xxxxxxxxxxxxxxxxxxxxxxxx",
        "npm_config_registry npm_package_dependencies_something hf_hub_download_with_a_long_name_here",
        "2024-01-01T10:20:30.000 12345678:9 http://[::1]:80 a::b::c eyJ.x eyJhbGciOiJub25lIn0=",
        "//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbXX0=",
        "git@github.com:user/repo ssh://git@host:22/x mailto:a@b.c user@host:/path http://host:80/@scope/pkg",
    ] {
        assert_eq!(redact(text), text);
        assert!(matches!(plain().redact(text), Cow::Borrowed(_)));
    }
}

#[test]
fn known_values_are_found_in_every_dress() {
    let value = "c0rrect \"horse\"/battery+st\u{e4}ple";
    let redactor = Redactor::new(&[
        Secret { name: "DB_PASSWORD".into(), value: value.into() },
        Secret { name: "tiny".into(), value: "abc".into() },
        Secret { name: "odd name]".into(), value: "another-secret".into() },
    ]);
    let base64 = |bytes: &[u8]| {
        let mut text = String::new();
        for chunk in bytes.chunks(3) {
            let n = chunk.iter().fold(0_u32, |n, byte| n << 8 | u32::from(*byte))
                << (8 * (3 - chunk.len()));
            for i in 0..=chunk.len() {
                let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
                text.push(char::from(letters[(n >> (18 - 6 * i)) as usize & 63]));
            }
        }
        text
    };
    let mut dresses = vec![
        value.to_owned(),
        value.replace('"', "\\\""),
        "c0rrect%20%22horse%22%2Fbattery%2Bst%C3%A4ple".into(),
    ];
    let mut hex = String::new();
    value.bytes().for_each(|byte| write!(hex, "{byte:02x}").unwrap());
    dresses.push(hex);
    for before in ["", "u", "us", "user:"] {
        dresses.push(base64(format!("{before}{value}!").as_bytes()));
    }
    for dress in dresses {
        let redacted = redactor.redact(&dress).into_owned();
        assert!(redacted.contains("[redacted:DB_PASSWORD]"), "{dress} -> {redacted}");
        assert!(redacted.len() < 32, "{dress} -> {redacted}");
    }
    assert_eq!(redactor.redact("abc another-secret"), "abc [redacted:secret]");
}

/// Pieces of text in which marks, tokens and their halves meet.
fn pieces() -> impl Strategy<Value = Vec<String>> {
    let whole =
        (0..21_u64, any::<u64>()).prop_map(|(family, seed)| token(&mut Lot(seed | 1), family).0);
    let cut = (0..21_u64, any::<u64>(), 0..200_usize).prop_map(|(family, seed, at)| {
        let token = token(&mut Lot(seed | 1), family).0;
        token.chars().take(at).collect::<String>()
    });
    let dull = prop_oneof![
        Just("known-value-1".to_owned()),
        Just("known".to_owned()),
        Just(" ".to_owned()),
        Just("\n".to_owned()),
        Just("\"".to_owned()),
        Just("://u:".to_owned()),
        Just("@h".to_owned()),
        Just("é".to_owned()),
        Just("Authorization: ".to_owned()),
        Just("Bearer ".to_owned()),
        Just("-----END".to_owned()),
        Just("\\n".to_owned()),
        Just("\u{1b}[31m".to_owned()),
        Just("123456789:".to_owned()),
        "[ -~]{0,20}",
        "\\PC{0,6}",
        "[A-Za-z0-9_-]{0,60}",
    ];
    proptest::collection::vec(prop_oneof![whole, cut, dull], 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn streaming_equals_batch(pieces in pieces(), cuts in proptest::collection::vec(0..4000_usize, 0..30)) {
        let known = [
            Secret { name: "A".into(), value: "known-value-1".into() },
            Secret { name: "B".into(), value: "sk-known-value-of-a-maker-1".into() },
        ];
        let redactor = Redactor::new(&known);
        let text = pieces.concat();
        let batch = redactor.redact(&text).into_owned();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|at| text.floor_char_boundary(at.min(text.len()))).collect();
        cuts.sort_unstable();
        let mut stream = redactor.stream();
        let mut streamed = String::new();
        let mut from = 0;
        for cut in cuts {
            streamed.push_str(&stream.push(&text[from..cut]));
            from = cut;
        }
        streamed.push_str(&stream.push(&text[from..]));
        streamed.push_str(&stream.finish());
        prop_assert_eq!(&streamed, &batch);
        let mut letter_by_letter = String::new();
        let mut stream = redactor.stream();
        for letter in text.chars() {
            letter_by_letter.push_str(&stream.push(letter.encode_utf8(&mut [0; 4])));
        }
        letter_by_letter.push_str(&stream.finish());
        prop_assert_eq!(&letter_by_letter, &batch);
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,400}") {
        let _ = redact(&text);
    }
}

#[test]
fn hostile_text_costs_no_more_than_its_length() {
    for piece in [
        "eyJ",
        "sk-",
        "://",
        "://a:",
        "-----BEGIN PRIVATE KEY-----",
        "Authorization:",
        "1234567890:",
        "-----BEGIN ",
        "Authorization: Bearer ",
        "ghp_",
        "eyJ-",
        "://:@",
    ] {
        let text = piece.repeat(60_000 / piece.len());
        let known = Secret { name: "A".into(), value: "known-value-1".into() };
        let start = std::time::Instant::now();
        let _ = Redactor::new(&[known]).redact(&text);
        let took = start.elapsed();
        // Debug builds on a busy machine are slow; squares would take hours.
        assert!(took.as_secs() < 60, "{piece}: {took:?}");
    }
}
