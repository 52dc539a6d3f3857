//! Here-documents: their bodies follow the line that their operators are on.

use super::cursor::Parser;
use super::tree::{Command, CommandKind, Part, Pipeline, RedirectOperator, Script, Word};
use super::words::Inside;
use crate::span::Span;
use std::rc::Rc;

/// The here-documents of one script, substitutions in it excepted.
#[derive(Default)]
pub(super) struct Heredocs {
    /// Operators whose bodies were not met yet.
    pub(super) pending: Vec<Pending>,
    /// Bodies read, in the order of their operators.
    bodies: Vec<Word>,
}

pub(super) struct Pending {
    pub(super) delimiter: String,
    /// Nothing expands in the body.
    pub(super) quoted: bool,
    /// `<<-`
    pub(super) strip: bool,
    /// Its substitution was closed before its body came.
    orphan: bool,
    span: Span,
}

impl Pending {
    pub(super) const fn new(delimiter: String, quoted: bool, strip: bool, span: Span) -> Self {
        Self { delimiter, quoted, strip, orphan: false, span }
    }
}

impl Parser<'_> {
    /// Reads the bodies that begin here, at the start of a line.
    pub(super) fn read_bodies(&mut self) {
        if self.heredocs.pending.is_empty() {
            return;
        }
        for pending in std::mem::take(&mut self.heredocs.pending) {
            let body = self.heredoc_body(&pending);
            if !pending.orphan {
                self.heredocs.bodies.push(body);
            }
        }
    }

    fn heredoc_body(&mut self, pending: &Pending) -> Word {
        let from = self.pos;
        let mut line = from;
        // The end of the input ends a body too, with no more than a warning.
        let (to, after) = loop {
            if line >= self.end {
                break (line, line);
            }
            match self.delimits(line, pending) {
                Line::Delimiter(after) => break (line, after),
                Line::Text(next) => line = next,
            }
        };
        self.pay(1);
        // A body is looked through for its end before it is read, and there may
        // be substitutions with here-documents in it.
        self.charge_lookahead(from, to);
        let span = self.span_of(from, to);
        let mut parts = Vec::new();
        if !pending.quoted {
            self.within(to, |parser| {
                let inside = Inside::HereDocument { strip: pending.strip };
                if pending.strip {
                    while parser.byte() == b'\t' {
                        parser.pos += 1;
                    }
                }
                parser.quoted(&mut parts, inside);
            });
        } else if from < to {
            let text = self.slice(from, to);
            let text = if pending.strip { untabbed(text) } else { text.into() };
            self.push(&mut parts, Part::Quoted(text));
        }
        if !self.stopped() {
            self.pos = after;
        }
        Word { parts, span }
    }

    /// Whether the line that begins at `from` is the delimiter, and where what
    /// follows it begins. In an expanding body a backslash joins lines first.
    fn delimits(&self, from: usize, pending: &Pending) -> Line {
        let mut expected = pending.delimiter.bytes();
        let mut pos = from;
        if pending.strip {
            while self.at(pos) == b'\t' {
                pos += 1;
            }
        }
        let mut same = true;
        loop {
            if !pending.quoted {
                pos = self.joined(pos);
            }
            let byte = self.at(pos);
            if pos >= self.end || byte == b'\n' {
                let next = (pos + 1).min(self.end);
                let matched = same && expected.len() == 0;
                return if matched { Line::Delimiter(next) } else { Line::Text(next) };
            }
            if same && expected.len() == 0 && self.substitutions > 0 && self.closes_later(pos) {
                return Line::Delimiter(pos);
            }
            same = same && expected.next() == Some(byte);
            pos += 1;
            // An escaped backslash joins nothing.
            if !pending.quoted && byte == b'\\' && self.at(pos) == b'\\' {
                same = same && expected.next() == Some(b'\\');
                pos += 1;
            }
        }
    }

    /// In a substitution bash takes `END)` for the end as well.
    fn closes_later(&self, pos: usize) -> bool {
        let line = self.find(pos, b'\n').unwrap_or(self.end);
        self.slice(pos, line).contains(')')
    }

    /// Gives the here-documents of `script` the bodies that were read for it.
    /// Where the substitution it is in was closed first, the bodies still
    /// follow the line, and are skipped there.
    pub(super) fn settle(&mut self, script: &mut Script, heredocs: Heredocs) {
        for pending in heredocs.pending {
            if !pending.orphan {
                self.complain("here-document without a body in its substitution", pending.span);
            }
            self.heredocs.pending.push(Pending { orphan: true, ..pending });
        }
        if !heredocs.bodies.is_empty() {
            fill(script, &mut heredocs.bodies.into_iter());
        }
    }

    /// The same for a whole text, at the end of which bodies may be missing.
    pub(super) fn settle_all(&mut self, script: &mut Script) {
        let heredocs = std::mem::take(&mut self.heredocs);
        if !heredocs.bodies.is_empty() {
            fill(script, &mut heredocs.bodies.into_iter());
        }
    }
}

enum Line {
    /// The delimiter; reading goes on here.
    Delimiter(usize),
    /// Text; the next line begins here.
    Text(usize),
}

fn untabbed(text: &str) -> Box<str> {
    let mut lines = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        lines.push_str(line.trim_start_matches('\t'));
    }
    lines.into()
}

type Bodies = std::vec::IntoIter<Word>;

/// Hands out `bodies` in the order of the operators. Substitutions inside
/// words have had theirs.
fn fill(script: &mut Script, bodies: &mut Bodies) {
    for item in &mut script.items {
        fill_pipeline(&mut item.first, bodies);
        for (_, pipeline) in &mut item.rest {
            fill_pipeline(pipeline, bodies);
        }
    }
}

fn fill_pipeline(pipeline: &mut Pipeline, bodies: &mut Bodies) {
    for stage in &mut pipeline.stages {
        fill_command(&mut stage.command, bodies);
    }
}

fn fill_command(command: &mut Command, bodies: &mut Bodies) {
    match &mut command.kind {
        CommandKind::Simple { .. } | CommandKind::Arithmetic(_) | CommandKind::Conditional(_) => {}
        CommandKind::Subshell(script) | CommandKind::Group(script) => fill(script, bodies),
        CommandKind::If { arms, otherwise } => {
            for (condition, body) in arms {
                fill(condition, bodies);
                fill(body, bodies);
            }
            if let Some(body) = otherwise {
                fill(body, bodies);
            }
        }
        CommandKind::Loop { condition, body, .. } => {
            fill(condition, bodies);
            fill(body, bodies);
        }
        CommandKind::For { body, .. } | CommandKind::ArithmeticFor { body, .. } => {
            fill(body, bodies)
        }
        CommandKind::Case { arms, .. } => {
            for arm in arms {
                fill(&mut arm.body, bodies);
            }
        }
        CommandKind::Function { body, .. } => {
            if let Some(body) = Rc::get_mut(body) {
                fill_command(body, bodies);
            }
        }
        CommandKind::Coproc { body, .. } => fill_command(body, bodies),
    }
    for redirect in &mut command.redirects {
        if redirect.operator == RedirectOperator::HereDocument
            && let Some(body) = bodies.next()
        {
            redirect.target = body;
        }
    }
}
