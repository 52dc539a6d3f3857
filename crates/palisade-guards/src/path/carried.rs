//! What paths mean to the evaluator of commands: how data carries on there.

use palisade_shell::programs::Language;
use palisade_shell::{Classify, Text};

use super::{Mark, base, is_plain, is_settings, mark_of_end, see, stands};
use crate::Places;

/// What paths mean to the evaluator: whose content is secret, and which files
/// are code that something runs later.
pub fn classify() -> Classify {
    Classify { secret: is_secret, code: runs_as, plain: is_plain }
}

/// The mark of a path wherever the home is.
pub(super) fn mark_anywhere(path: &Text) -> Option<Mark> {
    let nowhere = Places::default();
    let seen = see(path, &nowhere);
    // `bin` and its like are in many places that are no home.
    let telling = |end: &str| !["bin", "go/bin", "go/pkg"].iter().any(|name| stands(name, end));
    seen.mark.or_else(|| path.literal().and_then(|path| mark_of_end(path, telling)))
}

pub(super) fn is_secret(path: &Text) -> bool {
    mark_anywhere(path).is_some_and(Mark::is_secret)
}

pub(super) fn runs_as(path: &Text) -> Option<Language> {
    let mark = mark_anywhere(path)?;
    match mark {
        Mark::Hook if !path.literal().is_none_or(is_script) => Some(Language::Other),
        Mark::ShellStartup | Mark::Hook => Some(Language::Shell),
        Mark::Schedule => {
            let daily = path.literal().is_some_and(|text| text.contains("ly/"));
            Some(if daily { Language::Shell } else { Language::Cron })
        }
        _ => None,
    }
}

/// Whether a file that some tool runs or obeys is for a shell to read, as far
/// as its name says.
fn is_script(path: &str) -> bool {
    const OTHER: &[&str] = &[
        "cfg",
        "cjs",
        "conf",
        "config",
        "el",
        "exs",
        "js",
        "json",
        "lua",
        "mjs",
        "properties",
        "py",
        "rb",
        "toml",
        "ts",
        "xml",
        "yaml",
        "yml",
    ];
    let name = base(path);
    let suffix = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty());
    !is_settings(path) && suffix.is_none_or(|(_, suffix)| !OTHER.contains(&suffix))
}
