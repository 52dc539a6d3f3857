//! What a call's arguments hold.

use std::cmp::Ordering;

/// A value as it came: the order of keys and the digits of numbers are kept,
/// so that what is written out again is what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written.
    Number(Number),
    /// Text.
    Text(String),
    /// Values in order.
    List(Vec<Value>),
    /// Values by key, in the order in which they came; no key stands twice.
    Map(Vec<(String, Value)>),
}

impl Value {
    /// What stands under exactly this key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => {
                entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        match self {
            Self::Map(entries) => {
                entries.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// Puts `value` under `key`, in the place of what is there.
    pub fn set(&mut self, key: &str, value: Self) {
        if let Some(there) = self.get_mut(key) {
            *there = value;
        } else if let Self::Map(entries) = self {
            entries.push((key.to_owned(), value));
        }
    }

    /// Takes out what stands under `key`.
    pub fn take(&mut self, key: &str) -> Option<Self> {
        let Self::Map(entries) = self else { return None };
        let at = entries.iter().position(|(name, _)| name == key)?;
        Some(entries.remove(at).1)
    }

    /// The text, where it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The values, where it is a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(values) => Some(values),
            _ => None,
        }
    }

    /// Whether it is `true` or `false`, where it is one of them.
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Its kind, in words for a person.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// A map of these entries.
    pub fn map<const N: usize>(entries: [(&str, Self); N]) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(Number(value.to_string()))
    }
}

impl From<Vec<Self>> for Value {
    fn from(values: Vec<Self>) -> Self {
        Self::List(values)
    }
}

/// A number as JSON writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(pub(super) String);

/// What its digits mean.
enum Size {
    Whole(i128),
    /// May be infinite where there are too many digits, never NaN.
    Float(f64),
}

impl Number {
    /// The number that `text` writes in JSON's way, and in no other.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('-').unwrap_or(text);
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (rest, exponent) = match rest.split_once(['e', 'E']) {
            Some((rest, exponent)) => {
                (rest, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
            }
            None => (rest, None),
        };
        let (whole, part) = match rest.split_once('.') {
            Some((whole, part)) => (whole, Some(part)),
            None => (rest, None),
        };
        let fine = digits(whole)
            && (whole.len() == 1 || !whole.starts_with('0'))
            && part.is_none_or(digits)
            && exponent.is_none_or(digits);
        fine.then(|| Self(text.to_owned()))
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.0
    }

    fn size(&self) -> Option<Size> {
        if let Ok(whole) = self.0.parse::<i128>() {
            return Some(Size::Whole(whole));
        }
        self.0.parse::<f64>().ok().filter(|float| !float.is_nan()).map(Size::Float)
    }

    /// Which of the two is larger. Whole numbers are compared exactly, so that
    /// no large one hides behind rounding.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self.size()?, other.size()?) {
            (Size::Whole(a), Size::Whole(b)) => Some(a.cmp(&b)),
            (Size::Float(a), Size::Float(b)) => a.partial_cmp(&b),
            (Size::Whole(a), Size::Float(b)) => whole_with_float(a, b),
            (Size::Float(a), Size::Whole(b)) => whole_with_float(b, a).map(Ordering::reverse),
        }
    }
}

fn whole_with_float(whole: i128, float: f64) -> Option<Ordering> {
    // Beyond this a float has no room in 128 bits.
    const END: f64 = 1.7e38;
    if float >= END {
        return Some(Ordering::Less);
    }
    if float <= -END {
        return Some(Ordering::Greater);
    }
    let floor = float.floor();
    match whole.cmp(&(floor as i128)) {
        Ordering::Equal if float > floor => Some(Ordering::Less),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_by_what_they_are() {
        let number = |text: &str| Number::parse(text).unwrap();
        for (a, b, order) in [
            ("1", "1.0", Ordering::Equal),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
            ("9007199254740993", "9007199254740992.0", Ordering::Greater),
            ("1e999", "4096", Ordering::Greater),
            ("-1e999", "4096", Ordering::Less),
            ("4096.5", "4096", Ordering::Greater),
            ("-0.5", "0", Ordering::Less),
            ("4.096e3", "4096", Ordering::Equal),
            ("99999999999999999999999999999999999999999999", "4096", Ordering::Greater),
        ] {
            assert_eq!(number(a).compare(&number(b)), Some(order), "{a} {b}");
            assert_eq!(number(b).compare(&number(a)), Some(order.reverse()), "{b} {a}");
        }
        for text in
            ["", "-", "01", "1.", ".5", "+1", "1e", "0x10", "NaN", "Infinity", "1_000", " 1"]
        {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }
}
