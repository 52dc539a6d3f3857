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
    let common: BTreeMap<String, u64> =
        toml::from_str(&read("common")).unwrap_or_else(|error| panic!("common.toml: {error}"));
    // Each is asked for many thousand times.
    let costs: BTreeMap<String, Option<u64>> = classes
        .keys()
        .flat_map(|class| [class.clone(), format!("{class}~")])
        .map(|class| (class.clone(), cost(&classes, &common, &class)))
        .collect();
    let cost = |class: &str| costs.get(class).copied().flatten();
    let said: Vec<Said> = phrases.phrase.iter().map(|phrase| Said::of(phrase, &cost)).collect();
    let keys = keys(&said, &cost);

    // A bit for each class that a phrase uses, and another for its words in
    // languages other than English.
    let mut bits: BTreeMap<String, u32> = BTreeMap::new();
    for always in ["mention", "negation", "address", "url", "snake"] {
        let next = bits.len() as u32;
        bits.insert(always.to_owned(), next);
    }
    let mut out = String::new();
    let mut rows = String::new();
    // How far a phrase reaches before its key and behind, in letters as it reads.
    let (mut before, mut behind) = (0, 0);
    for (phrase, said) in phrases.phrase.iter().zip(&said) {
        let key = said.key(&keys);
        let mut elements = String::new();
        for element in &said.elements {
            let mut mask = 0_u128;
            for class in &element.classes {
                let known = classes.get(class.trim_end_matches('~'));
                assert!(known.is_some(), "phrases.toml: no class `{class}` in `{}`", phrase.says);
                let next = bits.len() as u32;
                mask |= 1 << *bits.entry(class.to_owned()).or_insert(next);
            }
            let (gap, longest) = (element.gap, longest(&classes, element));
            let _ =
                write!(elements, "Element {{ mask: {mask}, gap: {gap}, longest: {longest} }}, ");
        }
        let reach = |from: usize, to: usize| -> usize {
            let within = said.elements.get(from..to).unwrap_or_default();
            let gaps = said.elements.get(from + 1..to).unwrap_or_default();
            within.iter().map(|element| longest(&classes, element)).sum::<usize>()
                + gaps.iter().map(|element| usize::from(element.gap) + 1).sum::<usize>()
        };
        let (own_before, own_behind) = (reach(0, key + 1), reach(key, said.elements.len()));
        (before, behind) = (before.max(own_before), behind.max(own_behind));
        let _ = writeln!(
            rows,
            "    Phrase {{ rule: {}, score: {}, elements: &[{elements}], key: {key}, reach: {} }},",
            constant(&phrase.rule),
            phrase.score,
            own_before.max(own_behind)
        );
    }
    assert!(bits.len() <= 128, "{} classes are too many", bits.len());
    let _ = writeln!(out, "static PHRASES: &[Phrase] = &[\n{rows}];");
    let bit = |name: &str| 1_u128 << bits[name];
    let _ = writeln!(out, "/// A phrase begins at most so far before its key.");
    let _ = writeln!(out, "const BEFORE: usize = {before};");
    let _ = writeln!(out, "/// A phrase ends at most so far behind the beginning of its key.");
    let _ = writeln!(out, "const BEHIND: usize = {behind};");
    let keyed = keys.iter().fold(0_u128, |all, class| all | bit(class));
    let _ = writeln!(out, "/// The classes that the search starts from.");
    let _ = writeln!(out, "pub const KEYS: u128 = {keyed};");
    let _ = writeln!(out, "pub const MENTION: u128 = {};", bit("mention"));
    let _ = writeln!(out, "pub const NEGATION: u128 = {};", bit("negation"));
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
                if !everywhere || mask & keyed != 0 {
                    *signs.entry(folded.clone()).or_default() |= mask;
                }
                *terms.entry(folded).or_default() |= mask;
            }
        }
    }
    lexicon(&mut out, &terms, &signs, keyed, &common);
    let _ = writeln!(out, "static MARKS: &[Mark] = &[");
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

/// The tables of words. All of them are numbers and places in one text: a table
/// of texts would be one of addresses, which every start of the program would
/// have to write anew.
fn lexicon(
    out: &mut String,
    terms: &BTreeMap<String, u128>,
    signs: &BTreeMap<String, u128>,
    keyed: u128,
    common: &BTreeMap<String, u64>,
) {
    let mut texts = String::new();
    let mut places: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for text in terms.keys() {
        places.insert(text, (texts.len(), text.len()));
        texts.push_str(text);
    }
    // Sets of classes by number. Those of what is known by its form come first.
    let mut numbers: BTreeMap<u128, usize> = BTreeMap::new();
    let mut masks = Vec::new();
    let mut number = |mask: u128| {
        *numbers.entry(mask).or_insert_with(|| {
            masks.push(mask);
            masks.len() - 1
        })
    };
    // As `bits` has them: the address, the web address, the name.
    for form in 2..5 {
        number(1 << form);
    }
    let mut row = |text: &str, place: (usize, usize), said: &str| {
        let sign = signs.get(said).map_or(usize::from(u16::MAX), |mask| number(*mask));
        let (class, apart) = (number(terms[said]), !runs_on(said));
        (text.to_owned(), format!("place: {place:?}, class: {class}, sign: {sign}, apart: {apart}"))
    };
    let rows = terms.keys().map(|text| row(text, places[text.as_str()], text)).collect();
    sorted(out, "TERMS", rows);
    let rows = terms.keys().map(|said| {
        let text = said.replace(' ', "");
        let mut place = places[said.as_str()];
        if text != *said {
            place = (texts.len(), text.len());
            texts.push_str(&text);
        }
        row(&text, place, said)
    });
    let rows = rows.collect();
    let _ = writeln!(out, "/// The terms without the spaces in them.");
    sorted(out, "UNDIVIDED", rows);
    let _ = writeln!(out, "/// Words of the classes that the search starts from, in ASCII.");
    let _ = writeln!(out, "static ANCHORS: &[Anchor] = &[");
    for (text, mask) in signs.iter().filter(|(text, mask)| text.is_ascii() && **mask & keyed != 0) {
        let count = |word: &str| common.get(word).copied().unwrap_or(0);
        let mut at = 0;
        let within = text.split(' ').map(|word| {
            let from = at;
            at += word.len() + 1;
            (from, from + word.len(), word)
        });
        let (from, to) = within
            // A longer word is the rarer one where nothing else is known.
            .min_by_key(|(_, _, word)| (count(word), usize::MAX - word.len()))
            .map_or((0, 0), |(from, to, _)| (from, to));
        let (place, class) = (places[text.as_str()], number(*mask));
        let _ = writeln!(
            out,
            "    Anchor {{ place: {place:?}, from: {from}, to: {to}, class: {class} }},"
        );
    }
    let _ = writeln!(out, "];");
    words(out, terms, &places, &mut number);
    let _ = writeln!(out, "/// The sets of classes that words are of, by number.");
    let _ = writeln!(out, "static CLASSES: &[u128] = &{masks:?};");
    let _ = writeln!(out, "/// The texts of the terms, one behind the other.");
    let _ = writeln!(out, "static TEXTS: &str = {texts:?};");
}

/// A table of terms in the order of their texts, each with the number of the
/// longest other that it begins with.
fn sorted(out: &mut String, name: &str, mut rows: Vec<(String, String)>) {
    rows.sort();
    let _ = writeln!(out, "static {name}: &[Term] = &[");
    let mut within: Vec<usize> = Vec::new();
    for (nth, (text, row)) in rows.iter().enumerate() {
        while within.last().is_some_and(|last| !text.starts_with(&rows[*last].0)) {
            within.pop();
        }
        let shorter = within.last().copied().unwrap_or(usize::from(u16::MAX));
        within.push(nth);
        let _ = writeln!(out, "    Term {{ {row}, shorter: {shorter} }},");
    }
    let _ = writeln!(out, "];");
}

/// The single words of ASCII, each for what it is and for what it ends.
fn words(
    out: &mut String,
    terms: &BTreeMap<String, u128>,
    places: &BTreeMap<&str, (usize, usize)>,
    number: &mut impl FnMut(u128) -> usize,
) {
    #[derive(Default)]
    struct Known {
        id: usize,
        place: (usize, usize),
        class: Option<usize>,
        ends: Vec<(Vec<usize>, usize)>,
        begins_mask: u128,
        ends_mask: u128,
    }
    let mut all: BTreeMap<&str, Known> = BTreeMap::new();
    let mut by_id = Vec::new();
    for (text, mask) in terms.iter().filter(|(text, _)| text.is_ascii()) {
        let (class, mut at) = (number(*mask), places[text.as_str()].0);
        let mut ids = Vec::new();
        for word in text.split(' ') {
            let known = all.entry(word).or_insert_with(|| {
                by_id.push(word);
                Known { id: by_id.len() - 1, place: (at, word.len()), ..Known::default() }
            });
            if ids.is_empty() {
                known.begins_mask |= mask;
            }
            ids.push(known.id);
            at += word.len() + 1;
        }
        let last = ids.pop().and_then(|last| all.get_mut(by_id[last])).expect("a text has a word");
        ids.reverse();
        last.ends_mask |= mask;
        if ids.is_empty() {
            last.class = Some(class);
        } else {
            last.ends.push((ids, class));
        }
    }
    let (mut ends, mut before) = (String::new(), Vec::new());
    let mut count = 0;
    let _ = writeln!(out, "static KNOWN: &[Known] = &[");
    for known in by_id.iter().map(|word| &all[word]) {
        let Known { place, class, begins_mask, ends_mask, .. } = known;
        let mut own = known.ends.clone();
        own.sort_unstable();
        let from = count;
        for (ids, class) in own {
            let first = before.len();
            before.extend(ids);
            let range = (first, before.len());
            let _ = writeln!(ends, "    End {{ before: {range:?}, class: {class} }},");
            count += 1;
        }
        let class = class.unwrap_or(usize::from(u16::MAX));
        let range = (from, count);
        let _ = writeln!(
            out,
            "    Known {{ place: {place:?}, class: {class}, ends: {range:?}, \
             begins_mask: {begins_mask}, ends_mask: {ends_mask} }},"
        );
    }
    let _ = writeln!(out, "];\nstatic ENDS: &[End] = &[\n{ends}];");
    let _ = writeln!(out, "static WORDS_BEFORE: &[u16] = &{before:?};");
}

/// A phrase as it stands in `phrases.toml`.
struct Said {
    elements: Vec<Element>,
    /// Which element is marked as the rarest.
    hint: Option<usize>,
}

struct Element {
    classes: Vec<String>,
    gap: u16,
    /// How often one of its words stands in ordinary text, in a million words;
    /// nothing where it is not searched for by itself.
    cost: Option<u64>,
}

impl Said {
    fn of(phrase: &Phrase, cost: &impl Fn(&str) -> Option<u64>) -> Self {
        let mut said = Self { elements: Vec::new(), hint: None };
        let mut parts = phrase.says.split_whitespace();
        let mut gap = 0;
        while let Some(word) = parts.next() {
            if word.starts_with('!') {
                assert!(said.hint.is_none(), "phrases.toml: two keys in `{}`", phrase.says);
                said.hint = Some(said.elements.len());
            }
            let classes: Vec<String> =
                word.trim_start_matches('!').split('|').map(str::to_owned).collect();
            let cost = classes.iter().map(|class| cost(class)).sum();
            said.elements.push(Element { classes, gap, cost });
            if let Some(number) = parts.next() {
                gap = number.parse().unwrap_or_else(|_| panic!("`{}`: no gap", phrase.says));
            }
        }
        assert!(
            said.elements.iter().any(|element| element.cost.is_some()),
            "phrases.toml: nothing in `{}` is known by its words",
            phrase.says
        );
        said
    }

    /// Which element the search starts from.
    fn key(&self, keys: &BTreeSet<String>) -> usize {
        (0..self.elements.len())
            .filter(|at| self.elements[*at].classes.iter().all(|class| keys.contains(class)))
            .min_by_key(|at| (self.elements[*at].cost, self.hint != Some(*at)))
            .expect("each phrase has a key")
    }
}

/// How often words of a class stand in ordinary text, in a million words.
fn cost(
    classes: &BTreeMap<String, Class>,
    common: &BTreeMap<String, u64>,
    class: &str,
) -> Option<u64> {
    let words = classes.get(class.trim_end_matches('~'))?;
    if words.contains_key("form") {
        return None;
    }
    let count = |words: &str| -> u64 {
        words
            .split_whitespace()
            .map(|word| common.get(folded(word).replace(' ', "_").as_str()).copied().unwrap_or(0))
            .sum()
    };
    let counted = words
        .iter()
        .filter(|(language, _)| !class.ends_with('~') || *language != "en")
        .filter_map(|(_, words)| words.as_str())
        .map(count)
        .sum();
    Some(counted)
}

/// The longest word of an element, in bytes as it reads.
fn longest(classes: &BTreeMap<String, Class>, element: &Element) -> usize {
    element
        .classes
        .iter()
        .filter_map(|class| classes.get(class.trim_end_matches('~')))
        .flat_map(|class| class.values())
        .filter_map(toml::Value::as_str)
        .flat_map(str::split_whitespace)
        .map(|word| folded(word).len())
        .max()
        .unwrap_or(1)
}

/// The classes that the search starts from: of every phrase all the classes of
/// one element, and all of them together as rare as may be. What is best is not
/// looked for: first the phrases that leave least choice, then each class is
/// left out if that is better.
fn keys(said: &[Said], cost: &impl Fn(&str) -> Option<u64>) -> BTreeSet<String> {
    let price =
        |keys: &BTreeSet<String>| -> u64 { keys.iter().filter_map(|class| cost(class)).sum() };
    let cover = |mut keys: BTreeSet<String>, without: Option<&str>| -> Option<BTreeSet<String>> {
        let mut order: Vec<&Said> = said.iter().collect();
        order.sort_by_key(|said| {
            std::cmp::Reverse(said.elements.iter().filter_map(|element| element.cost).min())
        });
        for said in order {
            let covered =
                |element: &Element| element.classes.iter().all(|class| keys.contains(class));
            if said.elements.iter().any(covered) {
                continue;
            }
            let more = |element: &Element| -> u64 {
                let new = element.classes.iter().filter(|class| !keys.contains(*class));
                // Something is to be paid for each class.
                new.filter_map(|class| cost(class)).map(|cost| cost + 1).sum()
            };
            let best = said
                .elements
                .iter()
                .enumerate()
                .filter(|(_, element)| element.cost.is_some())
                .filter(|(_, element)| {
                    !element.classes.iter().any(|class| Some(class.as_str()) == without)
                })
                .min_by_key(|(at, element)| (more(element), said.hint != Some(*at)))?
                .1;
            keys.extend(best.classes.iter().cloned());
        }
        Some(keys)
    };
    let mut best = cover(BTreeSet::new(), None).expect("each phrase has a word that is rare");
    while let Some(better) = best
        .iter()
        .filter_map(|class| {
            let mut rest = best.clone();
            rest.remove(class);
            cover(rest, Some(class))
        })
        .filter(|other| price(other) < price(&best))
        .min_by_key(price)
    {
        best = better;
    }
    best
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
            if letter == '_' { vec![' '] } else { letters::read(letter, looks).chars().collect() }
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
