//! How each disguise writes a text: ciphers, encodings, letters moved about.

pub fn map(text: &str, from: &str, to: &str) -> String {
    let pairs: Vec<(char, char)> = from.chars().zip(to.chars()).collect();
    text.chars()
        .map(|letter| pairs.iter().find(|(one, _)| *one == letter).map_or(letter, |(_, to)| *to))
        .collect()
}

pub fn words(text: &str, each: impl FnMut(&str) -> String) -> String {
    text.split(' ').map(each).collect::<Vec<_>>().join(" ")
}

pub fn between(text: &str, what: &str) -> String {
    text.chars().map(String::from).collect::<Vec<_>>().join(what)
}

pub fn each(text: &str, form: impl FnMut(u8) -> String) -> String {
    text.bytes().map(form).collect()
}

pub fn spread(text: &str, form: impl FnMut(u8) -> String, what: &str) -> String {
    text.bytes().map(form).collect::<Vec<_>>().join(what)
}

/// Something after every third letter of words that are longer than three.
pub fn broken(text: &str, what: &str) -> String {
    words(text, |word| {
        if word.len() < 4 {
            return word.to_owned();
        }
        let (start, end) = word.split_at(word.len() / 2);
        format!("{start}{what}{end}")
    })
}

/// Letters of an alphabet that has them in one row.
pub fn styled(text: &str, lower: u32, upper: u32) -> String {
    text.chars()
        .map(|letter| match letter {
            'a'..='z' => char::from_u32(lower + letter as u32 - 97).unwrap_or(letter),
            'A'..='Z' => char::from_u32(upper + letter as u32 - 65).unwrap_or(letter),
            other => other,
        })
        .collect()
}

pub fn shifted(text: &str, by: u8) -> String {
    each(text, |byte| {
        let first = if byte.is_ascii_lowercase() { b'a' } else { b'A' };
        let moved = first + (byte.wrapping_sub(first) % 26 + by) % 26;
        char::from(if byte.is_ascii_alphabetic() { moved } else { byte }).to_string()
    })
}

pub fn rot47(text: &str) -> String {
    each(text, |byte| {
        char::from(if matches!(byte, 33..=126) { 33 + (byte - 33 + 47) % 94 } else { byte })
            .to_string()
    })
}

pub fn base64(text: &str) -> String {
    in_base(text.as_bytes(), 6, 3, &letters_of_base64("+/"), '=')
}

pub fn letters_of_base64(last: &str) -> String {
    format!("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789{last}")
}

/// Bytes in groups of `bytes`, `width` bits to a letter.
pub fn in_base(text: &[u8], width: usize, bytes: usize, letters: &str, pad: char) -> String {
    let letters: Vec<char> = letters.chars().collect();
    let mut out = String::new();
    for chunk in text.chunks(bytes) {
        let bits: Vec<u8> =
            chunk.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
        for part in bits.chunks(width) {
            let value = (0..width).fold(0_usize, |all, at| {
                all << 1 | usize::from(part.get(at).copied().unwrap_or(0))
            });
            out.extend(letters.get(value));
        }
        let whole = bytes * 8 / width;
        let used = bits.len().div_ceil(width);
        (used..whole).for_each(|_| out.push(pad));
    }
    out
}

pub fn base32(text: &str) -> String {
    in_base(text.as_bytes(), 5, 5, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", '=')
}

pub fn base85(text: &str, letters: &[u8]) -> String {
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(4) {
        let mut value =
            (0..4).fold(0_u32, |all, at| all << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        let mut digits = Vec::new();
        for _ in 0..5 {
            digits.push(letters.get((value % 85) as usize).copied().unwrap_or(b'!'));
            value /= 85;
        }
        digits.reverse();
        out.extend(digits.iter().take(chunk.len() + 1).map(|byte| char::from(*byte)));
    }
    out
}

pub fn ascii85(text: &str) -> String {
    base85(text, &(33..118).collect::<Vec<u8>>())
}

pub fn base58(text: &str) -> String {
    let letters = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut digits: Vec<u32> = Vec::new();
    for byte in text.bytes() {
        let mut carry = u32::from(byte);
        for digit in &mut digits {
            carry += *digit << 8;
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    digits
        .iter()
        .rev()
        .filter_map(|digit| letters.get(*digit as usize))
        .map(|byte| char::from(*byte))
        .collect()
}

pub fn uuencoded(text: &str) -> String {
    let mut out = "begin 644 a.txt\n".to_owned();
    let letters: String =
        std::iter::once('`').chain((1..64).map(|at| char::from(32 + at))).collect();
    for line in text.as_bytes().chunks(45) {
        out.push(char::from(32 + line.len() as u8));
        out.push_str(&in_base(line, 6, 3, &letters, '`'));
        out.push('\n');
    }
    out.push_str("`\nend\n");
    out
}

pub fn utf7(text: &str) -> String {
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    format!("+{}-", in_base(&wide, 6, 3, &letters_of_base64("+/"), '=').trim_end_matches('='))
}

pub fn lines_of(text: &str, width: usize, what: &str) -> String {
    text.as_bytes()
        .chunks(width)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect::<Vec<_>>()
        .join(what)
}

pub fn morse(text: &str, word: &str) -> String {
    let codes = [
        ".-", "-...", "-.-.", "-..", ".", "..-.", "--.", "....", "..", ".---", "-.-", ".-..", "--",
        "-.", "---", ".--.", "--.-", ".-.", "...", "-", "..-", "...-", ".--", "-..-", "-.--",
        "--..",
    ];
    text.to_lowercase()
        .split(' ')
        .map(|part| {
            part.bytes()
                .filter_map(|byte| codes.get(usize::from(byte.wrapping_sub(b'a'))).copied())
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect::<Vec<_>>()
        .join(word)
}

pub fn pig_latin(text: &str, vowel: &str) -> String {
    words(&text.to_lowercase(), |word| {
        let start = word.find(['a', 'e', 'i', 'o', 'u']).unwrap_or(0);
        let (head, tail) = word.split_at(start);
        if head.is_empty() { format!("{tail}{vowel}") } else { format!("{tail}{head}ay") }
    })
}

pub fn camel(text: &str) -> String {
    text.split(' ').map(|word| format!("{}{}", word[..1].to_uppercase(), &word[1..])).collect()
}

pub fn swapped(text: &str, which: usize) -> String {
    words(text, |word| {
        if word.len() < 5 {
            return word.to_owned();
        }
        let mut letters: Vec<char> = word.chars().collect();
        let at = 1 + which % (letters.len() - 2);
        letters.swap(at, at + 1);
        letters.into_iter().collect()
    })
}

pub fn dropped(text: &str, which: usize) -> String {
    words(text, |word| {
        if word.len() < 5 {
            return word.to_owned();
        }
        let at = 1 + which % (word.len() - 2);
        format!("{}{}", &word[..at], &word[at + 1..])
    })
}

pub fn doubled(text: &str, which: usize) -> String {
    words(text, |word| {
        if word.len() < 5 {
            return word.to_owned();
        }
        let at = 1 + which % (word.len() - 2);
        format!("{}{}", &word[..=at], &word[at..])
    })
}

pub fn turned(text: &str) -> String {
    map(
        &text.to_lowercase().chars().rev().collect::<String>(),
        "abcdefghijklmnpqrtuvwy",
        "ɐqɔpǝɟƃɥᴉɾʞlɯudbɹʇnʌʍʎ",
    )
}

pub fn column(text: &str) -> String {
    let mut out = "| no | word |\n|---|---|\n".to_owned();
    text.split(' ')
        .enumerate()
        .for_each(|(at, word)| out.push_str(&format!("| {at} | {word} |\n")));
    out
}

pub fn marks(text: &str, count: usize) -> String {
    let mut state = 7_u32;
    text.chars()
        .map(|letter| {
            let mut out = String::from(letter);
            for _ in 0..count {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                out.extend(char::from_u32(0x300 + (state >> 16) % 0x6F));
            }
            out
        })
        .collect()
}
