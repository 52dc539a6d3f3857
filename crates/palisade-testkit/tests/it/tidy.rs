//! The shape of the repository.

use std::path::Path;

use palisade_testkit::tree;

/// Which crate may use which of ours. The architecture in one table.
const ARROWS: &[(&str, &[&str])] = &[
    ("palisade-core", &[]),
    ("palisade-shell", &[]),
    ("palisade-guards", &["core", "shell"]),
    ("palisade-sandbox", &["core"]),
    ("palisade-journal", &["core"]),
    ("palisade-files", &["core", "guards"]),
    ("palisade-net", &["core", "guards"]),
    ("palisade-code", &["core", "sandbox"]),
    ("palisade-runtime", &["core", "shell", "guards"]),
    ("palisade-wire", &["core"]),
    ("palisade-mcp", &["core", "shell", "guards", "runtime", "wire"]),
    ("palisade-host", &["core", "shell", "guards", "runtime", "wire"]),
    ("palisade-tui", &["core", "wire"]),
    ("palisade-agent", &["core", "shell", "guards", "runtime", "wire"]),
    ("palisade-peers", &["core", "shell", "guards", "runtime", "wire"]),
];

/// Crates that may use all of ours.
const FREE: &[&str] = &["palisade", "palisade-testkit"];

/// The pure crates.
const PURE: &[&str] = &["palisade-core", "palisade-shell", "palisade-guards"];

#[test]
fn crates_use_only_what_lies_below_them() {
    for manifest in tree::files("crates", &["Cargo.toml"]) {
        let name = name_of(&manifest);
        if FREE.contains(&name.as_str()) {
            continue;
        }
        let (_, allowed) = ARROWS
            .iter()
            .find(|(known, _)| *known == name)
            .unwrap_or_else(|| panic!("`{name}` has no row in the table of crates"));
        for used in dependencies(&tree::read(&manifest)) {
            let short = used.trim_start_matches("palisade-");
            assert!(
                allowed.contains(&short),
                "{}: `{name}` may not use `{used}`",
                manifest.display()
            );
        }
    }
}

fn name_of(manifest: &Path) -> String {
    manifest.iter().nth(1).unwrap().to_string_lossy().into_owned()
}

/// Our own crates among what a crate is built from (not its tests).
fn dependencies(manifest: &str) -> Vec<String> {
    let mut within = false;
    let mut used = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            within = line.ends_with("dependencies]") && !line.contains("dev-dependencies");
        } else if within && line.starts_with("palisade-") {
            used.push(line.split([' ', '.', '=']).next().unwrap().to_owned());
        }
    }
    used
}

#[test]
fn pure_crates_touch_nothing_outside() {
    const OUTSIDE: &[&str] = &[
        "std::fs",
        "std::env",
        "std::time",
        "std::net",
        "std::process",
        "std::thread",
        "std::io",
        "std::os",
        "tokio::",
        "serde::",
        "rand::",
        "println!",
        "eprintln!",
        "unsafe ",
    ];
    for name in PURE {
        for file in tree::files(&format!("crates/{name}/src"), &[".rs"]) {
            if file.ends_with("tests.rs") {
                continue;
            }
            let text = tree::read(&file);
            for (number, line) in (1..).zip(text.lines()) {
                if line.trim_start().starts_with("//") || line.contains("include!(") {
                    continue;
                }
                if line.contains("#[cfg(test)]") {
                    break;
                }
                let found = OUTSIDE.iter().find(|word| line.contains(**word));
                assert!(
                    found.is_none(),
                    "{}:{number}: a pure crate uses `{}`",
                    file.display(),
                    found.unwrap()
                );
            }
        }
    }
}

#[test]
fn files_are_of_a_size_to_be_read() {
    for file in tree::files("crates", &[".rs", ".toml"]) {
        let lines = tree::read(&file).lines().count();
        assert!(lines <= 800, "{}: {lines} lines; make a folder of it", file.display());
    }
}

#[test]
fn names_say_something() {
    const EMPTY: &[&str] = &["common", "utils", "util", "helper", "helpers", "manager", "misc"];
    for file in tree::files("crates", &[".rs"]) {
        for part in file.iter().filter_map(|part| part.to_str()) {
            let stem = part.trim_end_matches(".rs");
            assert!(!EMPTY.contains(&stem), "{}: `{stem}` says nothing", file.display());
        }
    }
}

#[test]
fn nothing_names_the_machine_it_was_made_on() {
    // Put together here, so that this file does not name them either.
    let words = [["/wo", "rk/main"].concat(), ["../sha", "red"].concat()];
    for below in ["crates", "docs", "specs"] {
        for file in tree::files(below, &[".rs", ".toml", ".md", ".txt", ".yaml"]) {
            let text = tree::read(&file);
            for word in &words {
                assert!(!text.contains(word.as_str()), "{}: names `{word}`", file.display());
            }
        }
    }
}

/// Every crate stands in the map, and every place that the map names exists.
#[test]
fn the_map_is_right() {
    let map = tree::read(Path::new("ARCHITECTURE.md"));
    for manifest in tree::files("crates", &["Cargo.toml"]) {
        let name = name_of(&manifest);
        assert!(map.contains(&format!("| `{name}` |")), "ARCHITECTURE.md does not have `{name}`");
    }
    let root = tree::root();
    for row in map.lines().filter(|line| line.starts_with('|')) {
        for place in row.split('`').skip(1).step_by(2).filter(|word| word.contains('/')) {
            let place = place.trim_end_matches("/*.toml");
            assert!(
                root.join("crates").join(place).exists() || root.join(place).exists(),
                "ARCHITECTURE.md names `{place}`, which does not exist"
            );
        }
    }
}
