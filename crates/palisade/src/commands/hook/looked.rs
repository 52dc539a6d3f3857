//! Files of a client's own tools, looked at for the guards and never used:
//! the client opens them itself.

use std::fs;
use std::path::{Component, Path, PathBuf};

use palisade_core::ports::{FileTools, OpenFile};
use palisade_core::{FileFacts, FileFault, FileShown, FileUse, FileWork, Object, Permit};

/// Looks at files.
pub(super) struct Looked {
    /// The home directory of the user, for `~`.
    pub(super) home: String,
}

/// What was seen.
struct Seen(FileFacts);

impl OpenFile for Seen {
    fn facts(&self) -> &FileFacts {
        &self.0
    }

    fn carry_out(self: Box<Self>, _: Permit, _: &FileWork) -> Result<FileShown, FileFault> {
        Err(FileFault::new("this file was only looked at"))
    }
}

impl FileTools for Looked {
    fn open(&self, path: &str, cwd: &str, _: FileUse) -> Result<Box<dyn OpenFile + '_>, FileFault> {
        // Some clients take `..` out of the text before they open, others let
        // the kernel follow it through links.
        let plain = self.absolute(path, cwd);
        let unseen = || FileFault::new("where it leads cannot be seen");
        let real = real(&self.joined(path, cwd), 0).ok_or_else(unseen)?;
        let other = self::real(Path::new(&plain), 0).ok_or_else(unseen)?;
        let mut facts =
            FileFacts { real: real.clone(), placed: real.clone(), ..FileFacts::of_text(plain) };
        if other != real {
            facts.also.push(other);
        }
        #[cfg(unix)]
        if let Ok(found) = fs::metadata(&real) {
            use std::os::unix::fs::MetadataExt;
            facts.object = Some(Object { device: found.dev(), inode: found.ino() });
            facts.links = found.nlink();
        }
        Ok(Box::new(Seen(facts)))
    }

    fn absolute(&self, path: &str, cwd: &str) -> String {
        let mut plain = PathBuf::from("/");
        for part in self.joined(path, cwd).components() {
            match part {
                Component::ParentDir => {
                    plain.pop();
                }
                Component::Normal(name) => plain.push(name),
                Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
            }
        }
        plain.to_string_lossy().into_owned()
    }
}

impl Looked {
    fn joined(&self, path: &str, cwd: &str) -> PathBuf {
        match path.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                PathBuf::from(format!("{}{rest}", self.home))
            }
            _ => Path::new(cwd).join(path),
        }
    }
}

/// So many links that lead to nothing are followed.
const MOST_LINKS: u8 = 16;

/// Where `path` really is; the part of it that does not exist yet is kept as
/// it is.
fn real(path: &Path, links: u8) -> Option<String> {
    let mut head = path;
    let mut tail = Vec::new();
    loop {
        if let Ok(mut whole) = fs::canonicalize(head) {
            whole.extend(tail.iter().rev());
            return whole.to_str().map(str::to_owned);
        }
        // What is written through a link that leads to nothing is made there.
        if let Ok(target) = fs::read_link(head) {
            let mut whole = head.parent()?.join(target);
            whole.extend(tail.iter().rev());
            return (links < MOST_LINKS).then(|| real(&whole, links + 1)).flatten();
        }
        tail.push(head.file_name()?);
        head = head.parent()?;
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_to_what_would_be_made() {
        let place = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let root = fs::canonicalize(place.path()).unwrap_or_default();
        let made = std::os::unix::fs::symlink(root.join("gone/file"), root.join("link"))
            .and_then(|()| std::os::unix::fs::symlink("loop", root.join("loop")))
            .and_then(|()| fs::create_dir_all(root.join("far/deep")))
            .and_then(|()| std::os::unix::fs::symlink(root.join("far/deep"), root.join("short")));
        assert!(made.is_ok());
        let shown = |path: &str| real(&root.join(path), 0);
        let at = |path: &str| root.join(path).to_str().map(str::to_owned);
        assert_eq!(shown("link"), at("gone/file"));
        assert_eq!(shown("loop"), None);
        assert_eq!(shown("new/file"), at("new/file"));
        let looked = Looked { home: "/home/u".into() };
        let cwd = root.to_str().unwrap_or_default();
        let open = looked.open("short/../secret", cwd, FileUse::Write);
        let facts = open.map(|open| open.facts().clone()).unwrap_or_default();
        assert_eq!(Some(facts.real), at("far/secret"));
        assert_eq!(facts.also.first(), at("secret").as_ref());
        assert_eq!(looked.absolute("~/x/../y", cwd), "/home/u/y");
    }
}
