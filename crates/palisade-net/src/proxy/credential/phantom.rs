//! Tokens that look like credentials and are worth nothing.

/// How much of a value may be its kind: `ghp_`, `sk-ant-api03-`.
const LONGEST_KIND: usize = 24;
/// How long one part of that may be, and how much must stay behind it.
const LONGEST_PART: usize = 10;
const REST: usize = 16;

/// A random text of the same length and look: what says the kind of a token
/// stays, as do punctuation and the alphabet of the rest.
///
/// # Errors
/// Where the system has no randomness.
pub fn phantom(value: &str) -> Result<String, String> {
    loop {
        let made = once(value)?;
        if made != value {
            return Ok(made);
        }
    }
}

fn once(value: &str) -> Result<String, String> {
    let kind = kind(value);
    let (kept, rest) = value.split_at_checked(kind).unwrap_or(("", value));
    let alphabet = alphabet(rest);
    let mut made = kept.to_owned();
    let mut random = Random { pool: [0; 64], left: 0 };
    for letter in rest.chars() {
        if "-_.:/+=~".contains(letter) {
            made.push(letter);
        } else {
            made.push(random.one_of(alphabet)?);
        }
    }
    Ok(made)
}

/// How much of it says what kind of token it is: short words in lower case,
/// each with its dash or underscore.
fn kind(value: &str) -> usize {
    let mut end = 0;
    let mut part = 0;
    for (at, byte) in value.bytes().enumerate().take(LONGEST_KIND) {
        match byte {
            b'-' | b'_' if part > 0 => {
                end = at + 1;
                part = 0;
            }
            b'a'..=b'z' => part += 1,
            b'0'..=b'9' if part > 0 => part += 1,
            _ => break,
        }
        if part > LONGEST_PART {
            break;
        }
    }
    if value.len() < end + REST { 0 } else { end }
}

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const ALL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn alphabet(rest: &str) -> &'static [u8] {
    let letters = || rest.bytes().filter(u8::is_ascii_alphanumeric);
    let all = |fits: fn(&u8) -> bool| letters().all(|byte| fits(&byte));
    if all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte)) {
        b"0123456789abcdef"
    } else if all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()) {
        LOWER
    } else if all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) {
        UPPER
    } else {
        ALL
    }
}

struct Random {
    pool: [u8; 64],
    left: usize,
}

impl Random {
    fn byte(&mut self) -> Result<u8, String> {
        if self.left == 0 {
            getrandom::fill(&mut self.pool).map_err(|error| error.to_string())?;
            self.left = self.pool.len();
        }
        self.left -= 1;
        Ok(self.pool.get(self.left).copied().unwrap_or_default())
    }

    /// Each equally likely.
    fn one_of(&mut self, alphabet: &[u8]) -> Result<char, String> {
        let whole = 256 - 256 % alphabet.len().max(1);
        loop {
            let byte = usize::from(self.byte()?);
            if byte < whole
                && let Some(letter) = alphabet.get(byte % alphabet.len().max(1))
            {
                return Ok(char::from(*letter));
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_look_of_the_value_and_nothing_else_of_it() {
        for (value, kept) in [
            ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "ghp_"),
            ("github_pat_11ABCDEFG0123456789_abcdefghijklmnop", "github_pat_"),
            ("sk-ant-api03-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789", "sk-ant-api03-"),
            ("sk-proj-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789", "sk-proj-"),
            ("glpat-AbCdEfGhIjKlMnOpQrSt", "glpat-"),
            ("AKIAIOSFODNN7EXAMPLE", ""),
            ("0123456789abcdef0123456789abcdef", ""),
            ("a-b-c-d-e-f-g", ""),
            ("hunter2-hunter2", ""),
        ] {
            let made = phantom(value).unwrap();
            assert_eq!(made.len(), value.len(), "{value}");
            assert_eq!(kind(value), kept.len(), "{value}");
            assert!(made.starts_with(kept) && made != value, "{value} {made}");
            assert_ne!(made, phantom(value).unwrap());
        }
        let hex = phantom("0123456789abcdef0123456789abcdef").unwrap();
        assert!(hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
