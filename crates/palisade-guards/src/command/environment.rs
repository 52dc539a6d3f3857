//! Which variables may be set: those that carry no code.

use palisade_shell::{Effect, EffectKind, Text};

use super::report::{Report, Scene};
use super::{Guard, Look};
use crate::path::below;
use crate::rules::{self, Rule};

pub(super) static GUARD: Guard = Guard {
    name: "environment",
    manual: "Asks where a variable would make programs run other code: search paths that begin where anybody may write, \
             preloaded libraries, startup files, options with code in them, and commands that other programs call. \
             Usual values (`PAGER=cat`, `EDITOR=vim`, `NODE_OPTIONS=--max-old-space-size=..`) pass. Palisade's own \
             variables are refused.",
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
    if COMMANDS.contains(&name) {
        return (!usual(value)).then_some(&rules::ENVIRONMENT_COMMAND);
    }
    if name == "PATH" {
        return risky_path(value, scene).then_some(&rules::ENVIRONMENT_PATH);
    }
    None
}

const LOADER: &[&str] = &["LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "GCONV_PATH", "LD_CONFIG"];

const CODE: &[&str] = &[
    "BASH_ENV", "ENV", "ZDOTDIR", "PYTHONSTARTUP", "PYTHONHOME", "PERL5OPT", "PERL5DB", "RUBYOPT", "PYTHONBREAKPOINT",
    "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_EXEC_PATH", "GIT_TEMPLATE_DIR", "LUA_INIT", "PROMPT_COMMAND", "BASH_FUNC",
    "TERMINFO", "INPUTRC", "VIMINIT", "EXINIT", "GIMP3_PLUGINDIR", "R_PROFILE_USER", "NODE_REPL_EXTERNAL_MODULE",
    "PHPRC", "PHP_INI_SCAN_DIR", "OPENSSL_CONF", "OPENSSL_MODULES",
];

/// Variables that hold options, and the options that carry code.
const OPTIONS: &[(&str, &[&str])] = &[
    ("NODE_OPTIONS", &["-r", "--require", "--import", "--loader", "--experimental-loader", "--eval"]),
    ("JAVA_TOOL_OPTIONS", &["-javaagent", "-agentpath", "-agentlib", "-Xrun", "OnError", "OnOutOfMemory"]),
    ("_JAVA_OPTIONS", &["-javaagent", "-agentpath", "-agentlib", "-Xrun", "OnError", "OnOutOfMemory"]),
    ("JDK_JAVA_OPTIONS", &["-javaagent", "-agentpath", "-agentlib", "-Xrun", "OnError", "OnOutOfMemory"]),
    ("GOFLAGS", &["-toolexec", "-exec"]),
    ("MAKEFLAGS", &["--eval", "SHELL=", "-f"]),
    ("TAR_OPTIONS", &["checkpoint-action", "to-command", "compress-program", "-I", "rsh-command", "info-script"]),
];

/// Variables that name a command that other programs run.
const COMMANDS: &[&str] = &[
    "GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "SSH_ASKPASS", "SUDO_ASKPASS", "GIT_EXTERNAL_DIFF", "GIT_PROXY_COMMAND",
    "GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "GIT_PAGER", "EDITOR", "VISUAL", "FCEDIT", "PAGER", "MANPAGER", "BROWSER",
    "LESSOPEN", "LESSCLOSE", "SYSTEMD_PAGER", "SYSTEMD_EDITOR", "HGEDITOR", "SVN_EDITOR", "SVN_SSH", "HG", "CVS_RSH",
    "RSYNC_RSH", "RSYNC_CONNECT_PROG", "PSQL_EDITOR", "PSQL_PAGER", "SHELL", "RUSTC_WRAPPER", "RUSTC", "CARGO",
    "MANROFFOPT", "FZF_DEFAULT_COMMAND", "TERMCMD", "DELTA_PAGER", "BAT_PAGER", "AWS_PAGER", "GH_PAGER", "GH_BROWSER",
    "KUBE_EDITOR", "CRONTAB_EDITOR", "SUDO_EDITOR", "DIFFPROG", "MAILER", "XDG_UTILS_BROWSER",
];

/// Values that people give to those, and that do nothing by themselves.
fn usual(value: &Text) -> bool {
    const USUAL: &[&str] = &[
        "cat", "less", "more", "most", "bat", "vim", "vi", "nvim", "nano", "emacs", "ed", "true", ":", "false", "code",
        "code --wait", "subl -w", "micro", "helix", "hx", "delta", "less -R", "less -FRX", "less -RFX", "less -F", "less -X",
        "bat -p", "bat --paging=never", "col -b", "ssh", "/bin/true", "/bin/false", "/bin/cat", "sccache", "ccache", "/bin/bash",
        "/bin/zsh", "/bin/sh", "bash", "zsh", "sh", "/usr/bin/zsh", "/usr/bin/bash", "/usr/bin/vim", "/usr/bin/nano", "firefox",
        "chromium", "google-chrome", "none", "echo", "emacsclient", "kate", "gedit", "sensible-editor", "notepad",
        "/usr/bin/fish", "w3m", "lynx", "rustc", "cargo",
    ];
    value.literal().is_some_and(|text| USUAL.contains(&text))
}

/// Whether the search path begins with a directory that anybody may fill.
fn risky_path(value: &Text, scene: &Scene<'_>) -> bool {
    const BINARIES: &[&str] = &[
        "node_modules/.bin", "venv/bin", ".venv/bin", "env/bin", "bin", "vendor/bin", "target/debug", "target/release",
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
        if ["/tmp", "/var/tmp", "/dev/shm", "/private/tmp"].iter().any(|name| below(name, entry).is_some()) {
            return true;
        }
        below(&scene.places.workspace, entry).is_some_and(|rest| !BINARIES.iter().any(|place| rest.ends_with(place)))
    })
}
