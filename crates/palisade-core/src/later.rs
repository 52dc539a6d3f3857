//! Files that something runs or obeys later: one list for the sandbox, which
//! does not let them be written, and for the guards, which ask.

/// Who obeys such a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obeyed {
    /// An agent: what it may do, and which programs it starts.
    Agent,
    /// An editor, a shell, a version control or a package manager.
    Tool,
}

use Obeyed::{Agent, Tool};

/// The name of a file or directory at any depth, in lower case; who obeys it;
/// and why. Git's own directory is not here: it is protected in parts, so that
/// add and commit go on working.
#[rustfmt::skip]
pub const OBEYED_LATER: &[(&str, Obeyed, &str)] = &[
    // Agents read these to decide what they may do without asking, and which programs to start.
    (".claude", Agent, "agent settings, hooks and commands"),
    (".codex", Agent, "agent settings and MCP servers"),
    (".cursor", Agent, "agent rules, hooks and MCP servers"),
    (".gemini", Agent, "agent settings and MCP servers"),
    (".windsurf", Agent, "agent rules and hooks"),
    (".continue", Agent, "agent settings and MCP servers"),
    (".roo", Agent, "agent settings and MCP servers"),
    (".kiro", Agent, "agent hooks and MCP servers"),
    (".opencode", Agent, "agent plugins, which are programs"),
    ("opencode.json", Agent, "agent settings and MCP servers"),
    (".pi", Agent, "agent extensions, which are programs"),
    (".agents", Agent, "agent skills, which may bring programs"),
    (".aider.conf.yml", Agent, "agent settings, among them commands to run"),
    (".mcp.json", Agent, "MCP servers: programs that a client starts"),
    ("mcp.json", Agent, "MCP servers: programs that a client starts"),
    (".palisade", Agent, "policy of this very tool"),
    // Editors run what stands here when the folder is opened or built.
    (".vscode", Tool, "tasks, launch configurations and settings with program paths"),
    (".idea", Tool, "run configurations and file watchers"),
    (".zed", Tool, "tasks and settings with program paths"),
    (".fleet", Tool, "run configurations"),
    (".devcontainer", Tool, "commands that run when the container is made"),
    (".devcontainer.json", Tool, "commands that run when the container is made"),
    (".nvim.lua", Tool, "run by the editor"),
    (".nvimrc", Tool, "run by the editor"),
    (".vimrc", Tool, "run by the editor"),
    (".exrc", Tool, "run by the editor"),
    (".dir-locals.el", Tool, "evaluated by the editor"),
    (".lvimrc", Tool, "run by the editor"),
    (".nvim", Tool, "run by the editor"),
    (".helix", Tool, "language servers and formatters, which are programs"),
    (".nova", Tool, "tasks and settings with program paths"),
    (".theia", Tool, "tasks and settings with program paths"),
    (".lldbinit", Tool, "run by the debugger"),
    (".gdbinit", Tool, "run by the debugger"),
    // Shells and their companions run these on entering a directory or logging in.
    (".envrc", Tool, "run by direnv on entering the directory"),
    (".direnv", Tool, "what direnv has built and will load"),
    (".env.fish", Tool, "sourced by shell plugins"),
    (".mise.toml", Tool, "hooks and environment that mise runs"),
    ("mise.toml", Tool, "hooks and environment that mise runs"),
    ("mise.local.toml", Tool, "hooks and environment that mise runs"),
    (".mise.local.toml", Tool, "hooks and environment that mise runs"),
    (".mise", Tool, "hooks and environment that mise runs"),
    (".tool-versions", Tool, "which programs a version manager puts on the path"),
    (".bashrc", Tool, "run by every interactive shell"),
    (".bash_profile", Tool, "run by every login shell"),
    (".bash_login", Tool, "run by every login shell"),
    (".bash_logout", Tool, "run at the end of a shell"),
    (".bash_aliases", Tool, "run by every interactive shell"),
    (".profile", Tool, "run by every login shell"),
    (".zshrc", Tool, "run by every interactive shell"),
    (".zshenv", Tool, "run by every shell"),
    (".zprofile", Tool, "run by every login shell"),
    (".zlogin", Tool, "run by every login shell"),
    (".zlogout", Tool, "run at the end of a shell"),
    (".inputrc", Tool, "key bindings that can type commands"),
    (".tmux.conf", Tool, "run by tmux"),
    (".screenrc", Tool, "run by screen"),
    (".pdbrc", Tool, "run by the Python debugger"),
    (".irbrc", Tool, "run by the Ruby console"),
    (".pryrc", Tool, "run by the Ruby console"),
    (".iex.exs", Tool, "run by the Elixir console"),
    (".ghci", Tool, "run by the Haskell console"),
    (".ocamlinit", Tool, "run by the OCaml console"),
    (".rprofile", Tool, "run by every R session"),
    (".psqlrc", Tool, "run by psql"),
    (".sqliterc", Tool, "run by sqlite3"),
    // Version control beside the repository itself.
    (".gitconfig", Tool, "programs that git runs"),
    (".husky", Tool, "hooks that git runs"),
    (".githooks", Tool, "hooks that git runs"),
    (".hg", Tool, "Mercurial's hooks stand in its directory"),
    (".jj", Tool, "Jujutsu's configuration stands in its directory"),
    ("lefthook.yml", Tool, "hooks that git runs"),
    ("lefthook-local.yml", Tool, "hooks that git runs"),
    ("lefthook.yaml", Tool, "hooks that git runs"),
    ("lefthook.toml", Tool, "hooks that git runs"),
    ("lefthook.json", Tool, "hooks that git runs"),
    ("lefthook-local.yaml", Tool, "hooks that git runs"),
    (".lefthook", Tool, "hooks that git runs"),
    (".lefthook-local", Tool, "hooks that git runs"),
    (".lefthook.yml", Tool, "hooks that git runs"),
    (".lefthook.yaml", Tool, "hooks that git runs"),
    (".lefthook.toml", Tool, "hooks that git runs"),
    (".lefthook.json", Tool, "hooks that git runs"),
    (".lefthook-local.yml", Tool, "hooks that git runs"),
    (".pre-commit-config.yaml", Tool, "hooks that git runs"),
    (".overcommit.yml", Tool, "hooks that git runs"),
    (".simple-git-hooks.json", Tool, "hooks that git runs"),
    (".ssh", Tool, "keys and programs of ssh"),
    // Package managers run programs named here before any of the project's own.
    (".npmrc", Tool, "script-shell, node-options and registries with tokens"),
    (".yarnrc", Tool, "the path of the program that yarn becomes"),
    (".yarnrc.yml", Tool, "the path of the program that yarn becomes"),
    (".pnpmfile.cjs", Tool, "run on every install"),
    (".mvn", Tool, "extensions and options with which Maven starts"),
    ("uv.toml", Tool, "the indexes that packages come from"),
    ("bunfig.toml", Tool, "code that bun loads first, and registries"),
    ("pip.conf", Tool, "the indexes that packages come from"),
    (".netrc", Tool, "passwords"),
    (".pypirc", Tool, "passwords"),
];

/// Directories of which only some of what lies in them is obeyed, with those
/// names; tools keep much else there, so that the sandbox lets them be written.
const OBEYED_WITHIN: &[(&str, &[&str])] = &[
    (".cargo", &["config", "config.toml"]),
    (".bundle", &["config"]),
    (".yarn", &["plugins", "releases"]),
];

/// The names below a directory of that name that a tool obeys, where it does
/// not obey all of it.
pub fn obeyed_within(directory: &str) -> &'static [&'static str] {
    let row = OBEYED_WITHIN.iter().find(|(known, _)| known.eq_ignore_ascii_case(directory));
    row.map_or(&[], |(_, names)| names)
}

/// Who obeys the file or directory of that name, in any capitals.
pub fn obeyed(name: &str) -> Option<Obeyed> {
    // Nearly every name ends here.
    if !name.starts_with(['.', 'b', 'B', 'l', 'L', 'm', 'M', 'o', 'O', 'p', 'P', 'u', 'U']) {
        return None;
    }
    OBEYED_LATER.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name)).map(|(_, who, _)| *who)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_reason_stands_once_and_is_found() {
        for (at, (name, who, why)) in OBEYED_LATER.iter().enumerate() {
            assert!(!why.is_empty(), "{name}");
            assert_eq!(name.to_ascii_lowercase(), *name, "names are compared in lower case");
            assert!(OBEYED_LATER.iter().skip(at + 1).all(|(other, ..)| other != name), "{name}");
            assert_eq!(obeyed(&name.to_ascii_uppercase()), Some(*who), "{name}");
        }
        assert_eq!(obeyed("main.rs"), None);
    }
}
