//! What kind of thing a server says it sends.

/// The part of a `Content-Type` before its parameters, in lower case.
pub(crate) fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

/// The `charset` of a `Content-Type`.
pub(crate) fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let known = name.trim().eq_ignore_ascii_case("charset");
        known.then(|| value.trim().trim_matches(['"', '\'']))
    })
}

/// Whether a type is text; `None` where the bytes must say so.
pub(crate) fn text(essence: &str) -> Option<bool> {
    let (kind, name) = essence.split_once('/').unwrap_or((essence, ""));
    let suffix = name.rsplit_once('+').map_or("", |(_, suffix)| suffix);
    if kind == "text" || matches!(suffix, "json" | "xml" | "yaml" | "toml") {
        return Some(true);
    }
    match (kind, name) {
        (
            "application",
            "json"
            | "xml"
            | "yaml"
            | "x-yaml"
            | "toml"
            | "javascript"
            | "x-javascript"
            | "ecmascript"
            | "typescript"
            | "sql"
            | "graphql"
            | "x-sh"
            | "x-tex"
            | "x-ndjson"
            | "jsonlines"
            | "jsonl"
            | "json-seq"
            | "x-httpd-php"
            | "x-www-form-urlencoded"
            | "x-subrip"
            | "rtf",
        ) => Some(true),
        // Servers that do not know send these.
        ("", _) | ("application", "octet-stream") | ("binary", "octet-stream") => None,
        _ => Some(false),
    }
}

/// Whether a type is a page with tags.
pub(crate) fn page(essence: &str) -> bool {
    matches!(essence, "text/html" | "application/xhtml+xml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_with_all_their_decoration() {
        assert_eq!(essence(" Text/HTML ; charset=x"), "text/html");
        assert_eq!(charset("text/html; a=b; CHARSET=\"ISO-8859-1\""), Some("ISO-8859-1"));
        assert_eq!(charset("text/html"), None);
        for one in [
            "text/plain",
            "application/json",
            "application/ld+json",
            "image/svg+xml",
            "application/rss+xml",
        ] {
            assert_eq!(text(one), Some(true), "{one}");
        }
        for one in [
            "image/png",
            "application/pdf",
            "application/zip",
            "video/mp4",
            "font/woff2",
            "nonsense",
        ] {
            assert_eq!(text(one), Some(false), "{one}");
        }
        assert_eq!(text(""), None);
    }
}
