//! Calls of tools: what a profile says of them and of their arguments.
//!
//! A profile's rules are data ([`ToolRule`]) with a condition ([`Expression`])
//! over the call's arguments ([`Value`]). The same engine serves the tools of
//! MCP servers, the tools of clients and programs that use this crate.
//!
//! **A condition has three answers.** Where an argument is missing, has
//! another type, or stands there under two spellings, the answer is not false
//! but *unknown*, and an unknown answer is a question to a person. So a rule
//! is not passed by sending `"9999"` for `9999`, or by leaving the argument
//! out: whoever wants a default says so, `default(cpus, 1) > 2`.

mod evaluate;
mod expression;
mod glob;
mod json;
mod policy;
mod value;

pub use evaluate::Answer;
pub use expression::{Expression, Flaw, Lists};
pub use glob::Glob;
pub use json::{DEEPEST, Unreadable};
pub use policy::{Call, Counts, Limit, Policy, Stance, Standing, ToolRule, Unknown, findings};
pub use value::{Number, Value};
