//! The families of secrets that can be told by their looks: a mark to search
//! for, and a look that decides.

use super::filter;
use aho_corasick::packed;
use aho_corasick::{AhoCorasick, MatchKind};
use std::sync::LazyLock;

/// A family of secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `sk-...`: OpenAI, Anthropic and those who do as they do.
    Sk,
    /// A mark that nothing else has, then at least so many token characters.
    Marked(&'static Mark),
    /// Slack.
    Slack,
    /// Google API keys: exactly 35 characters.
    Google,
    /// AWS key ids: exactly 16 capitals and digits.
    Aws,
    /// Telegram bots: digits, a colon, 35 characters.
    Telegram,
    /// JSON web tokens.
    Jwt,
    /// Private keys in PEM.
    Pem,
    /// Passwords in URLs.
    Url,
    /// The value of an `Authorization` header.
    Authorization,
}

/// A maker's mark.
#[derive(Debug, PartialEq, Eq)]
pub struct Mark {
    text: &'static str,
    name: &'static str,
    shortest: usize,
    takes: Swallow,
    /// Whether no letter, digit or underscore may stand before it.
    apart: bool,
}

const fn mark(
    text: &'static str,
    name: &'static str,
    shortest: usize,
    takes: Swallow,
    apart: bool,
) -> Mark {
    Mark { text, name, shortest, takes, apart }
}

/// Marks that decide almost alone. Lengths are below the shortest issued.
static MARKS: [Mark; 21] = [
    mark("ghp_", "github-token", 30, Swallow::Word, false),
    mark("gho_", "github-token", 30, Swallow::Word, false),
    mark("ghu_", "github-token", 30, Swallow::Word, false),
    mark("ghs_", "github-token", 30, Swallow::Word, false),
    mark("ghr_", "github-token", 30, Swallow::Word, false),
    mark("github_pat_", "github-token", 36, Swallow::Word, false),
    mark("glpat-", "gitlab-token", 20, Swallow::Dotted, false),
    mark("glrt-", "gitlab-token", 20, Swallow::Dotted, true),
    mark("gldt-", "gitlab-token", 20, Swallow::Dotted, true),
    mark("glptt-", "gitlab-token", 20, Swallow::Dotted, true),
    mark("npm_", "npm-token", 30, Swallow::Alphanumeric, true),
    mark("hf_", "huggingface-token", 30, Swallow::Alphanumeric, true),
    mark("sk_live_", "stripe-key", 20, Swallow::Word, true),
    mark("rk_live_", "stripe-key", 20, Swallow::Word, true),
    mark("pypi-AgE", "pypi-token", 50, Swallow::Dashed, true),
    mark("dop_v1_", "digitalocean-token", 40, Swallow::Alphanumeric, true),
    mark("shpat_", "shopify-token", 30, Swallow::Alphanumeric, true),
    mark("AGE-SECRET-KEY-1", "age-key", 40, Swallow::Alphanumeric, true),
    mark("xapp-1-", "slack-token", 20, Swallow::Dashed, true),
    mark("ya29.", "google-token", 40, Swallow::Dashed, true),
    mark("dckr_pat_", "docker-token", 20, Swallow::Dashed, true),
];

/// The marks of the other families.
const OTHERS: [(&str, Family); 28] = [
    ("sk-", Family::Sk),
    ("xoxa-", Family::Slack),
    ("xoxb-", Family::Slack),
    ("xoxc-", Family::Slack),
    ("xoxd-", Family::Slack),
    ("xoxe-", Family::Slack),
    ("xoxo-", Family::Slack),
    ("xoxp-", Family::Slack),
    ("xoxr-", Family::Slack),
    ("xoxs-", Family::Slack),
    ("AIza", Family::Google),
    ("AKIA", Family::Aws),
    ("ASIA", Family::Aws),
    ("eyJ", Family::Jwt),
    ("-----BEGIN ", Family::Pem),
    ("://", Family::Url),
    ("uthorization", Family::Authorization),
    ("UTHORIZATION", Family::Authorization),
    ("0:", Family::Telegram),
    ("1:", Family::Telegram),
    ("2:", Family::Telegram),
    ("3:", Family::Telegram),
    ("4:", Family::Telegram),
    ("5:", Family::Telegram),
    ("6:", Family::Telegram),
    ("7:", Family::Telegram),
    ("8:", Family::Telegram),
    ("9:", Family::Telegram),
];

/// Which characters go on with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swallow {
    /// Letters and digits.
    Alphanumeric,
    /// And `_`.
    Word,
    /// And `_` and `-`.
    Dashed,
    /// And `_`, `-` and `.`.
    Dotted,
    /// What stands in an `Authorization` header.
    Credential,
}

impl Swallow {
    /// Whether this byte goes on with the token.
    pub const fn takes(self, byte: u8) -> bool {
        match self {
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Word => byte.is_ascii_alphanumeric() || byte == b'_',
            Self::Dashed => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
            Self::Credential => {
                byte.is_ascii_alphanumeric()
                    || matches!(byte, b'_' | b'-' | b'.' | b'~' | b'+' | b'/' | b'=' | b':')
            }
        }
    }
}

/// What a look comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// No secret begins here.
    Nothing,
    /// More text is needed to say.
    More,
    /// The value from `from`; what lies before `to` is gone, and what goes on
    /// with `then` as well.
    Secret {
        /// The first byte of the value.
        from: usize,
        /// The first byte that was not looked at.
        to: usize,
        /// What goes on with the token.
        then: Option<Swallow>,
    },
    /// A private key's body begins at `from`.
    Key {
        /// The first byte of the body.
        from: usize,
    },
}

/// A look decides on at most so many characters of a token.
const SHAPE: usize = 256;
/// The first part of a JSON web token, and the part of a URL before the path.
const LONG: usize = 2048;

impl Family {
    /// The name shown in place of the value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sk => "api-key",
            Self::Marked(mark) => mark.name,
            Self::Slack => "slack-token",
            Self::Google => "google-key",
            Self::Aws => "aws-key-id",
            Self::Telegram => "telegram-token",
            Self::Jwt => "jwt",
            Self::Pem => "private-key",
            Self::Url => "url-password",
            Self::Authorization => "authorization",
        }
    }

    /// Whether a secret begins at `at`, where the mark stands. `end` is whether
    /// the text ends where it ends. More text never changes an answer other
    /// than [`Look::More`].
    pub fn look(self, text: &[u8], at: usize, end: bool) -> Look {
        let view = View { text, end };
        match self {
            Self::Sk => view.sk(at),
            Self::Marked(mark) => view.marked(at, mark),
            Self::Slack => view.slack(at),
            Self::Google => view.exact(at, 4, Swallow::Dashed, 33..=39, Family::Google),
            Self::Aws => view.exact(at, 4, Swallow::Word, 16..=16, Family::Aws),
            Self::Telegram => view.telegram(at),
            Self::Jwt => view.jwt(at),
            Self::Pem => view.pem(at),
            Self::Url => view.url(at),
            Self::Authorization => view.authorization(at),
        }
    }
}

/// A text and whether there is more of it.
#[derive(Clone, Copy)]
struct View<'t> {
    text: &'t [u8],
    end: bool,
}

/// A run of characters, and whether it may go on beyond the text.
struct Run<'t> {
    bytes: &'t [u8],
    open: bool,
}

impl<'t> View<'t> {
    /// The bytes from `from` on that fit, at most `most`.
    fn run(self, from: usize, most: usize, fits: impl Fn(u8) -> bool) -> Run<'t> {
        let rest = self.text.get(from..).unwrap_or_default();
        let count = rest.iter().take(most).take_while(|byte| fits(**byte)).count();
        let open = !self.end && count == rest.len() && count < most;
        Run { bytes: rest.get(..count).unwrap_or_default(), open }
    }

    fn byte(self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }

    fn before(self, at: usize, back: usize) -> Option<u8> {
        at.checked_sub(back).and_then(|at| self.byte(at))
    }

    /// Whether a word can begin at `at`: after anything that is no letter,
    /// digit or underscore, or after an escape that ends in one.
    fn is_apart(self, at: usize) -> bool {
        let Some(last) = self.before(at, 1) else { return true };
        if !last.is_ascii_alphanumeric() && last != b'_' {
            return true;
        }
        let hex = |from: usize, to: usize| {
            (from..=to).all(|back| self.before(at, back).is_some_and(|b| b.is_ascii_hexdigit()))
        };
        // \n, \t; %3D; \u0022; the end of a colour: ESC [ 3 1 m
        (self.before(at, 2) == Some(b'\\') && b"nrtbf0".contains(&last))
            || (self.before(at, 3) == Some(b'%') && hex(1, 2))
            || (self.before(at, 6) == Some(b'\\') && self.before(at, 5) == Some(b'u') && hex(1, 4))
            || (last == b'm' && self.ends_colour(at))
    }

    fn ends_colour(self, at: usize) -> bool {
        let parameters = (2..20)
            .take_while(|back| {
                self.before(at, *back).is_some_and(|b| b.is_ascii_digit() || b == b';')
            })
            .count();
        self.before(at, parameters + 2) == Some(b'[')
            && self.before(at, parameters + 3) == Some(0x1b)
    }

    fn secret(from: usize, to: usize, then: Swallow) -> Look {
        Look::Secret { from, to, then: Some(then) }
    }

    fn marked(self, at: usize, mark: &Mark) -> Look {
        if mark.apart && !self.is_apart(at) {
            return Look::Nothing;
        }
        let from = at + mark.text.len();
        let run = self.run(from, SHAPE, |byte| mark.takes.takes(byte));
        if run.open {
            Look::More
        } else if run.bytes.len() >= mark.shortest && varied(run.bytes) {
            Self::secret(at, from + run.bytes.len(), mark.takes)
        } else {
            Look::Nothing
        }
    }

    fn sk(self, at: usize) -> Look {
        if !self.is_apart(at) || self.before(at, 1) == Some(b'-') {
            return Look::Nothing;
        }
        let run = self.run(at + 3, SHAPE, |byte| Swallow::Dashed.takes(byte));
        if run.open {
            Look::More
        } else if run.bytes.len() >= 20 && random(run.bytes) {
            Self::secret(at, at + 3 + run.bytes.len(), Swallow::Dashed)
        } else {
            Look::Nothing
        }
    }

    fn slack(self, at: usize) -> Look {
        let from = at + 5;
        let run = self.run(from, SHAPE, |byte| Swallow::Dashed.takes(byte));
        if run.open {
            Look::More
        } else if run.bytes.len() >= 10
            && varied(run.bytes)
            && run.bytes.iter().any(u8::is_ascii_digit)
        {
            Self::secret(at, from + run.bytes.len(), Swallow::Dashed)
        } else {
            Look::Nothing
        }
    }

    /// A mark and then a run of a fixed length.
    fn exact(
        self,
        at: usize,
        mark: usize,
        takes: Swallow,
        lengths: std::ops::RangeInclusive<usize>,
        family: Family,
    ) -> Look {
        if !self.is_apart(at) || (family == Family::Google && self.before(at, 1) == Some(b'-')) {
            return Look::Nothing;
        }
        let from = at + mark;
        let run = self.run(from, SHAPE, |byte| takes.takes(byte));
        if run.open {
            return Look::More;
        }
        let fits = lengths.contains(&run.bytes.len()) && varied(run.bytes);
        let fits = fits
            && match family {
                // Not the example of the maker's documentation.
                Family::Aws => {
                    run.bytes.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
                        && !run.bytes.windows(7).any(|seven| seven == b"EXAMPLE")
                }
                _ => random(run.bytes),
            };
        if fits {
            Look::Secret { from: at, to: from + run.bytes.len(), then: None }
        } else {
            Look::Nothing
        }
    }

    /// `at` is the last digit of a bot's number.
    fn telegram(self, at: usize) -> Look {
        let digits = (0..12)
            .take_while(|back| self.before(at, *back).is_some_and(|byte| byte.is_ascii_digit()))
            .count();
        if !(8..=10).contains(&digits) {
            return Look::Nothing;
        }
        let from = at + 2;
        let run = self.run(from, 64, |byte| Swallow::Dashed.takes(byte));
        if run.open {
            Look::More
        } else if (34..=36).contains(&run.bytes.len()) && mixed(run.bytes) && varied(run.bytes) {
            Look::Secret { from, to: from + run.bytes.len(), then: None }
        } else {
            Look::Nothing
        }
    }

    /// Two parts are enough to know it by.
    fn jwt(self, at: usize) -> Look {
        if !self.is_apart(at) || self.before(at, 1).is_some_and(|byte| b"-+/".contains(&byte)) {
            return Look::Nothing;
        }
        let head = self.run(at, LONG, |byte| Swallow::Dashed.takes(byte));
        if head.open {
            return Look::More;
        }
        let dot = at + head.bytes.len();
        if head.bytes.len() < 12 || self.byte(dot) != Some(b'.') {
            return Look::Nothing;
        }
        let body = self.run(dot + 1, SAMPLE, |byte| Swallow::Dashed.takes(byte));
        // `eyJ2IjoiMSIs...` is cut short, and no token.
        let cut = self.byte(dot + 1) == Some(b'.') && self.byte(dot + 2) == Some(b'.');
        if body.open {
            Look::More
        } else if cut || is_sample_token(head.bytes) || is_sample_token(body.bytes) {
            Look::Nothing
        } else if body.bytes.len() >= 16
            || (body.bytes.is_empty() && self.byte(dot + 1) == Some(b'.'))
        {
            Self::secret(at, dot + 1 + body.bytes.len(), Swallow::Dotted)
        } else {
            Look::Nothing
        }
    }

    fn pem(self, at: usize) -> Look {
        let label_from = at + b"-----BEGIN ".len();
        let label = self.run(label_from, 48, |byte| {
            byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' '
        });
        if label.open {
            return Look::More;
        }
        if !label.bytes.ends_with(b"PRIVATE KEY") && !label.bytes.ends_with(b"PRIVATE KEY BLOCK") {
            return Look::Nothing;
        }
        let dashes_from = label_from + label.bytes.len();
        let dashes = self.run(dashes_from, 5, |byte| byte == b'-');
        if dashes.open {
            return Look::More;
        }
        if dashes.bytes.len() < 5 {
            return Look::Nothing;
        }
        // Line ends and what strings in code put around them.
        let body_from = dashes_from + 5;
        let mut between = body_from;
        loop {
            let gap = self.run(between, 64, |byte| {
                byte.is_ascii_whitespace() || b"\\\"'+,|>#*".contains(&byte)
            });
            if gap.open {
                return Look::More;
            }
            between += gap.bytes.len();
            let escaped =
                gap.bytes.last() == Some(&b'\\') && matches!(self.byte(between), Some(b'n' | b'r'));
            if !escaped || between > body_from + 128 {
                break;
            }
            between += 1;
        }
        let first =
            self.run(between, 16, |byte| byte.is_ascii_alphanumeric() || b"+/=-:".contains(&byte));
        if first.open {
            Look::More
        } else if first.bytes.len() >= 16
            || [b"Proc-Type:".as_slice(), b"Version:", b"Comment:"].contains(&first.bytes)
        {
            Look::Key { from: body_from }
        } else {
            Look::Nothing
        }
    }

    /// `at` is the `://` of a URL.
    fn url(self, at: usize) -> Look {
        if !self.before(at, 1).is_some_and(|byte| byte.is_ascii_alphanumeric()) {
            return Look::Nothing;
        }
        let from = at + 3;
        let stops = |byte: u8| {
            byte.is_ascii_whitespace() || byte.is_ascii_control() || b"/?#\"'`<>\\".contains(&byte)
        };
        let authority = self.run(from, LONG, |byte| !stops(byte));
        if authority.open {
            return Look::More;
        }
        let Some(host) = authority.bytes.iter().rposition(|byte| *byte == b'@') else {
            return Look::Nothing;
        };
        let login = authority.bytes.get(..host).unwrap_or_default();
        let Some(colon) = login.iter().position(|byte| *byte == b':') else { return Look::Nothing };
        let (user, password) =
            (login.get(..colon).unwrap_or_default(), login.get(colon + 1..).unwrap_or_default());
        let named = authority
            .bytes
            .get(host + 1)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"[_$%{*".contains(byte));
        let host = authority.bytes.get(host + 1..).unwrap_or_default();
        if !named
            || password.is_empty()
            || is_placeholder(password)
            || is_sample_password(password)
            || is_sample_host(host)
            || password == user
        {
            return Look::Nothing;
        }
        let from = from + colon + 1;
        Look::Secret { from, to: from + password.len(), then: None }
    }

    /// `at` is within the word; the value follows it.
    fn authorization(self, at: usize) -> Look {
        let mut from = at + b"uthorization".len();
        // `: "`, `": "`, `'] = '`, `\":\"`, `", "`, `=`
        let between = self.run(from, 16, |byte| b" \t\\\"'`])}:=,>(".contains(&byte));
        if between.open {
            return Look::More;
        }
        if !between.bytes.iter().any(|byte| b":=,(".contains(byte)) {
            return Look::Nothing;
        }
        from += between.bytes.len();
        let word = self.run(from, SHAPE, |byte| Swallow::Credential.takes(byte));
        if word.open {
            return Look::More;
        }
        let scheme = SCHEMES.iter().any(|scheme| word.bytes.eq_ignore_ascii_case(scheme));
        let mut value = word;
        if scheme {
            from += value.bytes.len();
            let space = self.run(from, 8, |byte| b" \t+".contains(&byte));
            let encoded = self.run(from, 3, |byte| b"%20".contains(&byte));
            if space.open || encoded.open {
                return Look::More;
            }
            from += match (space.bytes.len(), encoded.bytes) {
                (0, b"%20") => 3,
                (0, _) => return Look::Nothing,
                (count, _) => count,
            };
            value = self.run(from, SHAPE, |byte| Swallow::Credential.takes(byte));
            if value.open {
                return Look::More;
            }
        }
        let fits = if scheme {
            value.bytes.len() >= 8 && credential(value.bytes)
        } else {
            // It may be any word of a program: a call, a link, a type.
            let after = self.byte(from + value.bytes.len());
            let word = matches!(after, Some(b'(' | b'['))
                || value.bytes.windows(3).any(|three| three == b"://");
            value.bytes.len() >= 16
                && !word
                && value.bytes.iter().any(u8::is_ascii_digit)
                && random(value.bytes)
        };
        if fits && !is_placeholder(value.bytes) {
            Self::secret(from, from + value.bytes.len(), Swallow::Credential)
        } else {
            Look::Nothing
        }
    }
}

const SCHEMES: [&[u8]; 10] = [
    b"bearer",
    b"basic",
    b"token",
    b"bot",
    b"key",
    b"apikey",
    b"api-key",
    b"negotiate",
    b"splunk",
    b"genie",
];

/// More than a few different characters: not `xxxxxxxx` or `----`.
fn varied(bytes: &[u8]) -> bool {
    let mut seen = 0_u128;
    for byte in bytes.iter().take(64) {
        seen |= 1 << (byte & 0x7f);
    }
    seen.count_ones() >= 7
}

/// Capitals, small letters and digits.
fn mixed(bytes: &[u8]) -> bool {
    bytes.iter().any(u8::is_ascii_uppercase)
        && bytes.iter().any(u8::is_ascii_lowercase)
        && bytes.iter().any(u8::is_ascii_digit)
}

/// Looks drawn by lot and not spelled: no words with dashes between them.
fn random(bytes: &[u8]) -> bool {
    let count = |fits: fn(&u8) -> bool| bytes.iter().filter(|byte| fits(byte)).count();
    let (upper, lower, digits) =
        (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase), count(u8::is_ascii_digit));
    let long = bytes.split(|byte| matches!(byte, b'-' | b'_')).any(|part| {
        let digit = part.iter().any(u8::is_ascii_digit);
        let letter = part.iter().any(u8::is_ascii_alphabetic);
        let cases =
            part.iter().any(u8::is_ascii_uppercase) && part.iter().any(u8::is_ascii_lowercase);
        part.len() >= 16 && ((digit && letter) || cases)
    });
    varied(bytes) && (long || (upper >= 3 && lower >= 3 && digits >= 2))
}

/// Could be a password or token: not a word of prose or of code.
fn credential(bytes: &[u8]) -> bool {
    let digit = bytes.iter().any(u8::is_ascii_digit);
    let letter = bytes.iter().any(u8::is_ascii_alphabetic);
    let cases = bytes.iter().filter(|byte| byte.is_ascii_uppercase()).count() >= 2
        && bytes.iter().filter(|byte| byte.is_ascii_lowercase()).count() >= 2;
    let spelled = bytes.iter().all(|byte| byte.is_ascii_alphabetic() || b"._-".contains(byte));
    varied(bytes)
        && ((digit && letter)
            || (cases && !(spelled && bytes.iter().any(|byte| b"._-".contains(byte)))))
}

/// What documentation and templates write in place of a secret.
fn is_placeholder(bytes: &[u8]) -> bool {
    const WORDS: [&[u8]; 14] = [
        b"password",
        b"passwd",
        b"pass",
        b"pwd",
        b"secret",
        b"token",
        b"user",
        b"username",
        b"pw",
        b"changeme",
        b"example",
        b"mypassword",
        b"yourpassword",
        b"your_password",
    ];
    let marks = b"$<{[*%(";
    let marked = bytes.first().is_some_and(|byte| marks.contains(byte)) && !percent_encoded(bytes);
    let dull = bytes.iter().all(|byte| b"xX*.-_".contains(byte));
    marked
        || dull
        || bytes.starts_with(b"your")
        || bytes.starts_with(b"YOUR")
        || WORDS.iter().any(|word| bytes.eq_ignore_ascii_case(word))
}

/// How the bodies begin of tokens that documentation shows: those of jwt.io
/// (`1234567890`, `John Doe`, in both orders), of PyJWT's manual, and of RFC 7519.
const SAMPLE_TOKENS: [&[u8]; 4] = [
    b"eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9l",
    b"eyJuYW1lIjoiSm9obiBEb2UiLCJzdWIiOiIxMjM0NTY3ODkw",
    b"eyJzb21lIjoicGF5bG9hZCJ9",
    b"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAs",
];

fn is_sample_token(part: &[u8]) -> bool {
    SAMPLE_TOKENS.iter().any(|sample| part.starts_with(sample))
}

/// So much of a body tells that it is one of those.
const SAMPLE: usize = 48;

/// What documentation writes as the password of an address, beside what it
/// writes for any secret. Nobody keeps anything by these.
const SAMPLE_PASSWORDS: [&[u8]; 46] = [
    b"abc",
    b"abc123",
    b"admin",
    b"bar",
    b"baz",
    b"credentials",
    b"db_pass",
    b"db_password",
    b"dbpass",
    b"dbpassword",
    b"default",
    b"demo",
    b"dummy",
    b"foo",
    b"foobar",
    b"guest",
    b"hidden",
    b"hunter2",
    b"letmein",
    b"my-secret-pw",
    b"my_password",
    b"mypass",
    b"mysecret",
    b"mysecretpassword",
    b"p4ssw0rd",
    b"p@ssw0rd",
    b"pass123",
    b"passphrase",
    b"passw0rd",
    b"password1",
    b"password123",
    b"placeholder",
    b"postgres",
    b"redacted",
    b"removed",
    b"root",
    b"s3cr3t",
    b"s3cret",
    b"sample",
    b"secret123",
    b"secretpassword",
    b"somepassword",
    b"supersecret",
    b"test",
    b"topsecret",
    b"xyz",
];

fn is_sample_password(bytes: &[u8]) -> bool {
    // `https://a:b@host/`, `user:1234`
    bytes.len() < 3
        || b"1234567890".starts_with(bytes)
        || SAMPLE_PASSWORDS.iter().any(|word| bytes.eq_ignore_ascii_case(word))
}

/// Whether a host, with its port, is a name that belongs to nobody (RFC 2606,
/// RFC 6761).
fn is_sample_host(host: &[u8]) -> bool {
    let end = host.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"-.".contains(byte));
    let name = host.get(..end.unwrap_or(host.len())).unwrap_or_default().to_ascii_lowercase();
    let name = name.strip_suffix(b".").unwrap_or(&name);
    let mut labels = name.rsplit(|byte| *byte == b'.');
    match labels.next() {
        Some(b"example" | b"invalid") => true,
        Some(b"com" | b"net" | b"org") => labels.next() == Some(b"example"),
        _ => false,
    }
}

/// `%40...` is a value; `%s` is a placeholder.
fn percent_encoded(bytes: &[u8]) -> bool {
    matches!(bytes, [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
}

/// No mark is longer.
pub const LONGEST_MARK: usize = 16;

/// Finds marks.
#[derive(Debug)]
pub struct Searcher {
    fast: Option<packed::Searcher>,
    other: Option<AhoCorasick>,
}

/// The one searcher, made on first use.
pub fn searcher() -> &'static Searcher {
    static SEARCHER: LazyLock<Searcher> = LazyLock::new(|| {
        let fast = packed::Config::new()
            .match_kind(packed::MatchKind::LeftmostFirst)
            .builder()
            .extend(texts())
            .build();
        let other = match fast {
            Some(_) => None,
            // Without vector instructions.
            None => AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(texts()).ok(),
        };
        Searcher { fast, other }
    });
    &SEARCHER
}

/// All marks.
pub fn texts() -> impl Iterator<Item = &'static str> {
    OTHERS.iter().map(|(text, _)| *text).chain(MARKS.iter().map(|mark| mark.text))
}

impl Searcher {
    /// The next mark at or after `from`.
    pub fn find(&self, text: &[u8], from: usize) -> Option<(usize, Family)> {
        let mut at = from;
        // Only where one may be is it looked for.
        while let Some(range) = filter::next(text, at) {
            at = range.end;
            let range = range.start.max(from)..(range.end + LONGEST_MARK).min(text.len());
            if let Some(found) = self.find_within(text, range) {
                return Some(found);
            }
        }
        None
    }

    fn find_within(&self, text: &[u8], range: std::ops::Range<usize>) -> Option<(usize, Family)> {
        let (at, pattern) = match (&self.fast, &self.other) {
            (Some(fast), _) => {
                let found = fast.find_in(text, range.into())?;
                (found.start(), found.pattern().as_usize())
            }
            (None, Some(other)) => {
                let found = other.find(aho_corasick::Input::new(text).range(range))?;
                (found.start(), found.pattern().as_usize())
            }
            (None, None) => return None,
        };
        let family = match OTHERS.get(pattern) {
            Some((_, family)) => *family,
            None => Family::Marked(MARKS.get(pattern.checked_sub(OTHERS.len())?)?),
        };
        Some((at, family))
    }

    /// Where the end of the text may be the beginning of a mark.
    pub fn unfinished(&self, text: &[u8], from: usize) -> usize {
        let first = text.len().saturating_sub(LONGEST_MARK - 1).max(from);
        (first..text.len())
            .find(|at| {
                let tail = text.get(*at..).unwrap_or_default();
                texts().any(|mark| mark.len() > tail.len() && mark.as_bytes().starts_with(tail))
            })
            .unwrap_or(text.len())
    }
}
