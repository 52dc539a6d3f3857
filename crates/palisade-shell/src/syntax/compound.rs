//! Compound commands and functions.

use std::rc::Rc;

use super::commands::Keyword;
use super::cursor::{META, NAME, Parser, is};
use super::expansions::Parentheses;
use super::operands::End;
use super::tree::{CaseArm, Command, CommandKind, Item, Part, Pipeline, Script, Stage, Word};
use super::words::{BRACES, COMMAND, GROUPS};

impl Parser<'_> {
    /// Reads the command that `keyword`, which ends at `end`, begins.
    pub(super) fn compound(&mut self, keyword: Keyword, end: usize) -> Command {
        let open = self.pos;
        if keyword == Keyword::Repeat && !self.repeats(end) {
            return self.simple();
        }
        self.pos = end;
        let kind = match keyword {
            Keyword::If => self.if_command(open),
            Keyword::While => self.loop_command(open, false),
            Keyword::Until => self.loop_command(open, true),
            Keyword::For => self.for_command(open, false),
            Keyword::Select => self.for_command(open, true),
            Keyword::Case => self.case_command(open),
            Keyword::OpenBrace => self.group_command(open),
            Keyword::Conditional => self.conditional(open),
            Keyword::Function => return self.function_command(open),
            Keyword::Coproc => return self.coproc(open),
            Keyword::Repeat => self.repeat_command(open),
            // The rest closes something that is not open, or stands before a
            // pipeline and was taken there.
            _ => {
                self.pos = open;
                self.unexpected();
                return Command::nothing(self.span(open));
            }
        };
        self.with_redirects(kind, open)
    }

    fn with_redirects(&mut self, kind: CommandKind, open: usize) -> Command {
        let mut to = self.pos;
        let redirects = self.redirects();
        if let Some(last) = redirects.last() {
            to = to.max(last.span.to as usize);
        }
        Command { kind, redirects, span: self.span_of(open, to) }
    }

    /// A body that bash wants at least one command in; zsh allows none.
    fn body(&mut self, open: usize) -> Script {
        let from = self.pos;
        let script = self.script(open);
        if script.items.is_empty() && !self.stopped() {
            if self.done() {
                return script;
            }
            self.note_zsh(from, self.pos);
        }
        script
    }

    fn if_command(&mut self, open: usize) -> CommandKind {
        const UNTERMINATED: &str = "unterminated 'if'";
        let mut arms = Vec::with_capacity(1);
        let mut otherwise = None;
        let to = open + 2;
        loop {
            let condition = self.body(open);
            self.close(Keyword::Then, UNTERMINATED, open, to);
            let body = self.body(open);
            arms.push((condition, body));
            match self.keyword() {
                Some((Keyword::Elif, end)) => self.pos = end,
                Some((Keyword::Else, end)) => {
                    self.pos = end;
                    otherwise = Some(self.body(open));
                    break;
                }
                _ => break,
            }
        }
        self.close(Keyword::Fi, UNTERMINATED, open, to);
        CommandKind::If { arms, otherwise }
    }

    fn loop_command(&mut self, open: usize, until: bool) -> CommandKind {
        let to = self.pos;
        let condition = self.body(open);
        self.close(Keyword::Do, "unterminated loop", open, to);
        let body = self.body(open);
        self.close(Keyword::Done, "unterminated loop", open, to);
        CommandKind::Loop { until, condition, body }
    }

    fn group_command(&mut self, open: usize) -> CommandKind {
        let to = self.pos;
        let mut script = self.body(open);
        self.close(Keyword::CloseBrace, "unterminated '{'", open, to);
        self.always(&mut script, open);
        CommandKind::Group(script)
    }

    /// zsh's `{ .. } always { .. }`: the second list runs too.
    fn always(&mut self, script: &mut Script, open: usize) {
        let from = self.pos;
        let mut pos = from;
        while matches!(self.at(pos), b' ' | b'\t') {
            pos += 1;
        }
        if self.slice(pos, pos + 6) != "always" || !is(self.at(pos + 6), META) {
            return;
        }
        self.pos = pos + 6;
        self.note_zsh(pos, self.pos);
        let to = self.pos;
        self.close(Keyword::OpenBrace, "unterminated 'always'", pos, to);
        let more = self.script(open);
        self.close(Keyword::CloseBrace, "unterminated '{'", pos, to);
        script.items.extend(more.items);
    }

    /// Reads what `(` begins in command position.
    pub(super) fn parenthesis(&mut self) -> Command {
        let open = self.pos;
        let second = self.joined(open + 1);
        if self.at(second) == b'(' {
            match self.double_parenthesis(second) {
                Parentheses::Arithmetic(limit) => {
                    self.pos = second + 1;
                    let expression = self.arithmetic(open, limit);
                    self.pos = self.joined(limit + 1) + 1;
                    return self.with_redirects(CommandKind::Arithmetic(expression), open);
                }
                Parentheses::Unterminated => {
                    let span = self.span_of(open, second + 1);
                    self.fail("unterminated '(('", span);
                    return Command::nothing(span);
                }
                Parentheses::Nested => {}
            }
        }
        self.pos = open + 1;
        let script = self.body(open);
        if !self.eat(b')') {
            let span = self.span_of(open, open + 1);
            self.unclosed("unterminated '('", span);
        }
        self.with_redirects(CommandKind::Subshell(script), open)
    }

    fn for_command(&mut self, open: usize, select: bool) -> CommandKind {
        let keyword_end = self.pos;
        self.blanks();
        if self.byte() == b'(' && !select {
            return self.arithmetic_for(open);
        }
        let start = self.pos;
        let variable = self.word(0);
        if variable.parts.is_empty() {
            let span = self.span_of(open, keyword_end);
            self.unclosed("loop without a variable", span);
        }
        let name = self.literal(&variable, start);
        let words = self.for_words(open);
        let body = self.loop_body(open, keyword_end);
        CommandKind::For { name, words, body, select }
    }

    /// Reads `in words;`, zsh's `(words)`, or nothing.
    fn for_words(&mut self, open: usize) -> Option<Vec<Word>> {
        self.blanks();
        if self.byte() == b'(' {
            return Some(self.zsh_words(open));
        }
        if self.eat(b';') {
            self.newlines();
            return None;
        }
        self.newlines();
        if !self.takes_word("in") {
            // zsh lets several variables go round together.
            while !self.done() && !self.stopped() && self.loop_body_missing() {
                self.note_zsh(open, self.pos);
                self.word(0);
                self.blanks();
                if self.takes_word("in") {
                    return Some(self.word_list());
                }
                if is(self.byte(), META) {
                    break;
                }
            }
            return None;
        }
        Some(self.word_list())
    }

    fn loop_body_missing(&self) -> bool {
        !is(self.byte(), META)
            && !matches!(self.keyword(), Some((Keyword::Do | Keyword::OpenBrace, _)))
    }

    /// Takes the bare word `expected`.
    fn takes_word(&mut self, expected: &str) -> bool {
        let mut pos = self.joined(self.pos);
        for byte in expected.bytes() {
            if self.at(pos) != byte {
                return false;
            }
            pos = self.joined(pos + 1);
        }
        let found = is(self.at(pos), META);
        if found {
            self.pos = pos;
        }
        found
    }

    fn word_list(&mut self) -> Vec<Word> {
        let mut words = Vec::new();
        loop {
            self.blanks();
            if is(self.byte(), META) && !self.substitution_here() {
                break;
            }
            let word = self.word(BRACES | GROUPS);
            words.push(word);
        }
        if !self.eat(b';') && self.byte() != b'\n' && !self.done() {
            self.unexpected();
        }
        self.newlines();
        words
    }

    fn zsh_words(&mut self, open: usize) -> Vec<Word> {
        let from = self.pos;
        self.note_zsh(open, from + 1);
        self.pos += 1;
        let mut words = Vec::new();
        loop {
            self.newlines();
            if is(self.byte(), META) && !self.substitution_here() {
                break;
            }
            let word = self.word(BRACES | GROUPS);
            words.push(word);
        }
        if !self.eat(b')') {
            let span = self.span_of(from, from + 1);
            self.unclosed("unterminated '('", span);
        }
        self.blanks();
        self.eat(b';');
        words
    }

    /// Reads `do .. done`, `{ .. }`, or the one command of a zsh short loop.
    fn loop_body(&mut self, open: usize, to: usize) -> Script {
        self.newlines();
        match self.keyword() {
            Some((Keyword::Do, end)) => {
                self.pos = end;
                let body = self.body(open);
                self.close(Keyword::Done, "unterminated loop", open, to);
                body
            }
            Some((Keyword::OpenBrace, end)) => {
                self.pos = end;
                let body = self.body(open);
                self.close(Keyword::CloseBrace, "unterminated loop", open, to);
                body
            }
            _ if self.done() => {
                let span = self.span_of(open, to);
                self.fail("unterminated loop", span);
                Script::default()
            }
            _ => self.short_body(open),
        }
    }

    fn short_body(&mut self, open: usize) -> Script {
        let from = self.pos;
        if !self.enter(open) {
            return Script::default();
        }
        self.note_zsh(open, from);
        let line = self.line_at(from);
        let command = self.command();
        self.leave();
        let span = self.span(from);
        let first = Pipeline {
            negated: false,
            timed: false,
            stages: vec![Stage { command, stderr_too: false }],
            span,
        };
        Script { items: vec![Item { first, rest: Vec::new(), background: false, line }], span }
    }

    fn arithmetic_for(&mut self, open: usize) -> CommandKind {
        let first = self.pos;
        let second = self.joined(first + 1);
        let found = if self.at(second) == b'(' {
            self.double_parenthesis(second)
        } else {
            Parentheses::Nested
        };
        let Parentheses::Arithmetic(limit) = found else {
            let span = self.span_of(open, first + 1);
            self.fail("loop without a variable", span);
            return CommandKind::Arithmetic(Word::default());
        };
        self.pos = second + 1;
        let header = self.within(limit, |parser| {
            let mut header = [Word::default(), Word::default(), Word::default()];
            for (i, expression) in header.iter_mut().enumerate() {
                *expression = parser.operand(End::Semicolon);
                if i < 2 && !parser.eat(b';') || i == 2 && !parser.done() {
                    let span = parser.span_of(open, limit);
                    parser.fail("arithmetic 'for' needs three expressions", span);
                }
            }
            header
        });
        if !self.stopped() {
            self.pos = self.joined(limit + 1) + 1;
        }
        self.blanks();
        self.eat(b';');
        let body = self.loop_body(open, first);
        CommandKind::ArithmeticFor { header, body }
    }

    fn case_command(&mut self, open: usize) -> CommandKind {
        let to = self.pos;
        self.blanks();
        let subject = self.word(0);
        if subject.parts.is_empty() {
            let span = self.span_of(open, to);
            self.unclosed("unterminated 'case'", span);
        }
        self.newlines();
        if !self.takes_word("in") {
            let span = self.span_of(open, to);
            self.unclosed("unterminated 'case'", span);
        }
        let mut arms = Vec::new();
        loop {
            self.newlines();
            if let Some((Keyword::Esac, end)) = self.keyword() {
                self.pos = end;
                break;
            }
            if self.done() {
                let span = self.span_of(open, to);
                self.fail("unterminated 'case'", span);
                break;
            }
            let arm = self.case_arm(open);
            arms.push(arm);
        }
        CommandKind::Case { subject, arms }
    }

    fn case_arm(&mut self, open: usize) -> CaseArm {
        let patterns = self.case_patterns(open);
        let body = self.script(open);
        match (self.byte(), self.at(self.joined(self.pos + 1))) {
            (b';', following @ (b';' | b'&' | b'|')) => {
                if following == b'|' {
                    self.note_zsh(self.pos, self.pos + 2);
                }
                self.pos = self.joined(self.pos + 1) + 1;
                if following == b';' && self.at(self.joined(self.pos)) == b'&' {
                    self.pos = self.joined(self.pos) + 1;
                }
            }
            _ => {
                if !self.done() && !matches!(self.keyword(), Some((Keyword::Esac, _))) {
                    self.unexpected();
                }
            }
        }
        CaseArm { patterns, body }
    }

    fn case_patterns(&mut self, open: usize) -> Vec<Word> {
        let mut patterns = Vec::with_capacity(1);
        self.eat(b'(');
        loop {
            self.blanks();
            let pattern = self.word(0);
            if pattern.parts.is_empty() {
                let span = self.span_of(open, open + 4);
                self.unclosed("unterminated 'case'", span);
                return patterns;
            }
            patterns.push(pattern);
            self.blanks();
            if self.eat(b'|') {
                continue;
            }
            if !self.eat(b')') {
                let span = self.span_of(open, open + 4);
                self.unclosed("unterminated 'case'", span);
            }
            return patterns;
        }
    }

    /// Reads a function from its `function` on.
    fn function_command(&mut self, open: usize) -> Command {
        self.blanks();
        let start = self.pos;
        let word = self.word(COMMAND);
        let name = self.literal(&word, start);
        if word.parts.is_empty() {
            let to = self.pos;
            let span = self.span_of(open, to);
            self.unclosed("function without a name", span);
        }
        self.blanks();
        if self.byte() == b'(' && self.empty_parentheses(self.pos) {
            self.pass_empty_parentheses();
        }
        self.function_body(open, name)
    }

    /// Reads a function of which `words` were read and `()` follows.
    pub(super) fn defined_function(&mut self, open: usize, words: &[Word]) -> Command {
        let name = words.first().map_or_else(Box::default, |word| self.literal(word, open));
        if words.len() > 1 {
            self.note_zsh(open, self.pos);
        }
        self.pass_empty_parentheses();
        self.function_body(open, name)
    }

    fn pass_empty_parentheses(&mut self) {
        self.pos += 1;
        self.blanks();
        self.eat(b')');
    }

    fn function_body(&mut self, open: usize, name: Box<str>) -> Command {
        self.newlines();
        if !self.enter(open) {
            return Command::nothing(self.span(open));
        }
        if self.done() {
            let span = self.span(open);
            self.fail("function without a body", span);
        } else if !self.compound_here() {
            self.note_zsh(open, self.pos);
        }
        let body = self.command();
        self.leave();
        let span = self.span_of(open, body.span.to as usize);
        let kind = CommandKind::Function { name, body: Rc::new(body) };
        Command { kind, redirects: Vec::new(), span }
    }

    /// Whether a compound command begins here.
    fn compound_here(&self) -> bool {
        self.byte() == b'('
            || matches!(
                self.keyword(),
                Some((
                    Keyword::If
                        | Keyword::While
                        | Keyword::Until
                        | Keyword::For
                        | Keyword::Select
                        | Keyword::Case
                        | Keyword::OpenBrace
                        | Keyword::Conditional,
                    _
                ))
            )
    }

    fn coproc(&mut self, open: usize) -> Command {
        self.blanks();
        let mut name = None;
        if !self.compound_here() {
            name = self.coproc_name();
        }
        if !self.enter(open) {
            return Command::nothing(self.span(open));
        }
        let body = Box::new(self.command());
        self.leave();
        let span = self.span_of(open, body.span.to as usize);
        Command { kind: CommandKind::Coproc { name, body }, redirects: Vec::new(), span }
    }

    /// Takes the name of a coprocess: a word before a compound command.
    fn coproc_name(&mut self) -> Option<Box<str>> {
        let from = self.pos;
        let mut end = from;
        while is(self.at(end), NAME) {
            end += 1;
        }
        if end == from || !matches!(self.at(self.joined(end)), b' ' | b'\t') {
            return None;
        }
        self.pos = end;
        self.blanks();
        if self.compound_here() {
            return Some(self.slice(from, end).into());
        }
        self.pos = from;
        None
    }

    /// Whether zsh's `repeat`, which ends at `end`, is followed by a count and
    /// then by a command.
    fn repeats(&self, end: usize) -> bool {
        matches!(self.at(end), b' ' | b'\t')
    }

    /// zsh's `repeat count body`, as a loop whose condition is `repeat count`:
    /// for bash that is a command like any other.
    fn repeat_command(&mut self, open: usize) -> CommandKind {
        let keyword = Word { parts: vec![Part::Bare("repeat".into())], span: self.span(open) };
        self.blanks();
        let count = self.word(BRACES | GROUPS);
        let span = self.span(open);
        self.note_zsh(open, self.pos);
        let line = self.line_at(open);
        let words = vec![keyword, count];
        let command = Command {
            kind: CommandKind::Simple { assignments: Vec::new(), words },
            redirects: Vec::new(),
            span,
        };
        let first = Pipeline {
            negated: false,
            timed: false,
            stages: vec![Stage { command, stderr_too: false }],
            span,
        };
        let items = vec![Item { first, rest: Vec::new(), background: false, line }];
        let condition = Script { items, span };
        let to = self.pos;
        self.blanks();
        self.eat(b';');
        self.newlines();
        let body = if self.done() || self.byte() == b')' {
            Script::default()
        } else {
            self.loop_body(open, to)
        };
        CommandKind::Loop { until: false, condition, body }
    }

    /// The text of a word that is used as a name; its source where it expands.
    fn literal(&self, word: &Word, from: usize) -> Box<str> {
        let mut text = String::new();
        for part in &word.parts {
            match part {
                Part::Bare(piece) | Part::Quoted(piece) => text.push_str(piece),
                Part::Double(inner) => match inner.as_slice() {
                    [] => {}
                    [Part::Quoted(piece)] => text.push_str(piece),
                    _ => return self.slice(from, self.pos).trim().into(),
                },
                _ => return self.slice(from, self.pos).trim().into(),
            }
        }
        text.into()
    }
}
