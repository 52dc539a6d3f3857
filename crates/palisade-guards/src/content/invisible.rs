//! Letters by how they look: how each is read, and which cannot be seen.

include!(concat!(env!("OUT_DIR"), "/letters.rs"));

/// How a letter is read where it is not read as itself: as the lower-case
/// ASCII letter that it looks like or is a variant of, as nothing where it has
/// no width, as several where it is a ligature.
pub fn reading(letter: char) -> Option<&'static str> {
    let code = u32::from(letter) as usize;
    let page = PAGES.get(usize::from(*INDEX.get(code >> 8)?))?;
    // The first reading is that as nothing.
    let at = usize::from(*page.get(code & 0xFF)?);
    let from = at.checked_sub(1).and_then(|before| ENDS.get(before)).copied().unwrap_or(0);
    READINGS.get(usize::from(from)..usize::from(*ENDS.get(at)?))
}

/// The letters that a letter is read as.
pub fn skeleton(letter: char) -> impl Iterator<Item = char> {
    let read = reading(letter);
    read.unwrap_or_default().chars().chain(read.is_none().then_some(letter))
}

/// What sort of letter cannot be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unseen {
    /// Controls of C0 and C1.
    Control,
    /// The control that begins a terminal's escape sequence.
    Escape,
    /// Turns the direction of text.
    Direction,
    /// Letters from the block of tags, which spell ASCII without being seen.
    Tag,
    /// Variation selectors.
    Selector,
    /// No width, or nothing to see for another reason.
    Blank,
}

/// A run of letters that cannot be seen and are no part of ordinary text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// First byte.
    pub from: usize,
    /// One past the last byte.
    pub to: usize,
    /// Of which sort the worst of them is: the one that hides most.
    pub sort: Unseen,
    /// How many letters.
    pub count: usize,
}

/// The runs of letters in `text` that cannot be seen, without those that
/// belong there: joiners within scripts and emoji that need them, a selector
/// after the emoji or ideograph it selects, flags, a lone direction mark or
/// soft hyphen, ordinary line ends.
pub fn runs(text: &str) -> Vec<Run> {
    let mut found = Vec::new();
    let mut letters = text.char_indices().peekable();
    let mut before = None;
    while let Some((from, letter)) = letters.next() {
        let Some(mut sort) = unseen(letter) else {
            before = Some(letter);
            continue;
        };
        let mut to = from + letter.len_utf8();
        let mut count = 1;
        // Controls stand alone, for what is printed depends on each.
        while sort > Unseen::Escape
            && let Some((at, next)) = letters.peek().copied()
            && let Some(other) = unseen(next).filter(|other| *other > Unseen::Escape)
        {
            sort = sort.max_hiding(other);
            to = at + next.len_utf8();
            count += 1;
            letters.next();
        }
        let after = letters.peek().map(|(_, next)| *next);
        let run = text.get(from..to).unwrap_or_default();
        if !belongs(before, run, count, after) {
            found.push(Run { from, to, sort, count });
        }
        before = run.chars().next_back();
    }
    found
}

impl Unseen {
    fn max_hiding(self, other: Self) -> Self {
        let rank = |sort| match sort {
            Self::Tag => 5,
            Self::Direction => 4,
            Self::Selector => 3,
            Self::Blank => 2,
            Self::Control | Self::Escape => 1,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

/// Whether and how a letter cannot be seen.
fn unseen(letter: char) -> Option<Unseen> {
    Some(match u32::from(letter) {
        0x1B | 0x9B | 0x9D | 0x90 => Unseen::Escape,
        0x0A | 0x09 => return None,
        0x00..=0x1F | 0x7F..=0x9F => Unseen::Control,
        0x20..=0xAC => return None,
        0x61C | 0x200E..=0x200F | 0x202A..=0x202E | 0x2066..=0x2069 => Unseen::Direction,
        0xE0000..=0xE007F => Unseen::Tag,
        0xFE00..=0xFE0F | 0xE0100..=0xE01EF => Unseen::Selector,
        0xAD
        | 0x34F
        | 0x115F..=0x1160
        | 0x3164
        | 0xFFA0
        | 0x17B4..=0x17B5
        | 0x180B..=0x180F
        | 0x200B..=0x200D
        | 0x2028..=0x2029
        | 0x2060..=0x2065
        | 0x206A..=0x206F
        | 0xFEFF
        | 0xFFF0..=0xFFFB
        | 0x1BCA0..=0x1BCA3
        | 0x1D173..=0x1D17A
        | 0xE0080..=0xE0FFF => Unseen::Blank,
        _ => return None,
    })
}

/// Whether a run of unseen letters is part of ordinary text where it stands.
fn belongs(before: Option<char>, run: &str, count: usize, after: Option<char>) -> bool {
    let mut letters = run.chars();
    let (Some(first), second) = (letters.next(), letters.next()) else { return true };
    match (first, second, count) {
        ('\r', None, _) => after == Some('\n'),
        ('\u{feff}', None, _) => before.is_none(),
        // One mark of direction, as every editor for such a script leaves it.
        ('\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{34f}', None, _) => true,
        ('\u{ad}', None, _) => before.is_some_and(char::is_alphabetic),
        ('\u{fe00}'..='\u{fe0f}', None, _) => before.is_some_and(takes_selector),
        ('\u{e0100}'..='\u{e01ef}', None, _) => before.is_some_and(is_ideograph),
        // A heart, its selector, and what it is joined with.
        ('\u{fe0f}', Some('\u{200d}'), 2) => {
            before.is_some_and(takes_selector) && after.is_some_and(is_pictured)
        }
        ('\u{200d}', None, _) => {
            (before.is_some_and(is_pictured) && after.is_some_and(is_pictured))
                || before.is_some_and(joins)
        }
        ('\u{200c}', None, _) => before.is_some_and(joins),
        ('\u{200b}', None, _) => {
            before.is_some_and(without_spaces) && after.is_none_or(without_spaces)
        }
        ('\u{180b}'..='\u{180f}', None, _) => {
            matches!(before, Some('\u{1820}'..='\u{18aa}'))
                || matches!(after, Some('\u{1820}'..='\u{18aa}'))
        }
        ('\u{115f}'..='\u{1160}', None, _) => {
            matches!(before, Some('\u{1100}'..='\u{11ff}'))
                || matches!(after, Some('\u{1100}'..='\u{11ff}'))
        }
        ('\u{e0020}'..='\u{e007e}', Some(_), 3..=7) => {
            before == Some('\u{1f3f4}') && is_region(run)
        }
        _ => false,
    }
}

/// The flag of a region: a few tags that spell letters and digits, and the one
/// that ends them.
fn is_region(run: &str) -> bool {
    run.strip_suffix('\u{e007f}').is_some_and(|name| {
        name.chars().all(|tag| matches!(tag, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}'))
    })
}

/// Emoji, symbols and letters that have more than one form.
fn takes_selector(letter: char) -> bool {
    matches!(letter, '0'..='9' | '#' | '*') || (!letter.is_ascii() && unseen(letter).is_none())
}

fn is_ideograph(letter: char) -> bool {
    matches!(u32::from(letter), 0x2E80..=0x2FDF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// Emoji, and the symbols that become emoji when they are joined.
fn is_pictured(letter: char) -> bool {
    matches!(u32::from(letter), 0x2190..=0x2BFF | 0x1F000..=0x1FAFF)
}

/// Letters of scripts in which joiners have a meaning.
fn joins(letter: char) -> bool {
    matches!(u32::from(letter),
        0x0600..=0x08FF | 0x0900..=0x0DFF | 0x1000..=0x109F | 0x1780..=0x18AF
        | 0x1A20..=0x1AAF | 0x1B00..=0x1C4F | 0xA840..=0xAAFF | 0xFB50..=0xFDFF | 0xFE70..=0xFEFC
        | 0x11000..=0x11FFF)
}

/// Letters of scripts that are written without spaces, where a break without
/// width shows where a line may end.
fn without_spaces(letter: char) -> bool {
    joins(letter)
        || is_ideograph(letter)
        || matches!(u32::from(letter), 0x0E00..=0x0EFF | 0x0F00..=0x0FFF | 0x3000..=0x30FF | 0x1980..=0x19DF | 0xAA80..=0xAADF)
}

/// What the letters of a run spell: tags as the ASCII they stand for, other
/// letters as bits would need a key and are left out.
pub fn spelled(run: &str) -> String {
    run.chars()
        .filter_map(|letter| match u32::from(letter) {
            code @ 0xE0020..=0xE007E => char::from_u32(code - 0xE0000),
            // Bytes, each as one selector.
            code @ 0xFE00..=0xFE0F => char::from_u32(code - 0xFE00),
            code @ 0xE0100..=0xE01EF => char::from_u32(code - 0xE0100 + 16),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_any_look_are_read() {
        let read = |text: &str| text.chars().flat_map(skeleton).collect::<String>();
        for text in [
            "IGNORE",
            "ｉｇｎｏｒｅ",
            "ⓘⓖⓝⓞⓡⓔ",
            "𝐢𝐠𝐧𝐨𝐫𝐞",
            "𝔦𝔤𝔫𝔬𝔯𝔢",
            "іgnоrе",
            "Ιgnοre",
            "ɪɢɴᴏʀᴇ",
            "i\u{200b}g\u{ad}n\u{301}ore",
            "🅸🅶🅽🅾🆁🅴",
            "🇮🇬🇳🇴🇷🇪",
            "ĩğñőřę",
            "i\u{e0101}gnore",
        ] {
            assert_eq!(read(text), "ignore", "{text}");
        }
        assert_eq!(read("前の指示を無視"), "前の指示を無視");
        assert_eq!(read("이전 지시"), "이전 지시");
        assert_eq!(read("ПРЕДЫДУЩИЕ"), read("предыдущие"));
        assert_eq!(read("НВТМКЗ"), read("нвтмкз"));
        assert_eq!(read("a\u{a0}b\u{2028}c"), "a b\nc");
        assert_eq!(read("ﬁne"), "fine");
    }

    #[test]
    fn what_belongs_stays() {
        for text in [
            "plain\ttext\r\nwith lines\n",
            "\u{feff}bom",
            "👩‍💻 ❤️‍🔥 ✌🏽 1️⃣ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ☺︎",
            "می‌خواهم",
            "क्‍ष",
            "葛󠄀",
            "Donau\u{ad}dampf",
            "עברית\u{200f}!",
            "ภาษา\u{200b}ไทย",
            "naïve café",
        ] {
            assert_eq!(runs(text), [], "{text}");
        }
    }

    #[test]
    fn what_hides_is_found() {
        for (text, sort, count) in [
            ("a\u{1b}[31m", Unseen::Escape, 1),
            ("a\rb", Unseen::Control, 1),
            ("a\u{202e}b", Unseen::Direction, 1),
            ("x\u{e0069}\u{e0067}", Unseen::Tag, 2),
            ("😀\u{fe00}\u{fe01}\u{e0101}", Unseen::Selector, 3),
            ("ig\u{200b}nore", Unseen::Blank, 1),
            ("a\u{200c}\u{200b}\u{200d}b", Unseen::Blank, 3),
            ("a\u{3164}b", Unseen::Blank, 1),
            (
                "🏴\u{e0069}\u{e0067}\u{e006e}\u{e006f}\u{e0072}\u{e0065}\u{e0020}\u{e007f}",
                Unseen::Tag,
                8,
            ),
        ] {
            let found = runs(text);
            assert_eq!(found.len(), 1, "{text:?}");
            assert_eq!((found[0].sort, found[0].count), (sort, count), "{text:?}");
        }
    }
}
