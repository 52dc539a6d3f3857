//! Other names that a script gives to what it imports.

use super::Scan;
use super::tables::sink;
use super::tokens::Token;

impl Scan {
    /// `import os as o`, `from os import system as s`, `x = require('fs')`.
    pub(super) fn read_imports(&mut self, tokens: &[Token]) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            if let Token::Name(word) = token {
                match (word.as_str(), tokens.get(at + 1)) {
                    // `import a, b as c`
                    ("import", Some(Token::Name(_))) => {
                        let mut next = at + 1;
                        while let Some(Token::Name(module)) = tokens.get(next) {
                            next += 1;
                            if tokens.get(next) == Some(&Token::Name("as".into()))
                                && let Some(Token::Name(short)) = tokens.get(next + 1)
                            {
                                self.imports.push((short.clone(), module.clone()));
                                next += 2;
                            }
                            if tokens.get(next) != Some(&Token::Mark(',')) {
                                break;
                            }
                            next += 1;
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
                    // `s = os.system`: another name for it.
                    (name, Some(Token::Mark('=')))
                        if !matches!(tokens.get(at + 3), Some(Token::Mark('(')))
                            && self.imports.len() < 64
                            && matches!(tokens.get(at + 2), Some(Token::Name(call)) if sink(self.language, &self.full_name(call)).is_some()) =>
                    {
                        if let Some(Token::Name(call)) = tokens.get(at + 2) {
                            let full = self.full_name(call);
                            self.imports.push((name.to_owned(), full));
                        }
                    }
                    // `import("fs").then(({rmSync}) => ..)`
                    ("import", Some(Token::Mark('('))) => {
                        if let Some(
                            [
                                Token::Text(module, _),
                                Token::Mark(')'),
                                Token::Name(then),
                                Token::Mark('('),
                                Token::Mark('('),
                                Token::Mark('{'),
                            ],
                        ) = tokens.get(at + 2..at + 8)
                            && then == ".then"
                        {
                            let rest = tokens.get(at + 8..).unwrap_or(&[]);
                            let end = rest.iter().position(|token| *token == Token::Mark('}'));
                            self.taken_out(module, rest.get(..end.unwrap_or(0)).unwrap_or(&[]));
                        }
                    }
                    // `o = os`: another name for the module.
                    (name, Some(Token::Mark('=')))
                        if self.imports.len() < 64
                            && !matches!(tokens.get(at + 3), Some(Token::Mark('(' | '[')))
                            && matches!(tokens.get(at + 2), Some(Token::Name(module)) if is_module(&self.full_name(module))) =>
                    {
                        if let Some(Token::Name(module)) = tokens.get(at + 2) {
                            let full = self.full_name(module);
                            self.imports.push((name.to_owned(), full));
                        }
                    }
                    // `x = await import("fs")`
                    (name, Some(Token::Mark('='))) if imported(tokens, at + 2).is_some() => {
                        let module = imported(tokens, at + 2).unwrap_or_default().to_owned();
                        self.imports.push((name.to_owned(), module));
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
            } else if *token == Token::Mark('}')
                && tokens.get(at + 1) == Some(&Token::Mark('='))
                && let Some(module) = imported(tokens, at + 2)
            {
                // `{a, b: c} = require('m')`
                let open = tokens
                    .iter()
                    .take(at)
                    .rposition(|token| *token == Token::Mark('{'))
                    .unwrap_or(at);
                self.taken_out(module, tokens.get(open + 1..at).unwrap_or(&[]));
            }
            at += 1;
        }
    }

    /// The names that are taken out of a module, and those they are given.
    fn taken_out(&mut self, module: &str, names: &[Token]) {
        let module = module.trim_start_matches("node:");
        let mut names = names.iter();
        let mut item = None;
        while let Some(token) = names.next() {
            match token {
                Token::Name(name) => {
                    item = Some(name.clone());
                    self.imports.push((name.clone(), format!("{module}.{name}")));
                }
                Token::Mark(':') => {
                    if let (Some(item), Some(Token::Name(short))) = (item.take(), names.next()) {
                        self.imports.push((short.clone(), format!("{module}.{item}")));
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether a name is that of a module by whose functions a script reaches out.
fn is_module(name: &str) -> bool {
    matches!(
        name.rsplit('.').next(),
        Some("os" | "io" | "subprocess" | "shutil" | "fs" | "child_process")
    )
}

/// The module that `require("m")` or `await import("m")` at `at` gives.
fn imported(tokens: &[Token], at: usize) -> Option<&str> {
    let waits = matches!(tokens.get(at), Some(Token::Name(word)) if word == "await");
    let at = at + usize::from(waits);
    match tokens.get(at..at + 3) {
        Some([Token::Name(call), Token::Mark('('), Token::Text(module, _)])
            if call == "require" || waits && call == "import" =>
        {
            Some(module.trim_start_matches("node:"))
        }
        _ => None,
    }
}
