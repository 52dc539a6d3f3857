//! What a sandbox would be, for a person to read.

use std::fmt::Write;

use crate::backend;
use crate::plan::Mount;
use crate::policy::{Limit, Network, Tty};
use crate::sandbox::Sandbox;
use crate::sys::Access;

/// The effective policy as a table, and the `bwrap` command with the same
/// mounts and namespaces.
pub fn explain(sandbox: &Sandbox) -> String {
    let (policy, plan) = (sandbox.policy(), sandbox.plan());
    let mut out = String::new();
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(out, "{name:<14}{value}");
    };
    row("workspace", &format!("{} (read and write)", policy.workspace.display()));
    let paths = |mounts: &[Mount], wanted: Access| -> Vec<String> {
        mounts
            .iter()
            .filter_map(|mount| match mount {
                Mount::Bind { path, access, device: false, .. }
                    if *access == wanted && *path != policy.workspace =>
                {
                    Some(path.display().to_string())
                }
                _ => None,
            })
            .collect()
    };
    let inside = |path: &String| std::path::Path::new(path).starts_with(&policy.workspace);
    let (kept, read): (Vec<String>, Vec<String>) =
        paths(&plan.mounts, Access::ReadOnly).into_iter().partition(inside);
    let write: Vec<String> =
        paths(&plan.mounts, Access::ReadWrite).into_iter().filter(|path| !inside(path)).collect();
    row("read only", &read.join(" "));
    row("write", if write.is_empty() { "nothing else" } else { "" });
    for path in &write {
        row("", path);
    }
    row(
        "protected",
        if kept.is_empty() { "nothing in the workspace that the host would run" } else { "" },
    );
    for path in &kept {
        row("", path);
    }
    let home = match &policy.own_home {
        Some(own) => format!("{} (shows {}, read and write)", policy.home.display(), own.display()),
        None => format!("{} (empty but for what is named above)", policy.home.display()),
    };
    row("home", &home);
    row("temporary", &format!("/tmp, /dev/shm: private, {} MiB each", policy.limits.scratch >> 20));
    row(
        "network",
        match policy.network {
            Network::None => "none (a loopback of its own)",
            Network::Host => "the host's, all of it",
            Network::Proxy => "only through Palisade's proxy",
        },
    );
    let limit = |limit: Option<Limit>, unit: &dyn Fn(u64) -> String| match limit {
        None => "no limit".to_string(),
        Some(Limit { value, required }) => {
            format!("{}{}", unit(value), if required { " (required)" } else { "" })
        }
    };
    row("memory", &limit(policy.limits.memory, &|value| format!("{} MiB", value >> 20)));
    row("processes", &limit(policy.limits.pids, &|value| value.to_string()));
    row("processors", &limit(policy.limits.cpus, &|value| format!("{:.2}", value as f64 / 1000.0)));
    row(
        "time",
        &policy.limits.wall.map_or("no limit".into(), |wall| format!("{} s", wall.div_ceil(1000))),
    );
    row(
        "output",
        &policy.limits.output.map_or("no limit".into(), |bytes| format!("{} KiB", bytes >> 10)),
    );
    row(
        "terminal",
        if policy.tty == Tty::Shared { "the caller's, without typing into it" } else { "none" },
    );
    let names: Vec<_> = policy.environment.iter().map(|(name, _)| name.to_string_lossy()).collect();
    row("variables", &names.join(" "));
    row(
        "system calls",
        "no namespaces, mounts, tracing, keys, kernel programs, unix sockets; see the manual",
    );

    let _ = writeln!(
        out,
        "\nThe same mounts and namespaces with bubblewrap, without the filter, Landlock, limits,\nand the check afterwards:\n"
    );
    let mut number = 10;
    let mut files = String::new();
    let words = backend::arguments(plan, &mut |bytes| {
        number += 1;
        let text = String::from_utf8_lossy(bytes);
        let plain = text.len() <= 200
            && !text.contains(|letter: char| letter.is_control() && letter != '\n');
        let source = if plain {
            format!("printf %s {}", quote(&text))
        } else {
            // Longer or binary: given by its size, to be put there by hand.
            format!("cat FILE-OF-{}-BYTES", bytes.len())
        };
        let _ = write!(files, " {number}< <({source})");
        Ok(number.to_string())
    })
    .unwrap_or_default();
    let words: Vec<String> = words.iter().map(|word| quote(&word.to_string_lossy())).collect();
    let _ = writeln!(out, "bwrap {} -- COMMAND{files}", words.join(" "));
    out
}

/// A word as a shell reads it back.
fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_survive_a_shell() {
        assert_eq!(super::quote("a/b"), "a/b");
        assert_eq!(super::quote("a'b c"), "'a'\\''b c'");
        assert_eq!(super::quote(""), "''");
    }
}
