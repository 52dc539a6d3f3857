//! The agent clients whose hooks are understood, one file each.

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

use crate::client::Client;

/// All of them.
pub static CLIENTS: &[&Client] = &[
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
pub fn client(name: &str) -> Option<&'static Client> {
    CLIENTS.iter().copied().find(|client| client.name == name)
}
