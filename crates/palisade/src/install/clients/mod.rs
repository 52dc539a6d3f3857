//! The clients, one file for each: its files, its entries, and what it cannot
//! enforce. Where a client was run, [`Client::seen`] names the version.

mod claude;
mod cline;
mod codex;
mod copilot;
mod cursor;
mod gemini;
mod goose;
mod opencode;
mod pi;
mod qwen;

use super::Client;

/// All of them, in the order in which they are shown.
pub static ALL: [&Client; 10] = [
    &claude::CLIENT,
    &codex::CLIENT,
    &gemini::CLIENT,
    &copilot::CLIENT,
    &opencode::CLIENT,
    &pi::CLIENT,
    &cline::CLIENT,
    &qwen::CLIENT,
    &cursor::CLIENT,
    &goose::CLIENT,
];

/// The client of that name.
pub fn named(name: &str) -> Option<&'static Client> {
    ALL.iter().copied().find(|client| client.name == name)
}

/// Their names.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|client| client.name).collect()
}
