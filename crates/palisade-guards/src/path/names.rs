//! What a path is by its name: the tables of protected names.

use std::borrow::Cow;

use palisade_core::{Obeyed, obeyed, obeyed_within};
use palisade_shell::matches;

use super::home::HOME;

/// What a name says a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// An SSH private key, or the directory of them.
    SshKey,
    /// A private key or key store by its suffix.
    PrivateKey,
    /// Something that may hold a key or password.
    PossibleKey,
    /// Credentials of a cloud, cluster or registry.
    Cloud,
    /// Stored passwords or tokens.
    Token,
    /// A keyring, password store, wallet or browser's store.
    Keyring,
    /// Hashes, host keys and service secrets of the system.
    SystemSecret,
    /// The memory of a process or of the kernel.
    Memory,
    /// The environment of a process.
    Environment,
    /// A `.env` file.
    EnvFile,
    /// A history of commands.
    History,
    /// A file that a new shell runs.
    ShellStartup,
    /// Who may log in, and with which rights.
    Login,
    /// Libraries that every program loads.
    Preload,
    /// What starts by itself at login or boot.
    Service,
    /// What runs by the clock.
    Schedule,
    /// What a tool runs by itself in a project.
    Hook,
    /// Settings that make a tool run commands.
    ToolConfig,
    /// Settings of an agent: hooks, permissions, servers.
    AgentSettings,
    /// What Palisade keeps.
    Governor,
    /// Palisade's own program.
    GovernorProgram,
    /// A socket that controls containers.
    ContainerSocket,
    /// A program where it is found by its name alone.
    PathProgram,
    /// What a package manager has fetched, and builds from again.
    PackageCache,
}

impl Mark {
    /// Whether the content is for nobody to see.
    pub(crate) const fn is_secret(self) -> bool {
        match self {
            Self::SshKey
            | Self::PrivateKey
            | Self::PossibleKey
            | Self::Cloud
            | Self::Token
            | Self::Keyring
            | Self::SystemSecret
            | Self::Memory
            | Self::EnvFile
            | Self::History
            | Self::Governor => true,
            Self::Environment
            | Self::ShellStartup
            | Self::Login
            | Self::Preload
            | Self::Service
            | Self::Schedule
            | Self::Hook
            | Self::ToolConfig
            | Self::AgentSettings
            | Self::GovernorProgram
            | Self::ContainerSocket
            | Self::PathProgram
            | Self::PackageCache => false,
        }
    }
}

use Mark::{
    AgentSettings, Cloud, ContainerSocket, EnvFile, Environment, Governor, GovernorProgram, Hook,
    Keyring, Login, Memory, PathProgram, PossibleKey, Preload, PrivateKey, Schedule, Service,
    ShellStartup, SshKey, SystemSecret, Token, ToolConfig,
};

/// From the root. As in [`HOME`].
pub(super) const SYSTEM: &[(&str, Mark)] = &[
    ("/etc/shadow*", SystemSecret),
    ("/etc/gshadow*", SystemSecret),
    ("/etc/master.passwd", SystemSecret),
    ("/etc/security/opasswd", SystemSecret),
    ("/etc/ssl/private", SystemSecret),
    ("/etc/pki/tls/private", SystemSecret),
    ("/etc/letsencrypt/*privkey*", SystemSecret),
    ("/etc/letsencrypt/accounts", SystemSecret),
    ("/etc/ssh/ssh_host_*_key", SystemSecret),
    ("/etc/krb5.keytab", SystemSecret),
    ("/etc/wireguard", SystemSecret),
    ("/etc/ipsec.secrets", SystemSecret),
    ("/etc/ppp/*-secrets", SystemSecret),
    ("/etc/NetworkManager/system-connections", SystemSecret),
    ("/etc/openvpn/*.key", SystemSecret),
    ("/etc/kubernetes/*.conf", SystemSecret),
    ("/etc/kubernetes/pki/*.key", SystemSecret),
    ("/etc/rancher/*.yaml", SystemSecret),
    ("/etc/mysql/debian.cnf", SystemSecret),
    ("/etc/samba/*.tdb", SystemSecret),
    ("/var/lib/samba/private", SystemSecret),
    ("/var/lib/kubelet/*token*", SystemSecret),
    ("/var/lib/rancher/*token*", SystemSecret),
    ("/var/run/secrets", SystemSecret),
    ("/run/secrets", SystemSecret),
    ("/var/lib/sss/db", SystemSecret),
    ("/var/db/dslocal", SystemSecret),
    ("/System/Library/Keychains", SystemSecret),
    ("/Library/Keychains", SystemSecret),
    ("/var/backups/*shadow*", SystemSecret),
    ("/etc/sudoers*", Login),
    ("/etc/pam.d", Login),
    ("/etc/pam.conf", Login),
    ("/etc/ssh/sshd_config*", Login),
    ("/etc/passwd", Login),
    ("/etc/group", Login),
    ("/etc/polkit-1", Login),
    ("/etc/doas.conf", Login),
    ("/etc/hosts.equiv", Login),
    ("/etc/ld.so.preload", Preload),
    ("/etc/ld.so.conf*", Preload),
    ("/etc/cron*", Schedule),
    ("/etc/at.allow", Schedule),
    ("/var/spool/cron", Schedule),
    ("/var/spool/at", Schedule),
    ("/etc/anacrontab", Schedule),
    ("/etc/profile*", ShellStartup),
    ("/etc/bash*", ShellStartup),
    ("/etc/zsh*", ShellStartup),
    ("/etc/environment*", ShellStartup),
    ("/etc/skel", ShellStartup),
    ("/etc/systemd", Service),
    ("/usr/lib/systemd", Service),
    ("/lib/systemd", Service),
    ("/run/systemd", Service),
    ("/etc/init.d", Service),
    ("/etc/init", Service),
    ("/etc/rc.local", Service),
    ("/etc/rc?.d", Service),
    ("/etc/xdg/autostart", Service),
    ("/etc/udev/rules.d", Service),
    ("/etc/NetworkManager/dispatcher.d", Service),
    ("/etc/update-motd.d", Service),
    ("/etc/apt/apt.conf.d", Service),
    ("/Library/LaunchDaemons", Service),
    ("/Library/LaunchAgents", Service),
    ("/Library/StartupItems", Service),
    ("/var/run/docker.sock", ContainerSocket),
    ("/run/docker.sock", ContainerSocket),
    ("/run/podman/podman.sock", ContainerSocket),
    ("/var/run/podman/podman.sock", ContainerSocket),
    ("/run/containerd/containerd.sock", ContainerSocket),
    ("/var/run/containerd/containerd.sock", ContainerSocket),
    ("/run/crio/crio.sock", ContainerSocket),
    ("/var/run/crio/crio.sock", ContainerSocket),
    ("/proc/kcore", Memory),
    ("/proc/kmem", Memory),
    ("/proc/*/mem", Memory),
    ("/proc/*/environ", Environment),
    ("/dev/mem", Memory),
    ("/dev/kmem", Memory),
    ("/dev/port", Memory),
    ("/usr/local/bin/palisade", GovernorProgram),
    ("/usr/bin/palisade", GovernorProgram),
    ("/opt/homebrew/bin/palisade", GovernorProgram),
];

/// By the last component, or by the last ones with a slash in front, in any
/// directory. A name matches only itself here.
const ANYWHERE: &[(&str, Mark)] = &[
    (".netrc", Token),
    (".pgpass", Token),
    (".git-credentials", Token),
    (".pypirc", Token),
    (".vault-token", Token),
    (".htpasswd", PossibleKey),
    (".dockercfg", Cloud),
    ("credentials.json", PossibleKey),
    ("client_secret*.json", PossibleKey),
    ("service-account*.json", PossibleKey),
    ("service_account*.json", PossibleKey),
    ("secrets.yml", PossibleKey),
    ("secrets.yaml", PossibleKey),
    ("secrets.json", PossibleKey),
    ("secrets.toml", PossibleKey),
    ("kubeconfig", PossibleKey),
    ("wallet.dat", Keyring),
    (".mcp.json", AgentSettings),
    ("opencode.json", AgentSettings),
    ("opencode.jsonc", AgentSettings),
    (".envrc", Hook),
    ("*.code-workspace", Hook),
    ("*.sublime-project", Hook),
    (".gitconfig*", Hook),
    ("pyvenv.cfg", Hook),
    // Where the wrapper gets the program from that it runs.
    ("gradle-wrapper.properties", Hook),
    (".pnp.cjs", Hook),
    (".direnvrc", Hook),
    ("nuget.config", ToolConfig),
    ("NuGet.config", ToolConfig),
    ("NuGet.Config", ToolConfig),
    ("sitecustomize.py", Hook),
    ("usercustomize.py", Hook),
    ("authorized_keys", Login),
    ("authorized_keys2", Login),
];

/// Parts of a path that say what it is, wherever they stand. The mark is for
/// what is below.
const WITHIN: &[(&str, Mark)] = &[
    ("/.git/hooks/", Hook),
    ("/.husky/", Hook),
    ("/.githooks/", Hook),
    ("/.palisade/", Governor),
    ("/.claude/settings", AgentSettings),
    ("/.claude/hooks/", AgentSettings),
    ("/.claude/plugins/", AgentSettings),
    ("/.qwen/settings.json", AgentSettings),
    ("/.qwen/hooks/", AgentSettings),
    ("/.qwen/extensions/", AgentSettings),
    ("/.clinerules/hooks/", AgentSettings),
    ("/.agents/plugins/", AgentSettings),
    ("/.opencode/opencode.json", AgentSettings),
    ("/.copilot/hooks/", AgentSettings),
    ("/.cursor/mcp.json", AgentSettings),
    ("/.cursor/hooks", AgentSettings),
    ("/.vscode/mcp.json", AgentSettings),
    ("/.codex/config.toml", AgentSettings),
    ("/.codex/hooks", AgentSettings),
    ("/.codex/rules/", AgentSettings),
    ("/.codex/plugins/", AgentSettings),
    ("/.gemini/settings.json", AgentSettings),
    ("/.gemini/extensions/", AgentSettings),
    ("/.gemini/hooks/", AgentSettings),
    ("/.github/hooks/", AgentSettings),
    ("/.pi/settings.json", AgentSettings),
    ("/.pi/extensions/", AgentSettings),
    ("/.opencode/plugin", AgentSettings),
    ("/.git/config", ToolConfig),
    ("/.git/info/attributes", ToolConfig),
    ("/.config/mise", Hook),
    ("/.mise/", Hook),
    ("/.aws/credentials", Cloud),
    ("/.kube/config", Cloud),
    ("/.docker/config.json", Cloud),
    ("/.gnupg/private-keys", Keyring),
    ("/.gnupg/secring", Keyring),
];

/// How names are compared with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// Letter by letter.
    Exact,
    /// The path was folded, so names are folded too.
    Folded,
}

impl Case {
    fn of(self, name: &str) -> Cow<'_, str> {
        match self {
            Self::Folded if name.contains(|letter: char| letter.is_ascii_uppercase()) => {
                Cow::Owned(name.to_ascii_lowercase())
            }
            Self::Exact | Self::Folded => Cow::Borrowed(name),
        }
    }
}

/// Whether `name` stands for `path`: itself, all below it, or by its `*`.
pub(super) fn stands_for(name: &str, path: &str) -> bool {
    if let Some(wild) = name.find(['*', '?']) {
        if !name.get(..wild).is_some_and(|fixed| path.starts_with(fixed)) {
            return false;
        }
        return matches(name, path)
            || path
                .match_indices('/')
                .any(|(at, _)| path.get(..at).is_some_and(|above| matches(name, above)));
    }
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The mark of what lies at `rest` below some home directory.
pub(super) fn below_home(rest: &str, case: Case) -> Option<Mark> {
    if !rest.starts_with(['.', '_', 'L', 'l', 's', 'b', 'g']) || public(rest) {
        return None;
    }
    // The second letter tells most of them apart at once.
    let second = rest.as_bytes().get(1);
    HOME.iter()
        .filter(|(name, _)| {
            let letter = name.as_bytes().get(1);
            letter == second || letter == Some(&b'*')
        })
        .find(|(name, _)| stands_for(&case.of(name), rest))
        .map(|(_, mark)| *mark)
}

/// Whether agent settings lie below `rest`, a directory below some home.
pub(super) fn settings_below_home(rest: &str) -> bool {
    !rest.is_empty()
        && HOME.iter().any(|(name, mark)| {
            *mark == AgentSettings
                && name.strip_prefix(rest).is_some_and(|deeper| deeper.starts_with('/'))
        })
}

/// Whether agent settings lie below a directory of that name anywhere.
pub(super) fn settings_within(directory: &str) -> bool {
    WITHIN.iter().filter(|(_, mark)| *mark == AgentSettings).any(|(part, _)| {
        part.match_indices('/')
            .skip(1)
            .any(|(at, _)| part.get(..at).is_some_and(|above| directory.ends_with(above)))
    })
}

/// Whether a directory, by the place it has below a home or by its end, holds
/// much beside the settings of agents, so that a file put there says nothing.
pub(super) fn is_shared(directory: &str) -> bool {
    const SHARED: &[&str] =
        &[".agents", ".config", ".github", ".vscode", "Library", "Application Support"];
    SHARED.contains(&base(directory))
}

/// The mark of an absolute path in the system's tables.
pub(super) fn of_system(path: &str, case: Case) -> Option<Mark> {
    if public(path) {
        return None;
    }
    SYSTEM.iter().find(|(name, _)| stands_for(&case.of(name), path)).map(|(_, mark)| *mark)
}

/// Where secrets lie, to be compared with a file that has several names: below
/// a home directory (`true`) or from the root, the fixed beginning of each row,
/// and whether the row is a pattern.
pub(super) fn secret_places() -> impl Iterator<Item = (bool, &'static str, bool)> {
    let home = HOME.iter().map(|(name, mark)| (true, *name, *mark));
    let system = SYSTEM.iter().map(|(name, mark)| (false, *name, *mark));
    home.chain(system)
        .filter(|(_, _, mark)| {
            mark.is_secret()
                || matches!(mark, Mark::Login | Mark::ShellStartup | Mark::AgentSettings)
        })
        .map(|(home, name, mark)| {
            let wild = name.find(['*', '?']);
            let above = wild.and_then(|wild| name.get(..wild)?.rsplit_once('/'));
            let fixed = match wild {
                Some(_) => above.map_or("", |(above, _)| above),
                None => name,
            };
            (home, fixed, wild.is_some() || mark == Mark::PossibleKey)
        })
        // Directories that hold much beside secrets are not walked.
        .filter(|(_, name, _)| {
            !matches!(*name, "" | ".config" | "/etc" | "/proc" | ".kde" | "/var/lib/kubelet")
        })
}

/// Names in secret places that are not secret.
fn public(path: &str) -> bool {
    let name = base(path);
    name.ends_with(".pub")
        || name.starts_with("known_hosts")
        || name.ends_with(".example")
        || name == "authorized_keys.sample"
}

/// The mark of a name in any directory.
pub(super) fn anywhere(path: &str) -> Option<Mark> {
    if let Some(mark) = of_repository(path) {
        return Some(mark);
    }
    if path.contains("/.")
        && let Some((_, mark)) = WITHIN.iter().find(|(part, _)| path.contains(part))
        && !path.ends_with(".sample")
    {
        return Some(*mark);
    }
    named(base(path)).or_else(|| obeyed_later(path)).or_else(|| started_with(path))
}

/// What other programs start with: hooks of git in a directory that its
/// settings may name, and the code of a Python environment; and the programs
/// that a project's environment puts before those of the system.
fn started_with(path: &str) -> Option<Mark> {
    const HOOKS: &[&str] = &[
        "applypatch-msg",
        "commit-msg",
        "fsmonitor-watchman",
        "post-applypatch",
        "post-checkout",
        "post-commit",
        "post-merge",
        "post-receive",
        "post-rewrite",
        "post-update",
        "pre-applypatch",
        "pre-auto-gc",
        "pre-commit",
        "pre-merge-commit",
        "pre-push",
        "pre-rebase",
        "pre-receive",
        "prepare-commit-msg",
        "proc-receive",
        "push-to-checkout",
        "reference-transaction",
        "update",
    ];
    // The directory itself is written by what is put into it.
    if environment_programs(path) {
        return Some(PathProgram);
    }
    let (above, name) = path.rsplit_once('/')?;
    let hook = base(above) == "hooks" && HOOKS.contains(&name);
    let startup = name.ends_with(".pth") && base(above).ends_with("-packages");
    if hook || startup {
        return Some(Hook);
    }
    environment_programs(above).then_some(PathProgram)
}

/// Whether the programs of a project's own environment lie in that directory.
fn environment_programs(directory: &str) -> bool {
    let below = |name: &str| directory.strip_suffix(name).map(base);
    let environment = below("/bin").or_else(|| below("/Scripts"));
    matches!(environment, Some(".venv" | "venv")) || directory.ends_with("/node_modules/.bin")
}

/// The hooks and settings of the repositories that git keeps inside another's
/// directory, for submodules and for further worktrees; and a file `.git`,
/// which says where the repository is.
fn of_repository(path: &str) -> Option<Mark> {
    let at = path.find("/.git")?;
    let below = path.get(at + "/.git".len()..)?;
    if below.is_empty() {
        return Some(ToolConfig);
    }
    if !below.starts_with("/modules/") && !below.starts_with("/worktrees/") {
        return None;
    }
    match base(below) {
        "config" | "config.worktree" | "commondir" | "gitdir" => Some(ToolConfig),
        name if below.contains("/hooks/") && !name.ends_with(".sample") => Some(Hook),
        _ => None,
    }
}

/// The mark of a path by the names in it that something obeys later.
fn obeyed_later(path: &str) -> Option<Mark> {
    // What agents themselves keep below their directories: plans, copies of
    // the workspace, words for the model.
    const OWN: &[&str] = &[
        "/.claude/worktrees/",
        "/.claude/plans/",
        "/.claude/todos/",
        "/.claude/tasks/",
        "/.claude/projects/",
        "/.codex/sessions/",
        "/.gemini/tmp/",
        "/.pi/sessions/",
    ];
    if public(path) {
        return None;
    }
    let own = OWN.iter().filter_map(|own| path.find(own).map(|at| at + own.len() - 1)).max();
    let rest = own.and_then(|at| path.get(at..)).unwrap_or(path);
    let mut above: &[&str] = &[];
    rest.split('/').find_map(|name| {
        let within = above.contains(&name);
        above = obeyed_within(name);
        match obeyed(name) {
            Some(Obeyed::Agent) => Some(AgentSettings),
            Some(Obeyed::Tool) => Some(Hook),
            None => within.then_some(Hook),
        }
    })
}

/// The mark of a file's own name.
pub(super) fn named(name: &str) -> Option<Mark> {
    if name.ends_with(".pub") {
        return None;
    }
    if let Some(rest) = name.strip_prefix(".env") {
        return env_file(rest);
    }
    if let Some((_, mark)) = ANYWHERE.iter().find(|(known, _)| matches(known, name)) {
        return Some(*mark);
    }
    key(name)
}

/// `.env`, `.env.local`, but not `.env.example`.
fn env_file(rest: &str) -> Option<Mark> {
    if rest == "rc" {
        return Some(Hook);
    }
    let plain = rest.is_empty() || rest.starts_with(['.', '-', '_']);
    let harmless = ["example", "sample", "template", "dist", "defaults", "schema", "test"];
    (plain && !harmless.iter().any(|word| rest.ends_with(word))).then_some(EnvFile)
}

fn key(name: &str) -> Option<Mark> {
    const SSH: &[&str] = &["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_xmss"];
    const SSH_END: &[&str] = &["_ed25519", "_rsa", "_ecdsa", "_dsa", "_ed25519_sk", "_ecdsa_sk"];
    if SSH.iter().any(|start| name.starts_with(start))
        || SSH_END.iter().any(|end| name.ends_with(end))
    {
        return Some(SshKey);
    }
    let (stem, suffix) = name.rsplit_once('.')?;
    match suffix {
        "p12" | "pfx" | "ppk" | "jks" | "keystore" => Some(PrivateKey),
        "kdbx" | "kdb" => Some(Keyring),
        "pem" => (!certificate(stem)).then_some(PrivateKey),
        "key" if stem.contains("pub") => None,
        "key" if stem.contains("priv") => Some(PrivateKey),
        "key" => Some(PossibleKey),
        _ => None,
    }
}

/// Whether a name reads like a certificate, a chain of them or parameters.
fn certificate(stem: &str) -> bool {
    const WORDS: &[&str] =
        &["cert", "chain", "crt", "ca", "pub", "bundle", "root", "dh", "csr", "req", "trust"];
    let lower = stem.to_ascii_lowercase();
    !lower.contains("key") && WORDS.iter().any(|word| lower.contains(word))
}

/// The last component.
pub(crate) fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
