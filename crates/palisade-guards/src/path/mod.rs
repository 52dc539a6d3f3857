//! What a path means: where it lies and what its name says it is.
//!
//! A path is text that may be known only in part. What is certain of it
//! decides; a shell pattern counts where it takes in a protected name and
//! says so with letters of its own; a part that is not known at all is no
//! evidence for anything.

mod carried;
mod home;
mod names;
mod search;
mod settings;

use palisade_shell::Text;

use crate::Places;
pub use carried::classify;
use names::Case;
pub(crate) use names::{Mark, base};
use search::searched_name;
pub(crate) use search::{Sought, sought};
pub use search::{is_env_file, is_secret_below, telling};
pub(crate) use settings::{is_plain, is_settings};

/// Where a path lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Region {
    /// The root of the file system.
    Root,
    /// A home directory itself, or the directory of all homes.
    Home,
    /// The workspace, or a directory above it or above the working directory.
    Above,
    /// Inside the workspace.
    Workspace,
    /// Inside a directory where containers and runners keep a project.
    Project,
    /// A directory for temporary files.
    Temporary,
    /// A cache below a home directory.
    Cache,
    /// Below a home directory, in plain sight.
    Visible,
    /// Below a home directory, hidden.
    Hidden,
    /// A disk or memory.
    Disk,
    /// A device that takes everything and keeps nothing.
    Harmless,
    /// Any other device.
    Device,
    /// A directory of the system itself, or a file that it cannot do without.
    Vital,
    /// Below a directory of the system.
    System,
    /// Inside a container, away from this machine.
    Container,
    /// Below /usr/local or /opt.
    Local,
    /// Anywhere else.
    Elsewhere,
    /// Not known.
    Unknown,
}

/// What is known of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Where it lies. For a pattern that takes in everything in a directory,
    /// where that directory lies.
    pub(crate) region: Region,
    /// What its name says.
    pub(crate) mark: Option<Mark>,
    /// Whether it is a pattern for everything in a directory.
    pub(crate) everything: bool,
    /// Whether a pattern takes in a protected name by its wildcards only.
    pub(crate) vague: bool,
}

/// Looks at a path.
pub(crate) fn see(path: &Text, places: &Places) -> Seen {
    if let Some(text) = path.literal() {
        return see_text(text, places);
    }
    if path.has_unknown() { see_unknown(path, places) } else { see_pattern(path, places) }
}

fn see_text(text: &str, places: &Places) -> Seen {
    let plain = plain(text, places);
    let text = plain.as_deref().unwrap_or(text);
    Seen { region: region(text, places), mark: mark(text, places), everything: false, vague: false }
}

/// What the name of `path` says where capitals, and letters that nobody sees,
/// do not tell files apart.
pub(crate) fn mark_folded(path: &str, places: &Places) -> Option<Mark> {
    let folded = fold(path);
    let places = Places {
        home: fold(&places.home),
        cwd: fold(&places.cwd),
        workspace: fold(&places.workspace),
        palisade_home: fold(&places.palisade_home),
        programs: places.programs.iter().map(|program| fold(program)).collect(),
        settings: places.settings.iter().map(|(at, usual)| (fold(at), usual.clone())).collect(),
    };
    let plain = plain(&folded, &places);
    mark_by(plain.as_deref().unwrap_or(&folded), &places, Case::Folded)
}

/// A path as file systems compare it that do not care about case: small
/// letters, without the code points that HFS+ and casefolded ext4 ignore
/// (CVE-2014-9390).
pub(crate) fn fold(path: &str) -> String {
    let ignored = |letter: &char| {
        matches!(*letter, '\u{ad}' | '\u{34f}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{e0000}'..='\u{e0fff}')
    };
    // Up and down again: the long s and the Kelvin sign are an s and a k.
    path.chars()
        .filter(|letter| !ignored(letter))
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect()
}

/// Where secrets lie, as absolute paths, and whether a row is a pattern.
pub(crate) fn secret_places(home: &str) -> impl Iterator<Item = (String, bool)> {
    names::secret_places().map(move |(below, name, pattern)| {
        (if below { format!("{home}/{name}") } else { name.to_owned() }, pattern)
    })
}

/// The path without detours that lead to the same file: `/proc/self/root`,
/// `/private`, a slash at the end. `None` where there is nothing to do.
pub(crate) fn plain(text: &str, places: &Places) -> Option<String> {
    let mut out: Option<String> = None;
    let mut rest = text;
    if let Some(process) = rest.strip_prefix("/proc/")
        && let Some((_, below)) = process.split_once('/')
    {
        if let Some(below) =
            below.strip_prefix("root").filter(|below| below.is_empty() || below.starts_with('/'))
        {
            out = Some(if below.is_empty() { "/".to_owned() } else { below.to_owned() });
        } else if let Some(below) =
            below.strip_prefix("cwd").filter(|below| below.is_empty() || below.starts_with('/'))
        {
            out = Some(format!("{}{below}", places.cwd));
        }
    } else if let Some(below) = rest.strip_prefix("/private/")
        && ["etc", "var", "tmp"].iter().any(|name| stands(name, below))
    {
        out = rest.get("/private".len()..).map(str::to_owned);
    } else if let Some(below) = rest.strip_prefix("/System/Volumes/Data/") {
        out = Some(format!("/{below}"));
    }
    rest = out.as_deref().unwrap_or(rest);
    if rest.len() > 1 && rest.ends_with('/') {
        return Some(rest.trim_end_matches('/').to_owned())
            .map(|cut| if cut.is_empty() { "/".to_owned() } else { cut });
    }
    out
}

/// Whether `path` is `name` or below it.
fn stands(name: &str, path: &str) -> bool {
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What stands below `above` in `path`; empty for `above` itself.
pub(crate) fn below<'a>(above: &str, path: &'a str) -> Option<&'a str> {
    if above.len() < 2 {
        return None;
    }
    let rest = path.strip_prefix(above)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// What stands below some home directory in `path`: the user's own, or one
/// where homes usually are.
pub(crate) fn below_home<'a>(path: &'a str, places: &Places) -> Option<&'a str> {
    if let Some(rest) = below(&places.home, path) {
        return Some(rest);
    }
    if let Some(rest) = below("/root", path).or_else(|| below("/var/root", path)) {
        return Some(rest);
    }
    let rest = path.strip_prefix("/home/").or_else(|| path.strip_prefix("/Users/"))?;
    if rest.is_empty() || rest.starts_with("Shared") {
        return None;
    }
    Some(rest.split_once('/').map_or("", |(_, rest)| rest))
}

/// Whether the workspace is a place that can be one: not the root, and not a
/// directory of the system.
fn in_workspace<'a>(path: &'a str, places: &Places) -> Option<&'a str> {
    let rest = below(&places.workspace, path)?;
    let deep = places.workspace.matches('/').count() > 1;
    (deep || !SYSTEM.iter().any(|name| *name == places.workspace)).then_some(rest)
}

const SYSTEM: &[&str] = &[
    "/bin", "/boot", "/dev", "/efi", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc",
    "/sbin", "/sys", "/usr", "/var", "/System", "/Library",
];

/// Whether it is a directory for temporary files itself.
pub(crate) fn is_temporary(path: &str) -> bool {
    TEMPORARY.contains(&path.trim_end_matches('/'))
}

const TEMPORARY: &[&str] = &["/tmp", "/var/tmp", "/var/folders", "/dev/shm"];

/// Where containers, runners and written examples keep a project.
const PROJECTS: &[&str] = &[
    "/app",
    "/code",
    "/path",
    "/project",
    "/projects",
    "/repo",
    "/repos",
    "/src",
    "/testbed",
    "/workdir",
    "/workspace",
    "/workspaces",
];

const CACHES: &[&str] = &[
    ".cache",
    ".npm",
    ".cargo/registry",
    ".cargo/git",
    ".gradle/caches",
    ".m2/repository",
    "Library/Caches",
    ".pnpm-store",
    ".yarn/cache",
    ".local/share/Trash",
    ".thumbnails",
    ".local/share/virtualenvs",
    ".virtualenvs",
    "go/pkg",
];

/// Directories of the second floor that the system cannot do without.
const VITAL: &[&str] = &[
    "/etc/ssh",
    "/etc/ssl",
    "/etc/pam.d",
    "/etc/systemd",
    "/etc/init.d",
    "/etc/security",
    "/etc/selinux",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/gshadow",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/fstab",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/etc/ld.so.conf",
    "/etc/ld.so.cache",
    "/etc/crypttab",
    "/etc/profile",
    "/etc/inittab",
    "/etc/machine-id",
    "/usr/bin",
    "/usr/sbin",
    "/usr/lib",
    "/usr/lib64",
    "/usr/lib32",
    "/usr/libexec",
    "/usr/share",
    "/usr/include",
    "/var/lib",
    "/var/spool",
    "/var/db",
    "/System/Library",
    "/Library/LaunchDaemons",
];

/// Below these, everything is vital.
const VITAL_BELOW: &[&str] = &[
    "/boot",
    "/efi",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/proc",
    "/sys",
    "/System",
    "/usr/bin",
    "/usr/sbin",
    "/usr/lib",
    "/usr/lib64",
    "/etc/pam.d",
    "/etc/ssh",
];

fn region(path: &str, places: &Places) -> Region {
    if path == "/" {
        return Region::Root;
    }
    if !path.starts_with('/') {
        return if path.is_empty() { Region::Unknown } else { Region::Elsewhere };
    }
    let home = below_home(path, places);
    if home == Some("") || path == "/home" || path == "/Users" {
        return Region::Home;
    }
    let hidden = home.is_some_and(|rest| rest.starts_with('.') || rest.starts_with("Library/"));
    match in_workspace(path, places) {
        Some("") => return Region::Above,
        Some(_) if !(hidden && places.workspace == places.home) => return Region::Workspace,
        _ => {}
    }
    if TEMPORARY.iter().any(|name| below(name, path).is_some_and(|rest| !rest.is_empty())) {
        return Region::Temporary;
    }
    if below(path, &places.workspace).is_some() || below(path, &places.cwd).is_some() {
        return if SYSTEM.contains(&path) { Region::Vital } else { Region::Above };
    }
    if let Some(rest) = home {
        return if CACHES.iter().any(|name| stands(name, rest)) {
            Region::Cache
        } else if hidden && note(rest).is_none() {
            Region::Hidden
        } else {
            Region::Visible
        };
    }
    if let Some(name) = below("/dev", path).filter(|name| !name.is_empty()) {
        return device(name);
    }
    if let Some(process) = path.strip_prefix("/proc/")
        && process.contains("/fd/")
    {
        return Region::Harmless;
    }
    if stands("/container", path) {
        return Region::Container;
    }
    if PROJECTS.iter().any(|name| below(name, path).is_some_and(|rest| !rest.is_empty())) {
        return Region::Project;
    }
    if stands("/usr/local", path) || stands("/opt", path) {
        return Region::Local;
    }
    if !SYSTEM.iter().any(|name| stands(name, path)) {
        return Region::Elsewhere;
    }
    let vital = SYSTEM.contains(&path)
        || VITAL.contains(&path)
        || VITAL_BELOW.iter().any(|name| stands(name, path));
    if vital { Region::Vital } else { Region::System }
}

/// Text that Claude Code keeps for itself below its directory. Everything else
/// there decides what runs or what it may do, or is its own record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Note {
    /// A plan: read in the session that makes it.
    Plan,
    /// What it remembers of a project: read at the start of later sessions.
    Memory,
}

/// Which note a file is, by its whole path.
pub(crate) fn note_at(path: &str, places: &Places) -> Option<Note> {
    below_home(path, places).and_then(note)
}

/// Which note lies there below a home.
fn note(rest: &str) -> Option<Note> {
    let mut parts = rest.strip_prefix(".claude/")?.split('/');
    let kind = match parts.next()? {
        "plans" => Note::Plan,
        "projects" => {
            let _project = parts.next()?;
            (parts.next()? == "memory").then_some(Note::Memory)?
        }
        _ => return None,
    };
    let name = parts.next()?;
    // Names that are looked for wherever an agent works.
    let instructions = ["claude.md", "claude.local.md", "agents.md", "gemini.md"];
    let plain = name.ends_with(".md") && !name.starts_with('.') && parts.next().is_none();
    (plain && !instructions.iter().any(|known| name.eq_ignore_ascii_case(known))).then_some(kind)
}

fn device(name: &str) -> Region {
    const HARMLESS: &[&str] = &[
        "null", "zero", "full", "random", "urandom", "tty", "stdin", "stdout", "stderr", "ptmx",
        "console",
    ];
    const DISKS: &[&str] = &[
        "sd", "nvme", "hd", "vd", "xvd", "mmcblk", "disk", "rdisk", "mapper", "dm-", "loop", "md",
        "sr", "mem", "kmem", "port", "block", "zd", "nbd", "ram", "zram", "pmem", "bcache", "drbd",
        "mtd", "nvram", "raw", "dasd", "sg",
    ];
    if HARMLESS.contains(&name) || name.starts_with("fd/") || name.starts_with("pts/") {
        Region::Harmless
    } else if DISKS.iter().any(|start| name.starts_with(start)) {
        Region::Disk
    } else {
        Region::Device
    }
}

fn mark(path: &str, places: &Places) -> Option<Mark> {
    mark_by(path, places, Case::Exact)
}

fn mark_by(path: &str, places: &Places, case: Case) -> Option<Mark> {
    if below(&places.palisade_home, path).is_some() {
        let inside =
            below(&places.palisade_home, &places.workspace).is_some_and(|rest| !rest.is_empty());
        return if inside && below(&places.workspace, path).is_some() {
            names::anywhere(path)
        } else {
            Some(Mark::Governor)
        };
    }
    if places.programs.iter().any(|program| program == path) {
        return Some(Mark::GovernorProgram);
    }
    for (at, usual) in &places.settings {
        if let Some(rest) = below(at, path).filter(|rest| !rest.is_empty())
            && let Some(mark) = names::below_home(&format!("{usual}/{rest}"), case)
        {
            return Some(mark);
        }
    }
    if let Some(rest) = below_home(path, places)
        && let Some(mark) = names::below_home(rest, case)
    {
        return Some(mark);
    }
    if path.ends_with(".sock") && path.contains("docker") {
        return Some(Mark::ContainerSocket);
    }
    names::of_system(path, case).or_else(|| names::anywhere(path))
}

/// What a directory holds that nobody may take away with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// The settings of an agent, or what Palisade keeps.
    pub(crate) mark: Mark,
    /// Whether much else lies there as well (`~/.config`, `.github`), so that
    /// putting a file into it says nothing.
    pub(crate) shared: bool,
}

/// What lies below `path` where it is a directory: Palisade's home, or the
/// settings of an agent. Of a pattern, the directory before it is looked at.
pub(crate) fn holds(path: &Text, places: &Places) -> Option<Held> {
    if let Some(text) = path.literal() {
        return holds_text(text, places);
    }
    let directory = path.known_prefix().rsplit_once('/').map_or("", |(above, _)| above);
    // Some of what lies in a shared directory, and in a home, is other work.
    holds_text(directory, places).filter(|held| !held.shared)
}

fn holds_text(text: &str, places: &Places) -> Option<Held> {
    let plain = plain(text, places);
    let path = plain.as_deref().unwrap_or(text);
    if !path.starts_with('/') || path == "/" {
        return None;
    }
    let is_above = |deeper: &str| below(path, deeper).is_some_and(|rest| !rest.is_empty());
    if is_above(&places.palisade_home) {
        return Some(Held { mark: Mark::Governor, shared: true });
    }
    let mut held = None;
    let mut note = |shared| held = Some(Held { mark: Mark::AgentSettings, shared });
    for (at, usual) in &places.settings {
        if is_above(at) {
            note(true);
        } else if let Some(rest) = below(at, path) {
            let usual = format!("{usual}/{rest}");
            let usual = usual.trim_end_matches('/');
            if names::settings_below_home(usual) {
                note(names::is_shared(usual));
            }
        }
    }
    let home = below_home(path, places).is_some_and(names::settings_below_home);
    if home || names::settings_within(path) {
        note(names::is_shared(path));
    }
    held
}

/// A path with parts that are not known: the directory before the first one
/// says where it lies, the text after the last one what it is called.
fn see_unknown(path: &Text, places: &Places) -> Seen {
    let prefix = path.known_prefix();
    let directory = prefix.rfind('/').and_then(|cut| prefix.get(..cut.max(1))).unwrap_or("");
    let region = match region(&format!("{prefix}x"), places) {
        _ if directory.is_empty() => Region::Unknown,
        Region::Root | Region::Home | Region::Above => Region::Unknown,
        Region::Elsewhere if directory == "/" => Region::Unknown,
        other => other,
    };
    let inherited = if directory.len() > 1 { mark(directory, places) } else { None };
    let mark = inherited.or_else(|| mark_of_end(path.known_suffix(), |_| true));
    let mark = mark.or_else(|| path.has_pattern().then(|| searched_name(path)).flatten());
    Seen { region, mark, everything: false, vague: false }
}

/// What the last components of a path say, whatever stands before them.
fn mark_of_end(end: &str, counts: impl Fn(&str) -> bool) -> Option<Mark> {
    let mut rest = end;
    while let Some(cut) = rest.find('/') {
        rest = rest.get(cut + 1..)?;
        if counts(rest)
            && let Some(mark) = names::below_home(rest, Case::Exact)
        {
            return Some(mark);
        }
    }
    if end.contains('/') { names::anywhere(end) } else { None }
}

/// A pattern that the shell would expand. Written out with `*` and `?`.
fn see_pattern(path: &Text, places: &Places) -> Seen {
    let written = path.to_string();
    let mut directory = written.as_str();
    let mut everything = false;
    // `/a/*`, `/a/.*` and `/a/*/*` mean all of `/a`.
    while let Some((above, last)) = directory.rsplit_once('/') {
        if !last.contains(['*', '?']) || last.contains(char::is_alphanumeric) {
            break;
        }
        everything = true;
        directory = above;
    }
    if everything && !directory.contains(['*', '?']) {
        let above = if directory.is_empty() { "/" } else { directory };
        let mut seen = see_text(above, places);
        let by_dots = written.contains("/.*") || written.contains("/.?");
        if seen.region == Region::Home && by_dots {
            seen.vague = true;
        }
        // `.git/hooks/*`: of what is in it, where the directory is nothing.
        seen.mark = seen.mark.or_else(|| names::anywhere(&format!("{above}/")));
        seen.everything = true;
        return seen;
    }
    // With letters of its own: compare with what is protected.
    let own = !places.home.is_empty() && path.may_match(&places.home);
    let region = if own {
        Region::Home
    } else if !everything && roots(path) {
        Region::Vital
    } else {
        match region(&format!("{}x", path.known_prefix()), places) {
            Region::Above => Region::Elsewhere,
            other => other,
        }
    };
    let mark = evidence(&written, places).or_else(|| searched_name(path));
    Seen { region, mark, everything, vague: false }
}

/// Whether a pattern takes in a directory right below the root.
fn roots(path: &Text) -> bool {
    SYSTEM.iter().chain(&["/home", "/root", "/Users"]).any(|name| path.may_match(name))
}

/// Protected files that stand for their kind when a pattern is compared.
const SAMPLES: &[(&str, &[&str], Mark)] = &[
    ("~", &[".ssh", "id_rsa"], Mark::SshKey),
    ("~", &[".ssh", "id_ed25519"], Mark::SshKey),
    ("~", &[".ssh", "id_ecdsa"], Mark::SshKey),
    ("~", &[".aws", "credentials"], Mark::Cloud),
    ("~", &[".kube", "config"], Mark::Cloud),
    ("~", &[".docker", "config.json"], Mark::Cloud),
    ("~", &[".config", "gcloud", "credentials.db"], Mark::Cloud),
    ("~", &[".netrc"], Mark::Token),
    ("~", &[".npmrc"], Mark::Token),
    ("~", &[".pypirc"], Mark::Token),
    ("~", &[".pgpass"], Mark::Token),
    ("~", &[".git-credentials"], Mark::Token),
    ("~", &[".gnupg", "secring.gpg"], Mark::Keyring),
    // The directories, which some programs read with all in them.
    ("~", &[".ssh"], Mark::SshKey),
    ("~", &[".aws"], Mark::Cloud),
    ("~", &[".gnupg"], Mark::Keyring),
    ("~", &[".palisade"], Mark::Governor),
    ("~", &[".bash_history"], Mark::History),
    ("~", &[".zsh_history"], Mark::History),
    ("~", &[".bashrc"], Mark::ShellStartup),
    ("~", &[".zshrc"], Mark::ShellStartup),
    ("~", &[".palisade", "config.yaml"], Mark::Governor),
    ("~", &[".palisade", "profiles", "default", ".env"], Mark::Governor),
    ("/etc", &["shadow"], Mark::SystemSecret),
    ("/etc", &["gshadow"], Mark::SystemSecret),
    ("/etc", &["sudoers"], Mark::Login),
    ("/proc", &["self", "environ"], Mark::Environment),
    ("/proc", &["1", "environ"], Mark::Environment),
];

/// The mark of a protected file that a pattern takes in, where letters of the
/// pattern say so: `~/.ss?/id_*` does, `/etc/*` does not.
fn evidence(written: &str, places: &Places) -> Option<Mark> {
    // What is written out may say it already, whatever the pattern adds.
    if let Some(mark) = mark(written, places) {
        return Some(mark);
    }
    let parts: Vec<&str> = written.split('/').skip(1).collect();
    let home: Vec<&str> = places.home.split('/').skip(1).collect();
    SAMPLES
        .iter()
        .find(|(root, names, _)| match *root {
            "~" => {
                takes_in(&parts, &home, names)
                    || takes_in(&parts, &["home", "*"], names)
                    || takes_in(&parts, &["root"], names)
            }
            root => takes_in(&parts, &[root.trim_start_matches('/')], names),
        })
        .map(|(_, _, mark)| *mark)
}

/// Whether the components of a pattern take in `root` and then `names`, with
/// a letter of evidence among the names.
fn takes_in(parts: &[&str], root: &[&str], names: &[&str]) -> bool {
    if parts.len() != root.len() + names.len() {
        return false;
    }
    let mut letters = false;
    for (at, part) in parts.iter().enumerate() {
        let name = match at.checked_sub(root.len()) {
            None => root.get(at),
            Some(at) => {
                letters |= part.contains(char::is_alphanumeric);
                names.get(at)
            }
        };
        let Some(name) = name else { return false };
        if *name == "*" {
            continue;
        }
        // A leading dot must be written out.
        if name.starts_with('.') && !part.starts_with('.') {
            return false;
        }
        if !palisade_shell::matches(part, name) {
            return false;
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places {
            home: "/home/u".into(),
            cwd: "/home/u/project".into(),
            workspace: "/home/u/project".into(),
            palisade_home: "/home/u/.palisade".into(),
            programs: vec!["/home/u/tools/palisade".into()],
            settings: Vec::new(),
        }
    }

    fn at(path: &str) -> (Region, Option<Mark>) {
        let seen = see(&Text::from(path), &places());
        (seen.region, seen.mark)
    }

    #[test]
    fn places_of_literal_paths() {
        assert_eq!(at("/"), (Region::Root, None));
        assert_eq!(at("/home/u"), (Region::Home, None));
        assert_eq!(at("/home/u/"), (Region::Home, None));
        assert_eq!(at("/home"), (Region::Home, None));
        assert_eq!(at("/root"), (Region::Home, None));
        assert_eq!(at("/home/u/project"), (Region::Above, None));
        assert_eq!(at("/home/u/project/src/a.rs"), (Region::Workspace, None));
        assert_eq!(at("/home/u/notes.txt"), (Region::Visible, None));
        assert_eq!(at("/home/u/.config/tool/x"), (Region::Hidden, None));
        assert_eq!(at("/home/u/.cache/x"), (Region::Cache, None));
        assert_eq!(at("/tmp/x"), (Region::Temporary, None));
        assert_eq!(at("/private/tmp/x"), (Region::Temporary, None));
        assert_eq!(at("/tmp"), (Region::Elsewhere, None));
        assert_eq!(at("/etc"), (Region::Vital, None));
        assert_eq!(at("/etc/nginx/nginx.conf"), (Region::System, None));
        assert_eq!(at("/usr/local/bin/x"), (Region::Local, None));
        assert_eq!(at("/dev/null"), (Region::Harmless, None));
        assert_eq!(at("/dev/sda"), (Region::Disk, None));
        assert_eq!(at("/dev/ttyUSB0"), (Region::Device, None));
        assert_eq!(at("/srv/x"), (Region::Elsewhere, None));
    }

    #[test]
    fn names_of_literal_paths() {
        let mark = |path| at(path).1;
        assert_eq!(mark("/home/u/.ssh/id_rsa"), Some(Mark::SshKey));
        assert_eq!(mark("/home/bob/.ssh/work"), Some(Mark::SshKey));
        assert_eq!(mark("/root/.ssh/id_rsa.pub"), None);
        assert_eq!(mark("/home/u/.ssh/known_hosts"), None);
        assert_eq!(mark("/home/u/.ssh/config"), Some(Mark::ToolConfig));
        assert_eq!(mark("/proc/self/root/etc/shadow"), Some(Mark::SystemSecret));
        assert_eq!(mark("/proc/self/cwd/.env"), Some(Mark::EnvFile));
        assert_eq!(mark("/proc/123/environ"), Some(Mark::Environment));
        assert_eq!(mark("/home/u/project/.env.local"), Some(Mark::EnvFile));
        assert_eq!(mark("/home/u/project/.env.example"), None);
        assert_eq!(mark("/home/u/project/.git/hooks/pre-commit"), Some(Mark::Hook));
        assert_eq!(mark("/home/u/project/cert.pem"), None);
        assert_eq!(mark("/home/u/project/privkey.pem"), Some(Mark::PrivateKey));
        assert_eq!(mark("/home/u/.palisade/config.yaml"), Some(Mark::Governor));
        assert_eq!(mark("/home/u/tools/palisade"), Some(Mark::GovernorProgram));
        assert_eq!(mark("/home/u/.mozilla/firefox/p.default/logins.json"), Some(Mark::Keyring));
        assert_eq!(mark("/home/u/.zsh_history"), Some(Mark::History));
        assert_eq!(mark("/etc/cron.d/x"), Some(Mark::Schedule));
    }

    /// Paths put together at random from the parts that mean something.
    #[test]
    fn any_path_can_be_looked_at() {
        const PARTS: &[&str] = &[
            "/",
            "~",
            ".",
            "..",
            "*",
            "?",
            "etc",
            "home",
            "u",
            "project",
            ".ssh",
            "id_rsa",
            ".env",
            "proc",
            "self",
            "root",
            "cwd",
            "dev",
            "sda",
            "tmp",
            "private",
            "\u{e9}",
            "\u{f0000}",
            "\u{f0001}",
            "\u{f0002}",
            ".pem",
            "key",
        ];
        let mut seed = 11u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize
        };
        let (here, nowhere) = (places(), Places::default());
        for _ in 0..50_000 {
            let length = next() % 8;
            let text: String = (0..length).map(|_| PARTS[next() % PARTS.len()]).collect();
            let path = Text::from(text);
            let _ = (
                see(&path, &here),
                see(&path, &nowhere),
                carried::is_secret(&path),
                carried::runs_as(&path),
            );
        }
    }
}
