//! The files that are made on first use.

/// A profile's `config.yaml`, every key at its default.
pub const FIRST_PROFILE: &str = include_str!("profile.yaml");

/// The machine-wide `config.yaml`.
pub const FIRST_MACHINE: &str = include_str!("machine.yaml");

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Config, calls, parse};

    /// The text with the `#` before its keys and list entries taken out.
    fn uncommented(text: &str) -> String {
        let key = |line: &str| {
            let bare = line.trim_start();
            let name = bare.split(':').next().unwrap_or_default();
            let named = bare.contains(':') && !name.is_empty();
            (named
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'))
                || bare.starts_with("- {")
        };
        let lines = text.lines().map(|line| match line.split_once("# ") {
            Some((indent, rest)) if indent.trim().is_empty() && key(rest) => {
                format!("{indent}{rest}\n")
            }
            _ => format!("{line}\n"),
        });
        lines.collect()
    }

    #[test]
    fn what_is_made_says_the_defaults() {
        let config: Config = parse(Path::new("profile.yaml"), FIRST_PROFILE).unwrap();
        assert_eq!(config, Config::default());
    }

    #[test]
    fn every_key_is_right_once_its_comment_is_taken_off() {
        let text = uncommented(FIRST_PROFILE);
        let config: Config = parse(Path::new("profile.yaml"), &text)
            .unwrap_or_else(|fault| panic!("{fault}\n{text}"));
        assert!(config.workspace.is_some() && config.mcp.servers.contains_key("files"), "{text}");
        assert_eq!(config.tools.rules.len(), 2, "{text}");
        calls(Path::new("profile.yaml"), &text, &config.tools).unwrap();
    }
}
