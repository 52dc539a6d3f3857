//! Turns the rules in `rules/` into static tables, and makes the table by which
//! letters of any look are read.
//!
//! A file is a group, a table in it a rule: `[root]` in `delete.toml` is
//! `delete/root`. A rule that does not hold together stops the build with its
//! file and name.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a table that does not hold together must stop the build"
)]

mod letters;
mod phrases;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    #[serde(default)]
    about: String,
    severity: String,
    contained: String,
    why: String,
    instead: String,
    #[serde(default)]
    matches: Vec<String>,
    #[serde(default)]
    spares: Vec<String>,
    gaps: String,
}

fn main() {
    let folder = Path::new("rules");
    println!("cargo:rerun-if-changed=rules");
    println!("cargo:rerun-if-changed=build");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the rules can be listed")
        .map(|file| file.expect("the rules can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    let mut rules = BTreeMap::new();
    for file in files {
        println!("cargo:rerun-if-changed={}", file.display());
        let text =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let group = file.file_stem().and_then(|stem| stem.to_str()).expect("a group has a name");
        let found: BTreeMap<String, Rule> =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for (name, rule) in found {
            check(&file, &name, &rule);
            rules.insert(format!("{group}/{name}"), rule);
        }
    }

    let mut out = String::new();
    for (id, rule) in &rules {
        writeln!(
            out,
            "#[doc = {why:?}]\npub static {constant}: Rule = Rule {{ id: {id:?}, about: About::{about}, severity: Severity::{severity}, \
             contained: Contained::{contained}, why: {why:?}, instead: {instead:?}, matches: &{matches:?}, \
             spares: &{spares:?}, gaps: {gaps:?} }};",
            constant = constant(id),
            about = about(&rule.about).unwrap_or_default(),
            severity = severity(&rule.severity).unwrap_or_default(),
            contained = contained(&rule.contained).unwrap_or_default(),
            why = rule.why,
            instead = rule.instead,
            matches = rule.matches,
            spares = rule.spares,
            gaps = rule.gaps,
        )
        .expect("a string takes it");
    }
    out.push_str("/// Every rule, sorted by id.\npub static RULES: &[&Rule] = &[\n");
    for id in rules.keys() {
        writeln!(out, "    &{},", constant(id)).expect("a string takes it");
    }
    out.push_str("];\n");
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(target.join("rules.rs"), out).expect("OUT_DIR can be written");
    fs::write(target.join("letters.rs"), letters::table()).expect("OUT_DIR can be written");
    fs::write(target.join("phrases.rs"), phrases::tables()).expect("OUT_DIR can be written");
}

fn check(file: &Path, name: &str, rule: &Rule) {
    let stop = |what: &str| -> ! { panic!("\n{}: `{name}` {what}\n", file.display()) };
    if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    {
        stop("is not in lower case with dashes");
    }
    if about(&rule.about).is_none() {
        stop("has an unknown `about`");
    }
    let Some(severity) = severity(&rule.severity) else { stop("has an unknown severity") };
    if contained(&rule.contained).is_none() {
        stop("has an unknown `contained`");
    }
    if severity == "Dangerous" && rule.contained != "no" {
        stop("is dangerous, which no sandbox changes");
    }
    if !rule.why.ends_with('.') {
        stop("has a `why` that is not a sentence");
    }
    if severity != "Safe" && !rule.instead.ends_with('.') {
        stop("has an `instead` that is not a sentence");
    }
    if rule.matches.is_empty() || rule.spares.is_empty() {
        stop("needs examples of what it matches and what it spares");
    }
    if rule.gaps.trim().is_empty() {
        stop("claims to have no gaps");
    }
}

fn severity(word: &str) -> Option<&'static str> {
    match word {
        "safe" => Some("Safe"),
        "caution" => Some("Caution"),
        "dangerous" => Some("Dangerous"),
        _ => None,
    }
}

fn about(word: &str) -> Option<&'static str> {
    match word {
        "" | "command" => Some("Command"),
        "file" => Some("File"),
        "url" => Some("Url"),
        "content" => Some("Content"),
        "session" => Some("Session"),
        "call" => Some("Call"),
        _ => None,
    }
}

fn contained(word: &str) -> Option<&'static str> {
    match word {
        "no" => Some("No"),
        "yes" => Some("Yes"),
        "network" => Some("WithoutNetwork"),
        "unrecognised" => Some("Unrecognised"),
        _ => None,
    }
}

fn constant(id: &str) -> String {
    id.replace(['/', '-'], "_").to_ascii_uppercase()
}
