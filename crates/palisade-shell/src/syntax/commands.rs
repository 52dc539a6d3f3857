//! Lists, pipelines and simple commands.

use super::assignments::{Start, is_declaration};
use super::cursor::{META, Parser, is};
use super::tree::{Command, CommandKind, Item, Join, Pipeline, Script, Stage, Word};
use super::words::{BRACES, COMMAND, GROUPS};

/// Words that mean something in command position.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    Bang,
    Case,
    CloseBrace,
    CloseConditional,
    Conditional,
    Coproc,
    Do,
    Done,
    Elif,
    Else,
    Esac,
    Fi,
    For,
    Function,
    If,
    In,
    OpenBrace,
    /// zsh's `repeat`
    Repeat,
    Select,
    Then,
    Time,
    Until,
    While,
}

impl Keyword {
    /// What to say where the keyword closes nothing; none for those that open.
    const fn closes(self) -> Option<&'static str> {
        match self {
            Self::CloseBrace => Some("'}' without '{'"),
            Self::CloseConditional => Some("']]' without '[['"),
            Self::In => Some("'in' without 'for' or 'case'"),
            Self::Do => Some("'do' without a loop"),
            Self::Done => Some("'done' without 'do'"),
            Self::Elif => Some("'elif' without 'if'"),
            Self::Else => Some("'else' without 'if'"),
            Self::Esac => Some("'esac' without 'case'"),
            Self::Fi => Some("'fi' without 'if'"),
            Self::Then => Some("'then' without 'if'"),
            Self::Bang
            | Self::Case
            | Self::Conditional
            | Self::Coproc
            | Self::For
            | Self::Function
            | Self::If
            | Self::OpenBrace
            | Self::Repeat
            | Self::Select
            | Self::Time
            | Self::Until
            | Self::While => None,
        }
    }
}

impl Parser<'_> {
    /// Reads the whole input.
    pub(super) fn all(&mut self, open: usize) -> Script {
        let mut script = self.script(open);
        if !self.done() {
            self.unexpected();
        }
        self.settle_all(&mut script);
        script
    }

    /// Reads lists up to something that closes a construct, which the caller
    /// looks at; `open` is where the construct began.
    pub(super) fn script(&mut self, open: usize) -> Script {
        let mut script = Script::default();
        if !self.enter(open) {
            return script;
        }
        let from = self.pos;
        loop {
            self.newlines();
            if self.at_closing() {
                break;
            }
            let item = self.item();
            script.items.push(item);
        }
        self.leave();
        script.span = self.span(from);
        script
    }

    fn at_closing(&self) -> bool {
        match self.byte() {
            0 => self.done(),
            b')' => true,
            b';' => matches!(self.at(self.joined(self.pos + 1)), b';' | b'&' | b'|'),
            _ => self.keyword().is_some_and(|(keyword, _)| keyword.closes().is_some()),
        }
    }

    fn item(&mut self) -> Item {
        let line = self.line_at(self.pos);
        let first = self.pipeline();
        let mut rest = Vec::new();
        let background = loop {
            self.blanks();
            let next = self.joined(self.pos + 1);
            let join = match (self.byte(), self.at(next)) {
                (b'&', b'&') => Join::And,
                (b'|', b'|') => Join::Or,
                (b'&', following) => {
                    self.pos += 1;
                    self.disown(following);
                    break true;
                }
                (b';', following) => {
                    if !matches!(following, b';' | b'&' | b'|') {
                        self.pos += 1;
                    }
                    break false;
                }
                (0, _) if self.done() => break false,
                (b'\n' | b')', _) => break false,
                _ => {
                    // After a compound command, what closes the one around it
                    // needs no separator.
                    if !self.at_closing() {
                        self.unexpected();
                    }
                    break false;
                }
            };
            self.pos = next + 1;
            self.newlines();
            let pipeline = self.pipeline();
            rest.push((join, pipeline));
        };
        Item { first, rest, background, line }
    }

    /// zsh's `&!` and `&|`. For bash the first is `&` and `!`.
    fn disown(&mut self, following: u8) {
        if matches!(following, b'!' | b'|') {
            self.note_zsh(self.pos - 1, self.pos + 1);
        }
        if following == b'|' {
            self.pos += 1;
        }
    }

    fn pipeline(&mut self) -> Pipeline {
        let from = self.pos;
        let (mut negated, mut timed, mut alone) = (false, false, false);
        loop {
            self.blanks();
            match self.keyword() {
                Some((Keyword::Bang, end)) => {
                    self.pos = end;
                    negated = !negated;
                }
                Some((Keyword::Time, end)) => {
                    self.pos = end;
                    timed = true;
                    self.time_options();
                }
                _ => break,
            }
            alone = true;
        }
        let mut stages = Vec::with_capacity(1);
        if alone && self.ends_list() {
            let command = Command::nothing(self.span(self.pos));
            stages.push(Stage { command, stderr_too: false });
            return Pipeline { negated, timed, stages, span: self.span(from) };
        }
        loop {
            let command = self.command();
            let end = self.pos;
            self.blanks();
            let next = self.joined(self.pos + 1);
            if self.byte() != b'|' || self.at(next) == b'|' {
                stages.push(Stage { command, stderr_too: false });
                let span = self.span_of(from, end);
                return Pipeline { negated, timed, stages, span };
            }
            let stderr_too = self.at(next) == b'&';
            self.pos = next + usize::from(stderr_too);
            stages.push(Stage { command, stderr_too });
            self.newlines();
        }
    }

    fn time_options(&mut self) {
        self.blanks();
        for option in ["-p", "--"] {
            let end = self.pos + option.len();
            if self.slice(self.pos, end) == option && is(self.at(self.joined(end)), META) {
                self.pos = end;
                self.blanks();
            }
        }
    }

    /// Whether `!` and `time` may stand alone before this.
    fn ends_list(&self) -> bool {
        match self.byte() {
            0 => self.done(),
            b'\n' => true,
            b';' => !matches!(self.at(self.joined(self.pos + 1)), b';' | b'&'),
            _ => false,
        }
    }

    fn ampersand_redirect(&self) -> bool {
        self.byte() == b'&' && self.at(self.joined(self.pos + 1)) == b'>'
    }

    pub(super) fn command(&mut self) -> Command {
        self.pay(1);
        match self.byte() {
            b'(' => self.parenthesis(),
            0 if self.done() => {
                let span = self.span(self.pos);
                self.fail("expected a command", span);
                Command::nothing(span)
            }
            b';' | b'|' | b')' | b'\n' => {
                self.unexpected();
                Command::nothing(self.span(self.pos))
            }
            b'&' if !self.ampersand_redirect() => {
                self.unexpected();
                Command::nothing(self.span(self.pos))
            }
            _ => match self.keyword() {
                // After `|` it is the program.
                Some((Keyword::Time, _)) | None => self.simple(),
                Some((keyword, end)) => self.compound(keyword, end),
            },
        }
    }

    /// The keyword that stands here, and where it ends.
    pub(super) fn keyword(&self) -> Option<(Keyword, usize)> {
        const LONGEST: usize = 8;
        if !matches!(self.byte(), b'!' | b'[' | b']' | b'{' | b'}' | b'\\' | b'c'..=b'w') {
            return None;
        }
        let mut letters = [0_u8; LONGEST];
        let mut length = 0;
        let mut pos = self.joined(self.pos);
        loop {
            let byte = self.at(pos);
            if is(byte, META) {
                break;
            }
            *letters.get_mut(length)? = byte;
            length += 1;
            pos = self.joined(pos + 1);
        }
        if matches!(self.at(pos), b'<' | b'>') && self.at(self.joined(pos + 1)) == b'(' {
            // A process substitution is part of the word.
            return None;
        }
        let keyword = match letters.get(..length)? {
            b"!" => Keyword::Bang,
            b"{" => Keyword::OpenBrace,
            b"}" => Keyword::CloseBrace,
            b"[[" => Keyword::Conditional,
            b"]]" => Keyword::CloseConditional,
            b"in" => Keyword::In,
            b"if" => Keyword::If,
            b"do" => Keyword::Do,
            b"fi" => Keyword::Fi,
            b"for" => Keyword::For,
            b"then" => Keyword::Then,
            b"elif" => Keyword::Elif,
            b"else" => Keyword::Else,
            b"case" => Keyword::Case,
            b"esac" => Keyword::Esac,
            b"done" => Keyword::Done,
            b"time" => Keyword::Time,
            b"while" => Keyword::While,
            b"until" => Keyword::Until,
            b"select" => Keyword::Select,
            b"coproc" => Keyword::Coproc,
            b"repeat" => Keyword::Repeat,
            b"function" => Keyword::Function,
            _ => return None,
        };
        Some((keyword, pos))
    }

    /// Takes the keyword that closes a construct; `from..to` is its opening.
    pub(super) fn close(
        &mut self,
        keyword: Keyword,
        message: &'static str,
        from: usize,
        to: usize,
    ) {
        self.blanks();
        match self.keyword() {
            Some((found, end)) if found == keyword => self.pos = end,
            _ => {
                let span = self.span_of(from, to);
                self.unclosed(message, span);
            }
        }
    }

    /// Fails where something else stands than what closes a construct.
    pub(super) fn unclosed(&mut self, message: &'static str, opening: crate::span::Span) {
        if self.done() {
            self.fail(message, opening);
        } else {
            self.unexpected();
        }
    }

    /// Fails at what stands here.
    pub(super) fn unexpected(&mut self) {
        let from = self.pos;
        let (message, to) = match self.byte() {
            b'(' => ("unexpected '('", from + 1),
            b')' => ("')' without '('", from + 1),
            b';' if self.at(from + 1) == b';' => ("';;' outside of 'case'", from + 2),
            b';' => ("unexpected ';'", from + 1),
            b'&' => ("unexpected '&'", from + 1),
            b'|' => ("unexpected '|'", from + 1),
            b'<' | b'>' => ("unexpected redirection", from + 1),
            b'\n' => ("unexpected end of line", from),
            _ => match self.keyword() {
                Some((keyword, end)) => (keyword.closes().unwrap_or("unexpected keyword"), end),
                None => ("unexpected text", self.scan(from, META)),
            },
        };
        let span = self.span_of(from, to);
        self.fail(message, span);
    }

    /// Reads a simple command, or the definition of a function by `name ()`.
    pub(super) fn simple(&mut self) -> Command {
        let from = self.pos;
        let mut to = from;
        let mut assignments = Vec::new();
        let mut words: Vec<Word> = Vec::new();
        let mut redirects = Vec::new();
        let mut declares = false;
        loop {
            self.blanks();
            match self.byte() {
                0 if self.done() => break,
                b'\n' | b';' | b'|' | b')' => break,
                b'&' if !self.ampersand_redirect() => break,
                b'(' => {
                    let empty = self.empty_parentheses(self.pos);
                    if empty && !words.is_empty() && assignments.is_empty() && redirects.is_empty()
                    {
                        return self.defined_function(from, &words);
                    }
                    self.unexpected();
                    break;
                }
                _ => {}
            }
            if let Some((redirect, apart)) = self.redirect() {
                if apart {
                    words.push(redirect.target.clone());
                }
                redirects.push(redirect);
            } else if words.is_empty() {
                match self.assignment() {
                    Start::Assignment(assignment) => assignments.push(assignment),
                    Start::Word(word) => words.push(word),
                    Start::Neither => {
                        let word = self.word(BRACES | COMMAND);
                        declares = is_declaration(&word);
                        words.push(word);
                    }
                }
            } else if declares {
                let word = self.declared();
                words.push(word);
            } else {
                let word = self.word(BRACES | GROUPS);
                words.push(word);
            }
            to = self.pos;
        }
        self.global_alias(&words);
        Command {
            kind: CommandKind::Simple { assignments, words },
            redirects,
            span: self.span_of(from, to),
        }
    }
}

impl Command {
    /// A command that does nothing.
    pub(super) fn nothing(span: crate::span::Span) -> Self {
        let kind = CommandKind::Simple { assignments: Vec::new(), words: Vec::new() };
        Self { kind, redirects: Vec::new(), span }
    }
}
