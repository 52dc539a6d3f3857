//! Shell text to syntax tree: one pass, one parse, no recovery.
//!
//! The grammar is that of bash 5.2. Constructs that only zsh knows are read
//! where they can be, and noted in [`Parsed::zsh`]; what neither knows is a
//! [`Problem`]. `extglob` counts as switched on, and history and aliases are
//! not expanded.

mod ansi;
mod arithmetic;
mod assignments;
mod braces;
mod commands;
mod compound;
mod conditional;
mod cursor;
mod expansions;
mod functions;
mod heredocs;
mod loops;
mod operands;
mod parameters;
mod redirects;
pub mod tree;
mod words;
mod zsh;

use crate::span::Span;
use cursor::Parser;
use tree::Script;

/// The longest input that is analysed, in bytes.
pub const MAX_INPUT: usize = 64 * 1024;
/// How deep constructs may nest.
pub const MAX_NESTING: u32 = 64;
/// How many nodes (commands, words, parts) one input may have.
pub const MAX_NODES: u32 = 20_000;

/// What may still be read. One budget serves an input and all code strings
/// inside it, whoever finds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Nodes that may still be made; [`parse`] takes off what it made.
    pub nodes: u32,
    /// How deep constructs may still nest.
    pub nesting: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { nodes: MAX_NODES, nesting: MAX_NESTING }
    }
}

/// What [`parse`] made of an input: the tree of everything read, and what
/// stopped it, if something did. After a problem the tree holds what came
/// before it, so that the worst already seen still counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What was read.
    pub script: Script,
    /// Why reading stopped early, or where bash and this parser may part ways.
    pub problem: Option<Problem>,
    /// What another shell may read in another way: constructs of zsh (see
    /// [`tree::Part::Zsh`]), commands in `((..))`, which not every `sh` computes,
    /// and quotes that shells pair differently. Never harmless.
    pub zsh: Vec<Span>,
}

/// Why an input was not read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whether it is a budget rather than the syntax.
    pub over_budget: bool,
    /// What is wrong, in words.
    pub message: &'static str,
    /// Where.
    pub span: Span,
}

/// Parses `text`, or the first [`MAX_INPUT`] bytes of it.
pub fn parse(text: &str, budget: &mut Budget) -> Parsed {
    let mut to = text.len().min(MAX_INPUT);
    while !text.is_char_boundary(to) {
        to -= 1;
    }
    let head = text.get(..to).unwrap_or("");
    let mut parser = Parser::new(head, budget);
    let script = parser.all(0);
    let mut parsed = parser.finish(script, budget);
    if head.len() < text.len() && parsed.problem.as_ref().is_none_or(|problem| !problem.over_budget)
    {
        let end = u32::try_from(to).unwrap_or(u32::MAX);
        let span = Span::new(end, end);
        parsed.problem = Some(Problem { over_budget: true, message: "longer than 64 KiB", span });
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::cursor::Parser;
    use super::*;

    /// How often the parser looked at a byte.
    fn steps(text: &str) -> u64 {
        let mut parser = Parser::new(text, &Budget::default());
        std::hint::black_box(parser.all(0));
        parser.steps.get()
    }

    #[test]
    fn any_repeated_text_takes_linear_steps() {
        let letters = "\\'\"`$(){}[];&|<>#!=~*?,@%^:+-/a \t\n\r\0é".chars().map(String::from);
        let pieces = [
            "$(",
            "((",
            "( ",
            "((a)",
            "$((",
            "$((a) ",
            "$[",
            "${x:-",
            "${x/",
            "${x:1?",
            "\"$(",
            "\"${x:-'",
            "`\\",
            "\\`",
            "<<E\n",
            "<<E <<F\n",
            "cat <<E\na\nE\n",
            "<<-E\n\t",
            "<<'E' ",
            "{a,",
            "{a,b}",
            "{a",
            "{1..1000} ",
            "@(",
            "@(a|",
            "[[ ( ",
            "[[ a || ",
            "a[",
            "a=(",
            "if ",
            "f() ",
            "f() (",
            "! ",
            "time ",
            "case x in a) ",
            "x=",
            "$x",
            "a\\\n",
            "'a'",
            "\"a\\\"",
            "$'\\n'",
            "${(",
            "=(",
            "foo(",
            "a *(e:",
            ">!",
            "a &! ",
            "repeat 3 ",
            "coproc ",
            "a b c() ",
            "<(",
            "a && ",
            "a | ",
            "a;",
            "a $((1)) ",
            "((1));",
            "(((1) ) ) ",
            "$((`\\`",
            "$\\\n",
            "${x[${x[0]}]!} ",
            "${${x}} ",
            "a[\"",
            "a <<E $(",
            "$(<<E\n",
            "{x[ ",
            "$(<<E\n)E\nE)",
            "Ex\n$(<<E\n",
            "a <<\\E\n$(",
            "{fd}<",
            "1>&2 ",
            "#a\n",
        ];
        for piece in letters.chain(pieces.map(String::from)) {
            let short = steps(&piece.repeat(4096 / piece.len()));
            let long = steps(&piece.repeat(MAX_INPUT / piece.len()));
            assert!(long <= 20 * short.max(4096), "{piece:?}: {short} steps, then {long}");
            assert!(long <= 20 * MAX_INPUT as u64, "{piece:?}: {long} steps");
        }
    }

    #[test]
    fn nests_take_linear_steps() {
        for (open, close) in [
            ("$(", ")"),
            ("((", ") ) "),
            ("$((", ") ) "),
            ("$((", " ))"),
            ("\"$(", ")\""),
            ("${x:-", "}"),
            ("${${x[", "]}}"),
            ("`", "`"),
            ("@(a|", ")"),
            ("{a,", "}"),
            ("[[ ( ", " ) ]]"),
            ("<(", ")"),
            ("a=([$(", ")]=b)"),
        ] {
            for depth in [8, 30, 60, 200] {
                let nest = format!("{}a{} ", open.repeat(depth), close.repeat(depth));
                let text = nest.repeat(MAX_INPUT / nest.len());
                let steps = steps(&text);
                assert!(steps <= 30 * MAX_INPUT as u64, "{open} {depth}: {steps} steps");
            }
        }
    }

    #[test]
    fn nested_backquotes_take_few_steps() {
        let mut text = String::from("a");
        for _ in 0..14 {
            text = format!("`{}`", text.replace('\\', "\\\\").replace('`', "\\`"));
        }
        assert!(text.len() > 16_000 && text.len() < MAX_INPUT);
        assert!(steps(&text) < 20 * text.len() as u64);
    }
}
