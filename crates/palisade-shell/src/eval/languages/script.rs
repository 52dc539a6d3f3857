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

use super::super::Eval;
use super::super::lower::opaque;
use super::super::value::{Field, Stream};
use crate::effect::{EffectKind, Labels, Writing};
use crate::programs::Language;
use crate::span::Span;
use crate::text::{ANY, Text};

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A name or a dotted chain of names (`os.path.join`, `$x`, `ENV`).
    Name(String),
    /// A string; `true` where it interpolates or runs (backquotes).
    Text(String, bool),
    Mark(char),
}

/// What a call does with its arguments.
#[derive(Clone, Copy, PartialEq)]
enum Sink {
    Shell,
    Argv,
    Read,
    Write,
    Delete,
    DeleteTree,
    Move,
    Mode,
    Connect,
    Send,
    Evaluate,
    Decode,
    Load,
    Fork,
    Kill,
    Escalate,
    Open,
    Environment,
    Link,
}

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
    };
    scan.walk(eval, &tokens);
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
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token {
                Token::Text(text, true) => {
                    // Backquotes in Perl, Ruby and PHP.
                    self.shell = true;
                    let code = Text::new(text.as_str());
                    let _ = eval.code(Language::Shell, &code, self.labels, "backquotes", self.span);
                }
                Token::Name(name) => self.name(eval, tokens, at, name),
                _ => {}
            }
            at += 1;
        }
    }

    /// `import os as o`, `from os import system as s`, `x = require('fs')`.
    fn read_imports(&mut self, tokens: &[Token]) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            if let Token::Name(word) = token {
                match (word.as_str(), tokens.get(at + 1)) {
                    ("import", Some(Token::Name(module)))
                        if tokens.get(at + 2) == Some(&Token::Name("as".into())) =>
                    {
                        if let Some(Token::Name(short)) = tokens.get(at + 3) {
                            self.imports.push((short.clone(), module.clone()));
                        }
                    }
                    ("from", Some(Token::Name(module)))
                        if tokens.get(at + 2) == Some(&Token::Name("import".into())) =>
                    {
                        let mut next = at + 3;
                        while let Some(Token::Name(item)) = tokens.get(next) {
                            let mut short = item.clone();
                            if tokens.get(next + 1) == Some(&Token::Name("as".into()))
                                && let Some(Token::Name(other)) = tokens.get(next + 2)
                            {
                                short = other.clone();
                                next += 2;
                            }
                            self.imports.push((short, format!("{module}.{item}")));
                            next += 1;
                            if tokens.get(next) == Some(&Token::Mark(',')) {
                                next += 1;
                            } else {
                                break;
                            }
                        }
                        if tokens.get(next) == Some(&Token::Mark('*')) {
                            self.imports.push(("*".into(), module.clone()));
                        }
                    }
                    (name, Some(Token::Mark('='))) if matches!(tokens.get(at + 2), Some(Token::Name(call)) if call == "require") => {
                        if let Some(Token::Text(module, _)) = tokens.get(at + 4) {
                            let module = module.trim_start_matches("node:").to_owned();
                            self.imports.push((name.to_owned(), module));
                        }
                    }
                    (name, Some(Token::Mark('='))) if matches!(tokens.get(at + 2), Some(Token::Name(call)) if call == "__import__") => {
                        if let Some(Token::Text(module, _)) = tokens.get(at + 4) {
                            self.imports.push((name.to_owned(), module.clone()));
                        }
                    }
                    _ => {}
                }
            }
            at += 1;
        }
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

    fn name(&mut self, eval: &mut Eval<'_>, tokens: &[Token], at: usize, name: &str) {
        let full = self.full_name(name);
        let next = tokens.get(at + 1);
        // Plain assignments of literals are remembered.
        if next == Some(&Token::Mark('=')) && tokens.get(at + 2) != Some(&Token::Mark('=')) {
            let (value, _) = self.expression(eval, tokens, at + 2, 0);
            if let Some(value) = value {
                self.variables.retain(|(known, _)| known != name);
                self.variables.push((name.to_owned(), value));
            }
        }
        let Some(kind) = sink(self.language, &full) else { return };
        if kind == Sink::Evaluate && next == Some(&Token::Mark('{')) {
            // Perl's `eval { .. }` catches; it evaluates no text.
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
            if matches!(kind, Sink::Shell | Sink::Argv | Sink::Evaluate)
                && !matches!(tokens.get(at.wrapping_sub(1)), Some(Token::Name(word)) if word == "import" || word == "from")
                && next != Some(&Token::Mark(','))
                && !self.imports.iter().any(|(_, module)| *module == full)
            {
                opaque(eval, self.language, self.labels, self.span);
            }
            return;
        }
        let from = if called { at + 2 } else { at + 1 };
        let arguments = self.arguments(eval, tokens, from, called);
        self.sink(eval, kind, &full, arguments, tokens, at);
    }

    fn sink(
        &mut self,
        eval: &mut Eval<'_>,
        kind: Sink,
        name: &str,
        arguments: Vec<Option<Vec<Text>>>,
        tokens: &[Token],
        at: usize,
    ) {
        let first = arguments.first().cloned().flatten();
        let text = first.as_ref().and_then(|words| words.first()).cloned();
        let field =
            |text: &Text| Field { text: text.clone(), labels: self.labels, span: self.span };
        let (labels, span) = (self.labels, self.span);
        match kind {
            Sink::Shell | Sink::Argv => {
                self.shell = true;
                // A list, or several strings, is an argument vector.
                let words: Option<Vec<Text>> = match &first {
                    Some(list) if list.len() > 1 => Some(list.clone()),
                    _ if kind == Sink::Argv
                        && arguments.len() > 1
                        && arguments.iter().take(8).all(Option::is_some) =>
                    {
                        Some(arguments.iter().flatten().flatten().cloned().collect())
                    }
                    _ if kind == Sink::Argv
                        && matches!(arguments.get(1), Some(Some(list)) if !list.is_empty()) =>
                    {
                        let mut all: Vec<Text> = text.clone().into_iter().collect();
                        all.extend(arguments.get(1).cloned().flatten().unwrap_or_default());
                        Some(all)
                    }
                    _ => None,
                };
                let tainted = self.taint();
                match (words, text) {
                    (Some(mut words), _) => {
                        // `os.execl(path, argv0, ..)` names the program twice.
                        if (name.contains(".exec")
                            || name.contains("spawnl")
                            || name.contains("posix_spawn"))
                            && words.len() > 1
                        {
                            words.remove(1.min(words.len() - 1));
                        }
                        let fields = words.iter().map(&field).collect();
                        let _ = eval.nested("script", |eval| eval.run(fields));
                    }
                    (None, Some(text)) if !text.is_unknown() => {
                        let _ = eval.code(Language::Shell, &text, labels, "script", span);
                    }
                    _ => opaque(eval, Language::Shell, labels.and(tainted), span),
                }
            }
            Sink::Read => {
                if let Some(text) = text {
                    let _ = eval.read_operand(&field(&text));
                }
            }
            Sink::Write => {
                if let Some(text) = text {
                    let path = eval.resolve(&text);
                    let content = arguments
                        .get(1)
                        .cloned()
                        .flatten()
                        .and_then(|words| words.first().cloned());
                    let stream = Stream {
                        text: content.filter(|text| !text.has_unknown()),
                        labels: self.taint(),
                        ..Stream::default()
                    };
                    eval.store(&path, Writing::Replace, &stream, span);
                }
            }
            Sink::Open => {
                let mode = arguments
                    .get(1)
                    .cloned()
                    .flatten()
                    .and_then(|words| words.first().cloned())
                    .unwrap_or_else(|| Text::from("r"));
                let Some(text) = text else { return };
                let mode = mode.raw().to_owned();
                // Perl's and Ruby's open run a command behind or before a pipe.
                let raw = text.raw();
                if let Some(code) = raw.strip_prefix('|').or_else(|| raw.strip_suffix('|'))
                    && matches!(self.language, Language::Perl | Language::Ruby)
                {
                    self.shell = true;
                    let _ = eval.code(Language::Shell, &Text::new(code), labels, "open", span);
                    return;
                }
                let path = eval.resolve(&Text::new(raw.trim_start_matches(['<', '>', '+', ' '])));
                let writes = mode.contains(['w', 'a', 'x', '+'])
                    || raw.starts_with('>')
                    || mode.contains('>');
                if writes {
                    let content = written(self.language, tokens, at);
                    let stream = Stream {
                        text: content.map(Text::new),
                        labels: self.taint(),
                        ..Stream::default()
                    };
                    let how = if mode.contains('a') || raw.starts_with(">>") {
                        Writing::Append
                    } else {
                        Writing::Replace
                    };
                    eval.store(&path, how, &stream, span);
                } else {
                    let _ = eval.read(&path, span);
                }
            }
            Sink::Delete | Sink::DeleteTree => {
                let recursive = kind == Sink::DeleteTree || recursive_option(tokens, at);
                for words in arguments.iter().flatten() {
                    for word in words.iter().take(1) {
                        let path = eval.resolve(word);
                        eval.emit(EffectKind::Delete { path, recursive }, labels, span);
                    }
                    if matches!(self.language, Language::Python | Language::JavaScript) {
                        break;
                    }
                }
                if text.is_none() && recursive {
                    eval.emit(
                        EffectKind::Delete { path: Text::unknown(), recursive },
                        labels,
                        span,
                    );
                }
            }
            Sink::Move => {
                let target =
                    arguments.get(1).cloned().flatten().and_then(|words| words.first().cloned());
                let stream = match &text {
                    Some(text) => {
                        let path = eval.resolve(text);
                        eval.read(&path, span)
                    }
                    None => Stream::default(),
                };
                if let Some(target) = target {
                    let path = eval.resolve(&target);
                    eval.store(&path, Writing::Replace, &stream, span);
                }
            }
            Sink::Link => {
                let target =
                    arguments.get(1).cloned().flatten().and_then(|words| words.first().cloned());
                if let (Some(source), Some(target)) = (&text, target) {
                    let leads = eval.resolve(source);
                    let path = eval.resolve(&target);
                    eval.emit(
                        EffectKind::Write { path: path.clone(), how: Writing::Link },
                        labels,
                        span,
                    );
                    if let Some(known) = path.literal() {
                        let file =
                            super::super::state::File { link: Some(leads), ..Default::default() };
                        eval.state.files.insert(known.to_owned(), file);
                    }
                }
            }
            Sink::Mode => {
                if let Some(text) = text {
                    let path = eval.resolve(&text);
                    let mode = match tokens.get(at + 4) {
                        Some(Token::Name(number)) => number.trim_start_matches("0o").to_owned(),
                        _ => "644".to_owned(),
                    };
                    eval.emit(
                        EffectKind::Mode { path, mode: Text::new(mode), recursive: false },
                        labels,
                        span,
                    );
                }
            }
            Sink::Connect | Sink::Send => {
                self.network = true;
                let host = text.unwrap_or_else(Text::unknown);
                let taint = self.secret_reads(eval);
                let sends = kind == Sink::Send || !taint.is_none();
                eval.connect(&host, sends, labels.and(taint), span);
            }
            Sink::Evaluate => {
                self.evaluates += 1;
                if self.evaluates > 64 {
                    opaque(eval, self.language, labels, span);
                    return;
                }
                match text {
                    Some(text)
                        if !text.is_unknown()
                            && !text.has_unknown()
                            && first.as_ref().is_some_and(|list| list.len() == 1) =>
                    {
                        let _ = eval.code(
                            self.language,
                            &text,
                            labels.and(self.taint()),
                            "evaluated text",
                            span,
                        );
                    }
                    _ => opaque(eval, self.language, labels.and(self.taint()), span),
                }
            }
            Sink::Load => match text {
                Some(text) => {
                    let raw = text.raw();
                    if raw.contains('/') || raw.ends_with(".so") || raw.ends_with(".dll") {
                        let path = eval.resolve(&text);
                        eval.emit(EffectKind::Load { path }, labels, span);
                    } else if matches!(name, "ctypes.CDLL" | "ctypes.cdll.LoadLibrary") {
                        opaque(eval, self.language, labels, span);
                    }
                }
                None if matches!(self.language, Language::Python) => {
                    opaque(eval, self.language, labels.and(self.taint()), span)
                }
                None => {}
            },
            Sink::Fork => {
                if self.loops {
                    eval.emit(EffectKind::ForkBomb, labels, span);
                }
            }
            Sink::Kill => eval.hazard("process/kill-force", span),
            Sink::Escalate => eval.emit(EffectKind::Escalate, labels, span),
            Sink::Decode | Sink::Environment => {}
        }
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

    /// `os.environ`, `process.env`, `%ENV`, `ENV`, `$_ENV`: one variable by its
    /// name is not all of them, and handing all to a child is not showing them.
    fn environment(&mut self, eval: &mut Eval<'_>, tokens: &[Token], at: usize) {
        let named = match tokens.get(at + 1) {
            Some(Token::Mark('[' | '{')) => true,
            Some(Token::Mark('(')) => matches!(tokens.get(at + 2), Some(Token::Text(..))),
            Some(Token::Name(word)) => matches!(word.as_str(), "if" | "and" | "or" | "else"),
            _ => false,
        };
        if named
            || matches!(tokens.get(at.wrapping_sub(1)), Some(Token::Name(word)) if word == "in" && !tokens.iter().any(|token| matches!(token, Token::Name(word) if word == "for" || word == "foreach")))
        {
            return;
        }
        if let Some(Token::Name(name)) = tokens.get(at)
            && [
                "environ.get",
                "environ.setdefault",
                "environ.pop",
                "environ.update",
                "env.fetch",
                "ENV.fetch",
                "ENV.key",
                "environ.__contains__",
                "environ.copy",
            ]
            .iter()
            .any(|tail| name.ends_with(tail))
        {
            return;
        }
        if handed_on(tokens, at) {
            return;
        }
        let shows = tokens.iter().any(|token| match token {
            Token::Name(name) => {
                let last = name.rsplit('.').next().unwrap_or(name);
                matches!(
                    last,
                    "print"
                        | "pprint"
                        | "puts"
                        | "p"
                        | "pp"
                        | "log"
                        | "write"
                        | "dumps"
                        | "dump"
                        | "stringify"
                        | "echo"
                        | "print_r"
                        | "var_dump"
                        | "say"
                        | "printf"
                        | "post"
                        | "urlopen"
                        | "send"
                        | "sendall"
                        | "table"
                        | "dir"
                        | "inspect"
                        | "writeFileSync"
                        | "error"
                        | "keys"
                        | "values"
                        | "each"
                )
            }
            _ => false,
        });
        let only = tokens.len() <= 3;
        if shows || only {
            eval.emit(EffectKind::DumpEnvironment, Labels::ENVIRONMENT, self.span);
        }
    }

    /// A call's arguments: each a list of texts (one, or those of a list
    /// literal), or none where it is not known.
    fn arguments(
        &mut self,
        eval: &mut Eval<'_>,
        tokens: &[Token],
        from: usize,
        closed: bool,
    ) -> Vec<Option<Vec<Text>>> {
        let mut out = Vec::new();
        let mut at = from;
        for _ in 0..16 {
            match tokens.get(at) {
                None | Some(Token::Mark(')' | ';' | '}')) => break,
                Some(Token::Mark('[' | '(')) => {
                    let end_mark =
                        if tokens.get(at) == Some(&Token::Mark('[')) { ']' } else { ')' };
                    at += 1;
                    let mut list = Vec::new();
                    let mut known = true;
                    while let Some(token) = tokens.get(at) {
                        if *token == Token::Mark(end_mark) {
                            at += 1;
                            break;
                        }
                        if *token == Token::Mark(',') {
                            at += 1;
                            continue;
                        }
                        let (value, next) = self.expression(eval, tokens, at, 0);
                        match value {
                            Some(text) => list.push(text),
                            None => {
                                known &= !list.is_empty();
                                list.push(Text::unknown());
                            }
                        }
                        at = next.max(at + 1);
                        if list.len() > 64 {
                            break;
                        }
                    }
                    out.push((known && !list.is_empty()).then_some(list));
                }
                Some(_) => {
                    let (value, next) = self.expression(eval, tokens, at, 0);
                    out.push(value.map(|text| vec![text]));
                    at = next.max(at + 1);
                }
            }
            // To the next comma of this call.
            let mut depth = 0_i32;
            let mut more = false;
            while let Some(token) = tokens.get(at) {
                match token {
                    Token::Mark('(' | '[' | '{') => depth += 1,
                    Token::Mark(')' | ']' | '}') if depth == 0 => break,
                    Token::Mark(')' | ']' | '}') => depth -= 1,
                    Token::Mark(',') if depth == 0 => {
                        more = true;
                        break;
                    }
                    Token::Mark(';') if !closed => break,
                    _ => {}
                }
                at += 1;
            }
            if !more {
                break;
            }
            at += 1;
        }
        out
    }

    /// The value of an expression of literals, known names, `+`, `.`, `/` and
    /// a few path functions; and where it ends.
    fn expression(
        &mut self,
        eval: &mut Eval<'_>,
        tokens: &[Token],
        from: usize,
        depth: u32,
    ) -> (Option<Text>, usize) {
        if depth > 16 {
            return (None, from + 1);
        }
        let (mut value, mut at) = self.primary(eval, tokens, from, depth);
        loop {
            match tokens.get(at) {
                Some(Token::Mark('+' | '.')) => {
                    let (more, next) = self.primary(eval, tokens, at + 1, depth + 1);
                    value = match (value, more) {
                        (Some(mut a), Some(b)) => {
                            a.push(b.raw());
                            Some(a)
                        }
                        (Some(mut a), None) => {
                            a.push(&ANY.to_string());
                            Some(a)
                        }
                        (None, Some(b)) => {
                            let mut a = Text::unknown();
                            a.push(b.raw());
                            Some(a)
                        }
                        (None, None) => None,
                    };
                    at = next.max(at + 2);
                }
                Some(Token::Mark('/')) if value.is_some() => {
                    let (more, next) = self.primary(eval, tokens, at + 1, depth + 1);
                    if let Some(a) = &mut value {
                        a.push("/");
                        a.push(more.unwrap_or_else(Text::unknown).raw());
                    }
                    at = next.max(at + 2);
                }
                // Adjacent strings are one in Python.
                Some(Token::Text(text, false))
                    if self.language == Language::Python && value.is_some() =>
                {
                    if let Some(a) = &mut value {
                        a.push(text);
                    }
                    at += 1;
                }
                _ => return (value, at),
            }
        }
    }

    fn primary(
        &mut self,
        eval: &mut Eval<'_>,
        tokens: &[Token],
        at: usize,
        depth: u32,
    ) -> (Option<Text>, usize) {
        match tokens.get(at) {
            Some(Token::Text(text, false)) => (Some(Text::new(text.as_str())), at + 1),
            Some(Token::Text(_, true)) => (None, at + 1),
            Some(Token::Mark('(')) => {
                let (value, next) = self.expression(eval, tokens, at + 1, depth + 1);
                (value, if tokens.get(next) == Some(&Token::Mark(')')) { next + 1 } else { next })
            }
            Some(Token::Name(name)) => {
                let full = self.full_name(name);
                let last = full.rsplit('.').next().unwrap_or(&full);
                let called = tokens.get(at + 1) == Some(&Token::Mark('('));
                if !called {
                    let known = self
                        .variables
                        .iter()
                        .rev()
                        .find(|(known, _)| known == name)
                        .map(|(_, text)| text.clone());
                    return (known, at + 1);
                }
                let end = matching(tokens, at + 1);
                match last {
                    "expanduser" | "Path" | "PurePath" | "str" | "String" | "abspath"
                    | "realpath" | "resolve" | "expand_path" | "encode" | "expandvars"
                    | "bytes" | "open" | "require" | "strip" | "normpath" => {
                        let (value, _) = self.expression(eval, tokens, at + 2, depth + 1);
                        let value = value.map(|text| match text.raw().strip_prefix("$HOME") {
                            Some(rest) => Text::new(format!("~{rest}")),
                            None => text,
                        });
                        (value, end)
                    }
                    "home" | "homedir" | "homedir_of" => {
                        (Some(Text::new(eval.context.home.clone())), end)
                    }
                    "getenv" | "get" if matches!(tokens.get(at + 2), Some(Token::Text(text, _)) if text == "HOME") => {
                        (Some(Text::new(eval.context.home.clone())), end)
                    }
                    "join" => {
                        let parts: Vec<Option<Vec<Text>>> =
                            self.arguments(eval, tokens, at + 2, true);
                        let mut path = String::new();
                        for part in &parts {
                            match part.as_ref().and_then(|words| words.first()) {
                                Some(text) if text.raw().starts_with('/') => {
                                    path = text.raw().to_owned()
                                }
                                Some(text) => {
                                    if !path.is_empty() {
                                        path.push('/');
                                    }
                                    path.push_str(text.raw());
                                }
                                None => {
                                    path.push('/');
                                    path.push(ANY);
                                }
                            }
                        }
                        (Some(Text::new(path)), end)
                    }
                    "chr" | "fromCharCode" => {
                        let mut text = String::new();
                        let mut next = at + 2;
                        while let Some(token) = tokens.get(next) {
                            match token {
                                Token::Name(number) => {
                                    match number.parse::<u32>().ok().and_then(char::from_u32) {
                                        Some(letter) => text.push(letter),
                                        None => return (None, end),
                                    }
                                }
                                Token::Mark(',') => {}
                                _ => break,
                            }
                            next += 1;
                        }
                        (Some(Text::new(text)), end)
                    }
                    "b64decode" | "atob" | "base64_decode" | "decode64" | "decode_base64" => {
                        let (value, _) = self.expression(eval, tokens, at + 2, depth + 1);
                        let decoded = value
                            .as_ref()
                            .and_then(Text::literal)
                            .and_then(super::super::decode::base64);
                        (decoded.map(Text::new), end)
                    }
                    "fromhex" | "unhexlify" | "hex2bin" => {
                        let (value, _) = self.expression(eval, tokens, at + 2, depth + 1);
                        let decoded = value
                            .as_ref()
                            .and_then(Text::literal)
                            .and_then(super::super::decode::hex);
                        (decoded.map(Text::new), end)
                    }
                    _ => (None, end),
                }
            }
            _ => (None, at + 1),
        }
    }
}

/// One past the parenthesis that closes the one at `open`.
fn matching(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_i32;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// The literal that a `.write(..)` or `print .. "text"` further on writes.
fn written(language: Language, tokens: &[Token], from: usize) -> Option<String> {
    let mut at = from;
    while let Some(token) = tokens.get(at) {
        if let Token::Name(name) = token
            && (name.ends_with("write")
                || name == "print" && language == Language::Perl
                || name.ends_with("puts"))
        {
            for ahead in 1..4 {
                if let Some(Token::Text(text, _)) = tokens.get(at + ahead) {
                    return Some(text.clone());
                }
            }
        }
        at += 1;
    }
    None
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

fn recursive_option(tokens: &[Token], at: usize) -> bool {
    tokens
        .iter()
        .skip(at)
        .take(12)
        .any(|token| matches!(token, Token::Name(name) if name == "recursive"))
}

/// The sinks of each language, by full name or by a telling last part.
fn sink(language: Language, name: &str) -> Option<Sink> {
    let last = name.rsplit('.').next().unwrap_or(name);
    match language {
        Language::Python => python(name, last),
        Language::Perl => perl(name),
        Language::Ruby => ruby(name, last),
        Language::JavaScript => javascript(name, last),
        Language::Php => php(name),
        Language::Lua => lua(name),
        _ => None,
    }
}

fn python(name: &str, last: &str) -> Option<Sink> {
    Some(match name {
        "os.system"
        | "posix.system"
        | "os.popen"
        | "posix.popen"
        | "commands.getoutput"
        | "commands.getstatusoutput"
        | "subprocess.getoutput"
        | "subprocess.getstatusoutput"
        | "asyncio.create_subprocess_shell"
        | "pty.spawn"
        | "popen2.popen2"
        | "platform.popen"
        | "subprocess.run"
        | "subprocess.call"
        | "subprocess.check_call"
        | "subprocess.check_output"
        | "subprocess.Popen" => Sink::Shell,
        "os.execl"
        | "os.execlp"
        | "os.execle"
        | "os.execv"
        | "os.execvp"
        | "os.execve"
        | "os.execvpe"
        | "os.execlpe"
        | "os.spawnl"
        | "os.spawnlp"
        | "os.spawnv"
        | "os.spawnvp"
        | "os.posix_spawn"
        | "os.posix_spawnp"
        | "asyncio.create_subprocess_exec" => Sink::Argv,
        "os.remove" | "os.unlink" | "os.rmdir" | "posix.remove" | "posix.unlink" => Sink::Delete,
        "shutil.rmtree" | "os.removedirs" => Sink::DeleteTree,
        "os.rename" | "os.replace" | "shutil.move" | "shutil.copy" | "shutil.copyfile"
        | "shutil.copy2" | "shutil.copytree" => Sink::Move,
        "os.symlink" | "os.link" => Sink::Link,
        "os.chmod" => Sink::Mode,
        "open" | "io.open" | "os.open" | "codecs.open" | "builtins.open" => Sink::Open,
        "linecache.getlines" | "fileinput.input" | "mmap.mmap" | "np.loadtxt"
        | "runpy.run_path" => Sink::Read,
        "os.environ" | "posix.environ" | "os.environb" | "os.environ.items" | "os.environ.copy"
        | "os.environ.values" | "os.environ.keys" => Sink::Environment,
        "os.fork" | "posix.fork" => Sink::Fork,
        "os.kill" | "os.killpg" => Sink::Kill,
        "os.setuid" | "os.setgid" | "os.seteuid" | "os.setresuid" | "os.setreuid" => Sink::Escalate,
        "exec"
        | "eval"
        | "execfile"
        | "builtins.exec"
        | "builtins.eval"
        | "code.interact"
        | "code.InteractiveInterpreter"
        | "marshal.loads"
        | "pickle.loads"
        | "cPickle.loads"
        | "types.FunctionType"
        | "timeit.timeit"
        | "runpy.run_module" => Sink::Evaluate,
        "compile" | "builtins.compile" => Sink::Evaluate,
        "ctypes.CDLL"
        | "ctypes.cdll.LoadLibrary"
        | "ctypes.PyDLL"
        | "cffi.FFI"
        | "imp.load_source"
        | "imp.load_dynamic" => Sink::Load,
        "base64.b64decode"
        | "base64.b32decode"
        | "base64.b85decode"
        | "base64.decodebytes"
        | "binascii.unhexlify"
        | "binascii.a2b_base64"
        | "bytes.fromhex"
        | "codecs.decode"
        | "zlib.decompress"
        | "gzip.decompress"
        | "bz2.decompress"
        | "lzma.decompress"
        | "bytearray.fromhex" => Sink::Decode,
        "urllib.request.urlopen"
        | "urllib2.urlopen"
        | "urllib.urlopen"
        | "urllib.request.urlretrieve"
        | "urllib.urlretrieve"
        | "requests.get"
        | "requests.head"
        | "requests.request"
        | "httpx.get"
        | "http.client.HTTPConnection"
        | "http.client.HTTPSConnection"
        | "httplib.HTTPConnection"
        | "socket.create_connection"
        | "ftplib.FTP"
        | "telnetlib.Telnet"
        | "socket.socket"
        | "urlopen"
        | "urllib.request.Request"
        | "aiohttp.ClientSession" => Sink::Connect,
        "requests.post" | "requests.put" | "requests.patch" | "httpx.post" | "smtplib.SMTP"
        | "smtplib.SMTP_SSL" => Sink::Send,
        "requests.delete" => Sink::Send,
        "getattr" | "__import__" | "importlib.import_module" | "builtins.__import__" => {
            return dynamic(name);
        }
        _ => match last {
            // Methods of values whose kind is not followed.
            "system" | "popen" | "check_output" | "check_call" | "Popen" | "getoutput"
            | "spawn"
                if name.contains('.') =>
            {
                Sink::Shell
            }
            "execv" | "execve" | "execvp" | "execl" | "execlp" => Sink::Argv,
            "read_text" | "read_bytes" => Sink::Read,
            "write_text" | "write_bytes" => Sink::Write,
            "rmtree" => Sink::DeleteTree,
            "connect"
                if name.contains('.')
                    && !name.contains("sqlite")
                    && !name.contains("db")
                    && !name.contains("psycopg")
                    && !name.contains("mysql") =>
            {
                Sink::Connect
            }
            "urlopen" => Sink::Connect,
            _ => return None,
        },
    })
}

/// Names looked up at run time: harmless for plain modules, else not known.
fn dynamic(name: &str) -> Option<Sink> {
    match name {
        "getattr" => None,
        _ => Some(Sink::Load),
    }
}

fn perl(name: &str) -> Option<Sink> {
    Some(match name {
        "system" | "exec" | "readpipe" => Sink::Argv,
        "open" | "sysopen" => Sink::Open,
        "unlink" | "rmdir" => Sink::Delete,
        "rmtree" | "remove_tree" => Sink::DeleteTree,
        "rename" | "copy" | "move" => Sink::Move,
        "symlink" | "link" => Sink::Link,
        "eval" | "evalbytes" => Sink::Evaluate,
        "fork" => Sink::Fork,
        "kill" => Sink::Kill,
        "decode_base64" | "pack" | "MIME::Base64::decode" => Sink::Decode,
        "socket"
        | "IO::Socket::INET"
        | "IO::Socket::INET->new"
        | "connect"
        | "LWP::Simple::get"
        | "getprint"
        | "LWP::UserAgent"
        | "HTTP::Tiny" => Sink::Connect,
        "%ENV" => Sink::Environment,
        "setuid" | "POSIX::setuid" => Sink::Escalate,
        _ => return None,
    })
}

fn ruby(name: &str, last: &str) -> Option<Sink> {
    Some(match name {
        "system" | "exec" | "spawn" | "sh" | "Kernel.system" | "Kernel.exec" | "Kernel.spawn"
        | "Process.spawn" | "IO.popen" | "Open3.capture2" | "Open3.capture3" | "Open3.popen3"
        | "PTY.spawn" => Sink::Argv,
        "open" | "File.open" | "File.new" | "Kernel.open" | "IO.open" => Sink::Open,
        "File.read" | "IO.read" | "File.readlines" | "IO.readlines" | "File.binread"
        | "File.foreach" => Sink::Read,
        "File.write" | "IO.write" | "File.binwrite" => Sink::Write,
        "File.delete" | "File.unlink" | "Dir.rmdir" | "FileUtils.rm" | "FileUtils.rm_f" => {
            Sink::Delete
        }
        "FileUtils.rm_rf"
        | "FileUtils.rm_r"
        | "FileUtils.remove_dir"
        | "FileUtils.remove_entry_secure"
        | "FileUtils.rmtree"
        | "FileUtils.remove_entry" => Sink::DeleteTree,
        "FileUtils.mv" | "FileUtils.cp" | "FileUtils.cp_r" | "File.rename" | "FileUtils.copy" => {
            Sink::Move
        }
        "File.symlink" | "FileUtils.ln_s" | "File.link" => Sink::Link,
        "eval" | "instance_eval" | "class_eval" | "Kernel.eval" | "binding.eval" => Sink::Evaluate,
        "ENV" | "ENV.each" | "ENV.to_h" | "ENV.to_a" | "ENV.inspect" | "ENV.map"
        | "ENV.each_pair" => Sink::Environment,
        "fork" | "Process.fork" => Sink::Fork,
        "Process.kill" => Sink::Kill,
        "TCPSocket.new"
        | "TCPSocket.open"
        | "UDPSocket.new"
        | "Net::HTTP.get"
        | "Net::HTTP.get_response"
        | "URI.open"
        | "Net::HTTP.start"
        | "Socket.tcp"
        | "TCPSocket" => Sink::Connect,
        "Net::HTTP.post" | "Net::HTTP.post_form" => Sink::Send,
        "Base64.decode64" | "Base64.strict_decode64" => Sink::Decode,
        "Process::Sys.setuid" | "Process.uid" => Sink::Escalate,
        "Fiddle.dlopen" | "load" => Sink::Load,
        _ => match last {
            "unpack1" | "unpack" | "decode64" => Sink::Decode,
            _ => return None,
        },
    })
}

fn javascript(name: &str, last: &str) -> Option<Sink> {
    Some(match name {
        "eval"
        | "Function"
        | "vm.runInNewContext"
        | "vm.runInThisContext"
        | "vm.Script"
        | "globalThis.eval" => Sink::Evaluate,
        "process.env" | "Deno.env.toObject" | "Bun.env" => Sink::Environment,
        "process.binding" | "process.dlopen" => Sink::Load,
        "process.kill" => Sink::Kill,
        "process.setuid" | "process.setgid" => Sink::Escalate,
        "atob" | "Buffer.from" => Sink::Decode,
        "fetch"
        | "http.get"
        | "https.get"
        | "http.request"
        | "https.request"
        | "net.connect"
        | "net.createConnection"
        | "net.Socket"
        | "axios.get"
        | "XMLHttpRequest"
        | "WebSocket" => Sink::Connect,
        "axios.post" => Sink::Send,
        "Deno.run" | "Deno.Command" | "Bun.spawn" | "Bun.spawnSync" => Sink::Argv,
        "Deno.readTextFile" | "Deno.readTextFileSync" | "Deno.readFileSync" | "Bun.file" => {
            Sink::Read
        }
        "Deno.writeTextFile" | "Deno.writeTextFileSync" | "Bun.write" => Sink::Write,
        "Deno.remove" | "Deno.removeSync" => Sink::Delete,
        _ => match last {
            "execSync" | "execFileSync" | "spawnSync" | "execFile" | "spawn" => Sink::Argv,
            "exec"
                if name == "exec"
                    || name.contains("child_process")
                    || name.starts_with("cp.")
                    || name == ".exec" =>
            {
                Sink::Argv
            }
            "fork" if name.contains("child_process") || name.contains("cluster") => Sink::Fork,
            "readFileSync" | "readFile" | "createReadStream" => Sink::Read,
            "writeFileSync" | "writeFile" | "appendFileSync" | "appendFile"
            | "createWriteStream" => Sink::Write,
            "unlinkSync" | "unlink" | "rmdirSync" | "rmdir" => Sink::Delete,
            "rmSync" | "rm" if name.contains('.') => Sink::Delete,
            "removeSync" | "rimraf" | "rimrafSync" | "sync"
                if name.contains("rimraf") || name.contains("fs") =>
            {
                Sink::DeleteTree
            }
            "copyFileSync" | "copyFile" | "renameSync" | "rename" | "cpSync" => Sink::Move,
            "symlinkSync" | "symlink" | "linkSync" => Sink::Link,
            "chmodSync" | "chmod" => Sink::Mode,
            _ => return None,
        },
    })
}

fn php(name: &str) -> Option<Sink> {
    Some(match name {
        "system" | "exec" | "shell_exec" | "passthru" | "popen" | "proc_open" => Sink::Shell,
        "pcntl_exec" => Sink::Argv,
        "eval" | "assert" | "create_function" | "call_user_func" => Sink::Evaluate,
        "file_get_contents" | "readfile" | "file" | "highlight_file" | "show_source"
        | "fpassthru" => Sink::Read,
        "file_put_contents" => Sink::Write,
        "fopen" => Sink::Open,
        "unlink" | "rmdir" => Sink::Delete,
        "rename" | "copy" => Sink::Move,
        "symlink" | "link" => Sink::Link,
        "chmod" => Sink::Mode,
        "base64_decode" | "gzinflate" | "gzuncompress" | "str_rot13" | "hex2bin" => Sink::Decode,
        "fsockopen" | "pfsockopen" | "curl_init" | "stream_socket_client" | "socket_connect" => {
            Sink::Connect
        }
        "mail" => Sink::Send,
        "$_ENV" | "getenv" | "phpinfo" => Sink::Environment,
        "pcntl_fork" => Sink::Fork,
        "posix_kill" => Sink::Kill,
        "posix_setuid" => Sink::Escalate,
        "include" | "require" | "include_once" | "require_once" | "dl" => Sink::Load,
        _ => return None,
    })
}

fn lua(name: &str) -> Option<Sink> {
    Some(match name {
        "os.execute" | "io.popen" | "vim.fn.system" | "vim.cmd" => Sink::Shell,
        "io.open" => Sink::Open,
        "io.lines" | "io.input" | "dofile" | "loadfile" => Sink::Read,
        "os.remove" => Sink::Delete,
        "os.rename" => Sink::Move,
        "load" | "loadstring" => Sink::Evaluate,
        "package.loadlib" => Sink::Load,
        "socket.connect" | "socket.tcp" => Sink::Connect,
        _ => return None,
    })
}

fn tokens(language: Language, code: &str) -> Vec<Token> {
    let letters: Vec<char> = code.chars().collect();
    let mut out: Vec<Token> = Vec::new();
    let hash_comments = !matches!(language, Language::JavaScript | Language::Lua);
    let slash_comments = matches!(language, Language::JavaScript | Language::Php);
    let runs_backquotes = matches!(language, Language::Perl | Language::Ruby | Language::Php);
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let next = letters.get(at + 1).copied();
        match letter {
            '#' if hash_comments
                && !(matches!(language, Language::Perl)
                    && at > 0
                    && letters.get(at - 1) == Some(&'$')) =>
            {
                while letters.get(at).is_some_and(|letter| *letter != '\n') {
                    at += 1;
                }
            }
            '/' if slash_comments
                && next == Some('/')
                && !(at > 0 && letters.get(at - 1) == Some(&':')) =>
            {
                while letters.get(at).is_some_and(|letter| *letter != '\n') {
                    at += 1;
                }
            }
            '-' if language == Language::Lua && next == Some('-') => {
                while letters.get(at).is_some_and(|letter| *letter != '\n') {
                    at += 1;
                }
            }
            '\'' | '"' | '`' => {
                let triple = language == Language::Python
                    && next == Some(letter)
                    && letters.get(at + 2) == Some(&letter);
                // Prefixes: f'' interpolates, r'' is raw.
                let prefix = match out.last() {
                    Some(Token::Name(name))
                        if language == Language::Python
                            && name.len() <= 2
                            && name.bytes().all(|b| b"rRbBfFuU".contains(&b))
                            && at > 0
                            && letters
                                .get(at - 1)
                                .is_some_and(|before| before.is_ascii_alphabetic()) =>
                    {
                        let name = name.to_ascii_lowercase();
                        out.pop();
                        name
                    }
                    _ => String::new(),
                };
                at += if triple { 3 } else { 1 };
                let mut text = String::new();
                while let Some(&inner) = letters.get(at) {
                    if triple {
                        if inner == letter
                            && letters.get(at + 1) == Some(&letter)
                            && letters.get(at + 2) == Some(&letter)
                        {
                            at += 3;
                            break;
                        }
                    } else if inner == letter {
                        at += 1;
                        break;
                    }
                    if inner == '\\'
                        && let Some(&escaped) = letters.get(at + 1)
                    {
                        text.push('\\');
                        text.push(escaped);
                        at += 2;
                        continue;
                    }
                    text.push(inner);
                    at += 1;
                }
                let plain = prefix.contains('r')
                    || letter == '\''
                        && matches!(language, Language::Perl | Language::Ruby | Language::Php);
                let mut text = if plain {
                    text.replace("\\'", "'").replace("\\\\", "\\")
                } else {
                    super::super::decode::escapes(&text)
                        .replace("\\$", "$")
                        .replace("\\@", "@")
                        .replace("\\`", "`")
                };
                // Interpolations are unknown.
                let interpolates = match language {
                    Language::Python => prefix.contains('f'),
                    Language::JavaScript => letter == '`',
                    Language::Ruby => letter != '\'',
                    Language::Perl | Language::Php => letter != '\'',
                    _ => false,
                };
                if interpolates {
                    text = interpolate(language, &text);
                }
                out.push(Token::Text(text, letter == '`' && runs_backquotes));
            }
            // qx(..), q(..), qq(..), %x(..), %w[..]
            'q' | '%'
                if quote_like(language, &letters, at).is_some()
                    && !matches!(out.last(), Some(Token::Name(_)) if at > 0 && letters.get(at - 1).is_some_and(|before| before.is_ascii_alphanumeric() || *before == '_' || *before == '$')) =>
            {
                if let Some((kind, open, start)) = quote_like(language, &letters, at) {
                    let close = match open {
                        '(' => ')',
                        '[' => ']',
                        '{' => '}',
                        '<' => '>',
                        other => other,
                    };
                    let mut text = String::new();
                    let mut depth = 1;
                    at = start;
                    while let Some(&inner) = letters.get(at) {
                        at += 1;
                        if inner == close {
                            depth -= 1;
                            if depth == 0 {
                                break;
                            }
                        } else if inner == open {
                            depth += 1;
                        }
                        text.push(inner);
                    }
                    let runs = kind == "qx" || kind == "%x";
                    if kind == "%w" || kind == "qw" {
                        out.push(Token::Mark('['));
                        for word in text.split_whitespace() {
                            out.push(Token::Text(word.to_owned(), false));
                            out.push(Token::Mark(','));
                        }
                        out.push(Token::Mark(']'));
                    } else {
                        let text = if kind == "q" || kind == "%q" {
                            text
                        } else {
                            interpolate(language, &text)
                        };
                        out.push(Token::Text(text, runs));
                    }
                }
            }
            '%' if language == Language::Perl && next.is_some_and(|next| next == 'E') => {
                let word: String = letters.get(at..at + 4).unwrap_or(&[]).iter().collect();
                if word == "%ENV" {
                    out.push(Token::Name("%ENV".to_owned()));
                    at += 4;
                } else {
                    out.push(Token::Mark('%'));
                    at += 1;
                }
            }
            _ if letter.is_alphanumeric()
                || letter == '_'
                || letter == '$'
                    && matches!(
                        language,
                        Language::Perl | Language::Php | Language::JavaScript
                    ) =>
            {
                let mut word = String::new();
                while let Some(&inner) = letters.get(at) {
                    let joins = matches!(
                        language,
                        Language::Python | Language::Ruby | Language::JavaScript | Language::Lua
                    );
                    let dotted = inner == '.'
                        && joins
                        && letters
                            .get(at + 1)
                            .is_some_and(|after| after.is_alphabetic() || *after == '_')
                        && !word.starts_with(|first: char| first.is_ascii_digit());
                    let colons = inner == ':'
                        && letters.get(at + 1) == Some(&':')
                        && matches!(language, Language::Perl | Language::Ruby);
                    let optional = inner == '?'
                        && letters.get(at + 1) == Some(&'.')
                        && language == Language::JavaScript;
                    if optional {
                        at += 1;
                        continue;
                    }
                    if colons {
                        word.push_str("::");
                        at += 2;
                        continue;
                    }
                    if inner.is_alphanumeric()
                        || inner == '_'
                        || inner == '$' && word.is_empty()
                        || dotted
                    {
                        word.push(inner);
                        at += 1;
                    } else {
                        break;
                    }
                }
                if language == Language::Lua
                    && letters.get(at) == Some(&':')
                    && letters.get(at + 1).is_some_and(|after| after.is_alphabetic())
                {
                    word.push('.');
                    at += 1;
                    while let Some(&inner) = letters.get(at) {
                        if !(inner.is_alphanumeric() || inner == '_') {
                            break;
                        }
                        word.push(inner);
                        at += 1;
                    }
                }
                if word.is_empty() {
                    at += 1;
                } else {
                    out.push(Token::Name(word));
                }
            }
            // A method of what a call or a string gave: `.exec(`, `.read_text(`.
            '.' if next.is_some_and(|next| next.is_alphabetic() || next == '_')
                && !matches!(language, Language::Perl | Language::Php) =>
            {
                let mut word = String::from(".");
                at += 1;
                while let Some(&inner) = letters.get(at) {
                    if !(inner.is_alphanumeric() || inner == '_' || inner == '.') {
                        break;
                    }
                    word.push(inner);
                    at += 1;
                }
                method(language, &mut out, &word);
            }
            '-' if matches!(language, Language::Perl | Language::Php) && next == Some('>') => {
                at += 2
            }
            _ if letter.is_whitespace() => {
                if letter == '\n' && !matches!(out.last(), Some(Token::Mark(_)) | None) {
                    out.push(Token::Mark(';'));
                }
                at += 1;
            }
            _ => {
                out.push(Token::Mark(letter));
                at += 1;
            }
        }
    }
    out
}

/// `require('child_process').exec(..)`, `__import__('os').system(..)`,
/// `Path('x').read_text()`: the module's or path's name goes before the method.
fn method(language: Language, out: &mut Vec<Token>, word: &str) {
    if let [.., Token::Name(call), Token::Mark('('), Token::Text(text, _), Token::Mark(')')] =
        out.as_slice()
    {
        let text = text.clone();
        match call.rsplit('.').next().unwrap_or(call) {
            "require" | "__import__" | "import_module" => {
                let module = text.trim_start_matches("node:").to_owned();
                out.truncate(out.len() - 4);
                out.push(Token::Name(format!("{module}{word}")));
                return;
            }
            "Path" | "PosixPath" | "expanduser" => {
                // `Path('x').unlink()` becomes `.unlink('x'`, read as a call.
                let last = word.rsplit('.').next().unwrap_or("");
                let name = match last {
                    "read_text" | "read_bytes" => "builtin.read_text",
                    "write_text" | "write_bytes" => "builtin.write_text",
                    "unlink" | "rmdir" => "os.unlink",
                    "open" => "open",
                    _ => "",
                };
                if !name.is_empty() {
                    out.push(Token::Mark(';'));
                    out.push(Token::Name(name.to_owned()));
                    out.push(Token::Mark('('));
                    out.push(Token::Text(text, false));
                    out.push(Token::Mark(','));
                    return;
                }
            }
            _ => {}
        }
    }
    let _ = language;
    out.push(Token::Name(word.to_owned()));
}

fn quote_like(
    language: Language,
    letters: &[char],
    at: usize,
) -> Option<(&'static str, char, usize)> {
    let starts = |word: &str| -> Option<(char, usize)> {
        let mut position = at;
        for expected in word.chars() {
            if letters.get(position) != Some(&expected) {
                return None;
            }
            position += 1;
        }
        let mut open = *letters.get(position)?;
        if open == ' ' {
            position += 1;
            open = *letters.get(position)?;
        }
        (!open.is_alphanumeric()
            && !open.is_whitespace()
            && !matches!(open, ',' | ';' | '=' | ')' | '_' | '.'))
        .then_some((open, position + 1))
    };
    let kinds: &[&'static str] = match language {
        Language::Perl => &["qx", "qq", "qw", "q"],
        Language::Ruby => &["%x", "%w", "%q", "%Q"],
        _ => return None,
    };
    kinds.iter().find_map(|kind| starts(kind).map(|(open, start)| (*kind, open, start)))
}

/// Interpolated parts become unknown.
fn interpolate(language: Language, text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let opens = match language {
            Language::Python => letter == '{' && letters.get(at + 1) != Some(&'{'),
            Language::JavaScript => letter == '$' && letters.get(at + 1) == Some(&'{'),
            Language::Ruby => letter == '#' && letters.get(at + 1) == Some(&'{'),
            Language::Perl | Language::Php => {
                (letter == '$' || letter == '@' && language == Language::Perl)
                    && letters
                        .get(at + 1)
                        .is_some_and(|next| next.is_alphabetic() || *next == '{' || *next == '_')
            }
            _ => false,
        };
        if !opens {
            out.push(letter);
            at += 1;
            continue;
        }
        out.push(ANY);
        at += 1;
        if matches!(language, Language::Perl | Language::Php) && letters.get(at) != Some(&'{') {
            while letters.get(at).is_some_and(|inner| inner.is_alphanumeric() || *inner == '_') {
                at += 1;
            }
            continue;
        }
        let mut depth = i32::from(language == Language::Python);
        while let Some(&inner) = letters.get(at) {
            at += 1;
            match inner {
                '{' => depth += 1,
                '}' => {
                    depth -= 1;
                    if depth <= 0 {
                        break;
                    }
                }
                _ => {}
            }
        }
    }
    out
}

/// Whether the environment at `at` becomes, with additions, that of a child:
/// `env=dict(os.environ, A=1)`, `env = {**os.environ}`, and the name it is
/// given is only added to and handed on.
fn handed_on(tokens: &[Token], at: usize) -> bool {
    let mark = |at: usize, mark: char| {
        matches!(tokens.get(at), Some(Token::Mark(found)) if *found == mark)
    };
    let name = |at: usize| match tokens.get(at) {
        Some(Token::Name(name)) => Some(name.as_str()),
        _ => None,
    };
    let equals = if at >= 3 && mark(at - 1, '(') && name(at - 2) == Some("dict") {
        at - 3
    } else if at >= 4 && mark(at - 1, '*') && mark(at - 2, '*') && mark(at - 3, '{') {
        at - 4
    } else {
        return false;
    };
    let Some(target) = equals.checked_sub(1).and_then(name).filter(|_| mark(equals, '=')) else {
        return false;
    };
    // Only a name that says so: `post(url, json=dict(os.environ))` is none.
    if !target.to_ascii_lowercase().ends_with("env") {
        return false;
    }
    let told = |token: &Token| match token {
        Token::Text(text, inner) => *inner || text.contains([crate::text::ANY]) || text.contains(target),
        Token::Name(name) => matches!(name.as_str(), "locals" | "globals" | "vars" | "eval" | "exec"),
        _ => false,
    };
    if tokens.iter().any(told) {
        return false;
    }
    (0..tokens.len()).filter(|other| *other + 1 != equals).all(|other| match name(other) {
        Some(found) if found == target => {
            mark(other + 1, '[')
                || mark(other + 1, '=')
                || other >= 2 && mark(other - 1, '=') && name(other - 2) == Some("env")
        }
        Some(found) => match found.strip_prefix(target).and_then(|rest| rest.strip_prefix('.')) {
            Some(rest) => matches!(rest, "update" | "pop" | "setdefault"),
            None => true,
        },
        None => true,
    })
}
