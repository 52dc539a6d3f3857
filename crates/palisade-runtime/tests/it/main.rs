//! Edits of configuration hold for whatever a person writes, and whatever an
//! agent has approved.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(unix)]
mod approvals;
mod taint;

#[cfg(unix)]
mod files;

use std::path::Path;

use palisade_core::{Grant, GrantScope, Lifetime};
use palisade_runtime::config::{self, Config, Entry, edit};
use proptest::prelude::*;

/// Texts that a person might write: sections in any order and style, with
/// comments and empty lines between them.
fn configuration() -> impl Strategy<Value = String> {
    let comment = "( +# [a-z:{}\\[\\]\"' -]{0,12})?";
    let list = prop_oneof![
        Just("allowlist: []".to_owned()),
        Just("allowlist: ['npm *', \"git push *\" ]".to_owned()),
        Just("allowlist: [ 'a *',\n            'b *',\n          ]".to_owned()),
        Just("allowlist:\n        - 'npm *'\n\n        # two\n        - {rule: a, program: b, in: /}".to_owned()),
        Just("allowlist:\n      - rule: a\n        program: |-\n          b\n        in: /".to_owned()),
        Just("allowlist:\n        -   \"x: *\"".to_owned()),
        Just("unrecognised: ask".to_owned()),
    ];
    let top = prop_oneof![
        Just("workspace: /w".to_owned()),
        Just("budget: {daily_usd: 2}".to_owned()),
        Just("journal:\n  sync: always".to_owned()),
        Just("mcp:\n  servers:\n    x: {command: y}".to_owned()),
    ];
    (top, comment, comment, comment, list, any::<[bool; 5]>()).prop_map(|(top, one, two, three, list, [first, deny, before, crlf, end])| {
        let terminal = format!(
            "tools:{one}\n{}  terminal:{two}\n    sandbox: false\n    approval:{three}\n{}      {list}{one}\n{}",
            if deny { "  deny: [x]\n\n" } else { "" },
            if before { "      timeout_s: 9\n" } else { "" },
            if before { "" } else { "      # last\n      timeout_s: 9\n" },
        );
        let text = if first { format!("{top}{two}\n{terminal}") } else { format!("{terminal}\n{top}{three}\n") };
        let text = if end { text } else { text.trim_end().to_owned() };
        if crlf { text.replace('\n', "\r\n") } else { text }
    })
}

fn grant() -> impl Strategy<Value = Grant> {
    let anything = "\\PC{0,8}|[\\x00-\\xff]{0,8}|[\"'\\\\{}\\[\\],:#&*!|>%@` \n\r\t\u{85}\u{2028}\u{feff}-]{0,8}|!!python/x|<<|~|null|yes|- x";
    (anything, prop::collection::vec(anything, 0..3), anything, any::<Option<u32>>()).prop_map(
        |(program, arguments, directory, end)| Grant {
            scope: GrantScope::Rule { rule: "delete/tree".into(), program, arguments, directory },
            lifetime: Lifetime::Until(end.map(i64::from)),
        },
    )
}

fn meaning(text: &str) -> Config {
    config::parse(Path::new("config.yaml"), text).unwrap_or_else(|fault| panic!("{fault}\n{text}"))
}

fn allowlist(config: &Config) -> &[Entry] {
    &config.tools.terminal.approval.allowlist
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every byte outside the one insertion stays; what is added is one entry
    /// that means the grant.
    #[test]
    fn adding_changes_nothing_else(text in configuration(), grant in grant()) {
        let before = meaning(&text);
        let line = config::line(&grant);
        prop_assert!(!line.contains(['\n', '\r']), "{line}");
        let edited = edit::add(&text, &line).unwrap_or_else(|| panic!("no place in\n{text}"));
        let after = meaning(&edited);
        prop_assert_eq!(allowlist(&after).len(), allowlist(&before).len() + 1);
        prop_assert_eq!(allowlist(&after).last().map(Entry::grant), Some(grant));
        let common = text.bytes().zip(edited.bytes()).take_while(|(a, b)| a == b).count();
        let tail = text.bytes().rev().zip(edited.bytes().rev()).take_while(|(a, b)| a == b).count();
        // An empty list `[]` may become one by lines; a last line gets its end.
        let lost = text.get(common..text.len().saturating_sub(tail).max(common)).unwrap_or("");
        prop_assert!(lost.len() <= 2 + text.matches("[]").count() * 80 && (lost.is_empty() || lost.contains("[]") || text.contains("[]")), "lost `{lost}`\n{text}\n---\n{edited}");
        let back = edit::remove(&edited, allowlist(&before).len()).unwrap_or_else(|| panic!("cannot remove from\n{edited}"));
        prop_assert_eq!(meaning(&back), before);
    }

    /// No text makes the reader or the editor panic.
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}|[-a-z:{}\\[\\],#&*!|>'\" \n\t]{0,80}") {
        if config::parse::<Config>(Path::new("x"), &text).is_ok() {
            let _ = edit::add(&text, "\"git push *\"");
            let _ = edit::remove(&text, 0);
        }
    }
}

#[cfg(unix)]
mod patterns;
mod tools;
#[cfg(unix)]
mod trees;
