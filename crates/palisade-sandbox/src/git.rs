//! Git's own directory: which parts of it run programs, and what a harmless
//! configuration looks like.

use std::path::{Path, PathBuf};

use crate::protect::read_small;

/// The parts of a repository's directory that decide what git runs.
pub const PARTS: &[&str] = &["hooks", "config", "config.worktree", "commondir", "gitdir"];

/// The parts that a repository does not need, so that one that appears is put
/// aside whole. (`hooks` and `config` are looked into instead.)
pub const UNUSUAL: &[&str] = &["config.worktree", "commondir"];

/// One line of a configuration, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// In lower case.
    pub section: String,
    /// As written.
    pub subsection: String,
    /// In lower case.
    pub key: String,
    /// As written, quotes and trailing comments kept.
    pub value: String,
}

/// Takes a configuration apart; false where a line is not understood.
pub fn parse(text: &str) -> (Vec<Setting>, bool) {
    let mut settings = Vec::new();
    let (mut section, mut subsection, mut whole) = (String::new(), String::new(), true);
    for line in text.lines() {
        let mut line = line.trim();
        if let Some(rest) = line.strip_prefix('[') {
            let Some((head, after)) = rest.split_once(']') else {
                whole = false;
                continue;
            };
            let (name, sub) = match head.split_once('"') {
                Some((name, sub)) => (name.trim(), sub.trim_end().trim_end_matches('"')),
                None => head.split_once('.').unwrap_or((head, "")),
            };
            section = name.trim().to_ascii_lowercase();
            subsection = sub.to_string();
            line = after.trim();
        }
        if line.is_empty() || line.starts_with('#') || line.starts_with(';') {
            continue;
        }
        if line.ends_with('\\') {
            whole = false;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, "true"));
        settings.push(Setting {
            section: section.clone(),
            subsection: subsection.clone(),
            key: key.trim().to_ascii_lowercase(),
            value: value.trim().to_string(),
        });
    }
    (settings, whole)
}

/// Whether a setting only describes: it names no program and no other file.
fn harmless(setting: &Setting) -> bool {
    const CORE: &[&str] = &[
        "repositoryformatversion",
        "filemode",
        "bare",
        "logallrefupdates",
        "ignorecase",
        "precomposeunicode",
        "symlinks",
        "autocrlf",
        "eol",
        "sharedrepository",
        "quotepath",
        "abbrev",
        "compression",
    ];
    let key = setting.key.as_str();
    match setting.section.as_str() {
        "core" => CORE.contains(&key),
        "remote" => {
            // An `ext::` address is a program.
            matches!(
                key,
                "url"
                    | "pushurl"
                    | "fetch"
                    | "tagopt"
                    | "promisor"
                    | "partialclonefilter"
                    | "prune"
            ) && !setting.value.trim_start_matches('"').starts_with("ext::")
                && !setting.value.trim_start_matches('"').starts_with('-')
        }
        "branch" => matches!(key, "remote" | "merge" | "rebase" | "description"),
        "user" => matches!(key, "name" | "email"),
        "extensions" => matches!(key, "objectformat" | "refstorage" | "partialclone"),
        "submodule" => matches!(key, "url" | "active"),
        "init" => key == "defaultbranch",
        "pull" => matches!(key, "rebase" | "ff"),
        "push" => matches!(key, "default" | "autosetupremote"),
        "advice" | "color" | "gc" | "fetch" | "rebase" | "merge" => {
            matches!(
                setting.value.as_str(),
                "true" | "false" | "auto" | "always" | "never" | "only" | "diff3" | "zdiff3"
            ) || setting.value.parse::<u64>().is_ok()
        }
        _ => false,
    }
}

/// A configuration without what names programs or other files; `None` where
/// there is nothing of the kind in it.
pub fn without_programs(text: &str) -> Option<String> {
    use std::fmt::Write;
    let (settings, whole) = parse(text);
    let plain = |setting: &Setting| {
        harmless(setting)
            && !setting.value.ends_with('\\')
            && !setting.subsection.contains(['"', '\\', '\n'])
    };
    if whole && settings.iter().all(plain) {
        return None;
    }
    let mut out = String::new();
    for setting in settings.iter().filter(|setting| plain(setting)) {
        let Setting { section, subsection, key, value } = setting;
        let head = if subsection.is_empty() {
            format!("[{section}]")
        } else {
            format!("[{section} \"{subsection}\"]")
        };
        let _ = writeln!(out, "{head}\n\t{key} = {value}");
    }
    Some(out)
}

/// Files and directories of the workspace that a configuration has git run or
/// read: they are as dangerous as the configuration itself.
pub fn programs_named_in(config: &Path, repository: &Path, workspace: &Path) -> Vec<PathBuf> {
    let Some(text) = read_small(config).and_then(|bytes| String::from_utf8(bytes).ok()) else {
        return Vec::new();
    };
    let worktree = repository.parent().unwrap_or(repository);
    parse(&text)
        .0
        .iter()
        .filter(|setting| !harmless(setting) && !setting.value.is_empty())
        .flat_map(|setting| {
            let value = setting.value.trim_matches('"');
            let program = value.split_whitespace().next().unwrap_or_default();
            [worktree.join(value), repository.join(value), worktree.join(program)]
        })
        .filter_map(|path| std::fs::canonicalize(path).ok())
        .filter(|path| {
            path.starts_with(workspace)
                && path != workspace
                && path != worktree
                && path != repository
        })
        .collect()
}

/// The repositories of submodules and the directories of worktrees, which
/// stand in a repository's own directory.
pub fn inner_repositories(repository: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let list = |dir: PathBuf| -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
        entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| entry.path())
            .take(1000)
            .collect()
    };
    out.extend(list(repository.join("worktrees")));
    // A submodule's name may have slashes, so its directory may stand deeper.
    let mut waiting = list(repository.join("modules"));
    while let Some(dir) = waiting.pop() {
        if dir.join("HEAD").exists() {
            out.push(dir);
        } else if out.len() + waiting.len() < 1000 {
            waiting.extend(list(dir));
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    const ORDINARY: &str = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\
        [remote \"origin\"]\n\turl = https://example.com/x.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n";

    #[test]
    fn an_ordinary_configuration_is_left_alone() {
        assert_eq!(without_programs(ORDINARY), None);
    }

    #[test]
    fn programs_are_taken_out_in_every_spelling() {
        for line in [
            "[core]\n\tfsmonitor = ./evil.sh\n",
            "[core] fsmonitor = ./evil.sh\n",
            "[CORE]\n\thooksPath = /tmp/h\n",
            "[core.x]\n\tfsmonitor = y\n",
            "[filter \"x\"]\n\tclean = evil\n",
            "[include]\n\tpath = ../x\n",
            "[alias]\n\tst = !evil\n",
            "[remote \"o\"]\n\turl = ext::sh -c evil\n",
            "[core]\n\tpager = evil \\\n more\n",
            "[core\n\tfsmonitor = x\n",
            "[diff]\n\texternal = evil\n",
            "[user]\n\tname = a\\\n[core]\n",
        ] {
            let text = format!("{ORDINARY}{line}");
            let clean = without_programs(&text).unwrap_or_else(|| panic!("left alone: {line}"));
            assert!(!clean.contains("evil") && !clean.contains("/tmp/h"), "{clean}");
            assert!(clean.contains("url = https://example.com/x.git"), "{clean}");
            assert_eq!(without_programs(&clean), None, "the result is itself harmless: {clean}");
        }
    }
}
