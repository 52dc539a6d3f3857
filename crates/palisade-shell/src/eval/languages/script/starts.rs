//! Programs that a script starts.

use super::Scan;
use super::tables::Sink;
use super::tokens::Token;
use crate::effect::{EffectKind, Labels};
use crate::eval::Eval;
use crate::eval::lower::opaque;
use crate::eval::value::Field;
use crate::programs::Language;
use crate::text::Text;

impl Scan {
    /// Starts what a call is given: a line for a shell, or a vector of words.
    pub(super) fn start(
        &mut self,
        eval: &mut Eval<'_>,
        kind: Sink,
        name: &str,
        arguments: &[Option<Vec<Text>>],
        tokens: &[Token],
        at: usize,
    ) {
        // What stands before the command: handles, or the text that is shown.
        let before = match name.rsplit([':', '.']).next() {
            Some("open3") => 3,
            Some("open2") => 2,
            Some("pipepager" | "tempfilepager") => 1,
            _ => 0,
        };
        let arguments = arguments.get(before..).unwrap_or(&[]);
        let first = arguments.first().cloned().flatten();
        let text = first.as_ref().and_then(|words| words.first()).cloned();
        let (labels, span) = (self.labels, self.span);
        let field = |text: &Text| Field { text: text.clone(), labels, span };
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
            // `Deno.Command("rm", { args: [..] })`.
            _ if kind == Sink::Argv
                && matches!(
                    tokens.get(at + 3..at + 5),
                    Some([Token::Mark(','), Token::Mark('{')])
                ) =>
            {
                let rest = tokens.get(at + 2..).unwrap_or(&[]).iter();
                let within = rest.take_while(|token| **token != Token::Mark('}'));
                let texts = within.filter_map(|token| match token {
                    Token::Text(text, _) => Some(Text::new(text.as_str())),
                    _ => None,
                });
                Some(texts.collect())
            }
            // Several, of which some are not known.
            _ if kind == Sink::Argv
                && matches!(self.language, Language::Perl | Language::Ruby)
                && arguments.len() > 1
                && text.is_some() =>
            {
                let words = arguments.iter().map(|words| {
                    let word = words.as_ref().and_then(|words| words.first());
                    word.cloned().unwrap_or_else(Text::unknown)
                });
                Some(words.collect())
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
        // That a script both fetches something and starts something is no flow
        // where the words of the call are those of somebody else.
        let tainted = match self.language {
            Language::Python if !self.takes_fetched(eval, tokens, at) => Labels::NONE,
            _ => self.taint(),
        };
        // `system join ..`: what a function makes is not followed.
        let made = self.language == Language::Perl
            && matches!(tokens.get(at + 1), Some(Token::Name(name))
                if name.bytes().all(|letter| letter.is_ascii_lowercase()));
        let (words, text) = if made { (None, None) } else { (words, text) };
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
            _ => opaque(eval, Language::Shell, labels.and(tainted).and(eval.stdin.labels), span),
        }
    }

    /// What a text of JavaScript does by what stands around it: a template that
    /// runs (``$`ls` `` of Bun and zx), and the name of a module that deletes
    /// what it is given.
    pub(super) fn tagged(&mut self, eval: &mut Eval<'_>, tokens: &[Token], at: usize, text: &str) {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        if let Some(Token::Name(tag)) = before
            && (tag == "$" || tag.ends_with(".$"))
        {
            self.shell = true;
            let code = Text::new(text);
            let _ = eval.code(Language::Shell, &code, self.labels, "template", self.span);
        }
        if matches!(text, "rimraf" | "del" | "trash" | "premove") {
            for token in tokens {
                if let Token::Text(other, _) = token
                    && other != text
                {
                    let path = eval.resolve(&Text::new(other.as_str()));
                    let kind = EffectKind::Delete { path, recursive: true };
                    eval.emit(kind, self.labels, self.span);
                }
            }
        }
    }
}
