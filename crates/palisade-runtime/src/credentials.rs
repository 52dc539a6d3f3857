//! Values of credentials, read where they are used and nowhere else.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::config::Source;
use crate::environment;

/// The largest file that holds one value.
const LARGEST: u64 = 64 * 1024;

/// Where values are looked for.
pub struct Places<'a, V> {
    /// The profile's `.env`, where there is a profile.
    pub dotenv: Option<&'a Path>,
    /// The caller's variables.
    pub caller: V,
}

/// The path that a source names.
pub fn file(path: &str, caller: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    match path.strip_prefix("~/") {
        Some(below) => PathBuf::from(caller("HOME").unwrap_or_default()).join(below),
        None => PathBuf::from(path),
    }
}

impl<V: Fn(&str) -> Option<OsString>> Places<'_, V> {
    /// The value at `source`, without blanks around it.
    ///
    /// # Errors
    /// Why it cannot be read, in words that do not have it.
    pub fn value(&self, source: &Source) -> Result<String, String> {
        let value = match source {
            Source::Env(name) => self.variable(name)?,
            Source::File(path) => self.content(path)?,
        };
        Ok(value.trim().to_owned())
    }

    fn variable(&self, name: &str) -> Result<String, String> {
        let kept = match self.dotenv {
            Some(path) if path.symlink_metadata().is_ok() => {
                let text = private(path)?;
                environment::dotenv(&text).into_iter().find(|(known, _)| known == name)
            }
            Some(_) | None => None,
        };
        if let Some((_, value)) = kept {
            return Ok(value);
        }
        let place = if self.dotenv.is_some() { "neither in the profile's .env nor" } else { "not" };
        let value = (self.caller)(name)
            .ok_or_else(|| format!("there is no `{name}`, {place} in the environment"))?;
        value.into_string().map_err(|_| format!("`{name}` of the environment is not UTF-8"))
    }

    fn content(&self, path: &str) -> Result<String, String> {
        private(&file(path, &self.caller))
    }
}

/// A small file that only its owner can read.
fn private(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let failed = |error: std::io::Error| format!("`{shown}` cannot be read: {error}");
    // A pipe would keep everybody waiting.
    if fs::metadata(path).map_err(failed)?.is_file() {
        let opened = File::open(path).map_err(failed)?;
        let found = opened.metadata().map_err(failed)?;
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::mode(&found) & 0o077 != 0 {
            return Err(format!("others can read `{shown}`: run `chmod 600 {shown}`"));
        }
        if found.len() > LARGEST {
            return Err(format!("`{shown}` is larger than 64 KiB"));
        }
        let mut text = String::new();
        opened.take(LARGEST).read_to_string(&mut text).map_err(failed)?;
        return Ok(text);
    }
    Err(format!("`{shown}` is no file"))
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn values_come_from_private_places_alone() {
        let root = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str, mode: u32| {
            let path = root.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let dotenv = put(".env", "ONE=from-the-file\n", 0o600);
        put("token", "  in-a-file\n", 0o600);
        put("open", "in-a-file\n", 0o644);
        let home = root.path().as_os_str().to_owned();
        let places = Places {
            dotenv: Some(&dotenv),
            caller: |name: &str| match name {
                "ONE" | "TWO" => Some("from-the-caller".into()),
                "HOME" => Some(home.clone()),
                _ => None,
            },
        };
        let env = |name: &str| places.value(&Source::Env(name.into()));
        let file = |name: &str| places.value(&Source::File(format!("~/{name}")));
        assert_eq!(env("ONE").as_deref(), Ok("from-the-file"));
        assert_eq!(env("TWO").as_deref(), Ok("from-the-caller"));
        assert!(env("THREE").unwrap_err().contains("neither in the profile's .env nor"));
        assert_eq!(file("token").as_deref(), Ok("in-a-file"));
        assert!(file("open").unwrap_err().contains("chmod 600"));
        assert!(file("missing").unwrap_err().contains("cannot be read"));
        assert!(file(".").unwrap_err().contains("is no file"));
        put(".env", "ONE=from-the-file\n", 0o644);
        assert!(env("ONE").unwrap_err().contains("others can read"));
    }
}
