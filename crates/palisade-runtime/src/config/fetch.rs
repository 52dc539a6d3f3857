//! `tools.fetch`: how far fetches reach, and what one may use.

use palisade_guards::network::{Reach, WrongEntry};
use serde::{Deserialize, Deserializer};

/// `tools.fetch`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fetch {
    /// Private origins that may be fetched, as `host:port`.
    #[serde(deserialize_with = "origins")]
    pub allow_private: Vec<String>,
    /// Where a proxy of this machine takes made-up answers for names from.
    #[serde(deserialize_with = "made_up")]
    pub fake_ip: Vec<String>,
    /// Prefixes of this network's translators from IPv6 to IPv4.
    #[serde(deserialize_with = "translators")]
    pub nat64: Vec<String>,
    /// What one fetch may use.
    pub limits: FetchLimits,
}

impl Fetch {
    /// How far fetches reach.
    pub fn reach(&self) -> Reach {
        let mut reach = Reach::default();
        // Each entry was tried when it was read; one that cannot be taken
        // together with the others opens nothing.
        for prefix in &self.nat64 {
            let _ = reach.nat64(prefix);
        }
        for prefix in &self.fake_ip {
            let _ = reach.fake_ip(prefix);
        }
        for origin in &self.allow_private {
            let _ = reach.open(origin);
        }
        reach
    }
}

/// `tools.fetch.limits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FetchLimits {
    /// KiB that a page may have, packed and unpacked.
    #[serde(deserialize_with = "size")]
    pub body_kb: u32,
    /// Seconds for all of it.
    #[serde(deserialize_with = "seconds")]
    pub time_s: u32,
    /// Seconds in which nothing comes.
    #[serde(deserialize_with = "seconds")]
    pub idle_s: u32,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self { body_kb: 10 * 1024, time_s: 30, idle_s: 10 }
    }
}

fn origins<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    tried(from, Reach::open)
}

fn made_up<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    tried(from, Reach::fake_ip)
}

fn translators<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    tried(from, Reach::nat64)
}

fn tried<'de, D: Deserializer<'de>>(
    from: D,
    take: fn(&mut Reach, &str) -> Result<(), WrongEntry>,
) -> Result<Vec<String>, D::Error> {
    let entries = Vec::<String>::deserialize(from)?;
    for entry in &entries {
        let taken = take(&mut Reach::default(), entry);
        taken.map_err(|wrong| serde::de::Error::custom(wrong.message))?;
    }
    Ok(entries)
}

fn size<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    within(from, 1_048_576, "expected a number of KiB from 1 to 1048576")
}

fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    within(from, 3600, "expected a number of seconds from 1 to 3600")
}

fn within<'de, D: Deserializer<'de>>(
    from: D,
    most: u32,
    expected: &'static str,
) -> Result<u32, D::Error> {
    match u32::deserialize(from)? {
        number if (1..=most).contains(&number) => Ok(number),
        _ => Err(serde::de::Error::custom(expected)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::{Config, parse};

    #[test]
    fn a_wrong_entry_stops_the_action() {
        let read = |text: &str| parse::<Config>(Path::new("config.yaml"), text);
        let config = read("tools:\n  fetch:\n    allow_private: ['localhost:3000']\n    fake_ip: [198.18.0.0/15]\n    nat64: ['2001:db8:64::/96']\n    limits: {time_s: 5}\n").unwrap();
        assert_eq!(config.tools.fetch.limits.time_s, 5);
        for wrong in [
            "allow_private: [localhost]",
            "allow_private: ['169.254.169.254:80']",
            "fake_ip: [10.0.0.0/8]",
            "nat64: [10.0.0.0/8]",
            "limits: {time_s: 0}",
            "allow_pirvate: []",
        ] {
            assert!(read(&format!("tools:\n  fetch:\n    {wrong}\n")).is_err(), "{wrong}");
        }
    }
}
