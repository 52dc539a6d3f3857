//! Bounds on memory, processes and processor time: control groups where they
//! can be made, the next best thing elsewhere, and the truth about which.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::policy::Limits;
use crate::sys;

/// A bound that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Breach {
    /// Too much memory.
    Memory = 1,
    /// Too many processes.
    Pids = 2,
    /// Too much time.
    Wall = 3,
    /// Too much output.
    Output = 4,
}

impl Breach {
    /// What happened, for a person.
    pub fn words(self, limits: &Limits) -> String {
        let mib = |bytes: u64| bytes >> 20;
        let value = |limit: Option<crate::policy::Limit>| limit.map_or(0, |limit| limit.value);
        match self {
            Self::Memory => format!(
                "the memory limit of {} MiB was reached; raise it with `--limit memory=...`",
                mib(value(limits.memory))
            ),
            Self::Pids => format!(
                "the limit of {} processes was reached; raise it with `--limit pids=...`",
                value(limits.pids)
            ),
            Self::Wall => format!(
                "the time limit of {} s was reached and everything was stopped; raise it with `--limit wall=...`",
                limits.wall.unwrap_or(0).div_ceil(1000)
            ),
            Self::Output => format!(
                "the output limit of {} KiB was reached and everything was stopped; raise it with `--limit output=...`",
                limits.output.unwrap_or(0) >> 10
            ),
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        [Self::Memory, Self::Pids, Self::Wall, Self::Output]
            .into_iter()
            .find(|breach| *breach as u8 == number)
    }
}

/// How each bound is held here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holding {
    /// Memory by a control group; else it is sampled.
    pub memory: bool,
    /// Processes by a control group; else by a resource limit.
    pub pids: bool,
    /// Processor time by a control group; else not at all.
    pub cpus: bool,
}

/// Where control groups for a sandbox can be made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Groups {
    /// One tree for everything (version 2).
    unified: Option<PathBuf>,
    /// One tree each (version 1).
    memory: Option<PathBuf>,
    pids: Option<PathBuf>,
    cpu: Option<PathBuf>,
}

impl Groups {
    /// Looks where this process may make some.
    pub fn find() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        Self::from_texts(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo"), &|path| {
            sys::writable(path)
        })
    }

    /// From the two files of /proc, and a way to ask whether a directory may
    /// be written.
    pub fn from_texts(own: &str, mounts: &str, writable: &dyn Fn(&Path) -> bool) -> Self {
        let mut groups = Self::default();
        for line in own.lines() {
            let mut parts = line.splitn(3, ':');
            let (Some(id), Some(controllers), Some(path)) =
                (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            if id == "0" && controllers.is_empty() {
                let Some(mounted) = mounted(mounts, "cgroup2", "") else { continue };
                let here = below(&mounted, path);
                // Processes may only stand in leaves, so a sibling of our own group comes first.
                let places = here
                    .parent()
                    .into_iter()
                    .chain([here.as_path()])
                    .filter(|dir| dir.starts_with(&mounted));
                for dir in places {
                    let on = std::fs::read_to_string(dir.join("cgroup.subtree_control"))
                        .unwrap_or_default();
                    let has = |name: &str| on.split_whitespace().any(|one| one == name);
                    if has("memory")
                        && has("pids")
                        && writable(dir)
                        && writable(&dir.join("cgroup.procs"))
                    {
                        groups.unified = Some(dir.to_path_buf());
                        break;
                    }
                }
                continue;
            }
            for controller in controllers.split(',') {
                let slot = match controller {
                    "memory" => &mut groups.memory,
                    "pids" => &mut groups.pids,
                    "cpu" => &mut groups.cpu,
                    _ => continue,
                };
                *slot = mounted(mounts, "cgroup", controller)
                    .map(|root| below(&root, path))
                    .filter(|dir| writable(dir));
            }
        }
        groups
    }

    /// How each bound would be held.
    pub fn holding(&self) -> Holding {
        let all = self.unified.is_some();
        Holding {
            memory: all || self.memory.is_some(),
            pids: all || self.pids.is_some(),
            cpus: all || self.cpu.is_some(),
        }
    }

    /// Removes groups whose maker is gone: one that was killed, or one that
    /// ended before the kernel let go of its last group.
    pub fn sweep(&self) {
        for dir in [&self.unified, &self.memory, &self.pids, &self.cpu].into_iter().flatten() {
            // A few at a time: nobody waits for tidiness.
            for entry in std::fs::read_dir(dir).into_iter().flatten().flatten().take(64) {
                let name = entry.file_name();
                let maker = name
                    .to_str()
                    .and_then(|name| name.strip_prefix("palisade-")?.split('-').next());
                let Some(maker) = maker.and_then(|maker| maker.parse::<u32>().ok()) else {
                    continue;
                };
                let gone =
                    maker != std::process::id() && !Path::new(&format!("/proc/{maker}")).exists();
                // A maker in another process namespace cannot be seen from here; its groups are new, or in use.
                let old = entry.metadata().and_then(|found| found.modified()).ok();
                let old =
                    old.and_then(|time| time.elapsed().ok()).is_some_and(|age| age.as_secs() >= 2);
                if gone && old {
                    let _ = std::fs::remove_dir(entry.path());
                }
            }
        }
    }

    /// Makes a group with these bounds. What it cannot hold is not in it.
    pub fn make(&self, limits: &Limits) -> sys::Result<Group> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("palisade-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut group = Group::default();
        let made = self.fill(limits, &name, &mut group);
        if let Err(error) = made {
            group.remove();
            return Err(error);
        }
        Ok(group)
    }

    fn fill(&self, limits: &Limits, name: &str, group: &mut Group) -> sys::Result<()> {
        let make = |dir: &Path| -> sys::Result<PathBuf> {
            let path = dir.join(name);
            std::fs::create_dir(&path)?;
            Ok(path)
        };
        // Process 1 is ours, not the command's.
        let pids = limits.pids.map(|limit| (limit.value.saturating_add(1)).to_string());
        if let Some(dir) = &self.unified {
            let path = make(dir)?;
            group.paths.push(path.clone());
            group.unified = true;
            if let Some(memory) = limits.memory {
                sys::write_text(&path.join("memory.max"), &memory.value.to_string())?;
                let _ = sys::write_text(&path.join("memory.swap.max"), "0");
                let _ = sys::write_text(&path.join("memory.oom.group"), "1");
            }
            if let Some(pids) = pids {
                sys::write_text(&path.join("pids.max"), &pids)?;
            }
            if let Some(cpus) = limits.cpus {
                sys::write_text(&path.join("cpu.max"), &format!("{} 100000", cpus.value * 100))?;
            }
            return Ok(());
        }
        if let (Some(dir), Some(memory)) = (&self.memory, limits.memory) {
            let path = make(dir)?;
            group.paths.push(path.clone());
            sys::write_text(&path.join("memory.limit_in_bytes"), &memory.value.to_string())?;
            let _ = sys::write_text(
                &path.join("memory.memsw.limit_in_bytes"),
                &memory.value.to_string(),
            );
        }
        if let (Some(dir), Some(pids)) = (&self.pids, pids) {
            let path = make(dir)?;
            group.paths.push(path.clone());
            sys::write_text(&path.join("pids.max"), &pids)?;
        }
        if let (Some(dir), Some(cpus)) = (&self.cpu, limits.cpus) {
            let path = make(dir)?;
            group.paths.push(path.clone());
            sys::write_text(&path.join("cpu.cfs_period_us"), "100000")?;
            sys::write_text(&path.join("cpu.cfs_quota_us"), &(cpus.value * 100).to_string())?;
        }
        Ok(())
    }
}

/// The control groups of one sandbox.
#[derive(Debug, Default)]
pub struct Group {
    paths: Vec<PathBuf>,
    unified: bool,
}

impl Group {
    /// Puts a process in it; all it starts will be in it too.
    pub fn add(&self, pid: i32) -> sys::Result<()> {
        self.paths
            .iter()
            .try_for_each(|path| sys::write_text(&path.join("cgroup.procs"), &pid.to_string()))
    }

    /// Files by which a process with one thread puts itself in (version 1):
    /// moving somebody else makes the kernel wait for every processor, which
    /// takes milliseconds, and moving oneself does not.
    pub fn doors(&self) -> sys::Result<Vec<OwnedFd>> {
        if self.unified {
            return Ok(Vec::new());
        }
        self.paths
            .iter()
            .map(|path| sys::open_path(&path.join("tasks"), libc::O_WRONLY, 0))
            .collect()
    }

    /// Which bound was reached, if one was.
    pub fn breach(&self) -> Option<Breach> {
        let count = |file: &str, key: &str| {
            self.paths.iter().filter_map(|path| sys::read_text(&path.join(file)).ok()).any(|text| {
                text.lines().any(|line| {
                    line.strip_prefix(key)
                        .is_some_and(|rest| rest.trim() != "0" && rest.starts_with(' '))
                })
            })
        };
        let memory = if self.unified { "memory.events" } else { "memory.oom_control" };
        if count(memory, "oom_kill") {
            return Some(Breach::Memory);
        }
        count("pids.events", "max").then_some(Breach::Pids)
    }

    /// Removes it; false while the kernel still counts something in it.
    pub fn remove(&mut self) -> bool {
        self.paths.retain(|path| match std::fs::remove_dir(path) {
            Ok(()) => false,
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        });
        self.paths.is_empty()
    }
}

fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

/// Where a file system of this kind (with this controller) is mounted whole.
fn mounted(mounts: &str, kind: &str, controller: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let mut right = right.split(' ');
        let (found, _, options) = (right.next()?, right.next()?, right.next()?);
        let here = found == kind
            && (controller.is_empty() || options.split(',').any(|one| one == controller));
        here.then(|| left.split(' ').nth(4).map(PathBuf::from))?
    })
}

/// The memory of a process and all below it, in bytes: anonymous and shared
/// memory, not files. For machines without control groups.
pub fn sampled_memory(pid: i32) -> u64 {
    let mut total = 0;
    let mut waiting = vec![pid];
    let mut seen = 0;
    while let Some(pid) = waiting.pop() {
        seen += 1;
        if seen > 4096 {
            break;
        }
        if let Ok(text) = sys::read_text(Path::new(&format!("/proc/{pid}/status"))) {
            let field = |name: &str| {
                let line = text.lines().find_map(|line| line.strip_prefix(name))?;
                line.trim().trim_end_matches(" kB").parse::<u64>().ok()
            };
            total += (field("RssAnon:").unwrap_or(0) + field("RssShmem:").unwrap_or(0)) << 10;
        }
        if let Ok(children) = sys::read_text(Path::new(&format!("/proc/{pid}/task/{pid}/children")))
        {
            waiting.extend(children.split_whitespace().filter_map(|pid| pid.parse::<i32>().ok()));
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "30 20 0:25 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
        31 20 0:26 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n\
        32 20 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n";

    #[test]
    fn version_one_is_found_by_controller() {
        let own = "4:memory:/a/b\n3:pids:/\n2:cpu,cpuacct:/c\n0::/\n";
        let groups = Groups::from_texts(own, MOUNTS, &|_| true);
        assert_eq!(groups.memory.as_deref(), Some(Path::new("/sys/fs/cgroup/memory/a/b")));
        assert_eq!(groups.pids.as_deref(), Some(Path::new("/sys/fs/cgroup/pids/")));
        assert_eq!(groups.cpu.as_deref(), Some(Path::new("/sys/fs/cgroup/cpu,cpuacct/c")));
        assert_eq!(groups.holding(), Holding { memory: true, pids: true, cpus: true });
        assert_eq!(Groups::from_texts(own, MOUNTS, &|_| false).holding(), Holding::default());
    }
}
