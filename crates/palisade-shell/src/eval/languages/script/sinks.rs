//! What a call that reaches outside does with what it is given.

use super::Scan;
use super::passed::{self, piped};
use super::tables::Sink;
use super::tokens::Token;
use crate::effect::{EffectKind, Labels, Writing};
use crate::eval::Eval;
use crate::eval::lower::opaque;
use crate::eval::reaches::addressed;
use crate::eval::value::{Field, Stream};
use crate::programs::Language;
use crate::text::Text;
use crate::trees::Tree;

impl Scan {
    pub(super) fn sink(
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
            Sink::Shell | Sink::Argv => self.start(eval, kind, name, &arguments, tokens, at),
            Sink::Read | Sink::Open
                if text.as_ref().is_some_and(|text| addressed(text.known_prefix())) =>
            {
                self.network = true;
                let taint = self.secret_reads(eval);
                let host = text.unwrap_or_else(Text::unknown);
                eval.connect(&host, !taint.is_none(), labels.and(taint), span);
            }
            Sink::Read if self.language == Language::Ruby && piped(text.as_ref()) => {
                let code = text.as_ref().and_then(|text| text.raw().strip_prefix('|'));
                let code = Text::new(code.unwrap_or(""));
                let _ = eval.code(Language::Shell, &code, labels, "read", span);
            }
            Sink::Read => match text {
                // It sets what the file holds, which is shown by its names.
                None if name.rsplit('.').next().is_some_and(loads_settings) => {
                    if self.network && shows_settings(tokens) {
                        drop(eval.read_operand(&field(&Text::from(".env"))));
                    }
                }
                Some(text) => {
                    let stream = eval.read_operand(&field(&text));
                    self.texts.push(stream.text);
                }
                None => self.blind.push(kind),
            },
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
            Sink::Open if self.language == Language::Perl => {
                self.perl_open(eval, &arguments, tokens, at)
            }
            Sink::Open => {
                let mode = arguments
                    .get(1)
                    .cloned()
                    .flatten()
                    .and_then(|words| words.first().cloned())
                    .unwrap_or_else(|| Text::from("r"));
                let Some(text) = text else {
                    self.blind.push(Sink::Read);
                    return;
                };
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
                    let stream = eval.read(&path, span);
                    self.texts.push(stream.text);
                }
            }
            Sink::Delete | Sink::DeleteTree => {
                let recursive = kind == Sink::DeleteTree
                    || self.language == Language::JavaScript && recursive_option(tokens, at);
                for words in arguments.iter().flatten() {
                    for word in words.iter().take(1) {
                        let path = eval.resolve(word);
                        eval.emit(EffectKind::Delete { path, recursive }, labels, span);
                    }
                    if matches!(self.language, Language::Python | Language::JavaScript) {
                        break;
                    }
                }
                if text.is_none() {
                    self.blind.push(if recursive { Sink::DeleteTree } else { Sink::Delete });
                }
                if text.is_none() && recursive {
                    eval.emit(
                        EffectKind::Delete { path: Text::unknown(), recursive },
                        labels,
                        span,
                    );
                }
            }
            Sink::Move | Sink::Rename => {
                let target =
                    arguments.get(1).cloned().flatten().and_then(|words| words.first().cloned());
                let stream = match &text {
                    Some(text) => {
                        let path = eval.resolve(text);
                        let stream = eval.read(&path, span);
                        let into = target.as_ref().map(|target| eval.resolve(target));
                        let trees = ["copytree", "cp_r", "cpSync"];
                        if let Some(into) = into.as_ref().and_then(Text::named)
                            && (kind == Sink::Rename || trees.iter().any(|one| name.ends_with(one)))
                        {
                            eval.copy_tree(Tree::all(""), &path, into);
                        }
                        if kind == Sink::Rename {
                            let kind = EffectKind::Delete { path, recursive: false };
                            eval.emit(kind, Labels::NONE, span);
                        }
                        stream
                    }
                    None => Stream::default(),
                };
                if let Some(target) = target {
                    let path = eval.resolve(&target);
                    eval.store(&path, Writing::Replace, &stream, span);
                }
            }
            Sink::Link => self.link(eval, name, &arguments),
            Sink::Owner => self.owner(eval, text.as_ref()),
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
                // `urlretrieve(ADDRESS, FILE)`
                if name.ends_with("urlretrieve")
                    && let Some(file) = arguments.get(1).and_then(|words| words.as_ref()?.first())
                {
                    let path = eval.resolve(file);
                    let came = Stream::unknown(labels.and(Labels::DOWNLOADED));
                    eval.store(&path, Writing::Replace, &came, span);
                }
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
                // The body stands behind the names of what it is given.
                let text = match name {
                    "create_function" => {
                        arguments.get(1).and_then(|words| words.as_ref()?.first()).cloned()
                    }
                    "Function" => {
                        arguments.last().and_then(|words| words.as_ref()?.first()).cloned()
                    }
                    _ => text,
                };
                match text {
                    Some(text)
                        if !text.has_unknown()
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
                    _ => opaque(
                        eval,
                        self.language,
                        labels.and(self.taint()).and(eval.stdin.labels),
                        span,
                    ),
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
            Sink::Script => match text {
                Some(text) => {
                    let file = field(&text);
                    let _ = eval.script_file(self.language, &file, std::slice::from_ref(&file));
                }
                None => opaque(eval, self.language, labels.and(self.taint()), span),
            },
            Sink::Fork => {
                if self.loops {
                    eval.emit(EffectKind::ForkBomb, labels, span);
                }
            }
            Sink::Kill => eval.hazard("process/kill-force", span),
            Sink::Escalate => eval.emit(EffectKind::Escalate, labels, span),
            Sink::Unseen => opaque(eval, self.language, labels.and(self.taint()), span),
            Sink::Named => self.by_name(eval, name, text.as_ref(), tokens, at),
            Sink::Unpickle if !unpickles(name, tokens, at) => {
                if let Some(file) = text {
                    drop(eval.read_operand(&field(&file)));
                }
            }
            Sink::Unpickle => {
                self.unpickles = true;
                // A text that stands in the code is code that nobody reads.
                match text {
                    Some(_) if name.ends_with("loads") || name == "unserialize" => {
                        opaque(eval, self.language, labels.and(self.taint()), span);
                    }
                    Some(file) => drop(eval.read_operand(&field(&file))),
                    None => {}
                }
            }
            Sink::Decode | Sink::Environment => {}
        }
    }
}

/// Whether a call without a name takes the settings of `.env`.
fn loads_settings(name: &str) -> bool {
    matches!(name, "loadEnvFile" | "config")
}

/// Whether code takes a variable of the environment.
fn shows_settings(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| {
        matches!(token, Token::Name(name)
            if name.starts_with("process.env"))
    })
}

/// Whether a loader makes objects by whatever code its data names, as it is
/// called here.
fn unpickles(name: &str, tokens: &[Token], at: usize) -> bool {
    let inside = passed::within(tokens, at + 1);
    let says = |word: &str, value: &str| {
        inside.windows(3).any(|three| {
            matches!(three, [Token::Name(name), Token::Mark('='), Token::Name(given)]
                if name == word && given == value)
        })
    };
    match name {
        "np.load" | "numpy.load" => says("allow_pickle", "True"),
        "torch.load" => !says("weights_only", "True"),
        "yaml.load" | "yaml.load_all" => !inside.iter().any(|token| {
            matches!(token, Token::Name(name)
                if ["SafeLoader", "BaseLoader", "FullLoader"].iter().any(|safe| name.ends_with(safe)))
        }),
        _ => true,
    }
}

/// The literal that a `.write(..)` or `print .. "text"` further on writes.
pub(super) fn written(language: Language, tokens: &[Token], from: usize) -> Option<String> {
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

fn recursive_option(tokens: &[Token], at: usize) -> bool {
    tokens
        .iter()
        .skip(at)
        .take(12)
        .any(|token| matches!(token, Token::Name(name) if name == "recursive"))
}
