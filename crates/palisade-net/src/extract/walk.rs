//! One pass over the tags of a page.

use html5gum::{StartTag, Token, Tokenizer};
use palisade_guards::content::styles::Sheet;
use url::Url;

use super::choose::{Block, Region};
use super::hidden;
use super::tags::{Tag, closes, tag, void};
use super::write::{self, Around, Line, Taken};

/// What a page consists of.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) title: Option<String>,
    pub(super) blocks: Vec<Block>,
    pub(super) hidden: u64,
}

/// Elements deeper than this are read as if they stood in the deepest one.
const DEEPEST: usize = 256;
/// Quotations and lists deeper than this are not set in any further.
const FARTHEST: usize = 8;
/// No link is longer.
const LINK: usize = 2048;
/// No title is longer.
const TITLE: usize = 300;

/// Reads all of `html`; links are written out against `base`.
pub(super) fn walk(html: &str, base: Option<Url>) -> Walked {
    let room = html.len().saturating_mul(2).saturating_add(64 * 1024);
    let sheet = sheet(html);
    let mut walker = Walker { base, room, sheet, ..Walker::default() };
    let Ok(()) = Tokenizer::new(html).try_for_each(|token| {
        let Ok(token) = token;
        walker.token(token);
        Ok::<(), core::convert::Infallible>(())
    });
    walker.flush();
    walker.end_table();
    walker.out
}

/// The rules of the sheets in a page, wherever they stand in it.
fn sheet(html: &str) -> Sheet {
    let mut sheet = Sheet::default();
    let mut within = false;
    let Ok(()) = Tokenizer::new(html).try_for_each(|token| {
        let Ok(token) = token;
        match token {
            Token::StartTag(start) => within = *start.name == *b"style",
            Token::EndTag(_) => within = false,
            Token::String(text) if within => sheet.read(&String::from_utf8_lossy(&text.value)),
            _ => {}
        }
        Ok::<(), core::convert::Infallible>(())
    });
    sheet
}

/// An open element.
#[derive(Debug)]
struct Open {
    name: Box<[u8]>,
    tag: Tag,
    /// Whether its text is shown, hidden, or no text at all.
    sight: Sight,
    region: Region,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Sight {
    #[default]
    Shown,
    Hidden,
    Skipped,
}

/// What sets lines in.
#[derive(Debug)]
enum Inset {
    Quote,
    /// The number of the next entry, where they have numbers.
    List(Option<u32>),
    /// The mark of an entry, until it was written.
    Item {
        mark: String,
        written: bool,
    },
}

/// A table that is being read.
#[derive(Debug, Default)]
struct Table {
    rows: Vec<Vec<String>>,
    cell: String,
    in_cell: bool,
    /// Letters and linked letters in it.
    letters: (usize, usize),
    /// Tables within it: it is there for its looks.
    inner: usize,
}

#[derive(Debug, Default)]
struct Walker {
    base: Option<Url>,
    /// Bytes that links may still take: each is as long as the base, where it
    /// is relative.
    room: usize,
    open: Vec<Open>,
    /// Elements beyond the deepest.
    beyond: usize,
    line: Line,
    insets: Vec<Inset>,
    table: Option<Table>,
    pre: Option<(String, String)>,
    heading: u8,
    /// Whether the next block begins a list that is in no other.
    begun: bool,
    /// The rules of the page's own sheets.
    sheet: Sheet,
    out: Walked,
}

impl Walker {
    fn token(&mut self, token: Token) {
        match token {
            Token::StartTag(start) => self.start(&start),
            Token::EndTag(end) => self.end(&end.name),
            Token::String(text) => self.text(&String::from_utf8_lossy(&text.value)),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }

    fn sight(&self) -> Sight {
        self.open.last().map_or(Sight::Shown, |open| open.sight)
    }

    fn region(&self) -> Region {
        self.open.last().map_or_else(Region::default, |open| open.region)
    }

    fn text(&mut self, text: &str) {
        match self.open.last() {
            Some(open) if open.tag == Tag::Title && self.out.title.is_none() => {
                let words: Vec<&str> = text.split_whitespace().collect();
                let title: String = words.join(" ").chars().take(TITLE).collect();
                self.out.title = (!title.is_empty()).then_some(title);
                return;
            }
            Some(open) if open.tag == Tag::Title => return,
            Some(_) | None => {}
        }
        match self.sight() {
            Sight::Skipped => {}
            Sight::Hidden => {
                let seen = text.chars().filter(|letter| !letter.is_whitespace()).count();
                self.out.hidden += seen as u64;
            }
            Sight::Shown => match &mut self.pre {
                Some((code, _)) => code.push_str(text),
                None => self.line.push(text),
            },
        }
    }

    fn start(&mut self, start: &StartTag<()>) {
        let name = start.name.as_slice();
        let tag = tag(name);
        if ends_paragraph(tag) {
            self.close_top(b"p");
        }
        if let Some((names, walls)) = closes(name) {
            self.close_until(names, walls);
        }
        let value = |name: &[u8]| -> Option<String> {
            start
                .attributes
                .get(name)
                .map(|value| String::from_utf8_lossy(&value.value).into_owned())
        };
        if self.sight() == Sight::Shown {
            match tag {
                Tag::Image => self.image(value(b"alt")),
                Tag::Break => match &mut self.pre {
                    Some((code, _)) => code.push('\n'),
                    None => self.line.end_line(),
                },
                Tag::Rule => {
                    self.flush();
                    self.block("---".into(), 0, 0);
                }
                Tag::Base => {
                    let joined = value(b"href").and_then(|to| self.base.as_ref()?.join(&to).ok());
                    self.base = joined.or_else(|| self.base.take());
                }
                _ => {}
            }
        }
        if void(name) {
            return;
        }
        if self.open.len() >= DEEPEST {
            self.beyond += 1;
            return;
        }
        let attributes = || {
            start.attributes.iter().map(|(name, value)| (name.as_slice(), value.value.as_slice()))
        };
        let sight = match self.sight() {
            Sight::Shown if tag == Tag::Skipped => Sight::Skipped,
            Sight::Shown
                if tag == Tag::Unshown || hidden::hides(name, attributes(), &self.sheet) =>
            {
                Sight::Hidden
            }
            other => other,
        };
        let region = self.entered(tag, value(b"role"), [value(b"class"), value(b"id")]);
        if sight == Sight::Shown {
            self.opened(tag, &value);
        }
        self.open.push(Open { name: name.into(), tag, sight, region });
    }

    /// The region within an element.
    fn entered(&self, tag: Tag, role: Option<String>, names: [Option<String>; 2]) -> Region {
        let mut region = self.region();
        let role = role.unwrap_or_default().to_ascii_lowercase();
        match (tag, role.as_str()) {
            (Tag::Main, _) | (_, "main" | "article") => region.main = true,
            (Tag::Chrome, _)
            | (_, "navigation" | "contentinfo" | "complementary" | "banner" | "search") => {
                region.chrome = true;
            }
            (Tag::Header, _) if !region.main => region.chrome = true,
            (Tag::Block | Tag::List(_), _) if !region.chrome => {
                region.chrome = names.iter().flatten().any(|names| beside(names));
            }
            _ => {}
        }
        region
    }

    /// An element that is shown begins.
    fn opened(&mut self, tag: Tag, value: &dyn Fn(&[u8]) -> Option<String>) {
        if is_block(tag) {
            self.flush();
        }
        match tag {
            Tag::Heading(level) => self.heading = level,
            Tag::Strong => self.line.begin(Around::Strong),
            Tag::Emphasis => self.line.begin(Around::Emphasis),
            Tag::Code => match &mut self.pre {
                Some((_, language)) if language.is_empty() => *language = spoken(value(b"class")),
                Some(_) => {}
                None => self.line.begin(Around::Code),
            },
            Tag::Pre => self.pre = Some((String::new(), spoken(value(b"class")))),
            Tag::Link => {
                if let Some(to) = value(b"href").and_then(|to| self.absolute(&to)) {
                    self.line.begin(Around::Link(to));
                }
            }
            Tag::List(numbered) if self.insets.len() < FARTHEST * 2 => {
                let from = value(b"start").and_then(|from| from.parse().ok()).unwrap_or(1);
                self.begun |= self.insets.is_empty();
                self.insets.push(Inset::List(numbered.then_some(from)));
            }
            Tag::Item if self.insets.len() < FARTHEST * 2 => {
                let mark = match self.insets.last_mut() {
                    Some(Inset::List(Some(number))) => {
                        let mark = format!("{number}. ");
                        *number = number.saturating_add(1);
                        mark
                    }
                    _ => "- ".to_owned(),
                };
                self.insets.push(Inset::Item { mark, written: false });
            }
            Tag::Quote if self.insets.len() < FARTHEST * 2 => self.insets.push(Inset::Quote),
            Tag::Table => match &mut self.table {
                Some(table) => {
                    table.inner += 1;
                    self.loosen();
                }
                None => self.table = Some(Table::default()),
            },
            Tag::Row => self.end_row(),
            Tag::Cell => {
                self.end_cell();
                if let Some(table) = &mut self.table {
                    table.in_cell = true;
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &[u8]) {
        let Some(at) = self.open.iter().rposition(|open| *open.name == *name) else {
            self.beyond = self.beyond.saturating_sub(1);
            if name == b"p" || name == b"br" {
                self.flush();
            }
            return;
        };
        if self.beyond > 0 {
            // Which of the elements that were not kept it ends cannot be told.
            self.beyond -= 1;
            return;
        }
        self.close_from(at);
    }

    fn close_top(&mut self, name: &[u8]) {
        // Only elements within a line may stand between.
        let inline = |tag| !is_block(tag) || tag == Tag::Paragraph;
        let top = self.open.iter().rposition(|open| *open.name == *name || !inline(open.tag));
        if let Some(at) = top
            && self.open.get(at).is_some_and(|open| *open.name == *name)
        {
            self.close_from(at);
        }
    }

    fn close_until(&mut self, names: &[&[u8]], walls: &[&[u8]]) {
        let met = |open: &Open| names.contains(&&*open.name) || walls.contains(&&*open.name);
        if let Some(at) = self.open.iter().rposition(met)
            && self.open.get(at).is_some_and(|open| names.contains(&&*open.name))
        {
            self.close_from(at);
        }
    }

    /// Ends the element at `at` and all within it.
    fn close_from(&mut self, at: usize) {
        while self.open.len() > at {
            let Some(open) = self.open.last() else { return };
            let (tag, sight) = (open.tag, open.sight);
            if sight == Sight::Shown {
                self.closed(tag);
            }
            self.open.pop();
        }
    }

    /// An element that was shown ends.
    fn closed(&mut self, tag: Tag) {
        match tag {
            Tag::Strong => self.line.end(&Around::Strong),
            Tag::Emphasis => self.line.end(&Around::Emphasis),
            Tag::Code => self.line.end(&Around::Code),
            Tag::Link => self.line.end(&Around::Link(String::new())),
            Tag::Cell => self.end_cell(),
            Tag::Row => self.end_row(),
            _ => {}
        }
        if is_block(tag) {
            self.flush();
        }
        match tag {
            Tag::Heading(_) => self.heading = 0,
            Tag::Pre => self.end_pre(),
            Tag::List(_) => self.outdent(|inset| matches!(inset, Inset::List(_))),
            Tag::Item => self.outdent(|inset| matches!(inset, Inset::Item { .. })),
            Tag::Quote => self.outdent(|inset| matches!(inset, Inset::Quote)),
            Tag::Table => match &mut self.table {
                Some(table) if table.inner > 0 => table.inner -= 1,
                _ => self.end_table(),
            },
            _ => {}
        }
    }

    fn outdent(&mut self, kind: fn(&Inset) -> bool) {
        if self.insets.last().is_some_and(kind) {
            self.insets.pop();
        }
    }

    fn image(&mut self, alt: Option<String>) {
        let words = alt.unwrap_or_default();
        let words: Vec<&str> = words.split_whitespace().collect();
        if !words.is_empty() && self.pre.is_none() {
            self.line.push(&format!("[image: {}]", words.join(" ")));
        }
    }

    /// A link to the web, written so that it ends where it ends.
    fn absolute(&mut self, to: &str) -> Option<String> {
        let to = to.trim();
        if to.starts_with('#') || to.len() > LINK || self.room == 0 {
            return None;
        }
        let url = match &self.base {
            Some(base) => base.join(to).ok()?,
            None => Url::parse(to).ok()?,
        };
        let web = matches!(url.scheme(), "http" | "https" | "mailto");
        let url = url.as_str();
        if !web || url.len() > LINK {
            return None;
        }
        self.room = self.room.saturating_sub(url.len());
        Some(url.replace('(', "%28").replace(')', "%29"))
    }

    /// What was written so far becomes a block, or a part of a cell.
    fn flush(&mut self) {
        let Some(Taken { mut text, letters, linked }) = self.line.take() else { return };
        if let Some(table) = &mut self.table
            && table.in_cell
            && table.inner == 0
        {
            if !table.cell.is_empty() {
                table.cell.push(' ');
            }
            table.cell.push_str(&text);
            table.letters.0 += letters;
            table.letters.1 += linked;
            return;
        }
        if self.heading > 0 {
            let level = "#".repeat(self.heading.into());
            text = format!("{level} {}", text.replace('\n', " "));
        }
        self.block(text, letters, linked);
    }

    fn end_pre(&mut self) {
        let Some((code, language)) = self.pre.take() else { return };
        if code.trim().is_empty() {
            return;
        }
        self.loosen();
        let letters = code.chars().filter(|letter| !letter.is_whitespace()).count();
        self.block(write::block(&code, &language), letters, 0);
    }

    fn end_cell(&mut self) {
        self.flush();
        if let Some(table) = &mut self.table
            && table.in_cell
            && table.inner == 0
        {
            let cell = core::mem::take(&mut table.cell);
            table.in_cell = false;
            match table.rows.last_mut() {
                Some(row) => row.push(cell),
                None => table.rows.push(vec![cell]),
            }
        }
    }

    fn end_row(&mut self) {
        self.end_cell();
        if let Some(table) = &mut self.table
            && table.inner == 0
            && table.rows.last().is_none_or(|row| !row.is_empty())
        {
            table.rows.push(Vec::new());
        }
    }

    fn end_table(&mut self) {
        self.end_cell();
        let Some(mut table) = self.table.take() else { return };
        table.rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
        if table.rows.len() > 1 && table.rows.iter().any(|row| row.len() > 1) {
            let (letters, linked) = table.letters;
            self.block(write::table(&table.rows), letters, linked);
        } else {
            self.paragraphs(table);
        }
    }

    /// A table turns out to be there for its looks: its cells are paragraphs.
    fn loosen(&mut self) {
        let Some(table) = &mut self.table else { return };
        let inner = Table { inner: table.inner, in_cell: table.in_cell, ..Table::default() };
        let mut begun = core::mem::replace(table, inner);
        let cell = core::mem::take(&mut begun.cell);
        begun.rows.push(vec![cell]);
        self.paragraphs(begun);
    }

    fn paragraphs(&mut self, table: Table) {
        for cell in table.rows.into_iter().flatten().filter(|cell| !cell.is_empty()) {
            let letters = cell.chars().count();
            // Links are told apart for all of the table at once.
            let linked = letters * table.letters.1 / table.letters.0.max(1);
            self.block(cell, letters, linked);
        }
    }

    /// A block, set in as its lists and quotations say.
    fn block(&mut self, text: String, letters: usize, linked: usize) {
        let (mut first, mut rest) = (String::new(), String::new());
        let mut item = false;
        for inset in &mut self.insets {
            let deep = rest.len() >= FARTHEST * 3;
            match inset {
                Inset::Quote if deep => {}
                Inset::Quote => {
                    first.push_str("> ");
                    rest.push_str("> ");
                    item = false;
                }
                Inset::List(_) => {}
                Inset::Item { mark, written } => {
                    let space = " ".repeat(if deep { 0 } else { mark.len() });
                    first.push_str(if *written { &space } else { mark });
                    rest.push_str(&space);
                    item = !*written;
                    *written = true;
                }
            }
        }
        // A page of line ends does not become a page of insets.
        let ends = text.bytes().filter(|byte| *byte == b'\n').count();
        let text = if ends == 0 || ends * rest.len() > text.len() * 4 + 1024 {
            first + &text
        } else {
            first + &text.replace('\n', &format!("\n{rest}"))
        };
        let (region, heading) = (self.region(), self.heading);
        let item = item && !core::mem::take(&mut self.begun);
        self.out.blocks.push(Block { text, region, letters, linked, heading, item });
    }
}

/// Whether text before and after an element stands in blocks of its own.
const fn is_block(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::Block
            | Tag::Paragraph
            | Tag::Heading(_)
            | Tag::Pre
            | Tag::Rule
            | Tag::List(_)
            | Tag::Item
            | Tag::Quote
            | Tag::Table
            | Tag::Row
            | Tag::Cell
            | Tag::Main
            | Tag::Chrome
            | Tag::Header
    )
}

const fn ends_paragraph(tag: Tag) -> bool {
    is_block(tag) && !matches!(tag, Tag::Row | Tag::Cell)
}

/// The language that a class says code is in.
fn spoken(class: Option<String>) -> String {
    let class = class.unwrap_or_default();
    let known = class.split_ascii_whitespace().find_map(|word| {
        ["language-", "lang-", "highlight-source-", "brush:"]
            .iter()
            .find_map(|head| word.strip_prefix(head))
    });
    let plain = |letter: &char| letter.is_ascii_alphanumeric() || "+#-_.".contains(*letter);
    known.unwrap_or("").chars().take_while(plain).take(20).collect()
}

/// Whether names say that an element stands beside what the page is about.
fn beside(names: &str) -> bool {
    const BESIDE: &[&str] = &[
        "nav",
        "navbar",
        "navigation",
        "menu",
        "sidebar",
        "breadcrumb",
        "breadcrumbs",
        "footer",
        "cookie",
        "cookies",
        "cookie-banner",
        "consent",
        "advert",
        "advertisement",
        "ads",
        "ad",
        "social",
        "share",
        "sharing",
        "related",
        "newsletter",
        "subscribe",
        "popup",
        "modal",
        "toc",
        "skip-link",
        "pagination",
        "masthead",
        "site-header",
        "site-footer",
        "promo",
    ];
    let mut words = names.split_ascii_whitespace();
    words.any(|word| BESIDE.iter().any(|known| word.eq_ignore_ascii_case(known)))
}
