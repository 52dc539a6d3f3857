//! From a page to its readable text, as Markdown.
//!
//! The page is cut into tags and text as browsers do it, in one pass and
//! without a tree: the work is linear in the page, and nothing is as deep as
//! its tags are nested. What a person would not see (scripts, comments,
//! elements that are hidden by an attribute, a style of their own or a rule in
//! the page) is left out and counted; navigation and the like are left out where the page
//! has enough besides. Pictures become their descriptions, so that showing
//! the text asks nobody for anything.
//!
//! **Known gaps.** Sheets that are loaded and scripts of the page are not
//! applied, so that what they hide is shown, and what they make is not.

mod choose;
mod hidden;
mod tags;
mod walk;
mod write;

use url::Url;

/// A page's readable text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Readable {
    /// What the page calls itself.
    pub title: Option<String>,
    /// The text, as Markdown.
    pub text: String,
    /// How many letters were left out because nobody would see them.
    pub hidden: u64,
}

/// The readable text of `html`, which came from `base`: links are written out
/// against it.
pub fn readable(html: &str, base: &str) -> Readable {
    let walked = walk::walk(html, Url::parse(base).ok());
    let text = choose::text(&walked.blocks, walked.title.as_deref());
    Readable { title: walked.title, text, hidden: walked.hidden }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> String {
        readable(html, "https://a.example/d/p").text
    }

    #[test]
    fn a_page_becomes_markdown() {
        let html = "<!doctype html><title>A &amp; B</title><style>p{}</style>\
            <h2>One</h2><p>Some <b>bold</b> and <a href='../x?y#z'>linked\n text</a>.\
            <ul><li>first<li>second<ul><li>inner</ul><li>third</ul>\
            <ol start=3><li>x<li>y</ol>\
            <pre><code class='language-rust'>fn a() {\n    b();\n}\n</code></pre>\
            <blockquote><p>quoted<p>twice</blockquote><hr>\
            <img src=http://evil.example/?leak alt='a cat'><script>alert(1)</script>";
        let made = readable(html, "https://a.example/d/p");
        assert_eq!(made.title.as_deref(), Some("A & B"));
        let expected = "# A & B\n\n## One\n\n\
            Some **bold** and [linked text](https://a.example/x?y#z).\n\n\
            - first\n- second\n  - inner\n- third\n\n3. x\n4. y\n\n\
            ```rust\nfn a() {\n    b();\n}\n```\n\n\
            > quoted\n\n> twice\n\n---\n\n[image: a cat]\n";
        assert_eq!(made.text, expected);
    }

    #[test]
    fn tables_are_tables_where_they_hold_data() {
        let made = read("<table><tr><th>a<th>b|c<tr><td>1<td><p>2<p>3</table>");
        assert_eq!(made, "| a | b\\|c |\n| --- | --- |\n| 1 | 2 3 |\n");
        let layout = read("<table><tr><td>a<table><tr><td>b</table>c<td>d</table>");
        assert_eq!(layout, "a\n\nb\n\nc\n\nd\n");
        assert_eq!(read("<table><tr><td>one<tr><td>two</table>"), "one\n\ntwo\n");
    }

    #[test]
    fn what_nobody_sees_is_left_out_and_counted() {
        for html in [
            "a<p hidden>secret</p><p>b",
            "a<div style='display : none'><p>secret</p></div><p>b",
            "a<span style=visibility:hidden>secret</span><p>b",
            "a<span style='font-size:0px'>secret</span><p>b",
            "a<span style='opacity:0.0'>secret</span><p>b",
            "a<div aria-hidden=true>secret</div><p>b",
            "a<div style='position:absolute;left:-9999px'>secret</div><p>b",
            "a<span style='COLOR:#FFF;background:#fff'>secret</span><p>b",
            "a<template>secret</template><p>b",
            "a<p style='display:none'>secret<p>b",
            "a<p style='dis\\70lay:no/**/ne'>secret</p><p>b",
            "a<p style='color:rgba(0,0,0,0)'>secret</p><p>b",
            "a<p style='transform:translateX(-9999px)'>secret</p><p>b",
            "a<p style='clip-path: circle(0)'>secret</p><p>b",
            "a<p style='filter:opacity(0%)'>secret</p><p>b",
            "a<p style='content-visibility:hidden'>secret</p><p>b",
            "<style>.x{display:none}</style>a<p class='y x'>secret</p><p>b",
            "<style>@media all{#s{opacity:.0}}</style>a<p id=s>secret</p><p>b",
            "a<p class=late>secret</p><p>b<style>p.late{font-size:1px}</style>",
            "a<dialog>secret</dialog><p>b",
        ] {
            let made = readable(html, "https://a.example/");
            assert_eq!((made.text.as_str(), made.hidden), ("a\n\nb\n", 6), "{html}");
        }
        let made = readable("a<!-- secret --><p>b<script>c</script>", "");
        assert_eq!((made.text.as_str(), made.hidden), ("a\n\nb\n", 0));
    }

    #[test]
    fn the_article_is_chosen_where_there_is_one() {
        let chrome = "<nav><a href=/>Home</a><a href=/x>X</a></nav><aside>Buy now</aside>";
        let text = "A sentence of the article that goes on for a while. ".repeat(8);
        let made = read(&format!("{chrome}<main><h1>T</h1><p>{text}</main><footer>(c)</footer>"));
        assert!(made.starts_with("# T\n\nA sentence"), "{made}");
        assert!(!made.contains("Home") && !made.contains("Buy") && !made.contains("(c)"), "{made}");
        // A page of nothing else keeps what it has.
        assert!(read(chrome).contains("Home"));
    }

    #[test]
    fn links_lead_to_the_web_or_nowhere() {
        assert_eq!(
            read("<a href='javascript:alert(1)'>x</a> <a href=' /y '>y</a> <a href=#z>z</a>"),
            "x [y](https://a.example/y) z\n"
        );
        assert_eq!(read("<a href='/a)(b c'>x</a>"), "[x](https://a.example/a%29%28b%20c)\n");
        assert_eq!(read("<a href=/b></a>c"), "c\n");
        assert_eq!(
            read("<base href=https://b.example/><a href=c>d</a>"),
            "[d](https://b.example/c)\n"
        );
    }

    #[test]
    fn code_closes_no_fence() {
        assert_eq!(read("<pre>a\n```\nb</pre>"), "````\na\n```\nb\n````\n");
        assert_eq!(read("use <code>a`b</code>"), "use ``a`b``\n");
    }

    /// What costs most, again and again: if the work were not linear, or as
    /// deep as the tags, this would not end; nor is the text much longer than
    /// the page.
    #[test]
    fn hostile_pages_are_read_in_linear_time() {
        const SIZE: usize = 1 << 18;
        let base = format!("<base href='https://b.example/{}/'>", "x".repeat(2000));
        let deep = "<blockquote>".repeat(300);
        let numbers = "<ol start=4000000000><li>".repeat(30);
        for (head, piece) in [
            ("", "<div>"),
            ("", "<div><p>"),
            ("", "<b>"),
            ("", "<a href=x>"),
            ("", "<table><tr><td>"),
            ("", "<ul><li>"),
            ("", "</div>"),
            ("", "<font><p>"),
            ("", "<blockquote>a"),
            ("", "<p style='display:none'>"),
            ("<pre>", "`"),
            ("", "&amp;"),
            ("", "<x a=b "),
            ("", "<!--"),
            ("", "<svg><title>"),
            ("", "<nav>"),
            ("", "<li>a"),
            ("<table><tr>", "<td>b"),
            ("", "<b>a<i>b</b>c</i>"),
            ("", "<h1>a"),
            ("", "<select>"),
            (&base, "<a href=x>y</a>"),
            ("", "<code>z"),
            ("", "\u{200b}"),
            ("", "<template>"),
            ("", "<title>"),
            ("<table><tr><td>a<td>b", "<tr><td>|"),
            (&deep, "<p>a"),
            (&format!("{numbers}<pre>"), "\n"),
            (&format!("{deep}<pre>"), "a\n"),
            ("<table>", "<tr><td>a<table>"),
        ] {
            let html = format!("{head}{}", piece.repeat(SIZE / piece.len()));
            let made = readable(&html, "https://a.example/");
            assert!(made.text.len() < 10 * SIZE, "{head}{piece}: {}", made.text.len());
        }
    }
}
