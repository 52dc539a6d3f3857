//! The abstract interpreter: what would run, on what, with what flowing where.
//!
//! It walks the tree once, in the order a shell would, and takes every branch:
//! no reachability credit is given to `&&`, `||`, `if` or `case`, since that is
//! cheap to be wrong about. Where ways join, variables keep a few alternatives
//! and a command is looked at under each.

mod alternatives;
mod and_or;
mod arguments;
mod arithmetic;
mod assign;
mod call;
mod decode;
mod environment;
mod expand;
mod globbing;
mod handlers;
mod languages;
mod late;
mod locked;
mod loops;
mod lower;
mod parameter;
mod paths;
mod patterns;
mod reaches;
mod redirect;
mod restate;
mod simple;
mod state;
mod trees;
mod unmissed;
mod value;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use crate::effect::{Analysis, Code, Context, Effect, EffectKind, Invocation, Labels};
use crate::programs::Language;
use crate::span::Span;
use crate::syntax::tree::{Command, CommandKind, Item, Pipeline, Redirect, Script, Word};
use crate::syntax::{self, Budget};
use crate::text::Text;
use crate::trees::{Ignored, Needle};
pub(crate) use handlers::shows_names;
pub(crate) use locked::decides as decides_install;
use state::State;
use value::{Field, Stream, Value, Variable};

/// How many commands one input may run, loops and calls counted each time.
const MAX_STEPS: u32 = 1024;
/// How many bytes of text one input may make in all, expansions included.
const MAX_WORK: usize = 1 << 20;
/// The longest value that is kept; a longer one counts as unknown.
const MAX_VALUE: usize = 16 * 1024;
/// How many effects are noted.
const MAX_EFFECTS: usize = 16_384;
/// How deep code may nest in code.
const MAX_DEPTH: u32 = 24;
/// How many combinations of alternatives one command is looked at under.
const MAX_ROUNDS: u32 = 12;

/// A process that goes on reading: `exec > >(..)`, `coproc`.
#[derive(Clone)]
enum Late {
    Script(Rc<Script>),
    Command(Rc<Command>),
}

pub(crate) struct Eval<'c> {
    context: &'c Context,
    out: Analysis,
    state: State,
    stdin: Stream,
    budget: Budget,
    steps: u32,
    depth: u32,
    node: Option<u32>,
    via: &'static str,
    deferred: bool,
    /// Whether what is read now is a project's file among whose words commands
    /// stand.
    project: bool,
    /// Where nested code stands in the outermost input.
    base: Option<Span>,
    choices: Vec<(usize, usize)>,
    choice: usize,
    /// The alternative that everything takes now.
    diagonal: Option<usize>,
    /// Which of the possible directories is meant now.
    place: usize,
    nowhere: Text,
    substitutions: u32,
    sinks: Vec<(String, Rc<Script>)>,
    /// What reads, at the end, what was written to a path meanwhile.
    lasting: Vec<(String, Late)>,
    /// What the shell runs by itself at some time.
    late: Vec<late::LateBody>,
    /// What runs at the same time, as ranges of the effects.
    together: Vec<Range<usize>>,
    /// Whether `$1` and its kin come from outside.
    positional_unknown: bool,
    calls: Vec<Box<str>>,
    self_calls: u32,
    /// Variables whose value as code is being looked at.
    twins: Vec<&'static str>,
    /// What the locals of the functions that run now hide.
    locals: Vec<Vec<(Box<str>, Option<Variable>)>>,
    /// Variables given to the one command that runs now.
    temporary: Vec<(Box<str>, Field)>,
    /// Whether standard output goes to the network now.
    output_network: bool,
    /// Inside a container or another root: where its paths lead on the host.
    container: Option<Vec<(String, Text)>>,
    line: u32,
    /// Bytes of text made so far.
    work: usize,
    overrun: bool,
    /// What else a path may be, by how it was resolved.
    readings: RefCell<BTreeMap<String, BTreeSet<Text>>>,
    /// Spellings that the disk may read in another way.
    spelled: RefCell<BTreeSet<String>>,
    /// Whether a pattern takes in more files than were looked at.
    unseen: Cell<bool>,
    /// Files that were read whose content is not known.
    unread: Vec<String>,
    /// Whether names come out of a file that was read.
    lists: bool,
    /// Whether code comes out of one.
    reads_code: bool,
    /// Whether the line says anew where a repository is pushed to.
    remotes_changed: bool,
    /// What programs were given as their input.
    heard: BTreeSet<Text>,
    /// Which lines the program that runs now shows of what it reads.
    needle: Option<Needle>,
    /// What git ignores, where the line has changed it.
    ignored: Option<Ignored>,
    /// The places at which a program chose the name of a file.
    fresh: Vec<Span>,
    /// What the line has moved: where it lies now, and where it lay.
    moved: Vec<(String, Text)>,
    /// The files of secrets that the line has packed, and the directory that it
    /// packed.
    packed: Vec<(Text, String)>,
}

/// Says what `text` would do if a shell ran it in `context`.
pub(crate) fn analyse(text: &str, context: &Context) -> Analysis {
    let mut eval = Eval::new(context);
    eval.deceptive(text);
    let parsed = syntax::parse(text, &mut eval.budget);
    eval.out.simple = is_simple(&parsed.script) && parsed.problem.is_none();
    for span in &parsed.zsh {
        eval.emit(EffectKind::ZshOnly, Labels::NONE, *span);
    }
    eval.out.printed =
        eval.script(&parsed.script).labels.without(Labels::SETUP.and(Labels::FETCHED));
    eval.drain();
    if let Some(problem) = parsed.problem {
        let kind =
            EffectKind::Unreadable { over_budget: problem.over_budget, message: problem.message };
        eval.emit(kind, Labels::NONE, problem.span);
    }
    eval.finish()
}

/// Says what executing `arguments` without a shell would do in `context`.
pub(crate) fn analyse_argv(arguments: &[String], context: &Context) -> Analysis {
    let mut eval = Eval::new(context);
    let mut fields = Vec::with_capacity(arguments.len());
    let mut at = 0_u32;
    for word in arguments.iter().take(4096) {
        eval.deceptive(word);
        let length = u32::try_from(word.len()).unwrap_or(u32::MAX);
        fields.push(Field::new(word.as_str(), Span::new(at, at.saturating_add(length))));
        at = at.saturating_add(length).saturating_add(1);
    }
    if arguments.iter().map(String::len).sum::<usize>() > syntax::MAX_INPUT {
        eval.over_budget(Span::default(), "the arguments are longer than 64 KiB");
    }
    eval.out.simple = true;
    eval.via = "argv";
    eval.out.printed = eval.run(fields).labels.without(Labels::SETUP.and(Labels::FETCHED));
    eval.finish()
}

fn is_simple(script: &Script) -> bool {
    let [item] = &*script.items else { return false };
    if !item.rest.is_empty() || item.background {
        return false;
    }
    let [stage] = &*item.first.stages else { return false };
    matches!(&stage.command.kind, CommandKind::Simple { assignments, words }
        if assignments.is_empty() && !words.is_empty() && words.iter().all(plain_word))
        && stage.command.redirects.is_empty()
}

/// Whether a word is nothing but text.
fn plain_word(word: &Word) -> bool {
    use crate::syntax::tree::Part;
    word.parts.iter().all(|part| match part {
        Part::Bare(_) | Part::Quoted(_) => true,
        Part::Double(inner) => {
            inner.iter().all(|part| matches!(part, Part::Bare(_) | Part::Quoted(_)))
        }
        _ => false,
    })
}

impl<'c> Eval<'c> {
    fn new(context: &'c Context) -> Self {
        let state = State { cwd: vec![Text::new(context.cwd.clone())], ..State::default() };
        Self {
            context,
            out: Analysis::default(),
            state,
            stdin: Stream::nothing(),
            budget: Budget::default(),
            steps: 0,
            depth: 0,
            node: None,
            via: "",
            deferred: false,
            project: false,
            base: None,
            choices: Vec::new(),
            choice: 0,
            diagonal: None,
            place: 0,
            nowhere: Text::unknown(),
            substitutions: 0,
            sinks: Vec::new(),
            lasting: Vec::new(),
            late: Vec::new(),
            together: Vec::new(),
            positional_unknown: true,
            calls: Vec::new(),
            self_calls: 0,
            twins: Vec::new(),
            locals: Vec::new(),
            temporary: Vec::new(),
            output_network: false,
            container: None,
            line: 0,
            work: 0,
            overrun: false,
            readings: RefCell::default(),
            spelled: RefCell::default(),
            unseen: Cell::default(),
            unread: Vec::new(),
            lists: false,
            reads_code: false,
            remotes_changed: false,
            heard: BTreeSet::new(),
            needle: None,
            ignored: None,
            fresh: Vec::new(),
            moved: Vec::new(),
            packed: Vec::new(),
        }
    }

    fn finish(mut self) -> Analysis {
        let late = self.run_late().labels.without(Labels::SETUP.and(Labels::FETCHED));
        self.out.printed = self.out.printed.and(late);
        if self.unseen.get() {
            let message = "a pattern takes in more files than are looked at";
            self.over_budget(Span::default(), message);
        }
        for (path, file) in &self.state.files {
            if path.starts_with("/dev/fd/") || path.contains(crate::text::NAME) {
                continue;
            }
            let kept = file.labels.without(Labels::FETCHED);
            if kept == file.labels || !kept.is_none() {
                self.out.files.insert(path.clone(), kept);
            }
        }
        if self.out.goes_out() {
            let written = self.state.files.values_mut().filter_map(|file| file.content.take());
            self.out.data = std::mem::take(&mut self.heard).into_iter().chain(written).collect();
        }
        self.out.unmissed = self.unmissed();
        if self.reads_code {
            for path in &self.unread {
                if self.out.wanted.len() < 16 && !self.out.wanted.contains(path) {
                    self.out.wanted.push(path.clone());
                }
            }
        }
        if self.lists {
            self.out.lists = std::mem::take(&mut self.unread);
        }
        self.out.spelled = self.spelled.into_inner().into_iter().collect();
        self.out
    }

    fn span(&self, span: Span) -> Span {
        self.base.unwrap_or(span)
    }

    /// Records an effect of the current command.
    fn emit(&mut self, kind: EffectKind, labels: Labels, span: Span) {
        if let EffectKind::Delete { path, recursive } = &kind {
            for source in self.moved_into(path) {
                let kind = EffectKind::Delete { path: source, recursive: *recursive };
                self.push(kind, labels, span);
            }
        }
        let others = match kind.path() {
            Some(path) if !self.readings.borrow().is_empty() => self.other_readings(path),
            _ => Vec::new(),
        };
        for other in others {
            let mut kind = kind.clone();
            if let Some(path) = kind.path_mut() {
                *path = other;
            }
            self.push(kind, labels, span);
        }
        self.push(kind, labels, span);
    }

    /// What the line has moved to a place that is deleted now.
    fn moved_into(&self, path: &Text) -> Vec<Text> {
        let gone = |place: &str| {
            let above = place.match_indices('/').map(|(at, _)| at).chain([place.len()]);
            above.filter_map(|end| place.get(..end)).any(|above| path.may_match(above))
        };
        let moved = self.moved.iter().filter(|_| !path.is_unknown());
        let mut gone: Vec<Text> = moved
            .filter(|(to, from)| from != path && gone(to))
            .map(|(_, from)| from.clone())
            .collect();
        gone.dedup();
        gone
    }

    fn push(&mut self, kind: EffectKind, labels: Labels, span: Span) {
        let span = self.span(span);
        if let EffectKind::Delete { path, .. } | EffectKind::Write { path, .. } = &kind {
            self.ignores(&path.clone(), None, &Stream::default());
        }
        let effect = Effect { kind, command: self.node, labels, span };
        if self.out.effects.last() == Some(&effect) {
            return;
        }
        if self.out.effects.len() < MAX_EFFECTS {
            self.out.effects.push(effect);
        } else if !self.overrun {
            self.overrun = true;
            let kind = EffectKind::Unreadable {
                over_budget: true,
                message: "more effects than are followed",
            };
            self.out.effects.push(Effect { kind, command: None, labels: Labels::NONE, span });
        }
    }

    fn hazard(&mut self, id: &'static str, span: Span) {
        self.emit(EffectKind::Hazard(id), Labels::NONE, span);
    }

    /// Counts text that was made; past the limit nothing more is followed.
    fn spend(&mut self, bytes: usize, span: Span) {
        self.work = self.work.saturating_add(bytes);
        if self.work > MAX_WORK {
            self.over_budget(span, "the expansions are longer than is followed");
        }
    }

    fn over_budget(&mut self, span: Span, message: &'static str) {
        if !self.overrun {
            self.overrun = true;
            self.emit(EffectKind::Unreadable { over_budget: true, message }, Labels::NONE, span);
        }
    }

    fn opaque_code(&mut self, language: Language, labels: Labels) {
        self.emit(EffectKind::Execute { language, code: Code::Opaque }, labels, Span::default());
    }

    /// Letters that are not what they look like, anywhere in the input.
    fn deceptive(&mut self, text: &str) {
        if text.is_ascii() {
            return;
        }
        for (at, letter) in text.char_indices() {
            let what = match letter {
                '\u{200b}'..='\u{200f}'
                | '\u{2060}'..='\u{2064}'
                | '\u{feff}'
                | '\u{ad}'
                | '\u{180e}' => "an invisible character",
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    "a character that reverses the reading direction"
                }
                '\u{e0000}'..='\u{e007f}' => "an invisible tag character",
                _ => continue,
            };
            let from = u32::try_from(at).unwrap_or(u32::MAX);
            let span = Span::new(from, from.saturating_add(letter.len_utf8() as u32));
            self.emit(EffectKind::Deceptive { what }, Labels::NONE, span);
            return;
        }
    }

    /// A script's items in order; what they print together.
    fn script(&mut self, script: &Script) -> Stream {
        let mut printed = Stream::nothing();
        for item in &script.items {
            if self.overrun {
                break;
            }
            let stream = self.item(item);
            printed.then(stream);
        }
        printed
    }

    fn item(&mut self, item: &Item) -> Stream {
        self.line = item.line;
        let start = self.out.effects.len();
        let outside = item.background.then(|| self.fork());
        let mut printed = self.pipeline(&item.first);
        self.observe();
        if item.background && item.rest.is_empty() {
            self.background();
        }
        if !item.rest.is_empty() {
            printed.then(self.and_or(item));
        }
        if let Some(outside) = outside {
            // What a subshell sets is not set here; its files are.
            self.state.join(outside);
            self.together.push(start..usize::MAX);
        }
        printed
    }

    /// Gives those that went on reading what they were written.
    fn drain(&mut self) {
        for (path, late) in std::mem::take(&mut self.lasting) {
            let file = self.state.files.remove(&path).unwrap_or_default();
            self.stdin = Stream { text: file.content, labels: file.labels, ..Stream::default() };
            let _ = match late {
                Late::Script(script) => self.subshell(&script),
                Late::Command(command) => self.command(&command),
            };
        }
    }

    fn background(&mut self) {
        // A function that starts itself in the background and again.
        if !self.calls.is_empty() && self.self_calls > 0 {
            self.self_calls += 1;
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) -> Stream {
        if let [stage] = &*pipeline.stages {
            return self.command(&stage.command);
        }
        let outer = self.stdin.clone();
        let start = self.out.effects.len();
        let last = pipeline.stages.len().saturating_sub(1);
        let mut flow = Stream::nothing();
        for (at, stage) in pipeline.stages.iter().enumerate() {
            if at > 0 {
                self.stdin = flow;
            }
            let before = self.fork();
            if at < last {
                self.state.exec_output = None;
            }
            flow = self.command(&stage.command);
            if at < last {
                // A stage is a subshell; only files outlive it.
                let files = std::mem::take(&mut self.state.files);
                self.state = before;
                self.state.files = files;
            } else {
                // The last stage is one in bash, and none in zsh.
                self.state.join(before);
            }
        }
        self.stdin = outer;
        self.together.push(start..self.out.effects.len());
        flow
    }

    /// A script whose changes to the state do not last, files aside.
    fn subshell(&mut self, script: &Script) -> Stream {
        let before = self.fork();
        let sinks = std::mem::take(&mut self.sinks);
        let stream = self.script(script);
        self.sinks = sinks;
        let files = std::mem::take(&mut self.state.files);
        self.state = before;
        self.state.files = files;
        stream
    }

    /// Runs `inside` as something nested in the current command, with a
    /// standard input of its own.
    fn nested<T>(&mut self, via: &'static str, inside: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.via, via);
        let result = inside(self);
        self.via = outer;
        result
    }

    fn command(&mut self, command: &Command) -> Stream {
        if let CommandKind::Simple { assignments, words } = &command.kind {
            return self.simple(assignments, words, &command.redirects, command.span);
        }
        let redirected = self.redirect(&command.redirects);
        let stream = match &command.kind {
            CommandKind::Simple { .. } => Stream::nothing(),
            CommandKind::Subshell(script) => self.subshell(script),
            CommandKind::Group(script) => self.script(script),
            CommandKind::If { arms, otherwise } => {
                let mut printed = Stream::nothing();
                let mut ends: Vec<State> = Vec::new();
                for (condition, body) in arms {
                    printed.then(self.script(condition));
                    let before = self.fork();
                    printed.then(self.script(body));
                    ends.push(std::mem::replace(&mut self.state, before));
                }
                if let Some(body) = otherwise {
                    printed.then(self.script(body));
                }
                for end in ends {
                    self.state.join(end);
                }
                printed.text = None;
                printed
            }
            CommandKind::Loop { condition, body, .. } => {
                let mut printed = self.script(condition);
                printed.then(self.repeat(body));
                printed.text = None;
                printed
            }
            CommandKind::For { name, words, body, .. } => {
                let fields = match words {
                    Some(words) => self.expand_words(words),
                    None => self
                        .state
                        .positional
                        .iter()
                        .map(|value| Field {
                            text: value.options.first().cloned().unwrap_or_default(),
                            labels: value.labels,
                            span: Span::default(),
                        })
                        .collect(),
                };
                let labels = fields.iter().fold(Labels::NONE, |all, field| all.and(field.labels));
                let mut options: Vec<Text> = Vec::new();
                for field in fields {
                    if !options.contains(&field.text) {
                        options.push(field.text);
                    }
                }
                let all: Vec<Text> = match options.len() {
                    0 => vec![Text::unknown()],
                    count if count > 64 => vec![Text::unknown()],
                    _ => options,
                };
                let mut printed = Stream::nothing();
                // Few words are tried together as alternatives; more of them
                // in groups, so that none is left out.
                for group in all.chunks(value::MAX_ALTERNATIVES) {
                    let value = Value { options: group.to_vec(), labels };
                    self.give(name, Variable::Scalar(value));
                    printed.then(self.repeat(body));
                }
                printed.text = None;
                printed
            }
            CommandKind::ArithmeticFor { header, body } => {
                for word in header {
                    let _ = self.arithmetic(word);
                }
                let mut printed = self.repeat(body);
                printed.text = None;
                printed
            }
            CommandKind::Case { subject, arms } => {
                let _ = self.expand_single(subject);
                let mut printed = Stream::nothing();
                let mut ends: Vec<State> = Vec::new();
                for arm in arms {
                    for pattern in &arm.patterns {
                        let _ = self.expand_single(pattern);
                    }
                    // `;&` goes on into the next body.
                    let before = self.fork();
                    if let Some(fallen) = ends.last() {
                        self.state.join(fallen.clone());
                    }
                    printed.then(self.script(&arm.body));
                    ends.push(std::mem::replace(&mut self.state, before));
                }
                for end in ends {
                    self.state.join(end);
                }
                printed.text = None;
                printed
            }
            CommandKind::Arithmetic(word) => {
                let _ = self.arithmetic(word);
                Stream::nothing()
            }
            CommandKind::Conditional(tests) => {
                for test in tests {
                    for operand in &test.operands {
                        let field = self.expand_single(operand);
                        match &*test.operator {
                            "-v" | "-R" => self.subscript_code(field.text.raw(), field.labels),
                            "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" => {
                                self.prompt_code(&field.text, field.labels);
                                self.arithmetic_names(&field);
                            }
                            _ => {}
                        }
                    }
                }
                Stream::nothing()
            }
            CommandKind::Function { name, body } => {
                self.state.functions.insert(name.clone(), vec![body.clone()]);
                self.state.doubtful.remove(name);
                if late::is_called(name) {
                    // The shell calls these by itself.
                    let code = Text::new(&**name);
                    self.run_later(&code, Labels::NONE, "function", command.span);
                }
                Stream::nothing()
            }
            CommandKind::Coproc { name, body } => {
                let start = self.out.effects.len();
                let outer = std::mem::replace(&mut self.stdin, Stream::nothing());
                let stream = self.command(body);
                self.stdin = outer;
                self.together.push(start..usize::MAX);
                self.state.descriptors.insert(60, stream);
                let path = format!("/dev/fd/coproc{}", self.lasting.len());
                self.state.outputs.insert(61, Text::new(path.as_str()));
                self.lasting.push((path, Late::Command(Rc::new((**body).clone()))));
                let ends = ["60", "61"].iter().enumerate();
                let ends = ends.map(|(at, fd)| {
                    (Text::new(at.to_string()), Value::new(Text::from(*fd), Labels::NONE))
                });
                let name = name.as_deref().unwrap_or("COPROC");
                self.state.variables.insert(name.into(), Variable::Array(ends.collect()));
                Stream::nothing()
            }
        };
        self.redirected(redirected, stream)
    }

    fn arithmetic_names(&mut self, field: &Field) {
        if let Some(name) = field.literal()
            && let Some(Variable::Scalar(value)) = self.state.variables.get(name)
        {
            let value = value.clone();
            for option in &value.options {
                self.prompt_code(option, value.labels);
            }
        }
    }

    /// The command of the first word as an alias, run as the text it stands
    /// for. An alias is in force from the line after the one that defines it;
    /// taking it at once too only sees more.
    fn alias<'w>(
        &mut self,
        words: &'w [Word],
        redirects: &[Redirect],
    ) -> Option<(&'w str, Stream)> {
        use crate::syntax::tree::Part;
        let first = words.first()?;
        let [Part::Bare(name)] = &*first.parts else { return None };
        let (text, _) = self.state.aliases.get(name)?.clone();
        if self.calls.iter().any(|call| call.strip_prefix("alias ") == Some(name)) {
            return None;
        }
        self.calls.push(format!("alias {name}").into());
        let rest = self.expand_words(words.get(1..).unwrap_or(&[]));
        let mut line = text;
        for field in &rest {
            line.push(' ');
            line.push_str(&quote(&field.text));
        }
        let redirected = self.redirect(redirects);
        let labels = rest.iter().fold(Labels::NONE, |all, field| all.and(field.labels));
        let stream = self.code(Language::Shell, &Text::new(line), labels, "alias", first.span);
        self.calls.pop();
        Some((name, self.redirected(redirected, stream)))
    }

    /// Runs known shell text in the current shell (`eval`, an alias).
    fn code_here(&mut self, text: &str, span: Span) -> Stream {
        if self.depth >= MAX_DEPTH {
            self.over_budget(span, "code nested deeper than is followed");
            return Stream::default();
        }
        let base = self.base;
        self.base = Some(self.span(span));
        self.depth += 1;
        let parsed = syntax::parse(text, &mut self.budget);
        for _ in &parsed.zsh {
            self.emit(EffectKind::ZshOnly, Labels::NONE, span);
        }
        let line = self.line;
        let stream = self.script(&parsed.script);
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
        stream
    }

    /// Expands text once more as bash does for prompts and arithmetic.
    fn expand_again(&mut self, raw: &str, labels: Labels) {
        let text = format!(": <<PALISADE_END\n{raw}\nPALISADE_END\n");
        let before = self.out.effects.len();
        let _ = self.code_here(&text, Span::default());
        for effect in self.out.effects.iter_mut().skip(before) {
            effect.labels = effect.labels.and(labels);
        }
    }

    /// Enters a command into the list and makes it the current one while
    /// `inside` runs.
    fn enter<T>(
        &mut self,
        program: &Text,
        fields: &[Field],
        interpreter: bool,
        inside: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let index = u32::try_from(self.out.commands.len()).unwrap_or(u32::MAX);
        let span = fields.iter().fold(None, |all: Option<Span>, field| {
            Some(match all {
                None => field.span,
                Some(span) => Span::new(span.from.min(field.span.from), span.to.max(field.span.to)),
            })
        });
        self.out.commands.push(Invocation {
            program: program.clone(),
            arguments: fields.iter().skip(1).map(|field| field.text.clone()).collect(),
            directory: self.directory().clone(),
            parent: self.node,
            via: self.via,
            deferred: self.deferred,
            project: self.project,
            interpreter,
            online: false,
            span: span.unwrap_or_default(),
        });
        let (node, via) = (self.node, self.via);
        self.node = Some(index);
        self.via = "";
        let result = inside(self);
        self.node = node;
        self.via = via;
        result
    }
}

/// Text as one shell word.
fn quote(text: &Text) -> String {
    let raw = text.raw();
    if !raw.is_empty()
        && raw.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./=:,@%+".contains(&b))
    {
        return raw.to_owned();
    }
    format!("'{}'", raw.replace('\'', "'\\''"))
}
