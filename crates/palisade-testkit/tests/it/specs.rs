//! The specs hold.

use palisade_testkit::{spec, tree};

#[test]
fn every_expectation_holds() {
    let mut failures = Vec::new();
    for file in tree::files("specs", &[".md"]) {
        let found =
            spec::parse(&file, &tree::read(&file)).unwrap_or_else(|error| panic!("{error}"));
        failures.extend(found.expectations.iter().filter_map(spec::check));
    }
    let lines: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} expectations do not hold:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn there_are_enough_of_them() {
    let count: usize = tree::files("specs", &[".md"])
        .iter()
        .map(|file| {
            spec::parse(file, &tree::read(file)).map_or(0, |found| found.expectations.len())
        })
        .sum();
    assert!(count >= 1500, "only {count} expectations");
}
