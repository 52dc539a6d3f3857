//! The syntax tree of bash, as [`parse`](super::parse) makes it.
//!
//! Every quoting form is gone from it: what remains of a word is text that is
//! *bare* (subject to globbing, tilde and splitting rules of bash) or *quoted*
//! (itself), and the expansions, which carry their own subtrees. Nothing in a
//! word is left unparsed: substitutions inside heredoc bodies, parameter
//! operands, arithmetic and subscripts are subtrees like any other.

use std::rc::Rc;

pub use crate::span::Span;

/// A list of commands: a whole input, or the inside of a compound command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// The and-or lists, in order.
    pub items: Vec<Item>,
    /// Where it stands.
    pub span: Span,
}

/// One and-or list, ended by `;`, `&` or a newline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The first pipeline.
    pub first: Pipeline,
    /// The further pipelines with what joins each to the one before it.
    pub rest: Vec<(Join, Pipeline)>,
    /// Whether `&` ends it.
    pub background: bool,
    /// The line it begins on, from 0: aliases defined on a line are in force
    /// from the next one.
    pub line: u32,
}

/// What joins two pipelines. Neither carries data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// Commands joined by `|` or `|&`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Whether `!` stands before it.
    pub negated: bool,
    /// Whether `time` stands before it.
    pub timed: bool,
    /// The stages; at least one.
    pub stages: Vec<Stage>,
    /// Where it stands.
    pub span: Span,
}

impl Pipeline {
    /// Whether it may end with another status than 0, or changes what that
    /// means: all but assignments of text that stands for itself.
    pub(crate) fn may_fail(&self) -> bool {
        let plain = |part: &Part| matches!(part, Part::Bare(_) | Part::Quoted(_));
        let is_text = |part: &Part| match part {
            Part::Double(parts) => parts.iter().all(plain),
            part => plain(part),
        };
        let sets_text = |one: &Assignment| {
            let text =
                matches!(&one.value, AssignedValue::Scalar(word) if word.parts.iter().all(is_text));
            text && one.subscript.is_none()
        };
        match &*self.stages {
            [stage] if !self.negated && stage.command.redirects.is_empty() => {
                !matches!(&stage.command.kind, CommandKind::Simple { assignments, words }
                    if words.is_empty() && assignments.iter().all(sets_text))
            }
            _ => true,
        }
    }
}

/// One command of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The command.
    pub command: Command,
    /// Whether `|&` follows, so that standard error goes along.
    pub stderr_too: bool,
}

/// A simple or compound command with its redirections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What it is.
    pub kind: CommandKind,
    /// Its redirections, in order.
    pub redirects: Vec<Redirect>,
    /// Where it stands, redirections included.
    pub span: Span,
}

/// The kinds of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandKind {
    /// Assignments and words. Both may be empty where there are redirections.
    Simple {
        /// The assignments before the first word.
        assignments: Vec<Assignment>,
        /// The words. After a declaration builtin (`declare`, `export`, ...) an
        /// operand of assignment form is a word whose parts are the name, `=`
        /// and the value; array values there are [`Part::Array`].
        words: Vec<Word>,
    },
    /// `( .. )`
    Subshell(Script),
    /// `{ ..; }`
    Group(Script),
    /// `if .. then .. elif .. else .. fi`
    If {
        /// Conditions with their bodies.
        arms: Vec<(Script, Script)>,
        /// The `else` body.
        otherwise: Option<Script>,
    },
    /// `while` or `until`.
    Loop {
        /// `until` rather than `while`.
        until: bool,
        /// The condition.
        condition: Script,
        /// The body.
        body: Script,
    },
    /// `for name in words` and `select name in words`.
    For {
        /// The variable; zsh allows several.
        name: Box<str>,
        /// The words; `None` means the positional parameters.
        words: Option<Vec<Word>>,
        /// The body.
        body: Script,
        /// `select` rather than `for`.
        select: bool,
    },
    /// `for (( a; b; c ))`
    ArithmeticFor {
        /// The three expressions.
        header: [Word; 3],
        /// The body.
        body: Script,
    },
    /// `case word in .. esac`
    Case {
        /// What is matched.
        subject: Word,
        /// The arms.
        arms: Vec<CaseArm>,
    },
    /// `(( .. ))`
    Arithmetic(Word),
    /// `[[ .. ]]`
    Conditional(Vec<Test>),
    /// A function definition. Bodies are shared, since calls outlive scopes.
    Function {
        /// Its name, quoting removed.
        name: Box<str>,
        /// Its body.
        body: Rc<Command>,
    },
    /// `coproc`
    Coproc {
        /// Its name, if given.
        name: Option<Box<str>>,
        /// What runs.
        body: Box<Command>,
    },
}

/// One arm of a `case`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseArm {
    /// The patterns.
    pub patterns: Vec<Word>,
    /// The body.
    pub body: Script,
}

/// One primary of `[[ ]]`; `!`, `&&`, `||` and parentheses are dropped, since
/// both sides may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// The operator (`-v`, `-e`, `==`, `=~`, `-eq`, ...); empty for a bare word.
    pub operator: Box<str>,
    /// One or two operands.
    pub operands: Vec<Word>,
}

/// `name=value`, `name+=value`, `name[sub]=value`, `name=(..)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub name: Box<str>,
    /// Its subscript.
    pub subscript: Option<Word>,
    /// `+=`
    pub append: bool,
    /// What is assigned.
    pub value: AssignedValue,
    /// Where it stands.
    pub span: Span,
}

/// The right side of an assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssignedValue {
    /// One word; an empty one for `name=`.
    Scalar(Word),
    /// `( .. )` with optional subscripts.
    Array(Vec<(Option<Word>, Word)>),
}

/// A redirection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The descriptor before the operator.
    pub fd: Descriptor,
    /// The operator.
    pub operator: RedirectOperator,
    /// The word after it; for here-documents the body, with its expansions
    /// where the delimiter was unquoted.
    pub target: Word,
    /// Where it stands (a here-document: the operator and delimiter).
    pub span: Span,
}

/// The descriptor that a redirection names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Descriptor {
    /// None: 0 or 1, by the operator.
    Default,
    /// `2>`
    Number(u32),
    /// `{name}>`
    Variable(Box<str>),
}

/// Redirection operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RedirectOperator {
    /// `<`
    Read,
    /// `>`
    Write,
    /// `>|`, and zsh's `>!`
    Clobber,
    /// `>>`
    Append,
    /// `<>`
    ReadWrite,
    /// `<&`
    DuplicateInput,
    /// `>&` with a number, `-` or a word that is not a file
    DuplicateOutput,
    /// `&>`, and `>&` before a file name
    WriteBoth,
    /// `&>>`
    AppendBoth,
    /// `<<` and `<<-`
    HereDocument,
    /// `<<<`
    HereString,
}

/// A word, before expansion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Word {
    /// Its parts, in order; none for an empty unquoted word, one empty
    /// [`Part::Quoted`] for `''`.
    pub parts: Vec<Part>,
    /// Where it stands.
    pub span: Span,
}

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Unquoted text: `*`, `?`, `[..]` are patterns, a leading `~` is a tilde.
    Bare(Box<str>),
    /// Text that stands for itself: single quotes, `$'..'` decoded, backslash
    /// escapes, literal text in double quotes and here-documents.
    Quoted(Box<str>),
    /// `".."` and `$".."`: expansions inside are not split.
    Double(Vec<Part>),
    /// `$name`, `${..}`
    Parameter(Box<Parameter>),
    /// `$(..)` and backquotes; `$(<file)` is a script with one bare redirection.
    CommandSubstitution(Rc<Script>),
    /// `$((..))` and `$[..]`: the expression, its expansions parsed.
    Arithmetic(Box<Word>),
    /// `<(..)` (`input`), `>(..)`, and zsh's `=(..)` (`input`).
    ProcessSubstitution {
        /// Whether the command's output is read.
        input: bool,
        /// The command.
        script: Rc<Script>,
    },
    /// `{a,b}`: the alternatives.
    Braces(Vec<Word>),
    /// `{a..b..step}`: the expanded items, at most 1 000; past that none.
    Sequence(Vec<Box<str>>),
    /// `@(a|b)`, `!(a)`, ...: operator and alternatives.
    Extglob(char, Vec<Word>),
    /// `( .. )` as the value of a declaration builtin's operand.
    Array(Vec<(Option<Word>, Word)>),
    /// What only zsh would run or expand, kept as its text: glob qualifiers,
    /// `${(e)..}`, `=name`. Never known, never harmless.
    Zsh(Box<str>),
}

/// `${..}`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// What is expanded.
    pub name: ParameterName,
    /// `[..]`; `@` and `*` are words too.
    pub subscript: Option<Word>,
    /// `${!name}`
    pub indirect: bool,
    /// `${#name}`
    pub length: bool,
    /// The operator.
    pub operator: ParameterOperator,
    /// zsh flags, `(..)` after the brace, as text; empty where there are none.
    pub zsh_flags: Box<str>,
    /// Where it stands.
    pub span: Span,
}

/// What a parameter expansion names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterName {
    /// A variable.
    Variable(Box<str>),
    /// `$1`, `${10}`; `$0` is 0.
    Positional(u32),
    /// `@ * # ? - $ ! _`
    Special(char),
}

/// The operator of a parameter expansion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterOperator {
    /// None.
    Plain,
    /// `:-` and `-`: the word where unset.
    Default(Word),
    /// `:=` and `=`
    Assign(Word),
    /// `:+` and `+`
    Alternative(Word),
    /// `:?` and `?`
    Error(Word),
    /// `#`, `##`, `%`, `%%`
    Remove {
        /// `%` rather than `#`.
        suffix: bool,
        /// Doubled.
        longest: bool,
        /// The pattern.
        pattern: Word,
    },
    /// `/`, `//`, `/#`, `/%`
    Substitute {
        /// `//`
        all: bool,
        /// `#` or `%` after the slash.
        anchor: Option<char>,
        /// What is replaced.
        pattern: Word,
        /// By what.
        replacement: Word,
    },
    /// `:offset:length`
    Substring {
        /// The offset expression.
        offset: Word,
        /// The length expression.
        length: Option<Word>,
    },
    /// `^ ^^ , ,, ~ ~~`
    Case {
        /// `^`, `,` or `~`.
        operator: char,
        /// Doubled.
        all: bool,
        /// The pattern; empty where there is none.
        pattern: Word,
    },
    /// `@Q`, `@P`, ...
    Transform(char),
    /// `${!prefix*}` and `${!prefix@}`
    PrefixNames,
    /// `${!name[@]}`
    Keys,
}
