//! What a session has seen: text from outside, and private data.

mod sinks;

use std::collections::BTreeSet;

use crate::content::outgoing::{Leak, Outgoing};
use crate::rules::{self, Rule};
pub(crate) use sinks::{every_time, towards};
pub use sinks::{of_call, of_fetch, of_file};

/// More origins than this are not kept apart.
const MOST: usize = 16;

/// The labels of a session. They only grow: what a model has read it may
/// repeat at any later time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taint {
    untrusted: BTreeSet<String>,
    private: BTreeSet<String>,
}

impl Taint {
    /// Untrusted text was shown to the model; `origin` says from where, in
    /// words for a person (`https://a.example`, `the tool docs/search`).
    pub fn saw_untrusted(&mut self, origin: &str) {
        keep(&mut self.untrusted, origin);
    }

    /// Private data was shown to the model; `origin` names it.
    pub fn saw_private(&mut self, origin: &str) {
        keep(&mut self.private, origin);
    }

    /// Where untrusted text came from; empty where there was none.
    pub fn untrusted(&self) -> impl ExactSizeIterator<Item = &str> {
        self.untrusted.iter().map(String::as_str)
    }

    /// Which private data was shown; empty where none was.
    pub fn private(&self) -> impl ExactSizeIterator<Item = &str> {
        self.private.iter().map(String::as_str)
    }

    /// Whether nothing was seen at all.
    pub fn is_none(&self) -> bool {
        self.untrusted.is_empty() && self.private.is_empty()
    }

    /// Adds all that `other` has seen.
    pub fn join(&mut self, other: &Self) {
        other.untrusted.iter().for_each(|origin| self.saw_untrusted(origin));
        other.private.iter().for_each(|origin| self.saw_private(origin));
    }
}

/// Who knows the values of secrets that must not leave.
pub trait Known: std::fmt::Debug {
    /// The first known value in `bytes`, in any dress.
    fn leak(&self, bytes: &[u8]) -> Option<Leak>;
}

impl Known for Outgoing {
    fn leak(&self, bytes: &[u8]) -> Option<Leak> {
        self.find(bytes)
    }
}

/// What a session was exposed to, and what the policy makes of it.
#[derive(Debug, Clone, Copy)]
pub struct Exposure<'a> {
    /// What it has seen.
    pub taint: &'a Taint,
    /// Hosts that a person named: `a.example`, or `*.a.example` for those
    /// below it.
    pub named: &'a [String],
    /// Hosts whose pages may be got by a plain address all the same, until
    /// private data was read: nobody else reads there what is asked for.
    pub pages: &'a [String],
    /// Whether untrusted text alone makes a question of what leaves or stays.
    /// Together with private data it always does.
    pub table: bool,
    /// The secrets that must not leave, whatever the session has seen.
    pub known: Option<&'a dyn Known>,
}

impl Exposure<'static> {
    /// A session that has seen nothing.
    pub fn none() -> Self {
        static NOTHING: Taint = Taint { untrusted: BTreeSet::new(), private: BTreeSet::new() };
        Self { taint: &NOTHING, named: &[], pages: &[], table: false, known: None }
    }
}

impl Exposure<'_> {
    /// Whether text from outside was read.
    pub fn is_untrusted(&self) -> bool {
        !self.taint.untrusted.is_empty()
    }

    /// Whether private data was read.
    pub fn is_private(&self) -> bool {
        !self.taint.private.is_empty()
    }

    /// Whether a person named this host.
    pub fn names(&self, host: &str) -> bool {
        lists(self.named, host)
    }

    /// Whether `address` is that of a page on one of [`Exposure::pages`], and
    /// carries no more than a page's name: no query, no user, no port, and a
    /// path as short as those of pages are.
    pub fn is_page(&self, address: &str) -> bool {
        const LONGEST: usize = 128;
        let Some(rest) = address.strip_prefix("https://") else { return false };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/@+".contains(&byte);
        path.len() <= LONGEST && path.bytes().all(plain) && lists(self.pages, host)
    }

    /// Why `sent` may not leave, in words for a person, where it holds a
    /// known secret.
    pub(crate) fn leak(&self, sent: &str) -> Option<String> {
        let leak = self.known?.leak(sent.as_bytes())?;
        let dress = match leak.steps.join(" in ") {
            dress if dress.is_empty() => String::new(),
            dress => format!(", dressed as {dress}"),
        };
        Some(format!("{} ({}{dress})", rules::SECRET_OUTGOING.why, leak.name))
    }

    /// Why `rule` holds now, in words for a person.
    pub(crate) fn because(&self, rule: &Rule) -> String {
        format!("{} ({})", rule.why, self.origins())
    }

    /// What was read, in words for a person.
    fn origins(&self) -> String {
        let list = |origins: &BTreeSet<String>| {
            let mut all: Vec<&str> = origins.iter().map(String::as_str).collect();
            let more = all.len().saturating_sub(SHOWN);
            all.truncate(SHOWN);
            let mut text = all.join(", ");
            if more > 0 {
                text.push_str(&format!(" and {more} more"));
            }
            text
        };
        let mut text = format!("read from outside: {}", list(&self.taint.untrusted));
        if self.is_private() {
            text.push_str(&format!("; private: {}", list(&self.taint.private)));
        }
        text
    }
}

/// Whether a list of hosts has this one, or with `*.` one above it.
fn lists(hosts: &[String], host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    hosts.iter().any(|name| {
        let name = name.to_ascii_lowercase();
        match name.strip_prefix("*.") {
            Some(above) => {
                host.strip_suffix(above).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
            None => name == host,
        }
    })
}

/// Where documentation and what packages say of themselves stands. Whoever
/// publishes there does not see what is asked for; hosts that show their users
/// the paths or queries of visitors are left out, and so are those with names
/// of the users' own (`*.readthedocs.io`, `*.github.io`).
pub const PAGES: &[&str] = &[
    "crates.io",
    "developer.mozilla.org",
    "doc.rust-lang.org",
    "docs.docker.com",
    "docs.npmjs.com",
    "docs.python.org",
    "docs.rs",
    "en.cppreference.com",
    "go.dev",
    "hexdocs.pm",
    "index.crates.io",
    "kubernetes.io",
    "learn.microsoft.com",
    "man7.org",
    "nodejs.org",
    "packaging.python.org",
    "pkg.go.dev",
    "proxy.golang.org",
    "pypi.org",
    "raw.githubusercontent.com",
    "react.dev",
    "registry.npmjs.org",
    "rubygems.org",
    "static.crates.io",
    "www.npmjs.com",
    "www.postgresql.org",
    "www.rfc-editor.org",
    "www.typescriptlang.org",
];

/// How many origins a question names.
const SHOWN: usize = 4;

fn keep(origins: &mut BTreeSet<String>, origin: &str) {
    const LONGEST: usize = 200;
    let shown: String = origin.chars().take(LONGEST).collect();
    if origins.len() < MOST {
        origins.insert(shown);
    } else if !origins.contains(&shown) {
        origins.insert("others".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_names_hosts() {
        let named = ["a.example".to_owned(), "*.below.example".to_owned()];
        let exposure = Exposure { named: &named, ..Exposure::none() };
        assert!(exposure.names("A.example.") && exposure.names("x.below.example"));
        assert!(!exposure.names("below.example") && !exposure.names("xa.example"));
    }

    #[test]
    fn pages_have_plain_addresses() {
        let pages = ["docs.example".to_owned()];
        let exposure = Exposure { pages: &pages, ..Exposure::none() };
        for address in ["https://docs.example", "https://docs.example/a/1.0/x_y.html"] {
            assert!(exposure.is_page(address), "{address}");
        }
        let long = format!("https://docs.example/{}", "a".repeat(129));
        for address in [
            "http://docs.example/",
            "docs.example/a",
            "https://x.docs.example/",
            "https://me@docs.example/",
            "https://docs.example@b.example/",
            "https://docs.example:8443/",
            "https://docs.example/a?q=1",
            "https://docs.example/a#b",
            "https://docs.example/%61",
            "https://docs.example\\.b.example/",
            &long,
        ] {
            assert!(!exposure.is_page(address), "{address}");
        }
    }

    #[test]
    fn the_fact_outlives_the_bound() {
        let mut taint = Taint::default();
        assert!(taint.is_none());
        (0..100).for_each(|at| taint.saw_untrusted(&format!("https://{at}.example")));
        assert_eq!(taint.untrusted().len(), MOST + 1);
        assert!(taint.untrusted().any(|origin| origin == "others"));
        let mut whole = Taint::default();
        whole.saw_private("~/.aws/credentials");
        whole.join(&taint);
        assert_eq!((whole.untrusted().len(), whole.private().len()), (MOST + 1, 1));
    }
}
