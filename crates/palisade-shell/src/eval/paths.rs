//! Paths, absolute and normalised as far as they are known.

use super::Eval;
use crate::effect::Match;
use crate::text::{ANY, ONE, STAR, Text};

/// So many links are followed in one path, as many as Linux follows.
const MAX_LINKS: usize = 40;
/// So many lines of a path are looked at.
const MAX_LINES: usize = 16;
/// A part of which nothing is known: [`ANY`] as text.
const UNKNOWN: &str = "\u{F0000}";

/// Links that systems have, whose target is elsewhere in the tree.
const USUAL_LINKS: &[(&str, &str)] = &[
    ("/var/run", "/run"),
    ("/var/lock", "/run/lock"),
    ("/var/mail", "/var/spool/mail"),
    ("/usr/tmp", "/var/tmp"),
    ("/bin", "/usr/bin"),
    ("/sbin", "/usr/sbin"),
    ("/lib", "/usr/lib"),
    ("/lib32", "/usr/lib32"),
    ("/lib64", "/usr/lib64"),
    ("/libx32", "/usr/libx32"),
    ("/dev/fd", "/proc/self/fd"),
];

impl Eval<'_> {
    /// Where `path` leads: joined to the directory, `.` and `..` resolved,
    /// `/proc` aliases and links made in the line followed.
    pub(crate) fn resolve(&self, path: &Text) -> Text {
        let raw = path.raw();
        if is_list(raw) {
            return self.resolve_lines(raw);
        }
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
        let by_name = self.settled(normalise(&absolute));
        if !climbs(&absolute) {
            self.taken_in(&by_name, |found| &found.real);
            return by_name;
        }
        match self.as_the_kernel(absolute) {
            Some(real) => {
                let real = self.settled(real);
                self.also(&real, &by_name);
                self.taken_in(&real, |found| &found.real);
                real
            }
            None => {
                self.taken_in(&by_name, |found| &found.real);
                by_name
            }
        }
    }

    /// What a pattern takes in on disk is judged with it.
    fn taken_in(&self, pattern: &Text, name: impl Fn(&Match) -> &String) {
        if self.context.files.is_empty() || pattern.literal().is_some() || pattern.has_unknown() {
            return;
        }
        if let Some(fact) = self.context.files.get(&pattern.to_string()) {
            self.unseen.set(self.unseen.get() || fact.beyond);
            for found in &fact.matches {
                self.also(pattern, &Text::new(name(found).as_str()));
            }
        }
    }

    /// Where a path without `..` leads: into a mount, or behind links.
    fn settled(&self, mut at: String) -> Text {
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

    /// A path of several lines is what several commands may have printed, and
    /// each line may be all of it: `$(mktemp -d || echo ~)`.
    fn resolve_lines(&self, raw: &str) -> Text {
        let mut lines = raw.split('\n').filter(|line| !line.is_empty());
        let whole = match lines.next() {
            Some(first) => self.resolve(&Text::new(first)),
            None => return Text::unknown(),
        };
        for line in lines.take(MAX_LINES) {
            let other = self.resolve(&Text::new(line));
            self.also(&whole, &other);
            for more in self.other_readings(&other) {
                self.also(&whole, &more);
            }
        }
        whole
    }

    /// Where a path with `..` leads that goes up from where a link leads, not
    /// from where it stands. `None` where no link is known on the way.
    fn as_the_kernel(&self, absolute: String) -> Option<String> {
        let mut at = absolute;
        let mut moved = false;
        for _ in 0..MAX_LINKS {
            let (certain, open) = certain_part(&at);
            self.note_spelled(certain);
            if self.container.is_none() {
                if let Some(next) = climb(&at, |above| self.follow(above)) {
                    (at, moved) = (next, true);
                    continue;
                }
                // Only now: what is on disk is older than the line's own links.
                let fact = self.context.files.get(certain);
                if let Some(real) = fact.and_then(|fact| fact.real.as_deref()) {
                    return Some(normalise(&format!("{real}{open}")));
                }
            }
            match climb(&at, usual_link) {
                Some(next) => (at, moved) = (next, true),
                None => return moved.then(|| normalise(&at)),
            }
        }
        Some(format!("/{ANY}"))
    }

    /// Has the caller look where a spelling leads.
    pub(crate) fn note_spelled(&self, spelled: &str) {
        if !spelled.contains([ANY, STAR, ONE]) {
            self.spelled.borrow_mut().insert(spelled.to_owned());
        }
    }

    /// `path` may be `other` as well: what is done to it is judged for both.
    pub(super) fn also(&self, path: &Text, other: &Text) {
        if path != other {
            let mut readings = self.readings.borrow_mut();
            readings.entry(path.raw().to_owned()).or_default().insert(other.clone());
        }
    }

    /// What else a resolved path may be.
    pub(crate) fn other_readings(&self, path: &Text) -> Vec<Text> {
        let readings = self.readings.borrow();
        readings.get(path.raw()).map(|all| all.iter().cloned().collect()).unwrap_or_default()
    }

    /// A path whose beginning is not known, as it stands.
    fn text_of(&self, raw: &str) -> Text {
        match raw.rsplit_once("/../") {
            Some((_, rest)) => Text::new(format!("{ANY}/{rest}")),
            None if raw.contains("..") => Text::unknown(),
            None => Text::new(raw),
        }
    }

    /// As [`Self::resolve`], but a link at the very end is not followed: what
    /// `rm` and `mv` take away is the link.
    pub(crate) fn resolve_entry(&self, path: &Text) -> Text {
        let raw = path.raw().trim_end_matches('/');
        let plain = is_list(raw)
            || self.state.files.is_empty() && self.context.files.is_empty() && !raw.contains("..");
        if plain || self.container.is_some() || path.raw().ends_with('/') {
            return self.resolve(path);
        }
        match raw.rsplit_once('/') {
            Some((directory, base)) if !base.is_empty() && base != ".." && base != "." => {
                let directory = if directory.is_empty() { "/" } else { directory };
                let parent = self.resolve(&Text::from(directory));
                let entry =
                    |parent: &Text| Text::new(normalise(&format!("{}/{base}", parent.raw())));
                for other in self.other_readings(&parent) {
                    self.also(&entry(&parent), &entry(&other));
                }
                let entry = entry(&parent);
                self.taken_in(&entry, |found| &found.entry);
                entry
            }
            None if !raw.is_empty()
                && raw != ".."
                && raw != "."
                && !raw.starts_with('~')
                && !raw.starts_with(ANY) =>
            {
                let parent = self.resolve(&Text::from("."));
                let entry = Text::new(normalise(&format!("{}/{raw}", parent.raw())));
                self.taken_in(&entry, |found| &found.entry);
                entry
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

/// A path up to the first component that is a pattern or not known, and the
/// rest. All of it is rest where that goes up again.
fn certain_part(path: &str) -> (&str, &str) {
    let Some(mark) = path.find([ANY, STAR, ONE]) else { return (path, "") };
    let cut = path.get(..mark).and_then(|before| before.rfind('/')).unwrap_or(0);
    match path.split_at_checked(cut) {
        Some((certain, open)) if !climbs(open) => (certain, open),
        _ => ("", path),
    }
}

/// Whether a path has a component `..`.
fn climbs(path: &str) -> bool {
    path.contains("..") && path.split('/').any(|part| part == "..")
}

/// The path with the first link that it goes up from replaced by its target.
/// What a pattern or a part not known stands for may be a link to anywhere.
fn climb(path: &str, link: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut above = String::new();
    let mut rest = path;
    loop {
        rest = rest.trim_start_matches('/');
        if rest.is_empty() {
            return None;
        }
        let (part, behind) = rest.split_once('/').unwrap_or((rest, ""));
        match part {
            "." => {}
            ".." => {
                let up = if above.contains([ANY, STAR, ONE]) {
                    return Some(format!("/{ANY}/{behind}"));
                } else {
                    link(&above)
                };
                if let Some(target) = up {
                    return Some(format!("{target}/{rest}"));
                }
                above.truncate(above.rfind('/').unwrap_or(0));
            }
            name => {
                above.push('/');
                above.push_str(name);
            }
        }
        rest = behind;
    }
}

/// Whether a path is several, each on a line of its own. A text with blanks is
/// more likely a message.
fn is_list(raw: &str) -> bool {
    raw.trim_end_matches('\n').contains('\n') && !raw.contains([' ', '\t'])
}

/// Where a path leads on the usual system, if through a link.
fn usual_link(path: &str) -> Option<String> {
    if let Some(number) = path.strip_prefix("/dev/fd/").or(path.strip_prefix("/proc/self/fd/"))
        && !number.is_empty()
    {
        return Some(format!("/{ANY}"));
    }
    USUAL_LINKS.iter().find_map(|(name, target)| {
        let rest = path.strip_prefix(name)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| format!("{target}{rest}"))
    })
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
                Some(known) if known.contains(ANY) => parts = vec![UNKNOWN],
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
        assert_eq!(normalise(&format!("/a/{ANY}/../b")), format!("/{ANY}/b"));
    }
}
