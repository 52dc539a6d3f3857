//! Paths, absolute and normalised as far as they are known.

use super::Eval;
use crate::text::{ANY, Text};

impl Eval<'_> {
    /// Where `path` leads: joined to the directory, `.` and `..` resolved,
    /// `/proc` aliases and links made in the line followed.
    pub(crate) fn resolve(&self, path: &Text) -> Text {
        let raw = path.raw();
        let home = &self.context.home;
        let absolute = if raw.starts_with(ANY) {
            // It may begin anywhere.
            return self.text_of(raw);
        } else if raw.starts_with('/') {
            raw.to_owned()
        } else if raw == "~" {
            home.clone()
        } else if let Some(rest) = raw.strip_prefix("~/") {
            format!("{home}/{rest}")
        } else {
            format!("{}/{raw}", self.directory().raw())
        };
        let mut at = normalise(&absolute);
        if let Some(mounts) = &self.container {
            let mapped = mounts
                .iter()
                .filter(|(inside, _)| {
                    inside == "/"
                        || at == *inside
                        || at
                            .strip_prefix(inside.as_str())
                            .is_some_and(|rest| rest.starts_with('/'))
                })
                .max_by_key(|(inside, _)| inside.len())
                .map(|(inside, host)| {
                    let rest = if inside == "/" {
                        at.as_str()
                    } else {
                        at.get(inside.len()..).unwrap_or("")
                    };
                    normalise(&format!("{}/{rest}", host.raw()))
                });
            return Text::new(mapped.unwrap_or_else(|| {
                if at.starts_with("/container") { at } else { format!("/container{at}") }
            }));
        }
        for _ in 0..8 {
            match self.follow(&at) {
                Some(next) => at = next,
                None => break,
            }
        }
        Text::new(at)
    }

    /// A path whose beginning is not known, as it stands.
    fn text_of(&self, raw: &str) -> Text {
        Text::new(if raw.contains("..") { ANY.to_string() } else { raw.to_owned() })
    }

    /// As [`Self::resolve`], but a link at the very end is not followed: what
    /// `rm` and `mv` take away is the link.
    pub(crate) fn resolve_entry(&self, path: &Text) -> Text {
        let raw = path.raw().trim_end_matches('/');
        let plain = self.state.files.is_empty() && self.context.files.is_empty();
        if plain || self.container.is_some() || path.raw().ends_with('/') {
            return self.resolve(path);
        }
        match raw.rsplit_once('/') {
            Some((directory, base)) if !base.is_empty() && base != ".." && base != "." => {
                let directory = if directory.is_empty() { "/" } else { directory };
                let parent = self.resolve(&Text::from(directory));
                Text::new(normalise(&format!("{}/{base}", parent.raw())))
            }
            None if !raw.is_empty()
                && raw != ".."
                && raw != "."
                && !raw.starts_with('~')
                && !raw.starts_with(ANY) =>
            {
                let parent = self.resolve(&Text::from("."));
                Text::new(normalise(&format!("{}/{raw}", parent.raw())))
            }
            _ => self.resolve(path),
        }
    }

    fn follow(&self, path: &str) -> Option<String> {
        if let Some(rest) = path.strip_prefix("/proc/") {
            let (process, rest) = rest.split_once('/')?;
            let rest = match process {
                "thread-self" => rest,
                _ => rest
                    .strip_prefix("task/")
                    .and_then(|task| task.split_once('/'))
                    .map_or(rest, |(_, rest)| rest),
            };
            if process == "self"
                || process == "thread-self"
                || process.bytes().all(|b| b.is_ascii_digit())
                || process.contains(ANY)
            {
                if rest == "root" || rest.starts_with("root/") {
                    return Some(normalise(rest.strip_prefix("root").unwrap_or(rest)));
                }
                if rest.starts_with("fd/") {
                    return Some(format!("/dev/{rest}"));
                }
                if let Some(rest) = rest.strip_prefix("cwd") {
                    return Some(normalise(&format!("{}/{rest}", self.directory().raw())));
                }
            }
            return None;
        }
        if self.state.files.is_empty() && self.context.files.is_empty() {
            return None;
        }
        // The longest prefix that is a link decides.
        let mut end = path.len();
        loop {
            let prefix = path.get(..end)?;
            let target = self
                .state
                .files
                .get(prefix)
                .and_then(|file| file.link.as_ref())
                .map(Text::raw)
                .or_else(|| self.context.files.get(prefix).and_then(|fact| fact.real.as_deref()));
            if let Some(target) = target
                && target != prefix
            {
                let rest = path.get(end..)?;
                return Some(normalise(&format!("{target}{rest}")));
            }
            end = prefix.rfind('/')?;
            if end == 0 {
                return None;
            }
        }
    }

    /// The directory, as far as known.
    pub(crate) fn directory(&self) -> &Text {
        self.state.cwd.get(self.place).or(self.state.cwd.first()).unwrap_or(&self.nowhere)
    }
}

/// Resolves `.`, `..` and doubled slashes by name alone. A `..` behind a part
/// that is not known makes the whole not known.
pub(crate) fn normalise(path: &str) -> String {
    if !path.contains("/.") && !path.contains("//") && !path.ends_with('/') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.pop() {
                Some(known) if known.contains(ANY) => {
                    return format!("/{ANY}");
                }
                _ => {}
            },
            name => parts.push(name),
        }
    }
    let rooted = path.starts_with('/');
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_vanish() {
        assert_eq!(normalise("/tmp/../etc/shadow"), "/etc/shadow");
        assert_eq!(normalise("/../.."), "/");
        assert_eq!(normalise("/a//b/./c/"), "/a/b/c");
        assert_eq!(normalise(&format!("/a/{ANY}/../b")), format!("/{ANY}"));
    }
}
