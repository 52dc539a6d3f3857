//! The files that are made on first use.

/// A profile's `config.yaml`, every key at its default.
pub const FIRST_PROFILE: &str = include_str!("profile.yaml");

/// The machine-wide `config.yaml`.
pub const FIRST_MACHINE: &str = include_str!("machine.yaml");
