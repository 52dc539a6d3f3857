//! Functions that are named as values, or called through another: the literals
//! beside them are taken for their arguments. And methods that are calls to the
//! outside by what they are of.

use super::tables::{Sink, sink};
use super::tokens::Token;
use super::{Scan, receiver};
use crate::effect::{EffectKind, Writing};
use crate::eval::Eval;
use crate::eval::lower::opaque;
use crate::eval::state::File;
use crate::eval::value::Stream;
use crate::programs::Language;
use crate::text::{STAR, Text};

/// Whether a name of a file is a command whose output is read.
pub(super) fn piped(text: Option<&Text>) -> bool {
    text.is_some_and(|text| text.raw().starts_with('|'))
}

/// The literals in a slice of tokens, but for those that are given to another
/// function: they are that one's, as a pattern is that of `glob`.
fn texts(tokens: &[Token]) -> Vec<Text> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            Token::Mark('(')
                if at.checked_sub(1).and_then(|at| tokens.get(at)).is_some_and(calls) =>
            {
                at += within(tokens, at).len();
            }
            Token::Text(text, false) if found.len() < 16 => found.push(Text::new(text.as_str())),
            _ => {}
        }
        at += 1;
    }
    found
}

/// Whether a bracket behind this token is a call's.
fn calls(token: &Token) -> bool {
    let plain = ["for", "foreach", "list", "tuple", "set", "sorted"];
    matches!(token, Token::Name(name) if !plain.contains(&name.as_str()))
}

/// What stands between the bracket at `open` and its end.
pub(super) fn within(tokens: &[Token], open: usize) -> &[Token] {
    let rest = tokens.get(open + 1..).unwrap_or(&[]);
    let mut depth = 0_i32;
    let end = rest.iter().position(|token| {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') => depth -= 1,
            _ => {}
        }
        depth < 0
    });
    rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest)
}

/// Where the bracket opens that `at` is in, or that closes at `at`.
fn opening(tokens: &[Token], at: usize) -> Option<usize> {
    let mut depth = 0_i32;
    tokens.get(..at)?.iter().rposition(|token| {
        match token {
            Token::Mark(')' | ']' | '}') => depth += 1,
            Token::Mark('(' | '[' | '{') => depth -= 1,
            _ => {}
        }
        depth < 0
    })
}

impl Scan {
    /// Calls what `kind` is of with each of the literals.
    fn each(
        &mut self,
        eval: &mut Eval<'_>,
        kind: Sink,
        name: &str,
        texts: Vec<Text>,
        tokens: &[Token],
        at: usize,
    ) {
        if texts.is_empty() {
            return;
        }
        match kind {
            Sink::Shell | Sink::Argv | Sink::Move | Sink::Rename | Sink::Link => {
                let one = matches!(kind, Sink::Shell | Sink::Argv);
                let arguments = match one {
                    true => vec![Some(texts)],
                    false => texts.into_iter().map(|text| Some(vec![text])).collect(),
                };
                self.sink(eval, kind, name, arguments, tokens, at);
            }
            _ => {
                for text in texts {
                    self.sink(eval, kind, name, vec![Some(vec![text])], tokens, at);
                }
            }
        }
    }

    /// `map(f, ["x"])`, `["x"].map(f)`, `Thread(target=f, args=("x",))`.
    pub(super) fn passed(
        &mut self,
        eval: &mut Eval<'_>,
        kind: Sink,
        name: &str,
        tokens: &[Token],
        at: usize,
    ) {
        let before = |by: usize| at.checked_sub(by).and_then(|at| tokens.get(at));
        let given = match before(1) {
            Some(Token::Mark('(' | ',')) => true,
            Some(Token::Mark('=')) => {
                matches!(before(2), Some(Token::Name(word)) if matches!(word.as_str(), "target" | "func" | "function" | "fn"))
            }
            _ => false,
        };
        let effects = matches!(
            kind,
            Sink::Shell
                | Sink::Argv
                | Sink::Read
                | Sink::Write
                | Sink::Open
                | Sink::Delete
                | Sink::DeleteTree
                | Sink::Move
                | Sink::Rename
        );
        if !given || !effects {
            return;
        }
        eval.spend(tokens.len(), self.span);
        let Some(open) =
            opening(tokens, at).filter(|open| tokens.get(*open) == Some(&Token::Mark('(')))
        else {
            return;
        };
        let inside = within(tokens, open);
        // The function's own name where it is a text.
        let own = matches!(tokens.get(at), Some(Token::Text(..)));
        let mut found = match own {
            true => texts(tokens.get(at + 1..open + 1 + inside.len()).unwrap_or(&[])),
            false => texts(inside),
        };
        // What the list holds whose method this is given to.
        if let Some(close) = open.checked_sub(2)
            && matches!(tokens.get(open - 1), Some(Token::Name(method)) if method.starts_with('.'))
            && tokens.get(close) == Some(&Token::Mark(']'))
            && let Some(start) = opening(tokens, close)
        {
            found.extend(texts(within(tokens, start)));
        }
        // Beside them there may be others, so the function stays passed on.
        self.each(eval, kind, name, found, tokens, at);
    }

    /// A function that is kept somewhere and called by another name: what of
    /// the code's own texts lies outside is taken for what it is given.
    pub(super) fn mentioned(
        &mut self,
        eval: &mut Eval<'_>,
        kind: Sink,
        name: &str,
        tokens: &[Token],
        at: usize,
    ) {
        if !matches!(kind, Sink::Read | Sink::Open | Sink::Write | Sink::Delete | Sink::DeleteTree)
        {
            return;
        }
        eval.spend(tokens.len(), self.span);
        let outside = tokens.iter().filter_map(|token| match token {
            Token::Text(text, false) if text.starts_with(['/', '~']) && text != name => {
                Some(Text::new(text.as_str()))
            }
            _ => None,
        });
        let outside = outside.take(16).collect();
        self.each(eval, kind, name, outside, tokens, at);
    }

    /// Ruby's `FileUtils.method(:rm_rf)`, which is called later.
    pub(super) fn by_symbol(
        &mut self,
        eval: &mut Eval<'_>,
        tokens: &[Token],
        at: usize,
        name: &str,
    ) {
        let inside = within(tokens, at + 1);
        let Some(symbol) = inside.iter().find_map(|token| match token {
            Token::Name(symbol) => Some(symbol.trim_start_matches(':')),
            Token::Text(symbol, _) => Some(symbol.as_str()),
            Token::Mark(_) => None,
        }) else {
            return opaque(eval, self.language, self.labels, self.span);
        };
        let full = format!("{}{symbol}", name.strip_suffix("method").unwrap_or(""));
        match sink(self.language, &full) {
            Some(Sink::Shell | Sink::Argv | Sink::Evaluate) => {
                opaque(eval, self.language, self.labels, self.span);
            }
            Some(kind) => self.mentioned(eval, kind, &full, tokens, at),
            None => {}
        }
    }

    /// What a name does here: by the tables, or by what else the code uses.
    pub(super) fn kind(&self, name: &str, tokens: &[Token], at: usize) -> Option<Sink> {
        let known = sink(self.language, name);
        // All functions of a module at once, of which one is chosen by its place.
        if matches!(name, "Object.values" | "Object.entries")
            && let Some([Token::Name(require), _, Token::Text(module, _)]) =
                tokens.get(at + 2..at + 5)
            && require == "require"
            && matches!(module.trim_start_matches("node:"), "fs" | "fs/promises" | "child_process")
        {
            return Some(Sink::Unseen);
        }
        if known.is_some() || self.language != Language::Python {
            return known;
        }
        let called = tokens.get(at + 1) == Some(&Token::Mark('('));
        match name {
            // Handed on, to be given names that are made up.
            "getattr" if !called => Some(Sink::Unseen),
            // A browser that is a command line with a place for the address.
            "webbrowser.get" if matches!(tokens.get(at + 2), Some(Token::Text(line, _)) if line.contains("%s")) => {
                Some(Sink::Shell)
            }
            // `Trace().run("..")`, `Bdb().run("..")`
            ".run" | ".runcall" if matches!(tokens.get(at + 2), Some(Token::Text(..))) => {
                let uses = |module: &str| {
                    tokens.iter().any(|token| {
                        matches!(token, Token::Name(name) if name.split('.').next() == Some(module))
                    })
                };
                let tools = ["trace", "bdb", "pdb", "cProfile", "profile", "code"];
                tools.iter().any(|module| uses(module)).then_some(Sink::Evaluate)
            }
            _ => None,
        }
    }

    /// Python's `methodcaller("system", ..)` and `attrgetter("system")`: what is
    /// called by a name that stands in a text.
    pub(super) fn by_name(
        &mut self,
        eval: &mut Eval<'_>,
        name: &str,
        symbol: Option<&Text>,
        tokens: &[Token],
        at: usize,
    ) {
        let Some(symbol) = symbol.and_then(Text::literal) else {
            return opaque(eval, self.language, self.labels, self.span);
        };
        let last = symbol.rsplit('.').next().unwrap_or(symbol);
        let modules = ["os", "subprocess", "shutil", "builtins"];
        let kind = modules.iter().find_map(|of| sink(self.language, &format!("{of}.{last}")));
        match kind {
            Some(Sink::Shell | Sink::Argv) if name.ends_with("methodcaller") => {
                let given = texts(within(tokens, at + 1)).split_off(1);
                self.each(eval, Sink::Shell, "os.system", given, tokens, at);
            }
            Some(Sink::Shell | Sink::Argv | Sink::Evaluate | Sink::Delete | Sink::DeleteTree) => {
                opaque(eval, self.language, self.labels, self.span);
            }
            _ => {}
        }
    }

    /// Whether what evaluates text is given any: Perl's `eval { .. }` catches,
    /// Ruby's `class_eval do` takes a block, a timer a function.
    pub(super) fn evaluates_text(&self, name: &str, tokens: &[Token], at: usize) -> bool {
        let next = tokens.get(at + 1);
        match (self.language, next) {
            (_, Some(Token::Mark('{'))) => false,
            (Language::Ruby, next) if name.ends_with("_eval") => {
                !matches!(next, None | Some(Token::Mark('&' | ';')))
                    && !matches!(next, Some(Token::Name(word)) if word == "do")
                    && !matches!(
                        (next, tokens.get(at + 2)),
                        (Some(Token::Mark('(')), Some(Token::Mark('&')))
                    )
            }
            (Language::JavaScript, _) if matches!(name, "setTimeout" | "setInterval") => {
                matches!(tokens.get(at + 2), Some(Token::Text(..)))
            }
            _ => true,
        }
    }

    /// Code that a language has in its text without quotes: `(?{ .. })` in
    /// Perl's patterns, lines with `!` in IPython.
    pub(super) fn unquoted(&mut self, eval: &mut Eval<'_>, code: &str) {
        match self.language {
            Language::Perl => {
                for mark in ["(?{", "(??{"] {
                    for (at, _) in code.match_indices(mark).take(16) {
                        let rest = code.get(at + mark.len()..).unwrap_or("");
                        let inner = rest.split_once("})").map_or(rest, |(inner, _)| inner);
                        let _ = eval.code(
                            Language::Perl,
                            &Text::new(inner),
                            self.labels,
                            "pattern",
                            self.span,
                        );
                    }
                }
            }
            Language::Python => {
                let mut shell = false;
                for line in code.lines() {
                    let line = line.trim_start();
                    let magic = ["!", "%sx ", "%system ", "%%bash", "%%sh", "%%script"];
                    let found = magic.iter().find_map(|magic| line.strip_prefix(magic));
                    // `!=` continues a comparison.
                    let found = found.filter(|rest| !rest.starts_with('='));
                    if let Some(command) = found.or(shell.then_some(line)) {
                        let text = Text::new(command);
                        let (labels, span) = (self.labels, self.span);
                        let _ = eval.code(Language::Shell, &text, labels, "magic", span);
                    }
                    shell |= line.starts_with("%%");
                }
            }
            _ => {}
        }
    }

    /// Perl's `unlink for LIST` and `map {unlink} LIST`.
    pub(super) fn over_list(
        &mut self,
        eval: &mut Eval<'_>,
        kind: Sink,
        name: &str,
        tokens: &[Token],
        at: usize,
    ) {
        let next = match tokens.get(at + 1) {
            Some(Token::Name(word)) if word == "$_" => tokens.get(at + 2),
            other => other,
        };
        let over = match next {
            Some(Token::Name(word)) => matches!(word.as_str(), "for" | "foreach"),
            Some(Token::Mark(mark)) => *mark == '}',
            _ => false,
        };
        if self.language != Language::Perl
            || !over
            || !matches!(kind, Sink::Delete | Sink::DeleteTree)
        {
            return;
        }
        let rest = tokens.get(at + 1..).unwrap_or(&[]);
        let end = rest.iter().position(|token| *token == Token::Mark(';')).unwrap_or(rest.len());
        let found = texts(rest.get(..end).unwrap_or(rest));
        self.each(eval, kind, name, found, tokens, at);
    }

    /// What a name does that is in no table: `f.call(null, "x")`, a method of a
    /// path or an archive, Perl's `@ARGV = ..` and `do FILE`.
    pub(super) fn applied(&mut self, eval: &mut Eval<'_>, tokens: &[Token], at: usize, name: &str) {
        let next = tokens.get(at + 1);
        if self.language == Language::Perl {
            match (name, next) {
                ("ARGV", Some(Token::Mark('='))) => {
                    let rest = tokens.get(at + 2..).unwrap_or(&[]).iter();
                    let line: Vec<Token> =
                        rest.take_while(|token| **token != Token::Mark(';')).cloned().collect();
                    self.each(eval, Sink::Read, name, texts(&line), tokens, at);
                }
                ("do", Some(Token::Text(file, false))) => {
                    let file = vec![Text::new(file.as_str())];
                    self.each(eval, Sink::Script, name, file, tokens, at);
                }
                // A module is named without quotes.
                ("require", Some(Token::Text(file, false))) => {
                    let file = vec![Text::new(file.as_str())];
                    self.each(eval, Sink::Script, name, file, tokens, at);
                }
                _ => {}
            }
            return;
        }
        if next != Some(&Token::Mark('(')) {
            return;
        }
        let Some((head, last)) = name.rsplit_once('.') else { return };
        if matches!(last, "call" | "apply" | "bind" | "__call__")
            && let Some(kind) = sink(self.language, head)
        {
            let found = texts(within(tokens, at + 1));
            self.each(eval, kind, head, found, tokens, at);
            return;
        }
        if self.language == Language::Python {
            eval.spend(tokens.len(), self.span);
            self.python_method(eval, tokens, at, name);
        }
    }

    fn python_method(&mut self, eval: &mut Eval<'_>, tokens: &[Token], at: usize, name: &str) {
        let Some((head, last)) = name.rsplit_once('.') else { return };
        let found = texts(within(tokens, at + 1));
        let uses = |module: &str| {
            tokens
                .iter()
                .any(|token| matches!(token, Token::Name(name) if name.starts_with(module)))
        };
        match last {
            "make_archive" => {
                let sources = found.into_iter().skip(2).collect();
                self.each(eval, Sink::Read, name, sources, tokens, at);
            }
            "unpack_archive" => {
                let places = found.into_iter().skip(1).take(1).collect();
                self.unpack(eval, places);
            }
            "extractall" => self.unpack(eval, found),
            "add" if uses("tarfile") => self.each(eval, Sink::Read, name, found, tokens, at),
            "write" if uses("zipfile") => self.each(eval, Sink::Read, name, found, tokens, at),
            "read" if uses("configparser") => {
                self.each(eval, Sink::Read, name, found, tokens, at);
            }
            "rename" | "replace" | "touch" | "chmod" | "symlink_to" | "hardlink_to" => {
                // Of a path that is made there, or, but for a text's method, of
                // what a variable holds.
                let start = receiver(tokens, at);
                let path =
                    matches!(tokens.get(start), Some(Token::Name(name)) if name.ends_with("Path"));
                let of = match head.is_empty() {
                    true if path => {
                        self.expression(eval, tokens.get(..at).unwrap_or(&[]), start, 0).0
                    }
                    false if uses("pathlib") || uses("Path") => {
                        let known = self.variables.iter().rev().find(|(known, _)| known == head);
                        known.map(|(_, text)| text.clone())
                    }
                    _ => None,
                };
                let Some(of) = of else { return };
                let (kind, words) = match last {
                    "touch" => (Sink::Write, vec![of]),
                    "chmod" => (Sink::Mode, vec![of]),
                    "rename" | "replace" => (
                        Sink::Rename,
                        std::iter::once(of).chain(found.into_iter().take(1)).collect(),
                    ),
                    _ => (Sink::Link, found.into_iter().take(1).chain([of]).collect()),
                };
                self.each(eval, kind, name, words, tokens, at);
            }
            _ => {}
        }
    }

    /// Writes whatever an archive holds below the directories.
    fn unpack(&mut self, eval: &mut Eval<'_>, places: Vec<Text>) {
        for place in places {
            let path = eval.resolve(&Text::new(format!("{}/{STAR}", place.raw())));
            eval.store(&path, Writing::Replace, &Stream::default(), self.span);
        }
    }

    /// A second name for a file.
    pub(super) fn link(
        &mut self,
        eval: &mut Eval<'_>,
        name: &str,
        arguments: &[Option<Vec<Text>>],
    ) {
        let word = |at: usize| arguments.get(at)?.as_ref()?.first();
        let (Some(source), Some(target)) = (word(0), word(1)) else { return };
        let leads = eval.resolve(source);
        // A hard link is the file itself, wherever it then lies.
        if !name.contains("sym") && !name.contains("ln_s") {
            let _ = eval.read(&leads, self.span);
        }
        let path = eval.resolve(target);
        let kind = EffectKind::Write { path: path.clone(), how: Writing::Link };
        eval.emit(kind, self.labels, self.span);
        if let Some(known) = path.literal() {
            let file = File { link: Some(leads), ..Default::default() };
            eval.state.files.insert(known.to_owned(), file);
        }
    }

    /// An owner that is set.
    pub(super) fn owner(&mut self, eval: &mut Eval<'_>, path: Option<&Text>) {
        if let Some(path) = path {
            let path = eval.resolve(path);
            let kind = EffectKind::Owner { path, recursive: false };
            eval.emit(kind, self.labels, self.span);
        }
    }
}
