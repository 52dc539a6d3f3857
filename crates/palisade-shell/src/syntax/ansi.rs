//! What stands inside `$'..'`.

/// Decodes the escapes of `$'..'`. A NUL ends the string, as in bash; bytes
/// that do not form UTF-8 become U+FFFD.
pub(super) fn decode(text: &str) -> Box<str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let Some((&letter, after)) = rest.split_first() else {
            bytes.push(b'\\');
            break;
        };
        rest = after;
        let decoded = match letter {
            b'a' => 7,
            b'b' => 8,
            b'e' | b'E' => 27,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' | b'\'' | b'"' | b'?' => letter,
            b'0'..=b'7' => {
                let (value, after) = number(rest, 8, 2, u32::from(letter - b'0'));
                rest = after;
                low_byte(value)
            }
            b'x' => {
                let Some((value, after)) = hexadecimal(rest) else {
                    bytes.extend(b"\\x");
                    continue;
                };
                rest = after;
                low_byte(value)
            }
            b'u' | b'U' => {
                let (value, after) = number(rest, 16, if letter == b'u' { 4 } else { 8 }, 0);
                if after.len() == rest.len() {
                    bytes.extend([b'\\', letter]);
                    continue;
                }
                rest = after;
                if value != 0 {
                    let letter = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
                    bytes.extend(letter.encode_utf8(&mut [0; 4]).bytes());
                    continue;
                }
                0
            }
            b'c' => {
                let Some((&control, after)) = rest.split_first() else {
                    bytes.extend(b"\\c");
                    continue;
                };
                rest = after;
                if control == b'\\' && rest.first() == Some(&b'\\') {
                    rest = rest.get(1..).unwrap_or_default();
                }
                if control == b'?' { 127 } else { control.to_ascii_uppercase() & 31 }
            }
            _ => {
                bytes.extend([b'\\', letter]);
                continue;
            }
        };
        if decoded == 0 {
            break;
        }
        bytes.push(decoded);
    }
    String::from_utf8_lossy(&bytes).into()
}

/// `\x41` or `\x{41}`; nothing where no digit follows.
fn hexadecimal(rest: &[u8]) -> Option<(u32, &[u8])> {
    if let Some(braced) = rest.strip_prefix(b"{") {
        let (value, after) = number(braced, 16, usize::MAX, 0);
        if after.len() < braced.len() {
            return Some((value, after.strip_prefix(b"}").unwrap_or(after)));
        }
        return None;
    }
    let (value, after) = number(rest, 16, 2, 0);
    (after.len() < rest.len()).then_some((value, after))
}

/// Reads up to `most` digits onto `value`; high bits fall off.
fn number(mut rest: &[u8], radix: u32, most: usize, mut value: u32) -> (u32, &[u8]) {
    let mut read = 0;
    while let Some((&byte, after)) = rest.split_first() {
        let Some(digit) = char::from(byte).to_digit(radix) else { break };
        if read == most {
            break;
        }
        value = value.wrapping_mul(radix).wrapping_add(digit);
        read += 1;
        rest = after;
    }
    (value, rest)
}

fn low_byte(value: u32) -> u8 {
    value.to_le_bytes().first().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn escapes_as_in_bash() {
        for (text, expected) in [
            (r"plain", "plain"),
            (r"a\tb\nc", "a\tb\nc"),
            (r"\x72\x6d", "rm"),
            (r"\162\155", "rm"),
            (r"\x{41}b\x{4142}c", "AbBc"),
            (r"\xzz", r"\xzz"),
            (r"\u0072m \U00000072m \ur", r"rm rm \ur"),
            (r"\xe2\x82\xac", "€"),
            (r"\xff", "\u{fffd}"),
            (r"\cA\c?\c\\d", "\u{1}\u{7f}\u{1c}d"),
            (r"\e[0m\E", "\u{1b}[0m\u{1b}"),
            (r"a\0b", "a"),
            (r"a\x00b", "a"),
            (r"a\u0000b", "a"),
            (r"\q\'\?", r"\q'?"),
            (r"\1234", "S4"),
        ] {
            assert_eq!(&*decode(text), expected, "{text}");
        }
    }
}
