//! Shell text to syntax tree to abstract values to effects, in one pass over
//! one parse. No IO, no clock, no environment, no unsafe, no panic.

mod effect;
mod eval;
pub mod programs;
mod span;
pub mod syntax;
mod text;
mod trees;

pub use effect::{
    Analysis, Classify, Code, Context, Effect, EffectKind, FileFact, Install, Invocation, Labels,
    Match, Unmissed, Writing,
};
pub use span::Span;
pub use text::{Text, matches};
pub use trees::{Held, Ignored, Needle, Search, Syntax, Tree};

/// Whether a file of a repository decides what a package manager installs by a
/// lock file ([`Install`]), by the name that `path` ends with.
pub fn decides_install(path: &str) -> bool {
    eval::decides_install(path)
}

/// Whether `grep` with these words, `None` for what is not known, shows nothing
/// but names of a file of settings, and no value.
pub fn shows_names<'a>(words: impl IntoIterator<Item = Option<&'a str>>) -> bool {
    eval::shows_names(words)
}

/// Says what `text` would do if a shell ran it in `context`.
pub fn analyse(text: &str, context: &Context) -> Analysis {
    eval::analyse(text, context)
}

/// Says what executing `arguments` without a shell would do in `context`.
pub fn analyse_argv(arguments: &[String], context: &Context) -> Analysis {
    eval::analyse_argv(arguments, context)
}
