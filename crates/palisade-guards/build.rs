//! Turns the rules in `rules/` into static tables.
fn main() {}
