//! What text looks like: its encoding and how its lines end.

use palisade_core::FileFault;
use palisade_guards::content::reveal;

/// The mark at the beginning of some UTF-8 files.
pub(crate) const BOM: &str = "\u{feff}";

/// How the lines of a text end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endings {
    /// With a line feed, or there is but one line.
    Unix,
    /// All with a carriage return and a line feed.
    Windows,
    /// Some this way, some that.
    Mixed,
}

impl Endings {
    pub(crate) fn of(text: &[u8]) -> Self {
        let (mut unix, mut windows, mut before) = (0u64, 0u64, 0u8);
        for byte in text {
            if *byte == b'\n' {
                if before == b'\r' { windows += 1 } else { unix += 1 }
            }
            before = *byte;
        }
        match (unix, windows) {
            (_, 0) => Self::Unix,
            (0, _) => Self::Windows,
            _ => Self::Mixed,
        }
    }
}

/// Refuses what is not text by its first bytes.
pub(crate) fn must_be_text(
    begin: &[u8],
    doing: &str,
    path: &str,
    size: u64,
) -> Result<(), FileFault> {
    let shown = reveal(path);
    if begin.starts_with(&[0xff, 0xfe]) || begin.starts_with(&[0xfe, 0xff]) {
        return Err(FileFault::new(format!("cannot {doing} `{shown}`: it is UTF-16 text"))
            .help("convert it first: iconv -f UTF-16 -t UTF-8"));
    }
    if begin.contains(&0) {
        return Err(FileFault::new(format!(
            "cannot {doing} `{shown}`: it is a binary file of {size} bytes"
        )));
    }
    Ok(())
}

/// The fault of a line that is not UTF-8.
pub(crate) fn not_utf8(doing: &str, path: &str, line: u64, byte: Option<u8>) -> FileFault {
    let what = byte.map_or_else(String::new, |byte| format!(", with the byte 0x{byte:02x}"));
    FileFault::new(format!(
        "cannot {doing} `{}`: line {line} is not UTF-8 text{what}",
        reveal(path)
    ))
    .help("if it is Latin-1, convert it first: iconv -f LATIN1 -t UTF-8")
}

/// Cuts `text` to at most `most` bytes between two letters.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}
