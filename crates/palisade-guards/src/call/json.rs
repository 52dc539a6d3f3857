//! JSON as a value, read once and strictly (RFC 8259).
//!
//! What two readers may understand in two ways is refused: a key that stands
//! twice in one object, half of a surrogate pair, text after the end.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use super::value::{Number, Value};

/// How deep lists and maps may lie in each other.
pub const DEEPEST: usize = 128;

/// Why a text is no JSON that can be trusted to mean one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes from the beginning.
    pub at: usize,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at byte {}", self.message, self.at)
    }
}

impl Value {
    /// Reads a text that is one JSON value.
    ///
    /// # Errors
    /// The first thing in it that is wrong or could be understood in two ways.
    pub fn from_json(text: &str) -> Result<Self, Unreadable> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.space();
        match reader.peek() {
            None => Ok(value),
            Some(_) => reader.stop("there is text after the end"),
        }
    }

    /// Writes it on one line, without spaces.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, false);
        out
    }

    /// Writes it with the keys of every map sorted, for digests.
    pub fn to_canonical_json(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, true);
        out
    }

    fn write(&self, out: &mut String, sorted: bool) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(number) => out.push_str(number.text()),
            Self::Text(text) => quote(text, out),
            Self::List(values) => {
                out.push('[');
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    value.write(out, sorted);
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push('{');
                let mut order: Vec<&(String, Self)> = entries.iter().collect();
                if sorted {
                    order.sort_by(|(a, _), (b, _)| a.cmp(b));
                }
                for (at, (key, value)) in order.into_iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    quote(key, out);
                    out.push(':');
                    value.write(out, sorted);
                }
                out.push('}');
            }
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // A string takes everything that is written to it. The two
            // separators end a line for some readers of lines.
            '\0'..='\u{1f}' | '\u{7f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", letter as u32);
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn stop<T>(&self, message: impl Into<String>) -> Result<T, Unreadable> {
        Err(Unreadable { message: message.into(), at: self.at })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Unreadable> {
        match self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            true => {
                self.at += word.len();
                Ok(value)
            }
            false => self.stop("expected a value"),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Unreadable> {
        if depth > DEEPEST {
            return self.stop("lists and maps lie too deep in each other");
        }
        self.space();
        match self.peek() {
            Some(b'n') => self.word("null", Value::Null),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'"') => self.string().map(Value::Text),
            Some(b'[') => self.list(depth),
            Some(b'{') => self.map(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => self.stop("expected a value"),
            None => self.stop("it ends too early"),
        }
    }

    fn number(&mut self) -> Result<Value, Unreadable> {
        let from = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        match self.text.get(from..self.at).and_then(Number::parse) {
            Some(number) => Ok(Value::Number(number)),
            None => self.stop("this is no number"),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, Unreadable> {
        self.at += 1;
        let mut values = Vec::new();
        self.space();
        if self.eat(b']') {
            return Ok(Value::List(values));
        }
        loop {
            values.push(self.value(depth + 1)?);
            self.space();
            if self.eat(b']') {
                return Ok(Value::List(values));
            }
            if !self.eat(b',') {
                return self.stop("expected `,` or `]`");
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, Unreadable> {
        self.at += 1;
        let mut entries: Vec<(String, Value)> = Vec::new();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        self.space();
        if self.eat(b'}') {
            return Ok(Value::Map(entries));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return self.stop("expected a key");
            }
            let key = self.string()?;
            if !seen.insert(key.clone()) {
                return self.stop(format!("the key `{}` stands here twice", key.escape_debug()));
            }
            self.space();
            if !self.eat(b':') {
                return self.stop("expected `:`");
            }
            let value = self.value(depth + 1)?;
            entries.push((key, value));
            self.space();
            if self.eat(b'}') {
                return Ok(Value::Map(entries));
            }
            if !self.eat(b',') {
                return self.stop("expected `,` or `}`");
            }
        }
    }

    fn string(&mut self) -> Result<String, Unreadable> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let from = self.at;
            while self.peek().is_some_and(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
                self.at += 1;
            }
            out.push_str(self.text.get(from..self.at).unwrap_or(""));
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                Some(_) => return self.stop("a control character stands in a string"),
                None => return self.stop("it ends within a string"),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Unreadable> {
        let letter = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return self.stop("this is no escape"),
        };
        self.at += 1;
        Ok(letter)
    }

    fn unicode(&mut self) -> Result<char, Unreadable> {
        let high = self.four()?;
        if !(0xD800..0xE000).contains(&high) {
            return match char::from_u32(high) {
                Some(letter) => Ok(letter),
                None => self.stop("this is no character"),
            };
        }
        if high < 0xDC00 && self.eat(b'\\') && self.eat(b'u') {
            let low = self.four()?;
            if (0xDC00..0xE000).contains(&low) {
                let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                if let Some(letter) = char::from_u32(code) {
                    return Ok(letter);
                }
            }
        }
        self.stop("half of a surrogate pair stands alone")
    }

    fn four(&mut self) -> Result<u32, Unreadable> {
        let digits = self.text.get(self.at..self.at + 4);
        let hex = |text: &&str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match digits.filter(hex).and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(code) => {
                self.at += 4;
                Ok(code)
            }
            None => self.stop("expected four hexadecimal digits"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_again() {
        for text in [
            "null",
            "[1,2.50,-0,1e400,true,false]",
            r#"{"b":{"a":[]},"a":"x\n\"\\","":{}}"#,
            r#""caf\u00e9""#,
        ] {
            let value = Value::from_json(text).unwrap();
            assert_eq!(Value::from_json(&value.to_json()).unwrap(), value);
        }
        let value = Value::from_json(r#" { "b" : 1 , "a" : 1.50 } "#).unwrap();
        assert_eq!(value.to_json(), r#"{"b":1,"a":1.50}"#);
        assert_eq!(value.to_canonical_json(), r#"{"a":1.50,"b":1}"#);
        assert_eq!(Value::from_json(r#""\ud83d\ude00""#).unwrap(), Value::from("\u{1f600}"));
        assert_eq!(Value::from("\u{2028}\u{0}").to_json(), "\"\\u2028\\u0000\"");
    }

    #[test]
    fn what_could_mean_two_things_is_refused() {
        for text in [
            "",
            "{",
            "nul",
            "{\"a\":1,\"a\":2}",
            r#"{"a":1,"\u0061":2}"#,
            r#""\ud800""#,
            r#""\ud800\u0041""#,
            r#""\udc00""#,
            "\"\n\"",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "01",
            "1 2",
            "// x\n1",
            "NaN",
            "'a'",
            "\u{feff}1",
            r#""\u00é0""#,
            r#""\x41""#,
        ] {
            assert!(Value::from_json(text).is_err(), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(Value::from_json(&deep).unwrap_err().message.contains("deep"));
    }
}
