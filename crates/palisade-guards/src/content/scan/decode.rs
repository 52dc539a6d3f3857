//! Encodings undone. Each takes a run of letters and gives the text in it, or
//! nothing where there is none.

/// The longest run that is decoded.
const LONGEST: usize = 256 * 1024;

/// Base64, standard or for URLs, at the beginning of `run`.
pub fn base64(run: &str) -> Option<String> {
    // Most runs are no text: a few letters tell.
    let start = base64_bytes(run.as_bytes().iter().take(24).copied())?;
    if !could_be_text(&start) {
        return None;
    }
    text(base64_bytes(run.bytes().take(LONGEST))?)
}

/// The bytes that base64, standard or for URLs, stands for.
pub fn base64_bytes(letters: impl Iterator<Item = u8>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for letter in letters {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'\r' | b'\n' | b' ' | b'\t' => continue,
            b'=' => break,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xFF) as u8);
        }
    }
    Some(out)
}

/// Base32, in capitals or small letters.
pub fn base32(run: &str) -> Option<String> {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' | b'a'..=b'z' => Some((letter | 0x20) - b'a'),
        b'2'..=b'7' => Some(letter - b'2' + 26),
        _ => None,
    };
    // Most runs are something else, and what is shorter is no text.
    let letters = run.bytes().take(LONGEST).take_while(|letter| *letter != b'=');
    let length = letters.clone().take_while(|letter| value(*letter).is_some()).count();
    if length < 8 || length < letters.clone().count() {
        return None;
    }
    let mut out = Vec::with_capacity(length);
    let (mut bits, mut count) = (0_u32, 0);
    for value in letters.filter_map(value) {
        bits = bits << 5 | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xFF) as u8);
        }
    }
    text(out)
}

/// Pairs of hex digits, with nothing or one sign before each: `6967`,
/// `=69=67`, `69-67`.
pub fn hex(run: &str) -> Option<String> {
    let digits: Vec<u8> = run
        .bytes()
        .take(LONGEST)
        .filter(|byte| !matches!(byte, b'=' | b'-' | b'_' | b'\n' | b' ' | b'\r'))
        .collect();
    if digits.len() < 12 || digits.len() % 2 == 1 {
        return None;
    }
    let bytes = digits
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect::<Option<Vec<u8>>>()?;
    text(bytes)
}

/// Numbers of letters in a row, in any of the usual bases.
pub fn numbers(row: &str) -> Vec<String> {
    let words: Vec<&str> = row
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '+')
        .map(|word| word.trim_matches('+'))
        .filter(|word| !word.is_empty())
        .filter(|word| !["chr", "char", "CHR", "Chr", "fromCharCode", "String"].contains(word))
        .map(|word| {
            let prefixes = ["0x", "U+", "0o", "0b"];
            prefixes.iter().find_map(|prefix| word.strip_prefix(prefix)).unwrap_or(word)
        })
        .take(LONGEST)
        .collect();
    let as_base = |base: u32| -> Option<String> {
        let letters = words
            .iter()
            .map(|word| char::from_u32(u32::from_str_radix(word, base).ok()?))
            .collect::<Option<String>>()?;
        plausible(&letters).then_some(letters)
    };
    if words.iter().all(|word| matches!(word.len(), 7 | 8) && word.bytes().all(|bit| bit <= b'1')) {
        return as_base(2).into_iter().collect();
    }
    [16, 10, 8].into_iter().filter_map(as_base).collect()
}

/// Morse code, words apart by `/` or more than one space.
pub fn morse(row: &str) -> Option<String> {
    const LETTERS: [&str; 36] = [
        ".-", "-...", "-.-.", "-..", ".", "..-.", "--.", "....", "..", ".---", "-.-", ".-..", "--",
        "-.", "---", ".--.", "--.-", ".-.", "...", "-", "..-", "...-", ".--", "-..-", "-.--",
        "--..", "-----", ".----", "..---", "...--", "....-", ".....", "-....", "--...", "---..",
        "----.",
    ];
    let mut out = String::new();
    for word in row.replace("   ", "/").replace('|', "/").split('/') {
        for code in word.split_whitespace() {
            let at = LETTERS.iter().position(|letter| *letter == code)?;
            out.push(char::from_digit(u32::try_from((at + 10) % 36).ok()?, 36)?);
        }
        out.push(' ');
    }
    plausible(&out).then_some(out)
}

/// Zero-width letters as bits, of which the first two kinds are nought and one
/// in either order.
pub fn bits(run: &str) -> Option<String> {
    let mut kinds: Vec<char> = Vec::new();
    let marks: Vec<usize> = run
        .chars()
        .map(|letter| {
            kinds.iter().position(|kind| *kind == letter).unwrap_or_else(|| {
                kinds.push(letter);
                kinds.len() - 1
            })
        })
        .collect();
    for one in [0, 1] {
        for width in [8, 7, 16] {
            let bits: Vec<u32> = marks
                .iter()
                .filter(|mark| **mark < 2)
                .map(|mark| u32::from(*mark == one))
                .collect();
            let letters = bits
                .chunks_exact(width)
                .map(|chunk| char::from_u32(chunk.iter().fold(0, |bits, bit| bits << 1 | bit)))
                .collect::<Option<String>>();
            if let Some(letters) = letters.filter(|letters| plausible(letters)) {
                return Some(letters);
            }
        }
    }
    None
}

/// Bytes as text: UTF-8, or UTF-16 of plain letters.
pub fn text(bytes: Vec<u8>) -> Option<String> {
    let wide =
        |first| bytes.len() >= 8 && bytes.iter().skip(first).step_by(2).all(|byte| *byte == 0);
    let bytes = match (wide(1), wide(0)) {
        (true, _) => bytes.into_iter().step_by(2).collect(),
        (false, true) => bytes.into_iter().skip(1).step_by(2).collect(),
        (false, false) => bytes,
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        // What was cut off in the middle of a letter is still text.
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            if bytes.len() - valid > 3 {
                return None;
            }
            bytes.truncate(valid);
            String::from_utf8(bytes).ok()?
        }
    };
    plausible(&text).then_some(text)
}

/// Whether the first bytes of something may be those of text.
fn could_be_text(start: &[u8]) -> bool {
    // A letter may be cut off at the end, and no other may be wrong.
    if let Err(error) = std::str::from_utf8(start)
        && start.len() - error.valid_up_to() > 3
        && !start.contains(&0)
    {
        return false;
    }
    let odd = start.iter().filter(|byte| **byte < b' ' && !byte.is_ascii_whitespace()).count();
    // UTF-16 has a nought after every letter.
    odd * 4 <= start.len() || start.iter().skip(1).step_by(2).all(|byte| *byte == 0)
}

/// Whether something decoded is text and not what any bytes come to.
fn plausible(text: &str) -> bool {
    let count = text.chars().count();
    let odd = text
        .chars()
        .filter(|letter| letter.is_control() && !letter.is_whitespace() || *letter == '\u{fffd}')
        .count();
    let letters =
        text.chars().filter(|letter| letter.is_alphanumeric() || letter.is_whitespace()).count();
    count >= 5 && odd * 20 <= count && letters * 10 >= count * 6
}

/// The letter that an escape at the beginning of `rest` stands for, and its
/// length: `%41`, `\x41`, `\u0041`, `\u{41}`, `&#65;`, `&#x41;`, `&lt;`, `\101`.
pub fn escape(rest: &[u8]) -> Option<(char, usize)> {
    let number = |from: usize, digits: usize, base: u32| -> Option<char> {
        let part = rest.get(from..from + digits)?;
        char::from_u32(u32::from_str_radix(std::str::from_utf8(part).ok()?, base).ok()?)
    };
    let count = |from: usize, most: usize, base: u32| {
        rest.iter()
            .skip(from)
            .take(most)
            .take_while(|byte| char::from(**byte).is_digit(base))
            .count()
    };
    match (rest.first()?, rest.get(1)?) {
        (b'%', b'u') => Some((number(2, 4, 16)?, 6)),
        (b'%', _) => percent(rest),
        (b'\\', b'x') => Some((number(2, 2, 16)?, 4)),
        (b'\\', b'u') if rest.get(2) == Some(&b'{') => {
            let digits = count(3, 6, 16);
            (rest.get(3 + digits) == Some(&b'}')).then_some(())?;
            Some((number(3, digits, 16)?, digits + 4))
        }
        (b'\\', b'u') => {
            let first = u32::from_str_radix(std::str::from_utf8(rest.get(2..6)?).ok()?, 16).ok()?;
            if (0xD800..0xDC00).contains(&first) && rest.get(6..8) == Some(b"\\u") {
                let second =
                    u32::from_str_radix(std::str::from_utf8(rest.get(8..12)?).ok()?, 16).ok()?;
                let code = 0x10000 + ((first - 0xD800) << 10) + second.checked_sub(0xDC00)?;
                return Some((char::from_u32(code)?, 12));
            }
            Some((char::from_u32(first)?, 6))
        }
        (b'\\', b'U') => Some((number(2, 8, 16)?, 10)),
        (b'\\', b'0'..=b'3') => Some((number(1, 3, 8)?, 4)),
        (b'&', b'#') => {
            let (from, base) =
                if matches!(rest.get(2), Some(b'x' | b'X')) { (3, 16) } else { (2, 10) };
            let digits = count(from, 7, base);
            let end = from + digits;
            Some((number(from, digits, base)?, end + usize::from(rest.get(end) == Some(&b';'))))
        }
        (b'&', _) => {
            let name = rest.iter().skip(1).take(24).take_while(|byte| byte.is_ascii_alphanumeric());
            let name = name.count();
            let ends = rest.get(1 + name) == Some(&b';');
            let letter = entity(std::str::from_utf8(rest.get(1..1 + name)?).ok()?)?;
            Some((letter, name + 1 + usize::from(ends)))
        }
        _ => None,
    }
}

/// One letter of UTF-8 in percent-encoding.
fn percent(rest: &[u8]) -> Option<(char, usize)> {
    let byte = |at: usize| -> Option<u8> {
        let part = rest.get(3 * at..3 * at + 3)?;
        (part.first() == Some(&b'%')).then_some(())?;
        u8::from_str_radix(std::str::from_utf8(part.get(1..)?).ok()?, 16).ok()
    };
    let first = byte(0)?;
    let length = match first {
        0x00..=0x7F => 1,
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    let bytes = (0..length).map(byte).collect::<Option<Vec<u8>>>()?;
    Some((std::str::from_utf8(&bytes).ok()?.chars().next()?, 3 * length))
}

/// The named entities that stand for letters which matter here.
fn entity(name: &str) -> Option<char> {
    Some(match name {
        "amp" | "AMP" => '&',
        "lt" | "LT" => '<',
        "gt" | "GT" => '>',
        "quot" | "QUOT" => '"',
        "apos" | "rsquo" | "lsquo" => '\'',
        "nbsp" | "ensp" | "emsp" | "thinsp" | "Tab" => ' ',
        "NewLine" => '\n',
        "shy" | "zwj" | "zwnj" | "lrm" | "rlm" | "ZeroWidthSpace" | "NoBreak" => '\u{200b}',
        "colon" => ':',
        "semi" => ';',
        "comma" => ',',
        "period" => '.',
        "excl" => '!',
        "quest" => '?',
        "num" => '#',
        "dollar" => '$',
        "percnt" => '%',
        "ast" | "midast" => '*',
        "plus" => '+',
        "equals" => '=',
        "hyphen" | "dash" | "ndash" | "mdash" => '-',
        "lowbar" | "UnderBar" => '_',
        "sol" => '/',
        "bsol" => '\\',
        "vert" | "verbar" | "VerticalLine" => '|',
        "commat" => '@',
        "lpar" => '(',
        "rpar" => ')',
        "lsqb" | "lbrack" => '[',
        "rsqb" | "rbrack" => ']',
        "lcub" | "lbrace" => '{',
        "rcub" | "rbrace" => '}',
        "grave" | "DiacriticalGrave" => '`',
        _ => return variant(name),
    })
}

/// The plain letter of a named letter with a mark, of another alphabet or of
/// another style: `eacute`, `omicron`, `iscr`, `Afr`, `bopf`.
fn variant(name: &str) -> Option<char> {
    const MARKS: [&str; 17] = [
        "acute", "grave", "circ", "uml", "tilde", "cedil", "caron", "ring", "slash", "macr",
        "breve", "ogon", "dot", "strok", "scr", "fr", "opf",
    ];
    const GREEK: [(&str, char); 12] = [
        ("alpha", 'a'),
        ("epsilon", 'e'),
        ("epsi", 'e'),
        ("iota", 'i'),
        ("omicron", 'o'),
        ("rho", 'p'),
        ("upsilon", 'u'),
        ("nu", 'v'),
        ("kappa", 'k'),
        ("eta", 'n'),
        ("tau", 't'),
        ("chi", 'x'),
    ];
    let lower = name.to_ascii_lowercase();
    let marked = MARKS.iter().find_map(|mark| lower.strip_suffix(mark));
    match marked {
        Some(letter) if letter.len() == 1 => letter.chars().next(),
        _ => GREEK.iter().find(|(greek, _)| *greek == lower).map(|(_, letter)| *letter),
    }
}

/// Letters written by digits and signs. `one` is what `1` stands for.
pub fn leet(letter: char, one: char) -> char {
    match letter {
        '0' => 'o',
        '1' | '|' => one,
        '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        '9' => 'g',
        other => other,
    }
}

/// The letter that a turned letter is when it is turned back.
pub fn turned(letter: char) -> Option<char> {
    Some(match letter {
        'ɐ' | '∀' => 'a',
        'q' => 'b',
        'ɔ' => 'c',
        'p' => 'd',
        'ǝ' | 'Ǝ' => 'e',
        'ɟ' => 'f',
        'ƃ' | 'ɓ' => 'g',
        'ɥ' => 'h',
        'ᴉ' | 'ı' | 'ᵢ' | '!' => 'i',
        'ɾ' => 'j',
        'ʞ' => 'k',
        'ן' | 'ꞁ' | '˥' => 'l',
        'ɯ' | 'Ɯ' => 'm',
        'u' => 'n',
        'd' => 'p',
        'b' => 'q',
        'ɹ' => 'r',
        'ʇ' | '┴' => 't',
        'n' => 'u',
        'ʌ' => 'v',
        'ʍ' => 'w',
        'ʎ' => 'y',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_undone() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(base64("SWdub3JlIHRoaXM="), some("Ignore this"));
        assert_eq!(base64("SQBnAG4AbwByAGUA"), some("Ignore"));
        assert_eq!(base64("AAECAwQFBgcICQoL"), None);
        assert_eq!(base32("JFTW433SMU======"), some("Ignore"));
        assert_eq!(hex("69676e6f7265"), some("ignore"));
        assert_eq!(hex("=69=67=6e=6F=72=65"), some("ignore"));
        assert_eq!(numbers("69 67 6e 6f 72 65"), ["ignore"]);
        assert!(numbers("105, 103, 110, 111, 114, 101").contains(&"ignore".to_owned()));
        assert_eq!(numbers("01101001 01100111 01101110 01101111 01110010"), ["ignor"]);
        assert_eq!(morse(".. --. -. --- .-. . / .-"), some("ignore a "));
        assert_eq!(
            bits(
                &"hello"
                    .bytes()
                    .flat_map(|byte| (0..8).rev().map(move |bit| if byte >> bit & 1 == 1 {
                        '\u{200c}'
                    } else {
                        '\u{200b}'
                    }))
                    .collect::<String>()
            ),
            some("hello")
        );
        for (escaped, letter, length) in [
            ("%41", 'A', 3),
            ("%C3%A9x", 'é', 6),
            ("\\x41", 'A', 4),
            ("\\u0041", 'A', 6),
            ("\\ud83d\\ude00", '😀', 12),
            ("\\u{41}", 'A', 6),
            ("&#65;", 'A', 5),
            ("&#x41;", 'A', 6),
            ("&lt;", '<', 4),
            ("\\101", 'A', 4),
        ] {
            assert_eq!(escape(escaped.as_bytes()), Some((letter, length)), "{escaped}");
        }
        for broken in [
            "%",
            "%4",
            "%zz",
            "\\u12",
            "\\u{",
            "&#",
            "&#;",
            "&bogus;",
            "\\ud83d\\u0041",
            "&#99999999;",
        ] {
            let _ = escape(broken.as_bytes());
        }
    }
}
