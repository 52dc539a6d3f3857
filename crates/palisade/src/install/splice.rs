//! Edits of a JSON file at one place: what is added looks like what stands
//! around it, and everything else stays as it was, byte for byte.

use std::fmt::Write as _;
use std::ops::Range;

use super::jsonc::{self, Kind, Member, Node};

/// A value to be written, its members in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// A string.
    Text(String),
    /// A whole number.
    Number(u64),
    /// `true` or `false`.
    Truth(bool),
    /// A list.
    List(Vec<Data>),
    /// Keys and values.
    Object(Vec<(String, Data)>),
}

impl Data {
    /// A string.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Keys and values.
    pub fn object(members: impl IntoIterator<Item = (&'static str, Data)>) -> Self {
        Self::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// Whether `node` says the same, in whatever order and layout.
    pub fn is(&self, node: &Node) -> bool {
        match (self, &node.kind) {
            (Self::Text(mine), Kind::Text(theirs)) => mine == theirs,
            (Self::Number(mine), Kind::Bare(theirs)) => mine.to_string() == *theirs,
            (Self::Truth(mine), Kind::Bare(theirs)) => mine.to_string() == *theirs,
            (Self::List(mine), Kind::Array(theirs)) => {
                mine.len() == theirs.len() && mine.iter().zip(theirs).all(|(one, two)| one.is(two))
            }
            (Self::Object(mine), Kind::Object(theirs)) => {
                mine.len() == theirs.len()
                    && mine.iter().all(|(key, one)| node.get(key).is_some_and(|two| one.is(two)))
            }
            _ => false,
        }
    }
}

/// How a file is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    newline: &'static str,
    unit: String,
}

impl Layout {
    /// The layout of a text: its first line end, its first indentation.
    pub fn of(text: &str) -> Self {
        let newline = match text.find('\n') {
            Some(at) if at > 0 && text.as_bytes().get(at - 1) == Some(&b'\r') => "\r\n",
            _ => "\n",
        };
        let indented = text.lines().find(|line| {
            line.starts_with([' ', '\t'])
                && line.trim_start().starts_with(['"', '{', '[', '}', ']'])
        });
        let unit = indented
            .map_or("  ", |line| line.get(..line.len() - line.trim_start().len()).unwrap_or("  "));
        Self { newline, unit: unit.to_owned() }
    }

    /// `data` over several lines, those after the first indented by `indent`.
    pub fn tall(&self, data: &Data, indent: &str) -> String {
        let mut out = String::new();
        self.write(&mut out, data, indent);
        out
    }

    fn write(&self, out: &mut String, data: &Data, indent: &str) {
        let deeper = format!("{indent}{}", self.unit);
        let (open, close, parts): (char, char, Vec<(Option<&str>, &Data)>) = match data {
            Data::List(list) if !list.is_empty() => {
                ('[', ']', list.iter().map(|one| (None, one)).collect())
            }
            Data::Object(members) if !members.is_empty() => {
                ('{', '}', members.iter().map(|(key, one)| (Some(key.as_str()), one)).collect())
            }
            plain => return out.push_str(&flat(plain)),
        };
        out.push(open);
        for (at, (key, value)) in parts.into_iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            // A string takes everything that is written to it.
            let _ = write!(out, "{comma}{}{deeper}", self.newline);
            if let Some(key) = key {
                let _ = write!(out, "{}: ", quoted(key));
            }
            self.write(out, value, &deeper);
        }
        let _ = write!(out, "{}{indent}{close}", self.newline);
    }
}

/// `data` on one line.
pub fn flat(data: &Data) -> String {
    match data {
        Data::Text(text) => quoted(text),
        Data::Number(number) => number.to_string(),
        Data::Truth(truth) => truth.to_string(),
        Data::List(list) => {
            format!("[{}]", list.iter().map(flat).collect::<Vec<_>>().join(", "))
        }
        Data::Object(members) => {
            let one = |(key, value): &(String, Data)| format!("{}: {}", quoted(key), flat(value));
            format!("{{{}}}", members.iter().map(one).collect::<Vec<_>>().join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Adds `data` at the end of the list that `path` leads to. What is missing on
/// the way is made, and the path of each thing made is answered.
///
/// # Errors
/// In words, where something else stands in the way.
pub fn append(text: &str, path: &[&str], data: &Data) -> Result<(String, Vec<String>), String> {
    let root = jsonc::parse(text).map_err(|broken| broken.to_string())?;
    let mut node = &root;
    for (depth, key) in path.iter().enumerate() {
        let Kind::Object(_) = node.kind else {
            return Err(in_the_way(path.get(..depth).unwrap_or(path), node, "an object"));
        };
        let Some(next) = node.get(key) else {
            let mut value = Data::List(vec![data.clone()]);
            for inner in path.get(depth + 1..).unwrap_or(&[]).iter().rev() {
                value = Data::Object(vec![((*inner).to_owned(), value)]);
            }
            let made = (depth..path.len()).map(|to| dotted(path.get(..=to).unwrap_or(path)));
            return Ok((insert(text, node, Some(key), &value), made.collect()));
        };
        node = next;
    }
    match node.kind {
        Kind::Array(_) => Ok((insert(text, node, None, data), Vec::new())),
        _ => Err(in_the_way(path, node, "a list")),
    }
}

fn in_the_way(path: &[&str], node: &Node, wanted: &str) -> String {
    let place = if path.is_empty() { "the file".to_owned() } else { format!("`{}`", dotted(path)) };
    format!("{place} holds {} where {wanted} belongs", node.sort())
}

fn dotted(path: &[&str]) -> String {
    path.join(".")
}

/// Adds one member or element at the end of `node`.
pub fn insert(text: &str, node: &Node, key: Option<&str>, data: &Data) -> String {
    let layout = Layout::of(text);
    let head = key.map(|key| format!("{}: ", quoted(key))).unwrap_or_default();
    let spans = parts(node);
    let close = node.span.end - 1;
    let Some(last) = spans.last() else {
        let inner = text.get(node.span.start + 1..close).unwrap_or("");
        let indent = indentation(text, node.span.start);
        let deeper = format!("{indent}{}", layout.unit);
        // After comments, if any; what is blank before the bracket is replaced.
        let at = node.span.start + 1 + inner.trim_end().len();
        let added = format!(
            "{nl}{deeper}{head}{}{nl}{indent}",
            layout.tall(data, &deeper),
            nl = layout.newline
        );
        return replaced(text, &[(at..close, &added)]);
    };
    let tail = text.get(last.end..close).unwrap_or("");
    // A comma after the last one is a habit that is kept.
    let habit = comma_in(tail).map(|at| last.end + at + 1);
    let behind = habit.unwrap_or(last.end);
    let at = behind + same_line_comment(text.get(behind..close).unwrap_or(""));
    let broken = text.get(node.span.start..close).is_some_and(|inner| inner.contains('\n'));
    let mut added = if broken {
        let indent = indentation(text, last.start);
        format!("{}{indent}{head}{}", layout.newline, layout.tall(data, &indent))
    } else {
        format!(" {head}{}", flat(data))
    };
    if habit.is_some() {
        added.push(',');
        return replaced(text, &[(at..at, &added)]);
    }
    replaced(text, &[(last.end..last.end, ","), (at..at, &added)])
}

/// The span without the part at `index` of `node`, and without its comma.
pub fn without(text: &str, node: &Node, index: usize) -> String {
    let spans = parts(node);
    let Some(this) = spans.get(index) else { return text.to_owned() };
    let before = match index.checked_sub(1).and_then(|before| spans.get(before)) {
        Some(previous) => previous.end,
        None => node.span.start + 1,
    };
    let lead = text.get(before..this.start).unwrap_or("");
    let from = before + lead.trim_end().len();
    let end = spans.get(index + 1).map_or(node.span.end - 1, |next| next.start);
    if let Some(at) = comma_in(text.get(this.end..end).unwrap_or("")) {
        let mut changes = vec![(from..this.end + at + 1, "")];
        if spans.len() == 1 {
            changes.extend(emptied(text, this.end + at + 1, node));
        }
        return replaced(text, &changes);
    }
    let mut changes = Vec::new();
    if index > 0
        && let Some(at) = comma_in(lead)
    {
        changes.push((before + at..before + at + 1, ""));
        // The comma itself may be the last thing that is not blank.
        let from = from.max(before + at + 1);
        changes.push((from..this.end, ""));
    } else {
        changes.push((from..this.end, ""));
        if spans.len() == 1 {
            changes.extend(emptied(text, this.end, node));
        }
    }
    replaced(text, &changes)
}

/// The blank before the closing bracket of what has become empty, to go too.
fn emptied(text: &str, from: usize, node: &Node) -> Option<(Range<usize>, &'static str)> {
    let rest = text.get(from..node.span.end - 1)?;
    let begun = text.get(node.span.start + 1..from)?;
    let only_this = !begun.contains("//") && !begun.contains("/*");
    (rest.trim().is_empty() && only_this).then_some((from..node.span.end - 1, ""))
}

/// Where each member or element begins and ends.
fn parts(node: &Node) -> Vec<Range<usize>> {
    match &node.kind {
        Kind::Object(members) => {
            members.iter().map(|Member { start, value, .. }| *start..value.span.end).collect()
        }
        Kind::Array(elements) => elements.iter().map(|element| element.span.clone()).collect(),
        Kind::Text(_) | Kind::Bare(_) => Vec::new(),
    }
}

/// The blank at the beginning of the line in which `at` stands.
fn indentation(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or("");
    let line = before.rsplit('\n').next().unwrap_or("");
    let rest = line.trim_start_matches([' ', '\t']);
    line.get(..line.len() - rest.len()).unwrap_or("").to_owned()
}

/// Where the comma stands in a text of blanks and comments.
fn comma_in(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        match rest.as_bytes().first()? {
            b',' => return Some(at),
            b'/' if rest.starts_with("//") => at += rest.find('\n')?,
            b'/' if rest.starts_with("/*") => at += rest.find("*/")? + 2,
            _ => at += 1,
        }
    }
}

/// How far a comment goes that stands on the same line.
fn same_line_comment(text: &str) -> usize {
    let line = text.split('\n').next().unwrap_or("").trim_end_matches('\r');
    let blank = line.len() - line.trim_start().len();
    let rest = line.get(blank..).unwrap_or("");
    if rest.starts_with("//") {
        return line.trim_end().len();
    }
    match rest.starts_with("/*").then(|| rest.find("*/")).flatten() {
        Some(end) => blank + end + 2,
        None => 0,
    }
}

/// The text with each of these spans, in order, replaced.
fn replaced(text: &str, changes: &[(Range<usize>, &str)]) -> String {
    let mut out = String::with_capacity(text.len() + 256);
    let mut done = 0;
    for (span, new) in changes {
        out.push_str(text.get(done..span.start).unwrap_or(""));
        out.push_str(new);
        done = span.end;
    }
    out.push_str(text.get(done..).unwrap_or(""));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Data {
        Data::object([("matcher", Data::text("*")), ("timeout", Data::Number(600))])
    }

    /// Adds at `hooks.Pre`, takes it out again, and answers what was between.
    fn there_and_back(text: &str) -> String {
        let (added, made) = append(text, &["hooks", "Pre"], &entry()).unwrap();
        let root = jsonc::parse(&added).unwrap();
        let list = root.at(&["hooks", "Pre"]).unwrap();
        let last = list.elements().unwrap().len() - 1;
        assert!(entry().is(&list.elements().unwrap()[last]));
        let mut back = without(&added, list, last);
        for path in made.iter().rev() {
            let root = jsonc::parse(&back).unwrap();
            let path: Vec<&str> = path.split('.').collect();
            let (key, above) = path.split_last().unwrap();
            let above = root.at(above).unwrap();
            let Kind::Object(members) = &above.kind else { panic!() };
            let index = members.iter().position(|member| member.key == *key).unwrap();
            back = without(&back, above, index);
        }
        assert_eq!(back, text, "by way of {added}");
        added
    }

    #[test]
    fn what_is_added_can_be_taken_out_again() {
        for text in [
            "{}",
            "{}\n",
            "{\n  \"a\": 1\n}",
            "{\n\t\"a\": 1\n}\n",
            "{\"a\":1}",
            "{ \"a\": 1 }",
            "{\r\n    \"a\": 1\r\n}\r\n",
            "\u{feff}{\n  \"a\": 1\n}\n",
            "// top\n{\n  \"a\": 1, // why\n  /* b */ \"b\": [1] // last\n  // end\n}\n",
            "{\n  \"a\": 1,\n}\n",
            "{\"hooks\": {\"Pre\": [{\"x\": 1}], \"Post\": []}}",
            "{\n  \"hooks\": {\n    \"Pre\": [\n      {\n        \"x\": 1\n      }\n    ]\n  },\n  \"z\": 0\n}\n",
            "{\n  \"hooks\": {\n    \"Pre\": [\n      {\"x\": 1}, // mine\n      // {\"y\": 2},\n    ],\n  },\n}\n",
            "{\"hooks\": {\"Pre\": []}}",
            "{\"hooks\": {}}",
        ] {
            there_and_back(text);
        }
    }

    /// Numbers that look like chance and are the same every time.
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, most: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % most
        }

        fn blank(&mut self) -> String {
            let all =
                ["", " ", "\n", "\n  ", "\t", "\r\n", " // x, ] }\n", "/* , \" */", "\n\n    "];
            all[usize::try_from(self.below(9)).unwrap()].to_owned()
        }

        fn value(&mut self, depth: u64) -> String {
            match self.below(if depth > 3 { 4 } else { 8 }) {
                0 => "1".into(),
                1 => "\"a, ] \\\" // b\"".into(),
                2 => "null".into(),
                3 => "{}".into(),
                4 | 5 => self.several(depth, '[', ']', false),
                _ => self.several(depth, '{', '}', true),
            }
        }

        fn several(&mut self, depth: u64, open: char, close: char, keyed: bool) -> String {
            let mut out = open.to_string();
            let count = 1 + self.below(3);
            for at in 0..count {
                out.push_str(&self.blank());
                if keyed {
                    let key = if at == 0 && depth == 0 { "hooks".into() } else { format!("k{at}") };
                    out.push_str(&format!("\"{key}\"{}:{}", self.blank(), self.blank()));
                    if key == "hooks" {
                        out.push_str("{\"Pre\":");
                        out.push_str(&self.several(2, '[', ']', false));
                        out.push('}');
                    } else {
                        out.push_str(&self.value(depth + 1));
                    }
                } else {
                    out.push_str(&self.value(depth + 1));
                }
                out.push_str(&self.blank());
                if at + 1 < count || self.below(4) == 0 {
                    out.push(',');
                }
            }
            out.push_str(&self.blank());
            out.push(close);
            out
        }
    }

    #[test]
    fn whatever_people_write_comes_back() {
        let mut chance = Chance(1);
        for _ in 0..20_000 {
            let text = format!(
                "{}{}{}",
                chance.blank(),
                chance.several(0, '{', '}', true),
                chance.blank()
            );
            jsonc::parse(&text).unwrap_or_else(|broken| panic!("{text}: {broken}"));
            there_and_back(&text);
        }
    }

    #[test]
    fn what_is_added_looks_like_the_rest() {
        assert_eq!(
            there_and_back("{\n\t\"a\": 1\n}\n"),
            "{\n\t\"a\": 1,\n\t\"hooks\": {\n\t\t\"Pre\": [\n\t\t\t{\n\t\t\t\t\"matcher\": \"*\",\n\t\t\t\t\"timeout\": 600\n\t\t\t}\n\t\t]\n\t}\n}\n"
        );
        assert_eq!(
            there_and_back("{\"a\":1}"),
            "{\"a\":1, \"hooks\": {\"Pre\": [{\"matcher\": \"*\", \"timeout\": 600}]}}"
        );
        let crlf = there_and_back("{\r\n  \"a\": 1\r\n}\r\n");
        assert!(!crlf.replace("\r\n", "").contains('\n'), "{crlf:?}");
        let commented = there_and_back("{\n  \"a\": 1 // one\n}\n");
        assert!(commented.starts_with("{\n  \"a\": 1, // one\n  \"hooks\""), "{commented}");
    }

    #[test]
    fn comments_in_what_is_empty_stay() {
        let (added, _) = append("{\n  // nothing yet\n}\n", &["hooks"], &entry()).unwrap();
        assert!(added.starts_with("{\n  // nothing yet\n  \"hooks\": ["), "{added}");
        jsonc::parse(&added).unwrap();
    }

    #[test]
    fn something_else_in_the_way_is_an_error() {
        for (text, words) in [
            ("[]", "the file holds a list where an object belongs"),
            ("{\"hooks\": []}", "`hooks` holds a list where an object belongs"),
            ("{\"hooks\": {\"Pre\": {}}}", "`hooks.Pre` holds an object where a list belongs"),
            ("{\"hooks\": null}", "`hooks` holds a plain value where an object belongs"),
        ] {
            assert_eq!(append(text, &["hooks", "Pre"], &entry()).unwrap_err(), words);
        }
    }
}
