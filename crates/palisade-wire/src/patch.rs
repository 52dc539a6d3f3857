//! Which files a patch changes.

use palisade_core::FileUse;

use crate::{Malformed, Use};

/// Reads Codex's patch format: `*** Add File: p`, `*** Update File: p` with
/// an optional `*** Move to: p`, `*** Delete File: p`. A unified diff is read
/// by its heads.
///
/// # Errors
/// Where it names no file, or has a head that is not known: such a patch
/// could change what was not looked at.
pub(crate) fn uses(patch: &str) -> Result<Vec<Use>, Malformed> {
    let mut found = Vec::new();
    let mut content: Option<String> = None;
    for line in patch.lines() {
        // A client may be lenient about space around a head.
        let head = line.trim();
        let Some(head) = head.strip_prefix("*** ") else {
            if let (Some(content), Some(added)) = (&mut content, line.strip_prefix('+')) {
                content.push_str(added);
                content.push('\n');
            }
            continue;
        };
        let file = |name: &str| head.strip_prefix(name).map(|path| path.trim().to_owned());
        if let Some(path) = file("Add File:") {
            settle(&mut found, &mut content);
            found.push(Use::File { how: FileUse::Write, path, content: None });
            content = Some(String::new());
        } else if let Some(path) = file("Update File:") {
            settle(&mut found, &mut content);
            found.push(Use::File { how: FileUse::Edit, path, content: None });
        } else if let Some(path) = file("Delete File:").or_else(|| file("Move to:")) {
            settle(&mut found, &mut content);
            found.push(Use::File { how: FileUse::Write, path, content: None });
        } else if matches!(head, "Begin Patch" | "End Patch" | "End of File") {
            if head == "End Patch" {
                settle(&mut found, &mut content);
            }
        } else if head.starts_with("Environment ID:") {
            return Err(Malformed::new("the patch is for another machine"));
        } else if line.starts_with("***") && patch.trim_start().starts_with("*** Begin Patch") {
            return Err(Malformed::new("the patch has a head that is not known"));
        }
    }
    settle(&mut found, &mut content);
    if found.is_empty() {
        found = named_in_diff(patch);
    }
    if found.is_empty() {
        return Err(Malformed::new("the patch names no file"));
    }
    Ok(found)
}

fn settle(found: &mut [Use], content: &mut Option<String>) {
    if let (Some(text), Some(Use::File { content, .. })) = (content.take(), found.last_mut()) {
        *content = Some(text);
    }
}

/// The files that the heads of a unified diff name, old and new.
pub(crate) fn named_in_diff(diff: &str) -> Vec<Use> {
    let mut paths: Vec<String> = Vec::new();
    let mut before = "";
    for line in diff.lines() {
        // A head is a pair of lines; a removed line may look like one of them.
        if let (Some(old), Some(new)) = (before.strip_prefix("--- "), line.strip_prefix("+++ ")) {
            for side in [old, new] {
                let side = side.split('\t').next().unwrap_or(side).trim();
                let path = side.strip_prefix("a/").or_else(|| side.strip_prefix("b/"));
                let path = path.unwrap_or(side).trim_matches('"');
                if !matches!(path, "/dev/null" | "dev/null" | "") {
                    paths.push(path.to_owned());
                }
            }
        }
        for head in ["rename to ", "copy to ", "rename from "] {
            paths.extend(line.strip_prefix(head).map(str::to_owned));
        }
        before = line;
    }
    paths.sort();
    paths.dedup();
    let edit = |path| Use::File { how: FileUse::Edit, path, content: None };
    paths.into_iter().map(edit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(patch: &str) -> Result<Vec<String>, Malformed> {
        let path = |one| match one {
            Use::File { how, path, .. } => format!("{} {path}", how.word()),
            other => format!("{other:?}"),
        };
        Ok(uses(patch)?.into_iter().map(path).collect())
    }

    #[test]
    fn every_file_of_a_patch_is_named() {
        let patch = "*** Begin Patch\n*** Add File: a.txt\n+one\n+*** Add File: no\n\
                     *** Update File: b.txt\n*** Move to: ../c.txt\n@@\n-x\n+y\n*** End of File\n\
                     *** Delete File: d\n*** End Patch\n";
        assert_eq!(
            paths(patch),
            Ok(["write a.txt", "edit b.txt", "write ../c.txt", "write d"]
                .map(str::to_owned)
                .into())
        );
        assert_eq!(
            uses(patch).ok().and_then(|all| all.into_iter().next()),
            Some(Use::File {
                how: FileUse::Write,
                path: "a.txt".into(),
                content: Some("one\n*** Add File: no\n".into())
            })
        );
        assert!(paths("*** Begin Patch\n*** Replace File: x\n*** End Patch").is_err());
        assert!(paths("hello").is_err());
    }

    #[test]
    fn heads_of_a_diff() {
        let diff = "--- a/x\n+++ b/y\t2026\n@@ -1 +1 @@\n--- gone\n+line\nrename to z\n";
        assert_eq!(paths(diff), Ok(["edit x", "edit y", "edit z"].map(str::to_owned).into()));
    }
}
