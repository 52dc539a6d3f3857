//! Words that are spelled otherwise than the grammar of the entry has them.

use super::value::Field;
use crate::programs::Program;

/// The words as the grammar of the entry reads them, where they are spelled
/// otherwise: a toolchain before cargo's subcommand (`cargo +nightly fmt`), and
/// vi's `-s`, which takes no file in Ex mode (`ex -sc CODE`, `vim -e -s`).
pub(super) fn restated(program: &Program, fields: &[Field]) -> Option<Vec<Field>> {
    let (name, words) = fields.split_first()?;
    match program.name.get() {
        "cargo" if words.first()?.literal()?.starts_with('+') => {
            Some(std::iter::once(name).chain(words.iter().skip(1)).cloned().collect())
        }
        "vim" => {
            // The flags at the start of a bundle, and what follows them.
            let flags = |field: &Field| {
                let bundle = field.literal()?.strip_prefix('-')?;
                let end = bundle.find(|flag| !"eEsnNRbvXxyZ".contains(flag));
                let (flags, rest) = bundle.split_at_checked(end.unwrap_or(bundle.len()))?;
                Some((flags.to_owned(), rest.to_owned()))
            };
            let base = name.text.raw().rsplit('/').next();
            let ex = base == Some("ex")
                || words
                    .iter()
                    .any(|word| flags(word).is_some_and(|(flags, _)| flags.contains(['e', 'E'])));
            let silent = |word: &Field| flags(word).filter(|(flags, _)| flags.contains('s'));
            if !ex || !words.iter().any(|word| silent(word).is_some()) {
                return None;
            }
            let mut out = vec![name.clone()];
            for word in words {
                let Some((flags, rest)) = silent(word) else {
                    out.push(word.clone());
                    continue;
                };
                let flags: String = flags.chars().filter(|flag| *flag != 's').collect();
                out.extend(flags.chars().map(|flag| word.with(format!("-{flag}"))));
                if !rest.is_empty() {
                    out.push(word.with(format!("-{rest}")));
                }
            }
            Some(out)
        }
        _ => None,
    }
}
