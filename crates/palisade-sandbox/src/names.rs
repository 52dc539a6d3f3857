//! The names of files that something on the host runs or obeys later.

/// The protected names with their reasons.
pub fn table() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("protected.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .map(|(name, why)| (name, why.trim()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_has_a_reason_and_stands_once() {
        let names: Vec<_> = table().collect();
        assert!(names.len() > 50);
        for (name, why) in &names {
            assert!(!why.is_empty(), "{name}");
            assert_eq!(name.to_ascii_lowercase(), *name, "names are compared in lower case");
        }
        let unique: HashSet<_> = names.iter().map(|(name, _)| name).collect();
        assert_eq!(unique.len(), names.len());
    }
}
