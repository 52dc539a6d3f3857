//! Calls of tools judged as the specs describe them.

use palisade_core::{Action, Decision, judge};
use palisade_guards::call::{
    Call, Counts, Expression, Glob, Limit, Lists, Policy, Stance, Standing, ToolRule, Unknown,
    Value, findings,
};

use crate::judged::Setting;

/// The profile of `specs/tools.md`.
fn policy() -> Policy {
    let lists = Lists::from([("protected".to_owned(), vec!["i-prod".into(), "i-db".into()])]);
    let rule = |tool: &str, when: &str, stance, per_session| ToolRule {
        tool: Glob::new(tool),
        // A condition that is not read would spoil every example below it.
        when: Expression::parse(when, &lists).ok(),
        stance,
        why: String::new(),
        instead: String::new(),
        limit: (per_session > 0)
            .then(|| Limit { per_session: Some(per_session), ..Limit::default() }),
    };
    Policy {
        rules: vec![
            rule("docker_run", "cpus > 2 or memory_mb > 4096", Stance::Deny, 0),
            rule("docker_run", "", Stance::Allow, 0),
            rule("delete_instance", "args.instanceId in protected", Stance::Deny, 0),
            rule("delete_instance", "", Stance::Allow, 0),
            rule("deploy", "env != \"staging\"", Stance::Ask, 0),
            rule("deploy", "", Stance::Allow, 0),
            rule("send_mail", "", Stance::Deny, 2),
            rule("send_*", "", Stance::Allow, 0),
        ],
        deny: vec![Glob::new("drop_database"), Glob::new("legacy/*")],
        unknown: Unknown::Ask,
    }
}

/// The decision on a call: `[known|destructive|changed] [server/]tool {..}`.
pub fn judged(text: &str, setting: &Setting) -> Decision {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let standing = match first {
        "known" => Standing::Known,
        "destructive" => Standing::Destructive,
        "changed" => Standing::Changed,
        _ => Standing::Unknown,
    };
    let text = if standing == Standing::Unknown { text } else { rest };
    let (name, arguments) = text.split_once(' ').unwrap_or((text, "{}"));
    let (server, tool) = match name.split_once('/') {
        Some((server, tool)) => (Some(server), tool),
        None => (None, name),
    };
    let read = Value::from_json(arguments);
    let call = Call { server, tool, arguments: read.as_ref(), text, cwd: &setting.cwd, standing };
    let used = Limit { per_session: Some(2), ..Limit::default() };
    let policy = policy();
    let counts: Counts = policy.rules.iter().map(|rule| (rule.key(), used)).collect();
    let action = Action::Tool {
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        cwd: setting.cwd.clone(),
    };
    judge(action, findings(&call, &policy, &counts), setting.posture, &[], None, 0)
}
