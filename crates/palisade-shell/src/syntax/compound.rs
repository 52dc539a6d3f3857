//! Compound commands, but for loops and functions.

use super::arithmetic::{Parentheses, reads_as_command};
use super::commands::Keyword;
use super::cursor::{META, Parser, is};
use super::tree::{CaseArm, Command, CommandKind, Script, Word};

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
    pub(super) fn body(&mut self, open: usize) -> Script {
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
                    if reads_as_command(&expression) {
                        self.note_zsh(open, limit + 1);
                    }
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
}
