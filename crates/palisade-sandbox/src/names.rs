//! The names of files that something on the host runs or obeys later.

use palisade_core::OBEYED_LATER;

/// The protected names with their reasons.
pub fn table() -> impl Iterator<Item = (&'static str, &'static str)> {
    OBEYED_LATER.iter().map(|(name, _, why)| (*name, *why))
}
