//! Perl's `open`.

use super::Scan;
use super::sinks::written;
use super::tables::Sink;
use super::tokens::Token;
use crate::effect::Writing;
use crate::eval::Eval;
use crate::eval::value::{Field, Stream};
use crate::programs::Language;
use crate::text::Text;

impl Scan {
    /// `open HANDLE, MODE, FILE` and `open HANDLE, "MODE FILE"`, whose mode may
    /// be a pipe.
    pub(super) fn perl_open(
        &mut self,
        eval: &mut Eval<'_>,
        arguments: &[Option<Vec<Text>>],
        tokens: &[Token],
        at: usize,
    ) {
        let text = |at: usize| {
            arguments.get(at).cloned().flatten().and_then(|words| words.first().cloned())
        };
        let (mode, rest) = match (text(1), text(2)) {
            (Some(mode), Some(file)) => (mode.raw().trim().to_owned(), file),
            (Some(both), None) => {
                let raw = both.raw().trim();
                let cut = raw
                    .find(|letter| !matches!(letter, '<' | '>' | '+' | '|'))
                    .unwrap_or(raw.len());
                let (mode, file) = raw.split_at(cut);
                match file.strip_suffix('|') {
                    Some(code) => ("-|".to_owned(), Text::new(code)),
                    None => (mode.to_owned(), Text::new(file.trim())),
                }
            }
            _ => {
                self.blind.push(Sink::Read);
                return;
            }
        };
        let (labels, span) = (self.labels, self.span);
        if mode.contains('|') {
            self.shell = true;
            let input = if mode.ends_with('-') || mode == "|" {
                match written(self.language, tokens, at) {
                    Some(text) => Stream::known(text),
                    None => Stream::default(),
                }
            } else {
                Stream::nothing()
            };
            let words: Vec<Field> = arguments
                .iter()
                .skip(2)
                .flatten()
                .flatten()
                .map(|text| Field { text: text.clone(), labels, span })
                .collect();
            let outer = std::mem::replace(&mut eval.stdin, input);
            let _ = if words.len() > 1 {
                eval.nested("script", |eval| eval.run(words))
            } else {
                eval.code(Language::Shell, &rest, labels, "open", span)
            };
            eval.stdin = outer;
            return;
        }
        let path = eval.resolve(&rest);
        if mode.contains('>') || mode.contains('+') {
            let stream = Stream {
                text: written(self.language, tokens, at).map(Text::new),
                labels: self.taint(),
                ..Stream::default()
            };
            let how = if mode.contains(">>") { Writing::Append } else { Writing::Replace };
            eval.store(&path, how, &stream, span);
        } else {
            let stream = eval.read(&path, span);
            self.texts.push(stream.text);
        }
    }
}
