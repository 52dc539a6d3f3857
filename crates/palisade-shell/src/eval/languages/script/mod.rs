//! Python, Perl, Ruby, JavaScript, PHP and Lua, read as calls with literal
//! arguments.
//!
//! One scanner serves all six: they share identifiers, dotted chains, strings
//! and calls. It looks for the calls that reach outside (start a program, touch
//! a file, open a connection, evaluate text), evaluates their arguments as far
//! as they are literals, and calls the code opaque where such an argument, or
//! what is evaluated, is not known.
//!
//! Known gaps: a program that builds names at run time in a way not listed
//! here is taken for plain computation; the sandbox is for that.

mod environment;
mod flows;
mod imports;
mod insertions;
mod listings;
mod modules;
mod passed;
mod patterns;
mod perl;
mod sinks;
mod starts;
mod tables;
mod tokens;
mod values;

use tables::{Sink, sink};
use tokens::{Token, tokens};
use values::receiver;

use super::super::Eval;
use super::super::lower::opaque;
use super::super::value::{Field, Stream};
use crate::effect::{Effect, EffectKind, Labels};
use crate::programs::Language;
use crate::span::Span;
use crate::text::Text;

pub(super) fn run(
    eval: &mut Eval<'_>,
    language: Language,
    code: &str,
    labels: Labels,
    span: Span,
) -> Stream {
    let code = if code.len() > 65_536 {
        opaque(eval, language, labels, span);
        let mut end = 65_536;
        while !code.is_char_boundary(end) {
            end -= 1;
        }
        code.get(..end).unwrap_or("")
    } else {
        code
    };
    let tokens = tokens(language, code);
    let labels = labels.and(given(eval, &tokens));
    let mut scan = Scan {
        language,
        labels,
        span,
        variables: Vec::new(),
        shell: false,
        network: false,
        decoded: false,
        evaluates: 0,
        loops: false,
        imports: Vec::new(),
        texts: Vec::new(),
        blind: Vec::new(),
        reading: false,
        sifts: false,
        unpickles: false,
    };
    let tokens = scan.settle(eval, tokens);
    let directory = eval.state.cwd.clone();
    scan.walk(eval, &tokens);
    scan.unquoted(eval, code);
    scan.angles(eval, code);
    scan.names_read(eval);
    scan.run_modules(eval, &tokens);
    eval.state.cwd = directory;
    if scan.unpickles {
        // The person's own data is taken for such; what came from elsewhere is
        // code of somebody else.
        let came = Labels::DOWNLOADED.and(Labels::DECODED).and(Labels::FETCHED);
        let carried = scan.secret_reads(eval).and(scan.taint()).of(came);
        if !carried.is_none() {
            opaque(eval, language, labels.and(carried), span);
        }
    }
    if !scan.network && tables::networks(language, &tokens) {
        // In a way that is not followed, to a place that is not known.
        scan.network = true;
        let taint = scan.secret_reads(eval);
        eval.connect(&Text::unknown(), false, labels.and(taint), span);
    }
    // To where a module that was named before the code connects.
    let before = |effect: &Effect| {
        effect.command == eval.node
            && !effect.labels.has(Labels::GIVEN)
            && matches!(effect.kind, EffectKind::Connect { .. })
    };
    if labels.has(Labels::GIVEN) && eval.out.effects.iter().any(before) {
        eval.connect(&Text::unknown(), false, labels, span);
    }
    if scan.network && scan.shell && wires(&tokens) {
        eval.emit(EffectKind::RemoteShell, labels, span);
    }
    let mut out = Stream::unknown(labels);
    if scan.network {
        out.labels = out.labels.and(Labels::DOWNLOADED);
    }
    if scan.decoded {
        out.labels = out.labels.and(Labels::DECODED);
    }
    if let Some(text) = printed(language, &tokens) {
        out = Stream::known(text).with_labels(labels);
    }
    out
}

/// What code holds that mentions a variable with a secret.
fn given(eval: &Eval<'_>, tokens: &[Token]) -> Labels {
    let given = &eval.context.given;
    let known = |word: &str| given.iter().any(|name| name == word);
    let mentions = !given.is_empty()
        && tokens.iter().any(|token| match token {
            // A text may have the variable put in.
            Token::Text(text, _) => given.iter().any(|name| text.contains(name.as_str())),
            Token::Name(name) => name.rsplit(['.', ':', '$']).next().is_some_and(known),
            Token::Mark(_) => false,
        });
    if mentions { Labels::GIVEN } else { Labels::NONE }
}

/// Code of a language without a scanner: its strings may still name what is
/// protected.
pub(super) fn strings(
    eval: &mut Eval<'_>,
    language: Language,
    code: &str,
    labels: Labels,
    span: Span,
) {
    for token in tokens(language, code) {
        if let Token::Text(text, _) = token {
            let field = Field { text: Text::new(text.as_str()), labels, span };
            if text.starts_with(['/', '~']) {
                eval.maybe_path(&field);
            }
            if text.contains(' ')
                && (text.contains("rm ") || text.contains("curl") || text.contains("sh "))
            {
                let _ = eval.code(Language::Shell, &field.text, labels, "string", span);
            }
        }
    }
}

/// A shell or program wired to a socket: both ends appear, with the calls
/// that join them or the system shell by its path.
fn wires(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| match token {
        Token::Name(name) => {
            name.contains("dup2")
                || name.ends_with("pty.spawn")
                || name.ends_with(".pipe")
                || name.ends_with("fdopen")
                || name.contains("TCPSocket")
                || name.ends_with("fileno")
        }
        Token::Text(text, _) => {
            matches!(
                text.as_str(),
                "/bin/sh"
                    | "/bin/bash"
                    | "sh"
                    | "bash"
                    | "/bin/sh -i"
                    | "/bin/bash -i"
                    | "sh -i"
                    | "bash -i"
                    | "cmd.exe"
                    | "cmd"
                    | "/bin/zsh"
                    | "powershell"
            ) || text.contains(">&")
                || text.contains("<&")
        }
        Token::Mark(_) => false,
    })
}

struct Scan {
    language: Language,
    labels: Labels,
    span: Span,
    variables: Vec<(String, Text)>,
    shell: bool,
    network: bool,
    decoded: bool,
    evaluates: u32,
    loops: bool,
    imports: Vec<(String, String)>,
    /// What it read, as far as known: there may be names in it.
    texts: Vec<Option<Text>>,
    /// What it does to files whose names are not known.
    blind: Vec<Sink>,
    /// Whether it reads files at all.
    reading: bool,
    /// Whether it chooses among those that it lists.
    sifts: bool,
    /// Whether it makes objects of data, which may be any code.
    unpickles: bool,
}

impl Scan {
    fn walk(&mut self, eval: &mut Eval<'_>, tokens: &[Token]) {
        // What flows anywhere in the text counts for what is evaluated.
        for token in tokens {
            if let Token::Name(name) = token {
                let name = self.full_name(name);
                match sink(self.language, &name) {
                    Some(Sink::Decode) => self.decoded = true,
                    Some(Sink::Connect | Sink::Send) => self.network = true,
                    _ => {}
                }
                self.loops |= matches!(name.as_str(), "while" | "for" | "loop" | "until");
            }
        }
        self.read_imports(tokens);
        self.reading = self.reads(tokens);
        self.sifts = Self::chooses(tokens);
        let lists = self.reading || self.deletes(tokens);
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token {
                Token::Text(text, true) => {
                    // Backquotes in Perl, Ruby and PHP.
                    self.shell = true;
                    let code = Text::new(text.as_str());
                    let _ = eval.code(Language::Shell, &code, self.labels, "backquotes", self.span);
                }
                // A method by its name: `FileUtils.method(:rm_rf)`.
                Token::Name(name)
                    if self.language == Language::Ruby
                        && (name == "method" || name.ends_with(".method")) =>
                {
                    self.by_symbol(eval, tokens, at, name);
                }
                // A function by its name in a text: `$f = 'system'`.
                Token::Text(text, false)
                    if matches!(self.language, Language::Php | Language::Perl)
                        && matches!(
                            sink(self.language, text),
                            Some(Sink::Shell | Sink::Argv | Sink::Evaluate)
                        ) =>
                {
                    opaque(eval, self.language, self.labels, self.span);
                }
                Token::Text(text, false)
                    if self.language == Language::Php
                        && matches!(sink(self.language, text), Some(Sink::Delete)) =>
                {
                    self.passed(eval, Sink::Delete, text, tokens, at);
                    self.mentioned(eval, Sink::Delete, text, tokens, at);
                    self.blind.push(Sink::Delete);
                }
                Token::Text(text, false) if self.language == Language::JavaScript => {
                    self.tagged(eval, tokens, at, text);
                }
                Token::Name(name) => {
                    self.name(eval, tokens, at, name);
                    let full = self.full_name(name);
                    self.moved(eval, tokens, at, &full);
                    if lists {
                        self.listed(eval, tokens, at, &full);
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// A search through what is known costs by how much that is.
    fn spend(&self, eval: &mut Eval<'_>) {
        eval.spend(8 * (self.variables.len() + self.imports.len()), self.span);
    }

    fn full_name(&self, name: &str) -> String {
        let (head, tail) = match name.split_once('.') {
            Some((head, tail)) => (head, Some(tail)),
            None => (name, None),
        };
        for (short, full) in &self.imports {
            if short == head {
                return match tail {
                    Some(tail) => format!("{full}.{tail}"),
                    None => full.clone(),
                };
            }
        }
        if tail.is_none()
            && let Some((_, module)) = self.imports.iter().find(|(short, _)| short == "*")
            && sink(self.language, &format!("{module}.{name}")).is_some()
        {
            return format!("{module}.{name}");
        }
        name.to_owned()
    }

    /// Remembers what a name is given, if that is so much as a text.
    fn assigned(&mut self, eval: &mut Eval<'_>, tokens: &[Token], at: usize, name: &str) {
        let next = tokens.get(at + 1);
        // Plain assignments of literals are remembered.
        if next == Some(&Token::Mark('=')) && tokens.get(at + 2) != Some(&Token::Mark('=')) {
            let (value, _) = self.expression(eval, tokens, at + 2, 0);
            self.spend(eval);
            self.variables.retain(|(known, _)| known != name);
            if let Some(value) = value {
                self.variables.push((name.to_owned(), value));
            }
        }
        // `x += ..`, `x .= ..`
        if matches!(next, Some(Token::Mark('+' | '.')))
            && tokens.get(at + 2) == Some(&Token::Mark('='))
        {
            let (more, _) = self.expression(eval, tokens, at + 3, 0);
            if let Some((_, value)) = self.variables.iter_mut().find(|(known, _)| known == name) {
                value.push(more.as_ref().map_or("\u{F0000}", Text::raw));
            }
        }
    }

    fn name(&mut self, eval: &mut Eval<'_>, tokens: &[Token], at: usize, name: &str) {
        let full = self.full_name(name);
        let next = tokens.get(at + 1);
        self.assigned(eval, tokens, at, name);
        let Some(kind) = self.kind(&full, tokens, at) else {
            self.applied(eval, tokens, at, &full);
            return;
        };
        self.over_list(eval, kind, &full, tokens, at);
        if kind == Sink::Evaluate && !self.evaluates_text(&full, tokens, at) {
            return;
        }
        let called = next == Some(&Token::Mark('('));
        let bare = matches!(
            self.language,
            Language::Perl | Language::Ruby | Language::Php | Language::Lua
        );
        if kind == Sink::Environment {
            self.environment(eval, tokens, at);
            return;
        }
        if !called && !bare {
            // A name that is only mentioned: passed on or bound elsewhere.
            self.passed(eval, kind, &full, tokens, at);
            // In a list or a table of functions, called by another name.
            if matches!(
                at.checked_sub(1).and_then(|at| tokens.get(at)),
                Some(Token::Mark('[' | '{' | ':'))
            ) {
                self.mentioned(eval, kind, &full, tokens, at);
            }
            if matches!(kind, Sink::Delete | Sink::DeleteTree) {
                self.blind.push(kind);
            }
            if matches!(kind, Sink::Shell | Sink::Argv | Sink::Evaluate | Sink::Unseen)
                && !matches!(tokens.get(at.wrapping_sub(1)), Some(Token::Name(word)) if word == "import" || word == "from")
                && (next != Some(&Token::Mark(','))
                    || tokens.get(at.wrapping_sub(1)) == Some(&Token::Mark('(')))
                && !self.imports.iter().any(|(_, module)| *module == full)
            {
                opaque(eval, self.language, self.labels, self.span);
            }
            return;
        }
        let from = if called { at + 2 } else { at + 1 };
        let mut arguments = self.arguments(eval, tokens, from, called);
        // `path.read_text()`: the file is what the method is of.
        if matches!(
            full.rsplit('.').next(),
            Some("read_text" | "read_bytes" | "write_text" | "write_bytes" | "unlink" | "rmdir")
        ) && !["builtin.", "os.", "posix.", "fs."].iter().any(|module| full.starts_with(module))
            && (kind != Sink::Delete || self.language == Language::Python)
        {
            let of = match full.rsplit_once('.') {
                Some((head, _)) if !head.is_empty() => self
                    .variables
                    .iter()
                    .rev()
                    .find(|(known, _)| known == head)
                    .map(|(_, text)| text.clone()),
                _ => {
                    let start = receiver(tokens, at);
                    self.expression(eval, tokens.get(..at).unwrap_or(&[]), start, 0).0
                }
            };
            arguments.insert(0, of.map(|text| vec![text]));
        }
        self.sink(eval, kind, &full, arguments, tokens, at);
    }

    /// What evaluated or started text carries, as far as the whole says.
    fn taint(&self) -> Labels {
        let mut labels = Labels::NONE;
        if self.network {
            labels = labels.and(Labels::DOWNLOADED);
        }
        if self.decoded {
            labels = labels.and(Labels::DECODED);
        }
        labels
    }

    /// Labels of what this command read so far: anything of it may be sent.
    fn secret_reads(&self, eval: &Eval<'_>) -> Labels {
        let mut labels = Labels::NONE;
        for effect in &eval.out.effects {
            if effect.command != eval.node {
                continue;
            }
            match &effect.kind {
                EffectKind::Read { .. } => labels = labels.and(effect.labels),
                EffectKind::DumpEnvironment => labels = labels.and(Labels::ENVIRONMENT),
                _ => {}
            }
        }
        labels.without(Labels::WRITTEN)
    }
}

/// What a script that only prints one literal prints: `print("..")`.
fn printed(language: Language, tokens: &[Token]) -> Option<String> {
    let bare: Vec<&Token> =
        tokens.iter().filter(|token| !matches!(token, Token::Mark('(' | ')' | ';'))).collect();
    match bare.as_slice() {
        [Token::Name(name), Token::Text(text, false)]
            if matches!(
                name.as_str(),
                "print" | "puts" | "echo" | "console.log" | "say" | "printf"
            ) =>
        {
            let newline = !(matches!(language, Language::Perl | Language::Php) && name != "say");
            Some(if newline { format!("{text}\n") } else { text.clone() })
        }
        _ => None,
    }
}
