//! The places of the system that file tools leave alone.

use crate::Places;
use crate::path::{fold, plain};

/// Below these, nothing is read, searched or written by a file tool.
const REFUSED: &[&str] = &[
    "/boot",
    "/efi",
    "/etc",
    "/lib/systemd",
    "/proc",
    "/run/systemd",
    "/sys",
    "/system",
    "/usr/lib/systemd",
    "/var/lib/systemd",
];

/// What may be read there all the same: which machine this is and what it is
/// called, names of services and types, certificates that everybody trusts,
/// limits and sizes. None of it says who may do what.
pub(super) const HARMLESS: &[&str] = &[
    "/etc/alpine-release",
    "/etc/arch-release",
    "/etc/ca-certificates",
    "/etc/debian_version",
    "/etc/fedora-release",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/issue",
    "/etc/locale.conf",
    "/etc/localtime",
    "/etc/lsb-release",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/protocols",
    "/etc/redhat-release",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/shells",
    "/etc/ssl/certs",
    "/etc/timezone",
    "/proc/cpuinfo",
    "/proc/filesystems",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/uptime",
    "/proc/version",
    "/run/systemd/resolve/resolv.conf",
    "/run/systemd/resolve/stub-resolv.conf",
    "/sys/fs/cgroup",
];

/// Whether the place of `path` is one that file tools leave alone. A working
/// directory below such a place changes nothing: an agent chooses it.
pub(super) fn refuses(path: &str, places: &Places) -> bool {
    stands(&spelt(path, places), REFUSED)
}

/// Whether it is one of the few that may be read.
pub(super) fn is_harmless(path: &str, places: &Places) -> bool {
    stands(&spelt(path, places), HARMLESS)
}

fn spelt(path: &str, places: &Places) -> String {
    let folded = fold(path);
    plain(&folded, places).unwrap_or(folded)
}

fn stands(path: &str, names: &[&str]) -> bool {
    names.iter().any(|name| {
        path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}
