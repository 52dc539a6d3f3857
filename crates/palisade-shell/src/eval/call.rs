//! From fields to a command: functions, programs, paths, and code in general.

use std::rc::Rc;

use super::handlers;
use super::state::State;
use super::value::{Field, Stream, Value, Variable};
use super::{Eval, MAX_DEPTH, languages};
use crate::effect::{Code, EffectKind, Labels};
use crate::programs::{self, Language, Program};
use crate::span::Span;
use crate::syntax;
use crate::syntax::tree::Command;
use crate::text::Text;

/// How many programs a pattern in command position is tried as.
const MAX_GLOBBED: usize = 24;

impl Eval<'_> {
    /// Runs a command given as fields; what it prints.
    pub(super) fn run(&mut self, fields: Vec<Field>) -> Stream {
        let Some(first) = fields.first() else { return Stream::nothing() };
        let span = first.span;
        let Some(name) = first.literal() else { return self.run_unknown(fields) };
        if name.is_empty() {
            // An empty word is no program; the shell says so.
            return Stream::nothing();
        }
        let program = programs::lookup(name);
        if !self.state.functions.is_empty()
            && !self.past_functions()
            && let Some(bodies) = self.state.functions.get(name).cloned()
        {
            // Where the function may not be in force, the program of its name
            // may be what runs.
            let other = program.filter(|_| {
                self.state.doubtful.contains(name) && !self.calls.iter().any(|call| **call == *name)
            });
            let Some(program) = other else { return self.call(&bodies, fields) };
            let before = self.fork();
            let _ = self.invoke(program, fields.clone());
            let after = std::mem::replace(&mut self.state, before);
            let stream = self.call(&bodies, fields);
            self.state.join(after);
            return stream;
        }
        if let Some(program) = program {
            return self.invoke(program, fields);
        }
        if !name.is_ascii() {
            self.emit(
                EffectKind::Deceptive { what: "a program name with letters beyond ASCII" },
                Labels::NONE,
                span,
            );
        }
        if name.contains('/') || name.contains('\\') && !name.contains(' ') {
            return self.run_path(fields);
        }
        if let Some(bodies) = self.state.functions.get("command_not_found_handle").cloned() {
            return self.call(&bodies, fields);
        }
        let program = first.text.clone();
        self.enter(&program, &fields, false, |eval| {
            // It may talk to whom it likes.
            eval.talks();
            eval.emit(EffectKind::UnrecognisedProgram, Labels::NONE, span);
            for field in fields.iter().skip(1) {
                eval.maybe_path(field);
            }
            Stream::unknown(eval.stdin.labels)
        })
    }

    /// A stream as far as it is kept.
    fn kept(&mut self, mut stream: Stream) -> Stream {
        let length = stream.text.as_ref().map_or(0, |text| text.raw().len());
        self.spend(length, Span::default());
        if length > super::value::MAX_STREAM {
            stream.text = None;
        }
        stream
    }

    /// The state as it is, to come back to or to join with.
    pub(super) fn fork(&mut self) -> State {
        self.spend(16 * self.state.size(), Span::default());
        self.state.clone()
    }

    /// Whether the command is started by another program, which knows nothing
    /// of the shell's functions.
    fn past_functions(&self) -> bool {
        matches!(self.via, "wrapper" | "exec" | "xargs" | "find -exec" | "fd -x" | "script")
    }

    /// Runs `inside` as a shell of its own: what is not exported may be gone.
    pub(super) fn child_shell<T>(&mut self, inside: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.fork();
        let State { functions, doubtful, variables, exported, .. } = &mut self.state;
        doubtful.extend(functions.keys().cloned());
        for (name, variable) in variables.iter_mut() {
            let given =
                exported.contains(name) || self.temporary.iter().any(|(known, _)| known == name);
            if !given && let Variable::Scalar(value) = variable {
                value.join(&Value::new(Text::unknown(), Labels::NONE));
            }
        }
        let result = inside(self);
        let files = std::mem::take(&mut self.state.files);
        self.state = before;
        self.state.files = files;
        result
    }

    /// A first word that is not known: a pattern is tried as what it fits.
    fn run_unknown(&mut self, fields: Vec<Field>) -> Stream {
        let Some(first) = fields.first() else { return Stream::nothing() };
        let (text, labels, span) = (first.text.clone(), first.labels, first.span);
        let mut printed = Stream::default();
        if !text.has_unknown() {
            // Each pattern is held against every name of the table.
            self.spend(48 * 1024, span);
            if self.overrun {
                self.emit(EffectKind::UnknownWord, labels, span);
                return Stream::unknown(labels);
            }
            let base = text.raw().rsplit('/').next().unwrap_or("");
            let pattern = Text::new(base);
            let fitting: Vec<&'static str> = programs::names()
                .filter(|name| pattern.may_match(name))
                .take(MAX_GLOBBED + 1)
                .collect();
            if fitting.len() <= MAX_GLOBBED {
                for name in fitting {
                    let mut tried = fields.clone();
                    if let Some(word) = tried.first_mut() {
                        word.text = Text::new(name);
                    }
                    printed = self.run(tried);
                }
            }
        }
        self.enter(&text, &fields, true, |eval| {
            eval.emit(EffectKind::UnknownWord, labels, span);
            if labels.has(Labels::DOWNLOADED) || labels.has(Labels::DECODED) {
                eval.emit(
                    EffectKind::Execute { language: Language::Shell, code: Code::Opaque },
                    labels,
                    span,
                );
            }
            for field in fields.iter().skip(1) {
                eval.maybe_path(field);
            }
        });
        printed.text = None;
        printed
    }

    /// A program by its path, outside the system's directories.
    fn run_path(&mut self, fields: Vec<Field>) -> Stream {
        let Some(first) = fields.first() else { return Stream::nothing() };
        let name = first.literal().unwrap_or("");
        // `/usr/bin/../bin/rm` is still what it is.
        let path = self.resolve(&first.text);
        if let Some(known) = path.literal()
            && known != name
            && known.starts_with('/')
            && let Some(program) = programs::lookup(known)
        {
            return self.invoke(program, fields);
        }
        // Wrappers that projects carry with them: `./gradlew` is run as the
        // project's own code, by the entry of that very spelling.
        if let Some(local) = name.strip_prefix("./")
            && let Some(program) = programs::entry(name)
                .or_else(|| programs::entry(local).filter(|program| program.local))
        {
            return self.invoke(program, fields);
        }
        if let Some(original) =
            path.named().and_then(|known| self.state.files.get(known)?.copy_of.clone())
            && let Some(program) = original.literal().and_then(programs::lookup)
        {
            return self.invoke(program, fields);
        }
        let (labels, content) = self.file_facts(&path);
        let span = first.span;
        let program = first.text.clone();
        self.enter(&program, &fields, true, |eval| {
            let language = content.as_ref().map(|text| languages::of_shebang(text.raw()));
            match language {
                Some(language) if is_read(language, content.as_ref()) => {
                    let kind = EffectKind::Execute { language, code: Code::Analysed };
                    eval.emit(kind, labels.without(Labels::WRITTEN), span);
                }
                _ => {
                    eval.emit(EffectKind::Program { path: path.clone() }, labels, span);
                    eval.run_brought(None, span);
                }
            }
            for field in fields.iter().skip(1) {
                eval.maybe_path(field);
            }
            handlers::given_code(eval, &fields);
            // What a package manager has put there is what its name says.
            if let Some(program) = path.literal().and_then(handlers::installed)
                && content.is_none()
            {
                let mut fields = fields.clone();
                if let Some(first) = fields.first_mut() {
                    first.text = Text::new(program.name.get());
                }
                let _ = eval.nested("copy", |eval| eval.invoke(program, fields));
            }
            match content {
                Some(content) => {
                    let language = languages::of_shebang(content.raw());
                    eval.with_arguments(&fields, |eval| {
                        eval.code(language, &content, labels, "script", span)
                    })
                }
                None => {
                    eval.want(&path);
                    Stream::unknown(labels.and(eval.stdin.labels))
                }
            }
        })
    }

    /// Notes that a script's content would say more.
    pub(super) fn want(&mut self, path: &Text) {
        if let Some(known) = path.literal()
            && self.out.wanted.len() < 16
            && !self.state.files.contains_key(known)
            && !self.out.wanted.iter().any(|one| one == known)
        {
            self.out.wanted.push(known.to_owned());
        }
    }

    /// Binds `$0`, `$1`, .. to fields while `inside` runs.
    pub(super) fn with_arguments<T>(
        &mut self,
        fields: &[Field],
        inside: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let values = fields
            .iter()
            .skip(1)
            .map(|field| Value::new(field.text.clone(), field.labels))
            .collect();
        let zero = fields.first().map(|field| Value::new(field.text.clone(), field.labels));
        let positional = std::mem::replace(&mut self.state.positional, values);
        let outer_zero = std::mem::replace(&mut self.state.zero, zero);
        let unknown = std::mem::replace(&mut self.positional_unknown, false);
        let result = inside(self);
        self.state.positional = positional;
        self.state.zero = outer_zero;
        self.positional_unknown = unknown;
        result
    }

    fn call(&mut self, bodies: &[Rc<Command>], fields: Vec<Field>) -> Stream {
        let name: Box<str> = fields.first().and_then(Field::literal).unwrap_or("").into();
        let span = fields.first().map(|field| field.span).unwrap_or_default();
        if self.calls.contains(&name) {
            // It calls itself: once is a loop, twice in one run a bomb.
            self.self_calls += 1;
            if self.self_calls >= 2 {
                self.emit(EffectKind::ForkBomb, Labels::NONE, span);
            }
            return Stream::default();
        }
        if self.depth >= MAX_DEPTH {
            self.over_budget(span, "calls nested deeper than are followed");
            return Stream::default();
        }
        let outer_calls = std::mem::take(&mut self.self_calls);
        self.calls.push(name);
        self.depth += 1;
        let mut printed = Stream::nothing();
        self.locals.push(Vec::new());
        for body in bodies {
            printed = self.with_arguments(&fields, |eval| eval.command(body));
        }
        for (name, outer) in self.locals.pop().unwrap_or_default().into_iter().rev() {
            match outer {
                Some(outer) => self.state.variables.insert(name, outer),
                None => self.state.variables.remove(&name),
            };
        }
        self.depth -= 1;
        self.calls.pop();
        self.self_calls = outer_calls;
        printed
    }

    /// Runs a program of the table.
    pub(super) fn invoke(&mut self, program: &'static Program, fields: Vec<Field>) -> Stream {
        if self.depth >= MAX_DEPTH {
            let span = fields.first().map(|field| field.span).unwrap_or_default();
            self.over_budget(span, "commands nested deeper than are followed");
            return Stream::default();
        }
        let name = fields.first().map(|field| field.text.clone()).unwrap_or_default();
        self.depth += 1;
        let stream = self.enter(&name, &fields, program.interpreter, |eval| {
            handlers::run(eval, program, &fields)
        });
        self.depth -= 1;
        self.kept(stream)
    }

    /// Code in a language, as text: analysed where it is known and the
    /// language is, else opaque. What it prints.
    pub(super) fn code(
        &mut self,
        language: Language,
        code: &Text,
        labels: Labels,
        via: &'static str,
        span: Span,
    ) -> Stream {
        if self.depth >= MAX_DEPTH {
            self.over_budget(span, "code nested deeper than is followed");
            return Stream::default();
        }
        let tainted = labels.has(Labels::DOWNLOADED) || labels.has(Labels::DECODED);
        if tainted {
            let kind = EffectKind::Execute { language, code: Code::Opaque };
            self.emit(kind, labels, span);
        }
        if code.is_unknown() {
            if !tainted {
                self.emit(EffectKind::Execute { language, code: Code::Opaque }, labels, span);
            }
            return Stream::unknown(labels);
        }
        if language == Language::Shell {
            return self.nested(via, |eval| eval.shell_code(code, labels, span));
        }
        let base = self.base;
        self.base = Some(self.span(span));
        self.depth += 1;
        let stream = self.nested(via, |eval| languages::run(eval, language, code, labels, span));
        self.depth -= 1;
        self.base = base;
        stream
    }

    /// Shell text in a shell of its own.
    fn shell_code(&mut self, code: &Text, labels: Labels, span: Span) -> Stream {
        // An unknown part may hold `;` and anything else.
        if code.may_hold_code() {
            self.emit(
                EffectKind::Execute { language: Language::Shell, code: Code::Opaque },
                labels,
                span,
            );
        } else {
            self.emit(
                EffectKind::Execute { language: Language::Shell, code: Code::Analysed },
                labels.without(Labels::DOWNLOADED).without(Labels::DECODED),
                span,
            );
        }
        let base = self.base;
        self.base = Some(self.span(span));
        self.depth += 1;
        let parsed = syntax::parse(code.raw(), &mut self.budget);
        for _ in &parsed.zsh {
            self.emit(EffectKind::ZshOnly, Labels::NONE, span);
        }
        let line = self.line;
        let stream = self.subshell(&parsed.script);
        self.line = line;
        if let Some(problem) = parsed.problem {
            let kind = EffectKind::Unreadable {
                over_budget: problem.over_budget,
                message: problem.message,
            };
            self.emit(kind, Labels::NONE, span);
        }
        self.depth -= 1;
        self.base = base;
        stream.with_labels(labels)
    }

    /// A file run as code.
    pub(super) fn script_file(
        &mut self,
        language: Language,
        field: &Field,
        arguments: &[Field],
    ) -> Stream {
        let span = field.span;
        let path = self.resolve(&field.text);
        if let Some("-" | "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0") = field.literal() {
            return self.input_code(language, span);
        }
        let stream = match path.literal() {
            Some(known) if known.starts_with("/dev/fd/") => {
                let stream = self.read(&path, span);
                self.emit(EffectKind::Execute { language, code: Code::Input }, stream.labels, span);
                stream
            }
            _ => {
                let (labels, content) = self.file_facts(&path);
                let labels = labels.and(field.labels);
                let code = if is_read(language, content.as_ref()) {
                    Code::Analysed
                } else {
                    Code::File(path.clone())
                };
                let shown =
                    if code == Code::Analysed { labels.without(Labels::WRITTEN) } else { labels };
                self.emit(EffectKind::Execute { language, code }, shown, span);
                Stream { text: content, labels, ..Stream::default() }
            }
        };
        match &stream.text {
            Some(text) => self.with_arguments(arguments, |eval| {
                eval.code(language, text, stream.labels, "script", span)
            }),
            None => {
                self.want(&path);
                Stream::unknown(stream.labels.and(self.stdin.labels))
            }
        }
    }

    /// Standard input run as code.
    pub(super) fn input_code(&mut self, language: Language, span: Span) -> Stream {
        let input = self.stdin.clone();
        if input.network {
            self.emit(EffectKind::RemoteShell, input.labels, span);
        }
        if input.text.is_none() || !input.labels.is_none() {
            self.emit(EffectKind::Execute { language, code: Code::Input }, input.labels, span);
        }
        self.reads_code |= input.text.as_ref().is_none_or(Text::is_unknown);
        let mut stream = match &input.text {
            Some(text) if !text.is_unknown() => {
                let outer = std::mem::replace(&mut self.stdin, Stream::nothing());
                let stream = self.code(language, text, input.labels, "standard input", span);
                self.stdin = outer;
                stream
            }
            _ => Stream::unknown(input.labels),
        };
        stream.shell = input.text.is_none();
        stream
    }
}

/// Whether a script's content is known and in a language that is followed, so
/// that what it does is judged in its place.
fn is_read(language: Language, content: Option<&Text>) -> bool {
    let followed = matches!(
        language,
        Language::Shell
            | Language::Python
            | Language::Perl
            | Language::Ruby
            | Language::JavaScript
            | Language::Php
            | Language::Lua
            | Language::Awk
            | Language::Sed
            | Language::Make
    );
    followed && content.is_some_and(|text| text.literal().is_some_and(|text| !text.is_empty()))
}
