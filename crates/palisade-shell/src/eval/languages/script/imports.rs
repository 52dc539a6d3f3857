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
            } else if let (
                Token::Mark('}'),
                Some(Token::Mark('=')),
                Some(Token::Name(call)),
                Some(Token::Text(module, _)),
            ) = (token, tokens.get(at + 1), tokens.get(at + 2), tokens.get(at + 4))
                && call == "require"
            {
                // `{a, b: c} = require('m')`
                let module = module.trim_start_matches("node:");
                let open = tokens
                    .iter()
                    .take(at)
                    .rposition(|token| *token == Token::Mark('{'))
                    .unwrap_or(at);
                let mut names = tokens.get(open + 1..at).unwrap_or(&[]).iter();
                let mut item = None;
                while let Some(token) = names.next() {
                    match token {
                        Token::Name(name) => {
                            item = Some(name.clone());
                            self.imports.push((name.clone(), format!("{module}.{name}")));
                        }
                        Token::Mark(':') => {
                            if let (Some(item), Some(Token::Name(short))) =
                                (item.take(), names.next())
                            {
                                self.imports.push((short.clone(), format!("{module}.{item}")));
                            }
                        }
                        _ => {}
                    }
                }
            }
            at += 1;
        }
    }
}
