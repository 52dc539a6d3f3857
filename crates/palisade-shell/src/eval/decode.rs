//! Decodings of literals: what a filter would print.

/// `echo -e` and `printf` escapes.
pub(super) fn escapes(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(&kind) = bytes.get(at) else {
            out.push(b'\\');
            break;
        };
        at += 1;
        let digits = |at: &mut usize, most: usize, radix: u32| -> Option<u32> {
            let start = *at;
            let mut value = 0_u32;
            while *at < start + most
                && let Some(digit) = bytes.get(*at).and_then(|b| char::from(*b).to_digit(radix))
            {
                value = value.wrapping_mul(radix).wrapping_add(digit);
                *at += 1;
            }
            (*at > start).then_some(value)
        };
        match kind {
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'e' | b'E' => out.push(27),
            b'f' => out.push(12),
            b'v' => out.push(11),
            b'\\' => out.push(b'\\'),
            b'\'' | b'"' => out.push(kind),
            b'c' => break,
            b'x' => match digits(&mut at, 2, 16) {
                Some(value) => out.push(value as u8),
                None => out.extend(b"\\x"),
            },
            b'u' | b'U' => match digits(&mut at, if kind == b'u' { 4 } else { 8 }, 16)
                .and_then(char::from_u32)
            {
                Some(letter) => out.extend(letter.to_string().bytes()),
                None => out.extend([b'\\', kind]),
            },
            b'0'..=b'7' => {
                let most = if kind == b'0' { 3 } else { 2 };
                let rest = digits(&mut at, most, 8).unwrap_or(0);
                let extra = if kind == b'0' { 0 } else { u32::from(kind - b'0') };
                // `\0` takes up to three digits after it, `\1` up to two.
                let width = bytes.get(..at).map_or(0, |seen| {
                    seen.iter()
                        .rev()
                        .take_while(|b| (b'0'..=b'7').contains(*b))
                        .count()
                        .saturating_sub(1)
                });
                let value = (0..width.min(most)).fold(extra, |value, _| value << 3) | rest;
                out.push(value as u8);
            }
            other => out.extend([b'\\', other]),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Base 64, with line breaks and either alphabet; none where it is not that.
pub(super) fn base64(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            b if b.is_ascii_whitespace() => continue,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// Base 32 (RFC 4648).
pub(super) fn base32(text: &str) -> Option<String> {
    let mut out = Vec::new();
    let (mut bits, mut count) = (0_u64, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            b'=' => break,
            b if b.is_ascii_whitespace() => continue,
            _ => return None,
        };
        bits = bits << 5 | u64::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// Pairs of hexadecimal digits; anything else between them is skipped.
pub(super) fn hex(text: &str) -> Option<String> {
    let digits: Vec<u8> =
        text.chars().filter_map(|letter| letter.to_digit(16)).map(|digit| digit as u8).collect();
    if digits.len() < 2 {
        return None;
    }
    let bytes: Vec<u8> =
        digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.get(1)?)).collect();
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The letters of a `tr` set, ranges and escapes expanded.
pub(super) fn tr_set(set: &str) -> Option<Vec<char>> {
    if set.contains("[:") {
        let class: Vec<char> = match set {
            "[:upper:]" => ('A'..='Z').collect(),
            "[:lower:]" => ('a'..='z').collect(),
            "[:digit:]" => ('0'..='9').collect(),
            "[:alpha:]" => ('A'..='Z').chain('a'..='z').collect(),
            "[:alnum:]" => ('0'..='9').chain('A'..='Z').chain('a'..='z').collect(),
            "[:space:]" => vec!['\t', '\n', '\u{b}', '\u{c}', '\r', ' '],
            _ => return None,
        };
        return Some(class);
    }
    let letters: Vec<char> = escapes(set).chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        if letters.get(at + 1) == Some(&'-')
            && let Some(&end) = letters.get(at + 2)
            && letter <= end
            && (end as u32) - (letter as u32) < 512
        {
            out.extend(letter..=end);
            at += 3;
        } else {
            out.push(letter);
            at += 1;
        }
    }
    Some(out)
}

/// `tr`: translate, delete (`-d`), squeeze ignored.
pub(super) fn tr(text: &str, from: &str, to: Option<&str>, delete: bool) -> Option<String> {
    let from = tr_set(from)?;
    if delete {
        return Some(text.chars().filter(|letter| !from.contains(letter)).collect());
    }
    let to = tr_set(to?)?;
    let last = *to.last()?;
    Some(
        text.chars()
            .map(|letter| match from.iter().rposition(|known| *known == letter) {
                Some(at) => to.get(at).copied().unwrap_or(last),
                None => letter,
            })
            .collect(),
    )
}

/// What `printf FORMAT ARGUMENTS` prints; none for what is not modelled.
pub(super) fn printf(format: &str, arguments: &[&str]) -> Option<String> {
    let mut out = String::new();
    let mut next = arguments.iter();
    let mut left = arguments.len();
    for _ in 0..4096 {
        let before = left;
        let mut rest = format;
        while let Some(at) = rest.find('%') {
            out.push_str(&escapes(rest.get(..at)?));
            rest = rest.get(at + 1..)?;
            if let Some(after) = rest.strip_prefix('%') {
                out.push('%');
                rest = after;
                continue;
            }
            let spec = rest.find(|letter: char| letter.is_ascii_alphabetic())?;
            let (flags, kind) = (rest.get(..spec)?, rest.get(spec..=spec)?);
            rest = rest.get(spec + 1..)?;
            if flags.contains('*') {
                return None;
            }
            let argument = next.next().copied();
            left = left.saturating_sub(1);
            let value = argument.unwrap_or("");
            let number = || -> Option<i64> {
                let value = value.trim();
                if let Some(letter) = value.strip_prefix(['\'', '"']) {
                    return letter.chars().next().map(|letter| i64::from(u32::from(letter)));
                }
                if value.is_empty() {
                    return Some(0);
                }
                if let Some(hex) = value.strip_prefix("0x") {
                    return i64::from_str_radix(hex, 16).ok();
                }
                if value.len() > 1 && value.starts_with('0') {
                    return i64::from_str_radix(value, 8).ok();
                }
                value.parse().ok()
            };
            let piece = match kind {
                "s" => match flags.strip_prefix('.').and_then(|n| n.parse::<usize>().ok()) {
                    Some(most) => value.chars().take(most).collect(),
                    None => value.to_owned(),
                },
                "b" => escapes(value),
                "q" => value.to_owned(),
                "c" => value.chars().take(1).collect(),
                "d" | "i" | "u" => number()?.to_string(),
                "x" => format!("{:x}", number()?),
                "X" => format!("{:X}", number()?),
                "o" => format!("{:o}", number()?),
                _ => return None,
            };
            let width: usize = flags.trim_start_matches(['-', '+', ' ', '#']).parse().unwrap_or(0);
            if width > 4096 {
                return None;
            }
            let pad = width.saturating_sub(piece.chars().count());
            let filler = if flags.starts_with('0') { "0" } else { " " };
            if flags.starts_with('-') {
                out.push_str(&piece);
                out.push_str(&" ".repeat(pad));
            } else {
                out.push_str(&filler.repeat(pad));
                out.push_str(&piece);
            }
        }
        out.push_str(&escapes(rest));
        if out.len() > 65_536 {
            return None;
        }
        if left == 0 || left == before {
            return Some(out);
        }
    }
    None
}

/// Words of a command string as `env -S`, `xargs` and `exec` options split
/// it: blanks, quotes and backslashes, no expansions.
pub(super) fn split_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut open = false;
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(end), _) if letter == end => quote = None,
            (Some('\''), _) => word.push(letter),
            (_, '\\') => {
                open = true;
                if let Some(next) = letters.next() {
                    word.push(next);
                }
            }
            (Some(_), _) => word.push(letter),
            (None, '\'' | '"') => {
                quote = Some(letter);
                open = true;
            }
            (None, _) if letter.is_ascii_whitespace() => {
                if open {
                    words.push(std::mem::take(&mut word));
                    open = false;
                }
            }
            (None, _) => {
                open = true;
                word.push(letter);
            }
        }
    }
    if open {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodings() {
        assert_eq!(base64("cm0gLXJmIC8=").as_deref(), Some("rm -rf /"));
        assert_eq!(hex("726d202d7266202f").as_deref(), Some("rm -rf /"));
        assert_eq!(base32("OJWSALLSMYQC6===").as_deref(), Some("rm -rf /"));
        assert_eq!(printf("%s\\n", &["a", "b"]).as_deref(), Some("a\nb\n"));
        assert_eq!(printf("\\162\\155", &[]).as_deref(), Some("rm"));
        assert_eq!(printf("%b", &["\\0162m"]).as_deref(), Some("rm"));
        assert_eq!(escapes("\\x72\\155\\0162"), "rmr");
        assert_eq!(tr("ez -es /", "a-z", Some("n-za-m"), false).as_deref(), Some("rm -rf /"));
        assert_eq!(split_words("nice -n '5 x' bash"), ["nice", "-n", "5 x", "bash"]);
    }
}
