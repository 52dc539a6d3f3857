//! The manual of the rules, made from the rules themselves.

use std::fmt::Write as _;

use palisade_core::Contained;
use palisade_guards::command::GUARDS;
use palisade_guards::rules::RULES;

/// Where it stands in the repository.
pub const PATH: &str = "docs/manual/rules.md";

/// Its text.
pub fn text() -> String {
    let mut out = String::from(
        "# Rules\n\nMade from the rules in `crates/palisade-guards/rules/` by \
         `cargo run -p palisade-testkit --example manual`; do not edit.\n\n\
         A *safe* command runs, a *caution* is asked about where somebody can answer and refused where nobody can, \
         a *dangerous* one is refused always. *Contained* says whether a caution is still asked about when the \
         command runs inside the sandbox.\n\n## Guards\n",
    );
    for guard in GUARDS {
        let _ =
            write!(out, "\n### {}\n\n{}\n\nKnown gaps: {}\n", guard.name, guard.manual, guard.gaps);
    }
    let mut group = "";
    for rule in RULES {
        let (of, _) = rule.id.split_once('/').unwrap_or((rule.id, ""));
        if of != group {
            group = of;
            let _ = write!(out, "\n## {group}\n");
        }
        let _ = write!(
            out,
            "\n### {id}\n\n{severity}{contained}. {why}\n",
            id = rule.id,
            severity = capital(rule.severity.word()),
            contained = contained(rule.contained),
            why = rule.why,
        );
        if !rule.instead.is_empty() {
            let _ = write!(out, "\nInstead: {}\n", rule.instead);
        }
        let _ = write!(out, "\nMatches {}; spares {}.\n", list(rule.matches), list(rule.spares));
        let _ = write!(out, "\nKnown gaps: {}\n", rule.gaps);
    }
    out
}

const fn contained(contained: Contained) -> &'static str {
    match contained {
        Contained::No => "",
        Contained::Yes => "; contained by the sandbox",
        Contained::WithoutNetwork => "; contained by a sandbox without network",
        Contained::Unrecognised => "; contained by the sandbox unless the profile says otherwise",
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Commands as code, with what cannot be seen written out.
fn list(commands: &[&str]) -> String {
    let code = |command: &&str| {
        let shown = palisade_guards::content::reveal(command);
        if shown.contains('`') { format!("`` {shown} ``") } else { format!("`{shown}`") }
    };
    commands.iter().map(code).collect::<Vec<_>>().join(", ")
}
