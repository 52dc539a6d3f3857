//! Directories that a script goes through and patterns that it expands, to
//! read what is found.

use super::tables::{Sink, sink};
use super::tokens::Token;
use super::{Scan, receiver};
use crate::effect::EffectKind;
use crate::eval::Eval;
use crate::eval::expand::{activate, opened};
use crate::eval::value::Field;
use crate::programs::Language;
use crate::text::{ANY, STAR, Text};
use crate::trees::Tree;

/// What a call lists.
#[derive(Clone, Copy, PartialEq)]
enum Listing {
    /// What its argument takes in as a pattern.
    Pattern,
    /// What lies in the directory that its argument is.
    Directory,
    /// What lies there at any depth.
    Tree,
    /// What its argument takes in below what it is a method of.
    Within,
    /// The same, at any depth.
    WithinTree,
    /// What lies in what it is a method of.
    Own,
}

fn listing(language: Language, name: &str) -> Option<Listing> {
    let last = name.rsplit('.').next().unwrap_or(name);
    Some(match language {
        Language::Python => match name {
            "glob.glob" | "glob.iglob" => Listing::Pattern,
            "os.listdir" | "os.scandir" => Listing::Directory,
            "os.walk" | "os.fwalk" => Listing::Tree,
            _ => match last {
                "rglob" => Listing::WithinTree,
                "glob" if name.contains('.') => Listing::Within,
                "iglob" => Listing::Pattern,
                "iterdir" => Listing::Own,
                "listdir" | "scandir" => Listing::Directory,
                "walk" => Listing::Tree,
                _ => return None,
            },
        },
        Language::Perl => match name {
            "glob" | "bsd_glob" | "File::Glob::bsd_glob" => Listing::Pattern,
            "opendir" => Listing::Directory,
            "find" | "finddepth" | "File::Find::find" => Listing::Tree,
            _ => return None,
        },
        Language::Ruby => match name {
            "Dir.glob" | "Dir" => Listing::Pattern,
            "Dir.entries" | "Dir.children" | "Dir.each_child" | "Dir.foreach" | "Dir.new"
            | "Dir.open" => Listing::Directory,
            "Find.find" => Listing::Tree,
            _ => return None,
        },
        Language::JavaScript => match last {
            "readdirSync" | "readdir" | "opendirSync" | "opendir" | "readDirSync" | "readDir" => {
                Listing::Directory
            }
            "globSync" | "glob" => Listing::Pattern,
            _ => return None,
        },
        Language::Php => match name {
            "glob" => Listing::Pattern,
            "scandir" | "opendir" | "dir" | "DirectoryIterator" => Listing::Directory,
            "RecursiveDirectoryIterator" => Listing::Tree,
            _ => return None,
        },
        Language::Lua => match name {
            "lfs.dir" => Listing::Directory,
            _ => return None,
        },
        _ => return None,
    })
}

impl Scan {
    /// Whether the script deletes files.
    pub(super) fn deletes(&self, tokens: &[Token]) -> bool {
        let deletes =
            |name: &str| matches!(sink(self.language, name), Some(Sink::Delete | Sink::DeleteTree));
        tokens.iter().any(|token| match token {
            Token::Name(name) => deletes(&self.full_name(name)),
            Token::Text(text, false) => self.language == Language::Php && deletes(text),
            _ => false,
        })
    }

    /// Whether the script looks at the names of what it lists before it reads.
    pub(super) fn chooses(tokens: &[Token]) -> bool {
        const CHOICES: &[&str] = &[
            "endswith",
            "startswith",
            "suffix",
            "splitext",
            "fnmatch",
            "filter",
            "match",
            "search",
            "endsWith",
            "startsWith",
            "extname",
            "end_with?",
            "start_with?",
            "extension",
            "test",
            "includes",
            "in",
        ];
        tokens.windows(2).any(|pair| {
            matches!(pair, [Token::Name(name), _]
                if name != "in" && CHOICES.contains(&name.rsplit('.').next().unwrap_or(name)))
                || matches!(pair, [Token::Name(word), Token::Mark('[' | '(' | '{')] if word == "in")
                    && tokens.iter().any(|token| matches!(token, Token::Name(name) if name == "if"))
        })
    }

    /// Whether the script reads files at all.
    pub(super) fn reads(&self, tokens: &[Token]) -> bool {
        tokens.iter().any(|token| match token {
            // Perl's `<>` and `<$file>`.
            Token::Mark('<') => self.language == Language::Perl,
            Token::Name(name) => {
                let last = name.rsplit('.').next().unwrap_or(name);
                matches!(last, "open" | "read" | "readlines" | "read_text" | "read_bytes")
                    || matches!(
                        sink(self.language, &self.full_name(name)),
                        Some(Sink::Read | Sink::Open | Sink::Move | Sink::Rename)
                    )
            }
            _ => false,
        })
    }

    /// Does to the names in what the script read, and in what comes in, what it
    /// does to files whose names are not known otherwise.
    pub(super) fn names_read(&mut self, eval: &mut Eval<'_>) {
        if self.blind.is_empty() {
            return;
        }
        let mut texts = std::mem::take(&mut self.texts);
        if !eval.stdin.is_nothing() {
            texts.push(eval.stdin.text.clone());
        }
        eval.lists |= texts.iter().any(|text| text.as_ref().is_none_or(Text::is_unknown));
        let (labels, span) = (self.labels, self.span);
        let has = |kind| self.blind.contains(&kind);
        for text in texts.iter().flatten() {
            for name in text.raw().split(['\n', '\0']).map(str::trim) {
                if name.is_empty() || eval.overrun {
                    continue;
                }
                eval.spend(name.len(), span);
                let field = Field { text: Text::new(name), labels, span };
                if has(Sink::Read) {
                    let _ = eval.read_operand(&field);
                }
                for (kind, recursive) in [(Sink::Delete, false), (Sink::DeleteTree, true)] {
                    if has(kind) {
                        let path = eval.resolve(&field.text);
                        eval.emit(EffectKind::Delete { path, recursive }, labels, span);
                    }
                }
            }
        }
    }

    /// Where the script is after `chdir`.
    pub(super) fn moved(&mut self, eval: &mut Eval<'_>, tokens: &[Token], at: usize, name: &str) {
        if name.rsplit('.').next() != Some("chdir") {
            return;
        }
        let called = tokens.get(at + 1) == Some(&Token::Mark('('));
        let from = if called { at + 2 } else { at + 1 };
        let (place, _) = self.expression(eval, tokens, from, 0);
        eval.state.cwd = vec![place.map_or_else(Text::unknown, |place| eval.resolve(&place))];
    }

    /// Reads what Perl takes in by `<../*>`.
    pub(super) fn angles(&mut self, eval: &mut Eval<'_>, code: &str) {
        if self.language != Language::Perl {
            return;
        }
        for (_, rest) in code.match_indices('<').take(64).map(|(at, _)| (at, code.get(at + 1..))) {
            let inner = rest.and_then(|rest| rest.split_once('>')).map_or("", |(inner, _)| inner);
            if inner.contains(['*', '?', '~', '/', '{']) && !inner.contains(['\n', ';', ' ']) {
                self.read_pattern(eval, &Text::new(inner));
            }
        }
    }

    /// Reads what the call at `at` lists, where the script reads files.
    pub(super) fn listed(&mut self, eval: &mut Eval<'_>, tokens: &[Token], at: usize, name: &str) {
        let Some(kind) = listing(self.language, name) else { return };
        let called = matches!(tokens.get(at + 1), Some(Token::Mark('(' | '[')));
        if !called && !matches!(self.language, Language::Perl | Language::Ruby) {
            return;
        }
        let from = if called { at + 2 } else { at + 1 };
        let arguments = self.arguments(eval, tokens, from, called);
        let texts: Vec<Text> = arguments.iter().flatten().flatten().cloned().collect();
        let own = match kind {
            Listing::Within | Listing::WithinTree | Listing::Own => match name.rsplit_once('.') {
                Some((head, _)) if !head.is_empty() => {
                    let known = self.variables.iter().rev().find(|(known, _)| known == head);
                    known.map(|(_, text)| text.clone())
                }
                _ => {
                    let start = receiver(tokens, at);
                    self.expression(eval, tokens.get(..at).unwrap_or(&[]), start, 0).0
                }
            },
            Listing::Pattern | Listing::Directory | Listing::Tree => None,
        };
        let within = |pattern: &Text, middle: &str| {
            own.as_ref().map(|own| Text::new(format!("{}{middle}/{}", own.raw(), pattern.raw())))
        };
        let deep = format!("/{ANY}");
        match kind {
            Listing::Pattern => {
                texts.iter().for_each(|pattern| self.read_pattern(eval, pattern));
            }
            Listing::Within => {
                let first = texts.first().and_then(|pattern| within(pattern, ""));
                first.iter().for_each(|pattern| self.read_pattern(eval, pattern));
            }
            Listing::WithinTree
                if texts.first().and_then(Text::literal).is_some_and(|text| {
                    !text.is_empty() && text.bytes().all(|letter| matches!(letter, b'*' | b'/'))
                }) =>
            {
                own.iter().for_each(|own| self.read_all(eval, own, true));
            }
            Listing::WithinTree => {
                let first = texts.first().and_then(|pattern| within(pattern, &deep));
                first.iter().for_each(|pattern| self.read_pattern(eval, pattern));
            }
            Listing::Own => own.iter().for_each(|own| self.read_all(eval, own, false)),
            Listing::Directory => {
                let deep = tokens
                    .iter()
                    .any(|token| matches!(token, Token::Name(name) if name == "recursive"));
                texts.first().iter().for_each(|at| self.read_all(eval, at, deep));
            }
            Listing::Tree => texts.iter().for_each(|at| self.read_all(eval, at, true)),
        }
    }

    /// Reads what a pattern takes in.
    pub(super) fn read_pattern(&mut self, eval: &mut Eval<'_>, pattern: &Text) {
        if pattern.is_unknown() {
            return;
        }
        let mut raw = String::new();
        activate(pattern.raw(), &mut raw);
        let field = Field { text: Text::new(opened(&raw)), labels: self.labels, span: self.span };
        self.texts.push(Some(field.text.clone()));
        if !self.reading {
            return;
        }
        let _ = eval.read_operand(&field);
        for other in eval.variants(&field, false) {
            let _ = eval.read_operand(&other);
        }
    }

    /// Reads all in a directory, hidden or not.
    fn read_all(&mut self, eval: &mut Eval<'_>, directory: &Text, deep: bool) {
        if directory.is_unknown() {
            return;
        }
        let at = eval.resolve(directory);
        let above = at.raw().trim_end_matches('/').to_owned();
        let (reading, span, sifts) = (self.reading, self.span, self.sifts);
        let texts = &mut self.texts;
        let mut read = |below: &str| {
            let path = Text::new(format!("{above}/{below}"));
            texts.push(Some(path.clone()));
            if reading {
                // Without a choice by names, all that lies there on disk.
                let path = if sifts { path } else { eval.resolve(&path) };
                let _ = eval.read(&path, span);
            }
        };
        read(&STAR.to_string());
        read(&format!(".{STAR}"));
        if deep {
            read(&format!("{ANY}/{STAR}"));
            if reading && !sifts {
                let _ = eval.read_below(Tree::all(above), span);
            }
        }
    }
}
