//! The golden matrix: what a fixed list of actions gets in each posture.

use std::fmt::Write as _;

use crate::judged::{Setting, judged, posture};

/// Where it stands in the repository.
pub const PATH: &str = "crates/palisade-testkit/golden/matrix.txt";

const ACTIONS: &str = include_str!("../golden/actions.txt");

/// The postures, in the order of the columns.
const POSTURES: [&str; 3] = ["interactive", "unattended", "confined"];

/// The actions, one a line of `golden/actions.txt`.
pub fn actions() -> impl Iterator<Item = &'static str> {
    ACTIONS.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("## "))
}

/// Its text.
pub fn text() -> String {
    let mut out = String::from(
        "## What each action of actions.txt gets: interactive, unattended, confined; then the rules.\n\
         ## Made by `cargo run -p palisade-testkit --example manual`; review it as a difference.\n",
    );
    for action in actions() {
        let mut rules = Vec::new();
        for name in POSTURES {
            let setting =
                Setting { posture: posture(name).unwrap_or_default(), ..Setting::default() };
            let decision = judged(action, &setting);
            let _ = write!(out, "{:<6}", decision.verdict().word());
            rules = decision.rules();
        }
        let _ = writeln!(out, "{action}  [{}]", rules.join(" "));
    }
    out
}
