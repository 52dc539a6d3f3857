//! Who asks, from the kernel where it tells.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use palisade_core::Actor;

/// How far up the chain of parents is looked.
const FARTHEST: usize = 16;

/// This process and those above it.
pub fn here(session: Option<&str>) -> Actor {
    Actor {
        uid: Some(nix::unistd::getuid().as_raw()),
        processes: processes(),
        session: session.map(str::to_owned),
        ..Actor::default()
    }
}

/// Milliseconds since 1970.
pub fn millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.ok().and_then(|since| since.as_millis().try_into().ok()).unwrap_or(0)
}

fn processes() -> Vec<(u32, String)> {
    let mut found = Vec::new();
    let mut pid = std::process::id();
    while pid > 0 && found.len() < FARTHEST {
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { break };
        // `pid (name) state parent ..`, where the name may hold anything.
        let Some((head, tail)) = stat.rsplit_once(") ") else { break };
        let name = head.split_once('(').map_or("", |(_, name)| name);
        found.push((pid, name.to_owned()));
        pid = tail.split(' ').nth(1).and_then(|parent| parent.parse().ok()).unwrap_or(0);
    }
    found
}
