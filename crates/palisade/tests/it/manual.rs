//! The manual knows every command and every key.

use std::fs;
use std::path::Path;

use crate::house::House;

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/manual").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The commands below `words`, as its help lists them.
fn below(house: &House, words: &[&str]) -> Vec<String> {
    let help = help(house, words);
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines.take_while(|line| !line.is_empty());
    let names = names.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
}

fn help(house: &House, words: &[&str]) -> String {
    let said = house.run(&[words, &["--help"]].concat());
    assert_eq!(said.code, Some(0), "{words:?}: {}", said.err);
    said.out
}

/// The words that stand in code, between backticks or in a block.
fn in_code(text: &str) -> Vec<&str> {
    let mut block = false;
    let mut words = Vec::new();
    let is_word = |letter: char| letter.is_alphanumeric() || "_-".contains(letter);
    for line in text.lines() {
        if line.starts_with("```") {
            block = !block;
        } else if block {
            words.extend(line.split(|letter| !is_word(letter)));
        } else {
            let code = line.split('`').skip(1).step_by(2);
            words.extend(code.flat_map(|code| code.split(|letter| !is_word(letter))));
        }
    }
    words
}

#[test]
fn every_command_has_its_place_and_its_example() {
    let house = House::new();
    let manual = page("commands.md");
    let sections: Vec<&str> = manual.split("\n## ").skip(1).collect();
    for command in below(&house, &[]) {
        let section = sections.iter().find(|section| {
            section.lines().next().unwrap().split(", ").any(|name| name == command)
        });
        let section = section.unwrap_or_else(|| panic!("commands.md does not have `{command}`"));
        assert!(help(&house, &[&command]).contains("Example"), "{command} has no example");
        for inner in below(&house, &[&command]) {
            assert!(
                in_code(section).contains(&inner.as_str()),
                "commands.md does not have `{command} {inner}`"
            );
            let help = help(&house, &[&command, &inner]);
            let example = help.split("Example").nth(1).unwrap_or_default();
            assert!(
                example.contains(&inner) || inner == "wrap",
                "`palisade {command} {inner}` has no example:\n{help}"
            );
        }
    }
}

/// What an example names exists: no option that is none, no verb that is gone.
#[test]
fn examples_are_of_commands_that_exist() {
    let house = House::new();
    for command in below(&house, &[]) {
        let inner = below(&house, &[&command]);
        for line in help(&house, &[&command]).lines() {
            let Some(rest) = line.trim_start().strip_prefix("palisade ") else { continue };
            let mut words = rest.split_whitespace().skip_while(|word| word.starts_with('-'));
            let verb = words.find(|word| *word == command);
            let Some(_) = verb else { continue };
            let Some(next) = words.next() else { continue };
            assert!(
                inner.is_empty() || next.starts_with('-') || inner.iter().any(|name| name == next)
                    // The example of `mcp` without a verb says what it is.
                    || command == "mcp",
                "{line}"
            );
        }
    }
}

#[test]
fn every_page_is_in_the_index_and_every_link_leads_somewhere() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/manual");
    let index = page("README.md");
    for entry in fs::read_dir(&directory).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if name != "README.md" {
            assert!(index.contains(&format!("]({name})")), "README.md does not name {name}");
        }
        for link in page(&name).split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap();
            if !target.is_empty() && !target.contains("://") {
                assert!(directory.join(target).exists(), "{name}: `{target}` is not there");
            }
        }
    }
}

/// The keys of a configuration as its structs have them.
#[test]
fn every_key_has_its_place() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../palisade-runtime/src/config");
    let pages = ["configuration.md", "agents-confined.md", "tool-rules.md", "mcp.md"].map(page);
    let known: Vec<&str> = pages.iter().flat_map(|page| in_code(page)).collect();
    let first = fs::read_to_string(sources.join("profile.yaml")).unwrap();
    let mut keys = 0;
    for file in ["mod.rs", "agents.rs", "allowlist.rs", "calls.rs", "fetch.rs"] {
        let text = fs::read_to_string(sources.join(file)).unwrap();
        for part in text.split("Deserialize)]\n").skip(1) {
            let body = part.split("\n}\n").next().unwrap();
            let Some((_, body)) = body
                .split_once("pub struct ")
                .filter(|(before, _)| before.lines().all(|line| line.starts_with("#[")))
            else {
                continue;
            };
            let mut renamed = None;
            for line in body.lines().map(str::trim) {
                if let Some(name) = line.strip_prefix("#[serde(rename = \"") {
                    renamed = name.split('"').next();
                } else if let Some(name) = line.strip_prefix("pub ") {
                    let key = renamed.take().unwrap_or(name.split(':').next().unwrap());
                    keys += 1;
                    assert!(known.contains(&key), "{file}: the manual does not have `{key}`");
                    let agents = ["agents.rs", "calls.rs", "allowlist.rs"].contains(&file);
                    assert!(
                        agents || first.contains(key),
                        "{file}: the default profile does not have `{key}`"
                    );
                }
            }
        }
    }
    assert!(keys > 50, "only {keys} keys were found");
}
