//! The same file under other mounts.

use std::path::{Path, PathBuf};

/// One line of /proc/self/mountinfo (proc_pid_mountinfo(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mount {
    id: u64,
    /// Major and minor number, as they are written.
    device: String,
    /// Which directory of the file system is mounted.
    root: PathBuf,
    /// Where.
    point: PathBuf,
}

/// What is mounted where.
#[derive(Debug, Default)]
pub(crate) struct Mounts(Vec<Mount>);

/// More names than this of one file are not looked at.
const MOST: usize = 64;

impl Mounts {
    /// As it is now; empty where the system does not say.
    pub(crate) fn now() -> Self {
        let text = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
        Self::parse(&text)
    }

    fn parse(text: &[u8]) -> Self {
        Self(text.split(|byte| *byte == b'\n').filter_map(line).collect())
    }

    /// Where the object at `real`, reached through the mount `id`, is also to
    /// be found. The second value says that there are more places than are
    /// looked at.
    pub(crate) fn others(&self, real: &Path, id: Option<u64>) -> (Vec<PathBuf>, bool) {
        let mut found = Vec::new();
        let Some(own) = self.0.iter().find(|mount| Some(mount.id) == id) else {
            return (found, false);
        };
        let Ok(below) = real.strip_prefix(&own.point) else { return (found, false) };
        let inside = joined(&own.root, below);
        for mount in self.0.iter().filter(|mount| mount.device == own.device && mount.id != own.id)
        {
            if let Ok(rest) = inside.strip_prefix(&mount.root) {
                let other = joined(&mount.point, rest);
                if other != real && !found.contains(&other) {
                    if found.len() == MOST {
                        return (found, true);
                    }
                    found.push(other);
                }
            }
        }
        (found, false)
    }
}

/// Without a slash at the end where there is nothing to add.
fn joined(above: &Path, below: &Path) -> PathBuf {
    if below.as_os_str().is_empty() { above.to_owned() } else { above.join(below) }
}

fn line(text: &[u8]) -> Option<Mount> {
    let mut words = text.split(|byte| *byte == b' ');
    let id = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
    let device = String::from_utf8(words.nth(1)?.to_vec()).ok()?;
    Some(Mount { id, device, root: path(words.next()?), point: path(words.next()?) })
}

/// A path in which space, tab, line feed and backslash are written in octal.
fn path(word: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if let (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) =
            (first, tail)
        {
            bytes.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bind_mount_has_the_name_of_its_source() {
        let mounts = Mounts::parse(
            b"21 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
              30 21 8:1 /home/u/.ssh /tmp/x\\040y rw shared:1 - ext4 /dev/sda1 rw\n\
              31 21 0:5 / /proc rw - proc proc rw\n",
        );
        let names = |path: &str, id| mounts.others(Path::new(path), Some(id)).0;
        assert_eq!(names("/tmp/x y/id_rsa", 30), [PathBuf::from("/home/u/.ssh/id_rsa")]);
        assert_eq!(names("/tmp/x y", 30), [PathBuf::from("/home/u/.ssh")]);
        assert_eq!(names("/home/u/.ssh/id_rsa", 21), [PathBuf::from("/tmp/x y/id_rsa")]);
        assert!(names("/home/u/a", 21).is_empty() && names("/proc/1", 31).is_empty());
    }
}
