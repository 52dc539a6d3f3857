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
    let text = fs::read_to_string(path).map_err(wrong)?;
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

fn fault(path: &Path, error: &serde_saphyr::Error) -> Fault {
    let error = error.without_snippet();
    let at = error.location().map(|at| (at.line(), at.column()));
    let mut message = error.to_string();
    // The place is said once, in front.
    for mark in [" at line ", ": line ", " (line "] {
        if let Some(end) = message.rfind(mark) {
            message.truncate(end);
        }
    }
    let (message, help) = match unknown(&message) {
        Some((key, known)) => (format!("unknown key `{key}`"), suggestion(&key, &known)),
        None => (message, None),
    };
    Fault { path: path.to_owned(), at, message, help }
}

/// Takes "unknown field `x`, expected one of `a`, `b`" apart.
fn unknown(message: &str) -> Option<(String, Vec<String>)> {
    if !message.contains("unknown field") {
        return None;
    }
    let mut names = message.split('`').skip(1).step_by(2).map(str::to_owned);
    Some((names.next()?, names.collect()))
}

fn suggestion(key: &str, known: &[String]) -> Option<String> {
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
