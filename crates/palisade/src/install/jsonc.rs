//! JSON as people write it, read into spans: comments, commas at the end and a
//! byte order mark are taken as they are, so that an edit can be made at one
//! place and every other byte stays.

use std::fmt;
use std::ops::Range;

/// How deep a configuration may nest.
const DEEPEST: usize = 64;

/// A value, and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// From its first byte to behind its last.
    pub span: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Members in the order of the file.
    Object(Vec<Member>),
    /// Elements in the order of the file.
    Array(Vec<Node>),
    /// A string, decoded.
    Text(String),
    /// A number, `true`, `false` or `null`, as written.
    Bare(String),
}

/// A key with its value.
#[derive(Debug, Clone)]
pub struct Member {
    /// The key, decoded.
    pub key: String,
    /// Where the key begins.
    pub start: usize,
    /// The value.
    pub value: Node,
}

/// Why a text is not JSON, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// What is wrong.
    pub why: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, column {}: {}", self.line, self.column, self.why)
    }
}

impl Node {
    /// The value of a key of this object.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Object(members) => {
                members.iter().find(|member| member.key == key).map(|member| &member.value)
            }
            _ => None,
        }
    }

    /// The value at the end of a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The elements, where this is a list.
    pub fn elements(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The string, where this is one.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What this is, for messages.
    pub fn sort(&self) -> &'static str {
        match self.kind {
            Kind::Object(_) => "an object",
            Kind::Array(_) => "a list",
            Kind::Text(_) => "a string",
            Kind::Bare(_) => "a plain value",
        }
    }
}

/// Reads a text.
///
/// # Errors
/// Where it is not JSON with comments, nests too deep, or has one key twice
/// (a reader may take either).
pub fn parse(text: &str) -> Result<Node, Broken> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    if text.starts_with('\u{feff}') {
        reader.at = '\u{feff}'.len_utf8();
    }
    let parsed = reader.document();
    parsed.map_err(|why| {
        let before = text.get(..reader.at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Broken { why, line, column }
    })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<Node, String> {
        self.blank()?;
        let node = self.value()?;
        self.blank()?;
        match self.peek() {
            None => Ok(node),
            Some(_) => Err("something follows the end of the value".into()),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Skips white space and comments.
    fn blank(&mut self) -> Result<(), String> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                Some(b'/') if self.rest().starts_with("//") => {
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                }
                Some(b'/') if self.rest().starts_with("/*") => {
                    let end = self.rest().find("*/").ok_or("a comment does not end")?;
                    self.at += end + 2;
                }
                _ => return Ok(()),
            }
        }
    }

    fn value(&mut self) -> Result<Node, String> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Kind::Text(self.string()?),
            Some(_) => Kind::Bare(self.bare()?),
            None => return Err("the text ends too early".into()),
        };
        Ok(Node { span: start..self.at, kind })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Kind, String>) -> Result<Kind, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it nests too deep".into());
        }
        self.at += 1;
        let kind = read(self)?;
        self.depth -= 1;
        Ok(kind)
    }

    fn object(&mut self) -> Result<Kind, String> {
        let mut members: Vec<Member> = Vec::new();
        loop {
            self.blank()?;
            match self.peek() {
                Some(b'}') => break,
                Some(b'"') => {}
                _ => return Err("expected a key in double quotes or `}`".into()),
            }
            let start = self.at;
            let key = self.string()?;
            if members.iter().any(|member| member.key == key) {
                self.at = start;
                return Err(format!("the key `{key}` stands here twice"));
            }
            self.blank()?;
            if self.peek() != Some(b':') {
                return Err("expected `:`".into());
            }
            self.at += 1;
            self.blank()?;
            let value = self.value()?;
            members.push(Member { key, start, value });
            if !self.comma(b'}')? {
                break;
            }
        }
        self.at += 1;
        Ok(Kind::Object(members))
    }

    fn array(&mut self) -> Result<Kind, String> {
        let mut elements = Vec::new();
        loop {
            self.blank()?;
            if self.peek() == Some(b']') {
                break;
            }
            elements.push(self.value()?);
            if !self.comma(b']')? {
                break;
            }
        }
        self.at += 1;
        Ok(Kind::Array(elements))
    }

    /// Whether another one may follow; the closing bracket is left to read.
    fn comma(&mut self, close: u8) -> Result<bool, String> {
        self.blank()?;
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == close => Ok(false),
            _ => Err(format!("expected `,` or `{}`", char::from(close))),
        }
    }

    fn string(&mut self) -> Result<String, String> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(byte) if byte < 0x20 => return Err("a line ends inside a string".into()),
                Some(_) => self.at += 1,
                None => {
                    self.at = start;
                    return Err("a string does not end".into());
                }
            }
        }
        self.at += 1;
        let written = self.text.get(start..self.at).ok_or("a broken escape")?;
        serde_json::from_str(written).map_err(|_| "a broken escape in a string".to_owned())
    }

    fn bare(&mut self) -> Result<String, String> {
        let rest = self.rest();
        let end = rest
            .find(|letter: char| !(letter.is_ascii_alphanumeric() || "+-.".contains(letter)))
            .unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or("");
        if serde_json::from_str::<serde_json::Value>(word).is_err() {
            return Err("expected a value".into());
        }
        let word = word.to_owned();
        self.at += end;
        Ok(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read() {
        let text = "\u{feff}// mine\n{\"a\": [1, -2.5e3, /* x */ true,], \"b\\u0041\": {\"c\": \"d\\\"\",},}\r\n// end";
        let node = parse(text).unwrap();
        assert_eq!(node.at(&["bA", "c"]).and_then(Node::text), Some("d\""));
        let list = node.get("a").unwrap();
        assert_eq!(list.elements().unwrap().len(), 3);
        assert_eq!(text.get(list.span.clone()), Some("[1, -2.5e3, /* x */ true,]"));
    }

    #[test]
    fn what_is_broken_says_where() {
        for (text, line, column, why) in [
            ("{\"a\": 1\n \"b\": 2}", 2, 2, "expected `,` or `}`"),
            ("{\"a\": 1, \"a\": 2}", 1, 10, "twice"),
            ("{'a': 1}", 1, 2, "double quotes"),
            ("{\"a\": nope}", 1, 7, "expected a value"),
            ("{} x", 1, 4, "follows"),
            ("", 1, 1, "too early"),
            ("[\"a\n\"]", 1, 4, "line ends"),
            ("/* x", 1, 1, "comment"),
            ("[\"\\q\"]", 1, 6, "escape"),
            ("[1,,2]", 1, 4, "expected a value"),
        ] {
            let broken = parse(text).unwrap_err();
            assert_eq!((broken.line, broken.column), (line, column), "{text}: {broken}");
            assert!(broken.why.contains(why), "{text}: {broken}");
        }
        assert!(parse(&"[".repeat(100)).is_err());
        assert!(parse("\"\\").is_err());
        assert!(parse("\"é\\é").is_err());
    }
}
