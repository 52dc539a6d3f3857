//! Rules, specs, manual and program table name the same things.

use std::collections::BTreeSet;

use palisade_guards::command::GUARDS;
use palisade_guards::rules::{RULES, rule};
use palisade_testkit::judged::{Setting, judged_as};
use palisade_testkit::{manual, matrix, spec, tree};

#[test]
fn every_rule_has_a_section_in_the_specs() {
    let mut headings = BTreeSet::new();
    for file in tree::files("specs", &[".md"]) {
        let found =
            spec::parse(&file, &tree::read(&file)).unwrap_or_else(|error| panic!("{error}"));
        headings.extend(found.headings.into_iter().filter(|heading| spec::rule_id(heading)));
    }
    let rules: BTreeSet<String> = RULES.iter().map(|rule| rule.id.to_owned()).collect();
    let missing: Vec<_> = rules.difference(&headings).collect();
    let unknown: Vec<_> = headings.difference(&rules).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "without specs: {missing:?}; without rule: {unknown:?}"
    );
}

#[test]
fn the_manual_is_up_to_date() {
    let text = tree::read(manual::PATH.as_ref());
    assert!(text == manual::text(), "run `cargo run -p palisade-testkit --example manual`");
}

#[test]
fn the_matrix_is_up_to_date() {
    let text = tree::read(matrix::PATH.as_ref());
    let new = matrix::text();
    let changed: Vec<&str> =
        new.lines().filter(|line| !text.lines().any(|old| old == *line)).collect();
    assert!(
        text == new,
        "run `cargo run -p palisade-testkit --example manual` and review:\n{}",
        changed.join("\n")
    );
}

#[test]
fn every_guard_admits_its_gaps() {
    for guard in GUARDS {
        assert!(!guard.manual.is_empty() && !guard.gaps.is_empty(), "{}", guard.name);
    }
}

#[test]
fn rules_keep_their_examples() {
    let setting = Setting::default();
    let mut wrong = Vec::new();
    for rule in RULES {
        let raised = |command: &str| {
            // Too long to be written in a rule.
            let long = command.replace("%OVERLONG%", &"ls;".repeat(30_000));
            judged_as(rule.about, &long, &setting).rules().contains(&rule.id)
        };
        wrong.extend(
            rule.matches
                .iter()
                .filter(|one| !raised(one))
                .map(|one| format!("{}: should match {one:?}", rule.id)),
        );
        wrong.extend(
            rule.spares
                .iter()
                .filter(|one| raised(one))
                .map(|one| format!("{}: should spare {one:?}", rule.id)),
        );
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Hazards are named in the program table and in the handlers; each has a
/// rule, and each rule that no guard raises by itself is a hazard.
#[test]
fn hazards_and_rules_are_the_same_list() {
    let mut hazards = BTreeSet::new();
    for program in palisade_shell::programs::all() {
        let whens = program.whens.iter().flat_map(|when| when.hazards.iter());
        hazards.extend(program.hazards.iter().chain(whens).map(|name| name.get()));
    }
    let without: Vec<_> = hazards.iter().filter(|name| rule(name).is_none()).collect();
    assert!(without.is_empty(), "hazards without a rule: {without:?}");

    let mut sources = String::new();
    for below in ["crates/palisade-guards/src", "crates/palisade-shell/src"] {
        for file in tree::files(below, &[".rs"]) {
            sources.push_str(&tree::read(&file));
        }
    }
    // What is found in text stands in tables, by the rules' own names.
    for file in tree::files("crates/palisade-guards/phrases", &[".toml"]) {
        for line in tree::read(&file).lines() {
            let name = line.strip_prefix("rule = \"").or_else(|| line.strip_prefix('['));
            if let Some(name) = name.and_then(|name| name.split(['"', ']']).next()) {
                sources.push_str(&format!("\"content/{name}\""));
            }
        }
    }
    let unused: Vec<_> = RULES
        .iter()
        .filter(|rule| {
            let constant = rule.id.replace(['/', '-'], "_").to_ascii_uppercase();
            !hazards.contains(rule.id)
                && !sources.contains(&format!("rules::{constant}"))
                && !sources.contains(&format!("\"{}\"", rule.id))
        })
        .map(|rule| rule.id)
        .collect();
    assert!(unused.is_empty(), "rules that nothing raises: {unused:?}");
}
