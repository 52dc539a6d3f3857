//! Which session a call belongs to, where it works, and who asks.

use std::env;

use palisade_core::{Actor, Grant, Surface};
use palisade_runtime::approvals::look;
use palisade_runtime::calls::{Calls, hex};
use palisade_runtime::{Circumstances, Keeper, Session, SessionId};
use palisade_wire::Call;
use sha2::{Digest, Sha256};

use super::Hook;
use crate::actor;
use crate::show::Failure;
use crate::wire_up::{Disk, House};

/// Everything that is opened for one call.
pub(super) struct Opened {
    pub(super) house: House,
    pub(super) id: SessionId,
    pub(super) calls: Calls,
    pub(super) actor: Actor,
    /// Where the agent works now, absolute.
    pub(super) cwd: String,
    /// The name of the call, the same before and after it.
    pub(super) name: String,
    /// A digest of all that the call says.
    pub(super) digest: String,
    pub(super) memory: Session,
    pub(super) grants: Vec<Grant>,
}

impl Opened {
    pub(super) fn of(hook: &Hook, mut house: House, call: &Call) -> Result<Self, Failure> {
        house.prepare()?;
        let mut actor = actor::here(None);
        let id = id(hook.client.name, call, &actor)?;
        let calls = Calls::of(&house.profile, &id);
        let here = house.places.cwd.clone();
        if house.profile.config.workspace.is_none() {
            // What an agent says of a call must not widen it.
            let first = env::var("CLAUDE_PROJECT_DIR").ok().filter(|path| path.starts_with('/'));
            let workspace = calls.workspace(first.as_deref().unwrap_or(&here))?;
            house.places.workspace.clone_from(&workspace);
            house.profile.config.workspace = Some(workspace);
        }
        actor.client = Some(hook.client.name.to_owned());
        actor.subagent.clone_from(&call.subagent);
        actor.session = Some(id.as_str().to_owned());
        let keeper = Keeper::new(&house.profile, Some(id.clone()), &Disk);
        let memory = keeper.session()?;
        let grants = house.grants(&memory);
        let cwd = call.cwd.clone().unwrap_or(here);
        let arguments = call.arguments.line();
        let mut all = Sha256::new();
        let subagent = call.subagent.clone().unwrap_or_default();
        for part in [&call.tool, &arguments, &cwd, &subagent] {
            all.update((part.len() as u64).to_le_bytes());
            all.update(part.as_bytes());
        }
        let same = hex(&all.clone().finalize());
        // Without a name of its own, a call is told from one like it by its
        // moment, as far as the client tells that.
        all.update(call.stamp.as_deref().filter(|_| call.id.is_none()).unwrap_or(""));
        let digest = hex(&all.finalize());
        // Two agents of one session may name their calls alike.
        let name = call.id.as_ref().map_or(same, |id| format!("{subagent} {id}"));
        Ok(Self { house, id, calls, actor, cwd, name, digest, memory, grants })
    }

    /// Who remembers.
    pub(super) fn keeper(&self) -> Keeper<'_> {
        Keeper::new(&self.house.profile, Some(self.id.clone()), &Disk)
    }

    /// The circumstances now.
    pub(super) fn circumstances(&self, surface: Surface, confined: bool) -> Circumstances<'_> {
        let mut at = self.house.circumstances(surface, &self.grants, &self.memory);
        // In a sandbox of ours, what the agent runs is confined by it already.
        #[cfg(target_os = "linux")]
        let confined = confined || palisade_sandbox::is_inside();
        at.posture.confined = confined;
        at
    }
}

/// The client's session, in letters that can name a file. Where the client
/// names none, it is the client's own process.
fn id(client: &str, call: &Call, actor: &Actor) -> Result<SessionId, Failure> {
    const LONGEST: usize = 64;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let text = match &call.session {
        Some(text) if text.len() <= LONGEST && text.bytes().all(plain) => text.clone(),
        // Too long to be one that stands as it is.
        Some(text) => format!("h{}", hex(&Sha256::digest(text))),
        None => process(actor),
    };
    Ok(SessionId::parse(&format!("{client}-{text}"))?)
}

/// The first process above this one that is no shell: its number, and when it
/// began, so that a number that is used again is another session.
fn process(actor: &Actor) -> String {
    const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "fish", "env", "busybox"];
    let above = actor.processes.iter().skip(1);
    let client = above.into_iter().find(|(_, name)| !SHELLS.contains(&name.as_str()));
    let Some((pid, _)) = client else { return "unnamed".to_owned() };
    let begun = look(*pid).map_or(0, |process| process.start);
    format!("p{pid}-{begun}")
}
