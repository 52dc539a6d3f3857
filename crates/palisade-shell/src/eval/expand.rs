//! Words to fields, as bash expands them.

use super::Eval;
use super::globbing::names_hidden;
use super::value::{Field, Stream};
use crate::effect::{EffectKind, Labels};
use crate::span::Span;
use crate::syntax::tree::{Part, Word};
use crate::text::{ANY, ONE, STAR, Text};

/// A bracket that may begin a pattern, until the word is complete.
const OPEN: char = '\u{F0003}';
/// How many words one word's braces may make.
const MAX_BRACES: usize = 1000;
/// How many parts all those words may have together.
const MAX_BRACE_PARTS: usize = 8192;
/// How many fields one command may have.
const MAX_FIELDS: usize = 2048;

/// Fields under construction.
#[derive(Default)]
struct Builder {
    done: Vec<Field>,
    text: String,
    labels: Labels,
    /// Whether the current field exists even if it is empty (quotes).
    solid: bool,
    span: Span,
}

impl Builder {
    fn finish(&mut self) {
        if self.solid || !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            if text.contains(OPEN) {
                let (labels, span) = (self.labels, self.span);
                let other = closed(&text);
                let text = opened(&text);
                if text != other && self.done.len() < MAX_FIELDS {
                    self.done.push(Field { text: Text::new(text), labels, span });
                    self.done.push(Field { text: Text::new(other), labels, span });
                } else {
                    self.done.push(Field { text: Text::new(text), labels, span });
                }
            } else if self.done.len() <= MAX_FIELDS {
                self.done.push(Field {
                    text: Text::new(text),
                    labels: self.labels,
                    span: self.span,
                });
            }
        }
        self.labels = Labels::NONE;
        self.solid = false;
    }
}

/// What an expansion gave: one text, or several words (`$@`).
pub(super) enum Expanded {
    One(Text, Labels),
    Many(Vec<(Text, Labels)>),
}

impl Eval<'_> {
    /// The words of a command or a `for` list as fields.
    pub(super) fn expand_words(&mut self, words: &[Word]) -> Vec<Field> {
        let mut fields = Vec::with_capacity(words.len());
        for word in words {
            if let [Part::Bare(text)] = &*word.parts
                && !text.bytes().any(|byte| matches!(byte, b'*' | b'?' | b'[' | b'~'))
            {
                fields.push(Field::new(&**text, self.span(word.span)));
                continue;
            }
            if has_braces(word) {
                let (words, cut) = expand_braces(word);
                if cut {
                    self.over_budget(word.span, "braces make more words than are followed");
                }
                for plain in words {
                    fields.extend(self.expand_word(&plain));
                }
            } else {
                fields.extend(self.expand_word(word));
            }
        }
        if fields.len() > MAX_FIELDS {
            let span = words.last().map(|word| word.span).unwrap_or_default();
            self.over_budget(span, "more words than are followed");
            fields.truncate(MAX_FIELDS);
        }
        fields
    }

    fn expand_word(&mut self, word: &Word) -> Vec<Field> {
        let mut builder = Builder { span: self.span(word.span), ..Builder::default() };
        self.parts(&word.parts, &mut builder, false, true);
        builder.finish();
        let made = builder.done.iter().map(|field| field.text.raw().len()).sum();
        self.spend(made, word.span);
        if !builder.done.iter().any(|field| field.text.has_pattern()) {
            return builder.done;
        }
        let hidden = names_hidden(word);
        let mut fields = Vec::with_capacity(builder.done.len());
        for field in builder.done {
            let variants = self.variants(&field, hidden);
            fields.push(field);
            fields.extend(variants);
        }
        fields
    }

    /// A word that stays one: assignments, redirections, `case` subjects.
    pub(super) fn expand_single(&mut self, word: &Word) -> Field {
        let span = self.span(word.span);
        if word.parts.is_empty() {
            return Field::new("", span);
        }
        let expanded;
        let word = if has_braces(word) {
            // Not expanded here by bash, but by zsh in redirections.
            expanded = expand_braces(word).0;
            expanded.first().unwrap_or(word)
        } else {
            word
        };
        let mut builder = Builder { span, ..Builder::default() };
        self.parts(&word.parts, &mut builder, true, true);
        builder.solid = true;
        builder.finish();
        builder.done.into_iter().next().unwrap_or_else(|| Field::new("", span))
    }

    /// The target of a redirection: one word, though its pattern may take in
    /// more by the shell's options.
    pub(super) fn expand_target(&mut self, word: &Word) -> Field {
        let field = self.expand_single(word);
        let bare = |part: &Part| matches!(part, Part::Bare(_) | Part::Extglob(..));
        let runs = |part: &Part| {
            matches!(part, Part::CommandSubstitution(_) | Part::ProcessSubstitution { .. })
        };
        // What runs in a word runs once.
        if word.parts.iter().any(bare) && !word.parts.iter().any(runs) {
            let others = self.expand_word(word);
            if !others.iter().any(|other| other.text.has_pattern()) {
                return field;
            }
            let path = self.resolve(&field.text);
            for other in others {
                let other = self.resolve(&other.text);
                self.also(&path, &other);
            }
        }
        field
    }

    /// The literal text of a here-document or an arithmetic expression, with
    /// its expansions made.
    pub(super) fn expand_text(&mut self, word: &Word) -> Field {
        let span = self.span(word.span);
        let mut builder = Builder { span, solid: true, ..Builder::default() };
        self.parts(&word.parts, &mut builder, true, false);
        builder.solid = true;
        builder.finish();
        builder.done.into_iter().next().unwrap_or_else(|| Field::new("", span))
    }

    /// Adds `parts` to `builder`. `quoted` keeps all in one field; `patterns`
    /// makes bare `*`, `?`, `[..]` and `~` what they are to the shell.
    fn parts(&mut self, parts: &[Part], builder: &mut Builder, quoted: bool, patterns: bool) {
        for (at, part) in parts.iter().enumerate() {
            if builder.text.len() > super::value::MAX_STREAM {
                self.spend(builder.text.len(), builder.span);
                builder.text = ANY.to_string();
            }
            match part {
                Part::Bare(text) => {
                    if patterns {
                        self.bare(text, at == 0 && builder.text.is_empty(), builder);
                    } else {
                        builder.text.push_str(text);
                    }
                }
                Part::Quoted(text) => {
                    builder.text.push_str(text);
                    builder.solid = true;
                }
                Part::Double(inner) => {
                    builder.solid = true;
                    self.parts(inner, builder, true, false);
                    // `"$@"` without arguments makes no field at all.
                    if let [Part::Parameter(parameter)] = &**inner
                        && builder.text.is_empty()
                        && parts.len() == 1
                        && is_all_words(parameter)
                        && self.state.positional.is_empty()
                        && !self.positional_unknown
                    {
                        builder.solid = false;
                    }
                }
                Part::Parameter(parameter) => {
                    let expanded = self.parameter(parameter, quoted);
                    let whole = is_all_words(parameter);
                    self.add(expanded, builder, quoted, whole);
                }
                Part::CommandSubstitution(script) => {
                    let stream = self.substitution(script);
                    let text = trim_newlines(stream.content());
                    self.add(Expanded::One(text, stream.labels), builder, quoted, false);
                }
                Part::Arithmetic(word) => {
                    let value = self.arithmetic(word);
                    builder.text.push_str(value.raw());
                }
                Part::ProcessSubstitution { input, script } => {
                    let start = self.out.effects.len();
                    let path = self.process_substitution(*input, script);
                    self.together.push(start..usize::MAX);
                    builder.text.push_str(&path);
                }
                Part::Braces(words) => {
                    // Only reached where braces are not expanded; the first
                    // alternative stands for all.
                    if let Some(word) = words.first() {
                        self.parts(&word.parts, builder, quoted, patterns);
                    }
                }
                Part::Sequence(items) => {
                    builder.text.push_str(items.first().map_or("", |item| item));
                }
                Part::Extglob(_, words) => {
                    // Substitutions inside run; what it matches is any text.
                    for word in words {
                        let _ = self.expand_single(word);
                    }
                    builder.text.push(STAR);
                }
                Part::Array(elements) => {
                    let mut text = String::new();
                    for (_, word) in elements {
                        let field = self.expand_single(word);
                        text.push_str(field.text.raw());
                        text.push(' ');
                        builder.labels = builder.labels.and(field.labels);
                    }
                    builder.text.push_str(text.trim_end());
                }
                Part::Zsh(_) => {
                    self.emit(EffectKind::ZshOnly, Labels::NONE, builder.span);
                    builder.text.push(ANY);
                }
            }
        }
    }

    fn bare(&mut self, text: &str, first: bool, builder: &mut Builder) {
        let mut rest = text;
        if first && let Some(after) = text.strip_prefix('~') {
            let (user, tail) = match after.find('/') {
                Some(cut) => after.split_at(cut),
                None => (after, ""),
            };
            match user {
                "" => match self
                    .state
                    .variables
                    .contains_key("HOME")
                    .then(|| self.variable("HOME"))
                    .flatten()
                {
                    Some((home, _)) => builder.text.push_str(home.raw()),
                    None => builder.text.push_str(&self.context.home),
                },
                "+" => builder.text.push_str(self.directory().raw()),
                "-" => builder.text.push(ANY),
                // `~1` is a place of the directory stack.
                place if place.trim_start_matches(['+', '-']).parse::<u8>().is_ok() => {
                    builder.text.push(ANY)
                }
                "root" => builder.text.push_str("/root"),
                name if name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) =>
                {
                    builder.text.push_str("/home/");
                    builder.text.push_str(name);
                }
                _ => {
                    builder.text.push('~');
                    builder.text.push_str(user);
                }
            }
            rest = tail;
        }
        if !rest.bytes().any(|byte| matches!(byte, b'*' | b'?' | b'[')) {
            builder.text.push_str(rest);
            return;
        }
        activate(rest, &mut builder.text);
    }

    /// Adds an expansion's result, split where bash would split it.
    fn add(&mut self, expanded: Expanded, builder: &mut Builder, quoted: bool, whole: bool) {
        match expanded {
            Expanded::One(text, labels) => {
                builder.labels = builder.labels.and(labels);
                if quoted {
                    builder.text.push_str(text.raw());
                } else {
                    self.split(&text, labels, builder);
                }
            }
            Expanded::Many(values) => {
                let last = values.len().saturating_sub(1);
                for (at, (text, labels)) in values.into_iter().enumerate() {
                    builder.labels = builder.labels.and(labels);
                    if quoted {
                        builder.text.push_str(text.raw());
                        builder.solid = true;
                    } else {
                        self.split(&text, labels, builder);
                    }
                    if at < last {
                        if quoted && !whole {
                            builder.text.push(' ');
                        } else {
                            builder.finish();
                        }
                    }
                }
            }
        }
    }

    /// Field splitting by `IFS`, and pathname patterns made active.
    fn split(&mut self, text: &Text, labels: Labels, builder: &mut Builder) {
        let separators = self.separators();
        let mut piece = String::new();
        for letter in text.raw().chars() {
            if separators.contains(letter) {
                activate(&piece, &mut builder.text);
                piece.clear();
                let ends = !builder.text.is_empty() || builder.solid;
                if ends {
                    builder.labels = builder.labels.and(labels);
                    builder.finish();
                }
            } else {
                piece.push(letter);
            }
        }
        activate(&piece, &mut builder.text);
        builder.labels = builder.labels.and(labels);
    }

    fn separators(&mut self) -> String {
        if !self.state.variables.contains_key("IFS") {
            return " \t\n".to_owned();
        }
        match self.variable("IFS") {
            Some((text, _)) => match text.literal() {
                Some(known) => known.to_owned(),
                None => " \t\n,:;/".to_owned(),
            },
            None => " \t\n".to_owned(),
        }
    }

    /// `$( .. )`: what the script prints. A substitution is a subshell.
    pub(super) fn substitution(
        &mut self,
        script: &std::rc::Rc<crate::syntax::tree::Script>,
    ) -> Stream {
        let output = self.state.exec_output.take();
        let before = self.unread.len();
        let mut stream = self.nested("$( )", |eval| eval.subshell(script));
        self.state.exec_output = output;
        self.lists |= self.unread.len() > before;
        if stream.names && stream.text.is_none() {
            // Names below a directory of secrets are secrets; elsewhere they
            // are no more known than any other text.
            let below = Text::new(format!("./{ANY}"));
            let at = self.directory().raw();
            let hidden = at.contains("/.") && !at.starts_with(self.context.cwd.as_str());
            if hidden || (self.context.classify.secret)(&self.resolve(&below)) {
                stream.text = Some(below);
            }
        }
        stream
    }

    /// `<( .. )` and `>( .. )`: a path standing for the stream.
    fn process_substitution(
        &mut self,
        input: bool,
        script: &std::rc::Rc<crate::syntax::tree::Script>,
    ) -> String {
        self.substitutions += 1;
        let path = format!("/dev/fd/{}", 63_u32.saturating_add(self.substitutions));
        if input {
            let output = self.state.exec_output.take();
            let stream = self.nested("<( )", |eval| eval.subshell(script));
            self.state.exec_output = output;
            self.state.files.insert(
                path.clone(),
                super::state::File {
                    labels: stream.labels,
                    content: stream.text,
                    link: None,
                    copy_of: None,
                },
            );
        } else {
            self.state.files.insert(path.clone(), super::state::File::default());
            self.sinks.push((path.clone(), script.clone()));
        }
        path
    }
}

fn is_all_words(parameter: &crate::syntax::tree::Parameter) -> bool {
    use crate::syntax::tree::ParameterName;
    matches!(parameter.name, ParameterName::Special('@'))
        || parameter.subscript.as_ref().is_some_and(|word| {
            matches!(&*word.parts, [Part::Bare(text) | Part::Quoted(text)] if &**text == "@")
        })
}

/// Makes `*`, `?` and `[..]` of bare text what they are to the shell.
pub(super) fn activate(text: &str, out: &mut String) {
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '*' => out.push(STAR),
            '?' => out.push(ONE),
            '[' => {
                let rest = text.get(at + 1..).unwrap_or("");
                match bracket(rest) {
                    Some(length) => {
                        out.push(ONE);
                        let end = at + 1 + length;
                        while letters.peek().is_some_and(|(next, _)| *next < end) {
                            letters.next();
                        }
                    }
                    None => out.push(OPEN),
                }
            }
            other => out.push(other),
        }
    }
}

/// With brackets that did not close as the letters that they are.
pub(super) fn opened(text: &str) -> String {
    text.replace(OPEN, "[")
}

/// With brackets that close in another part of the word, as in `["s"]`, as the
/// patterns that they are; those that never do are letters.
fn closed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        out.push_str(before);
        match bracket(after) {
            Some(length) => {
                out.push(ONE);
                rest = after.get(length..).unwrap_or("");
            }
            None => {
                out.push('[');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The length of a bracket expression's rest, its `]` included.
fn bracket(rest: &str) -> Option<usize> {
    let mut class = 0;
    for (at, letter) in rest.char_indices() {
        if at < class {
            continue;
        }
        match letter {
            // A class of letters has a bracket of its own: `[[:alpha:]]`.
            '[' => {
                let inner = rest.get(at + 1..).unwrap_or("");
                let end = inner
                    .chars()
                    .next()
                    .filter(|mark| matches!(mark, ':' | '.' | '='))
                    .and_then(|mark| inner.get(1..)?.find(&format!("{mark}]")));
                if let Some(end) = end {
                    class = at + end + 4;
                }
            }
            ']' if at > 0 && !(at == 1 && rest.starts_with(['!', '^'])) => return Some(at + 1),
            '/' => return None,
            _ => {}
        }
    }
    None
}

fn has_braces(word: &Word) -> bool {
    word.parts.iter().any(|part| matches!(part, Part::Braces(_) | Part::Sequence(_)))
}

/// The words that a word's braces make, in order; and whether the limit left
/// some out.
fn expand_braces(word: &Word) -> (Vec<Word>, bool) {
    let mut cut = false;
    // For each part the runs of parts that may stand for it.
    let slots: Vec<Vec<Vec<Part>>> = word
        .parts
        .iter()
        .map(|part| match part {
            Part::Braces(words) => words
                .iter()
                .flat_map(|inner| {
                    if has_braces(inner) {
                        let (words, more) = expand_braces(inner);
                        cut |= more;
                        words
                    } else {
                        vec![inner.clone()]
                    }
                })
                .map(|inner| inner.parts)
                .collect(),
            Part::Sequence(items) => {
                items.iter().map(|item| vec![Part::Bare(item.clone())]).collect()
            }
            other => vec![vec![other.clone()]],
        })
        .collect();
    let all = slots.iter().fold(1_usize, |all, slot| all.saturating_mul(slot.len().max(1)));
    let most = MAX_BRACES.min(MAX_BRACE_PARTS / slots.len().max(1)).max(1);
    cut |= all > most;
    let words = (0..all.min(most))
        .map(|number| {
            // The last part turns fastest, as bash has it.
            let mut left = number;
            let mut chosen: Vec<usize> = slots
                .iter()
                .rev()
                .map(|slot| {
                    let count = slot.len().max(1);
                    let at = left % count;
                    left /= count;
                    at
                })
                .collect();
            chosen.reverse();
            let mut parts: Vec<Part> = Vec::with_capacity(slots.len());
            let mut text = String::new();
            for part in slots.iter().zip(chosen).filter_map(|(slot, at)| slot.get(at)).flatten() {
                match part {
                    Part::Bare(more) => text.push_str(more),
                    other => {
                        if !text.is_empty() {
                            parts.push(Part::Bare(std::mem::take(&mut text).into_boxed_str()));
                        }
                        parts.push(other.clone());
                    }
                }
            }
            if !text.is_empty() {
                parts.push(Part::Bare(text.into_boxed_str()));
            }
            Word { parts, span: word.span }
        })
        .collect();
    (words, cut)
}

pub(super) fn trim_newlines(text: Text) -> Text {
    if text.raw().ends_with('\n') { Text::new(text.raw().trim_end_matches('\n')) } else { text }
}
