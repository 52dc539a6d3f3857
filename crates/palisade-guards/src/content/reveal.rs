//! Text made fit to be shown to a person who has to decide on it.

use std::fmt::Write as _;

/// `text` with every character visible that could hide something: controls
/// and escapes, letters without width, those that turn the direction of text,
/// tags, variation selectors, unusual spaces, private and unassigned planes.
/// They are written as `\u{..}`, a newline as `\n`, a backslash that could be
/// taken for the start of one of these as `\\`. Nothing is cut, and nothing
/// else changes, so that two different texts never look the same by this.
pub fn reveal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' if matches!(letters.peek(), Some('u' | 'n' | 'r' | 't' | '\\')) => {
                out.push_str("\\\\")
            }
            letter if hidden(letter) => {
                // A string takes everything that is written to it.
                let _ = write!(out, "\\u{{{:x}}}", letter as u32);
            }
            letter => out.push(letter),
        }
    }
    out
}

/// Whether a character cannot be seen, or changes how others are seen.
fn hidden(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_ascii_control();
    }
    letter.is_control()
        || (letter.is_whitespace() && letter != '\u{3000}')
        || matches!(u32::from(letter),
            // soft hyphen, combining joiner, Arabic letter mark, Hangul fillers
            0xAD | 0x34F | 0x61C | 0x115F..=0x1160 | 0x3164 | 0xFFA0
            // Khmer and Mongolian signs without width
            | 0x17B4..=0x17B5 | 0x180B..=0x180F
            // zero width, direction, line and paragraph separators, invisible operators
            | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F
            // braille blank, variation selectors, byte order mark, annotations, replacement
            | 0x2800 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFF0..=0xFFFB
            // private use, shorthand and musical controls, tags, further planes
            | 0xE000..=0xF8FF | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0x10FFFF)
}

#[cfg(test)]
mod tests {
    use super::reveal;

    #[test]
    fn what_hides_is_shown() {
        assert_eq!(reveal("ls \u{202e}x"), "ls \\u{202e}x");
        assert_eq!(reveal("r\u{200b}m"), "r\\u{200b}m");
        assert_eq!(reveal("a\u{1b}[2Kb"), "a\\u{1b}[2Kb");
        assert_eq!(reveal("a\nb\tc\r"), "a\\nb\\tc\\r");
        assert_eq!(reveal("x\u{e0041}y\u{fe0f}"), "x\\u{e0041}y\\u{fe0f}");
        assert_eq!(reveal("a\u{a0}b"), "a\\u{a0}b");
        assert_eq!(
            reveal("caf\u{e9} \u{4f60}\u{597d} \u{1f600}"),
            "caf\u{e9} \u{4f60}\u{597d} \u{1f600}"
        );
        assert_eq!(reveal(r"C:\x \d"), r"C:\x \d");
        assert_eq!(reveal(r"\n"), r"\\n");
    }

    /// A small generator is enough here: letters from all the corners.
    #[test]
    fn nothing_is_cut_and_nothing_stays_hidden() {
        let corners: Vec<char> = ('\0'..='\u{ff}')
            .chain(
                "\u{200b}\u{202e}\u{2066}\u{feff}\u{e0020}\u{3164}\u{34f}\u{f0000}\u{10ffff}"
                    .chars(),
            )
            .chain("\\u{}nrt\"'$ \u{1f600}\u{4f60}".chars())
            .collect();
        let mut seed = 7u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize
        };
        let mut seen = std::collections::BTreeMap::new();
        for _ in 0..20_000 {
            let length = next() % 6;
            let text: String = (0..length).map(|_| corners[next() % corners.len()]).collect();
            let shown = reveal(&text);
            assert!(shown.chars().count() >= text.chars().count());
            assert!(!shown.chars().any(super::hidden), "{text:?}");
            assert_eq!(reveal(&text), shown);
            // Two texts never look the same.
            if let Some(other) = seen.insert(shown, text.clone()) {
                assert_eq!(other, text);
            }
        }
    }
}
