//! Text from outside, made fit to be read by a model and shown to a person.

use super::invisible::{self, Unseen};
use super::scan::{Hit, Kind, scan};
use aho_corasick::{AhoCorasick, MatchKind};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

/// What [`clean`] makes of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned<'t> {
    /// The text, with what could deceive written out; borrowed where there
    /// was nothing to write out.
    pub text: Cow<'t, str>,
    /// What was found in it. The places are those of the text as it came.
    pub findings: Vec<Hit>,
}

/// Writes out as `\u{..}` what a person would not see or a model would take
/// for more than text (controls and escape sequences, letters without width,
/// signs that turn the direction of text, tags, runs of selectors, and the
/// first letter of marks such as `<|im_start|>` and `[INST]` by which chat
/// templates divide turns) and scans the text as it came.
///
/// Nothing is taken away and nothing is blocked. The one exception is colour
/// in [`Kind::Terminal`], which is no text.
pub fn clean(text: &str, kind: Kind) -> Cleaned<'_> {
    Cleaned { text: written_out(text, kind), findings: scan(text, kind) }
}

/// The text with what could deceive written out, not scanned.
pub fn written_out(text: &str, kind: Kind) -> Cow<'_, str> {
    let mut cuts: Vec<Cut> = Vec::new();
    if !is_plain(text) {
        for run in invisible::runs(text) {
            let colour = if kind == Kind::Terminal && run.sort == Unseen::Escape {
                colour(text.get(run.from..).unwrap_or_default())
            } else {
                0
            };
            if colour > 0 {
                cuts.push(Cut { from: run.from, to: run.from + colour, show: false });
            } else {
                cuts.push(Cut { from: run.from, to: run.to, show: true });
            }
        }
    }
    for from in marks(text, kind) {
        let first = text.get(from..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        cuts.push(Cut { from, to: from + first, show: true });
    }
    if cuts.is_empty() {
        return Cow::Borrowed(text);
    }
    cuts.sort_unstable_by_key(|cut| cut.from);
    let mut out = String::with_capacity(text.len() + 8 * cuts.len());
    let mut kept = 0;
    for cut in cuts.into_iter().filter(|cut| cut.from < cut.to) {
        if cut.from < kept {
            continue;
        }
        out.push_str(text.get(kept..cut.from).unwrap_or_default());
        if cut.show {
            for letter in text.get(cut.from..cut.to).unwrap_or_default().chars() {
                // A string takes everything that is written to it.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(letter));
            }
        }
        kept = cut.to;
    }
    out.push_str(text.get(kept..).unwrap_or_default());
    Cow::Owned(out)
}

/// A piece of text that does not stay as it is.
struct Cut {
    from: usize,
    to: usize,
    show: bool,
}

/// Whether there are only seen ASCII letters and ordinary line ends.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t'))
}

/// Whether a sequence that only colours stands at the beginning.
pub(super) fn is_colour(rest: &str) -> bool {
    colour(rest) > 0
}

/// How many bytes of a colour sequence stand at the beginning; 0 where it is
/// another sequence, or one that hides what follows.
fn colour(rest: &str) -> usize {
    let Some(parameters) = rest.strip_prefix("\u{1b}[") else { return 0 };
    let length = parameters
        .bytes()
        .take(40)
        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b':'))
        .count();
    let (numbers, after) = parameters.split_at(length);
    let conceals = numbers.split([';', ':']).any(|number| number.trim_start_matches('0') == "8");
    if after.starts_with('m') && !conceals { 2 + length + 1 } else { 0 }
}

/// The marks that divide turns in the templates of chat models, but for those
/// of the form `<|word|>`.
const MARKS: &[&str] = &[
    "[inst]",
    "[/inst]",
    "<<sys>>",
    "<</sys>>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<bos>",
    "<eos>",
    "[system_prompt]",
    "[/system_prompt]",
    "[available_tools]",
    "[/available_tools]",
    "[tool_calls]",
    "[tool_results]",
    "[/tool_results]",
    "<tool_call>",
    "</tool_call>",
    "<tool_response>",
    "</tool_response>",
    "<function_calls>",
    "</function_calls>",
    "<function_results>",
    "</function_results>",
    "<system-reminder>",
    "</system-reminder>",
    "<system>",
    "</system>",
    "<\u{ff5c}",
    "<|",
    "<s>",
    "</s>",
];

/// Where the marks of chat templates begin.
fn marks(text: &str, kind: Kind) -> Vec<usize> {
    static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(MARKS)
            .ok()
    });
    let Some(finder) = FINDER.as_ref() else { return Vec::new() };
    finder
        .find_iter(text)
        .filter(|found| {
            let after = text.get(found.end()..).unwrap_or_default();
            match MARKS.get(found.pattern().as_usize()) {
                Some(&("<|" | "<\u{ff5c}")) => is_word_and_bar(after),
                // Struck-out text in pages and Markdown.
                Some(&("<s>" | "</s>")) => matches!(kind, Kind::Terminal),
                _ => true,
            }
        })
        .map(|found| found.start())
        .collect()
}

/// Whether what follows `<|` is a word and `|>`.
fn is_word_and_bar(after: &str) -> bool {
    let mut letters = after.chars().take(64);
    let mut count = 0;
    for letter in letters.by_ref() {
        if matches!(letter, '|' | '\u{ff5c}') {
            break;
        }
        if !letter.is_alphanumeric() && !matches!(letter, '_' | '-' | ':' | '.' | '/' | '\u{2581}')
        {
            return false;
        }
        count += 1;
    }
    count > 0 && letters.next() == Some('>')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        written_out(text, Kind::Text).into_owned()
    }

    #[test]
    fn ordinary_text_is_borrowed() {
        for text in
            ["", "plain\r\n\ttext", "héllo 世界 👩‍💻", "a <| b |> c, x <|> y", "if a<b || c>d {}"]
        {
            assert!(matches!(written_out(text, Kind::Text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn what_deceives_is_written_out() {
        assert_eq!(shown("a\u{1b}]0;x\u{7}b"), "a\\u{1b}]0;x\\u{7}b");
        assert_eq!(shown("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(shown("ig\u{200b}nore"), "ig\\u{200b}nore");
        assert_eq!(shown("😀\u{e0069}"), "😀\\u{e0069}");
        assert_eq!(shown("<|im_start|>system"), "\\u{3c}|im_start|>system");
        assert_eq!(shown("<\u{ff5c}User\u{ff5c}>"), "\\u{3c}\u{ff5c}User\u{ff5c}>");
        assert_eq!(shown("x [inst] y [/INST]"), "x \\u{5b}inst] y \\u{5b}/INST]");
    }

    #[test]
    fn colour_goes_where_it_is_ordinary() {
        let text = "\u{1b}[1;31mred\u{1b}[0m \u{1b}[8mhidden\u{1b}[0m\u{1b}[2K";
        assert_eq!(written_out(text, Kind::Terminal), "red \\u{1b}[8mhidden\\u{1b}[2K");
        assert!(shown(text).starts_with("\\u{1b}[1;31mred"));
    }
}
