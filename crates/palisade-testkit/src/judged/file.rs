//! Files as specs write them.

use palisade_core::{Action, Decision, FileFacts, FileKind, FileUse, Posture, judge};

use super::{HOME, Setting, places};

/// The decision on a file: `read ~/.ssh/id_rsa`. After the path may stand
/// ` -> /where/it/is`, ` = /another/name`, `(new)` and `(incomplete)`; last,
/// after ` << `, what is written, `\n` between its lines.
pub fn judged(text: &str, setting: &Setting) -> Decision {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let how = match word {
        "read" => FileUse::Read,
        "write" => FileUse::Write,
        "edit" => FileUse::Edit,
        "list" => FileUse::List,
        "search" => FileUse::Search,
        other => unreachable!("`{other}` is no use of a file: {text}"),
    };
    let (rest, content) = match rest.split_once(" << ") {
        Some((rest, content)) => (rest, Some(content.replace("\\n", "\n"))),
        None => (rest, None),
    };
    let (rest, new) = flagged(rest, " (new)");
    let (rest, incomplete) = flagged(rest, " (incomplete)");
    let mut names = rest.split(" = ");
    let first = names.next().unwrap_or("");
    let (path, real) = first.split_once(" -> ").unwrap_or((first, first));
    let absolute = |path: &str| match path.strip_prefix("~/") {
        Some(below) => format!("{HOME}/{below}"),
        None if path == "~" => HOME.to_owned(),
        None if path.starts_with('/') => path.to_owned(),
        None => format!("{}/{path}", setting.cwd),
    };
    let mut facts = FileFacts {
        path: absolute(path),
        also: names.map(absolute).collect(),
        kind: if new { FileKind::New } else { FileKind::Regular },
        incomplete,
        ..FileFacts::of_text(absolute(real))
    };
    facts.plain = content.is_some_and(|content| palisade_guards::file::is_plain(&facts, &content));
    let findings = palisade_guards::file::findings(how, &facts, &places(setting));
    let action = Action::File {
        how,
        path: facts.path.clone(),
        real: facts.real.clone(),
        object: None,
        cwd: setting.cwd.clone(),
    };
    // A tool runs outside the sandbox, whatever the profile says.
    let posture = Posture { confined: false, ..setting.posture };
    judge(action, findings, posture, &[], None, 0)
}

fn flagged<'a>(text: &'a str, flag: &str) -> (&'a str, bool) {
    text.strip_suffix(flag).map_or((text, false), |rest| (rest, true))
}
