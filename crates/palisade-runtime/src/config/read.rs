//! From the text of a configuration file to its meaning, or to a fault with
//! its place.

use std::fs;
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::{Error, Fault};

/// A file's meaning and the text it came from.
#[derive(Debug, Clone)]
pub struct Loaded<T> {
    /// What it says.
    pub value: T,
    /// The text; empty where there is no file.
    pub text: String,
}

/// No person writes more settings than this.
const LARGEST: u64 = 4 << 20;

/// Reads a file; one that does not exist says nothing, so all is default.
///
/// # Errors
/// Where it cannot be read or does not parse.
pub fn load<T: DeserializeOwned + Default>(path: &Path) -> Result<Loaded<T>, Error> {
    let wrong = |source| Error::File { what: "read", path: path.to_owned(), source };
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            return Err(wrong(io::Error::other("it is not a regular file")));
        }
        Ok(found) if found.len() > LARGEST => {
            return Err(wrong(io::Error::other("it is larger than 4 MiB")));
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Loaded { value: T::default(), text: String::new() });
        }
        Err(error) => return Err(wrong(error)),
    }
    let text = utf8(path, fs::read(path).map_err(wrong)?)?;
    let value = parse(path, &text)?;
    Ok(Loaded { value, text })
}

/// Reads the text of the file at `path`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn parse<T: DeserializeOwned + Default>(path: &Path, text: &str) -> Result<T, Fault> {
    let nothing = |line: &str| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#')
    };
    if text.lines().all(nothing) {
        return Ok(T::default());
    }
    serde_saphyr::from_str(text).map_err(|error| fault(path, &error))
}

fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String, Fault> {
    String::from_utf8(bytes).map_err(|error| {
        let upto = error.utf8_error().valid_up_to();
        let line = error.as_bytes().iter().take(upto).filter(|byte| **byte == b'\n').count() + 1;
        Fault {
            path: path.to_owned(),
            at: Some((line as u64, 1)),
            message: "this line is not UTF-8".into(),
            help: None,
        }
    })
}

fn fault(path: &Path, error: &serde_saphyr::Error) -> Fault {
    use serde_saphyr::Error as Yaml;
    let error = error.without_snippet();
    let at = error.location().map(|at| (at.line(), at.column()));
    let (message, help) = match error {
        Yaml::SerdeUnknownField { field, expected, .. } => {
            (format!("unknown key `{}`", field.escape_debug()), suggestion(field, expected))
        }
        Yaml::SerdeUnknownVariant { variant, expected, .. } => {
            (format!("unknown value `{}`", variant.escape_debug()), suggestion(variant, expected))
        }
        Yaml::SerdeMissingField { field, .. } => (format!("the key `{field}` is missing"), None),
        Yaml::DuplicateMappingKey { key: Some(key), .. } => {
            (format!("the key `{}` stands here twice", key.escape_debug()), None)
        }
        Yaml::Unexpected { expected, .. } => {
            let expected = match *expected {
                "mapping start" => "keys and values",
                "sequence start" => "a list",
                other => other,
            };
            (
                format!("expected {expected}"),
                Some("an empty section is written `{}` or left out".into()),
            )
        }
        other => (first_line(&other.to_string()), None),
    };
    Fault { path: path.to_owned(), at, message, help }
}

/// The place is said once, in front.
fn first_line(message: &str) -> String {
    let message = message.lines().next().unwrap_or("");
    let end = [" at line ", ": line "].iter().filter_map(|mark| message.rfind(mark)).min();
    message.get(..end.unwrap_or(message.len())).unwrap_or(message).to_owned()
}

fn suggestion(key: &str, known: &[&str]) -> Option<String> {
    let near = known
        .iter()
        .map(|name| (distance(key, name), name))
        .min()
        .filter(|(distance, name)| *distance <= name.len().max(3) / 3 + 1);
    match near {
        Some((_, name)) => Some(format!("did you mean `{name}`?")),
        None if known.is_empty() => None,
        None => Some(format!("here are known: {}", known.join(", "))),
    }
}

/// How many letters must be put in, taken out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, letter) in a.chars().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (slot, other) in row.iter_mut().skip(1).zip(&b) {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = *slot;
            left = changed.min(*slot + 1).min(left + 1);
            *slot = left;
        }
    }
    row.last().copied().unwrap_or(0)
}
