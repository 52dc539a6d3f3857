//! Which variables may be set: those that carry no code.

use palisade_shell::{Effect, EffectKind, Text};

use super::report::{Report, Scene};
use super::{Guard, Look};
use crate::path::below;
use crate::rules::{self, Rule};

pub(super) static GUARD: Guard = Guard {
    name: "environment",
    manual: "Asks where a variable would make programs run other code: search paths that begin where anybody may write, \
             preloaded libraries, startup files, options with code in them. A variable that names a command \
             (`PAGER`, `GIT_SSH_COMMAND`) is judged by that command. Palisade's own variables are refused.",
    gaps: "Variables of programs that are not in the table.",
    look: Look::Effects(look),
};

fn look(effect: &Effect, scene: &Scene<'_>, report: &mut Report<'_>) {
    let EffectKind::Environment { name, value } = &effect.kind else { return };
    let Some(name) = name.literal() else { return };
    if let Some(rule) = rule(name, value, scene) {
        let mut detail = Text::from(name);
        detail.push("=");
        detail.push(&value.to_string());
        report.raise_at(rule, effect, "sets", &detail);
    }
}

fn rule(name: &str, value: &Text, scene: &Scene<'_>) -> Option<&'static Rule> {
    if name.starts_with("PALISADE_") {
        return Some(&rules::GOVERNOR_ENVIRONMENT);
    }
    if value.is_empty() {
        return None;
    }
    if name == "LD_LIBRARY_PATH" && of_build(value, scene) {
        return None;
    }
    // Another directory than a `.git` of the project: its settings name programs.
    if name == "GIT_DIR" {
        return value
            .literal()
            .is_none_or(|place| !place.trim_end_matches('/').ends_with(".git"))
            .then_some(&rules::ENVIRONMENT_CODE);
    }
    if LOADER.contains(&name) || name.starts_with("DYLD_") {
        return Some(&rules::ENVIRONMENT_LOADER);
    }
    if CODE.contains(&name) {
        return Some(&rules::ENVIRONMENT_CODE);
    }
    if let Some((_, words)) = OPTIONS.iter().find(|(known, _)| *known == name) {
        let text = value.to_string();
        return words.iter().any(|word| text.contains(word)).then_some(&rules::ENVIRONMENT_CODE);
    }
    if name == "PATH" {
        return risky_path(value, scene).then_some(&rules::ENVIRONMENT_PATH);
    }
    None
}

const LOADER: &[&str] = &["LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "GCONV_PATH", "LD_CONFIG"];

const CODE: &[&str] = &[
    "BASH_ENV",
    "ENV",
    "ZDOTDIR",
    "PYTHONSTARTUP",
    "PYTHONHOME",
    "PERL5OPT",
    "PERL5DB",
    "RUBYOPT",
    "PYTHONBREAKPOINT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_EXEC_PATH",
    "GIT_TEMPLATE_DIR",
    "LUA_INIT",
    "PROMPT_COMMAND",
    "BASH_FUNC",
    "BASH_CMDS",
    "BASH_ALIASES",
    "MAKEFILES",
    "PYTEST_PLUGINS",
    "WGETRC",
    "CURL_HOME",
    "TERMINFO",
    "INPUTRC",
    "VIMINIT",
    "EXINIT",
    "GIMP3_PLUGINDIR",
    "R_PROFILE_USER",
    "NODE_REPL_EXTERNAL_MODULE",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "OPENSSL_CONF",
    "OPENSSL_MODULES",
];

/// Options of `rustc` by which a program or a library is run.
const RUSTC: &[&str] = &[
    "linker=/tmp",
    "linker=/var/tmp",
    "linker=.",
    "linker=/dev/shm",
    "-Zcodegen-backend",
    "-Z codegen-backend",
    "runtool",
];

/// Variables that hold options, and the options that carry code.
const OPTIONS: &[(&str, &[&str])] = &[
    (
        "NODE_OPTIONS",
        &["-r", "--require", "--import", "--loader", "--experimental-loader", "--eval"],
    ),
    (
        "JAVA_TOOL_OPTIONS",
        &["-javaagent", "-agentpath", "-agentlib", "-Xrun", "OnError", "OnOutOfMemory"],
    ),
    (
        "_JAVA_OPTIONS",
        &["-javaagent", "-agentpath", "-agentlib", "-Xrun", "OnError", "OnOutOfMemory"],
    ),
    (
        "JDK_JAVA_OPTIONS",
        &["-javaagent", "-agentpath", "-agentlib", "-Xrun", "OnError", "OnOutOfMemory"],
    ),
    ("GOFLAGS", &["-toolexec", "-exec"]),
    ("MAKEFLAGS", &["--eval", "SHELL=", "-f", "-I", "-C"]),
    ("GNUMAKEFLAGS", &["--eval", "SHELL=", "-f", "-I", "-C"]),
    ("RUSTFLAGS", RUSTC),
    ("CARGO_ENCODED_RUSTFLAGS", RUSTC),
    ("RUSTDOCFLAGS", RUSTC),
    (
        "npm_config_node_options",
        &["-r", "--require", "--import", "--loader", "--experimental-loader", "--eval"],
    ),
    (
        "NPM_CONFIG_NODE_OPTIONS",
        &["-r", "--require", "--import", "--loader", "--experimental-loader", "--eval"],
    ),
    ("LESS", &["+!", "+|", "+v", "--lesskey", "-k"]),
    (
        "TAR_OPTIONS",
        &[
            "checkpoint-action",
            "to-command",
            "compress-program",
            "-I",
            "rsh-command",
            "info-script",
        ],
    ),
];

/// Whether every entry is a directory that the project's own builds fill: the
/// libraries there belong to the programs beside them.
fn of_build(value: &Text, scene: &Scene<'_>) -> bool {
    const BUILT: &[&str] =
        &["target/debug", "target/release", "target/debug/deps", "target/release/deps"];
    value.literal().is_some_and(|places| {
        places.split(':').all(|entry| {
            let entry = if entry.starts_with('/') {
                below(&scene.places.workspace, entry).map(|rest| rest.trim_start_matches('/'))
            } else {
                Some(entry.trim_start_matches("./"))
            };
            entry.is_some_and(|entry| BUILT.contains(&entry.trim_end_matches('/')))
        })
    })
}

/// Whether the search path begins with a directory that anybody may fill.
fn risky_path(value: &Text, scene: &Scene<'_>) -> bool {
    const BINARIES: &[&str] = &[
        "node_modules/.bin",
        "venv/bin",
        ".venv/bin",
        "env/bin",
        "bin",
        "vendor/bin",
        "target/debug",
        "target/release",
    ];
    let known = value.known_prefix();
    let whole = value.literal().is_some();
    let mut entries: Vec<&str> = known.split(':').collect();
    if !whole {
        // The last one goes on into what is not known.
        entries.pop();
    }
    entries.iter().any(|entry| {
        if !entry.starts_with('/') {
            return !entry.starts_with('~') && !BINARIES.contains(&entry.trim_start_matches("./"));
        }
        if ["/tmp", "/var/tmp", "/dev/shm", "/private/tmp"]
            .iter()
            .any(|name| below(name, entry).is_some())
        {
            return true;
        }
        below(&scene.places.workspace, entry)
            .is_some_and(|rest| !BINARIES.iter().any(|place| rest.ends_with(place)))
    })
}
