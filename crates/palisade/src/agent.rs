//! An agent as a whole in the sandbox: a home of its own, its configuration
//! read-only, its models through the proxy, and the governor outside.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use palisade_runtime::config::Agent;
use palisade_runtime::{Profile, private_dir};
use palisade_sandbox::{Policy, Report};
use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::show::Failure;

/// An agent that a run confines as a whole.
#[derive(Debug)]
pub struct Whole {
    /// Its name in the table.
    pub name: String,
    /// What it needs.
    pub agent: Agent,
    /// The directory that is its home.
    own: PathBuf,
}

/// The largest file that is copied into an agent's home.
const LARGEST: u64 = 16 << 20;

impl Whole {
    /// The agent that was named, or else the one that `program` is.
    ///
    /// # Errors
    /// Where the name is none of the table's.
    pub fn find(
        named: Option<&str>,
        program: Option<&str>,
        profile: &Profile,
    ) -> Result<Option<Self>, Failure> {
        let mut agents =
            Agent::all(&profile.config).map_err(|fault| Failure::Other(fault.to_string()))?;
        let name = match named {
            Some(name) if agents.contains_key(name) => name.to_owned(),
            Some(name) => {
                let known: Vec<&str> = agents.keys().map(String::as_str).collect();
                return Err(Failure::Usage(format!(
                    "`{}` is no agent that is known: {}; others are added under `agents:` in the profile",
                    name.escape_debug(),
                    known.join(", ")
                )));
            }
            None => {
                let found = program.and_then(|program| {
                    agents.iter().find(|(_, agent)| agent.is_called(program)).map(|(name, _)| name)
                });
                match found {
                    Some(name) => name.clone(),
                    None => return Ok(None),
                }
            }
        };
        // A name of the profile's becomes a directory.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if name.is_empty() || !name.bytes().all(plain) {
            return Err(Failure::Usage(format!(
                "an agent's name has letters, digits, `-` and `_` only: `{}`",
                name.escape_debug()
            )));
        }
        let own = profile.directory.join("agents").join(&name).join("home");
        Ok(agents.remove(&name).map(|agent| Self { name, agent, own }))
    }

    /// The names of the caller's variables that it gets.
    pub fn variables(&self) -> Vec<String> {
        let named = self.agent.env.iter().filter(|name| !name.ends_with('*')).cloned();
        let there = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let wanted = there.filter(|name| self.agent.wants(name));
        named.chain(wanted).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// What a person should know about it before it starts.
    pub fn note(&self, arguments: &[String]) -> Option<&str> {
        let said =
            self.agent.unless.iter().any(|word| arguments.iter().any(|one| one.contains(word)));
        (!said && !self.agent.note.is_empty()).then_some(self.agent.note.as_str())
    }

    /// Makes its home, puts into it what belongs there, and widens the policy
    /// by what it needs.
    ///
    /// # Errors
    /// What could not be made or copied.
    pub fn prepare(&self, policy: &mut Policy, program: &str) -> Result<(), Failure> {
        let user_home = fs::canonicalize(&policy.home)
            .map_err(|error| Failure::Other(format!("cannot find your home directory: {error}")))?;
        if let Some(above) = self.own.parent().and_then(Path::parent) {
            private_dir(above)?;
            private_dir(&above.join(&self.name))?;
        }
        private_dir(&self.own)?;
        let inside = Home::open(&self.own, &user_home)?;
        for path in &self.agent.copy {
            inside.refresh(path, false)?;
        }
        for path in &self.agent.read {
            let real = expanded(path, &user_home);
            match fs::symlink_metadata(&real) {
                // A link's target stands elsewhere inside, so a copy stands for it.
                Ok(found) if found.is_symlink() && real.is_file() => inside.refresh(path, true)?,
                Ok(_) => policy.read.push(real),
                Err(_) => {}
            }
        }
        policy.write.extend(self.agent.write.iter().map(|path| expanded(path, &user_home)));
        policy.read.extend(places_of(program, &user_home));
        // Its hooks may call this program.
        policy.read.extend(env::current_exe().ok().filter(|own| !is_system(own)));
        for (name, value) in &self.agent.set {
            if !policy.environment.iter().any(|(known, _)| known == name.as_str()) {
                policy.set(name, value);
            }
        }
        policy.own_home = Some(self.own.clone());
        policy.limits.wall = None;
        policy.limits.output = None;
        policy.report = Report::Changes;
        Ok(())
    }
}

fn expanded(path: &str, home: &Path) -> PathBuf {
    match path.strip_prefix("~/") {
        Some(below) => home.join(below),
        None => PathBuf::from(path),
    }
}

/// An agent's home, written from outside. The agent has written there too, so
/// no link in it is followed.
struct Home<'a> {
    root: OwnedFd,
    user_home: &'a Path,
}

impl<'a> Home<'a> {
    fn open(own: &Path, user_home: &'a Path) -> Result<Self, Failure> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(own, flags, Mode::empty()).map_err(io::Error::from)?;
        Ok(Self { root, user_home })
    }

    /// Copies a file of the user's home where it is newer than the copy, or
    /// whatever the copy is.
    fn refresh(&self, path: &str, always: bool) -> Result<(), Failure> {
        let Some(below) = path.strip_prefix("~/") else { return Ok(()) };
        let original = self.user_home.join(below);
        let Ok(found) = fs::metadata(&original) else { return Ok(()) };
        if !found.is_file() || found.len() > LARGEST {
            return Ok(());
        }
        let failed = |error: io::Error| {
            Failure::Other(format!("cannot copy `{path}` into the agent's own home: {error}"))
        };
        let (parent, name) = self.parent(Path::new(below)).map_err(|error| failed(error.into()))?;
        let modified = found
            .modified()
            .ok()
            .and_then(|at| Some(at.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs()));
        if !always
            && let Ok(copy) = rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)
            && modified.is_some_and(|at| copy.st_mtime >= at as i64)
        {
            return Ok(());
        }
        let mut bytes = Vec::new();
        fs::File::open(&original)
            .and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
            .map_err(failed)?;
        put(parent.as_fd(), name, &bytes).map_err(failed)
    }

    /// The directory that `below` lies in, made where it is missing.
    fn parent<'p>(&self, below: &'p Path) -> Result<(OwnedFd, &'p OsStr), Errno> {
        let name = below.file_name().ok_or(Errno::INVAL)?;
        let mut at = self.root.try_clone().map_err(|_| Errno::MFILE)?;
        for part in below.parent().into_iter().flat_map(Path::components) {
            let Component::Normal(part) = part else { return Err(Errno::INVAL) };
            match rustix::fs::mkdirat(&at, part, Mode::RWXU) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error),
            }
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            at = rustix::fs::openat2(&at, part, flags, Mode::empty(), resolve)?;
        }
        Ok((at, name))
    }
}

/// A file in a directory, replaced as a whole.
fn put(parent: BorrowedFd<'_>, name: &OsStr, bytes: &[u8]) -> io::Result<()> {
    let beside = format!(".palisade-{}", std::process::id());
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let _ = rustix::fs::unlinkat(parent, &beside, AtFlags::empty());
    let file = rustix::fs::openat(parent, &beside, flags, Mode::RUSR | Mode::WUSR)?;
    fs::File::from(file).write_all(bytes)?;
    rustix::fs::renameat(parent, &beside, parent, name)?;
    Ok(())
}

/// What must be seen inside so that a program starts: where it is found, where
/// it really lies, and the same of the program that its first line names.
fn places_of(program: &str, home: &Path) -> Vec<PathBuf> {
    let mut places = Vec::new();
    let mut next = Some(OsString::from(program));
    for _ in 0..3 {
        let Some(found) = next.take().and_then(|program| lookup(&program)) else { break };
        let real = fs::canonicalize(&found).unwrap_or_else(|_| found.clone());
        places.extend(found.parent().map(Path::to_path_buf));
        places.push(package_of(&real, home));
        next = interpreter(&real);
    }
    let shared = ["/", "/tmp", "/var", "/var/tmp", "/home", "/root", "/etc", "/mnt", "/srv"];
    places.retain(|place| {
        !is_system(place)
            && !home.starts_with(place)
            && !shared.iter().any(|one| place == Path::new(one))
    });
    places
}

/// The tree that a program's file belongs to: the whole of a package manager's
/// directory, else the directory it lies in, and never the home directory.
fn package_of(real: &Path, home: &Path) -> PathBuf {
    let modules: Vec<&Path> =
        real.ancestors().filter(|above| above.ends_with("node_modules")).collect();
    let place = modules.last().copied().or(real.parent()).unwrap_or(real);
    if home.starts_with(place) { real.to_path_buf() } else { place.to_path_buf() }
}

fn is_system(path: &Path) -> bool {
    ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/opt", "/nix/store", "/gnu/store"]
        .iter()
        .any(|tree| path.starts_with(tree))
}

fn lookup(program: &OsStr) -> Option<PathBuf> {
    if Path::new(program).components().count() > 1 {
        return std::path::absolute(program).ok().filter(|path| path.exists());
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}

/// The program that the first line of a script names.
fn interpreter(file: &Path) -> Option<OsString> {
    let mut head = [0; 256];
    let count = fs::File::open(file).ok()?.read(&mut head).ok()?;
    let line = head.get(..count)?.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_whitespace();
    let program = words.next()?;
    if !program.ends_with("/env") {
        return Some(program.into());
    }
    words.find(|word| !word.starts_with('-') && !word.contains('=')).map(Into::into)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_through_a_link_that_the_agent_left() {
        let root = tempfile::tempdir().unwrap();
        let (user, own, outside) =
            (root.path().join("user"), root.path().join("own"), root.path().join("outside"));
        for directory in [&user.join(".a/b"), &own, &outside] {
            fs::create_dir_all(directory).unwrap();
        }
        fs::write(user.join(".a/b/key"), "one").unwrap();
        fs::write(user.join(".one"), "one").unwrap();
        fs::write(outside.join("one"), "mine").unwrap();
        let home = Home::open(&own, &user).unwrap();
        home.refresh("~/.a/b/key", false).unwrap();
        assert_eq!(fs::read_to_string(own.join(".a/b/key")).unwrap(), "one");
        // What the agent wrote since stays.
        fs::write(own.join(".a/b/key"), "refreshed").unwrap();
        home.refresh("~/.a/b/key", false).unwrap();
        assert_eq!(fs::read_to_string(own.join(".a/b/key")).unwrap(), "refreshed");
        home.refresh("~/.a/b/key", true).unwrap();
        assert_eq!(fs::read_to_string(own.join(".a/b/key")).unwrap(), "one");
        home.refresh("~/.missing", false).unwrap();
        fs::remove_dir_all(own.join(".a")).unwrap();
        std::os::unix::fs::symlink(&outside, own.join(".a")).unwrap();
        assert!(home.refresh("~/.a/b/key", false).is_err());
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
        // A link in the place of the file itself is replaced.
        std::os::unix::fs::symlink(outside.join("one"), own.join(".one")).unwrap();
        home.refresh("~/.one", true).unwrap();
        assert_eq!(fs::read_to_string(outside.join("one")).unwrap(), "mine");
        assert_eq!(fs::read_to_string(own.join(".one")).unwrap(), "one");
    }

    #[test]
    fn a_program_brings_its_package_and_never_the_home() {
        let home = Path::new("/home/me");
        let of = |path: &str| package_of(Path::new(path), home);
        assert_eq!(
            of("/home/me/.npm/lib/node_modules/x/node_modules/y/cli.js"),
            Path::new("/home/me/.npm/lib/node_modules")
        );
        assert_eq!(of("/home/me/claude"), Path::new("/home/me/claude"));
        assert_eq!(of("/home/me/.local/x/1"), Path::new("/home/me/.local/x"));
    }
}
