//! Which blocks of a page are what it is about.

use std::fmt::Write as _;

/// Where a block stands in its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Region {
    /// In what the page is about, as it says itself.
    pub main: bool,
    /// In its navigation, its foot, or beside it.
    pub chrome: bool,
}

/// One block of a page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Block {
    pub text: String,
    pub region: Region,
    pub letters: usize,
    pub linked: usize,
    /// The level of a heading; 0 for everything else.
    pub heading: u8,
    /// Whether it is an entry of a list, but not its first.
    pub item: bool,
}

/// The page says enough by itself from this many letters on.
const ENOUGH: usize = 200;

/// The text of the blocks that are worth reading.
pub(super) fn text(blocks: &[Block], title: Option<&str>) -> String {
    let plain = |block: &Block| block.letters.saturating_sub(block.linked);
    let letters = |wanted: &dyn Fn(&Block) -> bool| -> usize {
        blocks.iter().filter(|block| wanted(block)).map(plain).sum()
    };
    let in_main = |block: &Block| block.region.main && !block.region.chrome;
    let not_chrome = |block: &Block| !block.region.chrome;
    let outside = letters(&not_chrome);
    let (main, everything) = (letters(&in_main), |_: &Block| true);
    let wanted: &dyn Fn(&Block) -> bool = if main >= ENOUGH && main * 4 >= outside {
        &in_main
    } else if outside > 0 || blocks.iter().any(|block| !block.region.chrome && block.letters > 0) {
        &not_chrome
    } else {
        &everything
    };
    let mut chosen: Vec<&Block> = blocks.iter().filter(|block| wanted(block)).collect();
    if main < ENOUGH && outside >= 5 * ENOUGH {
        trim_links(&mut chosen);
    }
    let mut out = String::new();
    if let Some(title) = title
        && !chosen.iter().any(|block| block.heading == 1)
    {
        // A string takes everything that is written to it.
        let _ = write!(out, "# {title}");
    }
    for block in chosen {
        if !out.is_empty() {
            out.push_str(if block.item { "\n" } else { "\n\n" });
        }
        out.push_str(&block.text);
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// Takes the links before the first text and after the last away, where they
/// are many: menus that do not say what they are.
fn trim_links(blocks: &mut Vec<&Block>) {
    const MANY: usize = 4;
    let menu = |block: &&Block| {
        block.heading == 0 && block.linked * 10 >= block.letters * 7 && block.letters < 400
    };
    let head = blocks.iter().take_while(|block| menu(block)).count();
    if (MANY..blocks.len()).contains(&head) {
        blocks.drain(..head);
    }
    let tail = blocks.iter().rev().take_while(|block| menu(block)).count();
    if (MANY..blocks.len()).contains(&tail) {
        blocks.truncate(blocks.len().saturating_sub(tail));
    }
}
