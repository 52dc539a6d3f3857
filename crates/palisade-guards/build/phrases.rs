//! The words and phrases of `phrases/`, made static and folded as text is when
//! it is read.

use crate::letters;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Phrases {
    phrase: Vec<Phrase>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Phrase {
    rule: String,
    score: u16,
    says: String,
}

/// One table of `words.toml`: `everywhere`, `form`, and words by language.
type Class = BTreeMap<String, toml::Value>;

/// The source of the tables.
pub fn tables() -> String {
    let read = |name: &str| {
        let path = format!("phrases/{name}.toml");
        println!("cargo:rerun-if-changed={path}");
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let classes: BTreeMap<String, Class> =
        toml::from_str(&format!("{}{}", read("words"), read("family_words")))
            .unwrap_or_else(|error| panic!("words.toml, family_words.toml: {error}"));
    let phrases: Phrases = toml::from_str(&format!("{}{}", read("phrases"), read("families")))
        .unwrap_or_else(|error| panic!("phrases.toml, families.toml: {error}"));
    let marks: BTreeMap<String, BTreeMap<String, toml::Value>> =
        toml::from_str(&read("marks")).unwrap_or_else(|error| panic!("marks.toml: {error}"));

    // A bit for each class that a phrase uses, and another for its words in
    // languages other than English.
    let mut bits: BTreeMap<String, u32> = BTreeMap::new();
    for always in ["mention", "address", "url", "snake"] {
        let next = bits.len() as u32;
        bits.insert(always.to_owned(), next);
    }
    let mut out = String::new();
    let mut rows = String::new();
    for phrase in &phrases.phrase {
        let mut parts = phrase.says.split_whitespace();
        let mut elements = String::new();
        let mut key = None;
        let mut gap = 0_u16;
        let mut at = 0;
        while let Some(word) = parts.next() {
            let name = word.trim_start_matches('!');
            let mut mask = 0_u128;
            for class in name.split('|') {
                let known = classes.get(class.trim_end_matches('~'));
                assert!(known.is_some(), "phrases.toml: no class `{class}` in `{}`", phrase.says);
                let next = bits.len() as u32;
                mask |= 1 << *bits.entry(class.to_owned()).or_insert(next);
            }
            if word.starts_with('!') {
                assert!(key.is_none(), "phrases.toml: two keys in `{}`", phrase.says);
                key = Some(at);
            }
            let _ = write!(elements, "Element {{ mask: {mask}, gap: {gap} }}, ");
            at += 1;
            if let Some(number) = parts.next() {
                gap = number.parse().unwrap_or_else(|_| panic!("`{}`: no gap", phrase.says));
            }
        }
        let key = key.unwrap_or_else(|| panic!("phrases.toml: no key in `{}`", phrase.says));
        let _ = writeln!(
            rows,
            "    Phrase {{ rule: {}, score: {}, elements: &[{elements}], key: {key} }},",
            constant(&phrase.rule),
            phrase.score
        );
    }
    assert!(bits.len() <= 128, "{} classes are too many", bits.len());
    let _ = writeln!(out, "static PHRASES: &[Phrase] = &[\n{rows}];");
    let bit = |name: &str| 1_u128 << bits[name];
    let _ = writeln!(out, "const MENTION: u128 = {};", bit("mention"));
    let _ = writeln!(out, "const ADDRESS: u128 = {};", bit("address"));
    let _ = writeln!(out, "const URL: u128 = {};", bit("url"));
    let _ = writeln!(out, "const SNAKE: u128 = {};", bit("snake"));
    let everywhere = bits
        .iter()
        .filter(|(name, _)| classes[name.trim_end_matches('~')].contains_key("everywhere"))
        .fold(0_u128, |all, (_, bit)| all | 1 << bit);
    let _ = writeln!(out, "const EVERYWHERE: u128 = {everywhere};");

    // The words.
    let mut terms: BTreeMap<String, u128> = BTreeMap::new();
    // What is searched for first, in all of the text.
    let mut signs: BTreeMap<String, u128> = BTreeMap::new();
    for (name, class) in &classes {
        let everywhere = class.get("everywhere").is_some();
        for (language, words) in class {
            let Some(words) = words.as_str() else { continue };
            if language == "form" {
                continue;
            }
            let mut mask = bits.get(name).map_or(0, |bit| 1 << bit);
            if language != "en" {
                mask |= bits.get(&format!("{name}~")).map_or(0, |bit| 1 << bit);
            }
            if mask == 0 {
                continue;
            }
            for word in words.split_whitespace() {
                let folded = folded(word);
                assert!(!folded.trim().is_empty(), "words.toml: `{word}` comes to nothing");
                if !everywhere {
                    *signs.entry(folded.clone()).or_default() |= mask;
                }
                *terms.entry(folded).or_default() |= mask;
            }
        }
    }
    let _ = writeln!(out, "static TERMS: &[Term] = &[");
    for (text, mask) in &terms {
        let _ = writeln!(
            out,
            "    Term {{ text: {text:?}, mask: {mask}, apart: {} }},",
            !runs_on(text)
        );
    }
    let _ = writeln!(out, "];\nstatic SIGNS: &[Term] = &[");
    for (text, mask) in &signs {
        let _ = writeln!(
            out,
            "    Term {{ text: {text:?}, mask: {mask}, apart: {} }},",
            !runs_on(text)
        );
    }
    let _ = writeln!(out, "];\nstatic MARKS: &[Mark] = &[");
    let mut seen = BTreeSet::new();
    for (rule, scores) in &marks {
        for (key, value) in scores {
            match value {
                toml::Value::Array(texts) => mark(&mut out, &mut seen, rule, key, texts, false),
                toml::Value::Table(lines) => {
                    for (score, texts) in lines {
                        let texts = texts.as_array().expect("a list of marks");
                        mark(&mut out, &mut seen, rule, score, texts, true);
                    }
                }
                _ => panic!("marks.toml: `{rule}.{key}` is no list"),
            }
        }
    }
    out.push_str("];\n");
    out
}

fn mark(
    out: &mut String,
    seen: &mut BTreeSet<String>,
    rule: &str,
    score: &str,
    texts: &[toml::Value],
    line: bool,
) {
    let score: u16 = score.parse().expect("a score is a number");
    for text in texts {
        let text = text.as_str().expect("a mark is text").to_lowercase();
        assert!(seen.insert(text.clone()), "marks.toml: `{text}` stands there twice");
        let _ = writeln!(
            out,
            "    Mark {{ rule: {}, score: {score}, text: {text:?}, line: {line} }},",
            constant(rule)
        );
    }
}

fn constant(rule: &str) -> String {
    format!("&rules::CONTENT_{}", rule.replace('-', "_").to_ascii_uppercase())
}

/// A word as it is compared: read letter by letter.
fn folded(word: &str) -> String {
    let looks = letters::looks();
    word.chars()
        .flat_map(|letter| {
            if letter == '_' { vec![' '] } else { letters::read(letter, &looks).chars().collect() }
        })
        .collect()
}

/// Whether a word is of a script that is written without spaces, or takes
/// endings without a break.
fn runs_on(text: &str) -> bool {
    text.chars().any(|letter| {
        matches!(u32::from(letter), 0x0E00..=0x0EFF | 0x2E80..=0x9FFF | 0xAC00..=0xD7FF | 0xF900..=0xFAFF)
    })
}
