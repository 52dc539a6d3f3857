//! Who asks, from the kernel where it tells.

use std::time::{SystemTime, UNIX_EPOCH};

use palisade_core::Actor;
use palisade_runtime::approvals::look;

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
        let Some(process) = look(pid) else { break };
        found.push((pid, process.name));
        pid = process.parent;
    }
    found
}
