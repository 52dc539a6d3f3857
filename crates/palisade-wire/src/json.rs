//! JSON with bounds, read in one way only.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::Malformed;

/// No payload is larger: 16 MiB.
pub const LARGEST: usize = 16 << 20;
/// Nothing in it is nested deeper.
const DEEPEST: usize = 64;
/// It has no more values than this.
const MOST: usize = 400_000;

/// A JSON value. Objects keep the order of their keys, so that what goes back
/// looks like what came.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Json {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// Keys and values; every key once.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one value that is all of `bytes`.
    ///
    /// # Errors
    /// Where it is no JSON or not UTF-8, is larger or deeper than a payload may
    /// be, or has a key twice: of such an object one reader takes the first
    /// value and another the last. Half a surrogate pair, which is what is left
    /// of a letter where a client cuts a text, is read as U+FFFD: so is what
    /// the client itself would pass on.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > LARGEST {
            return Err(Malformed::new("it is larger than 16 MiB"));
        }
        let mended = mended(bytes);
        let mut from = serde_json::Deserializer::from_slice(mended.as_deref().unwrap_or(bytes));
        let count = Cell::new(0);
        let value = Seed { depth: 0, count: &count }
            .deserialize(&mut from)
            .map_err(|_| Malformed::new("it is not valid JSON within the bounds"))?;
        from.end().map_err(|_| Malformed::new("something stands behind its end"))?;
        Ok(value)
    }

    /// The value of a key, or of keys joined by dots.
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |value, key| match value {
            Self::Object(fields) => {
                fields.iter().find(|(name, _)| name == key).map(|(_, value)| value)
            }
            _ => None,
        })
    }

    /// The text, where it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// An object with that field set, the others as they are.
    #[must_use]
    pub fn with(mut self, key: &str, value: Self) -> Self {
        if let Self::Object(fields) = &mut self {
            match fields.iter_mut().find(|(name, _)| name == key) {
                Some((_, old)) => *old = value,
                None => fields.push((key.to_owned(), value)),
            }
        }
        self
    }

    /// An object of texts.
    pub fn object<'a>(fields: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        Self::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// Calls `change` with every text below, and the key that it is the value
    /// of (of its list, where it stands in one; empty at the top). Of what
    /// MCP calls structured content, the server chose all keys, so it is that
    /// one all the way down.
    pub fn texts(&mut self, change: &mut dyn FnMut(&str, &mut String)) {
        self.texts_below("", change);
    }

    fn texts_below(&mut self, key: &str, change: &mut dyn FnMut(&str, &mut String)) {
        match self {
            Self::Text(text) => change(key, text),
            Self::List(values) => {
                values.iter_mut().for_each(|value| value.texts_below(key, change))
            }
            Self::Object(fields) => {
                for (own, value) in fields {
                    let key = if key == STRUCTURED { key } else { own.as_str() };
                    value.texts_below(key, change);
                }
            }
            Self::Null | Self::Bool(_) | Self::Number(_) => {}
        }
    }

    /// As one line.
    pub fn line(&self) -> String {
        // Strings under string keys always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }
}

const STRUCTURED: &str = "structuredContent";

/// The same with half surrogate pairs written as U+FFFD; `None` where there is
/// none.
fn mended(bytes: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| -> Option<u16> {
        let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        let digits = std::str::from_utf8(digits).ok()?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u16::from_str_radix(digits, 16).ok().filter(|_| plain)
    };
    let mut out: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(step) =
        bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\'))
    {
        at += step;
        at += match unit(at) {
            Some(0xd800..=0xdbff) if matches!(unit(at + 6), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                let out = out.get_or_insert_with(|| bytes.to_vec());
                if let Some(digits) = out.get_mut(at + 2..at + 6) {
                    digits.copy_from_slice(b"fffd");
                }
                6
            }
            // The letter behind it may be a backslash of its own.
            _ => 2,
        };
    }
    out
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => to.serialize_unit(),
            Self::Bool(value) => to.serialize_bool(*value),
            Self::Number(number) => number.serialize(to),
            Self::Text(text) => to.serialize_str(text),
            Self::List(values) => {
                let mut list = to.serialize_seq(Some(values.len()))?;
                values.iter().try_for_each(|value| list.serialize_element(value))?;
                list.end()
            }
            Self::Object(fields) => {
                let mut map = to.serialize_map(Some(fields.len()))?;
                fields.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
        }
    }
}

/// Reads a value at a depth, counting.
struct Seed<'a> {
    depth: usize,
    count: &'a Cell<usize>,
}

impl Seed<'_> {
    fn below<E: Error>(&self) -> Result<Self, E> {
        if self.depth >= DEEPEST {
            return Err(E::custom("nested too deeply"));
        }
        Ok(Self { depth: self.depth + 1, count: self.count })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Json, D::Error> {
        self.count.set(self.count.get() + 1);
        if self.count.get() > MOST {
            return Err(D::Error::custom("too many values"));
        }
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        serde_json::Number::from_f64(value)
            .map(Json::Number)
            .ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = from.next_element_seed(self.below()?)? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut fields: Vec<(String, Json)> = Vec::new();
        while let Some(key) = from.next_key::<String>()? {
            fields.push((key, from.next_value_seed(self.below()?)?));
        }
        let mut seen = HashSet::with_capacity(fields.len());
        if fields.iter().all(|(key, _)| seen.insert(key.as_str())) {
            Ok(Json::Object(fields))
        } else {
            Err(A::Error::custom("a key stands there twice"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_in_two_ways_is_not_read() {
        for text in [
            "",
            "{",
            "{}{}",
            "{} x",
            "[1,]",
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"b":{"a":1,"a":1}}"#,
            "nul",
            "NaN",
            "'a'",
        ] {
            assert!(Json::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Json::parse(b"\"\xff\"").is_err());
        assert!(Json::parse(&[b'['; 100_000]).is_err());
        let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
        assert!(Json::parse(deep.as_bytes()).is_err());
        let many = format!("[{}1]", "1,".repeat(MOST));
        assert!(Json::parse(many.as_bytes()).is_err());
        assert!(Json::parse(&vec![b' '; LARGEST + 1]).is_err());
    }

    #[test]
    fn half_a_letter_is_read_as_clients_pass_it_on() {
        let read = |text: &str| Json::parse(text.as_bytes()).unwrap_or_default();
        assert_eq!(read(r#""a\ud83d""#), Json::from("a\u{fffd}"));
        assert_eq!(read(r#""\ude00b\uD83D\ude00""#), Json::from("\u{fffd}b\u{1f600}"));
        assert_eq!(read(r#""\\ud800""#), Json::from("\\ud800"));
        assert!(Json::parse(br#""\ud8""#).is_err());
    }

    #[test]
    fn what_goes_back_looks_like_what_came() {
        let text = r#"{"z":1,"a":[true,null,-2,1.5,"\n\u0000ü"],"":{}}"#;
        assert_eq!(Json::parse(text.as_bytes()).unwrap_or_default().line(), text);
    }
}
