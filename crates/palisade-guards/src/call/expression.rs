//! The language of conditions: from text to a tree, or to a flaw with its
//! place.
//!
//! ```text
//! cpus > 2 or memory_mb > 4096
//! args.instanceId in protected
//! default(replicas, 1) > 5 and not (env == "staging")
//! mounts[*].source matches "/etc*"
//! ```

use std::collections::BTreeMap;

use super::glob::Glob;
use super::value::{Number, Value};

/// The lists of a profile, by name.
pub type Lists = BTreeMap<String, Vec<Value>>;

/// A condition, read and understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    text: String,
    pub(super) root: Node,
}

/// What is wrong with the text of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Or(Vec<Node>),
    And(Vec<Node>),
    Not(Box<Node>),
    Compare { left: Operand, relation: Relation, right: Operand },
    In { item: Operand, list: Operand },
    Matches { item: Operand, glob: Glob },
    Exists(Operand),
    Truth(Operand),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What has a value, and how it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operand {
    pub text: String,
    pub term: Term,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    Literal(Value),
    Path(Vec<Step>),
    Default(Vec<Step>, Value),
    Len(Box<Operand>),
    Number(Box<Operand>),
    Bytes(Box<Operand>),
    Lower(Box<Operand>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
    /// At least one of a list.
    Each,
}

/// How long a condition may be, and how deep its brackets.
const LONGEST: usize = 4096;
const DEEPEST: usize = 32;
const FUNCTIONS: [&str; 6] = ["exists", "len", "default", "number", "bytes", "lower"];
const RESERVED: [&str; 8] = ["and", "or", "not", "in", "matches", "true", "false", "null"];

impl Expression {
    /// Reads a condition; `lists` are those that it may name.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str, lists: &Lists) -> Result<Self, Flaw> {
        if text.len() > LONGEST {
            return Err(Flaw {
                line: 1,
                column: 1,
                message: format!("a condition has at most {LONGEST} bytes"),
                help: Some("write several rules".into()),
            });
        }
        let tokens = tokens(text)?;
        let mut parser = Parser { text, tokens, at: 0, lists, depth: 0 };
        let root = parser.or()?;
        match parser.peek() {
            Kind::End => Ok(Self { text: text.to_owned(), root }),
            Kind::Symbol("=") => {
                parser.stop("expected `and`, `or` or the end", Some("equality is written `==`"))
            }
            Kind::Symbol("&" | "|") => {
                parser.stop("expected `and`, `or` or the end", Some("write `and` and `or`"))
            }
            _ => parser.stop("expected `and`, `or` or the end", None),
        }
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Word(String),
    Text(String),
    Number(Number),
    Symbol(&'static str),
    End,
}

struct Token {
    kind: Kind,
    from: usize,
    to: usize,
}

fn flaw(text: &str, at: usize, message: impl Into<String>, help: Option<String>) -> Flaw {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    Flaw { line, column, message: message.into(), help }
}

fn tokens(text: &str) -> Result<Vec<Token>, Flaw> {
    const SYMBOLS: [&str; 18] = [
        "==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ",", ".", "*", "=", "!", "&", "|",
        ":",
    ];
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let from = at;
        let rest = text.get(at..).unwrap_or("");
        let run = |wanted: fn(char) -> bool| {
            rest.char_indices()
                .find(|(_, letter)| !wanted(*letter))
                .map_or(rest.len(), |(end, _)| end)
        };
        let kind = if letter.is_whitespace() {
            at += letter.len_utf8();
            continue;
        } else if letter.is_alphabetic() || letter == '_' || letter == '$' {
            let end = run(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '$'));
            at += end;
            Kind::Word(rest.get(..end).unwrap_or("").to_owned())
        } else if letter.is_ascii_digit() || letter == '-' {
            let end = 1 + rest.get(1..).map_or(0, |rest| {
                rest.find(|letter: char| {
                    !(letter.is_alphanumeric() || letter == '.' || letter == '_')
                })
                .unwrap_or(rest.len())
            });
            at += end;
            let digits = rest.get(..end).unwrap_or("");
            match Number::parse(digits) {
                Some(number) => Kind::Number(number),
                None => {
                    let help =
                        "a size with a unit is written in quotes: `bytes(memory) > bytes(\"4g\")`";
                    return Err(flaw(
                        text,
                        from,
                        format!("`{digits}` is no number"),
                        Some(help.into()),
                    ));
                }
            }
        } else if letter == '"' || letter == '\'' {
            let (content, end) = quoted(text, at, letter)?;
            at = end;
            Kind::Text(content)
        } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            at += symbol.len();
            Kind::Symbol(symbol)
        } else {
            let shown = letter.escape_default();
            return Err(flaw(text, from, format!("`{shown}` has no meaning here"), None));
        };
        tokens.push(Token { kind, from, to: at });
    }
    tokens.push(Token { kind: Kind::End, from: text.len(), to: text.len() });
    Ok(tokens)
}

fn quoted(text: &str, from: usize, quote: char) -> Result<(String, usize), Flaw> {
    let mut content = String::new();
    let mut letters = text.get(from + 1..).unwrap_or("").char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            letter if letter == quote => return Ok((content, from + 1 + at + quote.len_utf8())),
            '\\' => match letters.next() {
                Some((_, escaped @ ('\\' | '"' | '\''))) => content.push(escaped),
                _ => {
                    let help = "a backslash itself is written `\\\\`";
                    return Err(flaw(text, from + 1 + at, "this is no escape", Some(help.into())));
                }
            },
            letter => content.push(letter),
        }
    }
    Err(flaw(text, from, "this text has no end", None))
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    lists: &'t Lists,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Kind {
        self.tokens.get(self.at).map_or(Kind::End, |token| token.kind.clone())
    }

    fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(self.text.len(), |token| token.from)
    }

    /// All of the text from `from` to the last token that was read.
    fn since(&self, from: usize) -> String {
        let to = self
            .at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .map_or(from, |token| token.to);
        self.text.get(from..to).unwrap_or("").to_owned()
    }

    fn stop<T>(&self, message: impl Into<String>, help: Option<&str>) -> Result<T, Flaw> {
        Err(flaw(self.text, self.place(), message, help.map(str::to_owned)))
    }

    fn word(&mut self, word: &str) -> bool {
        let there = matches!(self.peek(), Kind::Word(found) if found == word);
        self.at += usize::from(there);
        there
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let there = matches!(self.peek(), Kind::Symbol(found) if found == symbol);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, symbol: &str) -> Result<(), Flaw> {
        match self.symbol(symbol) {
            true => Ok(()),
            false => self.stop(format!("expected `{symbol}`"), None),
        }
    }

    fn or(&mut self) -> Result<Node, Flaw> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self
                .stop("the brackets lie too deep in each other", Some("write several rules"));
        }
        let mut nodes = vec![self.and()?];
        while self.word("or") {
            nodes.push(self.and()?);
        }
        self.depth -= 1;
        Ok(one_or(nodes, Node::Or))
    }

    fn and(&mut self) -> Result<Node, Flaw> {
        let mut nodes = vec![self.not()?];
        while self.word("and") {
            nodes.push(self.not()?);
        }
        Ok(one_or(nodes, Node::And))
    }

    fn not(&mut self) -> Result<Node, Flaw> {
        let mut times = 0;
        while self.word("not") {
            times += 1;
        }
        let node = self.comparison()?;
        Ok(if times % 2 == 1 { Node::Not(Box::new(node)) } else { node })
    }

    fn comparison(&mut self) -> Result<Node, Flaw> {
        if self.symbol("(") {
            let node = self.or()?;
            self.expect(")")?;
            return Ok(node);
        }
        if self.word("exists") {
            self.expect("(")?;
            let path = self.path_only("exists")?;
            self.expect(")")?;
            return Ok(Node::Exists(path));
        }
        let left = self.operand()?;
        let relation = match self.peek() {
            Kind::Symbol("==") => Relation::Equal,
            Kind::Symbol("!=") => Relation::NotEqual,
            Kind::Symbol("<") => Relation::Less,
            Kind::Symbol("<=") => Relation::LessOrEqual,
            Kind::Symbol(">") => Relation::Greater,
            Kind::Symbol(">=") => Relation::GreaterOrEqual,
            Kind::Symbol("=") => {
                return self.stop("one `=` has no meaning", Some("equality is written `==`"));
            }
            Kind::Word(word) if word == "matches" => {
                self.at += 1;
                return self.matches(left);
            }
            Kind::Word(word) if word == "in" => {
                self.at += 1;
                return Ok(Node::In { item: left, list: self.listed()? });
            }
            Kind::Word(word) if word == "not" => {
                self.at += 1;
                if self.word("in") {
                    let node = Node::In { item: left, list: self.listed()? };
                    return Ok(Node::Not(Box::new(node)));
                }
                if self.word("matches") {
                    return Ok(Node::Not(Box::new(self.matches(left)?)));
                }
                return self.stop("expected `in` or `matches`", None);
            }
            _ => return self.truth(left),
        };
        let sign = self.place();
        self.at += 1;
        let right = self.operand()?;
        let ordered = !matches!(relation, Relation::Equal | Relation::NotEqual);
        let text = |operand: &Operand| matches!(operand.term, Term::Literal(ref value) if !matches!(value, Value::Number(_)));
        if ordered && (text(&left) || text(&right)) {
            let help =
                "only numbers are larger or smaller: `number(x) > 4`, `bytes(x) > bytes(\"4g\")`";
            return Err(flaw(
                self.text,
                sign,
                "this compares something that is no number",
                Some(help.into()),
            ));
        }
        Ok(Node::Compare { left, relation, right })
    }

    /// A word alone is true or false by itself.
    fn truth(&self, operand: Operand) -> Result<Node, Flaw> {
        match &operand.term {
            Term::Path(_) | Term::Default(..) | Term::Literal(Value::Bool(_)) => {
                Ok(Node::Truth(operand))
            }
            _ => self.stop("expected a comparison", Some("as `cpus > 2` or `name in protected`")),
        }
    }

    fn matches(&mut self, item: Operand) -> Result<Node, Flaw> {
        match self.peek() {
            Kind::Text(pattern) => {
                self.at += 1;
                Ok(Node::Matches { item, glob: Glob::new(&pattern) })
            }
            _ => self.stop("expected a pattern in quotes", Some("as `path matches \"/etc/*\"`")),
        }
    }

    /// What stands to the right of `in`: a list of the profile, a list in
    /// brackets, or an argument that is one.
    fn listed(&mut self) -> Result<Operand, Flaw> {
        let from = self.place();
        if let Kind::Word(name) = self.peek()
            && name != "args"
            && !self.lists.contains_key(&name)
            && !FUNCTIONS.contains(&name.as_str())
        {
            let near = nearest(&name, self.lists.keys().map(String::as_str));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "declare it in `tools.lists`, or write `args.{name}` for an argument of the call"
                ),
            };
            return Err(flaw(self.text, from, format!("no list is called `{name}`"), Some(help)));
        }
        let operand = self.operand()?;
        match &operand.term {
            Term::Literal(Value::List(_)) | Term::Path(_) | Term::Default(..) => Ok(operand),
            _ => Err(flaw(self.text, from, "expected a list", Some("as `[\"a\", \"b\"]`".into()))),
        }
    }

    fn operand(&mut self) -> Result<Operand, Flaw> {
        let from = self.place();
        let term = match self.peek() {
            Kind::Number(_) | Kind::Text(_) | Kind::Symbol("[") => Term::Literal(self.literal()?),
            Kind::Word(word) => match word.as_str() {
                "true" | "false" | "null" => Term::Literal(self.literal()?),
                "len" => self.function(Term::Len)?,
                "number" => self.function(Term::Number)?,
                "bytes" => self.function(Term::Bytes)?,
                "lower" => self.function(Term::Lower)?,
                "default" => {
                    self.at += 1;
                    self.expect("(")?;
                    let path = self.path_only("default")?;
                    self.expect(",")?;
                    let value = self.literal()?;
                    self.expect(")")?;
                    match path.term {
                        Term::Path(steps) => Term::Default(steps, value),
                        other => other,
                    }
                }
                reserved if RESERVED.contains(&reserved) => {
                    return self.stop("expected a value", None);
                }
                name => {
                    let called = matches!(
                        self.tokens.get(self.at + 1),
                        Some(Token { kind: Kind::Symbol("("), .. })
                    );
                    if called {
                        let near = nearest(name, FUNCTIONS.into_iter());
                        let help = near.map_or_else(
                            || format!("here are known: {}", FUNCTIONS.join(", ")),
                            |near| format!("did you mean `{near}`?"),
                        );
                        return self.stop(format!("no function is called `{name}`"), Some(&help));
                    }
                    self.path()?
                }
            },
            _ => return self.stop("expected a value", None),
        };
        Ok(Operand { text: self.since(from), term })
    }

    fn function(&mut self, make: fn(Box<Operand>) -> Term) -> Result<Term, Flaw> {
        // A bare word of this name may be an argument of the call.
        if !matches!(self.tokens.get(self.at + 1), Some(Token { kind: Kind::Symbol("("), .. })) {
            return self.path();
        }
        self.at += 1;
        self.expect("(")?;
        let operand = self.operand()?;
        self.expect(")")?;
        Ok(make(Box::new(operand)))
    }

    fn path_only(&mut self, function: &str) -> Result<Operand, Flaw> {
        let from = self.place();
        let operand = self.operand()?;
        match operand.term {
            Term::Path(_) => Ok(operand),
            _ => Err(flaw(
                self.text,
                from,
                format!("`{function}` is about an argument of the call"),
                None,
            )),
        }
    }

    fn literal(&mut self) -> Result<Value, Flaw> {
        let value = match self.peek() {
            Kind::Number(number) => Value::Number(number),
            Kind::Text(text) => Value::Text(text),
            Kind::Word(word) => match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                _ => {
                    return self
                        .stop("expected a number, a text in quotes, true, false or null", None);
                }
            },
            Kind::Symbol("[") => {
                self.at += 1;
                let mut values = Vec::new();
                while !self.symbol("]") {
                    if !values.is_empty() {
                        self.expect(",")?;
                    }
                    if matches!(self.peek(), Kind::Symbol("[")) {
                        return self.stop("a list in a list has no meaning here", None);
                    }
                    values.push(self.literal()?);
                }
                return Ok(Value::List(values));
            }
            _ => {
                return self.stop("expected a number, a text in quotes, true, false or null", None);
            }
        };
        self.at += 1;
        Ok(value)
    }

    fn path(&mut self) -> Result<Term, Flaw> {
        let Kind::Word(first) = self.peek() else { return self.stop("expected an argument", None) };
        self.at += 1;
        if let Some(list) = self.lists.get(&first) {
            return Ok(Term::Literal(Value::List(list.clone())));
        }
        let mut steps = if first == "args" { Vec::new() } else { vec![Step::Key(first)] };
        loop {
            if self.symbol(".") {
                let Kind::Word(key) = self.peek() else {
                    return self.stop("expected a name", None);
                };
                self.at += 1;
                steps.push(Step::Key(key));
            } else if self.symbol("[") {
                steps.push(match self.peek() {
                    Kind::Symbol("*") => Step::Each,
                    Kind::Text(key) => Step::Key(key),
                    Kind::Number(number) => match number.text().parse() {
                        Ok(index) => Step::Index(index),
                        Err(_) => return self.stop("expected a place in the list, from 0", None),
                    },
                    _ => return self.stop("expected a place, a key in quotes or `*`", None),
                });
                self.at += 1;
                self.expect("]")?;
            } else {
                return Ok(Term::Path(steps));
            }
        }
    }
}

fn one_or(mut nodes: Vec<Node>, several: fn(Vec<Node>) -> Node) -> Node {
    match (nodes.pop(), nodes.is_empty()) {
        (Some(node), true) => node,
        (last, _) => several(nodes.into_iter().chain(last).collect()),
    }
}

/// The name that was probably meant: one letter or case away.
fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let folded: Vec<char> = name.to_lowercase().chars().collect();
    known.into_iter().find(|known| {
        let known: Vec<char> = known.to_lowercase().chars().collect();
        let (short, long) =
            if known.len() < folded.len() { (&known, &folded) } else { (&folded, &known) };
        let head = short.iter().zip(long.iter()).take_while(|(a, b)| a == b).count();
        let tail = short.iter().rev().zip(long.iter().rev()).take_while(|(a, b)| a == b).count();
        long.len() - short.len() <= 1 && head + tail + 1 >= long.len()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists() -> Lists {
        Lists::from([("protected".to_owned(), vec!["i-1".into()])])
    }

    #[test]
    fn conditions_are_read() {
        for text in [
            "cpus > 2 or memory_mb > 4096",
            "args.instanceId in protected",
            "instanceId not in [\"a\", 'b', 3]",
            "not (env == \"staging\") and default(replicas, 1) > 5",
            "mounts[*].source matches \"/etc*\"",
            "args[\"odd key\"][0] == null",
            "exists(force) and force",
            "len(recipients) > 10",
            "bytes(memory) > bytes(\"4g\")",
            "lower(name) == 'x'",
            "number > 3",
            "a-b == -1.5e3",
        ] {
            assert!(
                Expression::parse(text, &lists()).is_ok(),
                "{text}: {:?}",
                Expression::parse(text, &lists())
            );
        }
    }

    #[test]
    fn flaws_have_a_place_and_help() {
        for (text, column, help) in [
            ("cpus = 2", 6, "=="),
            ("cpus > 4g", 8, "bytes"),
            ("id in protectd", 7, "`protected`"),
            ("id in other", 7, "args.other"),
            ("lenn(x) > 1", 1, "`len`"),
            ("name > \"b\"", 6, "number"),
            ("cpus", 0, ""),
            ("a == 1 && b == 2", 8, "`and`"),
            ("(a == 1", 8, ""),
            ("a ==", 5, ""),
            ("a == 1 b", 8, ""),
            ("a matches b", 11, "path matches"),
            ("\"x", 1, ""),
            ("", 1, ""),
            ("3 > 2 > 1", 7, ""),
            ("a in \"b\"", 6, "["),
            ("a \u{200b}== 1", 3, ""),
        ] {
            match (Expression::parse(text, &lists()), column) {
                (Ok(_), 0) => {}
                (Ok(_), _) => panic!("{text} is read"),
                (Err(flaw), column) => {
                    assert_eq!((flaw.line, flaw.column), (1, column), "{text}: {flaw:?}");
                    assert!(flaw.help.unwrap_or_default().contains(help), "{text}");
                }
            }
        }
        let flaw = Expression::parse("a == 1\n  or b = 2", &lists()).unwrap_err();
        assert_eq!((flaw.line, flaw.column), (2, 8));
        assert!(Expression::parse(&"(".repeat(4000), &lists()).is_err());
        assert!(Expression::parse(&"a or ".repeat(4000), &lists()).is_err());
    }
}
