//! What a condition says of a call's arguments: yes, no, or unknown.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::expression::{Expression, Node, Operand, Relation, Step, Term};
use super::glob::Glob;
use super::value::{Number, Value};

/// What a condition says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// It cannot be said, and why.
    Unknown(String),
}

impl Answer {
    fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            unknown @ Self::Unknown(_) => unknown,
        }
    }
}

impl Expression {
    /// What it says of `arguments` (Kleene's three-valued logic: an unknown
    /// part matters only where the others do not settle it).
    pub fn answer(&self, arguments: &Value) -> Answer {
        answer(&self.root, arguments)
    }
}

fn answer(node: &Node, arguments: &Value) -> Answer {
    match node {
        Node::Or(nodes) => settled(nodes, arguments, &Answer::Yes, Answer::No),
        Node::And(nodes) => settled(nodes, arguments, &Answer::No, Answer::Yes),
        Node::Not(node) => answer(node, arguments).not(),
        Node::Exists(operand) => exists(operand, arguments),
        Node::Truth(operand) => each(operand, arguments, |value| match value {
            Value::Bool(value) => Answer::of(*value),
            other => unknown(operand, &format!("is {}, not true or false", other.kind())),
        }),
        Node::Matches { item, glob } => each(item, arguments, |value| matches(item, value, glob)),
        Node::Compare { left, relation, right } => each(left, arguments, |a| {
            each(right, arguments, |b| compare((left, a), *relation, (right, b)))
        }),
        Node::In { item, list } => each(item, arguments, |a| {
            each(list, arguments, |b| match b {
                Value::List(values) => {
                    any(values.iter().map(|value| equal((item, a), (list, value))))
                }
                other => unknown(list, &format!("is {}, not a list", other.kind())),
            })
        }),
    }
}

fn settled(nodes: &[Node], arguments: &Value, settles: &Answer, otherwise: Answer) -> Answer {
    let mut found = otherwise;
    for node in nodes {
        let answer = answer(node, arguments);
        if answer == *settles {
            return answer;
        }
        if matches!(answer, Answer::Unknown(_)) && !matches!(found, Answer::Unknown(_)) {
            found = answer;
        }
    }
    found
}

/// Yes where one says yes, else unknown where one is unknown.
fn any(answers: impl Iterator<Item = Answer>) -> Answer {
    let mut found = Answer::No;
    for answer in answers {
        match answer {
            Answer::Yes => return Answer::Yes,
            Answer::No => {}
            Answer::Unknown(_) => found = answer,
        }
    }
    found
}

fn unknown(operand: &Operand, what: &str) -> Answer {
    Answer::Unknown(format!("`{}` {what}", operand.text))
}

/// What an operand stands for: values, and why there may be others.
struct Looked<'a> {
    values: Vec<Cow<'a, Value>>,
    doubt: Option<String>,
}

impl<'a> Looked<'a> {
    fn one(value: Cow<'a, Value>) -> Self {
        Self { values: vec![value], doubt: None }
    }

    fn doubt(why: String) -> Self {
        Self { values: Vec::new(), doubt: Some(why) }
    }
}

fn each(operand: &Operand, arguments: &Value, mut say: impl FnMut(&Value) -> Answer) -> Answer {
    let looked = look(operand, arguments);
    let found = any(looked.values.iter().map(|value| say(value)));
    match (found, looked.doubt) {
        (Answer::No, Some(why)) => Answer::Unknown(why),
        (found, _) => found,
    }
}

fn exists(operand: &Operand, arguments: &Value) -> Answer {
    let Term::Path(steps) = &operand.term else { return Answer::Yes };
    match walk(operand, steps, arguments) {
        Walked::Found(looked) => match looked.doubt {
            _ if looked.values.iter().any(|value| **value != Value::Null) => Answer::Yes,
            Some(why) => Answer::Unknown(why),
            None => Answer::No,
        },
        Walked::Missing => Answer::No,
    }
}

fn look<'a>(operand: &'a Operand, arguments: &'a Value) -> Looked<'a> {
    let mapped = |inner: &'a Operand, map: &dyn Fn(&Value) -> Result<Value, String>| {
        let looked = look(inner, arguments);
        let mut out = Looked { values: Vec::new(), doubt: looked.doubt };
        for value in &looked.values {
            match map(value) {
                Ok(value) => out.values.push(Cow::Owned(value)),
                Err(why) => out.doubt = Some(format!("`{}` {why}", inner.text)),
            }
        }
        out
    };
    match &operand.term {
        Term::Literal(value) => Looked::one(Cow::Borrowed(value)),
        Term::Path(steps) => match walk(operand, steps, arguments) {
            Walked::Found(looked) => looked,
            Walked::Missing => Looked::doubt(format!("`{}` is missing", operand.text)),
        },
        Term::Default(steps, value) => match walk(operand, steps, arguments) {
            Walked::Found(mut looked) => {
                for found in &mut looked.values {
                    if **found == Value::Null {
                        *found = Cow::Borrowed(value);
                    }
                }
                looked
            }
            Walked::Missing => Looked::one(Cow::Borrowed(value)),
        },
        Term::Len(inner) => mapped(inner, &length),
        Term::Number(inner) => mapped(inner, &number),
        Term::Bytes(inner) => mapped(inner, &bytes),
        Term::Lower(inner) => mapped(inner, &|value| match value {
            Value::Text(text) => Ok(Value::Text(text.to_lowercase())),
            other => Err(format!("is {}, not text", other.kind())),
        }),
    }
}

enum Walked<'a> {
    Found(Looked<'a>),
    Missing,
}

fn walk<'a>(operand: &Operand, steps: &[Step], value: &'a Value) -> Walked<'a> {
    let Some((step, rest)) = steps.split_first() else {
        return Walked::Found(Looked::one(Cow::Borrowed(value)));
    };
    match (step, value) {
        (Step::Key(key), Value::Map(entries)) => {
            let wanted = folded(key);
            // Some readers take a key in any case, so nobody knows which of
            // two spellings the tool will read.
            if let Some((other, _)) =
                entries.iter().find(|(name, _)| name != key && folded(name) == wanted)
            {
                let why = format!("`{}` stands there as `{}`", operand.text, other.escape_debug());
                return Walked::Found(Looked::doubt(why));
            }
            match value.get(key) {
                Some(inner) => walk(operand, rest, inner),
                None => Walked::Missing,
            }
        }
        (Step::Index(at), Value::List(values)) => match values.get(*at) {
            Some(inner) => walk(operand, rest, inner),
            None => Walked::Missing,
        },
        (Step::Each, Value::List(values)) => {
            let mut all = Looked { values: Vec::new(), doubt: None };
            for inner in values {
                match walk(operand, rest, inner) {
                    Walked::Found(looked) => {
                        all.values.extend(looked.values);
                        all.doubt = all.doubt.or(looked.doubt);
                    }
                    Walked::Missing => {
                        all.doubt = Some(format!("`{}` is missing in one place", operand.text))
                    }
                }
            }
            Walked::Found(all)
        }
        (_, Value::Null) => Walked::Missing,
        (_, other) => {
            Walked::Found(Looked::doubt(format!("`{}` leads into {}", operand.text, other.kind())))
        }
    }
}

/// A key or text as a careless reader might take it: without case, without
/// what cannot be seen, without space around it.
fn folded(text: &str) -> String {
    let seen = |letter: &char| {
        !letter.is_control()
            && !matches!(u32::from(*letter), 0xAD | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFE00..=0xFE0F | 0xFEFF)
    };
    let plain = |letter: char| match letter {
        // The two letters that fold into ASCII.
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        letter => letter,
    };
    let text: String = text.chars().filter(seen).map(plain).collect();
    text.trim().to_lowercase()
}

type Written<'a> = (&'a Operand, &'a Value);

fn compare(left: Written<'_>, relation: Relation, right: Written<'_>) -> Answer {
    let ordered = |wanted: &[Ordering]| match (left.1, right.1) {
        (Value::Number(a), Value::Number(b)) => match a.compare(b) {
            Some(order) => Answer::of(wanted.contains(&order)),
            None => unknown(left.0, "cannot be compared"),
        },
        (Value::Number(_), other) => {
            unknown(right.0, &format!("is {}, not a number", other.kind()))
        }
        (other, _) => unknown(left.0, &format!("is {}, not a number", other.kind())),
    };
    match relation {
        Relation::Equal => equal(left, right),
        Relation::NotEqual => equal(left, right).not(),
        Relation::Less => ordered(&[Ordering::Less]),
        Relation::LessOrEqual => ordered(&[Ordering::Less, Ordering::Equal]),
        Relation::Greater => ordered(&[Ordering::Greater]),
        Relation::GreaterOrEqual => ordered(&[Ordering::Greater, Ordering::Equal]),
    }
}

fn equal(left: Written<'_>, right: Written<'_>) -> Answer {
    let nearly = || unknown(left.0, "is nearly the same");
    match (left.1, right.1) {
        (a, b) if a == b => Answer::Yes,
        (Value::Null, _) | (_, Value::Null) | (Value::Bool(_), Value::Bool(_)) => Answer::No,
        (Value::Number(a), Value::Number(b)) => Answer::of(a.compare(b) == Some(Ordering::Equal)),
        (Value::Text(a), Value::Text(b)) => {
            if folded(a) == folded(b) {
                nearly()
            } else {
                Answer::No
            }
        }
        // A careless reader turns text into a number, or both into a truth.
        (Value::Number(number), Value::Text(text)) | (Value::Text(text), Value::Number(number)) => {
            let text = folded(text);
            let numeric = text
                .trim_start_matches(['+', '-', '.'])
                .starts_with(|letter: char| letter.is_numeric());
            let same =
                Number::parse(&text).map(|other| other.compare(number) == Some(Ordering::Equal));
            match same {
                Some(false) => Answer::No,
                Some(true) => nearly(),
                None if numeric => nearly(),
                None => Answer::No,
            }
        }
        (Value::Bool(_), Value::Text(text)) | (Value::Text(text), Value::Bool(_)) => {
            let words =
                ["true", "false", "yes", "no", "on", "off", "1", "0", "t", "f", "y", "n", ""];
            if words.contains(&folded(text).as_str()) { nearly() } else { Answer::No }
        }
        (Value::Bool(_), Value::Number(_)) | (Value::Number(_), Value::Bool(_)) => nearly(),
        (Value::List(_) | Value::Map(_), _) | (_, Value::List(_) | Value::Map(_)) => {
            unknown(left.0, &format!("is {}, which is compared only as a whole", left.1.kind()))
        }
    }
}

fn matches(operand: &Operand, value: &Value, glob: &Glob) -> Answer {
    let text = match value {
        Value::Text(text) => text,
        Value::Number(number) => number.text(),
        Value::Null => return Answer::No,
        other => return unknown(operand, &format!("is {}, not text", other.kind())),
    };
    if glob.matches(text) {
        Answer::Yes
    } else if Glob::new(&folded(&glob.text())).matches(&folded(text)) {
        unknown(operand, "nearly matches")
    } else {
        Answer::No
    }
}

fn length(value: &Value) -> Result<Value, String> {
    let length = match value {
        Value::Text(text) => text.chars().count(),
        Value::List(values) => values.len(),
        Value::Map(entries) => entries.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            return Err(format!("is {}, which has no length", value.kind()));
        }
    };
    Ok(Value::from(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn number(value: &Value) -> Result<Value, String> {
    match value {
        Value::Number(_) => Ok(value.clone()),
        Value::Text(text) => Number::parse(text.trim())
            .map(Value::Number)
            .ok_or_else(|| "does not read as a number".to_owned()),
        other => Err(format!("is {}, not a number", other.kind())),
    }
}

/// `4096`, `512k`, `4g`, `1.5 GiB`: bytes, in powers of 1024.
fn bytes(value: &Value) -> Result<Value, String> {
    let text = match value {
        Value::Number(_) => return Ok(value.clone()),
        Value::Text(text) => text.trim().to_lowercase(),
        other => return Err(format!("is {}, not a size", other.kind())),
    };
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    let unit = text.get(digits.len()..).unwrap_or("");
    let power = match unit {
        "" | "b" => 0,
        "k" | "kb" | "ki" | "kib" => 1,
        "m" | "mb" | "mi" | "mib" => 2,
        "g" | "gb" | "gi" | "gib" => 3,
        "t" | "tb" | "ti" | "tib" => 4,
        _ => return Err("does not read as a size".to_owned()),
    };
    let digits = digits.trim();
    let number = Number::parse(digits).ok_or_else(|| "does not read as a size".to_owned())?;
    if power == 0 {
        return Ok(Value::Number(number));
    }
    let whole = digits.parse::<i128>().ok().and_then(|whole| whole.checked_mul(1 << (10 * power)));
    let text = match whole {
        Some(whole) => whole.to_string(),
        None => {
            let float: f64 = digits.parse().map_err(|_| "does not read as a size".to_owned())?;
            let size = float * f64::from(1 << 10_i32).powi(power);
            if !size.is_finite() {
                return Err("is larger than anything".to_owned());
            }
            format!("{size:.0}")
        }
    };
    Number::parse(&text).map(Value::Number).ok_or_else(|| "does not read as a size".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Lists;

    fn says(condition: &str, arguments: &str) -> &'static str {
        let lists = Lists::from([(
            "protected".to_owned(),
            vec!["i-1".into(), "i-2".into(), Value::from(42)],
        )]);
        let expression = Expression::parse(condition, &lists).unwrap();
        match expression.answer(&Value::from_json(arguments).unwrap()) {
            Answer::Yes => "yes",
            Answer::No => "no",
            Answer::Unknown(_) => "unknown",
        }
    }

    #[test]
    fn what_cannot_be_said_is_unknown() {
        for (condition, arguments, expected) in [
            ("cpus > 2", r#"{"cpus":4}"#, "yes"),
            ("cpus > 2", r#"{"cpus":2}"#, "no"),
            ("cpus > 2", r#"{"cpus":"4"}"#, "unknown"),
            ("cpus > 2", r#"{"cpus":[4]}"#, "unknown"),
            ("cpus > 2", r#"{"cpus":null}"#, "unknown"),
            ("cpus > 2", "{}", "unknown"),
            ("cpus > 2", r#"{"CPUS":4}"#, "unknown"),
            ("cpus > 2", r#"{"cpus":1,"Cpus":4}"#, "unknown"),
            ("cpus > 2", r#"{"cpu\u017f":1}"#, "unknown"),
            ("not (cpus > 2)", r#"{"cpus":1,"Cpus":4}"#, "unknown"),
            ("not (cpus > 2)", "{}", "unknown"),
            ("default(cpus, 1) > 2", "{}", "no"),
            ("default(cpus, 1) > 2", r#"{"cpus":null}"#, "no"),
            ("default(cpus, 4) > 2", "{}", "yes"),
            ("default(cpus, 1) > 2", r#"{"cpus":"9"}"#, "unknown"),
            ("default(cpus, 1) > 2", r#"{"CPUS":9}"#, "unknown"),
            ("cpus > 2 or memory > 10", r#"{"memory":11}"#, "yes"),
            ("cpus > 2 and memory > 10", r#"{"memory":1}"#, "no"),
            ("cpus > 2 and memory > 10", r#"{"memory":11}"#, "unknown"),
            ("exists(force)", "{}", "no"),
            ("exists(force)", r#"{"force":null}"#, "no"),
            ("exists(force)", r#"{"force":false}"#, "yes"),
            ("exists(force)", r#"{"FORCE":1}"#, "unknown"),
            ("exists(a.b)", r#"{"a":"x"}"#, "unknown"),
            ("force", r#"{"force":true}"#, "yes"),
            ("force", r#"{"force":"true"}"#, "unknown"),
            ("number(cpus) > 2", r#"{"cpus":" 4 "}"#, "yes"),
            ("number(cpus) > 2", r#"{"cpus":"4x"}"#, "unknown"),
            ("bytes(memory) > bytes('4g')", r#"{"memory":"4097m"}"#, "yes"),
            ("bytes(memory) > bytes('4g')", r#"{"memory":"4 GiB"}"#, "no"),
            ("bytes(memory) > bytes('4g')", r#"{"memory":"9 furlongs"}"#, "unknown"),
            ("bytes(memory) > bytes('4g')", r#"{"memory":"0.1t"}"#, "yes"),
            ("len(to) > 2", r#"{"to":["a","b","c"]}"#, "yes"),
            ("len(to) > 2", r#"{"to":3}"#, "unknown"),
        ] {
            assert_eq!(says(condition, arguments), expected, "{condition} of {arguments}");
        }
    }

    #[test]
    fn what_is_nearly_the_same_is_unknown() {
        for (condition, arguments, expected) in [
            ("id in protected", r#"{"id":"i-1"}"#, "yes"),
            ("id in protected", r#"{"id":"i-9"}"#, "no"),
            ("id in protected", r#"{"id":"I-1"}"#, "unknown"),
            ("id in protected", r#"{"id":" i-1"}"#, "unknown"),
            ("id in protected", r#"{"id":"i-\u200b1"}"#, "unknown"),
            ("id in protected", r#"{"id":["i-1"]}"#, "unknown"),
            ("id in protected", r#"{"id":42.0}"#, "yes"),
            ("id in protected", r#"{"id":"42"}"#, "unknown"),
            ("id in protected", r#"{"id":"0x2a"}"#, "unknown"),
            ("id not in protected", r#"{"id":"I-1"}"#, "unknown"),
            ("id not in protected", r#"{"id":"i-9"}"#, "yes"),
            ("id in args.mine", r#"{"id":"a","mine":["a"]}"#, "yes"),
            ("id in args.mine", r#"{"id":"a","mine":"a"}"#, "unknown"),
            ("env != 'staging'", r#"{"env":"production"}"#, "yes"),
            ("env != 'staging'", r#"{"env":"Staging"}"#, "unknown"),
            ("path matches '/etc/*'", r#"{"path":"/etc/passwd"}"#, "yes"),
            ("path matches '/etc/*'", r#"{"path":"/ETC/passwd"}"#, "unknown"),
            ("path matches '/etc/*'", r#"{"path":"/home"}"#, "no"),
            ("path matches '/etc/*'", r#"{"path":{}}"#, "unknown"),
            ("m[*].s matches '/etc*'", r#"{"m":[{"s":"/a"},{"s":"/etc"}]}"#, "yes"),
            ("m[*].s matches '/etc*'", r#"{"m":[{"s":"/a"},{}]}"#, "unknown"),
            ("m[*].s matches '/etc*'", r#"{"m":[]}"#, "no"),
            ("m[0] == 'a'", r#"{"m":[]}"#, "unknown"),
            ("dry == false", r#"{"dry":false}"#, "yes"),
            ("dry == false", r#"{"dry":"no"}"#, "unknown"),
            ("dry == false", r#"{"dry":0}"#, "unknown"),
            ("x == null", r#"{"x":null}"#, "yes"),
            ("n == 1", r#"{"n":1.0}"#, "yes"),
        ] {
            assert_eq!(says(condition, arguments), expected, "{condition} of {arguments}");
        }
    }
}
