//! Which clients put a question of ours to a person who sits before them.

use std::env;

use nix::unistd::getppid;
use palisade_runtime::approvals::look;
use palisade_wire::{Call, Client};

/// Whether the client puts a question of ours to a person who sits before it.
pub(super) fn asks(client: &Client, call: &Call) -> bool {
    if client.ask("").is_none() {
        return false;
    }
    match client.name {
        // Elsewhere than in its terminal, Claude Code was seen to run what it
        // was told to ask about.
        "claude" => is_claudes_terminal() && asks_in(call.mode.as_deref()) && is_below_a_terminal(),
        _ => call.attended,
    }
}

/// Whether Claude Code asks in that mode what a hook has it ask. In other modes
/// than its default one that was seen from this version on, also where its
/// user's rules allow the tool.
fn asks_in(mode: Option<&str>) -> bool {
    const SEEN: [u32; 3] = [2, 1, 330];
    match mode {
        Some("default") => true,
        Some("acceptEdits" | "plan" | "dontAsk" | "bypassPermissions") => {
            let said = env::var("AI_AGENT").unwrap_or_default();
            claudes_version(&said).is_some_and(|version| version >= SEEN)
        }
        _ => false,
    }
}

/// The version in what Claude Code calls itself: `claude-code_2-1-330_harness`.
fn claudes_version(said: &str) -> Option<[u32; 3]> {
    let version = said.strip_prefix("claude-code_")?.split('_').next()?;
    let numbers: Option<Vec<u32>> = version.split('-').map(|number| number.parse().ok()).collect();
    numbers?.try_into().ok()
}

/// Whether the client has a terminal. Claude Code starts its hooks in a session
/// of their own, without it (seen with 2.1.330), so the processes above count.
fn is_below_a_terminal() -> bool {
    const FAR: usize = 4;
    let mut above = u32::try_from(getppid().as_raw()).ok().and_then(look);
    for _ in 0..FAR {
        let Some(process) = above else { break };
        if process.terminal != 0 {
            return true;
        }
        above = look(process.parent);
    }
    // Where the system tells nothing of processes.
    std::fs::File::open("/dev/tty").is_ok()
}

/// Whether Claude Code says that it runs in a terminal.
pub(super) fn is_claudes_terminal() -> bool {
    env::var("CLAUDE_CODE_ENTRYPOINT").is_ok_and(|entry| entry == "cli")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_or_none() {
        assert_eq!(claudes_version("claude-code_2-1-330_harness"), Some([2, 1, 330]));
        assert_eq!(claudes_version("claude-code_2-1-330"), Some([2, 1, 330]));
        for said in ["", "claude-code", "claude-code_2-1", "claude-code_2-1-x_y", "other_2-1-330"] {
            assert_eq!(claudes_version(said), None, "{said}");
        }
        assert!(asks_in(Some("default")) && !asks_in(Some("auto")) && !asks_in(None));
    }
}
