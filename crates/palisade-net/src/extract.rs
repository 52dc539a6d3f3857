//! stub
/// Readable text of a page.
pub struct Readable {
    /// Title.
    pub title: Option<String>,
    /// Text.
    pub text: String,
    /// Hidden.
    pub hidden: u64,
}
/// Readable.
pub fn readable(html: &str) -> Readable {
    Readable { title: None, text: html.to_owned(), hidden: 0 }
}
