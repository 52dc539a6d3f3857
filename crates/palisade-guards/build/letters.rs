//! The table by which letters of any look are read: what Unicode says about
//! compatibility (UAX 15), case and looks (UTS 39), made into one step.
//!
//! A letter becomes the lower-case ASCII letter that it looks like or is a
//! variant of; marks on letters and what has no width become nothing; any
//! other letter becomes its plain lower-case form.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Looks that Unicode's table does not have, or reads as another letter: small
/// capitals, letters of other alphabets whose two cases look different, turned
/// letters, negative and squared letters, and the many that look like `i`.
const LOOKS: &[(&str, &str)] = &[
    ("i", "ΙІӀᎥⵏⲒꓲ𐊊𐌉ӏıɩιɪꙇ"),
    ("b", "вʙБƄЬЪъь"),
    ("h", "нʜһһհԋң"),
    ("k", "кĸκқҝҟ"),
    ("m", "мʍᴍ"),
    ("t", "тᴛτҭ"),
    ("a", "ᴀαɑɐ"),
    ("c", "ᴄ"),
    ("d", "ᴅ"),
    ("e", "ᴇǝəɘɛєεⅇ"),
    ("f", "ꜰɟ"),
    ("g", "ɢƃɡ"),
    ("j", "ᴊɾ"),
    ("l", "ʟ"),
    ("n", "ɴпπ"),
    ("o", "ᴏσ"),
    ("p", "ᴘρ"),
    ("q", "ꞯ"),
    ("r", "ʀɹгя"),
    ("s", "ꜱ"),
    ("u", "ᴜυμ"),
    ("v", "ᴠʌν"),
    ("w", "ᴡωѡԝ"),
    ("x", "χ"),
    ("y", "ʏʎγ"),
    ("z", "ᴢ"),
    // Capitals that look otherwise than their small letters.
    ("h", "ΗҢ"),
    ("n", "ΝŊ₦"),
    ("y", "ΥҮ¥"),
    ("x", "Χ"),
    ("p", "Ρ₱Ҏ"),
    ("a", "₳ª"),
    ("c", "₵¢"),
    ("e", "€"),
    ("l", "łŁ£ⱡ"),
    ("o", "øØº"),
    ("d", "đĐðÐ"),
    ("s", "§ȿ"),
    ("t", "₮ŧŦ"),
    ("w", "₩"),
    ("b", "ƀ"),
    ("h", "ħĦ₴"),
    ("u", "ʉ"),
    ("k", "₭"),
    ("f", "ƒ₣"),
    ("z", "ƶ"),
    // Braille.
    ("a", "⠁"),
    ("b", "⠃"),
    ("c", "⠉"),
    ("d", "⠙"),
    ("e", "⠑"),
    ("f", "⠋"),
    ("g", "⠛"),
    ("h", "⠓"),
    ("i", "⠊"),
    ("j", "⠚"),
    ("k", "⠅"),
    ("l", "⠇"),
    ("m", "⠍"),
    ("n", "⠝"),
    ("o", "⠕"),
    ("p", "⠏"),
    ("q", "⠟"),
    ("r", "⠗"),
    ("s", "⠎"),
    ("t", "⠞"),
    ("u", "⠥"),
    ("v", "⠧"),
    ("w", "⠺"),
    ("x", "⠭"),
    ("y", "⠽"),
    ("z", "⠵"),
    (" ", "⠀"),
    ("'", "’‘ʼ′＇´"),
    ("\"", "“”„«»＂"),
    ("-", "‐‑‒–—―−"),
];

/// What stays apart from the look of its base although it can be taken apart.
fn whole(letter: char) -> bool {
    // Hangul syllables and kana are read as they are.
    matches!(letter, '\u{ac00}'..='\u{d7a3}' | '\u{3041}'..='\u{30ff}')
}

/// The looks that are ours, by letter.
pub fn looks() -> BTreeMap<char, String> {
    let mut looks = BTreeMap::new();
    for (plain, letters) in LOOKS {
        for letter in letters.chars() {
            looks.insert(letter, (*plain).to_owned());
        }
    }
    // Negative circled and squared letters, and regional indicators.
    for first in [0x1F110_u32, 0x1F130, 0x1F150, 0x1F170, 0x1F1E6, 0x249C] {
        for (at, plain) in (0..).zip('a'..='z') {
            if let Some(letter) = char::from_u32(first + at) {
                looks.insert(letter, plain.to_string());
            }
        }
    }
    looks
}

/// The source of the table.
pub fn table() -> String {
    let looks = looks();
    let mut texts = vec![String::new()];
    let mut at_of: BTreeMap<String, u16> = BTreeMap::from([(String::new(), 0)]);
    let mut pages: Vec<Vec<u16>> = Vec::new();
    let mut page_of: BTreeMap<Vec<u16>, u16> = BTreeMap::new();
    let mut index = Vec::new();
    for page in 0..0x1100_u32 {
        let mut entries = Vec::with_capacity(256);
        for low in 0..256 {
            let Some(letter) = char::from_u32(page << 8 | low) else {
                entries.push(u16::MAX);
                continue;
            };
            let read = read(letter, &looks);
            if read.chars().eq([letter]) {
                entries.push(u16::MAX);
                continue;
            }
            let next = u16::try_from(texts.len()).expect("few enough readings");
            let at = *at_of.entry(read.clone()).or_insert_with(|| {
                texts.push(read);
                next
            });
            entries.push(at);
        }
        let next = u16::try_from(pages.len()).expect("few enough pages");
        let number = *page_of.entry(entries.clone()).or_insert_with(|| {
            pages.push(entries);
            next
        });
        index.push(number);
    }
    let mut out = String::new();
    // A string takes everything that is written to it.
    // One text and where each ends: a table of texts would be a table of
    // addresses, which every start of the program would have to write anew.
    let ends = texts.iter().scan(0, |end, text| {
        *end += u16::try_from(text.len()).expect("short readings");
        Some(*end)
    });
    let ends: Vec<u16> = ends.collect();
    let _ = writeln!(out, "static READINGS: &str = {:?};", texts.concat());
    let _ = writeln!(out, "static ENDS: [u16; {}] = {ends:?};", ends.len());
    let _ = writeln!(out, "static PAGES: &[[u16; 256]] = &{pages:?};");
    let _ = writeln!(out, "static INDEX: [u16; {}] = {index:?};", index.len());
    out
}

/// How a letter is read.
pub fn read(letter: char, looks: &BTreeMap<char, String>) -> String {
    if letter.is_ascii() {
        return letter.to_ascii_lowercase().to_string();
    }
    if matches!(letter, '\u{85}' | '\u{2028}' | '\u{2029}') {
        return "\n".to_owned();
    }
    if letter.is_whitespace() {
        return " ".to_owned();
    }
    // The stop of Indian scripts looks like a letter, and is none.
    if matches!(letter, '\u{964}' | '\u{965}') {
        return letter.to_string();
    }
    if unseen(letter) {
        return String::new();
    }
    if let Some(look) = looks.get(&letter) {
        return look.clone();
    }
    if whole(letter) {
        return letter.to_string();
    }
    let mut out = String::new();
    for part in std::iter::once(letter).nfkd().filter(|part| !is_combining_mark(*part)) {
        for lower in part.to_lowercase().filter(|part| !is_combining_mark(*part)) {
            match looks.get(&lower) {
                _ if lower.is_ascii() => out.push(lower),
                Some(look) => out.push_str(look),
                None => out.push_str(&look_alike(part, lower)),
            }
        }
    }
    out
}

/// The ASCII letter that a letter of another alphabet looks like, or its lower
/// case.
fn look_alike(part: char, lower: char) -> String {
    for one in [lower, part] {
        let skeleton: String =
            unicode_security::skeleton(one.encode_utf8(&mut [0; 4])).collect::<String>();
        let plain: String = skeleton.nfkd().filter(|part| !is_combining_mark(*part)).collect();
        let plain = plain.to_ascii_lowercase().replace("rn", "m");
        if plain.len() == 1 && plain.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return plain;
        }
    }
    lower.to_string()
}

/// What has no width, and so does not count where text is read.
fn unseen(letter: char) -> bool {
    is_combining_mark(letter)
        || letter.is_control()
        || matches!(u32::from(letter),
            0xAD | 0x34F | 0x61C | 0x115F..=0x1160 | 0x3164 | 0xFFA0
            | 0x17B4..=0x17B5 | 0x180B..=0x180F
            | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F
            | 0xFE00..=0xFE0F | 0xFEFF | 0xFFF9..=0xFFFB
            | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
}
