//! After a tool was used: its end recorded, its output cleaned of secrets and,
//! where it comes from outside, put into an envelope.

use std::hash::{BuildHasher, Hasher, RandomState};

use palisade_core::Surface;
use palisade_core::ports::{Journal, Outcome};
use palisade_guards::content::scan::Kind;
use palisade_guards::content::{clean, enclose};
use palisade_runtime::{Keeper, SessionId};
use palisade_wire::{Call, Json, Use};

use super::session::Opened;
use super::{Hook, Said, before, uses};
use crate::actor;
use crate::show::Failure;
use crate::wire_up::Disk;

/// So much of the output stands in the journal, in characters.
const EXCERPT: usize = 400;

/// Records the end of a call and says what the model gets in place of its
/// output, if anything.
pub(super) fn answer(
    hook: &Hook,
    opened: &Opened,
    call: &Call,
    output: Option<Json>,
) -> Result<Said, Failure> {
    let mut held = opened.calls.hold(&opened.name)?;
    let admission = held.ended()?;
    let redactor = opened.house.profile.redactor()?;
    let mut output = output.unwrap_or_default();
    let (mut bytes, mut changed, mut excerpt) = (0, false, String::new());
    hook.client.texts(&mut output, &mut |own, text| {
        bytes += if own { text.len() as u64 } else { 0 };
        if let std::borrow::Cow::Owned(clean) = redactor.redact(text) {
            *text = clean;
            changed = true;
        }
        if own {
            let room = EXCERPT.saturating_sub(excerpt.chars().count());
            excerpt.extend(text.chars().take(room));
        }
    });
    if let Some(admission) = admission.as_ref().filter(|known| !known.intents.is_empty()) {
        let millis = actor::millis().saturating_sub(admission.at);
        let outcome = Outcome { millis, bytes: Some(bytes), excerpt, ..Outcome::default() };
        let mut journal = opened.house.journal()?;
        for intent in &admission.intents {
            let written = journal.outcome(*intent, &outcome);
            written.map_err(palisade_runtime::Error::Journal)?;
        }
        journal.close().map_err(super::before::unsigned)?;
    }
    drop(held);
    if call.uses.contains(&Use::Subagent) {
        other_session(hook, opened, &mut output)?;
    }
    let origins = match admission {
        Some(admission) => admission.origins,
        // Nothing was told before it, or it was told of already.
        None => {
            let at = opened.circumstances(Surface::Unattended, false);
            let parts = uses::judged(hook.client, call, opened, &at, None)?;
            for part in &parts {
                opened.keeper().saw(&part.shows)?;
            }
            before::origins(&parts)
        }
    };
    if !origins.is_empty() {
        changed |= enveloped(hook, call, &mut output, &origins);
    }
    if !changed {
        return Ok(Said::Nothing);
    }
    Ok(match hook.client.replace(output) {
        Some(line) => Said::Line(line),
        // This client shows what it has, whatever is said here.
        None => Said::Nothing,
    })
}

/// A subagent of OpenCode has a session of its own, which its result names:
/// what was read there is now told here.
fn other_session(hook: &Hook, opened: &Opened, output: &mut Json) -> Result<(), Failure> {
    if hook.client.name != "opencode" {
        return Ok(());
    }
    let mut named = None;
    hook.client.texts(output, &mut |own, text| {
        let id = text.split_once("<task id=\"").and_then(|(_, rest)| rest.split('"').next());
        if own && named.is_none() {
            named = id.map(|id| format!("opencode-{id}"));
        }
    });
    let Some(id) = named.and_then(|id| SessionId::parse(&id).ok()) else { return Ok(()) };
    let seen = Keeper::new(&opened.house.profile, Some(id), &Disk).session()?.taint;
    Ok(opened.keeper().saw(&seen)?)
}

/// Puts what the tool gave into an envelope that says whence it came.
fn enveloped(hook: &Hook, call: &Call, output: &mut Json, origins: &[String]) -> bool {
    let kind = match call.uses.first() {
        Some(Use::Shell { .. }) => ("output", Kind::Terminal),
        Some(Use::Fetch { .. }) => ("page", Kind::Text),
        Some(Use::File { .. } | Use::Notebook { .. }) => ("file", Kind::Code),
        _ => ("tool result", Kind::Text),
    };
    let origin = origins.join(" and ");
    let mut changed = false;
    hook.client.texts(output, &mut |own, text| {
        if own && !text.trim().is_empty() {
            *text = enclose(kind.0, &origin, lot(), text, kind.1).text;
            changed = true;
        } else if let std::borrow::Cow::Owned(plain) = clean(text, kind.1).text {
            // Addresses and names keep their form, but hide nothing.
            *text = plain;
            changed = true;
        }
    });
    changed
}

/// A number that nobody can guess: the keys of a hash table are drawn by lot.
fn lot() -> u64 {
    RandomState::new().build_hasher().finish()
}
