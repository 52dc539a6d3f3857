//! Code that looks at the environment.

use super::Scan;
use super::tokens::Token;
use crate::effect::{EffectKind, Labels};
use crate::eval::Eval;

impl Scan {
    /// `os.environ`, `process.env`, `%ENV`, `ENV`, `$_ENV`: one variable by its
    /// name is not all of them, and handing all to a child is not showing them.
    pub(super) fn environment(&mut self, eval: &mut Eval<'_>, tokens: &[Token], at: usize) {
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
        eval.spend(tokens.len(), self.span);
        if handed_on(tokens, at) {
            return;
        }
        eval.spend(tokens.len() * 8, self.span);
        if eval.overrun {
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
}

/// Whether the environment at `at` becomes, with additions, that of a child:
/// `env=dict(os.environ, A=1)`, `env = {**os.environ}`, and the name it is
/// given is only added to and handed on.
fn handed_on(tokens: &[Token], at: usize) -> bool {
    let mark = |at: usize, mark: char| matches!(tokens.get(at), Some(Token::Mark(found)) if *found == mark);
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
        Token::Text(text, inner) => {
            *inner || text.contains([crate::text::ANY]) || text.contains(target)
        }
        Token::Name(name) => {
            matches!(name.as_str(), "locals" | "globals" | "vars" | "eval" | "exec")
        }
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
