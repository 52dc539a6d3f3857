//! Variables that change what programs do.

use super::Eval;
use super::value::Stream;
use crate::effect::{EffectKind, Labels, Writing};
use crate::programs::Language;
use crate::span::Span;
use crate::text::Text;

impl Eval<'_> {
    /// A variable that changes what programs do, as an effect; one that
    /// carries code, as code.
    pub(super) fn variable_effect(&mut self, name: &str, value: &Text, labels: Labels, span: Span) {
        if let Some(language) = code_variable(name) {
            if name == "PROMPT_COMMAND" && !value.is_empty() {
                return self.run_later(value, labels, "variable", span);
            }
            let quiet = value.is_empty();
            if !quiet && !self.twins.contains(&name) {
                // `LESSOPEN='|cmd %s'` pipes, `||` and `|-` are its variants.
                let piped = value.raw().trim_start_matches(['|', '-']);
                let value =
                    &if name.starts_with("LESS") { Text::new(piped) } else { value.clone() };
                let outer = std::mem::replace(&mut self.stdin, Stream::nothing());
                let _ = self.code(language, value, labels, "variable", span);
                self.stdin = outer;
            }
            return;
        }
        // A function that every bash below defines before anything else.
        if let Some(function) = name.strip_prefix("BASH_FUNC_") {
            let function = function.trim_end_matches("%%").trim_end_matches("()");
            let mut code = Text::new(function);
            code.push(" ");
            code.push(value.raw());
            code.push("\n");
            code.push(function);
            let outer = std::mem::replace(&mut self.stdin, Stream::nothing());
            let _ = self.code(Language::Shell, &code, labels, "variable", span);
            self.stdin = outer;
            let kind =
                EffectKind::Environment { name: Text::from("BASH_FUNC"), value: value.clone() };
            self.emit(kind, labels, span);
            return;
        }
        // No history kept: what was done is not to be seen afterwards.
        let erased = match name {
            "HISTFILE" => matches!(value.literal(), Some("/dev/null" | "")),
            "HISTSIZE" | "HISTFILESIZE" => value.literal() == Some("0"),
            _ => false,
        };
        if erased {
            self.hazard("history/hidden", span);
        }
        // Where an interpreter looks for modules first: a place that anybody
        // can write to is as good as code from there.
        if matches!(
            name,
            "PYTHONPATH"
                | "PERL5LIB"
                | "PERLLIB"
                | "RUBYLIB"
                | "NODE_PATH"
                | "CLASSPATH"
                | "LUA_PATH"
        ) {
            for place in value.raw().split(':') {
                self.load_from(place, labels, span);
            }
        }
        // What is noted there overwrites or lengthens a file of any name.
        let noted = name.starts_with("GIT_TRACE")
            || matches!(name, "NODE_REDIRECT_WARNINGS" | "SSLKEYLOGFILE" | "TF_LOG_PATH");
        if noted && value.raw().contains('/') {
            let path = self.resolve(value);
            self.store(&path, Writing::Append, &Stream::unknown(Labels::NONE), span);
        }
        if matches!(name, "NODE_OPTIONS" | "SPEC_OPTS")
            && !["-r", "--require", "--import", "loader", "--inspect", "--eval"]
                .iter()
                .any(|option| value.raw().contains(option))
        {
            return;
        }
        if loader_variable(name) && !value.is_empty() {
            let kind = EffectKind::Environment { name: Text::from(name), value: value.clone() };
            let (more, _) = if name == "PATH" || value.raw().contains(' ') {
                (Labels::NONE, None)
            } else {
                self.file_facts(&self.resolve(value))
            };
            self.emit(kind, labels.and(more), span);
        }
    }
}

impl Eval<'_> {
    /// A place that modules are taken from: an archive, a directory.
    pub(super) fn load_from(&mut self, place: &str, labels: Labels, span: Span) {
        let path = self.resolve(&Text::new(place));
        let came = Labels::DOWNLOADED.and(Labels::DECODED).and(Labels::FETCHED);
        let carried = self.file_facts(&path).0.of(came);
        if self.is_anybodys(&path) || !carried.is_none() {
            self.emit(EffectKind::Load { path }, labels.and(carried), span);
        }
    }

    /// Whether a path lies where anything may have been put, and not where the
    /// work itself is done.
    pub(super) fn is_anybodys(&self, path: &Text) -> bool {
        const OPEN: &[&str] = &["/tmp", "/var/tmp", "/dev/shm"];
        let below = |above: &str, path: &str| {
            path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let known = path.known_prefix();
        let open = OPEN.iter().any(|open| below(open, known)) || known.contains("/Downloads/");
        let here = self.context.cwd.as_str();
        open && (OPEN.contains(&here) || !below(here, known))
    }
}

/// Variables whose value programs run as a command or load as code.
pub(super) fn code_variable(name: &str) -> Option<Language> {
    Some(match name {
        "PROMPT_COMMAND"
        | "GIT_SSH_COMMAND"
        | "GIT_SSH"
        | "GIT_PAGER"
        | "GIT_EDITOR"
        | "GIT_SEQUENCE_EDITOR"
        | "GIT_EXTERNAL_DIFF"
        | "GIT_ASKPASS"
        | "GIT_PROXY_COMMAND"
        | "SSH_ASKPASS"
        | "SUDO_ASKPASS"
        | "PAGER"
        | "MANPAGER"
        | "SYSTEMD_PAGER"
        | "DELTA_PAGER"
        | "BAT_PAGER"
        | "EDITOR"
        | "VISUAL"
        | "FCEDIT"
        | "SUDO_EDITOR"
        | "SYSTEMD_EDITOR"
        | "KUBE_EDITOR"
        | "HGEDITOR"
        | "SVN_EDITOR"
        | "BROWSER"
        | "LESSOPEN"
        | "LESSCLOSE"
        | "RSYNC_RSH"
        | "CVS_RSH"
        | "SVN_SSH"
        | "RSH"
        | "FZF_DEFAULT_COMMAND"
        | "RUSTC_WRAPPER"
        | "RUSTC_WORKSPACE_WRAPPER"
        | "CARGO_BUILD_RUSTC_WRAPPER"
        | "HOMEBREW_EDITOR"
        | "ACLOCAL_COMMAND"
        | "GIT_CONFIG_COUNT_COMMAND"
        | "TEXEDIT"
        | "MAKEOBJDIR_COMMAND"
        | "GREP_COMMAND" => Language::Shell,
        "PERL5DB" => Language::Perl,
        "PYTHONBREAKPOINT" => Language::Other,
        _ => return None,
    })
}

/// Variables that change which code is found and loaded.
fn loader_variable(name: &str) -> bool {
    matches!(
        name,
        "PATH"
            | "LD_PRELOAD"
            | "LD_LIBRARY_PATH"
            | "LD_AUDIT"
            | "LD_DEBUG_OUTPUT"
            | "GCONV_PATH"
            | "DYLD_INSERT_LIBRARIES"
            | "DYLD_LIBRARY_PATH"
            | "DYLD_FRAMEWORK_PATH"
            | "BASH_CMDS"
            | "BASH_ALIASES"
            | "BASH_ENV"
            | "MAKEFLAGS"
            | "MAKEFILES"
            | "GNUMAKEFLAGS"
            | "RUSTFLAGS"
            | "CARGO_ENCODED_RUSTFLAGS"
            | "RUSTDOCFLAGS"
            | "npm_config_node_options"
            | "NPM_CONFIG_NODE_OPTIONS"
            | "PYTEST_PLUGINS"
            | "GOFLAGS"
            | "TAR_OPTIONS"
            | "LESS"
            | "WGETRC"
            | "CURL_HOME"
            | "ENV"
            | "ZDOTDIR"
            | "PS4"
            | "SHELLOPTS"
            | "BASHOPTS"
            | "CDPATH"
            | "GLOBIGNORE"
            | "PYTHONSTARTUP"
            | "PYTHONHOME"
            | "PYTHONINSPECT"
            | "PYTHONUSERBASE"
            | "PERL5OPT"
            | "PERL5LIB"
            | "PERLLIB"
            | "RUBYOPT"
            | "RUBYLIB"
            | "NODE_OPTIONS"
            | "NODE_PATH"
            | "SPEC_OPTS"
            | "JAVA_TOOL_OPTIONS"
            | "_JAVA_OPTIONS"
            | "JDK_JAVA_OPTIONS"
            | "CLASSPATH"
            | "LUA_INIT"
            | "LUA_PATH"
            | "LUA_CPATH"
            | "R_PROFILE"
            | "R_PROFILE_USER"
            | "R_ENVIRON"
            | "JULIA_LOAD_PATH"
            | "GIT_EXEC_PATH"
            | "GIT_TEMPLATE_DIR"
            | "GIT_CONFIG_GLOBAL"
            | "GIT_CONFIG_SYSTEM"
            | "GIT_CONFIG"
            | "GIT_CONFIG_PARAMETERS"
            | "GIT_CONFIG_COUNT"
            | "GIT_DIR"
            | "OPENSSL_CONF"
            | "OPENSSL_ENGINES"
            | "TERMINFO"
            | "INPUTRC"
            | "VIMINIT"
            | "EXINIT"
            | "MYVIMRC"
            | "KUBECONFIG"
            | "DOCKER_HOST"
            | "CARGO_HOME_CONFIG"
            | "npm_config_script_shell"
            | "NPM_CONFIG_SCRIPT_SHELL"
            | "HISTFILE"
            | "SHELL"
            | "http_proxy"
            | "https_proxy"
            | "HTTP_PROXY"
            | "HTTPS_PROXY"
            | "ALL_PROXY"
            | "all_proxy"
            | "NODE_TLS_REJECT_UNAUTHORIZED"
            | "GIT_SSL_NO_VERIFY"
            | "PYTHONHTTPSVERIFY"
            | "SSL_CERT_FILE"
            | "PALISADE_HOME"
            | "PALISADE_SESSION"
            | "PALISADE_PROFILE"
            | "PALISADE_SURFACE"
            | "PALISADE_GOVERNED"
            | "ANTHROPIC_BASE_URL"
            | "OPENAI_BASE_URL"
            | "PIP_INDEX_URL"
            | "PIP_EXTRA_INDEX_URL"
            | "npm_config_registry"
            | "NPM_CONFIG_REGISTRY"
            | "YARN_REGISTRY"
            | "OPENAI_API_BASE"
            | "GOOGLE_GEMINI_BASE_URL"
            | "HF_ENDPOINT"
            | "GOPROXY"
            | "UV_INDEX"
            | "UV_INDEX_URL"
            | "UV_DEFAULT_INDEX"
            | "RUSTUP_DIST_SERVER"
            | "RUSTUP_UPDATE_ROOT"
            | "VAULT_ADDR"
            | "KUBERNETES_MASTER"
            | "CONTAINER_HOST"
            | "ANSIBLE_CONFIG"
            | "AWS_CONFIG_FILE"
            | "AWS_SHARED_CREDENTIALS_FILE"
            | "CLOUDSDK_CONFIG"
            | "CONTAINERS_CONF"
            | "DOCKER_CONFIG"
            | "HGRCPATH"
            | "NPM_CONFIG_GLOBALCONFIG"
            | "NPM_CONFIG_USERCONFIG"
            | "PIP_CONFIG_FILE"
            | "RIPGREP_CONFIG_PATH"
            | "TF_CLI_CONFIG_FILE"
            | "npm_config_globalconfig"
            | "npm_config_userconfig"
    ) || name.starts_with("AWS_ENDPOINT_URL")
        || name.starts_with("CLOUDSDK_API_ENDPOINT_OVERRIDES_")
        || name.starts_with("CARGO_") && name.ends_with("_RUSTFLAGS")
        || name.starts_with("CARGO_REGISTRIES_")
}
