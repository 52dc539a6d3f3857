//! Calls of tools: facts, findings, decision.

use std::panic::{AssertUnwindSafe, catch_unwind};

use palisade_core::{Action, judge};
use palisade_guards::call::{Call, Standing, Unreadable, Value, findings};
use palisade_guards::taint;
use palisade_shell::Analysis;

use crate::keeper::Keeper;
use crate::pipeline::{Circumstances, Judged};
use crate::{Error, facts};

/// A call that a surface asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolRequest {
    /// The server that has the tool, where it is one of MCP.
    pub server: Option<String>,
    /// The tool, as the server or client names it.
    pub tool: String,
    /// Its arguments, read; or why they cannot be read.
    pub arguments: Result<Value, Unreadable>,
    /// The directory that the caller works in, absolute.
    pub cwd: String,
    /// How the tool stands before its arguments are looked at.
    pub standing: Standing,
}

impl ToolRequest {
    /// A call with its arguments as JSON text; no text is no arguments.
    pub fn of_json(
        server: Option<&str>,
        tool: &str,
        arguments: &str,
        cwd: &str,
        standing: Standing,
    ) -> Self {
        let arguments = match arguments.trim() {
            "" => Ok(Value::Map(Vec::new())),
            text => Value::from_json(text),
        };
        Self {
            server: server.map(str::to_owned),
            tool: tool.to_owned(),
            arguments,
            cwd: cwd.to_owned(),
            standing,
        }
    }

    /// `server/tool`, or `tool`.
    pub fn name(&self) -> String {
        match &self.server {
            Some(server) => format!("{server}/{}", self.tool),
            None => self.tool.clone(),
        }
    }
}

/// Judges a call by the profile's rules. With a `keeper`, the call is counted
/// for the rules that have a limit; without one, as it is for a question of
/// "what if", the counts of the session as it was read are looked at.
///
/// # Errors
/// Where the call must be counted and cannot be.
pub fn judge_tool(
    request: ToolRequest,
    at: &Circumstances<'_>,
    keeper: Option<&Keeper<'_>>,
) -> Result<Judged, Error> {
    let (name, policy) = (request.name(), &at.profile.calls);
    let arguments = request.arguments.as_ref().map_or_else(|_| String::new(), Value::to_json);
    let text = if arguments.is_empty() { name.clone() } else { format!("{name} {arguments}") };
    let call = Call {
        server: request.server.as_deref(),
        tool: &request.tool,
        arguments: request.arguments.as_ref(),
        text: &text,
        cwd: &request.cwd,
        standing: request.standing,
    };
    let keys = catch_unwind(AssertUnwindSafe(|| {
        policy.counted(&call).into_iter().map(|rule| rule.key()).collect::<Vec<_>>()
    }));
    let found = match (keys, keeper) {
        (Err(_), _) => None,
        (Ok(keys), Some(keeper)) => Some(keeper.count(&keys, at.now)?),
        (Ok(keys), None) => {
            let used = |key: String| {
                let used = at.session.counts.get(&key).map(|count| count.used(at.now));
                (key, used.unwrap_or_default())
            };
            Some(keys.into_iter().map(used).collect())
        }
    };
    // Whoever judges and fails has not allowed anything.
    let found = found.and_then(|counts| {
        catch_unwind(AssertUnwindSafe(|| {
            let mut found = findings(&call, policy, &counts);
            // What a client has built in goes by what it does, not by a call.
            if call.server.is_some() {
                found.extend(taint::of_call(&name, &text, &request.cwd, &at.exposure()));
            }
            found
        }))
        .ok()
    });
    let found = found.unwrap_or_else(|| vec![facts::failed(&text)]);
    let action = Action::Tool { name, arguments, cwd: request.cwd.clone() };
    let decision = judge(action, found, at.posture, at.grants, None, at.now);
    Ok(Judged { decision, analysis: Analysis::default(), text })
}
