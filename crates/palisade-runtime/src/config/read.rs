//! From the text of a configuration file to its meaning, or to a fault with
//! its place.

use std::fs;
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::fault::fault;
use crate::home::has_one_name;
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
        Ok(found) => has_one_name(path, &found)?,
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
    serde_saphyr::from_str(text).map_err(|error| fault(path, text, &error))
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
