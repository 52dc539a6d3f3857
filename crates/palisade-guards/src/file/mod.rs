//! What a tool may do with a file, judged by the open handle.
//!
//! Stops reading, searching, writing and editing below the places of the
//! system (`/etc`, `/boot`, `/sys`, `/proc`, systemd's directories, the sockets
//! of container engines), of private keys, stored credentials, keyrings and memory, and of what Palisade
//! keeps. A file is judged by every name that its handle is known to have:
//! the path that was asked for, the place where the kernel says it is, its
//! places in other mounts, and the protected file that it is a hard link of.
//! Names are compared letter by letter, and once more as a file system would
//! that does not tell capitals apart. Everything else is judged as for a
//! command in the terminal: writes outside the workspace are a question, and
//! so are files that make something run later and files that may hold
//! secrets. Names in a directory may always be listed.
//!
//! Lets through: a few files of the system that hold no secret and say what
//! machine this is ([`HARMLESS`](system::HARMLESS)).
//!
//! **Known gaps.** A secret under a name that says nothing is not seen. A hard
//! link is compared with the files in the places of the tables, not with keys
//! elsewhere. A mount that is not visible from here has no name here.

mod system;

use std::borrow::Cow;

use palisade_core::{FileFacts, FileKind, FileUse, Finding, Span, Subject};
use palisade_shell::{Text, Writing};

use crate::Places;
use crate::command::{read, write};
use crate::path::{Mark, Region, Seen, is_settings, mark_folded, note_at, see};
use crate::rules::{self, Rule};

/// What the guard finds in using a file.
/// A search is taken to
/// show whatever lies below: see [`findings_where_each_is_judged`].
pub fn findings(how: FileUse, facts: &FileFacts, places: &Places) -> Vec<Finding> {
    let mut found = findings_where_each_is_judged(how, facts, places);
    if how == FileUse::Search
        && facts.names().any(|name| {
            matches!(see(&Text::from(name), places).region, Region::Root | Region::Home)
        })
    {
        let mut report = Report { how, facts, places, findings: found };
        report.raise(&rules::SECRET_HOME, &facts.path);
        found = report.findings;
    }
    found
}

/// As [`findings`], for a searcher that judges each file by [`searchable`]
/// before it shows anything of it, as Palisade's own does: it may search a
/// whole home.
pub fn findings_where_each_is_judged(
    how: FileUse,
    facts: &FileFacts,
    places: &Places,
) -> Vec<Finding> {
    let mut report = Report { how, facts, places, findings: Vec::new() };
    for (at, name) in facts.names().enumerate() {
        let seen = see(&Text::from(name), places);
        let marks = seen.mark.into_iter().chain(mark_folded(name, places));
        for mark in marks {
            report.by_mark(mark, name);
        }
        report.by_place(seen, name, at == 0);
    }
    if facts.incomplete && how != FileUse::List {
        report.raise(&rules::FILE_MANY_NAMES, &facts.path);
    }
    report.findings
}

/// What is found in showing a file that the session remembers as the copy of a
/// secret, under a name that says nothing: the same as in a terminal.
pub fn of_copy(how: FileUse, facts: &FileFacts, places: &Places) -> Vec<Finding> {
    let mut report = Report { how, facts, places, findings: Vec::new() };
    if matches!(how, FileUse::Read | FileUse::Search | FileUse::Edit) && !is_private(facts, places)
    {
        report.raise(&rules::SECRET_ENV_FILE, &facts.path);
    }
    report.findings
}

/// Whether a search shows what stands in the file: nothing about reading it
/// is worth a question.
pub fn searchable(facts: &FileFacts, places: &Places) -> bool {
    findings_where_each_is_judged(FileUse::Search, facts, places).is_empty()
}

/// Whether the content is private by one of the file's names: keys,
/// credentials, environment files, histories.
pub fn is_private(facts: &FileFacts, places: &Places) -> bool {
    facts.names().any(|name| {
        let mark = see(&Text::from(name), places).mark;
        mark.into_iter().chain(mark_folded(name, places)).any(Mark::is_secret)
    })
}

/// Whether what stands in the file was put there by somebody else: it lies
/// outside the workspace, and the system's own directories are not its place.
pub fn is_foreign(facts: &FileFacts, places: &Places) -> bool {
    match see(&Text::from(facts.placed.as_str()), places).region {
        Region::Workspace | Region::Above | Region::Vital | Region::System => false,
        Region::Root
        | Region::Home
        | Region::Project
        | Region::Temporary
        | Region::Cache
        | Region::Visible
        | Region::Hidden
        | Region::Disk
        | Region::Harmless
        | Region::Device
        | Region::Container
        | Region::Local
        | Region::Elsewhere
        | Region::Unknown => true,
    }
}

/// Whether settings of that content, written to that file, name no program and
/// no source of code ([`FileFacts::plain`]).
pub fn is_plain(facts: &FileFacts, content: &str) -> bool {
    crate::path::is_plain(&facts.real, content)
}

/// Whether the file lies in the workspace.
pub fn is_inside(facts: &FileFacts, places: &Places) -> bool {
    matches!(
        see(&Text::from(facts.placed.as_str()), places).region,
        Region::Workspace | Region::Above
    )
}

/// Whether a walk has no business below this directory: nothing in it would
/// be shown.
pub fn is_closed(directory: &str, places: &Places) -> bool {
    let seen = see(&Text::from(directory), places);
    system::refuses(directory, places)
        || seen.region == Region::Vital && stands_in(directory, &["/proc", "/sys", "/boot", "/efi"])
        || stands_in(directory, &["/dev"])
        || seen.mark.is_some_and(|mark| read::mark_rule(mark).is_some())
}

/// A place of protected files, to be compared with a file that has more than
/// one name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Protected {
    /// Absolute; a file or a directory.
    pub path: String,
    /// Whether only some of what lies there is protected. Such directories
    /// can be large (a browser's), so only their upper levels are compared.
    pub partly: bool,
}

/// Where protected files lie.
pub fn protected(places: &Places) -> Vec<Protected> {
    let own = [&places.palisade_home].into_iter().chain(&places.programs);
    let own = own.filter(|path| !path.is_empty()).map(|path| (path.clone(), false));
    let mut all: Vec<Protected> = own
        .chain(crate::path::secret_places(&places.home))
        .map(|(path, partly)| Protected { path, partly })
        .collect();
    all.sort();
    all.dedup_by(|next, known| next.path == known.path);
    all
}

fn stands_in(path: &str, above: &[&str]) -> bool {
    above.iter().any(|name| {
        path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

struct Report<'a> {
    how: FileUse,
    facts: &'a FileFacts,
    places: &'a Places,
    findings: Vec<Finding>,
}

impl Report<'_> {
    /// What a name says that the file is.
    fn by_mark(&mut self, mark: Mark, name: &str) {
        // A command may be answered for; a tool has nothing to do there.
        if mark == Mark::ContainerSocket && self.how != FileUse::List {
            return self.raise(&rules::FILE_SYSTEM_PLACE, name);
        }
        match self.how {
            FileUse::List => {}
            FileUse::Read | FileUse::Search => self.raise_some(read::mark_rule(mark), name),
            // An edit that does not match shows what is there.
            FileUse::Edit => {
                self.raise_some(read::mark_rule(mark), name);
                self.raise_some(write::by_mark(mark, Writing::Edit), name);
            }
            FileUse::Write => {
                let how =
                    if self.facts.kind == FileKind::New { Writing::Edit } else { Writing::Replace };
                let plain = self.facts.plain && is_settings(name);
                let rule = write::by_mark(mark, how).filter(|_| !plain);
                self.raise_some(rule.or_else(|| replaced_secret(mark)), name);
            }
        }
    }

    /// Where a name says that the file lies. Only the first one, where the
    /// handle is, makes a question of a place; the others can only refuse.
    fn by_place(&mut self, seen: Seen, name: &str, first: bool) {
        let refused = system::refuses(name, self.places);
        match self.how {
            FileUse::List => {}
            FileUse::Read | FileUse::Search => {
                if refused && !self.harmless(name) {
                    self.raise(&rules::FILE_SYSTEM_PLACE, name);
                }
                if first && seen.region == Region::Disk {
                    self.raise(&rules::DEVICE_READ, name);
                }
            }
            FileUse::Write | FileUse::Edit => {
                let rule = write::by_region(seen.region, &Text::from(name));
                let strict = refused || matches!(seen.region, Region::Vital | Region::Disk);
                let home = matches!(seen.region, Region::Home | Region::Visible)
                    && note_at(name, self.places).is_none();
                if refused {
                    self.raise(&rules::WRITE_SYSTEM, name);
                } else if first && home {
                    self.raise(&rules::FILE_OUTSIDE, name);
                } else if first || strict && !stands_in(name, &["/var"]) {
                    self.raise_some(rule, name);
                }
            }
        }
    }

    /// Whether one of the harmless files is read. All places where it is must
    /// be harmless, so that a link among them says nothing for another file.
    fn harmless(&self, name: &str) -> bool {
        self.how == FileUse::Read && system::is_harmless(name, self.places)
    }

    fn raise_some(&mut self, rule: Option<&'static Rule>, name: &str) {
        if let Some(rule) = rule {
            self.raise(rule, name);
        }
    }

    fn raise(&mut self, rule: &'static Rule, name: &str) {
        if self.findings.iter().any(|known| known.rule == rule.id) {
            return;
        }
        let facts = self.facts;
        let mut text = format!("{} {}", self.how.word(), facts.path);
        if name != facts.path {
            text.push_str(&format!(" (which is {name})"));
        } else if facts.real != facts.path {
            text.push_str(&format!(" (which is {})", facts.real));
        }
        self.findings.push(Finding {
            rule: rule.id,
            severity: rule.severity,
            why: Cow::Borrowed(rule.why),
            instead: rule.instead,
            span: Span::default(),
            text,
            subject: Some(Subject {
                program: format!("file:{}", self.how.word()),
                arguments: vec![facts.real.clone()],
                directory: self.places.cwd.clone(),
                ungrantable: None,
                every_time: false,
            }),
            contained: rule.contained,
        });
    }
}

/// The rule for writing what nobody may read either.
const fn replaced_secret(mark: Mark) -> Option<&'static Rule> {
    match mark {
        Mark::SshKey
        | Mark::PrivateKey
        | Mark::Cloud
        | Mark::Token
        | Mark::Keyring
        | Mark::SystemSecret
        | Mark::Environment => Some(&rules::FILE_SECRET_REPLACED),
        // As in the terminal: these are written by ordinary work.
        Mark::PossibleKey | Mark::EnvFile | Mark::History => None,
        // These have a rule of their own.
        Mark::Memory
        | Mark::ShellStartup
        | Mark::Login
        | Mark::Preload
        | Mark::Service
        | Mark::Schedule
        | Mark::Hook
        | Mark::ToolConfig
        | Mark::AgentSettings
        | Mark::Governor
        | Mark::GovernorProgram
        | Mark::ContainerSocket
        | Mark::PathProgram
        | Mark::PackageCache => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places {
            home: "/home/u".into(),
            cwd: "/home/u/project".into(),
            workspace: "/home/u/project".into(),
            palisade_home: "/home/u/.palisade".into(),
            programs: vec!["/home/u/.local/bin/palisade".into()],
            settings: Vec::new(),
        }
    }

    fn rules_of(how: FileUse, facts: &FileFacts) -> Vec<&'static str> {
        findings(how, facts, &places()).into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn every_name_counts() {
        let mut facts = FileFacts::of_text("/home/u/project/notes.txt");
        assert_eq!(rules_of(FileUse::Read, &facts), Vec::<&str>::new());
        facts.also = vec!["/home/u/.ssh/id_rsa".into()];
        assert_eq!(rules_of(FileUse::Read, &facts), ["secret/ssh-key"]);
        assert_eq!(rules_of(FileUse::Write, &facts), ["file/secret-replaced"]);
        facts.also = vec!["/etc/hosts".into()];
        assert_eq!(rules_of(FileUse::Write, &facts), ["write/system"]);
        facts.also = vec!["/var/www/site/a".into(), "/persist/a".into()];
        assert_eq!(rules_of(FileUse::Write, &facts), Vec::<&str>::new());
        facts.incomplete = true;
        assert_eq!(rules_of(FileUse::Read, &facts), ["file/many-names"]);
        assert_eq!(rules_of(FileUse::List, &facts), Vec::<&str>::new());
    }

    #[test]
    fn spelling_does_not_help() {
        for path in [
            "/home/u/.SSH/id_rsa",
            "/home/u/.s\u{17f}h/work",
            "/home/u/.\u{200c}ssh/work",
            "/home/u/.Aws/Credentials",
            "/home/u/library/keychains/login.keychain-db",
            "/ETC/shadow",
            "/private/etc/shadow",
            "/proc/self/root/etc/shadow",
            "/home/u/.PALISADE/config.yaml",
            "/home/u/project/STORE.P12",
        ] {
            let facts = FileFacts::of_text(path);
            let found = findings(FileUse::Read, &facts, &places());
            assert!(
                found.iter().any(|one| one.severity == palisade_core::Severity::Dangerous),
                "{path}"
            );
        }
    }

    #[test]
    fn what_text_means_to_the_session() {
        let at = |path: &str| FileFacts::of_text(path);
        assert!(is_private(&at("/home/u/project/.env"), &places()));
        assert!(!is_private(&at("/home/u/project/.env.example"), &places()));
        assert!(is_foreign(&at("/tmp/page.html"), &places()));
        assert!(!is_foreign(&at("/home/u/project/a.rs"), &places()));
        assert!(!is_foreign(&at("/usr/include/stdio.h"), &places()));
        assert!(is_closed("/proc/1", &places()) && is_closed("/home/u/.ssh", &places()));
        assert!(!is_closed("/home/u", &places()) && !is_closed("/", &places()));
    }
}
