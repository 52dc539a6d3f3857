//! What comes from the network or out of a decoder, by the names that it is
//! given on the way.

use std::collections::BTreeSet;

use super::Scan;
use super::passed::within;
use super::tables::{Sink, networks, sink};
use super::tokens::Token;
use crate::eval::Eval;

/// How often names are followed from one to the next.
const ROUNDS: usize = 4;
/// How long one statement may be.
const LONGEST: usize = 96;

impl Scan {
    /// Whether the call at `at` is given something that was fetched or decoded.
    pub(super) fn takes_fetched(&self, eval: &mut Eval<'_>, tokens: &[Token], at: usize) -> bool {
        eval.spend(ROUNDS * tokens.len(), self.span);
        let names = self.fetched_names(tokens);
        self.is_fetched(within(tokens, at + 1), &names)
    }

    /// The names that hold such data.
    fn fetched_names<'t>(&self, tokens: &'t [Token]) -> BTreeSet<&'t str> {
        let mut names = BTreeSet::new();
        for _ in 0..ROUNDS {
            let before = names.len();
            for (at, token) in tokens.iter().enumerate() {
                let (Token::Name(word), next) = (token, tokens.get(at + 1)) else { continue };
                let rest = |from: usize| {
                    let rest = tokens.get(from..).unwrap_or(&[]);
                    let rest = rest.get(..LONGEST).unwrap_or(rest);
                    let end = rest.iter().position(|token| *token == Token::Mark(';'));
                    rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest)
                };
                match (word.as_str(), next) {
                    // `with urlopen(..) as name`
                    ("as", Some(Token::Name(name))) => {
                        let from = at.saturating_sub(LONGEST);
                        let above = tokens.get(from..at).unwrap_or(&[]);
                        let start = above.iter().rposition(|token| *token == Token::Mark(';'));
                        let above = above.get(start.unwrap_or(0)..).unwrap_or(above);
                        let imported = above.iter().any(|token| {
                            matches!(token, Token::Name(word) if word == "import" || word == "from")
                        });
                        if !imported && self.is_fetched(above, &names) {
                            names.insert(name.as_str());
                        }
                    }
                    ("for", Some(Token::Name(name))) if self.is_fetched(rest(at + 2), &names) => {
                        names.insert(name.as_str());
                    }
                    (name, Some(Token::Mark('=')))
                        if tokens.get(at + 2) != Some(&Token::Mark('='))
                            && self.is_fetched(rest(at + 2), &names) =>
                    {
                        names.insert(name);
                    }
                    _ => {}
                }
            }
            if names.len() == before {
                break;
            }
        }
        names
    }

    /// Whether something of this is fetched, decoded, or held by such a name.
    fn is_fetched(&self, tokens: &[Token], names: &BTreeSet<&str>) -> bool {
        tokens.iter().any(|token| {
            let Token::Name(name) = token else { return false };
            let full = self.full_name(name);
            let head = name.split('.').next().unwrap_or(name);
            names.contains(head)
                || matches!(
                    sink(self.language, &full),
                    Some(Sink::Connect | Sink::Send | Sink::Decode)
                )
                || networks(self.language, &[Token::Name(full)])
        })
    }
}
