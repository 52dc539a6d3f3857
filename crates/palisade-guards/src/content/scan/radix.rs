//! Encodings in bases that are no powers of two, and those that come in lines.

use super::decode;

/// Alphabets of base 85, in the order of their digits: Ascii85, that of RFC
/// 1924, and that of ZeroMQ (Z85).
const ALPHABETS: [&[u8; 85]; 3] = [
    b"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstu",
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~",
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#",
];

/// The digits of letters in each, and 85 for what is none.
static DIGITS: [[u8; 256]; 3] = {
    let mut tables = [[85; 256]; 3];
    let mut which = 0;
    while which < 3 {
        let mut at = 0;
        while at < 85 {
            #[expect(clippy::indexing_slicing, reason = "within a constant, over its own length")]
            {
                tables[which][ALPHABETS[which][at] as usize] = at as u8;
            }
            at += 1;
        }
        which += 1;
    }
    tables
};

/// Base 85 in any of its alphabets.
pub fn base85(run: &str) -> Option<String> {
    let inner = run.strip_prefix("<~").unwrap_or(run);
    let inner = inner.strip_suffix("~>").unwrap_or(inner);
    DIGITS.iter().find_map(|digits| decode::text(bytes_of_base85(inner.bytes(), digits)?))
}

/// The bytes, if the first of them are printed.
fn bytes_of_base85(letters: impl Iterator<Item = u8>, digits: &[u8; 256]) -> Option<Vec<u8>> {
    let mut out: Vec<u8> = Vec::new();
    let (mut value, mut count) = (0_u64, 0_usize);
    for letter in letters.filter(|letter| !letter.is_ascii_whitespace()) {
        let digit = digits.get(usize::from(letter)).copied().filter(|digit| *digit < 85)?;
        value = value * 85 + u64::from(digit);
        count += 1;
        if count == 5 {
            let bytes = u32::try_from(value).ok()?.to_be_bytes();
            // Most runs are no text: a few letters tell.
            if out.len() < 24 && !bytes.iter().all(|byte| is_printed(*byte)) {
                return None;
            }
            out.extend(bytes);
            (value, count) = (0, 0);
        }
    }
    if count > 1 {
        (count..5).for_each(|_| value = value * 85 + 84);
        out.extend(u32::try_from(value).ok()?.to_be_bytes().iter().take(count - 1));
    }
    Some(out)
}

const fn is_printed(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')
}

/// Base 58, of a few hundred letters at most.
pub fn base58(run: &str) -> Option<String> {
    const LETTERS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    if run.len() > 300 {
        return None;
    }
    let mut bytes: Vec<u8> = Vec::new();
    for letter in run.bytes() {
        let mut carry = LETTERS.iter().position(|known| *known == letter)?;
        for byte in &mut bytes {
            carry += usize::from(*byte) * 58;
            *byte = (carry & 0xFF) as u8;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push((carry & 0xFF) as u8);
            carry >>= 8;
        }
    }
    bytes.reverse();
    bytes.iter().all(|byte| is_printed(*byte)).then_some(())?;
    decode::text(bytes)
}

/// Lines of uuencode, after the line that begins them.
pub fn uu(lines: &str) -> Option<String> {
    let mut out = Vec::new();
    for line in lines.lines().take_while(|line| !line.starts_with("end")) {
        let mut letters = line.bytes().map(|byte| byte.wrapping_sub(32) & 63);
        let length = usize::from(letters.next().unwrap_or(0));
        let letters: Vec<u8> = letters.collect();
        let mut bytes: Vec<u8> = letters
            .chunks(4)
            .flat_map(|four| {
                let bits = (0..4).fold(0_u32, |bits, at| {
                    bits << 6 | u32::from(four.get(at).copied().unwrap_or(0))
                });
                bits.to_be_bytes().into_iter().skip(1)
            })
            .collect();
        bytes.truncate(length);
        out.append(&mut bytes);
    }
    decode::text(out)
}

/// Bits in a row, eight or seven to a letter.
pub fn bits(run: &str) -> Option<String> {
    [8, 7].into_iter().filter(|width| run.len().is_multiple_of(*width)).find_map(|width| {
        let bytes: Vec<u8> = run
            .as_bytes()
            .chunks(width)
            .map(|bits| bits.iter().fold(0, |all, bit| all << 1 | (bit & 1)))
            .collect();
        decode::text(bytes)
    })
}

/// The letters that a part of UTF-7 (RFC 2152) stands for, and its length:
/// `+AGkAZw-`.
pub fn utf7(rest: &[u8]) -> Option<(String, usize)> {
    let letters = rest
        .iter()
        .skip(1)
        .take(16 * 1024)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        .count();
    let bytes = decode::base64_bytes(rest.get(1..=letters)?.iter().copied())?;
    let wide = bytes.chunks_exact(2).map(|two| match two {
        [high, low] => u16::from_be_bytes([*high, *low]),
        _ => 0,
    });
    let text: String = char::decode_utf16(wide).collect::<Result<_, _>>().ok()?;
    let plain = !text.is_empty() && text.chars().all(|letter| !letter.is_control());
    plain.then(|| (text, 1 + letters + usize::from(rest.get(1 + letters) == Some(&b'-'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_undone() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(base85("<~8T&Qi@VBGLF!)~>"), None);
        assert_eq!(base85("<~87cURD]i,\"Ebo80~>"), some("Hello World!"));
        assert_eq!(base58("2NEpo7TZRRrLZSi2U"), some("Hello World!"));
        assert_eq!(uu("#0V%T\n`\nend"), None);
        assert_eq!(uu(",2&5L;&\\@5V]R;&0A\n`\nend"), some("Hello World!"));
        assert_eq!(bits("0100100001100101011011000110110001101111"), some("Hello"));
        assert_eq!(utf7(b"+AEgAaQ- x"), Some(("Hi".to_owned(), 8)));
        assert_eq!(utf7(b"+1 x"), None);
    }
}
