//! A tool of a product, twice guarded: by the profile's rules over its
//! arguments, and by a check that only the tool itself can make.
//!
//! ```text
//! cargo run -p palisade-runtime --example ownership
//! ```

use std::collections::BTreeMap;

use palisade_guards::call::{
    Call, Counts, Expression, Glob, Lists, Policy, Stance, Standing, ToolRule, Value, findings,
};

/// What the product knows of its instances. Nothing that a model says changes
/// who asks: that comes from the session.
struct Cloud {
    owners: BTreeMap<&'static str, &'static str>,
}

impl Cloud {
    /// Deletes an instance of `user`.
    fn delete(&mut self, user: &str, instance: &str) -> Result<(), String> {
        match self.owners.get(instance) {
            None => Err("there is no such instance".into()),
            // The same answer for what is not there and what is another's
            // would tell less; this one is for reading.
            Some(owner) if *owner != user => Err("this is not your instance".into()),
            Some(_) => {
                self.owners.remove(instance);
                Ok(())
            }
        }
    }
}

/// The tool as an agent calls it: the rules first, then the tool's own check.
fn delete_instance(
    cloud: &mut Cloud,
    policy: &Policy,
    user: &str,
    arguments: &str,
) -> Result<String, String> {
    let read = Value::from_json(arguments);
    let call = Call {
        server: None,
        tool: "delete_instance",
        arguments: read.as_ref(),
        text: arguments,
        cwd: "/",
        standing: Standing::Known,
    };
    // Without somebody to ask, a question is a no.
    if let Some(finding) = findings(&call, policy, &Counts::new()).first() {
        return Err(format!("{}: {}", finding.rule, finding.why));
    }
    let arguments = read.map_err(|error| error.to_string())?;
    let instance =
        arguments.get("instanceId").and_then(Value::as_text).ok_or("`instanceId` is no text")?;
    cloud.delete(user, instance)?;
    Ok(format!("deleted {instance}"))
}

fn main() {
    let lists = Lists::from([("protected".to_owned(), vec![Value::from("i-prod")])]);
    let when = Expression::parse("args.instanceId in protected", &lists);
    let policy = Policy {
        rules: vec![ToolRule {
            tool: Glob::new("delete_instance"),
            when: when.ok(),
            stance: Stance::Deny,
            why: "production is deleted by people".to_owned(),
            instead: String::new(),
            limit: None,
        }],
        ..Policy::default()
    };
    let mut cloud =
        Cloud { owners: BTreeMap::from([("i-1", "ann"), ("i-2", "bob"), ("i-prod", "ann")]) };
    for arguments in [
        r#"{"instanceId":"i-1"}"#,
        r#"{"instanceId":"i-2"}"#,
        r#"{"instanceId":"i-prod"}"#,
        r#"{"instanceId":"I-PROD"}"#,
        r#"{"instanceId":"i-2","instanceId":"i-1"}"#,
    ] {
        let done = delete_instance(&mut cloud, &policy, "ann", arguments);
        println!("{arguments}\n  {}", done.unwrap_or_else(|why| format!("refused: {why}")));
    }
}
