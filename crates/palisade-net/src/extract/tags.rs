//! What the elements of HTML mean for a reader.

/// What an element is, as far as a reader cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// Begins and ends a block of text.
    Block,
    /// A paragraph, which ends where the next block begins.
    Paragraph,
    /// A heading of that level.
    Heading(u8),
    /// Within a line.
    Inline,
    /// Bold.
    Strong,
    /// Set off.
    Emphasis,
    /// Code in a line.
    Code,
    /// Text as it is laid out.
    Pre,
    /// A link.
    Link,
    /// A picture.
    Image,
    /// The end of a line.
    Break,
    /// A line across.
    Rule,
    /// A list; whether it is numbered.
    List(bool),
    /// An entry of a list.
    Item,
    /// A quotation.
    Quote,
    /// A table.
    Table,
    /// A row of a table.
    Row,
    /// A cell of a table.
    Cell,
    /// The page's name.
    Title,
    /// Where its links start from.
    Base,
    /// What a page is about.
    Main,
    /// Around what a page is about.
    Chrome,
    /// `header`: around it, unless in an article.
    Header,
    /// A form's answer, a drawing, a script: no text of the page.
    Skipped,
    /// Laid by for scripts, and not shown.
    Unshown,
}

/// The tag of that name.
pub(super) fn tag(name: &[u8]) -> Tag {
    match name {
        b"p" => Tag::Paragraph,
        b"h1" => Tag::Heading(1),
        b"h2" => Tag::Heading(2),
        b"h3" => Tag::Heading(3),
        b"h4" => Tag::Heading(4),
        b"h5" => Tag::Heading(5),
        b"h6" => Tag::Heading(6),
        b"b" | b"strong" => Tag::Strong,
        b"i" | b"em" | b"cite" | b"dfn" => Tag::Emphasis,
        b"code" | b"kbd" | b"samp" | b"tt" => Tag::Code,
        b"pre" | b"listing" | b"xmp" => Tag::Pre,
        b"a" => Tag::Link,
        b"img" => Tag::Image,
        b"br" => Tag::Break,
        b"hr" => Tag::Rule,
        b"ul" | b"menu" | b"dir" => Tag::List(false),
        b"ol" => Tag::List(true),
        b"li" => Tag::Item,
        b"blockquote" => Tag::Quote,
        b"table" => Tag::Table,
        b"tr" => Tag::Row,
        b"td" | b"th" => Tag::Cell,
        b"title" => Tag::Title,
        b"base" => Tag::Base,
        b"main" | b"article" => Tag::Main,
        b"nav" | b"footer" | b"aside" => Tag::Chrome,
        b"header" => Tag::Header,
        b"script" | b"style" | b"noscript" | b"svg" | b"math" | b"iframe" | b"object"
        | b"canvas" | b"audio" | b"video" | b"select" | b"textarea" | b"button" | b"datalist"
        | b"noembed" | b"noframes" | b"map" => Tag::Skipped,
        b"template" => Tag::Unshown,
        b"address" | b"body" | b"caption" | b"center" | b"dd" | b"details" | b"dialog" | b"div"
        | b"dl" | b"dt" | b"fieldset" | b"figcaption" | b"figure" | b"form" | b"head"
        | b"hgroup" | b"html" | b"legend" | b"optgroup" | b"option" | b"search" | b"section"
        | b"summary" | b"tbody" | b"tfoot" | b"thead" => Tag::Block,
        _ => Tag::Inline,
    }
}

/// Whether an element has no content and no end.
pub(super) fn void(name: &[u8]) -> bool {
    matches!(
        name,
        b"area"
            | b"base"
            | b"br"
            | b"col"
            | b"embed"
            | b"hr"
            | b"img"
            | b"input"
            | b"link"
            | b"meta"
            | b"param"
            | b"source"
            | b"track"
            | b"wbr"
    )
}

/// Names of elements.
pub(super) type Names = &'static [&'static [u8]];

/// Which open elements the start of another one closes: the names, and the
/// ones behind which nothing is closed.
pub(super) fn closes(name: &[u8]) -> Option<(Names, Names)> {
    Some(match name {
        b"li" => (&[b"li"], &[b"ul", b"ol", b"menu"]),
        b"dt" | b"dd" => (&[b"dt", b"dd"], &[b"dl"]),
        b"td" | b"th" => (&[b"td", b"th"], &[b"tr", b"table"]),
        b"tr" => (&[b"tr"], &[b"table"]),
        b"tbody" | b"thead" | b"tfoot" => (&[b"tbody", b"thead", b"tfoot"], &[b"table"]),
        b"option" => (&[b"option"], &[b"select"]),
        b"a" => (&[b"a"], &[b"table"]),
        _ => return None,
    })
}
